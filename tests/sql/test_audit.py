"""The audit trail: what writes a row, who reads which, and that both stay quick at 100,000 rows."""

import json

import pytest
from conftest import STATEMENTS, Candidate, Company, member, new_id, token_hash
from plans import nodes

ROWS = 100_000


def trail(who, **values):
    """GET /v1/audit, all pages of two rows."""
    rows, after = [], None
    while True:
        page = who.call("audit_list", limit=2, after=after, **values)
        rows += page["items"]
        after = page["next_key"]
        if after is None:
            return rows


def actions(rows):
    return [row["action"] for row in rows]


def operator(db):
    account, access = new_id(), token_hash()
    db.execute("insert into accounts (id, kind, email, password_hash, name) values (%s, 'operator', %s, '!', 'O')", account,
               account + "@op.example")
    db.call("sessions_create", account_id=account, new_id=new_id(), access_hash=access, refresh_hash=token_hash())
    who = Candidate.__new__(Candidate)
    who.db, who.id = db, account
    row = db.call("auth_token_lookup", token_hashes=[access])
    who.caller = {"caller_kind": "operator", "caller_account_id": account, "caller_token_id": row["token_id"], "lang": "en"}
    return who


def test_a_company_s_life(db, company):
    job = company.job()
    company.patch(job, status="paused")
    draft = company.call("jobs_create", new_id=new_id(), body={"title": "x"})["body"]["id"]
    company.call("jobs_delete", job_id=draft)
    token = new_id()
    company.call("tokens_create", new_id=token, token_hash=token_hash(), prefix="sgr_a", body={
        "name": "its name", "scopes": ["jobs:read"]})
    company.call("tokens_rotate", token_id=token, token_hash=token_hash(), prefix="sgr_b")
    company.call("tokens_revoke", token_id=token)
    recruiter = member(company, "recruiter")
    db.execute("update company_members set role = 'viewer' where account_id = %s", recruiter.id)
    db.execute("delete from company_members where account_id = %s", recruiter.id)
    read = company.call("companies_patch_read", company_id=company.id)
    company.call("companies_patch", company_id=company.id, body={**read["body"], "name": "Beta", "website": "https://b.example"},
                 version=1)
    rows = trail(company)
    assert actions(rows) == [
        "company.changed", "member.removed", "member.role_changed", "session.started", "member.added", "token.revoked",
        "token.rotated", "token.created", "job.deleted", "job.paused", "job.published", "session.started", "member.added",
        "company.created"]
    assert rows[0]["detail"] == {"members": ["name", "website"]}
    assert rows[2]["detail"] == {"from": "recruiter", "to": "viewer"} and rows[2]["actor"] == {"kind": "system"}
    mine = rows[9]
    account = company.caller["caller_account_id"]
    assert mine["actor"] == {"kind": "company", "role": "owner", "account_id": account, "name": "Anna",
                             "token_id": company.caller["caller_token_id"], "token_type": "session"}
    assert (mine["address"], mine["request_id"], mine["subject"]) == ("192.0.2.0/24", "a-test", {"kind": "job", "id": job})
    assert mine["detail"] == {"from": "published"}
    assert rows[3]["actor"]["account_id"] == recruiter.id
    kept = json.dumps(rows)
    assert "its name" not in kept and "Beta" not in json.dumps([row["detail"] for row in rows if "detail" in row])


def test_who_saw_my_data(db, company, candidate):
    job = company.job()
    other = Candidate(db)
    application = candidate.apply(job, cover_letter="Secret hopes")["body"]["id"]
    withdrawn = other.apply(job)["body"]["id"]
    other.call("applications_patch", application_id=withdrawn, body={"status": "withdrawn"})
    other.apply(job)
    before = db.value("select count(*) from audit_log")
    candidate.call("applications_get", application_id=application)
    candidate.call("applications_list", limit=5)
    candidate.call("applications_events", application_id=application, limit=5)
    assert company.call("applications_list_for_job", job_id=job, limit=5, status=["offer"])["items"] == []
    assert Company(db).call("applications_get", application_id=application) is None
    company.call("applications_get", application_id=application)
    company.call("applications_events", application_id=application, limit=5)
    company.call("applications_list", limit=5)
    company.call("applications_list_for_job", job_id=job, limit=2)
    company.call("applications_patch", application_id=application, body={"status": "in_review"})
    company.call("applications_patch", application_id=application, body={"status": "in_review"})
    assert before == db.value("select count(*) from audit_log") - 6 - 4, "and a new company's four rows"

    mine = trail(candidate)
    assert actions(mine) == ["application.viewed", "application.status_changed", "application.listed",
                             "application.events_viewed", "application.viewed", "application.submitted", "session.started",
                             "account.created"]
    seen = mine[2]
    assert seen["actor"] == {"kind": "company", "role": "owner"} and seen["company"] == {"id": company.id, "name": "Alfa"}
    assert "address" not in seen and "request_id" not in seen and seen["detail"] == {"candidates": 2}
    assert mine[5]["actor"]["kind"] == "candidate" and mine[5]["address"] == "192.0.2.0/24"
    assert actions(trail(candidate, action=["application.listed", "application.viewed"])) == [
        "application.viewed", "application.listed", "application.viewed"]
    # The second page of the vacancy's list would have shown the candidate: the first showed the other one twice.
    assert actions(trail(other))[:2] == ["application.listed", "application.listed"]
    assert "Secret hopes" not in json.dumps(trail(company))
    submitted = [row for row in trail(company) if row["action"] == "application.submitted"][-1]
    assert submitted["actor"] == {"kind": "candidate"} and submitted["candidate_id"] == candidate.id
    assert "address" not in submitted


