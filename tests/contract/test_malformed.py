"""Malformed input for every operation, made from its schemas, and the exact answer to each: what is wrong, where, nothing
stored, and the server goes on. A new operation is covered without a line here, except for a body that would be accepted."""

import json
import re
import uuid
from urllib.parse import quote, unquote, urlencode

import pytest
from spoilt_bodies import JSON_BODY, WITH_BODY, body_of, broken, cases, schema_of, spoil_text, spoilt
from support.contract import API, OPERATIONS, methods_of
from support.world import in_days

ALL = list(OPERATIONS.values())


@pytest.fixture(scope="module")
def place(world):
    """Things to act on, and the callers that may."""
    company, candidate = world.company(), world.candidate()
    world.verify(company)
    world.database.query("update companies set verification = 'verified' where id = %s", company.id)
    world.database.query("update candidates set visibility = 'members', visible_since = now() where id = %s", candidate.id)
    job = world.job(company)
    application = world.application(candidate, world.job(company))
    token, _ = world.token(company, ["jobs:read"])
    document = candidate.client.request("POST", "/v1/documents", body=b"A text.", headers={"Content-Type": "text/plain"})
    session = company.client.get("/v1/sessions").expect(200).json["items"][0]
    return {
        "company": company, "candidate": candidate, "operator": world.operator(company),
        "path": {"company_id": company.id, "job_id": job["id"], "reference": "r-1", "token_id": token["id"], "session_id": session["id"],
                 "application_id": application["id"], "member_id": world.membership(company, company),
                 "invitation_id": world.invitation(company)["id"], "document_id": document.expect(201).json["id"],
                 "candidate_id": candidate.id,
                 "note_id": company.client.post(f"/v1/applications/{application['id']}/notes", {"body": "x"}).expect(201).json["id"],
                 "criterion": "poise", "interview_id": company.client.post(f"/v1/applications/{application['id']}/interviews", {
                     "place": "x", "slots": [{"starts_at": f"{in_days(9)}T09:00:00Z", "ends_at": f"{in_days(9)}T10:00:00Z"}]}).expect(201).json["id"],
                 "secret": "sgrl_" + "0" * 49, "name": "roles", "code": "not_found", "asset": "docs.css",
                 "version": "current"},
    }


def caller(place, operation, api):
    if not operation.takes_token:
        return api
    if operation.id.startswith("documents_"):
        return place["candidate"].client  # whose document it is
    kind = next(kind for kind in ("company", "candidate", "operator") if kind in operation.principals)
    return place[kind].client


# What a query cannot be without: {operation: {name: value}}.
NEEDED = {"applications_compare": {"ids": "01a1c49e-6a80-7c3e-b7d4-2f9a61c08e55"}, "jobs_suggest": {"q": "mil"}, "taxonomies_places": {"q": "mil"}}


def target(place, operation, query="", but=None):
    """The path, and a query with what is needed besides what the test says."""
    needed = urlencode({name: value for name, value in NEEDED.get(operation.id, {}).items() if name != but})
    return path(place, operation) + "?" + "&".join(part for part in (needed, query) if part)


def path(place, operation, **changes):
    asset = {"asset": "links.css"} if operation.id == "system_links_asset" else {}
    return operation.fill({**place["path"], **asset, **changes})


@pytest.fixture
def unchanged(place, database):
    before = database.fingerprint()
    yield
    assert database.fingerprint() == before


def ids(value):
    return value.id if hasattr(value, "id") else None


# --- bodies: one thing wrong at a time --------------------------------------------------------------------------------


CASES = {}
for _operation, _body, _pointer, _code in cases():
    CASES.setdefault(_operation.id, []).append((_body, _pointer, _code))


