/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A flood of fixed size: of each 1000 frames one is a neighbour's Hello and 250 are of an established flow,
 * the rest are unknown flows, membership reports and Hellos of invented sources. Every Hello of the neighbour
 * reaches control, every established packet leaves, and the counters account for each frame.
 */
#include "tests/dp/overload.h"

#define FLOOD 40000
#define GRP 0xef020000u
#define NEIGHBOUR 0xfe
#define HOPOPTS 0
#define IGMP 2
#define UDP 17
#define ICMP6 58
#define PIM 103

enum sort { ESTABLISHED, UNKNOWN, REPORT, STRANGER, HELLO, SORTS };

static enum sort sort_of(unsigned i)
{
	return i % 1000 == 7 ? HELLO : (enum sort)(i % 4);
}

/* --- frames --------------------------------------------------------------------------------------------- */

static struct rte_mbuf *frame4(const struct bed *b, enum sort sort, uint32_t who)
{
	static const struct {
		uint32_t grp;
		uint8_t proto, first;
	} kinds[SORTS] = {
		[ESTABLISHED] = {GRP, UDP, 0},
		[UNKNOWN] = {GRP + 1, UDP, 0},
		[REPORT] = {0xe0000016, IGMP, 0x22},
		[STRANGER] = {0xe000000d, PIM, 0x20},
		[HELLO] = {0xe000000d, PIM, 0x20},
	};
	struct rte_mbuf *m = frame_new(b, 0x0a000000 + who, kinds[sort].grp, kinds[sort].proto, 0);

	*rte_pktmbuf_mtod_offset(m, uint8_t *, 34) = kinds[sort].first;
	return m;
}

static void group6(uint8_t *a, enum sort sort)
{
	a[0] = 0xff;
	a[1] = sort == ESTABLISHED || sort == UNKNOWN ? 0x3e : 0x02;
	a[15] = sort == REPORT ? 0x16 : sort == ESTABLISHED ? 1 : sort == UNKNOWN ? 2 : 0x0d;
}

static void source6(uint8_t *a, enum sort sort, uint32_t who)
{
	uint32_t who_be = rte_cpu_to_be_32(who);
	bool data = sort == ESTABLISHED || sort == UNKNOWN;

	a[0] = data ? 0x20 : 0xfe;
	a[1] = data ? 0x01 : 0x80;
	memcpy(a + 12, &who_be, 4);
}

static struct rte_mbuf *frame6(const struct bed *b, enum sort sort, uint32_t who)
{
	static const uint8_t eth[] = {0x33, 0x33, 0, 0, 0, 1, 4, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60};
	static const uint8_t report[] = {ICMP6, 0, 5, 2, 0, 0, 1, 0, 143};
	struct rte_mbuf *m = rte_pktmbuf_alloc(dataplane_pool(b->d));
	uint8_t *ip;

	CHECK(m);
	ip = (uint8_t *)rte_pktmbuf_append(m, 14 + 40 + 24) + 14;
	memset(ip - 14, 0, m->data_len);
	memcpy(ip - 14, eth, sizeof(eth));
	ip[5] = 24;
	ip[6] = sort == REPORT ? HOPOPTS : sort == ESTABLISHED || sort == UNKNOWN ? UDP : PIM;
	ip[7] = 9;
	source6(ip + 8, sort, who);
	group6(ip + 24, sort);
	if (sort == REPORT)
		memcpy(ip + 40, report, sizeof(report));
	else if (ip[6] == PIM)
		ip[40] = 0x20;
	return m;
}

/* Frame i of the flood: the flow and the neighbour are always the same, everybody else is new. */
static struct rte_mbuf *flood_frame(const struct bed *b, uint8_t family, enum sort sort, unsigned i)
{
	uint32_t who = sort == HELLO ? NEIGHBOUR : sort == ESTABLISHED ? 1 : 0x10000 + i;

	return family == IP_V4 ? frame4(b, sort, who) : frame6(b, sort, who);
}

static struct dp_route established(uint8_t family, uint32_t list)
{
	struct dp_route r = route_of(0x0a000001, GRP, list);
	struct ipaddr src = {.family = IP_V6}, grp = {.family = IP_V6};

	if (family == IP_V4)
		return r;
	source6(src.b, ESTABLISHED, 1);
	group6(grp.b, ESTABLISHED);
	r.key.src = prefix_host(src);
	r.key.grp = prefix_host(grp);
	return r;
}

/* --- control -------------------------------------------------------------------------------------------- */

static bool of_neighbour(const uint8_t *ip, uint8_t family)
{
	uint32_t who = family == IP_V4 ? 0x0a000000 + NEIGHBOUR : NEIGHBOUR;
	uint32_t who_be = rte_cpu_to_be_32(who);

	return memcmp(ip + (family == IP_V4 ? 12 : 20), &who_be, 4) == 0;
}

