"""The request context: handed over and checked before the function of a write runs, whatever the write."""

import json

import psycopg
import pytest
from conftest import STATEMENTS, Company, Refused, context, member, new_id, token_hash
from plans import nodes

GATED = {name: statement for name, statement in STATEMENTS.items() if "in_context" in statement.sql}


def test_every_write_of_the_api_is_gated():
    writes = {name for name, statement in STATEMENTS.items() if statement.idempotent_sql is not None or statement.recorded}
    assert writes and writes == set(GATED)


@pytest.mark.parametrize("name", GATED)
def test_the_gate_is_evaluated_once_and_before_the_function(db, name):
    """A one-time filter on a Result above the function's scan: PostgreSQL does not begin the scan before it has passed."""
    for form, sql in (("", GATED[name].sql), ("_idempotent", GATED[name].idempotent_sql)):
        if sql is None:
            continue  # a recorded read
        db.execute(f"prepare gate_{name}{form} as {sql}")
        nulls = ", ".join(["null"] * (len(GATED[name].params) + (3 if form else 0)))
        plan = db.value(f"explain (format json) execute gate_{name}{form}({nulls})")[0]["Plan"]
        gates = [node for node in nodes(plan) if node.get("One-Time Filter")]
        assert len(gates) == 1 and gates[0]["Node Type"] == "Result"
        first, scan = gates[0]["Plans"]
        assert (first["Parent Relationship"], scan["Node Type"]) == ("InitPlan", "Function Scan")
        assert gates[0]["One-Time Filter"] == "$" + first["Subplan Name"].split("$")[1].rstrip(")")


def test_what_a_write_sees_of_its_context(db, company):
    db.execute("create table seen (account_id text, address text, request_id text)")
    db.execute("create function see() returns trigger language plpgsql as $$ begin insert into seen values"
               " (context_text('account_id'), context_text('address'), context_text('request_id')); return null; end $$")
    db.execute("create trigger see after insert on jobs for each row execute function see()")
    company.job()
    assert db.execute("select * from seen").fetchall() == [(company.caller["caller_account_id"], "192.0.2.1", "a-test")]
    assert db.value("select context_text('address')") is None, "it ends with its transaction"
    db.execute("drop trigger see on jobs")


def refused(who, sqlstate, **values):
    jobs = who.db.value("select count(*) from jobs")
    with pytest.raises(Refused) as caught:
        who.call("jobs_create", new_id=new_id(), body={"title": "x"}, **values)
    assert caught.value.sqlstate == sqlstate
    assert who.db.value("select count(*) from jobs") == jobs


@pytest.mark.parametrize(("end", "sqlstate"), [
    ("update sessions set ended_at = now(), end_reason = 'revoked' where account_id = %s", "SG003"),
    ("update accounts set disabled_at = now() where id = %s", "SG003"),
    ("delete from company_members where account_id = %s", "SG004"),
    ("update company_members set role = 'viewer' where account_id = %s", "SG004")])
def test_what_ends_between_the_check_and_the_write(db, company, end, sqlstate):
    who = member(company, "recruiter")
    assert who.call("jobs_create", new_id=new_id(), body={"title": "x"})["status"] == 201
    db.execute(end, who.caller["caller_account_id"])
    refused(who, sqlstate)


def test_a_greater_role_is_no_reason(db, company):
    who = member(company, "recruiter")
    db.execute("update company_members set role = 'owner' where account_id = %s", who.caller["caller_account_id"])
    assert who.call("jobs_create", new_id=new_id(), body={"title": "x"})["status"] == 201


def test_another_company_or_token(db, company):
    other = Company(db)
    refused(company, "SG004", caller_company_id=other.id)
    refused(company, "SG003", caller_token_id=other.caller["caller_token_id"])
    refused(company, "SG003", caller_token_id=new_id())
    refused(company, "SG003", token_type="api")
    refused(company, "SG003", context="{}")


