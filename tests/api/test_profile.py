"""The candidate's profile: read and replaced whole, exported and imported as JSON Resume, what it lacks, and what it never
holds."""

import json
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest
from support.contract import API
from support.server import ROOT

JSON_RESUME = pathlib.Path(__file__).parent / "json_resume"
REFUSALS = {412: "precondition_failed", 413: "payload_too_large", 422: "validation_failed"}
BASICS = {"given_name": "Lia", "family_name": "Rossi"}
PROFILE = {
    "basics": {**BASICS, "headline": "Assistente di direzione", "phone": "+39 02 123456", "url": "https://lia.example/",
               "summary": "Dieci anni\naccanto a due direttori.",
               "location": {"country": "IT", "region": "Lombardia", "city": "Lecco", "postal_code": "23900"},
               "profiles": [{"network": "LinkedIn", "username": "lia", "url": "https://linkedin.example/lia"}]},
    "work": [{"name": "Lario Meccanica", "position": "Executive assistant", "location": "Lecco", "description": "Macchine",
              "url": "https://lario.example/", "start_date": "2016-03", "summary": "Agenda \"start_date\": e viaggi.",
              "highlights": ["Verbali", "Viaggi"]},
             {"name": "Studio Verdi", "position": "Segretaria", "start_date": "2010", "end_date": "2016-02-29"}],
    "volunteer": [{"organization": "Croce Rossa", "position": "Autista", "start_date": "2012"}],
    "education": [{"institution": "Liceo", "area": "Lingue", "study_type": "Diploma", "end_date": "2009", "score": "90/100",
                   "courses": ["Tedesco"]}],
    "awards": [{"title": "Premio", "date": "2020", "awarder": "Camera di commercio", "summary": "Per il lavoro."}],
    "certificates": [{"name": "ECDL", "date": "2011-05-03", "issuer": "AICA", "url": "https://aica.example/"}],
    "publications": [{"name": "Il verbale", "publisher": "Lario", "release_date": "2019-01", "summary": "Come si scrive."}],
    "skills": [{"name": "Verbali", "level": "esperta", "keywords": ["consiglio"]}],
    "interests": [{"name": "Montagna", "keywords": ["sci"]}],
    "references": [{"name": "Anna Verdi", "reference": "Affidabile."}],
    "projects": [{"name": "Trasloco", "description": "Sede nuova.", "highlights": ["In orario"], "keywords": ["sede"],
                  "start_date": "2018-01-01", "end_date": "2018-06-30", "roles": ["Responsabile"], "entity": "Lario",
                  "type": "interno", "url": "https://lario.example/sede"}],
    "languages": [{"language": "it", "level": "C2"},
                  {"language": "en", "level": "C1", "cefr": {"writing": "B2", "spoken_interaction": "C1"}}],
    "tools": [{"name": "Microsoft 365", "level": "advanced"}, {"name": "Un gestionale nostro"}],
    "soft_skills": ["confidentiality", "proactivity"],
    "duties": ["diary", "travel"],
    "preferences": {"roles": ["executive_assistant"], "work_modes": ["hybrid"], "office_days_max": 3, "radius_km": 30,
                    "minimum_pay": {"amount": 36000, "currency": "EUR", "unit": "year"}, "available_from": "2027-01-11",
                    "notice_days": 30},
}


def put(candidate, document, status=200, **more):
    return candidate.client.put("/v1/me/profile", document, **more).expect(status, REFUSALS.get(status))


def same(profile, candidate):
    """As it is answered: with the e-mail address."""
    return {**profile, "basics": {**profile["basics"], "email": candidate.email}}


def errors(answer):
    return {(error["pointer"], error["code"]) for error in answer.json["errors"]}


def test_a_new_candidate_has_the_profile_it_registered_with(world):
    candidate = world.candidate(headline="Segretaria", tools=[{"name": "Excel"}])
    answer = candidate.client.get("/v1/me/profile").expect(200)
    assert answer.json == {"basics": {**BASICS, "email": candidate.email, "headline": "Segretaria"}, "tools": [{"name": "Excel"}]}


def test_replaced_and_read(world):
    candidate = world.candidate()
    answer = put(candidate, PROFILE)
    assert answer.json == same(PROFILE, candidate)
    read = candidate.client.get("/v1/me/profile").expect(200)
    assert read.json == answer.json and read.headers["ETag"] == answer.headers["ETag"]
    assert put(candidate, read.json).json == read.json  # what was read can be sent
    assert put(candidate, {"basics": BASICS}).json == same({"basics": BASICS}, candidate)


