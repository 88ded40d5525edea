# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Hostile and broken packets: each is dropped under its own name, and nothing else changes.

Every case is sent between good packets. Everything the router shows is compared with what it
shows after the good packets alone; only the named counter and the input counters may differ.
"""
import struct

import pytest
from packets import *
from model import router_mac
from oracle import Oracle
from starg_dp import check_frames, run

GOOD = [udp(i) for i in range(8)]
REPEAT = 3  # how often each bad frame is sent


def raw_ip(data=b"x" * 20, **kw):
    kw.setdefault("src", SRC)
    kw.setdefault("dst", GRP)
    kw.setdefault("ttl", 9)
    kw.setdefault("proto", 17)
    return bytes(IP(**kw) / Raw(data))


def patched(packet, at, value):
    p = bytearray(packet)
    p[at:at + len(value)] = value
    return bytes(p)


def fix_sum(packet):
    from scapy.utils import checksum
    ihl = max((packet[0] & 15) * 4, 20)
    p = bytearray(packet)
    p[10:12] = b"\0\0"
    p[10:12] = struct.pack("!H", checksum(bytes(p[:ihl])))
    return bytes(p)


def gre(*words, tail=b""):
    return struct.pack(f"!{len(words)}H", *words) + tail


IHL6_IN_21 = b"\x46" + raw_ip()[1:20] + b"\x01"

CASES = [
    # name, port, frame, reason
    ("empty ethernet", "p0", b"\x01\x00\x5e\x01", "eth_truncated"),
    ("13 bytes", "p0", udp(1)[:13], "eth_truncated"),
    ("cut in the VLAN tag", "p1", udp(1, vlan=100)[:17], "eth_truncated"),
    ("unknown VLAN", "p1", udp(1, vlan=101), "vlan_unknown"),
    ("VLAN 4095", "p0", udp(1, vlan=4095), "vlan_unknown"),
    ("unicast frame for another MAC", "p0", eth(udp_ip(), dst="02:00:00:00:00:99"), "eth_not_ours"),
    ("ARP without twin", "p0", bytes(Ether(dst="ff:ff:ff:ff:ff:ff", src=HOST_MAC) / ARP(pdst="10.0.0.254")),
     "eth_type"),
    ("LLDP", "p0", bytes(Ether(dst="01:80:c2:00:00:0e", src=HOST_MAC, type=0x88cc) / Raw(b"\x02" * 30)),
     "eth_type"),
    ("ethernet header only", "p0", udp(1)[:14], "ip_truncated"),
    ("19 bytes of IP", "p0", udp(1)[:14 + 19], "ip_truncated"),
    ("version 5", "p0", eth(patched(raw_ip(), 0, b"\x55")), "ip_version"),
    ("version 6 in 0x0800", "p0", eth(patched(raw_ip(), 0, b"\x65"), dst=router_mac(0), ethertype=0x0800), "ip_version"),
    ("ihl 4", "p0", eth(fix_sum(patched(raw_ip(), 0, b"\x44"))), "ip_ihl"),
    ("ihl 0", "p0", eth(fix_sum(patched(raw_ip(), 0, b"\x40"))), "ip_ihl"),
    ("ihl 6 in 21 bytes", "p0", eth(IHL6_IN_21), "ip_ihl"),
    ("ihl 15 in 40 bytes", "p0", eth(patched(raw_ip(), 0, b"\x4f")), "ip_ihl"),
    ("total length below the header", "p0", eth(fix_sum(patched(raw_ip(), 2, b"\0\x13"))), "ip_length"),
    ("total length 0", "p0", eth(fix_sum(patched(raw_ip(), 2, b"\0\0"))), "ip_length"),
    ("total length beyond the frame", "p0", eth(fix_sum(patched(raw_ip(), 2, b"\0\x29"))), "ip_length"),
    ("total length 65535", "p0", eth(fix_sum(patched(raw_ip(), 2, b"\xff\xff"))), "ip_length"),
    ("header checksum", "p0", eth(patched(raw_ip(), 10, b"\0\1")), "ip_checksum"),
    ("TTL 0", "p0", eth(raw_ip(ttl=0)), "ip_ttl_zero"),
    ("TTL 1", "p0", eth(raw_ip(ttl=1)), "ttl_expired"),
    ("source 0.0.0.0", "p0", eth(raw_ip(src="0.0.0.0")), "src_martian"),
    ("source 0.1.2.3", "p0", eth(raw_ip(src="0.1.2.3")), "src_martian"),
    ("source 240.0.0.1", "p0", eth(raw_ip(src="240.0.0.1")), "src_martian"),
    ("source 255.255.255.255", "p0", eth(raw_ip(src="255.255.255.255")), "src_martian"),
    ("source is a group", "p0", eth(raw_ip(src="239.9.9.9")), "src_multicast"),
    ("source 127.0.0.1", "p0", eth(raw_ip(src="127.0.0.1")), "src_loopback"),
    ("IPv6 source fe80::1", "p0", udp6(1, src="fe80::1"), "src_link_local"),
    ("IPv6 source at the end of fe80::/10", "p0", udp6(1, src="febf::1"), "src_link_local"),
    ("GRE with an IPv6 source fe80::1 inside", "p1", in_gre(udp6_ip(src="fe80::1"), gre=gre(0, 0x86DD)),
     "src_link_local"),
    ("destination 127.0.0.1", "p0", eth(raw_ip(dst="127.0.0.1"), dst=router_mac(0)), "dst_martian"),
    ("destination 0.0.0.1", "p0", eth(raw_ip(dst="0.0.0.1"), dst=router_mac(0)), "dst_martian"),
    ("destination 224.0.0.0", "p0", eth(raw_ip(dst="224.0.0.0")), "dst_martian"),
    ("IGMP where it does not run", "p0", eth(raw_ip(dst="239.9.9.9", proto=2, ttl=1)), "proto_disabled"),
    ("IGMP with source 0.0.0.0", "p0", eth(raw_ip(dst="224.0.0.22", src="0.0.0.0", proto=2)), "proto_disabled"),
    ("PIM where it does not run", "p0", eth(raw_ip(dst="224.0.0.13", proto=103, ttl=1)), "proto_disabled"),
    ("link-local group", "p0", eth(raw_ip(dst="224.0.0.251")), "group_link_local"),
    ("link-local group of OSPF", "p0", eth(raw_ip(dst="224.0.0.5", proto=89, ttl=1)), "group_link_local"),
    ("loose source route", "p0", eth(raw_ip(options=b"\x83\x07\x04\x0a\0\0\1\0")), "option_source_route"),
    ("strict source route", "p0", eth(raw_ip(options=b"\x01\x89\x07\x04\x0a\0\0\1")), "option_source_route"),
    ("option cut short", "p0", eth(raw_ip(options=b"\x07\x09\x04\0")), "ip_option"),
    ("option of length 0", "p0", eth(raw_ip(options=b"\x94\0\0\0")), "ip_option"),
    ("stacked VLAN", "p1", eth(udp_ip(), vlan=100, ethertype=0x8100), "vlan_unknown"),
    ("service tag", "p1", udp(1, vlan=100).replace(b"\x81\0", b"\x88\xa8", 1), "vlan_unknown"),
    ("service tag as it was", "p1", udp(1, vlan=100).replace(b"\x81\0", b"\x91\0", 1), "vlan_unknown"),
    ("service tag as it was, inside", "p1", eth(udp_ip(), vlan=100, ethertype=0x9100), "vlan_unknown"),
    ("unknown group", "p0", eth(raw_ip(dst="239.77.0.1")), "no_route"),
    ("wrong interface", "p2", eth(raw_ip()), "wrong_if"),
    ("unicast to somebody without twin", "p0", eth(raw_ip(dst="10.1.0.5"), dst=router_mac(0)), "no_twin"),
    ("unicast to us without twin", "p0", eth(raw_ip(dst="10.0.0.254"), dst=router_mac(0)), "no_twin"),
    ("GRE of 3 bytes", "p1", in_gre(b"", gre=b"\0\0\x08"), "gre_truncated"),
    ("GRE cut in its key", "p1", in_gre(b"", gre=gre(0x2000, 0x0800, 0)), "gre_truncated"),
    ("GRE cut in its checksum", "p1", in_gre(b"", gre=gre(0x8000, 0x0800)), "gre_truncated"),
    ("GRE version 1", "p1", in_gre(udp_ip(), gre=gre(0x2001, 0x880b, 0, 7)), "gre_version"),
    ("GRE routing present", "p1", in_gre(udp_ip(), gre=gre(0x4000, 0x0800, 0, 0)), "gre_routing"),
    ("GRE strict source route", "p1", in_gre(udp_ip(), gre=gre(0x0800, 0x0800)), "gre_routing"),
    ("GRE reserved bit 5", "p1", in_gre(udp_ip(), gre=gre(0x0400, 0x0800)), "gre_routing"),
    ("GRE checksum", "p1", in_gre(udp_ip(), gre=gre(0x8000, 0x0800, 0x1234, 0)), "gre_checksum"),
    ("GRE fragment", "p1", in_gre(udp_ip(), flags="MF"), "gre_fragment"),
    ("GRE in a broadcast frame", "p1", b"\xff" * 6 + in_gre(udp_ip())[6:], "no_twin"),
    ("GRE from a multicast source", "p1", in_gre(udp_ip(), src="239.1.1.1"), "src_multicast"),
    ("GRE with a martian source inside", "p1", in_gre(udp_ip(src="0.0.0.9")), "src_martian"),
    ("GRE with TTL 0 inside", "p1", in_gre(udp_ip(ttl=0)), "ip_ttl_zero"),
    ("GRE from a stranger", "p1", in_gre(udp_ip(), src="10.1.0.77"), "gre_unknown"),
    ("GRE with an unknown key", "p1", in_gre(udp_ip(), src=PEER_KEYED, key=8), "gre_unknown"),
    ("GRE without the tunnel's key", "p1", in_gre(udp_ip(), src=PEER_KEYED), "gre_unknown"),
    ("GRE with a key where there is none", "p1", in_gre(udp_ip(), key=7), "gre_unknown"),
    ("GRE of ARP", "p1", in_gre(b"\0" * 28, gre=gre(0, 0x0806)), "gre_protocol"),
    ("GRE of bridged Ethernet", "p1", in_gre(udp(1), gre=gre(0, 0x6558)), "gre_protocol"),
    ("GRE in GRE", "p1", in_gre(bytes(IP(src=PEER, dst=TUNNEL_LOCAL, proto=47) / GRE() / IP(udp_ip()))),
     "gre_recursion"),
    ("GRE without a packet", "p1", in_gre(b""), "gre_inner"),
    ("GRE with a cut packet", "p1", in_gre(udp_ip()[:40]), "gre_inner"),
    ("GRE with a bad inner checksum", "p1", in_gre(patched(udp_ip(), 10, b"\0\1")), "gre_inner"),
    ("GRE with inner version 6", "p1", in_gre(patched(udp_ip(), 0, b"\x65"), gre=b"\0\0\x08\0"), "gre_inner"),
    ("GRE with inner ihl 4", "p1", in_gre(patched(udp_ip(), 0, b"\x44")), "gre_inner"),
]
TIMES = {"uptime_s", "last_used_ms", "last_used_s", "age_s", "changed_s", "cpu", "cycles", "rounds", "busy_rounds", "sleeps"}
INPUT_COUNTERS = {"rx_packets", "rx_bytes", "rx_multicast", "rx_dropped"}


def without(value, names):
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    if isinstance(value, list):
        return [without(v, names) for v in value]
    return value


def bad_config():
    return router(Route(SRC, GRP, "src", to("lan1", "lan2", "gre7")),
                  Route("*", "239.200.0.0/16", "gre0", to("lan2")))


@pytest.fixture(scope="module")
def calm():
    """What the router shows after the good packets alone."""
    return run(bad_config(), {"p0": GOOD})


@pytest.mark.parametrize("name,port,frame,reason", CASES, ids=[c[0] for c in CASES])
def test_bad_packet_is_dropped_by_name_and_changes_nothing_else(calm, name, port, frame, reason):
    config = bad_config()
    inputs = {"p0": list(GOOD)}
    inputs.setdefault(port, [])[4:4] = [frame] * REPEAT
    result = run(config, inputs)
    assert result.drops() == {reason: REPEAT}
    assert {p: sorted(f) for p, f in result.frames.items()} == \
        {p: sorted(f) for p, f in calm.frames.items()}
    # A packet of the good flow itself is counted on its route; others must not even touch that.
    own = {"packets", "bytes", "wrong_if", "dropped"} if reason in ("ttl_expired", "wrong_if") else set()
    ignore = TIMES | INPUT_COUNTERS | own
    for command in ("show mroute", "show interface", "show route", "show neighbor"):
        assert without(result.state[command], ignore) == without(calm.state[command], ignore), command
    memory, before = result.state["show memory"], calm.state["show memory"]
    for key in ("mbufs_in_use", "small_mbufs_in_use"):
        assert memory[key] == before[key], "a buffer leaked"
    # The oracle tells the same story.
    exp = Oracle(config).run(inputs)
    assert exp.drops == {reason: REPEAT}
    check_frames(exp, result)


def test_all_of_them_at_once():
    config = bad_config()
    inputs = {"p0": list(GOOD), "p1": [], "p2": []}
    for _ in range(4):
        for _, port, frame, _ in CASES:
            inputs[port].append(frame)
    inputs["p0"] += [udp(100 + i) for i in range(8)]
    exp = Oracle(config).run(inputs)
    result = run(config, inputs)
    assert result.drops() == exp.drops
    check_frames(exp, result)


def test_link_local_groups_are_never_routed_even_with_a_route():
    config = router(Route("*", "224.0.0.0/4", "src", to("lan1")))
    frames = [udp(n, dst=g) for n, g in enumerate(("224.0.0.1", "224.0.0.18", "224.0.0.255"))]
    result = run(config, {"p0": frames + [udp(9, dst="224.0.1.0")]})
    assert result.drops() == {"group_link_local": 3}
    assert len(result.frames["p1"]) == 1


def test_every_truncation_of_a_good_packet_is_survived():
    config = bad_config()
    frames = [udp(1)[:n] for n in range(1, len(udp(1)))]
    tunnel = [in_gre(udp_ip(dst="239.200.0.1"), src=PEER)[:n] for n in range(1, 14 + 24 + 60)]
    exp = Oracle(config).run({"p0": frames + [udp(2)], "p1": tunnel})
    result = run(config, {"p0": frames + [udp(2)], "p1": tunnel})
    assert result.drops() == exp.drops
    check_frames(exp, result)


def test_every_single_bit_flipped_in_the_headers(seed):
    """A checksum catches each flip in the IP header; a flip elsewhere has its own fate."""
    config = bad_config()
    good = in_gre(udp_ip(dst="239.200.0.1"), src=PEER)
    frames = []
    for bit in range(14 * 8, (14 + 20 + 4 + 20) * 8):
        f = bytearray(good)
        f[bit // 8] ^= 0x80 >> bit % 8
        frames.append(bytes(f))
    exp = Oracle(config).run({"p1": frames})
    result = run(config, {"p1": frames})
    assert result.drops() == exp.drops
    check_frames(exp, result)


def test_flood_of_unknown_types_costs_no_forwarding(seed):
    import random
    rng = random.Random(seed)
    config = bad_config()
    noise = [eth(bytes(IP(src=f"10.0.0.{rng.randrange(1, 250)}", dst=f"239.77.{rng.randrange(256)}.1",
                          ttl=1, proto=2) / Raw(bytes([0x13]) + rng.randbytes(11)))) for _ in range(2000)]
    frames = []
    for i in range(200):
        frames += noise[i * 10:i * 10 + 10] + [udp(i)]
    exp = Oracle(config).run({"p0": frames})
    result = run(config, {"p0": frames})
    check_frames(exp, result)
    assert sum(result.drops().values()) == 2000
