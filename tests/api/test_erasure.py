"""What is left of a person whose account was deleted: nothing it entered and nothing that was entered about it, by any
operation of openapi.yaml; and the receipt."""

import base64
import json
import subprocess
import uuid

import nacl.exceptions
import nacl.signing
import pytest
from support.contract import OPERATIONS
from support.filled import Filler
from support.postgres import program
from support.world import PASSWORD, in_days

QUESTIONS = [{"id": "q", "type": "short_text", "label": "Why?"}]

# What says nothing about a candidate although a candidate, or a company about one, may call it; or is called below by hand.
NOT_HERE = {
    "candidates_create": "registers; below", "documents_create": "takes a file; below",
    "sessions_create": "signs in", "sessions_refresh": "a token",
    "me_password": "a password is kept as a hash", "me_delete": "the end itself", "password_request_reset": "an address; below",
    "password_reset": "needs a link from a mail", "email_verify": "needs a link from a mail", "email_confirm": "needs a link from a mail",
    "me_totp_start": "no text", "me_totp_confirm": "a code", "me_totp_recovery": "a code",
    "messages_read": "no text",
    "applications_bulk": "writes what applications_patch writes",
    "me_restriction_put": "a code, and companies would see nothing any more",
    "invitations_accept": "needs a link from a mail", "companies_create": "makes a company",
}

# What a body needs that its schema does not say: {operation, or (operation, kind of caller): members}, "a.b" for a
# member of a member. A value may be a function of the stage; None: left out.
CHANGES = {
    "me_patch": {"language": "it", "name": None},  # a company member's
    "email_change": {"password": PASSWORD, "totp_code": None, "recovery_code": None},
    "tokens_create": {"scopes": ["profile:read"], "allowed_ips": None, "expires_at": None},
    "applications_create": {"answers": lambda stage: [{"question_id": "q", "value": stage.filler.text()}],
                            "document_ids": lambda stage: [stage.pool["document_id"]], "processing_notice": None},
    "profile_put": {"basics.email": None},
    "shield_put": {"entries": lambda stage: [{"kind": "group", "value": stage.filler.text()}]},
    ("applications_patch", "company"): {"status": "in_review"},
    "interviews_create": {"slots": [{"starts_at": f"{in_days(9)}T09:00:00Z", "ends_at": f"{in_days(9)}T10:00:00Z"}], "time_zone": "Europe/Rome"},
    ("interviews_patch", "company"): {"status": "cancelled", "slot": None},
    ("interviews_patch", "candidate"): {"status": "accepted", "slot": 0},
    "applications_assign": {"member_id": lambda stage: stage.world.membership(stage.company, stage.company)},
    "tags_change": {"remove": None},
    ("applications_patch", "candidate"): {"status": "withdrawn"},
}
LAST = {("applications_patch", "candidate")}  # nothing else can be done afterwards

ORDER = {"POST": 0, "PUT": 1, "PATCH": 2}


