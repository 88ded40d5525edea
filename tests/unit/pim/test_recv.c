/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a message must be before the trees hear of it (RFC 7761 4.9): each reason to drop it has its counter,
 * and no state changes.
 */
#include "tests/unit/pim/pim_world.h"
#include "tests/unit/pim/vectors.h"

#define LAN 1
#define OFF 2

static int setup(void **state)
{
	struct pim_hello h = usual(1);
	struct pim_world *p;

	pim_world_setup(state);
	p = *state;
	assert_int_equal(pim_world_if(p, "lan1", "10.0.0.5/24"), LAN);
	assert_int_equal(world_if(p->w, "lan2", "10.2.0.5/24"), OFF);
	world_run(p->w);
	pim_world_hello_rx(p, LAN, "10.0.0.1", &h);
	return 0;
}

/* Comes in, is dropped for this reason and no other, and changes nothing. */
static void expect_drop(
	struct pim_world *p, uint16_t ifid, const struct bytes *b, enum pim_drop why)
{
	struct pim_stats before, after;
	size_t calls = p->sm->n;
	struct pim_neigh *n = neighbor(p, LAN, "10.0.0.1");
	uint64_t expires = n->liveness.due_us;

	pim_stats_get(p->pim, &before);
	pim_world_rx(p, ifid, b);
	pim_stats_get(p->pim, &after);
	for (unsigned i = 0; i < PIM_DROP_COUNT; i++)
		assert_int_equal(after.drops[i] - before.drops[i], i == why ? 1 : 0);
	assert_int_equal(p->sm->n, calls);
	assert_int_equal(iface(p, LAN)->n_neighbors, 1);
	assert_ptr_equal(neighbor(p, LAN, "10.0.0.1"), n);
	assert_int_equal(n->liveness.due_us, expires);
}

static struct bytes hello_to(const char *src, const char *dst, unsigned ttl)
{
	struct bytes body = {0};

	put16(&body, PIM_OPT_HOLDTIME);
	put16(&body, 2);
	put16(&body, 105);
	return packet4_to(src, dst, ttl, PIM_HELLO, &body);
}

static void messages_of_a_neighbor_reach_the_trees(void **state)
{
	struct pim_world *p = *state;
	struct bytes jp = hex(JP4), a = hex(ASSERT4);
	struct ipaddr from = ip("10.0.0.1");

	pim_world_rx(p, LAN, &jp);
	assert_int_equal(sm_count(p->sm, SM_JOINPRUNE), 1);
	assert_true(ip_eq(&sm_last(p->sm, SM_JOINPRUNE)->addr, &from));
	assert_int_equal(sm_last(p->sm, SM_JOINPRUNE)->len, jp.len - 20);
	pim_world_rx(p, LAN, &a);
	assert_int_equal(sm_count(p->sm, SM_ASSERT), 1);
	assert_int_equal(p->pim->stats.rx[PIM_JOIN_PRUNE], 1);
	assert_int_equal(iface(p, LAN)->stats.rx[PIM_ASSERT], 1);
}

static void messages_of_a_stranger_are_dropped(void **state)
{
	struct pim_world *p = *state;
	struct bytes none = {0}, b = packet4("10.0.0.77", PIM_JOIN_PRUNE, &none);

	expect_drop(p, LAN, &b, PIM_DROP_no_neighbor);
	b = packet4("10.0.0.77", PIM_ASSERT, &none);
	expect_drop(p, LAN, &b, PIM_DROP_no_neighbor);
}

/* A neighbour of one interface is none on another. */
static void neighbor_counts_on_its_own_link_only(void **state)
{
	struct pim_world *p = *state;
	uint16_t other = pim_world_if(p, "lan3", "10.3.0.5/24");
	struct bytes jp = hex(JP4);

	expect_drop(p, other, &jp, PIM_DROP_no_neighbor);
}

static void link_messages_to_a_unicast_address_are_dropped(void **state)
{
	struct pim_world *p = *state;
	struct bytes none = {0}, b = hello_to("10.0.0.2", "10.0.0.5", 1);

	expect_drop(p, LAN, &b, PIM_DROP_destination);
	b = packet4_to("10.0.0.1", "10.0.0.5", 1, PIM_JOIN_PRUNE, &none);
	expect_drop(p, LAN, &b, PIM_DROP_destination);
	b = packet4_to("10.0.0.1", "10.0.0.5", 1, PIM_ASSERT, &none);
	expect_drop(p, LAN, &b, PIM_DROP_destination);
	b = hello_to("10.0.0.2", "224.0.0.1", 1);
	expect_drop(p, LAN, &b, PIM_DROP_destination);
}

