"""A person's export: what is in it, who gets it, when, how long it stays."""

import hashlib
import json
import re
import threading

import pytest
from support.eventually import eventually
from support.exports import document, export, fetch, state, unpacked
from support.server import ROOT
from support.stage import Stage
from support.world import PASSWORD, in_days

QUESTIONS = [{"id": "q", "type": "short_text", "label": "Why?"}]


@pytest.fixture
def person(world):
    return world.candidate(headline="Somebody with a past")


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_everything_is_in_it(world, person):
    company = world.company()
    job = world.job(company, questions=QUESTIONS)
    text = b"Lia Rossi, curriculum vitae. " * 10_000  # several chunks
    cv = document(person, text, name="Curriculum di Lìa.txt")
    application = world.application(person, job, cover_letter="It is me.", document_ids=[cv["id"]],
                                    answers=[{"question_id": "q", "value": "Because."}],
                                    consent={"talent_pool": True, "talent_pool_months": 6})
    company.client.patch(f"/v1/applications/{application['id']}", {"status": "in_review", "reason": "Looks good."}).expect(200)
    company.client.get(f"/v1/applications/{application['id']}").expect(200)
    company.client.post(f"/v1/applications/{application['id']}/messages", {"body": "Come on Friday."}).expect(201)
    person.client.post(f"/v1/applications/{application['id']}/messages", {"body": "I shall."}).expect(201)
    slots = [{"starts_at": f"{in_days(day)}T09:00:00Z", "ends_at": f"{in_days(day)}T10:00:00Z"} for day in (9, 10)]
    interview = company.client.post(f"/v1/applications/{application['id']}/interviews",
                                    {"slots": slots, "place": "Third floor", "message": "Ring twice."}).expect(201).json
    person.client.patch(f"/v1/applications/{application['id']}/interviews/{interview['id']}", {"status": "accepted", "slot": 1}).expect(200)
    company.client.post(f"/v1/applications/{application['id']}/notes", {"body": "She sings."}).expect(201)
    world.token(person, ["profile:read"])
    person.client.put("/v1/me/visibility", {"visibility": "blind"}).expect(200)
    person.client.put("/v1/me/employer-shield", {"entries": [{"kind": "group", "value": "Gruppo Lontano"}]}).expect(200)
    person.client.put("/v1/me/restriction", {"ground": "accuracy"}).expect(200)
    export(person)
    files = unpacked(fetch(person))

    manifest = json.loads(files["manifest.json"])
    assert (manifest["format"], manifest["version"], manifest["kind"]) == ("segreteria-export", 1, "candidate")
    assert manifest["missing"] == []
    assert {entry["name"] for entry in manifest["files"]} == set(files) - {"manifest.json"}
    for entry in manifest["files"]:
        assert hashlib.sha256(files[entry["name"]]).hexdigest() == entry["sha256"] and len(files[entry["name"]]) == entry["bytes"]
        if "items" in entry:
            assert len(json.loads(files[entry["name"]])) == entry["items"] and entry["about"]

    (account,) = json.loads(files["account.json"])
    assert account["account"]["headline"] == "Somebody with a past" and account["account"]["email"] == person.email
    assert json.loads(files["profile.json"])[0]["basics"]["headline"] == "Somebody with a past"
    assert json.loads(files["resume.json"])[0]["basics"]["name"] == "Lia Rossi"
    (listed,) = json.loads(files["documents.json"])
    assert listed["name"] == "Curriculum di Lìa.txt" and files[listed["file"]] == text
    (sent,) = json.loads(files["applications.json"])
    assert sent["application"]["cover_letter"] == "It is me." and sent["application"]["answers"][0]["value"] == "Because."
    assert [event["type"] for event in sent["events"]][:2] == ["submitted", "status_changed"]
    assert [(message["from"], message["body"]) for message in sent["messages"]] == [("company", "Come on Friday."), ("candidate", "I shall.")]
    assert sent["interviews"] == [person.client.get(f"/v1/applications/{application['id']}/interviews/{interview['id']}").json]
    assert sent["interviews"][0]["slot"] == 1 and sent["interviews"][0]["message"] == "Ring twice."
    assert sent["application"]["consent"]["talent_pool"] and sent["application"]["consent"]["talent_pool_until"]
    assert account["visibility"]["visibility"] == "blind" and account["restriction"]["ground"] == "accuracy"
    assert [entry["given"] for entry in json.loads(files["employer_shield.json"])] == ["Gruppo Lontano"]
    assert sent["events"][1]["reason"] == "Looks good." and "name" not in sent["events"][1]["actor"]  # which member stays the company's
    assert {"application.viewed", "application.submitted", "document.uploaded"} <= {e["action"] for e in json.loads(files["audit.json"])}
    assert [token["name"] for token in json.loads(files["api_tokens.json"])] == ["a program"]
    assert len(json.loads(files["sessions.json"])) == 1
    assert "verify_email" in {mail["template"] for mail in json.loads(files["mails.json"])}
    everything = b"".join(files.values())
    assert b"She sings." not in everything  # what the company's people noted for themselves
    for secret in (person.token.encode(), b"argon2", b"sealed_key", b"token_hash"):
        assert secret not in everything


