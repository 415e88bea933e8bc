"""What holds for all operations: entity tags, conditional requests, HEAD, codings, languages, preferences, CORS, fields for
security and correlation. Reads are tried for every GET of the contract."""

import json
import re

import pytest
from support.client import Client
from support.contract import OPERATIONS, methods_of
from support.eventually import eventually
from support.world import in_days, vacancy

ORIGIN = "https://board.example"
# An address that works once cannot be asked twice: see test_documents.py.
READS = [op for op in OPERATIONS.values() if op.method == "GET" and op.id != "documents_link_open"]
QUERIES = {"jobs_suggest": "?q=segr", "taxonomies_places": "?q=mila"}
# The load balancer's own questions are answered for the moment only.
TAGGED = [op for op in READS if op.id not in ("system_livez", "system_readyz")]
PUBLIC = [op for op in READS if op.spec.get("x-segreteria-cache") == "public"]
FILES = ("documents_content", "me_export_content")
CHANGING = ("Date", "X-Request-Id")


def ids(value):
    return value.id if hasattr(value, "id") else None


@pytest.fixture(scope="module")
def server_options():
    return ["--cors-origin", ORIGIN, "--security-contact", "mailto:security@board.example"]


@pytest.fixture(scope="module")
def place(world, company, candidate, database):
    """Long enough to be worth compressing, each of them."""
    job = world.job(company, description="Supporto alla direzione. " * 200)
    application = world.application(candidate, job, cover_letter="Gentile direzione, " * 100)
    token, _ = world.token(company, ["jobs:read"])
    document = candidate.client.request("POST", "/v1/documents", body=b"%PDF-1.7\n" + b"Lia Rossi " * 500,
                                        headers={"Content-Type": "application/pdf"}).expect(201).json
    database.query("update accounts set email_verified_at = now() where email = %s", company.email)
    invitation = company.client.post(f"/v1/companies/{company.id}/invitations", {
        "email": world.email(), "role": "viewer"}).expect(201).json
    note = company.client.post(f"/v1/applications/{application['id']}/notes", {"body": "Rings back on Friday."}).expect(201).json
    company.client.post("/v1/me/export").expect(202)
    eventually(lambda: company.client.get("/v1/me/export").json["state"] == "ready", "the export is ready", seconds=30)
    operator, suspended = world.operator(company), world.company()
    database.query("update companies set verification = 'verified' where id = %s", company.id)
    database.query("update candidates set visibility = 'members', visible_since = now() where id = %s", candidate.id)
    operator.client.put(f"/v1/companies/{suspended.id}/suspension", {"reason": "For a test."}).expect(201)
    interview = company.client.post(f"/v1/applications/{application['id']}/interviews", {
        "place": "Via Roma 1", "slots": [{"starts_at": f"{in_days(9)}T09:00:00Z", "ends_at": f"{in_days(9)}T10:00:00Z"}]}).expect(201).json
    return {"operator": operator, "suspended": suspended,
            "path": {"candidate_id": candidate.id, "company_id": company.id, "document_id": document["id"], "invitation_id": invitation["id"], "job_id": job["id"], "token_id": token["id"], "name": "roles", "code": "not_found",
                     "application_id": application["id"], "note_id": note["id"], "interview_id": interview["id"], "asset": "docs.css", "version": "current"},
            "hidden": world.job(company, status="draft", confidential_client=True, client={
                "legal_name": "Officine Adriatiche S.p.A.", "vat_id": "IT07654321098", "country": "IT"}),
            "company": company, "candidate": candidate, "job": job}


def reader(operation, place, api):
    """Whoever may call it and is rightful there."""
    if operation.public:
        return api
    if operation.id.startswith("documents_") or operation.principals == ["candidate"]:
        return place["candidate"].client
    return place["company" if "company" in operation.principals and operation.id != "suspension_get" else "operator"].client


def target_of(operation, place):
    values = dict(place["path"])
    if operation.id == "suspension_get":
        values["company_id"] = place["suspended"].id
    if operation.id == "jobs_client":
        values["job_id"] = place["hidden"]["id"]
    if operation.id == "system_links_asset":
        values["asset"] = "links.css"
    query = f"?ids={values['application_id']}" if operation.id == "applications_compare" else QUERIES.get(operation.id, "")
    return operation.fill(values) + query


def fields(answer):
    return [(name, value) for name, value in answer.headers.items() if name not in CHANGING]


