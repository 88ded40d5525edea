# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""starg in each role of a sparse-mode network, FRR or pimd in the others.

    src ---- first ---- rp ---- last ---- rcv
      10.0.0   10.1.0     10.2.0    10.3.0
"""
import pytest

from lab import wait_for
from pim_net import PimNet, Port
from stream import Receiver, Sender, SourceReceiver, settle

GROUP, UDP, RP = "239.1.1.1", 5000, "10.9.9.9"
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
            self.late(self.first, prefix, "10.1.0.2")
        self.late(self.rp, "10.0.0.0/24", "10.1.0.1")
        self.late(self.rp, "10.3.0.0/24", "10.2.0.2")
        for prefix in ("10.0.0.0/24", "10.1.0.0/24", f"{RP}/32"):
            self.late(self.last, prefix, "10.2.0.1")

    def late(self, r, prefix: str, via: str) -> None:
        """starg keeps routes for its twins; a kernel has them at once, if its addresses are there."""
        if r.kind == "starg":
            r.route(prefix, via)
        else:
            self.routes = getattr(self, "routes", []) + [(r, prefix, via)]

    def start(self) -> None:
        for r in self.routers:
            if r.kind != "starg":
                r.prepare()
        for r, prefix, via in getattr(self, "routes", []):
            r.route(prefix, via)
        for r in self.routers:
            r.up()
        for r, port, peer in ((self.first, "e1", "10.1.0.2"), (self.rp, "e1", "10.2.0.2"),
                              (self.rp, "e0", "10.1.0.1"), (self.last, "e0", "10.2.0.1")):
            wait_for(f"{r.name}: neighbour {peer}", lambda r=r, port=port, peer=peer:
                     peer in r.neighbors(port), 40)


def mixes():
    yield pytest.param(dict.fromkeys(ROLES, "starg"), id="all-starg")
    for role in ROLES:
        for other in ("frr",):
            yield pytest.param({r: "starg" if r == role else other for r in ROLES}, id=f"{role}-among-{other}")
            yield pytest.param({r: other if r == role else "starg" for r in ROLES}, id=f"{other}-as-{role}")


@pytest.fixture(params=list(mixes()))
def line(lab, request):
    yield from started(Line(lab, request.param))


FEW = ({r: "starg" if r == role else "frr" for r in ROLES} for role in ROLES)


@pytest.fixture(params=[pytest.param(m, id=f"{role}-among-frr") for m, role in zip(FEW, ROLES)])
def few(lab, request):
    """The mixes with one starg."""
    yield from started(Line(lab, request.param))


def started(net: Line):
    net.start()
    yield net
    for r in net.routers:
        r.down()


def flows(net: Line, receiver: Receiver, packets: int = 30) -> Sender:
    """A sender whose packets arrive."""
    sender = Sender(net.src, receiver.group, UDP, "eth0", rate=200).start()
    arrives(net, receiver, sender, packets)
    return sender


def arrives(net: Line, receiver: Receiver, sender: Sender, packets: int = 30, within_s: float = 20) -> None:
    before = receiver.received(sender.stream)
    try:
        wait_for(f"{packets} more packets", lambda: receiver.received(sender.stream) >= before + packets,
                 within_s)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{net.tell()}") from None


def test_a_stream_arrives_by_the_shared_and_then_the_shortest_tree(line):
    receiver = Receiver(line.rcv, UDP, GROUP, "eth0")
    sender = Sender(line.src, GROUP, UDP, "eth0", rate=200).start()
    try:
        wait_for("data at the receiver", lambda: receiver.received(sender.stream) > 20, 20)
        if line.last.kind == "starg":  # FRR does not show the bit each time
            wait_for("(S,G) with the SPT bit at the last hop", lambda: "spt_bit" in (
                line.last.mroute("10.0.0.1", GROUP) or {"flags": ()})["flags"], 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{line.tell()}") from None
    sender.stop()
    # what is sent from now on arrives once: nothing is registered any more
    steady = Sender(line.src, GROUP, UDP, "eth0", rate=500).start()
    wait_for("2,000 packets sent", lambda: steady.sent > 2000, 20)
    steady.stop()
    settle(steady, [receiver])
    report = receiver.report(steady.stream, steady.sent)
    assert report.clean, f"{report}\n{line.tell()}"


def test_when_the_receiver_leaves_the_tree_goes(line):
    receiver = Receiver(line.rcv, UDP, GROUP, "eth0")
    sender = Sender(line.src, GROUP, UDP, "eth0", rate=100).start()
    wait_for("data at the receiver", lambda: receiver.received(sender.stream) > 20, 20)
    receiver.close()
    try:
        wait_for("no output at the last hop", lambda: not (line.last.mroute("10.0.0.1", GROUP) or
                                                           {"outputs": ()})["outputs"], 20)
        if "starg" in (line.rp.kind, line.last.kind):  # FRR may keep what FRR pruned
            wait_for("no output at the RP", lambda: not (line.rp.mroute("10.0.0.1", GROUP) or
                                                         {"outputs": ()})["outputs"], 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{line.tell()}") from None
    sender.stop()


def test_a_receiver_of_version_2_gets_it_and_leaves(few):
    few.rcv.sysctl("net.ipv4.conf.eth0.force_igmp_version", 2)
    receiver = Receiver(few.rcv, UDP, GROUP, "eth0")
    sender = flows(few, receiver)
    receiver.close()
    wait_for("no output at the last hop", lambda: not (few.last.mroute("10.0.0.1", GROUP) or
                                                       {"outputs": ()})["outputs"], 20)
    sender.stop()


def test_source_specific_groups_need_no_rp(few):
    receiver = SourceReceiver(few.rcv, UDP, "232.1.1.1", "eth0", "10.0.0.1")
    sender = flows(few, receiver)
    assert few.last.mroute("*", "232.1.1.1") is None
    sender.stop()
    steady = Sender(few.src, "232.1.1.1", UDP, "eth0", rate=500).start()
    wait_for("1,000 packets sent", lambda: steady.sent > 1000, 20)
    steady.stop()
    settle(steady, [receiver])
    report = receiver.report(steady.stream, steady.sent)
    assert report.clean, f"{report}\n{few.tell()}"


def test_when_the_last_hop_leaves_and_returns_the_stream_comes_back(lab):
    for net in started(Line(lab, {"first": "frr", "rp": "frr", "last": "starg"})):
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        sender = flows(net, receiver)
        net.last.down()
        net.last.up()
        arrives(net, receiver, sender)
        sender.stop()


def test_when_the_rp_crashes_and_returns_the_stream_comes_back(lab):
    """FRR's pimd sees the new Generation ID, but repeats its Joins only in time: every 60 s."""
    for net in started(Line(lab, {"first": "frr", "rp": "starg", "last": "frr"})):
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        sender = flows(net, receiver)
        net.rp.crash()
        net.rp.up()
        arrives(net, receiver, sender, within_s=80)
        sender.stop()


@pytest.mark.parametrize("role", ["rp", "last"])
def test_when_the_others_restart_the_stream_comes_back(lab, role):
    for net in started(Line(lab, {r: "starg" if r == role else "frr" for r in ROLES})):
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        sender = flows(net, receiver)
        for r in net.routers:
            if r.kind == "frr":
                r.down()
                r.up()
        arrives(net, receiver, sender, within_s=90)
        sender.stop()


@pytest.mark.parametrize("role", ["first", "last"])
def test_pimd_at_either_end(lab, role):
    """It takes its time: neighbours, members and sources are looked at every few seconds."""
    for net in started(Line(lab, {r: "pimd" if r == role else "starg" for r in ROLES})):
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        sender = Sender(net.src, GROUP, UDP, "eth0", rate=200).start()
        arrives(net, receiver, sender, packets=400, within_s=60)
        sender.stop()
        steady = Sender(net.src, GROUP, UDP, "eth0", rate=500).start()
        wait_for("1,000 packets sent", lambda: steady.sent > 1000, 20)
        steady.stop()
        settle(steady, [receiver])
        report = receiver.report(steady.stream, steady.sent)
        assert report.lost == 0 and report.duplicated == 0, f"{report}\n{net.tell()}"
