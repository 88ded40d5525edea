/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What scenarios of IGMP and PIM share: routers by name, cables between them, and counters of what was
 * said.
 */
#pragma once

#include "tests/sim/help.h"

#define G1 "239.1.1.1"
#define G2 "239.2.2.2"
#define SSM1 "232.1.1.1"
#define ALL_GROUPS "224.0.0.0/4"
#define RISE 10 /* s: Hellos and queries have been heard */

/* Messages on the wires since scene_heard_reset. */
struct heard {
	unsigned hello, joins, prunes, rpt_prunes, asserts, registers, null_registers,
		register_stops;
	unsigned queries, reports;
	const struct sim_link *on; /* NULL: anywhere */
};

/* A cable between two routers, 10.0.N.0/24. */
struct sim_link *scene_cable(struct sim *s, struct sim_router *a, struct sim_router *b);
/* A LAN of hosts behind routers, 10.1.N.0/24; the last NULL. */
struct sim_link *scene_lan(struct sim *s, const char *name, struct sim_router *first, ...);
/* A router that is RP for every group by its loopback 10.255.0.1. Call it when all routers are made. */
void scene_rp(struct sim_router *r);
/* r's way to a subnet or loopback (a number) is next on that link, whatever the others think: a static RPF says so. */
void scene_goes_by(const struct sim_router *r, const struct prefix *dst, const struct sim_link *l,
	const struct sim_router *next);
/* Boots all and waits for neighbours. */
void scene_start(struct sim *s);
struct heard *scene_listen(struct sim *s, const struct sim_link *on);
/* to joins G1, which from sends to so many seconds later, packets a second. */
struct sim_source *scene_flow(
	struct sim *s, struct sim_host *from, struct sim_host *to, double later, double rate);
/* Copies of data on a link in so many seconds from now on. */
uint64_t scene_data_on(struct sim *s, struct sim_link *l, double seconds);
/* Packets that a host received in so many seconds from now on. */
uint64_t scene_received(struct sim *s, struct sim_host *h, double seconds);
/* Whether the router has an MFIB entry of exactly this source ("*") and group. */
bool scene_has_route(const struct sim_router *r, const char *src, const char *grp);
/* All leave, sources stop, long silence: nothing may be left. */
void scene_assert_fades(struct sim *s);
