# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Hostile IGMP and PIM through the real stargd: each packet is counted where it is refused, in the data plane or by
the protocol, and what the router shows of groups, neighbours, trees and routes is what it shows without them."""
import struct
from collections import Counter

import pytest

from craft import (ALL_PIM_ROUTERS, ASSERT, HELLO, JOIN_PRUNE, ROUTER_ALERT, encoded_group, hello, igmp, ipv4,
                   join_prune, packed, pim, report, summed, IS_EX, TO_EX)
from packets import *
from starg_dp import Router, drop_counts
from test_pim import pim_router

US, HOST, NEIGHBOR, STRANGER = "10.3.0.1", "10.3.0.5", "10.3.0.9", "10.3.0.77"
SSM, UNKNOWN = "232.1.1.1", "239.66.6.6"
REGISTER, REGISTER_STOP, GRAFT, STATE_REFRESH = 1, 2, 6, 9
ALL_V3 = "224.0.0.22"

GOOD = [report(HOST, [(IS_EX, GRP)]), hello(NEIGHBOR, 65535),
        join_prune(NEIGHBOR, US, [(SSM, [SRC], [])], holdtime_s=65535)]
JOIN = join_prune(NEIGHBOR, US, [(UNKNOWN, [SRC], [])])[24:]  # what it would join, were it sound


def query(body: bytes, dst: str = "224.0.0.1", src: str = "10.3.0.2") -> bytes:
    return igmp(src, dst, b"\x11\x64\0\0" + body)


def wants(group: str, kind: int = TO_EX, src: str = HOST) -> bytes:
    return report(src, [(kind, group)])


def raw_report(body: bytes) -> bytes:
    return igmp(HOST, ALL_V3, b"\x22\0\0\0" + body)


def with_byte(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1:]


def mended(packet: bytes) -> bytes:
    """The checksum of the IP header made right again."""
    ihl = (packet[0] & 15) * 4
    head = packet[:10] + b"\0\0" + packet[12:ihl]
    total = sum(struct.unpack(f"!{ihl // 2}H", head))
    total = (total & 0xffff) + (total >> 16)
    total = ~((total & 0xffff) + (total >> 16)) & 0xffff
    return head[:10] + struct.pack("!H", total) + head[12:] + packet[ihl:]


def jp(at: int, value: int) -> bytes:
    """The Join with one byte changed; offsets are those behind the PIM header."""
    return pim(NEIGHBOR, JOIN_PRUNE, with_byte(JOIN, at, value))


def register(inner: bytes, tail: int = 0) -> bytes:
    """To the RP; its checksum covers 8 bytes (RFC 7761 4.9.1)."""
    head = summed(b"\x21\0\0\0" + bytes(4))
    return ipv4(HOST, "10.9.9.9", 103, (head + inner)[:len(head + inner) - tail], ttl=64)


INNER = udp_ip(src=HOST, dst=UNKNOWN)
STOP = encoded_group(GRP) + b"\1\0" + packed(SRC)

CASES = [
    # what, packet, who counts it, under which name
    ("query with 65,535 sources", query(packed(UNKNOWN) + b"\2\x7d\xff\xff", UNKNOWN), "igmp", "drop_short"),
    ("query of 9 bytes", query(bytes(5)), "igmp", "drop_query_length"),
    ("query of 11 bytes", query(bytes(7)), "igmp", "drop_query_length"),
    ("general query to us", query(bytes(4), US), "igmp", "drop_query_unicast"),
    ("general query to any group", query(bytes(4), UNKNOWN), "igmp", "drop_query_unicast"),
    ("report with 65,535 records", raw_report(b"\0\0\xff\xff\4\0\0\0" + packed(UNKNOWN)), "igmp", "drop_short"),
    ("record with 65,535 sources", raw_report(b"\0\0\0\1\4\0\xff\xff" + packed(UNKNOWN)), "igmp", "drop_short"),
    ("auxiliary data beyond the packet", raw_report(b"\0\0\0\1\4\xff\0\0" + packed(UNKNOWN)), "igmp", "drop_short"),
    ("record of type 0", wants(UNKNOWN, 0), "igmp", "drop_record_type"),
    ("record of type 7", wants(UNKNOWN, 7), "igmp", "drop_record_type"),
    ("report of TTL 2", mended(with_byte(wants(UNKNOWN), 8, 2)), "igmp", "drop_ttl"),
    ("checksum of a report", with_byte(wants(UNKNOWN), 26, 1), "igmp", "drop_checksum"),
    ("fragment of a report", mended(with_byte(wants(UNKNOWN), 6, 0x20)), "igmp", "drop_fragment"),
    ("report of another subnet", wants(UNKNOWN, src="10.4.0.5"), "igmp", "drop_source"),
    ("report of our own address", wants(UNKNOWN, src=US), "igmp", "drop_own"),
    ("all sources of an SSM group", wants("232.7.7.7"), "igmp", "drop_ssm"),
    ("report of a unicast address", wants("10.1.1.1"), "igmp", "drop_group"),
    ("report of 224.0.0.5", wants("224.0.0.5"), "igmp", "drop_group"),
    ("DVMRP", igmp(HOST, ALL_V3, b"\x13\1\0\0" + bytes(4)), "igmp", "drop_type"),
    ("Hello with a wrong checksum", with_byte(hello(STRANGER), 22, 1), "pim", "checksum"),
    ("Hello of version 1", ipv4(STRANGER, ALL_PIM_ROUTERS, 103, summed(b"\x10" + hello(STRANGER)[21:])),
     "pim", "version"),
    ("type 13", pim(NEIGHBOR, 13, bytes(8)), "pim", "type_unknown"),
    ("Hello to our address", pim(STRANGER, HELLO, b"\0\1\0\2\0\x69", US), "pim", "destination"),
    ("Hello of TTL 2", mended(with_byte(hello(STRANGER), 8, 2)), "pim", "ttl"),
    ("Hello option beyond the message", hello(STRANGER, options=b"\0\x14\x07\xd0\0\0\0\0"), "pim", "option_truncated"),
    ("Hello of our own address", hello(US, 0), "pim", "own"),
    ("Join of a stranger", join_prune(STRANGER, US, [(UNKNOWN, [SRC], [])]), "pim", "no_neighbor"),
    ("Join to our address", pim(NEIGHBOR, JOIN_PRUNE, JOIN, US), "pim", "destination"),
    ("group of mask length 33", jp(13, 33), "pim", "mask_len"),
    ("source of mask length 33", jp(25, 33), "pim", "mask_len"),
    ("group of family 3", jp(10, 3), "pim", "addr_family"),
    ("source of encoding 9", jp(23, 9), "pim", "addr_encoding"),
    ("255 groups", jp(7, 255), "pim", "addr_truncated"),
    ("65,280 joins", jp(18, 255), "pim", "addr_truncated"),
    ("Assert of a stranger", pim(STRANGER, ASSERT, encoded_group(SSM) + b"\1\0" + packed(SRC) + bytes(8)),
     "pim", "no_neighbor"),
    ("Graft of 1,400 bytes", pim(NEIGHBOR, GRAFT, b"\xff" * 1400, US), "pim", "type_unhandled"),
    ("State Refresh", pim(NEIGHBOR, STATE_REFRESH, b"\xff" * 60), "pim", "type_unhandled"),
    ("Register of 7 bytes", register(b"", tail=1), "drop", "register_short"),
    ("Register with a wrong checksum", with_byte(register(INNER), 22, 1), "drop", "register_checksum"),
    ("Register with a broken packet inside", register(with_byte(INNER, 0, 0x44)), "drop", "register_inner"),
    ("Register with a packet cut short", register(INNER, tail=9), "drop", "register_inner"),
    ("fragment of a Register", mended(with_byte(register(INNER), 6, 0x20)), "drop", "register_fragment"),
    ("Register-Stop of a stranger", pim(STRANGER, REGISTER_STOP, STOP, US), "pim", "register_stop_unknown"),
]
SHOWN = ("show igmp group", "show igmp source", "show igmp host", "show igmp interface", "show pim neighbor",
         "show pim interface", "show pim state limit 100", "show pim join limit 100", "show pim register limit 100")


def lasting(value):
    """Without times and without our own Generation ID, which each start draws anew."""
    if isinstance(value, dict):
        return {k: lasting(v) for k, v in value.items() if not k.endswith(("_s", "_ms")) and k != "genid"}
    return [lasting(v) for v in value] if isinstance(value, list) else value


def blamed(dut: Router, command: str, port: str) -> dict[str, str]:
    """Who sent what a counter counted last."""
    (i,) = dut.ctl(f"{command} {port}")["interfaces"]
    return {e["counter"]: e["address"] for e in i["last_from"]}


def counted(dut: Router) -> Counter:
    """All that was refused, by (who, name)."""
    seen = Counter({("drop", reason): n for reason, n in drop_counts(dut.ctl("show drop")).items()})
    for i in dut.ctl("show igmp statistics")["interfaces"]:
        seen.update({("igmp", k): n for k, n in i["counters"].items() if k.startswith("drop_")})
    seen.update({("pim", k): n for k, n in dut.ctl("show pim statistics")["router"]["drops"].items()})
    return +seen


def outcome(packets: list[bytes]) -> tuple[Counter, dict, dict]:
    frames = [eth(p, vlan=300) for p in GOOD] + [udp(i) for i in range(4)]
    frames += [eth(p, vlan=300) for p in packets] + [udp(4 + i) for i in range(4)]
    with Router(pim_router(), {"p0": frames}) as dut:
        dut.wait_ready()
        dut.wait_done()
        return (counted(dut), {command: lasting(dut.ctl(command)) for command in SHOWN},
                {**blamed(dut, "show igmp statistics", "hosts"), **blamed(dut, "show pim statistics", "hosts")})


@pytest.fixture(scope="module")
def calm():
    return outcome([])


def test_all_of_them_are_counted_and_change_nothing(calm):
    assert [n["address"] for n in calm[1]["show pim neighbor"]["neighbors"]] == [NEIGHBOR]
    assert {t["group"] for t in calm[1]["show pim state limit 100"]["trees"]} == {GRP, SSM}
    seen, shown, by = outcome([packet for _, packet, _, _ in CASES])
    expected = Counter((who, name) for _, _, who, name in CASES) + calm[0]
    assert seen == expected, f"too many {seen - expected}, missing {expected - seen}"
    for command in SHOWN:
        assert shown[command] == calm[1][command], command
    assert (by["drop_source"], by["drop_ttl"], by["drop_fragment"]) == ("10.4.0.5", HOST, HOST)
    assert (by["no_neighbor"], by["ttl"], by["mask_len"]) == (STRANGER, STRANGER, NEIGHBOR)
