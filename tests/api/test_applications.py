"""Applying, both sides' views, moving an application, its history."""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.world import vacancy

QUESTIONS = [
    {"id": "short", "type": "short_text", "label": "Titolo di studio?", "required": True},
    {"id": "long", "type": "long_text", "label": "Esperienza?"},
    {"id": "car", "type": "boolean", "label": "Patente?", "required": True},
    {"id": "shift", "type": "single", "label": "Turno?", "options": ["mattina", "sera"]},
    {"id": "tools", "type": "multi", "label": "Strumenti?", "options": ["Excel", "SAP", "Teams"]},
    {"id": "years", "type": "number", "label": "Anni?"},
    {"id": "from", "type": "date", "label": "Da quando?"},
]
ANSWERS = {"short": "Laurea", "long": "x" * 5000, "car": True, "shift": "sera", "tools": ["SAP", "Excel"], "years": 4.5,
           "from": "2027-01-31"}
STATES = ["submitted", "in_review", "shortlisted", "interview", "offer", "hired", "rejected", "withdrawn"]
OPEN = STATES[:5]


def moves(state, side):
    """What a side may make of an application in a state."""
    if side == "candidate":
        return {"withdrawn"} if state in OPEN else set()
    if state == "rejected":
        return {"in_review"}
    if state not in OPEN:
        return set()
    to = {"in_review", "shortlisted", "interview", "offer", "hired", "rejected"} - {state}
    return to - {"hired"} if state in ("submitted", "in_review") else to


def answers(**changes):
    return [{"question_id": name, "value": value} for name, value in {**ANSWERS, **changes}.items() if value is not None]


def apply(candidate, job, body=None, **more):
    return candidate.client.post(f"/v1/jobs/{job['id']}/applications", body or {}, **more)


def path(application):
    return f"/v1/applications/{application['id']}"


def set_status(database, application, status):
    database.query("alter table applications disable trigger applications_check_transition")
    database.query("update applications set status = %s where id = %s", status, application["id"])
    database.query("alter table applications enable trigger applications_check_transition")


@pytest.fixture(scope="module")
def asking(world, company):
    """A vacancy with a question of every type."""
    return world.job(company, questions=QUESTIONS, reference="asking", response_promise_days=7)


# --- apply ------------------------------------------------------------------------------------------------------------


def test_apply(world, asking, company):
    person = world.candidate(headline="Segretaria", languages=[{"language": "it", "level": "C2"}])
    body = {"cover_letter": "Gentile **dott.ssa**,\n\n...", "answers": answers(), "consent": {"talent_pool": True}}
    answer = apply(person, asking, body).expect(201)
    application = answer.json
    assert answer.headers["Location"] == path(application)
    assert {name: application[name] for name in ("cover_letter", "answers")} == {name: body[name] for name in ("cover_letter", "answers")}
    assert application["consent"]["talent_pool"] is True
    assert application["status"] == "submitted" and application["version"] == 1 and application["next_update_due"]
    assert "candidate" not in application and "reference" not in application["job"]
    got = person.client.get(path(application)).expect(200)
    assert got.json == application and got.etag == answer.etag
    seen = company.client.get(path(application)).expect(200).json
    assert seen["candidate"]["headline"] == "Segretaria" and seen["candidate"]["email"] == person.email
    assert seen["job"]["reference"] == "asking" and seen["answers"] == body["answers"]
    assert {k: v for k, v in seen.items() if k not in ("candidate", "job")} == {
        k: v for k, v in application.items() if k not in ("candidate", "job")}


def test_apply_with_nothing(world, company):
    application = apply(world.candidate(), world.job(company)).expect(201).json
    assert application["answers"] == [] and application["consent"] == {"talent_pool": False}
    assert "cover_letter" not in application and "next_update_due" not in application


