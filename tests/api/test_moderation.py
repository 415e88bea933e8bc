"""Verification and suspension of a company: by operators, with all that follows, on every instance."""


import pytest
from support.eventually import eventually
from support.server import Server
from support.world import vacancy


@pytest.fixture(scope="module")
def operator(world, company):
    return world.operator(company)


@pytest.fixture
def firm(world):
    return world.company()


@pytest.fixture(scope="module")
def second(database, tmp_path_factory):
    """Another instance on the same data base."""
    running = Server(tmp_path_factory.mktemp("second"), database.conninfo, [])
    client = running.client()
    yield client
    client.close()
    running.stop()


def path(firm, what):
    return f"/v1/companies/{firm.id}/{what}"


def suspend(operator, firm, reason="Under review."):
    return operator.client.put(path(firm, "suspension"), {"reason": reason})


# --- verification -----------------------------------------------------------------------------------------------------


def test_a_company_is_verified(world, firm, operator, api):
    job = world.job(firm)
    assert firm.client.get(path(firm, "verification")).expect(200).json == {"status": "unverified"}
    answer = operator.client.patch(path(firm, "verification"), {"status": "verified", "method": "register", "note": "Seen."})
    verified = answer.expect(200).json
    changed_at = verified.pop("changed_at")
    assert verified == {"status": "verified", "method": "register", "note": "Seen."}
    public = api.get(f"/v1/companies/{firm.id}").expect(200)
    assert public.json["verified"] and public.json["verified_at"] == changed_at and b"Seen." not in public.body
    assert api.get(f"/v1/jobs/{job['id']}").expect(200).json["company"]["verified"]
    assert firm.client.get(path(firm, "verification")).expect(200).json["note"] == "Seen."
    again = operator.client.patch(path(firm, "verification"), {"status": "verified"}).expect(200)
    assert again.json["changed_at"] == changed_at and again.etag == answer.etag
    operator.client.patch(path(firm, "verification"), {"status": "rejected"}, headers={"If-Match": '"old"'}).expect(
        412, "precondition_failed")
    operator.client.patch(path(firm, "verification"), {"status": "rejected", "method": None, "note": "Not its register."},
                          headers={"If-Match": answer.etag}).expect(200)
    assert not api.get(f"/v1/companies/{firm.id}").expect(200).json["verified"]
    actions = [entry["action"] for entry in firm.client.get("/v1/audit").expect(200).json["items"]]
    assert actions[:2] == ["company.rejected", "company.verified"]
    audit = firm.client.get("/v1/audit").expect(200)
    assert audit.json["items"][0]["actor"] == {"kind": "operator"} and b"Seen." not in audit.body


def test_a_new_legal_name_is_not_verified(firm, operator):
    operator.client.patch(path(firm, "verification"), {"status": "verified", "note": "Seen."}).expect(200)
    firm.client.patch(f"/v1/companies/{firm.id}", {"website": "https://a.example"}).expect(200)
    assert firm.client.get(path(firm, "verification")).expect(200).json["status"] == "verified"
    firm.client.patch(f"/v1/companies/{firm.id}", {"legal_name": "Another S.p.A."}).expect(200)
    assert firm.client.get(path(firm, "verification")).expect(200).json["status"] == "unverified"
    assert firm.client.get("/v1/audit?action=company.unverified").expect(200).json["items"]


@pytest.mark.parametrize(("body", "errors"), [
    ({"status": "verified"}, {("/note", "required")}), ({"status": "perhaps", "note": "x"}, {("/status", "enum")}),
    ({"status": "verified", "note": " "}, {("/note", "pattern")}), ({}, {("", "min_properties")}),
    ({"verified": True}, {("/verified", "unknown_field")}), ({"note": "x" * 4001}, {("/note", "max_length")})])
def test_a_verification_needs_its_evidence(firm, operator, body, errors):
    assert operator.client.patch(path(firm, "verification"), body).expect(422, "validation_failed").errors == errors


def test_who_may_verify(world, firm, operator):
    for who in (firm, world.member(firm, "recruiter"), world.company(), world.candidate()):
        who.client.patch(path(firm, "verification"), {"status": "verified", "note": "I say so."}).expect(403, "forbidden")
    for who in (world.member(firm, "recruiter"), world.company(), world.candidate()):
        who.client.get(path(firm, "verification")).expect(403, "forbidden")
    operator.client.get("/v1/companies/01a1bf6d-b340-7a11-8c52-5d0f3b6e9a01/verification").expect(404, "not_found")
    operator.client.patch("/v1/companies/01a1bf6d-b340-7a11-8c52-5d0f3b6e9a01/verification",
                          {"status": "verified", "note": "x"}).expect(404, "not_found")


