"""The official JSON Schema Test Suite, draft 2020-12, against build/.../schema-check.

Every case must either get the suite's verdict, or the schema must be refused as unsupported (exit status 2) for one of the
reasons in UNSUPPORTED; DEVIATIONS lists the few cases that are judged differently on purpose. docs/json-schema.md holds
the figures; `test_json_schema_suite.py --table` prints them.

The suite is not part of this repository. SEGRETERIA_JSON_SCHEMA_SUITE names a checkout of
github.com/json-schema-org/JSON-Schema-Test-Suite; without it, the copy inside the source release of the Python package
jsonschema is downloaded once, checked against its SHA-256 and kept in build/. Without either the tests are skipped.
"""

import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

import pytest
from schema_program import ROOT, schema_check

RELEASE = "jsonschema-4.26.0"
RELEASE_URL = (
    "https://files.pythonhosted.org/packages/b3/fc/e067678238fa451312d4c62bf6e6cf5ec56375422aee02f9cb5f909b3047/"
    f"{RELEASE}.tar.gz"
)
RELEASE_SHA256 = "0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326"

# Reasons for which a schema may be refused, as patterns of the message, with the sentence for the documentation.
UNSUPPORTED = {
    r"ef' to .*\(another document\)": "references to another document (none is ever loaded), the meta-schema among them",
    r"'\$schema'": "another dialect (`$schema`)",
    r"'dependencies'": "`dependencies`, which 2020-12 replaced by `dependentRequired` and `dependentSchemas`",
    r"'unknown.keyword'|'array_of_schemas'": "keywords nobody knows: refused, not ignored",
    r"'format' with 'unknown'": "formats nobody knows: refused, not ignored",
    r"'format' with 'idn-hostname'": "the format `idn-hostname`, which needs the tables of IDNA 2008",
}

# (file, pattern of "group: case") -> why the verdict differs.
DEVIATIONS = {
    ("format", r"is only an annotation by default$"): "`format` is asserted, always",
    ("optional/format/hostname", r"\(punycode\)"): "what an `xn--` label decodes to is not looked at",
}


def suite_folder():
    """The folder that holds draft2020-12's files, or a reason why there is none."""
    named = os.environ.get("SEGRETERIA_JSON_SCHEMA_SUITE")
    if named:
        folder = pathlib.Path(named) / "tests" / "draft2020-12"
        return (folder, None) if folder.is_dir() else (None, f"{folder} is not a folder")
    folder = ROOT / "build" / "json-schema-suite" / RELEASE / "json" / "tests" / "draft2020-12"
    if not folder.is_dir():
        try:
            with urllib.request.urlopen(RELEASE_URL, timeout=30) as answer:
                data = answer.read(8 << 20)
        except OSError as error:
            return None, f"no SEGRETERIA_JSON_SCHEMA_SUITE, and {RELEASE_URL} cannot be had: {error}"
        if hashlib.sha256(data).hexdigest() != RELEASE_SHA256:
            return None, f"{RELEASE_URL} is not what it was (SHA-256)"
        unpack(data, folder.parents[3])
    return folder, None


def unpack(data, target):
    """Into a temporary folder first, so that what is there is whole."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as temporary:
        archive = pathlib.Path(temporary) / "release.tar.gz"
        archive.write_bytes(data)
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if m.isfile() and m.name.startswith(f"{RELEASE}/json/")]
            tar.extractall(temporary, members)
        try:
            (pathlib.Path(temporary) / RELEASE).rename(target / RELEASE)
        except OSError:
            if not (target / RELEASE).is_dir():  # otherwise another process was first
                raise


def group_cases(folder):
    """(name, cases) a file; a case is (schema, group and case description, instance, valid)."""
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        groups = json.loads(path.read_text("utf-8"))
        yield name, [
            (group["schema"], f"{group['description']}: {case['description']}", case["data"], case["valid"])
            for group in groups
            for case in group["tests"]
        ]


def judge(binary, case):
    """"passed", "unsupported: <reason>" or "failed: <what>"."""
    schema, _, instance, valid = case
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(schema, file)
        file.flush()
        run = subprocess.run(
            [binary, file.name], input=json.dumps(instance), capture_output=True, text=True, timeout=60, check=False
        )
    if run.returncode == 2:
        return "unsupported: " + run.stderr.strip()
    if run.returncode == (0 if valid else 1):
        return "passed"
    return f"failed: exit status {run.returncode}, valid is {valid}\n{run.stdout}{run.stderr}"


def judge_all(binary, cases):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda case: judge(binary, case), cases))


def unsupported_reason(verdict):
    return next((reason for pattern, reason in UNSUPPORTED.items() if re.search(pattern, verdict)), None)


def deviation(name, case):
    return next((why for (file, pattern), why in DEVIATIONS.items() if file == name and re.search(pattern, case[1])), None)


FOLDER, WHY_NOT = suite_folder()
FILES = dict(group_cases(FOLDER)) if FOLDER else {}


@pytest.mark.skipif(FOLDER is None, reason=str(WHY_NOT))
@pytest.mark.parametrize("name", FILES or ["none"])
def test_file(name):
    binary = schema_check()
    wrong = []
    for case, verdict in zip(FILES[name], judge_all(binary, FILES[name])):
        if verdict.startswith("unsupported") and unsupported_reason(verdict) is None:
            wrong.append(f"{case[1]}: {verdict}")
        if verdict.startswith("failed") and deviation(name, case) is None:
            wrong.append(f"{case[1]}: {verdict}")
    assert not wrong, "\n".join(wrong)


def table():
    """The figures of docs/json-schema.md, as Markdown."""
    binary = schema_check()
    print("| file of the suite | cases | passed | unsupported | judged differently |")
    print("|---|---:|---:|---:|---:|")
    totals = collections.Counter()
    for name, cases in sorted(FILES.items(), key=lambda item: (item[0].count("/"), item[0])):
        verdicts = [verdict.split(":")[0] for verdict in judge_all(binary, cases)]
        count = collections.Counter(verdicts)
        row = [len(cases), count["passed"], count["unsupported"], count["failed"]]
        print(f"| {name} | " + " | ".join(str(number) if number else "" for number in row) + " |")
        totals.update(dict(zip(("cases", "passed", "unsupported", "failed"), row)))
    row = [totals[key] for key in ("cases", "passed", "unsupported", "failed")]
    print("| **all** | " + " | ".join(f"**{number}**" for number in row) + " |")


if __name__ == "__main__":
    if sys.argv[1:] != ["--table"] or FOLDER is None:
        sys.exit(f"usage: test_json_schema_suite.py --table ({WHY_NOT})")
    table()
