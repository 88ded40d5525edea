/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packing of Join/Prune messages (RFC 7761 4.9.5.2): every message is read back with the reader.
 */
#include "tests/unit/pim/bytes.h"

struct tally {
	struct pim_jp_builder b;
	struct pim_jp_set set;
	uint8_t buf[PIM_MSG_MAX];
	unsigned messages, groups, joins, prunes, stars;
	unsigned groups_last;      /* in the last message */
	unsigned rpt_beside_star;  /* (S,G,rpt) prunes in a set with a (*,G) join */
	struct ipaddr first, last; /* of these */
	size_t longest;
};

static void read_group(struct tally *t, struct pim_jp_group *g)
{
	struct pim_jp_source s;
	bool star = false;

	while (pim_jp_source_next(g, &s)) {
		t->joins += s.join;
		t->prunes += !s.join;
		star |= s.join && (s.flags & PIM_SRC_W);
		if (!star || s.join || s.flags != PIM_JP_SG_RPT)
			continue;
		if (t->rpt_beside_star++ == 0)
			t->first = s.addr;
		t->last = s.addr;
	}
	t->stars += star;
}

static void read_back(void *arg, const uint8_t *packet, size_t len)
{
	struct tally *t = arg;
	struct pim_packet p;
	struct pim_jp jp;
	struct pim_jp_group g;

	assert_int_equal(pim_packet_open(packet, len, &p), PIM_OK);
	assert_int_equal(pim_jp_open(&p, &jp), PIM_OK);
	assert_int_equal(jp.skipped, 0);
	assert_int_equal(jp.holdtime_s, 210);
	t->messages++;
	t->groups_last = jp.n_groups;
	t->groups += jp.n_groups;
	if (len > t->longest)
		t->longest = len;
	while (pim_jp_group_next(&jp, &g))
		read_group(t, &g);
}

static int setup(void **state)
{
	struct tally *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->b = (struct pim_jp_builder){.buf = t->buf,
		.cap = 1500,
		.src = ip("10.0.0.1"),
		.upstream = ip("10.0.0.2"),
		.holdtime_s = 210,
		.send = read_back,
		.arg = t};
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tally *t = *state;

	pim_jp_set_fini(&t->set);
	free(t);
	return 0;
}

static void group(struct tally *t, uint32_t i)
{
	struct ipaddr g = ip4(0xef000000 + 0x100 + i);

	pim_jp_set_begin(&t->set, &g);
}

static void entry(struct tally *t, bool join, uint32_t i, uint8_t flags)
{
	struct ipaddr s = ip4(0x0a010001 + i);

	pim_jp_set_add(&t->set, join, &s, flags);
}

static void nothing_to_say_sends_nothing(void **state)
{
	struct tally *t = *state;

	group(t, 0);
	pim_jp_build(&t->b, &t->set);
	pim_jp_flush(&t->b);
	assert_int_equal(t->messages, 0);
}

/* 73 groups of one source: 20 + 4 + 10 + 73 * 20 is 1494. */
static void groups_share_a_message_up_to_the_mtu(void **state)
{
	struct tally *t = *state;

	for (uint32_t i = 0; i < 74; i++) {
		group(t, i);
		entry(t, true, i, PIM_JP_SG);
		pim_jp_build(&t->b, &t->set);
	}
	assert_int_equal(t->messages, 1);
	assert_int_equal(t->groups_last, 73);
	assert_int_equal(t->longest, 1494);
	pim_jp_flush(&t->b);
	pim_jp_flush(&t->b);
	assert_int_equal(t->messages, 2);
	assert_int_equal(t->joins, 74);
}

static void number_of_groups_stays_within_eight_bits(void **state)
{
	struct tally *t = *state;

	t->b.cap = 9000;
	for (uint32_t i = 0; i < 300; i++) {
		group(t, i);
		entry(t, i % 2, i, PIM_JP_SG);
		pim_jp_build(&t->b, &t->set);
	}
	assert_int_equal(t->messages, 1);
	assert_int_equal(t->groups_last, 255);
	pim_jp_flush(&t->b);
	assert_int_equal(t->groups, 300);
	assert_int_equal(t->joins + t->prunes, 300);
}

