/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Equal paths towards a source: each group has its own, and a lost one moves no other (RFC 2991 section 6).
 */
#include "tests/unit/pim/sm_world.h"

#define S "10.1.1.1"
#define GROUPS 16

static const char *group(unsigned i, char buf[IP_STRLEN])
{
	snprintf(buf, IP_STRLEN, "239.1.1.%u", i);
	return buf;
}

static void two_paths(struct sm_world *p)
{
	struct net_route r = {.origin = NET_ROUTE_RPF, .n_paths = 2};

	assert_int_equal(prefix_parse("10.1.0.0/16", &r.dst), 0);
	r.paths[0] = (struct net_path){.gateway = addr("10.0.1.2"), .ifid = p->up, .weight = 1};
	r.paths[1] = (struct net_path){.gateway = addr("10.0.2.2"), .ifid = p->src, .weight = 1};
	assert_int_equal(net_route_set(p->w->net, &r), 0);
	world_run(p->w);
}

static void members_of_all(struct sm_world *p, enum member_state state)
{
	char g[IP_STRLEN];

	for (unsigned i = 0; i < GROUPS; i++)
		sw_member(p, p->lan1, S, group(i, g), state);
}

static const struct sm_up *up_of(struct sm_world *p, unsigned i)
{
	char g[IP_STRLEN];

	return &sw_source(p, S, group(i, g))->sg.up;
}

/* Whom each is joined towards: what the routes say for its group. */
static unsigned ways(struct sm_world *p, uint16_t way[GROUPS])
{
	struct ipaddr s = addr(S), g;
	char text[IP_STRLEN];
	struct net_rpf rpf;
	unsigned n = 0;

	for (unsigned i = 0; i < GROUPS; i++) {
		g = addr(group(i, text));
		assert_true(net_rpf_group(p->w->net, &s, &g, &rpf));
		way[i] = up_of(p, i)->ifid;
		assert_int_equal(way[i], rpf.ifid);
		assert_true(ip_eq(&up_of(p, i)->nbr, &rpf.neighbor));
		n += way[i] == p->src;
	}
	return n;
}

static void groups_of_a_source_are_joined_by_either_path(void **state)
{
	struct sm_world *p = *state;
	uint16_t way[GROUPS];

	two_paths(p);
	members_of_all(p, MEMBER_INCLUDE);
	assert_in_range(ways(p, way), 3, GROUPS - 3);
	members_of_all(p, MEMBER_NONE);
	sw_assert_empty(p);
}

static void a_lost_path_moves_its_own_groups_and_they_return(void **state)
{
	struct sm_world *p = *state;
	uint16_t before[GROUPS], way[GROUPS];
	char g[IP_STRLEN], moved[IP_STRLEN + 2];
	const char *sent;

	two_paths(p);
	members_of_all(p, MEMBER_INCLUDE);
	ways(p, before);
	sw_forget(p);
	net_if_admin(p->w->net, p->src, false);
	world_run(p->w);
	assert_int_equal(ways(p, way), 0);
	sent = sw_sent(p, p->up);
	for (unsigned i = 0; i < GROUPS; i++) {
		snprintf(moved, sizeof(moved), "%s J", group(i, g));
		assert_int_equal(strstr(sent, moved) != NULL, before[i] == p->src);
	}
	net_if_admin(p->w->net, p->src, true);
	world_run(p->w);
	sw_neigh(p, p->src, "10.0.2.2");
	ways(p, way);
	assert_memory_equal(way, before, sizeof(way));
}

static void one_path_and_two_change_into_each_other(void **state)
{
	struct sm_world *p = *state;
	uint16_t before[GROUPS], way[GROUPS];

	members_of_all(p, MEMBER_INCLUDE);
	assert_int_equal(ways(p, way), GROUPS);
	two_paths(p);
	assert_in_range(ways(p, before), 3, GROUPS - 3);
	net_ecmp_set(p->w->net, NET_ECMP_NONE);
	world_run(p->w);
	assert_int_equal(ways(p, way), GROUPS); /* the highest neighbour */
	net_ecmp_set(p->w->net, NET_ECMP_SOURCE_GROUP);
	world_run(p->w);
	ways(p, way);
	assert_memory_equal(way, before, sizeof(way));
	world_route(p->w, "10.1.0.0/16", p->src, "10.0.2.2");
	world_run(p->w);
	assert_int_equal(ways(p, way), GROUPS);
	for (unsigned i = 0; i < GROUPS; i++)
		assert_null(up_of(p, i)->own);
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(groups_of_a_source_are_joined_by_either_path),
		T(a_lost_path_moves_its_own_groups_and_they_return),
		T(one_path_and_two_change_into_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
