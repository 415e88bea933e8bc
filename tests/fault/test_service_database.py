"""PostgreSQL goes away under load and comes back: 503 meanwhile and nothing else, no acknowledged write lost, nothing doubled,
ready again within seconds, without a restart of the server."""

import json
import os
import signal
import threading
import time

import pytest
from private_server import Server, wait_for
from service import SLOW, Caller, Crowd, Load, Postgres, company, ended_well, is_refusal, ready, request_bytes
from support.world import vacancy

ROUNDS = 10 if SLOW else 2
SECONDS = 10 if SLOW else 1.5  # of load between two faults


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as running:
        yield running


@pytest.fixture
def external(postgres, data_dir, request):
    """A server on a data base of its own in a PostgreSQL that it does not run."""
    name = request.node.name.lower().replace("[", "_").replace("]", "")
    postgres.sql(f"create database {name}")
    with Server(data_dir, "--drain-seconds", "5", url=postgres.conninfo(name)) as server:
        server.sql = lambda statement: postgres.sql(statement, database=name)
        yield server
        ended_well(server)


class Watch(threading.Thread):
    """What /livez and /readyz say the whole time."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.done = server, threading.Event()
        self.livez, self.readyz = set(), []
        self.start()

    def run(self):
        call = Caller(self.server)
        while not self.done.wait(0.02):
            self.livez.add(call("GET", "/livez").status)
            answer = call("GET", "/readyz")
            self.readyz.append((time.monotonic(), answer.status))
            assert answer.status == 200 or is_refusal(answer), answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join(40)

    def end(self):
        self.__exit__()
        assert self.livez == {200}

    def unready(self, since):
        """Seconds between the first and the last refusal, None if there was none."""
        times = [at for at, status in self.readyz if status == 503 and at >= since]
        return times[-1] - since if times else None


def test_private_postgres_killed_under_load(data_dir):
    with Server(data_dir) as server, Load(server) as load, Watch(server) as watch:
        away = []
        for _ in range(ROUNDS):
            time.sleep(SECONDS)
            since = time.monotonic()
            os.kill(server.postmaster(), signal.SIGKILL)
            wait_for(lambda: watch.unready(since) is not None, 5, "a /readyz that says no")
            wait_for(lambda: ready(server), 20, "readiness")
            written = len(load.jobs)
            wait_for(lambda: len(load.jobs) > written, 10, "an acknowledged write")
            away.append(watch.unready(since))
        time.sleep(0.5)
        load.end()
        watch.end()
        assert load.refused[503] > 0
        assert max(away) < 10
        assert len(load.jobs) > 50 * ROUNDS
        load.check(server.sql)
        ended_well(server)


def test_external_postgres_restarted(external, postgres):
    with Load(external) as load, Watch(external) as watch:
        for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)[:ROUNDS]:
            time.sleep(SECONDS)
            since = time.monotonic()
            postgres.stop(sig)
            wait_for(lambda: watch.unready(since) is not None, 5, "a /readyz that says no")
            time.sleep(0.5)
            assert not ready(external)
            postgres.start()
            wait_for(lambda: ready(external), 10, "readiness")
        time.sleep(0.5)
        load.end()
        watch.end()
        load.check(external.sql)


def test_connections_terminated_under_load(external):
    """What administrators and poolers do: single connections go, the server stays in service."""
    with Load(external) as load:
        until = time.monotonic() + 3 * SECONDS
        while time.monotonic() < until:
            external.sql("select pg_terminate_backend(pid) from pg_stat_activity "
                         "where pid <> pg_backend_pid() and application_name like 'segreteria %' order by random() limit 2")
            time.sleep(0.05)
        wait_for(lambda: ready(external), 10, "readiness")
        load.end()
        load.check(external.sql)
        assert len(load.jobs) > 20


def test_silent_postgres(external, postgres):
    """Stopped, not gone: connections stay and nothing answers. Deadlines end the waiting; the server can be told to stop."""
    with Load(external, writers=4, readers=4) as load:
        token, _ = company(external)
        job = json.loads(Caller(external, token)("POST", "/v1/jobs", vacancy()).body)["id"]
        time.sleep(1)
        with postgres.frozen():
            reads = [request_bytes("GET", f"/v1/jobs/{job}")] * 20
            requests = reads + [request_bytes("POST", "/v1/jobs", vacancy(), token)] * 20
            slow = Crowd(external, requests).run(seconds=20 if SLOW else 4)
            assert slow.counts() == {503: 40} if SLOW else set(slow.counts()) <= {503}
            wait_for(lambda: not ready(external), 10, "a /readyz that says no")
            time.sleep(1.5)  # what comes in the first second may hope for a short absence, and waits
            quick = Crowd(external, reads).run(seconds=30)
            assert quick.counts() == {503: 20} and all(is_refusal(answer) for answer in quick.of(503))
            assert max(after for _, after in quick.answers.values()) < 2  # known to be away: at once
        wait_for(lambda: ready(external), 15, "readiness")
        assert set(slow.run(seconds=20).counts()) <= {200, 201, 503} and len(slow.answers) == 40
        load.end(patience=30)
    with postgres.frozen():  # with a last word to the stuck statements still unsaid
        crowd = Crowd(external, requests)
        crowd.run(seconds=4)
        begin = time.monotonic()
        assert external.end() == 0
        assert time.monotonic() - begin < 25
        crowd.run(seconds=5)
    assert set(crowd.counts()) <= {503}
    load.check(external.sql)
