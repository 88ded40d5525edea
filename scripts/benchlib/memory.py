# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Where packet buffers lie, on both sides alike: on hugepages one behind the other; without them each program's
pools are told by tests/dp/pool_place.c, for DPDK then begins every buffer at a page of its own, unless the
program asks otherwise, as stargd does and testpmd does not."""
from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import re

from . import host

DIR = "/sys/kernel/mm/hugepages"
NEED_MB = 768  # both sides of a row at once
PLACES = {  # by name: what a note says
    "hugepages": "both sides on hugepages, buffers one behind the other",
    "packed": "no hugepages; both sides' buffers one behind the other",
    "spread": "no hugepages; both sides' buffers as DPDK places them, each at a page of its own",
    "own": "programs as they come, not judged: without hugepages starg's buffers lie one behind the other, "
           "testpmd's each at a page of its own",
}
LOCK = "/run/lock/starg-bench-hugepages"


def size_kb(path: str) -> int:
    return int(re.search(r"hugepages-(\d+)kB$", path).group(1))


def free_mb(root: str = DIR) -> int:
    """Megabytes of free hugepages of every size."""
    return sum(int(host.read(path + "/free_hugepages", "0")) * size_kb(path) // 1024
               for path in glob.glob(root + "/hugepages-*"))


def add_pages(path: str, n: int) -> int:
    """Changes the number of pages of one size; how many more (fewer) there really are."""
    with open(LOCK, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several may be measuring
        before = int(host.read(path + "/nr_hugepages", "0"))
        with open(path + "/nr_hugepages", "w", encoding="ascii") as f:
            f.write(str(max(0, before + n)))
        return int(host.read(path + "/nr_hugepages", "0")) - before


def reserve(stack: contextlib.ExitStack, root: str = DIR) -> bool:
    """Whether NEED_MB of hugepages are free; what is missing is reserved if this user may, until the stack
    is closed."""
    missing = NEED_MB - free_mb(root)
    if missing <= 0:
        return True
    sizes = sorted(glob.glob(root + "/hugepages-*"), key=size_kb)
    if not sizes or not os.access(sizes[0] + "/nr_hugepages", os.W_OK):
        return False
    path, want = sizes[0], -(-missing * 1024 // size_kb(sizes[0]))
    try:
        got = add_pages(path, want)
    except OSError:
        return False
    if got:
        stack.callback(add_pages, path, -got)
    if got < want:
        return False
    host.say(f"{got} hugepages of {size_kb(path)} kB reserved for this run")
    return True


def place_env(place: str, build: str) -> dict[str, str]:
    """What a program's environment needs to have its buffers so."""
    if place not in ("packed", "spread"):
        return {}
    module = os.path.join(build, "tests", "dp", "pool_place.so")
    if not os.path.exists(module):
        raise RuntimeError(f"{module} is not there: leave out --no-build")
    return {"LD_PRELOAD": module, "STARG_POOL_PLACE": place}


def eal_words() -> list[str]:
    """EAL arguments for either side: control and one worker, on hugepages, without files."""
    cpus = host.ALL_CPUS
    return [f"--lcores=0@{cpus[0]},1@{cpus[1 % len(cpus)]}", "--no-pci", "--in-memory",
            "--no-telemetry"]
