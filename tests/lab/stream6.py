# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The numbered stream and its receivers by IPv6."""
from __future__ import annotations

import socket
import struct

from lab import Node
from stream import SO_RCVBUFFORCE, Receiver, Sender

IPV6_MULTICAST_ALL = 29
MCAST_JOIN_SOURCE_GROUP = 46


class Receiver6(Receiver):
    """MLDv2 of the kernel; source: that one alone."""

    def __init__(self, node: Node, port: int, group: str, ifname: str, source: str = ""):
        self.ifname, self.source = ifname, source
        super().__init__(node, port, group, ifname)

    def open(self, port: int, group: str, ifname: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.bind((group, port))
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
        index = socket.if_nametoindex(ifname)
        if self.source:  # struct group_source_req
            sock.setsockopt(socket.IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, struct.pack("=I4x", index)
                            + sockaddr(group) + sockaddr(self.source))
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                            socket.inet_pton(socket.AF_INET6, group) + struct.pack("=I", index))
        return sock


def sockaddr(address: str) -> bytes:
    """struct sockaddr_storage of an IPv6 address."""
    return (struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, address)).ljust(128, b"\0")


class Sender6(Sender):
    def open(self, ifname: str, ttl: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(ifname))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        return sock
