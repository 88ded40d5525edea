/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Figure 1 of RFC 7761 cell by cell, CouldRegister term by term, packet_arrives_on_rp_tunnel branch by branch,
 * and what a router must not believe of Registers and Register-Stops.
 */
#include "tests/unit/pim/data_world.h"

#define OURS "10.0.1.1" /* source of our Registers: up leads to the RP */
#define DR "10.8.0.1"
#define MY_RP "10.2.0.1"

/* --- the DR ---------------------------------------------------------------------------------------- */

/* lan: we are the DR. */
static void be_dr(struct data_world *dw)
{
	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 0);
	data_hello(dw, dw->lan, "10.1.0.9", 1, 65535, 0);
	assert_true(pif(dw, dw->lan)->i_am_dr);
	data_forget(dw);
}

static enum register_state reg(struct data_world *dw, const char *src)
{
	const struct sm_source *s = source(dw, src, G);

	return s ? (enum register_state)s->reg : REG_NOINFO;
}

/* Whether the data plane encapsulates towards rp. */
static bool tunnel(struct data_world *dw, const char *src, const char *rp)
{
	struct dp_route_key k = key(src, G);
	const struct dp_route *r = fake_dp_route(dw->w->f, &k);
	struct ipaddr to = addr(rp);
	const struct dp_oif *o = r ? fake_dp_route_her(dw->w->f, r, &to) : NULL;

	return o && o->encap == DP_ENCAP_REGISTER;
}

static void to_join(struct data_world *dw)
{
	be_dr(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	data_forget(dw);
}

static void to_prune(struct data_world *dw)
{
	to_join(dw);
	data_register_stop(dw, RP, OURS, S_LAN, G);
	assert_int_equal(reg(dw, S_LAN), REG_PRUNE);
	data_forget(dw);
}

/* As time goes by the source goes on sending. */
static void keep_sending(struct data_world *dw)
{
	data_flow(dw, S_LAN, G, 1000, 0);
}

static void to_join_pending(struct data_world *dw)
{
	struct sm_source *s;

	to_prune(dw);
	keep_sending(dw);
	s = source(dw, S_LAN, G);
	data_pass(dw, (double)(s->rst.due_us - dw->w->now_us) / 1e6 + 0.001);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN_PENDING);
}

/* The source falls silent: KeepaliveTimer(S,G) runs out. */
static void fall_silent(struct data_world *dw)
{
	data_pass(dw, 211);
}

static void no_longer_dr(struct data_world *dw)
{
	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 200);
	assert_false(pif(dw, dw->lan)->i_am_dr);
}

static void another_rp(struct data_world *dw)
{
	dw->rp.address = addr("10.255.0.2");
	data_config(dw);
}

static void noinfo_could_register_adds_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	be_dr(dw);
	assert_null(source(dw, S_LAN, G));
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, RP));
	assert_true(source(dw, S_LAN, G)->spt_bit);
	assert_int_equal(dw->w->f->verdict, DP_VERDICT_RELEASE);
}

static void noinfo_register_stop_is_counted(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan); /* lan's DR is another: NoInfo */
	no_longer_dr(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	before = fingerprint(dw);
	data_register_stop(dw, RP, OURS, S_LAN, G);
	assert_int_equal(drops(dw, PIM_DROP_register_stop_unknown), 1);
	assert_true(before == fingerprint(dw));
}

static void noinfo_rp_change_is_nothing(void **state)
{
	struct data_world *dw = *state;

	no_longer_dr(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	another_rp(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	assert_false(tunnel(dw, S_LAN, "10.255.0.2"));
}

static void join_could_register_false_removes_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	to_join(dw);
	no_longer_dr(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	assert_false(tunnel(dw, S_LAN, RP));
}

static void join_register_stop_removes_the_tunnel(void **state)
{
	struct data_world *dw = *state;
	const struct sm_source *s;
	uint64_t left;

	to_join(dw);
	data_register_stop(dw, RP, OURS, S_LAN, G);
	assert_int_equal(reg(dw, S_LAN), REG_PRUNE);
	assert_false(tunnel(dw, S_LAN, RP));
	s = source(dw, S_LAN, G);
	left = timer_left(&s->rst, dw->w->now_us);
	assert_in_range(left, 25000000, 85000000); /* (30, 90) - 5 seconds */
	assert_true(timer_armed(&s->kat));         /* the entry stays */
}

static void join_rp_change_updates_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	to_join(dw);
	another_rp(dw);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, "10.255.0.2"));
	assert_false(tunnel(dw, S_LAN, RP));
}

