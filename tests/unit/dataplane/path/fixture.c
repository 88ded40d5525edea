/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 */
#include "fixture.h"
#include "tests/dp/runtime_dir.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture fx;
static struct rte_mempool *pool, *small;

/* --- the stages that are not under test ------------------------------------------------------------ */

void mfib_lookup_bulk(const struct fwd_tables *t, struct pkt **pkts, unsigned n, uint8_t family)
{
	unsigned bytes = family == IP_V4 ? 4 : 16;

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *src = rte_pktmbuf_mtod_offset(pkts[i]->m, const uint8_t *,
			pkts[i]->l3 + (family == IP_V4 ? IP4_SRC : IP6_SRC));

		pkts[i]->route = NULL;
		for (unsigned k = 0; k < fx.n_routes; k++)
			if (fx.routes[k].family == family &&
				memcmp(fx.routes[k].src, src, bytes) == 0 &&
				memcmp(fx.routes[k].grp, src + bytes, bytes) == 0)
				pkts[i]->route = fx.routes[k].r;
	}
}

unsigned mfib_lookup_plain(const struct worker *w, struct burst *b, struct pkt **left)
{
	unsigned n_left = 0;

	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkts[i];

		assert_int_equal(p->m->data_off, b->data_off);
		mfib_lookup_bulk(w->t, &p, 1, IP_V4);
		if (p->route && p->route->iif == p->iif && p->route->list &&
			p->route->flags == DP_INPUT_ACCEPT)
			continue;
		p->route = NULL;
		left[n_left++] = p;
	}
	return n_left;
}

void upcall_signal(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p)
{
	fx.upcalls[kind]++;
}

void upcall_wrong(struct worker *w, struct pkt *p)
{
	fx.upcalls[DP_UPCALL_WRONGVIF]++;
}

bool upcall_register(struct worker *w, const struct pkt *p, const uint8_t *src, const uint8_t *dst,
	bool border, uint64_t now)
{
	struct dp_upcall *up = &fx.registered;

	*up = (struct dp_upcall){.kind = DP_UPCALL_REGISTER,
		.ifid = p->iif,
		.len = p->ip_len,
		.outer_src.family = p->family,
		.outer_dst.family = p->family,
		.border = border};
	memcpy(up->outer_src.b, src, ip_bytes(&up->outer_src));
	memcpy(up->outer_dst.b, dst, ip_bytes(&up->outer_dst));
	fx.upcalls[DP_UPCALL_REGISTER]++;
	return true;
}

void upcall_refused(struct worker *w, struct pkt *p)
{
	assert_int_equal(p->iif, DP_IF_REGISTER);
	assert_int_equal(p->told, 1);
	fx.refused++;
}

void upcall_registers(struct worker *w, struct burst *b, uint64_t which)
{
	for (; which; which &= which - 1) {
		struct pkt p = b->pkts[__builtin_ctzll(which)];
		const uint8_t *outer = rte_pktmbuf_mtod_offset(p.m, const uint8_t *, p.l3) -
				       IP4_LEN - REGISTER_LEN;

		assert_int_equal(p.iif, DP_IF_REGISTER);
		p.iif = p.came_in;
		b->pkts[__builtin_ctzll(which)].told = upcall_register(w, &p, outer + IP4_SRC,
			outer + IP4_DST, outer[IP4_LEN + 4] & REGISTER_BORDER, b->now);
	}
}

uint64_t upcall_flow_hash(const struct worker *w, const struct pkt *p)
{
	return 0;
}

void upcall_commands(struct worker *w)
{
}

void upcall_misses(struct worker *w, struct pkt **v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pkt_drop(v[i], DROP_no_route);
	fx.upcalls[DP_UPCALL_NOCACHE] += n;
}

void stage_punt(struct worker *w, struct burst *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkts[i];

		if (p->next == PKT_FORWARD)
			continue;
		if (p->next == PKT_DROP) {
			w->info.drops[p->reason]++;
			rte_pktmbuf_free(p->m);
			continue;
		}
		assert_true(fx.n_punted < FX_QUEUE);
		fx.punted[fx.n_punted] = p->m;
		fx.punted_iif[fx.n_punted] = p->iif;
		fx.punted_next[fx.n_punted++] = p->next;
	}
}

