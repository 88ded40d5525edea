# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A numbered stream through two routers: natively, through GRE, as unicast."""
import socket
import time

from demo_net import GROUP, HER_PORT, PORT, DemoNet, route
from lab import wait_for
from stream import Receiver, Sender, settle, warm_up


def test_every_receiver_gets_every_packet_once(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=3000).start()
    time.sleep(4)
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean and report.reordered == 0, f"{r.name}: {report}"
    # What the receivers see: the source's address natively, the egress address by HER.
    assert {s[0] for s in receivers[0].sources} == {"10.0.0.1"}
    assert {s[0] for s in receivers[1].sources} == {"10.0.0.1"}
    assert {s[0] for s in receivers[2].sources} == {"10.4.0.1"}


def test_what_a_ring_has_no_room_for_is_counted(net):
    """Nobody takes frames: the ring of the port is soon full, and the kernel drops the rest."""
    def stats():
        return next(p for p in net.a.ctl("show port stats")["ports"] if p["name"] == "p0")
    net.a.ctl("stop")
    net.a.ctl("clear counters")
    assert stats()["rx_missed"] == 0
    sender = Sender(net.host, GROUP, PORT, "eth0")
    sender.send(4000)
    missed = wait_for("frames are missed", lambda: stats()["rx_missed"])
    assert 0 < missed < 4000
    net.a.ctl("start")
    wait_for("the others are taken", lambda: stats()["rx_packets"] + missed >= 4000)
    assert stats()["rx_missed"] == missed
    net.a.ctl("clear counters")
    assert stats()["rx_missed"] == 0


def test_sizes_up_to_the_tunnels_mtu(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    for size in (16, 18, 256, 257, 1000, 1440):
        sender = Sender(net.host, GROUP, PORT, "eth0", size=size)
        for _ in range(20):
            sender.send(5)
            time.sleep(0.002)
        settle(sender, receivers)
        for r in receivers:
            report = r.report(sender.stream, sender.sent)
            assert report.clean, f"{size} bytes to {r.name}: {report}"


def test_100_reloads_lose_nothing_on_unchanged_routes(net):
    """Each reload changes, adds or removes another route."""
    receivers = net.receivers()
    other = Receiver(net.native, PORT + 1, "239.5.5.5", "eth0", "other")
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=1500).start()
    for n in range(100):
        her = f'{{ interface = "edge"; unicast = "10.4.0.{n % 50 + 10}"; }}'
        extra = [route(f"239.7.0.{n % 7}", outputs=her), route(f"239.8.0.{n}")]
        if n % 2:
            extra.append(route("239.5.5.5", outputs='{ interface = "lan"; }'))
        net.configure_a(*extra)
        net.a.ctl("reload")
    shown = {r["group"] for r in net.a.routes()}
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"
    assert {"239.8.0.99", "239.5.5.5", GROUP} <= shown and "239.8.0.98" not in shown
    warm_up(net.host, "239.5.5.5", PORT + 1, "eth0", [other])


def test_sighup_reloads_and_an_invalid_file_changes_nothing(net):
    import signal
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    net.configure_a(route("239.9.9.9"))
    net.a.proc.send_signal(signal.SIGHUP)
    wait_for("the new route", lambda: "239.9.9.9" in {r["group"] for r in net.a.routes()})
    before = net.a.routes()
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=1000).start()
    net.configure_a(route("10.9.9.9"))  # no group
    assert net.a.try_ctl("reload") is None
    net.a.proc.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    sender.stop()
    settle(sender, receivers)
    assert [r["group"] for r in net.a.routes()] == [r["group"] for r in before]
    for r in receivers:
        assert r.report(sender.stream, sender.sent).clean


def test_routes_of_the_shell_survive_a_reload(net):
    other = Receiver(net.native, PORT, "239.6.6.6", "eth0", "other")
    net.a.ctl("add route 10.0.0.1 239.6.6.6 input src output lan")
    warm_up(net.host, "239.6.6.6", PORT, "eth0", [other])
    net.configure_a(route("239.7.7.7"))
    net.a.ctl("reload")
    sender = Sender(net.host, "239.6.6.6", PORT, "eth0")
    sender.send(20)
    settle(sender, [other])
    assert other.report(sender.stream, 20).clean
    net.a.ctl("del route 10.0.0.1 239.6.6.6")
    assert "239.6.6.6" not in {r["group"] for r in net.a.routes()}


def test_flood_of_unknown_groups_does_not_hurt_a_known_one(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=500).start()
    noise = net.host.socket(2, 2)
    noise.setsockopt(0, 33, 4)  # IP_MULTICAST_TTL
    end, n = time.monotonic() + 3, 0
    while time.monotonic() < end:
        for _ in range(40):
            noise.sendto(b"noise", (f"239.{100 + n % 50}.{n // 50 % 256}.{n % 256}", 7))
            n += 1
        time.sleep(0.008)
    noise.close()
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"
    assert net.a.drops()["no_route"] >= n


def test_routers_with_a_worker_lcore_forward_as_well(lab):
    net = DemoNet(lab)
    net.configure_a(workers=1)
    net.configure_b(workers=1)
    net.start()
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=2000).start()
    time.sleep(2)
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"
    assert net.a.stop() == 0 and net.b.stop() == 0


def test_checksums_that_a_veth_leaves_unfinished_are_completed(net):
    """As a veth is when new: the host leaves UDP and TCP checksums to a NIC that is not there."""
    net.host.run("ethtool", "-K", "eth0", "tx", "on", "tso", "off", "gso", "off")
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=1000).start()
    time.sleep(1)
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"
    with net.host.inside(), socket.create_server(("10.0.0.1", 7777)) as server:
        server.settimeout(10)
        client = net.a.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.settimeout(10)
        with client:
            client.connect(("10.0.0.1", 7777))
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"to the router's own address")
                assert client.recv(64) == b"to the router's own address"
