"""openapi.yaml as the tests use it: operations, schemas with every $ref put in place, and the check of an answer."""

import datetime
import functools
import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "patch", "delete")

# fy-tool is what the build uses; for the tests libyaml is enough, and test_description.py compares the two.
API = yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
CATALOGUE = API["x-segreteria-problems"]
ANY_TIME = tuple(API["components"]["responses"]["OtherProblem"]["x-segreteria-problems"])


def lookup(reference):
    target = API
    for key in reference.removeprefix("#/").split("/"):
        target = target[key.replace("~1", "/").replace("~0", "~")]
    return target


def resolved(value):
    """The same document with every $ref replaced by what it points to (members beside a $ref are kept)."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            return {**resolved(lookup(value["$ref"])), **{k: resolved(v) for k, v in value.items() if k != "$ref"}}
        return {key: resolved(member) for key, member in value.items()}
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return value


def closed(schema):
    """Answers of this server hold nothing that the contract does not name, although clients must expect it one day."""
    if isinstance(schema, dict):
        schema = {key: closed(member) for key, member in schema.items()}
        if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        return schema
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("uuid")
def is_uuid(text):
    return not isinstance(text, str) or (re.fullmatch(r"[0-9a-f-]{36}", text) and str(uuid.UUID(text)) == text)


@FORMATS.checks("date-time", raises=ValueError)
def is_timestamp(text):
    """The server writes UTC with milliseconds and Z, always."""
    if isinstance(text, str):
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text):
            return False
        datetime.datetime.fromisoformat(text.removesuffix("Z"))
    return True


@FORMATS.checks("date", raises=ValueError)
def is_date(text):
    return not isinstance(text, str) or bool(datetime.date.fromisoformat(text))


@FORMATS.checks("email")
def is_email(text):
    return not isinstance(text, str) or bool(re.fullmatch(r"[^@\s]+@[^@\s]+", text))


@FORMATS.checks("uri")
def is_uri(text):
    return not isinstance(text, str) or bool(re.fullmatch(r"[a-z][a-z0-9+.-]*:[!-~]+", text))


@FORMATS.checks("uri-reference")
def is_uri_reference(text):
    return not isinstance(text, str) or bool(re.fullmatch(r"[!-~]*", text))


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    spec: dict

    def __hash__(self):
        return hash(self.id)

    @property
    def scopes(self):
        return self.spec.get("x-segreteria-scopes", [])

    @property
    def principals(self):
        return self.spec.get("x-segreteria-principals", [])

    @property
    def roles(self):
        return self.spec.get("x-segreteria-roles", ["owner", "recruiter", "viewer"])

    @property
    def public(self):
        """Needs no token: security is empty or has the empty alternative."""
        return self.spec["security"] == [] or {} in self.spec["security"]

    @property
    def takes_token(self):
        return any("bearer" in alternative for alternative in self.spec["security"])

    @property
    def problems(self):
        return self.spec["x-segreteria-problems"]

    def parameters(self, place):
        return [p for p in self.spec.get("parameters", []) if p["in"] == place]

    @property
    def bodies(self):
        """{media type: schema}."""
        return {name: media["schema"] for name, media in self.spec.get("requestBody", {}).get("content", {}).items()}

    def example(self, media_type=None):
        """The first example of the request body."""
        content = self.spec["requestBody"]["content"]
        media = content[media_type] if media_type else next(iter(content.values()))
        return next(iter(media["examples"].values()))["value"]

    def fill(self, values):
        return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), self.path)


def load_operations():
    operations = {}
    for path, item in API["paths"].items():
        for method in METHODS:
            if method in item:
                spec = resolved(item[method])
                spec["parameters"] = resolved(item.get("parameters", [])) + spec.get("parameters", [])
                operations[spec["operationId"]] = Operation(spec["operationId"], method.upper(), path, spec)
    return operations


OPERATIONS = load_operations()


def template_pattern(path):
    return re.compile("".join("[^/]*" if part.startswith("{") else re.escape(part)
                              for part in re.split(r"(\{\w+\})", path)))


# Fixed paths before those with parameters, as in the server.
TEMPLATES = [(template_pattern(path), path) for path in sorted(API["paths"], key=lambda path: "{" in path)]


def path_of(target):
    """The path template that a request target falls under, or None."""
    raw = re.sub(r"%(4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|3\d)", lambda m: chr(int(m[1], 16)), target.split("?")[0], flags=re.I)
    return next((path for pattern, path in TEMPLATES if pattern.fullmatch(raw)), None)


def methods_of(path):
    """What OPTIONS and 405 answer for a path template."""
    methods = {method.upper() for method in METHODS if method in API["paths"][path]}
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def find(method, target):
    path = path_of(target)
    if path is None:
        return None
    spec = API["paths"][path].get("get" if method == "HEAD" else method.lower())
    return OPERATIONS[spec["operationId"]] if spec else None


@functools.lru_cache(maxsize=None)
def validator(operation_id, status, media_type):
    schema = OPERATIONS[operation_id].spec["responses"][status]["content"][media_type]["schema"]
    return jsonschema.Draft202012Validator(closed(schema), format_checker=FORMATS)


PROBLEM = jsonschema.Draft202012Validator(closed(resolved(API["components"]["schemas"]["Problem"])), format_checker=FORMATS)


def fits(checker, instance, what):
    errors = [f"/{'/'.join(str(part) for part in error.absolute_path)}: {error.message[:300]}"
              for error in checker.iter_errors(instance)]
    assert not errors, f"{what} does not fit the contract: {errors}"


def check_problem(request, response, operation):
    what = f"{request} -> {response.status}"
    assert response.media_type == "application/problem+json", f"{what}: {response.media_type}"
    problem = json.loads(response.body)
    fits(PROBLEM, problem, what)
    code = problem["code"]
    assert code in CATALOGUE, f"{what}: {code} is not in the catalogue"
    if operation is not None:
        assert code in operation.problems or code in ANY_TIME, f"{what}: {operation.id} does not list {code}"
    else:
        assert code in ("not_found", "malformed_request") or code in ANY_TIME, f"{what}: {code}"
    assert problem["status"] == response.status == CATALOGUE[code]["status"], what
    assert problem["type"] == f"/problems/{code}", what
    language = response.headers["Content-Language"]
    assert language in ("en", "it"), what
    assert problem["title"] == CATALOGUE[code]["title"][language], what
    assert "Accept-Language" in vary_of(response), f"{what}: Vary {response.headers['Vary']}"
    if "instance" in problem:
        assert problem["instance"] == request.target.split("?")[0], what
    for error in problem.get("errors", []):
        assert len({"pointer", "parameter", "header"} & set(error)) == 1, f"{what}: {error}"


def vary_of(response):
    return [name.strip() for name in (response.headers["Vary"] or "").split(",")]


# A header that comes with a status, whatever the operation.
WITH_STATUS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def check_headers(request, response, operation):
    what = f"{request} -> {response.status}"
    headers = response.headers
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")):
        assert headers[name] == value, f"{what}: {name}: {headers[name]}"
    for name in ("X-Request-Id", "Cache-Control", "Content-Security-Policy", "Date"):
        assert headers[name], f"{what}: no {name}"
    for name in ("X-Request-Id", "Cache-Control", "Content-Type", "ETag", "Vary", "Location", "Content-Length",
                 "Content-Language"):
        assert len(headers.get_all(name, [])) <= 1, f"{what}: {name} is there twice"
    if response.status in WITH_STATUS:
        assert headers[WITH_STATUS[response.status]], f"{what}: no {WITH_STATUS[response.status]}"
    if response.status == 415 and operation is not None:
        wanted = {"POST": "Accept-Post", "PATCH": "Accept-Patch", "PUT": "Accept"}.get(operation.method)
        if wanted and operation.bodies:
            assert headers[wanted] == ", ".join(operation.bodies), f"{what}: {wanted}: {headers[wanted]}"
    if response.status == 405:
        assert {m.strip() for m in headers["Allow"].split(",")} == methods_of(path_of(request.target)), what


def check_cache(request, response, operation):
    """Public answers are kept as long as the contract says, but not what a token brought; nothing else is kept."""
    control = response.headers["Cache-Control"]
    public = operation.spec.get("x-segreteria-cache") == "public" and response.status in (200, 304)
    if public and not (request.has_token and operation.takes_token):
        assert control == f"public, max-age={operation.spec['x-segreteria-max-age']}", f"{request}: {control}"
    elif response.status < 300:
        assert "no-store" in control, f"{request}: {control}"


def check_vary(request, response, operation):
    """What another request for the same target could have changed about the answer is named."""
    wanted = set()
    if response.headers["Content-Encoding"]:
        wanted.add("Accept-Encoding")
    if operation.public and operation.takes_token and operation.method == "GET":
        wanted.add("Authorization")
    if response.headers["Content-Language"]:
        wanted.add("Accept-Language")
    if len(operation.spec["responses"].get("200", {}).get("content", {})) > 1:
        wanted.add("Accept")
    assert wanted <= set(vary_of(response)), f"{request}: Vary {response.headers['Vary']}, wanted {wanted}"


def check_success(request, response, operation):
    what = f"{request} -> {response.status}"
    documented = operation.spec["responses"].get(str(response.status))
    assert documented, f"{what}: {operation.id} does not document {response.status}"
    named = documented.get("headers", {})
    streamed = response.media_type in ("application/x-ndjson", "text/csv")  # made while it is sent: it has no tag
    for name in ("ETag", "Content-Language", "Preference-Applied" if response.status == 204 else "ETag"):
        assert name not in named or response.headers[name] or (streamed and name == "ETag"), f"{what}: no {name}"
    for name in ("Location", "Link", "Idempotent-Replayed", "ETag", "Preference-Applied"):
        assert name in named or not response.headers[name], f"{what}: {name} is not documented"
    if response.status == 201 and "Location" in named:
        assert response.headers["Location"].startswith("/v1/"), what
    if response.headers["ETag"]:
        assert re.fullmatch(r'"[!#-~]+"', response.headers["ETag"]), f"{what}: {response.headers['ETag']}"
    content = documented.get("content", {})
    minimal = response.headers["Preference-Applied"] == "return=minimal"
    if not content or minimal:
        assert response.body == b"", f"{what}: a body"
        return
    assert response.media_type in content, f"{what}: {response.media_type} is not documented"
    if request.method == "HEAD":
        return
    checker = validator(operation.id, str(response.status), response.media_type)
    if response.media_type == "application/json":
        fits(checker, json.loads(response.body), what)
    elif response.media_type == "application/x-ndjson":
        for line in response.body.splitlines():
            fits(checker, json.loads(line), what)


def check(request, response):
    """Asserts that an answer is one the contract allows for the request."""
    operation = find(request.method, request.target)
    check_headers(request, response, operation)
    if request.method == "HEAD":
        assert response.body == b"", f"{request}: a body after HEAD"
    if request.method == "OPTIONS":
        assert response.status == 204 or response.status >= 400, f"{request} -> {response.status}"
    elif response.status >= 400:
        if request.method != "HEAD":
            check_problem(request, response, operation)
    else:
        assert operation is not None, f"{request} -> {response.status}: there is no such operation"
        check_cache(request, response, operation)
        check_vary(request, response, operation)
        if response.status == 304:
            assert response.body == b"" and response.headers["ETag"], f"{request} -> 304"
        else:
            check_success(request, response, operation)
