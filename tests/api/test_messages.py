"""Messages between the two sides of an application: who reads and writes them, read marks, and that e-mail tells of them
without their words and not too often."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest


def path(application, *more):
    return "/".join(["/v1/applications", application["id"], "messages", *more])


@pytest.fixture
def application(world, company, person):
    return world.application(person, world.job(company))


def write(account, application, body="Buongiorno."):
    return account.client.post(path(application), {"body": body})


def notices(database, account):
    """Which mails tell the account of messages: (params, whether it waits for the end of the quarter of an hour)."""
    return database.query("select o.params, o.state = 'queued' and o.due_at > now() + interval '12 minutes' from outbox o join accounts a on a.id = o.account_id "
                          "where a.email = %s and o.template = 'application_message' order by o.due_at", account.email)


def test_both_sides_write(company, recruiter, viewer, person, application):
    asked = write(recruiter, application, "Può venire <giovedì> alle 10?").expect(201).json
    assert asked["from"] == "company" and asked["author"]["name"] == "A recruiter" and "read_at" not in asked
    answered = write(person, application, "Volentieri.").expect(201).json
    assert answered["from"] == "candidate" and "author" not in answered
    theirs = viewer.client.get(path(application)).expect(200).json["items"]
    assert theirs == [answered, asked]
    mine = person.client.get(path(application)).expect(200).json["items"]
    assert mine == [answered, {name: value for name, value in asked.items() if name != "author"}]
    assert list(person.client.pages(path(application), limit=1)) == mine
    for who, kind in ((company, "company"), (person, "candidate")):
        events = who.client.get(f"/v1/applications/{application['id']}/events").json["items"][1:]
        assert [(e["type"], e["actor"]["kind"]) for e in events] == [("message_sent", "company"), ("message_sent", "candidate")]
        assert b"Volentieri" not in who.client.get(f"/v1/applications/{application['id']}/events").body, kind


def test_read_marks(company, viewer, person, application):
    sent = [write(company, application, f"{n}").expect(201).json for n in range(3)]
    mine = write(person, application).expect(201).json

    def read(account, message):
        return account.client.post(path(application, "read"), {"message_id": message["id"]})

    assert read(person, sent[1]).expect(200).json == {"application_id": application["id"], "unread": 1}
    seen = company.client.get(path(application)).json["items"]
    assert [("read_at" in message) for message in seen] == [False, False, True, True]  # newest first; mine is not its own reader
    first = seen[3]["read_at"]
    assert read(person, sent[2]).expect(200).json["unread"] == 0
    assert company.client.get(path(application)).json["items"][3]["read_at"] == first
    read(viewer, mine).expect(403, "forbidden")
    read(company, mine).expect(200)
    read(company, {"id": str(uuid.uuid4())}).expect(404, "not_found")


def test_strangers(world, company, viewer, person, application, database):
    write(company, application).expect(201)
    before = database.value("select count(*) from application_messages")
    for stranger in (world.company(), world.candidate()):
        stranger.client.get(path(application)).expect(404, "not_found")
        write(stranger, application).expect(404, "not_found")
    write(viewer, application).expect(403, "forbidden")
    _, reader = world.token(person, ["applications:read"])
    reader.post(path(application), {"body": "x"}).expect(403, "insufficient_scope")
    reader.get(path(application)).expect(200)
    for body in ("", " ", "x" * 5001, None, 5):
        company.client.post(path(application), {"body": body}).expect(422, "validation_failed")
    assert database.value("select count(*) from application_messages") == before
    trail = [entry["action"] for entry in person.client.get("/v1/audit").json["items"]]
    assert "application.messages_viewed" not in trail  # nobody of the company has read them yet
    viewer.client.get(path(application)).expect(200)
    assert person.client.get("/v1/audit").json["items"][0]["action"] == "application.messages_viewed"


def test_a_repeated_request_is_one_message(company, application):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = company.client.post(path(application), {"body": "once"}, headers=key).expect(201)
    again = company.client.post(path(application), {"body": "once"}, headers=key).expect(201)
    assert again.json == first.json and len(company.client.get(path(application)).json["items"]) == 1


def test_limits(company, person, application, database):
    for _ in range(20):
        write(person, application).expect(201)
    assert write(person, application).expect(409, "limit_reached").json["limit"] == 20
    last = company.client.get(path(application)).json["items"][0]
    company.client.post(path(application, "read"), {"message_id": last["id"]}).expect(200)
    write(person, application).expect(201)
    database.query("insert into application_messages (id, application_id, side, body, read_at) select uuid_v7(), %s, 'company', 'x', "
                   "now() from generate_series(1, 479)", application["id"])
    assert write(company, application).expect(409, "limit_reached").json["limit"] == 500


def test_twenty_unread_whoever_clicks_how_often(company, application, database):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: write(company, application).status, range(30)))
    assert sorted(answers) == [201] * 20 + [409] * 10


def test_none_after_withdrawing(company, person, application):
    write(company, application).expect(201)
    person.client.patch(f"/v1/applications/{application['id']}", {"status": "withdrawn"}).expect(200)
    for who in (company, person):
        assert write(who, application).expect(409, "application_over").json["current"] == "withdrawn"
        assert len(who.client.get(path(application)).json["items"]) == 1


def test_a_rejected_candidate_may_ask_why(company, person, application):
    company.client.patch(f"/v1/applications/{application['id']}", {"status": "rejected"}).expect(200)
    write(person, application, "Perché?").expect(201)
    write(company, application, "Serviva il tedesco.").expect(201)


def test_mail_tells_of_them_without_their_words(world, company, recruiter, viewer, person, application, database):
    for word in ("A secret", "Another secret", "A third"):
        write(company, application, word).expect(201)
    params = {"application_id": application["id"], "job": "Assistente di direzione", "company": "Lario Meccanica"}
    told = notices(database, person)  # at once, and once more a quarter of an hour later
    assert [waits for _, waits in told] == [False, True] and told[1][0] == params
    before = len(notices(database, company))
    write(person, application).expect(201)
    assert len(notices(database, company)) == before + 1 and len(notices(database, recruiter)) >= 1 and not notices(database, viewer)


def test_the_assignee_alone_is_told(world, person, database):
    company = world.company()
    recruiter = world.member(company, "recruiter")
    sent = world.application(person, world.job(company))
    company.client.put(f"/v1/applications/{sent['id']}/assignee", {"member_id": world.membership(company, recruiter)}).expect(200)
    write(person, sent).expect(201)
    assert len(notices(database, recruiter)) == 1 and notices(database, company) == []


def test_what_was_read_is_not_told_any_more(company, person, application, database):
    write(company, application).expect(201)
    last = write(company, application).expect(201).json
    assert [waits for _, waits in notices(database, person)] == [False, True]
    person.client.post(path(application, "read"), {"message_id": last["id"]}).expect(200)
    assert True not in [waits for _, waits in notices(database, person)]


def test_messages_are_erased(company, person, application, database):
    write(company, application, "zyxwv about you").expect(201)
    write(person, application, "zyxwv about me").expect(201)
    person.client.request("DELETE", "/v1/me", {"password": "correct horse battery"}).expect(200)
    assert company.client.get(path(application)).expect(200).json["items"] == []
    assert database.value("select count(*) from application_messages where body like '%%zyxwv%%'") == 0


def test_a_blind_application_s_messages_name_nobody(world, company):
    person = world.candidate(given_name="Zenobia", family_name="Quartapelle")
    sent = world.application(person, world.job(company, blind_review=True))
    write(person, sent, "Buongiorno.").expect(201)
    assert b"Zenobia" not in company.client.get(path(sent)).expect(200).body
