# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""Configurations of the router under test, and files of commands for many routes."""
from __future__ import annotations

from dataclasses import dataclass, field

from .frames import ROUTER_MAC

MBUFS = 32768
FILE_ROUTES_MAX = 20000  # more come by `load`: quicker than the file's reader, and far smaller
PORTS_MAX = 28  # of DPDK's 32; further outputs are VLANs on the same ports
IN_LOCAL, IN_REMOTE = "10.0.0.254", "10.0.0.9"


@dataclass
class Setup:
    """A router with one input that replays a file and outputs into nothing."""
    pcap: str
    routes: list[tuple[str, str]] = field(default_factory=list)
    outputs: int = 1
    one_mac: bool = False
    how: str = "plain"  # plain, her, gre: what is done to each copy
    from_gre: bool = False  # the file holds GRE packets of a tunnel
    mbufs: int = MBUFS
    max_routes: int = 0
    eal: list[str] = field(default_factory=list)  # hugepages, by memory.eal_words


def port_of(output: int) -> tuple[int, int]:
    """Port and VLAN (0 none) of an output."""
    return output % PORTS_MAX, output // PORTS_MAX * 100


def output_words(setup: Setup, i: int) -> str:
    """One member of a route's outputs."""
    if setup.how == "her":
        return f'{{ interface = "lan{i}"; unicast = "172.16.{i}.5"; port = 6000; }}'
    return f'{{ interface = "{"gre" if setup.how == "gre" else "lan"}{i}"; }}'


def route_text(setup: Setup, source: str, group: str) -> str:
    outs = ", ".join(output_words(setup, i) for i in range(setup.outputs))
    return (f'{{ source = "{source}"; group = "{group}"; input = "{input_name(setup)}"; '
            f"outputs: ( {outs} ); }}")


def input_name(setup: Setup) -> str:
    return "tun" if setup.from_gre else "src"


def _router(setup: Setup) -> str:
    mac = f' mac = "{ROUTER_MAC}";' if setup.one_mac or setup.from_gre else ""
    room = f" max_routes = {setup.max_routes};" if setup.max_routes else ""
    eal = ", ".join(f'"{word}"' for word in setup.eal)
    where = f"eal = [ {eal} ];" if eal else "workers = 1; huge = false;"
    return (f'router: {{ name = "bench"; poll = "busy"; {where} '
            f"mbufs = {setup.mbufs};{mac}{room} }};")


def _ports(setup: Setup) -> list[str]:
    n = min(setup.outputs, PORTS_MAX)
    return ([f'{{ name = "in"; device = "net_pcap0,rx_pcap={setup.pcap},infinite_rx=1"; }}']
            + [f'{{ name = "o{i}"; device = "net_null{i},no-rx=1"; }}' for i in range(n)])


def _interfaces(setup: Setup) -> list[str]:
    rows = [f'{{ name = "src"; port = "in"; exception = "none"; address = "{IN_LOCAL}/24"; }}']
    if setup.from_gre:
        rows.append('{ name = "tun"; exception = "none"; '
                    f'gre: {{ local = "{IN_LOCAL}"; remote = "{IN_REMOTE}"; }}; }}')
    for i in range(setup.outputs):
        port, vlan = port_of(i)
        tag = f" vlan = {vlan};" if vlan else ""
        rows.append(f'{{ name = "lan{i}"; port = "o{port}";{tag} exception = "none"; '
                    f'address = "172.16.{i}.1/24"; }}')
        if setup.how == "gre":
            rows.append(f'{{ name = "gre{i}"; exception = "none"; gre: {{ '
                        f'local = "172.16.{i}.1"; remote = "172.16.{i}.5"; }}; }}')
    return rows


def _neighbors(setup: Setup) -> list[str]:
    rows = ['{ interface = "lan%d"; address = "172.16.%d.5"; mac = "02:00:00:00:05:%02x"; }'
            % (i, i, i) for i in range(setup.outputs)]
    if setup.from_gre:
        rows.append(f'{{ interface = "src"; address = "{IN_REMOTE}"; mac = "02:00:00:00:06:00"; }}')
    return rows


def text(setup: Setup, socket_path: str) -> str:
    """The file; routes too if they are few."""
    def group(name, rows):
        return f"{name}: (\n  " + ",\n  ".join(rows) + "\n);"
    parts = [_router(setup), group("ports", _ports(setup)),
             group("interfaces", _interfaces(setup)), group("neighbors", _neighbors(setup)),
             f'control: {{ socket = "{socket_path}"; }};']
    if 0 < len(setup.routes) <= FILE_ROUTES_MAX:
        rows = [route_text(setup, s, g) for s, g in setup.routes]
        parts.append("static: { " + group("routes", rows) + " };")
    return "\n".join(parts) + "\n"


def command(setup: Setup, source: str, group: str) -> str:
    """The shell's command for a route of plain outputs."""
    assert setup.how == "plain"
    outs = "".join(f" output lan{i}" for i in range(setup.outputs))
    return f"add route {source} {group} input {input_name(setup)}{outs}"


def write_commands(path: str, setup: Setup, routes: list[tuple[str, str]]) -> str:
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(command(setup, s, g) + "\n" for s, g in routes)
    return path
