"""GET /v1/audit: who did what, and who saw a candidate's data."""

import json
import re

import pytest
from support.world import PASSWORD, vacancy

READS = ["application.viewed", "application.events_viewed", "application.listed"]


def entries(account, **params):
    """All of them, in pages of three."""
    found, cursor = [], None
    while True:
        page = account.client.get("/v1/audit", params={
            "limit": "3", **params, **({"cursor": cursor} if cursor else {})}).expect(200).json
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def actions(found):
    return [entry["action"] for entry in found]


@pytest.fixture
def company(world):
    return world.company()


@pytest.fixture
def candidate(world):
    return world.candidate()


def test_a_change_says_who_and_whence(company):
    answer = company.client.post("/v1/jobs", vacancy(), headers={"X-Request-Id": "look-for-me"}).expect(201)
    entry = entries(company)[0]
    assert entry["action"] == "job.published" and entry["subject"] == {"kind": "job", "id": answer.json["id"]}
    assert entry["request_id"] == "look-for-me" and entry["company"] == {"id": company.id, "name": "Lario Meccanica"}
    assert entry["actor"]["kind"] == "company" and entry["actor"]["name"] == "Chiara Fumagalli"
    assert entry["actor"]["token_type"] == "session" and entry["address"] in ("127.0.0.0/24", "::/48")
    token = company.client.post("/v1/tokens", {"name": "sync", "scopes": ["jobs:write"]}).expect(201).json
    company.client.as_(token["secret"]).post("/v1/jobs", vacancy()).expect(201)
    actor = entries(company)[0]["actor"]
    assert (actor["token_type"], actor["token_id"]) == ("api", token["id"])


def test_who_saw_my_data(world, company, candidate):
    """Each way in which a member sees a candidate is an entry; the candidate's own reads are none."""
    recruiter = world.member(company, "recruiter")
    job = world.job(company)
    sent = world.application(candidate, job, cover_letter="Between us.")
    path = f"/v1/applications/{sent['id']}"
    for target in (path, f"{path}/events", "/v1/applications", f"/v1/jobs/{job['id']}/applications"):
        assert len(entries(candidate, action=",".join(READS))) == 0
        candidate.client.get(target).expect(200)
    wanted = []
    for target, action in ((path, "application.viewed"), (f"{path}/events", "application.events_viewed"),
                           ("/v1/applications", "application.listed"),
                           (f"/v1/jobs/{job['id']}/applications", "application.listed")):
        etag = recruiter.client.get(target).expect(200).etag
        recruiter.client.request("HEAD", target).expect(200)
        recruiter.client.get(target, headers={"If-None-Match": etag}).expect(304)
        wanted += [action] * 3
        assert actions(entries(candidate, action=",".join(READS))) == wanted[::-1]
    recruiter.client.patch(path, {"status": "in_review"}).expect(200)
    recruiter.client.patch(path, {"status": "in_review"}).expect(200)  # changes nothing, shows the application
    assert actions(entries(candidate))[:2] == ["application.viewed", "application.status_changed"]
    entry = entries(candidate, action="application.listed")[0]
    assert entry["actor"] == {"kind": "company", "role": "recruiter"}
    assert entry["company"] == {"id": company.id, "name": "Lario Meccanica"}
    assert not {"address", "request_id"} & set(entry)
    of_owner = entries(company, action="application.viewed")[0]
    assert of_owner["actor"]["name"] == "A recruiter" and of_owner["candidate_id"] == candidate.id


def test_what_nobody_saw_is_no_entry(world, company, candidate):
    job = world.job(company)
    sent = world.application(candidate, job)
    stranger = world.company()
    stranger.client.get(f"/v1/applications/{sent['id']}").expect(404, "not_found")
    stranger.client.get(f"/v1/applications/{sent['id']}/events").expect(404, "not_found")
    stranger.client.get(f"/v1/jobs/{job['id']}/applications").expect(404, "not_found")
    stranger.client.get("/v1/applications").expect(200)
    company.client.get("/v1/applications?status=hired").expect(200)
    company.client.get(f"/v1/applications/{sent['id']}", headers={"Accept": "text/html"}).expect(406, "not_acceptable")
    assert entries(candidate, action=",".join(READS)) == []


