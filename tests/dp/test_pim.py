# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Reports and data in one file: IGMP tells PIM, PIM makes the tree, and the first packets, held until then,
are forwarded in order. The router is DR of the source, RP and last hop. What comes in on one port is taken
in the order of the file: hosts with their reports are on VLANs of the source's port."""
import struct

import pytest
from scapy.utils import checksum

from model import router_mac
from packets import *
from register_dp import register
from starg_dp import Router, run

RP = "10.9.9.9"
IS_EX, ALLOW = 2, 5


def pim_router(**kw) -> Config:
    config = router()
    config.interfaces = [
        Iface("src", "p0", address=("10.0.0.254/24",), extra="pim: { };"),
        Iface("hosts", "p0", vlan=300, address=("10.3.0.1/24",), extra="igmp: { }; pim: { };"),
        Iface("lan1", "p1", address=("10.1.0.1/24",), extra="igmp: { }; pim: { };"),
        Iface("lan2", "p2", address=("10.2.0.1/24",), extra="pim: { };"),
        Iface("lo0", loopback=True, address=(f"{RP}/32",), extra="pim: { };")]
    return config.but(routes=[], rpf=[], neighbors=[], workers=0,
                      rest=f'pim: {{ rp: ( {{ address = "{RP}"; }} ); }};', **kw)


def report(*records, host="10.3.0.5", ttl=1, vlan=300) -> bytes:
    """A report of IGMPv3: records of (type, group, sources)."""
    body = b""
    for kind, group, *sources in records:
        body += struct.pack("!BBH4s", kind, 0, len(sources), ip(group)) + b"".join(map(ip, sources))
    igmp = struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records)) + body
    igmp = igmp[:2] + struct.pack("!H", checksum(igmp)) + igmp[4:]
    head = IP(src=host, dst="224.0.0.22", ttl=ttl, tos=0xC0, proto=2, options=[])
    return eth(bytes(head / Raw(igmp)), vlan=vlan)


def ip(text: str) -> bytes:
    return bytes(map(int, text.split(".")))


def numbers(frames, vlan: bool, group: str = GRP) -> list[int]:
    """The numbers of the UDP packets to the group, in order."""
    found = []
    for f in frames:
        if (f[12:14] == b"\x81\x00") != vlan:
            continue
        at = 18 if vlan else 14
        if f[at - 2:at] == b"\x08\x00" and f[at + 9] == 17 and f[at + 16:at + 20] == ip(group):
            found.append(struct.unpack_from("!I", f, at + 28)[0])
    return found


def test_packets_held_until_the_tree_is_made_go_on_in_order():
    """The membership and the source are news to the router in the same burst."""
    result = run(pim_router(), {"p0": [report((IS_EX, GRP))] + [udp(i) for i in range(8)]})
    assert numbers(result.frames["p0"], vlan=True) == list(range(8))
    assert not {r for r in result.drops() if r.startswith("hold")}, result.drops()
    assert result.routes()[SRC, GRP]["protocols"] == ["pim"]


def test_packets_of_many_sources_are_held_each():
    sources = [f"10.0.0.{n}" for n in range(1, 25)]
    data = [udp(i, src=s) for i in range(4) for s in sources]
    result = run(pim_router(), {"p0": [report((IS_EX, GRP))] + data})
    got = numbers(result.frames["p0"], vlan=True)
    assert sorted(got) == sorted(list(range(4)) * len(sources)), result.drops()
    assert {s for s, g in result.routes() if g == GRP} == set(sources) | {"*"}


DR = "10.1.0.77"
RULES = 'register_rules: ( { action = "deny"; group = "239.0.0.0/8"; source = "10.7.0.66"; }, '\
    '{ action = "permit"; group = "224.0.0.0/4"; } );'


def registered(n: int, src: str) -> bytes:
    return eth(register(udp_ip(n=n, src=src), DR, RP), dst=router_mac(0))


def rp_router() -> Config:
    config = pim_router()
    return config.but(rest=config.rest.replace("pim: {", "pim: { " + RULES))


def test_the_first_registers_of_a_permitted_source_are_held_until_the_rules_are_asked():
    """Some source of the group is refused: its (*,G) takes no Register, each source waits for its (S,G)."""
    data = [registered(i, "10.7.0.1") for i in range(8)]
    result = run(rp_router(), {"p0": [report((IS_EX, GRP))] + data})
    assert numbers(result.frames["p0"], vlan=True) == list(range(8)), result.drops()
    assert not {r for r in result.drops() if r.startswith(("hold", "register"))}, result.drops()


def test_held_registers_of_a_refused_source_are_dropped_by_their_name():
    data = [registered(i, "10.7.0.66") for i in range(5)]
    data += [registered(100 + i, "10.7.0.1") for i in range(5)]
    result = run(rp_router(), {"p0": [report((IS_EX, GRP))] + data})
    assert numbers(result.frames["p0"], vlan=True) == list(range(100, 105))
    assert result.drops()["register_refused"] == 5, result.drops()
    assert not {r for r in result.drops() if r.startswith("hold")}, result.drops()


def test_an_ssm_member_gets_its_source_alone():
    ssm = "232.1.1.1"
    result = run(pim_router(), {"p0": [report((ALLOW, ssm, "10.0.0.2"))]
                                + [udp(i, src="10.0.0.1", dst=ssm) for i in range(5)]
                                + [udp(100 + i, src="10.0.0.2", dst=ssm) for i in range(5)]})
    assert numbers(result.frames["p0"], vlan=True, group=ssm) == list(range(100, 105))
    assert ("10.0.0.1", ssm) not in result.routes()


@pytest.mark.parametrize("wrong", [dict(ttl=2), dict(host="10.4.0.5"), dict(vlan=0)],
                         ids=["TTL", "foreign subnet", "no IGMP there"])
def test_a_report_that_does_not_count_makes_no_tree(wrong):
    result = run(pim_router(), {"p0": [report((IS_EX, GRP), **wrong)] + [udp(i) for i in range(5)]})
    assert not numbers(result.frames["p0"], vlan=True)
    assert ("*", GRP) not in result.routes()


def test_who_wants_nothing_is_held_no_longer_than_the_answer_takes():
    with Router(pim_router(), {"p0": [udp(i) for i in range(5)]}) as dut:
        dut.wait_ready()
        dut.wait_done()
        hold = dut.ctl("show hold")
        assert hold["on"] and hold["flows_held"] == 0 and hold["expired"] == 0
        verdict = dut.ctl(f"explain {SRC} {GRP}")["verdict"]
        assert verdict.startswith(f"nobody wants {GRP}"), verdict
        assert dut.ctl(f"show pim state {SRC} {GRP}")["trees"][0]["connected"]


def test_without_pim_nothing_is_held():
    config = router()
    with Router(config.but(routes=[]), {"p0": [udp(i) for i in range(20)]}) as dut:
        dut.wait_ready()
        dut.wait_done()
        assert not dut.ctl("show hold")["on"]
        assert {d["reason"] for d in dut.ctl("show drop")["drops"]} == {"no_route"}