static void prune_timer_sends_a_null_register(void **state)
{
	struct data_world *dw = *state;
	struct pim_register r;
	struct pim_packet p;
	struct ipaddr ours = addr(OURS), rp = addr(RP), s = addr(S_LAN), g = addr(G);

	to_join_pending(dw);
	assert_int_equal(data_sent(dw, 0, PIM_REGISTER, &p), 1);
	assert_int_equal(pim_register_open(&p, &r), PIM_OK);
	assert_true(r.null);
	assert_false(r.border);
	assert_true(ip_eq(&p.src, &ours) && ip_eq(&p.dst, &rp));
	assert_true(ip_eq(&r.src, &s) && ip_eq(&r.grp, &g));
	assert_false(tunnel(dw, S_LAN, RP));
	assert_in_range(timer_left(&source(dw, S_LAN, G)->rst, dw->w->now_us), 4900000, 5000000);
}

static void prune_could_register_false_ends_it(void **state)
{
	struct data_world *dw = *state;

	to_prune(dw);
	no_longer_dr(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	assert_false(timer_armed(&source(dw, S_LAN, G)->rst));
}

static void prune_register_stop_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	to_prune(dw);
	data_pass(dw, 10);
	before = fingerprint(dw);
	data_register_stop(dw, RP, OURS, S_LAN, G);
	assert_true(before == fingerprint(dw));
}

static void prune_rp_change_adds_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	to_prune(dw);
	another_rp(dw);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, "10.255.0.2"));
	assert_false(timer_armed(&source(dw, S_LAN, G)->rst));
}

static void join_pending_timer_adds_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	to_join_pending(dw);
	data_pass(dw, 5.1);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, RP));
}

static void join_pending_could_register_false_ends_it(void **state)
{
	struct data_world *dw = *state;

	to_join_pending(dw);
	no_longer_dr(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	assert_false(timer_armed(&source(dw, S_LAN, G)->rst));
}

static void join_pending_register_stop_prunes_again(void **state)
{
	struct data_world *dw = *state;

	to_join_pending(dw);
	data_register_stop(dw, RP, OURS, S_LAN, G);
	assert_int_equal(reg(dw, S_LAN), REG_PRUNE);
	assert_in_range(timer_left(&source(dw, S_LAN, G)->rst, dw->w->now_us), 25000000, 85000000);
}

static void join_pending_rp_change_adds_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	to_join_pending(dw);
	another_rp(dw);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, "10.255.0.2"));
	assert_false(timer_armed(&source(dw, S_LAN, G)->rst));
}

static void suppression_is_drawn_from_the_whole_interval(void **state)
{
	struct data_world *dw = *state;
	uint64_t least = UINT64_MAX, most = 0;

	to_join(dw);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t left;

		data_register_stop(dw, RP, OURS, S_LAN, G);
		left = timer_left(&source(dw, S_LAN, G)->rst, dw->w->now_us);
		least = left < least ? left : least;
		most = left > most ? left : most;
		no_longer_dr(dw);
		be_dr(dw);
		assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	}
	assert_in_range(least, 25000000, 28000000);
	assert_in_range(most, 82000000, 85000000);
}

/* --- CouldRegister --------------------------------------------------------------------------------------- */

static void could_register_needs_the_dr(void **state)
{
	struct data_world *dw = *state;

	no_longer_dr(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_non_null(source(dw, S_LAN, G)); /* 4.2 starts the Keepalive Timer all the same */
	assert_false(CouldRegister(dw->sm, source(dw, S_LAN, G)));
	be_dr(dw);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
}

static void could_register_needs_a_running_keepalive_timer(void **state)
{
	struct data_world *dw = *state;

	to_join(dw);
	data_join(dw, S_LAN, "239.7.7.7"); /* no data there */
	assert_int_equal(source(dw, S_LAN, "239.7.7.7")->reg, REG_NOINFO);
	fall_silent(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
}

static void could_register_needs_a_directly_connected_source(void **state)
{
	struct data_world *dw = *state;

	data_hello(dw, dw->up, "10.0.1.2", 1, 65535, 0);
	data_hello(dw, dw->up, "10.0.1.3", 1, 65535, 0);
	assert_true(pif(dw, dw->up)->i_am_dr);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_UP, G, dw->up);
	assert_null(source(dw, S_UP, G));
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE); /* KAT by the switchover */
	data_upcall(dw, DP_UPCALL_DATA, S_UP, G, dw->up);
	assert_true(timer_armed(&source(dw, S_UP, G)->kat));
	assert_int_equal(reg(dw, S_UP), REG_NOINFO);
}

static void a_border_interface_makes_what_comes_in_there_connected(void **state)
{
	struct data_world *dw = *state;

	dw->ifs[0].border = true;
	data_config(dw);
	data_hello(dw, dw->up, "10.0.1.2", 1, 65535, 0);
	data_hello(dw, dw->up, "10.0.1.3", 1, 65535, 0);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_UP, G, dw->up);
	assert_int_equal(reg(dw, S_UP), REG_JOIN);
}

