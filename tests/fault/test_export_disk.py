"""A person's export while the disk is full: what asks goes on, nothing half is handed out or left, and it is made when there is room."""

import contextlib
import hashlib
import io
import json
import random
import zipfile

import psycopg
from private_server import Server, wait_for
from service import Caller, candidate, ended_well, fill, ready, small_disk


def test_disk_full_while_an_export_is_made(data_dir):
    with small_disk(data_dir, 400), Server(data_dir) as server:
        token, email = candidate(server)
        call = Caller(server, token)
        files = [b"%PDF-1.7\n" + random.Random(n).randbytes(5_000_000) for n in range(6)]
        for data in files:
            answer = call("POST", "/v1/documents", data, Content_Type="application/pdf")
            assert answer.status == 201, answer

        def sql(statement):
            with contextlib.suppress(psycopg.Error):  # PostgreSQL may be down for want of room
                return server.sql(statement)
            return None

        # It waits until the disk is full.
        server.sql("insert into exports (id, account_id, due_at) select uuid_v7(), id, now() + interval '1 hour' from accounts "
                   f"where email = '{email}'")
        filler = fill(data_dir)
        hurry = "update exports set due_at = now() where state = 'queued'"
        wait_for(lambda: sql(hurry) is None and "export_broken_off" in server.said(), 60, "an export that finds no room")
        assert "export_made" not in server.said()
        assert Caller(server)("GET", "/livez").status == 200
        filler.unlink()
        wait_for(lambda: ready(server), 60, "readiness once there is room")

        def made():
            with contextlib.suppress(OSError):
                answer = call("GET", "/v1/me/export")
                state = json.loads(answer.body)["state"] if answer.status == 200 else None
                if state == "failed":  # three times while there was none: one asks again
                    call("POST", "/v1/me/export")
                sql(hurry)
                return state == "ready"
            return False
        wait_for(made, 60, "the export once there is room")
        answer = call("GET", "/v1/me/export/content")
        archive = zipfile.ZipFile(io.BytesIO(answer.body))
        assert archive.testzip() is None and json.loads(archive.read("manifest.json"))["missing"] == []
        found = {hashlib.sha256(archive.read(name)).digest() for name in archive.namelist() if name.startswith("documents/")}
        assert found == {hashlib.sha256(data).digest() for data in files}
        assert server.sql("select count(*) from export_chunks c join exports e on e.id = c.export_id where e.state <> 'ready'") == [(0,)]
        ended_well(server)
