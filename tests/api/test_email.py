"""What an account does with its e-mail address: email_verification, email_verify, email_change, email_confirm,
password_request_reset, password_reset; and the notices it gets."""

import re
import statistics
import subprocess
import time

import pytest
from support.eventually import eventually
from support.mail import TOKEN
from support.postgres import program
from support.world import PASSWORD

NEW_PASSWORD = "another horse, same battery"


@pytest.fixture(scope="module")
def server_options(mailbox):
    return [*mailbox.server_options, "--public-url", "https://lavoro.example/annunci"]


def about(mailbox, email, words, count=1):
    """The messages to an address whose subject has these words."""
    eventually(lambda: len([m for m in mailbox.messages if m.envelope[1] == [email] and words in m.subject]) >= count,
               f"{count} messages about {words!r}, not {[(m.envelope[1], m.subject) for m in mailbox.messages]}")
    return [m for m in mailbox.messages if m.envelope[1] == [email] and words in m.subject]


def quiet(database):
    """Waits until nothing is to be sent."""
    eventually(lambda: database.value("select count(*) from outbox where state in ('queued', 'leased', 'handed')") == 0,
               "everything is sent")


def me(account):
    return account.client.get("/v1/me").expect(200).json


def sign_in(api, email, password):
    return api.post("/v1/sessions", {"email": email, "password": password})


# --- verification -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["company", "candidate"])
def test_registration_and_verification(kind, world, api, mailbox):
    account = getattr(world, kind)()
    assert me(account)["email_verified"] is False and me(account)["language"] == "en"
    [message] = about(mailbox, account.email, "Verify your e-mail address")
    assert message.url.geturl() == f"https://lavoro.example/annunci/links#verify_email={message.token}"
    assert message.url.geturl() in message.html
    api.post("/v1/email/verify", {"token": message.token}).expect(204)
    assert me(account)["email_verified"] is True
    api.post("/v1/email/verify", {"token": message.token}).expect(422, "invalid_link")
    api.post("/v1/password/resets", {"token": message.token, "password": NEW_PASSWORD}).expect(422, "invalid_link")


def test_the_language_is_that_of_the_registration(api, world, mailbox):
    email = world.email("rosa")
    answer = api.post("/v1/candidates", {"email": email, "password": PASSWORD, "given_name": "Rosa", "family_name": "D'Angelò"},
                      headers={"Accept-Language": "it-IT"}).expect(201)
    client = api.as_(answer.json["session"]["access_token"])
    assert client.get("/v1/me").expect(200).json["language"] == "it"
    [message] = about(mailbox, email, "Verifica il tuo indirizzo")
    assert "Ciao Rosa D'Angelò," in message.text
    assert client.patch("/v1/me", {"language": "en"}).expect(200).json["language"] == "en"
    client.patch("/v1/me", {"language": "fr"}).expect(422, "validation_failed")
    client.patch("/v1/me", {"language": None}).expect(422, "validation_failed")
    client.post("/v1/me/email/verification").expect(202)
    about(mailbox, email, "Verify your e-mail address")


def test_a_newer_message_replaces_the_earlier_ones_and_there_are_five_an_hour(world, api, mailbox, database):
    account = world.candidate()
    about(mailbox, account.email, "Verify")
    for number in range(1, 8):
        account.client.post("/v1/me/email/verification").expect(202)
        about(mailbox, account.email, "Verify", min(number + 1, 5))
    quiet(database)
    messages = about(mailbox, account.email, "Verify")
    assert len(messages) == 5 and len({m.token for m in messages}) == 5 and len({m.id for m in messages}) == 5
    for message in messages[:-1]:
        api.post("/v1/email/verify", {"token": message.token}).expect(422, "invalid_link")
    api.post("/v1/email/verify", {"token": messages[-1].token}).expect(204)
    account.client.post("/v1/me/email/verification").expect(202)
    quiet(database)
    assert len(about(mailbox, account.email, "Verify")) == 5


def test_ten_a_day(world, database):
    """The address may be a stranger's, of whom nobody asked whether it wants all this."""
    account = world.candidate()
    sent = "select count(*) from outbox o join accounts a on a.id = o.account_id where a.email = %s and template = %s"
    earlier = "update outbox set created_at = created_at - interval '61 minutes' where account_id = " \
              "(select id from accounts where email = %s)"
    for _ in range(4):
        for _ in range(5):
            account.client.post("/v1/me/email/verification").expect(202)
            account.client.post("/v1/me/email", {"email": world.email("stranger"), "password": PASSWORD}).expect(202)
        quiet(database)
        database.query(earlier, account.email)
    assert database.value(sent, account.email, "email_change_requested") == 10
    assert database.value(sent, account.email, "verify_email") <= 10


