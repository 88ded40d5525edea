# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Routers of other makes in namespaces: FRR (zebra, pimd, ospfd) and pimd. And shared LANs."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess

from lab import Lab, LabError, Node, sh, wait_for

FRR_BIN = pathlib.Path("/usr/lib/frr")
CACHE = pathlib.Path(os.environ.get("STARG_CACHE", "/var/cache/starg"))


def unpacked(package: str, program: str) -> pathlib.Path:
    """A program of a Debian package that cannot be installed beside FRR: downloaded and unpacked once."""
    found = CACHE / package / program
    if not found.exists():
        with_deb = CACHE / f"{package}.deb.d"
        shutil.rmtree(with_deb, ignore_errors=True)
        with_deb.mkdir(parents=True)
        r = subprocess.run(["apt-get", "download", package], cwd=with_deb, capture_output=True,
                           text=True, stdin=subprocess.DEVNULL, timeout=120)
        debs = list(with_deb.glob("*.deb"))
        if r.returncode or not debs:
            raise LabError(f"apt-get download {package}: {r.stderr}")
        sh("dpkg", "-x", str(debs[0]), str(CACHE / package))
        shutil.rmtree(with_deb)
    return found


class Switch(Node):
    """A LAN with several ends, which floods every group."""

    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.ports = 0
        self.ip("link", "add", "name", "lan", "type", "bridge", "mcast_snooping", "0", "stp_state", "0",
                "forward_delay", "0")
        self.sysctl("net.ipv6.conf.lan.disable_ipv6", 1)
        self.ip("link", "set", "lan", "up")

    def plug(self, node: Node, ifname: str) -> str:
        """A cable to node; the name of its end here."""
        port = f"s{self.ports}"
        self.ports += 1
        self.lab.link(node, ifname, self, port)
        self.ip("link", "set", port, "master", "lan")
        return port


class KernelRouter(Node):
    """A namespace whose kernel forwards; its interfaces' addresses are the kernel's."""

    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.sysctl("net.ipv4.ip_forward", 1)
        for where in ("all", "default"):
            self.sysctl(f"net.ipv4.conf.{where}.rp_filter", 0)
        self.dir = lab.dir / name
        self.dir.mkdir()

    def loopback(self, address: str) -> None:
        self.ip("addr", "add", address, "dev", "lo")

    def route(self, prefix: str, via: str, metric: int = 0) -> None:
        self.ip("route", "replace", prefix, "via", via, "metric", str(metric))


class FrrSpace:
    """FRR's daemons in the namespace of a node, in a path space of their own."""

    def __init__(self, node: Node):
        self.node = node
        self.space = node.ns
        self.run_dir = pathlib.Path("/var/run/frr") / self.space
        self.etc = pathlib.Path("/etc/frr") / self.space
        for d in (self.run_dir, self.etc):
            d.mkdir(parents=True, exist_ok=True)
            shutil.chown(d, "frr", "frr")
        (self.etc / "vtysh.conf").touch()
        self.daemons: dict[str, subprocess.Popen] = {}
        node.lab.on_close(self.remove)

    def remove(self) -> None:
        for name in list(self.daemons):
            self.kill(name)
        for d in (self.run_dir, self.etc):
            shutil.rmtree(d, ignore_errors=True)

    def daemon(self, name: str) -> None:
        log = open(self.node.dir / f"{name}.log", "a")
        self.daemons[name] = self.node.popen(
            str(FRR_BIN / name), "-N", self.space, "--log", "stdout", "--log-level", "debug",
            "-A", "127.0.0.1", "-P", "0", stdout=log, stderr=log)
        log.close()
        vty = self.run_dir / f"{name}.vty"
        wait_for(f"{name} of {self.node.name} answers", vty.exists, 20)
        wait_for(f"{name} of {self.node.name} takes commands",
                 lambda: self.vtysh("-d", name, "-c", "show version", check=False).returncode == 0, 20)

    def kill(self, name: str, sig: str = "TERM") -> None:
        proc = self.daemons.pop(name)
        proc.send_signal(getattr(__import__("signal"), f"SIG{sig}"))
        try:
            proc.wait(10)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait()
        (self.run_dir / f"{name}.vty").unlink(missing_ok=True)

    def vtysh(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess:
        return self.node.run("vtysh", "-N", self.space, *argv, check=check)

    def configure(self, *lines: str) -> None:
        argv = ["-c", "configure terminal"]
        for line in lines:
            argv += ["-c", line]
        r = self.vtysh(*argv, check=False)
        if r.returncode or "Unknown command" in r.stdout + r.stderr:
            raise LabError(f"{self.node.name}: {lines}: {r.stdout}{r.stderr}")

    def show(self, command: str):
        """JSON of a show command."""
        return json.loads(self.vtysh("-c", f"show {command} json").stdout or "{}")

    def text(self, command: str) -> str:
        return self.vtysh("-c", f"show {command}").stdout


class Frr(FrrSpace, KernelRouter):
    """zebra, pimd and, if asked for, ospfd, in a path space of their own."""

    def __init__(self, lab: Lab, name: str):
        KernelRouter.__init__(self, lab, name)
        FrrSpace.__init__(self, self)

    def start(self, *config: str, ospf: bool = False) -> None:
        for name in ("zebra", "pimd", *(["ospfd"] if ospf else [])):
            self.daemon(name)
        self.configure(*config)

    def neighbors(self, ifname: str) -> list[str]:
        return list(self.show("ip pim neighbor").get(ifname, {}))

    def mroutes(self) -> dict[tuple[str, str], dict]:
        """(source, group) -> what `show ip mroute` says; source "*" of (*,G)."""
        return {(s, g): entry for g, sources in self.show("ip mroute").items()
                for s, entry in sources.items()}


class Pimd(KernelRouter):
    """The pimd of Debian's package pimd; one at a time, for its files have fixed names."""

    def start(self, *config: str) -> None:
        self.file = self.dir / "pimd.conf"
        self.file.write_text("\n".join(config) + "\n")
        log = open(self.dir / "pimd.log", "a")
        self.program = unpacked("pimd", "usr/sbin/pimd")
        self.proc = self.popen(str(self.program), "-f", "-N", "-s", "debug", "-d", "-c", str(self.file),
                               stdout=log, stderr=log)
        log.close()

    def log(self) -> str:
        return (self.dir / "pimd.log").read_text(errors="replace")

    def rp_set(self) -> set[str]:
        """It writes its tables into its log every few seconds; `pimd -r` leaves out this one."""
        table = self.log().rpartition("Rendezvous-Point Set")[2]
        return {line.split()[0] for line in table.splitlines() if line[:1].isdigit()}
