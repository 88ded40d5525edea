# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A router that gets its packets when the test says so: the source's port p3 comes with a reload.

Before that a command that waits for packets (trace, pcap) can be armed: asked over the control socket,
it has said "progress" once it is.
"""
from __future__ import annotations

import json
import pathlib
import socket
from dataclasses import replace

from model import Config, Iface, Port, router_mac
from packets import router
from starg_dp import TIMEOUT_S, Failed, Router, write_pcap

SOURCE_PORT = "p3"


def live_config(*routes, **kw) -> Config:
    """The router of packets.router with src (and v200, tagged) on p3."""
    config = router(*routes, **kw)
    config.ports = config.ports + [Port(SOURCE_PORT, router_mac(3))]
    config.interfaces = [replace(i, port=SOURCE_PORT) if i.name == "src" else i
                         for i in config.interfaces]
    config.interfaces.append(Iface("v200", SOURCE_PORT, vlan=200, address=("10.200.0.1/24",)))
    return config


class Asked:
    """A command that is being run, over a connection of its own."""

    def __init__(self, path: pathlib.Path, command: str, json_format: bool = True):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(path))
        self.file = self.sock.makefile("r")
        self.send({"command": command, "format": "json" if json_format else "text"})
        self.progress: list[str] = []

    def send(self, request) -> None:
        self.sock.sendall(json.dumps(request).encode() + b"\n")

    def line(self):
        text = self.file.readline()
        return json.loads(text) if text else None

    def armed(self) -> "Asked":
        """Waits until the command waits."""
        first = self.line()
        assert "progress" in first, first
        return self

    def answer(self):
        while True:
            line = self.line()
            assert line is not None, "the connection has ended"
            if "progress" not in line:
                self.close()
                return line
            self.progress.append(line["progress"])

    def output(self):
        answer = self.answer()
        assert answer["status"] == 0, answer
        return answer["output"]

    def close(self) -> None:
        self.file.close()
        self.sock.close()


class Live(Router):
    def __init__(self, config: Config, base_extra: dict[str, list[bytes]] | None = None):
        self.full = config
        base = config.but(ports=config.ports[:3], routes=[],
                          interfaces=[i for i in config.interfaces if i.port != SOURCE_PORT])
        super().__init__(base, base_extra or {})

    def ask(self, command: str, **kw) -> Asked:
        return Asked(self.socket, command, **kw)

    def feed(self, frames: list[bytes], extra: str = "") -> None:
        """The frames come in on p3, once; extra: of its device."""
        devices = {p.name: f"net_pcap{n},rx_pcap={self.dir}/{p.name}.in,tx_pcap={self.dir}/{p.name}.out"
                   for n, p in enumerate(self.full.ports)}
        devices[SOURCE_PORT] += extra
        write_pcap(self.dir / f"{SOURCE_PORT}.in", frames)
        self.config = self.full
        self.inputs = dict(self.inputs, **{SOURCE_PORT: frames})
        self.file.write_text(self.full.text(devices, str(self.socket)))
        self.ctl("stop")  # or the first packets would be there before their route
        self.ctl("reload")
        self.ctl("start")


__all__ = ["Asked", "Failed", "Live", "SOURCE_PORT", "live_config"]
