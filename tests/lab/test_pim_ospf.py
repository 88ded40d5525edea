# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""OSPF decides which way the trees go: metrics change, links fail loudly and silently, and come back.
starg is last hop and transit (mid), first hop (first) or everything, FRR with ospfd the others."""
import pytest

from capture import Capture
from lab import Lab, wait_for
from ospf_net import DEAD_S, GROUP, RP, RP2, SOURCE, UDP, Triangle
from stream import ManyReceiver, ManySender, Receiver, Sender, settle

FRR = dict.fromkeys(("first", "mid", "last", "a"), "frr")


KINDS = {"mid": {"mid": "starg"}, "around": {"first": "starg", "a": "starg"}, "all": dict.fromkeys(FRR, "starg")}


@pytest.fixture(scope="module")
def made(request):
    """One network for all tests that ask for the same; no packet of a stargd may be malformed."""
    with Lab() as lab:
        lab.capture = Capture(lab)
        net = Triangle(lab, {**FRR, **KINDS[request.param]})
        net.start()
        yield net
        for r in net.routers:
            r.down()
        lab.capture.check()


@pytest.fixture
def net(made):
    """It is as at the start when a test begins."""
    yield made
    made.restore()


def among(*names: str):
    """Which routers are starg; one network at a time."""
    return pytest.mark.parametrize("made", names, indirect=True, scope="module")


def flowing(net: Triangle, group: str = GROUP) -> tuple[Sender, list[Receiver]]:
    """A stream that reaches both receivers by the shortest path."""
    receivers = [net.receiver(net.near, group), net.receiver(net.far, group)]
    sender = net.sender(group)
    net.arrives(receivers, sender, within_s=40)
    return sender, receivers


def upstream(r, source: str, group: str = GROUP) -> dict:
    return next((t for t in r.ctl("show pim upstream")["upstreams"]
                 if (t["source"], t["group"]) == (source, group)), {})


def accepts(r, group: str = GROUP) -> set[str]:
    """The interfaces that the stream may come in by."""
    route = next((x for x in r.routes() if (x["source"], x["group"]) == (SOURCE, group)),
                 {"inputs": ()})
    return {i["interface"] for i in route["inputs"] if i["accept"]}


def comes_by(net: Triangle, r, port: str) -> None:
    """The stream comes into r (if it is starg) by this port, and whoever brought it before is let go."""
    if r.kind != "starg":
        return
    try:
        wait_for(f"{r.name}: the stream comes in by {port}", lambda: accepts(r) == {port} and (
            lambda t: t["input"] == port and t["joined"])(upstream(r, SOURCE)), 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{net.tell()}") from None


def missing(r: Receiver, sender: Sender, first: int, end: int) -> int:
    """How many packets from number first to end have not arrived."""
    with r.lock:
        seen = set(r.counts[sender.stream])
    return sum(n not in seen for n in range(first, end))


def complete(sender: Sender, receivers: list[Receiver], first: int, end: int) -> None:
    """Each packet from number first to end has arrived everywhere, once."""
    for r in receivers:
        lost = missing(r, sender, first, end)
        with r.lock:
            seen = dict(r.counts[sender.stream])
        twice = [n for n, times in seen.items() if first <= n < end and times > 1]
        print(f"{r.name}: {end - first} sent, {lost} lost, {len(twice)} twice")
        assert not lost and not twice, f"{r.name}: {lost} lost, twice {twice[:9]}"


@among("mid")
def test_a_metric_moves_the_trees_there_and_back_and_no_packet_is_lost(net):
    sender, receivers = flowing(net)
    comes_by(net, net.mid, "e0")
    first = sender.sent
    for cost, port in ((100, "e1"), (10, "e0")):
        net.cost(net.mid, "e0", cost)
        net.wait_route(net.mid, "10.0.0.0/24", port)
        rpf = net.mid.ctl(f"show rpf {SOURCE}")
        assert (rpf["protocol"], rpf["preference"], rpf["metric"]) == ("ospf", 110, 20)
        comes_by(net, net.mid, port)
        net.arrives(receivers, sender, packets=50)
    sender.stop()
    settle(sender, receivers)
    complete(sender, receivers, first, sender.sent)


@among("mid")
def test_the_shared_tree_follows_the_way_to_the_rp(net):
    """Without a source nothing but Joins moves."""
    net.receiver(net.near)

    def joined(port: str) -> None:
        wait_for(f"(*,G) is joined by {port}", lambda: upstream(net.mid, "*").get("input") == port, 20)
        wait_for(f"the RP has one output, {port}", lambda: (net.a.mroute("*", GROUP) or {"outputs": ()})[
            "outputs"] == {port}, 20)
    joined("e1")
    net.cost(net.mid, "e1", 100)
    net.wait_route(net.mid, RP, "e0")
    joined("e0")


@among("mid", "around", "all")
def test_a_link_that_fails_and_returns_moves_the_trees(net):
    """FRR itself loses packets when it goes back to the better way."""
    sender, receivers = flowing(net)
    for way, limit_s in (("down", 10), ("silent", DEAD_S + 10)):
        comes_by(net, net.mid, "e0")
        first = sender.sent
        net.cut(way)
        net.arrives(receivers, sender, within_s=limit_s)
        lost = max(missing(r, sender, first, sender.sent - 5) for r in receivers)
        print(f"{way}: {lost} packets lost, {lost / sender.rate:.2f} s")
        comes_by(net, net.mid, "e1")
        first = sender.sent
        net.cut("up")
        net.wait_route(net.mid, "10.0.0.0/24", "e0")
        comes_by(net, net.mid, "e0")
        net.arrives(receivers, sender, packets=50)
        if net.mid.kind == "starg":
            complete(sender, receivers, first, sender.sent - 25)
    sender.stop()


MANY = [f"239.1.2.{i}" for i in range(64)]


def ways(r) -> dict[str, str]:
    """The input of the tree of each group."""
    return {t["group"]: t["input"] for t in r.ctl("show pim upstream")["upstreams"] if t["source"] == SOURCE
            and t["group"] in MANY and t["joined"]}


def spread(net: Triangle, ports: set[str]) -> dict[str, str]:
    """The ways once all trees are joined, by these ports, and forward from nowhere else."""
    def settled():
        found = ways(net.mid)
        inputs = {r["group"]: {i["interface"] for i in r["inputs"] if i["accept"]} for r in net.mid.routes()
                  if r["source"] == SOURCE}
        return set(found) == set(MANY) and set(found.values()) == ports and all(
            inputs.get(g) == {port} for g, port in found.items()) and found
    try:
        return wait_for(f"all groups come by {ports}", settled, 30)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{ways(net.mid)}\n{net.tell()}") from None


@among("mid")
def test_groups_are_spread_over_equal_paths_and_a_lost_one_moves_only_its_own(net):
    net.cost(net.mid, "e0", 20)
    wait_for("two equal paths", lambda: sum(
        p["usable"] for p in net.mid.ctl(f"show rpf {SOURCE}")["paths"]) == 2, 20)
    receiver = ManyReceiver(net.near, UDP, MANY, "eth0")
    sender = ManySender(net.src, MANY, UDP, "eth0", rate=20)
    net.streams += [receiver, sender]
    sender.start()
    before = spread(net, {"e0", "e1"})
    by = {port: [g for g in MANY if before[g] == port] for port in ("e0", "e1")}
    print(f"{len(by['e0'])} groups by e0, {len(by['e1'])} by e1")
    assert min(len(groups) for groups in by.values()) >= 16
    for g in (by["e0"][0], by["e1"][0]):
        rpf = net.mid.ctl(f"show rpf {SOURCE} {g}")
        (tree,) = net.mid.ctl(f"show pim upstream {SOURCE} {g}")["upstreams"]
        assert (rpf["interface"], rpf["neighbor"]) == (before[g], tree["neighbor"])
        assert f"leads through {before[g]}" in net.mid.text(f"explain {SOURCE} {g}")

    def whole(groups: list[str], first: int) -> None:
        """Each packet of these groups from number first on has come; the last may be under way."""
        end = sender.sent - 5
        with receiver.lock:
            seen = {g: dict(receiver.counts.get(sender.stream + MANY.index(g), {})) for g in groups}
        lost = {g: missing for g in groups if (missing := [n for n in range(first, end) if n not in seen[g]])}
        print(f"{len(groups)} groups, {end - first} packets each, lost: {lost}")
        assert end > first and not lost
    wait_for("data of all groups", lambda: all(
        receiver.received(sender.stream + i) > 5 for i in range(len(MANY))), 20)
    first = sender.sent
    net.cut("down")
    spread(net, {"e1"})
    wait_for("a second has passed", lambda n=sender.sent: sender.sent > n + 20)
    whole(by["e1"], first)
    first = sender.sent
    net.cut("up")
    wait_for("two equal paths", lambda: sum(
        p["usable"] for p in net.mid.ctl(f"show rpf {SOURCE}")["paths"]) == 2, 20)
    assert spread(net, {"e0", "e1"}) == before
    wait_for("a second has passed", lambda n=sender.sent: sender.sent > n + 20)
    whole(MANY, first)


def star_outputs(r, group: str = GROUP) -> set[str]:
    return set((r.mroute("*", group) or {"outputs": ()})["outputs"])


@among("mid", "around")
def test_another_rp_takes_over_while_a_stream_runs(net):
    sender, receivers = flowing(net)
    first = sender.sent
    net.use_rp(*[r for r in net.routers if r.kind == "starg"], rp=RP2)
    net.use_rp(*net.routers, rp=RP2)
    print(f"RP changed: forwarding again after {net.arrives(receivers, sender):.2f} s")
    if net.mid.kind == "starg":
        wait_for("(*,G) is joined towards the new RP", lambda: (
            lambda t: t.get("target") == RP2 and t["input"] == "e0" and t["joined"])(upstream(net.mid, "*")), 20)
        complete(sender, receivers[:1], first, sender.sent - 5)
    wait_for("the old RP has no member", lambda: not star_outputs(net.a), 20)
    flowing(net, "239.1.3.1")
    wait_for("the new RP has members", lambda: star_outputs(net.first, "239.1.3.1"), 20)
    assert not star_outputs(net.a, "239.1.3.1")


@among("mid")
def test_a_stream_on_the_shared_tree_follows_it_to_another_rp(net):
    """Nobody switches to the source's tree. Who is asked knows the new RP before who asks."""
    group = "239.1.6.1"
    net.mid.pim_extra = 'spt_switchover = "never";'
    net.use_rp(net.mid, rp="")
    net.use_rp(net.mid, rp=RP)
    receiver, sender = net.receiver(net.near, group), net.sender(group)
    net.arrives([receiver], sender, within_s=40)
    assert not accepts(net.mid, group) and not upstream(net.mid, SOURCE, group)
    net.use_rp(net.first, net.a, net.last, rp=RP2)
    net.use_rp(net.mid, rp=RP2)
    print(f"RP changed: forwarding again after {net.arrives([receiver], sender):.2f} s")
    tree = upstream(net.mid, "*", group)
    assert (tree["target"], tree["input"], tree["joined"]) == (RP2, "e0", True)
    wait_for("the old RP has no member", lambda: not star_outputs(net.a, group), 20)


