/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * control/base: the timer heap against a naive model, ids, log, hash table, byte readers.
 */
#include "control/base/bytes.h"
#include "control/base/hash.h"
#include "control/base/idpool.h"
#include "control/base/order.h"
#include "control/base/prng.h"
#include "control/base/refused.h"
#include "control/base/route_key.h"
#include "tests/unit/control/world.h"

/* --- timers ------------------------------------------------------------------------------------ */

static void timers_pop_in_order_of_time(void **state)
{
	struct timer_heap *h = timer_heap_new();
	struct timer t[3] = {0};

	assert_int_equal(timer_next(h), TIMER_NEVER);
	assert_int_equal(timer_set(h, &t[0], 30), 0);
	assert_int_equal(timer_set(h, &t[1], 10), 0);
	assert_int_equal(timer_set(h, &t[2], 20), 0);
	assert_int_equal(timer_next(h), 10);
	assert_null(timer_pop(h, 9));
	assert_ptr_equal(timer_pop(h, 25), &t[1]);
	assert_false(timer_armed(&t[1]));
	assert_ptr_equal(timer_pop(h, 25), &t[2]);
	assert_null(timer_pop(h, 25));
	assert_ptr_equal(timer_pop(h, 30), &t[0]);
	assert_int_equal(timer_count(h), 0);
	timer_heap_free(h);
}

static void equal_times_pop_in_the_order_of_setting(void **state)
{
	struct timer_heap *h = timer_heap_new();
	struct timer t[100] = {0};

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(timer_set(h, &t[i], 5), 0);
	assert_int_equal(timer_set(h, &t[0], 5), 0); /* re-armed: now the last */
	for (unsigned i = 1; i < 100; i++)
		assert_ptr_equal(timer_pop(h, 5), &t[i]);
	assert_ptr_equal(timer_pop(h, 5), &t[0]);
	timer_heap_free(h);
}

static void cancelled_timer_never_pops_and_cancel_twice_is_harmless(void **state)
{
	struct timer_heap *h = timer_heap_new();
	struct timer a = {0}, b = {0};

	assert_int_equal(timer_set(h, &a, 1), 0);
	assert_int_equal(timer_set(h, &b, 2), 0);
	timer_cancel(h, &a);
	timer_cancel(h, &a);
	assert_ptr_equal(timer_pop(h, 10), &b);
	assert_null(timer_pop(h, 10));
	timer_heap_free(h);
}

static void time_left_is_never_for_a_timer_at_rest(void **state)
{
	struct timer_heap *h = timer_heap_new();
	struct timer t = {0};

	assert_int_equal(timer_left(&t, 5), TIMER_NEVER);
	assert_int_equal(timer_set(h, &t, 100), 0);
	assert_int_equal(timer_left(&t, 30), 70);
	assert_int_equal(timer_left(&t, 100), 0);
	assert_int_equal(timer_left(&t, 200), 0);
	timer_heap_free(h);
}

#define MODEL 200

static int model_first(const struct timer *t, const uint64_t *seq, uint64_t now)
{
	int best = -1;

	for (int i = 0; i < MODEL; i++)
		if (timer_armed(&t[i]) && t[i].due_us <= now &&
			(best < 0 || t[i].due_us < t[best].due_us ||
				(t[i].due_us == t[best].due_us && seq[i] < seq[best])))
			best = i;
	return best;
}

static void random_timers_agree_with_a_linear_search(void **state)
{
	struct prng r = {test_seed()};
	struct timer_heap *h = timer_heap_new();
	struct timer t[MODEL] = {0};
	uint64_t seq[MODEL] = {0}, next_seq = 1, now = 0;
	size_t armed = 0;

	for (int step = 0; step < 50000; step++) {
		uint32_t i = prng_below(&r, MODEL), what = prng_below(&r, 10);

		if (what < 5) {
			armed += !timer_armed(&t[i]);
			assert_int_equal(timer_set(h, &t[i], now + prng_below(&r, 50)), 0);
			seq[i] = next_seq++;
		} else if (what < 7) {
			armed -= timer_armed(&t[i]);
			timer_cancel(h, &t[i]);
		} else {
			int want;
			struct timer *got;

			now += prng_below(&r, 10);
			want = model_first(t, seq, now);
			got = timer_pop(h, now);
			assert_ptr_equal(got, want < 0 ? NULL : &t[want]);
			armed -= got != NULL;
		}
		assert_int_equal(timer_count(h), armed);
	}
	timer_heap_free(h);
}

