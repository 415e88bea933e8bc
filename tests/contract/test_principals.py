"""Every operation, called by everybody who must not: the callers and what they get are made from openapi.yaml, and nothing
may have changed in the data base afterwards. An operation that callers.REQUESTS does not know fails a test."""

import secrets
import uuid
import zlib

import pytest
from callers import REQUESTS, Stage
from support.contract import API, OPERATIONS
from support.eventually import eventually
from support.links import ALPHABET, base62
from support.world import vacancy

CHALLENGE = 'Bearer realm="segreteria"'
INVALID = CHALLENGE + ', error="invalid_token"'
SCOPES = API["components"]["schemas"]["Scope"]["enum"]


def unknown_token():
    """In every way like a token, but nobody's."""
    body = base62(int.from_bytes(secrets.token_bytes(32), "big"), 43)
    return f"sgr_{body}{base62(zlib.crc32(body.encode()), 6)}"


WITH_TOKEN = [op for op in OPERATIONS.values() if op.takes_token]
PROTECTED = [op for op in WITH_TOKEN if not op.public]


def send(stage, operation, client, **more):
    entry = REQUESTS[operation.id]
    body = entry["body"](stage) if entry["body"] else None
    path = operation.fill(entry["path"](stage)) + entry["query"]
    if operation.id == "jobs_batch":
        more["headers"] = {**more.get("headers", {}), "Content-Type": "application/x-ndjson"}
    if isinstance(body, bytes):
        more["headers"] = {**more.get("headers", {}), "Content-Type": "application/pdf"}
        return client.request(operation.method, path, body=body, **more)
    return client.request(operation.method, path, body, **more)


def ids(value):
    return value.id if hasattr(value, "id") else value


@pytest.fixture(scope="module")
def stage(world):
    return Stage(world)


@pytest.fixture
def unchanged(stage, database):
    """After the test the data base must be as it was before."""
    before = database.fingerprint()
    yield
    after = database.fingerprint()
    assert after == before, {table: (before.get(table), after[table]) for table in after if after[table] != before.get(table)}


def test_every_operation_is_here():
    assert set(REQUESTS) == set(OPERATIONS)


@pytest.mark.parametrize("operation", PROTECTED, ids=ids)
def test_everything_with_a_path_says_what_strangers_get(operation):
    """A stranger of each kind of account that may call: a company for a company's things, a candidate for a candidate's."""
    if operation.parameters("path"):
        strangers = {"company": "other_company", "candidate": "other_candidate", "operator": "operator"}
        foreign = REQUESTS[operation.id]["foreign"]
        if operation.id.startswith(("tokens_", "sessions_")):
            strangers["candidate"] = "candidate"  # what is asked for is a company's
        assert {strangers[kind] for kind in operation.principals} <= set(foreign)


