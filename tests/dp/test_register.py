# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""PIM Registers in the data plane (RFC 7761 4.4, 4.9.3): into them, out of them, and what is none."""
import random
from collections import Counter

import pytest
from packets import Ether, IP, Raw, udp6_ip, udp_ip
from register_dp import DR, Packet, RP, US, check, group, in_gre, register, run_bed, script

SHAPES = [(1, "auto"), (1, "copy"), (1, "share"), (3, "auto"), (0, "auto")]
both = pytest.mark.parametrize("family", [4, 6])
shapes = pytest.mark.parametrize("workers,how", SHAPES)
few = pytest.mark.parametrize("workers,how", [(1, "share"), (3, "auto")])


def data(family: int, number: int, n: int = 0, **kw) -> bytes:
    """A packet for the route of this number."""
    make = udp_ip if family == 4 else udp6_ip
    return make(dst=group(number, family), n=n, **kw)


def wrapped(family: int, number: int, n: int = 0, src: str = "", outer: dict | None = None, **kw) -> bytes:
    """The same in a Register for us."""
    return register(data(family, number, n, **kw), src or DR[family], US[family], **(outer or {}))


def sizes(family: int) -> list[int]:
    """Around what is copied whole, and every MTU on the way."""
    head = 28 if family == 4 else 48
    marks = (0, 4, 18, 100, 150, 227, 228, 229, 256, 300, 700, 1000)
    mtus = (1500, 1400, 1500 - head, 1400 - head, 1356 - head)
    return [*marks, *(m - head + d for m in mtus for d in (-1, 0, 1) if m - head + d <= 1500 - head)]


@shapes
@both
def test_packets_go_into_registers_as_they_go_anywhere_else(family, workers, how):
    frames = [(1, data(family, 1, i, size=s, ttl=t) if family == 4 else data(family, 1, i, size=s, hlim=t))
              for i, (s, t) in enumerate((s, t) for s in sizes(family) for t in (16, 11, 10, 2))]
    exp = check(frames, workers, how)
    assert exp.oifs[10 if family == 4 else 60][0] >= len(frames) - 20


@shapes
def test_what_is_too_long_is_cut_inside_unless_it_must_not_be(workers, how):
    frames = [(1, data(4, number, i, size=s, flags=f)) for i, (number, s, f) in enumerate(
        (number, s, f) for number in (1, 7, 8) for s in sizes(4) for f in ("DF", ""))]
    frames += [(1, bytes(IP(src="10.0.0.1", dst=group(8), ttl=9, flags="MF", frag=f, id=7, proto=17)
                         / Raw(bytes(range(256)) * 5 + b"x" * n))) for f in (0, 100) for n in (0, 184, 192)]
    frames += [(1, bytes(IP(src="10.0.0.1", dst=group(8), ttl=9, options=b"\x94\x04\0\0\x07\x04\0\0",
                            proto=17) / Raw(b"y" * n))) for n in (0, 1000, 1444, 1445)]
    exp = check(frames, workers, how)
    assert exp.drops["oif_mtu"] > 20


@both
def test_dscp_and_ecn_of_the_outer_header(family):
    name = "tos" if family == 4 else "tc"
    check([(1, data(family, 1, i, **{name: tos})) for i, tos in enumerate((0, 1, 2, 3, 0xB8, 0xBB, 0xFF))],
          1, "auto")


@both
def test_register_back_to_the_input_only_where_allowed_and_never_to_us(family):
    exp = check([(1, data(family, 5)), (1, data(family, 6))], 1, "auto")
    assert exp.drops == {"only_input": 1, "oif_recursion": 1}


@shapes
@both
def test_what_is_inside_is_forwarded_as_from_the_register_interface(family, workers, how):
    frames = []
    for i, s in enumerate(sizes(family)):
        packet = wrapped(family, 2, i, size=min(s, 1320), outer={"whole": i % 3 == 0})
        frames += [(1, packet), (2, packet), (3, packet)]
    exp = check(frames, workers, how)
    assert not exp.drops and len(exp.upcalls) == 3


@few
@both
def test_registers_through_tunnels(family, workers, how):
    frames = [(2, in_gre(wrapped(family, number, i, size=s), gre, back=True)) for i, (number, s, gre) in
              enumerate((n, s, g) for n in (2, 3) for s in (30, 300, 1000) for g in (5, 6))]
    exp = check(frames, workers, how)
    assert exp.drops["register_refused"] == 6


@few
def test_only_a_route_that_names_registers_takes_them(workers, how):
    frames = [(1, wrapped(f, number, i)) for i, (f, number) in
              enumerate((f, n) for f in (4, 6) for n in (1, 2, 3, 4, 5, 9))]
    frames += [(1, data(f, number)) for f in (4, 6) for number in (2, 3, 4)]
    exp = check(frames, workers, how)
    assert exp.drops["register_refused"] == 2 * 4 and exp.drops["wrong_if"] == 2
    assert exp.drops["oif_recursion"] == 2  # (4) leaves natively, not in a Register again


