/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM-SM's trees (RFC 7761 chapter 4 without 4.3) as the common part of PIM calls them. The common part
 * has checked a message (checksum, neighbour, interface) and knows interfaces, neighbours and DRs; here
 * are (*,G), (S,G) and (S,G,rpt), the machines of Join/Prune, Register and Assert, and what they make of
 * them for the TIB.
 */
#pragma once

#include "control/run/proto.h"

struct pim_self;
struct pim_iface;
struct pim_neigh;
struct pim_config;
struct pim_sm;

struct pim_sm *sm_new(struct pim_self *pim); /* NULL: no memory */
void sm_free(struct pim_sm *sm, struct timer_heap *timers);

/* --- from the common part: interfaces and neighbours --- */

/* The configuration was replaced (RPs, SSM ranges, switchover, limits): pim->config is the new one. */
void sm_config(struct pim_sm *sm, struct proto_ctx *ctx);
/* PIM began or ends on an interface. At the end its neighbours were told to be gone before. */
void sm_iface_up(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx);
/* Before neighbours and interface go: what is to be said on it, prunes of what was joined through it and
 * AssertCancels where we were winner, is sent now. State goes with sm_iface_down. */
void sm_iface_leave(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx);
void sm_iface_down(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx);
/* The interface's primary address or I_am_DR changed (4.3.2); its old address still counts for
 * comparisons of asserts until this is called. */
void sm_iface_changed(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx);
/* A neighbour came, or the list of its secondary addresses changed: NBR(I, A) may find another one now. When
 * one goes, it is not in the tables any more, but may be looked at. */
void sm_neigh_up(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx);
void sm_neigh_down(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx);
/* It restarted: its Generation ID is another one (4.5.6: send its Joins soon; 4.6: its asserts are void). */
void sm_neigh_genid(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx);

/* --- messages, from the PIM header on; reasons of drops are counted by the callee in pim->stats --- */

void sm_joinprune_received(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *src,
	const uint8_t *data, size_t len, struct proto_ctx *ctx);
void sm_assert_received(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *src,
	const uint8_t *data, size_t len, struct proto_ctx *ctx);
/* A Register (null or with data) to a unicast address of ours; data behind the PIM header's 4 bytes is
 * its flags word and the packet inside. */
void sm_register_received(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *dst,
	const uint8_t *data, size_t len, struct proto_ctx *ctx);
void sm_register_stop_received(struct pim_sm *sm, const struct ipaddr *src,
	const struct ipaddr *dst, const uint8_t *data, size_t len, struct proto_ctx *ctx);

/* --- from elsewhere --- */

void sm_member(struct pim_sm *sm, const struct member *m, struct proto_ctx *ctx);
/* NOCACHE, WRONGVIF, DATA, REGISTER of the data plane. */
void sm_upcall(struct pim_sm *sm, const struct dp_upcall *up, struct proto_ctx *ctx);
/* Routes within a prefix changed: RPF_interface and NBR of addresses in it may differ. */
void sm_rib_changed(struct pim_sm *sm, const struct prefix *p, struct proto_ctx *ctx);
/* A timer whose kind is SM_TIMER_FIRST or above. */
void sm_timer(struct pim_sm *sm, struct timer *t, struct proto_ctx *ctx);
/* The router leaves: prunes and empty lists are not waited for; wishes go. */
void sm_stop(struct pim_sm *sm, struct proto_ctx *ctx);

#define SM_TIMER_FIRST 100 /* kinds of timers below are the common part's */
