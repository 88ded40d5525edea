# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""A router's configuration as plain values: what the oracle reads and what stargd reads.

One Config renders itself as the libconfig file of starg.conf(5) and is also the only thing the
oracle (oracle.py) knows of the router. Names are those of the file.
"""
from __future__ import annotations

import dataclasses
import ipaddress
from dataclasses import dataclass, field


def router_mac(index: int) -> str:
    """The address net_pcap gives its port number index; the harness checks that it is right."""
    return "02:70:63:61:70:%02x" % index


@dataclass(frozen=True)
class Port:
    name: str
    mac: str
    mtu: int = 0
    rx_queues: int = 1
    extra: str = ""  # more keys, as the file has them


@dataclass(frozen=True)
class Gre:
    local: str
    remote: str
    key: int | None = None
    checksum: bool = False
    ttl: int | str = 64
    dscp: int | str = "inherit"
    decap_dscp: str = "keep"

    def text(self) -> str:
        parts = [f'local = "{self.local}";', f'remote = "{self.remote}";']
        if self.key is not None:
            parts.append(f'key = "{self.key}";')
        if self.checksum:
            parts.append("checksum = true;")
        for name, value in (("ttl", self.ttl), ("dscp", self.dscp), ("decap_dscp", self.decap_dscp)):
            parts.append(f'{name} = "{value}";' if isinstance(value, str) else f"{name} = {value};")
        return "gre: { " + " ".join(parts) + " };"


@dataclass(frozen=True)
class Iface:
    name: str
    port: str = ""
    vlan: int | tuple[int, int] = 0  # a stack: outer, inner
    vlan_tpid: int = 0  # of the outer tag; 0: 0x8100, of a stack 0x88a8
    address: tuple[str, ...] = ()
    mtu: int = 0
    ttl_threshold: int = 0
    gre: Gre | None = None
    loopback: bool = False
    shutdown: bool = False
    extra: str = ""  # more keys, as the file has them

    @property
    def vlans(self) -> tuple[int, ...]:
        """VLAN ids as they follow each other in a frame."""
        if isinstance(self.vlan, tuple):
            return self.vlan
        return (self.vlan,) if self.vlan else ()

    @property
    def tags(self) -> tuple[int, int]:
        """Outer and inner VLAN id, 0 for none."""
        return (self.vlans + (0, 0))[:2]

    @property
    def tpid(self) -> int:
        return self.vlan_tpid or (0x88A8 if len(self.vlans) == 2 else 0x8100)

    def first_address(self, family: int) -> str | None:
        """The first address of a family, without its prefix length."""
        own = (a.split("/")[0] for a in self.address)
        return next((a for a in own if ipaddress.ip_address(a).version == family), None)

    def text(self) -> str:
        parts = [f'name = "{self.name}";']
        if self.port:
            parts.append(f'port = "{self.port}";')
        if self.vlan:
            ids = list(self.vlan) if isinstance(self.vlan, tuple) else self.vlan
            parts.append(f"vlan = {ids};")
        if self.vlan_tpid:
            parts.append(f"vlan_tpid = {self.vlan_tpid:#06x};")
        if self.address:
            parts.append("address = [ " + ", ".join(f'"{a}"' for a in self.address) + " ];")
        if self.mtu:
            parts.append(f"mtu = {self.mtu};")
        if self.ttl_threshold:
            parts.append(f"ttl_threshold = {self.ttl_threshold};")
        if self.gre:
            parts.append(self.gre.text())
        if self.loopback:
            parts.append("loopback = true;")
        if self.shutdown:
            parts.append("shutdown = true;")
        if self.extra:
            parts.append(self.extra)
        parts.append('exception = "none";')
        return "  { " + " ".join(parts) + " }"


@dataclass(frozen=True)
class Output:
    interface: str = ""
    unicast: str = ""
    port: int = 0
    ttl: int = 64
    dscp: int = -1  # the packet's
    source: str = ""
    preserve_source: bool = False
    ttl_threshold: int = -1  # the interface's

    def text(self) -> str:
        parts = []
        if self.interface:
            parts.append(f'interface = "{self.interface}";')
        if self.unicast:
            parts.append(f'unicast = "{self.unicast}";')
        if self.port:
            parts.append(f"port = {self.port};")
        if self.unicast and self.ttl != 64:
            parts.append(f"ttl = {self.ttl};")
        if self.dscp >= 0:
            parts.append(f"dscp = {self.dscp};")
        if self.source:
            parts.append(f'source = "{self.source}";')
        if self.preserve_source:
            parts.append("preserve_source = true;")
        if self.ttl_threshold >= 0:
            parts.append(f"ttl_threshold = {self.ttl_threshold};")
        return "{ " + " ".join(parts) + " }"


@dataclass(frozen=True)
class Route:
    source: str  # "*" for (*,G)
    group: str
    input: str | tuple[str, ...]  # "any", "rpf", an interface or several
    outputs: tuple[Output, ...] = ()
    excepts: tuple[str, ...] = ()  # sources for which it does not hold

    def text(self) -> str:
        if isinstance(self.input, str):
            inp = f'"{self.input}"'
        else:
            inp = "[ " + ", ".join(f'"{i}"' for i in self.input) + " ]"
        outs = ",\n      ".join(o.text() for o in self.outputs)
        if self.excepts:
            inp += "; except = [ " + ", ".join(f'"{e}"' for e in self.excepts) + " ]"
        return (f'  {{ source = "{self.source}"; group = "{self.group}"; input = {inp};\n'
                f"    outputs: (\n      {outs} ); }}")


@dataclass
class Config:
    ports: list[Port] = field(default_factory=list)
    interfaces: list[Iface] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    rpf: list[tuple[str, str, str]] = field(default_factory=list)  # prefix, interface, neighbor
    neighbors: list[tuple[str, str, str]] = field(default_factory=list)  # interface, address, mac
    workers: int = 1
    mbufs: int = 16384
    mac: str = ""  # router.mac: one address for all ports
    poll: str = "adaptive"
    router_extra: str = ""
    rest: str = ""  # more groups, as the file has them

    def but(self, **changes) -> "Config":
        """A copy with some fields replaced."""
        return dataclasses.replace(self, **changes)

    def iface(self, name: str) -> Iface:
        return next(i for i in self.interfaces if i.name == name)

    def port(self, name: str) -> Port:
        return next(p for p in self.ports if p.name == name)

    def port_mac(self, name: str) -> str:
        return self.mac or self.port(name).mac

    def text(self, devices: dict[str, str], socket: str) -> str:
        """The file. devices: DPDK device of each port by name."""
        mac = f' mac = "{self.mac}";' if self.mac else ""
        out = [f'router: {{ name = "dut"; huge = false; workers = {self.workers}; '
               f'poll = "{self.poll}"; mbufs = {self.mbufs};{mac} {self.router_extra} }};',
               f'control: {{ socket = "{socket}"; }};']
        out.append("ports: (\n" + ",\n".join(
            f'  {{ name = "{p.name}"; device = "{devices[p.name]}";'
            + (f" mtu = {p.mtu};" if p.mtu else "")
            + (f" rx_queues = {p.rx_queues};" if p.rx_queues > 1 else "") + f" {p.extra} }}"
            for p in self.ports) + "\n);")
        out.append("interfaces: (\n" + ",\n".join(i.text() for i in self.interfaces) + "\n);")
        if self.rpf:
            out.append("rpf: (\n" + ",\n".join(
                f'  {{ prefix = "{p}"; interface = "{i}";'
                + (f' neighbor = "{n}";' if n else "") + " }"
                for p, i, n in self.rpf) + "\n);")
        if self.neighbors:
            out.append("neighbors: (\n" + ",\n".join(
                f'  {{ interface = "{i}"; address = "{a}"; mac = "{m}"; }}'
                for i, a, m in self.neighbors) + "\n);")
        if self.routes:
            out.append("static: { routes: (\n" + ",\n".join(r.text() for r in self.routes) + "\n); };")
        if self.rest:
            out.append(self.rest)
        return "\n".join(out) + "\n"


def network(prefix: str) -> ipaddress.IPv4Network:
    return ipaddress.ip_network(prefix, strict=False)
