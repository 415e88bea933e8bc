"""Vacancies as job sites really publish them, brought over with mapping.py: none is refused, none is doubled, all are found
again. SEGRETERIA_REAL_VACANCIES names the folder that has them; they may not be published and are not part of the project.
"""

import collections
import json
import os
import pathlib
import re
import unicodedata

import pytest
from mapping import british, full_text, markdown, pay, pay_range, role_of, title_of
from support.client import ndjson

FOLDER = os.environ.get("SEGRETERIA_REAL_VACANCIES")
SOURCES = {"ads_uk_assistants.ndjson": (british, 861), "ads_fulltext.ndjson": (full_text, 200)}
NDJSON = {"Content-Type": "application/x-ndjson"}

real = pytest.mark.skipif(not FOLDER, reason="SEGRETERIA_REAL_VACANCIES is not set: no real vacancies to try")


@pytest.fixture(scope="module")
def vacancies():
    """{reference: vacancy} of both sites."""
    found = {}
    for name, (mapping, count) in SOURCES.items():
        lines = (pathlib.Path(FOLDER) / name).read_text(encoding="utf-8").rstrip("\n").split("\n")
        assert len(lines) == count
        for number, line in enumerate(lines, start=1):
            vacancy = mapping(json.loads(line), number)
            assert vacancy["reference"] not in found
            found[vacancy["reference"]] = vacancy
    return found


@pytest.fixture(scope="module")
def refused():
    """(way, reference, code, what is wrong) of every vacancy that was refused: what the last test prints."""
    return []


def complaints(problem):
    return "; ".join(f"{e.get('pointer', '?')} {e['code']}" for e in problem.get("errors", [])) or problem["detail"]


@pytest.fixture(scope="module")
def one_by_one(world, vacancies, refused):
    """A company that sends each vacancy with PUT. ({reference: document}, the company)"""
    company = world.company(country="GB", name="Syncing One by One")
    stored = {}
    for reference, vacancy in vacancies.items():
        answer = company.client.put(f"/v1/companies/{company.id}/jobs/{reference}", vacancy)
        if answer.status == 201:
            stored[reference] = answer.json
        else:
            refused.append(("PUT", reference, answer.code, complaints(answer.json)))
    return stored, company


@pytest.fixture(scope="module")
def in_bulk(world, vacancies, refused):
    """A company that sends all of them as one batch. ({reference: result}, the company, the batch)"""
    company = world.company(country="GB", name="Syncing in Bulk")
    batch = ndjson(vacancies.values())
    stored = {}
    for result, reference in zip(company.client.post("/v1/jobs/batch", body=batch, headers=NDJSON).expect(200).lines, vacancies):
        if result["status"] == 201:
            assert result["reference"] == reference
            stored[reference] = result
        else:
            refused.append(("batch", reference, result["problem"]["code"], complaints(result["problem"])))
    return stored, company, batch


@real
def test_put_takes_every_one(vacancies, one_by_one):
    stored, _ = one_by_one
    assert stored.keys() == vacancies.keys()


@real
def test_batch_takes_every_one(vacancies, in_bulk):
    stored, _, _ = in_bulk
    assert stored.keys() == vacancies.keys()


@real
def test_what_was_sent_is_what_is_read(vacancies, one_by_one, api):
    stored, _ = one_by_one
    for reference, vacancy in vacancies.items():
        document = api.anybody.get(f"/v1/jobs/{stored[reference]['id']}").expect(200).json
        if document.get("location", {}).get("coordinates") == "gazetteer":  # the town's own, added to what was sent
            for name in ("latitude", "longitude", "coordinates"):
                del document["location"][name]
        assert {name: document.get(name) for name in vacancy} == vacancy


@real
def test_put_again_changes_and_doubles_nothing(vacancies, one_by_one):
    stored, company = one_by_one
    for reference, vacancy in vacancies.items():
        again = company.client.put(f"/v1/companies/{company.id}/jobs/{reference}", vacancy).expect(200).json
        assert again == stored[reference]
    assert len(list(company.client.pages("/v1/jobs", scope="own", limit=100))) == len(vacancies)


@real
def test_batch_again_changes_and_doubles_nothing(vacancies, in_bulk):
    stored, company, batch = in_bulk
    results = company.client.post("/v1/jobs/batch", body=batch, headers=NDJSON).expect(200).lines
    assert [result["status"] for result in results] == [200] * len(vacancies)
    assert [result["id"] for result in results] == [stored[reference]["id"] for reference in vacancies]
    cards = list(company.client.pages("/v1/jobs", scope="own", limit=100))
    assert len(cards) == len(vacancies)
    assert {card["version"] for card in cards} == {1}


@real
@pytest.mark.parametrize("limit", [7, 100])
def test_paging_finds_every_one_once(vacancies, one_by_one, api, limit):
    _, company = one_by_one
    found = [card["reference"] for card in api.anybody.pages("/v1/jobs", company_id=company.id, limit=limit)]
    assert len(found) == len(vacancies)
    assert set(found) == vacancies.keys()


OTHER_NAMES = {"munich": "munchen"}  # places that the gazetteer knows by both


