"""API tokens: made, listed, rotated, revoked; never wider than who makes them."""

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.eventually import eventually

OWNER = {"jobs:read", "jobs:write", "applications:read", "applications:write", "company:read", "company:write", "profile:read",
         "profile:write", "tokens:write", "webhooks:write", "audit:read", "candidates:read"}
MAY_HOLD = {
    "owner": OWNER,
    "recruiter": OWNER - {"company:write", "audit:read"},
    "viewer": {"jobs:read", "applications:read", "company:read", "profile:read", "profile:write", "tokens:write"},
    "candidate": {"jobs:read", "applications:read", "applications:write", "company:read", "profile:read", "profile:write",
                  "tokens:write", "audit:read"},
    "operator": {"jobs:read", "jobs:write", "applications:read", "company:read", "company:write", "profile:read",
                 "profile:write", "tokens:write", "moderation:write", "audit:read"},
}
ALL = OWNER | {"moderation:write"}


def in_hours(hours):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def people(world, company, candidate):
    return {"owner": company, "recruiter": world.member(company, "recruiter"), "viewer": world.member(company, "viewer"),
            "candidate": candidate, "operator": world.operator(company)}


def test_create(world, company):
    body = {"name": "HR sync", "scopes": ["jobs:write", "jobs:read"], "expires_at": in_hours(1),
            "allowed_ips": ["127.0.0.0/8", "::1"]}
    answer = company.client.post("/v1/tokens", body).expect(201)
    token = answer.json
    assert token["name"] == "HR sync" and set(token["scopes"]) == {"jobs:read", "jobs:write"}
    assert token["allowed_ips"] == body["allowed_ips"] and token["expires_at"].startswith(body["expires_at"][:-1])
    assert token["secret"].startswith(token["prefix"]) and "last_used_at" not in token
    path = f"/v1/tokens/{token['id']}"
    assert answer.headers["Location"] == path
    shown = company.client.get(path).expect(200).json
    assert "secret" not in shown and shown == {key: value for key, value in token.items() if key != "secret"}
    company.client.as_(token["secret"]).get("/v1/jobs?scope=own").expect(200)
    eventually(lambda: "last_used_at" in company.client.get(path).json, "its use is noted")


@pytest.mark.parametrize("who", MAY_HOLD)
def test_never_wider_than_the_account(people, who):
    for scope in sorted(ALL):
        answer = people[who].client.post("/v1/tokens", {"name": "t", "scopes": [scope]})
        if scope in MAY_HOLD[who]:
            assert answer.expect(201).json["scopes"] == [scope]
        else:
            assert answer.expect(422, "validation_failed").errors == {("/scopes/0", "scope_not_allowed")}


def test_never_wider_than_the_token_that_makes_it(world, company):
    _, client = world.token(company, ["tokens:write", "jobs:read"])
    client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read", "tokens:write"]}).expect(201)
    answer = client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read", "jobs:write", "company:write"]})
    assert answer.expect(422, "validation_failed").errors == {("/scopes/1", "scope_not_allowed"),
                                                              ("/scopes/2", "scope_not_allowed")}


def test_never_longer_nor_from_elsewhere(world, company):
    """A token that ends, or works from few addresses, makes and rotates none that ends later or works from others."""
    _, client = world.token(company, ["tokens:write"], expires_at=in_hours(2), allowed_ips=["127.0.0.0/24", "::1"])

    def made(**more):
        return client.post("/v1/tokens", {"name": "t", "scopes": ["tokens:write"], **more})

    made(expires_at=in_hours(1), allowed_ips=["127.0.0.1", "127.0.0.0/25"]).expect(201)
    assert made().expect(422, "validation_failed").errors == {("/expires_at", "expires_at_not_allowed"),
                                                              ("/allowed_ips", "allowed_ip_not_allowed")}
    answer = made(expires_at=in_hours(3), allowed_ips=["127.0.0.1", "127.0.0.0/8", "::/0"]).expect(422, "validation_failed")
    assert answer.errors == {("/expires_at", "expires_at_not_allowed"), ("/allowed_ips/1", "allowed_ip_not_allowed"),
                             ("/allowed_ips/2", "allowed_ip_not_allowed")}
    for wider in ({}, {"expires_at": in_hours(3), "allowed_ips": ["127.0.0.1"]}, {"expires_at": in_hours(1)}):
        token, _ = world.token(company, ["tokens:write"], **wider)
        client.post(f"/v1/tokens/{token['id']}/rotate").expect(403, "forbidden")


