"""POST /v1/candidates."""

from support.world import PASSWORD

PROFILE = {
    "phone": "+39 0341 123456", "headline": "Executive assistant, 12 years", "location": {"country": "IT", "city": "Lecco"},
    "languages": [{"language": "it", "level": "C2"}, {"language": "en", "level": "C1"}],
    "tools": [{"name": "Excel", "level": "advanced"}, {"name": "SAP"}], "soft_skills": ["autonomy", "kindness"],
}


def registration(world, **members):
    return {"email": world.email(), "password": PASSWORD, "given_name": "Lia", "family_name": "Rossi", **members}


def test_register(api, world):
    body = registration(world, **PROFILE)
    answer = api.post("/v1/candidates", body).expect(201)
    assert answer.headers["Location"] == "/v1/me"
    candidate = answer.json["candidate"]
    assert {name: candidate[name] for name in body if name != "password"} == {
        name: value for name, value in body.items() if name != "password"}
    client = api.as_(answer.json["session"]["access_token"])
    me = client.get("/v1/me").expect(200).json
    assert me["kind"] == "candidate" and {name: me[name] for name in candidate} == candidate


def test_register_with_little(api, world):
    candidate = api.post("/v1/candidates", registration(world)).expect(201).json["candidate"]
    assert set(candidate) == {"id", "email", "given_name", "family_name", "created_at", "updated_at", "version"}


def test_email_taken(api, world, database):
    body = registration(world)
    api.post("/v1/candidates", body).expect(201)
    before = database.fingerprint()
    for email in (body["email"], body["email"].title()):
        api.post("/v1/candidates", {**body, "email": email}).expect(409, "email_taken")
    assert database.fingerprint() == before


def test_not_asked_for(api, world, database):
    """What the law lets nobody ask is not a member of the contract."""
    before = database.fingerprint()
    for name in ("birth_date", "photo", "nationality", "gender", "marital_status", "salary_history"):
        answer = api.post("/v1/candidates", registration(world, **{name: "x"})).expect(422, "validation_failed")
        assert answer.errors == {(f"/{name}", "never_asked")}
    assert database.fingerprint() == before


def test_names_as_people_write_them(api, world):
    for given, family in (("Zoë", "D'Angelo-Çelik"), ("小林", "さくら"), ("أمل", "حدّاد"), ("👩🏽", "𝒮"), ("<b>", "'; drop table")):
        candidate = api.post("/v1/candidates", registration(world, given_name=given, family_name=family)).expect(201).json
        client = api.as_(candidate["session"]["access_token"])
        me = client.get("/v1/me").expect(200).json
        assert (me["given_name"], me["family_name"]) == (given, family)