@pytest.mark.parametrize("token", ["sgrl_" + "0" * 49, "sgrl_x", "x", "sgr_" + "0" * 49, "' or 1=1 --", "0" * 200])
@pytest.mark.parametrize("path", ["/v1/email/verify", "/v1/email/confirm", "/v1/password/resets"])
def test_what_is_no_token(path, token, api):
    body = {"token": token, **({"password": NEW_PASSWORD} if "resets" in path else {})}
    api.post(path, body).expect(422, "invalid_link")


def test_an_expired_link(world, api, mailbox, database):
    account = world.candidate()
    [message] = about(mailbox, account.email, "Verify")
    database.query("update link_tokens l set expires_at = now() from accounts a where a.id = l.account_id and a.email = %s",
                   account.email)
    api.post("/v1/email/verify", {"token": message.token}).expect(422, "invalid_link")


# --- forgotten password -----------------------------------------------------------------------------------------------


def ask_for_reset(api, email):
    return api.post("/v1/password/reset-requests", {"email": email}).expect(202)


def test_a_new_password(world, api, mailbox, database):
    account = world.candidate()
    other = world.login(account.email)
    token, program_ = world.token(account, ["profile:read"])
    ask_for_reset(api, account.email.upper())
    [message] = about(mailbox, account.email, "Set a new password")
    assert message.url.fragment == f"password_reset={message.token}"
    api.post("/v1/password/resets", {"token": message.token, "password": "short"}).expect(422, "validation_failed")
    api.post("/v1/password/resets", {"token": message.token, "password": NEW_PASSWORD}).expect(204)
    for client in (account.client, other.client):
        client.get("/v1/me").expect(401, "invalid_token")
    assert program_.get("/v1/me").expect(200).json["email_verified"] is True
    sign_in(api, account.email, PASSWORD).expect(401, "invalid_credentials")
    sign_in(api, account.email, NEW_PASSWORD).expect(201)
    [notice] = about(mailbox, account.email, "Your password was changed")
    assert TOKEN.search(notice.text + notice.html) is None
    api.post("/v1/password/resets", {"token": message.token, "password": NEW_PASSWORD}).expect(422, "invalid_link")
    assert [m for m in mailbox.messages if m.envelope[1] == [account.email] and "new place" in m.subject] == []


def test_a_new_password_makes_other_links_void(world, api, mailbox):
    account = world.candidate()
    for number in (1, 2):
        ask_for_reset(api, account.email)
        about(mailbox, account.email, "Set a new password", number)
    first, second = about(mailbox, account.email, "Set a new password")
    new = world.email("new")
    account.client.post("/v1/me/email", {"email": new, "password": PASSWORD}).expect(202)
    [change] = about(mailbox, new, "Confirm")
    api.post("/v1/password/resets", {"token": first.token, "password": NEW_PASSWORD}).expect(204)
    api.post("/v1/password/resets", {"token": second.token, "password": NEW_PASSWORD}).expect(422, "invalid_link")
    api.post("/v1/email/confirm", {"token": change.token}).expect(422, "invalid_link")


def test_three_an_hour(world, api, mailbox, database):
    account = world.candidate()
    for _ in range(6):
        ask_for_reset(api, account.email)
    quiet(database)
    assert len(about(mailbox, account.email, "Set a new password")) == 3


def test_ten_new_passwords_a_day(world, api, mailbox, database):
    """Anybody may ask for them, for any address."""
    account = world.candidate()
    for _ in range(5):
        for _ in range(3):
            ask_for_reset(api, account.email)
        quiet(database)
        database.query("update outbox set created_at = created_at - interval '61 minutes' where account_id = "
                       "(select id from accounts where email = %s)", account.email)
    assert len(about(mailbox, account.email, "Set a new password", 10)) == 10


