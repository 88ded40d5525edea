# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A host on the LAN between two stargs floods both with what control has to look at. FRR is the neighbour on the
other side, and a stream passes all three.

    src ---- up (FRR) ---- mid ---+--- down ---- rcv
      10.0.0         10.1.0       | 10.2.0  10.3.0
                                 evil
"""
import random
import re
import time

import pytest

from craft import (ALL_IGMP_V3, ALLOW, DVMRP, IS_EX, JOIN_PRUNE, hello, igmp, ipv4, join_prune, pim, pim_assert,
                   report)
from peers import Switch
from pim_net import UDP, PimNet, Port
from stream import SourceReceiver, settle
from wire import Wire

SOURCE, GROUP, RP = "10.0.0.1", "232.1.1.1", "10.9.9.9"
RATE, COUNT = 6000, 9000  # frames a second, of each kind
MID, DOWN = "10.2.0.1", "10.2.0.2"
GROUPS, NEIGHBORS, STATES, OF_ONE = 300, 6, 1000, 150


class Attacked(PimNet):
    def __init__(self, lab):
        super().__init__(lab)
        self.up = self.router("up", "frr")
        self.mid, self.down = (self.router(n, "starg") for n in ("mid", "down"))
        self.src = self.host("src", self.up, Port("e0", "10.0.0.254/24"), f"{SOURCE}/24")
        self.cable(self.up, Port("e1", "10.1.0.1/24", hello_s=1), self.mid, Port("e0", "10.1.0.2/24", hello_s=1))
        self.lan = Switch(lab, "lan")
        more = dict(igmp=True, hello_s=1, igmp_more=f"max_groups = {GROUPS};", pim_more=f"max_neighbors = {NEIGHBORS};")
        self.on_lan(self.lan, (self.mid, Port("e1", f"{MID}/24", **more)),
                    (self.down, Port("e0", f"{DOWN}/24", **more)))
        self.evil = self.host_on("evil", self.lan, "10.2.0.250/24")
        self.rcv = self.host("rcv", self.down, Port("e1", "10.3.0.254/24", igmp=True), "10.3.0.1/24")
        for r in (self.mid, self.down):
            r.pim_extra = f"limits: {{ states = {STATES}; per_neighbor = {OF_ONE}; per_source = {OF_ONE}; }};"
        self.up.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
        for r, via in ((self.mid, "10.1.0.1"), (self.down, MID)):
            for prefix in ("10.0.0.0/24", f"{RP}/32"):
                self.route(r, prefix, via)

    def ages(self) -> dict:
        """How long each starg has known its neighbours, in seconds."""
        ages = {(r.name, n["address"]): n["uptime_s"] for r in self.routers if r.kind == "starg"
                for n in r.ctl("show pim neighbor")["neighbors"]}
        return {(r.name, peer): ages.get((r.name, peer), -1) for r, _, peers in self.adjacent if r.kind == "starg"
                for peer in peers}


def host(rng) -> str:
    """No router: it never says Hello."""
    return f"10.2.0.{rng.randrange(10, 120)}"


def router(rng) -> str:
    return f"10.2.0.{rng.randrange(130, 250)}"


def any_group(rng, first: int) -> str:
    return f"{first}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"


def join(rng, src: str) -> bytes:
    return join_prune(src, rng.choice([MID, DOWN]), [(any_group(rng, 232), [SOURCE], [])])


def garbage(rng) -> bytes:
    """In the name of a router or of a neighbour: cut, or with counts that lie, or random bytes."""
    good = join(rng, MID)[24:]
    return pim(rng.choice([router(rng), DOWN, MID]), JOIN_PRUNE, rng.choice([
        good[:rng.randrange(len(good))], good[:7] + b"\xff" + good[8:], good[:18] + b"\xff\xff\xff\xff" + good[22:],
        rng.randbytes(rng.randrange(60))]))


def data(rng) -> bytes:
    return ipv4(host(rng), any_group(rng, 238), 17, b"\x13\x88\x13\x88\0\x1c\0\0" + bytes(20), ttl=9)


KINDS = {
    "reports of random groups": lambda rng: report(host(rng), [(IS_EX, any_group(rng, 239))]),
    "reports of random sources": lambda rng: report(host(rng), [
        (ALLOW, any_group(rng, 232), f"10.0.0.{rng.randrange(250)}")]),
    "Hellos of strangers, for ever": lambda rng: hello(router(rng), 65535),
    "Joins of those who may be neighbours now": lambda rng: join(rng, router(rng)),
    "broken Join/Prunes": garbage,
    "Asserts of strangers": lambda rng: pim_assert(host(rng), GROUP, SOURCE, 0, 0),
    "DVMRP": lambda rng: igmp(host(rng), ALL_IGMP_V3, bytes([DVMRP, 1, 0, 0]) + rng.randbytes(4)),
    "data of unknown groups": data,
}


@pytest.fixture
def net(lab):
    yield from Attacked(lab).running()


def flood(wire: Wire, packets: list[bytes]) -> None:
    """COUNT frames, paced; the packets come again and again."""
    frames = [wire.frame(p) for p in packets]
    began, sent = time.monotonic(), 0
    while sent < COUNT:
        due = min(COUNT, int((time.monotonic() - began) * RATE), sent + 100)
        for i in range(sent, due):
            wire.sock.send(frames[i % len(frames)])
        sent = max(sent, due)
        time.sleep(0.002)


def counters(r, port: str) -> dict[str, int]:
    """What PIM and IGMP of an interface refused, and what its port did not bring to control."""
    (pim_stats,) = r.ctl(f"show pim statistics {port}")["interfaces"]
    (igmp_stats,) = r.ctl(f"show igmp statistics {port}")["interfaces"]
    (police,) = r.ctl(f"show police {port}")["ports"]
    return {**pim_stats["drops"], **igmp_stats["counters"],
            **{f"policed_{c['class']}": c["policed"] for c in police["classes"]},
            "by_source": sum(c["by_source"] for c in police["classes"])}


def blamed(r, port: str) -> dict[str, str]:
    """Who sent what a counter counted last."""
    return {e["counter"]: e["address"] for what in ("pim", "igmp")
            for e in r.ctl(f"show {what} statistics {port}")["interfaces"][0]["last_from"]}


def bounded(r, port: str) -> None:
    neighbors = [n for n in r.ctl("show pim neighbor")["neighbors"] if n["interface"] == port]
    assert len(neighbors) == NEIGHBORS and max(n["states"] for n in neighbors) <= OF_ONE, neighbors
    (groups,) = r.ctl(f"show igmp interface {port}")["interfaces"]
    assert groups["groups"] == GROUPS and groups["suppressed"], groups
    assert r.ctl("show pim state limit 1")["total"] <= STATES


def test_no_flood_costs_a_neighbour_or_a_packet(net):
    receiver = SourceReceiver(net.rcv, UDP, GROUP, "eth0", SOURCE)
    net.flowing([receiver]).stop()
    known, wire, rng = net.ages(), Wire(net.evil, "eth0"), random.Random(4)
    sender = net.sender(GROUP, rate=500)
    for what, make in KINDS.items():
        flood(wire, [make(rng) for _ in range(2000)])
        ages = net.ages()
        assert all(ages[pair] >= known[pair] >= 0 for pair in known), f"after {what}: {known} -> {ages}"
        known = ages
    sender.stop()
    settle(sender, [receiver])
    report_of = receiver.report(sender.stream, sender.sent)
    assert report_of.clean, f"{report_of}\n{net.tell()}"
    assert "10.1.0.2" in net.up.neighbors("e1")
    for r, port in ((net.mid, "e1"), (net.down, "e0")):
        bounded(r, port)
        seen = counters(r, port)
        for name in ("neighbor_limit", "no_neighbor", "addr_truncated", "own", "drop_group_limit", "drop_type",
                     "policed_hello", "policed_nocache", "by_source"):
            assert seen[name], f"{r.name}: {name} is 0: {seen}"
        assert r.drops()["no_route"] and r.drops()["punt_policed"]
    assert counters(net.mid, "e1")["limit_neighbor"]
    by = blamed(net.mid, "e1")
    assert all(by[name].startswith("10.2.0.") and by[name] not in (MID, DOWN) for name in (
        "neighbor_limit", "no_neighbor", "drop_group_limit", "drop_type")), by
    assert re.search(r"neighbor 10\.2\.0\.\d+ on e1 asks for more than 150 states", net.mid.log())
