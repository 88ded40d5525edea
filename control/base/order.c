/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The ordered tree: a leaf is added where the order wants it and rotated up to where its priority
 * belongs; a node that leaves is rotated down until it has one child at most.
 */
#include "control/base/order.h"

#include "control/base/prng.h"

void order_init(struct order_tree *t, int (*cmp)(const void *key, const struct order_node *node),
	uint64_t seed)
{
	*t = (struct order_tree){.cmp = cmp, .random = seed | 1};
}

/* The pointer that points to node. */
static struct order_node **link_to(struct order_tree *t, const struct order_node *node)
{
	if (!node->up)
		return &t->root;
	return node->up->left == node ? &node->up->left : &node->up->right;
}

/* Puts child, a child of its parent, in the parent's place and the parent below it. */
static void rotate_up(struct order_tree *t, struct order_node *child)
{
	struct order_node *parent = child->up, **link = link_to(t, parent), *middle;

	if (parent->left == child) {
		middle = child->right;
		parent->left = middle;
		child->right = parent;
	} else {
		middle = child->left;
		parent->right = middle;
		child->left = parent;
	}
	if (middle)
		middle->up = parent;
	child->up = parent->up;
	parent->up = child;
	*link = child;
}

void order_add(struct order_tree *t, struct order_node *node, const void *key)
{
	struct order_node **link = &t->root, *up = NULL;
	struct prng r = {t->random};

	while (*link) {
		up = *link;
		link = t->cmp(key, up) < 0 ? &up->left : &up->right;
	}
	*node = (struct order_node){.up = up, .prio = (uint32_t)(prng_u64(&r) >> 32)};
	t->random = r.state;
	*link = node;
	while (node->up && node->up->prio < node->prio)
		rotate_up(t, node);
}

void order_del(struct order_tree *t, struct order_node *node)
{
	struct order_node *child;

	while (node->left && node->right)
		rotate_up(t, node->left->prio > node->right->prio ? node->left : node->right);
	child = node->left ? node->left : node->right;
	*link_to(t, node) = child;
	if (child)
		child->up = node->up;
}

struct order_node *order_first(const struct order_tree *t)
{
	struct order_node *n = t->root;

	while (n && n->left)
		n = n->left;
	return n;
}

struct order_node *order_next(const struct order_node *node)
{
	struct order_node *n = node->right;

	if (n) {
		while (n->left)
			n = n->left;
		return n;
	}
	for (n = node->up; n && n->right == node; n = n->up)
		node = n;
	return n;
}

struct order_node *order_seek(const struct order_tree *t, const void *key)
{
	struct order_node *n = t->root, *best = NULL;

	while (n) {
		if (t->cmp(key, n) <= 0) {
			best = n;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}
