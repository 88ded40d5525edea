# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""PIM Registers by the book: what must come of a frame at a router of this one shape, told from RFC 7761
(4.4, 4.9.3) and the packet's bytes; and register_bed, the real data plane in the same shape.

p0 is where sources are (interface 1), p1 has lan1 (2) and v100 (3, VLAN 100), p2 lan2 (4), which runs no
PIM. 5 and 6 are GRE over lan1, of IPv4 and IPv6.
"""
from __future__ import annotations

import ipaddress
import pathlib
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field

from scapy.utils import checksum as internet_checksum

from headers import Drop, Packet, group_mac, ip_check, is_group, is_link_local_group, is_mld, pieces, \
    data_source_check, sealed, destination_check, PROTO_IGMP, PROTO_PIM
from starg_dp import BUILD, read_pcap, write_pcap

BED = BUILD / "tests" / "dp" / "register_bed"
MACS = {1: "02:00:00:00:00:00", 2: "02:00:00:00:00:01", 3: "02:00:00:00:00:01", 4: "02:00:00:00:00:02"}
PORTS = {1: 0, 2: 1, 3: 1, 4: 2}
VLANS = {3: 100}
NEXT = {1: "04:00:00:00:00:01", 2: "04:00:00:00:00:02", 3: "04:00:00:00:00:03", 4: "04:00:00:00:00:04"}
GRE_ENDS = {5: ("10.1.0.1", "10.1.0.9"), 6: ("2001:db8:1::1", "2001:db8:1::9")}
GRE_MTU = 1400
US = {4: "10.0.0.254", 6: "2001:db8::fe"}
RP = {4: "10.9.0.1", 6: "2001:db8:9::1"}
DR = {4: "192.0.2.7", 6: "2001:db8:7::7"}
GROUP = {4: "239.%d.1.1", 6: "ff3e::%d:1"}


@dataclass
class Out:
    """An output: native, or into Registers to RP by a next hop on `through`."""
    oif: int
    ifid: int
    register: bool = False
    through: int = 0
    dscp: int = -1
    allow_input: bool = False
    threshold: int = 0
    ttl: int = 64
    rp: str = ""  # instead of RP


def outputs(family: int) -> dict[int, Out]:
    base = 0 if family == 4 else 50
    made = [Out(1, 2), Out(2, 3), Out(3, 5), Out(10, 2, True, 2), Out(11, 3, True, 3, ttl=17),
            Out(12, 5, True, 5), Out(13, 4, True, 4, dscp=48, threshold=10), Out(14, 1, True, 1),
            Out(15, 2, True, 2, rp=US[family]), Out(16, 6, True, 6)]
    return {o.oif: Out(**{**o.__dict__, "oif": o.oif + base}) for o in made}


#: number of the group, inputs, outputs
ROUTES = [(1, (1,), (1, 10, 11, 12, 13)), (2, ("register",), (1, 2, 3)), (3, ("any",), (1,)),
          (4, (1, "register"), (1, 10)), (5, (1,), (14,)), (6, (1,), (15,)), (7, (1,), (16,)), (8, (1,), (10,))]


def group(number: int, family: int = 4) -> str:
    return GROUP[family] % number


def script(frames: int) -> str:
    lines = [f"if {i} {PORTS[i]} {VLANS.get(i, 0)} 1500 {MACS[i]} {0 if i == 4 else 2}" for i in MACS]
    lines += [f"adj {i} {i} {mac}" for i, mac in NEXT.items()]
    lines += [f"tunnel {i} {ends[0]} {ends[1]} - 2" for i, ends in GRE_ENDS.items()]
    lines += [f"via {i} {i}" for i in GRE_ENDS]
    lines += [f"local {a}" for a in (*US.values(), *(e[0] for e in GRE_ENDS.values()))]
    for family in (4, 6):
        for o in outputs(family).values():
            if not o.register:
                lines.append(f"oif {o.oif} {o.ifid} {o.threshold}")
                continue
            dscp = "-" if o.dscp < 0 else o.dscp
            lines.append(f"register {o.oif} {o.ifid} {o.through} {US[family]} {o.rp or RP[family]} {o.ttl} "
                         f"{dscp} {int(o.allow_input)} {o.threshold}")
        for number, inputs, outs in ROUTES:
            oifs = ",".join(str(outputs(family)[o].oif) for o in outs)
            lines.append(f"route * {group(number, family)} {','.join(map(str, inputs))} {oifs}")
    return "\n".join(lines) + f"\nrun {frames}\n"


# --- bytes --------------------------------------------------------------------------------------

def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def pim_sum(message: bytes, src: str, dst: str, length: int) -> int:
    """Of what is summed; IPv6's pseudo header says length."""
    if ":" not in src:
        return internet_checksum(message)
    return internet_checksum(packed(src) + packed(dst) + length.to_bytes(4, "big")
                             + b"\0\0\0" + bytes([PROTO_PIM]) + message)


