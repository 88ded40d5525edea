/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Neighbours: how they come, stay and go (RFC 7761 4.3.1, 4.3.2, 4.3.4, 4.9.2).
 */
#include "tests/unit/pim/pim_world.h"

#define S 1000u /* milliseconds */

static int setup(void **state)
{
	struct pim_world *p;

	pim_world_setup(state);
	p = *state;
	assert_int_equal(pim_world_if(p, "lan1", "10.0.0.5/24"), 1);
	pim_world_pass(p, 6 * S);
	forget_sent(p);
	return 0;
}

#define LAN 1

/* --- coming and going ---------------------------------------------------------------------------------- */

static void hello_makes_a_neighbor(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(77);
	struct pim_neigh *n;

	h.dr_priority = 9;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	n = neighbor(p, LAN, "10.0.0.2");
	assert_non_null(n);
	assert_int_equal(n->genid, 77);
	assert_int_equal(n->dr_priority, 9);
	assert_int_equal(n->holdtime_s, 105);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 1);
	assert_true(sm_last(p->sm, SM_NEIGH_UP)->found);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 1);
	assert_int_equal(iface(p, LAN)->n_neighbors, 1);
}

static void neighbor_times_out_with_its_holdtime(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);

	h.holdtime_s = 40;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_pass(p, 39999);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h); /* begins again */
	pim_world_pass(p, 39999);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
	pim_world_pass(p, 1);
	assert_null(neighbor(p, LAN, "10.0.0.2"));
	assert_int_equal(sm_count(p->sm, SM_NEIGH_DOWN), 1);
}

static void holdtime_comes_from_the_last_hello(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);

	h.holdtime_s = PIM_HOLDTIME_FOREVER;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_pass(p, 1000000 * (uint64_t)S);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
	h.holdtime_s = 10;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_pass(p, 10 * S);
	assert_null(neighbor(p, LAN, "10.0.0.2"));
	h.holdtime_s = 10;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	h.holdtime_s = PIM_HOLDTIME_FOREVER;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_pass(p, 100 * S);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
}

/* Default_Hello_Holdtime is 3.5 times our Hello_Period. */
static void neighbor_without_holdtime_has_the_default(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello none = {0};

	pim_world_hello_rx(p, LAN, "10.0.0.2", &none);
	pim_world_pass(p, 104999);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
	pim_world_pass(p, 1);
	assert_null(neighbor(p, LAN, "10.0.0.2"));
}

static void goodbye_removes_the_neighbor_at_once(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1), bye = {.has = PIM_HAS_HOLDTIME};

	pim_world_hello_rx(p, LAN, "10.0.0.2", &bye); /* of nobody: nothing */
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 0);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &bye);
	assert_null(neighbor(p, LAN, "10.0.0.2"));
	assert_int_equal(sm_count(p->sm, SM_NEIGH_DOWN), 1);
	assert_false(sm_last(p->sm, SM_NEIGH_DOWN)->found);
}

/* --- Generation ID ------------------------------------------------------------------------------------------- */

static void other_generation_id_is_a_restart(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);
	struct pim_packet packet;

	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_pass(p, 5 * S);
	forget_sent(p);
	h.genid = 2;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_GENID), 1);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_DOWN), 0);
	pim_world_pass(p, 5 * S);
	assert_true(sent(p, LAN, &packet)); /* it is greeted again */
}

/* "any old Hello information about that neighbor SHOULD be discarded" */
static void restart_supersedes_what_was_known(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr second[] = {ip("10.7.0.2")};
	struct pim_hello h = usual(1);
	struct bytes b;

	h.dr_priority = 100;
	b = pim_world_hello("10.0.0.2", &h, second, 1);
	pim_world_rx(p, LAN, &b);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->n_secondary, 1);
	h = (struct pim_hello){
		.has = PIM_HAS_GENID | PIM_HAS_HOLDTIME, .genid = 2, .holdtime_s = 50};
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->n_secondary, 0);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->dr_priority, 0);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->has, PIM_HAS_GENID | PIM_HAS_HOLDTIME);
	assert_null(pim_neigh_nbr(iface(p, LAN), &second[0]));
}

static void generation_id_that_comes_or_goes_is_a_restart(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello none = {.has = PIM_HAS_HOLDTIME, .holdtime_s = 105}, h = usual(0);

	pim_world_hello_rx(p, LAN, "10.0.0.2", &none);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_GENID), 1);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &none);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_GENID), 2);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &none);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_GENID), 2);
}