static void link_messages_from_afar_are_dropped(void **state)
{
	struct pim_world *p = *state;
	struct bytes b = hello_to("10.0.0.2", "224.0.0.13", 2);

	expect_drop(p, LAN, &b, PIM_DROP_ttl);
}

static void senders_that_cannot_be_are_dropped(void **state)
{
	static const char *const v[] = {
		"0.0.0.0", "0.1.2.3", "224.0.0.13", "127.0.0.1", "255.255.255.255", "240.0.0.1"};
	struct pim_world *p = *state;

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes b = hello_to(v[i], "224.0.0.13", 1);

		expect_drop(p, LAN, &b, PIM_DROP_ip_source);
	}
}

static void our_own_messages_are_dropped(void **state)
{
	struct pim_world *p = *state;
	struct bytes b = hello_to("10.0.0.5", "224.0.0.13", 1);

	expect_drop(p, LAN, &b, PIM_DROP_own);
	b = hello_to("10.2.0.5", "224.0.0.13", 1); /* of another interface */
	expect_drop(p, LAN, &b, PIM_DROP_own);
}

static void interface_without_pim_takes_nothing_of_its_link(void **state)
{
	struct pim_world *p = *state;
	struct bytes b = hello_to("10.2.0.2", "224.0.0.13", 1), jp = hex(JP4);

	expect_drop(p, OFF, &b, PIM_DROP_if_disabled);
	expect_drop(p, OFF, &jp, PIM_DROP_if_disabled);
	expect_drop(p, 4000, &b, PIM_DROP_if_disabled);
}

/* They come wherever the route to our address leads. */
static void registers_are_taken_where_pim_does_not_run(void **state)
{
	struct pim_world *p = *state;
	struct bytes r = hex(NULL4), stop = hex(STOP4), body = {0};

	expect_drop(p, OFF, &r, PIM_DROP_destination);
	body.len = r.len - 24;
	memcpy(body.b, r.b + 24, body.len);
	r = packet4_to("10.77.0.1", "10.0.0.5", 60, PIM_REGISTER, &body);
	pim_world_rx(p, OFF, &r);
	assert_int_equal(sm_count(p->sm, SM_REGISTER), 1);
	body.len = stop.len - 24;
	memcpy(body.b, stop.b + 24, body.len);
	stop = packet4_to("10.77.0.1", "10.0.0.5", 60, PIM_REGISTER_STOP, &body);
	pim_world_rx(p, OFF, &stop);
	assert_int_equal(sm_count(p->sm, SM_REGISTER_STOP), 1);
	assert_int_equal(p->pim->stats.rx[PIM_REGISTER_STOP], 1);
}

static void wrong_headers_are_dropped(void **state)
{
	struct pim_world *p = *state;
	struct bytes b = hello_to("10.0.0.2", "224.0.0.13", 1);

	b.b[22] ^= 1;
	expect_drop(p, LAN, &b, PIM_DROP_checksum);
	b.b[20] = 0x10;
	mend4(&b, 0);
	expect_drop(p, LAN, &b, PIM_DROP_version);
	b.b[20] = 0x2d;
	mend4(&b, 0);
	expect_drop(p, LAN, &b, PIM_DROP_type_unknown);
	b.b[0] = 0x4f;
	expect_drop(p, LAN, &b, PIM_DROP_ip_header);
}

static void messages_of_other_modes_are_counted(void **state)
{
	static const enum pim_type v[] = {PIM_BOOTSTRAP, PIM_GRAFT, PIM_GRAFT_ACK, PIM_CANDIDATE_RP,
		PIM_STATE_REFRESH, PIM_DF_ELECTION, PIM_ECMP_REDIRECT, PIM_FLOODING};
	struct pim_world *p = *state;
	struct bytes none = {0};

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes b = packet4("10.0.0.1", v[i], &none);

		expect_drop(p, LAN, &b, PIM_DROP_type_unhandled);
		assert_int_equal(p->pim->stats.rx[v[i]], 1);
	}
}

