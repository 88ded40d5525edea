/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes that move (DP_ROLE_NEXT) under traffic, on the real data plane with ports whose other ends this program holds.
 * A numbered stream comes in by two ports, one behind the other, with a TTL of its own on each; the route moves from
 * one to the other and back, as control does it: it is told that the old path is needed no more, which ends
 * then, and the route gets its one input back when all has come. Each number must leave once, and every other copy be
 * counted. One worker; three, where each path has one of its own; everything on one lcore.
 *
 *   seam_moves	exit code 0 if all held
 */
#include "tests/dp/runtime_dir.h"
#include "tests/dp/seam_bed.h"

#include <rte_eal.h>
#include <unistd.h>

#define SRC 0x0a000001u
#define GRP 0xef010101u
#define NUMBERS 131072u
#define BEFORE 1000u /* packets before a move, and after it */
#define LAG 300u     /* packets by which the slower path is behind */
#define JOIN 100u    /* packets until the next path begins, unless it flows already */
#define MS (rte_get_tsc_hz() / 1000)

struct path {
	unsigned port;
	uint32_t lag;
	uint32_t at, end; /* it brings number `at` next; nothing from `end` on */
	uint8_t ttl;
};

struct stream {
	struct bed *b;
	struct dp_route route;
	uint8_t left[NUMBERS]; /* how often a number has left */
	uint32_t now;          /* numbers the source has sent */
	uint64_t arrived, out;
	unsigned told;
};

static uint64_t dropped(const struct bed *b, enum drop_reason why)
{
	struct dp_worker_info w;
	uint64_t n = 0;

	for (unsigned i = 0; b->dp.ops->worker_info(b->dp.ctx, i, &w) == 0; i++)
		n += w.drops[why];
	return n;
}

static void receive(struct stream *s)
{
	void *v[64];
	unsigned n = rte_ring_dequeue_burst(s->b->out[2], v, RTE_DIM(v), NULL);

	for (unsigned i = 0; i < n; i++) {
		const struct frame *f = rte_pktmbuf_mtod((struct rte_mbuf *)v[i], void *);

		CHECK(f->number < NUMBERS && s->left[f->number] == 0);
		s->left[f->number] = 1;
		rte_pktmbuf_free(v[i]);
	}
	s->out += n;
}

static void hear(struct stream *s)
{
	struct dp_upcall up;

	while (s->b->dp.ops->upcall_recv(s->b->dp.ctx, &up, 1)) {
		s->told += up.kind == DP_UPCALL_DATA;
		s->b->dp.ops->upcall_done(s->b->dp.ctx, &up, DP_VERDICT_RELEASE);
	}
}

/* How many packets are on their way. */
static uint64_t flight(struct stream *s)
{
	breathe(s->b);
	receive(s);
	hear(s);
	return s->arrived - s->out - dropped(s->b, DROP_duplicate) - dropped(s->b, DROP_wrong_if);
}

static void bring(struct stream *s, const struct path *p, uint32_t number)
{
	struct rte_mbuf *m = frame_new(s->b, SRC, GRP, 17, number);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));

	ip->time_to_live = p->ttl;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	WAIT_FOR(s->b, flight(s) < FLIGHT);
	CHECK(rte_ring_enqueue(s->b->in[p->port], m) == 0);
	s->arrived++;
}

/* What the path has to bring by now. */
static void follow(struct stream *s, struct path *p)
{
	while (p->at < p->end && p->at + p->lag < s->now)
		bring(s, p, p->at++);
}

/* The source sends n more, which the paths bring when it is time. */
static void flow(struct stream *s, struct path *one, struct path *other, uint32_t n)
{
	for (; n; n--, s->now++) {
		follow(s, one);
		follow(s, other);
	}
}

static void inputs(struct stream *s, const struct path *old, const struct path *next)
{
	struct dp_route *r = &s->route;

	r->n_inputs = next ? 2 : 1;
	r->inputs[0] =
		(struct dp_input){.ifid = (uint16_t)(old->port + 1), .flags = DP_INPUT_ACCEPT};
	if (next)
		r->inputs[1] = (struct dp_input){.ifid = (uint16_t)(next->port + 1),
			.flags = DP_INPUT_ACCEPT | DP_INPUT_SIGNAL,
			.role = DP_ROLE_NEXT};
	CHECK(s->b->dp.ops->route_set(s->b->dp.ctx, r, 1, NULL) == 0);
}

