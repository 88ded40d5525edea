# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""IPv4 and IPv6 headers for the oracle: what is sound, what is changed, what is cut.

A Packet holds the bytes and answers by family; everything else is written out from the RFCs.
"""
from __future__ import annotations

import ipaddress
import struct

from scapy.utils import checksum as internet_checksum

from model import network

PROTO_HOPOPTS, PROTO_IGMP, PROTO_TCP, PROTO_UDP, PROTO_FRAGMENT = 0, 2, 6, 17, 44
PROTO_GRE, PROTO_ICMP6, PROTO_DSTOPTS, PROTO_PIM, PROTO_UDPLITE = 47, 58, 60, 103, 136


class Drop(Exception):
    """The packet ends here; args[0] is the reason's name."""


def inside(addr: str, prefix: str) -> bool:
    return ipaddress.ip_address(addr) in network(prefix)


def family_of(addr: str) -> int:
    return ipaddress.ip_address(addr).version


def is_group(addr: str) -> bool:
    return inside(addr, "224.0.0.0/4") or inside(addr, "ff00::/8")


def is_link_local_group(addr: str) -> bool:
    """IPv6: scopes interface-local and link-local, whatever the flags (RFC 4291 2.7)."""
    if family_of(addr) == 4:
        return inside(addr, "224.0.0.0/24")
    b = ipaddress.ip_address(addr).packed
    return b[0] == 0xFF and b[1] & 15 in (1, 2)


def group_mac(group: str) -> str:
    """RFC 1112 6.4, RFC 2464 7."""
    g = ipaddress.ip_address(group).packed
    if len(g) == 16:
        return "33:33:%02x:%02x:%02x:%02x" % tuple(g[12:])
    return "01:00:5e:%02x:%02x:%02x" % (g[1] & 0x7F, g[2], g[3])


class Packet:
    """A sound IP packet (ip_check) read by family."""

    def __init__(self, data: bytes):
        self.data = data
        self.family = data[0] >> 4
        v4 = self.family == 4
        self.header_len = (data[0] & 15) * 4 if v4 else 40
        raw = (data[12:16], data[16:20]) if v4 else (data[8:24], data[24:40])
        self.src, self.dst = (str(ipaddress.ip_address(a)) for a in raw)
        self.ttl = data[8] if v4 else data[7]
        self.proto = data[9] if v4 else data[6]
        self.tos = data[1] if v4 else struct.unpack("!H", data[:2])[0] >> 4 & 0xFF
        word = struct.unpack("!H", data[6:8])[0] if v4 else 0
        self.df, self.mf, self.offset = bool(word & 0x4000), bool(word & 0x2000), word & 0x1FFF

    def changed(self, **fields) -> bytes:
        """The packet with ttl, tos, src or dst replaced; IPv4: with a fresh header checksum."""
        h = bytearray(self.data[:self.header_len])
        v4 = self.family == 4
        if "tos" in fields:
            if v4:
                h[1] = fields["tos"]
            else:
                word = struct.unpack("!H", h[:2])[0]
                h[:2] = struct.pack("!H", word & 0xF00F | fields["tos"] << 4)
        if "ttl" in fields:
            h[8 if v4 else 7] = fields["ttl"]
        n, at = (4, 12) if v4 else (16, 8)
        for i, name in enumerate(("src", "dst")):
            if name in fields:
                h[at + i * n:at + (i + 1) * n] = ipaddress.ip_address(fields[name]).packed
        return sealed(bytes(h)) + self.data[self.header_len:]


def sealed(header: bytes) -> bytes:
    """An IPv4 header with its checksum; an IPv6 one as it is."""
    if header[0] >> 4 != 4:
        return header
    zero = header[:10] + b"\0\0" + header[12:]
    return zero[:10] + struct.pack("!H", internet_checksum(zero)) + zero[12:]


# --- checks -------------------------------------------------------------------------------------

def ip_check(data: bytes, family: int) -> Packet:
    """The packet without trailing Ethernet padding."""
    if len(data) < (20 if family == 4 else 40):
        raise Drop("ip_truncated")
    if data[0] >> 4 != family:
        raise Drop("ip_version")
    if family == 4:
        total = check4(data)
    else:
        total = 40 + struct.unpack("!H", data[4:6])[0]
        if total > len(data) or total > 0xFFFF:
            raise Drop("ip_length")
        if data[7] == 0:
            raise Drop("ip_ttl_zero")
    return Packet(data[:total])


