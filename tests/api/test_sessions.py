"""Signing in, refreshing, signing out."""

import ctypes
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from support.eventually import eventually
from support.world import PASSWORD


def login(api, account, **changes):
    return api.post("/v1/sessions", {"email": account.email, "password": PASSWORD, **changes})


def refresh(api, session):
    return api.post("/v1/sessions/refresh", {"refresh_token": session["refresh_token"]})


def test_login(api, company, candidate):
    for account, kind in ((company, "company"), (candidate, "candidate")):
        answer = login(api, account).expect(201).json
        assert answer["account"]["kind"] == kind and answer["account"]["email"] == account.email
        client = api.as_(answer["session"]["access_token"])
        assert client.get("/v1/me").expect(200).json == answer["account"]


def test_email_without_case_password_with(api, candidate):
    login(api, candidate, email=candidate.email.upper()).expect(201)
    login(api, candidate, password=PASSWORD.upper()).expect(401, "invalid_credentials")


def test_unknown_and_wrong_answer_alike(api, candidate, database):
    before = database.fingerprint()
    wrong = login(api, candidate, password="not the password").expect(401, "invalid_credentials")
    unknown = login(api, candidate, email="nobody@example.org").expect(401, "invalid_credentials")
    assert wrong.json == unknown.json
    changing = ("Date", "X-Request-Id")
    assert [pair for pair in wrong.headers.items() if pair[0] not in changing] == [
        pair for pair in unknown.headers.items() if pair[0] not in changing]
    assert wrong.headers["WWW-Authenticate"]
    assert database.fingerprint() == before


def test_unknown_and_wrong_take_the_same_time(api, candidate, database):
    def seconds(**changes):
        database.query("delete from sign_in_throttle")
        start = time.perf_counter()
        login(api, candidate, **changes).expect(401, "invalid_credentials")
        return time.perf_counter() - start

    wrong, unknown = [], []
    for _ in range(15):
        wrong.append(seconds(password="not the password"))
        unknown.append(seconds(email="nobody@example.org"))
    # A password is hashed either way, which takes most of the time.
    assert 0.5 < statistics.median(wrong) / statistics.median(unknown) < 2


def test_disabled_account_answers_like_a_wrong_password(api, world, database):
    gone = world.candidate()
    database.query("update accounts set disabled_at = now() where email = %s", gone.email)
    wrong = login(api, gone, password="not the password").expect(401, "invalid_credentials")
    assert login(api, gone).expect(401, "invalid_credentials").json == wrong.json
    gone.client.get("/v1/me").expect(401, "invalid_token")
    refresh(api, gone.session).expect(401, "invalid_refresh_token")


def test_refresh(api, world):
    account = world.candidate()
    answer = refresh(api, account.session).expect(200).json
    assert answer["account"]["id"] == account.id
    new = answer["session"]
    assert new["access_token"] != account.token and new["refresh_token"] != account.session["refresh_token"]
    api.as_(new["access_token"]).get("/v1/me").expect(200)
    refresh(api, new).expect(200)


def test_refresh_twice_ends_the_family(api, world):
    account = world.candidate()
    other = world.login(account.email)
    second = refresh(api, account.session).expect(200).json["session"]
    third = refresh(api, second).expect(200).json["session"]
    api.as_(third["access_token"]).get("/v1/me").expect(200)
    refresh(api, account.session).expect(401, "refresh_token_reused")
    for session in (account.session, second, third):
        api.as_(session["access_token"]).get("/v1/me").expect(401, "invalid_token")
        refresh(api, session).expect(401, "invalid_refresh_token")
    other.client.get("/v1/me").expect(200)


def test_refresh_at_the_same_time(api, world):
    """Of many at once exactly one gets a pair; the others show that the token is in more than one hand."""
    account = world.candidate()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(api, account.session), range(8)))
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200] + [401] * 7
    codes = {answer.code for answer in answers if answer.status == 401}
    assert "refresh_token_reused" in codes and codes <= {"refresh_token_reused", "invalid_refresh_token"}
    survivor = next(answer for answer in answers if answer.status == 200).json["session"]
    api.as_(survivor["access_token"]).get("/v1/me").expect(401, "invalid_token")


def test_refresh_token_that_is_none(api, candidate, database):
    before = database.fingerprint()
    good = candidate.session["refresh_token"]
    for bad in ("x", good[:-1], good + "0", good[:-1] + ("0" if good[-1] != "0" else "1"), candidate.token, good.upper()):
        api.post("/v1/sessions/refresh", {"refresh_token": bad}).expect(401, "invalid_refresh_token")
    assert database.fingerprint() == before


def test_refresh_token_expires(api, world, database):
    account = world.candidate()
    database.query("update session_tokens set refresh_expires_at = now() where id = (select max(id) from session_tokens)")
    refresh(api, account.session).expect(401, "invalid_refresh_token")


def test_logout(api, world):
    account = world.candidate()
    other = world.login(account.email)
    account.client.delete("/v1/sessions/current").expect(204)
    account.client.get("/v1/me").expect(401, "invalid_token")
    account.client.delete("/v1/sessions/current").expect(401, "invalid_token")
    refresh(api, account.session).expect(401, "invalid_refresh_token")
    other.client.get("/v1/me").expect(200)


def test_logout_ends_the_whole_family(api, world):
    account = world.candidate()
    second = refresh(api, account.session).expect(200).json["session"]
    api.as_(second["access_token"]).delete("/v1/sessions/current").expect(204)
    account.client.get("/v1/me").expect(401, "invalid_token")


def test_api_token_has_no_session(world, company):
    _, client = world.token(company, ["jobs:read"])
    client.delete("/v1/sessions/current").expect(404, "not_found")
    client.get("/v1/jobs").expect(200)


def test_password_hash_is_upgraded_on_login(api, world, database):
    """A hash of a lower cost is replaced when its password is next given."""
    account = world.candidate()
    sodium, out = ctypes.CDLL("libsodium.so.23"), ctypes.create_string_buffer(128)
    assert sodium.crypto_pwhash_str(out, PASSWORD.encode(), ctypes.c_ulonglong(len(PASSWORD)), ctypes.c_ulonglong(1),
                                    ctypes.c_size_t(8 << 20)) == 0
    cheap = out.value.decode()
    database.query("update accounts set password_hash = %s where email = %s", cheap, account.email)
    login(api, account, password="not the password").expect(401, "invalid_credentials")
    assert database.value("select password_hash from accounts where email = %s", account.email) == cheap
    login(api, account).expect(201)

    def stored():
        return database.value("select password_hash from accounts where email = %s", account.email)

    eventually(lambda: stored() != cheap, "the hash is another")
    assert stored().startswith("$argon2id$")
    login(api, account).expect(201)
