"""Vacancies: the publish gate, the state machine, replacing, deleting, what the public sees."""

import json

import pytest
from conftest import JOB, Company, Refused, codes, new_id


def get(db, job_id):
    return db.call("jobs_get", job_id=[job_id])


def test_a_draft_needs_little_and_only_its_company_sees_it(db, company):
    answer = company.call("jobs_create", new_id=(job_id := new_id()), body={"title": "Assistant"})
    assert (answer["status"], answer["location"]) == (201, f"/v1/jobs/{job_id}")
    body = answer["body"]
    assert (body["status"], body["version"], body["openings"]) == ("draft", 1, 1)
    assert [body[name] for name in ("languages", "tools", "soft_skills", "principals", "duties", "questions")] == [[]] * 6
    assert "published_at" not in body and "salary" not in body
    seen = get(db, job_id)
    assert (seen["status"], seen["code"], seen["out_company_id"]) == (404, "not_found", company.id)
    assert seen["body"] == body
    assert Company(db).patch(job_id, title="x")["status"] == 404


def test_members_come_in_the_order_of_the_contract(db, company):
    job_id = company.job(reference="R", language="en", work_mode="hybrid")
    names = list(json.loads(db.value("select document from job_documents where job_id = %s", job_id)))
    order = ["id", "company", "reference", "title", "description", "language", "role", "occupation", "work_mode",
             "location", "salary", "languages", "valid_through", "status", "published_at", "created_at", "updated_at",
             "version"]
    assert [name for name in names if name in order] == order


def test_the_occupation_follows_the_role_unless_given(company):
    job_id = company.job()
    answer = company.patch(job_id, role="receptionist")
    assert answer["body"]["occupation"].endswith("f7b04542-d8c7-42db-8475-e63b507cce82")
    own = "http://data.europa.eu/esco/occupation/" + "0" * 36
    assert company.patch(job_id, occupation=own)["body"]["occupation"] == own
    assert company.patch(job_id, role="secretary")["body"]["occupation"] == own


def test_publishing_in_italy_needs_pay_and_a_last_day(company):
    bare = {"title": "x", "status": "published", "location": {"country": "IT"}}
    answer = company.call("jobs_create", new_id=new_id(), body=bare)
    assert codes(answer) == {("/description", "publish_description_required"), ("/salary", "publish_salary_required"),
                             ("/valid_through", "publish_valid_through_required")}
    italian = company.call("jobs_create", new_id=new_id(), body=bare, lang="it")
    assert "retribuzione" in json.dumps(italian["problem"])


def test_a_vacancy_without_a_country_has_its_companys_rules(db, company):
    body = {"title": "x", "description": "d", "status": "published"}
    assert ("/salary", "publish_salary_required") in codes(company.call("jobs_create", new_id=new_id(), body=body))
    assert Company(db, "GB").call("jobs_create", new_id=new_id(), body=body)["status"] == 201


def test_elsewhere_publishing_is_not_stopped_except_in_the_past(company):
    body = {"title": "x", "description": "d", "status": "published", "location": {"country": "GB"}}
    assert company.call("jobs_create", new_id=new_id(), body=body)["status"] == 201
    answer = company.call("jobs_create", new_id=new_id(), body={**body, "valid_through": "2020-01-01"})
    assert codes(answer) == {("/valid_through", "publish_valid_through_past")}


def test_all_violations_at_once(company):
    answer = company.call("jobs_create", new_id=new_id(), body={
        **JOB, "salary": {"min": 5, "max": 4, "currency": "EUR", "unit": "hour"}, "role": "king",
        "work_mode": "remote", "office_days_per_week": 2, "close_reason": "filled", "duties": ["diary", "nap"],
        "languages": [{"language": "en", "level": "B1", "importance": "must"},
                      {"language": "en", "level": "B2", "importance": "must"}],
        "questions": [{"id": "a", "type": "single", "label": "?"}, {"id": "a", "type": "date", "label": "?"}]})
    assert codes(answer) == {
        ("/salary/max", "salary_min_le_max"), ("/role", "unknown_role"), ("/duties/1", "unknown_duty"),
        ("/office_days_per_week", "office_days_remote"), ("/close_reason", "close_reason_when_ended"),
        ("/languages/1/language", "duplicate_language"), ("/questions/1/id", "duplicate_question_id"),
        ("/questions/0/options", "question_options_required")}


def test_numbers_that_only_look_fractional(company):
    job_id = company.job(openings=2.0, experience_years_min=3.0, salary={"min": 8.555, "currency": "GBP", "unit": "hour"})
    body = company.call("jobs_get", job_id=[job_id])["body"]
    assert (body["openings"], body["experience_years_min"], body["salary"]["min"]) == (2, 3, 8.56)


