"""GET /v1/jobs: filters, order, paging."""

import re
import threading
import uuid
from urllib.parse import quote

import pytest
from support.client import ndjson
from support.eventually import eventually
from support.world import in_days, vacancy

VARIANTS = {
    "milan": {},
    "como": {"role": "receptionist", "employment_type": "part_time", "contract": "fixed_term", "work_mode": "on_site",
             "confidentiality_level": "standard", "location": {"country": "IT", "region": "Lombardia", "city": "Como"}},
    "leeds": {"role": "secretary", "employment_type": "temporary", "contract": "agency", "work_mode": "remote",
              "confidentiality_level": "board", "location": {"country": "GB", "region": "Yorkshire", "city": "Leeds"}},
    "named": {"role": "office_manager", "location": {"country": "IT", "region": "Valle d'Aosta, alta", "city": "Saint-Vincent, AO"}},
    "bare": {"role": None, "employment_type": None, "contract": None, "work_mode": None, "location": None},
}


@pytest.fixture(scope="module")
def listed(world, company):
    """{name: id}, in the order in which they were published; and others that no list may show to the public."""
    jobs = {name: world.job(company, title=name, **{"confidentiality_level": "high", **changes})["id"]
            for name, changes in VARIANTS.items()}
    world.job(company, status="draft")
    paused, closed = world.job(company), world.job(company)
    company.client.patch(f"/v1/jobs/{paused['id']}", {"status": "paused"}).expect(200)
    company.client.patch(f"/v1/jobs/{closed['id']}", {"status": "closed", "close_reason": "other"}).expect(200)
    return jobs


def titles(client, query, company):
    answer = client.get(f"/v1/jobs?company_id={company.id}&limit=100&{query}").expect(200)
    return [item["title"] for item in answer.json["items"]]


@pytest.mark.parametrize("query, found", [
    ("", "bare named leeds como milan"),
    ("role=receptionist", "como"), ("role=receptionist,secretary", "leeds como"), ("role=receptionist&role=secretary", "leeds como"),
    ("role=chief_of_staff", ""),
    ("employment_type=part_time,temporary", "leeds como"), ("contract=agency", "leeds"),
    ("work_mode=remote", "leeds"), ("work_mode=on_site,remote", "leeds como"),
    ("confidentiality_level=board", "leeds"), ("confidentiality_level=high", "bare named milan"),
    ("country=GB", "leeds"), ("country=it", "named como milan"), ("country=GB,IT", "named leeds como milan"),
    ("region=lombardia", "como milan"), ("region=Lombardia&region=Yorkshire", "leeds como milan"),
    ("city=MILANO", "milan"), ("city=Milano,Leeds", "leeds milan"), ("city=Milano&city=Leeds", "leeds milan"),
    ("city=Saint-Vincent%2C%20AO", "named"), ("region=Valle%20d%27Aosta%2C+alta", "named"), ("city=Saint-Vincent,AO", ""),
    ("country=IT&role=receptionist&work_mode=on_site", "como"), ("country=IT&role=secretary", ""),
    ("published_since=2000-01-01T00:00:00Z", "bare named leeds como milan"), ("published_since=2100-01-01T00:00:00Z", ""),
    ("published_since=2000-01-01T00:00:00%2B02:00", "bare named leeds como milan"),
])
def test_filters(listed, api, company, query, found):
    assert titles(api, query, company) == found.split()


def test_several_companies(listed, api, world, company):
    other = world.company()
    world.job(other, title="other")
    items = api.get(f"/v1/jobs?company_id={company.id},{other.id}&role=executive_assistant").expect(200).json["items"]
    assert [item["title"] for item in items] == ["other", "milan"]
    assert api.get(f"/v1/jobs?company_id={uuid.uuid4()}").expect(200).json == {
        "items": [], "next_cursor": None, "total": {"value": 0, "accuracy": "exact"}}


def test_own(listed, company, world):
    items = company.client.get("/v1/jobs?scope=own&limit=100").expect(200).json["items"]
    assert len(items) == len(VARIANTS) + 3
    assert {item["status"] for item in items} == {"draft", "published", "paused", "closed"}
    for query, count in (("status=draft", 1), ("status=paused,closed", 2), ("status=published&role=receptionist", 1),
                         ("status=expired", 0), ("city=como", 1), ("country=gb", 1)):
        assert len(company.client.get(f"/v1/jobs?scope=own&limit=100&{query}").expect(200).json["items"]) == count, query
    other = world.company()
    assert other.client.get("/v1/jobs?scope=own").expect(200).json["items"] == []


def test_status_is_a_filter_of_own_lists(api, company):
    for client in (api, company.client):
        assert client.get("/v1/jobs?status=draft").expect(400, "invalid_parameter").errors == {("status", "unknown_parameter")}


def test_a_card_says_what_the_vacancy_says(listed, api, company):
    item = api.get(f"/v1/jobs?company_id={company.id}&role=secretary").json["items"][0]
    whole = api.get(f"/v1/jobs/{item['id']}").json
    assert item == {name: whole[name] for name in item}
    assert "description" not in item


