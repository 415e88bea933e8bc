"""Bodies that are wrong, made from the schemas of openapi.yaml: one keyword broken at a time, text that is no JSON, and JSON that
nobody should send."""

import copy
import json
import re

from support.contract import OPERATIONS
from support.world import PASSWORD, vacancy

WITH_BODY = [op for op in OPERATIONS.values() if op.bodies]
# The batch answers line by line: test_jobs_batch.py. Documents are no JSON: test_documents.py.
JSON_BODY = [op for op in WITH_BODY if op.id != "jobs_batch" and any("json" in kind for kind in op.bodies)]

# Bodies that are right but for what a test spoils. Where there is none here, the contract's first example is.
BODIES = {
    "companies_create": {
        "company": {"legal_name": "A", "name": "A", "country": "IT", "kind": "employer", "vat_id": "IT012",
                    "website": "https://a.example/"},
        "owner": {"email": "a@example.org", "password": PASSWORD, "name": "A"}},
    "companies_patch": {"name": "A"},
    "candidates_create": {
        "email": "b@example.org", "password": PASSWORD, "given_name": "A", "family_name": "B", "phone": "+39 02 123456",
        "headline": "x", "location": {"country": "IT", "city": "Lecco"}, "languages": [{"language": "it", "level": "C2"}],
        "tools": [{"name": "Excel", "level": "basic"}], "soft_skills": ["autonomy"]},
    "me_patch": {"name": "A"},
    "profile_put": {
        "basics": {"given_name": "A", "family_name": "B", "location": {"country": "IT"}, "profiles": [{"network": "x"}]},
        "work": [{"name": "x", "start_date": "2020", "highlights": ["x"]}], "volunteer": [{"position": "x"}],
        "education": [{"area": "x", "courses": ["x"]}], "awards": [{"title": "x"}], "certificates": [{"name": "x"}],
        "publications": [{"name": "x"}], "skills": [{"name": "x", "keywords": ["x"]}], "interests": [{"name": "x"}],
        "references": [{"name": "x"}], "projects": [{"name": "x"}], "duties": ["diary"],
        "languages": [{"language": "it", "level": "C2", "cefr": {"writing": "C1"}}], "tools": [{"name": "Excel"}],
        "preferences": {"roles": ["secretary"], "minimum_pay": {"amount": 1, "currency": "EUR", "unit": "year"}}},
    "members_patch": {"role": "viewer"},
    "invitations_create": {"email": "c@example.org", "role": "viewer"},
    "jobs_create": vacancy(
        reference="r", languages=[{"language": "it", "level": "C1", "importance": "must"}],
        tools=[{"name": "Excel", "level": "basic", "importance": "nice"}], principals=[{"level": "director", "count": 1}],
        soft_skills=[{"skill": "autonomy", "importance": "nice"}], duties=["diary"],
        questions=[{"id": "a", "type": "single", "label": "A?", "options": ["x", "y"]}],
        collective_agreement={"code": "H011"}, start_date="2027-01-01", openings=1, experience_years_min=1),
    "jobs_patch": {"title": "A"},
    "jobs_put": vacancy(),
    "applications_create": {"cover_letter": "x", "answers": [{"question_id": "a", "value": "x"}],
                            "consent": {"talent_pool": False, "talent_pool_months": 3}, "processing_notice": "2026-11"},
    "applications_talent_pool": {"talent_pool": True, "talent_pool_months": 6},
    "applications_patch": {"status": "in_review", "reason": "x"},
}


def body_of(operation):
    return copy.deepcopy(BODIES.get(operation.id) or operation.example())


def schema_of(operation):
    return next(iter(operation.bodies.values()))


def pointer(parts):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def types_of(schema):
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


WRONG = {"string": [0, True, [], {}], "integer": ["1", 1.5, False, []], "number": ["1", True, {}], "boolean": ["true", 0],
         "array": ["x", {}, 1], "object": ["x", [], 1], "null": []}


def fitting(value, kinds):
    name = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}.get(type(value))
    return name in kinds or (name == "integer" and "number" in kinds) or (value is None and "null" in kinds)


