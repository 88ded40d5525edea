# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""show config is a file that recreates the running state: random files, random commands, a second
router from what the first one shows. And what write and save do to files."""
import itertools
import os
import pathlib
import random
import re
import stat
import subprocess

import pytest
from packets import *
from starg_dp import ROOT, STARGCTL, STARGD, Router

VLANS = ("vlan = 100;", "vlan = 100; vlan_tpid = 0x88a8;", "vlan = [ 200, 100 ];",
         "vlan = [ 200, 100 ]; vlan_tpid = 0x8100;")
IFS = ("src", "lan1", "lan2", "v100", "six", "gre0", "gre6", "lo0")


class NullRouter(Router):
    """A stargd on ports without packets, from a text of the test's own."""

    def __init__(self, text: str):
        super().__init__(Config(), {})
        self.file.write_text(text.replace("@SOCKET@", str(self.socket)))

    def check_macs(self) -> None:
        """They are random."""


# --- random files and commands ---------------------------------------------------------------------

class Dice(random.Random):
    def maybe(self, text: str, chance: float = 0.5) -> str:
        return text if self.random() < chance else ""

    def some(self, things, least=0):
        return self.sample(list(things), self.randint(least, len(things)))


def group(d, six):
    host = d.random() < 0.7
    if six:
        return f"ff3e::8000:{d.randrange(1, 9):x}" if host else f"ff3e::{d.randrange(9)}:0/112"
    return f"239.1.{d.randrange(3)}.{d.randrange(1, 9)}" if host else f"239.{d.randrange(2, 9)}.0.0/16"


def source(d, six):
    kind = d.random()
    if kind < 0.3:
        return "*"
    if six:
        return f"2001:db8::{d.randrange(1, 9)}" if kind < 0.8 else f"2001:db8:{d.randrange(9)}::/48"
    return f"10.{d.randrange(3)}.0.{d.randrange(1, 9)}" if kind < 0.8 else f"10.{d.randrange(9)}.0.0/16"


def outputs(d, six):
    """Distinct (interface, unicast, port) with their options, as (key, value) pairs in order."""
    made = {}
    for _ in range(d.randint(1, 4)):
        o = {"interface": d.choice(IFS)}
        if d.random() < 0.4:
            o["unicast"] = f"2001:db8:1::{d.randrange(2, 9)}" if six else f"10.1.0.{d.randrange(2, 9)}"
            if d.random() < 0.3:
                del o["interface"]
            if d.random() < 0.5:
                o["port"] = d.choice((1, 5000, 65535))
            if d.random() < 0.4:
                o["ttl"] = d.choice((1, 63, 64, 65, 255))
            which = d.random()
            if which < 0.3:
                o["preserve_source"] = True
            elif which < 0.6:
                o["source"] = "2001:db8:9::9" if six else "10.9.9.9"
        if "interface" in o and d.random() < 0.3:
            o["ttl_threshold"] = d.choice((0, 1, 8, 255))
        made.setdefault((o.get("interface"), o.get("unicast"), o.get("port")), o)
    return list(made.values())


def excepts(d, src, six):
    if src != "*" or d.random() < 0.6:
        return []
    return d.some(["2001:db8::3", "2001:db8:5::/48"] if six else ["10.1.0.3", "10.5.0.0/16", "10.6.0.0/20"])


def in_file(value):
    return str(value).lower() if isinstance(value, (bool, int)) else f'"{value}"'


def file_route(d, src, grp, six):
    inputs = d.choice(('input = "any";', 'input = "src";', 'input = [ "lan1", "src" ];',
                       "" if src != "*" and "/" not in src else 'input = "any";'))
    outs = ", ".join("{ " + " ".join(f"{k} = {in_file(v)};" for k, v in o.items()) + " }"
                     for o in outputs(d, six))
    out = ", ".join(f'"{e}"' for e in excepts(d, src, six))
    out = f"except = [ {out} ]; " if out else ""
    return f'{{ source = "{src}"; group = "{grp}"; {inputs} {out}outputs: ( {outs} ); }}'


def keys(d, n):
    made = {}
    for _ in range(n):
        six = d.random() < 0.4
        made[(source(d, six), group(d, six))] = six
    return made


def police(d):
    keys = d.some(("hello", "proto", "neigh", "exception", "nocache", "wrongvif", "data", "source"))
    rates = [f"{k} = {d.choice(('0', '77', '[ 500, 50 ]'))};" for k in keys]
    return "police: { %s };" % " ".join(rates + [d.maybe("regular_ms = 5000;")])


