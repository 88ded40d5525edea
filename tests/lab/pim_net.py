# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""PIM networks whose routers are starg, FRR or pimd, all spoken to in the same words."""
from __future__ import annotations

from dataclasses import dataclass

from lab import Lab, Node, Router, wait_for
from peers import Frr, Pimd, Switch
from stream import Receiver, Sender, settle

UDP = 5000


@dataclass
class Port:
    name: str
    address: str
    pim: bool = True
    igmp: bool = False
    dr_priority: int = 1
    hello_s: int = 30  # 3.5 times as long a router is missed that dies without a word
    query_s: int = 125  # of IGMP
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
        self.static: list[tuple[str, str, int]] = []
        self.pim_extra = ""
        self.more = ""  # of the file, beside pim
        self.join_interval_s = 60
        self.workers = 0

    def end(self, port: str) -> str:
        return f"v-{port}"

    def loopback(self, address: str) -> None:
        self.local = address

    def rp(self, address: str, groups: str = "224.0.0.0/4") -> None:
        self.rps.append((address, groups))

    def rp_change(self, old: str, new: str) -> None:
        """"": none."""
        self.rps = [(new if a == old else a, g) for a, g in self.rps or [("", "224.0.0.0/4")]]
        self.rps = [(a, g) for a, g in self.rps if a]
        self.write()
        assert "pim" in self.ctl("reload")["done"]

    def route(self, prefix: str, via: str, metric: int = 0) -> None:
        self.static.append((prefix, via, metric))
        if self.proc:
            self.ip("route", "replace", prefix, "via", via, "metric", str(metric))

    def unroute(self, prefix: str, via: str) -> None:
        self.static = [r for r in self.static if r[:2] != (prefix, via)]
        self.ip("route", "del", prefix, "via", via)

    @staticmethod
    def queries(p: Port) -> str:
        """As FRR has them below."""
        return f"query_interval_s = {p.query_s}; query_response_interval_ms = 1000; " if p.query_s < 20 else ""

    def write(self) -> None:
        lines = []
        for p in self.ports:
            more = f"igmp: {{ version = 3; {self.queries(p)}{p.igmp_more} }}; " if p.igmp else ""
            more += (f'pim: {{ mode = "sparse"; dr_priority = {p.dr_priority}; hello_interval_s = {p.hello_s}; '
                     f'join_prune_interval_s = {self.join_interval_s}; {p.pim_more} }}; ') if p.pim else ""
            lines.append(f'  {{ name = "{p.name}"; port = "{p.name}"; address = [ "{p.address}" ]; {more}}}')
        if self.local:
            lines.append(f'  {{ name = "lo0"; loopback = true; address = [ "{self.local}" ]; '
                         'pim: { mode = "sparse"; }; }')
        rps = ", ".join(f'{{ address = "{a}"; groups = [ "{g}" ]; }}' for a, g in self.rps)
        self.configure({p.name: self.end(p.name) for p in self.ports}, ",\n".join(lines),
                       rest=f"pim: {{ rp: ( {rps} ); {self.pim_extra} }};{self.more}", workers=self.workers)

    def up(self) -> None:
        self.write()
        self.start()
        for prefix, via, metric in self.static:
            wait_for(f"{self.name}: a way to {via}", lambda: self.ip(
                "route", "replace", prefix, "via", via, "metric", str(metric), check=False).returncode == 0)

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

    def dr(self, port: str) -> str:
        """The address of the designated router, as this one sees it."""
        return next(i["dr"] for i in self.ctl("show pim interface")["interfaces"] if i["interface"] == port)

    def asserts(self, source: str, group: str) -> dict[str, tuple[str, str]]:
        """By interface: "winner" or "loser", and the winner's address."""
        return {e["interface"]: (e["assert_state"], e["winner"]) for e in self.ctl("show pim assert")["asserts"]
                if (e["source"], e["group"]) == (source, group)}

    def tell(self) -> str:
        return "".join(self.text(f"show {what}") for what in (
            "mroute", "pim neighbor", "pim upstream", "pim join", "pim assert")) + self.log()


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

    def rp_change(self, old: str, new: str) -> None:
        """"": none."""
        self.configure(*([f"no ip pim rp {old} 224.0.0.0/4"] if old else []),
                       *([f"ip pim rp {new} 224.0.0.0/4"] if new else []))

    def unroute(self, prefix: str, via: str) -> None:
        self.ip("route", "del", prefix, "via", via)

    def up(self) -> None:
        if not self.mac_known():
            self.addresses()
        lines = [*self.lines, f"ip pim join-prune-interval {self.join_interval_s}"]
        for p in self.ports:
            lines += [f"interface {p.name}", *(["ip pim"] if p.pim else []), *(["ip igmp"] if p.igmp else []),
                      *(["ip igmp query-max-response-time 10", f"ip igmp query-interval {p.query_s}"]
                        if p.igmp and p.query_s < 20 else []),
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

    def dr(self, port: str) -> str:
        return self.show("ip pim interface")[port]["pimDesignatedRouter"]

    def asserts(self, source: str, group: str) -> dict[str, tuple[str, str]]:
        rows = (line.split() for line in self.text("ip pim assert").splitlines())
        return {r[0]: (r[4].lower(), r[5]) for r in rows if len(r) > 5 and r[2:4] == [source, group]}

    def tell(self) -> str:
        return "".join(self.vtysh("-c", f"show ip {what}", check=False).stdout for what in (
            "mroute", "pim neighbor", "pim upstream", "pim join", "pim assert"))


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

    def wait_rps(self) -> None:
        """It takes up its static RPs some 15 s after its start. A Join or a Register that comes before is refused;
        an RP whose next hop is no neighbour by then gets no Joins for a minute."""
        rps = {a for a, _ in self.rps}
        wait_for(f"{self.name} knows {rps}", lambda: rps <= self.rp_set(), 60, 0.5)

    def down(self) -> None:
        self.proc.terminate()
        self.proc.wait(10)

    def neighbors(self, port: str) -> list[str]:
        """Of all ports: a word of its tables each."""
        return self.tables().split()

    def tables(self) -> str:
        return self.run(str(self.program), "-r", check=False).stdout

    def mroute(self, source: str, group: str) -> dict | None:
        """Its rows of oifs have a letter or a dot for each interface, in their order."""
        lines = iter(self.tables().splitlines())
        for line in lines:
            if line.split()[:2] == [source, group]:
                letters = next((n.split()[-1] for n in lines if n.startswith("Outgoing oifs:")), "")
                return {"flags": line.split()[3:],
                        "outputs": {p.name for p, letter in zip(self.ports, letters) if letter != "."}}
        return None

    def tell(self) -> str:
        return self.tables() + self.log()[-4000:]


KINDS = {"starg": StargPim, "frr": FrrPim, "pimd": PimdPim}


class PimNet:
    """Builds: routers by kind, cables or LANs between them, hosts; then starts them. src is the host that sends."""
    src: Node

    def __init__(self, lab: Lab):
        self.lab = lab
        self.routers: list = []
        self.kernel_routes: list[tuple] = []
        self.adjacent: list[tuple] = []

    def router(self, name: str, kind: str):
        r = KINDS[kind](self.lab, name)
        self.routers.append(r)
        return r

    def cable(self, a, a_port: Port, b, b_port: Port) -> None:
        a.ports.append(a_port)
        b.ports.append(b_port)
        self.lab.link(a, a.end(a_port.name), b, b.end(b_port.name))
        self.expect(a, a_port.name, b_port.address)
        self.expect(b, b_port.name, a_port.address)

    def plug(self, switch: Switch, r, port: Port) -> None:
        r.ports.append(port)
        switch.plug(r, r.end(port.name))

    def on_lan(self, switch: Switch, *ends: tuple) -> None:
        """Routers and their ports on one LAN, all neighbours of each other."""
        for r, port in ends:
            self.plug(switch, r, port)
            self.expect(r, port.name, *(p.address for other, p in ends if other is not r))

    def host(self, name: str, r, port: Port, address: str) -> Node:
        h = self.lab.host(name)
        r.ports.append(port)
        self.lab.link(h, "eth0", r, r.end(port.name))
        h.address("eth0", address, gateway=port.address.split("/")[0])
        return h

    def host_on(self, name: str, switch: Switch, address: str, gateway: str = "") -> Node:
        h = self.lab.host(name)
        switch.plug(h, "eth0")
        h.address("eth0", address, gateway=gateway)
        return h

    def expect(self, r, port: str, *addresses: str) -> None:
        """start() waits until r has these neighbours."""
        self.adjacent.append((r, port, {a.split("/")[0] for a in addresses}))

    def route(self, r, prefix: str, via: str, metric: int = 0) -> None:
        """starg keeps routes for its twins; a kernel has them at once, if its addresses are there."""
        if r.kind == "starg":
            r.route(prefix, via, metric)
        else:
            self.kernel_routes.append((r, prefix, via, metric))

    def start(self) -> None:
        for r in self.routers:
            if hasattr(r, "prepare"):
                r.prepare()
        for r, *route in self.kernel_routes:
            r.route(*route)
        for r in self.routers:
            r.up()
        self.meet()
        for r in self.routers:
            if r.kind == "pimd":
                r.wait_rps()

    def meet(self, *absent) -> None:
        """All neighbours but those that are absent are known."""
        away = {p.address.split("/")[0] for r in absent for p in r.ports}
        for r, port, addresses in self.adjacent:
            if r not in absent:
                wait_for(f"{r.name}: neighbours {addresses - away} on {port}", lambda r=r, port=port,
                         want=addresses - away: want <= set(r.neighbors(port)), 40)

    def running(self):
        """For a fixture: starts, and stops the routers that are still there."""
        self.start()
        yield self
        for r in self.routers:
            r.down()

    def tell(self) -> str:
        return "\n".join(f"--- {r.name} ({r.kind})\n{r.tell()}" for r in self.routers)

    def wait(self, what: str, condition, timeout_s: float = 20):
        """As wait_for; the failure tells what the routers know."""
        try:
            return wait_for(what, condition, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tell()}") from None

    def sender(self, group: str, rate: int = 200) -> Sender:
        return Sender(self.src, group, UDP, "eth0", rate=rate).start()

    def flowing(self, receivers: list[Receiver], packets: int = 30, within_s: float = 20) -> Sender:
        """A sender whose packets arrive."""
        sender = self.sender(receivers[0].group)
        self.arrives(sender, receivers, packets, within_s)
        return sender

    def arrives(self, sender: Sender, receivers: list[Receiver], packets: int = 30, within_s: float = 20) -> None:
        """More packets reach each receiver."""
        before = {r: r.received(sender.stream) for r in receivers}
        for r in receivers:
            self.wait(f"{packets} more packets at {r.name}",
                      lambda r=r: r.received(sender.stream) >= before[r] + packets, within_s)

    def once(self, receivers: list[Receiver], packets: int = 1000, rate: int = 500) -> None:
        """From now on each packet reaches each receiver exactly once."""
        sender = self.sender(receivers[0].group, rate)
        wait_for(f"{packets} packets sent", lambda: sender.sent > packets, 30)
        sender.stop()
        settle(sender, receivers)
        for r in receivers:
            report = r.report(sender.stream, sender.sent)
            assert report.clean, f"{r.name}: {report}\n{self.tell()}"
