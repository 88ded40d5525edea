# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""IPv6 through three stargs: MLDv2 of a kernel host, PIM with Registers to the RP and back by the shortest
path, and source-specific groups. Debian's FRR has no PIM for IPv6.

    src ------ first ------ rp ------ last ------ rcv         2001:db8:N::/64
         ::1     0    ::1 1 ::2  ::1 2 ::2    3   ::9     the RP 2001:db8:ff::9, on a loopback
"""
import pytest

from lab import wait_for
from stream import Sender, settle
from stream6 import Receiver6, Sender6

SOURCE, RP, UDP = "2001:db8:0::9", "2001:db8:ff::9", 5000
GROUP, SSM = "ff1e::1:1", "ff3e::8000:1"
PIM = "pim: { ipv4 = false; ipv6 = true; hello_interval_s = 2; };"


def port(name: str, address: str, more: str = "") -> str:
    return f'  {{ name = "{name}"; port = "{name}"; address = [ "{address}" ]; {PIM} {more} }}'


class Chain:
    def __init__(self, lab):
        self.lab = lab
        self.first, self.rp, self.last = self.routers = [lab.router(n) for n in ("first", "rp", "last")]
        self.src, self.rcv = lab.host("src"), lab.host("rcv")
        for a, a_if, b, b_if in ((self.src, "eth0", self.first, "v-e0"), (self.first, "v-e1", self.rp, "v-e0"),
                                 (self.rp, "v-e1", self.last, "v-e0"), (self.last, "v-e1", self.rcv, "eth0")):
            lab.link(a, a_if, b, b_if)
        for host, address, gateway in ((self.src, SOURCE, "2001:db8:0::1"), (self.rcv, "2001:db8:3::9", "2001:db8:3::1")):
            host.sysctl("net.ipv6.conf.eth0.accept_dad", 0)
            host.address("eth0", f"{address}/64")
            host.ip("route", "add", "default", "via", gateway)
        mld = "mld: { version = 2; };"
        loopback = f'  {{ name = "lo0"; loopback = true; address = [ "{RP}/128" ]; {PIM} }}'
        self.configure(self.first, [port("e0", "2001:db8:0::1/64"), port("e1", "2001:db8:1::1/64")])
        self.configure(self.rp, [port("e0", "2001:db8:1::2/64"), port("e1", "2001:db8:2::1/64"), loopback])
        self.configure(self.last, [port("e0", "2001:db8:2::2/64"), port("e1", "2001:db8:3::1/64", mld)])

    def configure(self, r, interfaces: list[str]) -> None:
        r.configure({"e0": "v-e0", "e1": "v-e1"}, ",\n".join(interfaces),
                    f'pim: {{ rp: ( {{ address = "{RP}"; }} ); }};')

    def start(self) -> None:
        for r in self.routers:
            r.sysctl("net.ipv6.conf.all.forwarding", 1)
            r.start()
        for r, prefix, via in ((self.first, f"{RP}/128", "2001:db8:1::2"), (self.first, "2001:db8:3::/64", "2001:db8:1::2"),
                               (self.rp, "2001:db8:0::/64", "2001:db8:1::1"), (self.rp, "2001:db8:3::/64", "2001:db8:2::2"),
                               (self.last, f"{RP}/128", "2001:db8:2::1"), (self.last, "2001:db8:0::/64", "2001:db8:2::1")):
            wait_for(f"{r.name}: a way to {via}", lambda r=r, prefix=prefix, via=via: r.ip(
                "-6", "route", "replace", prefix, "via", via, check=False).returncode == 0)
        for r, links in ((self.first, {"e1"}), (self.rp, {"e0", "e1"}), (self.last, {"e0"})):
            wait_for(f"{r.name}: neighbours", lambda r=r, links=links: {
                n["interface"] for n in r.ctl("show pim neighbor")["neighbors"]} == links, 20)

    def tell(self) -> str:
        return "\n".join(f"--- {r.name}\n" + "".join(r.text(c) for c in (
            "show pim neighbor", "show pim upstream", "show mroute", "show drop")) + r.log() for r in self.routers)


@pytest.fixture
def chain(lab):
    made = Chain(lab)
    made.start()
    yield made
    for r in made.routers:
        assert r.stop() == 0, r.log()


def flows(net: Chain, receiver: Receiver6, group: str, until) -> None:
    """A stream arrives and goes on until something is the case."""
    sender = Sender6(net.src, group, UDP, "eth0", rate=200).start()
    try:
        wait_for("packets", lambda: receiver.received(sender.stream) > 50, 20)
        wait_for("the tree is made", until, 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{net.tell()}") from None
    sender.stop()


def whole(net: Chain, receiver: Receiver6, group: str) -> None:
    steady: Sender = Sender6(net.src, group, UDP, "eth0", rate=500).start()
    wait_for("1,000 packets sent", lambda: steady.sent > 1000, 20)
    steady.stop()
    settle(steady, [receiver])
    report = receiver.report(steady.stream, steady.sent)
    assert report.clean, f"{report}\n{net.tell()}"


def outputs(r, source: str, group: str) -> set[str]:
    return {o["interface"] for m in r.routes() if (m["source"], m["group"]) == (source, group) for o in m["outputs"]
            if o["encap"] != "register"}


def tree(r, source: str, group: str) -> dict:
    return next((t for t in r.ctl("show pim upstream")["upstreams"] if (t["source"], t["group"]) == (source, group)), {})


def test_any_source_by_the_rp_and_then_by_the_shortest_path(chain):
    source = "2001:db8::9"  # as it is printed
    receiver = Receiver6(chain.rcv, UDP, GROUP, "eth0")
    wait_for("the RP has a member", lambda: outputs(chain.rp, "*", GROUP) == {"e1"}, 20)
    (member,) = chain.last.ctl("show mld group")["groups"]
    assert (member["interface"], member["group"], member["version"]) == ("e1", GROUP, 2)
    flows(chain, receiver, GROUP, lambda: tree(chain.last, source, GROUP).get("spt_bit"))
    assert tree(chain.last, source, GROUP)["neighbor"].startswith("fe80::")
    (register,) = chain.first.ctl("show pim register")["registers"]
    assert (register["source"], register["rp"]) == (source, RP)
    whole(chain, receiver, GROUP)
    receiver.close()
    wait_for("no output anywhere", lambda: not any(outputs(r, s, GROUP) for r in chain.routers for s in ("*", source)), 20)


def test_source_specific_groups_need_no_rp(chain):
    source = "2001:db8::9"
    receiver = Receiver6(chain.rcv, UDP, SSM, "eth0", SOURCE)
    wait_for("the first hop has an output", lambda: outputs(chain.first, source, SSM) == {"e1"}, 20)
    whole(chain, receiver, SSM)
    assert not outputs(chain.rp, "*", SSM) and not chain.first.ctl("show pim register")["registers"]
    receiver.close()
    wait_for("no output anywhere", lambda: not any(outputs(r, source, SSM) for r in chain.routers), 20)