/* A move from old to next, which flows already or begins later. */
static void move(struct stream *s, struct path *old, struct path *next, bool flows)
{
	uint64_t doubles = dropped(s->b, DROP_duplicate);
	uint32_t limit;

	old->at = next->at = s->now;
	old->end = UINT32_MAX;
	next->end = flows ? UINT32_MAX : 0;
	flow(s, old, next, BEFORE);
	WAIT_FOR(s->b, flight(s) == 0);
	s->told = 0;
	inputs(s, old, next);
	if (!flows) {
		flow(s, old, next, JOIN);
		next->at = s->now - next->lag;
		next->end = UINT32_MAX;
	}
	/* it may take DP_MOVE_MS, where the path that is behind has come to be the other one meanwhile */
	for (limit = s->now + 12000; !s->told && s->now < limit;) {
		flow(s, old, next, 1);
		if (s->now + 10000 > limit)
			rte_delay_us_sleep(500);
	}
	CHECK(s->told);
	old->end = old->at;
	flow(s, old, next, BEFORE);
	next->end = s->now;
	s->now += next->lag + 1; /* nothing new, but what is under way */
	follow(s, next);
	s->now = next->end;
	WAIT_FOR(s->b, flight(s) == 0);
	inputs(s, next, NULL);
	for (uint32_t i = 0; i < s->now; i++)
		CHECK(s->left[i] == 1);
	CHECK(dropped(s->b, DROP_duplicate) > doubles);
}

static void stream_begin(struct stream *s, struct bed *b)
{
	uint32_t out = 3;

	*s = (struct stream){.b = b, .route = route_of(SRC, GRP, 0)};
	CHECK(b->dp.ops->list_get(b->dp.ctx, &out, 1, &s->route.list) == 0);
}

static void stream_end(struct stream *s)
{
	struct dp_route_counters c;
	uint64_t wrong = dropped(s->b, DROP_wrong_if), doubles = dropped(s->b, DROP_duplicate);

	CHECK(s->b->dp.ops->route_counters(s->b->dp.ctx, &s->route.key, &c) == 0);
	CHECK(c.packets == s->out && c.dropped == 0 && c.wrong_if == wrong);
	CHECK(s->arrived == s->out + doubles + wrong);
	CHECK(s->b->dp.ops->route_del(s->b->dp.ctx, &s->route.key, 1) == 0);
	s->b->dp.ops->list_put(s->b->dp.ctx, s->route.list);
}

static void each_number_leaves_once_wherever_the_route_moves(struct bed *b)
{
	static struct stream s;
	struct path fast = {.port = 0, .ttl = 9}, slow = {.port = 1, .ttl = 7, .lag = LAG};

	stream_begin(&s, b);
	inputs(&s, &fast, NULL);
	for (unsigned i = 0; i < 8; i++)
		move(&s, i % 2 ? &slow : &fast, i % 2 ? &fast : &slow, i / 2 % 2);
	stream_end(&s);
	printf("%u numbers by two paths, %" PRIu64 " copies dropped as duplicate: each left once\n",
		s.now, dropped(b, DROP_duplicate));
}

/* Nothing says that the next path brings what the old one does: the old one has its time. */
static void paths_that_bring_other_packets_change_when_their_time_is_over(struct bed *b)
{
	static struct stream s;
	struct path old = {.port = 0, .ttl = 9}, next = {.port = 1, .ttl = 7};
	uint64_t doubles = dropped(b, DROP_duplicate), began, n;

	stream_begin(&s, b);
	s.arrived = doubles + dropped(b, DROP_wrong_if);
	inputs(&s, &old, &next);
	began = rte_rdtsc();
	for (n = 0; !s.told && rte_rdtsc() - began < 10000 * MS; n++) {
		bring(&s, &old, (uint32_t)n);
		WAIT_FOR(b, flight(&s) == 0);
		bring(&s, &next, NUMBERS / 2 + (uint32_t)n);
		WAIT_FOR(b, flight(&s) == 0);
		rte_delay_us(500);
	}
	CHECK(s.told && rte_rdtsc() - began >= DP_MOVE_MS * MS);
	CHECK(s.out == n + 1 && !s.left[NUMBERS / 2] && s.left[NUMBERS / 2 + n - 1] && !s.left[n]);
	bring(&s, &old, (uint32_t)n);
	WAIT_FOR(b, flight(&s) == 0);
	CHECK(!s.left[n]);
	printf("other packets by two paths: the next one's are forwarded from the %" PRIu64
	       "th on\n",
		n);
}

static void moves(struct bed *b, unsigned workers)
{
	struct dp_memory_info m;

	printf("--- %u worker lcores\n", workers);
	b->workers = workers;
	bed_make(b, workers == 0);
	each_number_leaves_once_wherever_the_route_moves(b);
	WAIT_FOR(b, (b->dp.ops->memory_info(b->dp.ctx, &m), m.retired == 0));
	CHECK(m.routes == 0 && m.lists == 0);
	if (workers == 1)
		paths_that_bring_other_packets_change_when_their_time_is_over(b);
	bed_free(b);
}

int main(int argc, char **argv)
{
	struct bed b = {.wake = -1};

	bed_eal(argv[0], "moves");
	ports_make(&b);
	moves(&b, 1);
	moves(&b, 3);
	moves(&b, 0);
	eal_end();
	printf("all held\n");
	return 0;
}
