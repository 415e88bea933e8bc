"""Suspension: the public's reads leave a company out without becoming slower; search follows in portions."""

import json

from conftest import JOB, STATEMENTS, Candidate, Company, new_id
from plans import nodes


def suspend(db, company):
    db.execute("update companies set suspended_at = now(), suspension_reason = 'x' where id = %s", company.id)


def test_the_public_reads_take_the_suspended_once(db):
    """An InitPlan over an index that holds the suspended alone; rows come out of their index as before."""
    for name, index in (("jobs_list", "job_cards_newest"), ("jobs_get", "job_documents_pkey")):
        statement = STATEMENTS[name]
        db.execute(f"prepare public_{name} as {statement.sql}")
        nulls = ", ".join(["null"] * len(statement.params))
        found = list(nodes(db.value(f"explain (format json) execute public_{name}({nulls})")[0]["Plan"]))
        assert {"companies_suspended", index} <= {node.get("Index Name") for node in found}
        [inner] = [node for node in found if node.get("Index Name") == "companies_suspended"]
        assert inner["Node Type"] == "Index Only Scan" and inner["Parent Relationship"] == "InitPlan"


def test_no_public_read_shows_a_suspended_company(db):
    company, other = Company(db), Company(db)
    mine, theirs = company.job(), other.job()
    suspend(db, company)
    rows = {row["merge_key"]: row for row in db.rows("jobs_get", job_id=[mine, theirs])}
    assert (rows[mine]["status"], rows[mine]["code"], rows[theirs]["status"]) == ("404", "not_found", "200")
    assert [item["id"] for item in db.call("jobs_list", limit=9)["items"]] == [theirs]
    assert Candidate(db).apply(mine)["status"] == 404 and Candidate(db).apply(theirs)["status"] == 201


def test_search_comes_back_in_portions(db):
    company = Company(db)
    ids = [company.job() for _ in range(5)]
    draft = company.call("jobs_create", new_id=new_id(), body=JOB)["body"]["id"]

    def found():
        return db.value("select count(*) from job_search where company_id = %s", company.id)

    suspend(db, company)
    company.db.execute("update jobs set title = title || '!' where id = %s", ids[0])
    assert found() == 0, "a change brings nothing back"
    db.execute("update companies set suspended_at = null, suspension_reason = null, search_pending = true where id = %s",
               company.id)
    left = [db.value("select job_search_resume_some(2)") for _ in range(4)]
    assert (left, found()) == ([2, 2, 1, 0], 5)
    assert not db.value("select search_pending from companies where id = %s", company.id)
    logged = {str(job) for (job,) in db.execute("select job_id from job_changes").fetchall()}
    assert set(ids) <= logged and draft not in logged


def test_a_suspension_during_the_return(db):
    company = Company(db)
    for _ in range(3):
        company.job()
    suspend(db, company)
    db.execute("update companies set suspended_at = null, suspension_reason = null, search_pending = true where id = %s",
               company.id)
    assert db.value("select job_search_resume_some(2)") == 2
    operator = {"caller_kind": "anonymous"}
    assert db.call("suspension_put", company_id=company.id, body={"reason": "again"}, **operator)["status"] == 201
    assert db.value("select job_search_resume_some(2)") == 0
    assert db.value("select count(*) from job_search where company_id = %s", company.id) == 0


def test_verified_at_and_verification_are_one(db, company):
    state = "select verification, verified_at is not null, verification_changed_at is not null from companies where id = %s"
    db.execute("update companies set verified_at = now() where id = %s", company.id)
    assert db.execute(state, company.id).fetchone() == ("verified", True, True)
    db.execute("update companies set verification = 'rejected', verification_note = 'x' where id = %s", company.id)
    assert db.execute(state, company.id).fetchone() == ("rejected", False, True)
    db.execute("update companies set verified_at = now() where id = %s", company.id)
    db.execute("update companies set verified_at = null where id = %s", company.id)
    assert db.execute(state, company.id).fetchone() == ("unverified", False, True)
    actions = db.execute("select action, detail from audit_log where company_id = %s and action like 'company.%%' order by id",
                         company.id).fetchall()
    assert [action for action, _ in actions] == ["company.created", "company.verified", "company.rejected",
                                                 "company.verified", "company.unverified"]
    assert actions[2][1] == {"from": "verified"} and "x" not in json.dumps([detail for _, detail in actions if not detail])
