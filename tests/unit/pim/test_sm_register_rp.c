/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The RP of RFC 7761 4.4.2: packet_arrives_on_rp_tunnel branch by branch, and what it must not
 * believe.
 */
#include "tests/sum.h"
#include "tests/unit/pim/data_world.h"

#define DR "10.8.0.1"
#define MY_RP "10.2.0.1"

/* --- the RP ----------------------------------------------------------------------------------- */

static unsigned stops(struct data_world *dw, struct pim_register_stop *r, struct pim_packet *p)
{
	unsigned n = data_sent(dw, 0, PIM_REGISTER_STOP, p);

	if (n)
		assert_int_equal(pim_register_stop_open(p, r), PIM_OK);
	return n;
}

static unsigned stop_count(struct data_world *dw)
{
	struct pim_register_stop r;
	struct pim_packet p;
	unsigned n = stops(dw, &r, &p);

	data_forget(dw);
	return n;
}

static void rp_stops_at_once_what_nobody_wants_and_keeps_it_in_mind(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr dr = addr(DR), rp = addr(MY_RP), s = addr(S_UP);
	struct pim_register_stop r;
	struct pim_packet p;

	data_become_rp(dw);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(stops(dw, &r, &p), 1);
	assert_true(ip_eq(&p.src, &rp) && ip_eq(&p.dst, &dr)); /* 4.9.4 */
	assert_true(ip_eq(&r.src, &s));
	assert_int_equal(r.grp.len, 32);
	assert_true(source(dw, S_UP, G)->registered);
	/* max(Keepalive_Period, RP_Keepalive_Period) */
	assert_int_equal(timer_left(&source(dw, S_UP, G)->kat, dw->w->now_us), 210 * 1000000ull);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_NOT_JOINED);
}

static void rp_keepalive_period_follows_the_suppression_time(void **state)
{
	struct data_world *dw = *state;

	dw->conf.register_suppression_s = 120;
	data_become_rp(dw);
	data_register(dw, DR, MY_RP, S_UP, G, true);
	assert_int_equal(timer_left(&source(dw, S_UP, G)->kat, dw->w->now_us), 365 * 1000000ull);
}

static void rp_with_receivers_forwards_and_joins_the_source(void **state)
{
	struct data_world *dw = *state;
	struct dp_route_key k = key(S_UP, G);
	const struct dp_route *r;

	data_become_rp(dw);
	data_join(dw, "*", G);
	data_forget(dw);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(stop_count(dw), 0);
	assert_int_equal(timer_left(&source(dw, S_UP, G)->kat, dw->w->now_us), 210 * 1000000ull);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_JOINED);
	assert_false(source(dw, S_UP, G)->spt_bit);
	r = fake_dp_route(dw->w->f, &k);
	assert_non_null(r);
	assert_true(fake_dp_route_has_if(dw->w->f, r, dw->lan));
	for (unsigned i = 0; i < r->n_inputs; i++)
		if (r->inputs[i].ifid == DP_IF_REGISTER)
			assert_true(r->inputs[i].flags & DP_INPUT_ACCEPT);
}

/* Whichever policy last-hop routers have. */
static void rp_joins_the_source_also_where_last_hops_never_switch(void **state)
{
	struct data_world *dw = *state;

	dw->conf.spt = PIM_SPT_NEVER;
	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_JOINED);
}

static void rp_stops_registers_once_data_comes_on_the_spt(void **state)
{
	struct data_world *dw = *state;
	struct dp_route_key k = key(S_UP, G);
	const struct dp_route *r;

	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_UP, G, dw->up);
	assert_true(source(dw, S_UP, G)->spt_bit);
	r = fake_dp_route(dw->w->f, &k);
	for (unsigned i = 0; i < r->n_inputs; i++) /* never twice */
		assert_false(r->inputs[i].ifid == DP_IF_REGISTER &&
			     r->inputs[i].flags & DP_INPUT_ACCEPT);
	data_forget(dw);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(stop_count(dw), 1);
}

static void rp_answers_a_null_register(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_register(dw, DR, MY_RP, S_UP, G, true);
	assert_int_equal(stop_count(dw), 1);
	assert_true(source(dw, S_UP, G)->registered);
	assert_int_equal(dw->pim->stats.rx[PIM_REGISTER], 1);
}

static void rp_with_receivers_joins_on_a_null_register_too(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_join(dw, "*", G);
	data_forget(dw);
	data_register(dw, DR, MY_RP, S_UP, G, true);
	assert_int_equal(stop_count(dw), 0);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_JOINED);
}

static void receivers_who_come_later_get_what_the_rp_has_in_mind(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_register(dw, DR, MY_RP, S_UP, G, true);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_NOT_JOINED);
	data_join(dw, "*", G);
	assert_int_equal(source(dw, S_UP, G)->sg.up.state, UP_JOINED);
}

static void rp_forgets_a_source_that_is_registered_no_more(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_register(dw, DR, MY_RP, S_UP, G, true);
	data_pass(dw, 209);
	assert_non_null(source(dw, S_UP, G));
	data_pass(dw, 2);
	assert_null(source(dw, S_UP, G));
	assert_null(group(dw, G));
}

