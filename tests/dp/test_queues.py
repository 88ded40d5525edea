# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Ports with several receive queues: the same outputs, each flow in order, however many workers."""
import dataclasses

import pytest
from packets import *
from model import Port
from starg_dp import Router, check


def with_queues(config, queues, extra=""):
    return config.but(ports=[dataclasses.replace(p, rx_queues=queues, extra=extra)
                             for p in config.ports])


def scene4(**kw):
    her = (Output("lan1", unicast="10.1.0.5", port=6000), Output("lan2", unicast="10.2.0.5"))
    return router(Route(SRC, GRP, "src", to("lan1", "lan2", "gre7") + her),
                  Route("*", "239.2.0.0/16", "any", to("src", "lan1", "v100", "lan2", "gre0")), **kw)


def traffic4():
    return {"p0": [f for i in range(200) for f in (udp(i), udp(i, src=f"10.0.0.{2 + i % 40}",
                                                               dst=f"239.2.{i & 7}.1"))],
            "p1": [udp(i, vlan=100, dst="239.2.9.9", src="10.100.0.3") for i in range(100)],
            "p2": [udp(i, src=f"10.2.0.{1 + i % 9}", dst="239.2.0.1", size=900) for i in range(200)]}


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("queues", [2, 5])
def test_outputs_and_order_are_those_of_one_queue(queues, workers):
    _, result = check(with_queues(scene4(workers=workers), queues), traffic4())
    assert sum(w["rx_packets"] for w in result.workers()) == 700
    if workers == 3:
        assert all(w["rx_packets"] for w in result.workers())


@pytest.mark.parametrize("workers", [1, 3])
def test_ipv6_outputs_and_order_are_those_of_one_queue(workers):
    config = router6(Route("2001:db8::1", "ff3e::8000:1", "src", to("lan1", "lan2")),
                     Route("*", "ff3e::9", "any", to("src", "lan1", "lan2")), workers=workers)
    frames = {"p0": [f for i in range(150) for f in (udp6(i), udp6(
        i, src=f"2001:db8:0::{2 + i % 30:x}", dst="ff3e::9"))]}
    check(with_queues(config, 4), frames)


def test_a_driver_without_rules_is_shown_as_software_with_its_reason():
    config = with_queues(scene4(workers=2), 3)
    with Router(config, traffic4()) as dut:
        dut.wait_ready()
        shown = dut.ctl("show offload p0")["ports"][0]
        text = dut.ctl("show offload")["ports"]
    assert [p["name"] for p in text] == ["p0", "p1", "p2"]
    assert shown["data_queues"] == 3 and shown["control_queue"] is None
    rules = {r["what"]: r for r in shown["rules"]}
    assert set(rules) == {"control", "rss", "rss ipv4", "rss ipv6", "mark"}
    for what in ("control", "mark", "rss ipv4"):
        assert rules[what]["state"] == "software"
        assert rules[what]["problem"] == "the driver has no rte_flow"
    assert rules["rss"]["state"] == "software"
    offloads = {(o["direction"], o["name"]): o for o in shown["offloads"]}
    assert not offloads["tx", "multi-segment"]["announced"]
    assert not offloads["tx", "fast free"]["used"]


def test_what_is_switched_off_says_so_and_the_file_says_it_too():
    extra = "offload: { control_queue = false; rss = false; mark = 0; };"
    with Router(with_queues(scene4(), 2, extra), {}) as dut:
        dut.wait_ready()
        rules = dut.ctl("show offload p1")["ports"][0]["rules"]
        written = dut.ctl("show config")["config"]
    assert {r["what"]: r["problem"] for r in rules} == {
        "control": "switched off by offload.control_queue", "rss": "switched off by offload.rss",
        "mark": "switched off by offload.mark = 0"}
    assert "offload: { control_queue = false; rss = false; mark = 0; };" in written
