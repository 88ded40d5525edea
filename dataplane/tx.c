/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage tx: frames are collected by port and sent TXBUF at a time, the rest at the end of the round.
 * Worker number i owns TX queue i of each port; a port may have fewer queues than there are workers, then
 * the others hand their frames to an owner by its ring, the port's id in the buffer.
 */
#include "path.h"
#include "probe.h"

#include <rte_ethdev.h>

/* Tries in a row without progress before frames are given up: the queue is full or stuck. */
#define TX_TRIES 8
/* A run of so many goes to the port as it is, fewer are collected. */
#define TX_DIRECT 16

static_assert(RTE_MAX_ETHPORTS <= 64, "ports fit the bits of tx_dirty");

static void frames_drop(
	struct worker *w, uint16_t port, struct rte_mbuf **v, unsigned n, enum drop_reason reason)
{
	if (n == 0)
		return;
	if (unlikely(w->probes))
		probe_frames_dropped(w, port, v, n, reason);
	rte_pktmbuf_free_bulk(v, n);
	w->info.drops[reason] += n;
}

/* Frames for a queue that another worker owns. */
static void tx_hand_over(struct worker *w, uint16_t port, uint16_t queues, struct txbuf *tb)
{
	struct worker *owner = w->workers[w->index % queues];
	unsigned n;

	for (unsigned i = 0; i < tb->n; i++)
		tb->v[i]->port = port;
	n = rte_ring_enqueue_burst(owner->handoff, (void **)tb->v, tb->n, NULL);
	frames_drop(w, port, tb->v + n, tb->n - n, DROP_handoff_full);
}

static void tx_own(struct worker *w, uint16_t port, struct rte_mbuf **v, unsigned n)
{
	unsigned sent = 0;

	for (int tries = 0; sent < n && tries < TX_TRIES; tries++) {
		uint16_t now =
			rte_eth_tx_burst(port, (uint16_t)w->index, v + sent, (uint16_t)(n - sent));

		if (now)
			tries = 0;
		sent += now;
	}
	w->info.tx_packets += sent;
	frames_drop(w, port, v + sent, n - sent, DROP_tx_full);
}

/* Sends what is collected for a port. */
static void tx_send(struct worker *w, uint16_t port)
{
	uint16_t queues = fwd_ports_get(w->t)->by_id[port].tx_queues;
	struct txbuf *tb = &w->tx[port];

	if (unlikely(queues == 0))
		frames_drop(w, port, tb->v, tb->n, DROP_tx_no_port);
	else if (likely(w->index < queues))
		tx_own(w, port, tb->v, tb->n);
	else
		tx_hand_over(w, port, queues, tb);
	if (unlikely(w->probes))
		probe_frames_gone(w, port, tb->v, tb->n);
	tb->n = 0;
}

static inline void tx_put(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct txbuf *tb = &w->tx[port];

	w->tx_dirty |= UINT64_C(1) << port;
	tb->v[tb->n++] = m;
	if (unlikely(tb->n == TXBUF))
		tx_send(w, port);
}

void tx_one(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	if (port < RTE_MAX_ETHPORTS)
		tx_put(w, port, m);
	else
		frames_drop(w, port, &m, 1, DROP_tx_no_port);
}

void tx_run(struct worker *w, uint16_t port, struct rte_mbuf **v, unsigned n)
{
	if (n < TX_DIRECT) {
		for (unsigned i = 0; i < n; i++)
			tx_put(w, port, v[i]);
		return;
	}
	if (w->tx[port].n)
		tx_send(w, port);
	tx_own(w, port, v, n);
}

void stage_tx(struct worker *w, struct burst *b)
{
	if (unlikely(w->fragments)) {
		frag_tx(w);
		return;
	}
	for (unsigned i = 0; i < w->n_copies; i++)
		if (likely(w->copies[i].m))
			tx_put(w, w->copies[i].plan->port, w->copies[i].m);
}

void tx_flush(struct worker *w)
{
	for (uint64_t left = w->tx_dirty; left; left &= left - 1) {
		uint16_t port = (uint16_t)__builtin_ctzll(left);

		if (w->tx[port].n)
			tx_send(w, port);
	}
	w->tx_dirty = 0;
}

unsigned tx_handoff_in(struct worker *w)
{
	void *v[TXBUF];
	unsigned n, total = 0;

	/* bounded: others fill the ring while we empty it */
	do {
		n = rte_ring_dequeue_burst(w->handoff, v, TXBUF, NULL);
		for (unsigned i = 0; i < n; i++) {
			struct rte_mbuf *m = v[i];

			tx_one(w, m->port, m);
		}
		total += n;
	} while (n == TXBUF && total < 4 * TXBUF);
	return total;
}
