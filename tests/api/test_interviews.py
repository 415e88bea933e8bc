"""Interviews: proposed by the company, accepted or declined by the candidate, cancelled; each as an iCalendar object that
another program's parser reads, in mail and by the API."""

import datetime
import uuid
import zoneinfo

import icalendar
import pytest
from support.eventually import eventually
from support.mail import Message
from support.world import in_days


def path(application, *more):
    return "/".join(["/v1/applications", application["id"], "interviews", *more])


def slot(day, start="09:00", end="10:00"):
    return {"starts_at": f"{in_days(day)}T{start}:00.000Z", "ends_at": f"{in_days(day)}T{end}:00.000Z"}


def in_rome(day):
    """What slot() is there: an hour later, or two in summer."""
    return "–".join(datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo("Europe/Rome")).strftime("%H:%M")
                    for at in slot(day).values())


ROOM = {"place": "Via Roma 1, Lecco; 2° piano", "time_zone": "Europe/Rome"}


@pytest.fixture
def application(world, company, person):
    return world.application(person, world.job(company))


def propose(company, application, *slots, **more):
    return company.client.post(path(application), {"slots": list(slots) or [slot(9)], **ROOM, **more})


def calendar_of(account, target):
    answer = account.client.get(target, headers={"Accept": "text/calendar"}).expect(200)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return parsed(answer.body)


def parsed(raw):
    """What icalendar makes of it; besides, the rules of RFC 5545 on lines."""
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75 and b"\n" not in line and b"\r" not in line
        line.decode()
    calendar = icalendar.Calendar.from_ical(raw)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"] and raw.endswith(b"END:VCALENDAR\r\n")
    events = calendar.walk("VEVENT")
    assert all(event["UID"] and event["DTSTAMP"] and event["DTSTART"].dt.tzinfo for event in events)
    return calendar, events


def mails(server, database, account, template):
    """The messages to an account, as they were written: (template, message)."""
    rows = database.query("select o.id from outbox o join accounts a on a.id = o.account_id where a.email = %s and o.template = %s "
                          "order by o.created_at, o.id", account.email, template)
    found = []
    for (message,) in rows:
        file = server.directory / "data" / "mail" / f"{message}.eml"
        eventually(file.exists, "the message is a file")
        found.append(Message(file.read_bytes()))
    return found


def attachment(message):
    """The calendar in a message, or None."""
    parts = [part for part in message.parsed.walk() if part.get_content_type() == "text/calendar"]
    if not parts:
        return None
    assert message.parsed.get_content_type() == "multipart/mixed" and parts[0].get_filename() == "interview.ics"
    calendar, events = parsed(parts[0].get_payload(decode=True))
    assert parts[0].get_param("method") == calendar["METHOD"] and len(events) == 1
    return calendar, events[0]


