"""Search over HTTP: what the contract says of the parameters, places, similar vacancies, completions. What a search finds is
tested in tests/sql."""

import time

import pytest
from support.eventually import eventually
from support.world import vacancy

SEARCH = "/v1/jobs"


@pytest.fixture(scope="module")
def published(world, company):
    jobs = {
        "milano": world.job(company, title="Segretaria di studio legale", role="legal_secretary",
                            languages=[{"language": "en", "level": "B2", "importance": "must"}],
                            tools=[{"name": "Microsoft Excel", "importance": "must"}]),
        "lecco": world.job(company, title="Segretaria legale e contenzioso", role="legal_secretary",
                           location={"country": "IT", "city": "Lecco"}, tools=[{"name": "microsoft_excel", "importance": "nice"}]),
        "roma": world.job(company, title="Receptionist", role="receptionist", location={"country": "IT", "city": "Roma"}),
    }
    return {name: job["id"] for name, job in jobs.items()}


def found(client, jobs, query):
    answer = client.get(f"{SEARCH}?{query}").expect(200).json
    return [name for item in answer["items"] for name, job in jobs.items() if job == item["id"]], answer


@pytest.mark.parametrize("query, wanted", [
    ("q=segretaria", ["lecco", "milano"]), ("q=%22legale+e+contenzioso%22", ["lecco"]), ("q=segretaria+-contenzioso", ["milano"]),
    ("near=Milano", ["milano"]), ("near=Milano&radius_km=60", ["lecco", "milano"]), ("near=Lecco+LC&sort=distance", ["lecco", "milano", "roma"]),
    ("lat=41.9&lon=12.5&radius_km=10", ["roma"]), ("language=en:B2", ["milano"]), ("language=en:B1", []), ("tool=microsoft_excel", ["lecco", "milano"]),
    ("tool=Microsoft+Excel&city=lecco", ["lecco"]), ("salary_min=38000&currency=EUR", ["roma", "lecco", "milano"]), ("salary_min=38001", []),
    ("office_days_max=3&role=receptionist", ["roma"]), ("sort=salary", ["roma", "lecco", "milano"]),
])
def test_search(published, api, query, wanted):
    names, answer = found(api, published, query)
    assert names == wanted
    assert answer["total"] == {"value": len(wanted), "accuracy": "exact"}


def test_facets_and_fields(published, api):
    _, answer = found(api, published, "facets=role,city,salary,published&role=receptionist&fields=title&total=none&facet_limit=1")
    assert [list(item) for item in answer["items"]] == [["id", "title"]] and "total" not in answer
    assert answer["facets"]["role"]["values"] == [{"value": "legal_secretary", "label": "Legal secretary", "count": 2}]
    assert answer["facets"]["role"]["rest"] == {"values": 1, "count": 1}
    assert answer["facets"]["city"]["values"] == [{"value": "roma", "label": "Roma", "count": 1}]
    _, answer = found(api, published, "fields=equal_opportunity_statement,confidential_client,blind_review&role=receptionist")
    assert [list(item) for item in answer["items"]] == [["id", "equal_opportunity_statement"]]
    italian = api.get(SEARCH + "?facets=role&limit=1", headers={"Accept-Language": "it"}).expect(200).json
    assert italian["facets"]["role"]["values"][0]["label"] == "Segretaria/o legale"


def test_highlight(published, api):
    _, answer = found(api, published, "q=contenzioso&highlight=true&fields=title&near=Milano&sort=distance")
    assert answer["items"][0]["highlight"] == {"title": "Segretaria legale e <mark>contenzioso</mark>"}
    assert 40_000 < answer["items"][0]["distance_m"] < 60_000 and answer["place"]["name"] == "Milano"


