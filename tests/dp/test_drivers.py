# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Two routers in a row, joined by a device pair that needs no kernel: memif, and vhost with
virtio-user. All packets of both families arrive at the far end, once and in order."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from packets import *
from starg_dp import STARGCTL, STARGD, TIMEOUT_S, Failed, read_pcap, write_pcap

COUNT = 100  # of each family: all of them fit the rings, so that a busy machine loses none
SOURCE6 = "2001:db8::1"

SERVER = "ports: ( {{ name = \"link\"; device = \"{device}\"; }},\n" \
         "  {{ name = \"p1\"; device = \"net_pcap0,rx_pcap={dir}/none,tx_pcap={dir}/out\"; }} );\n" \
         "interfaces: ( {{ name = \"link\"; port = \"link\"; address = [ \"10.8.0.2/24\", " \
         "\"2001:db8:8::2/64\" ]; exception = \"none\"; }},\n" \
         "  {{ name = \"lan\"; port = \"p1\"; address = [ \"10.9.0.1/24\", \"2001:db8:9::1/64\" ]; " \
         "exception = \"none\"; }} );\n" \
         "static: {{ routes: ( {{ source = \"10.0.0.1\"; group = \"239.1.1.1\"; input = \"link\"; " \
         "outputs: ( {{ interface = \"lan\"; }} ); }},\n" \
         "  {{ source = \"2001:db8::1\"; group = \"ff3e::1\"; input = \"link\"; " \
         "outputs: ( {{ interface = \"lan\"; }} ); }} ); }};\n"
CLIENT = "ports: ( {{ name = \"link\"; device = \"{device}\"; }}{port} );\n" \
         "interfaces: ( {{ name = \"link\"; port = \"link\"; address = [ \"10.8.0.1/24\", " \
         "\"2001:db8:8::1/64\" ]; exception = \"none\"; }}{iface} );\n{routes}"
# what the client learns by reload, once its link is up: the file is played when its port opens
PORT = ", { name = \"p0\"; device = \"net_pcap0,rx_pcap=%s/in,tx_pcap=%s/back\"; }"
IFACE = ", { name = \"src\"; port = \"p0\"; address = [ \"10.0.0.254/24\", \"2001:db8::fe/64\" ]; " \
        "exception = \"none\"; }"
ROUTES = "static: { routes: ( { source = \"10.0.0.1\"; group = \"239.1.1.1\"; input = \"src\"; " \
         "outputs: ( { interface = \"link\"; } ); },\n" \
         "  { source = \"2001:db8::1\"; group = \"ff3e::1\"; input = \"src\"; " \
         "outputs: ( { interface = \"link\"; } ); } ); };\n"


class Daemon:
    def __init__(self, where: pathlib.Path, name: str, text: str):
        self.dir = where / name
        self.dir.mkdir()
        self.socket, self.file = self.dir / "ctl", self.dir / "conf"
        self.head = (f'router: {{ name = "{name}"; huge = false; workers = 0; mbufs = 8192; }};\n'
                     f'control: {{ socket = "{self.socket}"; }};\n')
        self.file.write_text(self.head + text)
        self.log = open(self.dir / "log", "w+")
        self.proc = subprocess.Popen([str(STARGD), "-c", str(self.file)], stdin=subprocess.DEVNULL,
                                     stdout=self.log, stderr=self.log, cwd=self.dir,
                                     env=dict(os.environ, XDG_RUNTIME_DIR=str(self.dir)))

    def ctl(self, command: str, check: bool = True):
        r = subprocess.run([str(STARGCTL), "-s", str(self.socket), "-j", *command.split()],
                           capture_output=True, text=True, timeout=TIMEOUT_S)
        if r.returncode == 0:
            return json.loads(r.stdout) if r.stdout.strip() else {}
        if check:
            raise Failed(f"{command}: {r.stderr}{r.stdout}\n{self.text()}")
        return None

    def text(self) -> str:
        return (self.dir / "log").read_text(errors="replace")

    def wait(self, what: str, condition):
        end = time.monotonic() + TIMEOUT_S
        while True:
            if self.proc.poll() is not None:
                raise Failed(f"stargd ended with {self.proc.returncode}:\n{self.text()}")
            if self.socket.exists() and condition():
                return
            if time.monotonic() > end:
                raise Failed(f"not in time: {what}\n{self.text()}")
            time.sleep(0.03)

    def port(self, name: str, command: str) -> dict:
        shown = self.ctl(command, check=False) or {"ports": []}
        return next((p for p in shown["ports"] if p["name"] == name), {})

    def stop(self) -> int | None:
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            return self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            return self.proc.wait()
        finally:
            self.log.close()


PAIRS = {
    "memif": ("net_memif0,role=server,id=7,socket-abstract=no,socket={dir}/link,bsize=2048",
              "net_memif0,role=client,id=7,socket-abstract=no,socket={dir}/link,bsize=2048"),
    "vhost": ("net_vhost0,iface={dir}/link", "net_virtio_user0,path={dir}/link"),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_all_packets_cross_a_pair_of_devices_in_order(kind):
    where = pathlib.Path(tempfile.mkdtemp(prefix="starg-pair-"))
    server_dev, client_dev = (d.format(dir=where) for d in PAIRS[kind])
    sent = [f for i in range(COUNT) for f in (
        udp(i, size=20 + i), udp6(i, src=SOURCE6, dst="ff3e::1", size=20 + i))]
    write_pcap(where / "none", [])
    write_pcap(where / "in", sent)
    running = []
    try:
        server = Daemon(where, "b", SERVER.format(device=server_dev, dir=where))
        running.append(server)
        server.wait("the server's port", lambda: server.port("link", "show port"))
        text = CLIENT.format(device=client_dev, port="", iface="", routes="")
        client = Daemon(where, "a", text)
        running.append(client)
        for d in running:
            d.wait("link up", lambda d=d: d.port("link", "show port").get("state") == "up")
        client.file.write_text(client.head + CLIENT.format(
            device=client_dev, port=PORT % (where, where), iface=IFACE, routes=ROUTES))
        client.ctl("reload")
        server.wait("all packets", lambda: server.port("p1", "show port stats").get(
            "tx_packets") == len(sent))
        offload = server.ctl("show offload link")["ports"][0]
        assert [d.stop() for d in running] == [0, 0], client.text() + server.text()
        got = read_pcap(where / "out")
        want = [f for i in range(COUNT) for f in (
            udp_ip(n=i, size=20 + i, ttl=14),
            udp6_ip(n=i, src=SOURCE6, dst="ff3e::1", size=20 + i, hlim=14))]
        assert [f[14:] for f in got] == want
        assert offload["data_queues"] >= 1
    finally:
        for d in running:
            if d.proc.poll() is None:
                d.stop()
        shutil.rmtree(where, ignore_errors=True)
