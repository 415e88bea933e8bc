"""What the text of a vacancy may not ask or say: the corpus of labelled sentences, where findings are told, and what they
stop."""

import pathlib

import pytest
from support.client import ndjson
from support.world import vacancy

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
CORPORA = {"lint_corpus.tsv": 200, "lint_held_out.tsv": 120}  # and how many sentences at least
KINDS = {"age_limit": "age", "age_wording": "age"}  # one label of the corpus for two rules
PRECISION, RECALL = 0.95, 0.9  # floors


def corpus(name):
    """(labels, language, text) of every sentence."""
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            label, language, text = line.split("\t")
            yield set(label.split("+")) - {"-"}, language, text


def draft(**changes):
    return vacancy(status=None, title="x", description="x", **changes)


def findings(client, document, headers=None):
    answer = client.post("/v1/jobs/validate", document, headers=headers or {}).expect(200).json
    return [f for f in answer["errors"] + answer["warnings"] if f["code"].startswith("lint_")]


@pytest.fixture(scope="module")
def employer(world):
    return world.company().client


@pytest.mark.parametrize("name", CORPORA)
def test_precision_and_recall(employer, capsys, name):
    """Each sentence stands in a question of its own, thirty at a time; a sentence is right when exactly its labels are found."""
    sentences = list(corpus(name))
    found = [set() for _ in sentences]
    for first in range(0, len(sentences), 30):
        questions = [{"id": f"q{n}", "type": "short_text", "label": text} for n, (_, _, text) in enumerate(sentences[first : first + 30])]
        for finding in findings(employer, draft(questions=questions)):
            kind = finding["code"].removeprefix("lint_")
            found[first + int(finding["pointer"].split("/")[2])].add(KINDS.get(kind, kind))
    right = sum(len(labels & got) for (labels, _, _), got in zip(sentences, found))
    wrong = [(text, got - labels) for (labels, _, text), got in zip(sentences, found) if got - labels]
    missed = [(text, labels - got) for (labels, _, text), got in zip(sentences, found) if labels - got]
    precision = right / (right + sum(len(more) for _, more in wrong))
    recall = right / (right + sum(len(less) for _, less in missed))
    with capsys.disabled():
        print(f"\n{name}: {len(sentences)} sentences, precision {precision:.3f}, recall {recall:.3f}")
    assert len(sentences) >= CORPORA[name] and sum(not labels for labels, _, _ in sentences) >= len(sentences) * 0.4
    assert precision >= PRECISION, wrong
    assert recall >= RECALL, missed


def test_a_finding_says_where_what_and_why(employer):
    text = "Età: qualità. Gradita esperienza; età massima 35 anni."
    (finding,) = findings(employer, draft(questions=[{"id": "a", "type": "single", "label": "x", "options": ["sì", text]}]))
    assert finding["pointer"] == "/questions/0/options/1"
    assert finding["code"] == "lint_age_limit" and finding["article"] == "D.Lgs. 216/2003, art. 3"
    start, length = finding["start"], finding["length"]
    assert text[start : start + length] == finding["words"] and "massima" in finding["words"]
    (italian,) = findings(employer, draft() | {"title": "Età massima 30"}, {"Accept-Language": "it"})
    assert italian["pointer"] == "/title" and italian["detail"] != finding["detail"] and italian["suggestion"]


def test_characters_beyond_the_basic_plane_count_once(employer):
    text = "👩‍💼 Solo donne 🙂"
    (finding,) = findings(employer, draft() | {"description": text})
    assert text[finding["start"] : finding["start"] + finding["length"]] == finding["words"]


ERROR = {"title": "Assistente", "description": "Età massima 35 anni."}


def test_errors_stop_publishing_in_italy(employer, database):
    before = database.fingerprint()
    answer = employer.post("/v1/jobs", vacancy(**ERROR, salary=None)).expect(422, "validation_failed")
    assert answer.errors == {("/description", "lint_age_limit"), ("/salary", "publish_salary_required")}
    assert answer.json["errors"][1]["words"] == "Età massima"
    assert "severity" not in answer.json["errors"][1] and "countries" not in answer.json["errors"][1]
    assert database.fingerprint() == before


