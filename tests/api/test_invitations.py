"""Invitations to a company: made, sent, taken back, accepted; what they tell to whom."""

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.links import invitation_secret, secret_of
from support.world import PASSWORD, vacancy

ACCEPT = "/v1/invitations/accept"


@pytest.fixture(scope="module")
def company(world):
    made = world.company()
    world.verify(made)
    return made


@pytest.fixture
def secret(database):
    return lambda invitation: invitation_secret(database, invitation["id"])


def path_of(company, invitation=None, tail=""):
    return f"/v1/companies/{company.id}/invitations" + (f"/{invitation['id']}{tail}" if invitation else "")


def newcomer(token, **more):
    return {"token": token, "password": PASSWORD, "name": "Sara Conti", **more}


@pytest.fixture
def sent(database):
    """How many invitations were mailed to an address: each has a link of its own."""
    return lambda email: database.value("select count(*) from link_tokens where purpose = 'invitation' and email = %s", email)


def test_invited_and_accepted_with_a_new_account(world, company, api, secret, sent, database):
    email = world.email("sara")
    made = company.client.post(path_of(company), {"email": email, "role": "recruiter", "language": "it"}).expect(201)
    invitation = made.json
    assert made.headers["Location"] == path_of(company, invitation)
    assert (invitation["status"], invitation["role"], invitation["email"]) == ("pending", "recruiter", email)
    assert invitation["invited_by"] == {"name": "Chiara Fumagalli"}
    days = datetime.datetime.fromisoformat(invitation["expires_at"][:-1]) - datetime.datetime.fromisoformat(
        invitation["sent_at"][:-1])
    assert days == datetime.timedelta(days=7)
    assert sent(email) == 1 and "sgrl_" not in made.body.decode()
    assert database.value("select lang from company_invitations where id = %s", invitation["id"]) == "it"

    accepted = api.post(ACCEPT, newcomer(secret(invitation))).expect(201)
    account, session = accepted.json["account"], accepted.json["session"]
    assert (account["email"], account["name"], account["role"]) == (email, "Sara Conti", "recruiter")
    assert account["company"]["id"] == company.id and accepted.headers["Location"] == "/v1/me"
    api.as_(session["access_token"]).post("/v1/jobs", vacancy(status="draft")).expect(201)
    world.login(email)
    assert database.value("select email_verified_at is not null from accounts where email = %s", email)
    shown = company.client.get(path_of(company, invitation)).expect(200).json
    assert shown["status"] == "accepted" and shown["accepted_at"]
    api.post(ACCEPT, newcomer(secret(invitation))).expect(422, "invalid_link")


def test_accepted_by_an_account_that_is_signed_in(world, company, secret, database):
    """The link counts: the account's address may be another. It acts for two companies from now on, at once."""
    other = world.company()
    other.client.get("/v1/applications").expect(200)
    invitation = world.invitation(company, role="viewer")
    answer = other.client.post(ACCEPT, {"token": secret(invitation)}).expect(200).json
    assert [item["id"] for item in answer["account"]["companies"]] == [other.id, company.id] and "session" not in answer
    other.client.get("/v1/applications").expect(400, "company_required")
    other.client.get("/v1/applications", headers={"Segreteria-Company": company.id}).expect(200)
    again = world.invitation(company, role="owner")
    other.client.post(ACCEPT, {"token": secret(again)}).expect(409, "already_member")
    assert company.client.get(path_of(company, again)).json["status"] == "pending"


def test_the_own_address_is_verified_by_it(world, company, secret, database):
    other = world.company()
    invitation = world.invitation(company, email=other.email.upper(), role="viewer")
    other.client.post(ACCEPT, {"token": secret(invitation)}).expect(200)
    assert database.value("select email_verified_at is not null from accounts where email = %s", other.email)


