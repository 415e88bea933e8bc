"""`segreteria search check`: equal when all is well, whatever the index went through; and every kind of damage is found, by name."""

import json
import os
import random
import re
import subprocess
import threading
import time

import psycopg
import pytest
import requests
from support.eventually import eventually
from support.server import BINARY, Server
from support.world import in_days, vacancy

LANGUAGES = ["en", "de", "fr", "it", "es"]


@pytest.fixture(scope="module")
def server_options():
    return ["--ops-listen", "127.0.0.1:0", "--workers", "1"]


@pytest.fixture(scope="module")
def ops(server):
    address = re.search(r"http://([^/]+)", server.process.stdout.readline().decode())[1]
    eventually(lambda: b"event=search_ready" in server.log, "the index")
    return address


@pytest.fixture(scope="module")
def check(database, ops, tmp_path_factory):
    directory = tmp_path_factory.mktemp("check")

    def run(*options, status=0, index=True):
        arguments = [BINARY, "search", "check", "--json", "--data-dir", directory, *(["--ops", ops] if index else []), *options]
        done = subprocess.run(arguments, env={**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo}, capture_output=True,
                              text=True, timeout=120, check=False)
        assert done.returncode == status, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout) if status in (0, 1) else done.stderr
    return run


def any_vacancy(dice, n, **more):
    """With something of everything that the index keeps."""
    return vacancy(
        title=dice.choice(["Assistente di direzione", "Office manager", "Receptionist", "Segretaria d'ufficio"]) + f" {n}",
        description="Supporto quotidiano, agenda e viaggi. " * dice.randint(1, 300) + dice.choice(["Verbali.", "Minutes.", "città"]),
        language=dice.choice(["it", "en", "de", None]), work_mode=dice.choice(["on_site", "hybrid", "remote", None]),
        location=dice.choice([{"country": "IT", "region": "Lombardia", "city": "Milano"}, {"country": "IT", "city": "Bergamo"},
                              {"country": "IT", "city": "Roma", "latitude": 41.9, "longitude": 12.5}]),
        languages=[{"language": code, "level": dice.choice(["A2", "B1", "C1"]), "importance": dice.choice(["must", "nice"])}
                   for code in dice.sample(LANGUAGES, dice.randint(0, 3))],
        tools=[{"name": name, "importance": "must"} for name in dice.sample(["Excel", "SAP", "Teams", "Outlook"], dice.randint(0, 3))],
        salary=dice.choice([{"min": 28000, "max": 34000, "currency": "EUR", "unit": "year"},
                            {"min": 1800, "max": 2200, "currency": "EUR", "unit": "month", "payments": 14}]),
        valid_through=in_days(dice.randint(1, 60)), **more)


@pytest.fixture(scope="module")
def jobs(world, company, ops):
    dice = random.Random(7)
    made = []
    for n in range(120):
        made.append(company.client.post("/v1/jobs", any_vacancy(dice, n)).expect(201).json)
    return made


def hurt(database, sql, *values):
    """Behind the triggers' back, as a hand in the data base might."""
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(sql, values)


def mend(database, check, job):
    """Makes the row anew, logged, and waits until the index has it."""
    database.query("select job_search_store(j, c) from jobs j join companies c on c.id = j.company_id where j.id = %s", job["id"])
    database.query("insert into job_changes (job_id) values (%s)", job["id"])
    database.query("notify segreteria_jobs")
    eventually(lambda: check("--texts")["index"]["changed_meanwhile"] == 0, "the index has read it", 20)


def faults(part):
    return {kind: part[kind]["job_ids"] for kind in ("missing", "extra", "different")}


NONE = {"missing": [], "extra": [], "different": []}


def test_equal(check, jobs, database):
    report = check("--texts")
    rows = database.value("select count(*) from job_search")
    assert report["in_step"] and faults(report["table"]) == faults(report["index"]) == NONE
    assert (report["index"]["rows"], report["index"]["vacancies"]) == (rows, rows) and rows >= 120


