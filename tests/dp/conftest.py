# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
import os
import random
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.append(os.path.join(os.path.dirname(__file__), "..", "lab"))  # craft

import starg_dp  # noqa: E402


def pytest_report_header(config):
    return f"stargd: {starg_dp.STARGD}"


def pytest_collection_modifyitems(config, items):
    if not starg_dp.STARGD.exists():
        pytest.exit(f"{starg_dp.STARGD} is not there: build it (meson setup build && ninja -C build) "
                    "or name the build directory in STARG_BUILD", returncode=3)


@pytest.fixture
def seed():
    """Printed when a test fails; STARG_SEED replays it."""
    value = int(os.environ.get("STARG_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"STARG_SEED={value}")
    return value
