# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Native multicast: lookup, RPF, TTL, VLAN, replication."""
import dataclasses

import pytest
from packets import *
from oracle import Oracle
from starg_dp import check, check_frames, run


def many(n=20, **kw):
    return [udp(i, **kw) for i in range(n)]


def test_sg_route_forwards_to_every_output():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2", "v100")))
    exp, _ = check(config, {"p0": many()})
    assert sum(map(len, exp.frames.values())) == 60


def test_star_g_route_takes_any_source():
    config = router(Route("*", GRP, "src", to("lan1")))
    exp, _ = check(config, {"p0": many(src="10.0.0.1") + many(src="192.0.2.77")})
    assert len(exp.frames["p1"]) == 40


def test_sg_input_wins_over_star_g_and_outputs_are_joined():
    config = router(Route("*", GRP, "lan2", to("lan1")), Route(SRC, GRP, "src", to("v100")))
    exp, _ = check(config, {"p0": many(), "p2": many(src="10.2.0.9")})
    assert len(exp.frames["p1"]) == 60


def test_output_named_by_both_routes_gets_one_copy():
    config = router(Route("*", GRP, "src", to("lan1", "lan2")), Route(SRC, GRP, "src", to("lan1")))
    check(config, {"p0": many()})


def test_longest_group_prefix_decides_before_longest_source():
    config = router(Route("*", "239.1.0.0/16", "src", to("lan1")),
                    Route("*", "239.1.1.0/24", "src", to("lan2")),
                    Route("10.0.0.0/24", "239.1.0.0/16", "lan2", to("v100")))
    check(config, {"p0": many(dst="239.1.1.9") + many(dst="239.1.2.9", src="192.0.2.1"),
                   "p2": many(dst="239.1.2.9")})


def test_packet_on_another_interface_is_dropped_as_wrong_if():
    config = router(Route(SRC, GRP, "src", to("lan1")))
    _, result = check(config, {"p0": many(), "p1": many(5), "p2": many(7)})
    assert result.drops() == {"wrong_if": 12}


def test_wrong_interface_signals_even_when_it_is_an_output():
    config = router(Route(SRC, GRP, "src", to("lan1")))
    exp, _ = check(config, {"p1": many(5)})
    assert exp.signals["wrongvif"] == 5


def test_input_any_accepts_from_everywhere_and_sends_nothing_back():
    config = router(Route("*", GRP, "any", to("src", "lan1", "lan2")))
    exp, _ = check(config, {"p0": many(), "p1": many(src="10.1.0.3"), "p2": many(src="10.2.0.3")})
    assert exp.drops["oif_input"] == 60


def test_several_inputs_are_accepted():
    config = router(Route("*", GRP, ("src", "lan2"), to("lan1")))
    exp, _ = check(config, {"p0": many(), "p2": many(src="10.2.0.3"),
                            "p1": many(3, vlan=100, src="10.100.0.9")})
    assert exp.drops == {"wrong_if": 3}


def test_rpf_input_follows_the_static_rpf_table():
    config = router(Route("10.50.0.1", GRP, "rpf", to("lan1")), Route(SRC, GRP, "rpf", to("lan1")))
    exp, _ = check(config, {"p0": many(4, src="10.50.0.1") + many(), "p2": many(6, src="10.50.0.1")})
    assert exp.drops == {"wrong_if": 4}


def test_only_output_is_the_input():
    config = router(Route("*", GRP, "any", to("src")))
    exp, _ = check(config, {"p0": many(3)})
    assert exp.drops == {"only_input": 3}


def test_ttl_1_is_not_forwarded_and_2_is():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2")))
    exp, _ = check(config, {"p0": many(5, ttl=1) + many(4, ttl=2) + many(3, ttl=255)})
    assert exp.drops == {"ttl_expired": 5} and len(exp.frames["p1"]) == 7


@pytest.mark.parametrize("ttl,passes", [(15, False), (16, False), (17, True), (255, True)])
def test_ttl_must_be_above_the_outputs_threshold(ttl, passes):
    config = router(Route(SRC, GRP, "src", to("lan1", ttl_threshold=16) + to("lan2")))
    exp, _ = check(config, {"p0": many(5, ttl=ttl)})
    assert len(exp.frames["p1"]) == 5 * passes and len(exp.frames["p2"]) == 5


