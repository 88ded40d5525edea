# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Every IGMP, MLD and PIM packet of a lab, as the other end of each cable receives it; and tshark's opinion
of those that a starg sent.

One thread reads all cables, so that a lab of ten namespaces costs no ten processes. What a stargd sends is
taken where it arrives: its own end does not see frames that pass by the queueing discipline.
"""
from __future__ import annotations

import collections
import ctypes
import selectors
import socket
import struct
import subprocess
import threading
import time

from lab import Node, Router
from peers import Switch

SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
MAX_BYTES = 64 << 20
PIM, IGMP, MLD_QUERY = 103, 2, 130

# ldh [12]; IPv4: ldb [23] is 2 or 103; IPv6: ldb [20] is 0 (hop-by-hop: MLD) or 103
FILTER = ((0x28, 0, 0, 12), (0x15, 0, 3, 0x0800),
          (0x30, 0, 0, 23), (0x15, 5, 0, IGMP), (0x15, 4, 5, PIM),
          (0x15, 0, 4, 0x86dd), (0x30, 0, 0, 20), (0x15, 1, 0, 0), (0x15, 0, 1, PIM),
          (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0))
WRONG = "(_ws.malformed || _ws.expert.severity == error)"


def of_a_kernel(frame: bytes) -> bool:
    """A report of MLD: the kernel's own, for the groups of its addresses, through the twin of a stargd."""
    return frame[12:14] == b"\x86\xdd" and frame[20] == 0 and frame[62:63] != bytes([MLD_QUERY])


def filtered(node, ifname: str) -> socket.socket:
    """What arrives at ifname and passes FILTER."""
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in FILTER))
    s = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                 struct.pack("@HP", len(FILTER), ctypes.addressof(program)))
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    with node.inside():
        s.bind((ifname, 3))  # ETH_P_ALL
    s.setblocking(False)
    return s


class Capture:
    """Of all cables that the lab gets from now on; check() at the end."""

    def __init__(self, lab):
        self.lab = lab
        self.frames: collections.deque[tuple[float, bytes]] = collections.deque()
        self.bytes = 0
        self.senders: set[bytes] = set()  # MAC addresses of stargds
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.running = False
        self.thread = threading.Thread(target=self.loop, daemon=True)
        lab.watchers.append(self.cable)
        lab.on_close(self.stop)

    def cable(self, a: Node, a_if: str, b: Node, b_if: str) -> None:
        """What a switch floods is taken where it enters, once."""
        for node, ifname, far in ((a, a_if, b), (b, b_if, a)):
            s = filtered(node, ifname)
            if isinstance(node, Router):
                self.senders.add(s.getsockname()[4])
            if isinstance(far, Switch):
                s.close()
            else:
                self.add(s)

    def add(self, s: socket.socket) -> None:
        with self.lock:
            self.selector.register(s, selectors.EVENT_READ)
        if not self.running:
            self.running = True
            self.thread.start()

    def loop(self) -> None:
        while self.running:
            for key, _ in self.selector.select(0.2):
                self.drain(key.fileobj)

    def drain(self, s: socket.socket) -> None:
        try:
            while self.bytes < MAX_BYTES:
                frame = s.recv(65535)
                self.frames.append((time.time(), frame))
                self.bytes += len(frame)
            s.recv(65535)
        except OSError:  # no more, or the interface is down
            return

    def stop(self) -> None:
        if self.running:
            self.running = False
            self.thread.join(5)
        with self.lock:
            for key in list(self.selector.get_map().values()):
                key.fileobj.close()
            self.selector.close()

    def sent_by(self, node, ifname: str, protocol: int = PIM) -> list[tuple[float, bytes]]:
        """(time, IPv4 packet) of what an end of a cable has sent."""
        mac = bytes.fromhex(node.mac(ifname).replace(":", ""))
        return [(at, f[14:]) for at, f in list(self.frames)
                if f[6:12] == mac and f[12:14] == b"\x08\x00" and f[23] == protocol]

    def write(self, path) -> None:
        with open(path, "wb") as out:
            out.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for at, frame in list(self.frames):
                out.write(struct.pack("=IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)))
                out.write(frame)

    def check(self) -> int:
        """That no packet of a stargd is malformed or has a wrong checksum; how many it sent."""
        self.stop()
        ours = sum(f[6:12] in self.senders and not of_a_kernel(f) for _, f in self.frames)
        if not ours:
            return 0
        path = self.lab.dir / "control.pcap"
        self.write(path)
        macs = ", ".join(mac.hex(":") for mac in self.senders)
        wrong = tshark(path, f"eth.src in {{{macs}}} && {WRONG}")
        assert not wrong, f"malformed, of {ours} packets that starg sent:\n{wrong}"
        return ours


def tshark(path, display_filter: str) -> str:
    """A line for each frame that passes."""
    r = subprocess.run(["tshark", "-n", "-r", str(path), "-o", "ip.check_checksum:TRUE",
                        "-o", "udp.check_checksum:TRUE", "-Y", display_filter, "-T", "fields",
                        "-e", "frame.number", "-e", "_ws.col.Source", "-e", "_ws.col.Destination",
                        "-e", "_ws.col.Info", "-e", "_ws.expert.message"],
                       capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert r.returncode == 0, f"tshark: {r.returncode}\n{r.stderr}"
    return r.stdout[:4000]
