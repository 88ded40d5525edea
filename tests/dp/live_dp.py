# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A router that gets its packets when the test says so: its ports come with a reload.

Before that a command that waits for packets (trace, pcap) can be armed: asked over the control socket,
it has said "progress" once it is.
"""
from __future__ import annotations

import json
import pathlib
import socket
import time

from model import Config
from starg_dp import TIMEOUT_S, Failed, Router, write_pcap


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
    """Starts with a port that never has a packet."""

    def __init__(self, config: Config):
        super().__init__(config, {})
        router = config.text({p.name: "" for p in config.ports}, str(self.socket)).splitlines()[:2]
        self.file.write_text("\n".join(router) + """
ports: ( { name = "idle"; device = "net_null0,no-rx=1"; } );
interfaces: ( { name = "idle"; port = "idle"; address = [ "192.0.2.1/24" ]; exception = "none"; } );
""")

    def wait_ready(self) -> None:
        end = time.monotonic() + TIMEOUT_S
        while not self.socket.exists() or self.ctl("show version", check=False) is None:
            if self.proc.poll() is not None or time.monotonic() > end:
                raise Failed("stargd does not answer:\n" + self.log_text())
            time.sleep(0.02)

    def ask(self, command: str, **kw) -> Asked:
        return Asked(self.socket, command, **kw)

    def feed(self, inputs: dict[str, list[bytes]], extra: str = "", later: tuple[str, ...] = ()) -> None:
        """The configuration comes into force and the frames come in, once; extra: of the devices.
        Ports named in later get theirs by another feed."""
        devices = {}
        for n, p in enumerate(self.config.ports):
            write_pcap(self.dir / f"{p.name}.in", inputs.get(p.name, []))
            rx = f",rx_pcap={self.dir}/{p.name}.in" + (extra if inputs.get(p.name) else "")
            devices[p.name] = f"net_pcap{n}{rx},tx_pcap={self.dir}/{p.name}.out" \
                if p.name not in later else f"net_null{10 + n},no-rx=1"
        self.inputs = inputs
        self.file.write_text(self.config.text(devices, str(self.socket)))
        self.ctl("stop")  # or the first packets would be there before their routes
        self.ctl("reload")
        self.ctl("start")
        for port in self.ctl("show port info")["ports"]:
            assert port["name"] in later or port["mac"] == self.config.port_mac(port["name"]), port


__all__ = ["Asked", "Failed", "Live"]
