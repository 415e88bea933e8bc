"""Answers that were promised: who is late is listed and reminded once, and a vacancy that is filled leaves nobody waiting."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.postgres import Database
from support.world import vacancy

OVERDUE = "/v1/applications/overdue"
THANKS = "Grazie: abbiamo scelto un'altra persona."


def path(application):
    return f"/v1/applications/{application['id']}"


def close(company, job, **more):
    return company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled", **more})


def make_late(database, *applications, days=1):
    for application in applications:
        database.query("update applications set next_update_due = now() - %s * interval '1 day' where id = %s", days, application["id"])


def told(database, person):
    return database.query("select template, params from outbox o join accounts a on a.id = o.account_id where a.email = %s "
                          "and template in ('application_update', 'applications_overdue') order by o.created_at, o.id", person.email)


# --- a vacancy that is filled -----------------------------------------------------------------------------------------


def test_filled_with_nobody_waiting(world, company):
    job = world.job(company)
    person = world.candidate()
    hired = world.application(person, job)
    for status in ("offer", "hired"):
        company.client.patch(path(hired), {"status": status}).expect(200)
    assert close(company, job).expect(200).json["status"] == "closed"


def test_filled_while_somebody_waits(world, company, database):
    job, people = world.job(company), [world.candidate() for _ in range(4)]
    sent = [world.application(person, job) for person in people]
    other = world.application(people[0], world.job(company))
    people[3].client.patch(path(sent[3]), {"status": "withdrawn"}).expect(200)
    for status in ("offer", "hired"):
        company.client.patch(path(sent[0]), {"status": status}).expect(200)
    before = database.fingerprint()
    refused = close(company, job).expect(409, "applications_open")
    assert refused.json["open_applications"] == 2 and database.fingerprint() == before
    closed = close(company, job, closing_message=THANKS).expect(200).json
    assert closed["status"] == "closed" and "closing_message" not in closed
    seen = [person.client.get(path(application)).json for person, application in zip(people, sent)]
    assert [(one["status"], one.get("reason")) for one in seen] == [
        ("hired", None), ("rejected", THANKS), ("rejected", THANKS), ("withdrawn", None)]
    assert seen[1]["version"] == 2 and "next_update_due" not in seen[1]
    history = company.client.get(path(sent[1]) + "/events").json["items"]
    assert [(e["type"], e.get("from_status"), e["to_status"], e.get("reason")) for e in history] == [
        ("submitted", None, "submitted", None), ("status_changed", "submitted", "rejected", THANKS)]
    assert history[1]["actor"] == {"kind": "company", "name": "Chiara Fumagalli"}
    for person in people[1:3]:
        assert told(database, person) == [("application_update", {"application_id": seen[people.index(person)]["id"],
                                                                  "job": job["title"], "company": "Lario Meccanica"})]
    assert told(database, people[3]) == []
    assert people[0].client.get(path(other)).json["status"] == "submitted"  # another vacancy's
    close(company, job, closing_message="Again").expect(200)
    assert people[1].client.get(path(sent[1])).json["reason"] == THANKS


def test_the_other_ways_to_close(world, company):
    """Other reasons do not ask; a message answers nevertheless, also once it is closed."""
    job, person = world.job(company), world.candidate()
    sent = world.application(person, job)
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "cancelled"}).expect(200)
    assert person.client.get(path(sent)).json["status"] == "submitted"
    company.client.patch(f"/v1/jobs/{job['id']}", {"close_reason": "filled"}).expect(409, "applications_open")
    company.client.patch(f"/v1/jobs/{job['id']}", {"closing_message": "Il posto non c'è più."}).expect(200)
    assert person.client.get(path(sent)).json["reason"] == "Il posto non c'è più."


def test_by_reference_and_in_a_batch(world, company, database):
    job, person = world.job(company, reference="fill-me"), world.candidate()
    sent = world.application(person, job)
    target = f"/v1/companies/{company.id}/jobs/fill-me"
    filled = vacancy(status="closed", close_reason="filled")
    company.client.put(target, filled).expect(409, "applications_open")
    company.client.put(target, {**filled, "closing_message": THANKS}).expect(200)
    assert person.client.get(path(sent)).json["status"] == "rejected"


@pytest.mark.parametrize("change, where", [
    ({"closing_message": THANKS}, "/status"), ({"status": "paused", "closing_message": THANKS}, "/status"),
    ({"status": "closed", "close_reason": "filled", "closing_message": ""}, "/closing_message"),
    ({"status": "closed", "close_reason": "filled", "closing_message": " "}, "/closing_message"),
    ({"status": "closed", "close_reason": "filled", "closing_message": "x" * 2001}, "/closing_message"),
])
def test_a_message_needs_an_end(world, company, change, where):
    job = world.job(company)
    answer = company.client.patch(f"/v1/jobs/{job['id']}", change).expect(422, "validation_failed")
    assert where in {pointer for pointer, _ in answer.errors}


# --- late answers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def firm(world):
    """A company with an owner, a recruiter and a viewer of its own."""
    company = world.company()
    return company, world.member(company, "recruiter"), world.member(company, "viewer")


def test_overdue_list(world, firm, database):
    company, recruiter, viewer = firm
    job = world.job(company, response_promise_days=3)
    sent = [world.application(world.candidate(), job) for _ in range(4)]
    assert viewer.client.get(OVERDUE).expect(200).json["items"] == []
    make_late(database, sent[1], days=1)
    make_late(database, sent[2], days=9)
    make_late(database, sent[3], days=5)
    company.client.patch(path(sent[3]), {"status": "rejected"}).expect(200)  # answered: not due any more
    items = list(viewer.client.pages(OVERDUE, limit=1))
    assert [item["id"] for item in items] == [sent[2]["id"], sent[1]["id"]]
    assert items[0]["candidate"]["given_name"] == "Lia" and items[0]["next_update_due"]
    assert company.client.get(OVERDUE + "?mine=true").expect(200).json["items"] == []
    company.client.put(path(sent[1]) + "/assignee", {"member_id": world.membership(company, recruiter)}).expect(200)
    assert [item["id"] for item in recruiter.client.get(OVERDUE + "?mine=true").json["items"]] == [sent[1]["id"]]
    assert world.company().client.get(OVERDUE).expect(200).json["items"] == []
    world.candidate().client.get(OVERDUE).expect(403, "forbidden")
    reviewed = company.client.patch(path(sent[2]), {"status": "in_review"}).expect(200).json
    assert reviewed["next_update_due"] and [i["id"] for i in company.client.get(OVERDUE).json["items"]] == [sent[1]["id"]]


def test_the_overdue_list_knows_the_shield(world, firm, database):
    company, _, _ = firm
    person = world.candidate()
    sent = world.application(person, world.job(company, response_promise_days=3))
    make_late(database, sent)
    database.query("insert into employer_shield (candidate_id, position, kind, value, given) values (%s, 1, 'company', %s, 'x')",
                   person.id, company.id)
    assert company.client.get(OVERDUE).expect(200).json["items"] == []
    company.client.post(path(sent) + "/notes", {"body": "x"}).expect(404, "not_found")
    company.client.patch(path(sent), {"status": "in_review"}).expect(404, "not_found")
    results = company.client.post("/v1/applications/bulk", {"moves": [{"id": sent["id"], "status": "rejected"}]}).json["results"]
    assert results[0]["status"] == 404 and person.client.get(path(sent)).json["status"] == "submitted"


def remind(database, *people, late=None, days=1):
    """Makes answers late, reminds, and says what each is told by it: in one transaction, so that the server's own chore comes
    neither before nor after it, when a message has been sent and forgotten."""
    database.query("select 1")
    with database.connection.transaction():
        make_late(database, *(late or []), days=days)
        before = [len(told(database, person)) for person in people]
        database.value("select applications_remind(500)")
        return [[params["count"] for _, params in told(database, person)[n:]] for person, n in zip(people, before)]


def test_reminders(world, firm, database):
    """Assignees of theirs, owners and recruiters of the rest, nobody twice for a due date, and nobody who only reads."""
    company, recruiter, viewer = firm
    job = world.job(company, response_promise_days=3)
    sent = [world.application(world.candidate(), job) for _ in range(3)]
    company.client.put(path(sent[0]) + "/assignee", {"member_id": world.membership(company, recruiter)}).expect(200)
    assert remind(database, company, recruiter, viewer, late=sent) == [[2], [3], []]

    def hours_later():
        database.query("update company_reminders set reminded_at = now() - interval '7 hours' where company_id = %s", company.id)

    hours_later()
    assert remind(database, company) == [[]]  # once for each due date
    assert remind(database, company, late=sent[1:2], days=2) == [[1]]
    assert remind(database, company, late=sent[1:2], days=3) == [[]]  # not within six hours
    with database.connection.transaction():
        hours_later()
        assert remind(database, company) == [[1]]


def test_a_suspended_company_is_not_reminded(world, firm, database):
    company, _, _ = firm
    make_late(database, world.application(world.candidate(), world.job(company, response_promise_days=3)))
    database.query("update companies set suspended_at = now(), suspension_reason = 'x' where id = %s", company.id)
    remind(database)
    assert told(database, company) == []


def test_several_instances_remind_once(world, server, database):
    companies = [world.company() for _ in range(6)]
    for company in companies:
        make_late(database, *[world.application(world.candidate(), world.job(company, response_promise_days=3)) for _ in range(2)])

    def instance(_):
        with_own = Database(database.conninfo, database.name)
        try:
            return with_own.value("select applications_remind(500)")
        finally:
            with_own.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(instance, range(8)))
    for company in companies:
        assert [template for template, _ in told(database, company)] == ["applications_overdue"]