# --- entity tags, HEAD ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", READS, ids=ids)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_head_is_get_without_the_body(operation, coding, place, api):
    target, headers = target_of(operation, place), {"Accept-Encoding": coding}
    get = reader(operation, place, api).get(target, headers=headers).expect(200)
    head = reader(operation, place, api).head(target, headers=headers)
    assert head.status == 200 and head.body == b""
    assert fields(head) == fields(get)
    assert int(head.headers["Content-Length"]) == len(get.raw)


def test_head_of_what_is_not_there(api):
    get, head = (api.request(method, "/v1/jobs/01a1bf6d-b340-7a11-8c52-5d0f3b6e9a01") for method in ("GET", "HEAD"))
    assert head.status == 404 and fields(head) == fields(get)


@pytest.mark.parametrize("operation", TAGGED, ids=ids)
def test_not_modified(operation, place, api):
    target, client = target_of(operation, place), reader(operation, place, api)
    tags = set()
    for coding in ("identity", "gzip", "br", "zstd"):
        headers = {"Accept-Encoding": coding}
        answer = client.get(target, headers=headers).expect(200)
        coded = answer.headers["Content-Encoding"]
        assert coded in (None, coding)
        tags.add((coded, answer.etag))
        for match in (answer.etag, "W/" + answer.etag, f'"x", {answer.etag}', f'{answer.etag} , "y"', "*"):
            same = client.get(target, headers={**headers, "If-None-Match": match}).expect(304)
            assert same.etag == answer.etag
            for name in ("Cache-Control", "Vary", "Content-Language"):
                assert same.headers[name] == answer.headers[name], name
        for other in ('"x"', answer.etag.strip('"'), '"' + answer.etag.strip('"')[:-1] + '"'):
            client.get(target, headers={**headers, "If-None-Match": other}).expect(200)
        head = client.head(target, headers={**headers, "If-None-Match": answer.etag})
        assert head.status == 304
    # One tag for each coding, and no other.
    assert len({tag for _, tag in tags}) == len({coded for coded, _ in tags}) == len(tags)


@pytest.mark.parametrize("operation", [op for op in READS if op.public and op.takes_token], ids=ids)
def test_tag_is_the_same_for_every_caller(operation, place, api):
    target = target_of(operation, place)
    tags = {client.get(target).expect(200).etag for client in (api, place["company"].client, place["candidate"].client)}
    assert len(tags) == 1


def test_if_none_match_is_for_reads(place):
    """A PATCH is not held back by the tag of what is there."""
    target = f"/v1/companies/{place['company'].id}"
    tag = place["company"].client.get(target).etag
    place["company"].client.patch(target, {"name": "Lario Meccanica"}, headers={"If-None-Match": tag})


