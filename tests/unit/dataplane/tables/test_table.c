/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routing tables: what comes in on an interface is looked up in its table, and signalled and counted
 * there, whoever else has the same source and group.
 */
#include "fixture.h"

#include <errno.h>

static void interface(struct dataplane *d, uint16_t id, uint16_t table)
{
	struct dp_if c = {.id = id,
		.kind = DP_IF_ETHER,
		.up = 1,
		.port = 0,
		.vlan = id,
		.mtu = 1500,
		.table = table};

	assert_int_equal(if_set(d, &c), 0);
}

static struct dp_route route_in(uint16_t table, const char *src, const char *grp, uint16_t mark)
{
	struct dp_route r = fixture_route(src, grp, mark, 0);

	r.key.table = table;
	return r;
}

static void set(
	struct dataplane *d, uint16_t table, const char *src, const char *grp, uint16_t mark)
{
	struct dp_route r = route_in(table, src, grp, mark);

	assert_int_equal(route_set(d, &r, 1, NULL), 0);
}

struct packet {
	uint8_t bytes[64];
	struct rte_mbuf m;
	struct pkt p;
};

static void packet_make(
	struct packet *k, uint16_t iif, const struct ipaddr *src, const struct ipaddr *grp)
{
	unsigned bytes = ip_bytes(src);
	uint8_t *ip = k->bytes + 14 + (src->family == IP_V4 ? 12 : 8);

	memset(k, 0, sizeof(*k));
	k->m = (struct rte_mbuf){.buf_addr = k->bytes, .data_off = 4};
	k->p = (struct pkt){.m = &k->m, .l3 = 10, .family = src->family, .iif = iif};
	memcpy(ip, src->b, bytes);
	memcpy(ip + bytes, grp->b, bytes);
}

/* The input of the route (its name in these tests) that a packet of interface iif finds; 0: none. */
static uint16_t found(struct dataplane *d, uint16_t iif, const char *src, const char *grp)
{
	struct ipaddr s, g;
	struct packet k;
	struct pkt *p = &k.p;

	assert_int_equal(ip_parse(src, &s), 0);
	assert_int_equal(ip_parse(grp, &g), 0);
	packet_make(&k, iif, &s, &g);
	mfib_lookup_bulk(&d->t, &p, 1, s.family);
	return p->route ? p->route->iif : 0;
}

static void the_same_flow_has_a_route_in_each_table(void **state)
{
	struct dataplane *d = fixture_new(1, 100);

	interface(d, 1, DP_TABLE_MAIN);
	interface(d, 2, 7);
	interface(d, 3, 65535);
	set(d, DP_TABLE_MAIN, "10.0.0.1", "239.1.1.1", 11);
	set(d, 7, "10.0.0.1", "239.1.1.1", 12);
	set(d, DP_TABLE_MAIN, "2001:db8::1", "ff3e::1", 13);
	set(d, 65535, "2001:db8::1", "ff3e::1", 14);
	assert_int_equal(found(d, 1, "10.0.0.1", "239.1.1.1"), 11);
	assert_int_equal(found(d, 2, "10.0.0.1", "239.1.1.1"), 12);
	assert_int_equal(found(d, 3, "10.0.0.1", "239.1.1.1"), 0);
	assert_int_equal(found(d, 1, "2001:db8::1", "ff3e::1"), 13);
	assert_int_equal(found(d, 2, "2001:db8::1", "ff3e::1"), 0);
	assert_int_equal(found(d, 3, "2001:db8::1", "ff3e::1"), 14);
	fixture_free(d);
}

static void a_shorter_match_of_ones_own_table_beats_a_longer_one_of_another(void **state)
{
	struct dataplane *d = fixture_new(1, 100);

	interface(d, 1, DP_TABLE_MAIN);
	interface(d, 2, 7);
	set(d, DP_TABLE_MAIN, "10.0.0.1", "239.1.1.1", 11);
	set(d, 7, "*", "239.0.0.0/8", 12);
	assert_int_equal(found(d, 2, "10.0.0.1", "239.1.1.1"), 12);
	assert_int_equal(found(d, 1, "10.0.0.1", "239.1.1.2"), 0);
	fixture_free(d);
}

static void an_interface_moves_to_another_table_at_once(void **state)
{
	struct dataplane *d = fixture_new(1, 100);

	interface(d, 1, DP_TABLE_MAIN);
	set(d, DP_TABLE_MAIN, "*", "239.1.1.1", 11);
	set(d, 7, "*", "239.1.1.1", 12);
	assert_int_equal(found(d, 1, "10.0.0.1", "239.1.1.1"), 11);
	interface(d, 1, 7);
	assert_int_equal(found(d, 1, "10.0.0.1", "239.1.1.1"), 12);
	interface(d, 1, DP_TABLE_MAIN);
	assert_int_equal(found(d, 1, "10.0.0.1", "239.1.1.1"), 11);
	assert_int_equal(if_del(d, 1), 0);
	fixture_free(d);
}

