"""From the first release's schema (migrations 1 to 10) to the present one, with rows in it."""

from conftest import ROOT, Database, new_id, token_hash

FIRST_RELEASE = 10


def test_members_and_tokens_of_the_first_release(cluster):
    cluster.create("upgrade", "template1")
    db = Database(cluster, "upgrade")
    owner, company, leaver, candidate = (new_id() for _ in range(4))
    migrations = sorted((ROOT / "migrations").glob("*.sql"))
    for migration in migrations:
        if int(migration.name[:4]) == FIRST_RELEASE + 1:
            break
        with db.connection.transaction():
            db.execute(migration.read_text(encoding="utf-8"))
    with db.connection.transaction():
        for account, kind in ((owner, "company"), (leaver, "company"), (candidate, "candidate")):
            db.execute("insert into accounts (id, kind, email, password_hash, name) values (%s, %s, %s, '!', 'x')", account, kind,
                       f"{account}@example.org")
            db.execute("insert into api_tokens (id, account_id, name, prefix, token_hash, scopes) values (%s, %s, 't', 'sgr_abcd', "
                       "%s::bytea, '{jobs:read,tokens:write}')", new_id(), account, token_hash())
        db.execute("insert into companies (id, kind, legal_name, name, country) values (%s, 'employer', 'x', 'x', 'IT')", company)
        db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'owner')", company, owner)
        db.execute("insert into candidates (id, account_id, given_name, family_name) values (%s, %s, 'a', 'b')", new_id(), candidate)
    for migration in migrations:
        if int(migration.name[:4]) > FIRST_RELEASE:
            with db.connection.transaction():
                db.execute(migration.read_text(encoding="utf-8"))

    found = {str(row[0]): row[1:] for row in db.execute(
        "select account_id, company_id::text, revoked_at is not null from api_tokens").fetchall()}
    assert found == {owner: (company, False), leaver: (None, True), candidate: (None, False)}
    hashes = {str(row[0]): "\\x" + row[1] for row in db.execute(
        "select account_id, encode(token_hash, 'hex') from api_tokens").fetchall()}
    who = db.call("auth_token_lookup", token_hashes=[hashes[owner]])
    assert (who["company_id"], who["role"]) == (company, "owner")
    assert db.call("auth_token_lookup", token_hashes=[hashes[leaver]]) is None
    assert db.call("auth_token_lookup", token_hashes=[hashes[candidate]])["kind"] == "candidate"
    other = new_id()
    with db.connection.transaction():
        db.execute("insert into companies (id, kind, legal_name, name, country) values (%s, 'employer', 'y', 'y', 'IT')", other)
        db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'owner')", other, owner)
    db.connection.close()


LAST_RELEASE = 81


def migrate(db, first, last):
    for migration in sorted((ROOT / "migrations").glob("*.sql")):
        if first <= int(migration.name[:4]) <= last:
            with db.connection.transaction():
                db.execute(migration.read_text(encoding="utf-8"))


def test_a_filled_data_base_of_the_last_release(cluster):
    """People, vacancies, applications and documents from before stay what they were, and what came since is filled in."""
    cluster.create("upgrade_filled", "template1")
    db = Database(cluster, "upgrade_filled")
    migrate(db, 1, LAST_RELEASE)
    owner, company, account, candidate, job, document = (new_id() for _ in range(6))
    earlier, withdrawn, live = (new_id() for _ in range(3))
    with db.connection.transaction():
        for who, kind in ((owner, "company"), (account, "candidate")):
            db.execute("insert into accounts (id, kind, email, password_hash, name) values (%s, %s, %s, '!', 'x')", who, kind,
                       f"{who}@example.org")
        db.execute("insert into companies (id, kind, legal_name, name, country, vat_id) values (%s, 'employer', 'x', 'x', 'IT', "
                   "'IT 123.456.789')", company)
        db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'owner')", company, owner)
        db.execute("insert into candidates (id, account_id, given_name, family_name, profile) values (%s, %s, 'a', 'b', %s::jsonb)",
                   candidate, account, '{"headline": "Segretaria", "tools": [{"name": "Microsoft Excel", "level": "advanced"}]}')
        db.execute("insert into jobs (id, company_id, title, description, language, country, region, city, status, published_at, "
                   "valid_through) values (%s, %s, 'Segretaria di direzione', 'x', 'it', 'IT', 'Lombardia', 'Milano', 'published', "
                   "now(), current_date + 30)", job, company)
        db.execute("insert into documents (id, candidate_id, slot, name, sealed_key, media_type, size, sha256, completed_at) values "
                   "(%s, %s, 1, 'cv.pdf', %s, 'application/pdf', 1, %s, now())", document, candidate, b"k" * 104, b"h" * 32)
        db.execute("insert into document_chunks (document_id, n, data) values (%s, 0, %s)", document, b"c" * 18)
        for n, (application, status) in enumerate([(earlier, "withdrawn"), (withdrawn, "withdrawn"), (live, "submitted")]):
            db.execute("insert into applications (id, job_id, company_id, candidate_id, status, cover_letter, consent, submitted_at) "
                       "values (%s, %s, %s, %s, %s, 'letter', '{\"talent_pool\": true}', now() - %s * interval '1 day')",
                       application, job, company, candidate, status, 3 - n)
        db.execute("insert into application_documents (application_id, document_id, position) values (%s, %s, 1)", live, document)
    migrate(db, LAST_RELEASE + 1, 9999)

    rows = db.execute("select id::text, attempt, cover_letter, consent ? 'until', retention_from > submitted_at, anonymised_at is null "
                      "from applications order by submitted_at").fetchall()
    assert rows == [(earlier, 1, "letter", True, True, True), (withdrawn, 2, "letter", True, True, True), (live, 3, "letter", True, True, True)]
    assert db.execute("select visibility, cardinality(tool_keys), profile ->> 'headline' from candidates where id = %s",
                      candidate).fetchone() == ("hidden", 1, "Segretaria")
    assert db.execute("select d.scan, c.data, x.application_id::text from documents d join document_chunks c on c.document_id = d.id "
                      "join application_documents x on x.document_id = d.id").fetchone() == ("not_scanned", b"c" * 18, live)
    assert {row[0] for row in db.execute("select kind from company_marks where company_id = %s", company).fetchall()} == {"company", "vat_id"}
    assert db.execute("select count(*) from search_check(true)").fetchone()[0] == 0
    shown = db.execute("select application_json(a, 'company') from applications a where id = %s", live).fetchone()[0]
    assert shown["cover_letter"] == "letter" and shown["documents"][0]["id"] == document
    assert db.execute("select d.document::jsonb #>> '{location,city}' from job_documents d where job_id = %s", job).fetchone()[0] == "Milano"
    db.connection.close()
