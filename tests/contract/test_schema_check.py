"""The command schema-check: exit statuses and what it prints."""

import json
import subprocess

import pytest
from schema_program import schema_check


@pytest.fixture
def check(tmp_path):
    def run(schema, instance, *options, pointer=""):
        path = tmp_path / "schema.json"
        path.write_text(schema if isinstance(schema, str) else json.dumps(schema), "utf-8")
        text = instance if isinstance(instance, bytes) else json.dumps(instance).encode()
        done = subprocess.run([schema_check(), *options, f"{path}{pointer}"], input=text, capture_output=True, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def test_valid(check):
    assert check({"type": "string"}, "a") == (0, "", "")


def test_violations_with_pointer_code_and_text(check):
    schema = {"properties": {"a": {"maxLength": 2}, "b/c": {"type": "integer"}}, "required": ["d"]}
    status, out, err = check(schema, {"a": "abc", "b/c": "x"})
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "/a\tmax_length\tmust be at most 2 characters",
        "/b~1c\ttype\tmust be a whole number",
        "/d\trequired\tis required",
    ]


def test_italian(check):
    assert check({"type": "string"}, 1, "--lang", "it")[1] == "\ttype\tdeve essere una stringa\n"


def test_more_violations_than_are_shown(check):
    status, out, _ = check({"items": False}, [0] * 60)
    assert status == 1
    assert len(out.splitlines()) == 51
    assert out.endswith("(10 more)\n")


def test_part_of_a_document(check):
    document = {"components": {"schemas": {"Id": {"type": "integer"}}}}
    assert check(document, "x", pointer="#/components/schemas/Id")[0] == 1
    assert check(document, 1, pointer="#/components/schemas/Id")[0] == 0


@pytest.mark.parametrize(
    "schema, message",
    [
        ({"properties": {"a": {"nullable": True}}}, "unsupported keyword 'nullable' at /properties/a"),
        ({"format": "telephone"}, "unsupported keyword 'format' with 'telephone' at the root"),
        ({"$ref": "other.json"}, "unsupported '$ref' to 'other.json' (another document) at the root"),
    ],
)
def test_unsupported(check, schema, message):
    assert check(schema, 1) == (2, "", f"schema-check: {message}\n")


@pytest.mark.parametrize("schema", ["", "{", "3", '{"type": "text"}', '{"a": 1, "a": 2}', '{"pattern": "("}'])
def test_malformed_schema(check, schema):
    status, out, err = check(schema, 1)
    assert (status, out) == (3, "")
    assert err.startswith("schema-check: ")


@pytest.mark.parametrize(
    "instance", [b"", b"{", b"[1,]", b'{"a": 1, "a": 2}', b'"\xff"', b"[" * 100000, b"nul", b"1 2", b'"\\ud800"']
)
def test_malformed_instance(check, instance):
    status, out, err = check({}, instance)
    assert (status, out) == (3, "")
    assert err.startswith("schema-check: standard input: line ")


def test_usage():
    for arguments in [[], ["--help"], ["a", "b"], ["/nowhere/schema.json"]]:
        done = subprocess.run([schema_check(), *arguments], input=b"1", capture_output=True, check=False)
        assert done.returncode == 3
        assert done.stderr
