# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""The veth row of scripts/bench: every contender forwards in turn. No figure is judged."""
import json
import subprocess
import sys

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


def test_reports_and_leaves_are_timed_beside_frr():
    proc = subprocess.run([sys.executable, "-B", ROOT / "scripts" / "bench", "--no-build", "--build", BUILD,
                           "--control", "--quick", "--json", "-"],
                          capture_output=True, text=True, timeout=180)
    assert proc.returncode == 0, proc.stderr
    join, leave, many = json.loads(proc.stdout)["rows"]
    for row in (join, leave):
        assert len(row["figures"]["starg_s"]) == len(row["figures"]["frr_s"]) == 4
    assert all(0 < t < 2 for t in join["figures"]["starg_s"] + join["figures"]["frr_s"])
    assert many["figures"]["seconds"][0] > 0
