"""Messages on their way: over SMTP to a real server, again when it refuses for now, given up when for good, and never twice."""

import json
import signal
import ssl
import subprocess
import threading
import time
import uuid

import pytest
from support.eventually import eventually
from support.mail import Mailbox
from support.ports import free_port
from support.server import Server


def options_for(port, *more):
    return ["--smtp-url", f"smtp://127.0.0.1:{port}", "--smtp-plain", "--mail-from", "Lavoro & Uffici <posta@lavoro.example>",
            "--public-url", "https://lavoro.example", *more]


@pytest.fixture(scope="module")
def server_options(mailbox):
    return options_for(mailbox.port)


def address():
    return f"{uuid.uuid4().hex[:12]}@posta.example"


def enqueue(database, to, template="invitation", **params):
    """A message in the outbox; its id."""
    database.query("select mail_enqueue(%s, null, %s, %s::jsonb, null)", template, to, json.dumps(
        {"company": "Alfa", "inviter": "Anna", **params}))
    return str(database.value("select id from outbox where to_address = %s or id = (select max(id::text)::uuid from outbox)", to))


def row(database, message):
    return database.query("select state, attempts, last_error from outbox where id = %s", message)[0]


def state(database, message):
    return row(database, message)[0]


def due_now(database, message):
    database.query("update outbox set due_at = now() where id = %s", message)
    database.query("notify segreteria_mail")


def test_a_message_arrives(server, database, mailbox):
    to = address()
    message = enqueue(database, to, template="password_changed")
    [got] = mailbox.to(to)
    assert got.envelope == ("posta@lavoro.example", [to])
    assert got.id == f"<{message}@lavoro.example>"
    assert got.parsed["From"].addresses[0].display_name == "Lavoro & Uffici"
    assert got.parsed["Auto-Submitted"] == "auto-generated"
    assert abs(got.parsed["Date"].datetime.timestamp() - time.time()) < 120
    eventually(lambda: state(database, message) == "sent", "it is sent")
    assert database.query("select to_address, params::text from outbox where id = %s", message) == [(None, "{}")]
    eventually(lambda: b"event=mail_sent" in server.log, "the log says so")
    assert to.encode() not in server.log


def test_restricted_when_its_text_is_about_to_go(server, database, mailbox, world):
    """The mail server has accepted sender and recipient by then; of the text it gets nothing. Afterwards mail goes on."""
    person = world.candidate()
    [welcome] = mailbox.to(person.email)
    before = mailbox.texts
    account = database.value("select id from accounts where email = %s", person.email)
    update = ("select mail_enqueue('application_update', %s, null, %s::jsonb)", account, json.dumps({"company": "Alfa", "job": "EA"}))

    def restrict():
        person.client.put("/v1/me/restriction", {"ground": "accuracy"}).expect(200)
        return "250 OK"
    mailbox.answers.append(("RCPT", restrict))
    database.query(*update)
    eventually(lambda: b"event=mail_dropped" in server.log, "the log says that it was not sent")
    assert database.query("select state from outbox where account_id = %s and template = 'application_update'", account) == []
    assert person.client.get("/v1/me/restriction").json["restricted"] and not mailbox.answers
    person.client.delete("/v1/me/restriction").expect(204)
    database.query(*update)
    assert [message.subject for message in mailbox.to(person.email, 2)] == [welcome.subject, "News of your application to Alfa"]
    assert mailbox.texts == before + 1  # not even an empty one


def test_a_lease_that_is_lost_when_the_text_is_about_to_go(server, database, mailbox):
    """Another instance has the message by then: this one gives the mail server no text, be it an empty one."""
    to, before = address(), mailbox.texts

    def lose():
        database.query("update outbox set lease = uuid_v7(), due_at = now() + interval '1 hour' where to_address = %s", to)
        return "250 OK"
    mailbox.answers.append(("RCPT", lose))
    message = enqueue(database, to)
    eventually(lambda: database.value("select due_at > now() + interval '50 minutes' from outbox where id = %s", message), "it is lost")
    after = address()
    enqueue(database, after)
    mailbox.to(after)
    due_now(database, message)
    assert len(mailbox.to(to)) == 1 and mailbox.texts == before + 2


def test_a_refusal_for_now_is_tried_again(server, database, mailbox):
    for answer in ("451 later", ("RCPT", "450 greylisted"), ("MAIL", "553 sender not allowed")):
        to = address()
        mailbox.answers.append(answer)
        message = enqueue(database, to)
        eventually(lambda: row(database, message)[:2] == ("queued", 1), "it waits")
        seconds = database.value("select extract(epoch from due_at - now()) from outbox where id = %s", message)
        assert 15 < seconds < 40
        assert (answer[1] if isinstance(answer, tuple) else answer)[:3] in row(database, message)[2]
        assert len([m for m in mailbox.messages if m.envelope[1] == [to]]) == 0
        due_now(database, message)
        [got] = mailbox.to(to)
        assert got.id == f"<{message}@lavoro.example>"


