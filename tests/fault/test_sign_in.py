"""Sign-in under fire: more than can be hashed, clients that do not wait, and whether the time it takes tells who has an account.
SEGRETERIA_SLOW_TESTS=1: many more samples of the latter."""

import contextlib
import json
import random
import re
import socket
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from private_server import Server, new_data_dir, remove
from service import SLOW, Caller, address, company, memory
from support.links import secret_of
from support.world import PASSWORD

QUEUE = 64  # hashes that may wait for the one thread: src/cli/serve.c
ONE_HASH = 19 * 1024 * 1024


@pytest.fixture(scope="module")
def server(postgres):
    data_dir = new_data_dir()
    with contextlib.ExitStack() as stack:
        stack.callback(remove, data_dir)
        yield stack.enter_context(Server(data_dir, "--no-access-log", "--password-threads", "1", "--rate-limit", "off",
                                         "--trusted-proxy", "127.0.0.1", url=postgres.conninfo("service")))


def request(email, place, password="not the password"):
    body = json.dumps({"email": email, "password": password})
    return (f"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Forwarded-For: {place}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()


def send(server, data):
    client = socket.create_connection(address(server), timeout=120)
    client.sendall(data)
    return client


def answer(client):
    with client:
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()


def peak(server):
    """The most memory there ever was, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def register(server, email):
    caller = Caller(server)
    status = caller("POST", "/v1/candidates",
                    {"email": email, "password": PASSWORD, "given_name": "A", "family_name": "B"}).status
    caller.close()
    assert status == 201


def test_more_than_can_be_hashed(server):
    """As many as the queue holds are verified, the others hear 503 at once; each hash has its memory, and only one at a time."""
    before = memory(server)
    count = 3 * QUEUE
    with ThreadPoolExecutor(count) as pool:
        clients = list(pool.map(lambda i: send(server, request(f"nobody.{i}@example.org", f"198.51.100.{i}")), range(count)))
        answers = list(pool.map(answer, clients))
    statuses = [text.split(" ", 2)[1] for text in answers]
    assert set(statuses) == {"401", "503"}
    assert statuses.count("401") >= QUEUE and statuses.count("503") >= 10
    assert all("\r\nRetry-After: " in text for text in answers if " 503 " in text[:20])
    assert peak(server) < before + QUEUE * ONE_HASH / 3  # a sanitizer keeps some of what was freed


def post(path, body, n=0):
    """With an Idempotency-Key if n is odd."""
    body = json.dumps(body)
    key = f"Idempotency-Key: key-{n}\r\n" if n % 2 else ""
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{key}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()


def all_at_once(server, requests):
    with ThreadPoolExecutor(len(requests)) as pool:
        clients = list(pool.map(lambda data: send(server, data), requests))
        return list(pool.map(answer, clients))


@pytest.mark.parametrize(("path", "purpose", "more"), [
    ("/v1/password/resets", "password_reset", {}), ("/v1/invitations/accept", "invitation", {"name": "Sara Conti"})])
def test_nothing_is_hashed_for_a_link_that_nobody_has(server, path, purpose, more):
    """More at once than could wait for a hash, with or without a key: none of them does."""
    answers = all_at_once(server, [
        post(path, {"token": secret_of(uuid.uuid4(), purpose), "password": "another horse, same battery", **more}, n)
        for n in range(3 * QUEUE)])
    assert {(text.split(" ", 2)[1], "invalid_link" in text) for text in answers} == {("422", True)}


def test_nothing_is_hashed_for_what_was_answered_before(server, postgres):
    """An invitation is accepted; then the same request comes more often at once than could wait for a hash: each gets that answer."""
    token, own = company(server)
    postgres.sql("update accounts set email_verified_at = now()", database="service")
    made = Caller(server, token)("POST", f"/v1/companies/{own}/invitations", {"email": "sara@example.org", "role": "viewer"})
    assert made.status == 201, made
    link = postgres.sql("select link_id from company_invitations", database="service")[0][0]
    key = re.search(r"sgk_([0-9a-f]{64})", (server.data_dir / "master.key").read_text(encoding="ascii"))[1]
    accept = post("/v1/invitations/accept", {"token": secret_of(link, "invitation", bytes.fromhex(key)), "name": "Sara Conti",
                                             "password": "another horse, same battery"}, 1)
    first = answer(send(server, accept))
    assert " 201 " in first[:20] and "Idempotent-Replayed" not in first
    answers = all_at_once(server, 3 * QUEUE * [accept])
    assert {(text[9:12], "Idempotent-Replayed: true" in text) for text in answers} == {("201", True)}
    assert {text.partition("\r\n\r\n")[2] for text in answers} == {first.partition("\r\n\r\n")[2]}


def test_who_has_left_is_not_hashed_for(server, postgres):
    """A queue full of clients that went away holds up nobody."""
    register(server, "present@example.org")
    postgres.sql("delete from sign_in_throttle", database="service")
    start = time.perf_counter()
    one = answer(send(server, request("present@example.org", "127.0.0.1", PASSWORD)))
    alone = time.perf_counter() - start
    assert " 201 " in one[:20]
    gone = [send(server, request(f"gone.{i}@example.org", f"203.0.113.{i}")) for i in range(QUEUE)]
    time.sleep(0.3)  # they are in the queue
    for client in gone:
        client.close()
    time.sleep(0.6)  # and the server has looked
    start = time.perf_counter()
    assert " 201 " in answer(send(server, request("present@example.org", "127.0.0.1", PASSWORD)))[:20]
    assert time.perf_counter() - start < 10 * alone + 0.2


def cropped(samples):
    """Without the slowest tenth: what else the machine did."""
    return sorted(samples)[:len(samples) * 9 // 10]


def welch(a, b):
    """Welch's t of the difference of the means."""
    return (statistics.mean(a) - statistics.mean(b)) / (statistics.variance(a) / len(a) + statistics.variance(b) / len(b)) ** 0.5


def test_the_time_tells_nothing(server, postgres):
    """Wrong password or unknown account: the same time, as far as so many samples can tell."""
    register(server, "known@example.org")
    samples = {"known@example.org": [], "nobody@example.org": []}
    for i in range(1000 if SLOW else 60):
        postgres.sql("delete from sign_in_throttle", database="service")
        for email in random.sample(list(samples), 2):
            start = time.perf_counter()
            assert " 401 " in answer(send(server, request(email, f"192.0.2.{i % 250}")))[:20]
            samples[email].append(time.perf_counter() - start)
    known, unknown = (cropped(values) for values in samples.values())
    difference = abs(statistics.mean(known) - statistics.mean(unknown)) / statistics.mean(unknown)
    print(f"t = {welch(known, unknown):.2f}, difference {100 * difference:.2f} %, mean {1000 * statistics.mean(unknown):.2f} ms")
    assert abs(welch(known, unknown)) < 4.5 or difference < 0.01
