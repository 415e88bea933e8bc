"""Who sees a candidate: nobody, unless it says so; verified companies blind or by name; never a company on its shield. And
blind review of applications."""

import pytest

PROFILE = {
    "basics": {"given_name": "Lia", "family_name": "Rossi", "headline": "Segretaria di Rossi", "phone": "+39 02 123456",
               "summary": "Lia Rossi, Lecco.", "url": "https://lia-rossi.example/",
               "location": {"country": "IT", "region": "Lombardia", "city": "Lecco", "postal_code": "23900"}},
    "work": [{"name": "Lario Meccanica", "position": "Segretaria", "start_date": "2014-01", "end_date": "2015-12"}],
    "education": [{"institution": "Liceo Manzoni", "area": "Lingue", "study_type": "Diploma", "end_date": "2009"}],
    "references": [{"name": "Anna Verdi", "reference": "Affidabile."}],
    "languages": [{"language": "it", "level": "C2"}, {"language": "en", "level": "B2"}],
    "tools": [{"name": "Microsoft Excel", "level": "advanced"}], "soft_skills": ["confidentiality"], "duties": ["diary"],
    "preferences": {"roles": ["secretary"], "work_modes": ["hybrid"], "notice_days": 30,
                    "minimum_pay": {"amount": 31000, "currency": "EUR", "unit": "year"}},
}
TELLING = ["Lia", "Rossi", "lia-rossi", "Lecco", "Manzoni", "2009", "2014", "Verdi", "123456", "31000", "Lario"]
COMPETENCES = {"location": {"country": "IT", "region": "Lombardia"}, "languages": PROFILE["languages"], "tools": PROFILE["tools"],
               "soft_skills": ["confidentiality"], "duties": ["diary"]}


def candidate(world, visibility=None, **changes):
    made = world.candidate()
    made.client.put("/v1/me/profile", {**PROFILE, **changes}).expect(200)
    if visibility:
        made.client.put("/v1/me/visibility", {"visibility": visibility}).expect(200)
    return made


def verified(world, **more):
    company = world.company(**more)
    world.database.query("update companies set verification = 'verified' where id = %s", company.id)
    return company


def pages(company, query="", limit=100):
    """All items of the list, and the last page's whole answer."""
    items, cursor = [], ""
    while True:
        answer = company.client.get(f"/v1/candidates?limit={limit}{query}{cursor}").expect(200).json
        items += answer["items"]
        if answer["next_cursor"] is None:
            return items, answer
        cursor = "&cursor=" + answer["next_cursor"]


def listed(company, query=""):
    return pages(company, query)[0]


def ids(company, query=""):
    return {item["id"] for item in listed(company, query)}


@pytest.fixture(autouse=True)
def alone(database):
    """Nobody is visible but those of the test."""
    database.query("update candidates set visibility = 'hidden', visible_since = null where visibility <> 'hidden'")


# --- visibility -------------------------------------------------------------------------------------------------------


def test_hidden_at_first(world):
    someone, company = candidate(world), verified(world)
    assert someone.client.get("/v1/me/visibility").expect(200).json == {"visibility": "hidden"}
    assert listed(company) == []
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")


def test_by_name(world):
    someone, company = candidate(world, "members"), verified(world)
    [item] = listed(company)
    assert item == {"id": someone.id, "visibility": "members", "given_name": "Lia", "family_name": "Rossi",
                    "headline": "Segretaria di Rossi", **COMPETENCES, "location": {"country": "IT", "region": "Lombardia", "city": "Lecco"},
                    "roles": ["secretary"]}
    seen = company.client.get(f"/v1/candidates/{someone.id}").expect(200).json
    assert seen["email"] == someone.email and seen["work"] == PROFILE["work"] and seen["notice_days"] == 30
    for never in ("31000", "123456", "Verdi", "23900"):
        assert never not in str(seen)


def test_blind(world):
    someone, company = candidate(world, "blind"), verified(world)
    [item] = listed(company)
    assert item == {"id": item["id"], "visibility": "blind", **COMPETENCES, "roles": ["secretary"]}
    assert company.client.get(f"/v1/candidates/{item['id']}").expect(200).json == item
    assert item["id"] != someone.id
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")
    trail = company.client.get("/v1/audit").expect(200)
    for telling in (*TELLING[:-1], someone.id, someone.email):
        assert telling not in str(item) and telling not in trail.body.decode().replace("Lario", "")