@pytest.mark.parametrize("operation", JSON_BODY, ids=ids)
def test_each_violation(operation, place, api, unchanged):
    client = caller(place, operation, api)
    assert CASES[operation.id]
    wrong = []
    for body, where, code in CASES[operation.id]:
        answer = client.request(operation.method, path(place, operation), body,
                                body=None if body is not None else b"null",
                                headers=None if body is not None else {"Content-Type": next(iter(operation.bodies))})
        if (answer.status, answer.code) != (422, "validation_failed") or (where, code) not in answer.errors:
            wrong.append((where, code, json.dumps(body)[:200], answer.status, answer.body[:400]))
    assert not wrong, f"{len(wrong)} of {len(CASES[operation.id])}: {wrong[:5]}"


@pytest.mark.parametrize("operation", JSON_BODY, ids=ids)
def test_all_violations_in_one_answer(operation, place, api, unchanged):
    body, wanted = body_of(operation), set()
    for name, schema in schema_of(operation)["properties"].items():
        value = next(value for value, code in spoilt(schema) if code == "type")
        body[name] = value
        wanted.add((f"/{name}", "type"))
    body["colour"] = 1
    answer = caller(place, operation, api).request(operation.method, path(place, operation), body)
    assert answer.expect(422, "validation_failed").errors >= wanted | {("/colour", "unknown_field")}


# --- bodies: not JSON, or not decent JSON -----------------------------------------------------------------------------


BROKEN = list(broken())


@pytest.mark.parametrize("operation", JSON_BODY, ids=ids)
def test_broken_json(operation, place, api, unchanged):
    client, wrong = caller(place, operation, api), []
    for name, body, status, code, violation in BROKEN:
        if name == "nothing" and not operation.spec["requestBody"]["required"]:
            continue
        answer = client.request(operation.method, path(place, operation), body=body,
                                headers={"Content-Type": next(iter(operation.bodies))})
        if len(body) > operation.spec.get("x-segreteria-body-limit", 1 << 20):
            status, code, violation = 413, "payload_too_large", None
        if (answer.status, answer.code) != (status, code) or (violation and violation not in answer.errors):
            wrong.append((name, answer.status, answer.body[:400]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("operation", [op for op in JSON_BODY if spoil_text(op)], ids=ids)
def test_bad_text_where_text_belongs(operation, place, api, unchanged):
    """PostgreSQL's text cannot hold a NUL, nor half a surrogate: told before it gets there."""
    where, body = spoil_text(operation)
    client = caller(place, operation, api)
    headers = {"Content-Type": next(iter(operation.bodies))}
    answer = client.request(operation.method, path(place, operation), body=body.replace(b"%s", b"a\\u0000b"), headers=headers)
    assert answer.expect(422, "validation_failed").errors == {(where, "nul_character")}
    for bad in (b"a\\ud800b", b"a\xffb", b"a\x00b"):
        answer = client.request(operation.method, path(place, operation), body=body.replace(b"%s", bad), headers=headers)
        answer.expect(400, "invalid_json")


# --- size, media types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", JSON_BODY, ids=ids)
def test_body_too_large(operation, place, api, unchanged):
    limit = operation.spec.get("x-segreteria-body-limit", 1 << 20)
    client, headers = caller(place, operation, api), {"Content-Type": next(iter(operation.bodies))}
    big = b'{"a": "' + b"x" * limit + b'"}'
    client.request(operation.method, path(place, operation), body=big, headers=headers).expect(413, "payload_too_large")
    client.close()
    # Chunked, the size is not known before it is too much.
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in
                       (big[i:i + 65536] for i in range(0, len(big), 65536))) + b"0\r\n\r\n"
    client.request(operation.method, path(place, operation), body=chunked,
                   headers={**headers, "Transfer-Encoding": "chunked"}).expect(413, "payload_too_large")
    client.close()
    # At the limit exactly it is read, and found wrong for what it says.
    fits = b'{"a": "' + b"x" * (limit - 9) + b'"}'
    assert len(fits) == limit
    client.request(operation.method, path(place, operation), body=fits, headers=headers).expect(422, "validation_failed")


@pytest.mark.parametrize("operation", [op for op in WITH_BODY if op.id != "documents_create"], ids=ids)
def test_wrong_content_type(operation, place, api, unchanged):
    client, body = caller(place, operation, api), json.dumps(body_of(operation)).encode()
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                 "application/jsonx", "application", "", "*/*", "application/*", "application/json, text/plain"):
        if kind.split(";")[0] in operation.bodies:
            continue
        answer = client.request(operation.method, path(place, operation), body=body, headers={"Content-Type": kind})
        answer.expect(415, "unsupported_media_type")
    client.request(operation.method, path(place, operation), body=body).expect(415, "unsupported_media_type")


