/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The route table against a naive model, and its promises one by one.
 */
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int set(struct dataplane *d, const struct dp_route *r)
{
	return route_set(d, r, 1, NULL);
}

static void set_ok(struct dataplane *d, const char *src, const char *grp, uint16_t iif)
{
	struct dp_route r = fixture_route(src, grp, iif, 0);

	assert_int_equal(set(d, &r), 0);
}

static int del(struct dataplane *d, const char *src, const char *grp)
{
	struct dp_route_key k = fixture_key(src, grp);

	return route_del(d, &k, 1);
}

/* The input of the route that a packet finds; 0 for none. */
static uint16_t found(struct dataplane *d, const char *src, const char *grp)
{
	struct ipaddr s, g;
	const struct mfib_route *r;

	assert_int_equal(ip_parse(src, &s), 0);
	assert_int_equal(ip_parse(grp, &g), 0);
	r = fixture_lookup(d, &s, &g);
	return r ? r->iif : 0;
}

static void longest_group_wins_then_longest_source(void **state)
{
	struct dataplane *d = fixture_new(1, 100);

	set_ok(d, "*", "224.0.0.0/4", 1);
	set_ok(d, "10.1.1.1", "239.0.0.0/8", 2);
	set_ok(d, "*", "239.1.1.1", 3);
	set_ok(d, "10.0.0.0/8", "239.1.1.1", 4);
	set_ok(d, "10.1.1.1", "239.1.1.1", 5);
	assert_int_equal(found(d, "10.1.1.1", "239.1.1.1"), 5);
	assert_int_equal(found(d, "10.1.1.2", "239.1.1.1"), 4);
	assert_int_equal(found(d, "11.1.1.2", "239.1.1.1"), 3);
	assert_int_equal(found(d, "10.1.1.1", "239.1.1.2"), 2);
	assert_int_equal(found(d, "10.1.1.2", "239.1.1.2"), 1);
	assert_int_equal(del(d, "*", "224.0.0.0/4"), 0);
	assert_int_equal(found(d, "10.1.1.2", "239.1.1.2"), 0);
	fixture_free(d);
}

static void families_do_not_mix(void **state)
{
	struct dataplane *d = fixture_new(1, 100);

	set_ok(d, "*", "ff00::/8", 6);
	set_ok(d, "2001:db8::1", "ff3e::1", 7);
	assert_int_equal(found(d, "10.1.1.1", "239.1.1.1"), 0);
	set_ok(d, "*", "224.0.0.0/4", 4);
	assert_int_equal(found(d, "2001:db8::1", "ff3e::1"), 7);
	assert_int_equal(found(d, "2001:db8::2", "ff3e::1"), 6);
	assert_int_equal(found(d, "10.1.1.1", "239.1.1.1"), 4);
	fixture_free(d);
}

static void malformed_routes_are_refused(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	struct dp_route good = fixture_route("10.0.0.0/8", "239.1.1.1", 1, 0), r;

	r = good, r.key.src.addr.b[3] = 1; /* bits behind the length */
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.key.src.addr.family = IP_V6;
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.key.grp.len = 33;
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.key.grp.addr.b[0] = 10; /* no group */
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.inputs[0].ifid = 0;
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.inputs[0].ifid = DP_IFS_MAX;
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.n_inputs = 2, r.inputs[1] = r.inputs[0];
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.n_inputs = DP_INPUTS_MAX + 1;
	assert_int_equal(set(d, &r), -EINVAL);
	r = good, r.list = 5; /* no such list */
	assert_int_equal(set(d, &r), -EINVAL);
	assert_int_equal(d->mfib.live, 0);
	assert_int_equal(set(d, &good), 0);
	fixture_free(d);
}

static void bulk_stops_at_the_first_error_and_says_where(void **state)
{
	struct dataplane *d = fixture_new(1, 2);
	struct dp_route r[3] = {fixture_route("*", "239.1.1.1", 1, 0),
		fixture_route("*", "239.1.1.2", 1, 0), fixture_route("*", "239.1.1.3", 1, 0)};
	uint32_t done = 0;

	assert_int_equal(route_set(d, r, 3, &done), -ENOSPC);
	assert_int_equal(done, 2);
	assert_int_equal(set(d, &r[1]), 0); /* a replacement fits */
	assert_int_equal(del(d, "*", "239.1.1.1"), 0);
	assert_int_equal(set(d, &r[2]), 0);
	fixture_free(d);
}

