/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Marks: which flows get one, how long they keep it, and that a marked packet finds the route it would
 * have found without its mark, whatever the mark says.
 */
#include "fake_nic.h"

#include "dataplane/flow.h"
#include "tests/unit/dataplane/tables/fixture.h"

#include <errno.h>

#define PORT 1
#define IIF 3
#define SECOND 1000000ull

struct bed {
	struct dataplane *d;
	uint64_t now;
};

static struct bed bed;

static int setup(void **state)
{
	struct dp_if in = {.id = IIF, .kind = DP_IF_ETHER, .up = 1, .port = PORT, .mtu = 1500};
	struct dp_if other = {.id = 9, .kind = DP_IF_ETHER, .up = 1, .port = 2, .mtu = 1500};

	nic_reset();
	bed = (struct bed){.d = fixture_new(2, 4096), .now = 5 * SECOND};
	assert_int_equal(if_set(bed.d, &in), 0);
	assert_int_equal(if_set(bed.d, &other), 0);
	*state = &bed;
	return 0;
}

static int teardown(void **state)
{
	char err[64];

	for (uint16_t port = 0; port < NIC_PORTS; port++)
		(void)flow_port_stop(bed.d, port, err, sizeof(err));
	fixture_free(bed.d);
	return 0;
}

/* A port with one data queue that may mark so many flows. */
static struct dataplane_port start(uint16_t port, uint16_t marks, uint16_t queues)
{
	const struct flow_conf c = {.control_queue = false, .rss = queues > 1, .marks = marks};
	struct dataplane_port p = {.port_id = port, .rx_queues = queues, .tx_queues = 1};

	flow_port_start(bed.d, &c, &p);
	return p;
}

static void route(const char *src, const char *grp, uint16_t iif)
{
	struct dp_route r = fixture_route(src, grp, iif, 0);

	assert_int_equal(route_set(bed.d, &r, 1, NULL), 0);
}

static void unroute(const char *src, const char *grp)
{
	struct dp_route_key k = fixture_key(src, grp);

	assert_int_equal(route_del(bed.d, &k, 1), 0);
}

static const char *source(unsigned i)
{
	static char text[4][32];
	static unsigned at;

	snprintf(text[++at % 4], sizeof(text[0]), "10.0.%u.%u", i >> 8, i & 255);
	return text[at % 4];
}

/* So many packets of the flow have been counted, by both workers. */
static void count(const char *src, uint64_t packets)
{
	struct dp_route_key k = fixture_key(src, "239.1.1.1");
	const struct mfib_route *r = mfib_find(&bed.d->mfib, &k);

	assert_non_null(r);
	bed.d->workers[0]->route_ctr[r->counter].packets += packets / 2;
	bed.d->workers[1]->route_ctr[r->counter].packets += packets - packets / 2;
}

static void second(void)
{
	bed.now += SECOND;
	flow_tick(bed.d, bed.now);
}

static uint16_t mark_of(const char *src)
{
	struct dp_route_key k = fixture_key(src, "239.1.1.1");
	uint16_t id;
	uint32_t ports;

	return flow_mark_get(bed.d, &k, &id, &ports) ? id : 0;
}

/* --- who gets one ---------------------------------------------------------------------------------------- */

static void the_fastest_flows_are_marked_and_no_more_than_allowed(void **state)
{
	assert_true(start(PORT, 3, 1).marks);
	for (unsigned i = 1; i <= 8; i++)
		route(source(i), "239.1.1.1", IIF);
	second();
	for (unsigned i = 1; i <= 8; i++)
		count(source(i), 1000 * i);
	second();
	assert_int_equal(nic_marks(PORT), 3);
	for (unsigned i = 1; i <= 8; i++)
		assert_int_equal(mark_of(source(i)) != 0, i > 5);
}

static void what_was_counted_before_the_port_came_is_no_rate(void **state)
{
	route(source(1), "239.1.1.1", IIF);
	count(source(1), 1000000);
	start(PORT, 3, 1);
	second();
	second();
	assert_int_equal(nic_marks(PORT), 0);
}

