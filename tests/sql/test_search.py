"""Search in plain SQL (docs/search.md): words, tiers, filters, counts, order, and queries that mean harm."""

import datetime
import json

import pytest
from conftest import JOB, Company, new_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VACANCIES = {
    "direzione": {"title": "Assistente di direzione", "language": "it", "role": "executive_assistant", "work_mode": "hybrid",
                  "description": "Agenda, viaggi e **verbali** del consiglio. Proattività e riservatezza.",
                  "location": {"country": "IT", "city": "Milano"}, "employment_type": "full_time",
                  "salary": {"min": 32000, "max": 38000, "currency": "EUR", "unit": "year"},
                  "languages": [{"language": "en", "level": "C1", "importance": "must"}],
                  "tools": [{"name": "Microsoft 365", "importance": "must"}], "duties": ["diary", "travel"],
                  "soft_skills": [{"skill": "confidentiality", "importance": "must"}]},
    "studio": {"title": "Segretaria studio legale", "language": "it", "role": "legal_secretary", "work_mode": "on_site",
               "description": "Studio di avvocati. Assistente alla direzione dello studio: [sito](https://esempio.example/assistente-virtuale).",
               "location": {"country": "IT", "region": "Lombardia", "city": "MILANO"}, "employment_type": "part_time",
               "salary": {"min": 1500, "currency": "EUR", "unit": "month", "payments": 14},
               "languages": [{"language": "en", "level": "B1", "importance": "nice"}],
               "tools": [{"name": "Processo civile telematico", "importance": "must"}, {"name": "microsoft 365", "importance": "nice"}]},
    "ceo": {"title": "Executive Assistant to the CEO", "language": "en", "role": "executive_assistant", "work_mode": "remote",
            "description": "Diaries, board minutes and travel. Assistants of other teams will look to you.",
            "location": {"country": "GB", "city": "London"}, "employment_type": "full_time",
            "salary": {"min": 45000, "max": 55000, "currency": "GBP", "unit": "year"},
            "languages": [{"language": "en", "level": "C2", "importance": "must"}, {"language": "fr", "level": "B2", "importance": "must"}],
            "tools": [{"name": "Notion", "importance": "nice"}]},
    "reception": {"title": "Receptionist part-time", "language": "it", "role": "receptionist", "work_mode": "on_site",
                  "description": "Accoglienza e centralino.", "location": {"country": "IT", "city": "Roma"},
                  "employment_type": "part_time", "salary": {"min": 9.5, "max": 10.5, "currency": "EUR", "unit": "hour"}},
    "hidden_pay": {"title": "Büroassistentin", "language": "de", "role": "team_assistant", "description": "Terminplanung und Reisen.",
                   "location": {"country": "DE", "city": "Berlin"}, "salary": None, "valid_through": None},
    "plain": {"title": "Office clerk", "language": None, "role": None, "description": "Data entry.", "location": None,
              "salary": {"max": 20000, "currency": "EUR", "unit": "year"}},
}


@pytest.fixture(scope="module")
def jobs(db):
    """{id: name} of the vacancies above, published a day after each other, the last of them now; and some that nobody finds."""
    company, other = Company(db), Company(db, country="GB")
    made = {}
    for number, (name, members) in enumerate(VACANCIES.items()):
        owner = other if name in ("ceo", "hidden_pay", "plain") else company
        made[owner.job(**{"valid_through": "2099-12-31", **members})] = name
        db.execute("update jobs set published_at = now() - %s * interval '25 hours' where id = %s",
                   len(VACANCIES) - 1 - number, list(made)[-1])
    company.call("jobs_create", new_id=new_id(), body={**JOB, "title": "Bozza di segretaria"})
    paused, expired = company.job(title="Segretaria in pausa"), company.job(title="Segretaria scaduta")
    company.patch(paused, status="paused")
    db.execute("update jobs set valid_through = utc_today() - 1 where id = %s", expired)
    return made


