"""What a company finds its applications by, what nobody may find, and the whole of them as CSV and NDJSON."""

import csv
import http.client
import io
import time

import pytest
from streams import assert_ends_with_its_token
from support.eventually import eventually
from support.server import MEASURED

QUESTIONS = [
    {"id": "studies", "type": "short_text", "label": "Titolo di studio?"},
    {"id": "story", "type": "long_text", "label": "Esperienza?"},
    {"id": "travel", "type": "boolean", "label": "Viaggi?"},
    {"id": "shift", "type": "single", "label": "Turno?", "options": ["Mattina", "Sera, fino alle 22"]},
    {"id": "programs", "type": "multi", "label": "Programmi?", "options": ["Excel", "SAP"]},
    {"id": "years", "type": "number", "label": "Anni?"},
    {"id": "from", "type": "date", "label": "Da quando?"},
]
CSV, NDJSON = {"Accept": "text/csv"}, {"Accept": "application/x-ndjson"}


def answers(**given):
    return [{"question_id": name.rstrip("_"), "value": value} for name, value in given.items()]


@pytest.fixture(scope="module")
def server_environment():
    return MEASURED


@pytest.fixture(scope="module")
def job(world, company):
    return world.job(company, questions=QUESTIONS, reference="searched", response_promise_days=7)


@pytest.fixture(scope="module")
def people(world, job):
    """Three candidates and what they sent, by a short name."""
    sent = {}
    for name, profile, members in (
            ("anna", {"given_name": "Anna", "family_name": "Perù", "headline": "Segretaria d’azienda",
                      "languages": [{"language": "it", "level": "C2"}, {"language": "en", "level": "B2"}],
                      "tools": [{"name": "Microsoft Excel"}]},
             {"cover_letter": "Ho redatto **verbali** di consigli di amministrazione, e parlo d'altro.",
              "answers": answers(studies="Laurea in Economia", story="Gestivo le agende di due dirigenti", travel=True,
                                 shift="Mattina", programs=["Excel", "SAP"], years=4.50, from_="2027-01-31")}),
            ("bruno", {"given_name": "Bruno", "family_name": "Verdi", "headline": "Office manager",
                       "languages": [{"language": "en", "level": "C1"}], "tools": [{"name": "Excel"}, {"name": "SAP"}]},
             {"cover_letter": "I organised travels and meetings; wrote the minutes of the board.",
              "answers": answers(studies="diploma", travel=False, shift="Sera, fino alle 22", years=10, from_="2026-12-01")}),
            ("carla", {"given_name": "Carla", "family_name": "Neri"}, {})):
        person = world.candidate(**profile)
        sent[name] = (person, world.application(person, job, **members))
    return sent


@pytest.fixture(scope="module")
def find(company, job, people):
    """The short names of what a search finds, in order, in the vacancy's list and in the company's."""
    names = {application["id"]: name for name, (_, application) in people.items()}

    def search(**params):
        lists = [company.client.get(target, params=params).expect(200).json["items"]
                 for target in (f"/v1/jobs/{job['id']}/applications", "/v1/applications")]
        assert lists[0] == lists[1]
        return [names[item["id"]] for item in lists[0]]
    return search


# --- words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q, found", [
    ("verbale", ["anna"]), ("VERBALI consiglio", ["anna"]), ("minute", ["bruno"]), ("organise travel", ["bruno"]),
    ("agenda", ["anna"]), ("laureata", []), ("economia", ["anna"]), ("segretarie", ["anna"]), ("office", ["bruno"]),
    ("peru", ["anna"]), ("Perù", ["anna"]), ("neri", ["carla"]), ("excel", ["bruno", "anna"]), ("sap", ["bruno", "anna"]),
    ('"consigli di amministrazione"', ["anna"]), ('"amministrazione consigli"', []), ('"minutes of the board"', ["bruno"]),
    ("excel -verbali", ["bruno"]), ("-excel", ["carla"]), ("diri", ["anna"]), ("verbali minutes", []),
    ("dirigenti economia verbali perù", ["anna"]), ("c2", []), ("submitted", []), ("' & | ! ( excel", ["bruno", "anna"]),
    ("'; drop table applications; --", []), ("s:submitted", []), ("excel:*", ["bruno", "anna"]), ("\\ excel", ["bruno", "anna"]),
])
def test_words(find, q, found):
    assert find(q=q) == found


