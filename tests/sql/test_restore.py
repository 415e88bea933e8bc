"""A backup as README.md makes it, and restores it into the data base that a new server made."""

import os
import re
import subprocess

from conftest import Candidate, Company, Database


def run(cluster, program, *arguments):
    done = subprocess.run([cluster.bin / program, "-h", cluster.directory, "-U", "postgres", *arguments], capture_output=True,
                          cwd="/", check=False, **cluster.user)
    assert done.returncode == 0, f"{program}: {done.stderr.decode(errors='replace')[:2000]}"


def contents(db):
    """{table: (rows, hash of all of them)}"""
    tables = [row[0] for row in db.execute("select table_name from information_schema.tables where table_schema = 'public' and "
                                           "table_type = 'BASE TABLE'").fetchall()]
    return {table: db.execute(f"select count(*), md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) from {table} t").fetchone()
            for table in tables}


def test_a_dump_is_restored_whole(cluster, db):
    company, candidate = Company(db), Candidate(db)
    job = company.job(tools=[{"name": "Microsoft Excel", "importance": "must"}])
    assert candidate.apply(job, cover_letter="Volentieri.")["status"] == 201
    dump = os.path.join(cluster.directory, "restore.dump")
    run(cluster, "pg_dump", "-Fc", "-f", dump, db.name)
    cluster.create("restored", "migrated")
    run(cluster, "pg_restore", "-d", "restored", "--clean", "--if-exists", "--single-transaction", dump)
    restored = Database(cluster, "restored")
    before, after = contents(db), contents(restored)
    assert {table for table in before if before[table] != after.get(table)} == set() and set(before) == set(after)
    assert before["tools"][0] > 0 and before["applications"][0] == 1
    # And it goes on to work.
    other = Company(restored).job(title="Segretaria di direzione")
    assert Candidate(restored).apply(other)["status"] == 201
    restored.connection.close()


def test_rules_of_tables_are_bound_to_what_they_call(db):
    """Of functions that COPY calls (checks, generated columns) or an index does, none looks another up by its name."""
    names = {row[0] for row in db.execute("select proname from pg_proc where pronamespace = 'public'::regnamespace").fetchall()}
    called = db.execute(
        "select distinct p.proname, p.prosrc, p.prosqlbody is not null from pg_depend d join pg_proc p on p.oid = d.refobjid"
        " where d.refclassid = 'pg_proc'::regclass and p.pronamespace = 'public'::regnamespace and (d.classid in"
        " ('pg_constraint'::regclass, 'pg_class'::regclass) or d.classid = 'pg_attrdef'::regclass and exists (select from pg_attrdef a"
        " join pg_attribute c on c.attrelid = a.adrelid and c.attnum = a.adnum where a.oid = d.objid and c.attgenerated <> ''))").fetchall()
    assert {name for name, _, _ in called} >= {"search_slug", "search_fold", "profile_minimal"}
    assert {name for name, source, bound in called if not bound and names & set(re.findall(r"\w+", source))} == set()
