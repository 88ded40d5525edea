# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What a row found, and how it is printed."""
from __future__ import annotations

from dataclasses import dataclass, field

from .measure import Rate, Ratio


@dataclass
class Result:
    row: str  # short name
    work: str
    peer: str = "-"
    ours: Rate | None = None
    theirs: Rate | None = None
    ratio: Ratio | None = None
    goal: str = ""
    goal_ratio: float = 0.0
    reached: bool | None = None  # None: no goal
    text: str = ""  # instead of a rate
    figures: dict = field(default_factory=dict)
    cycles: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    buffers: str = ""  # where those of both sides lie: a key of memory.PLACES
    group: str = ""  # the table it belongs to

    def judge(self) -> "Result":
        """Fills reached from the ratio and its goal."""
        if self.ratio and self.goal_ratio:
            self.goal = self.goal or f"{self.goal_ratio:g}"
            self.reached = self.ratio.value >= self.goal_ratio
        return self

    def json(self) -> dict:
        out = {"row": self.row, "work": self.work, "peer": self.peer, "goal": self.goal or None,
               "reached": self.reached}
        for key, value in (("starg", self.ours), ("peer_rate", self.theirs)):
            if value:
                out[key] = value.json()
        if self.ratio:
            out["ratio"] = {"clock": self.ratio.wall, "cpu": self.ratio.cpu, "used": self.ratio.by,
                            "value": self.ratio.value}
        for key in ("text", "buffers", "figures", "cycles", "notes"):
            if getattr(self, key):
                out[key] = getattr(self, key)
        return out


def table(rows: list[list[str]]) -> str:
    """Columns as wide as they need; the first one to the left, the rest to the right."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = []
    for r in rows:
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)


def _mpps(value: float) -> str:
    return f"{value / 1e6:.2f}" if value else "-"


def _verdict(r: Result) -> str:
    return "" if r.reached is None else "reached" if r.reached else "NOT reached"


def _pair(rate: Rate | None) -> list[str]:
    return [_mpps(rate.pps), _mpps(rate.pps_cpu)] if rate else ["", ""]


def _line(r: Result) -> list[str]:
    ratio = ["", ""]
    if r.ratio:
        used = r.ratio.by
        ratio = [f"{r.ratio.wall:.2f}" + ("*" if used == "wall" else " "),
                 (f"{r.ratio.cpu:.2f}" if r.ratio.cpu else "-") + ("*" if used == "cpu" else " ")]
    return [r.work, *_pair(r.ours), r.peer, *_pair(r.theirs), *ratio, r.goal, _verdict(r)]


HEAD = ["work", "starg Mpps", "M/CPU-s", "compared with", "Mpps", "M/CPU-s", "clock ", "CPU ",
        "goal", ""]
LEFT = (0, 3, 9)


def _notes(results: list[Result]) -> list[str]:
    """Each note once, with the rows it is about."""
    rows: dict[str, list[str]] = {}
    for r in results:
        for n in r.notes:
            rows.setdefault(n, []).append(r.row)
    return [f"  {', '.join(names)}: {n}" for n, names in rows.items()]


def main_table(results: list[Result]) -> str:
    """Rates by the clock and by processor time; an asterisk marks the ratio that counts. A row of
    text has it in place of its rates."""
    lines = [HEAD] + [_line(r) for r in results]
    rates = [HEAD] + [line for r, line in zip(results, lines[1:]) if not r.text]
    widths = [max(len(x[i]) for x in (lines if i in (0, 8, 9) else rates)) for i in range(len(HEAD))]
    out = []
    for r, x in zip([None, *results], lines):
        cells = [c.ljust(w) if i in LEFT else c.rjust(w) for i, (c, w) in enumerate(zip(x, widths))]
        if r and r.text:
            cells[1:8] = [r.text.ljust(len("  ".join(cells[1:8])))]
        out.append("  ".join(cells).rstrip())
    out.insert(1, "-" * max(len(line) for line in out))
    return "\n".join(out + _notes(results))


def plain_table(results: list[Result]) -> str:
    """Measurements without a peer: rates, and what is no rate beneath."""
    lines = [["work", "sent Mpps", "M/CPU-s", "received Mpps", "sent Gbit/s"]]
    for r in results:
        if r.ours:
            rx = sum(s.rx for s in r.ours.samples) / sum(s.wall_s for s in r.ours.samples)
            gbit = r.figures.get("gbit_per_s")
            lines.append([r.work, *_pair(r.ours), _mpps(rx), f"{gbit:.1f}" if gbit else ""])
    texts = [[r.work, r.text] for r in results if r.text]
    wide = max((len(t[0]) for t in texts), default=0)
    parts = [table(lines)] if len(lines) > 1 else []
    if texts:
        parts.append("\n".join(f"{a.ljust(wide)}  {b}" for a, b in texts))
    return "\n\n".join(parts + (["\n".join(_notes(results))] if _notes(results) else []))


def cycles_table(results: list[Result]) -> str:
    """Cycles by stage for each packet received; "" if no row has any."""
    rows = [r for r in results if r.cycles and r.ours]
    if not rows:
        return ""
    stages = list(rows[0].cycles)
    lines = [["cycles a received packet", *stages, "sum", "CPU ns"]]
    for r in rows:
        values = [r.cycles.get(s, {}).get("per_packet", 0.0) for s in stages]
        lines.append([r.work, *(f"{v:.1f}" for v in values), f"{sum(values):.1f}",
                      f"{cpu_ns_a_packet(r):.1f}"])
    text = table(lines)
    if any(r.ours and r.ours.disturbed for r in rows):
        text += ("\n  the worker had to wait for its CPU: that is in the cycles of whatever stage it "
                 "was in, not in CPU ns")
    return text


def cpu_ns_a_packet(r: Result) -> float:
    """The forwarding thread's processor time for each packet received."""
    rx = sum(s.rx for s in r.ours.samples)
    return sum(s.cpu_s for s in r.ours.samples) * 1e9 / rx if rx else 0.0


def facts_text(facts: dict) -> str:
    return "\n".join(f"{k + ':':<12}{v}" for k, v in facts.items())
