"""The outbox and the links sent by mail: what is queued for whom, what works once."""

import json

import psycopg
import pytest
from conftest import Refused, new_id, token_hash

LOCK_NOT_AVAILABLE = "55P03"


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
    assert db.execute("select to_address, lang, params, state from outbox where template = 'password_changed' and account_id = %s",
                      account_of(candidate)).fetchall() == [(f"{candidate.id}@posta.example", "it", {}, "queued")]
    db.execute("select mail_enqueue('invitation', null, 'somebody@posta.example', '{\"lang\": \"it\", \"a\": 1}')")
    assert db.execute("select account_id, lang, params from outbox where to_address = 'somebody@posta.example'").fetchall() == [
        (None, "it", {"a": 1})]


def test_two_instances_count_each_others_resets(db, candidate):
    """Two were sent this hour and two are asked for; two instances take one each at the same moment: one is sent."""
    address, one, two = f"{candidate.id}@posta.example", db.another(), db.another()
    db.execute("delete from outbox")
    db.execute("insert into outbox (template, account_id, lang, state, ended_at) select 'password_reset', %s, 'en', 'sent', now() "
               "from generate_series(1, 2)", account_of(candidate))
    for _ in range(2):
        db.call("password_request_reset", email=address, link_id=new_id(), link_hash=token_hash())

    def take(own, limit):
        return [row["to_address"] for row in own.rows("mail_lease", limit=limit, lease=new_id()) if row["state"] == "leased"].count(address)
    try:
        one.execute("begin")
        taken = take(one, 1)
        assert (taken, take(two, 9)) == (1, 0)
        one.execute("commit")
        db.execute("update outbox set due_at = now() where to_address = %s and state = 'queued'", address)
        assert take(two, 9) == 0
        assert db.value("select count(*) from outbox where to_address = %s or account_id = %s", address, account_of(candidate)) == 3
    finally:
        for own in (one, two):
            own.connection.close()


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


def test_a_message_whose_link_is_over_is_dropped(db, candidate):
    made, hash_ = link(db, "verify_email", account_of(candidate))
    db.execute("delete from outbox")
    db.execute("select mail_enqueue('verify_email', %s, null, %s::jsonb)", account_of(candidate), json.dumps({"link_id": made}))
    use(db, hash_, "verify_email")
    lease = new_id()
    assert [row["state"] for row in db.rows("mail_lease", limit=4, lease=lease)] == ["dropped"]
    assert db.value("select count(*) from outbox") == 0


def test_leases(db, candidate):
    """Two that lease at the same time get different messages; who is late gets nothing written down."""
    db.execute("delete from outbox")
    for _ in range(6):
        db.execute("select mail_enqueue('password_changed', %s, null)", account_of(candidate))
    second, first_lease, second_lease = db.another(), new_id(), new_id()
    with db.connection.transaction():
        mine = [row["id"] for row in db.rows("mail_lease", limit=4, lease=first_lease)]
        theirs = [row["id"] for row in second.rows("mail_lease", limit=4, lease=second_lease)]
    assert (len(mine), len(theirs), set(mine) & set(theirs)) == (4, 2, set())
    assert db.rows("mail_hand", message_id=mine[0], lease=second_lease)[0]["out_ok"] is None
    assert db.rows("mail_hand", message_id=mine[0], lease=first_lease)[0]["out_ok"] == "t"
    assert db.rows("mail_hand", message_id=mine[0], lease=first_lease)[0]["out_ok"] is None
    db.execute("update outbox set due_at = now()")
    third = {row["id"]: row["state"] for row in db.rows("mail_lease", limit=9, lease=new_id())}
    assert third == {**{message: "leased" for message in mine[1:] + theirs}, mine[0]: "dead"}
    # The one that was late after all: it was sent, and that is what counts.
    assert db.rows("mail_sent", message_id=mine[0], lease=first_lease)[0]["out_ok"] == "t"
    assert db.rows("mail_sent", message_id=mine[1], lease=first_lease)[0]["out_ok"] is None
    assert db.rows("mail_failed", message_id=mine[1], lease=first_lease, error="x", again="true")[0]["out_state"] is None
    second.connection.close()


# --- restriction of processing: it and a message at the same moment -------------------------------------------------------


