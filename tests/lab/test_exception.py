# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What is not multicast data goes through the twins to the kernel and back: once."""
import collections
import hashlib
import os
import socket
import struct
import threading
import time

import pytest
from demo_net import GROUP, PORT
from lab import wait_for
from stream import Receiver, Sender, settle, warm_up


class Tap:
    """Counts frames that arrive at an interface by what they are."""

    def __init__(self, node, ifname):
        self.sock = node.raw(ifname)
        self.seen = collections.Counter()
        self.running = True
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()
        node.lab.on_close(self.close)

    def loop(self):
        while self.running:
            try:
                data, where = self.sock.recvfrom(65535)
            except TimeoutError:
                continue
            except OSError:
                return
            if where[2] != socket.PACKET_OUTGOING:
                self.take(data)

    def take(self, f):
        if f[12:14] == b"\x08\x06":
            self.seen["arp reply" if f[20:22] == b"\0\2" else "arp request"] += 1
        elif f[12:14] == b"\x08\x00" and f[23] == 1:
            kind = {0: "echo reply", 8: "echo request"}.get(f[34], "other icmp")
            self.seen[kind, struct.unpack("!H", f[40:42])[0]] += 1
        elif f[12:14] == b"\x08\x00" and f[23] == 17:
            self.seen["udp", f[42:]] += 1

    def close(self):
        self.running = False
        self.thread.join(2)
        self.sock.close()


def ping(node, address, count=5):
    r = node.run("ping", "-c", str(count), "-i", "0.05", "-W", "2", address, check=False)
    assert r.returncode == 0 and f"{count} received" in r.stdout and "DUP" not in r.stdout, r.stdout
    return r.stdout


def test_ping_from_and_to_the_router(net):
    ping(net.host, "10.0.0.254")
    ping(net.a, "10.0.0.1")
    ping(net.a, "10.2.0.2")
    ping(net.a, "169.254.0.1")  # through the tunnel, by the TUN twins


def test_echo_and_arp_are_answered_once(net):
    tap = Tap(net.host, "eth0")
    net.host.ip("neigh", "flush", "all")
    ping(net.host, "10.0.0.254", 10)
    time.sleep(0.3)
    assert tap.seen["arp reply"] == 1, tap.seen
    replies = [n for k, n in tap.seen.items() if isinstance(k, tuple) and k[0] == "echo reply"]
    assert len(replies) == 10 and set(replies) == {1}, tap.seen


def test_routed_unicast_arrives_once(net):
    """Host to host through A's kernel; the receiving end counts every frame."""
    ping(net.host, "10.1.0.2")
    tap = Tap(net.native, "eth0")
    ping(net.host, "10.1.0.2", 10)
    s = net.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(50):
        s.sendto(b"unicast %d" % i, ("10.1.0.2", 9999))
    s.close()
    time.sleep(0.5)
    requests = [n for k, n in tap.seen.items() if isinstance(k, tuple) and k[0] == "echo request"]
    datagrams = [n for k, n in tap.seen.items() if isinstance(k, tuple) and k[0] == "udp"]
    assert len(requests) == 10 and set(requests) == {1}, tap.seen
    assert len(datagrams) == 50 and set(datagrams) == {1}, tap.seen


def test_routed_by_two_kernels_and_ttl_counts(net):
    net.a.ip("route", "add", "10.3.0.0/24", "via", "10.2.0.2")
    net.b.ip("route", "add", "10.0.0.0/24", "via", "10.2.0.1")
    assert "ttl=62" in ping(net.host, "10.3.0.2")
    r = net.host.run("ping", "-c", "1", "-t", "1", "-W", "2", "10.3.0.2", check=False)
    assert "Time to live exceeded" in r.stdout, r.stdout


