/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Ways into the states of the Assert machines, and what an Assert says.
 */
#pragma once

#include "tests/unit/pim/data_world.h"

#define BETTER 90, 5 /* than our 110, 20 */
#define WORSE 200, 1
#define BEST 1, 1
#define INFINITE 0x7fffffff, 0xffffffff

/* (S,G) joined on lan, data has come on the SPT: CouldAssert(S,G,lan). */
static inline void forward_sg(struct data_world *dw)
{
	data_join(dw, S_SPT, G);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	assert_true(source(dw, S_SPT, G)->spt_bit);
	data_forget(dw);
}

/* (*,G) joined on lan: CouldAssert(*,G,lan). */
static inline void forward_star(struct data_world *dw)
{
	data_join(dw, "*", G);
	data_forget(dw);
}

/* Somebody on lan2 keeps the SPTbit set, so that who lost on lan still has a metric of its own
 * there. */
static inline void forward_elsewhere(struct data_world *dw)
{
	data_member(dw, dw->lan2, S_SPT, G, MEMBER_INCLUDE);
}

static inline void win_sg(struct data_world *dw)
{
	forward_sg(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	data_forget(dw);
}

static inline void win_star(struct data_world *dw)
{
	forward_star(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_WINNER);
	data_forget(dw);
}

static inline void lose_sg(struct data_world *dw)
{
	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	data_forget(dw);
}

static inline void lose_star(struct data_world *dw)
{
	forward_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	data_forget(dw);
}

static inline void check_winner(const struct sm_oif *o, const char *winner, uint32_t preference)
{
	struct ipaddr w = addr(winner);

	assert_non_null(o);
	assert_true(ip_eq(&AssertWinner(o)->address, &w));
	assert_int_equal(AssertWinner(o)->preference, preference);
}

static inline void check_assert(
	const struct pim_assert *a, const char *src, bool rpt, uint32_t preference)
{
	char text[IP_STRLEN];

	assert_string_equal(ip_str(&a->src, text, sizeof(text)), src);
	assert_int_equal(a->rpt, rpt);
	assert_int_equal(a->preference, preference);
}
