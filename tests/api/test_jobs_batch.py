"""POST /v1/jobs/batch: NDJSON of any size, each line its own result, at constant memory."""

import http.client
import json
import os
import threading
import uuid

import pytest
from support.client import ndjson
from support.server import Server
from support.world import vacancy

NDJSON = {"Content-Type": "application/x-ndjson"}


def batch(company, body, **headers):
    return company.client.post("/v1/jobs/batch", body=body, headers={**NDJSON, **headers})


def test_each_line_its_own_result(company, world, database):
    reference = uuid.uuid4().hex
    old = world.job(company, reference=reference, title="old")
    lines = [
        vacancy(title="one"), b"", {"title": "a draft", "reference": f"{reference}-2"}, b'{"title": ', {"title": ""},
        vacancy(title="new", reference=reference), vacancy(title="new", reference=reference), b"  \t ", [1, 2],
        vacancy(salary=None), {"title": "x", "status": "closed", "close_reason": "filled"}, b'{"title": "x", "title": "y"}',
        b'{"title": "\xff"}', b'{"title": "a\\u0000b"}', b"null", {"title": "x", "colour": "red"}, vacancy(title="last"),
    ]
    results = batch(company, ndjson(lines)).expect(200).lines
    assert [(result["line"], result["status"], result.get("problem", {}).get("code")) for result in results] == [
        (1, 201, None), (3, 201, None), (4, 400, "invalid_json"), (5, 422, "validation_failed"), (6, 200, None), (7, 200, None),
        (9, 422, "validation_failed"), (10, 422, "validation_failed"), (11, 409, "invalid_transition"),
        (12, 400, "invalid_json"), (13, 400, "invalid_json"), (14, 422, "validation_failed"), (15, 422, "validation_failed"),
        (16, 422, "validation_failed"), (17, 201, None)]
    by_line = {result["line"]: result for result in results}
    assert by_line[6]["id"] == by_line[7]["id"] == old["id"] and by_line[6]["reference"] == reference
    assert by_line[3]["reference"] == f"{reference}-2"
    errors = by_line[16]["problem"]["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/colour", "unknown_field")]
    for line in (1, 3, 17):
        job = company.client.get(by_line[line]["location"]).expect(200).json
        assert job["id"] == by_line[line]["id"]
    assert company.client.get(f"/v1/jobs/{old['id']}").json["version"] == 2


def test_again_nothing_is_doubled(world, database):
    company = world.company()
    body = ndjson([vacancy(reference=f"r{n}", title=f"t{n}") for n in range(40)])
    first = batch(company, body).lines
    before = database.fingerprint()
    second = batch(company, body).lines
    assert {result["status"] for result in first} == {201} and {result["status"] for result in second} == {200}
    assert [result["id"] for result in first] == [result["id"] for result in second]
    assert database.fingerprint() == before


def test_lines_of_one_reference_take_effect_in_order(world):
    """Many at once may be on their way; of those with the same reference the last one counts."""
    company = world.company()
    lines = [vacancy(reference=f"r{n % 3}", title=f"t{n}") for n in range(90)]
    results = batch(company, ndjson(lines)).expect(200).lines
    assert sorted({result["status"] for result in results}) == [200, 201]
    assert [result["status"] for result in results[:3]] == [201] * 3
    for n in range(3):
        job = company.client.get(results[n]["location"]).json
        assert job["title"] == f"t{87 + n}" and job["version"] == 30


@pytest.mark.parametrize("body, lines", [
    (b"", []), (b"\n", []), (b"\n\n \n", []), (b'{"title": "a"}', [1]), (b'{"title": "a"}\r\n{"title": "b"}\r\n', [1, 2]),
    (b'\n\n{"title": "a"}', [3]), (b'{"title": "a"}\n\n', [1]),
], ids=range(7))
def test_ends_of_lines(company, body, lines):
    answer = batch(company, body)
    if body == b"":
        assert answer.status in (200, 400)
        return
    assert [(result["line"], result["status"]) for result in answer.expect(200).lines] == [(n, 201) for n in lines]


def test_a_line_too_long_says_nothing_of_others(company):
    """It takes a place in which a line with a reference was before: that one's reference is not its own."""
    lines = [json.dumps({"title": "a", "reference": f"{uuid.uuid4().hex}-{n}"}).encode() for n in range(40)]
    results = batch(company, b"\n".join([*lines, b'{"title": "' + b"x" * 1500000 + b'"}'])).expect(200).lines
    assert [result["status"] for result in results] == [201] * 40 + [413]
    assert "reference" not in results[-1]


def test_a_line_too_long(company):
    """It is refused alone, however long; its neighbours are stored."""
    limit = 1 << 20
    fits = json.dumps({"title": "fits"}).encode()
    fits += b" " * (limit - len(fits))
    long = b'{"title": "' + b"x" * (3 * limit) + b'"}'
    results = batch(company, b"\n".join([b'{"title": "a"}', fits, fits + b" ", long, b'{"title": "b"}'])).expect(200).lines
    assert [(result["line"], result["status"]) for result in results] == [(1, 201), (2, 201), (3, 413), (4, 413), (5, 201)]
    assert results[2]["problem"]["code"] == "payload_too_large"


