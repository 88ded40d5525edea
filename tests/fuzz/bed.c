/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * See bed.h.
 */
#include "tests/fuzz/bed.h"

#include <rte_ethdev.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>

#define BED_HZ 1000000000ull

static struct bed bed;

/* In place of the EAL's, which was not initialised and would say 0. */
uint64_t rte_get_tsc_hz(void)
{
	return BED_HZ;
}

const char *__asan_default_options(void);

/* Every buffer is a malloc: a small quarantine keeps the run in the caches. */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=16:detect_leaks=1:handle_abort=1";
}

/* --- ports ------------------------------------------------------------------------------------------- */

static uint16_t port_rx(void *q, struct rte_mbuf **v, uint16_t n)
{
	struct bed_port *p = q;
	uint16_t i = 0;

	while (i < n && p->rx_at < p->rx_n)
		v[i++] = p->rx[p->rx_at++];
	if (p->rx_at == p->rx_n)
		p->rx_at = p->rx_n = 0;
	return i;
}

static uint16_t port_tx(void *q, struct rte_mbuf **v, uint16_t n)
{
	struct bed_port *p = q;
	uint16_t i = 0;

	while (i < n && p->tx_n < p->tx_room)
		p->tx[p->tx_n++] = v[i++];
	return i;
}

static void ports_install(struct bed *b)
{
	static void *data[BED_PORTS][4], *none[4];

	for (uint16_t i = 0; i < BED_PORTS; i++) {
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[i];
		struct dataplane_port p = {.port_id = i, .rx_queues = 1, .tx_queues = 1};

		data[i][0] = &b->port[i];
		b->port[i].tx_room = BED_QUEUE;
		ops->rx_pkt_burst = port_rx;
		ops->tx_pkt_burst = port_tx;
		ops->rxq.data = ops->txq.data = data[i];
		ops->rxq.clbk = ops->txq.clbk = none;
		FUZZ_CHECK(dataplane_port_add(&b->d, &p) == 0);
	}
}

void bed_multi_segs(struct bed *b, bool on)
{
	struct fwd_ports *p = atomic_load(&b->d.t.ports);

	for (unsigned i = 0; i < BED_PORTS; i++)
		p->by_id[i].multi_segs = on;
}

/* --- interfaces, neighbours, outputs ----------------------------------------------------------------- */

static const struct dp_if ethers[] = {
	{.id = 1, .port = 0, .twin = 1, .proto = 0xff, .mtu = 1500},
	{.id = 2, .port = 1, .twin = 1, .proto = 0xff, .mtu = 9000},
	{.id = 3, .port = 1, .vlan = 100, .twin = 1, .mtu = 1500},
	{.id = 4, .port = 2, .mtu = 9000},
	{.id = 5, .port = 3, .twin = 1, .proto = DP_PROTO_IGMP, .mtu = 600},
	{.id = 12, .port = 0, .vlan = 7, .twin = 1, .mtu = 1500},
};

struct tunnel {
	uint16_t id;
	const char *local, *remote;
	int key;
	uint8_t checksum, dscp_inherit;
};

static const struct tunnel tunnels[] = {
	{6, "10.1.0.1", "10.1.0.9", -1, 0, 1},
	{7, "10.1.0.1", "10.1.0.9", 7, 1, 0},
	{8, "2001:db8:1::1", "2001:db8:1::9", 9, 1, 1},
	{9, "10.1.0.9", "10.1.0.1", -1, 0, 1},
	{10, "10.1.0.9", "10.1.0.1", 7, 1, 0},
	{11, "2001:db8:1::9", "2001:db8:1::1", 9, 1, 1},
};

static void interfaces_make(struct bed *b)
{
	for (unsigned i = 0; i < RTE_DIM(ethers); i++) {
		struct dp_if c = ethers[i];

		c.kind = DP_IF_ETHER;
		c.up = c.id != 12;
		memcpy(c.mac, (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)c.port}, 6);
		FUZZ_CHECK(if_set(&b->d, &c) == 0);
	}
	for (unsigned i = 0; i < RTE_DIM(tunnels); i++) {
		const struct tunnel *t = &tunnels[i];
		struct dp_if c = {.id = t->id,
			.kind = DP_IF_GRE,
			.up = 1,
			.twin = i < 3,
			.proto = i < 3 ? 0xff : 0,
			.mtu = 8900};

		FUZZ_CHECK(ip_parse(t->local, &c.gre.local) == 0);
		FUZZ_CHECK(ip_parse(t->remote, &c.gre.remote) == 0);
		c.gre.has_key = t->key >= 0;
		c.gre.key = t->key >= 0 ? (uint32_t)t->key : 0;
		c.gre.checksum = t->checksum;
		c.gre.dscp_inherit = t->dscp_inherit;
		c.gre.dscp = 46;
		c.gre.ttl = 33;
		c.gre.adj = 1;
		FUZZ_CHECK(if_set(&b->d, &c) == 0);
	}
}

