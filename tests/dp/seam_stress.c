/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The seam on the real data plane: EAL without hugepages and PCI, ports made of rings whose other ends
 * this program holds. The main lcore is control, traffic source and receiver; the worker has an
 * lcore of its own, then the same once more with everything on one lcore.
 *
 *   seam_stress	exit code 0 if all held
 *
 * What is shown: a full punt ring of one class costs the other nothing; no wake-up is lost; a stuck queue and a
 * drained pool are counted and survived; ports come and go; start and stop repeat; every buffer comes back; an
 * idle router is small. Updates under traffic: seam_updates; whatever else can be full: seam_exhaust.
 */
#include "tests/dp/runtime_dir.h"
#include "tests/dp/seam_bed.h"

#include <errno.h>
#include <poll.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define SRC 0x0a000001u
#define GRP 0xef010101u

/* --- punts ------------------------------------------------------------------------------------------------------ */

#define ARPS 3000u /* more than a ring takes */

static struct rte_mbuf *arp_new(const struct bed *b)
{
	struct rte_mbuf *m = frame_new(b, 0, 0, 0, 0);
	struct frame *f = rte_pktmbuf_mtod(m, struct frame *);

	memset(&f->eth.dst_addr, 0xff, 6);
	f->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
	return m;
}

static void a_full_class_costs_the_other_nothing(struct bed *b)
{
	uint64_t drops = info_of(b).drops[DROP_punt_full];
	struct dp_if_counters before, c;
	struct dp_packet meta;
	uint8_t buf[2048];
	unsigned n = 0;

	CHECK(b->dp.ops->if_counters(b->dp.ctx, 1, &before) == 0);
	for (unsigned i = 0; i < ARPS; i++)
		arrive(b, arp_new(b));
	arrive(b, frame_new(b, 0x0a000002, 0xe0000001, 2, 0)); /* IGMP */
	WAIT_FOR(b,
		(b->dp.ops->if_counters(b->dp.ctx, 1, &c),
			c.punted + c.rx_dropped - before.punted - before.rx_dropped == ARPS + 1));
	CHECK(b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, sizeof(buf)) == 1);
	CHECK(meta.cls == DP_PUNT_proto && meta.family == 4 && meta.ifid == 1);
	CHECK(meta.len == sizeof(struct frame) - RTE_ETHER_HDR_LEN && buf[0] == 0x45);
	while (b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, 20)) {
		CHECK(meta.cls == DP_PUNT_neigh && meta.family == 0 && meta.len == 20);
		CHECK(buf[0] == 0xff && buf[12] == 0x08 && buf[13] == 0x06);
		n++;
	}
	CHECK(n > 2000 && n < ARPS);
	CHECK(info_of(b).drops[DROP_punt_full] - drops == ARPS - n);
	CHECK(info_of(b).drops[DROP_punt_cut] >= n);
	printf("punts: %u of %u ARP kept, the others counted, IGMP behind them not lost\n", n,
		ARPS);
	arrive(b, arp_new(b)); /* emptied, the ring takes more by itself */
	n = 0;
	WAIT_FOR(b, (n += (unsigned)b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, sizeof(buf)),
			    n == 1));
	CHECK(meta.cls == DP_PUNT_neigh);
}

