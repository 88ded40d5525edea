/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM leaves an interface: it is shut or removed, or PIM is turned off or passive there, or the router stops.
 * What was joined is pruned, asserts won are cancelled, then goodbye (RFC 7761 4.3.1, 4.5, 4.6.3), while
 * packets still leave.
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.0.9"

static void say_prune(const struct pim_packet *packet, char *text, size_t cap)
{
	struct pim_jp_source e;
	struct pim_jp_group g;
	struct pim_jp jp;

	assert_int_equal(pim_jp_open(packet, &jp), PIM_OK);
	while (pim_jp_group_next(&jp, &g))
		while (pim_jp_source_next(&g, &e)) {
			size_t at = strlen(text);

			snprintf(text + at, cap - at, "%s%s ", e.join ? "join" : "prune",
				e.flags & PIM_SRC_W ? "*" : "");
		}
}

static const char *word(const struct pim_packet *packet)
{
	struct pim_assert a;
	struct pim_hello h;

	if (packet->type == PIM_HELLO) {
		assert_int_equal(pim_hello_open(packet, &h), PIM_OK);
		return h.holdtime_s ? "hello " : "goodbye ";
	}
	if (packet->type != PIM_ASSERT)
		return "? ";
	assert_int_equal(pim_assert_open(packet, &a), PIM_OK);
	return a.metric == UINT32_MAX ? "cancel " : "assert ";
}

/* What left on the interface since sw_forget, a word for each. */
static const char *said(struct sm_world *p, uint16_t ifid)
{
	static char text[512];
	struct pim_packet packet;

	text[0] = '\0';
	for (size_t i = p->seen; i < p->w->f->n_sent; i++) {
		const struct fake_sent *s = &p->w->f->sent[i];
		size_t at = strlen(text);

		if (s->ifid != ifid)
			continue;
		assert_int_equal(pim_packet_open(s->data, s->len, &packet), PIM_OK);
		if (packet.type == PIM_JOIN_PRUNE)
			say_prune(&packet, text, sizeof(text));
		else
			snprintf(text + at, sizeof(text) - at, "%s", word(&packet));
	}
	return text;
}

/* (*,G) is joined by up. */
static void joined(struct sm_world *p)
{
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(said(p, p->up), "join* ");
	sw_forget(p);
}

/* We have won on lan1, which a neighbour joined. */
static void won(struct sm_world *p)
{
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_pass(p, 6000);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	sw_upcall(p, DP_UPCALL_WRONGVIF, p->lan1, S, G);
	assert_int_equal(sw_oif(p, "*", G, p->lan1)->assert, ASSERT_WINNER);
	sw_forget(p);
}

static void an_interface_that_is_shut_prunes_and_says_goodbye_first(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	net_if_admin(p->w->net, p->up, false);
	assert_string_equal(said(p, p->up), "prune* goodbye ");
	world_run(p->w);
	assert_string_equal(said(p, p->up), "prune* goodbye "); /* and nothing after it */
	assert_null(sw_pif(p, p->up));
}

static void a_source_is_pruned_too(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, S, G, MEMBER_INCLUDE);
	sw_forget(p);
	net_if_admin(p->w->net, p->src, false);
	assert_string_equal(said(p, p->src), "prune goodbye ");
}

static void it_comes_back_as_another(void **state)
{
	struct sm_world *p = *state;
	uint32_t genid = sw_pif(p, p->up)->genid;

	joined(p);
	net_if_admin(p->w->net, p->up, false);
	world_run(p->w);
	net_if_admin(p->w->net, p->up, true);
	world_run(p->w);
	assert_non_null(sw_pif(p, p->up));
	assert_true(genid != sw_pif(p, p->up)->genid);
	sw_forget(p);
	sw_neigh(p, p->up, "10.0.1.2");
	assert_string_equal(said(p, p->up), "hello join* ");
}

static void shut_and_opened_at_once_it_is_up(void **state)
{
	struct sm_world *p = *state;

	net_if_admin(p->w->net, p->up, false);
	net_if_admin(p->w->net, p->up, true);
	world_run(p->w);
	assert_non_null(sw_pif(p, p->up));
}

static void an_interface_that_is_removed_prunes_and_says_goodbye(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	net_if_del(p->w->net, p->up);
	assert_string_equal(said(p, p->up), "prune* goodbye ");
	world_run(p->w);
	assert_string_equal(said(p, p->up), "prune* goodbye ");
}

static void an_interface_that_moves_to_another_vlan_says_goodbye_where_it_was(void **state)
{
	struct sm_world *p = *state;
	struct net_if_conf conf = net_if_get(p->w->net, p->up)->conf;

	joined(p);
	conf.vlan = 7;
	net_if_change(p->w->net, p->up, &conf);
	assert_string_equal(said(p, p->up), "prune* goodbye ");
	world_run(p->w);
	assert_non_null(sw_pif(p, p->up));
}

static void a_link_that_failed_carries_nothing(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	net_port_link(p->w->net, net_if_get(p->w->net, p->up)->conf.port, false);
	world_run(p->w);
	assert_null(sw_pif(p, p->up));
	assert_string_equal(said(p, p->up), "");
}

static void pim_that_is_turned_off_prunes_before_its_goodbye(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_conf(p, "up")->mode = PIM_MODE_OFF;
	sw_config(p);
	assert_string_equal(said(p, p->up), "prune* goodbye ");
}

static void pim_that_becomes_passive_prunes_before_its_goodbye(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_conf(p, "up")->passive = true;
	sw_config(p);
	assert_string_equal(said(p, p->up), "prune* goodbye ");
}

static void a_winner_that_leaves_cancels(void **state)
{
	struct sm_world *p = *state;

	won(p);
	net_if_admin(p->w->net, p->lan1, false);
	assert_string_equal(said(p, p->lan1), "cancel goodbye ");
	world_run(p->w);
	assert_null(sw_group(p, G)); /* with what was asked for there */
}

static void a_winner_that_stops_cancels(void **state)
{
	struct event stop = {.kind = EV_STOP};
	struct sm_world *p = *state;

	won(p);
	runner_event(p->w->r, p->number, &stop, p->w->now_us);
	assert_string_equal(said(p, p->lan1), "cancel goodbye ");
	assert_string_equal(said(p, p->up), "prune* goodbye ");
}

static void a_loser_only_says_goodbye(void **state)
{
	struct sm_world *p = *state;

	won(p);
	sw_assert(p, p->lan1, "10.0.3.2", NULL, G, true, 0, 0);
	assert_int_equal(sw_oif(p, "*", G, p->lan1)->assert, ASSERT_LOSER);
	sw_forget(p);
	net_if_admin(p->w->net, p->lan1, false);
	assert_string_equal(said(p, p->lan1), "goodbye ");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_interface_that_is_shut_prunes_and_says_goodbye_first),
		TEST(a_source_is_pruned_too),
		TEST(it_comes_back_as_another),
		TEST(shut_and_opened_at_once_it_is_up),
		TEST(an_interface_that_is_removed_prunes_and_says_goodbye),
		TEST(an_interface_that_moves_to_another_vlan_says_goodbye_where_it_was),
		TEST(a_link_that_failed_carries_nothing),
		TEST(pim_that_is_turned_off_prunes_before_its_goodbye),
		TEST(pim_that_becomes_passive_prunes_before_its_goodbye),
		TEST(a_winner_that_leaves_cancels),
		TEST(a_winner_that_stops_cancels),
		TEST(a_loser_only_says_goodbye),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
