"""Published vacancies for measurements of search, straight into a migrated data base: any number, the same for the same number.

Skew as in life: roles, cities (by inhabitants), companies and words follow Zipf's law. Texts are grown from those of `segreteria
demo`, and from real ones where SEGRETERIA_REAL_VACANCIES names a folder of them: which word follows which is theirs, and one word
in thirty is of a long tail of rare ones. What search looks at is filled as the server would; documents are left out.
"""
import bisect
import datetime
import itertools
import json
import os
import random
import re
import sys
import threading
import uuid
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
RARE_WORDS = 60000
SENTENCES = (3, 14)
ROLES = ["administrative_assistant", "secretary", "receptionist", "executive_assistant", "office_clerk", "personal_assistant",
         "office_manager", "legal_secretary", "team_assistant", "medical_secretary", "management_assistant", "virtual_assistant",
         "chief_of_staff"]
TITLES = {
    "it": {"administrative_assistant": "Assistente amministrativa/o", "secretary": "Segretaria/o", "receptionist": "Addetta/o alla reception",
           "executive_assistant": "Assistente di direzione", "office_clerk": "Impiegata/o d'ufficio", "personal_assistant": "Assistente personale",
           "office_manager": "Office manager", "legal_secretary": "Segretaria/o studio legale", "team_assistant": "Team assistant",
           "medical_secretary": "Segretaria/o medica/o", "management_assistant": "Assistente di management",
           "virtual_assistant": "Assistente virtuale", "chief_of_staff": "Chief of staff"},
    "en": {role: role.replace("_", " ").capitalize() for role in ROLES},
}
ENDINGS = {"it": ["", "", " junior", " senior", " part-time", ", sostituzione maternità", ", ufficio acquisti", ", casa di moda", ", direzione generale"],
           "en": ["", "", " to the CEO", ", part-time", ", maternity cover", ", legal department", " to the board", ", family office"]}
TOOLS = ["Microsoft 365", "Microsoft Excel", "SAP", "Google Workspace", "Microsoft Teams", "Zoom", "SAP Concur", "Notion", "Zucchetti", "DocuSign",
         "Diligent", "Slack", "Canva", "Trello", "AS/400", "Salesforce", "Amadeus"]
LEVELS = ["A1", "A2", "B1", "B2", "C1", "C2"]
DUTIES = ["diary", "travel", "events", "expenses", "board_minutes", "correspondence", "reception", "purchasing"]
SKILLS = ["confidentiality", "time_management", "proactivity", "reliability", "kindness", "flexibility"]
FOREIGN = [("GB", None, "London", 51.5085, -0.1257), ("CH", None, "Lugano", 46.0101, 8.96), ("DE", None, "Berlin", 52.5244, 13.4105),
           ("FR", None, "Paris", 48.8534, 2.3488), ("ES", None, "Barcelona", 41.3888, 2.159), ("BE", None, "Bruxelles", 50.8505, 4.3488)]


class Zipf:
    """Numbers below n, the k-th with a weight of 1 / (k + 1)."""

    def __init__(self, n):
        self.sums = list(itertools.accumulate(1 / (k + 1) for k in range(n)))

    def pick(self, rng):
        return bisect.bisect(self.sums, rng.random() * self.sums[-1])


class Text:
    """Sentences of a language: what follows a word is what followed it in the texts that were read."""

    def __init__(self, texts, rare):
        self.after, self.starts, self.rare, self.zipf = {}, [], rare, Zipf(len(rare))
        for text in texts:
            for sentence in re.split(r"[.!?\n]+", text):
                words = re.findall(r"[^\W\d_][\w'-]*", sentence)
                if len(words) > 3:
                    self.starts.append(words[0])
                    for one, two in itertools.pairwise(words):
                        self.after.setdefault(one, []).append(two)

    def sentence(self, rng):
        word, said = self.starts[int(rng.random() * len(self.starts))], []
        for _ in range(6 + int(rng.random() * 18)):
            said.append(word if rng.random() > 1 / 30 else self.rare[self.zipf.pick(rng)])
            following = self.after.get(word)
            if following is None:
                break
            word = following[int(rng.random() * len(following))]
        return " ".join(said)

    def text(self, rng):
        return ". ".join(self.sentence(rng) for _ in range(rng.randint(*SENTENCES))) + "."


def source_texts():
    texts = {"it": [], "en": []}
    for company in json.loads((ROOT / "src/cli/demo.json").read_text(encoding="utf-8"))["companies"]:
        for job in company["jobs"]:
            texts.get(job.get("language"), texts["en"]).append(job.get("description", ""))
    folder = os.environ.get("SEGRETERIA_REAL_VACANCIES")
    if folder:
        with open(Path(folder) / "ads_fulltext.ndjson", encoding="utf-8") as lines:
            for line in lines:
                ad = json.loads(line)
                texts["en"].append(re.sub(r"<[^>]+>|&\w+;|#\w+#", " ", ad["description"] + ". " + ad["requirements"]))
    return texts


