"""Applying with files in one call, again after withdrawing, under a processing notice, with a consent that ends, to a vacancy
that is kept as it was; and the message about it."""

import datetime
import hashlib
import json
import socket
import subprocess
import threading
import uuid

import pytest
from files import CHUNK, FORM, MOST, PDF, PNG, content, documents_of, form, pdf, send_in_pieces
from support.eventually import eventually
from support.world import in_days, vacancy

JSON = "application/json"


def send(client, job, *parts, body=None, **headers):
    """One multipart call. parts: (name, filename or None, content)."""
    return client.request("POST", f"/v1/jobs/{job['id']}/applications", body=form(*parts) if body is None else body,
                          headers={"Content-Type": FORM, **headers})


def application(text="{}"):
    return ("application", None, text.encode() if isinstance(text, str) else json.dumps(text).encode())


def file(content, name="cv.pdf"):
    return ("document", name, content)


@pytest.fixture
def candidate(world):
    return world.candidate()


@pytest.fixture
def job(world, company):
    return world.job(company)


def nothing_of(database, candidate):
    eventually(lambda: documents_of(database, candidate) == 0, "uploads are forgotten")
    assert database.value("select count(*) from applications where candidate_id = %s", candidate.id) == 0
    assert database.value("select count(*) from outbox o join candidates c on c.account_id = o.account_id "
                          "where c.id = %s and template = 'application_received'", candidate.id) == 0