def register(inner: bytes, src: str, dst: str, ttl: int = 64, tos: int = 0, flags: int = 0,
             whole: bool = False, first: int = 0x21, frag: int = 0, sum_off: int = 0) -> bytes:
    """The IP packet of a Register; whole: the checksum covers everything."""
    body = bytes([first, 0, 0, 0]) + flags.to_bytes(4, "big") + inner
    summed = body if whole else body[:8]
    check = (pim_sum(summed, src, dst, len(summed)) + sum_off) & 0xFFFF
    return outer(body[:2] + check.to_bytes(2, "big") + body[4:], src, dst, PROTO_PIM, ttl, tos, frag)


def outer(body: bytes, src: str, dst: str, proto: int, ttl: int, tos: int = 0, frag: int = 0) -> bytes:
    if ":" in src:
        head = (6 << 28 | tos << 20).to_bytes(4, "big") + len(body).to_bytes(2, "big")
        return head + bytes([proto, ttl]) + packed(src) + packed(dst) + body
    head = bytes([0x45, tos]) + (20 + len(body)).to_bytes(2, "big") + b"\0\0" + frag.to_bytes(2, "big")
    return sealed(head + bytes([ttl, proto]) + b"\0\0" + packed(src) + packed(dst)) + body


def in_gre(inner: bytes, ifid: int, ttl: int = 33, back: bool = False) -> bytes:
    src, dst = GRE_ENDS[ifid][::-1] if back else GRE_ENDS[ifid]
    p = Packet(inner)
    body = b"\0\0" + (0x0800 if p.family == 4 else 0x86DD).to_bytes(2, "big") + inner
    frag = 0x4000 if ":" not in src and (p.family == 6 or p.df) else 0
    return outer(body, src, dst, 47, ttl, p.tos, frag)


def frame(packet: bytes, ifid: int, dst: str | None = None, src: str | None = None) -> bytes:
    """Out of an interface; dst, src: other MACs."""
    tag = b"\x81\x00" + VLANS[ifid].to_bytes(2, "big") if ifid in VLANS else b""
    mac = dst or group_mac(Packet(packet).dst)
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    return bytes.fromhex((mac + (src or MACS[ifid])).replace(":", "")) + tag + kind.to_bytes(2, "big") + packet


def to_us(packet: bytes, ifid: int) -> bytes:
    return frame(packet, ifid, dst=MACS[ifid], src="06:00:00:00:00:01")


def normal(data: bytes) -> bytes:
    """A frame without what is the router's own to choose: identification and flow label of what it put
    around a packet."""
    at = 12
    while data[at:at + 2] == b"\x81\x00":
        at += 4
    return data[:at + 2] + normal_ip(data[at + 2:])


def normal_ip(p: bytes) -> bytes:
    """Of Registers and GRE to unicast addresses, in each other too."""
    v4 = p[0] >> 4 == 4
    proto, hl = (p[9], 20) if v4 else (p[6], 40)
    if proto not in (47, PROTO_PIM) or is_group(Packet(p).dst):
        return p
    if v4:
        if internet_checksum(p[:20]):
            return p
        p = sealed(p[:4] + b"\0\0" + p[6:20]) + p[20:]
    else:
        p = p[:1] + bytes([p[1] & 0xF0, 0, 0]) + p[4:]
    inner = hl + 4
    return p[:inner] + normal_ip(p[inner:]) if proto == 47 else p


