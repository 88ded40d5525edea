# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What the router must do with a frame, told a second time, in Python and Scapy.

Nothing here is derived from the C code: the rules are those of RFC 791, 1112, 1812, 2464, 2784, 2890,
6040, 8200 and of starg.conf(5), the names of the drop reasons those of `show drop`. Checksums are
computed anew by Scapy wherever the received one was right, so that the router's incremental updates are
checked against the whole sum. The IP headers themselves are in headers.py.
"""
from __future__ import annotations

import ipaddress
import struct
from collections import Counter
from dataclasses import dataclass, field

from scapy.layers.l2 import Dot1Q, Ether, GRE
from scapy.packet import Raw
from scapy.utils import checksum as internet_checksum

from headers import (PROTO_GRE, PROTO_IGMP, PROTO_PIM, Drop, Packet, data_source_check, destination_check, family_of,
                     group_mac, inside, ip_check, is_fragment, is_group, is_link_local_group, is_mld,
                     is_unspecified, l4_rewritten, outer_header, pieces, source_check)
from model import Config, Iface, Output, Route, network

ETH_IP4, ETH_IP6, ETH_VLAN = 0x0800, 0x86DD, 0x8100
ETH_TAGS = (ETH_VLAN, 0x88A8, 0x9100)


@dataclass
class Expected:
    frames: dict[str, list[bytes]]  # by port, in order
    flows: dict[str, list[tuple]]  # of each frame: order holds within a flow
    drops: Counter = field(default_factory=Counter)
    route_packets: Counter = field(default_factory=Counter)  # by (source, group)
    route_bytes: Counter = field(default_factory=Counter)
    route_wrong_if: Counter = field(default_factory=Counter)
    route_dropped: Counter = field(default_factory=Counter)
    oif_packets: Counter = field(default_factory=Counter)  # by (source, group, output)
    oif_bytes: Counter = field(default_factory=Counter)
    signals: Counter = field(default_factory=Counter)  # "nocache", "wrongvif"
    if_tx: Counter = field(default_factory=Counter)
    if_rx: Counter = field(default_factory=Counter)
    if_cut: Counter = field(default_factory=Counter)  # packets that left in pieces


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


class Oracle:
    def __init__(self, config: Config):
        self.config = config
        self.ifaces = {i.name: i for i in config.interfaces}
        self.by_vlan = {(i.port, *i.tags): i for i in config.interfaces if i.port}
        self.neigh = {(i, str(ipaddress.ip_address(a))): m for i, a, m in config.neighbors}
        self.routes = config.routes

    def run(self, inputs: dict[str, list[bytes]]) -> Expected:
        exp = Expected(frames={p.name: [] for p in self.config.ports},
                       flows={p.name: [] for p in self.config.ports})
        for port in sorted(inputs):
            for frame in inputs[port]:
                self.frame(exp, port, frame)
        return exp

    # --- input --------------------------------------------------------------------------------

    def frame(self, exp: Expected, port: str, frame: bytes) -> None:
        try:
            iif, ethertype, data = self.ethernet(port, frame)
            exp.if_rx[iif.name] += 1
            packet = ip_check(data, 4 if ethertype == ETH_IP4 else 6)
            iif, packet = self.ip_input(exp, iif, packet, bool(frame[0] & 1))
            self.forward(exp, iif, packet)
        except Drop as drop:
            exp.drops[drop.args[0]] += 1

    def ethernet(self, port: str, frame: bytes) -> tuple[Iface, int, bytes]:
        """Interface, EtherType and what is behind it."""
        if len(frame) < 14:
            raise Drop("eth_truncated")
        tags, at = [], 12
        ethertype = struct.unpack("!H", frame[12:14])[0]
        while ethertype in ETH_TAGS and len(tags) < 2:
            if len(frame) < at + 6:
                raise Drop("eth_truncated")
            tci, inside_type = struct.unpack("!HH", frame[at + 2:at + 6])
            tags.append((ethertype, tci & 0xFFF))
            ethertype, at = inside_type, at + 4
        iif = self.by_tags(port, tags)
        if iif is None or ethertype in ETH_TAGS:
            raise Drop("vlan_unknown")
        if iif.shutdown:
            raise Drop("if_down")
        if not frame[0] & 1 and frame[:6] != mac_bytes(self.config.port_mac(port)):
            raise Drop("eth_not_ours")
        if ethertype not in (ETH_IP4, ETH_IP6):
            raise Drop("eth_type")
        return iif, ethertype, frame[at + 2:]

    def by_tags(self, port: str, tags: list[tuple[int, int]]) -> Iface | None:
        """The interface for these tags, the outer one first. A tag with VLAN 0 is a priority, no VLAN
        (IEEE 802.1Q table 9-2)."""
        outer, inner = (tags + [(0, 0), (0, 0)])[:2]
        if tags and not outer[1] and (len(tags) > 1 or outer[0] != ETH_VLAN):
            return None
        iif = self.by_vlan.get((port, outer[1], inner[1]))
        if iif is None or outer[1] and iif.tpid != outer[0]:
            return None
        return iif

    def ip_input(self, exp: Expected, iif: Iface, p: Packet,
                 group_frame: bool) -> tuple[Iface, Packet]:
        """Judges addresses and decapsulates: the interface and packet that are to be forwarded."""
        destination_check(p.dst)
        if not is_group(p.dst):
            endpoint = any(i.gre and i.gre.local == p.dst for i in self.config.interfaces)
            if p.proto == PROTO_GRE and endpoint and not group_frame:
                source_check(p.src)
                if is_fragment(p):
                    raise Drop("gre_fragment")
                return self.decapsulate(exp, iif, p)
            raise Drop("no_twin")
        link_local = is_link_local_group(p.dst)
        protocol = p.family == 4 and p.proto == PROTO_IGMP or p.proto == PROTO_PIM and link_local \
            or is_mld(p)
        if not ((link_local or protocol) and is_unspecified(p.src)):
            (source_check if link_local or protocol else data_source_check)(p.src)
        if protocol:
            raise Drop("proto_disabled")
        if link_local:
            raise Drop("group_link_local")
        return iif, p

    def decapsulate(self, exp: Expected, iif: Iface, outer: Packet) -> tuple[Iface, Packet]:
        if iif.gre:
            raise Drop("gre_recursion")  # a tunnel in a tunnel, whatever is in it
        gre = outer.data[outer.header_len:]
        if len(gre) < 4:
            raise Drop("gre_truncated")
        flags, protocol = struct.unpack("!HH", gre[:4])
        if flags & 7:
            raise Drop("gre_version")
        if flags & 0x4C00:  # routing, strict source route, reserved bit 5
            raise Drop("gre_routing")
        length = 4 + sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
        if len(gre) < length:
            raise Drop("gre_truncated")
        if flags & 0x8000 and internet_checksum(gre):
            raise Drop("gre_checksum")
        key = None
        if flags & 0x2000:
            at = 8 if flags & 0x8000 else 4
            key = struct.unpack("!I", gre[at:at + 4])[0]
        tunnel = self.tunnel(outer, key)
        if protocol not in (ETH_IP4, ETH_IP6):
            raise Drop("gre_protocol")
        try:
            inner = ip_check(gre[length:], 4 if protocol == ETH_IP4 else 6)
        except Drop as drop:
            same = ("ip_ttl_zero", "option_source_route")  # no fault of the tunnel's
            raise Drop(drop.args[0] if drop.args[0] in same else "gre_inner") from None
        exp.if_rx[tunnel.name] += 1
        iif, inner = self.ip_input(exp, tunnel, inner, False)
        return iif, self.tos_out(tunnel, outer.tos, inner)

    @staticmethod
    def tos_out(i: Iface, outer_tos: int, inner: Packet) -> Packet:
        """DSCP by the tunnel's model (RFC 2983), ECN by RFC 6040 4.2: the worse of the two where
        the packet can carry it; a mark that it cannot carry costs its life."""
        none, ect1, ce = 0, 1, 3
        ecn, outer_ecn = inner.tos & 3, outer_tos & 3
        if ecn == none and outer_ecn == ce:
            raise Drop("gre_congested")
        if ecn != none and ecn != ce and outer_ecn in (ect1, ce):
            ecn = outer_ecn
        dscp = (outer_tos if i.gre.decap_dscp == "copy" else inner.tos) & 0xFC
        return Packet(inner.changed(tos=dscp | ecn))

    def tunnel(self, outer: Packet, key: int | None) -> Iface:
        for i in self.config.interfaces:
            if i.gre and (i.gre.local, i.gre.remote, i.gre.key) == (outer.dst, outer.src, key):
                return i
        raise Drop("gre_unknown")

    # --- lookup -------------------------------------------------------------------------------

    def covering(self, src: str, grp: str) -> list[Route]:
        """All routes that hold (src, grp), the most specific first: group, then source."""
        def length(prefix: str) -> int:
            return 0 if prefix == "*" else network(prefix).prefixlen

        found = [r for r in self.routes
                 if inside(grp, r.group) and (r.source == "*" or inside(src, r.source))]
        return sorted(found, key=lambda r: (length(r.group), length(r.source)), reverse=True)

    def rpf(self, addr: str) -> tuple[str, str]:
        """Interface and gateway ("" when connected) towards an address."""
        best = (-1, "", "")
        for prefix, iface, gateway in self.config.rpf:
            n = network(prefix)
            if inside(addr, prefix) and n.prefixlen > best[0]:
                best = (n.prefixlen, iface, gateway)
        for i in self.config.interfaces:
            for a in i.address:
                n = network(a)
                if not i.loopback and inside(addr, a) and n.prefixlen > best[0]:
                    best = (n.prefixlen, i.name, "")
        return best[1], best[2]

    def accepts(self, route: Route, iif: Iface, src: str) -> bool:
        if route.input == "any":
            return True
        if route.input == "rpf":
            return self.rpf(src)[0] == iif.name
        names = (route.input,) if isinstance(route.input, str) else route.input
        return iif.name in names

    def forward(self, exp: Expected, iif: Iface, p: Packet) -> None:
        found = self.covering(p.src, p.dst)
        if not found:
            exp.signals["nocache"] += 1
            raise Drop("no_route")
        key = self.entry(found, p.src)
        found = [r for r in found if not any(inside(p.src, e) for e in r.excepts)]
        if not found:
            exp.route_wrong_if[key] += 1
            raise Drop("route_drop")
        if not self.accepts(found[0], iif, p.src):
            exp.route_wrong_if[key] += 1
            exp.signals["wrongvif"] += 1
            raise Drop("wrong_if")
        exp.route_packets[key] += 1
        exp.route_bytes[key] += len(p.data)
        outputs = self.union(found)
        sent = 0
        try:
            if p.ttl == 1:
                raise Drop("ttl_expired")
            if not outputs:
                raise Drop("no_output")
            if len(outputs) == 1 and not outputs[0].unicast and outputs[0].interface == iif.name:
                raise Drop("only_input")
            for o in outputs:
                sent += self.copy(exp, key, iif, o, p)
        finally:
            if not sent:
                exp.route_dropped[key] += 1

    def entry(self, found: list[Route], src: str) -> tuple[str, str]:
        """The entry that counts the packet: what all routes that hold it, and all excepts, have in
        common."""
        sources = [s for r in found for s in (r.source, *r.excepts) if s != "*" and inside(src, s)]
        return (max(sources, key=lambda s: network(s).prefixlen, default="*"),
                max((r.group for r in found), key=lambda g: network(g).prefixlen))

    def union(self, found: list[Route]) -> list[Output]:
        """Outputs of every route that holds the packet. The same receiver named twice gets one copy,
        by the rules of the most specific route."""
        out: dict[tuple, Output] = {}
        for o in (o for r in found for o in r.outputs):
            # A unicast receiver is the same whether its interface is named or found.
            name = (o.interface or self.rpf(o.unicast)[0]) if o.unicast else o.interface
            out.setdefault((name, o.unicast, o.port), o)
        return list(out.values())

    # --- output -------------------------------------------------------------------------------

    def copy(self, exp: Expected, key: tuple, iif: Iface, o: Output, p: Packet) -> int:
        try:
            oif, gateway = self.egress(o)
            if not o.unicast and oif is iif:
                raise Drop("oif_input")
            if p.ttl <= self.threshold(o):
                raise Drop("oif_ttl_threshold")
            if oif is None:
                raise Drop("oif_unresolved")
            new = self.her(o, oif, p) if o.unicast else p.changed(ttl=p.ttl - 1)
            port, frames, through = self.encapsulate(oif, gateway or o.unicast, new)
        except Drop as drop:
            exp.drops[drop.args[0]] += 1
            return 0
        exp.frames[port] += [frame for frame, _ in frames]
        exp.flows[port] += [(p.src, p.dst, iif.name, o)] * len(frames)
        exp.oif_packets[key, o] += len(frames)
        exp.oif_bytes[key, o] += sum(size for _, size in frames)
        exp.if_tx.update({name: len(frames) for name in through})
        exp.if_cut[through[0]] += len(frames) > 1
        return 1

    def threshold(self, o: Output) -> int:
        """The output's own; else that of the interface it leaves by."""
        if o.ttl_threshold >= 0:
            return o.ttl_threshold
        oif = self.ifaces[o.interface] if o.interface else self.egress(o)[0]
        return oif.ttl_threshold if oif else 0

    def egress(self, o: Output) -> tuple[Iface | None, str]:
        """Interface and gateway of an output."""
        if not o.unicast:
            return self.ifaces[o.interface], ""
        name, gateway = self.rpf(o.unicast)
        if not name or (o.interface and name != o.interface):
            return (self.ifaces[o.interface], "") if o.interface else (None, "")
        return self.ifaces[name], gateway

    @staticmethod
    def her(o: Output, oif: Iface, p: Packet) -> bytes:
        src = p.src
        if not o.preserve_source:
            src = o.source or oif.first_address(p.family)
            if src is None:
                raise Drop("oif_unresolved")
        body = l4_rewritten(p, src, o.unicast, o.port)
        tos = p.tos if o.dscp < 0 else o.dscp << 2 | p.tos & 3
        return p.changed(ttl=o.ttl, tos=tos, src=src, dst=o.unicast)[:p.header_len] + body

    def encapsulate(self, oif: Iface, next_hop: str,
                    packet: bytes) -> tuple[str, list[tuple[bytes, int]], list[str]]:
        """For an IP packet that leaves through oif, by tunnel if it is one: the port, its frames (the
        packet's pieces where it is too long), each with the bytes of its outermost IP packet, and the
        interfaces that count them."""
        through = [oif]
        if oif.shutdown:
            raise Drop("oif_down")
        if oif.loopback:
            raise Drop("oif_kernel")
        if oif.gre:
            name, gateway = self.rpf(oif.gre.remote)
            if not name:
                raise Drop("oif_unresolved")
            if self.ifaces[name].gre:
                raise Drop("oif_recursion")
            next_hop = gateway or oif.gre.remote
            through.append(self.ifaces[name])
            if through[1].shutdown:
                raise Drop("oif_down")
        mac = self.mac(through[-1], next_hop, packet, bool(oif.gre))
        frames = []
        for piece in pieces(packet, self.fits(through)):
            data = self.gre(oif, piece) if oif.gre else piece
            frames.append((self.frame_of(through[-1], mac, data), len(data)))
        return through[-1].port, frames, [i.name for i in through]

    def mac(self, oif: Iface, next_hop: str, packet: bytes, unicast: bool) -> str:
        dst = Packet(packet).dst
        if is_group(dst) and not unicast:
            return group_mac(dst)
        mac = self.neigh.get((oif.name, str(ipaddress.ip_address(next_hop))))
        if mac is None:
            raise Drop("oif_unresolved")
        return mac

    def frame_of(self, oif: Iface, mac: str, data: bytes) -> bytes:
        ethertype = ETH_IP4 if data[0] >> 4 == 4 else ETH_IP6
        types = ([oif.tpid] + [ETH_VLAN] * (len(oif.vlans) - 1) if oif.vlans else []) + [ethertype]
        eth = Ether(dst=mac, src=self.config.port_mac(oif.port), type=types[0])
        for vlan, inside_type in zip(oif.vlans, types[1:]):
            eth /= Dot1Q(vlan=vlan, type=inside_type)
        return bytes(eth) + data

    def fits(self, through: list[Iface]) -> int:
        """The longest packet that a way takes: a tunnel's is also bounded by the interface below."""
        below = self.mtu(through[-1])
        if len(through) == 1:
            return below
        return min(self.mtu(through[0]), below - self.overhead(through[0]))

    @staticmethod
    def overhead(i: Iface) -> int:
        outer = 20 if family_of(i.gre.local) == 4 else 40
        return outer + 4 + 4 * (i.gre.key is not None) + 4 * i.gre.checksum

    def mtu(self, i: Iface) -> int:
        if i.mtu:
            return i.mtu
        return 1500 - self.overhead(i) if i.gre else self.config.port(i.port).mtu or 1500

    @staticmethod
    def gre(i: Iface, packet: bytes) -> bytes:
        g, inner = i.gre, Packet(packet)
        header = GRE(proto=ETH_IP4 if inner.family == 4 else ETH_IP6)
        if g.key is not None:
            header.key_present, header.key = 1, g.key
        if g.checksum:
            header.chksum_present = 1
        payload = bytes(header / Raw(packet))
        # RFC 6040 4.1: ECN is copied. What goes in are forwarded packets only.
        tos = inner.tos if g.dscp == "inherit" else g.dscp << 2 | inner.tos & 3
        ttl = inner.ttl if g.ttl == "inherit" else g.ttl
        # DF is the inner packet's; IPv6 is never cut on its way.
        df = inner.family == 6 or inner.df
        return outer_header(g.local, g.remote, len(payload), ttl, tos, df) + payload
