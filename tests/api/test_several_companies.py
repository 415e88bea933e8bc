"""An account of several companies: for which one it acts, and that the two never mix."""

import uuid

import pytest
from support.eventually import eventually
from support.world import PASSWORD, vacancy

FIELD = "Segreteria-Company"


@pytest.fixture(scope="module")
def pair(world, database):
    """Two companies, and an account that owns the first as well and is a recruiter of the second."""
    first, second = world.company(name="Prima"), world.company(name="Seconda")
    member = world.member(first, "owner")
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'recruiter' from accounts "
                   "where email = %s", second.id, member.email)
    return first, second, world.login(member.email).client


def for_company(company):
    return {"headers": {FIELD: company.id}}


def test_me(pair):
    first, second, both = pair
    me = both.get("/v1/me").expect(200).json
    assert me["companies"] == [{"id": first.id, "name": "Prima", "role": "owner"},
                               {"id": second.id, "name": "Seconda", "role": "recruiter"}]
    assert "company" not in me and "role" not in me
    only = second.client.get("/v1/me").expect(200).json
    assert only["companies"] == [{"id": second.id, "name": "Seconda", "role": "owner"}]
    assert only["company"] == {"id": second.id, "name": "Seconda"} and only["role"] == "owner"
    both.patch("/v1/me", {"name": "Two Hats"}).expect(200)


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/v1/jobs", vacancy()), ("GET", "/v1/jobs?scope=own", None), ("GET", "/v1/applications", None),
    ("POST", "/v1/tokens", {"name": "t", "scopes": ["jobs:read"]}), ("GET", "/v1/jobs/01a1c49e-6a80-7c3e-b7d4-2f9a61c08e55", None)])
def test_it_has_to_say_which(pair, method, path, body, database):
    first, second, both = pair
    before = database.fingerprint()
    answer = both.request(method, path, body).expect(400, "company_required")
    assert [(company["id"], company["role"]) for company in answer.json["companies"]] == [
        (first.id, "owner"), (second.id, "recruiter")]
    assert database.fingerprint() == before


def test_what_is_public_needs_no_choice(pair, world):
    both = pair[2]
    job = world.job(pair[0])
    assert both.get(f"/v1/jobs/{job['id']}").expect(200).json["id"] == job["id"]
    both.get("/v1/jobs").expect(200)


def test_each_request_acts_for_the_company_it_names(pair, world):
    """Back and forth on the same connection and workers: what is remembered of one is nothing to the other."""
    first, second, both = pair
    drafts = {company.id: world.job(company, status="draft")["id"] for company in (first, second)}
    for _ in range(20):
        for mine, other in ((first, second), (second, first)):
            listed = both.get("/v1/jobs?scope=own", **for_company(mine)).expect(200).json["items"]
            assert {item["company"]["id"] for item in listed} == {mine.id}
            both.get(f"/v1/jobs/{drafts[mine.id]}", **for_company(mine)).expect(200)
            both.get(f"/v1/jobs/{drafts[other.id]}", **for_company(mine)).expect(404, "not_found")
            both.patch(f"/v1/jobs/{drafts[other.id]}", {"title": "x"}, **for_company(mine)).expect(404, "not_found")
    made = both.post("/v1/jobs", vacancy(), headers={FIELD: second.id.upper()}).expect(201).json
    assert made["company"]["id"] == second.id


def test_the_role_is_that_of_the_company_named(pair):
    first, second, both = pair
    both.patch(f"/v1/companies/{first.id}", {"website": "https://prima.example"}).expect(200)
    both.patch(f"/v1/companies/{second.id}", {"website": "https://prima.example"}).expect(403, "forbidden")


def test_the_path_names_the_company(pair, world):
    first, second, both = pair
    for company in (first, second):
        job = both.put(f"/v1/companies/{company.id}/jobs/{uuid.uuid4().hex}", vacancy()).expect(201).json
        assert job["company"]["id"] == company.id
    stranger = world.company()
    both.put(f"/v1/companies/{stranger.id}/jobs/1", vacancy()).expect(403, "forbidden")


