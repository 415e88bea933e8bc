"""The index in memory against plain SQL: two servers on one data base, one of which has no index, are asked the same while
vacancies come, change and go. Same vacancies, same order, same counts."""

import datetime
import os
import random
import time

import pytest
from support.server import Server
from support.world import in_days, vacancy

SLOW = os.environ.get("SEGRETERIA_SLOW_TESTS") == "1"
OPERATIONS, QUERIES = (10_000, 1_000) if SLOW else (250, 400)

TITLES = ["Assistente di direzione", "Executive assistant to the CEO", "Segretaria amministrativa", "Office manager",
          "Receptionist bilingue", "Personal assistant", "Segretaria legale", "Team assistant, part-time",
          "Assistente virtuale", "Città e qualità: assistente", "Medical secretary", "Direktionsassistentin"]
SENTENCES = ["Gestione dell'agenda e dei viaggi della direzione generale.", "Redazione di verbali e corrispondenza in inglese.",
             "Keep a complex diary and protect the time of the board.", "Write and translate correspondence with care.",
             "Accoglienza degli ospiti, centralino e posta.", "Excellent spreadsheets and presentations.",
             "Riservatezza, autonomia e precisione.", "Supporto **quotidiano** all'[ufficio legale](http://example.org/legale)."]
PLACES = [("IT", "Lombardia", "Milano", 45.4642, 9.19), ("IT", "Lazio", "Roma", 41.9028, 12.4964),
          ("IT", "Lombardia", "Bergamo", 45.6983, 9.6773), ("IT", "Piemonte", "Torino", 45.0703, 7.6869),
          ("GB", "Greater London", "London", 51.5072, -0.1276), ("CH", None, "Lugano", None, None)]
ROLES = ["executive_assistant", "secretary", "office_manager", "receptionist", "personal_assistant", None]
TOOLS = ["Microsoft Excel", "Outlook", "SAP", "Canva", "Notion"]
SKILLS = ["autonomy", "confidentiality", "kindness"]
DUTIES = ["diary", "travel", "expenses", "reception"]
WORDS = ["assistente", "assistenti", "segretaria", "direzione", "executive", "assistant", "agenda", "viaggi", "board", "milano",
         "inglese", "corrispondenza", "office", "città", "qualita", "excel", "diary", "legale", "assist", "the", "di", "zebra",
         "direzoine", "segreteria", "corrispondnza", "Lario"]
FACETS = ["role", "employment_type", "contract", "work_mode", "confidentiality_level", "country", "region", "city", "company",
          "language", "tool", "soft_skill", "duty", "salary", "published"]