@pytest.mark.parametrize("operation", JSON_BODY, ids=ids)
def test_content_type_in_another_spelling(operation, place, api, unchanged):
    client = caller(place, operation, api)
    for kind in (kind for kind in operation.bodies if "json" in kind):
        for spelling in (kind.upper(), kind + "; charset=utf-8", kind + ' ;charset="UTF-8"'):
            answer = client.request(operation.method, path(place, operation), body=b"{", headers={"Content-Type": spelling})
            answer.expect(400, "invalid_json")


@pytest.mark.parametrize("operation", [op for op in ALL if not op.bodies], ids=ids)
def test_body_where_none_belongs(operation, place, api, unchanged):
    client = caller(place, operation, api)
    answer = client.request(operation.method, path(place, operation), body=b"{}", headers={"Content-Type": "application/json"})
    answer.expect(415, "unsupported_media_type")


# What is not there whatever is accepted: nothing is suspended, no link was made, nobody to write to is set,
# no export was asked for, the vacancy has no hidden client.
NOTHING_THERE = {"suspension_get", "jobs_client", "documents_link_open", "system_security_txt", "me_export_get", "me_export_content"}


@pytest.mark.parametrize("operation", [op for op in ALL if op.method == "GET" and op.id not in NOTHING_THERE], ids=ids)
def test_not_acceptable(operation, place, api):
    client = caller(place, operation, api)
    offered = operation.spec["responses"]["200"].get("content", {})
    for accept in ("image/webp", "application/ld+json;q=0.5", "*/*;q=0"):
        if accept.split(";")[0] in offered:
            continue
        client.get(target(place, operation), headers={"Accept": accept}).expect(406, "not_acceptable")
    for accept in ("*/*", "text/*;q=0.1, application/*, image/*", "*/*;q=0.1"):
        client.get(target(place, operation), headers={"Accept": accept}).expect(200)


@pytest.mark.parametrize("operation", [op for op in JSON_BODY if "not_acceptable" in op.spec["x-segreteria-problems"]],
                         ids=ids)  # others answer nothing
def test_not_acceptable_before_anything_is_done(operation, place, api, unchanged):
    client = caller(place, operation, api)
    client.request(operation.method, path(place, operation), body_of(operation),
                   headers={"Accept": "text/csv"}).expect(406, "not_acceptable")


# --- methods and paths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", API["paths"])
def test_wrong_method(template, place, api, unchanged):
    target = next(op for op in ALL if op.path == template).fill(place["path"])
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        if method not in methods_of(template):
            answer = api.request(method, target)
            assert answer.status == 405
            if method != "HEAD":
                answer.expect(405, "method_not_allowed")
    for method in ("PROPFIND", "BREW", "get", "QUERY"):
        api.request(method, target).expect(501, "not_implemented")


@pytest.mark.parametrize("template", API["paths"])
def test_options(template, place, api, unchanged):
    target = next(op for op in ALL if op.path == template).fill(place["path"])
    answer = api.options(target).expect(204)
    assert {method.strip() for method in answer.headers["Allow"].split(",")} == methods_of(template)


@pytest.mark.parametrize("target", [
    "/", "/v1", "/v1/", "/v1/jobs/", "/v1//jobs", "/v1/jobs/batch/x", "/v2/jobs", "/V1/jobs", "/v1/Jobs", "/v1/jobs.json",
    "/v1/companies/", "/v1/companies//jobs/x", "/robots.txt", "/docs/", "/docs/../openapi.json", "/docs/%2e%2e/openapi.json",
    "/v1/jobs%2Fbatch", "/problems/", "/.git/config", "/v1/./jobs", "/v1/x/../jobs", "/v1/jobs;x=1",
])
def test_absent(target, api):
    answer = api.get(target)
    # A path that is not written in its one way leads nowhere: either there is nothing, or it is refused.
    assert (answer.status, answer.code) in ((404, "not_found"), (400, "invalid_parameter")), answer.body


