"""The work on applications at scale: ten thousand answers in one statement, and the plans of what is read and reminded."""

import json
import time

import pytest
from conftest import Company, new_id
from plans import nodes

MANY = 10_000


def fill(db, company, job, count, due="null"):
    """Applications of as many candidates who have accounts; triggers are not what fills."""
    db.execute("set session_replication_role = replica")
    db.execute("create temporary table if not exists crowd (id uuid, n integer)")
    db.execute("truncate crowd")
    db.execute(f"insert into crowd select uuid_v7(), n from generate_series(1, {count}) as n")
    db.execute("insert into accounts (id, kind, email, password_hash, name) select id, 'candidate', id || '@posta.example', '!', 'A' from crowd")
    db.execute("insert into candidates (id, account_id, given_name, family_name) select id, id, 'A', 'B' from crowd")
    db.execute(f"insert into applications (id, job_id, company_id, candidate_id, next_update_due) select uuid_v7(), '{job}', "
               f"'{company.id}', id, {due} from crowd")
    db.execute("set session_replication_role = origin")
    db.execute("analyze applications")


def test_ten_thousand_are_answered_in_one_statement(db):
    """Within the five seconds that a write has."""
    company = Company(db)
    job = company.job()
    fill(db, company, job, MANY)
    db.execute("select application_search_put(a) from applications a where job_id = %s", job)
    db.execute("set statement_timeout = '5s'")
    start = time.monotonic()
    closed = company.patch(job, status="closed", close_reason="filled", closing_message="Grazie.")
    seconds = time.monotonic() - start
    db.execute("set statement_timeout = 0")
    assert closed["status"] == 200, closed
    assert db.value("select count(*) from applications where job_id = %s and status = 'rejected' and reason = 'Grazie.'", job) == MANY
    for table in ("application_events e join applications a on a.id = e.application_id",
                  "outbox o join applications a on o.params ->> 'application_id' = a.id::text",
                  "audit_log l join applications a on a.id = l.subject_id"):
        assert db.value(f"select count(*) from {table} where a.job_id = %s", job) == MANY, table
    assert db.value("select count(*) from application_search where job_id = %s and words @@ $$'s:rejected'$$ and not words @@ "
                    "$$'s:submitted'$$", job) == MANY
    print(f"{MANY} answered in {seconds:.2f} s")


def plan_of(db, query):
    plan = db.value(f"explain (analyze, format json) {query}")
    plan = plan if isinstance(plan, list) else json.loads(plan)
    return list(nodes(plan[0]["Plan"]))


@pytest.fixture(scope="module")
def crowded(db):
    """100,000 applications, a hundredth of them overdue, of which all but a few were reminded of."""
    company = Company(db)
    fill(db, company, company.job(), 100_000, "case when n % 100 = 0 then now() - n * interval '1 minute' else now() + interval '9 days' end")
    db.execute("alter table applications disable trigger user")
    db.execute("update applications set reminded_due = next_update_due where next_update_due < now() - interval '500 minutes'")
    db.execute("alter table applications enable trigger user")
    db.execute("vacuum analyze applications")
    return company


def test_overdue_walks_its_index(db, crowded):
    nodes = plan_of(db, "select * from applications where company_id = '%s' and next_update_due is not null "
                        "and next_update_due <= now() order by next_update_due, id limit 21" % crowded.id)
    assert "applications_due" in {node.get("Index Name") for node in nodes}
    assert "Sort" not in {node["Node Type"] for node in nodes}


def test_reminding_reads_what_is_not_reminded(db, crowded):
    nodes = plan_of(db, "select distinct company_id from applications where next_update_due is not null "
                        "and next_update_due <= now() and reminded_due is distinct from next_update_due")
    scan = next(node for node in nodes if node.get("Index Name") == "applications_unreminded")
    assert scan["Actual Rows"] < 10


def test_reminding_is_quick(db, crowded):
    owner = db.execute("select account_id from company_members where company_id = %s", crowded.id).fetchall()
    assert len(owner) == 1
    start = time.monotonic()
    assert db.value("select applications_remind(500)") >= 1
    assert time.monotonic() - start < 2
    assert db.value("select applications_remind(500)") == 0


def test_five_hundred_moves_are_quick(db):
    company = Company(db)
    job = company.job()
    fill(db, company, job, 500)
    ids = [str(row[0]) for row in db.execute("select id from applications where job_id = %s", job).fetchall()]
    start = time.monotonic()
    answer = company.call("applications_bulk", new_id=new_id(), body={"moves": [{"id": one, "status": "rejected"} for one in ids]},
                          problems={"not_found": {"status": 404}, "invalid_transition": {"status": 409}})
    seconds = time.monotonic() - start
    assert {result["status"] for result in answer["body"]["results"]} == {200} and seconds < 4
    print(f"500 moved in {seconds:.2f} s")
