"""Who sees a candidate: nobody, unless it says so, and then verified companies, blind or by name."""

import pytest
from visible import COMPETENCES, PROFILE, TELLING, candidate, hide_everybody, ids, listed, pages, shield, verified


@pytest.fixture(autouse=True)
def alone(database):
    hide_everybody(database)


def test_hidden_at_first(world):
    someone, company = candidate(world), verified(world)
    assert someone.client.get("/v1/me/visibility").expect(200).json == {"visibility": "hidden"}
    assert listed(company) == []
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")


def test_by_name(world):
    someone, company = candidate(world, "members"), verified(world)
    [item] = listed(company)
    assert item == {"id": someone.id, "visibility": "members", "given_name": "Lia", "family_name": "Rossi",
                    "headline": "Segretaria di Rossi", **COMPETENCES, "location": {"country": "IT", "region": "Lombardia", "city": "Lecco"},
                    "roles": ["secretary"]}
    seen = company.client.get(f"/v1/candidates/{someone.id}").expect(200).json
    assert seen["email"] == someone.email and seen["work"] == PROFILE["work"] and seen["notice_days"] == 30
    for never in ("31000", "123456", "Verdi", "23900"):
        assert never not in str(seen)


def test_blind(world):
    someone, company = candidate(world, "blind"), verified(world)
    [item] = listed(company)
    assert item == {"id": item["id"], "visibility": "blind", **COMPETENCES, "roles": ["secretary"]}
    assert company.client.get(f"/v1/candidates/{item['id']}").expect(200).json == item
    assert item["id"] != someone.id
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")
    trail = company.client.get("/v1/audit").expect(200)
    for telling in (*TELLING[:-1], someone.id, someone.email):
        assert telling not in str(item) and telling not in trail.body.decode().replace("Lario", "")


def test_blind_ids_are_each_companys_own(world):
    candidate(world, "blind")
    first, second = verified(world), verified(world)
    [mine], [theirs] = listed(first), listed(second)
    assert mine["id"] != theirs["id"]
    second.client.get(f"/v1/candidates/{mine['id']}").expect(404, "not_found")
    assert listed(first) == [mine]  # and they stay


def test_the_order_tells_nothing(world):
    made = [candidate(world, "blind", duties=[duty]) for duty in ("diary", "travel", "events", "expenses", "reception",
                                                                  "purchasing", "translation", "correspondence")]
    orders = {tuple(item["duties"][0] for item in listed(verified(world))) for _ in range(3)}
    assert len(made) == 8 and len(orders) == 3


def test_an_alias_is_not_a_name(world):
    """Who turned from blind to named is found by the id only: nothing joins what was seen before to the name."""
    someone, company = candidate(world, "blind"), verified(world)
    [blind] = listed(company)
    someone.client.put("/v1/me/visibility", {"visibility": "members"}).expect(200)
    company.client.get(f"/v1/candidates/{blind['id']}").expect(404, "not_found")
    assert ids(company) == {someone.id}
    someone.client.put("/v1/me/visibility", {"visibility": "hidden"}).expect(200)
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")
    assert listed(company) == []


def test_only_verified_companies(world):
    someone, company = candidate(world, "members"), world.company()
    company.client.get("/v1/candidates").expect(403, "company_unverified")
    company.client.get(f"/v1/candidates/{someone.id}").expect(403, "company_unverified")


def test_who_may_not(world, api):
    someone, company = candidate(world, "members"), verified(world)
    for path in ("/v1/candidates", f"/v1/candidates/{someone.id}"):
        api.get(path).expect(401, "unauthorized")
        someone.client.get(path).expect(403, "forbidden")
        world.operator(company).client.get(path).expect(403, "forbidden")
        world.member(company, "viewer").client.get(path).expect(403, "forbidden")
        world.member(company, "recruiter").client.get(path).expect(200)
        _, other = world.token(company, ["applications:read"])
        other.get(path).expect(403, "insufficient_scope")
    for path in ("/v1/me/visibility", "/v1/me/employer-shield"):
        api.get(path).expect(401, "unauthorized")
        company.client.get(path).expect(403, "forbidden")
        _, reader = world.token(someone, ["profile:read"])
        reader.get(path).expect(200)
        reader.put(path, {}).expect(403, "insufficient_scope")


def test_disabled_and_deleted_accounts_are_not_seen(world, database):
    someone, gone, company = candidate(world, "members"), candidate(world, "members"), verified(world)
    assert ids(company) == {someone.id, gone.id}
    database.query("update accounts set disabled_at = now() where email = %s", someone.email)
    gone.client.request("DELETE", "/v1/me", {"password": "correct horse battery"}).expect(200)
    assert listed(company) == []
    company.client.get(f"/v1/candidates/{someone.id}").expect(404, "not_found")


def test_visibility_not_over_another_change(world):
    someone = candidate(world)
    tag = someone.client.get("/v1/me/visibility").expect(200).headers["ETag"]
    someone.client.put("/v1/me/visibility", {"visibility": "blind"}, headers={"If-Match": tag}).expect(200)
    someone.client.put("/v1/me/visibility", {"visibility": "members"}, headers={"If-Match": tag}).expect(412, "precondition_failed")
    someone.client.put("/v1/me/visibility", {"visibility": "all"}).expect(422, "validation_failed")