def spoilt(schema):
    """(value, code) that break one keyword of a schema. Some break another too; the test looks for this one."""
    kinds = types_of(schema)
    wrong = [value for kind in kinds for value in WRONG[kind]] + ([] if "null" in kinds else [None])
    yield from ((value, "type") for value in wrong if not fitting(value, kinds))
    if "enum" in schema:
        yield from (("no such value", "enum"), (schema["enum"][0].upper() if schema["enum"][0].upper() not in schema["enum"]
                                                else schema["enum"][0].lower(), "enum"), ("", "enum"))
    if "minLength" in schema:
        yield "x" * (schema["minLength"] - 1), "min_length"
    if "maxLength" in schema and "string" in kinds:
        yield "x" * (schema["maxLength"] + 1), "max_length"
        yield "\U0001d11e" * (schema["maxLength"] + 1), "max_length"
    if "pattern" in schema:
        yield next(text for text in ("?\x01?", "\n", "0000-01-01") if not re.search(schema["pattern"], text)), "pattern"
    if "format" in schema:
        values = {"uuid": ["0", "01a1bf6d-b340-7a11-8c52-5d0f3b6e9a0g"], "email": ["a", "a@", "@b.example", "a b@c.example"],
                  "date": ["2027-02-29", "2027-1-1", "27-01-01", "2027-01-01T00:00:00Z", "today"], "uri": ["a b", "no-scheme"],
                  "date-time": ["2027-01-01", "2027-01-01T25:00:00Z", "2027-01-01T00:00:00", "2027-02-30T00:00:00Z"]}
        yield from ((value, "format") for value in values[schema["format"]])
    if "minimum" in schema:
        yield schema["minimum"] - 1, "minimum"
        yield -2 ** 53 + 1, "minimum"
    if "maximum" in schema:
        yield schema["maximum"] + 1, "maximum"
        yield 2 ** 53 - 1, "maximum"
    if "minItems" in schema:
        yield [], "min_items"
    if "array" in kinds:
        yield from spoilt_list(schema)
    if schema.get("minProperties"):
        yield {}, "min_properties"


def spoilt_list(schema):
    item = schema.get("items", {})
    good = sample(item)
    if "maxItems" in schema:
        yield [good] * (schema["maxItems"] + 1), "max_items"
    if schema.get("uniqueItems"):
        yield [good, good], "unique_items"


def sample(schema):
    """A value that fits the schemas of list items."""
    if "enum" in schema:
        return schema["enum"][0]
    if "object" in types_of(schema):
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    if "string" in types_of(schema):
        return next(text for text in ("x", "it", "::1", "2027-01-01T00:00:00Z") if re.search(schema.get("pattern", ""), text))
    return schema.get("minimum", 1)


def walk(schema, body, where=()):
    """Every (path, schema) of a body: its members that are there and those that are not, and the first item of lists."""
    yield where, schema
    for name, member in schema.get("properties", {}).items():
        value = body.get(name) if isinstance(body, dict) else None
        yield from walk(member, value if value is not None else {}, where + (name,))
    if "items" in schema and isinstance(body, list) and body:
        yield from walk(schema["items"], body[0], where + (0,))


def put_in(body, where, value):
    """The body with the value at a place; objects on the way are made. None if the way leads nowhere."""
    if not where:
        return value
    changed = copy.deepcopy(body)
    inside = changed
    for part in where[:-1]:
        if isinstance(inside, dict):
            inside = inside.setdefault(part, {})
        else:
            inside = inside[part]
    inside[where[-1]] = value
    return changed


def cases():
    for operation in JSON_BODY:
        schema, body = schema_of(operation), body_of(operation)
        for where, part in walk(schema, body):
            for value, code in spoilt(part):
                at = where + (1,) if code == "unique_items" else where  # the repetition is named, not the list
                yield operation, put_in(body, where, value), pointer(at), code
            if part.get("additionalProperties") is False:
                inside = body
                for step in where:
                    inside = (inside.get(step) if isinstance(inside, dict) else inside[step]) or {}
                for odd in ("colour", "~/", "__proto__"):
                    yield (operation, put_in(body, where, {**inside, odd: 1}), pointer(where + (odd,)), "unknown_field")
                for name in part.get("required", []):
                    less = {key: value for key, value in inside.items() if key != name}
                    yield operation, put_in(body, where, less), pointer(where + (name,)), "required"


