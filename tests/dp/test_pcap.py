# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""pcap: the file has what came in and what left, as Scapy and tshark read it."""
import os
import stat
import subprocess
import time
from collections import Counter

import pytest
from headers import outer_normal
from live_dp import Live
from oracle import Oracle
from packets import *
from scapy.utils import RawPcapNgReader
from starg_dp import check_frames
from test_trace import HER, HER6, MANY, S6


def captured(config, inputs, words, **kw):
    """The answer of a capture that was armed before the packets came, its file, and everything else."""
    with Live(config) as r:
        r.wait_ready()
        path = r.dir / "capture.pcapng"
        asked = r.ask(f"pcap {words.replace('FILE', str(path))}").armed()
        r.feed(inputs, **kw)
        output = asked.output()
        r.wait_done()
        return output, read(path), r.collect()


def read(path):
    """[(interface, direction, bytes, wire length, comments)]: bytes as Scapy reads them, the rest by tshark."""
    rows = tshark(path, "frame.interface_name", "frame.packet_flags_direction", "frame.comment")
    reader = RawPcapNgReader(str(path))
    frames = list(reader)
    reader.close()
    assert len(frames) == len(rows)
    return [(row[0], int(row[1], 0), data, m.wirelen, row[2]) for (data, m), row in zip(frames, rows)]


def tshark(path, *fields):
    """Rows of fields; fails if tshark finds anything wrong with the file."""
    args = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    done = subprocess.run(args + [a for f in fields for a in ("-e", f)], capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if "Running as user" not in line]
    assert done.returncode == 0 and not errors, done.stderr
    return [line.split("|") for line in done.stdout.splitlines()]


def port_of(config, interface):
    return next(i.port for i in config.interfaces if i.name == interface)


def left(config, frames):
    return Counter((port_of(config, name), outer_normal(data)) for name, way, data, _, _ in frames
                   if way == 2)


def sent(result):
    return Counter((port, outer_normal(f)) for port, frames in result.frames.items() for f in frames)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_file_has_what_came_and_what_left(workers):
    config = router(Route(SRC, GRP, "src", MANY + HER), workers=workers)
    inputs = {"p0": [udp(i, size=20 * i, ttl=2 + i) for i in range(8)]}
    out, frames, result = captured(config, inputs, f"{SRC} {GRP} FILE 8")
    assert out["state"] == "complete" and out["packets"] == 8 and out["lost"] == 0
    assert out["frames"] == len(frames)
    assert [(f[0], f[2]) for f in frames if f[1] == 1] == [("src", f) for f in inputs["p0"]]
    assert left(config, frames) == sent(result)
    assert all("lan2: not sent: oif_unresolved" in f[4] or "unicast: not sent: oif_unresolved" in f[4]
               for f in frames if f[1] == 1)
    check_frames(Oracle(config).run(inputs), result)


def test_file_of_ipv6_has_what_came_and_what_left():
    config = router6(Route(S6, GRP6, "src", to("lan1", "lan2", "v100", "gre7", "gre4", "src") + HER6))
    inputs = {"p0": [udp6(i, size=10 * i) for i in range(5)]}
    out, frames, result = captured(config, inputs, f"{S6} {GRP6} FILE 5")
    assert [f[2] for f in frames if f[1] == 1] == inputs["p0"]
    assert left(config, frames) == sent(result) and out["bytes"] > 0


def test_tunnel_is_seen_outside_and_by_the_flow_inside():
    config = router(Route("*", GRP, ("gre0", "gre7"), to("lan2")))
    inputs = {"p1": [in_gre(udp_ip(n=1)), in_gre(udp_ip(n=2), src=PEER_KEYED, key=7, checksum=True)]}
    out, frames, result = captured(config, inputs, f"* {GRP} FILE 2")
    assert [(f[0], f[2]) for f in frames if f[1] == 1] == [("lan1", f) for f in inputs["p1"]]
    assert left(config, frames) == sent(result)


@pytest.mark.parametrize("words,ways", [("at input", {1}), ("at output", {2}), ("at both", {1, 2})])
def test_one_side_or_both(words, ways):
    config = router(Route(SRC, GRP, "src", to("lan1", "lan2")))
    out, frames, _ = captured(config, {"p0": [udp(i) for i in range(4)]}, f"{SRC} {GRP} FILE 4 {words}")
    assert out["packets"] == 4 and {f[1] for f in frames} == ways
    assert len(frames) == sum({1: 4, 2: 8}[w] for w in ways)


