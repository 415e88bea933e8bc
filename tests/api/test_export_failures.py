"""How a person's export is made by several instances, and what happens when one dies, a document cannot be read or the key is
rotated meanwhile."""

import json
import re
import signal

import pytest
from support.eventually import eventually
from support.exports import document, export, fetch, incompressible, state, unpacked
from support.server import Server
from support.world import PASSWORD

ASAN = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}  # memory is measured


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), database.conninfo, environment=ASAN)
    yield running
    running.stop()


@pytest.fixture
def person(world):
    return world.candidate(headline="Somebody with a past")


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