static void delete_of_a_missing_key_deletes_the_others(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_route_key k[3] = {fixture_key("*", "239.1.1.1"), fixture_key("*", "239.9.9.9"),
		fixture_key("*", "239.1.1.2")};

	set_ok(d, "*", "239.1.1.1", 1);
	set_ok(d, "*", "239.1.1.2", 1);
	assert_int_equal(route_del(d, k, 3), -ENOENT);
	assert_int_equal(d->mfib.live, 0);
	fixture_free(d);
}

static void a_replaced_entry_stays_whole_until_the_reader_has_left(void **state)
{
	struct dataplane *d = fixture_new(1, 4);
	uint32_t one = fixture_list(d, (uint32_t[]){1}, 1),
		 two = fixture_list(d, (uint32_t[]){2}, 1);
	struct dp_route r = fixture_route("10.0.0.1", "239.1.1.1", 1, one);
	const struct mfib_route *old, *now;

	assert_int_equal(set(d, &r), 0);
	fixture_enter(d, 0);
	old = fixture_lookup(d, &r.key.src.addr, &r.key.grp.addr);
	for (uint16_t i = 2; i < 5; i++) { /* as many as there are spare entries */
		r.inputs[0].ifid = i;
		r.list = two;
		assert_int_equal(set(d, &r), 0);
	}
	now = fixture_lookup(d, &r.key.src.addr, &r.key.grp.addr);
	assert_ptr_not_equal(old, now);
	assert_int_equal(old->iif, 1);
	assert_int_equal(old->list->oifs[0], 1);
	assert_int_equal(now->iif, 4);
	assert_int_equal(now->list->oifs[0], 2);
	assert_int_equal(now->counter, old->counter);
	fixture_leave(d, 0);
	fixture_free(d);
}

static void entries_are_used_again_after_the_grace_period_only(void **state)
{
	struct dataplane *d = fixture_new(1, 2); /* 4 entries */
	struct dp_route r = fixture_route("*", "239.1.1.1", 1, 0);
	unsigned n = 0;

	fixture_enter(d, 0);
	while (set(d, &r) == 0) {
		r.inputs[0].ifid++;
		assert_in_range(++n, 1, 4);
	}
	assert_int_equal(n, 4);
	assert_int_equal(set(d, &r), -ENOSPC);
	assert_int_equal(found(d, "10.0.0.1", "239.1.1.1"), 4); /* nothing changed */
	fixture_leave(d, 0);
	assert_int_equal(set(d, &r), 0);
	assert_int_equal(found(d, "10.0.0.1", "239.1.1.1"), 5);
	fixture_free(d);
}

static void setting_the_same_again_changes_nothing(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_route r = fixture_route("*", "239.1.1.1", 1, 0);
	const struct mfib_route *before;

	r.n_inputs = 2;
	r.inputs[1] = (struct dp_input){.ifid = 9, .flags = DP_INPUT_DROP};
	assert_int_equal(set(d, &r), 0);
	before = mfib_find(&d->mfib, &r.key);
	r.inputs[1] = r.inputs[0];
	r.inputs[0] = (struct dp_input){.ifid = 9, .flags = DP_INPUT_DROP};
	assert_int_equal(set(d, &r), 0);
	assert_ptr_equal(mfib_find(&d->mfib, &r.key), before);
	fixture_free(d);
}

static void any_is_the_last_of_several_inputs(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_route r = fixture_route("*", "239.1.1.1", DP_IF_ANY, 0);
	const struct mfib_route *e;

	r.n_inputs = 2;
	r.inputs[1] = (struct dp_input){.ifid = 5, .flags = DP_INPUT_DROP};
	assert_int_equal(set(d, &r), 0);
	e = mfib_find(&d->mfib, &r.key);
	assert_int_equal(e->iif, 0);
	assert_int_equal(e->inputs->n, 2);
	assert_int_equal(e->inputs->v[0].ifid, 5);
	assert_int_equal(e->inputs->v[1].ifid, DP_IF_ANY);
	fixture_free(d);
}

static void a_route_holds_its_list(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	uint32_t id = fixture_list(d, (uint32_t[]){1, 2}, 2);
	struct dp_route r = fixture_route("*", "239.1.1.1", 1, id);

	assert_int_equal(set(d, &r), 0);
	lists_unref(&d->lists, lists_find(&d->lists, id));
	assert_non_null(lists_find(&d->lists, id));
	r.list = 0;
	assert_int_equal(set(d, &r), 0);
	assert_null(lists_find(&d->lists, id));
	fixture_free(d);
}

