# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The real stargd as a contender, spoken to over its control socket."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time

from . import conf, host, measure


class CommandError(RuntimeError):
    """stargd refused a command, or is gone."""


class Shell:
    """The control socket of a running router: one connection for all questions."""

    def __init__(self, path: str):
        self.path = path
        self.sock: socket.socket | None = None
        self.buffer = b""

    def connect(self) -> None:
        """Once; OSError if nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))

    def log_text(self) -> str:
        """What the router wrote last, for errors."""
        return ""

    def ask(self, command: str, timeout_s: float = 300):
        """The JSON of a command."""
        self.sock.settimeout(timeout_s)
        self.sock.sendall(json.dumps({"command": command, "format": "json"}).encode() + b"\n")
        while b"\n" not in self.buffer:
            data = self.sock.recv(1 << 20)
            if not data:
                raise CommandError(f"stargd closed its socket:\n{self.log_text()}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        answer = json.loads(line)
        if answer["status"]:
            raise CommandError(f"{command}: {answer.get('error')}")
        return answer.get("output")

    def memory(self) -> dict[str, int]:
        return self.ask("show memory")


class Stargd(Shell):
    """A running router, forwarding stopped until start(). argv_prefix: what runs it (a network
    namespace)."""

    def __init__(self, program: str, text, work: str, name: str = "starg",
                 argv_prefix: tuple[str, ...] = (), env: dict[str, str] | None = None):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="r-", dir=work)
        super().__init__(os.path.join(self.dir, "s"))
        self.file = os.path.join(self.dir, "starg.conf")
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(text(self.path) if callable(text) else text)
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "wb") as log:
            self.proc = host.popen([*argv_prefix, program, "-c", self.file], stdout=log, stderr=log,
                                   env=dict(os.environ, XDG_RUNTIME_DIR=self.dir) | (env or {}), cwd=self.dir)
        try:
            self._wait_ready()
            self.ask("stop")
            self.tid = host.thread_id(self.proc.pid)
        except BaseException:
            self.close()
            raise

    def _wait_ready(self, timeout_s: float = 120) -> None:
        until = time.monotonic() + timeout_s
        while True:
            if self.proc.poll() is not None:
                raise CommandError(f"stargd ended with {self.proc.returncode}:\n{self.log_text()}")
            try:
                self.connect()
                self.ask("show worker")
                return
            except OSError as error:
                self.sock.close()
                if time.monotonic() > until:
                    raise CommandError(f"stargd does not answer: {error}\n{self.log_text()}") \
                        from None
                time.sleep(0.05)

    def log_text(self) -> str:
        return host.read(self.log)[-2000:]

    def load(self, path: str) -> None:
        """Routes by a file of commands, while nothing is forwarded."""
        self.ask(f"load {path}", timeout_s=900)

    def counters(self) -> tuple[int, int]:
        ports = self.ask("show port stats all")["ports"]
        return sum(p["tx_packets"] for p in ports), sum(p["rx_packets"] for p in ports)

    def read(self) -> measure.Reading:
        return measure.take_reading(self.counters,
                                    lambda: host.thread_time(self.proc.pid, self.tid))

    def start(self) -> None:
        self.ask("start")

    def stop(self) -> None:
        self.ask("stop")

    def drops(self) -> dict[str, int]:
        return {d["reason"]: d["packets"] for d in self.ask("show drop")["drops"] if d["packets"]}

    def trouble(self) -> str:
        return f"dropped: {self.drops()}"

    def clear(self) -> None:
        self.ask("clear counters")

    def cycles(self) -> dict[str, dict[str, float]]:
        """By stage of the worker that forwarded most: cycles a packet (a copy from replicate on)
        and a received packet."""
        best = max(self.ask("show worker")["workers"], key=lambda w: w["rx_packets"])
        rx = max(1, best["rx_packets"])
        return {s["stage"]: {"per_unit": s["cycles_per_packet"], "per_packet": s["cycles"] / rx}
                for s in best["stages"]}

    def close(self) -> None:
        if self.sock:
            self.sock.close()
        host.end(self.proc)


def forwarding(program: str, setup: conf.Setup, work: str, name: str = "starg",
               env: dict[str, str] | None = None) -> Stargd:
    """A router with a Setup; many routes are loaded by the shell."""
    router = Stargd(program, lambda path: conf.text(setup, path), work, name, env=env)
    try:
        if len(setup.routes) > conf.FILE_ROUTES_MAX:
            path = os.path.join(router.dir, "routes")
            conf.write_commands(path, setup, setup.routes)
            host.say(f"{name}: loading {len(setup.routes)} routes")
            router.load(path)
            os.unlink(path)
        router.clear()  # what came before it was complete does not count
    except BaseException:
        router.close()
        raise
    return router