# --- the oracle ---------------------------------------------------------------------------------

@dataclass
class Expected:
    frames: dict[int, Counter] = field(default_factory=lambda: {0: Counter(), 1: Counter(), 2: Counter()})
    drops: Counter = field(default_factory=Counter)
    upcalls: set = field(default_factory=set)
    punts: Counter = field(default_factory=Counter)  # of IP packets for a protocol
    oifs: dict[int, list[int]] = field(default_factory=dict)  # packets, bytes
    refused: Counter = field(default_factory=Counter)  # by interface
    registers: Counter = field(default_factory=Counter)  # with data: received, sent


def expect(inputs: dict[int, list[bytes]]) -> Expected:
    exp = Expected()
    for frames in inputs.values():
        for ifid, packet in frames:
            arrived(exp, ifid, packet)
    return exp


def arrived(exp: Expected, ifid: int, data: bytes) -> None:
    brought = ifid
    try:
        p = ip_check(data, data[0] >> 4)
        if p.proto == 47 and (5, 6)[p.family == 6] and (p.dst, p.src) in GRE_ENDS.values():
            brought = ifid = next(i for i, ends in GRE_ENDS.items() if (p.dst, p.src) == ends)
            p = ip_check(p.data[p.header_len + 4:], 4 if p.data[p.header_len + 2:][:2] == b"\x08\x00" else 6)
        if p.proto == PROTO_PIM and p.dst in US.values() and ifid != 4:
            p, ifid = unwrapped(exp, ifid, p), "register"
            if p is None:
                return
        elif not is_group(p.dst):
            return  # the kernel's
        forward(exp, ifid, p)
    except Drop as drop:
        exp.drops[drop.args[0]] += 1
        exp.refused[brought] += 1


def unwrapped(exp: Expected, ifid: int, p: Packet) -> Packet | None:
    """RFC 7761 4.4.2: the packet inside; None: the message is the protocol's."""
    body = p.data[p.header_len:]
    if p.family == 4 and (p.mf or p.offset):
        raise Drop("register_fragment")
    if not body or body[0] != 0x21 or (len(body) >= 8 and body[4] & 0x40):
        exp.punts[ifid, p.data] += 1
        return None
    if len(body) < 8:
        raise Drop("register_short")
    if pim_sum(body[:8], p.src, p.dst, 8) and pim_sum(body, p.src, p.dst, len(body)):
        raise Drop("register_checksum")
    try:
        inner = ip_check(body[8:], p.family)
        data_source_check(inner.src)
        destination_check(inner.dst)
    except Drop:
        raise Drop("register_inner") from None
    if not is_group(inner.dst) or is_link_local_group(inner.dst) or is_mld(inner) or \
            inner.family == 4 and inner.proto == PROTO_IGMP:
        raise Drop("register_inner")
    exp.registers["received"] += 1
    exp.upcalls.add((ifid, inner.src, inner.dst, p.src, p.dst, body[4] >> 7))
    if inner.tos & 3 == 0 and p.tos & 3 == 3:
        raise Drop("register_congested")
    if inner.tos & 3 in (1, 2) and p.tos & 3 in (1, 3):
        return Packet(inner.changed(tos=inner.tos & 0xFC | p.tos & 3))
    return inner


def forward(exp: Expected, ifid, p: Packet) -> None:
    found = [r for r in ROUTES if group(r[0], p.family) == p.dst]
    if not found and ifid != "register":
        raise Drop("no_route")
    if not found or ifid not in found[0][1] and (ifid == "register" or "any" not in found[0][1]):
        raise Drop("register_refused" if ifid == "register" else "wrong_if")
    if p.ttl == 1:
        raise Drop("ttl_expired")
    for number in found[0][2]:
        try:
            copy(exp, ifid, outputs(p.family)[number], p, len(found[0][2]))
        except Drop as drop:
            exp.drops[drop.args[0]] += 1