def test_not_one_s_own(pair, world, database):
    first, second, both = pair
    stranger = world.company()
    before = database.fingerprint()
    for client in (both, first.client, second.client):
        client.post("/v1/jobs", vacancy(), **for_company(stranger)).expect(403, "forbidden")
        client.get("/v1/jobs?scope=own", **for_company(stranger)).expect(403, "forbidden")
        client.post("/v1/jobs", vacancy(), headers={FIELD: str(uuid.uuid4())}).expect(403, "forbidden")
    assert database.fingerprint() == before


@pytest.mark.parametrize("text", ["x", "1", "00000000000000000000000000000000", "' or true --", "{}"])
def test_malformed(pair, company, api, text):
    for client in (pair[2], company.client):
        answer = client.post("/v1/jobs", vacancy(), headers={FIELD: text}).expect(400, "invalid_parameter")
        assert answer.json["errors"][0]["header"] == FIELD
    api.get("/v1/jobs", headers={FIELD: text}).expect(400, "invalid_parameter")


def test_a_token_is_bound_to_the_company_it_was_made_for(pair, world):
    first, second, both = pair
    made = {}
    for company in (first, second):
        token = both.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read", "jobs:write", "tokens:write"]},
                          **for_company(company)).expect(201).json
        assert token["company"] == {"id": company.id, "name": company.document["name"]}
        made[company.id] = token, both.as_(token["secret"])
    assert [token["company"]["id"] for token in both.get("/v1/tokens").json["items"]] == [second.id, first.id]
    for mine, other in ((first, second), (second, first)):
        token, client = made[mine.id]
        assert client.post("/v1/jobs", vacancy()).expect(201).json["company"]["id"] == mine.id
        client.post("/v1/jobs", vacancy(), **for_company(mine)).expect(201)
        client.post("/v1/jobs", vacancy(), **for_company(other)).expect(403, "forbidden")
        client.put(f"/v1/companies/{other.id}/jobs/1", vacancy()).expect(403, "forbidden")
        assert [item["id"] for item in client.get("/v1/tokens").json["items"]] == [token["id"]]
        foreign = f"/v1/tokens/{made[other.id][0]['id']}"
        client.get(foreign).expect(404, "not_found")
        client.post(foreign + "/rotate").expect(404, "not_found")
        client.delete(foreign).expect(404, "not_found")


def test_scopes_are_those_of_the_role_there(pair):
    """company:write for the company it owns, not for the one it recruits for."""
    first, second, both = pair
    body = {"name": "t", "scopes": ["company:write"]}
    both.post("/v1/tokens", body, **for_company(first)).expect(201)
    answer = both.post("/v1/tokens", body, **for_company(second)).expect(422, "validation_failed")
    assert answer.errors == {("/scopes/0", "scope_not_allowed")}


def test_a_second_company_is_noticed_at_once(world, database):
    """Until then the session needed no choice; what is remembered of it must not stay."""
    first, second = world.company(), world.company()
    first.client.get("/v1/applications").expect(200)
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'viewer' from accounts "
                   "where email = %s", second.id, first.email)
    eventually(lambda: first.client.get("/v1/applications").status == 400, "two companies, no choice")
    database.query("delete from company_members m using accounts a where a.id = m.account_id and a.email = %s and "
                   "m.company_id = %s", first.email, second.id)
    eventually(lambda: first.client.get("/v1/applications").status == 200, "one company again")


def test_signing_in_shows_both(pair, api):
    email = pair[2].get("/v1/me").json["email"]
    session = api.post("/v1/sessions", {"email": email, "password": PASSWORD}).expect(201).json
    assert len(session["account"]["companies"]) == 2


def test_candidates_have_no_company(pair, candidate):
    candidate.client.get("/v1/applications", **for_company(pair[0])).expect(200)