def spoil_text(operation):
    """A member that takes text, as a JSON string without quotes around it, and the body with {} for the text."""
    body = body_of(operation)
    for where, part in walk(schema_of(operation), body):
        if where and where[-1] in ("name", "title", "email", "cover_letter", "reason", "refresh_token", "password",
                                   "new_password", "code", "totp_code", "role", "token"):
            filled = json.dumps(put_in(body, where, "\x01")).replace('"\\u0001"', '"%s"')
            return pointer(where), filled.encode()
    return None


def broken():
    """(name, body, status, code, (pointer, violation)); %b is where valid JSON of the operation goes."""
    whole = (400, "invalid_json", ("", "invalid_json"))
    text = (400, "invalid_json", ("/a", "encoding"))
    yield "nothing", b"", *whole
    yield "space", b" \n\t ", *whole
    yield "cut off", b'{"a": ', *whole
    yield "one word", b"hello", *whole
    yield "single quotes", b"{'a': 1}", *whole
    yield "trailing comma", b'{"a": 1,}', *whole
    yield "comment", b'/* x */ {"a": 1}', *whole
    yield "two documents", b'{} {}', *whole
    yield "NaN", b'{"a": NaN}', *whole
    yield "leading zero", b'{"a": 01}', *whole
    yield "plus", b'{"a": +1}', *whole
    yield "bare point", b'{"a": 1.}', *whole
    yield "upper case word", b'{"a": True}', *whole
    yield "byte order mark", b'\xef\xbb\xbf{"a": 1}', *whole
    yield "utf-16", '{"a": 1}'.encode("utf-16"), *whole
    yield "control character", b'{"a": "\x01"}', *whole
    yield "raw NUL", b'{"a": "\x00"}', *whole
    yield "NUL after", b'{"a": 1}\x00', *whole
    yield "invalid UTF-8", b'{"a": "\xff\xfe"}', *text
    yield "overlong UTF-8", b'{"a": "\xc0\xaf"}', *text
    yield "UTF-8 surrogate", b'{"a": "\xed\xa0\x80"}', *text
    yield "beyond Unicode", b'{"a": "\xf4\x90\x80\x80"}', *text
    yield "cut UTF-8", b'{"a": "\xe2\x82"}', *text
    yield "lone surrogate", b'{"a": "\\ud800"}', *text
    yield "low surrogate", b'{"a": "\\udc00"}', *text
    yield "surrogates the wrong way", b'{"a": "\\udc00\\ud800"}', *text
    yield "bad escape", b'{"a": "\\x41"}', *whole
    yield "short escape", b'{"a": "\\u00"}', *whole
    yield "duplicate key", b'{"a": 1, "a": 2}', 400, "invalid_json", ("/a", "duplicate_key")
    yield "duplicate key, escaped", b'{"a": 1, "\\u0061": 2}', 400, "invalid_json", ("/a", "duplicate_key")
    yield "duplicate key inside", b'{"a": {"b": 1, "b": 2}}', 400, "invalid_json", ("/a/b", "duplicate_key")
    yield "1,000 levels", b"[" * 1000 + b"]" * 1000, 400, "invalid_json", ("/0" * 32, "too_deep")
    yield "1,000 levels of objects", b'{"a":' * 1000 + b"1" + b"}" * 1000, 400, "invalid_json", ("/a" * 32, "too_deep")
    yield "half a million levels", b"[" * 500_000, 400, "invalid_json", ("/0" * 32, "too_deep")
    yield "escaped NUL", b'{"a": "x\\u0000y"}', 422, "validation_failed", ("/a", "nul_character")
    yield "NUL in a name", b'{"a\\u0000": 1}', 422, "validation_failed", None
    yield "100,000 digits", b'{"a": ' + b"9" * 100_000 + b"}", 422, "validation_failed", ("/a", "number_range")
    yield "2^53 + 1", b'{"a": 9007199254740993}', 422, "validation_failed", ("/a", "number_range")
    yield "-2^63", b'{"a": -9223372036854775808}', 422, "validation_failed", ("/a", "number_range")
    yield "exponent", b'{"a": 1e400}', 422, "validation_failed", ("/a", "number_range")
    yield "huge exponent", b'{"a": 1e999999999999}', 422, "validation_failed", ("/a", "number_range")
    yield "tiny", b'{"a": 1e-400}', 422, "validation_failed", None
