/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the runner share.
 */
#pragma once

#include "control/run/runner.h"

/* The DP_PROTO_* bit of an IP packet, 0 if it is none of our protocols or cut short. */
uint8_t run_classify(uint8_t family, const uint8_t *data, size_t len);
