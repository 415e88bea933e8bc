"""What a company does with the applications it received: many moves at once, notes, ratings, tags, who looks after one, a
comparison; and that none of it is for the candidate's eyes, another company's, or a viewer's hands."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

CRITERIA = {"criteria": [{"id": "discretion", "label": "Riservatezza"}, {"id": "german", "label": "Tedesco"}]}


def path(application, *more):
    return "/".join(["/v1/applications", application["id"], *more])


@pytest.fixture(scope="module")
def job(world, company):
    return world.job(company, response_promise_days=5)


@pytest.fixture
def application(world, job):
    return world.application(world.candidate(), job)


@pytest.fixture(scope="module")
def stranger(world):
    return world.company()


def move(application, status, **more):
    return {"id": application["id"], "status": status, **more}


def bulk(account, *moves, **more):
    return account.client.post("/v1/applications/bulk", {"moves": list(moves)}, **more)


# --- many moves -------------------------------------------------------------------------------------------------------


def test_each_move_has_its_result_in_order(world, company, job, stranger):
    people = [world.candidate() for _ in range(4)]
    sent = [world.application(person, job) for person in people]
    foreign = world.application(world.candidate(), world.job(stranger))
    people[1].client.patch(path(sent[1]), {"status": "withdrawn"}).expect(200)
    nothing = {"id": str(uuid.uuid4())}
    results = bulk(company, move(sent[0], "shortlisted"), move(sent[1], "rejected"), move(foreign, "rejected"),
                   move(nothing, "rejected"), move(sent[2], "rejected", reason="Serve il tedesco."),
                   move(sent[3], "hired"), move(sent[0], "offer")).expect(200).json["results"]
    assert [(r["id"], r["status"]) for r in results] == [
        (sent[0]["id"], 200), (sent[1]["id"], 409), (foreign["id"], 404), (nothing["id"], 404), (sent[2]["id"], 200),
        (sent[3]["id"], 409), (sent[0]["id"], 200)]
    assert results[0]["application"]["status"] == "shortlisted" and results[0]["application"]["next_update_due"]
    assert results[6]["application"] == {**results[6]["application"], "status": "offer", "version": 3}
    for result in results[1], results[2], results[3], results[5]:  # as it would have come alone
        alone = company.client.patch(path(result), {"status": {sent[3]["id"]: "hired"}.get(result["id"], "rejected")})
        assert alone.status == result["status"] and alone.json == result["problem"]
    assert results[1]["problem"] == {"type": "/problems/invalid_transition", "title": "Change of status not possible", "status": 409,
                                     "detail": "The status cannot change in this way.", "instance": path(sent[1]),
                                     "code": "invalid_transition", "current": "withdrawn", "requested": "rejected", "allowed": []}
    assert results[2]["problem"]["code"] == results[3]["problem"]["code"] == "not_found"
    assert "next_update_due" not in results[4]["application"]
    assert people[2].client.get(path(sent[2])).json["reason"] == "Serve il tedesco."
    assert stranger.client.get(path(foreign)).json["status"] == "submitted"
    events = company.client.get(path(sent[0], "events")).json["items"]
    assert [event["to_status"] for event in events] == ["submitted", "shortlisted", "offer"]


def test_the_same_as_one_by_one(world, company, job):
    """What PATCH does with a status that is there already: nothing."""
    sent = world.application(world.candidate(), job)
    first = bulk(company, move(sent, "in_review"), move(sent, "in_review")).expect(200).json["results"]
    assert [r["application"]["version"] for r in first] == [2, 2]
    italian = bulk(company, move(sent, "hired"), {"id": str(uuid.uuid4()), "status": "rejected"},
                   headers={"Accept-Language": "it"}).expect(200).json["results"]
    assert italian[0]["problem"]["title"] == "Cambio di stato non possibile"
    assert italian[0]["problem"]["detail"] == "Lo stato non può cambiare in questo modo."
    alone = company.client.patch(path(italian[1]), {"status": "rejected"}, headers={"Accept-Language": "it"}).expect(404, "not_found")
    assert italian[1]["problem"] == alone.json


def test_a_repeated_request_moves_nothing_twice(world, company, job, database):
    sent = world.application(world.candidate(), job)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = bulk(company, move(sent, "in_review"), headers=key).expect(200)
    company.client.patch(path(sent), {"status": "shortlisted"}).expect(200)
    again = bulk(company, move(sent, "in_review"), headers=key).expect(200)
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
    assert company.client.get(path(sent)).json["status"] == "shortlisted"
    bulk(company, move(sent, "rejected"), headers=key).expect(422, "idempotency_key_reused")


@pytest.mark.parametrize("moves, where", [
    ([], ("/moves", "min_items")),
    ([{"id": str(uuid.uuid4()), "status": "rejected"}] * 501, ("/moves", "max_items")),
    ([{"id": str(uuid.uuid4()), "status": "withdrawn"}], ("/moves/0/status", "enum")),
    ([{"id": "x", "status": "rejected"}], ("/moves/0/id", "format")),
    ([{"id": str(uuid.uuid4()), "status": "rejected", "reason": "x" * 2001}], ("/moves/0/reason", "max_length")),
], ids=["none", "many", "withdrawn", "id", "reason"])
def test_moves_that_are_none(company, moves, where):
    assert where in bulk(company, *moves).expect(422, "validation_failed").errors


def test_two_bulks_at_once_do_not_wait_for_each_other_in_vain(world, company, job):
    sent = [world.application(world.candidate(), job) for _ in range(12)]
    for status, back in (("in_review", "shortlisted"), ("interview", "offer")):
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(bulk, company, *[move(a, status) for a in sent])
            other = pool.submit(bulk, company, *[move(a, back) for a in reversed(sent)])
        assert {r["status"] for answer in (one, other) for r in answer.result().expect(200).json["results"]} == {200}


def test_five_hundred(world, company, database):
    """As many as are allowed, in one answer."""
    job = world.job(company)
    database.query("alter table applications disable trigger user")
    ids = [str(row[0]) for row in database.query(
        "with people as (insert into candidates (id, account_id, given_name, family_name, profile, erased_at) select uuid_v7(), "
        "null, 'A', 'B', '{}', now() from generate_series(1, 500) returning id) insert into applications (id, job_id, company_id, "
        "candidate_id) select uuid_v7(), %s, %s, id from people returning id", job["id"], company.id)]
    database.query("alter table applications enable trigger user")
    results = bulk(company, *[{"id": one, "status": "in_review"} for one in ids]).expect(200).json["results"]
    assert [r["id"] for r in results] == ids and {r["status"] for r in results} == {200}


# --- notes ------------------------------------------------------------------------------------------------------------


def test_notes(company, recruiter, viewer, application):
    made = recruiter.client.post(path(application, "notes"), {"body": "Da richiamare <giovedì>."}).expect(201)
    note, target = made.json, made.headers["Location"]
    assert note["author"]["name"] == "A recruiter" and note["version"] == 1
    company.client.post(path(application, "notes"), {"body": "Second"}).expect(201)
    listed = viewer.client.get(path(application, "notes")).expect(200).json["items"]
    assert [n["body"] for n in listed] == ["Second", "Da richiamare <giovedì>."]
    assert list(viewer.client.pages(path(application, "notes"), limit=1)) == listed
    got = viewer.client.get(target).expect(200)
    assert got.json == note and got.etag == made.etag
    company.client.patch(target, {"body": "Mine"}).expect(403, "forbidden")  # not even an owner writes in another's name
    changed = recruiter.client.patch(target, {"body": "Richiamata."}, headers={"If-Match": made.etag}).expect(200)
    assert changed.json["version"] == 2 and changed.json["body"] == "Richiamata."
    recruiter.client.patch(target, {"body": "Again"}, headers={"If-Match": made.etag}).expect(412, "precondition_failed")
    recruiter.client.delete(target, headers={"If-Match": made.etag}).expect(412, "precondition_failed")
    assert recruiter.client.patch(target, {"body": "Richiamata."}).expect(200).json["version"] == 2
    company.client.delete(target).expect(204)
    recruiter.client.get(target).expect(404, "not_found")
    recruiter.client.delete(target).expect(404, "not_found")


def test_a_note_is_deleted_by_its_author_or_an_owner(world, company, recruiter, application):
    other = world.member(company, "recruiter")
    target = recruiter.client.post(path(application, "notes"), {"body": "x"}).expect(201).headers["Location"]
    other.client.delete(target).expect(403, "forbidden")
    recruiter.client.delete(target).expect(204)


def test_a_note_belongs_to_its_application(world, company, job, application):
    target = company.client.post(path(application, "notes"), {"body": "x"}).expect(201).json["id"]
    other = world.application(world.candidate(), job)
    for method in ("GET", "DELETE"):
        company.client.request(method, path(other, "notes", target)).expect(404, "not_found")
    company.client.patch(path(other, "notes", target), {"body": "y"}).expect(404, "not_found")


def test_there_may_be_five_hundred_notes(company, application, database):
    database.query("insert into application_notes (id, application_id, body) select uuid_v7(), %s, 'x' from generate_series(1, 500)",
                   application["id"])
    refused = company.client.post(path(application, "notes"), {"body": "x"}).expect(409, "limit_reached")
    assert refused.json["limit"] == 500


# --- what the candidate sees ------------------------------------------------------------------------------------------


def test_the_candidate_sees_none_of_it(world, company, recruiter, job, database):
    person = world.candidate()
    sent = world.application(person, job)
    company.client.put(f"/v1/jobs/{job['id']}/criteria", CRITERIA).expect(200)
    company.client.post(path(sent, "notes"), {"body": "A secret note."}).expect(201)
    company.client.put(path(sent, "ratings", "german"), {"value": 2}).expect(200)
    company.client.post(path(sent, "tags"), {"add": ["Riserva segreta"]}).expect(200)
    company.client.put(path(sent, "assignee"), {"member_id": world.membership(company, recruiter)}).expect(200)
    for target in ("notes", "ratings", "tags"):
        assert person.client.get(path(sent, target), check=False).status in (403, 405)
    person.client.post(path(sent, "notes"), {"body": "x"}).expect(403, "forbidden")
    seen = person.client.get(path(sent)).expect(200).body + person.client.get("/v1/applications").expect(200).body
    history = person.client.get(path(sent, "events")).expect(200)
    assert [event["type"] for event in history.json["items"]] == ["submitted"]
    trail = person.client.get("/v1/audit").expect(200).body
    for word in (b"secret", b"segreta", b"assignee", b"tags", b"rating", b"note_", b"A recruiter"):
        assert word not in seen + history.body and word not in trail, word
    theirs = company.client.get(path(sent, "events")).expect(200).json["items"]
    assert [event["type"] for event in theirs] == ["submitted", "note_added", "rated", "tags_changed", "assigned"]
    assert theirs[3]["detail"] == {"added": ["riserva segreta"]} and {e["to_status"] for e in theirs} == {"submitted"}
    actions = [entry["action"] for entry in company.client.get("/v1/audit", params={"subject": sent["id"]}).json["items"]]
    assert {"application.note_added", "application.rated", "application.tags_changed", "application.assigned"} <= set(actions)


# --- criteria and ratings ---------------------------------------------------------------------------------------------


def test_criteria(world, viewer, company):
    job = world.job(company)
    ours, its = f"/v1/companies/{company.id}/criteria", f"/v1/jobs/{job['id']}/criteria"
    company.client.put(ours, {"criteria": []}).expect(200)
    empty = viewer.client.get(its).expect(200)
    assert empty.json == {"criteria": [], "inherited": True}
    company.client.put(ours, CRITERIA).expect(200)
    assert viewer.client.get(ours).expect(200).json == CRITERIA
    assert viewer.client.get(its).expect(200).json == {**CRITERIA, "inherited": True}
    one = {"criteria": [{"id": "poise", "label": "Savoir-faire"}]}
    company.client.put(its, one, headers={"If-Match": empty.etag}).expect(412, "precondition_failed")
    assert company.client.put(its, one).expect(200).json == {**one, "inherited": False}
    assert company.client.put(its, {"criteria": []}).expect(200).json == {**CRITERIA, "inherited": True}
    twice = company.client.put(its, {"criteria": CRITERIA["criteria"] * 2}).expect(422, "validation_failed")
    assert twice.errors == {("/criteria/2/id", "duplicate_criterion"), ("/criteria/3/id", "duplicate_criterion")}
    many = [{"id": f"c{n}", "label": "x"} for n in range(21)]
    assert ("/criteria", "max_items") in company.client.put(its, {"criteria": many}).expect(422, "validation_failed").errors
    viewer.client.put(its, one).expect(403, "forbidden")


def test_ratings(world, company, recruiter, viewer, stranger):
    job = world.job(company)
    company.client.put(f"/v1/jobs/{job['id']}/criteria", CRITERIA).expect(200)
    sent = world.application(world.candidate(), job)
    rate = path(sent, "ratings", "german")
    first = company.client.put(rate, {"value": 5}).expect(200)
    assert company.client.put(rate, {"value": 4}).expect(200).json["value"] == 4  # one by each member and criterion
    company.client.put(rate, {"value": 3}, headers={"If-Match": first.etag}).expect(412, "precondition_failed")
    recruiter.client.put(rate, {"value": 3}, headers={"If-Match": "*"}).expect(412, "precondition_failed")  # there is none
    recruiter.client.put(rate, {"value": 1}).expect(200)
    recruiter.client.put(path(sent, "ratings", "discretion"), {"value": 5}).expect(200)
    seen = viewer.client.get(path(sent, "ratings")).expect(200).json
    assert seen["criteria"] == [{"id": "discretion", "label": "Riservatezza", "average": 5, "count": 1},
                                {"id": "german", "label": "Tedesco", "average": 2.5, "count": 2}]
    assert seen["rating"] == {"average": 3.33, "members": 2}
    assert [(m["name"], [r["value"] for r in m["ratings"]]) for m in seen["members"]] == [("A recruiter", [5, 1]), ("Chiara Fumagalli", [4])]
    assert viewer.client.get(path(sent)).json["rating"] == seen["rating"]
    for value in (0, 6, 2.5, "3", None):
        company.client.put(rate, {"value": value}).expect(422, "validation_failed")
    company.client.put(path(sent, "ratings", "charm"), {"value": 3}).expect(404, "not_found")
    for who, status in ((viewer, (403, "forbidden")), (stranger, (404, "not_found"))):
        who.client.put(rate, {"value": 3}).expect(*status)
        who.client.delete(rate).expect(*status)
    # A criterion that is gone does not count, and does again when it is back.
    company.client.put(f"/v1/jobs/{job['id']}/criteria", {"criteria": CRITERIA["criteria"][:1]}).expect(200)
    assert viewer.client.get(path(sent, "ratings")).json["rating"] == {"average": 5, "members": 1}
    company.client.put(f"/v1/jobs/{job['id']}/criteria", CRITERIA).expect(200)
    company.client.delete(rate).expect(204)
    company.client.delete(rate).expect(404, "not_found")
    assert viewer.client.get(path(sent, "ratings")).json["criteria"][1]["average"] == 1


def test_a_rating_moves_nobody(world, company):
    """The worst there is: the application stands where it stood."""
    job = world.job(company)
    company.client.put(f"/v1/jobs/{job['id']}/criteria", CRITERIA).expect(200)
    sent = world.application(world.candidate(), job)
    for criterion in ("discretion", "german"):
        company.client.put(path(sent, "ratings", criterion), {"value": 1}).expect(200)
    after = company.client.get(path(sent)).json
    assert (after["status"], after["version"], after["updated_at"]) == ("submitted", 1, sent["updated_at"])


# --- tags -------------------------------------------------------------------------------------------------------------


def tag(account, application, **change):
    answer = account.client.post(path(application, "tags"), change)
    assert answer.status != 200 or answer.json["application_id"] == application["id"]
    return answer


def test_tags(world, viewer, job):
    company = world.company()
    sent = world.application(world.candidate(), world.job(company))
    assert tag(company, sent, add=["Da richiamare", "Élite"]).expect(200).json["tags"] == ["Da richiamare", "Élite"]
    assert tag(company, sent, add=["ELITE", "da-richiamare"]).expect(200).json["tags"] == ["Da richiamare", "Élite"]
    assert company.client.get(path(sent)).json["tags"] == ["Da richiamare", "Élite"]
    assert company.client.get("/v1/applications").json["items"][0]["tags"] == ["Da richiamare", "Élite"]
    assert company.client.get("/v1/tags").expect(200).json == {"tags": ["Da richiamare", "Élite"]}
    assert tag(company, sent, remove=["elite", "never there"], add=["Nuova"]).expect(200).json["tags"] == ["Da richiamare", "Nuova"]
    assert company.client.get("/v1/tags").expect(200).json == {"tags": ["Da richiamare", "Nuova"]}  # gone with its last use
    assert tag(company, sent, add=["!?"], remove=["…"]).expect(422, "validation_failed").errors == {
        ("/add/0", "tag_without_letters"), ("/remove/0", "tag_without_letters")}
    assert tag(company, sent, add=[f"t{n}" for n in range(19)]).expect(422, "validation_failed").errors == {("/add", "tags_of_application")}
    assert tag(company, sent, add=[f"t{n}" for n in range(18)]).expect(200)
    tag(company, sent).expect(422, "validation_failed")
    assert viewer.client.get("/v1/tags").expect(200).json != company.client.get("/v1/tags").json


def test_a_company_has_two_hundred_tags(world, database):
    company = world.company()
    sent = world.application(world.candidate(), world.job(company))
    database.query("insert into company_tags (company_id, key, label) select %s, 't' || n, 't' || n from generate_series(1, 200) n",
                   company.id)
    assert tag(company, sent, add=["one more"]).expect(422, "validation_failed").errors == {("/add", "tags_of_company")}
    assert tag(company, sent, add=["T7"]).expect(200).json["tags"] == ["t7"]


# --- who looks after it -----------------------------------------------------------------------------------------------


def test_assignee(world, company, recruiter, viewer, application, stranger):
    member = world.membership(company, recruiter)
    before = company.client.get(path(application))
    given = company.client.put(path(application, "assignee"), {"member_id": member}, headers={"If-Match": before.etag}).expect(200)
    assert given.json["assignee"] == {"member_id": member, "name": "A recruiter"}
    assert given.etag == company.client.get(path(application)).etag
    company.client.put(path(application, "assignee"), {"member_id": None}, headers={"If-Match": before.etag}).expect(412, "precondition_failed")
    for nobody in (world.membership(company, viewer), world.membership(stranger, stranger), str(uuid.uuid4())):
        refused = company.client.put(path(application, "assignee"), {"member_id": nobody}).expect(422, "validation_failed")
        assert refused.errors == {("/member_id", "unknown_member")}
    assert "assignee" not in company.client.put(path(application, "assignee"), {"member_id": None}).expect(200).json


def test_an_assignee_who_leaves(world, company, application):
    leaver = world.member(company, "recruiter")
    member = world.membership(company, leaver)
    company.client.put(path(application, "assignee"), {"member_id": member}).expect(200)
    company.client.delete(f"/v1/companies/{company.id}/members/{member}").expect(204)
    assert "assignee" not in company.client.get(path(application)).expect(200).json


# --- side by side -----------------------------------------------------------------------------------------------------


def test_comparison(world, company, viewer, stranger):
    job = world.job(company, languages=[{"language": "de", "level": "B2", "importance": "must"}],
                    questions=[{"id": "car", "type": "boolean", "label": "Patente?"}])
    company.client.put(f"/v1/jobs/{job['id']}/criteria", CRITERIA).expect(200)
    people = [world.candidate(languages=[{"language": "de", "level": level}], tools=[{"name": "Excel", "level": "basic"}])
              for level in ("A1", "C1")]
    sent = [world.application(person, job, answers=[{"question_id": "car", "value": True}]) for person in people]
    company.client.put(path(sent[0], "ratings", "german"), {"value": 4}).expect(200)
    foreign = world.application(world.candidate(), world.job(stranger))
    ids = [sent[1]["id"], foreign["id"], sent[0]["id"], sent[1]["id"]]
    target = f"/v1/jobs/{job['id']}/applications/comparison?ids={','.join(ids)}"
    seen = viewer.client.get(target).expect(200).json
    assert [item["id"] for item in seen["items"]] == [sent[1]["id"], sent[0]["id"]] and seen["missing"] == [foreign["id"]]
    assert [item["languages"][0]["level"] for item in seen["items"]] == ["C1", "A1"]  # as asked, not by anything
    assert seen["items"][1]["rating"] == {"average": 4, "members": 1} and "rating" not in seen["items"][0]
    assert seen["items"][0]["answers"] == [{"question_id": "car", "value": True}]
    assert seen["job"]["languages"] == job["languages"] and seen["criteria"] == CRITERIA["criteria"]
    stranger.client.get(target).expect(404, "not_found")
    people[0].client.get(target).expect(403, "forbidden")
    many = ",".join(str(uuid.uuid4()) for _ in range(21))
    company.client.get(f"/v1/jobs/{job['id']}/applications/comparison?ids={many}").expect(400, "invalid_parameter")
    entry = next(e for e in people[0].client.get("/v1/audit").json["items"] if e["action"] == "application.compared")
    assert entry["subject"] == {"kind": "job", "id": job["id"]}


def test_a_blind_comparison_names_nobody(world, company):
    job = world.job(company, blind_review=True)
    sent = world.application(world.candidate(given_name="Zenobia", family_name="Quartapelle"), job)
    target = f"/v1/jobs/{job['id']}/applications/comparison?ids={sent['id']}"
    company.client.post(path(sent, "notes"), {"body": "x"}).expect(201)
    for page in (target, path(sent), path(sent, "events"), path(sent, "notes"), "/v1/applications"):
        body = company.client.get(page).expect(200).body
        assert b"Zenobia" not in body and b"Quartapelle" not in body, page
    assert company.client.get(target).json["items"][0]["candidate"] == {"blind": True}
    company.client.patch(path(sent), {"status": "shortlisted"}).expect(200)
    assert company.client.get(target).json["items"][0]["candidate"]["given_name"] == "Zenobia"


# --- who may not, and what is erased ----------------------------------------------------------------------------------


def test_strangers_and_viewers(world, company, viewer, stranger, application, unchanged_rows):
    calls = [("POST", path(application, "notes"), {"body": "x"}), ("POST", path(application, "tags"), {"add": ["x"]}),
             ("PUT", path(application, "assignee"), {"member_id": None}), ("PUT", path(application, "ratings", "german"), {"value": 1})]
    for method, target, body in calls:
        stranger.client.request(method, target, body).expect(404, "not_found")
        viewer.client.request(method, target, body).expect(403, "forbidden")
    bulk(viewer, move(application, "rejected")).expect(403, "forbidden")
    for target in ("notes", "ratings"):
        stranger.client.get(path(application, target)).expect(404, "not_found")
    _, reader = world.token(company, ["applications:read"])
    reader.post("/v1/applications/bulk", {"moves": [move(application, "rejected")]}).expect(403, "insufficient_scope")
    reader.get(path(application, "notes")).expect(200)


@pytest.fixture
def unchanged_rows(application, database):
    query = ("select (select count(*) from application_notes), (select count(*) from application_tags), "
             "(select count(*) from application_ratings), (select count(*) from application_events)")
    before = database.query(query)
    yield
    assert database.query(query) == before


def test_erasure_takes_what_was_written_about_the_person(world, company, recruiter, database):
    person = world.candidate()
    job = world.job(company)
    company.client.put(f"/v1/jobs/{job['id']}/criteria", CRITERIA).expect(200)
    sent = world.application(person, job)
    company.client.post(path(sent, "notes"), {"body": "Elena said zyxwv."}).expect(201)
    company.client.post(path(sent, "tags"), {"add": ["zyxwvtag"]}).expect(200)
    company.client.put(path(sent, "ratings", "german"), {"value": 2}).expect(200)
    person.client.request("DELETE", "/v1/me", {"password": "correct horse battery"}).expect(200)
    company.client.get(path(sent)).expect(200)
    assert company.client.get(path(sent, "notes")).expect(200).json["items"] == []
    assert company.client.get(path(sent, "ratings")).expect(200).json["members"] == []
    assert "zyxwvtag" not in company.client.get("/v1/tags").json["tags"]
    for table in ("application_notes", "application_tags", "company_tags", "application_ratings", "application_events"):
        assert database.value(f"select count(*) from {table} t where to_jsonb(t)::text like '%%zyxwv%%'") == 0, table
    types = [event["type"] for event in company.client.get(path(sent, "events")).json["items"]]
    assert types == ["submitted", "note_added", "tags_changed", "rated", "withdrawn"]  # that there were steps stays


# --- the candidate is told --------------------------------------------------------------------------------------------


def test_a_move_is_told_once_and_without_saying_which(world, company, job, database):
    person = world.candidate()
    sent = world.application(person, job)
    for status in ("in_review", "shortlisted"):
        company.client.patch(path(sent), {"status": status, "reason": "A secret reason"}).expect(200)
    rows = database.query("select o.params, o.due_at > now() from outbox o join accounts a on a.id = o.account_id "
                          "where a.email = %s and template = 'application_update'", person.email)
    assert rows == [({"application_id": sent["id"], "job": job["title"], "company": "Lario Meccanica"}, True)]
    person.client.patch(path(sent), {"status": "withdrawn"}).expect(200)
    assert database.value("select count(*) from outbox o join accounts a on a.id = o.account_id where a.email = %s "
                          "and template = 'application_update'", person.email) == 1