/* Adjacencies: 1 a neighbour on interface 2, 2 the tunnel 6, 3 unresolved, 4 a neighbour on interface 5. */
static void neighbours_make(struct bed *b)
{
	const struct dp_adj v[] = {
		{.id = 1, .kind = DP_ADJ_ETHER, .mac = {2, 0, 0, 0, 0xb, 9}, .ifid = 2},
		{.id = 2, .kind = DP_ADJ_IF, .ifid = 6},
		{.id = 3, .kind = DP_ADJ_UNRESOLVED, .ifid = 2},
		{.id = 4, .kind = DP_ADJ_ETHER, .mac = {2, 0, 0, 0, 0xb, 4}, .ifid = 5},
	};

	for (unsigned i = 0; i < RTE_DIM(v); i++)
		FUZZ_CHECK(adj_set(&b->d, &v[i]) == 0);
}

static void unicast_make(struct bed *b, uint32_t id, uint16_t ifid, const char *dst,
	const char *src, uint16_t port, uint32_t adj)
{
	struct dp_oif o = {.id = id, .ifid = ifid, .her_port = port, .her_ttl = 64, .adj = adj};

	o.allow_input = id & 1;
	FUZZ_CHECK(ip_parse(dst, &o.her_dst) == 0);
	if (src)
		FUZZ_CHECK(ip_parse(src, &o.her_src) == 0);
	FUZZ_CHECK(oif_set(&b->d, &o) == 0);
}

/* oifs 1 to 12 are the interfaces themselves, 21 and up unicast receivers. */
static void outputs_make(struct bed *b)
{
	for (uint32_t i = 1; i <= BED_IFS; i++) {
		struct dp_oif o = {.id = i, .ifid = (uint16_t)i, .ttl_threshold = i == 4 ? 16 : 0};

		FUZZ_CHECK(oif_set(&b->d, &o) == 0);
	}
	unicast_make(b, 21, 2, "10.1.0.5", "10.1.0.1", 6000, 1);
	unicast_make(b, 22, 2, "10.1.0.6", NULL, 0, 1);
	unicast_make(b, 23, 6, "10.8.0.1", "169.254.0.1", 7000, 2);
	unicast_make(b, 24, 2, "2001:db8:1::5", "2001:db8:1::1", 6000, 1);
	unicast_make(b, 25, 5, "10.3.0.9", "10.3.0.1", 0, 4);
	unicast_make(b, 26, 2, "10.1.0.7", "10.1.0.1", 1, 3);
	unicast_make(b, 27, 5, "2001:db8:3::9", NULL, 9, 4);
}

static void register_make(
	struct bed *b, uint32_t id, uint16_t ifid, const char *dst, const char *src, uint32_t adj)
{
	struct dp_oif o = {.id = id,
		.ifid = ifid,
		.encap = DP_ENCAP_REGISTER,
		.her_ttl = 64,
		.her_set_dscp = id & 1,
		.her_dscp = 48,
		.adj = adj};

	o.allow_input = id & 1;
	FUZZ_CHECK(ip_parse(dst, &o.her_dst) == 0 && ip_parse(src, &o.her_src) == 0);
	FUZZ_CHECK(oif_set(&b->d, &o) == 0);
}

/* oifs 28 and up: to RPs by neighbours, through a tunnel, and to this router itself. */
static void registers_make(struct bed *b)
{
	struct dp_local own[2] = {{.table = DP_TABLE_MAIN}, {.table = DP_TABLE_MAIN}};

	FUZZ_CHECK(ip_parse("10.0.0.254", &own[0].addr) == 0);
	FUZZ_CHECK(ip_parse("2001:db8::254", &own[1].addr) == 0);
	FUZZ_CHECK(local_set(&b->d, own, RTE_DIM(own)) == 0);
	register_make(b, 28, 2, "10.9.9.9", "10.0.0.254", 1);
	register_make(b, 29, 6, "10.9.9.8", "10.0.0.254", 2);
	register_make(b, 30, 5, "10.9.9.7", "10.0.0.254", 4);
	register_make(b, 31, 2, "2001:db8:9::9", "2001:db8::254", 1);
	register_make(b, 32, 2, "10.0.0.254", "10.0.0.254", 1);
}

void bed_mtu(struct bed *b, uint16_t ifid, unsigned mtu)
{
	struct dp_if c = b->d.t.ifs[ifid]->c;

	c.mtu = (uint16_t)mtu;
	__lsan_disable();
	FUZZ_CHECK(if_set(&b->d, &c) == 0);
	__lsan_enable();
}

