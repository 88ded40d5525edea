/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes that move from one input to another (DP_ROLE_NEXT): what comes by both is forwarded once.
 */
#pragma once

#include "dataplane/dp_priv.h"

/* Of which path a packet that is the first of its print is forwarded. */
enum moving_use { MOVING_OLD, MOVING_BOTH, MOVING_NEXT };

/* What workers know of a move; shared by the entries that a route has while it lasts. */
struct fwd_move {
	uint64_t salt;        /* of the prints: packets of an earlier move are strangers */
	uint64_t before;      /* time of the last packet before it, which has no print; 0: none */
	uint16_t old, next;   /* inputs; equal: the paths are told by the sender's MAC */
	uint32_t refs;        /* control's */
	_Atomic uint64_t mac; /* of the old path's sender, where inputs are equal; 0: none heard */
	_Atomic uint64_t since;       /* time of the next path's first packet; 0: none heard */
	_Atomic uint64_t heard;       /* time of the old path's last packet; 0: none heard */
	_Atomic uint64_t met;         /* print of the first packet that both paths have brought */
	_Atomic uint32_t alone;       /* packets of the next path since the old one's last */
	_Atomic uint32_t fresh, same; /* packets that were unlike and like one of their own path */
	_Atomic uint8_t use;          /* enum moving_use; it only grows */
	_Atomic bool done;            /* the old path is needed no more */
};

/* Where inputs have one of DP_ROLE_NEXT: its state is `before`'s if that is the same move, and INPUT_MOVING is set
 * where moving_takes is to be asked. used: when the route took a packet last, in cycles, 0 never. -ENOMEM. */
int moving_begin(
	const struct fwd_tables *t, struct mfib_inputs *in, struct fwd_move *before, uint64_t used);
void moving_end(struct fwd_move *mv); /* gives one reference back; NULL is none */

/* Whether p, of a route that moves, is forwarded; now: the burst's time stamp. *tell, whether its input has
 * SIGNAL, becomes whether control is to be told. */
bool moving_takes(struct worker *w, const struct pkt *p, uint64_t now, bool *tell);
