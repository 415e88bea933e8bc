"""Vacancies one at a time: create, get, patch, put, delete, the state machine, the publish gate, expiry."""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.contract import API
from support.world import a_day_that_lasts, in_days, vacancy

STATES = ["draft", "in_review", "published", "paused", "closed", "expired", "removed"]
# What a company may ask for, from each state. The same state again is no move.
MOVES = {"draft": {"published"}, "in_review": {"draft"}, "published": {"paused", "closed"}, "paused": {"published", "closed"},
         "closed": set(), "expired": set(), "removed": set()}


def whole():
    """A vacancy with every member that a company can give."""
    return vacancy(
        reference=f"HR-{uuid.uuid4()}", office_days_per_week=3,
        location={"country": "IT", "region": "Lombardia", "city": "Lecco", "postal_code": "23900", "latitude": 45.8566,
                  "longitude": 9.3977},
        salary={"min": 32000.5, "max": 38000, "currency": "EUR", "unit": "year", "payments": 14},
        collective_agreement={"code": "H011", "level": "3"},
        languages=[{"language": "it", "level": "C2", "importance": "must"}, {"language": "en", "level": "B2", "importance": "nice"}],
        tools=[{"name": "Excel", "level": "advanced", "importance": "must"}, {"name": "SAP", "importance": "nice"}],
        soft_skills=[{"skill": "confidentiality", "importance": "must"}], experience_years_min=5,
        principals=[{"level": "chief_executive", "count": 1}, {"level": "director", "count": 2}], travel_percent=10,
        confidentiality_level="high", duties=["diary", "travel"],
        questions=[{"id": "car", "type": "boolean", "label": "Patente B?", "required": True},
                   {"type": "single", "label": "Turno?", "options": ["mattina", "sera"]}],
        openings=2, start_date=in_days(30), response_promise_days=10,
        occupation="http://data.europa.eu/esco/occupation/" + str(uuid.uuid4()))


def path(job):
    return f"/v1/jobs/{job['id']}"


def set_status(database, job, status):
    """Moves a vacancy to any state behind the API's back."""
    database.query("alter table jobs disable trigger jobs_check_transition")
    database.query("update jobs set status = %s, published_at = coalesce(published_at, now()), ended_at = case when %s in "
                   "('closed', 'expired', 'removed') then now() end, close_reason = null where id = %s",
                   status, status, job["id"])
    database.query("alter table jobs enable trigger jobs_check_transition")


# --- create and get ---------------------------------------------------------------------------------------------------


def test_everything_comes_back_as_it_was_given(company, api):
    body = whole()
    answer = company.client.post("/v1/jobs", body).expect(201)
    job = answer.json
    assert answer.headers["Location"] == path(job)
    given = {**body, "questions": [body["questions"][0], {"id": "q2", **body["questions"][1]}]}
    assert {name: job[name] for name in body} == given
    assert job["version"] == 1 and job["published_at"] and job["company"]["id"] == company.id
    got = api.get(path(job)).expect(200)
    assert got.json == job and got.etag == answer.etag
    assert company.client.get(path(job)).expect(200).etag == got.etag


def test_a_draft_needs_a_title_and_no_more(company, api):
    job = company.client.post("/v1/jobs", {"title": "Segretaria"}).expect(201).json
    assert job["status"] == "draft" and job["openings"] == 1 and "published_at" not in job
    for absent in ("salary", "location", "description", "valid_through", "reference"):
        assert absent not in job
    api.get(path(job)).expect(404, "not_found")
    assert company.client.get(path(job)).expect(200).json == job


def test_occupation_follows_the_role(company):
    job = company.client.post("/v1/jobs", {"title": "x", "role": "executive_assistant"}).expect(201).json
    assert job["occupation"].startswith("http://data.europa.eu/esco/occupation/")
    other = company.client.patch(path(job), {"role": "receptionist"}).expect(200).json
    assert other["occupation"] != job["occupation"]


