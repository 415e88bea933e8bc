"""The search index keeps in step with the table whatever happens to the data base, and to other instances."""

import contextlib
import math
import random
import signal
import threading
import time

import psycopg
import pytest
from private_server import wait_for
from service import Postgres
from support.server import Server
from support.world import World, vacancy


@pytest.fixture(scope="module")
def postgres():
    with Postgres(max_connections=120) as running:
        yield running


@contextlib.contextmanager
def serving(directory, postgres, *options, ready=b"event=search_ready"):
    running = Server(directory, postgres.conninfo("segreteria"), ["--workers", "1", "--write-connections", "4", *options])
    try:
        wait_for(lambda: ready in running.log or "0" in options, what="the index")
        yield running
    finally:
        running.stop()


class Base:
    def __init__(self, postgres):
        self.postgres = postgres

    def query(self, sql, *values):
        with psycopg.connect(self.postgres.conninfo("segreteria"), autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]


@pytest.fixture(scope="module")
def place(postgres, tmp_path_factory):
    with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
        connection.execute("create database segreteria")
    directory = tmp_path_factory.mktemp("one")
    with serving(directory, postgres) as server:
        world = World(server.client(), Base(postgres))
        company = world.company()
        for n in range(30):
            world.job(company, title=f"Assistente {n}")
    return directory, company.email


@pytest.fixture
def one(place, postgres):
    with serving(place[0], postgres) as server:
        yield server


def signed_in(server, postgres, place):
    return World(server.client(), Base(postgres)).login(place[1])


def found(client, **params):
    return [item["id"] for item in client.get("/v1/jobs", params={"q": "assistente", "limit": 100, **params}).expect(200).json["items"]]


def in_table(postgres):
    return [str(row[0]) for row in Base(postgres).query(
        "select job_id from job_search where valid_through is null or valid_through >= current_date "
        "order by published_at desc, job_id desc")]


def agrees(client, postgres, seconds=20):
    """The index says what the table says, now or soon."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if sorted(found(client)) == sorted(in_table(postgres)):
                return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, (len(found(client)), len(in_table(postgres)))
        time.sleep(0.1)


def rename(postgres, count=3):
    """Vacancies change behind the server's back, as another instance would change them."""
    Base(postgres).query("update jobs set status = 'paused', version = version + 1 where id in (select id from jobs where status = "
                         "'published' order by random() limit %s)", count)
    Base(postgres).query("update jobs set status = 'published', version = version + 1 where id in (select id from jobs where "
                         "status = 'paused' order by random() limit %s)", count - 1)


def test_what_others_change_is_seen(one, postgres, place):
    client = one.client()
    for _ in range(5):
        rename(postgres)
        agrees(client, postgres)


def test_a_notification_that_got_lost(one, postgres, place):
    client = one.client()
    with psycopg.connect(postgres.conninfo("segreteria"), autocommit=True) as connection:
        connection.execute("alter table job_documents disable trigger user")
        connection.execute("create or replace function quiet() returns trigger language plpgsql as "
                           "'begin insert into job_changes (job_id) values (new.job_id); return null; end'")
        connection.execute("create trigger quiet after update on job_documents for each row execute function quiet()")
        try:
            rename(postgres)
            agrees(client, postgres)
        finally:
            connection.execute("drop trigger quiet on job_documents")
            connection.execute("alter table job_documents enable trigger user")


def test_the_listening_connection_is_cut(one, postgres, place):
    client = one.client()
    for _ in range(3):
        Base(postgres).query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'segreteria%%'")
        rename(postgres)
        agrees(client, postgres)


@pytest.mark.parametrize("kind", ["restart", "crash"])
def test_postgresql_goes_and_comes_back(one, postgres, place, kind):
    client = one.client()
    rename(postgres)
    postgres.stop(signal.SIGQUIT if kind == "crash" else signal.SIGINT)
    time.sleep(0.5)
    postgres.start()
    rename(postgres)
    agrees(client, postgres, 40)