# --- nobody, and tokens that are no good ------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", PROTECTED, ids=ids)
def test_nobody(operation, stage, api, unchanged):
    answer = send(stage, operation, api).expect(401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def bad_tokens(stage, database):
    """{name: Authorization}; each one was once good or looks it."""
    world, company = stage.world, stage.company
    scopes = ["jobs:read", "jobs:write", "applications:read", "applications:write", "company:read", "company:write",
              "profile:read", "profile:write", "tokens:write"]

    def sql(statement, document):
        database.query(statement + " where id = %s", document["id"])
        return document["secret"]

    good, _ = world.token(company, scopes)
    revoked, _ = world.token(company, scopes)
    company.client.delete(f"/v1/tokens/{revoked['id']}").expect(204)
    rotated, _ = world.token(company, scopes)
    company.client.post(f"/v1/tokens/{rotated['id']}/rotate").expect(200)
    elsewhere, _ = world.token(company, scopes, allowed_ips=["192.0.2.0/24", "2001:db8::/32"])
    ended, refreshed, late = (world.login(company.email) for _ in range(3))
    ended.client.delete("/v1/sessions/current").expect(204)
    database.query("update session_tokens set access_expires_at = now() - interval '1 second' where session_id = (select "
                   "session_id from session_tokens order by id desc limit 1)")
    disabled, leaver = world.candidate(), world.member(company, "recruiter")
    database.query("update accounts set disabled_at = now() where lower(email) = lower(%s)", disabled.email)
    disabled_token = disabled.token
    database.query("delete from company_members using accounts where accounts.id = account_id and email = %s", leaver.email)
    last = ALPHABET[(ALPHABET.index(good["secret"][-1]) + 1) % 62]
    return {
        "expired": sql("update api_tokens set expires_at = now() - interval '1 second'", world.token(company, scopes)[0]),
        "revoked": revoked["secret"],
        "rotated away": rotated["secret"],
        "used from elsewhere": elsewhere["secret"],
        "session ended": ended.token,
        "session expired": late.token,
        "refresh token": refreshed.session["refresh_token"],
        "account disabled": disabled_token,
        "unknown": unknown_token(),
        "wrong checksum": good["secret"][:-1] + last,
        "too short": good["secret"][:-1],
        "too long": good["secret"] + "0",
        "upper case": good["secret"].upper(),
        "a space inside": good["secret"][:20] + " " + good["secret"][20:],
        "its hash": "\\x" + "00" * 32,
        "quote": "' or 1=1 --",
        "long": "sgr_" + "0" * 5000,
    }, good["secret"], leaver


@pytest.fixture(scope="module")
def tokens(stage, database):
    return bad_tokens(stage, database)


BAD = ["expired", "revoked", "rotated away", "used from elsewhere", "session ended", "session expired", "refresh token",
       "account disabled", "unknown", "wrong checksum", "too short", "too long", "upper case", "a space inside", "its hash",
       "quote", "long"]


def test_every_bad_token_is_tried(tokens):
    assert list(tokens[0]) == BAD


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("operation", WITH_TOKEN, ids=ids)
def test_bad_token(operation, bad, stage, tokens, api, unchanged):
    answer = send(stage, operation, api.as_(tokens[0][bad])).expect(401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == INVALID


@pytest.mark.parametrize("scheme", ["Basic {}", "Token {}", "{}", "Bearer", "Bearer{}", "Bearer {},", "Bearer  "])
def test_another_scheme(scheme, tokens, api, unchanged):
    answer = api.get("/v1/me", headers={"Authorization": scheme.format(tokens[1])}).expect(401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == INVALID


def test_the_scheme_is_without_case(tokens, api):
    for scheme in ("bearer", "BEARER", "Bearer "):
        api.get("/v1/me", headers={"Authorization": f"{scheme} {tokens[1]}"}).expect(200)


@pytest.mark.parametrize("target", ["/v1/me?access_token={}", "/v1/jobs?access_token={}"])
def test_a_token_in_the_address_is_refused(target, tokens, api):
    assert api.get(target.format(tokens[1])).status in (400, 401)


# What concerns the account and no company.
OWN_ACCOUNT = {"sessions_delete", "sessions_list", "sessions_end_others", "me_get", "me_patch", "me_password", "me_delete",
               "me_totp_get", "me_totp_start", "me_totp_confirm", "me_totp_delete", "me_totp_recovery", "tokens_list",
               "email_verification", "email_change", "profile_get", "profile_put", "profile_completeness", "profile_export",
               "profile_import", "me_export_create", "me_export_get", "me_export_content",
               "visibility_get", "visibility_put", "shield_get", "shield_put"}


@pytest.mark.parametrize("operation", [op for op in PROTECTED if op.id not in OWN_ACCOUNT], ids=ids)
def test_former_member(operation, stage, tokens, unchanged):
    """An account that has left its company keeps its session, and may do nothing with it for the company."""
    answer = send(stage, operation, tokens[2].client)
    assert answer.status in (403, 404), answer.body
    assert answer.json["code"] in ("forbidden", "insufficient_scope", "not_found")


# --- the wrong kind, role, scope --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["company", "candidate", "operator"])
@pytest.mark.parametrize("operation", WITH_TOKEN, ids=ids)
def test_wrong_kind_of_account(operation, kind, stage, unchanged):
    if kind in operation.principals:
        return
    send(stage, operation, stage.anyone_of(kind).client).expect(403, "forbidden")


@pytest.mark.parametrize("role", ["recruiter", "viewer"])
@pytest.mark.parametrize("operation", WITH_TOKEN, ids=ids)
def test_wrong_role(operation, role, stage, unchanged):
    if "company" not in operation.principals or role in operation.roles:
        return
    send(stage, operation, getattr(stage, role).client).expect(403, "forbidden")


@pytest.mark.parametrize("operation, scope", [(op, scope) for op in WITH_TOKEN for scope in op.scopes],
                         ids=lambda value: ids(value))
def test_scope_missing(operation, scope, stage, database):
    caller = stage.rightful(operation)
    kind = operation.principals[0] if caller is not stage.company else "company"
    most = database.value("select principal_scopes(%s, %s)", kind, "owner" if kind == "company" else None)
    document, client = stage.world.token(caller, [name for name in most if name != scope])
    stage.passing.append(document["id"])
    assert scope not in document["scopes"]
    before = database.fingerprint()
    answer = send(stage, operation, client).expect(403, "insufficient_scope")
    assert answer.headers["WWW-Authenticate"] == f'{CHALLENGE}, error="insufficient_scope", scope="{" ".join(operation.scopes)}"'
    assert database.fingerprint() == before


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=ids)
def test_the_rightful_caller_gets_in(operation, stage, api):
    """With just the scopes that the contract names: the refusals above are not refusals of everything."""
    stage.set_up()
    client = api
    if operation.takes_token:
        entry = REQUESTS[operation.id]
        caller = stage.world.candidate() if entry["alone"] else stage.rightful(operation)
        token, client = stage.world.token(caller, entry["scopes"] or operation.scopes or ["jobs:read"])
        stage.passing.append(token["id"])
        if operation.id == "applications_create":
            stage.job = stage.world.job(stage.company)
    answer = send(stage, operation, client)
    if REQUESTS[operation.id]["status"]:
        answer.expect(*REQUESTS[operation.id]["status"])
    else:
        assert 200 <= answer.status < 300, answer.body


# --- the right kind, but not theirs -----------------------------------------------------------------------------------


STRANGERS = [(op, who) for op in OPERATIONS.values() for who, expected in REQUESTS.get(op.id, {"foreign": {}})["foreign"].items()
             if expected]


@pytest.mark.parametrize("operation, who", STRANGERS, ids=ids)
def test_strangers(operation, who, stage, unchanged):
    send(stage, operation, getattr(stage, who).client).expect(*REQUESTS[operation.id]["foreign"][who])


# --- other roles of another company, and an account that belongs to both ------------------------------------------------


COMPANY_FIELD = "Segreteria-Company"
FOR_COMPANIES = [op for op in PROTECTED if "company" in op.principals]
NAMED_BY_FIELD = [op for op in FOR_COMPANIES if any(p["name"] == COMPANY_FIELD for p in op.parameters("header"))]
NAMED_BY_PATH = [op for op in FOR_COMPANIES if any(p["name"] == "company_id" for p in op.parameters("path"))]


@pytest.fixture(scope="module")
def both(stage, database):
    """An account that owns the other company and is a viewer of the one whose things are acted on."""
    member = stage.world.member(stage.other_company, "owner")
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'viewer' from accounts "
                   "where email = %s", stage.company.id, member.email)
    return stage.world.login(member.email).client


@pytest.fixture(scope="module")
def other_members(stage):
    return {role: stage.world.member(stage.other_company, role).client for role in ("recruiter", "viewer")}


def test_every_operation_of_a_company_is_told_which():
    """By the path or the field; the rest concerns the account, whatever its companies."""
    account = {op.id for op in FOR_COMPANIES} - {op.id for op in NAMED_BY_FIELD + NAMED_BY_PATH}
    assert {op.split("_")[0] for op in account} <= {"me", "sessions", "tokens", "password", "totp", "email"}
    assert not set(NAMED_BY_FIELD) & set(NAMED_BY_PATH)


@pytest.mark.parametrize("role", ["recruiter", "viewer"])
@pytest.mark.parametrize("operation", FOR_COMPANIES, ids=ids)
def test_members_of_another_company(operation, role, stage, other_members, unchanged):
    """What its owner may not, they may not; nor what their role may not anywhere."""
    foreign = REQUESTS[operation.id]["foreign"].get("other_company")
    if role not in operation.roles or operation in NAMED_BY_PATH:
        send(stage, operation, other_members[role]).expect(403, "forbidden")
    elif foreign:
        send(stage, operation, other_members[role]).expect(*foreign)


@pytest.mark.parametrize("operation", NAMED_BY_FIELD, ids=ids)
def test_a_member_of_two_companies_has_to_choose(operation, stage, both, unchanged):
    answer = send(stage, operation, both).expect(400, "company_required")
    assert {company["id"] for company in answer.json["companies"]} == {stage.company.id, stage.other_company.id}


@pytest.mark.parametrize("operation", NAMED_BY_FIELD, ids=ids)
def test_a_member_of_two_companies_chooses_neither(operation, stage, both, unchanged):
    for company in (str(uuid.uuid4()), stage.suspended.id):
        send(stage, operation, both, headers={COMPANY_FIELD: company}).expect(403, "forbidden")
    answer = send(stage, operation, both, headers={COMPANY_FIELD: "x"}).expect(400, "invalid_parameter")
    assert answer.json["errors"][0]["header"] == COMPANY_FIELD


@pytest.mark.parametrize("operation", [op for op in NAMED_BY_FIELD + NAMED_BY_PATH if "viewer" not in op.roles], ids=ids)
def test_a_member_of_two_companies_has_the_role_of_the_one_it_acts_for(operation, stage, both, unchanged):
    """Owner of the other, viewer here."""
    headers = {COMPANY_FIELD: stage.company.id} if operation in NAMED_BY_FIELD else {}
    send(stage, operation, both, headers=headers).expect(403, "forbidden")


@pytest.mark.parametrize("operation", [op for op in NAMED_BY_FIELD if REQUESTS[op.id]["foreign"].get("other_company")], ids=ids)
def test_a_member_of_two_companies_does_not_mix_them(operation, stage, both, unchanged):
    """For its other company it sees nothing of what it may see for this one."""
    headers = {COMPANY_FIELD: stage.other_company.id}
    send(stage, operation, both, headers=headers).expect(*REQUESTS[operation.id]["foreign"]["other_company"])


@pytest.fixture(scope="module")
def bound(stage, both, database):
    """The account's token for its other company, with all that it may hold."""
    scopes = database.value("select principal_scopes('company', 'owner')")
    made = both.post("/v1/tokens", {"name": "t", "scopes": scopes}, headers={COMPANY_FIELD: stage.other_company.id}).expect(201)
    return both.as_(made.json["secret"])


@pytest.mark.parametrize("operation", NAMED_BY_FIELD + NAMED_BY_PATH, ids=ids)
def test_a_token_of_another_company(operation, stage, bound, unchanged):
    headers = {COMPANY_FIELD: stage.company.id} if operation in NAMED_BY_FIELD else {}
    send(stage, operation, bound, headers=headers).expect(403, "forbidden")


@pytest.mark.parametrize("operation", [op for op in PROTECTED if op.method == "GET"], ids=ids)
def test_a_rotated_token_in_its_grace_gets_in(operation, stage):
    """Both secrets; elsewhere the old one is among those that are no good."""
    entry = REQUESTS[operation.id]
    caller = stage.rightful(operation)
    token, old = stage.world.token(caller, entry["scopes"] or operation.scopes or ["jobs:read"])
    stage.passing.append(token["id"])
    rotated = caller.client.post(f"/v1/tokens/{token['id']}/rotate", {"grace_hours": 1}).expect(200).json
    for client in (old, caller.client.as_(rotated["secret"])):
        send(stage, operation, client).expect(*(entry["status"] or (200,)))


def test_a_draft_is_the_company_s_alone(stage, api, unchanged):
    path = f"/v1/jobs/{stage.draft['id']}"
    api.get(path).expect(404, "not_found")
    for member in (stage.company, stage.recruiter, stage.viewer):
        member.client.get(path).expect(200)
    stage.candidate.client.post(f"{path}/applications", {}).expect(404, "not_found")
    stage.candidate.client.get(f"{path}/applications").expect(404, "not_found")


def test_a_stranger_cannot_tell_a_draft_from_nothing(stage, unchanged):
    """The answers differ in nothing but what the request itself said."""
    nothing = str(uuid.uuid4())
    for method, body in (("GET", None), ("PATCH", {"title": "x"}), ("DELETE", None)):
        answers = [stage.other_company.client.request(method, f"/v1/jobs/{job}", body).expect(404, "not_found").json
                   for job in (stage.draft["id"], nothing)]
        for answer in answers:
            answer.pop("instance")
        assert answers[0] == answers[1]


def test_a_published_vacancy_of_another_company(stage, unchanged):
    path = f"/v1/jobs/{stage.job['id']}"
    stage.other_company.client.patch(path, {"title": "Mine"}).expect(403, "forbidden")
    stage.other_company.client.delete(path).expect(403, "forbidden")


def test_lists_show_only_one_s_own(stage):
    other = stage.world.company()
    for path in ("/v1/jobs?scope=own", "/v1/applications", "/v1/tokens"):
        assert other.client.get(path).expect(200).json["items"] == []
    newcomer = stage.world.candidate()
    for path in ("/v1/applications", f"/v1/jobs/{stage.job['id']}/applications", "/v1/tokens"):
        assert newcomer.client.get(path).expect(200).json["items"] == []


def test_own_needs_a_company(stage, api):
    api.get("/v1/jobs?scope=own").expect(401, "unauthorized")
    stage.candidate.client.get("/v1/jobs?scope=own").expect(403, "forbidden")
    stage.operator.client.get("/v1/jobs?scope=own").expect(403, "forbidden")


def test_a_candidate_sees_nothing_of_the_company_s_side(stage):
    body = stage.candidate.client.get(f"/v1/applications/{stage.application['id']}").expect(200).json
    assert "candidate" not in body and "reference" not in body["job"]


def test_a_lost_role_is_lost_at_once(stage, database):
    """Demoted behind the server's back: what it remembers of the token must not outlive the notification."""
    member = stage.world.member(stage.company, "recruiter")
    member.client.post("/v1/jobs", vacancy(status="draft")).expect(201)
    database.query("update company_members m set role = 'viewer' from accounts a where a.id = m.account_id and a.email = %s",
                   member.email)
    eventually(lambda: member.client.post("/v1/jobs", vacancy(status="draft")).status == 403, "the role is lost")