@pytest.mark.parametrize("text", ["  <script>alert(1)</script> ", "Ünïcödé 小林 👩🏽‍💼", 'quotes " \\ / \b\f\n\r\t', "'; drop table jobs; --",
                                  "${x} {{y}} %s %n", "\u2028\u2029\ufeff\u202e", "a" * 199])
def test_text_is_kept_to_the_letter(company, text):
    line = "".join(c for c in text if c.isprintable() or c == "\ufeff")  # a title is one line: see test_lines.py
    job = company.client.post("/v1/jobs", {"title": f"x{line}", "description": text}).expect(201).json
    assert job["title"] == f"x{line}" and job["description"] == text
    assert company.client.get(path(job)).json["title"] == f"x{line}"


@pytest.mark.parametrize("value", [0, 0.01, 1, 12.5, 99.99, 38000.0, 1e3, 123456789.12, 1e12])
def test_amounts_are_kept_to_the_cent(company, value):
    job = company.client.post("/v1/jobs", {"title": "x", "salary": {"max": value, "currency": "EUR", "unit": "hour"}})
    assert job.expect(201).json["salary"]["max"] == value


def test_reference_is_one_vacancy_s(world, company, database):
    reference = uuid.uuid4().hex
    first = world.job(company, reference=reference)
    before = database.fingerprint()
    answer = company.client.post("/v1/jobs", vacancy(reference=reference)).expect(409, "reference_taken")
    assert answer.json["job_id"] == first["id"]
    assert database.fingerprint() == before
    world.job(world.company(), reference=reference)
    other = world.job(company)
    answer = company.client.patch(path(other), {"reference": reference}).expect(409, "reference_taken")
    assert answer.json["job_id"] == first["id"]


def test_not_there(api, company):
    for client in (api, company.client):
        client.get(f"/v1/jobs/{uuid.uuid4()}").expect(404, "not_found")
    company.client.patch(f"/v1/jobs/{uuid.uuid4()}", {"title": "x"}).expect(404, "not_found")
    company.client.delete(f"/v1/jobs/{uuid.uuid4()}").expect(404, "not_found")


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes, errors", [
    ({"salary": {"min": 2, "max": 1, "currency": "EUR", "unit": "hour"}}, {("/salary/max", "salary_min_le_max")}),
    ({"work_mode": "remote", "office_days_per_week": 1}, {("/office_days_per_week", "office_days_remote")}),
    ({"close_reason": "filled"}, {("/close_reason", "close_reason_when_ended")}),
    ({"languages": [{"language": "it", "level": "C1", "importance": "must"}, {"language": "it", "level": "B1", "importance": "nice"}]},
     {("/languages/1/language", "duplicate_language")}),
    ({"tools": [{"name": "Excel", "importance": "must"}, {"name": "EXCEL", "importance": "nice"}]}, {("/tools/1/name", "duplicate_tool")}),
    ({"soft_skills": [{"skill": "autonomy", "importance": "must"}, {"skill": "autonomy", "importance": "nice"}]},
     {("/soft_skills/1/skill", "duplicate_soft_skill")}),
    ({"questions": [{"id": "a", "type": "date", "label": "A"}, {"id": "a", "type": "date", "label": "B"}]},
     {("/questions/1/id", "duplicate_question_id")}),
    ({"questions": [{"id": "q2", "type": "date", "label": "A"}, {"type": "date", "label": "B"}]},
     {("/questions/1/id", "duplicate_question_id")}),
    ({"valid_through": in_days(-1)}, {("/valid_through", "publish_valid_through_past")}),
    ({"salary": None, "valid_through": None, "description": None},
     {("/salary", "publish_salary_required"), ("/valid_through", "publish_valid_through_required"),
      ("/description", "publish_description_required")}),
    ({"salary": None, "location": None}, {("/salary", "publish_salary_required")}),  # the company is in Italy
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_rules(company, database, changes, errors):
    before = database.fingerprint()
    answer = company.client.post("/v1/jobs", vacancy(**changes)).expect(422, "validation_failed")
    assert answer.errors == errors
    italian = company.client.post("/v1/jobs", vacancy(**changes), headers={"Accept-Language": "it"}).expect(422, "validation_failed")
    assert italian.errors == errors
    assert all(a["detail"] != b["detail"] for a, b in zip(answer.json["errors"], italian.json["errors"]))
    assert database.fingerprint() == before


