"""The master keys of running servers: rotated under load, by two instances, killed in between; and when one may go."""

import base64
import hashlib
import hmac
import http.client
import io
import json
import os
import re
import signal
import struct
import subprocess
import threading
import time
import zipfile

import psycopg
import pytest
from support.eventually import eventually
from support.server import BINARY, Server
from support.world import PASSWORD, World, vacancy


def keys(database, directory, *arguments, environment=None, check=True):
    """`segreteria keys ...` on the data base and the key file of a server."""
    variables = {**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo, **(environment or {})}
    done = subprocess.run([BINARY, "keys", *arguments, "--data-dir", directory / "data"], env=variables, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def current(database, directory):
    listed = keys(database, directory, "list").stdout
    return re.search(r"^([0-9a-f]{16})  in use", listed, re.MULTILINE)[1]


@pytest.fixture
def started(database, tmp_path):
    """Servers that read their keys from a file in tmp_path (all from the same one)."""
    made = []

    def start(*options):
        # SEGRETERIA_MASTER_KEY="" is none.
        server = Server(tmp_path, database.conninfo, ["--workers", "2", *options], {"SEGRETERIA_MASTER_KEY": ""})
        made.append(server)
        return server

    yield start
    for server in made:
        server.stop()
    database.query("delete from account_totp")  # the next test has another key file


class Load:
    """Clients that do what clients do until told to stop; whatever goes wrong is kept."""

    def __init__(self, *works):
        self.stop, self.wrong, self.done = threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.run, args=(work,)) for work in works]
        for thread in self.threads:
            thread.start()

    def run(self, work):
        while not self.stop.is_set():
            try:
                work()
                self.done += 1
            except Exception as mistake:  # pylint: disable=broad-except
                self.wrong.append(repr(mistake)[:500])
                return

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert self.wrong == [] and self.done > 0


def test_rotation_under_load_of_two_instances(started, database, tmp_path):
    first, second = started(), started()
    companies = [World(server.client(), database).company() for server in (first, second)]
    tokens = [company.client.post("/v1/tokens", {"name": "ci", "scopes": ["jobs:read", "jobs:write"]}).expect(201).json["secret"]
              for company in companies]
    before = current(database, tmp_path)
    session = first.client().post("/v1/sessions", {"email": companies[0].email, "password": PASSWORD})
    refresh = [session.expect(201).json["session"]["refresh_token"]]
    number = iter(range(1000000))

    def reads():  # each token at each instance
        for server in (first, second):
            for token in tokens:
                client = server.client(token)
                client.get("/v1/jobs?scope=own&limit=1").expect(200)
                client.close()

    def writes():
        key = {"Idempotency-Key": f"write-{next(number)}"}
        made = [server.client(tokens[0]).post("/v1/jobs", vacancy(), headers=key).expect(201) for server in (first, second)]
        assert made[0].json["id"] == made[1].json["id"] and made[1].headers["Idempotent-Replayed"] == "true"

    def pages():
        page = first.client(tokens[0]).get("/v1/jobs?scope=own&limit=1").expect(200)
        if page.json["next_cursor"]:
            second.client(tokens[0]).get(f"/v1/jobs?scope=own&limit=1&cursor={page.json['next_cursor']}").expect(200)

    def refreshes():
        for server in (first, second):
            answer = server.client().post("/v1/sessions/refresh", {"refresh_token": refresh[0]}).expect(200)
            refresh[0] = answer.json["session"]["refresh_token"]
            server.client(answer.json["session"]["access_token"]).get("/v1/me").expect(200)

    load = Load(reads, reads, writes, pages, refreshes)
    for _ in range(3):
        time.sleep(1)
        assert "is in use" in keys(database, tmp_path, "rotate").stdout
    time.sleep(1)
    load.end()
    after = current(database, tmp_path)
    assert after != before
    eventually(lambda: database.value("select count(*) from api_tokens where encode(substring(token_hash from 25), 'hex') = %s",
                                      after) == 2, "both tokens have hashes under the new key")


