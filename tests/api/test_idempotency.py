"""Idempotency-Key: a POST sent again is done once and answered the same."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.world import PASSWORD, vacancy


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def replayed(answer):
    return answer.headers["Idempotent-Replayed"] == "true"


def test_replay(company, database):
    headers, body = key(), vacancy()
    first = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    before = database.fingerprint()
    second = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    assert not replayed(first) and replayed(second)
    assert second.body == first.body and second.etag == first.etag
    assert second.headers["Location"] == first.headers["Location"]
    assert database.fingerprint() == before


def test_replay_although_things_went_on(company):
    """The stored answer, not what is there now."""
    headers, body = key(), vacancy(title="first")
    first = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    company.client.patch(first.headers["Location"], {"title": "second"}).expect(200)
    assert company.client.post("/v1/jobs", body, headers=headers).expect(201).body == first.body


def test_another_body(company, database):
    headers = key()
    company.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    before = database.fingerprint()
    company.client.post("/v1/jobs", vacancy(title="other"), headers=headers).expect(422, "idempotency_key_reused")
    assert database.fingerprint() == before


def test_another_operation(company, world):
    headers = key()
    company.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    company.client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read"]}, headers=headers).expect(422, "idempotency_key_reused")
    tokens = [world.token(company, ["jobs:read"])[0]["id"] for _ in range(2)]
    headers = key()
    company.client.post(f"/v1/tokens/{tokens[0]}/rotate", headers=headers).expect(200)
    company.client.post(f"/v1/tokens/{tokens[1]}/rotate", headers=headers).expect(422, "idempotency_key_reused")


def test_each_caller_has_its_own_keys(company, world):
    headers, other = key(), world.company()
    first = company.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    second = other.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    assert not replayed(second) and second.json["id"] != first.json["id"]
    member = world.member(company, "recruiter")
    third = member.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    assert not replayed(third) and third.json["id"] != first.json["id"]


def test_another_token_of_the_same_account(company, world):
    headers, body = key(), vacancy()
    first = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    _, client = world.token(company, ["jobs:write"])
    assert client.post("/v1/jobs", body, headers=headers).expect(201).json["id"] == first.json["id"]


def test_the_right_to_it_is_asked_again(company, world):
    """A stored answer is for those who could get it in the first place."""
    headers, body = key(), vacancy()
    company.client.post("/v1/jobs", body, headers=headers).expect(201)
    _, client = world.token(company, ["jobs:read"])
    client.post("/v1/jobs", body, headers=headers).expect(403, "insufficient_scope")
    company.client.anybody.post("/v1/jobs", body, headers=headers).expect(401, "unauthorized")


def test_sixteen_at_once_run_once(world, database):
    company, headers, body = world.company(), key(), vacancy()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: company.client.post("/v1/jobs", body, headers=headers), range(16)))
    assert {answer.status for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status == 409:
            answer.expect(409, "idempotency_in_progress")
            assert int(answer.headers["Retry-After"]) >= 1
    done = [answer for answer in answers if answer.status == 201]
    assert len({answer.body for answer in done}) == 1
    assert sum(not replayed(answer) for answer in done) == 1
    assert database.value("select count(*) from jobs where company_id = %s", company.id) == 1


def test_refusals_are_not_kept(company, world, candidate):
    headers = key()
    company.client.post("/v1/jobs", vacancy(title=""), headers=headers).expect(422, "validation_failed")
    company.client.post("/v1/jobs", vacancy(salary=None), headers=headers).expect(422, "validation_failed")
    company.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    headers, job = key(), world.job(company)
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "paused"}).expect(200)
    target = f"/v1/jobs/{job['id']}/applications"
    candidate.client.post(target, {}, headers=headers).expect(409, "job_not_open")
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "published"}).expect(200)
    answer = candidate.client.post(target, {}, headers=headers)
    assert answer.status in (201, 409)  # a conflict may be kept as the answer, a violation may not


def test_secrets_again(company, world, api, database):
    """An answer with a secret is the same again, although nothing stores the secret."""
    headers, body = key(), {"name": "t", "scopes": ["jobs:read"]}
    first, second = (company.client.post("/v1/tokens", body, headers=headers).expect(201) for _ in range(2))
    assert second.body == first.body and replayed(second)
    api.as_(second.json["secret"]).get("/v1/jobs").expect(200)
    target, headers = f"/v1/tokens/{first.json['id']}/rotate", key()
    first, second = (company.client.post(target, headers=headers).expect(200) for _ in range(2))
    assert second.json == first.json and replayed(second)
    api.as_(second.json["secret"]).get("/v1/jobs").expect(200)
    for (row,) in database.query("select t::text from idempotency_keys t"):
        assert first.json["secret"] not in row


def test_registration_again(api, world, database):
    headers = key()
    body = {"email": world.email(), "password": PASSWORD, "given_name": "Lia", "family_name": "Rossi"}
    first, second = (api.post("/v1/candidates", body, headers=headers).expect(201) for _ in range(2))
    assert second.json == first.json and replayed(second)
    api.as_(second.json["session"]["access_token"]).get("/v1/me").expect(200)
    api.post("/v1/sessions/refresh", {"refresh_token": second.json["session"]["refresh_token"]}).expect(200)


def test_registration_again_with_another_password_gives_nothing_away(api, world):
    """Who knows the key and the e-mail, but not the password, gets no session."""
    headers = key()
    body = {"email": world.email(), "password": PASSWORD, "given_name": "Lia", "family_name": "Rossi"}
    api.post("/v1/candidates", body, headers=headers).expect(201)
    api.post("/v1/candidates", {**body, "password": "another password"}, headers=headers).expect(422, "idempotency_key_reused")


def test_login_and_refresh_again(api, candidate, world):
    account = world.candidate()
    headers, body = key(), {"email": account.email, "password": PASSWORD}
    first, second = (api.post("/v1/sessions", body, headers=headers).expect(201) for _ in range(2))
    assert second.json == first.json
    headers, body = key(), {"refresh_token": first.json["session"]["refresh_token"]}
    first, second = (api.post("/v1/sessions/refresh", body, headers=headers).expect(200) for _ in range(2))
    assert second.json == first.json and replayed(second)
    api.as_(second.json["session"]["access_token"]).get("/v1/me").expect(200)


def test_preferences_of_the_replay(company):
    """The answer is the same; how much of it is sent is this request's wish."""
    headers, body = key(), vacancy()
    company.client.post("/v1/jobs", body, headers={**headers, "Prefer": "return=minimal"}).expect(201)
    whole = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    assert replayed(whole) and whole.json["title"] == body["title"]


def test_keys_end_after_a_day(company, database):
    headers, body = key(), vacancy()
    first = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    database.query("update idempotency_keys set created_at = created_at - interval '24 hours'")
    second = company.client.post("/v1/jobs", body, headers=headers).expect(201)
    assert not replayed(second) and second.json["id"] != first.json["id"]


@pytest.mark.parametrize("name", ["k", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "a b ; , =", "~" * 10])
def test_forms_of_keys(company, name):
    name = {"Idempotency-Key": name}
    first, second = (company.client.post("/v1/jobs", vacancy(), headers=name).expect(201) for _ in range(2))
    assert second.json["id"] == first.json["id"]


def test_other_methods_do_not_take_it(company, world):
    """Sent along it does no harm."""
    job, headers = world.job(company), key()
    company.client.patch(f"/v1/jobs/{job['id']}", {"title": "a"}, headers=headers).expect(200)
    assert company.client.patch(f"/v1/jobs/{job['id']}", {"title": "b"}, headers=headers).expect(200).json["title"] == "b"
