# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""PIM networks whose routers are starg, FRR or pimd, all spoken to in the same words."""
from __future__ import annotations

from dataclasses import dataclass

from lab import Lab, Node, Router, wait_for
from peers import Frr, Pimd, Switch


@dataclass
class Port:
    name: str
    address: str
    pim: bool = True
    igmp: bool = False
    dr_priority: int = 1
    hello_s: int = 30
    cost: int = 10  # of OSPF, where it runs; 0: a network of hosts
    igmp_more: str = ""  # starg: more of its settings
    pim_more: str = ""


class StargPim(Router):
    """stargd: the cable's end is v-NAME, and NAME is starg's interface with its twin."""
    kind = "starg"

    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.ports: list[Port] = []
        self.local = ""
        self.rps: list[tuple[str, str]] = []
        self.static: list[tuple[str, str]] = []
        self.pim_extra = ""
        self.join_interval_s = 60
        self.workers = 0

    def end(self, port: str) -> str:
        return f"v-{port}"

    def loopback(self, address: str) -> None:
        self.local = address

    def rp(self, address: str, groups: str = "224.0.0.0/4") -> None:
        self.rps.append((address, groups))

    def route(self, prefix: str, via: str) -> None:
        self.static.append((prefix, via))
        if self.proc:
            self.ip("route", "replace", prefix, "via", via)

    def unroute(self, prefix: str, via: str) -> None:
        self.static.remove((prefix, via))
        self.ip("route", "del", prefix, "via", via)

    def write(self) -> None:
        lines = []
        for p in self.ports:
            more = f"igmp: {{ version = 3; {p.igmp_more} }}; " if p.igmp else ""
            more += (f'pim: {{ mode = "sparse"; dr_priority = {p.dr_priority}; hello_interval_s = {p.hello_s}; '
                     f'join_prune_interval_s = {self.join_interval_s}; {p.pim_more} }}; ') if p.pim else ""
            lines.append(f'  {{ name = "{p.name}"; port = "{p.name}"; address = [ "{p.address}" ]; {more}}}')
        if self.local:
            lines.append(f'  {{ name = "lo0"; loopback = true; address = [ "{self.local}" ]; '
                         'pim: { mode = "sparse"; }; }')
        rps = ", ".join(f'{{ address = "{a}"; groups = [ "{g}" ]; }}' for a, g in self.rps)
        self.configure({p.name: self.end(p.name) for p in self.ports}, ",\n".join(lines),
                       rest=f"pim: {{ rp: ( {rps} ); {self.pim_extra} }};", workers=self.workers)

    def up(self) -> None:
        self.write()
        self.start()
        for prefix, via in self.static:
            wait_for(f"{self.name}: a way to {via}",
                     lambda: self.ip("route", "replace", prefix, "via", via, check=False).returncode == 0)

    def down(self) -> None:
        assert self.stop() == 0, self.log()

    def crash(self) -> None:
        self.proc.kill()
        self.proc.wait()
        self.proc = None

    def neighbors(self, port: str) -> list[str]:
        return [n["address"] for n in self.ctl("show pim neighbor")["neighbors"]
                if n["interface"] == port]

    def mroute(self, source: str, group: str) -> dict | None:
        """Flags, input and outputs, as FRR's `show ip mroute` has them."""
        for r in self.routes():
            if (r["source"], r["group"]) == (source, group):
                return {"flags": r.get("flags", ""), "outputs": {o["interface"] for o in r["outputs"]
                                                                 if o.get("encap") != "register"}}
        return None

    def tell(self) -> str:
        return self.text("show mroute") + self.text("show pim neighbor") + self.log()