/* A small router: no options at all, or the same Generation ID for ever. */
static void minimal_hello_makes_a_neighbor(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello none = {0}, constant = usual(0);

	pim_world_hello_rx(p, LAN, "10.0.0.2", &none);
	pim_world_hello_rx(p, LAN, "10.0.0.3", &constant);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &none);
	pim_world_hello_rx(p, LAN, "10.0.0.3", &constant);
	assert_int_equal(iface(p, LAN)->n_neighbors, 2);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_GENID), 0);
}

/* --- secondary addresses ------------------------------------------------------------------------------------- */

static void with_secondary(
	struct pim_world *p, const char *src, const struct ipaddr *secondary, size_t n)
{
	struct pim_hello h = usual(1);
	struct bytes b = pim_world_hello(src, &h, secondary, n);

	pim_world_rx(p, LAN, &b);
}

static struct pim_neigh *nbr(const struct pim_world *p, const char *text)
{
	struct ipaddr a = ip(text);

	return pim_neigh_nbr(iface(p, LAN), &a);
}

static void neighbor_is_found_by_any_of_its_addresses(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[] = {ip("10.7.0.2"), ip("10.8.0.2")};

	with_secondary(p, "10.0.0.2", v, 2);
	assert_ptr_equal(nbr(p, "10.7.0.2"), neighbor(p, LAN, "10.0.0.2"));
	assert_ptr_equal(nbr(p, "10.8.0.2"), neighbor(p, LAN, "10.0.0.2"));
	assert_ptr_equal(nbr(p, "10.0.0.2"), neighbor(p, LAN, "10.0.0.2"));
	assert_null(nbr(p, "10.9.0.2"));
	assert_null(neighbor(p, LAN, "10.7.0.2")); /* but it sends from its primary one only */
}

static void list_replaces_the_one_before(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[] = {ip("10.7.0.2"), ip("10.8.0.2"), ip("10.9.0.2")};

	with_secondary(p, "10.0.0.2", v, 2);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 1);
	with_secondary(p, "10.0.0.2", v, 2);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 1);
	with_secondary(p, "10.0.0.2", v + 1, 2);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 2); /* the trees hear of it */
	assert_null(nbr(p, "10.7.0.2"));
	assert_non_null(nbr(p, "10.9.0.2"));
	with_secondary(p, "10.0.0.2", NULL, 0); /* no list: all are deleted */
	assert_null(nbr(p, "10.8.0.2"));
	assert_int_equal(p->pim->secondaries.n, 0);
}

static void primary_address_in_the_list_is_passed_over(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[] = {ip("10.0.0.2"), ip("10.8.0.2"), ip("10.8.0.2")};

	with_secondary(p, "10.0.0.2", v, 3);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->n_secondary, 1);
	assert_non_null(nbr(p, "10.8.0.2"));
}

static void address_claimed_twice_belongs_to_the_last_one(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[] = {ip("10.8.0.2")};

	with_secondary(p, "10.0.0.2", v, 1);
	with_secondary(p, "10.0.0.3", v, 1);
	assert_ptr_equal(nbr(p, "10.8.0.2"), neighbor(p, LAN, "10.0.0.3"));
	with_secondary(p, "10.0.0.2", v, 1);
	assert_ptr_equal(nbr(p, "10.8.0.2"), neighbor(p, LAN, "10.0.0.2"));
	with_secondary(p, "10.0.0.3", NULL, 0); /* what it has lost is not its to delete */
	assert_ptr_equal(nbr(p, "10.8.0.2"), neighbor(p, LAN, "10.0.0.2"));
}

static void primary_address_goes_before_a_secondary_one(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[] = {ip("10.0.0.2")};

	with_secondary(p, "10.0.0.2", NULL, 0);
	with_secondary(p, "10.0.0.3", v, 1);
	assert_ptr_equal(nbr(p, "10.0.0.2"), neighbor(p, LAN, "10.0.0.2"));
}

/* --- what a stranger can do -------------------------------------------------------------------------------------- */

static void secondary_addresses_have_a_limit(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[513];

	for (uint32_t i = 0; i < 513; i++)
		v[i] = ip4(0x0a070000 + i + 1);
	with_secondary(p, "10.0.0.2", v, 512);
	assert_int_equal(drops(p, PIM_DROP_secondary_limit), 0);
	with_secondary(p, "10.0.0.3", v, 513);
	assert_int_equal(neighbor(p, LAN, "10.0.0.3")->n_secondary, 512);
	assert_int_equal(drops(p, PIM_DROP_secondary_limit), 1);
	assert_int_equal(p->pim->secondaries.n, 512);
}

