"""Blind review: a vacancy whose applications are answered without names until the company shortlists."""

import pytest
from visible import COMPETENCES, TELLING, candidate


@pytest.fixture
def blind(world):
    """(company, candidate, application, document) under blind review."""
    company, someone = world.company(), candidate(world)
    job = world.job(company, blind_review=True)
    document = someone.client.request("POST", "/v1/documents", body=b"%PDF-1.7\nLia Rossi", headers={
        "Content-Type": "application/pdf"}).expect(201).json
    application = world.application(someone, job, cover_letter="Lia Rossi vi scrive.", document_ids=[document["id"]])
    return company, someone, application, document


def test_a_vacancy_says_so(world, company, api):
    job = world.job(company, blind_review=True)
    assert api.get(f"/v1/jobs/{job['id']}").expect(200).json["blind_review"] is True
    changed = company.client.patch(f"/v1/jobs/{job['id']}", {"blind_review": None}).expect(200).json
    assert "blind_review" not in changed
    assert "blind_review" not in world.job(company)


def test_nothing_tells_whose_it_is(blind):
    company, someone, application, document = blind
    path = f"/v1/applications/{application['id']}"
    read = company.client.get(path).expect(200)
    assert read.json["candidate"] == {"blind": True, **COMPETENCES, "experience": [{"position": "Segretaria", "months": 24}],
                                      "studies": [{"area": "Lingue", "study_type": "Diploma"}]}
    assert "cover_letter" not in read.json and "documents" not in read.json
    bodies = [read, company.client.get("/v1/applications").expect(200), company.client.get(path + "/events").expect(200),
              company.client.get(f"/v1/jobs/{application['job']['id']}/applications").expect(200),
              company.client.patch(path, {"status": "in_review"}).expect(200), company.client.get("/v1/audit").expect(200)]
    for answer in bodies:
        text = answer.body.decode().replace("Lario Meccanica", "")
        for telling in (*TELLING[:-1], someone.id, someone.email, document["id"], "vi scrive"):
            assert telling not in text, (answer.request, telling)
    for query in ("Rossi", "Lia", "scrive", "Manzoni", "Lecco"):
        assert company.client.get(f"/v1/applications?q={query}").expect(200).json["items"] == []
    assert len(company.client.get("/v1/applications?q=diploma").expect(200).json["items"]) == 1  # what it sees, it finds
    for kind in ("text/csv", "application/x-ndjson"):
        text = company.client.get("/v1/applications", headers={"Accept": kind}).expect(200).body.decode().replace("Lario Meccanica", "")
        assert application["id"] in text
        for telling in (*TELLING[:-1], someone.id, someone.email, document["id"], "vi scrive"):
            assert telling not in text, (kind, telling)
    for target in (f"/v1/documents/{document['id']}", f"/v1/documents/{document['id']}/content"):
        company.client.get(target).expect(404, "not_found")
    company.client.post(f"/v1/documents/{document['id']}/links", {}).expect(404, "not_found")
    assert company.client.get(f"/v1/audit?candidate_id={someone.id}").expect(200).json["items"] == []


def test_the_reveal_is_an_event(blind):
    company, someone, application, document = blind
    path = f"/v1/applications/{application['id']}"
    revealed = company.client.patch(path, {"status": "shortlisted"}).expect(200).json
    assert revealed["candidate"]["family_name"] == "Rossi" and revealed["cover_letter"] == "Lia Rossi vi scrive."
    company.client.get(f"/v1/documents/{document['id']}/content").expect(200)
    for side in (company, someone):
        events = side.client.get(path + "/events").expect(200).json["items"]
        [event] = [event for event in events if event["type"] == "revealed"]
        assert event["actor"]["kind"] == "company" and event["to_status"] == "shortlisted"
    [entry] = someone.client.get("/v1/audit?action=application.revealed").expect(200).json["items"]
    assert entry["company"]["id"] == company.id
    company.client.patch(path, {"status": "in_review"}).expect(200)
    assert company.client.get(path).expect(200).json["candidate"]["family_name"] == "Rossi"


def test_a_rejection_reveals_nothing(blind):
    company, _, application, _ = blind
    path = f"/v1/applications/{application['id']}"
    assert company.client.patch(path, {"status": "rejected"}).expect(200).json["candidate"]["blind"]
    assert "revealed" not in company.client.get(path + "/events").expect(200).body.decode()


def test_it_stays_as_the_candidate_was_told(blind, world):
    company, _, application, _ = blind
    company.client.patch(f"/v1/jobs/{application['job']['id']}", {"blind_review": False}).expect(200)
    assert company.client.get(f"/v1/applications/{application['id']}").expect(200).json["candidate"]["blind"]
    later = world.application(candidate(world), application["job"])
    assert company.client.get(f"/v1/applications/{later['id']}").expect(200).json["candidate"]["given_name"] == "Lia"


def test_the_candidate_sees_its_own(blind):
    _, someone, application, document = blind
    mine = someone.client.get(f"/v1/applications/{application['id']}").expect(200).json
    assert mine["cover_letter"] and mine["documents"][0]["id"] == document["id"]
    someone.client.get(f"/v1/documents/{document['id']}/content").expect(200)


def test_a_known_candidate_does_not_open_the_trail_of_a_blind_one(world):
    """Who is known from one application is not found by id in the rows of listings that showed only a blind one."""
    company = world.company()
    someone, job = candidate(world), world.job(company, blind_review=True)
    known = world.application(someone, world.job(company))
    company.client.get("/v1/applications").expect(200)  # by name
    sent = world.application(someone, job)
    blind = f"/v1/applications?submitted_since={sent['submitted_at']}"
    assert [i["candidate"] for i in company.client.get(blind).expect(200).json["items"]] == [{"blind": True}]
    for media_type in ("text/csv", "application/x-ndjson"):
        company.client.get(blind, headers={"Accept": media_type}).expect(200)
    company.client.get(f"/v1/jobs/{job['id']}/applications").expect(200)
    company.client.get(f"/v1/jobs/{job['id']}/applications/comparison?ids={sent['id']}").expect(200)
    of_it = company.client.get(f"/v1/audit?candidate_id={someone.id}").expect(200).json["items"]
    assert [(i["action"], i["subject"]["id"]) for i in of_it] == [
        ("application.listed", company.id), ("application.submitted", known["id"])]
    seen = someone.client.get("/v1/audit?action=application.listed&action=application.exported&action=application.compared")
    assert len(seen.expect(200).json["items"]) == 6  # the candidate sees them all
