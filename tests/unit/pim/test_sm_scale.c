/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Many trees: what they cost in memory and time, how they are packed, what limits keep out. Processor time of
 * this process is measured and printed; the bounds that are asserted are far above, for slow machines. PIM runs
 * here without the TIB: its actions are looked at and dropped.
 */
#include <malloc.h>
#include <time.h>

#include "tests/unit/pim/router.h"
#include "tests/unit/pim/sm_world.h"

#define MANY 100000u
#define MOVED 10000u

struct bare {
	struct sm_world *p; /* the net */
	struct pim_self *pim;
	struct timer_heap *timers;
	uint64_t now_us;
	/* what came of the events */
	uint64_t packets, bytes, joins, prunes, wishes, first_packet_ns;
	uint16_t max_len;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void count_packet(struct bare *b, const uint8_t *data, size_t len)
{
	struct pim_packet packet;
	struct pim_jp_group g;
	struct pim_jp_source e;
	struct pim_jp jp;

	assert_int_equal(pim_packet_open(data, len, &packet), PIM_OK);
	if (packet.type != PIM_JOIN_PRUNE)
		return;
	if (!b->first_packet_ns)
		b->first_packet_ns = cpu_ns();
	b->packets++;
	b->bytes += len;
	b->max_len = len > b->max_len ? (uint16_t)len : b->max_len;
	assert_int_equal(pim_jp_open(&packet, &jp), PIM_OK);
	while (pim_jp_group_next(&jp, &g)) {
		while (pim_jp_source_next(&g, &e)) {
			b->joins += e.join;
			b->prunes += !e.join;
		}
	}
}

static void event(struct bare *b, struct event *ev)
{
	struct actions out = {0};
	struct proto_ctx ctx = {.now_us = b->now_us,
		.self = 1,
		.net = b->p->w->net,
		.timers = b->timers,
		.out = &out,
		.dp = &b->p->w->f->dp};

	pim_proto.event(b->pim, ev, &ctx);
	for (size_t i = 0; i < out.n; i++) {
		if (out.v[i].kind == ACT_SEND_IP)
			count_packet(b, out.v[i].send.data, out.v[i].send.len);
		b->wishes += out.v[i].kind == ACT_WISH_SET;
	}
	actions_fini(&out);
}

static void pass(struct bare *b, uint64_t us)
{
	uint64_t end = b->now_us + us;
	struct timer *t;

	while (timer_next(b->timers) <= end) {
		if (timer_next(b->timers) > b->now_us)
			b->now_us = timer_next(b->timers);
		while ((t = timer_pop(b->timers, b->now_us)))
			event(b, &(struct event){.kind = EV_TIMER, .timer = t});
	}
	b->now_us = end;
}

static void forget(struct bare *b)
{
	b->packets = b->bytes = b->joins = b->prunes = b->wishes = b->first_packet_ns = 0;
	b->max_len = 0;
}

static void rx(struct bare *b, uint16_t ifid, const uint8_t *data, size_t len)
{
	struct event ev = {.kind = EV_PACKET};

	ev.packet.ifid = ifid;
	ev.packet.family = IP_V4;
	ev.packet.data = data;
	ev.packet.len = len;
	event(b, &ev);
}

static void hello(struct bare *b, uint16_t ifid, const char *addr)
{
	struct pim_hello h = {
		.has = PIM_HAS_HOLDTIME | PIM_HAS_DR_PRIORITY, .holdtime_s = PIM_HOLDTIME_FOREVER};
	struct ipaddr from = ip(addr);
	uint8_t buf[256];

	rx(b, ifid, buf, pim_hello_write(buf, sizeof(buf), &from, &h, NULL, 0));
}

struct rx_arg {
	struct bare *b;
	uint16_t ifid;
	uint64_t ns; /* of processing */
};

static void rx_built(void *arg, const uint8_t *data, size_t len)
{
	struct rx_arg *a = arg;
	uint64_t begin = cpu_ns();

	rx(a->b, a->ifid, data, len);
	a->ns += cpu_ns() - begin;
}

static struct ipaddr group(uint32_t i)
{
	return ip4(0xef000000u + 256 + i);
}

static struct ipaddr source(uint32_t i)
{
	return ip4(0x0a010000u + 1 + i % 250);
}

/* n Joins(S,G), so many sources a group, in packed messages. Nanoseconds of processing them. */
static uint64_t join_sources(struct bare *b, uint16_t ifid, const char *from, const char *to,
	uint32_t n, uint32_t sources, struct ipaddr (*src)(uint32_t i))
{
	struct rx_arg arg = {.b = b, .ifid = ifid};
	const struct joins j = {.from = from,
		.to = to,
		.n = n,
		.sources = sources,
		.grp = group,
		.src = src,
		.holdtime_s = SM_HOLD,
		.send = rx_built,
		.arg = &arg};

	joins_send(&j);
	return arg.ns;
}

/* One a group. */
static uint64_t join_many(
	struct bare *b, uint16_t ifid, const char *from, const char *to, uint32_t n)
{
	return join_sources(b, ifid, from, to, n, 1, source);
}

static int setup(void **state)
{
	struct bare *b = calloc(1, sizeof(*b));

	sm_world_setup((void **)&b->p);
	b->timers = timer_heap_new();
	b->pim = pim_proto.new();
	assert_non_null(b->pim);
	b->now_us = 1000000;
	event(b, &(struct event){.kind = EV_CONFIG, .config = &b->p->conf});
	hello(b, b->p->up, "10.0.1.2");
	hello(b, b->p->src, "10.0.2.2");
	hello(b, b->p->lan1, "10.0.3.2");
	hello(b, b->p->lan2, "10.0.4.2");
	pass(b, 10000000);
	forget(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bare *b = *state;

	assert_int_equal(b->pim->sm->stats.settle_circle, 0);
	pim_proto.free(b->pim, b->timers);
	assert_int_equal(timer_count(b->timers), 0);
	timer_heap_free(b->timers);
	sm_world_teardown((void **)&b->p);
	free(b);
	return 0;
}

/* --- cost ----------------------------------------------------------------------------------------------- */

static void memory_and_time_of_100_000_trees(void **state)
{
	struct bare *b = *state;
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, after;
	uint64_t joined, sent, second, received, refreshed, begin;

	joined = join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", MANY);
	begin = cpu_ns();
	pass(b, 0);
	sent = cpu_ns() - begin;
	assert_int_equal(b->joins, MANY);
	second = join_many(b, b->p->lan2, "10.0.4.2", "10.0.4.1", MANY);
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	print_message("100,000 (S,G): joined in %.0f ms, sent on in %.0f ms (%llu packets), "
		      "a second interface in %.0f ms\n",
		(double)joined / 1e6, (double)sent / 1e6, (unsigned long long)b->packets,
		(double)second / 1e6);
	print_message(
		"%zu bytes of PIM for an (S,G) with two interfaces\n", (after - before) / MANY);
	assert_true((after - before) / MANY < 830);
	assert_true(joined + sent < 10000000000u);
	/* a minute later */
	forget(b);
	begin = cpu_ns();
	pass(b, 61000000);
	refreshed = cpu_ns() - begin;
	assert_true(b->joins >= MANY);
	received = join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", MANY);
	print_message("a refresh: %.2f %% of a core to send (%llu packets), %.2f %% to receive\n",
		(double)refreshed / 61e7, (unsigned long long)b->packets, (double)received / 6e8);
	assert_true(refreshed + received < 12000000000u);
	assert_true(b->packets < 3000);
	assert_int_equal(b->wishes, 0);
}

static void ten_thousand_trees_move_at_once(void **state)
{
	struct bare *b = *state;
	struct event ev = {.kind = EV_NET};
	uint64_t begin, end;

	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", MOVED);
	pass(b, 1000000);
	world_route(b->p->w, "10.1.0.0/16", b->p->up, "10.0.1.2");
	forget(b);
	ev.net.kind = NET_RIB;
	assert_int_equal(prefix_parse("10.1.0.0/16", &ev.net.prefix), 0);
	begin = cpu_ns();
	event(b, &ev);
	pass(b, 0);
	end = cpu_ns();
	print_message(
		"10,000 trees moved: first Join after %.2f ms, all after %.2f ms, %llu packets\n",
		(double)(b->first_packet_ns - begin) / 1e6, (double)(end - begin) / 1e6,
		(unsigned long long)b->packets);
	assert_int_equal(b->joins, MOVED);
	assert_int_equal(b->prunes, 0);
	assert_true(b->packets < 200);
	assert_true(b->first_packet_ns - begin < 100000000);
	assert_true(end - begin < 2000000000);
	/* the old path is pruned when the time of the move is over */
	forget(b);
	pass(b, 3000000);
	assert_int_equal(b->prunes, MOVED);
	assert_true(b->packets < 200);
}

static void a_restarted_neighbour_gets_all_joins_packed(void **state)
{
	struct bare *b = *state;
	struct pim_hello h = {.has = PIM_HAS_HOLDTIME | PIM_HAS_GENID,
		.holdtime_s = PIM_HOLDTIME_FOREVER,
		.genid = 9};
	struct ipaddr from = ip("10.0.2.2");
	uint8_t buf[256];

	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", MOVED);
	pass(b, 1000000);
	forget(b);
	rx(b, b->p->src, buf, pim_hello_write(buf, sizeof(buf), &from, &h, NULL, 0));
	pass(b, 2500000);
	assert_int_equal(b->joins, MOVED);
	assert_true(b->packets < 200);
}

static struct ipaddr source_of_its_own(uint32_t i)
{
	return ip4(0x0a010100u + i);
}

static void two_thousand_sources_of_a_group_by_one_neighbour(void **state)
{
	struct bare *b = *state;

	join_sources(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 2000, 2000, source_of_its_own);
	assert_int_equal(b->pim->sm->n_sg, 2000);
	pass(b, 0);
	assert_int_equal(b->joins, 2000);
	assert_in_range(b->packets, 11, 12); /* 1500 bytes take 179 sources of one group */
	assert_true(b->max_len <= 1500);
}

/* --- limits ----------------------------------------------------------------------------------------------- */

static void configure(struct bare *b)
{
	event(b, &(struct event){.kind = EV_CONFIG, .config = &b->p->conf});
}

static uint64_t drops_of(const struct bare *b, enum pim_drop why)
{
	return b->pim->stats.drops[why];
}

static void states_in_all_have_a_limit(void **state)
{
	struct bare *b = *state;

	b->p->conf.limits.states = 100; /* 50 groups with a source each */
	configure(b);
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 200);
	assert_int_equal(b->pim->sm->n_sg + b->pim->sm->n_star, 100);
	assert_int_equal(drops_of(b, PIM_DROP_limit_states), 150);
	/* what is there is refreshed, and there is room again when it is gone */
	pass(b, 211000000);
	assert_int_equal(b->pim->sm->n_sg, 0);
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 50);
	assert_int_equal(b->pim->sm->n_sg, 50);
}