class TestForm:
    @pytest.mark.parametrize("size", [len(PDF), CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 130, 200_000, MOST])
    def test_one_call(self, company, candidate, job, size):
        data = pdf(size)
        answer = send(candidate.client, job, application({"cover_letter": "Buongiorno"}), file(data)).expect(201)
        (document,) = answer.json["documents"]
        assert answer.json["cover_letter"] == "Buongiorno" and document["name"] == "cv.pdf" and document["size"] == size
        assert document["sha256"] == hashlib.sha256(data).hexdigest()
        for client in (candidate.client, company.client):
            assert client.get(f"/v1/documents/{document['id']}/content").expect(200).body == data
        seen = company.client.get(answer.headers["Location"]).expect(200).json
        assert [d["id"] for d in seen["documents"]] == [document["id"]]

    def test_several_files_in_any_order(self, candidate, job):
        own = candidate.client.request("POST", "/v1/documents", body=PDF, headers={"Content-Type": "application/pdf"}).expect(201).json
        files = [file(pdf(100_000 + n, bytes([n])), f"{n}.pdf") for n in range(4)] + [file(PNG, "photo.png")]
        answer = send(candidate.client, job, files[0], ("note", None, b"passed over"), files[1],
                      application({"document_ids": [own["id"]]}), *files[2:]).expect(201).json
        assert [d["name"] for d in answer["documents"]] == ["document", "0.pdf", "1.pdf", "2.pdf", "3.pdf", "photo.png"]
        assert [d["sha256"] for d in answer["documents"][1:]] == [hashlib.sha256(part[2]).hexdigest() for part in files]

    def test_without_a_file(self, candidate, job):
        assert "documents" not in send(candidate.client, job, application()).expect(201).json

    def test_curl(self, candidate, job, server, tmp_path):
        (tmp_path / "cv.pdf").write_bytes(pdf(300_000))
        done = subprocess.run(
            ["curl", "-s", "-w", "%{http_code}", f"{server.url}/v1/jobs/{job['id']}/applications", "-H",
             f"Authorization: Bearer {candidate.token}", "-F", "application={}", "-F", f"document=@{tmp_path / 'cv.pdf'}"],
            capture_output=True, text=True, check=True)
        assert done.stdout.endswith("201") and json.loads(done.stdout[:-3])["documents"][0]["size"] == 300_000

    @pytest.mark.parametrize(("parts", "status", "code"), [
        ([application('{"colour": "red"}'), file(PDF)], 422, "validation_failed"),
        ([application("{"), file(PDF)], 400, "invalid_json"),
        ([application(""), file(PDF)], 400, "invalid_json"),
        ([application('{"cover_letter": "' + "x" * 1_048_576 + '"}')], 413, "payload_too_large"),
        ([file(PDF)], 400, "malformed_form"),
        ([application(), application(), file(PDF)], 400, "malformed_form"),
        ([application(), *[file(PDF)] * 6], 400, "malformed_form"),
        ([application(), file(b"MZ" + bytes(100))], 422, "unsupported_document"),
        ([application(), file(pdf(100_000)), file(b"")], 422, "empty_document"),
        ([application(), file(pdf(200_000)), file(pdf(MOST + 1))], 413, "payload_too_large"),
        ([file(pdf(70_000)), application({"document_ids": [str(uuid.uuid4())]})], 422, "validation_failed"),
        ([application({"answers": [{"question_id": "no", "value": 1}]}), file(pdf(70_000))], 422, "validation_failed"),
        ([application({"processing_notice": "1999"}), file(PDF)], 422, "validation_failed"),
    ], ids=["member", "syntax", "empty", "long", "no-json", "two", "six-files", "exe", "empty-file", "large", "document", "answer",
            "notice"])
    def test_refused_leaves_nothing(self, database, candidate, job, parts, status, code):
        send(candidate.client, job, *parts).expect(status, code)
        nothing_of(database, candidate)

    @pytest.mark.parametrize("type", ["multipart/form-data", "multipart/form-data; boundary=other"])
    def test_no_boundary(self, database, candidate, job, type):
        send(candidate.client, job, application(), file(PDF), **{"Content-Type": type}).expect(400, "malformed_form")
        nothing_of(database, candidate)

    def test_not_closed(self, database, candidate, job):
        send(candidate.client, job, body=form(application(), file(pdf(150_000)), close=False)).expect(400, "malformed_form")
        nothing_of(database, candidate)

    def test_a_refused_vacancy_leaves_nothing(self, world, company, database, candidate, job):
        send(candidate.client, {"id": str(uuid.uuid4())}, application(), file(pdf(70_000))).expect(404, "not_found")
        send(candidate.client, world.job(company, status="draft"), application(), file(PDF)).expect(404, "not_found")
        closed = world.job(company)
        company.client.patch(f"/v1/jobs/{closed['id']}", {"status": "paused"}).expect(200)
        send(candidate.client, closed, application(), file(PDF)).expect(409, "job_not_open")
        nothing_of(database, candidate)

    def test_who_may_not(self, world, company, candidate, job, api):
        send(api, job, application(), file(PDF)).expect(401, "unauthorized")
        send(company.client, job, application(), file(PDF)).expect(403, "forbidden")
        _, reader = world.token(candidate, ["applications:read", "profile:write"])
        send(reader, job, application(), file(PDF)).expect(403, "insufficient_scope")

    def test_the_twentieth_document_and_one_more(self, candidate, database, job, world, company):
        for n in range(19):
            candidate.client.request("POST", "/v1/documents", body=PDF + bytes([n]),
                                     headers={"Content-Type": "application/pdf"}).expect(201)
        send(candidate.client, job, application(), file(PDF), file(PDF)).expect(409, "too_many_documents")
        eventually(lambda: documents_of(database, candidate) == 19, "both are gone")
        send(candidate.client, job, application(), file(PDF)).expect(201)

    def test_a_client_that_stops_half_way(self, candidate, job, server, database):
        body = form(application(), file(pdf(200_000)), file(pdf(300_000)))
        with socket.create_connection((server.host, server.port), timeout=20) as sock:
            sock.sendall((f"POST /v1/jobs/{job['id']}/applications HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer "
                          f"{candidate.token}\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
                         + body[:400_000])
            eventually(lambda: database.value(
                "select count(*) from document_chunks c join documents d on d.id = c.document_id where d.candidate_id = %s",
                candidate.id) >= 5, "the second file is under way")
        nothing_of(database, candidate)
        assert database.value("select count(*) from document_chunks where document_id not in (select id from documents)") == 0

    def test_piece_by_piece(self, candidate, job, server):
        data = pdf(900)
        body = form(application({"cover_letter": "x"}), file(data), file(data + b"y"))
        answer = send_in_pieces(server, candidate, f"/v1/jobs/{job['id']}/applications", body)
        assert b"HTTP/1.1 201" in answer and hashlib.sha256(data + b"y").hexdigest().encode() in answer

    def test_the_same_key_applies_once(self, candidate, job, database):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        data = pdf(100_000)
        first = send(candidate.client, job, application(), file(data), **key).expect(201)
        again = send(candidate.client, job, application(), file(data), **key).expect(201)
        assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
        for parts in ([application(), file(data + b"x")], [application('{"cover_letter": "x"}'), file(data)],
                      [application(), file(data, "other.pdf")], [application(), file(data), file(data)]):
            send(candidate.client, job, *parts, **key).expect(422, "idempotency_key_reused")
        eventually(lambda: documents_of(database, candidate) == 1, "one is left")

    def test_json_with_a_key_is_the_same_as_before(self, candidate, job):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}, headers=key).expect(201)
        again = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}, headers=key).expect(201)
        assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"


