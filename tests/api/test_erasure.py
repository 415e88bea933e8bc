"""What is left of a person whose account was deleted: nothing it entered and nothing that was entered about it, by any
operation of openapi.yaml; and the receipt."""

import base64
import json

import nacl.exceptions
import nacl.signing
import pytest
from support.eventually import eventually
from support.links import invitation_secret
from support.stage import Stage, dump_of
from support.world import PASSWORD


def test_nothing_of_a_person_is_left(world, database, server):
    stage = Stage(world, database)
    stage.everything()
    world.client.post("/v1/password/reset-requests", {"email": stage.email}).expect(202)
    stage.company.client.get(f"/v1/applications/{stage.pool['application_id']}").expect(200)
    assert len(stage.found()) > 8
    document = stage.pool["document_id"]
    assert database.value("select count(*) from document_chunks where document_id = %s", document) > 0

    stage.person.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert stage.found() == []
    assert database.value("select count(*) from document_chunks where document_id = %s", document) == 0
    assert database.value("select count(*) from candidates where id = %s", stage.pool["candidate_id"]) == 0
    log = server.log.decode(errors="replace").lower()
    assert stage.filler.mark not in log and stage.filler.digits not in log
    kept = stage.company.client.get(f"/v1/applications/{stage.pool['application_id']}").expect(200).json
    assert kept["status"] == "withdrawn" and kept["job"]["id"] == stage.job["id"]
    assert kept["candidate"]["given_name"] == "Deleted" and kept["candidate"]["id"] != stage.pool["candidate_id"]


def test_the_contents_of_documents_cannot_be_got_back(world, database, server):
    """Documents sent one by one and with an application, downloaded, linked to and exported: afterwards there is no key, not a piece of
    ciphertext and no hash of them anywhere in the data base, and of the text nothing was ever in a file."""
    stage = Stage(world, database)
    stage.everything()
    stage.company.client.get(f"/v1/documents/{stage.sent[0]}/content").expect(200)
    stage.person.get(f"/v1/documents/{stage.sent[1]}/content").expect(200)
    person = world.login(stage.email)
    person.client.post("/v1/me/export", headers={"Idempotency-Key": "export"}).expect(202)
    eventually(lambda: person.client.get("/v1/me/export").json["state"] == "ready", "the export is ready", seconds=20)
    files = database.query("select id, sealed_key, sha256 from documents where candidate_id = %s union all select e.id, e.sealed_key, e.sha256 "
                           "from exports e join accounts a on a.id = e.account_id where a.email = %s", stage.pool["candidate_id"], stage.email)
    ids = [file for file, _, _ in files]
    chunks = database.query("select data from document_chunks where document_id = any (%s) union all "
                            "select data from export_chunks where export_id = any (%s)", ids, ids)
    assert len(files) == 4 and len(chunks) >= 3 * 3 + 1
    traces = [bytes(piece).hex() for _, key, digest in files for piece in (key, digest)]
    traces += [bytes(data)[at:][:32].hex() for (data,) in chunks for at in (0, len(data) // 2, len(data) - 32)]
    before = "\n".join(stage.dump())
    assert all(trace in before for trace in traces)
    assert {stage.pool["document_id"], *stage.sent} <= {str(file) for file in ids}

    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    after = "\n".join(stage.dump())
    assert [trace for trace in traces if trace in after] == []
    assert database.value("select count(*) from pg_largeobject_metadata") == 0
    assert stage.found() == []
    for document in (stage.pool["document_id"], *stage.sent):
        stage.company.client.get(f"/v1/documents/{document}/content").expect(404, "not_found")
    world.client.get(stage.link["url"]).expect(404, "not_found")
    for path in server.directory.rglob("*"):
        if path.is_file():
            text = path.read_bytes().lower()
            assert not any(content.encode() in text for content in stage.contents), path


def test_a_pseudonym_for_each_company(world, database):
    person, one, other = world.candidate(), world.company(), world.company()
    mine = [world.application(person, world.job(company)) for company in (one, one, other)]
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    seen = [company.client.get(f"/v1/applications/{application['id']}").expect(200).json["candidate"]["id"]
            for company, application in zip((one, one, other), mine)]
    assert seen[0] == seen[1] != seen[2] and person.id not in seen


def test_messages_that_wait_go_along(world, database):
    person = world.candidate()
    account = database.value("select id from accounts where email = %s", person.email)
    for state in ("queued", "leased", "handed", "dead"):
        database.query("insert into outbox (template, account_id, to_address, lang, state, due_at) "
                       "values ('password_changed', %s, %s, 'en', %s, now() + interval '1 hour')", account, person.email, state)
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert database.value("select count(*) from outbox where to_address = %s or account_id = %s", person.email, account) == 0


def test_a_new_password_that_was_asked_for_is_forgotten(world, database):
    """Whose address it is has not been looked up yet: nothing says that the message is the account's."""
    person, other = world.candidate(), world.candidate()
    for email in (person.email.upper(), other.email):
        link = database.value("insert into link_tokens (id, purpose, email, token_hash, expires_at) values (uuid_v7(), 'password_reset', "
                              "%s, sha256(%s), now() + interval '1 hour') returning id", email, email.encode())
        database.query("insert into outbox (template, to_address, lang, params, due_at) values ('password_reset', %s, 'en', "
                       "jsonb_build_object('link_id', %s::uuid), now() + interval '1 hour')", email, link)
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert database.query("select to_address from outbox where template = 'password_reset'") == [(other.email,)]
    assert database.query("select email from link_tokens where purpose = 'password_reset'") == [(other.email,)]


def test_nothing_of_a_member_s_address_is_left(world, database, api):
    """One that was invited, twice, and told so to whoever invited it; and asked for another address."""
    company = world.company()
    world.verify(company)
    email, name = world.email("eraseme"), "Eraseme Completely"
    invitation = company.client.post(f"/v1/companies/{company.id}/invitations", {"email": email, "role": "owner"},
                                     headers={"Idempotency-Key": "once"}).expect(201).json
    database.query("update company_invitations set sent_at = now() - interval '1 hour'")
    company.client.post(f"/v1/companies/{company.id}/invitations/{invitation['id']}/resend").expect(200)
    joined = api.post("/v1/invitations/accept", {"token": invitation_secret(database, invitation["id"]), "password": PASSWORD,
                                                 "name": name}).expect(201).json
    member = api.as_(joined["session"]["access_token"])
    member.post("/v1/me/email", {"email": world.email("eraseme"), "password": PASSWORD}).expect(202)
    member.post(f"/v1/companies/{company.id}/invitations", {"email": (invited := world.email()), "role": "viewer"}).expect(201)
    for state in ("queued", "leased", "handed", "dead"):  # mail that brings it, and waits
        database.query("insert into outbox (template, to_address, lang, state, due_at, params) select template, to_address, lang, %s, "
                       "now() + interval '1 hour', jsonb_build_object('inviter', %s::text, 'link_id', link_id) "
                       "from (select 'invitation' as template, email as to_address, lang, link_id from company_invitations "
                       "where email = %s) as sent", state, name, invited)
    member.post("/v1/tokens", {"name": "eraseme", "scopes": ["jobs:read"]}).expect(201)
    application = world.application(world.candidate(), world.job(company))
    member.post(f"/v1/applications/{application['id']}/notes", {"body": "Good."}).expect(201)
    namesake = world.invitation(company)
    link = database.value("select link_id from company_invitations where id = %s", namesake["id"])
    database.query("insert into outbox (template, to_address, lang, due_at, params) values ('invitation', %s, 'en', now() + interval '1 hour', "
                   "jsonb_build_object('inviter', %s::text, 'link_id', %s::uuid))", namesake["email"], name, link)
    assert len([line for line in dump_of(database) if "eraseme" in line]) > 5
    member.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)
    assert database.value("select count(*) from outbox where params ->> 'inviter' = %s", name) == 1  # the namesake's
    database.query("delete from outbox where params ->> 'inviter' = %s", name)
    assert [line[:200] for line in dump_of(database) if "eraseme" in line] == []


def test_an_erasure_that_fails_erases_nothing(world, database):
    """It is one transaction: what a table cannot let go of keeps everything."""
    person = world.candidate(headline="Still here")
    application = world.application(person, world.job(world.company()), cover_letter="Still here, too.")
    database.query("create table obstinate (application_id uuid references applications (id))")
    database.query("create function obstinate() returns trigger language plpgsql as $$ begin raise 'no'; end $$")
    database.query("create trigger obstinate before delete on obstinate for each row execute function obstinate()")
    database.query("insert into obstinate values (%s)", application["id"])
    try:
        before = database.fingerprint()
        person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(500, "internal_error")
        assert database.fingerprint() == before
        assert person.client.get("/v1/me").expect(200).json["headline"] == "Still here"
    finally:
        database.query("drop table obstinate")
        database.query("drop function obstinate")
    person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200)


