# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What leaves and arrives at a host's eth0, with the kernel's time stamps."""
from __future__ import annotations

import socket
import struct

SO_TIMESTAMPNS = 35


class Wire:
    """Two packet sockets: one does not see what it sends itself."""

    def __init__(self, node, address: str, wait_s: float = 0.1):
        self.address, self.wait_s = address, wait_s
        self.mac = bytes.fromhex(node.mac("eth0").replace(":", ""))
        self.sock, self.out = node.raw("eth0"), node.raw("eth0")
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.settimeout(wait_s)

    def frame(self, group_mac: bytes, ip: bytes) -> bytes:
        return group_mac + self.mac + b"\x08\0" + ip

    def read(self) -> tuple[float, bytes] | None:
        """When a frame passed, as time.time has it, and its bytes from the IP header on; None: none for wait_s."""
        try:
            data, control, _, _ = self.sock.recvmsg(2048, 128)
        except TimeoutError:
            return None
        at = next((struct.unpack("qq", c[2]) for c in control if c[1] == SO_TIMESTAMPNS), None)
        return (at[0] + at[1] / 1e9, data[14:]) if at else None

    def drain(self) -> None:
        self.sock.setblocking(False)
        try:
            while self.sock.recv(2048):
                pass
        except BlockingIOError:
            pass
        self.sock.settimeout(self.wait_s)