@pytest.mark.parametrize("query, wrong", [
    ("q=", {("q", "min_length")}), ("q=%20.%20", {("q", "no_words")}), ("q=il+la", {("q", "only_stop_words")}),
    ("q=" + "+".join(["parola"] * 33), {("q", "too_many_words")}), ("q=" + "+".join("abcde"[n % 5] for n in range(200)), {("q", "too_many_words")}),
    ("q=%22...%22+--+%E2%80%9C%E2%80%9D+%21%3F", {("q", "no_words")}), ("q=-the+%22di+il%22", {("q", "only_stop_words")}),
    ("q=%D0%B8%00", {("q", "nul_character")}), ("city=a%00b", {("city", "nul_character")}), ("near=%00", {("near", "nul_character")}), ("q=" + "a" * 501, {("q", "max_length")}),
    ("q=a%00b", {("q", "nul_character")}), ("q=a&q=b", {("q", "repeated_parameter")}),
    ("salary_min=5&salary_max=4", {("salary_max", "range_reversed")}), ("salary_min=-1", {("salary_min", "minimum")}),
    ("salary_min=x", {("salary_min", "type")}), ("salary_unit=week", {("salary_unit", "enum")}), ("currency=eur", {("currency", "pattern")}),
    ("facets=colour", {("facets", "enum")}), ("facets=role,colour,shape", {("facets", "enum")}), ("facet_limit=0", {("facet_limit", "minimum")}),
    ("radius_km=10", {("radius_km", "place_required")}), ("radius_km=0&near=Roma", {("radius_km", "minimum")}),
    ("lat=91&lon=0", {("lat", "maximum")}), ("lat=45", {("lat", "coordinates_incomplete")}), ("near=Roma&lat=1&lon=1", {("near", "two_places")}),
    ("sort=best", {("sort", "enum")}), ("sort=distance", {("sort", "place_required")}), ("sort=relevance", {("sort", "query_required")}),
    ("language=en:D1", {("language", "pattern")}), ("language=en:B1,en:B2", {("language", "duplicate_language_skill")}),
    ("fields=secret", {("fields", "enum")}), ("total=maybe", {("total", "enum")}), ("office_days_max=8", {("office_days_max", "maximum")}),
    ("published_since=yesterday", {("published_since", "format")}), ("colour=red", {("colour", "unknown_parameter")}),
    ("include_undisclosed=yes", {("include_undisclosed", "type")}), ("highlight=true", {("highlight", "query_required")}),
    ("radius_km=10&q=.&sort=distance", {("radius_km", "place_required"), ("q", "no_words"), ("sort", "place_required")}),
])
def test_bad_input_is_named(api, query, wrong):
    assert wrong <= api.get(f"{SEARCH}?{query}").expect(400, "invalid_parameter").errors


def test_many_repeated_parameters(api):
    for count in (60, 1000):
        assert api.get(SEARCH + "?" + "&".join(["q=a"] * count)).expect(400, "invalid_parameter").errors == {("q", "repeated_parameter")}
    assert ("x", "unknown_parameter") in api.get(SEARCH + "?" + "&".join(["x=1"] * 1000)).expect(400, "invalid_parameter").errors
    assert ("role", "max_items") in api.get(SEARCH + "?role=" + ",".join(["secretary"] * 300)).expect(400, "invalid_parameter").errors
    api.get(SEARCH + "?" + "&".join(f"city={n}" for n in range(1000))).expect(414, "uri_too_long")
    assert ("city", "max_items") in api.get(SEARCH + "?" + "&".join(f"city={n}" for n in range(60))).expect(400, "invalid_parameter").errors


def test_places_that_are_not_clear(api):
    answer = api.get(SEARCH + "?near=Samone").expect(422, "ambiguous_place")
    assert [place["province"] for place in answer.json["candidates"]] == ["TO", "TN"]
    assert answer.errors == {("near", "ambiguous_place")}
    answer = api.get(SEARCH + "?near=Atlantide", headers={"Accept-Language": "it"}).expect(422, "unknown_place")
    assert answer.errors == {("near", "unknown_place")} and "nessun luogo" in answer.json["errors"][0]["detail"]
    for near in ("Samone+TN", "Samone+(TN)", "Samone,+tn", "Parigi", "M%C3%BCnchen", "FI"):
        api.get(f"{SEARCH}?near={near}").expect(200)


@pytest.mark.parametrize("near, name, country", [
    ("BO", "Bologna", "IT"), ("re", "Reggio nell'Emilia", "IT"), ("+RO+", "Rovigo", "IT"), ("MI", "Milano", "IT"), ("Re+VB", "Re", "IT"),
    ("Bo,+SL", "Bo", "SL"), ("Bo&country=SL", "Bo", "SL"), ("CL", "Caltanissetta", "IT"), ("CS&country=it", "Cosenza", "IT"),
])
def test_two_letters_are_a_province(api, near, name, country):
    place = api.get(f"{SEARCH}?near={near}").expect(200).json["place"]
    assert (place["name"], place["country"]) == (name, country)


