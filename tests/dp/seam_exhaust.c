/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What happens when something is used up, on the real data plane with ports whose other ends this program
 * holds: the ring to the owner of a TX queue, the rings to control and to the workers, the table of routes,
 * ids, buffers. What is lost is counted under its name, what has nothing to do with it loses nothing, all goes
 * on by itself when there is room again, and every buffer comes back. (A stuck TX queue, a drained pool
 * while data is forwarded and a full punt ring: seam_stress.)
 *
 * A worker is made to stand still by a signal whose handler waits.
 *
 *   seam_exhaust	exit code 0 if all held
 */
#include "tests/dp/runtime_dir.h"
#include "tests/dp/seam_bed.h"

#include <errno.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define SRC 0x0a000001u
#define GRP 0xef010101u
#define UNKNOWN 0x0c000000u
#define OUT 4         /* port of the output */
#define HANDOFF 16384 /* tables.h: elements of the rings, one less each */
#define UPCALLS 4096
#define FEW_ROUTES 64
#define FEW_OIFS 16

/* --- a worker stands still ------------------------------------------------------------------------------ */

static pthread_t threads[RTE_MAX_LCORE];
static atomic_bool stalled, standing;

static void stand_still(int sig)
{
	standing = true;
	while (stalled)
		rte_pause();
	standing = false;
}

static int thread_note(void *arg)
{
	threads[rte_lcore_id()] = pthread_self();
	return 0;
}

static void stall(unsigned lcore)
{
	stalled = true;
	CHECK(pthread_kill(threads[lcore], SIGUSR1) == 0);
	while (!standing)
		rte_pause();
}

static void unstall(void)
{
	stalled = false;
	while (standing)
		rte_pause();
}

/* --- packets and counters --------------------------------------------------------------------------------- */

static void feed(struct bed *b, unsigned in, struct rte_mbuf *m)
{
	while (rte_ring_enqueue(b->in[in], m))
		dataplane_poll(b->d);
}

static unsigned taken(struct bed *b, unsigned out)
{
	void *v[64];
	unsigned n, all = 0;

	while ((n = rte_ring_dequeue_burst(b->out[out], v, RTE_DIM(v), NULL)) > 0) {
		rte_pktmbuf_free_bulk((struct rte_mbuf **)v, n);
		all += n;
	}
	return all;
}

/* All workers together. */
static uint64_t drops(const struct bed *b, enum drop_reason reason)
{
	struct dp_worker_info w;
	uint64_t n = 0;

	for (unsigned i = 0; b->dp.ops->worker_info(b->dp.ctx, i, &w) == 0; i++)
		n += w.drops[reason];
	return n;
}

static void route_in(struct bed *b, unsigned in, uint32_t src, uint32_t list)
{
	struct dp_route r = route_of(src, GRP, list);

	r.inputs[0].ifid = (uint16_t)(in + 1);
	CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
}

static void unroute(struct bed *b, uint32_t src)
{
	struct dp_route r = route_of(src, GRP, 0);

	CHECK(b->dp.ops->route_del(b->dp.ctx, &r.key, 1) == 0);
}

static void takes(struct bed *b, unsigned n)
{
	unsigned got = 0;

	WAIT_FOR(b, (got += taken(b, OUT), got == n));
}

/* n packets in on a port are n packets out. */
static void forwards(struct bed *b, unsigned in, uint32_t src, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		feed(b, in, frame_new(b, src, GRP, 17, i));
	takes(b, n);
}

/* --- the ring to the owner of a TX queue -------------------------------------------------------------------- */