def test_interface_threshold_is_the_outputs_default():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2")))
    config.interfaces[1] = Iface("lan1", "p1", address=("10.1.0.1/24",), ttl_threshold=8)
    exp, _ = check(config, {"p0": many(5, ttl=8) + many(2, ttl=9)})
    assert exp.drops == {"oif_ttl_threshold": 5}


def test_vlan_in_and_out():
    config = router(Route("*", GRP, ("v100", "src"), to("lan2", "v100", "lan1")))
    exp, _ = check(config, {"p1": many(vlan=100, src="10.100.0.9"), "p0": many()})
    assert len(exp.frames["p1"]) == 60  # untagged both times, tagged for src's


def test_priority_tag_is_no_vlan():
    frame = bytes(Ether(dst="01:00:5e:01:01:01", src=HOST_MAC) / Dot1Q(vlan=0, prio=5, type=0x800))
    config = router(Route(SRC, GRP, "src", to("lan1")))
    exp, _ = check(config, {"p0": [frame + udp_ip(n=i) for i in range(5)]})
    assert len(exp.frames["p1"]) == 5


def test_ethernet_padding_is_not_forwarded():
    config = router(Route(SRC, GRP, "src", to("lan1", "v100", "gre0")))
    check(config, {"p0": [udp(i, size=4) + b"\xaa" * 14 for i in range(5)]})


def test_fragments_options_and_dscp_pass_unchanged():
    config = router(Route(SRC, GRP, "src", to("lan1", "gre0", "v100")))
    frames = [eth(bytes(IP(src=SRC, dst=GRP, ttl=9, flags="MF", id=7, proto=17) / Raw(b"a" * 64))),
              eth(bytes(IP(src=SRC, dst=GRP, ttl=9, frag=8, id=7, proto=17) / Raw(b"b" * 40))),
              eth(bytes(IP(src=SRC, dst=GRP, ttl=9, options=b"\x94\x04\0\0", proto=17) / Raw(b"c" * 30))),
              eth(bytes(IP(src=SRC, dst=GRP, ttl=9, options=b"\x07\x27\x04" + b"\0" * 37,
                           proto=17) / Raw(b"d" * 30))),
              eth(bytes(IP(src=SRC, dst=GRP, ttl=9, tos=0xb9, proto=255) / Raw(b"e")))]
    check(config, {"p0": frames})


def test_every_size_up_to_the_mtu():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2", "v100")))
    exp, _ = check(config, {"p0": [udp(i, size=i) for i in range(0, 1473, 23)] + [udp(1, size=1472)]})
    assert len(exp.frames["p2"]) == 66


def test_larger_than_the_output_mtu_is_dropped_when_it_must_not_be_fragmented():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2", "gre0")))
    config.interfaces[3] = Iface("lan2", "p2", address=("10.2.0.1/24",), mtu=1000)
    exp, _ = check(config, {"p0": [udp(i, size=s, flags="DF") for i, s in
                                   enumerate((972, 973, 1448, 1449, 1472))]})
    assert exp.drops == {"oif_mtu": 6}


def test_one_router_mac_for_all_ports():
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2", "v100")), mac="02:aa:bb:cc:dd:ee")
    check(config, {"p0": [udp(i, size=s) for i, s in enumerate((20, 300, 1000, 1472))] * 4})


@pytest.mark.parametrize("mac", ["", "02:aa:bb:cc:dd:ee"])
def test_large_frames_to_many_ports_keep_their_bytes(mac):
    """Where copies share one buffer, each must still be right."""
    config = Config(ports=ports(6), mac=mac,
                    interfaces=[Iface(f"i{n}", f"p{n}", vlan=7 if n == 5 else 0,
                                      address=(f"10.{n}.0.1/24",)) for n in range(6)],
                    routes=[Route("*", GRP, "i0", tuple(
                        Output(f"i{n}", ttl_threshold=60 if n == 3 else -1) for n in range(1, 6)))])
    check(config, {"p0": [udp(i, size=s, ttl=t) for i, (s, t) in
                          enumerate((s, t) for s in (10, 200, 256, 700, 1472) for t in (2, 60, 61))]})


