# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The network changes while the router runs: links, addresses, interfaces, routes, neighbours."""
import socket
import struct
import time

from demo_net import (A_INTERFACES, A_PORTS, GROUP, HER_PORT, PORT, DemoNet, route, routes)
from lab import wait_for
from stream import Receiver, Sender, settle, warm_up


def flowing(net, receivers, group=GROUP, port=PORT, count=50):
    """All of a short burst arrives everywhere, once."""
    sender = Sender(net.host, group, port, "eth0")
    for _ in range(count):
        sender.send()
        time.sleep(0.002)
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"


def interface(router, name):
    return next(i for i in router.interfaces() if i["name"] == name)


def test_forwarding_resumes_after_a_link_flap(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    for _ in range(3):
        net.native.ip("link", "set", "eth0", "down")
        wait_for("lan is down", lambda: interface(net.a, "lan")["state"] == "down")
        flowing(net, receivers[1:])  # the others do not notice
        net.native.ip("link", "set", "eth0", "up")
        wait_for("lan is up", lambda: interface(net.a, "lan")["state"] == "up")
        warm_up(net.host, GROUP, PORT, "eth0", receivers)
    flowing(net, receivers)


def test_flap_of_the_input_and_of_the_tunnels_link(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    net.a.ip("link", "set", "v-wan", "down")
    wait_for("wan is down", lambda: interface(net.a, "wan")["state"] == "down")
    flowing(net, [receivers[0], receivers[2]])
    net.a.ip("link", "set", "v-wan", "up")
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    flowing(net, receivers)
    net.host.ip("link", "set", "eth0", "down")
    wait_for("src is down", lambda: interface(net.a, "src")["state"] == "down")
    net.host.ip("link", "set", "eth0", "up")
    net.host.ip("route", "replace", "default", "via", "10.0.0.254")
    warm_up(net.host, GROUP, PORT, "eth0", receivers)


def test_twin_shows_the_carrier_of_its_port(net):
    def flags():
        return net.a.ip("-br", "link", "show", "lan").stdout
    assert "LOWER_UP" in flags()
    net.native.ip("link", "set", "eth0", "down")
    wait_for("the twin loses its carrier", lambda: "LOWER_UP" not in flags())
    net.native.ip("link", "set", "eth0", "up")
    wait_for("the twin has a carrier", lambda: "LOWER_UP" in flags())


def test_changed_address_becomes_the_her_source_and_is_answered(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    net.a.ip("addr", "add", "10.4.0.77/24", "dev", "edge")
    net.a.ip("addr", "del", "10.4.0.1/24", "dev", "edge")
    unicast = receivers[2]
    unicast.sources.clear()

    def follows():
        Sender(net.host, GROUP, PORT, "eth0").send()
        return "10.4.0.77" in {s[0] for s in unicast.sources}
    wait_for("HER source is the new address", follows)
    flowing(net, receivers)
    assert net.unicast.run("ping", "-c", "1", "-W", "2", "10.4.0.77", check=False).returncode == 0


def test_port_that_appears_late(lab):
    net = DemoNet(lab)
    net.a.ip("link", "del", "v-lan")
    net.start()
    late = net.far_receivers()
    warm_up(net.host, GROUP, PORT, "eth0", late)
    assert interface(net.a, "lan")["state"] == "down"
    lab.link(net.native, "eth0", net.a, "v-lan")
    net.native.address("eth0", "10.1.0.2/24", gateway="10.1.0.1")
    native = Receiver(net.native, PORT, GROUP, "eth0", "native")
    warm_up(net.host, GROUP, PORT, "eth0", [native] + late)
    flowing(net, [native] + late)


def test_port_vanishes_and_comes_back(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    before = net.a.ctl("show memory")
    for _ in range(2):
        sender = Sender(net.host, GROUP, PORT, "eth0", rate=500).start()
        time.sleep(0.3)
        net.a.ip("link", "del", "v-lan")
        wait_for("lan is down", lambda: interface(net.a, "lan")["state"] == "down")
        time.sleep(0.3)
        sender.stop()
        settle(sender, receivers[1:])
        for r in receivers[1:]:
            report = r.report(sender.stream, sender.sent)
            assert report.clean, f"{r.name}: {report}"
        net.lab.link(net.native, "eth0", net.a, "v-lan")
        net.native.address("eth0", "10.1.0.2/24", gateway="10.1.0.1")
        receivers[0] = Receiver(net.native, PORT, GROUP, "eth0", "native")
        warm_up(net.host, GROUP, PORT, "eth0", receivers, 20)
    flowing(net, receivers)
    assert net.a.ctl("show memory")["oifs"] == before["oifs"]


def test_interface_added_and_removed_by_reload(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=500).start()
    more = A_INTERFACES + ',\n  { name = "v77"; port = "p3"; vlan = 77; address = [ "10.77.0.1/24" ]; }'
    for _ in range(5):
        net.configure_a(route("239.7.7.7", outputs='{ interface = "v77"; }'), interfaces=more)
        net.a.ctl("reload")
        assert "10.77.0.1" in net.a.ip("addr", "show", "v77").stdout
        net.configure_a()
        net.a.ctl("reload")
        assert net.a.ip("link", "show", "v77", check=False).returncode != 0
    sender.stop()
    settle(sender, receivers)
    for r in receivers:
        report = r.report(sender.stream, sender.sent)
        assert report.clean, f"{r.name}: {report}"


def test_vlan_interface_reaches_a_tagged_host(net):
    """No 8021q in every kernel: the tagged host is a raw socket."""
    more = A_INTERFACES + ',\n  { name = "v77"; port = "p3"; vlan = 77; address = [ "10.77.0.1/24" ]; }'
    net.configure_a(route("239.7.7.7", outputs='{ interface = "v77"; }'), interfaces=more)
    net.a.ctl("reload")
    raw = net.unicast.raw("eth0")
    raw.setsockopt(263, 8, 1)  # PACKET_AUXDATA: the kernel takes the tag out of the frame
    sender = Sender(net.host, "239.7.7.7", PORT, "eth0")

    def tagged():
        sender.send()
        try:
            data, aux, _, _ = raw.recvmsg(2048, 256)
        except TimeoutError:
            return False
        tci = [struct.unpack("IIIHHHH", a[2][:20])[5] for a in aux if a[0] == 263]
        return data[:6] == bytes.fromhex("01005e070707") and tci == [77]
    wait_for("a tagged frame", tagged)
    # and back: the router answers ARP on the VLAN
    mac = bytes.fromhex(net.unicast.mac("eth0").replace(":", ""))
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, mac, socket.inet_aton("10.77.0.9"),
                      b"\0" * 6, socket.inet_aton("10.77.0.1"))

    def answered():
        raw.send(b"\xff" * 6 + mac + struct.pack("!HHH", 0x8100, 77, 0x806) + arp)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            try:
                data, aux, _, _ = raw.recvmsg(2048, 256)
            except TimeoutError:
                return False
            if data[12:14] == b"\x08\x06" and data[20:22] == b"\0\2" and data[:6] == mac:
                return [struct.unpack("IIIHHHH", a[2][:20])[5] for a in aux if a[0] == 263] == [77]
        return False
    wait_for("an ARP reply with the tag", answered)
    raw.close()


def test_kernel_route_moves_rpf(net):
    """A source behind 10.0.0.1 is accepted where the kernel's route says, at once."""
    net.configure_a(route("239.3.3.3", source="172.20.0.1", inp="rpf",
                          outputs='{ interface = "lan"; }'))
    net.a.ctl("reload")
    native = Receiver(net.native, PORT, "239.3.3.3", "eth0", "native")
    net.host.ip("addr", "add", "172.20.0.1/32", "dev", "lo")
    sender = Sender(net.host, "239.3.3.3", PORT, "eth0")
    sender.sock.bind(("172.20.0.1", 0))

    def heard(expect):
        sender.send()
        time.sleep(0.05)
        before = native.total
        sender.send(5)
        time.sleep(0.2)
        return (native.total - before == 5) if expect else native.total == before
    net.a.ip("route", "replace", "172.20.0.0/16", "via", "10.0.0.1")
    wait_for("accepted from src", lambda: heard(True))
    net.a.ip("route", "replace", "172.20.0.0/16", "via", "10.4.0.2")
    wait_for("refused: RPF is edge now", lambda: heard(False))
    assert net.a.drops().get("wrong_if", 0) >= 5
    net.a.ip("route", "replace", "172.20.0.0/16", "via", "10.0.0.1")
    wait_for("accepted again", lambda: heard(True))
    net.a.ip("route", "del", "172.20.0.0/16")
    wait_for("refused: no route at all", lambda: heard(False))


def test_kernel_route_moves_the_next_hop_of_a_tunnel(lab):
    """The tunnel's far end has a loopback address, reached first by wan, then by edge."""
    net = DemoNet(lab)
    # A second cable from A to B.
    net.a.ip("link", "del", "v-edge")
    lab.link(net.a, "v-edge", net.b, "v-edge")
    gre_a = A_INTERFACES.replace('remote = "10.2.0.2"', 'remote = "10.99.0.2"')
    net.a.configure(A_PORTS, gre_a, routes(route(outputs='{ interface = "gre0"; }')))
    net.b.configure({"p0": "v-wan", "p1": "v-lan", "p2": "v-edge"}, """\
  { name = "wan";  port = "p0"; address = [ "10.2.0.2/24" ]; },
  { name = "edge"; port = "p2"; address = [ "10.4.0.2/24" ]; },
  { name = "lo1";  loopback = true; address = [ "10.99.0.2/32" ]; },
  { name = "lan";  port = "p1"; address = [ "10.3.0.1/24" ]; },
  { name = "gre0"; gre: { local = "10.99.0.2"; remote = "10.2.0.1"; key = "7"; };
    address = [ "169.254.0.1/31" ]; }""",
                    routes(route(inp="gre0", outputs='{ interface = "lan"; }')))
    net.start()
    remote = Receiver(net.remote, PORT, GROUP, "eth0", "remote")
    for device, via in (("wan", "10.2.0.2"), ("edge", "10.4.0.2"), ("wan", "10.2.0.2")):
        net.a.ip("route", "replace", "10.99.0.2/32", "via", via)
        warm_up(net.host, GROUP, PORT, "eth0", [remote])
        # resolution of the new next hop may still be under way: first it must have moved
        wait_for(f"the tunnel leaves by {device}", lambda: moved(net, remote, device))
    assert net.a.stop() == 0 and net.b.stop() == 0


def moved(net, remote, device):
    before = interface(net.a, device)["counters"]["tx_packets"]
    sender = Sender(net.host, GROUP, PORT, "eth0")
    sender.send(30)
    settle(sender, [remote])
    return (interface(net.a, device)["counters"]["tx_packets"] - before >= 30
            and remote.report(sender.stream, 30).clean)


def test_changed_mac_of_a_her_receiver_is_followed(net):
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    net.unicast.ip("link", "set", "eth0", "address", "02:00:00:00:77:01")
    # The host announces itself, as hosts do after such a change.
    net.unicast.run("ping", "-c", "1", "-W", "1", "10.4.0.1", check=False)
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    flowing(net, receivers)


def test_neighbour_that_is_unknown_at_first_is_asked_for(lab):
    """Nobody sends anything to the HER receiver but starg: starg has it resolved, also when it is
    forgotten and does not answer for a while."""
    net = DemoNet(lab)
    net.start()
    receivers = net.receivers()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    probe = Sender(net.host, GROUP, PORT, "eth0")
    before = net.a.drops().get("oif_unresolved", 0)

    def missed():
        probe.send()
        return net.a.drops().get("oif_unresolved", 0) > before
    net.unicast.ip("link", "set", "eth0", "arp", "off")
    net.a.ip("neigh", "flush", "dev", "edge")
    wait_for("the neighbour is unknown", missed)
    net.unicast.ip("link", "set", "eth0", "arp", "on")
    probe.close()
    warm_up(net.host, GROUP, PORT, "eth0", receivers)
    flowing(net, receivers)
