# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What the router must do with a frame, told a second time, in Python and Scapy.

Nothing here is derived from the C code: the rules are those of RFC 1112, 1812, 2784, 2890 and of
starg.conf(5), the names of the drop reasons those of `show drop`. Checksums are computed anew by
Scapy wherever the received one was right, so that the router's incremental updates are checked
against the whole sum.
"""
from __future__ import annotations

import ipaddress
import struct
from collections import Counter
from dataclasses import dataclass, field

from scapy.layers.inet import IP
from scapy.layers.l2 import Dot1Q, Ether, GRE
from scapy.packet import Raw
from scapy.utils import checksum as internet_checksum

from model import Config, Iface, Output, Route, network

ETH_IP4, ETH_IP6, ETH_VLAN, ETH_QINQ = 0x0800, 0x86DD, 0x8100, 0x88A8
PROTO_IGMP, PROTO_UDP, PROTO_GRE, PROTO_PIM = 2, 17, 47, 103


class Drop(Exception):
    """The packet ends here; args[0] is the reason's name."""


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


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def group_mac(group: str) -> str:
    """RFC 1112 6.4."""
    g = ipaddress.ip_address(group).packed
    return "01:00:5e:%02x:%02x:%02x" % (g[1] & 0x7F, g[2], g[3])


def inside(addr: str, prefix: str) -> bool:
    return ipaddress.ip_address(addr) in network(prefix)


def is_group(addr: str) -> bool:
    return inside(addr, "224.0.0.0/4")


def ones_add(*words: int) -> int:
    total = sum(words)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"!{len(data) // 2}H", data)


def udp_sum(src: bytes, dst: bytes, segment: bytes) -> int:
    """Internet checksum over pseudo header and segment: 0 when the segment's own is right."""
    return internet_checksum(src + dst + struct.pack("!BBH", 0, PROTO_UDP, len(segment)) + segment)


L4_CHECKSUM_AT = {6: 16, PROTO_UDP: 6, 136: 6}  # TCP, UDP, UDP-Lite


def l4_rewritten(old: bytes, src: bytes, dst: bytes, port: int) -> bytes:
    """The segment of IP packet old under new addresses and, UDP only and unless 0, a new port."""
    ihl, proto = (old[0] & 15) * 4, old[9]
    seg = bytearray(old[ihl:])
    at = L4_CHECKSUM_AT.get(proto)
    if at is None or len(seg) < at + 2:
        return bytes(seg)
    before = old[12:20] + bytes(seg[2:4])
    if proto == PROTO_UDP and port:
        seg[2:4] = struct.pack("!H", port)
    have = struct.unpack("!H", seg[at:at + 2])[0]
    if proto == PROTO_UDP and have == 0:
        return bytes(seg)  # RFC 768: the sender computed none
    fragmented = struct.unpack("!H", old[6:8])[0] & 0x3FFF
    whole = proto == PROTO_UDP and not fragmented and \
        struct.unpack("!H", seg[4:6])[0] == len(seg)
    if whole and udp_sum(old[12:16], old[16:20], old[ihl:]) == 0:
        seg[at:at + 2] = b"\0\0"
        new = udp_sum(src, dst, bytes(seg))
    else:
        # The whole datagram is not here, or its checksum was wrong before: it must stay exactly
        # as wrong as it was (RFC 1624).
        after = words(src + dst + bytes(seg[2:4]))
        new = 0xFFFF ^ ones_add(0xFFFF ^ have, *(0xFFFF ^ w for w in words(before)), *after)
    if proto != 6:
        new = new or 0xFFFF
    seg[at:at + 2] = struct.pack("!H", new)
    return bytes(seg)


