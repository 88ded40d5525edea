/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The model data plane: struct dp_ops with hash tables instead of workers. It forwards by the contract of
 * the seam: the longest group, then the longest source; inputs with ACCEPT, SIGNAL, DROP; Registers
 * taken out on DP_IF_REGISTER; native, HER and Register outputs; upcalls behind gates; the first packets
 * of a flow held. Left out, for no test of protocols turns on it: policers, VLANs, tunnels, MTUs.
 */
#pragma once

#include "control/base/hash.h"
#include "dataplane/seam/dp.h"

struct sim_router;
struct sim_packet;

#define MDP_GATE_US 3000000ull /* as dataplane/upcall.c */
#define MDP_HOLD_US 500000ull  /* default of router.hold.time_ms; packets: fewer than its default */
#define MDP_HOLD_PACKETS 8
#define MDP_PACKET_BYTES 1000 /* of data */
#define MDP_LENS_MAX 2048

struct mdp_route {
	struct hash_node node;
	struct dp_route r;
	uint64_t packets, wrong_if, dropped, last_us;
	bool swept;
	struct mdp_move *move; /* NULL: it does not move */
};

struct mdp_list {
	uint32_t n;
	uint32_t *oifs;        /* sorted; NULL: slot free */
	uint32_t held, routes; /* references */
};

struct mdp_oif {
	struct dp_oif c; /* id 0: none */
	uint32_t lists;  /* that name it */
	uint64_t packets, dropped;
};

/* One signal outstanding, and the packets that wait for its answer. */
struct mdp_gate {
	struct hash_node node;
	uint8_t kind, n_held;
	uint16_t table, ifid;
	struct ipaddr src, grp, outer_src, outer_dst; /* outer: Registers only */
	uint64_t since_us, until_us;
	struct sim_packet *held[MDP_HOLD_PACKETS];
};

/* Prefix lengths in use: where a lookup looks. */
struct mdp_lens {
	uint8_t family, grp, src;
	uint32_t n;
};

struct mdp {
	struct dp dp;
	struct sim_router *router;
	uint32_t n_ifs, n_adjs, n_oifs, n_lists; /* slots */
	struct dp_if *ifs;
	struct dp_adj *adjs;
	struct mdp_oif *oifs;
	struct mdp_list *lists;
	uint32_t n_locals;
	struct dp_local *locals;
	struct hash_table routes, gates;
	unsigned n_lens;
	struct mdp_lens lens[MDP_LENS_MAX];
	struct mdp_queue {
		struct mdp_punt {
			struct sim_packet *p;
			uint16_t ifid;
		} * v;
		size_t n, cap;
	} punts[2]; /* hello, proto */
	struct dp_upcall *upcalls;
	size_t n_upcalls, upcalls_cap;
	bool hold;
	uint64_t drops[DROP_COUNT];
};

struct mdp *mdp_new(struct sim_router *router);
void mdp_free(struct mdp *m);
/* A packet came in on an interface. The caller keeps its reference. */
void mdp_input(struct mdp *m, uint16_t ifid, struct sim_packet *p);
struct mdp_route *mdp_route_find(const struct mdp *m, const struct dp_route_key *k);
const struct mdp_route *mdp_lookup(
	const struct mdp *m, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp);
/* Whether a route takes packets from ifid and has an output for them. */
bool mdp_wants(
	const struct mdp *m, uint16_t ifid, const struct ipaddr *src, const struct ipaddr *grp);
size_t mdp_count_lists(const struct mdp *m);
size_t mdp_count_oifs(const struct mdp *m);
size_t mdp_count_adjs(const struct mdp *m);
void mdp_dump(const struct mdp *m, FILE *f);
