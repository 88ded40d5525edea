/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the parts of the overload test share.
 */
#pragma once

#include "tests/dp/seam_bed.h"

#define OUT 4 /* the port that packets leave by */

struct mark { /* the end of each frame */
	uint16_t flow, number;
};

/* Counters of all workers. */
struct seen {
	uint64_t kept, released, full, expired, no_route, refused;
};

/* The next packet that leaves; false: none is there. */
bool leaves(struct bed *b, struct mark *mark);
struct seen seen(const struct bed *b);
/* Hellos, established flows and floods of everything else, both families. */
void overload_floods(struct bed *b);
