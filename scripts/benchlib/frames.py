# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Flows, frames and the pcap files that net_pcap replays."""
from __future__ import annotations

import random
import socket
import struct

ROUTER_MAC = "02:00:00:00:be:0c"
HOST_MAC = bytes.fromhex("020000000001")
MIN_FRAME = 60  # 64 with its check sequence
SEED = 3918


def mac_bytes(text: str) -> bytes:
    return bytes(int(b, 16) for b in text.split(":"))


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_header(src: bytes, dst: bytes, proto: int, payload_len: int, ident: int = 0) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + payload_len, ident, 0, 64, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def group_mac(group: bytes) -> bytes:
    return bytes([1, 0, 0x5E, group[1] & 0x7F, group[2], group[3]])


def udp_packet(src: str, dst: str, size: int) -> bytes:
    """An IP packet of size bytes: UDP with checksum 0."""
    payload = b"starg".ljust(size - 28, b".")
    udp = struct.pack("!HHHH", 5000, 5000, 8 + len(payload), 0)
    s, d = socket.inet_aton(src), socket.inet_aton(dst)
    return ip_header(s, d, 17, size - 20) + udp + payload


def frame(src: str, group: str, size: int = MIN_FRAME) -> bytes:
    """size bytes without check sequence."""
    return (group_mac(socket.inet_aton(group)) + HOST_MAC + b"\x08\x00"
            + udp_packet(src, group, size - 14))


def unicast_frame(src: str, dst: str, mac: str, size: int = MIN_FRAME) -> bytes:
    return mac_bytes(mac) + HOST_MAC + b"\x08\x00" + udp_packet(src, dst, size - 14)


def gre_frame(src: str, group: str, remote: str, local: str, mac: str,
              size: int = MIN_FRAME) -> bytes:
    """What arrives from the tunnel's other end: the frame of frame(), in GRE without options."""
    inner = b"\x00\x00\x08\x00" + udp_packet(src, group, size - 14)
    outer = ip_header(socket.inet_aton(remote), socket.inet_aton(local), 47, len(inner))
    return mac_bytes(mac) + HOST_MAC + b"\x08\x00" + outer + inner


def flows(n: int) -> list[tuple[str, str]]:
    """n (S,G) in order: 16 sources, one group each."""
    return [(f"10.0.0.{1 + i % 16}", f"239.{1 + i // 65536}.{i // 256 % 256}.{i % 256}")
            for i in range(n)]


def random_flows(n: int, seed: int = SEED) -> list[tuple[str, str]]:
    """n different random (S,G); the same ones for the same seed, the first of more are those of
    fewer."""
    rng, seen, out = random.Random(seed), set(), []
    while len(out) < n:
        key = rng.getrandbits(48)
        if key in seen:
            continue
        seen.add(key)
        out.append((f"10.{key >> 40}.{key >> 32 & 255}.{key >> 24 & 255}",
                    f"239.{key >> 16 & 255}.{key >> 8 & 255}.{key & 255}"))
    return out


def random_frames(routes: list[tuple[str, str]], n: int, size: int = MIN_FRAME,
                  seed: int = SEED) -> list[bytes]:
    """n frames, each for a route drawn at random."""
    rng, made = random.Random(seed + 1), {}
    out = []
    for _ in range(n):
        at = rng.randrange(len(routes))
        data = made.get(at)
        if data is None:
            data = made[at] = frame(*routes[at], size)
        out.append(data)
    return out


def write_pcap(path: str, frames: list[bytes]) -> str:
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        f.write(b"".join(struct.pack("<IIII", 0, 0, len(d), len(d)) + d for d in frames))
    return path