def check4(data: bytes) -> int:
    ihl = (data[0] & 15) * 4
    if ihl < 20 or ihl > len(data):
        raise Drop("ip_ihl")
    total = struct.unpack("!H", data[2:4])[0]
    if total < ihl or total > len(data):
        raise Drop("ip_length")
    if internet_checksum(data[:ihl]):
        raise Drop("ip_checksum")
    if data[8] == 0:
        raise Drop("ip_ttl_zero")
    for option in options(data[20:ihl]):
        if option[0] in (131, 137):
            raise Drop("option_source_route")
    return total


def options(data: bytes):
    """RFC 791 3.1: one-byte options 0 and 1, all others with a length of their own."""
    while data and data[0] != 0:
        if data[0] == 1:
            length = 1
        elif len(data) < 2 or not 2 <= data[1] <= len(data):
            raise Drop("ip_option")
        else:
            length = data[1]
        yield data[:length]
        data = data[length:]


def source_check(src: str) -> None:
    if is_group(src):
        raise Drop("src_multicast")
    if inside(src, "127.0.0.0/8") or src == "::1":
        raise Drop("src_loopback")
    if inside(src, "0.0.0.0/8") or inside(src, "240.0.0.0/4") or src == "::":
        raise Drop("src_martian")


def data_source_check(src: str) -> None:
    """Of data that is to be forwarded (RFC 4291 2.5.6)."""
    source_check(src)
    if inside(src, "fe80::/10"):
        raise Drop("src_link_local")


def destination_check(dst: str) -> None:
    reserved = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/32", "::/127")
    raw = ipaddress.ip_address(dst).packed
    if any(inside(dst, p) for p in reserved) or len(raw) == 16 and raw[0] == 0xFF and not raw[1] & 15:
        raise Drop("dst_martian")


def is_unspecified(addr: str) -> bool:
    return addr in ("0.0.0.0", "::")


# --- transport ----------------------------------------------------------------------------------

def transport(p: Packet) -> tuple[int, int] | None:
    """Protocol and offset of the transport header; None where it is not in this packet."""
    if p.family == 4:
        return None if p.offset else (p.proto, p.header_len)
    proto, at = p.proto, 40
    for _ in range(8):
        if proto not in (PROTO_HOPOPTS, PROTO_DSTOPTS, PROTO_FRAGMENT):
            break
        if at + 8 > len(p.data):
            return None
        x = p.data[at:at + 8]
        if proto == PROTO_FRAGMENT:
            if struct.unpack("!H", x[2:4])[0] & 0xFFF8:
                return None
            at += 8
        else:
            at += (x[1] + 1) * 8
        proto = x[0]
    return (proto, at) if at <= len(p.data) else None


def is_mld(p: Packet) -> bool:
    """RFC 2710, RFC 3810; behind a hop-by-hop header as a rule."""
    if p.family == 4 or p.proto not in (PROTO_HOPOPTS, PROTO_ICMP6):
        return False
    found = transport(p)
    return found is not None and found[0] == PROTO_ICMP6 and found[1] < len(p.data) \
        and p.data[found[1]] in (130, 131, 132, 143)


L4_CHECKSUM_AT = {PROTO_TCP: 16, PROTO_UDP: 6, PROTO_UDPLITE: 6}


def udp_sum(src: bytes, dst: bytes, segment: bytes) -> int:
    """Internet checksum over pseudo header and segment: 0 when the segment's own is right."""
    length = struct.pack("!HH" if len(src) == 4 else "!II", *(
        (PROTO_UDP, len(segment)) if len(src) == 4 else (len(segment), PROTO_UDP)))
    return internet_checksum(src + dst + length + segment)


def ones_add(*values: int) -> int:
    total = sum(values)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"!{len(data) // 2}H", data)


def is_fragment(p: Packet) -> bool:
    if p.family == 4:
        return bool(p.mf or p.offset)
    proto, at = p.proto, 40
    while proto in (PROTO_HOPOPTS, PROTO_DSTOPTS):
        proto, at = p.data[at], at + (p.data[at + 1] + 1) * 8
    return proto == PROTO_FRAGMENT