def test_empty_lists_are_nothing(world):
    candidate = world.candidate()
    assert put(candidate, {"basics": BASICS, "work": [], "preferences": {}}).json == same({"basics": BASICS}, candidate)


def test_one_profile_with_the_account(world):
    """PATCH /v1/me changes its part and leaves the rest; names are the account's."""
    candidate = world.candidate()
    put(candidate, PROFILE)
    me = candidate.client.get("/v1/me").expect(200).json
    assert me["headline"] == PROFILE["basics"]["headline"] and me["languages"] == PROFILE["languages"]
    assert "work" not in me and "preferences" not in me
    candidate.client.patch("/v1/me", {"headline": None, "tools": [{"name": "SAP"}], "family_name": "Bianchi"}).expect(200)
    now = candidate.client.get("/v1/me/profile").expect(200).json
    expected = {**PROFILE, "tools": [{"name": "SAP"}], "basics": {**PROFILE["basics"], "family_name": "Bianchi"}}
    del expected["basics"]["headline"]
    assert now == same(expected, candidate)
    put(candidate, {"basics": {"given_name": "Ada", "family_name": "Neri"}})
    me = candidate.client.get("/v1/me").expect(200).json
    assert (me["given_name"], me["family_name"]) == ("Ada", "Neri") and "tools" not in me


def test_not_over_another_change(world):
    candidate = world.candidate()
    tag = candidate.client.get("/v1/me/profile").expect(200).headers["ETag"]
    put(candidate, PROFILE, headers={"If-Match": tag})
    put(candidate, PROFILE, 412, headers={"If-Match": tag})
    put(candidate, PROFILE, headers={"If-Match": "*"})
    me = candidate.client.get("/v1/me").expect(200).headers["ETag"]
    put(candidate, {"basics": {**BASICS, "headline": "x"}})
    candidate.client.patch("/v1/me", {"headline": "y"}, headers={"If-Match": me}).expect(412, "precondition_failed")


@pytest.mark.parametrize(("change", "expected"), [
    ({"basics": {**BASICS, "email": "other@example.org"}}, ("/basics/email", "profile_email")),
    ({"languages": [{"language": "it", "level": "C2"}, {"language": "it", "level": "C1"}]},
     ("/languages/1/language", "duplicate_language")),
    ({"tools": [{"name": "Microsoft Excel"}, {"name": "microsoft  éxcel"}]}, ("/tools/1/name", "duplicate_tool")),
    ({"work": [{"start_date": "2020-03", "end_date": "2020-02-28"}]}, ("/work/0/end_date", "profile_dates")),
    ({"education": [{"start_date": "2020", "end_date": "2019-12"}]}, ("/education/0/end_date", "profile_dates")),
    ({"duties": ["juggling"]}, ("/duties/0", "enum")),
    ({"soft_skills": ["charm"]}, ("/soft_skills/0", "enum")),
    ({"preferences": {"roles": ["boss"]}}, ("/preferences/roles/0", "enum")),
    ({"work": [{"start_date": "2020-13"}]}, ("/work/0/start_date", "pattern")),
    ({"work": [{}]}, ("/work/0", "min_properties")),
    ({"work": [{"name": "x"}] * 51}, ("/work", "max_items")),
    ({"languages": [{"language": "it", "level": "D1"}]}, ("/languages/0/level", "enum")),
    ({"languages": [{"language": "it", "level": "C1", "cefr": {"singing": "C1"}}]}, ("/languages/0/cefr/singing", "unknown_field")),
    ({"basics": {**BASICS, "url": "javascript:alert(1)"}}, ("/basics/url", "pattern")),
])
def test_what_is_refused(world, change, expected):
    candidate = world.candidate()
    assert errors(put(candidate, {"basics": BASICS, **change}, 422)) == {expected}
    assert candidate.client.get("/v1/me/profile").json == same({"basics": BASICS}, candidate)


def test_years_and_months_are_compared_as_far_as_they_go(world):
    put(world.candidate(), {"basics": BASICS, "work": [{"start_date": "2020-03", "end_date": "2020"},
                                                        {"start_date": "2020", "end_date": "2020-01"}]})


def test_the_largest_body(world):
    candidate = world.candidate()
    put(candidate, {"basics": BASICS, "references": [{"reference": "x" * 4001}]}, 422)
    put(candidate, {"basics": BASICS, "x": "x" * 262144}, 413)


