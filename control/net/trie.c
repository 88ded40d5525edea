/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The trie: descend while the node's prefix holds the key, fork where they part.
 */
#include "control/net/trie.h"

void trie_init(struct trie *t, enum ip_family family)
{
	memset(t, 0, sizeof(*t));
	t->family = family;
	t->bytes = family == IP_V4 ? 4 : 16;
	slab_init(&t->nodes, offsetof(struct trie_node, key) + t->bytes);
}

void trie_fini(struct trie *t)
{
	slab_fini(&t->nodes);
	t->root = NULL;
}

/* The bit of a key behind its first `at`; 0 behind the last. */
static unsigned bit(const struct trie *t, const uint8_t *key, unsigned at)
{
	if (at >= t->bytes * 8u)
		return 0;
	return (key[at / 8] >> (7 - at % 8)) & 1;
}

/* How many leading bits a and b share, at most max. */
static unsigned common(const uint8_t *a, const uint8_t *b, unsigned max)
{
	unsigned n = 0;

	while (n < max && a[n / 8] == b[n / 8])
		n += 8;
	if (n >= max)
		return max;
	n += (unsigned)__builtin_clz((unsigned)(a[n / 8] ^ b[n / 8])) - 24;
	return n < max ? n : max;
}

static bool holds(const struct trie_node *n, const uint8_t *key, unsigned len)
{
	return n->len <= len && common(n->key, key, n->len) == n->len;
}

static struct trie_node *node_new(struct trie *t, const uint8_t *key, unsigned len)
{
	struct trie_node *n = slab_get(&t->nodes);
	struct ipaddr ip = {0};

	if (!n)
		return NULL;
	memcpy(ip.b, key, t->bytes);
	ip = ip_mask(ip, (uint8_t)len);
	memcpy(n->key, ip.b, t->bytes);
	n->len = (uint8_t)len;
	return n;
}

/* Puts a new node for (key, len) where n is, n below it; same is what they share. */
static struct trie_node *split(
	struct trie *t, struct trie_node **at, const uint8_t *key, unsigned len, unsigned same)
{
	struct trie_node *n = *at, *leaf = node_new(t, key, len), *fork;

	if (!leaf)
		return NULL;
	if (same == len) {
		leaf->child[bit(t, n->key, len)] = n;
		*at = leaf;
		return leaf;
	}
	fork = node_new(t, key, same);
	if (!fork) {
		slab_put(&t->nodes, leaf);
		return NULL;
	}
	fork->child[bit(t, n->key, same)] = n;
	fork->child[bit(t, key, same)] = leaf;
	*at = fork;
	return leaf;
}

struct trie_node *trie_get(struct trie *t, const struct prefix *p)
{
	const uint8_t *key = p->addr.b;
	struct trie_node **at = &t->root, *n;

	while ((n = *at) != NULL) {
		unsigned shorter = n->len < p->len ? n->len : p->len;
		unsigned same = common(n->key, key, shorter);

		if (same < n->len)
			return split(t, at, key, p->len, same);
		if (n->len == p->len)
			return n;
		at = &n->child[bit(t, key, n->len)];
	}
	*at = node_new(t, key, p->len);
	return *at;
}

struct trie_node *trie_find(const struct trie *t, const struct prefix *p)
{
	struct trie_node *n = t->root;

	while (n && holds(n, p->addr.b, p->len)) {
		if (n->len == p->len)
			return n;
		n = n->child[bit(t, p->addr.b, n->len)];
	}
	return NULL;
}

/* Takes the node at *at out if it is no use: no data, and not two children. */
static void trim_at(struct trie *t, struct trie_node **at)
{
	struct trie_node *n = *at;

	if (n->data || (n->child[0] && n->child[1]))
		return;
	*at = n->child[0] ? n->child[0] : n->child[1];
	slab_put(&t->nodes, n);
}

void trie_trim(struct trie *t, const struct prefix *p)
{
	struct trie_node **at = &t->root, **parent = NULL;

	while (*at && holds(*at, p->addr.b, p->len)) {
		if ((*at)->len == p->len) {
			trim_at(t, at);
			/* A fork above that lost a branch is needless, too. */
			if (parent)
				trim_at(t, parent);
			return;
		}
		parent = at;
		at = &(*at)->child[bit(t, p->addr.b, (*at)->len)];
	}
}

unsigned trie_path(
	const struct trie *t, const struct ipaddr *ip, struct trie_node *nodes[TRIE_DEPTH_MAX])
{
	struct trie_node *n = t->root;
	unsigned found = 0;

	while (n && holds(n, ip->b, t->bytes * 8u)) {
		if (n->data)
			nodes[found++] = n;
		n = n->child[bit(t, ip->b, n->len)];
		/* bit() past a full key is 0, and such a node has no children. */
	}
	return found;
}

struct prefix trie_prefix(const struct trie *t, const struct trie_node *n)
{
	struct prefix p = {.addr = {.family = t->family}, .len = n->len};

	memcpy(p.addr.b, n->key, t->bytes);
	return p;
}

void trie_walk_begin(struct trie_walk *w, const struct trie *t, const struct prefix *under)
{
	struct trie_node *n = t->root;

	w->n = 0;
	/* The highest node that lies within the prefix; all that do are below it. */
	while (n && under && n->len < under->len && holds(n, under->addr.b, under->len))
		n = n->child[bit(t, under->addr.b, n->len)];
	if (n && under &&
		(n->len < under->len || common(n->key, under->addr.b, under->len) < under->len))
		n = NULL;
	if (n)
		w->stack[w->n++] = n;
}

struct trie_node *trie_walk_next(struct trie_walk *w)
{
	while (w->n) {
		struct trie_node *n = w->stack[--w->n];

		if (n->child[1])
			w->stack[w->n++] = n->child[1];
		if (n->child[0])
			w->stack[w->n++] = n->child[0];
		if (n->data)
			return n;
	}
	return NULL;
}