def test_a_refusal_for_good_is_given_up(server, database, mailbox):
    for answer in ("554 not wanted", ("RCPT", "550 no such user")):
        to = address()
        mailbox.answers.append(answer)
        message = enqueue(database, to)
        eventually(lambda: state(database, message) == "dead", "it is given up")
        assert (answer[1] if isinstance(answer, tuple) else answer)[:3] in row(database, message)[2]
    eventually(lambda: server.log.count(b"event=mail_given_up") >= 2, "the log says so")
    assert to.encode() not in server.log
    time.sleep(0.3)
    assert [m for m in mailbox.messages if m.envelope[1] == [to]] == []


def test_the_twentieth_failure_is_the_last(server, database, mailbox):
    to = address()
    mailbox.answers.append("451 later")
    database.query("insert into outbox (template, to_address, lang, attempts, params) values ('invitation', %s, 'en', 19, "
                   "'{\"company\": \"Alfa\", \"inviter\": \"A\"}')", to)
    eventually(lambda: database.value("select state from outbox where to_address = %s", to) == "dead", "it is given up")


@pytest.mark.parametrize("bad", ["a b@posta.example", "a@b\r\nBcc: c@d.example", "<a@b.example>", "\"a\"@b.example", "a@[127.0.0.1]",
                                 "a@b_c.example", "a..b@c.example", "a@", "@b.example", "é@b.example"])
def test_no_mail_goes_to_what_is_no_address(server, database, bad):
    database.query("insert into outbox (template, to_address, lang) values ('password_changed', %s, 'en')", bad)
    eventually(lambda: database.value("select state from outbox where to_address = %s", bad) == "dead", "it is given up")


def test_an_unknown_template_is_given_up(server, database):
    to = address()
    database.query("select mail_enqueue('no_such_template', null, %s)", to)
    eventually(lambda: database.value("select state from outbox where to_address = %s", to) == "dead", "it is given up")


@pytest.fixture
def empty_database(cluster):
    made = cluster.create("mail_" + uuid.uuid4().hex[:12])
    yield made
    cluster.drop(made)


def test_the_mail_server_is_down_and_comes_back(empty_database, tmp_path):
    port = free_port()
    server = Server(tmp_path, empty_database.conninfo, options_for(port))
    to = address()
    message = enqueue(empty_database, to)
    eventually(lambda: row(empty_database, message)[:2] == ("queued", 1), "it waits")
    box = Mailbox(port)
    try:
        due_now(empty_database, message)
        assert len(box.to(to)) == 1
        eventually(lambda: state(empty_database, message) == "sent", "it is sent")
    finally:
        server.stop()
        box.stop()


def test_killed_while_the_text_is_being_taken(empty_database, tmp_path):
    """The mail server has the text and its answer never arrives: nobody knows, so it is not sent again by itself."""
    box = Mailbox()
    box.hold = threading.Event()
    server = Server(tmp_path, empty_database.conninfo, options_for(box.port))
    try:
        to = address()
        message = enqueue(empty_database, to)
        assert box.holding.wait(20)
        assert state(empty_database, message) == "handed"
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.process.stdout.close()
        box.hold.set()
        server = Server(tmp_path, empty_database.conninfo, options_for(box.port))
        time.sleep(0.5)
        assert state(empty_database, message) == "handed"
        due_now(empty_database, message)
        eventually(lambda: state(empty_database, message) == "dead", "it is given up")
        assert row(empty_database, message)[2].startswith("outcome unknown")
        time.sleep(0.3)
        assert box.texts == 1
        assert to.encode() not in server.log
    finally:
        server.stop()
        box.stop()


def test_killed_before_the_text_went(empty_database, tmp_path):
    """Leased, but nothing was handed over: another instance, or the next start, sends it."""
    box = Mailbox()
    to = address()
    message = enqueue(empty_database, to)
    empty_database.query("update outbox set state = 'leased', lease = uuid_v7(), due_at = now() + interval '1 hour'")
    server = Server(tmp_path, empty_database.conninfo, options_for(box.port))
    try:
        time.sleep(0.4)
        assert box.messages == []
        due_now(empty_database, message)
        assert len(box.to(to)) == 1
    finally:
        server.stop()
        box.stop()


