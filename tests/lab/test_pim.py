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
    flow(pim, receivers)
    flow(pim, receivers)
    assert outputs(pim.route(SOURCE)) == {"lan", "lan2"}
    assert outputs(pim.route("*")) == {"lan", "lan2"}
    assert {h["host"] for h in pim.a.ctl("show igmp host")["hosts"]} == {"10.1.0.2", "10.2.0.2"}


def test_a_source_that_begins_with_a_burst_loses_nothing(pim):
    """As one does whose program has waited for its turn: the packets are there before the route is."""
    receiver = Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3")
    wait_for("the group is known", pim.groups)
    sender = Sender(pim.host, GROUP, PORT, "eth0")
    sender.send(60)
    settle(sender, [receiver])
    report = receiver.report(sender.stream, sender.sent)
    assert report.clean and report.reordered == 0, f"{report}, {pim.a.drops()}"


def test_a_leave_stops_it(pim):
    v3 = Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3")
    v2 = Receiver(pim.v2, PORT, GROUP, "eth0", "IGMPv2")
    wait_for("both groups are known", lambda: len(pim.groups()) == 2)
    flow(pim, [v3, v2])
    v3.close()
    wait_for("the leave of IGMPv3", lambda: ("lan", GROUP) not in pim.groups())
    assert outputs(pim.route(SOURCE)) == {"lan2"}
    flow(pim, [v2])
    v2.close()
    wait_for("the leave of IGMPv2", lambda: not pim.groups())
    wait_for("no output is left", lambda: not outputs(pim.route(SOURCE)) and
             not outputs(pim.route("*")))
    assert not pim.a.ctl("show igmp source")["sources"]


def test_ssm_members_get_the_source_they_named_and_no_other(pim):
    named = Receiver(pim.v3, PORT, name="SSM")
    with pim.v3.inside():
        join_source(named, SSM, SOURCE)
    wait_for("the source is known", lambda: pim.a.ctl(f"show igmp source {SSM}")["sources"])
    flow(pim, [named], SSM)  # the tree was there before: nothing is lost
    assert outputs(pim.route(SOURCE, SSM)) == {"lan"} and pim.route("*", SSM) is None
    other = Sender(pim.host, "232.1.1.2", PORT, "eth0")
    other.send(20)
    time.sleep(0.3)
    assert named.received(other.stream) == 0
    why = pim.a.ctl("explain 10.0.0.1 232.1.1.2")["verdict"]
    assert "nobody wants 232.1.1.2 of source 10.0.0.1: the group is in an SSM range" in why
    named.close()
    wait_for("no source is left", lambda: not pim.a.ctl("show igmp source")["sources"])
    wait_for("its tree is gone", lambda: not outputs(pim.route(SOURCE, SSM)))


def test_show_and_explain_tell_it(pim):
    assert "nobody wants 239.1.1.1: no IGMP member" in pim.a.ctl(
        f"explain {SOURCE} {GROUP}")["verdict"]
    receiver = Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3")
    wait_for("the group is known", pim.groups)
    flow(pim, [receiver])
    assert pim.a.ctl(f"explain {SOURCE} {GROUP}")["verdict"].startswith("forwarding: ")
    wait_for("that it has stopped is told", lambda: pim.a.ctl(f"explain {SOURCE} {GROUP}")["verdict"].startswith(
        "has forwarded, but nothing has come for "), 20)
    route = pim.route(SOURCE)
    assert route["protocols"] == ["pim"] and route["input_owner"] == "pim"
    assert {"sparse", "connected"} <= set(route["flags"])
    assert "member" in pim.route("*")["flags"] and "member" not in route["flags"]
    (rp,) = pim.a.ctl("show pim rp")["rps"]
    assert rp["address"] == RP and rp["i_am_rp"] and rp["groups"] == "224.0.0.0/4"
    trees = {(t["source"], t["group"]): t for t in pim.a.ctl("show pim state")["trees"]}
    assert trees["*", GROUP]["input"] == "register" and trees["*", GROUP]["outputs"] == ["lan"]
    assert trees[SOURCE, GROUP]["connected"] and trees[SOURCE, GROUP]["input"] == "src"
    (join,) = [j for j in pim.a.ctl(f"show pim join * {GROUP}")["joins"]]
    assert join["member"] == "include" and join["interface"] == "lan"
    assert {i["interface"]: i["i_am_dr"] for i in pim.a.ctl("show pim interface")["interfaces"]} == {
        "src": True, "lan": True, "lan2": True, "lo0": True}
    (lan,) = pim.a.ctl("show igmp interface lan")["interfaces"]
    assert lan["running"] and lan["querier"] and lan["groups"] == 1
    for command in ("show igmp group", "show igmp host", "show pim state", "show pim upstream",
                    "show pim join", "show mroute"):
        assert GROUP in pim.a.text(command), command


