# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Routes of prefixes: overlaps of which neither contains the other, and excepted sources."""
import dataclasses

import pytest
from packets import *
from starg_dp import check


@dataclasses.dataclass(frozen=True)
class Names:
    """One family's router, packets and addresses."""
    router: object
    udp: object
    near: str  # prefix of senders
    sender: str  # in it
    far: str
    far2: str
    wide: str  # groups, each within the one before
    mid: str
    narrow: str
    group: str
    other: str  # in mid, not in narrow

    def many(self, n=20, src="", dst=""):
        return [self.udp(i, src=src or self.sender, dst=dst or self.group) for i in range(n)]


@pytest.fixture(params=("IPv4", "IPv6"))
def ip(request):
    if request.param == "IPv4":
        return Names(router, udp, "10.0.0.0/8", SRC, "192.0.2.7", "192.0.2.8", "239.0.0.0/8",
                     "239.1.0.0/16", "239.1.1.0/24", "239.1.1.9", "239.1.2.9")
    return Names(router6, udp6, "2001:db8::/48", "2001:db8::1", "2001:db9::7", "2001:db9::8", "ff00::/8",
                 "ff3e::/16", "ff3e::8000:0/112", "ff3e::8000:9", "ff3e::9000:9")


def test_packet_where_two_routes_overlap_has_the_outputs_of_both(ip):
    config = ip.router(Route(ip.near, ip.mid, "lan2", to("lan1")),
                       Route("*", ip.narrow, "src", to("v100")))
    exp, result = check(config, {"p0": ip.many() + ip.many(src=ip.far),
                                 "p2": ip.many(dst=ip.other)})
    assert exp.route_packets[ip.near, ip.narrow] == 20
    assert result.routes()[ip.near, ip.narrow]["flags"] == ["crossing"]
    assert len(exp.frames["p1"]) == 80


def test_excepted_sources_are_dropped_without_a_signal(ip):
    config = ip.router(Route("*", ip.mid, "src", to("lan1"), (ip.near, ip.far)))
    exp, result = check(config, {"p0": ip.many(5) + ip.many(7, src=ip.far) + ip.many(9, src=ip.far2),
                                 "p1": ip.many(3)})
    assert result.drops() == {"route_drop": 15}
    assert len(exp.frames["p1"]) == 9
    assert not exp.signals


def test_excepted_source_is_forwarded_by_a_route_of_its_own_alone(ip):
    config = ip.router(Route("*", ip.mid, "src", to("lan1"), (ip.near,)),
                       Route(ip.sender, ip.group, "src", to("lan2")))
    exp, _ = check(config, {"p0": ip.many() + ip.many(dst=ip.other) + ip.many(src=ip.far)})
    assert len(exp.frames["p2"]) == 20 and len(exp.frames["p1"]) == 20


def test_excepted_source_is_forwarded_by_a_wider_route(ip):
    config = ip.router(Route("*", ip.mid, "src", to("lan1"), (ip.near,)),
                       Route("*", ip.wide, "src", to("lan2")))
    exp, _ = check(config, {"p0": ip.many() + ip.many(src=ip.far)})
    assert len(exp.frames["p2"]) == 40 and len(exp.frames["p1"]) == 20