@pytest.mark.parametrize(("query", "found"), [
    ("&role=secretary", True), ("&role=office_manager", False), ("&role=office_manager,secretary", True),
    ("&language=en:B2", True), ("&language=EN:b1", True), ("&language=en:C1", False), ("&language=en", True),
    ("&language=en:B1,it:C2", True), ("&language=en:B1,de:A1", False),
    ("&tool=microsoft_excel", True), ("&tool=Microsoft%20Excel", True), ("&tool=sap", False),
    ("&soft_skill=confidentiality", True), ("&soft_skill=kindness", False), ("&duty=diary,travel", True), ("&duty=travel", False),
    ("&country=it", True), ("&country=FR", False), ("&region=lombardia", True), ("&region=Lazio", False)])
@pytest.mark.parametrize("visibility", ["blind", "members"])
def test_filters(world, query, found, visibility):
    candidate(world, visibility)
    assert len(listed(verified(world), query)) == found


def test_a_filter_finds_nothing_that_is_not_shown(world):
    """A blind candidate's town or name is not found by, and there is no parameter for them."""
    candidate(world, "blind")
    company = verified(world)
    for query in ("city=Lecco", "q=Rossi", "name=Lia", "postal_code=23900"):
        company.client.get(f"/v1/candidates?{query}").expect(400, "invalid_parameter")


def test_pages_do_not_shift(world):
    first = [candidate(world, "blind" if n % 2 else "members") for n in range(7)]
    company = verified(world)
    answer = company.client.get("/v1/candidates?limit=3").expect(200)
    assert answer.headers["Link"].endswith('rel="next"') and len(answer.json["items"]) == 3
    early = [item["id"] for item in answer.json["items"]]
    seen = list(early)
    candidate(world, "members")
    first[0].client.put("/v1/me/visibility", {"visibility": "hidden"}).expect(200)
    cursor = answer.json["next_cursor"]
    while cursor:
        page = company.client.get(f"/v1/candidates?limit=3&cursor={cursor}").expect(200).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) and len(set(seen) - set(early)) >= 3
    other = verified(world)
    other.client.get(f"/v1/candidates?limit=3&cursor={answer.json['next_cursor']}").expect(400, "invalid_cursor")


def test_few_are_not_counted(world):
    company, made = verified(world), []
    for _ in range(4):
        made.append(candidate(world, "blind"))
        assert pages(company, "&total=exact")[1]["total"] == {"below": 5}
    candidate(world, "members")
    assert pages(company, "&total=exact")[1]["total"] == {"value": 5}
    assert pages(company, "&total=exact&role=office_manager")[1]["total"] == {"below": 5}
    assert "total" not in pages(company)[1]
    made[0].client.put("/v1/me/employer-shield", {"entries": [{"kind": "company", "value": company.id}]}).expect(200)
    assert pages(company, "&total=exact")[1]["total"] == {"below": 5}


@pytest.mark.parametrize("visibility", ["blind", "members"])
def test_the_candidate_learns_who_saw_it(world, visibility):
    someone, company = candidate(world, visibility), verified(world, name="Curiosa")
    [item] = listed(company)
    company.client.get(f"/v1/candidates/{item['id']}").expect(200)
    company.client.get(f"/v1/candidates/{item['id']}", headers={"If-None-Match": "*"})
    seen = someone.client.get("/v1/audit?action=candidate.listed,candidate.viewed").expect(200).json["items"]
    assert [entry["action"] for entry in seen] == ["candidate.viewed", "candidate.viewed", "candidate.listed"]
    assert {entry["company"]["name"] for entry in seen} == {"Curiosa"}
    mine = company.client.get("/v1/audit?action=candidate.listed,candidate.viewed").expect(200).json["items"]
    assert len(mine) == 3 and all("candidate_id" not in entry for entry in mine)
    asked = company.client.get(f"/v1/audit?candidate_id={someone.id}").expect(200).json["items"]
    assert asked == []  # nor by asking for a candidate it knows from elsewhere


def test_changes_are_in_the_candidates_trail_alone(world, company):
    someone = candidate(world, "blind")
    shield(someone, ("company", company.id))
    entries = someone.client.get("/v1/audit?action=visibility.changed,shield.changed").expect(200).json["items"]
    assert [entry["action"] for entry in entries] == ["shield.changed", "visibility.changed"]
    assert company.id not in str(entries)
    assert company.client.get("/v1/audit?action=visibility.changed,shield.changed").expect(200).json["items"] == []


def test_turning_blind_leaves_no_place_to_be_known_by(world, database):
    """Neither the id nor the place in the list of what was seen by name joins it to what is seen blind afterwards."""
    someone, company = candidate(world, "members"), verified(world)
    def alias():
        return database.value("select alias from candidate_aliases where candidate_id = %s and company_id = %s", someone.id, company.id)
    listed(company)
    named = alias()
    someone.client.put("/v1/me/visibility", {"visibility": "blind"}).expect(200)
    [blind] = listed(company)
    assert blind["id"] == str(alias()) != str(named)
    company.client.get(f"/v1/candidates/{named}").expect(404, "not_found")
