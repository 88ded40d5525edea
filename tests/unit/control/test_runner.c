/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The runner: order of events and actions, dispatch of packets, upcalls and timers, budgets. The
 * protocols here only remember what they were told and do what the test says.
 */
#include "tests/unit/control/world.h"

struct probe {
	bool running; /* inside event(): nobody else may be */
	unsigned n[EV_STOP + 1];
	struct net_change changes[64];
	struct dp_upcall upcall;
	struct timer timer, timers[8];
	uint16_t fired[64];
	unsigned n_fired;
	size_t packet_len;
	uint16_t packet_ifid;
	uint64_t now_us;
	/* what to do at the next event */
	void (*act)(struct probe *p, const struct event *ev, struct proto_ctx *ctx);
	uint16_t a, b;
};

static unsigned running; /* probes inside event(), all together */

static void *probe_new(void)
{
	return calloc(1, sizeof(struct probe));
}

static void probe_free(void *self, struct timer_heap *timers)
{
	free(self);
}

static void probe_event(void *self, const struct event *ev, struct proto_ctx *ctx)
{
	struct probe *p = self;

	assert_int_equal(running++, 0);
	if (ev->kind == EV_NET && p->n[EV_NET] < 64)
		p->changes[p->n[EV_NET]] = ev->net;
	p->n[ev->kind]++;
	p->now_us = ctx->now_us;
	switch (ev->kind) {
	case EV_PACKET:
		p->packet_len = ev->packet.len;
		p->packet_ifid = ev->packet.ifid;
		break;
	case EV_TIMER:
		assert_false(timer_armed(ev->timer));
		p->fired[p->n_fired++ % 64] = ev->timer->kind;
		break;
	case EV_UPCALL:
		p->upcall = ev->upcall;
		break;
	default:
		break;
	}
	if (p->act)
		p->act(p, ev, ctx);
	running--;
}

static const struct proto igmp_probe = {.name = "igmp",
	.packet_bits = DP_PROTO_IGMP | DP_PROTO_MLD,
	.new = probe_new,
	.free = probe_free,
	.event = probe_event};
static const struct proto pim_probe = {.name = "pim",
	.packet_bits = DP_PROTO_PIM,
	.new = probe_new,
	.free = probe_free,
	.event = probe_event};

static struct probe *add(struct world *w, const struct proto *p)
{
	int n = runner_add(w->r, p);

	assert_true(n >= 0);
	return runner_instance(w->r, (uint16_t)n);
}

static void configure(struct world *w, uint16_t number,
	void (*act)(struct probe *p, const struct event *ev, struct proto_ctx *ctx))
{
	struct probe *p = runner_instance(w->r, number);

	p->act = act;
	runner_config(w->r, number, NULL, w->now_us);
	p->act = NULL;
}

/* --- actions ----------------------------------------------------------------------------------- */

static void wish_and_send(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	struct tib_output o = {.ifid = p->b};
	uint8_t data[20] = {0x45};
	struct tib_wish wish = {.key = key("10.0.0.1", "239.1.1.1"), .n_outputs = 1, .outputs = &o};

	act_wish_set(ctx->out, &wish);
	act_send_ip(ctx->out, p->a, data, sizeof(data));
	act_notify(ctx->out, LOG_LVL_NOTICE, "%s", "done");
	o.ifid = 0; /* the list has copies */
	memset(data, 0, sizeof(data));
}

static void no_action_before_return(void *arg, enum fake_op op)
{
	assert_int_equal(running, 0);
}

static void actions_are_carried_out_after_the_function_returned(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	p->a = world_if(w, "a", NULL);
	p->b = world_if(w, "b", NULL);
	w->f->spy = no_action_before_return;
	configure(w, 0, wish_and_send);
	assert_int_equal(w->f->n_sent, 1);
	assert_int_equal(w->f->sent[0].ifid, p->a);
	assert_int_equal(w->f->sent[0].len, 20);
	assert_int_equal(w->f->sent[0].data[0], 0x45);
	assert_int_equal(w->f->sent[0].kind, DP_SEND_IP);
	assert_null(fake_dp_route(w->f, &k)); /* not committed yet */
	assert_int_equal(runner_commit(w->r), 0);
	assert_true(fake_dp_route_has_if(w->f, fake_dp_route(w->f, &k), p->b));
}

