"""How often passwords may be tried, from where, and that nobody can keep somebody else out by trying. The tests come through
a proxy, so that they can come from any address."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.server import Server
from support.world import PASSWORD

pytestmark = pytest.mark.usefixtures("forget_attempts")

HOME = "198.51.100.7"
PAIR, ACCOUNT, PLACE = 10, 50, 100  # attempts at once: migrations/0025_sign_in_throttle.sql


@pytest.fixture(scope="module")
def server_options():
    return ["--trusted-proxy", "127.0.0.1"]


@pytest.fixture
def person(world, database):
    """Somebody who signs in at HOME."""
    made = world.candidate()
    database.query("delete from sign_in_places where account_id in (select id from accounts where email = %s)", made.email)
    sign_in(world.client, made.email, HOME, PASSWORD).expect(201)
    return made


def sign_in(api, email, address, password="a wrong password", **more):
    return api.post("/v1/sessions", {"email": email, "password": password, **more}, headers={"X-Forwarded-For": address})


def strangers():
    return (f"203.0.{i // 250}.{i % 250 + 1}" for i in itertools.count())


def exhaust(api, email, attempts, addresses=None):
    """Wrong passwords until it is enough; how many were looked at."""
    addresses = addresses or strangers()
    statuses = [sign_in(api, email, next(addresses)).status for _ in range(attempts)]
    assert set(statuses) <= {401, 429}
    return statuses.count(401)


def test_one_address_one_account(api, person, database):
    elsewhere = "203.0.113.5"
    for _ in range(PAIR):
        sign_in(api, person.email, elsewhere).expect(401, "invalid_credentials")
    refused = sign_in(api, person.email, elsewhere).expect(429, "too_many_attempts")
    assert 120 <= int(refused.headers["Retry-After"]) <= 180
    sign_in(api, person.email, elsewhere, PASSWORD).expect(429, "too_many_attempts")  # the right one is not looked at either
    database.query("update sign_in_throttle set clear_at = clear_at - interval '3 minutes'")
    sign_in(api, person.email, elsewhere, PASSWORD).expect(201)
    assert exhaust(api, person.email, PAIR + 1, itertools.repeat(elsewhere)) == PAIR  # a right one clears the wrong ones


def test_refused_alike_whether_the_account_exists(api, person):
    answers = []
    for email in (person.email, "nobody@example.org"):
        for _ in range(PAIR):
            sign_in(api, email, "203.0.113.5").expect(401, "invalid_credentials")
        answers.append(sign_in(api, email, "203.0.113.5").expect(429, "too_many_attempts"))
    assert answers[0].body == answers[1].body
    changing = ("Date", "X-Request-Id", "Retry-After")
    assert [pair for pair in answers[0].headers.items() if pair[0] not in changing] == [
        pair for pair in answers[1].headers.items() if pair[0] not in changing]


def test_the_case_of_an_address_gives_no_more(api, person):
    emails = itertools.cycle([person.email, person.email.upper(), person.email.title()])
    statuses = [sign_in(api, next(emails), "203.0.113.5").status for _ in range(PAIR + 5)]
    assert statuses.count(401) == PAIR


def test_attempts_at_the_same_time(api, person):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: sign_in(api, person.email, "203.0.113.5").status, range(40)))
    assert answers.count(401) == PAIR and answers.count(429) == 40 - PAIR


def test_right_passwords_do_not_count(api, person):
    for _ in range(2 * PAIR):
        sign_in(api, person.email, "203.0.113.6", PASSWORD).expect(201)


def test_a_guess_from_many_addresses_is_bounded(api, person):
    assert exhaust(api, person.email, ACCOUNT + 30) == ACCOUNT


def test_strangers_with_many_addresses_keep_nobody_out(api, person, database):
    assert exhaust(api, person.email, ACCOUNT + 10) == ACCOUNT
    sign_in(api, person.email, "192.0.2.200", PASSWORD).expect(429, "too_many_attempts")
    # Where they signed in lately, and on a device that has been signed in.
    session = sign_in(api, person.email, HOME, PASSWORD).expect(201).json["session"]
    sign_in(api, person.email, "192.0.2.201", PASSWORD, former_refresh_token=session["refresh_token"]).expect(201)
    # Who can read the mailbox has shown who they are.
    account = database.value("select id from accounts where email = %s", person.email)
    database.query("select sign_in_known(%s, '192.0.2.202')", account)
    sign_in(api, person.email, "192.0.2.202", PASSWORD).expect(201)


def test_a_known_place_or_device_is_no_licence_to_guess(api, person):
    assert exhaust(api, person.email, PAIR + 5, itertools.repeat(HOME)) == PAIR
    token = person.session["refresh_token"]
    addresses = strangers()
    statuses = [sign_in(api, person.email, next(addresses), former_refresh_token=token).status for _ in range(PAIR + 5)]
    assert statuses.count(401) == PAIR


def test_a_device_that_was_thrown_out_is_none(api, person, world, database):
    exhaust(api, person.email, ACCOUNT)
    other = world.candidate()
    database.query("delete from sign_in_places")
    for token in (other.session["refresh_token"], person.session["refresh_token"][:-1] + "0", "x"):
        sign_in(api, person.email, "192.0.2.9", PASSWORD, former_refresh_token=token).expect(429, "too_many_attempts")
    database.query("update sessions set ended_at = now(), end_reason = 'password_changed' where account_id = "
                   "(select id from accounts where email = %s)", person.email)
    sign_in(api, person.email, "192.0.2.9", PASSWORD, former_refresh_token=person.session["refresh_token"]).expect(429,
        "too_many_attempts")
    database.query("update sessions set end_reason = 'logout' where account_id = "
                   "(select id from accounts where email = %s)", person.email)
    sign_in(api, person.email, "192.0.2.9", PASSWORD, former_refresh_token=person.session["refresh_token"]).expect(201)


def test_one_address_many_accounts(api, person):
    began = time.monotonic()
    looked_at = [sign_in(api, f"somebody.{i}@example.org", HOME).status for i in range(PLACE + 10)].count(401)
    assert PLACE <= looked_at <= PLACE + (time.monotonic() - began) // 20 < PLACE + 10  # one more every 20 seconds
    sign_in(api, person.email, HOME, PASSWORD).expect(201)  # whoever is at home there gets in


def test_ipv6_counts_by_the_64(api, person):
    same = (f"2001:db8:1:2::{i:x}" for i in itertools.count(1))
    assert exhaust(api, person.email, PAIR + 5, same) == PAIR
    sign_in(api, person.email, "2001:db8:1:3::1").expect(401, "invalid_credentials")
    sign_in(api, person.email, "::ffff:203.0.113.77").expect(401, "invalid_credentials")


def test_every_instance_and_after_a_restart(api, person, database, tmp_path):
    options = ["--trusted-proxy", "127.0.0.1"]
    (tmp_path / "other").mkdir()
    other = Server(tmp_path / "other", database.conninfo, options)
    try:
        for client in (api, other.client()) * (PAIR // 2):
            sign_in(client, person.email, "203.0.113.9").expect(401, "invalid_credentials")
        for client in (api, other.client()):
            sign_in(client, person.email, "203.0.113.9").expect(429, "too_many_attempts")
    finally:
        other.stop()
    again = Server(tmp_path / "other", database.conninfo, options)
    try:
        sign_in(again.client(), person.email, "203.0.113.9").expect(429, "too_many_attempts")
    finally:
        again.stop()


def test_what_is_forgotten_is_removed(api, person, database):
    database.query("delete from sign_in_throttle")
    sign_in(api, person.email, "203.0.113.10").expect(401, "invalid_credentials")
    rows = database.value("select count(*) from sign_in_throttle")
    assert rows == 3  # of the pair, of the address, of the account
    database.query("select sign_in_purge(500)")
    assert database.value("select count(*) from sign_in_throttle") == rows
    database.query("update sign_in_throttle set clear_at = now() - interval '1 second'")
    database.query("update sign_in_places set last_at = now() - interval '91 days'")
    assert database.value("select sign_in_purge(500)") >= rows
    assert database.value("select (select count(*) from sign_in_throttle) + (select count(*) from sign_in_places)") == 0


def test_a_refused_attempt_writes_nothing(api, person, database):
    exhaust(api, person.email, PAIR, itertools.repeat("203.0.113.11"))
    before = database.query("select * from sign_in_throttle order by key")
    for _ in range(5):
        sign_in(api, person.email, "203.0.113.11").expect(429, "too_many_attempts")
    assert database.query("select * from sign_in_throttle order by key") == before


def test_ten_places_are_remembered(api, person, database):
    for i in range(12):
        sign_in(api, person.email, f"203.0.113.{i + 20}", PASSWORD).expect(201)
    places = database.query("select host(place) from sign_in_places p join accounts a on a.id = account_id where email = %s",
                            person.email)
    assert {row[0] for row in places} == {f"203.0.113.{i + 20}" for i in range(2, 12)}