def search(db, **asked):
    answer = db.call("jobs_search", **{"limit": 100, "lang": "en", **asked})
    if answer["status"] == 200:
        answer.update(json.loads("{" + (answer["members"] or "") + "}"))
    return answer


def names(db, jobs, **asked):
    answer = search(db, **asked)
    assert answer["status"] == 200, answer
    found = " ".join(jobs.get(item["id"], "?") for item in answer["items"])
    if "total" in answer and asked.get("after") is None and asked.get("limit", 100) == 100:
        assert answer["total"] == {"value": len(answer["items"]), "accuracy": "exact"}
    return found


@pytest.mark.parametrize("q, found", [
    ("assistente direzione", "direzione ceo studio"),  # in the title, by the role's other name, in the description
    ("ASSISTENTI", "direzione ceo studio"), ("segretaria", "studio hidden_pay ceo direzione"),
    ("secretary", "hidden_pay ceo studio direzione"), ("assistant", "ceo hidden_pay studio direzione"),
    ("proattivita", "direzione"), ("Proattività", "direzione"), ("buroassistentin", "hidden_pay"),
    ("\"assistant to the CEO\"", "ceo direzione"), ("\"executive ceo\"", ""), ("\"consiglio agenda\"", ""),
    ("\"assistente direzione\"", ""), ("\"assistente di direzione\"", "direzione ceo studio"),
    ("part-time", "reception"), ("\"time part\"", ""), ("assistente -studio", "direzione hidden_pay ceo"),
    ("assistente -\"studio legale\"", "direzione hidden_pay ceo"), ("-assistente -segretaria", "plain reception"),
    ("recep", "reception"), ("rece", "reception"), ("\"rece\"", ""), ("rece milano", ""), ("milano", "studio direzione"),
    ("milan assistente", "studio direzione"), ("lombardia", "studio direzione"), ("notion", "ceo"), ("Alfa", "plain hidden_pay reception ceo studio direzione"),
    ("virtuale", ""), ("esempio", ""), ("sito", "studio"), ("data entry", "plain"), ("diaries", "ceo"), ("bozza", ""),
    ("segretaria pausa", ""), ("segretaria scaduta", ""), ("la assistente di direzione", "direzione ceo studio"),
    ("terminplanungen", "hidden_pay"), ("legale/studio", "studio"), ("segretaria AND studio", "studio"),
])
def test_words(db, jobs, q, found):
    assert names(db, jobs, q=q) == found


