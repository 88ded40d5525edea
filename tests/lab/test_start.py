# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Starting, idling and leaving: what a router costs and what it leaves behind."""
import json
import signal
import socket
import time

from demo_net import GROUP, PORT, DemoNet
from lab import STARGD, wait_for
from stream import Receiver, Sender


def test_start_to_first_forwarded_packet(lab, capsys):
    net = DemoNet(lab)
    native = Receiver(net.native, PORT, GROUP, "eth0", "native")
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=500)
    began = time.monotonic()
    net.a.start(wait=False)
    sender.start()
    while not native.received(sender.stream):
        assert time.monotonic() - began < 20, net.a.log()
        time.sleep(0.005)
    took = time.monotonic() - began
    sender.stop()
    net.a.wait_ready()
    time.sleep(1)
    rss = net.a.rss_kb() / 1024
    with capsys.disabled():
        print(f"\n    start to first forwarded packet: {took:.2f} s (goal: under 2 s)"
              f"\n    resident, idle, four ports: {rss:.0f} MB (goal: at most 320 MB)")
    assert rss <= 320
    assert net.a.stop() == 0


def test_idle_router_sleeps(lab, capsys):
    """Adaptive polling: a router without traffic leaves the CPU to others."""
    net = DemoNet(lab)
    net.a.start()
    time.sleep(1)

    def ticks():
        fields = open(f"/proc/{net.a.proc.pid}/stat").read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    before = ticks()
    time.sleep(2)
    used = (ticks() - before) / 2
    with capsys.disabled():
        print(f"\n    CPU of an idle router: {used:.0f} %")
    assert used < 60
    assert net.a.stop() == 0


def test_sigterm_leaves_nothing_behind(lab):
    net = DemoNet(lab)
    before = sorted(l["ifname"] for l in json.loads(net.a.run("ip", "-j", "link").stdout))
    settings = [net.a.run("sysctl", "-n", f"net.ipv4.conf.v-src.{k}").stdout
                for k in ("rp_filter", "arp_ignore", "forwarding")]
    net.a.start()
    assert {"src", "lan", "wan", "edge", "gre0"} <= {
        l["ifname"] for l in json.loads(net.a.run("ip", "-j", "link").stdout)}
    assert net.a.stop() == 0
    assert sorted(l["ifname"] for l in json.loads(net.a.run("ip", "-j", "link").stdout)) == before
    assert settings == [net.a.run("sysctl", "-n", f"net.ipv4.conf.v-src.{k}").stdout
                        for k in ("rp_filter", "arp_ignore", "forwarding")]
    assert not net.a.sock.exists()


def test_killed_router_starts_again(lab):
    """After SIGKILL: twins are gone with the process, the socket file and all else is no obstacle."""
    net = DemoNet(lab)
    net.a.start()
    net.a.proc.kill()
    net.a.proc.wait()
    net.a.start()
    assert net.a.ctl("show interface")
    assert net.a.stop() == 0


def starting(router, *kept):
    """The router on its way up, as soon as it keeps these signals for later."""
    router.start(wait=False)

    def holds():
        assert router.proc.poll() is None, router.log()
        with open(f"/proc/{router.proc.pid}/status") as status:
            blocked = next(int(line.split()[1], 16) for line in status if line.startswith("SigBlk"))
        return all(blocked & 1 << s - 1 for s in kept)
    wait_for(f"{kept} are kept", holds, 20, 0.001)


def test_hangup_during_the_start_is_a_reload_after_it(lab):
    net = DemoNet(lab)
    starting(net.a, signal.SIGHUP)
    net.a.proc.send_signal(signal.SIGHUP)
    net.a.wait_ready()
    wait_for("the reload", lambda: "reload: nothing changed" in net.a.log())
    assert net.a.stop() == 0


def state(router):
    """What a router changes on the machine: links, promiscuity, settings of the devices beneath its ports."""
    links = json.loads(router.run("ip", "-j", "-d", "link").stdout)
    return (sorted((l["ifname"], l["promiscuity"]) for l in links),
            router.run("sysctl", "net.ipv4.conf.v-src", "net.ipv6.conf.v-src.disable_ipv6").stdout)


def test_sigterm_during_the_start_leaves_nothing_behind(lab):
    net = DemoNet(lab)
    before = state(net.a)
    starting(net.a, signal.SIGTERM)
    assert net.a.stop() == 0, net.a.log()
    assert state(net.a) == before
    starting(net.a, signal.SIGTERM)
    wait_for("a port is open", lambda: "ready as port" in net.a.log(), 20)
    assert net.a.stop() == 0, net.a.log()
    assert state(net.a) == before
    assert not net.a.sock.exists()


def test_start_waits_for_a_dying_router(lab):
    """A killed process keeps its sockets until the kernel has closed all of them."""
    net = DemoNet(lab)
    old = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old.bind(str(net.a.sock))
    old.listen(1000)
    claim = net.a.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    claim.bind("\0starg/netdev/v-src")
    net.a.start(wait=False)
    wait_for("it waits", lambda: "waiting up to" in net.a.log(), 20)
    old.close()

    def listens():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            return s.connect_ex(str(net.a.sock)) == 0
    wait_for("it has the socket", listens)
    claim.close()
    net.a.wait_ready()
    assert net.a.log().count("waiting up to") == 1
    net.a.proc.kill()
    net.a.start()
    assert net.a.stop() == 0


def test_waiting_start_can_be_ended(lab):
    net = DemoNet(lab)
    with net.a.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
        claim.bind("\0starg/netdev/v-src")
        net.a.start(wait=False)
        wait_for("it waits", lambda: "waiting up to" in net.a.log(), 20)
        assert net.a.stop() == 0, net.a.log()
    assert not net.a.sock.exists()


def test_second_router_on_the_same_netdev_is_refused(lab):
    """Both would forward every packet."""
    net = DemoNet(lab)
    net.a.start()
    second = net.a.dir / "second.conf"
    second.write_text(
        'router: { name = "second"; workers = 0; };\n'
        f'control: {{ socket = "{net.a.dir}/second.sock"; }};\n'
        'ports: ( { name = "p0"; device = "net_af_packet0,iface=v-lan"; } );\n'
        'interfaces: ( { name = "other"; port = "p0"; exception = "none"; } );\n')
    r = net.a.run(str(STARGD), "-c", str(second), check=False)
    assert r.returncode == 1 and "v-lan is busy" in r.stderr, r.stderr
    assert net.a.stop() == 0
    again = net.a.popen(str(STARGD), "-c", str(second))
    wait_for("the router is alone and starts", lambda: (net.a.dir / "second.sock").exists())
    again.terminate()
    assert again.wait(10) == 0


def test_start_while_links_come_and_go(lab):
    """What is learnt of a netdev while its port is being opened does not open the port once more."""
    net = DemoNet(lab)
    ends = [n.popen("sh", "-c", "while sleep 0.005; do ip link set eth0 down; ip link set eth0 up; done")
            for n in (net.host, net.native)]
    for _ in range(3):
        net.a.start()
        ids = [p["port_id"] for p in net.a.ctl("show port info")["ports"]]
        assert None not in ids and len(set(ids)) == len(ids), ids
        assert net.a.stop() == 0, net.a.log()
    for end in ends:
        end.terminate()
        end.wait(10)