def test_a_cursor_and_a_secret_outlive_their_key(started, database, tmp_path):
    server = started()
    company = World(server.client(), database).company()
    for _ in range(3):
        company.client.post("/v1/jobs", vacancy()).expect(201)
    cursor = company.client.get("/v1/jobs?scope=own&limit=1").expect(200).json["next_cursor"]
    body, key = {"name": "once", "scopes": ["jobs:read"]}, {"Idempotency-Key": "token-1"}
    token = company.client.post("/v1/tokens", body, headers=key).expect(201).json
    account = {"email": "once@example.org", "password": "correct horse battery", "given_name": "O", "family_name": "N"}
    registered = server.client().post("/v1/candidates", account, headers={"Idempotency-Key": "candidate-1"}).expect(201).json
    keys(database, tmp_path, "rotate")
    company.client.get(f"/v1/jobs?scope=own&limit=1&cursor={cursor}").expect(200)
    again = company.client.post("/v1/tokens", body, headers=key).expect(201)
    assert again.headers["Idempotent-Replayed"] == "true" and again.json == token
    company.client.post("/v1/tokens", {**body, "name": "other"}, headers=key).expect(422, "idempotency_key_reused")
    once_more = server.client().post("/v1/candidates", account, headers={"Idempotency-Key": "candidate-1"}).expect(201)
    assert once_more.json["session"] == registered["session"]
    assert database.value("select count(*) from accounts where email = %s", account["email"]) == 1


def test_what_is_sealed_is_sealed_again(started, database, tmp_path):
    """Documents and second factors outlive the key they were sealed under."""
    server = started()
    world = World(server.client(), database)
    candidate = world.candidate()
    files = [b"%PDF-1.7\n" + bytes([n]) * 1000 for n in range(3)]
    documents = [candidate.client.request("POST", "/v1/documents", body=file, headers={"Content-Type": "application/pdf"})
                 .expect(201).json for file in files]
    candidate.client.post("/v1/me/totp", {"password": PASSWORD}).expect(201)
    former = current(database, tmp_path)
    assert "sealed again: 4" in keys(database, tmp_path, "rotate").stdout
    assert "sealed secrets" not in keys(database, tmp_path, "retire", former, check=False).stderr
    keys(database, tmp_path, "retire", former, "--force")
    eventually(lambda: former not in keys(database, tmp_path, "list").stdout.split("server on")[1], "the server has read it")
    candidate = world.login(candidate.email)
    for document, file in zip(documents, files):
        assert candidate.client.get(f"/v1/documents/{document['id']}/content").expect(200).body == file
    database.query("delete from documents")  # the other tests here have other keys
    database.query("delete from account_totp")


def test_an_export_is_sealed_again(started, database, tmp_path):
    """One that is ready, one that is made meanwhile: both are fetched after their first key has gone."""
    server = started()
    world = World(server.client(), database)
    ready, waiting = world.candidate(headline="Ready"), world.candidate(headline="Waiting")
    for person in (ready, waiting):
        person.client.request("POST", "/v1/documents", body=b"A text of theirs.", headers={"Content-Type": "text/plain"}).expect(201)
    account = database.value("select id from accounts where email = %s", waiting.email)

    def state(person):
        return person.client.get("/v1/me/export").expect(200).json["state"]

    ready.client.post("/v1/me/export").expect(202)
    eventually(lambda: state(ready) == "ready", "the first is made", 40)
    # The other is being made: it has its key, its next chunk takes until the key has changed.
    database.query("create function gate() returns trigger language plpgsql as "
                   "$$ begin perform pg_advisory_xact_lock(8181); return new; end $$")
    database.query("create trigger gate before insert on export_chunks for each row execute function gate()")
    try:
        with psycopg.connect(database.conninfo) as gate:
            gate.execute("select pg_advisory_xact_lock(8181)")
            waiting.client.post("/v1/me/export").expect(202)
            eventually(lambda: database.value("select sealed_key is not null from exports where account_id = %s", account),
                       "it has a key", 40)
            former = current(database, tmp_path)
            before = dict(database.query("select id, sealed_key from exports"))
            assert "sealed again: 4" in keys(database, tmp_path, "rotate").stdout  # two documents, two exports
            assert state(waiting) == "running"
    finally:
        database.query("drop trigger gate on export_chunks")
        database.query("drop function gate")
    after = dict(database.query("select id, sealed_key from exports"))
    assert len(after) == 2 and all(after[export] not in (None, before[export]) for export in before)
    eventually(lambda: state(waiting) == "ready", "the other is made", 40)
    assert database.value("select count(*) from sealed_secrets() where encode(substring(sealed for 8), 'hex') = %s", former) == 0
    assert database.value("select max(attempts) from exports") == 1
    keys(database, tmp_path, "retire", former, "--force")
    eventually(lambda: former not in keys(database, tmp_path, "list").stdout.split("server on")[1], "the server has read it")
    for person in (ready, waiting):
        client = world.login(person.email).client
        with zipfile.ZipFile(io.BytesIO(client.get("/v1/me/export/content").expect(200).body)) as archive:
            assert archive.testzip() is None and json.loads(archive.read("manifest.json"))["missing"] == []
            assert person.document["headline"].encode() in archive.read("profile.json")
    database.query("delete from documents")  # the other tests here have other keys
    database.query("delete from exports")


