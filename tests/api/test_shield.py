"""A candidate's employer shield: the companies on it see nothing of the candidate, and do not hear of it."""

import pytest
from visible import candidate, hide_everybody, ids, listed, shield, verified


@pytest.fixture(autouse=True)
def alone(database):
    hide_everybody(database)


def test_a_shield_is_kept_as_written(world):
    someone, company = candidate(world), world.company(name="Acme")
    assert someone.client.get("/v1/me/employer-shield").expect(200).json == {"entries": [], "hidden_applications": 0}
    entries = [("company", company.id), ("vat_id", "it 0123 4567 890"), ("website_domain", "https://www.Acme.example/"),
               ("email_domain", "@acme.example"), ("group", "Gruppo Acme")]
    answer = shield(someone, *entries)
    assert [(entry["kind"], entry["value"]) for entry in answer["entries"]] == entries
    assert answer["entries"][0]["name"] == "Acme"
    assert someone.client.get("/v1/me/employer-shield").expect(200).json == answer
    assert shield(someone) == {"entries": [], "hidden_applications": 0}


@pytest.mark.parametrize(("entry", "pointer", "code"), [
    (("company", "01a1bf6d-b340-7a11-8c52-5d0f3b6e9a01"), "/entries/0/value", "unknown_company"),
    (("company", "x' or true"), "/entries/0/value", "unknown_company"), (("vat_id", "--"), "/entries/0/value", "vat_id_form"),
    (("email_domain", "acme"), "/entries/0/value", "domain_form"), (("website_domain", "10.0.0.1"), "/entries/0/value", "domain_form"),
    (("name", "Acme"), "/entries/0/kind", "enum")])
def test_entries_that_name_nothing(world, entry, pointer, code):
    kind, value = entry
    answer = candidate(world).client.put("/v1/me/employer-shield", {"entries": [{"kind": kind, "value": value}]})
    assert answer.expect(422, "validation_failed").errors == {(pointer, code)}


def test_entries_twice_and_too_many(world):
    someone = candidate(world)
    twice = [{"kind": "group", "value": "Acme"}, {"kind": "group", "value": " ACME"}]
    answer = someone.client.put("/v1/me/employer-shield", {"entries": twice}).expect(422, "validation_failed")
    assert answer.errors == {("/entries/1", "duplicate_entry")}
    many = [{"kind": "group", "value": f"Acme {n}"} for n in range(201)]
    someone.client.put("/v1/me/employer-shield", {"entries": many}).expect(422, "validation_failed")
    someone.client.put("/v1/me/employer-shield", {"entries": many[:200]}).expect(200)


@pytest.mark.parametrize("visibility", ["blind", "members"])
@pytest.mark.parametrize("kind", ["company", "vat_id", "email_domain", "website_domain", "group"])
def test_a_shielded_company_sees_nothing(world, database, kind, visibility):
    someone, other = candidate(world, visibility), candidate(world, visibility)
    company, bystander = verified(world), verified(world)
    [before] = [item["id"] for item in listed(company) if visibility == "members" and item["id"] == someone.id] or [None]
    mark = company.id[-12:]
    company.client.patch(f"/v1/companies/{company.id}", {
        "vat_id": "IT" + mark[:11].upper().translate({ord(c): "7" for c in "ABCDEF"}), "website": f"https://jobs.{mark}.example/",
        "group": f"Gruppo {mark}"}).expect(200)
    database.query("update companies set verification = 'verified' where id = %s", company.id)
    database.query("update accounts set email = %s where email = %s", f"owner@hr.{mark}.example", company.email)
    value = {"company": company.id, "vat_id": mark[:11].upper().translate({ord(c): "7" for c in "ABCDEF"}),
             "email_domain": f"{mark}.example", "website_domain": f"{mark}.example", "group": f"GRUPPO  {mark}"}[kind]
    shield(someone, (kind, value))
    assert len(listed(company)) == 1 and len(listed(bystander)) == 2
    if before:
        company.client.get(f"/v1/candidates/{before}").expect(404, "not_found")
    elif visibility == "blind":
        alias = database.value("select alias from candidate_aliases where company_id = %s and candidate_id = %s", company.id, someone.id)
        company.client.get(f"/v1/candidates/{alias}").expect(404, "not_found")
    assert someone.id not in company.client.get("/v1/audit").expect(200).body.decode()
    shield(someone)
    assert len(listed(company)) == 2 and other.id


