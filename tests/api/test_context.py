"""What let a request in may end while the request is under way: the write looks again, in its own transaction."""

import json

import pytest
from support.world import vacancy


def behind_the_cache(database, sql, *values):
    """Without triggers, so without NOTIFY: the servers still take the caller for what it was."""
    database.query("set session_replication_role = replica")
    database.query(sql, *values)
    database.query("set session_replication_role = origin")


@pytest.fixture
def company(world):
    made = world.company()
    world.heard_all(made)
    made.client.get("/v1/me").expect(200)
    return made


def test_a_session_that_ended(company, database):
    jobs = database.value("select count(*) from jobs")
    behind_the_cache(database, "update sessions set ended_at = now(), end_reason = 'revoked' where account_id ="
                     " (select id from accounts where email = %s)", company.email)
    company.client.get("/v1/me").expect(200)  # still in a cache
    answer = company.client.post("/v1/jobs", vacancy()).expect(401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert database.value("select count(*) from jobs") == jobs
    company.client.get("/v1/me").expect(401, "invalid_token")  # forgotten


def test_a_lesser_role(world, company, database):
    recruiter = world.member(company, "recruiter")
    world.heard_all(company)
    recruiter.client.get("/v1/me").expect(200)
    behind_the_cache(database, "update company_members set role = 'viewer' where account_id ="
                     " (select id from accounts where email = %s)", recruiter.email)
    recruiter.client.post("/v1/jobs", vacancy()).expect(403, "forbidden")
    recruiter.client.get("/v1/me").expect(200)
    assert recruiter.client.get("/v1/me").json["role"] == "viewer"


def test_with_an_idempotency_key(company, database):
    behind_the_cache(database, "update accounts set disabled_at = now() where email = %s", company.email)
    key = {"Idempotency-Key": "context-1"}
    company.client.post("/v1/jobs", vacancy(), headers=key).expect(401, "invalid_token")
    assert database.value("select count(*) from idempotency_keys") == 0


def test_a_batch(company, database):
    body = json.dumps(vacancy()).encode()
    behind_the_cache(database, "update accounts set disabled_at = now() where email = %s", company.email)
    lines = company.client.post("/v1/jobs/batch", body=body, headers={"Content-Type": "application/x-ndjson"}).expect(200).lines
    assert [(line["status"], line["problem"]["code"]) for line in lines] == [(401, "invalid_token")]