/* A message in as many segments as it takes, cut inside every header. */
static void control_gets_chained_buffers_as_one_packet(struct bed *b)
{
	for (unsigned cut = 1; cut < sizeof(struct frame); cut++) {
		struct rte_mbuf *whole = frame_new(b, 0x0a000002, 0xe0000001, 2, cut), *m = NULL;
		const uint8_t *p = rte_pktmbuf_mtod(whole, const uint8_t *);
		struct dp_packet meta;
		uint8_t buf[2048];
		unsigned n = 0;

		for (unsigned at = 0; at < sizeof(struct frame); at += cut) {
			struct rte_mbuf *seg = rte_pktmbuf_alloc(dataplane_pool(b->d));
			unsigned len = RTE_MIN(cut, (unsigned)sizeof(struct frame) - at);

			CHECK(seg);
			memcpy(rte_pktmbuf_append(seg, (uint16_t)len), p + at, len);
			CHECK(!m || rte_pktmbuf_chain(m, seg) == 0);
			m = m ? m : seg;
		}
		arrive(b, m);
		WAIT_FOR(b,
			(n += (unsigned)b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, sizeof(buf)),
				n == 1));
		CHECK(meta.cls == DP_PUNT_proto && meta.ifid == 1);
		CHECK(meta.len == sizeof(struct frame) - RTE_ETHER_HDR_LEN);
		CHECK(memcmp(buf, p + RTE_ETHER_HDR_LEN, meta.len) == 0);
		rte_pktmbuf_free(whole);
	}
}

/* --- waking -------------------------------------------------------------------------------------------------------- */

/* Sleeps until a signal is there. A wake-up too many is harmless: then there is nothing yet, and control
 * goes to sleep again. The number of sleeps. */
static unsigned sleep_until_signal(struct bed *b, struct dp_upcall *up)
{
	struct pollfd p = {.fd = b->wake, .events = POLLIN};
	unsigned slept = 0;
	uint64_t n;

	for (;;) {
		if (dataplane_control_sleeps(b->d, true)) {
			slept++;
			CHECK(poll(&p, 1, 2000) == 1);
			CHECK(read(b->wake, &n, sizeof(n)) == sizeof(n));
		}
		dataplane_control_sleeps(b->d, false);
		if (b->dp.ops->upcall_recv(b->dp.ctx, up, 1) == 1)
			return slept;
	}
}

static void no_wake_up_is_lost(struct bed *b, unsigned rounds)
{
	unsigned awake = 0, again = 0;
	struct dp_upcall up;

	for (unsigned i = 0; i < rounds; i++) {
		uint32_t src = 0x0c000000 + i;
		unsigned slept;

		arrive(b, frame_new(b, src, GRP, 17, 0));
		for (unsigned j = i % 512; j > 0; j--)
			rte_pause(); /* fall asleep before, while and after the signal comes */
		slept = sleep_until_signal(b, &up);
		awake += slept == 0;
		again += slept > 1;
		CHECK(up.kind == DP_UPCALL_NOCACHE && up.ifid == 1);
		CHECK(up.src.w_be[0] == rte_cpu_to_be_32(src));
		CHECK(up.grp.w_be[0] == rte_cpu_to_be_32(GRP));
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
	}
	printf("waking: %u signals, found awake by %u, asleep by %u, woken once too often by %u, none "
	       "lost\n",
		rounds, awake, rounds - awake - again, again);
}

/* --- overload: what is missing is counted, and all goes on by itself -------------------------------------------------- */

static void take_all(struct bed *b, unsigned out, unsigned *got)
{
	void *v[64];
	unsigned n;

	while ((n = rte_ring_dequeue_burst(b->out[out], v, RTE_DIM(v), NULL)) > 0) {
		rte_pktmbuf_free_bulk((struct rte_mbuf **)v, n);
		*got += n;
	}
}

/* Nobody empties the queue of output 1: output 2 loses nothing, and output 1 goes on once it is emptied. */
static void a_stuck_queue_costs_the_others_nothing(struct bed *b)
{
	const unsigned sent = RING + 2000;
	uint32_t list = list_of(b, 2, 3);
	struct dp_route r = route_of(SRC, GRP, list);
	uint64_t full = info_of(b).drops[DROP_tx_full];
	unsigned one = 0, two = 0;

	CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
	for (unsigned i = 0; i < sent; i++) {
		/* no more under way than the other output's ring takes, whoever gets a CPU */
		WAIT_FOR(b, (take_all(b, 2, &two), i - two < FLIGHT));
		arrive(b, frame_new(b, SRC, GRP, 17, i));
	}
	WAIT_FOR(b, (take_all(b, 2, &two), two == sent));
	WAIT_FOR(b, info_of(b).drops[DROP_tx_full] - full == sent - (RING - 1));
	take_all(b, 1, &one);
	CHECK(one == RING - 1);
	arrive(b, frame_new(b, SRC, GRP, 17, 0));
	WAIT_FOR(b, (take_all(b, 1, &one), one == RING));
	CHECK(b->dp.ops->route_del(b->dp.ctx, &r.key, 1) == 0);
	b->dp.ops->list_put(b->dp.ctx, list);
	WAIT_FOR(b, (take_all(b, 2, &two), two == sent + 1));
	printf("stuck queue: %u frames counted as tx_full, none of the other output's lost\n",
		sent - (RING - 1));
}

