# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""2,000 random packets against random interfaces and routes. STARG_SEED=N replays a failure."""
import random

import pytest
from packets import *
from model import router_mac
from randomly import Dice
from starg_dp import check

PACKETS = 2000


def random_config(d: Dice) -> Config:
    n = 4
    ifaces = [Iface(f"i{p}", f"p{p}", address=(f"10.{p}.0.254/24",),
                    ttl_threshold=d.one(0, 0, 0, 16)) for p in range(n)]
    ifaces += [Iface(f"v{p}", f"p{p}", vlan=d.one(100 + p, (100 + p, 7), (7, 100 + p)),
                     vlan_tpid=d.one(0, 0, 0x8100, 0x88A8, 0x9100), address=(f"10.{100 + p}.0.254/24",),
                     mtu=d.one(0, 0, 1000)) for p in range(n) if d.chance(60)]
    ifaces += [Iface(f"g{t}", gre=Gre("10.1.0.254", f"10.1.0.{10 + t}",
                                      key=d.one(None, t, 0xdeadbeef), checksum=d.chance(40),
                                      ttl=d.one(64, 1, 255, "inherit"), dscp=d.one("inherit", 0, 46),
                                      decap_dscp=d.one("keep", "copy")),
                     address=(f"169.254.{t}.0/31",)) for t in range(3)]
    neighbors = [(f"i{p}", f"10.{p}.0.{h}", NEIGH_MAC % (p * 60 + h % 59)) for p in range(n)
                 for h in (0, 1, 10, 11, 12, 255) if d.chance(90)]
    config = Config(ports=ports(n), interfaces=ifaces, neighbors=neighbors,
                    rpf=[("10.9.0.0/16", "i2", "10.2.0.1"), ("10.9.7.0/24", "g0", "")],
                    workers=d.one(0, 1, 2), mac=d.one("", "02:00:00:11:22:33"))
    names = [i.name for i in ifaces]
    keys = set()
    for _ in range(40):
        keys.add((d.one("*", "*", f"10.0.0.{d.to(4)}", f"10.{d.to(4)}.0.{d.to(4)}", "10.0.0.0/23"),
                  d.one(f"239.1.0.{d.to(12)}", f"239.1.0.{d.to(12)}", f"239.1.{d.to(3)}.0/24",
                        "239.0.0.0/8")))
    config.routes = [Route(s, g, d.one("any", *d.some(names, 1, 2), tuple(d.some(names, 2, 3))),
                           random_outputs(d, names), random_excepts(d, s)) for s, g in sorted(keys)]
    return config


def random_excepts(d: Dice, source: str) -> tuple[str, ...]:
    """Some of the sources that packets have, none within another."""
    if d.chance(60) or "." in source and "/" not in source:
        return ()
    pool = [f"10.0.0.{h}" for h in range(4)]
    if source == "*":
        pool = [*pool[:2], "10.1.0.0/16", f"10.2.0.{d.to(4)}", "10.3.0.0/31"] if d.chance(70) else ["10.0.0.0/8"]
    return tuple(d.some(pool, 1, 3))


def random_outputs(d: Dice, names) -> tuple[Output, ...]:
    outs = [Output(i, ttl_threshold=d.one(-1, -1, 0, 5, 64)) for i in d.some(names, 0, 4)]
    for _ in range(d.one(0, 0, 1, 2, 3)):
        p = d.to(4)
        addr, iface = d.one((f"10.{p}.0.{d.one(0, 1, 10, 255)}", d.one("", f"i{p}")),
                            ("10.9.1.1", ""), ("10.9.7.7", ""), ("172.31.0.1", ""))
        outs.append(Output(iface, unicast=addr, port=d.one(0, 1, 5004, 65535), ttl=d.one(64, 64, 1, 255),
                           dscp=d.one(-1, -1, 0, 46), preserve_source=d.chance(30)))
    once = {(o.unicast and "" or o.interface, o.unicast, o.port): o for o in outs}
    return tuple(once.values()) or (Output(names[0]),)


def random_packet(d: Dice, n: int) -> bytes:
    src = d.one(f"10.{d.to(4)}.0.{d.to(4)}", f"10.0.0.{d.to(4)}", "192.0.2.1")
    dst = d.one(f"239.1.0.{d.to(12)}", f"239.1.0.{d.to(12)}", f"239.{d.to(3)}.{d.to(4)}.1", "232.9.9.9")
    kw = dict(ttl=d.one(1, 2, 5, 6, 16, 17, 64, 65, 128, 255), tos=d.to(256),
              flags=d.one("", "DF"), options=d.one(b"", b"", b"", b"\x94\x04\0\0", b"\x01" * 12))
    size = d.one(0, 1, 4, d.to(200), d.to(1400))
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


def corrupt(d: Dice, frame: bytes) -> bytes:
    f = bytearray(frame)
    if d.chance(50):
        return bytes(f[:d.rng.randint(1, len(f))])
    f[12 + d.to(min(len(f) - 12, 34))] ^= 1 << d.to(8)
    return bytes(f)


def random_frame(d: Dice, config: Config, n: int) -> tuple[str, bytes]:
    i = d.one(*config.interfaces)
    packet = random_packet(d, n)
    mac = config.mac or None
    if i.gre:
        port = "p1"
        frame = in_gre(packet, src=i.gre.remote, dst=i.gre.local,
                       key=i.gre.key if d.chance(90) else 5, checksum=d.chance(50), ttl=d.one(1, 9),
                       proto=47, tos=d.one(0, 0, d.to(256)))
        if mac:
            frame = bytes.fromhex(mac.replace(":", "")) + frame[6:]
    else:
        port = i.port
        frame = eth(packet, vlan=i.vlan if d.chance(95) else 999, tpid=i.vlan_tpid)
    if d.chance(10):
        frame += b"\0" * d.to(20)
    if d.chance(8):
        frame = corrupt(d, frame)
    return port, frame


@pytest.mark.parametrize("batch", range(4))
def test_random_packets_against_random_routes(seed, batch):
    d = Dice(seed + batch)
    config = random_config(d)
    inputs = {p.name: [] for p in config.ports}
    for n in range(PACKETS // 4):
        port, frame = random_frame(d, config, n)
        inputs[port].append(frame)
    check(config, inputs)
