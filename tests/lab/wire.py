# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A host that sends frames of its own making."""
from __future__ import annotations

from lab import Node


class Wire:
    """Sends frames of IPv4 packets out of an interface of a namespace, whatever its kernel thinks of them."""

    def __init__(self, node: Node, ifname: str):
        self.sock = node.raw(ifname)
        self.mac = bytes.fromhex(node.mac(ifname).replace(":", ""))
        node.lab.on_close(self.sock.close)

    def frame(self, packet: bytes) -> bytes:
        group = packet[16:20]
        return b"\1\0\x5e" + bytes([group[1] & 0x7f]) + group[2:] + self.mac + b"\x08\0" + packet

    def send(self, *packets: bytes) -> None:
        for p in packets:
            self.sock.send(self.frame(p))
