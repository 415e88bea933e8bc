"""The private cluster: started and stopped with the server, whoever is killed, whatever lies in the directory."""

import os
import pathlib
import pwd
import signal
import stat
import subprocess
import time

import psycopg
import pytest
import requests

from private_server import Server, alive, environment, new_data_dir, remove, run, wait_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def data_dir():
    """One directory for the tests of this file, each of which leaves its cluster whole and stopped."""
    path = new_data_dir()
    yield path
    remove(path)


def test_starts_private_and_stops(data_dir):
    with Server(data_dir) as server:
        assert requests.get(server.url + "/livez", timeout=10).status_code == 200
        assert requests.get(server.url + "/readyz", timeout=10).status_code == 200
        assert server.sql("show listen_addresses") == [("",)]
        assert server.sql("show fsync") == [("on",)]
        assert server.sql("show data_checksums") == [("on",)]
        for path in (data_dir, data_dir / "run", data_dir / "log", server.cluster_dir()):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        postmaster = server.postmaster()
        assert server.end() == 0
        assert not alive(postmaster)
        assert not (server.cluster_dir() / "postmaster.pid").exists()


def test_second_start_is_quick(data_dir):
    begin = time.monotonic()
    with Server(data_dir):
        assert time.monotonic() - begin < 10  # a sanitized build on a busy machine; the benchmark has the real figure


def test_interrupt_stops_cleanly(data_dir):
    with Server(data_dir) as server:
        postmaster = server.postmaster()
        assert server.end(signal.SIGINT) == 0
        assert not alive(postmaster)


def test_second_server_is_refused(data_dir):
    with Server(data_dir) as server:
        begin = time.monotonic()
        second = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir)
        assert second.returncode == 1
        assert time.monotonic() - begin < 5
        assert f"in use by another segreteria (process {server.process.pid})" in second.stderr
        assert requests.get(server.url + "/readyz", timeout=10).status_code == 200


def test_server_killed(data_dir):
    with Server(data_dir) as server:
        server.sql("create table kept as select 1 as x")
        postmaster = server.postmaster()
        server.end(signal.SIGKILL)
        wait_for(lambda: not alive(postmaster), what="the end of PostgreSQL")
    with Server(data_dir) as server:
        assert server.sql("select x from kept") == [(1,)]


def test_restart_right_after_a_kill(data_dir):
    for _ in range(3):
        server = Server(data_dir).wait_ready()
        server.end(signal.SIGKILL)
    with Server(data_dir) as server:
        assert server.sql("select x from kept") == [(1,)]


def test_orphan_is_stopped(data_dir):
    """PostgreSQL frozen while its server is killed: the next server ends it when it wakes."""
    server = Server(data_dir).wait_ready()
    orphan = server.postmaster()
    os.kill(orphan, signal.SIGSTOP)
    server.end(signal.SIGKILL)
    assert alive(orphan)
    following = Server(data_dir)
    time.sleep(0.5)
    os.kill(orphan, signal.SIGCONT)
    with following:
        assert following.postmaster() != orphan
        assert not alive(orphan)


def test_postgres_killed(data_dir):
    with Server(data_dir) as server:
        server.sql("insert into kept values (2)")
        for _ in range(3):
            postmaster = server.postmaster()
            os.kill(postmaster, signal.SIGKILL)
            wait_for(lambda: not alive(postmaster), what="the end of PostgreSQL")
            wait_for(lambda: server.postmaster() not in (None, postmaster), what="a new PostgreSQL")
            wait_for(lambda: requests.get(server.url + "/readyz", timeout=10).status_code == 200, what="readiness")
        assert server.process.poll() is None
        assert server.sql("select count(*) from kept where x = 2") == [(1,)]
        assert "cluster_ended" in server.said()
        assert server.end() == 0


@pytest.mark.parametrize("owner", ["nobody", "somebody"])
def test_stale_pid_file(data_dir, owner):
    with Server(data_dir) as server:
        path = server.cluster_dir() / "postmaster.pid"
        account = pwd.getpwuid(path.stat().st_uid)
        server.end()
    bystander = None
    pid = 4194300
    if owner == "somebody":  # a process of PostgreSQL's user that has got the number since
        bystander = subprocess.Popen(["sleep", "600"], user=account.pw_uid if os.geteuid() == 0 else None)
        pid = bystander.pid
    try:
        path.write_text(f"{pid}\n{path.parent}\n1\n5432\n{data_dir}/run\n\n  1 1\nready   \n")
        os.chown(path, account.pw_uid, account.pw_gid)
        with Server(data_dir) as server:
            assert requests.get(server.url + "/readyz", timeout=10).status_code == 200
        assert bystander is None or bystander.poll() is None
    finally:
        if bystander is not None:
            bystander.kill()
            bystander.wait()


def test_other_major_version(data_dir):
    with Server(data_dir) as server:
        cluster = server.cluster_dir()
        server.end()
    other = cluster.with_name("postgresql-9")
    cluster.rename(other)
    try:
        refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir)
        assert refused.returncode == 1
        assert "holds a cluster of PostgreSQL 9" in refused.stderr
        assert "install postgresql-9" in refused.stderr
        assert not cluster.exists()
    finally:
        other.rename(cluster)