def test_many_clicks_at_once(world, company, database, server):
    """Sixteen clients, one person, one vacancy: one application, and the files of the one that was taken."""
    for turn in range(6):
        candidate, job = world.candidate(), world.job(company)
        gate, answers = threading.Barrier(16), []

        def click(n, candidate=candidate, job=job, gate=gate, answers=answers):
            client = server.client().as_(candidate.token)
            gate.wait()
            if n % 2:
                answers.append((send(client, job, application(), file(pdf(70_000, bytes([n])))), n))
            else:
                answers.append((client.post(f"/v1/jobs/{job['id']}/applications", {}), n))
            client.close()

        threads = [threading.Thread(target=click, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = [(a, n) for a, n in answers if a.status == 201]
        assert len(answers) == 16 and len(taken) == 1, [a.status for a, _ in answers]
        assert {a.code for a, _ in answers if a.status != 201} <= {"already_applied", "too_many_documents"}
        assert database.value("select count(*) from applications where candidate_id = %s", candidate.id) == 1
        eventually(lambda: documents_of(database, candidate) == taken[0][1] % 2, "only what was sent with it is left")


class TestAgain:
    def withdraw(self, candidate, answer):
        candidate.client.patch(answer.headers["Location"], {"status": "withdrawn"}).expect(200)

    def apply(self, candidate, job):
        return candidate.client.post(f"/v1/jobs/{job['id']}/applications", {})

    def test_three_times(self, candidate, job):
        for _ in range(3):
            answer = self.apply(candidate, job).expect(201)
            self.apply(candidate, job).expect(409, "already_applied")
            self.withdraw(candidate, answer)
        self.apply(candidate, job).expect(409, "application_limit")

    def test_an_earlier_one_that_became_nobody_s(self, company, candidate, job):
        for place in range(2):
            answer = self.apply(candidate, job).expect(201)
            self.withdraw(candidate, answer)
            if place == 0:
                first = answer.headers["Location"]
        company.client.post(f"{first}/anonymise").expect(200)
        for _ in range(2):
            self.withdraw(candidate, self.apply(candidate, job).expect(201))
        self.apply(candidate, job).expect(409, "application_limit")

    def test_not_after_a_rejection(self, company, candidate, job):
        answer = self.apply(candidate, job).expect(201)
        company.client.patch(answer.headers["Location"], {"status": "rejected"}).expect(200)
        self.apply(candidate, job).expect(409, "already_applied")

    def test_not_when_the_vacancy_has_closed(self, company, candidate, job):
        answer = self.apply(candidate, job).expect(201)
        self.withdraw(candidate, answer)
        company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
        assert self.apply(candidate, job).status in (404, 409, 410)

    def test_the_limit_is_a_constraint(self, candidate, job, database):
        answer = self.apply(candidate, job).expect(201).json
        with pytest.raises(Exception, match="applications_attempt_range"):
            database.query("update applications set attempt = 4 where id = %s", answer["id"])


def test_a_shielded_company(world, database, candidate, company, job):
    database.query("insert into employer_shield (candidate_id, position, kind, value, given) values (%s, 1, 'company', %s, '')",
                   candidate.id, company.id)
    send(candidate.client, job, application(), file(PDF)).expect(409, "company_shielded")
    candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(409, "company_shielded")
    nothing_of(database, candidate)
    send(candidate.client, world.job(world.company()), application(), file(PDF)).expect(201)


class TestNotice:
    def test_is_recorded(self, api, company, candidate, job):
        notice = api.get("/v1/processing-notices/current").expect(200).json
        assert set(notice["text"]) == {"en", "it"} and "Garante" in notice["text"]["it"]
        assert api.get(f"/v1/processing-notices/{notice['version']}").expect(200).json == notice
        assert api.get("/v1/processing-notices").expect(200).json == {"items": [notice], "next_cursor": None}
        answer = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {"processing_notice": notice["version"]}).expect(201)
        for client in (candidate.client, company.client):
            assert client.get(answer.headers["Location"]).expect(200).json["processing_notice"] == notice["version"]

    def test_an_older_one_is_refused(self, candidate, job):
        answer = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {"processing_notice": "2001-1"})
        (error,) = answer.expect(422, "validation_failed").json["errors"]
        assert (error["pointer"], error["code"]) == ("/processing_notice", "notice_outdated") and error["detail"]

    def test_unknown_ones(self, api):
        api.get("/v1/processing-notices/2001-1").expect(404, "not_found")
        api.get("/v1/processing-notices/A").expect(400, "invalid_parameter")

    def test_is_never_changed(self, database):
        for statement in ("update processing_notices set text_en = 'x'", "delete from processing_notices",
                          "truncate processing_notices cascade"):
            with pytest.raises(Exception, match="not changed"):
                database.query(statement)


