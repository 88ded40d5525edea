# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Two routers between the same two LANs, and a third one behind: who forwards, and once only.

    src ---+--- a ---+--- rcv            a: RP 10.9.9.9, 10.3.0.2
           |         |                   b: DR of the lower LAN, 10.3.0.3
           +--- b ---+--- c --- far      c: joins through a
       10.0.0     10.3.0     10.4.0
"""
import pytest

from lab import wait_for
from peers import Switch
from pim_net import UDP, PimNet, Port
from stream import Receiver, SourceReceiver

GROUP, SSM, RP = "239.1.1.1", "232.1.1.1", "10.9.9.9"
B = "10.3.0.3"


class Diamond(PimNet):
    def __init__(self, lab, a: str, b: str, c: str, at_a: str = "10.3.0.2", priority_b: int = 1):
        super().__init__(lab)
        upper, lower = Switch(lab, "upper"), Switch(lab, "lower")
        self.a, self.b, self.c = (self.router(n, k) for n, k in (("a", a), ("b", b), ("c", c)))
        self.src = self.host_on("src", upper, "10.0.0.9/24")
        self.rcv = self.host_on("rcv", lower, "10.3.0.9/24")
        self.on_lan(upper, (self.a, Port("e0", "10.0.0.1/24")), (self.b, Port("e0", "10.0.0.2/24")))
        self.at_a = at_a
        self.on_lan(lower, (self.a, Port("e1", f"{at_a}/24", igmp=True, query_s=5)),
                    (self.b, Port("e1", f"{B}/24", igmp=True, query_s=5, dr_priority=priority_b)),
                    (self.c, Port("e0", "10.3.0.1/24")))
        self.far = self.host("far", self.c, Port("e1", "10.4.0.1/24", igmp=True), "10.4.0.9/24")
        self.a.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
        self.route(self.b, f"{RP}/32", "10.0.0.1")
        self.route(self.c, f"{RP}/32", at_a)
        self.route(self.c, "10.0.0.0/24", at_a)


@pytest.fixture
def ours(lab):
    yield from Diamond(lab, *("starg",) * 3).running()


def agreed(net: Diamond, dr: str, *routers) -> None:
    net.wait(f"{dr} is the designated router", lambda: all(
        r.dr("e0" if r is net.c else "e1") == dr for r in routers), 40)


DRS = {"frr-by-address": (("starg", "frr", "frr"), {}),
       "starg-by-priority": (("frr", "starg", "frr"), {"at_a": "10.3.0.4", "priority_b": 10}),
       "all-starg": (("starg",) * 3, {})}


@pytest.mark.parametrize("kinds, more", DRS.values(), ids=DRS.keys())
def test_only_the_designated_router_forwards_to_its_lan_and_another_follows(lab, kinds, more):
    """FRR takes up the members of a LAN of which it has become the DR with their next reports, so queries are quick.
    When it loses the role again it goes on forwarding, also beside another FRR, so starg is asked alone then."""
    for net in Diamond(lab, *kinds, **more).running():
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0", "rcv")
        net.flowing([receiver]).stop()
        agreed(net, B, net.a, net.b, net.c)
        net.once([receiver])
        net.b.down()
        agreed(net, net.at_a, net.a, net.c)
        net.flowing([receiver]).stop()
        net.once([receiver])
        net.b.up()
        agreed(net, B, net.a, net.b, net.c)
        if net.a.kind == "starg":
            net.flowing([receiver], packets=1200).stop()  # long enough for a query
            net.once([receiver])


@pytest.mark.parametrize("receiver", [
    pytest.param(lambda node: Receiver(node, UDP, GROUP, "eth0"), id="any-source"),
    pytest.param(lambda node: SourceReceiver(node, UDP, SSM, "eth0", "10.0.0.9"), id="one-source")])
def test_two_forwarders_settle_by_assert(ours, receiver):
    near = receiver(ours.rcv)
    ours.flowing([near]).stop()
    far = receiver(ours.far)
    sender = ours.flowing([near, far])
    wait_for("both trees settled", lambda: far.received(sender.stream) > 800, 20)
    sender.stop()
    ours.once([near, far])
    assert [e["assert_state"] for r in (ours.a, ours.b) for e in r.ctl("show pim assert")["asserts"]] == \
        ["loser", "winner"]
