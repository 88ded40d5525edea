# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The shortest path leaves the RP tree at the last hop: what still comes by the RP is pruned there (RFC 7761 4.2.1,
4.5.6: Prune(S,G,rpt)), but for a receiver of the RP's own.

    src ---- first ---- rp ---- last ---- rcv
      10.0.0   | 10.1.0  |  10.2.0 | 10.3.0
               |        near 10.5.0|
               +-------------------+  10.4.0
"""
import pytest

from pim_net import UDP, PimNet, Port
from stream import Receiver

GROUP, RP, SOURCE = "239.1.1.1", "10.9.9.9", "10.0.0.1"


class Detour(PimNet):
    def __init__(self, lab, first: str, rp: str, last: str):
        super().__init__(lab)
        self.first, self.rp, self.last = (
            self.router(n, k) for n, k in (("first", first), ("rp", rp), ("last", last)))
        self.src = self.host("src", self.first, Port("e0", "10.0.0.254/24"), f"{SOURCE}/24")
        self.cable(self.first, Port("e1", "10.1.0.1/24"), self.rp, Port("e0", "10.1.0.2/24"))
        self.cable(self.rp, Port("e1", "10.2.0.1/24"), self.last, Port("e0", "10.2.0.2/24"))
        self.cable(self.first, Port("e2", "10.4.0.1/24"), self.last, Port("e2", "10.4.0.2/24"))
        self.rcv = self.host("rcv", self.last, Port("e1", "10.3.0.254/24", igmp=True), "10.3.0.1/24")
        self.near = self.host("near", self.rp, Port("e2", "10.5.0.254/24", igmp=True), "10.5.0.1/24")
        self.rp.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
            r.join_interval_s = 5 if last == "frr" else 60  # FRR prunes with its next Join(*,G) only
        self.route(self.first, f"{RP}/32", "10.1.0.2")
        self.route(self.rp, "10.0.0.0/24", "10.1.0.1")
        self.route(self.last, "10.0.0.0/24", "10.4.0.1")
        self.route(self.last, f"{RP}/32", "10.2.0.1")


def outputs(router, source: str) -> set[str]:
    return (router.mroute(source, GROUP) or {"outputs": set()})["outputs"]


@pytest.mark.parametrize("kinds", [("starg", "frr", "starg"), ("starg", "starg", "frr"), ("frr", "starg", "starg")],
                         ids="-".join)
def test_after_the_switchover_the_rp_tree_sends_no_second_copy(lab, kinds):
    for net in Detour(lab, *kinds).running():
        far, near = Receiver(net.rcv, UDP, GROUP, "eth0"), Receiver(net.near, UDP, GROUP, "eth0")
        sender = net.flowing([far, near])
        net.wait("the RP sends the source's packets to its own receiver alone",
                 lambda: outputs(net.rp, SOURCE) == {"e2"})
        assert "e1" in outputs(net.rp, "*"), net.tell()  # other sources still come by the RP
        net.wait("the last hop takes them from the shortest path", lambda: outputs(net.last, SOURCE) == {"e1"})
        sender.stop()
        net.once([far, near])
