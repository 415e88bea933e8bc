"""Restriction of processing: kept, and not used. What a company gets of a restricted candidate is asked of every operation."""

import pytest
from support.contract import OPERATIONS
from support.eventually import eventually
from support.filled import Filler
from support.world import PASSWORD

SECRETS = ("Lia", "Rossi", "It is me", "Because", "She sings", "remarkable", "cv-of-lia")


@pytest.fixture
def sent(world):
    company = world.company()
    person = world.candidate(headline="Somebody remarkable")
    job = world.job(company, questions=[{"id": "q", "type": "short_text", "label": "Why?"}])
    file = person.client.request("POST", "/v1/documents", body=b"My past.", params={"name": "cv-of-lia.txt"},
                                 headers={"Content-Type": "text/plain"}).expect(201).json
    application = world.application(person, job, cover_letter="It is me.", document_ids=[file["id"]],
                                    answers=[{"question_id": "q", "value": "Because."}])
    company.client.post(f"/v1/applications/{application['id']}/notes", {"body": "She sings."}).expect(201)
    return company, person, application, file


def restrict(person, ground="accuracy"):
    return person.client.put("/v1/me/restriction", {"ground": ground}).expect(200)


def test_its_own_view(world):
    person = world.candidate()
    assert person.client.get("/v1/me/restriction").expect(200).json == {"restricted": False}
    first = restrict(person).json
    assert first["restricted"] and first["ground"] == "accuracy"
    again = restrict(person, "claims").json
    assert again["ground"] == "claims" and again["since"] == first["since"]
    stale = {"If-Match": '"0123"'}
    person.client.put("/v1/me/restriction", {"ground": "claims"}, headers=stale).expect(412, "precondition_failed")
    person.client.put("/v1/me/restriction", {"ground": "mood"}).expect(422, "validation_failed")
    person.client.delete("/v1/me/restriction").expect(204)
    person.client.delete("/v1/me/restriction").expect(204)
    assert person.client.get("/v1/me/restriction").expect(200).json == {"restricted": False}
    actions = [entry["action"] for entry in person.client.pages("/v1/audit")]
    assert actions.count("account.restricted") == 1 and actions.count("account.unrestricted") == 1


def test_the_company_sees_that_it_is_restricted(sent):
    company, person, application, _ = sent
    restrict(person)
    seen = company.client.get(f"/v1/applications/{application['id']}").expect(200).json
    assert seen["restricted"] is True and seen["status"] == "submitted" and seen["answers"] == []
    assert not {"candidate", "cover_letter", "documents", "tags", "rating", "reason"} & set(seen)
    (card,) = company.client.get("/v1/applications").expect(200).json["items"]
    assert card["restricted"] is True and "candidate" not in card
    mine = person.client.get(f"/v1/applications/{application['id']}").expect(200).json
    assert mine["cover_letter"] == "It is me." and "restricted" not in mine
    person.client.delete("/v1/me/restriction").expect(204)
    assert company.client.get(f"/v1/applications/{application['id']}").expect(200).json["cover_letter"] == "It is me."


def test_no_operation_shows_a_company_anything(sent):
    """Every GET that takes an application, its vacancy, a candidate or a document, in every form."""
    company, person, application, file = sent
    restrict(person)
    ids = {"application_id": application["id"], "job_id": application["job"]["id"], "company_id": company.id, "candidate_id": person.id,
           "document_id": file["id"], "note_id": application["id"]}
    asked = 0
    for operation in OPERATIONS.values():
        names = {parameter["name"] for parameter in operation.parameters("path")}
        if operation.method != "GET" or "company" not in operation.principals or not names <= set(ids):
            continue
        for form in operation.spec["responses"]["200"].get("content", {"application/json": {}}):
            query = f"?ids={application['id']}" if operation.id == "applications_compare" else ""
            answer = company.client.get(operation.fill(ids) + query, headers={"Accept": form}, check=False)
            asked += 1
            for secret in SECRETS:
                assert secret.encode() not in answer.body, (operation.id, form, secret)
    assert asked > 15


