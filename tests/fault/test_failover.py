"""A real failover: a primary and a standby that streams from it; the primary dies, the standby is promoted. The server, which knows
both, goes on; its index says what the new primary says, also where the old one had committed what the new one never got."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest
from private_server import wait_for
from service import Postgres
from support.postgres import as_postgres, program
from support.server import BINARY, Server
from support.world import World, vacancy


class Standby(Postgres):
    """A copy that streams from `primary`."""

    def __init__(self, primary):
        self.settings = {**primary.settings}
        self.directory = primary.directory.parent / (primary.directory.name + "-standby")
        self.directory.mkdir()
        if os.getuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        subprocess.run([program("pg_basebackup"), "-h", primary.directory, "-U", "postgres", "-D", self.directory / "data", "-R", "-X", "stream",
                        "-c", "fast", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_postgres())
        self.process = None

    def promote(self):
        assert self.sql("select pg_promote(true, 60)")[0][0]

    def has_replayed(self, primary):
        """All that the primary has written."""
        return self.sql("select pg_last_wal_replay_lsn() >= %s::pg_lsn", primary.sql("select pg_current_wal_flush_lsn()")[0][0])[0][0]


class Pair:
    def __init__(self, directory):
        self.directory = directory
        self.primary = Postgres(max_connections=120, wal_level="replica", max_wal_senders=5, wal_keep_size="256MB")
        self.primary.start()
        self.primary.sql("create database segreteria")
        self.standby = Standby(self.primary)
        self.standby.start()
        self.now = self.primary  # the one that takes writes
        self.server = Server(directory, self.conninfo, ["--workers", "1", "--write-connections", "4", "--ops-listen", "127.0.0.1:0"])
        self.ops = re.search(r"http://([^/]+)", self.server.process.stdout.readline().decode())[1]
        wait_for(lambda: b"event=search_ready" in self.server.log, what="the index")
        self.world = World(self.server.client(), self)
        self.company = self.world.company()
        self.jobs = [self.world.job(self.company, title=f"Assistente {n}")["id"] for n in range(25)]

    @property
    def conninfo(self):
        return (f"host={self.primary.directory},{self.standby.directory} user=postgres dbname=segreteria "
                "target_session_attrs=read-write connect_timeout=3")

    def query(self, sql, *values):
        return self.now.sql(sql, *values, database="segreteria")

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]

    def client(self):
        return self.server.client(self.company.token)

    def fail_over(self):
        """The primary dies as by a power cut; the standby takes over."""
        self.primary.stop(signal.SIGQUIT)
        self.standby.promote()
        self.now = self.standby

    def found(self):
        answer = self.server.client().get("/v1/jobs", params={"q": "assistente", "limit": 100, "sort": "recent"}).expect(200)
        return [item["id"] for item in answer.json["items"]]

    def in_table(self):
        return [str(row[0]) for row in self.query("select job_id from job_search where words @@ to_tsquery('italian', 'assistente') "
                                                  "order by published_at desc, job_id desc limit 100")]

    def serves(self):
        """A write is taken, and the index answers again."""
        with contextlib.suppress(OSError):
            client = self.client()
            return client.get("/readyz").status == 200 and client.post("/v1/jobs", {"title": "a draft"}).status == 201
        return False

    def agrees(self):
        with contextlib.suppress(AssertionError, OSError):
            return self.found() == self.in_table()
        return False

    def check(self):
        done = subprocess.run([BINARY, "search", "check", "--ops", self.ops, "--texts"], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "SEGRETERIA_DATABASE_URL": self.now.conninfo("segreteria")})
        assert done.returncode == 0, done.stdout + done.stderr

    def end(self):
        self.server.stop()
        for one in (self.primary, self.standby):
            one.stop(signal.SIGQUIT)
            shutil.rmtree(one.directory, ignore_errors=True)


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.end()


def loads(pair):
    return pair.server.log.count(b"event=search_ready")


def goes_on(pair, before):
    wait_for(pair.serves, 60, "the server takes writes")
    wait_for(lambda: loads(pair) > before, 60, "the index is loaded anew")
    assert b"why=another_server" in pair.server.log
    wait_for(pair.agrees, 20, "the index says what the table says")
    pair.check()
    job = pair.client().post("/v1/jobs", vacancy(title="Assistente dopo")).expect(201).json["id"]
    assert pair.found()[0] == job
    pair.client().patch(f"/v1/jobs/{job}", {"status": "closed", "close_reason": "filled"}).expect(200)
    assert job not in pair.found()
    pair.check()


def test_nothing_lost(pair):
    """The standby had everything: no vacancy is missing, and the index is loaded anew because the log is another server's."""
    wait_for(lambda: pair.standby.has_replayed(pair.primary), what="replication")
    before = loads(pair)
    found = pair.found()
    pair.fail_over()
    goes_on(pair, before)
    assert [job for job in pair.found() if job in pair.jobs] == [job for job in found if job in pair.jobs]


def test_commits_that_the_failover_lost(pair):
    """Published, changed and closed on the primary, seen by the index, and never received by the standby."""
    wait_for(lambda: pair.standby.has_replayed(pair.primary), what="replication")
    pair.standby.stop()
    client = pair.client()
    lost = [client.post("/v1/jobs", vacancy(title=f"Assistente perso {n}")).expect(201).json["id"] for n in range(5)]
    client.patch(f"/v1/jobs/{pair.jobs[0]}", {"title": "Centralinista"}).expect(200)
    for job in pair.jobs[1:4]:
        client.patch(f"/v1/jobs/{job}", {"status": "closed", "close_reason": "filled"}).expect(200)
    found = pair.found()
    assert set(lost) <= set(found) and not set(pair.jobs[1:4]) & set(found)
    before = loads(pair)
    pair.primary.stop(signal.SIGQUIT)
    pair.standby.start()
    pair.standby.promote()
    pair.now = pair.standby
    goes_on(pair, before)
    found = set(pair.found())
    assert not set(lost) & found and set(pair.jobs) <= found
    for job in lost:
        pair.server.client().get(f"/v1/jobs/{job}").expect(404, "not_found")
    assert pair.server.client().get(f"/v1/jobs/{pair.jobs[0]}").expect(200).json["title"] == "Assistente 0"


def test_while_vacancies_change(pair):
    """With writers at work the whole time: what was acknowledged after the failover is there, and the index agrees."""
    stop, acknowledged = threading.Event(), []

    def write(n):
        while not stop.is_set():
            try:
                answer = pair.client().post("/v1/jobs", vacancy(title=f"Assistente {n} al lavoro"))
            except OSError:
                continue
            if answer.status == 201:
                acknowledged.append((time.monotonic(), answer.json["id"]))
            time.sleep(0.01)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(acknowledged) > 10, what="writes")
        before = loads(pair)
        pair.fail_over()
        over = time.monotonic()
        wait_for(lambda: acknowledged[-1][0] > over + 1, 60, "writes on the new primary")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    goes_on(pair, before)
    there = {str(row[0]) for row in pair.query("select id from jobs")}
    assert {job for at, job in acknowledged if at > over} <= there


def test_a_standby_alone_is_not_written_to(pair):
    """Until it is promoted the server says that it is unavailable, and does not die of it."""
    pair.primary.stop(signal.SIGQUIT)
    client = pair.server.client()
    wait_for(lambda: client.get("/readyz").status == 503, 30, "a /readyz that says no")
    assert client.get("/livez").status == 200
    assert pair.client().post("/v1/jobs", {"title": "a draft"}).status == 503
    before = loads(pair)
    pair.standby.promote()
    pair.now = pair.standby
    goes_on(pair, before)
