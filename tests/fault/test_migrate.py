"""Migrations through the binary: from empty, twice, several at once, failures, histories and servers that do not fit."""

import itertools
import re
import subprocess

import psycopg
import pytest
import requests

from private_server import ROOT, Server, binary, environment, new_data_dir, remove, run, wait_for

TOTAL = len(list((ROOT / "migrations").glob("[0-9]*.sql")))
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def host():
    """A PostgreSQL for all tests of this file: the private cluster of a server."""
    data_dir = new_data_dir()
    with Server(data_dir) as server:
        yield server
    remove(data_dir)


class Database:
    def __init__(self, host, options=""):
        self.name = f"test_{next(numbers)}"
        self.host = host
        host.sql(f"create database {self.name} owner segreteria {options}", user="postgres", database="postgres")
        self.url = host.conninfo(database=self.name)

    def sql(self, statement):
        return self.host.sql(statement, database=self.name)

    def migrate(self, *options):
        return run("migrate", *options, url=self.url)

    def count(self):
        return self.sql("select count(*) from schema_migrations")[0][0]


@pytest.fixture
def database(host):
    made = Database(host)
    yield made
    host.sql(f"drop database {made.name} with (force)", user="postgres", database="postgres")


def assert_refused(result, *says):
    assert result.returncode == 1, result
    assert result.stdout == ""
    last = result.stderr.splitlines()[-1]
    assert last.startswith("segreteria: ")
    for text in says:
        assert text in last