def restrict(own, candidate):
    return own.call("me_restriction_put", **candidate.caller, body={"ground": "accuracy"})


@pytest.fixture
def leased(db, candidate):
    """A message that an instance has taken to send: (its id, the lease)."""
    db.execute("delete from outbox")
    db.execute("select mail_enqueue('application_update', %s, null)", account_of(candidate))
    lease = new_id()
    ((message, state),) = [(row["id"], row["state"]) for row in db.rows("mail_lease", limit=4, lease=lease)]
    assert state == "leased"
    return message, lease


@pytest.fixture
def another(db):
    """Another connection, which does not wait long."""
    made = db.another()
    made.execute("set lock_timeout = '50ms'")
    yield made
    made.connection.close()


def hand(own, message, lease):
    return own.rows("mail_hand", message_id=message, lease=lease)[0]["out_ok"]


def test_queued_while_it_is_restricted(db, another, candidate):
    """Whoever queues does not see the restriction, and the restriction does not see the message. What an account needs goes."""
    db.execute("delete from outbox")
    another.execute("begin")
    for template in ("application_update", "password_changed"):
        another.execute("select mail_enqueue(%s, %s, null)", template, account_of(candidate))
    assert restrict(db, candidate)["status"] == 200
    another.execute("commit")
    assert db.value("select count(*) from outbox") == 2
    taken = {row["template"]: row["state"] for row in db.rows("mail_lease", limit=9, lease=new_id())}
    assert taken == {"application_update": "dropped", "password_changed": "leased"}
    assert db.execute("select template from outbox").fetchall() == [("password_changed",)]


def test_restricted_while_an_instance_has_it(db, candidate, leased):
    assert restrict(db, candidate)["status"] == 200
    assert hand(db, *leased) == "f"
    assert db.value("select count(*) from outbox") == 0
    assert hand(db, *leased) is None


def test_restricted_while_it_waits_for_another_attempt(db, candidate, leased):
    message, lease = leased
    assert restrict(db, candidate)["status"] == 200
    assert db.rows("mail_failed", message_id=message, lease=lease, error="x", again="true")[0]["out_state"] == "queued"
    db.execute("update outbox set due_at = now()")
    assert [row["state"] for row in db.rows("mail_lease", limit=4, lease=new_id())] == ["dropped"]


def test_what_an_account_needs_goes_although_it_is_restricted(db, candidate):
    db.execute("delete from outbox")
    db.execute("select mail_enqueue('password_changed', %s, null)", account_of(candidate))
    lease = new_id()
    ((message, _),) = [(row["id"], row["state"]) for row in db.rows("mail_lease", limit=4, lease=lease)]
    assert restrict(db, candidate)["status"] == 200
    assert hand(db, message, lease) == "t"


def test_handing_waits_for_a_restriction(db, another, candidate, leased):
    with db.connection.transaction():
        assert restrict(db, candidate)["status"] == 200
        with pytest.raises(Refused) as refused:
            hand(another, *leased)
    assert refused.value.sqlstate == LOCK_NOT_AVAILABLE
    assert hand(another, *leased) == "f"


def test_a_restriction_waits_for_handing(db, another, candidate, leased):
    """What was handed before is on its way, and that is answered first."""
    with db.connection.transaction():
        assert hand(db, *leased) == "t"
        with pytest.raises(Refused) as refused:
            restrict(another, candidate)
    assert refused.value.sqlstate == LOCK_NOT_AVAILABLE
    assert restrict(another, candidate)["status"] == 200
    assert db.execute("select state from outbox").fetchall() == [("handed",)]


def test_handing_waits_for_no_change_of_a_profile(db, another, candidate, leased):
    with db.connection.transaction():
        db.execute("update candidates set updated_at = now() where id = %s", candidate.id)
        assert hand(another, *leased) == "t"


def test_purge(db, candidate):
    db.execute("delete from outbox")
    for state, days in (("sent", 31), ("sent", 29), ("dead", 91), ("dead", 89)):
        db.execute("insert into outbox (template, lang, state, ended_at) values ('password_changed', 'en', %s, now() - %s * "
                   "interval '1 day')", state, days)
    assert db.rows("background_mail_purge", limit=500) is not None
    assert db.execute("select state from outbox order by state").fetchall() == [("dead",), ("sent",)]
