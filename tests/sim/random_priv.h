/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the random networks share.
 */
#pragma once

#include "tests/sim/priv.h"
#include "tests/sim/random.h"

#define GROUPS 6
#define SSM_FIRST 4 /* groups from this one on are in the SSM range */

struct world {
	struct sim *s;
	struct prng rng;    /* of the generator: what the network draws does not move it */
	unsigned n_transit; /* links between routers; those behind are for hosts */
	bool restarts;
	bool calm; /* all hosts are of version 3: what older ones leave behind lasts minutes */
};

static inline unsigned below(struct world *w, unsigned n)
{
	return prng_below(&w->rng, n);
}

static inline bool one_in(struct world *w, unsigned n)
{
	return below(w, n) == 0;
}

/* random_net.c */
extern const char *const random_groups[GROUPS];
void random_build(struct world *w, const struct sim_random_options *o);
void random_rps(struct world *w);
/* What a host may want of a group. */
void random_membership(struct world *w, struct sim_host *h);

/* random_event.c */
void random_event(struct world *w);
/* One that breaks nothing. */
void random_gentle_event(struct world *w);
/* A router is off and on again, without a word or shut down. */
void random_restart(struct world *w);
/* All that is broken works again. */
void random_heal(struct world *w);
