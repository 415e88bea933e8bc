"""Values that the contract allows and that lie at the edge of what PostgreSQL, JSON or a clock can hold: they are kept, or
refused with a reason, and never a 500."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
import uuid
from urllib.parse import quote

import pytest
from support.contract import API
from support.world import in_days, vacancy

def test_the_largest_vacancy(company, api):
    questions = [{"id": f"q{n:039}"[:40], "type": "multi", "label": "l" * 500, "required": True,
                  "options": [f"{n:04}{'o' * 196}" for n in range(50)]} for n in range(30)]
    body = vacancy(
        title="t" * 200, description="\U0001f600" * 20000, reference="r" * 100, questions=questions,
        languages=[{"language": f"{a}{b}", "level": "C2", "importance": "must"} for a in "abcd" for b in "abcde"],
        tools=[{"name": f"{n:080}", "level": "intermediate", "importance": "must"} for n in range(50)],
        soft_skills=[{"skill": skill, "importance": "must"} for skill in API["components"]["schemas"]["SoftSkill"]["enum"]],
        principals=[{"level": "director", "count": n} for n in range(1, 11)], duties=API["components"]["schemas"]["Duty"]["enum"],
        location={"country": "IT", "region": "r" * 100, "city": "c" * 100, "postal_code": "p" * 20, "latitude": -90, "longitude": 180},
        salary={"min": 0, "max": 1e12, "currency": "EUR", "unit": "year", "payments": 16}, openings=1000,
        collective_agreement={"code": "c" * 100, "level": "l" * 40})
    job = company.client.post("/v1/jobs", body).expect(201).json
    assert {name: job[name] for name in body} == body
    for coding in ("identity", "gzip", "br", "zstd"):
        assert api.get(f"/v1/jobs/{job['id']}", headers={"Accept-Encoding": coding}).expect(200).json == job
    patched = company.client.patch(f"/v1/jobs/{job['id']}", {"title": "u" * 200}).expect(200).json
    assert patched["questions"] == questions
    assert len(json.dumps(body)) > 300_000


@pytest.mark.parametrize("day, kept", [
    ("9999-12-31", True), ("2028-02-29", True), ("0001-01-01", True), ("0000-01-01", False), ("0000-12-31", False),
])
def test_days(company, day, kept):
    for name in ("start_date", "valid_through"):
        answer = company.client.post("/v1/jobs", {"title": "x", name: day})
        if kept:
            assert answer.expect(201).json[name] == day
        else:
            assert f"/{name}" in {where for where, _ in answer.expect(422, "validation_failed").errors}


@pytest.mark.parametrize("at", [
    "2027-01-01T00:00:00Z", "2027-01-01t00:00:00z", "2027-01-01T00:00:00.123456789Z", "2027-01-01T23:59:59+23:59",
    "2027-01-01T00:00:00-23:59", "2027-01-01T00:00:00+15:59", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2027-01-01T00:00:00-00:00",
])
def test_moments(company, api, at):
    """As a filter and in a body: taken, or refused as what it is."""
    listed = api.get("/v1/jobs", params={"published_since": at})
    assert listed.status == 200 or listed.expect(400, "invalid_parameter").errors == {("published_since", "pattern")}
    assert company.client.get("/v1/applications", params={"since": at}).status == listed.status
    token = company.client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read"], "expires_at": at})
    if listed.status == 200:
        assert token.status == 201 or token.expect(422, "validation_failed").errors == {("/expires_at", "expires_at_past")}
    else:
        assert ("/expires_at", "pattern") in token.expect(422, "validation_failed").errors


@pytest.mark.parametrize("text, value", [
    ("1.0", 1), ("1e0", 1), ("10e-1", 1), ("0.1e1", 1), ("1000.000", 1000), ("1E3", 1000), ("1.5", None), ("-0", None), ("1e3", 1000),
])
def test_whole_numbers_in_other_spellings(company, text, value):
    body = b'{"title": "x", "openings": %s}' % text.encode()
    answer = company.client.post("/v1/jobs", body=body, headers={"Content-Type": "application/json"})
    if value is None:
        assert answer.expect(422, "validation_failed").json["errors"][0]["pointer"] == "/openings"
    else:
        assert answer.expect(201).json["openings"] == value


@pytest.mark.parametrize("text, value", [
    ("0", 0), ("-0", 0), ("-0.0", 0), ("1e-300", 0), ("0.005", 0.01), ("0.004", 0), ("1e12", 1e12), ("1e-5", 0),
    ("12345.678901234567890123", 12345.68), ("0.1", 0.1), ("999999999999.99", 999999999999.99),
])
def test_amounts_in_other_spellings(company, text, value):
    body = b'{"title": "x", "salary": {"min": %s, "currency": "EUR", "unit": "hour"}}' % text.encode()
    answer = company.client.post("/v1/jobs", body=body, headers={"Content-Type": "application/json"}).expect(201)
    assert answer.json["salary"]["min"] == pytest.approx(value, abs=0.0100001 if value < 1 else 1e-9)
    assert b"e-" not in answer.body.split(b'"min":')[1][:30]


@pytest.mark.parametrize("latitude, longitude", [(45.123456789012345, 9.1), (90, 180), (-90, -180), (0, 0), (1e-9, -1e-9)])
def test_coordinates(company, latitude, longitude):
    place = {"country": "IT", "latitude": latitude, "longitude": longitude}
    job = company.client.post("/v1/jobs", {"title": "x", "location": place}).expect(201).json
    assert job["location"]["latitude"] == pytest.approx(latitude) and job["location"]["longitude"] == pytest.approx(longitude)


def test_ids_in_capitals(company, world, candidate, api):
    """A UUID's letters have no case (RFC 9562): the same vacancy by either spelling."""
    job = world.job(company)
    application = world.application(candidate, job)
    assert api.get(f"/v1/jobs/{job['id'].upper()}").expect(200).json == job
    assert company.client.get(f"/v1/jobs/{job['id'].upper()}").expect(200).json == job
    company.client.patch(f"/v1/jobs/{job['id'].upper()}", {"title": "x"}).expect(200)
    assert api.get(f"/v1/companies/{company.id.upper()}").expect(200).json["id"] == company.id
    candidate.client.get(f"/v1/applications/{application['id'].upper()}").expect(200)
    company.client.put(f"/v1/companies/{company.id.upper()}/jobs/{uuid.uuid4()}", vacancy()).expect(201)
    assert api.get(f"/v1/jobs?company_id={company.id.upper()}").expect(200).json["items"]


