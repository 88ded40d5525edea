/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the trees share among themselves; the machines of data need none of it.
 */
#pragma once

#include "control/pim/sm/sm_macro.h"

/* How long a Join or Prune that is not urgent waits for company, microseconds. */
#define JP_WAIT_US 1000000u

/* A received Join/Prune message as its machines see it. */
struct jp_recv {
	struct pim_iface *pif;
	struct ipaddr src; /* the neighbour that sent it */
	uint16_t holdtime_s;
};

/* Events of figures 2 and 3; the columns of their table. */
enum ds_event { DS_EV_JOIN, DS_EV_PRUNE, DS_EV_PPT, DS_EV_ET, DS_EVENTS };
/* Events of figure 4. */
enum ds_rpt_event {
	DS_RPT_EV_JOIN_STAR_G,
	DS_RPT_EV_JOIN,
	DS_RPT_EV_PRUNE,
	DS_RPT_EV_END,
	DS_RPT_EV_PPT,
	DS_RPT_EV_ET,
	DS_RPT_EVENTS
};

/* --- state.c, parts.c ---------------------------------------------------------------------------- */

void sm_source_free(struct pim_sm *sm, struct sm_source *s, struct timer_heap *timers);
void sm_group_free(struct pim_sm *sm, struct sm_group *g, struct timer_heap *timers);
/* Marks the (S,G) of a group, without (*,G). */
void sm_touch_sources(struct pim_sm *sm, struct sm_group *g);
/* Whether nothing is known any more, so that it can go. */
bool sm_source_is_idle(const struct sm_source *s);
bool sm_group_is_idle(const struct sm_group *g);

struct sm_iface *sm_iface_get(struct pim_sm *sm, uint16_t ifid, uint8_t family);
void sm_iface_gc(struct pim_sm *sm, struct sm_iface *iface);
/* Marks all entries that know something of the interface. */
void sm_iface_touch(struct pim_sm *sm, struct sm_iface *iface);
struct sm_oif *sm_oif_get_at(
	struct pim_sm *sm, struct sm_entry *e, struct sm_iface *iface, struct proto_ctx *ctx);
void sm_oif_free(struct pim_sm *sm, struct sm_oif *oif, struct timer_heap *timers);
/* Its prunes, made if need be; NULL no memory (counted). gc: frees them once nothing of them is left. */
struct sm_prunes *sm_prunes_get(struct pim_sm *sm, struct sm_oif *oif);
void sm_prunes_gc(struct sm_oif *oif, struct timer_heap *timers);

struct sm_peer *sm_peer_find(const struct pim_sm *sm, uint16_t ifid, const struct ipaddr *addr);
struct sm_peer *sm_peer_get(struct pim_sm *sm, uint16_t ifid, const struct ipaddr *addr);
void sm_peer_gc(struct pim_sm *sm, struct sm_peer *p);
/* The downstream state of oif is (not) that of a neighbour: for limits.per_neighbor. */
void sm_oif_own(struct pim_sm *sm, struct sm_oif *oif, struct sm_peer *by);

/* --- rp.c ---------------------------------------------------------------------------------------- */

/* The table of RPs from pim->config. -ENOMEM: the old one stays. */
int rp_config(struct pim_sm *sm);
/* Has the next hops of all RPs kept known. */
void rp_reach(struct pim_sm *sm, struct proto_ctx *ctx);
/* RP(G), IP_NONE if there is none. */
struct ipaddr rp_of(const struct pim_sm *sm, const struct ipaddr *grp);
/* Whether the SSM range has it (RFC 4607). */
bool rp_is_ssm(const struct pim_sm *sm, const struct ipaddr *grp);
/* RP(G), I_am_RP(G) and SSM of a group again: marks it if they changed. */
void rp_refresh(struct pim_sm *sm, struct sm_group *g, struct proto_ctx *ctx);
/* Of all groups: the configuration or our own addresses changed. */
void rp_refresh_all(struct pim_sm *sm, struct proto_ctx *ctx);
/* The configured source of Registers of a family if it is an address of ours; else IP_NONE. */
const struct ipaddr *rp_register_source(const struct pim_sm *sm, uint8_t family);
/* Our own addresses may have changed: refreshes all if an RP became ours or ceased to be. */
void rp_local_changed(struct pim_sm *sm, struct proto_ctx *ctx);

/* --- target.c ------------------------------------------------------------------------------------ */

/* The order of pim_sm.targets. */
struct target_key {
	struct ipaddr addr;
	uint8_t kind; /* enum sm_target_kind */
};
int target_cmp(const void *key, const struct order_node *node);
struct sm_target *target_find(
	const struct pim_sm *sm, const struct ipaddr *addr, enum sm_target_kind kind);
/* Where the entry leads from now on: IP_NONE nowhere. What the routes say of it is known at once. False: no
 * memory (counted), it leads nowhere. */