static void a_full_handoff_ring_loses_counts_and_goes_on(struct bed *b)
{
	const unsigned sent = HANDOFF + 500;
	uint32_t list = list_of(b, OUT + 1, OUT + 1);
	uint64_t stuck = drops(b, DROP_tx_full);
	unsigned got = 0;

	route_in(b, 1, SRC, list); /* worker 1 receives, worker 0 sends */
	stall(1);
	for (unsigned i = 0; i < sent; i++)
		feed(b, 1, frame_new(b, SRC, GRP, 17, i));
	WAIT_FOR(b, drops(b, DROP_handoff_full) == sent - (HANDOFF - 1));
	CHECK(taken(b, OUT) == 0);
	unstall();
	/* the output's ring is smaller than what has piled up */
	WAIT_FOR(b, (got += taken(b, OUT), got + drops(b, DROP_tx_full) - stuck == HANDOFF - 1));
	CHECK(got >= RING - 1);
	forwards(b, 1, SRC, 300);
	CHECK(drops(b, DROP_handoff_full) == sent - (HANDOFF - 1));
	unroute(b, SRC);
	b->dp.ops->list_put(b->dp.ctx, list);
	printf("handoff ring full: %u frames counted as handoff_full\n", sent - (HANDOFF - 1));
}

/* Control's own frames take the same ring. */
static void control_is_told_that_the_handoff_ring_is_full(struct bed *b)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06};
	uint64_t before = drops(b, DROP_handoff_full), stuck = drops(b, DROP_tx_full);
	unsigned sent = 0, got = 0;
	int err = 0;

	stall(1);
	while (!err && sent < 2 * HANDOFF) {
		err = b->dp.ops->packet_send(
			b->dp.ctx, OUT + 1, DP_SEND_FRAME, frame, sizeof(frame));
		sent += err == 0;
	}
	CHECK(err == -ENOBUFS && sent == HANDOFF - 1);
	CHECK(drops(b, DROP_handoff_full) == before + 1);
	unstall();
	WAIT_FOR(b, (got += taken(b, OUT), got + drops(b, DROP_tx_full) - stuck == sent));
	CHECK(b->dp.ops->packet_send(b->dp.ctx, OUT + 1, DP_SEND_FRAME, frame, sizeof(frame)) == 0);
	takes(b, 1);
}

/* --- the rings of signals and of verdicts ------------------------------------------------------------------- */

static uint64_t signals_lost(const struct bed *b)
{
	return info_of(b).upcalls_lost[DP_UPCALL_NOCACHE];
}

static unsigned signals_taken(struct bed *b)
{
	struct dp_upcall up[64];
	unsigned all = 0, n;

	while ((n = b->dp.ops->upcall_recv(b->dp.ctx, up, RTE_DIM(up))) > 0)
		all += n;
	return all;
}

/* One packet of a flow without route after the other, until it is heard of: its gate is open, but the bound on
 * looks may refuse it for a moment. */
static void signalled(struct bed *b, uint32_t src, uint32_t grp, struct dp_upcall *up)
{
	uint64_t gated = info_of(b).upcalls_gated[DP_UPCALL_NOCACHE], dropped;

	do {
		dropped = drops(b, DROP_no_route);
		feed(b, 0, frame_new(b, src, grp, 17, 0));
		WAIT_FOR(b, drops(b, DROP_no_route) == dropped + 1);
		CHECK(info_of(b).upcalls_gated[DP_UPCALL_NOCACHE] == gated);
	} while (!b->dp.ops->upcall_recv(b->dp.ctx, up, 1));
	CHECK(up->kind == DP_UPCALL_NOCACHE && up->src.w_be[0] == rte_cpu_to_be_32(src));
	CHECK(up->grp.w_be[0] == rte_cpu_to_be_32(grp));
}

/* Nobody reads the signals of unknown flows: no established packet is lost; read, the next ones come; a
 * flow whose signal was lost may signal again. */
static void a_full_upcall_ring_loses_counts_and_goes_on(struct bed *b)
{
	uint32_t list = list_of(b, OUT + 1, OUT + 1), src = UNKNOWN;
	uint64_t no_route = drops(b, DROP_no_route);
	unsigned sent = 0, got = 0;
	struct dp_upcall up;

	route_in(b, 0, SRC, list);
	while (signals_lost(b) < 200) {
		CHECK(src - UNKNOWN < 4000000);
		for (unsigned i = 0; i < 64; i++, src++)
			feed(b, 0, frame_new(b, src, GRP, 17, 0));
		feed(b, 0, frame_new(b, SRC, GRP, 17, sent++));
		WAIT_FOR(b, (got += taken(b, OUT), got == sent));
	}
	WAIT_FOR(b, drops(b, DROP_no_route) - no_route == src - UNKNOWN);
	CHECK(signals_taken(b) == UPCALLS - 1);
	signalled(b, src - 1, GRP, &up);
	unroute(b, SRC);
	b->dp.ops->list_put(b->dp.ctx, list);
	printf("upcall ring full: %" PRIu64 " signals counted as lost, none of %u packets\n",
		signals_lost(b), sent);
}