static void resync_sweeps_what_was_not_set_again(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_route keep = fixture_route("*", "239.1.1.1", 1, 0);

	assert_int_equal(mfib_resync_end(&d->mfib), -EINVAL);
	assert_int_equal(set(d, &keep), 0);
	set_ok(d, "*", "239.1.1.2", 1);
	mfib_resync_begin(&d->mfib);
	assert_int_equal(set(d, &keep), 0);
	set_ok(d, "*", "239.1.1.3", 1);
	assert_int_equal(found(d, "10.0.0.1", "239.1.1.2"), 1); /* not before the end */
	assert_int_equal(mfib_resync_end(&d->mfib), 0);
	assert_int_equal(found(d, "10.0.0.1", "239.1.1.1"), 1);
	assert_int_equal(found(d, "10.0.0.1", "239.1.1.2"), 0);
	assert_int_equal(found(d, "10.0.0.1", "239.1.1.3"), 1);
	assert_int_equal(d->mfib.live, 2);
	fixture_free(d);
}

static void a_new_route_under_an_old_key_counts_from_zero(void **state)
{
	struct dataplane *d = fixture_new(2, 10);
	struct dp_route r = fixture_route("*", "239.1.1.1", 1, 0);
	struct dp_route_counters c;

	for (int again = 0; again < 3; again++) {
		uint32_t counter;

		assert_int_equal(set(d, &r), 0);
		assert_int_equal(stats_route(d, &r.key, &c), 0);
		assert_int_equal(c.packets, 0);
		assert_true(c.last_used_ms == UINT64_MAX);
		counter = mfib_find(&d->mfib, &r.key)->counter;
		d->workers[0]->route_ctr[counter].packets = 5;
		d->workers[1]->route_ctr[counter].packets = 6;
		assert_int_equal(stats_route(d, &r.key, &c), 0);
		assert_int_equal(c.packets, 11);
		assert_int_equal(route_del(d, &r.key, 1), 0);
		assert_int_equal(stats_route(d, &r.key, &c), -ENOENT);
		if (again)
			retire_reclaim(&d->retire, 100);
	}
	fixture_free(d);
}

/* --- the model -------------------------------------------------------------------------------------- */

#define MODEL_MAX 400

struct model {
	struct dp_route_key key[MODEL_MAX];
	uint16_t iif[MODEL_MAX]; /* 0: not there */
};

/* Few bits vary, so that prefixes cover each other often. */
static struct ipaddr random_address(uint64_t *seed, uint8_t family, bool group)
{
	struct ipaddr a = {.family = family};
	unsigned last = ip_bytes(&a) - 1;

	a.b[0] = group ? (family == IP_V4 ? 239 : 0xff) : 10;
	a.b[1] = (uint8_t)fixture_random(seed, 2);
	a.b[last - 1] = (uint8_t)fixture_random(seed, 2);
	a.b[last] = (uint8_t)fixture_random(seed, 4);
	return a;
}

static struct dp_route_key random_key(uint64_t *seed, uint8_t family)
{
	static const uint8_t lens4[] = {32, 32, 31, 30, 24, 16, 8},
			     lens6[] = {128, 127, 120, 64, 16};
	const uint8_t *lens = family == IP_V4 ? lens4 : lens6;
	uint32_t n = family == IP_V4 ? sizeof(lens4) : sizeof(lens6);
	uint8_t src = fixture_random(seed, 5) ? lens[fixture_random(seed, n)] : 0;
	uint8_t grp = lens[fixture_random(seed, n)];

	return (struct dp_route_key){
		.src = prefix_make(random_address(seed, family, false), src),
		.grp = prefix_make(random_address(seed, family, true), grp),
	};
}

static bool key_eq(const struct dp_route_key *a, const struct dp_route_key *b)
{
	return prefix_eq(&a->src, &b->src) && prefix_eq(&a->grp, &b->grp);
}

static void model_set(struct model *m, const struct dp_route_key *k, uint16_t iif)
{
	int slot = -1;

	for (int i = 0; i < MODEL_MAX; i++) {
		if (m->iif[i] ? key_eq(&m->key[i], k) : slot < 0)
			slot = i;
		if (m->iif[i] && key_eq(&m->key[i], k))
			break;
	}
	m->key[slot] = *k;
	m->iif[slot] = iif;
}

static bool model_del(struct model *m, const struct dp_route_key *k)
{
	for (int i = 0; i < MODEL_MAX; i++) {
		if (m->iif[i] && key_eq(&m->key[i], k)) {
			m->iif[i] = 0;
			return true;
		}
	}
	return false;
}