def test_errors_stop_put_patch_and_batch(employer, world):
    company = world.company()
    put = company.client.put(f"/v1/companies/{company.id}/jobs/r1", vacancy(**ERROR)).expect(422, "validation_failed")
    assert put.errors == {("/description", "lint_age_limit")}
    job = company.client.post("/v1/jobs", vacancy()).expect(201).json
    patched = company.client.patch(f"/v1/jobs/{job['id']}", {"description": ERROR["description"]}).expect(422, "validation_failed")
    assert patched.errors == {("/description", "lint_age_limit")}
    answer = company.client.post("/v1/jobs/batch", body=ndjson([vacancy(**ERROR), vacancy()]),
                                 headers={"Content-Type": "application/x-ndjson"})
    first, second = answer.expect(200).lines
    assert first["status"] == 422 and first["problem"]["errors"][0]["code"] == "lint_age_limit"
    assert second["status"] == 201


def test_drafts_other_countries_and_warnings_are_not_stopped(employer):
    job = employer.post("/v1/jobs", vacancy(**ERROR, status="draft")).expect(201).json
    assert employer.patch(f"/v1/jobs/{job['id']}", {"status": "published"}).expect(422, "validation_failed").errors == {
        ("/description", "lint_age_limit")}
    employer.post("/v1/jobs", vacancy(**ERROR, location={"country": "FR", "city": "Paris"})).expect(201)
    employer.post("/v1/jobs", vacancy(title="Segretaria di direzione")).expect(201)
    warned = employer.post("/v1/jobs/validate", vacancy(**ERROR, location={"country": "FR", "city": "Paris"})).expect(200).json
    assert warned["publishable"] and [w["code"] for w in warned["warnings"]] == ["lint_age_limit"]
    assert "equal_opportunity_statement" not in warned


def test_validate_says_what_publishing_says_and_stores_nothing(employer, database):
    before = database.fingerprint()
    answer = employer.post("/v1/jobs/validate", {"title": "x", "location": {"country": "IT"}}).expect(200).json
    assert not answer["publishable"] and {(e["pointer"], e["code"]) for e in answer["errors"]} == {
        ("/description", "publish_description_required"), ("/salary", "publish_salary_required"),
        ("/valid_through", "publish_valid_through_required")}
    assert employer.post("/v1/jobs/validate", vacancy()).expect(200).json["publishable"]
    employer.post("/v1/jobs/validate", {"title": ""}).expect(422, "validation_failed")
    assert database.fingerprint() == before


@pytest.mark.parametrize(("language", "words"), [
    ("it", "ogni genere"), ("it-CH", "ogni genere"), ("en", "every gender"), ("de-AT", "jeden Geschlechts"), ("fr", "tout genre"),
    ("es", "cualquier género"), ("pl", "every gender"), (None, "ogni genere")])
def test_the_statement_is_in_the_language_of_the_vacancy(employer, world, language, words):
    job = employer.post("/v1/jobs", vacancy(language=language)).expect(201).json
    assert words in job["equal_opportunity_statement"]
    assert world.client.get(f"/v1/jobs/{job['id']}").expect(200).json["equal_opportunity_statement"] == job["equal_opportunity_statement"]


def test_the_statement_goes_with_the_country(world):
    company = world.company(country="FR")
    abroad = company.client.post("/v1/jobs", vacancy(location={"country": "FR", "city": "Paris"})).expect(201).json
    nowhere = company.client.post("/v1/jobs", vacancy(location=None)).expect(201).json
    assert "equal_opportunity_statement" not in abroad and "equal_opportunity_statement" not in nowhere
    company.client.patch(f"/v1/companies/{company.id}", {"country": "IT"}).expect(200)
    assert "equal_opportunity_statement" in company.client.get(f"/v1/jobs/{nowhere['id']}").expect(200).json
    assert "equal_opportunity_statement" not in company.client.get(f"/v1/jobs/{abroad['id']}").expect(200).json


def test_the_statement_is_not_the_companys_to_write(employer):
    answer = employer.post("/v1/jobs", vacancy(equal_opportunity_statement="x")).expect(422, "validation_failed")
    assert answer.errors == {("/equal_opportunity_statement", "unknown_field")}


def test_a_hostile_text_costs_little_and_tells_a_hundred_findings(employer):
    text = ("solo donne, RAL attuale. " * 800)[:20000]
    assert len(findings(employer, draft() | {"description": text})) == 100
    findings(employer, draft() | {"description": ("senza impegni e " * 1300)[:20000]})