/* Somebody holds every buffer of the pool: copies are lost and counted; when buffers come back, so does
 * forwarding. */
static void a_drained_pool_is_survived(struct bed *b)
{
	uint32_t list = list_of(b, 2, 3);
	struct dp_route r = route_of(SRC, GRP, list);
	struct rte_mbuf **frames = calloc(DRAIN, sizeof(*frames));
	struct rte_mbuf **held = calloc(MBUFS, sizeof(*held));
	uint64_t before = info_of(b).drops[DROP_no_mbuf], lost;
	unsigned n = 0, got = 0;

	CHECK(frames && held && b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
	for (unsigned i = 0; i < DRAIN; i++)
		frames[i] = frame_new(b, SRC, GRP, 17, i);
	while (n < MBUFS && (held[n] = rte_pktmbuf_alloc(dataplane_pool(b->d))) != NULL)
		n++;
	for (unsigned i = 0; i < DRAIN; i++)
		arrive(b, frames[i]);
	/* nothing is taken from the outputs meanwhile: no buffer comes back */
	WAIT_FOR(b, rte_ring_count(b->out[1]) + rte_ring_count(b->out[2]) +
				    info_of(b).drops[DROP_no_mbuf] - before ==
			    2 * DRAIN);
	lost = info_of(b).drops[DROP_no_mbuf] - before;
	CHECK(lost > DRAIN / 4);
	take_all(b, 1, &got);
	take_all(b, 2, &got);
	CHECK(got == 2 * DRAIN - lost);
	rte_pktmbuf_free_bulk(held, n);
	for (unsigned i = 0; i < 100; i++)
		arrive(b, frame_new(b, SRC, GRP, 17, i));
	WAIT_FOR(b, (take_all(b, 1, &got), take_all(b, 2, &got), got == 2 * DRAIN - lost + 200));
	printf("drained pool: %" PRIu64 " copies counted as no_mbuf, then forwarding went on\n",
		lost);
	CHECK(b->dp.ops->route_del(b->dp.ctx, &r.key, 1) == 0);
	b->dp.ops->list_put(b->dp.ctx, list);
	free(frames);
	free(held);
}

/* --- sending, ports, start and stop --------------------------------------------------------------------------------- */

static int send_frame(struct bed *b, uint16_t ifid)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06};

	return b->dp.ops->packet_send(b->dp.ctx, ifid, DP_SEND_FRAME, frame, sizeof(frame));
}

static void control_sends_through_the_owner_of_the_queue(struct bed *b)
{
	struct dp_if_counters before, c;
	void *m = NULL;

	CHECK(b->dp.ops->if_counters(b->dp.ctx, 2, &before) == 0);
	for (int i = 0; i < 100; i++) {
		CHECK(send_frame(b, 2) == 0);
		WAIT_FOR(b, rte_ring_count(b->out[1]) == 1);
		CHECK(rte_ring_dequeue(b->out[1], &m) == 0);
		CHECK(rte_pktmbuf_pkt_len((struct rte_mbuf *)m) == 60);
		rte_pktmbuf_free(m);
	}
	CHECK(b->dp.ops->if_counters(b->dp.ctx, 2, &c) == 0);
	CHECK(c.injected - before.injected == 100 && c.tx_packets - before.tx_packets == 100);
	CHECK(send_frame(b, 99) == -ENODEV);
	CHECK(b->dp.ops->packet_send(b->dp.ctx, 2, DP_SEND_FRAME, "x", 1) == -EINVAL);
}

