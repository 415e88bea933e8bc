"""Bodies made from openapi.yaml in which every text that may be chosen is a mark: for finding out what becomes of them."""

import re


class Filler:
    """Fills schemas. Every text begins with `mark`, or (a telephone number) holds `digits`, so that two searches find all."""

    def __init__(self, mark, digits):
        self.mark, self.digits, self.count = mark, digits, 0

    def text(self):
        self.count += 1
        return f"{self.mark}n{self.count}"

    def fits(self, schema, text):
        return (len(text) >= schema.get("minLength", 0) and len(text) <= schema.get("maxLength", len(text))
                and ("pattern" not in schema or re.search(schema["pattern"], text)))

    def string(self, schema):
        """A value of its own, or the schema's example where its form leaves no room for one; None: neither."""
        own = self.text()
        forms = {"email": [f"{own}@example.org"], "uri": [f"https://{own}.example/"], "uuid": [], "date": ["2027-01-15"],
                 "date-time": ["2027-01-15T09:00:00Z"]}
        offered = forms.get(schema.get("format"), [own, f"+{self.digits}", f"https://{own}.example/", own.upper(), "IT", "it", "EUR", "2027-01", "2027"])
        offered += [schema["example"]] if isinstance(schema.get("example"), str) else schema.get("examples", [])
        return next((text for text in offered if isinstance(text, str) and self.fits(schema, text)), None)

    def value(self, schema):
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next(value for value in schema["enum"] if value is not None)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                rest = {name: member for name, member in schema.items() if name != keyword}
                found = [self.value({**rest, **branch}) for branch in schema[keyword]]
                return next((value for value in found if value is not None), None)
        if "allOf" in schema:
            return self.merged(schema)
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kind = kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")
        return getattr(self, {"string": "string", "object": "object", "array": "array", "boolean": "boolean"}.get(kind, "number"))(schema)

    def merged(self, schema):
        out = {name: member for name, member in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            out = {**out, **part, "properties": {**out.get("properties", {}), **part.get("properties", {})}}
        return self.value(out)

    def object(self, schema):
        made = {name: self.value(member) for name, member in schema.get("properties", {}).items() if not member.get("readOnly")}
        return {name: value for name, value in made.items() if value is not None}

    def array(self, schema):
        item = self.value(schema.get("items", {"type": "string"}))
        return [] if item is None else [item]

    def boolean(self, schema):
        return True

    def number(self, schema):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
