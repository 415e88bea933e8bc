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
