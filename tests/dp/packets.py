# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Frames and routers that the tests start from."""
from __future__ import annotations

import dataclasses
import struct

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether, GRE
from scapy.packet import Raw

from model import Config, Gre, Iface, Output, Port, Route, router_mac
from headers import Packet, group_mac, is_group

HOST_MAC = "02:00:00:00:0a:01"
NEIGH_MAC = "02:00:00:00:0b:%02x"
SRC, GRP = "10.0.0.1", "239.1.1.1"
SRC6, GRP6 = "2001:db8::1", "ff3e::8000:1"
PEER, PEER_KEYED, TUNNEL_LOCAL = "10.1.0.9", "10.1.0.8", "10.1.0.1"
PEER6, TUNNEL_LOCAL6 = "2001:db8:1::9", "2001:db8:1::1"

__all__ = ["ARP", "Dot1Q", "Ether", "GRE", "ICMP", "IP", "IPv6", "Raw", "UDP", "Config", "Gre",
           "Iface", "Output", "Port", "Route", "HOST_MAC", "NEIGH_MAC", "SRC", "GRP", "SRC6", "GRP6",
           "PEER", "PEER6", "PEER_KEYED", "TUNNEL_LOCAL", "TUNNEL_LOCAL6", "eth", "in_gre", "ports",
           "router", "router6", "to", "udp", "udp6", "udp6_ip", "udp_ip"]


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


def udp6_ip(src: str = SRC6, dst: str = GRP6, n: int = 0, size: int = 32, sport: int = 4000,
            dport: int = 5000, ext: bytes = b"", next_header: int = 0, **ip) -> bytes:
    """Likewise for IPv6; ext: extension headers between, the first of type next_header."""
    payload = struct.pack("!I", n) + bytes((n + i) & 0xFF for i in range(max(size - 4, 0)))
    ip.setdefault("hlim", 16)
    whole = bytes(IPv6(src=src, dst=dst, **ip) / UDP(sport=sport, dport=dport) / Raw(payload))
    if not ext:
        return whole
    head = bytes(IPv6(src=src, dst=dst, nh=next_header, plen=len(ext) + len(whole) - 40, **ip))
    return head + ext + whole[40:]


def eth(packet: bytes, dst: str | None = None, vlan: int | tuple[int, ...] = 0,
        ethertype: int | None = None, src: str = HOST_MAC, tpid: int = 0) -> bytes:
    """The Ethernet frame for an IP packet; to its group's MAC unless told otherwise. vlan: one tag,
    or several from the outer one on, which has TPID tpid (0: 0x8100, of several 0x88a8)."""
    if ethertype is None:
        ethertype = 0x86DD if packet[:1] and packet[0] >> 4 == 6 else 0x0800
    if dst is None:
        whole = len(packet) >= (20 if ethertype == 0x0800 else 40)
        group = Packet(packet).dst if whole and packet[0] >> 4 in (4, 6) else GRP
        dst = group_mac(group) if is_group(group) else router_mac(0)
    vlans = vlan if isinstance(vlan, tuple) else (vlan,) * bool(vlan)
    types = [tpid or (0x88A8 if len(vlans) > 1 else 0x8100)] + [0x8100] * (len(vlans) - 1)
    types = types[:len(vlans)] + [ethertype]
    head = Ether(dst=dst, src=src, type=types[0])
    for vid, inside_type in zip(vlans, types[1:]):
        head /= Dot1Q(vlan=vid, type=inside_type)
    return bytes(head) + packet


def udp6(n: int = 0, vlan: int | tuple[int, ...] = 0, **kw) -> bytes:
    return eth(udp6_ip(n=n, **kw), vlan=vlan)


def udp(n: int = 0, vlan: int | tuple[int, ...] = 0, **kw) -> bytes:
    return eth(udp_ip(n=n, **kw), vlan=vlan)


def in_gre(inner: bytes, src: str = PEER, dst: str = TUNNEL_LOCAL, key: int | None = None,
           checksum: bool = False, gre: bytes | None = None, port: int = 1, **outer) -> bytes:
    """A frame with inner in GRE; gre: a header of the test's own instead."""
    if gre is None:
        g = GRE(proto=0x86DD if inner[:1] and inner[0] >> 4 == 6 else 0x0800)
        if key is not None:
            g.key_present, g.key = 1, key
        if checksum:
            g.chksum_present = 1
        body = bytes(g / Raw(inner))
    else:
        body = gre + inner
    if ":" in dst:
        head = IPv6(src=src, dst=dst, nh=47, hlim=outer.get("ttl", 60), tc=outer.get("tos", 0))
        return eth(bytes(head / Raw(body)), dst=router_mac(port))
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
            Iface("gre7", gre=Gre(TUNNEL_LOCAL, PEER_KEYED, key=7, checksum=True, ttl=33, dscp=0x22),
                  address=("169.254.0.2/31",)),
        ],
        rpf=[("10.9.0.0/16", "lan1", "10.1.0.7"), ("10.50.0.0/16", "lan2", "10.2.0.5")],
        neighbors=[("lan1", PEER, NEIGH_MAC % 9), ("lan1", PEER_KEYED, NEIGH_MAC % 8),
                   ("lan1", "10.1.0.7", NEIGH_MAC % 7), ("lan1", "10.1.0.5", NEIGH_MAC % 5),
                   ("lan2", "10.2.0.5", NEIGH_MAC % 0x25), ("lan2", "10.2.0.255", NEIGH_MAC % 0xff),
                   ("v100", "10.100.0.5", NEIGH_MAC % 0x65)],
        routes=list(routes))
    return config.but(**kw) if kw else config


def router6(*routes: Route, **kw) -> Config:
    """The same with IPv6 everywhere: gre0 and gre7 are tunnels over IPv6, gre4 one over IPv4; HER
    networks behind gateways as in router()."""
    config = router(*routes)
    second = {"src": "2001:db8:0::fe/64", "lan1": "2001:db8:1::1/64", "v100": "2001:db8:100::1/64",
              "lan2": "2001:db8:2::1/64"}
    config.interfaces = [dataclasses.replace(i, address=i.address + (second[i.name],))
                         for i in config.interfaces if not i.gre]
    config.interfaces += [
        Iface("gre0", gre=Gre(TUNNEL_LOCAL6, PEER6), address=("2001:db8:ff::/127",)),
        Iface("gre7", gre=Gre(TUNNEL_LOCAL6, "2001:db8:1::8", key=7, checksum=True, ttl=33, dscp=0x22),
              address=("2001:db8:ff::2/127",)),
        Iface("gre4", gre=Gre(TUNNEL_LOCAL, PEER), address=("2001:db8:ff::4/127",))]
    config.rpf += [("2001:db8:9::/48", "lan1", "2001:db8:1::7"),
                   ("2001:db8:50::/48", "lan2", "2001:db8:2::5")]
    config.neighbors += [
        ("lan1", PEER6, NEIGH_MAC % 0x69), ("lan1", "2001:db8:1::8", NEIGH_MAC % 0x68),
        ("lan1", "2001:db8:1::7", NEIGH_MAC % 0x67), ("lan1", "2001:db8:1::5", NEIGH_MAC % 0x66),
        ("lan2", "2001:db8:2::5", NEIGH_MAC % 0x64), ("v100", "2001:db8:100::5", NEIGH_MAC % 0x63)]
    return config.but(**kw) if kw else config
