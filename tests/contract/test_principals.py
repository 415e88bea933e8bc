"""Every operation, called by everybody who must not: the callers and what they get are made from openapi.yaml, and nothing
may have changed in the data base afterwards. An operation that REQUESTS does not know fails a test."""

import secrets
import uuid
import zlib

import pytest
from support.contract import API, OPERATIONS
from support.eventually import eventually
from support.world import PASSWORD, in_days, vacancy

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHALLENGE = 'Bearer realm="segreteria"'
INVALID = CHALLENGE + ', error="invalid_token"'
SCOPES = API["components"]["schemas"]["Scope"]["enum"]


def base62(number, width):
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return digits


def unknown_token():
    """In every way like a token, but nobody's."""
    body = base62(int.from_bytes(secrets.token_bytes(32), "big"), 43)
    return f"sgr_{body}{base62(zlib.crc32(body.encode()), 6)}"


class Stage:
    """Company A with a published vacancy, a draft, and an application of candidate A; everybody else looks on."""

    def __init__(self, world):
        self.world = world
        self.company, self.other_company, self.suspended = world.company(), world.company(), world.company()
        self.candidate, self.other_candidate = world.candidate(), world.candidate()
        self.recruiter, self.viewer = world.member(self.company, "recruiter"), world.member(self.company, "viewer")
        self.operator = world.operator(self.company)
        self.passing = []  # tokens
        self.set_up()

    def set_up(self):
        """New things to act on: an operation that succeeds may use them up. Those of before go, for what a company has is
        limited."""
        self.world.database.query("delete from company_invitations")
        self.world.database.query("delete from api_tokens where id = any (%s::uuid[])", self.passing)
        self.passing.clear()
        self.job = self.world.job(self.company)
        self.draft = self.world.job(self.company, status="draft")
        self.application = self.world.application(self.candidate, self.job)
        self.world.database.query("delete from documents where candidate_id = %s", self.candidate.id)  # there may be twenty
        self.note = self.company.client.post(f"/v1/applications/{self.application['id']}/notes", {"body": "x"}).expect(201).json
        self.interview = self.company.client.post(f"/v1/applications/{self.application['id']}/interviews", INTERVIEW).expect(201).json
        self.message = self.company.client.post(f"/v1/applications/{self.application['id']}/messages", {"body": "x"}).expect(201).json
        self.company.client.put(f"/v1/jobs/{self.job['id']}/criteria", CRITERIA).expect(200)
        self.company.client.put(f"/v1/applications/{self.application['id']}/ratings/poise", {"value": 3}).expect(200)
        self.document = self.candidate.client.request("POST", "/v1/documents", body=PDF, headers={
            "Content-Type": "application/pdf"}).expect(201).json
        self.world.database.query("insert into application_documents values (%s, %s, 1)", self.application["id"], self.document["id"])
        self.token, _ = self.world.token(self.company, ["tokens:write"])
        self.passing.append(self.token["id"])
        entries = self.world.login(self.company.email).client.get("/v1/sessions").expect(200).json["items"]
        self.session = next(entry["id"] for entry in entries if entry["current"])
        self.world.verify(self.company)
        self.world.database.query("update companies set verification = 'verified' where id = %s", self.company.id)
        self.world.database.query("update candidates set visibility = 'members', visible_since = now() where id = %s",
                                  self.candidate.id)
        leaver = self.world.member(self.company, "viewer")
        self.member = self.world.membership(self.company, leaver)
        self.invitation = self.world.invitation(self.company)
        self.operator.client.put(f"/v1/companies/{self.suspended.id}/suspension", {"reason": "Under review."})

    def rightful(self, operation):
        if "company" in operation.principals:
            return self.company
        return self.candidate if "candidate" in operation.principals else self.operator

    def anyone_of(self, kind):
        return {"company": self.company, "candidate": self.candidate, "operator": self.operator}[kind]


def request(path=lambda stage: {}, body=None, foreign=None, status=None, alone=False, scopes=None, query=""):
    """path: values for the parameters of the path; body: for the request; foreign: what callers of the right kind get for
    what is not theirs, {caller: (status, code)}; status: of the rightful caller's success, if not the first 2xx; alone: it
    changes its caller's account for good, so whoever succeeds is somebody who has no other part; scopes: what it needs to
    succeed, if the contract does not say; query: what follows the path."""
    return {"path": path, "body": body, "foreign": foreign or {}, "status": status, "alone": alone, "scopes": scopes,
            "query": query}


