# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A reload is applied as a whole or not at all: what runs goes on, `show config` says it, and the next good file is
taken.

   host  10.0.0.1 ---- src | A | lan ---- receiver  10.1.0.2
"""
import signal

import pytest

from lab import wait_for
from stream import Receiver, Sender, settle, warm_up

GROUP, PORT = "239.1.1.1", 5000
PORTS = {"p0": "v-src", "p1": "v-lan"}
INTERFACES = """\
  { name = "src"; port = "p0"; address = [ "10.0.0.254/24" ]; },
  { name = "lan"; port = "p1"; address = [ "10.1.0.1/24" ]; }"""
REST = f'static: {{ routes: ( {{ source = "*"; group = "{GROUP}"; input = "src"; ' \
       'outputs: ( { interface = "lan"; } ); } ); };'
LAN = '"net_af_packet1,iface=v-lan"'


class Net:
    def __init__(self, lab):
        self.a, self.host, self.receiver = lab.router("A"), lab.host("host"), lab.host("receiver")
        lab.link(self.host, "eth0", self.a, "v-src")
        lab.link(self.receiver, "eth0", self.a, "v-lan")
        self.host.address("eth0", "10.0.0.1/24", gateway="10.0.0.254")
        self.receiver.address("eth0", "10.1.0.2/24", gateway="10.1.0.1")
        self.good()
        self.a.start()
        wait_for("the interfaces are up", self.up)

    def up(self) -> bool:
        return all(i["state"] == "up" for i in self.a.interfaces())

    def good(self) -> None:
        self.a.configure(PORTS, INTERFACES, REST)

    def spoil(self, old: str, new: str) -> None:
        self.good()
        text = self.a.file.read_text()
        assert old in text
        self.a.file.write_text(text.replace(old, new))

    def refused(self) -> str:
        r = self.a._ctl(False, "reload")
        assert r.returncode == 1, r.stdout
        return r.stderr


@pytest.fixture
def net(lab):
    made = Net(lab)
    yield made
    assert made.a.stop() == 0, made.a.log()


def forwards(net: Net) -> None:
    receiver = Receiver(net.receiver, PORT, GROUP, "eth0", "receiver")
    warm_up(net.host, GROUP, PORT, "eth0", [receiver])
    receiver.close()


def test_a_device_that_does_not_work_changes_nothing(net):
    receiver = Receiver(net.receiver, PORT, GROUP, "eth0", "receiver")
    warm_up(net.host, GROUP, PORT, "eth0", [receiver])
    before = net.a.text("show config")
    net.spoil(LAN, '"net_pcap7,rx_pcap=/nowhere/there.pcap"')
    sender = Sender(net.host, GROUP, PORT, "eth0", rate=500).start()
    error = net.refused()
    sender.stop()
    settle(sender, [receiver])
    assert "port p1" in error and "nothing was changed" in error, error
    report = receiver.report(sender.stream, sender.sent)
    assert report.clean, report
    assert net.a.text("show config") == before and net.up()
    net.good()
    assert net.a.ctl("reload")["done"] == "nothing changed"


def test_settings_that_the_device_in_use_refuses_are_taken_back(net):
    before = net.a.text("show config")
    net.spoil(LAN, '"net_af_packet1,iface=v-lan,qpairs=0"')
    error = net.refused()
    assert "port p1" in error and "the former configuration is in force again" in error, error
    assert net.a.text("show config") == before
    wait_for("the port is open again", net.up)
    forwards(net)
    net.a.configure(PORTS, INTERFACES.replace("10.1.0.1/24", "10.1.0.9/24"), REST)
    assert net.a.ctl("reload")["done"].startswith("interface lan changed")
    forwards(net)


def test_interfaces_that_a_refused_file_has_removed_are_back(net):
    net.a.configure({"p0": "v-src", "p1": "v-lan"}, INTERFACES.splitlines()[0].rstrip(","))
    text = net.a.file.read_text()
    net.a.file.write_text(text.replace(LAN, '"net_af_packet1,iface=v-lan,qpairs=0"'))
    assert "is in force again" in net.refused()
    wait_for("both interfaces are up", lambda: net.up() and len(net.a.interfaces()) == 2)
    forwards(net)


def test_sighup_says_that_the_file_is_refused(net):
    net.spoil(LAN, '"net_pcap7,rx_pcap=/nowhere/there.pcap"')
    net.a.proc.send_signal(signal.SIGHUP)
    wait_for("the log says so", lambda: "reload: refused: port p1" in net.a.log())
    assert "nothing was changed" in net.a.log() and net.up()
