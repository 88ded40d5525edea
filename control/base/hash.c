/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The intrusive hash table.
 */
#include "control/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 16u
#define BUCKETS_MAX (1u << 26)

int hash_init(struct hash_table *t)
{
	*t = (struct hash_table){.mask = BUCKETS_MIN - 1};
	t->buckets = calloc(BUCKETS_MIN, sizeof(*t->buckets));
	return t->buckets ? 0 : -ENOMEM;
}

void hash_fini(struct hash_table *t)
{
	free(t->buckets);
	*t = (struct hash_table){0};
}

static void grow(struct hash_table *t)
{
	uint32_t size = (t->mask + 1) * 2;
	struct hash_node **buckets, *node, *next;

	if (size > BUCKETS_MAX)
		return;
	buckets = calloc(size, sizeof(*buckets));
	if (!buckets)
		return;
	for (uint32_t i = 0; i <= t->mask; i++)
		for (node = t->buckets[i]; node; node = next) {
			next = node->next;
			node->next = buckets[node->hash & (size - 1)];
			buckets[node->hash & (size - 1)] = node;
		}
	free(t->buckets);
	t->buckets = buckets;
	t->mask = size - 1;
}

void hash_add(struct hash_table *t, struct hash_node *node, uint32_t hash)
{
	if (t->n > t->mask)
		grow(t);
	node->hash = hash;
	node->next = t->buckets[hash & t->mask];
	t->buckets[hash & t->mask] = node;
	t->n++;
}

void hash_del(struct hash_table *t, struct hash_node *node)
{
	struct hash_node **at = &t->buckets[node->hash & t->mask];

	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	t->n--;
}

struct hash_node *hash_first(const struct hash_table *t, uint32_t hash)
{
	struct hash_node *node = t->buckets[hash & t->mask];

	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *hash_same(const struct hash_node *node)
{
	uint32_t hash = node->hash;
	struct hash_node *next = node->next;

	while (next && next->hash != hash)
		next = next->next;
	return next;
}

struct hash_node *hash_next(const struct hash_table *t, const struct hash_node *node)
{
	uint32_t i = 0;

	if (node) {
		if (node->next)
			return node->next;
		i = (node->hash & t->mask) + 1;
	}
	for (; i <= t->mask; i++)
		if (t->buckets[i])
			return t->buckets[i];
	return NULL;
}

static uint32_t bits_reversed(uint32_t v)
{
	uint32_t r = 0;

	for (int i = 0; i < 32; i++, v >>= 1)
		r = r << 1 | (v & 1);
	return r;
}

uint32_t hash_scan(const struct hash_table *t, uint32_t cursor,
	void (*cb)(void *arg, struct hash_node *node), void *arg)
{
	for (struct hash_node *node = t->buckets[cursor & t->mask]; node; node = node->next)
		cb(arg, node);
	/* Counting from the highest bit of the bucket's number down: a table that doubles splits
	 * bucket i into i and i + size, which are neighbours in this order. What was passed before
	 * the growth is passed after it. */
	return bits_reversed(bits_reversed(cursor | ~t->mask) + 1);
}