def profile(stage):
    return {"basics": {"given_name": "Lia", "family_name": "Rossi", "headline": uuid.uuid4().hex}}


def new_job(stage):
    return vacancy()


def of_job(stage):
    return {"job_id": stage.job["id"]}


def of_draft(stage):
    return {"job_id": stage.draft["id"]}


def of_application(stage):
    return {"application_id": stage.application["id"]}


def of_note(stage):
    return {"application_id": stage.application["id"], "note_id": stage.note["id"]}


def of_interview(stage):
    return {"application_id": stage.application["id"], "interview_id": stage.interview["id"]}


def of_rating(stage):
    return {"application_id": stage.application["id"], "criterion": "poise"}


def of_document(stage):
    return {"document_id": stage.document["id"]}


def of_link(stage):
    link = stage.candidate.client.post(f"/v1/documents/{stage.document['id']}/links", {}).expect(201).json
    return {"secret": link["url"].rsplit("/", 1)[1]}


def of_company(stage):
    return {"company_id": stage.company.id}


def of_token(stage):
    return {"token_id": stage.token["id"]}


def no_link(stage):
    return {"token": "sgrl_" + "0" * 49}


def of_session(stage):
    return {"session_id": stage.session}


def of_suspended(stage):
    """A company of its own: nothing else could be done with the stage's."""
    return {"company_id": stage.suspended.id}


def of_member(stage):
    return {"company_id": stage.company.id, "member_id": stage.member}


def of_invitation(stage):
    return {"company_id": stage.company.id, "invitation_id": stage.invitation["id"]}


def of_company_token(stage):
    return {"company_id": stage.company.id, "token_id": stage.token["id"]}


def of_seen(stage):
    return {"candidate_id": stage.candidate.id}


HIDDEN = (404, "not_found")
UNVERIFIED = (403, "company_unverified")
REFUSED = (403, "forbidden")
NOT_MY_TOKEN = {"other_company": HIDDEN, "recruiter": HIDDEN, "candidate": HIDDEN, "operator": HIDDEN}

NOT_MY_DOCUMENT = {"other_company": HIDDEN, "other_candidate": HIDDEN}
CRITERIA = {"criteria": [{"id": "poise", "label": "Savoir-faire"}]}
INTERVIEW = {"place": "Via Roma 1", "slots": [{"starts_at": f"{in_days(9)}T09:00:00Z", "ends_at": f"{in_days(9)}T10:00:00Z"}]}
NOT_MINE = {"other_company": HIDDEN}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"