static void without_an_rp_nothing_is_registered_until_there_is_one(void **state)
{
	struct data_world *dw = *state;

	be_dr(dw);
	dw->conf.n_rps = 0;
	data_config(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_non_null(source(dw, S_LAN, G));
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	dw->conf.n_rps = 1;
	data_config(dw);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, RP));
}

static void the_rp_itself_registers_nothing(void **state)
{
	struct data_world *dw = *state;

	be_dr(dw);
	data_become_rp(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_true(timer_armed(&source(dw, S_LAN, G)->kat));
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
}

static void ssm_is_never_registered(void **state)
{
	struct data_world *dw = *state;

	be_dr(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, "232.1.1.1", dw->lan);
	assert_null(source(dw, S_LAN, "232.1.1.1"));
	data_join(dw, S_LAN, "232.1.1.1");
	data_upcall(dw, DP_UPCALL_DATA, S_LAN, "232.1.1.1", dw->lan);
	assert_int_equal(source(dw, S_LAN, "232.1.1.1")->reg, REG_NOINFO);
}

static void an_unreachable_rp_gets_no_null_register(void **state)
{
	struct data_world *dw = *state;
	struct pim_packet p;
	struct prefix r;

	to_prune(dw);
	keep_sending(dw);
	assert_int_equal(prefix_parse("10.255.0.0/16", &r), 0);
	assert_int_equal(net_route_del(dw->w->net, &r, NET_ROUTE_KERNEL, 20), 0);
	data_pass(dw, 86);
	assert_int_equal(data_sent(dw, 0, PIM_REGISTER, &p), 0);
	assert_int_not_equal(reg(dw, S_LAN), REG_NOINFO);
}

static void a_configured_source_address_is_used(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr from = addr("10.2.0.1");
	struct pim_packet p;

	dw->conf.register_source[0] = from;
	data_config(dw);
	to_join_pending(dw);
	assert_int_equal(data_sent(dw, 0, PIM_REGISTER, &p), 1);
	assert_true(ip_eq(&p.src, &from));
}

/* --- Register-Stop at the DR -------------------------------------------------------------------------------- */

static void a_register_stop_from_another_router_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	to_join(dw);
	before = fingerprint(dw);
	data_register_stop(dw, "10.255.0.66", OURS, S_LAN, G);
	assert_int_equal(drops(dw, PIM_DROP_register_stop_not_rp), 1);
	assert_true(before == fingerprint(dw));
	assert_true(tunnel(dw, S_LAN, RP));
}

static void a_register_stop_for_all_sources_stops_those_that_are_known(void **state)
{
	struct data_world *dw = *state;

	to_join(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, "10.1.0.101", G, dw->lan);
	data_register_stop(dw, RP, OURS, "*", G);
	assert_int_equal(reg(dw, S_LAN), REG_PRUNE);
	assert_int_equal(reg(dw, "10.1.0.101"), REG_PRUNE);
	data_upcall(dw, DP_UPCALL_NOCACHE, "10.1.0.102", G, dw->lan);
	assert_int_equal(reg(dw, "10.1.0.102"), REG_JOIN);
}

static void a_register_stop_for_an_unknown_source_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	to_join(dw);
	before = fingerprint(dw);
	data_register_stop(dw, RP, OURS, "10.1.0.101", G);
	data_register_stop(dw, RP, OURS, S_LAN, "239.9.9.9");
	assert_int_equal(drops(dw, PIM_DROP_register_stop_unknown), 2);
	assert_true(before == fingerprint(dw));
}

static void a_short_register_stop_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr rp = addr(RP), to = addr(OURS), g = addr(G), s = addr(S_LAN);
	uint8_t buf[64];
	uint64_t before, was;
	size_t len;

	to_join(dw);
	before = fingerprint(dw);
	len = pim_register_stop_write(buf, sizeof(buf), &rp, &to, &g, &s);
	for (size_t cut = 24; cut < len; cut++) {
		was = dw->pim->stats.drops[PIM_DROP_addr_truncated] +
		      dw->pim->stats.drops[PIM_DROP_checksum] +
		      dw->pim->stats.drops[PIM_DROP_ip_header] +
		      dw->pim->stats.drops[PIM_DROP_truncated];
		data_packet(dw, dw->up, buf, cut);
		assert_int_equal(dw->pim->stats.drops[PIM_DROP_addr_truncated] +
					 dw->pim->stats.drops[PIM_DROP_checksum] +
					 dw->pim->stats.drops[PIM_DROP_ip_header] +
					 dw->pim->stats.drops[PIM_DROP_truncated],
			was + 1);
	}
	assert_true(before == fingerprint(dw));
}

/* --- the RP ----------------------------------------------------------------------------------------------------- */

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

/* --- hostile input, item 10 ---------------------------------------------------------------------------------- */

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