@pytest.mark.parametrize("changes", [
    {"salary": {"min": 1000, "currency": "EUR", "unit": "month"}}, {"salary": {"max": 12, "currency": "EUR", "unit": "hour"}},
    {"location": {"country": "GB", "city": "Leeds"}, "salary": None, "valid_through": None},
    {"work_mode": "remote", "office_days_per_week": 0}, {"work_mode": "on_site", "office_days_per_week": 5},
    {"role": None, "employment_type": None, "contract": None, "work_mode": None, "language": None},
], ids=lambda value: "-".join(value))
def test_what_may_be_published(company, changes):
    assert company.client.post("/v1/jobs", vacancy(**changes)).expect(201).json["status"] == "published"


def test_the_gate_is_at_publishing(company):
    """A draft may lack what publishing needs; publishing says all that is missing, and so does a later change."""
    job = company.client.post("/v1/jobs", {"title": "x", "location": {"country": "IT"}}).expect(201).json
    answer = company.client.patch(path(job), {"status": "published"}).expect(422, "validation_failed")
    assert answer.errors == {("/description", "publish_description_required"), ("/salary", "publish_salary_required"),
                             ("/valid_through", "publish_valid_through_required")}
    job = company.client.patch(path(job), {
        "status": "published", "description": "x", "valid_through": in_days(9),
        "salary": {"min": 1, "currency": "EUR", "unit": "month"}}).expect(200).json
    assert job["status"] == "published" and job["published_at"]
    answer = company.client.patch(path(job), {"salary": None}).expect(422, "validation_failed")
    assert answer.errors == {("/salary", "publish_salary_required")}


# --- patch ------------------------------------------------------------------------------------------------------------


def test_patch_merges(company):
    body = whole()
    job = company.client.post("/v1/jobs", body).expect(201).json
    patched = company.client.patch(path(job), {
        "title": "New", "salary": {"max": 40000, "payments": None}, "location": {"postal_code": None, "city": "Como"},
        "duties": ["events"], "travel_percent": None, "reference": None, "collective_agreement": {"level": None}})
    after = patched.expect(200).json
    assert after["title"] == "New" and after["duties"] == ["events"]
    assert after["salary"] == {"min": 32000.5, "max": 40000, "currency": "EUR", "unit": "year"}
    assert after["location"] == {**{k: v for k, v in body["location"].items() if k != "postal_code"}, "city": "Como"}
    assert after["collective_agreement"] == {"code": "H011"}
    assert "travel_percent" not in after and "reference" not in after
    assert after["version"] == 2 and after["updated_at"] > job["updated_at"]
    untouched = set(body) - {"title", "salary", "location", "duties", "travel_percent", "reference", "collective_agreement"}
    assert {name: after[name] for name in untouched} == {name: job[name] for name in untouched}
    assert company.client.get(path(job)).json == after


def test_null_removes_or_resets(company):
    job = company.client.post("/v1/jobs", {**whole(), "status": "draft"}).expect(201).json
    schema = API["components"]["schemas"]["JobPatch"]["properties"]
    names = [name for name in schema if name not in ("title", "status")]
    after = company.client.patch(path(job), {name: None for name in names}).expect(200).json
    for name in names:
        default = {"languages": [], "tools": [], "soft_skills": [], "principals": [], "duties": [], "questions": [],
                   "openings": 1, "confidentiality_level": "standard"}
        if name in default:
            assert after[name] == default[name], name
        elif name != "occupation":
            assert name not in after, name
    company.client.patch(path(job), {"title": None}).expect(422, "validation_failed")


def test_patch_that_changes_nothing(company, world, database):
    job = world.job(company)
    etag = company.client.get(path(job)).etag
    before = database.fingerprint()
    for same in ({"title": job["title"]}, {"salary": {"min": 32000}}, {"status": "published"}, {"reference": None}):
        answer = company.client.patch(path(job), same).expect(200)
        assert answer.json == job and answer.etag == etag
    assert database.fingerprint() == before