static void slow_flows_prefixes_and_any_source_are_not_marked(void **state)
{
	start(PORT, 8, 1);
	route(source(1), "239.1.1.1", IIF);
	route("10.9.0.0/24", "239.1.1.1", IIF);
	route("*", "239.1.1.1", IIF);
	second();
	count(source(1), 999);
	count("10.9.0.0/24", 100000);
	count("*", 100000);
	second();
	assert_int_equal(nic_marks(PORT), 0);
}

static void a_flow_is_marked_on_the_ports_it_comes_in_by(void **state)
{
	start(PORT, 8, 1);
	start(2, 8, 1);
	route(source(1), "239.1.1.1", IIF);
	route(source(2), "239.1.1.1", DP_IF_ANY);
	second();
	count(source(1), 5000);
	count(source(2), 5000);
	second();
	assert_int_equal(nic_marks(PORT), 2);
	assert_int_equal(nic_marks(2), 1);
	assert_non_null(nic_mark(2, mark_of(source(2))));
	assert_non_null(nic_mark(PORT, mark_of(source(2)))); /* the same number on both */
}

static void a_route_that_comes_in_elsewhere_now_moves_its_mark(void **state)
{
	start(PORT, 8, 1);
	start(2, 8, 1);
	route(source(1), "239.1.1.1", IIF);
	second();
	count(source(1), 5000);
	second();
	route(source(1), "239.1.1.1", 9);
	count(source(1), 5000);
	second();
	assert_int_equal(nic_marks(PORT), 0);
	assert_int_equal(nic_marks(2), 1);
}

/* --- how long ---------------------------------------------------------------------------------------------- */

static void a_mark_stays_while_its_flow_is_warm(void **state)
{
	uint16_t id;

	start(PORT, 1, 1);
	route(source(1), "239.1.1.1", IIF);
	second();
	count(source(1), 4000);
	second();
	id = mark_of(source(1));
	assert_int_not_equal(id, 0);
	count(source(1), 250);
	second();
	assert_int_equal(mark_of(source(1)), id);
	assert_int_equal(nic.destroyed, 2); /* the trials at start */
	count(source(1), 249);
	second();
	assert_int_equal(mark_of(source(1)), 0);
	assert_int_equal(nic_marks(PORT), 0);
}

static void a_newcomer_must_be_twice_as_fast(void **state)
{
	start(PORT, 1, 1);
	route(source(1), "239.1.1.1", IIF);
	route(source(2), "239.1.1.1", IIF);
	second();
	count(source(1), 2000);
	second();
	count(source(1), 2000);
	count(source(2), 4000);
	second();
	assert_int_not_equal(mark_of(source(1)), 0);
	count(source(1), 2000);
	count(source(2), 4002);
	second();
	assert_int_equal(mark_of(source(1)), 0);
	assert_int_not_equal(mark_of(source(2)), 0);
}

static void a_deleted_route_loses_its_mark_at_once_and_its_rule_with_the_next_sweep(void **state)
{
	uint16_t id;

	start(PORT, 2, 1);
	route(source(1), "239.1.1.1", IIF);
	second();
	count(source(1), 5000);
	second();
	id = mark_of(source(1));
	assert_int_not_equal(bed.d->t.marks[id], 0);
	unroute(source(1), "239.1.1.1");
	assert_int_equal(bed.d->t.marks[id], 0);
	assert_int_equal(nic_marks(PORT), 1);
	second();
	assert_int_equal(nic_marks(PORT), 0);
}

static void a_route_that_comes_back_is_another_one(void **state)
{
	start(PORT, 2, 1);
	route(source(1), "239.1.1.1", IIF);
	second();
	count(source(1), 5000);
	second();
	unroute(source(1), "239.1.1.1");
	route(source(1), "239.1.1.1", IIF);
	assert_int_equal(mark_of(source(1)), 0);
	second();
	assert_int_equal(nic_marks(PORT), 0);
	count(source(1), 5000);
	second();
	assert_int_equal(nic_marks(PORT), 1);
}

static void a_replaced_route_keeps_its_mark(void **state)
{
	struct dp_route_key k = fixture_key(source(1), "239.1.1.1");
	uint16_t id;

	start(PORT, 2, 1);
	route(source(1), "239.1.1.1", IIF);
	second();
	count(source(1), 5000);
	second();
	id = mark_of(source(1));
	route(source(1), "239.1.1.1", DP_IF_ANY);
	assert_ptr_equal(&bed.d->t.routes[bed.d->t.marks[id]], mfib_find(&bed.d->mfib, &k));
}