def transfer(server, server_addr, client, size=3_000_000):
    """A TCP stream from client to server; both ends agree on its hash."""
    listener = server.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((server_addr, 7777))
    listener.listen(1)
    listener.settimeout(10)
    got = {}

    def serve():
        conn, _ = listener.accept()
        conn.settimeout(20)
        h, n = hashlib.sha256(), 0
        while data := conn.recv(65536):
            h.update(data)
            n += len(data)
        conn.sendall(h.digest())
        conn.close()
        got["n"] = n
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    c = client.socket(socket.AF_INET, socket.SOCK_STREAM)
    c.settimeout(20)
    c.connect((server_addr, 7777))
    blob = os.urandom(size)
    c.sendall(blob)
    c.shutdown(socket.SHUT_WR)
    digest = b""
    while part := c.recv(64):
        digest += part
    c.close()
    thread.join(10)
    listener.close()
    assert got["n"] == size and digest == hashlib.sha256(blob).digest()


def test_tcp_to_the_router_and_from_it(net):
    transfer(net.a, "10.0.0.254", net.host)
    transfer(net.host, "10.0.0.1", net.a)


def test_tcp_between_hosts_through_the_router(net):
    transfer(net.native, "10.1.0.2", net.host)


def test_tcp_through_the_tunnel(net):
    transfer(net.b, "169.254.0.1", net.a, 500_000)


def test_tcp_while_multicast_flows(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=1000).start()
    transfer(net.native, "10.1.0.2", net.host)
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"


def test_foreign_link_local_multicast_reaches_a_local_socket_once(net):
    """A routing daemon beside starg hears OSPF Hellos on the twin, and is heard."""
    twin = net.a.socket(socket.AF_INET, socket.SOCK_RAW, 89)
    with net.a.inside():
        index = socket.if_nametoindex("src")
    twin.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton("224.0.0.5") + struct.pack("=4si", b"\0" * 4, index))
    twin.settimeout(0.5)
    host = net.host.socket(socket.AF_INET, socket.SOCK_RAW, 89)
    with net.host.inside():
        there = socket.if_nametoindex("eth0")
    host.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                    struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, there))
    hellos = [b"hello %d" % i for i in range(20)]
    for h in hellos:
        host.sendto(h, ("224.0.0.5", 0))
        time.sleep(0.005)
    got = []
    with pytest.raises(TimeoutError):
        while True:
            got.append(twin.recv(2048)[20:])
    assert got == hellos
    # and back, on this interface only
    host.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton("224.0.0.5") + struct.pack("=4si", b"\0" * 4, there))
    host.settimeout(0.5)
    twin.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                    struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index))
    twin.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    elsewhere = Tap(net.native, "eth0")
    for h in hellos:
        twin.sendto(h, ("224.0.0.5", 0))
    got = []
    with pytest.raises(TimeoutError):
        while True:
            data, who = host.recvfrom(2048)
            if who[0] == "10.0.0.254":
                got.append(data[20:])
    assert got == hellos
    assert not [k for k in elsewhere.seen if isinstance(k, tuple) and k[0] == "udp"]
    twin.close()
    host.close()


def test_multicast_of_a_local_process_leaves_on_its_interface_unrouted(net):
    """Even to a group that has a route: it is not routed, and it leaves once."""
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.a, GROUP, PORT, "lan")
    sender.send(20)
    settle(sender, receivers[:1])
    assert receivers[0].report(sender.stream, 20).clean
    assert receivers[1].received(sender.stream) == 0
    assert receivers[2].received(sender.stream) == 0


def test_multicast_data_does_not_reach_the_kernel_twice(net):
    """The kernel beneath the port sees each frame too: nothing of it may be answered or routed."""
    tap = Tap(net.host, "eth0")
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    s = net.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1)
    s.connect(("10.0.0.254", 4))  # nobody listens: one port unreachable
    s.send(b"x")
    with pytest.raises(ConnectionRefusedError):
        s.recv(10)
    s.close()
    time.sleep(0.3)
    icmp = sum(n for k, n in tap.seen.items() if isinstance(k, tuple) and k[0] == "other icmp")
    assert icmp == 1, tap.seen