/* --- ports ------------------------------------------------------------------------------------------- */

static uint16_t port_rx(void *q, struct rte_mbuf **v, uint16_t n)
{
	struct fx_port *p = q;
	uint16_t i = 0;

	while (i < n && p->rx_at < p->rx_n)
		v[i++] = p->rx[p->rx_at++];
	return i;
}

static uint16_t port_tx(void *q, struct rte_mbuf **v, uint16_t n)
{
	struct fx_port *p = q;
	uint16_t i = 0;

	while (i < n && p->tx_n < p->tx_room)
		p->tx[p->tx_n++] = v[i++];
	return i;
}

static void ports_install(void)
{
	static void *rx_data[FX_PORTS][4], *tx_data[FX_PORTS][4], *none[4];

	for (unsigned i = 0; i < FX_PORTS; i++) {
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[i];

		rx_data[i][0] = tx_data[i][0] = &fx.port[i];
		fx.port[i].tx_room = FX_QUEUE;
		ops->rx_pkt_burst = port_rx;
		ops->tx_pkt_burst = port_tx;
		ops->rxq.data = rx_data[i];
		ops->txq.data = tx_data[i];
		ops->rxq.clbk = ops->txq.clbk = none;
		fx.ports.ids[i] = (uint16_t)i;
		fx.ports.by_id[i] = (struct dataplane_port){
			.port_id = (uint16_t)i, .rx_queues = 1, .tx_queues = 1, .multi_segs = true};
	}
	fx.ports.n = FX_PORTS;
}

/* --- start and stop ---------------------------------------------------------------------------------- */

int fx_start(void **state)
{
	char prefix[32];
	char *argv[] = {"path", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m",
		"64", "-l", "0", "--log-level=error", "--file-prefix", prefix, NULL};

	snprintf(prefix, sizeof(prefix), "path%d", getpid());
	if (rte_eal_init((int)RTE_DIM(argv) - 1, argv) < 0) {
		fprintf(stderr, "EAL: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	pool = rte_pktmbuf_pool_create(
		"path", FX_POOL, 0, MBUF_PRIV_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	small = rte_pktmbuf_pool_create(
		"small", FX_SMALL, 0, MBUF_PRIV_SIZE, DATAPLANE_SMALL_BYTES, SOCKET_ID_ANY);
	return pool && small ? 0 : -1;
}

void fx_small(void)
{
	fx.t.small = small;
}

int fx_stop(void **state)
{
	rte_mempool_free(small);
	rte_mempool_free(pool);
	eal_end();
	return 0;
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	assert_non_null(p);
	return p;
}

int fx_setup(void **state)
{
	struct worker *w;

	memset(&fx, 0, sizeof(fx));
	ports_install();
	fx.t.max_oifs = 8192;
	fx.t.ifs = zeroed(DP_IFS_MAX, sizeof(*fx.t.ifs));
	fx.t.adjs = zeroed(fx.t.max_oifs, sizeof(*fx.t.adjs));
	fx.t.oifs = zeroed(fx.t.max_oifs, sizeof(*fx.t.oifs));
	fx.t.pool = pool;
	fx.demux.stack_mask = 7;
	fx.demux.stacks = zeroed(8, sizeof(*fx.demux.stacks));
	fx.demux.gre_mask = 7;
	fx.demux.gre = zeroed(8, sizeof(*fx.demux.gre));
	fx.demux.gre_locals = zeroed(8, sizeof(*fx.demux.gre_locals));
	fx.t.ports = &fx.ports;
	fx.t.demux = &fx.demux;
	w = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*w));
	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	w->t = &fx.t;
	w->n_workers = 1;
	w->shared = true;
	w->workers = fx.workers;
	w->handoff = rte_ring_create("handoff", 256, SOCKET_ID_ANY, RING_F_SC_DEQ);
	w->route_ctr = zeroed(FX_ROUTES, sizeof(*w->route_ctr));
	w->oif_ctr = zeroed(fx.t.max_oifs, sizeof(*w->oif_ctr));
	w->if_ctr = zeroed(DP_IFS_MAX, sizeof(*w->if_ctr));
	w->direct = direct_new();
	assert_non_null(w->direct);
	fx.workers[0] = fx.w = w;
	fx.in_use = rte_mempool_in_use_count(pool);
	return w->handoff ? 0 : -1;
}

