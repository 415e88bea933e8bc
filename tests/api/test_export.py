"""A person's export: what is in it, who gets it, how it is made by several instances, and what happens when one dies."""

import hashlib
import io
import json
import os
import re
import signal
import threading
import zipfile

import pytest
from support.eventually import eventually
from support.server import ROOT, Server
from support.stage import Stage
from support.world import PASSWORD, in_days

ASAN = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}  # memory is measured
QUESTIONS = [{"id": "q", "type": "short_text", "label": "Why?"}]


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), database.conninfo, environment=ASAN)
    yield running
    running.stop()


def state(person):
    return person.client.get("/v1/me/export").expect(200).json["state"]


def export(person):
    """Asks for an export and waits for it."""
    person.client.post("/v1/me/export").expect(202)
    eventually(lambda: state(person) == "ready", "the export is ready", seconds=20)


def fetch(person):
    return person.client.get("/v1/me/export/content").expect(200)


def unpacked(answer):
    """{name: bytes}, every CRC checked."""
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def document(person, content, name="cv.txt"):
    return person.client.request("POST", "/v1/documents", body=content, params={"name": name},
                                 headers={"Content-Type": "text/plain"}).expect(201).json


def incompressible(person, size):
    person.client.request("POST", "/v1/documents", body=b"%PDF-1.7\n" + os.urandom(size), params={"name": "cv.pdf"},
                          headers={"Content-Type": "application/pdf"}).expect(201)


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


# --- failures ---------------------------------------------------------------------------------------------------------


def hold(database, account_email):
    """An export of this account that no instance begins."""
    return database.value("insert into exports (id, account_id, due_at) select uuid_v7(), id, now() + interval '1 hour' "
                          "from accounts where email = %s returning id", account_email)


def test_what_is_stored_is_not_readable(person, database):
    document(person, b"A sentence nobody else may read. " * 100)
    export(person)
    stored = database.query("select data from export_chunks c join exports e on e.id = c.export_id where account_id = "
                            "(select id from accounts where email = %s)", person.email)
    everything = b"".join(bytes(data) for (data,) in stored)
    assert len(everything) > 1000 and b"manifest.json" not in everything and b"PK" != everything[:2]


def test_an_instance_that_died_is_replaced(person, database):
    """Its lease runs out; what it had stored goes, and the export is made from the beginning."""
    held = hold(database, person.email)
    database.query("update exports set state = 'running', attempts = 1, lease = uuid_v7(), sealed_key = %s where id = %s", b"x" * 104, held)
    database.query("insert into export_chunks values (%s, 0, %s), (%s, 1, %s)", held, b"y" * 100, held, b"z" * 100)
    database.query("update exports set due_at = now() - interval '1 second' where id = %s", held)
    eventually(lambda: state(person) == "ready", "another instance made it", seconds=20)
    assert "manifest.json" in unpacked(fetch(person))


def test_a_lease_that_was_taken_over_writes_nothing(person, database):
    held = hold(database, person.email)
    (old, new) = database.query("select uuid_v7(), uuid_v7()")[0]
    database.query("update exports set state = 'running', lease = %s where id = %s", new, held)
    assert not database.value("select export_chunk_put(%s, %s, 0, %s)", held, old, b"y" * 100)
    assert database.value("select exports_begin(%s, %s, %s)", held, old, b"x" * 104) is None
    assert not database.value("select exports_finish(%s, %s, 0, 1, %s)", held, old, b"x" * 32)
    database.query("select exports_fail(%s, %s)", held, old)
    assert database.value("select state from exports where id = %s", held) == "running"
    assert database.value("select export_chunk_put(%s, %s, 0, %s)", held, new, b"y" * 100)