/* --- ports that do not do everything ----------------------------------------------------------------------- */

static void a_port_that_takes_no_more_is_asked_again_after_a_minute(void **state)
{
	struct flow_port_info info;

	start(PORT, 8, 1);
	nic.capacity = 2;
	for (unsigned i = 1; i <= 4; i++)
		route(source(i), "239.1.1.1", IIF);
	second();
	for (unsigned n = 0; n < 62; n++) {
		for (unsigned i = 1; i <= 4; i++)
			count(source(i), 5000);
		second();
		if (n == 0) {
			assert_true(flow_port_get(bed.d, PORT, &info));
			assert_int_equal(info.marks, 2);
			assert_int_equal(info.marks_limit, 2);
			assert_int_equal(nic.created, 2 + 3); /* trials, two marks, the refusal */
			nic.capacity = NIC_RULES;
		}
	}
	assert_int_equal(nic_marks(PORT), 4);
}

static void a_rule_that_cannot_be_destroyed_keeps_its_number(void **state)
{
	struct flow_rule_info r;
	bool said = false;
	uint16_t id;

	start(PORT, 2, 1);
	route(source(1), "239.1.1.1", IIF);
	second();
	count(source(1), 5000);
	second();
	id = mark_of(source(1));
	unroute(source(1), "239.1.1.1");
	nic.destroy_fails = true;
	route(source(2), "239.1.1.1", IIF);
	second();
	count(source(2), 5000);
	second();
	assert_int_not_equal(mark_of(source(2)), 0);
	assert_int_not_equal(mark_of(source(2)), id);
	for (size_t i = 0; flow_rule_get(bed.d, PORT, i, &r); i++)
		said |= strstr(r.problem, "cannot be removed: Fail to destroy.") != NULL;
	assert_true(said);
	nic.destroy_fails = false;
	second();
	assert_null(nic_mark(PORT, id));
}

static const char *no_passthru(const struct rte_flow *f)
{
	return f->fate == RTE_FLOW_ACTION_TYPE_PASSTHRU ? "No fate action is found" : NULL;
}

static const char *queue_only(const struct rte_flow *f)
{
	return f->fate != RTE_FLOW_ACTION_TYPE_QUEUE ? "Not supported action." : NULL;
}

static const char *no_ip6(const struct rte_flow *f)
{
	return f->has_ip6 ? "Unsupported pattern" : NULL;
}

static void a_mark_leaves_the_queue_alone_or_spreads_as_the_hash(void **state)
{
	assert_true(start(PORT, 8, 3).marks);
	nic.refuses = no_passthru;
	assert_true(start(2, 8, 3).marks);
	nic.refuses = queue_only;
	assert_false(start(3, 8, 3).marks); /* it would pull flows out of their queues */
	assert_true(start(0, 8, 1).marks);
	nic.refuses = NULL;
	route(source(1), "239.1.1.1", DP_IF_ANY);
	second();
	count(source(1), 5000);
	second();
	assert_int_equal(nic_mark(PORT, mark_of(source(1)))->fate, RTE_FLOW_ACTION_TYPE_PASSTHRU);
	assert_int_equal(nic_mark(2, mark_of(source(1)))->fate, RTE_FLOW_ACTION_TYPE_RSS);
	assert_int_equal(nic_mark(2, mark_of(source(1)))->n_queues, 3);
	assert_int_equal(nic_mark(0, mark_of(source(1)))->fate, RTE_FLOW_ACTION_TYPE_QUEUE);
}

static void a_port_that_marks_one_family_marks_that(void **state)
{
	struct dp_route_key k = fixture_key("2001:db8::7", "ff3e::1");
	struct flow_rule_info r;

	nic.refuses = no_ip6;
	assert_true(start(PORT, 8, 1).marks);
	route("2001:db8::7", "ff3e::1", IIF);
	route(source(1), "239.1.1.1", IIF);
	second();
	bed.d->workers[0]->route_ctr[mfib_find(&bed.d->mfib, &k)->counter].packets = 9000;
	count(source(1), 3000);
	second();
	assert_int_equal(nic_marks(PORT), 1);
	assert_int_not_equal(mark_of(source(1)), 0);
	assert_true(flow_rule_get(bed.d, PORT, 2, &r));
	assert_string_equal(r.pattern, "eth / ipv4 src 10.0.0.1 dst 239.1.1.1 / udp");
}