def test_the_state_machine(db, company):
    job_id = company.job()
    for status, code in (("paused", 404), ("published", 200), ("paused", 404)):
        assert company.patch(job_id, status=status)["body"]["status"] == status
        assert get(db, job_id)["status"] == code
    assert company.patch(job_id, status="closed", close_reason="filled")["status"] == 200
    gone = get(db, job_id)
    assert (gone["status"], gone["code"]) == (410, "job_closed")
    assert (gone["problem"]["close_reason"], gone["problem"]["job_status"]) == ("filled", "closed")
    assert gone["problem"]["closed_at"].endswith("Z")
    answer = company.patch(job_id, status="published")
    assert (answer["status"], answer["code"]) == (409, "invalid_transition")
    assert answer["problem"] == {"current": "closed", "requested": "published", "allowed": []}
    moves = db.execute("select from_status, to_status from job_events where job_id = %s order by id", job_id).fetchall()
    assert moves == [(None, "published"), ("published", "paused"), ("paused", "published"), ("published", "paused"),
                     ("paused", "closed")]


def test_a_new_vacancy_is_a_draft_or_published(company):
    answer = company.call("jobs_create", new_id=new_id(), body={**JOB, "status": "paused"})
    assert answer["problem"] == {"current": "draft", "requested": "paused", "allowed": ["published"]}


def test_the_last_day_ends_it_whatever_is_written(db, company, candidate):
    job_id = company.job(reference="LAST")
    db.execute("update jobs set valid_through = '2020-01-01' where id = %s", job_id)
    seen = get(db, job_id)
    assert (seen["status"], seen["code"]) == (410, "job_expired")
    assert seen["problem"] == {"job_status": "expired", "closed_at": "2020-01-02T00:00:00.000Z"}
    assert seen["body"]["status"] == "expired" and seen["etag"].endswith("x")
    assert job_id not in {item["id"] for item in db.call("jobs_list", limit=100)["items"]}
    own = {item["id"]: item["status"] for item in company.call("jobs_list_own", limit=100)["items"]}
    assert own[job_id] == "expired"
    assert candidate.apply(job_id)["code"] == "job_not_open"
    assert company.patch(job_id, if_match=[seen["etag"]], valid_through="2099-01-01")["code"] == "invalid_transition" \
        or get(db, job_id)["code"] == "job_expired"
    assert db.value("select status from jobs where id = %s", job_id) == "expired"


def test_a_patch_after_the_last_day_is_the_same_before_and_after_the_expiry_is_written(db, company):
    """The form that a patch merges into has no status that the company cannot ask for: else every patch would ask for it."""
    answers = []
    for written in (False, True):
        job_id = company.job()
        db.execute("update jobs set valid_through = '2020-01-01' where id = %s", job_id)
        if written:
            db.call("background_jobs_expire", limit=100)
        answers.append(company.patch(job_id, title="Another title"))
    for answer in answers:
        assert (answer["status"], answer["body"]["title"], answer["body"]["status"]) == (200, "Another title", "expired")


def test_expiry_is_written_in_the_background(db, company):
    job_id = company.job()
    db.execute("update jobs set valid_through = '2020-01-01' where id = %s", job_id)
    assert int(db.call("background_jobs_expire", limit=100)["out_count"]) >= 1
    assert db.value("select status from jobs where id = %s", job_id) == "expired"
    assert db.call("background_jobs_expire", limit=100)["out_count"] == "0"


def test_a_write_that_changes_nothing_keeps_everything(company):
    job_id = company.job()
    before = company.call("jobs_get", job_id=[job_id])
    after = company.patch(job_id)
    assert (after["status"], after["etag"], after["body"]) == (200, before["etag"], before["body"])


def test_if_match_and_versions(company):
    job_id = company.job()
    before = company.call("jobs_get", job_id=[job_id])
    read = company.call("jobs_patch_read", job_id=job_id)
    assert company.patch(job_id, if_match=[before["etag"]], title="B")["status"] == 200
    assert company.patch(job_id, if_match=[before["etag"]], title="C")["code"] == "precondition_failed"
    assert company.patch(job_id, if_match=["*"], title="C")["status"] == 200
    late = company.call("jobs_patch", job_id=job_id, body=read["body"], version=read["out_version"])
    assert late["code"] == "version_changed"


def test_another_company_may_look_but_not_touch(db, company):
    job_id, other = company.job(), Company(db)
    assert other.patch(job_id, title="x")["status"] == 403
    assert other.call("jobs_delete", job_id=job_id)["status"] == 403
    assert other.call("jobs_put", company_id=company.id, reference="x", new_id=new_id(), body=JOB)["status"] == 403


