"""POST /v1/companies, GET and PATCH /v1/companies/{company_id}."""

import uuid

import pytest
from support.world import PASSWORD

NEW = {"legal_name": "Bianchi S.p.A.", "name": "Bianchi", "country": "IT", "kind": "employer"}


def registration(world, **company):
    return {"company": {**NEW, **company},
            "owner": {"email": world.email(), "password": PASSWORD, "name": "Anna Bianchi"}}


def test_register(api, world, database):
    body = registration(world, vat_id="IT01234567890", website="https://bianchi.example/")
    answer = api.post("/v1/companies", body).expect(201)
    company, session = answer.json["company"], answer.json["session"]
    assert {name: company[name] for name in body["company"]} == body["company"]
    assert company["verified"] is False and company["version"] == 1
    assert answer.headers["Location"] == f"/v1/companies/{company['id']}"
    assert session["expires_in"] == 3600
    me = api.as_(session["access_token"]).get("/v1/me").expect(200).json
    assert me["role"] == "owner" and me["company"] == {"id": company["id"], "name": "Bianchi"}
    assert me["email"] == body["owner"]["email"]
    stored = database.value("select password_hash from accounts where id = %s", me["account_id"])
    assert stored.startswith("$argon2id$") and PASSWORD not in stored


def test_no_secret_is_stored_in_clear(api, world, database):
    answer = api.post("/v1/companies", registration(world)).expect(201).json
    secrets = [answer["session"]["access_token"], answer["session"]["refresh_token"], PASSWORD]
    for table in database.tables():
        for (row,) in database.query(f"select t::text from {table} t"):
            assert not any(secret in row for secret in secrets), table


def test_email_is_taken_whatever_its_case(api, world, database):
    body = registration(world)
    api.post("/v1/companies", body).expect(201)
    before = database.fingerprint()
    body["owner"]["email"] = body["owner"]["email"].upper()
    api.post("/v1/companies", body).expect(409, "email_taken")
    candidate = {"email": body["owner"]["email"], "password": PASSWORD, "given_name": "A", "family_name": "B"}
    api.post("/v1/candidates", candidate).expect(409, "email_taken")
    assert database.fingerprint() == before


def test_every_violation_is_named(api):
    body = {"company": {"legal_name": "", "name": " ", "country": "Italy", "kind": "club", "colour": "red"},
            "owner": {"email": "nobody", "password": "short"}}
    answer = api.post("/v1/companies", body).expect(422, "validation_failed")
    assert answer.errors == {
        ("/company/legal_name", "min_length"), ("/company/legal_name", "pattern"), ("/company/name", "pattern"),
        ("/company/country", "pattern"), ("/company/kind", "enum"), ("/company/colour", "unknown_field"),
        ("/owner/email", "format"), ("/owner/password", "min_length"), ("/owner/name", "required")}


def unlike(length, first=33, count=90):
    """As many characters, which no list of common passwords has."""
    return "".join(chr(first + n * n * 7 % count) for n in range(length))


@pytest.mark.parametrize("password, accepted", [
    (unlike(10), True), (unlike(9), False), (unlike(10, 0xE0, 29), True), (unlike(1024), True), (unlike(1025), False),
    (unlike(256, 0x1F600, 60), True),
], ids=["10", "9", "10-accents", "1024", "1025", "256-of-4-bytes"])
def test_length_of_a_password(api, world, password, accepted):
    body = registration(world)
    body["owner"]["password"] = password
    answer = api.post("/v1/companies", body)
    if not accepted:
        assert answer.expect(422, "validation_failed").json["errors"][0]["pointer"] == "/owner/password"
        return
    answer.expect(201)
    api.post("/v1/sessions", {"email": body["owner"]["email"], "password": password}).expect(201)
    wrong = password[:-1] + "x"
    api.post("/v1/sessions", {"email": body["owner"]["email"], "password": wrong}).expect(401, "invalid_credentials")