/* The neighbour's Hellos among what has come; unknown flows are nobody's. */
static unsigned control(struct bed *b)
{
	struct dp_packet meta;
	struct dp_upcall up;
	uint8_t buf[256];
	unsigned n = 0;

	while (b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, sizeof(buf))) {
		CHECK(meta.cls == DP_PUNT_hello || meta.cls == DP_PUNT_proto);
		n += meta.cls == DP_PUNT_hello && of_neighbour(buf, meta.family);
	}
	while (b->dp.ops->upcall_recv(b->dp.ctx, &up, 1))
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_DISCARD);
	return n;
}

static uint64_t all_of(const struct dp_police_info *i, unsigned kind)
{
	return i->kind[kind].passed + i->kind[kind].policed + i->kind[kind].lost;
}

/* Ten a second of each class and kind, five at once; but a known source may always send. */
static void police(struct bed *b)
{
	struct dp_police c = {.source = {.rate = 1000, .burst = 1000}};

	for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
		c.kind[k] = (struct dp_rate){.rate = 10, .burst = 5};
	CHECK(b->dp.ops->police_set(b->dp.ctx, b->port[0], &c) == 0);
}

/* Of unknown packets: all have been dropped, some perhaps after a while on hold. */
static bool unknown_dropped(const struct bed *b, unsigned sent)
{
	struct seen s = seen(b);

	return s.no_route + s.full + s.expired == sent;
}

static void counters_add_up(struct bed *b, const unsigned *sent, unsigned hellos)
{
	struct dp_police_info info;

	CHECK(b->dp.ops->police_info(b->dp.ctx, b->port[0], &info) == 0);
	CHECK(all_of(&info, DP_PUNT_hello) == sent[HELLO] + sent[STRANGER]);
	CHECK(all_of(&info, DP_PUNT_proto) == sent[REPORT]);
	CHECK(all_of(&info, DP_PUNT_exception) == 0);
	CHECK(all_of(&info, DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)) == sent[UNKNOWN]);
	CHECK(info.kind[DP_PUNT_proto].policed > sent[REPORT] / 2);
	CHECK(info.kind[DP_PUNT_hello].policed > sent[STRANGER] / 2);
	CHECK(info_of(b).drops[DROP_punt_policed] ==
		info.kind[DP_PUNT_hello].policed + info.kind[DP_PUNT_proto].policed);
	printf("flood: %u of %u Hellos of the neighbour, %u of %u strangers'; ", hellos,
		sent[HELLO], (unsigned)info.kind[DP_PUNT_hello].passed - hellos, sent[STRANGER]);
}

static void a_flood_costs_neither_hellos_nor_established_packets(struct bed *b, uint8_t family)
{
	struct dp_route r = established(family, list_of(b, OUT + 1, OUT + 1));
	unsigned sent[SORTS] = {[HELLO] = 2}, hellos = 0, out = 0;
	struct mark mark;

	police(b);
	CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
	for (unsigned i = 0; i < 2; i++) /* the neighbour is heard, and again: it is a regular */
		arrive(b, flood_frame(b, family, HELLO, 0));
	WAIT_FOR(b, (hellos += control(b), hellos == 2));
	for (unsigned i = 0; i < FLOOD; i++) {
		arrive(b, flood_frame(b, family, sort_of(i), i));
		sent[sort_of(i)]++;
		if (i % 64)
			continue;
		hellos += control(b);
		while (leaves(b, &mark))
			out++;
		breathe(b);
	}
	WAIT_FOR(b, (hellos += control(b), hellos == sent[HELLO]));
	WAIT_FOR(b, ((out += leaves(b, &mark)), out == sent[ESTABLISHED]));
	WAIT_FOR(b, (control(b), unknown_dropped(b, sent[UNKNOWN])));
	counters_add_up(b, sent, hellos);
	printf("%u of %u established packets; %u unknown ones held for a while\n", out,
		sent[ESTABLISHED], (unsigned)seen(b).kept);
}

static void flood(struct bed *b, uint8_t family, bool shared, bool hold)
{
	b->workers = 1;
	b->hold = (struct dataplane_hold){.packets = 8, .flows = 64, .time_ms = 60000};
	bed_make(b, shared);
	b->dp.ops->hold_enable(b->dp.ctx, hold);
	a_flood_costs_neither_hellos_nor_established_packets(b, family);
	CHECK(hold ? seen(b).kept > 0 : seen(b).kept == 0);
	bed_free(b);
}

void overload_floods(struct bed *b)
{
	flood(b, IP_V4, false, false);
	flood(b, IP_V6, false, true);
	flood(b, IP_V4, true, true);
	flood(b, IP_V6, true, false);
}
