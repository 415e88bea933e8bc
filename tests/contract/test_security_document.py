"""docs/security.md names tests; each of them exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(\w[\w/]*\.(?:py|c))::(\w+)`", TEXT)))
ROWS = re.findall(r"^\| ((?:\d+\.\d+\.\d+).*?) \| (.*?) \|", TEXT, re.MULTILINE)


def test_tests_are_named():
    assert len(NAMED) > 50


@pytest.mark.parametrize("path, name", NAMED)
def test_it_exists(path, name):
    source = (ROOT / "tests" / path).read_text(encoding="utf-8")
    pattern = rf"^def {name}\(" if path.endswith(".py") else rf"^static void {name}\("
    assert re.search(pattern, source, re.MULTILINE)


def test_every_row_has_a_state():
    assert len(ROWS) > 60
    assert {state for _, state in ROWS} == {"met", "open", "n/a"}


def test_every_requirement_of_level_2_is_there():
    """ASVS 5.0: how many requirements of levels 1 and 2 the sections have."""
    counts = {"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
              "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "11.1": 2, "11.2": 3, "11.3": 3,
              "11.4": 4, "11.5": 1, "11.6": 1, "13.3": 2}
    found = {}
    for requirement, _ in ROWS:
        if "(level 3)" in requirement:
            continue
        numbers = re.findall(r"\d+\.\d+\.\d+", requirement)
        section, last = numbers[0].rsplit(".", 1)
        many = range(int(last), int(numbers[1].rsplit(".", 1)[1]) + 1) if " to " in requirement else [
            int(number.rsplit(".", 1)[1]) for number in numbers]
        found.setdefault(section, set()).update(many)
    assert {section: len(numbers) for section, numbers in found.items()} == counts
