# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Two routers upstream of one LAN and two downstream, whose ways lead through different ones: who forwards to
the LAN (RFC 7761 4.6), and who keeps it coming when another prunes (4.5.7, Prune override).

                     10.1.1 +-- a .2 --+         +-- .4 c -- 10.3.0 -- near
    src ---- .1 r0 --|                 |-- LAN --|
       10.0.0        10.1.2 +-- b .3 --+ 10.2.0  +-- .5 d -- 10.4.0 -- far
                                            |
                                          watch     sees all of the LAN, no router serves it

FRR sends no Assert for a source of its own LAN, so the source is behind r0. c goes through a, d through b.
"""
import pytest

from peers import Switch
from pim_net import UDP, PimNet, Port
from stream import Receiver, SourceReceiver

GROUP, SSM, RP, SOURCE = "239.1.1.1", "232.1.1.1", "10.9.9.9", "10.0.0.9"
A, B = "10.2.0.2", "10.2.0.3"


class Pair(PimNet):
    def __init__(self, lab, a: str, b: str, c: str = "starg", d: str = "starg", metric_a: int = 10,
                 metric_b: int = 10, rp: str = "r0", preference: int = 0):
        super().__init__(lab)
        self.r0, self.a, self.b, self.c, self.d = (
            self.router(n, k) for n, k in zip(("r0", "a", "b", "c", "d"), ("starg", a, b, c, d)))
        self.src = self.host("src", self.r0, Port("e0", "10.0.0.1/24"), f"{SOURCE}/24")
        self.cable(self.r0, Port("e1", "10.1.1.1/24"), self.a, Port("e0", "10.1.1.2/24"))
        self.cable(self.r0, Port("e2", "10.1.2.1/24"), self.b, Port("e0", "10.1.2.2/24"))
        switch = Switch(lab, "lan")
        self.on_lan(switch, (self.a, Port("e1", f"{A}/24", hello_s=2)), (self.b, Port("e1", f"{B}/24", hello_s=2)),
                 (self.c, Port("e0", "10.2.0.4/24", hello_s=2)), (self.d, Port("e0", "10.2.0.5/24", hello_s=2)))
        self.watcher = self.host_on("watch", switch, "10.2.0.9/24")
        self.near = self.host("near", self.c, Port("e1", "10.3.0.1/24", igmp=True), "10.3.0.9/24")
        self.far = self.host("far", self.d, Port("e1", "10.4.0.1/24", igmp=True), "10.4.0.9/24")
        getattr(self, rp).loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
            # 0 is what FRR has for the kernel's routes; pimd says 101
            r.more = f'rpf_preference: ( {{ protocol = "boot"; preference = {preference}; }} );'
        ways = ((self.a, "10.1.1.1", metric_a), (self.b, "10.1.2.1", metric_b), (self.c, A, 100), (self.d, B, 100))
        for r, via, metric in ways:
            self.route(r, "10.0.0.0/24", via, metric)
            if rp != r.name:
                self.route(r, f"{RP}/32", B if rp == "b" and r is self.c else via, metric)
        for to, via in (("10.2.0.0/24", "10.1.1.2"), (f"{RP}/32", "10.1.2.2")):
            self.route(self.r0, to, via)


def members(net: Pair, group: str) -> list[Receiver]:
    """Behind c, behind d, and one that only looks."""
    if group == SSM:
        near, far = (SourceReceiver(h, UDP, group, "eth0", SOURCE) for h in (net.near, net.far))
    else:
        near, far = (Receiver(h, UDP, group, "eth0") for h in (net.near, net.far))
    return [near, far, Receiver(net.watcher, UDP, group, "eth0")]
CASES = {
    "starg-wins-by-metric": (SSM, "a", {"a": "starg", "b": "frr", "d": "frr", "metric_b": 20}),
    "starg-wins-by-address": (SSM, "b", {"a": "frr", "b": "starg", "c": "frr"}),
    # FRR sends Asserts only where it is the RP (else it never sets the SPTbit: two FRRs beside each other duplicate
    # for good), and a loser of (S,G) goes on with what (*,G) joined, for it keeps no lost_assert(S,G,rpt)
    "starg-loses-by-metric": (GROUP, "b", {"a": "starg", "b": "frr", "metric_a": 20, "rp": "b"}),
    "starg-loses-by-address": (GROUP, "b", {"a": "starg", "b": "frr", "d": "frr", "rp": "b"}),
    "starg-loses-to-pimd": (GROUP, "b", {"a": "starg", "b": "pimd", "preference": 200}),
}


def agreed(net: Pair, group: str, win, lose) -> bool:
    address = A if win is net.a else B
    return all(r.asserts(SOURCE, group).get(port) == (state, address) for r, port, state in (
        (win, "e1", "winner"), (lose, "e1", "loser"), (net.c, "e0", "loser"), (net.d, "e0", "loser"))
        if r.kind != "pimd")


@pytest.mark.parametrize("group, winner, how", CASES.values(), ids=CASES.keys())
def test_one_of_two_forwards_and_the_other_follows(lab, group, winner, how):
    for net in Pair(lab, **how).running():
        receivers = members(net, group)
        sender = net.flowing(receivers)
        win, lose = (net.a, net.b) if winner == "a" else (net.b, net.a)
        try:
            net.wait(f"{win.name} wins, {lose.name} and those below know", lambda: agreed(net, group, win, lose))
        except AssertionError:
            # FRR sometimes leaves the SPTbit off, as RP too: then CouldAssert(S,G) is false there (4.6.1), and the
            # other wins whatever the metrics are
            if win.kind == "frr" and agreed(net, group, lose, win) and "T" not in win.mroute(SOURCE, group)["flags"]:
                sender.stop()
                return
            raise
        sender.stop()
        net.once(receivers)
        # the one whose next hop is the loser goes on when the winner is gone
        sender = net.flowing(receivers)
        (win.down if win.kind == "pimd" else win.crash)()  # pimd is not missed for 105 s
        net.arrives(sender, receivers[1:] if winner == "a" else [receivers[0], receivers[2]])
        sender.stop()