def test_from_proposal_to_cancellation(company, viewer, person, application, server, database):
    made = propose(company, application, slot(9), slot(10, "14:00", "15:30"), message="In reception.").expect(201)
    interview, target = made.json, made.headers["Location"]
    assert (interview["status"], interview["version"], interview["proposed_by"]["name"]) == ("proposed", 1, "Chiara Fumagalli")
    assert viewer.client.get(target).expect(200).json == interview
    mine = person.client.get(target).expect(200)
    assert mine.json == {name: value for name, value in interview.items() if name != "proposed_by"}
    assert person.client.get(path(application)).expect(200).json["items"] == [mine.json]
    calendar, events = calendar_of(person, target)
    assert "METHOD" not in calendar and [str(event["UID"]) for event in events] == [f"{interview['id']}-1", f"{interview['id']}-2"]
    assert {str(event["STATUS"]) for event in events} == {"TENTATIVE"}
    [invited] = mails(server, database, person, "interview_proposed")
    assert attachment(invited) is None and f"{in_rome(9)} (Europe/Rome)" in invited.text and "In reception" not in invited.text

    accepted = person.client.patch(target, {"status": "accepted", "slot": 1}, headers={"If-Match": mine.etag}).expect(200)
    assert (accepted.json["status"], accepted.json["slot"]) == ("accepted", 1)
    person.client.patch(target, {"status": "declined"}, headers={"If-Match": mine.etag}).expect(412, "precondition_failed")
    assert person.client.patch(target, {"status": "accepted", "slot": 1}).expect(200).json["version"] == 2
    for account in (person, company):
        [told] = mails(server, database, account, "interview_accepted")
        calendar, event = attachment(told)
        assert calendar["METHOD"] == "REQUEST" and event["UID"] == interview["id"] and event["SEQUENCE"] == 1
        assert event["STATUS"] == "CONFIRMED" and event["LOCATION"] == ROOM["place"]
        assert event["SUMMARY"] == "Assistente di direzione – Lario Meccanica"
        assert event["DTSTART"].dt == datetime.datetime.fromisoformat(slot(10, "14:00")["starts_at"].replace("Z", "+00:00"))
        assert event["DTEND"].dt - event["DTSTART"].dt == datetime.timedelta(minutes=90)
        assert event["ATTENDEE"] == f"mailto:{account.email}" and event["ORGANIZER"].params["CN"] == "Lario Meccanica"
    calendar, [event] = calendar_of(viewer, target)
    assert event["UID"] == interview["id"] and event["STATUS"] == "CONFIRMED" and "METHOD" not in calendar

    cancelled = company.client.patch(target, {"status": "cancelled", "reason": "Posizione sospesa."}).expect(200).json
    assert cancelled["reason"] == "Posizione sospesa."
    for account in (person, company):
        [told] = mails(server, database, account, "interview_cancelled")
        calendar, event = attachment(told)
        assert calendar["METHOD"] == "CANCEL" and event["UID"] == interview["id"] and event["SEQUENCE"] == 2
        assert event["STATUS"] == "CANCELLED" and "sospesa" not in told.text
    history = [(e["type"], e["actor"]["kind"]) for e in person.client.get(f"/v1/applications/{application['id']}/events").json["items"]]
    assert history == [("submitted", "candidate"), ("interview_proposed", "company"), ("interview_accepted", "candidate"),
                       ("interview_cancelled", "company")]
    assert company.client.get(f"/v1/applications/{application['id']}").json["status"] == "submitted"  # nobody moved it


def test_a_single_time_is_an_invitation_at_once(company, person, application, server, database):
    target = propose(company, application).expect(201).headers["Location"]
    [invited] = mails(server, database, person, "interview_proposed")
    calendar, event = attachment(invited)
    assert calendar["METHOD"] == "REQUEST" and event["STATUS"] == "TENTATIVE" and event["SEQUENCE"] == 0
    person.client.patch(target, {"status": "declined", "reason": "Non posso."}).expect(200)
    calendar, event = attachment(mails(server, database, person, "interview_declined")[0])
    assert calendar["METHOD"] == "CANCEL" and event["SEQUENCE"] == 1
    assert attachment(mails(server, database, company, "interview_declined")[0]) is None  # it had none


@pytest.mark.parametrize("before, side, after, allowed", [
    ("proposed", "company", "accepted", ["cancelled"]), ("proposed", "company", "declined", ["cancelled"]),
    ("proposed", "candidate", "cancelled", ["accepted", "declined"]), ("accepted", "candidate", "cancelled", ["declined"]),
    ("declined", "candidate", "accepted", []), ("cancelled", "candidate", "accepted", []), ("declined", "company", "cancelled", []),
])
def test_moves_that_are_not_allowed(company, person, application, before, side, after, allowed):
    target = propose(company, application).expect(201).headers["Location"]
    first = {"accepted": (person, {"status": "accepted", "slot": 0}), "declined": (person, {"status": "declined"}),
             "cancelled": (company, {"status": "cancelled"})}.get(before)
    if first:
        first[0].client.patch(target, first[1]).expect(200)
    body = {"status": after, **({"slot": 0} if after == "accepted" else {})}
    refused = {"company": company, "candidate": person}[side].client.patch(target, body).expect(409, "invalid_transition").json
    assert (refused["current"], refused["requested"], refused["allowed"]) == (before, after, allowed)


@pytest.mark.parametrize("change, error", [
    ({"slots": [slot(9, "10:00", "09:00")]}, ("/slots/0", "slot_backwards")),
    ({"slots": [slot(9), slot(-1)]}, ("/slots/1", "slot_over")),
    ({"slots": [slot(400)]}, ("/slots/0", "slot_far")),
    ({"slots": [slot(9, "01:00", "14:00")]}, ("/slots/0", "slot_long")),
    ({"slots": []}, ("/slots", "min_items")), ({"slots": [slot(9)] * 6}, ("/slots", "max_items")),
    ({"time_zone": "Europe/Atlantis"}, ("/time_zone", "unknown_time_zone")),
    ({"time_zone": "'; drop"}, ("/time_zone", "unknown_time_zone")),
    ({"video_url": "http://insecure.example"}, ("/video_url", "pattern")),
])
def test_proposals_that_are_none(company, application, change, error):
    assert error in company.client.post(path(application), {"slots": [slot(9)], **ROOM, **change}).expect(422, "validation_failed").errors


