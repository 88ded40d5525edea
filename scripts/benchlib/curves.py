# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What one more output and one more route cost: the rows, and their picture."""
from __future__ import annotations

import statistics

from . import conf
from .result import Result, cpu_ns_a_packet
from .rfc3918 import alone
from .rows import Bench

OUTPUTS = [1, 2, 4, 8, 16, 28, 64]


def outputs(bench: Bench) -> list[Result]:
    """512 (S,G) routes with ever more outputs each; beyond 28, several VLANs share a port."""
    pcap, routes = bench.plain_file()
    out = []
    for n in OUTPUTS[:3] if bench.quick else OUTPUTS:
        r = alone(bench, "outputs", f"{n} output{'s' * (n > 1)}, 512 (S,G) routes, a MAC per port",
                  conf.Setup(pcap, routes, outputs=n))
        r.figures["cpu_ns_a_packet"] = cpu_ns_a_packet(r)
        out.append(r)
    points = _points(out, "outputs")
    if len(points) > 1:
        cost = slope(points)
        out[-1].figures["cpu_ns_a_further_output"] = cost
        out[-1].notes.append(f"each further output costs {cost:.1f} ns of the worker's time a packet "
                             "(slope of the line through all points)")
    return out


def _points(results: list[Result], key: str) -> list[tuple[float, float]]:
    return sorted((r.figures[key], cpu_ns_a_packet(r)) for r in results if key in r.figures and r.ours)


def slope(points: list[tuple[float, float]]) -> float:
    """Of the line with the least squares."""
    return statistics.linear_regression(*zip(*points)).slope


def drawable(results: list[Result]) -> bool:
    return any(r.row in ("outputs", "matrix") for r in results)


def draw(path: str, results: list[Result], facts: dict) -> None:
    """A PNG (or whatever the name ends in) with the two curves. OSError: it cannot be written."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.2))
    _curve(axes[0], _points([r for r in results if r.row == "outputs"], "outputs"),
           "outputs of each route", "one more output", False)
    _curve(axes[1], _points([r for r in results if r.row == "matrix"], "groups"),
           "(S,G) routes, packets to random ones", "one more route", True)
    figure.suptitle(f"starg, processor time of the worker for each 64-byte packet received\n"
                    f"{facts.get('cpu', '')}".rstrip(), fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _curve(axis, points: list[tuple[float, float]], x_title: str, title: str, log: bool) -> None:
    axis.set_title(title)
    axis.set_xlabel(x_title)
    axis.set_ylabel("ns a packet")
    axis.grid(True, alpha=0.3)
    if not points:
        axis.text(0.5, 0.5, "not measured in this run", ha="center", transform=axis.transAxes)
        return
    xs, ys = zip(*points)
    axis.plot(xs, ys, marker="o")
    for x, y in points:
        axis.annotate(f"{y:.0f}", (x, y), textcoords="offset points", xytext=(4, 5), fontsize=8)
    if log:
        axis.set_xscale("log")
    elif len(points) > 1:
        axis.set_title(f"{title}: {slope(points):.1f} ns")
    axis.set_ylim(bottom=0)
