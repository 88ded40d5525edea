/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The trie: subtrees against a naive model, and that it leaves no forks behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <time.h>

#include "control/net/trie.h"

#define N 600

struct set {
	struct prefix v[N];
	size_t n;
};

static uint64_t rng;

static uint32_t rnd(void)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng >> 33);
}

static struct prefix rnd_prefix(enum ip_family family)
{
	struct ipaddr a = {.family = family};

	for (unsigned i = 0; i < ip_bytes(&a); i++)
		a.b[i] = rnd() % 3 ? 0 : (uint8_t)(0x80u >> rnd() % 8);
	return prefix_make(a, (uint8_t)(rnd() % (ip_bits(&a) + 1u)));
}

static bool set_has(const struct set *s, const struct prefix *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (prefix_eq(&s->v[i], p))
			return true;
	return false;
}

static void put(struct trie *t, struct set *s, const struct prefix *p)
{
	struct trie_node *n = trie_get(t, p);

	assert_non_null(n);
	assert_int_equal(n->data != NULL, set_has(s, p));
	if (!n->data)
		s->v[s->n++] = *p;
	n->data = t;
}

static void take(struct trie *t, struct set *s, size_t i)
{
	struct prefix p = s->v[i];
	struct trie_node *n = trie_find(t, &p);

	assert_non_null(n);
	n->data = NULL;
	trie_trim(t, &p);
	s->v[i] = s->v[--s->n];
}

static void assert_subtree(const struct trie *t, const struct set *s, const struct prefix *under)
{
	struct trie_walk w;
	const struct trie_node *n;
	size_t found = 0, want = 0;

	for (size_t i = 0; i < s->n; i++)
		want += prefix_covers(under, &s->v[i]);
	trie_walk_begin(&w, t, under);
	while ((n = trie_walk_next(&w)) != NULL) {
		struct prefix p = trie_prefix(t, n);

		assert_true(prefix_covers(under, &p));
		assert_true(set_has(s, &p));
		found++;
	}
	assert_int_equal(found, want);
}

/* Every node has data or two branches; the number of nodes. */
static size_t assert_no_needless_fork(const struct trie_node *n)
{
	if (!n)
		return 0;
	assert_true(n->data || (n->child[0] && n->child[1]));
	return 1 + assert_no_needless_fork(n->child[0]) + assert_no_needless_fork(n->child[1]);
}

static void run(enum ip_family family)
{
	struct set *s = calloc(1, sizeof(*s));
	struct trie t;

	rng = (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)rng);
	trie_init(&t, family);
	for (unsigned i = 0; i < 4000; i++) {
		struct prefix p = rnd_prefix(family), under = rnd_prefix(family);

		if (s->n < N && rnd() % 5 < 3)
			put(&t, s, &p);
		else if (s->n)
			take(&t, s, rnd() % s->n);
		assert_int_equal(trie_find(&t, &p) && trie_find(&t, &p)->data, set_has(s, &p));
		assert_subtree(&t, s, &under);
	}
	assert_true(assert_no_needless_fork(t.root) < 2 * s->n);
	while (s->n)
		take(&t, s, s->n - 1);
	assert_null(t.root);
	trie_fini(&t);
	free(s);
}

static void subtrees_agree_with_a_naive_model_ipv4(void **state)
{
	run(IP_V4);
}

static void subtrees_agree_with_a_naive_model_ipv6(void **state)
{
	run(IP_V6);
}

static void path_lists_what_holds_an_address_shortest_first(void **state)
{
	static const char *const in[] = {"10.1.0.0/16", "0.0.0.0/0", "10.1.2.3/32", "10.2.0.0/16"};
	struct trie_node *nodes[TRIE_DEPTH_MAX];
	struct ipaddr a = ip4(0x0a010203);
	struct prefix p;
	struct trie t;

	trie_init(&t, IP_V4);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		assert_int_equal(prefix_parse(in[i], &p), 0);
		trie_get(&t, &p)->data = &t;
	}
	assert_int_equal(trie_path(&t, &a, nodes), 3);
	assert_int_equal(nodes[0]->len, 0);
	assert_int_equal(nodes[1]->len, 16);
	assert_int_equal(nodes[2]->len, 32);
	trie_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subtrees_agree_with_a_naive_model_ipv4),
		cmocka_unit_test(subtrees_agree_with_a_naive_model_ipv6),
		cmocka_unit_test(path_lists_what_holds_an_address_shortest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