def test_a_crash_of_the_server(place, postgres):
    with serving(place[0], postgres) as server:
        rename(postgres)
        server.process.kill()
        server.process.wait()
        server.process.returncode = 0
    rename(postgres)
    with serving(place[0], postgres) as server:
        agrees(server.client(), postgres)


def test_a_log_that_no_longer_reaches_back(one, postgres, place):
    client = one.client()
    base = Base(postgres)
    base.query("alter table job_documents disable trigger user")
    base.query("update jobs set status = 'paused', version = version + 1 where id in "
               "(select id from jobs where status = 'published' limit 2)")  # said nowhere
    base.query("alter table job_documents enable trigger user")
    base.query("update job_changes_purged set before = pg_current_xact_id()")
    wait_for(lambda: b"why=log_purged" in one.log and one.log.count(b"event=search_ready") >= 2, what="a new load")
    agrees(client, postgres)


def test_a_transaction_that_commits_late_is_not_passed_over(one, postgres, place):
    client = one.client()
    job = Base(postgres).value("select id from jobs where status = 'published' limit 1")
    with psycopg.connect(postgres.conninfo("segreteria")) as late:
        late.execute("update jobs set status = 'paused', version = version + 1 where id = %s", (job,))
        for _ in range(10):
            Base(postgres).query("update jobs set version = version + 1, title = title || '.' where id in "
                                 "(select id from jobs where status = 'published' and id <> %s limit 3)", job)
            time.sleep(0.02)
        assert str(job) in found(client)
        late.commit()
    agrees(client, postgres)
    assert str(job) not in found(client)


def test_who_writes_reads_it(one, postgres, place):
    """The answer to a write comes when searches show it."""
    account = signed_in(one, postgres, place)
    anybody = one.client()
    for n in range(40):
        job = account.client.post("/v1/jobs", vacancy(title=f"Assistente nuova {n}")).expect(201).json
        assert job["id"] in found(anybody, q=f"nuova {n}"), n
        newest = anybody.get("/v1/jobs", params={"limit": 1}).expect(200).json["items"][0]
        assert newest["id"] == job["id"], n
        account.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
        assert job["id"] not in found(anybody, q=f"nuova {n}"), n
        newest = anybody.get("/v1/jobs", params={"limit": 1}).expect(200).json["items"]
        assert job["id"] not in [item["id"] for item in newest], n


CLOSES, ATTEMPTS, BOUND, LOOKS = 200, 3, 0.1, 20


def closes(account, client):
    """Seconds from the answer to each closing until the other server shows the vacancy nowhere, in order; and what each look takes,
    just before, in order."""
    def shown(n, job):
        return job in found(client, q=f"breve {n}") or \
            job in [item["id"] for item in client.get("/v1/jobs", params={"limit": 20}).expect(200).json["items"]]
    ids = [account.client.post("/v1/jobs", vacancy(title=f"Assistente breve {n}")).expect(201).json["id"] for n in range(CLOSES)]
    late, looks = [], []
    for n, job in enumerate(ids):
        wait_for(lambda n=n, job=job: job in found(client, q=f"breve {n}"), what="the vacancy on the other server")
        began = time.monotonic()
        assert not shown(n, None)  # both questions
        looks.append(time.monotonic() - began)
        account.client.patch(f"/v1/jobs/{job}", {"status": "closed", "close_reason": "filled"}).expect(200)
        began = time.monotonic()
        while shown(n, job):
            assert time.monotonic() - began < 60
        late.append(time.monotonic() - began)
    return sorted(late), sorted(looks)


