# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Rows of tests/dp/seam_bench, overload_bench and register_bench: what only the caller of the data plane's seam can
measure."""
from __future__ import annotations

import json
import os
import statistics
import subprocess

from . import host, measure
from .result import Result
from .rows import Bench


def run(bench: Bench, *words: object, name: str = "seam_bench") -> dict:
    """The JSON that a program of tests/dp prints."""
    program = os.path.join(bench.build, "tests", "dp", name)
    if not os.path.exists(program):
        raise RuntimeError(f"{program} is not there: build everything (ninja -C {bench.build})")
    proc = host.popen([program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                      env=bench.peer_env(), text=True)
    try:
        out, err = proc.communicate(timeout=600)
    finally:
        host.end(proc)
    if proc.returncode:
        raise RuntimeError(f"{name} {' '.join(map(str, words))}: {err or out}")
    return json.loads(out)


def install_figures(runs: list[dict]) -> dict:
    """Medians; bytes a route are what the table occupies, counters of a route not yet used cost
    nothing, afterwards counter_bytes_a_route each worker."""
    first = runs[0]
    return {"routes": first["routes"],
            "seconds": statistics.median(r["seconds"] for r in runs),
            "bytes_a_route": first["route_bytes"] / first["routes"],
            "counter_bytes_a_route": first["counter_bytes_a_route"],
            "resident_bytes": max(r["resident_bytes"] for r in runs),
            "resident_before": first["resident_before"],
            "seconds_by_round": [r["seconds"] for r in runs]}


def install(bench: Bench) -> list[Result]:
    n = bench.size(1000000, 50000)
    runs = []
    for r in range(bench.rounds):
        runs.append(run(bench, "install", n))
        host.say(f"install: round {r + 1} of {bench.rounds}: {runs[-1]['seconds']:.3f} s")
    f = install_figures(runs)
    out = Result("install", f"install {n:,} routes by the seam's bulk call", figures=f,
                 goal="< 2 s, < 200 B")
    out.text = (f"{f['seconds']:.3f} s, {f['bytes_a_route']:.0f} B a route, "
                f"{f['resident_bytes'] / 2 ** 20:.0f} MB resident")
    out.notes.append(f"counters: {f['counter_bytes_a_route']} B more a route and worker once it "
                     f"has traffic; {f['resident_before'] / 2 ** 20:.0f} MB resident before")
    out.reached = f["seconds"] < 2 and f["bytes_a_route"] < 200
    return [out]


def samples(rounds: list[dict], with_updates: bool) -> list[measure.Sample]:
    return [measure.Sample(tx=r["packets"], rx=r["packets"], wall_s=r["wall_s"],
                           cpu_s=r["cpu_ns"] / 1e9, wait_s=r["wait_ns"] / 1e9, steal=0.0, busy_s=0.0)
            for r in rounds if (r["updates"] > 0) == with_updates]


def update(bench: Bench) -> list[Result]:
    rate = 10000
    pcap, _ = bench.plain_file()
    got = run(bench, "update", pcap, bench.rounds, bench.seconds, rate)
    out = Result("update", f"update {rate:,} routes/s while forwarding", "starg, no updates",
                 goal="0.95, 0 lost", goal_ratio=0.95)
    out.ours = measure.rate(samples(got["rounds"], True))
    out.theirs = measure.rate(samples(got["rounds"], False))
    out.ratio = measure.ratio(out.ours, out.theirs)
    done = sum(r["updates"] for r in got["rounds"])
    took = sum(r["wall_s"] for r in got["rounds"] if r["updates"])
    out.figures = {"updates": done, "updates_per_s": done / took, "received": got["received"],
                   "sent": got["sent"], "lost": got["lost"], "dropped": got["dropped"]}
    out.notes.append(f"{done / took:.0f} updates/s; received {got['received']:,}, lost "
                     f"{got['lost']}, dropped {got['dropped']}")
    out.judge()
    out.reached = (out.reached and got["lost"] == 0 and got["dropped"] == 0
                   and done / took > 0.95 * rate)
    return [out]


def overload_result(flood: dict) -> Result:
    out = Result("overload", f"half of the packets {flood['flood']}, policed", "starg, plainly dropped",
                 goal="0.9, 0 lost", goal_ratio=0.9)
    policed, plain = ([measure.Sample(tx=r["packets"], rx=2 * r["packets"], wall_s=r["wall_s"],
                                      cpu_s=r["cpu_ns"] / 1e9, wait_s=r["wait_ns"] / 1e9, steal=0.0,
                                      busy_s=0.0)
                       for r in flood["rounds"] if r["policed"] == side] for side in (True, False))
    out.ours, out.theirs = measure.rate(policed), measure.rate(plain)
    out.ratio = measure.ratio(out.ours, out.theirs)
    sent, received = flood["hellos_sent"], flood["hellos_received"]
    out.figures = {"hellos_sent": sent, "hellos_received": received}
    out.notes.append(f"{flood['flood']}: {received} of {sent} Hellos of a neighbour received")
    out.judge()
    out.reached = out.reached and sent > 0 and received == sent
    return out


def overload(bench: Bench) -> list[Result]:
    """What established flows keep of their rate while the other half of the packets is a flood."""
    floods = run(bench, bench.rounds, bench.seconds, name="overload_bench")["floods"]
    return [overload_result(f) for f in floods]


def register_rows(rounds: list[dict]) -> list[Result]:
    def rate(side: str) -> measure.Rate:
        return measure.rate([measure.Sample(
            tx=r["packets"], rx=r["packets"], wall_s=r["wall_s"], cpu_s=r["cpu_ns"] / 1e9,
            wait_s=max(0.0, r["wall_s"] - r["cpu_ns"] / 1e9),  # it never sleeps
            steal=0.0, busy_s=0.0) for r in rounds if r["side"] == side])

    rows = []
    for side, work in (("into", "1 Register output, 512 routes"),
                       ("out_of", "out of Registers, 512 routes"),
                       ("into_gre", "1 GRE output, 512 routes"),
                       ("out_of_gre", "out of GRE, 512 routes")):
        out = Result("register", work, "starg, plain output", goal_ratio=0.7)
        out.ours, out.theirs = rate(side), rate("plain")
        out.ratio = measure.ratio(out.ours, out.theirs)
        rows.append(out.judge())
    return rows


def registers(bench: Bench) -> list[Result]:
    return register_rows(run(bench, bench.rounds, bench.seconds, name="register_bench")["rounds"])