def test_long_sections_go_over_pages(world, person, database):
    company = world.company()
    made = {world.application(person, world.job(company))["id"] for _ in range(45)}
    for _ in range(30):
        company.client.get("/v1/applications").expect(200)
    export(person)
    files = unpacked(fetch(person))
    assert {entry["application"]["id"] for entry in json.loads(files["applications.json"])} == made
    audit = [entry["id"] for entry in json.loads(files["audit.json"])]
    assert len(audit) == len(set(audit)) > 45 + 30 and audit == sorted(audit, reverse=True)
    assert audit == [entry["id"] for entry in person.client.pages("/v1/audit", limit=100)][-len(audit):]


def test_a_member_s_account(world):
    company = world.company()
    person = world.candidate()
    application = world.application(person, world.job(company), cover_letter="Not for the member's export.")
    company.client.get(f"/v1/applications/{application['id']}").expect(200)
    export(company)
    files = unpacked(fetch(company))
    assert "applications.json" not in files and "documents.json" not in files
    (membership,) = json.loads(files["memberships.json"])
    assert membership["role"] == "owner" and membership["company"]["id"] == company.id
    assert "application.viewed" in {entry["action"] for entry in json.loads(files["audit.json"])}
    everything = b"".join(files.values())
    assert person.id.encode() not in everything and b"Not for the member" not in everything  # that is somebody else's data


# What is not in it, as docs/privacy.md says it: {row of its table: tables}.
LEFT_OUT = {
    "notes, ratings, tags, who looks after an application": ["application_notes", "application_ratings", "application_tags"],
    "secrets": ["account_totp", "recovery_codes", "link_tokens", "document_links"],
    "working data": ["application_search", "application_notices", "document_chunks", "export_chunks", "idempotency_keys", "session_tokens"],
    "pseudonyms": ["candidate_aliases"],
    "what a member did for its company": ["company_invitations", "job_events"],
}
# What is: {table: (file, member that lists it within an item or None)}.
HELD = {
    "accounts": ("account", None), "candidates": ("profile", None), "documents": ("documents", None),
    "applications": ("applications", None), "application_documents": ("applications", "application.documents"),
    "application_events": ("applications", "events"), "application_messages": ("applications", "messages"),
    "application_interviews": ("applications", "interviews"), "employer_shield": ("employer_shield", None),
    "sessions": ("sessions", None), "api_tokens": ("api_tokens", None), "sign_in_places": ("places", None),
    "outbox": ("mails", None), "exports": ("exports", None), "audit_log": ("audit", None), "audit_shown": ("audit", None),
    "company_members": ("memberships", None),
}
# What a company wrote that the candidate does not see.
THEIRS = {"notes_create", "notes_patch", "ratings_put", "tags_change", "applications_assign"}


def personal_tables(database):
    """Every table that hangs on an account, be it over others, and those that name one without a reference; but for erasures,
    which hold what is kept of accounts that are no more."""
    return {name for (name,) in database.query(
        "with recursive below(place) as (select 'accounts'::regclass union select t.child from below, tables_below(below.place) as t) "
        "select place::text from below union select c.table_name from information_schema.columns c "
        "join information_schema.tables using (table_schema, table_name) where c.table_schema = 'public' and table_type = 'BASE TABLE' "
        "and column_name in ('account_id', 'candidate_id')")} - {"erasures"}


def test_each_table_is_in_it_or_named_as_left_out(database):
    """A table that comes later must be here, and in the export or in docs/privacy.md."""
    left_out = [table for tables in LEFT_OUT.values() for table in tables]
    assert personal_tables(database) == {*HELD, *left_out}
    text = (ROOT / "docs/privacy.md").read_text(encoding="utf-8").split("**Not in it**")[1].split("\n## ")[0]
    assert re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)[1:] == list(LEFT_OUT)