def test_retire(started, database, tmp_path):
    server = started()
    company = World(server.client(), database).company()
    token = company.client.post("/v1/tokens", {"name": "ci", "scopes": ["jobs:read"]}).expect(201).json["secret"]
    former = current(database, tmp_path)
    assert "is the one in use" in keys(database, tmp_path, "retire", former, check=False).stderr
    assert "there is no key" in keys(database, tmp_path, "retire", "0" * 16, check=False).stderr
    keys(database, tmp_path, "rotate")
    refused = keys(database, tmp_path, "retire", former, check=False)
    assert refused.returncode == 1 and re.search(r"needed by 1 API tokens, 1 access tokens of sessions, .*refresh", refused.stderr)
    assert re.search(rf"^{former}  former .*1 API tokens", keys(database, tmp_path, "list").stdout, re.MULTILINE)
    server.client(token).get("/v1/jobs?scope=own").expect(200)
    company.client.get("/v1/me").expect(200)
    eventually(lambda: "API tokens" not in keys(database, tmp_path, "retire", former, check=False).stderr,
               "the token's hash is renewed")
    database.query("update session_tokens set refreshed_at = now()")
    database.query("delete from idempotency_keys")
    database.query("update link_tokens set used_at = now()")
    assert "has been retired" in keys(database, tmp_path, "retire", former).stdout
    assert former not in keys(database, tmp_path, "list").stdout
    server.client(token).get("/v1/jobs?scope=own").expect(200)
    # By force, what needed it is worthless.
    lost = company.client.post("/v1/tokens", {"name": "lost", "scopes": ["jobs:read"]}).expect(201).json["secret"]
    former = current(database, tmp_path)
    keys(database, tmp_path, "rotate")
    keys(database, tmp_path, "retire", former, "--force")
    eventually(lambda: former not in keys(database, tmp_path, "list").stdout.split("server on")[1], "the server has read it")
    server.client(lost).get("/v1/jobs?scope=own").expect(401, "invalid_token")


def totp(secret):
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def test_second_factors_are_sealed_again(started, database, tmp_path):
    """Their codes and the recovery codes work before and after, and nothing of them keeps a former key."""
    server = started()
    person = World(server.client(), database).candidate()
    secret = person.client.post("/v1/me/totp", {"password": PASSWORD}).expect(201).json["secret"]
    recovery = person.client.post("/v1/me/totp/confirm", {"totp_code": totp(secret)}).expect(200).json["recovery_codes"]
    former = current(database, tmp_path)
    sealed = database.value("select secret from account_totp")
    keys(database, tmp_path, "rotate")
    assert current(database, tmp_path) != former and database.value("select secret from account_totp") != sealed
    assert database.value("select count(*) from sealed_secrets() where encode(substring(sealed for 8), 'hex') = %s", former) == 0
    database.query("update account_totp set last_step = -1")
    for code in ({"totp_code": totp(secret)}, {"recovery_code": recovery[0]}):
        server.client().post("/v1/sessions", {"email": person.email, "password": PASSWORD, **code}).expect(201)


def test_an_instance_that_does_not_learn_of_the_key(started, database, tmp_path):
    """One with a file of its own: the new key is made, but not used before that has it, too."""
    server = started()
    (tmp_path / "other/data").mkdir(parents=True, mode=0o700)
    file = tmp_path / "other/data/master.key"
    file.write_bytes((tmp_path / "data/master.key").read_bytes())
    file.chmod(0o600)
    owner = (tmp_path / "data").stat()
    for path in (file, file.parent):
        os.chown(path, owner.st_uid, owner.st_gid)
    other = Server(tmp_path / "other", database.conninfo, ["--workers", "1"], {"SEGRETERIA_MASTER_KEY": ""})
    try:
        company = World(server.client(), database).company()
        before = current(database, tmp_path)
        broken = keys(database, tmp_path, "rotate", "--wait", "3", check=False)
        assert broken.returncode == 1 and "unknown to" in broken.stderr and "other/data" in broken.stderr
        assert current(database, tmp_path) == before
        file.write_bytes((tmp_path / "data/master.key").read_bytes())
        rotated = keys(database, tmp_path, "rotate", "--wait", "10").stdout  # the other knows it now, and uses the former
        assert "not used yet by" in rotated and current(database, tmp_path) != before
        secret = company.client.post("/v1/tokens", {"name": "new", "scopes": ["jobs:read"]}).expect(201).json["secret"]
        other.client(secret).get("/v1/jobs?scope=own").expect(200)
        file.write_bytes((tmp_path / "data/master.key").read_bytes())
        uses = f"uses {current(database, tmp_path)}"
        eventually(lambda: keys(database, tmp_path, "list").stdout.count(uses) == 2, "both use the new key", 40)
    finally:
        other.stop()


