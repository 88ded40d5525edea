# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""10,000 random packets of both families against random routes: one worker or three, copies or shared
buffers, the outputs are the oracle's. STARG_SEED=N replays a failure, STARG_PACKETS=N takes fewer.

In batches, each with a router of its own: net_pcap has one TX queue, so that what three workers send waits
in the ring to its owner, and a batch must fit there however seldom the owner gets a CPU.
"""
import os
import random

import pytest
import randomly
from oracle import Oracle
from packets import *
from starg_dp import check_drops, check_frames, check_routes, check_signals, run

PACKETS = int(os.environ.get("STARG_PACKETS", "10000"))
BATCH = 2000
HANDOFF_RING = 16384


@pytest.fixture(scope="module", params=range(max(PACKETS // BATCH, 1)))
def scene(request):
    """Configuration, frames and what must come of them, told once for all ways of running."""
    seed = int(os.environ.get("STARG_SEED") or random.SystemRandom().randrange(1 << 32))
    d = randomly.Dice(seed + request.param)
    config = randomly.config(d).but(mac="02:00:00:11:22:33")  # or nothing could be shared
    inputs = randomly.inputs(d, config, min(PACKETS, BATCH))
    exp = Oracle(config).run(inputs)
    sent = [f for frames in exp.frames.values() for f in frames]
    assert min(PACKETS, BATCH) // 8 < len(sent) < HANDOFF_RING, f"STARG_SEED={seed}"
    assert {4, 6} <= {f[14] >> 4 for f in sent if f[12:14] in (b"\x08\0", b"\x86\xdd")}
    return seed, config, inputs, exp


@pytest.mark.parametrize("replicate", ["copy", "share"])
@pytest.mark.parametrize("workers", [1, 3])
def test_outputs_are_the_oracles_however_it_runs(scene, workers, replicate):
    seed, config, inputs, exp = scene
    print(f"STARG_SEED={seed}")
    config = config.but(workers=workers, router_extra=f'replicate = "{replicate}";')
    result = run(config, inputs)
    assert len(result.workers()) == workers
    check_frames(exp, result)
    check_drops(exp, result)
    check_routes(exp, config, result)
    check_signals(exp, result)