static void tables_free(void)
{
	for (unsigned i = 0; i < DP_IFS_MAX; i++)
		free(fx.t.ifs[i]);
	for (unsigned i = 0; i < fx.t.max_oifs; i++) {
		free(fx.t.adjs[i]);
		free(fx.t.oifs[i]);
	}
	for (unsigned i = 0; i < fx.n_routes; i++) {
		free((void *)(uintptr_t)fx.routes[i].r->list);
		free(fx.routes[i].r);
	}
	for (unsigned i = 0; i < FX_PORTS; i++)
		free(fx.demux.vlans[i]);
	free(fx.t.ifs);
	free(fx.t.adjs);
	free(fx.t.oifs);
	free(fx.demux.stacks);
	free(fx.demux.gre);
	free(fx.demux.gre_locals);
}

int fx_teardown(void **state)
{
	unsigned left;

	for (unsigned i = 0; i < FX_PORTS; i++)
		for (unsigned k = 0; k < fx.port[i].tx_n; k++)
			rte_pktmbuf_free(fx.port[i].tx[k]);
	for (unsigned i = 0; i < fx.n_punted; i++)
		rte_pktmbuf_free(fx.punted[i]);
	left = rte_mempool_in_use_count(pool) + rte_mempool_in_use_count(small);
	rte_ring_free(fx.w->handoff);
	direct_free(fx.w->direct);
	free(fx.w->route_ctr);
	free(fx.w->oif_ctr);
	free(fx.w->if_ctr);
	free(fx.w);
	tables_free();
	if (left != fx.in_use)
		fprintf(stderr, "%u buffers in use before, %u after\n", fx.in_use, left);
	return left == fx.in_use ? 0 : -1;
}

/* --- tables ------------------------------------------------------------------------------------------ */

struct fwd_if *fx_ether(uint16_t id, uint16_t port, uint16_t vlan)
{
	struct fwd_if *i = zeroed(1, sizeof(*i));
	uint8_t *type = i->l2 + (vlan ? 16 : 12);

	i->c = (struct dp_if){.id = id,
		.kind = DP_IF_ETHER,
		.up = 1,
		.twin = 1,
		.port = port,
		.vlan = vlan,
		.mtu = 1500,
		.mac = {2, 0, 0, 0, 0, (uint8_t)port}};
	i->l2_len = vlan ? 18 : 14;
	memcpy(i->l2 + 6, i->c.mac, 6);
	if (vlan) {
		put_be16(i->l2 + 12, ETH_TYPE_VLAN);
		put_be16(i->l2 + 14, vlan);
	}
	put_be16(type, ETH_TYPE_IP4);
	if (!fx.demux.vlans[port])
		fx.demux.vlans[port] = zeroed(4096, sizeof(uint16_t));
	fx.demux.vlans[port][vlan] = id;
	atomic_store(&fx.t.ifs[id], i);
	return i;
}

struct fwd_if *fx_stack(uint16_t id, uint16_t port, uint16_t tpid, uint16_t outer, uint16_t inner)
{
	uint16_t alone = fx.demux.vlans[port] ? fx.demux.vlans[port][inner] : 0;
	struct fwd_if *i = fx_ether(id, port, inner);
	uint32_t at = fwd_stack_hash(port, outer, inner);

