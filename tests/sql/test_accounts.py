"""Accounts, sessions, tokens, companies: what is stored, who is recognised, what ends."""

import psycopg
import pytest
from conftest import Candidate, Company, Refused, codes, member, new_id, token_hash


def test_registration_stores_no_password(db, company, candidate):
    assert company.answer["status"] == 201 and company.answer["body"]["company"]["id"] == company.id
    assert candidate.answer["body"]["candidate"]["headline"] == "Executive assistant"
    for table in ("accounts", "candidates", "companies"):
        assert not any("never stored" in str(row) for row in db.execute(f"select * from {table}").fetchall())


def test_an_address_is_taken_whatever_its_case(db, company):
    body = {"email": f"{company.id}@ALFA.example".upper(), "given_name": "A", "family_name": "B"}
    answer = db.call("candidates_create", new_id=new_id(), body=body, password_hash="!", access_hash=token_hash(),
                     refresh_hash=token_hash())
    assert (answer["status"], answer["code"]) == (409, "email_taken")
    for login, account in ((body["email"], company.caller["caller_account_id"]), ("nobody@alfa.example", None)):
        assert db.call("auth_attempt", login=login, address="192.0.2.1", device_hashes=[])["account_id"] == account


def test_refreshing_and_reuse(db, company):
    second = token_hash()
    assert db.call("sessions_refresh", token_hashes=[company.refresh], access_hash=token_hash(),
                   refresh_hash=second)["status"] == 200
    assert db.call("auth_token_lookup", token_hashes=[company.access]) is not None
    stolen = db.call("sessions_refresh", token_hashes=[company.refresh], access_hash=token_hash(), refresh_hash=token_hash())
    assert (stolen["status"], stolen["code"]) == (401, "refresh_token_reused")
    assert db.call("auth_token_lookup", token_hashes=[company.access]) is None
    ended = db.call("sessions_refresh", token_hashes=[second], access_hash=token_hash(), refresh_hash=token_hash())
    assert ended["code"] == "invalid_refresh_token"


def test_signing_out(db, company):
    assert company.call("sessions_delete")["status"] == 204
    assert db.call("auth_token_lookup", token_hashes=[company.access]) is None
    with pytest.raises(Refused) as again:
        company.call("sessions_delete")
    assert again.value.sqlstate == "SG003"


def test_a_token_is_never_wider_than_its_maker(db, company):
    def create(by=None, **body):
        secret = token_hash()
        caller = {"caller_token_id": by, "token_type": "api"} if by else {}
        answer = company.call("tokens_create", **caller, new_id=new_id(), token_hash=secret, prefix="sgr_abcd",
                              body={"name": "ci", **body})
        return answer, secret

    refused, _ = create(scopes=["jobs:read", "moderation:write"], expires_at="2020-01-01T00:00:00Z",
                        allowed_ips=["10.0.0.0/8", "999.1.1.1"])
    assert codes(refused) == {("/scopes/1", "scope_not_allowed"), ("/expires_at", "expires_at_past"),
                              ("/allowed_ips/1", "allowed_ip_form")}
    made, secret = create(scopes=["jobs:write", "jobs:read"])
    token = made["body"]
    assert (made["status"], token["scopes"], made["location"]) == (
        201, ["jobs:read", "jobs:write"], f"/v1/tokens/{token['id']}")
    who = db.call("auth_token_lookup", token_hashes=[secret])
    assert (who["token_id"], who["scopes"], who["session_id"]) == (token["id"], "{jobs:read,jobs:write}", None)
    narrower, _ = create(by=token["id"], scopes=["company:write"])
    assert codes(narrower) == {("/scopes/0", "scope_not_allowed")}

    fresh = token_hash()
    rotated = company.call("tokens_rotate", token_id=token["id"], token_hash=fresh, prefix="sgr_efgh")
    assert (rotated["status"], rotated["body"]["prefix"]) == (200, "sgr_efgh")
    assert db.call("auth_token_lookup", token_hashes=[secret]) is None
    assert db.call("auth_token_lookup", token_hashes=[fresh])["touch"] == "t"
    db.rows("auth_token_touch", token_id=token["id"])
    assert db.call("auth_token_lookup", token_hashes=[fresh])["touch"] == "f"
    for other in (Company(db), Candidate(db)):
        assert other.call("tokens_get", token_id=token["id"]) is None
        assert other.call("tokens_revoke", token_id=token["id"])["status"] == 404
    assert [item["id"] for item in company.call("tokens_list", limit=20)["items"]] == [token["id"]]
    assert company.call("tokens_revoke", token_id=token["id"])["status"] == 204
    assert db.call("auth_token_lookup", token_hashes=[fresh]) is None
    assert company.call("tokens_get", token_id=token["id"]) is None


