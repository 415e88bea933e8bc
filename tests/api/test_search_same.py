"""The index in memory against plain SQL: two servers on one data base, one of which has no index, are asked the same while
vacancies come, change and go. Same vacancies, same order, same counts."""

import os
import random
import time

import pytest
from support.search import TITLES, random_query, random_vacancy, same
from support.server import Server

SLOW = os.environ.get("SEGRETERIA_SLOW_TESTS") == "1"
OPERATIONS, QUERIES = (10_000, 1_000) if SLOW else (250, 400)

@pytest.fixture(scope="module")
def plain(database, server, tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("plain"), database.conninfo, ["--search-memory", "0", "--workers", "1"])
    yield running
    running.stop()


def ready(server):
    deadline = time.monotonic() + 30
    while b"event=search_ready" not in server.log and time.monotonic() < deadline:
        time.sleep(0.02)
    assert b"event=search_ready" in server.log


def test_the_index_answers_as_plain_sql_does(server, plain, world, database):
    dice = random.Random(20261123)
    companies = [world.company(name=name) for name in ("Lario Meccanica", "Studio Bianchi", "Northern Light Ltd")]
    ready(server)
    index, sql = server.client(), plain.client()
    jobs = []
    for n in range(OPERATIONS):
        company = dice.choice(companies)
        deed = dice.random()
        if deed < 0.5 or not jobs:
            job = company.client.post("/v1/jobs", random_vacancy(dice)).expect(201).json
            jobs.append((company, job["id"]))
        else:
            owner, job_id = dice.choice(jobs)
            if deed < 0.75:
                change = {"title": dice.choice(TITLES), "salary": random_vacancy(dice).get("salary")}
            elif deed < 0.85:
                change = {"status": "paused"}
            elif deed < 0.95:
                change = {"status": "published"}
            else:
                change = {"status": "closed", "close_reason": "filled"}
            owner.client.patch(f"/v1/jobs/{job_id}", change)  # what is not allowed is refused
        if n % 50 == 49:  # a vacancy's last day passes without anything being written
            database.query("update jobs set valid_through = current_date - 1 where id = %s", dice.choice(jobs)[1])
        if n % 100 == 99:
            companies[2].client.patch(f"/v1/companies/{companies[2].id}", {"name": f"Northern Light {n}"}).expect(200)
        if n % 10 == 9:
            for _ in range(max(1, QUERIES * 10 // OPERATIONS)):
                same(random_query(dice, [c.id for c in companies]), index, sql)


TYPED = ["a", "as", "assist", "assistente di", "assistente d", "executive a", "segr", "office manager", "off", "p", "per", "mil", "ro",
         "firenze", "lon", "londr", "ex", "exc", "sap", "out", "città", "Qualità e", "il", "dir", "assistant to the c", "assistente dir",
         "bilingue rec", "part t", "zzz", "milano", "помощ", "'", "legale segretaria"]


def test_completions_and_similar_vacancies_alike(server, plain, world, database):
    dice = random.Random(110)
    ready(server)
    index, sql = server.client(), plain.client()
    companies = [world.company(name=name) for name in ("Studio Verdi", "Valtellina Trasporti")]
    jobs = [(firm, firm.client.post("/v1/jobs", random_vacancy(dice)).expect(201).json["id"])
            for firm in (dice.choice(companies) for _ in range(60))]

    def alike(path, params, language):
        for pause in (0.05, 0.2, 1, 3, 6, 12):
            answers = [client.get(path, params=params, headers={"Accept-Language": language}) for client in (index, sql)]
            if answers[0].status == answers[1].status and (answers[0].status != 200 or answers[0].json == answers[1].json):
                return answers[0]
            time.sleep(pause)
        raise AssertionError((path, params, [answer.json for answer in answers]))
    for _ in range(3):
        for typed in TYPED:
            alike("/v1/jobs/suggest", [("q", typed), ("limit", dice.choice([1, 5, 20]))], dice.choice(["it", "en"]))
        compared = [alike(f"/v1/jobs/{job}/similar", [("limit", dice.choice([3, 20, 100]))], "en") for _, job in jobs]
        assert sum(answer.status == 200 and len(answer.json["items"]) > 3 for answer in compared) > 5
        for firm, job in dice.sample(jobs, 15):
            firm.client.patch(f"/v1/jobs/{job}", dice.choice([{"status": "paused"}, {"status": "closed", "close_reason": "filled"}]))
        for _, job in dice.sample(jobs, 5):
            database.query("update jobs set valid_through = current_date - 1 where id = %s", job)


def test_pages_follow_each_other_alike(server, plain, world):
    ready(server)
    for query in ([], [("q", "assistente")], [("sort", "salary")], [("lat", 45.5), ("lon", 9.2), ("sort", "distance")],
                  [("q", "assist"), ("sort", "relevance")], [("q", "direzione"), ("facets", "city")]):
        pages = []
        for client in (server.client(), plain.client()):
            ids, cursor = [], None
            while True:
                more = [("cursor", cursor)] if cursor else []
                answer = client.get("/v1/jobs", params=query + [("limit", 7)] + more).expect(200).json
                ids += [item["id"] for item in answer["items"]]
                cursor = answer["next_cursor"]
                if cursor is None:
                    break
            assert len(ids) == len(set(ids))
            pages.append(ids)
        assert pages[0] == pages[1], query


def test_pages_of_a_misspelt_query(server, plain, world):
    """All are of the corrected query, also when a vacancy with the misspelt word comes between them."""
    ready(server)
    company = world.company(name="Errori & Figli")
    ids = [world.job(company, title=f"Zibaldone {n}", description="Riordino dell'archivio.")["id"] for n in range(5)][::-1]
    index, sql = server.client(), plain.client()
    asked = {"q": "zibladone riodino", "limit": 2}
    for client in (index, sql):
        until = time.monotonic() + 20
        while not client.get("/v1/jobs", params=asked).expect(200).json["items"] and time.monotonic() < until:
            time.sleep(0.1)  # the vocabulary is read anew some seconds after a change
    firsts = [client.get("/v1/jobs", params=asked).expect(200).json for client in (index, sql)]
    world.job(company, title="Zibladone e riodino")
    for client, page in zip((index, sql), firsts):
        seen = [item["id"] for item in page["items"]]
        rest = client.get("/v1/jobs", params={**asked, "cursor": page["next_cursor"]}, headers={"Accept": "application/x-ndjson"})
        assert [line["id"] for line in rest.expect(200).lines] == ids[2:]
        while page["next_cursor"]:
            page = client.get("/v1/jobs", params={**asked, "cursor": page["next_cursor"]}).expect(200).json
            seen += [item["id"] for item in page["items"]]
            assert page["corrected_query"] == "zibaldone riordino" and page["total"]["value"] == 5
        assert seen == ids
    other = [index, sql]  # a cursor of the one goes on with the other
    for page, client in zip(firsts, other[::-1]):
        page = client.get("/v1/jobs", params={**asked, "cursor": page["next_cursor"]}).expect(200).json
        assert [item["id"] for item in page["items"]] == ids[2:4]


def test_places_mean_the_same(server, plain, world):
    """The index' plans and those of plain SQL: what `near` is taken to mean, what is found there, what is refused."""
    ready(server)
    company = world.company(name="Sedi Riunite")
    ids = [world.job(company, location={"country": country, "city": city})["id"]
           for country, city in (("IT", "Caltanissetta"), ("IT", "Gela"), ("AT", "Wien"), ("IT", "Cosenza"))]
    index, sql = server.client(), plain.client()
    for near, found in (("CL", [0]), ("CS", [3]), ("Gela, Sicily", [1]), ("Gela, CL, Italia", [1]), ("Vienna, Austria", [2]),
                        ("Wien, Österreich", [2]), ("Castro, Italia", "ambiguous_place"), ("Gela, Toscana", "unknown_place"),
                        ("Austria", "unknown_place")):
        asked = {"near": near, "radius_km": 5, "company_id": company.id}
        same([*asked.items()], index, sql)
        for client in (index, sql):
            answer = client.get("/v1/jobs", params=asked)
            if isinstance(found, str):
                assert answer.expect(422, found).errors == {("near", found)}
            else:
                assert [ids.index(item["id"]) for item in answer.expect(200).json["items"]] == found
