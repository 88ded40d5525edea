# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Random routers and packets of both families, from one seed."""
from __future__ import annotations

import ipaddress
import random
import struct

from packets import *

PORTS = 4
GROUPS = {4: "239.1.0.%d", 6: "ff3e::8000:%x"}
GROUP_PREFIXES = {4: ("239.1.0.0/24", "239.1.0.0/28", "239.0.0.0/8"),
                  6: ("ff3e::8000:0/112", "ff3e::8000:0/124", "ff3e::/16")}
HOSTS = (1, 2, 10, 11, 12, 13, 14, 255)


class Dice:
    def __init__(self, seed: int):
        self.rng = random.Random(seed)

    def one(self, *choices):
        return self.rng.choice(choices)

    def some(self, choices, low, high):
        return self.rng.sample(choices, min(len(choices), self.rng.randint(low, high)))

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def to(self, high: int) -> int:
        return self.rng.randrange(high)


def host(family: int, net: int, h: int) -> str:
    """As the router writes it."""
    return f"10.{net}.0.{h}" if family == 4 else str(ipaddress.ip_address(f"2001:db8:{net:x}::{h:x}"))


def interfaces(d: Dice) -> list[Iface]:
    own = [Iface(f"i{p}", f"p{p}", address=(host(4, p, 254) + "/24", host(6, p, 254) + "/64"),
                 ttl_threshold=d.one(0, 0, 0, 16), mtu=d.one(0, 0, 700) if p > 1 else 0)
           for p in range(PORTS)]
    own += [Iface(f"v{p}", f"p{p}", vlan=100 + p, mtu=d.one(0, 0, 1280),
                  address=(host(4, 100 + p, 254) + "/24", host(6, 100 + p, 254) + "/64"))
            for p in range(PORTS) if d.chance(60)]
    own += [Iface(f"s{p}", f"p{p}", vlan=d.one(200 + p, (200 + p, 7), (100 + p, 7)),
                  vlan_tpid=d.one(0, 0x8100, 0x88A8, 0x9100),
                  address=(host(4, 120 + p, 254) + "/24", host(6, 120 + p, 254) + "/64"))
            for p in range(PORTS) if d.chance(40)]
    for t in range(5):
        below = 4 if t < 3 else 6
        own.append(Iface(f"g{t}", gre=Gre(host(below, 1, 254), host(below, 1, 10 + t),
                                          key=d.one(None, t, 0xdeadbeef), checksum=d.chance(40),
                                          ttl=d.one(64, 1, 255, "inherit"), dscp=d.one("inherit", 0, 46),
                                          decap_dscp=d.one("keep", "copy")),
                         address=(f"169.254.{t}.0/31", f"2001:db8:ff{t:02x}::/127")))
    return own


def outputs(d: Dice, names: list[str], family: int) -> tuple[Output, ...]:
    outs = [Output(i, ttl_threshold=d.one(-1, -1, 0, 5, 64)) for i in d.some(names, 0, 4)]
    for _ in range(d.one(0, 0, 1, 2, 3)):
        p = d.to(PORTS)
        addr, iface = d.one((host(family, p, d.one(1, 2, 10, 255)), d.one("", f"i{p}")),
                            (host(family, 9, 1), ""), (host(family, 9, 0x77), ""),
                            (host(family, 0x77, 1), ""))
        outs.append(Output(iface, unicast=addr, port=d.one(0, 1, 5004, 65535), ttl=d.one(64, 64, 1, 255),
                           dscp=d.one(-1, -1, 0, 46), preserve_source=d.chance(30)))
    # a route names a receiver once: with an interface or without one
    once = {("" if o.unicast else o.interface, o.unicast, o.port): o for o in outs}
    return tuple(once.values()) or (Output(names[0]),)


def excepts(d: Dice, source: str, family: int) -> tuple[str, ...]:
    """Some of the sources that packets have, none within another."""
    if d.chance(60) or source != "*" and "/" not in source:
        return ()
    pool = [host(family, 0, h) for h in range(4)]
    if source == "*":
        net = "/16" if family == 4 else "/48"
        pool = pool[1:3] + [host(family, 1, 0) + net, host(family, 2, 1 + d.to(4)),
                            host(family, 3, 0) + ("/31" if family == 4 else "/127")]
    return tuple(d.some(pool, 1, 3))


def routes(d: Dice, names: list[str], family: int, n: int) -> list[Route]:
    """Routes that overlap in every way: prefixes of groups and of sources, with excepted sources."""
    bits = "/23" if family == 4 else "/63"
    keys = set()
    for _ in range(n):
        group = d.one(GROUPS[family] % d.to(12), GROUPS[family] % d.to(12), *GROUP_PREFIXES[family])
        source = d.one("*", "*", host(family, 0, 1 + d.to(4)), host(family, d.to(PORTS), 1 + d.to(4)),
                       host(family, 0, 0) + bits)
        keys.add((source, group))
    return [Route(s, g, d.one("any", *d.some(names, 1, 2), tuple(d.some(names, 2, 3))),
                  outputs(d, names, family), excepts(d, s, family)) for s, g in sorted(keys)]


