"""openapi.yaml as a document: what the linters do not look at."""
import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "openapi.yaml"
API = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CATALOGUE = API["x-segreteria-problems"]
OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, item in API["paths"].items()
    for method, operation in item.items()
}


def resolved(value):
    while "$ref" in value:
        target = API
        for key in value["$ref"].removeprefix("#/").split("/"):
            target = target[key.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def media(operation):
    """Every (what, media type object) of an operation: its body and its answers."""
    for name, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {name}", content
    for status, response in operation["responses"].items():
        for name, content in resolved(response).get("content", {}).items():
            yield f"{status} {name}", content


def test_converted_json_is_the_same_document():
    """What the build embeds (fy-tool, YAML 1.2) is what other readers see (YAML 1.1)."""
    converted = subprocess.run(["fy-tool", "--mode", "json-oneline", FILE], capture_output=True, check=True).stdout
    assert json.loads(converted) == API


def test_catalogue_is_in_both_languages():
    for code, problem in CATALOGUE.items():
        assert 400 <= problem["status"] <= 599, code
        for member in ("title", "detail", "help"):
            assert sorted(problem[member]) == ["en", "it"], code
            assert all(text.strip() for text in problem[member].values()), code


@pytest.mark.parametrize("name", OPERATIONS)
def test_problem_codes_and_responses_agree(name):
    _, _, operation = OPERATIONS[name]
    said = {}
    for code in operation["x-segreteria-problems"]:
        said.setdefault(str(CATALOGUE[code]["status"]), set()).add(code)
    described = {}
    for status, response in operation["responses"].items():
        problem = resolved(response).get("content", {}).get("application/problem+json")
        if problem and status != "default":
            described[status] = {resolved(e)["value"]["code"] for e in problem["examples"].values()}
    assert described == said
    other = resolved(operation["responses"]["default"])
    assert set(other["x-segreteria-problems"]) <= set(CATALOGUE)


def is_binary(schema):
    """A file, or a form with one: there is no example to write down."""
    schema = resolved(schema)
    return (schema.get("format") == "binary" or ("items" in schema and is_binary(schema["items"]))
            or any(is_binary(member) for member in schema.get("properties", {}).values()))


@pytest.mark.parametrize("name", OPERATIONS)
def test_examples_fit_their_schemas(name):
    _, _, operation = OPERATIONS[name]
    resolver = jsonschema.RefResolver("", API)
    for what, content in media(operation):
        is_file = (name == "system_docs_asset" and what.startswith("200")) or is_binary(content["schema"])
        assert is_file or content.get("examples"), what
        validator = jsonschema.Draft202012Validator(content["schema"], resolver=resolver,
                                                    format_checker=jsonschema.FormatChecker())
        for key, example in content.get("examples", {}).items():
            errors = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(resolved(example)["value"])]
            assert not errors, f"{what}, {key}: {errors}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_conventions(name):
    path, method, operation = OPERATIONS[name]
    parameters = [resolved(p) for p in operation.get("parameters", [])]
    headers = {p["name"] for p in parameters if p["in"] == "header"}
    assert operation["summary"] and operation["description"] and operation["tags"]
    assert all(p["description"] for p in parameters)
    assert {p["name"] for p in parameters if p["in"] == "path"} == {
        part[1:-1] for part in path.split("/") if part.startswith("{")
    }
    if method == "post":
        assert "Idempotency-Key" in headers
    if method in ("put", "patch") and name != "me_password":  # nobody reads a password, so it has no entity tag
        assert "If-Match" in headers
    if method == "get" and path not in ("/livez", "/readyz"):
        assert "If-None-Match" in headers and "304" in operation["responses"]
    if operation["security"]:
        assert "x-segreteria-scopes" in operation and "x-segreteria-principals" in operation
    for status, response in operation["responses"].items():
        assert "X-Request-Id" in resolved(response)["headers"], status


def test_every_member_is_described():
    def check(schema, where):
        assert "description" in schema or "$ref" in schema, where
        for name, member in schema.get("properties", {}).items():
            check(member, f"{where}/{name}")
        if "items" in schema:
            check(schema["items"], f"{where}/items")

    for name, schema in API["components"]["schemas"].items():
        check(schema, name)


def test_request_bodies_refuse_unknown_members():
    for name, (_, _, operation) in OPERATIONS.items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert is_binary(content["schema"]) or resolved(content["schema"])["additionalProperties"] is False, name