static void unwish(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	act_wish_del(ctx->out, &k);
}

static void a_protocol_owns_its_wishes_only(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe), *q = add(w, &pim_probe);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	p->a = p->b = q->a = q->b = world_if(w, "a", NULL);
	configure(w, 0, wish_and_send);
	configure(w, 1, unwish);
	assert_int_equal(runner_commit(w->r), 0);
	assert_non_null(fake_dp_route(w->f, &k));
	configure(w, 0, unwish);
	assert_int_equal(runner_commit(w->r), 0);
	assert_null(fake_dp_route(w->f, &k));
}

static void a_packet_that_cannot_be_sent_is_counted(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	struct runner_stats stats;

	p->a = 77; /* no such interface */
	p->b = world_if(w, "b", NULL);
	configure(w, 0, wish_and_send);
	runner_stats_get(w->r, &stats);
	assert_int_equal(stats.send_errors, 1);
	assert_int_equal(stats.wish_errors, 0);
	assert_int_equal(stats.actions, 3);
}

/* --- network changes --------------------------------------------------------------------------- */

static void changes_wait_for_the_next_run_and_reach_all(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe), *q = add(w, &pim_probe);
	uint16_t a;

	assert_int_equal(runner_next(w->r), TIMER_NEVER);
	a = world_if(w, "a", "10.0.0.254/24");
	assert_int_equal(p->n[EV_NET], 0);
	assert_int_equal(runner_next(w->r), 0);
	world_run(w);
	assert_true(p->n[EV_NET] > 0);
	assert_int_equal(p->n[EV_NET], q->n[EV_NET]);
	assert_int_equal(p->changes[0].kind, NET_IF_NEW);
	assert_int_equal(p->changes[0].ifid, a);
	assert_int_equal(runner_next(w->r), TIMER_NEVER);
}

/* A change that is caused while changes are delivered comes in the next run. */
static struct world *storm_world;

static void send_and_cause_change(void *arg, enum fake_op op)
{
	if (op == FAKE_PACKET_SEND)
		net_if_admin(storm_world->net, 1, !net_if_get(storm_world->net, 1)->admin);
}

static void send_once(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	if (ev->kind == EV_NET && p->n[EV_NET] == 1)
		act_send_ip(ctx->out, 1, "x", 1);
}

static void change_caused_by_an_action_is_queued(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	unsigned before;

	world_if(w, "a", NULL);
	storm_world = w;
	w->f->spy = send_and_cause_change;
	p->act = send_once;
	assert_true(runner_run(w->r, w->now_us, 64));
	before = p->n[EV_NET];
	assert_int_equal(w->f->n_sent, 1);
	world_run(w);
	assert_true(p->n[EV_NET] > before);
	assert_false(net_if_get(w->net, 1)->up);
}

/* --- packets ----------------------------------------------------------------------------------- */

static void ip4_packet(uint8_t *buf, uint8_t protocol)
{
	memset(buf, 0, 32);
	buf[0] = 0x46; /* with Router Alert */
	buf[9] = protocol;
}

static void packets_go_to_the_protocol_that_takes_them(void **state)
{
	struct world *w = *state;
	struct probe *igmp = add(w, &igmp_probe), *pim = add(w, &pim_probe);
	uint8_t buf[32];

	ip4_packet(buf, 2);
	fake_dp_packet(w->f, DP_PUNT_proto, 4, 3, buf, 32);
	world_run(w);
	assert_int_equal(igmp->n[EV_PACKET], 1);
	assert_int_equal(igmp->packet_len, 32);
	assert_int_equal(igmp->packet_ifid, 3);
	assert_int_equal(pim->n[EV_PACKET], 0);
	ip4_packet(buf, 103);
	fake_dp_packet(w->f, DP_PUNT_proto, 4, 4, buf, 32);
	world_run(w);
	assert_int_equal(igmp->n[EV_PACKET], 1);
	assert_int_equal(pim->n[EV_PACKET], 1);
}