def test_patch_as_plain_json(company, world):
    job = world.job(company)
    after = company.client.patch(path(job), {"title": "Plain"}, headers={"Content-Type": "application/json"}).expect(200).json
    assert after["title"] == "Plain"


def test_if_match(company, world):
    job = world.job(company)
    old = company.client.get(path(job)).etag
    company.client.patch(path(job), {"title": "x"}, headers={"If-Match": '"something"'}).expect(412, "precondition_failed")
    new = company.client.patch(path(job), {"title": "x"}, headers={"If-Match": old}).expect(200).etag
    for method, body in (("PATCH", {"title": "y"}), ("DELETE", None)):
        company.client.request(method, path(job), body, headers={"If-Match": old}).expect(412, "precondition_failed")
    company.client.patch(path(job), {"title": "z"}, headers={"If-Match": f'"a", {new}, "b"'}).expect(200)
    compressed = company.client.get(path(job), headers={"Accept-Encoding": "gzip"})
    company.client.patch(path(job), {"title": "zz"}, headers={"If-Match": compressed.etag}).expect(200)


def test_concurrent_patches_all_count(company, world):
    """Without If-Match each change is merged into what is there when it is its turn: none is lost."""
    job = world.job(company)
    changes = [{"title": "T"}, {"travel_percent": 7}, {"openings": 3}, {"experience_years_min": 2}, {"duties": ["events"]},
               {"response_promise_days": 5}, {"confidentiality_level": "board"}, {"salary": {"max": 39000}}]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda change: company.client.patch(path(job), change), changes))
    assert {answer.status for answer in answers} <= {200, 409}
    done = [change for change, answer in zip(changes, answers) if answer.status == 200]
    after = company.client.get(path(job)).json
    assert after["version"] == 1 + len(done) and len(done) == len(changes)
    for change in done:
        for name, value in change.items():
            assert after[name] == value or after[name].items() >= value.items()


def test_of_concurrent_patches_with_if_match_one_wins(company, world):
    job = world.job(company)
    etag = company.client.get(path(job)).etag
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: company.client.patch(path(job), {"title": f"T{n}"}, headers={"If-Match": etag}), range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    winner = next(answer for answer in answers if answer.status == 200)
    assert company.client.get(path(job)).json == winner.json


# --- the state machine ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before, after", [
    pair for pair in itertools.product(STATES, ["draft", "published", "paused", "closed"])])
def test_moves(company, world, database, before, after):
    job = world.job(company, status="draft")
    if before != "draft":
        set_status(database, job, before)
    events = database.value("select count(*) from job_events where job_id = %s", job["id"])
    body = {"status": after, **({"close_reason": "filled"} if after == "closed" else {})}
    answer = company.client.patch(path(job), body)
    now = company.client.get(path(job)).expect(200).json["status"]
    if after in MOVES[before]:
        assert answer.expect(200).json["status"] == now == after
        rows = database.query("select from_status, to_status, actor_kind from job_events where job_id = %s order by at desc, "
                              "id desc limit 1", job["id"])
        assert rows == [(before, after, "company")]
        assert database.value("select count(*) from job_events where job_id = %s", job["id"]) == events + 1
    elif before == after:
        answer.expect(200)
    else:
        problem = answer.expect(409, "invalid_transition").json
        assert problem["current"] == before and problem["requested"] == after
        assert set(problem["allowed"]) == MOVES[before]
        assert now == before


def test_a_vacancy_starts_as_draft_or_published(company, database):
    before = database.fingerprint()
    for status in ("paused", "closed"):
        body = vacancy(status=status, **({"close_reason": "filled"} if status == "closed" else {}))
        problem = company.client.post("/v1/jobs", body).expect(409, "invalid_transition").json
        assert problem["current"] == "draft" and problem["allowed"] == ["published"]
    for status in ("in_review", "expired", "removed"):
        assert company.client.post("/v1/jobs", vacancy(status=status)).expect(422, "validation_failed").errors == {("/status", "enum")}
    assert database.fingerprint() == before


