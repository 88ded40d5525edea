# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The topology of scripts/demo and of most lab tests.

                        +------------- A -------------+
   host  10.0.0.1 ------| src             lan 10.1.0.1|------ native   10.1.0.2
                        | 10.0.0.254                  |
                        |               edge 10.4.0.1 |------ unicast  10.4.0.2
                        | wan 10.2.0.1                |
                        +------+----------------------+
                          gre0 |  (GRE over 10.2.0.0/24)
                        +------+---------- B ---------+
                        | wan 10.2.0.2    lan 10.3.0.1|------ remote   10.3.0.2
                        +-----------------------------+
"""
from __future__ import annotations

from lab import Lab, Router
from stream import Receiver

SOURCE, GROUP, PORT, HER_PORT = "10.0.0.1", "239.1.1.1", 5000, 6000

A_INTERFACES = """\
  { name = "src";  port = "p0"; address = [ "10.0.0.254/24" ]; },
  { name = "lan";  port = "p1"; address = [ "10.1.0.1/24" ]; },
  { name = "wan";  port = "p2"; address = [ "10.2.0.1/24" ]; },
  { name = "edge"; port = "p3"; address = [ "10.4.0.1/24" ]; },
  { name = "gre0"; gre: { local = "10.2.0.1"; remote = "10.2.0.2"; key = "7"; };
    address = [ "169.254.0.0/31" ]; }"""
B_INTERFACES = """\
  { name = "wan";  port = "p0"; address = [ "10.2.0.2/24" ]; },
  { name = "lan";  port = "p1"; address = [ "10.3.0.1/24" ]; },
  { name = "gre0"; gre: { local = "10.2.0.2"; remote = "10.2.0.1"; key = "7"; };
    address = [ "169.254.0.1/31" ]; }"""
A_OUTPUTS = """{ interface = "lan"; },
               { interface = "gre0"; },
               { interface = "edge"; unicast = "10.4.0.2"; port = 6000; }"""


def route(group: str = GROUP, source: str = SOURCE, inp: str = "src",
          outputs: str = A_OUTPUTS) -> str:
    return (f'  {{ source = "{source}"; group = "{group}"; input = "{inp}";\n'
            f'    outputs: ( {outputs} ); }}')


def routes(*texts: str) -> str:
    return "static: { routes: (\n" + ",\n".join(texts) + "\n); };"


A_PORTS = {"p0": "v-src", "p1": "v-lan", "p2": "v-wan", "p3": "v-edge"}
B_PORTS = {"p0": "v-wan", "p1": "v-lan"}


class DemoNet:
    """Two routers and four hosts, wired and addressed; the routers not yet started."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.a: Router = lab.router("A")
        self.b: Router = lab.router("B")
        self.host = lab.host("host")
        self.native = lab.host("native")
        self.unicast = lab.host("unicast")
        self.remote = lab.host("remote")
        lab.link(self.host, "eth0", self.a, "v-src")
        lab.link(self.native, "eth0", self.a, "v-lan")
        lab.link(self.unicast, "eth0", self.a, "v-edge")
        lab.link(self.a, "v-wan", self.b, "v-wan")
        lab.link(self.remote, "eth0", self.b, "v-lan")
        self.host.address("eth0", "10.0.0.1/24", gateway="10.0.0.254")
        self.native.address("eth0", "10.1.0.2/24", gateway="10.1.0.1")
        self.unicast.address("eth0", "10.4.0.2/24", gateway="10.4.0.1")
        self.remote.address("eth0", "10.3.0.2/24", gateway="10.3.0.1")
        self.configure_a()
        self.configure_b()

    def configure_a(self, *more_routes: str, interfaces: str = A_INTERFACES, **kw) -> None:
        self.a.configure(A_PORTS, interfaces, routes(route(), *more_routes), **kw)

    def configure_b(self, inp: str = "gre0", **kw) -> None:
        self.b.configure(B_PORTS, B_INTERFACES,
                         routes(route(inp=inp, outputs='{ interface = "lan"; }')), **kw)

    def start(self) -> None:
        self.a.start(wait=False)
        self.b.start(wait=False)
        self.a.wait_ready()
        self.b.wait_ready()

    def far_receivers(self) -> list[Receiver]:
        return [Receiver(self.remote, PORT, GROUP, "eth0", "remote, behind GRE"),
                Receiver(self.unicast, HER_PORT, name="unicast")]

    def receivers(self) -> list[Receiver]:
        return [Receiver(self.native, PORT, GROUP, "eth0", "native")] + self.far_receivers()