static void stopping_a_port_takes_its_marks_and_leaves_the_others(void **state)
{
	char err[64];

	start(PORT, 8, 1);
	start(2, 8, 1);
	route(source(1), "239.1.1.1", DP_IF_ANY);
	second();
	count(source(1), 5000);
	second();
	assert_int_equal(flow_port_stop(bed.d, PORT, err, sizeof(err)), 0);
	assert_int_equal(nic_marks(2), 1);
	assert_int_not_equal(mark_of(source(1)), 0);
	assert_int_equal(flow_port_stop(bed.d, 2, err, sizeof(err)), 0);
	assert_int_equal(mark_of(source(1)), 0);
	assert_int_equal(bed.d->mfib.n_marked, 0);
}

/* --- packets ------------------------------------------------------------------------------------------------- */

#define PACKETS 64

struct packets {
	uint8_t bytes[PACKETS][64];
	struct rte_mbuf m[PACKETS];
	struct pkt pkts[PACKETS], *v[PACKETS];
};

static void packet(struct packets *p, unsigned i, const struct ipaddr *src,
	const struct ipaddr *grp, uint32_t mark, bool flagged)
{
	unsigned bytes = ip_bytes(src), at = src->family == IP_V4 ? 12 : 8;

	p->m[i] = (struct rte_mbuf){.buf_addr = p->bytes[i]};
	memcpy(p->bytes[i] + 14 + at, src->b, bytes);
	memcpy(p->bytes[i] + 14 + at + bytes, grp->b, bytes);
	p->m[i].hash.fdir.hi = mark;
	if (flagged)
		p->m[i].ol_flags = RTE_MBUF_F_RX_FDIR | RTE_MBUF_F_RX_FDIR_ID;
	p->pkts[i] = (struct pkt){.m = &p->m[i], .l3 = 14, .family = src->family};
	p->v[i] = &p->pkts[i];
}

static struct ipaddr address(const char *text)
{
	struct ipaddr a;

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

/* 16 flows of each family, all marked, some of them beneath prefixes. */
static void flows_of_both_families(void)
{
	char src[64];

	start(PORT, 64, 1);
	route("*", "239.1.1.1", IIF);
	route("10.0.0.0/24", "239.1.0.0/16", IIF);
	route("*", "ff3e::/64", IIF);
	for (unsigned i = 0; i < 16; i++) {
		route(source(i), "239.1.1.1", IIF);
		snprintf(src, sizeof(src), "2001:db8::%x", i);
		route(src, "ff3e::1", IIF);
	}
	second();
	for (uint32_t c = 0; c < bed.d->mfib.counters.next; c++)
		bed.d->workers[0]->route_ctr[c].packets = 5000;
	second();
	assert_int_equal(nic_marks(PORT), 32);
}

/* Right marks, others' marks, numbers that mean nothing, none; flows with and without routes. */
static void random_packets(struct packets *p, uint64_t *seed, uint8_t family)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct ipaddr src = address(family == IP_V4 ? "10.0.0.0" : "2001:db8::");
		struct ipaddr grp = address(family == IP_V4 ? "239.1.1.1" : "ff3e::1");
		static const uint32_t wild[] = {0, 33, 1024, 1025, 65536, UINT32_MAX};
		uint32_t mark = fixture_random(seed, 4) ? 1 + fixture_random(seed, 32)
							: wild[fixture_random(seed, 6)];

		src.b[ip_bytes(&src) - 1] = (uint8_t)fixture_random(seed, 20);
		if (fixture_random(seed, 8) == 0)
			grp.b[ip_bytes(&grp) - 1] = 9;
		packet(p, i, &src, &grp, mark, fixture_random(seed, 5) != 0);
	}
}