def test_a_path_may_escape_letters(api):
    """%6A is j (RFC 3986, 6.2.2.2): the same path."""
    assert api.get("/v1/%6Aobs").expect(200).json == api.get("/v1/jobs").json


PATH_PARAMETERS = [(op, p) for op in ALL for p in op.parameters("path")]


@pytest.mark.parametrize("operation, parameter", PATH_PARAMETERS, ids=lambda v: v.id if hasattr(v, "id") else v["name"])
def test_bad_path_parameter(operation, parameter, place, api, unchanged):
    schema, client = parameter["schema"], caller(place, operation, api)
    values = {"uuid": ["1", "null", "01a1bf6d-b340-7a11-8c52-5d0f3b6e9a0g", "0" * 32, "%7B01a1bf6d%7D", "%27", "x" * 300]}.get(
        schema.get("format"), ["%20", "a%20b", "%2F", "%C3%A8", "x" * 200, "%3Cscript%3E", "-%27--", "a%09"])
    for value in values:
        target = path(place, operation, **{parameter["name"]: value})
        answer = client.request(operation.method, target, body_of(operation) if operation in JSON_BODY else None,
                                **batch_headers(operation))
        assert (answer.status, answer.code) == (400, "invalid_parameter"), (target, answer.body)
        assert {where for where, _ in answer.errors} - set(NEEDED.get(operation.id, {})) == {parameter["name"]}


def batch_headers(operation):
    """For operations whose body is not JSON: one of theirs."""
    types = {"jobs_batch": "application/x-ndjson", "documents_create": "application/pdf"}
    return {"body": b"{}", "headers": {"Content-Type": types[operation.id]}} if operation.id in types else {}


@pytest.mark.parametrize("operation", [op for op in ALL if op.parameters("path")], ids=ids)
def test_bad_encoding_in_the_path(operation, place, api, unchanged):
    name = operation.parameters("path")[-1]["name"]
    for value in ("%00", "a%00b", "%", "%4", "%zz", "%ff", "%c0%af", "%ed%a0%80", "%0d%0aX-Evil:%201"):
        answer = caller(place, operation, api).request(operation.method, path(place, operation, **{name: value}),
                                                       **batch_headers(operation))
        assert answer.status == 400 and answer.code in ("invalid_parameter", "malformed_request"), (value, answer.body)
        assert "X-Evil" not in answer.headers


# --- query parameters -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ALL, ids=ids)
def test_unknown_query_parameter(operation, place, api, unchanged):
    client = caller(place, operation, api)
    for query, names in (("colour=red", {"colour"}), ("a=1&b=2", {"a", "b"}), ("%3Cb%3E=1", {"<b>"}), ("Limit=1", {"Limit"}),
                         ("colour", {"colour"}), ("=x", {""})):
        answer = client.request(operation.method, target(place, operation, query), **batch_headers(operation))
        assert answer.expect(400, "invalid_parameter").errors == {(name, "unknown_parameter") for name in names}


QUERY = [(op, p) for op in ALL for p in op.parameters("query")]


def named(value):
    return value.id if hasattr(value, "id") else value["name"]


def is_list(parameter):
    return parameter["schema"].get("type") == "array"


