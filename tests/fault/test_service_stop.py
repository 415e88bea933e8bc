"""Told to stop: what runs is finished, what comes is refused, and the exit status is 0, whenever it happens."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time

import psycopg
import pytest
from private_server import Server, alive, wait_for
from service import Caller, Crowd, address, candidate, company, ended_well, is_refusal, locked, request_bytes, start
from support.world import PASSWORD, vacancy

@pytest.fixture
def serve(postgres, kept_data_dir):
    """Starts a server on the data base that all tests of this file use."""
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(Server(kept_data_dir, *options, url=postgres.conninfo("service")))


def refuses(server):
    try:
        socket.create_connection(address(server), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_running_requests_finish(serve, postgres):
    """A statement that waits for a lock, an upload half-way, sign-ins at the helpers: all get their answers."""
    server = serve()
    token, _ = company(server)
    emails = [candidate(server)[1] for _ in range(4)]  # of one account more than ten attempts at once are refused
    idle = socket.create_connection(address(server))
    lines = b"".join(json.dumps(vacancy(title=f"line {n}", reference=f"drain-{n}")).encode() + b"\n" for n in range(50))
    upload = socket.create_connection(address(server))
    head, body = request_bytes("POST", "/v1/jobs/batch", lines, token).split(b"\r\n\r\n", 1)
    head = head.replace(b"application/json", b"application/x-ndjson")
    upload.sendall(head + b"\r\n\r\n" + body[:len(body) // 2])
    with locked(postgres, "applications"):
        job = json.loads(Caller(server, token)("POST", "/v1/jobs", vacancy()).body)["id"]
        apply = request_bytes("POST", f"/v1/jobs/{job}/applications", {}, candidate(server)[0])
        sign_ins = [request_bytes("POST", "/v1/sessions", {"email": email, "password": PASSWORD}) for email in emails * 5]
        crowd = Crowd(server, [apply] + sign_ins)
        crowd.run(lambda crowd: len(crowd.answers) > 1)  # the others are under way
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses(server), 5, "the refusal of new connections")
        server.process.send_signal(signal.SIGTERM)  # the second changes nothing
        server.process.send_signal(signal.SIGINT)
        idle.settimeout(5)
        assert idle.recv(1) == b""
        upload.sendall(body[len(body) // 2:])
        assert server.process.poll() is None
    crowd.run(seconds=20)
    assert crowd.counts() == {201: 21}
    assert all(answer.headers["Connection"] == "close" for answer in crowd.of(201)[-5:])
    upload.settimeout(20)
    received = b""
    while part := upload.recv(65536):
        received += part
    assert received.startswith(b"HTTP/1.1 200 ") and received.count(b'"status":201') == 50, received[:500]
    ended_well(server)


def test_what_does_not_end_is_told(serve, postgres):
    """At the limit: 503 to the request whose statement waits and to the upload that stands still."""
    server = serve("--drain-seconds", "1")
    token, _ = company(server)
    upload = socket.create_connection(address(server))
    head, _, body = request_bytes("POST", "/v1/jobs", vacancy(), token).partition(b"\r\n\r\n")
    upload.sendall(head + b"\r\n\r\n" + body[:100])
    batch = socket.create_connection(address(server))
    batch.sendall(request_bytes("POST", "/v1/jobs/batch", b"x" * 1000, token)
                  .replace(b"application/json", b"application/x-ndjson")[:-500])
    with locked(postgres, "jobs"):
        crowd = Crowd(server, [request_bytes("POST", "/v1/jobs", vacancy(), token)] * 3)
        crowd.run(seconds=0.7)
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        crowd.run(seconds=10)
        assert crowd.counts() == {503: 3} and all(is_refusal(answer) for answer in crowd.of(503))
        for connection in (upload, batch):
            connection.settimeout(10)
            assert connection.recv(65536).startswith(b"HTTP/1.1 503 ")
        ended_well(server)
        assert 0.9 < time.monotonic() - begin < 6


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_that_stop(serve, sig):
    before = signal.signal(sig, signal.SIG_DFL)  # nohup ignores it, and what is ignored is inherited
    try:
        server = serve()
    finally:
        signal.signal(sig, before)
    os.kill(server.process.pid, signal.SIGPIPE)
    assert Caller(server)("GET", "/readyz").status == 200
    ended_well(server, sig)


def test_start_is_interrupted(data_dir):
    """At any moment of a start with an own PostgreSQL: initdb, its start, migrations, the lanes."""
    for delay in (0.3, 0.8, 1.4, 2.2):
        process = start("--listen", "127.0.0.1:0", "--data-dir", data_dir)
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=30)
        early = process.returncode == -signal.SIGTERM and not any(data_dir.iterdir())  # not even begun
        assert process.returncode == 0 or early, (delay, process.returncode, error[-2000:])
        assert "Sanitizer" not in error
        running = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                   if alive(pid) and cwd(pid).startswith(str(data_dir))]
        assert running == [], (delay, running)
    with Server(data_dir) as server:
        assert Caller(server)("GET", "/readyz").status == 200
        ended_well(server)


def cwd(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def test_start_waits_for_another_instance(postgres, kept_data_dir):
    """Another instance migrates for long: a start that waits for it can be told to stop."""
    postgres.sql("create database busy")
    with psycopg.connect(postgres.conninfo("busy")) as other:
        other.execute("select pg_advisory_xact_lock(7310030127423041)")
        process = start("--listen", "127.0.0.1:0", "--data-dir", kept_data_dir, url=postgres.conninfo("busy"))
        time.sleep(1.5)
        assert process.poll() is None
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
        assert process.returncode == 0, error
        assert time.monotonic() - begin < 5
    with Server(kept_data_dir, url=postgres.conninfo("busy")) as server:
        ended_well(server)


def test_hangup_is_ignored_under_nohup(postgres, kept_data_dir):
    """nohup(1) means that SIGHUP ends nothing."""
    with Server(kept_data_dir, url=postgres.conninfo("service")) as model:
        command = model.process.args
        ended_well(model)
    log = kept_data_dir / "nohup.log"
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(["nohup", *command], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                   env={**os.environ, "SEGRETERIA_DATABASE_URL": postgres.conninfo("service")})
    try:
        wait_for(lambda: "serves on" in log.read_text(encoding="utf-8"), 30, "the server")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
    finally:
        process.terminate()
    assert process.wait(30) == 0
