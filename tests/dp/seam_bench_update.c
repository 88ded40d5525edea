/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Forwarding while routes change: net_pcap replays a file without end, two net_null take the copies.
 * Every other update moves a route that carries traffic from one output to the other; the rest add and
 * delete routes beside them, so that the table grows and shrinks. What was received and not sent at the end
 * is lost: there may be none.
 */
#include "tests/dp/seam_bench.h"

#include <rte_ethdev.h>
#include <unistd.h>

#define FLOWS 512    /* as many as the file has */
#define OTHERS 20000 /* routes that come and go */
#define SLICE_US 200 /* between two looks at what is due */
#define OUT_PORTS 2

struct update_bed {
	struct dataplane *d;
	struct dp dp;
	uint32_t lists[OUT_PORTS];
	uint32_t step; /* updates so far */
};

static void port_ready(struct dataplane *d, uint16_t p, uint16_t ifid)
{
	static const struct rte_eth_conf conf;
	struct dataplane_port port = {.port_id = p, .rx_queues = 1, .tx_queues = 1};
	struct dp dp = dataplane_seam(d);
	struct dp_if c = {.id = ifid, .kind = DP_IF_ETHER, .up = 1, .port = p, .mtu = 1500};
	struct dp_oif o = {.id = ifid, .ifid = ifid};

	c.mac[0] = 2;
	c.mac[5] = (uint8_t)ifid;
	CHECK(rte_eth_dev_configure(p, 1, 1, &conf) == 0);
	CHECK(rte_eth_rx_queue_setup(p, 0, 512, SOCKET_ID_ANY, NULL, dataplane_pool(d)) == 0);
	CHECK(rte_eth_tx_queue_setup(p, 0, 512, SOCKET_ID_ANY, NULL) == 0);
	CHECK(rte_eth_dev_start(p) == 0);
	CHECK(dataplane_port_add(d, &port) == 0);
	CHECK(dp.ops->if_set(dp.ctx, &c) == 0);
	CHECK(dp.ops->oif_set(dp.ctx, &o) == 0);
}

static void update_bed_make(struct update_bed *u)
{
	u->d = bench_dataplane(MAX_ROUTES, 1);
	u->dp = dataplane_seam(u->d);
	u->step = 0;
	for (uint16_t p = 0; p <= OUT_PORTS; p++)
		port_ready(u->d, p, (uint16_t)(p + 1));
	for (uint32_t i = 0; i < OUT_PORTS; i++) {
		uint32_t oif = i + 2;

		CHECK(u->dp.ops->list_get(u->dp.ctx, &oif, 1, &u->lists[i]) == 0);
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct dp_route r = bench_flow(i, u->lists[0]);

		CHECK(u->dp.ops->route_set(u->dp.ctx, &r, 1, NULL) == 0);
	}
	CHECK(dataplane_start(u->d) == 0);
}

static void update_once(struct update_bed *u)
{
	uint32_t step = u->step++, turn = step / 2, at;
	struct dp_route r;

	if (step % 2 == 0) {
		r = bench_flow(turn % FLOWS, u->lists[(turn / FLOWS + 1) % OUT_PORTS]);
		CHECK(u->dp.ops->route_set(u->dp.ctx, &r, 1, NULL) == 0);
		return;
	}
	at = turn % (2 * OTHERS);
	r = bench_flow(FLOWS + at % OTHERS, u->lists[0]);
	if (at < OTHERS)
		CHECK(u->dp.ops->route_set(u->dp.ctx, &r, 1, NULL) == 0);
	else
		CHECK(u->dp.ops->route_del(u->dp.ctx, &r.key, 1) == 0);
}

static uint64_t sent(void)
{
	struct rte_eth_stats s;
	uint64_t sum = 0;

	for (uint16_t p = 1; p <= OUT_PORTS; p++) {
		CHECK(rte_eth_stats_get(p, &s) == 0);
		sum += s.opackets;
	}
	return sum;
}

static uint64_t received(void)
{
	struct rte_eth_stats s;

	CHECK(rte_eth_stats_get(0, &s) == 0);
	return s.ipackets;
}

/* rate 0: nobody updates anything. */
static void one_round(struct update_bed *u, double seconds, unsigned rate, bool last)
{
	uint64_t cpu[2], wait[2], tx = sent();
	double began = bench_now_s(), now;
	uint32_t first = u->step;

	bench_worker_time(&cpu[0], &wait[0]);
	while ((now = bench_now_s()) < began + seconds) {
		uint32_t due = (uint32_t)((now - began) * rate);

		while (u->step - first < due)
			update_once(u);
		u->dp.ops->reclaim(u->dp.ctx);
		usleep(SLICE_US);
	}
	tx = sent() - tx;
	bench_worker_time(&cpu[1], &wait[1]);
	now = bench_now_s();
	printf("  {\"updates\": %u, \"packets\": %" PRIu64
	       ", \"wall_s\": %.6f, \"cpu_ns\": %" PRIu64 ", \"wait_ns\": %" PRIu64 "}%s\n",
		u->step - first, tx, now - began, cpu[1] - cpu[0], wait[1] - wait[0],
		last ? "" : ",");
}

int bench_update(unsigned rounds, double seconds, unsigned rate)
{
	struct dp_worker_info info;
	struct update_bed u;
	uint64_t drops = 0, lost;

	update_bed_make(&u);
	usleep(200000); /* the caches are warm */
	printf("{\"rate\": %u, \"rounds\": [\n", rate);
	for (unsigned i = 0; i < rounds; i++) {
		bool with_first = i % 2;

		one_round(&u, seconds, with_first ? rate : 0, false);
		one_round(&u, seconds, with_first ? 0 : rate, i + 1 == rounds);
	}
	dataplane_stop(u.d);
	CHECK(u.dp.ops->worker_info(u.dp.ctx, 0, &info) == 0);
	for (unsigned i = 0; i < DROP_COUNT; i++)
		drops += info.drops[i];
	lost = received() - sent();
	printf("], \"updates\": %u, \"received\": %" PRIu64 ", \"sent\": %" PRIu64
	       ", \"lost\": %" PRIu64 ", \"dropped\": %" PRIu64 "}\n",
		u.step, received(), sent(), lost, drops);
	for (uint16_t p = 0; p <= OUT_PORTS; p++)
		rte_eth_dev_stop(p);
	dataplane_free(u.d);
	return lost || drops ? 1 : 0;
}