def random_vacancy(dice):
    country, region, city, lat, lon = dice.choice(PLACES)
    pay = dice.randrange(20, 70) * 1000
    unit = dice.choice(["year", "year", "month", "hour"])
    amount = {"year": pay, "month": pay // 13, "hour": pay // 2080}[unit]
    location = {"country": country, "region": region, "city": city, "latitude": lat, "longitude": lon}
    document = vacancy(
        title=dice.choice(TITLES), description=" ".join(dice.sample(SENTENCES, dice.randint(1, 4))),
        language=dice.choice(["it", "it", "en", "en-GB", "de", None]), role=dice.choice(ROLES),
        employment_type=dice.choice(["full_time", "part_time", None]), contract=dice.choice(["permanent", "fixed_term", None]),
        work_mode=dice.choice(["hybrid", "on_site", "remote", None]),
        location={name: value for name, value in location.items() if value is not None},
        salary={"min": amount, "max": amount + dice.randrange(0, amount // 2 + 1),
                "currency": dice.choice(["EUR", "EUR", "EUR", "GBP", "CHF"]), "unit": unit},
        valid_through=in_days(dice.choice([0, 1, 30, 60])),
        languages=[{"language": code, "level": dice.choice(["A2", "B1", "B2", "C1"]),
                    "importance": dice.choice(["must", "nice"])} for code in dice.sample(["en", "de", "fr"], dice.randint(0, 2))],
        tools=[{"name": name, "importance": "must"} for name in dice.sample(TOOLS, dice.randint(0, 3))],
        soft_skills=[{"skill": name, "importance": "must"} for name in dice.sample(SKILLS, dice.randint(0, 2))],
        duties=dice.sample(DUTIES, dice.randint(0, 3)), status=dice.choice(["published"] * 5 + ["draft"]))
    if country != "IT" and dice.random() < 0.4:
        del document["salary"]
    return document


def random_query(dice, ids):
    query = []

    def sometimes(chance, name, value):
        if dice.random() < chance:
            query.append((name, value()))

    def text():
        words = [dice.choice(WORDS) for _ in range(dice.randint(1, 3))]
        form = dice.random()
        if form < 0.15:
            return '"' + " ".join(words) + '"'
        if form < 0.25:
            return words[0] + " -" + words[-1]
        if form < 0.4:
            return " ".join(words)[:-1]
        return " ".join(words)
    sometimes(0.6, "q", text)
    sometimes(0.1, "role", lambda: dice.choice(ROLES[:-1]))
    sometimes(0.1, "work_mode", lambda: ",".join(dice.sample(["hybrid", "on_site", "remote"], 2)))
    sometimes(0.05, "contract", lambda: "permanent")
    sometimes(0.1, "country", lambda: dice.choice(["it", "GB"]))
    sometimes(0.1, "city", lambda: dice.choice(["milano", "ROMA", "London"]))
    sometimes(0.05, "region", lambda: "lombardia")
    sometimes(0.15, "language", lambda: dice.choice(["en:B2", "de:A2", "en:B1,de:C1"]))
    sometimes(0.05, "languages_fit", lambda: dice.choice(["any", "all"]))
    sometimes(0.1, "tool", lambda: dice.choice(TOOLS))
    sometimes(0.05, "soft_skill", lambda: dice.choice(SKILLS))
    sometimes(0.05, "duty", lambda: dice.choice(DUTIES))
    sometimes(0.15, "salary_min", lambda: dice.choice([20000, 30000, 45000.5]))
    sometimes(0.05, "salary_max", lambda: 60000)
    sometimes(0.05, "include_undisclosed", lambda: "true")
    sometimes(0.1, "currency", lambda: dice.choice(["EUR", "GBP", "EUR,GBP"]))
    sometimes(0.05, "office_days_max", lambda: dice.choice([0, 3]))
    sometimes(0.05, "company_id", lambda: dice.choice(ids))
    sometimes(0.05, "published_since", lambda: "2026-01-01T00:00:00Z")
    sorts = ["recent", "salary"]
    if any(name == "q" for name, _ in query):
        sorts.append("relevance")
    if dice.random() < 0.2:
        query += [("lat", 45.5), ("lon", 9.2)]
        sorts.append("distance")
        sometimes(0.5, "radius_km", lambda: dice.choice([1, 60, 600]))
    sometimes(0.3, "sort", lambda: dice.choice(sorts))
    sometimes(0.3, "facets", lambda: ",".join(dice.sample(FACETS, dice.randint(1, 5))))
    sometimes(0.1, "facet_limit", lambda: 2)
    sometimes(0.1, "fields", lambda: "title,salary")
    if any(name == "q" for name, _ in query):
        sometimes(0.1, "highlight", lambda: "true")
    query.append(("limit", dice.choice([3, 20, 100])))
    return query


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


def difference(query, left, right):
    """None: both say the same."""
    one, other = (client.get("/v1/jobs", params=query) for client in (left, right))
    a, b = one.json, other.json
    for answer in (a, b):
        answer.pop("next_cursor", None)  # signed alike, but the engine's may name another last row
        answer.pop("instance", None)
    if one.status == other.status and a == b:
        return None
    ids = [[item["id"] for item in answer.get("items", [])] for answer in (a, b)]
    if ids[0] != ids[1]:
        a["items"], b["items"] = ids
    return {name: (a.get(name), b.get(name)) for name in {*a, *b} if a.get(name) != b.get(name)}


def same(query, left, right):
    """The index shows another process's write some milliseconds later, its vocabulary some seconds."""
    for pause in (0.05, 0.2, 1, 3, 6, 12):
        found = difference(query, left, right)
        if found is None:
            return
        time.sleep(pause)
    raise AssertionError(f"{query}: {found}")


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