static void a_million_timers_come_out_sorted(void **state)
{
	struct prng r = {test_seed()};
	struct timer_heap *h = timer_heap_new();
	struct timer *t = calloc(1000000, sizeof(*t));
	uint64_t last = 0;
	size_t n = 0;

	assert_non_null(t);
	for (size_t i = 0; i < 1000000; i++)
		assert_int_equal(timer_set(h, &t[i], prng_u64(&r) >> 1), 0);
	for (size_t i = 0; i < 1000000; i += 2)
		timer_cancel(h, &t[i]);
	for (struct timer *x; (x = timer_pop(h, UINT64_MAX - 1)); n++) {
		assert_true(x->due_us >= last);
		last = x->due_us;
	}
	assert_int_equal(n, 500000);
	free(t);
	timer_heap_free(h);
}

/* --- ids --------------------------------------------------------------------------------------- */

static void lowest_free_id_comes_first_and_the_pool_ends_at_max(void **state)
{
	struct idpool p;

	idpool_init(&p, 300);
	for (uint32_t i = 1; i <= 300; i++)
		assert_int_equal(idpool_get(&p), i);
	assert_int_equal(idpool_get(&p), 0);
	idpool_put(&p, 200);
	idpool_put(&p, 7);
	assert_int_equal(idpool_get(&p), 7);
	assert_int_equal(idpool_get(&p), 200);
	assert_int_equal(idpool_get(&p), 0);
	idpool_fini(&p);
}

/* --- log --------------------------------------------------------------------------------------- */

struct lines {
	unsigned n;
	char last[2048];
};

static void remember(enum log_level level, const char *line, void *arg)
{
	struct lines *l = arg;

	l->n++;
	snprintf(l->last, sizeof(l->last), "%s", line);
}

static void only_lines_of_the_level_reach_the_sink(void **state)
{
	struct lines l = {0};

	log_set_sink(remember, &l);
	log_set_level(LOG_LVL_WARNING);
	log_notice("a", "no");
	assert_int_equal(l.n, 0);
	log_warning("twin", "eth%d gone", 3);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.last, "twin: eth3 gone");
	log_set_level(LOG_LVL_NOTICE);
	log_set_sink(NULL, NULL);
}

static void a_line_stays_one_line_and_is_cut_with_dots(void **state)
{
	struct lines l = {0};
	char longer[3000];

	log_set_sink(remember, &l);
	log_error("x", "a\nb\033[31m");
	assert_string_equal(l.last, "x: a b [31m");
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_error("x", "%s", longer);
	assert_int_equal(strlen(l.last), 1023);
	assert_string_equal(l.last + 1020, "...");
	log_set_sink(NULL, NULL);
}