def serve_is_refused(database, *says):
    data_dir = new_data_dir()
    try:
        assert_refused(run("serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir, url=database.url), *says)
    finally:
        remove(data_dir)


def test_from_empty_then_twice(database):
    pending = database.migrate("--status")
    assert pending.returncode == 3
    assert len(re.findall(r"^\d{4} .* pending", pending.stdout, re.M)) == TOTAL

    dry = database.migrate("--dry-run")
    assert (dry.returncode, len(dry.stdout.splitlines())) == (0, TOTAL)
    assert database.sql("select to_regclass('schema_migrations')") == [(None,)]

    first = database.migrate()
    assert (first.returncode, first.stdout) == (0, f"{TOTAL} migrations run\n")
    second = database.migrate()
    assert (second.returncode, second.stdout) == (0, "0 migrations run\n")
    assert database.count() == TOTAL

    applied = database.migrate("--status")
    assert applied.returncode == 0
    assert len(re.findall(r"^\d{4} .* applied +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +\d+ ms$", applied.stdout, re.M)) == TOTAL
    assert database.migrate("--dry-run").stdout == "nothing to run: the schema is up to date\n"


def test_private_cluster_started_for_the_command():
    data_dir = new_data_dir()
    try:
        first = run("migrate", "--data-dir", data_dir)
        assert (first.returncode, first.stdout) == (0, f"{TOTAL} migrations run\n")
        assert not list(data_dir.glob("postgresql-*/postmaster.pid"))
        with Server(data_dir) as server:
            assert server.sql("select count(*) from schema_migrations") == [(TOTAL,)]
    finally:
        remove(data_dir)


def test_private_cluster_of_a_running_server(host):
    status = run("migrate", "--status", "--data-dir", host.data_dir)
    assert status.returncode == 0
    assert requests.get(host.url + "/readyz", timeout=10).status_code == 200


def test_several_at_once(database):
    commands = [
        subprocess.Popen(
            [binary(), "migrate"], env=environment(SEGRETERIA_DATABASE_URL=database.url), stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = [command.communicate(timeout=120)[0] for command in commands]
    assert [command.returncode for command in commands] == [0] * 4
    assert sum(int(text.split()[0]) for text in said) == TOTAL
    assert database.count() == TOTAL


def test_two_servers_start_at_once(database):
    directories = [new_data_dir(), new_data_dir()]
    servers = [Server(directory, url=database.url) for directory in directories]
    try:
        for server in servers:
            server.wait_ready()
            assert requests.get(server.url + "/readyz", timeout=10).status_code == 200
        assert database.count() == TOTAL
        assert [server.end() for server in servers] == [0, 0]
    finally:
        for server, directory in zip(servers, directories, strict=True):
            server.__exit__()
            remove(directory)


def test_a_failing_one_leaves_nothing(database):
    """A table in the way of a migration: those before it stay, it leaves nothing, and runs when the way is free."""
    database.sql("create table applications (mine integer)")
    failed = database.migrate()
    assert_refused(failed, "failed", 'relation "applications" already exists', "nothing of it was kept")
    number = int(re.search(r"migration (\d{4})_", failed.stderr.splitlines()[-1])[1])
    assert database.count() == number - 1
    schema = "select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 'public'::regnamespace"
    before = database.sql(schema)
    serve_is_refused(database, f"migration {number:04d}_")
    assert database.sql(schema) == before
    database.sql("drop table applications")
    assert database.migrate().stdout == f"{TOTAL - number + 1} migration{'s' * (TOTAL != number)} run\n"


def test_killed_in_the_middle(database):
    """kill -9 within a migration, which waits here for a table somebody else makes: the next run goes on."""
    with psycopg.connect(database.url) as blocker:
        blocker.execute("create table applications (mine integer)")
        command = subprocess.Popen([binary(), "migrate"], env=environment(SEGRETERIA_DATABASE_URL=database.url))
        waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        wait_for(lambda: database.sql(waiting) == [(1,)], what="the migration's wait")
        done = database.count()
        command.kill()
        command.wait()
        blocker.rollback()
    assert 0 < done < TOTAL
    assert database.migrate().stdout == f"{TOTAL - done} migration{'s' * (TOTAL - done != 1)} run\n"


def test_changed(database):
    database.migrate()
    database.sql("update schema_migrations set checksum = repeat('0', 64) where number = 2")
    assert_refused(database.migrate(), "migration 0002_", "is not the one that was run on this data base")
    serve_is_refused(database, "migration 0002_", "is not the one that was run on this data base")
    assert re.search(r"^0002 .* changed ", database.migrate("--status").stdout, re.M)


def test_newer(database):
    database.migrate()
    database.sql("insert into schema_migrations values (9999, 'future', repeat('0', 64), now(), 1)")
    assert_refused(database.migrate(), "migration 9999_future, which this version of segreteria does not know")
    serve_is_refused(database, "migration 9999_future, which this version of segreteria does not know")
    status = database.migrate("--status")
    assert status.returncode == 3
    assert re.search(r"^9999 .* unknown ", status.stdout, re.M)


def test_out_of_order(database):
    database.migrate()
    database.sql("delete from schema_migrations where number = 1")
    assert_refused(database.migrate(), "migration 0001_", "was never run on this data base")


def test_read_only(database):
    database.host.sql(f"alter database {database.name} set default_transaction_read_only = on", user="postgres")
    assert_refused(database.migrate(), "read-only")
    serve_is_refused(database, "read-only")


def test_wrong_encoding(host):
    database = Database(host, "template template0 encoding 'SQL_ASCII' locale 'C'")
    assert_refused(database.migrate(), "encoding is SQL_ASCII; UTF8 is needed")


def test_nobody_there():
    refused = run("migrate", url="host=/nowhere user=x dbname=y connect_timeout=2")
    assert_refused(refused, "cannot connect to the data base")


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:s3c@cret@h/d", "host=h password='s3cret", "host=h password=a s3cret", "postgresql://u:%s3cret@h/d"],
)
def test_bad_connection_string_keeps_the_password(url):
    refused = run("migrate", url=url)
    assert_refused(refused, "connection string")
    assert "s3c" not in refused.stderr
    assert "cret" not in refused.stderr


def test_several_hosts(host, database):
    """The first host does not answer; the second does."""
    where = psycopg.conninfo.conninfo_to_dict(database.url)
    where["host"] = "/nowhere," + where["host"]
    result = run("migrate", url=psycopg.conninfo.make_conninfo(**where))
    assert (result.returncode, result.stdout) == (0, f"{TOTAL} migrations run\n")


@pytest.mark.parametrize("options", [["--status", "--dry-run"], ["extra"], ["--nonsense"]])
def test_used_wrongly(options):
    result = run("migrate", *options)
    assert result.returncode == 2
    assert "segreteria migrate --help" in result.stderr
    assert result.stdout == ""
