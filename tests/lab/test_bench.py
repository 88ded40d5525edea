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