# --- codings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", READS, ids=ids)
def test_codings_decode_to_the_same(operation, place, api):
    target, client = target_of(operation, place), reader(operation, place, api)
    plain = client.get(target, headers={"Accept-Encoding": "identity"}).expect(200)
    assert plain.headers["Content-Encoding"] is None
    for accept, coding in (("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("GZIP;q=0.5", "gzip"),
                           ("gzip;q=0.1, br;q=0.9", "br"), ("br;q=0, gzip", "gzip"), ("*", None), ("deflate, gzip", "gzip")):
        answer = client.get(target, headers={"Accept-Encoding": accept}).expect(200)
        assert answer.body == plain.body
        if len(plain.body) >= 2000 and coding and not operation.id.startswith("system_docs") and operation.id not in FILES:
            assert answer.headers["Content-Encoding"] == coding
            assert len(answer.raw) < len(plain.raw)
        assert answer.headers["Content-Encoding"] in (None, coding) or coding is None
        if len(plain.body) >= 2000 and operation.id not in FILES:  # files are sent as they are
            assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("accept", ["", "identity", "deflate", "gzip;q=0", "x-unknown, identity;q=0.1", None])
def test_no_coding(place, api, accept):
    answer = api.get(f"/v1/jobs/{place['job']['id']}", headers={"Accept-Encoding": accept}).expect(200)
    assert answer.headers["Content-Encoding"] is None


def test_no_coding_acceptable(place, api):
    for accept in ("identity;q=0", "*;q=0", "deflate, *;q=0"):
        api.get(f"/v1/jobs/{place['job']['id']}", headers={"Accept-Encoding": accept}).expect(406, "not_acceptable")


def test_what_was_done_is_told_whatever_codings_are_acceptable(company):
    """406 would say that nothing came of it."""
    for coding in ("identity;q=0", "*;q=0"):
        answer = company.client.post("/v1/jobs", {"title": "Segretaria"}, headers={"Accept-Encoding": coding}).expect(201)
        assert answer.json["title"] == "Segretaria"


def test_an_answer_with_a_secret_is_not_compressed_away(company):
    """Whatever the coding, what is decoded is whole."""
    for coding in ("gzip", "br", "zstd"):
        answer = company.client.post("/v1/tokens", {"name": "x" * 90, "scopes": ["jobs:read"]}, headers={"Accept-Encoding": coding})
        assert answer.expect(201).json["secret"].startswith("sgr_")


# --- methods, origins -------------------------------------------------------------------------------------------------


def test_options_of_the_server(api):
    answer = api.options("*")
    assert answer.status in (204, 400, 404)


@pytest.mark.parametrize("operation", READS, ids=ids)
def test_any_origin_reads_what_is_public(operation, place, api):
    answer = reader(operation, place, api).get(target_of(operation, place), headers={"Origin": "https://anywhere.example"})
    allowed = answer.expect(200).headers["Access-Control-Allow-Origin"]
    assert allowed == ("*" if operation.spec.get("x-segreteria-cors") == "public" else None)
    assert answer.headers["Access-Control-Allow-Credentials"] is None


def test_problems_of_public_reads_can_be_read_too(api):
    answer = api.get("/v1/jobs?limit=0", headers={"Origin": "https://anywhere.example"}).expect(400, "invalid_parameter")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_known_origin(place, api):
    answer = place["company"].client.get("/v1/me", headers={"Origin": ORIGIN}).expect(200)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN and "Origin" in answer.headers["Vary"]
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    for other in ("https://evil.example", ORIGIN + ".evil.example", "null", ORIGIN + ":8443", "http://board.example"):
        answer = place["company"].client.get("/v1/me", headers={"Origin": other}).expect(200)
        assert answer.headers["Access-Control-Allow-Origin"] is None and "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin, method, allowed", [
    (ORIGIN, "POST", ORIGIN), (ORIGIN, "PATCH", ORIGIN), (ORIGIN, "GET", ORIGIN), ("https://evil.example", "POST", None),
    ("https://evil.example", "GET", "*"),
])
def test_preflight(api, origin, method, allowed):
    answer = api.options("/v1/jobs", headers={"Origin": origin, "Access-Control-Request-Method": method,
                                              "Access-Control-Request-Headers": "authorization, content-type"}).expect(204)
    assert answer.headers["Access-Control-Allow-Origin"] == allowed
    assert {m.strip() for m in answer.headers["Allow"].split(",")} == methods_of("/v1/jobs")
    if allowed:
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert int(answer.headers["Access-Control-Max-Age"]) >= 600
    if allowed == ORIGIN and method in methods_of("/v1/jobs"):
        assert method in answer.headers["Access-Control-Allow-Methods"]


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept, language", [
    (None, "en"), ("en", "en"), ("it", "it"), ("it-IT,it;q=0.9,en;q=0.8", "it"), ("IT", "it"), ("de", "en"), ("de, it;q=0.1", "it"),
    ("it;q=0, en", "en"), ("*", "en"), ("it;q=0.2, en;q=0.7", "en"), ("en-GB, it;q=0.9", "en"), ("x" * 900, "en"), (";;,=", "en"),
])
def test_language_of_problems_and_labels(api, accept, language):
    headers = {"Accept-Language": accept}
    problem = api.get("/v1/nothing", headers=headers).expect(404, "not_found")
    assert problem.headers["Content-Language"] == language
    assert problem.json["title"] == {"en": "Not found", "it": "Non trovato"}[language]
    labels = api.get("/v1/taxonomies/roles", headers=headers).expect(200)
    assert labels.headers["Content-Language"] == labels.json["language"] == language
    assert "Accept-Language" in labels.headers["Vary"]
    assert all(item["label"] == item["labels"][language] for item in labels.json["items"])


def test_violations_in_both_languages(api):
    """Every violation has its own words in either language."""
    body = {"email": 1, "password": "x", "given_name": "", "colour": 1, "languages": [{"language": "ITA", "level": "Z9"}] * 2}
    en, it = (api.post("/v1/candidates", body, headers={"Accept-Language": tag}).expect(422, "validation_failed")
              for tag in ("en", "it"))
    assert en.errors == it.errors
    for one, other in zip(en.json["errors"], it.json["errors"]):
        assert one["detail"] != other["detail"]


# --- preferences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefer", ["return=minimal", 'return="minimal"', "respond-async, return=minimal", "return=minimal; x=y",
                                    "RETURN=minimal", "wait=10,return=minimal"])
