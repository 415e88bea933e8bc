#!/usr/bin/env python3
"""The project's own rules, those no compiler knows: docs/architecture.md tells why. Prints `file:line: rule` for each breach.

- calls that are never used: strcpy, sprintf, atoi, system and their kin;
- libmicrohttpd is named in src/http only, libpq in src/db only;
- a room includes only rooms below it, and no other room's private headers;
- a C file has at most 500 lines; 100 columns, but for a text that stands alone; no tabs, no spaces at a line's end;
- every operation of openapi.yaml has its handler and every handler its operation; every operation is named by a test;
- nothing unfinished and no path of one machine is left in any file.
"""

import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["core", "worker", "db", "search", "contract", "lint", "http", "auth", "mail", "api", "background", "ops", "cli"]
GENERATED = {"generated/api_operations.h": "api"}  # the lowest room that may include it
BANNED = re.compile(
    r"\b(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|sscanf|vsscanf|alloca|system|tmpnam|mktemp)\s*\("
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PRIVATE_PATH = re.compile(r"(?<![\w./-])(/home/\w+/|/root/)|\.\./shared\b")
LINES_MAX = 500
COLUMNS_MAX = 100
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

breaches = []


def breach(path, line, message):
    breaches.append(f"{path.relative_to(ROOT)}:{line}: {message}")


def project_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )
    for name in sorted(listed.stdout.split("\0")):
        path = ROOT / name
        if name and path.is_file() and not name.startswith("third_party/"):
            yield path


def without_comments(text):
    """C text with comments and the insides of string literals blanked; every line keeps its number."""
    pattern = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)

    def blank(match):
        text = match[0]
        if text[0] in "\"'":
            return text[0] + text[0]
        return "\n" * text.count("\n")

    # Include lines keep their names: those are looked at separately.
    return pattern.sub(blank, text)


def room_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "src" and len(parts) > 2 and parts[1] in ROOMS:
        return parts[1]
    if parts[:2] == ("include", "segreteria"):
        return parts[2]
    return None


def check_room(path, number, line, room):
    """Names and includes a room may not use."""
    if room != "http" and re.search(r"\bMHD_\w", line):
        breach(path, number, "libmicrohttpd is for src/http only")
    if room != "db" and re.search(r"\b(PQ[a-z]\w*|PGconn|PGresult|PGnotify)\b", line):
        breach(path, number, "libpq is for src/db only")


def check_include(path, number, name, room):
    if room is None and not path.is_relative_to(ROOT / "src"):
        return
    if name in ("microhttpd.h", "libpq-fe.h"):
        allowed = "http" if name == "microhttpd.h" else "db"
        if room != allowed:
            breach(path, number, f"{name} is for src/{allowed} only")
    if room is None:
        return
    target = None
    if name.startswith("segreteria/"):
        target = name.split("/")[1]
    elif name in GENERATED:
        target = GENERATED[name]
    elif "../" in name and not (path.parent / name).resolve().is_relative_to(ROOT / "src" / room):
        breach(path, number, f"{name} is another room's private header")
    if target in ROOMS and ROOMS.index(target) > ROOMS.index(room):
        breach(path, number, f"room {room} includes {name}, of a room above it")


def check_c(path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    room = room_of(path)
    if len(lines) > LINES_MAX:
        breach(path, len(lines), f"{len(lines)} lines, more than {LINES_MAX}")
    for number, line in enumerate(lines, start=1):
        if len(line) > COLUMNS_MAX and not re.fullmatch(r'[^"]*"(?:[^"\\]|\\.)*"[^"]{0,3}', line):
            breach(path, number, f"{len(line)} columns, more than {COLUMNS_MAX}")
        if "\t" in line or line != line.rstrip():
            breach(path, number, "a tab, or spaces at the end of the line")
        include = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
        if include:
            check_include(path, number, include[1], room)
    if not lines or not lines[0].startswith("/*"):
        breach(path, 1, "no comment at the top that says what the file is for")
    for number, line in enumerate(without_comments(text).splitlines(), start=1):
        banned = BANNED.search(line)
        if banned:
            breach(path, number, f"{banned[1]} is not used here")
        if room is not None or path.is_relative_to(ROOT / "src"):
            check_room(path, number, line, room)


def check_any(path):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    relative = path.relative_to(ROOT)
    for number, line in enumerate(text.splitlines(), start=1):
        if relative != pathlib.Path("tests/lint/rules.py") and UNFINISHED.search(line):
            breach(path, number, "something unfinished")
        if PRIVATE_PATH.search(line) and relative not in (pathlib.Path(".ci/run"), pathlib.Path("tests/lint/rules.py")):
            breach(path, number, "a path of one machine")


def check_operations():
    contract = ROOT / "openapi.yaml"
    document = yaml.load(contract.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    operations = {
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    }
    handlers = set()
    for path in sorted((ROOT / "src/api").glob("*/*.c")):
        name = f"{path.parent.name}_{path.stem}"
        if re.search(rf"\bapi_{name}\s*\(\s*struct api_call \*", path.read_text(encoding="utf-8")):
            handlers.add(name)
            if name not in operations:
                breach(path, 1, f"a handler of no operation of openapi.yaml: {name}")
    tests = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("*/*.py")))
    for name in sorted(operations):
        if name not in handlers:
            breach(contract, 1, f"the operation {name} has no handler")
        if not re.search(rf"\b{name}\b", tests):
            breach(contract, 1, f"no test names the operation {name}")


def main():
    for path in project_files():
        if path.suffix in (".c", ".h"):
            check_c(path)
        check_any(path)
    check_operations()
    print("\n".join(breaches), end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