void bed_route(struct bed *b, const char *src, const char *grp, uint16_t iif, const uint32_t *oifs)
{
	struct dp_route r = {.n_inputs = 1};
	uint32_t n = 0;

	while (oifs[n])
		n++;
	__lsan_disable();
	FUZZ_CHECK(prefix_parse(grp, &r.key.grp) == 0);
	r.key.src.addr.family = r.key.grp.addr.family;
	if (strcmp(src, "*") != 0)
		FUZZ_CHECK(prefix_parse(src, &r.key.src) == 0);
	r.inputs[0] = (struct dp_input){.ifid = iif, .flags = DP_INPUT_ACCEPT};
	FUZZ_CHECK(lists_get(&b->d.lists, oifs, n, b->d.t.max_oifs, &r.list) == 0);
	FUZZ_CHECK(route_set(&b->d, &r, 1, NULL) == 0);
	__lsan_enable();
}

/* --- the one bed ------------------------------------------------------------------------------------- */

static struct worker *worker_make(struct dataplane *d)
{
	struct worker *w =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*w), RTE_CACHE_LINE_SIZE));

	FUZZ_CHECK(w);
	memset(w, 0, sizeof(*w));
	w->d = d;
	w->t = &d->t;
	w->n_workers = 1;
	w->workers = d->workers;
	w->shared = true;
	d->workers[0] = w;
	w->direct = direct_new();
	FUZZ_CHECK(w->direct && worker_counters_new(w) == 0 && worker_rings_new(w) == 0);
	return w;
}

struct bed *bed_get(void)
{
	struct dataplane *d = &bed.d;

	if (bed.w)
		return &bed;
	__lsan_disable(); /* tables lie in mapped memory, which the leak check does not read */
	d->conf.wake_fd = -1;
	d->shared = true;
	d->n_workers = 1;
	d->t.max_routes = 1024;
	d->t.max_oifs = 1024;
	memset(d->t.seed, 0x5a, sizeof(d->t.seed));
	FUZZ_CHECK(tables_new(d) == 0);
	bed.rx_pool = fuzz_pool_new(BED_FRAME_MAX);
	bed.rx_pieces = fuzz_pool_new(256);
	d->t.pool = fuzz_pool_new(2048);
	bed.w = worker_make(d);
	d->started = true;
	ports_install(&bed);
	interfaces_make(&bed);
	neighbours_make(&bed);
	outputs_make(&bed);
	registers_make(&bed);
	__lsan_enable();
	return &bed;
}

/* --- packets ----------------------------------------------------------------------------------------- */

struct rte_mbuf *bed_chain(struct bed *b, const uint8_t *frame, size_t len, size_t seg)
{
	if (!seg || seg > 256)
		return fuzz_chain(b->rx_pool, frame, len, seg);
	if (len > seg * BED_SEGS_MAX)
		seg = len / BED_SEGS_MAX + 1;
	return fuzz_chain(b->rx_pieces, frame, len, seg);
}

/* The direct lane copies small packets in blocks: what it takes with them of the same buffer is nobody's. */
#define LANE_BLOCK 64

void bed_rx(struct bed *b, unsigned port, struct rte_mbuf *m)
{
	struct bed_port *p = &b->port[port];

	if (m->nb_segs == 1)
		fuzz_tail_open(m, LANE_BLOCK);
	FUZZ_CHECK(p->rx_n < BED_QUEUE);
	m->port = (uint16_t)port;
	p->rx[p->rx_n++] = m;
}

void bed_run(struct bed *b)
{
	unsigned rounds = 0;

	while (worker_step(b->w))
		FUZZ_CHECK(++rounds < 1000);
}

void bed_control(struct bed *b)
{
	static uint8_t buf[BED_FRAME_MAX];
	struct dp_packet meta;
	struct dp_upcall up;

	while (punt_recv(&b->d, &meta, buf, sizeof(buf))) {
		FUZZ_CHECK(meta.cls < DP_PUNT_CLASSES && meta.ifid && meta.ifid <= BED_IFS);
		FUZZ_CHECK(meta.len && meta.len <= sizeof(buf));
		FUZZ_CHECK(meta.family == 0 || meta.family == 4 || meta.family == 6);
		if (meta.cls == DP_PUNT_proto || meta.ifid >= 6)
			FUZZ_CHECK(buf[0] >> 4 == meta.family);
	}
	while (upcall_recv(&b->d, &up, 1)) {
		FUZZ_CHECK(up.kind < DP_UPCALL_KINDS && up.ifid && up.ifid <= BED_IFS);
		FUZZ_CHECK(up.src.family == up.grp.family && ip_is_multicast(&up.grp));
		if (up.kind == DP_UPCALL_REGISTER)
			FUZZ_CHECK(up.outer_src.family == up.src.family &&
				   up.outer_dst.family == up.src.family && up.border <= 1);
		upcall_done(&b->d, &up, DP_VERDICT_RELEASE);
	}
	retire_reclaim(&b->d.retire, 1024);
}

void bed_sent_free(struct bed *b)
{
	for (unsigned i = 0; i < BED_PORTS; i++) {
		rte_pktmbuf_free_bulk(b->port[i].tx, b->port[i].tx_n);
		b->port[i].tx_n = 0;
	}
}
