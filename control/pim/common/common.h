/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the common part share among themselves.
 */
#pragma once

#include "control/pim/common/pim_priv.h"
#include "control/pim/common/wire_priv.h"
#include "control/pim/sm/sm.h"

#define PIM_INTERVAL_MAX_S 18724u /* 3.5 times it is below 0xffff */

/* --- config.c --- */

/* A deep copy; NULL: no memory. */
struct pim_config *pim_config_copy(const struct pim_config *from);
void pim_config_free(struct pim_config *c);
/* The first settings of that name; NULL. */
const struct pim_if_config *pim_config_if(const struct pim_config *c, const char *name);

/* --- iface.c --- */

/* The object of (ifid, family), up or not; NULL. */
struct pim_iface *pim_iface_slot(const struct pim_self *pim, uint16_t ifid, uint8_t family);
/* Brings PIM on an interface in line with the settings and with net. */
void pim_iface_sync(struct pim_self *pim, uint16_t ifid, struct proto_ctx *ctx);
/* The same of all after pim->config was replaced; old is freed. */
void pim_ifaces_config(struct pim_self *pim, struct pim_config *old, struct proto_ctx *ctx);
/* NET_IF_LEAVING: prunes and goodbye, then it is down until the change that follows says otherwise. */
void pim_iface_leaves(struct pim_self *pim, uint16_t ifid, struct proto_ctx *ctx);
/* NET_IF_GONE. */
void pim_iface_gone(struct pim_self *pim, uint16_t ifid, struct proto_ctx *ctx);
/* Goodbye on all interfaces; nothing is sent after that. */
void pim_ifaces_stop(struct pim_self *pim, struct proto_ctx *ctx);
/* Frees all without a word. */
void pim_ifaces_free(struct pim_self *pim, struct timer_heap *timers);

/* --- address.c --- */

/* Our primary address on an interface: the present one while it is there, else the first (of IPv6: the first
 * link-local one; on a loopback any). False: none. */
bool pim_primary_address(
	const struct net_if *ifp, uint8_t family, const struct ipaddr *present, struct ipaddr *out);
/* Takes over the other addresses of the family; true if they changed. */
bool pim_secondary_take(struct pim_iface *pif, const struct net_if *ifp);

/* --- hello.c: sending --- */

void pim_hello_start(struct pim_iface *pif, struct proto_ctx *ctx);
/* Now, whatever the timers say; harmless where nothing is sent. */
void pim_hello_send(struct pim_iface *pif, struct proto_ctx *ctx);
/* Now, with a new Generation ID: neighbours answer within their Triggered_Hello_Delay (4.3.1). */
void pim_hello_ask(struct pim_iface *pif, struct proto_ctx *ctx);
/* With holdtime 0, from the address that is in force. */
void pim_hello_goodbye(struct pim_iface *pif, struct proto_ctx *ctx);
/* Soon, for a neighbour that does not know us: 4.3.1. */
void pim_hello_trigger(struct pim_iface *pif, struct proto_ctx *ctx);
/* The settings changed: said at once. */
void pim_hello_settings(struct pim_iface *pif, struct proto_ctx *ctx);
void pim_hello_timer(struct pim_iface *pif, uint16_t kind, struct proto_ctx *ctx);
uint16_t pim_hello_holdtime_s(const struct pim_if_config *conf);

/* --- neigh.c: receiving --- */

enum pim_drop pim_hello_received(
	struct pim_iface *pif, const struct pim_packet *p, struct proto_ctx *ctx);
/* Removes a neighbour, why in words for the log, and elects the DR anew if elect. */
void pim_neigh_remove(struct pim_neigh *n, const char *why, bool elect, struct proto_ctx *ctx);
void pim_neigh_expired(struct pim_neigh *n, struct proto_ctx *ctx);
/* Those that the access list now refuses go. */
void pim_neighs_filter(struct pim_iface *pif, struct proto_ctx *ctx);
void pim_neigh_free(struct pim_neigh *n, struct timer_heap *timers);

/* --- secondary.c --- */

/* 4.3.4: replaces the neighbour's addresses by those of a Hello. True if any changed. */
bool pim_secondary_update(struct pim_neigh *n, const struct pim_hello *h, struct proto_ctx *ctx);
void pim_secondary_drop(struct pim_neigh *n);

/* --- dr.c --- */

/* DR(I) from the neighbours; tells the trees if I_am_DR changed, or if told says so anyway. */
void pim_dr_elect(struct pim_iface *pif, bool tell, struct proto_ctx *ctx);
/* The values of 4.3.3 from the neighbours. */
void pim_delays_update(struct pim_iface *pif);

/* --- recv.c --- */

void pim_packet_received(struct pim_self *pim, uint16_t ifid, const uint8_t *data, size_t len,
	struct proto_ctx *ctx);