@pytest.mark.parametrize("asked, found", [
    ({}, "plain hidden_pay reception ceo studio direzione"),
    ({"role": ["receptionist", "legal_secretary"]}, "reception studio"), ({"work_mode": ["remote"]}, "ceo"),
    ({"employment_type": ["part_time"]}, "reception studio"), ({"country": ["it", "de"]}, "hidden_pay reception studio direzione"),
    ({"city": ["Milan"]}, "studio direzione"), ({"city": ["milano", "BERLIN"]}, "hidden_pay studio direzione"),
    ({"region": ["LOMBARDIA"]}, "studio direzione"), ({"region": ["Lazio"]}, "reception"),
    ({"tool": ["microsoft_365"]}, "studio direzione"), ({"tool": ["Microsoft 365", "notion"]}, "ceo studio direzione"),
    ({"duty": ["travel"]}, "direzione"), ({"soft_skill": ["confidentiality", "kindness"]}, "direzione"),
    ({"language": ["en:B1"]}, "studio"), ({"language": ["en:C1"]}, "studio direzione"), ({"language": ["EN-gb:c2"]}, "ceo studio direzione"),
    ({"language": ["en"]}, "ceo studio direzione"), ({"language": ["en:B2"], "languages_fit": "all"}, "plain hidden_pay reception studio"),
    ({"language": ["en:C2", "fr:B1"]}, "plain hidden_pay reception studio direzione"),
    ({"language": ["en:C2", "fr:B2"]}, "plain hidden_pay reception ceo studio direzione"),
    ({"language": ["en:A1", "fr:B2"], "languages_fit": "any"}, "ceo"),
    ({"salary_min": "30000"}, "direzione"), ({"salary_min": "21000"}, "reception studio direzione"),
    ({"salary_min": "10", "salary_unit": "hour"}, "reception studio direzione"), ({"salary_max": "21000"}, "plain reception studio"),
    ({"salary_min": "21000", "salary_max": "31000"}, "reception studio"),
    ({"salary_min": "30000", "currency": ["GBP"]}, "ceo"), ({"salary_min": "30000", "currency": ["GBP", "EUR"]}, "ceo direzione"),
    ({"salary_min": "30000", "include_undisclosed": "true"}, "hidden_pay direzione"),
    ({"salary_unit": "hour", "currency": ["GBP"]}, "plain hidden_pay reception ceo studio direzione"),
    ({"office_days_max": "0"}, "ceo"), ({"office_days_max": "3"}, "ceo direzione"), ({"office_days_max": "5"}, "reception ceo studio direzione"),
    ({"near": "Milano"}, "studio direzione"), ({"near": "roma", "radius_km": "500"}, "reception studio direzione"),
    ({"near": "MI", "radius_km": "1"}, "studio direzione"), ({"near": "rm", "radius_km": "1"}, "reception"), ({"near": "London"}, "ceo"), ({"near": "london ca"}, ""),
    ({"near": "Castro (BG)", "radius_km": "80"}, "studio direzione"), ({"lat": "41.9", "lon": "12.5"}, "reception"),
    ({"near": "Roma", "sort": "distance"}, "reception studio direzione hidden_pay ceo plain"),
    ({"sort": "salary"}, "direzione reception studio plain hidden_pay ceo"),
    ({"sort": "salary", "currency": ["GBP"]}, "ceo plain hidden_pay reception studio direzione"),
    ({"sort": "recent", "q": "assistente"}, "hidden_pay ceo studio direzione"),
    ({"q": "assistente", "work_mode": ["hybrid"], "near": "Milano", "language": ["en:C1"], "salary_min": "30000"}, "direzione"),
])
def test_filters_and_order(db, jobs, asked, found):
    assert names(db, jobs, **asked) == found


def test_nothing_that_ended_or_is_not_public_is_in_the_table(db, jobs):
    rows = dict(db.execute("select job_id::text, title from job_search").fetchall())
    assert set(jobs) <= set(rows) and set(rows.values()) - {rows[job] for job in jobs} == {"segretaria scaduta"}


def test_comparable_pay(db, jobs):
    pay = {jobs[job]: (low, high) for job, low, high in db.execute(
        "select job_id::text, salary_low, salary_high from job_search").fetchall() if job in jobs}
    assert pay == {"direzione": (32000, 38000), "studio": (21000, 21000), "ceo": (45000, 55000), "reception": (19760, 21840),
                   "hidden_pay": (None, None), "plain": (20000, 20000)}
    assert db.value("select search_yearly(2000, 'month', null, 'IT')") == 26000
    assert db.value("select search_yearly(2000, 'month', null, 'GB')") == 24000
    assert db.value("select search_yearly(200.5, 'day', null, 'IT')") == 52130


def test_what_the_salary_filter_could_not_compare(db, jobs):
    answer = search(db, salary_min="30000")
    assert answer["not_compared"] == {"undisclosed": 1, "other_currency": 1}
    assert search(db, salary_min="30000", include_undisclosed="true")["not_compared"] == {"undisclosed": 0, "other_currency": 1}
    assert search(db, salary_min="30000", work_mode=["remote"])["not_compared"] == {"undisclosed": 0, "other_currency": 1}
    assert "not_compared" not in search(db, q="assistente")


FACETS = ("role employment_type contract work_mode confidentiality_level country region city company language tool soft_skill"
          " duty salary published").split()
PARAMETER = {"company": "company_id"}


