"""PostgreSQL for the tests: one private cluster for a whole run of pytest, whichever xdist worker needs it first, and in it
a data base for each test file, copied from one that `segreteria migrate` made."""

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg

VARIABLE = "SEGRETERIA_TEST_CLUSTER"  # where this run's cluster is, for the xdist workers
NAME = "segreteria-tests-"
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "400",
    "shared_buffers": "64MB", "max_wal_size": "2GB", "log_min_messages": "warning", "timezone": "UTC",
}


def program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else shutil.which(name)


def as_postgres():
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


def reserve():
    """Called once, by the process that leads the run: names the place, starts nothing. Remains of killed runs go."""
    for left in Path(tempfile.gettempdir()).glob(NAME + "*"):
        number = re.match(NAME + r"(\d+)-", left.name)
        if number and not Path("/proc", number[1]).exists():
            remove(left)
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-")


def release():
    remove(Path(os.environ.pop(VARIABLE)))


def remove(directory):
    pid_file = directory / "data" / "postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().split()[0])
        try:
            os.kill(pid, signal.SIGQUIT)  # nothing in it is worth a clean end
            for _ in range(100):
                os.kill(pid, 0)
                time.sleep(0.05)
        except ProcessLookupError:
            pass
    shutil.rmtree(directory, ignore_errors=True)


class Cluster:
    def __init__(self, directory):
        self.directory = Path(directory)

    def conninfo(self, database):
        user = "postgres"
        return f"host={self.directory} user={user} dbname={database}"

    @contextmanager
    def lock(self):
        with open(self.directory / "lock", "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def start(self):
        data = self.directory / "data"
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        subprocess.run([program("initdb"), "--no-sync", "--no-instructions", "--auth=trust", "--username=postgres",
                        "--encoding=UTF8", "--locale=C.UTF-8", "-D", data],
                       check=True, stdout=subprocess.DEVNULL, cwd="/", **as_postgres())
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with open(self.directory / "log", "wb") as log:
            subprocess.Popen([program("postgres"), "-D", data, "-k", self.directory, *settings], stdin=subprocess.DEVNULL,
                             stdout=log, stderr=log, cwd="/", start_new_session=True, **as_postgres())
        end = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(self.conninfo("postgres"), autocommit=True).close()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def execute(self, sql):
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql)

    def ready(self, binary):
        """Starts the cluster and migrates the template, unless another worker has."""
        with self.lock():
            if not (self.directory / "data" / "postmaster.pid").exists():
                self.start()
            if not (self.directory / "migrated").exists():
                self.execute("create database template")
                subprocess.run([binary, "migrate"], check=True, stdout=subprocess.DEVNULL,
                               env={**os.environ, "SEGRETERIA_DATABASE_URL": self.conninfo("template")})
                (self.directory / "migrated").touch()

    def create(self, name, migrated=True):
        with self.lock():  # a template must have no other user while it is copied
            self.execute(f'create database "{name}"' + (" template template" if migrated else ""))
        return Database(self.conninfo(name), name)

    def drop(self, database):
        database.close()
        self.execute(f'drop database "{database.name}" with (force)')


class Database:
    """One data base, with a connection for tests that look behind the API or prepare what it has no operation for."""

    def __init__(self, conninfo, name):
        self.conninfo, self.name = conninfo, name
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def query(self, sql, *values):
        if self.connection is None:
            self.connection = psycopg.connect(self.conninfo, autocommit=True)
        cursor = self.connection.execute(sql, values)
        return cursor.fetchall() if cursor.description else []

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]

    def tables(self):
        return [row[0] for row in self.query(
            "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' "
            "order by 1")]

    def fingerprint(self):
        """{table: (rows, hash of all of them)}; what goes on by itself does not count: when a token or session was
        last used, attempts to sign in, what becomes of a message, which servers run."""
        volatile = {"outbox": "select jsonb_build_object('id', r.id, 'template', r.template) from outbox r where template <> 'password_reset'",
                    "link_tokens": "select jsonb_build_object('id', r.id, 'used', r.used_at) from link_tokens r "
                    "where purpose <> 'password_reset'",
                    "sign_in_throttle": None, "server_instances": None, "job_change_marks": None,
                    "application_search": None,  # made of others, and made again by a chore
                    "places": None, "place_names": None}  # large, and nothing writes them
        usual = "select to_jsonb(r) - array['last_used_at', 'last_used_from', 'last_seen_at'] from {} r"
        parts = [f"select '{table}', count(*), md5(coalesce(string_agg(t, '' order by t), '')) from "
                 f"({rows.format(table)}) as rows (document), cast(document as text) as t"
                 for table in self.tables() if (rows := volatile.get(table, usual))]
        return {name: (rows, digest) for name, rows, digest in self.query(" union all ".join(parts))}