# --- paging -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(world):
    """A company with 73 vacancies, oldest first."""
    company = world.company()
    lines = [vacancy(title=f"n{n}") for n in range(73)]
    results = company.client.post("/v1/jobs/batch", body=ndjson(lines), headers={"Content-Type": "application/x-ndjson"}).lines
    assert {result["status"] for result in results} == {201}
    return company


@pytest.mark.parametrize("limit", [1, 7, 72, 73, 74, 100])
def test_pages(many, api, limit):
    query = {"company_id": many.id}
    everything = [item["id"] for item in api.get("/v1/jobs", params={**query, "limit": 100}).json["items"]]
    assert len(everything) == len(set(everything)) == 73
    assert [item["id"] for item in api.pages("/v1/jobs", **query, limit=limit)] == everything
    own = [item["id"] for item in many.client.pages("/v1/jobs", scope="own", limit=limit)]
    assert sorted(own) == sorted(everything) and len(own) == 73


def test_newest_first(many, api):
    times = [item["published_at"] for item in api.pages("/v1/jobs", limit=50)]
    assert times == sorted(times, reverse=True)


def test_default_limit(many, api):
    assert len(api.get("/v1/jobs").json["items"]) == 20


def test_link_leads_to_the_next_page(many, api):
    target, seen = f"/v1/jobs?company_id={many.id}&limit=30&country=IT,GB&city={quote('Milano')}", []
    while target:
        answer = api.get(target).expect(200)
        seen += [item["id"] for item in answer.json["items"]]
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers["Link"] or "")
        assert (link is None) == (answer.json["next_cursor"] is None)
        assert not link or quote(answer.json["next_cursor"]) in link[1]
        target = link and link[1]
    assert len(seen) == len(set(seen)) == 73


def test_cursor_with_another_limit(many, api):
    first = api.get("/v1/jobs", params={"company_id": many.id, "limit": 10}).json
    rest = list(api.pages("/v1/jobs", company_id=many.id, limit=50, cursor=first["next_cursor"]))
    assert len(rest) == 63 and not {item["id"] for item in rest} & {item["id"] for item in first["items"]}


def test_tampered_cursor(many, api):
    cursor = api.get("/v1/jobs", params={"company_id": many.id, "limit": 10}).json["next_cursor"]
    query = {"company_id": many.id, "limit": 10}
    for place in (0, 5, len(cursor) // 2, len(cursor) - 2):
        bad = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1:]
        api.get("/v1/jobs", params={**query, "cursor": bad}).expect(400, "invalid_cursor")
    for bad in (cursor[:-1], cursor + "A", cursor + "=", "x", "A" * 2000, cursor.swapcase(), "0.00000000-0000-0000-0000-000000000000"):
        api.get("/v1/jobs", params={**query, "cursor": bad}).expect(400, "invalid_cursor")


def test_cursor_of_another_list(many, api, candidate):
    cursor = api.get("/v1/jobs", params={"company_id": many.id, "limit": 10}).json["next_cursor"]
    for query in ({}, {"company_id": many.id, "country": "IT"}, {"company_id": str(uuid.uuid4())}):
        api.get("/v1/jobs", params={**query, "cursor": cursor}).expect(400, "invalid_cursor")
    many.client.get("/v1/jobs", params={"scope": "own", "cursor": cursor}).expect(400, "invalid_cursor")
    many.client.get("/v1/applications", params={"cursor": cursor}).expect(400, "invalid_cursor")
    own = many.client.get("/v1/jobs", params={"scope": "own", "limit": 3}).json["next_cursor"]
    many.client.get("/v1/tokens", params={"cursor": own}).expect(400, "invalid_cursor")


def test_pages_do_not_shift(world, api):
    """While others publish and close, a reader meets each vacancy that was there all along exactly once."""
    company = world.company()
    lines = [vacancy(title=f"n{n}") for n in range(120)]
    made = company.client.post("/v1/jobs/batch", body=ndjson(lines), headers={"Content-Type": "application/x-ndjson"}).lines
    stay = {result["id"] for result in made[::2]}
    go = [result["id"] for result in made[1::2]]
    stop = threading.Event()

    def disturb():
        client = company.client.as_(company.token)
        while not stop.is_set():
            client.post("/v1/jobs", vacancy(title="later")).expect(201)
            if go:
                client.patch(f"/v1/jobs/{go.pop()}", {"status": "closed", "close_reason": "filled"}).expect(200)

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        for limit in (3, 7, 20):
            seen = [item["id"] for item in api.pages("/v1/jobs", company_id=company.id, limit=limit)]
            assert len(seen) == len(set(seen)), "a vacancy was listed twice"
            assert stay <= set(seen), "a vacancy was missed"
    finally:
        stop.set()
        writer.join()


def test_etag_of_a_list(many, api):
    target = f"/v1/jobs?company_id={many.id}&limit=5"
    answer = api.get(target).expect(200)
    api.get(target, headers={"If-None-Match": answer.etag}).expect(304)
    many.client.post("/v1/jobs", vacancy(title="one more", valid_through=in_days(3))).expect(201)
    eventually(lambda: api.get(target, headers={"If-None-Match": answer.etag}).status == 200, "a new vacancy is in the list")
