# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""tally.py meson|junit FILE EXIT-CODE: prints "PASSED FAILED SKIPPED" for scripts/test.

A program that died, or a run that left no report, counts as one failure: silence never passes.
"""
import json
import re
import sys
import xml.etree.ElementTree as ET

OK = re.compile(r"^\[\s+OK \]", re.M)
FAILED = re.compile(r"^\[  FAILED  \] (?!\[)(?!.*\btest\(s\))(\S+)", re.M)
SKIPPED = re.compile(r"^\[  SKIPPED \] (?!.*\btest\(s\))(\S+)", re.M)


def meson(path: str) -> tuple[int, int, int]:
    """Every cmocka test of every program; a program without cmocka's lines is one test."""
    passed = failed = skipped = 0
    for line in open(path, encoding="utf-8", errors="replace"):
        test = json.loads(line)
        text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
        ok, bad = len(OK.findall(text)), len(set(FAILED.findall(text)))
        skip = len(set(SKIPPED.findall(text)))
        if test["result"] == "SKIP" or (test["result"] == "OK" and ok + bad + skip == 0):
            passed, skipped = passed + (test["result"] == "OK"), skipped + (test["result"] == "SKIP")
            continue
        if test["result"] != "OK" and bad == 0:
            bad = 1
        passed, failed, skipped = passed + ok, failed + bad, skipped + skip
    return passed, failed, skipped


def junit(path: str) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for suite in ET.parse(path).getroot().iter("testsuite"):
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skip = int(suite.get("skipped", 0))
        passed += int(suite.get("tests", 0)) - bad - skip
        failed, skipped = failed + bad, skipped + skip
    return passed, failed, skipped


def main() -> None:
    kind, path, code = sys.argv[1], sys.argv[2], int(sys.argv[3])
    try:
        passed, failed, skipped = {"meson": meson, "junit": junit}[kind](path)
    except (OSError, ValueError, ET.ParseError) as error:
        print(f"tally: {path}: {error}", file=sys.stderr)
        passed, failed, skipped = 0, 1, 0
    if code != 0 and failed == 0:
        failed = 1
    print(passed, failed, skipped)


main()