static uint16_t model_lookup(const struct model *m, const struct ipaddr *s, const struct ipaddr *g)
{
	int best = -1;

	for (int i = 0; i < MODEL_MAX; i++) {
		const struct dp_route_key *k = &m->key[i];

		if (!m->iif[i] || !prefix_has(&k->src, s) || !prefix_has(&k->grp, g))
			continue;
		if (best < 0 || k->grp.len > m->key[best].grp.len ||
			(k->grp.len == m->key[best].grp.len && k->src.len > m->key[best].src.len))
			best = i;
	}
	return best < 0 ? 0 : m->iif[best];
}

static void random_changes_agree_with_the_model(void **state)
{
	uint64_t seed = fixture_seed(__func__);
	struct dataplane *d = fixture_new(1, 1000);
	struct model *m = calloc(1, sizeof(*m));

	for (int step = 0; step < 30000; step++) {
		uint8_t family = fixture_random(&seed, 2) ? IP_V4 : IP_V6;
		struct dp_route r = {.n_inputs = 1, .key = random_key(&seed, family)};
		bool shrinking = step / 3000 % 2;

		if (d->mfib.live < MODEL_MAX && fixture_random(&seed, 10) > (shrinking ? 6 : 3)) {
			r.inputs[0].ifid = (uint16_t)(fixture_random(&seed, 4000) + 1);
			assert_int_equal(set(d, &r), 0);
			model_set(m, &r.key, r.inputs[0].ifid);
		} else {
			bool was = model_del(m, &r.key);

			assert_int_equal(route_del(d, &r.key, 1), was ? 0 : -ENOENT);
		}
		for (int i = 0; i < 4; i++) {
			struct ipaddr s = random_address(&seed, family, false);
			struct ipaddr g = random_address(&seed, family, true);
			const struct mfib_route *e = fixture_lookup(d, &s, &g);

			assert_int_equal(e ? e->iif : 0, model_lookup(m, &s, &g));
		}
	}
	free(m);
	fixture_free(d);
}

/* --- size ----------------------------------------------------------------------------------------------- */

static void host_route(struct dp_route *r, uint32_t i, bool v6)
{
	memset(r, 0, sizeof(*r));
	r->n_inputs = 1;
	r->inputs[0] =
		(struct dp_input){.ifid = (uint16_t)(i % 4000 + 1), .flags = DP_INPUT_ACCEPT};
	if (!v6) {
		r->key.src = prefix_host(ip4(0x0a000000 + i / 256));
		r->key.grp = prefix_host(ip4(0xef000000 + i % 256));
		return;
	}
	r->key.src.addr.family = r->key.grp.addr.family = IP_V6;
	r->key.src.len = r->key.grp.len = 128;
	r->key.src.addr.b[0] = 0x20;
	r->key.grp.addr.b[0] = 0xff;
	r->key.src.addr.w_be[3] = htonl(i);
	r->key.grp.addr.b[15] = 7;
}