def test_operators_find_whom_to_verify(world, operator):
    first, second = world.company(country="AT"), world.company(country="AT")
    operator.client.patch(path(first, "verification"), {"status": "verified", "note": "Seen."}).expect(200)
    suspend(operator, second).expect(201)

    def listed(**params):
        return [item["id"] for item in operator.client.get("/v1/companies", params={
            "country": "AT", **params}).expect(200).json["items"]]

    assert listed() == [second.id, first.id]
    assert listed(verification="unverified,rejected") == [second.id] == listed(suspended="true")
    assert listed(verification="verified") == [first.id] == listed(suspended="false")
    item = operator.client.get("/v1/companies?suspended=true&country=AT").expect(200).json["items"][0]
    assert item["suspension"]["reason"] == "Under review." and item["verification"] == {"status": "unverified"}
    page = operator.client.get("/v1/companies?country=AT&limit=1").expect(200).json
    rest = operator.client.get("/v1/companies", params={"country": "AT", "limit": 1, "cursor": page["next_cursor"]})
    assert [page["items"][0]["id"], rest.expect(200).json["items"][0]["id"]] == [second.id, first.id]
    first.client.get("/v1/companies").expect(403, "forbidden")


# --- suspension -------------------------------------------------------------------------------------------------------


def in_public(client, firm, job):
    """Where the public still sees a vacancy of the company."""
    found = set()
    if client.get(f"/v1/jobs/{job['id']}").status != 404:
        found.add("by id")
    for name, params in (("list", {"limit": 100}), ("filtered", {"limit": 100, "company_id": firm.id}),
                         ("words", {"limit": 100, "q": "direzione"})):
        answer = client.get("/v1/jobs", params=params)
        if answer.status == 200 and any(item["id"] == job["id"] for item in answer.json["items"]):
            found.add(name)
    return found - {"words"}


def test_a_suspended_company_s_vacancies_are_gone(world, firm, operator, api):
    job, closed = world.job(firm), world.job(firm)
    firm.client.patch(f"/v1/jobs/{closed['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    candidate, late = world.candidate(), world.candidate()
    sent = world.application(candidate, job)
    answer = suspend(operator, firm, "Asked for money.").expect(201)
    assert answer.json["reason"] == "Asked for money." and answer.headers["Location"] == path(firm, "suspension")
    assert in_public(api, firm, job) == set() and api.get(f"/v1/jobs/{closed['id']}").status == 404
    late.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(404, "not_found")
    again = candidate.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(409, "already_applied")
    assert again.json["application_id"] == sent["id"]
    candidate.client.get(f"/v1/applications/{sent['id']}").expect(200)
    assert len(candidate.client.get("/v1/applications").expect(200).json["items"]) == 1
    candidate.client.patch(f"/v1/applications/{sent['id']}", {"status": "withdrawn"}).expect(200)
    operator.client.delete(path(firm, "suspension")).expect(204)
    eventually(lambda: in_public(api, firm, job) == {"by id", "list", "filtered"}, "it is back")
    assert api.get(f"/v1/jobs/{closed['id']}").status == 410
    late.client.post(f"/v1/jobs/{job['id']}/applications", {}).expect(201)
    actions = [entry["action"] for entry in firm.client.get("/v1/audit").expect(200).json["items"]]
    assert actions.index("company.reinstated") < actions.index("company.suspended")


def test_what_members_may_do_meanwhile(world, firm, operator):
    job, draft = world.job(firm), world.job(firm, status="draft")
    _, token = world.token(firm, ["jobs:read", "jobs:write", "company:read"])
    recruiter = world.member(firm, "recruiter")
    sent = world.application(world.candidate(), job)
    suspend(operator, firm, "Asked for money.").expect(201)
    for client in (firm.client, recruiter.client, token):
        for method, target, body in (
                ("POST", "/v1/jobs", vacancy()), ("GET", "/v1/jobs?scope=own", None), ("PATCH", f"/v1/jobs/{job['id']}", {}),
                ("PUT", path(firm, "jobs/A-1"), vacancy()), ("DELETE", f"/v1/jobs/{draft['id']}", None),
                ("GET", "/v1/applications", None), ("GET", f"/v1/applications/{sent['id']}", None),
                ("PATCH", f"/v1/companies/{firm.id}", {"name": "x"})):
            answer = client.request(method, target, body).expect(403, "company_suspended").json
            assert answer["reason"] == "Asked for money." and answer["suspended_at"]
        client.get(f"/v1/jobs/{draft['id']}").expect(404, "not_found")
        client.get("/v1/jobs").expect(200)
        assert client.get(path(firm, "suspension")).expect(200).json["reason"] == "Asked for money."
    for who in (firm, recruiter):
        mine = who.client.get("/v1/me").expect(200).json
        assert mine["companies"][0]["suspension"]["reason"] == "Asked for money."
        who.client.patch("/v1/me", {"name": "Still me"}).expect(200)
        who.client.get("/v1/tokens").expect(200)
    firm.client.get(path(firm, "verification")).expect(200)
    recruiter.client.delete("/v1/sessions/current").expect(204)
    operator.client.delete(path(firm, "suspension")).expect(204)
    firm.client.get("/v1/applications").expect(200)
    token.get(f"/v1/jobs/{draft['id']}").expect(200)
    assert "suspension" not in firm.client.get("/v1/me").expect(200).json["companies"][0]
    firm.client.get(path(firm, "suspension")).expect(404, "not_found")


def test_another_company_of_the_same_member_goes_on(world, firm, operator, database):
    other = world.company()
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'owner' from accounts"
                   " where email = %s", firm.id, other.email)
    suspend(operator, firm).expect(201)
    for company, status in ((firm, 403), (other, 200)):
        assert other.client.get("/v1/jobs?scope=own", headers={"Segreteria-Company": company.id}).status == status


