/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The formulas of RFC 7761 under their names, one function each with every term.
 *
 * A set of interfaces is asked "is I in it?": joins_star_g(at) is true if at->pif is in joins(*,G). A
 * comparison with NULL is a function of its own, ..._is_null. Those that walk use sm_at_first and
 * sm_at_next, which visit the interfaces of which anything is known, for no other can be in a set. An
 * interface with a boundary for G is in no set. In the SSM range the sets of (*,G) and (S,G,rpt) are
 * empty (4.8.1).
 *
 * Which file holds what: macro.c all of 4.1.5, 4.6.3 but my_assert_metric, lost_assert of 4.6.5, and the
 * ...Desired of 4.5; assert.c CouldAssert, AssertTrackingDesired, my_assert_metric; register.c
 * CouldRegister; spt.c SwitchToSptDesired, CheckSwitchToSpt, Update_SPTbit.
 */
#pragma once

#include "control/pim/sm/sm_priv.h"

/* An interface I in G, or in (S,G). */
struct sm_at {
	struct sm_group *g;
	struct sm_source *s;                /* NULL: only the formulas of (*,G) may be asked */
	struct pim_iface *pif;              /* I; NULL: the walk is over */
	struct sm_oif *star;                /* I in (*,G); NULL: nothing is known of it there */
	struct sm_oif *sg;                  /* I in (S,G) and (S,G,rpt); likewise */
	struct sm_oif *star_next, *sg_next; /* of the walk */
};

struct sm_at sm_at_star_g(const struct sm_group *g, struct pim_iface *pif);
struct sm_at sm_at_sg(const struct sm_source *s, struct pim_iface *pif);
/* The interfaces of which (*,G), and (S,G) unless s is NULL, know something; in order of ifid. */
struct sm_at sm_at_first(const struct sm_group *g, const struct sm_source *s);
void sm_at_next(struct sm_at *at);

/* --- 4.1.5: what the state says of I --------------------------------------------------------------- */

bool local_receiver_include_star_g(const struct sm_at *at);
bool local_receiver_include_sg(const struct sm_at *at);
bool local_receiver_exclude_sg(const struct sm_at *at);
bool joins_star_g(const struct sm_at *at);
bool joins_sg(
	const struct sm_at *at); /* but the Register tunnel, which is no I: see register_tunnel */
bool prunes_sg_rpt(const struct sm_at *at);
bool pim_include_star_g(const struct sm_at *at);
bool pim_include_sg(const struct sm_at *at);
bool pim_exclude_sg(const struct sm_at *at);
/* DownstreamJPState(S,G,VI) of the Register tunnel VI is Join: it is in joins(S,G) (4.4.1). */
bool register_tunnel(const struct sm_source *s);

/* --- 4.1.5: lists of outgoing interfaces ------------------------------------------------------------ */

bool immediate_olist_star_g(const struct sm_at *at);
bool immediate_olist_sg(const struct sm_at *at);
bool inherited_olist_sg_rpt(const struct sm_at *at);
bool inherited_olist_sg(const struct sm_at *at);
/* == NULL; those of (S,G) ask for the Register tunnel, too */
bool immediate_olist_star_g_is_null(const struct sm_group *g);
bool immediate_olist_sg_is_null(const struct sm_source *s);
bool inherited_olist_sg_rpt_is_null(const struct sm_source *s);
bool inherited_olist_sg_is_null(const struct sm_source *s);
/* pim_include(*,G) == NULL; (pim_include(*,G) (-) pim_exclude(S,G) (+) pim_include(S,G)) == NULL */
bool pim_include_star_g_is_null(const struct sm_group *g);
bool pim_include_any_is_null(const struct sm_source *s);

/* --- 4.1.5: neighbours upstream; IP_NONE is NULL ---------------------------------------------------- */

/* The ifid: 0 none, DP_IF_REGISTER for RP(G) at the RP. */
uint16_t RPF_interface_RP(const struct sm_group *g);
uint16_t RPF_interface_S(const struct sm_source *s);
bool DirectlyConnected(const struct sm_source *s);
/* NBR(I, A): primary address on the interface of the neighbour with address A. */
struct ipaddr NBR(const struct pim_sm *sm, uint16_t ifid, const struct ipaddr *a);
struct ipaddr RPF_nbr_star_g(const struct pim_sm *sm, const struct sm_group *g); /* RPF'(*,G) */
struct ipaddr RPF_nbr_sg(const struct pim_sm *sm, const struct sm_source *s);    /* RPF'(S,G) */
struct ipaddr RPF_nbr_sg_rpt(
	const struct pim_sm *sm, const struct sm_source *s); /* RPF'(S,G,rpt) */

/* --- 4.5.4, 4.5.5, 4.5.7 ---------------------------------------------------------------------------- */

bool JoinDesired_star_g(const struct sm_group *g);
bool JoinDesired_sg(const struct sm_source *s);
bool RPTJoinDesired_g(const struct sm_group *g);
bool PruneDesired_sg_rpt(const struct pim_sm *sm, const struct sm_source *s);
/* 4.5.6: whether a Join(*,G) carries a Prune(S,G,rpt). */
bool prune_sg_rpt_in_join(const struct pim_sm *sm, const struct sm_source *s);

/* --- 4.6.3, 4.6.5: asserts -------------------------------------------------------------------------- */

bool I_Am_Assert_Loser_star_g(const struct sm_at *at);
bool I_Am_Assert_Loser_sg(const struct sm_at *at);
bool lost_assert_sg_rpt(const struct sm_at *at);
bool lost_assert_sg(const struct sm_at *at);
bool lost_assert_star_g(const struct sm_at *at);
struct assert_metric spt_assert_metric(const struct sm_source *s, const struct pim_iface *pif);
struct assert_metric rpt_assert_metric(const struct sm_group *g, const struct pim_iface *pif);
struct assert_metric infinite_assert_metric(void);
/* a is better than b; an IP_NONE address is NULL's metric: infinity, which nothing is worse than. */
bool assert_metric_better(const struct assert_metric *a, const struct assert_metric *b);

/* assert.c */
bool CouldAssert_star_g(const struct sm_at *at);
bool CouldAssert_sg(const struct sm_at *at);
bool AssertTrackingDesired_star_g(const struct sm_at *at);
bool AssertTrackingDesired_sg(const struct sm_at *at);
struct assert_metric my_assert_metric_star_g(const struct sm_at *at);
struct assert_metric my_assert_metric_sg(const struct sm_at *at);

/* --- 4.4.1 register.c, 4.2 spt.c ----------------------------------------------------------------------- */

bool CouldRegister(const struct pim_sm *sm, const struct sm_source *s);
/* The policy for sources of g, whether or not there is state of src. */
bool SwitchToSptDesired(
	const struct pim_sm *sm, const struct sm_group *g, const struct ipaddr *src);
/* Whether some source of g may be switched at once when its first packet comes in on the RP tree: the
 * wish of (*,G), or of an (S,G) without Keepalive, asks for signals on that input. */
bool SwitchToSpt_needs_signal(const struct pim_sm *sm, const struct sm_group *g);
void CheckSwitchToSpt(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
/* The condition of Update_SPTbit for a packet that arrives on ifid; and the update. */
bool Update_SPTbit_would(const struct pim_sm *sm, const struct sm_source *s, uint16_t ifid);
void Update_SPTbit(struct pim_sm *sm, struct sm_source *s, uint16_t ifid);