	fx.demux.vlans[port][inner] = alone;
	i->c.vlan = outer;
	i->c.vlan_inner = inner;
	i->c.vlan_tpid = tpid;
	i->l2_len = 22;
	memmove(i->l2 + 16, i->l2 + 12, 6);
	put_be16(i->l2 + 12, tpid);
	put_be16(i->l2 + 14, outer);
	while (fx.demux.stacks[at & fx.demux.stack_mask].ifid)
		at++;
	fx.demux.stacks[at & fx.demux.stack_mask] = (struct fwd_stack_slot){
		.port = port, .outer = outer, .inner = inner, .tpid = tpid, .ifid = id};
	return i;
}

struct fwd_if *fx_tunnel(uint16_t id, uint32_t adj)
{
	struct fwd_if *i = zeroed(1, sizeof(*i));

	i->c = (struct dp_if){.id = id, .kind = DP_IF_GRE, .up = 1, .twin = 1, .mtu = 1476};
	i->c.gre.local = ip4(0x0a090001);
	i->c.gre.remote = ip4(0x0a090002);
	i->c.gre.ttl = 77;
	i->c.gre.adj = adj;
	atomic_store(&fx.t.ifs[id], i);
	fx_tunnel_ready(i);
	return i;
}

void fx_tunnel_ready(struct fwd_if *tun)
{
	const struct dp_gre *g = &tun->c.gre;
	struct fwd_gre_slot s = {
		.key = g->key, .family = g->local.family, .has_key = g->has_key, .ifid = tun->c.id};
	uint32_t at;

	tun->gre = gre_head_of(g);
	for (at = 0; at <= fx.demux.gre_mask; at++)
		if (fx.demux.gre[at].ifid == tun->c.id)
			memset(&fx.demux.gre[at], 0, sizeof(s));
	memcpy(s.local, g->local.b, 16);
	memcpy(s.remote, g->remote.b, 16);
	at = fwd_gre_hash(s.local, s.remote, s.key);
	while (fx.demux.gre[at & fx.demux.gre_mask].ifid)
		at++;
	fx.demux.gre[at & fx.demux.gre_mask] = s;
	fx.demux.gre_locals[fx.demux.n_gre_locals++] = g->local;
}

struct fwd_adj *fx_adj(uint32_t id, enum dp_adj_kind kind, uint16_t ifid, uint8_t mac_end)
{
	struct fwd_adj *a = zeroed(1, sizeof(*a));

	a->c = (struct dp_adj){
		.id = id, .kind = (uint8_t)kind, .ifid = ifid, .mac = {0xaa, 0, 0, 0, 0, mac_end}};
	atomic_store(&fx.t.adjs[id], a);
	return a;
}

struct fwd_oif *fx_oif(uint32_t id, uint16_t ifid)
{
	struct fwd_oif *o = zeroed(1, sizeof(*o));

	free(fx.t.oifs[id]); /* a test may put its own in place of setup's */
	o->c = (struct dp_oif){.id = id, .ifid = ifid};
	atomic_store(&fx.t.oifs[id], o);
	return o;
}

struct fwd_oif *fx_her(uint32_t id, uint16_t ifid, uint32_t adj)
{
	struct fwd_oif *o = fx_oif(id, ifid);

	o->c.her_dst = ip4(0xc0000207);
	o->c.her_src = ip4(0xc6336401);
	o->c.her_port = 6000;
	o->c.her_ttl = 64;
	o->c.adj = adj;
	return o;
}

struct fwd_oif *fx_register(uint32_t id, uint16_t ifid, uint32_t adj, uint8_t family)
{
	struct fwd_oif *o = zeroed(1, sizeof(*o) + sizeof(o->head[0]));

	free(fx.t.oifs[id]);
	o->c = (struct dp_oif){.id = id,
		.ifid = ifid,
		.encap = DP_ENCAP_REGISTER,
		.her_dst = ip4(0xc00002fe),
		.her_src = ip4(0xc6336401),
		.her_ttl = 64,
		.adj = adj};
	if (family == IP_V6) {
		assert_int_equal(ip_parse("2001:db8:2::fe", &o->c.her_dst), 0);
		assert_int_equal(ip_parse("2001:db8:9::1", &o->c.her_src), 0);
	}
	register_head_make(o->head, family, o->c.her_src.b, o->c.her_dst.b, o->c.her_ttl);
	atomic_store(&fx.t.oifs[id], o);
	return o;
}