def test_a_token_cannot_reach_a_wider_one(world, company):
    """Rotating answers with a secret: not that of a token with more scopes than the one that asks."""
    wide, _ = world.token(company, ["tokens:write", "jobs:write", "company:write"])
    _, narrow = world.token(company, ["tokens:write"])
    narrow.post(f"/v1/tokens/{wide['id']}/rotate").expect(403, "forbidden")
    company.client.as_(wide["secret"]).get("/v1/tokens").expect(200)


def test_what_cannot_be(company, database):
    before = database.fingerprint()
    body = {"name": "t", "scopes": ["jobs:read"], "expires_at": in_hours(-1), "allowed_ips": ["300.1.2.3", "10.0.0.0/33", "::"]}
    answer = company.client.post("/v1/tokens", body).expect(422, "validation_failed")
    assert answer.errors == {("/expires_at", "expires_at_past"), ("/allowed_ips/0", "allowed_ip_form"),
                             ("/allowed_ips/1", "allowed_ip_form")}
    assert database.fingerprint() == before


def test_list_pages(world):
    company = world.company()
    made = [world.token(company, ["jobs:read"])[0]["id"] for _ in range(7)]
    listed = [token["id"] for token in company.client.pages("/v1/tokens", limit=3)]
    assert listed == made[::-1]
    company.client.delete(f"/v1/tokens/{made[3]}").expect(204)
    assert made[3] not in [token["id"] for token in company.client.pages("/v1/tokens")]


def test_rotate(world, company):
    token, old = world.token(company, ["jobs:read", "tokens:write"], expires_at=in_hours(2))
    old.get("/v1/tokens").expect(200)
    rotated = company.client.post(f"/v1/tokens/{token['id']}/rotate").expect(200).json
    assert rotated["id"] == token["id"] and rotated["scopes"] == token["scopes"]
    assert rotated["expires_at"] == token["expires_at"] and rotated["secret"] != token["secret"] and rotated["rotated_at"]
    old.get("/v1/tokens").expect(401, "invalid_token")
    company.client.as_(rotated["secret"]).get("/v1/tokens").expect(200)


def test_rotate_with_grace(world, company, database):
    """For a while both secrets are the one token: used, listed, narrowed and revoked together."""
    token, old = world.token(company, ["jobs:read", "tokens:write"])
    path = f"/v1/tokens/{token['id']}"
    rotated = company.client.post(path + "/rotate", {"grace_hours": 24}).expect(200).json
    until = datetime.datetime.fromisoformat(rotated["previous_secret_until"][:-1])
    since = datetime.datetime.fromisoformat(rotated["rotated_at"][:-1])
    assert until - since == datetime.timedelta(hours=24)
    new = company.client.as_(rotated["secret"])
    for client in (old, new, old):
        client.get("/v1/jobs?scope=own").expect(200)
    shown = [item for item in company.client.get("/v1/tokens?limit=100").json["items"] if item["id"] == token["id"]]
    assert len(shown) == 1 and shown[0]["prefix"] == rotated["prefix"] and shown[0]["previous_secret_until"]
    database.query("update api_tokens set previous_until = now() where id = %s", token["id"])
    eventually(lambda: old.get("/v1/jobs").status == 401, "the grace is over")
    new.get("/v1/jobs").expect(200)
    assert "previous_secret_until" not in company.client.get(path).json


def test_a_former_secret_gets_nothing_that_outlives_it(world, company):
    """Whoever has the old secret when it is rotated away must not stay in by a new one."""
    token, old = world.token(company, ["jobs:read", "tokens:write"])
    rotate = f"/v1/tokens/{token['id']}/rotate"
    key = {"Idempotency-Key": token["id"]}
    rotated = old.post(rotate, {"grace_hours": 24}, headers=key).expect(200).json
    old.post(rotate, {"grace_hours": 24}).expect(403, "forbidden")
    old.post("/v1/tokens", {"name": "another", "scopes": ["jobs:read"]}).expect(403, "forbidden")
    assert old.post(rotate, {"grace_hours": 24}, headers=key).expect(200).json["secret"] == rotated["secret"]
    new = company.client.as_(rotated["secret"])
    new.post("/v1/tokens", {"name": "another", "scopes": ["jobs:read"]}).expect(201)
    new.post(rotate, {"grace_hours": 0}).expect(200)


