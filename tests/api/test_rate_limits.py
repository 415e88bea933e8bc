"""Rate limits: what a token, an account and an address may do, what the answers say about it, and whom they leave alone."""

import json
import re

import pytest
from support.client import Client
from support.world import vacancy

READ, WRITE, SIGN_IN = 30, 12, 6


@pytest.fixture(scope="module")
def server_options():
    return ["--workers", "2", "--trusted-proxy", "127.0.0.1", "--rate-limit", f"read={READ}/hour",
            "--rate-limit", f"write={WRITE}/hour", "--rate-limit", f"sign_in={SIGN_IN}/hour"]


class ClientFrom(Client):
    def __init__(self, server, address, token):
        super().__init__(server.host, server.port, token)
        self.address = address

    def exchange(self, request):
        request.headers["X-Forwarded-For"] = self.address
        return super().exchange(request)


@pytest.fixture
def from_address(server):
    """Clients that come from an address of their own."""
    made = []

    def client(address, token=None):
        made.append(ClientFrom(server, address, token))
        return made[-1]

    yield client
    for one in made:
        one.close()


def limits(answer):
    """(policy's name, quota, window), (name, remaining, seconds) of an answer."""
    policy = re.fullmatch(r'"([a-z_-]+)";q=(\d+);w=(\d+)', answer.headers["RateLimit-Policy"])
    now = re.fullmatch(r'"([a-z_-]+)";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert policy[1] == now[1]
    return policy[1], int(policy[2]), int(policy[3]), int(now[2]), int(now[3])


def test_an_address_runs_out(from_address):
    client = from_address("203.0.113.1")
    for left in range(READ - 1, -1, -1):
        name, quota, window, remaining, full = limits(client.get("/v1/jobs?limit=1").expect(200))
        assert (name, quota, window) == ("read", READ, 3600) and remaining in (left, left + 1) and 0 < full <= 3600
    refused = client.get("/v1/jobs").expect(429, "too_many_requests")
    assert limits(refused)[3] == 0 and 0 < int(refused.headers["Retry-After"]) <= 3600 // READ
    assert refused.headers["Cache-Control"] == "no-store"
    client.get("/v1/taxonomies/roles").expect(429, "too_many_requests")  # the same class
    client.get("/livez").expect(200)
    assert client.get("/readyz").expect(200).headers["RateLimit"] is None
    again = from_address("203.0.113.1").get("/v1/jobs")  # another connection, perhaps another worker
    again.expect(429, "too_many_requests")
    from_address("203.0.113.2").get("/v1/jobs").expect(200)


def test_an_ipv6_client_is_its_network(from_address):
    for host in range(READ):
        from_address(f"2001:db8:0:1::{host:x}").get("/v1/jobs?limit=1").expect(200)
    from_address("2001:db8:0:1:ffff::1").get("/v1/jobs").expect(429, "too_many_requests")
    from_address("2001:db8:0:2::1").get("/v1/jobs").expect(200)


def test_a_refusal_changes_nothing(from_address, world, database):
    client = from_address("203.0.113.3")
    for _ in range(SIGN_IN):
        client.post("/v1/sessions", {"email": "nobody@example.org", "password": "wrong password"}).expect(401, "invalid_credentials")
    accounts = database.value("select count(*) from accounts")
    answer = client.post("/v1/candidates", {"email": "late@example.org", "password": "correct horse battery",
                                            "given_name": "Lea", "family_name": "Late"})
    answer.expect(429, "too_many_requests")
    assert limits(answer)[0] == "sign_in"
    assert database.value("select count(*) from accounts") == accounts
    client.get("/v1/jobs").expect(200)  # another class


def test_tokens_and_their_account(from_address, company_at):
    """A token has its own; the account of all its tokens has four times as much."""
    owner = company_at("203.0.113.4")
    secrets = [owner.post("/v1/tokens", {"name": f"ci {n}", "scopes": ["jobs:read"]}).expect(201).json["secret"]
               for n in range(5)]
    taken = 0
    for secret in secrets[:4]:
        client = from_address("203.0.113.5", secret)
        while (answer := client.get("/v1/jobs?scope=own&limit=1")).status == 200:
            taken += 1
            last = answer
        answer.expect(429, "too_many_requests")
        assert limits(last)[0] == ("read" if secret != secrets[3] else limits(last)[0])
    assert taken == 4 * READ
    whole = from_address("203.0.113.5", secrets[4]).get("/v1/jobs?scope=own")
    whole.expect(429, "too_many_requests")
    assert limits(whole)[:2] == ("read-account", 4 * READ)
    from_address("203.0.113.5").get("/v1/jobs").expect(200)  # nothing of this was the address's


def test_bad_tokens_count_for_the_address(from_address, database):
    client = from_address("203.0.113.6", "sgr_nonsense")
    for _ in range(READ):
        client.get("/v1/me").expect(401, "invalid_token")
    # With a token of the right form the data base is not even asked any more.
    unknown = from_address("203.0.113.6", "sgr_" + "0" * 42 + "1" + "0" * 6)
    assert unknown.get("/v1/me").status in (401, 429)
    from_address("203.0.113.6").get("/v1/jobs").expect(429, "too_many_requests")


def test_lines_of_a_batch_count(company_at, database):
    owner = company_at("203.0.113.7")
    lines = [json.dumps(vacancy(reference=f"R-{n}")) for n in range(WRITE + 5)]
    before = database.value("select count(*) from jobs")
    answer = owner.post("/v1/jobs/batch", body="\n".join(lines).encode(), headers={"Content-Type": "application/x-ndjson"})
    results = [line["status"] for line in answer.expect(200).lines]
    assert results == [201] * WRITE + [429] * 5
    assert answer.lines[-1]["problem"]["code"] == "too_many_requests"
    assert database.value("select count(*) from jobs") - before == WRITE
    owner.post("/v1/jobs", vacancy()).expect(429, "too_many_requests")


def test_pages_may_read_the_fields(from_address):
    answer = from_address("203.0.113.8").get("/v1/jobs", headers={"Origin": "https://app.example"}).expect(200)
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert "RateLimit" in exposed.split(", ") and "RateLimit-Policy" in exposed.split(", ")


@pytest.fixture
def company_at(from_address):
    """The owner of a new company, coming from that address."""

    def make(address):
        answer = from_address(address).post("/v1/companies", {
            "company": {"legal_name": "Alfa S.p.A.", "name": "Alfa", "country": "IT", "kind": "employer"},
            "owner": {"email": f"owner@{address}.example.org", "password": "correct horse battery", "name": "Anna"}})
        return from_address(address, answer.expect(201).json["session"]["access_token"])

    return make


def test_unknown_rules_stop_the_start(tmp_path):
    from support.server import Server

    for rule in ("read=1", "fast=1/second", "write=0/minute", "read=1/day,2"):
        with pytest.raises(AssertionError, match="did not start"):
            Server(tmp_path, options=["--rate-limit", rule])