static void register_stops_are_limited_to_one_a_second(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	for (unsigned i = 0; i < 100; i++)
		data_register(dw, DR, MY_RP, S_UP, G, i % 2);
	assert_int_equal(stop_count(dw), 1);
	data_register(dw, "10.8.0.2", MY_RP, S_UP, G, false); /* another DR */
	data_register(dw, DR, MY_RP, "10.8.0.99", G, false);  /* another source */
	assert_int_equal(stop_count(dw), 2);
	data_pass(dw, 1);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_int_equal(stop_count(dw), 1);
}

/* The timer runs on while decapsulated data is counted. */
static void rp_keeps_a_source_whose_registers_come_on(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_join(dw, "*", G);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	data_flow(dw, S_UP, G, 1000, 1000);
	data_pass(dw, 500);
	assert_true(timer_armed(&source(dw, S_UP, G)->kat));
	data_flow(dw, S_UP, G, 1000, 210000);
	data_pass(dw, 211);
	assert_null(source(dw, S_UP, G));
}

/* From the tree of the former RP to the tunnel: the first Register is data on the new path. */
static void a_new_rp_leaves_the_old_path_with_the_first_register(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_become_rp(dw);
	assert_non_null(group(dw, G)->star.up.move);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	assert_true(group(dw, G)->star.up.move->left);
	data_pass(dw, 1); /* its copies may lag behind */
	assert_null(group(dw, G)->star.up.move);
}

static void a_register_of_our_own_is_passed_over(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	data_become_rp(dw);
	before = fingerprint(dw);
	data_register(dw, "10.0.1.1", MY_RP, S_UP, G, false);
	assert_int_equal(stop_count(dw), 0);
	assert_true(before == fingerprint(dw));
}

/* --- hostile input, item 10 ------------------------------------------------------------------- */

static void a_register_without_an_rp_is_stopped_and_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	dw->conf.n_rps = 0;
	data_config(dw);
	before = fingerprint(dw);
	data_register(dw, DR, MY_RP, S_UP, G, false);
	data_register(dw, DR, MY_RP, S_UP, G, true);
	assert_int_equal(drops(dw, PIM_DROP_register_not_rp), 2);
	assert_int_equal(stop_count(dw), 1);
	assert_true(before == fingerprint(dw));
}

static void a_register_for_another_rp_is_stopped_and_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before = fingerprint(dw);

	data_register(dw, DR, MY_RP, S_UP, G, false); /* the RP is RP */
	assert_int_equal(drops(dw, PIM_DROP_register_not_rp), 1);
	assert_int_equal(stop_count(dw), 1);
	assert_true(before == fingerprint(dw));
}

static void a_register_to_another_address_of_the_rp_is_stopped(void **state)
{
	struct data_world *dw = *state;

	data_become_rp(dw);
	data_register(dw, DR, "10.0.1.1", S_UP, G, false);
	assert_int_equal(drops(dw, PIM_DROP_register_not_rp), 1);
	assert_int_equal(stop_count(dw), 1);
	assert_null(source(dw, S_UP, G));
}

static void a_register_to_an_address_that_is_not_ours_gets_no_answer(void **state)
{
	struct data_world *dw = *state;

	data_register(dw, DR, RP, S_UP, G, false);
	assert_int_equal(drops(dw, PIM_DROP_destination), 1);
	assert_int_equal(stop_count(dw), 0);
}

static void a_register_of_an_ssm_group_is_stopped_and_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	data_become_rp(dw);
	before = fingerprint(dw);
	data_register(dw, DR, MY_RP, S_UP, "232.1.1.1", false);
	assert_int_equal(stop_count(dw), 1);
	assert_int_equal(drops(dw, PIM_DROP_register_not_rp), 1);
	assert_true(before == fingerprint(dw));
}

static void a_flood_of_registers_stays_below_the_limit(void **state)
{
	struct data_world *dw = *state;
	char src[IP_STRLEN];

	dw->conf.limits.states = 50;
	data_become_rp(dw);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(src, sizeof(src), "10.8.%u.%u", i / 200, i % 200 + 1);
		data_register(dw, DR, MY_RP, src, G, false);
	}
	assert_true(dw->sm->n_sg + dw->sm->n_star <= 50);
	assert_int_equal(stop_count(dw), 500); /* each DR is told all the same */
}

static size_t null_register(uint8_t *buf, size_t cap)
{
	struct ipaddr dr = addr(DR), rp = addr(MY_RP), s = addr(S_UP), g = addr(G);

	return pim_null_register_write(buf, cap, &dr, &rp, &s, &g);
}

/* Item 2. */
static void the_checksum_may_cover_eight_bytes_or_all(void **state)
{
	struct data_world *dw = *state;
	uint8_t buf[64];
	uint64_t before;
	size_t len;

	data_become_rp(dw);
	len = null_register(buf, sizeof(buf));
	sum16_seal(buf + 22, buf + 20, len - 20);
	data_packet(dw, dw->up, buf, len);
	assert_non_null(source(dw, S_UP, G));
	before = fingerprint(dw);
	buf[22] ^= 0x55;
	data_packet(dw, dw->up, buf, len);
	assert_int_equal(drops(dw, PIM_DROP_checksum), 1);
	assert_true(before == fingerprint(dw));
}

