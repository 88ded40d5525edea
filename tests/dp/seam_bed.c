/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The bed of overload and the seam's tests: ports, data plane, frames.
 */
#include "tests/dp/seam_bed.h"

#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include <unistd.h>

/* --- the bed ------------------------------------------------------------------------------------------ */

static const uint8_t mac_own[6] = {2, 0, 0, 0, 0, 0};

void bed_eal(char *program, const char *name)
{
	char prefix[64];
	char *eal[] = {program, "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"256", "--lcores", "0@0,1@1,2@0,3@1", "--file-prefix", prefix, "--log-level",
		"error"};

	snprintf(prefix, sizeof(prefix), "%s%d", name, (int)getpid());
	CHECK(rte_eal_init(RTE_DIM(eal), eal) >= 0);
}

void ports_make(struct bed *b)
{
	for (unsigned i = 0; i < PORTS; i++) {
		char name[32];
		int port;

		snprintf(name, sizeof(name), "in%u", i);
		b->in[i] =
			rte_ring_create(name, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		snprintf(name, sizeof(name), "out%u", i);
		b->out[i] =
			rte_ring_create(name, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		CHECK(b->in[i] && b->out[i]);
		snprintf(name, sizeof(name), "bed%u", i);
		port = rte_eth_from_rings(name, &b->in[i], 1, &b->out[i], 1, 0);
		CHECK(port >= 0);
		b->port[i] = (uint16_t)port;
	}
}

static void ports_configure(struct bed *b)
{
	static const struct rte_eth_conf conf;

	for (unsigned i = 0; i < PORTS; i++) {
		uint16_t p = b->port[i];

		CHECK(rte_eth_dev_configure(p, 1, 1, &conf) == 0);
		CHECK(rte_eth_rx_queue_setup(
			      p, 0, 512, SOCKET_ID_ANY, NULL, dataplane_pool(b->d)) == 0);
		CHECK(rte_eth_tx_queue_setup(p, 0, 512, SOCKET_ID_ANY, NULL) == 0);
		CHECK(rte_eth_dev_start(p) == 0);
	}
}

void port_join(struct bed *b, unsigned i)
{
	struct dataplane_port p = {.port_id = b->port[i], .rx_queues = 1, .tx_queues = 1};

	CHECK(dataplane_port_add(b->d, &p) == 0);
}

struct dp_if if_of(const struct bed *b, unsigned i)
{
	struct dp_if c = {.id = (uint16_t)(i + 1),
		.kind = DP_IF_ETHER,
		.up = 1,
		.twin = 1,
		.proto = DP_PROTO_IGMP | DP_PROTO_MLD | DP_PROTO_PIM,
		.port = b->port[i],
		.mtu = 1500};

	memcpy(c.mac, mac_own, 6);
	c.mac[5] = (uint8_t)i;
	return c;
}

uint64_t mbufs_in_use(const struct bed *b)
{
	struct dp_memory_info m;

	b->dp.ops->memory_info(b->dp.ctx, &m);
	return m.mbufs_in_use + m.small_in_use;
}

void bed_make(struct bed *b, bool shared)
{
	struct dataplane_conf conf = {.mbufs = MBUFS,
		.small_mbufs = 512, /* few: they run out, and come back */
		.max_routes = b->max_routes ? b->max_routes : MAX_ROUTES,
		.max_oifs = b->max_oifs ? b->max_oifs : 65536,
		.upcall_rate = 10000000,
		.adaptive = shared,
		.n_workers = shared ? 0 : RTE_MAX(b->workers, 1u),
		.lcores = {1, 2, 3},
		.hold = b->hold,
		.socket = SOCKET_ID_ANY,
		.wake_fd = b->wake};
	char err[512];

	if (dataplane_new(&b->d, &conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	b->dp = dataplane_seam(b->d);
	ports_configure(b);
	for (unsigned i = 0; i < PORTS; i++) {
		struct dp_if c = if_of(b, i);
		struct dp_oif o = {.id = i + 1, .ifid = c.id};

		port_join(b, i);
		CHECK(b->dp.ops->if_set(b->dp.ctx, &c) == 0);
		CHECK(b->dp.ops->oif_set(b->dp.ctx, &o) == 0);
	}
	b->mbufs_idle = mbufs_in_use(b);
	CHECK(dataplane_start(b->d) == 0);
	CHECK(dataplane_start(b->d) == 0);
}

void bed_free(struct bed *b)
{
	dataplane_stop(b->d);
	for (unsigned i = 0; i < PORTS; i++)
		rte_eth_dev_stop(b->port[i]);
	CHECK(mbufs_in_use(b) == b->mbufs_idle);
	dataplane_free(b->d);
}

/* --- packets -------------------------------------------------------------------------------------------- */

/* A frame in a new buffer; proto 17 is data. */
struct rte_mbuf *frame_new(
	const struct bed *b, uint32_t src, uint32_t dst, uint8_t proto, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dataplane_pool(b->d));
	struct frame *f;

	CHECK(m);
	f = (struct frame *)(void *)rte_pktmbuf_append(m, sizeof(*f));
	CHECK(f);
	memset(f, 0, sizeof(*f));
	f->eth.dst_addr = (struct rte_ether_addr){
		{1, 0, 0x5e, (uint8_t)(dst >> 16 & 0x7f), (uint8_t)(dst >> 8), (uint8_t)dst}};
	f->eth.src_addr.addr_bytes[0] = 4;
	f->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = 0x45;
	f->ip.total_length = rte_cpu_to_be_16(sizeof(*f) - sizeof(f->eth));
	f->ip.time_to_live = 9;
	f->ip.next_proto_id = proto;
	f->ip.src_addr = rte_cpu_to_be_32(src);
	f->ip.dst_addr = rte_cpu_to_be_32(dst);
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->udp.dgram_len = rte_cpu_to_be_16(sizeof(*f) - sizeof(f->eth) - sizeof(f->ip));
	f->number = number;
	return m;
}

void arrive(struct bed *b, struct rte_mbuf *m)
{
	while (rte_ring_enqueue(b->in[0], m))
		dataplane_poll(b->d);
}

/* One round of whoever forwards: the worker has its own lcore, or it is done here. */
void breathe(struct bed *b)
{
	dataplane_poll(b->d);
	b->dp.ops->reclaim(b->dp.ctx);
}

struct dp_route route_of(uint32_t src, uint32_t grp, uint32_t list)
{
	struct dp_route r = {.n_inputs = 1, .list = list};

	r.inputs[0] = (struct dp_input){.ifid = 1, .flags = DP_INPUT_ACCEPT};
	r.key.src = prefix_host(ip4(src));
	r.key.grp = prefix_host(ip4(grp));
	return r;
}

uint32_t list_of(struct bed *b, uint32_t one, uint32_t two)
{
	uint32_t v[2] = {one, two}, id;

	CHECK(b->dp.ops->list_get(b->dp.ctx, v, 2, &id) == 0);
	return id;
}

struct dp_worker_info info_of(const struct bed *b)
{
	struct dp_worker_info info;

	CHECK(b->dp.ops->worker_info(b->dp.ctx, 0, &info) == 0);
	return info;
}