def test_put_creates_replaces_and_leaves_alone(company):
    def put(**values):
        return company.call("jobs_put", **{"company_id": company.id, "reference": "R-1", "new_id": new_id(),
                                           "body": {**JOB, "status": "published"}, **values})

    first = put()
    assert (first["status"], first["body"]["reference"]) == (201, "R-1")
    same = put()
    assert (same["status"], same["etag"], same["location"]) == (200, first["etag"], first["location"])
    changed = put(body={**JOB, "title": "Other"})
    assert (changed["status"], changed["body"]["version"], changed["body"]["status"]) == (200, 2, "published")
    assert "salary" not in put(body={"title": "Other", "status": "published", "description": "d",
                                     "location": {"country": "GB"}})["body"]
    assert put(if_none_match_star="true")["status"] == 412
    assert put(if_match=[first["etag"]])["status"] == 412
    assert put(reference="R-2", if_match=["*"])["status"] == 412
    assert codes(put(body={**JOB, "reference": "R-3"})) == {("/reference", "reference_not_path")}
    taken = company.call("jobs_create", new_id=new_id(), body={**JOB, "reference": "R-1"})
    assert (taken["code"], taken["problem"]["job_id"]) == ("reference_taken", first["body"]["id"])


def test_a_line_of_a_batch(company):
    def line(**members):
        return company.call("jobs_batch", token_hashes=[company.access], new_id=new_id(), body={**JOB, **members})["status"]

    assert [line(reference="B"), line(reference="B"), line(), line(role="king")] == [201, 200, 201, 422]
    access = company.caller["caller_token_id"]
    company.db.execute("update session_tokens set access_expires_at = now() where session_id = %s", access)
    assert line(reference="B") == 401  # the token of a session that still stands
    company.call("sessions_delete")
    with pytest.raises(Refused) as ended:
        line(reference="B")
    assert ended.value.sqlstate == "SG003"


def test_only_a_draft_without_applications_is_deleted(db, company, candidate):
    draft = company.call("jobs_create", new_id=new_id(), body={"title": "x"})["body"]["id"]
    assert company.call("jobs_delete", job_id=draft, if_match=["stale"])["status"] == 412
    assert company.call("jobs_delete", job_id=draft)["status"] == 204
    assert company.call("jobs_delete", job_id=draft)["status"] == 404
    assert get(db, draft) is None
    published = company.job()
    assert company.call("jobs_delete", job_id=published)["code"] == "job_not_draft"
    candidate.apply(published)
    assert company.call("jobs_delete", job_id=published)["code"] == "job_has_applications"


def test_listing_pages_and_filters(db):
    company = Company(db)
    ids = [company.job(location={"country": "IT", "region": "Lazio", "city": "Viterbo"},
                       role="receptionist" if n % 2 else "secretary") for n in range(7)]
    company.job(location={"country": "CH", "city": "Lugano"})
    for statement, filters in (("jobs_search", {"company_id": [company.id], "city": ["VITERBO"]}),
                               ("jobs_list_own", {"city": ["viterbo"], "country": ["it"]})):
        seen, after = [], None
        while True:
            page = company.call(statement, limit=3, after=after, **filters)
            seen += [item["id"] for item in page["items"]]
            after = page["next_key"]
            if after is None:
                break
        assert seen == ids[::-1]
    some = company.call("jobs_search", limit=100, company_id=[company.id], role=["secretary"], region=["lazio"])
    assert len(some["items"]) == 4
    newest = db.call("jobs_list", limit=2)
    assert [item["location"]["city"] for item in newest["items"]] == ["Lugano", "Viterbo"] and newest["next_key"]


def test_a_renamed_company_is_renamed_in_its_vacancies(db, company):
    job_id = company.job()
    before = get(db, job_id)
    body = {"legal_name": "Alfa S.p.A.", "name": "Beta", "country": "IT", "kind": "employer"}
    assert company.call("companies_patch", company_id=company.id, body=body, version=1)["status"] == 200
    after = get(db, job_id)
    assert after["body"]["company"]["name"] == "Beta" and after["body"]["version"] == 1
    assert after["etag"] != before["etag"]


@pytest.mark.parametrize("text", ['"status":"published"', 'a "quoted" \\ back', "\u2028 \U0001f600 è"])
def test_texts_come_back_as_they_went_in(db, company, text):
    job_id = company.job(title=text, description=text, questions=[{"id": "status", "type": "boolean", "label": text}])
    db.execute("update jobs set valid_through = '2020-01-01' where id = %s", job_id)
    body = get(db, job_id)["body"]
    assert (body["title"], body["description"], body["questions"][0]["label"], body["status"]) == (
        text, text, text, "expired")
