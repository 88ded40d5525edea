# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Head-end replication: the copy becomes unicast."""
import dataclasses
import struct

import pytest
from packets import *
from starg_dp import check


def her(addr, interface="lan1", **kw):
    return Output(interface, unicast=addr, **kw)


def test_defaults_keep_the_port_and_use_ttl_64_and_the_egress_address():
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5"),)))
    exp, _ = check(config, {"p0": [udp(i, size=i) for i in range(40)]})
    assert len(exp.frames["p1"]) == 40


def test_several_per_interface_with_rules_of_their_own():
    outputs = (her("10.1.0.5"), her("10.1.0.5", port=6000), her("10.1.0.5", port=6001, ttl=3),
               her("10.1.0.7", preserve_source=True), her("10.1.0.7", port=9, source="10.0.0.254"),
               her("10.1.0.9", ttl=255, port=1, preserve_source=True), Output("lan1"),
               her("10.100.0.5", "v100", port=7000), her("10.2.0.255", "lan2"))
    config = router(Route(SRC, GRP, "src", outputs))
    exp, _ = check(config, {"p0": [udp(i, size=64 + i, tos=0xa0) for i in range(20)]})
    assert len(exp.frames["p1"]) == 160


def test_next_hop_is_a_gateway():
    config = router(Route(SRC, GRP, "src", (her("10.9.1.2"), her("10.9.1.3", ""),
                                            her("10.50.0.255", "", port=9))))
    exp, _ = check(config, {"p0": [udp(i) for i in range(5)]})
    assert len(exp.frames["p1"]) == 10 and len(exp.frames["p2"]) == 5


def test_zero_udp_checksum_stays_zero():
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5", port=6000), her("10.1.0.7"))))
    check(config, {"p0": [udp(i, zero_sum=True, size=i) for i in range(20)]})


def test_wrong_udp_checksum_is_not_mended():
    frame = bytearray(udp(3))
    frame[14 + 20 + 6:14 + 20 + 8] = b"\x12\x34"
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5", port=6000), her("10.1.0.7"))))
    check(config, {"p0": [bytes(frame)]})


def test_checksum_that_becomes_zero_is_sent_as_all_ones():
    """A payload chosen so that the new sum is 0, for which RFC 768 sends 0xffff."""
    from headers import udp_sum
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5", preserve_source=True),)))
    src, dst = bytes([10, 0, 0, 1]), bytes([10, 1, 0, 5])
    seg = struct.pack("!HHHH", 4000, 5000, 12, 0) + b"\0\0ab"
    fill = udp_sum(src, dst, seg)  # added to the data, it makes the sum complete
    body = struct.pack("!H", fill) + b"ab"
    frames = [eth(bytes(IP(src=SRC, dst=GRP, ttl=4, id=1) / UDP(sport=4000, dport=5000) / Raw(body)))]
    exp, _ = check(config, {"p0": frames})
    assert exp.frames["p1"][0][14 + 20 + 6:14 + 20 + 8] == b"\xff\xff"


def test_fragments_and_other_protocols():
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5", port=6000), her("10.1.0.7", ttl=2))))
    whole = udp_ip(n=1, size=200)
    first = bytes(IP(src=SRC, dst=GRP, ttl=9, flags="MF", id=7, proto=17) / Raw(whole[20:20 + 64]))
    rest = bytes(IP(src=SRC, dst=GRP, ttl=9, frag=8, id=7, proto=17) / Raw(whole[20 + 64:]))
    frames = [first, rest,
              bytes(IP(src=SRC, dst=GRP, ttl=9, proto=17) / Raw(b"short")),
              bytes(IP(src=SRC, dst=GRP, ttl=9, proto=255) / Raw(b"raw payload")),
              bytes(IP(src=SRC, dst=GRP, ttl=9) / ICMP() / Raw(b"ping")),
              udp_ip(n=5, options=b"\x94\x04\0\0"), udp_ip(n=6, size=0)]
    check(config, {"p0": [eth(f) for f in frames]})


def test_ttl_rules_hold_before_the_new_ttl():
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5", ttl_threshold=10), her("10.1.0.7"))))
    exp, _ = check(config, {"p0": [udp(i, ttl=t) for i, t in enumerate((1, 2, 10, 11))]})
    assert exp.drops == {"ttl_expired": 1, "oif_ttl_threshold": 2}


