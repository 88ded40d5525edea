# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""scripts/bench: its arithmetic, what it writes, and that its rows run. No figure is judged here."""
from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE, Ether

from starg_dp import BUILD, ROOT, STARGD, TIMEOUT_S

sys.path.insert(0, str(ROOT / "scripts"))

from benchlib import (cli, conf, curves, frames, host, measure, memory, result, rfc3918,  # noqa: E402
                      rows, seam, testpmd, veth)


def sample(pps: float, wall_s: float = 1.0, cpu_s: float = 1.0, wait_s: float = 0.0,
           steal: float = 0.0) -> measure.Sample:
    return measure.Sample(tx=int(pps * wall_s), rx=int(pps * wall_s), wall_s=wall_s, cpu_s=cpu_s,
                          wait_s=wait_s, steal=steal, busy_s=0)


def reading(tx, cpu_ns, at_s, ticks):
    return measure.Reading(tx=tx, rx=tx // 2, cpu_ns=cpu_ns, wait_ns=0, at_s=at_s, ticks=ticks)


def test_a_sample_is_the_difference_of_two_readings():
    s = measure.between(reading(100, 10 ** 9, 5.0, (1000, 500, 10)),
                        reading(700, 2 * 10 ** 9, 7.0, (1400, 700, 20)))
    assert (s.tx, s.rx, s.wall_s, s.cpu_s) == (600, 300, 2.0, 1.0)
    assert s.pps == 300 and s.pps_cpu == 600
    assert s.steal == 10 / 400 and s.busy_s == 2.0


def test_medians_are_of_rounds_not_of_sums():
    r = measure.rate([sample(10), sample(1000), sample(20)])
    assert r.pps == 20 and r.pps_cpu == 20 and not r.disturbed


def test_an_undisturbed_ratio_goes_by_the_clock():
    r = measure.ratio(measure.rate([sample(60, cpu_s=0.995)]), measure.rate([sample(100)]))
    assert r.by == "wall" and r.value == pytest.approx(0.6)


@pytest.mark.parametrize("disturbance", [{"wait_s": 0.5}, {"steal": 0.2}])
def test_a_disturbed_ratio_goes_by_processor_time(disturbance):
    ours = measure.rate([sample(30, cpu_s=0.5, **disturbance)])
    r = measure.ratio(ours, measure.rate([sample(100)]))
    assert r.by == "cpu" and r.wall == pytest.approx(0.3) and r.value == pytest.approx(0.6)


def test_a_goal_is_judged_by_the_ratio_that_counts():
    row = result.Result("x", "work", goal_ratio=0.6, ratio=measure.Ratio(0.3, 0.7, "cpu"))
    assert row.judge().reached is True
    row.ratio.by = "wall"
    assert row.judge().reached is False
    assert result.Result("y", "no goal").judge().reached is None


def test_the_statistics_of_testpmd_are_read_port_by_port():
    def block(port, rx, tx):
        return (f"  {'#' * 24} NIC statistics for port {port}  {'#' * 24}\n  RX-packets: {rx}   "
                f"RX-missed: 0\n  TX-packets: {tx}   TX-errors: 0\n  {'#' * 76}\n")
    text = "testpmd> show port stats all\n" + block(0, 22375872, 0) + block(1, 7, 22236704)
    assert testpmd.parse_stats(text) == {0: (22375872, 0), 1: (7, 22236704)}
    assert testpmd.parse_stats(block(1, 1, 1)[:-80]) == {}, "half a block is none"


def test_the_kernels_figures_are_read():
    assert host.parse_schedstat("123 45 6\n") == (123, 45)
    assert host.parse_schedstat("") == (0, 0)
    assert host.parse_stat("cpu  10 20 30 40 5 6 7 8 9 10\ncpu0 1 1\n") == (126, 81, 8)


def test_interface_counters_are_read():
    text = ("Inter-|   Receive                    |  Transmit\n face |bytes    packets errs\n"
            "    lo:     100       2    0    0    0     0          0         0      100       2 0\n"
            "  eth0: 6400     100    0    0    0     0          0         0   128       3    0\n")
    assert veth.parse_net_dev(text) == {"lo": (2, 2), "eth0": (100, 3)}


def test_installation_is_told_by_the_median_of_its_rounds():
    runs = [{"routes": 10, "seconds": s, "route_bytes": 880, "counter_bytes_a_route": 32,
             "resident_bytes": 5, "resident_before": 1} for s in (3.0, 1.0, 2.0)]
    f = seam.install_figures(runs)
    assert (f["seconds"], f["bytes_a_route"]) == (2.0, 88.0)


def test_rounds_with_and_without_updates_are_told_apart():
    rounds = [{"updates": u, "packets": 100 + u, "wall_s": 1, "cpu_ns": 5 * 10 ** 8, "wait_ns": 0}
              for u in (0, 7, 8, 0)]
    assert [s.tx for s in seam.samples(rounds, True)] == [107, 108]
    assert [s.pps_cpu for s in seam.samples(rounds, False)] == [200, 200]


def test_delays_are_spread_in_nanoseconds():
    s = rfc3918.spread([0.003, 0.001, 0.002])
    assert (s["min_ns"], s["median_ns"], s["max_ns"]) == (1e6, 2e6, 3e6)
    assert rfc3918.delay_line(s).startswith("1000.00 / 2000.00 / 3000.00 us")


def test_tables_hold_every_row_and_mark_the_ratio_that_counts():
    rows = [result.Result("a", "first", "peer", goal_ratio=0.5, ours=measure.rate([sample(2e6)]),
                          theirs=measure.rate([sample(4e6)]), ratio=measure.Ratio(0.5, 0.7, "cpu")),
            result.Result("b", "second", text="0.4 s", reached=False, goal="< 1 s",
                          notes=["what was seen"])]
    text = result.main_table([r.judge() for r in rows])
    assert "0.70*" in text and "0.50*" not in text and " reached" in text
    assert "0.4 s" in text and "NOT reached" in text and "  b: what was seen" in text
    assert "2.00" in result.plain_table(rows) and "0.4 s" in result.plain_table(rows)


def test_random_flows_repeat_and_differ():
    some = frames.random_flows(2000)
    assert len(set(some)) == 2000 and some == frames.random_flows(2000)
    assert some[:500] == frames.random_flows(500)
    assert all(g.startswith("239.") and s.startswith("10.") for s, g in some)
    assert len(set(frames.flows(70000))) == 70000


@pytest.mark.parametrize("size", [60, 128, 1514])
def test_frames_are_what_scapy_reads_in_them(size):
    data = frames.frame("10.0.0.1", "239.129.2.3", size)
    p = Ether(data)
    assert len(data) == size and p.dst == "01:00:5e:01:02:03"
    assert (p[IP].src, p[IP].dst, p[IP].len) == ("10.0.0.1", "239.129.2.3", size - 14)
    assert p[UDP].len == size - 34
    sound = IP(bytes(p[IP]))
    del sound.chksum
    assert IP(bytes(sound)).chksum == p[IP].chksum


def test_tunnel_frames_hold_the_plain_frame():
    p = Ether(frames.gre_frame("10.0.0.1", "239.1.2.3", "10.0.0.9", "10.0.0.254", "02:00:00:00:00:07"))
    assert p.dst == "02:00:00:00:00:07" and p[IP].dst == "10.0.0.254" and p[GRE].proto == 0x0800
    assert bytes(p[GRE].payload) == frames.frame("10.0.0.1", "239.1.2.3")[14:]


SETUPS = {
    "plain": conf.Setup("f.pcap", frames.flows(3), outputs=2),
    "one mac": conf.Setup("f.pcap", frames.flows(1), outputs=28, one_mac=True),
    "vlans beyond the ports": conf.Setup("f.pcap", frames.flows(1), outputs=64),
    "her": conf.Setup("f.pcap", frames.flows(2), how="her"),
    "gre both ways": conf.Setup("f.pcap", frames.flows(2), how="gre", from_gre=True),
    "hugepages": conf.Setup("f.pcap", frames.flows(1), eal=memory.eal_words()),
    "many": conf.Setup("f.pcap", frames.flows(conf.FILE_ROUTES_MAX + 1)),
}


@pytest.mark.parametrize("name", SETUPS)
def test_stargd_takes_each_configuration(name, tmp_path):
    file = tmp_path / "starg.conf"
    file.write_text(conf.text(SETUPS[name], str(tmp_path / "s")))
    r = subprocess.run([STARGD, "-t", "-c", file], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert r.returncode == 0, r.stderr + r.stdout


def test_rows_are_known_by_number_and_name():
    args = cli.arguments("/r", ["--row", "2", "--row", "gre", "--quick"])
    assert args.row == ["out3", "gre"] and args.rounds == 1 and args.seconds == 0.3
    assert [r[0] for r in cli.chosen(args)] == ["out3", "gre"]
    for wrong in (["--row", "99"], ["--row", "no"], ["--rounds", "0"], ["--seconds", "-1"]):
        with pytest.raises(SystemExit):
            cli.arguments("/r", wrong)


def bench(*argv: str) -> dict:
    r = subprocess.run([sys.executable, "-B", ROOT / "scripts" / "bench", "--no-build", "--build",
                        BUILD, "--quick", "--seconds", "0.1", "--json", "-", *argv],
                       capture_output=True, text=True, timeout=20 * TIMEOUT_S,
                       env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0"))
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def test_a_run_beside_testpmd_has_figures_of_both():
    data = bench("--row", "out1")
    assert data["host"]["cpus"] >= 1 and data["failed"] == []
    row, = data["rows"]
    for side in ("starg", "peer_rate"):
        assert row[side]["packets_per_s"] > 0 and row[side]["packets_per_cpu_s"] > 0
        assert row[side]["rounds"][0]["packets"] > 0
    assert row["ratio"]["value"] > 0 and row["reached"] in (True, False)
    assert row["cycles"]["rx"]["per_packet"] > 0
    assert row["buffers"] in ("hugepages", "packed")
    assert row["notes"] == [memory.PLACES[row["buffers"]]]  # a second one would say what was dropped


@pytest.mark.parametrize("place, judged", [("packed", True), ("spread", True), ("own", False)])
def test_a_goal_counts_where_buffers_lie_alike(place, judged):
    row, = bench("--row", "out1", "--buffers", place)["rows"]
    assert row["buffers"] == place and row["goal"] == "0.6" and row["notes"] == [memory.PLACES[place]]
    assert (row["reached"] is not None) == judged


def pages(tmp_path, total: int, free: int):
    path = tmp_path / "hugepages-2048kB"
    path.mkdir()
    (path / "nr_hugepages").write_text(f"{total}\n")
    (path / "free_hugepages").write_text(f"{free}\n")
    return path / "nr_hugepages"


def test_missing_hugepages_are_reserved_and_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "LOCK", str(tmp_path / "lock"))
    file = pages(tmp_path, 100, 60)
    with contextlib.ExitStack() as stack:
        assert memory.reserve(stack, str(tmp_path))
        assert int(file.read_text()) == 100 + memory.NEED_MB // 2 - 60
    assert int(file.read_text()) == 100


def test_hugepages_that_are_free_are_used_as_they_are(tmp_path):
    file = pages(tmp_path, 1000, memory.NEED_MB // 2)
    with contextlib.ExitStack() as stack:
        assert memory.reserve(stack, str(tmp_path))
    assert file.read_text() == "1000\n"


def test_without_hugepages_both_sides_are_packed(tmp_path, monkeypatch):
    assert not memory.reserve(contextlib.ExitStack(), str(tmp_path / "none"))
    monkeypatch.setattr(memory, "reserve", lambda stack: False)
    assert rows.Bench("", "", "").buffers == "packed"
    with pytest.raises(RuntimeError, match="hugepages are not to be had"):
        rows.Bench("", "", "", place="hugepages").buffers  # pylint: disable=expression-not-assigned


def test_the_module_that_places_buffers_must_be_there(tmp_path):
    assert memory.place_env("hugepages", str(tmp_path)) == {} == memory.place_env("own", str(tmp_path))
    with pytest.raises(RuntimeError, match="pool_place.so is not there"):
        memory.place_env("packed", str(tmp_path))


def test_tunnel_and_unicast_rows_have_figures():
    data = bench("--row", "her", "--row", "gre")
    assert [r["row"] for r in data["rows"]] == ["her", "gre"]
    for row in data["rows"]:
        assert row["starg"]["packets_per_s"] > 0 and row["peer_rate"]["packets_per_s"] > 0
        assert "notes" not in row


def test_rows_of_the_seam_have_figures():
    data = bench("--row", "install", "--row", "update", "--row", "delay", "--row", "capacity")
    by = {}
    for row in data["rows"]:
        by.setdefault(row["row"], []).append(row)
    figures = by["install"][0]["figures"]
    assert figures["routes"] == 50000 and figures["seconds"] > 0 and figures["bytes_a_route"] > 0
    update = by["update"][0]
    assert update["figures"]["updates"] > 0 and update["figures"]["received"] > 0
    assert update["figures"]["lost"] == 0 and update["figures"]["dropped"] == 0
    assert update["starg"]["packets_per_s"] > 0 and update["peer_rate"]["packets_per_s"] > 0
    assert len([r for r in by["delay"] if r["figures"].get("n", 0) > 0]) == 9
    assert by["capacity"][0]["figures"]["routes"] == 65536 and by["capacity"][0]["figures"]["refused"]


def test_an_overload_row_is_reached_by_its_rate_and_by_every_hello():
    def row(policed, received):
        rounds = [{"policed": side, "packets": n, "wall_s": 1, "cpu_ns": 10 ** 9, "wait_ns": 0}
                  for side, n in ((True, policed), (False, 100))]
        return seam.overload_result({"flood": "PIM", "rounds": rounds, "hellos_sent": 7,
                                     "hellos_received": received})
    assert row(90, 7).reached is True and row(90, 7).ratio.value == pytest.approx(0.9)
    assert row(89, 7).reached is False and row(100, 6).reached is False


def test_register_rows_compare_each_side_with_plain():
    def side(name, packets, cpu_ns=990000000):
        return {"side": name, "packets": packets, "wall_s": 1.0, "cpu_ns": cpu_ns}

    gre = [side("into_gre", 90), side("out_of_gre", 69)]
    rows = seam.register_rows([side("plain", 100), side("into", 80), side("out_of", 60), *gre])
    assert [round(r.ratio.value, 2) for r in rows] == [0.8, 0.6, 0.9, 0.69]
    assert [r.reached for r in rows] == [True, False, True, False]
    rows = seam.register_rows([side("plain", 100), side("into", 30, 400000000), side("out_of", 60), *gre])
    assert rows[0].ratio.by == "cpu" and round(rows[0].ratio.cpu, 2) == 0.74


def test_register_rows_have_figures():
    rows = bench("--row", "register")["rows"]
    assert [r["row"] for r in rows] == ["register"] * 4
    assert all(r["ratio"]["value"] > 0 for r in rows)


def test_overload_rows_have_figures():
    rows = bench("--row", "overload")["rows"]
    assert [r["row"] for r in rows] == ["overload"] * 3
    for row in rows:
        assert row["starg"]["packets_per_s"] > 0 and row["peer_rate"]["packets_per_s"] > 0
        assert row["figures"]["hellos_sent"] > 0
        assert row["figures"]["hellos_sent"] == row["figures"]["hellos_received"]


def test_rows_of_rfc_3918_have_figures():
    data = bench("--row", "mixed", "--row", "tunnels", "--row", "shell-delay")
    rates = [r for r in data["rows"] if "starg" in r]
    assert [r["row"] for r in rates] == ["mixed", "encap", "encap", "decap", "reencap", "reencap"]
    assert all(r["starg"]["rounds"][0]["packets"] > 0 for r in rates)
    delays = [r for r in data["rows"] if r["row"] == "shell-delay"]
    assert len(delays) == 2 and all(r["figures"]["min_ns"] > 0 for r in delays)


def test_one_more_output_is_a_row_and_a_picture(tmp_path):
    picture = tmp_path / "curves.png"
    data = bench("--row", "outputs", "--plot", str(picture))
    assert [r["figures"]["outputs"] for r in data["rows"]] == [1, 2, 4]
    assert all(r["figures"]["cpu_ns_a_packet"] > 0 for r in data["rows"])
    assert "cpu_ns_a_further_output" in data["rows"][-1]["figures"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_slope_is_that_of_the_line_through_the_points():
    assert curves.slope([(1, 50), (2, 62), (4, 86)]) == pytest.approx(12)


def test_only_curves_can_be_drawn(tmp_path):
    with pytest.raises(SystemExit):
        cli.arguments("/r", ["--row", "gre", "--plot", "x.png"])
    assert not cli.plotted(str(tmp_path / "x.png"), [], {})
    rows = [result.Result("outputs", "1 output", ours=measure.rate([measure.Sample(
        tx=10, rx=10, wall_s=1, cpu_s=1, wait_s=0, steal=0, busy_s=1)]), figures={"outputs": 1})]
    assert not cli.plotted(str(tmp_path / "no such directory" / "x.png"), rows, {"cpu": "any"})
    assert cli.plotted(str(tmp_path / "x.png"), rows, {"cpu": "any"})
