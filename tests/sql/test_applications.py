"""Applications: one for each candidate and vacancy, answers that fit, moves, and what each side sees."""

import pytest
from conftest import Candidate, Company, codes, new_id

QUESTIONS = [
    {"id": "notice", "type": "number", "label": "Notice?", "required": True},
    {"id": "office", "type": "single", "label": "Where?", "options": ["Milano", "Roma"]},
    {"id": "days", "type": "multi", "label": "When?", "options": ["mon", "tue"]},
    {"id": "start", "type": "date", "label": "From?"},
    {"id": "car", "type": "boolean", "label": "A car?"},
    {"id": "why", "type": "short_text", "label": "Why?"},
]


def answers(**values):
    return [{"question_id": name, "value": value} for name, value in values.items()]


def test_applying_and_applying_again(company, candidate):
    job_id = company.job(response_promise_days=14)
    first = candidate.apply(job_id, cover_letter="Here I am.")
    body = first["body"]
    assert (first["status"], first["location"]) == (201, f"/v1/applications/{body['id']}")
    assert (body["status"], body["consent"], body["answers"]) == ("submitted", {"talent_pool": False}, [])
    assert "candidate" not in body and body["next_update_due"] > body["submitted_at"]
    again = candidate.apply(job_id)
    assert (again["status"], again["code"], again["problem"]) == (
        409, "already_applied", {"application_id": body["id"]})
    assert again["location"] == first["location"]
    assert candidate.call("applications_patch", application_id=body["id"], body={"status": "withdrawn"})["status"] == 200
    assert candidate.apply(job_id)["status"] == 201


def test_only_open_vacancies_can_be_applied_to(db, company, candidate):
    draft = company.call("jobs_create", new_id=new_id(), body={"title": "x"})["body"]["id"]
    assert candidate.apply(draft)["status"] == 404
    assert candidate.apply(new_id())["status"] == 404
    job_id = company.job()
    company.patch(job_id, status="paused")
    refused = candidate.apply(job_id)
    assert (refused["code"], refused["problem"]) == ("job_not_open", {"job_status": "paused"})


@pytest.mark.parametrize(("given", "expected"), [
    ({}, {("/answers", "answer_required")}),
    ({"notice": ""}, {("/answers/0/value", "answer_required")}),
    ({"notice": "soon"}, {("/answers/0/value", "answer_type_number")}),
    ({"notice": 1, "office": "Torino"}, {("/answers/1/value", "answer_not_an_option")}),
    ({"notice": 1, "days": "mon"}, {("/answers/1/value", "answer_type_list")}),
    ({"notice": 1, "days": ["mon", "sun"]}, {("/answers/1/value", "answer_not_an_option")}),
    ({"notice": 1, "start": "tomorrow"}, {("/answers/1/value", "answer_type_date")}),
    ({"notice": 1, "car": "yes"}, {("/answers/1/value", "answer_type_boolean")}),
    ({"notice": 1, "why": "w" * 501}, {("/answers/1/value", "answer_too_long")}),
    ({"notice": 1, "pay": 1}, {("/answers/1/question_id", "unknown_question")}),
])
def test_answers_that_do_not_fit(company, candidate, given, expected):
    assert codes(candidate.apply(company.job(questions=QUESTIONS), answers=answers(**given))) == expected


def test_answers_that_fit(company, candidate):
    given = answers(notice=30, office="Roma", days=["mon"], start="2027-02-28", car=False, why="Because.")
    job_id = company.job(questions=QUESTIONS)
    twice = codes(candidate.apply(job_id, answers=[*given, given[0]]))
    assert twice == {("/answers/6/question_id", "duplicate_answer")}
    assert candidate.apply(job_id, answers=given)["body"]["answers"] == given


