# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Two routers that join through a third one on a LAN: when one of them prunes, the other objects with a Join
before the third one stops (RFC 7761 4.5.4, "See Prune to RPF'"), and its receiver loses nothing.

                           +-- .4 c -- 10.3.0 -- near, leaves
    src ---- up .2 -- LAN -|
       10.0.0       10.2.0 +-- .5 d -- 10.4.0 -- far, stays
"""
import pytest
from scapy.contrib.pim import PIMv2JoinPrune
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from peers import Switch
from pim_net import UDP, PimNet, Port
from stream import Receiver, SourceReceiver, settle

GROUP, SSM, RP, SOURCE, UP = "239.1.1.1", "232.1.1.1", "10.2.0.2", "10.0.0.9", "10.2.0.2"


class Trio(PimNet):
    def __init__(self, lab, up: str, c: str, d: str):
        super().__init__(lab)
        self.up, self.c, self.d = (self.router(n, k) for n, k in (("up", up), ("c", c), ("d", d)))
        self.src = self.host("src", self.up, Port("e0", "10.0.0.1/24"), f"{SOURCE}/24")
        switch = Switch(lab, "lan")
        self.on_lan(switch, (self.up, Port("e1", f"{UP}/24")), (self.c, Port("e0", "10.2.0.4/24")),
                 (self.d, Port("e0", "10.2.0.5/24")))
        self.watcher = self.host_on("watch", switch, "10.2.0.9/24")
        self.near = self.host("near", self.c, Port("e1", "10.3.0.1/24", igmp=True), "10.3.0.9/24")
        self.far = self.host("far", self.d, Port("e1", "10.4.0.1/24", igmp=True), "10.4.0.9/24")
        for r in self.routers:
            r.rp(RP)
        for r in (self.c, self.d):
            self.route(r, "10.0.0.0/24", UP)


def join_prunes(raw) -> list[tuple[str, str, str]]:
    """What a raw socket has heard: (router, "join" or "prune", group), in order; it is empty then."""
    said = []
    try:
        while True:
            wire = raw.recv(2048)
            if wire[23] != 103:
                continue
            frame = Ether(wire)
            if PIMv2JoinPrune in frame:
                for g in frame[PIMv2JoinPrune].jp_ips:
                    said += [(frame[IP].src, "join", g.gaddr)] * (g.num_joins > 0)
                    said += [(frame[IP].src, "prune", g.gaddr)] * (g.num_prunes > 0)
    except BlockingIOError:
        return said


CASES = [(GROUP, "starg", "starg", "frr"), (SSM, "starg", "frr", "starg"), (GROUP, "frr", "frr", "starg")]


@pytest.mark.parametrize("group, up, pruning, staying", CASES, ids=["-".join(c[1:]) for c in CASES])
def test_a_prune_on_the_lan_is_overridden_by_who_still_wants_it(lab, group, up, pruning, staying):
    for net in Trio(lab, up, pruning, staying).running():
        make = (lambda h: SourceReceiver(h, UDP, SSM, "eth0", SOURCE)) if group == SSM else (
            lambda h: Receiver(h, UDP, group, "eth0"))
        near, far = make(net.near), make(net.far)
        net.flowing([near, far], packets=200).stop()
        raw = net.watcher.raw("eth0")
        raw.setblocking(False)
        sender = net.flowing([near, far])
        near.close()
        said = []

        def overridden():
            said.extend(join_prunes(raw))
            return ("10.2.0.4", "prune", group) in said and ("10.2.0.5", "join", group) in said[
                said.index(("10.2.0.4", "prune", group)):]
        net.wait("the Prune, and the Join after it", overridden)
        net.arrives(sender, [far], packets=1000)  # longer than the upstream router waits for a Join
        sender.stop()
        settle(sender, [far])
        report = far.report(sender.stream, sender.sent)
        assert report.clean, f"{report}\n{net.tell()}"
        raw.close()