@pytest.mark.parametrize("operation, parameter", QUERY, ids=named)
def test_bad_query_parameter(operation, parameter, place, api):
    schema = parameter["schema"]["items"] if is_list(parameter) else parameter["schema"]
    client = caller(place, operation, api)
    values = ["%00", "%ff", "%", "%zz"]
    kinds = schema.get("type")
    if kinds in ("integer", "number"):
        values += ["", "x", "+1", "0x1", "%201", "1,2", "%D9%A1", "9" * 100 if kinds == "integer" else "1e400"]
        values += ["1.5", "1e1"] if kinds == "integer" else []
        values += [str(schema[bound] + step) for bound, step in (("minimum", -1), ("maximum", 1)) if bound in schema]
    elif kinds == "boolean":
        values += ["", "x", "1", "TRUE"]
    elif "enum" in schema:
        values += ["", "nothing", schema["enum"][0].upper(), schema["enum"][0] + "%00"]
    elif schema.get("format") == "date-time":
        values += ["", "2027-01-01", "yesterday", "2027-13-01T00:00:00Z", "1"]
    elif schema.get("format") == "uuid":
        values += ["", "1", "x"]
    elif "pattern" in schema:
        values += [value for value in ("", "ITA", "1", "%C3%A8%C3%A8") if not re.search(schema["pattern"], unquote(value))]
    else:
        values += [] if schema.get("minLength", 0) == 0 else [""]
        values += ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
    for value in values:
        answer = client.get(target(place, operation, f"{parameter['name']}={value}", but=parameter["name"]))
        assert answer.status == 400 and answer.code in ("invalid_parameter", "invalid_cursor", "malformed_request"), (
            value, answer.status, answer.body)
        if answer.code == "invalid_parameter":
            assert {where for where, _ in answer.errors} == {parameter["name"]}, (value, answer.body)


@pytest.mark.parametrize("operation, parameter", [(op, p) for op, p in QUERY if not is_list(p) and op.method == "GET"], ids=named)
def test_repeated_query_parameter(operation, parameter, place, api):
    value = {"integer": "1"}.get(parameter["schema"].get("type"), "x")
    if "enum" in parameter["schema"]:
        value = parameter["schema"]["enum"][0]
    if parameter["schema"].get("format") == "date-time":
        value = "2027-01-01T00:00:00Z"
    query = urlencode([(parameter["name"], value)] * 2)
    answer = caller(place, operation, api).get(target(place, operation, query, but=parameter["name"]))
    assert (parameter["name"], "repeated_parameter") in answer.expect(400, "invalid_parameter").errors


@pytest.mark.parametrize("operation, parameter", [(op, p) for op, p in QUERY if is_list(p)], ids=named)
def test_too_many_values(operation, parameter, place, api):
    schema = parameter["schema"]
    value = quote(schema["items"].get("enum", ["x"])[0])
    if "format" in schema["items"]:
        value = str(uuid.uuid4())
    elif "pattern" in schema["items"]:
        value = next(text for text in ("IT", "EUR", "it", "it:B2", "job.published", "x") if re.search(schema["items"]["pattern"], text))
    query = "&".join([f"{parameter['name']}={value}"] * (schema["maxItems"] + 1))
    answer = caller(place, operation, api).get(target(place, operation, query, but=parameter["name"]))
    assert answer.expect(400, "invalid_parameter").errors == {(parameter["name"], "max_items")}


def test_every_parameter_s_violation_in_one_answer(api):
    answer = api.get("/v1/jobs?limit=0&role=boss&published_since=x&colour=red&limit=2").expect(400, "invalid_parameter")
    assert answer.errors >= {("role", "enum"), ("published_since", "format"), ("colour", "unknown_parameter"),
                             ("limit", "repeated_parameter")}


# --- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [op for op in ALL if any(p["name"] == "Idempotency-Key" for p in op.parameters("header"))],
                         ids=ids)
def test_bad_idempotency_key(operation, place, api, unchanged):
    client = caller(place, operation, api)
    for key in ("x" * 256, "x" * 5000, "\xe8", "a\tb"):
        more = batch_headers(operation) or {"headers": {}}
        more["headers"]["Idempotency-Key"] = key
        answer = client.request("POST", path(place, operation), body_of(operation) if operation in JSON_BODY else None, **more)
        assert (answer.status, answer.code) == (400, "invalid_parameter"), (key, answer.body)
        assert {where for where, _ in answer.errors} == {"Idempotency-Key"}


def test_the_server_is_well(api, server):
    """Last: after all this it serves, and has written no error of its own making."""
    api.get("/readyz").expect(200)
    assert server.alive()
    assert b"level=error" not in server.log
