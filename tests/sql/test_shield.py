"""The employer shield and blind review, as the data base keeps them."""

import itertools

import pytest


@pytest.fixture
def shield(db, candidate):
    places = itertools.count(1)

    def add(kind, value):
        db.execute("insert into employer_shield (candidate_id, position, kind, value, given) values (%s, %s, %s, %s, %s)",
                   candidate.id, next(places), kind, value, value)

    return add


def hidden(db, candidate, company):
    by_candidate = db.value("select shield_hides(%s, %s)", candidate.id, company.id)
    by_company = db.value("select %s::uuid in (select shield_candidates(%s))", candidate.id, company.id)
    assert by_candidate == by_company
    return by_candidate


@pytest.mark.parametrize(("given", "names"), [
    ("IT01234567890", ["IT01234567890", "01234567890"]), ("it 012-345 678.90", ["IT01234567890", "01234567890"]),
    ("01234567890", ["IT01234567890", "01234567890"]), ("", []), (None, []), ("IT", ["ITIT", "IT"])])
def test_names_of_a_vat_number(db, given, names):
    assert [row[0] for row in db.execute("select vat_names(%s, 'IT')", given).fetchall()] == names


@pytest.mark.parametrize(("given", "domain"), [
    ("https://www.Acme.example/lavora?x=1#y", "acme.example"), ("acme.example", "acme.example"),
    ("http://user:pw@hr.acme.example:8443", "hr.acme.example"), ("Anna <anna@acme.example", "acme.example"),
    ("anna@ACME.example.", "acme.example"), ("https://acme.example?to=https://other.example", "acme.example"),
    ("https://acme.example/@someone@other.example", "acme.example"), ("  ", None), (None, None)])
def test_domain_of_an_address(db, given, domain):
    assert db.value("select domain_fold(%s)", given) == domain


def test_parts_of_a_domain(db):
    assert [row[0] for row in db.execute("select domain_names('a.hr.acme.example')").fetchall()] == [
        "a.hr.acme.example", "hr.acme.example", "acme.example"]
    assert [row[0] for row in db.execute("select domain_names('localhost')").fetchall()] == ["localhost"]
    assert db.execute("select domain_names(null)").fetchall() == []


def test_each_kind_of_entry(db, company, candidate, shield):
    assert not hidden(db, candidate, company)
    shield("company", company.id)
    assert hidden(db, candidate, company)
    db.execute("delete from employer_shield")
    for kind, value, column, own in [("vat_id", "01234567890", "vat_id", "IT 01234567890"),
                                     ("website_domain", "alfa.example", "website", "https://www.lavora.alfa.example/x"),
                                     ("group", "alfa holding", "corporate_group", " ALFA  Holding")]:
        shield(kind, value)
        assert not hidden(db, candidate, company)
        db.execute(f"update companies set {column} = %s where id = %s", own, company.id)
        assert hidden(db, candidate, company), kind
        db.execute("delete from employer_shield")
    shield("email_domain", "alfa.example")
    assert hidden(db, candidate, company)


def test_a_company_does_not_slip_out(db, company, candidate, shield):
    shield("vat_id", "IT09876543210")
    db.execute("update companies set vat_id = 'IT09876543210' where id = %s", company.id)
    db.execute("update companies set vat_id = 'IT11111111111' where id = %s", company.id)
    assert hidden(db, candidate, company)


def test_other_companies_see(db, candidate, shield, company):
    shield("vat_id", "IT09876543211")
    shield("email_domain", "other.example")
    shield("website_domain", "fa.example")
    assert not hidden(db, candidate, company)


def test_applications_stay_blind_until_they_are_shortlisted(db, company, candidate):
    job = company.job()
    db.execute("update jobs set blind_review = true where id = %s", job)
    application = candidate.apply(job)["body"]["id"]
    shown = "select candidate_shown(a, %s) from applications a where id = %s"
    assert db.value(shown, "card", application) == {"blind": True}
    assert candidate.id not in str(db.value(shown, "full", application))
    db.execute("update jobs set blind_review = false where id = %s", job)
    company.call("applications_patch", application_id=application, body={"status": "rejected"})
    company.call("applications_patch", application_id=application, body={"status": "in_review"})
    assert db.value(shown, "full", application)["blind"]
    company.call("applications_patch", application_id=application, body={"status": "interview"})
    assert db.value(shown, "full", application)["given_name"] == "Carla"
    assert db.value(shown, "card", application)["id"] == candidate.id
    events = db.execute("select type, actor_kind, from_status, to_status from application_events where application_id = %s"
                        " and type = 'revealed'", application).fetchall()
    assert events == [("revealed", "company", "in_review", "interview")]
    assert db.value("select count(*) from audit_log where action = 'application.revealed' and candidate_id = %s",
                    candidate.id) == 1
    company.call("applications_patch", application_id=application, body={"status": "in_review"})
    assert db.value(shown, "card", application)["given_name"] == "Carla"  # what was seen is seen


def test_other_applications_are_not_blind(db, company, candidate):
    application = candidate.apply(company.job())["body"]["id"]
    company.call("applications_patch", application_id=application, body={"status": "shortlisted"})
    assert db.value("select count(*) from application_events where type = 'revealed' and application_id = %s", application) == 0
    assert db.value("select (candidate_shown(a, 'card')) ->> 'id' from applications a where id = %s", application) == candidate.id