def test_two_instances_never_send_a_message_twice(empty_database, tmp_path):
    box = Mailbox()
    box.hold = threading.Event()  # until each has all in hand that it takes at a time, which is four
    servers = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        servers.append(Server(tmp_path / name, empty_database.conninfo, options_for(box.port)))
    try:
        empty_database.query("select mail_enqueue('password_changed', null, 'n' || n || '@posta.example') "
                             "from generate_series(1, 300) n")
        taken = "select count(*) from outbox where state in ('leased', 'handed')"
        eventually(lambda: empty_database.value(taken) == 8, "both have begun")
        box.hold.set()
        box.hold.set()
        eventually(lambda: empty_database.value("select count(*) from outbox where state <> 'sent'") == 0, "all are sent", 60)
        assert len(box.messages) == 300
        assert len({message.id for message in box.messages}) == 300
        assert all(b"event=mail_sent" in server.log for server in servers)
    finally:
        box.hold.set()
        for server in servers:
            server.stop()
        box.stop()


def test_a_message_being_sent_at_the_end_is_finished(empty_database, tmp_path):
    box = Mailbox()
    box.hold = threading.Event()
    server = Server(tmp_path, empty_database.conninfo, options_for(box.port))
    try:
        message = enqueue(empty_database, address())
        assert box.holding.wait(20)
        threading.Timer(0.5, box.hold.set).start()
        server.stop()
        assert state(empty_database, message) == "sent"
        assert len(box.messages) == 1
    finally:
        box.stop()


# --- TLS and sign-in --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    place = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", place / "key.pem", "-out",
                    place / "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(place / "cert.pem", place / "key.pem")
    return place / "cert.pem", context


def secure_options(box, *more, scheme="smtp"):
    return ["--smtp-url", f"{scheme}://127.0.0.1:{box.port}", "--mail-from", "posta@lavoro.example", *more]


def test_starttls_and_sign_in(empty_database, tmp_path, certificate):
    from aiosmtpd.smtp import AuthResult
    seen = []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=data.password == b"segretissima")

    box = Mailbox(tls_context=certificate[1], require_starttls=True, authenticator=authenticate, auth_required=True)
    server = Server(tmp_path, empty_database.conninfo, secure_options(box, "--smtp-ca-file", str(certificate[0])),
                    {"SEGRETERIA_SMTP_USER": "posta", "SEGRETERIA_SMTP_PASSWORD": "segretissima"})
    try:
        to = address()
        enqueue(empty_database, to)
        assert len(box.to(to)) == 1
        assert (b"posta", b"segretissima", True) in seen
        assert b"segretissima" not in server.log
        with open(f"/proc/{server.process.pid}/cmdline", "rb") as file:
            assert b"segretissima" not in file.read()
    finally:
        server.stop()
        box.stop()


def test_a_wrong_password_is_no_reason_to_give_up(empty_database, tmp_path, certificate):
    from aiosmtpd.smtp import AuthResult
    box = Mailbox(tls_context=certificate[1], require_starttls=True, auth_required=True,
                  authenticator=lambda *_: AuthResult(success=False, handled=False))
    server = Server(tmp_path, empty_database.conninfo, secure_options(box, "--smtp-ca-file", str(certificate[0])),
                    {"SEGRETERIA_SMTP_USER": "posta", "SEGRETERIA_SMTP_PASSWORD": "sbagliata"})
    try:
        message = enqueue(empty_database, address())
        eventually(lambda: row(empty_database, message)[:2] == ("queued", 1), "it waits")
        assert b"sbagliata" not in server.log
    finally:
        server.stop()
        box.stop()


@pytest.mark.parametrize("case", ["no STARTTLS offered", "a certificate nobody knows"])
def test_nothing_goes_without_tls(empty_database, tmp_path, certificate, case):
    box = Mailbox(**({} if case == "no STARTTLS offered" else {"tls_context": certificate[1]}))
    server = Server(tmp_path, empty_database.conninfo, secure_options(box))
    try:
        message = enqueue(empty_database, address())
        eventually(lambda: row(empty_database, message)[:2] == ("queued", 1), "it waits")
        assert box.messages == []
    finally:
        server.stop()
        box.stop()


def test_smtps(empty_database, tmp_path, certificate):
    box = Mailbox(ssl_context=certificate[1])
    server = Server(tmp_path, empty_database.conninfo,
                    secure_options(box, "--smtp-ca-file", str(certificate[0]), scheme="smtps"))
    try:
        to = address()
        enqueue(empty_database, to)
        assert len(box.to(to)) == 1
    finally:
        server.stop()
        box.stop()
