# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Frames and routers that the tests start from."""
from __future__ import annotations

import struct

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether, GRE
from scapy.packet import Raw

from model import Config, Gre, Iface, Output, Port, Route, router_mac
from oracle import group_mac, is_group

HOST_MAC = "02:00:00:00:0a:01"
NEIGH_MAC = "02:00:00:00:0b:%02x"
SRC, GRP = "10.0.0.1", "239.1.1.1"
PEER, PEER_KEYED, TUNNEL_LOCAL = "10.1.0.9", "10.1.0.8", "10.1.0.1"

__all__ = ["ARP", "Dot1Q", "Ether", "GRE", "ICMP", "IP", "Raw", "UDP", "Config", "Gre", "Iface",
           "Output", "Port", "Route", "HOST_MAC", "NEIGH_MAC", "SRC", "GRP", "PEER", "PEER_KEYED",
           "TUNNEL_LOCAL", "eth", "in_gre", "ports", "router", "to", "udp", "udp_ip"]


def udp_ip(src: str = SRC, dst: str = GRP, n: int = 0, size: int = 32, sport: int = 4000,
           dport: int = 5000, zero_sum: bool = False, **ip) -> bytes:
    """A UDP packet whose payload begins with its number n."""
    payload = struct.pack("!I", n) + bytes((n + i) & 0xFF for i in range(max(size - 4, 0)))
    ip.setdefault("ttl", 16)
    ip.setdefault("id", n & 0xFFFF)
    layer = UDP(sport=sport, dport=dport)
    if zero_sum:
        layer.chksum = 0
    return bytes(IP(src=src, dst=dst, **ip) / layer / Raw(payload))


def eth(packet: bytes, dst: str | None = None, vlan: int = 0, ethertype: int = 0x0800,
        src: str = HOST_MAC) -> bytes:
    """The Ethernet frame for an IP packet; to its group's MAC unless told otherwise."""
    if dst is None:
        group = ".".join(str(b) for b in packet[16:20]) if len(packet) >= 20 else GRP
        dst = group_mac(group) if is_group(group) else router_mac(0)
    head = Ether(dst=dst, src=src, type=ethertype)
    if vlan:
        head.type = 0x8100
        head /= Dot1Q(vlan=vlan, type=ethertype)
    return bytes(head) + packet


def udp(n: int = 0, vlan: int = 0, **kw) -> bytes:
    return eth(udp_ip(n=n, **kw), vlan=vlan)


def in_gre(inner: bytes, src: str = PEER, dst: str = TUNNEL_LOCAL, key: int | None = None,
           checksum: bool = False, gre: bytes | None = None, port: int = 1, **outer) -> bytes:
    """A frame with inner in GRE; gre: a header of the test's own instead."""
    if gre is None:
        g = GRE(proto=0x0800)
        if key is not None:
            g.key_present, g.key = 1, key
        if checksum:
            g.chksum_present = 1
        body = bytes(g / Raw(inner))
    else:
        body = gre + inner
    outer.setdefault("ttl", 60)
    outer.setdefault("proto", 47)
    return eth(bytes(IP(src=src, dst=dst, **outer) / Raw(body)), dst=router_mac(port))


def ports(n: int) -> list[Port]:
    return [Port(f"p{i}", router_mac(i)) for i in range(n)]


def to(*interfaces: str, **kw) -> tuple[Output, ...]:
    return tuple(Output(i, **kw) for i in interfaces)


def router(*routes: Route, **kw) -> Config:
    """Source on p0; lan1 untagged and v100 tagged on p1, lan2 on p2; gre0 and the keyed gre7
    towards peers on lan1; a HER network behind 10.1.0.7."""
    config = Config(
        ports=ports(3),
        interfaces=[
            Iface("src", "p0", address=("10.0.0.254/24",)),
            Iface("lan1", "p1", address=("10.1.0.1/24",)),
            Iface("v100", "p1", vlan=100, address=("10.100.0.1/24",)),
            Iface("lan2", "p2", address=("10.2.0.1/24",)),
            Iface("gre0", gre=Gre(TUNNEL_LOCAL, PEER), address=("169.254.0.0/31",)),
            Iface("gre7", gre=Gre(TUNNEL_LOCAL, PEER_KEYED, key=7, checksum=True, ttl=33, tos=0x88),
                  address=("169.254.0.2/31",)),
        ],
        rpf=[("10.9.0.0/16", "lan1", "10.1.0.7"), ("10.50.0.0/16", "lan2", "10.2.0.5")],
        neighbors=[("lan1", PEER, NEIGH_MAC % 9), ("lan1", PEER_KEYED, NEIGH_MAC % 8),
                   ("lan1", "10.1.0.7", NEIGH_MAC % 7), ("lan1", "10.1.0.5", NEIGH_MAC % 5),
                   ("lan2", "10.2.0.5", NEIGH_MAC % 0x25), ("lan2", "10.2.0.255", NEIGH_MAC % 0xff),
                   ("v100", "10.100.0.5", NEIGH_MAC % 0x65)],
        routes=list(routes))
    return config.but(**kw) if kw else config
