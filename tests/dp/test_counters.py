# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Counters of routes, outputs, interfaces and workers, and the gates of the upcalls."""
from packets import *
from starg_dp import Router, check, drop_counts, upcalls


def test_outputs_count_what_left_through_each():
    outputs = to("lan1", "gre0") + (Output("lan2", unicast="10.2.0.5"),
                                    Output("lan2", unicast="10.2.0.77"))
    config = router(Route(SRC, GRP, "src", outputs))
    exp, result = check(config, {"p0": [udp(i, size=100) for i in range(10)]})
    (route,) = result.state["show mroute"]["routes"]
    by_name = {(o["interface"], o.get("unicast") or ""): o for o in route["outputs"]}
    assert by_name["lan1", ""]["packets"] == 10
    assert by_name["lan1", ""]["bytes"] == 10 * 128
    assert by_name["gre0", ""]["packets"] == 10
    assert by_name["lan2", "10.2.0.5"]["packets"] == 10
    assert by_name["lan2", "10.2.0.77"]["packets"] == 0
    assert by_name["lan2", "10.2.0.77"]["dropped"] == 10


def test_interfaces_count_both_directions():
    config = router(Route("*", GRP, ("gre0", "src"), to("lan1", "lan2")))
    _, result = check(config, {"p0": [udp(i, size=100) for i in range(6)],
                               "p1": [in_gre(udp_ip(n=i, size=100)) for i in range(4)]})
    shown = result.interfaces()
    assert (shown["src"]["rx_packets"], shown["src"]["rx_bytes"]) == (6, 6 * 128)
    assert (shown["gre0"]["rx_packets"], shown["gre0"]["rx_bytes"]) == (4, 4 * 128)
    assert shown["gre0"]["rx_multicast"] == 4
    assert shown["lan1"]["rx_packets"] == 4
    assert (shown["lan1"]["tx_packets"], shown["lan1"]["tx_bytes"]) == (10, 10 * 128)
    stats = {p["name"]: p for p in result.state["show port stats"]["ports"]}
    assert stats["p1"]["tx_packets"] == 10 and stats["p0"]["rx_packets"] == 6


def test_one_signal_of_a_flow_is_outstanding():
    """A flow without route signals once, however many packets it has."""
    config = router(Route(SRC, GRP, "src", to("lan1")))
    frames = [udp(i, dst=f"239.77.0.{i % 5}") for i in range(500)]
    _, result = check(config, {"p0": frames, "p2": [udp(i) for i in range(100)]})
    up = upcalls(result.workers()[0])
    assert 5 <= up["nocache"]["sent"] <= 50 and up["nocache"]["gated"] >= 450, up
    assert 1 <= up["wrongvif"]["sent"] <= 10 and up["wrongvif"]["gated"] >= 90, up


def test_flood_of_flows_is_policed():
    config = router(Route(SRC, GRP, "src", to("lan1")), router_extra="upcall_rate = 100;")
    frames = [udp(i, dst=f"239.77.{i >> 8}.{i & 255}") for i in range(8000)]
    _, result = check(config, {"p0": frames + [udp(i) for i in range(50)]})
    up = upcalls(result.workers()[0])["nocache"]
    assert up["policed"] > 4000, up


def test_clear_starts_anew():
    config = router(Route(SRC, GRP, "src", to("lan1")))
    with Router(config, {"p0": [udp(i) for i in range(9)] + [udp(1, dst="239.7.7.7")]}) as r:
        r.wait_ready()
        r.wait_done()
        assert drop_counts(r.ctl("show drop")) == {"no_route": 1}
        r.ctl("clear counters")
        assert not drop_counts(r.ctl("show drop"))
        assert r.ctl("show mroute")["routes"][0]["counters"]["packets"] == 0
        assert all(i["counters"]["tx_packets"] == 0
                   for i in r.ctl("show interface")["interfaces"])