def test_get(api, company):
    answer = api.get(f"/v1/companies/{company.id}").expect(200)
    assert answer.json == company.document
    assert company.client.get(f"/v1/companies/{company.id}").expect(200).etag == answer.etag
    api.get(f"/v1/companies/{company.id}", headers={"If-None-Match": answer.etag}).expect(304)
    api.get(f"/v1/companies/{uuid.uuid4()}").expect(404, "not_found")
    assert api.get("/v1/companies/42").expect(400, "invalid_parameter").errors == {("company_id", "format")}


def test_patch(world):
    company = world.company()
    path = f"/v1/companies/{company.id}"
    answer = company.client.patch(path, {"name": "Lario", "vat_id": "IT01234567890"}).expect(200)
    assert answer.json["name"] == "Lario" and answer.json["vat_id"] == "IT01234567890"
    assert answer.json["version"] == 2 and answer.json["legal_name"] == company.document["legal_name"]
    again = company.client.patch(path, {"name": "Lario"}).expect(200)
    assert again.json == answer.json and again.etag == answer.etag
    removed = company.client.patch(path, {"vat_id": None}).expect(200).json
    assert "vat_id" not in removed
    assert company.client.get("/v1/me").json["company"]["name"] == "Lario"


def test_patch_checks_the_merged_company(world):
    company = world.company()
    path = f"/v1/companies/{company.id}"
    answer = company.client.patch(path, {"name": None, "country": "it"}).expect(422, "validation_failed")
    assert answer.errors == {("/name", "type"), ("/country", "pattern")}
    company.client.patch(path, {}).expect(422, "validation_failed")
    company.client.patch(path, {"verified": True}).expect(422, "validation_failed")
    assert company.client.get(path).json == company.document


def test_patch_if_match(world):
    company = world.company()
    path = f"/v1/companies/{company.id}"
    old = company.client.get(path).etag
    new = company.client.patch(path, {"name": "One"}, headers={"If-Match": old}).expect(200).etag
    assert new != old
    company.client.patch(path, {"name": "Two"}, headers={"If-Match": old}).expect(412, "precondition_failed")
    company.client.patch(path, {"name": "Two"}, headers={"If-Match": f'"x", {new}'}).expect(200)
    company.client.patch(path, {"name": "Three"}, headers={"If-Match": "*"}).expect(200)
    company.client.patch(path, {"name": "Four"}, headers={"If-Match": f"W/{new}"}).expect(412, "precondition_failed")
    assert company.client.get(path).json["name"] == "Three"


def test_verification_is_lost_with_the_name_that_was_verified(world, database):
    company = world.company()
    path = f"/v1/companies/{company.id}"
    database.query("update companies set verified_at = now() where id = %s", company.id)
    assert company.client.patch(path, {"website": "https://lario.example/"}).json["verified"] is True
    assert company.client.patch(path, {"legal_name": "Somebody Else S.r.l."}).json["verified"] is False


def test_only_the_own_company(world, company):
    other = world.company()
    other.client.patch(f"/v1/companies/{company.id}", {"name": "Mine"}).expect(403, "forbidden")
    other.client.patch(f"/v1/companies/{uuid.uuid4()}", {"name": "Mine"}).expect(403, "forbidden")
    world.member(company, "recruiter").client.patch(f"/v1/companies/{company.id}", {"name": "Mine"}).expect(403, "forbidden")


def test_vacancies_follow_the_name(world):
    """A vacancy's stored text names its company: it is written again when the name changes."""
    company = world.company()
    job = world.job(company)
    company.client.patch(f"/v1/companies/{company.id}", {"name": "Renamed"}).expect(200)
    assert company.client.get(f"/v1/jobs/{job['id']}").json["company"]["name"] == "Renamed"
    cards = company.client.anybody.get("/v1/jobs", params={"company_id": company.id}).json["items"]
    assert [card["company"]["name"] for card in cards] == ["Renamed"]