def test_closing_needs_a_reason(company, world):
    job = world.job(company)
    assert company.client.patch(path(job), {"status": "closed"}).expect(422, "validation_failed").errors == {
        ("/close_reason", "required")}
    company.client.patch(path(job), {"status": "closed", "close_reason": "filled"}).expect(200)


def test_publishing_again_keeps_the_first_time(company, world):
    job = world.job(company)
    company.client.patch(path(job), {"status": "paused"}).expect(200)
    again = company.client.patch(path(job), {"status": "published"}).expect(200).json
    assert again["published_at"] == job["published_at"] and again["version"] == 3


def test_paused_is_not_public(company, world, api):
    job = world.job(company)
    company.client.patch(path(job), {"status": "paused"}).expect(200)
    api.get(path(job)).expect(404, "not_found")
    company.client.get(path(job)).expect(200)


# --- gone -------------------------------------------------------------------------------------------------------------


def test_closed_is_gone(company, world, api):
    job = world.job(company)
    company.client.patch(path(job), {"status": "closed", "close_reason": "filled"}).expect(200)
    problem = api.get(path(job)).expect(410, "job_closed").json
    assert problem["close_reason"] == "filled" and problem["job_status"] == "closed" and problem["closed_at"]
    assert company.client.get(path(job)).expect(200).json["status"] == "closed"


def test_expired_by_its_day_though_nothing_wrote(company, world, api, database):
    a_day_that_lasts()
    job = world.job(company)
    database.query("alter table jobs disable trigger user")
    for table in ("jobs", "job_documents", "job_cards"):
        key = "id" if table == "jobs" else "job_id"
        database.query(f"update {table} set valid_through = %s where {key} = %s", in_days(-1), job["id"])
    database.query("alter table jobs enable trigger user")
    problem = api.get(path(job)).expect(410, "job_expired").json
    assert problem["job_status"] == "expired" and problem["closed_at"] == in_days(0) + "T00:00:00.000Z"
    assert job["id"] not in [item["id"] for item in api.get("/v1/jobs?limit=100").json["items"]]
    own = company.client.get("/v1/jobs?scope=own&status=expired&limit=100").json["items"]
    assert [item["status"] for item in own if item["id"] == job["id"]] == ["expired"]
    assert company.client.get(path(job)).json["status"] == "expired"
    answer = company.client.patch(path(job), {"status": "paused"}).expect(409, "invalid_transition").json
    assert answer["current"] == "expired" and answer["allowed"] == []


def test_the_last_day_is_open(company, world, api):
    a_day_that_lasts()
    job = world.job(company, valid_through=in_days(0))
    api.get(path(job)).expect(200)


def test_removed_is_gone_if_it_was_public(company, world, api, database):
    job, draft = world.job(company), world.job(company, status="draft")
    database.query("update jobs set status = 'removed' where id in (%s, %s)", job["id"], draft["id"])
    api.get(path(job)).expect(410, "job_removed")
    api.get(path(draft)).expect(404, "not_found")
    company.client.patch(path(job), {"status": "published"}).expect(409, "invalid_transition")


# --- delete -----------------------------------------------------------------------------------------------------------


def test_delete_a_draft(company, world, database):
    job = world.job(company, status="draft")
    company.client.delete(path(job), headers={"If-Match": '"no"'}).expect(412, "precondition_failed")
    etag = company.client.get(path(job)).etag
    company.client.delete(path(job), headers={"If-Match": etag}).expect(204)
    company.client.get(path(job)).expect(404, "not_found")
    company.client.delete(path(job)).expect(404, "not_found")
    for table in ("job_documents", "job_cards", "job_events"):
        assert database.value(f"select count(*) from {table} where job_id = %s", job["id"]) == 0


