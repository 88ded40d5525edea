# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Rates of contenders that take turns, by the clock and by processor time.

A contender has start(), stop(), read() -> Reading and name. On a machine that others use too the clock
counts what they took; a thread's processor time does not. Both ratios are computed, and the one by
processor time is used when the forwarding thread had to wait or the hypervisor stole time.
"""
from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from . import host

DISTURBED = 0.01  # share of the time that a thread may wait for its CPU before the clock is doubted
SETTLE_S = 0.25


@dataclass
class Reading:
    """Counters since the contender began."""
    tx: int
    rx: int
    cpu_ns: int
    wait_ns: int
    at_s: float
    ticks: tuple[int, int, int] = (0, 0, 0)


@dataclass
class Sample:
    """What happened between two readings."""
    tx: int
    rx: int
    wall_s: float
    cpu_s: float
    wait_s: float
    steal: float  # share of all CPUs' time
    busy_s: float  # of all CPUs together

    @property
    def pps(self) -> float:
        return self.tx / self.wall_s

    @property
    def pps_cpu(self) -> float:
        """Packets for each second on a CPU; 0 if the thread's time is not known."""
        return self.tx / self.cpu_s if self.cpu_s > 0 else 0.0

    @property
    def disturbed(self) -> bool:
        return self.steal > DISTURBED or self.wait_s / self.wall_s > DISTURBED


def between(a: Reading, b: Reading, ticks_per_s: float = 100.0) -> Sample:
    total = max(1, b.ticks[0] - a.ticks[0])
    return Sample(tx=b.tx - a.tx, rx=b.rx - a.rx, wall_s=b.at_s - a.at_s,
                  cpu_s=(b.cpu_ns - a.cpu_ns) / 1e9, wait_s=(b.wait_ns - a.wait_ns) / 1e9,
                  steal=(b.ticks[2] - a.ticks[2]) / total,
                  busy_s=(b.ticks[1] - a.ticks[1]) / ticks_per_s)


def take_reading(counters, clock) -> Reading:
    """counters() -> (tx, rx) between two looks at clock() -> (cpu_ns, wait_ns): their middle."""
    t0, c0 = time.monotonic(), clock()
    tx, rx = counters()
    c1, t1 = clock(), time.monotonic()
    return Reading(tx=tx, rx=rx, cpu_ns=(c0[0] + c1[0]) // 2, wait_ns=(c0[1] + c1[1]) // 2,
                   at_s=(t0 + t1) / 2, ticks=host.machine_ticks())


def run_once(contender, seconds: float) -> Sample:
    contender.start()
    try:
        time.sleep(SETTLE_S)
        before = contender.read()
        time.sleep(seconds)
        sample = between(before, contender.read())
    finally:
        contender.stop()
    if sample.tx <= 0:
        raise RuntimeError(f"{contender.name} sent nothing in {seconds} s: {contender.trouble()}")
    return sample


def alternate(contenders: list, rounds: int, seconds: float, title: str) -> list[list[Sample]]:
    """Samples of each contender. Every second round runs in reverse, so that a drift of the
    machine's speed favours nobody."""
    samples: list[list[Sample]] = [[] for _ in contenders]
    for r in range(rounds):
        order = list(range(len(contenders)))
        for i in order[::-1] if r % 2 else order:
            s = run_once(contenders[i], seconds)
            samples[i].append(s)
            host.say(f"{title}: round {r + 1} of {rounds}: {contenders[i].name} "
                     f"{s.pps / 1e6:.2f} Mpps, {s.pps_cpu / 1e6:.2f} M a CPU second"
                     + (" (disturbed)" if s.disturbed else ""))
    return samples


@dataclass
class Rate:
    """Medians over the rounds."""
    pps: float
    pps_cpu: float
    disturbed: bool
    samples: list[Sample] = field(default_factory=list)

    def json(self) -> dict:
        return {"packets_per_s": self.pps, "packets_per_cpu_s": self.pps_cpu,
                "disturbed": self.disturbed,
                "rounds": [{"packets": s.tx, "wall_s": s.wall_s, "cpu_s": s.cpu_s,
                            "wait_s": s.wait_s, "steal": s.steal} for s in self.samples]}


def rate(samples: list[Sample]) -> Rate:
    return Rate(pps=statistics.median(s.pps for s in samples),
                pps_cpu=statistics.median(s.pps_cpu for s in samples),
                disturbed=any(s.disturbed for s in samples), samples=samples)


@dataclass
class Ratio:
    wall: float
    cpu: float
    by: str  # "wall" or "cpu": which of them counts

    @property
    def value(self) -> float:
        return self.cpu if self.by == "cpu" else self.wall


def ratio(ours: Rate, peer: Rate) -> Ratio:
    wall = ours.pps / peer.pps if peer.pps else 0.0
    cpu = ours.pps_cpu / peer.pps_cpu if peer.pps_cpu else 0.0
    doubt = (ours.disturbed or peer.disturbed) and cpu > 0
    return Ratio(wall=wall, cpu=cpu, by="cpu" if doubt else "wall")
