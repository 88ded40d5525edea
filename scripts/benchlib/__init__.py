# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
"""What scripts/bench is made of: contenders, frames, configurations, rows, tables."""
