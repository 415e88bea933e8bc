"""A private PostgreSQL for the tests of the SQL: migrated once into a template, a database of its own for each file."""

import glob
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import uuid

import psycopg
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake"))
import sql_statement  # noqa: E402

# As the server's lanes set their connections up.
SETTINGS = (
    "set timezone = 'UTC'; set jit = off; set plan_cache_mode = force_generic_plan; set enable_seqscan = off;"
    " set enable_bitmapscan = off"
)


def load_statements():
    statements = {}
    for path in sorted((ROOT / "src").glob("*/**/*.sql")):
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        name = "_".join(parts[-2:])
        statements[name] = sql_statement.parse(path.read_text(encoding="utf-8"), name, in_api=parts[0] == "api")
    return statements


STATEMENTS = load_statements()


class Cluster:
    """initdb and a server on a Unix socket; as user postgres when the tests run as root, which PostgreSQL refuses."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="segreteria-sql-"))
        self.bin = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))[-1]).parent
        self.user = {"user": "postgres"} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.directory, "postgres")
        data = self.directory / "data"
        self.run("initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "-N")
        with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\n")
            conf.write("fsync = off\nfull_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\n"
                       "shared_buffers = 256MB\nmax_wal_size = 2GB\n")
        self.run("pg_ctl", "-D", data, "-l", self.directory / "log", "-w", "start")

    def run(self, program, *arguments):
        subprocess.run([self.bin / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)

    def connect(self, database):
        connection = psycopg.connect(host=str(self.directory), user="postgres", dbname=database, autocommit=True)
        connection.prepare_threshold = None
        connection.execute(SETTINGS)
        return connection

    def create(self, database, template):
        with self.connect("postgres") as connection:
            connection.execute(f'create database "{database}" template "{template}"')

    def stop(self):
        self.run("pg_ctl", "-D", self.directory / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster():
    made = Cluster()
    made.create("migrated", "template1")
    with made.connect("migrated") as connection:
        for migration in sorted((ROOT / "migrations").glob("*.sql")):
            with connection.transaction():
                connection.execute(migration.read_text(encoding="utf-8"))
    yield made
    made.stop()


class Refused(Exception):
    """A statement raised; sqlstate says what."""

    def __init__(self, sqlstate, message):
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = sqlstate


class Database:
    """A connection that runs the server's statements by name, as the server does: named parameters, all as text."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.connection = cluster.connect(name)

    def another(self):
        return Database(self.cluster, self.name)

    def execute(self, sql, *parameters):
        return self.connection.execute(sql, parameters or None)

    def value(self, sql, *parameters):
        return self.execute(sql, *parameters).fetchone()[0]

    def rows(self, name, /, **values):
        statement = STATEMENTS[name]
        values.setdefault("context", {**context(values), "operation": name})
        values = {"link_id": new_id(), "link_hash": token_hash(), "lang": "en", "uploads": "[]", **values}
        arguments = [encode(values.get(parameter)) for parameter in statement.params]
        result = self.connection.pgconn.exec_params(statement.sql.encode(), arguments)
        if result.status not in (psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK):
            raise Refused(result.error_field(psycopg.pq.DiagnosticField.SQLSTATE).decode(), result.error_message.decode())
        names = [result.fname(column).decode() for column in range(result.nfields)]
        return [
            {names[column]: decode(result.get_value(row, column)) for column in range(result.nfields)}
            for row in range(result.ntuples)
        ]

    def call(self, name, /, **values):
        """The statement's one row, or None. status as a number, problem and body parsed."""
        rows = self.rows(name, **values)
        assert len(rows) <= 1
        if not rows:
            return None
        row = dict(rows[0])
        for member in ("problem", "body"):
            if row.get(member) is not None:
                row[member] = json.loads(row[member])
        if row.get("status", "").isdigit():
            row["status"] = int(row["status"])
        if row.get("items") is not None:
            row["items"] = json.loads("[" + row["items"] + "]")
        return row


def context(values):
    """The request context as the server makes it, of the caller_... values; tests act in sessions, unless they say otherwise."""
    names = ("account_id", "company_id", "candidate_id", "role", "token_id")
    caller = {name: values[f"caller_{name}"] for name in names if values.get(f"caller_{name}")}
    if "account_id" not in caller:
        return {"kind": "anonymous", "request_id": "a-test", "address": "192.0.2.1"}
    return {"kind": values["caller_kind"], **caller, "token_type": values.get("token_type", "session"),
            "request_id": "a-test", "address": "192.0.2.1"}


def encode(value):
    if value is None:
        return None
    if isinstance(value, dict):
        value = json.dumps(value)
    if isinstance(value, (list, tuple)):
        value = "{" + ",".join('"' + str(item).replace("\\", "\\\\") + '"' for item in value) + "}"
    return str(value).encode()


def decode(value):
    return None if value is None else value.decode()