def test_each_side_has_its_view(db, company, candidate):
    job_id = company.job(reference="V-1")
    application = candidate.apply(job_id, cover_letter="Hello")["body"]["id"]
    theirs = company.call("applications_get", application_id=application)
    assert theirs["body"]["candidate"] == {"id": candidate.id, "email": f"{candidate.id}@posta.example",
                                           "given_name": "Carla", "family_name": "Neri",
                                           "headline": "Executive assistant"}
    assert theirs["body"]["job"]["reference"] == "V-1"
    mine = candidate.call("applications_get", application_id=application)
    assert "candidate" not in mine["body"] and "reference" not in mine["body"]["job"]
    for stranger in (Candidate(db), Company(db)):
        assert stranger.call("applications_get", application_id=application) is None
        assert stranger.call("applications_events", application_id=application, limit=5) is None
        assert stranger.call("applications_patch", application_id=application,
                             body={"status": "withdrawn"})["status"] == 404
        assert stranger.call("applications_list", limit=5)["items"] == []
    assert Company(db).call("applications_list_for_job", job_id=job_id, limit=5) is None
    assert Candidate(db).call("applications_list_for_job", job_id=job_id, limit=5)["items"] == []
    assert len(company.call("applications_list_for_job", job_id=job_id, limit=5)["items"]) == 1


def test_moves_and_their_history(company, candidate):
    application = candidate.apply(company.job(response_promise_days=7))["body"]["id"]

    def move(who, status, **more):
        return who.call("applications_patch", application_id=application, body={"status": status, **more})

    assert move(candidate, "hired")["problem"] == {"current": "submitted", "requested": "hired", "allowed": ["withdrawn"]}
    assert move(company, "withdrawn")["code"] == "invalid_transition"
    shortlisted = move(company, "shortlisted")
    assert (shortlisted["body"]["status"], shortlisted["body"]["version"]) == ("shortlisted", 2)
    assert move(company, "shortlisted")["body"]["version"] == 2
    stale = company.call("applications_patch", application_id=application, body={"status": "offer"}, if_match=["old"])
    assert stale["status"] == 412
    rejected = move(company, "rejected", reason="Somebody closer to the office.")
    assert "next_update_due" not in rejected["body"]
    assert move(candidate, "withdrawn")["code"] == "invalid_transition"
    seen = candidate.call("applications_get", application_id=application)["body"]
    assert (seen["status"], seen["reason"]) == ("rejected", "Somebody closer to the office.")

    first = candidate.call("applications_events", application_id=application, limit=2)
    rest = candidate.call("applications_events", application_id=application, limit=2, after=first["next_key"])
    events = first["items"] + rest["items"]
    assert [(event.get("from_status"), event["to_status"]) for event in events] == [
        (None, "submitted"), ("submitted", "shortlisted"), ("shortlisted", "rejected")]
    assert [event["actor"] for event in events] == [
        {"kind": "candidate", "name": "Carla Neri"}, {"kind": "company"}, {"kind": "company"}]
    named = company.call("applications_events", application_id=application, limit=9)["items"]
    assert named[1]["actor"] == {"kind": "company", "name": "Anna"}


def test_lists_page_and_filter(db):
    company = Company(db)
    job_id = company.job()
    ids = [Candidate(db).apply(job_id)["body"]["id"] for _ in range(5)]
    company.call("applications_patch", application_id=ids[0], body={"status": "interview"})
    for statement in ("applications_list", "applications_list_for_job"):
        page = company.call(statement, job_id=job_id, limit=3)
        rest = company.call(statement, job_id=job_id, limit=3, after=page["next_key"])
        assert [item["id"] for item in page["items"] + rest["items"]] == ids[::-1] and rest["next_key"] is None
        some = company.call(statement, job_id=job_id, limit=3, status=["interview", "offer"])
        assert [item["id"] for item in some["items"]] == ids[:1]
        assert company.call(statement, job_id=job_id, limit=3, since="2099-01-01T00:00:00Z")["items"] == []


def test_numbers_of_a_path_have_no_needless_zeros(db):
    """PostgreSQL 16 and later refuse such a path. 15 does not, so it is the path that is looked at."""
    for given, written in (("05", "5"), ("-007.50", "-7.50"), ("000", "0"), ("2026-01-02", '"2026-01-02"')):
        path = db.value("select application_answer_path(jsonb_build_object('id', 'q1', 'comparison', '>=', 'value', %s::text))", given)
        assert path == f'$[*] ? (@.question_id == "q1").value ? (@ >= {written})'