def test_a_reset_that_is_sent_again(world, api, mailbox):
    """The link is used up by the first: under its key the second gets the same answer, and under another none."""
    account, key = world.candidate(), {"Idempotency-Key": "the-new-password"}
    ask_for_reset(api, account.email)
    [message] = about(mailbox, account.email, "Set a new password")
    body = {"token": message.token, "password": NEW_PASSWORD}
    api.post("/v1/password/resets", body, headers=key).expect(204)
    assert api.post("/v1/password/resets", body, headers=key).expect(204).headers["Idempotent-Replayed"] == "true"
    api.post("/v1/password/resets", {**body, "password": "yet another horse"}, headers=key).expect(422, "idempotency_key_reused")
    api.post("/v1/password/resets", body, headers={"Idempotency-Key": "another-key"}).expect(422, "invalid_link")


def test_nothing_tells_whether_an_address_has_an_account(world, api, mailbox, database):
    account, disabled = world.candidate(), world.candidate()
    database.query("update accounts set disabled_at = now() where email = %s", disabled.email)
    quiet(database)
    before = len(mailbox.messages)
    answers = [ask_for_reset(api, email) for email in (account.email, world.email("nobody"), disabled.email)]
    plain = [{name.lower(): value for name, value in answer.headers.items()
              if name.lower() not in ("date", "x-request-id", "ratelimit")} for answer in answers]
    assert plain[0] == plain[1] == plain[2]
    assert {answer.raw for answer in answers} == {b""}
    quiet(database)
    assert [m.envelope[1] for m in mailbox.messages[before:]] == [[account.email]]
    assert database.value("select count(*) from link_tokens where purpose = 'password_reset' and account_id is null") == 0


def test_a_disabled_account_gets_no_new_password(world, api, mailbox, database):
    account = world.candidate()
    ask_for_reset(api, account.email)
    [message] = about(mailbox, account.email, "Set a new password")
    database.query("update accounts set disabled_at = now() where email = %s", account.email)
    api.post("/v1/password/resets", {"token": message.token, "password": NEW_PASSWORD}).expect(422, "invalid_link")


# --- another address --------------------------------------------------------------------------------------------------


def test_another_address(world, api, mailbox):
    account, new = world.company(), world.email("new")
    account.client.post("/v1/me/email", {"email": new, "password": PASSWORD}).expect(202)
    [asked] = about(mailbox, account.email, "A change of your e-mail address was asked for")
    assert new in asked.text and TOKEN.search(asked.text) is None
    [message] = about(mailbox, new, "Confirm your new e-mail address")
    assert message.url.fragment == f"email_change={message.token}"
    assert me(account)["email"] == account.email
    ask_for_reset(api, account.email)
    [reset] = about(mailbox, account.email, "Set a new password")
    api.post("/v1/email/confirm", {"token": message.token}).expect(204)
    assert (me(account)["email"], me(account)["email_verified"]) == (new, True)
    for email in (account.email, new):
        [told] = about(mailbox, email, "Your e-mail address was changed")
        assert account.email in told.text and new in told.text
    api.post("/v1/email/confirm", {"token": message.token}).expect(422, "invalid_link")
    # What was sent to the old address works no more.
    api.post("/v1/password/resets", {"token": reset.token, "password": NEW_PASSWORD}).expect(422, "invalid_link")
    sign_in(api, account.email, PASSWORD).expect(401, "invalid_credentials")
    sign_in(api, new, PASSWORD).expect(201)


def test_another_address_needs_the_password(world, database):
    account = world.candidate()
    before = database.value("select count(*) from outbox")
    account.client.post("/v1/me/email", {"email": world.email(), "password": "wrong password"}).expect(403, "wrong_password")
    account.client.post("/v1/me/email", {"email": world.email()}).expect(422, "validation_failed")
    answer = account.client.post("/v1/me/email", {"email": account.email.upper(), "password": PASSWORD})
    assert answer.expect(422, "validation_failed").errors == {("/email", "email_same")}
    assert database.value("select count(*) from outbox") == before


def test_an_address_that_is_taken_is_not_told(world, api, mailbox, database):
    account, owner = world.candidate(), world.company()
    free = account.client.post("/v1/me/email", {"email": world.email("free"), "password": PASSWORD}).expect(202)
    taken = account.client.post("/v1/me/email", {"email": owner.email, "password": PASSWORD}).expect(202)
    assert free.raw == taken.raw == b""
    [told] = about(mailbox, owner.email, "You already have an account")
    assert TOKEN.search(told.text) is None and account.email not in told.text
    quiet(database)
    assert not [m for m in mailbox.messages if m.envelope[1] == [owner.email] and "Confirm" in m.subject]
    about(mailbox, account.email, "was asked for", 2)
    assert me(account)["email"] == account.email