# --- the receipt ------------------------------------------------------------------------------------------------------


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(jws, keys):
    """What a receipt says, by PyNaCl and the published keys alone."""
    header, payload, signature = jws.split(".")
    head = json.loads(decoded(header))
    assert head["alg"] == "EdDSA"
    (key,) = [key for key in keys["keys"] if key["kid"] == head["kid"]]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    nacl.signing.VerifyKey(decoded(key["x"])).verify(f"{header}.{payload}".encode(), decoded(signature))
    return json.loads(decoded(payload))


@pytest.fixture
def receipt(world):
    person = world.candidate()
    return person, person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200).json


def test_the_receipt_is_verified_without_the_server(api, receipt):
    person, given = receipt
    keys = api.get("/.well-known/jwks.json").expect(200).json
    jws = given.pop("jws")
    assert verified(jws, keys) == given
    assert given["email"] == person.email and given["kind"] == "candidate" and given["erased"]["applications"] == 0


def test_a_changed_receipt_is_found_out(api, receipt):
    _, given = receipt
    keys = api.get("/.well-known/jwks.json").expect(200).json
    header, payload, signature = given["jws"].split(".")
    other = base64.urlsafe_b64encode(decoded(payload).replace(b'"sessions":1', b'"sessions":7')).rstrip(b"=").decode()
    assert other != payload
    with pytest.raises(nacl.exceptions.BadSignatureError):
        verified(f"{header}.{other}.{signature}", keys)


def test_the_keys_of_receipts_are_for_everybody(api):
    answer = api.get("/.well-known/jwks.json").expect(200)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    api.get("/.well-known/jwks.json", headers={"If-None-Match": answer.etag}).expect(304)


def test_a_receipt_outlives_its_master_key(world, database, api, tmp_path):
    """The server knows other keys only; the key of the receipt is still published."""
    from support.server import Server

    person = world.candidate()
    given = person.client.request("DELETE", "/v1/me", {"password": PASSWORD}).expect(200).json
    other = Server(tmp_path, database.conninfo, environment={"SEGRETERIA_MASTER_KEY": "7a" * 32})
    try:
        keys = other.client().get("/.well-known/jwks.json").expect(200).json
        assert len(keys["keys"]) == 2
        assert verified(given["jws"], keys)["email"] == person.email
    finally:
        other.stop()