@pytest.mark.parametrize("q, code", [("...", "no_words"), ("di con per", "only_stop_words"), ("word " * 33, "too_many_words")])
def test_words_that_cannot_be(company, people, q, code):
    refused = company.client.get("/v1/applications", params={"q": q}).expect(400, "invalid_parameter")
    assert [(error["parameter"], error["code"]) for error in refused.json["errors"]] == [("q", code)]


def test_a_changed_profile_is_found_anew(world, company, job, people):
    person = world.candidate(headline="Traduttrice giurata")
    application = world.application(person, job)
    find = lambda q: [item["id"] for item in company.client.get("/v1/applications", params={"q": q}).json["items"]]
    assert find("traduttrice") == [application["id"]]
    person.client.patch("/v1/me", {"headline": "Interprete simultanea"}).expect(200)
    eventually(lambda: find("interprete") == [application["id"]] and find("traduttrice") == [], "the new headline")
    person.client.patch(f"/v1/applications/{application['id']}", {"status": "withdrawn"}).expect(200)
    assert company.client.get("/v1/applications", params={"q": "interprete", "status": "submitted"}).json["items"] == []
    assert len(company.client.get("/v1/applications", params={"q": "interprete", "status": "withdrawn"}).json["items"]) == 1


# --- filters -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params, found", [
    ({"language": "en"}, ["bruno", "anna"]), ({"language": "en:B2"}, ["bruno", "anna"]), ({"language": "en:C1"}, ["bruno"]),
    ({"language": "EN-gb:c1"}, ["bruno"]), ({"language": "en:C2"}, []), ({"language": "en:B1,it:C1"}, ["anna"]),
    ({"tool": "microsoft_excel"}, ["anna"]), ({"tool": "Microsoft excel"}, ["anna"]), ({"tool": "Excel"}, ["bruno"]),
    ({"tool": ["excel", "sap"]}, ["bruno"]), ({"tool": "nothing of the kind"}, []),
    ({"answer": "travel:true"}, ["anna"]), ({"answer": "travel:false"}, ["bruno"]),
    ({"answer": "shift:mattina"}, ["anna"]), ({"answer": "shift:Sera%2C fino alle 22"}, ["bruno"]),
    ({"answer": "programs:sap"}, ["anna"]), ({"answer": ["programs:SAP", "programs:Excel"]}, ["anna"]),
    ({"answer": "years:4.5"}, ["anna"]), ({"answer": "years:4.500"}, ["anna"]), ({"answer": "years:10.0"}, ["bruno"]),
    ({"answer": "years:>=4.5"}, ["bruno", "anna"]), ({"answer": "years:>=5"}, ["bruno"]), ({"answer": "years:<=5"}, ["anna"]),
    ({"answer": "from:2027-01-31"}, ["anna"]), ({"answer": "from:<=2026-12-31"}, ["bruno"]),
    ({"answer": "from:>= 2026-12-01"}, ["bruno", "anna"]), ({"answer": "studies:LAUREA in economia"}, ["anna"]),
    ({"answer": ["travel:true", "years:>=5"]}, []), ({"q": "excel", "answer": "travel:false", "language": "en:C1"}, ["bruno"]),
    ({"status": "submitted"}, ["carla", "bruno", "anna"]), ({"status": "offer,hired"}, []), ({"overdue": "true"}, []),
    ({"overdue": "false"}, ["carla", "bruno", "anna"]), ({"q": "excel", "since": "2100-01-01T00:00:00Z"}, []),
    ({"submitted_since": "2026-01-01T00:00:00Z", "sort": "updated"}, ["carla", "bruno", "anna"]),
])
def test_filters(company, job, people, params, found):
    names = {application["id"]: name for name, (_, application) in people.items()}
    query = "&".join(f"{name}={str(value).replace(' ', '%20').replace('>', '%3E').replace('<', '%3C')}"
                     for name, values in params.items() for value in (values if isinstance(values, list) else [values]))
    for target in (f"/v1/jobs/{job['id']}/applications", "/v1/applications"):
        items = company.client.get(f"{target}?{query}").expect(200).json["items"]
        assert [names[item["id"]] for item in items if item["id"] in names] == found