@pytest.mark.parametrize("asked", [
    {}, {"q": "assistente"}, {"role": ["receptionist"], "city": ["Roma"]}, {"work_mode": ["remote", "hybrid"], "country": ["IT"]},
    {"q": "-studio", "tool": ["notion"], "company_id": None}, {"salary_min": "21000", "language": ["en:C1"]},
    {"near": "Milano", "duty": ["diary"]}, {"salary_min": "20000", "include_undisclosed": "true", "role": ["team_assistant"]},
])
def test_a_facet_counts_what_its_filter_would_find(db, jobs, asked):
    del jobs
    asked = {name: value for name, value in asked.items() if value is not None}
    facets = search(db, facets=FACETS, facet_limit=100, **asked)["facets"]
    assert list(facets) and set(facets) == set(FACETS)
    for name in FACETS[:-2]:
        parameter = PARAMETER.get(name, name)
        others = {key: value for key, value in asked.items() if key != parameter}
        everything = search(db, **others)["total"]["value"]
        for value in facets[name]["values"]:
            chosen = {"languages_fit": "any"} if name == "language" else {}
            assert search(db, **{**others, **chosen, parameter: [value["value"]]})["total"]["value"] == value["count"], (name, value)
        if name not in ("language", "tool", "soft_skill", "duty"):
            assert sum(value["count"] for value in facets[name]["values"]) + facets[name]["missing"] == everything
        assert facets[name]["rest"] == {"values": 0, "count": 0}
        counts = [(-value["count"], value["value"]) for value in facets[name]["values"]]
        assert counts == sorted(counts)
    free = {key: value for key, value in asked.items() if key not in ("salary_min", "include_undisclosed")}
    salary = facets["salary"]
    assert sum(step["count"] for step in salary["values"]) + salary["undisclosed"] + salary["other_currency"] == \
        search(db, **free)["total"]["value"]
    for age in facets["published"]["values"]:
        since = db.value("select (now() - %s * interval '24 hours')::text", int(age["value"]))
        assert search(db, **asked, published_since=since)["total"]["value"] == age["count"]


def test_facets_have_labels_and_a_rest(db, jobs):
    del jobs
    facets = search(db, facets=["city", "tool", "role", "company", "salary", "published"], facet_limit=1, lang="it")["facets"]
    assert facets["city"] == {"values": [{"value": "milano", "label": "Milano", "count": 2}],
                              "rest": {"values": 3, "count": 3}, "missing": 1}
    assert facets["tool"]["values"] == [{"value": "microsoft_365", "label": "Microsoft 365", "count": 2}]
    assert facets["role"]["values"] == [{"value": "executive_assistant", "label": "Assistente di direzione", "count": 2}]
    assert facets["company"]["values"][0]["label"] == "Alfa"
    assert facets["salary"] == {"values": [{"from": 20000, "to": 25000, "count": 3}, {"from": 35000, "to": 40000, "count": 1}],
                                "undisclosed": 1, "other_currency": 1}
    assert [age["count"] for age in facets["published"]["values"]] == [1, 3, 6, 6]


@pytest.mark.parametrize("asked", [{}, {"q": "a* assistente"}, {"sort": "salary"}, {"near": "Roma", "sort": "distance"}, {"q": "Alfa"}])
def test_pages_have_everything_once(db, jobs, asked):
    if asked.get("q") == "a* assistente":
        asked = {"q": "assistente"}
    whole = [item["id"] for item in search(db, **asked)["items"]]
    for limit in (1, 2, 5):
        seen, after = [], None
        while True:
            page = search(db, limit=limit, after=after, **asked)
            seen += [item["id"] for item in page["items"]]
            after = page["next_key"]
            if after is None:
                break
        assert seen == whole


