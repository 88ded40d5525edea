/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes that change under traffic, on the real data plane with ports whose other ends this program holds.
 * Flows from as many ports as there are workers; the list of each changes all the time between two that
 * have no output in common, so that every packet shows by where it leaves which version it was sent by.
 * As fast as control can, and at 10,000 a second; one worker, three (two of which hand their frames to the
 * owner of the TX queue), everything on one lcore.
 *
 *   seam_updates [SECONDS]	default 1 for each of the six; exit code 0 if all held
 */
#include "tests/dp/runtime_dir.h"
#include "tests/dp/seam_bed.h"

#include <rte_eal.h>
#include <unistd.h>

#define SRC 0x0a000001u
#define GRP 0xef010101u
#define FLOWS 3
#define PACE 10000  /* updates a second */
#define CHURN 20000 /* other routes that come and go */

/* Flow i comes in on port i and leaves on every other one, by one list or the other. */
struct flow {
	struct dp_route route;
	uint32_t lists[2];
	uint8_t complete[2];      /* outputs of the lists, as bits */
	uint8_t mask[FLIGHT * 2]; /* by number modulo: outputs that have sent it */
	uint32_t sent, done;
	uint64_t by_list[2];
};

struct updates {
	struct bed *b;
	struct flow flows[FLOWS];
	unsigned n; /* flows in use */
	uint32_t steps;
};

static uint32_t source_of(unsigned flow)
{
	return SRC + (flow << 8);
}

static void flow_begin(struct updates *u, unsigned in)
{
	struct flow *f = &u->flows[in];
	unsigned others[PORTS - 1], n = 0;

	for (unsigned i = 0; i < PORTS; i++)
		if (i != in)
			others[n++] = i;
	memset(f, 0, sizeof(*f));
	for (unsigned i = 0; i < 2; i++) {
		f->complete[i] = (uint8_t)(1u << others[2 * i] | 1u << others[2 * i + 1]);
		f->lists[i] = list_of(u->b, others[2 * i] + 1, others[2 * i + 1] + 1);
	}
	f->route = route_of(source_of(in), GRP, f->lists[0]);
	f->route.inputs[0].ifid = (uint16_t)(in + 1);
	CHECK(u->b->dp.ops->route_set(u->b->dp.ctx, &f->route, 1, NULL) == 0);
}

/* A packet has left on an output: nothing but one whole list may ever be complete, nor anything that is no
 * part of one begun. */
static void seen(struct flow *f, uint32_t number, unsigned out)
{
	uint8_t *mask = &f->mask[number % RTE_DIM(f->mask)];

	CHECK(!(*mask & 1u << out));
	*mask |= (uint8_t)(1u << out);
	CHECK(!(*mask & ~f->complete[0]) || !(*mask & ~f->complete[1]));
	for (unsigned i = 0; i < 2; i++) {
		if (*mask == f->complete[i]) {
			f->by_list[i]++;
			f->done++;
			*mask = 0;
			return;
		}
	}
}

static void receive(struct updates *u)
{
	for (unsigned out = 0; out < PORTS; out++) {
		void *v[64];
		unsigned n = rte_ring_dequeue_burst(u->b->out[out], v, RTE_DIM(v), NULL);

		for (unsigned i = 0; i < n; i++) {
			const struct frame *f = rte_pktmbuf_mtod((struct rte_mbuf *)v[i], void *);
			unsigned flow = (rte_be_to_cpu_32(f->ip.src_addr) - SRC) >> 8;

			CHECK(f->ip.time_to_live == 8 && flow < u->n);
			seen(&u->flows[flow], f->number, out);
			rte_pktmbuf_free(v[i]);
		}
	}
}

static bool all_done(struct updates *u)
{
	bool done = true;

	receive(u);
	for (unsigned i = 0; i < u->n; i++)
		done &= u->flows[i].sent == u->flows[i].done;
	return done;
}

static bool both_seen(const struct updates *u)
{
	bool both = true;

	for (unsigned i = 0; i < u->n; i++)
		both &= u->flows[i].by_list[0] && u->flows[i].by_list[1];
	return both;
}

static void traffic(struct updates *u)
{
	for (unsigned i = 0; i < u->n; i++) {
		struct flow *f = &u->flows[i];

		for (unsigned k = 0; k < 32 && f->sent - f->done < FLIGHT; k++, f->sent++) {
			struct rte_mbuf *m = frame_new(u->b, source_of(i), GRP, 17, f->sent);

			CHECK(rte_ring_enqueue(u->b->in[i], m) == 0);
		}
	}
}

/* Other routes come and go, so that the table grows, shrinks and is rebuilt meanwhile. */
static void churn(struct updates *u, uint32_t step)
{
	uint32_t at = step % (2 * CHURN), i = at % CHURN;
	struct dp_route r = route_of(0x0b000000 + i, GRP, u->flows[0].lists[0]);

	if (at < CHURN)
		CHECK(u->b->dp.ops->route_set(u->b->dp.ctx, &r, 1, NULL) == 0);
	else
		CHECK(u->b->dp.ops->route_del(u->b->dp.ctx, &r.key, 1) == 0);
}

