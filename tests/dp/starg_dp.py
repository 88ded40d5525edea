# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Runs the real stargd, without root, on pcap files, and compares what it sent with the oracle.

A port is a net_pcap device: its input is read once from the first packet to the last, what it
sends is written to another file. The router counts; the harness waits until it has counted every
input packet and nothing moves any more, then asks for the counters and ends it with SIGTERM.
"""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from model import Config
from headers import outer_normal
from oracle import Expected, Oracle

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STARG_BUILD", ROOT / "build")).resolve()
STARGD = BUILD / "app" / "stargd"
STARGCTL = BUILD / "app" / "stargctl"
TIMEOUT_S = float(os.environ.get("STARG_TIMEOUT", "20"))


def write_pcap(path: pathlib.Path, frames: list[bytes]) -> None:
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            f.write(struct.pack("<IIII", 1, i, len(frame), len(frame)) + frame)


def read_pcap(path: pathlib.Path) -> list[bytes]:
    data = path.read_bytes()
    frames, at = [], 24
    while at + 16 <= len(data):
        caplen = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + caplen])
        at += 16 + caplen
    assert at == len(data), f"{path} ends in the middle of a packet"
    return frames


def spread(frames: list[bytes], queues: int) -> list[list[bytes]]:
    """As a port with several receive queues does: by IP addresses, what has none in the first."""
    out = [[] for _ in range(queues)]
    for frame in frames:
        ip = frame[14:]
        kind = frame[12:14]
        addresses = (ip[12:20] if kind == b"\x08\x00" else ip[8:40] if kind == b"\x86\xdd"
                     else b"")
        out[zlib.crc32(addresses) % queues if addresses else 0].append(frame)
    return out


class Failed(AssertionError):
    """stargd or stargctl did not do what the harness needs."""


@dataclass
class Result:
    frames: dict[str, list[bytes]]
    state: dict[str, object] = field(default_factory=dict)  # JSON by command
    log: str = ""

    def drops(self) -> Counter:
        """Drop reasons that are not zero."""
        return drop_counts(self.state["show drop"])

    def routes(self) -> dict[tuple[str, str], dict]:
        return {(r["source"], r["group"]): r for r in self.state["show mroute"]["routes"]}

    def interfaces(self) -> dict[str, dict]:
        """Counters by interface."""
        return {i["name"]: i["counters"] for i in self.state["show interface"]["interfaces"]}

    def workers(self) -> list[dict]:
        return self.state["show worker"]["workers"]


def upcalls(worker: dict) -> dict[str, dict[str, int]]:
    """Counters of the signals to control by kind."""
    return {u["kind"]: {k: v for k, v in u.items() if k != "kind"} for u in worker["upcalls"]}


def drop_counts(shown) -> Counter:
    return Counter({d["reason"]: d["packets"] for d in shown["drops"] if d["packets"]})


class Router:
    """A running stargd in a directory of its own."""

    STATE = ("show drop", "show mroute", "show interface", "show worker", "show memory",
             "show port stats", "show route", "show neighbor")

    def __init__(self, config: Config, inputs: dict[str, list[bytes]]):
        self.config, self.inputs = config, inputs
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="starg-dp-"))
        self.socket = self.dir / "ctl.sock"
        devices = {}
        for n, port in enumerate(config.ports):
            queues = spread(inputs.get(port.name, []), port.rx_queues)
            for q, frames in enumerate(queues):
                write_pcap(self.dir / f"{port.name}.in{q}", frames)
            rx = ",".join(f"rx_pcap={self.dir}/{port.name}.in{q}" for q in range(len(queues)))
            devices[port.name] = f"net_pcap{n},{rx},tx_pcap={self.dir}/{port.name}.out"
        self.file = self.dir / "starg.conf"
        self.file.write_text(config.text(devices, str(self.socket)))
        self.log = open(self.dir / "log", "w+")
        self.proc: subprocess.Popen | None = None

    def __enter__(self) -> "Router":
        env = dict(os.environ, XDG_RUNTIME_DIR=str(self.dir))
        try:
            self.proc = subprocess.Popen([str(STARGD), "-c", str(self.file)],
                                         stdin=subprocess.DEVNULL, stdout=self.log,
                                         stderr=self.log, env=env, cwd=self.dir)
        except OSError:
            shutil.rmtree(self.dir, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind, value, tb) -> None:
        try:
            self.stop(check=kind is None)
        finally:
            self.log.close()
            if kind is not None and os.environ.get("STARG_KEEP"):
                print(f"kept: {self.dir}")
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def log_text(self) -> str:
        return (self.dir / "log").read_text(errors="replace")

    def stop(self, check: bool = True) -> None:
        if self.proc is None:
            return
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            code = self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            raise Failed("stargd did not leave within 10 s of SIGTERM:\n" + self.log_text()) from None
        finally:
            self.proc_code = self.proc.returncode
            self.proc = None
        if check and code != 0:
            raise Failed(f"stargd left with {code}:\n" + self.log_text())

    def ctl(self, command: str, check: bool = True):
        """JSON of a command; None while nobody answers (check false)."""
        r = subprocess.run([str(STARGCTL), "-s", str(self.socket), "-j", *command.split()],
                           capture_output=True, text=True, timeout=TIMEOUT_S)
        if r.returncode != 0:
            if check:
                raise Failed(f"stargctl {command}: {r.returncode} {r.stderr}{r.stdout}\n"
                             + self.log_text())
            return None
        return json.loads(r.stdout) if r.stdout.strip() else None

    def wait_ready(self) -> None:
        end = time.monotonic() + TIMEOUT_S
        while not self.socket.exists() or self.ctl("show worker", check=False) is None:
            if self.proc.poll() is not None:
                raise Failed(f"stargd ended with {self.proc.returncode}:\n{self.log_text()}")
            if time.monotonic() > end:
                raise Failed("stargd does not answer:\n" + self.log_text())
            time.sleep(0.02)
        self.check_macs()

    def check_macs(self) -> None:
        for port in self.ctl("show port info")["ports"]:
            mine = self.config.port_mac(port["name"])
            assert port["mac"] == mine, f"{port['name']} has {port['mac']}, tests expect {mine}"

    def wait_done(self) -> None:
        """Until every input packet is counted and two looks at the counters are equal."""
        want = {p.name: len(self.inputs.get(p.name, [])) for p in self.config.ports}
        end, before = time.monotonic() + TIMEOUT_S, None
        while True:
            stats = {p["name"]: p for p in self.ctl("show port stats")["ports"]}
            have = {name: stats[name]["rx_packets"] for name in want}
            now = (stats, self.ctl("show drop"),
                   [i["counters"] for i in self.ctl("show interface")["interfaces"]])
            if have == want and now == before:
                return
            if self.proc.poll() is not None:
                raise Failed(f"stargd ended with {self.proc.returncode}:\n{self.log_text()}")
            if time.monotonic() > end:
                raise Failed(f"input packets counted {have}, of {want}:\n{self.log_text()}")
            before = now
            time.sleep(0.03)

    def collect(self) -> Result:
        state = {c: self.ctl(c) for c in self.STATE}
        self.stop()
        frames = {p.name: [outer_normal(f) for f in read_pcap(self.dir / f"{p.name}.out")]
                  for p in self.config.ports}
        return Result(frames, state, self.log_text())


def run(config: Config, inputs: dict[str, list[bytes]]) -> Result:
    with Router(config, inputs) as router:
        router.wait_ready()
        router.wait_done()
        return router.collect()


# --- comparison ----------------------------------------------------------------------------------

def hexdump(frame: bytes) -> str:
    from scapy.layers.l2 import Ether
    return f"{frame.hex()}\n      {Ether(frame).summary()}"


def difference(expected: list[bytes], got: list[bytes]) -> str:
    missing, extra = Counter(expected) - Counter(got), Counter(got) - Counter(expected)
    lines = [f"expected {len(expected)} frames, got {len(got)}; missing {sum(missing.values())}, "
             f"unexpected {sum(extra.values())}"]
    for name, frames in (("missing", missing), ("unexpected", extra)):
        lines += [f"  {name} {n} x {hexdump(f)}" for f, n in list(frames.items())[:3]]
    return "\n".join(lines)


def check_frames(exp: Expected, result: Result) -> None:
    for port, frames in exp.frames.items():
        assert Counter(frames) == Counter(result.frames[port]), \
            f"port {port}: " + difference(frames, result.frames[port])
        flows = defaultdict(set)
        for f, flow in zip(frames, exp.flows[port]):
            flows[f].add(flow)
        # the same bytes may leave for two outputs (a last fragment without ports): such have no order
        flow_of = {f: of.pop() for f, of in flows.items() if len(of) == 1}
        want, got = defaultdict(list), defaultdict(list)
        for into, order in ((want, frames), (got, result.frames[port])):
            for f in order:
                if f in flow_of:
                    into[flow_of[f]].append(f)
        assert want == got, f"port {port}: a flow was reordered"


def check_drops(exp: Expected, result: Result) -> None:
    want, got = +exp.drops, result.drops()
    assert got == want, f"drops: too many {dict(got - want)}, too few {dict(want - got)}"


def check_routes(exp: Expected, config: Config, result: Result) -> None:
    routes = result.routes()
    for r in config.routes:
        key = (r.source, r.group)
        got = routes[key]["counters"]
        assert got["packets"] == exp.route_packets[key], f"packets of {key}"
        assert got["bytes"] == exp.route_bytes[key], f"bytes of {key}"
        assert got["wrong_if"] == exp.route_wrong_if[key], f"wrong_if of {key}"
        assert got["dropped"] == exp.route_dropped[key], f"dropped of {key}"


def check_signals(exp: Expected, result: Result) -> None:
    """Every unknown or misplaced packet signals, is held back by a gate, policed or lost; the
    first is sent."""
    for kind in ("nocache", "wrongvif"):
        seen = Counter()
        for w in result.workers():
            seen.update(upcalls(w)[kind])
        assert sum(seen.values()) == exp.signals[kind], f"{kind}: {dict(seen)}"
        assert not exp.signals[kind] or seen["sent"] >= 1, f"{kind}: {dict(seen)}"


def check(config: Config, inputs: dict[str, list[bytes]]) -> tuple[Expected, Result]:
    """Runs router and oracle on the same input and compares everything they both know."""
    exp = Oracle(config).run(inputs)
    result = run(config, inputs)
    check_frames(exp, result)
    check_drops(exp, result)
    check_routes(exp, config, result)
    check_signals(exp, result)
    for name, i in result.interfaces().items():
        assert i["tx_packets"] == exp.if_tx[name], f"tx_packets of {name}"
        assert i["tx_fragmented"] == exp.if_cut[name], f"tx_fragmented of {name}"
    return exp, result
