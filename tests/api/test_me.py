"""GET and PATCH /v1/me."""

from support.world import PASSWORD


def test_views(company, candidate, world):
    member = company.client.get("/v1/me").expect(200).json
    assert member["kind"] == "company" and member["role"] == "owner" and member["company"]["id"] == company.id
    person = candidate.client.get("/v1/me").expect(200).json
    assert person["kind"] == "candidate" and person["id"] == candidate.id and "name" not in person
    operator = world.operator(company).client.get("/v1/me").expect(200).json
    assert operator["kind"] == "operator" and "company" not in operator


def test_patch_a_profile(world):
    person = world.candidate(headline="Secretary", soft_skills=["autonomy"], location={"country": "IT", "city": "Como"})
    before = person.client.get("/v1/me").json
    after = person.client.patch("/v1/me", {"given_name": "Giulia", "headline": None, "soft_skills": ["kindness", "autonomy"],
                                           "location": {"city": "Lecco"}}).expect(200).json
    assert after["given_name"] == "Giulia" and "headline" not in after
    assert after["soft_skills"] == ["kindness", "autonomy"]
    assert after["location"] == {"country": "IT", "city": "Lecco"}
    assert after["version"] == before["version"] + 1 and after["updated_at"] > before["updated_at"]
    assert person.client.get("/v1/me").json == after


def test_patch_that_changes_nothing(world):
    person = world.candidate(headline="Secretary")
    before = person.client.get("/v1/me")
    same = person.client.patch("/v1/me", {"headline": "Secretary"}).expect(200)
    assert same.json == before.json and same.etag == before.etag


def test_null_removes_whole_members(world):
    person = world.candidate(languages=[{"language": "it", "level": "C2"}], location={"country": "IT", "city": "Como"},
                             tools=[{"name": "Excel"}], phone="+39 02 1234567")
    cleared = person.client.patch("/v1/me", {"languages": None, "location": None, "tools": None, "phone": None}).expect(200).json
    assert not {"languages", "location", "tools", "phone"} & set(cleared)
    partly = world.candidate(location={"country": "IT", "city": "Como"})
    assert partly.client.patch("/v1/me", {"location": {"city": None}}).json["location"] == {"country": "IT"}
    partly.client.patch("/v1/me", {"location": {"country": None}}).expect(422, "validation_failed")


def test_the_merged_profile_is_checked(world, database):
    person = world.candidate()
    before = database.fingerprint()
    answer = person.client.patch("/v1/me", {"location": {"city": "Lecco"}}).expect(422, "validation_failed")
    assert answer.errors == {("/location/country", "required")}
    answer = person.client.patch("/v1/me", {"location": {"country": "IT", "latitude": 45.8}}).expect(422, "validation_failed")
    assert answer.errors == {("/location/longitude", "dependent_required")}
    person.client.patch("/v1/me", {"given_name": None}).expect(422, "validation_failed")
    assert database.fingerprint() == before


def test_members_have_a_name_and_no_profile(company, candidate, world):
    member = world.member(company, "viewer")
    assert member.client.patch("/v1/me", {"name": "New Name"}).expect(200).json["name"] == "New Name"
    answer = member.client.patch("/v1/me", {"headline": "x"}).expect(422, "validation_failed")
    assert answer.errors == {("/headline", "unknown_field")}
    answer = candidate.client.patch("/v1/me", {"name": "x"}).expect(422, "validation_failed")
    assert answer.errors == {("/name", "unknown_field")}


def test_not_by_patch(candidate):
    for name, value in (("email", "new@example.org"), ("password", PASSWORD), ("kind", "operator"), ("role", "owner"),
                        ("id", "x"), ("version", 9)):
        answer = candidate.client.patch("/v1/me", {name: value}).expect(422, "validation_failed")
        assert (f"/{name}", "unknown_field") in answer.errors


def test_if_match(world):
    person = world.candidate()
    old = person.client.get("/v1/me").etag
    new = person.client.patch("/v1/me", {"headline": "a"}, headers={"If-Match": old}).expect(200).etag
    person.client.patch("/v1/me", {"headline": "b"}, headers={"If-Match": old}).expect(412, "precondition_failed")
    person.client.patch("/v1/me", {"headline": "b"}, headers={"If-Match": new}).expect(200)
    assert person.client.get("/v1/me").json["headline"] == "b"
    person.client.get("/v1/me", headers={"If-None-Match": new}).expect(200)


def test_the_company_sees_the_new_profile(world, company):
    person = world.candidate()
    application = world.application(person, world.job(company))
    person.client.patch("/v1/me", {"headline": "Office manager"}).expect(200)
    seen = company.client.get(f"/v1/applications/{application['id']}").expect(200).json
    assert seen["candidate"]["headline"] == "Office manager"
