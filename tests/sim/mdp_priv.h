/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the model data plane share.
 */
#pragma once

#include "tests/sim/mdp.h"
#include "tests/sim/priv.h"

/* mdp.c: names an error of control's: unknown ids, references given back twice. */
void mdp_misuse(struct mdp *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const struct dp_if *mdp_if(const struct mdp *m, uint16_t ifid);
bool mdp_is_local(const struct mdp *m, const struct ipaddr *a);

/* mdp_tables.c */
int mdp_list_get(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list);
void mdp_list_put(void *dp, uint32_t list);
int mdp_route_set(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done);
int mdp_route_del(void *dp, const struct dp_route_key *keys, uint32_t n);
int mdp_resync_begin(void *dp);
int mdp_resync_end(void *dp);
void mdp_tables_fini(struct mdp *m);

/* mdp_signal.c */
/* True if it was sent; the gate that is closed now. */
bool mdp_signal(struct mdp *m, const struct dp_upcall *up, struct mdp_gate **gate);
/* No route: signals, holds or drops. Takes no reference from the caller. */
void mdp_miss(struct mdp *m, uint16_t ifid, struct sim_packet *p);
/* A route was found: packets of the flow that are held go first. */
void mdp_hold_pass(struct mdp *m, uint16_t ifid, const struct sim_packet *p);
uint32_t mdp_upcall_recv(void *dp, struct dp_upcall *out, uint32_t n);
void mdp_upcall_done(void *dp, const struct dp_upcall *up, enum dp_verdict verdict);
void mdp_signals_fini(struct mdp *m);

/* mdp_move.c */
/* The route is a new one, or another: what is known of its move begins, goes on or ends. */
void mdp_move_follow(struct mdp_route *r);
/* As moving_takes (dataplane/moving.h), of a packet by the old or the next input. */
bool mdp_move_takes(
	struct mdp *m, struct mdp_route *r, uint16_t ifid, const struct sim_packet *p, bool *tell);

/* mdp_forward.c */
/* held: it has waited for a route already. */
void mdp_forward(struct mdp *m, uint16_t ifid, struct sim_packet *p, bool held);
