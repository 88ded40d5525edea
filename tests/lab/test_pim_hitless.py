# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Make before break at the rates of market data, each packet once: a metric moves a stream from one path to another that
is 20 ms slower, and back to the faster one; a route moves it between two neighbours on one link."""
import pytest

from lab import wait_for
from ospf_net import Triangle
from stream import Sender, SourceReceiver
from test_pim_lan import B, UDP, Diamond
from test_pim_ospf import FRR, comes_by, complete, upstream

RATE, DETOUR_MS = 5000, 20


@pytest.fixture
def net(lab):
    yield from Triangle(lab, {**FRR, "mid": "starg"}, detour_ms=DETOUR_MS).running()


def moving(router) -> bool:
    return any("moving" in r["flags"] for r in router.routes())


def missed(*routers) -> dict[str, int]:
    """What stargs had no room for, by port: the machine was too busy, whatever else went wrong."""
    return {f"{r.name} {p['name']}": p["rx_missed"] for r in routers if r.kind == "starg"
            for p in r.ctl("show port stats")["ports"] if p["rx_missed"]}


def test_a_stream_moves_to_a_slower_path_and_to_a_faster_one_and_each_packet_arrives_once(net):
    receivers = [net.receiver(net.near), net.receiver(net.far)]
    sender = net.sender(rate=RATE)
    net.arrives(receivers, sender, within_s=40)
    comes_by(net, net.mid, "e0")
    wait_for("no route moves", lambda: not moving(net.mid))
    first = sender.sent
    for cost, port in ((100, "e1"), (10, "e0"), (100, "e1"), (10, "e0")):
        before = net.mid.drops().get("duplicate", 0)
        net.cost(net.mid, "e0", cost)
        wait_for("a route moves", lambda: moving(net.mid), 10, 0.01)
        comes_by(net, net.mid, port)
        assert not moving(net.mid)
        doubles = net.mid.drops()["duplicate"] - before
        print(f"to {port}: {doubles} copies were dropped")
        assert doubles > 0
    end = sender.sent
    net.arrives(receivers, sender)
    sender.stop()
    print(f"missed: {missed(net.mid)}; the slow wire: {net.slow.faults()}")
    complete(sender, receivers, first, end)


KINDS = {"frr": ("frr", "frr", "starg"), "starg": ("starg",) * 3}


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS.keys())
def test_a_stream_moves_to_another_neighbour_on_the_same_link_and_each_packet_arrives_once(lab, kinds):
    """Both forward for a while: until the Prune is heeded, if no Assert ends it before."""
    for net in Diamond(lab, *kinds).running():
        source, group = "10.0.0.9", "232.1.1.1"

        def joined(neighbor: str) -> bool:
            tree = upstream(net.c, source, group)
            return tree.get("neighbor") == neighbor and tree["joined"] and not moving(net.c)
        receiver = SourceReceiver(net.far, UDP, group, "eth0", source)
        sender = Sender(net.src, group, UDP, "eth0", rate=RATE).start()
        net.arrives(sender, [receiver], within_s=40)
        net.wait("the stream comes from a", lambda: joined(net.at_a))
        first = sender.sent
        net.route(net.c, "10.0.0.0/24", B)
        net.wait("a route moves", lambda: moving(net.c))
        net.wait("the stream comes from b", lambda: joined(B))
        end = sender.sent
        net.arrives(sender, [receiver])
        sender.stop()
        doubles = net.c.drops().get("duplicate", 0)
        print(f"{doubles} copies were dropped; missed: {missed(*net.routers)}")
        assert doubles > 0
        complete(sender, [receiver], first, end)