def test_each_reads_its_own(world, company, candidate):
    world.application(candidate, world.job(company))
    other, stranger, operator = world.company(), world.candidate(), world.operator(company)
    assert {entry["company"]["id"] for entry in entries(company)} == {company.id}
    assert actions(entries(other)) == ["session.started", "member.added", "company.created"]
    assert actions(entries(stranger)) == ["session.started", "account.created"]
    assert entries(other, company_id=company.id) == entries(other), "not what the owner may choose"
    assert entries(stranger, candidate_id=candidate.id) == entries(stranger)
    assert actions(entries(operator, company_id=company.id)) == actions(entries(company))
    assert actions(entries(operator, candidate_id=candidate.id)) == actions(entries(candidate))
    whole = entries(operator, candidate_id=candidate.id, action="application.submitted")[0]
    assert whole["address"] in ("127.0.0.1", "::1") and whole["actor"]["name"] == "Lia Rossi"
    for role in ("recruiter", "viewer"):
        world.member(company, role).client.get("/v1/audit").expect(403, "forbidden")
    _, token = world.token(company, ["company:read"])
    token.get("/v1/audit").expect(403, "insufficient_scope")
    _, token = world.token(company, ["audit:read"])
    token.get("/v1/audit").expect(200)


def test_bad_filters(company):
    for name, value, code in (("action", "viewed", "pattern"), ("since", "yesterday", "format"), ("until", "1", "format"),
                              ("actor", "me", "format"), ("subject", "it", "format"), ("limit", "0", "minimum")):
        answer = company.client.get("/v1/audit", params={name: value}).expect(400, "invalid_parameter")
        assert (name, code) in answer.errors
    company.client.get("/v1/audit?cursor=AAAA").expect(400, "invalid_cursor")


def test_sessions_and_accounts(world, company):
    account = world.login(company.email, company.id)
    account.client.delete("/v1/sessions/current").expect(204)
    found = entries(company)
    assert actions(found)[:2] == ["session.ended", "session.started"]
    assert found[0]["detail"]["reason"] == "logout"
    assert found[1]["actor"]["kind"] == "company" and found[1]["actor"]["name"] == "Chiara Fumagalli"


def test_nothing_secret_is_in_it(world, company, candidate, database):
    """After every kind of operation: no password, no token, no hash of one, nothing that a person wrote."""
    secrets = {PASSWORD, company.token, candidate.token, company.session["refresh_token"]}
    job = world.job(company, title="Titolo inconfondibile", description="Descrizione inconfondibile")
    company.client.patch(f"/v1/jobs/{job['id']}", {"title": "Altro inconfondibile"}).expect(200)
    sent = world.application(candidate, job, cover_letter="Lettera inconfondibile")
    company.client.patch(f"/v1/applications/{sent['id']}", {"status": "rejected", "reason": "Motivo inconfondibile"}).expect(200)
    document, _ = world.token(company, ["jobs:read"])
    rotated = company.client.post(f"/v1/tokens/{document['id']}/rotate").expect(200).json
    secrets |= {document["secret"], rotated["secret"]}
    company.client.patch("/v1/me", {"name": "Nome inconfondibile"}).expect(200)
    company.client.patch(f"/v1/companies/{company.id}", {"website": "https://inconfondibile.example"}).expect(200)
    candidate.client.patch("/v1/me", {"headline": "Profilo inconfondibile"}).expect(200)
    dump = json.dumps([row[0] for row in database.query("select to_jsonb(l)::text from audit_log l")])
    for secret in secrets:
        assert secret not in dump and secret[4:47] not in dump
    assert "inconfondibile" not in dump and "argon2" not in dump
    hashes = [row[0] for row in database.query(
        "select encode(token_hash, 'hex') from api_tokens union all select encode(access_hash, 'hex') from session_tokens")]
    assert hashes and not any(value in dump for value in hashes)
    assert not re.search(r"[0-9a-f]{64}", dump), "no hash at all"
    for email in (company.email, candidate.email):
        assert email not in dump
