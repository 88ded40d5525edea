/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A path-compressed binary trie of prefixes of one family. A node with data stands for a prefix
 * that was put in; a node without is a fork between two of them. Nodes hold their own key, so a
 * lookup touches no more than them, and take 32 (IPv4) or 48 bytes (IPv6).
 */
#pragma once

#include "control/base/slab.h"
#include "dataplane/seam/addr.h"

#define TRIE_DEPTH_MAX 129 /* prefixes of different length on the way to one IPv6 address */

struct trie_node {
	void *data; /* the user's; NULL: only a fork */
	struct trie_node *child[2];
	uint8_t len;
	uint8_t key[]; /* 4 or 16 bytes */
};

struct trie {
	struct trie_node *root;
	struct slab nodes;
	uint8_t family;
	uint8_t bytes;
};

void trie_init(struct trie *t, enum ip_family family);
/* Data is its user's. */
void trie_fini(struct trie *t);

/* The node of exactly this prefix, made if it is absent (its data is NULL then, and the caller sets
 * it, or calls trie_trim). NULL: no memory. */
struct trie_node *trie_get(struct trie *t, const struct prefix *p);
struct trie_node *trie_find(const struct trie *t, const struct prefix *p);
/* Takes the prefix's node out if its data is NULL, forks that are needless then included. */
void trie_trim(struct trie *t, const struct prefix *p);
/* The nodes with data whose prefixes hold ip, shortest first; their number. */
unsigned trie_path(
	const struct trie *t, const struct ipaddr *ip, struct trie_node *nodes[TRIE_DEPTH_MAX]);
struct prefix trie_prefix(const struct trie *t, const struct trie_node *n);

/* All nodes with data within a prefix, in order. The trie must not change meanwhile. */
struct trie_walk {
	unsigned n;
	struct trie_node *stack[TRIE_DEPTH_MAX + 1];
};
/* under NULL: the whole trie. */
void trie_walk_begin(struct trie_walk *w, const struct trie *t, const struct prefix *under);
struct trie_node *trie_walk_next(struct trie_walk *w);