def test_shut_interface_neither_receives_nor_sends():
    config = router(Route("*", GRP, "any", to("src", "lan1", "lan2")))
    config.interfaces[3] = Iface("lan2", "p2", address=("10.2.0.1/24",), shutdown=True)
    exp, _ = check(config, {"p0": many(4), "p2": many(3)})
    assert exp.drops == {"oif_down": 4, "oif_input": 4, "if_down": 3}


def test_last_octet_0_and_255_and_link_local_source_are_legal():
    config = router(Route("*", GRP, "src", to("lan1", "gre0")))
    check(config, {"p0": [udp(i, src=s) for i, s in
                          enumerate(("10.0.1.0", "10.0.1.255", "169.254.7.7", "223.255.255.255"))]})


@pytest.mark.parametrize("mac", ["", "02:aa:bb:cc:dd:ee"])
def test_jumbo_frames_fit_in_a_buffer(mac):
    """net_pcap does not say that it sends chains: buffers are as large as the ports' MTU."""
    her = (Output("lan1", unicast="10.1.0.5", port=6000), Output("lan2", unicast="10.2.0.5"))
    her6 = (Output("lan1", unicast="2001:db8:1::5", port=6000),)
    config = router6(Route(SRC, GRP, "src", to("lan1", "lan2", "v100", "gre7", "gre4") + her),
                     Route(SRC6, GRP6, "src", to("lan1", "lan2", "v100", "gre7", "gre4") + her6), mac=mac,
                     ports=[Port(p.name, p.mac, mtu=9216) for p in ports(3)])
    config.interfaces = [dataclasses.replace(i, mtu=9000) if i.gre else i for i in config.interfaces]
    sizes = (1472, 1900, 2004, 2100, 4001, 8900, 9100, 9216 - 28, 9216 - 27)
    frames = [udp(i, size=s, flags=f) for i, (s, f) in enumerate((s, f) for s in sizes for f in ("DF", ""))]
    frames += [udp6(i, size=s - 20) for i, s in enumerate(sizes)]
    exp, _ = check(config, {"p0": frames})
    assert exp.drops == {"oif_mtu": 2 * 2 * 3 + 5 + 4}


@pytest.mark.parametrize("mac", ["", "02:aa:bb:cc:dd:ee"])
def test_frames_longer_than_a_buffer_are_counted(mac):
    """net_pcap chains buffers where frames come in, but does not say that it sends chains: such
    copies are oif_mtu, and cost neither buffers nor the packets around them."""
    her = (Output("lan1", unicast="10.1.0.5", port=6000), Output("lan2", unicast="10.2.0.5"))
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2", "v100", "gre7") + her), mac=mac,
                    ports=[Port(p.name, p.mac, mtu=12000) for p in ports(3)])
    short = [udp(i, size=s, flags="DF") for i, s in enumerate((1472, 1900, 9000, 9600))]
    long = [udp(i, size=s, flags="DF") for i, s in enumerate((9800, 10000, 11900))]
    exp = Oracle(config).run({"p0": short * 2})
    result = run(config, {"p0": short + long + short})
    check_frames(exp, result)
    assert exp.drops == {"oif_mtu": 8}  # the tunnel takes none of them
    assert result.drops() == {"oif_mtu": 8 + 3 * 6}
    calm = run(config, {"p0": short * 2})
    assert result.state["show memory"]["mbufs_in_use"] == calm.state["show memory"]["mbufs_in_use"]


def test_4096_outputs_on_one_route():
    outputs = tuple(Output("lan2", unicast=f"10.50.{n >> 8}.{n & 255}", port=1024 + n)
                    for n in range(4096))
    config = router(Route(SRC, GRP, "src", outputs + to("lan1")), mbufs=32768)
    exp, result = check(config, {"p0": many(12)})
    assert len(exp.frames["p2"]) == 12 * 4096
    (route,) = result.routes().values()
    assert len(route["outputs"]) == 4097