static void mld(struct world *w, uint8_t type)
{
	uint8_t buf[56] = {0x60};

	buf[6] = 0;   /* hop-by-hop */
	buf[40] = 58; /* ICMPv6 behind 8 bytes of options */
	buf[48] = type;
	fake_dp_packet(w->f, DP_PUNT_proto, 6, 1, buf, sizeof(buf));
	world_run(w);
}

static void mld_is_found_behind_its_router_alert(void **state)
{
	static const uint8_t types[] = {130, 131, 132, 143};
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);

	for (unsigned i = 0; i < 4; i++)
		mld(w, types[i]);
	assert_int_equal(p->n[EV_PACKET], 4);
	mld(w, 135);
	assert_int_equal(p->n[EV_PACKET], 4);
	assert_int_equal(w->f->drops[DROP_proto_disabled], 1);
}

static void packets_nobody_takes_are_counted(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	uint8_t buf[32];

	ip4_packet(buf, 103);
	fake_dp_packet(w->f, DP_PUNT_proto, 4, 1, buf, 32);
	ip4_packet(buf, 2);
	for (size_t len = 0; len < 24; len++) /* every cut of the header with its option */
		fake_dp_packet(w->f, DP_PUNT_proto, 4, 1, buf, len);
	buf[0] = 0x44; /* ihl 4 */
	fake_dp_packet(w->f, DP_PUNT_proto, 4, 1, buf, 32);
	buf[0] = 0x66; /* version 6 in a family 4 packet */
	fake_dp_packet(w->f, DP_PUNT_proto, 4, 1, buf, 32);
	world_run(w);
	assert_int_equal(p->n[EV_PACKET], 0);
	assert_int_equal(w->f->drops[DROP_proto_disabled], 27);
}

struct seen {
	unsigned n;
	uint32_t len;
	uint8_t first;
};

static void exception(void *arg, const struct dp_packet *meta, const uint8_t *data)
{
	struct seen *s = arg;

	s->n++;
	s->len = meta->len;
	s->first = data[0];
}

static void exception_packets_go_to_the_twins(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	struct seen s = {0};
	uint8_t buf[60] = {0xff};

	fake_dp_packet(w->f, DP_PUNT_exception, 0, 1, buf, 60);
	world_run(w);
	assert_int_equal(w->f->drops[DROP_no_twin], 1);
	runner_set_exception(w->r, exception, &s);
	fake_dp_packet(w->f, DP_PUNT_exception, 0, 1, buf, 60);
	world_run(w);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.len, 60);
	assert_int_equal(s.first, 0xff);
	assert_int_equal(p->n[EV_PACKET], 0);
}

static void budget_bounds_packets_upcalls_and_timers(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	uint8_t buf[32];

	ip4_packet(buf, 2);
	for (unsigned i = 0; i < 10; i++) {
		fake_dp_packet(w->f, DP_PUNT_proto, 4, 1, buf, 32);
		fake_dp_upcall(w->f, &(struct dp_upcall){.kind = DP_UPCALL_NOCACHE});
	}
	assert_true(runner_run(w->r, w->now_us, 4));
	assert_int_equal(p->n[EV_PACKET], 4);
	assert_int_equal(p->n[EV_UPCALL], 4);
	assert_true(runner_run(w->r, w->now_us, 4));
	assert_false(runner_run(w->r, w->now_us, 4));
	assert_int_equal(p->n[EV_PACKET], 10);
	assert_int_equal(p->n[EV_UPCALL], 10);
}

/* --- upcalls ----------------------------------------------------------------------------------- */

static void answer_upcall(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	struct tib_wish wish = {.key = {.table = ev->upcall.table}};

	if (ev->kind != EV_UPCALL)
		return;
	wish.key.src = prefix_host(ev->upcall.src);
	wish.key.grp = prefix_host(ev->upcall.grp);
	act_wish_set(ctx->out, &wish);
}

static void route_is_there_when_the_gate_opens(void *arg, enum fake_op op)
{
	struct world *w = arg;

	if (op == FAKE_UPCALL_DONE)
		assert_int_equal(w->f->n_routes, 1);
}

