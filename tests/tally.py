#!/usr/bin/env python3
"""tally.py RESULTS_DIR SUITE...: adds up the JUnit files the suites left and prints a table and, last, the plain line
`N passed, N failed, N skipped`. A suite without a result counts as one failure. Exit status 1 if anything failed or
nothing ran.

A cmocka program is one test case to ctest; its own lines, kept in the file, tell the cases inside it.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree


def count_program(case):
    """(passed, failed, skipped) of one ctest case."""
    output = "".join(case.findtext("system-out") or "")
    passed = len(re.findall(r"(?m)^\[ +OK \] ", output))
    skipped = len(re.findall(r"(?m)^\[  SKIPPED \] \S+$", output)) // 2
    failed = len(set(re.findall(r"(?m)^\[  (?:FAILED|ERROR)  *\] ([A-Za-z_]\S*)$", output)))
    if case.get("status") != "run":
        failed = max(failed, 1)
    elif passed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def count_pytest(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return 0, 1, 0
    if case.find("skipped") is not None:
        return 0, 0, 1
    return 1, 0, 0


def main():
    directory, suites = pathlib.Path(sys.argv[1]), sys.argv[2:]
    totals = [0, 0, 0]
    print()
    for suite in suites:
        counts, seconds = [0, 0, 0], 0.0
        try:
            tree = xml.etree.ElementTree.parse(directory / f"{suite}.xml")
            for case in tree.iter("testcase"):
                seconds += float(case.get("time") or 0)
                numbers = count_program(case) if suite == "unit" else count_pytest(case)
                counts = [a + b for a, b in zip(counts, numbers)]
        except (OSError, xml.etree.ElementTree.ParseError):
            counts = [0, 1, 0]
        print(f"{suite:12} {counts[0]:6} passed {counts[1]:4} failed {counts[2]:4} skipped {seconds:8.1f} s of tests")
        totals = [a + b for a, b in zip(totals, counts)]
    print()
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] > 0 or totals[0] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
