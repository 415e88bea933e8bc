"""The list of candidates for a company at 100,000 visible ones: pages walk the aliases in order, and read no more than they
show."""

import json

import pytest

VISIBLE = 100_000


@pytest.fixture(scope="module")
def full(db):
    db.execute("set session_replication_role = replica")
    db.execute("insert into accounts (id, kind, email, password_hash, name) select md5('a' || n)::uuid, 'candidate', "
               "n || '@posta.example', '!', 'A B' from generate_series(1, %s) as n", VISIBLE)
    db.execute("insert into candidates (id, account_id, given_name, family_name, profile, visibility, visible_since, tool_keys) "
               "select md5('c' || n)::uuid, md5('a' || n)::uuid, 'A', 'B', jsonb_build_object('languages', jsonb_build_array("
               "jsonb_build_object('language', 'en', 'level', (array['A1','A2','B1','B2','C1','C2'])[n %% 6 + 1])), "
               "'preferences', jsonb_build_object('roles', jsonb_build_array(case when n %% 1000 = 0 then 'chief_of_staff' "
               "else 'secretary' end))), 'blind', now() - interval '1 hour' - n * interval '1 second', array['sap'] "
               "from generate_series(1, %s) as n", VISIBLE)
    db.execute("set session_replication_role = origin")
    db.execute("analyze candidates, accounts")
    return db


def page(company, **filters):
    return company.call("candidates_list", **{"limit": 20, **filters})


def blocks(db, company, **filters):
    """Blocks that one listing reads and finds in memory."""
    arguments = ", ".join(f"{name} => {value}" for name, value in {
        "company": f"'{company.id}'", "after": "null", "page": "20", "roles": "null", "languages": "null", "tools": "null",
        "soft_skills": "null", "duties": "null", "countries": "null", "regions": "null", "total": "null", **filters}.items())
    plan = db.value(f"explain (analyze, buffers, format json) select * from candidates_view_list({arguments})")
    plan = json.loads(plan)[0] if isinstance(plan, str) else plan[0]
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"], plan["Execution Time"]


def test_pages_of_a_hundred_thousand(full, company):
    assert page(company)["code"] == "company_unverified"
    full.execute("update companies set verification = 'verified' where id = %s", company.id)
    first = page(company)  # gives all of them an alias
    assert len(first["items"]) == 20 and first["members"] is None
    full.execute("analyze candidate_aliases")
    second = page(company, after=first["next_key"])
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    for _ in range(2):
        read, took = blocks(full, company)
    print(f"\na page of 20 of {VISIBLE}: {read} blocks, {took:.1f} ms")
    assert read < 1000
    for _ in range(2):
        rare, took = blocks(full, company, roles="array['chief_of_staff']")
    print(f"a page of a filter that one in 1,000 passes: {rare} blocks, {took:.0f} ms")
    counted = page(company, total="exact")
    assert counted["members"] == '"total":{"value":%d}' % VISIBLE
    for _ in range(2):
        _, took = blocks(full, company, total="'exact'")
    print(f"counting all: {took:.0f} ms")
    few = page(company, total="exact", role=["legal_secretary"])
    assert few["items"] == [] and few["members"] == '"total":{"below":5}'