def test_the_inviting_side_learns_nothing_of_accounts(world, company, candidate):
    """A company's, a candidate's and nobody's address get the same answer."""
    answers = []
    for email in (world.company().email, world.candidate().email, world.email("nobody")):
        answer = company.client.post(path_of(company), {"email": email, "role": "viewer"}).expect(201)
        answers.append({key: value for key, value in answer.json.items() if not key.endswith("_at") and key not in ("id", "email")})
    assert answers[0] == answers[1] == answers[2]


def test_an_address_that_has_an_account(world, company, api, secret, database):
    member, person = world.company(), world.candidate()
    for account, code in ((member, "account_exists"), (person, "account_kind")):
        invitation = world.invitation(company, email=account.email)
        before = database.fingerprint()
        api.post(ACCEPT, newcomer(secret(invitation))).expect(409, code)
        assert database.fingerprint() == before
    person.client.post(ACCEPT, {"token": secret(invitation)}).expect(409, "account_kind")
    world.operator(company).client.post(ACCEPT, {"token": secret(invitation)}).expect(409, "account_kind")


def test_what_a_new_account_needs(world, company, api, secret):
    token = secret(world.invitation(company))
    assert api.post(ACCEPT, {"token": token}).expect(422, "validation_failed").errors == {
        ("/password", "required"), ("/name", "required")}
    assert api.post(ACCEPT, {"token": token, "name": "x"}).expect(422, "validation_failed").errors == {("/password", "required")}
    api.post(ACCEPT, newcomer(token, password="short")).expect(422, "validation_failed")
    signed_in = world.company().client
    assert signed_in.post(ACCEPT, newcomer(token)).expect(422, "validation_failed").errors == {
        ("/password", "false_schema"), ("/name", "false_schema")}
    signed_in.post(ACCEPT, {"token": token}).expect(200)


def test_no_link(world, company, api, database):
    before = database.fingerprint()
    for token in ("x", "sgrl_" + "0" * 49, secret_of(uuid.uuid4(), "invitation")):
        api.post(ACCEPT, newcomer(token)).expect(422, "invalid_link")
        company.client.post(ACCEPT, {"token": token}).expect(422, "invalid_link")
    assert database.fingerprint() == before


def test_a_link_of_another_purpose(company, api, database):
    link = database.value("select uuid_v7()")
    database.query("insert into link_tokens (id, purpose, email, token_hash, expires_at) values (%s, 'verify_email', 'a@b.example', "
                   "decode(repeat('00', 32), 'hex'), now() + interval '1 day')", link)
    api.post(ACCEPT, newcomer(secret_of(link, "verify_email"))).expect(422, "invalid_link")


def test_an_api_token_joins_nothing(world, company, secret):
    invitation = world.invitation(company)
    _, client = world.token(world.company(), ["profile:write", "company:write"])
    client.post(ACCEPT, {"token": secret(invitation)}).expect(403, "forbidden")


def test_used_once_by_many_at_once(world, company, api, secret, database):
    token = secret(world.invitation(company, email=(email := world.email("race"))))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api.post(ACCEPT, newcomer(token)), range(6)))
    assert sorted(answer.status for answer in answers)[0] == 201
    assert {answer.status for answer in answers[1:] if answer.status != 201} <= {409, 422}
    assert [answer.status for answer in answers].count(201) == 1
    assert database.value("select count(*) from accounts where email = %s", email) == 1


def test_the_same_request_twice(world, company, api, secret):
    """With an Idempotency-Key the account is made once, and the second answer holds the same session."""
    token = secret(world.invitation(company))
    key = {"headers": {"Idempotency-Key": uuid.uuid4().hex}}
    first = api.post(ACCEPT, newcomer(token), **key).expect(201)
    second = api.post(ACCEPT, newcomer(token), **key).expect(201)
    assert second.headers["Idempotent-Replayed"] == "true" and second.json == first.json
    other = {**newcomer(token), "name": "Sara Bianchi"}
    assert b"sgr" not in api.post(ACCEPT, other, **key).expect(422, "idempotency_key_reused").body
    api.post(ACCEPT, newcomer(token), headers={"Idempotency-Key": uuid.uuid4().hex}).expect(422, "invalid_link")


