"""Random requests, valid and not, by random callers, some at the same time: whatever is sent, every answer is one that the
contract allows, none is a failure of the server's own, and the data base keeps its rules. The seeds are fixed; another run of
them is SEGRETERIA_SEEDS=1000-1050 pytest tests/contract/test_random.py."""

import json
import os
import random
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.contract import API, OPERATIONS
from support.world import PASSWORD, in_days, vacancy

SEEDS = range(*(int(part) for part in os.environ.get("SEGRETERIA_SEEDS", "0-8").split("-")))
REQUESTS = 4 * len(OPERATIONS)  # for each seed

TEXTS = ["", " ", "x", "à la carte", "\u0000", "\U0001f600" * 3, "'; --", "{}", "null", "\\", '"', "%", "\n", "x" * 201, "9" * 400,
         "it", "IT", "EUR", "2027-01-01", "2027-01-01T00:00:00Z", "https://a.example/", "a@b.example", "\u202e", "\ud800"]
NUMBERS = [0, 1, -1, 5, 100, 1.5, 1e12, 1e13, 2**53, 2**53 - 1, -2**63, 0.1, 1e-9, 10**30]
HEADERS = {
    "Prefer": ["return=minimal", "return=representation", "x"], "Accept-Encoding": ["gzip", "br", "zstd", "identity", "*;q=0"],
    "Accept-Language": ["it", "en", "de", "it;q=0"], "X-Request-Id": ["abc", "a b", "x" * 100], "If-Match": ["*", '"x"', "x", 'W/"x"'],
    "If-None-Match": ["*", '"x"', ","], "Accept": ["application/json", "text/html", "*/*", "image/png;q=0.1, */*;q=0.01"],
    "Origin": ["https://a.example", "null"], "Content-Type": ["application/json", "text/plain", "application/x-ndjson", ""],
}


def value_for(schema, rng, depth=0):
    """A value that mostly fits the schema."""
    if rng.random() < 0.01:
        return junk(rng, depth)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = rng.choice(kind)
    if kind == "object":
        wanted = set(schema.get("required", []))
        share = rng.choice([0.1, 0.5, 0.9])
        return {name: value_for(member, rng, depth + 1) for name, member in schema.get("properties", {}).items()
                if name in wanted or rng.random() < share}
    if kind == "array":
        return [value_for(schema.get("items", {}), rng, depth + 1) for _ in range(rng.choice([0, 1, 2, 5]))]
    if kind == "integer":
        return rng.randint(schema.get("minimum", 0), min(schema.get("maximum", 100), 10**9))
    if kind == "number":
        return round(rng.uniform(schema.get("minimum", 0), schema.get("maximum", 100)), rng.choice([0, 2, 9]))
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "null":
        return None
    return text_for(schema, rng)


def text_for(schema, rng):
    made = {"date": in_days(rng.randint(-3, 300)), "date-time": f"20{rng.randint(10, 60)}-01-01T00:00:00Z", "uuid": str(uuid.uuid4()),
            "email": f"r{rng.randrange(10**9)}@example.org", "uri": "https://a.example/x"}.get(schema.get("format"))
    if made is not None:
        return made
    for guess in ("IT", "it", "EUR", "::1", "x-1", "+39 02 1234567", "IT01234567890", "it-IT"):
        if "pattern" in schema and re.search(schema["pattern"], guess) and rng.random() < 0.8:
            return guess
    return rng.choice(["x", "Segretaria", "è" * schema.get("minLength", 1), "y" * min(schema.get("maxLength", 30), 300)])


def junk(rng, depth):
    choice = rng.randrange(6)
    if choice == 0:
        return rng.choice(TEXTS)
    if choice == 1:
        return rng.choice(NUMBERS)
    if choice == 2 and depth < 4:
        return [junk(rng, depth + 1) for _ in range(rng.randrange(3))]
    if choice == 3 and depth < 4:
        return {rng.choice(TEXTS): junk(rng, depth + 1) for _ in range(rng.randrange(3))}
    return rng.choice([None, True, False])


class Crowd:
    """Who calls, and the things whose ids are sent."""

    def __init__(self, world):
        company, other = world.company(), world.company(country="GB")
        candidate, stranger = world.candidate(), world.candidate()
        job = world.job(company, questions=[{"id": "q1", "type": "boolean", "label": "?"}])
        application = world.application(candidate, job)
        token, client = world.token(company, ["jobs:read", "jobs:write"])

        def lasting(account, kind):
            """A client that no random logout stops."""
            return world.token(account, world.database.value("select principal_scopes(%s, 'owner')", kind))[1]

        self.rightful = {"company": lasting(company, "company"), "candidate": lasting(candidate, "candidate")}
        self.callers = [world.client, *self.rightful.values(), lasting(other, "company"), lasting(stranger, "candidate"), client,
                        world.member(company, "viewer").client, world.operator(company).client, company.client.as_("sgr_" + "0" * 49)]
        self.ids = {"company_id": [company.id, other.id], "job_id": [job["id"], world.job(company, status="draft")["id"],
                                                                     world.job(other, location={"country": "GB"})["id"]],
                    "application_id": [application["id"]], "token_id": [token["id"]],
                    "session_id": [str(uuid.uuid4())], "reference": ["a", "b", "c", "d e"],
                    "name": API["components"]["schemas"]["TaxonomyName"]["enum"] + ["x"], "code": ["not_found", "x"],
                    "asset": ["docs.js", "x"]}
        self.emails = [account.email for account in (company, candidate)]
        self.keys = [uuid.uuid4().hex for _ in range(5)]

    def learn(self, operation, answer):
        """New things are acted on too."""
        if answer.status == 201 and answer.headers["Location"] and answer.headers["Location"].count("/") == 3:
            kind, made = answer.headers["Location"].split("/")[2:]
            name = {"jobs": "job_id", "applications": "application_id", "tokens": "token_id"}.get(kind)
            if name:
                self.ids[name].append(made)


