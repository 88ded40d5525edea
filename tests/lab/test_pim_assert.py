# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Two or three routers upstream of one LAN and as many downstream, whose ways lead through different ones: who
forwards to the LAN (RFC 7761 4.6), and who keeps it coming when he is gone.

                     10.1.1 +-- a .2 --+         +-- .12 d -- 10.3.1 -- host
    src ---- .1 r0 --10.1.2-+-- b .3 --|-- LAN --+-- .13 e -- 10.3.2 -- host
       10.0.0        10.1.3 +-- c .4 --+ 10.2.0  +-- .14 f -- 10.3.3 -- host
                                            |
                                          watch     sees all of the LAN, no router serves it

FRR sends no Assert for a source of its own LAN, so the source is behind r0. d goes through a, e through b, f through c.
An FRR below sometimes prunes the loser when it hears an Assert, and does not join him again until its next periodic
Join, so these are frequent.
"""
import socket

import pytest

from peers import Switch
from pim_net import UDP, PimNet, Port
from stream import Receiver, Sender, SourceReceiver

GROUP, SSM, RP, SOURCE = "239.1.1.1", "232.1.1.1", "10.9.9.9", "10.0.0.9"
PIM_ASSERT = 0x25  # version 2, type 5


class Rivals(PimNet):
    def __init__(self, lab, above: tuple[str, ...], below: tuple[str, ...], metrics: tuple[int, ...] = (10, 10, 10),
                 rp: int | None = None, preference: int = 0):
        """Kinds of a, b, c and of d, e, f; rp: which of a, b, c it is, or else r0."""
        super().__init__(lab)
        self.r0 = self.router("r0", "starg")
        self.above = [self.router(n, k) for n, k in zip("abc", above)]
        self.below = [self.router(n, k) for n, k in zip("def", below)]
        self.src = self.host("src", self.r0, Port("e0", "10.0.0.1/24"), f"{SOURCE}/24")
        for i, r in enumerate(self.above, 1):
            self.cable(self.r0, Port(f"e{i}", f"10.1.{i}.1/24"), r, Port("e0", f"10.1.{i}.2/24"))
        switch = Switch(lab, "lan")
        self.on_lan(switch, *((r, Port("e1", f"{lan_address(i)}/24", hello_s=2)) for i, r in enumerate(self.above)),
                    *((r, Port("e0", f"10.2.0.{i + 12}/24", hello_s=2)) for i, r in enumerate(self.below)))
        self.watcher = self.host_on("watch", switch, "10.2.0.9/24")
        self.hosts = [self.host(f"at-{r.name}", r, Port("e1", f"10.3.{i}.1/24", igmp=True), f"10.3.{i}.9/24")
                      for i, r in enumerate(self.below)]
        (self.r0 if rp is None else self.above[rp]).loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
            r.join_interval_s = 5
            # 0 is what FRR has for the kernel's routes; pimd says 101
            r.more = f'rpf_preference: ( {{ protocol = "boot"; preference = {preference}; }} );'
        self.ways(metrics, rp)

    def ways(self, metrics: tuple[int, ...], rp: int | None) -> None:
        """To the source and to the RP."""
        for i, (r, metric) in enumerate(zip(self.above, metrics)):
            self.route(r, "10.0.0.0/24", f"10.1.{i + 1}.1", metric)
            if i != rp:
                self.route(r, f"{RP}/32", f"10.1.{i + 1}.1", metric)
        for i, r in enumerate(self.below):
            self.route(r, "10.0.0.0/24", lan_address(i), 100)
            self.route(r, f"{RP}/32", lan_address(i if rp is None else rp), 100)
        self.route(self.r0, "10.2.0.0/24", "10.1.1.2")
        if rp is not None:
            self.route(self.r0, f"{RP}/32", f"10.1.{rp + 1}.2")

    def member(self, host, group: str) -> Receiver:
        if group == SSM and host is not self.watcher:
            return SourceReceiver(host, UDP, group, "eth0", SOURCE)
        return Receiver(host, UDP, group, "eth0")


def lan_address(above: int) -> str:
    return f"10.2.0.{above + 2}"


# rp: an FRR that loses (S,G) goes on with what (*,G) joined, for it keeps no lost_assert(S,G,rpt): it is not on the RP
# tree of the LAN then. Each sends an Assert only with the SPTbit (CouldAssert, 4.6.1), which FRR sets as RP with the
# next Register, or else where it looks at its packets, every 31 s.
CASES = {
    "starg-wins-by-metric": (SSM, 0, ("starg", "frr"), ("starg", "frr"), {"metrics": (10, 20)}),
    "starg-wins-by-address": (SSM, 1, ("frr", "starg"), ("frr", "starg"), {}),
    "starg-wins-as-rp": (GROUP, 0, ("starg", "frr"), ("starg", "frr"), {"metrics": (10, 20), "rp": 0}),
    "starg-loses-by-metric": (GROUP, 1, ("starg", "frr"), ("starg", "starg"), {"metrics": (20, 10), "rp": 1}),
    "starg-loses-by-address": (GROUP, 1, ("starg", "frr"), ("starg", "frr"), {"rp": 1}),
    "starg-loses-one-source": (SSM, 1, ("starg", "frr"), ("starg", "frr"), {}),
    "starg-loses-to-pimd": (GROUP, 1, ("starg", "pimd"), ("starg", "starg"), {"preference": 200}),
    "starg-wins-over-both": (GROUP, 0, ("starg", "frr", "pimd"), ("starg", "frr", "starg"),
                             {"metrics": (10, 20, 10), "rp": 0}),
}


def asserts(net: Rivals, r, group: str) -> int:
    """Sent to the LAN."""
    ip = (p for _, p in net.lab.capture.sent_by(r, "e1"))
    return sum(p[(p[0] & 15) * 4] == PIM_ASSERT and socket.inet_aton(group) in p for p in ip)


def forwards(r, group: str) -> bool:
    return "e1" in (r.mroute(SOURCE, group) or {"outputs": ()})["outputs"]


def state(r, port: str, group: str) -> tuple[str, str] | None:
    """Of the Assert, and who is the winner; None without one, or where no table of the router's says."""
    return None if r.kind == "pimd" else r.asserts(SOURCE, group).get(port)


