"""Rights that are taken away, with two servers on one data base and requests in flight: from the answer on, nothing that was
lost works any more, on either server."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from support.eventually import eventually
from support.server import Server
from support.world import vacancy


@pytest.fixture(scope="module")
def other_server(database, server_options, tmp_path_factory, server):
    running = Server(tmp_path_factory.mktemp("other"), database.conninfo, server_options)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def elsewhere(other_server):
    """The same caller, on the other server."""
    clients = []

    def of(client):
        clients.append(other_server.client(client.token))
        return clients[-1]

    yield of
    for client in clients:
        client.close()


@pytest.fixture
def team(world):
    company = world.company()
    return company, world.member(company, "recruiter")


@pytest.fixture
def company_of_tokens(world):
    """An owner whose e-mail address is verified: it may make any token."""
    company = world.company()
    world.verify(company)
    return company


def member_path(world, company, member):
    return f"/v1/companies/{company.id}/members/{world.membership(company, member)}"


@contextmanager
def held(database, statement):
    """Holds a lock in a transaction of its own; what waits for it goes on afterwards."""
    with psycopg.connect(database.conninfo) as connection:
        connection.execute(statement)
        yield
        connection.rollback()


def waiting(database, count):
    """How many statements wait for a lock."""
    return database.value("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") \
        >= count


def drafts(database, company):
    return database.value("select count(*) from jobs where company_id = %s", company.id)


def draft(client, **more):
    return client.post("/v1/jobs", vacancy(status="draft", **more))


def test_removed_here_writes_nothing_there(world, team, elsewhere, database):
    """The other server remembers the session, and has perhaps not heard: the write itself is refused."""
    for _ in range(10):
        company, member = world.company(), None
        member = world.member(company, "recruiter")
        there = elsewhere(member.client)
        draft(there).expect(201)
        company.client.delete(member_path(world, company, member)).expect(204)
        draft(there).expect(403, "forbidden")
        assert drafts(database, company) == 1


def test_demoted_here_writes_nothing_there(world, team, elsewhere):
    company, member = team
    _, token = world.token(member, ["jobs:read", "jobs:write"])
    there = [elsewhere(member.client), elsewhere(token)]
    for client in there:
        draft(client).expect(201)
    company.client.patch(member_path(world, company, member), {"role": "viewer"}).expect(200)
    for client in there:
        draft(client).expect(403, "forbidden")
        client.get("/v1/jobs?scope=own").expect(200)


def test_tokens_of_a_removed_member_end_there(world, team, elsewhere):
    company, member = team
    _, token = world.token(member, ["jobs:read", "jobs:write", "applications:read"])
    there, session = elsewhere(token), elsewhere(member.client)
    there.get("/v1/applications").expect(200)
    session.get("/v1/applications").expect(200)
    company.client.delete(member_path(world, company, member)).expect(204)
    draft(there).expect(401, "invalid_token")
    eventually(lambda: there.get("/v1/jobs").status == 401, "the token is dead on the other server")
    eventually(lambda: session.get("/v1/applications").status == 403, "the session has no company on the other server")


def test_a_revoked_token_writes_nothing_there(world, team, elsewhere):
    company, member = team
    document, token = world.token(member, ["jobs:read", "jobs:write"])
    there = elsewhere(token)
    draft(there).expect(201)
    company.client.delete(f"/v1/companies/{company.id}/tokens/{document['id']}").expect(204)
    draft(there).expect(401, "invalid_token")
    eventually(lambda: there.get("/v1/jobs").status == 401, "dead on the other server")


def test_a_write_in_flight_comes_first(world, team, elsewhere, database):
    """Let in before, it is done before: the removal is answered only when the write is over."""
    company, member = team
    there = elsewhere(member.client)
    draft(there).expect(201)
    with ThreadPoolExecutor(2) as pool:
        with held(database, "lock table jobs in exclusive mode"):
            write = pool.submit(draft, there)
            eventually(lambda: waiting(database, 1), "the write waits")
            removal = pool.submit(company.client.delete, member_path(world, company, member))
            eventually(lambda: waiting(database, 2), "the removal waits for it")
            time.sleep(0.2)
            assert not removal.done() and not write.done()
        write.result().expect(201)
        removal.result().expect(204)
    assert drafts(database, company) == 2
    draft(there).expect(403, "forbidden")


def test_a_write_that_comes_second_is_refused(world, team, elsewhere, database):
    """Let in while the removal was not committed yet: it waits, and finds itself refused."""
    company, member = team
    _, token = world.token(member, ["jobs:read", "jobs:write"])
    there = [elsewhere(member.client), elsewhere(token)]
    for client in there:
        draft(client).expect(201)
    with ThreadPoolExecutor(3) as pool:
        with held(database, "lock table outbox in exclusive mode"):  # which the removal writes last
            removal = pool.submit(company.client.delete, member_path(world, company, member))
            eventually(lambda: waiting(database, 1), "the removal waits")
            writes = [pool.submit(draft, client) for client in there]
            eventually(lambda: waiting(database, 3), "the writes wait")
        removal.result().expect(204)
        writes[0].result().expect(403, "forbidden")
        writes[1].result().expect(401, "invalid_token")
    assert drafts(database, company) == 2


def test_a_batch_in_flight_ends(world, team, other_server, database):
    """Lines after the removal are refused one by one; what was done before is done."""
    company, member = team
    removed = threading.Event()
    path = member_path(world, company, member)

    def lines():
        for n in range(60):
            if n == 30:
                eventually(lambda: drafts(database, company) >= 14, "the first lines are done")
                company.client.delete(path).expect(204)
                removed.set()
            yield json.dumps(vacancy(status="draft", reference=f"r{n}")).encode() + b"\n"

    connection = http.client.HTTPConnection(other_server.host, other_server.port, timeout=60)
    connection.request("POST", "/v1/jobs/batch", body=lines(), encode_chunked=True, headers={
        "Authorization": f"Bearer {member.token}", "Transfer-Encoding": "chunked", "Content-Type": "application/x-ndjson"})
    answer = connection.getresponse()
    results = [json.loads(line) for line in answer.read().splitlines()]
    connection.close()
    statuses = [result["status"] for result in results]
    assert removed.is_set() and len(statuses) == 60
    assert set(statuses[30:]) <= {401, 403}, statuses
    assert drafts(database, company) == statuses.count(201) <= 30


def test_writes_of_many_while_one_is_removed(world, elsewhere, database):
    """A storm from both servers: after the answer to the removal not one more vacancy is stored."""
    company = world.company()
    member = world.member(company, "recruiter")
    clients = [member.client, elsewhere(member.client), elsewhere(member.client)]
    stop, statuses = threading.Event(), []

    def storm(client):
        while not stop.is_set():
            statuses.append(draft(client).status)

    with ThreadPoolExecutor(len(clients)) as pool:
        storms = [pool.submit(storm, client) for client in clients]
        eventually(lambda: statuses.count(201) > 20, "the storm blows")
        company.client.delete(member_path(world, company, member)).expect(204)
        stored = drafts(database, company)
        time.sleep(0.3)
        assert drafts(database, company) == stored
        stop.set()
        for one in storms:
            one.result()
    assert set(statuses) <= {201, 403} and statuses.count(201) == stored


def test_who_hears_nothing_remembers_nothing(world, team, elsewhere, database, other_server):
    """While a server's LISTEN connection is down it asks for every token."""
    company, member = team
    there = elsewhere(member.client)
    there.get("/v1/applications").expect(200)
    database.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
                   "and application_name = 'segreteria listen' and query like '%%segreteria_auth%%'")
    company.client.delete(member_path(world, company, member)).expect(204)
    eventually(lambda: there.get("/v1/applications").status == 403, "it has not been remembered")