class Stage:
    """A person, a company, and what each has made so far: `pool` has the ids that paths need."""

    def __init__(self, world, database):
        self.world, self.database = world, database
        self.filler = Filler("zk" + uuid.uuid4().hex[:12], str(uuid.uuid4().int)[:11])
        self.company = world.company()
        self.viewer = world.member(self.company, "recruiter")
        self.job = world.job(self.company, questions=QUESTIONS)
        self.company.client.put(f"/v1/jobs/{self.job['id']}/criteria", {"criteria": [{"id": "poise", "label": "Poise"}]}).expect(200)
        self.pool = {"job_id": self.job["id"], "company_id": self.company.id, "criterion": "poise"}
        self.register()
        self.document()

    def register(self):
        body = self.filler.value(schema_of(OPERATIONS["candidates_create"]))
        body.update(password=PASSWORD, email=f"{self.filler.text()}@example.org")
        made = self.world.client.post("/v1/candidates", body, headers=self.key()).expect(201).json
        self.email, self.account = body["email"], made["candidate"].get("account_id")
        self.pool["candidate_id"] = made["candidate"]["id"]
        self.person = self.world.client.as_(made["session"]["access_token"])

    def document(self):
        name, content = self.filler.text(), self.filler.text() * 1000
        made = self.person.request("POST", "/v1/documents", body=content.encode(), params={"name": f"{name}.txt"},
                                   headers={"Content-Type": "text/plain", **self.key()}).expect(201).json
        self.pool["document_id"] = made["id"]
        self.link = self.person.post(f"/v1/documents/{made['id']}/links", {}, headers=self.key()).expect(201).json

    def key(self):
        return {"Idempotency-Key": self.filler.text()}

    def body(self, operation, kind):
        body = self.filler.value(schema_of(operation))
        for name, value in {**CHANGES.get(operation.id, {}), **CHANGES.get((operation.id, kind), {})}.items():
            value = value(self) if callable(value) else value
            *outer, name = name.split(".")
            place = body
            for member in outer:
                place = place[member]
            if value is None:
                place.pop(name, None)
            else:
                place[name] = value
        return body

    def call(self, operation, kind):
        client = self.person if kind == "candidate" else self.company.client
        headers = self.key() if operation.method == "POST" else {}
        answer = client.request(operation.method, operation.fill(self.pool), self.body(operation, kind), headers=headers)
        assert answer.status < 300, (
            f"{operation.id} by a {kind} was refused ({answer.status} {answer.body[:600]!r}): say in CHANGES of this file what its "
            "body needs, or in NOT_HERE why it takes nothing from or about a candidate")
        if operation.method == "POST" and answer.body and "id" in answer.json:
            noun = operation.path.rstrip("/").rsplit("/", 1)[1].replace("-", "_").removesuffix("s")
            self.pool.setdefault(f"{noun}_id", answer.json["id"])

    def dump(self):
        made = subprocess.run([program("pg_dump"), "--inserts", self.database.conninfo], capture_output=True,
                              text=True, check=False)
        assert made.returncode == 0, made.stderr
        return made.stdout.lower().splitlines()

    def found(self):
        """Lines of a dump with a mark, as it is or as the bytes of a bytea."""
        marks = [self.filler.mark, self.filler.digits, self.filler.mark.encode().hex()]
        return [line[:200] for line in self.dump() if any(mark in line for mark in marks)]


def schema_of(operation):
    return next(schema for kind, schema in operation.bodies.items() if "json" in kind)


def about_candidates():
    """[(operation, kind of caller)]: what a candidate may write, and what a company may write about one."""
    found = []
    for operation in OPERATIONS.values():
        if operation.id in NOT_HERE or operation.method not in ORDER or not any("json" in kind for kind in operation.bodies):
            continue
        if "candidate" in operation.principals:
            found.append((operation, "candidate"))
        if "company" in operation.principals and any(word in operation.path for word in ("application", "candidate", "interview")):
            found.append((operation, "company"))
    return found


def test_nothing_of_a_person_is_left(world, database, server):
    stage = Stage(world, database)
    waiting = about_candidates()
    waiting.sort(key=lambda pair: ((pair[0].id, pair[1]) in LAST, ORDER[pair[0].method], pair[0].path.count("{"), pair[1]))
    while waiting:  # what needs an id that another makes comes after it
        ready = [pair for pair in waiting if all(p["name"] in stage.pool for p in pair[0].parameters("path"))]
        assert ready, f"nothing here makes the ids in the paths of {[pair[0].id for pair in waiting]}: see CHANGES and Stage"
        for operation, kind in ready:
            stage.call(operation, kind)
            waiting.remove((operation, kind))
    world.client.post("/v1/password/reset-requests", {"email": stage.email}).expect(202)
    stage.company.client.get(f"/v1/applications/{stage.pool['application_id']}").expect(200)
    assert len(stage.found()) > 8
    document = stage.pool["document_id"]
    assert database.value("select count(*) from document_chunks where document_id = %s", document) > 0

    stage.person.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert stage.found() == []
    assert database.value("select count(*) from document_chunks where document_id = %s", document) == 0
    assert database.value("select count(*) from candidates where id = %s", stage.pool["candidate_id"]) == 0
    log = server.log.decode(errors="replace").lower()
    assert stage.filler.mark not in log and stage.filler.digits not in log
    kept = stage.company.client.get(f"/v1/applications/{stage.pool['application_id']}").expect(200).json
    assert kept["status"] == "withdrawn" and kept["job"]["id"] == stage.job["id"]
    assert kept["candidate"]["given_name"] == "Deleted" and kept["candidate"]["id"] != stage.pool["candidate_id"]