static void upcall_gate_opens_after_the_answer_is_installed(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe), *q = add(w, &pim_probe);
	struct dp_upcall up = {.kind = DP_UPCALL_NOCACHE,
		.ifid = 7,
		.src = addr("10.0.0.1"),
		.grp = addr("239.1.1.1")};

	p->act = answer_upcall;
	w->f->spy = route_is_there_when_the_gate_opens;
	w->f->spy_arg = w;
	fake_dp_upcall(w->f, &up);
	world_run(w);
	assert_int_equal(w->f->n_done, 1);
	assert_int_equal(w->f->verdict, DP_VERDICT_RELEASE);
	assert_memory_equal(&w->f->done[0], &up, sizeof(up));
	assert_int_equal(q->n[EV_UPCALL], 1);
	assert_memory_equal(&q->upcall, &up, sizeof(up));
	p->act = NULL;
}

static void a_flow_that_nobody_wants_is_discarded(void **state)
{
	struct world *w = *state;
	struct dp_upcall up = {.kind = DP_UPCALL_NOCACHE,
		.ifid = 7,
		.src = addr("10.0.0.1"),
		.grp = addr("239.1.1.1")};

	add(w, &igmp_probe);
	fake_dp_upcall(w->f, &up);
	world_run(w);
	assert_int_equal(w->f->n_done, 1);
	assert_int_equal(w->f->verdict, DP_VERDICT_DISCARD);
	up.kind = DP_UPCALL_WRONGVIF; /* its route is there, or it would not have signalled */
	fake_dp_upcall(w->f, &up);
	world_run(w);
	assert_int_equal(w->f->verdict, DP_VERDICT_RELEASE);
}

static void one_route(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	struct tib_wish wish = {.key = key("10.0.0.1", "239.1.1.1"), .n_inputs = 1};

	if (ev->kind != EV_UPCALL)
		return;
	wish.inputs[0] = (struct dp_input){.ifid = p->a, .flags = DP_INPUT_ACCEPT};
	act_wish_set(ctx->out, &wish);
}

/* The answer to a signal from interface 7, when the route accepts from input. */
static enum dp_verdict verdict_of(
	struct world *w, struct probe *p, enum dp_upcall_kind kind, uint16_t input)
{
	struct dp_upcall up = {.kind = (uint8_t)kind,
		.ifid = 7,
		.src = addr("10.0.0.1"),
		.grp = addr("239.1.1.1")};

	p->act = one_route;
	p->a = input;
	fake_dp_upcall(w->f, &up);
	world_run(w);
	return w->f->verdict;
}

static void a_wrong_interface_that_stays_wrong_is_told_of_now_and_then(void **state)
{
	struct probe *p = add(*state, &igmp_probe);

	assert_int_equal(verdict_of(*state, p, DP_UPCALL_WRONGVIF, 8), DP_VERDICT_DISCARD);
	assert_int_equal(verdict_of(*state, p, DP_UPCALL_WRONGVIF, 7), DP_VERDICT_RELEASE);
}

static void registers_are_told_of_again_soon_only_where_the_route_takes_them(void **state)
{
	const enum dp_upcall_kind kind = DP_UPCALL_REGISTER;
	struct probe *p = add(*state, &igmp_probe);

	assert_int_equal(verdict_of(*state, p, kind, 8), DP_VERDICT_DISCARD);
	assert_int_equal(verdict_of(*state, p, kind, DP_IF_REGISTER), DP_VERDICT_RELEASE);
}

static void packets_are_held_only_if_a_protocol_answers(void **state)
{
	struct world *w = *state;
	static const struct proto answers = {.name = "answers",
		.upcalls = true,
		.new = probe_new,
		.free = probe_free,
		.event = probe_event};

	add(w, &igmp_probe);
	assert_false(w->f->hold.on);
	add(w, &answers);
	assert_true(w->f->hold.on);
}

/* --- timers ------------------------------------------------------------------------------------ */

static void arm(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	for (uint16_t i = 0; i < 8; i++) {
		p->timers[i].proto = ctx->self;
		p->timers[i].kind = i;
		assert_int_equal(
			timer_set(ctx->timers, &p->timers[i], ctx->now_us + 10 * (8 - i)), 0);
	}
}