def folded(value):
    """Neither case nor accents nor signs tell two values apart."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", value.lower()) if not unicodedata.combining(c))
    words = " ".join(re.findall(r"\w+", letters))
    return value.lower() if "_" in value else OTHER_NAMES.get(words, words)


@real
@pytest.mark.parametrize("name", ["role", "employment_type", "contract", "work_mode", "country", "region", "city"])
def test_each_value_of_a_filter_finds_its_own(vacancies, one_by_one, api, name):
    _, company = one_by_one
    expected = collections.defaultdict(set)
    for reference, vacancy in vacancies.items():
        value = vacancy.get("location", {}).get(name) if name in ("country", "region", "city") else vacancy.get(name)
        if value is not None:
            expected[folded(value)].add(reference)
    assert expected
    for value, references in expected.items():
        # (a comma that belongs to the value is percent-encoded, as urlencode does it)
        found = {card["reference"] for card in api.anybody.pages("/v1/jobs", company_id=company.id, limit=100, **{name: value})}
        assert found == references, value


@real
def test_some_are_applied_to(vacancies, one_by_one, world):
    stored, company = one_by_one
    candidate = world.candidate()
    chosen = list(vacancies)[::40]
    for reference in chosen:
        candidate.client.post(f"/v1/jobs/{stored[reference]['id']}/applications",
                              {"cover_letter": f"About {vacancies[reference]['title']}"}).expect(201)
    seen = list(company.client.pages("/v1/applications", limit=10))
    assert {item["job"]["reference"] for item in seen} == set(chosen)
    for item in seen:
        company.client.patch(f"/v1/applications/{item['id']}", {"status": "in_review"}).expect(200)
    assert {item["status"] for item in candidate.client.pages("/v1/applications")} == {"in_review"}


@real
def test_report(vacancies, one_by_one, in_bulk, refused, capsys):
    """Prints what came over and what was refused; refusals fail the tests above."""
    del one_by_one, in_bulk
    with capsys.disabled():
        print(f"\n\n{len(vacancies)} real vacancies, sent with PUT and as a batch, twice each; refused: {len(refused)}")
        for name in ["role", "employment_type", "contract", "salary", "location", "work_mode"]:
            given = [vacancy[name] for vacancy in vacancies.values() if name in vacancy]
            kinds = collections.Counter(value if isinstance(value, str) else "given" for value in given).most_common()
            print(f"  {name:16} {len(given):5}  " + ", ".join(f"{value} {count}" for value, count in kinds))
        for way, reference, code, what in refused:
            print(f"  refused: {way:5} {reference:8} {code}: {what}")
    assert refused == []


# --- the mapping itself, on lines written for the purpose ---------------------------------------------------------------


@pytest.mark.parametrize(("text", "salary"), [
    ("£15,000 - £17,500 per annum, pro-rata", {"min": 15000, "max": 17500, "currency": "GBP", "unit": "year"}),
    ("£9.50 - £10.50 per hour", {"min": 9.5, "max": 10.5, "currency": "GBP", "unit": "hour"}),
    ("up to €40,000 per annum", {"max": 40000, "currency": "EUR", "unit": "year"}),
    ("$120 a day, negotiable", {"min": 120, "max": 120, "currency": "USD", "unit": "day"}),
    ("£20,000 - £18,000 per annum", {"min": 18000, "max": 20000, "currency": "GBP", "unit": "year"}),
    ("‚¬18,000 per annum", {"min": 18000, "max": 18000, "currency": "EUR", "unit": "year"}),
    ("Competitive", None), ("", None),
])
def test_pay(text, salary):
    assert pay(text) == salary


def test_pay_range():
    assert pay_range("30000-40000", "US") == {"min": 30000, "max": 40000, "currency": "USD", "unit": "year"}
    assert pay_range("0-34300", "GB") == {"max": 34300, "currency": "GBP", "unit": "year"}
    assert pay_range("1600-1700", "GR") == {"min": 1600, "max": 1700, "currency": "EUR", "unit": "month"}
    assert pay_range("0-0", "US") is None
    assert pay_range("", "US") is None
    assert pay_range("Dec-20", "US") is None


def test_markdown():
    assert markdown("<p>We look for <b>you</b> &amp;amp; a friend</p><ul><li>diary<li>travel</ul>") == (
        "We look for you & a friend\n\n- diary\n- travel")
    assert markdown("Runs the office.Requirements: none\u00a0at all") == "Runs the office.\n\nRequirements: none at all"
    assert markdown("less than <5 people<script>alert(1)</script>") == "less than <5 people"


def test_title():
    assert title_of("LEGAL SECRETARY ENFIELD") == "Legal Secretary Enfield"
    assert title_of("PA  &amp; EA &160;") == "PA & EA"


@pytest.mark.parametrize(("title", "role"), [
    ("Medical Secretary", "medical_secretary"), ("Legal PA - Banking", "legal_secretary"),
    ("EA to CEO", "executive_assistant"), ("PA / Office Manager", "personal_assistant"),
    ("Sales Administrator", "administrative_assistant"), ("Night Receptionist", "receptionist"),
    ("Team Secretary", "team_assistant"), ("Data Entry Operator", "office_clerk"), ("Bus driver", "other"),
])
def test_role(title, role):
    assert role_of(title) == role
