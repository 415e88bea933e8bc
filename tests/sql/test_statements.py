"""Every statement prepares; the hot ones walk the index they are meant to walk, at 100,000 rows."""

import json

import pytest
from conftest import STATEMENTS
from plans import nodes

ROWS = 100_000


@pytest.mark.parametrize("name", STATEMENTS)
def test_prepares(db, name):
    statement = STATEMENTS[name]
    db.execute(f"prepare {name} as {statement.sql}")
    if statement.idempotent_sql is not None:
        db.execute(f"prepare {name}_idempotent as {statement.idempotent_sql}")


def test_listings_that_pass_rows_over_have_a_lane_of_their_own():
    """A company with 50,000 vacancies and a filter that fits none would hold up every read by id, half a second each."""
    listings = {name for name, statement in STATEMENTS.items() if "limit" in statement.params and "after" in statement.params}
    fast = {name for name in listings if STATEMENTS[name].kind not in ("DB_SLOW", "DB_SLOW_WRITE")}
    assert fast == {"jobs_list", "applications_events", "applications_view_events", "documents_list",
                    "members_list", "processing_notices_list", "messages_list", "interviews_list", "notes_list"}  # few rows each


def test_every_table_has_a_comment(db):
    bare = db.execute("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                      " and obj_description(oid, 'pg_class') is null").fetchall()
    assert bare == []


def test_every_constraint_with_a_rule_exists(db):
    unknown = db.execute(
        "select constraint_name from constraint_rules where constraint_name not in (select conname from pg_constraint)"
        " and constraint_name not in (select indexrelid::regclass::text from pg_index)"
        " and constraint_name not in ('company_members_role_owner_left', 'jobs_status_transition', 'jobs_client_verified_agency',"
        " 'applications_status_transition')").fetchall()
    assert unknown == []


def test_every_rule_code_in_the_functions_has_its_text(db):
    used = db.execute(
        r"select distinct m[1] from pg_proc, regexp_matches(prosrc, 'violation\(''[^'']*'', ''([a-z_]+)''\)', 'g') as m"
        " where pronamespace = 'public'::regnamespace").fetchall()
    assert len(used) > 8
    known = {code for (code,) in db.execute("select code from rule_texts").fetchall()}
    assert {code for (code,) in used} - known == set()


def test_taxonomies(db):
    for name, least in (("roles", 14), ("soft_skills", 13), ("tools", 60), ("languages", 40), ("cefr_levels", 6),
                        ("duties", 14)):
        body = db.call("taxonomies_get", **{"name": name, "lang": "it"})["body"]
        assert len(body["items"]) >= least and all(item["label"] == item["labels"]["it"] for item in body["items"])
    assert db.call("taxonomies_get", **{"name": "planets", "lang": "it"}) is None


@pytest.fixture(scope="module")
def full(db):
    """100,000 rows in the tables that are read by key or in order; triggers and references are not what is tested."""
    db.execute("set session_replication_role = replica")
    db.execute("""
        create temporary table made as
        select uuid_v7() as id, md5((n %% 500)::text)::uuid as company_id, md5((n %% 9000)::text)::uuid as candidate_id,
            now() - n * interval '1 minute' as at, n
        from generate_series(1, %s) as n""" % ROWS)
    db.execute("insert into accounts (id, kind, email, password_hash, name)"
               " select id, 'candidate', n || '@posta.example', '!', 'A' from made")
    db.execute("insert into job_documents (job_id, company_id, status, was_public, etag, document)"
               " select id, company_id, 'published', true, md5(n::text), repeat('x', 300) from made")
    db.execute("insert into job_cards (job_id, company_id, status, published_at, created_at, confidentiality_level, role,"
               " city, card) select id, company_id, 'published', at, at, 'standard', 'secretary', 'Roma',"
               " '{}' from made")
    db.execute("insert into jobs (id, company_id, title, published_at) select id, company_id, 'x', at from made")
    db.execute("insert into job_search (job_id, version, published_at, dictionary, company_id, confidentiality_level, role,"
               " city, languages, language_levels, language_musts, tools, soft_skills, duties, title, words)"
               " select id, 1, at, 1, company_id, 'standard', 'secretary', 'roma', '{}', '{}', '{}', '{}', '{}', '{}', 'x',"
               " to_tsvector('simple', 'x' || n) from made")
    db.execute("insert into applications (id, job_id, company_id, candidate_id, submitted_at)"
               " select uuid_v7(), id, company_id, candidate_id, at from made")
    db.execute("insert into application_events (application_id, actor_kind, type, to_status)"
               " select id, 'candidate', 'submitted', 'submitted' from applications")
    db.execute("insert into api_tokens (id, account_id, name, prefix, token_hash, scopes)"
               " select id, id, 'a', 'sgr_', sha256(n::text::bytea), '{jobs:read}' from made")
    db.execute("insert into sessions (id, account_id) select id, id from made")
    db.execute("insert into session_tokens (session_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at)"
               " select id, sha256(('a' || n)::bytea), now(), sha256(('r' || n)::bytea), now() from made")
    db.execute("insert into idempotency_keys (key_hash, fingerprint, operation, status)"
               " select sha256(n::text::bytea), '', 'x', 201 from made")
    db.execute("set session_replication_role = origin")
    db.execute("analyze")
    return db


HOT = {
    "jobs_get": {"job_documents_pkey"},
    "jobs_list": {"job_cards_newest"},
    "jobs_list_own": {"job_cards_own"},
    "auth_token_lookup": {"api_tokens_token_hash_key", "session_tokens_access_hash_key"},
    "applications_get": {"applications_pkey"},
    "applications_list": {"applications_of_candidate"},
    "applications_list_for_job": {"applications_of_candidate"},
    "applications_events": {"application_events_application"},
    "tokens_list": {"api_tokens_account"},
    "idempotency_read": {"idempotency_keys_pkey"},
}


@pytest.mark.parametrize("name", HOT)
def test_walks_its_index(full, name):
    statement = STATEMENTS[name]
    full.execute(f"prepare hot_{name} as {statement.sql}")
    arguments = ", ".join(["null"] * len(statement.params))
    plan = full.value(f"explain (format json) execute hot_{name}({arguments})")
    plan = plan if isinstance(plan, list) else json.loads(plan)
    found = list(nodes(plan[0]["Plan"]))
    assert HOT[name] <= {node.get("Index Name") for node in found}
    assert not [node for node in found if node["Node Type"] in ("Seq Scan", "Bitmap Heap Scan")]
    # Newest-first listings come out of the index in order; only the few events of one application are sorted.
    assert name == "applications_events" or "Sort" not in {node["Node Type"] for node in found}


@pytest.mark.parametrize("asked", [
    {"role": ["secretary"], "city": ["Roma"]}, {"city": ["nowhere"]}, {"company_id": ["01a1c49e-6a80-7c3e-b7d4-2f9a61c08e55"]},
    {"q": "x77777"}])
def test_filtered_search_reads_little(full, asked):
    asked = json.dumps({**asked, "total": "none"})
    query = f"explain (analyze, buffers, format json) select * from jobs_search('{asked}')"
    for _ in range(2):  # the first one also reads catalogues
        plan = full.value(query)[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 400


@pytest.fixture(scope="module")
def received(full):
    """All 100,000 applications are one company's, 10,000 of them one vacancy's; one in a hundred has a rare word."""
    company, job = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    full.execute("""
        insert into application_search (application_id, company_id, job_id, candidate_id, submitted_at, updated_at, words)
        select id, %s, job, candidate_id, submitted_at, submitted_at,
            to_tsvector('simple', 'comun' || case when n %% 100 = 7 then ' rar' else '' end
                || case when n %% 1000 = 8 then ' rarissim' else '' end)
                || format('%%L %%L %%L', 'c:' || %s::text, 'j:' || job, 's:submitted')::tsvector
        from (select *, row_number() over (order by submitted_at desc) as n from applications) as a,
            lateral (select case when n %% 10 = 0 then %s::uuid else id end as job) as j""", company, company, job)
    full.execute("analyze application_search")
    return full, company, job


@pytest.mark.parametrize("asked", [
    {}, {"sort": "updated"}, {"q": "comune"}, {"q": "raro"}, {"q": "rarissimo"}, {"q": "nessuno"}, {"q": "comune -raro"},
    {"status": ["submitted"]}, {"status": ["hired"]}, {"overdue": "true"}, {"since": "2100-01-01T00:00:00Z"}], ids=str)
@pytest.mark.parametrize("of_job", [False, True])
def test_a_page_of_received_applications_reads_little(received, asked, of_job):
    """A first page of 100,000 of a company, or of 10,000 of a vacancy."""
    db, company, job = received
    conditions = db.value("select applications_asked(%s, %s, %s)", company, job if of_job else None, json.dumps(asked))
    whose = f"'{company}', " + (f"'{job}'" if of_job else "null")
    query = (f"explain (analyze, buffers, format json) select applications_found({whose}, $x${json.dumps(conditions)}$x$,"
             f" '{asked.get('sort', 'recent')}', null, 21)")
    for _ in range(2):
        plan = db.value(query)[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 2500