def test_api_tokens(db, company):
    token = new_id()
    made = company.call("tokens_create", new_id=token, token_hash=token_hash(), prefix="sgr_aa",
                        body={"name": "t", "scopes": ["jobs:write"]})
    assert made["status"] == 201
    as_token = {"caller_token_id": token, "token_type": "api"}
    assert company.call("jobs_create", new_id=new_id(), body={"title": "x"}, **as_token)["status"] == 201
    db.execute("update api_tokens set expires_at = now() - interval '1 second' where id = %s", token)
    refused(company, "SG003", **as_token)
    db.execute("update api_tokens set expires_at = null where id = %s", token)
    assert company.call("tokens_revoke", token_id=token)["status"] == 204
    refused(company, "SG003", **as_token)


def test_a_refused_context_leaves_no_idempotency_key(db, company):
    statement = STATEMENTS["jobs_create"]
    values = {**company.caller, "new_id": new_id(), "body": json.dumps({"title": "x"})}
    values["context"] = json.dumps({**context(values), "token_id": new_id()})
    arguments = [None if values.get(name) is None else str(values[name]).encode() for name in statement.params]
    result = db.connection.pgconn.exec_params(statement.idempotent_sql.encode(),
                                              [*arguments, token_hash().encode(), token_hash().encode(), b"jobs_create"])
    assert b"SG003" in result.error_field(67)  # PG_DIAG_SQLSTATE
    assert db.value("select count(*) from idempotency_keys") == 0


def test_the_trail_is_only_added_to(db, company):
    with db.connection.transaction():
        db.execute("select in_context(%s)", json.dumps(context(company.caller)))
        db.execute("select audit_record('thing.done', 'thing', null, detail => '{\"a\": null, \"b\": 1}')")
    row = db.execute("select actor_kind, account_id::text, company_id::text, host(address), request_id, detail from audit_log"
                     " where action = 'thing.done'").fetchone()
    assert row == ("company", company.caller["caller_account_id"], company.id, "192.0.2.1", "a-test", {"b": 1})
    db.execute("select audit_record('thing.done', 'thing', null)")
    assert db.value("select count(*) from audit_log where action = 'thing.done' and actor_kind = 'system' and"
                    " account_id is null") == 1
    db.execute("insert into audit_shown select gen_random_uuid(), id from audit_log limit 1")
    for change in ("update audit_log set action = 'thing.undone'", "delete from audit_log", "truncate audit_log",
                   "update audit_shown set candidate_id = event_id", "delete from audit_shown", "truncate audit_shown"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(change)
    with db.connection.transaction(force_rollback=True):
        db.execute("select set_config('segreteria.audit_purge', 'on', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("delete from audit_log")


def test_ids_and_times(db):
    assert db.value("select abs(extract(epoch from uuid_at(uuid_v7()) - clock_timestamp())) < 1")
    assert db.value("select uuid_floor(uuid_at(u)) <= u and uuid_floor(uuid_at(u) + interval '1 millisecond') > u"
                    " from uuid_v7_fine() as u")


def test_the_trail_is_purged(db):
    db.execute("set session_replication_role = replica; delete from audit_shown; set session_replication_role = origin")
    for days in (100, 200, 800):
        db.execute("insert into audit_log (id, action, actor_kind, subject_kind)"
                   " values (uuid_floor(now() - %s * interval '1 day'), 'old.row', 'system', 'thing')", days)
        db.execute("insert into audit_shown select gen_random_uuid(), id from audit_log where action = 'old.row'"
                   " order by id limit 1")
    left = "select (select count(*) from audit_log where action = 'old.row'), (select count(*) from audit_shown)"
    assert db.execute(left).fetchone() == (3, 3)
    assert (db.value("select audit_purge(730, 1)"), db.execute(left).fetchone()) == (1, (3, 2)), "at most so many"
    assert (db.value("select audit_purge(730, 100)"), db.execute(left).fetchone()) == (1, (2, 2))
    assert (db.value("select audit_purge(1, 100)"), db.execute(left).fetchone()) == (2, (1, 1)), "at least 180 days"
    assert (db.value("select audit_purge(1, 100)"), db.execute(left).fetchone()) == (0, (1, 1))