static void states_of_a_neighbour_have_a_limit(void **state)
{
	struct bare *b = *state;
	struct ipaddr a = ip("10.0.3.2");

	b->p->conf.limits.per_neighbor = 50;
	configure(b);
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 200);
	assert_int_equal(b->pim->sm->n_sg, 50);
	assert_int_equal(drops_of(b, PIM_DROP_limit_neighbor), 150);
	assert_int_equal(
		pim_neigh_find(pim_iface_get(b->pim, b->p->lan1, IP_V4), &a)->n_states, 50);
	join_many(b, b->p->lan2, "10.0.4.2", "10.0.4.1", 60);
	assert_int_equal(b->pim->sm->n_sg, 50);
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 50); /* its own are refreshed */
	assert_int_equal(drops_of(b, PIM_DROP_limit_neighbor), 160);
	pass(b, 211000000);
	assert_int_equal(pim_neigh_find(pim_iface_get(b->pim, b->p->lan1, IP_V4), &a)->n_states, 0);
}

static void by_default_one_neighbour_takes_no_more_than_half(void **state)
{
	struct bare *b = *state;
	struct pim_config defaults;

	pim_config_default(&defaults);
	assert_in_range(defaults.limits.per_neighbor, MANY, UINT32_MAX);
	assert_in_range(defaults.limits.per_source, MANY, UINT32_MAX);
	b->p->conf.limits = defaults.limits;
	configure(b);
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 2 * defaults.limits.per_neighbor);
	assert_int_equal(b->pim->sm->n_sg, defaults.limits.per_neighbor);
	assert_in_range(b->pim->sm->n_sg + b->pim->sm->n_star, 0, defaults.limits.states / 2);
}

