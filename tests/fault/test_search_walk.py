"""A long random walk of everything that may happen to vacancies, and of what may go wrong meanwhile, over HTTP and behind the
server's back: after every few steps the same random searches are asked of a server with an index and of one that has none.
Same vacancies, same order, same counts. At the end `segreteria search check` compares the index with the table."""

import http.client
import itertools
import json
import os
import random
import re
import signal
import subprocess
import time

import psycopg
import pytest
import requests
from private_server import wait_for
from service import Postgres
from support.client import ndjson
from support.search import SENTENCES, TITLES, random_query, random_vacancy, same
from support.server import BINARY, Server
from support.world import World

SLOW = os.environ.get("SEGRETERIA_SLOW_TESTS") == "1"
OPERATIONS, QUERIES = 10_000, 1_000
STEPS = 100  # each: so many operations, then so many searches
KEEP = 700 if SLOW else 320  # vacancies there are at once, about


class Walk:
    def __init__(self, postgres, tmp_path_factory):
        self.postgres, self.dice = postgres, random.Random(20261130)
        self.directories = [tmp_path_factory.mktemp(name) for name in ("index", "plain")]
        self.operations, self.queries, self.loads = 0, 0, 0
        self.references = itertools.count(1)
        self.done = {}
        self.start_index()
        self.plain = Server(self.directories[1], postgres.conninfo("segreteria"), [
            "--workers", "1", "--write-connections", "2", "--search-memory", "0"])
        world = World(self.index.client(), self)
        self.companies = [world.company(name=name) for name in ("Lario Meccanica", "Studio Bianchi", "Northern Light Ltd", "Ufficio Uno")]
        self.operator = world.operator(self.companies[0])
        self.suspended = set()

    # ---- the servers ----

    def start_index(self):
        self.index = Server(self.directories[0], self.postgres.conninfo("segreteria"), [
            "--workers", "1", "--write-connections", "4", "--ops-listen", "127.0.0.1:0"])
        self.ops = re.search(r"http://([^/]+)", self.index.process.stdout.readline().decode())[1]
        self.loads = 0
        self.wait_loaded()

    def wait_loaded(self):
        """The index has been loaded once more than before."""
        self.loads = max(self.loads + 1, self.index.log.count(b"event=search_ready"))
        wait_for(lambda: self.index.log.count(b"event=search_ready") >= self.loads, 60, "the index")

    def client(self, account):
        return self.index.client(account.token)

    def in_step(self):
        """A write's answer comes when the index shows all that was committed before."""
        company = self.companies[0]

        def written():
            try:
                answer = self.client(company).post("/v1/jobs", {"title": "a draft"})
            except (OSError, http.client.HTTPException):
                return False
            return answer.status in (201, 403)
        wait_for(written, 60, "writes are taken again")

    def taken(self, send):
        """What send() answers. After a fault a write may still meet a connection that is gone: it is answered 503 and sent
        again, as a client would."""
        until = time.monotonic() + 30
        while (answer := send()).status == 503 and time.monotonic() < until:
            time.sleep(0.2)
        return answer

    def stop(self):
        self.index.stop()
        self.plain.stop()

    # ---- SQL ----

    def query(self, sql, *values):
        with psycopg.connect(self.postgres.conninfo("segreteria"), autocommit=True) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]

    def did(self, deed, count):
        self.operations += count
        self.done[deed] = self.done.get(deed, 0) + count

    def some(self, status, count):
        return [row[0] for row in self.query("select id from jobs where status = %s order by md5(id::text || %s) limit %s", status,
                                             str(self.dice.random()), count)]

    def move(self, status, count, change):
        """Those that still have the status when the change is written: the server itself writes expiry meanwhile."""
        return self.query(f"update jobs set {change}, version = version + 1 where id = any (%s) and status = %s returning id",
                          self.some(status, count), status)

    # ---- deeds: one operation each unless they say how many ----

    def owner_of(self, job):
        company = str(self.value("select company_id from jobs where id = %s", job))
        return next(account for account in self.companies if account.id == company)

    def publish(self, _):
        account = self.dice.choice(self.companies)
        status = self.taken(lambda: self.client(account).post("/v1/jobs", random_vacancy(self.dice))).status
        assert status == (403 if account.id in self.suspended else 201)
        self.did("publish", 1)

    def batch(self, count):
        account = self.dice.choice([one for one in self.companies if one.id not in self.suspended])

        def send():
            lines = [{**random_vacancy(self.dice), "reference": f"r{next(self.references)}"} for _ in range(count)]
            return self.client(account).post("/v1/jobs/batch", body=ndjson(lines), headers={"Content-Type": "application/x-ndjson"})
        statuses = [result["status"] for result in self.taken(send).expect(200).lines]
        assert set(statuses) <= {201, 503} and 201 in statuses, statuses
        self.did("batch", count)

    def patch(self, _):
        for job in self.some("published", 1):
            change = self.dice.choice([
                {"title": self.dice.choice(TITLES)}, {"salary": random_vacancy(self.dice).get("salary")}, {"status": "paused"},
                {"description": self.dice.choice(SENTENCES)}, {"status": "closed", "close_reason": "filled"},
                {"languages": random_vacancy(self.dice)["languages"]}])
            self.client(self.owner_of(job)).patch(f"/v1/jobs/{job}", change)  # what is not allowed is refused
        self.did("patch", 1)

    def delete(self, _):
        for job in self.some("draft", 1):
            self.client(self.owner_of(job)).delete(f"/v1/jobs/{job}")
        self.did("delete", 1)

    def change_many(self, count):
        jobs = self.some("published", count)
        self.query("update jobs set title = (%s::text[])[1 + floor(random() * %s)::int], version = version + 1 where id = any (%s)", TITLES,
                   len(TITLES), jobs)
        self.did("change", len(jobs))

    def pause_many(self, count):
        jobs = self.move("published", count, "status = 'paused'")
        self.did("pause", len(jobs))

    def resume_many(self, count):
        jobs = self.move("paused", count, "status = 'published'")
        self.did("resume", len(jobs))

    def close_many(self, count):
        """More when there are many."""
        more = self.value("select count(*) from jobs where status in ('published', 'paused')") - KEEP
        jobs = self.move("published", max(count // 4, min(more, 2 * count)), "status = 'closed', close_reason = 'filled'")
        self.did("close", len(jobs))

    def expire_many(self, count):
        """Their last day passes; for some the server writes it, for others the clock alone says so."""
        jobs = self.some("published", count // 8)
        self.query("update jobs set valid_through = current_date - 1 where id = any (%s)", jobs)
        self.did("expire", len(jobs))
        if self.dice.random() < 0.3:
            self.did("expiry written", self.value("select jobs_expire(%s)", count))

    def remove_many(self, count):
        jobs = self.some(self.dice.choice(["published", "paused", "closed"]), count // 8)
        self.query("delete from jobs where id = any (%s)", jobs)
        self.did("remove", len(jobs))

    def suspend(self, _):
        account = self.companies[2]
        client = self.client(self.operator)
        if account.id in self.suspended:
            self.taken(lambda: client.delete(f"/v1/companies/{account.id}/suspension")).expect(204)
            self.suspended.discard(account.id)
        else:
            answer = self.taken(lambda: client.put(f"/v1/companies/{account.id}/suspension", {"reason": "Asked for money."}))
            assert answer.status in (200, 201), answer.status
            self.suspended.add(account.id)
        self.did("suspend", 1)

    def rename(self, _):
        account = self.companies[1]
        name = f"Studio Bianchi {self.operations}"
        self.taken(lambda: self.client(account).patch(f"/v1/companies/{account.id}", {"name": name})).expect(200)
        self.did("rename", 1)

    def step(self, operations):
        """Many of those that are one statement, some of those that are a request each."""
        until = self.operations + operations
        singles = [self.publish, self.patch, self.patch, self.delete]
        for _ in range(4):
            self.dice.choice(singles)(1)
        if self.dice.random() < 0.15:
            self.suspend(1)
        if self.dice.random() < 0.2:
            self.rename(1)
        self.batch(24)
        many = [self.change_many, self.pause_many, self.resume_many, self.close_many, self.expire_many, self.remove_many]
        while self.operations < until:
            self.dice.choice(many)(self.dice.randint(8, 24))
            if self.value("select count(*) from jobs where status = 'published'") < 40:
                self.batch(24)

    def compare(self, queries):
        self.in_step()
        index, plain = self.index.client(), self.plain.client()
        ids = [account.id for account in self.companies]
        for _ in range(queries):
            same(random_query(self.dice, ids), index, plain)
            self.queries += 1

    # ---- what goes wrong ----

    def server_killed(self):
        self.index.process.kill()
        self.index.process.wait()
        self.index.process.stdout.close()
        self.change_many(20)
        self.pause_many(5)
        self.start_index()

    def notification_lost(self):
        """Logged, but nobody is told."""
        self.query("create or replace function quiet() returns trigger language plpgsql as "
                   "'begin insert into job_changes (job_id) values (coalesce(new.job_id, old.job_id)); return null; end'")
        self.query("alter table job_documents disable trigger user")
        self.query("create trigger quiet after update or delete on job_documents for each row execute function quiet()")
        try:
            self.change_many(20)
            self.pause_many(10)
        finally:
            self.query("drop trigger quiet on job_documents")
            self.query("alter table job_documents enable trigger user")

    def connections_cut(self):
        self.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'segreteria%%'")
        self.change_many(20)

    def postgresql_restarts(self, sig=signal.SIGINT):
        self.postgres.stop(sig)
        self.postgres.start()
        self.change_many(20)

    def postgresql_crashes(self):
        self.postgresql_restarts(signal.SIGQUIT)

    def log_purged(self):
        self.query("update job_changes_purged set before = pg_current_xact_id()")
        self.wait_loaded()


@pytest.fixture
def walk(tmp_path_factory):
    with Postgres(max_connections=120, fsync="off") as postgres:
        with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
            connection.execute("create database segreteria")
        walking = Walk(postgres, tmp_path_factory)
        yield walking
        walking.stop()


def plain_ready(walk):
    def ready():
        try:
            return walk.plain.client().get("/readyz").status == 200
        except OSError:
            return False
    wait_for(ready, 60, "the server without an index")


def test_ten_thousand_operations_and_a_thousand_searches(walk):
    faults = {10: walk.server_killed, 25: walk.notification_lost, 40: walk.postgresql_restarts, 55: walk.connections_cut,
              65: walk.postgresql_crashes, 75: walk.notification_lost, 85: walk.server_killed, 92: walk.log_purged}
    began = time.monotonic()
    for step in range(STEPS):
        if step in faults:
            faults[step]()
            plain_ready(walk)
        walk.step(OPERATIONS * (step + 1) // STEPS - walk.operations)
        walk.compare(QUERIES // STEPS)
    seconds = time.monotonic() - began
    print(f"{walk.operations} operations, {walk.queries} searches in {seconds:.0f} s: {json.dumps(walk.done)}")
    assert walk.operations >= OPERATIONS and walk.queries >= QUERIES
    assert {"publish", "batch", "patch", "delete", "change", "pause", "resume", "close", "expire", "expiry written", "remove",
            "suspend", "rename"} <= set(walk.done)
    told = requests.get(f"http://{walk.ops}/metrics", timeout=10).text
    by = {name: int(re.search(rf'^segreteria_searches_total{{by="{name}"}} (\d+)$', told, re.MULTILINE)[1]) for name in ("index", "postgresql")}
    assert by["index"] > 100 and by["postgresql"] < by["index"] / 10, by  # since the last start it was the index that answered
    checked = subprocess.run([BINARY, "search", "check", "--ops", walk.ops, "--texts"], capture_output=True, text=True, timeout=300, check=False,
                             env={**os.environ, "SEGRETERIA_DATABASE_URL": walk.postgres.conninfo("segreteria")})
    assert checked.returncode == 0, checked.stdout[-3000:] + checked.stderr[-3000:]