static void a_packet_has_the_same_route_whatever_its_mark_says(void **state)
{
	static struct packets p;
	struct worker *w = bed.d->workers[0];
	uint64_t seed = fixture_seed(__func__);
	const struct mfib_route *want[PACKETS];

	flows_of_both_families();
	for (unsigned round = 0; round < 400; round++) {
		uint8_t family = round & 1 ? IP_V6 : IP_V4;

		random_packets(&p, &seed, family);
		mfib_lookup_bulk(&bed.d->t, p.v, PACKETS, family);
		for (unsigned i = 0; i < PACKETS; i++)
			want[i] = p.pkts[i].route;
		marks_lookup_bulk(w, p.v, PACKETS, family);
		for (unsigned i = 0; i < PACKETS; i++)
			assert_ptr_equal(p.pkts[i].route, want[i]);
	}
	assert_true(w->marks_used > 100 && w->marks_refused > 100);
}

static void a_right_mark_spares_the_lookup(void **state)
{
	static struct packets p;
	struct ipaddr src = address("10.0.0.3"), grp = address("239.1.1.1");
	struct worker *w = bed.d->workers[0];
	uint64_t used, refused;
	uint32_t mark;

	flows_of_both_families();
	mark = mark_of("10.0.0.3");
	packet(&p, 0, &src, &grp, mark, true);
	packet(&p, 1, &src, &grp, mark, false);
	packet(&p, 2, &src, &grp, mark + 1 > 32 ? 1 : mark + 1, true);
	marks_lookup_bulk(w, p.v, 3, IP_V4);
	flow_mark_hits(bed.d, &used, &refused);
	assert_int_equal(used, 1);
	assert_int_equal(refused, 1);
	assert_ptr_equal(p.pkts[0].route, p.pkts[1].route);
	assert_ptr_equal(p.pkts[0].route, p.pkts[2].route);
}

static void a_stale_mark_of_a_route_that_has_gone_finds_what_is_left(void **state)
{
	static struct packets p;
	struct ipaddr src = address("10.0.0.3"), grp = address("239.1.1.1");
	struct dp_route_key any = fixture_key("*", "239.1.1.1");
	uint16_t mark;

	flows_of_both_families();
	mark = mark_of("10.0.0.3");
	unroute("10.0.0.3", "239.1.1.1");
	packet(&p, 0, &src, &grp, mark, true);
	marks_lookup_bulk(bed.d->workers[0], p.v, 1, IP_V4);
	assert_ptr_equal(p.pkts[0].route, mfib_find(&bed.d->mfib, &any));
	/* and when the number is another flow's by now */
	second();
	route("10.0.0.77", "239.1.1.1", IIF);
	second();
	for (uint32_t c = 0; c < bed.d->mfib.counters.next; c++)
		bed.d->workers[0]->route_ctr[c].packets += 5000;
	second();
	assert_int_equal(mark_of("10.0.0.77"), mark);
	marks_lookup_bulk(bed.d->workers[0], p.v, 1, IP_V4);
	assert_ptr_equal(p.pkts[0].route, mfib_find(&bed.d->mfib, &any));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_fastest_flows_are_marked_and_no_more_than_allowed),
		TEST(what_was_counted_before_the_port_came_is_no_rate),
		TEST(slow_flows_prefixes_and_any_source_are_not_marked),
		TEST(a_flow_is_marked_on_the_ports_it_comes_in_by),
		TEST(a_route_that_comes_in_elsewhere_now_moves_its_mark),
		TEST(a_mark_stays_while_its_flow_is_warm),
		TEST(a_newcomer_must_be_twice_as_fast),
		TEST(a_deleted_route_loses_its_mark_at_once_and_its_rule_with_the_next_sweep),
		TEST(a_route_that_comes_back_is_another_one),
		TEST(a_replaced_route_keeps_its_mark),
		TEST(a_port_that_takes_no_more_is_asked_again_after_a_minute),
		TEST(a_rule_that_cannot_be_destroyed_keeps_its_number),
		TEST(a_mark_leaves_the_queue_alone_or_spreads_as_the_hash),
		TEST(a_port_that_marks_one_family_marks_that),
		TEST(stopping_a_port_takes_its_marks_and_leaves_the_others),
		TEST(a_packet_has_the_same_route_whatever_its_mark_says),
		TEST(a_right_mark_spares_the_lookup),
		TEST(a_stale_mark_of_a_route_that_has_gone_finds_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
