# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The rows of scripts/bench that need namespaces: every contender does its work in turn. No figure is judged."""
import json
import subprocess
import sys

import pytest
from lab import BUILD, ROOT, sh


def test_each_router_of_the_veth_row_forwards():
    proc = subprocess.Popen([sys.executable, "-B", ROOT / "scripts" / "bench", "--no-build",
                             "--build", BUILD, "--quick", "--seconds", "0.2", "--json", "-",
                             "--row", "veth"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = proc.communicate(timeout=120)
    assert proc.returncode == 0, err
    xdp, packet = json.loads(out)["rows"]
    received = xdp["figures"]["received_pps"]
    assert {"starg af_xdp", "starg af_packet", "kernel mroute"} <= set(received)
    assert all(pps > 0 for pps in received.values())
    assert xdp["ratio"]["value"] > 0 and packet["ratio"]["value"] > 0
    assert f"bench{proc.pid}-" not in sh("ip", "netns", "list").stdout


@pytest.fixture(scope="module", name="control")
def control_rows() -> dict[str, dict]:
    """The control plane's rows by name, with few states."""
    proc = subprocess.run([sys.executable, "-B", ROOT / "scripts" / "bench", "--no-build", "--build", BUILD,
                           "--control", "--quick", "--json", "-"],
                          capture_output=True, text=True, timeout=240)
    assert proc.returncode == 0, proc.stderr
    return {row["row"]: row for row in json.loads(proc.stdout)["rows"]}


def test_reports_and_leaves_are_timed_beside_frr(control):
    for name in ("igmp-join", "igmp-leave"):
        figures = control[name]["figures"]
        assert len(figures["starg_s"]) == len(figures["frr_s"]) == 4
    assert all(0 < t < 2 for kind in ("starg_s", "frr_s") for t in control["igmp-join"]["figures"][kind])
    assert control["igmp-100k"]["figures"]["seconds"][0] > 0


def test_join_prunes_of_a_neighbor_are_forwarded_by_both_routers(control):
    figures = control["jp-100k"]["figures"]
    assert figures["seconds"][0] > 0 and figures["frr_seconds"][0] > 0
    assert figures["sampled"] == [50] and not control["jp-100k"].get("notes")
    assert control["jp-memory"]["figures"]["bytes"][0] > 0


def test_refreshes_go_on_to_the_sources(control):
    for router in ("starg", "frr"):
        figures = control["refresh"]["figures"][router]
        assert figures["joins_out"] >= figures["n"] and figures["share"] > 0


def test_trees_follow_a_route_in_packed_messages(control):
    for router in ("starg", "frr"):
        for moved in control["rpf-last"]["figures"][router]:
            assert 0 < moved["first_s"] <= moved["last_s"]
            assert moved["messages"] < 20 and moved["prunes"] == 200


def test_established_flows_are_forwarded_while_others_join_and_leave(control):
    row = control["joins"]
    assert row["ratio"]["value"] > 0
    assert row["figures"]["joins_per_s"] > 0 and row["figures"]["rounds"][0]["routes"] > 512
