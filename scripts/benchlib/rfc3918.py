# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Measurements that RFC 3918 defines, as far as a static router and one machine can have them.

The source is net_pcap, which waits for the router: offered load and forwarding rate are the same and
nothing is lost, so the search for the highest rate without loss (RFC 3918 4.1, 4.3, 4.4) is its first step.
That nothing was dropped is checked each time. IGMP has no part: routes are the operator's.
"""
from __future__ import annotations

import contextlib
import re
import time

from . import conf, frames, host, measure, seam
from .result import Result
from .rows import Bench, random_setup, running

SIZES = [64, 128, 256, 512, 1024, 1280, 1518]  # with check sequence: RFC 2544 section 9.1
ROUNDS_MAX = 3  # nothing to compare with: fewer do
ROUTES = [1, 10, 100, 1000, 10000, 100000, 1000000]


def rate_of(bench: Bench, setup: conf.Setup, title: str, name: str = "starg",
            dropped=frozenset()) -> tuple[measure.Rate, dict, dict]:
    """Rate, cycles and drops of one router alone; other drops than `dropped` are an error."""
    with contextlib.ExitStack() as stack:
        router = running(bench, stack, setup, name)
        samples = [measure.run_once(router, bench.seconds) for _ in range(min(bench.rounds, ROUNDS_MAX))]
        drops, cycles = router.drops(), router.cycles()
    wrong = {k: v for k, v in drops.items() if k not in dropped}
    if wrong:
        raise RuntimeError(f"{title}: dropped {wrong}")
    got = measure.rate(samples)
    host.say(f"{title}: {got.pps / 1e6:.2f} Mpps, {got.pps_cpu / 1e6:.2f} M a CPU second")
    return got, cycles, drops


def alone(bench: Bench, row: str, work: str, setup: conf.Setup, **figures) -> Result:
    got, cycles, _ = rate_of(bench, setup, f"{row}: {work}")
    return Result(row, work, "-", ours=got, cycles=cycles,
                  figures={"outputs": setup.outputs, "seconds": bench.seconds, **figures})


def scaled(bench: Bench) -> list[Result]:
    """4.2 scaled group forwarding matrix: the same number of random packets for every table."""
    out = []
    packets = bench.size(200000, 5000)
    for n in ROUTES[:5] if bench.quick else ROUTES:
        setup = random_setup(bench, n, packets, packets + conf.MBUFS)
        out.append(alone(bench, "matrix", f"{n:,} group{'s' * (n > 1)}, {packets:,} random packets",
                         setup, groups=n))
    return out


def sized_file(bench: Bench, size: int) -> tuple[str, list[tuple[str, str]]]:
    routes = frames.flows(512)
    return bench.file_of(f"size{size}", [frames.frame(s, g, size - 4) for s, g in routes]), routes


def aggregated(bench: Bench) -> list[Result]:
    """4.3 aggregated multicast throughput: all copies together, by frame size."""
    out = []
    for size in SIZES[::3] if bench.quick else SIZES:
        pcap, routes = sized_file(bench, size)
        r = alone(bench, "aggregated", f"3 outputs, 512 groups, {size}-byte frames",
                  conf.Setup(pcap, routes, outputs=3), frame_bytes=size)
        # with preamble and gap, as on a wire
        r.figures["gbit_per_s"] = r.ours.pps * (size + 20) * 8 / 1e9
        out.append(r)
    return out


def mixed(bench: Bench) -> list[Result]:
    """4.1 mixed class throughput: multicast and unicast frames in turn. Unicast is the kernel's: a
    router without twins drops it as no_twin, which is what its forwarding of multicast then bears."""
    routes = frames.flows(512)
    data = []
    for i, (s, g) in enumerate(routes):
        data += [frames.frame(s, g),
                 frames.unicast_frame(s, f"172.16.{i % 3}.5", frames.ROUTER_MAC)]
    pcap = bench.file_of("mixed", data)
    setup = conf.Setup(pcap, routes, outputs=3, one_mac=True)
    got, cycles, drops = rate_of(bench, setup, "mixed: half unicast", dropped={"no_twin"})
    out = Result("mixed", "3 outputs, multicast : unicast frames 1 : 1, one router MAC", "-",
                 ours=got, cycles=cycles,
                 figures={"outputs": 3, "multicast_to_unicast": 1.0, "unicast_forwarded": 0,
                          "drops": drops})
    out.notes.append("multicast class only: unicast is the kernel's, through twins, which this "
                     f"router has none of ({drops.get('no_twin', 0):,} counted as no_twin)")
    return [out]


def tunnels(bench: Bench) -> list[Result]:
    """4.4 encapsulation, decapsulation and re-encapsulation throughput."""
    pcap, routes = bench.plain_file()
    inside = bench.file_of("gre", [frames.gre_frame(s, g, conf.IN_REMOTE, conf.IN_LOCAL,
                                                    frames.ROUTER_MAC) for s, g in routes])
    rows = [("encap", "plain to GRE, 64 to 88 bytes", conf.Setup(pcap, routes, how="gre")),
            ("encap", "plain to unicast (HER), 64 bytes", conf.Setup(pcap, routes, how="her")),
            ("decap", "GRE to plain, 88 to 64 bytes", conf.Setup(inside, routes, from_gre=True)),
            ("reencap", "GRE to unicast (HER), 88 to 64 bytes",
             conf.Setup(inside, routes, how="her", from_gre=True)),
            ("reencap", "GRE to another GRE tunnel, 88 bytes",
             conf.Setup(inside, routes, how="gre", from_gre=True))]
    return [alone(bench, name, f"1 output, {work}", setup, tunnels=1, groups=512)
            for name, work, setup in rows]


def delay_line(times: dict) -> str:
    return (f"{times['min_ns'] / 1e3:.2f} / {times['avg_ns'] / 1e3:.2f} / {times['max_ns'] / 1e3:.2f}"
            f" us (median {times['median_ns'] / 1e3:.2f}, 99 % {times['p99_ns'] / 1e3:.2f})")


def delays(bench: Bench) -> list[Result]:
    """5.1, 5.2 latency; 6.1, 6.2 join and leave delay: at the seam, between rings."""
    got = seam.run(bench, "delay", bench.size(200000, 2000), bench.size(1000, 20))
    names = {"latency_1": "latency min/avg/max, 1 frame on its way, output ",
             "latency_64": "latency min/avg/max, 64 frames on their way, output ",
             "join_new_route": "join delay, group not in the table (state 0)",
             "join_new_output": "join delay, new output of a group in it (state 1)",
             "leave": "leave delay"}
    out = []
    for key, times in got.items():
        found = re.fullmatch(r"(\w+)_out(\d)", key)
        work = names[found.group(1)] + found.group(2) if found else names[key]
        out.append(Result("delay", work, text=delay_line(times), figures={"measure": key, **times}))
    for stem in ("latency_1", "latency_64"):
        sets = [v for k, v in got.items() if k.startswith(stem + "_out")]
        spread = max(s["max_ns"] for s in sets) - min(s["min_ns"] for s in sets)
        out.append(Result("delay", names[stem].split(",")[1].strip() + ": max - min (5.2)",
                          text=f"{spread / 1e3:.2f} us", figures={"spread_ns": spread}))
    out[-1].notes.append("store and forward; min/avg/max: where other programs share the cores, the "
                         "maximum is the scheduler's; the median and 99 % are the router's")
    return out


def wait_tx(router, more_than: int, timeout_s: float = 10) -> float:
    """The moment at which the router is seen to have sent more."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if router.counters()[0] > more_than:
            return time.monotonic()
    raise RuntimeError(f"{router.name} forwards nothing: {router.trouble()}")