@pytest.mark.parametrize("answer, code", [
    ("pay:1", "unknown_question"), ("years:many", "answer_type_number"), ("from:tomorrow", "answer_type_date"),
    ("travel:yes", "answer_type_boolean"), ("shift:Notte", "answer_not_an_option"), ("story:agende", "answer_not_exact"),
    ("travel:>=3", "answer_not_comparable"), ("years:>=many", "answer_not_comparable"),
])
def test_answers_of_another_type(company, job, people, answer, code):
    refused = company.client.get(f"/v1/jobs/{job['id']}/applications", params={"answer": answer}).expect(400, "invalid_parameter")
    assert [(error["parameter"], error["code"]) for error in refused.json["errors"]] == [("answer", code)]
    assert len(refused.json["errors"][0]["detail"]) > 10


@pytest.mark.parametrize("query", ["answer=years", "answer=Years:1", "answer=years:", "language=en:D1", "sort=name", "total=some",
                                   "overdue=maybe", "q=", "status=lost", "submitted_since=yesterday", "q=a&q=b"])
def test_malformed(company, query):
    company.client.get(f"/v1/applications?{query}").expect(400, "invalid_parameter")


def test_overdue(world, company, database):
    job = world.job(company, response_promise_days=3)
    late, _ = (world.application(world.candidate(), job) for _ in range(2))
    database.query("update applications set next_update_due = now() - interval '1 hour' where id = %s", late["id"])
    items = company.client.get("/v1/applications", params={"overdue": "true"}).expect(200).json["items"]
    assert [item["id"] for item in items] == [late["id"]]
    company.client.patch(f"/v1/applications/{late['id']}", {"status": "in_review"}).expect(200)
    assert company.client.get("/v1/applications", params={"overdue": "true"}).json["items"] == []


def test_total(company, job, people):
    target = f"/v1/jobs/{job['id']}/applications"
    assert "total" not in company.client.get(target).json
    everything = len(company.client.get(target, params={"limit": 100}).json["items"])
    assert company.client.get(target, params={"limit": 1, "total": "exact"}).json["total"] == {
        "value": everything, "accuracy": "exact"}
    found = company.client.get(target, params={"limit": 1, "total": "exact", "q": "excel"}).json
    assert found["total"]["value"] == 2 and len(found["items"]) == 1


@pytest.mark.parametrize("sort", ["recent", "updated"])
def test_pages(world, database, sort):
    """Every order, in pages, with words that fit some; what was changed last comes first where that is asked for."""
    company = world.company()
    job = world.job(company)
    sent = [world.application(world.candidate(headline="Archivista" if n % 3 else "Centralinista"), job)["id"] for n in range(12)]
    for id in sent[3:0:-1]:
        company.client.patch(f"/v1/applications/{id}", {"status": "in_review"}).expect(200)
    order = sent[::-1] if sort == "recent" else sent[1:4] + sent[:3:-1] + sent[:1]
    for target in ("/v1/applications", f"/v1/jobs/{job['id']}/applications"):
        pages = company.client.pages(target, limit=5, sort=sort)
        assert [item["id"] for item in pages] == order
        found = [item["id"] for item in company.client.pages(target, limit=3, sort=sort, q="archivisti")]
        assert found == [id for id in order if sent.index(id) % 3]
    first = company.client.get("/v1/applications", params={"limit": 5, "sort": sort}).json["next_cursor"]
    company.client.get("/v1/applications", params={"limit": 5, "sort": sort, "q": "archivisti", "cursor": first}).expect(
        400, "invalid_cursor")


# --- what is not found ---------------------------------------------------------------------------------------------------


def test_a_blind_application_is_not_found_by_who_it_is(world):
    company = world.company()
    job = world.job(company, blind_review=True, questions=QUESTIONS)
    person = world.candidate(given_name="Zenobia", family_name="Quaglia", headline="Centralinista notturna",
                             tools=[{"name": "SAP"}])
    application = world.application(person, job, cover_letter="Zenobia scrive", answers=answers(story="Ho diretto un archivio"))
    find = lambda **params: [item["id"] for item in company.client.get("/v1/applications", params=params).expect(200).json["items"]]
    for q in ("zenobia", "quaglia", "notturna", "scrive", person.email.split("@")[0].replace(".", " ")):
        assert find(q=q) == []
        assert find(q=f"archivio -{q.split()[0]}") == [application["id"]], "nor by being left out"
    assert find(q="archivio") == find(tool="sap") == [application["id"]]
    company.client.patch(f"/v1/applications/{application['id']}", {"status": "shortlisted"}).expect(200)
    assert find(q="zenobia quaglia") == find(q="scrive") == [application["id"]]


