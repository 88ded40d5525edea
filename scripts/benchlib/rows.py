# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The rows of the design's table that compare rates of forwarding on net_pcap and net_null."""
from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass, field

from . import conf, frames, measure, memory, stargd, testpmd
from .result import Result


@dataclass
class Bench:
    """What every row needs. Sizes shrink with --quick."""
    stargd: str
    build: str
    work: str  # directory that is removed at the end
    rounds: int = 5
    seconds: float = 2
    quick: bool = False
    root: bool = True
    place: str = "auto"  # of the buffers beside testpmd: a key of memory.PLACES; auto: hugepages or packed
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def path(self, name: str) -> str:
        return os.path.join(self.work, name)

    def file_of(self, name: str, data: list[bytes]) -> str:
        """A pcap file, written once a run."""
        path = self.path(name + ".pcap")
        return path if os.path.exists(path) else frames.write_pcap(path, data)

    def plain_file(self, n: int = 512) -> tuple[str, list[tuple[str, str]]]:
        routes = frames.flows(n)
        return self.file_of(f"plain{n}", [frames.frame(s, g) for s, g in routes]), routes

    @functools.cached_property
    def buffers(self) -> str:
        """Where buffers lie in the rows beside testpmd: a key of memory.PLACES."""
        if self.place not in ("auto", "hugepages"):
            return self.place
        if memory.reserve(self.stack):
            return "hugepages"
        if self.place == "auto":
            return "packed"
        raise RuntimeError(f"{memory.NEED_MB} MB of hugepages are not to be had: run as root, or reserve them: "
                           f"sudo scripts/setup --hugepages {memory.NEED_MB}")

    def peer_env(self) -> dict[str, str]:
        return dict(os.environ, XDG_RUNTIME_DIR=self.work)


def compare(bench: Bench, result: Result, make) -> Result:
    """make(stack) gives starg and its peer, in this order; the rates, the ratio and the cycles."""
    with contextlib.ExitStack() as stack:
        ours, theirs = make(stack)
        a, b = measure.alternate([ours, theirs], bench.rounds, bench.seconds, result.row)
        result.cycles = ours.cycles()
        drops = ours.drops()
    result.ours, result.theirs = measure.rate(a), measure.rate(b)
    result.ratio = measure.ratio(result.ours, result.theirs)
    if drops:
        result.notes.append(f"starg dropped {drops}")
    return result.judge()


def running(bench: Bench, stack: contextlib.ExitStack, setup: conf.Setup,
            name: str = "starg", env: dict[str, str] | None = None) -> stargd.Stargd:
    router = stargd.forwarding(bench.stargd, setup, bench.work, name, env)
    stack.callback(router.close)
    return router


def macswap(bench: Bench, row: str, outputs: int, one_mac: bool, goal: float) -> list[Result]:
    pcap, routes = bench.plain_file()
    macs = "512 (S,G) routes" if outputs == 1 else \
        "one router MAC" if one_mac else "a MAC per port"
    result = Result(row, f"{outputs} output{'s' * (outputs > 1)}, {macs}", "testpmd macswap",
                    goal=f"{goal:g}")
    place = result.buffers = bench.buffers
    result.notes.append(memory.PLACES[place])
    if place != "own":  # the goals are for the same pool on both sides
        result.goal_ratio = goal

    def make(stack):
        env = memory.place_env(place, bench.build)
        setup = conf.Setup(pcap, routes, outputs, one_mac,
                           eal=memory.eal_words() if place == "hugepages" else [])
        router = running(bench, stack, setup, env=env if place == "spread" else None)
        peer = testpmd.Testpmd(pcap, conf.MBUFS, bench.peer_env() | env, place == "hugepages")
        stack.callback(peer.close)
        return router, peer
    return [compare(bench, result, make)]


def random_setup(bench: Bench, n_routes: int, n_frames: int, mbufs: int, outputs: int = 1,
                 one_mac: bool = False) -> conf.Setup:
    """n random routes and a file of frames drawn at random from them."""
    routes = frames.random_flows(n_routes)
    path = bench.path(f"random-{n_routes}-{n_frames}.pcap")
    if not os.path.exists(path):
        frames.write_pcap(path, frames.random_frames(routes, n_frames))
    return conf.Setup(path, routes, outputs, one_mac, mbufs=mbufs)


def million(bench: Bench) -> list[Result]:
    n, packets = bench.size(1000000, 30000), bench.size(200000, 6000)
    mbufs = packets + conf.MBUFS
    result = Result("routes-1m", f"1 output, {n:,} (S,G) routes, {packets:,} random packets",
                    "starg, 512 routes", goal_ratio=0.5)

    def make(stack):
        many = running(bench, stack, random_setup(bench, n, packets, mbufs), "starg many")
        few = running(bench, stack, random_setup(bench, 512, packets, mbufs), "starg 512")
        memory = many.memory()
        result.figures = {"routes": memory["routes"], "route_bytes": memory["route_bytes"],
                          "resident_bytes": memory["resident_bytes"]}
        return many, few
    return [compare(bench, result, make)]


def encapsulated(bench: Bench, how: str) -> list[Result]:
    pcap, routes = bench.plain_file()
    result = Result(how, f"1 {how.upper()} output, 512 routes", "starg, plain output",
                    goal_ratio=0.7)

    def make(stack):
        return (running(bench, stack, conf.Setup(pcap, routes, how=how), f"starg {how}"),
                running(bench, stack, conf.Setup(pcap, routes), "starg plain"))
    return [compare(bench, result, make)]
