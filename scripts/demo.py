# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The demo: two stargs, a source and three receivers in network namespaces.

Sends a numbered stream through all of it, shows the rates while it runs and what became of every
packet at the end. Exits 0 only if nothing was lost or duplicated. Whatever ends it, nothing of it
stays behind.
"""
from __future__ import annotations

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

from demo_net import GROUP, PORT, DemoNet  # noqa: E402
from lab import STARGCTL, STARGD, Lab, LabError, leave_on_signals  # noqa: E402
from stream import Receiver, Sender, settle, warm_up  # noqa: E402

PICTURE = """
                    +------------- starg A -------------+
  source 10.0.0.1 --| src                           lan |-- 1 native   10.1.0.2  group 239.1.1.1
                    |                               edge|-- 2 unicast  10.4.0.2  UDP port 6000
                    | wan: GRE tunnel, key 7            |
                    +--------------+--------------------+
                                   | 10.2.0.0/24
                    +--------------+ starg B -----------+
                    | wan                           lan |-- 3 remote   10.3.0.2  group 239.1.1.1
                    +-----------------------------------+
"""


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(
        prog="scripts/demo", description="Multicast from a source through two starg routers to a "
        "native receiver, a unicast one (head-end replication) and one behind a GRE tunnel.",
        epilog="Needs root, for network namespaces. Exit code: 0 if nothing was lost or duplicated.")
    p.add_argument("--seconds", type=float, default=10, metavar="N", help="how long to send (10)")
    p.add_argument("--rate", type=int, default=2000, metavar="PPS", help="packets a second (2000)")
    p.add_argument("--shell", action="store_true",
                   help="keep it running with router A's shell in front; all ends with the shell")
    args = p.parse_args()
    if args.seconds <= 0 or not 0 < args.rate <= 100000:
        p.error("--seconds must be above 0, --rate from 1 to 100000")
    return args


class Live:
    """Rates while the stream runs: one line that is written over on a terminal, else a line a
    second."""

    def __init__(self, sender: Sender, receivers: list[Receiver]):
        self.sender, self.receivers = sender, receivers
        self.tty = sys.stdout.isatty()
        self.began = self.at = time.monotonic()
        self.before = [0] * (len(receivers) + 1)

    def show(self) -> None:
        now = time.monotonic()
        counts = [self.sender.sent] + [r.received(self.sender.stream) for r in self.receivers]
        rates = [(c - b) / (now - self.at) for c, b in zip(counts, self.before)]
        names = ["sent"] + [r.name for r in self.receivers]
        line = f"  {now - self.began:5.1f} s  " + "   ".join(
            f"{n} {rate:5.0f}/s" for n, rate in zip(names, rates))
        print(("\r" + line) if self.tty else line, end="" if self.tty else "\n", flush=True)
        self.at, self.before = now, counts

    def end(self) -> None:
        if self.tty:
            print()


def run_stream(net: DemoNet, receivers: list[Receiver], args: argparse.Namespace) -> bool:
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=args.rate)
    live = Live(sender, receivers)
    sender.start()
    end = time.monotonic() + args.seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(1.0, left))
        live.show()
    sender.stop()
    live.end()
    settle(sender, receivers)
    return table(sender, receivers)


def table(sender: Sender, receivers: list[Receiver]) -> bool:
    columns = ("receiver", "sent", "delivered", "lost", "duplicated", "reordered")
    form = "  {:<20}" + "{:>11}" * 5
    print("\n" + form.format(*columns))
    clean = True
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        print(form.format(r.name, report.sent, report.delivered, report.lost, report.duplicated,
                          report.reordered))
        clean = clean and report.clean
    print("\n" + ("  every packet arrived everywhere, once" if clean else
                  "  packets were lost or duplicated: see `show drop` (scripts/demo --shell)"))
    return clean


def shell(net: DemoNet) -> None:
    print(f"""
  Router A's shell; try `show mroute`, `show interface`, `show neighbor`, `help`; `quit` ends the
  demo. From another terminal: {STARGCTL} -s {net.a.sock}
  The stream goes on meanwhile, 100 packets a second.
""", flush=True)
    background = Sender(net.host, GROUP, PORT, "eth0", rate=100).start()
    # Ctrl-C is the shell's meanwhile.
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        subprocess.run([str(STARGCTL), "-s", str(net.a.sock)], check=False,
                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    finally:
        signal.signal(signal.SIGINT, ours)
        background.close()


def demo(args: argparse.Namespace) -> int:
    print(PICTURE)
    with Lab("demo") as lab:
        net = DemoNet(lab)
        net.start()
        receivers = net.receivers()
        warm_up(net.host, GROUP, PORT, "eth0", receivers)
        print(f"  {args.rate} packets a second for {args.seconds:g} s from 10.0.0.1 to {GROUP}:\n",
              flush=True)
        clean = run_stream(net, receivers, args)
        if args.shell:
            shell(net)
        for router in (net.a, net.b):
            code = router.stop()
            if code != 0:
                print(f"  stargd {router.name} left with {code}:\n{router.log()}")
                clean = False
    return 0 if clean else 1


def main() -> int:
    args = arguments()
    if not STARGD.exists():
        print(f"scripts/demo: {STARGD} is not there: run scripts/demo, which builds it",
              file=sys.stderr)
        return 1
    leave_on_signals()
    try:
        return demo(args)
    except (LabError, AssertionError) as error:
        print(f"\nscripts/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n  interrupted: everything is cleaned up", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


if __name__ == "__main__":
    sys.exit(main())
