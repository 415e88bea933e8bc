"""Coordinates of a vacancy: the company's, or those of its town in the gazetteer, never mistaken for one another."""

import pytest
from support.world import vacancy

MILANO, COMO = (45.4643, 9.1895), (45.80819, 9.0832)


def there(location, place):
    return (location["latitude"], location["longitude"]) == pytest.approx(place, abs=0.02)


def make(company, **location):
    return company.client.post("/v1/jobs", vacancy(location={"country": "IT", **location})).expect(201).json


def test_the_towns_where_none_are_given(company, api):
    job = make(company, city="Milano")
    assert there(job["location"], MILANO) and job["location"]["coordinates"] == "gazetteer"
    path = f"/v1/jobs/{job['id']}"
    assert api.get(path).expect(200).json["location"] == job["location"]
    card = next(item for item in api.get("/v1/jobs", params={"limit": 100}).json["items"] if item["id"] == job["id"])
    assert card["location"] == job["location"]
    near = api.get("/v1/jobs", params={"lat": job["location"]["latitude"], "lon": job["location"]["longitude"], "radius_km": 1}).json
    assert job["id"] in [item["id"] for item in near["items"]]


def test_another_town_has_its_own(company):
    job = make(company, city="Milano")
    moved = company.client.patch(f"/v1/jobs/{job['id']}", {"location": {"city": "Como"}}).expect(200).json
    assert there(moved["location"], COMO) and moved["location"]["coordinates"] == "gazetteer"


def test_the_companys_own_stay(company):
    job = make(company, city="Milano", latitude=45.5, longitude=9.25)
    assert job["location"] == {"country": "IT", "city": "Milano", "latitude": 45.5, "longitude": 9.25}
    path = f"/v1/jobs/{job['id']}"
    moved = company.client.patch(path, {"location": {"city": "Como"}}).expect(200).json
    assert moved["location"] == {"country": "IT", "city": "Como", "latitude": 45.5, "longitude": 9.25}
    for change in ({"coordinates": "gazetteer"}, {"latitude": None, "longitude": None}):
        company.client.patch(path, {"location": {"latitude": 45.5, "longitude": 9.25}}).expect(200)
        given_up = company.client.patch(path, {"location": change}).expect(200).json
        assert there(given_up["location"], COMO) and given_up["location"]["coordinates"] == "gazetteer"


def test_sent_back_as_it_came(company, database):
    """Who reads a vacancy, moves it and writes it whole does not pin it to the former town."""
    company.client.put(f"/v1/companies/{company.id}/jobs/ref-1", vacancy(location={"country": "IT", "city": "Milano"})).expect(201)
    location = company.client.get("/v1/jobs?scope=own&limit=1").json["items"][0]["location"]
    assert location["coordinates"] == "gazetteer"
    again = company.client.put(f"/v1/companies/{company.id}/jobs/ref-1", vacancy(location={**location, "city": "Como"})).expect(200).json
    assert there(again["location"], COMO) and again["location"]["coordinates"] == "gazetteer"
    assert database.value("select latitude is null from jobs where id = %s", again["id"])
    same = company.client.put(f"/v1/companies/{company.id}/jobs/ref-1", vacancy(location=again["location"])).expect(200).json
    assert same["version"] == again["version"]


@pytest.mark.parametrize("location", [{"city": "Vattelapesca"}, {"region": "Lombardia"}, {}])
def test_no_town_no_coordinates(company, location):
    job = make(company, **location)
    assert not {"latitude", "longitude", "coordinates"} & set(job["location"])


@pytest.mark.parametrize("bad, code", [({"coordinates": "guessed"}, "enum"), ({"coordinates": 1}, "type")])
def test_bad_input(company, bad, code):
    answer = company.client.post("/v1/jobs", vacancy(location={"country": "IT", "city": "Milano", **bad}))
    assert answer.expect(422, "validation_failed").errors == {("/location/coordinates", code)}


def test_of_several_towns_the_one_in_the_region(company):
    """Castro in Lombardy, Castro in Apulia."""
    north, south = (make(company, city="Castro", region=region)["location"] for region in ("Lombardia", "Puglia"))
    assert north["latitude"] > 45 and south["latitude"] < 41
