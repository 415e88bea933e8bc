"""GET /v1/taxonomies/{name}."""

import pytest
from support.contract import API

SCHEMAS = API["components"]["schemas"]
NAMES = SCHEMAS["TaxonomyName"]["enum"]
# The closed vocabularies of the contract are these lists.
ENUMS = {"roles": "Role", "soft_skills": "SoftSkill", "cefr_levels": "CefrLevel", "duties": "Duty"}


@pytest.mark.parametrize("name", NAMES)
def test_get(api, name):
    answer = api.get(f"/v1/taxonomies/{name}").expect(200).json
    codes = [item["code"] for item in answer["items"]]
    assert answer["name"] == name and codes and len(codes) == len(set(codes))
    assert all(item["labels"]["en"].strip() and item["labels"]["it"].strip() for item in answer["items"])
    if name in ENUMS:
        assert set(codes) == set(SCHEMAS[ENUMS[name]]["enum"])


def test_languages_are_those_that_people_speak(api):
    codes = {item["code"] for item in api.get("/v1/taxonomies/languages").json["items"]}
    assert {"it", "en", "de", "fr", "es", "zh", "ar", "ru", "sl", "sq"} <= codes


def test_unknown(api):
    answer = api.get("/v1/taxonomies/colours").expect(400, "invalid_parameter")
    assert answer.errors == {("name", "enum")}