# --- what is never asked for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["birth_date", "birthDate", "Date of Birth", "photo", "image", "nationality", "gender",
                                  "marital-status", "salary_history", "current_salary", "ral", "data_di_nascita"])
def test_never_asked(world, api, name):
    candidate = world.candidate()
    answer = put(candidate, {"basics": {**BASICS, name: "x"}, name: "x"}, 422)
    assert errors(answer) == {("/" + name, "never_asked"), ("/basics/" + name, "never_asked")}
    italian = put(candidate, {"basics": BASICS, name: "x"}, 422, headers={"Accept-Language": "it"})
    assert "non viene conservato" in italian.json["errors"][0]["detail"]
    assert errors(candidate.client.patch("/v1/me", {name: "x"}).expect(422, "validation_failed")) == {("/" + name, "never_asked")}
    body = {"email": world.email(), "password": "correct horse battery", **BASICS, name: "x"}
    assert errors(api.post("/v1/candidates", body).expect(422, "validation_failed")) == {("/" + name, "never_asked")}


def never_asked():
    text = (ROOT / "migrations/0142_profile.sql").read_text(encoding="utf-8")
    return set(re.findall(r"'([a-z]+)'", re.search(r"array\[\n(.*?)\]\)", text, re.DOTALL).group(1)))


def fold(name):
    return re.sub("[^a-z]", "", name.lower())


def property_names(value):
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict):
            yield from value["properties"]
        for member in value.values():
            yield from property_names(member)
    elif isinstance(value, list):
        for member in value:
            yield from property_names(member)


def test_the_two_lists_are_one():
    text = (ROOT / "src/contract/schema_never_asked.c").read_text(encoding="utf-8")
    assert set(re.findall(r'"([a-z]+)"', text.split("names[] = {")[1].split("};")[0])) == never_asked()


def test_no_such_member_in_the_contract():
    names = set(property_names(API))
    assert {"given_name", "minimum_pay", "basics"} <= names  # the search finds what is there
    assert not {name for name in names if fold(name) in never_asked()}


def test_no_such_column_in_the_data_base(database):
    names = [row[0] for row in database.query("select distinct column_name from information_schema.columns "
                                              "where table_schema = 'public'")]
    assert "given_name" in names
    assert not {name for name in names if fold(name) in never_asked()}


@pytest.mark.parametrize("profile", ['{"photo": "x"}', '{"work": [{"birthDate": "x"}]}', '{"location": {"Nationality": 1}}'])
def test_no_such_value_in_the_data_base(world, database, profile):
    candidate = world.candidate()
    with pytest.raises(Exception, match="candidates_profile_minimal"):
        database.query("update candidates set profile = %s where id = %s", profile, candidate.id)


# --- what is missing --------------------------------------------------------------------------------------------------


def hints(candidate, **more):
    answer = candidate.client.get("/v1/me/profile/completeness", **more).expect(200).json
    assert answer["score"] == 100 - sum(hint["weight"] for hint in answer["missing"])
    weights = [hint["weight"] for hint in answer["missing"]]
    assert weights == sorted(weights, reverse=True)
    return answer


def test_completeness(world):
    candidate = world.candidate()
    nothing = hints(candidate)
    assert nothing["score"] == 0 and len(nothing["missing"]) == 15
    put(candidate, PROFILE)
    assert [hint["code"] for hint in hints(candidate)["missing"]] == ["profile_tools"]  # two are not three
    put(candidate, {**PROFILE, "tools": [{"name": name} for name in "abc"]})
    assert hints(candidate) == {"score": 100, "missing": []}
    put(candidate, {**PROFILE, "work": [{"name": "x"}]})
    assert {hint["code"] for hint in hints(candidate)["missing"]} == {"profile_tools", "profile_work_dates"}


def test_completeness_in_italian(world):
    answer = hints(world.candidate(), headers={"Accept-Language": "it"})
    assert answer["missing"][0]["detail"] == "Indica dove hai lavorato e da quando."


# --- JSON Resume ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def published():
    """The schema as npm has it."""
    folder = ROOT / "build" / "json-resume"
    schema = folder / "node_modules" / "@jsonresume" / "schema" / "schema.json"
    if not schema.exists():
        if shutil.which("npm") is None:
            pytest.skip("npm is not here to fetch the schema of JSON Resume")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(JSON_RESUME / name, folder)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip("the schema of JSON Resume cannot be fetched: " + done.stderr[-200:])
    return json.loads(schema.read_text(encoding="utf-8"))