def test_blind_ids_are_each_companys_own(world):
    candidate(world, "blind")
    first, second = verified(world), verified(world)
    [mine], [theirs] = listed(first), listed(second)
    assert mine["id"] != theirs["id"]
    second.client.get(f"/v1/candidates/{mine['id']}").expect(404, "not_found")
    assert listed(first) == [mine]  # and they stay


def test_the_order_tells_nothing(world):
    made = [candidate(world, "blind", duties=[duty]) for duty in ("diary", "travel", "events", "expenses", "reception",
                                                                  "purchasing", "translation", "correspondence")]
    orders = {tuple(item["duties"][0] for item in listed(verified(world))) for _ in range(3)}
    assert len(made) == 8 and len(orders) == 3


def test_an_alias_is_not_a_name(world):
    """Who turned from blind to named is found by the id only: nothing joins what was seen before to the name."""
    someone, company = candidate(world, "blind"), verified(world)
    [blind] = listed(company)
    someone.client.put("/v1/me/visibility", {"visibility": "members"}).expect(200)
    company.client.get(f"/v1/candidates/{blind['id']}").expect(404, "not_found")
    assert ids(company) == {someone.id}
    someone.client.put("/v1/me/visibility", {"visibility": "hidden"}).expect(200)
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")
    assert listed(company) == []


def test_only_verified_companies(world):
    someone, company = candidate(world, "members"), world.company()
    company.client.get("/v1/candidates").expect(403, "company_unverified")
    company.client.get(f"/v1/candidates/{someone.id}").expect(403, "company_unverified")


def test_who_may_not(world, api):
    someone, company = candidate(world, "members"), verified(world)
    for path in ("/v1/candidates", f"/v1/candidates/{someone.id}"):
        api.get(path).expect(401, "unauthorized")
        someone.client.get(path).expect(403, "forbidden")
        world.operator(company).client.get(path).expect(403, "forbidden")
        world.member(company, "viewer").client.get(path).expect(403, "forbidden")
        world.member(company, "recruiter").client.get(path).expect(200)
        _, other = world.token(company, ["applications:read"])
        other.get(path).expect(403, "insufficient_scope")
    for path in ("/v1/me/visibility", "/v1/me/employer-shield"):
        api.get(path).expect(401, "unauthorized")
        company.client.get(path).expect(403, "forbidden")
        _, reader = world.token(someone, ["profile:read"])
        reader.get(path).expect(200)
        reader.put(path, {}).expect(403, "insufficient_scope")


def test_disabled_and_deleted_accounts_are_not_seen(world, database):
    someone, gone, company = candidate(world, "members"), candidate(world, "members"), verified(world)
    assert ids(company) == {someone.id, gone.id}
    database.query("update accounts set disabled_at = now() where email = %s", someone.email)
    gone.client.request("DELETE", "/v1/me", {"password": "correct horse battery"}).expect(200)
    assert listed(company) == []
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")


def test_visibility_not_over_another_change(world):
    someone = candidate(world)
    tag = someone.client.get("/v1/me/visibility").expect(200).headers["ETag"]
    someone.client.put("/v1/me/visibility", {"visibility": "blind"}, headers={"If-Match": tag}).expect(200)
    someone.client.put("/v1/me/visibility", {"visibility": "members"}, headers={"If-Match": tag}).expect(412, "precondition_failed")
    someone.client.put("/v1/me/visibility", {"visibility": "all"}).expect(422, "validation_failed")


@pytest.mark.parametrize(("query", "found"), [
    ("&role=secretary", True), ("&role=office_manager", False), ("&role=office_manager,secretary", True),
    ("&language=en:B2", True), ("&language=EN:b1", True), ("&language=en:C1", False), ("&language=en", True),
    ("&language=en:B1,it:C2", True), ("&language=en:B1,de:A1", False),
    ("&tool=microsoft_excel", True), ("&tool=Microsoft%20Excel", True), ("&tool=sap", False),
    ("&soft_skill=confidentiality", True), ("&soft_skill=kindness", False), ("&duty=diary,travel", True), ("&duty=travel", False),
    ("&country=it", True), ("&country=FR", False), ("&region=lombardia", True), ("&region=Lazio", False)])
@pytest.mark.parametrize("visibility", ["blind", "members"])
def test_filters(world, query, found, visibility):
    candidate(world, visibility)
    assert len(listed(verified(world), query)) == found


