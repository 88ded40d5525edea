# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What 10,000 joins a second cost the flows that are there already: a worker busy with a replayed file, and beside it a
neighbor that joins and prunes (S,G) and a host that joins and leaves groups, by veths of the same router.
"""
from __future__ import annotations

import threading
import time

from . import conf, host, measure
from .control import RP, TO_EX, TO_IN, Host, lab_of
from .pimpeer import Peer
from .result import Result
from .rows import Bench
from .stargd import Stargd

TICK_S, EACH = 0.01, 50  # as many (S,G) and as many (*,G) in a hundredth of a second: 10,000 joins a second
RECORDS = 10  # of a report
WINDOW = 100  # ticks that a join lasts
FLOWS = 512
SOURCES = "10.100.0.0/16"
ESTABLISHED = "o0"  # the port of what was there before


class Load:
    """Each tick joins a block of groups, and ends the one that was joined WINDOW ticks before. Blocks come again when all
    have had their turn."""

    def __init__(self, neighbor: Peer, listener: Host):
        self.neighbor, self.listener = neighbor, listener
        self.blocks = [self._block(i) for i in range(2 * WINDOW)]
        self.ended = threading.Event()
        self.thread: threading.Thread | None = None
        self.ticks, self.seconds = 0, 0.0

    def _block(self, i: int) -> tuple[list[bytes], list[bytes]]:
        """Frames that join, frames that leave."""
        names = [f"{i * EACH + k >> 8 & 255}.{i * EACH + k & 255}" for k in range(EACH)]
        flows = [(f"10.100.{i}.1", f"232.1.{n}") for n in names]

        def reports(kind: int) -> list[bytes]:
            return [self.listener.report_frame([(kind, f"239.200.{n}") for n in names[k:k + RECORDS]])
                    for k in range(0, EACH, RECORDS)]
        return (self.neighbor.join_frames(flows) + reports(TO_EX),
                self.neighbor.join_frames(flows, False) + reports(TO_IN))

    def _say(self, tick: int, join: bool) -> None:
        for data in self.blocks[tick % len(self.blocks)][not join]:
            self.neighbor.out.send(data)

    def _run(self) -> None:
        start = time.monotonic()
        while not self.ended.is_set():
            self._say(self.ticks, True)
            if self.ticks >= WINDOW:
                self._say(self.ticks - WINDOW, False)
            self.ticks += 1
            self.ended.wait(max(0.0, start + self.ticks * TICK_S - time.monotonic()))
        self.seconds = time.monotonic() - start

    def start(self) -> None:
        self.ended.clear()
        self.ticks = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()

    def standing(self) -> int:
        """Routes that the joins without a leave make."""
        return 2 * EACH * min(self.ticks, WINDOW)

    def end_all(self) -> None:
        for tick in range(max(0, self.ticks - WINDOW), self.ticks):
            self._say(tick, False)
            time.sleep(TICK_S / 4)


def _text(setup: conf.Setup, socket_path: str) -> str:
    """One router: a file in, nothing out, and two veths with those who join."""
    def port(name: str, at: int) -> str:
        return f'{{ name = "{name}"; device = "net_af_packet{at},iface=v-{name}"; }}'
    routes = ",\n".join(conf.route_text(setup, s, g) for s, g in setup.routes)
    return f"""
router: {{ name = "bench"; workers = 1; poll = "busy"; huge = false; mbufs = {setup.mbufs}; }};
control: {{ socket = "{socket_path}"; }};
ports: ( {{ name = "in"; device = "net_pcap0,rx_pcap={setup.pcap},infinite_rx=1"; }},
  {{ name = "{ESTABLISHED}"; device = "net_null0,no-rx=1"; }}, {port("up", 0)}, {port("down", 1)} );
interfaces: (
  {{ name = "src"; port = "in"; exception = "none"; address = "{conf.IN_LOCAL}/24"; }},
  {{ name = "lan0"; port = "{ESTABLISHED}"; exception = "none"; address = "172.16.0.1/24"; }},
  {{ name = "up"; port = "up"; address = "10.1.1.254/24"; pim: {{ }}; }},
  {{ name = "down"; port = "down"; address = "10.1.3.254/24"; pim: {{ }}; igmp: {{ }}; }},
  {{ name = "lo0"; loopback = true; address = "{RP}/32"; pim: {{ }}; }} );