def test_prefer_minimal(company, prefer):
    headers = {"Prefer": prefer}
    created = company.client.post("/v1/jobs", vacancy(), headers=headers).expect(201)
    assert created.body == b"" and created.headers["Preference-Applied"] == "return=minimal"
    target = created.headers["Location"]
    patched = company.client.patch(target, {"title": "x"}, headers=headers).expect(204)
    assert patched.etag == company.client.get(target).etag
    put = f"/v1/companies/{company.id}/jobs/r{abs(hash(prefer))}"
    assert company.client.put(put, vacancy(), headers=headers).expect(201).body == b""
    assert company.client.put(put, vacancy(title="y"), headers=headers).expect(204).headers["Location"]


@pytest.mark.parametrize("prefer", ["return=representation", "return=nothing", "respond-async", "minimal", "x" * 900, "return",
                                    "return=minimalist"])
def test_other_preferences(company, prefer):
    answer = company.client.post("/v1/jobs", vacancy(), headers={"Prefer": prefer}).expect(201)
    assert answer.json["title"] == vacancy()["title"]
    assert answer.headers["Preference-Applied"] == (prefer if prefer == "return=representation" else None)


def test_a_secret_is_always_given(company, world):
    headers = {"Prefer": "return=minimal"}
    token = company.client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read"]}, headers=headers).expect(201).json
    assert token["secret"]
    login = company.client.anybody.post("/v1/sessions", {"email": company.email, "password": "correct horse battery"},
                                        headers=headers)
    assert login.expect(201).json["session"]["access_token"]


def test_a_problem_is_not_minimal(company):
    company.client.post("/v1/jobs", {"title": ""}, headers={"Prefer": "return=minimal"}).expect(422, "validation_failed")


# --- correlation, security --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "abc-123_x.y", "7" * 64, "01a1bf6d-b340-7a11-8c52-5d0f3b6e9a01"])
def test_request_id_is_kept(api, name):
    assert api.get("/livez", headers={"X-Request-Id": name}).headers["X-Request-Id"] == name


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "<script>", "a\tb", "é", 'a"b', "a=b c", "x" * 4000])
def test_request_id_that_is_not_sane_is_replaced(api, name):
    made = api.get("/livez", headers={"X-Request-Id": name.encode("latin-1", "replace")}).headers["X-Request-Id"]
    assert made != name and re.fullmatch(r"[0-9A-Za-z._-]{1,64}", made)


def test_request_ids_differ(api):
    assert len({api.get("/livez").headers["X-Request-Id"] for _ in range(50)}) == 50


def test_the_log_has_them(api, server):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    api.get("/livez", headers={"X-Request-Id": "find-me-in-the-log", "traceparent": trace}).expect(200)
    eventually(lambda: b"find-me-in-the-log" in server.log, "the line is written")
    line = next(line for line in server.log.splitlines() if b"find-me-in-the-log" in line)
    assert b"4bf92f3577b34da6a3ce929d0e0e4736" in line


def test_no_secret_in_the_log(api, server, world):
    account = world.candidate()
    account.client.get("/v1/me").expect(200)
    api.post("/v1/sessions", {"email": account.email, "password": "a wrong password"})
    api.get("/v1/jobs?access_token=" + account.token)
    log = server.log
    for secret in (account.token, account.session["refresh_token"], "a wrong password", "correct horse battery"):
        assert secret.encode() not in log


def test_security_fields_on_problems_too(api):
    for target in ("/v1/nothing", "/v1/me", "/v1/jobs?x=1", "/livez", "/docs"):
        headers = api.get(target).headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"] or target == "/docs"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Server"] is None or not re.search(r"\d", headers["Server"])


def test_nothing_private_is_kept_by_caches(place, api):
    for operation in READS:
        if not operation.public:
            answer = reader(operation, place, api).get(target_of(operation, place)).expect(200)
            assert answer.headers["Cache-Control"] == "no-store"
    assert place["company"].client.get("/v1/jobs").headers["Cache-Control"] == "no-store"


def test_keep_alive(server):
    """Many requests, one connection."""
    client = Client(server.host, server.port)
    connection = None
    for _ in range(20):
        client.get("/livez").expect(200)
        assert connection in (None, client.pool.connection)
        connection = client.pool.connection
    client.close()


def test_json_is_compact_and_utf8(place, api):
    answer = api.get(f"/v1/jobs/{place['job']['id']}").expect(200)
    assert answer.headers["Content-Type"] in ("application/json", "application/json; charset=utf-8")
    assert answer.body == json.dumps(answer.json, ensure_ascii=False, separators=(",", ":")).encode()
