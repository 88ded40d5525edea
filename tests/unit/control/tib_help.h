/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the TIB tests say often.
 */
#pragma once

#include "tests/unit/control/world.h"

static inline int set(struct world *w, uint16_t owner, struct dp_route_key k, uint16_t iif,
	const struct tib_output *o, uint32_t n)
{
	struct tib_wish x = {.owner = owner,
		.precedence = TIB_PREC_STATIC,
		.key = k,
		.n_outputs = n,
		.outputs = o};

	if (iif)
		x.inputs[x.n_inputs++] = (struct dp_input){.ifid = iif, .flags = DP_INPUT_ACCEPT};
	return tib_wish_set(w->tib, &x, w->now_us);
}

static inline void set_to(
	struct world *w, uint16_t owner, struct dp_route_key k, uint16_t iif, uint16_t oif)
{
	assert_int_equal(set(w, owner, k, iif, &(struct tib_output){.ifid = oif}, 1), 0);
}

static inline void del(struct world *w, uint16_t owner, struct dp_route_key k)
{
	assert_int_equal(tib_wish_del(w->tib, owner, &k), 0);
}

static inline void commit(struct world *w)
{
	assert_int_equal(tib_commit(w->tib), 0);
}

static inline const struct dp_route *route(struct world *w, struct dp_route_key k)
{
	return fake_dp_route(w->f, &k);
}

static inline uint32_t n_outputs(struct world *w, struct dp_route_key k)
{
	const uint32_t *v;

	assert_non_null(route(w, k));
	return fake_dp_route_oifs(w->f, route(w, k), &v);
}

static inline void assert_dp_empty(struct world *w)
{
	assert_int_equal(w->f->n_routes, 0);
	assert_int_equal(w->f->n_lists, 0);
	assert_int_equal(fake_dp_count_oifs(w->f), 0);
	assert_int_equal(fake_dp_count_adjs(w->f), 0);
}

static inline struct tib_output her(uint16_t ifid, const char *dst)
{
	return (struct tib_output){
		.ifid = ifid, .her_dst = addr(dst), .her_ttl = 64, .allow_input = true};
}
