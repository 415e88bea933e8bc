"""How long applications are kept: what a company sets, what both sides see beforehand, what the background does, and a
company that takes a person out by itself."""

import datetime
import threading

import pytest
from support.world import PASSWORD

QUESTIONS = [{"id": "q", "type": "short_text", "label": "Why?"}]


def days_between(earlier, later):
    parsed = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later)]
    return (parsed[1] - parsed[0]).total_seconds() / 86400


def retention(company):
    return f"/v1/companies/{company.id}/retention"


@pytest.fixture
def sent(world):
    """(company, candidate, application) with everything an application can have; still open."""
    company, person = world.company(), world.candidate()
    job = world.job(company, questions=QUESTIONS)
    file = person.client.request("POST", "/v1/documents", body=b"My past.", headers={"Content-Type": "text/plain"}).expect(201).json
    application = world.application(person, job, cover_letter="It is me.", document_ids=[file["id"]],
                                    answers=[{"question_id": "q", "value": "Because."}])
    company.client.post(f"/v1/applications/{application['id']}/notes", {"body": "She sings."}).expect(201)
    return company, person, application


def path(application, rest=""):
    return f"/v1/applications/{application['id']}{rest}"


def reject(company, application):
    company.client.patch(path(application), {"status": "rejected", "reason": "Lia is too good for us."}).expect(200)


def make_old(database, application, days):
    database.query("update applications set retention_from = retention_from - %s * interval '1 day' where id = %s", days, application["id"])


# --- what a company sets ----------------------------------------------------------------------------------------------


def test_what_holds_where_nothing_was_set(world):
    company = world.company()
    answer = company.client.get(retention(company)).expect(200)
    assert answer.json["application_days"] == 180 and "updated_at" not in answer.json
    assert answer.json["limits"]["application_days"] == {"minimum": 30, "default": 180, "maximum": 730}


def test_setting_it(world, database):
    company = world.company()
    before = company.client.get(retention(company)).expect(200)
    longer = company.client.put(retention(company), {"application_days": 365}).expect(200)
    assert longer.json["application_days"] == 365 and "shortened_at" not in longer.json
    company.client.put(retention(company), {"application_days": 90}, headers={"If-Match": before.etag}).expect(412, "precondition_failed")
    shorter = company.client.put(retention(company), {"application_days": 90}, headers={"If-Match": longer.etag}).expect(200)
    assert "shortened_at" in shorter.json
    assert company.client.put(retention(company), {"application_days": 90}).expect(200).etag == shorter.etag
    assert database.value("select count(*) from audit_log where action = 'company.retention_changed' and company_id = %s", company.id) == 2
    for days in (29, 731, 0, -1):
        company.client.put(retention(company), {"application_days": days}).expect(422, "validation_failed")


def test_members_read_owners_set(world):
    company, other = world.company(), world.company()
    for role in ("recruiter", "viewer"):
        member = world.member(company, role)
        member.client.get(retention(company)).expect(200)
        member.client.put(retention(company), {"application_days": 60}).expect(403, "forbidden")
    other.client.get(retention(company)).expect(403, "forbidden")
    other.client.put(retention(company), {"application_days": 60}).expect(403, "forbidden")


# --- what is seen beforehand ------------------------------------------------------------------------------------------


def test_both_sides_see_when(sent):
    company, person, application = sent
    open_until = person.client.get(path(application)).expect(200).json
    assert 544 < days_between(open_until["submitted_at"], open_until["purge_after"]) < 546  # 365 until it counts as over, and 180
    reject(company, application)
    seen = [account.client.get(path(application)).expect(200).json["purge_after"] for account in (company, person)]
    assert seen[0] == seen[1] and 179 < days_between(open_until["submitted_at"], seen[0]) < 181
    company.client.put(retention(company), {"application_days": 365}).expect(200)
    assert 364 < days_between(open_until["submitted_at"], company.client.get(path(application)).json["purge_after"]) < 366
    (card,) = person.client.get("/v1/applications").expect(200).json["items"]
    assert "purge_after" in card