static void neighbors_have_a_limit(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);
	char src[16];

	h.holdtime_s = PIM_HOLDTIME_FOREVER;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(src, sizeof(src), "10.9.%u.%u", i / 250, i % 250);
		pim_world_hello_rx(p, LAN, src, &h);
	}
	assert_int_equal(iface(p, LAN)->n_neighbors, 512);
	assert_int_equal(drops(p, PIM_DROP_neighbor_limit), 5000 - 512);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_UP), 512);
	pim_world_hello_rx(p, LAN, "10.9.0.7", &h); /* those that are there stay */
	assert_int_equal(drops(p, PIM_DROP_neighbor_limit), 5000 - 512);
	h.holdtime_s = 0;
	pim_world_hello_rx(p, LAN, "10.9.0.7", &h);
	h.holdtime_s = 105;
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
}

static void access_list_decides_who_may_be_a_neighbor(void **state)
{
	static const struct pim_rule rules[] = {
		{.prefix = {.addr = {.family = IP_V4, .b = {10, 0, 0, 3}}, .len = 32}},
		{.prefix = {.addr = {.family = IP_V4, .b = {10, 0, 0, 0}}, .len = 24},
			.permit = true},
	};
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);

	pim_world_hello_rx(p, LAN, "10.0.0.3", &h);
	pim_world_conf(p, "lan1")->neighbors = rules;
	pim_world_conf(p, "lan1")->n_neighbors = 2;
	pim_world_config(p);
	assert_null(neighbor(p, LAN, "10.0.0.3")); /* it goes when the list refuses it */
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_hello_rx(p, LAN, "10.0.0.3", &h);
	pim_world_hello_rx(p, LAN, "10.0.1.2", &h);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
	assert_int_equal(iface(p, LAN)->n_neighbors, 1);
	assert_int_equal(drops(p, PIM_DROP_neighbor_denied), 2);
}

/* RFC 7761 4.3.1: those who hear it answer within Triggered_Hello_Delay. */
static void who_may_be_admitted_again_is_asked_by_a_new_generation_id(void **state)
{
	static const struct pim_rule nobody[] = {
		{.prefix = {.addr = {.family = IP_V4}, .len = 0}},
	};
	struct pim_world *p = *state;
	struct pim_packet packet;
	struct pim_hello h;
	uint32_t genid;

	pim_world_pass(p, 6000);
	genid = iface(p, LAN)->genid;
	pim_world_conf(p, "lan1")->neighbors = nobody;
	pim_world_conf(p, "lan1")->n_neighbors = 1;
	forget_sent(p);
	pim_world_config(p);
	assert_false(sent_hello(p, LAN, &packet, &h)); /* refusing more asks nobody */
	pim_world_config(p);
	assert_false(sent_hello(p, LAN, &packet, &h)); /* nor do the same rules again */
	pim_world_conf(p, "lan1")->n_neighbors = 0;
	pim_world_config(p);
	assert_true(sent_hello(p, LAN, &packet, &h));
	assert_int_not_equal(h.genid, genid);
	assert_int_equal(h.genid, iface(p, LAN)->genid);
}

static void a_higher_limit_of_neighbors_asks_those_who_had_no_room(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);
	struct pim_packet packet;

	pim_world_conf(p, "lan1")->max_neighbors = 1;
	pim_world_config(p);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_pass(p, 6000);
	forget_sent(p);
	pim_world_conf(p, "lan1")->max_neighbors = 2;
	pim_world_config(p);
	assert_true(sent_hello(p, LAN, &packet, &h));
	forget_sent(p);
	pim_world_conf(p, "lan1")->max_neighbors = 3; /* there was room */
	pim_world_config(p);
	assert_false(sent_hello(p, LAN, &packet, &h));
}

static void broken_hello_changes_nothing(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);
	struct bytes b;

	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	h.genid = 2;
	h.dr_priority = 50;
	b = pim_world_hello("10.0.0.2", &h, NULL, 0);
	put16(&b, 1);
	put16(&b, 2000); /* a last option beyond the message */
	mend4(&b, 0);
	pim_world_rx(p, LAN, &b);
	assert_int_equal(drops(p, PIM_DROP_option_truncated), 1);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->genid, 1);
	assert_int_equal(neighbor(p, LAN, "10.0.0.2")->dr_priority, 1);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_GENID), 0);
}