def test_killed_while_rotating(started, database, tmp_path):
    server = started()
    company = World(server.client(), database).company()
    token = company.client.post("/v1/tokens", {"name": "ci", "scopes": ["jobs:read"]}).expect(201).json["secret"]
    variables = {**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo}
    for pause in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2):
        with subprocess.Popen([BINARY, "keys", "rotate", "--data-dir", tmp_path / "data"], env=variables,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as rotation:
            time.sleep(pause)
            rotation.send_signal(signal.SIGKILL)
        server.client(token).get("/v1/jobs?scope=own").expect(200)
        assert server.client().get("/readyz").status == 200
        # The lock of one that was killed goes when PostgreSQL notices.
        eventually(lambda: keys(database, tmp_path, "rotate", check=False).returncode == 0, "the key is rotated", 60)
        for former in re.findall(r"^([0-9a-f]{16})  former", keys(database, tmp_path, "list").stdout, re.MULTILINE)[3:]:
            keys(database, tmp_path, "retire", former, check=False)
        server.client(token).get("/v1/jobs?scope=own").expect(200)
    assert (tmp_path / "data/master.key").stat().st_mode & 0o777 == 0o600


def test_keys_of_the_environment(database, tmp_path):
    fresh = keys(database, tmp_path, "new").stdout.strip()
    assert re.fullmatch(r"sgk_[0-9a-f]{64}", fresh)
    old = "5e" * 32
    server = Server(tmp_path, database.conninfo, ["--workers", "1"])
    company = World(server.client(), database).company()
    server.stop()
    refused = keys(database, tmp_path, "rotate", environment={"SEGRETERIA_MASTER_KEY": old}, check=False)
    assert refused.returncode == 1 and "SEGRETERIA_MASTER_KEY" in refused.stderr
    for ring in (f"{fresh} next,{old}", f"{fresh},{old}"):
        server = Server(tmp_path, database.conninfo, ["--workers", "1"], {"SEGRETERIA_MASTER_KEY": ring})
        server.client(company.client.token).get("/v1/me").expect(200)
        server.stop()
    listed = keys(database, tmp_path, "list", environment={"SEGRETERIA_MASTER_KEY": f"{fresh},{old}"}).stdout
    assert re.search(r"^[0-9a-f]{16}  in use", listed) and "former" in listed


def test_a_batch_outlives_the_key_of_its_token(started, database, tmp_path):
    """The token's hash is made anew while the batch runs: its lines go on."""
    server = started()
    company = World(server.client(), database).company()
    token = company.client.post("/v1/tokens", {"name": "ci", "scopes": ["jobs:read", "jobs:write"]}).expect(201).json["secret"]

    def stored():
        return database.value("select count(*) from jobs where company_id = %s", company.id)

    def renewed():
        client = server.client(token)
        client.get("/v1/jobs?scope=own").expect(200)
        client.close()
        return database.value("select count(*) from api_tokens where encode(substring(token_hash from 25), 'hex') = %s", after)

    def lines():
        nonlocal after
        for n in range(10):
            if n == 5:
                eventually(lambda: stored() == 5, "the first lines are done")
                keys(database, tmp_path, "rotate")
                after = current(database, tmp_path)
                eventually(lambda: renewed() == 1, "the token has a hash under the new key", 30)
            yield json.dumps(vacancy(status="draft", reference=f"r{n}")).encode() + b"\n"

    after = None
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("POST", "/v1/jobs/batch", body=lines(), encode_chunked=True, headers={
        "Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked", "Content-Type": "application/x-ndjson"})
    results = [json.loads(line)["status"] for line in connection.getresponse().read().splitlines()]
    connection.close()
    assert results == [201] * 10
