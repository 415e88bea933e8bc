"""An agency advertises for a client that it does not name: who may, what becomes of it, and that nobody else learns who it is."""

import pytest
from support.world import vacancy

CLIENT = {"legal_name": "Officine Zafferano Segrete S.p.A.", "vat_id": "IT07654321098", "country": "IT"}
HIDDEN = {"confidential_client": True, "client": CLIENT}
NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture
def agency(world, database):
    """A verified agency."""
    company = world.company(name="Selezione Riservata")
    database.query("update companies set kind = 'agency', verified_at = now() where id = %s", company.id)
    return company


@pytest.fixture(scope="module")
def operator(world, company):
    return world.operator(company)


def codes(answer):
    return {(error["pointer"], error["code"]) for error in answer.json["errors"]}


def says(job):
    """The vacancy without what its client is: no answer but one has that."""
    return b"Zafferano" in job.body or b"zafferano" in job.body or b"07654321098" in job.body


def test_a_verified_agency_publishes(agency, api):
    answer = agency.client.post("/v1/jobs", vacancy(**HIDDEN)).expect(201)
    assert answer.json["confidential_client"] is True and "client" not in answer.json
    assert answer.json["company"]["name"] == "Selezione Riservata" and answer.json["company"]["kind"] == "agency"
    public = api.get(f"/v1/jobs/{answer.json['id']}").expect(200)
    assert public.json["confidential_client"] is True and not says(answer) and not says(public)


def test_nobody_else_learns_it(agency, world, candidate, api, database, operator):
    job = agency.client.post("/v1/jobs", vacancy(**HIDDEN, title="Assistente riservata zeppelin")).expect(201).json
    target = f"/v1/jobs/{job['id']}"
    other = world.company()
    agency.client.patch(target, {"openings": 2}).expect(200)
    for client in (api, candidate.client, other.client, agency.client, operator.client):
        assert not says(client.get(target).expect(200))
    for answer in (api.get(target, headers={"Accept": "application/ld+json"}), api.get("/v1/jobs", params={"q": "zeppelin"}),
                   api.get("/v1/jobs", params={"q": "zeppelin"}, headers=NDJSON), api.get("/v1/jobs/suggest", params={"q": "zepp"}),
                   api.get(f"{target}/similar"), agency.client.get("/v1/jobs", params={"scope": "own"}),
                   world.candidate().client.post(f"{target}/applications", {}), agency.client.get(f"{target}/applications"),
                   agency.client.get("/v1/applications", headers=NDJSON)):
        assert answer.status in (200, 201) and not says(answer)
    assert api.get("/v1/jobs", params={"q": "zafferano", "total": "exact"}).expect(200).json["items"] == []
    assert api.get("/v1/jobs/suggest", params={"q": "zaffer"}).expect(200).json["items"] == []
    shown = api.get("/v1/jobs", params={"q": "zeppelin", "highlight": "true", "facets": "company,city,tool", "facet_limit": 100,
                                        "fields": "title,description,company,confidential_client"}).expect(200)
    assert shown.json["items"][0]["confidential_client"] is True and not says(shown)
    assert [value["label"] for value in shown.json["facets"]["company"]["values"]] == ["Selezione Riservata"]
    misspelt = api.get("/v1/jobs", params={"q": "zafferanno"}).expect(200).json  # no vocabulary has the name either
    assert misspelt["items"] == [] and "corrected_query" not in misspelt
    # Stored in one column, and nowhere else.
    found = database.query("""
        select t.table_name from information_schema.tables t where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
            and (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %%I r where r::text like ''%%%%afferano%%%%''',
                t.table_name), false, true, '')))[1]::text <> '0'""")
    assert [row[0] for row in found] == ["jobs"]


def test_the_client_is_read_by_the_agency_and_by_operators(agency, world, candidate, operator, api, database):
    job = agency.client.post("/v1/jobs", vacancy(**HIDDEN)).expect(201).json
    target = f"/v1/jobs/{job['id']}/client"
    assert agency.client.get(target).expect(200).json == CLIENT
    assert world.member(agency, "viewer").client.get(target).expect(200).json == CLIENT
    assert operator.client.get(target).expect(200).json == CLIENT
    world.company().client.get(target).expect(404, "not_found")
    candidate.client.get(target).expect(403, "forbidden")
    api.get(target).expect(401, "unauthorized")
    _, without = world.token(agency, ["applications:read"])
    without.get(target).expect(403, "insufficient_scope")
    rows = agency.client.get("/v1/audit", params={"action": "job.client_viewed"}).expect(200).json["items"]
    assert [row["actor"]["kind"] for row in rows] == ["operator", "company", "company"]
    assert all(row["subject"] == {"kind": "job", "id": job["id"]} for row in rows)
    plain = world.job(agency)
    agency.client.get(f"/v1/jobs/{plain['id']}/client").expect(404, "not_found")


def test_a_shield_does_not_tell_who_the_client_is(agency, world):
    """Who names the client's VAT number on the shield applies like everybody else: a refusal would confirm the guess."""
    job, answers = agency.client.post("/v1/jobs", vacancy(**HIDDEN)).expect(201).json, []
    for entries in ([{"kind": "vat_id", "value": CLIENT["vat_id"]}], []):
        person = world.candidate()
        person.client.put("/v1/me/employer-shield", {"entries": entries}).expect(200)
        application = world.application(person, job)
        answers.append(set(application))
        assert agency.client.get(f"/v1/applications/{application['id']}").expect(200).json["candidate"]["id"] == person.id
    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind, verified", [("employer", False), ("employer", True), ("agency", False)])