def test_the_end_of_the_grace_is_remembered(world, company, database):
    """Nothing announces that it is over."""
    token, old = world.token(company, ["jobs:read"])
    company.client.post(f"/v1/tokens/{token['id']}/rotate", {"grace_hours": 1}).expect(200)
    database.query("alter table api_tokens disable trigger user")
    database.query("update api_tokens set previous_until = now() + interval '1.5 seconds' where id = %s", token["id"])
    database.query("alter table api_tokens enable trigger user")
    end = datetime.datetime.now() + datetime.timedelta(seconds=2)
    statuses = [old.get("/v1/jobs").status]
    while datetime.datetime.now() < end:
        statuses.append(old.get("/v1/jobs").status)
    assert (statuses[0], statuses[-1]) == (200, 401)


def test_a_second_rotation_ends_the_grace_of_the_first(world, company):
    token, first = world.token(company, ["jobs:read"])
    rotate = f"/v1/tokens/{token['id']}/rotate"
    second = company.client.as_(company.client.post(rotate, {"grace_hours": 72}).expect(200).json["secret"])
    first.get("/v1/jobs").expect(200)
    third = company.client.as_(company.client.post(rotate, {"grace_hours": 1}).expect(200).json["secret"])
    first.get("/v1/jobs").expect(401, "invalid_token")
    for client in (second, third):
        client.get("/v1/jobs").expect(200)
    company.client.post(rotate, {"grace_hours": 0}).expect(200)
    for client in (first, second, third):
        client.get("/v1/jobs").expect(401, "invalid_token")


def test_both_secrets_are_revoked_together(world, company):
    token, old = world.token(company, ["jobs:read"])
    new = company.client.as_(company.client.post(f"/v1/tokens/{token['id']}/rotate", {"grace_hours": 5}).json["secret"])
    company.client.delete(f"/v1/tokens/{token['id']}").expect(204)
    for client in (old, new):
        client.get("/v1/jobs").expect(401, "invalid_token")


@pytest.mark.parametrize("body", [{"grace_hours": -1}, {"grace_hours": 73}, {"grace_hours": "1"}, {"grace_hours": None},
                                  {"grace": 1}, {"grace_hours": 1.5}])
def test_what_is_no_grace(world, company, body):
    token, client = world.token(company, ["jobs:read"])
    company.client.post(f"/v1/tokens/{token['id']}/rotate", body).expect(422, "validation_failed")
    client.get("/v1/jobs").expect(200)


def test_grace_does_not_outlive_the_token(world, company, database):
    token, old = world.token(company, ["jobs:read"], expires_at=in_hours(1))
    company.client.post(f"/v1/tokens/{token['id']}/rotate", {"grace_hours": 72}).expect(200)
    old.get("/v1/jobs").expect(200)
    database.query("update api_tokens set expires_at = now() where id = %s", token["id"])
    eventually(lambda: old.get("/v1/jobs").status == 401, "the token has ended, its former secret too")


def test_last_use(world, company, database):
    token, client = world.token(company, ["jobs:read"])
    path = f"/v1/tokens/{token['id']}"
    shown = company.client.get(path).json
    assert "last_used_at" not in shown and "last_used_from" not in shown
    client.get("/v1/jobs").expect(200)
    eventually(lambda: company.client.get(path).json.get("last_used_from") == "127.0.0.0/24", "the network of the last use")
    for address, network in (("192.0.2.77", "192.0.2.0/24"), ("::ffff:192.0.2.77", "192.0.2.0/24"),
                             ("2001:db8:1:2:3::4", "2001:db8:1::/48")):
        database.query("update api_tokens set last_used_at = null where id = %s", token["id"])
        database.value("select token_touch(%s, %s)", token["id"], address)
        assert company.client.get(path).json["last_used_from"] == network


