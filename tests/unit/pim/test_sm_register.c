/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The DR of RFC 7761 4.4.1: figure 1 cell by cell, CouldRegister term by term, and which
 * Register-Stops count.
 */
#include "control/pim/sm/sm_tree.h"
#include "tests/unit/pim/data_world.h"

#define OURS "10.0.1.1" /* source of our Registers: up leads to the RP */
#define DR "10.8.0.1"
#define MY_RP "10.2.0.1"

#define OURS "10.0.1.1" /* source of our Registers: up leads to the RP */
#define DR "10.8.0.1"
#define MY_RP "10.2.0.1"

/* --- the DR ----------------------------------------------------------------------------------- */

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
	data_pass(dw, (double)(s->tunnel->rst.due_us - dw->w->now_us) / 1e6 + 0.001);
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
	left = timer_left(&s->tunnel->rst, dw->w->now_us);
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
	assert_in_range(
		timer_left(&source(dw, S_LAN, G)->tunnel->rst, dw->w->now_us), 4900000, 5000000);
}

static void prune_could_register_false_ends_it(void **state)
{
	struct data_world *dw = *state;

	to_prune(dw);
	no_longer_dr(dw);
	assert_int_equal(reg(dw, S_LAN), REG_NOINFO);
	assert_null(source(dw, S_LAN, G)->tunnel);
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
	assert_false(timer_armed(&source(dw, S_LAN, G)->tunnel->rst));
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
	assert_null(source(dw, S_LAN, G)->tunnel);
}

static void join_pending_register_stop_prunes_again(void **state)
{
	struct data_world *dw = *state;

	to_join_pending(dw);
	data_register_stop(dw, RP, OURS, S_LAN, G);
	assert_int_equal(reg(dw, S_LAN), REG_PRUNE);
	assert_in_range(
		timer_left(&source(dw, S_LAN, G)->tunnel->rst, dw->w->now_us), 25000000, 85000000);
}

static void join_pending_rp_change_adds_the_tunnel(void **state)
{
	struct data_world *dw = *state;

	to_join_pending(dw);
	another_rp(dw);
	assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	assert_true(tunnel(dw, S_LAN, "10.255.0.2"));
	assert_false(timer_armed(&source(dw, S_LAN, G)->tunnel->rst));
}

static void suppression_is_drawn_from_the_whole_interval(void **state)
{
	struct data_world *dw = *state;
	uint64_t least = UINT64_MAX, most = 0;

	to_join(dw);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t left;

		data_register_stop(dw, RP, OURS, S_LAN, G);
		left = timer_left(&source(dw, S_LAN, G)->tunnel->rst, dw->w->now_us);
		least = left < least ? left : least;
		most = left > most ? left : most;
		no_longer_dr(dw);
		be_dr(dw);
		assert_int_equal(reg(dw, S_LAN), REG_JOIN);
	}
	assert_in_range(least, 25000000, 28000000);
	assert_in_range(most, 82000000, 85000000);
}

/* --- CouldRegister ---------------------------------------------------------------------------- */

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

static void a_source_address_that_is_not_ours_is_not_used_until_it_is(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr from = addr("10.77.0.1"), fallback = addr(OURS);
	struct pim_packet p;

	dw->conf.register_source[0] = from;
	data_config(dw);
	to_join_pending(dw);
	assert_int_equal(data_sent(dw, 0, PIM_REGISTER, &p), 1);
	assert_true(ip_eq(&p.src, &fallback));
	world_if(dw->w, "lo7", "10.77.0.1/32");
	world_run(dw->w);
	assert_true(ip_eq(rp_register_source(dw->pim->sm, IP_V4), &from));
}

/* --- Register-Stop at the DR ------------------------------------------------------------------ */

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

/* --- show ------------------------------------------------------------------------------------- */

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
		T(a_source_address_that_is_not_ours_is_not_used_until_it_is),
		T(a_register_stop_from_another_router_changes_nothing),
		T(a_register_stop_for_all_sources_stops_those_that_are_known),
		T(a_register_stop_for_an_unknown_source_changes_nothing),
		T(a_short_register_stop_changes_nothing),
		T(registers_are_shown_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
