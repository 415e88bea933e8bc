"""Sixteen clients apply with documents while the server is killed, PostgreSQL is killed, the disk is full, or they themselves stop
half-way. What was answered 201 is there, byte for byte; of everything else there is the whole or nothing."""

import contextlib
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import threading
import time

import pytest
from private_server import Server, wait_for
from service import SLOW, Caller, Postgres, address, candidate, company, ended_well, fill, is_refusal, ready, small_disk
from support.world import vacancy

CLIENTS = 16
ROUNDS = 10
PARTS = range(20 if SLOW else 1)  # of so many rounds each
JOBS = 24  # a candidate has room for twenty documents
CHUNK = 64 * 1024
BOUNDARY = "fault-boundary-0123456789"


def pdf(seed, size):
    return b"%PDF-1.7\n" + random.Random(seed).randbytes(size)


def sums(files):
    return tuple(hashlib.sha256(data).hexdigest() for data in files)


def form(files):
    out = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="application"\r\n\r\n{{"cover_letter": "x"}}\r\n'.encode()
    for n, data in enumerate(files):
        out += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="document"; filename="{n}.pdf"\r\n\r\n').encode() + data + b"\r\n"
    return out + f"--{BOUNDARY}--\r\n".encode()


class Applicants:
    """Sixteen candidates; each applies to the vacancies one after the other, with one or two files, in every round."""

    def __init__(self, server):
        self.candidates = [candidate(server)[0] for _ in range(CLIENTS)]
        owner = Caller(server, company(server)[0])
        self.jobs = []
        for _ in range(JOBS):
            answer = owner("POST", "/v1/jobs", vacancy())
            assert answer.status == 201, answer
            self.jobs.append(json.loads(answer.body)["id"])
        self.begin()

    def begin(self):
        self.sent = set()  # (sha256 of each file) of every attempt
        self.taken = []    # (application, candidate's number, job, its documents, files) that were answered 201
        self.refused = []  # answers of other kinds
        self.done = threading.Event()

    def apply(self, server, number, seed):
        """Until the server does not answer, all vacancies were tried, or it is enough."""
        chance = random.Random(seed)
        call = Caller(server, self.candidates[number], timeout=20)
        for job in self.jobs:
            if self.done.is_set():
                break
            files = [pdf(chance.random(), chance.choice((100, CHUNK - 9, CHUNK, 100_000, 200_000)))
                     for _ in range(chance.choice((1, 1, 1, 2)))]
            self.sent.add(sums(files))
            try:
                answer = call("POST", f"/v1/jobs/{job}/applications", form(files),
                              Content_Type=f"multipart/form-data; boundary={BOUNDARY}")
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 201:
                document = json.loads(answer.body)
                self.taken.append((document["id"], number, job, document["documents"], files))
            else:
                self.refused.append(answer)
        call.close()

    @contextlib.contextmanager
    def applying(self, server, seed, more=False):
        if more:
            self.done.clear()
        else:
            self.begin()
        threads = [threading.Thread(target=self.apply, args=(server, n, f"{seed}-{n}"), daemon=True) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield threads
        finally:
            self.done.set()
            for thread in threads:
                thread.join(40)
            assert not any(thread.is_alive() for thread in threads)

    def check(self, server, sql):
        """All of what was acknowledged, and nothing half."""
        stored = {}
        for application, job, digests in sql(
                "select a.id, a.job_id, array_agg(encode(d.sha256, 'hex') order by x.position) from applications a"
                " left join application_documents x on x.application_id = a.id left join documents d on d.id = x.document_id"
                " group by 1, 2"):
            stored[str(application)] = str(job), tuple(digests)
        assert {sums for _, sums in stored.values()} <= self.sent, "an application with other files than were sent"
        for application, number, job, documents, files in self.taken:
            assert stored.get(application) == (job, sums(files)), "an application is lost"
            call = Caller(server, self.candidates[number])
            for document, data in zip(documents, files, strict=True):
                answer = call("GET", f"/v1/documents/{document['id']}/content")
                assert answer.status == 200 and answer.body == data, (answer.status, "other bytes")
            call.close()
        for wrong in (
                "select id from applications a where not exists (select from application_events e where e.application_id = a.id)",
                "select id from applications a where not exists (select from outbox o where o.message_key = 'application_received:' || a.id)"
                " and (select count(*) from outbox o where o.template = 'application_received') < 5",
                "select id from applications where job_etag is null or processing_notice is null",
                "select d.id from documents d where completed_at is not null"
                " and not exists (select from application_documents x where x.document_id = d.id)",
                "select d.id from documents d join application_documents x on x.document_id = d.id where completed_at is null",
                "select d.id from documents d where completed_at is not null and (select count(*) from document_chunks c"
                f" where c.document_id = d.id) <> (size + {CHUNK - 1}) / {CHUNK}"):
            assert sql(wrong) == [], wrong
        # What was given up is the purge's after an hour; then nothing is left of it.
        sql("update documents set created_at = now() - interval '2 hours' where completed_at is null")
        while sql("select documents_purge(500)") == [(500,)]:
            pass
        assert sql(f"select (select count(*) from document_chunks) = (select coalesce(sum((size + {CHUNK - 1}) / {CHUNK}), 0)"
                   " from documents), (select count(*) from documents where completed_at is null)") == [(True, 0)]
        return len(self.taken)

    def forget(self, sql):
        """So that all can be done again."""
        sql("delete from documents")
        sql("delete from applications")


def whole(answers):
    """All there is to read of them."""
    return "\n".join(f"{a.status}\n{a.headers}{a.body.decode(errors='replace')}" for a in answers)


@pytest.mark.parametrize("part", PARTS)
def test_server_killed_while_they_apply(data_dir, part):
    acknowledged = 0
    with Postgres() as postgres:
        postgres.sql("create database applying")

        def sql(statement):
            return postgres.sql(statement, database="applying")

        with Server(data_dir, url=postgres.conninfo("applying")) as server:
            applicants = Applicants(server)
            ended_well(server)
        for round in range(part * ROUNDS, (part + 1) * ROUNDS):
            with Server(data_dir, url=postgres.conninfo("applying")) as server:
                wait_for(lambda: ready(server), 20, "readiness")
                with applicants.applying(server, f"killed-{round}"):
                    time.sleep(random.Random(round).uniform(0.05, 1.2))
                    server.end(signal.SIGKILL)
            # Statements that the dead server had sent end on their own.
            wait_for(lambda: sql("select count(*) from pg_stat_activity where application_name like 'segreteria %'") == [(0,)], 30,
                     "the end of its connections")
            with Server(data_dir, url=postgres.conninfo("applying")) as server:
                wait_for(lambda: ready(server), 20, "readiness")
                acknowledged += applicants.check(server, sql)
                ended_well(server)
            applicants.forget(sql)
    print(f"{ROUNDS} rounds, {acknowledged} applications acknowledged")
    assert acknowledged > ROUNDS


@pytest.mark.parametrize("part", PARTS)
def test_postgres_killed_while_they_apply(data_dir, part):
    acknowledged = 0
    with Server(data_dir) as server:
        applicants = Applicants(server)
        for round in range(part * ROUNDS, (part + 1) * ROUNDS):
            with applicants.applying(server, f"postgres-{round}"):
                time.sleep(random.Random(round).uniform(0.1, 1.0))
                killed = server.postmaster()
                os.kill(killed, signal.SIGKILL)
                # A new one may have come between two looks.
                wait_for(lambda: not ready(server) or server.postmaster() not in (killed, None), 20, "a /readyz that says no")
            wait_for(lambda: ready(server), 20, "readiness")
            strange = [a for a in applicants.refused if not is_refusal(a) and a.status != 409]
            assert not strange, f"round {round}:\n{whole(strange)}\n{server.said()[-3000:]}"
            acknowledged += applicants.check(server, server.sql)
            applicants.forget(server.sql)
        ended_well(server)
    print(f"{ROUNDS} rounds, {acknowledged} applications acknowledged")
    assert acknowledged > 0


def test_disk_full_while_they_apply(data_dir):
    with small_disk(data_dir, 400), Server(data_dir) as server:
        applicants = Applicants(server)
        with applicants.applying(server, "before"):
            wait_for(lambda: applicants.taken, 30, "an application that is taken")
            time.sleep(0.5)
        filler = fill(data_dir)
        before = len(applicants.taken)
        applicants.jobs.reverse()
        with applicants.applying(server, "full", more=True) as threads:
            wait_for(lambda: any(answer.status == 503 for answer in applicants.refused)
                     or not any(thread.is_alive() for thread in threads), 60, "a refusal")
            time.sleep(1)
        kinds = {(answer.status, json.loads(answer.body)["code"]) for answer in applicants.refused}
        assert any(status == 503 for status, _ in kinds), kinds
        assert {status for status, _ in kinds} <= {503, 409}, kinds
        assert Caller(server)("GET", "/livez").status == 200
        filler.unlink()
        wait_for(lambda: ready(server), 60, "readiness once there is room")

        def takes_again():
            with contextlib.suppress(OSError, http.client.HTTPException):
                owner = Caller(server, company(server)[0])
                return owner("POST", "/v1/jobs", vacancy()).status == 201
            return False
        wait_for(takes_again, 60, "a write once there is room")
        assert applicants.check(server, server.sql) >= before > 0
        assert server.sql("select count(*) from pg_database where datname = 'segreteria'") == [(1,)]
        # Every page of every table can be read (data checksums are on).
        for (table,) in server.sql("select quote_ident(relname) from pg_class where relkind = 'r'"
                                   " and relnamespace = 'public'::regnamespace"):
            server.sql(f"select count(*), max(length(t::text)) from {table} t")
        ended_well(server)


def test_clients_that_stop_half_way(data_dir):
    with Server(data_dir) as server:
        applicants = Applicants(server)
        chance = random.Random(7)
        for _ in range(8 if SLOW else 3):
            open_ones = []
            for number in range(CLIENTS):
                body = form([pdf(chance.random(), 200_000), pdf(chance.random(), 300_000)])
                head = (f"POST /v1/jobs/{chance.choice(applicants.jobs)}/applications HTTP/1.1\r\nHost: localhost\r\n"
                        f"Authorization: Bearer {applicants.candidates[number]}\r\nContent-Type: multipart/form-data; "
                        f"boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
                client = socket.create_connection(address(server), timeout=20)
                client.sendall(head + body[:chance.randrange(len(body) - 1)])
                open_ones.append(client)
            time.sleep(0.3)
            for number, client in enumerate(open_ones):
                if number % 2:  # a reset instead of an end
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
            wait_for(lambda: server.sql("select (select count(*) from documents), (select count(*) from document_chunks)")
                     == [(0, 0)], 20, "the removal of what they had sent")
            assert server.sql("select count(*) from applications") == [(0,)]
        with applicants.applying(server, "after"):
            wait_for(lambda: applicants.taken, 30, "an application that is taken")
        assert applicants.check(server, server.sql) > 0
        ended_well(server)
