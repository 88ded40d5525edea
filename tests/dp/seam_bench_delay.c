/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Delays as RFC 3918 defines them, between rings whose other ends this program holds: from a frame's last
 * bit given to the router to the same frame seen at each output (5.1: store and forward, by the time stamp
 * counter); from the call that makes a route, or adds an output to one, to its first frame (6.1, both
 * states of the table); from the call that deletes it to its last frame (6.2). What a membership protocol
 * and a NIC would add is not in them.
 */
#include "tests/dp/seam_bench.h"

#define SRC 0x0a000001u
#define GRP 0xef010101u
#define OUTS 3
#define ON_THE_WAY 64 /* frames under load: two bursts */
#define QUIET_US 200  /* without a frame for so long: the last one has been seen */

static uint64_t *samples_new(unsigned n)
{
	uint64_t *v = calloc(n, sizeof(*v));

	CHECK(v);
	return v;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* n samples in cycles, printed in nanoseconds. Sorts them. */
static void print_times(const char *name, uint64_t *v, unsigned n, const char *end)
{
	double ns = 1e9 / (double)rte_get_tsc_hz(), sum = 0;

	CHECK(n > 0);
	qsort(v, n, sizeof(*v), by_value);
	for (unsigned i = 0; i < n; i++)
		sum += (double)v[i];
	printf("  \"%s\": {\"n\": %u, \"min_ns\": %.0f, \"avg_ns\": %.0f, \"median_ns\": %.0f, "
	       "\"p99_ns\": %.0f, \"max_ns\": %.0f}%s\n",
		name, n, (double)v[0] * ns, sum / n * ns, (double)v[n / 2] * ns,
		(double)v[(uint64_t)n * 99 / 100] * ns, (double)v[n - 1] * ns, end);
}

/* --- latency ------------------------------------------------------------------------------------------ */

struct flight {
	uint64_t sent_at[ON_THE_WAY]; /* by number modulo */
	uint64_t *took[OUTS];
	unsigned got[OUTS];
};

static void land(struct bed *b, struct flight *f)
{
	for (unsigned o = 0; o < OUTS; o++) {
		void *m;

		while (rte_ring_dequeue(b->out[o + 1], &m) == 0) {
			uint64_t now = rte_rdtsc();
			const struct frame *fr = rte_pktmbuf_mtod((struct rte_mbuf *)m, void *);

			f->took[o][f->got[o]++] = now - f->sent_at[fr->number % ON_THE_WAY];
			rte_pktmbuf_free(m);
		}
	}
}

static unsigned slowest(const struct flight *f)
{
	unsigned n = f->got[0];

	for (unsigned o = 1; o < OUTS; o++)
		n = RTE_MIN(n, f->got[o]);
	return n;
}

/* Never more than `most` frames on their way. */
static void fly(struct bed *b, struct flight *f, unsigned frames, unsigned most)
{
	unsigned sent = 0;

	memset(f->got, 0, sizeof(f->got));
	while (slowest(f) < frames) {
		if (sent < frames && sent - slowest(f) < most) {
			struct rte_mbuf *m = frame_new(b, SRC, GRP, 17, sent);

			f->sent_at[sent++ % ON_THE_WAY] = rte_rdtsc();
			arrive(b, m);
		}
		land(b, f);
	}
}

static void latency(struct bed *b, unsigned frames)
{
	static const char *const alone[OUTS] = {
		"latency_1_out1", "latency_1_out2", "latency_1_out3"};
	static const char *const load[OUTS] = {
		"latency_64_out1", "latency_64_out2", "latency_64_out3"};
	uint32_t oifs[OUTS] = {2, 3, 4}, list;
	struct flight f;
	struct dp_route r;

	CHECK(b->dp.ops->list_get(b->dp.ctx, oifs, OUTS, &list) == 0);
	r = route_of(SRC, GRP, list);
	CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
	for (unsigned o = 0; o < OUTS; o++)
		f.took[o] = samples_new(frames);
	fly(b, &f, frames / 10 + 1, 1); /* warm */
	fly(b, &f, frames, 1);
	for (unsigned o = 0; o < OUTS; o++)
		print_times(alone[o], f.took[o], f.got[o], ",");
	fly(b, &f, frames, ON_THE_WAY);
	for (unsigned o = 0; o < OUTS; o++)
		print_times(load[o], f.took[o], f.got[o], ",");
	for (unsigned o = 0; o < OUTS; o++)
		free(f.took[o]);
	CHECK(b->dp.ops->route_del(b->dp.ctx, &r.key, 1) == 0);
	b->dp.ops->list_put(b->dp.ctx, list);
}

/* --- join and leave ------------------------------------------------------------------------------------------ */

/* Frames of the group arrive all the time, one on its way at most. The frames that out `o` had. */
static unsigned offer(struct bed *b, unsigned o)
{
	struct dp_upcall up;
	unsigned got = 0;
	void *m;

	if (rte_ring_empty(b->in[0]))
		arrive(b, frame_new(b, SRC, GRP, 17, 0));
	for (unsigned i = 1; i < PORTS; i++) {
		while (rte_ring_dequeue(b->out[i], &m) == 0) {
			rte_pktmbuf_free(m);
			got += i == o;
		}
	}
	while (b->dp.ops->upcall_recv(b->dp.ctx, &up, 1))
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
	b->dp.ops->reclaim(b->dp.ctx);
	return got;
}

static void settle(struct bed *b)
{
	uint64_t until = rte_rdtsc() + rte_get_tsc_hz() / 1000000 * QUIET_US;

	while (rte_rdtsc() < until)
		offer(b, 1);
}

static uint64_t until_first(struct bed *b, unsigned o, uint64_t began)
{
	while (offer(b, o) == 0)
		CHECK(rte_rdtsc() - began < 5 * rte_get_tsc_hz());
	return rte_rdtsc() - began;
}

/* 0 if none left after the call. */
static uint64_t until_last(struct bed *b, unsigned o, uint64_t began)
{
	uint64_t last = began, quiet = rte_get_tsc_hz() / 1000000 * QUIET_US, now;

	while ((now = rte_rdtsc()) - last < quiet)
		if (offer(b, o))
			last = now;
	return last - began;
}

static void joins(struct bed *b, unsigned n)
{
	uint64_t *fresh = samples_new(n), *more = samples_new(n), *leave = samples_new(n), began;
	uint32_t oifs[2] = {2, 3}, one, two;
	struct dp_route r;

	CHECK(b->dp.ops->list_get(b->dp.ctx, oifs, 1, &one) == 0);
	CHECK(b->dp.ops->list_get(b->dp.ctx, oifs, 2, &two) == 0);
	for (unsigned i = 0; i < n; i++) {
		settle(b);
		r = route_of(SRC, GRP, one);
		began = rte_rdtsc();
		CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
		fresh[i] = until_first(b, 1, began);
		settle(b);
		r.list = two;
		began = rte_rdtsc();
		CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
		more[i] = until_first(b, 2, began);
		settle(b);
		began = rte_rdtsc();
		CHECK(b->dp.ops->route_del(b->dp.ctx, &r.key, 1) == 0);
		leave[i] = until_last(b, 1, began);
	}
	print_times("join_new_route", fresh, n, ",");
	print_times("join_new_output", more, n, ",");
	print_times("leave", leave, n, "");
	b->dp.ops->list_put(b->dp.ctx, one);
	b->dp.ops->list_put(b->dp.ctx, two);
	free(fresh);
	free(more);
	free(leave);
}

/* Nothing is on its way any more: every buffer may come home. */
static void drain(struct bed *b)
{
	WAIT_FOR(b, rte_ring_empty(b->in[0]));
	for (unsigned i = 1; i < PORTS; i++) {
		void *m;

		while (rte_ring_dequeue(b->out[i], &m) == 0)
			rte_pktmbuf_free(m);
	}
}

int bench_delay(struct bed *b, unsigned frames, unsigned n_joins)
{
	printf("{\n");
	latency(b, frames);
	joins(b, n_joins);
	printf("}\n");
	drain(b);
	return 0;
}
