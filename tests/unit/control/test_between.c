/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What protocols say to each other and to far routers: memberships, packets to unicast addresses, complete
 * wishes.
 */
#include "tests/unit/control/world.h"

struct listener {
	struct member heard[8];
	unsigned n_heard;
	bool inside;
	const char *to;        /* at the next EV_CONFIG: an IP packet there */
	uint16_t ifid;         /* leaving by */
	struct member says;    /* at the next EV_CONFIG, if it has a group */
	struct member answers; /* at the next EV_MEMBER, likewise */
};

static void *listener_new(void)
{
	return calloc(1, sizeof(struct listener));
}

static void listener_free(void *self, struct timer_heap *timers)
{
	free(self);
}

static void send_to(const struct listener *l, struct proto_ctx *ctx)
{
	struct ipaddr dst = addr(l->to);
	uint8_t p[48] = {0};

	p[0] = dst.family == IP_V4 ? 0x45 : 0x60;
	memcpy(p + (dst.family == IP_V4 ? 16 : 24), dst.b, ip_bytes(&dst));
	p[47] = 0x77;
	act_send_routed(ctx->out, l->ifid, p, sizeof(p));
}

static void listener_event(void *self, const struct event *ev, struct proto_ctx *ctx)
{
	struct listener *l = self;

	assert_false(l->inside);
	l->inside = true;
	if (ev->kind == EV_CONFIG && l->to)
		send_to(l, ctx);
	if (ev->kind == EV_CONFIG && l->says.grp.family)
		act_member(ctx->out, &l->says);
	if (ev->kind == EV_MEMBER) {
		l->heard[l->n_heard++] = ev->member;
		if (l->answers.grp.family)
			act_member(ctx->out, &l->answers);
		memset(&l->answers, 0, sizeof(l->answers));
	}
	l->inside = false;
}

static const struct proto listener_proto = {
	.name = "listener", .new = listener_new, .free = listener_free, .event = listener_event};

static struct listener *add(struct world *w)
{
	int n = runner_add(w->r, &listener_proto);

	assert_true(n >= 0);
	return runner_instance(w->r, (uint16_t)n);
}

static struct member member(uint16_t ifid, const char *grp)
{
	return (struct member){.ifid = ifid, .state = MEMBER_INCLUDE, .grp = addr(grp)};
}

/* --- memberships ------------------------------------------------------------------------------- */

static void a_membership_is_told_to_all_but_who_said_it(void **state)
{
	struct world *w = *state;
	struct listener *a = add(w), *b = add(w), *c = add(w);

	a->says = member(3, "239.1.1.1");
	runner_config(w->r, 0, NULL, w->now_us);
	assert_int_equal(a->n_heard, 0);
	assert_int_equal(b->n_heard, 1);
	assert_int_equal(c->n_heard, 1);
	assert_memory_equal(&b->heard[0], &a->says, sizeof(a->says));
	world_run(w);
	assert_int_equal(b->n_heard, 1); /* once */
}

static void who_hears_of_a_membership_may_say_one(void **state)
{
	struct world *w = *state;
	struct listener *a = add(w), *b = add(w);

	a->says = member(3, "239.1.1.1");
	b->answers = member(4, "239.2.2.2");
	runner_config(w->r, 0, NULL, w->now_us);
	assert_int_equal(a->n_heard, 1);
	assert_int_equal(a->heard[0].ifid, 4);
	assert_int_equal(b->n_heard, 1);
}

/* --- packets to unicast addresses -------------------------------------------------------------- */

static void neighbour(struct world *w, uint16_t ifid, const char *address, uint8_t last)
{
	struct net_neigh n = {.ifid = ifid,
		.state = NET_NEIGH_STATIC,
		.mac = {2, 0, 0, 0, 1, last},
		.addr = addr(address)};

	assert_int_equal(net_neigh_set(w->net, &n), 0);
}

static void send_routed(struct world *w, struct listener *l, const char *to, uint16_t ifid)
{
	l->to = to;
	l->ifid = ifid;
	runner_config(w->r, 0, NULL, w->now_us);
	world_run(w);
}

static void a_packet_goes_as_a_frame_to_the_next_hop(void **state)
{
	struct world *w = *state;
	struct listener *l = add(w);
	uint16_t a = world_if(w, "a", "10.1.0.1/24");
	const struct fake_sent *s;

	world_route(w, "10.9.0.0/16", a, "10.1.0.9");
	neighbour(w, a, "10.1.0.9", 9);
	send_routed(w, l, "10.9.1.1", 0);
	assert_int_equal(w->f->n_sent, 1);
	s = &w->f->sent[0];
	assert_int_equal(s->ifid, a);
	assert_int_equal(s->kind, DP_SEND_FRAME);
	assert_int_equal(s->len, 14 + 48);
	assert_memory_equal(s->data, "\2\0\0\0\1\11\2\0\0\0\0\1\x8\0\x45", 15);
	assert_int_equal(s->data[14 + 47], 0x77);
}

static void ipv6_has_its_own_ethertype(void **state)
{
	struct world *w = *state;
	struct listener *l = add(w);
	uint16_t a = world_if(w, "a", "2001:db8:1::1/64");

	neighbour(w, a, "2001:db8:1::9", 9);
	send_routed(w, l, "2001:db8:1::9", 0);
	assert_int_equal(w->f->n_sent, 1);
	assert_memory_equal(w->f->sent[0].data + 12, "\x86\xdd\x60", 3);
}