def test_udp_behind_long_extension_headers_is_translated_too():
    config = router6(Route("*", GRP6, "src", (her("2001:db8:1::5", port=6000), Output("lan2"),
                                              her("2001:db8:1::7"), Output("lan1"),
                                              her("2001:db8:50::9", "", port=7))))
    frames = []
    for n, (size, length) in enumerate((s, e) for s in (9, 60, 300, 1000) for e in (8, 48, 56, 64, 200, 256)):
        options = bytes([17, length // 8 - 1, 1, length - 4]) + bytes(length - 4)
        frames.append(udp6(n, size=size, ext=options, next_header=60))
    exp, _ = check(config, {"p0": frames})
    assert len(exp.frames["p1"]) == 3 * len(frames) and not exp.drops


def test_dscp_is_replaced_and_ecn_is_not():
    config = router6(Route(SRC, GRP, "src", (her("10.1.0.5", dscp=46), her("10.1.0.7", dscp=0),
                                             her("10.1.0.9"), Output("lan2"))),
                     Route(SRC6, GRP6, "src", (her("2001:db8:1::5", dscp=63), her("2001:db8:1::7"),
                                               her("2001:db8:1::8", dscp=0), Output("lan2"))))
    exp, _ = check(config, {"p0": [udp(t, tos=t, size=s) for t in range(0, 256, 5) for s in (9, 400)]
                            + [udp6(t, tc=t, size=s) for t in range(0, 256, 5) for s in (9, 400)]})
    assert len(exp.frames["p1"]) == 52 * 2 * 6


@pytest.mark.parametrize("src,grp,near,far,packet", [
    (SRC, GRP, "10.1.0.5", "10.50.0.9", lambda t: udp(t, ttl=t)),
    (SRC6, GRP6, "2001:db8:1::5", "2001:db8:50::9", lambda t: udp6(t, hlim=t))])
def test_threshold_is_that_of_the_interface_the_route_leads_to(src, grp, near, far, packet):
    config = router6(Route(src, grp, "src", (her(near, ""), her(near, "", port=9, ttl_threshold=3),
                                             her(far, ""), her(far, "", port=9, ttl_threshold=0))))
    limits = {"lan1": 10, "lan2": 20}
    config.interfaces = [dataclasses.replace(i, ttl_threshold=limits.get(i.name, 0))
                         for i in config.interfaces]
    exp, _ = check(config, {"p0": [packet(t) for t in range(2, 30)]})
    assert exp.drops == {"oif_ttl_threshold": 9 + 2 + 19}


def test_receiver_on_the_input_interface_gets_its_copy():
    config = router(Route("*", GRP, "lan1", (her("10.1.0.5"), Output("lan2"))))
    exp, _ = check(config, {"p1": [udp(i, src="10.1.0.3") for i in range(5)]})
    assert len(exp.frames["p1"]) == 5


def test_unresolved_receiver_costs_the_others_nothing():
    config = router(Route(SRC, GRP, "src", (her("10.1.0.66"), her("10.1.0.5"),
                                            her("172.16.0.1", ""))))
    exp, _ = check(config, {"p0": [udp(i) for i in range(6)]})
    assert exp.drops == {"oif_unresolved": 12} and len(exp.frames["p1"]) == 6


def test_her_behind_a_tunnel():
    config = router(Route(SRC, GRP, "src", (her("192.168.5.5", ""), her("192.168.5.6", "gre0"))))
    config.rpf.append(("192.168.5.0/24", "gre0", ""))
    exp, _ = check(config, {"p0": [udp(i) for i in range(6)]})
    assert len(exp.frames["p1"]) == 12


@pytest.mark.parametrize("size", [1472, 1473])
def test_mtu_holds_for_unicast_too(size):
    config = router(Route(SRC, GRP, "src", (her("10.1.0.5"),)))
    config.ports[0] = Port("p0", config.ports[0].mac, mtu=1600)
    exp, _ = check(config, {"p0": [udp(1, size=size, flags="DF")]})
    assert len(exp.frames["p1"]) == (size == 1472)


@pytest.mark.parametrize("first,second", [("", "lan1"), ("lan1", "")])
def test_receiver_named_with_and_without_interface_gets_one_copy(first, second):
    config = router(Route("*", GRP, "src", (her("10.1.0.5", first, ttl=9),)),
                    Route(SRC, GRP, "src", (her("10.1.0.5", second, ttl=7),)))
    exp, _ = check(config, {"p0": [udp(1)]})
    assert len(exp.frames["p1"]) == 1 and exp.frames["p1"][0][22] == 7