FORMATS = jsonschema.FormatChecker(formats=("date",))


def export(candidate):
    return candidate.client.get("/v1/me/profile/json-resume").expect(200).json


def bring(candidate, document, status=200, **more):
    return candidate.client.put("/v1/me/profile/json-resume", document, **more).expect(status, REFUSALS.get(status))


def test_round_trip(world, published):
    candidate = world.candidate()
    put(candidate, PROFILE)
    resume = export(candidate)
    jsonschema.Draft7Validator(published, format_checker=FORMATS).validate(resume)
    assert resume["basics"]["name"] == "Lia Rossi" and resume["basics"]["label"] == "Assistente di direzione"
    assert resume["work"][1]["startDate"] == "2010" and resume["education"][0]["studyType"] == "Diploma"
    assert resume["work"][0]["summary"] == PROFILE["work"][0]["summary"]
    assert resume["languages"][1]["language"] == "English" and resume["languages"][1]["fluency"] == "C1"
    put(candidate, {"basics": BASICS})
    answer = bring(candidate, resume)
    assert answer.json == {"profile": same(PROFILE, candidate), "dropped": []}
    again = candidate.client.get("/v1/me/profile/json-resume").expect(200)
    assert answer.headers["ETag"] == again.headers["ETag"]
    assert {**again.json, "meta": None} == {**resume, "meta": None}
    other = world.candidate()
    foreign = bring(other, resume).json
    assert foreign["profile"] == same(PROFILE, other)
    assert [entry["pointer"] for entry in foreign["dropped"]] == ["/basics/email"]


def test_the_sample_of_the_package(world, published):
    candidate = world.candidate(headline="x", tools=[{"name": "Excel"}])
    sample = json.loads((ROOT / "build/json-resume/node_modules/@jsonresume/schema/sample.resume.json").read_text(encoding="utf-8"))
    answer = bring(candidate, sample).json
    dropped = {entry["pointer"]: entry["code"] for entry in answer["dropped"]}
    assert dropped["/basics/name"] == "resume_account"
    assert len(answer["profile"]["work"]) == len(sample["work"])
    assert answer["profile"]["tools"] == [{"name": "Excel"}]  # JSON Resume has no place for them: they stay
    jsonschema.Draft7Validator(published, format_checker=FORMATS).validate(export(candidate))


def test_what_an_import_leaves_out(world):
    candidate = world.candidate()
    answer = bring(candidate, {
        "basics": {"name": "Lia Rossi", "email": candidate.email.upper(), "image": "https://photos.example/lia.jpg",
                   "birthDate": "1990-01-01", "label": "", "url": "", "phone": "ask Anna", "location": {"address": "Via Roma 1", "city": "Lecco"},
                   "profiles": [{"network": "X", "avatar": "y"}, {"network": ""}]},
        "work": [{"name": "Lario", "salary": 30000, "startDate": ""}],
        "languages": [{"language": "Inglese", "fluency": "Professional working proficiency"},
                      {"language": "Klingon", "fluency": "Native"}, {"language": "de", "fluency": "so la la"},
                      {"language": "French", "fluency": "b1 (letto e scritto)"}],
        "certificates": [{"name": "ECDL", "date": "2011"}],
        "skills": [{"name": "x/y", "a/b~c": 1}],
    }).json
    assert {(entry["pointer"], entry["code"]) for entry in answer["dropped"]} == {
        ("/basics/image", "never_asked"), ("/basics/birthDate", "never_asked"), ("/basics/phone", "resume_phone"), ("/basics/location/address", "resume_member"),
        ("/basics/location", "resume_country"), ("/basics/profiles/0/avatar", "resume_member"),
        ("/work/0/salary", "resume_member"), ("/languages/1", "resume_language"), ("/languages/2", "resume_level"),
        ("/certificates/0/date", "resume_day"), ("/skills/0/a~1b~0c", "resume_member")}
    assert answer["profile"] == same({
        "basics": {**BASICS, "profiles": [{"network": "X"}]}, "work": [{"name": "Lario"}],
        "languages": [{"language": "en", "level": "B2"}, {"language": "fr", "level": "B1"}],
        "certificates": [{"name": "ECDL"}], "skills": [{"name": "x/y"}]}, candidate)


