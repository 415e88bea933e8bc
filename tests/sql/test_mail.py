"""The outbox and the links sent by mail: what is queued for whom, what works once."""

import json

import psycopg
import pytest
from conftest import new_id, token_hash


def account_of(candidate):
    return candidate.caller["caller_account_id"]


def link(db, purpose, account, **more):
    """A new link; (its id, its hash)."""
    made, hash_ = new_id(), token_hash()
    db.execute("select link_create(%s, %s::bytea, %s, %s, %s, %s::jsonb, %s::interval)", made, hash_, purpose, account,
               more.get("email"), json.dumps(more.get("payload", {})), more.get("valid", "1 day"))
    return made, hash_


def use(db, hash_, purpose):
    return db.execute("select id, payload from link_use(%s::bytea, %s)", hash_, purpose).fetchone()


def test_a_message_is_for_its_account_in_its_language(db, candidate):
    db.execute("update accounts set lang = 'it' where id = %s", account_of(candidate))
    db.execute("select mail_enqueue('password_changed', %s, null)", account_of(candidate))
    assert db.execute("select to_address, lang, params, state from outbox where account_id = %s",
                      account_of(candidate)).fetchall() == [(f"{candidate.id}@posta.example", "it", {}, "queued")]
    db.execute("select mail_enqueue('invitation', null, 'somebody@posta.example', '{\"lang\": \"it\", \"a\": 1}')")
    assert db.execute("select account_id, lang, params from outbox where to_address = 'somebody@posta.example'").fetchall() == [
        (None, "it", {"a": 1})]


def test_a_message_key_is_queued_once(db, candidate):
    for _ in range(3):
        db.execute("select mail_enqueue('password_changed', %s, null, '{}', 'once')", account_of(candidate))
    assert db.value("select count(*) from outbox where message_key = 'once'") == 1


def test_what_was_sent_is_wiped(db, candidate):
    db.execute("select mail_enqueue('password_changed', %s, null)", account_of(candidate))
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("update outbox set state = 'sent' where account_id = %s", account_of(candidate))


def test_a_link_works_once_and_for_its_purpose(db, candidate):
    made, hash_ = link(db, "verify_email", account_of(candidate), payload={"a": 1})
    assert use(db, hash_, "password_reset") == (None, None)
    assert use(db, token_hash(), "verify_email") == (None, None)
    found = db.execute("select id from link_find(%s::bytea, 'verify_email')", hash_).fetchone()[0]
    assert str(found) == made
    assert use(db, hash_, "verify_email") == (found, {"a": 1})
    assert use(db, hash_, "verify_email") == (None, None)
    assert db.execute("select id from link_find(%s::bytea, 'verify_email')", hash_).fetchone()[0] is None


def test_an_expired_link_is_none(db, candidate):
    _, hash_ = link(db, "verify_email", account_of(candidate), valid="-1 second")
    assert use(db, hash_, "verify_email") == (None, None)


def test_a_new_link_replaces_the_earlier_ones(db, candidate):
    _, first = link(db, "password_reset", account_of(candidate))
    _, other = link(db, "verify_email", account_of(candidate))
    _, second = link(db, "password_reset", account_of(candidate))
    assert use(db, first, "password_reset")[0] is None
    assert use(db, second, "password_reset")[0] is not None
    assert use(db, other, "verify_email")[0] is not None


def test_two_at_once_use_a_link_once(db, candidate):
    """The second waits for the first and finds it used."""
    _, hash_ = link(db, "verify_email", account_of(candidate))
    second = db.another()
    with db.connection.transaction():
        assert use(db, hash_, "verify_email")[0] is not None
        second.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            use(second, hash_, "verify_email")
    second.execute("set lock_timeout = 0")
    assert use(second, hash_, "verify_email")[0] is None
    second.connection.close()