/* The worker does not listen, and there are more verdicts than its ring takes: later it hears as before. */
static void a_full_command_ring_is_survived(struct bed *b, bool shared)
{
	struct dp_upcall up = {.kind = DP_UPCALL_NOCACHE, .ifid = 1};

	up.src = ip4(UNKNOWN);
	up.grp = ip4(GRP + 1);
	if (!shared)
		stall(1);
	for (unsigned i = 0; i < 3 * UPCALLS; i++)
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
	if (!shared)
		unstall();
	for (unsigned i = 0; i < 3; i++) { /* a verdict opens the gate each time */
		signalled(b, UNKNOWN, GRP + 1, &up);
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
	}
}

/* --- tables ----------------------------------------------------------------------------------------------- */

static void a_full_table_refuses_and_keeps_what_it_has(struct bed *b)
{
	struct dp_memory_info m;
	uint32_t list = list_of(b, OUT + 1, OUT + 1), done;
	struct dp_route r[FEW_ROUTES + 8];

	for (unsigned i = 0; i < RTE_DIM(r); i++)
		r[i] = route_of(SRC + i, GRP, list);
	CHECK(b->dp.ops->route_set(b->dp.ctx, r, RTE_DIM(r), &done) == -ENOSPC);
	CHECK(done == FEW_ROUTES);
	for (unsigned i = 0; i < FEW_ROUTES; i++)
		forwards(b, 0, SRC + i, 3);
	for (unsigned round = 0; round < 200; round++) { /* one goes, one comes, under traffic */
		unsigned old = round % RTE_DIM(r), new_ = (round + FEW_ROUTES) % RTE_DIM(r);
		unsigned got = 0;

		CHECK(b->dp.ops->route_set(b->dp.ctx, &r[new_], 1, NULL) == -ENOSPC);
		/* replacing needs no room in the table */
		CHECK(b->dp.ops->route_set(b->dp.ctx, &r[(old + 1) % RTE_DIM(r)], 1, NULL) == 0);
		feed(b, 0, frame_new(b, SRC + (old + 1) % RTE_DIM(r), GRP, 17, round));
		CHECK(b->dp.ops->route_del(b->dp.ctx, &r[old].key, 1) == 0);
		WAIT_FOR(b, b->dp.ops->route_set(b->dp.ctx, &r[new_], 1, NULL) == 0);
		WAIT_FOR(b, (got += taken(b, OUT), got == 1));
	}
	CHECK(b->dp.ops->resync_begin(b->dp.ctx) == 0 && b->dp.ops->resync_end(b->dp.ctx) == 0);
	b->dp.ops->list_put(b->dp.ctx, list);
	/* what is deleted takes its place until workers have let go of it */
	WAIT_FOR(b, (b->dp.ops->memory_info(b->dp.ctx, &m), m.retired == 0));
	printf("table full: %u routes kept, the next refused until one had gone\n", done);
}

