/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A router of the unit tests with the whole of PIM, its neighbours played by text. Join/Prune messages are
 * written and read as lines:
 *
 *   "239.1.1.1 J* J10.1.1.1 P10.1.1.2r"     Join(*,G), Join(S,G), Prune(S,G,rpt) of one group
 *
 * J*10.9.9.9 names an RP; J* alone is that of SM_RP. Groups are separated by ';'. What the router sent on an
 * interface is such a line behind the neighbour it was for, messages are separated by " | ":
 *
 *   "10.0.1.2: 239.1.1.1 J*10.9.9.9"
 *
 * A route reads "inputs > outputs" by names of interfaces, in order of id: "up+ > lan1 lan2"; "+" behind an
 * input is SIGNAL, parentheses are SIGNAL without ACCEPT, "reg" is the Register tunnel.
 */
#pragma once

#include "control/pim/sm/sm_tree.h"
#include "tests/unit/control/world.h"
#include "tests/unit/pim/bytes.h"

#define SM_RP "10.9.9.9"
#define SM_HOLD 210
#define SM_IFS 16

struct sm_world {
	struct world *w;
	struct pim_config conf;
	struct pim_if_config ifs[SM_IFS];
	struct pim_rp_config rps[8];
	struct prefix rp_groups[8];
	struct pim_self *pim;
	struct pim_sm *sm;
	uint16_t number;
	size_t seen;
	/* the usual interfaces: up towards the RP by 10.0.1.2, src towards 10.1.0.0/16 by 10.0.2.2,
	 * lan1 and lan2 with no neighbours at first, 10.0.3.1 and 10.0.4.1 */
	uint16_t up, src, lan1, lan2;
};

int sm_world_setup(void **state); /* cmocka: *state is a struct sm_world */
int sm_world_teardown(void **state);

uint16_t sw_if(struct sm_world *p, const char *name, const char *address);
struct pim_if_config *sw_conf(struct sm_world *p, const char *name);
void sw_config(struct sm_world *p);
/* groups: NULL all */
void sw_rp(struct sm_world *p, const char *address, const char *groups);

/* A Hello comes in; it does not expire. */
void sw_neigh(struct sm_world *p, uint16_t ifid, const char *addr);
void sw_hello(
	struct sm_world *p, uint16_t ifid, const char *addr, uint32_t genid, uint16_t holdtime_s);
void sw_pass(struct sm_world *p, uint64_t ms);
void sw_rx(struct sm_world *p, uint16_t ifid, const struct bytes *b);
/* A Join/Prune of from for upstream comes in, with SM_HOLD. */
void sw_jp(struct sm_world *p, uint16_t ifid, const char *from, const char *upstream,
	const char *text);
/* Where a Join/Prune that the builder has finished comes in. */
struct sw_rx {
	struct sm_world *p;
	uint16_t ifid;
};
void sw_rx_built(void *arg, const uint8_t *data, size_t len);
void sw_jp_hold(struct sm_world *p, uint16_t ifid, const char *from, const char *upstream,
	const char *text, uint16_t holdtime_s);
/* EV_MEMBER; src "*" any. */
void sw_member(struct sm_world *p, uint16_t ifid, const char *src, const char *grp,
	enum member_state state);
/* An Assert comes in; src NULL: (*,G). */
void sw_assert(struct sm_world *p, uint16_t ifid, const char *from, const char *src,
	const char *grp, bool rpt, uint32_t preference, uint32_t metric);
/* A signal of the data plane. */
void sw_upcall(struct sm_world *p, enum dp_upcall_kind kind, uint16_t ifid, const char *src,
	const char *grp);

/* Joins and Prunes sent on the interface since the last call of it or of sw_forget. */
const char *sw_sent(struct sm_world *p, uint16_t ifid);
void sw_forget(struct sm_world *p);
/* The Join/Prune messages among actions. */
const char *sw_actions(const struct actions *a);
/* The route in the data plane; "none". */
const char *sw_route(struct sm_world *p, const char *src, const char *grp);

struct sm_group *sw_group(struct sm_world *p, const char *grp);
struct sm_source *sw_source(struct sm_world *p, const char *src, const char *grp);
struct pim_iface *sw_pif(struct sm_world *p, uint16_t ifid);
struct sm_oif *sw_oif(struct sm_world *p, const char *src, const char *grp, uint16_t ifid);
/* The assert information of an oif, made if there is none. */
static inline struct assert_info *sw_won(struct sm_oif *oif)
{
	return sm_assert_info_get(oif->iface->pif->pim->sm, oif);
}
uint64_t sw_drops(struct sm_world *p, enum pim_drop why);
/* Nothing is left: neither entries, peers, timers of theirs, nor routes. */
void sw_assert_empty(struct sm_world *p);
