"""Random schemas and instances: schema-check and the Python package jsonschema must agree on what is valid.

Left out of the generator is what the two mean differently by design: formats (asserted here), multipleOf with fractions
(exact here, binary floating point there), regular expressions beyond the plainest, and unevaluatedProperties and
unevaluatedItems, which older releases of the package get wrong.
"""

import json
import os
import random
import subprocess
import tempfile

import jsonschema
import pytest
from schema_program import schema_check

ROUNDS = int(os.environ.get("SEGRETERIA_SCHEMA_ROUNDS", "25"))  # schemas a seed, 8 instances each
NAMES = ["a", "b", "c", "aa", ""]
LEAVES = [None, True, False, 0, 1, 2, 3, 1.0, 1.5, -1, 2**53, 2**53 + 1, "", "a", "b", "aa", "aaa", "\u00e8", "\U0001f600"]


def any_instance(rng, depth=3):
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        return rng.choice(LEAVES)
    if kind < 0.7:
        return [any_instance(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {rng.choice(NAMES): any_instance(rng, depth - 1) for _ in range(rng.randrange(4))}


class Generator:
    """Keywords at random; a $ref only from below a property or an item, so that no schema goes round in circles."""

    def __init__(self, rng):
        self.rng = rng

    def schema(self, depth, below=False):
        rng = self.rng
        if depth == 0 or rng.random() < 0.1:
            return rng.choice([True, False, {}, {"type": rng.choice(["string", "integer", "object", "array"])}])
        makers = [self.plain, self.number, self.string, self.array, self.object, self.logic]
        result = {}
        for maker in rng.sample(makers, rng.choice([1, 1, 2, 2, 3])):
            result.update(maker(depth - 1))
        if below and rng.random() < 0.15:
            result["$ref"] = rng.choice(["#", "#/$defs/x", "#/$defs/y"])
        return result

    def plain(self, depth):
        rng = self.rng
        types = ["null", "boolean", "integer", "number", "string", "array", "object"]
        return rng.choice(
            [
                {"type": rng.choice(types)},
                {"type": rng.sample(types, rng.randrange(1, 6))},
                {"enum": [any_instance(rng, 1) for _ in range(3)]},
                {"const": any_instance(rng, 2)},
            ]
        )

    def number(self, depth):
        rng = self.rng
        keywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
        result = {key: rng.choice([0, 1, 1.5, 2, 2**53, -1]) for key in rng.sample(keywords, 2)}
        if rng.random() < 0.3:
            result["multipleOf"] = rng.choice([1, 2, 3])
        return result

    def string(self, depth):
        rng = self.rng
        return rng.choice(
            [
                {"minLength": rng.randrange(3)},
                {"maxLength": rng.randrange(3)},
                {"pattern": rng.choice(["^a", "a$", "^a+$", "^$", "b|aa", "^.$", "[^a]"])},
            ]
        )

    def array(self, depth):
        rng = self.rng
        result = {}
        for key in rng.sample(["items", "prefixItems", "contains", "uniqueItems", "minItems", "maxItems"], 2):
            if key in ("items", "contains"):
                result[key] = self.schema(depth, True)
            elif key == "prefixItems":
                result[key] = [self.schema(depth, True) for _ in range(rng.randrange(1, 3))]
            elif key == "uniqueItems":
                result[key] = rng.random() < 0.8
            else:
                result[key] = rng.randrange(4)
        if "contains" in result:
            if rng.random() < 0.4:
                result["minContains"] = rng.randrange(3)
            if rng.random() < 0.4:
                result["maxContains"] = rng.randrange(3)
        return result

    def object(self, depth):
        rng = self.rng
        result = {}
        keys = ["properties", "required", "additionalProperties", "patternProperties", "propertyNames"]
        keys += ["minProperties", "maxProperties", "dependentRequired", "dependentSchemas"]
        for key in rng.sample(keys, 3):
            if key == "properties":
                result[key] = {name: self.schema(depth, True) for name in rng.sample(NAMES, 2)}
            elif key == "required":
                result[key] = rng.sample(NAMES, rng.randrange(3))
            elif key == "patternProperties":
                result[key] = {rng.choice(["^a", "b", "^$"]): self.schema(depth, True)}
            elif key in ("additionalProperties", "propertyNames"):
                result[key] = self.schema(depth, True)
            elif key == "dependentRequired":
                result[key] = {rng.choice(NAMES): rng.sample(NAMES, 2)}
            elif key == "dependentSchemas":
                result[key] = {rng.choice(NAMES): self.schema(depth)}
            else:
                result[key] = rng.randrange(4)
        return result

    def logic(self, depth):
        rng = self.rng
        key = rng.choice(["allOf", "anyOf", "oneOf", "not", "if"])
        if key == "not":
            return {key: self.schema(depth)}
        if key == "if":
            return {key: self.schema(depth), "then": self.schema(depth), "else": self.schema(depth)}
        return {key: [self.schema(depth) for _ in range(rng.randrange(1, 4))]}


@pytest.mark.parametrize("seed", range(4))
def test_same_verdict(seed):
    binary = schema_check()
    rng = random.Random(seed)
    verdicts = {True: 0, False: 0}
    for _ in range(ROUNDS):
        schema = Generator(rng).schema(3)
        if isinstance(schema, dict):
            schema["$defs"] = {"x": Generator(rng).schema(2), "y": Generator(rng).schema(1)}
        validator = jsonschema.Draft202012Validator(schema)
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(schema, file)
            file.flush()
            for _ in range(8):
                instance = any_instance(rng)
                valid = validator.is_valid(instance)
                run = subprocess.run(
                    [binary, file.name], input=json.dumps(instance), capture_output=True, text=True, check=False
                )
                what = f"{json.dumps(schema)}\n{json.dumps(instance)}\n{run.stdout}{run.stderr}"
                assert run.returncode == (0 if valid else 1), what
                verdicts[valid] += 1
    assert min(verdicts.values()) > ROUNDS / 2, f"the generator is one-sided: {verdicts}"
