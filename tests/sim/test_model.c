/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The simulator itself: its wires, its clocks, its model of the data plane, and that each invariant it
 * checks can fail. Static routes only.
 *
 *      src --- s --- r1 --- m --- r2 --- d --- dst
 *                     \______ side ______/
 */
#include "tests/sim/help.h"

#define G "239.1.1.1"

struct chain {
	struct sim_link *s, *m, *d, *side;
	struct sim_router *r1, *r2;
	struct sim_host *src, *dst, *idle;
	struct sim_source *flow;
};

static void build(struct sim *s, struct chain *c)
{
	c->s = sim_link(s, "s", "10.0.1.0/24");
	c->m = sim_link(s, "m", "10.0.2.0/24");
	c->d = sim_link(s, "d", "10.0.3.0/24");
	c->side = sim_link(s, "side", "10.0.4.0/24");
	c->r1 = sim_router(s, "r1");
	c->r2 = sim_router(s, "r2");
	sim_attach(c->r1, c->s, NULL);
	sim_attach(c->r1, c->m, NULL);
	sim_attach(c->r1, c->side, NULL);
	sim_attach(c->r2, c->m, NULL);
	sim_attach(c->r2, c->d, NULL);
	sim_attach(c->r2, c->side, NULL);
	c->src = sim_host(s, "src", c->s, 3);
	c->dst = sim_host(s, "dst", c->d, 3);
	sim_start(s);
	sim_host_join(c->dst, G);
	c->flow = sim_source_send(c->src, G, 50);
}

static void build_routes(struct sim *s, struct chain *c)
{
	build(s, c);
	sim_static(c->r1, "*", G, "s", "m");
	sim_static(c->r2, "*", G, "m", "d");
	sim_run(s, 1);
}

static void a_chain_of_static_routes_delivers_each_packet_once(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_assert_delivers(s, 10);
	assert_true(c.dst->received >= 500);
}

static void a_static_route_follows_the_unicast_route_to_the_source(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build(s, &c);
	sim_static(c.r1, "10.0.1.2", G, "s", "m side");
	sim_static(c.r2, "10.0.1.2", G, "rpf", "d");
	sim_run(s, 1);
	sim_check(s, 1); /* both ways carry it, one of them in vain */
	assert_int_equal(s->failures, 1);
	sim_cost(c.r2, c.m, 100);
	sim_run(s, 1);
	c.dst->received = 0;
	sim_check(s, 1);
	assert_int_equal(s->failures, 2);
	assert_true(c.dst->received >= 50);
}

static void a_lost_packet_is_a_fault(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_faults(c.m, &(struct sim_faults){.loss = SIM_CHANCE / 20});
	assert_true(sim_check(s, 5) > 0);
	assert_non_null(strstr(s->first_failure, "dst misses"));
}

static void a_second_copy_is_a_fault(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_faults(c.d, &(struct sim_faults){.dup = SIM_CHANCE / 20});
	assert_int_equal(sim_check(s, 5), 1);
	assert_non_null(strstr(s->first_failure, "more than once"));
}

static void two_forwarders_onto_one_link_are_a_fault(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_static_clear(c.r1);
	sim_static(c.r1, "*", G, "s", "m side");
	sim_static_clear(c.r2);
	sim_static(c.r2, "*", G, "any", "d");
	sim_run(s, 1);
	sim_check(s, 2);
	assert_int_equal(s->failures, 2); /* dst has them twice, d carries them twice */
}

static void a_link_where_nobody_listens_must_stay_quiet(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_static_clear(c.r1);
	sim_static(c.r1, "*", G, "s", "m side");
	sim_run(s, 1);
	assert_int_equal(sim_check(s, 2), 1);
	assert_non_null(strstr(s->first_failure, "side carries"));
	assert_non_null(strstr(s->first_failure, "from r1"));
}

static void a_loop_is_a_fault(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_static_clear(c.r1);
	sim_static(c.r1, "*", G, "any", "m side");
	sim_static_clear(c.r2);
	sim_static(c.r2, "*", G, "any", "d side m");
	c.flow->ttl = 6;
	sim_run(s, 1);
	assert_true(sim_check(s, 1) > 0);
	assert_non_null(strstr(s->first_failure, "loops at r1 after r1 r2"));
}

static void a_partition_keeps_packets_and_its_end_lets_them_through(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_partition(sim_port_of(c.r2, c.m), 1);
	assert_true(sim_check(s, 1) > 0);
	s->failures = 0;
	sim_partition(sim_port_of(c.r2, c.m), 0);
	sim_assert_delivers(s, 2);
}

