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
from pim_net import PimNet, Port
from stream import Receiver, Sender, SourceReceiver, settle

GROUP, SSM, UDP, RP = "239.1.1.1", "232.1.1.1", 5000, "10.9.9.9"


class Diamond(PimNet):
    def __init__(self, lab, a: str, b: str, c: str):
        super().__init__(lab)
        self.upper, self.lower = Switch(lab, "upper"), Switch(lab, "lower")
        self.a, self.b, self.c = (self.router(n, k) for n, k in (("a", a), ("b", b), ("c", c)))
        self.src, self.rcv = self.at("src", self.upper, "10.0.0.9/24"), self.at("rcv", self.lower, "10.3.0.9/24")
        self.plug(self.upper, self.a, Port("e0", "10.0.0.1/24"))
        self.plug(self.upper, self.b, Port("e0", "10.0.0.2/24"))
        self.plug(self.lower, self.a, Port("e1", "10.3.0.2/24", igmp=True))
        self.plug(self.lower, self.b, Port("e1", "10.3.0.3/24", igmp=True))
        self.plug(self.lower, self.c, Port("e0", "10.3.0.1/24"))
        self.far = self.host("far", self.c, Port("e1", "10.4.0.1/24", igmp=True), "10.4.0.9/24")
        self.a.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)

    def at(self, name: str, switch: Switch, address: str):
        h = self.lab.host(name)
        switch.plug(h, "eth0")
        h.address("eth0", address)
        return h

    def start(self) -> None:
        routes = [(self.b, f"{RP}/32", "10.0.0.1"), (self.c, f"{RP}/32", "10.3.0.2"),
                  (self.c, "10.0.0.0/24", "10.3.0.2")]
        for r in self.routers:
            if r.kind != "starg":
                r.prepare()
        for r, prefix, via in routes:
            r.route(prefix, via)
        for r in self.routers:
            r.up()
        for r, port, peers in ((self.a, "e1", ("10.3.0.3", "10.3.0.1")), (self.b, "e1", ("10.3.0.2", "10.3.0.1")),
                               (self.c, "e0", ("10.3.0.2", "10.3.0.3")), (self.a, "e0", ("10.0.0.2",))):
            wait_for(f"{r.name}: neighbours {peers}", lambda r=r, port=port, peers=peers:
                     set(peers) <= set(r.neighbors(port)), 40)


# FRR as the router that remains does not take up the members it knew; as forwarder of a source of its own LAN
# it sends no Asserts
KINDS = [("starg", "frr", "frr"), ("starg",) * 3]


def started(lab, kinds):
    made = Diamond(lab, *kinds)
    made.start()
    yield made
    for r in made.routers:
        r.down()


@pytest.fixture(params=KINDS, ids="-".join)
def net(lab, request):
    yield from started(lab, request.param)


@pytest.fixture
def ours(lab):
    yield from started(lab, ("starg",) * 3)


def once(net, receivers, seconds: float = 2.0) -> None:
    """From now on each packet reaches each receiver exactly once."""
    sender = Sender(net.src, receivers[0].group, UDP, "eth0", rate=300).start()
    wait_for("packets sent", lambda: sender.sent > 300 * seconds, 20)
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}\n{net.tell()}"


def flowing(net, receivers) -> Sender:
    sender = Sender(net.src, receivers[0].group, UDP, "eth0", rate=200).start()
    try:
        for r in receivers:
            wait_for(f"data at {r.name}", lambda r=r: r.received(sender.stream) > 50, 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{net.tell()}") from None
    return sender


def test_only_the_designated_router_forwards_to_its_lan_and_another_follows(net):
    receiver = Receiver(net.rcv, UDP, GROUP, "eth0", "rcv")
    flowing(net, [receiver]).stop()
    once(net, [receiver])
    net.b.down()
    flowing(net, [receiver]).stop()
    once(net, [receiver])
    net.b.up()


@pytest.mark.parametrize("receiver", [
    pytest.param(lambda node: Receiver(node, UDP, GROUP, "eth0"), id="any-source"),
    pytest.param(lambda node: SourceReceiver(node, UDP, SSM, "eth0", "10.0.0.9"), id="one-source")])
def test_two_forwarders_settle_by_assert(ours, receiver):
    near = receiver(ours.rcv)
    flowing(ours, [near]).stop()
    far = receiver(ours.far)
    sender = flowing(ours, [near, far])
    wait_for("both trees settled", lambda: far.received(sender.stream) > 800, 20)
    sender.stop()
    once(ours, [near, far])
    assert [e["assert_state"] for r in (ours.a, ours.b) for e in r.ctl("show pim assert")["asserts"]] == \
        ["loser", "winner"]