def shell_join(bench: Bench) -> list[Result]:
    """6.1, 6.2 through the shell: from the command to what the counters show. Upper bounds: the
    look at the counters is in them."""
    pcap, routes = bench.plain_file(1)
    setup = conf.Setup(pcap, [], outputs=1)
    join, leave = [], []
    with contextlib.ExitStack() as stack:
        router = running(bench, stack, setup)
        router.start()
        source, group = routes[0]
        for _ in range(bench.size(50, 5)):
            sent = router.counters()[0]
            began = time.monotonic()
            router.ask(conf.command(setup, source, group))
            join.append(wait_tx(router, sent) - began)
            began = time.monotonic()
            router.ask(f"del route {source} {group}")
            before = router.counters()[0]
            while (now := router.counters()[0]) != before:
                before = now
            leave.append(time.monotonic() - began)
        router.stop()
    return [Result("shell-delay", f"{what} by the shell", text=delay_line(spread(times)),
                   figures={"measure": what, **spread(times)})
            for what, times in (("add route to first packet", join),
                                ("del route to last packet", leave))]


def spread(times_s: list[float]) -> dict:
    v = sorted(t * 1e9 for t in times_s)
    return {"n": len(v), "min_ns": v[0], "avg_ns": sum(v) / len(v), "median_ns": v[len(v) // 2],
            "p99_ns": v[len(v) * 99 // 100], "max_ns": v[-1]}


def capacity(bench: Bench) -> list[Result]:
    """7.1 group capacity: routes until one is refused, with the default room and with more."""
    out = []
    for room in ([65536] if bench.quick else [1048576, 8388608]):
        got = seam.run(bench, "install", room + 10, room)
        if not got["refused"]:
            raise RuntimeError(f"{got['routes']} routes and none refused with room for {room}")
        figures = {"max_routes": room, **got, "bytes_a_route": got["route_bytes"] / got["routes"]}
        out.append(Result("capacity", f"group capacity, router.max_routes = {room:,}",
                          text=f"{got['routes']:,} routes, {figures['bytes_a_route']:.0f} B each, "
                               f"in {got['seconds']:.2f} s; the next is refused", figures=figures))
    return out
