# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Make before break at the rates of market data: a metric moves a stream from one path to another that is 20 ms slower,
and back to the faster one, and each packet arrives once."""
import pytest

from capture import Capture
from lab import Lab, wait_for
from ospf_net import Triangle
from test_pim_ospf import FRR, comes_by, complete

RATE, DETOUR_MS = 5000, 20


@pytest.fixture(scope="module")
def net():
    with Lab() as lab:
        lab.capture = Capture(lab)
        made = Triangle(lab, {**FRR, "mid": "starg"}, detour_ms=DETOUR_MS)
        made.start()
        yield made
        for r in made.routers:
            r.down()
        lab.capture.check()


def moving(net: Triangle) -> bool:
    return any("moving" in r["flags"] for r in net.mid.routes())


def test_a_stream_moves_to_a_slower_path_and_to_a_faster_one_and_each_packet_arrives_once(net):
    receivers = [net.receiver(net.near), net.receiver(net.far)]
    sender = net.sender(rate=RATE)
    net.arrives(receivers, sender, within_s=40)
    comes_by(net, net.mid, "e0")
    wait_for("no route moves", lambda: not moving(net))
    first = sender.sent
    for cost, port in ((100, "e1"), (10, "e0"), (100, "e1"), (10, "e0")):
        before = net.mid.drops().get("duplicate", 0)
        net.cost(net.mid, "e0", cost)
        wait_for("a route moves", lambda: moving(net), 10, 0.01)
        comes_by(net, net.mid, port)
        assert not moving(net)
        doubles = net.mid.drops()["duplicate"] - before
        print(f"to {port}: {doubles} copies were dropped")
        assert doubles > 0
    end = sender.sent
    net.arrives(receivers, sender)
    sender.stop()
    complete(sender, receivers, first, end)