static void level_names_are_parsed_back(void **state)
{
	enum log_level level = LOG_LVL_ERROR;

	for (int i = LOG_LVL_ERROR; i <= LOG_LVL_DEBUG; i++) {
		assert_int_equal(log_level_parse(log_level_name((enum log_level)i), &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_parse("loud", &level), -1);
}

static void log_rate_counts_what_it_suppresses_and_tells_it_once(void **state)
{
	char more[LOG_MORE_LEN];
	struct log_rate r = {0};
	uint64_t now = 5000000;
	unsigned ok = 0;

	for (unsigned i = 0; i < 25; i++)
		ok += log_rate_ok(&r, now);
	assert_int_equal(ok, LOG_RATE_BURST);
	assert_false(log_rate_ok(&r, now + LOG_RATE_INTERVAL_US - 1));
	assert_true(log_rate_ok(&r, now + LOG_RATE_INTERVAL_US));
	assert_string_equal(log_rate_more(&r, more), " (23 more since the last)");
	assert_string_equal(log_rate_more(&r, more), "");
	assert_false(log_rate_ok(&r, now + LOG_RATE_INTERVAL_US * 2 - 1));
}

static void a_host_that_forces_lines_gets_one_in_ten_seconds(void **state)
{
	struct log_rate r = {0};
	unsigned ok = 0;

	for (uint64_t now = 7; now < 600000000; now += 1000)
		ok += log_rate_ok(&r, now);
	assert_in_range(ok, 60, 60 + LOG_RATE_BURST);
	/* after a quiet while a few at once again */
	for (unsigned i = ok = 0; i < 25; i++)
		ok += log_rate_ok(&r, 700000000);
	assert_int_equal(ok, LOG_RATE_BURST);
}

/* --- hash table -------------------------------------------------------------------------------- */

struct item {
	struct hash_node node;
	uint32_t value;
	bool in;
};

static void random_items_are_found_in_the_hash_table(void **state)
{
	static struct item items[500];
	struct prng r = {test_seed()};
	struct hash_table t;
	struct hash_node *node = NULL;
	size_t in = 0, walked = 0;

	memset(items, 0, sizeof(items));
	assert_int_equal(hash_init(&t), 0);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = prng_below(&r, 500);

		if (items[i].in)
			hash_del(&t, &items[i].node);
		else
			hash_add(&t, &items[i].node, i % 97 * 0x01000193u); /* collisions */
		items[i].in = !items[i].in;
	}
	for (uint32_t i = 0; i < 500; i++) {
		bool found = false;

		node = hash_first(&t, i % 97 * 0x01000193u);
		for (; node; node = hash_same(node))
			found |= container_of(node, struct item, node) == &items[i];
		assert_int_equal(found, items[i].in);
		in += items[i].in;
	}
	while ((node = hash_next(&t, node)))
		walked++;
	assert_int_equal(walked, in);
	assert_int_equal(t.n, in);
	hash_fini(&t);
}

static void count_item(void *arg, struct hash_node *node)
{
	unsigned *seen = arg;

	seen[container_of(node, struct item, node)->value]++;
}

static void hash_scan_sees_all_that_stays_while_the_table_grows(void **state)
{
	static struct item items[2000];
	static unsigned seen[2000];
	struct prng r = {test_seed()};
	struct hash_table t;
	uint32_t cursor = 0, added = 100, steps = 0;

	memset(items, 0, sizeof(items));
	memset(seen, 0, sizeof(seen));
	assert_int_equal(hash_init(&t), 0);
	for (uint32_t i = 0; i < 2000; i++)
		items[i].value = i;
	for (uint32_t i = 0; i < added; i++)
		hash_add(&t, &items[i].node, (uint32_t)prng_u64(&r));
	do {
		cursor = hash_scan(&t, cursor, count_item, seen);
		for (int i = 0; i < 11 && added < 2000; i++, added++)
			hash_add(&t, &items[added].node, (uint32_t)prng_u64(&r));
		assert_true(++steps < 100000);
	} while (cursor);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(seen[i] > 0);
	assert_true(t.mask > 1000); /* it grew */

	memset(seen, 0, sizeof(seen));
	do {
		cursor = hash_scan(&t, cursor, count_item, seen);
	} while (cursor);
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(seen[i], 1);
	hash_fini(&t);
}

/* --- bytes ------------------------------------------------------------------------------------- */

static void reader_past_the_end_gives_zeros_and_says_so(void **state)
{
	const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct reader r = reader_of(data, sizeof(data));

	assert_int_equal(read_u8(&r), 1);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0x04050607);
	assert_false(r.bad);
	assert_int_equal(read_u16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(read_u8(&r), 0);
	assert_null(read_bytes(&r, SIZE_MAX));
}

static void writer_that_is_full_drops_all_the_rest(void **state)
{
	uint8_t buf[7] = {0};
	struct writer w = writer_of(buf, sizeof(buf));

	write_u32(&w, 0x01020304);
	write_u16(&w, 0x0506);
	assert_false(w.full);
	write_u16(&w, 0x0708);
	assert_true(w.full);
	write_u8(&w, 9);
	assert_int_equal(w.len, 6);
	assert_int_equal(buf[6], 0);
	assert_int_equal(buf[5], 6);
}

/* --- route keys -------------------------------------------------------------------------------- */

static void key_covers_what_its_prefixes_hold(void **state)
{
	struct dp_route_key star = key("*", "239.1.1.1"), sg = key("10.0.0.1", "239.1.1.1");
	struct dp_route_key wide = key("10.0.0.0/8", "239.0.0.0/8");

	assert_true(route_key_covers(&star, &sg));
	assert_false(route_key_covers(&sg, &star));
	assert_true(route_key_covers(&wide, &sg));
	assert_false(route_key_covers(&wide, &star));
	sg.table = 1;
	assert_false(route_key_covers(&star, &sg));
}

/* --- ordered tree ------------------------------------------------------------------------------ */

struct ordered {
	struct order_node node;
	uint32_t key;
	bool in;
};

static int cmp_ordered(const void *key, const struct order_node *n)
{
	uint32_t k = *(const uint32_t *)key, have = container_of(n, struct ordered, node)->key;

	return k < have ? -1 : k > have;
}

static void assert_order_is(const struct order_tree *t, const struct ordered *v, uint32_t n)
{
	const struct order_node *at = order_first(t);

	for (uint32_t i = 0; i < n; i++) {
		const struct order_node *behind;
		uint32_t key = v[i].key;

		if (!v[i].in)
			continue;
		assert_ptr_equal(at, &v[i].node);
		behind = order_next(at);
		assert_ptr_equal(order_seek(t, &key), at);
		key++;
		assert_ptr_equal(order_seek(t, &key), behind);
		at = behind;
	}
	assert_null(at);
}

static void random_nodes_stand_in_order(void **state)
{
	struct prng r = {test_seed()};
	struct ordered v[64] = {0};
	struct order_tree t;

	order_init(&t, cmp_ordered, 1);
	for (uint32_t i = 0; i < 64; i++)
		v[i].key = 2 * i;
	for (int step = 0; step < 5000; step++) {
		struct ordered *o = &v[prng_below(&r, 64)];

		if (o->in)
			order_del(&t, &o->node);
		else
			order_add(&t, &o->node, &o->key);
		o->in = !o->in;
		if (step % 8 == 0)
			assert_order_is(&t, v, 64);
	}
}

static void ascending_keys_do_not_make_a_deep_tree(void **state)
{
	enum { N = 100000 };
	struct ordered *v = calloc(N, sizeof(*v));
	struct order_tree t;
	unsigned deepest = 0;

	assert_non_null(v);
	order_init(&t, cmp_ordered, 1);
	for (uint32_t i = 0; i < N; i++) {
		v[i].key = i;
		order_add(&t, &v[i].node, &v[i].key);
	}
	for (uint32_t i = 0; i < N; i++) {
		unsigned depth = 0;

		for (const struct order_node *n = &v[i].node; n; n = n->up)
			depth++;
		if (depth > deepest)
			deepest = depth;
	}
	assert_true(deepest < 80); /* 17 at best */
	free(v);
}

static struct refusal refusal(uint32_t grp, uint32_t src, uint16_t why, uint64_t at_us)
{
	struct refusal r = {.why = why, .at_us = at_us, .grp.family = IP_V4};

	r.grp.w_be[0] = grp;
	r.src.family = src ? IP_V4 : IP_NONE;
	r.src.w_be[0] = src;
	return r;
}

static void a_refusal_is_found_by_its_group_and_source_until_newer_ones_take_its_place(void **state)
{
	struct refused *t = calloc(1, sizeof(*t));
	struct refusal all = refusal(7, 0, 1, 10), one = refusal(7, 3, 2, 20),
		       other = refusal(7, 4, 0, 0);
	const struct ipaddr any = {.family = IP_NONE};

	assert_non_null(t);
	assert_null(refused_find(t, &any, &all.grp, 1));
	refused_note(t, &all);
	refused_note(t, &one);
	assert_int_equal(refused_find(t, &any, &all.grp, 1)->why, 2); /* the last one */
	assert_int_equal(refused_find(t, &one.src, &all.grp, 1)->why, 2);
	assert_int_equal(refused_find(t, &other.src, &all.grp, 1)->why, 1);
	assert_null(refused_find(t, &other.src, &all.grp, 11)); /* too long ago */
	all.at_us = 30;
	refused_note(t, &all); /* again: in its own place */
	assert_int_equal(refused_find(t, &other.src, &all.grp, 30)->at_us, 30);
	for (uint32_t g = 100; g < 100 + 100 * REFUSED_SETS; g++) {
		struct refusal r = refusal(g, 0, 3, g);

		refused_note(t, &r);
		assert_ptr_not_equal(refused_find(t, &any, &r.grp, g), NULL);
	}
	assert_null(refused_find(t, &any, &all.grp, 1));
	free(t);
}

static void a_refusal_is_forgotten_where_the_group_is_let_in(void **state)
{
	struct refused *t = calloc(1, sizeof(*t));
	struct refusal here = refusal(7, 0, 1, 10), there = refusal(7, 0, 1, 20),
		       other = refusal(8, 0, 1, 10);
	const struct ipaddr any = {.family = IP_NONE};

	assert_non_null(t);
	here.ifid = other.ifid = 3;
	refused_note(t, &here);
	refused_note(t, &other);
	refused_forget(t, &here.grp, 4);
	assert_int_equal(refused_find(t, &any, &here.grp, 1)->ifid, 3);
	refused_forget(t, &here.grp, 3);
	assert_null(refused_find(t, &any, &here.grp, 1));
	assert_non_null(refused_find(t, &any, &other.grp, 1));
	there.ifid = 4;
	refused_note(t, &there);
	refused_forget(t, &here.grp, 3);
	assert_int_equal(refused_find(t, &any, &here.grp, 1)->ifid, 4);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_pop_in_order_of_time),
		cmocka_unit_test(equal_times_pop_in_the_order_of_setting),
		cmocka_unit_test(cancelled_timer_never_pops_and_cancel_twice_is_harmless),
		cmocka_unit_test(time_left_is_never_for_a_timer_at_rest),
		cmocka_unit_test(random_timers_agree_with_a_linear_search),
		cmocka_unit_test(a_million_timers_come_out_sorted),
		cmocka_unit_test(lowest_free_id_comes_first_and_the_pool_ends_at_max),
		cmocka_unit_test(only_lines_of_the_level_reach_the_sink),
		cmocka_unit_test(a_line_stays_one_line_and_is_cut_with_dots),
		cmocka_unit_test(level_names_are_parsed_back),
		cmocka_unit_test(log_rate_counts_what_it_suppresses_and_tells_it_once),
		cmocka_unit_test(a_host_that_forces_lines_gets_one_in_ten_seconds),
		cmocka_unit_test(random_items_are_found_in_the_hash_table),
		cmocka_unit_test(hash_scan_sees_all_that_stays_while_the_table_grows),
		cmocka_unit_test(reader_past_the_end_gives_zeros_and_says_so),
		cmocka_unit_test(writer_that_is_full_drops_all_the_rest),
		cmocka_unit_test(key_covers_what_its_prefixes_hold),
		cmocka_unit_test(
			a_refusal_is_found_by_its_group_and_source_until_newer_ones_take_its_place),
		cmocka_unit_test(a_refusal_is_forgotten_where_the_group_is_let_in),
		cmocka_unit_test(random_nodes_stand_in_order),
		cmocka_unit_test(ascending_keys_do_not_make_a_deep_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