def test_5000_lines(world, database):
    company = world.company()
    lines = [vacancy(reference=f"r{n}", title=f"t{n}", status="draft") if n % 10 else {"title": ""} for n in range(5000)]
    results = batch(company, ndjson(lines)).expect(200).lines
    assert [result["line"] for result in results] == list(range(1, 5001))
    assert [result["status"] for result in results] == [201 if n % 10 else 422 for n in range(5000)]
    assert database.value("select count(*) from jobs where company_id = %s", company.id) == 4500
    titles = dict(database.query("select id::text, title from jobs where company_id = %s", company.id))
    assert all(titles[result["id"]] == f"t{result['line'] - 1}" for result in results if result["status"] == 201)


def test_idempotent(world, database):
    company = world.company()
    lines = [vacancy(title=f"t{n}") for n in range(30)] + [{"title": ""}]
    key = uuid.uuid4().hex
    first = batch(company, ndjson(lines[:20]), **{"Idempotency-Key": key}).expect(200).lines
    assert {result["status"] for result in first} == {201} and not any("replayed" in result for result in first)
    second = batch(company, ndjson(lines), **{"Idempotency-Key": key}).expect(200).lines
    assert [result["id"] for result in second[:20]] == [result["id"] for result in first]
    assert [result.get("replayed", False) for result in second] == [True] * 20 + [False] * 11
    assert [result["status"] for result in second] == [201] * 30 + [422]
    assert database.value("select count(*) from jobs where company_id = %s", company.id) == 30
    other = batch(company, ndjson([vacancy(title="other")]), **{"Idempotency-Key": key}).expect(200).lines
    assert other[0]["status"] == 422 and other[0]["problem"]["code"] == "idempotency_key_reused"


def test_a_wrong_reference_is_named_too(company):
    results = batch(company, ndjson([{"title": "x", "reference": "not a reference"}, {"title": "x", "reference": 5}])).lines
    assert [(result["status"], result.get("reference")) for result in results] == [(422, "not a reference"), (422, None)]


def test_language_of_the_problems(company):
    result = batch(company, b'{"title": ""}', **{"Accept-Language": "it"}).expect(200).lines[0]
    assert result["problem"]["title"] == "Dati non validi"


def stream(server, token, chunks, headers=None):
    """Sends a body piece by piece, chunked, while reading; gives back the status and the body."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=300)
    connection.putrequest("POST", "/v1/jobs/batch")
    for name, value in {"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked", **NDJSON, **(headers or {})}.items():
        connection.putheader(name, value)
    connection.endheaders()

    def send():
        for chunk in chunks:
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        connection.send(b"0\r\n\r\n")

    sender = threading.Thread(target=send)
    sender.start()
    answer = connection.getresponse()
    body = answer.read()
    sender.join()
    connection.close()
    return answer.status, body


def test_lines_split_anywhere(world, server):
    company = world.company()
    body = ndjson([vacancy(title="é" * 50, reference=f"r{n}") for n in range(20)])
    for size in (1, 7, 1000):
        status, answer = stream(server, company.token, [body[i:i + size] for i in range(0, len(body), size)])
        results = [json.loads(line) for line in answer.splitlines()]
        assert status == 200 and [result["line"] for result in results] == list(range(1, 21))
        assert {result["status"] for result in results} == ({201} if size == 1 else {200})


@pytest.fixture
def lean_server(database, tmp_path):
    """A server whose sanitizer gives freed memory back, so that its size says something."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    running = Server(tmp_path, database.conninfo, environment={"ASAN_OPTIONS": options})
    yield running
    running.stop()


def test_constant_memory(world, lean_server):
    """50 MB of lines need no more memory than 5 MB."""
    company, server = world.company(), lean_server
    line = json.dumps({"title": "x", "reference": "the-same", "description": "d" * 19_000}).encode() + b"\n"

    def send(megabytes):
        count = megabytes * 1_000_000 // len(line)
        status, body = stream(server, company.token, (line * 10 for _ in range(count // 10)))
        assert status == 200 and body.count(b'"status":20') == count // 10 * 10

    send(5)
    before = server.memory("VmHWM")
    send(50)
    assert server.memory("VmHWM") - before < 16_000_000


def test_broken_off(world, server, database):
    """The client leaves in the middle: the lines that were done are done, the server goes on."""
    company = world.company()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.putrequest("POST", "/v1/jobs/batch")
    body = ndjson([vacancy(reference=f"r{n}") for n in range(50)])
    for name, value in {"Authorization": f"Bearer {company.token}", "Content-Length": str(len(body) * 2), **NDJSON}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    connection.close()
    for _ in range(100):
        company.client.get("/livez").expect(200)
    results = batch(company, body).expect(200).lines
    assert {result["status"] for result in results} <= {200, 201}
    assert database.value("select count(*) from jobs where company_id = %s", company.id) == 50


def test_refused_before_it_is_read(world, server):
    """A batch that may not be sent is refused on its head."""
    viewer = world.member(world.company(), "viewer")
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.putrequest("POST", "/v1/jobs/batch")
    for name, value in {"Authorization": f"Bearer {viewer.token}", "Content-Length": "1000000", "Expect": "100-continue",
                        **NDJSON}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 403 and json.loads(answer.read())["code"] == "forbidden"
    connection.close()
