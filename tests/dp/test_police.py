# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Policers: signals about unknown flows have a bucket for each port, as configured and shown."""
from packets import *
from starg_dp import Router, check, upcalls


def flood(n: int) -> list[bytes]:
    return [udp(i, dst=f"239.77.{i >> 8}.{i & 255}") for i in range(n)]


def classes(shown, port: str) -> dict[str, dict]:
    (p,) = [p for p in shown["ports"] if p["name"] == port]
    return {c["class"]: c for c in p["classes"]}


def test_a_flood_on_one_port_leaves_the_signals_of_another():
    config = router(Route(SRC, GRP, "src", to("lan1")),
                    router_extra="police = { nocache = [ 1, 40 ]; };")
    inputs = {"p0": flood(4000), "p2": [udp(i, src="10.2.0.9", dst=f"239.78.0.{i}") for i in range(40)]}
    with Router(config, inputs) as r:
        r.wait_ready()
        r.wait_done()
        shown = r.ctl("show police")
        one, other = classes(shown, "p0")["nocache"], classes(shown, "p2")["nocache"]
        assert (one["rate"], one["burst"], one["signal"]) == (1, 40, True)
        assert 40 <= one["passed"] <= 60, one
        assert one["passed"] + one["policed"] + one["lost"] == 4000, one
        assert (other["passed"], other["policed"]) == (40, 0), other
        worker = upcalls(r.ctl("show worker")["workers"][0])["nocache"]
        assert worker["policed"] == one["policed"] and worker["gated"] == 0, worker
        r.ctl("clear counters")
        assert classes(r.ctl("show police p0"), "p0")["nocache"]["policed"] == 0


def test_policers_are_printed_and_reloaded():
    config = router(Route(SRC, GRP, "src", to("lan1")),
                    router_extra="police = { nocache = [ 1, 40 ]; source = 7; };")
    with Router(config, {}) as r:
        r.wait_ready()
        text = r.ctl("show config")["config"]
        assert "police: { nocache = [ 1, 40 ]; source = 7; };" in text
        r.file.write_text(r.file.read_text().replace("nocache = [ 1, 40 ]", "hello = 9"))
        assert "policers changed" in r.ctl("reload")["done"]
        c = classes(r.ctl("show police p1"), "p1")
        assert c["hello"]["rate"] == 9 and c["nocache"]["rate"] == 1000
        assert r.ctl("show police p1")["ports"][0]["source"] == {"rate": 7, "burst": 7}


def test_what_is_policed_is_dropped_as_without_policers():
    """The same packets leave, and the same are dropped, however few signals are sent."""
    good = [udp(i) for i in range(500)]
    frames = [f for pair in zip(good, flood(500)) for f in pair]
    for extra in ("police = { nocache = [ 1, 1 ]; };", "police = { nocache = 0; };"):
        check(router(Route(SRC, GRP, "src", to("lan1", "lan2")), router_extra=extra), {"p0": frames})