class FrrPim(Frr):
    kind = "frr"

    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.ports: list[Port] = []
        self.lines: list[str] = []
        self.join_interval_s = 60

    def end(self, port: str) -> str:
        return port

    def loopback(self, address: str) -> None:
        super().loopback(address)
        self.lines += ["interface lo", "ip pim", "exit"]

    def rp(self, address: str, groups: str = "224.0.0.0/4") -> None:
        self.lines.append(f"ip pim rp {address} {groups}")

    def unroute(self, prefix: str, via: str) -> None:
        self.ip("route", "del", prefix, "via", via)

    def up(self) -> None:
        if not self.mac_known():
            self.addresses()
        lines = [*self.lines, f"ip pim join-prune-interval {self.join_interval_s}"]
        for p in self.ports:
            lines += [f"interface {p.name}", *(["ip pim"] if p.pim else []), *(["ip igmp"] if p.igmp else []),
                      *([f"ip pim drpriority {p.dr_priority}"] if p.dr_priority != 1 else []),
                      *([f"ip pim hello {p.hello_s}"] if p.hello_s != 30 else []), "exit"]
        self.start(*lines)

    def mac_known(self) -> bool:
        return any(p.address.split("/")[0] in self.ip("addr").stdout for p in self.ports)

    def addresses(self) -> None:
        for p in self.ports:
            self.address(p.name, p.address)
            self.run("ethtool", "-K", p.name, "tx", "off")

    def prepare(self) -> None:
        self.addresses()

    def down(self) -> None:
        for name in list(self.daemons):
            self.kill(name)

    def crash(self) -> None:
        for name in list(self.daemons):
            self.kill(name, "KILL")

    def mroute(self, source: str, group: str) -> dict | None:
        entry = self.mroutes().get((source, group))
        if not entry or not entry.get("installed"):
            return None
        return {"flags": entry.get("flags", ""), "outputs": {o for o in entry.get("oil", ()) if o != "pimreg"}}

    def tell(self) -> str:
        return self.text("ip mroute") + self.text("ip pim neighbor") + self.text("ip pim upstream")


class PimdPim(Pimd):
    kind = "pimd"

    def __init__(self, lab: Lab, name: str):
        super().__init__(lab, name)
        self.ports: list[Port] = []
        self.rps: list[tuple[str, str]] = []

    def end(self, port: str) -> str:
        return port

    def rp(self, address: str, groups: str = "224.0.0.0/4") -> None:
        self.rps.append((address, groups))

    def prepare(self) -> None:
        for p in self.ports:
            self.address(p.name, p.address)

    def up(self) -> None:
        lines = [f"phyint {p.name} enable igmpv3" for p in self.ports]
        lines += [f"rp-address {a} {g}" for a, g in self.rps] + ["spt-threshold packets 0 interval 5"]
        self.start(*lines)

    def down(self) -> None:
        self.proc.terminate()
        self.proc.wait(10)

    def neighbors(self, port: str) -> list[str]:
        """Of all ports: a word of its tables each."""
        return self.tables().split()

    def tables(self) -> str:
        return self.run(str(self.program), "-r", check=False).stdout

    def mroute(self, source: str, group: str) -> dict | None:
        return None

    def tell(self) -> str:
        return self.tables() + self.log()


KINDS = {"starg": StargPim, "frr": FrrPim, "pimd": PimdPim}


class PimNet:
    """Builds: routers by kind, cables or LANs between them, hosts; then starts them."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.routers: list = []

    def router(self, name: str, kind: str):
        r = KINDS[kind](self.lab, name)
        self.routers.append(r)
        return r

    def cable(self, a, a_port: Port, b, b_port: Port) -> None:
        a.ports.append(a_port)
        b.ports.append(b_port)
        self.lab.link(a, a.end(a_port.name), b, b.end(b_port.name))

    def plug(self, switch: Switch, r, port: Port) -> None:
        r.ports.append(port)
        switch.plug(r, r.end(port.name))

    def host(self, name: str, r, port: Port, address: str) -> Node:
        h = self.lab.host(name)
        r.ports.append(port)
        self.lab.link(h, "eth0", r, r.end(port.name))
        h.address("eth0", address, gateway=port.address.split("/")[0])
        return h

    def start(self) -> None:
        for r in self.routers:
            if hasattr(r, "prepare"):
                r.prepare()
        for r in self.routers:
            r.up()

    def tell(self) -> str:
        return "\n".join(f"--- {r.name} ({r.kind})\n{r.tell()}" for r in self.routers)