def test_who_may_not_publish(world, database, kind, verified):
    company = world.company()
    database.query("update companies set kind = %s, verified_at = case when %s then now() end where id = %s", kind, verified, company.id)
    refused = company.client.post("/v1/jobs", vacancy(**HIDDEN)).expect(422, "validation_failed")
    assert codes(refused) == {("/confidential_client", "publish_client_verified_agency")}
    assert "276/2003" in refused.json["errors"][0]["detail"]
    checked = company.client.post("/v1/jobs/validate", vacancy(**HIDDEN)).expect(200).json
    assert not checked["publishable"] and [error["code"] for error in checked["errors"]] == ["publish_client_verified_agency"]
    draft = company.client.post("/v1/jobs", vacancy(**HIDDEN, status="draft")).expect(201).json
    answer = company.client.patch(f"/v1/jobs/{draft['id']}", {"status": "published"}).expect(422, "validation_failed")
    assert codes(answer) == {("/confidential_client", "publish_client_verified_agency")}
    batch = company.client.put(f"/v1/companies/{company.id}/jobs/hidden", vacancy(**HIDDEN)).expect(422, "validation_failed")
    assert codes(batch) == {("/confidential_client", "publish_client_verified_agency")}
    # Elsewhere nothing is asked.
    company.client.post("/v1/jobs", vacancy(**HIDDEN, location={"country": "FR"})).expect(201)


def test_what_must_be_said(agency):
    refused = agency.client.post("/v1/jobs", vacancy(confidential_client=True)).expect(422, "validation_failed")
    assert codes(refused) == {("/client", "publish_client_required")}
    refused = agency.client.post("/v1/jobs", vacancy(client=CLIENT, status="draft")).expect(422, "validation_failed")
    assert codes(refused) == {("/client", "client_not_confidential")}
    for client in ({}, {**CLIENT, "country": "Italia"}, {**CLIENT, "legal_name": " "}, {**CLIENT, "more": 1}, {**CLIENT, "vat_id": "?"}):
        agency.client.post("/v1/jobs", vacancy(confidential_client=True, client=client)).expect(422, "validation_failed")


def test_a_change_keeps_or_takes_away_the_client(agency):
    job = agency.client.post("/v1/jobs", vacancy(**HIDDEN)).expect(201).json
    target = f"/v1/jobs/{job['id']}"
    agency.client.patch(target, {"title": "Un altro titolo"}).expect(200)
    assert agency.client.get(f"{target}/client").expect(200).json == CLIENT
    agency.client.patch(target, {"client": {"legal_name": "Nuova Zafferano S.r.l."}}).expect(200)
    assert agency.client.get(f"{target}/client").json == {**CLIENT, "legal_name": "Nuova Zafferano S.r.l."}
    assert codes(agency.client.patch(target, {"client": None}).expect(422, "validation_failed")) == {("/client", "publish_client_required")}
    answer = agency.client.patch(target, {"client": None, "confidential_client": None}).expect(200)
    assert "confidential_client" not in answer.json
    agency.client.get(f"{target}/client").expect(404, "not_found")


def test_a_verification_that_is_withdrawn_pauses_them(agency, world, operator, api):
    hidden, plain = (agency.client.post("/v1/jobs", vacancy(**more)).expect(201).json for more in (HIDDEN, {}))
    abroad = agency.client.post("/v1/jobs", vacancy(**HIDDEN, location={"country": "FR"})).expect(201).json
    operator.client.patch(f"/v1/companies/{agency.id}/verification", {"status": "rejected", "note": "Not theirs."}).expect(200)
    state = lambda job: agency.client.get(f"/v1/jobs/{job['id']}").expect(200).json["status"]
    assert (state(hidden), state(plain), state(abroad)) == ("paused", "published", "published")
    assert api.get(f"/v1/jobs/{hidden['id']}").status in (404, 410)
    target = f"/v1/jobs/{hidden['id']}"
    refused = agency.client.patch(target, {"status": "published"}).expect(422, "validation_failed")
    assert codes(refused) == {("/confidential_client", "publish_client_verified_agency")}
    operator.client.patch(f"/v1/companies/{agency.id}/verification", {"status": "verified", "method": "register"}).expect(200)
    agency.client.patch(target, {"status": "published"}).expect(200)
    assert state(hidden) == "published"


def test_a_company_that_moves_to_a_country_with_rules_pauses_them(world):
    """A vacancy without a country is under those of its company's."""
    company = world.company(country="FR")
    hidden = company.client.post("/v1/jobs", vacancy(**HIDDEN, location=None)).expect(201).json
    abroad = company.client.post("/v1/jobs", vacancy(**HIDDEN, location={"country": "FR"})).expect(201).json
    plain = company.client.post("/v1/jobs", vacancy(location=None)).expect(201).json
    company.client.patch(f"/v1/companies/{company.id}", {"country": "IT"}).expect(200)
    state = lambda job: company.client.get(f"/v1/jobs/{job['id']}").expect(200).json["status"]
    assert (state(hidden), state(abroad), state(plain)) == ("paused", "published", "published")


def test_an_agency_that_changes_its_name_is_looked_at_again(agency):
    hidden = agency.client.post("/v1/jobs", vacancy(**HIDDEN)).expect(201).json
    agency.client.patch(f"/v1/companies/{agency.id}", {"legal_name": "Un'altra S.r.l."}).expect(200)
    assert agency.client.get(f"/v1/jobs/{hidden['id']}").expect(200).json["status"] == "paused"
