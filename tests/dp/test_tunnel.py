# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""GRE, RFC 2784 and RFC 2890, both directions."""
import struct

import pytest
from packets import *
from starg_dp import check


def test_encapsulation_plain_and_keyed_with_checksum():
    config = router(Route(SRC, GRP, "src", to("gre0", "gre7", "lan2")))
    exp, _ = check(config, {"p0": [udp(i, size=s, tos=t, ttl=9) for i, (s, t) in
                                   enumerate(((0, 0), (1, 0x2e), (100, 0xb8), (1000, 3)))]})
    assert len(exp.frames["p1"]) == 8


def test_decapsulation_plain_and_keyed():
    config = router(Route("*", GRP, ("gre0", "gre7"), to("lan1", "lan2", "v100")))
    frames = [in_gre(udp_ip(n=1)), in_gre(udp_ip(n=2), src=PEER_KEYED, key=7),
              in_gre(udp_ip(n=3), src=PEER_KEYED, key=7, checksum=True),
              in_gre(udp_ip(n=4), checksum=True), in_gre(udp_ip(n=5, size=1300)),
              in_gre(udp_ip(n=6, options=b"\x94\x04\0\0"))]
    exp, _ = check(config, {"p1": frames})
    assert len(exp.frames["p2"]) == 6


def test_sequence_number_is_skipped():
    header = struct.pack("!HHI", 0x1000, 0x0800, 99)
    config = router(Route("*", GRP, "gre0", to("lan2")))
    exp, _ = check(config, {"p1": [in_gre(udp_ip(n=1), gre=header)]})
    assert len(exp.frames["p2"]) == 1


def test_padding_behind_the_inner_packet_is_not_forwarded():
    config = router(Route("*", GRP, "gre0", to("lan2")))
    check(config, {"p1": [in_gre(udp_ip(n=1, size=0) + b"\xee" * 9), in_gre(udp_ip(n=2)) + b"\xaa" * 7]})


def test_from_tunnel_to_tunnel():
    config = router(Route("*", GRP, ("gre0", "src"), to("gre7", "gre0")))
    exp, _ = check(config, {"p1": [in_gre(udp_ip(n=i)) for i in range(4)], "p0": [udp(9)]})
    assert exp.drops == {"oif_input": 4} and len(exp.frames["p1"]) == 6


def test_wrong_interface_of_a_tunnel_is_the_tunnel():
    config = router(Route("*", GRP, "lan1", to("lan2")))
    exp, _ = check(config, {"p1": [in_gre(udp_ip(n=i)) for i in range(4)] + [udp(1, src="10.1.0.3")]})
    assert exp.drops == {"wrong_if": 4}


def test_inner_ttl_1_is_not_forwarded_and_outer_ttl_does_not_matter():
    config = router(Route("*", GRP, "gre0", to("lan2")))
    exp, _ = check(config, {"p1": [in_gre(udp_ip(n=1, ttl=1)), in_gre(udp_ip(n=2, ttl=2), ttl=1)]})
    assert exp.drops == {"ttl_expired": 1} and len(exp.frames["p2"]) == 1


def test_tunnel_to_an_unknown_next_hop_is_unresolved():
    config = router(Route(SRC, GRP, "src", to("gre0", "lan2")))
    config.neighbors = [n for n in config.neighbors if n[1] != PEER]
    exp, _ = check(config, {"p0": [udp(i) for i in range(3)]})
    assert exp.drops == {"oif_unresolved": 3}


def test_tunnel_peer_behind_a_gateway():
    config = router(Route(SRC, GRP, "src", to("gre9", "lan2")))
    config.interfaces.append(Iface("gre9", gre=Gre(TUNNEL_LOCAL, "10.9.3.3", key=0xffffffff),
                                   address=("169.254.0.4/31",)))
    exp, _ = check(config, {"p0": [udp(i) for i in range(3)]})
    assert len(exp.frames["p1"]) == 3


def test_tunnel_through_a_tunnel_is_refused():
    config = router(Route(SRC, GRP, "src", to("gre9", "lan2")))
    config.interfaces.append(Iface("gre9", gre=Gre("169.254.0.0", "10.77.0.1"),
                                   address=("169.254.0.4/31",)))
    config.rpf.append(("10.77.0.0/16", "gre0", ""))
    exp, result = check(config, {"p0": [udp(i) for i in range(3)]})
    assert exp.drops == {"oif_unresolved": 3}
    gre9 = next(i for i in result.state["show interface"]["interfaces"] if i["name"] == "gre9")
    assert "tunnel" in gre9["gre"]["problem"] and "gre0" in gre9["gre"]["problem"]


@pytest.mark.parametrize("size,passes", [(1448, True), (1449, False)])
def test_tunnel_mtu(size, passes):
    config = router(Route(SRC, GRP, "src", to("gre0", "lan2")))
    exp, _ = check(config, {"p0": [udp(1, size=size, flags="DF")]})
    assert len(exp.frames["p1"]) == passes


def test_many_tunnels_by_key():
    tunnels = [Iface(f"k{n}", gre=Gre("10.1.0.1", "10.1.0.5", key=n)) for n in range(200)]
    config = router(*[Route("*", f"239.7.0.{n}", f"k{n}", to("lan2")) for n in range(200)])
    config.interfaces += tunnels
    frames = [in_gre(udp_ip(n=n, dst=f"239.7.0.{n}"), src="10.1.0.5", key=n) for n in range(200)]
    frames += [in_gre(udp_ip(n=n, dst=f"239.7.0.{n}"), src="10.1.0.5", key=n ^ 1) for n in range(20)]
    exp, _ = check(config, {"p1": frames})
    assert exp.drops == {"wrong_if": 20}


def test_congestion_mark_of_the_outer_header_survives():
    config = router(Route("*", GRP, "gre0", to("lan2", "gre7")))
    exp, _ = check(config, {"p1": [in_gre(udp_ip(n=t, tos=t), tos=o) for t in (0, 1, 2, 3, 0xb9)
                                   for o in (0, 1, 2, 3)]})
    assert len(exp.frames["p2"]) == 20


def test_outer_identifications_differ_when_df_is_clear():
    from starg_dp import Router, read_pcap
    config = router(Route(SRC, GRP, "src", to("gre0")))
    with Router(config, {"p0": [udp(i) for i in range(100)]}) as r:
        r.wait_ready()
        r.wait_done()
        r.stop()
        ids = {f[18:20] for f in read_pcap(r.dir / "p1.out")}
    assert len(ids) == 100
