"""Documents: uploads of every form, types by content, limits, downloads with ranges, links, who may and who may not, and that
nothing readable is in the data base."""

import hashlib
import socket
import uuid

import pytest
from files import (CHUNK, DOCX_TYPE, FORM, JPEG, MOST, ODT_TYPE, PDF, PNG, content, documents_of, docx, form, odt, pdf,
                   send_in_pieces, store)
from support.eventually import eventually


def nothing_unfinished(database):
    eventually(lambda: database.value("select count(*) from documents where completed_at is null") == 0, "given up uploads are gone")


@pytest.fixture
def candidate(world):
    return world.candidate()


@pytest.mark.parametrize("size", [len(PDF), CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 127, CHUNK + 128, CHUNK + 129, 3 * CHUNK, 200_000, MOST])
def test_what_is_stored_comes_back(candidate, database, size):
    data = pdf(size)
    answer = store(candidate, data, name="CV Lia Rossi.pdf").expect(201)
    document = answer.json
    assert document["size"] == size and document["media_type"] == "application/pdf" and document["name"] == "CV Lia Rossi.pdf"
    assert document["sha256"] == hashlib.sha256(data).hexdigest() and document["scan"] == "not_scanned"
    assert answer.headers["Location"] == f"/v1/documents/{document['id']}"
    got = content(candidate.client, document["id"]).expect(200)
    assert got.body == data
    assert got.headers["Content-Type"] == "application/pdf" and got.headers["Content-Length"] == str(size)
    assert got.headers["Cache-Control"] == "no-store" and got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Disposition"] == "attachment; filename=\"CV Lia Rossi.pdf\"; filename*=UTF-8''CV%20Lia%20Rossi.pdf"
    chunks = database.query("select n, data from document_chunks where document_id = %s order by n", document["id"])
    assert [n for n, _ in chunks] == list(range((size + CHUNK - 1) // CHUNK))
    assert not any(data[i : i + 16] in bytes(chunk) for n, chunk in chunks for i in range(n * CHUNK, min(size, (n + 1) * CHUNK) - 15, 4096))


@pytest.mark.parametrize(("data", "type"), [
    (PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg"), (docx(), DOCX_TYPE), (odt(), ODT_TYPE),
    (rb"{\rtf1\ansi Lia Rossi}", "application/rtf"), ("Perché no? Così è.\n".encode(), "text/plain"),
    ("è".encode() * 40000, "text/plain")],
    ids=["pdf", "png", "jpeg", "docx", "odt", "rtf", "text", "long-text"])
def test_the_type_is_that_of_the_content(candidate, data, type):
    document = store(candidate, data, name="anything.exe", type="application/octet-stream").expect(201).json
    assert document["media_type"] == type
    assert content(candidate.client, document["id"]).expect(200).body == data


@pytest.mark.parametrize("data", [b"MZ\x90\x00" + bytes(200), b"\x7fELF" + bytes(200), b"<html><script>alert(1)</script></html>",
                                  b"PK\x03\x04" + bytes(100), "così".encode("latin-1") * 10, b"text\x00more", b"GIF89a" + bytes(20),
                                  b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"],
    ids=["exe", "elf", "html", "zip", "latin-1", "nul", "gif", "svg"])
def test_other_types_are_refused_whatever_they_are_called(candidate, database, data):
    before = database.fingerprint()
    store(candidate, data, name="cv.pdf").expect(422, "unsupported_document")
    nothing_unfinished(database)
    assert database.fingerprint() == before


def test_a_refused_upload_holds_no_place_any_more(candidate, database):
    """When the client is told, its place is free: it may be the last that was needed."""
    database.query("create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return old; end $$")
    database.query("create trigger slowly before delete on documents for each row execute function slowly()")
    try:
        for data, *refusal in ((b"", 422, "empty_document"), (pdf(MOST + 1), 413, "payload_too_large")):
            store(candidate, data).expect(*refusal)
            assert database.value("select count(*) from documents where candidate_id = %s", candidate.id) == 0
    finally:
        database.query("drop function slowly cascade")


def test_limits(candidate, database):
    store(candidate, b"").expect(422, "empty_document")
    store(candidate, pdf(MOST + 1)).expect(413, "payload_too_large")
    for n in range(20):
        store(candidate, PDF + bytes([n])).expect(201)
    store(candidate, PDF).expect(409, "too_many_documents")
    page = candidate.client.get("/v1/documents?limit=15").expect(200).json
    rest = candidate.client.get("/v1/documents", params={"limit": 15, "cursor": page["next_cursor"]}).expect(200).json
    ids = [document["id"] for document in page["items"] + rest["items"]]
    assert len(ids) == len(set(ids)) == 20 and rest["next_cursor"] is None and ids == sorted(ids, reverse=True)
    candidate.client.delete(f"/v1/documents/{ids[7]}").expect(204)
    store(candidate, PDF).expect(201)
    nothing_unfinished(database)


@pytest.mark.parametrize(("given", "kept"), [
    ("../../etc/passwd", "passwd"), ("C:\\Users\\lia\\cv.pdf", "cv.pdf"), ("a\u202ecod.exe", "acod.exe"), ("  x\u0007 ", "x"),
    ("perché.pdf", "perché.pdf"), ("/", "document"), (None, "document")])
def test_names_are_kept_without_what_deceives(candidate, given, kept):
    document = store(candidate, PDF, name=given).expect(201).json
    assert document["name"] == kept
    disposition = content(candidate.client, document["id"]).expect(200).headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=") and "\n" not in disposition


class TestForms:
    def send(self, candidate, body, type=FORM):
        return candidate.client.request("POST", "/v1/documents", body=body, headers={"Content-Type": type})

    @pytest.mark.parametrize("size", [len(PDF), CHUNK, CHUNK + 130, 300_000])
    def test_one_file(self, candidate, size):
        data = pdf(size) + b"\r\n--curl-boundary-012\r\n-\r\n--"  # nearly the boundary
        document = self.send(candidate, form(("note", None, b"x"), ("file", "cv.pdf", data), ("after", None, b"y"))).expect(201).json
        assert document["name"] == "cv.pdf" and document["size"] == len(data)
        assert content(candidate.client, document["id"]).expect(200).body == data

    def test_piece_by_piece(self, candidate, server):
        """However the bytes are cut up by the network."""
        data = pdf(1000)
        body = form(("file", "cv.pdf", data))
        answer = send_in_pieces(server, candidate, "/v1/documents", body)
        assert b"HTTP/1.1 201" in answer and hashlib.sha256(data).hexdigest().encode() in answer

    @pytest.mark.parametrize(("body", "type"), [
        (form(("file", "cv.pdf", PDF), close=False), FORM), (form(("note", None, b"no file")), FORM), (b"", FORM),
        (form(("file", "a.pdf", PDF), ("file", "b.pdf", PDF)), FORM), (form(("file", "a.pdf", PDF)), "multipart/form-data"),
        (form(("file", "a.pdf", PDF)), "multipart/form-data; boundary=other"),
        (b"--curl-boundary-0123\r\nContent-Disposition: form-data\r\n\r\nx\r\n--curl-boundary-0123--", FORM),
        (b"--curl-boundary-0123\r\n" + b"X-Long: " + b"x" * 5000 + b"\r\n\r\n", FORM),
        (form(*[(f"f{n}", None, b"x") for n in range(40)]), FORM),
        (b"preamble" * 2000, FORM),
        (form(("file", "a.pdf", PDF)), "multipart/form-data; boundary=" + "b" * 71)],
        ids=["not-closed", "no-file", "empty", "two-files", "no-boundary", "other-boundary", "no-name", "long-head", "many-parts",
             "preamble", "long-boundary"])
    def test_malformed(self, candidate, database, body, type):
        before = database.fingerprint()
        self.send(candidate, body, type).expect(400, "malformed_form")
        nothing_unfinished(database)
        assert database.fingerprint() == before


def test_a_transfer_that_breaks_off_leaves_nothing(candidate, server, database):
    data = pdf(500_000)
    with socket.create_connection((server.host, server.port), timeout=20) as sock:
        sock.sendall((f"POST /v1/documents HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {candidate.token}\r\n"
                      f"Content-Type: application/pdf\r\nContent-Length: {len(data)}\r\n\r\n").encode() + data[:300_000])
        eventually(lambda: database.value("select count(*) from document_chunks c join documents d on d.id = c.document_id "
                                          "where d.candidate_id = %s", candidate.id) >= 3, "chunks arrive")
    eventually(lambda: documents_of(database, candidate) == 0, "the upload is forgotten")
    assert database.value("select count(*) from document_chunks c where not exists (select from documents where id = document_id)") == 0


def test_the_same_key_stores_once(candidate, database):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    data = pdf(100_000)
    first = store(candidate, data, **key).expect(201)
    again = store(candidate, data, **key).expect(201)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
    store(candidate, data + b"x", **key).expect(422, "idempotency_key_reused")
    eventually(lambda: documents_of(database, candidate) == 1, "one is left")


@pytest.mark.parametrize(("asked", "slice_"), [
    ("bytes=0-9", (0, 10)), ("bytes=65530-65545", (65530, 65546)), ("bytes=150000-", (150_000, 200_000)), ("bytes=-5", (199_995, 200_000)),
    ("bytes=199999-300000", (199_999, 200_000)), ("bytes=-999999", (0, 200_000)), ("bytes=0-99999999999999999999999", (0, 200_000))])
def test_ranges(candidate, asked, slice_):
    data = pdf(200_000)
    document = store(candidate, data).expect(201).json
    answer = content(candidate.client, document["id"], Range=asked).expect(206)
    assert answer.body == data[slice(*slice_)]
    assert answer.headers["Content-Range"] == f"bytes {slice_[0]}-{slice_[1] - 1}/200000"


def test_other_ranges(candidate):
    data = pdf(200_000)
    document = store(candidate, data).expect(201).json
    client = candidate.client
    for whole in ("bytes=0-1,3-4", "bytes=5-2", "bytes=a-b", "bytes=", "lines=1-2", "bytes=-"):
        assert content(client, document["id"], Range=whole).expect(200).body == data
    for beyond in ("bytes=200000-", "bytes=-0", "bytes=999999999999999999999-"):
        answer = content(client, document["id"], Range=beyond).expect(416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == "bytes */200000"
    tag = content(client, document["id"]).headers["ETag"]
    assert content(client, document["id"], Range="bytes=0-3", **{"If-Range": tag}).expect(206).body == data[:4]
    assert content(client, document["id"], Range="bytes=0-3", **{"If-Range": '"other"'}).expect(200).body == data
    content(client, document["id"], **{"If-None-Match": tag}).expect(304)


def test_deleted_is_gone(candidate, database):
    document = store(candidate, pdf(200_000)).expect(201).json
    candidate.client.delete(f"/v1/documents/{document['id']}").expect(204)
    for path in ("", "/content"):
        candidate.client.get(f"/v1/documents/{document['id']}{path}").expect(404, "not_found")
    assert database.value("select count(*) from document_chunks where document_id = %s", document["id"]) == 0
    candidate.client.delete(f"/v1/documents/{document['id']}").expect(404, "not_found")


def attach(database, application, document):
    database.query("insert into application_documents values (%s, %s, 1)", application["id"], document["id"])


def test_who_may_see_it(world, database):
    company, rival, candidate, other = world.company(), world.company(), world.candidate(), world.candidate()
    document = store(candidate, PDF).expect(201).json
    paths = [f"/v1/documents/{document['id']}", f"/v1/documents/{document['id']}/content"]
    for path in paths:
        for caller in (company, rival, other):
            caller.client.get(path).expect(404, "not_found")
        world.client.get(path).expect(401, "unauthorized")
    attach(database, world.application(candidate, world.job(company)), document)
    for path in paths:
        company.client.get(path).expect(200)
        world.member(company, "viewer").client.get(path).expect(200)
        rival.client.get(path).expect(404, "not_found")
    other.client.delete(paths[0]).expect(404, "not_found")
    company.client.delete(paths[0]).expect(403, "forbidden")
    store(company, PDF).expect(403, "forbidden")
    seen = database.query("select action, company_id::text from audit_log where candidate_id = %s and subject_id = %s order by id",
                          candidate.id, document["id"])
    assert ("document.uploaded", None) == seen[0] and seen.count(("document.downloaded", company.id)) == 2
    assert seen.count(("document.viewed", company.id)) == 2


def test_with_an_application(world, database):
    company, candidate = world.company(), world.candidate()
    job = world.job(company)
    mine = [store(candidate, PDF, name=name).expect(201).json for name in ("b.pdf", "a.pdf")]
    foreign = store(world.candidate(), PDF).expect(201).json
    path = f"/v1/jobs/{job['id']}/applications"
    before = database.fingerprint()
    wrong = candidate.client.post(path, {"document_ids": [mine[0]["id"], foreign["id"], str(uuid.uuid4())]}).expect(422, "validation_failed")
    assert wrong.errors == {("/document_ids/1", "unknown_document"), ("/document_ids/2", "unknown_document")}
    candidate.client.post(path, {"document_ids": [mine[0]["id"]] * 2}).expect(422, "validation_failed")
    twice = candidate.client.post(path, {"document_ids": [mine[0]["id"], mine[1]["id"], mine[0]["id"].upper()]})
    assert twice.expect(422, "validation_failed").errors == {("/document_ids/2", "duplicate_document")}
    assert database.fingerprint() == before
    sent = candidate.client.post(path, {"document_ids": [d["id"] for d in mine]}).expect(201).json
    kept = [{name: value for name, value in d.items() if name != "purge_after"} for d in mine]
    assert sent["documents"] == kept
    seen = company.client.get(f"/v1/applications/{sent['id']}").expect(200).json
    assert [d["name"] for d in seen["documents"]] == ["b.pdf", "a.pdf"]
    assert content(company.client, mine[0]["id"]).expect(200).body == PDF
    candidate.client.delete(f"/v1/documents/{mine[0]['id']}").expect(204)
    seen = company.client.get(f"/v1/applications/{sent['id']}").expect(200).json
    assert [d["name"] for d in seen["documents"]] == ["a.pdf"]
    content(company.client, mine[0]["id"]).expect(404, "not_found")


def test_infected_documents_go_to_nobody(world, database):
    company, candidate = world.company(), world.candidate()
    document = store(candidate, PDF).expect(201).json
    attach(database, world.application(candidate, world.job(company)), document)
    database.query("update documents set scan = 'infected', scanned_at = now() where id = %s", document["id"])
    content(company.client, document["id"]).expect(409, "document_infected")
    content(candidate.client, document["id"]).expect(409, "document_infected")


class TestLinks:
    def link(self, caller, document, **body):
        return caller.client.post(f"/v1/documents/{document['id']}/links", body).expect(201).json

    def test_once(self, world, candidate, database):
        data = pdf(100_000)
        document = store(candidate, data).expect(201).json
        link = self.link(candidate, document, minutes=2)
        secret = link["url"].rsplit("/", 1)[1]
        assert world.client.head(link["url"]).status == 404
        assert world.client.get(link["url"]).expect(200).body == data
        world.client.get(link["url"]).expect(404, "not_found")
        assert database.value("select count(*) from document_links where token_hash = %s", secret.encode()) == 0
        world.client.get(link["url"][:-1] + ("0" if link["url"][-1] != "0" else "1")).expect(404, "not_found")

    def test_it_ends(self, world, candidate, database):
        document = store(candidate, PDF).expect(201).json
        link = self.link(candidate, document)
        database.query("update document_links set expires_at = now() - interval '1 second' where document_id = %s", document["id"])
        world.client.get(link["url"]).expect(404, "not_found")

    def test_its_maker_must_still_be_allowed(self, world, database):
        company, candidate = world.company(), world.candidate()
        member = world.member(company, "recruiter")
        document = store(candidate, PDF).expect(201).json
        application = world.application(candidate, world.job(company))
        attach(database, application, document)
        gone, detached = self.link(member, document), self.link(company, document)
        database.query("delete from company_members where account_id = (select id from accounts where email = %s)", member.email)
        world.client.get(gone["url"]).expect(404, "not_found")
        database.query("delete from application_documents where document_id = %s", document["id"])
        world.client.get(detached["url"]).expect(404, "not_found")

    def test_the_candidate_does_not_see_whose_link_it_was(self, world, database):
        """The company's people are its own business: an owner sees it."""
        company, candidate = world.company(), world.candidate()
        document = store(candidate, PDF).expect(201).json
        attach(database, world.application(candidate, world.job(company)), document)
        world.client.get(self.link(company, document)["url"]).expect(200)
        path = f"/v1/audit?action=document.downloaded&subject={document['id']}"
        [seen] = candidate.client.get(path).expect(200).json["items"]
        [owned] = company.client.get(path).expect(200).json["items"]
        assert seen["id"] == owned["id"] and "detail" not in seen and list(owned["detail"]) == ["link_of"]

    def test_a_suspended_company_has_no_links(self, world, database):
        company, candidate = world.company(), world.candidate()
        document = store(candidate, PDF).expect(201).json
        attach(database, world.application(candidate, world.job(company)), document)
        link = self.link(company, document)
        world.operator(company).client.put(f"/v1/companies/{company.id}/suspension", {"reason": "For a test."}).expect(201)
        world.client.get(link["url"]).expect(404, "not_found")

    def test_not_for_others(self, world, candidate):
        document = store(candidate, PDF).expect(201).json
        path = f"/v1/documents/{document['id']}/links"
        world.company().client.post(path, {}).expect(404, "not_found")
        world.candidate().client.post(path, {}).expect(404, "not_found")
        world.client.post(path, {}).expect(401, "unauthorized")
        candidate.client.post(path, {"minutes": 61}).expect(422, "validation_failed")


def test_a_key_belongs_to_its_document(candidate, database):
    """Rows that somebody with write access to the data base swaps do not open."""
    first, second = (store(candidate, pdf(1000, seed)).expect(201).json for seed in (b"a", b"b"))
    database.query("update documents d set sealed_key = o.sealed_key from documents o where d.id = %s and o.id = %s",
                     first["id"], second["id"])
    content(candidate.client, first["id"]).expect(500, "internal_error")