def test_many_readers_of_one_vacancy_and_of_none(company, world, api):
    """Reads of one turn are merged into one statement: each gets its own."""
    jobs = [world.job(company, title=f"t{n}") for n in range(20)]
    targets = [(job["id"], 200) for job in jobs] * 5 + [(str(uuid.uuid4()), 404) for _ in range(20)] + [(jobs[0]["id"], 200)] * 50
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda target: api.get(f"/v1/jobs/{target[0]}"), targets))
    for (name, status), answer in zip(targets, answers):
        assert answer.status == status
        assert status == 404 or answer.json["id"] == name


@pytest.mark.parametrize("name", ["\u00a0", "\u3000", "\u200b", "\u2003x"])
def test_blank_is_blank_in_any_script(company, name):
    """A title of nothing but spaces is refused; what counts as a space is the same in the contract and the data base."""
    answer = company.client.post("/v1/jobs", vacancy(title=name, description=name))
    assert answer.status in (201, 422)
    if answer.status == 422:
        answer.expect(422, "validation_failed")


@pytest.mark.parametrize("text", ["{1,2}", "a,b", 'a"b', "a\\b", "NULL", "{}", "", " ", "a'b", "%", "_", "é"])
def test_text_filters_are_text(world, api, company, text):
    """Values become arrays on the way to PostgreSQL: nothing in them may act as one."""
    if text.strip():  # signs do not tell two places apart, so each has a word of its own
        city = f"Borgo{uuid.uuid4().hex[:8]} {text}"
        job = world.job(company, location={"country": "IT", "city": city})
        found = api.get(f"/v1/jobs?city={quote(city, safe='')}").expect(200).json["items"]
        assert [item["id"] for item in found] == [job["id"]]
    else:
        assert api.get(f"/v1/jobs?city={quote(text, safe='')}").status in (200, 400)


def test_the_same_e_mail_at_the_same_time(api, world, database):
    email = world.email()
    body = {"email": email, "password": "correct horse battery", "given_name": "A", "family_name": "B"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("/v1/candidates", body), range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert database.value("select count(*) from accounts where email = %s", email) == 1


def test_valid_through_far_away(company):
    assert company.client.post("/v1/jobs", vacancy(valid_through="9999-12-31")).expect(201).json["valid_through"] == "9999-12-31"
    assert company.client.post("/v1/jobs", vacancy(valid_through=in_days(1))).expect(201)


def test_no_error_was_written(server, api):
    api.get("/livez").expect(200)
    errors = [line for line in server.log.splitlines() if b"level=error" in line]
    assert not errors, errors[:5]