def bad(family: int) -> list[tuple[str, bytes]]:
    """Reason and packet."""
    us, dr = US[family], DR[family]
    inner = data(family, 2)
    whole = register(inner, dr, us)
    head = 20 if family == 4 else 40
    cases = [("register_checksum", register(inner, dr, us, sum_off=1)),
             ("register_checksum", register(inner, dr, us, whole=True, sum_off=7))]
    for n in range(1, 8):
        body = whole[head:head + n]
        cases.append(("register_short", register(b"", dr, us)[:head] + body))
    cases = [(r, resized(p)) for r, p in cases]
    cases += [("register_inner", register(inner[:n], dr, us)) for n in (0, 1, 19, 20, 39, len(inner) - 1)]
    for at, value in ((0, 0x55), (0, 0x41), (head - 4, 10) if family == 4 else (24, 0x20)):
        cases.append(("register_inner", register(inner[:at] + bytes([value]) + inner[at + 1:], dr, us)))
    other = data(10 - family, 2)
    cases.append(("register_inner", register(other, dr, us)))
    if family == 4:
        cases += [("register_inner", register(bytes(IP(src=s, dst=d, ttl=9, proto=p) / Raw(b"x" * 40)), dr, us))
                  for s, d, p in (("10.0.0.1", group(2), 2), ("10.0.0.1", "224.0.0.5", 17),
                                  ("0.0.0.0", group(2), 17), ("127.0.0.1", group(2), 17),
                                  ("239.9.9.9", group(2), 17), ("10.0.0.1", "224.0.0.0", 17))]
        cases += [("register_fragment", register(inner, dr, us, frag=f)) for f in (0x2000, 0x2005, 5)]
        cases.append(("register_inner", register(inner[:10] + b"\0\1" + inner[12:], dr, us)))
    if family == 6:
        at_home = inner[:8] + bytes.fromhex("fe80" + "00" * 13 + "01") + inner[24:]
        cases.append(("register_inner", register(at_home, dr, us)))
    cases.append(("register_congested", register(inner, dr, us, tos=3)))
    cases.append(("ttl_expired", register(data(family, 2, **{"ttl" if family == 4 else "hlim": 1}), dr, us)))
    return cases


def resized(packet: bytes) -> bytes:
    """The packet with its length as it is."""
    if packet[0] >> 4 == 6:
        return packet[:4] + (len(packet) - 40).to_bytes(2, "big") + packet[6:]
    p = packet[:2] + len(packet).to_bytes(2, "big") + packet[4:]
    return Packet(p).changed()


@both
def test_every_bad_register_has_its_counter(family):
    cases = bad(family)
    exp = check([(1, packet) for _, packet in cases], 1, "auto")
    assert exp.drops == Counter(reason for reason, _ in cases)


@few
@both
def test_bad_registers_between_good_ones_cost_nothing(family, workers, how):
    frames = []
    for i, (_, packet) in enumerate(bad(family) * 3):
        frames += [(1, packet), (2, wrapped(family, 2, i)), (1, data(family, 8, i))]
    check(frames, workers, how)


@few
@both
def test_other_pim_messages_are_the_protocols(family, workers, how):
    inner = data(family, 2)
    frames = [(i, register(inner, DR[family], US[family], first=first)) for i in (1, 2, 3)
              for first in (0x20, 0x22, 0x23, 0x11, 0x31, 0x28)]
    frames += [(1, register(inner[:40], DR[family], US[family], flags=0x40000000))]
    frames += [(1, register(b"", DR[family], US[family], flags=0xC0000000))]
    exp = check(frames, workers, how)
    assert not exp.drops and sum(exp.punts.values()) == 20


@both
def test_registers_for_others_and_without_pim_are_the_kernels(family):
    other = "10.0.0.253" if family == 4 else "2001:db8::fd"
    frames = [(1, register(data(family, 2), DR[family], other)), (4, wrapped(family, 2))]
    exp = check(frames, 1, "auto")
    assert not exp.drops and not exp.upcalls


@both
def test_control_hears_of_each_router_flow_and_address_once(family):
    drs = [f"192.0.2.{i}" if family == 4 else f"2001:db8:7::{i}" for i in range(1, 6)]
    frames = [(1, wrapped(family, number, i, src=dr, outer={"flags": border << 31})) for i in range(4)
              for border, dr in enumerate(drs[:2]) for number in (2, 3)]
    frames += [(1, wrapped(family, 2, 0, src=dr)) for dr in drs[2:]]
    exp = check(frames, 1, "auto")
    assert len(exp.upcalls) == 7
    inputs = [Ether(dst="02:00:00:00:00:00", src="06:00:00:00:00:01", type=0x0800 if family == 4 else 0x86DD)]
    got = run_bed({0: [bytes(inputs[0] / Raw(p)) for _, p in frames]}, 1, "auto")
    assert len(got.of("upcall")) == 7


@both
def test_ecn_comes_out_of_registers_and_dscp_stays(family):
    name = "tos" if family == 4 else "tc"
    frames = [(1, wrapped(family, 2, inner * 4 + outer, outer={"tos": 0xC0 | outer}, **{name: 0xB8 | inner}))
              for inner in range(4) for outer in range(4)]
    exp = check(frames, 1, "auto")
    assert exp.drops == {"register_congested": 1}


@shapes
def test_random_mixes(workers, how, seed):
    rng = random.Random(seed)
    frames = []
    for i in range(600):
        family = rng.choice((4, 6))
        number, size = rng.randrange(1, 10), rng.randrange(0, 1330)
        kind = rng.randrange(4)
        if kind == 0:
            frames.append((1, data(family, number, i, size=size)))
        elif kind == 3:
            packet = wrapped(family, number, i, size=size)
            frames.append((2, in_gre(packet, rng.choice((5, 6)), back=True)))
        else:
            outer = {"whole": rng.random() < 0.2, "tos": rng.choice((0, 0, 1, 0xB8)),
                     "flags": rng.choice((0, 0, 0x3BCDEF12))}
            frames.append((rng.choice((1, 2, 3)), wrapped(family, number, i, size=size, outer=outer)))
    check(frames, workers, how)


def test_the_script_says_what_the_oracle_thinks():
    text = script(7)
    assert text.count("\nregister ") == 14 and text.endswith("run 7\n")
    assert f"register 10 2 2 {US[4]} {RP[4]} 64 - 0 0" in text