/* --- commands and show ------------------------------------------------------------------------------------------- */

static int command(struct pim_world *p, struct pim_command *c, char *err)
{
	return runner_command(p->w->r, p->number, c, err, 128, p->w->now_us);
}

static void cleared_neighbor_comes_back_with_its_next_hello(void **state)
{
	struct pim_world *p = *state;
	struct pim_command c = {.kind = PIM_CLEAR_NEIGHBORS, .neighbor = ip("10.0.0.2")};
	struct pim_hello h = usual(1);
	char err[128];

	assert_int_equal(command(p, &c, err), -ENOENT);
	assert_string_equal(err, "10.0.0.2 is no neighbour: `show pim neighbor` lists them");
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	pim_world_hello_rx(p, LAN, "10.0.0.3", &h);
	assert_int_equal(command(p, &c, err), 0);
	assert_null(neighbor(p, LAN, "10.0.0.2"));
	assert_non_null(neighbor(p, LAN, "10.0.0.3"));
	snprintf(c.interface, sizeof(c.interface), "lan7");
	assert_int_equal(command(p, &c, err), -ENOENT);
	c = (struct pim_command){.kind = PIM_CLEAR_STATISTICS};
	assert_int_equal(command(p, &c, err), 0);
	assert_int_equal(p->pim->stats.rx[PIM_HELLO], 0);
	pim_world_hello_rx(p, LAN, "10.0.0.2", &h);
	assert_non_null(neighbor(p, LAN, "10.0.0.2"));
	assert_int_equal(iface(p, LAN)->stats.rx[PIM_HELLO], 1);
}

struct seen {
	unsigned n;
	struct ipaddr addr[4];
	uint64_t expires_us;
	uint32_t n_secondary;
};

static bool see(void *arg, const struct pim_neigh_info *n)
{
	struct seen *s = arg;

	s->expires_us = n->expires_us;
	s->n_secondary += n->n_secondary;
	s->addr[s->n++] = n->address;
	return s->n < 4;
}

static void neighbors_are_shown_in_order_of_address(void **state)
{
	struct pim_world *p = *state;
	struct ipaddr v[] = {ip("10.7.0.2")};
	struct pim_hello h = usual(1);
	struct seen s = {0};

	pim_world_hello_rx(p, LAN, "10.0.0.30", &h);
	with_secondary(p, "10.0.0.2", v, 1);
	h.holdtime_s = PIM_HOLDTIME_FOREVER;
	pim_world_hello_rx(p, LAN, "10.0.0.200", &h);
	pim_neigh_walk(p->pim, see, &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.addr[0].b[3], 2);
	assert_int_equal(s.addr[1].b[3], 30);
	assert_int_equal(s.addr[2].b[3], 200);
	assert_int_equal(s.n_secondary, 1);
	assert_true(s.expires_us == TIMER_NEVER);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, pim_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hello_makes_a_neighbor),
		TEST(neighbor_times_out_with_its_holdtime),
		TEST(holdtime_comes_from_the_last_hello),
		TEST(neighbor_without_holdtime_has_the_default),
		TEST(goodbye_removes_the_neighbor_at_once),
		TEST(other_generation_id_is_a_restart),
		TEST(restart_supersedes_what_was_known),
		TEST(generation_id_that_comes_or_goes_is_a_restart),
		TEST(minimal_hello_makes_a_neighbor),
		TEST(neighbor_is_found_by_any_of_its_addresses),
		TEST(list_replaces_the_one_before),
		TEST(primary_address_in_the_list_is_passed_over),
		TEST(address_claimed_twice_belongs_to_the_last_one),
		TEST(primary_address_goes_before_a_secondary_one),
		TEST(secondary_addresses_have_a_limit),
		TEST(neighbors_have_a_limit),
		TEST(access_list_decides_who_may_be_a_neighbor),
		TEST(who_may_be_admitted_again_is_asked_by_a_new_generation_id),
		TEST(a_higher_limit_of_neighbors_asks_those_who_had_no_room),
		TEST(broken_hello_changes_nothing),
		TEST(cleared_neighbor_comes_back_with_its_next_hello),
		TEST(neighbors_are_shown_in_order_of_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
