/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Members of all versions behind one router or two: joins, leaves with others remaining, sources wanted and
 * not, hosts that vanish, queriers that die (RFC 3376, 2236, 1112).
 *
 *      in (src, src2) --- a == rp --- b --- lan (h1, h2, h3)
 *                           \         c ---/        (c in some tests)
 */
#include "tests/sim/scene.h"

struct club {
	struct sim *s;
	struct sim_router *a, *b, *c;
	struct sim_link *in, *ab, *ac, *lan;
	struct sim_host *src, *src2, *h1, *h2, *h3;
	char from[IP_STRLEN], from2[IP_STRLEN];
};

static void plant(struct club *t, struct sim *s, uint8_t v1, uint8_t v2, uint8_t v3, bool two)
{
	*t = (struct club){.s = s};
	s->protocols = true;
	t->a = sim_router(s, "a");
	t->b = sim_router(s, "b");
	t->in = scene_lan(s, "in", t->a, NULL);
	t->ab = scene_cable(s, t->a, t->b);
	t->lan = scene_lan(s, "lan", t->b, NULL);
	if (two) {
		t->c = sim_router(s, "c");
		t->ac = scene_cable(s, t->a, t->c);
		sim_attach(t->c, t->lan, NULL);
	}
	t->src = sim_host(s, "src", t->in, 3);
	t->src2 = sim_host(s, "src2", t->in, 3);
	t->h1 = sim_host(s, "h1", t->lan, v1);
	t->h2 = sim_host(s, "h2", t->lan, v2);
	t->h3 = sim_host(s, "h3", t->lan, v3);
	ip_str(&t->src->port->ip, t->from, sizeof(t->from));
	ip_str(&t->src2->port->ip, t->from2, sizeof(t->from2));
	scene_rp(t->a);
	scene_start(s);
}

static void a_leave_does_not_hurt_the_member_that_remains(struct sim *s, uint8_t version)
{
	struct club t;

	plant(&t, s, version, version, version, false);
	sim_host_join(t.h1, G1);
	sim_host_join(t.h2, G1);
	sim_source_send(t.src, G1, 20);
	sim_run(s, 30);
	sim_host_leave(t.h1, G1);
	sim_assert_delivers(s, 10);
	sim_host_leave(t.h2, G1);
	sim_run(s, version == 1 ? 290 : 8);
	assert_int_equal(scene_data_on(s, t.lan, 10), 0);
	scene_assert_fades(s);
}

static void one_of_two_igmpv3_members_leaves(void **state)
{
	a_leave_does_not_hurt_the_member_that_remains(*state, 3);
}

static void one_of_two_igmpv2_members_leaves(void **state)
{
	a_leave_does_not_hurt_the_member_that_remains(*state, 2);
}

static void one_of_two_igmpv1_members_leaves(void **state)
{
	a_leave_does_not_hurt_the_member_that_remains(*state, 1);
}

static void members_of_all_versions_share_a_lan(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 1, 2, 3, false);
	sim_host_join(t.h1, G1);
	sim_host_join(t.h2, G1);
	sim_host_filter(t.h3, G1, SIM_INCLUDE, t.from);
	sim_source_send(t.src, G1, 10);
	sim_source_send(t.src2, G1, 10);
	sim_run(s, 20);
	sim_assert_delivers(s, 300);
	sim_host_leave(t.h1, G1);
	sim_host_leave(t.h2, G1);
	sim_run(s, 540); /* the version 1 host is waited for, then its compatibility mode ends */
	sim_assert_delivers(s, 20);
	assert_in_range(scene_data_on(s, t.lan, 10), 99, 101); /* src alone */
	scene_assert_fades(s);
}

