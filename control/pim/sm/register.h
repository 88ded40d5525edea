/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of Register and of arriving data share (RFC 7761 4.2, 4.4).
 */
#pragma once

#include "control/pim/sm/sm_macro.h"

/* A Register that arrived, as far as decisions go. */
struct register_heard {
	struct ipaddr src, grp;             /* of the packet inside */
	struct ipaddr outer_src, outer_dst; /* the DR; whom it takes for the RP */
	bool null;
};
/* 4.4.2, packet_arrives_on_rp_tunnel; the data plane has decapsulated and forwarded what its route
 * takes from DP_IF_REGISTER. */
void register_arrives(struct pim_sm *sm, const struct register_heard *r, struct proto_ctx *ctx);

/* The rules about Registers may be others: sources that are refused now are registered no more, nor joined by
 * this RP of its own accord. */
void register_rules_changed(struct pim_sm *sm, struct proto_ctx *ctx);

/* 4.2, "On receipt of data from S to G on interface iif"; the data plane forwards. iif:
 * DP_IF_REGISTER on the RP's tunnel. */
void data_arrives(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	uint16_t iif, struct proto_ctx *ctx);

/* The data plane says that what comes from S to G on iif will do: an entry that moves there leaves its old path. */
void data_will_do(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	uint16_t iif, struct proto_ctx *ctx);

/* The key of its wish. */
struct dp_route_key sm_source_key(const struct sm_source *s);
/* Keepalive_Period and RP_Keepalive_Period of 4.11, microseconds. */
uint64_t keepalive_period_us(const struct pim_sm *sm);
uint64_t rp_keepalive_period_us(const struct pim_sm *sm);
/* Sources that are directly connected and known to send: SPTbit follows JoinDesired at once. */
void spt_settle(struct pim_sm *sm, struct sm_source *s);
/* JT(S,G) expired and was no override: its data has come by RPF_interface(S) long enough. */
void spt_join_timer(struct pim_sm *sm, struct sm_source *s, const struct proto_ctx *ctx);
/* Another router forwards it where we do: we are to assert as on the SPT, if (S,G) has been joined long enough. */
void spt_rival(struct pim_sm *sm, struct sm_source *s, const struct proto_ctx *ctx);
/* Both trees come in by one interface, and (S,G) is joined. */
bool spt_one_interface(const struct sm_source *s);
/* Rates count: measure that of s. */
void spt_watch(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
/* Measures it no more, if it did. */
void spt_unwatch(struct sm_source *s);
/* The machine of figure 1 is in NoInfo, without a tunnel. */
void register_end(struct sm_source *s, struct timer_heap *timers);
