# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The veth lab: a source, three receivers and a router in network namespaces. The router is in turn
starg on AF_XDP, starg on AF_PACKET and the kernel's own multicast routing, set by smcrouted.

What counts is what the receivers' interfaces have received. The processor time is that of the sender, the
router and the kernel's softirq threads together, for the kernel forwards in the sender's.
"""
from __future__ import annotations

import contextlib
import glob
import os
import shutil
import subprocess
import sys
import time

from . import conf, frames, host, measure, stargd
from .result import Result
from .rows import Bench

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

OUTPUTS = 3
FLOWS = 64


def parse_net_dev(text: str) -> dict[str, tuple[int, int]]:
    """(received, sent) packets by interface, of /proc/net/dev."""
    out = {}
    for line in text.splitlines()[2:]:
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) >= 10:
            out[name.strip()] = (int(words[1]), int(words[9]))
    return out


class Net:
    """The namespaces and cables."""

    def __init__(self, lab):
        self.lab = lab
        self.src, self.router = lab.host("src"), lab.host("r")
        self.hosts = [lab.host(f"h{i}") for i in range(OUTPUTS)]
        for node in (self.src, self.router, *self.hosts):
            node.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        lab.link(self.src, "eth0", self.router, "in0")
        for i, h in enumerate(self.hosts):
            lab.link(self.router, f"o{i}", h, "eth0")
        for i, dev in enumerate(self.devices()):
            self.router.ip("addr", "add", "10.0.0.254/24" if i == 0 else f"172.16.{i}.1/24",
                           "dev", dev)

    @staticmethod
    def devices() -> list[str]:
        return ["in0"] + [f"o{i}" for i in range(OUTPUTS)]

    def packets(self) -> tuple[int, int]:
        """Received by all receivers, sent by the source."""
        def read(node):
            with node.inside():
                return parse_net_dev(host.read("/proc/thread-self/net/dev"))["eth0"]
        return sum(read(h)[0] for h in self.hosts), read(self.src)[1]

    def kernel_settings(self, rps: bool) -> None:
        """As a Linux router has them, whatever a router before has set."""
        for dev in self.devices():
            for key, value in (("forwarding", 1), ("rp_filter", 0), ("arp_ignore", 0)):
                self.router.sysctl(f"net.ipv4.conf.{dev}.{key}", value)
        self.router.sysctl("net.ipv4.conf.all.rp_filter", 0)
        mask = f"{1 << host.ALL_CPUS[-1]:x}" if rps else "0"
        self.router.run("sh", "-c", f"echo {mask} > /sys/class/net/in0/queues/rx-0/rps_cpus")


def softirq_threads() -> list[int]:
    return [int(p.split("/")[2]) for p in glob.glob("/proc/[0-9]*/comm")
            if host.read(p).startswith("ksoftirqd/")]


class Contender:
    """A router in the lab, there only from start() to stop(): what takes packets on an interface would
    take them from the others too."""

    def __init__(self, name: str, net: Net, work: str):
        self.name, self.net, self.work = name, net, work
        self.sender: subprocess.Popen | None = None
        self.softirqs = softirq_threads()

    def pid(self) -> int:
        return 0

    def begin(self) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        self.begin()
        self.sender = host.popen(["ip", "netns", "exec", self.net.src.ns, sys.executable, "-B",
                                  os.path.join(HERE, "sender.py"), "eth0", str(FLOWS)])
        os.sched_setaffinity(self.sender.pid, host.ALL_CPUS[:1])
        until, first = time.monotonic() + 20, self.net.packets()[0]
        while self.net.packets()[0] < first + 1000:
            if time.monotonic() > until:
                raise RuntimeError(f"{self.name}: nothing arrives at the receivers: "
                                   + self.trouble())
            time.sleep(0.05)

    def stop(self) -> None:
        host.end(self.sender)
        self.finish()

    def clock(self) -> tuple[int, int]:
        cpu = wait = 0
        pids = [p for p in (self.sender.pid, self.pid()) if p]
        tasks = [(p, int(t)) for p in pids for t in os.listdir(f"/proc/{p}/task")]
        for pid, tid in tasks + [(t, t) for t in self.softirqs]:
            c, w = host.thread_time(pid, tid)
            cpu, wait = cpu + c, wait + (w if (pid, tid) in tasks else 0)
        return cpu, wait

    def read(self) -> measure.Reading:
        return measure.take_reading(self.net.packets, self.clock)

    def trouble(self) -> str:
        return ""


class Starg(Contender):
    def __init__(self, name: str, net: Net, work: str, program: str, device: str):
        super().__init__(name, net, work)
        self.program, self.device = program, device
        self.router: stargd.Stargd | None = None

    def text(self, socket_path: str) -> str:
        ports = [f'{{ name = "{dev}"; device = "{self.device}{i},iface={dev}"; }}'
                 for i, dev in enumerate(Net.devices())]
        ifs = ['{ name = "src"; port = "in0"; exception = "none"; address = "10.0.0.254/24"; }']
        ifs += [f'{{ name = "lan{i}"; port = "o{i}"; exception = "none"; '
                f'address = "172.16.{i + 1}.1/24"; }}' for i in range(OUTPUTS)]
        setup = conf.Setup("", outputs=OUTPUTS)
        routes = [conf.route_text(setup, s, g) for s, g in frames.flows(FLOWS)]
        return ('router: { name = "bench"; workers = 1; poll = "busy"; huge = false; };\n'
                f"ports: ( {', '.join(ports)} );\ninterfaces: ( {', '.join(ifs)} );\n"
                f"static: {{ routes: ( {', '.join(routes)} ); }};\n"
                f'control: {{ socket = "{socket_path}"; }};\n')

    def pid(self) -> int:
        return self.router.proc.pid if self.router else 0

    def begin(self) -> None:
        self.router = stargd.Stargd(self.program, self.text, self.work, self.name,
                                    ("ip", "netns", "exec", self.net.router.ns))
        self.router.start()

    def finish(self) -> None:
        if self.router:
            self.router.close()
        self.router = None

    def trouble(self) -> str:
        return f"{self.router.trouble()}\n{self.router.log_text()}" if self.router else ""


class Kernel(Contender):
    def __init__(self, name: str, net: Net, work: str, program: str, rps: bool):
        super().__init__(name, net, work)
        self.program, self.rps = program, rps
        self.proc: subprocess.Popen | None = None

    def text(self) -> str:
        outs = " ".join(Net.devices()[1:])
        lines = [f"phyint {dev} enable" for dev in Net.devices()]
        lines += [f"mroute from in0 source {s} group {g} to {outs}" for s, g in frames.flows(FLOWS)]
        return "\n".join(lines) + "\n"

    def begin(self) -> None:
        self.net.kernel_settings(self.rps)
        path = os.path.join(self.work, "smcroute.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.text())
        with open(os.path.join(self.work, "smcrouted.log"), "wb") as log:
            self.proc = host.popen(
                ["ip", "netns", "exec", self.net.router.ns, self.program, "-n", "-N", "-f", path,
                 "-P", os.path.join(self.work, "smcrouted.pid"),
                 "-u", os.path.join(self.work, "smcrouted.sock")], stdout=log, stderr=log)
        until = time.monotonic() + 20
        while self.routes() < FLOWS:
            if self.proc.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"smcrouted set {self.routes()} of {FLOWS} routes: "
                                   + self.trouble())
            time.sleep(0.05)

    def routes(self) -> int:
        return len(self.net.router.ip("mroute", "show").stdout.splitlines())

    def finish(self) -> None:
        host.end(self.proc)
        self.proc = None

    def trouble(self) -> str:
        return host.read(os.path.join(self.work, "smcrouted.log"))[-1000:]


def smcrouted(bench: Bench) -> str:
    """Installed, or unpacked beside the build: its package conflicts with FRR's."""
    found = shutil.which("smcrouted")
    place = os.path.join(bench.build, "peers")
    unpacked = os.path.join(place, "usr", "sbin", "smcrouted")
    if found or os.path.exists(unpacked):
        return found or unpacked
    os.makedirs(place, exist_ok=True)
    with contextlib.ExitStack() as stack:
        there = os.path.join(bench.work, "apt")
        os.makedirs(there, exist_ok=True)
        os.chmod(bench.work, 0o755)
        stack.callback(shutil.rmtree, there, ignore_errors=True)
        for update_first in (False, True):
            if update_first:
                subprocess.run(["apt-get", "update"], capture_output=True, check=False)
            subprocess.run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "smcroute"],
                           cwd=there, capture_output=True, check=False)
            packages = glob.glob(os.path.join(there, "smcroute_*.deb"))
            if packages:
                subprocess.run(["dpkg", "-x", packages[0], place], check=True)
                return unpacked
    raise RuntimeError("smcrouted is not there and apt-get cannot download its package (smcroute)")