static void without_a_mac_it_waits_for_one(void **state)
{
	struct world *w = *state;
	struct listener *l = add(w);
	uint16_t a = world_if(w, "a", "10.1.0.1/24");

	send_routed(w, l, "10.1.0.9", 0);
	assert_int_equal(w->f->n_sent, 0);
	w->now_us += 2000000;
	neighbour(w, a, "10.1.0.9", 9);
	world_run(w);
	assert_int_equal(w->f->n_sent, 1);
	world_run(w);
	assert_int_equal(w->f->n_sent, 1);
}

static void it_does_not_wait_for_ever(void **state)
{
	struct world *w = *state;
	struct listener *l = add(w);
	uint16_t a = world_if(w, "a", "10.1.0.1/24");

	send_routed(w, l, "10.1.0.9", 0);
	w->now_us += 4000000;
	neighbour(w, a, "10.1.0.9", 9);
	world_run(w);
	assert_int_equal(w->f->n_sent, 0);
}

static void only_so_many_wait(void **state)
{
	struct world *w = *state;
	struct listener *l = add(w);
	struct runner_stats st;
	uint16_t a = world_if(w, "a", "10.1.0.1/24");

	for (unsigned i = 0; i < 70; i++)
		send_routed(w, l, "10.1.0.9", 0);
	runner_stats_get(w->r, &st);
	assert_int_equal(st.send_errors, 6);
	neighbour(w, a, "10.1.0.9", 9);
	world_run(w);
	assert_int_equal(w->f->n_sent, 64);
}

static void without_a_route_it_is_an_error(void **state)
{
	struct world *w = *state;
	struct listener *l = add(w);
	struct runner_stats st;

	world_if(w, "a", "10.1.0.1/24");
	send_routed(w, l, "192.0.2.1", 0);
	runner_stats_get(w->r, &st);
	assert_int_equal(st.send_errors, 1);
	send_routed(w, l, "239.1.1.1", 0);
	runner_stats_get(w->r, &st);
	assert_int_equal(st.send_errors, 2);
	assert_int_equal(w->f->n_sent, 0);
}

/* --- complete wishes --------------------------------------------------------------------------- */

static struct tib_wish wish(uint16_t owner, struct dp_route_key k, const struct tib_output *o)
{
	return (struct tib_wish){
		.owner = owner, .precedence = TIB_PREC_SM, .key = k, .n_outputs = 1, .outputs = o};
}

static void a_complete_wish_speaks_for_its_owners_wider_ones_only(void **state)
{
	struct tib_output o[] = {{.ifid = 1}, {.ifid = 2}, {.ifid = 3}};
	struct tib_wish sg = wish(1, key("10.0.0.1", "239.1.1.1"), &o[0]);
	struct tib_wish star = wish(1, key("*", "239.1.1.1"), &o[1]);
	struct tib_wish other = wish(2, key("*", "239.1.1.1"), &o[2]);
	const struct tib_wish *v[] = {&star, &other, &sg};
	struct tib_merged m;

	assert_int_equal(tib_merge(&sg.key, v, 3, &m), 0);
	assert_int_equal(m.n_outputs, 3);
	tib_merged_fini(&m);
	sg.complete = true;
	assert_int_equal(tib_merge(&sg.key, v, 3, &m), 0);
	assert_int_equal(m.n_outputs, 2);
	assert_int_equal(m.outputs[0].ifid, 1);
	assert_int_equal(m.outputs[1].ifid, 3);
	tib_merged_fini(&m);
}

static void a_route_is_written_anew_when_a_wish_becomes_complete(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct tib_output oa = {.ifid = a}, ob = {.ifid = b};
	struct tib_wish sg = wish(1, key("10.0.0.1", "239.1.1.1"), &oa);
	struct tib_wish star = wish(1, key("*", "239.1.1.1"), &ob);

	assert_int_equal(tib_wish_set(w->tib, &sg, 0), 0);
	assert_int_equal(tib_wish_set(w->tib, &star, 0), 0);
	assert_int_equal(tib_commit(w->tib), 0);
	assert_true(fake_dp_route_has_if(w->f, fake_dp_route(w->f, &sg.key), b));
	sg.complete = true;
	assert_int_equal(tib_wish_set(w->tib, &sg, 0), 0);
	assert_int_equal(tib_commit(w->tib), 0);
	assert_false(fake_dp_route_has_if(w->f, fake_dp_route(w->f, &sg.key), b));
	assert_true(fake_dp_route_has_if(w->f, fake_dp_route(w->f, &sg.key), a));
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_membership_is_told_to_all_but_who_said_it),
		T(who_hears_of_a_membership_may_say_one),
		T(a_packet_goes_as_a_frame_to_the_next_hop),
		T(ipv6_has_its_own_ethertype),
		T(without_a_mac_it_waits_for_one),
		T(it_does_not_wait_for_ever),
		T(only_so_many_wait),
		T(without_a_route_it_is_an_error),
		T(a_complete_wish_speaks_for_its_owners_wider_ones_only),
		T(a_route_is_written_anew_when_a_wish_becomes_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