static void ports_come_and_go(struct bed *b)
{
	for (int i = 0; i < 50; i++) {
		dataplane_port_del(b->d, b->port[1]);
		WAIT_FOR(b, dataplane_port_idle(b->d, b->port[1]));
		CHECK(send_frame(b, 2) == -ENETDOWN);
		port_join(b, 1);
		port_join(b, 1);
	}
}

static void start_and_stop_repeat(struct bed *b)
{
	for (int i = 0; i < 20; i++) {
		void *m = NULL;

		CHECK(send_frame(b, 2) == 0); /* not lost, even if the worker leaves first */
		dataplane_stop(b->d);
		CHECK(rte_ring_dequeue(b->out[1], &m) == 0);
		rte_pktmbuf_free(m);
		CHECK(send_frame(b, 2) == -ENETDOWN);
		CHECK(!info_of(b).running);
		CHECK(dataplane_start(b->d) == 0);
		CHECK(info_of(b).running);
	}
}

static void what_cannot_be_made_is_refused_in_words(void)
{
	struct dataplane_conf conf = {
		.mbufs = 4000000, .max_routes = 10, .max_oifs = 10, .wake_fd = -1};
	struct dataplane *d = NULL;
	char err[512] = "";

	conf.socket = SOCKET_ID_ANY;
	CHECK(dataplane_new(&d, &conf, err, sizeof(err)) == -ENOMEM && !d);
	CHECK(strstr(err, "4000000") && strstr(err, "router.mbufs"));
	conf.mbufs = 1000;
	conf.n_workers = 1;
	conf.lcores[0] = rte_get_main_lcore();
	CHECK(dataplane_new(&d, &conf, err, sizeof(err)) == -EINVAL && !d);
	CHECK(strstr(err, "lcore"));
}

/* --- all of it -------------------------------------------------------------------------------------------------------- */

static void an_idle_router_is_small(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	printf("idle: %ld KB resident\n", u.ru_maxrss);
#if !defined(__SANITIZE_ADDRESS__)
	CHECK(u.ru_maxrss < IDLE_KB_MAX);
#endif
}

static void everything(struct bed *b, bool shared)
{
	struct dp_memory_info m;

	printf("--- %s\n",
		shared ? "everything on one lcore" : "a worker with an lcore of its own");
	bed_make(b, shared);
	an_idle_router_is_small();
	a_full_class_costs_the_other_nothing(b);
	two_tables_keep_apart(b);
	control_gets_chained_buffers_as_one_packet(b);
	if (!shared)
		no_wake_up_is_lost(b, 5000);
	a_stuck_queue_costs_the_others_nothing(b);
	a_drained_pool_is_survived(b);
	control_sends_through_the_owner_of_the_queue(b);
	ports_come_and_go(b);
	start_and_stop_repeat(b);
	WAIT_FOR(b, (b->dp.ops->memory_info(b->dp.ctx, &m), m.retired == 0));
	CHECK(m.routes == 0 && m.lists == 0 && m.ifs == PORTS && m.oifs == PORTS);
	bed_free(b);
}

int main(int argc, char **argv)
{
	char prefix[64];
	char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"256", "-l", "0,1", "--file-prefix", prefix, "--log-level", "error"};
	struct bed b = {.wake = eventfd(0, EFD_NONBLOCK)};

	snprintf(prefix, sizeof(prefix), "seam%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(eal), eal) < 0)
		return 1;
	ports_make(&b);
	everything(&b, false);
	everything(&b, true);
	what_cannot_be_made_is_refused_in_words();
	close(b.wake);
	eal_end();
	printf("all held\n");
	return 0;
}