def test_who_shields_itself_is_not_found_or_counted(world, database):
    company = world.company()
    job = world.job(company)
    person, other = world.candidate(headline="Stenografa"), world.candidate(headline="Stenografa")
    applications = [world.application(who, job)["id"] for who in (person, other)]
    database.query("insert into employer_shield (candidate_id, position, kind, value, given) values (%s, 1, 'company', %s, 'x')",
                   person.id, company.id)
    for params in ({}, {"q": "stenografa"}, {"sort": "updated"}):
        answer = company.client.get("/v1/applications", params={"total": "exact", **params}).expect(200).json
        assert [item["id"] for item in answer["items"]] == applications[1:] and answer["total"]["value"] == 1
    assert [line["id"] for line in company.client.get("/v1/applications", headers=NDJSON).lines] == applications[1:]
    assert applications[0].encode() not in company.client.get("/v1/applications", headers=CSV).body


def test_another_company_finds_nothing(world, people, job):
    other = world.company()
    assert other.client.get("/v1/applications", params={"q": "excel", "total": "exact"}).json["total"]["value"] == 0
    for headers in ({}, CSV, NDJSON):
        other.client.get(f"/v1/jobs/{job['id']}/applications", params={"q": "excel"}, headers=headers).expect(404, "not_found")
    assert other.client.get("/v1/applications", headers=NDJSON).lines == []


def test_a_candidate_does_not_search(people, job):
    person, application = people["anna"]
    for params in ({"q": "excel"}, {"language": "en"}, {"tool": "sap"}, {"answer": "travel:true"}, {"overdue": "true"},
                   {"sort": "recent"}, {"total": "exact"}, {"tag": "x"}, {"rating_min": 3}, {"submitted_since": "2026-01-01T00:00:00Z"}):
        refused = person.client.get("/v1/applications", params=params).expect(400, "invalid_parameter")
        assert [(error["parameter"], error["code"]) for error in refused.json["errors"]] == [(*params, "unknown_parameter")]
    person.client.get("/v1/applications", headers=CSV).expect(406, "not_acceptable")
    lines = person.client.get("/v1/applications", headers=NDJSON).expect(200).lines
    assert [line["id"] for line in lines] == [application["id"]] and "candidate" not in lines[0]
    assert person.client.get(f"/v1/jobs/{job['id']}/applications", headers=NDJSON).expect(200).lines == lines


@pytest.mark.parametrize("headers", [{}, CSV, NDJSON])
def test_who_may_not(world, company, job, people, headers):
    _, without = world.token(company, ["jobs:read"])
    for client, status in ((world.client, (401, "unauthorized")), (without, (403, "insufficient_scope")), (world.operator(company).client, (403, "forbidden"))):
        client.get("/v1/applications", headers=headers).expect(*status)
        client.get(f"/v1/jobs/{job['id']}/applications", params={"q": "excel"}, headers=headers).expect(*status)


# --- exports -------------------------------------------------------------------------------------------------------------


def table(answer):
    assert answer.media_type == "text/csv" and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="applications.csv"'
    text = answer.body.decode("utf-8")
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "").replace('"', "")[:0]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_of_a_vacancy(company, job, people):
    rows = table(company.client.get(f"/v1/jobs/{job['id']}/applications", params={"q": "excel"}, headers=CSV).expect(200))
    assert [row["given_name"] for row in rows] == ["Bruno", "Anna"]
    anna = rows[1]
    assert anna["application_id"] == people["anna"][1]["id"] and anna["job_reference"] == "searched"
    assert anna["languages"] == "it:C2 en:B2" and anna["tools"] == "Microsoft Excel" and anna["family_name"] == "Perù"
    assert anna["programs: Programmi?"] == "Excel; SAP" and anna["travel: Viaggi?"] == "true" and anna["other_answers"] == ""
    assert float(anna["years: Anni?"]) == 4.5 and anna["email"] == people["anna"][0].email
    assert list(anna)[-2:] == ["from: Da quando?", "other_answers"]
    whole = table(company.client.get("/v1/applications", params={"q": "verbali"}, headers=CSV).expect(200))
    assert "studies: Laurea in Economia" in whole[0]["other_answers"].split("\n")