def test_one_interface_and_few_bytes():
    config = router(Route(SRC, GRP, "lan2", to("lan1", "src", "v100")))
    inputs = {"p2": [udp(i, size=300) for i in range(6)]}
    with Live(config) as r:
        r.wait_ready()
        r.feed({}, later=("p2",))  # the interfaces come, and no packet yet
        path = r.dir / "capture.pcapng"
        asked = r.ask(f"pcap {SRC} {GRP} {path} 6 interface v100 snaplen 100").armed()
        r.feed(inputs)
        out = asked.output()
        r.wait_done()
        frames, result = read(path), r.collect()
    assert out["interface"] == "v100" and {(f[0], f[1]) for f in frames} == {("v100", 2)}
    tagged = [f for f in result.frames["p1"] if f[12:14] == b"\x81\0"]
    assert [(f[2], f[3]) for f in frames] == [(t[:100], len(t)) for t in tagged] and len(tagged) == 6


def test_dropped_packets_say_why():
    config = router(Route(SRC, GRP, "src", to("lan1") + to("lan2", ttl_threshold=16)))
    inputs = {"p0": [udp(1, ttl=1), udp(2), udp(3, dst="239.9.9.9")], "p2": [udp(4)]}
    out, frames, _ = captured(config, inputs, "* * FILE 4")
    comments = {f[2]: f[4] for f in frames if f[1] == 1}
    assert comments[udp(1, ttl=1)].startswith("dropped: ttl_expired: ")
    assert comments[udp(2)] == "lan2: not sent: oif_ttl_threshold: TTL 16 is not above the threshold 16"
    assert comments[udp(3, dst="239.9.9.9")].startswith("dropped: no_route: ")
    assert comments[udp(4)].startswith("dropped: wrong_if: ")


def test_tshark_reads_it():
    config = router(Route(SRC, GRP, "src", to("lan1", "v100", "gre7")))
    with Live(config) as r:
        r.wait_ready()
        path = r.dir / "capture.pcapng"
        asked = r.ask(f"pcap {SRC} {GRP} {path} 3").armed()
        before = time.time()
        r.feed({"p0": [udp(i) for i in range(2)], "p2": [udp(9)]})
        assert asked.output()["frames"] == 9
        after = time.time()
        rows = tshark(path, "frame.interface_name", "frame.packet_flags_direction", "frame.comment",
                      "ip.dst", "frame.time_epoch", "frame.interface_description")
        meta = subprocess.run(["capinfos", str(path)], capture_output=True, text=True)
    assert Counter((r[0], int(r[1], 0), r[3]) for r in rows) == {
        ("src", 1, GRP): 2, ("lan2", 1, GRP): 1, ("lan1", 2, GRP): 2, ("v100", 2, GRP): 2,
        ("lan1", 2, f"{PEER_KEYED},{GRP}"): 2}
    assert [r[2] for r in rows if r[0] == "lan2"][0].startswith("dropped: wrong_if: ")
    assert all(before - 1 <= float(r[4]) <= after + 1 for r in rows)
    assert {(r[0], r[5]) for r in rows} == {("src", "p0"), ("lan1", "p1"), ("lan2", "p2"), ("v100", "p1")}
    assert meta.returncode == 0 and "starg " in meta.stdout, meta


@pytest.mark.parametrize("workers", [1, 2])
def test_under_a_flood_what_is_lost_is_counted_and_nothing_else_is(workers):
    config = router(Route("*", "239.0.0.0/8", "any", to("lan1", "gre0")), workers=workers)
    frames = [udp(i, dst=f"239.1.{i % 7}.1") for i in range(5000)]
    inputs = {"p0": frames, "p2": frames[:2000]}
    out, written, result = captured(config, inputs, "* 239.1.3.1 FILE 1000 timeout 3")
    assert out["packets"] == sum(f[1] == 1 for f in written)
    assert out["state"] == "complete" or out["lost"] > 0
    check = Oracle(config).run(inputs)
    assert {p: Counter(f) for p, f in result.frames.items()} \
        == {p: Counter(f) for p, f in check.frames.items()}
    assert not left(config, written) - sent(result)
    assert not Counter(f[2] for f in written if f[1] == 1) - Counter(frames + frames[:2000])


# --- the command's end and its file ---------------------------------------------------------------

