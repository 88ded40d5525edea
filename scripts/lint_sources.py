# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""lint_sources.py FILE...: who may include whom, headers that compile alone, file heads.

One finding a line, "FILE:LINE: what is wrong". The rooms and their order are those of README.md.
"""
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# Rooms of control that are no protocol, and what each may include besides itself and the seam.
CONTROL = {
    "base": [],
    "net": ["base"],
    "tib": ["base", "net"],
    "run": ["base", "net", "tib"],
    "kernel": ["base", "net", "run"],
}
PROTOCOL_MAY = ["base", "net", "tib", "run"]
# Libraries, and the only places that may name their headers. Tests may include what they test.
LIBRARIES = [
    (r"libconfig\.h", r"app/conf/", "libconfig is app/conf's"),
    (r"cmdline.*\.h", r"app/shell/terminal\.c", "librte_cmdline is app/shell/terminal.c's"),
    (r"rte_.*\.h", r"dataplane/(?!seam/)|app/[^/]*$|app/shell/terminal\.c|app/api/telemetry(_data)?\.c",
     "DPDK is the data plane's and app's"),
    (r"libmnl/.*", r"control/kernel/", "libmnl is control/kernel's"),
    (r"(event2/.*|event\.h)", r"app/", "the event loop is app's"),
    (r"jansson\.h", r"app/", "JSON is app's"),
    (r"cap-ng\.h", r"app/", "capabilities are app's"),
    (r"cmocka\.h", r"tests/", "cmocka is the tests'"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
WORDS = re.compile(r"\b(TODO|FIXME|XXX)\b")
LINES_MAX = 600


def room(path: str) -> str:
    """dataplane/seam, dataplane, control/<room>, app, tests or the first directory."""
    parts = pathlib.PurePath(path).parts
    if parts[:2] == ("dataplane", "seam"):
        return "dataplane/seam"
    if parts[0] == "control" and len(parts) > 2:
        return "control/" + parts[1]
    return parts[0]


def allowed(path: str, target: str) -> bool:
    here, there = room(path), room(target)
    if here == "tests" or here == there and here != "control/pim":
        return True
    if there == "dataplane/seam":
        return True
    if here in ("dataplane/seam", "dataplane"):
        return False
    if here == "app":
        return there != "tests"
    if here.startswith("control/"):
        name = here.split("/")[1]
        if here == there:  # pim: sm and dm share common and pim.h only; common calls them by sm/sm.h
            mine, other = path.split("/")[2:], target.split("/")[2:]
            public = len(other) == 1 or other[-1] == other[0] + ".h"
            return len(mine) == 1 or mine[0] == other[0] or other[0] == "common" or (
                public and (len(other) == 1 or mine[0] == "common"))
        may = CONTROL.get(name, PROTOCOL_MAY)
        return there.startswith("control/") and there.split("/")[1] in may
    return False


def includes(path: str, lines: list[str]):
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        quote, target = found.groups()
        local = pathlib.Path(path).parent / target
        if quote == '"' and local.exists():
            target = str(local)
        if pathlib.Path(target).exists():
            if not allowed(path, target):
                yield f"{path}:{number}: {room(path)} must not include {target}"
            continue
        for header, where, why in LIBRARIES:
            if re.fullmatch(header, target) and not re.match(where, path) \
                    and not path.startswith("tests/"):
                yield f"{path}:{number}: {target}: {why}"


def head(path: str, lines: list[str]):
    top = "\n".join(lines[:3])
    if "SPDX-License-Identifier: BSD-3-Clause" not in top:
        yield f"{path}:1: no SPDX line"
    if "Copyright (c) 2026 The starg authors" not in top:
        yield f"{path}:1: no copyright line"
    if path.endswith(".h") and "#pragma once" not in lines:
        yield f"{path}:1: no #pragma once"
    if len(lines) > LINES_MAX:
        yield f"{path}:{LINES_MAX}: {len(lines)} lines, at most {LINES_MAX}: split it by noun"
    for number, line in enumerate(lines, 1):
        if WORDS.search(line):
            yield f"{path}:{number}: unfinished work is not committed"


def dpdk_flags() -> list[str]:
    return subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True,
                          text=True).stdout.replace("-I", "-isystem ").split()


def compiles_alone(path: str, dpdk: list[str]):
    """Without DPDK's flags where DPDK has no business."""
    flags = [] if re.match(r"control/|dataplane/(seam|hdr)/", path) else dpdk
    run = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I.", "-fsyntax-only", "-Wall",
                          "-Wextra", "-Wno-unused-parameter", *flags, "-x", "c", "-include", path,
                          "/dev/null"], capture_output=True, text=True)
    if run.returncode or run.stderr:
        first = next((m for m in run.stderr.splitlines() if "error" in m or "warning" in m), "")
        yield f"{path}:1: does not compile alone: {first}"


def check(path: str, dpdk: list[str]) -> list[str]:
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    found = list(includes(path, lines)) + list(head(path, lines))
    if path.endswith(".h"):
        found += compiles_alone(path, dpdk)
    return found


def main() -> None:
    dpdk = dpdk_flags()
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda p: check(p, dpdk), sys.argv[1:]):
            for line in found:
                print(line)


main()