@among("mid")
def test_without_an_rp_streams_go_on_and_nothing_new_begins(net):
    sender, receivers = flowing(net)
    first = sender.sent
    net.use_rp(net.mid, rp="")
    wait_for("the RP has no member", lambda: not star_outputs(net.a), 20)
    net.arrives(receivers[:1], sender)
    net.receiver(net.near, "239.1.4.1")
    other = net.sender("239.1.4.1")
    wait_for("explain says it", lambda: "no RP for 239.1.4.1" in net.mid.text(f"explain {SOURCE} 239.1.4.1"), 20)
    other.stop()
    net.use_rp(net.mid, rp=RP)
    wait_for("the RP has members again", lambda: star_outputs(net.a) == {"e1"}, 20)
    flowing(net, "239.1.4.1")
    complete(sender, receivers[:1], first, sender.sent - 5)


@among("mid")
def test_an_rp_that_is_unreachable_is_said_and_serves_when_it_is_back(net):
    net.use_rp(*net.routers, rp=RP2)
    net.first.ip("addr", "del", f"{RP2}/32", "dev", "lo")
    net.receiver(net.near, "239.1.5.1")
    unreachable = f"RP {RP2} unreachable (no unicast route to {RP2})"
    wait_for("explain says it", lambda: unreachable in net.mid.text(f"explain {SOURCE} 239.1.5.1"), 20)
    (rp,) = net.mid.ctl("show pim rp 239.1.5.1")["rps"]
    assert not rp["reachable"] and rp["problem"] == f"no unicast route to {RP2}"
    net.first.ip("addr", "add", f"{RP2}/32", "dev", "lo")
    wait_for("the RP is reachable", lambda: net.mid.ctl("show pim rp 239.1.5.1")["rps"][0]["reachable"], 20)
    flowing(net, "239.1.5.1")
