# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""scripts/bench's command line: which rows, how long, and what becomes of the figures."""
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

from . import control, curves, host, joinload, memory, result, rfc3918, seam, trees, veth
from .rows import Bench, encapsulated, macswap, million

# name, needs root, group, function; numbers on the command line count from 1 in this order
ROWS = [
    ("out1", False, "section8", lambda b: macswap(b, "out1", 1, False, 0.6)),
    ("out3", False, "section8", lambda b: macswap(b, "out3", 3, False, 0.9)),
    ("out3-mac", False, "section8", lambda b: macswap(b, "out3-mac", 3, True, 1.3)),
    ("out8", False, "section8", lambda b: macswap(b, "out8", 8, False, 1.2)),
    ("out8-mac", False, "section8", lambda b: macswap(b, "out8-mac", 8, True, 2.2)),
    ("routes-1m", False, "section8", million),
    ("her", False, "section8", lambda b: encapsulated(b, "her")),
    ("gre", False, "section8", lambda b: encapsulated(b, "gre")),
    ("install", False, "section8", seam.install),
    ("update", False, "section8", seam.update),
    ("veth", True, "section8", veth.veth),
    ("overload", False, "section8", seam.overload),
    ("matrix", False, "rfc3918", rfc3918.scaled),
    ("aggregated", False, "rfc3918", rfc3918.aggregated),
    ("mixed", False, "rfc3918", rfc3918.mixed),
    ("tunnels", False, "rfc3918", rfc3918.tunnels),
    ("delay", False, "rfc3918", rfc3918.delays),
    ("shell-delay", False, "rfc3918", rfc3918.shell_join),
    ("capacity", False, "rfc3918", rfc3918.capacity),
    ("outputs", False, "curves", curves.outputs),
    ("register", False, "section8", seam.registers),
    ("igmp", True, "control", control.latencies),
    ("igmp-100k", True, "control", control.memberships),
    ("jp-100k", True, "control", trees.joined),
    ("refresh", True, "control", trees.upkeep),
    ("rpf-10k", True, "control", trees.moves),
    ("joins", True, "control", joinload.forwarding),
]
NAMES = [name for name, _, _, _ in ROWS]


def row_name(word: str) -> str:
    """A row by name or number."""
    if word.isdigit() and 1 <= int(word) <= len(ROWS):
        return NAMES[int(word) - 1]
    if word in NAMES:
        return word
    raise argparse.ArgumentTypeError(f"{word} is no row: 1 to {len(ROWS)}, or one of "
                                     + ", ".join(NAMES))


def positive(kind):
    def parse(word: str):
        value = kind(word)
        if value <= 0:
            raise argparse.ArgumentTypeError("must be above 0")
        return value
    return parse


def arguments(root: str, argv: list[str] | None = None) -> argparse.Namespace:
    p = argparse.ArgumentParser(
        prog="scripts/bench", description="starg beside its peers, in turn in the same run, on the "
        "same devices; medians over the rounds. Rates are packets sent a second (Mpps) and "
        "packets sent for each second the forwarding thread had a CPU (M/CPU-s). The ratio with "
        "an asterisk is the one that counts: by the clock, or by processor time if something else "
        "used the machine meanwhile.",
        epilog="rows: " + ", ".join(f"{i} {n}" for i, n in enumerate(NAMES, 1)))
    p.add_argument("--rounds", type=positive(int), default=0, help="rounds a row (5; --quick: 1)")
    p.add_argument("--seconds", type=positive(float), default=0,
                   help="measured seconds a round and contender (2; --quick: 0.3)")
    p.add_argument("--row", type=row_name, action="append", metavar="ROW",
                   help="only this row, by number or name; repeatable")
    p.add_argument("--control", action="store_true",
                   help="the control plane's rows, beside FRR; they run only if asked for")
    p.add_argument("--quick", action="store_true", help="one short round, small tables: "
                   "shows that everything runs; the figures mean nothing")
    p.add_argument("--no-root", action="store_true", help="leave out what needs namespaces")
    p.add_argument("--buffers", choices=("auto", *memory.PLACES), default="auto",
                   help="where both sides' buffers lie in the rows beside testpmd: on hugepages; "
                   "without them packed one behind the other, or spread, each at a page of its "
                   "own; own: as each program has them, which compares unlike things. auto: hugepages "
                   "if there are enough or root can reserve them for the run, else packed")
    p.add_argument("--cycles", action="store_true", help="also a table of cycles by stage")
    p.add_argument("--json", nargs="?", const="-", metavar="FILE",
                   help="all figures as JSON in FILE; - or nothing: on stdout, without tables")
    p.add_argument("--plot", metavar="FILE.png", help="draw the rows outputs and matrix as curves: "
                   "what one more output and one more route cost")
    p.add_argument("--list", action="store_true", help="list the rows and exit")
    p.add_argument("--build", default=os.path.join(root, "build"), metavar="DIR",
                   help="build directory (build; it is made and brought up to date)")
    p.add_argument("--stargd", metavar="PROGRAM", help="another stargd than the build's")
    p.add_argument("--no-build", action="store_true", help="use the build directory as it is")
    args = p.parse_args(argv)
    if args.plot and args.row and not {"outputs", "matrix"} & set(args.row):
        p.error("--plot draws the rows outputs and matrix: name one of them, or leave out --row")
    args.rounds = args.rounds or (1 if args.quick else 5)
    args.seconds = args.seconds or (0.3 if args.quick else 2)
    args.build = os.path.abspath(args.build)  # programs are started in other directories
    args.stargd = os.path.abspath(args.stargd or os.path.join(args.build, "app", "stargd"))
    return args