static void the_table_grows_and_shrinks_without_losing_a_route(void **state)
{
	struct dataplane *d = fixture_new(1, 200000);
	const uint32_t n = 150000;
	struct dp_route r;

	for (uint32_t i = 0; i < n; i++) {
		host_route(&r, i, i & 1);
		assert_int_equal(set(d, &r), 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct mfib_route *e;

		host_route(&r, i, i & 1);
		e = fixture_lookup(d, &r.key.src.addr, &r.key.grp.addr);
		assert_non_null(e);
		assert_int_equal(e->iif, r.inputs[0].ifid);
	}
	assert_true(mfib_table(&d->mfib)->bytes > n * 16);
	for (uint32_t i = 100; i < n; i++) {
		host_route(&r, i, i & 1);
		assert_int_equal(route_del(d, &r.key, 1), 0);
	}
	assert_true(mfib_table(&d->mfib)->bytes < 64 * 1024);
	for (uint32_t i = 0; i < 200; i++) {
		host_route(&r, i, i & 1);
		assert_true(
			(fixture_lookup(d, &r.key.src.addr, &r.key.grp.addr) != NULL) == (i < 100));
	}
	fixture_free(d);
}

static void deleted_slots_do_not_fill_the_table(void **state)
{
	struct dataplane *d = fixture_new(1, 10000);
	struct dp_route r;

	for (uint32_t i = 0; i < 200000; i++) {
		host_route(&r, i, false);
		assert_int_equal(set(d, &r), 0);
		if (i < 5000)
			continue;
		host_route(&r, i - 5000, false);
		assert_int_equal(route_del(d, &r.key, 1), 0);
	}
	assert_true(mfib_table(&d->mfib)->bytes <= 5000 * 8 * 8);
	fixture_free(d);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Design section 8. The time is only printed: scripts/bench has the row that judges it. */
static void a_million_routes_take_less_than_200_bytes_each(void **state)
{
	const uint32_t n = 1000000;
	struct dataplane *d = fixture_new(0, n);
	struct dp_route *r = calloc(1000, sizeof(*r));
	uint32_t list = fixture_list(d, (uint32_t[]){1, 2, 3}, 3);
	double took = 0, start;
	size_t bytes;

	for (uint32_t at = 0; at < n; at += 1000) {
		for (uint32_t i = 0; i < 1000; i++) {
			host_route(&r[i], at + i, false);
			r[i].list = list;
		}
		start = seconds();
		assert_int_equal(route_set(d, r, 1000, NULL), 0);
		took += seconds() - start;
	}
	retire_reclaim(&d->retire, UINT32_MAX);
	bytes = region_resident(d->t.routes, d->mfib.entries.next * sizeof(struct mfib_route)) +
		region_resident(d->mfib.ctl, d->mfib.counters.next * sizeof(struct mfib_ctl)) +
		region_resident(mfib_table(&d->mfib), mfib_table(&d->mfib)->bytes);
	print_message("%u routes: %.3f s, %.1f bytes a route\n", n, took, (double)bytes / n);
	assert_true(bytes / n < 200);
	free(r);
	fixture_free(d);
}

static void addresses_in_sequence_spread_over_the_lines(void **state)
{
	struct dataplane *d = fixture_new(0, 300000);
	struct mfib_table *tab;
	uint32_t full = 0;
	struct dp_route r;

	for (uint32_t i = 0; i < 262144; i++) {
		host_route(&r, i, i & 1);
		assert_int_equal(set(d, &r), 0);
	}
	tab = mfib_table(&d->mfib);
	for (uint32_t i = 0; i <= tab->mask; i++) {
		unsigned n = 0;

		for (unsigned s = 0; s < MFIB_SLOTS; s++)
			n += tab->lines[i].slots[s].index != MFIB_EMPTY;
		full += n == MFIB_SLOTS;
	}
	/* Poisson with 4 a line at the very most: 5 % of the lines are full */
	assert_true(full < (tab->mask + 1) / 12);
	fixture_free(d);
}

/* Signatures of routes that are there, of some that were, and of none. */
static void vectors_find_the_same_candidates_as_the_plain_way(void **state)
{
	struct dataplane *d = fixture_new(1, 5000);
	uint32_t sig[64], best[64], plain[64], found = 0;
	const struct mfib_table *tab;
	struct dp_route r;

	for (uint32_t i = 0; i < 4000; i++) {
		host_route(&r, i, 0);
		assert_int_equal(set(d, &r), 0);
	}
	for (uint32_t i = 0; i < 4000; i += 3) {
		host_route(&r, i, 0);
		assert_int_equal(route_del(d, &r.key, 1), 0);
	}
	tab = mfib_table(&d->mfib);
	for (uint32_t at = 0; at <= tab->mask; at += 8) {
		for (uint32_t i = 0; i < 64; i++)
			sig[i] = tab->lines[at + i / 8].slots[i % 8].sig ^ (i % 5 == 4);
		d->t.lines_match(&d->t, tab, sig, best, 64);
		lines_match_plain(&d->t, tab, sig, plain, 64);
		assert_memory_equal(best, plain, sizeof(best));
		for (uint32_t i = 0; i < 64; i++)
			found += best[i] != 0;
	}
	assert_true(found > 1000);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_group_wins_then_longest_source),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(malformed_routes_are_refused),
		cmocka_unit_test(bulk_stops_at_the_first_error_and_says_where),
		cmocka_unit_test(delete_of_a_missing_key_deletes_the_others),
		cmocka_unit_test(a_replaced_entry_stays_whole_until_the_reader_has_left),
		cmocka_unit_test(entries_are_used_again_after_the_grace_period_only),
		cmocka_unit_test(setting_the_same_again_changes_nothing),
		cmocka_unit_test(any_is_the_last_of_several_inputs),
		cmocka_unit_test(a_route_holds_its_list),
		cmocka_unit_test(resync_sweeps_what_was_not_set_again),
		cmocka_unit_test(a_new_route_under_an_old_key_counts_from_zero),
		cmocka_unit_test(random_changes_agree_with_the_model),
		cmocka_unit_test(the_table_grows_and_shrinks_without_losing_a_route),
		cmocka_unit_test(deleted_slots_do_not_fill_the_table),
		cmocka_unit_test(a_million_routes_take_less_than_200_bytes_each),
		cmocka_unit_test(addresses_in_sequence_spread_over_the_lines),
		cmocka_unit_test(vectors_find_the_same_candidates_as_the_plain_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
