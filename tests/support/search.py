"""Random vacancies and random searches, and the comparison of what two servers answer: one with an index, one without."""

import time

from support.world import in_days, vacancy

TITLES = ["Assistente di direzione", "Executive assistant to the CEO", "Segretaria amministrativa", "Office manager",
          "Receptionist bilingue", "Personal assistant", "Segretaria legale", "Team assistant, part-time",
          "Assistente virtuale", "Città e qualità: assistente", "Medical secretary", "Direktionsassistentin",
          "Секретарь руководителя"]
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
         "direzoine", "segreteria", "corrispondnza", "Lario", "dire8ione", "агенда", "секретрь", "руководитль"]
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
