# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A source on a LAN of two routers: the designated one registers it and no other (RFC 7761 4.4.1), also when the
tree then comes by the other, and after it has left, the other does.

    src ---+-- .1 x --- 10.1 --- rp --- rcv      y is the DR, by its address; the RP's way to the source is by x
           +-- .2 y --- 10.2 ---/   10.3
       10.0.0
"""
import pytest

from peers import Switch
from pim_net import UDP, PimNet, Port
from stream import Receiver

GROUP, OTHER, RP = "239.1.1.1", "239.1.1.2", "10.9.9.9"
X, Y = {"10.0.0.1", "10.1.0.1"}, {"10.0.0.2", "10.2.0.1"}


class SourceLan(PimNet):
    def __init__(self, lab, x: str, y: str):
        super().__init__(lab)
        self.x, self.y, self.rp = (self.router(n, k) for n, k in (("x", x), ("y", y), ("rp", "starg")))
        switch = Switch(lab, "lan")
        self.src = self.host_on("src", switch, "10.0.0.9/24")
        self.on_lan(switch, (self.x, Port("e0", "10.0.0.1/24")), (self.y, Port("e0", "10.0.0.2/24")))
        self.cable(self.x, Port("e1", "10.1.0.1/24"), self.rp, Port("e0", "10.1.0.2/24"))
        self.cable(self.y, Port("e1", "10.2.0.1/24"), self.rp, Port("e1", "10.2.0.2/24"))
        self.rcv = self.host("rcv", self.rp, Port("e2", "10.3.0.1/24", igmp=True), "10.3.0.9/24")
        self.rp.loopback(f"{RP}/32")
        for r in self.routers:
            r.rp(RP)
        self.route(self.x, f"{RP}/32", "10.1.0.2")
        self.route(self.y, f"{RP}/32", "10.2.0.2")
        self.route(self.rp, "10.0.0.0/24", "10.1.0.1")


def registering(raws) -> set[str]:
    """Who has sent Registers to the RP since these sockets were read last."""
    found = set()
    for raw in raws:
        try:
            while True:
                wire = raw.recv(2048)
                if wire[12:14] == b"\x08\x00" and wire[23] == 103 and wire[14 + (wire[14] & 15) * 4] == 0x21:
                    found.add(".".join(map(str, wire[26:30])))
        except BlockingIOError:
            pass
    return found


@pytest.mark.parametrize("kinds", [("starg", "frr"), ("frr", "starg")], ids="-".join)
def test_the_designated_router_registers_and_the_other_when_it_has_left(lab, kinds):
    for net in SourceLan(lab, *kinds).running():
        raws = [net.rp.raw(net.rp.end(port)) for port in ("e0", "e1")]
        for raw in raws:
            raw.setblocking(False)
        receiver = Receiver(net.rcv, UDP, GROUP, "eth0")
        sender = net.flowing([receiver], packets=200)
        who = registering(raws)
        assert who and who <= Y, f"{who}\n{net.tell()}"
        net.once([receiver])
        assert not registering(raws) - Y
        net.y.down()
        if net.x.kind == "starg":  # FRR, also beside FRR, registers nothing that it had a route for before
            net.wait("the other registers", lambda: registering(raws) & X)
        net.arrives(sender, [receiver])
        sender.stop()
        net.once([receiver])
        registering(raws)
        receiver = Receiver(net.rcv, UDP, OTHER, "eth0")
        net.flowing([receiver]).stop()
        who = registering(raws)
        assert who and who <= X, f"{who}\n{net.tell()}"
        net.once([receiver])
        for raw in raws:
            raw.close()
