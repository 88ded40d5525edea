# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""GRE, RFC 2784 and RFC 2890, both directions."""
import dataclasses
import itertools
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
    assert exp.drops == {"oif_recursion": 3}
    gre9 = next(i for i in result.state["show interface"]["interfaces"] if i["name"] == "gre9")
    assert "tunnel" in gre9["gre"]["problem"] and "gre0" in gre9["gre"]["problem"]


def test_tunnel_whose_peer_is_behind_itself_is_refused():
    config = router(Route(SRC, GRP, "src", (*to("gre9", "lan2"), Output("", unicast="192.168.5.5"))))
    config.interfaces.append(Iface("gre9", gre=Gre("169.254.0.0", "10.77.0.1"),
                                   address=("169.254.0.4/31",)))
    config.rpf += [("10.77.0.0/16", "gre9", ""), ("192.168.5.0/24", "gre9", "")]
    exp, _ = check(config, {"p0": [udp(i) for i in range(3)]})
    assert exp.drops == {"oif_recursion": 6} and len(exp.frames["p2"]) == 3


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


def policy(config: Config, **gre) -> Config:
    """config with other keys for all its tunnels."""
    config.interfaces = [dataclasses.replace(i, gre=dataclasses.replace(i.gre, **gre)) if i.gre else i
                         for i in config.interfaces]
    return config


ENDS = ((PEER, TUNNEL_LOCAL, "gre4"), (PEER6, TUNNEL_LOCAL6, "gre0"))


@pytest.mark.parametrize("decap_dscp", ["keep", "copy"])
@pytest.mark.parametrize("src,dst,name", ENDS)
def test_congestion_and_dscp_of_the_outer_header(src, dst, name, decap_dscp):
    config = policy(router6(Route("*", GRP, name, to("lan2", "gre7")),
                            Route("*", GRP6, name, to("lan2", "gre7"))), decap_dscp=decap_dscp)
    tos = list(itertools.product((0, 1, 2, 3, 0xb9), (0, 1, 2, 3, 0xb8, 0x29)))
    frames = [in_gre(udp_ip(n=n, tos=i), src, dst, tos=o) for n, (i, o) in enumerate(tos)]
    frames += [in_gre(udp6_ip(n=n, tc=i, fl=n), src, dst, tos=o) for n, (i, o) in enumerate(tos)]
    exp, _ = check(config, {"p1": frames})
    assert exp.drops == {"gre_congested": 2} and len(exp.frames["p2"]) == 58


@pytest.mark.parametrize("gre", [dict(dscp=46, ttl="inherit"), dict(dscp=0, ttl=255),
                                 dict(dscp="inherit", ttl="inherit"), dict(dscp=63, ttl=1)], ids=str)
def test_dscp_and_ttl_of_the_outer_header(gre):
    names = to("gre0", "gre4", "gre7", "lan2")
    her = (Output("", unicast="192.168.5.5", ttl=9, dscp=10),)
    her6 = (Output("", unicast="2001:db8:77::5", ttl=9, dscp=10),)
    config = policy(router6(Route(SRC, GRP, "src", names + her), Route(SRC6, GRP6, "src", names + her6)),
                    **gre)
    config.rpf += [("192.168.5.0/24", "gre0", ""), ("2001:db8:77::/48", "gre4", "")]
    config.interfaces = [dataclasses.replace(i, address=i.address + ("169.254.0.0/31",))
                         if i.name == "gre0" else i for i in config.interfaces]
    rules = list(itertools.product((0, 1, 2, 3, 0xb8, 0xff), (2, 3, 255)))
    exp, _ = check(config, {"p0": [udp(n, tos=t, ttl=l) for n, (t, l) in enumerate(rules)]
                            + [udp6(n, tc=t, hlim=l) for n, (t, l) in enumerate(rules)]})
    assert len(exp.frames["p1"]) == 2 * 4 * len(rules) and not exp.drops


def test_flow_label_is_one_for_each_flow():
    from starg_dp import Router, read_pcap
    groups = [f"239.7.0.{n}" for n in range(40)]
    config = router6(*[Route("*", g, "src", to("gre0")) for g in groups])
    with Router(config, {"p0": [udp(n, dst=g, ttl=9 + n) for n in range(3) for g in groups]}) as r:
        r.wait_ready()
        r.wait_done()
        r.stop()
        labels = {}
        for f in read_pcap(r.dir / "p1.out"):
            label = int.from_bytes(f[14:18], "big") & 0xfffff
            labels.setdefault(f[14 + 40 + 4 + 16:14 + 40 + 4 + 20], set()).add(label)
    assert len(labels) == 40 and all(len(v) == 1 for v in labels.values())
    assert len(set.union(*labels.values())) == 40 and {0} not in labels.values()


SIZES = (0, 1, 7, 254, 255, 256, 1001, 1300)


@pytest.mark.parametrize("key", [None, 0, 0xdeadbeef], ids=str)
@pytest.mark.parametrize("checksum", [False, True])
def test_every_kind_of_tunnel_both_ways(key, checksum):
    """Either family within either, with and without key and checksum, of even and odd length."""
    config = router6(Route("*", GRP, ("src", "gre0", "gre4"), to("gre0", "gre4", "lan2")),
                     Route("*", GRP6, ("src", "gre0", "gre4"), to("gre0", "gre4", "lan2")))
    policy(config, key=key, checksum=checksum)
    config.interfaces = [i for i in config.interfaces if i.name != "gre7"]
    frames = [in_gre(make(n=n, size=s), src, dst, key=key, checksum=c) for n, s in enumerate(SIZES)
              for make in (udp_ip, udp6_ip) for src, dst, _ in ENDS for c in (False, True)]
    broken = bytearray(frames[1])
    broken[-1] ^= 1
    exp, _ = check(config, {"p0": [m(n, size=s) for n, s in enumerate(SIZES) for m in (udp, udp6)],
                            "p1": frames + [bytes(broken)]})
    assert exp.drops == {"oif_input": len(frames), "gre_checksum": 1}
    assert len(exp.frames["p1"]) == 2 * 2 * len(SIZES) + len(frames)


def test_outer_identifications_differ_when_df_is_clear():
    from starg_dp import Router, read_pcap
    config = router(Route(SRC, GRP, "src", to("gre0")))
    with Router(config, {"p0": [udp(i) for i in range(100)]}) as r:
        r.wait_ready()
        r.wait_done()
        r.stop()
        ids = {f[18:20] for f in read_pcap(r.dir / "p1.out")}
    assert len(ids) == 100