def test_no_operation_lets_a_company_do_anything(sent, database):
    """Every write about one application finds nothing there."""
    company, person, application, _ = sent
    restrict(person)
    before = database.value("select row_to_json(a)::text from applications a where id = %s", application["id"])
    filler = Filler("zz", "39021234567")
    for operation in OPERATIONS.values():
        names = {parameter["name"] for parameter in operation.parameters("path")}
        if operation.method == "GET" or "company" not in operation.principals or names != {"application_id"}:
            continue
        body = None
        for kind, schema in operation.bodies.items():
            body = filler.value(schema) if "json" in kind else body
        answer = company.client.request(operation.method, operation.path.format(application_id=application["id"]), body, check=False)
        assert answer.status in (404, 422), (operation.id, answer.status, answer.body)
    company.client.patch(f"/v1/applications/{application['id']}", {"status": "in_review"}).expect(404, "not_found")
    assert database.value("select row_to_json(a)::text from applications a where id = %s", application["id"]) == before


def test_not_found_by_what_is_in_it(sent):
    company, person, application, _ = sent

    def found(**query):
        return [item["id"] for item in company.client.get("/v1/applications", params=query).expect(200).json["items"]]

    eventually(lambda: found(q="remarkable") == [application["id"]], "the index has it", seconds=20)
    assert found(status="submitted") == [application["id"]]
    restrict(person)
    assert found(q="remarkable") == found(status="submitted") == found(submitted_since="2026-01-01T00:00:00Z") == []
    assert found() == [application["id"]]


def test_no_mail_but_what_is_needed(sent, database):
    company, person, application, _ = sent
    account = database.value("select id from accounts where email = %s", person.email)
    restrict(person)
    before = database.value("select count(*) from outbox where account_id = %s", account)
    database.query("select mail_enqueue('application_update', %s, null)", account)
    assert database.value("select count(*) from outbox where account_id = %s", account) == before
    database.query("select mail_enqueue('password_changed', %s, null)", account)
    assert database.value("select count(*) from outbox where account_id = %s", account) == before + 1
    person.client.delete("/v1/me/restriction").expect(204)
    database.query("select mail_enqueue('application_update', %s, null)", account)
    assert database.value("select count(*) from outbox where account_id = %s", account) == before + 2


def test_kept_although_its_time_is_over(sent, database):
    company, person, application, _ = sent
    company.client.patch(f"/v1/applications/{application['id']}", {"status": "rejected"}).expect(200)
    database.query("update applications set retention_from = now() - interval '3 years' where id = %s", application["id"])
    restrict(person, "claims")
    database.value("select applications_purge(500)")
    assert person.client.get(f"/v1/applications/{application['id']}").expect(200).json["cover_letter"] == "It is me."
    person.client.delete("/v1/me/restriction").expect(204)
    database.value("select applications_purge(500)")
    person.client.get(f"/v1/applications/{application['id']}").expect(404, "not_found")


def test_applying_withdrawing_deleting(sent, world):
    company, person, application, _ = sent
    restrict(person)
    person.client.post(f"/v1/jobs/{world.job(company)['id']}/applications", {}).expect(409, "account_restricted")
    person.client.patch(f"/v1/applications/{application['id']}", {"status": "withdrawn"}).expect(200)
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    seen = company.client.get(f"/v1/applications/{application['id']}").expect(200).json
    assert seen["status"] == "withdrawn" and "restricted" not in seen


def test_who_may_not(world):
    company = world.company()
    company.client.put("/v1/me/restriction", {"ground": "claims"}).expect(403, "forbidden")
    _, program = world.token(world.candidate(), ["profile:read"])
    program.put("/v1/me/restriction", {"ground": "claims"}).expect(403, "insufficient_scope")
    program.get("/v1/me/restriction").expect(200)


def test_a_closing_message_passes_it_by(sent, database):
    """It keeps no vacancy open and is answered by no closing message, as it is by no move."""
    company, person, application, _ = sent
    restrict(person)
    path = f"/v1/jobs/{application['job']['id']}"
    company.client.patch(path, {"status": "closed", "close_reason": "filled"}).expect(200)
    company.client.patch(path, {"status": "closed", "close_reason": "filled", "closing_message": "No."}).expect(200)
    assert person.client.get(f"/v1/applications/{application['id']}").expect(200).json["status"] == "submitted"
    assert database.query("select 1 from outbox where to_address = %s and template = 'application_update'", person.email) == []


def test_a_kept_answer_does_not_show_it(sent):
    company, person, application, _ = sent
    key = {"Idempotency-Key": "a-note-of-her"}
    target = f"/v1/applications/{application['id']}/notes"
    company.client.post(target, {"body": "She sings."}, headers=key).expect(201)
    restrict(person)
    company.client.post(target, {"body": "She sings."}, headers=key).expect(404, "not_found")
