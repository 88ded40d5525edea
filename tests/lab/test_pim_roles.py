# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""starg in each role of a sparse-mode network, FRR or pimd in the others.

    src ---- first ---- rp ---- last ---- rcv
      10.0.0   10.1.0     10.2.0    10.3.0
"""
import time

import pytest

from pim_net import UDP, PimNet, Port
from stream import Receiver, SourceReceiver

GROUP, RP = "239.1.1.1", "10.9.9.9"
ROLES = ("first", "rp", "last")


class Line(PimNet):
    def __init__(self, lab, kinds: dict[str, str]):
        super().__init__(lab)
        self.first, self.rp, self.last = (self.router(r, kinds[r]) for r in ROLES)
        self.src = self.host("src", self.first, Port("e0", "10.0.0.254/24"), "10.0.0.1/24")
        self.cable(self.first, Port("e1", "10.1.0.1/24"), self.rp, Port("e0", "10.1.0.2/24"))
        self.cable(self.rp, Port("e1", "10.2.0.1/24"), self.last, Port("e0", "10.2.0.2/24"))
        self.rcv = self.host("rcv", self.last, Port("e1", "10.3.0.254/24", igmp=True), "10.3.0.1/24")
        # pimd knows addresses of its own interfaces only
        rp = "10.1.0.2" if kinds["rp"] == "pimd" else RP
        if rp == RP:
            self.rp.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(rp)
        for prefix in ("10.2.0.0/24", "10.3.0.0/24", f"{RP}/32"):
            self.route(self.first, prefix, "10.1.0.2")
        self.route(self.rp, "10.0.0.0/24", "10.1.0.1")
        self.route(self.rp, "10.3.0.0/24", "10.2.0.2")
        for prefix in ("10.0.0.0/24", "10.1.0.0/24", f"{RP}/32"):
            self.route(self.last, prefix, "10.2.0.1")


def mixes():
    yield pytest.param(dict.fromkeys(ROLES, "starg"), id="all-starg")
    for role in ROLES:
        for other in ("frr",):
            yield pytest.param({r: "starg" if r == role else other for r in ROLES}, id=f"{role}-among-{other}")
            yield pytest.param({r: other if r == role else "starg" for r in ROLES}, id=f"{other}-as-{role}")


@pytest.fixture(params=list(mixes()))
def line(lab, request):
    yield from Line(lab, request.param).running()


FEW = ({r: "starg" if r == role else "frr" for r in ROLES} for role in ROLES)


@pytest.fixture(params=[pytest.param(m, id=f"{role}-among-frr") for m, role in zip(FEW, ROLES)])
def few(lab, request):
    """The mixes with one starg."""
    yield from Line(lab, request.param).running()


def outputs_end(net: Line, router) -> None:
    net.wait(f"no output at {router.name}",
             lambda: not (router.mroute("10.0.0.1", GROUP) or {"outputs": ()})["outputs"])


def test_a_stream_arrives_by_the_shared_and_then_the_shortest_tree(line):
    receiver = Receiver(line.rcv, UDP, GROUP, "eth0")
    sender = line.flowing([receiver])
    if line.last.kind == "starg":  # see frr_alone.py, here and below
        line.wait("(S,G) with the SPT bit at the last hop", lambda: "spt_bit" in (
            line.last.mroute("10.0.0.1", GROUP) or {"flags": ()})["flags"])
    sender.stop()
    line.once([receiver], packets=2000)  # nothing is registered any more


def test_when_the_receiver_leaves_the_tree_goes(line):
    receiver = Receiver(line.rcv, UDP, GROUP, "eth0")
    sender = line.flowing([receiver])
    receiver.close()
    outputs_end(line, line.last)
    if "starg" in (line.rp.kind, line.last.kind):
        outputs_end(line, line.rp)
    sender.stop()


def test_a_receiver_of_version_2_gets_it_and_leaves(few):
    few.rcv.sysctl("net.ipv4.conf.eth0.force_igmp_version", 2)
    receiver = Receiver(few.rcv, UDP, GROUP, "eth0")
    sender = few.flowing([receiver])
    receiver.close()
    outputs_end(few, few.last)
    sender.stop()


def test_source_specific_groups_need_no_rp(few):
    receiver = SourceReceiver(few.rcv, UDP, "232.1.1.1", "eth0", "10.0.0.1")
    sender = few.flowing([receiver])
    assert few.last.mroute("*", "232.1.1.1") is None
    sender.stop()
    few.once([receiver])


RESTARTS = [("last", "last", "down"), ("rp", "rp", "crash"), ("first", "first", "crash"), ("rp", "last", "crash"),
            ("last", "rp", "down"), ("first", "rp", "crash")]


@pytest.mark.parametrize("starg, restarts, how", RESTARTS, ids=["-".join(r) for r in RESTARTS])
def test_when_a_router_restarts_the_stream_comes_back(lab, starg, restarts, how):
    """One is starg, the others are FRR. FRR sees a new Generation ID, but repeats its Joins only in time."""
    net = Line(lab, {r: "starg" if r == starg else "frr" for r in ROLES})
    for r in net.routers:
        r.join_interval_s = 5
    for net in net.running():
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        sender = net.flowing([receiver])
        router = getattr(net, restarts)
        getattr(router, how)()
        router.up()
        up = time.monotonic()
        net.arrives(sender, [receiver], within_s=40)
        print(f"{restarts} ({router.kind}) {how}: {time.monotonic() - up:.1f} s after its return")
        sender.stop()
        net.once([receiver])


@pytest.mark.parametrize("role", ROLES)
def test_pimd_in_each_role(lab, role):
    """It takes its time: neighbours, members and sources are looked at every few seconds."""
    for net in Line(lab, {r: "pimd" if r == role else "starg" for r in ROLES}).running():
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        net.flowing([receiver], packets=400, within_s=60).stop()
        net.once([receiver])
