/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the rooms of PIM share: the instance, its interfaces and neighbours (RFC 7761 4.1.1, 4.3), and
 * what the trees ask the common part for.
 */
#pragma once

#include <sys/queue.h>

#include "control/base/hash.h"
#include "control/base/log.h"
#include "control/base/prng.h"
#include "control/pim/pim.h"

#define PIM_SECONDARY_MAX 512u             /* addresses kept of a neighbour */
#define PIM_TRIGGERED_HELLO_DELAY_S 5u     /* Triggered_Hello_Delay, 4.11 */
#define PIM_PROPAGATION_DELAY_DEFAULT 500u /* Propagation_delay_default, ms */
#define PIM_T_OVERRIDE_DEFAULT 2500u       /* t_override_default, ms */

/* Kinds of the common part's timers: below SM_TIMER_FIRST. */
enum pim_timer_kind {
	PIM_T_HELLO,     /* pim_iface.hello: HT(I) */
	PIM_T_TRIGGERED, /* pim_iface.triggered: a Hello for a new neighbour */
	PIM_T_NEIGHBOR,  /* pim_neigh.liveness: NLT(N,I) */
};

/* Lines that others can cause. */
enum pim_log_kind {
	PIM_LOG_FOUND,
	PIM_LOG_LOST,
	PIM_LOG_RESTARTED,
	PIM_LOG_DR,
	PIM_LOG_SECONDARY, /* an address that two neighbours claim */
	PIM_LOG_LIMIT,
	PIM_LOG_DROPPED,
	PIM_LOG_KINDS
};

/* A router that said Hello; the options as in its last one (4.3.2, 4.3.3, 4.3.4). */
struct pim_neigh {
	struct hash_node node; /* in pim_self.neighbors, by (interface, primary address) */
	TAILQ_ENTRY(pim_neigh) in_iface; /* in order of address */
	struct pim_iface *pif;
	struct ipaddr addr; /* neighbor.primary_ip_address */
	uint16_t has;       /* enum pim_hello_has: dr_priority_present and so on */
	uint16_t holdtime_s;
	uint32_t dr_priority, genid;
	bool tracking_support;
	uint16_t propagation_delay_ms, override_interval_ms;
	uint32_t n_secondary;
	struct pim_secondary *secondary; /* owned array */
	struct timer liveness;           /* NLT(N,I) */
	uint64_t since_us;
	uint32_t n_states; /* the trees' count of what it asked for (limits.per_neighbor) */
};

/* One address of a neighbour's Address List. */
struct pim_secondary {
	struct hash_node node; /* in pim_self.secondaries, by (interface, address) */
	struct ipaddr addr;
	struct pim_neigh *neigh;
	bool mapped; /* in the table: another neighbour did not claim it later */
};

/* PIM on an interface, for one family. It is there while the interface is configured and exists; the trees
 * know of it between sm_iface_up and sm_iface_down only, while up is set. */
struct pim_iface {
	TAILQ_ENTRY(pim_iface) link; /* in pim_self.ifaces, by ifid, then family */
	struct pim_self *pim;
	uint16_t ifid;
	uint8_t family;
	bool up;
	bool sending; /* messages go out: up or about to go down, and not passive */
	bool passive;
	bool i_am_dr;    /* I_am_DR(I); true on a passive interface */
	bool hello_owed; /* some neighbour does not know us yet: Hello before Join/Prune or Assert */
	uint16_t mtu;
	uint8_t ttl_threshold;            /* of what is forwarded here */
	const struct pim_if_config *conf; /* within pim_self.config */
	char name[DP_IF_NAMELEN];
	struct ipaddr addr; /* our primary address here */
	struct ipaddr dr;   /* DR(I) */
	uint32_t genid;
	uint32_t n_secondary;
	struct ipaddr *secondary; /* our others, owned; of IPv6 all but the link-local primary */
	TAILQ_HEAD(pim_neighs, pim_neigh) neighbors;
	uint32_t n_neighbors;
	/* 4.3.3, kept up to date with the neighbours */
	bool lan_delay_enabled, suppression_enabled;
	uint32_t effective_propagation_delay_ms, effective_override_interval_ms;
	struct timer hello, triggered;
	uint64_t up_since_us;
	struct pim_stats stats;
	struct log_rate log[PIM_LOG_KINDS];
};

