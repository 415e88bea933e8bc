"""What a company's page and its exports of applications cost: one form of a piece, one walk of an index."""

import json

import pytest
from conftest import Company

MANY = 20_000


@pytest.fixture(scope="module")
def filled(db):
    """A company with twenty thousand applications to one vacancy, and two hundred older ones to another."""
    company = Company(db)
    jobs = [company.job(), company.job()]
    db.execute("set session_replication_role = replica")
    for job, count, age in ((jobs[0], MANY, 1), (jobs[1], 200, 900)):
        db.execute("create temporary table sent as select uuid_v7() as id, n, now() - %s * interval '1 day' - n * interval '1 second' "
                   "as at from generate_series(1, %s) as n", age, count)
        db.execute("insert into accounts (id, kind, email, password_hash, name) select id, 'candidate', id || '@posta.example', '!', 'Lia' from sent")
        db.execute("insert into candidates (id, account_id, given_name, family_name) select id, id, 'Lia', 'Rossi' from sent")
        db.execute("insert into applications (id, job_id, company_id, candidate_id, submitted_at) "
                   "select id, %s, %s, id, at from sent", job, company.id)
        db.execute("insert into application_search (application_id, company_id, job_id, candidate_id, submitted_at, updated_at, words) "
                   "select id, %s, %s, id, at, at, '' from sent", company.id, job)
        db.execute("drop table sent")
    db.execute("set session_replication_role = origin")
    db.execute("vacuum analyze applications, application_search, candidates")
    return company, jobs


@pytest.mark.parametrize("form, calls", [("csv", {"application_csv": 200, "application_json": 200}), ("ndjson", {"application_json": 200})])
def test_a_piece_is_made_in_one_form(db, filled, form, calls):
    """With plans that are kept, as the server's are, a CASE of two aggregates makes both."""
    company, _ = filled
    db = db.another()  # the counts are a connection's
    with db.connection.transaction():
        db.execute("set local track_functions = 'all'")
        items = db.value("select items from applications_export(%s, null, '{}', null, %s, null, 200)", company.id, form)
        made = dict(db.execute("select funcname, calls from pg_stat_xact_user_functions "
                               "where funcname in ('application_csv', 'application_json')").fetchall())
    assert items.count("\n") == 200 and {name: n for name, n in made.items() if n} == calls


def test_a_page_describes_a_vacancy_once(db, filled):
    company, jobs = filled
    db = db.another()
    with db.connection.transaction():
        db.execute("set local track_functions = 'all'")
        items = json.loads("[" + db.value("select items from applications_view_list(%s, %s, '{}', null, 20)", company.id, jobs[0]) + "]")
        calls = db.value("select calls from pg_stat_xact_user_functions where funcname = 'application_job_json'")
    assert [item["job"]["id"] for item in items] == [jobs[0]] * 20 and calls == 1


@pytest.mark.parametrize("which", ["company", "first", "second"])
def test_the_first_page_walks_one_index(db, filled, which):
    """Not the thousands of the company that are newer than a vacancy's two hundred, nor sorts them."""
    company, jobs = filled
    job = {"company": None, "first": jobs[0], "second": jobs[1]}[which]
    ask = "select (applications_found(%s, %s, applications_asked(%s, %s, '{}'), 'recent', null, 21)).ids"
    ids = db.value(ask, company.id, job, company.id, job)  # what it reads once, such as the catalogue, is read
    newest = db.execute("select id from applications where company_id = %s and (%s::uuid is null or job_id = %s) "
                        "order by submitted_at desc, id desc limit 21", company.id, job, job).fetchall()
    assert ids == [row[0] for row in newest]
    plan = db.value("explain (analyze, buffers, format json) " + ask, company.id, job, company.id, job)
    plan = plan if isinstance(plan, list) else json.loads(plan)
    assert plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"] < 100
