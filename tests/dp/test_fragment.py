# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Packets longer than the output's MTU (RFC 791), jumbo frames, fragments that come in."""
import dataclasses
import struct

import pytest
from packets import *
from starg_dp import check


def jumbo(config: Config, mtu: int = 9000, **mtus) -> Config:
    """All ports take mtu, the interfaces named less."""
    config.ports = [Port(p.name, p.mac, mtu=mtu) for p in config.ports]
    config.interfaces = [dataclasses.replace(i, mtu=mtus.get(i.name, i.mtu))
                         for i in config.interfaces]
    return config


def test_each_output_gets_pieces_of_its_own_size():
    config = jumbo(router(Route(SRC, GRP, "src", to("lan1", "lan2", "v100"))), 1500, lan2=576, v100=1000)
    exp, _ = check(config, {"p0": [udp(i, size=s) for i, s in
                                   enumerate((100, 548, 549, 972, 973, 1471, 1472))]})
    assert len(exp.frames["p1"]) == 7 + 10 and len(exp.frames["p2"]) > 12


def test_flow_of_long_and_short_packets_stays_in_order():
    config = jumbo(router(Route(SRC, GRP, "src", to("lan2", "lan1"))), 1500, lan2=576)
    check(config, {"p0": [udp(i, size=1400 if i % 3 else 20) for i in range(300)]})


@pytest.mark.parametrize("mac", ["", "02:aa:bb:cc:dd:ee"])
def test_df_decides_packet_by_packet(mac):
    config = jumbo(router(Route(SRC, GRP, "src", to("lan1", "lan2")), mac=mac), 1500, lan2=576)
    exp, _ = check(config, {"p0": [udp(i, size=1000, flags="DF" if i % 2 else "") for i in range(40)]})
    assert exp.drops == {"oif_mtu": 20}


def test_fragments_are_cut_again_and_keep_their_place():
    config = jumbo(router(Route(SRC, GRP, "src", to("lan1", "lan2"))), 1500, lan2=300)
    frames = [eth(bytes(IP(src=SRC, dst=GRP, ttl=9, flags=f, frag=o, id=7, proto=17) / Raw(b"x" * n)))
              for f, o, n in (("MF", 0, 1480), ("MF", 185, 1480), ("", 370, 1480), ("", 370, 1001))]
    exp, _ = check(config, {"p0": frames})
    assert len(exp.frames["p1"]) == 4 and len(exp.frames["p2"]) > 16


def test_options_with_the_copied_bit_go_into_each_piece():
    config = jumbo(router(Route(SRC, GRP, "src", to("lan1", "lan2"))), 1500, lan2=576)
    options = (b"\x94\x04\0\0", b"\x07\x07\x04\0\0\0\0", b"\x44\x04\x05\0\x94\x04\0\0", b"\x01" * 12,
               b"\x07\x27\x04" + bytes(36), b"\x82\x0b" + bytes(9) + b"\x94\x04\0\0\0")
    check(config, {"p0": [udp(i, size=1000, options=o) for i, o in enumerate(options)]})


def test_unicast_copies_are_translated_before_they_are_cut():
    outs = (Output("lan2", unicast="10.2.0.5", port=6000), Output("lan2", unicast="10.50.0.9", ttl=3))
    config = jumbo(router(Route(SRC, GRP, "src", outs + to("lan1"))), 1500, lan2=576)
    check(config, {"p0": [udp(i, size=s) for i, s in enumerate((10, 1000, 1400))]
                   + [udp(9, size=1000, zero_sum=True)]})


@pytest.mark.parametrize("tunnel,below", [(0, 0), (1000, 0), (0, 700), (1300, 1300)])
def test_packet_inside_a_tunnel_is_cut_to_what_fits_below(tunnel, below):
    config = jumbo(router(Route(SRC, GRP, "src", to("gre0", "gre7", "lan2"))), 1500,
                   gre0=tunnel, gre7=tunnel, lan1=below)
    exp, _ = check(config, {"p0": [udp(i, size=s) for i, s in enumerate((500, 1272, 1448, 1449, 1472))]
                            + [udp(9, size=1440, flags="DF")]})
    assert len(exp.frames["p1"]) > 12


