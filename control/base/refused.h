/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a protocol has refused lately for a limit, by group: counters tell how often, this tells whom. A fixed number
 * is kept; of those that share a place the oldest goes.
 */
#pragma once

#include "control/base/route_key.h"

struct refusal {
	struct ipaddr src, grp; /* src IP_NONE: all sources */
	struct ipaddr from;     /* who asked for it; IP_NONE: nobody else */
	uint16_t ifid;          /* 0: no interface's */
	uint16_t why;           /* the protocol's own counter */
	uint64_t at_us;         /* 0: none here */
};

#define REFUSED_SETS 128
#define REFUSED_WAYS 4

struct refused {
	struct refusal v[REFUSED_SETS][REFUSED_WAYS];
};

void refused_note(struct refused *r, const struct refusal *what);
/* The group is let in on the interface by now: what was refused of it there is over. */
void refused_forget(struct refused *r, const struct ipaddr *grp, uint16_t ifid);
/* The last refusal that concerns (src, grp), of any source if src is IP_NONE, not before since_us; NULL: none that is
 * known. Borrowed. */
const struct refusal *refused_find(const struct refused *r, const struct ipaddr *src,
	const struct ipaddr *grp, uint64_t since_us);