def veth(bench: Bench) -> list[Result]:
    from lab import Lab  # tests/lab: only this row needs it
    program = smcrouted(bench)
    with Lab("bench") as made:
        net = Net(made)
        rps = len(host.ALL_CPUS) > 1
        contenders = [Starg("starg af_xdp", net, bench.work, bench.stargd, "net_af_xdp"),
                      Starg("starg af_packet", net, bench.work, bench.stargd, "net_af_packet"),
                      Kernel("kernel mroute", net, bench.work, program, rps=False)]
        if rps:
            contenders.append(Kernel("kernel mroute, receive steering", net, bench.work, program,
                                     rps=True))
        samples = measure.alternate(contenders, bench.rounds, bench.seconds, "veth")
    rates = [measure.rate(s) for s in samples]
    best = max(range(2, len(rates)), key=lambda i: rates[i].pps)
    return [_row(contenders, rates, samples, i, best) for i in (0, 1)]


def _row(contenders, rates, samples, i: int, best: int) -> Result:
    """Against the faster of the kernel's two ways. The goal is a rate: the clock decides."""
    out = Result("veth", f"veth lab, {contenders[i].name[6:].upper()}, {OUTPUTS} outputs",
                 contenders[best].name, ours=rates[i], theirs=rates[best],
                 goal_ratio=1.0 if i == 0 else 0.0)
    out.ratio = measure.ratio(rates[i], rates[best])
    out.ratio.by = "wall"
    out.figures = {"offered_pps": {c.name: s[0].rx / s[0].wall_s
                                   for c, s in zip(contenders, samples)},
                   "received_pps": {c.name: r.pps for c, r in zip(contenders, rates)}}
    if i == 0:
        out.notes.append("received by three receivers, Mpps: " + ", ".join(
            f"{c.name} {r.pps / 1e6:.2f} (offered {s[0].rx / s[0].wall_s / 1e6:.2f})"
            for c, r, s in zip(contenders, rates, samples)))
    return out.judge()