static void what_all_exclude_does_not_come(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 3, 3, 3, false);
	sim_host_filter(t.h1, G1, SIM_EXCLUDE, t.from2);
	sim_host_filter(t.h2, G1, SIM_INCLUDE, t.from);
	sim_source_send(t.src, G1, 10);
	sim_source_send(t.src2, G1, 10);
	sim_run(s, 20);
	sim_assert_delivers(s, 300);
	assert_in_range(scene_data_on(s, t.lan, 10), 99, 101);
	sim_host_filter(t.h3, G1, SIM_INCLUDE, t.from2); /* now somebody wants it */
	sim_run(s, 5);
	sim_assert_delivers(s, 10);
	assert_in_range(scene_data_on(s, t.lan, 10), 198, 202);
	sim_host_filter(t.h3, G1, SIM_INCLUDE, "");
	sim_run(s, 10);
	sim_assert_delivers(s, 10);
	assert_in_range(scene_data_on(s, t.lan, 10), 99, 101);
	scene_assert_fades(s);
}

static void sources_are_added_and_dropped_one_by_one(void **state)
{
	struct sim *s = *state;
	char both[2 * IP_STRLEN + 1];
	struct club t;

	plant(&t, s, 3, 3, 3, false);
	snprintf(both, sizeof(both), "%s %s", t.from, t.from2);
	sim_source_send(t.src, SSM1, 10);
	sim_source_send(t.src2, SSM1, 10);
	sim_host_filter(t.h1, SSM1, SIM_INCLUDE, t.from);
	sim_run(s, 5);
	sim_assert_delivers(s, 5);
	sim_host_filter(t.h1, SSM1, SIM_INCLUDE, both);
	sim_run(s, 2);
	sim_assert_delivers(s, 300);
	sim_host_filter(t.h1, SSM1, SIM_INCLUDE, t.from2);
	sim_run(s, 8);
	sim_assert_delivers(s, 5);
	assert_in_range(scene_data_on(s, t.lan, 10), 99, 101);
	scene_assert_fades(s);
}

static void a_host_that_vanishes_is_forgotten(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 3, 3, 3, false);
	sim_host_join(t.h1, G1);
	sim_source_send(t.src, G1, 10);
	sim_run(s, 20);
	sim_host_silence(t.h1, true);
	assert_true(scene_data_on(s, t.lan, 100) > 900);
	sim_run(s, 180); /* Group Membership Interval 260 s */
	assert_int_equal(scene_data_on(s, t.lan, 10), 0);
}

static void a_tracked_leave_of_the_last_member_ends_the_flow_at_once(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 3, 3, 3, false);
	sim_host_join(t.h1, G1);
	sim_host_join(t.h2, G1);
	sim_source_send(t.src, G1, 100);
	sim_run(s, 20);
	sim_host_leave(t.h1, G1);
	sim_assert_delivers(s, 5);
	sim_host_leave(t.h2, G1);
	sim_run(s, 0.05);
	assert_int_equal(scene_data_on(s, t.lan, 5), 0);
	scene_assert_fades(s);
}

/* b asks and tracks; c forwards, as the DR, and tracks nobody: it goes by what b says. */
static void a_forwarder_that_does_not_track_ends_when_a_tracking_querier_says_so(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 3, 3, 3, true);
	sim_port_of(t.c, t.lan)->gmp.leave = GMP_LEAVE_QUERY;
	sim_port_of(t.c, t.lan)->gmp.tracking = false;
	sim_configure(t.c);
	sim_host_join(t.h1, G1);
	sim_host_filter(t.h2, G2, SIM_INCLUDE, t.from);
	sim_source_send(t.src, G1, 100);
	sim_source_send(t.src, G2, 100);
	sim_run(s, 30);
	sim_assert_delivers(s, 5);
	sim_host_leave(t.h1, G1);
	sim_host_leave(t.h2, G2);
	sim_run(s, 2.5); /* Last Member Query Time 2 s */
	assert_int_equal(scene_data_on(s, t.lan, 5), 0);
	scene_assert_fades(s);
}

static void without_tracking_the_last_member_is_asked_for_twice(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct club t;

	plant(&t, s, 3, 3, 3, false);
	sim_port_of(t.b, t.lan)->gmp.leave = GMP_LEAVE_QUERY;
	sim_configure(t.b);
	sim_host_join(t.h1, G1);
	sim_source_send(t.src, G1, 100);
	sim_run(s, 60);
	h = scene_listen(s, t.lan);
	sim_host_leave(t.h1, G1);
	assert_true(scene_data_on(s, t.lan, 1.9) > 180); /* Last Member Query Time 2 s */
	assert_int_equal(h->queries, 2);
	sim_run(s, 0.3);
	assert_int_equal(scene_data_on(s, t.lan, 5), 0);
	scene_assert_fades(s);
}

