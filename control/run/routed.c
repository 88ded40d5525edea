/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets of protocols to unicast addresses. The way is that of a next hop in net: into a tunnel as an IP
 * packet, onto an Ethernet as a frame to the neighbour's MAC. While the MAC is asked for, a few packets
 * wait for a few seconds; a lost one is as any lost packet to a protocol.
 */
#include "control/run/run_priv.h"

#include <errno.h>

#define WAITING_MAX 64u
#define WAIT_US 3000000u
#define ETH_HDR_LEN 14u

struct waiting {
	uint32_t adj; /* a reference of ours; 0: slot free */
	uint64_t until_us;
	uint8_t *data;
	size_t len;
};

struct routed {
	const struct dp *dp;
	struct net *net;
	unsigned n_waiting;
	struct waiting v[WAITING_MAX];
};

struct routed *routed_new(const struct dp *dp, struct net *net)
{
	struct routed *q = calloc(1, sizeof(*q));

	if (q) {
		q->dp = dp;
		q->net = net;
	}
	return q;
}

static void waiting_end(struct routed *q, struct waiting *w)
{
	net_nexthop_put(q->net, w->adj);
	free(w->data);
	*w = (struct waiting){0};
	q->n_waiting--;
}

void routed_free(struct routed *q)
{
	if (!q)
		return;
	for (unsigned i = 0; i < WAITING_MAX; i++)
		if (q->v[i].adj)
			waiting_end(q, &q->v[i]);
	free(q);
}

/* The destination in the IP header; family IP_NONE if it is none. */
static struct ipaddr destination(const uint8_t *data, size_t len)
{
	struct ipaddr ip = {0};

	if (len >= 20 && data[0] >> 4 == 4) {
		ip.family = IP_V4;
		memcpy(ip.b, data + 16, 4);
	} else if (len >= 40 && data[0] >> 4 == 6) {
		ip.family = IP_V6;
		memcpy(ip.b, data + 24, 16);
	}
	return ip;
}

static int frame_send(struct routed *q, const struct net_if *ifp, const uint8_t *mac,
	const uint8_t *data, size_t len)
{
	uint8_t *f = malloc(ETH_HDR_LEN + len);
	uint16_t type = data[0] >> 4 == 4 ? 0x0800 : 0x86dd;
	int rc;

	if (!f)
		return -ENOMEM;
	memcpy(f, mac, 6);
	memcpy(f + 6, ifp->mac, 6);
	f[12] = (uint8_t)(type >> 8);
	f[13] = (uint8_t)type;
	memcpy(f + ETH_HDR_LEN, data, len);
	rc = q->dp->ops->packet_send(q->dp->ctx, ifp->id, DP_SEND_FRAME, f, ETH_HDR_LEN + len);
	free(f);
	return rc;
}

/* -EAGAIN: the MAC is not known. */
static int way_send(struct routed *q, uint32_t adj, const uint8_t *data, size_t len)
{
	struct net_nexthop hop;
	const struct net_if *ifp;

	if (!net_nexthop_info(q->net, adj, &hop))
		return -EHOSTUNREACH;
	ifp = net_if_get(q->net, hop.ifid);
	if (!ifp)
		return -EHOSTUNREACH;
	if (ifp->conf.kind != DP_IF_ETHER)
		return q->dp->ops->packet_send(q->dp->ctx, ifp->id, DP_SEND_IP, data, len);
	if (!hop.resolved)
		return -EAGAIN;
	return frame_send(q, ifp, hop.mac, data, len);
}

static void expire(struct routed *q, uint64_t now_us)
{
	for (unsigned i = 0; i < WAITING_MAX && q->n_waiting > 0; i++)
		if (q->v[i].adj && q->v[i].until_us <= now_us)
			waiting_end(q, &q->v[i]);
}

/* Takes over the reference of adj if it returns 0. */
static int wait_for(
	struct routed *q, uint32_t adj, const uint8_t *data, size_t len, uint64_t now_us)
{
	struct waiting *w = q->v;

	expire(q, now_us);
	if (q->n_waiting == WAITING_MAX)
		return -ENOBUFS;
	while (w->adj)
		w++;
	w->data = malloc(len);
	if (!w->data)
		return -ENOMEM;
	memcpy(w->data, data, len);
	w->len = len;
	w->adj = adj;
	w->until_us = now_us + WAIT_US;
	q->n_waiting++;
	return 0;
}

int routed_send(struct routed *q, uint16_t ifid, const void *data, size_t len, uint64_t now_us)
{
	struct ipaddr dst = destination(data, len);
	uint32_t adj;
	int rc;

	if (ip_is_none(&dst) || ip_is_multicast(&dst))
		return -EINVAL;
	adj = net_nexthop_get(q->net, &dst, ifid);
	if (!adj)
		return -ENOBUFS;
	rc = way_send(q, adj, data, len);
	if (rc == -EAGAIN) {
		rc = wait_for(q, adj, data, len, now_us);
		if (!rc)
			return 0;
	}
	net_nexthop_put(q->net, adj);
	return rc;
}

void routed_changed(struct routed *q, const struct net_change *c, uint64_t now_us)
{
	if (q->n_waiting == 0 || (c->kind != NET_NEIGH && c->kind != NET_RIB))
		return;
	expire(q, now_us);
	for (unsigned i = 0; i < WAITING_MAX; i++)
		if (q->v[i].adj && way_send(q, q->v[i].adj, q->v[i].data, q->v[i].len) != -EAGAIN)
			waiting_end(q, &q->v[i]);
}