def test_a_table_is_no_program(world, company):
    """Cells that a spreadsheet would run, quotes, line ends and commas come back as what they were, with an apostrophe."""
    job = world.job(company, questions=[{"id": "q", "type": "long_text", "label": '=HYPERLINK("x"), "so"'}])
    texts = ["=1+1", "+39 02 1234", "-5", "@SUM(A1)", "\tx", "\rx", 'He said: "yes",\nand left', " spaces ", "plain", "a=b"]
    for text in texts:
        world.application(world.candidate(), job, cover_letter=text, answers=answers(q=text))
    answer = company.client.get(f"/v1/jobs/{job['id']}/applications", headers=CSV).expect(200)
    rows = table(answer)[::-1]
    expected = [f"'{text}" if text[0] in "=+-@\t\r" else text for text in texts]
    assert [row["cover_letter"] for row in rows] == expected
    assert [row['q: =HYPERLINK("x"), "so"'] for row in rows] == expected
    assert b'\r\n' in answer.body and b'"He said: ""yes"",\nand left"' in answer.body


def test_a_table_is_no_program_where_semicolons_divide_it(world, company):
    """Quotes hold nothing together there: whatever comes after a semicolon or a line end begins a cell."""
    job = world.job(company)
    texts = ["so;=1+1;so", 'so; "=1+1', "so\n@SUM(A1)", "so\n\uff1d1+1", " =1+1", "so; well - yes; a=b"]
    for text in texts:
        world.application(world.candidate(), job, cover_letter=text)
    rows = table(company.client.get(f"/v1/jobs/{job['id']}/applications", headers=CSV).expect(200))[::-1]
    assert [row["cover_letter"] for row in rows] == [
        "so;'=1+1;so", "so; \"'=1+1", "so\n'@SUM(A1)", "so\n'\uff1d1+1", " '=1+1", "so; well - yes; a=b"]


def test_ndjson_is_what_reading_each_gives(company, job, people):
    lines = company.client.get(f"/v1/jobs/{job['id']}/applications", params={"q": "excel"}, headers=NDJSON).expect(200).lines
    assert lines == [company.client.get(f"/v1/applications/{people[name][1]['id']}").json for name in ("bruno", "anna")]


@pytest.mark.parametrize("headers", [CSV, NDJSON])
def test_what_is_refused_is_refused_before_a_line_is_sent(company, job, headers):
    company.client.get("/v1/applications", params={"q": "..."}, headers=headers).expect(400, "invalid_parameter")
    company.client.get(f"/v1/jobs/{job['id']}/applications", params={"answer": "pay:1"}, headers=headers).expect(
        400, "invalid_parameter")
    assert company.client.head("/v1/applications", headers=headers).status == 200


def test_an_export_is_in_the_trail(world, database):
    company = world.company()
    person = world.candidate()
    world.application(person, world.job(company))
    company.client.get("/v1/applications", headers=CSV).expect(200)
    trail = person.client.get("/v1/audit").expect(200).json["items"]
    assert [(row["action"], row["company"]["id"]) for row in trail[:1]] == [("application.exported", company.id)]


# --- many ----------------------------------------------------------------------------------------------------------------

MANY = 8_000


