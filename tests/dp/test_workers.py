# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The same input gives the same multiset of outputs however many workers there are."""
import pytest
from packets import *
from starg_dp import check


def scene(**kw):
    her = (Output("lan1", unicast="10.1.0.5", port=6000), Output("lan2", unicast="10.2.0.5"))
    return router(Route(SRC, GRP, "src", to("lan1", "lan2", "gre7") + her),
                  Route("*", "239.2.0.0/16", "any", to("src", "lan1", "v100", "lan2", "gre0")),
                  Route("*", GRP, "gre0", to("lan2", "src")), **kw)


def traffic():
    return {"p0": [f for i in range(300) for f in (udp(i), udp(i, dst=f"239.2.{i & 7}.1"))],
            "p1": [f for i in range(300) for f in (in_gre(udp_ip(n=i, src="172.16.0.1")),
                                                   udp(i, vlan=100, dst="239.2.9.9", src="10.100.0.3"),
                                                   in_gre(udp_ip(n=i, dst="239.2.5.5"), src=PEER_KEYED,
                                                          key=7, checksum=True))],
            "p2": [udp(i, src="10.2.0.7", dst="239.2.0.1", size=900) for i in range(300)]}


@pytest.mark.parametrize("poll", ["adaptive", "busy"])
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_same_outputs(workers, poll):
    exp, result = check(scene(workers=workers, poll=poll), traffic())
    shown = result.workers()
    assert len(shown) == max(workers, 1)
    assert sum(w["rx_packets"] for w in shown) == 1800
    assert sum(w["tx_packets"] for w in shown) == sum(map(len, exp.frames.values()))


def test_every_worker_takes_part():
    _, result = check(scene(workers=3), traffic())
    assert all(w["rx_packets"] for w in result.workers())