def test_what_goes_soon_is_listed(world):
    company, person = world.company(), world.candidate()
    over, going_on = (world.application(person, world.job(company)) for _ in range(2))
    reject(company, over)
    company.client.get("/v1/applications").expect(200)  # the list is in step
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=200)).strftime("%Y-%m-%dT%H:%M:%SZ")
    late = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=600)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for account in (company, person):
        found = account.client.get("/v1/applications", params={"purge_before": soon}).expect(200).json["items"]
        assert [item["id"] for item in found] == [over["id"]]
        found = account.client.get("/v1/applications", params={"purge_before": late}).expect(200).json["items"]
        assert {item["id"] for item in found} == {over["id"], going_on["id"]}


# --- what the background does -----------------------------------------------------------------------------------------


def purge(database):
    while database.value("select applications_purge(500)"):
        pass


def assert_nobody(company, person, application, status, database):
    seen = company.client.get(path(application)).expect(200).json
    assert seen["status"] == status and seen["answers"] == [] and "anonymised_at" in seen
    assert not {"cover_letter", "documents", "reason", "purge_after"} & set(seen)
    assert seen["candidate"]["given_name"] == "Removed" and seen["candidate"]["id"] != person.id
    assert company.client.get(path(application, "/notes")).expect(200).json["items"] == []
    person.client.get(path(application)).expect(404, "not_found")
    rows = database.value("select row_to_json(a)::text || (select coalesce(string_agg(e::text, ''), '') from application_events e where "
                          "e.application_id = a.id) from applications a where id = %s", application["id"])
    for trace in (person.id, "It is me", "Because", "too good"):
        assert trace not in rows


def test_one_whose_time_is_over(sent, database):
    company, person, application = sent
    reject(company, application)
    make_old(database, application, 179)
    purge(database)
    assert company.client.get(path(application)).expect(200).json["candidate"]["id"] == person.id
    make_old(database, application, 2)
    purge(database)
    assert_nobody(company, person, application, "rejected", database)
    assert len(person.client.get("/v1/documents").expect(200).json["items"]) == 1  # that is the person's own
    assert company.client.get(path(application, "/events")).expect(200).json["items"][-1]["type"] == "anonymised"


def test_one_nobody_ever_answered(sent, database):
    company, person, application = sent
    make_old(database, application, 365 + 181)
    purge(database)
    assert_nobody(company, person, application, "submitted", database)


def test_not_while_a_consent_holds(world, database):
    company, person = world.company(), world.candidate()
    application = world.application(person, world.job(company), consent={"talent_pool": True})
    reject(company, application)
    make_old(database, application, 200)
    purge(database)
    assert company.client.get(path(application)).expect(200).json["candidate"]["id"] == person.id
    database.query("update applications set consent = consent || jsonb_build_object('until', rfc3339(now() - interval '1 minute')) "
                   "where id = %s", application["id"])
    purge(database)
    assert "anonymised_at" in company.client.get(path(application)).expect(200).json


def test_not_within_a_week_of_shortening(sent, database):
    company, person, application = sent
    reject(company, application)
    make_old(database, application, 100)
    company.client.put(retention(company), {"application_days": 60}).expect(200)
    purge(database)
    assert company.client.get(path(application)).expect(200).json["candidate"]["id"] == person.id
    database.query("update company_retention set shortened_at = shortened_at - interval '7 days' where company_id = %s", company.id)
    purge(database)
    assert_nobody(company, person, application, "rejected", database)


def test_two_instances_at_once(world, database):
    """Each takes rows that the other has not; none is done twice."""
    import psycopg

    company = world.company()
    job = world.job(company)
    people = [world.candidate() for _ in range(12)]
    mine = [world.application(person, job) for person in people]
    for application in mine:
        reject(company, application)
        make_old(database, application, 181)

    def work():
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            while connection.execute("select applications_purge(500)").fetchone()[0]:
                pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = database.query("select count(*) from application_events where type = 'anonymised' and application_id = any (%s::uuid[]) "
                          "group by application_id", [application["id"] for application in mine])
    assert [count for (count,) in done] == [1] * 12