static uint64_t all_drops(struct data_world *dw)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < PIM_DROP_COUNT; i++)
		n += dw->pim->stats.drops[i];
	return n;
}

/* Item 2: shorter than its own header, or than what is inside. */
static void a_register_that_is_cut_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint8_t buf[64];
	uint64_t before;
	size_t len;

	data_become_rp(dw);
	before = fingerprint(dw);
	len = null_register(buf, sizeof(buf));
	for (size_t cut = 20; cut < len; cut++) {
		uint64_t was = all_drops(dw);

		buf[2] = 0;
		buf[3] = (uint8_t)cut;
		sum16_seal(buf + 22, buf + 20, cut - 20 < 8 ? cut - 20 : 8);
		sum16_seal(buf + 10, buf, 20);
		data_packet(dw, dw->up, buf, cut);
		assert_int_equal(all_drops(dw), was + 1);
	}
	assert_true(before == fingerprint(dw));
	assert_int_equal(stop_count(dw), 0);
}

/* Item 10: the packet inside. */
static void a_register_with_nonsense_inside_changes_nothing(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} bad[] = {
		{28, 0x65},      /* version 6 in an IPv4 packet */
		{28, 0x44},      /* header of 16 bytes */
		{28, 0x4f},      /* header of 60 bytes: longer than all */
		{28 + 10, 0x5a}, /* its checksum */
	};
	struct data_world *dw = *state;
	uint8_t buf[64];
	uint64_t before, was;
	size_t len;

	data_become_rp(dw);
	before = fingerprint(dw);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		len = null_register(buf, sizeof(buf));
		buf[bad[i].at] = bad[i].value;
		was = all_drops(dw);
		data_packet(dw, dw->up, buf, len);
		assert_int_equal(all_drops(dw), was + 1);
	}
	assert_true(before == fingerprint(dw));
	assert_int_equal(stop_count(dw), 0);
}

/* A packet that was fragmented on its way into the tunnel (4.4.1): each piece is a packet. */
static void a_fragment_inside_a_register_is_as_good_as_a_packet(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr dr = addr(DR), rp = addr(MY_RP);
	uint8_t buf[128], inner[40] = {0x45, 0, 0, 40, 0, 1, 0x20, 0x10, 60, 17};
	struct ipaddr s = addr(S_UP), g = addr(G);
	size_t len;

	data_become_rp(dw);
	memcpy(inner + 12, s.b, 4);
	memcpy(inner + 16, g.b, 4);
	sum16_seal(inner + 10, inner, 20);
	len = pim_register_write(buf, sizeof(buf), &dr, &rp, inner, sizeof(inner));
	data_packet(dw, dw->up, buf, len);
	assert_true(source(dw, S_UP, G)->registered);
	assert_int_equal(stop_count(dw), 1);
}

static void the_border_bit_is_ignored(void **state)
{
	struct data_world *dw = *state;
	uint8_t buf[64];
	size_t len;

	data_become_rp(dw);
	len = null_register(buf, sizeof(buf));
	buf[24] |= 0x80;
	sum16_seal(buf + 22, buf + 20, 8);
	data_packet(dw, dw->up, buf, len);
	assert_true(source(dw, S_UP, G)->registered);
	assert_int_equal(stop_count(dw), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rp_stops_at_once_what_nobody_wants_and_keeps_it_in_mind),
		T(rp_keepalive_period_follows_the_suppression_time),
		T(rp_with_receivers_forwards_and_joins_the_source),
		T(rp_joins_the_source_also_where_last_hops_never_switch),
		T(rp_stops_registers_once_data_comes_on_the_spt),
		T(rp_answers_a_null_register),
		T(rp_with_receivers_joins_on_a_null_register_too),
		T(receivers_who_come_later_get_what_the_rp_has_in_mind),
		T(rp_forgets_a_source_that_is_registered_no_more),
		T(register_stops_are_limited_to_one_a_second),
		T(rp_keeps_a_source_whose_registers_come_on),
		T(a_new_rp_leaves_the_old_path_with_the_first_register),
		T(a_register_of_our_own_is_passed_over),
		T(a_register_without_an_rp_is_stopped_and_changes_nothing),
		T(a_register_for_another_rp_is_stopped_and_changes_nothing),
		T(a_register_to_another_address_of_the_rp_is_stopped),
		T(a_register_to_an_address_that_is_not_ours_gets_no_answer),
		T(a_register_of_an_ssm_group_is_stopped_and_changes_nothing),
		T(a_flood_of_registers_stays_below_the_limit),
		T(the_checksum_may_cover_eight_bytes_or_all),
		T(a_register_that_is_cut_changes_nothing),
		T(a_register_with_nonsense_inside_changes_nothing),
		T(a_fragment_inside_a_register_is_as_good_as_a_packet),
		T(the_border_bit_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
