"""A person's export that would be larger than the operator allows (--export-max)."""

import re
import uuid

import pytest
from support.exports import export, fetch, incompressible, unpacked
from support.server import Server
from support.world import World


@pytest.fixture
def small(cluster, tmp_path):
    """A server that makes exports of a MiB at most, with a data base of its own: (a candidate, the data base, the server)."""
    made = cluster.create("export_" + uuid.uuid4().hex[:12])
    running = Server(tmp_path, made.conninfo, ["--export-max", "1"])
    client = running.client()
    yield World(client, made).candidate(), made, running
    client.close()
    running.stop()
    cluster.drop(made)


def test_one_that_would_be_too_large(small):
    """It fails at once and leaves nothing; the file that was made before is still there; and when there is less, it is made."""
    person, database, server = small
    incompressible(person, 600_000)
    export(person, "ready")
    earlier = fetch(person)
    assert len(earlier.body) <= 1024 * 1024
    incompressible(person, 600_000)
    export(person, "failed")
    described = person.client.get("/v1/me/export").expect(200).json
    assert not {"size", "sha256", "ready_at", "expires_at"} & set(described)
    assert fetch(person).body == earlier.body
    ((attempts, lease, key, chunks),) = database.query(
        "select attempts, lease, sealed_key, (select count(*) from export_chunks where export_id = e.id) from exports e where id = %s",
        described["id"])
    assert (attempts, lease, key, chunks) == (1, None, None, 0)
    assert database.value("select count(*) from outbox where template = 'export_ready'") == 1
    assert re.search(rb"event=export_broken_off export=" + described["id"].encode() + rb' status=\S+ why="more than 1 MiB"', server.log)
    for listed in person.client.get("/v1/documents").expect(200).json["items"][:1]:
        person.client.delete(f"/v1/documents/{listed['id']}").expect(204)
    export(person, "ready")
    assert "manifest.json" in unpacked(fetch(person))


def test_too_large_without_an_earlier_one(small):
    person, database, _ = small
    for _ in range(2):
        incompressible(person, 600_000)
    export(person, "failed")
    person.client.get("/v1/me/export/content").expect(404, "not_found")
    assert database.value("select count(*) from export_chunks") == 0
    for _ in range(4):  # what failed is none of the three a day
        export(person, "failed")