def test_an_address_that_is_taken_meanwhile(world, api, mailbox):
    account, new = world.candidate(), world.email("meanwhile")
    account.client.post("/v1/me/email", {"email": new, "password": PASSWORD}).expect(202)
    [message] = about(mailbox, new, "Confirm your new e-mail address")
    api.post("/v1/candidates", {"email": new, "password": PASSWORD, "given_name": "A", "family_name": "B"}).expect(201)
    api.post("/v1/email/confirm", {"token": message.token}).expect(409, "email_taken")
    assert me(account)["email"] == account.email


# --- notices ----------------------------------------------------------------------------------------------------------


def test_a_token_is_told(world, mailbox):
    account = world.candidate()
    document, _ = world.token(account, ["profile:read"])
    [message] = about(mailbox, account.email, "A new API token")
    assert "a program" in message.text and document["prefix"] in message.text
    assert document["secret"] not in message.text + message.html


def test_a_sign_in_from_a_new_network(world, mailbox, database):
    account = world.candidate()
    world.login(account.email)
    quiet(database)
    assert not [m for m in mailbox.messages if m.envelope[1] == [account.email] and "new place" in m.subject]
    database.query("delete from sign_in_places p using accounts a where a.id = p.account_id and a.email = %s", account.email)
    world.login(account.email)
    [message] = about(mailbox, account.email, "A sign-in from a new place")
    assert "127.0.0.0/24" in message.text
    world.login(account.email)
    quiet(database)
    assert len(about(mailbox, account.email, "A sign-in from a new place")) == 1


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_no_token_and_no_address_of_what_was_sent_is_kept(world, api, mailbox, database, server):
    account, new = world.candidate(), world.email("dump")
    ask_for_reset(api, account.email)
    account.client.post("/v1/me/email", {"email": new, "password": PASSWORD}).expect(202)
    about(mailbox, account.email, "Set a new password")
    about(mailbox, new, "Confirm")
    quiet(database)
    dump = subprocess.run([program("pg_dump"), database.conninfo], check=True, capture_output=True).stdout.decode()
    tokens = {message.token for message in mailbox.messages if TOKEN.search(message.text)}
    assert len(tokens) > 5
    for text in (dump, server.log.decode()):
        assert not TOKEN.search(text)
        for token in tokens:
            assert token not in text and token[5:] not in text
    outbox = re.search(r"^COPY public\.outbox .*?^\\\.$", dump, re.MULTILINE | re.DOTALL)[0]
    assert "\tsent\t" in outbox and account.email not in outbox and new not in outbox
    assert account.email not in server.log.decode()


def test_the_page_of_links(api):
    """system_links, system_links_asset"""
    for language, words in (("it", "Imposta una nuova password"), ("en", "Set a new password"), ("de", "Set a new password")):
        page = api.get("/links", headers={"Accept-Language": language}).expect(200)
        assert page.media_type == "text/html" and words in page.body.decode()
        assert page.headers["Content-Language"] == ("it" if language == "it" else "en")
        assert "Accept-Language" in page.headers["Vary"]
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode()):
            api.get(asset).expect(200)
        assert not re.search(r"<script>|style=|onclick|https?://", page.body.decode())
    api.get("/links/links.en.html").expect(404, "not_found")
    api.get("/links/nothing.js").expect(404, "not_found")


def test_both_languages_of_the_page_have_the_same_parts():
    from support.server import ROOT
    pages = [(ROOT / f"src/links-ui/links.{lang}.html").read_text(encoding="utf-8") for lang in ("en", "it")]
    parts = [re.findall(r"<[^>]*>", re.sub(r'data-(busy|network|other)="[^"]*"|lang="\w\w"', "", page)) for page in pages]
    assert parts[0] == parts[1]


def test_asking_takes_as_long_for_nobody(world, api, database):
    """Roughly: the statement is the same; see the fault suite for statistics."""
    times = {True: [], False: []}
    for known in [True, False] * 10:
        email = world.candidate().email if known else "nobody@posta.example"
        start = time.monotonic()
        ask_for_reset(api, email)
        times[known].append(time.monotonic() - start)
    medians = [statistics.median(taken) for taken in times.values()]
    assert max(medians) < 5 * min(medians)