def test_a_lower_role_narrows_its_tokens(db, company):
    secret = token_hash()
    company.call("tokens_create", new_id=new_id(), token_hash=secret, prefix="sgr_abcd",
                 body={"name": "ci", "scopes": ["jobs:read", "jobs:write"]})
    with db.connection.transaction():
        db.execute("insert into accounts (id, kind, email, password_hash, name) values (%s, 'company', %s, '!', 'B')",
                   (other := new_id()), f"{other}@alfa.example")
        db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'owner')", company.id, other)
        db.execute("update company_members set role = 'viewer' where account_id = %s", company.caller["caller_account_id"])
    assert db.call("auth_token_lookup", token_hashes=[secret])["scopes"] == "{jobs:read}"


def test_several_companies(db, company):
    """Its only company, none without a choice between two, the one it names, none that is not its own."""
    other, account = Company(db), company.caller["caller_account_id"]

    def acts_for(chosen=None, token=company.access):
        who = db.call("auth_token_lookup", token_hashes=[token], chosen_company=chosen)
        return who and (who["company_id"], who["role"], who["several"])

    assert acts_for() == acts_for(chosen=None) == (company.id, "owner", "f")
    secret = token_hash()
    company.call("tokens_create", new_id=new_id(), token_hash=secret, prefix="sgr_abcd",
                 body={"name": "ci", "scopes": ["jobs:read", "jobs:write"]})
    db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'viewer')", other.id, account)
    assert acts_for() == (None, None, "t")
    assert acts_for(company.id) == (company.id, "owner", "t") and acts_for(other.id) == (other.id, "viewer", "t")
    assert acts_for(Company(db).id) == (None, None, "t")
    for chosen in (None, company.id, other.id):  # a token is bound to the company it was made for
        assert acts_for(chosen, secret) == (company.id, "owner", "f")
    names = [(item["id"], item["role"]) for item in company.call("me_get")["body"]["companies"]]
    assert names == [(company.id, "owner"), (other.id, "viewer")]
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'viewer')", other.id, account)


def test_who_leaves_takes_no_token_along(db, company):
    leaver, secret = member(company, "recruiter"), token_hash()
    leaver.call("tokens_create", new_id=new_id(), token_hash=secret, prefix="sgr_abcd",
                body={"name": "ci", "scopes": ["jobs:read"]})
    assert db.call("auth_token_lookup", token_hashes=[secret])["company_id"] == company.id
    db.execute("delete from company_members where account_id = %s", leaver.id)
    assert db.value("select revoked_at is not null from api_tokens where account_id = %s", leaver.id)
    assert db.call("auth_token_lookup", token_hashes=[secret]) is None


def test_a_company_keeps_an_owner(db, company):
    for change in ("update company_members set role = 'viewer' where account_id = %s",
                   "delete from company_members where account_id = %s", "delete from accounts where id = %s"):
        with pytest.raises(psycopg.errors.CheckViolation) as refusal:
            db.execute(change, company.caller["caller_account_id"])
        assert refusal.value.diag.constraint_name == "company_members_role_owner_left"


def test_me(company, candidate):
    mine = company.call("me_get")["body"]
    assert (mine["kind"], mine["role"], mine["company"]) == ("company", "owner", {"id": company.id, "name": "Alfa"})
    read = candidate.call("me_patch_read")
    assert read["body"] == {"given_name": "Carla", "family_name": "Neri", "headline": "Executive assistant", "language": "en"}
    tag = candidate.call("me_get")["etag"]
    written = candidate.call("me_patch", body={**read["body"], "headline": "PA"}, version=1, if_match=[tag])
    assert (written["status"], written["body"]["headline"], written["body"]["version"]) == (200, "PA", 2)
    assert candidate.call("me_patch", body=read["body"], version=1)["code"] == "version_changed"
    assert candidate.call("me_patch_read", if_match=[tag])["status"] == 412
    assert candidate.call("me_get")["body"]["headline"] == "PA"


def test_companies(db, company, candidate):
    seen = candidate.call("companies_get", company_id=company.id)
    assert seen["body"]["verified"] is False and seen["etag"]
    assert candidate.call("companies_get", company_id=new_id()) is None
    db.execute("update companies set verified_at = now() where id = %s", company.id)
    assert Company(db).call("companies_patch_read", company_id=company.id)["status"] == 403
    read = company.call("companies_patch_read", company_id=company.id)
    moved = company.call("companies_patch", company_id=company.id, body={**read["body"], "website": "https://b.example"},
                         version=1)
    assert (moved["body"]["website"], moved["body"]["verified"]) == ("https://b.example", True)
    for version, change in enumerate(({"name": "Beta"}, {"legal_name": "Z"}, {"vat_id": "IT99999999999"}, {"country": "FR"}), 2):
        changed = company.call("companies_patch", company_id=company.id, body={**read["body"], **change}, version=version)
        assert changed["body"]["verified"] is False, change
        db.execute("update companies set verified_at = now() where id = %s", company.id)
