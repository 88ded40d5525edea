# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""IGMP and PIM messages made by hand: what no kernel or router would send. IGMPv3 of RFC 3376 section 4, PIM of
RFC 7761 section 4.9."""
from __future__ import annotations

import socket
import struct

ALL_PIM_ROUTERS, ALL_IGMP_V3 = "224.0.0.13", "224.0.0.22"
IS_IN, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK = range(1, 7)
DVMRP = 0x13
HELLO, JOIN_PRUNE, ASSERT = 0, 3, 5
ROUTER_ALERT = b"\x94\x04\0\0"


def packed(address: str) -> bytes:
    return socket.inet_aton(address)


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def summed(message: bytes) -> bytes:
    """With its checksum, which IGMP and PIM have in the same place."""
    return message[:2] + struct.pack("!H", checksum(message[:2] + b"\0\0" + message[4:])) + message[4:]


def ipv4(src: str, dst: str, proto: int, payload: bytes, ttl: int = 1, options: bytes = b"") -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0xc0, 20 + len(options) + len(payload), 0, 0,
                       ttl, proto, 0, packed(src), packed(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def igmp(src: str, dst: str, message: bytes) -> bytes:
    return ipv4(src, dst, 2, summed(message), options=ROUTER_ALERT)


def report(src: str, records: list[tuple]) -> bytes:
    """Records of (type, group, sources...)."""
    body = b"".join(struct.pack("!BBH4s", kind, 0, len(sources), packed(group)) + b"".join(map(packed, sources))
                    for kind, group, *sources in records)
    return igmp(src, ALL_IGMP_V3, struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records)) + body)


def reports(src: str, records: list[tuple], mtu: int = 1500) -> list[bytes]:
    """As few reports as hold them."""
    made, now, room = [], [], mtu - 32
    for record in records:
        size = 8 + 4 * (len(record) - 2)
        if size > room:
            made, now, room = made + [report(src, now)], [], mtu - 32
        now.append(record)
        room -= size
    return made + [report(src, now)]


def pim(src: str, kind: int, body: bytes, dst: str = ALL_PIM_ROUTERS) -> bytes:
    return ipv4(src, dst, 103, summed(struct.pack("!BBH", 0x20 | kind, 0, 0) + body))


def hello(src: str, holdtime_s: int = 105, options: bytes = b"") -> bytes:
    return pim(src, HELLO, struct.pack("!HHH", 1, 2, holdtime_s) + options)


def encoded_group(group: str) -> bytes:
    return b"\1\0\0\x20" + packed(group)


def encoded_source(source: str, flags: int = 4) -> bytes:
    """flags: 4 Sparse, 2 WildCard, 1 RPT."""
    return struct.pack("!BBBB4s", 1, 0, flags, 32, packed(source))


def join_prune(src: str, upstream: str, groups: list[tuple], holdtime_s: int = 210) -> bytes:
    """Groups of (group, joined sources, pruned sources)."""
    body = b"\1\0" + packed(upstream) + struct.pack("!BBH", 0, len(groups), holdtime_s)
    for group, joins, prunes in groups:
        body += encoded_group(group) + struct.pack("!HH", len(joins), len(prunes))
        body += b"".join(map(encoded_source, [*joins, *prunes]))
    return pim(src, JOIN_PRUNE, body)


def pim_assert(src: str, group: str, source: str, preference: int, metric: int) -> bytes:
    return pim(src, ASSERT, encoded_group(group) + b"\1\0" + packed(source)
               + struct.pack("!II", preference, metric))
