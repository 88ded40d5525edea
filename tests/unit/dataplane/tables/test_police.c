/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Policers: classes of packets, token buckets by port and class, and regular sources, whose Hellos no
 * flood costs. Time is invented.
 */
#include "fixture.h"

#include "dataplane/police.h"
#include "dataplane/punt_class.h"

#include <errno.h>

#define PORT 3
#define EPOCH (UINT64_C(1) << 50) /* when tests begin */
#define MS (FIXTURE_HZ / 1000)

/* --- packets ------------------------------------------------------------------------------------------ */

struct packet {
	uint8_t bytes[128];
	struct rte_mbuf m;
	uint8_t priv[MBUF_PRIV_SIZE]; /* where rte_mbuf_to_priv looks for it */
	struct pkt p;
};

static struct pkt *packet(struct packet *x, enum pkt_next next, uint8_t family, unsigned len)
{
	memset(&x->m, 0, sizeof(x->m));
	x->m.priv_size = MBUF_PRIV_SIZE;
	x->m.buf_addr = x->bytes;
	x->m.data_len = (uint16_t)len;
	x->m.pkt_len = len;
	x->p = (struct pkt){.m = &x->m, .iif = 7, .family = family, .next = (uint8_t)next};
	return &x->p;
}

/* Protocol packet from 10.0.x.x whose upper layer begins with first. */
static struct pkt *proto4(struct packet *x, uint32_t src, uint8_t proto, uint8_t first)
{
	memset(x->bytes, 0, sizeof(x->bytes));
	x->bytes[0] = 0x46; /* Router Alert */
	x->bytes[9] = proto;
	x->bytes[12] = 10;
	memcpy(x->bytes + 13, &src, 3);
	x->bytes[24] = first;
	return packet(x, PKT_PROTO, IP_V4, 32);
}

static struct pkt *proto6(struct packet *x, uint32_t src, uint8_t next, uint8_t first)
{
	memset(x->bytes, 0, sizeof(x->bytes));
	x->bytes[0] = 0x60;
	x->bytes[8] = 0xfe;
	x->bytes[9] = 0x80;
	memcpy(x->bytes + 20, &src, 4);
	x->bytes[6] = next;
	x->bytes[40] = first;
	if (next == 0) { /* hop-by-hop, then ICMPv6 */
		x->bytes[40] = 58;
		x->bytes[48] = first;
	}
	return packet(x, PKT_PROTO, IP_V6, 64);
}

static void what_neighbours_live_by_is_a_class_of_its_own(void **state)
{
	struct packet x;

	assert_int_equal(punt_class(proto4(&x, 1, 103, 0x20)), DP_PUNT_hello);
	assert_int_equal(punt_class(proto4(&x, 1, 103, 0x23)), DP_PUNT_proto); /* Join/Prune */
	assert_int_equal(punt_class(proto4(&x, 1, 103, 0x10)), DP_PUNT_proto); /* version 1 */
	assert_int_equal(punt_class(proto4(&x, 1, 2, 0x11)), DP_PUNT_hello);
	assert_int_equal(punt_class(proto4(&x, 1, 2, 0x22)), DP_PUNT_proto);
	assert_int_equal(punt_class(proto6(&x, 1, 103, 0x20)), DP_PUNT_hello);
	assert_int_equal(punt_class(proto6(&x, 1, 0, 130)), DP_PUNT_hello);
	assert_int_equal(punt_class(proto6(&x, 1, 0, 143)), DP_PUNT_proto);
	assert_int_equal(punt_class(proto6(&x, 1, 58, 130)), DP_PUNT_hello);
}

static void only_pim_and_igmp_say_hello(void **state)
{
	struct packet x;

	assert_int_equal(punt_class(proto4(&x, 1, 17, 0x11)), DP_PUNT_proto); /* AMT */
	assert_int_equal(punt_class(proto4(&x, 1, 17, 0x20)), DP_PUNT_proto);
	assert_int_equal(punt_class(proto4(&x, 1, 103, 0x11)), DP_PUNT_proto);
	assert_int_equal(punt_class(proto4(&x, 1, 2, 0x20)), DP_PUNT_proto);
	assert_int_equal(punt_class(proto6(&x, 1, 17, 130)), DP_PUNT_proto);
}