def offload(d):
    return "offload: { %s };" % "".join([d.maybe("control_queue = false; "), d.maybe("rss = false; "),
                                         d.maybe("mark = 9; ")])


def random_file(d):
    r = ['name = "%s";' % d.choice(("edge1", "r.2", "a-b")), "workers = 0;", "mbufs = 2048;",
         d.maybe('log = "%s"; ' % d.choice(("error", "warning", "notice", "info"))),
         d.maybe("upcall_rate = 77;"), d.maybe('mac = "02:00:00:00:00:77";'),
         d.maybe("max_routes = 5000;"), d.maybe("max_oifs = 7000;"), d.maybe('poll = "adaptive";'),
         d.maybe("telemetry = false;", 0.2), d.maybe(police(d))]
    ports = ", ".join(f'{{ name = "p{n}"; device = "net_null{n}"; {d.maybe("promiscuous = false;")} '
                      f'{d.maybe("mtu = 1400;", 0.3)} {d.maybe("rx_desc = 512;", 0.3)} '
                      f'{d.maybe(police(d), 0.3)} {d.maybe(offload(d), 0.3)} }}' for n in range(4))
    more = lambda: (d.maybe("ttl_threshold = 7; ", 0.3) + d.maybe("mtu = 1300; ", 0.3)
                    + d.maybe("shutdown = true; ", 0.3) + 'exception = "none"; ')
    ifs = [f'{{ name = "src"; port = "p0"; address = [ "10.0.0.254/24", "2001:db8::254/64" ]; {more()}}}',
           f'{{ name = "lan1"; port = "p1"; address = "10.1.0.1/24"; {more()}}}',
           f'{{ name = "v100"; port = "p1"; {d.choice(VLANS)} {more()}}}',
           f'{{ name = "lan2"; port = "p2"; address = [ "10.2.0.1/24" ]; {more()}}}',
           f'{{ name = "six"; port = "p3"; address = [ "2001:db8:1::1/64" ]; {more()}}}',
           '{ name = "gre0"; gre: { local = "10.1.0.1"; remote = "10.1.0.9"; %s%s%s}; %s}' % (
               d.maybe('key = "4000000000"; '), d.maybe("checksum = true; "),
               d.maybe("ttl = 9; "), more()),
           '{ name = "gre6"; gre: { local = "2001:db8:1::1"; remote = "2001:db8:1::9"; %s}; %s}' % (
               d.choice(("", "dscp = 32; ", 'ttl = "inherit"; decap_dscp = "copy"; ')), more()),
           f'{{ name = "lo0"; loopback = true; address = "10.9.9.9/32"; {more()}}}']
    d.shuffle(ifs)
    rpf = d.some(['{ prefix = "10.7.0.0/16"; interface = "lan1"; neighbor = "10.1.0.9"; }',
                  '{ prefix = "2001:db8:7::/48"; interface = "six"; neighbor = "2001:db8:1::7"; }',
                  '{ prefix = "10.8.0.0/16"; interface = "lan2"; }'])
    neigh = d.some(['{ interface = "lan1"; address = "10.1.0.5"; mac = "02:00:00:00:00:05"; }',
                    '{ interface = "six"; address = "2001:db8:1::5"; mac = "02:00:00:00:00:06"; }'])
    routes = [file_route(d, s, g, six) for (s, g), six in keys(d, d.randrange(8)).items()]
    out = [f"router: {{ {' '.join(r)} }};", 'control: { socket = "@SOCKET@"; };',
           f"ports: ( {ports} );", f"interfaces: ( {', '.join(ifs)} );",
           f"rpf: ( {', '.join(rpf)} );", f"neighbors: ( {', '.join(neigh)} );"]
    if d.random() < 0.5:
        out.append('rpf_preference: ( { protocol = "bgp"; preference = 33; } );')
    if routes:
        out.append("static: { routes: ( " + ",\n ".join(routes) + " ); };")
    return "\n".join(out) + "\n"


