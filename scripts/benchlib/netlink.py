# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""One route of the kernel, changed at a known moment: starting `ip` would take longer than what is measured."""
from __future__ import annotations

import os
import socket
import struct
import time

NETLINK_ROUTE = 0
NLMSG_ERROR, RTM_NEWROUTE = 2, 24
REQUEST, ACK, REPLACE, CREATE = 0x1, 0x4, 0x100, 0x400
RTA_DST, RTA_GATEWAY = 1, 5
MAIN_TABLE, STATIC, UNIVERSE, UNICAST = 254, 4, 0, 1


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data


def replace_route(prefix: str, via: str) -> float:
    """`ip route replace PREFIX via VIA` in this thread's namespace, IPv4: the time.time just before."""
    network, bits = prefix.split("/")
    body = struct.pack("=BBBBBBBBI", socket.AF_INET, int(bits), 0, 0, MAIN_TABLE, STATIC, UNIVERSE, UNICAST, 0)
    body += attribute(RTA_DST, socket.inet_aton(network)) + attribute(RTA_GATEWAY, socket.inet_aton(via))
    head = struct.pack("=IHHII", 16 + len(body), RTM_NEWROUTE, REQUEST | ACK | REPLACE | CREATE, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as s:
        s.settimeout(5)
        s.bind((0, 0))
        at = time.time()
        s.send(head + body)
        answer = s.recv(4096)
    _, kind, _, _, _, error = struct.unpack_from("=IHHIIi", answer)
    if kind != NLMSG_ERROR or error:
        raise OSError(-error, f"route {prefix} via {via}: {os.strerror(-error)}")
    return at
