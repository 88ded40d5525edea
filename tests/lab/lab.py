# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Network namespaces with hosts and routers in them, for tests and for the demo.

Every name carries the process id, so that labs may run side by side, and everything a Lab made is
gone when its `with` block ends, whatever ended it. Only processes it started are killed.
"""
from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STARG_BUILD", ROOT / "build")).resolve()
STARGD = BUILD / "app" / "stargd"
STARGCTL = BUILD / "app" / "stargctl"
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class LabError(RuntimeError):
    """Something the lab itself needs went wrong."""


def sh(*argv: str, check: bool = True, timeout: float = 30) -> subprocess.CompletedProcess:
    r = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                       timeout=timeout)
    if check and r.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {r.returncode}\n{r.stdout}{r.stderr}")
    return r


def wait_for(what: str, condition, timeout_s: float = 10, step_s: float = 0.05):
    """The first true value of condition(), or an assertion that names what did not happen."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(step_s)


class Node:
    """A namespace: a host, a router or a switch."""

    def __init__(self, lab: "Lab", name: str):
        self.lab, self.name = lab, name
        self.ns = f"{lab.prefix}-{name}"
        sh("ip", "netns", "add", self.ns)
        lab.nodes.append(self)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *argv: str, check: bool = True, timeout: float = 30):
        return sh("ip", "netns", "exec", self.ns, *argv, check=check, timeout=timeout)

    def ip(self, *argv: str, check: bool = True):
        return sh("ip", "-n", self.ns, *argv, check=check)

    def sysctl(self, key: str, value: object) -> None:
        self.run("sysctl", "-qw", f"{key}={value}")

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in the namespace; sockets made here stay in it."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.ns}", os.O_RDONLY)
        try:
            if _libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"setns {self.ns}")
            yield
        finally:
            if _libc.setns(home, CLONE_NEWNET):
                os._exit(70)  # nothing sensible can follow in a foreign namespace
            os.close(there)
            os.close(home)

    def popen(self, *argv: str, **kw) -> subprocess.Popen:
        """`ip netns exec` becomes the program, so the process id is the program's. Ctrl-C is not
        for it: close() ends it. If this process is killed, it ends too."""
        kw.setdefault("stdin", subprocess.DEVNULL)
        proc = subprocess.Popen(["ip", "netns", "exec", self.ns, *argv], start_new_session=True,
                                preexec_fn=_end_with_parent, **kw)
        self.lab.procs.append(proc)
        return proc

    def mac(self, ifname: str) -> str:
        return json.loads(self.run("ip", "-j", "link", "show", ifname).stdout)[0]["address"]

    def address(self, ifname: str, *addresses: str, gateway: str = "") -> None:
        """Addresses of a host; its checksums are finished by software: what starg forwards left
        the host without passing a NIC that would do it."""
        for a in addresses:
            self.ip("addr", "add", a, "dev", ifname)
        self.ip("link", "set", ifname, "up")
        self.run("ethtool", "-K", ifname, "tx", "off")
        if gateway:
            self.ip("route", "add", "default", "via", gateway)

    def socket(self, *args) -> socket.socket:
        with self.inside():
            return socket.socket(*args)

    def raw(self, ifname: str) -> socket.socket:
        """All frames of an interface, in both directions."""
        s = self.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)  # SO_RCVBUFFORCE
        s.bind((ifname, 0))
        s.settimeout(0.1)
        return s