struct pim_self {
	struct pim_config *config; /* an own copy, never NULL */
	bool configured;
	struct prng prng;
	struct pim_stats stats; /* of the whole: what has no interface is here only */
	TAILQ_HEAD(pim_ifaces, pim_iface) ifaces;
	struct pim_iface **by_id; /* [ifid * 2 + (IPv6)], n_by_id entries */
	size_t n_by_id;
	struct hash_table neighbors, secondaries;
	struct pim_sm *sm;
	uint8_t *scratch;       /* PIM_MSG_MAX bytes to write a packet in */
	struct ipaddr rx_from;  /* sender of the message that is being taken; else IP_NONE */
	uint64_t now_us;        /* of the event that is being taken */
	struct refused refused; /* PIM_DROP_limit_* */
};

/* --- for the trees --------------------------------------------------------------------------------- */

/* The interface of a family if PIM is up there, passive or not; NULL. */
struct pim_iface *pim_iface_get(const struct pim_self *pim, uint16_t ifid, uint8_t family);
/* NBR(I, A) of 4.1.6: the neighbour with this primary or secondary address; NULL. */
struct pim_neigh *pim_neigh_nbr(const struct pim_iface *pif, const struct ipaddr *addr);
/* By primary address alone: the sender of a message. */
struct pim_neigh *pim_neigh_find(const struct pim_iface *pif, const struct ipaddr *addr);

/* J/P_Override_Interval(I) of 4.11, microseconds: both effective delays together. */
uint64_t pim_jp_override_interval_us(const struct pim_iface *pif);
/* t_override, t_suppressed, t_periodic of 4.11 in microseconds; t_suppressed is 0 without suppression. */
uint64_t pim_t_override_us(struct pim_iface *pif);
uint64_t pim_t_suppressed_us(struct pim_iface *pif);
uint64_t pim_t_periodic_us(const struct pim_iface *pif);
/* Holdtime of our Joins and Prunes here, seconds: 3.5 times t_periodic, above the override interval. */
uint16_t pim_jp_holdtime_s(const struct pim_iface *pif);
/* Whether a boundary of the interface keeps the group out. */
bool pim_boundary_denies(const struct pim_iface *pif, const struct ipaddr *grp);

bool pim_rules_permit(const struct pim_rule *v, size_t n, const struct ipaddr *addr);
bool pim_sg_rules_permit(
	const struct pim_sg_rule *v, size_t n, const struct ipaddr *src, const struct ipaddr *grp);
/* Whether the rules permit every source of the group, as far as that is seen without one. */
bool pim_sg_rules_permit_group(const struct pim_sg_rule *v, size_t n, const struct ipaddr *grp);

/* Sends a packet that a *_write function or the builder made. On a link: a Hello goes before it if some
 * neighbour may not know us (4.3.1); nothing is sent where the interface is passive or down. Routed: Register
 * and Register-Stop, wherever the route leads. Counts. */
void pim_send_link(struct pim_iface *pif, const uint8_t *ip, size_t len, struct proto_ctx *ctx);
void pim_send_routed(struct pim_self *pim, const uint8_t *ip, size_t len, struct proto_ctx *ctx);
/* Counts a drop; pif NULL: of no interface. PIM_OK counts nothing. */
void pim_drop(struct pim_self *pim, struct pim_iface *pif, enum pim_drop why);
/* A limit keeps state for (src, grp) from being made; src NULL: all sources. Counted, and noted for explain. */
void pim_refuse(struct pim_self *pim, struct pim_iface *pif, enum pim_drop why,
	const struct ipaddr *src, const struct ipaddr *grp);
void pim_drop_n(struct pim_self *pim, struct pim_iface *pif, enum pim_drop why, uint32_t n);

/* Arms a timer of PIM for its event in this instance. -ENOMEM: it is not armed; said and counted. */
int pim_timer_set(struct pim_self *pim, struct proto_ctx *ctx, struct timer *t, uint16_t kind,
	uint64_t due_us);
/* rand(0, max). */
uint64_t pim_random_us(struct pim_self *pim, uint64_t max_us);