def test_the_same_request_many_times_at_once(world, company, api, secret):
    """Who comes while the first is under way hears so, or gets its answer; nobody is told that the link is used up."""
    for _ in range(5):
        body, key = newcomer(secret(world.invitation(company))), {"Idempotency-Key": uuid.uuid4().hex}
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: api.post(ACCEPT, body, headers=key), range(6)))
        assert {answer.status for answer in answers} <= {201, 409}
        assert {answer.json["code"] for answer in answers if answer.status == 409} <= {"idempotency_in_progress"}
        assert len({answer.body for answer in answers if answer.status == 201}) == 1


def test_revoked(world, company, api, secret):
    invitation = world.invitation(company)
    token = secret(invitation)
    company.client.delete(path_of(company, invitation)).expect(204)
    api.post(ACCEPT, newcomer(token)).expect(422, "invalid_link")
    assert company.client.get(path_of(company, invitation)).json["status"] == "revoked"
    assert company.client.delete(path_of(company, invitation)).expect(409, "invitation_over").json["current"] == "revoked"
    company.client.post(path_of(company, invitation, "/resend")).expect(409, "invitation_over")
    company.client.delete(path_of(company) + "/" + str(uuid.uuid4())).expect(404, "not_found")


def test_expired(world, company, api, secret, database):
    invitation = world.invitation(company, email=(email := world.email("late")))
    database.query("update company_invitations set expires_at = now() where id = %s", invitation["id"])
    database.query("update link_tokens set expires_at = now() where email = %s", email)
    api.post(ACCEPT, newcomer(secret(invitation))).expect(422, "invalid_link")
    assert company.client.get(path_of(company, invitation)).json["status"] == "expired"
    fresh = world.invitation(company, email=email)  # takes the place of the one that expired
    assert company.client.get(path_of(company, invitation)).json["status"] == "revoked"
    api.post(ACCEPT, newcomer(secret(fresh))).expect(201)


def test_sent_again(world, company, api, secret, sent, database):
    invitation = world.invitation(company, email=(email := world.email("again")))
    old, resend = secret(invitation), path_of(company, invitation, "/resend")
    company.client.post(resend).expect(409, "invitations_limit")
    database.query("update company_invitations set sent_at = now() - interval '11 minutes' where id = %s", invitation["id"])
    again = company.client.post(resend).expect(200).json
    assert again["id"] == invitation["id"] and again["sent_at"] > invitation["sent_at"]
    assert sent(email) == 2
    api.post(ACCEPT, newcomer(old)).expect(422, "invalid_link")
    assert secret(invitation) != old
    api.post(ACCEPT, newcomer(secret(invitation))).expect(201)


def test_already_there(world, company, database):
    member = world.member(company, "viewer")
    refused = company.client.post(path_of(company), {"email": member.email.upper(), "role": "owner"})
    assert refused.expect(409, "already_member").json["member_id"] == world.membership(company, member)
    invitation = world.invitation(company, email=(email := world.email("twice")))
    refused = company.client.post(path_of(company), {"email": email.title(), "role": "owner"})
    assert refused.expect(409, "already_invited").json["invitation_id"] == invitation["id"]


def test_an_unverified_address_invites_nobody(world, database):
    fresh = world.company()
    database.query("update accounts set email_verified_at = null where email = %s", fresh.email)
    before = database.fingerprint()
    fresh.client.post(path_of(fresh), {"email": world.email(), "role": "viewer"}).expect(403, "email_unverified")
    assert database.fingerprint() == before


def test_owners_only(world, company, api):
    invitation = world.invitation(company)
    for role in ("recruiter", "viewer"):
        client = world.member(company, role).client
        client.get(path_of(company)).expect(403, "forbidden")
        client.post(path_of(company), {"email": world.email(), "role": "viewer"}).expect(403, "forbidden")
        client.get(path_of(company, invitation)).expect(403, "forbidden")
        client.delete(path_of(company, invitation)).expect(403, "forbidden")
        client.post(path_of(company, invitation, "/resend")).expect(403, "forbidden")
    stranger = world.company()
    stranger.client.get(path_of(stranger, invitation)).expect(404, "not_found")
    stranger.client.delete(path_of(stranger, invitation)).expect(404, "not_found")


