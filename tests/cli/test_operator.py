"""segreteria operator: makes, lists, disables operators; while servers run, and on a private cluster."""

import os
import pty
import subprocess

import pytest
from support.eventually import eventually
from support.server import BINARY, Server

PASSWORD = "seven slow tortoises"


def run(conninfo, *words, password=None, env=None):
    return subprocess.run([BINARY, "operator", *words], input=None if password is None else password + "\n", text=True,
                          capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL if password is None else None,
                          env={**os.environ, **({"SEGRETERIA_DATABASE_URL": conninfo} if conninfo else {}), **(env or {})})


def made(database, address, password=PASSWORD):
    done = run(database.conninfo, "create", address, "--name", "The operator", password=password)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{address} is an operator\n", "")
    return address


def sign_in(client, address, password=PASSWORD):
    session = client.post("/v1/sessions", {"email": address, "password": password}).expect(201).json["session"]
    return client.as_(session["access_token"])


def test_an_operator_signs_in_and_moderates(world, company, database, api):
    client = sign_in(api, made(database, "one@ops.example"))
    assert client.get("/v1/me").expect(200).json["kind"] == "operator"
    client.patch(f"/v1/companies/{company.id}/verification", {"status": "verified", "note": "Seen."}).expect(200)
    entries = client.get("/v1/audit?action=account.created").expect(200).json["items"]
    assert any(entry["actor"] == {"kind": "system"} and entry["detail"] == {"kind": "operator"} for entry in entries)


def test_disabling_ends_everything_on_every_instance(database, api, tmp_path):
    address = made(database, "two@ops.example")
    client = sign_in(api, address)
    token = client.post("/v1/tokens", {"name": "t", "scopes": ["moderation:write"]}).expect(201).json["secret"]
    second = Server(tmp_path, database.conninfo, [])
    try:
        there = second.client()
        for one in (client, there.as_(client.token), api.as_(token), there.as_(token)):
            one.get("/v1/companies").expect(200)
        done = run(database.conninfo, "disable", address.upper())
        assert (done.returncode, done.stderr) == (0, "")
        for one in (client, there.as_(client.token), api.as_(token), there.as_(token)):
            eventually(lambda one=one: one.get("/v1/companies").status == 401, "it is over")
        api.post("/v1/sessions", {"email": address, "password": PASSWORD}).expect(401, "invalid_credentials")
        assert run(database.conninfo, "enable", address).returncode == 0
        client.get("/v1/companies").expect(401, "invalid_token")
        api.as_(token).get("/v1/companies").expect(401, "invalid_token")
        sign_in(api, address).get("/v1/companies").expect(200)
        there.close()
    finally:
        second.stop()


def test_a_new_password(database, api):
    address = made(database, "three@ops.example")
    client = sign_in(api, address)
    assert run(database.conninfo, "password", address, password="eleven quiet badgers").returncode == 0
    eventually(lambda: client.get("/v1/me").status == 401, "its sessions have ended")
    sign_in(api, address, "eleven quiet badgers")


def test_a_generated_password_is_printed_once(database, api):
    done = run(database.conninfo, "create", "four@ops.example", "--name", "Four", "--generate")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first == "four@ops.example is an operator" and second.startswith("password: ")
    password = second.removeprefix("password: ")
    assert len(password) == 26
    sign_in(api, "four@ops.example", password)
    assert password not in database.value("select string_agg(a::text, '') from accounts a")


def test_the_list(database):
    made(database, "list@ops.example")
    run(database.conninfo, "disable", "list@ops.example")
    lines = run(database.conninfo, "list").stdout.splitlines()
    [line] = [line for line in lines if line.startswith("list@ops.example ")]
    assert line.endswith("  disabled") and "The operator" in line
    assert database.value("select count(*) from accounts where kind = 'operator'") == len(lines)


def test_what_is_refused(world, company, database):
    for words, password, said in (
            (("create", "five@ops.example", "--name", "x"), "short", "10 to 1024"),
            (("create", "five@ops.example", "--name", "x"), "x" * 1025, "10 to 1024"),
            (("create", "five@ops.example", "--name", "x"), "1234567890", "most common"),
            (("create", "five@ops.example", "--name", "x"), "five@ops.example", "little more than"),
            (("create", "five@ops.example", "--name", ""), PASSWORD, "1 to 250"),
            (("create", "nobody", "--name", "x"), PASSWORD, "an e-mail address"),
            (("create", company.email, "--name", "x"), PASSWORD, "an account already"),
            (("disable", company.email), None, "no operator"), (("enable", "nobody@ops.example"), None, "no operator"),
            (("password", company.email), PASSWORD, "no operator")):
        done = run(database.conninfo, *words, password=password)
        assert (done.returncode, done.stdout) == (1, "") and said in done.stderr, words
    company.client.get("/v1/me").expect(200)


@pytest.mark.parametrize("words", [(), ("make",), ("create",), ("create", "a@b.example"), ("list", "x"), ("disable",),
                                   ("disable", "a@b.example", "--name", "x"), ("list", "--generate"), ("list", "--what")])
def test_used_wrongly(words):
    done = run("", *words)
    assert done.returncode == 2 and "segreteria operator --help" in done.stderr


def test_the_terminal_shows_nothing(database):
    """Asked twice; the terminal echoes again afterwards."""
    def ask(address, *answers):
        leader, follower = pty.openpty()
        child = subprocess.Popen([BINARY, "operator", "create", address, "--name", "T"], stdin=follower, stdout=subprocess.PIPE,
                                 stderr=follower, env={**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo})
        seen = b""
        for prompt, answer in zip((b"Password: ", b"Once more: "), answers):
            while prompt not in seen:
                seen += os.read(leader, 1000)
            os.write(leader, answer.encode() + b"\n")
        out = child.communicate(timeout=60)[0]
        os.set_blocking(leader, False)
        try:
            seen += os.read(leader, 10000)
        except BlockingIOError:
            pass
        for end in (leader, follower):
            os.close(end)
        return child.returncode, out.decode(), seen.decode()

    status, out, seen = ask("tty@ops.example", PASSWORD, PASSWORD)
    assert (status, out) == (0, "tty@ops.example is an operator\n") and PASSWORD not in seen
    status, out, seen = ask("tty2@ops.example", PASSWORD, PASSWORD + "!")
    assert (status, out) == (1, "") and "the two are not the same" in seen and PASSWORD not in seen