def test_a_place_and_where_it_is(api):
    for near, name in (("Milano, Lombardia", "Milano"), ("Milano, Italia", "Milano"), ("Paris, France", "Paris"), ("Wien, Österreich", "Vienna"),
                       ("Castro (BG), Italy", "Castro")):
        assert api.get(SEARCH, params={"near": near}).expect(200).json["place"]["name"] == name
    assert api.get(SEARCH, params={"near": "Milano, Italia", "country": "it"}).expect(200).json["place"]["province"] == "MI"
    for near, country in (("Atlantide, Italia", None), ("Milano, Francia", None), ("Italia", None), ("Milano, Italia", "FR")):
        answer = api.get(SEARCH, params={"near": near, **({"country": country} if country else {})}).expect(422, "unknown_place")
        assert answer.errors == {("near", "unknown_place")}
    answer = api.get(SEARCH, params={"near": "Castro, Italia"}, headers={"Accept-Language": "it"}).expect(422, "ambiguous_place")
    assert [place["province"] for place in answer.json["candidates"]] == ["LE", "BG"]


def test_a_cursor_belongs_to_its_query(published, api):
    del published
    cursor = api.get(SEARCH + "?q=segretaria&limit=1").expect(200).json["next_cursor"]
    assert api.get(f"{SEARCH}?q=segretaria&limit=1&cursor={cursor}").expect(200).json["items"]
    for query in ("q=segretari", "q=segretaria&sort=recent", "limit=1", "q=segretaria&facets=role", "q=segretaria&near=Milano"):
        assert api.get(f"{SEARCH}?{query}&cursor={cursor}").expect(400, "invalid_cursor").errors == {("cursor", "invalid_cursor")}


def test_own_lists_have_filters_but_no_search(company):
    company.client.get(SEARCH + "?scope=own&role=receptionist").expect(200)
    for parameter in ("q=x", "near=Roma", "facets=role", "total=exact", "sort=salary"):
        name = parameter.split("=")[0]
        assert company.client.get(f"{SEARCH}?scope=own&{parameter}").expect(400, "invalid_parameter").errors == {(name, "unknown_parameter")}


# --- places, similar vacancies, completions ---------------------------------------------------------------------------


def test_gazetteer(api):
    places = api.get("/v1/taxonomies/places?q=mila&limit=3").expect(200).json["items"]
    assert places[0] == {"id": 3173435, "name": "Milano", "country": "IT", "region": "Lombardia", "province": "MI", "latitude": 45.4643,
                         "longitude": 9.1895, "population": 1242123}
    assert len(places) == 3
    assert [place["name"] for place in api.get("/v1/taxonomies/places?q=FORLI%27&country=it").expect(200).json["items"]][0] == "Forlì"
    assert api.get("/v1/taxonomies/places?q=%25").expect(200).json == {"items": []}
    assert api.get("/v1/taxonomies/places").expect(400, "invalid_parameter").errors == {("q", "required")}


def test_coordinates_are_shown_as_they_are_kept(api, world, company):
    world.job(company)
    assert b'"latitude":45.4643,' in api.get(SEARCH + "?near=Milano").expect(200).body
    assert b'"latitude":45.8038,' in api.get(SEARCH + "?near=Castro").expect(422, "ambiguous_place").body


def test_coordinates_come_from_the_gazetteer(api, world, company, database):
    job = world.job(company, location={"country": "IT", "city": "Forlì"}, title="Con le coordinate")
    assert job["location"]["coordinates"] == "gazetteer"
    assert database.value("select round(latitude::numeric, 1)::text from job_search where job_id = %s", job["id"]) == "44.2"


def test_similar(published, api, company):
    items = api.get(f"/v1/jobs/{published['milano']}/similar").expect(200).json["items"]
    assert items[0]["id"] == published["lecco"] and published["milano"] not in {item["id"] for item in items}
    assert published["roma"] not in {item["id"] for item in items}
    draft = company.client.post(SEARCH, vacancy(status="draft")).expect(201).json["id"]
    api.get(f"/v1/jobs/{draft}/similar").expect(404, "not_found")


