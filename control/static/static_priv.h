/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the static protocol share.
 */
#pragma once

#include "control/base/hash.h"
#include "control/base/route_key.h"
#include "control/static/static.h"

/* One definition of a route, by the file or by the shell. */
struct static_def {
	struct static_route r; /* its arrays owned */
	char *problem;         /* NULL: none */
	bool seen;             /* in the configuration that is being applied */
	bool invalid;          /* the check refused it: it wishes nothing */
};

/* What the TIB was told last. */
struct static_sent {
	uint8_t n_inputs;
	struct dp_input inputs[DP_INPUTS_MAX];
	uint32_t n_outputs, n_excepts;
	struct tib_output outputs[]; /* then n_excepts excepts */
};

static inline struct prefix *static_sent_excepts(struct static_sent *s)
{
	return (struct prefix *)&s->outputs[s->n_outputs];
}

/* All of one key: at most one definition by origin, one wish. */
struct static_entry {
	struct hash_node node;
	struct dp_route_key key;
	struct static_def *defs[2]; /* by enum static_origin */
	struct static_sent *sent;   /* NULL: no wish */
	bool rpf;                   /* its input follows the unicast route */
};

struct static_self {
	struct hash_table entries;
	/* The entries with rpf in order of source, rebuilt when stale: a change of the unicast
	 * routes finds those within its prefix. */
	struct static_entry **rpf;
	size_t n_rpf;
	bool rpf_stale;
	/* working memory of static_refresh */
	struct tib_output *outputs;
	uint32_t outputs_cap;
	struct log_rate problem_log;
};

/* Brings the entry's wish in line with its definitions and the network: an action only if something
 * changed. */
void static_refresh(struct static_self *self, struct static_entry *e, struct proto_ctx *ctx);
/* The definition that gives the inputs: the shell's if there is one. NULL: none is valid. */
const struct static_def *static_input_def(const struct static_entry *e);
/* Sets a definition's problem; "" clears it. True if it changed. */
bool static_problem_set(struct static_def *def, const char *text);
/* EV_NET: refreshes the entries that it concerns (follow.c). */
void static_net_event(struct static_self *self, const struct net_change *c, struct proto_ctx *ctx);
/* One form for every key: "*" has the group's family, nothing stands in padding or behind a prefix. */
struct dp_route_key static_key_normal(const struct dp_route_key *k);
/* The entry of a key of that form, or NULL. */
struct static_entry *static_entry_find(
	const struct static_self *self, const struct dp_route_key *key);