class Router(Node):
    """A namespace with a stargd in it. Ports are veth ends under net_af_packet."""

    def __init__(self, lab: "Lab", name: str):
        super().__init__(lab, name)
        self.dir = lab.dir / name
        self.dir.mkdir()
        self.file = self.dir / "starg.conf"
        self.sock = self.dir / "ctl.sock"
        self.log_path = self.dir / "log"
        self.proc: subprocess.Popen | None = None
        self.before: tuple[str, ...] = ()  # words in front of stargd's own: a program that starts it
        self.sysctl("net.ipv4.ip_forward", 1)

    def configure(self, ports: dict[str, str], interfaces: str, rest: str = "", router: str = "",
                  workers: int = 0, huge: bool = False) -> None:
        """ports: netdev by port name; interfaces and rest: text of the file."""
        port_list = ",\n".join(
            f'  {{ name = "{p}"; device = "net_af_packet{n},iface={dev}"; }}'
            for n, (p, dev) in enumerate(ports.items()))
        text = (f'router: {{ name = "{self.name}"; workers = {workers}; poll = "adaptive"; '
                f'huge = {str(huge).lower()}; {router} }};\n'
                f'control: {{ socket = "{self.sock}"; }};\n'
                f"ports: (\n{port_list}\n);\ninterfaces: (\n{interfaces}\n);\n{rest}\n")
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)

    def start(self, wait: bool = True) -> None:
        for dev in self.veths():
            self.run("ethtool", "-K", dev, "tx", "off", check=False)
        log = open(self.log_path, "a")
        env = dict(os.environ, XDG_RUNTIME_DIR=str(self.dir))
        self.proc = self.popen(*self.before, str(STARGD), "-c", str(self.file), stdout=log, stderr=log,
                               env=env, cwd=self.dir)
        log.close()
        if wait:
            self.wait_ready()

    def veths(self) -> list[str]:
        links = json.loads(self.run("ip", "-j", "-d", "link", "show").stdout)
        return [l["ifname"] for l in links
                if l.get("linkinfo", {}).get("info_kind") == "veth"]

    def wait_ready(self) -> None:
        def ready():
            if self.proc.poll() is not None:
                raise AssertionError(f"stargd {self.name} ended with {self.proc.returncode}:\n"
                                     + self.log())
            return self.sock.exists() and self.try_ctl("show worker") is not None
        try:
            wait_for(f"stargd {self.name} answers", ready, 20, 0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def stop(self) -> int:
        """Its exit code."""
        if self.proc is None:
            return 0
        proc, self.proc = self.proc, None
        if proc.poll() is None:
            proc.send_signal(signal.SIGTERM)
            try:
                proc.wait(10)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
                raise AssertionError(f"stargd {self.name} did not leave on SIGTERM:\n"
                                     + self.log()) from None
        return proc.returncode

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def _ctl(self, json_wanted: bool, command: str):
        argv = [str(STARGCTL), "-s", str(self.sock)] + ["-j"] * json_wanted + command.split()
        return subprocess.run(argv, capture_output=True, text=True, timeout=20,
                              stdin=subprocess.DEVNULL)

    def ctl(self, command: str):
        """JSON of a command."""
        r = self._ctl(True, command)
        assert r.returncode == 0, f"{self.name}: {command}: {r.stderr}{r.stdout}\n{self.log()}"
        return json.loads(r.stdout) if r.stdout.strip() else None

    def try_ctl(self, command: str):
        r = self._ctl(True, command)
        return json.loads(r.stdout or "null") if r.returncode == 0 else None

    def text(self, command: str) -> str:
        return self._ctl(False, command).stdout

    def routes(self) -> list[dict]:
        return self.ctl("show mroute")["routes"]

    def interfaces(self) -> list[dict]:
        return self.ctl("show interface")["interfaces"]

    def drops(self) -> dict[str, int]:
        return {d["reason"]: d["packets"] for d in self.ctl("show drop")["drops"] if d["packets"]}

    def rss_kb(self) -> int:
        status = pathlib.Path(f"/proc/{self.proc.pid}/status").read_text()
        return int(next(l for l in status.splitlines() if l.startswith("VmRSS")).split()[1])


class Lab:
    def __init__(self, name: str = "sg"):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root: run it with sudo")
        self.prefix = f"{name}{os.getpid()}-{threading.get_ident() % 1000}"
        self.nodes: list[Node] = []
        self.procs: list[subprocess.Popen] = []
        self.closers: list = []
        self.watchers: list = []  # called with the ends of every new cable
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"starg-lab-{os.getpid()}-"))

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def host(self, name: str) -> Node:
        return Node(self, name)

    def router(self, name: str) -> Router:
        return Router(self, name)

    def link(self, a: Node, a_if: str, b: Node, b_if: str) -> None:
        """A cable, up at both ends, with unfinished checksums of neither."""
        sh("ip", "link", "add", a_if, "netns", a.ns, "type", "veth",
           "peer", "name", b_if, "netns", b.ns)
        for node, dev in ((a, a_if), (b, b_if)):
            node.ip("link", "set", dev, "up")
            node.run("ethtool", "-K", dev, "tx", "off")
        for watch in self.watchers:
            watch(a, a_if, b, b_if)

    def on_close(self, function) -> None:
        self.closers.append(function)

    def close(self) -> None:
        """Ends and removes everything; goes on whatever fails."""
        for function in reversed(self.closers):
            with contextlib.suppress(Exception):
                function()
        for proc in reversed(self.procs):
            if proc.poll() is None:
                proc.terminate()
        end = time.monotonic() + 5
        for proc in self.procs:
            try:
                proc.wait(max(0.05, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
        for node in self.nodes:
            with contextlib.suppress(Exception):
                sh("ip", "netns", "del", node.ns, check=False)
        if os.environ.get("STARG_KEEP"):
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        self.nodes, self.procs, self.closers = [], [], []


def leave_on_signals() -> None:
    """Ctrl-C, SIGTERM and SIGHUP end the program through its `finally` blocks, even where the
    parent had them ignored."""
    def leave(number, _frame):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