def test_filters(db, company, candidate):
    candidate.apply(company.job())
    company.call("applications_list", limit=5)
    judge = operator(db)
    account = company.caller["caller_account_id"]
    for values in ({"actor": account}, {"company_id": company.id}, {"candidate_id": candidate.id}, {}):
        rows = trail(judge, action=["application.listed", "application.submitted"], **values)
        assert "application.listed" in actions(rows) and rows[0]["address"] == "192.0.2.1"
    assert actions(trail(judge, candidate_id=candidate.id, actor=account)) == ["application.listed"]
    assert actions(trail(company, candidate_id=candidate.id)) == ["application.listed", "application.submitted"]
    assert trail(company, candidate_id=new_id()) == []
    assert trail(company, company_id=Company(db).id, action=["job.published"])[0]["company"]["id"] == company.id
    assert trail(candidate, company_id=new_id()) == []
    times = [row["at"] for row in trail(company)]
    assert times == sorted(times, reverse=True)
    middle = times[1]  # the first rows of all come from one moment
    late, early = trail(company, since=middle), trail(company, until=middle)
    assert late + early == trail(company) and late[-1]["at"] >= middle > early[0]["at"]
    assert trail(company, since="2099-01-01T00:00:00Z") == trail(company, until="1969-01-01T00:00:00Z") == []
    job = [row for row in trail(company) if row["action"] == "job.published"][0]["subject"]["id"]
    assert actions(trail(company, subject=job)) == ["job.published"]


def test_accounts(db):
    made = operator(db)
    before = db.value("select count(*) from audit_log")
    db.execute("update accounts set password_hash = '!!', name = 'P' where id = %s", made.id)
    assert db.value("select count(*) from audit_log") == before
    for change in ("password_changed_at = now() + interval '1 second'", "email = 'a' || email", "disabled_at = now()",
                   "disabled_at = null"):
        db.execute(f"update accounts set {change} where id = %s", made.id)
    candidate = Candidate(db)
    db.execute("update sessions set ended_at = now(), end_reason = 'revoked' where account_id = %s",
               candidate.caller["caller_account_id"])
    db.execute("delete from candidates where id = %s", candidate.id)
    db.execute("delete from accounts where id = %s", candidate.caller["caller_account_id"])
    rows = db.execute("select action, detail from audit_log order by id").fetchall()[before:]
    assert [action for action, _ in rows] == [
        "password.changed", "account.email_changed", "account.disabled", "account.enabled", "account.created",
        "session.started", "session.ended", "account.deleted"]
    assert rows[-2][1]["reason"] == "revoked" and rows[-1][1] == {"kind": "candidate"}


@pytest.fixture(scope="module")
def full(db):
    """100,000 rows: 500 companies, 9,000 candidates, a tenth of them listings that showed five each."""
    db.execute("set session_replication_role = replica")
    db.execute("""
        insert into audit_log (id, at, action, actor_kind, account_id, subject_kind, subject_id, company_id, candidate_id)
        select uuid_floor(now() - n * interval '1 minute'), now() - n * interval '1 minute',
            case n %% 10 when 0 then 'application.listed' else 'application.viewed' end, 'company',
            md5((n %% 700)::text)::uuid, 'application', gen_random_uuid(), md5((n %% 500)::text)::uuid,
            case when n %% 10 <> 0 then md5((n %% 9000)::text)::uuid end
        from generate_series(1, %s) as n""" % ROWS)
    db.execute("insert into audit_shown select md5(((n * 7 + k) % 9000)::text)::uuid, e.id"
               " from (select id, row_number() over () as n from audit_log where action = 'application.listed') as e,"
               " generate_series(1, 5) as k on conflict do nothing")
    db.execute("set session_replication_role = origin")
    db.execute("analyze")
    return db


def md5_of(db, n):
    return str(db.value("select md5(%s::text)::uuid", str(n)))


@pytest.mark.parametrize(("caller", "index", "most"), [
    ({"caller_kind": "company", "caller_company_id": 7}, "audit_log_company", 200),
    ({"caller_kind": "candidate", "caller_candidate_id": 7}, "audit_log_candidate", 200),
    ({"caller_kind": "candidate", "caller_candidate_id": 7}, "audit_shown_pkey", 200),
    ({"caller_kind": "operator", "actor": 7}, "audit_log_account", 100),
    ({"caller_kind": "operator"}, "audit_log_pkey", 100)])
def test_each_reader_walks_an_index(full, caller, index, most):
    """Rows come out of the index in order, and no more of them than the page needs."""
    caller = {name: md5_of(full, value) if isinstance(value, int) else value for name, value in caller.items()}
    statement = STATEMENTS["audit_list"]
    full.execute("deallocate all")
    full.execute(f"prepare trail as {statement.sql}")
    values = {"limit": "20", **caller}
    arguments = ", ".join("null" if values.get(name) is None else f"'{values[name]}'" for name in statement.params)
    for _ in range(2):  # the first one also reads catalogues
        plan = full.value(f"explain (analyze, buffers, format json) execute trail({arguments})")[0]["Plan"]
    walked = [node for node in nodes(plan) if node.get("Index Name") == index and node["Actual Rows"] > 0]
    assert walked and not [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= most


def test_a_day_of_long_ago_is_found_by_its_time(full):
    judge = operator(full)
    rows = judge.call("audit_list", limit=20, since=str(full.value("select now() - interval '30 days'")),
                      until=str(full.value("select now() - interval '29 days 23 hours'")))
    assert 1 <= len(rows["items"]) <= 60


def test_the_purge_walks_its_indexes(full):
    full.execute("select audit_purge(180, 1000)")
    plan = "explain (analyze, buffers, format json) select audit_purge(180, 100)"
    for _ in range(2):
        found = full.value(plan)[0]["Plan"]
    assert found["Shared Hit Blocks"] + found["Shared Read Blocks"] < 1500
