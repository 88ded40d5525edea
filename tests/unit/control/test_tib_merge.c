/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The pure merge, one test per rule.
 */
#include "tests/unit/control/world.h"

static struct tib_wish wish(uint16_t owner, uint8_t precedence, struct dp_route_key k)
{
	return (struct tib_wish){.owner = owner, .precedence = precedence, .key = k};
}

static void input(struct tib_wish *w, uint16_t ifid)
{
	w->inputs[w->n_inputs++] = (struct dp_input){.ifid = ifid, .flags = DP_INPUT_ACCEPT};
}

static void outputs(struct tib_wish *w, const struct tib_output *o, uint32_t n)
{
	w->outputs = o;
	w->n_outputs = n;
}

static struct tib_merged merged(const struct tib_wish *a, const struct tib_wish *b)
{
	const struct tib_wish *v[] = {a, b};
	struct tib_merged m;

	assert_int_equal(tib_merge(&a->key, v, b ? 2 : 1, &m), 0);
	return m;
}

static void outputs_are_the_union_in_order_without_duplicates(void **state)
{
	struct tib_output x[] = {{.ifid = 3}, {.ifid = 1}}, y[] = {{.ifid = 2}, {.ifid = 3}};
	struct tib_wish a = wish(0, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, 30, key("*", "239.1.1.1"));
	struct tib_merged m;

	outputs(&a, x, 2);
	outputs(&b, y, 2);
	m = merged(&a, &b);
	assert_int_equal(m.n_outputs, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(m.outputs[i].ifid, i + 1);
	tib_merged_fini(&m);
}

static void inputs_come_from_the_most_specific_key(void **state)
{
	struct tib_wish a = wish(0, 10, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, 40, key("*", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	input(&b, 6);
	m = merged(&a, &b);
	assert_int_equal(m.n_inputs, 1);
	assert_int_equal(m.inputs[0].ifid, 5);
	assert_int_equal(m.input_owner, 0);
	assert_false(m.input_conflict);
}

static void longer_group_beats_longer_source(void **state)
{
	struct tib_wish a = wish(0, 10, key("*", "239.1.1.1"));
	struct tib_wish b = wish(1, 40, key("10.0.0.1", "239.0.0.0/8"));
	const struct tib_wish *v[] = {&b, &a};
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_merged m;

	input(&a, 5);
	input(&b, 6);
	assert_int_equal(tib_merge(&k, v, 2, &m), 0);
	assert_int_equal(m.inputs[0].ifid, 5);
}

static void on_one_key_the_highest_precedence_gives_the_inputs(void **state)
{
	struct tib_wish a = wish(0, TIB_PREC_SM, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, TIB_PREC_STATIC, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	input(&b, 6);
	m = merged(&a, &b);
	assert_int_equal(m.inputs[0].ifid, 6);
	assert_int_equal(m.input_owner, 1);
	assert_true(m.input_conflict);
}

static void equal_precedence_goes_to_the_lowest_owner(void **state)
{
	struct tib_wish a = wish(3, 30, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(2, 30, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	input(&b, 6);
	m = merged(&a, &b);
	assert_int_equal(m.inputs[0].ifid, 6);
	assert_int_equal(m.input_owner, 2);
}

static void equal_inputs_in_another_order_are_no_conflict(void **state)
{
	struct tib_wish a = wish(0, 30, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	input(&a, 6);
	input(&b, 6);
	input(&b, 5);
	m = merged(&a, &b);
	assert_int_equal(m.n_inputs, 2);
	assert_false(m.input_conflict);
}

static void wish_without_inputs_of_lower_precedence_is_no_conflict(void **state)
{
	struct tib_wish a = wish(0, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, 10, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	m = merged(&a, &b);
	assert_int_equal(m.n_inputs, 1);
	assert_false(m.input_conflict);
}

static void highest_precedence_without_inputs_accepts_nothing(void **state)
{
	struct tib_wish a = wish(0, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, 30, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&b, 5);
	m = merged(&a, &b);
	assert_int_equal(m.n_inputs, 0);
	assert_true(m.input_conflict);
}

static void flags_of_one_interface_are_joined(void **state)
{
	struct tib_wish a = wish(0, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	input(&a, 5);
	a.inputs[1].flags = DP_INPUT_SIGNAL;
	m = merged(&a, NULL);
	assert_int_equal(m.n_inputs, 1);
	assert_int_equal(m.inputs[0].flags, DP_INPUT_ACCEPT | DP_INPUT_SIGNAL);
}

static void one_lan_gets_one_copy_with_the_threshold_of_the_highest_precedence(void **state)
{
	struct tib_output x[] = {{.ifid = 1, .ttl_threshold = 8}}, y[] = {{.ifid = 1}};
	struct tib_wish a = wish(0, TIB_PREC_SM, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, TIB_PREC_STATIC, key("*", "239.1.1.1"));
	struct tib_merged m;

	outputs(&a, y, 1);
	outputs(&b, x, 1);
	m = merged(&a, &b);
	assert_int_equal(m.n_outputs, 1);
	assert_int_equal(m.outputs[0].ttl_threshold, 8);
	tib_merged_fini(&m);
}

static void equal_precedence_takes_the_more_specific_threshold(void **state)
{
	struct tib_output x[] = {{.ifid = 1, .ttl_threshold = 8}}, y[] = {{.ifid = 1}};
	struct tib_wish a = wish(1, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(0, 40, key("*", "239.1.1.1"));
	struct tib_merged m;

	outputs(&a, x, 1);
	outputs(&b, y, 1);
	m = merged(&a, &b);
	assert_int_equal(m.n_outputs, 1);
	assert_int_equal(m.outputs[0].ttl_threshold, 8);
	tib_merged_fini(&m);
}

static void one_wish_that_names_an_output_twice_gets_the_lower_threshold(void **state)
{
	struct tib_output x[] = {{.ifid = 1, .ttl_threshold = 8}, {.ifid = 1, .ttl_threshold = 2}};
	struct tib_wish a = wish(1, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	outputs(&a, x, 2);
	m = merged(&a, NULL);
	assert_int_equal(m.n_outputs, 1);
	assert_int_equal(m.outputs[0].ttl_threshold, 2);
	tib_merged_fini(&m);
}

static void unicast_receivers_differ_by_address_and_port(void **state)
{
	struct tib_output x[] = {
		{.ifid = 1},
		{.ifid = 1, .her_dst = addr("10.1.0.5"), .her_ttl = 64},
		{.ifid = 1, .her_dst = addr("10.1.0.5"), .her_ttl = 64, .her_port = 5000},
		{.ifid = 1, .her_dst = addr("10.1.0.6"), .her_ttl = 64},
		{.ifid = 1, .her_dst = addr("10.1.0.6"), .her_ttl = 9},
	};
	struct tib_wish a = wish(1, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	outputs(&a, x, 5);
	m = merged(&a, NULL);
	assert_int_equal(m.n_outputs, 4);
	tib_merged_fini(&m);
}

static void receiver_named_with_and_without_interface_gets_one_copy(void **state)
{
	struct tib_output named[] = {{.ifid = 1, .her_dst = addr("10.1.0.5"), .her_ttl = 9},
		{.ifid = 2, .her_dst = addr("10.1.0.6"), .her_ttl = 9}};
	struct tib_output floating[] = {{.her_dst = addr("10.1.0.5"), .her_ttl = 7},
		{.her_dst = addr("10.1.0.5"), .her_ttl = 7, .her_port = 5000}};
	struct tib_wish a = wish(0, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(0, 40, key("*", "239.1.1.1"));
	struct tib_merged m;

	outputs(&a, named, 2);
	outputs(&b, floating, 2);
	m = merged(&a, &b); /* the named one is more specific */
	assert_int_equal(m.n_outputs, 3);
	assert_int_equal(m.outputs[0].her_port, 5000);
	assert_int_equal(m.outputs[1].ifid, 1);
	assert_int_equal(m.outputs[1].her_ttl, 9);
	tib_merged_fini(&m);
	outputs(&a, floating, 2);
	outputs(&b, named, 2);
	m = merged(&a, &b); /* the one without interface is */
	assert_int_equal(m.n_outputs, 3);
	assert_int_equal(m.outputs[0].ifid, 0);
	assert_int_equal(m.outputs[0].her_ttl, 7);
	assert_int_equal(m.outputs[2].ifid, 2);
	tib_merged_fini(&m);
}

static void output_on_the_input_interface_is_kept(void **state)
{
	struct tib_output x[] = {{.ifid = 5}};
	struct tib_wish a = wish(1, 40, key("10.0.0.1", "239.1.1.1"));
	struct tib_merged m;

	input(&a, 5);
	outputs(&a, x, 1);
	m = merged(&a, NULL);
	assert_int_equal(m.n_outputs, 1);
	tib_merged_fini(&m);
}

static void no_wishes_merge_to_an_empty_entry(void **state)
{
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_merged m;

	assert_int_equal(tib_merge(&k, NULL, 0, &m), 0);
	assert_int_equal(m.n_inputs, 0);
	assert_int_equal(m.n_outputs, 0);
}

static void order_of_the_wishes_does_not_matter(void **state)
{
	struct tib_output x[] = {{.ifid = 1, .ttl_threshold = 3}, {.ifid = 2}};
	struct tib_output y[] = {{.ifid = 2, .ttl_threshold = 9}, {.ifid = 4}};
	struct tib_wish a = wish(0, 30, key("10.0.0.1", "239.1.1.1"));
	struct tib_wish b = wish(1, 30, key("10.0.0.1", "239.1.1.1"));
	const struct tib_wish *ab[] = {&a, &b}, *ba[] = {&b, &a};
	struct tib_merged m, n;

	input(&a, 1);
	input(&b, 2);
	outputs(&a, x, 2);
	outputs(&b, y, 2);
	assert_int_equal(tib_merge(&a.key, ab, 2, &m), 0);
	assert_int_equal(tib_merge(&a.key, ba, 2, &n), 0);
	assert_int_equal(m.n_outputs, 3);
	assert_int_equal(n.n_outputs, 3);
	assert_memory_equal(m.outputs, n.outputs, 3 * sizeof(*m.outputs));
	assert_memory_equal(m.inputs, n.inputs, sizeof(m.inputs));
	tib_merged_fini(&m);
	tib_merged_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_are_the_union_in_order_without_duplicates),
		cmocka_unit_test(inputs_come_from_the_most_specific_key),
		cmocka_unit_test(longer_group_beats_longer_source),
		cmocka_unit_test(on_one_key_the_highest_precedence_gives_the_inputs),
		cmocka_unit_test(equal_precedence_goes_to_the_lowest_owner),
		cmocka_unit_test(equal_inputs_in_another_order_are_no_conflict),
		cmocka_unit_test(wish_without_inputs_of_lower_precedence_is_no_conflict),
		cmocka_unit_test(highest_precedence_without_inputs_accepts_nothing),
		cmocka_unit_test(flags_of_one_interface_are_joined),
		cmocka_unit_test(
			one_lan_gets_one_copy_with_the_threshold_of_the_highest_precedence),
		cmocka_unit_test(equal_precedence_takes_the_more_specific_threshold),
		cmocka_unit_test(one_wish_that_names_an_output_twice_gets_the_lower_threshold),
		cmocka_unit_test(unicast_receivers_differ_by_address_and_port),
		cmocka_unit_test(receiver_named_with_and_without_interface_gets_one_copy),
		cmocka_unit_test(output_on_the_input_interface_is_kept),
		cmocka_unit_test(no_wishes_merge_to_an_empty_entry),
		cmocka_unit_test(order_of_the_wishes_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