static void many_sources_of_a_group_are_divided(void **state)
{
	struct tally *t = *state;

	t->b.cap = PIM_MSG_MAX;
	group(t, 0);
	for (uint32_t i = 0; i < 70000; i++)
		entry(t, i % 3, i, PIM_JP_SG);
	pim_jp_build(&t->b, &t->set);
	pim_jp_flush(&t->b);
	assert_int_equal(t->joins + t->prunes, 70000);
	assert_true(t->longest <= PIM_MSG_MAX);
	assert_int_equal(t->messages, 9); /* 8,186 in each */
	assert_int_equal(t->b.messages, 9);
	assert_int_equal(t->b.entries, 70000);
}

/* A message that is half full is sent before a shared tree that it has no room for as a whole. */
static void shared_tree_and_its_prunes_stay_together(void **state)
{
	struct tally *t = *state;

	for (uint32_t i = 0; i < 40; i++) {
		group(t, i);
		entry(t, true, i, PIM_JP_SG);
		pim_jp_build(&t->b, &t->set);
	}
	group(t, 1000);
	for (uint32_t i = 0; i < 150; i++)
		entry(t, false, i, PIM_JP_SG_RPT);
	entry(t, true, 9999, PIM_JP_STAR_G);
	pim_jp_build(&t->b, &t->set);
	assert_int_equal(t->messages, 1);
	assert_int_equal(t->stars, 0);
	pim_jp_flush(&t->b);
	assert_int_equal(t->messages, 2);
	assert_int_equal(t->stars, 1);
	assert_int_equal(t->rpt_beside_star, 150);
	assert_int_equal(t->b.cut, 0);
}

/* If even an empty message has no room for all, the numerically smallest addresses stay. */
static void smallest_addresses_stay_when_prunes_do_not_fit(void **state)
{
	struct tally *t = *state;
	struct ipaddr first = ip4(0x0a010001), last = ip4(0x0a010001 + 179);

	group(t, 0);
	for (uint32_t i = 300; i-- > 0;)
		entry(t, false, i, PIM_JP_SG_RPT);
	entry(t, true, 9999, PIM_JP_STAR_G);
	pim_jp_build(&t->b, &t->set);
	pim_jp_flush(&t->b);
	assert_int_equal(t->messages, 1);
	assert_int_equal(t->rpt_beside_star, 180); /* (1500 - 34 - 12) / 8 less the join */
	assert_true(ip_eq(&t->first, &first));
	assert_true(ip_eq(&t->last, &last));
	assert_int_equal(t->b.cut, 120);
}

/* Source trees of the same group go beside the shared tree while there is room, else into messages of their
 * own; each message has the group once. */
static void source_trees_of_the_group_may_be_divided(void **state)
{
	struct tally *t = *state;

	group(t, 0);
	entry(t, true, 9999, PIM_JP_STAR_G);
	for (uint32_t i = 0; i < 100; i++) {
		entry(t, false, i, PIM_JP_SG_RPT);
		entry(t, true, 1000 + i, PIM_JP_SG);
		entry(t, false, 2000 + i, PIM_JP_SG);
	}
	pim_jp_build(&t->b, &t->set);
	pim_jp_flush(&t->b);
	assert_int_equal(t->messages, 2);
	assert_int_equal(t->groups, 2);
	assert_int_equal(t->rpt_beside_star, 100);
	assert_int_equal(t->joins, 101);
	assert_int_equal(t->prunes, 200);
}

static void mtu_without_room_for_an_entry_sends_nothing(void **state)
{
	struct tally *t = *state;

	t->b.cap = 50;
	group(t, 0);
	entry(t, true, 0, PIM_JP_SG);
	pim_jp_build(&t->b, &t->set);
	group(t, 1);
	entry(t, true, 0, PIM_JP_STAR_G);
	pim_jp_build(&t->b, &t->set);
	pim_jp_flush(&t->b);
	assert_int_equal(t->messages, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_to_say_sends_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			groups_share_a_message_up_to_the_mtu, setup, teardown),
		cmocka_unit_test_setup_teardown(
			number_of_groups_stays_within_eight_bits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			many_sources_of_a_group_are_divided, setup, teardown),
		cmocka_unit_test_setup_teardown(
			shared_tree_and_its_prunes_stay_together, setup, teardown),
		cmocka_unit_test_setup_teardown(
			smallest_addresses_stay_when_prunes_do_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			source_trees_of_the_group_may_be_divided, setup, teardown),
		cmocka_unit_test_setup_teardown(
			mtu_without_room_for_an_entry_sends_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