def test_only_a_draft_without_applications(company, candidate, world, database):
    published, applied = world.job(company), world.job(company)
    world.application(candidate, applied)
    before = database.fingerprint()
    assert company.client.delete(path(published)).expect(409, "job_not_draft").json["current"] == "published"
    assert company.client.delete(path(applied)).expect(409, "job_has_applications").json["current"] == "published"
    assert database.fingerprint() == before


# --- put --------------------------------------------------------------------------------------------------------------


def own(company, reference):
    return f"/v1/companies/{company.id}/jobs/{reference}"


def test_put_creates_and_replaces(company, database):
    target = own(company, uuid.uuid4().hex)
    body = whole()
    del body["reference"]
    created = company.client.put(target, body).expect(201)
    assert created.headers["Location"] == path(created.json) and created.json["reference"] == target.rsplit("/", 1)[1]
    before = database.fingerprint()
    same = company.client.put(target, body).expect(200)
    assert same.json == created.json and same.etag == created.etag
    assert database.fingerprint() == before
    replaced = company.client.put(target, vacancy(title="Replaced")).expect(200)
    assert replaced.json["id"] == created.json["id"] and replaced.json["version"] == 2
    assert replaced.json["title"] == "Replaced" and replaced.json["questions"] == [] and "start_date" not in replaced.json


def test_put_repeats_a_vacancy_as_it_was_read(company):
    """Of what GET gives, the members that are input can be put back, and nothing changes."""
    reference = uuid.uuid4().hex
    first = company.client.put(own(company, reference), {**whole(), "reference": reference}).expect(201).json
    names = API["components"]["schemas"]["JobInput"]["properties"]
    again = company.client.put(own(company, reference), {name: first[name] for name in names if name in first}).expect(200).json
    assert again == first


def test_put_reference_in_the_body(company, database):
    before = database.fingerprint()
    answer = company.client.put(own(company, "a-1"), vacancy(reference="a-2")).expect(422, "validation_failed")
    assert answer.errors == {("/reference", "reference_not_path")}
    assert database.fingerprint() == before
    company.client.put(own(company, "a-1"), vacancy(reference="a-1")).expect(201)


def test_put_conditions(company):
    target = own(company, uuid.uuid4().hex)
    company.client.put(target, vacancy(), headers={"If-Match": "*"}).expect(412, "precondition_failed")
    created = company.client.put(target, vacancy(), headers={"If-None-Match": "*"}).expect(201)
    company.client.put(target, vacancy(title="x"), headers={"If-None-Match": "*"}).expect(412, "precondition_failed")
    company.client.put(target, vacancy(title="x"), headers={"If-Match": '"no"'}).expect(412, "precondition_failed")
    changed = company.client.put(target, vacancy(title="x"), headers={"If-Match": created.etag}).expect(200)
    company.client.put(target, vacancy(title="y"), headers={"If-Match": created.etag}).expect(412, "precondition_failed")
    company.client.put(target, vacancy(title="y"), headers={"If-Match": changed.etag}).expect(200)


def test_put_at_the_same_time_creates_one(company):
    target = own(company, uuid.uuid4().hex)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: company.client.put(target, vacancy(title=f"T{n % 2}")), range(16)))
    assert sorted(answer.status for answer in answers) == [200] * 15 + [201]
    assert len({answer.json["id"] for answer in answers}) == 1


def test_put_moves_only_as_the_state_machine_allows(company):
    target = own(company, uuid.uuid4().hex)
    company.client.put(target, vacancy(status="closed", close_reason="filled")).expect(409, "invalid_transition")
    company.client.put(target, vacancy()).expect(201)
    company.client.put(target, vacancy(status="draft")).expect(409, "invalid_transition")
    assert company.client.put(target, vacancy(status=None)).expect(200).json["status"] == "published"
    company.client.put(target, vacancy(status="closed", close_reason="filled")).expect(200)
    company.client.put(target, vacancy()).expect(409, "invalid_transition")


@pytest.mark.parametrize("reference", ["a", "A.b_c~d-e:f", "batch", "0" * 100])
def test_put_reference_forms(company, reference):
    assert company.client.put(own(company, reference), vacancy()).expect(201).json["reference"] == reference
