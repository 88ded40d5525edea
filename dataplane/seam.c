/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * struct dp_ops over this data plane: the one door through which control comes in. What is more than a
 * call elsewhere is the sending of packets.
 */
#include "dataplane/police.h"

#include <errno.h>

#define RECLAIM_BATCH 65536

/* --- tables ------------------------------------------------------------------------------------------ */

static int op_if_set(void *dp, const struct dp_if *ifp)
{
	return if_set(dp, ifp);
}

static int op_if_del(void *dp, uint16_t ifid)
{
	return if_del(dp, ifid);
}

static int op_local_set(void *dp, const struct dp_local *v, uint32_t n)
{
	return local_set(dp, v, n);
}

static int op_adj_set(void *dp, const struct dp_adj *adj)
{
	return adj_set(dp, adj);
}

static int op_adj_del(void *dp, uint32_t adj)
{
	return adj_del(dp, adj);
}

static int op_oif_set(void *dp, const struct dp_oif *oif)
{
	return oif_set(dp, oif);
}

static int op_oif_del(void *dp, uint32_t oif)
{
	return oif_del(dp, oif);
}

static int op_list_get(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list)
{
	struct dataplane *d = dp;

	return lists_get(&d->lists, oifs, n, d->t.max_oifs, list);
}

/* Without memory to retire the list it stays, with one reference too many: found again by list_get. */
static void op_list_put(void *dp, uint32_t list)
{
	struct dataplane *d = dp;

	if (retire_room(&d->retire) == 0)
		lists_unref(&d->lists, lists_find(&d->lists, list));
}

static int op_route_set(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done)
{
	return route_set(dp, routes, n, done);
}

static int op_route_del(void *dp, const struct dp_route_key *keys, uint32_t n)
{
	return route_del(dp, keys, n);
}

static int op_resync_begin(void *dp)
{
	struct dataplane *d = dp;

	mfib_resync_begin(&d->mfib);
	return 0;
}

static int op_resync_end(void *dp)
{
	struct dataplane *d = dp;
	int err = mfib_resync_end(&d->mfib);

	retire_reclaim(&d->retire, RECLAIM_BATCH);
	return err;
}

static void op_reclaim(void *dp)
{
	struct dataplane *d = dp;

	retire_reclaim(&d->retire, RECLAIM_BATCH);
}

/* --- packets and messages ----------------------------------------------------------------------------- */

static uint32_t op_upcall_recv(void *dp, struct dp_upcall *out, uint32_t n)
{
	return upcall_recv(dp, out, n);
}

static void op_upcall_done(void *dp, const struct dp_upcall *up, enum dp_verdict verdict)
{
	upcall_done(dp, up, verdict);
}

static void op_hold_enable(void *dp, bool on)
{
	hold_enable(dp, on);
}

static void op_hold_info(void *dp, struct dp_hold_info *info)
{
	hold_info(dp, info);
}

static int op_packet_recv(void *dp, struct dp_packet *meta, void *buf, size_t cap)
{
	return punt_recv(dp, meta, buf, cap);
}

/* Copies data into as many buffers as it takes. NULL: the pool is empty. */
static struct rte_mbuf *mbuf_from(struct rte_mempool *pool, const uint8_t *data, size_t len)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(pool), *m = head;

	while (head) {
		size_t n = RTE_MIN(len, (size_t)rte_pktmbuf_tailroom(m));

		memcpy(rte_pktmbuf_mtod(m, void *), data, n);
		m->data_len = (uint16_t)n;
		head->pkt_len += (uint32_t)n;
		data += n;
		len -= n;
		if (!len)
			return head;
		m->next = rte_pktmbuf_alloc(pool);
		if (!m->next)
			break;
		m = m->next;
		m->data_off = 0;
		head->nb_segs++;
	}
	rte_pktmbuf_free(head);
	return NULL;
}

/* Gives a frame to the owner of the port's TX queue: worker 0 always owns queue 0. m is taken over
 * unless there is an error. */
static int frame_send(struct dataplane *d, uint16_t port, struct rte_mbuf *m)
{
	const struct fwd_ports *ports = atomic_load_explicit(&d->t.ports, memory_order_relaxed);
	struct worker *w = d->workers[0];

	if (port >= RTE_MAX_ETHPORTS || !ports->by_id[port].tx_queues) {
		d->drops[DROP_tx_no_port]++;
		return -ENETDOWN;
	}
	if (d->shared) {
		tx_one(w, port, m);
		tx_flush(w);
		return 0;
	}
	m->port = port;
	if (rte_ring_mp_enqueue(w->handoff, m)) {
		d->drops[DROP_handoff_full]++;
		return -ENOBUFS;
	}
	return 0;
}

static enum drop_reason encap_reason(int err)
{
	switch (err) {
	case -ENODEV:
	case -ENETDOWN:
		return DROP_oif_down;
	case -EHOSTUNREACH:
		return DROP_oif_unresolved;
	case -EMSGSIZE:
		return DROP_oif_mtu;
	case -ENOBUFS:
		return DROP_no_mbuf;
	default:
		return DROP_inject_echo;
	}
}

/* What path_encap and this may say, as the seam says it. */
static int send_error(int err)
{
	return err == -EHOSTUNREACH ? -ENETDOWN : err == -EMSGSIZE ? -EINVAL : err;
}