def test_a_hundred_tokens(world, database):
    """Live ones count: not those revoked or expired."""
    company = world.company()
    token, _ = world.token(company, ["jobs:read"])
    database.query("insert into api_tokens (id, account_id, company_id, name, prefix, token_hash, scopes, revoked_at, expires_at) "
                   "select uuid_v7(), t.account_id, t.company_id, 'x', 'sgr_abcd', sha256(n::text::bytea || t.id::text::bytea), "
                   "t.scopes, case when n = 1 then now() end, case when n = 2 then now() end "
                   "from api_tokens t, generate_series(1, 100) as n where t.id = %s", token["id"])
    world.token(company, ["jobs:read"])
    company.client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read"]}).expect(409, "tokens_limit")
    company.client.delete(f"/v1/tokens/{token['id']}").expect(204)
    world.token(company, ["jobs:read"])


def test_a_token_rotates_itself(world, company):
    token, client = world.token(company, ["tokens:write"])
    new = client.post(f"/v1/tokens/{token['id']}/rotate").expect(200).json["secret"]
    client.get("/v1/tokens").expect(401, "invalid_token")
    company.client.as_(new).get("/v1/tokens").expect(200)


def test_revoked_at_once_for_every_connection(world, company, api):
    """Each worker remembers tokens: none may remember one that was revoked."""
    token, client = world.token(company, ["jobs:read"])
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status for answer in pool.map(lambda _: client.get("/v1/jobs"), range(64))} == {200}
        company.client.delete(f"/v1/tokens/{token['id']}").expect(204)
        assert {answer.status for answer in pool.map(lambda _: client.get("/v1/jobs"), range(64))} == {401}
    path = f"/v1/tokens/{token['id']}"
    company.client.get(path).expect(404, "not_found")
    company.client.delete(path).expect(404, "not_found")
    company.client.post(path + "/rotate").expect(404, "not_found")


def test_expires(world, company, database):
    token, client = world.token(company, ["jobs:read"], expires_at=in_hours(1))
    client.get("/v1/jobs").expect(200)
    database.query("update api_tokens set expires_at = now() where id = %s", token["id"])
    eventually(lambda: client.get("/v1/jobs").status == 401, "a token that has expired is refused")


def test_expires_while_it_is_remembered(world, company, database):
    """Nothing announces that a moment has come: who remembers a token remembers its end too."""
    token, client = world.token(company, ["jobs:read"])
    database.query("alter table api_tokens disable trigger user")
    database.query("update api_tokens set expires_at = now() + interval '1.5 seconds' where id = %s", token["id"])
    database.query("alter table api_tokens enable trigger user")
    end = datetime.datetime.now() + datetime.timedelta(seconds=2)
    while datetime.datetime.now() < end:
        last = client.get("/v1/jobs").status
    assert last == 401


def test_allowed_addresses(world, company):
    for ips, status in ((["127.0.0.1"], 200), (["127.0.0.0/8", "192.0.2.1"], 200), (["192.0.2.0/24"], 401), (["::1"], 401)):
        _, client = world.token(company, ["jobs:read"], allowed_ips=ips)
        for _ in range(3):
            assert client.get("/v1/jobs").status == status


def test_what_the_role_lost_the_token_lost(world, company, database):
    member = world.member(company, "recruiter")
    _, client = world.token(member, ["jobs:read", "jobs:write"])
    client.post("/v1/jobs", {"title": "x"}).expect(201)
    database.query("update company_members m set role = 'viewer' from accounts a where a.id = m.account_id and a.email = %s",
                   member.email)
    eventually(lambda: client.post("/v1/jobs", {"title": "x"}).status == 403, "the token lost what its account lost")
    client.get("/v1/jobs?scope=own").expect(200)


def test_of_nobody_else(people, world):
    stranger = world.company()
    token, _ = world.token(people["owner"], ["jobs:read"])
    for client in (stranger.client, people["recruiter"].client, people["candidate"].client):
        client.get(f"/v1/tokens/{token['id']}").expect(404, "not_found")
    people["owner"].client.get(f"/v1/tokens/{uuid.uuid4()}").expect(404, "not_found")
