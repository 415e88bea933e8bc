"""A person about whom everything is known that the API takes: every operation of openapi.yaml that takes something from or
about a candidate is called with texts that are recognised wherever they come up. For what becomes of them: erased, exported."""

import json
import re
import subprocess
import uuid

from support.contract import OPERATIONS
from support.filled import Filler
from support.postgres import program
from support.world import PASSWORD, in_days

BOUNDARY = "stage-boundary-0123456789"
QUESTIONS = [{"id": "q", "type": "short_text", "label": "Why?"}]

# What says nothing about a candidate although a candidate, or a company about one, may call it; or is called by hand.
NOT_HERE = {
    "candidates_create": "registers: Stage.register", "documents_create": "takes a file: Stage.document",
    "sessions_create": "signs in", "sessions_refresh": "a token",
    "me_password": "a password is kept as a hash", "me_delete": "the end itself", "password_request_reset": "an address; by hand",
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
        self.said = {}  # {mark: (operation, kind of caller)}
        self.contents = []  # texts within documents
        self.register()
        self.document()

    def marks(self, text):
        """The marks in a text."""
        return set(re.findall(self.filler.mark + r"n\d+", text.lower()))

    def everything(self):
        """Calls each operation by which something comes into the data base from or about the person."""
        self.form()
        waiting = about_candidates()
        waiting.sort(key=lambda pair: ((pair[0].id, pair[1]) in LAST, ORDER[pair[0].method], pair[0].path.count("{"), pair[1]))
        while waiting:  # what needs an id that another makes comes after it
            ready = [pair for pair in waiting if all(p["name"] in self.pool for p in pair[0].parameters("path"))]
            assert ready, f"nothing here makes the ids in the paths of {[pair[0].id for pair in waiting]}: see CHANGES and Stage"
            for operation, kind in ready:
                self.call(operation, kind)
                waiting.remove((operation, kind))

    def register(self):
        body = self.filler.value(schema_of(OPERATIONS["candidates_create"]))
        body.update(password=PASSWORD, email=f"{self.filler.text()}@example.org")
        self.said.update({mark: ("candidates_create", "candidate") for mark in self.marks(json.dumps(body))})
        made = self.world.client.post("/v1/candidates", body, headers=self.key()).expect(201).json
        self.email, self.account = body["email"], made["candidate"].get("account_id")
        self.pool["candidate_id"] = made["candidate"]["id"]
        self.person = self.world.client.as_(made["session"]["access_token"])

    def document(self):
        name, content = self.filler.text(), self.content()
        self.said.update({mark: ("documents_create", "candidate") for mark in self.marks(f"{name} {content}")})
        made = self.person.request("POST", "/v1/documents", body=content.encode(), params={"name": f"{name}.txt"},
                                   headers={"Content-Type": "text/plain", **self.key()}).expect(201).json
        self.pool["document_id"] = made["id"]
        self.link = self.person.post(f"/v1/documents/{made['id']}/links", {}, headers=self.key()).expect(201).json

    def content(self):
        self.contents.append(self.filler.text())
        return self.contents[-1] * 10_000  # several chunks

    def form(self):
        """Applies to another vacancy with files, in one call."""
        job = self.world.job(self.company, questions=QUESTIONS)
        body = json.dumps({**self.body(OPERATIONS["applications_create"], "candidate"), "document_ids": []})
        files = [(f"{self.filler.text()}.txt", self.content()) for _ in range(2)]
        parts = [("application", None, body), *(("document", name, content) for name, content in files)]
        self.said.update({mark: ("applications_create", "candidate") for mark in self.marks(f"{body} {files}")})
        named = (f'name="{part}"' + (f'; filename="{name}"' if name else "") for part, name, _ in parts)
        form = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
                       for head, (_, _, content) in zip(named, parts)) + f"--{BOUNDARY}--\r\n"
        made = self.person.request("POST", f"/v1/jobs/{job['id']}/applications", body=form.encode(),
                                   headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **self.key()}).expect(201).json
        self.sent = [document["id"] for document in made["documents"]]
        assert len(self.sent) == 2

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
        body = self.body(operation, kind)
        self.said.update({mark: (operation.id, kind) for mark in self.marks(json.dumps(body))})
        answer = client.request(operation.method, operation.fill(self.pool), body, headers=headers)
        assert answer.status < 300, (
            f"{operation.id} by a {kind} was refused ({answer.status} {answer.body[:600]!r}): say in CHANGES of this file what its "
            "body needs, or in NOT_HERE why it takes nothing from or about a candidate")
        if operation.method == "POST" and answer.body and "id" in answer.json:
            noun = operation.path.rstrip("/").rsplit("/", 1)[1].replace("-", "_").removesuffix("s")
            self.pool.setdefault(f"{noun}_id", answer.json["id"])

    def dump(self):
        return dump_of(self.database)

    def found(self):
        """Lines of a dump with a mark, as it is or as the bytes of a bytea."""
        marks = [self.filler.mark, self.filler.digits, self.filler.mark.encode().hex()]
        return [line[:200] for line in self.dump() if any(mark in line for mark in marks)]


def dump_of(database):
    """All there is in a data base, large objects included, as lines of SQL in small letters."""
    made = subprocess.run([program("pg_dump"), "--inserts", "--blobs", database.conninfo], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout.lower().splitlines()


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