def config(d: Dice) -> Config:
    own = interfaces(d)
    names = [i.name for i in own]
    neighbors = [(f"i{p}", host(family, p, h), NEIGH_MAC % (p * 60 + h % 59))
                 for family in (4, 6) for p in range(PORTS) for h in HOSTS if d.chance(90)]
    return Config(ports=ports(PORTS), interfaces=own, neighbors=neighbors,
                  rpf=[("10.9.0.0/16", "i2", host(4, 2, 1)), ("2001:db8:9::/48", "i2", host(6, 2, 1)),
                       ("10.9.0.119/32", "g0", ""), ("2001:db8:9::77/128", "g3", "")],
                  mac=d.one("", "02:00:00:11:22:33"), mbufs=32768,
                  routes=routes(d, names, 4, 40) + routes(d, names, 6, 40))


# --- packets ------------------------------------------------------------------------------------

def packet4(d: Dice, n: int, src: str, dst: str, size: int) -> bytes:
    kw = dict(ttl=d.one(2, 5, 6, 16, 17, 64, 65, 128, 255, 1), tos=d.to(256), flags=d.one("", "", "DF"),
              options=d.one(b"", b"", b"", b"\x94\x04\0\0", b"\x01" * 12))
    kind = d.to(10)
    if kind == 0:
        return bytes(IP(src=src, dst=dst, id=n & 0xFFFF, proto=d.one(6, 17, 88, 255), **kw)
                     / Raw(d.rng.randbytes(size)))
    if kind == 1:
        kw["flags"] = "MF"
        return bytes(IP(src=src, dst=dst, id=n & 0xFFFF, proto=17, frag=d.one(0, 3, 100), **kw)
                     / Raw(d.rng.randbytes(size // 8 * 8 + 8)))
    return udp_ip(src, dst, n, size=size, sport=d.to(65536), dport=d.to(65536),
                  zero_sum=d.chance(10), **kw)


def packet6(d: Dice, n: int, src: str, dst: str, size: int) -> bytes:
    kw = dict(hlim=d.one(2, 5, 6, 16, 17, 64, 65, 128, 255, 1), tc=d.to(256), fl=d.to(1 << 20))
    kind = d.to(10)
    number = struct.pack("!I", n)
    if kind == 0:
        return bytes(IPv6(src=src, dst=dst, nh=d.one(6, 17, 59, 88, 255), plen=size + 4, **kw)
                     / Raw(number + d.rng.randbytes(size)))
    if kind == 1:  # a fragment
        head = struct.pack("!BBHI", 17, 0, d.one(0, 1, 24, 800) | d.to(2), n)
        return udp6_ip(src, dst, n, size=size, ext=head, next_header=44, **kw)
    if kind == 2:  # options before the transport header
        return udp6_ip(src, dst, n, size=size, ext=b"\x11\0\x01\x04\0\0\0\0", next_header=60, **kw)
    return udp6_ip(src, dst, n, size=size, sport=d.to(65536), dport=d.to(65536), **kw)


def packet(d: Dice, n: int) -> bytes:
    family = d.one(4, 4, 6)
    src = host(family, d.to(PORTS), 1 + d.to(4)) if d.chance(70) else host(family, 0, 1 + d.to(4))
    dst = GROUPS[family] % d.to(12) if d.chance(90) else \
        d.one(*(("239.1.2.3", "239.9.9.9", "232.9.9.9") if family == 4 else
                ("ff3e::9999", "ff1e::1", "ff3e::8000:fff")))
    size = d.one(4, 5, d.to(200), d.to(200), d.to(1380))
    return (packet4 if family == 4 else packet6)(d, n, src, dst, size)


def corrupt(d: Dice, frame: bytes) -> bytes:
    f = bytearray(frame)
    if d.chance(50):
        return bytes(f[:d.rng.randint(1, len(f))])
    f[12 + d.to(min(len(f) - 12, 34))] ^= 1 << d.to(8)
    return bytes(f)


def frame(d: Dice, c: Config, n: int) -> tuple[str, bytes]:
    """Port and frame number n."""
    i = d.one(*c.interfaces)
    data = packet(d, n)
    if i.gre:
        port = "p1"
        f = in_gre(data, src=i.gre.remote, dst=i.gre.local, key=i.gre.key if d.chance(90) else 5,
                   checksum=d.chance(50), ttl=d.one(1, 9), tos=d.one(0, 3))
        if c.mac:
            f = bytes.fromhex(c.mac.replace(":", "")) + f[6:]
    else:
        port = i.port
        f = eth(data, vlan=i.vlan if d.chance(95) else d.one(999, (i.vlans or (200,))[0], (999, 7)),
                tpid=i.vlan_tpid if d.chance(95) else d.one(0, 0x8100, 0x88A8, 0x9100))
    if d.chance(10):
        f += b"\0" * d.to(20)
    if d.chance(5):
        f = corrupt(d, f)
    return port, f


def inputs(d: Dice, c: Config, n: int) -> dict[str, list[bytes]]:
    out = {p.name: [] for p in c.ports}
    for i in range(n):
        port, f = frame(d, c, i)
        out[port].append(f)
    return out
