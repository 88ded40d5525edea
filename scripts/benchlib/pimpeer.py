# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A PIM neighbour that only talks: Hellos and packed Join/Prunes from a packet socket, and what the router sends to it
with the kernel's time stamps. Messages are those of RFC 7761 4.9, IPv4.
"""
from __future__ import annotations

import socket
import struct
import threading
import time

from .frames import MIN_FRAME, checksum, group_mac, udp_packet
from .wire import Wire

HELLO, JOIN_PRUNE = 0, 3
FOREVER_S = 0xFFFF  # a holdtime that never ends (4.9.2)
ALL_PIM_ROUTERS, ALL_PIM_ROUTERS_MAC = "224.0.0.13", b"\x01\0\x5e\0\0\x0d"
MESSAGE_MAX = 1480 - 14  # of a Join/Prune: header, upstream neighbour and counts are 14 bytes
GROUP_LEN, SOURCE_LEN = 12, 8


def message(kind: int, body: bytes, src: str) -> bytes:
    """A PIM message from the IP header on; its length is even."""
    pim = struct.pack("!BBH", 0x20 | kind, 0, 0) + body
    pim = pim[:2] + struct.pack("!H", checksum(pim)) + pim[4:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(pim), 0, 0, 1, 103, 0, socket.inet_aton(src),
                       socket.inet_aton(ALL_PIM_ROUTERS))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + pim


def hello(src: str) -> bytes:
    """With a holdtime that never ends, LAN delays of the RFC, no DR priority to win, a Generation ID."""
    options = struct.pack("!HHH HHHH HHI HHI", 1, 2, FOREVER_S, 2, 4, 500, 2500, 19, 4, 0, 20, 4, 1)
    return message(HELLO, options, src)


def group_set(group: str, source: str, join: bool) -> bytes:
    """One (S,G) of one group (4.9.5.1)."""
    return struct.pack("!BBBB4sHHBBBB4s", 1, 0, 0, 32, socket.inet_aton(group), join, not join, 1, 0, 4, 32,
                       socket.inet_aton(source))


def join_prunes(flows: list[tuple[str, str]], join: bool, src: str, upstream: str, holdtime_s: int = 210) -> list[bytes]:
    """As few messages as these (S,G) need."""
    each = MESSAGE_MAX // (GROUP_LEN + SOURCE_LEN)
    out = []
    for i in range(0, len(flows), each):
        part = flows[i:i + each]
        head = struct.pack("!BB4sBBH", 1, 0, socket.inet_aton(upstream), 0, len(part), holdtime_s)
        out.append(message(JOIN_PRUNE, head + b"".join(group_set(g, s, join) for s, g in part), src))
    return out


def entries(ip: bytes) -> tuple[int, int] | None:
    """Joins and Prunes that a packet has; None: it is no Join/Prune."""
    at = (ip[0] & 15) * 4
    if ip[9] != 103 or ip[at] & 15 != JOIN_PRUNE:
        return None
    joins = prunes = 0
    groups, at = ip[at + 11], at + 14
    for _ in range(groups):
        j, p = struct.unpack_from("!HH", ip, at + 8)
        joins, prunes, at = joins + j, prunes + p, at + GROUP_LEN + SOURCE_LEN * (j + p)
    return joins, prunes


class Peer(Wire):
    """On a host's eth0, whose neighbour the router is at `upstream`."""

    def __init__(self, node, address: str, upstream: str):
        super().__init__(node, address, wait_s=0.02)
        self.upstream = upstream

    def hello(self) -> None:
        self.out.send(self.frame(ALL_PIM_ROUTERS_MAC, hello(self.address)))

    def join_frames(self, flows: list[tuple[str, str]], join: bool = True) -> list[bytes]:
        return [self.frame(ALL_PIM_ROUTERS_MAC, m) for m in join_prunes(flows, join, self.address, self.upstream)]

    def send(self, frames: list[bytes]) -> float:
        """One behind the other; returns when the first left, as time.monotonic has it."""
        start = time.monotonic()
        for data in frames:
            self.out.send(data)
        return start

    def data(self, source: str, group: str) -> None:
        """A packet of a source behind this neighbour."""
        packet = udp_packet(source, group, MIN_FRAME - 14)
        self.out.send(self.frame(group_mac(socket.inet_aton(group)), packet))

    def entries(self, joins: int, prunes: int, most_s: float) -> list[tuple[float, int, int]]:
        """(time, Joins, Prunes) of each message, until so many Joins and so many Prunes have come."""
        out, until = [], time.monotonic() + most_s
        while (joins > 0 or prunes > 0) and time.monotonic() < until:
            got = self.read()
            found = entries(got[1]) if got else None
            if found:
                out.append((got[0], *found))
                joins, prunes = joins - found[0], prunes - found[1]
        return out


class Refresher:
    """Says the same again, spread evenly over each interval, from a thread."""

    def __init__(self, peer: Peer, frames: list[bytes], interval_s: float):
        self.peer, self.frames, self.interval_s = peer, frames, interval_s
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        at, n = time.monotonic(), 0
        while not self.ended.is_set():
            self.peer.out.send(self.frames[n % len(self.frames)])
            n += 1
            self.ended.wait(max(0.0, at + n * self.interval_s / len(self.frames) - time.monotonic()))

    def __enter__(self) -> "Refresher":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        self.thread.join()
