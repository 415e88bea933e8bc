"""A short, varied load on a build with the thread sanitizer: workers, helpers, the background thread and the main thread meet
at the token cache, the mailboxes, sign-ins, a lost PostgreSQL and the drain. `./dev test tsan` runs it; nothing is suppressed,
because libmicrohttpd and libpq, which are not instrumented, belong to one thread at a time."""

import json
import os
import signal
import sys
import threading
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


def remove_members(server, rounds):
    """A recruiter of a company, removed in the middle of its writes; it keeps a company of its own."""
    (token, company_id), (member_token, _) = company(server), company(server)
    owner, member = Caller(server, token), Caller(server, member_token)
    account = json.loads(member("GET", "/v1/me").body)["account_id"]
    here = {"Segreteria_Company": company_id}

    def write(call, statuses, done):
        while not done.is_set():
            statuses.append(call("POST", "/v1/jobs", vacancy(status="draft"), **here).status)

    for _ in range(rounds):
        membership = server.sql("insert into company_members (company_id, account_id, role) values "
                                f"('{company_id}', '{account}', 'recruiter') returning id")[0][0]
        wait_for(lambda: member("GET", "/v1/applications", **here).status == 200, 10, "membership")
        made = owner("PATCH", f"/v1/companies/{company_id}/members/{membership}", {"role": "owner"})
        assert made.status == 200, made
        statuses, done = [], threading.Event()
        writers = [threading.Thread(target=write, args=(Caller(server, member_token), statuses, done)) for _ in range(4)]
        for writer in writers:
            writer.start()
        wait_for(lambda: statuses.count(201) > 5, 30, "writes")
        assert owner("DELETE", f"/v1/companies/{company_id}/members/{membership}").status == 204
        stored = server.sql(f"select count(*) from jobs where company_id = '{company_id}'")
        time.sleep(0.2)
        done.set()
        for writer in writers:
            writer.join()
        assert server.sql(f"select count(*) from jobs where company_id = '{company_id}'") == stored
        assert set(statuses) <= {201, 403, 429, 503} and 403 in statuses, set(statuses)
        assert member("GET", "/v1/applications").status == 200  # of its own company


def sign_in(server, count):
    _, email = candidate(server)
    request = request_bytes("POST", "/v1/sessions", {"email": email, "password": PASSWORD})
    assert set(Crowd(server, [request] * count).run(seconds=30).counts()) <= {201, 429, 503}


def complete(server, seconds):
    """Completions and similar vacancies, asked while vacancies come and go and the lists are made anew."""
    writer, done, seen = Caller(server, company(server)[0]), threading.Event(), []
    first = json.loads(writer("POST", "/v1/jobs", vacancy(title="Segretaria di prova")).body)["id"]

    def ask(call):
        while not done.is_set():
            for target in ("/v1/jobs/suggest?q=segr", "/v1/jobs/suggest?q=segretaria+d", f"/v1/jobs/{first}/similar",
                           "/v1/jobs?q=%22segretaria+di%22&facets=role,city,tool,salary"):
                seen.append(call("GET", target).status)

    askers = [threading.Thread(target=ask, args=(Caller(server),)) for _ in range(4)]
    for asker in askers:
        asker.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = json.loads(writer("POST", "/v1/jobs", vacancy(title="Segretaria di turno")).body)["id"]
        assert writer("PATCH", f"/v1/jobs/{job}", {"status": "paused"}).status == 200
    done.set()
    for asker in askers:
        asker.join()
    assert set(seen) <= {200, 429, 503} and seen.count(200) > 20, set(seen)


def test_no_data_race(server):
    assert "tsan" in os.environ["SEGRETERIA_BINARY"], "for ./dev test tsan"
    with Load(server, 8, 8, pause=0.01) as load:
        revoke(server, 10)
        remove_members(server, 3)
        sign_in(server, 30)
        complete(server, 5)
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
