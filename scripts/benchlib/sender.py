# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""sender.py INTERFACE FLOWS: the flood of the veth row, until it is ended.

64-byte frames of the first FLOWS (S,G), on a packet socket past the queueing discipline; sendmmsg with
messages made once, so that Python costs one call for BATCH frames.
"""
import ctypes
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchlib import frames  # noqa: E402

BATCH = 256
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint),
                ("iov", ctypes.POINTER(Iovec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("hdr", Msghdr), ("len", ctypes.c_uint)]


def messages(data: list[bytes]):
    """An array for sendmmsg, and what must live as long as it does."""
    buffers = [ctypes.create_string_buffer(d, len(d)) for d in data]
    iovecs = (Iovec * len(data))(*[Iovec(ctypes.addressof(b), len(b)) for b in buffers])
    array = (Mmsghdr * len(data))()
    for i in range(len(data)):
        array[i].hdr.iov = ctypes.pointer(iovecs[i])
        array[i].hdr.iovlen = 1
    return array, (buffers, iovecs)


def main() -> None:
    ifname, n = sys.argv[1], int(sys.argv[2])
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((ifname, 0))
    s.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    flows = frames.flows(n)
    array, _alive = messages([frames.frame(*flows[i % n]) for i in range(BATCH)])
    send, fd = ctypes.CDLL(None, use_errno=True).sendmmsg, s.fileno()
    while True:
        send(fd, array, BATCH, 0)  # what does not go out for lack of buffers is not counted


if __name__ == "__main__":
    main()
