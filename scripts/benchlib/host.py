# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What the machine is, what it does besides, and the processor time of one thread."""
from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import platform
import re
import resource
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
ALL_CPUS = sorted(os.sched_getaffinity(0))
_libc = ctypes.CDLL(None, use_errno=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def read(path: str, default: str = "") -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return default


def leave_the_workers_cpu() -> None:
    """This program stays on the first CPU, where the contenders' control threads are: their
    workers are on the second."""
    os.sched_setaffinity(0, ALL_CPUS[:1])


@contextlib.contextmanager
def on_all_cpus():
    """For contenders without a worker, which no CPU need be kept for: this program and its children go where
    there is one."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, ALL_CPUS)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _child() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.sched_setaffinity(0, ALL_CPUS)
    try:  # AF_XDP locks its buffers
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
    except (OSError, ValueError):
        pass


def popen(argv: list[str], **kw) -> subprocess.Popen:
    """A child on all CPUs that ends with this program and to which Ctrl-C does not go."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([str(a) for a in argv], start_new_session=True, preexec_fn=_child, **kw)


def end(proc: subprocess.Popen | None, timeout_s: float = 20) -> None:
    if proc is None or proc.poll() is not None:
        return
    proc.terminate()
    try:
        proc.wait(timeout_s)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()


# --- one thread ----------------------------------------------------------------------------------

def thread_id(pid: int, name: str = r"(rte|lcore)-worker-?1") -> int:
    """The thread of a process whose name matches; the process's first one if there is none (a
    program with a single lcore)."""
    for tid in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
        if re.fullmatch(name, read(f"/proc/{pid}/task/{tid}/comm").strip()):
            return int(tid)
    return pid


def parse_schedstat(text: str) -> tuple[int, int]:
    """Nanoseconds on a CPU, nanoseconds ready but waiting for one."""
    words = text.split()
    return (int(words[0]), int(words[1])) if len(words) >= 2 else (0, 0)


def thread_time(pid: int, tid: int) -> tuple[int, int]:
    return parse_schedstat(read(f"/proc/{pid}/task/{tid}/schedstat"))


# --- the machine ---------------------------------------------------------------------------------

def parse_stat(text: str) -> tuple[int, int, int]:
    """Ticks of all CPUs together from /proc/stat: total, busy, stolen by the hypervisor."""
    ticks = [int(n) for n in text.split("\n", 1)[0].split()[1:9]]
    ticks += [0] * (8 - len(ticks))
    idle = ticks[3] + ticks[4]
    return sum(ticks), sum(ticks) - idle, ticks[7]


def machine_ticks() -> tuple[int, int, int]:
    return parse_stat(read("/proc/stat", "cpu 1 0 0 0"))


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", read("/proc/cpuinfo"), re.M)
    return found.group(1) if found else platform.machine()


def _dpdk_version() -> str:
    try:
        out = subprocess.run(["pkg-config", "--modversion", "libdpdk"], capture_output=True,
                             text=True, check=False).stdout.strip()
    except OSError:
        out = ""
    return out or "unknown"


def _hugepages() -> str:
    rows = []
    for path in sorted(glob.glob("/sys/kernel/mm/hugepages/hugepages-*")):
        total, free = read(path + "/nr_hugepages").strip(), read(path + "/free_hugepages").strip()
        rows.append(f"{path.rsplit('-', 1)[1]}: {total} ({free} free)")
    return ", ".join(rows) or "none"


def facts() -> dict[str, object]:
    memory = re.search(r"MemTotal:\s*(\d+)", read("/proc/meminfo"))
    flags = read("/proc/cpuinfo")
    governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
    return {
        "cpu": _cpu_model(),
        "cpus": len(ALL_CPUS),
        "virtual": " hypervisor" in flags,
        "memory_mb": int(memory.group(1)) // 1024 if memory else 0,
        "kernel": platform.release(),
        "dpdk": _dpdk_version(),
        "hugepages": _hugepages(),
        "governor": governor or "not shown by this machine",
        "load": os.getloadavg()[0],
    }
