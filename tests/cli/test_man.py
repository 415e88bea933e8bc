"""docs/segreteria.1 says what --help says: the same options with the same arguments, the same environment; and it is well
formed."""

import re
import subprocess

import pytest
from support.server import BINARY, ROOT

PAGE = ROOT / "docs" / "segreteria.1"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = ["serve", "migrate", "keys", "mail", "operator", "demo", "taxonomies", "search"]


def help_of(*words):
    return subprocess.run([BINARY, *words, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout


def section(macro, title):
    found = re.search(rf"^\.{macro} {title}\n(.*?)(?=^\.S[hs] |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_commands():
    told = re.findall(r"^\.Ss segreteria (\w+)$", TEXT, re.MULTILINE)
    assert told == COMMANDS == re.findall(r"^  (\w+)   +\S", help_of(), re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_options(command):
    helped = re.findall(r"^  --([a-z-]+)(?: ([A-Z:]+))?(?=  |$)", help_of(command), re.MULTILINE)
    assert len(helped) > 1
    assert re.findall(r"^\.It Fl Fl ([a-z-]+)(?: Ar (\S+))?$", section("Ss", f"segreteria {command}"), re.MULTILINE) == helped


def test_environment():
    helped = {name for command in COMMANDS for name in re.findall(r"SEGRETERIA_[A-Z_]+", help_of(command))}
    assert set(re.findall(r"^\.It Ev (\w+)$", section("Sh", "ENVIRONMENT"), re.MULTILINE)) == helped


def test_page_is_well_formed():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", PAGE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
