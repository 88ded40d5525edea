# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from capture import Capture  # noqa: E402
from demo_net import DemoNet  # noqa: E402
from lab import STARGD, Lab, leave_on_signals  # noqa: E402


def pytest_report_header(config):
    return f"stargd: {STARGD}"


def pytest_collection_modifyitems(config, items):
    if os.geteuid() != 0:
        pytest.exit("the labs need root for network namespaces: sudo ./scripts/test lab", returncode=3)
    if not STARGD.exists():
        pytest.exit(f"{STARGD} is not there: build it (meson setup build && ninja -C build) "
                    "or name the build directory in STARG_BUILD", returncode=3)
    leave_on_signals()


@pytest.fixture
def lab():
    """Its capture sees all cables; in the end no IGMP, MLD or PIM packet of a stargd may be malformed."""
    with Lab() as made:
        made.capture = Capture(made)
        yield made
        made.capture.check()


@pytest.fixture
def net(lab):
    """The demo's topology, both routers running."""
    made = DemoNet(lab)
    made.start()
    yield made
    for router in (made.a, made.b):
        assert router.stop() == 0, router.log()