rpf: ( {{ prefix = "{SOURCES}"; interface = "up"; neighbor = "10.1.1.1"; }} );
pim: {{ rp: ( {{ address = "{RP}"; }} ); }};
static: {{ routes: ( {routes} ); }};
"""


class Quiet:
    """The router with nobody joining. What counts is what leaves by the established flows' port."""
    name = "starg, no joins"

    def __init__(self, router: Stargd):
        self.router = router

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def counters(self) -> tuple[int, int]:
        ports = {p["name"]: p for p in self.router.ask("show port stats all")["ports"]}
        return ports[ESTABLISHED]["tx_packets"], ports["in"]["rx_packets"]

    def read(self) -> measure.Reading:
        return measure.take_reading(self.counters, lambda: host.thread_time(self.router.proc.pid, self.router.tid))

    def trouble(self) -> str:
        return self.router.trouble()


class Joined(Quiet):
    """The same while they join. Each round begins and ends with the established routes alone."""
    name = "starg, 10,000 joins/s"

    def __init__(self, router: Stargd, load: Load):
        super().__init__(router)
        self.load = load
        self.base = router.memory()["routes"]
        self.rounds: list[dict] = []

    def start(self) -> None:
        self.load.start()

    def stop(self) -> None:
        self.load.stop()
        wanted = self.base + self.load.standing()
        self._until(wanted)
        self.rounds.append({"joins": 2 * EACH * self.load.ticks, "seconds": self.load.seconds, "routes": wanted})
        self.load.end_all()
        self._until(self.base)

    def _until(self, wanted: int) -> None:
        until = time.monotonic() + 20
        while (have := self.router.memory()["routes"]) != wanted:
            if time.monotonic() > until:
                raise RuntimeError(f"{have} routes instead of {wanted}: {self.trouble()}")
            time.sleep(0.05)


def _neighbor(router: Stargd, side: str, peer: Peer) -> None:
    """Returns when the router knows the peer."""
    from lab import wait_for

    def known() -> bool:
        peer.hello()
        return any(n["address"] == peer.address for n in router.ask("show pim neighbor")["neighbors"])
    wait_for(f"{side} is a neighbor", known, 20, 0.3)


def forwarding(bench: Bench) -> list[Result]:
    """Rounds with joins and without, in turn."""
    pcap, routes = bench.plain_file(FLOWS)
    setup = conf.Setup(pcap, routes)
    with lab_of(bench)("sgb") as lab:
        node = lab.host("r")
        hosts = {"up": lab.host("up"), "down": lab.host("down")}
        for side, at in (("up", "10.1.1.1"), ("down", "10.1.3.1")):
            lab.link(hosts[side], "eth0", node, f"v-{side}")
            hosts[side].address("eth0", f"{at}/24")
        router = Stargd(bench.stargd, lambda path: _text(setup, path), bench.work, "starg",
                        ("ip", "netns", "exec", node.ns))
        try:
            router.start()
            up, down = Peer(hosts["up"], "10.1.1.1", "10.1.1.254"), Peer(hosts["down"], "10.1.3.1", "10.1.3.254")
            _neighbor(router, "up", up)
            _neighbor(router, "down", down)
            both = [Joined(router, Load(down, Host(hosts["down"], "10.1.3.1"))), Quiet(router)]
            samples = measure.alternate(both, bench.rounds, bench.seconds, "joins")
            drops = router.drops()
        finally:
            router.close()
    return [_result(both[0], samples, drops)]


def _result(joined: Joined, samples: list[list[measure.Sample]], drops: dict[str, int]) -> Result:
    rate = sum(r["joins"] for r in joined.rounds) / sum(r["seconds"] for r in joined.rounds)
    out = Result("joins", f"{FLOWS} flows while {rate:,.0f} joins/s come", "no joins", ours=measure.rate(samples[0]),
                 theirs=measure.rate(samples[1]), goal_ratio=0.95,
                 figures={"joins_per_s": rate, "rounds": joined.rounds, "drops": drops})
    out.ratio = measure.ratio(out.ours, out.theirs)
    out.notes.append("half by Join/Prune, half by IGMPv3 reports, each ended after a second")
    return out.judge()