static void what_is_cut_short_or_a_later_fragment_is_no_hello(void **state)
{
	struct packet x;

	proto4(&x, 1, 103, 0x20);
	for (unsigned len = 0; len <= 24; len++)
		assert_int_equal(punt_class(packet(&x, PKT_PROTO, IP_V4, len)), DP_PUNT_proto);
	proto6(&x, 1, 0, 130);
	for (unsigned len = 0; len <= 48; len++)
		assert_int_equal(punt_class(packet(&x, PKT_PROTO, IP_V6, len)), DP_PUNT_proto);
	proto4(&x, 1, 103, 0x20);
	x.bytes[7] = 1;
	assert_int_equal(punt_class(&x.p), DP_PUNT_proto);
}

static void resolution_is_a_class_of_its_own(void **state)
{
	struct packet x;
	struct pkt *p;

	memset(&x, 0, sizeof(x));
	p = packet(&x, PKT_EXCEPTION, 0, 60);
	assert_int_equal(punt_class(p), DP_PUNT_exception);
	x.bytes[12] = 0x08;
	x.bytes[13] = 0x06;
	assert_int_equal(punt_class(p), DP_PUNT_neigh);
	p = packet(&x, PKT_EXCEPTION, 0, 13);
	assert_int_equal(punt_class(p), DP_PUNT_exception);
	for (unsigned type = 128; type < 140; type++) {
		proto6(&x, 1, 58, (uint8_t)type);
		memmove(x.bytes + 14, x.bytes, 64);
		p = packet(&x, PKT_EXCEPTION, IP_V6, 78);
		p->l3 = 14;
		assert_int_equal(punt_class(p),
			type >= 133 && type <= 137 ? DP_PUNT_neigh : DP_PUNT_exception);
	}
}

/* --- buckets -------------------------------------------------------------------------------------------- */

static struct dp_police limits(uint32_t hello, uint32_t proto, uint32_t source)
{
	struct dp_police c = {.regular_ms = 1000};

	c.kind[DP_PUNT_hello].rate = hello;
	c.kind[DP_PUNT_proto].rate = proto;
	c.source.rate = source;
	return c;
}

static struct police_port *port_with(struct dataplane *d, struct dp_police c)
{
	struct police_port *p;

	assert_int_equal(police_set(d, PORT, &c), 0);
	p = police_port(d->workers[0], PORT);
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
		p->bucket[k].time = EPOCH;
	return p;
}

static bool arrives(struct dataplane *d, struct pkt *p, uint64_t now)
{
	return police_packet(police_port(d->workers[0], PORT), d->t.seed, punt_class(p), p, now);
}

/* How many of n packets pass, each from another source. */
static unsigned flood(struct dataplane *d, unsigned n, uint8_t proto, uint8_t first, uint64_t now)
{
	static uint32_t src = 100000;
	struct packet x;
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += arrives(d, proto4(&x, src++, proto, first), now);
	return passed;
}