def test_a_reason_is_needed_and_can_change(world, firm, operator):
    for body, error in (({}, ("/reason", "required")), ({"reason": " "}, ("/reason", "pattern"))):
        assert operator.client.put(path(firm, "suspension"), body).expect(422, "validation_failed").errors == {error}
    first = suspend(operator, firm).expect(201).json
    etag = {"If-Match": operator.client.get(path(firm, "suspension")).expect(200).etag}
    second = suspend(operator, firm, "Another reason.").expect(200).json
    operator.client.put(path(firm, "suspension"), {"reason": "x"}, headers=etag).expect(412, "precondition_failed")
    operator.client.delete(path(firm, "suspension"), headers=etag).expect(412, "precondition_failed")
    assert second == {"suspended_at": first["suspended_at"], "reason": "Another reason."}
    operator.client.delete(path(firm, "suspension")).expect(204)
    operator.client.delete(path(firm, "suspension")).expect(404, "not_found")
    operator.client.put("/v1/companies/01a1bf6d-b340-7a11-8c52-5d0f3b6e9a01/suspension", {"reason": "x"}).expect(
        404, "not_found")
    for who in (firm, world.company(), world.candidate()):
        who.client.put(path(firm, "suspension"), {"reason": "x"}).expect(403, "forbidden")
        who.client.delete(path(firm, "suspension")).expect(403, "forbidden")


def test_owners_are_told(world, firm, operator, database):
    suspend(operator, firm, "Asked for money.").expect(201)
    suspend(operator, firm, "Another reason.").expect(200)
    assert database.value("select count(*) from outbox where template = 'company_suspended' and account_id ="
                          " (select id from accounts where email = %s)", firm.email) == 1


def test_what_was_under_way(world, firm, operator, database):
    """Suspended behind the caches: the write itself sees it."""
    world.heard_all(firm)  # also of its making
    firm.client.get("/v1/me").expect(200)
    database.query("set session_replication_role = replica")
    database.query("update companies set suspended_at = now(), suspension_reason = 'Quietly.' where id = %s", firm.id)
    database.query("set session_replication_role = origin")
    firm.client.patch("/v1/me", {"name": "Still me"}).expect(200)
    answer = firm.client.post("/v1/jobs", vacancy()).expect(403, "company_suspended")
    assert answer.json["reason"] == "Quietly."
    firm.client.get("/v1/jobs?scope=own").expect(403, "company_suspended")


def test_every_instance_hears_of_it(world, firm, operator, second):
    job = world.job(firm)
    _, token = world.token(firm, ["jobs:read", "applications:read"])
    there = second.as_(token.token)
    eventually(lambda: in_public(second, firm, job) == {"by id", "list", "filtered"}, "the vacancy is public there")
    there.get("/v1/applications").expect(200)
    suspend(operator, firm).expect(201)
    assert "by id" not in in_public(second, firm, job), "no wait: PostgreSQL says so"
    eventually(lambda: there.get("/v1/applications").status == 403, "the token is refused there")
    eventually(lambda: in_public(second, firm, job) == set(), "the vacancy is gone there")
    operator.client.delete(path(firm, "suspension")).expect(204)
    eventually(lambda: there.get("/v1/applications").status == 200, "the token works there again")
    eventually(lambda: in_public(second, firm, job) == {"by id", "list", "filtered"}, "the vacancy is back there")


def test_search_forgets_and_finds_again(world, firm, operator, database):
    jobs = [world.job(firm)["id"] for _ in range(3)]
    world.job(firm, status="draft")

    def rows():
        return database.value("select count(*) from job_search where company_id = %s", firm.id)

    def changes():
        return database.value("select count(*) from job_changes where job_id = any (%s::uuid[])", jobs)

    assert rows() == 3
    before = changes()
    suspend(operator, firm).expect(201)
    assert rows() == 0 and changes() == before + 3
    operator.client.delete(path(firm, "suspension")).expect(204)
    assert rows() == 3 and changes() > before + 3
    assert database.value("select not search_pending from companies where id = %s", firm.id)
