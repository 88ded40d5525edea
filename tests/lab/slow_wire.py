# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A cable on which each frame takes its time: the kernel here has no netem. A process of its own carries the frames
between two veths in a namespace; order is kept."""
from __future__ import annotations

import select
import socket
import sys
import time
from collections import deque
from pathlib import Path

from lab import Lab, Node

ETH_P_ALL = 3
FRAME_MAX = 65536
BUFFER_BYTES = 16 << 20
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33


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
            self.popen(sys.executable, str(Path(__file__).resolve()), "s0", "s1", str(self.delay_ms))
        return end


def open_end(ifname: str) -> socket.socket:
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    for option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
        s.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    s.setblocking(False)
    s.bind((ifname, ETH_P_ALL))
    return s


def take(end: socket.socket, waiting: deque, delay_s: float) -> None:
    try:
        while True:
            frame, address = end.recvfrom(FRAME_MAX)
            if address[2] != socket.PACKET_OUTGOING:
                waiting.append((time.monotonic() + delay_s, frame))
    except BlockingIOError:
        pass
    except OSError:  # down, and it may come up again
        time.sleep(0.01)


def give(end: socket.socket, waiting: deque) -> float:
    """Sends what is due; the seconds until the next is."""
    while waiting:
        left = waiting[0][0] - time.monotonic()
        if left > 0:
            return left
        _, frame = waiting.popleft()
        try:
            end.send(frame)
        except OSError:  # down, or its queue full: lost, as on any cable
            pass
    return 1.0


def carry(a: socket.socket, b: socket.socket, delay_s: float) -> None:
    to_a: deque = deque()
    to_b: deque = deque()
    while True:
        left = min(give(a, to_a), give(b, to_b))
        select.select([a, b], [], [], left)
        take(a, to_b, delay_s)
        take(b, to_a, delay_s)


if __name__ == "__main__":
    carry(open_end(sys.argv[1]), open_end(sys.argv[2]), float(sys.argv[3]) / 1000)
