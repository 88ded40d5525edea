/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * An intrusive ordered tree: a treap, so that it stays shallow whatever the order in which keys come.
 * Whoever uses it gives the order; nodes are embedded in the owner's objects, so adding never fails.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct order_node {
	struct order_node *left, *right, *up;
	uint32_t prio; /* random; no child's is higher */
};

struct order_tree {
	struct order_node *root;
	/* <0, 0, >0 as the key stands before, at or behind the node */
	int (*cmp)(const void *key, const struct order_node *node);
	uint64_t random; /* state */
};

/* seed: any; it decides the shape only. */
void order_init(struct order_tree *t, int (*cmp)(const void *key, const struct order_node *node),
	uint64_t seed);
/* Adds a node; key is its own and no other node has it. */
void order_add(struct order_tree *t, struct order_node *node, const void *key);
/* Removes a node that is in the tree. */
void order_del(struct order_tree *t, struct order_node *node);
/* The first node in order, the one behind node, the first one not before key. NULL: none. Nodes may be
 * added or others removed meanwhile. */
struct order_node *order_first(const struct order_tree *t);
struct order_node *order_next(const struct order_node *node);
struct order_node *order_seek(const struct order_tree *t, const void *key);