def test_a_filter_finds_nothing_that_is_not_shown(world):
    """A blind candidate's town or name is not found by, and there is no parameter for them."""
    candidate(world, "blind")
    company = verified(world)
    for query in ("city=Lecco", "q=Rossi", "name=Lia", "postal_code=23900"):
        company.client.get(f"/v1/candidates?{query}").expect(400, "invalid_parameter")


def test_pages_do_not_shift(world):
    first = [candidate(world, "blind" if n % 2 else "members") for n in range(7)]
    company = verified(world)
    answer = company.client.get("/v1/candidates?limit=3").expect(200)
    assert answer.headers["Link"].endswith('rel="next"') and len(answer.json["items"]) == 3
    early = [item["id"] for item in answer.json["items"]]
    seen = list(early)
    candidate(world, "members")
    first[0].client.put("/v1/me/visibility", {"visibility": "hidden"}).expect(200)
    cursor = answer.json["next_cursor"]
    while cursor:
        page = company.client.get(f"/v1/candidates?limit=3&cursor={cursor}").expect(200).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) and len(set(seen) - set(early)) >= 3
    other = verified(world)
    other.client.get(f"/v1/candidates?limit=3&cursor={answer.json['next_cursor']}").expect(400, "invalid_cursor")


# --- counts -----------------------------------------------------------------------------------------------------------


def test_few_are_not_counted(world):
    company, made = verified(world), []
    for _ in range(4):
        made.append(candidate(world, "blind"))
        assert pages(company, "&total=exact")[1]["total"] == {"below": 5}
    candidate(world, "members")
    assert pages(company, "&total=exact")[1]["total"] == {"value": 5}
    assert pages(company, "&total=exact&role=office_manager")[1]["total"] == {"below": 5}
    assert "total" not in pages(company)[1]
    made[0].client.put("/v1/me/employer-shield", {"entries": [{"kind": "company", "value": company.id}]}).expect(200)
    assert pages(company, "&total=exact")[1]["total"] == {"below": 5}


# --- the shield -------------------------------------------------------------------------------------------------------


def shield(someone, *entries):
    return someone.client.put("/v1/me/employer-shield", {
        "entries": [{"kind": kind, "value": value} for kind, value in entries]}).expect(200).json


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


# --- who saw me -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["blind", "members"])
def test_the_candidate_learns_who_saw_it(world, visibility):
    someone, company = candidate(world, visibility), verified(world, name="Curiosa")
    [item] = listed(company)
    company.client.get(f"/v1/candidates/{item['id']}").expect(200)
    company.client.get(f"/v1/candidates/{item['id']}", headers={"If-None-Match": "*"})
    seen = someone.client.get("/v1/audit?action=candidate.listed,candidate.viewed").expect(200).json["items"]
    assert [entry["action"] for entry in seen] == ["candidate.viewed", "candidate.viewed", "candidate.listed"]
    assert {entry["company"]["name"] for entry in seen} == {"Curiosa"}
    mine = company.client.get("/v1/audit?action=candidate.listed,candidate.viewed").expect(200).json["items"]
    assert len(mine) == 3 and all("candidate_id" not in entry for entry in mine)
    asked = company.client.get(f"/v1/audit?candidate_id={someone.id}").expect(200).json["items"]
    assert asked == []  # nor by asking for a candidate it knows from elsewhere


def test_changes_are_in_the_candidates_trail_alone(world, company):
    someone = candidate(world, "blind")
    shield(someone, ("company", company.id))
    entries = someone.client.get("/v1/audit?action=visibility.changed,shield.changed").expect(200).json["items"]
    assert [entry["action"] for entry in entries] == ["shield.changed", "visibility.changed"]
    assert company.id not in str(entries)
    assert company.client.get("/v1/audit?action=visibility.changed,shield.changed").expect(200).json["items"] == []


# --- blind review -----------------------------------------------------------------------------------------------------


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


def test_turning_blind_leaves_no_place_to_be_known_by(world, database):
    """Neither the id nor the place in the list of what was seen by name joins it to what is seen blind afterwards."""
    someone, company = candidate(world, "members"), verified(world)
    def alias():
        return database.value("select alias from candidate_aliases where candidate_id = %s and company_id = %s", someone.id, company.id)
    listed(company)
    named = alias()
    someone.client.put("/v1/me/visibility", {"visibility": "blind"}).expect(200)
    [blind] = listed(company)
    assert blind["id"] == str(alias()) != str(named)
    company.client.get(f"/v1/candidates/{named}").expect(404, "not_found")


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