static uint32_t groups_of_source(const struct bare *b, uint32_t i)
{
	struct ipaddr src = source(i);

	return target_find(b->pim->sm, &src, TARGET_S)->n_ups;
}

static void groups_of_a_source_have_a_limit(void **state)
{
	struct bare *b = *state;

	b->p->conf.limits.per_source = 3;
	configure(b);
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 2000); /* 250 sources */
	assert_int_equal(b->pim->sm->n_sg, 750);
	assert_int_equal(b->pim->sm->n_star, 750);
	assert_int_equal(drops_of(b, PIM_DROP_limit_source), 1250);
	assert_int_equal(groups_of_source(b, 0), 3);
	pass(b, 211000000);
	assert_null(order_first(&b->pim->sm->targets));
	join_many(b, b->p->lan1, "10.0.3.2", "10.0.3.1", 750); /* there is room again */
	assert_int_equal(b->pim->sm->n_sg, 750);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(memory_and_time_of_100_000_trees),
		T(ten_thousand_trees_move_at_once),
		T(a_restarted_neighbour_gets_all_joins_packed),
		T(two_thousand_sources_of_a_group_by_one_neighbour),
		T(states_in_all_have_a_limit),
		T(states_of_a_neighbour_have_a_limit),
		T(by_default_one_neighbour_takes_no_more_than_half),
		T(groups_of_a_source_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