static void classes_and_ports_have_buckets_of_their_own(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_police_info info;
	struct dp_police c = limits(10, 20, 0);
	struct police_port *p = port_with(d, c);
	uint64_t now = EPOCH;

	assert_int_equal(flood(d, 1000, 2, 0x22, now), 20);
	assert_int_equal(flood(d, 1000, 103, 0x20, now), 10);
	assert_int_equal(flood(d, 1000, 103, 0x20, now + FIXTURE_HZ / 2), 5);
	assert_int_equal(police_set(d, PORT + 1, &c), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(
			police_take(police_port(d->workers[0], PORT + 1), DP_PUNT_hello, now),
			i < 10);
	assert_true(police_take(p, DP_PUNT_exception, now)); /* no limit */
	assert_int_equal(police_info(d, PORT, &info), 0);
	assert_int_equal(info.kind[DP_PUNT_proto].policed, 980);
	assert_int_equal(info.kind[DP_PUNT_hello].policed, 1985);
	assert_int_equal(info.police.kind[DP_PUNT_hello].rate, 10);
	assert_int_equal(police_info(d, RTE_MAX_ETHPORTS, &info), -EINVAL);
	assert_int_equal(police_set(d, RTE_MAX_ETHPORTS, &c), -EINVAL);
	fixture_free(d);
}

static void a_dry_bucket_says_until_when(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_with(d, limits(10, 0, 0));
	uint64_t now = EPOCH;

	assert_int_equal(flood(d, 10, 103, 0x20, now), 10);
	assert_false(police_dry(p, DP_PUNT_hello, now)); /* nobody has asked in vain */
	assert_int_equal(flood(d, 1, 103, 0x20, now), 0);
	assert_true(police_dry(p, DP_PUNT_hello, now + 99 * MS));
	assert_false(police_dry(p, DP_PUNT_hello, now + 101 * MS));
	assert_int_equal(flood(d, 5, 103, 0x20, now + 101 * MS), 1);
	fixture_free(d);
}

static void a_burst_bounds_what_comes_at_once(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_police c = limits(1000, 0, 0);
	uint64_t now = EPOCH;

	c.kind[DP_PUNT_hello].burst = 3;
	port_with(d, c);
	assert_int_equal(flood(d, 10, 103, 0x20, now), 3);
	assert_int_equal(flood(d, 10, 103, 0x20, now + FIXTURE_HZ), 3);
	fixture_free(d);
}

static void new_settings_start_with_full_buckets(void **state)
{
	struct dataplane *d = fixture_new(2, 10);
	uint64_t now = EPOCH;

	port_with(d, limits(10, 0, 0));
	assert_int_equal(flood(d, 100, 103, 0x20, now), 10);
	port_with(d, limits(30, 0, 0));
	assert_int_equal(flood(d, 100, 103, 0x20, now), 30);
	port_with(d, limits(0, 0, 0));
	assert_int_equal(flood(d, 100, 103, 0x20, now), 100);
	fixture_free(d);
}

/* --- sources -------------------------------------------------------------------------------------------- */

/* Hellos of a source, one every 300 ms, for 1.2 s: it is regular then. */
static uint64_t become_regular(struct dataplane *d, struct pkt *p, uint64_t now)
{
	for (int i = 0; i < 5; i++)
		assert_true(arrives(d, p, now + (unsigned)i * 300 * MS));
	return now + 1200 * MS;
}

static void a_flood_of_strangers_costs_no_regular_a_hello(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_with(d, limits(100, 100, 10));
	uint64_t now = EPOCH;
	struct packet x, y, z;
	struct dp_police_info info;
	unsigned strangers = 0;

	proto4(&x, 1, 103, 0x20);
	proto6(&y, 2, 103, 0x20);
	become_regular(d, &x.p, now);
	now = become_regular(d, &y.p, now);
	assert_int_equal(p->regulars[DP_PUNT_hello], 2);
	for (int s = 0; s < 1000; s++, now += FIXTURE_HZ) { /* a thousand seconds of flood */
		strangers += flood(d, 5000, 103, 0x20, now);
		assert_true(arrives(d, &x.p, now));
		assert_true(arrives(d, &y.p, now));
		assert_int_equal(arrives(d, proto4(&z, 3, 103, 0x20), now), 0);
	}
	assert_in_range(strangers, 100 * 1000 - 20, 100 * 1000); /* regulars began as strangers */
	assert_int_equal(police_info(d, PORT, &info), 0);
	assert_int_equal(info.kind[DP_PUNT_hello].by_source, 2000);
	fixture_free(d);
}

static void a_flood_of_one_regular_costs_another_nothing(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	uint64_t now = EPOCH;
	struct packet x, y;
	unsigned passed = 0;

	port_with(d, limits(100, 100, 10));
	proto4(&x, 1, 103, 0x20);
	proto4(&y, 2, 103, 0x20);
	become_regular(d, &x.p, now);
	now = become_regular(d, &y.p, now) + FIXTURE_HZ;
	for (int i = 0; i < 10000; i++)
		passed += arrives(d, &x.p, now);
	assert_int_equal(passed, 10 + 100); /* its own bucket, then the common one */
	for (int i = 0; i < 10; i++)
		assert_true(arrives(d, &y.p, now));
	fixture_free(d);
}

static void a_regular_of_one_class_or_interface_is_none_of_another(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	uint64_t now = EPOCH;
	struct packet x, y;

	port_with(d, limits(100, 100, 10));
	proto4(&x, 1, 103, 0x20);
	now = become_regular(d, &x.p, now);
	flood(d, 1000, 103, 0x23, now);
	flood(d, 1000, 103, 0x20, now);
	assert_false(arrives(d, proto4(&y, 1, 103, 0x23), now));
	assert_true(arrives(d, &x.p, now));
	x.p.iif = 8;
	assert_false(arrives(d, &x.p, now));
	fixture_free(d);
}

static void who_is_silent_for_long_is_a_stranger_again(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_with(d, limits(100, 100, 10));
	uint64_t now = EPOCH;
	struct packet x;

	proto4(&x, 1, 103, 0x20);
	now = become_regular(d, &x.p, now) + 299 * FIXTURE_HZ;
	flood(d, 1000, 103, 0x20, now);
	assert_true(arrives(d, &x.p, now));
	now += 301 * FIXTURE_HZ;
	flood(d, 1000, 103, 0x20, now);
	assert_false(arrives(d, &x.p, now));
	assert_int_equal(p->regulars[DP_PUNT_hello], 0);
	fixture_free(d);
}

static void who_goes_leaves_the_other_regulars_known(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_with(d, limits(100, 100, 10));
	uint64_t now = EPOCH;
	struct packet x, y, z;

	proto4(&x, 1, 103, 0x20);
	proto4(&y, 2, 103, 0x20);
	proto6(&z, 3, 103, 0x20);
	become_regular(d, &x.p, now);
	become_regular(d, &y.p, now);
	now = become_regular(d, &z.p, now) + 200 * FIXTURE_HZ;
	assert_true(arrives(d, &y.p, now));
	assert_true(arrives(d, &z.p, now));
	now += 200 * FIXTURE_HZ;
	flood(d, 1000, 103, 0x20, now);
	assert_false(arrives(d, &x.p, now));
	assert_int_equal(p->regulars[DP_PUNT_hello], 2);
	assert_true(arrives(d, &y.p, now));
	assert_true(arrives(d, &z.p, now));
	fixture_free(d);
}

/* More regulars than the table holds: memory is bounded, those who are in stay in. */
static void the_table_of_sources_is_bounded(void **state)
{
	const unsigned all = 4 * SOURCE_SETS * SOURCE_WAYS;
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_with(d, limits(1000000, 100, 10));
	uint64_t now = EPOCH;
	struct packet x;
	uint32_t full;

	for (unsigned i = 0; i < all; i++) {
		proto4(&x, i, 103, 0x20);
		become_regular(d, &x.p, now);
	}
	full = p->regulars[DP_PUNT_hello];
	assert_in_range(full, SOURCE_SETS * SOURCE_WAYS * 9 / 10, SOURCE_SETS * SOURCE_WAYS);
	for (unsigned i = 0; i < all; i++) {
		proto4(&x, all + i, 103, 0x20);
		become_regular(d, &x.p, now + 2 * FIXTURE_HZ);
	}
	assert_in_range(p->regulars[DP_PUNT_hello], full, SOURCE_SETS * SOURCE_WAYS);
	fixture_free(d);
}

/* --- the stage ------------------------------------------------------------------------------------------ */

/* The packet with a second holder: dropping it is seen, and needs no pool. */
static void burst_add(struct burst *b, struct packet *x, uint16_t iif)
{
	rte_mbuf_refcnt_set(&x->m, 2);
	x->p.iif = iif;
	b->pkts[b->n++] = x->p;
}

/* Hellos and Joins of strangers on changing interfaces, one of a regular and one without route between them. */
static void burst_fill(struct burst *b, struct packet *x, unsigned n)
{
	static const uint16_t iifs[] = {7, 7, 8, 9, 9};

	for (unsigned i = 0; i < n; i++) {
		proto4(&x[i], 1000 + i, 103, i & 1 ? 0x23 : 0x20);
		if (i == n / 2)
			proto4(&x[i], 1, 103, 0x20);
		burst_add(b, &x[i], i == n / 2 ? 7 : iifs[i % RTE_DIM(iifs)]);
	}
	pkt_drop(&b->pkts[n / 2 + 1], DROP_no_route);
}

static void a_policed_burst_loses_no_regular_and_no_count(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_with(d, limits(100, 100, 10));
	struct worker *w = d->workers[0];
	struct packet x[40], y;
	struct burst b = {.port = PORT};
	uint64_t now = EPOCH, dropped = 0;

	w->b.port = PORT;
	now = become_regular(d, proto4(&y, 1, 103, 0x20), now);
	flood(d, 1000, 103, 0x23, now);
	flood(d, 1000, 103, 0x20, now);
	memset(p->n, 0, sizeof(p->n));
	burst_fill(&b, x, RTE_DIM(x));
	b.now = now;
	stage_punt(w, &b);
	assert_ptr_equal(punt_take(d), &x[20].m);
	assert_null(punt_take(d));
	for (unsigned i = 0; i < RTE_DIM(x); i++) {
		assert_int_equal(rte_mbuf_refcnt_read(&x[i].m), i == 20 ? 2 : 1);
		assert_null(b.pkts[i].m);
	}
	assert_int_equal(w->info.drops[DROP_punt_policed], 38);
	assert_int_equal(w->info.drops[DROP_no_route], 1);
	for (unsigned i = 0; i < DP_IFS_MAX; i++)
		dropped += w->if_ctr[i].rx_dropped;
	assert_int_equal(dropped, 39);
	assert_int_equal(w->if_ctr[7].rx_dropped, 15); /* of 16, one is the regular */
	assert_int_equal(w->if_ctr[8].rx_dropped, 8);
	assert_int_equal(w->if_ctr[9].rx_dropped, 16);
	assert_int_equal(w->if_ctr[7].punted, 1);
	assert_int_equal(p->n[DP_PUNT_hello].policed, 19);
	assert_int_equal(p->n[DP_PUNT_proto].policed, 19);
	assert_int_equal(p->n[DP_PUNT_hello].by_source, 1);
	fixture_free(d);
}

/* --- what control takes first -------------------------------------------------------------------------- */

static void put(struct dataplane *d, enum dp_punt_class cls, struct rte_mbuf *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(rte_ring_enqueue(d->workers[0]->punt[cls], m), 0);
}

static void classes_are_taken_in_order_but_none_starves(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct rte_mbuf m[DP_PUNT_CLASSES];
	unsigned taken[DP_PUNT_CLASSES] = {0};

	for (unsigned c = 0; c < DP_PUNT_CLASSES; c++)
		put(d, (enum dp_punt_class)c, &m[c], 500);
	for (int i = 0; i < 192; i++) { /* a turn */
		unsigned c = (unsigned)(punt_take(d) - m);

		assert_true(c < DP_PUNT_CLASSES);
		taken[c]++;
		assert_true(i >= 64 || c == DP_PUNT_hello);
		assert_true(i >= 128 || c <= DP_PUNT_proto);
	}
	assert_int_equal(taken[DP_PUNT_hello], 64);
	assert_int_equal(taken[DP_PUNT_proto], 64);
	assert_int_equal(taken[DP_PUNT_neigh], 32);
	assert_int_equal(taken[DP_PUNT_exception], 32);
	for (int i = 0; i < 4 * 500 - 192; i++)
		assert_non_null(punt_take(d));
	assert_null(punt_take(d));
	put(d, DP_PUNT_exception, &m[DP_PUNT_exception], 500); /* alone it waits for nobody */
	for (int i = 0; i < 500; i++)
		assert_ptr_equal(punt_take(d), &m[DP_PUNT_exception]);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_neighbours_live_by_is_a_class_of_its_own),
		cmocka_unit_test(only_pim_and_igmp_say_hello),
		cmocka_unit_test(what_is_cut_short_or_a_later_fragment_is_no_hello),
		cmocka_unit_test(resolution_is_a_class_of_its_own),
		cmocka_unit_test(classes_and_ports_have_buckets_of_their_own),
		cmocka_unit_test(a_dry_bucket_says_until_when),
		cmocka_unit_test(a_burst_bounds_what_comes_at_once),
		cmocka_unit_test(new_settings_start_with_full_buckets),
		cmocka_unit_test(a_flood_of_strangers_costs_no_regular_a_hello),
		cmocka_unit_test(a_flood_of_one_regular_costs_another_nothing),
		cmocka_unit_test(a_regular_of_one_class_or_interface_is_none_of_another),
		cmocka_unit_test(who_is_silent_for_long_is_a_stranger_again),
		cmocka_unit_test(who_goes_leaves_the_other_regulars_known),
		cmocka_unit_test(the_table_of_sources_is_bounded),
		cmocka_unit_test(a_policed_burst_loses_no_regular_and_no_count),
		cmocka_unit_test(classes_are_taken_in_order_but_none_starves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
