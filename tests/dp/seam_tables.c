/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of seam_stress about routing tables: two interfaces in different tables, of which both know the
 * same flow and one the router's address.
 */
#include "tests/dp/seam_bed.h"

#define SRC 0x0a000001u
#define GRP 0xef010101u
#define OTHER_GRP 0xef010102u
#define US 0x0a0000feu
#define TABLE 7
#define N 100

/* A packet comes in on port i (interface i + 1). */
static void arrive_at(struct bed *b, unsigned i, struct rte_mbuf *m)
{
	CHECK(rte_ring_enqueue(b->in[i], m) == 0);
}

static struct rte_mbuf *pim_new(const struct bed *b, unsigned port)
{
	struct rte_mbuf *m = frame_new(b, SRC, US, 103, 0);

	rte_pktmbuf_mtod(m, struct frame *)->eth.dst_addr =
		(struct rte_ether_addr){{2, 0, 0, 0, 0, (uint8_t)port}};
	return m;
}

static void interface_to_table(struct bed *b, unsigned port, uint16_t table)
{
	struct dp_if c = if_of(b, port);

	c.table = table;
	CHECK(b->dp.ops->if_set(b->dp.ctx, &c) == 0);
}

/* N packets went out of a port, those with numbers from first on, and nothing else. */
static void took(struct bed *b, unsigned out, uint32_t first)
{
	void *m;

	WAIT_FOR(b, rte_ring_count(b->out[out]) == N);
	for (uint32_t i = 0; i < N; i++) {
		CHECK(rte_ring_dequeue(b->out[out], &m) == 0);
		CHECK(rte_pktmbuf_mtod((struct rte_mbuf *)m, struct frame *)->number == first + i);
		rte_pktmbuf_free(m);
	}
}

static void each_input_is_forwarded_by_its_table(struct bed *b)
{
	struct dp_route main = route_of(SRC, GRP, list_of(b, 3, 3)),
			other = route_of(SRC, GRP, list_of(b, 4, 4));
	struct dp_route_counters c;

	other.key.table = TABLE;
	other.inputs[0].ifid = 2;
	CHECK(b->dp.ops->route_set(b->dp.ctx, &main, 1, NULL) == 0);
	CHECK(b->dp.ops->route_set(b->dp.ctx, &other, 1, NULL) == 0);
	for (uint32_t i = 0; i < N; i++) {
		arrive_at(b, 0, frame_new(b, SRC, GRP, 17, i));
		arrive_at(b, 1, frame_new(b, SRC, GRP, 17, N + i));
	}
	took(b, 2, 0);
	took(b, 3, N);
	CHECK(b->dp.ops->route_counters(b->dp.ctx, &main.key, &c) == 0);
	CHECK(c.packets == N && c.wrong_if == 0);
	CHECK(b->dp.ops->route_counters(b->dp.ctx, &other.key, &c) == 0);
	CHECK(c.packets == N && c.wrong_if == 0);
	CHECK(b->dp.ops->route_del(b->dp.ctx, &main.key, 1) == 0);
	CHECK(b->dp.ops->route_del(b->dp.ctx, &other.key, 1) == 0);
	b->dp.ops->list_put(b->dp.ctx, main.list);
	b->dp.ops->list_put(b->dp.ctx, other.list);
}

static void signals_name_the_table(struct bed *b)
{
	struct dp_upcall up[2];
	unsigned got = 0;

	arrive_at(b, 0, frame_new(b, SRC, OTHER_GRP, 17, 0));
	arrive_at(b, 1, frame_new(b, SRC, OTHER_GRP, 17, 0));
	WAIT_FOR(b, (got += b->dp.ops->upcall_recv(b->dp.ctx, &up[got], 2 - got), got == 2));
	for (unsigned i = 0; i < 2; i++) {
		CHECK(up[i].kind == DP_UPCALL_NOCACHE);
		CHECK(up[i].table == (up[i].ifid == 2 ? TABLE : DP_TABLE_MAIN));
		b->dp.ops->upcall_done(b->dp.ctx, &up[i], DP_VERDICT_RELEASE);
	}
	CHECK(up[0].ifid != up[1].ifid);
}

/* The class of the next packet for control, and the interface it came in on. */
static unsigned next_class(struct bed *b, uint16_t *ifid)
{
	struct dp_packet meta;
	uint8_t buf[256];
	int got = 0;

	WAIT_FOR(b, (got = got ? got : b->dp.ops->packet_recv(b->dp.ctx, &meta, buf, sizeof(buf)),
			    got == 1));
	*ifid = meta.ifid;
	return meta.cls;
}

static void an_address_is_ours_in_its_table(struct bed *b)
{
	struct dp_local us = {.addr = ip4(US)};
	uint16_t ifid;

	CHECK(b->dp.ops->local_set(b->dp.ctx, &us, 1) == 0);
	arrive_at(b, 0, pim_new(b, 0));
	CHECK(next_class(b, &ifid) != DP_PUNT_exception && ifid == 1);
	arrive_at(b, 1, pim_new(b, 1));
	CHECK(next_class(b, &ifid) == DP_PUNT_exception && ifid == 2);
	us.table = TABLE;
	CHECK(b->dp.ops->local_set(b->dp.ctx, &us, 1) == 0);
	arrive_at(b, 0, pim_new(b, 0));
	CHECK(next_class(b, &ifid) == DP_PUNT_exception && ifid == 1);
	arrive_at(b, 1, pim_new(b, 1));
	CHECK(next_class(b, &ifid) != DP_PUNT_exception && ifid == 2);
	CHECK(b->dp.ops->local_set(b->dp.ctx, NULL, 0) == 0);
}

void two_tables_keep_apart(struct bed *b)
{
	interface_to_table(b, 1, TABLE);
	each_input_is_forwarded_by_its_table(b);
	signals_name_the_table(b);
	an_address_is_ours_in_its_table(b);
	interface_to_table(b, 1, DP_TABLE_MAIN);
	printf("tables: the same flow in two of them, each forwarded, counted and signalled by its own\n");
}
