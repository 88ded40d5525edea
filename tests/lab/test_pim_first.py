# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The first packets of a source, before its tree is made. Routers as in test_pim_roles, starg all of them.

    src ---- first ---- rp ---- last ---- rcv
"""
import pytest

from lab import wait_for
from pim_net import UDP
from stream import Receiver, settle
from test_pim_roles import GROUP, ROLES, Line

RULES = ('register_rules: ( { action = "deny"; group = "239.1.0.0/16"; source = "10.0.0.66"; }, '
         '{ action = "permit"; group = "239.0.0.0/8"; } );')


@pytest.fixture
def line(lab):
    net = Line(lab, dict.fromkeys(ROLES, "starg"))
    net.rp.pim_extra = RULES
    yield from net.running()


def listening(net: Line, group: str) -> Receiver:
    receiver = Receiver(net.rcv, UDP, group, "eth0")
    net.wait("the RP has the receiver's tree", lambda: (net.rp.mroute("*", group) or {"outputs": ()})["outputs"])
    return receiver


def all_arrive(net: Line, receiver: Receiver, packets: int = 200) -> None:
    sender = net.sender(receiver.group, 200)
    wait_for(f"{packets} packets sent", lambda: sender.sent > packets, 30)
    sender.stop()
    settle(sender, [receiver])
    report = receiver.report(sender.stream, sender.sent)
    assert report.lost == 0, f"{report}\n{net.first.drops()}\n{net.rp.drops()}\n{net.tell()}"


def neighbor(net: Line, address: str) -> bool:
    """Known to the kernel at the first hop, though nobody has sent anything there but PIM, which is for a group."""
    return "lladdr" in net.first.ip("neigh", "show", address, "dev", "e1").stdout


def test_no_packet_of_a_new_source_is_lost_where_the_rp_asks_its_rules(line):
    """The (*,G) of the RP takes no Register: each source waits there for its (S,G)."""
    all_arrive(line, listening(line, GROUP))


def test_no_packet_of_a_new_source_is_lost_where_the_mac_towards_the_rp_was_forgotten(line):
    """Whatever the kernel has forgotten: the way to the RP is known before somebody sends."""
    wait_for("the next hop of the RP is known", lambda: neighbor(line, "10.1.0.2"))
    for n in (1, 2, 3):
        receiver = listening(line, f"239.2.0.{n}")
        line.first.ip("neigh", "flush", "dev", "e1")
        all_arrive(line, receiver, 60)
    assert not line.first.drops().get("oif_unresolved"), line.first.drops()
