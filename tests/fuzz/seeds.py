#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""seeds.py DIR: writes the first inputs of each fuzz target to DIR/<target>/.

tests/fuzz/corpus/ began with these; what libFuzzer found from them was added and minimised
(`fuzz_X -merge=1 corpus/X FOUND`). The forms are those that the heads of the targets describe.
"""
import ipaddress
import json
import pathlib
import random
import struct
import sys

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, Dot1Q, Ether, GRE
from scapy.packet import Raw

REPAIR = 16
GROUP4, GROUP6 = "239.1.1.1", "ff3e::1"
MACS = {4: "01:00:5e:01:01:01", 6: "33:33:00:00:00:01"}


def own_mac(port):
    return "02:00:00:00:00:%02x" % port


def udp4(size=20, **kw):
    kw = {"src": "10.0.0.1", "dst": GROUP4, "ttl": 9} | kw
    return IP(**kw) / UDP(sport=1000, dport=5000) / Raw(b"x" * size)


def udp6(size=20, **kw):
    kw = {"src": "2001:db8::1", "dst": GROUP6, "hlim": 9} | kw
    return IPv6(**kw) / UDP(sport=1000, dport=5000) / Raw(b"y" * size)


def eth(packet, vlans=(), dst=None):
    family = 6 if isinstance(packet, IPv6) else 4
    frame = Ether(dst=dst or MACS[family], src="04:00:00:00:00:01")
    for v in vlans:
        frame /= Dot1Q(vlan=v)
    return bytes(frame / packet)


def tunnel(inner, key=None, checksum=0, v6=False, **outer):
    g = GRE(proto=0x86DD if isinstance(inner, IPv6) else 0x0800, chksum_present=checksum)
    if key is not None:
        g.key_present, g.key = 1, key
    if v6:
        head = IPv6(src="2001:db8:1::9", dst="2001:db8:1::1", hlim=60, nh=47, **outer)
    else:
        head = IP(src="10.1.0.9", dst="10.1.0.1", ttl=60, proto=47, **outer)
    return eth(head / g / inner, dst=own_mac(1))


def frame(data, port=0, seg=0, length=0, repair=True):
    return struct.pack("!BBH", port | REPAIR * repair, seg, length or len(data)) + data


def packet_seeds():
    v4, v6 = eth(udp4()), eth(udp6())
    hop = IPv6ExtHdrHopByHop(options=[])
    yield "plain4", b"\1\0" + frame(v4)
    yield "plain6", b"\1\0" + frame(v6)
    yield "vlan", b"\0\0" + frame(eth(udp4(src="10.100.0.1"), [100]), 1)
    yield "stacked", b"\0\0" + frame(eth(udp4(), [100, 7]), 1)
    yield "options", b"\1\0" + frame(eth(udp4(options=b"\x94\x04\0\0\7\7\4\0\0\0\0\0")))
    yield "pieces", b"\1\0" + frame(v4, seg=7) + frame(v6, seg=3)
    yield "long", b"\1\0" + frame(eth(udp4(len=8000)), seg=0, length=8014)
    yield "long_pieces", b"\1\0" + frame(eth(udp6(plen=7000)), seg=200, length=7054)
    yield "fragment4", b"\1\0" + frame(eth(udp4(flags="MF", frag=3)))
    yield "fragment6", b"\1\0" + frame(eth(IPv6(src="2001:db8::1", dst=GROUP6, hlim=9)
                                           / IPv6ExtHdrFragment(offset=2, m=1) / Raw(b"z" * 16)))
    yield "gre", b"\1\0" + frame(tunnel(udp4()), 1)
    yield "gre_key", b"\1\0" + frame(tunnel(udp6(), key=7, checksum=1), 1, seg=30)
    yield "gre_v6", b"\1\0" + frame(tunnel(udp6(dst="ff1e::2"), key=9, checksum=1, v6=True), 1)
    yield "gre_gre", b"\1\0" + frame(tunnel(IP(src="10.1.0.9", dst="10.1.0.1", proto=47)
                                            / GRE() / udp4()), 1)
    yield "gre_fragment", b"\1\0" + frame(tunnel(udp4(), flags="MF"), 1)
    yield "gre_congestion", b"\1\0" + frame(tunnel(udp4(tos=1), tos=3), 1, seg=20)
    yield "igmp", b"\0\0" + frame(eth(IP(src="10.0.0.2", dst="224.0.0.22", ttl=1, proto=2) / Raw(b"\x22" * 16)))
    yield "mld", b"\0\0" + frame(eth(IPv6(src="fe80::1", dst="ff02::16", hlim=1) / hop / Raw(b"\x8f" * 12)), seg=9)
    yield "pim", b"\0\0" + frame(eth(IP(src="10.0.0.2", dst="224.0.0.13", ttl=1, proto=103) / Raw(b"\x20\0\0\0")))
    yield "arp", b"\0\0" + frame(bytes(Ether(dst="ff:ff:ff:ff:ff:ff", src="04:00:00:00:00:02")
                                       / ARP(pdst="10.0.0.254")), 1)
    yield "scarce", b"\3\5" + frame(v4, seg=20) * 4 + frame(v6) * 4
    yield "stuck", b"\5\3" + frame(v4) * 8
    yield from register_seeds()
    yield "split", b"\1\0" + frame(eth(udp4(400))) + frame(eth(udp6(400))) + frame(eth(udp4(1472)))


def register_seeds():
    def wrap(inner, flags=0, first=0x21, dst=True, **outer):
        body = Raw(bytes([first, 0, 0, 0]) + struct.pack("!I", flags) + bytes(inner))
        if isinstance(inner, IPv6):
            head = IPv6(src="2001:db8:7::7", dst="2001:db8::254", hlim=60, nh=103, **outer)
        else:
            head = IP(src="192.0.2.7", dst="10.0.0.254", ttl=60, proto=103, **outer)
        return head / body

    v4, v6 = udp4(dst="239.4.0.1"), udp6(dst="ff3e:4::1")
    yield "register4", b"\1\0" + frame(eth(wrap(v4), dst=own_mac(0)))
    yield "register6", b"\1\0" + frame(eth(wrap(v6), dst=own_mac(0)), seg=40)
    yield "register_own", b"\1\0" + frame(eth(wrap(udp4(300, dst="239.5.0.1")), dst=own_mac(0)), seg=90) * 3
    yield "register_gre", b"\1\0" + frame(tunnel(wrap(v4, tos=3)), 1, seg=30)
    yield "register_null", b"\1\0" + frame(eth(wrap(v4, 0x40000000), dst=own_mac(0)))
    yield "register_border", b"\1\0" + frame(eth(wrap(v6, 0xFFFFFFF0 ^ 1 << 30, tc=1), dst=own_mac(0)))
    yield "register_refused", b"\1\0" + frame(eth(wrap(udp4()), dst=own_mac(0)))
    yield "register_short", b"\1\0" + frame(eth(wrap(v4), dst=own_mac(0))[:39], repair=False)
    yield "register_fragment", b"\1\0" + frame(eth(wrap(v4, flags=0x80000000), dst=own_mac(0)), length=400)
    yield "register_stop", b"\1\0" + frame(eth(wrap(v4, first=0x22), dst=own_mac(0)))
    yield "register_whole", b"\1\0" + frame(eth(wrap(v4), dst=own_mac(0)), repair=False)


def gre_seeds():
    for t in range(3):
        for v6 in (0, 0x40):
            yield f"plain{t}{v6}", bytes([t | v6 | 0x80, 0, 0, 0xb8, 0, 0, 9, 17, 0, 0, 100]) + b"payload"
            yield f"pieces{t}{v6}", bytes([t | v6 | 0x80, 33, 7, 3, 0x40, 0, 64, 17, 2, 3, 0xe8]) + b"\xff" * 30
            yield f"long{t}{v6}", bytes([t | v6, 200, 255, 0, 0x20, 1, 255, 6, 10, 0x22, 0xc4]) + b"\0" * 30
    yield "header", b"\xb0\0\x08\0\0\0\0\0\0\0\0\7\0\0\0\1"
    yield "routing", b"\x40\0\x08\0"


def frag_seeds():
    for way in range(7):
        yield f"cut{way}", struct.pack("!BBHBBHBBBH", way, way & 1, 576, 0, 0xb8, 0, 64, 17, way, 1400) + b"payload" * 9
        yield f"again{way}", struct.pack("!BBHBBHBBBH", way, 1, 300, 90, 0, 0x2003, 9, 6, 1, 4000) + b"\xff" * 20
        yield f"scarce{way}", struct.pack("!BBHBBHBBBH", way, 2 | 5 << 2, 200, 0, 0, 0, 2, 17, 3, 900)
    yield "df", struct.pack("!BBHBBHBBBH", 0, 1, 576, 0, 0, 0x4000, 64, 17, 0, 1400)
    yield "smallest", struct.pack("!BBHBBHBBBH", 0, 1, 68, 0, 0, 0, 64, 17, 4, 2000)


def conf_seeds():
    root = pathlib.Path(__file__).parents[2]
    full = (root / "tests/data/conf/full.conf").read_text()
    small = ('ports: ({name = "p0"; device = "net_null0";}, {name = "p1"; device = "net_null1"; mtu = 9000;});\n'
             'interfaces: ({name = "lan1"; port = "p0"; address = "10.1.0.1/24";},\n'
             '{name = "lan2"; port = "p1"; vlan = 7; mtu = 9000; ttl_threshold = 4;},\n'
             '{name = "gre0"; gre: {local = "10.1.0.1"; remote = "192.0.2.1"; key = 7;};}, '
             '{name = "lo0"; loopback = true;});\n')
    yield "full", full
    yield "small", small
    yield "route", small + ('static: { routes: ( { source = "*"; group = "239.0.0.0/8"; input = "any"; '
                            'outputs: ( { interface = "lan1"; }, { unicast = "10.1.0.5"; port = 5000; '
                            'preserve_source = true; } ); } ); };\n')
    yield "six", small + ('static: { routes: ( { source = "2001:db8::1"; group = "ff3e::1"; '
                          'input = ["lan1", "lan2"]; outputs: ( { interface = "gre0"; } ); } ); };\n'
                          'rpf: ( { prefix = "2001:db8::/32"; interface = "lan1"; } );\n')
    yield "router", small + ('router: { name = "r"; eal = [ "-l", "0" ]; poll = "busy"; workers = 0; mbufs = 1024; '
                             'mac = "02:00:00:00:00:01"; log = "debug"; huge = false; };\n'
                             'control: { socket = "/tmp/x"; };\n')
    yield "comment", "/* a */ // b\n# c\nports: ( /* unfinished"
    yield "include", '@include "x"\n'
    yield "numbers", "router: { mbufs = 0x10000; workers = -1; max_routes = 4000000000; };\n"
    yield "strings", 'router: { name = "a" "b\\x41\\n\\"";' + " };\n"
    yield "comma", 'ports: ( { name = "p0"; }, );'


def command_seeds():
    lines = ("show port stats all", "sh po st p0", "show mroute 12 a", "add 5 in any out p0 ttl 3 quiet out p1",
             'say "two words" x', "refuse all of it", "set port stat down", "quit", "s", "show mroute ", "\tshow\x01")
    for i, line in enumerate(lines):
        yield f"run{i}", b"\0" + line.encode()
        yield f"complete{i}", b"\1" + line.encode()
        yield f"request{i}", b"\2" + json.dumps({"command": line, "format": "json"}).encode()
    yield "text", b'\2{"command": "show memory", "format": "text"}'
    yield "completion", b'\2{"complete": "show m"}'
    yield "nonsense", b'\2[1, {"command": 5}]'
    yield "latin", b'\2{"command": "say \xe9"}'


def pim_addr(address, flags=None):
    """An encoded unicast address; with flags an encoded group or source (RFC 7761 4.9.1)."""
    ip = ipaddress.ip_address(address)
    mask = b"" if flags is None else bytes([flags, ip.max_prefixlen])
    return bytes([1 if ip.version == 4 else 2, 0]) + mask + ip.packed


def pim_option(kind, value):
    return struct.pack("!HH", kind, len(value)) + value


def pim_join_prune(upstream, groups):
    body = pim_addr(upstream) + struct.pack("!BBH", 0, len(groups), 210)
    for group, joins, prunes in groups:
        body += pim_addr(group, 0) + struct.pack("!HH", len(joins), len(prunes))
        body += b"".join(pim_addr(source, flags) for source, flags in joins + prunes)
    return body


def pim_messages(v6):
    """(name, type, body) of each message that sparse mode takes."""
    one, rp, me, g, g2 = (("2001:db8:5::1", "2001:db8:9::9", "fe80::1", "ff3e::1:1", "ff3e::1:2") if v6 else
                          ("10.5.0.1", "10.9.9.9", "10.0.0.1", "239.1.1.1", "239.1.1.2"))
    lists = pim_option(24, pim_addr(one) + pim_addr(rp))
    yield "hello", 0, (pim_option(1, b"\0\x69") + pim_option(2, b"\x81\xf4\x09\xc4") + pim_option(19, b"\0\0\0\1")
                       + pim_option(20, b"\xde\xad\xbe\xef") + pim_option(26, b"") + pim_option(777, b"abc") + lists)
    yield "goodbye", 0, pim_option(1, b"\0\0")
    yield "join", 3, pim_join_prune(me, [(g, [(rp, 7)], [(one, 5)]), (g2, [(one, 4)], [(rp, 4)])])
    yield "attributes", 3, pim_join_prune(me, [(g, [(one, 4)], [])])[:-len(pim_addr(one, 4))] + (
        pim_addr(one, 4)[:1] + b"\1" + pim_addr(one, 4)[2:] + b"\x81\3abc\x45\0")
    yield "assert", 5, pim_addr(g, 0) + pim_addr(one) + struct.pack("!II", 110, 20)
    yield "assert_star", 5, pim_addr(g, 0) + pim_addr("::" if v6 else "0.0.0.0") + struct.pack("!II", 1 << 31, 20)
    yield "stop", 2, pim_addr(g, 0) + pim_addr(one)
    inner = udp6(src=one, dst=g) if v6 else udp4(src=one, dst=g)
    yield "register", 1, b"\0\0\0\0" + bytes(inner)
    dummy = IPv6(src=one, dst=g, nh=103) / Raw(b"\0\0\xd2\x94") if v6 else IP(src=one, dst=g, proto=103)
    yield "null", 1, b"\x40\0\0\0" + bytes(dummy)
    yield "bootstrap", 4, b"\0\1\x1e\0" + pim_addr(rp)


def pim_wire_seeds():
    for v6 in (0, 1):
        for name, kind, body in pim_messages(v6):
            yield f"{name}{v6}", bytes([v6, kind, 0]) + body[:2000]
            yield f"{name}{v6}_whole", bytes([v6 | 4, kind, 0xa0]) + body[:2000]
    pim = b"\x20\0\xdf\xff"
    yield "packet4", b"\2" + bytes(IP(src="10.0.0.2", dst="224.0.0.13", ttl=1, proto=103) / Raw(pim))
    yield "packet6", b"\2" + bytes(IPv6(src="fe80::2", dst="ff02::d", hlim=1, nh=103) / Raw(pim))


def gmp_record(kind, group, sources, aux=b""):
    return (struct.pack("!BBH", kind, len(aux) // 4, len(sources)) + ip_bytes(group)
            + b"".join(map(ip_bytes, sources)) + aux)


def ip_bytes(text):
    return ipaddress.ip_address(text).packed


def igmp_packet(body, dst="224.0.0.22", alert=True):
    head = struct.pack("!BBHIBBH", 0x46 if alert else 0x45, 0xC0, 0, 0, 1, 2, 0) + ip_bytes("10.1.0.10") + ip_bytes(dst)
    return head + (b"\x94\4\0\0" if alert else b"") + body


def igmp_seeds():
    """Lengths and checksums are made right by the target."""
    g, s = "239.1.1.1", "10.9.0.1"
    yield "query1", igmp_packet(b"\x11\0\0\0" + bytes(4), "224.0.0.1")
    yield "query2", igmp_packet(b"\x11\x64\0\0" + ip_bytes(g), g, alert=False)
    yield "query3", igmp_packet(b"\x11\x8f\0\0" + ip_bytes(g) + b"\x0a\x85\0\2" + ip_bytes(s) * 2, g)
    for name, kind in ("report1", 0x12), ("report2", 0x16), ("leave", 0x17):
        yield name, igmp_packet(bytes([kind, 0, 0, 0]) + ip_bytes(g), g)
    yield "report3", igmp_packet(b"\x22" + bytes(6) + b"\3" + gmp_record(4, g, []) + gmp_record(5, g, [s, s], bytes(8))
                                 + gmp_record(1, g, [s]))


def mld_packet(body, dst="ff02::16", alert=True):
    head = b"\x60\0\0\0" + struct.pack("!HBB", 0, 0 if alert else 58, 1) + ip_bytes("fe80::10") + ip_bytes(dst)
    return head + (b"\x3a\0\5\2\0\0\1\0" if alert else b"") + body


def mld_seeds():
    g, s = "ff0e::1", "2001:db8:9::1"
    yield "query1", mld_packet(b"\x82\0\0\0\x27\x10\0\0" + bytes(16), "ff02::1")
    yield "query2", mld_packet(b"\x82\0\0\0\x87\x10\0\0" + ip_bytes(g) + b"\x0a\x85\0\1" + ip_bytes(s), g)
    yield "report1", mld_packet(b"\x83" + bytes(7) + ip_bytes(g), g)
    yield "done", mld_packet(b"\x84" + bytes(7) + ip_bytes(g), "ff02::2", alert=False)
    yield "report2", mld_packet(b"\x8f" + bytes(6) + b"\2" + gmp_record(4, g, [s], bytes(4)) + gmp_record(6, g, [s, s]))


def gmp_seeds():
    """Settings, then steps: the numbers are those of step() in fuzz_gmp.c."""
    def report(host, kind, group, sources):
        return struct.pack("!5BH", 2, host, 0, kind, group, sources)

    def seconds(n):
        return bytes([0, n])

    for first in range(6):
        yield "life%u" % first, (
            bytes([first, 0, 0]) + report(0, 4, 0, 0) + report(1, 5, 0, 3) + seconds(5) + report(0, 3, 0, 1) + seconds(3)
            + bytes([4, 0, 0, 1, 5, 1, 1]) + seconds(2) + bytes([6, 0, 14, 0, 0, 3, 10, 2, 125]) + seconds(200)
            + bytes([8, 0x10, 0x15, 0xC5]) + report(0, 2, 0, 0xFF) + bytes([9, 0, 3]) + seconds(30)
            + bytes([9, 0, 1, 9, 0, 3, 9, 1, 0]))
    yield "raw", bytes([0, 0, 0, 7, 0, 0, 16, 0x22]) + bytes(6) + b"\1\4\0\0\0" + ip_bytes("239.1.1.1")


def pim_router_seeds():
    """The family, then events as one_event of the target reads them: code, neighbour, values."""
    hello, join, time, member, upcall = b"\0\0\x0f\x21", b"\x02\0\0\x69", b"\x0f\0", b"\x09\0", b"\x0a\0"
    events = {
        "shared": hello + join + b"\xc0\x80" + time + b"\x64" + upcall + b"\0" + time + b"\xff",
        "source": hello + join + b"\xc1\x85" + upcall + b"\1" + time + b"\x10" + join + b"\xc1\x05",
        "member": b"\x10\0\x0f\x21" + member + b"\xc0" + upcall + b"\x04" + time + b"\xf0" + member + b"\x40",
        "assert": hello + member + b"\xc1" + upcall + b"\x11" + b"\5\0\1\x22" + time + b"\xb4",
        "register": member + b"\xc2" + b"\6\0\2" + upcall + b"\x32" + b"\7\0\2" + time + b"\x40",
        "links": hello + join + b"\xc0\x80" + b"\x0b\0" * 3 + b"\x0c\0\3" + b"\x0d\0\xff" + b"\x0d\0\0",
    }
    for name, data in events.items():
        yield f"{name}4", b"\0" + data
        yield f"{name}6", b"\1" + data
    for n in range(24):
        yield f"random{n}", bytes([n & 1]) + random.Random(n).randbytes(100 + n * 20)


TARGETS = {"packet": packet_seeds, "gre": gre_seeds, "frag": frag_seeds, "conf": conf_seeds, "command": command_seeds,
           "pim_wire": pim_wire_seeds, "igmp": igmp_seeds, "mld": mld_seeds, "gmp": gmp_seeds,
           "pim_router": pim_router_seeds}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for target, seeds in TARGETS.items():
        at = pathlib.Path(sys.argv[1], target)
        at.mkdir(parents=True, exist_ok=True)
        for name, data in seeds():
            (at / name).write_bytes(data if isinstance(data, bytes) else data.encode())


main()