def test_equal_after_changes_and_merges(check, jobs, company, ops):
    dice = random.Random(8)
    for n in range(150):
        job = dice.choice(jobs)
        company.client.patch(f"/v1/jobs/{job['id']}", {"title": f"Assistente {n}", "description": "Altro testo. " * dice.randint(1, 50)})
    for job in dice.sample(jobs, 20):
        company.client.patch(f"/v1/jobs/{job['id']}", {"status": "paused"}).expect(200)
    for job in jobs:
        company.client.patch(f"/v1/jobs/{job['id']}", {"status": "published"})
    merges = re.compile(r"^segreteria_search_merges_total (\d+)$", re.MULTILINE)
    eventually(lambda: int(merges.search(requests.get(f"http://{ops}/metrics", timeout=10).text)[1]) > 0, "a merge")
    assert check("--texts")["in_step"]


def test_equal_while_vacancies_change(check, jobs, company):
    """What has not been read yet is no difference: the log says what it is."""
    stop, dice = threading.Event(), random.Random(9)

    def change():
        client = company.client.as_(company.token)
        while not stop.is_set():
            client.patch(f"/v1/jobs/{dice.choice(jobs)['id']}", {"title": f"Segretaria {dice.random()}"})

    thread = threading.Thread(target=change)
    thread.start()
    try:
        reports = [check("--texts") for _ in range(4)]
    finally:
        stop.set()
        thread.join()
    assert all(report["in_step"] for report in reports)


@pytest.mark.parametrize("column, value", [
    ("city", "'torino'"), ("salary_high", "99000"), ("valid_through", "current_date + 1"), ("dictionary", "2"),
    ("published_at", "published_at - interval '1 second'"), ("latitude", "45.0"), ("language_levels", "'{6}'"), ("tools", "'{cobol}'"),
    ("words", "setweight('altro:1', 'A')"), ("office_days", "1"), ("company_id", "uuid_v7()"),
])
def test_a_row_that_the_index_has_otherwise(check, jobs, database, column, value):
    job = jobs[11]
    if column == "language_levels":
        hurt(database, "update job_search set languages = '{en}', language_levels = '{6}', language_musts = '{t}' where job_id = %s",
             job["id"])
    else:
        hurt(database, f"update job_search set {column} = {value} where job_id = %s", job["id"])
    try:
        assert faults(check(status=1)["index"]) == {**NONE, "different": [job["id"]]}
        assert faults(check("--texts", status=1)["table"]) == {**NONE, "different": [job["id"]]}
    finally:
        mend(database, check, job)


def test_one_word_at_another_place(check, jobs, database):
    """The same words and weights, one position moved: phrases would be found wrongly."""
    job = jobs[12]
    hurt(database, "update job_search set words = (select string_agg(quote_literal(lexeme) || ':' || (select string_agg((case when "
         "lexeme = any ((select (array_agg(l order by l))[1:1] from unnest(tsvector_to_array(words)) l)::text[]) then p + 1 else p end)"
         " || w, ',') from unnest(positions, weights) as u (p, w)), ' ') from unnest(words))::tsvector where job_id = %s", job["id"])
    try:
        assert faults(check(status=1)["index"]) == {**NONE, "different": [job["id"]]}
    finally:
        mend(database, check, job)


def test_a_row_that_went_unseen(check, jobs, database):
    job = jobs[13]
    hurt(database, "delete from job_search where job_id = %s", job["id"])
    report = check(status=1)
    assert faults(report["index"]) == {**NONE, "extra": [job["id"]]}
    assert faults(report["table"]) == {**NONE, "missing": [job["id"]]}
    mend(database, check, job)


def test_a_vacancy_published_unseen(check, company, database, server):
    client = server.client(company.token)  # the other connection may have been idle for too long
    draft = client.post("/v1/jobs", vacancy(status="draft")).expect(201).json
    hurt(database, "update jobs set status = 'published', published_at = now() where id = %s", draft["id"])
    report = check(status=1)
    assert faults(report["table"]) == {**NONE, "missing": [draft["id"]]} and faults(report["index"]) == NONE
    hurt(database, "update jobs set status = 'draft', published_at = null where id = %s", draft["id"])


