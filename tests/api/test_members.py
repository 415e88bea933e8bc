"""The members of a company: who sees them, who changes them, and what ends when they go."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.world import vacancy


class Team:
    """A company with an owner, a recruiter and a viewer; [role] is an account, path(role) its membership."""

    def __init__(self, world):
        self.world, self.owner = world, world.company()
        self.id = self.owner.id
        self.people = {"owner": self.owner, **{role: world.member(self.owner, role) for role in ("recruiter", "viewer")}}

    def __getitem__(self, role):
        return self.people[role]

    @property
    def members(self):
        return f"/v1/companies/{self.id}/members"

    def path(self, role):
        return f"{self.members}/{self.world.membership(self.owner, self[role])}"


@pytest.fixture
def team(world):
    return Team(world)


def test_list(team):
    for role in ("owner", "recruiter", "viewer"):
        items = team[role].client.get(team.members).expect(200).json["items"]
        assert [(item["role"], item["email"]) for item in items] == [
            (name, team[name].email) for name in ("viewer", "recruiter", "owner")]
    pages = [item["role"] for item in team.owner.client.pages(team.members, limit=1)]
    assert pages == ["viewer", "recruiter", "owner"]


def test_of_nobody_else(team, world, candidate, api, database):
    stranger = world.company()
    before = database.fingerprint()
    for client, refusal in ((stranger.client, (403, "forbidden")), (candidate.client, (403, "forbidden")),
                            (api, (401, "unauthorized"))):
        client.get(team.members).expect(*refusal)
        client.patch(team.path("viewer"), {"role": "owner"}).expect(*refusal)
        client.delete(team.path("viewer")).expect(*refusal)
    member = team.path("viewer").split("/")[-1]
    stranger.client.patch(f"/v1/companies/{stranger.id}/members/{member}", {"role": "owner"}).expect(404, "not_found")
    stranger.client.delete(f"/v1/companies/{stranger.id}/members/{member}").expect(404, "not_found")
    assert database.fingerprint() == before


def test_a_role_is_changed_at_once(team):
    recruiter = team["recruiter"].client
    _, token = team.world.token(team["recruiter"], ["jobs:read", "jobs:write"])
    for client in (recruiter, token):
        client.post("/v1/jobs", vacancy(status="draft")).expect(201)
    changed = team.owner.client.patch(team.path("recruiter"), {"role": "viewer"}).expect(200)
    assert changed.json["role"] == "viewer" and changed.json["version"] == 2
    recruiter.post("/v1/jobs", vacancy(status="draft")).expect(403, "forbidden")
    token.post("/v1/jobs", vacancy(status="draft")).expect(403, "forbidden")
    recruiter.get("/v1/jobs?scope=own").expect(200)
    team.owner.client.patch(team.path("recruiter"), {"role": "owner"}).expect(200)
    recruiter.patch(f"/v1/companies/{team.id}", {"website": "https://x.example"}).expect(200)
    token.post("/v1/jobs", vacancy(status="draft")).expect(201)  # it has what it was given, and no more than the account
    same = team.owner.client.patch(team.path("recruiter"), {"role": "owner"}).expect(200).json
    assert same["version"] == 3


def test_if_match(team):
    path = team.path("viewer")
    etag = team.owner.client.patch(path, {"role": "viewer"}).expect(200).etag
    team.owner.client.patch(path, {"role": "recruiter"}, headers={"If-Match": etag}).expect(200)
    for method, body in (("PATCH", {"role": "viewer"}), ("DELETE", None)):
        team.owner.client.request(method, path, body, headers={"If-Match": etag}).expect(412, "precondition_failed")


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": None}, {"role": "viewer", "email": "x@example.org"}])
def test_what_is_no_role(team, body):
    team.owner.client.patch(team.path("viewer"), body).expect(422, "validation_failed")


def test_the_last_owner_stays(team, database):
    before = database.fingerprint()
    team.owner.client.patch(team.path("owner"), {"role": "recruiter"}).expect(409, "last_owner")
    team.owner.client.delete(team.path("owner")).expect(409, "last_owner")
    assert database.fingerprint() == before
    team.owner.client.patch(team.path("recruiter"), {"role": "owner"}).expect(200)
    team.owner.client.delete(team.path("owner")).expect(204)
    team["recruiter"].client.delete(team.path("recruiter")).expect(409, "last_owner")


def test_two_owners_who_remove_each_other(world, database):
    """Whoever comes first: one is left."""
    for _ in range(6):
        one = world.company()
        two = world.member(one, "owner")
        paths = [f"/v1/companies/{one.id}/members/{world.membership(one, account)}" for account in (one, two)]
        with ThreadPoolExecutor(2) as pool:
            statuses = sorted(answer.status for answer in pool.map(
                lambda pair: pair[0].client.delete(pair[1]), ((one, paths[1]), (two, paths[0]))))
        assert statuses[0] == 204 and statuses[1] in (401, 403, 404, 409), statuses
        assert database.value("select count(*) from company_members where company_id = %s and role = 'owner'", one.id) == 1


def test_removed(team):
    """Sessions stay for the account, API tokens of the company end; the account is told by mail."""
    viewer = team["viewer"]
    token, client = team.world.token(viewer, ["jobs:read"])
    client.get("/v1/jobs?scope=own").expect(200)
    viewer.client.get("/v1/jobs?scope=own").expect(200)
    path = team.path("viewer")
    team.owner.client.delete(path).expect(204)
    client.get("/v1/jobs").expect(401, "invalid_token")
    viewer.client.get("/v1/jobs?scope=own").expect(403, "forbidden")
    viewer.client.get("/v1/applications").expect(403, "forbidden")
    viewer.client.get(team.members).expect(403, "forbidden")
    viewer.client.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read"]}).expect(403, "forbidden")
    me = viewer.client.get("/v1/me").expect(200).json
    assert me["companies"] == [] and "company" not in me and "role" not in me
    viewer.client.patch("/v1/me", {"name": "Still Somebody"}).expect(200)
    assert viewer.client.get("/v1/tokens").expect(200).json["items"] == []
    viewer.client.get(f"/v1/tokens/{token['id']}").expect(404, "not_found")
    team.owner.client.delete(path).expect(404, "not_found")
    assert team.world.database.value("select count(*) from outbox where template = 'member_removed' and account_id = "
                                     "(select id from accounts where email = %s)", viewer.email) == 1


@pytest.mark.parametrize("role", ["recruiter", "viewer"])
def test_leaving(team, role):
    other = "viewer" if role == "recruiter" else "recruiter"
    person = team[role].client
    person.delete(team.path(other)).expect(403, "forbidden")
    person.patch(team.path(role), {"role": "owner"}).expect(403, "forbidden")
    person.delete(team.path(role)).expect(204)
    assert person.get("/v1/me").json["companies"] == []
    assert team.world.database.value("select count(*) from outbox where template = 'member_removed' and account_id = "
                                     "(select id from accounts where email = %s)", team[role].email) == 0


def test_scopes_to_remove_and_to_leave(team):
    """Removing others needs company:write, leaving profile:write: the contract cannot say both."""
    path = team.path("viewer")
    for scopes in (["company:read", "profile:write"], ["jobs:read"]):
        team.world.token(team.owner, scopes)[1].delete(path).expect(403, "forbidden")
    team.world.token(team.owner, ["company:write"])[1].delete(path).expect(204)
    mine = team.path("recruiter")
    team.world.token(team["recruiter"], ["jobs:read", "company:read"])[1].delete(mine).expect(403, "forbidden")
    team.world.token(team["recruiter"], ["profile:write"])[1].delete(mine).expect(204)


def test_what_a_member_did_stays(team):
    job = team.world.job(team["recruiter"])
    team.owner.client.delete(team.path("recruiter")).expect(204)
    team.owner.client.get(f"/v1/jobs/{job['id']}").expect(200)


# --- the company's tokens ---------------------------------------------------------------------------------------------


def test_tokens_of_the_company(team, world):
    tokens = f"/v1/companies/{team.id}/tokens"
    mine, _ = world.token(team.owner, ["jobs:read"])
    theirs, client = world.token(team["recruiter"], ["jobs:read"], allowed_ips=["127.0.0.0/8"])
    gone, _ = world.token(team["recruiter"], ["jobs:read"])
    team["recruiter"].client.delete(f"/v1/tokens/{gone['id']}").expect(204)
    world.token(world.company(), ["jobs:read"])
    listed = team.owner.client.get(tokens).expect(200).json["items"]
    assert [(item["id"], item["member"]["email"]) for item in listed] == [
        (theirs["id"], team["recruiter"].email), (mine["id"], team.owner.email)]
    assert not any("secret" in item for item in listed)
    for role in ("recruiter", "viewer"):
        team[role].client.get(tokens).expect(403, "forbidden")
        team[role].client.delete(f"{tokens}/{mine['id']}").expect(403, "forbidden")
    client.get("/v1/jobs").expect(200)
    team.owner.client.delete(f"{tokens}/{theirs['id']}").expect(204)
    client.get("/v1/jobs").expect(401, "invalid_token")
    team.owner.client.delete(f"{tokens}/{theirs['id']}").expect(404, "not_found")
    stranger = world.company()
    stranger.client.delete(f"/v1/companies/{stranger.id}/tokens/{mine['id']}").expect(404, "not_found")
    stranger.client.get(tokens).expect(403, "forbidden")


def test_a_token_of_another_company_of_the_member_stays(team, world, database):
    """Removed from one company, a member keeps what it has for another."""
    other = world.company()
    database.query("insert into company_members (company_id, account_id, role) select %s, id, 'recruiter' from accounts "
                   "where email = %s", other.id, team["viewer"].email)
    both = world.login(team["viewer"].email).client
    here = both.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read"]}, headers={"Segreteria-Company": team.id}).expect(201)
    there = both.post("/v1/tokens", {"name": "t", "scopes": ["jobs:read", "jobs:write"]},
                      headers={"Segreteria-Company": other.id}).expect(201)
    listed = team.owner.client.get(f"/v1/companies/{team.id}/tokens").json["items"]
    assert [item["id"] for item in listed] == [here.json["id"]]
    team.owner.client.delete(f"/v1/companies/{team.id}/tokens/{there.json['id']}").expect(404, "not_found")
    team.owner.client.delete(team.path("viewer")).expect(204)
    both.as_(here.json["secret"]).get("/v1/jobs").expect(401, "invalid_token")
    both.as_(there.json["secret"]).post("/v1/jobs", vacancy(status="draft")).expect(201)
    assert both.post("/v1/jobs", vacancy(status="draft")).expect(201).json["company"]["id"] == other.id  # one is left