def test_one_that_breaks_off_three_times_has_failed(person, database):
    """Nothing can be stored, as on a full disk: nobody gets half a file, and nothing of it stays."""
    document(person, b"text " * 50_000)
    held = hold(database, person.email)
    database.query("create function no_room() returns trigger language plpgsql as "
                   "$$ begin raise exception using errcode = 'disk_full', message = 'no room'; end $$")
    database.query(f"create trigger no_room before insert on export_chunks for each row when (new.export_id = '{held}') "
                   "execute function no_room()")

    def impatient():
        database.query("update exports set due_at = now() where id = %s and state = 'queued'", held)
        return state(person) == "failed"

    try:
        eventually(impatient, "it has failed", seconds=60)
    finally:
        database.query("drop trigger no_room on export_chunks")
        database.query("drop function no_room")
    assert database.value("select attempts from exports where id = %s", held) == 3
    assert database.value("select count(*) from export_chunks where export_id = %s", held) == 0
    assert database.value("select sealed_key is null from exports where id = %s", held)
    person.client.get("/v1/me/export/content").expect(404, "not_found")
    export(person)  # what failed does not count
    assert "manifest.json" in unpacked(fetch(person))


@pytest.mark.parametrize("damage", [
    "update documents set sealed_key = decode(repeat('78', 104), 'hex') where id = %s",
    "update document_chunks set data = overlay(data placing '\\x00000000' from 40) where document_id = %s and n = 1",
    "update document_chunks set data = substring(data from 2) where document_id = %s and n = 0",
    "delete from document_chunks where document_id = %s and n = 3",  # the last one
    "delete from document_chunks where document_id = %s and n = 1",
    "delete from document_chunks where document_id = %s",
], ids=["its key", "a chunk", "a shorter chunk", "without its end", "without its middle", "all of it"])
def test_a_document_that_cannot_be_read_is_told_of(person, database, server, damage):
    """The rest is the person's all the same, at the first attempt; the manifest and the operator's log name the document."""
    lost, kept = document(person, b"lost " * 50_000), document(person, b"kept " * 50_000)
    assert database.value("select max(n) from document_chunks where document_id = %s", lost["id"]) == 3
    database.query(damage, lost["id"])
    export(person)
    files = unpacked(fetch(person))
    manifest = json.loads(files["manifest.json"])
    assert manifest["missing"] == [f"documents/{lost['id']}.txt"]
    assert f"documents/{lost['id']}.txt" not in {entry["name"] for entry in manifest["files"]} | set(files)
    assert files[f"documents/{kept['id']}.txt"] == b"kept " * 50_000
    assert {item["id"] for item in json.loads(files["documents.json"])} == {lost["id"], kept["id"]}
    assert database.value("select attempts from exports e join accounts a on a.id = e.account_id where a.email = %s", person.email) == 1
    assert re.search(rb"level=error event=export_document_unreadable export=\S+ document=" + lost["id"].encode(), server.log)


def test_an_infected_document_goes_to_nobody(person, database):
    kept, infected = document(person, b"kept"), document(person, b"infected")
    database.query("update documents set scan = 'infected', scanned_at = now() where id = %s", infected["id"])
    export(person)
    files = unpacked(fetch(person))
    assert files[f"documents/{kept['id']}.txt"] == b"kept" and f"documents/{infected['id']}.txt" not in files
    told = {item["id"]: item for item in json.loads(files["documents.json"])}
    assert told[kept["id"]]["file"] == f"documents/{kept['id']}.txt"
    assert told[infected["id"]]["scan"] == "infected" and "file" not in told[infected["id"]]


def test_two_instances_share_the_work(world, database, tmp_path):
    other = Server(tmp_path, database.conninfo)
    try:
        people = [world.candidate() for _ in range(12)]
        for person in people:
            hold(database, person.email)
        database.query("update exports set due_at = now() where state = 'queued'")
        for person in people:
            eventually(lambda: state(person) == "ready", "each is made", seconds=60)
            assert "manifest.json" in unpacked(fetch(person))
        assert database.value("select max(attempts) from exports where account_id in (select id from accounts where email = any (%s))",
                              [person.email for person in people]) == 1  # none was made twice
    finally:
        other.stop()