static int packet_out(
	struct dataplane *d, uint16_t ifid, enum dp_send_kind kind, const void *data, size_t len)
{
	struct rte_mbuf *m = mbuf_from(d->t.pool, data, len);
	uint16_t port;
	uint32_t bytes;
	int err;

	if (!m) {
		d->drops[DROP_no_mbuf]++;
		return -ENOBUFS;
	}
	err = path_encap(&d->t, ifid, kind, m, &port);
	if (err) {
		d->drops[encap_reason(err)]++;
		rte_pktmbuf_free(m);
		return send_error(err);
	}
	bytes = (uint32_t)(len - (kind == DP_SEND_FRAME ? RTE_ETHER_HDR_LEN : 0));
	err = frame_send(d, port, m);
	if (err) {
		rte_pktmbuf_free(m);
		return err;
	}
	d->if_ctr[ifid].tx_packets++;
	d->if_ctr[ifid].tx_bytes += bytes;
	return 0;
}

static int op_packet_send(
	void *dp, uint16_t ifid, enum dp_send_kind kind, const void *data, size_t len)
{
	struct dataplane *d = dp;
	int err;

	if (ifid >= DP_IFS_MAX || !d->t.ifs[ifid])
		return -ENODEV;
	if (!len || len > UINT16_MAX + (size_t)RTE_ETHER_HDR_LEN)
		return -EINVAL;
	d->if_ctr[ifid].injected++;
	if (!d->started) {
		d->drops[DROP_oif_down]++;
		err = -ENETDOWN;
	} else {
		err = packet_out(d, ifid, kind, data, len);
	}
	if (err)
		d->if_ctr[ifid].tx_dropped++;
	return err;
}

static void op_drop_count(void *dp, uint16_t ifid, enum drop_reason reason)
{
	struct dataplane *d = dp;

	if (reason >= DROP_COUNT)
		return;
	d->drops[reason]++;
	if (ifid >= DP_IFS_MAX)
		return;
	if (reason == DROP_inject_echo)
		d->if_ctr[ifid].tx_dropped++;
	else
		d->if_ctr[ifid].rx_dropped++;
}

static int op_police_set(void *dp, uint16_t port, const struct dp_police *police)
{
	return police_set(dp, port, police);
}

static int op_police_info(void *dp, uint16_t port, struct dp_police_info *info)
{
	return police_info(dp, port, info);
}

/* --- counters ------------------------------------------------------------------------------------------- */

static int op_route_counters(void *dp, const struct dp_route_key *key, struct dp_route_counters *c)
{
	return stats_route(dp, key, c);
}

static int op_oif_counters(void *dp, uint32_t oif, struct dp_oif_counters *c)
{
	return stats_oif(dp, oif, c);
}

static int op_if_counters(void *dp, uint16_t ifid, struct dp_if_counters *c)
{
	return stats_if(dp, ifid, c);
}

static int op_worker_info(void *dp, uint32_t index, struct dp_worker_info *info)
{
	return stats_worker(dp, index, info);
}

static void op_memory_info(void *dp, struct dp_memory_info *info)
{
	stats_memory(dp, info);
}

static void op_clear_counters(void *dp)
{
	stats_clear(dp);
}

/* --- probes ---------------------------------------------------------------------------------------------- */

static int op_probe_set(void *dp, const struct dp_probe *probe, uint32_t *id)
{
	return probe_set(dp, probe, id);
}

static int op_probe_clear(void *dp, uint32_t id)
{
	return probe_clear(dp, id);
}

static int op_probe_recv(void *dp, uint32_t id, struct dp_probe_record *rec)
{
	return probe_recv(dp, id, rec);
}

static int op_probe_info(void *dp, uint32_t id, struct dp_probe_info *info)
{
	return probe_info(dp, id, info);
}

/* --- the door -------------------------------------------------------------------------------------------- */

static const struct dp_ops ops = {
	.if_set = op_if_set,
	.if_del = op_if_del,
	.local_set = op_local_set,
	.adj_set = op_adj_set,
	.adj_del = op_adj_del,
	.oif_set = op_oif_set,
	.oif_del = op_oif_del,
	.list_get = op_list_get,
	.list_put = op_list_put,
	.route_set = op_route_set,
	.route_del = op_route_del,
	.resync_begin = op_resync_begin,
	.resync_end = op_resync_end,
	.upcall_recv = op_upcall_recv,
	.upcall_done = op_upcall_done,
	.hold_enable = op_hold_enable,
	.hold_info = op_hold_info,
	.packet_recv = op_packet_recv,
	.packet_send = op_packet_send,
	.drop_count = op_drop_count,
	.police_set = op_police_set,
	.police_info = op_police_info,
	.route_counters = op_route_counters,
	.oif_counters = op_oif_counters,
	.if_counters = op_if_counters,
	.worker_info = op_worker_info,
	.memory_info = op_memory_info,
	.clear_counters = op_clear_counters,
	.probe_set = op_probe_set,
	.probe_clear = op_probe_clear,
	.probe_recv = op_probe_recv,
	.probe_info = op_probe_info,
	.reclaim = op_reclaim,
};

struct dp dataplane_seam(struct dataplane *d)
{
	return (struct dp){.ops = &ops, .ctx = d};
}