@pytest.mark.parametrize(("fluency", "level"), [
    ("C1", "C1"), ("Level b2.", "B2"), ("Native or bilingual proficiency", "C2"), ("madrelingua", "C2"), ("Fluent", "C1"),
    ("Full professional proficiency", "C1"), ("Limited working proficiency", "B1"), ("Upper intermediate", "B2"),
    ("Intermediate", "B1"), ("Elementare", "A2"), ("Beginner", "A1"), ("XC12", None), ("", None)])
def test_levels_of_other_programs(database, fluency, level):
    assert database.value("select resume_level(%s)", fluency) == level


@pytest.mark.parametrize(("document", "expected"), [
    ({"work": "x"}, ("/work", "type")), ({"hobbies": []}, ("/hobbies", "unknown_field")), ({"work": [{"startDate": "March"}]}, ("/work/0/startDate", "pattern")),
    ({"meta": {"segreteria": {"photo": "x"}}}, ("/meta/segreteria/photo", "never_asked")),
    ({"meta": {"segreteria": {"duties": ["x"]}}}, ("/meta/segreteria/duties/0", "enum")),
    ({"meta": {"segreteria": {"tools": [{"name": "Excel"}, {"name": "excel"}]}}},
     ("/meta/segreteria/tools/1/name", "duplicate_tool")),
    ({"languages": [{"language": "en", "fluency": "C1"}, {"language": "English", "fluency": "C1"}]},
     ("/languages/1/language", "duplicate_language")),
])
def test_imports_that_are_refused(world, document, expected):
    assert errors(bring(world.candidate(), document, 422)) == {expected}


def test_an_import_not_over_another_change(world):
    candidate = world.candidate()
    tag = candidate.client.get("/v1/me/profile/json-resume").expect(200).headers["ETag"]
    put(candidate, PROFILE)
    bring(candidate, {"basics": {"label": "x"}}, 412, headers={"If-Match": tag})
    assert candidate.client.get("/v1/me/profile").json == same(PROFILE, candidate)


# --- who sees it ------------------------------------------------------------------------------------------------------


def test_only_candidates_have_one(world, company, api):
    operator = world.operator(company)
    for path in ("/v1/me/profile", "/v1/me/profile/completeness", "/v1/me/profile/json-resume"):
        api.get(path).expect(401, "unauthorized")
        company.client.get(path).expect(403, "forbidden")
        operator.client.get(path).expect(403, "forbidden")
    _, reader = world.token(world.candidate(), ["profile:read"])
    reader.get("/v1/me/profile").expect(200)
    reader.put("/v1/me/profile", {"basics": BASICS}).expect(403, "insufficient_scope")
    reader.put("/v1/me/profile/json-resume", {}).expect(403, "insufficient_scope")


def test_the_company_of_an_application_sees_it_without_the_pay(world, company):
    candidate = world.candidate()
    put(candidate, PROFILE)
    application = world.application(candidate, world.job(company))
    shown = company.client.get(f"/v1/applications/{application['id']}").expect(200).json["candidate"]
    assert shown["work"] == PROFILE["work"] and shown["available_from"] == "2027-01-11"
    assert "preferences" not in shown and "36000" not in str(shown)


def test_an_erased_profile_is_gone(world, company, database):
    candidate = world.candidate()
    put(candidate, {**PROFILE, "references": [{"name": "Qwertz Erasable"}]})
    world.application(candidate, world.job(company))
    candidate.client.request("DELETE", "/v1/me", {"password": "correct horse battery"}).expect(200)
    assert database.value("select count(*) from candidates where id = %s", candidate.id) == 0
    assert database.value("select count(*) from candidates where profile::text like '%%Qwertz%%'") == 0




def test_a_blank_text_of_a_resume_is_none(world):
    """A profile has no text of spaces alone; an import takes it for an empty one."""
    someone = world.candidate()
    blank = {"basics": {"label": "  ", "summary": "\n ", "location": {"countryCode": "IT", "city": " "}},
             "work": [{"name": "Lario", "position": " ", "summary": "\": \" \""}]}
    profile = someone.client.put("/v1/me/profile/json-resume", blank).expect(200).json["profile"]
    assert "headline" not in profile["basics"] and "summary" not in profile["basics"]
    assert profile["basics"]["location"] == {"country": "IT"}
    assert profile["work"] == [{"name": "Lario", "summary": "\": \" \""}]