def l4_rewritten(p: Packet, src: str, dst: str, port: int) -> bytes:
    """All bytes of p behind its IP header under new addresses and, UDP only and unless 0, a new
    destination port."""
    body = p.data[p.header_len:]
    found = transport(p)
    if found is None:
        return body
    proto, start = found
    seg = bytearray(p.data[start:])
    at = 2 if proto == PROTO_ICMP6 and p.family == 6 else L4_CHECKSUM_AT.get(proto)
    if at is None or len(seg) < at + 2:
        return body
    old_src, old_dst, new_src, new_dst = (ipaddress.ip_address(a).packed
                                          for a in (p.src, p.dst, src, dst))
    before = old_src + old_dst + (bytes(seg[2:4]) if proto == PROTO_UDP else b"")
    if proto == PROTO_UDP and port:
        seg[2:4] = struct.pack("!H", port)
    have = struct.unpack("!H", seg[at:at + 2])[0]
    if proto == PROTO_UDP and have == 0:
        return p.data[p.header_len:start] + bytes(seg)  # RFC 768: the sender computed none
    whole = proto == PROTO_UDP and not is_fragment(p) and \
        struct.unpack("!H", seg[4:6])[0] == len(seg)
    if whole and udp_sum(old_src, old_dst, p.data[start:]) == 0:
        seg[at:at + 2] = b"\0\0"
        new = udp_sum(new_src, new_dst, bytes(seg))
    else:
        # The whole datagram is not here, or its checksum was wrong before: it must stay exactly
        # as wrong as it was (RFC 1624).
        after = new_src + new_dst + (bytes(seg[2:4]) if proto == PROTO_UDP else b"")
        new = 0xFFFF ^ ones_add(0xFFFF ^ have, *(0xFFFF ^ w for w in words(before)), *words(after))
    if proto in (PROTO_UDP, PROTO_UDPLITE):
        new = new or 0xFFFF
    seg[at:at + 2] = struct.pack("!H", new)
    return p.data[p.header_len:start] + bytes(seg)


# --- cutting ------------------------------------------------------------------------------------

def pieces(data: bytes, mtu: int) -> list[bytes]:
    """The packet, or its fragments of at most mtu bytes (RFC 791 2.3, 3.2: options whose copied
    bit is set go into each)."""
    p = Packet(data)
    if len(data) <= mtu:
        return [data]
    if p.family == 6 or p.df or mtu < 68:
        raise Drop("oif_mtu")
    copied = b"".join(o for o in options(data[20:p.header_len]) if o[0] & 0x80)
    copied += bytes(-len(copied) % 4)
    room = (mtu - p.header_len) // 8 * 8
    body, out = data[p.header_len:], []
    for at in range(0, len(body), room):
        part = body[at:at + room]
        more = p.mf or at + room < len(body)
        option = data[20:p.header_len] if not at or p.offset else copied
        total = 20 + len(option) + len(part)
        head = bytes([0x40 | (20 + len(option)) // 4]) + data[1:2] + struct.pack("!H", total) \
            + data[4:6] + struct.pack("!H", more << 13 | p.offset + at // 8) + data[8:20] + option
        out.append(sealed(head) + part)
    return out


def outer_header(local: str, remote: str, payload: int, ttl: int, tos: int, df: bool) -> bytes:
    """The header of a GRE packet; IPv4: identification 0, which outer_normal() restores."""
    src, dst = (ipaddress.ip_address(a).packed for a in (local, remote))
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28 | tos << 20, payload, PROTO_GRE, ttl) + src + dst
    return sealed(struct.pack("!BBHHHBBH", 0x45, tos, 20 + payload, 0, df << 14, ttl, PROTO_GRE, 0)
                  + src + dst)


def outer_normal(frame: bytes) -> bytes:
    """A GRE frame without what is the router's own to choose: the identification of an IPv4 header
    without DF, if its checksum is right, and the flow label of an IPv6 one."""
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):
        at += 4
    ethertype, at = frame[at:at + 2], at + 2
    head = frame[at:at + 40]
    if ethertype == b"\x86\xdd" and len(head) == 40 and head[6] == PROTO_GRE and head[24] != 0xFF:
        return frame[:at + 1] + bytes([head[1] & 0xF0, 0, 0]) + frame[at + 4:]
    head = head[:20]
    if ethertype != b"\x08\x00" or len(head) < 20 or head[9] != PROTO_GRE or head[0] != 0x45 \
            or head[6] & 0x40 or is_group(".".join(map(str, head[16:20]))) or internet_checksum(head):
        return frame
    return frame[:at] + sealed(head[:4] + b"\0\0" + head[6:]) + frame[at + 20:]
