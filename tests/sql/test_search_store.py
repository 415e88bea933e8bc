"""What a change of a vacancy costs search: its row is made anew as far as the change asks for it, and is always what it would be
if it were made from nothing."""

import pytest
from conftest import Company

FULL = {"title": "Assistente di direzione", "description": "Agenda e viaggi.", "language": "it", "role": "executive_assistant",
        "location": {"country": "IT", "city": "Milano"}, "tools": [{"name": "SAP", "importance": "must"}], "valid_through": "2099-12-31"}


@pytest.fixture(scope="module")
def company(db):
    return Company(db)


@pytest.fixture
def job(company):
    return company.job(**FULL)


def column(db, job, name):
    return db.execute(f"select {name} from job_search where job_id = %s", job).fetchone()[0]


def spoil(db, job):
    """Words that no vacancy has: whether they were made anew is seen by their going."""
    db.execute("update job_search set words = 'spoilt:1' where job_id = %s", job)


def kept(db, job):
    return column(db, job, "words") == "'spoilt':1"


def nothing_differs(db, job):
    return db.execute("select * from search_check(true) where job_id = %s", job).fetchall() == []


@pytest.mark.parametrize("change", [
    {"response_promise_days": 7}, {"openings": 3}, {"start_date": "2099-01-01"}, {"reference": "r-1"}, {"travel_percent": 10},
    {"experience_years_min": 2}, {"questions": [{"type": "boolean", "label": "?"}]},
])
def test_what_search_does_not_know_of(db, company, job, change):
    spoil(db, job)
    before = db.execute("select * from job_search where job_id = %s", job).fetchone()
    company.patch(job, **change)
    after = db.execute("select * from job_search where job_id = %s", job).fetchone()
    assert kept(db, job) and [a == b for a, b in zip(before, after)].count(False) == 1
    assert column(db, job, "version") == 2


@pytest.mark.parametrize("change, name, value", [
    ({"salary": {"min": 40000, "currency": "EUR", "unit": "year"}}, "salary_high", 40000), ({"work_mode": "remote"}, "office_days", 0),
    ({"languages": [{"language": "en", "level": "C1", "importance": "must"}]}, "languages", ["en"]),
    ({"employment_type": "part_time"}, "employment_type", "part_time"), ({"duties": ["diary"]}, "duties", ["diary"]),
    ({"location": {"country": "IT", "city": "Milano", "latitude": 45.5, "longitude": 9.1}}, "latitude", 45.5),
    ({"valid_through": "2098-12-31"}, "valid_through::text", "2098-12-31"), ({"confidentiality_level": "high"}, "confidentiality_level", "high"),
])
def test_what_no_word_comes_from(db, company, job, change, name, value):
    spoil(db, job)
    company.patch(job, **change)
    assert kept(db, job) and column(db, job, name) == value


@pytest.mark.parametrize("change", [
    {"title": "Segretaria"}, {"description": "Altro."}, {"language": "en"}, {"role": "secretary"},
    {"location": {"country": "IT", "city": "Como"}}, {"location": {"country": "IT", "region": "Puglia", "city": "Milano"}},
    {"tools": [{"name": "Notion", "importance": "nice"}]},
])
def test_what_words_come_from(db, company, job, change):
    spoil(db, job)
    company.patch(job, **change)
    assert not kept(db, job) and nothing_differs(db, job)


def test_one_after_the_other(db, company):
    """Whatever was changed in whatever order, the row is what one made from nothing would be."""
    job = company.job(**FULL)
    for change in ({"work_mode": "hybrid"}, {"openings": 2}, {"title": "Segretaria"}, {"status": "paused"}, {"description": "Nuovo testo qui."},
                   {"status": "published"}, {"salary": {"max": 30000, "currency": "EUR", "unit": "year"}}, {"role": None},
                   {"location": {"country": "GB", "city": "London"}}, {"language": None}, {"tools": []}):
        company.patch(job, **change)
        assert nothing_differs(db, job), change


def test_a_row_that_was_lost_comes_back(db, company, job):
    db.execute("delete from job_search where job_id = %s", job)
    company.patch(job, salary={"min": 40000, "currency": "EUR", "unit": "year"})
    assert nothing_differs(db, job)


def test_words_are_remembered_once(db, company):
    words = "select word from search_words where word in ('xylofonista', 'nomenclatore', 'ab', 'abc1') order by word"
    for _ in range(2):
        company.job(**{**FULL, "description": "Xylofonista, nomenclatore, ab, abc1; nomenclatore."})
    assert [row[0] for row in db.execute(words).fetchall()] == ["nomenclatore", "xylofonista"]