def random_command(d, known):
    what = d.random()
    if what < 0.6:
        (src, grp), six = next(iter(keys(d, 1).items()))
        known.append((src, grp))
        words = [d.choice(("", "input any", "input src", "input lan1 input src"))
                 if src != "*" and "/" not in src else "input any"]
        words += [f"except {e}" for e in excepts(d, src, six)]
        for o in outputs(d, six):
            words += ["output", o.get("interface", "")]
            words += [f"{k} {o[k]}" for k in ("unicast", "port", "ttl", "source") if k in o]
            words += ["preserve-source"] * ("preserve_source" in o)
            words += [f"ttl-threshold {v}" for k, v in o.items() if k == "ttl_threshold"]
        return f"add route {src} {grp} " + " ".join(words)
    if what < 0.75 and known:
        return "del route {} {}".format(*known.pop(d.randrange(len(known))))
    if what < 0.93:
        return f"set interface {d.choice(IFS)} {d.choice(('up', 'down'))}"
    if what < 0.97:
        return f"set log {d.choice(('error', 'warning', 'notice', 'info'))}"
    return "clear shell-routes"


# --- what must be the same ---------------------------------------------------------------------------

def forwarding_state(dut):
    """What show mroute says, without what counts or tells how it came."""
    routes = dut.ctl("show mroute limit 100000")["routes"]
    for r in routes:
        for k in ("origin", "uptime_s", "counters", "problem"):
            del r[k]
        for o in r["outputs"]:
            for k in ("packets", "bytes", "dropped"):
                del o[k]
    return routes


def interface_state(dut):
    out = {}
    for i in dut.ctl("show interface")["interfaces"]:
        for k in ("id", "counters", "changed_s", "mac"):
            del i[k]
        out[i["name"]] = i
    return out


def check_file(path):
    r = subprocess.run([str(STARGD), "-t", "-c", str(path)], capture_output=True, text=True, timeout=20)
    assert r.returncode == 0 and not r.stderr, r.stderr + pathlib.Path(path).read_text()


def shown(dut):
    return dut.ctl("show config")["config"]


def look(dut):
    return shown(dut), forwarding_state(dut), interface_state(dut), dut.ctl("show neighbor")


@pytest.mark.parametrize("n", range(6))
def test_router_from_the_shown_config_is_the_same(seed, n):
    d = Dice(seed + n)
    text, known = random_file(d), []
    commands = [random_command(d, known) for _ in range(d.randrange(40))]
    print(text, *commands, sep="\n")
    with NullRouter(text) as a:
        check_file(a.file)
        a.wait_ready()
        for c in commands:
            a.ctl(c, check=False)  # a refused one changes nothing
        first = look(a)
        assert a.ctl(f"write {a.dir}/copy")["bytes"] == len(first[0].encode())
        assert (a.dir / "copy").read_text() == first[0]
        check_file(a.dir / "copy")
        # the file itself, taken back: nothing differs
        a.ctl("save")
        a.ctl("reload")
        assert look(a)[:3] == first[:3]
        a.ctl("clear shell-routes")
        assert look(a)[:3] == first[:3]
        with NullRouter(first[0].replace(str(a.socket), "@SOCKET@")) as b:
            b.wait_ready()
            second = look(b)
            assert second[0].replace(str(b.socket), str(a.socket)) == first[0]
            assert second[1:] == first[1:]


def full_file():
    """The file with every key, on ports and interfaces that exist anywhere."""
    text = (ROOT / "tests/data/conf/full.conf").read_text()
    text = re.sub(r'device = "[^"]*"(; driver = "mlx5")?', lambda m, n=itertools.count():
                  f'device = "net_null{next(n)}"', text)
    for a, b in (("eal = [^]]*];", ""), ("workers = 1;", "workers = 0;"), ("rx_queues = 2; tx_queues = 3;", ""),
                 ("mbufs = 65536;", "mbufs = 4096;"), ('socket = "[^"]*"', 'socket = "@SOCKET@"'),
                 ('exception = "none";', ""), ('(name = "(src|lan.|gre.|lo0|stack)";)', r'\1 exception = "none";')):
        text, n = re.subn(a, b, text)
        assert n, a
    return text


def test_file_with_every_key_and_changes_from_the_shell_is_shown_as_it_runs():
    with NullRouter(full_file()) as a:
        a.wait_ready()
        for c in ("add route 10.0.0.1 239.1.1.1 input lan1 output gre0 output lan2 ttl-threshold 3",
                  "add route 10.4.0.0/16 239.3.0.0/16 input src except 10.4.2.0/24 output gre0",
                  "add route * 239.9.0.0/16 input any except 10.4.0.0/16 output gre1",
                  "add route 2001:db8::7 ff3e::7 input src output lan1 output lan2",
                  "set interface gre0 down", "set interface lan2 up", "set log warning"):
            a.ctl(c)
        first = look(a)
        assert first[0].count("police: {") == 2 and 'name = "gre0"; ' in first[0]
        a.ctl("save")
        check_file(a.file)
        a.ctl("reload")
        assert look(a) == first
        with NullRouter(first[0].replace(str(a.socket), "@SOCKET@")) as b:
            b.wait_ready()
            second = look(b)
            assert second[0].replace(str(b.socket), str(a.socket)) == first[0]
            assert second[1:] == first[1:]