/* Offsets from the PIM header on. */
static void checksum_over(uint8_t *pim, size_t len)
{
	uint32_t sum = 0;

	pim[2] = pim[3] = 0;
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(pim[i] << 8 | (i + 1 < len ? pim[i + 1] : 0));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	pim[2] = (uint8_t)(sum >> 8);
	pim[3] = (uint8_t)sum;
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
	checksum_over(buf + 20, len - 20);
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
		buf[10] = buf[11] = 0;
		checksum_over(buf + 20, cut - 20 < 8 ? cut - 20 : 8);
		/* the IP header's own */
		{
			uint32_t sum = 0;

			for (unsigned i = 0; i < 20; i += 2)
				sum += (uint32_t)(buf[i] << 8 | buf[i + 1]);
			sum = (sum & 0xffff) + (sum >> 16);
			sum = ~((sum & 0xffff) + (sum >> 16));
			buf[10] = (uint8_t)(sum >> 8);
			buf[11] = (uint8_t)sum;
		}
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

static void the_border_bit_is_ignored(void **state)
{
	struct data_world *dw = *state;
	uint8_t buf[64];
	size_t len;

	data_become_rp(dw);
	len = null_register(buf, sizeof(buf));
	buf[24] |= 0x80;
	checksum_over(buf + 20, 8);
	data_packet(dw, dw->up, buf, len);
	assert_true(source(dw, S_UP, G)->registered);
	assert_int_equal(stop_count(dw), 1);
}

/* --- show -------------------------------------------------------------------------------------------------------- */

static bool show(void *arg, const struct pim_register_info *i)
{
	char s[IP_STRLEN], g[IP_STRLEN], *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 512 - n, "%s %s %s%s;", ip_str(&i->src, s, sizeof(s)),
		ip_str(&i->grp, g, sizeof(g)), i->state, i->by_others ? "others" : "");
	return true;
}

static void registers_are_shown_in_order(void **state)
{
	struct data_world *dw = *state;
	char text[512] = "";

	to_prune(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, "10.1.0.101", G, dw->lan);
	data_upcall(dw, DP_UPCALL_NOCACHE, "10.1.0.101", "239.0.0.1", dw->lan);
	pim_register_walk(dw->pim, show, text);
	assert_string_equal(text, "10.1.0.101 239.0.0.1 join;10.1.0.100 239.1.1.1 prune;"
				  "10.1.0.101 239.1.1.1 join;");
	data_become_rp(dw);
	data_register(dw, DR, MY_RP, S_UP, "239.2.2.2", true);
	text[0] = '\0';
	pim_register_walk(dw->pim, show, text);
	assert_string_equal(text, "10.1.0.101 239.0.0.1 noinfo;10.1.0.100 239.1.1.1 noinfo;"
				  "10.1.0.101 239.1.1.1 noinfo;10.8.0.8 239.2.2.2 others;");
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(noinfo_could_register_adds_the_tunnel),
		T(noinfo_register_stop_is_counted),
		T(noinfo_rp_change_is_nothing),
		T(join_could_register_false_removes_the_tunnel),
		T(join_register_stop_removes_the_tunnel),
		T(join_rp_change_updates_the_tunnel),
		T(prune_timer_sends_a_null_register),
		T(prune_could_register_false_ends_it),
		T(prune_register_stop_changes_nothing),
		T(prune_rp_change_adds_the_tunnel),
		T(join_pending_timer_adds_the_tunnel),
		T(join_pending_could_register_false_ends_it),
		T(join_pending_register_stop_prunes_again),
		T(join_pending_rp_change_adds_the_tunnel),
		T(suppression_is_drawn_from_the_whole_interval),
		T(could_register_needs_the_dr),
		T(could_register_needs_a_running_keepalive_timer),
		T(could_register_needs_a_directly_connected_source),
		T(a_border_interface_makes_what_comes_in_there_connected),
		T(without_an_rp_nothing_is_registered_until_there_is_one),
		T(the_rp_itself_registers_nothing),
		T(ssm_is_never_registered),
		T(an_unreachable_rp_gets_no_null_register),
		T(a_configured_source_address_is_used),
		T(a_register_stop_from_another_router_changes_nothing),
		T(a_register_stop_for_all_sources_stops_those_that_are_known),
		T(a_register_stop_for_an_unknown_source_changes_nothing),
		T(a_short_register_stop_changes_nothing),
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
		T(the_rp_takes_registers_by_its_rules),
		T(a_flood_of_registers_stays_below_the_limit),
		T(the_checksum_may_cover_eight_bytes_or_all),
		T(a_register_that_is_cut_changes_nothing),
		T(a_register_with_nonsense_inside_changes_nothing),
		T(the_border_bit_is_ignored),
		T(registers_are_shown_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