static void timers_reach_their_protocol_in_order(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe), *q = add(w, &pim_probe);

	configure(w, 1, arm);
	assert_int_equal(runner_next(w->r), w->now_us + 10);
	w->now_us += 30;
	world_run(w);
	assert_int_equal(p->n[EV_TIMER], 0);
	assert_int_equal(q->n[EV_TIMER], 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(q->fired[i], 7 - i);
	assert_int_equal(q->now_us, w->now_us);
	w->now_us += 100;
	world_run(w);
	assert_int_equal(q->n[EV_TIMER], 8);
	assert_int_equal(runner_next(w->r), TIMER_NEVER);
}

static void rearm_at_once(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	p->timer.proto = ctx->self;
	assert_int_equal(timer_set(ctx->timers, &p->timer, ctx->now_us), 0);
}

static void timer_that_is_always_due_does_not_hold_the_runner(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);

	p->act = rearm_at_once;
	runner_config(w->r, 0, NULL, w->now_us);
	assert_true(runner_run(w->r, w->now_us, 16));
	assert_int_equal(p->n[EV_TIMER], 16);
	p->act = NULL;
	world_run(w);
}

/* --- commands ---------------------------------------------------------------------------------- */

static void refuse(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	*ev->command.result = -EPERM;
	snprintf(ev->command.error, ev->command.error_cap, "not %s",
		(const char *)ev->command.request);
}

static void accept_command(struct probe *p, const struct event *ev, struct proto_ctx *ctx)
{
	*ev->command.result = 0;
}

static void command_gives_result_and_sentence(void **state)
{
	struct world *w = *state;
	struct probe *p = add(w, &igmp_probe);
	char err[64];

	assert_int_equal(runner_command(w->r, 0, "x", err, sizeof(err), 0), -EOPNOTSUPP);
	assert_string_equal(err, "igmp takes no commands");
	p->act = refuse;
	assert_int_equal(runner_command(w->r, 0, "this", err, sizeof(err), 0), -EPERM);
	assert_string_equal(err, "not this");
	p->act = accept_command;
	assert_int_equal(runner_command(w->r, 0, "this", err, sizeof(err), 0), 0);
	assert_string_equal(err, "");
	p->act = NULL;
}

static void protocols_are_numbered_and_named_and_limited(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < RUNNER_PROTOS_MAX; i++)
		assert_int_equal(runner_add(w->r, i % 2 ? &pim_probe : &igmp_probe), i);
	assert_int_equal(runner_add(w->r, &pim_probe), -ENOSPC);
	assert_string_equal(runner_proto_name(w->r, 1), "pim");
	assert_null(runner_proto_name(w->r, RUNNER_PROTOS_MAX));
	assert_null(runner_instance(w->r, RUNNER_PROTOS_MAX));
}

static int setup(void **state)
{
	running = 0;
	return world_setup(state);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(actions_are_carried_out_after_the_function_returned),
		T(a_protocol_owns_its_wishes_only),
		T(a_packet_that_cannot_be_sent_is_counted),
		T(changes_wait_for_the_next_run_and_reach_all),
		T(change_caused_by_an_action_is_queued),
		T(packets_go_to_the_protocol_that_takes_them),
		T(mld_is_found_behind_its_router_alert),
		T(packets_nobody_takes_are_counted),
		T(exception_packets_go_to_the_twins),
		T(budget_bounds_packets_upcalls_and_timers),
		T(upcall_gate_opens_after_the_answer_is_installed),
		T(a_flow_that_nobody_wants_is_discarded),
		T(registers_are_told_of_again_soon_only_where_the_route_takes_them),
		T(a_wrong_interface_that_stays_wrong_is_told_of_now_and_then),
		T(packets_are_held_only_if_a_protocol_answers),
		T(timers_reach_their_protocol_in_order),
		T(timer_that_is_always_due_does_not_hold_the_runner),
		T(command_gives_result_and_sentence),
		T(protocols_are_numbered_and_named_and_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