static void deleting_a_key_leaves_that_of_another_table(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	struct dp_route r = route_in(7, "10.0.0.1", "239.1.1.1", 12);

	interface(d, 1, DP_TABLE_MAIN);
	interface(d, 2, 7);
	set(d, DP_TABLE_MAIN, "10.0.0.1", "239.1.1.1", 11);
	set(d, 7, "10.0.0.1", "239.1.1.1", 12);
	assert_int_equal(route_del(d, &r.key, 1), 0);
	assert_int_equal(route_del(d, &r.key, 1), -ENOENT);
	assert_int_equal(found(d, 1, "10.0.0.1", "239.1.1.1"), 11);
	assert_int_equal(found(d, 2, "10.0.0.1", "239.1.1.1"), 0);
	fixture_free(d);
}

static void counters_are_of_the_table_that_is_asked_for(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	struct dp_route main = route_in(DP_TABLE_MAIN, "10.0.0.1", "239.1.1.1", 11),
			other = route_in(7, "10.0.0.1", "239.1.1.1", 12);
	struct dp_route_counters c;

	set(d, DP_TABLE_MAIN, "10.0.0.1", "239.1.1.1", 11);
	assert_int_equal(stats_route(d, &other.key, &c), -ENOENT);
	set(d, 7, "10.0.0.1", "239.1.1.1", 12);
	d->workers[0]->route_ctr[mfib_find(&d->mfib, &other.key)->counter].packets = 5;
	assert_int_equal(stats_route(d, &other.key, &c), 0);
	assert_int_equal(c.packets, 5);
	assert_int_equal(stats_route(d, &main.key, &c), 0);
	assert_int_equal(c.packets, 0);
	fixture_free(d);
}

static void a_signal_names_the_table_and_is_opened_by_it(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	struct worker *w = d->workers[0];
	struct ipaddr s, g;
	struct dp_upcall up;
	struct packet k;

	interface(d, 2, 7);
	assert_int_equal(ip_parse("10.0.0.1", &s), 0);
	assert_int_equal(ip_parse("239.1.1.1", &g), 0);
	packet_make(&k, 2, &s, &g);
	for (int i = 0; i < 2; i++) {
		upcall_signal(w, DP_UPCALL_WRONGVIF, &k.p);
		assert_int_equal(upcall_recv(d, &up, 1), 1);
		assert_int_equal(up.table, 7);
		upcall_signal(w, DP_UPCALL_WRONGVIF, &k.p);
		assert_int_equal(upcall_recv(d, &up, 1), 0); /* one outstanding */
		upcall_done(d, &up, DP_VERDICT_RELEASE);
	}
	fixture_free(d);
}

#define IFS 64
#define ROUNDS 2000

/* Routes of random tables over a few flows; a bulk of packets from many interfaces finds for each what a
 * look at all routes finds. */
static void a_bulk_of_many_tables_finds_what_each_packet_finds_alone(void **state)
{
	struct dataplane *d = fixture_new(1, 1000);
	uint64_t seed = fixture_seed("a_bulk_of_many_tables_finds_what_each_packet_finds_alone");
	uint16_t table_of[IFS + 1], have[5][4][4] = {0};
	static struct packet v[BURST];
	struct pkt *p[BURST];

	for (uint16_t i = 1; i <= IFS; i++) {
		table_of[i] = (uint16_t)fixture_random(&seed, 5);
		interface(d, i, table_of[i]);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint16_t table = (uint16_t)fixture_random(&seed, 5);
		uint32_t s = fixture_random(&seed, 4), g = fixture_random(&seed, 4);
		struct dp_route r = {.n_inputs = 1, .inputs[0] = {.flags = DP_INPUT_ACCEPT}};

		r.key = (struct dp_route_key){.table = table,
			.src = prefix_host(ip4(0x0a000001 + s)),
			.grp = prefix_host(ip4(0xef010101 + g))};
		have[table][s][g] = have[table][s][g] ? 0 : (uint16_t)(1 + round);
		r.inputs[0].ifid = have[table][s][g];
		if (have[table][s][g])
			assert_int_equal(route_set(d, &r, 1, NULL), 0);
		else
			assert_int_equal(route_del(d, &r.key, 1), 0);
		retire_reclaim(&d->retire, 16);
		for (unsigned i = 0; i < BURST; i++) {
			struct ipaddr src = ip4(0x0a000001 + i % 4),
				      grp = ip4(0xef010101 + i / 4 % 4);

			packet_make(&v[i], (uint16_t)(1 + fixture_random(&seed, IFS)), &src, &grp);
			p[i] = &v[i].p;
		}
		mfib_lookup_bulk(&d->t, p, BURST, IP_V4);
		for (unsigned i = 0; i < BURST; i++) {
			const struct mfib_route *got = v[i].p.route;

			assert_ptr_equal(p[i], &v[i].p);
			assert_int_equal(
				got ? got->iif : 0, have[table_of[v[i].p.iif]][i % 4][i / 4 % 4]);
		}
	}
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_flow_has_a_route_in_each_table),
		cmocka_unit_test(a_shorter_match_of_ones_own_table_beats_a_longer_one_of_another),
		cmocka_unit_test(an_interface_moves_to_another_table_at_once),
		cmocka_unit_test(deleting_a_key_leaves_that_of_another_table),
		cmocka_unit_test(counters_are_of_the_table_that_is_asked_for),
		cmocka_unit_test(a_signal_names_the_table_and_is_opened_by_it),
		cmocka_unit_test(a_bulk_of_many_tables_finds_what_each_packet_finds_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