def test_whatever_a_person_gave_is_in_it(world, database):
    """Every operation by which something comes from or about somebody; then each text that is stored anywhere but in what is left
    out is looked for."""
    stage = Stage(world, database)
    stage.everything()
    person = world.login(stage.email)
    export(person)
    files = unpacked(fetch(person))
    exported = stage.marks(b"\n".join(files.values()).decode())
    left_out = {table for tables in LEFT_OUT.values() for table in tables}
    stored = {}
    for line in stage.dump():
        table = re.match(r"insert into public\.(\w+) ", line)
        if table and table[1] not in left_out:
            for mark in stage.marks(line):
                stored.setdefault(mark, set()).add(table[1])
    lost = {mark: (stage.said[mark], tables) for mark, tables in stored.items()
            if mark in stage.said and stage.said[mark][0] not in THEIRS and mark not in exported}
    assert lost == {} and len(stored) > 30
    assert {stage.said[mark][0] for mark in exported} & THEIRS == set()
    for table, (file, member) in HELD.items():
        items = json.loads(files[f"{file}.json"]) if f"{file}.json" in files else None
        for name in member.split(".") if member else []:
            items = [each for item in items for each in (item[name] if isinstance(item[name], list) else [item[name]])]
        assert items or table == "company_members", table


# --- who gets it ------------------------------------------------------------------------------------------------------


def test_before_there_is_one(person):
    person.client.get("/v1/me/export").expect(404, "not_found")
    person.client.get("/v1/me/export/content").expect(404, "not_found")


def test_not_with_an_api_token(world, person):
    _, program = world.token(person, ["profile:read", "profile:write"])
    export(person)
    program.get("/v1/me/export/content").expect(403, "forbidden")
    assert fetch(person).status == 200


def test_everybody_has_their_own(world, person):
    other = world.candidate()
    export(person)
    other.client.get("/v1/me/export").expect(404, "not_found")
    other.client.get("/v1/me/export/content").expect(404, "not_found")


def test_ranges_and_names(person):
    export(person)
    whole = fetch(person)
    assert whole.media_type == "application/zip" and 'filename="segreteria-' in whole.headers["Content-Disposition"]
    described = person.client.get("/v1/me/export").expect(200).json
    assert described["size"] == len(whole.body) and described["sha256"] == hashlib.sha256(whole.body).hexdigest()
    part = person.client.get("/v1/me/export/content", headers={"Range": "bytes=10-19"}).expect(206)
    assert part.body == whole.body[10:20]
    person.client.get("/v1/me/export/content", headers={"Range": "bytes=999999999-"}).expect(416, "range_not_satisfiable")
    person.client.get("/v1/me/export/content", headers={"If-None-Match": whole.etag}).expect(304)


def test_told_and_recorded(person, database):
    export(person)
    fetch(person)
    account = database.value("select id from accounts where email = %s", person.email)
    assert database.value("select count(*) from outbox where account_id = %s and template = 'export_ready'", account) == 1
    seen = [entry["action"] for entry in person.client.pages("/v1/audit")]
    assert seen[:3] == ["export.downloaded", "export.made", "export.requested"]


# --- limits and time --------------------------------------------------------------------------------------------------


def test_one_at_a_time_three_a_day(person, database):
    export(person)
    database.query("update exports set state = 'queued', due_at = now() + interval '1 hour' where account_id = "
                   "(select id from accounts where email = %s)", person.email)
    refused = person.client.post("/v1/me/export").expect(409, "export_in_progress")
    assert refused.headers["Location"] == "/v1/me/export"
    person.client.get("/v1/me/export/content").expect(409, "export_not_ready")
    database.query("update exports set due_at = now() where state = 'queued'")
    eventually(lambda: state(person) == "ready", "it is ready", seconds=20)
    export(person)
    export(person)
    assert "again_at" in person.client.post("/v1/me/export").expect(409, "exports_limit").json
    database.query("update exports set requested_at = requested_at - interval '1 day'")
    export(person)
    assert database.value("select count(distinct export_id) from export_chunks join exports e on e.id = export_id where "
                          "account_id = (select id from accounts where email = %s)", person.email) == 1  # older files go


def test_many_clicks_at_once(world):
    person = world.candidate()
    answers = []

    def click():
        answers.append(person.client.post("/v1/me/export").status)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202] + [409] * 7


def test_it_expires(person, database):
    export(person)
    mine = "account_id = (select id from accounts where email = %s)"
    database.query(f"update exports set expires_at = now() where {mine}", person.email)
    person.client.get("/v1/me/export/content").expect(404, "not_found")
    assert state(person) == "expired"
    assert database.value("select exports_purge(500)") >= 1
    assert database.value(f"select count(*) from export_chunks c join exports e on e.id = c.export_id where {mine}", person.email) == 0
    assert database.value(f"select sealed_key is null from exports where {mine}", person.email)


def test_it_goes_with_the_account(person, database):
    document(person, b"text " * 50_000)
    export(person)
    before = database.value("select count(*) from export_chunks")
    mine = database.value("select count(*) from export_chunks c join exports e on e.id = c.export_id where account_id = "
                          "(select id from accounts where email = %s)", person.email)
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert mine > 0 and database.value("select count(*) from export_chunks") == before - mine