def has_lost(net: Rivals, rival, group: str, winner: int) -> bool:
    """And may have forgotten it already, as one does whom nobody joins any longer (AssertTrackingDesired)."""
    return not forwards(rival, group) and state(rival, "e1", group) in (None, ("loser", lan_address(winner)))


def agreed(net: Rivals, group: str, winner: int) -> bool:
    win = net.above[winner]
    return (asserts(net, win, group) > 0 and
            (win.kind == "pimd" or state(win, "e1", group) == ("winner", lan_address(winner))) and
            all(has_lost(net, r, group, winner) for r in net.above if r is not win) and
            all(state(r, "e0", group) == ("loser", lan_address(winner)) for r in net.below))


def join_one_by_one(net: Rivals, group: str, winner: int) -> list[Receiver]:
    """The members of the losers to be. Who hears an Assert before it has joined its next hop joins the winner instead,
    and that next hop has nothing to lose: each rival must have lost before the next one is asked for."""
    receivers = []
    for i, (host, rival) in enumerate(zip(net.hosts, net.above)):
        if i == winner:
            continue
        before = asserts(net, rival, group) + asserts(net, net.above[winner], group)
        receivers.append(net.member(host, group))
        net.wait(f"{rival.name} loses", lambda r=rival, before=before: has_lost(net, r, group, winner) and
                 asserts(net, r, group) + asserts(net, net.above[winner], group) > before)
    return receivers


def first_tree(net: Rivals, group: str, winner: int) -> tuple[Receiver, Sender]:
    """Of the winner to be, before there are others: up to its SPTbit, for an FRR sends no Assert without it. An RP that
    has no member when the source begins stops the Registers, and waits a minute for the next."""
    win = net.above[winner]
    receiver = net.member(net.hosts[winner], group)
    if group == GROUP and win.kind == "frr":
        net.wait(f"the RP tree at {win.name}",
                 lambda: "e1" in (win.mroute("*", group) or {"outputs": ()})["outputs"])
    sender = net.flowing([receiver])
    if win.kind == "frr":
        net.wait(f"the SPTbit at {win.name}", lambda: "T" in (win.mroute(SOURCE, group) or {"flags": ""})["flags"], 70)
    return receiver, sender


@pytest.mark.parametrize("group, winner, above, below, how", CASES.values(), ids=CASES.keys())
def test_one_forwards_and_the_others_follow(lab, group, winner, above, below, how):
    for net in Rivals(lab, above, below, **how).running():
        receiver, sender = first_tree(net, group, winner)
        others = join_one_by_one(net, group, winner)
        receivers = [receiver, *others, net.member(net.watcher, group)]
        net.arrives(sender, receivers)
        win = net.above[winner]
        net.wait(f"{win.name} wins, and all others know", lambda: agreed(net, group, winner))
        sender.stop()
        net.once(receivers)
        # those whose next hop is a loser go on when the winner is gone
        sender = net.flowing(receivers)
        (win.down if win.kind == "pimd" else win.crash)()  # pimd is not missed for 105 s
        net.arrives(sender, receivers[1:])
        sender.stop()