static void a_link_that_is_down_carries_nothing(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_link_up(c.m, false);
	assert_true(sim_check(s, 1) > 0);
	s->failures = 0;
	sim_link_up(c.m, true);
	sim_run(s, 1);
	sim_assert_delivers(s, 2);
}

static void unicast_routes_go_round_a_link_that_is_down(void **state)
{
	struct sim *s = *state;
	struct ipaddr src;
	struct net_rpf rpf;
	struct chain c;

	build(s, &c);
	src = sim_host_ip(c.src);
	assert_true(net_rpf(c.r2->net, &src, &rpf));
	assert_int_equal(rpf.ifid, sim_port_of(c.r2, c.m)->ifid);
	sim_link_up(c.m, false);
	sim_run(s, 1);
	assert_true(net_rpf(c.r2->net, &src, &rpf));
	assert_int_equal(rpf.ifid, sim_port_of(c.r2, c.side)->ifid);
	sim_if_up(c.r2, c.side, false);
	sim_run(s, 1);
	assert_false(net_rpf(c.r2->net, &src, &rpf));
}

static void delay_and_jitter_lose_nothing_and_keep_the_order(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_faults(c.m, &(struct sim_faults){.delay_us = 300000, .jitter_us = 200000});
	sim_assert_delivers(s, 5);
}

static void a_router_that_boots_again_forwards_again(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build_routes(s, &c);
	sim_crash(c.r2);
	assert_true(sim_check(s, 1) > 0);
	s->failures = 0;
	sim_boot(c.r2);
	sim_run(s, 1);
	sim_assert_delivers(s, 2);
}

static void routes_that_stay_are_seen_when_nothing_should_be_left(void **state)
{
	struct sim *s = *state;
	struct chain c;

	build(s, &c);
	sim_baseline(s);
	assert_int_equal(sim_check_empty(s), 0);
	sim_static(c.r1, "*", G, "s", "m");
	sim_run(s, 1);
	assert_true(sim_check_empty(s) >= 3);
	s->failures = 0;
	sim_static_clear(c.r1);
	sim_run(s, 1);
	assert_int_equal(sim_check_empty(s), 0);
}

/* --- a protocol of the test ---------------------------------------------------------------------- */

/* Routes each unknown flow from where it came in to all other interfaces, and arms a timer every second of
 * its own clock. */
struct learner {
	struct timer tick;
	unsigned ticks, upcalls[DP_UPCALL_KINDS];
	bool discard;
};

static struct learner *last_learner;

static void *learner_new(void)
{
	last_learner = calloc(1, sizeof(*last_learner));
	return last_learner;
}

static void learner_free(void *self, struct timer_heap *timers)
{
	timer_cancel(timers, &((struct learner *)self)->tick);
	free(self);
}

static void learner_route(struct proto_ctx *ctx, const struct dp_upcall *up)
{
	struct tib_output out[8];
	struct tib_wish w = {.precedence = TIB_PREC_SM, .n_inputs = 1, .outputs = out};
	const struct net_if *ifp;

	w.key.src = prefix_host(up->src);
	w.key.grp = prefix_host(up->grp);
	w.inputs[0] = (struct dp_input){.ifid = up->ifid, .flags = DP_INPUT_ACCEPT};
	for (uint16_t id = 0; (ifp = net_if_next(ctx->net, id)); id = ifp->id)
		if (ifp->id != up->ifid)
			out[w.n_outputs++] = (struct tib_output){.ifid = ifp->id};
	act_wish_set(ctx->out, &w);
}

static void learner_event(void *self, const struct event *ev, struct proto_ctx *ctx)
{
	struct learner *l = self;

	if (ev->kind == EV_UPCALL) {
		l->upcalls[ev->upcall.kind]++;
		if (ev->upcall.kind == DP_UPCALL_NOCACHE && !l->discard)
			learner_route(ctx, &ev->upcall);
	}
	if (ev->kind == EV_TIMER)
		l->ticks++;
	if (ev->kind == EV_TIMER || ev->kind == EV_COMMAND) {
		l->tick.proto = ctx->self;
		timer_set(ctx->timers, &l->tick, ctx->now_us + SIM_S);
	}
}

static const struct proto learner_proto = {.name = "learner",
	.upcalls = true,
	.new = learner_new,
	.free = learner_free,
	.event = learner_event};

static void learner_boot(struct sim_router *r)
{
	char error[80];
	int no = runner_add(r->r, &learner_proto);

	runner_command(r->r, (uint16_t)no, NULL, error, sizeof(error), sim_clock(r));
}