def test_pages_while_vacancies_come_and_go(db):
    company = Company(db)
    ids = [company.job(title=f"Paginata {'assistente' if n % 3 else 'altra'}",
                       salary={"min": 30000 + n % 4, "currency": "EUR", "unit": "year"}) for n in range(12)]
    for asked in ({"q": "paginata"}, {"sort": "salary"}, {"sort": "recent"}):
        asked = {**asked, "company_id": [company.id]}
        before = {item["id"] for item in search(db, **asked)["items"]}
        seen, after, closed, opened = [], None, set(), set()
        while True:
            page = search(db, limit=2, after=after, **asked)
            seen += [item["id"] for item in page["items"]]
            after = page["next_key"]
            if after is None:
                break
            opened.add(company.job(title="Paginata nuova"))
            gone = next(job for job in ids if job in before and job not in closed and job not in seen[:1])
            company.patch(gone, status="closed", close_reason="other")
            closed.add(gone)
        assert len(seen) == len(set(seen))
        assert before - closed <= set(seen) <= before | opened


def test_fields_distance_and_highlight(db, jobs):
    item = search(db, q="assistente verbali", near="Roma", radius_km="600", fields=["title", "description", "duties"],
                  highlight="true")["items"][0]
    assert list(item) == ["id", "title", "description", "duties", "distance_m", "highlight"]
    assert jobs[item["id"]] == "direzione" and 470_000 < item["distance_m"] < 485_000
    assert item["highlight"] == {"title": "<mark>Assistente</mark> di direzione",
                                 "description": "Agenda, viaggi e **<mark>verbali</mark>** del consiglio. Proattività e riservatezza."}
    assert list(search(db, role=["receptionist"], fields=["title", "city"])["items"][0]) == ["id", "title"]


def test_a_highlight_is_safe(db):
    company = Company(db)
    company.job(title='Onclick <script>alert("x")</script> & co', description="a <b>onclick</b> 'q' " + "parola " * 200)
    found = search(db, q="onclick", company_id=[company.id], highlight="true")["items"][0]["highlight"]
    assert found["title"] == "<mark>Onclick</mark> &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; co"
    assert "<mark>onclick</mark>" in found["description"] and "<b>" not in found["description"]
    assert found["description"].count("parola") <= 30


@pytest.mark.parametrize("q, corrected, found", [
    ("segretraia", "segretaria", "studio hidden_pay ceo direzione"), ("asistente direzzione", "assistente direzione", "direzione ceo studio"),
    ("\"studio legalle\" -ceo", "\"studio legale\" -ceo", "studio"), ("xyzzyq", None, ""), ("assistente xyzzyq", None, ""),
    ("agnda viaggi", "agenda viaggi", "direzione"), ("cuo", None, ""), ("segr3taria", "segretaria", "studio hidden_pay ceo direzione"),
    ("agnda viagi consglio verbli proattivta riservateza", "agenda viaggi consiglio verbali proattivita riservatezza", "direzione"),
    ("agnda viagi consglio verbli proattivta riservateza direzzione", None, ""),
])
def test_misspelt(db, jobs, q, corrected, found):
    answer = search(db, q=q)
    assert answer.get("corrected_query") == corrected
    assert " ".join(jobs[item["id"]] for item in answer["items"] if item["id"] in jobs) == found
    assert answer["total"]["value"] == len(answer["items"])


def test_a_correct_word_is_not_corrected(db, jobs):
    del jobs
    assert "corrected_query" not in search(db, q="assistente", role=["chief_of_staff"])


@pytest.mark.parametrize("asked, broken", [
    ({"q": "..."}, {("q", "no_words")}), ({"q": " "}, {("q", "no_words")}), ({"q": "il la di the"}, {("q", "only_stop_words")}),
    ({"q": "a " * 33}, {("q", "too_many_words")}), ({"q": "parola " * 200}, {("q", "too_many_words")}),
    ({"salary_min": "2", "salary_max": "1"}, {("salary_max", "range_reversed")}),
    ({"lat": "1"}, {("lat", "coordinates_incomplete")}), ({"lon": "1"}, {("lon", "coordinates_incomplete")}),
    ({"near": "Roma", "lat": "1", "lon": "1"}, {("near", "two_places")}), ({"radius_km": "5"}, {("radius_km", "place_required")}),
    ({"sort": "distance"}, {("sort", "place_required")}), ({"sort": "relevance"}, {("sort", "query_required")}),
    ({"highlight": "true"}, {("highlight", "query_required")}),
    ({"language": ["en:B2", "EN-gb"], "q": "?", "radius_km": "1"},
     {("language", "duplicate_language_skill"), ("q", "no_words"), ("radius_km", "place_required")}),
])
def test_refusals_name_the_parameter(db, asked, broken):
    answer = search(db, **asked)
    assert (answer["status"], answer["code"]) == (400, "invalid_parameter")
    assert {(error["parameter"], error["code"]) for error in answer["problem"]["errors"]} == broken
    assert all(error["detail"] for error in answer["problem"]["errors"])


