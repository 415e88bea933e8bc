"""A short, varied load on a build with the thread sanitizer: workers, helpers, the background thread and the main thread meet
at the token cache, the mailboxes, sign-ins, a lost PostgreSQL and the drain. `./dev test tsan` runs it; nothing is suppressed,
because libmicrohttpd and libpq, which are not instrumented, belong to one thread at a time."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault"))

from private_server import Server, new_data_dir, remove, wait_for  # noqa: E402
from service import (Caller, Crowd, Load, candidate, company, ended_well, ready, request_bytes)  # noqa: E402
from support.world import PASSWORD, vacancy  # noqa: E402


@pytest.fixture
def server():
    data_dir = new_data_dir()
    with Server(data_dir, "--workers", "2", "--no-access-log", "--drain-seconds", "5") as running:
        yield running
    remove(data_dir)


def revoke(server, rounds):
    """Tokens that every worker knows, dead at once."""
    owner = Caller(server, company(server)[0])
    for _ in range(rounds):
        token = json.loads(owner("POST", "/v1/tokens", {"name": "a program", "scopes": ["jobs:read"]}).body)
        programs = [Caller(server, token["secret"]) for _ in range(6)]  # spread over the workers
        assert 401 not in {call("GET", "/v1/me").status for call in programs}
        assert owner("DELETE", f"/v1/tokens/{token['id']}").status == 204
        assert {call("GET", "/v1/me").status for call in programs} == {401}


def sign_in(server, count):
    _, email = candidate(server)
    request = request_bytes("POST", "/v1/sessions", {"email": email, "password": PASSWORD})
    assert set(Crowd(server, [request] * count).run(seconds=30).counts()) <= {201, 503}


def test_no_data_race(server):
    assert "tsan" in os.environ["SEGRETERIA_BINARY"], "for ./dev test tsan"
    with Load(server, 8, 8, pause=0.01) as load:
        revoke(server, 10)
        sign_in(server, 30)
        os.kill(server.postmaster(), signal.SIGKILL)
        time.sleep(1)
        wait_for(lambda: ready(server), 30, "readiness")
        revoke(server, 3)
        load.end()
    load.check(server.sql)
    token, _ = company(server)
    crowd = Crowd(server, [request_bytes("POST", "/v1/jobs", vacancy(), token)] * 40)
    crowd.run(lambda crowd: len(crowd.answers) > 5)
    ended_well(server)  # in the middle of it
    assert set(crowd.run(seconds=5).counts()) <= {201, 503}
