# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Stacks of two VLAN tags and their TPIDs, both families."""
import dataclasses

import pytest
from packets import *
from starg_dp import check

GROUPS = ((SRC, GRP, udp), (SRC6, GRP6, udp6))


def stacked(*routes: Route, **kw) -> Config:
    """router6() with stacks on p1: s1 in a service VLAN, s2 in two plain ones, s3 with the old
    TPID, a lone service tag s4; and on p2 the pair of s1 again."""
    config = router6(*routes, **kw)
    config.interfaces += [Iface("s1", "p1", vlan=(200, 100), address=("10.200.0.1/24",)),
                          Iface("s2", "p1", vlan=(100, 200), vlan_tpid=0x8100),
                          Iface("s3", "p1", vlan=(200, 7), vlan_tpid=0x9100),
                          Iface("s4", "p1", vlan=300, vlan_tpid=0x88A8),
                          Iface("t1", "p2", vlan=(200, 100))]
    config.neighbors.append(("s1", "10.200.0.5", NEIGH_MAC % 0x55))
    return config


@pytest.mark.parametrize("src,group,packet", GROUPS)
def test_stacks_in_and_out(src, group, packet):
    names = ("s1", "s2", "s3", "s4", "t1")
    config = stacked(Route("*", group, "any", to("src", "lan1", "v100", *names)))
    tags = (((200, 100), 0), ((100, 200), 0x8100), ((200, 7), 0x9100), ((300,), 0x88A8), ((100,), 0))
    frames = [retag(packet(i, size=s), vlan, tpid)
              for i, (s, (vlan, tpid)) in enumerate((s, t) for s in (4, 100, 700) for t in tags)]
    exp, _ = check(config, {"p1": frames, "p0": [packet(i) for i in range(5)]})
    assert len(exp.frames["p1"]) == 15 * 5 + 5 * 6 and exp.drops == {"oif_input": 15 + 5}


def retag(frame: bytes, vlan: tuple[int, ...], tpid: int) -> bytes:
    return eth(frame[14:], vlan=vlan, tpid=tpid)


def test_other_pairs_and_tpids_belong_to_nobody():
    config = stacked(Route("*", GRP, "any", to("lan2")))
    wrong = [((200, 100), 0x8100), ((200, 100), 0x9100), ((100, 200), 0x88A8), ((200, 8), 0x9100),
             ((300,), 0x8100), ((200,), 0x88A8), ((100, 0), 0x88A8), ((0, 100), 0x8100),
             ((200, 100, 5), 0x88A8), ((300, 1), 0x88A8)]
    fine = [((100, 0), 0x8100), ((300, 0), 0x88A8), ((0,), 0x8100)]  # the inner tag is a priority
    frames = [eth(udp_ip(n=i), vlan=v, tpid=t) for i, (v, t) in enumerate(wrong + fine)]
    exp, _ = check(config, {"p1": frames})
    assert exp.drops == {"vlan_unknown": len(wrong)}


def test_unicast_copies_fragments_and_shared_frames_carry_both_tags():
    her = (Output("s1", unicast="10.200.0.5", port=6000),)
    config = stacked(Route(SRC, GRP, "src", her + to("s1", "t1", "lan1")), mac="02:aa:bb:cc:dd:ee")
    config.ports[0] = dataclasses.replace(config.ports[0], mtu=3000)
    check(config, {"p0": [udp(i, size=s) for i, s in enumerate((10, 300, 1472, 2000))]})


def test_truncated_second_tag():
    config = stacked(Route("*", GRP, "any", to("lan2")))
    frame = eth(udp_ip(n=1), vlan=(200, 100))
    exp, _ = check(config, {"p1": [frame[:n] for n in (14, 16, 17, 18, 20, 21, 22)]})
    assert exp.drops == {"eth_truncated": 6, "ip_truncated": 1}