def test_from_a_tunnel_into_a_smaller_network():
    config = jumbo(router(Route("*", GRP, ("gre0", "gre7"), to("lan2"))), 1500, lan2=576)
    check(config, {"p1": [in_gre(udp_ip(n=i, size=1000)) for i in range(5)]
                   + [in_gre(udp_ip(n=9, size=1001), src=PEER_KEYED, key=7, checksum=True)]})


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_pieces_for_queues_of_other_workers(workers):
    config = jumbo(router(Route("*", GRP, "any", to("lan1", "lan2", "src")), workers=workers), 1500,
                   lan2=576)
    check(config, {"p0": [udp(i, size=1000) for i in range(100)],
                   "p1": [udp(i, size=900, src="10.1.0.3") for i in range(100)]})


def test_ipv6_is_not_cut():
    config = jumbo(router6(Route("*", GRP6, "src", to("lan1", "lan2", "gre0"))), 1500, lan2=1280)
    exp, _ = check(config, {"p0": [udp6(i, size=s) for i, s in enumerate((1232, 1233, 1408, 1409))]})
    assert exp.drops == {"oif_mtu": 3 + 1}


def pieces4(whole: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    """The packet's payload cut behind so many bytes, as fragments."""
    head, body = IP(whole[:20]), whole[20:]
    out = []
    for start, end in zip((0, *cuts), (*cuts, len(body))):
        out.append(bytes(IP(src=head.src, dst=head.dst, id=head.id, ttl=head.ttl, tos=head.tos,
                            proto=head.proto, frag=start // 8,
                            flags="MF" if end < len(body) else "") / Raw(body[start:end])))
    return out


def pieces6(whole: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    """RFC 8200 section 4.5."""
    out, body = [], whole[40:]
    for start, end in zip((0, *cuts), (*cuts, len(body))):
        part = struct.pack("!BBHI", whole[6], 0, start | (end < len(body)), 0x1234) + body[start:end]
        out.append(whole[:4] + struct.pack("!HBB", len(part), 44, whole[7]) + whole[8:40] + part)
    return out


FRAGMENTED = {4: [pieces4(udp_ip(n=1, size=600, tos=0xb8), (8, 320)),
                  pieces4(udp_ip(n=2, size=1400, zero_sum=True), (1000,)),
                  pieces4(udp_ip(n=3, size=200), (104,))[::-1]],
              6: [pieces6(udp6_ip(n=1, size=600, tc=0xb8), (8, 320)),
                  pieces6(udp6_ip(n=2, size=1300), (1000,)),
                  pieces6(udp6_ip(n=3, size=200), (104,))[::-1]]}


def scene(family: int, outs: tuple[Output, ...], source: str = "src") -> Config:
    make, group = (router, GRP) if family == 4 else (router6, GRP6)
    return make(Route("*", group, source, outs))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("way", ["native", "vlan", "gre", "gre with key and checksum", "unicast",
                                 "unicast to another port", "all"])
def test_fragments_leave_as_the_fragments_they_are(family, way):
    near = "10.1.0.5" if family == 4 else "2001:db8:1::5"
    far = "10.50.0.9" if family == 4 else "2001:db8:50::9"
    outs = {"native": to("lan1", "lan2"), "vlan": to("v100"), "gre": to("gre0"),
            "gre with key and checksum": to("gre7"),
            "unicast": (Output("lan1", unicast=near), Output("lan2", unicast=far, ttl=7)),
            "unicast to another port": (Output("lan1", unicast=near, port=6000, preserve_source=True),)}
    outs["all"] = sum(outs.values(), ())
    packets = FRAGMENTED[family]
    exp, result = check(scene(family, outs[way]), {"p0": [eth(p) for ps in packets for p in ps]})
    assert not exp.drops
    assert sum(map(len, result.frames.values())) == sum(map(len, packets)) * len(outs[way])


@pytest.mark.parametrize("family", [4, 6])
def test_fragments_inside_a_tunnel_come_out_as_fragments(family):
    peer, end = (PEER, TUNNEL_LOCAL) if family == 4 else (PEER6, "2001:db8:1::1")
    packets = [p for ps in FRAGMENTED[family] for p in ps]
    _, result = check(scene(family, to("lan2", "src"), "gre0"),
                      {"p1": [in_gre(p, src=peer, dst=end, checksum=i % 2 == 1)
                              for i, p in enumerate(packets)]})
    assert len(result.frames["p2"]) == len(result.frames["p0"]) == len(packets)