def test_a_vacancy_closed_unseen(check, jobs, database):
    job = jobs[14]
    hurt(database, "update jobs set status = 'paused' where id = %s", job["id"])
    assert faults(check(status=1, index=False)["table"]) == {**NONE, "extra": [job["id"]]}
    hurt(database, "update jobs set status = 'published' where id = %s", job["id"])


@pytest.mark.parametrize("change, cheap", [("title = 'Un altro titolo'", True), ("version = version + 1", True),
                                           ("description = 'Altro.'", False), ("city = 'Torino'", False)])
def test_a_vacancy_changed_unseen(check, jobs, database, change, cheap):
    """Columns that cost little are always compared, texts when asked."""
    job = jobs[15]
    before = database.query("select title, version, description, city from jobs where id = %s", job["id"])[0]
    hurt(database, f"update jobs set {change} where id = %s", job["id"])
    try:
        found = {**NONE, "different": [job["id"]]}
        assert faults(check(status=1 if cheap else 0, index=False)["table"]) == (found if cheap else NONE)
        assert faults(check("--texts", status=1, index=False)["table"]) == found
    finally:
        hurt(database, "update jobs set title = %s, version = %s, description = %s, city = %s where id = %s", *before, job["id"])


def test_for_people(check, jobs, database, ops, tmp_path):
    job = jobs[16]

    def run():
        done = subprocess.run([BINARY, "search", "check", "--ops", ops], env={**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo},
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    status, text = run()
    assert status == 0 and re.search(r"table: 0 rows are not .*\nindex: 0 vacancies of \d+ are not as in the table", text)
    hurt(database, "update job_search set city = 'torino' where job_id = %s", job["id"])
    status, text = run()
    assert status == 1 and f"index: different: {job['id']}\n" in text
    mend(database, check, job)


def test_what_cannot_be_looked_at(check, server, database, cluster, tmp_path):
    assert "--ops-listen?" in check("--ops", f"{server.host}:{server.port}", status=3, index=False)
    assert "127.0.0.1:1" in check("--ops", "127.0.0.1:1", status=3, index=False)
    other = cluster.create("search_check_other")
    try:
        done = subprocess.run([BINARY, "search", "check"], env={**os.environ, "SEGRETERIA_DATABASE_URL": other.conninfo + " dbname=postgres"},
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 3 and "segreteria migrate" in done.stderr
    finally:
        cluster.drop(other)


def test_a_server_without_an_index(check, database, tmp_path):
    running = Server(tmp_path, database.conninfo, ["--ops-listen", "127.0.0.1:0", "--workers", "1", "--search-memory", "0"])
    try:
        address = re.search(r"http://([^/]+)", running.process.stdout.readline().decode())[1]
        assert "no index" in check("--ops", address, status=3, index=False)
        assert requests.get(f"http://{address}/search/state", timeout=10).json()["code"] == "unavailable"
    finally:
        running.stop()


@pytest.mark.parametrize("arguments", [[], ["look"], ["check", "twice"], ["check", "--nothing"]])
def test_used_wrongly(arguments):
    done = subprocess.run([BINARY, "search", *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "Try: segreteria search --help" in done.stderr


def test_the_state_as_it_is_told(ops, database, jobs):
    answer = requests.get(f"http://{ops}/search/state", timeout=10)
    head, _, entries = answer.content.partition(b"\n")
    name, version, place, snapshot, count = head.split()
    assert (name, version) == (b"segreteria-search-state", b"1") and re.fullmatch(rb"\d+\.[0-9A-F]{8}", place)
    assert re.fullmatch(rb"\d+:\d+:[\d,]*", snapshot) and len(entries) == 24 * int(count)
    ids = {entries[at:at + 16].hex() for at in range(0, len(entries), 24)}
    assert ids == {str(row[0]).replace("-", "") for row in database.query("select job_id from job_search")}
    began = time.monotonic()
    requests.head(f"http://{ops}/search/state", timeout=10)
    assert time.monotonic() - began < 5