def test_damaged_cluster(data_dir):
    with Server(data_dir) as server:
        version = server.cluster_dir() / "PG_VERSION"
        control = server.cluster_dir() / "global/pg_control"
        server.end()
    for path in (version, control):
        kept = path.read_bytes()
        path.write_bytes(b"")
        refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir)
        path.write_bytes(kept)
        assert refused.returncode == 1
        assert str(data_dir) in refused.stderr.splitlines()[-1]
    with Server(data_dir) as server:
        assert server.sql("select count(*) from kept where x = 1") == [(1,)]


def test_no_postgresql(tmp_path):
    refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path / "new", "--postgres-bin", tmp_path)
    assert refused.returncode == 1
    assert f"there are no programs of PostgreSQL in {tmp_path}" in refused.stderr


def test_data_dir_below_a_closed_directory(tmp_path):
    """As root, the server becomes a user who cannot reach the directory by its path; the path may also be long."""
    closed = tmp_path / "closed" / ("long" * 40)
    closed.mkdir(parents=True, mode=0o700)
    with Server(closed / "data") as server:
        assert requests.get(server.url + "/readyz", timeout=10).status_code == 200


def test_foreign_directory_is_left_alone(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "letter.txt").write_text("dear")
    before = tmp_path.stat()
    refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path)
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    after = tmp_path.stat()
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@as_root
def test_runs_as_an_unprivileged_user():
    data_dir = new_data_dir()
    try:
        with Server(data_dir, "--run-as", "nobody") as server:
            nobody = pwd.getpwnam("nobody").pw_uid
            for pid in (server.process.pid, server.postmaster()):
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                assert f"Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}" in status
            assert data_dir.stat().st_uid == nobody
        with Server(data_dir):  # the directory's owner is who it runs as
            assert data_dir.stat().st_uid == nobody
        refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir, "--run-as", "daemon")
        assert refused.returncode == 1
        assert "belongs to another user" in refused.stderr
        refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir, "--run-as", "root")
        assert refused.returncode == 1
    finally:
        remove(data_dir)


@as_root
def test_other_users_cannot_connect(data_dir):
    with Server(data_dir) as server:
        # The directory is closed to them, and PostgreSQL would refuse them too: it asks the kernel who they are.
        os.chmod(data_dir, 0o711)
        os.chmod(data_dir / "run", 0o711)
        (data_dir / "run/.s.PGSQL.5432").chmod(0o777)
        try:
            probe = subprocess.run(
                ["/usr/bin/python3", "-c", f"import psycopg; psycopg.connect({server.conninfo()!r})"],
                user="daemon", capture_output=True, text=True, env=environment(), check=False,
            )
        finally:
            os.chmod(data_dir / "run", 0o700)
            os.chmod(data_dir, 0o700)
        assert probe.returncode != 0
        assert "Peer authentication failed" in probe.stderr
        with pytest.raises(psycopg.OperationalError):
            server.sql("select 1", user="somebody")


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk, keep):
    room = os.statvfs(disk)
    with open(disk / "filler", "wb") as file:
        file.write(b"\0" * max(0, room.f_bavail * room.f_bsize - keep))


@as_root
def test_disk_full(small_disk):
    data_dir = small_disk / "data"
    fill(small_disk, 6 << 20)
    refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir)
    assert refused.returncode == 1
    assert "No space left on device" in refused.stderr.splitlines()[-1]
    assert not list(data_dir.glob("postgresql-*"))  # nothing half made

    (small_disk / "filler").unlink()
    with Server(data_dir) as server:
        assert requests.get(server.url + "/readyz", timeout=10).status_code == 200
    fill(small_disk, 0)
    refused = run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir)
    assert refused.returncode == 1
    assert "No space left on device" in refused.stderr.splitlines()[-1]
    (small_disk / "filler").unlink()
    with Server(data_dir) as server:
        assert requests.get(server.url + "/readyz", timeout=10).status_code == 200


def test_killed_while_it_makes_the_cluster():
    """kill -9 at any moment of the first start leaves a directory the next start can use."""
    for delay in (0.2, 0.5, 1.0):
        data_dir = new_data_dir()
        try:
            server = Server(data_dir)
            time.sleep(delay)
            server.end(signal.SIGKILL)
            with Server(data_dir) as following:
                assert following.sql("select 1") == [(1,)]
        finally:
            remove(data_dir)


def test_term_while_it_makes_the_cluster():
    data_dir = new_data_dir()
    try:
        server = Server(data_dir)
        time.sleep(0.4)
        server.end(seconds=20)
        assert "panic" not in server.said().lower()
        with Server(data_dir) as following:
            assert following.sql("select 1") == [(1,)]
    finally:
        remove(data_dir)


def test_ctrl_c_in_a_terminal_reaches_only_the_server(data_dir):
    """The whole foreground process group gets SIGINT; PostgreSQL must outlive the running requests."""
    server = Server(data_dir).wait_ready()
    assert os.getpgid(server.postmaster()) != os.getpgid(server.process.pid)
    assert server.end() == 0