@pytest.fixture(scope="module")
def many(world, database):
    """A company with thousands of applications, made behind the API's back."""
    company = world.company()
    job = world.job(company)
    person = world.candidate(headline="Segretaria")
    world.application(person, job, cover_letter="x" * 1500)
    database.query("set session_replication_role = replica")
    database.query("""
        insert into applications (id, job_id, company_id, candidate_id, status, cover_letter, submitted_at)
        select gen_random_uuid(), job_id, company_id, candidate_id, 'withdrawn', cover_letter, submitted_at - n * interval '1 second'
        from applications, generate_series(1, %s) as n where job_id = %s""", MANY, job["id"])
    database.query("""
        insert into application_search (application_id, company_id, job_id, candidate_id, submitted_at, updated_at, words)
        select a.id, a.company_id, a.job_id, a.candidate_id, a.submitted_at, a.updated_at, s.words
        from applications a, application_search s
        where a.job_id = %s and s.job_id = a.job_id and not exists (select from application_search where application_id = a.id)""",
                   job["id"])
    database.query("set session_replication_role = origin")
    database.query("analyze applications, application_search")
    return company, job


@pytest.mark.parametrize("headers", [CSV, NDJSON])
def test_many_at_constant_memory(server, many, headers):
    company, _ = many
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", "/v1/applications", headers={**headers, "Authorization": f"Bearer {company.token}"})
    answer = connection.getresponse()
    seen, tail, at_start, most = 0, b"", None, 0
    while piece := answer.read(1 << 16):
        seen += piece.count(b"\n")
        tail = piece[-1:]
        if at_start is None and seen > 2000:
            at_start = server.memory()
        most = max(most, server.memory())
    connection.close()
    assert seen == MANY + 1 + (headers is CSV) and tail == b"\n"
    assert most - at_start < 12 * 1024 * 1024, (at_start, most)


def test_an_export_takes_the_time_its_reader_needs(server, many):
    """Each piece has a deadline of its own: one who takes longer than an answer may (15 s) gets everything."""
    company, _ = many
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", "/v1/applications", headers={**NDJSON, "Authorization": f"Bearer {company.token}"})
    answer = connection.getresponse()
    seen = answer.read(1 << 16).count(b"\n")
    time.sleep(16)
    while piece := answer.read(1 << 16):
        seen += piece.count(b"\n")
    connection.close()
    assert seen == MANY + 1


def test_an_export_ends_with_the_token(server, world, many):
    company, _ = many
    assert_ends_with_its_token(server, world, company, "/v1/applications", "applications:read")


def test_by_what_the_company_s_people_say(world):
    """Tags, who looks after it, ratings; and the order of ratings in pages."""
    company = world.company()
    job = world.job(company)
    recruiter = world.membership(company, world.member(company, "recruiter"))
    company.client.put(f"/v1/jobs/{job['id']}/criteria", {"criteria": [{"id": "style", "label": "Stile"}]}).expect(200)
    sent = [world.application(world.candidate(), job)["id"] for _ in range(5)]
    for id, value in zip(sent, (2, None, 5, 4, None)):
        if value is not None:
            company.client.put(f"/v1/applications/{id}/ratings/style", {"value": value}).expect(200)
    company.client.post(f"/v1/applications/{sent[0]}/tags", {"add": ["Città", "Seconda scelta"]}).expect(200)
    company.client.post(f"/v1/applications/{sent[3]}/tags", {"add": ["città"]}).expect(200)
    company.client.put(f"/v1/applications/{sent[1]}/assignee", {"member_id": recruiter}).expect(200)
    for target in ("/v1/applications", f"/v1/jobs/{job['id']}/applications"):
        find = lambda **params: [item["id"] for item in company.client.pages(target, limit=2, **params)]
        assert find(tag="CITTA") == [sent[3], sent[0]] and find(tag=["città", "seconda scelta"]) == [sent[0]]
        assert find(tag="other") == [] and find(assignee=recruiter) == [sent[1]] and find(assignee=company.id) == []
        assert find(rating_min=4) == [sent[3], sent[2]] and find(rating_min=4.5) == [sent[2]]
        assert find(sort="rating") == [sent[2], sent[3], sent[0], sent[4], sent[1]]
        assert find(sort="rating", tag="città") == [sent[3], sent[0]]
    company.client.delete(f"/v1/applications/{sent[2]}/ratings/style").expect(204)
    assert [item["id"] for item in company.client.get("/v1/applications", params={"sort": "rating"}).json["items"]][0] == sent[3]
    company.client.get("/v1/applications", params={"rating_min": 6}).expect(400, "invalid_parameter")
    assert [line["id"] for line in company.client.get("/v1/applications", params={"tag": "città"}, headers=NDJSON).lines] == [
        sent[3], sent[0]]