@pytest.mark.parametrize("body", [{}, {"email": "x", "role": "viewer"}, {"email": "a@b.example", "role": "king"},
                                  {"email": "a@b.example", "role": "viewer", "language": "fr"},
                                  {"email": "a@b.example", "role": "viewer", "password": "x"}])
def test_what_is_no_invitation(company, body):
    company.client.post(path_of(company), body).expect(422, "validation_failed")


def test_limits(world, database):
    crowded = world.company()
    world.verify(crowded)
    first = world.invitation(crowded)

    def fill(rows, email="'x' || n || '@example.org'", at="now() - interval '2 days'", end="null", sent=1):
        database.query("delete from company_invitations where company_id = %s and id <> %s", crowded.id, first["id"])
        database.query(f"insert into company_invitations (id, company_id, email, role, lang, link_id, created_at, sent_at, revoked_at,"
                       f" sent) select uuid_v7(), %s, {email}, 'viewer', 'en', uuid_v7(), {at}, {at}, {end}, {sent}"
                       f" from generate_series(1, {rows}) as n", crowded.id)

    def invite(email=None):
        return crowded.client.post(path_of(crowded), {"email": email or world.email(), "role": "viewer"})

    fill(49)
    invite().expect(409, "invitations_limit")  # 50 open
    fill(48)
    invite().expect(201)
    fill(99, at="now()", end="now()")
    invite().expect(409, "invitations_limit")  # 100 today
    fill(1, email="'flooded@example.org'", at="now()", end="now()", sent=5)
    invite("Flooded@example.org").expect(409, "invitations_limit")  # 5 messages to one address today
    invite().expect(201)
    fill(1)
    database.query("insert into accounts (id, kind, email, password_hash, name) select uuid_v7(), 'company', 'many' || n || "
                   "'@example.org', '!', 'x' from generate_series(1, 197) as n")
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'viewer' from accounts "
                   "where email like 'many%%@example.org'", crowded.id)
    invite().expect(409, "members_limit")  # 198 members and 2 open invitations
    assert len(crowded.client.get(f"/v1/companies/{crowded.id}/members?limit=100").json["items"]) == 100


def test_a_company_that_is_full(world, api, secret, database):
    """Members came in another way since: what was open fits no more."""
    full = world.company()
    world.verify(full)
    invitation = world.invitation(full)
    database.query("insert into accounts (id, kind, email, password_hash, name) select uuid_v7(), 'company', 'full' || n || "
                   "'@example.org', '!', 'x' from generate_series(1, 199) as n")
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'viewer' from accounts "
                   "where email like 'full%%@example.org'", full.id)
    api.post(ACCEPT, newcomer(secret(invitation))).expect(409, "members_limit")


def test_twenty_companies(world, company, secret, database):
    busy = world.company()
    for _ in range(19):
        other = world.company()
        database.query("insert into company_members (company_id, account_id, role) select %s, id, 'viewer' from accounts "
                       "where email = %s", other.id, busy.email)
    invitation = world.invitation(company)
    busy.client.post(ACCEPT, {"token": secret(invitation)}).expect(409, "companies_limit")


def test_list(world, database):
    lister = world.company()
    world.verify(lister)
    made = [world.invitation(lister) for _ in range(3)]
    lister.client.delete(path_of(lister, made[1])).expect(204)
    items = lister.client.get(path_of(lister)).expect(200).json["items"]
    assert [(item["id"], item["status"]) for item in items] == [
        (made[2]["id"], "pending"), (made[1]["id"], "revoked"), (made[0]["id"], "pending")]
    pending = lister.client.get(path_of(lister) + "?status=pending,expired").json["items"]
    assert [item["id"] for item in pending] == [made[2]["id"], made[0]["id"]]
    assert len(list(lister.client.pages(path_of(lister), limit=2))) == 3
    lister.client.get(path_of(lister) + "?status=open").expect(400, "invalid_parameter")


