# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The check that every lab ends with finds what is malformed, and only with stargd."""
import pytest

from capture import Capture
from craft import IS_EX, hello, join_prune, pim, report
from lab import Lab, wait_for
from wire import Wire

ME = "10.0.0.1"
GOOD = [hello(ME), report(ME, [(IS_EX, "239.1.1.1")]),
        join_prune(ME, "10.0.0.2", [("232.1.1.1", ["10.9.0.1"], [])])]
CUT = join_prune(ME, "10.0.0.2", [("232.1.1.1", ["10.9.0.1"], [])])[20:-8]


def spoilt(packet: bytes, at: int) -> bytes:
    return packet[:at] + bytes([packet[at] ^ 0x55]) + packet[at + 1:]


BAD = {
    "the checksum of a Hello": spoilt(hello(ME), 22),
    "the checksum of a report": spoilt(GOOD[1], 26),
    "the checksum of the IP header": spoilt(hello(ME), 10),
    "a Join/Prune cut short": pim(ME, 3, CUT[4:]),
}


@pytest.fixture
def seen():
    """sender(stargd): a Wire whose frames are captured, as those of a stargd or of somebody else."""
    with Lab() as made:
        capture = Capture(made)

        def sender(stargd: bool, packets) -> Capture:
            a, b = made.router("a") if stargd else made.host("a"), made.host("b")
            for node in (a, b):  # its kernel says nothing of its own
                node.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
            made.link(a, "eth0", b, "eth0")
            Wire(a, "eth0").send(*packets)
            wait_for("all captured", lambda: len(capture.frames) == len(packets))
            return capture
        yield sender


@pytest.mark.parametrize("what", BAD)
def test_a_malformed_packet_of_stargd_is_found(seen, what):
    with pytest.raises(AssertionError, match="malformed, of 4 packets that starg sent"):
        seen(True, [*GOOD, BAD[what]]).check()


def test_what_is_sound_passes(seen):
    assert seen(True, GOOD).check() == 3


def test_what_others_send_is_theirs(seen):
    assert seen(False, [*GOOD, *BAD.values()]).check() == 0
