/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the simulator share.
 */
#pragma once

#include "tests/sim/host.h"
#include "tests/sim/sim.h"

/* --- clock.c --- */

struct sim_event {
	uint64_t due_us, seq, n;
	void (*fn)(struct sim *s, void *arg, uint64_t n); /* NULL: packet for the port arg */
	void *arg;
	struct sim_packet *packet;
};

void *sim_alloc(size_t size); /* zeroed; ends the program without memory */
void *sim_grow(void *v, size_t n, size_t *cap, size_t size); /* room for one more than n */
void sim_deliver_at(struct sim *s, uint64_t due_us, struct sim_port *p, struct sim_packet *pkt);
bool sim_chance(struct sim *s, uint32_t millionths);

/* --- link.c --- */

struct sim_port *sim_port_new(struct sim_link *l, const char *address);
bool sim_port_usable(const struct sim_port *p);
/* Puts a packet on the wire: to all others, or to the owner of its MAC. Keeps no reference of the caller's. */
void sim_transmit(struct sim_port *from, struct sim_packet *pkt);
void sim_port_receive(struct sim_port *p, struct sim_packet *pkt);

/* --- router.c --- */

/* Control looks at what there is, soon. */
void sim_router_kick(struct sim_router *r);
void sim_router_wake_at(struct sim_router *r, uint64_t due_us);
void sim_router_stop(struct sim_router *r, bool orderly);
void sim_router_free(struct sim_router *r);
struct sim_port *sim_router_port(const struct sim_router *r, uint16_t ifid);
/* Everything of the router's control code runs between these two. */
void sim_router_enter(struct sim_router *r);
void sim_router_leave(struct sim_router *r);

/* --- unicast.c --- */

void sim_unicast_compute(struct sim_router *r);
void sim_unicast_forget(struct sim_router *r);

/* --- protos.c, member.c --- */

void sim_protos_boot(struct sim_router *r);
void sim_protos_config(struct sim_router *r);
void sim_protos_free(struct sim_router *r);
/* Defaults of what a scenario may change. */
void sim_port_protocols(struct sim_port *p);
void sim_router_protocols(struct sim_router *r);
void sim_member_boot(struct sim_router *r);
void sim_member_config(struct sim_router *r);
/* Protocol state that should not be there any more is a fault. */
void sim_member_left(const struct sim_router *r);
/* Whether the router forwards onto the link only because somebody may override a Prune (RFC 7761 4.5). */
bool sim_prune_pending(const struct sim_router *r, const struct sim_link *l,
	const struct ipaddr *src, const struct ipaddr *grp);
void sim_member_dump(const struct sim_router *r, FILE *f);

/* --- check.c --- */

/* A copy of data: on a link, put there by a router (NULL: the source); at a host; back at a router. */
void sim_saw_link(struct sim_link *l, const struct sim_router *by, const struct sim_packet *pkt);
void sim_saw_host(struct sim_host *h, const struct sim_packet *pkt);
void sim_saw_loop(const struct sim_router *r, const struct sim_packet *pkt, const char *what);