def test_arguments_of_the_command_line_are_shown():
    with NullRouter(random_file(Dice(1))) as a:
        a.proc.terminate()
        a.proc.wait(10)
        a.proc = subprocess.Popen([str(STARGD), "--no-huge", "--no-pci", "--lcores=0@0", "-m", "256", "--",
                                   "-c", str(a.file), "-l", "error"], stdin=subprocess.DEVNULL,
                                  stdout=a.log, stderr=a.log)
        a.wait_ready()
        assert 'eal = [ "--no-huge", "--no-pci", "--lcores=0@0", "-m", "256" ]' in shown(a)
        assert 'log = "error"' in shown(a)


def test_outputs_on_a_removed_interface_are_left_out():
    gone = '{ name = "v100"; port = "p0"; vlan = 100; exception = "none"; }'
    text = ('router: { name = "r"; workers = 0; mbufs = 2048; };\n'
            'control: { socket = "@SOCKET@"; };\n'
            'ports: ( { name = "p0"; device = "net_null0"; } );\n'
            'interfaces: ( { name = "src"; port = "p0"; exception = "none"; },\n'
            '  { name = "lan1"; port = "p0"; vlan = 7; exception = "none"; }, ' + gone + ");\n")
    with NullRouter(text) as a:
        a.wait_ready()
        a.ctl("add route 10.0.0.1 239.9.9.9 input src output lan1 output v100")
        a.ctl("add route 10.0.0.1 239.9.9.8 input src output v100")
        a.ctl("add route 10.0.0.1 239.9.9.7 input v100 output lan1")
        a.file.write_text(a.file.read_text().replace(", " + gone, ""))
        a.ctl("reload")
        assert "v100" not in shown(a) and "239.9.9.9" in shown(a)
        a.ctl(f"write {a.dir}/copy")
        check_file(a.dir / "copy")


# --- files -----------------------------------------------------------------------------------------------

def refused(dut, command, *words):
    r = subprocess.run([str(STARGCTL), "-s", str(dut.socket), *command.split()], capture_output=True,
                       text=True, timeout=20, cwd=dut.dir)
    assert r.returncode == 1, r.stdout
    for w in words:
        assert w in r.stderr, r.stderr


def test_write_and_save_replace_plain_files_and_nothing_else():
    with NullRouter(random_file(Dice(2))) as a:
        a.wait_ready()
        text = shown(a)
        new = a.dir / "new"
        before = sorted(os.listdir(a.dir))
        a.ctl(f"write {new}")
        assert new.read_text() == text and stat.S_IMODE(new.stat().st_mode) & 0o133 == 0
        refused(a, f"write {new}", "exists already", "replace")
        new.write_text("mine")
        new.chmod(0o640)
        a.ctl(f"write {new} replace")
        assert new.read_text() == text and stat.S_IMODE(new.stat().st_mode) == 0o640
        assert sorted(os.listdir(a.dir)) == sorted(before + ["new"])  # no temporary file stays
        (a.dir / "link").symlink_to(new)
        refused(a, "write link replace", "symbolic link")
        refused(a, f"write {a.dir} replace", "a directory")
        refused(a, "write /dev/null replace", "a device")
        refused(a, "write /proc/nothing/here", "/proc/nothing")
        refused(a, "write sub/dir", "sub")
        assert (a.dir / "link").is_symlink() and new.read_text() == text
        # stargctl's directory, not stargd's
        (a.dir / "sub").mkdir()
        subprocess.run([str(STARGCTL), "-s", str(a.socket), "write", "here"], check=True,
                       cwd=a.dir / "sub", stdout=subprocess.DEVNULL)
        assert (a.dir / "sub" / "here").read_text() == text


def test_save_does_not_overwrite_what_somebody_edited():
    with NullRouter(random_file(Dice(4))) as a:
        a.wait_ready()
        a.file.write_text(a.file.read_text() + "# mine\n")
        refused(a, "save", "was changed after", "reload")
        assert a.file.read_text().endswith("# mine\n")
        a.ctl("reload")
        a.ctl("save")
        assert a.file.read_text() == shown(a)
        a.ctl("save")