struct mfib_route *fx_route(uint8_t family, uint16_t iif, uint32_t first, uint32_t n)
{
	struct fx_route *f = &fx.routes[fx.n_routes];
	struct mfib_route *r = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*r));
	struct oif_list *list = zeroed(1, sizeof(*list) + n * sizeof(uint32_t));
	uint8_t packet[128];
	bool v4 = family == IP_V4;

	assert_non_null(r);
	(v4 ? fx_ip4 : fx_ip6)(packet, 64);
	memset(r, 0, sizeof(*r));
	list->n = n;
	list->serial = fx.n_routes + 1;
	for (uint32_t i = 0; i < n; i++)
		list->oifs[i] = first + i;
	r->iif = iif;
	r->flags = DP_INPUT_ACCEPT;
	r->family = family;
	r->list = list;
	r->counter = fx.n_routes++;
	f->family = family;
	f->r = r;
	memcpy(f->src, packet + (v4 ? IP4_SRC : IP6_SRC), v4 ? 4 : 16);
	memcpy(f->grp, packet + (v4 ? IP4_DST : IP6_DST), v4 ? 4 : 16);
	return r;
}

/* --- packets ----------------------------------------------------------------------------------------- */

/* Bytes as a chain of segments of at most seg bytes. */
static struct rte_mbuf *chain(const uint8_t *p, unsigned len, unsigned seg)
{
	struct rte_mbuf *head = NULL;

	for (unsigned at = 0; at < len || !head;) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		unsigned n = RTE_MIN(seg ? seg : len, len - at);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), p + at, n);
		at += n;
		if (head)
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
		else
			head = m;
	}
	return head;
}

struct rte_mbuf *fx_frame(const struct fwd_if *ifp, const uint8_t *ip, unsigned len, uint16_t type,
	bool unicast, unsigned seg)
{
	uint8_t f[16384];
	unsigned l2 = ifp->l2_len;

	assert_true(l2 + len <= sizeof(f));
	memcpy(f, ifp->l2, l2);
	memcpy(f, ifp->c.mac, 6);
	if (!unicast)
		memcpy(f, (uint8_t[]){1, 0, 0x5e, 1, 1, 1}, 6);
	memset(f + 6, 0x22, 6);
	put_be16(f + l2 - 2, type);
	memcpy(f + l2, ip, len);
	return chain(f, l2 + len, seg);
}

void fx_rx(uint16_t port, struct rte_mbuf *m)
{
	struct fx_port *p = &fx.port[port];

	assert_true(p->rx_n < FX_QUEUE);
	p->rx[p->rx_n++] = m;
}

void fx_rx4(const struct fwd_if *ifp, unsigned ip_len)
{
	uint8_t ip[16384];

	fx_rx(ifp->c.port, fx_frame(ifp, ip, fx_ip4(ip, ip_len), ETH_TYPE_IP4, false, 0));
}

unsigned fx_bytes(const struct rte_mbuf *m, uint8_t *out, unsigned cap)
{
	unsigned n = 0;

	assert_true(m->pkt_len <= cap);
	for (const struct rte_mbuf *s = m; s; s = s->next) {
		memcpy(out + n, rte_pktmbuf_mtod(s, const void *), s->data_len);
		n += s->data_len;
	}
	assert_int_equal(n, m->pkt_len);
	rte_mbuf_sanity_check(m, 1);
	return n;
}

void fx_run(void)
{
	unsigned rounds = 0;

	fx.t.gen++; /* a test changes the tables as it likes between two runs */
	while (worker_step(fx.w))
		assert_true(++rounds < 10000);
}

uint64_t fx_drops(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < DROP_COUNT; i++)
		n += fx.w->info.drops[i];
	return n;
}