def test_a_company_that_takes_a_shielded_name_is_shut_out_at_once(world, database):
    someone, company = candidate(world, "members"), verified(world)
    shield(someone, ("vat_id", "IT01234500001"), ("website_domain", "boss.example"))
    assert ids(company) == {someone.id}
    company.client.patch(f"/v1/companies/{company.id}", {"website": "https://www.boss.example/jobs"}).expect(200)
    assert listed(company) == []
    company.client.patch(f"/v1/companies/{company.id}", {"website": "https://other.example/"}).expect(200)
    assert listed(company) == []  # and does not slip out again
    second = verified(world)
    second.client.patch(f"/v1/companies/{second.id}", {"vat_id": "IT01234500001"}).expect(200)
    database.query("update companies set verification = 'verified' where id = %s", second.id)
    assert listed(second) == []


def test_applying_to_a_shielded_company_is_refused(world, company):
    someone, job = candidate(world), world.job(company)
    shield(someone, ("company", company.id))
    answer = someone.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(409, "company_shielded")
    assert "shield" in answer.json["detail"]
    shield(someone)
    someone.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201)


def test_applications_sent_before_are_hidden_from_the_company(world):
    company, someone = world.company(), candidate(world)
    job = world.job(company)
    document = someone.client.request("POST", "/v1/documents", body=b"%PDF-1.7\n", headers={
        "Content-Type": "application/pdf"}).expect(201).json
    application = world.application(someone, job, document_ids=[document["id"]])
    link = company.client.post(f"/v1/documents/{document['id']}/links", {}).expect(201).json["url"]
    assert shield(someone, ("company", company.id))["hidden_applications"] == 1
    path = f"/v1/applications/{application['id']}"
    for read in (path, path + "/events", f"/v1/documents/{document['id']}", f"/v1/documents/{document['id']}/content"):
        company.client.get(read).expect(404, "not_found")
    company.client.get("/" + link.split("/", 3)[3]).expect(404, "not_found")
    for listing in ("/v1/applications", f"/v1/jobs/{job['id']}/applications"):
        assert company.client.get(listing).expect(200).json["items"] == []
        assert company.client.get(listing + "?total=exact").expect(200).json["total"]["value"] == 0
        for kind in ("text/csv", "application/x-ndjson"):
            assert application["id"] not in company.client.get(listing, headers={"Accept": kind}).expect(200).body.decode()
    company.client.patch(path, {"status": "in_review"}).expect(404, "not_found")
    someone.client.get(path).expect(200)
    shield(someone)
    company.client.get(path).expect(200)


def test_a_hidden_application_keeps_no_vacancy_open(world):
    """The company cannot answer it, and would learn of it by being asked to."""
    company, someone = world.company(), candidate(world)
    job = world.job(company)
    application = world.application(someone, job)
    filled = {"status": "closed", "close_reason": "filled"}
    company.client.patch(f"/v1/jobs/{job['id']}", filled).expect(409, "applications_open")
    shield(someone, ("company", company.id))
    company.client.patch(f"/v1/jobs/{job['id']}", filled).expect(200)
    assert someone.client.get(f"/v1/applications/{application['id']}").expect(200).json["status"] == "submitted"


def test_a_shielded_company_hears_nothing(world, database):
    """A message or a withdrawal of a hidden application neither mails the company nor stands in its trail, and an answer kept
    for an Idempotency-Key does not bring it back."""
    company, someone = world.company(), candidate(world)
    sent = world.application(someone, world.job(company))
    path, key = f"/v1/applications/{sent['id']}", {"Idempotency-Key": "note-of-lia"}
    company.client.post(path + "/notes", {"body": "Lia"}, headers=key).expect(201)
    shield = {"entries": [{"kind": "company", "value": company.id}]}
    someone.client.put("/v1/me/employer-shield", shield).expect(200)
    company.client.post(path + "/notes", {"body": "Lia"}, headers=key).expect(404, "not_found")
    someone.client.post(path + "/messages", {"body": "Buongiorno."}).expect(201)
    someone.client.patch(path, {"status": "withdrawn"}).expect(200)
    assert database.query("select template from outbox where to_address = %s", company.email) == []
    trail = company.client.get(f"/v1/audit?subject={sent['id']}").expect(200).json["items"]
    assert {i["actor"]["kind"] for i in trail} == {"company"}
    someone.client.put("/v1/me/employer-shield", {"entries": []}).expect(200)
    trail = company.client.get(f"/v1/audit?subject={sent['id']}").expect(200).json["items"]
    assert [i["action"] for i in trail if i["actor"]["kind"] == "candidate"] == [
        "application.withdrawn", "application.message_sent", "application.submitted"]