def test_a_place_or_a_link(company, application):
    company.client.post(path(application), {"slots": [slot(9)]}).expect(422, "validation_failed")
    made = company.client.post(path(application), {"slots": [slot(9)], "video_url": "https://meet.example/a?b=1"}).expect(201)
    _, [event] = calendar_of(company, made.headers["Location"])
    assert str(event["URL"]) == str(event["LOCATION"]) == "https://meet.example/a?b=1"


def test_which_time(company, person, application):
    target = propose(company, application, slot(9), slot(10)).expect(201).headers["Location"]
    assert person.client.patch(target, {"status": "accepted", "slot": 2}).expect(422, "validation_failed").errors == {("/slot", "unknown_slot")}
    person.client.patch(target, {"status": "accepted"}).expect(422, "validation_failed")


def test_values_cannot_leave_their_line(world, server, database):
    company, person = world.company(name="Evil\" Co; X,Y\\Z"), world.candidate()
    sent = world.application(person, world.job(company, title="Segretaria, \\z; BEGIN:VEVENT " + "è" * 60))
    target = propose(company, sent, place="A\nATTENDEE:mailto:x@y.example\r\nDESCRIPTION:x").expect(201).headers["Location"]
    calendar, [event] = calendar_of(person, target)
    assert "ATTENDEE" not in event and "DESCRIPTION" not in event and len(calendar.walk("VEVENT")) == 1
    assert str(event["LOCATION"]).startswith("A\nATTENDEE:mailto:x@y.example")
    assert str(event["SUMMARY"]).startswith("Segretaria, \\z; BEGIN:VEVENT è")
    _, mailed = attachment(mails(server, database, person, "interview_proposed")[0])
    assert mailed["ATTENDEE"] == f"mailto:{person.email}" and mailed["SUMMARY"] == event["SUMMARY"]


def test_who_may_not(world, company, viewer, person, application):
    target = propose(company, application).expect(201).headers["Location"]
    propose(viewer, application).expect(403, "forbidden")
    propose(person, application).expect(403, "forbidden")
    viewer.client.patch(target, {"status": "cancelled"}).expect(403, "forbidden")
    for stranger in (world.company(), world.candidate()):
        for method, body in (("GET", None), ("PATCH", {"status": "declined"})):
            stranger.client.request(method, target, body).expect(404, "not_found")
        stranger.client.get(path(application)).expect(404, "not_found")
    propose(world.company(), application).expect(404, "not_found")
    company.client.get(path(application, str(uuid.uuid4()))).expect(404, "not_found")


def test_limits(company, person, application, database):
    for _ in range(20):
        database.query("insert into application_interviews (id, application_id, slots, time_zone) values (uuid_v7(), %s, '[{}]', 'UTC')",
                       application["id"])
    assert propose(company, application).expect(409, "limit_reached").json["limit"] == 20
    database.query("delete from application_interviews where application_id = %s", application["id"])
    person.client.patch(f"/v1/applications/{application['id']}", {"status": "withdrawn"}).expect(200)
    assert propose(company, application).expect(409, "application_over").json["current"] == "withdrawn"


def test_interviews_are_erased(company, person, application, database):
    propose(company, application, message="zyxwv").expect(201)
    person.client.request("DELETE", "/v1/me", {"password": "correct horse battery"}).expect(200)
    assert database.value("select count(*) from application_interviews where message like '%%zyxwv%%'") == 0


def test_a_shielded_company_is_not_told(world, company, person, application, database):
    """The application does not exist for it any more: what the candidate does to its interviews is not mailed to it."""
    made = propose(company, application).expect(201).json
    shield = {"entries": [{"kind": "company", "value": company.id}]}
    person.client.put("/v1/me/employer-shield", shield).expect(200)
    person.client.patch(path(application, made["id"]), {"status": "declined"}).expect(200)
    told = database.query("select to_address from outbox where template = 'interview_declined' and params ->> 'application_id' = %s",
                          application["id"])
    assert [row[0] for row in told] == [person.email]
