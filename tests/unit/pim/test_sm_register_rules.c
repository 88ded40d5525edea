/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The rules about which Registers an RP takes: what they refuse never reaches the receivers of the group, also
 * where these are there first, and whenever the rules change.
 */
#include "tests/unit/pim/data_world.h"

#define DR "10.8.0.1"
#define MY_RP "10.2.0.1"

static unsigned stop_count(struct data_world *dw)
{
	struct pim_packet p;
	unsigned n = data_sent(dw, 0, PIM_REGISTER_STOP, &p);

	data_forget(dw);
	return n;
}

static void the_rp_takes_registers_by_its_rules(void **state)
{
	struct pim_sg_rule rule = {.permit = true};
	struct data_world *dw = *state;
	uint64_t before;

	assert_int_equal(prefix_parse("10.9.0.0/16", &rule.src), 0);
	assert_int_equal(prefix_parse("239.0.0.0/8", &rule.grp), 0);
	dw->conf.n_register_rules = 1;
	dw->conf.register_rules = &rule;
	data_become_rp(dw);
	before = fingerprint(dw);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(drops(dw, PIM_DROP_register_denied), 1);
	assert_int_equal(stop_count(dw), 1);
	assert_true(before == fingerprint(dw));
	data_register(dw, DR, MY_RP, S_SPT, G, false);
	assert_non_null(source(dw, S_SPT, G));
}

/* Denies S_UP of G; every other source and group is permitted. */
static void deny_s_up(struct data_world *dw)
{
	static struct pim_sg_rule rules[2];

	rules[0] = (struct pim_sg_rule){.permit = false};
	rules[1] = (struct pim_sg_rule){.permit = true};
	assert_int_equal(prefix_parse(S_UP "/32", &rules[0].src), 0);
	assert_int_equal(prefix_parse("239.1.1.0/24", &rules[0].grp), 0);
	dw->conf.n_register_rules = 2;
	dw->conf.register_rules = rules;
}

/* What the route of (S,G), or of (*,G) if it has none of its own, does with what comes in Registers. */
static bool forwards_registers_of(struct data_world *dw, const char *src, const char *grp)
{
	struct dp_route_key k = key(src, grp), star = key("*", grp);
	const struct dp_route *r = fake_dp_route(dw->w->f, &k);
	uint8_t flags = 0;

	if (!r)
		r = fake_dp_route(dw->w->f, &star);
	for (unsigned i = 0; r && i < r->n_inputs; i++)
		if (r->inputs[i].ifid == DP_IF_REGISTER)
			flags |= r->inputs[i].flags;
	assert_false(flags & DP_INPUT_SIGNAL && !(flags & DP_INPUT_ACCEPT));
	return flags & DP_INPUT_ACCEPT;
}

static void a_refused_register_is_not_forwarded_to_receivers_of_its_group(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	deny_s_up(dw);
	data_become_rp(dw);
	data_join(dw, "*", G);
	assert_false(forwards_registers_of(dw, S_UP, G));
	data_forget(dw);
	before = fingerprint(dw);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(stop_count(dw), 1);
	assert_false(forwards_registers_of(dw, S_UP, G));
	assert_true(before == fingerprint(dw));
}

static void a_refused_source_with_a_route_of_its_own_is_not_forwarded_either(void **state)
{
	struct data_world *dw = *state;

	deny_s_up(dw);
	data_become_rp(dw);
	data_join(dw, "*", G);
	data_join(dw, S_UP, G); /* a last hop that knows the source from elsewhere */
	assert_non_null(source(dw, S_UP, G));
	assert_false(forwards_registers_of(dw, S_UP, G));
}

static void a_permitted_source_of_a_group_with_refused_ones_is_forwarded_from_its_register_on(
	void **state)
{
	struct data_world *dw = *state;

	deny_s_up(dw);
	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_SPT, G, false);
	assert_true(forwards_registers_of(dw, S_SPT, G));
	assert_int_equal(source(dw, S_SPT, G)->sg.up.state, UP_JOINED);
	assert_false(forwards_registers_of(dw, S_UP, G));
}

/* The first packet of each source there is forwarded before control hears of it. */
static void groups_without_refused_sources_are_forwarded_from_the_first_packet_on(void **state)
{
	struct data_world *dw = *state;

	deny_s_up(dw);
	data_become_rp(dw);
	data_join(dw, "*", "239.2.2.2");
	assert_true(forwards_registers_of(dw, S_UP, "239.2.2.2"));
}

static void a_source_that_a_reload_refuses_is_forwarded_and_joined_no_more(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_true(forwards_registers_of(dw, S_UP, G));
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_JOINED);
	data_forget(dw);
	deny_s_up(dw);
	data_config(dw);
	assert_false(forwards_registers_of(dw, S_UP, G));
	assert_null(source(dw, S_UP, G));
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(stop_count(dw), 1);
}

static void a_source_on_the_spt_that_a_reload_refuses_is_pruned(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_UP, G, dw->up);
	assert_true(source(dw, S_UP, G)->spt_bit);
	deny_s_up(dw);
	data_config(dw);
	assert_null(source(dw, S_UP, G));
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_UP, G, dw->up); /* underway when the Prune left */
	assert_null(source(dw, S_UP, G));
}

static void a_source_that_a_reload_permits_is_forwarded_again(void **state)
{
	struct data_world *dw = *state;

	deny_s_up(dw);
	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_false(forwards_registers_of(dw, S_UP, G));
	dw->conf.n_register_rules = 0;
	data_config(dw);
	assert_true(forwards_registers_of(dw, S_UP, G));
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_JOINED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_rp_takes_registers_by_its_rules),
		T(a_refused_register_is_not_forwarded_to_receivers_of_its_group),
		T(a_refused_source_with_a_route_of_its_own_is_not_forwarded_either),
		T(a_permitted_source_of_a_group_with_refused_ones_is_forwarded_from_its_register_on),
		T(groups_without_refused_sources_are_forwarded_from_the_first_packet_on),
		T(a_source_that_a_reload_refuses_is_forwarded_and_joined_no_more),
		T(a_source_on_the_spt_that_a_reload_refuses_is_pruned),
		T(a_source_that_a_reload_permits_is_forwarded_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