static void the_first_packet_waits_for_its_route_and_goes_on(void **state)
{
	struct sim *s = *state;
	struct sim_link *a = sim_link(s, "a", "10.0.1.0/24"), *b = sim_link(s, "b", "10.0.2.0/24");
	struct sim_router *r = sim_router(s, "r");
	struct sim_host *src = sim_host(s, "src", a, 3), *dst = sim_host(s, "dst", b, 3);

	s->boot = learner_boot;
	sim_attach(r, a, NULL);
	sim_attach(r, b, NULL);
	sim_start(s);
	sim_host_join(dst, G);
	sim_source_send(src, G, 10000); /* faster than control answers */
	sim_run(s, 1);
	sim_assert_clean(s);
	assert_int_equal(last_learner->upcalls[DP_UPCALL_NOCACHE], 1);
	assert_int_equal(dst->received, s->data_sent - 2); /* two are on their way */
}

static void a_flow_nobody_routes_signals_once_in_three_seconds(void **state)
{
	struct sim *s = *state;
	struct sim_link *a = sim_link(s, "a", "10.0.1.0/24");
	struct sim_router *r = sim_router(s, "r");
	struct sim_host *src = sim_host(s, "src", a, 3);

	s->boot = learner_boot;
	sim_attach(r, a, NULL);
	sim_start(s);
	last_learner->discard = true;
	sim_source_send(src, G, 100);
	sim_run(s, 8.9);
	assert_int_equal(last_learner->upcalls[DP_UPCALL_NOCACHE], 3);
}

static void what_comes_in_on_a_wrong_interface_is_signalled(void **state)
{
	struct sim *s = *state;
	struct chain c;

	s->boot = learner_boot;
	build(s, &c); /* r2 learns the input m first, then sees the copies on side */
	sim_run(s, 2);
	assert_true(last_learner->upcalls[DP_UPCALL_WRONGVIF] > 0);
}

static void a_fast_clock_ticks_more_often(void **state)
{
	struct sim *s = *state;
	struct sim_router *r = sim_router(s, "r");

	s->boot = learner_boot;
	sim_start(s);
	sim_run(s, 100.5);
	assert_int_equal(last_learner->ticks, 100);
	sim_skew(r, 100000);
	sim_run(s, 100);
	assert_in_range(last_learner->ticks, 209, 211);
	sim_skew(r, -100000);
	sim_run(s, 100);
	assert_in_range(last_learner->ticks, 299, 301);
}

static void a_seed_gives_the_same_run(void **state)
{
	uint64_t received[2], events[2];

	for (int i = 0; i < 2; i++) {
		struct sim *s = sim_new(7);
		struct chain c;

		build_routes(s, &c);
		sim_faults(c.m, &(struct sim_faults){.loss = 300000, .jitter_us = 5000});
		sim_run(s, 20);
		received[i] = c.dst->received;
		events[i] = s->events_done;
		sim_free(s);
	}
	assert_int_equal(received[0], received[1]);
	assert_int_equal(events[0], events[1]);
	assert_in_range(received[0], 600, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(a_chain_of_static_routes_delivers_each_packet_once),
		SIM_TEST(a_static_route_follows_the_unicast_route_to_the_source),
		SIM_TEST(a_lost_packet_is_a_fault),
		SIM_TEST(a_second_copy_is_a_fault),
		SIM_TEST(two_forwarders_onto_one_link_are_a_fault),
		SIM_TEST(a_link_where_nobody_listens_must_stay_quiet),
		SIM_TEST(a_loop_is_a_fault),
		SIM_TEST(a_partition_keeps_packets_and_its_end_lets_them_through),
		SIM_TEST(a_link_that_is_down_carries_nothing),
		SIM_TEST(unicast_routes_go_round_a_link_that_is_down),
		SIM_TEST(delay_and_jitter_lose_nothing_and_keep_the_order),
		SIM_TEST(a_router_that_boots_again_forwards_again),
		SIM_TEST(routes_that_stay_are_seen_when_nothing_should_be_left),
		SIM_TEST(the_first_packet_waits_for_its_route_and_goes_on),
		SIM_TEST(a_flow_nobody_routes_signals_once_in_three_seconds),
		SIM_TEST(what_comes_in_on_a_wrong_interface_is_signalled),
		SIM_TEST(a_fast_clock_ticks_more_often),
		cmocka_unit_test(a_seed_gives_the_same_run),
	};

	return sim_run_both("sim_model", tests);
}