def test_a_closed_vacancy_is_gone_from_another_instance(one, postgres, place, tmp_path):
    """Bound: 100 ms in 99 of 100 cases (docs/search.md), from the answer to the closing to two answers without it. Both servers,
    PostgreSQL and the sanitizer share the machine with whatever else runs on it: where two answers alone take long, the bound is
    twenty times what these take in 99 of 100 cases, and it is to be seen in one of three attempts. An instance that is not told looks once
    a second: that is beyond either."""
    account = signed_in(one, postgres, place)
    told = []
    with serving(tmp_path, postgres) as other:
        client = other.client()
        for _ in range(ATTEMPTS):
            late, looks = closes(account, client)
            p99, look = (times[math.ceil(CLOSES * 0.99) - 1] for times in (late, looks))
            told.append(f"p50 {late[CLOSES // 2] * 1000:.1f} p99 {p99 * 1000:.1f} most {late[-1] * 1000:.1f}, a look {look * 1000:.1f}")
            kept = p99 < max(BOUND, LOOKS * look)
            if kept:
                break
    print("closed vacancy gone after ms:", "; ".join(told))
    assert kept, told


def test_without_an_index(place, postgres, tmp_path):
    """--search-memory 0: PostgreSQL searches, with the same answer."""
    with serving(tmp_path, postgres, "--search-memory", "0") as server:
        agrees(server.client(), postgres)


def long_text(dice):
    """20,000 signs of words that no other text has: of what an index keeps the most."""
    return " ".join("".join(dice.choice("bcdfglmnprstv") + dice.choice("aeiou") for _ in range(4)) for _ in range(2200))


def test_beyond_the_memory_it_may_take(place, postgres, tmp_path):
    """An index that grows beyond --search-memory is given up, and one that would be larger is not made: PostgreSQL searches, with
    the same answer."""
    reached = b"event=search_memory_reached"
    with serving(tmp_path, postgres, "--search-memory", "4") as server:
        account, dice = signed_in(server, postgres, place), random.Random(3)
        agrees(server.client(), postgres)
        assert reached not in server.log
        ids = [account.client.post("/v1/jobs", vacancy(title=f"Assistente grande {n}", description=long_text(dice))).expect(201).json["id"]
               for n in range(60)]
        wait_for(lambda: reached in server.log, what="the limit")
        agrees(server.client(), postgres)
        assert server.client().get("/v1/jobs", params={"q": "grande", "facets": "role"}).expect(200).json["total"]["value"] == 60
    with serving(tmp_path, postgres, "--search-memory", "4", ready=reached) as server:
        account = signed_in(server, postgres, place)
        agrees(server.client(), postgres)
        for job in ids:
            account.client.patch(f"/v1/jobs/{job}", {"status": "closed", "close_reason": "other"}).expect(200)
            assert job not in found(server.client(), q="grande")


def test_pages_while_vacancies_come_and_go(one, postgres, place):
    """Nothing twice, and nothing that stayed the whole time is missed."""
    account = signed_in(one, postgres, place)
    stay = {account.client.post("/v1/jobs", vacancy(title=f"Assistente ferma {n}")).expect(201).json["id"] for n in range(60)}
    stop, coming = threading.Event(), []

    def come_and_go():
        client = account.client.as_(account.token)
        dice = random.Random(4)
        while not stop.is_set():
            if coming and dice.random() < 0.5:
                client.patch(f"/v1/jobs/{coming.pop(dice.randrange(len(coming)))}", {"status": "closed", "close_reason": "filled"}).expect(200)
            else:
                coming.append(client.post("/v1/jobs", vacancy(title="Assistente ferma per poco")).expect(201).json["id"])
    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        client = one.client()
        for sort in ("recent", "relevance", "salary", "distance"):
            seen, cursor, near = [], None, {"lat": 45.5, "lon": 9.2} if sort == "distance" else {}
            while True:
                page = client.get("/v1/jobs", params={"q": "ferma", "sort": sort, "limit": 5, **near,
                                                      **({"cursor": cursor} if cursor else {})}).expect(200).json
                seen += [item["id"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)), sort
            assert stay <= set(seen), sort
    finally:
        stop.set()
        thread.join()
