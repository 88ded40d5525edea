/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (*,G) upstream: who hears its Joins. On up are X, who is the route's neighbour at first, and V and W where a test
 * has them; of equal metrics the higher address wins an Assert.
 */
#pragma once

#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define RP8 "10.9.9.8"
#define J "J*" SM_RP
#define P "P*" SM_RP
#define J8 "J*" RP8
#define X "10.0.1.2"
#define V "10.0.1.3"
#define W "10.0.1.4"
#define J_UP X ": " G " " J
#define P_UP X ": " G " " P

static inline struct sm_up *up(struct sm_world *p)
{
	return &sw_group(p, G)->star.up;
}

/* For a member on lan1. */
static inline void joined(struct sm_world *p)
{
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_int_equal(up(p)->state, UP_JOINED);
	sw_forget(p);
}

static inline void leave(struct sm_world *p)
{
	sw_forget(p);
	sw_member(p, p->lan1, "*", G, MEMBER_NONE);
}

/* It wins, and is joined. */
static inline void wins(struct sm_world *p, const char *who)
{
	struct ipaddr a = ip(who);

	sw_assert(p, p->up, who, NULL, G, true, 0, 0);
	assert_true(up(p)->by_assert);
	assert_true(ip_eq(&up(p)->nbr, &a));
	sw_pass(p, 2500);
}

/* The way to the RP is another one from now on. */
static inline void route(struct sm_world *p, uint16_t ifid, const char *gateway)
{
	world_route(p->w, SM_RP "/32", ifid, gateway);
	world_run(p->w);
}

/* RP8 is the RP. */
static inline void another_rp(struct sm_world *p)
{
	sw_rp(p, RP8, "239.0.0.0/8");
	sw_config(p);
}