@pytest.mark.parametrize("changes, errors", [
    ({"short": None}, {("/answers", "answer_required")}),
    ({"short": None, "car": None}, {("/answers", "answer_required")}),
    ({"short": "  "}, {("/answers/0/value", "answer_required")}),
    ({"short": "x" * 501}, {("/answers/0/value", "answer_too_long")}),
    ({"short": 5}, {("/answers/0/value", "answer_type_text")}),
    ({"long": True}, {("/answers/1/value", "answer_type_text")}),
    ({"car": "yes"}, {("/answers/2/value", "answer_type_boolean")}),
    ({"shift": "notte"}, {("/answers/3/value", "answer_not_an_option")}),
    ({"shift": ["sera"]}, {("/answers/3/value", "answer_not_an_option")}),
    ({"tools": ["SAP", "Word"]}, {("/answers/4/value", "answer_not_an_option")}),
    ({"tools": "SAP"}, {("/answers/4/value", "answer_type_list")}),
    ({"years": "4"}, {("/answers/5/value", "answer_type_number")}),
    ({"from": "31/01/2027"}, {("/answers/6/value", "answer_type_date")}),
    ({"from": "2027-02-30"}, {("/answers/6/value", "answer_type_date")}),
    ({"who": "me"}, {("/answers/7/question_id", "unknown_question")}),
    ({"short": 5, "car": 5, "years": "x"}, {("/answers/0/value", "answer_type_text"), ("/answers/2/value", "answer_type_boolean"),
                                            ("/answers/5/value", "answer_type_number")}),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_answers_are_checked(world, asking, candidate, database, changes, errors):
    before = database.fingerprint()
    answer = apply(candidate, asking, {"answers": answers(**changes)}).expect(422, "validation_failed")
    assert answer.errors == errors
    assert database.fingerprint() == before


def test_answers_that_need_not_be(world, asking):
    body = {"answers": answers(long=None, shift="", tools=[], years=None, **{"from": None})}
    assert apply(world.candidate(), asking, body).expect(201).json["answers"] == body["answers"]


def test_a_question_answered_twice(candidate, asking):
    twice = answers() + [{"question_id": "car", "value": False}]
    answer = apply(candidate, asking, {"answers": twice}).expect(422, "validation_failed")
    assert answer.errors == {("/answers/7/question_id", "duplicate_answer")}


def test_question_is_named(candidate, asking):
    answer = apply(candidate, asking, {"answers": answers(car=None)}).expect(422, "validation_failed")
    assert [error["question_id"] for error in answer.json["errors"]] == ["car"]


def test_once(world, company, database):
    person, job = world.candidate(), world.job(company)
    first = apply(person, job).expect(201).json
    before = database.fingerprint()
    again = apply(person, job, {"cover_letter": "Again"}).expect(409, "already_applied")
    assert again.json["application_id"] == first["id"] and again.headers["Location"] == path(first)
    assert database.fingerprint() == before
    apply(world.candidate(), job).expect(201)


def test_sixteen_clicks_at_once(world, company, database):
    person, job = world.candidate(), world.job(company)
    with ThreadPoolExecutor(16) as pool:
        clicks = list(pool.map(lambda _: apply(person, job), range(16)))
    assert sorted(answer.status for answer in clicks) == [201] + [409] * 15
    made = next(answer.json["id"] for answer in clicks if answer.status == 201)
    assert {answer.json["application_id"] for answer in clicks if answer.status == 409} == {made}
    assert database.value("select count(*) from applications where job_id = %s", job["id"]) == 1
    assert database.value("select count(*) from application_events where application_id = %s", made) == 1


def test_once_more_after_withdrawing(world, company):
    person, job = world.candidate(), world.job(company)
    first = apply(person, job).expect(201).json
    person.client.patch(path(first), {"status": "withdrawn"}).expect(200)
    second = apply(person, job).expect(201).json
    assert second["id"] != first["id"]
    apply(person, job).expect(409, "already_applied")


@pytest.mark.parametrize("status", ["paused", "closed", "expired", "removed"])
def test_not_open(world, company, candidate, database, status):
    job = world.job(company)
    database.query("update jobs set status = %s where id = %s", status, job["id"])
    before = database.fingerprint()
    assert apply(candidate, job).expect(409, "job_not_open").json["job_status"] == status
    assert database.fingerprint() == before


def test_not_there(candidate, world, company):
    apply(candidate, {"id": uuid.uuid4()}).expect(404, "not_found")
    apply(candidate, world.job(company, status="draft")).expect(404, "not_found")


def test_questions_may_change_later(world, company, candidate):
    """An application keeps the answers it was sent with."""
    job = world.job(company, questions=QUESTIONS[:3])
    application = apply(candidate, job, {"answers": answers()[:3]}).expect(201).json
    company.client.patch(f"/v1/jobs/{job['id']}", {"questions": []}).expect(200)
    assert company.client.get(path(application)).json["answers"] == answers()[:3]
    company.client.patch(path(application), {"status": "in_review"}).expect(200)


# --- moves ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved(world, company, candidate):
    return world.application(candidate, world.job(company))


@pytest.mark.parametrize("side", ["company", "candidate"])
@pytest.mark.parametrize("before, after", itertools.product(STATES, STATES[1:]))
def test_moves(moved, company, candidate, database, side, before, after):
    set_status(database, moved, before)
    events = database.value("select count(*) from application_events where application_id = %s", moved["id"])
    client = {"company": company, "candidate": candidate}[side].client
    answer = client.patch(path(moved), {"status": after})
    state = database.value("select status from applications where id = %s", moved["id"])
    count = database.value("select count(*) from application_events where application_id = %s", moved["id"]) - events
    if after == before:
        assert answer.expect(200).json["status"] == state == before and count == 0
    elif after in moves(before, side):
        assert answer.expect(200).json["status"] == state == after and count == 1
        row = database.query("select from_status, to_status, actor_kind, type from application_events where application_id = %s "
                             "order by at desc, id desc limit 1", moved["id"])
        assert row == [(before, after, side, "withdrawn" if after == "withdrawn" else "status_changed")]
    else:
        problem = answer.expect(409, "invalid_transition").json
        assert (problem["current"], problem["requested"], set(problem["allowed"])) == (before, after, moves(before, side))
        assert state == before and count == 0


def test_reason(world, company, candidate):
    application = world.application(candidate, world.job(company))
    moved = company.client.patch(path(application), {"status": "rejected", "reason": "Serve il tedesco"}).expect(200).json
    assert moved["reason"] == "Serve il tedesco"
    assert candidate.client.get(path(application)).json["reason"] == "Serve il tedesco"
    again = company.client.patch(path(application), {"status": "in_review"}).expect(200).json
    assert "reason" not in again


def test_next_update_due(world, company, candidate):
    application = world.application(candidate, world.job(company, response_promise_days=3))
    reviewed = company.client.patch(path(application), {"status": "in_review"}).expect(200).json
    assert reviewed["next_update_due"] > application["next_update_due"]
    assert "next_update_due" not in company.client.patch(path(application), {"status": "rejected"}).expect(200).json


def test_if_match(world, company, candidate):
    application = world.application(candidate, world.job(company))
    mine, theirs = (who.client.get(path(application)).etag for who in (candidate, company))
    assert mine != theirs  # each side has its own view
    company.client.patch(path(application), {"status": "in_review"}, headers={"If-Match": mine}).expect(412, "precondition_failed")
    company.client.patch(path(application), {"status": "in_review"}, headers={"If-Match": theirs}).expect(200)
    company.client.patch(path(application), {"status": "offer"}, headers={"If-Match": theirs}).expect(412, "precondition_failed")
    candidate.client.patch(path(application), {"status": "withdrawn"}, headers={"If-Match": mine}).expect(412, "precondition_failed")


def test_both_sides_at_once(world, company):
    """Hired and withdrawn at the same moment: one of them."""
    for _ in range(5):
        person = world.candidate()
        application = world.application(person, world.job(company))
        company.client.patch(path(application), {"status": "offer"}).expect(200)
        with ThreadPoolExecutor(2) as pool:
            hired = pool.submit(company.client.patch, path(application), {"status": "hired"})
            withdrawn = pool.submit(person.client.patch, path(application), {"status": "withdrawn"})
        statuses = sorted([hired.result().status, withdrawn.result().status])
        assert statuses == [200, 409]


# --- history and lists ------------------------------------------------------------------------------------------------


def test_events(world, company, candidate):
    application = world.application(candidate, world.job(company))
    recruiter = world.member(company, "recruiter")
    recruiter.client.patch(path(application), {"status": "in_review"}).expect(200)
    company.client.patch(path(application), {"status": "shortlisted", "reason": "Ottimo"}).expect(200)
    candidate.client.patch(path(application), {"status": "withdrawn"}).expect(200)
    theirs = company.client.get(path(application) + "/events").expect(200).json["items"]
    assert [(e["type"], e.get("from_status"), e["to_status"], e["actor"]["kind"], e.get("reason")) for e in theirs] == [
        ("submitted", None, "submitted", "candidate", None), ("status_changed", "submitted", "in_review", "company", None),
        ("status_changed", "in_review", "shortlisted", "company", "Ottimo"),
        ("withdrawn", "shortlisted", "withdrawn", "candidate", None)]
    assert [e["actor"].get("name") for e in theirs] == ["Lia Rossi", "A recruiter", "Chiara Fumagalli", "Lia Rossi"]
    mine = candidate.client.get(path(application) + "/events").expect(200).json["items"]
    assert [e["actor"].get("name") for e in mine] == ["Lia Rossi", None, None, "Lia Rossi"]
    assert [(e["id"], e["to_status"]) for e in mine] == [(e["id"], e["to_status"]) for e in theirs]
    pages = list(candidate.client.pages(path(application) + "/events", limit=1))
    assert pages == mine


def test_lists(world):
    company, other = world.company(), world.company()
    jobs = [world.job(company, reference="a"), world.job(company), world.job(other)]
    people = [world.candidate() for _ in range(3)]
    sent = {(p, j): apply(people[p], jobs[j]).expect(201).json["id"] for p in range(3) for j in range(3)}
    order = list(sent.values())[::-1]
    ids = lambda answer: [item["id"] for item in answer]
    assert ids(company.client.pages("/v1/applications", limit=2)) == [i for i in order if i not in (sent[p, 2] for p in range(3))]
    assert ids(other.client.pages("/v1/applications")) == [i for i in order if i in (sent[p, 2] for p in range(3))]
    assert ids(people[0].client.pages("/v1/applications", limit=1)) == [sent[0, 2], sent[0, 1], sent[0, 0]]
    of_job = f"/v1/jobs/{jobs[0]['id']}/applications"
    assert ids(company.client.pages(of_job, limit=2)) == [sent[2, 0], sent[1, 0], sent[0, 0]]
    assert ids(people[1].client.pages(of_job)) == [sent[1, 0]]
    card = company.client.get(of_job).json["items"][0]
    assert card["candidate"]["family_name"] == "Rossi" and card["job"]["reference"] == "a"
    assert "candidate" not in people[0].client.get("/v1/applications").json["items"][0]


def test_filters(world):
    company, job = world.company(), None
    job = world.job(company)
    applications = [world.application(world.candidate(), job) for _ in range(4)]
    company.client.patch(path(applications[0]), {"status": "in_review"}).expect(200)
    company.client.patch(path(applications[1]), {"status": "rejected"}).expect(200)
    ids = lambda target: [item["id"] for item in company.client.get(target).expect(200).json["items"]]
    for target in ("/v1/applications", f"/v1/jobs/{job['id']}/applications"):
        assert ids(f"{target}?status=in_review") == [applications[0]["id"]]
        assert ids(f"{target}?status=in_review,rejected") == [applications[1]["id"], applications[0]["id"]]
        assert ids(f"{target}?status=submitted&limit=1") == [applications[3]["id"]]
        changed = company.client.get(path(applications[0])).json["updated_at"]
        assert set(ids(f"{target}?since={changed}")) >= {applications[0]["id"], applications[1]["id"]}
        assert ids(f"{target}?since=2100-01-01T00:00:00Z") == []


def test_what_the_candidate_sees_of_a_vacancy_that_is_over(world, company):
    person, job = world.candidate(), world.job(company)
    application = world.application(person, job)
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "cancelled"}).expect(200)
    assert person.client.get(path(application)).expect(200).json["job"]["title"] == vacancy()["title"]
    assert len(person.client.get(f"/v1/jobs/{job['id']}/applications").expect(200).json["items"]) == 1
    company.client.patch(path(application), {"status": "rejected"}).expect(200)