def chosen(args: argparse.Namespace) -> list[tuple]:
    if args.row:
        return [r for r in ROWS if r[0] in args.row]
    return [r for r in ROWS if (r[2] == "control") == args.control]


def needs_root(args: argparse.Namespace) -> bool:
    """Whether namespaces will be made."""
    return os.geteuid() == 0 and not args.no_root and any(r[1] for r in chosen(args))


def leave_on_signals() -> None:
    """Ctrl-C, SIGTERM and SIGHUP end through the `finally` blocks."""
    def leave(number, _frame):
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def run_rows(bench: Bench, rows: list[tuple]) -> tuple[list[result.Result], list[str]]:
    """Results, and sentences about rows that could not run."""
    results, failed = [], []
    for name, needs_root, group, run in rows:
        if needs_root and not bench.root:
            host.say(f"{name}: left out, it needs root for network namespaces")
            continue
        try:
            found = run(bench)
        except (RuntimeError, OSError) as error:
            failed.append(f"{name}: {error}")
            host.say(failed[-1])
            continue
        for r in found:
            r.group = group
        results += found
    return results, failed


def report(args: argparse.Namespace, facts: dict, results: list[result.Result],
           failed: list[str]) -> None:
    if args.json:
        data = {"host": facts, "rounds": args.rounds, "seconds": args.seconds, "quick": args.quick,
                "rows": [r.json() for r in results], "failed": failed}
        if args.json == "-":
            print(json.dumps(data, indent=2))
            return
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(data, f, indent=2)
            f.write("\n")
    print(result.facts_text(facts) + "\n")
    compared = [r for r in results if r.group in ("section8", "control")]
    if compared:
        print(result.main_table(compared))
    others = [r for r in results if r.group == "rfc3918"]
    if others:
        print("\nRFC 3918" + (f", at most {rfc3918.ROUNDS_MAX} rounds" if args.rounds > 1 else "")
              + "\n" + result.plain_table(others))
    costs = [r for r in results if r.group == "curves"]
    if costs:
        print("\nOne more output\n" + result.plain_table(costs))
    if args.cycles:
        print("\n" + result.cycles_table(results))
    if args.quick:
        print("\n--quick: these figures show that it runs, no more")
    for line in failed:
        print(f"could not run: {line}")


def main(args: argparse.Namespace) -> int:
    if not os.path.exists(args.stargd):
        host.say(f"scripts/bench: {args.stargd} is not there: leave out --no-build, or name the "
                 "build directory with --build")
        return 2
    leave_on_signals()
    facts = host.facts()
    host.leave_the_workers_cpu()
    work = tempfile.mkdtemp(prefix="starg-bench-")
    bench = Bench(args.stargd, args.build, work, args.rounds, args.seconds, args.quick,
                  root=os.geteuid() == 0 and not args.no_root, place=args.buffers)
    try:
        with bench.stack:
            results, failed = run_rows(bench, chosen(args))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report(args, facts, results, failed)
    if args.plot and not plotted(args.plot, results, facts):
        return 1
    return 1 if failed else 0


def plotted(path: str, results: list[result.Result], facts: dict) -> bool:
    """Whether the picture is there; says why not."""
    if not curves.drawable(results):
        host.say(f"{path}: neither outputs nor matrix could be measured, nothing to draw")
        return False
    try:
        curves.draw(path, results, facts)
    except (OSError, ValueError, ImportError) as error:
        host.say(f"{path}: {error}")
        return False
    host.say(f"{path}: drawn")
    return True


def list_rows() -> None:
    for i, (name, needs_root, group, _) in enumerate(ROWS, 1):
        print(f"{i:3} {name:<16} {group}{' (root)' if needs_root else ''}")
    sys.stdout.flush()