def test_the_rp_comes_and_goes_with_a_reload(pim):
    receiver = Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3")
    wait_for("the group is known", pim.groups)
    pim.a.configure(PORTS, INTERFACES)
    assert "pim" in pim.a.ctl("reload")["done"]
    assert pim.a.ctl(f"explain {SOURCE} {GROUP}")["verdict"].startswith(f"no RP for {GROUP}")
    pim.a.configure(PORTS, INTERFACES, 'pim: { rp: ( { address = "10.77.0.1"; } ); };')
    pim.a.ctl("reload")
    verdict = pim.a.ctl(f"explain {SOURCE} {GROUP}")["verdict"]
    assert verdict.startswith("no route: RP 10.77.0.1 unreachable"), verdict
    pim.a.configure(PORTS, INTERFACES, REST)
    pim.a.ctl("reload")
    flow(pim, [receiver])
    flow(pim, [receiver])
    assert set(pim.groups()) == {("lan", GROUP)}


def test_pim_of_an_interface_comes_and_goes_with_a_reload(pim):
    receiver = Receiver(pim.v3, PORT, GROUP, "eth0", "IGMPv3")
    wait_for("the group is known", pim.groups)
    flow(pim, [receiver])
    pim.a.configure(PORTS, INTERFACES.replace("igmp: { }; pim: { }", "igmp: { }", 1), REST)
    pim.a.ctl("reload")
    assert not outputs(pim.route(SOURCE))
    verdict = pim.a.ctl(f"explain {SOURCE} {GROUP}")["verdict"]
    assert verdict.startswith("lan has members, but PIM does not run there"), verdict
    pim.a.configure(PORTS, INTERFACES, REST)
    pim.a.ctl("reload")
    flow(pim, [receiver])
    pim.a.configure(PORTS, INTERFACES.replace("igmp: { }; pim: { }", "pim: { }", 1), REST)
    pim.a.ctl("reload")
    assert not pim.groups() and not outputs(pim.route(SOURCE))


def pim_hellos(frames) -> list[int]:
    """Holdtimes of the Hellos among frames."""
    found = []
    for f in frames:
        if f[12:14] != b"\x08\x00" or f[23] != 103:
            continue
        pim = f[14 + (f[14] & 15) * 4:]
        if pim[0] == 0x20 and pim[4:8] == b"\0\1\0\2":
            found.append(struct.unpack("!H", pim[8:10])[0])
    return found


def hellos_heard(raw) -> list[int]:
    frames = []
    try:
        while True:
            frames.append(raw.recv(2048))
    except TimeoutError:
        pass
    raw.close()
    return pim_hellos(frames)


def test_goodbye_when_the_router_leaves(pim):
    raw = pim.v3.raw("eth0")
    assert pim.a.stop() == 0
    assert hellos_heard(raw)[-1:] == [0], "the last Hello has holdtime 0"
    pim.a.start()


def test_goodbye_when_an_interface_is_set_down_or_removed(pim):
    raw = pim.v3.raw("eth0")
    pim.a.ctl("set interface lan down")
    assert hellos_heard(raw)[-1:] == [0], "the last Hello has holdtime 0"
    pim.a.ctl("set interface lan up")
    wait_for("lan is up", lambda: {i["interface"]: i["state"] for i in pim.a.ctl(
        "show pim interface")["interfaces"]}["lan"] == "up")
    raw = pim.v3.raw("eth0")
    pim.a.configure({p: PORTS[p] for p in ("p0", "p2")}, "\n".join(
        line for line in INTERFACES.splitlines() if '"lan"' not in line), REST)
    pim.a.ctl("reload")
    assert hellos_heard(raw)[-1:] == [0], "the last Hello has holdtime 0"
