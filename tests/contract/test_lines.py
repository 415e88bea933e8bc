"""Names, titles and other one-line texts take no control characters and nothing that turns the direction of text, which
would make a list, a log or a mail show something else than what is there; letters of every language, accents and
apostrophes are fine. What was stored before the rule can still be read."""

import re
from pathlib import Path

import pytest
import yaml
from support.world import PASSWORD, vacancy

API = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi.yaml").read_text(encoding="utf-8"))
LINE = API["components"]["schemas"]["PersonName"]["pattern"]
HIDDEN = ["\u0001", "\t", "\n", "\r", "\u001b", "\u007f", "\u0085", "\u009f", "\u061c", "\u200e", "\u200f", "\u2028", "\u2029",
          "\u202a", "\u202e", "\u2066", "\u2069"]
FINE = ["D'Angelò", "Niccolò Łukasz Ångström-O’Brien", "Søren Æ", "李小龍", "محمد علي", "שרה", "नेहा", "Ὀδυσσεύς", "x", " x ",
        "a\u00a0b", "क्\u200dष", "👩\u200d💼", "C++ & C#", "<b>"]


def strings(schema, path, seen=()):
    """Every (path, schema) of text in a schema of a request."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name in seen:
            return
        yield from strings(API["components"]["schemas"][name], path, (*seen, name))
    kinds = schema.get("type")
    if "string" in (kinds if isinstance(kinds, list) else [kinds]):
        yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from strings(member, f"{path}/{name}", seen)
    if isinstance(schema.get("items"), dict):
        yield from strings(schema["items"], f"{path}/*", seen)


def texts_of_requests():
    for item in API["paths"].values():
        for operation in item.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from strings(content["schema"], operation["operationId"])


# Texts of several lines, secrets (which are compared, not shown), names of time zones (which are looked up), and answers,
# whose form the question says.
OTHERS = re.compile(r"/(description|summary|references/[*]/reference|location/address|note|body|message|closing_message|place|time_zone|cover_letter|reason|answers/.*|(\w+_)?password|token|\w+_token|\w+_code)$")


def test_every_line_has_the_pattern():
    lines = [(path, schema) for path, schema in texts_of_requests() if not OTHERS.search(path)
             and not {"enum", "format", "const"} & set(schema)]
    assert len(lines) > 60
    for path, schema in lines:
        pattern = schema.get("pattern")
        assert pattern is not None, f"{path} takes any text"
        assert pattern == LINE or not any(re.search(pattern, f"a{c}b") for c in HIDDEN), f"{path}: {pattern}"


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_hidden_characters_are_refused(hidden, api, world, company):
    text = f"Lia{hidden}Rossi"
    answer = api.post("/v1/candidates", {"email": world.email(), "password": PASSWORD, "given_name": text, "family_name": hidden})
    answer.expect(422, "validation_failed")
    assert answer.errors == {("/given_name", "pattern"), ("/family_name", "pattern")}
    answer = company.client.post("/v1/jobs", vacancy(title=text, location={"country": "IT", "city": text}))
    answer.expect(422, "validation_failed")
    assert answer.errors == {("/title", "pattern"), ("/location/city", "pattern")}
    answer = company.client.patch("/v1/me", {"name": text})
    assert answer.expect(422, "validation_failed").errors == {("/name", "pattern")}


@pytest.mark.parametrize("text", FINE)
def test_names_of_every_language(text, world, company):
    assert company.client.patch("/v1/me", {"name": text}).expect(200).json["name"] == text
    candidate = world.candidate(given_name=text, family_name=text, headline=text)
    assert candidate.document["given_name"] == text


def test_texts_of_several_lines(company):
    text = "# Chi siamo\n\n\tUna *piccola* azienda.\r\n\n- agenda\n"
    assert company.client.post("/v1/jobs", vacancy(description=text)).expect(201).json["description"] == text


def test_what_was_stored_before_can_be_read(world, database):
    candidate = world.candidate()
    database.query("update candidates set given_name = E'Lia\\u202e' where id = %s", candidate.id)
    assert candidate.client.request("GET", "/v1/me", check=False).status == 200
