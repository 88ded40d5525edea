/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What an (S,G) that a Join made costs in all of control: PIM, TIB, timers, tables; counted by what malloc has
 * given out. The data plane takes what it is told and keeps nothing.
 */
#include <malloc.h>

#include "tests/unit/pim/router.h"
#include "tests/unit/pim/sm_world.h"

#define MANY 100000u

#if defined(__SANITIZE_ADDRESS__)
#define COUNTED false /* its malloc counts nothing */
#else
#define COUNTED true
#endif

/* --- a data plane that keeps nothing ------------------------------------------------------------------------ */

static int list_get(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list)
{
	*list = 1;
	return 0;
}

static void list_put(void *dp, uint32_t list)
{
}

static int route_set(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done)
{
	*done = n;
	return 0;
}

static int route_del(void *dp, const struct dp_route_key *keys, uint32_t n)
{
	return 0;
}

static int oif_del(void *dp, uint32_t oif)
{
	return 0;
}

static int packet_send(
	void *dp, uint16_t ifid, enum dp_send_kind kind, const void *data, size_t len)
{
	return 0;
}

struct memory {
	struct sm_world *p;
	struct dp_ops ops;
};

static int setup(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	sm_world_setup((void **)&m->p);
	m->ops = *m->p->w->f->dp.ops;
	m->ops.list_get = list_get;
	m->ops.list_put = list_put;
	m->ops.route_set = route_set;
	m->ops.route_del = route_del;
	m->ops.oif_del = oif_del;
	m->ops.packet_send = packet_send;
	m->p->w->f->dp.ops = &m->ops;
	world_route(m->p->w, "10.64.0.0/10", m->p->src, "10.0.2.2");
	world_run(m->p->w);
	sw_neigh(m->p, m->p->lan1, "10.0.3.2");
	sw_neigh(m->p, m->p->lan2, "10.0.4.2");
	sw_pass(m->p, 10000);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct memory *m = *state;

	sm_world_teardown((void **)&m->p);
	free(m);
	return 0;
}

static size_t in_use(void)
{
	struct mallinfo2 i = mallinfo2();

	return i.uordblks + i.hblkhd;
}

/* --- the trees ------------------------------------------------------------------------------------------------ */

static struct ipaddr group(uint32_t i)
{
	return ip4(0xef000000u + 256 + i);
}

static struct ipaddr source(uint32_t i)
{
	return ip4(0x0a400001u + i);
}

/* Joins of MANY (S,G) with so many sources in each group; each has a source of its own. */
static void join_many(
	struct sm_world *p, uint16_t ifid, const char *from, const char *to, uint32_t sources)
{
	struct sw_rx arg = {.p = p, .ifid = ifid};
	const struct joins j = {.from = from,
		.to = to,
		.n = MANY,
		.sources = sources,
		.grp = group,
		.src = source,
		.holdtime_s = SM_HOLD,
		.send = sw_rx_built,
		.arg = &arg};

	joins_send(&j);
}

/* The bounds are a twentieth above what it is. */
static void costs(struct memory *m, uint32_t sources, size_t one_max, size_t two_max)
{
	struct sm_world *p = m->p;
	size_t before = in_use(), one, two;

	join_many(p, p->lan1, "10.0.3.2", "10.0.3.1", sources);
	assert_int_equal(p->sm->n_sg, MANY);
	assert_int_equal(tib_count(p->w->tib), MANY);
	one = (in_use() - before) / MANY;
	join_many(p, p->lan2, "10.0.4.2", "10.0.4.1", sources);
	two = (in_use() - before) / MANY;
	print_message("%zu bytes for an (S,G), %u a group, from one interface to another, %zu with "
		      "a third\n",
		one, sources, two);
	if (COUNTED)
		assert_in_range(one, 100, one_max);
	assert_true(two <= two_max);
}

static void an_sg_of_its_own_group_costs_no_more_than_it_did(void **state)
{
	costs(*state, 1, 1080, 1200);
}

static void an_sg_of_a_group_of_ten_costs_no_more_than_it_did(void **state)
{
	costs(*state, 10, 800, 920);
}

static void a_group_with_a_member_costs_no_more_than_it_did(void **state)
{
	struct memory *m = *state;
	struct sm_world *p = m->p;
	size_t before = in_use(), each;

	for (uint32_t i = 0; i < MANY; i++) {
		struct event ev = {.kind = EV_MEMBER,
			.member = {.ifid = p->lan1, .state = MEMBER_INCLUDE, .grp = group(i)}};

		runner_event(p->w->r, p->number, &ev, p->w->now_us);
	}
	world_run(p->w);
	assert_int_equal(p->sm->n_star, MANY);
	assert_int_equal(tib_count(p->w->tib), MANY);
	each = (in_use() - before) / MANY;
	print_message("%zu bytes for a (*,G) with a member\n", each);
	assert_true(each <= 720);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_sg_of_its_own_group_costs_no_more_than_it_did),
		T(an_sg_of_a_group_of_ten_costs_no_more_than_it_did),
		T(a_group_with_a_member_costs_no_more_than_it_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