class Oracle:
    def __init__(self, config: Config):
        self.config = config
        self.ifaces = {i.name: i for i in config.interfaces}
        self.local = {a.split("/")[0]: i.name for i in config.interfaces for a in i.address}
        self.by_vlan = {(i.port, i.vlan): i for i in config.interfaces if i.port}
        self.neigh = {(i, a): m for i, a, m in config.neighbors}
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
            iif, packet = self.ethernet(port, frame)
            exp.if_rx[iif.name] += 1
            iif, packet = self.ip_input(exp, iif, self.ip_check(packet), bool(frame[0] & 1))
            self.forward(exp, iif, packet)
        except Drop as drop:
            exp.drops[drop.args[0]] += 1

    def ethernet(self, port: str, frame: bytes) -> tuple[Iface, bytes]:
        if len(frame) < 14:
            raise Drop("eth_truncated")
        ethertype, offset, vlan = struct.unpack("!H", frame[12:14])[0], 14, 0
        if ethertype == ETH_VLAN:
            if len(frame) < 18:
                raise Drop("eth_truncated")
            tci, ethertype = struct.unpack("!HH", frame[14:18])
            offset, vlan = 18, tci & 0xFFF
        iif = self.by_vlan.get((port, vlan))
        if iif is None or ethertype in (ETH_VLAN, ETH_QINQ):
            raise Drop("vlan_unknown")
        if iif.shutdown:
            raise Drop("if_down")
        if not frame[0] & 1 and frame[:6] != mac_bytes(self.config.port_mac(port)):
            raise Drop("eth_not_ours")
        if ethertype != ETH_IP4:
            raise Drop("eth_type")
        return iif, frame[offset:]

    @classmethod
    def ip_check(cls, data: bytes) -> bytes:
        """The IP packet without trailing Ethernet padding."""
        if len(data) < 20:
            raise Drop("ip_truncated")
        if data[0] >> 4 != 4:
            raise Drop("ip_version")
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
        cls.option_check(data[:ihl])
        return data[:total]

    @staticmethod
    def source_check(src: str) -> None:
        if is_group(src):
            raise Drop("src_multicast")
        if inside(src, "127.0.0.0/8"):
            raise Drop("src_loopback")
        if inside(src, "0.0.0.0/8") or inside(src, "240.0.0.0/4"):
            raise Drop("src_martian")

    @staticmethod
    def option_check(packet: bytes) -> None:
        """RFC 791 3.1: one-byte options 0 and 1, all others with a length of their own."""
        options = packet[20:(packet[0] & 15) * 4]
        while options and options[0] != 0:
            if options[0] == 1:
                options = options[1:]
                continue
            if len(options) < 2 or not 2 <= options[1] <= len(options):
                raise Drop("ip_option")
            if options[0] in (131, 137):
                raise Drop("option_source_route")
            options = options[options[1]:]

    def ip_input(self, exp: Expected, iif: Iface, packet: bytes,
                 group_frame: bool) -> tuple[Iface, bytes]:
        """Judges addresses and decapsulates: the interface and packet that are to be forwarded."""
        p = IP(packet[:20])
        if inside(p.dst, "0.0.0.0/8") or inside(p.dst, "127.0.0.0/8") or p.dst == "224.0.0.0":
            raise Drop("dst_martian")
        if not is_group(p.dst):
            endpoint = any(i.gre and i.gre.local == p.dst for i in self.config.interfaces)
            if p.proto == PROTO_GRE and endpoint and not group_frame:
                self.source_check(p.src)
                if p.flags.MF or p.frag:
                    raise Drop("gre_fragment")
                return self.decapsulate(exp, iif, packet)
            raise Drop("no_twin")
        link_local = inside(p.dst, "224.0.0.0/24")
        protocol = p.proto == PROTO_IGMP or p.proto == PROTO_PIM and link_local
        if not ((link_local or protocol) and p.src == "0.0.0.0"):
            self.source_check(p.src)
        if protocol:
            raise Drop("proto_disabled")
        if link_local:
            raise Drop("group_link_local")
        return iif, packet

    def decapsulate(self, exp: Expected, iif: Iface, packet: bytes) -> tuple[Iface, bytes]:
        if iif.gre:
            raise Drop("gre_recursion")  # a tunnel in a tunnel, whatever is in it
        gre = packet[(packet[0] & 15) * 4:]
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
        tunnel = self.tunnel(IP(packet[:20]), key)
        if protocol not in (ETH_IP4, ETH_IP6):
            raise Drop("gre_protocol")
        inner = gre[length:]
        try:
            inner = self.ip_check(inner)
        except Drop as drop:
            same = ("ip_ttl_zero", "option_source_route")  # no fault of the tunnel's
            raise Drop(drop.args[0] if drop.args[0] in same else "gre_inner") from None
        exp.if_rx[tunnel.name] += 1
        iif, inner = self.ip_input(exp, tunnel, inner, False)
        return iif, self.congestion(packet[1], inner)

    @classmethod
    def congestion(cls, outer_tos: int, inner: bytes) -> bytes:
        """RFC 6040 4.2: a mark of the outer header survives on a packet that can carry it."""
        if outer_tos & 3 != 3 or not inner[1] & 3:
            return inner
        marked = inner[:1] + bytes([inner[1] | 3]) + inner[2:]
        return cls.header(marked) + marked[(marked[0] & 15) * 4:]

    def tunnel(self, outer: IP, key: int | None) -> Iface:
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

    def forward(self, exp: Expected, iif: Iface, packet: bytes) -> None:
        p = IP(packet[:20])
        found = self.covering(p.src, p.dst)
        if not found:
            exp.signals["nocache"] += 1
            raise Drop("no_route")
        key = (found[0].source, found[0].group)
        if not self.accepts(found[0], iif, p.src):
            exp.route_wrong_if[key] += 1
            exp.signals["wrongvif"] += 1
            raise Drop("wrong_if")
        exp.route_packets[key] += 1
        exp.route_bytes[key] += len(packet)
        outputs = self.union(found[0], found)
        sent = 0
        try:
            if p.ttl == 1:
                raise Drop("ttl_expired")
            if not outputs:
                raise Drop("no_output")
            if len(outputs) == 1 and not outputs[0].unicast and outputs[0].interface == iif.name:
                raise Drop("only_input")
            for o in outputs:
                sent += self.copy(exp, key, iif, o, packet)
        finally:
            if not sent:
                exp.route_dropped[key] += 1

    def union(self, entry: Route, found: list[Route]) -> list[Output]:
        """Outputs of the entry: those of every route that covers all of it. The same receiver
        named twice gets one copy, by the rules of the most specific route."""
        def covers(r: Route) -> bool:
            return network(entry.group).subnet_of(network(r.group)) and (
                r.source == "*" or entry.source != "*" and
                network(entry.source).subnet_of(network(r.source)))

        out: dict[tuple, Output] = {}
        for o in (o for r in found if covers(r) for o in r.outputs):
            # A unicast receiver is the same whether its interface is named or found.
            name = (o.interface or self.rpf(o.unicast)[0]) if o.unicast else o.interface
            out.setdefault((name, o.unicast, o.port), o)
        return list(out.values())

    # --- output -------------------------------------------------------------------------------

    def copy(self, exp: Expected, key: tuple, iif: Iface, o: Output, packet: bytes) -> int:
        try:
            oif, gateway = self.egress(o)
            if not o.unicast and oif is iif:
                raise Drop("oif_input")
            if packet[8] <= self.threshold(o):
                raise Drop("oif_ttl_threshold")
            if oif is None:
                raise Drop("oif_unresolved")
            new = self.her(o, oif, packet) if o.unicast else self.native(packet)
            port, frame, through = self.encapsulate(oif, gateway or o.unicast, new)
        except Drop as drop:
            exp.drops[drop.args[0]] += 1
            return 0
        exp.frames[port].append(frame)
        exp.flows[port].append((packet[12:20], iif.name, o))
        exp.oif_packets[key, o] += 1
        exp.oif_bytes[key, o] += len(new)
        exp.if_tx.update(through)
        return 1

    def threshold(self, o: Output) -> int:
        """The output's own; else that of the interface it names."""
        if o.ttl_threshold >= 0:
            return o.ttl_threshold
        return self.ifaces[o.interface].ttl_threshold if o.interface else 0

    def egress(self, o: Output) -> tuple[Iface | None, str]:
        """Interface and gateway of an output."""
        if not o.unicast:
            return self.ifaces[o.interface], ""
        name, gateway = self.rpf(o.unicast)
        if not name or (o.interface and name != o.interface):
            return (self.ifaces[o.interface], "") if o.interface else (None, "")
        return self.ifaces[name], gateway

    @staticmethod
    def header(packet: bytes, **changes) -> bytes:
        """IP header of packet, options and all, with some fields changed and a fresh checksum."""
        ihl = (packet[0] & 15) * 4
        h = bytearray(packet[:ihl])
        if "ttl" in changes:
            h[8] = changes["ttl"]
        if "src" in changes:
            h[12:16] = changes["src"]
        if "dst" in changes:
            h[16:20] = changes["dst"]
        h[10:12] = b"\0\0"
        h[10:12] = struct.pack("!H", internet_checksum(bytes(h)))
        return bytes(h)

    def native(self, packet: bytes) -> bytes:
        return self.header(packet, ttl=packet[8] - 1) + packet[(packet[0] & 15) * 4:]

    def her(self, o: Output, oif: Iface, packet: bytes) -> bytes:
        ihl = (packet[0] & 15) * 4
        dst = ipaddress.ip_address(o.unicast).packed
        src = packet[12:16]
        if not o.preserve_source:
            src = ipaddress.ip_address(o.source or oif.first_address).packed
        head = self.header(packet, ttl=o.ttl, src=src, dst=dst)
        if struct.unpack("!H", packet[6:8])[0] & 0x1FFF:
            return head + packet[ihl:]
        return head + l4_rewritten(packet, src, dst, o.port)

    def encapsulate(self, oif: Iface, next_hop: str,
                    packet: bytes) -> tuple[str, bytes, list[str]]:
        """Port and frame for an IP packet that leaves through oif, by tunnel if it is one, and
        the interfaces that count it."""
        if oif.shutdown:
            raise Drop("oif_down")
        if oif.loopback:
            raise Drop("oif_kernel")
        if oif.gre:
            outer = self.gre(oif, packet)
            name, gateway = self.rpf(oif.gre.remote)
            if not name or self.ifaces[name].gre:
                raise Drop("oif_unresolved")  # a tunnel through a tunnel has no next hop
            port, frame, through = self.encapsulate(self.ifaces[name],
                                                    gateway or oif.gre.remote, outer)
            if len(packet) > self.mtu(oif):
                raise Drop("oif_mtu")
            return port, frame, [oif.name] + through
        dst = IP(packet[:20]).dst
        if is_group(dst):
            mac = group_mac(dst)
        else:
            mac = self.neigh.get((oif.name, next_hop))
            if mac is None:
                raise Drop("oif_unresolved")
        if len(packet) > self.mtu(oif):
            raise Drop("oif_mtu")
        eth = Ether(dst=mac, src=self.config.port_mac(oif.port), type=ETH_IP4)
        if oif.vlan:
            eth.type = ETH_VLAN
            eth /= Dot1Q(vlan=oif.vlan, type=ETH_IP4)
        return oif.port, bytes(eth) + packet, [oif.name]

    def mtu(self, i: Iface) -> int:
        if i.mtu:
            return i.mtu
        if i.gre:
            return 1500 - 20 - 4 - 4 * (i.gre.key is not None) - 4 * i.gre.checksum
        return self.config.port(i.port).mtu or 1500

    @staticmethod
    def gre(i: Iface, packet: bytes) -> bytes:
        g = i.gre
        header = GRE(proto=ETH_IP4)
        if g.key is not None:
            header.key_present, header.key = 1, g.key
        if g.checksum:
            header.chksum_present = 1
        payload = bytes(header / Raw(packet))
        tos = packet[1] if g.tos == "inherit" else g.tos
        # DF is the inner packet's. Without it the identification is the router's to choose:
        # outer_id_zeroed() takes it out of the comparison.
        df = "DF" if IP(packet[:20]).flags.DF else ""
        return bytes(IP(src=g.local, dst=g.remote, ttl=g.ttl, tos=tos, id=0, flags=df,
                        proto=PROTO_GRE) / Raw(payload))


def outer_id_zeroed(frame: bytes) -> bytes:
    """A GRE frame without DF with identification 0, if its header checksum is right."""
    at = 18 if frame[12:14] == b"\x81\x00" else 14
    head = frame[at:at + 20]
    if len(head) < 20 or head[9] != PROTO_GRE or head[0] != 0x45 or head[6] & 0x40 \
            or is_group(".".join(map(str, head[16:20]))) or internet_checksum(head):
        return frame
    h = bytearray(head)
    h[4:6] = h[10:12] = b"\0\0"
    h[10:12] = struct.pack("!H", internet_checksum(bytes(h)))
    return frame[:at] + bytes(h) + frame[at + 20:]