def test_places(db, jobs):
    del jobs
    answer = search(db, near="samone")
    assert (answer["status"], answer["code"]) == (422, "ambiguous_place")
    assert [place["province"] for place in answer["problem"]["candidates"]] == ["TO", "TN"]
    assert (search(db, near="Atlantide")["code"], search(db, near="Milano", country=["GB"])["code"]) == ("unknown_place",) * 2
    assert search(db, near="London", country=["CA"])["place"]["id"] == 6058560
    assert search(db, near="Milan")["place"] == {
        "id": 3173435, "name": "Milano", "country": "IT", "region": "Lombardia", "province": "MI", "latitude": 45.4643,
        "longitude": 9.1895, "population": 1242123}


def test_a_change_is_found_at_once_and_logged(db):
    company = Company(db)
    job = company.job(title="Cambiamento iniziale")
    assert search(db, q="cambiamento iniziale")["total"]["value"] == 1
    company.patch(job, title="Cambiamento seguente", role=None)
    assert search(db, q="cambiamento iniziale")["total"]["value"] == 0
    assert search(db, q="cambiamento seguente")["total"]["value"] == 1
    body = {"legal_name": "Beta S.p.A.", "name": "Zorilla", "country": "IT", "kind": "employer"}
    company.call("companies_patch", company_id=company.id, body=body, version=1)
    assert [item["id"] for item in search(db, q="zorilla")["items"]] == [job]
    company.patch(job, status="paused")
    assert search(db, q="zorilla")["total"]["value"] == 0
    assert db.value("select count(*) from job_changes where job_id = %s", job) == 4


def test_hidden_while_the_company_is(db):
    company = Company(db)
    company.job(title="Sospendibile")
    with db.connection.transaction(force_rollback=True):
        db.execute("create or replace function company_searchable(c companies) returns boolean language sql stable as $$ select false $$")
        assert db.value("select job_search_refresh(%s)", company.id) == 1
        assert search(db, q="sospendibile")["total"]["value"] == 0
    assert search(db, q="sospendibile")["total"]["value"] == 1


TEXT = st.text(alphabet=st.one_of(st.sampled_from("\"'-:*&|!()<>\\ \t\nabàßœ1.,;/@_“”«»%$?"), st.characters(
    blacklist_characters="\x00", blacklist_categories=("Cs",))), max_size=500)


@settings(max_examples=300, deadline=2000, suppress_health_check=list(HealthCheck))
@given(q=TEXT)
def test_any_text_is_a_query(db, jobs, q):
    del jobs
    started = datetime.datetime.now()
    answer = search(db, q=q, facets=["role"], highlight="true")
    assert answer["status"] in (200, 400), answer
    if answer["status"] == 400:
        assert {error["parameter"] for error in answer["problem"]["errors"]} == {"q"}
    assert (datetime.datetime.now() - started).total_seconds() < 1.5


@settings(max_examples=100, deadline=2000, suppress_health_check=list(HealthCheck))
@given(value=st.text(alphabet=st.characters(blacklist_characters='\x00"\\', blacklist_categories=("Cs",)), min_size=1, max_size=80))
def test_any_text_is_a_name(db, value):
    for asked in ({"city": [value]}, {"tool": [value]}, {"region": [value]}, {"near": value}):
        assert search(db, **asked)["status"] in (200, 422)