static void register_must_be_for_one_of_our_addresses(void **state)
{
	struct pim_world *p = *state;
	struct bytes r = hex(NULL4), stop = hex(STOP4), body = {0};

	expect_drop(p, LAN, &r, PIM_DROP_destination);
	expect_drop(p, LAN, &stop, PIM_DROP_destination);
	body.len = r.len - 24;
	memcpy(body.b, r.b + 24, body.len);
	r = packet4_to("10.77.0.1", "10.2.0.5", 60, PIM_REGISTER, &body);
	pim_world_rx(p, LAN, &r); /* on any interface, from any router */
	assert_int_equal(sm_count(p->sm, SM_REGISTER), 1);
	r = packet4_to("10.77.0.1", "224.0.0.13", 1, PIM_REGISTER, &body);
	expect_drop(p, LAN, &r, PIM_DROP_destination);
	body.len = stop.len - 24;
	memcpy(body.b, stop.b + 24, body.len);
	stop = packet4_to("10.77.0.1", "10.0.0.5", 60, PIM_REGISTER_STOP, &body);
	pim_world_rx(p, LAN, &stop);
	assert_int_equal(sm_count(p->sm, SM_REGISTER_STOP), 1);
}

static void passive_interface_still_takes_registers(void **state)
{
	struct pim_world *p = *state;
	struct bytes r = hex(NULL4), body = {0};

	pim_world_conf(p, "lan2")->passive = true;
	pim_world_config(p);
	body.len = r.len - 24;
	memcpy(body.b, r.b + 24, body.len);
	r = packet4_to("10.77.0.1", "10.0.0.5", 60, PIM_REGISTER, &body);
	pim_world_rx(p, OFF, &r);
	assert_int_equal(sm_count(p->sm, SM_REGISTER), 1);
}

static void events_of_others_reach_the_trees(void **state)
{
	struct pim_world *p = *state;
	struct event member = {.kind = EV_MEMBER}, up = {.kind = EV_UPCALL};

	member.member.grp = ip("239.1.1.1");
	runner_event(p->w->r, p->number, &member, p->w->now_us);
	up.upcall.grp = ip("239.1.1.2");
	runner_event(p->w->r, p->number, &up, p->w->now_us);
	assert_int_equal(sm_last(p->sm, SM_MEMBER)->addr.b[3], 1);
	assert_int_equal(sm_last(p->sm, SM_UPCALL)->addr.b[3], 2);
	world_route(p->w, "10.9.0.0/16", LAN, "10.0.0.1");
	world_run(p->w);
	assert_int_equal(sm_last(p->sm, SM_RIB)->addr.b[1], 9);
}

/* Ten thousand Hellos of strangers cost no more log lines than the limit allows. */
static unsigned lines;

static void count_line(enum log_level level, const char *line, void *arg)
{
	lines++;
}

static void flood_is_logged_with_restraint(void **state)
{
	struct pim_world *p = *state;
	struct bytes b = hello_to("10.0.0.2", "10.0.0.5", 1);
	enum log_level level = log_get_level();

	p->w->now_us += 2000000;
	lines = 0;
	log_set_sink(count_line, NULL);
	log_set_level(LOG_LVL_INFO);
	for (unsigned i = 0; i < 10000; i++)
		pim_world_rx(p, LAN, &b);
	log_set_level(level);
	assert_in_range(lines, 1, LOG_RATE_BURST);
	assert_int_equal(drops(p, PIM_DROP_destination), 10000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, pim_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_of_a_neighbor_reach_the_trees),
		TEST(messages_of_a_stranger_are_dropped),
		TEST(neighbor_counts_on_its_own_link_only),
		TEST(link_messages_to_a_unicast_address_are_dropped),
		TEST(link_messages_from_afar_are_dropped),
		TEST(senders_that_cannot_be_are_dropped),
		TEST(our_own_messages_are_dropped),
		TEST(interface_without_pim_takes_nothing_of_its_link),
		TEST(registers_are_taken_where_pim_does_not_run),
		TEST(wrong_headers_are_dropped),
		TEST(messages_of_other_modes_are_counted),
		TEST(register_must_be_for_one_of_our_addresses),
		TEST(passive_interface_still_takes_registers),
		TEST(events_of_others_reach_the_trees),
		TEST(flood_is_logged_with_restraint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