def test_similar_are_those_that_are_open(api, world, database):
    firm, other = world.company(name="Simili Uno"), world.company(name="Simili Due")
    open_, closed, expired, paused, hidden = (
        world.job(owner, title="Custode di simiglianze", role="chief_of_staff") for owner in (firm, firm, firm, firm, other))
    asked = world.job(firm, title="Custode di simiglianze", role="chief_of_staff")
    path = f"/v1/jobs/{asked['id']}/similar"

    def similar():
        return [item["id"] for item in api.get(path).expect(200).json["items"]]
    assert similar() == [job["id"] for job in (hidden, paused, expired, closed, open_)]
    firm.client.patch(f"/v1/jobs/{closed['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    firm.client.patch(f"/v1/jobs/{paused['id']}", {"status": "paused"}).expect(200)
    database.query("update jobs set valid_through = utc_today() - 1 where id = %s", expired["id"])
    operator = world.operator(world.company()).client
    operator.put(f"/v1/companies/{other.id}/suspension", {"reason": "For a test."}).expect(201)
    eventually(lambda: similar() == [open_["id"]], "only the open one is left")
    operator.delete(f"/v1/companies/{other.id}/suspension").expect(204)
    firm.client.patch(f"/v1/jobs/{asked['id']}", {"status": "paused"}).expect(200)
    api.get(path).expect(404, "not_found")


def suggested(api, query, enough, lang="en"):
    """What is new is offered when the lists have been made anew: a second or so."""
    until = time.monotonic() + 20
    while True:
        items = api.get(f"/v1/jobs/suggest?{query}", headers={"Accept-Language": lang}).expect(200).json["items"]
        if enough(items) or time.monotonic() > until:
            return items
        time.sleep(0.1)


def test_suggestions(published, api):
    del published
    legal = {"kind": "role", "text": "Segretaria/o legale", "value": "legal_secretary", "vacancies": 2}
    items = suggested(api, "q=segr", lambda items: legal in items, "it")
    assert legal in items
    assert {"kind": "title", "text": "Segretaria di studio legale", "vacancies": 1} in items
    assert {"kind": "word", "text": "segretaria", "vacancies": 2} in items
    assert not [item for item in items if item["kind"] == "place"]  # no vacancy is in Segrate
    lecco = {"kind": "place", "text": "Lecco", "value": "lecco", "near": "Lecco LC", "vacancies": 1}
    assert lecco in suggested(api, "q=lec", lambda items: lecco in items)
    tools = api.get("/v1/jobs/suggest?q=exc").expect(200).json["items"]
    assert {"kind": "tool", "text": "Microsoft Excel", "value": "microsoft_excel", "vacancies": 2} in tools
    assert [(item["kind"], item["text"]) for item in api.get("/v1/jobs/suggest?q=segretaria+conten").expect(200).json["items"]] == [
        ("title", "Segretaria legale e contenzioso"), ("word", "segretaria contenzioso")]
    for q in ("%27", "..", "%22", "%25_%5C", "zzzzzzzz", "%D0%BF%D0%BE%D0%BC%D0%BE%D1%89"):
        assert api.get(f"/v1/jobs/suggest?q={q}").expect(200).json["items"] == []


def test_what_is_gone_is_not_suggested(api, world):
    firm = world.company(name="Zampogne Lariane")
    kept = world.job(firm, title="Zufolatore di corte", location={"country": "IT", "city": "Zovencedo"})
    gone = world.job(firm, title="Zufolatrice solista", location={"country": "IT", "city": "Zugliano"},
                     tools=[{"name": "Zufolo d'argento", "importance": "must"}])
    both = {"Zovencedo", "Zugliano", "Zufolo d'argento", "Zufolatore di corte", "Zufolatrice solista", "zufolatore", "zufolatrice"}

    def texts():
        return {item["text"] for q in ("zuf", "zov", "zug") for item in api.get(f"/v1/jobs/suggest?q={q}").expect(200).json["items"]}
    until = time.monotonic() + 20
    while texts() != both and time.monotonic() < until:
        time.sleep(0.1)
    assert texts() == both
    firm.client.patch(f"/v1/jobs/{gone['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    assert texts() == {"Zovencedo", "Zufolatore di corte", "zufolatore"}  # at once, whatever the lists say
    operator = world.operator(world.company()).client
    operator.put(f"/v1/companies/{firm.id}/suspension", {"reason": "For a test."}).expect(201)
    until = time.monotonic() + 5  # another process may have written it
    while texts() and time.monotonic() < until:
        time.sleep(0.05)
    assert not texts()
    operator.delete(f"/v1/companies/{firm.id}/suspension").expect(204)
    api.get(f"/v1/jobs/{kept['id']}").expect(200)