@pytest.fixture(scope="module")
def db(cluster, request):
    name = request.module.__name__.rsplit(".", 1)[-1]
    cluster.create(name, "migrated")
    database = Database(cluster, name)
    yield database
    database.connection.close()


def new_id():
    return str(uuid.uuid4())


def token_hash():
    return "\\x" + secrets.token_hex(32)


# What the server runs in their place for a company.
RECORDED = {"applications_get": "applications_view", "applications_list": "applications_view_list",
            "applications_list_for_job": "applications_view_list", "applications_events": "applications_view_events"}


class Company:
    def __init__(self, db, country="IT"):
        self.db, self.id, access = db, new_id(), token_hash()
        self.refresh = token_hash()
        body = {
            "company": {"legal_name": "Alfa S.p.A.", "name": "Alfa", "country": country, "kind": "employer"},
            "owner": {"email": f"{self.id}@alfa.example", "password": "never stored", "name": "Anna"},
        }
        self.answer = db.call("companies_create", new_id=self.id, body=body, password_hash="!", access_hash=access,
                              refresh_hash=self.refresh)
        self.access = access
        who = db.call("auth_token_lookup", token_hashes=[access])
        self.caller = {
            "caller_kind": "company", "caller_company_id": self.id, "caller_account_id": who["account_id"],
            "caller_role": "owner", "caller_token_id": who["token_id"], "lang": "en",
        }

    def call(self, name, /, **values):
        if name not in RECORDED:
            return self.db.call(name, **{**self.caller, **values})
        answer = self.db.call(RECORDED[name], **{**self.caller, **values})
        return None if answer["status"] == 404 else answer

    def job(self, **members):
        """A published vacancy; its id."""
        answer = self.call("jobs_create", new_id=new_id(), body={**JOB, "status": "published", **members})
        assert answer["status"] == 201, answer
        return answer["body"]["id"]

    def patch(self, job_id, if_match=None, **members):
        """Like PATCH: what is there, with members replaced; None takes one away."""
        read = self.call("jobs_patch_read", job_id=job_id, if_match=if_match)
        if read is None or read["status"] != 200:
            return read
        body = {name: value for name, value in {**read["body"], **members}.items() if value is not None}
        return self.call("jobs_patch", job_id=job_id, body=body, version=read["out_version"], if_match=if_match)


class Candidate:
    def __init__(self, db):
        self.db, self.id, access = db, new_id(), token_hash()
        body = {"email": f"{self.id}@posta.example", "password": "never stored", "given_name": "Carla",
                "family_name": "Neri", "headline": "Executive assistant"}
        self.answer = db.call("candidates_create", new_id=self.id, body=body, password_hash="!", access_hash=access,
                              refresh_hash=token_hash())
        who = db.call("auth_token_lookup", token_hashes=[access])
        self.caller = {"caller_kind": "candidate", "caller_candidate_id": self.id,
                       "caller_account_id": who["account_id"], "caller_token_id": who["token_id"], "lang": "en"}

    def call(self, name, /, **values):
        return self.db.call(name, **{**self.caller, **values})

    def apply(self, job_id, **body):
        return self.call("applications_create", job_id=job_id, new_id=new_id(), body=body)


class Member:
    def __init__(self, company, role):
        self.db, self.id, access = company.db, new_id(), token_hash()
        self.db.execute("insert into accounts (id, kind, email, password_hash, name) values (%s, 'company', %s, '!', 'B')",
                        self.id, f"{self.id}@alfa.example")
        self.db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, %s)", company.id, self.id,
                        role)
        self.db.call("sessions_create", account_id=self.id, new_id=new_id(), access_hash=access, refresh_hash=token_hash())
        who = self.db.call("auth_token_lookup", token_hashes=[access])
        self.caller = {"caller_kind": "company", "caller_company_id": company.id, "caller_account_id": self.id,
                       "caller_role": role, "caller_token_id": who["token_id"], "lang": "en"}

    def call(self, name, /, **values):
        return self.db.call(name, **{**self.caller, **values})


def member(company, role):
    """Another member of the company, with a session."""
    return Member(company, role)


JOB = {
    "title": "Executive assistant to the CEO",
    "description": "Keep a **diary**.",
    "role": "executive_assistant",
    "location": {"country": "IT", "city": "Milano"},
    "salary": {"min": 35000, "max": 42000.5, "currency": "EUR", "unit": "year"},
    "valid_through": "2099-12-31",
}


@pytest.fixture
def company(db):
    return Company(db)


@pytest.fixture
def candidate(db):
    return Candidate(db)


def codes(answer):
    """{(pointer, code)} of a 422."""
    assert (answer["status"], answer["code"]) == (422, "validation_failed"), answer
    assert all(error["detail"] for error in answer["problem"]["errors"])
    return {(error["pointer"], error["code"]) for error in answer["problem"]["errors"]}
