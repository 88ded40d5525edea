# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""One starg between a kernel source and kernel receivers, no static route: hosts join, IGMP tells PIM,
PIM makes the tree, data arrives; a leave ends it. starg is first hop, RP, DR and last hop itself.

                        +------------- A -------------+
   host  10.0.0.1 ------| src             lan 10.1.0.1|------ v3   10.1.0.2   (IGMPv3)
                        | 10.0.0.254    lan2 10.2.0.1 |------ v2   10.2.0.2   (IGMPv2)
                        | lo0 10.9.9.9, the RP        |
                        +-----------------------------+
"""
import socket
import struct
import time

import pytest

from lab import wait_for
from stream import Receiver, Sender, settle

SOURCE, GROUP, SSM, PORT, RP = "10.0.0.1", "239.1.1.1", "232.1.1.1", 5000, "10.9.9.9"
IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_MEMBERSHIP = 39, 36

INTERFACES = f"""\
  {{ name = "src";  port = "p0"; address = [ "10.0.0.254/24" ]; pim: {{ }}; }},
  {{ name = "lan";  port = "p1"; address = [ "10.1.0.1/24" ]; igmp: {{ }}; pim: {{ }}; }},
  {{ name = "lan2"; port = "p2"; address = [ "10.2.0.1/24" ]; igmp: {{ }}; pim: {{ }}; }},
  {{ name = "lo0"; loopback = true; address = [ "{RP}/32" ]; pim: {{ }}; }}"""
PORTS = {"p0": "v-src", "p1": "v-lan", "p2": "v-lan2"}
REST = f'pim: {{ rp: ( {{ address = "{RP}"; }} ); }};'


class Net:
    def __init__(self, lab):
        self.lab = lab
        self.a = lab.router("A")
        self.host, self.v3, self.v2 = lab.host("host"), lab.host("v3"), lab.host("v2")
        lab.link(self.host, "eth0", self.a, "v-src")
        lab.link(self.v3, "eth0", self.a, "v-lan")
        lab.link(self.v2, "eth0", self.a, "v-lan2")
        self.host.address("eth0", f"{SOURCE}/24", gateway="10.0.0.254")
        self.v3.address("eth0", "10.1.0.2/24", gateway="10.1.0.1")
        self.v2.address("eth0", "10.2.0.2/24", gateway="10.2.0.1")
        self.v2.sysctl("net.ipv4.conf.eth0.force_igmp_version", 2)
        self.a.configure(PORTS, INTERFACES, REST)
        self.a.start()
        wait_for("the interfaces are up", lambda: all(
            i["state"] == "up" for i in self.a.interfaces()))

    def groups(self) -> dict:
        return {(g["interface"], g["group"]): g for g in self.a.ctl("show igmp group")["groups"]}

    def route(self, source: str, group: str = GROUP):
        return next((r for r in self.a.routes()
                     if r["source"] == source and r["group"] == group), None)


@pytest.fixture
def pim(lab):
    made = Net(lab)
    yield made
    assert made.a.stop() == 0, made.a.log()


def outputs(route) -> set[str]:
    return {o["interface"] for o in route["outputs"]} if route else set()


def flow(net: Net, receivers, group: str = GROUP, rate: int = 500, seconds: float = 1,
         before_tree: int = 0) -> None:
    """A stream of which every receiver gets every packet once, but for the first before_tree ones: those
    that a new source may send before its tree is made."""
    sender = Sender(net.host, group, PORT, "eth0", rate=rate).start()
    time.sleep(seconds)
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.duplicated == 0 and report.lost <= before_tree, f"{r.name}: {report}"
        assert report.lost == 0 or report.first_lost == 0, f"{r.name}: {report}"


def join_source(receiver: Receiver, group: str, source: str) -> None:
    index = socket.inet_aton("0.0.0.0")
    receiver.sock.setsockopt(socket.IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP,
                             socket.inet_aton(group) + index + socket.inet_aton(source))


def test_data_arrives_without_a_static_route(pim):
    receivers = [Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3"),
                 Receiver(pim.v2, PORT, GROUP, "eth0", "IGMPv2")]
    wait_for("both groups are known", lambda: len(pim.groups()) == 2)
    groups = pim.groups()
    assert groups["lan", GROUP]["version"] == 3 and groups["lan2", GROUP]["version"] == 2
    assert groups["lan", GROUP]["last_reporter"] == "10.1.0.2"
    flow(pim, receivers, before_tree=20)
    flow(pim, receivers)
    assert outputs(pim.route(SOURCE)) == {"lan", "lan2"}
    assert outputs(pim.route("*")) == {"lan", "lan2"}
    assert {h["host"] for h in pim.a.ctl("show igmp host")["hosts"]} == {"10.1.0.2", "10.2.0.2"}


def test_a_leave_stops_it(pim):
    v3 = Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3")
    v2 = Receiver(pim.v2, PORT, GROUP, "eth0", "IGMPv2")
    wait_for("both groups are known", lambda: len(pim.groups()) == 2)
    flow(pim, [v3, v2], before_tree=20)
    v3.close()
    wait_for("the leave of IGMPv3", lambda: ("lan", GROUP) not in pim.groups())
    assert outputs(pim.route(SOURCE)) == {"lan2"}
    flow(pim, [v2])
    v2.close()
    wait_for("the leave of IGMPv2", lambda: not pim.groups())
    wait_for("no output is left", lambda: not outputs(pim.route(SOURCE)) and
             not outputs(pim.route("*")))
    assert not pim.a.ctl("show igmp source")["sources"]