REQUESTS = {
    "companies_create": request(body=lambda stage: {
        "company": {"legal_name": "A", "name": "A", "country": "IT", "kind": "employer"},
        "owner": {"email": stage.world.email(), "password": PASSWORD, "name": "A"}}),
    "companies_get": request(of_company),
    "companies_list": request(),
    "verification_get": request(of_company, foreign={"other_company": REFUSED, "operator": None}),
    "verification_patch": request(of_company, lambda stage: {"status": "unverified", "note": uuid.uuid4().hex},
                                  {"operator": None}),
    "suspension_get": request(of_company, foreign={"other_company": REFUSED, "operator": None},
                              status=(404, "not_found")),  # it is not suspended; see test_moderation.py
    "suspension_put": request(of_suspended, lambda stage: {"reason": uuid.uuid4().hex}, {"operator": None}),
    "suspension_delete": request(of_suspended, foreign={"operator": None}),
    "companies_patch": request(of_company, lambda stage: {"name": uuid.uuid4().hex}, {"other_company": REFUSED}),
    "members_list": request(of_company, foreign={"other_company": REFUSED}),
    "members_patch": request(of_member, lambda stage: {"role": "recruiter"}, {"other_company": REFUSED}),
    "members_delete": request(of_member, foreign={"other_company": REFUSED, "recruiter": REFUSED, "viewer": REFUSED},
                              scopes=["company:write"]),
    "invitations_list": request(of_company, foreign={"other_company": REFUSED}),
    "invitations_create": request(of_company, lambda stage: {"email": stage.world.email(), "role": "viewer"},
                                  {"other_company": REFUSED}),
    "invitations_get": request(of_invitation, foreign={"other_company": REFUSED}),
    "invitations_revoke": request(of_invitation, foreign={"other_company": REFUSED}),
    # just sent, so not again: who may not gets other answers
    "invitations_resend": request(of_invitation, foreign={"other_company": REFUSED}, status=(409, "invitations_limit")),
    # an API token joins nothing; see test_invitations.py
    "invitations_accept": request(body=lambda stage: {"token": "x"}, status=(403, "forbidden")),
    "company_tokens_list": request(of_company, foreign={"other_company": REFUSED}),
    "company_tokens_revoke": request(of_company_token, foreign={"other_company": REFUSED}),
    "candidates_create": request(body=lambda stage: {
        "email": stage.world.email(), "password": PASSWORD, "given_name": "A", "family_name": "B"}),
    "candidates_list": request(),
    "candidates_get": request(of_seen, foreign={"other_company": UNVERIFIED}),
    "sessions_create": request(body=lambda stage: {"email": stage.candidate.email, "password": PASSWORD}),
    "sessions_refresh": request(body=lambda stage: {
        "refresh_token": stage.world.login(stage.candidate.email).session["refresh_token"]}),
    "sessions_delete": request(status=(404, "not_found")),  # an API token is not a session; see test_sessions.py
    "sessions_list": request(),
    "sessions_end": request(of_session, foreign={"other_company": HIDDEN, "candidate": HIDDEN, "operator": HIDDEN}),
    "sessions_end_others": request(alone=True),
    "me_get": request(),
    "me_patch": request(body=lambda stage: {"name": uuid.uuid4().hex}),
    "profile_get": request(),
    "profile_put": request(body=profile),
    "profile_completeness": request(),
    "profile_export": request(),
    "profile_import": request(body=lambda stage: {"basics": {"label": uuid.uuid4().hex}}),
    "retention_get": request(of_company, foreign={"other_company": REFUSED}),
    "retention_put": request(of_company, lambda stage: {"application_days": secrets.choice(range(30, 700))}, {"other_company": REFUSED}),
    "applications_anonymise": request(of_application, foreign={"other_company": HIDDEN}, status=(409, "application_open")),
    "me_restriction_get": request(),
    "me_restriction_put": request(body=lambda stage: {"ground": secrets.choice(["accuracy", "claims"])}, alone=True),
    "me_restriction_delete": request(),
    "me_export_create": request(alone=True),
    "me_export_get": request(status=(404, "not_found")),  # nobody asked for one; see test_export.py
    "me_export_content": request(status=(403, "forbidden")),  # not with an API token
    "visibility_get": request(),
    "visibility_put": request(body=lambda stage: {"visibility": "members"}),
    "shield_get": request(),
    "shield_put": request(body=lambda stage: {"entries": [{"kind": "group", "value": uuid.uuid4().hex}]}),
    "me_password": request(body=lambda stage: {"current_password": PASSWORD, "new_password": PASSWORD}, alone=True),
    "me_totp_get": request(),
    "me_totp_start": request(body=lambda stage: {"password": PASSWORD}, alone=True),
    "me_totp_confirm": request(body=lambda stage: {"totp_code": "000000"}, alone=True, status=(409, "totp_not_enabled")),
    "me_totp_delete": request(body=lambda stage: {"password": PASSWORD}, alone=True, status=(409, "totp_not_enabled")),
    "me_totp_recovery": request(body=lambda stage: {"password": PASSWORD}, alone=True, status=(409, "totp_not_enabled")),
    "me_delete": request(body=lambda stage: {"password": PASSWORD}, alone=True),
    "email_verification": request(),
    "email_change": request(body=lambda stage: {"email": stage.world.email(), "password": PASSWORD}),
    "email_verify": request(body=no_link, status=(422, "invalid_link")),  # links that work: test_email.py
    "email_confirm": request(body=no_link, status=(422, "invalid_link")),
    "password_request_reset": request(body=lambda stage: {"email": stage.candidate.email}),
    "password_reset": request(body=lambda stage: {**no_link(stage), "password": uuid.uuid4().hex},
                              status=(422, "invalid_link")),
    "tokens_list": request(),
    "tokens_create": request(body=lambda stage: {"name": "a", "scopes": ["tokens:write"]}),
    "tokens_get": request(of_token, foreign=NOT_MY_TOKEN),
    "tokens_revoke": request(of_token, foreign=NOT_MY_TOKEN),
    "tokens_rotate": request(of_token, foreign=NOT_MY_TOKEN),
    "jobs_list": request(),
    "jobs_create": request(body=new_job),
    "jobs_batch": request(body=new_job),
    "jobs_validate": request(body=new_job),
    "jobs_get": request(of_draft, foreign={"other_company": HIDDEN, "candidate": HIDDEN, "operator": HIDDEN}),
    "jobs_patch": request(of_draft, lambda stage: {"title": uuid.uuid4().hex}, {"other_company": HIDDEN}),
    "jobs_delete": request(of_draft, foreign={"other_company": HIDDEN}),
    "jobs_put": request(lambda stage: {"company_id": stage.company.id, "reference": uuid.uuid4().hex}, new_job,
                        {"other_company": REFUSED}),
    "applications_create": request(of_job, lambda stage: {}, {"other_candidate": None}),
    "applications_list_for_job": request(of_job, foreign={"other_company": HIDDEN, "other_candidate": None}),
    "applications_list": request(),
    "documents_list": request(),
    "documents_create": request(body=lambda stage: PDF),
    "documents_get": request(of_document, foreign=NOT_MY_DOCUMENT),
    "documents_delete": request(of_document, foreign={"other_candidate": HIDDEN}),
    "documents_content": request(of_document, foreign=NOT_MY_DOCUMENT),
    "documents_link_create": request(of_document, lambda stage: {}, NOT_MY_DOCUMENT),
    "documents_link_open": request(of_link),
    "applications_get": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_patch": request(of_application, lambda stage: {"status": "in_review"},
                                  {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_events": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_job": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_talent_pool": request(of_application, lambda stage: {"talent_pool": True}, {"other_candidate": HIDDEN}),
    "processing_notices_list": request(),
    "processing_notices_get": request(lambda stage: {"version": "current"}),
    "applications_bulk": request(body=lambda stage: {"moves": [{"id": stage.application["id"], "status": "in_review"}]}),
    "applications_assign": request(of_application, lambda stage: {"member_id": None}, NOT_MINE),
    "applications_compare": request(of_job, foreign=NOT_MINE, query="?ids=01a1c49e-6a80-7c3e-b7d4-2f9a61c08e55"),
    "applications_overdue": request(),
    "messages_list": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "messages_create": request(of_application, lambda stage: {"body": uuid.uuid4().hex}, {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "messages_read": request(of_application, lambda stage: {"message_id": stage.message["id"]}, {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "interviews_list": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "interviews_create": request(of_application, lambda stage: INTERVIEW, NOT_MINE),
    "interviews_get": request(of_interview, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "interviews_patch": request(of_interview, lambda stage: {"status": "cancelled"}, {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "notes_list": request(of_application, foreign=NOT_MINE),
    "notes_create": request(of_application, lambda stage: {"body": uuid.uuid4().hex}, NOT_MINE),
    "notes_get": request(of_note, foreign=NOT_MINE),
    "notes_patch": request(of_note, lambda stage: {"body": uuid.uuid4().hex}, {**NOT_MINE, "recruiter": REFUSED}),
    "notes_delete": request(of_note, foreign={**NOT_MINE, "recruiter": REFUSED}),
    "criteria_company_get": request(of_company, foreign={"other_company": REFUSED}),
    "criteria_company_put": request(of_company, lambda stage: CRITERIA, {"other_company": REFUSED}),
    "criteria_job_get": request(of_job, foreign=NOT_MINE),
    "criteria_job_put": request(of_job, lambda stage: CRITERIA, NOT_MINE),
    "ratings_list": request(of_application, foreign=NOT_MINE),
    "ratings_put": request(of_rating, lambda stage: {"value": 4}, NOT_MINE),
    "ratings_delete": request(of_rating, foreign={**NOT_MINE, "recruiter": HIDDEN}),
    "tags_list": request(),
    "tags_change": request(of_application, lambda stage: {"add": [uuid.uuid4().hex]}, NOT_MINE),
    "audit_list": request(),
    "taxonomies_places": request(query="?q=mila"),
    "jobs_similar": request(of_job),
    "jobs_client": request(of_draft, status=(404, "not_found"),
                           foreign={"other_company": HIDDEN, "operator": HIDDEN}),  # see test_confidential_clients.py
    "jobs_suggest": request(query="?q=segr"),
    "taxonomies_get": request(lambda stage: {"name": "roles"}),
    "system_security_txt": request(status=(404, "not_found")),
    "system_api_catalog": request(),
    "system_receipt_keys": request(),
    "system_openapi_yaml": request(),
    "system_openapi_json": request(),
    "system_docs": request(),
    "system_docs_asset": request(lambda stage: {"asset": "docs.css"}),
    "system_links": request(),
    "system_links_asset": request(lambda stage: {"asset": "links.js"}),
    "system_problems": request(),
    "system_problem": request(lambda stage: {"code": "not_found"}),
    "system_livez": request(),
    "system_readyz": request(),
}

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