class TestTalentPool:
    def put(self, client, location, **body):
        return client.request("PUT", location + "/talent-pool", body)

    @pytest.fixture
    def location(self, candidate, job):
        return candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201).headers["Location"]

    def test_no_consent_is_needed_for_the_vacancy(self, candidate, location):
        assert candidate.client.get(location).expect(200).json["consent"] == {"talent_pool": False}

    def test_given_with_the_application(self, world, company, candidate):
        answer = world.application(candidate, world.job(company), consent={"talent_pool": True, "talent_pool_months": 6})
        until = datetime.datetime.fromisoformat(answer["consent"]["talent_pool_until"])
        given = datetime.datetime.fromisoformat(answer["consent"]["talent_pool_given_at"])
        assert answer["consent"]["talent_pool"] is True and 180 <= (until - given).days <= 185

    def test_given_withdrawn_given_again(self, company, candidate, location, database):
        given = self.put(candidate.client, location, talent_pool=True).expect(200).json
        assert given["talent_pool"] is True and "talent_pool_withdrawn_at" not in given
        assert company.client.get(location).expect(200).json["consent"] == given
        gone = self.put(candidate.client, location, talent_pool=False).expect(200).json
        assert gone["talent_pool"] is False and gone["talent_pool_withdrawn_at"] and gone["talent_pool_until"] == given["talent_pool_until"]
        assert self.put(candidate.client, location, talent_pool=False).expect(200).json == gone
        assert company.client.get(location).expect(200).json["consent"] == gone
        assert self.put(candidate.client, location, talent_pool=True, talent_pool_months=1).expect(200).json["talent_pool"] is True
        done = database.query("select action from audit_log where subject_id = %s and action like 'application.consent%%' order by id",
                              location.rsplit("/", 1)[1])
        assert [action for (action,) in done] == ["application.consent_given", "application.consent_withdrawn",
                                                  "application.consent_given"]

    def test_lost_updates(self, candidate, location):
        etag = self.put(candidate.client, location, talent_pool=True).expect(200).headers["ETag"]
        body = {"talent_pool": False}
        candidate.client.request("PUT", location + "/talent-pool", body, headers={"If-Match": '"other"'}).expect(
            412, "precondition_failed")
        candidate.client.request("PUT", location + "/talent-pool", body, headers={"If-Match": etag}).expect(200)
        candidate.client.request("PUT", location + "/talent-pool", body, headers={"If-Match": etag}).expect(
            412, "precondition_failed")

    def test_it_ends_by_itself(self, candidate, location, database):
        self.put(candidate.client, location, talent_pool=True).expect(200)
        database.query("update applications set consent = consent || '{\"until\": \"2020-01-01T00:00:00.000Z\"}' where id = %s",
                       location.rsplit("/", 1)[1])
        consent = candidate.client.get(location).expect(200).json["consent"]
        assert consent["talent_pool"] is False and consent["talent_pool_until"] == "2020-01-01T00:00:00.000Z"

    def test_also_when_it_is_over(self, company, candidate, location):
        company.client.patch(location, {"status": "rejected"}).expect(200)
        assert self.put(candidate.client, location, talent_pool=True).expect(200).json["talent_pool"] is True

    @pytest.mark.parametrize("body", [{}, {"talent_pool": "yes"}, {"talent_pool": True, "talent_pool_months": 0},
                                      {"talent_pool": True, "talent_pool_months": 25}, {"talent_pool": True, "x": 1}])
    def test_bad_input(self, candidate, location, body):
        candidate.client.request("PUT", location + "/talent-pool", body).expect(422, "validation_failed")

    def test_who_may_not(self, world, api, company, location, candidate):
        self.put(world.candidate().client, location, talent_pool=True).expect(404, "not_found")
        self.put(company.client, location, talent_pool=True).expect(403, "forbidden")
        self.put(api, location, talent_pool=True).expect(401, "unauthorized")
        _, reader = world.token(candidate, ["applications:read"])
        self.put(reader, location, talent_pool=True).expect(403, "insufficient_scope")