@pytest.fixture(scope="module")
def idle():
    with Live(router(Route(SRC, GRP, "src", to("lan1")))) as r:
        r.wait_ready()
        yield r


def test_it_ends_by_time_by_cancel_and_by_stop(idle):
    for i, end in enumerate(("timeout", "cancelled", "stopped")):
        path = idle.dir / f"end{i}.pcapng"
        asked = idle.ask(f"pcap * * {path} 5 timeout {1 if end == 'timeout' else 60}").armed()
        if end == "cancelled":
            asked.send({"cancel": True})
        if end == "stopped":
            assert idle.ctl(f"stop pcap {path}") == {"stopped": [str(path)]}
        assert asked.output()["state"] == end
        assert read(path) == [] and tshark(path, "frame.len") == []
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_in_the_background_it_is_shown_until_it_is_stopped(idle):
    path = idle.dir / "background.pcapng"
    assert idle.ctl(f"pcap {SRC} {GRP} {path} 5 at output background")["state"] == "running"
    shown = idle.ctl("show pcap")["captures"][0]
    assert (shown["file"], shown["state"], shown["at"]) == (str(path), "running", "output")
    refused = idle.ask(f"pcap * * {path} 5 replace").answer()
    assert "runs already: stop pcap" in refused["error"]
    assert idle.ctl("stop pcap") == {"stopped": [str(path)]}
    assert idle.ctl("show pcap")["captures"][0]["state"] == "stopped"
    assert "no capture runs" in idle.ask("stop pcap").answer()["error"]


def test_client_that_leaves_ends_it(idle):
    path = idle.dir / "left.pcapng"
    asked = idle.ask(f"pcap * * {path} 5").armed()
    asked.close()
    while idle.ctl("show pcap")["captures"][0]["state"] == "running":
        time.sleep(0.01)
    assert read(path) == []


def test_router_that_leaves_completes_the_file():
    with Live(router(Route(SRC, GRP, "src", to("lan1")))) as r:
        r.wait_ready()
        path = r.dir / "leaves.pcapng"
        asked = r.ask(f"pcap * * {path} 5").armed()
        r.stop()
        assert asked.output()["state"] == "shutdown"
        assert read(path) == []


def test_files_that_are_there_are_not_harmed(idle):
    there, link, hard, fifo = (idle.dir / n for n in ("there", "link", "hard", "fifo"))
    there.write_text("precious")
    link.symlink_to(there)
    os.mkfifo(fifo)
    cases = [(there, "", "is there already: add `replace`"), (link, "", "is there already"),
             (link, "replace", "is a symbolic link"), (fifo, "replace", "fifo: "),
             (idle.dir, "replace", "cannot be opened: Is a directory"),
             (idle.dir / "none" / "x", "", "its directory is not there"),
             ("/dev/null", "replace", "is not a regular file")]
    for path, words, part in cases:
        answer = idle.ask(f"pcap * * {path} 1 {words}").answer()
        assert answer["status"] == 1 and part in answer["error"], answer
    os.link(there, hard)
    assert "with one name" in idle.ask(f"pcap * * {there} 1 replace").answer()["error"]
    assert there.read_text() == "precious"
    hard.unlink()
    idle.ask(f"pcap * * {there} 1 timeout 1 replace").armed().output()
    assert read(there) == []


@pytest.mark.parametrize("words,part", [
    ("* * FILE 0", "1 to 1000000 packets"), ("* * FILE 1000001", "1 to 1000000 packets"),
    ("* * FILE 1 interface nope", "nope"), ("* * FILE 1 snaplen 63", "does not fit"),
    ("* * FILE 1 at nowhere", "nowhere"), ("10.0.0.1 ff3e::1 FILE 1", "different families")])
def test_wrong_words_are_explained_and_leave_no_file(idle, words, part):
    path = idle.dir / "wrong.pcapng"
    answer = idle.ask("pcap " + words.replace("FILE", str(path))).answer()
    assert answer["status"] == 1 and part in answer["error"], answer
    assert not path.exists()


def test_fifth_probe_is_refused_and_leaves_no_file(idle):
    four = [idle.ask(f"trace {SRC} {GRP}").armed() for _ in range(4)]
    path = idle.dir / "fifth.pcapng"
    assert "4 traces and captures run already" in idle.ask(f"pcap * * {path} 1").answer()["error"]
    assert not path.exists()
    for asked in four:
        asked.send({"cancel": True})
        asked.output()
