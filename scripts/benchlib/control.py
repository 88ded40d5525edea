# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The control plane: how soon a router does what a host asks. One router between a source and a host, starg
and FRR in turn in the same namespaces' likes; both are RP, DR, first and last hop.

The host's interface is watched by a packet socket with the kernel's time stamps: the report is seen as it
leaves, the data as it arrives, by the same clock.
"""
from __future__ import annotations

import os
import pathlib
import socket
import statistics
import struct
import subprocess
import sys
import time

from . import host
from .frames import checksum
from .result import Result
from .rows import Bench
from .wire import Wire

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

GROUPS, PPS = 1, 20000  # groups of the source, packets a second of each
RP, UDP = "10.9.9.9", 5000
ALLOW, TO_IN, TO_EX = 5, 3, 4  # RFC 3376 4.2.12
ROUTER_ALERT = bytes((148, 4, 0, 0))


def report(records: list[tuple[int, str]], src: str) -> bytes:
    """An IGMPv3 report of records without sources, from the IP header on (RFC 3376 4.2)."""
    body = b"".join(struct.pack("!BBH4s", kind, 0, 0, socket.inet_aton(g)) for kind, g in records)
    igmp = struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records)) + body
    igmp = igmp[:2] + struct.pack("!H", checksum(igmp)) + igmp[4:]
    head = struct.pack("!BBHHHBBH4s4s", 0x46, 0xC0, 24 + len(igmp), 0, 0, 1, 2, 0,
                       socket.inet_aton(src), socket.inet_aton("224.0.0.22")) + ROUTER_ALERT
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + igmp


class Host(Wire):
    """A host that reports, and sees what comes."""

    def say(self, kind: int, group: str) -> None:
        self.say_all([(kind, group)])

    def say_all(self, records: list[tuple[int, str]]) -> None:
        self.out.send(self.report_frame(records))

    def report_frame(self, records: list[tuple[int, str]]) -> bytes:
        return self.frame(b"\x01\0\x5e\0\0\x16", report(records, self.address))

    def times(self, group: str, quiet_s: float, most_s: float, first: bool = False) -> tuple[float, list[float]]:
        """When our report left, and when data of the group came, until none has come for quiet_s; first: until
        some has come after our report."""
        said, data, dst = 0.0, [], socket.inet_aton(group)
        until = last = time.monotonic()
        until += most_s
        while time.monotonic() < until and time.monotonic() - last < quiet_s:
            got = self.read()
            if not got:
                continue
            at, ip = got
            if ip[9] == 2 and ip[12:16] == socket.inet_aton(self.address):
                said = at
            elif ip[9] == 17 and ip[16:20] == dst:
                data.append(at)
                last = time.monotonic()
                if first and said and at >= said:
                    break
        return said, data


class Contender:
    """A router with a source in front of it and a host behind it."""

    def __init__(self, lab, kind: str):
        from pim_net import PimNet, Port
        net = PimNet(lab)
        self.router = net.router(f"r-{kind}", kind)
        self.src = net.host(f"s-{kind}", self.router, Port("e0", "10.0.0.254/24"), "10.0.0.1/24")
        self.rcv = net.host(f"h-{kind}", self.router, Port("e1", "10.1.0.254/24", igmp=True), "10.1.0.1/24")
        self.router.loopback(f"{RP}/32")
        self.router.rp(RP)
        net.start()
        self.name = kind
        self.wire = Host(self.rcv, "10.1.0.1")
        self.sender = subprocess.Popen(
            ["ip", "netns", "exec", self.src.ns, sys.executable, "-B", "-c", SENDER, str(GROUPS), str(PPS)],
            stdin=subprocess.DEVNULL)
        lab.procs.append(self.sender)
        time.sleep(3)  # the source is known, queries of the start are over

    def pause(self, stopped: bool) -> None:
        os.kill(self.sender.pid, 19 if stopped else 18)

    def join(self, group: str) -> float:
        """Seconds from the report to the first packet."""
        self.wire.drain()
        self.wire.say(TO_EX, group)
        said, data = self.wire.times(group, 2, 2, first=True)
        first = next((t for t in data if t >= said), None)
        if not said or first is None:
            raise RuntimeError(f"{self.name}: nothing of {group} came")
        return first - said

    def leave(self, group: str) -> float:
        """Seconds from the report to the last packet."""
        self.wire.drain()
        self.wire.say(TO_IN, group)
        said, data = self.wire.times(group, 0.3, 12)
        return max((t - said for t in data if t >= said), default=0.0)


SENDER = """
import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(29, 1)  # PR_SET_TIMERSLACK: the kernel's 50 us would make bursts of it
groups, pps = int(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
to, at = [("239.1.1.%d" % (i + 1), 5000) for i in range(groups)], time.monotonic()
while True:
    for t in to:
        s.sendto(b"x" * 32, t)
    at = max(at + 1 / pps, time.monotonic() - 0.05)
    time.sleep(max(0, at - time.monotonic()))
"""


def _ms(values: list[float]) -> str:
    return f"{statistics.median(values) * 1e3:.2f} ms"


def _within(values: list[float]) -> str:
    """What nine of ten did not exceed."""
    return f"{sorted(values)[(len(values) - 1) * 9 // 10] * 1e3:.2f}"


def lab_of(bench: Bench):
    """The class of labs that run the programs to be measured."""
    import lab
    lab.STARGD = pathlib.Path(bench.stargd)
    lab.STARGCTL = pathlib.Path(bench.build) / "app" / "stargctl"
    return lab.Lab


def latencies(bench: Bench) -> list[Result]:
    """Joins and leaves, the routers taking turns group by group."""
    Lab = lab_of(bench)
    with host.on_all_cpus(), Lab("sgb") as lab:
        both = [Contender(lab, kind) for kind in ("starg", "frr")]
        joins, leaves = {c.name: [] for c in both}, {c.name: [] for c in both}
        for c in both:
            c.pause(True)
        for n in range(bench.size(12, 4) * bench.rounds):
            for c in both:
                c.pause(False)
                time.sleep(0.1)  # the source is at its pace again
                joins[c.name].append(c.join(f"239.1.1.{n % GROUPS + 1}"))
                leaves[c.name].append(c.leave(f"239.1.1.{n % GROUPS + 1}"))
                c.pause(True)
    out = []
    for row, work, v in (("igmp-join", "IGMPv3 report to the first packet", joins),
                         ("igmp-leave", "IGMPv3 leave to the last packet", leaves)):
        ours, theirs = v["starg"], v["frr"]
        out.append(Result(row, work, "FRR", goal="5 ms, FRR's",
                          text=f"{_ms(ours)} (nine of ten within {_within(ours)}), FRR {_ms(theirs)} "
                               f"({_within(theirs)}); {len(ours)} each, a packet every {1000 / PPS:g} ms",
                          figures={"starg_s": ours, "frr_s": theirs},
                          reached=statistics.median(ours) < 0.005
                          and statistics.median(ours) <= statistics.median(theirs)))
    return out


def memberships(bench: Bench) -> list[Result]:
    """So many groups by IGMPv3 reports, until all are routes of the data plane."""
    Lab = lab_of(bench)
    wanted, took = 2000 if bench.quick else 100000, []
    for _ in range(min(bench.rounds, 3)):
        with Lab("sgb") as lab:
            c = Contender(lab, "starg")
            c.pause(True)
            before = c.router.rss_kb()
            groups = [f"239.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}" for i in range(256, wanted + 256)]
            start = time.monotonic()
            for i in range(0, wanted, 180):
                c.wire.say_all([(TO_EX, g) for g in groups[i:i + 180]])
            while (have := _count(c)) < wanted:
                if time.monotonic() > start + 60:
                    raise RuntimeError(f"{have} of {wanted} groups are forwarded after 60 s: "
                                       f"{c.router.drops()}")
                time.sleep(0.02)
            took.append(time.monotonic() - start)
            grown = (c.router.rss_kb() - before) * 1024 / wanted
    best = statistics.median(took)
    return [Result("igmp-100k", f"{wanted} (*,G) by IGMPv3 reports", goal="under 2 s",
                   text=f"{best:.2f} s until all are forwarded, {grown:.0f} bytes resident each, data plane included",
                   figures={"seconds": took, "bytes": grown}, reached=best < 2)]


def _count(c: Contender) -> int:
    """Routes of the data plane."""
    return c.router.ctl("show memory")["routes"]