class TestVacancyAsItWas:
    def test_is_kept_for_both_sides(self, world, company, candidate, database):
        job = world.job(company, description="As it was.", salary={"min": 30000, "max": 31000, "currency": "EUR", "unit": "year"})
        others = [world.candidate() for _ in range(3)]
        before = candidate.client.get(f"/v1/jobs/{job['id']}").expect(200)
        location = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201).headers["Location"]
        for other in others[:2]:
            world.application(other, job)
        company.client.patch(f"/v1/jobs/{job['id']}", {"description": "Otherwise.", "salary": {"max": 30500}}).expect(200)
        later = others[2].client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201).headers["Location"]
        company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "cancelled"}).expect(200)
        for client in (candidate.client, company.client):
            kept = client.get(location + "/job").expect(200)
            assert kept.json == before.json and kept.headers["ETag"]
            client.request("GET", location + "/job", headers={"If-None-Match": kept.headers["ETag"]}).expect(304)
        assert others[2].client.get(later + "/job").expect(200).json["description"] == "Otherwise."
        # Once for each text, not for each application.
        assert database.value("select count(*) from job_versions where job_id = %s", job["id"]) == 2

    def test_who_may_not(self, world, api, candidate, job):
        location = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201).headers["Location"]
        world.candidate().client.get(location + "/job").expect(404, "not_found")
        world.company().client.get(location + "/job").expect(404, "not_found")
        api.get(location + "/job").expect(401, "unauthorized")
        _, other = world.token(candidate, ["jobs:read"])
        other.get(location + "/job").expect(403, "insufficient_scope")

    def test_older_applications_have_none(self, candidate, job, database):
        location = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201).headers["Location"]
        database.query("update applications set job_etag = null where id = %s", location.rsplit("/", 1)[1])
        candidate.client.get(location + "/job").expect(404, "not_found")


class TestMessage:
    def count(self, database, candidate):
        return database.value("select count(*) from outbox o join candidates c on c.account_id = o.account_id "
                              "where c.id = %s and template = 'application_received'", candidate.id)

    def test_is_sent_without_what_was_written(self, world, company, server, candidate):
        letter = f"secret{uuid.uuid4().hex}"
        job = world.job(company, title=f"Segretaria {uuid.uuid4().hex}", response_promise_days=9)
        answer = send(candidate.client, job, application({"cover_letter": letter}), file(PDF, "private.pdf")).expect(201).json
        folder = server.directory / "data" / "mail"

        def found():
            return [text for text in (path.read_text() for path in folder.glob("*.eml")) if answer["id"] in text.replace("=\n", "")]

        eventually(found, "the message", 20)
        (text,) = found()
        assert letter not in text and "private.pdf" not in text and f"To: <{candidate.email}>" in text and "9 days" in text

    def test_an_address_that_was_never_verified_gets_five_a_day(self, world, company, candidate, database):
        for _ in range(7):
            world.application(candidate, world.job(company))
        assert self.count(database, candidate) == 5
        world.verify(candidate)
        world.application(candidate, world.job(company))
        assert self.count(database, candidate) == 6


def test_the_status_page(world, company, candidate, job):
    """What a candidate sees of an application by API: the state, the history, the promise."""
    promised = world.job(company, response_promise_days=5, valid_through=in_days(30))
    location = candidate.client.post(f"/v1/jobs/{promised['id']}/applications", {}).expect(201).headers["Location"]
    company.client.patch(location, {"status": "in_review"}).expect(200)
    seen = candidate.client.get(location).expect(200).json
    assert seen["status"] == "in_review" and seen["next_update_due"] and seen["job"]["title"] == promised["title"]
    events = candidate.client.get(location + "/events").expect(200).json["items"]
    assert [event["to_status"] for event in events] == ["submitted", "in_review"]
    assert vacancy()["title"] == seen["job"]["title"]