def test_a_pseudonym_for_each_company(world, database):
    person, one, other = world.candidate(), world.company(), world.company()
    mine = [world.application(person, world.job(company)) for company in (one, one, other)]
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    seen = [company.client.get(f"/v1/applications/{application['id']}").expect(200).json["candidate"]["id"]
            for company, application in zip((one, one, other), mine)]
    assert seen[0] == seen[1] != seen[2] and person.id not in seen


def test_messages_that_wait_go_along(world, database):
    person = world.candidate()
    account = database.value("select id from accounts where email = %s", person.email)
    for state in ("queued", "leased", "handed", "dead"):
        database.query("insert into outbox (template, account_id, to_address, lang, state, due_at) "
                       "values ('password_changed', %s, %s, 'en', %s, now() + interval '1 hour')", account, person.email, state)
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert database.value("select count(*) from outbox where to_address = %s", person.email) == 0


def test_an_erasure_that_fails_erases_nothing(world, database):
    """It is one transaction: what a table cannot let go of keeps everything."""
    person = world.candidate(headline="Still here")
    application = world.application(person, world.job(world.company()), cover_letter="Still here, too.")
    database.query("create table obstinate (application_id uuid references applications (id))")
    database.query("create function obstinate() returns trigger language plpgsql as $$ begin raise 'no'; end $$")
    database.query("create trigger obstinate before delete on obstinate for each row execute function obstinate()")
    database.query("insert into obstinate values (%s)", application["id"])
    try:
        before = database.fingerprint()
        person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(500, "internal_error")
        assert database.fingerprint() == before
        assert person.client.get("/v1/me").expect(200).json["headline"] == "Still here"
    finally:
        database.query("drop table obstinate")
        database.query("drop function obstinate")
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)


# --- the receipt ------------------------------------------------------------------------------------------------------


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(jws, keys):
    """What a receipt says, by PyNaCl and the published keys alone."""
    header, payload, signature = jws.split(".")
    head = json.loads(decoded(header))
    assert head["alg"] == "EdDSA"
    (key,) = [key for key in keys["keys"] if key["kid"] == head["kid"]]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    nacl.signing.VerifyKey(decoded(key["x"])).verify(f"{header}.{payload}".encode(), decoded(signature))
    return json.loads(decoded(payload))


@pytest.fixture
def receipt(world):
    person = world.candidate()
    return person, person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200).json


def test_the_receipt_is_verified_without_the_server(api, receipt):
    person, given = receipt
    keys = api.get("/.well-known/jwks.json").expect(200).json
    jws = given.pop("jws")
    assert verified(jws, keys) == given
    assert given["email"] == person.email and given["kind"] == "candidate" and given["erased"]["applications"] == 0


def test_a_changed_receipt_is_found_out(api, receipt):
    _, given = receipt
    keys = api.get("/.well-known/jwks.json").expect(200).json
    header, payload, signature = given["jws"].split(".")
    other = base64.urlsafe_b64encode(decoded(payload).replace(b'"sessions":1', b'"sessions":7')).rstrip(b"=").decode()
    assert other != payload
    with pytest.raises(nacl.exceptions.BadSignatureError):
        verified(f"{header}.{other}.{signature}", keys)


def test_the_keys_of_receipts_are_for_everybody(api):
    answer = api.get("/.well-known/jwks.json").expect(200)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    api.get("/.well-known/jwks.json", headers={"If-None-Match": answer.etag}).expect(304)


def test_a_receipt_outlives_its_master_key(world, database, api, tmp_path):
    """The server knows other keys only; the key of the receipt is still published."""
    from support.server import Server

    person = world.candidate()
    given = person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200).json
    other = Server(tmp_path, database.conninfo, environment={"SEGRETERIA_MASTER_KEY": "7a" * 32})
    try:
        keys = other.client().get("/.well-known/jwks.json").expect(200).json
        assert len(keys["keys"]) == 2
        assert verified(given["jws"], keys)["email"] == person.email
    finally:
        other.stop()
