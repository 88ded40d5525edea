/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Unwrapping as a packet is classified: the frequent case of stage decap. unwrap.c is about which packets that is
 * for.
 */
#pragma once

#include "plain.h"

/* What was unwrapped so far of a burst. */
struct unwrapped {
	unsigned n;
	unsigned head;      /* bytes that were in front of the first packet, */
	uint64_t like;      /* and iif to l3 of it */
	bool mixed;         /* another one differs in that */
	uint64_t bytes;     /* of the outer packets */
	uint64_t registers; /* a bit for each packet that was in a Register */
};

/* What the last GRE packet of a tunnel began with. */
struct unwrap_tunnel {
	uint64_t addrs; /* outer source and destination; 0: none yet */
	uint32_t start; /* flags and type */
	uint32_t key;
	unsigned head; /* bytes in front of the packet inside */
	uint64_t like; /* iif to l3 of such packets */
};

/* What is known of a burst's packets before they are looked at, and what has been seen among them. */
struct unwrap {
	const struct fwd_if *ifp; /* that untagged frames of the port are of; NULL: nothing here */
	uint64_t rearm;           /* of the buffers */
	uint16_t data_off;
	uint32_t own; /* the last address that was found to be ours, 0 none yet */
	struct unwrap_tunnel tunnel;
	struct unwrapped done;
};

/* Nothing has been seen of a burst whose buffers begin like that, of untagged frames of ifp. */
void unwrap_begin(const struct worker *w, struct unwrap *u, const struct fwd_if *ifp,
	uint64_t rearm, uint16_t data_off);
/* Makes of the packets of b from `at` on, not classified yet, the packets in them: data that goes on to lookup.
 * l3 is ETH_LEN then, though what is there is no Ethernet header. The number of packets; the one behind them is
 * another case, and has not been changed. */
unsigned unwrap_run(struct worker *w, struct burst *b, unsigned at, struct unwrap *u);
/* Counts what was unwrapped, and tells control of Registers. */
void unwrap_end(struct worker *w, struct burst *b, const struct unwrap *u);