def copy(exp: Expected, ifid, o: Out, p: Packet, n: int) -> None:
    if o.ifid == ifid and not o.allow_input:
        raise Drop("only_input" if n == 1 else "oif_input")
    if p.ttl <= o.threshold:
        raise Drop("oif_ttl_threshold")
    if o.register and (ifid == "register" or o.rp in US.values()):
        raise Drop("oif_recursion")
    out, gre = (2, o.ifid) if o.ifid in GRE_ENDS else (o.ifid, 0)
    head = (28 if p.family == 4 else 48) if o.register else 0
    mtu = 1500
    if gre:
        mtu = min(GRE_MTU, 1500 - (24 if gre == 5 else 44))
    counted = exp.oifs.setdefault(o.oif, [0, 0])
    for data in pieces(p.changed(ttl=p.ttl - 1), mtu - head):
        if o.register:
            tos = p.tos if o.dscp < 0 else o.dscp << 2 | p.tos & 3
            data = register(data, US[p.family], o.rp or RP[p.family], o.ttl, tos)
            exp.registers["sent"] += 1
        if gre:
            data = in_gre(data, gre)
        mac = NEXT[out] if gre or o.register else None
        exp.frames[PORTS[out]][normal(frame(data, out, mac))] += 1
        counted[0] += 1
        counted[1] += len(data)


# --- the real one -------------------------------------------------------------------------------

@dataclass
class Got:
    frames: dict[int, Counter] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=list)

    def of(self, word: str) -> list[list[str]]:
        return [line[1:] for line in self.lines if line[0] == word]


def run_bed(inputs: dict[int, list[bytes]], workers: int, how: str) -> Got:
    """inputs: complete frames by port."""
    with tempfile.TemporaryDirectory(prefix="starg-dp-") as name:
        work = pathlib.Path(name)
        devices = []
        for port in range(3):
            write_pcap(work / f"in{port}", inputs.get(port, []))
            devices.append(f"net_pcap{port},rx_pcap={work}/in{port},tx_pcap={work}/out{port}")
        text = script(sum(map(len, inputs.values())))
        done = subprocess.run([str(BED), str(workers), how, *devices], input=text, capture_output=True,
                              text=True, timeout=60, env={"XDG_RUNTIME_DIR": name, "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr + done.stdout
        got = Got(lines=[line.split(" ") for line in done.stdout.splitlines()])
        for port in range(3):
            got.frames[port] = Counter(map(normal, read_pcap(work / f"out{port}")))
        return got


def show(frames: Counter) -> str:
    return "\n".join(f"  {n} x {data.hex()}" for data, n in frames.items())


def check(arrivals: list[tuple[int, bytes]], workers: int, how: str) -> Expected:
    """arrivals: packets with the interface they come in on; GRE has been put around them already."""
    inputs: dict[int, list] = {}
    for ifid, packet in arrivals:
        port = PORTS[ifid]
        unicast = len(packet) >= 20 and packet[0] >> 4 in (4, 6) and not is_group(Packet(packet).dst)
        inputs.setdefault(port, []).append(to_us(packet, ifid) if unicast else frame(packet, ifid))
    exp = expect({0: arrivals})
    got = run_bed(inputs, workers, how)
    drops = {name: int(n) for name, n in got.of("drop")}
    assert drops == dict(exp.drops)
    for port in range(3):
        missing, more = exp.frames[port] - got.frames[port], got.frames[port] - exp.frames[port]
        assert not missing and not more, f"p{port} lacks\n{show(missing)}\nhas\n{show(more)}"
    heard = {(int(u[1]), *u[2:6], int(u[6])) for u in got.of("upcall") if u[0] == "register"}
    assert heard == exp.upcalls
    protocol = Counter((int(i), bytes.fromhex(h)) for i, cls, h in got.of("punt") if cls in ("0", "1"))
    assert protocol == exp.punts
    sent = {int(o): [int(packets), int(size)] for o, packets, size, _ in got.of("oif") if packets != "0"}
    assert sent == exp.oifs
    registers = {name: int(n) for name, n in got.of("registers") if n != "0"}
    assert registers == dict(exp.registers)
    lost = {int(i): int(n) for i, _, n in got.of("rx") if n != "0"}
    assert lost == dict(exp.refused)
    return exp
