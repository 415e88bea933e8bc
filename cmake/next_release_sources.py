#!/usr/bin/env python3
"""next_release_sources.py CODENAME NEXT FILE... (apt source files, one-line .list or deb822 .sources)

Prints apt source stanzas (deb822, deb-src, component main) that name the release NEXT at the places where this machine
gets the Debian release CODENAME from, with the same keyrings. Prints nothing when no entry names CODENAME.
"""

import pathlib
import re
import sys

KEPT_OPTIONS = {"signed-by", "check-valid-until", "check-date"}


def stanzas(text):
    """The stanzas of a deb822 file: dicts of lower-case field name -> value with its continuation lines."""
    for block in re.split(r"\n[ \t]*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields, name = {}, None
        for line in block.splitlines():
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields:
            yield fields


def one_line_entries(text):
    """The entries of a one-line file, as such dicts."""
    for line in text.splitlines():
        match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match is None:
            continue
        fields = {"types": match[1], "uris": match[3], "suites": match[4], "components": match[5].strip()}
        for option in (match[2] or "").split():
            name, _, value = option.partition("=")
            fields[name.rstrip("+-").lower()] = value
        yield fields


def wanted(fields, codename, following):
    """The entry moved to the next release, or None."""
    suites = [
        following + suite.rstrip("/")[len(codename) :]
        for suite in fields.get("suites", "").split()
        if suite in (codename, codename + "-security", codename + "-updates")
    ]
    if not suites or "main" not in fields.get("components", "").split():
        return None
    if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without"):
        return None
    lines = ["Types: deb-src", f"URIs: {fields['uris']}", f"Suites: {' '.join(suites)}", "Components: main"]
    lines += [f"{name.title()}: {fields[name]}" for name in sorted(KEPT_OPTIONS & fields.keys())]
    return "\n".join(lines)


def main():
    codename, following, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    seen = []
    for file in map(pathlib.Path, files):
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        for fields in stanzas(text) if file.suffix == ".sources" else one_line_entries(text):
            stanza = wanted(fields, codename, following)
            if stanza and stanza not in seen:
                seen.append(stanza)
    print("\n\n".join(seen))


if __name__ == "__main__":
    main()
