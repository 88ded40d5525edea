/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage rx: a burst from one queue.
 */
#include "path.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

void stage_rx(struct worker *w, struct burst *b)
{
	struct rte_mbuf *v[BURST];

	b->n = rte_eth_rx_burst(b->port, b->queue, v, BURST);
	for (unsigned i = 0; i < b->n; i++) {
		b->pkts[i].m = v[i];
		rte_prefetch0(rte_pktmbuf_mtod(v[i], const void *));
	}
	if (b->n == 0)
		return;
	b->now = rte_rdtsc(); /* while the first of them is fetched */
	w->info.rx_packets += b->n;
	if (unlikely(fwd_ports_get(w->t)->by_id[b->port].unfinished))
		for (unsigned i = 0; i < b->n; i++)
			frame_finish(v[i]);
}