def rare_words(rng, n):
    syllables = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sta", "tre", "vi", "zo", "qua", "ser", "lin", "mon", "per", "cal"]
    made = set()
    while len(made) < n:
        made.add("".join(rng.choice(syllables) for _ in range(rng.randint(2, 5))))
    return sorted(made)


def identifier(kind, number):
    rng = random.Random(f"{kind}.{number}")
    return str(uuid.UUID(int=((1790000000000 + number * 20) << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | (2 << 62) | rng.getrandbits(62)))


class Corpus:
    def __init__(self, connection, n, seed=1):
        self.n, self.seed, rng = n, seed, random.Random(seed)
        rare = rare_words(rng, RARE_WORDS)
        rng.shuffle(rare)
        texts = source_texts()
        self.texts = {lang: Text(texts[lang], rare) for lang in texts}
        towns = connection.execute("select country, region, coalesce(local_name, name), latitude, longitude, population from places"
                                   " where country = 'IT' order by population desc limit 1500").fetchall()
        self.towns = [town[:5] for town in towns] + FOREIGN
        self.town_sums = list(itertools.accumulate([town[5] for town in towns] + [300000] * len(FOREIGN)))
        self.companies = [(identifier("company", i), f"Azienda {rare[(i * 7) % len(rare)].capitalize()} {i}") for i in range(max(n // 40, 1))]
        self.company, self.role, self.tool = Zipf(len(self.companies)), Zipf(len(ROLES)), Zipf(len(TOOLS))
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    def vacancy(self, i):
        rng = random.Random(f"{self.seed}.{i}")
        lang = "it" if rng.random() < 0.7 else "en"
        role = ROLES[self.role.pick(rng)]
        country, region, city, latitude, longitude = self.towns[bisect.bisect(self.town_sums, rng.random() * self.town_sums[-1])]
        mode = rng.choices(["on_site", "hybrid", "remote"], [6, 3, 1])[0]
        low = 18000 + 500 * int(rng.expovariate(1 / 20))
        pay = (low, low + 500 * rng.randint(1, 16)) if rng.random() < 0.85 else (None, None)
        languages = [(code, rng.choices(range(1, 7), [1, 2, 4, 6, 4, 1])[0], rng.random() < 0.7)
                     for code, share in (("en", 0.7), ("fr", 0.15), ("de", 0.12), ("es", 0.08)) if rng.random() < share]
        return {
            "id": identifier("job", i), "company": self.companies[self.company.pick(rng)], "lang": lang, "role": role,
            "title": TITLES[lang][role] + rng.choice(ENDINGS[lang]), "text": self.texts[lang].text(rng), "country": country,
            "region": region, "city": city, "latitude": latitude, "longitude": longitude, "mode": mode,
            "days": {"remote": 0, "hybrid": rng.randint(1, 4), "on_site": 5}[mode],
            "type": rng.choices(["full_time", "part_time", "temporary"], [7, 2, 1])[0],
            "contract": rng.choices(["permanent", "fixed_term", "agency"], [6, 3, 1])[0], "pay": pay,
            "currency": {"GB": "GBP", "CH": "CHF"}.get(country, "EUR"), "languages": languages,
            "tools": sorted({TOOLS[self.tool.pick(rng)] for _ in range(rng.randint(0, 5))}),
            "duties": sorted(rng.sample(DUTIES, rng.randint(0, 4))), "skills": sorted(rng.sample(SKILLS, rng.randint(0, 3))),
            "at": self.now - datetime.timedelta(seconds=(self.n - i) * 20),
            "until": (self.now + datetime.timedelta(days=rng.randint(10, 200))).date(),
        }


def card(v):
    at = v["at"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    members = {
        "id": v["id"], "company": {"id": v["company"][0], "name": v["company"][1], "kind": "employer", "verified": False},
        "title": v["title"], "language": v["lang"], "role": v["role"], "employment_type": v["type"], "contract": v["contract"],
        "work_mode": v["mode"], "location": {name: v[name] for name in ("country", "region", "city", "latitude", "longitude") if v[name]},
        "languages": [{"level": LEVELS[level - 1], "language": code, "importance": "must" if must else "nice"}
                      for code, level, must in v["languages"]],
        "confidentiality_level": "standard", "openings": 1, "valid_through": v["until"].isoformat(), "status": "published",
        "published_at": at, "created_at": at, "updated_at": at, "version": 1}
    if v["pay"][0]:
        members["salary"] = {"min": v["pay"][0], "max": v["pay"][1], "currency": v["currency"], "unit": "year"}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


WORDS = """
insert into job_search (job_id, version, published_at, valid_through, dictionary, company_id, role, employment_type, contract,
    work_mode, confidentiality_level, country, region, city, latitude, longitude, salary_currency, salary_low, salary_high,
    office_days, languages, language_levels, language_musts, tools, soft_skills, duties, title, words)
select b.job_id, 1, b.published_at, b.valid_through, b.dictionary, b.company_id, b.role, b.employment_type, b.contract, b.work_mode,
    'standard', b.country, search_fold(b.region), search_fold(b.city), b.latitude, b.longitude,
    case when b.salary_low is not null then b.currency end, b.salary_low, b.salary_high, b.office_days, b.languages, b.levels, b.musts,
    array(select search_tool_key(t) from unnest(b.tools) as t order by 1), b.skills, b.duties, search_fold(b.title),
    ts_delete(search_join(search_join(search_join(setweight(to_tsvector(d.config, search_fold(b.title)), 'A'), r.words),
        setweight(to_tsvector(d.config, search_fold(array_to_string(b.tools, ' ') || ' ' || b.company || ' ' || b.city
            || ' ' || coalesce(b.region, ''))), 'C')),
        setweight(to_tsvector(d.config, search_fold(b.description)), 'D')), '|')
from bench_vacancies b join search_dictionaries d on d.id = b.dictionary
join role_words r on r.role = b.role and r.dictionary = b.dictionary
where b.n %% 2 = %s
"""


def copy_rows(connection, corpus, first, last):
    with connection.cursor() as cursor:
        with cursor.copy("copy bench_vacancies from stdin") as out:
            for i in range(first, last):
                v = corpus.vacancy(i)
                out.write_row((i, v["id"], v["at"], v["until"], 1 if v["lang"] == "it" else 2, v["company"][0], v["company"][1], v["role"],
                               v["type"], v["contract"], v["mode"], v["country"], v["region"], v["city"], v["latitude"], v["longitude"],
                               v["currency"], *v["pay"], v["days"], [code for code, _, _ in v["languages"]],
                               [level for _, level, _ in v["languages"]], [must for _, _, must in v["languages"]], v["tools"], v["skills"],
                               v["duties"], v["title"], v["text"], card(v)))


def fill(conninfo, n, seed=1):
    """n published vacancies in a migrated data base that has none; superuser, because triggers are left out."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set synchronous_commit = off")
        corpus = Corpus(connection, n, seed)
        connection.execute(
            "create unlogged table bench_vacancies (n bigint, job_id uuid, published_at timestamptz, valid_through date, dictionary smallint,"
            " company_id uuid, company text, role text, employment_type text, contract text, work_mode text, country text, region text,"
            " city text, latitude double precision, longitude double precision, currency text, salary_low bigint, salary_high bigint,"
            " office_days smallint, languages text[], levels smallint[], musts boolean[], tools text[], skills text[], duties text[],"
            " title text, description text, card text)")
        with connection.cursor() as cursor, cursor.copy(
                "copy companies (id, kind, legal_name, name, country) from stdin") as out:
            for company, name in corpus.companies:
                out.write_row((company, "employer", name + " S.r.l.", name, "IT"))
        copy_rows(connection, corpus, 0, n)
        connection.execute("select count(role_words_of(code, d::smallint)) from roles, (values (1), (2)) as v (d)")
        connection.execute(
            "insert into jobs (id, company_id, title, description, language, role, status, published_at, created_at, updated_at, valid_through,"
            " country, region, city) select job_id, company_id, title, description, case dictionary when 1 then 'it' else 'en' end, role,"
            " 'published', published_at, published_at, published_at, valid_through, country, region, city from bench_vacancies order by n")
        connection.execute(
            "insert into job_cards (job_id, company_id, status, published_at, created_at, valid_through, role, employment_type, contract,"
            " work_mode, confidentiality_level, country, region, city, card) select job_id, company_id, 'published', published_at,"
            " published_at, valid_through, role, employment_type, contract, work_mode, 'standard', country, region, city, card"
            " from bench_vacancies order by n")
        connection.execute("drop index job_search_words")
        connection.execute("set session_replication_role = origin")

        def words(part):
            with psycopg.connect(conninfo, autocommit=True) as other:
                other.execute("set session_replication_role = replica")
                other.execute("set synchronous_commit = off")
                other.execute(WORDS, (part,))
        threads = [threading.Thread(target=words, args=(part,)) for part in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        connection.execute("create index job_search_words on job_search using gin (words)")
        connection.execute(
            "insert into search_labels select distinct on (1, 2) kind, key, label from (select 'city', search_fold(city), city from"
            " bench_vacancies union select 'region', search_fold(region), region from bench_vacancies where region is not null"
            " union select 'tool', search_tool_key(t), t from unnest(%s::text[]) as t) as l (kind, key, label) where key <> ''"
            " order by 1, 2, 3 on conflict do nothing", (TOOLS,))
        connection.execute(
            "insert into search_words (dictionary, word, lexeme) select d.id, w, lexeme from (select distinct w from"
            " (select * from bench_vacancies order by n limit 50000) as part, unnest(string_to_array(search_fold(description || ' ' || title"
            " || ' ' || company || ' ' || city), ' ')) as w where length(w) between 3 and 30 and w !~ '[0-9]') as said,"
            " search_dictionaries d, lateral (select (tsvector_to_array(to_tsvector(d.config, w)))[1] as lexeme) as l"
            " where d.id in (1, 2) and lexeme is not null on conflict do nothing")
        connection.execute("drop table bench_vacancies")
        connection.execute("vacuum analyze jobs, job_cards, job_search, companies, search_words")
    return corpus


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