static void hosts_of_version_3_fall_back_to_a_querier_of_version_2(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 3, 2, 3, false);
	sim_port_of(t.b, t.lan)->gmp.version = 2;
	sim_configure(t.b);
	sim_run(s, 130); /* its next query */
	sim_host_filter(t.h1, G1, SIM_INCLUDE, t.from);
	sim_host_join(t.h2, G1);
	sim_source_send(t.src, G1, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 200);
	sim_host_leave(t.h2, G1);
	sim_host_filter(t.h1, G1, SIM_INCLUDE, "");
	sim_run(s, 10);
	assert_int_equal(scene_data_on(s, t.lan, 5), 0);
	scene_assert_fades(s);
}

static void the_lowest_address_asks_and_another_takes_over_when_it_dies(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct club t;

	plant(&t, s, 3, 3, 3, true);
	sim_host_join(t.h1, G1);
	sim_source_send(t.src, G1, 10);
	sim_run(s, 150);
	h = scene_listen(s, t.lan);
	sim_assert_delivers(s, 500);
	assert_in_range(h->queries, 4, 4); /* one router asks */
	sim_crash(t.b);
	sim_run(s, 300); /* other querier present 255 s, neighbour 105 s */
	h = scene_listen(s, t.lan);
	sim_assert_delivers(s, 500);
	assert_in_range(h->queries, 4, 5);
}

static void two_routers_at_a_lan_give_one_copy(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 2, 3, 3, true);
	sim_host_join(t.h1, G1);
	sim_host_filter(t.h2, G1, SIM_INCLUDE, t.from);
	sim_host_filter(t.h3, SSM1, SIM_INCLUDE, t.from);
	sim_source_send(t.src, G1, 10);
	sim_source_send(t.src2, G1, 10);
	sim_source_send(t.src, SSM1, 10);
	sim_run(s, 20);
	sim_assert_delivers(s, 300);
	scene_assert_fades(s);
}

static void joins_get_through_a_lossy_lan(void **state)
{
	struct sim *s = *state;
	struct club t;

	plant(&t, s, 3, 2, 3, true);
	sim_faults(t.lan, &(struct sim_faults){.loss = 200000, .control_only = true});
	sim_faults(t.ab, &(struct sim_faults){.loss = 200000, .control_only = true});
	sim_faults(t.ac, &(struct sim_faults){.loss = 200000, .control_only = true});
	sim_host_join(t.h1, G1);
	sim_host_join(t.h2, G2);
	sim_source_send(t.src, G1, 10);
	sim_source_send(t.src, G2, 10);
	sim_run(s, 200);
	sim_faults(t.lan, NULL);
	sim_faults(t.ab, NULL);
	sim_faults(t.ac, NULL);
	sim_run(s, 200);
	sim_assert_delivers(s, 30);
	scene_assert_fades(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(one_of_two_igmpv3_members_leaves),
		SIM_TEST(one_of_two_igmpv2_members_leaves),
		SIM_TEST(one_of_two_igmpv1_members_leaves),
		SIM_TEST(members_of_all_versions_share_a_lan),
		SIM_TEST(what_all_exclude_does_not_come),
		SIM_TEST(sources_are_added_and_dropped_one_by_one),
		SIM_TEST(a_host_that_vanishes_is_forgotten),
		SIM_TEST(a_tracked_leave_of_the_last_member_ends_the_flow_at_once),
		SIM_TEST(a_forwarder_that_does_not_track_ends_when_a_tracking_querier_says_so),
		SIM_TEST(without_tracking_the_last_member_is_asked_for_twice),
		SIM_TEST(hosts_of_version_3_fall_back_to_a_querier_of_version_2),
		SIM_TEST(the_lowest_address_asks_and_another_takes_over_when_it_dies),
		SIM_TEST(two_routers_at_a_lan_give_one_copy),
		SIM_TEST(joins_get_through_a_lossy_lan),
	};

	return sim_run_both("sim_member", tests);
}