static void ids_beyond_the_last_are_refused(struct bed *b)
{
	struct dp_oif o = {.id = FEW_OIFS, .ifid = 1};
	struct dp_adj a = {.id = FEW_OIFS, .kind = DP_ADJ_ETHER, .ifid = 1};
	struct dp_if c = if_of(b, 0);
	uint32_t v[FEW_OIFS] = {0}, id, lists[1u << (PORTS - 1)];

	CHECK(b->dp.ops->oif_set(b->dp.ctx, &o) == -ENOSPC);
	CHECK(b->dp.ops->adj_set(b->dp.ctx, &a) == -ENOSPC);
	c.id = DP_IFS_MAX - 1;
	c.id++;
	CHECK(b->dp.ops->if_set(b->dp.ctx, &c) == -ENOSPC);
	v[0] = FEW_OIFS;
	CHECK(b->dp.ops->list_get(b->dp.ctx, v, 1, &id) == -EINVAL);
	/* every list there can be; given back, their ids are used again */
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned set = 1; set < RTE_DIM(lists); set++) {
			unsigned n = 0;

			for (unsigned i = 0; i < PORTS - 1; i++)
				if (set >> i & 1)
					v[n++] = i + 1;
			CHECK(b->dp.ops->list_get(b->dp.ctx, v, n, &lists[set]) == 0);
			CHECK(lists[set] && lists[set] < RTE_DIM(lists) + 1);
		}
		for (unsigned set = 1; set < RTE_DIM(lists); set++)
			b->dp.ops->list_put(b->dp.ctx, lists[set]);
	}
}

/* --- buffers ------------------------------------------------------------------------------------------------ */

/* Nothing is left for control's packets either, nor for what must be written in; received ones still go to
 * control, for they have their buffers. */
static void without_buffers_control_is_told(struct bed *b)
{
	static struct rte_mbuf *held[MBUFS];
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06},
		buf[64];
	uint32_t list = list_of(b, OUT + 1, OUT + 1);
	struct rte_mbuf *hello = frame_new(b, SRC, 0xe000000d, 103, 0);
	struct dp_packet meta;
	unsigned n = 0, got = 0;

	route_in(b, 0, SRC, list);
	while (n < MBUFS && (held[n] = rte_pktmbuf_alloc(dataplane_pool(b->d))) != NULL)
		n++;
	CHECK(b->dp.ops->packet_send(b->dp.ctx, OUT + 1, DP_SEND_FRAME, frame, 60) == -ENOBUFS);
	feed(b, 0, hello);
	WAIT_FOR(b, (got += (unsigned)b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, sizeof(buf)),
			    got == 1));
	CHECK(meta.ifid == 1 && meta.family == 4);
	rte_pktmbuf_free_bulk(held, n);
	CHECK(b->dp.ops->packet_send(b->dp.ctx, OUT + 1, DP_SEND_FRAME, frame, 60) == 0);
	takes(b, 1);
	forwards(b, 0, SRC, 200);
	unroute(b, SRC);
	b->dp.ops->list_put(b->dp.ctx, list);
}

/* --- all of it ---------------------------------------------------------------------------------------------- */

static void everything(struct bed *b, unsigned workers)
{
	struct dp_memory_info m;

	printf("--- %u worker lcores\n", workers);
	b->workers = workers;
	bed_make(b, workers == 0);
	if (workers == 3)
		a_full_handoff_ring_loses_counts_and_goes_on(b);
	if (workers)
		control_is_told_that_the_handoff_ring_is_full(b);
	a_full_upcall_ring_loses_counts_and_goes_on(b);
	a_full_command_ring_is_survived(b, workers == 0);
	a_full_table_refuses_and_keeps_what_it_has(b);
	ids_beyond_the_last_are_refused(b);
	without_buffers_control_is_told(b);
	WAIT_FOR(b, (b->dp.ops->memory_info(b->dp.ctx, &m), m.retired == 0));
	CHECK(m.routes == 0 && m.lists == 0 && m.ifs == PORTS && m.oifs == PORTS);
	CHECK(m.mbufs_in_use == b->mbufs_idle);
	bed_free(b);
}

int main(int argc, char **argv)
{
	struct bed b = {.wake = -1, .max_routes = FEW_ROUTES, .max_oifs = FEW_OIFS};

	signal(SIGUSR1, stand_still);
	bed_eal(argv[0], "exhaust");
	rte_eal_mp_remote_launch(thread_note, NULL, SKIP_MAIN);
	rte_eal_mp_wait_lcore();
	ports_make(&b);
	everything(&b, 1);
	everything(&b, 3);
	everything(&b, 0);
	eal_end();
	printf("all held\n");
	return 0;
}
