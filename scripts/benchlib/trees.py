# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Many (S,G) by Join/Prune: one router between two neighbours towards the sources and one that joins, starg and FRR in
turn in the same namespaces' likes. The neighbours are this program's own, from packet sockets.
"""
from __future__ import annotations

import socket
import statistics
import time

from . import host
from .control import lab_of
from .netlink import replace_route
from .pimpeer import Peer, Refresher
from .result import Result
from .rows import Bench
from .stargd import Shell

SOURCES = "10.100.0.0/16"
SIDES = ("u1", "u2")  # towards the sources
SAMPLES = 50  # flows of which data is sent
LIMIT_S = 60  # how long a router may take


def flows(n: int) -> list[tuple[str, str]]:
    """n (S,G): a source each 256 groups of the SSM range."""
    return [(f"10.100.{i >> 16}.{(i >> 8 & 255) or 1}", f"232.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}")
            for i in range(n)]


def address(side: str) -> str:
    """Of the neighbour; the router is .254 of the same /24."""
    return {"u1": "10.1.1.1", "u2": "10.1.2.1", "e0": "10.1.3.1"}[side]


def local(side: str) -> str:
    return address(side)[:-1] + "254"


class Transit:
    """The router and its three neighbours, who know each other."""

    def __init__(self, lab, kind: str, interval_s: int = 60):
        from lab import wait_for
        from pim_net import PimNet, Port
        self.name = kind
        net = PimNet(lab)
        self.router = net.router(f"r-{kind}", kind)
        self.router.join_interval_s = interval_s
        self.router.workers = 1  # what control does shall be its own thread's
        hosts = {side: net.host(f"{side}-{kind}", self.router, Port(side, f"{local(side)}/24"), f"{address(side)}/24")
                 for side in (*SIDES, "e0")}
        net.start()
        self.peers = {side: Peer(node, address(side), local(side)) for side, node in hosts.items()}
        self.join_by = self.peers["e0"]
        for side, peer in self.peers.items():
            wait_for(f"{kind}: {side} is a neighbour", lambda: self._known(side, peer), 20, 0.3)
        self.router.route(SOURCES, address("u1"))
        self.shell = None
        if kind == "starg":
            self.shell = Shell(self.router.sock)
            self.shell.connect()
            lab.on_close(lambda: self.shell.sock.close())

    def _known(self, side: str, peer: Peer) -> bool:
        peer.hello()
        return address(side) in self.router.neighbors(side)

    def pid(self) -> int:
        """Of the thread that is control."""
        return self.router.proc.pid if self.shell else self.router.daemons["pimd"].pid

    def routes(self) -> int:
        """That forward: of starg's data plane, or of the kernel below FRR."""
        if self.shell:
            return self.shell.memory()["routes"]
        with self.router.inside():
            lines = host.read("/proc/thread-self/net/ip_mr_cache").splitlines()[1:]
        return sum(1 for line in lines if len(line.split()) > 6)

    def trouble(self) -> str:
        return str(self.router.drops()) if self.shell else ""

    def make(self, wanted: list[tuple[str, str]], frames: list[bytes]) -> float:
        """Seconds from the first Join to the last route."""
        start = self.join_by.send(frames)
        while (have := self.routes()) < len(wanted):
            if time.monotonic() > start + LIMIT_S:
                raise RuntimeError(f"{self.name}: {have} of {len(wanted)} (S,G) after {LIMIT_S} s: {self.trouble()}")
            time.sleep(0.02 if self.shell else 0.1)
        return time.monotonic() - start

    def cpu_s(self) -> float:
        """Processor time that control has had."""
        return host.thread_time(self.pid(), self.pid())[0] / 1e9

    def forwards(self, wanted: list[tuple[str, str]]) -> int:
        """How many of a sample of flows get their packet to the neighbour that joined."""
        sample = wanted[::max(1, len(wanted) // SAMPLES)][:SAMPLES]
        missing = {(socket.inet_aton(s), socket.inet_aton(g)) for s, g in sample}
        for s, g in sample:
            self.peers["u1"].data(s, g)
        until = time.monotonic() + 3
        while missing and time.monotonic() < until:
            got = self.join_by.read()
            if got and got[1][9] == 17:
                missing.discard((got[1][12:16], got[1][16:20]))
        return len(sample) - len(missing)


def established(lab, kind: str, n: int, interval_s: int = 60) -> tuple[Transit, list[bytes]]:
    """A router whose n (S,G) are joined at u1, and the messages that made them."""
    t = Transit(lab, kind, interval_s)
    wanted = flows(n)
    frames = t.join_by.join_frames(wanted)
    t.peers["u1"].drain()
    t.make(wanted, frames)
    joins = sum(j for _, j, _ in t.peers["u1"].entries(n, 0, LIMIT_S))
    if joins < n:
        raise RuntimeError(f"{kind}: {joins} of {n} Joins went on to the sources: {t.trouble()}")
    return t, frames


def _each(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} s"


def _one(bench: Bench, kind: str, n: int) -> dict:
    """One fresh router: seconds, memory, and the sample."""
    with lab_of(bench)("sgb") as lab:
        t = Transit(lab, kind)
        wanted = flows(n)
        frames = t.join_by.join_frames(wanted)
        before, cpu = t.shell.memory() if t.shell else {}, t.cpu_s()
        out = {"seconds": t.make(wanted, frames), "messages": len(frames), "cpu_s": t.cpu_s() - cpu}
        out["sampled"], out["of"] = t.forwards(wanted), min(SAMPLES, n)
        if t.shell:
            after = t.shell.memory()
            grown = {k: after[k] - before[k] for k in ("resident_bytes", "route_bytes", "list_bytes")}
            out["bytes"] = (grown["resident_bytes"] - grown["route_bytes"] - grown["list_bytes"]) / n
            out["route_bytes"] = grown["route_bytes"] / n
    host.say(f"jp-100k: {kind}: {n} (S,G) in {out['seconds']:.2f} s, {out['cpu_s']:.2f} s of a CPU, {out['sampled']} of {out['of']} sampled flows "
             "forwarded")
    return out


def joined(bench: Bench) -> list[Result]:
    """Join/Prunes of one neighbour until all is forwarded; and what that takes in memory."""
    n, theirs_n = bench.size(100000, 1000), bench.size(10000, 200)
    ours = [_one(bench, "starg", n) for _ in range(min(bench.rounds, 3))]
    theirs = [_one(bench, "frr", theirs_n)]
    took, bytes_each = [o["seconds"] for o in ours], statistics.median(o["bytes"] for o in ours)
    cpu = [o["cpu_s"] for o in ours]
    sampled = all(o["sampled"] == o["of"] for o in ours)
    return [
        Result("jp-100k", f"{n:,} (S,G) by Join/Prune", "FRR", goal="under 2 s",
               text=f"{_each(took)} until all are forwarded, {_each(cpu)} of a CPU; FRR {theirs[0]['seconds']:.2f} s "
                    f"for {theirs_n:,}",
               figures={"seconds": took, "cpu_s": cpu, "messages": ours[0]["messages"], "sampled": [o["sampled"] for o in ours],
                        "frr_seconds": [o["seconds"] for o in theirs], "frr_n": theirs_n},
               notes=[] if sampled else ["not each sampled flow was forwarded"],
               reached=sampled and statistics.median(took) < 2),
        Result("jp-memory", f"memory of control, {n:,} (S,G), two interfaces", goal="1.5 KB each",
               text=f"{bytes_each:.0f} bytes each, and {ours[0]['route_bytes']:.0f} of the data plane",
               figures={"bytes": [o["bytes"] for o in ours], "route_bytes": [o["route_bytes"] for o in ours]},
               reached=bytes_each < 1536)]


def _upkeep(bench: Bench, kind: str, n: int) -> dict:
    """Control's share of a CPU over one t_periodic of Joins in and Joins out; what was joined last may wait a second
    longer for others."""
    seconds = bench.size(60, 5)
    with lab_of(bench)("sgb") as lab:
        t, frames = established(lab, kind, n, seconds)
        up = t.peers["u1"]
        with Refresher(t.join_by, frames, seconds):
            cpu, start = t.cpu_s(), time.monotonic()
            got = up.entries(1 << 30, 1 << 30, seconds + 4)
            wall = time.monotonic() - start
            cpu = t.cpu_s() - cpu
        have = t.routes()
    out = sum(j for _, j, _ in got)
    if have < n or out < n:
        raise RuntimeError(f"{kind}: of {n} (S,G) {have} are forwarded and {out} Joins went out after {wall:.0f} s")
    host.say(f"refresh: {kind}: {n} (S,G), {100 * cpu / wall:.2f} % of a CPU")
    return {"share": cpu / wall, "seconds": wall, "n": n, "joins_out": out,
            "messages_out": len(got), "messages_in": round(len(frames) * wall / seconds)}


def upkeep(bench: Bench) -> list[Result]:
    """Joins of all (S,G) once in t_periodic, received and sent."""
    ours = _upkeep(bench, "starg", bench.size(100000, 1000))
    theirs = _upkeep(bench, "frr", bench.size(10000, 200))
    return [Result("refresh", f"refresh of {ours['n']:,} (S,G), Joins in and out", "FRR",
                   goal="10 % of a CPU",
                   text=f"{100 * ours['share']:.1f} % of a CPU; FRR {100 * theirs['share']:.1f} % for {theirs['n']:,}",
                   figures={"starg": ours, "frr": theirs}, reached=ours["share"] < 0.1,
                   notes=[f"in {ours['seconds']:.0f} s {ours['joins_out']} Joins in {ours['messages_out']} messages went out, FRR's "
                          f"{theirs['joins_out']} in {theirs['messages_out']}"])]


def _moved(t: Transit, n: int, to: str) -> dict:
    """From the kernel's change of the route to the first and the last Join at the new neighbour."""
    new, old = t.peers[to], t.peers[SIDES[1 - SIDES.index(to)]]
    new.drain()
    old.drain()
    with t.router.inside():
        at = replace_route(SOURCES, address(to))
    got = new.entries(n, 0, LIMIT_S)
    if sum(j for _, j, _ in got) < n:
        raise RuntimeError(f"{t.name}: {sum(j for _, j, _ in got)} of {n} Joins came: {t.trouble()}")
    pruned = sum(p for _, _, p in old.entries(0, n, LIMIT_S))
    host.say(f"rpf-10k: {t.name}: first {1e3 * (got[0][0] - at):.1f} ms, last {1e3 * (got[-1][0] - at):.1f} ms, "
             f"{len(got)} messages, {pruned} Prunes at the old neighbor")
    return {"first_s": got[0][0] - at, "last_s": got[-1][0] - at, "messages": len(got), "prunes": pruned}


def moves(bench: Bench) -> list[Result]:
    """One route of the kernel moves all trees to another neighbour, to and fro."""
    n, found = bench.size(10000, 200), {}
    for kind in ("starg", "frr"):
        with lab_of(bench)("sgb") as lab:
            t, frames = established(lab, kind, n)
            with Refresher(t.join_by, frames, 60):
                found[kind] = [_moved(t, n, SIDES[(r + 1) % 2]) for r in range(max(2, bench.rounds))]

    def text(key: str) -> str:
        ours, theirs = (statistics.median(m[key] for m in found[k]) for k in ("starg", "frr"))
        return f"{1e3 * ours:.1f} ms, FRR {1e3 * theirs:.1f}"
    ours = found["starg"]
    return [Result(f"rpf-{which}", f"{which} Join of {n:,} trees after the kernel's route moved", "FRR", goal=goal,
                   text=text(f"{which}_s") + (f"; {ours[0]['messages']} messages, FRR {found['frr'][0]['messages']}"
                                              if which == "last" else ""),
                   figures=found, reached=statistics.median(m[f"{which}_s"] for m in ours) < limit_s)
            for which, goal, limit_s in (("first", "10 ms", 0.010), ("last", "500 ms", 0.500))]
