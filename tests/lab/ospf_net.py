# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""PIM routers that learn their unicast routes by OSPF: FRR's ospfd beside FRR's pimd, or on starg's twins.

    src ---- first ====== mid ---- last ---- far       ====  two switch ports: it can be cut, or go silent
      10.0.0    \\  10.1.0  / |  10.4.0    10.6.0      a     the RP 10.9.9.9, on a loopback
             10.2.0\\   /10.3.0\\            first has 10.8.8.8, another RP to be
                     a       near 10.5.0
"""
from __future__ import annotations

import time

from lab import Lab, Node, wait_for
from peers import FrrSpace, Switch
from pim_net import KINDS, FrrPim, PimNet, Port, StargPim
from slow_wire import SlowWire
from stream import Receiver, Sender

GROUP, UDP, RP, RP2, SOURCE = "239.1.1.1", 5000, "10.9.9.9", "10.8.8.8", "10.0.0.1"
DEAD_S = 3  # a neighbour that is silent for so long is gone


def ospf_lines(router_id: str, ports: list[Port], *more: str) -> list[str]:
    # zebra's nexthop objects lack a path that failed and returned, though zebra shows it
    lines = ["no zebra nexthop kernel enable", "router ospf", f"ospf router-id {router_id}", "timers throttle spf 0 50 200",
             "timers lsa min-arrival 50", "timers throttle lsa all 0", *more, "exit"]
    for p in ports:
        lines += [f"interface {p.name}", "ip ospf area 0"]
        if p.cost:
            lines += [f"ip ospf cost {p.cost}", "ip ospf network point-to-point", "ip ospf hello-interval 1",
                      f"ip ospf dead-interval {DEAD_S}", "exit"]
        else:
            lines += ["ip ospf passive", "exit"]
    return lines


class StargOspf(StargPim):
    """FRR's zebra and ospfd run on the twins."""

    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.frr = FrrSpace(self)

    def up(self) -> None:
        super().up()
        for daemon in ("zebra", "ospfd"):
            self.frr.daemon(daemon)
        # ospfd has nothing to say of the /32 of an interface that is no loopback in Linux
        self.frr.configure(*ospf_lines(self.ports[0].address.split("/")[0], self.ports,
                                       *(["redistribute connected"] if self.local else [])))

    def down(self) -> None:
        for name in list(self.frr.daemons):
            self.frr.kill(name)
        super().down()

    def tell(self) -> str:
        return self.text("show route") + super().tell()


class FrrOspf(FrrPim):
    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.frr = self

    def loopback(self, address: str) -> None:
        super().loopback(address)
        self.lines += ["interface lo", "ip ospf area 0", "exit"]

    def start(self, *config: str, ospf: bool = True) -> None:
        super().start(*config, *ospf_lines(self.ports[0].address.split("/")[0], self.ports), ospf=ospf)

    def tell(self) -> str:
        return FrrPim.text(self, "ip route") + super().tell()


