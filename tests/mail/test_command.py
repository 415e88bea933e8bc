"""`segreteria mail`: what could not be sent is listed, sent again, forgotten."""

import os
import subprocess
import uuid

import pytest
from support.eventually import eventually
from support.server import BINARY


@pytest.fixture(scope="module")
def server_options(mailbox):
    return mailbox.server_options


@pytest.fixture
def command(server, database):
    def run(*words, status=0):
        done = subprocess.run([BINARY, "mail", *words], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo})
        assert done.returncode == status, done
        return done.stdout if status == 0 else done.stderr
    return run


def dead(database, mailbox, to):
    """A message that was given up; its id."""
    mailbox.answers.append("554 not wanted")
    database.query("select mail_enqueue('password_changed', null, %s)", to)
    eventually(lambda: database.query("select 1 from outbox where to_address = %s and state = 'dead'", to), "it is given up")
    return str(database.value("select id from outbox where to_address = %s", to))


def test_list_retry_discard(command, database, mailbox):
    assert command("list") == "nothing waits and nothing was given up\n"
    first, second, third = (dead(database, mailbox, f"{name}@posta.example") for name in ("a", "b", "c"))
    lines = command("list").splitlines()
    assert [line.split()[:3] for line in lines] == [[name, "dead", "password_changed"] for name in (first, second, third)]
    assert "a@posta.example" in lines[0] and "554" in lines[0]
    assert command("retry", first) == "1 message to be sent again\n"
    [got] = mailbox.to("a@posta.example")
    assert got.id == f"<{first}@lavoro.example>"
    assert command("discard", second, str(uuid.uuid4())) == "1 message discarded\n"
    assert command("retry", "--all") == "1 message to be sent again\n"
    mailbox.to("c@posta.example")
    eventually(lambda: command("list").startswith("nothing waits"), "everything is sent")
    assert command("retry", first) == "0 messages to be sent again\n"  # what was sent is not sent again
    dead(database, mailbox, "d@posta.example")
    assert command("discard", "--all") == "1 message discarded\n"


@pytest.mark.parametrize("words", [(), ("what",), ("list", "--all"), ("retry",), ("retry", "1"), ("discard",),
                                   ("retry", "--all", str(uuid.uuid4())), ("discard", "a' or 1=1")])
def test_used_wrongly(command, words):
    assert "Try: segreteria mail --help" in command(*words, status=2)
