"""application/x-ndjson: everything that is found, one vacancy a line, at constant memory, no faster than it is taken."""

import http.client
import socket
import time

import psycopg
import pytest
from streams import assert_ends_with_its_token
from support.server import MEASURED, Server
from support.world import in_days

NDJSON = {"Accept": "application/x-ndjson"}
MANY = 100_000
MEMORY_MAX = 12 * 1024 * 1024


@pytest.fixture(scope="module")
def server_environment():
    return MEASURED


def lines(client, **params):
    answer = client.get("/v1/jobs", params=params, headers=NDJSON).expect(200)
    assert answer.media_type == "application/x-ndjson"
    return answer.lines


@pytest.fixture(scope="module")
def some(world, company):
    return [world.job(company, title=f"Assistente, {n}: \"quoted\" {{braces}} [and] \\ more", valid_through=in_days(9))["id"]
            for n in range(450)]


def ready(server):
    deadline = time.monotonic() + 30
    while b"event=search_ready" not in server.log and time.monotonic() < deadline:
        time.sleep(0.02)


def test_all_of_a_list(api, some):
    assert [item["id"] for item in lines(api)] == some[::-1]


def test_all_that_a_search_finds(api, server, some):
    ready(server)
    found = lines(api, q="assistente", fields="title")
    assert [item["id"] for item in found] == some[::-1] and set(found[0]) == {"id", "title"}


def test_nothing_found(api):
    assert lines(api, q="xyzzy") == []


def test_from_a_cursor_on(api, some):
    page = api.get("/v1/jobs", params={"limit": 10}).expect(200).json
    assert [item["id"] for item in lines(api, cursor=page["next_cursor"])] == some[::-1][10:]


def test_a_company_s_own(company, world, some):
    draft = world.job(company, status="draft")["id"]
    assert [item["id"] for item in lines(company.client, scope="own")] == [draft, *some[::-1]]
    answer = company.client.get("/v1/jobs", params={"scope": "own"}, headers=NDJSON).expect(200)
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_refused_is_refused_before_a_line_is_sent(api):
    api.get("/v1/jobs", params={"q": "..."}, headers=NDJSON).expect(400, "invalid_parameter")
    api.get("/v1/jobs", params={"near": "Nowhere at all"}, headers=NDJSON).expect(422, "unknown_place")


def test_json_is_the_default(api, some):
    for accept in ("*/*", "application/json, application/x-ndjson", "application/*;q=0.5"):
        assert api.get("/v1/jobs", headers={"Accept": accept}).expect(200).media_type == "application/json"


def test_head(api):
    assert api.head("/v1/jobs", headers=NDJSON).status == 200


@pytest.fixture(scope="module")
def many(database, some):
    """A hundred thousand more cards, behind the API's back."""
    database.query("set session_replication_role = replica")
    database.query("""
        insert into job_cards select m.id, c.company_id, c.status, c.published_at - n * interval '1 second', c.created_at,
            c.valid_through, c.role, c.employment_type, c.contract, c.work_mode, c.confidentiality_level, c.country, c.region,
            c.city, replace(c.card, c.job_id::text, m.id::text)
        from (select * from job_cards where status = 'published' order by job_id limit 1) as c,
            (select gen_random_uuid() as id, n from generate_series(1, %s) as n) as m""", MANY)
    database.query("set session_replication_role = origin")
    database.query("analyze job_cards")
    return MANY


def test_a_hundred_thousand_at_constant_memory(server, many):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", "/v1/jobs", headers=NDJSON)
    answer = connection.getresponse()
    seen, tail, at_start, most = 0, b"", None, 0
    while piece := answer.read(1 << 16):
        seen += piece.count(b"\n")
        tail = piece[-1:]
        if at_start is None and seen > 5000:
            at_start = server.memory()
        most = max(most, server.memory())
    assert seen > many and tail == b"\n"
    assert most - at_start < MEMORY_MAX, (at_start, most)
    connection.close()


def test_nothing_is_fetched_for_who_does_not_read(server, api, many):
    before = server.memory()
    socks = []
    for _ in range(20):
        sock = socket.create_connection((server.host, server.port), timeout=20)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /v1/jobs HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
        socks.append(sock)
    time.sleep(1.5)
    assert server.memory() - before < 80 * 1024 * 1024
    api.get("/v1/jobs").expect(200)
    for sock in socks:
        sock.close()
    api.get("/v1/jobs").expect(200)


def test_a_revoked_token_ends_it(server, world, database, many):
    other = world.company()
    world.job(other)
    database.query("set session_replication_role = replica")
    database.query("update job_cards set company_id = %s where job_id not in (select id from jobs)", other.id)
    database.query("set session_replication_role = origin")
    assert_ends_with_its_token(server, world, other, "/v1/jobs?scope=own", "jobs:read")


def test_the_index_is_there_in_the_middle_of_it(database, tmp_path, many):
    """What PostgreSQL began it ends: a plan of a later page would not outlive the page."""
    database.query("set session_replication_role = replica")
    database.query("""
        insert into job_search select (jsonb_populate_record(s.own, jsonb_build_object('job_id', k.job_id, 'published_at', k.published_at))).*
        from (select job_search as own from job_search order by job_id limit 1) as s,
            (select job_id, published_at from job_cards where job_id not in (select id from jobs) order by job_id limit 9000) as k""")
    database.query("set session_replication_role = origin")
    with psycopg.connect(database.conninfo) as others, socket.socket() as sock:
        others.execute("lock table job_changes in access exclusive mode")  # the index waits for its log
        running = Server(tmp_path, database.conninfo, ["--workers", "1"])
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(30)
            sock.connect((running.host, running.port))
            sock.sendall(b"GET /v1/jobs?q=assistente HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\nConnection: close\r\n\r\n")
            taken = sock.recv(1000)
            assert taken.startswith(b"HTTP/1.1 200") and b"event=search_ready" not in running.log
            others.rollback()
            ready(running)
            assert b"event=search_ready" in running.log
            while piece := sock.recv(1 << 16):
                taken += piece
        finally:
            others.rollback()
            running.stop()
    assert taken.count(b'{"id":"') > 9000 and taken.endswith(b"0\r\n\r\n")


def test_what_the_index_finds_at_constant_memory(database, tmp_path, many):
    """The same where the index finds it."""
    count = 40_000
    database.query("set session_replication_role = replica")
    database.query("""
        insert into job_search select (jsonb_populate_record(s.own, jsonb_build_object('job_id', k.job_id, 'published_at', k.published_at))).*
        from (select job_search as own from job_search order by job_id limit 1) as s,
            (select job_id, published_at from job_cards
                where published_at is not null and job_id not in (select job_id from job_search) order by job_id limit %s) as k""", count)
    database.query("set session_replication_role = origin")
    running = Server(tmp_path, database.conninfo, ["--workers", "1"], environment=MEASURED)
    try:
        ready(running)
        connection = http.client.HTTPConnection(running.host, running.port, timeout=60)
        connection.request("GET", "/v1/jobs?q=assistente", headers=NDJSON)
        answer = connection.getresponse()
        lines_seen, bytes_seen, at_start, most = 0, 0, None, 0
        while piece := answer.read(1 << 16):
            lines_seen, bytes_seen = lines_seen + piece.count(b"\n"), bytes_seen + len(piece)
            if at_start is None and lines_seen > 4000:
                at_start = running.memory()
            most = max(most, running.memory())
        connection.close()
    finally:
        running.stop()
    assert lines_seen >= count and bytes_seen > 2 * MEMORY_MAX
    assert most - at_start < MEMORY_MAX, (at_start, most)
