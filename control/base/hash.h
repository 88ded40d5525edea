/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * An intrusive chained hash table that doubles as it fills. Whoever uses it computes the hash and
 * compares the keys; nodes are embedded in the owner's objects, so adding never fails.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* One more word of a hash (not for security). */
static inline uint32_t hash_mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ h >> 15;
}

struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

struct hash_table {
	struct hash_node **buckets;
	uint32_t mask;
	size_t n;
};

/* 0 or -ENOMEM. fini forgets the nodes; they are their owners'. */
int hash_init(struct hash_table *t);
void hash_fini(struct hash_table *t);
/* Adds a node in front of its equals. If memory for more buckets is out, chains get longer. */
void hash_add(struct hash_table *t, struct hash_node *node, uint32_t hash);
/* Removes a node that is in the table. */
void hash_del(struct hash_table *t, struct hash_node *node);
/* First node with this hash, and the next one with the hash of node; NULL. */
struct hash_node *hash_first(const struct hash_table *t, uint32_t hash);
struct hash_node *hash_same(const struct hash_node *node);
/* The node after this one in no particular order (NULL: the first). Fetch it before deleting node;
 * adding may reorder. */
struct hash_node *hash_next(const struct hash_table *t, const struct hash_node *node);
/* Gives cb the nodes of one bucket and returns where to go on; begin with 0, 0 again means that all
 * were seen. Nodes may be added and deleted between two calls, also while the table grows: one that
 * was there all the time is seen at least once. cb must not change the table. */
uint32_t hash_scan(const struct hash_table *t, uint32_t cursor,
	void (*cb)(void *arg, struct hash_node *node), void *arg);