def query(operation, rng):
    parts = {}
    for parameter in operation.parameters("query"):
        if rng.random() < 0.25:
            parts[parameter["name"]] = value_for(parameter["schema"], rng)
    if rng.random() < 0.05:
        parts[rng.choice(TEXTS)] = rng.choice(TEXTS)
    flat = {}
    for name, value in parts.items():
        values = value if isinstance(value, list) else [value]
        flat[name.encode("utf-8", "replace")] = [str(item).encode("utf-8", "replace") for item in values]
    return flat


def body_for(operation, crowd, rng):
    kind = rng.choice(list(operation.bodies))
    schema = operation.bodies[kind]
    if operation.id in ("jobs_create", "jobs_put") and rng.random() < 0.5:
        body = vacancy(title=f"t{rng.random()}", **({"reference": rng.choice(crowd.ids["reference"])} if rng.random() < 0.5 else {}))
    else:
        body = value_for(schema, rng)
    if isinstance(body, dict) and operation.id == "sessions_create" and rng.random() < 0.7:
        body = {"email": rng.choice(crowd.emails), "password": PASSWORD}
    if isinstance(body, dict) and rng.random() < 0.9:  # most random ones are too simple to be chosen
        for part in (body, body.get("owner")):
            if isinstance(part, dict) and "password" in part and operation.id in ("companies_create", "candidates_create"):
                part["password"] = PASSWORD
    return kind, body


def send(crowd, seed):
    rng = random.Random(seed)
    operation = rng.choice(list(OPERATIONS.values()))
    values = {name: rng.choice(choices) if rng.random() < 0.95 else str(uuid.UUID(int=rng.getrandbits(128)))
              for name, choices in crowd.ids.items()}
    for parameter in operation.parameters("path"):
        values.setdefault(parameter["name"], str(uuid.UUID(int=rng.getrandbits(128))))
    target = operation.fill({name: value.replace(" ", "%20") for name, value in values.items()})
    headers = {name: rng.choice(choices) for name, choices in HEADERS.items()
               if name != "Content-Type" and rng.random() < 0.06}
    if operation.method == "POST" and rng.random() < 0.3:
        headers["Idempotency-Key"] = rng.choice(crowd.keys)
    body = None
    if operation.bodies:
        kind, document = body_for(operation, crowd, rng)
        headers["Content-Type"] = kind if rng.random() < 0.97 else rng.choice(HEADERS["Content-Type"])
        body = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
        if rng.random() < 0.03:
            cut = rng.randrange(len(body) + 1)
            body = body[:cut] + bytes([rng.randrange(256)]) + body[cut:]
    caller = rng.choice(crowd.callers)
    if rng.random() < 0.6 and operation.takes_token:
        kind = next((kind for kind in ("company", "candidate") if kind in operation.principals), None)
        caller = crowd.rightful.get(kind, caller)
    answer = caller.request(operation.method, target, body=body, headers=headers, params=query(operation, rng))
    if operation.id not in ("sessions_delete", "tokens_rotate"):
        crowd.learn(operation, answer)
    return operation, answer


@pytest.fixture(scope="module")
def crowd(world):
    return Crowd(world)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_sent(crowd, seed, server):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: send(crowd, seed * 1_000_000 + n), range(REQUESTS)))
    for operation, answer in answers:
        assert answer.status < 500, f"{answer.request} -> {answer.status} {answer.body[:500]}\n{answer.request.body[:1000]}"
    assert server.alive()


def test_enough_of_it_was_right(crowd, database):
    """The requests are not all refused at the door."""
    for table, least in (("jobs", 3), ("companies", 5), ("candidates", 5), ("sessions", 10)):
        assert database.value(f"select count(*) from {table}") >= least, table


def test_the_rules_still_hold(crowd, database, api):
    """What triggers and functions keep in step is in step; what was stored can be read and fits the contract."""
    assert database.query("select j.id from jobs j left join job_documents d on d.job_id = j.id left join job_cards k on "
                          "k.job_id = j.id where d.job_id is null or k.job_id is null or (d.status, k.status) is distinct from "
                          "(j.status, j.status)") == []
    assert database.query("select id from jobs where not exists (select from job_events e where e.job_id = jobs.id)") == []
    assert database.query("select a.id from applications a where status is distinct from (select to_status from "
                          "application_events e where e.application_id = a.id order by at desc, id desc limit 1)") == []
    assert database.query("select id from companies c where not exists (select from company_members m where m.company_id = c.id "
                          "and role = 'owner')") == []
    for item in api.pages("/v1/jobs", limit=100):
        api.get(f"/v1/jobs/{item['id']}").expect(200)


def test_no_error_was_written(server):
    errors = [line for line in server.log.splitlines() if b"level=error" in line]
    assert not errors, errors[:5]