def test_documents_that_are_with_nothing(world, database):
    person = world.candidate()
    ids = [person.client.request("POST", "/v1/documents", body=b"A text.", headers={"Content-Type": "text/plain"}).expect(201).json["id"]
           for _ in range(3)]
    world.application(person, world.job(world.company()), document_ids=[ids[0]])
    database.query("update documents set completed_at = now() - interval '731 days' where id = any (%s::uuid[])", ids[:2])
    assert database.value("select documents_unattached_purge(500)") == 1
    assert {item["id"] for item in person.client.get("/v1/documents").expect(200).json["items"]} == {ids[0], ids[2]}


def test_a_document_says_when_it_goes(world, database):
    person = world.candidate()
    made = person.client.request("POST", "/v1/documents", body=b"A text.", headers={"Content-Type": "text/plain"}).expect(201).json

    def seen():
        one = person.client.get(f"/v1/documents/{made['id']}").expect(200).json
        assert person.client.get("/v1/documents").expect(200).json["items"] == [one]
        return one.get("purge_after")

    def now():
        return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")

    stored = database.value("select completed_at from documents where id = %s", made["id"])
    says = datetime.datetime.fromisoformat(made["purge_after"].replace("Z", "+00:00"))
    assert abs(says - stored - datetime.timedelta(days=730)) < datetime.timedelta(seconds=1) and seen() == made["purge_after"]
    person.client.put("/v1/me/restriction", {"ground": "claims"}).expect(200)
    assert seen() is None
    person.client.delete("/v1/me/restriction").expect(204)
    company = world.company()
    application = world.application(person, world.job(company), document_ids=[made["id"]])
    assert seen() is None and "purge_after" not in application["documents"][0]
    assert "purge_after" not in company.client.get(f"/v1/documents/{made['id']}").expect(200).json
    database.query("delete from application_documents where document_id = %s", made["id"])
    assert seen() == made["purge_after"]
    # It says what is done: not a moment before, and then soon.
    database.query("update documents set completed_at = now() - interval '730 days' + interval '1 minute' where id = %s", made["id"])
    assert seen() > now() and database.value("select documents_unattached_purge(500)") == 0
    database.query("update documents set completed_at = now() - interval '730 days 1 second' where id = %s", made["id"])
    assert seen() < now() and database.value("select documents_unattached_purge(500)") == 1


# --- a company does it itself -----------------------------------------------------------------------------------------


def test_taken_out_by_the_company(sent, world, database):
    company, person, application = sent
    company.client.post(path(application, "/anonymise")).expect(409, "application_open")
    reject(company, application)
    answer = company.client.post(path(application, "/anonymise")).expect(200)
    assert answer.json == company.client.get(path(application)).expect(200).json
    assert_nobody(company, person, application, "rejected", database)
    company.client.post(path(application, "/anonymise")).expect(200)
    assert database.value("select count(*) from application_events where application_id = %s and type = 'anonymised'", application["id"]) == 1
    assert database.value("select count(*) from outbox o join accounts a on a.id = o.account_id where a.email = %s and "
                          "template = 'application_anonymised'", person.email) == 1
    assert "application.anonymised" in {entry["action"] for entry in person.client.pages("/v1/audit")}
    for entry in company.client.pages("/v1/audit"):
        assert person.id != entry.get("candidate_id") or entry["subject"]["kind"] != "application"
    world.application(person, {"id": application["job"]["id"]}, answers=[{"question_id": "q", "value": "Again."}])


def test_who_may_not(sent, world):
    company, person, application = sent
    reject(company, application)
    world.member(company, "viewer").client.post(path(application, "/anonymise")).expect(403, "forbidden")
    world.company().client.post(path(application, "/anonymise")).expect(404, "not_found")
    person.client.post(path(application, "/anonymise")).expect(403, "forbidden")
    _, program = world.token(company, ["applications:read"])
    program.post(path(application, "/anonymise")).expect(403, "insufficient_scope")
    world.member(company, "recruiter").client.post(path(application, "/anonymise")).expect(200)


def test_what_was_erased_is_not_purged_again(world, database):
    company, person = world.company(), world.candidate()
    application = world.application(person, world.job(company))
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    seen = company.client.get(path(application)).expect(200).json
    assert "anonymised_at" in seen and "purge_after" not in seen
    make_old(database, application, 1000)
    purge(database)
    assert company.client.get(path(application)).expect(200).json["candidate"]["id"] == seen["candidate"]["id"]
