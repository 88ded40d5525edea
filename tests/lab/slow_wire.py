# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A cable on which each frame takes its time: the kernel here has no netem. A process of its own carries the frames
between two veths in a namespace; order is kept. It counts what it does badly itself, and says so when asked."""
from __future__ import annotations

import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from lab import Lab, Node

ETH_P_ALL = 3
FRAME_MAX = 65536
BUFFER_BYTES = 64 << 20
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
AT_ONCE, PAUSE_S = 64, 0.001  # frames, and before the next: who was late is no burst that no cable could bring


class SlowWire(Node):
    """Two ends, as those of a Switch; `plug` both, then `start`."""

    def __init__(self, lab: Lab, name: str, delay_ms: float):
        super().__init__(lab, name)
        self.delay_ms, self.ends = delay_ms, 0

    def plug(self, node: Node, ifname: str) -> str:
        end = f"s{self.ends}"
        self.ends += 1
        self.lab.link(node, ifname, self, end)
        self.sysctl(f"net.ipv6.conf.{end}.disable_ipv6", 1)
        if self.ends == 2:
            self.proc = self.popen(sys.executable, str(Path(__file__).resolve()), "s0", "s1", str(self.delay_ms),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return end

    def faults(self) -> dict[str, float]:
        """So far: frames that it did not get or could not send, and the longest time one had to wait beyond the delay."""
        self.proc.stdin.write("\n")
        self.proc.stdin.flush()
        return json.loads(self.proc.stdout.readline())


class End:
    """A veth, and the frames that are on their way to it."""

    def __init__(self, ifname: str, delay_s: float):
        self.delay_s = delay_s
        self.waiting: deque = deque()
        self.unsent, self.missed, self.late_s = 0, 0, 0.0
        self.next_s = 0.0
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        for option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
            self.sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        self.sock.setblocking(False)
        self.sock.bind((ifname, ETH_P_ALL))

    def take(self, to: End) -> None:
        try:
            while True:
                frame, address = self.sock.recvfrom(FRAME_MAX)
                if address[2] != socket.PACKET_OUTGOING:
                    to.waiting.append((time.monotonic() + self.delay_s, frame))
        except BlockingIOError:
            pass
        except OSError:  # down, and it may come up again
            time.sleep(0.01)

    def give(self) -> float:
        """Sends what is due; the seconds until there is more to do."""
        now = time.monotonic()
        if now < self.next_s:
            return self.next_s - now
        for _ in range(AT_ONCE):
            if not self.waiting:
                return 1.0
            left = self.waiting[0][0] - now
            if left > 0:
                return left
            self.late_s = max(self.late_s, -left)
            try:
                self.sock.send(self.waiting.popleft()[1])
            except OSError:  # down, or its queue full: lost, as on any cable
                self.unsent += 1
        self.next_s = now + PAUSE_S
        return PAUSE_S

    def count(self) -> None:
        self.missed += struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]


def tell(*ends: End) -> None:
    for end in ends:
        end.count()
    print(json.dumps({"missed": sum(e.missed for e in ends), "unsent": sum(e.unsent for e in ends),
                      "late_ms": round(1000 * max(e.late_s for e in ends))}), flush=True)


def carry(a: End, b: End) -> None:
    while True:
        ready, _, _ = select.select([a.sock, b.sock, sys.stdin], [], [], min(a.give(), b.give()))
        if sys.stdin in ready:
            if not sys.stdin.readline():
                return
            tell(a, b)
        a.take(b)
        b.take(a)


if __name__ == "__main__":
    delay = float(sys.argv[3]) / 1000
    carry(End(sys.argv[1], delay), End(sys.argv[2], delay))