def test_killed_in_the_middle(world, database, tmp_path):
    """An instance is killed while it writes; the lease ends, another makes the export from the beginning."""
    person = world.candidate()
    for _ in range(6):
        incompressible(person, 3_000_000)
    held = hold(database, person.email)
    doomed = Server(tmp_path, database.conninfo)
    database.query("create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.02); return new; end $$")
    database.query("create trigger slowly before insert on export_chunks for each row execute function slowly()")
    try:
        lease = database.value("select uuid_v7()")
        # as if it had been taken by the one that is killed: nobody else looks at it until its lease ends
        database.query("update exports set due_at = now() where id = %s", held)
        eventually(lambda: database.value("select count(*) from export_chunks where export_id = %s", held) > 3, "chunks come", seconds=20)
        doomed.process.send_signal(signal.SIGKILL)
        doomed.process.wait()
        # whichever of the two had it: its lease is over now
        database.query("update exports set lease = %s, due_at = now() where id = %s and state = 'running'", lease, held)
        database.query("drop trigger slowly on export_chunks")
        eventually(lambda: state(person) == "ready", "it is made", seconds=60)
        files = unpacked(fetch(person))
        assert sum(name.startswith("documents/") for name in files) == 6
    finally:
        database.query("drop trigger if exists slowly on export_chunks")
        database.query("drop function slowly")
        doomed.process.kill()  # also where the test failed before
        doomed.process.wait()
        doomed.process.stdout.close()


def test_a_server_that_ends_meanwhile_ends_cleanly(world, database, tmp_path):
    person = world.candidate()
    for _ in range(3):
        incompressible(person, 5_000_000)
    hold(database, person.email)
    database.query("create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.05); return new; end $$")
    database.query("create trigger slowly before insert on export_chunks for each row execute function slowly()")
    other = Server(tmp_path, database.conninfo)
    try:
        database.query("update exports set due_at = now() where state = 'queued'")
        eventually(lambda: state(person) == "running", "it is begun", seconds=20)
    finally:
        other.stop()
        database.query("drop trigger slowly on export_chunks")
        database.query("drop function slowly")
    database.query("update exports set due_at = now() where state in ('queued', 'running')")
    eventually(lambda: state(person) == "ready", "it is made after all", seconds=60)


def test_the_master_key_is_rotated_meanwhile(world, database, tmp_path):
    """Asked for under one master key, made under the next, fetched under the one after that."""
    person = world.candidate()  # of a server with another key; the account works at any
    document(person, b"Under the first key.")
    held = hold(database, person.email)
    ring = ["7a" * 32, "5e" * 32]

    def server_with(*newest):
        return Server(tmp_path, database.conninfo, environment={"SEGRETERIA_MASTER_KEY": ",".join([*newest, *ring])})

    database.query("update exports set due_at = 'infinity' where id = %s", held)
    other = server_with()
    try:
        lone = other.client().post("/v1/sessions", {"email": person.email, "password": PASSWORD}).expect(201).json
        client = other.client(lone["session"]["access_token"])
        database.query("update exports set due_at = now() where id = %s", held)
        eventually(lambda: client.get("/v1/me/export").expect(200).json["state"] == "ready", "it is made", seconds=30)
        answer = client.get("/v1/me/export/content", check=False)
    finally:
        other.stop()
    late = server_with("3c" * 32)
    try:
        client = late.client(lone["session"]["access_token"])
        answer = client.get("/v1/me/export/content").expect(200)
        assert b"Under the first key." in unpacked(answer).values()
    finally:
        late.stop()


def test_memory_stays_bounded(world, database, server):
    """A hundred megabytes of documents go through in pieces."""
    person = world.candidate()
    for _ in range(12):
        incompressible(person, 8_000_000)
    before = server.memory("VmHWM")
    person.client.post("/v1/me/export").expect(202)
    eventually(lambda: state(person) == "ready", "it is ready", seconds=60)
    assert person.client.get("/v1/me/export").json["size"] > 90_000_000
    assert server.memory("VmHWM") - before < 32 * 1024 * 1024