/* The interface of an output is written anew, and oifs: what they say stays the same. */
static void rewrite_records(struct bed *b, uint32_t step)
{
	unsigned i = step % PORTS;
	struct dp_if c = if_of(b, i);
	struct dp_oif o = {.id = i + 1, .ifid = c.id};

	c.mtu = (uint16_t)(1500 + step % 2);
	CHECK(b->dp.ops->if_set(b->dp.ctx, &c) == 0);
	CHECK(b->dp.ops->oif_set(b->dp.ctx, &o) == 0);
}

/* One update: every other one moves a flow to its other list. */
static void update(struct updates *u)
{
	uint32_t step = u->steps++, turn = step / 2;
	struct flow *f = &u->flows[turn % u->n];

	if (step % 2) {
		churn(u, turn);
	} else {
		f->route.list = f->lists[turn / u->n & 1];
		CHECK(u->b->dp.ops->route_set(u->b->dp.ctx, &f->route, 1, NULL) == 0);
	}
	if (step % 500 == 0)
		rewrite_records(u->b, step / 500);
}

/* How many updates are due; 18 a time without a pace: an odd number of turns for each flow. */
static uint32_t due(const struct updates *u, uint64_t since, uint32_t pace, uint32_t all)
{
	uint64_t n;

	if (!pace)
		return 18;
	n = (rte_rdtsc() - since) * pace / rte_get_tsc_hz();
	return (uint32_t)RTE_MIN(n, (uint64_t)all) - RTE_MIN(u->steps, (uint32_t)n);
}

static void flows_end(struct updates *u)
{
	struct bed *b = u->b;
	struct dp_route_counters c;

	for (unsigned i = 0; i < u->n; i++) {
		struct flow *f = &u->flows[i];

		CHECK(b->dp.ops->route_counters(b->dp.ctx, &f->route.key, &c) == 0);
		CHECK(c.packets == f->sent && c.dropped == 0 && c.wrong_if == 0);
	}
	CHECK(b->dp.ops->resync_begin(b->dp.ctx) == 0);
	CHECK(b->dp.ops->resync_end(b->dp.ctx) == 0);
	for (unsigned i = 0; i < u->n; i++)
		for (unsigned k = 0; k < 2; k++)
			b->dp.ops->list_put(b->dp.ctx, u->flows[i].lists[k]);
}

static void no_drops(struct bed *b)
{
	struct dp_worker_info w;

	for (unsigned i = 0; b->dp.ops->worker_info(b->dp.ctx, i, &w) == 0; i++)
		for (unsigned r = 0; r < DROP_COUNT; r++)
			CHECK(w.drops[r] == 0);
}

/* pace 0: as fast as it goes. */
static void updates_lose_no_packet_and_mix_no_lists(
	struct bed *b, unsigned flows, double seconds, uint32_t pace)
{
	static struct updates u;
	uint64_t start = rte_rdtsc(), end = start + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	uint32_t all = (uint32_t)(pace * seconds);
	uint64_t sent = 0;

	u = (struct updates){.b = b, .n = flows};
	for (unsigned i = 0; i < flows; i++)
		flow_begin(&u, i);
	while ((pace ? u.steps < all : rte_rdtsc() < end) || !both_seen(&u)) {
		traffic(&u);
		for (uint32_t n = due(&u, start, pace, all); n; n--)
			update(&u);
		receive(&u);
		breathe(b);
	}
	seconds = (double)(rte_rdtsc() - start) / (double)rte_get_tsc_hz();
	WAIT_FOR(b, all_done(&u));
	flows_end(&u);
	no_drops(b);
	for (unsigned i = 0; i < flows; i++)
		sent += u.flows[i].sent;
	printf("%u flows, %s: %" PRIu64 " packets, %.0f updates/s, none lost, none mixed\n", flows,
		pace ? "paced" : "flat out", sent, u.steps / seconds);
}

static void updates(struct bed *b, unsigned workers, double seconds)
{
	struct dp_memory_info m;

	printf("--- %u worker lcores\n", workers);
	b->workers = workers;
	bed_make(b, workers == 0);
	updates_lose_no_packet_and_mix_no_lists(b, workers ? workers : 1, seconds, 0);
	updates_lose_no_packet_and_mix_no_lists(b, workers ? workers : FLOWS, seconds, PACE);
	WAIT_FOR(b, (b->dp.ops->memory_info(b->dp.ctx, &m), m.retired == 0));
	CHECK(m.routes == 0 && m.lists == 0 && m.ifs == PORTS && m.oifs == PORTS);
	bed_free(b);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	struct bed b = {.wake = -1};

	bed_eal(argv[0], "updates");
	ports_make(&b);
	updates(&b, 1, seconds);
	updates(&b, 3, seconds);
	updates(&b, 0, seconds);
	eal_end();
	printf("all held\n");
	return 0;
}
