# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A numbered UDP stream, and receivers that know what is lost, duplicated or out of order."""
from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import dataclass

from lab import Node, wait_for

HEADER = struct.Struct("!4sIQ")  # magic, stream, number
MAGIC = b"stg*"
SO_RCVBUFFORCE = 33
IP_MULTICAST_ALL = 49
IP_ADD_SOURCE_MEMBERSHIP = 39


@dataclass
class Report:
    sent: int
    delivered: int  # different numbers
    duplicated: int
    reordered: int
    first_lost: int | None

    @property
    def lost(self) -> int:
        return self.sent - self.delivered

    @property
    def clean(self) -> bool:
        return self.lost == 0 and self.duplicated == 0 and self.delivered > 0

    def __str__(self) -> str:
        return (f"sent {self.sent}, delivered {self.delivered}, lost {self.lost}"
                + (f" (first {self.first_lost})" if self.first_lost is not None else "")
                + f", duplicated {self.duplicated}, reordered {self.reordered}")


class Receiver:
    """Listens on one UDP port; group: joined on ifname. Any source unless the test checks one."""

    def __init__(self, node: Node, port: int, group: str = "", ifname: str = "", name: str = ""):
        self.name = name or node.name
        self.group = group
        self.counts: dict[int, dict[int, int]] = {}  # by stream: number -> times
        self.top: dict[int, int] = {}
        self.order: dict[int, int] = {}
        self.total = 0
        self.sources: set[tuple[str, int]] = set()
        self.lock = threading.Lock()
        with node.inside():
            self.sock = self.open(port, group, ifname)
        self.sock.settimeout(0.1)
        self.running = True
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()
        node.lab.on_close(self.close)

    def open(self, port: int, group: str, ifname: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.bind((group, port))
        if group:
            sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
            index = socket.if_nametoindex(ifname)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            socket.inet_aton(group) + struct.pack("=4si", b"\0" * 4, index))
        return sock

    def loop(self) -> None:
        while self.running:
            try:
                data, source = self.sock.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            if len(data) < HEADER.size:
                continue
            magic, stream, number = HEADER.unpack_from(data)
            if magic == MAGIC:
                self.take(stream, number, source)

    def take(self, stream: int, number: int, source) -> None:
        with self.lock:
            seen = self.counts.setdefault(stream, {})
            seen[number] = seen.get(number, 0) + 1
            if number < self.top.get(stream, -1):
                self.order[stream] = self.order.get(stream, 0) + 1
            else:
                self.top[stream] = number
            self.total += 1
            self.sources.add(source)

    def received(self, stream: int) -> int:
        with self.lock:
            return len(self.counts.get(stream, {}))

    def report(self, stream: int, sent: int) -> Report:
        with self.lock:
            seen = dict(self.counts.get(stream, {}))
            reordered = self.order.get(stream, 0)
        lost = next((n for n in range(sent) if n not in seen), None)
        return Report(sent, len(seen), sum(seen.values()) - len(seen), reordered, lost)

    def close(self) -> None:
        self.running = False
        self.thread.join(2)
        self.sock.close()


class SourceReceiver(Receiver):
    """Joins one source of a group (IGMPv3)."""

    def __init__(self, node, port: int, group: str, ifname: str, source: str):
        super().__init__(node, port, group, "lo")  # IP_MULTICAST_ALL off, and not yet on ifname
        with node.inside():
            address = next(a for a in node.ip("-4", "-o", "addr", "show", "dev", ifname).stdout.split()
                           if "/" in a).split("/")[0]
            self.sock.setsockopt(socket.IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, socket.inet_aton(group)
                                 + socket.inet_aton(address) + socket.inet_aton(source))


class Sender:
    """Sends a numbered stream in the background, rate packets a second."""
    next_stream = 1

    def __init__(self, node: Node, group: str, port: int, ifname: str, rate: int = 1000,
                 size: int = 100, ttl: int = 16):
        self.stream = Sender.next_stream
        Sender.next_stream += 1
        self.sent, self.errors, self.rate = 0, 0, rate
        self.target = (group, port)
        self.pad = bytes(max(0, size - HEADER.size))
        with node.inside():
            self.sock = self.open(ifname, ttl)
        self.running = False
        self.thread: threading.Thread | None = None
        node.lab.on_close(self.close)

    def open(self, ifname: str, ttl: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        index = socket.if_nametoindex(ifname)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                        struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        return sock

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            try:
                self.sock.sendto(HEADER.pack(MAGIC, self.stream, self.sent) + self.pad, self.target)
                self.sent += 1
            except OSError:  # interface down for a moment: nothing was sent, the number stays
                self.errors += 1
                time.sleep(0.01)

    def start(self) -> "Sender":
        self.running = True
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()
        return self

    def loop(self) -> None:
        began, base = time.monotonic(), self.sent
        while self.running:
            due = base + int((time.monotonic() - began) * self.rate)
            if due - self.sent > max(64, self.rate // 20):  # this machine stood still: no burst to catch up
                began, base = time.monotonic(), self.sent
            elif due > self.sent:
                self.send(due - self.sent)
            time.sleep(0.002)

    def stop(self) -> int:
        """Ends the stream; the number of packets sent."""
        self.running = False
        if self.thread:
            self.thread.join(5)
            self.thread = None
        return self.sent

    def close(self) -> None:
        self.stop()
        self.sock.close()


class ManyReceiver(Receiver):
    """Listens to many groups by one socket; stream by stream, it is known who got what."""

    def __init__(self, node: Node, port: int, groups: list[str], ifname: str):
        super().__init__(node, port)
        node.sysctl("net.ipv4.igmp_max_memberships", len(groups))
        with node.inside():
            index = socket.if_nametoindex(ifname)
            for g in groups:
                self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                     socket.inet_aton(g) + struct.pack("=4si", b"\0" * 4, index))


class ManySender(Sender):
    """Sends each number to all groups; the i-th group is stream `stream + i`."""

    def __init__(self, node: Node, groups: list[str], port: int, ifname: str, rate: int):
        super().__init__(node, groups[0], port, ifname, rate)
        Sender.next_stream += len(groups) - 1
        self.targets = [(g, port) for g in groups]

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            for i, target in enumerate(self.targets):
                self.sock.sendto(HEADER.pack(MAGIC, self.stream + i, self.sent), target)
            self.sent += 1


def settle(sender: Sender, receivers: list[Receiver], timeout_s: float = 2) -> None:
    """Waits for the last packets: until all have arrived, or nothing more comes."""
    end, before = time.monotonic() + timeout_s, None
    while time.monotonic() < end:
        now = [r.total for r in receivers]
        if all(r.received(sender.stream) >= sender.sent for r in receivers) or now == before:
            time.sleep(0.1)  # for duplicates
            return
        before = now
        time.sleep(0.3)


def warm_up(node: Node, group: str, port: int, ifname: str, receivers: list[Receiver],
            timeout_s: float = 15) -> None:
    """Sends a stream of its own until every receiver has heard some of it: neighbours are known
    and the routes are in."""
    probe = Sender(node, group, port, ifname, rate=50)

    def heard():
        probe.send()
        return all(r.received(probe.stream) for r in receivers)
    try:
        wait_for("every receiver hears the source", heard, timeout_s, 0.02)
    except AssertionError:
        deaf = [r.name for r in receivers if not r.received(probe.stream)]
        raise AssertionError(f"nothing arrives at {', '.join(deaf)}") from None
    finally:
        probe.close()
    time.sleep(0.1)
