"""A server with its own private cluster in a data directory, as the fault tests start, stop and kill it."""

import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary():
    for candidate in (os.environ.get("SEGRETERIA_BINARY"), ROOT / "build/asan/segreteria", ROOT / "build/release/segreteria"):
        if candidate and pathlib.Path(candidate).exists():
            return str(candidate)
    raise RuntimeError("build first: ./dev build")


def environment(**changes):
    """The caller's without what would lead the program elsewhere, and without rate limits: the crowds here have one
    address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "SEGRETERIA_"))}
    clean["SEGRETERIA_RATE_LIMIT"] = "off"
    clean.update({name: value for name, value in changes.items() if value is not None})
    return clean


def run(*arguments, url=None, timeout=120):
    """A command to its end."""
    return subprocess.run(
        [binary(), *map(str, arguments)],
        env=environment(SEGRETERIA_DATABASE_URL=url),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def new_data_dir():
    return pathlib.Path(tempfile.mkdtemp(prefix="segreteria-fault-"))


def remove(data_dir):
    shutil.rmtree(data_dir, ignore_errors=True)


def wait_for(condition, seconds=30, what="the condition"):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {seconds} s")


def alive(pid):
    """A process that exists and is no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Server:
    """`segreteria serve`; use as a context manager or call stop."""

    def __init__(self, data_dir, *arguments, url=None):
        self.data_dir = pathlib.Path(data_dir)
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir), "--workers", "1", *arguments],
            env=environment(SEGRETERIA_DATABASE_URL=url),
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.url = None

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def wait_ready(self, seconds=60):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else ""
        found = re.search(r"http://\S+", line)
        assert found, f"not serving after {seconds} s: {self.said()}"
        self.url = found[0]
        return self

    def end(self, sig=signal.SIGTERM, seconds=60):
        """Signals it, waits, returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        status = self.process.wait(seconds)
        self.process.stdout.close()
        return status

    def postmaster(self):
        """The process id in postmaster.pid; None while there is no such file or nothing in it yet."""
        try:
            return int((self.cluster_dir() / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError):
            return None

    def cluster_dir(self):
        (found,) = (path for path in self.data_dir.glob("postgresql-*") if path.name[11:].isdigit())
        return found

    def conninfo(self, user="segreteria", database="segreteria"):
        return f"host={self.data_dir}/run port=5432 user={user} dbname={database}"

    def sql(self, statement, **where):
        with psycopg.connect(self.conninfo(**where), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def __enter__(self):
        return self.wait_ready()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()
        self.log.close()