bool target_set(struct pim_sm *sm, struct sm_entry *e, const struct ipaddr *addr,
	enum sm_target_kind kind, struct proto_ctx *ctx);
/* The entry ends. */
void target_leave(struct pim_sm *sm, struct sm_up *up);
/* Asks for the route of e's target if that is due: marks all entries that lead there if it is another one. */
void target_refresh(struct pim_sm *sm, struct sm_up *up, struct proto_ctx *ctx);
/* Marks all entries whose target is in the prefix: their routes are asked for again. */
void target_touch(struct pim_sm *sm, const struct prefix *p);
/* Marks nothing: whoever calls it marks all. */
void target_stale_all(struct pim_sm *sm);

/* --- move.c -------------------------------------------------------------------------------------- */

/* The entry was joined towards the old neighbour and is now towards another: keeps the old path
 * for a while if it works, else prunes it at once. */
void move_begin(struct pim_sm *sm, struct sm_entry *e, uint16_t old_ifid,
	const struct ipaddr *old_nbr, const struct ipaddr *old_rp, struct proto_ctx *ctx);
/* Forgets the old path without a prune. */
void move_forget(struct sm_up *up, struct timer_heap *timers);

/* --- up.c, up_rpt.c -------------------------------------------------------------------------------- */

/* Figures 5 and 6: what JoinDesired and RPF' have become. */
void up_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
/* JT expired. */
void up_join_timer(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
/* See Join or Prune of the entry to RPF'. */
void up_see_join(
	struct pim_sm *sm, struct sm_entry *e, const struct jp_recv *m, struct proto_ctx *ctx);
void up_see_prune(
	struct pim_sm *sm, struct sm_entry *e, const struct jp_recv *m, struct proto_ctx *ctx);
/* JT = min(JT, t): the entry is in Joined state. */
void up_decrease_jt(struct pim_sm *sm, struct sm_up *up, uint64_t due_us, struct proto_ctx *ctx);
/* RPF' of all that are joined towards the neighbour restarted. */
void up_genid(
	struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *addr, struct proto_ctx *ctx);
/* A Prune to a neighbour that is RPF' no more, if it is still a neighbour. rp: of a Prune(*,G). */
void up_prune_old(struct pim_sm *sm, struct sm_entry *e, uint16_t ifid, const struct ipaddr *nbr,
	const struct ipaddr *rp, struct proto_ctx *ctx);
/* Goodbye: a prune for all that is joined, the machine is NotJoined. */
void up_leave(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);

/* Queues the Prunes of what is joined through an interface that is about to go; the machines hear of that later. */
void up_prune_on(
	struct pim_sm *sm, struct sm_entry *e, struct pim_iface *pif, struct proto_ctx *ctx);

/* Figure 7. */
void up_rpt_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
void up_rpt_override_timer(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
void up_rpt_see_join(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
void up_rpt_see_prune(
	struct pim_sm *sm, struct sm_source *s, struct pim_iface *pif, struct proto_ctx *ctx);

/* --- down.c, down_rpt.c ----------------------------------------------------------------------------- */

/* (*,G) or (S,G): a Join or Prune for us came in. */
void down_receive(struct pim_sm *sm, struct sm_entry *e, enum ds_event ev, const struct jp_recv *m,
	struct proto_ctx *ctx);
/* A timer of the oif expired; the oif may be gone after it. */
void down_timer(struct pim_sm *sm, struct sm_oif *oif, enum ds_event ev, struct proto_ctx *ctx);
/* To NoInfo at once, without an echo: the interface ends. */
void down_forget(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx);

void down_rpt_receive(struct pim_sm *sm, struct sm_source *s, enum ds_rpt_event ev,
	const struct jp_recv *m, struct proto_ctx *ctx);
void down_rpt_timer(
	struct pim_sm *sm, struct sm_oif *oif, enum ds_rpt_event ev, struct proto_ctx *ctx);
void down_rpt_forget(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx);

/* The neighbour that sent m, if it may make one more state; else NULL, counted and said. src NULL: of (*,G). */
struct sm_peer *down_peer(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	const struct jp_recv *m, struct proto_ctx *ctx);

/* --- jp.c, mfib.c, sm.c ------------------------------------------------------------------------------ */

/* Sends what is queued; all: also what may wait. */
void jp_flush(struct pim_sm *sm, bool all, struct proto_ctx *ctx);
/* Sends what is queued for an interface. */
void jp_flush_iface(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx);
void jp_forget(struct pim_sm *sm);
/* Drops what is queued for an interface. */
void jp_forget_iface(struct pim_sm *sm, uint16_t ifid, uint8_t family);

/* Brings the TIB in line with a marked entry. */
void mfib_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
/* The entry has no wish any more. */
void mfib_forget(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
