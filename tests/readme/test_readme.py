"""README.md, and docs/applications.md after it, as their reader uses them: every bash block is run, in order, in one shell, as
it stands, and what it prints is held against the block that follows.

Only two things are changed: the server is the test's own instead of `./dev run`'s, and so is its address in the line that
sets API. A documented JSON answer must be part of the real one; "…" stands for any text.
"""

import fnmatch
import json
import os
import re
import subprocess

import pytest
from support.server import BINARY, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
APPLICATIONS = (ROOT / "docs/applications.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVE = "./dev run\n"
ADDRESS = "API=http://127.0.0.1:8080\n"
MARK = "\x1e"


def pairs(page):
    """[(bash block, kind of the output that is documented or None, that output)]"""
    blocks = BLOCK.findall(page)
    found = []
    for (kind, text), (next_kind, next_text) in zip(blocks, blocks[1:] + [("", "")]):
        if kind == "bash":
            documented = (next_kind, next_text) if next_kind in ("json", "text") else (None, "")
            found.append((text, *documented))
    return found


PAIRS = pairs(README) + pairs(APPLICATIONS)


@pytest.fixture(scope="module")
def outputs(server, tmp_path_factory):
    """What each block printed."""
    script = "set -u\n"
    for text, _, _ in PAIRS:
        block = "" if text == SERVE else text.replace(ADDRESS, f"API={server.url}\n")
        script += f"{block}printf '{MARK}'\n"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path_factory.mktemp("reader"), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    printed = done.stdout.split(MARK)
    assert len(printed) == len(PAIRS) + 1
    return printed


def values(text):
    """The JSON values of a text, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def holds(documented, real):
    """Whether the documented value is part of the real one: members may be left out, items of a list may not."""
    if isinstance(documented, dict):
        return isinstance(real, dict) and all(name in real and holds(value, real[name]) for name, value in documented.items())
    if isinstance(documented, list):
        return isinstance(real, list) and len(documented) == len(real) and all(map(holds, documented, real))
    if isinstance(documented, str) and "…" in documented:
        pattern = "*".join(re.sub(r"([*?\[])", r"[\1]", part) for part in documented.split("…"))
        return isinstance(real, str) and fnmatch.fnmatchcase(real, pattern)
    return type(documented) is type(real) and documented == real


@pytest.mark.parametrize("index", range(len(PAIRS)), ids=[text.split("\n")[0][:50] for text, _, _ in PAIRS])
def test_block(outputs, index):
    text, kind, documented = PAIRS[index]
    printed = outputs[index]
    if kind == "json":
        wanted, real = values(documented), values(printed)
        # Of several answers the last ones are shown.
        assert len(real) >= len(wanted), printed
        for one, other in zip(wanted, real[-len(wanted):]):
            assert holds(one, other), f"{text}\nprints {json.dumps(other, ensure_ascii=False)[:3000]}"
    elif kind == "text":
        assert printed.split() == documented.split()
    else:
        assert printed == "", f"{text}\nprints something that the page does not show"


def test_every_block_is_known():
    kinds = [kind for kind, _ in BLOCK.findall(README)]
    assert README.count("```") == 2 * len(kinds) and APPLICATIONS.count("```") == 2 * len(BLOCK.findall(APPLICATIONS))
    assert set(kinds) == {"bash", "json", "text", "console", "nginx"}
    assert PAIRS[0][0] == SERVE and PAIRS[1][0].startswith(ADDRESS)


def help_of(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT).stdout


def test_options_of_serve_are_all_told():
    told = set(re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE))
    known = set(re.findall(r"^  (--[a-z-]+)", help_of(BINARY, "serve", "--help"), re.MULTILINE))
    assert told == known - {"--help"}


def test_defaults_of_serve_are_those_of_its_help():
    text = help_of(BINARY, "serve", "--help")
    for option, default in re.findall(r"^\| `(--[a-z-]+)[^|]*\| ([^|]*) \|", README, re.MULTILINE):
        if re.fullmatch(r"[\d.:]+|info|one for each core", default):
            assert re.search(rf"{option} .*\({re.escape(default)}\)", text), option


def test_environment_is_all_told():
    used = set()
    for path in (ROOT / "src").rglob("*.c"):
        used |= set(re.findall(r'"(SEGRETERIA_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert used == set(re.findall(r"SEGRETERIA_[A-Z_]+", README))


def test_commands_exist():
    dev = set(re.findall(r"^\./dev (\w+)", help_of("./dev", "help"), re.MULTILINE))
    assert set(re.findall(r"\./dev (\w+)", README)) <= dev
    commands = set(re.findall(r"^  (\w+) ", help_of(BINARY, "--help"), re.MULTILINE)) - {"segreteria"}
    assert set(re.findall(r"^\$ (?:SEGRETERIA\S+ )?segreteria (\w+)", README, re.MULTILINE)) == commands


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            heading = "".join(c for c in target[1:].replace("-", " "))
            titles = [re.sub(r"[^\w ]", "", title).lower() for title in re.findall(r"^#+ (.+)$", README, re.MULTILINE)]
            assert heading in titles, target
        elif not target.startswith("http"):
            assert os.path.exists(ROOT / target), target


def test_demo_has_as_many_vacancies_as_it_says():
    data = json.loads((ROOT / "src/cli/demo.json").read_text(encoding="utf-8"))
    assert f"posts {sum(len(entry['jobs']) for entry in data['companies'])} written" in README
