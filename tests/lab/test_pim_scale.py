# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""2,000 trees over one neighbour, starg on one side and FRR on the other: made by a host's reports, packed
into few Join/Prunes, refreshed for longer than their holdtime, and gone when the host leaves.

    src ---- up ---- down ---- rcv        up: RP 10.9.9.9
      10.0.0   10.1.0    10.3.0
"""
import socket
import struct

import pytest

from craft import ALLOW, BLOCK, TO_EX, TO_IN, reports
from lab import wait_for
from pim_net import UDP, PimNet, Port
from wire import Wire

SOURCE, HOST, RP, COUNT = "10.0.0.1", "10.3.0.1", "10.9.9.9", 2000
INTERVAL_S, ROUNDS = 2, 4  # more rounds of Joins than fit into one holdtime, which is 3.5 of them
KINDS = [("starg", "frr"), ("frr", "starg")]


def groups(first: str) -> list[str]:
    return [f"{first}.1.{n >> 8}.{n & 255}" for n in range(COUNT)]


class Pair(PimNet):
    def __init__(self, lab, up: str, down: str):
        super().__init__(lab)
        self.up, self.down = self.router("up", up), self.router("down", down)
        self.src = self.host("src", self.up, Port("e0", "10.0.0.254/24"), f"{SOURCE}/24")
        self.cable(self.up, Port("e1", "10.1.0.1/24"), self.down, Port("e0", "10.1.0.2/24"))
        self.rcv = self.host("rcv", self.down, Port("e1", "10.3.0.254/24", igmp=True), f"{HOST}/24")
        self.up.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
            r.join_interval_s = INTERVAL_S
            r.pim_extra = "keepalive_s = 5;"
        for prefix in ("10.0.0.0/24", f"{RP}/32"):
            self.route(self.down, prefix, "10.1.0.1")
        self.wire = Wire(self.rcv, "eth0")

    def say(self, records: list[tuple]) -> None:
        self.wire.send(*reports(HOST, records))

    def wait_trees(self, source: str, wanted: list[str], timeout_s: float = 40) -> None:
        """Both routers forward exactly these groups of the source towards the host."""
        for r in self.routers:
            try:
                wait_for("trees", lambda r=r: forwarding(r, source) == set(wanted), timeout_s, 0.5)
            except AssertionError:
                have = forwarding(r, source)
                raise AssertionError(f"{r.name} ({r.kind}) forwards {len(have)} groups instead of "
                                     f"{len(wanted)}: {sorted(have ^ set(wanted))[:5]}...") from None

    def wait_clean(self) -> None:
        """No tree is left: nor of data that has passed, once its Keepalive Timer has run out."""
        for r in self.routers:
            if r.kind == "starg":
                wait_for(f"{r.name} has no tree", lambda r=r: not trees(r), 30, 0.5)

    def joins(self) -> list[tuple[int, list[str]]]:
        """Length and joined groups of each Join/Prune that left the lower router."""
        sent = self.lab.capture.sent_by(self.down, self.down.end("e0"))
        return [(len(p), joined(p[20:])) for _, p in sent if p[20] == 0x23]


def joined(message: bytes) -> list[str]:
    """The groups of a Join/Prune in which it joins something (RFC 7761 4.9.5)."""
    found, at = [], 14
    for _ in range(message[11]):
        group, n_joins, n_prunes = struct.unpack_from("!4x4sHH", message, at)
        at += 12 + 8 * (n_joins + n_prunes)
        if n_joins:
            found.append(socket.inet_ntoa(group))
    return found


def forwarding(r, source: str) -> set[str]:
    """Groups of the source (or "*") that the router sends to its interface e1."""
    if r.kind == "frr":
        return {g for (s, g), e in r.mroutes().items()
                if s == source and e.get("installed") and "e1" in e.get("oil", ())}
    return {e["group"] for e in r.ctl("show mroute limit 10000")["routes"]
            if e["source"] == source and "e1" in {o["interface"] for o in e["outputs"]}}


def trees(r) -> list[dict]:
    return r.ctl("show pim state limit 10000")["trees"]


def heard(raw: socket.socket, into: set[str]) -> None:
    """The groups whose data has come in."""
    try:
        while True:
            f = raw.recv(2048)
            if f[12:14] == b"\x08\0" and f[23] == 17:
                into.add(socket.inet_ntoa(f[30:34]))
    except (TimeoutError, BlockingIOError):
        return


def every_group_arrives(net: Pair, wanted: list[str], tries: int = 1) -> None:
    """One packet to each (tries > 1: until it has come, for trees that the first data completes)."""
    got: set[str] = set()
    raw = net.rcv.raw("eth0")
    raw.settimeout(0.02)
    sock = net.src.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 16)
    for _ in range(tries):
        missing = [g for g in wanted if g not in got]
        for i in range(0, len(missing), 50):
            for group in missing[i:i + 50]:
                sock.sendto(b"x" * 50, (group, UDP))
            heard(raw, got)
    raw.settimeout(1)
    heard(raw, got)
    raw.close()
    sock.close()
    assert got >= set(wanted), f"{len(set(wanted) - got)} of {len(wanted)} groups lost: {sorted(set(wanted) - got)[:5]}"


def outlive_a_holdtime(net: Pair, wanted: list[str]) -> None:
    """The Joins come again, packed and within the MTU, and keep the trees, which are the same ones all the time."""
    def rounds():
        return sum(wanted[0] in g for _, g in net.joins())
    before, settled = rounds(), len(net.joins())
    wait_for(f"{ROUNDS} refreshes", lambda: rounds() >= before + ROUNDS, 20 * INTERVAL_S, 0.5)
    sent = net.joins()
    assert max(length for length, _ in sent) <= 1500
    if net.down.kind == "starg":  # FRR sends the first ones one by one
        settled = 0
    many = [len(g) for _, g in sent[settled:]]
    assert sum(many) / len(many) >= 60, f"{sum(many)} groups in {len(many)} messages"
    for r in net.routers:
        if r.kind == "starg":
            ages = [t["uptime_s"] for t in trees(r) if t["group"] in wanted]
            assert len(ages) >= COUNT and min(ages) > INTERVAL_S, f"{len(ages)} trees, {min(ages)} s old"


@pytest.fixture(params=KINDS, ids=lambda k: f"{k[1]}-below-{k[0]}")
def pair(lab, request):
    yield from Pair(lab, *request.param).running()


def test_two_thousand_sources_over_one_neighbour(pair):
    wanted = groups("232")
    pair.say([(ALLOW, g, SOURCE) for g in wanted])
    pair.wait_trees(SOURCE, wanted)
    every_group_arrives(pair, wanted)
    outlive_a_holdtime(pair, wanted)
    pair.wait_trees(SOURCE, wanted, 1)
    every_group_arrives(pair, wanted)
    pair.say([(BLOCK, g, SOURCE) for g in wanted])
    pair.wait_trees(SOURCE, [])
    pair.wait_clean()


def test_two_thousand_groups_over_one_neighbour(pair):
    """Of a sample data comes: by the shared tree first, then by the source's."""
    wanted = groups("239")
    pair.say([(TO_EX, g) for g in wanted])
    pair.wait_trees("*", wanted)
    every_group_arrives(pair, wanted[::40], tries=10)
    outlive_a_holdtime(pair, wanted)
    pair.wait_trees("*", wanted, 1)
    every_group_arrives(pair, wanted[::40], tries=10)
    pair.say([(TO_IN, g) for g in wanted])
    pair.wait_trees("*", [])
    pair.wait_clean()