def together(calls):
    """All at the same moment: their answers, and how long the slowest took."""
    barrier = threading.Barrier(len(calls))

    def call(one):
        barrier.wait()
        return one()

    began = time.monotonic()
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(call, calls))
    return [answer.status for answer in answers], time.monotonic() - began


def test_a_token_revokes_itself_many_times_at_once(world, company_of_tokens, elsewhere):
    """Each of the twelve holds the token's lock and takes it away: one does, the others find it gone, nobody waits in vain."""
    for _ in range(3):
        document, token = world.token(company_of_tokens, ["jobs:read", "tokens:write"])
        clients = [token.as_(document["secret"]) for _ in range(6)] + [elsewhere(token) for _ in range(6)]
        for client in clients:
            client.get("/v1/jobs?scope=own").expect(200)
        path = f"/v1/tokens/{document['id']}"
        statuses, seconds = together([lambda client=client: client.delete(path) for client in clients])
        assert sorted(statuses) == [204] + [401] * 11 and seconds < 10, (statuses, seconds)


def test_tokens_that_revoke_each_other(world, company_of_tokens):
    """By the account's own list and by the company's: each takes the lock of the other."""
    for path in ("/v1/tokens/{}", "/v1/companies/" + company_of_tokens.id + "/tokens/{}"):
        for _ in range(4):
            pair = [world.token(company_of_tokens, ["company:write", "tokens:write"]) for _ in range(2)]
            statuses, seconds = together([
                lambda n=n: pair[n][1].delete(path.format(pair[1 - n][0]["id"])) for n in range(2)])
            assert sorted(statuses) == [204, 401] and seconds < 10, (statuses, seconds)


def test_owners_who_remove_each_other(world, elsewhere):
    for _ in range(4):
        company = world.company()
        other = world.member(company, "owner")
        paths = [member_path(world, company, other), member_path(world, company, company)]
        statuses, seconds = together([lambda: company.client.delete(paths[0]), lambda: other.client.delete(paths[1])])
        assert sorted(statuses) == [204, 403] and seconds < 10, (statuses, seconds)
