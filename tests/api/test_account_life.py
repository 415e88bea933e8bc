"""An account over time: its sessions, another password, its end."""

import pytest
from support.eventually import eventually
from support.links import invitation_secret
from support.server import Server
from support.world import PASSWORD, vacancy

pytestmark = pytest.mark.usefixtures("forget_attempts")

NEW = "seven lamps on the lake"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
          "Mobile/15E148 Safari/604.1")


@pytest.fixture(scope="module")
def server_options():
    return ["--trusted-proxy", "127.0.0.1"]


def sign_in(api, email, password=PASSWORD, **headers):
    return api.post("/v1/sessions", {"email": email, "password": password}, headers=headers)


def change(account, current=PASSWORD, new=NEW, **more):
    return account.client.put("/v1/me/password", {"current_password": current, "new_password": new, **more})


def leave(account, password=PASSWORD):
    return account.client.delete("/v1/me", body=('{"password": "%s"}' % password).encode(),
                                 headers={"Content-Type": "application/json"})


def account_of(database, email):
    return database.value("select id from accounts where email = %s", email)


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_sessions_are_listed(api, person):
    for agent, address in ((FIREFOX, "192.0.2.77"), (SAFARI, "2001:db8:41:9::5"), ("curl/8.5.0", "::ffff:203.0.113.9"),
                           ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0", "192.0.2.78")):
        session = sign_in(api, person.email, **{"User-Agent": agent, "X-Forwarded-For": address}).expect(201).json["session"]
    client = api.as_(session["access_token"])
    items = client.get("/v1/sessions").expect(200).json["items"]
    assert [(i.get("client"), i["place"], i["current"]) for i in items[:4]] == [
        ("Edge, Windows", "192.0.2.0/24", True), ("curl", "203.0.113.0/24", False),
        ("Safari, iOS", "2001:db8:41::/48", False), ("Firefox, Linux", "192.0.2.0/24", False)]
    assert len(items) == 5 and all(i["created_at"] <= i["last_seen_at"] for i in items)
    assert [i["id"] for i in client.pages("/v1/sessions", limit=2)] == [i["id"] for i in items]


def test_a_session_that_is_over_is_not_listed(api, person, database):
    other = sign_in(api, person.email).expect(201).json["session"]
    assert len(person.client.get("/v1/sessions").expect(200).json["items"]) == 2
    api.as_(other["access_token"]).delete("/v1/sessions/current").expect(204)
    assert [i["current"] for i in person.client.get("/v1/sessions").expect(200).json["items"]] == [True]
    database.query("update session_tokens set refresh_expires_at = now() where session_id in (select id from sessions where "
                   "account_id = %s)", account_of(database, person.email))
    assert person.client.get("/v1/sessions").expect(200).json["items"] == []


def test_last_seen(person, database):
    account = account_of(database, person.email)
    database.query("update sessions set last_seen_at = now() - interval '2 minutes' where account_id = %s", account)
    before = database.value("select last_seen_at from sessions where account_id = %s", account)
    database.query("select pg_notify('segreteria_auth', %s)", str(account))  # what workers remember is forgotten

    def seen():
        person.client.get("/v1/me").expect(200)
        return database.value("select last_seen_at from sessions where account_id = %s", account) > before

    eventually(seen, "the session was seen")


def test_ending_one_session(api, person, world):
    other = world.login(person.email)
    items = person.client.get("/v1/sessions").expect(200).json["items"]
    theirs = next(i["id"] for i in items if not i["current"])
    world.candidate().client.delete(f"/v1/sessions/{theirs}").expect(404, "not_found")
    person.client.delete(f"/v1/sessions/{theirs}").expect(204)
    other.client.get("/v1/me").expect(401, "invalid_token")
    api.post("/v1/sessions/refresh", {"refresh_token": other.session["refresh_token"]}).expect(401, "invalid_refresh_token")
    person.client.delete(f"/v1/sessions/{theirs}").expect(404, "not_found")
    mine = next(i["id"] for i in items if i["current"])
    person.client.delete(f"/v1/sessions/{mine}").expect(204)
    person.client.get("/v1/me").expect(401, "invalid_token")


def test_ending_the_others(person, world):
    others = [world.login(person.email) for _ in range(3)]
    person.client.delete("/v1/sessions").expect(204)
    for other in others:
        other.client.get("/v1/me").expect(401, "invalid_token")
    assert len(person.client.get("/v1/sessions").expect(200).json["items"]) == 1
    _, program = world.token(person, ["profile:write"])
    program.delete("/v1/sessions").expect(204)
    person.client.get("/v1/me").expect(401, "invalid_token")


# --- password ---------------------------------------------------------------------------------------------------------


def test_another_password(api, person, world):
    other = world.login(person.email)
    _, program = world.token(person, ["profile:read"])
    change(person).expect(204)
    person.client.get("/v1/me").expect(200)
    program.get("/v1/me").expect(200)
    other.client.get("/v1/me").expect(401, "invalid_token")
    sign_in(api, person.email).expect(401, "invalid_credentials")
    sign_in(api, person.email, NEW).expect(201)


def test_another_password_and_no_tokens(person, world):
    _, program = world.token(person, ["profile:read"])
    change(person, revoke_tokens=True).expect(204)
    program.get("/v1/me").expect(401, "invalid_token")


def test_a_program_may_change_the_password_it_knows(api, person, world):
    _, program = world.token(person, ["profile:write"])
    program.put("/v1/me/password", {"current_password": PASSWORD, "new_password": NEW, "revoke_tokens": True}).expect(204)
    person.client.get("/v1/me").expect(401, "invalid_token")
    program.delete("/v1/sessions").expect(204)  # the one that asked goes on


def test_links_for_setting_a_password_are_void(person, database):
    account = account_of(database, person.email)
    database.query("insert into link_tokens (id, purpose, account_id, token_hash, expires_at) values (uuid_v7(), "
                   "'password_reset', %s, sha256(%s::text::bytea), now() + interval '1 hour')", account, person.email)
    change(person).expect(204)
    assert database.value("select used_at is not null from link_tokens where account_id = %s and purpose = 'password_reset'",
                          account)


def test_a_wrong_present_password(api, person, database):
    before = database.fingerprint()
    for _ in range(10):
        change(person, current="not the password").expect(403, "wrong_password")
    refused = change(person).expect(429, "too_many_attempts")
    assert int(refused.headers["Retry-After"]) > 0
    assert database.fingerprint() == before
    sign_in(api, person.email).expect(429, "too_many_attempts")  # it is one and the same counter


@pytest.mark.parametrize("password, code", [
    ("basketball", "password_common"), ("BasketBall", "password_common"), ("1234567890", "password_common"),
    ("aaaaaaaaaaaa", "password_common"), ("abcdefghijklmn", "password_common"), ("9876543210", "password_common"),
    ("abc1abc1abc1", "password_common"), ("qwertyuiop", "password_common"), ("Segreteria2026", "password_context"),
    ("segreteria!!", "password_context"), ("too short", "min_length")])
def test_passwords_that_may_not_be_chosen(api, person, world, password, code):
    assert ("/new_password", code) in change(person, new=password).expect(422, "validation_failed").errors
    body = {"email": world.email(), "password": password, "given_name": "A", "family_name": "B"}
    assert ("/password", code) in api.post("/v1/candidates", body).expect(422, "validation_failed").errors


def test_the_address_is_no_password(api, world):
    body = {"email": "giulia.montanari@example.org", "given_name": "A", "family_name": "B"}
    for password in ("giuliamontanari", "Giulia.Montanari1", "montanari.giulia", "giulia.montanari@example.org"):
        errors = api.post("/v1/candidates", {**body, "password": password}).expect(422, "validation_failed").errors
        assert errors == {("/password", "password_context")}
    api.post("/v1/candidates", {**body, "password": "montanari likes old lamps"}).expect(201)
    company = {"company": {"legal_name": "A", "name": "A", "country": "IT", "kind": "employer"},
               "owner": {"email": "owner.person@example.org", "password": "owner.person", "name": "A"}}
    assert api.post("/v1/companies", company).expect(422, "validation_failed").errors == {("/owner/password", "password_context")}


# --- the end ----------------------------------------------------------------------------------------------------------


def test_a_candidate_goes(api, world, database):
    company, person = world.company(), world.candidate(headline="Somebody remarkable", phone="+39 333 0123456")
    account = account_of(database, person.email)
    open_one, ended = (world.application(person, world.job(company), cover_letter="It is me, Lia Rossi.") for _ in range(2))
    company.client.patch(f"/v1/applications/{ended['id']}", {"status": "rejected"}).expect(200)
    person.client.post("/v1/documents", body=b"Lia Rossi, curriculum vitae\n", params={"name": "Curriculum of Lia.txt"},
                       headers={"Content-Type": "text/plain"}).expect(201)
    _, program = world.token(person, ["profile:read"])
    leave(person, "not the password").expect(403, "wrong_password")
    receipt = leave(person).expect(200).json
    assert receipt["erased"] == {"sessions": 1, "tokens": 1, "memberships": 0, "documents": 1, "applications": 2,
                                 "applications_withdrawn": 1}
    for client in (person.client, program):
        client.get("/v1/me").expect(401, "invalid_token")
    sign_in(api, person.email).expect(401, "invalid_credentials")

    for document, status in ((open_one, "withdrawn"), (ended, "rejected")):
        seen = company.client.get(f"/v1/applications/{document['id']}").expect(200).json
        assert seen["status"] == status and "cover_letter" not in seen and seen["answers"] == []
        assert seen["candidate"] == {"id": seen["candidate"]["id"], "given_name": "Deleted", "family_name": "account"}
        assert seen["candidate"]["id"] != person.id
    events = company.client.get(f"/v1/applications/{open_one['id']}/events").expect(200).json["items"]
    assert sorted(e["type"] for e in events) == ["submitted", "withdrawn"]
    assert database.value("select count(*) from erasures where id = %s and account_id = %s", receipt["id"], account) == 1
    for table in database.tables():  # nothing tells who it was
        text = database.value(f"select coalesce(string_agg(t::text, ' '), '') from {table} t")
        for trace in (person.email, "remarkable", "0123456", "It is me", "Curriculum of Lia"):
            assert trace not in text or table == "idempotency_keys", (table, trace)
    world.client.post("/v1/candidates", {"email": person.email, "password": PASSWORD, "given_name": "A",
                                         "family_name": "B"}).expect(201)  # the address is free again


def test_a_candidate_without_applications_leaves_no_row(world, database):
    person = world.candidate()
    leave(person).expect(200)
    assert database.value("select count(*) from candidates where id = %s", person.id) == 0


def test_a_member_goes(world, database):
    company = world.company()
    recruiter, other_owner = world.member(company, "recruiter"), world.member(company, "owner")
    job = recruiter.client.post("/v1/jobs", vacancy()).expect(201).json
    assert leave(recruiter).expect(200).json["erased"]["memberships"] == 1
    company.client.get(f"/v1/jobs/{job['id']}").expect(200)
    leave(company).expect(200)  # there is another owner
    leave(other_owner).expect(409, "last_owner")
    assert database.value("select count(*) from job_events where account_id is not null and account_id not in "
                          "(select id from accounts)") == 0


def test_the_last_owner_with_members(world, database):
    company = world.company()
    world.member(company, "viewer")
    before = database.fingerprint()
    assert leave(company).expect(409, "last_owner").json["company_id"] == company.id
    assert database.fingerprint() == before


def test_the_last_owner_with_open_vacancies(api, world):
    company = world.company()
    job, draft = world.job(company), world.job(company, status="draft")
    leave(company).expect(409, "last_owner")
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    leave(company).expect(200)
    api.get(f"/v1/jobs/{job['id']}").expect(410, "job_closed")
    api.get(f"/v1/jobs/{draft['id']}").expect(404, "not_found")
    assert api.get(f"/v1/companies/{company.id}").expect(200).json["name"] == "Lario Meccanica"


def test_nobody_is_invited_to_a_company_that_was_closed(api, world, database):
    company = world.company()
    world.verify(company)
    world.job(company, status="draft")
    job = world.job(company)
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    link = {"token": invitation_secret(database, world.invitation(company, role="viewer")["id"])}
    leave(company).expect(200)
    api.post("/v1/invitations/accept", {**link, "password": NEW, "name": "Sara Conti"}).expect(422, "invalid_link")
    world.company().client.post("/v1/invitations/accept", link).expect(422, "invalid_link")
    assert database.value("select count(*) from company_members where company_id = %s", company.id) == 0


def test_a_company_that_never_had_a_vacancy_goes_along(api, world):
    company = world.company()
    leave(company).expect(200)
    api.get(f"/v1/companies/{company.id}").expect(404, "not_found")


def test_an_operator_is_not_deleted_here(world, company):
    leave(world.operator(company)).expect(403, "forbidden")


def test_gone_for_every_instance(person, database, tmp_path):
    other = Server(tmp_path, database.conninfo)
    try:
        client = other.client(person.token)
        client.get("/v1/me").expect(200)
        leave(person).expect(200)
        eventually(lambda: client.get("/v1/me").status == 401, "the other instance has heard of it", seconds=5)
    finally:
        other.stop()