class Triangle(PimNet):
    """kinds: of first, mid, last, a. Twice as far as straight on is it from mid by a to the source, and detour_ms longer."""

    def __init__(self, lab: Lab, kinds: dict[str, str], cost: int = 10, detour_ms: float = 0):
        super().__init__(lab)
        self.changed: list = []
        self.streams: list = []
        self.wire = Switch(lab, "wire")
        self.first, self.mid, self.last, self.a = (
            self.router(n, kinds[n]) for n in ("first", "mid", "last", "a"))
        self.src = self.host("src", self.first, Port("e0", "10.0.0.254/24", cost=0), f"{SOURCE}/24")
        self.plug(self.wire, self.first, Port("e1", "10.1.0.1/24"))
        self.plug(self.wire, self.mid, Port("e0", "10.1.0.2/24", cost=cost))
        self.cable(self.first, Port("e2", "10.2.0.1/24"), self.a, Port("e0", "10.2.0.2/24"))
        self.detour((self.mid, Port("e1", "10.3.0.1/24")), (self.a, Port("e1", "10.3.0.2/24")), detour_ms)
        self.cable(self.mid, Port("e2", "10.4.0.1/24"), self.last, Port("e0", "10.4.0.2/24"))
        self.near = self.host("near", self.mid, Port("e3", "10.5.0.254/24", igmp=True, cost=0), "10.5.0.1/24")
        self.far = self.host("far", self.last, Port("e1", "10.6.0.254/24", igmp=True, cost=0), "10.6.0.1/24")
        self.far.sysctl("net.ipv4.conf.eth0.force_igmp_version", 2)
        self.a.loopback(f"{RP}/32")
        self.first.loopback(f"{RP2}/32")
        for r in self.routers:
            r.rp(RP)
            r.rp_used = RP

    def detour(self, one: tuple, other: tuple, ms: float) -> None:
        if ms:
            self.slow = SlowWire(self.lab, "slow", ms)
            self.on_lan(self.slow, one, other)
        else:
            self.cable(*one, *other)

    def router(self, name: str, kind: str):
        r = {"starg": StargOspf, "frr": FrrOspf}[kind](self.lab, name)
        assert kind in KINDS
        self.routers.append(r)
        return r

    def start(self) -> None:
        for p in (p for r in self.routers for p in r.ports):
            p.hello_s = 2  # the first Hello after a link's return may be too early for the other end
        super().start()
        for r, port, peer in ((self.first, "e1", "10.1.0.2"), (self.first, "e2", "10.2.0.2"),
                              (self.mid, "e0", "10.1.0.1"), (self.mid, "e1", "10.3.0.2"),
                              (self.mid, "e2", "10.4.0.2"), (self.last, "e0", "10.4.0.1"),
                              (self.a, "e0", "10.2.0.1"), (self.a, "e1", "10.3.0.1")):
            wait_for(f"{r.name}: neighbour {peer}", lambda r=r, port=port, peer=peer:
                     peer in r.neighbors(port), 40)
        for r, prefix, device in (
                (self.mid, "10.0.0.0/24", ""), (self.mid, RP, "e1"), (self.first, RP, "e2"),
                (self.a, "10.0.0.0/24", "e0"), (self.last, "10.0.0.0/24", "e0"), (self.last, RP, "e0")):
            self.wait_route(r, prefix, device)

    def wait_route(self, r, prefix: str, device: str = "") -> None:
        """The kernel of r has a way to prefix; by device, if one is named, and by no other."""
        def there():
            ways = r.ip("route", "show", prefix).stdout
            return "proto ospf" in ways and (not device or {
                w for w, before in zip(ways.split()[1:], ways.split()) if before == "dev"} == {device})
        try:
            wait_for(f"{r.name}: a way to {prefix} {device}", there, 30)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{r.ip('route').stdout}") from None

    def cost(self, r, port: str, value: int) -> None:
        self.changed.append((r, port))
        r.frr.configure(f"interface {port}", f"ip ospf cost {value}")

    def use_rp(self, *routers, rp: str) -> None:
        """The one RP of these routers from now on, "" for none: a reload of starg, commands of FRR's."""
        for r in routers:
            if r.rp_used != rp:
                r.rp_change(r.rp_used, rp)
                r.rp_used = rp

    def cut(self, way: str) -> None:
        """The wire between first and mid: up, down (both ends lose their carrier) or silent."""
        self.wire.ip("link", "set", "lan", "down" if way == "silent" else "up")
        for port in ("s0", "s1"):
            self.wire.ip("link", "set", port, "down" if way == "down" else "up")

    def receiver(self, node: Node, group: str = GROUP) -> Receiver:
        self.streams.append(Receiver(node, UDP, group, "eth0"))
        return self.streams[-1]

    def sender(self, group: str = GROUP, rate: int = 50) -> Sender:
        self.streams.append(Sender(self.src, group, UDP, "eth0", rate=rate).start())
        return self.streams[-1]

    def restore(self) -> None:
        """Links and metrics as they were made, nobody sends or listens; trees may still be there."""
        self.cut("up")
        for r, port in {(r, port) for r, port in self.changed}:
            self.cost(r, port, next(p.cost for p in r.ports if p.name == port))
        for end in self.streams:
            end.close()
        self.changed, self.streams = [], []
        for r in self.routers:
            r.pim_extra = ""
        self.use_rp(*self.routers, rp=RP)
        self.wait_route(self.mid, "10.0.0.0/24", "e0")

    def arrives(self, receivers: list[Receiver], sender: Sender, packets: int = 10, within_s: float = 20) -> float:
        """Packets sent from now on reach each receiver; the seconds it took."""
        began, now = time.monotonic(), sender.sent

        def heard(r):
            return sum(n >= now for n in list(r.counts.get(sender.stream, ()))[-4 * packets:]) >= packets
        try:
            for r in receivers:
                wait_for(f"{packets} more packets at {r.name}", lambda r=r: heard(r), within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tell()}") from None
        return time.monotonic() - began - packets / sender.rate
