"""The second factor: set up, asked for, recovered from, turned off."""

import base64
import hashlib
import hmac
import struct
import time
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from support.world import PASSWORD

pytestmark = pytest.mark.usefixtures("forget_attempts")

CODES = 10  # that may be tried at once


def code_of(secret, step):
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Person:
    """A candidate or another account with an authenticator."""

    def __init__(self, account, database):
        self.account, self.client, self.email, self.database = account, account.client, account.email, database
        self.id = database.value("select id from accounts where email = %s", account.email)
        self.secret = self.codes = None

    def code(self, offset=0):
        return code_of(self.secret, int(time.time()) // 30 + offset)

    def fresh(self):
        """The present code, as if none had been taken yet."""
        self.database.query("update account_totp set last_step = -1 where account_id = %s", self.id)
        return self.code()

    def wrong(self):
        near = {self.code(offset) for offset in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
                    if code not in near)

    def start(self, **more):
        answer = self.client.post("/v1/me/totp", {"password": PASSWORD}, **more).expect(201)
        self.secret = answer.json["secret"]
        return answer

    def enable(self):
        self.start()
        answer = self.client.post("/v1/me/totp/confirm", {"totp_code": self.code()}).expect(200)
        self.codes = answer.json["recovery_codes"]
        return self

    def sign_in(self, api, **more):
        return api.post("/v1/sessions", {"email": self.email, "password": PASSWORD, **more})

    def messages(self, template):
        return self.database.value("select count(*) from outbox where account_id = %s and template = %s", self.id, template)


@pytest.fixture
def fresh_person(world, database):
    return Person(world.candidate(), database)


@pytest.fixture
def person(fresh_person):
    return fresh_person.enable()


def test_setting_it_up(api, fresh_person, database):
    person = fresh_person
    assert person.client.get("/v1/me/totp").expect(200).json == {"enabled": False, "recovery_codes_left": 0}
    document = person.start().json
    uri = urlsplit(document["otpauth_uri"])
    assert uri.scheme == "otpauth" and uri.netloc == "totp" and unquote(uri.path) == f"/Segreteria:{person.email}"
    assert parse_qs(uri.query) == {"secret": [document["secret"]], "issuer": ["Segreteria"], "algorithm": ["SHA1"],
                                   "digits": ["6"], "period": ["30"]}
    person.sign_in(api).expect(201)  # not confirmed: nobody is asked
    person.client.post("/v1/me/totp/confirm", {"totp_code": person.wrong()}).expect(403, "wrong_totp_code")
    answer = person.client.post("/v1/me/totp/confirm", {"totp_code": person.code()}).expect(200).json
    assert len(set(answer["recovery_codes"])) == 10
    state = person.client.get("/v1/me/totp").expect(200).json
    assert state["enabled"] and state["recovery_codes_left"] == 10 and "recovery_codes" not in state
    assert person.messages("totp_enabled") == 1
    person.client.post("/v1/me/totp/confirm", {"totp_code": person.code()}).expect(409, "totp_enabled")
    person.client.post("/v1/me/totp", {"password": PASSWORD}).expect(409, "totp_enabled")
    stored = database.value("select string_agg(t::text, ' ') from (select secret::text from account_totp union all select "
                            "code_hash::text from recovery_codes) t")
    assert base64.b32decode(person.secret).hex() not in stored


def test_setting_it_up_needs_the_password(fresh_person):
    fresh_person.client.post("/v1/me/totp", {"password": "not the password"}).expect(403, "wrong_password")
    fresh_person.client.post("/v1/me/totp/confirm", {"totp_code": "123456"}).expect(409, "totp_not_enabled")


def test_another_secret_before_it_is_confirmed(fresh_person):
    first = fresh_person.start().json["secret"]
    second = fresh_person.start().json["secret"]
    assert first != second
    step = int(time.time()) // 30
    fresh_person.client.post("/v1/me/totp/confirm", {"totp_code": code_of(first, step)}).expect(403, "wrong_totp_code")
    fresh_person.client.post("/v1/me/totp/confirm", {"totp_code": fresh_person.code()}).expect(200)


def test_sent_again(fresh_person):
    """The same key gives the same secret and the same codes again, although they are stored nowhere."""
    answers = [fresh_person.start(headers={"Idempotency-Key": "set-up"}) for _ in range(2)]
    assert answers[0].body == answers[1].body and answers[1].headers["Idempotent-Replayed"] == "true"
    body = {"totp_code": fresh_person.code()}
    answers = [fresh_person.client.post("/v1/me/totp/confirm", body, headers={"Idempotency-Key": "confirm"}).expect(200)
               for _ in range(2)]
    assert answers[0].body == answers[1].body


def test_signing_in(api, person):
    person.sign_in(api).expect(401, "totp_required")
    person.sign_in(api, totp_code=person.wrong()).expect(401, "invalid_totp_code")
    api.post("/v1/sessions", {"email": person.email, "password": "not the password", "totp_code": person.fresh()}).expect(
        401, "invalid_credentials")
    session = person.sign_in(api, totp_code=person.fresh()).expect(201).json["session"]
    api.as_(session["access_token"]).get("/v1/me").expect(200)


def test_a_code_is_taken_once(api, person):
    code = person.fresh()
    person.sign_in(api, totp_code=code).expect(201)
    person.sign_in(api, totp_code=code).expect(401, "invalid_totp_code")
    person.sign_in(api, totp_code=person.code(-1)).expect(401, "invalid_totp_code")  # nor one before it
    person.sign_in(api, totp_code=person.code(1)).expect(201)  # the next one, of a clock that is ahead


def test_codes_far_from_now(api, person):
    person.fresh()
    for offset in (-3, 3, 100):
        person.sign_in(api, totp_code=person.code(offset)).expect(401, "invalid_totp_code")


def test_recovery_codes(api, person):
    for i, code in enumerate(person.codes[:3]):
        typed = (code, code.upper(), code.replace("-", " "))[i]
        person.sign_in(api, recovery_code=typed).expect(201)
        person.sign_in(api, recovery_code=code).expect(401, "invalid_totp_code")
        assert person.client.get("/v1/me/totp").expect(200).json["recovery_codes_left"] == 9 - i
    assert person.messages("recovery_code_used") == 3
    person.sign_in(api, recovery_code="aaaaa-aaaaa").expect(401, "invalid_totp_code")
    person.sign_in(api, recovery_code="not one at all").expect(401, "invalid_totp_code")


def test_a_recovery_code_of_somebody_else(api, person, world, database):
    other = Person(world.candidate(), database).enable()
    person.sign_in(api, recovery_code=other.codes[0]).expect(401, "invalid_totp_code")
    other.sign_in(api, recovery_code=other.codes[0]).expect(201)


def test_new_recovery_codes(api, person):
    answer = person.client.post("/v1/me/totp/recovery-codes", {"password": PASSWORD, "totp_code": person.fresh()}).expect(201)
    new = answer.json["recovery_codes"]
    assert not set(new) & set(person.codes)
    person.sign_in(api, recovery_code=person.codes[0]).expect(401, "invalid_totp_code")
    person.sign_in(api, recovery_code=new[0]).expect(201)
    body = {"password": PASSWORD}
    person.client.post("/v1/me/totp/recovery-codes", body).expect(403, "wrong_totp_code")
    person.client.post("/v1/me/totp/recovery-codes", {**body, "totp_code": person.wrong()}).expect(403, "wrong_totp_code")
    person.client.post("/v1/me/totp/recovery-codes", {"password": "not the password", "recovery_code": new[1]}).expect(
        403, "wrong_password")


def turn_off(client, **body):
    return client.request("DELETE", "/v1/me/totp", {"password": PASSWORD, **body})


def test_turning_it_off(api, person):
    turn_off(person.client).expect(403, "wrong_totp_code")
    turn_off(person.client, totp_code=person.wrong()).expect(403, "wrong_totp_code")
    turn_off(person.client, password="not the password", totp_code=person.fresh()).expect(403, "wrong_password")
    turn_off(person.client, totp_code=person.fresh()).expect(204)
    assert person.messages("totp_disabled") == 1
    person.sign_in(api).expect(201)
    turn_off(person.client).expect(409, "totp_not_enabled")
    person.client.post("/v1/me/totp/recovery-codes", {"password": PASSWORD}).expect(409, "totp_not_enabled")
    person.enable()


def test_turning_it_off_with_a_recovery_code(person):
    turn_off(person.client, recovery_code=person.codes[0]).expect(204)


def test_trying_codes_is_slow(api, person):
    for _ in range(CODES):
        person.sign_in(api, totp_code=person.wrong()).expect(401, "invalid_totp_code")
    refused = person.sign_in(api, totp_code=person.fresh()).expect(429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    person.sign_in(api, recovery_code=person.codes[0]).expect(429, "too_many_attempts")
    turn_off(person.client, totp_code=person.code()).expect(429, "too_many_attempts")  # one counter
    person.sign_in(api).expect(401, "totp_required")


def test_strangers_cannot_use_the_codes_up(api, person, database):
    """Without the password no code is looked at, so none is counted."""
    for _ in range(CODES):
        api.post("/v1/sessions", {"email": person.email, "password": "a guess!", "totp_code": "123456"}).expect(
            401, "invalid_credentials")
    database.query("delete from sign_in_throttle where key <> (select key from sign_in_code_limit(%s))", person.id)
    person.sign_in(api, totp_code=person.fresh()).expect(201)


def test_right_codes_do_not_count(api, person):
    for _ in range(2 * CODES):
        person.sign_in(api, totp_code=person.fresh()).expect(201)


def test_deleting_the_account_takes_a_code(person, database):
    def leave(**body):
        return person.client.request("DELETE", "/v1/me", {"password": PASSWORD, **body})

    leave().expect(403, "wrong_totp_code")
    leave(totp_code=person.wrong()).expect(403, "wrong_totp_code")
    leave(totp_code=person.fresh()).expect(200)
    assert database.value("select count(*) from account_totp where account_id = %s", person.id) == 0
    assert database.value("select count(*) from recovery_codes where account_id = %s", person.id) == 0


def test_every_kind_of_account(api, world, database):
    company = world.company()
    for account in (company, world.member(company, "viewer"), world.operator(company)):
        person = Person(account, database).enable()
        person.sign_in(api).expect(401, "totp_required")
        person.sign_in(api, totp_code=person.fresh()).expect(201)


def test_sql_opens_no_session_without_it(person, database):
    """The function that opens a session looks for itself."""
    row = database.query("select status, code from sessions_create(%s, uuid_v7(), sha256('a'), sha256('b'), null, '{}')",
                         person.id)[0]
    assert tuple(row) == (401, "invalid_totp_code")


def test_a_secret_moved_to_another_account_opens_nothing(api, person, world, database):
    other = Person(world.candidate(), database).enable()
    database.query("update account_totp set secret = (select secret from account_totp where account_id = %s) where "
                   "account_id = %s", person.id, other.id)
    answer = api.post("/v1/sessions", {"email": other.email, "password": PASSWORD, "totp_code": person.fresh()})
    answer.expect(500, "internal_error")