def member_path(world, company, account):
    return f"/v1/companies/{company.id}/members/{world.membership(company, account)}"


@pytest.mark.parametrize("how", ["removed", "left", "no owner any more", "account deleted"])
def test_they_end_with_the_right_of_who_sent_them(world, company, api, secret, database, how):
    owner = world.member(company, "owner")
    world.verify(owner)
    elsewhere = world.company()
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'owner' from accounts where email = %s",
                   elsewhere.id, owner.email)
    theirs = owner.client.post(path_of(company), {"email": world.email(), "role": "owner"}).expect(201).json
    taken = owner.client.post(path_of(company), {"email": world.email(), "role": "viewer"}).expect(201).json
    late = owner.client.post(path_of(company), {"email": world.email(), "role": "viewer"}).expect(201).json
    other = owner.client.post(path_of(elsewhere), {"email": world.email(), "role": "viewer"}).expect(201).json
    mine = world.invitation(company)
    api.post(ACCEPT, newcomer(secret(taken))).expect(201)
    database.query("update company_invitations set expires_at = now() where id = %s", late["id"])
    if how == "removed":
        company.client.delete(member_path(world, company, owner)).expect(204)
    elif how == "left":
        owner.client.delete(member_path(world, company, owner)).expect(204)
    elif how == "no owner any more":
        company.client.patch(member_path(world, company, owner), {"role": "recruiter"}).expect(200)
    else:
        owner.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)

    def status(of, invitation):
        return of.client.get(path_of(of, invitation)).expect(200).json["status"]

    assert [status(company, one) for one in (theirs, taken, late, mine)] == ["revoked", "accepted", "expired", "pending"]
    assert status(elsewhere, other) == ("revoked" if how == "account deleted" else "pending")
    api.post(ACCEPT, newcomer(secret(theirs))).expect(422, "invalid_link")
    (told,) = [entry for entry in company.client.pages("/v1/audit") if entry["action"] == "invitation.revoked"
               and entry["subject"].get("id") == theirs["id"]]
    assert told["detail"] == {"role": "owner", "inviter_left": True}
    api.post(ACCEPT, newcomer(secret(mine))).expect(201)
    world.invitation(company, email=theirs["email"])  # by somebody who may


def test_who_sends_one_again_vouches_for_it(world, company, api, secret, database):
    owner = world.member(company, "owner")
    world.verify(owner)
    invitation = owner.client.post(path_of(company), {"email": world.email(), "role": "viewer"}).expect(201).json
    assert invitation["invited_by"]["name"] == "A owner"
    database.query("update company_invitations set sent_at = now() - interval '11 minutes' where id = %s", invitation["id"])
    again = company.client.post(path_of(company, invitation, "/resend")).expect(200).json
    assert again["invited_by"]["name"] == "Chiara Fumagalli"
    company.client.delete(member_path(world, company, owner)).expect(204)
    api.post(ACCEPT, newcomer(secret(invitation))).expect(201)


def test_accepted_while_its_sender_is_removed(world, api, secret, database):
    """Either it was accepted before, or it was revoked before: never both, and nobody waits in a circle."""
    company = world.company()
    world.verify(company)
    for _ in range(8):
        owner = world.member(company, "owner")
        world.verify(owner)
        invitation = owner.client.post(path_of(company), {"email": world.email(), "role": "viewer"}).expect(201).json
        token, member = secret(invitation), member_path(world, company, owner)
        with ThreadPoolExecutor(2) as pool:
            accepted = pool.submit(lambda: api.post(ACCEPT, newcomer(token)))
            removed = pool.submit(lambda: company.client.delete(member))
        removed.result().expect(204)
        outcome = accepted.result().status, company.client.get(path_of(company, invitation)).json["status"]
        assert outcome in ((201, "accepted"), (422, "revoked"))
