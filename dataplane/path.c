/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The frame of a packet that control sends: from a twin or from a protocol. It leaves on the one interface
 * it was sent on and is not routed. Runs on the control lcore, which is the tables' writer.
 */
#include "path.h"

#include <rte_cycles.h>

#include <errno.h>

static int hop_error(enum drop_reason reason)
{
	switch (reason) {
	case IP_FINE:
		return 0;
	case DROP_oif_down:
		return -ENETDOWN;
	case DROP_oif_unresolved:
	case DROP_oif_recursion:
		return -EHOSTUNREACH;
	default:
		return -EINVAL;
	}
}

/* Puts the interface's tags into a frame without any. */
static int encap_frame(const struct fwd_if *ifp, struct rte_mbuf *m)
{
	unsigned tags = ifp->l2_len - ETH_LEN;
	uint8_t *p;

	if (ifp->c.kind != DP_IF_ETHER || m->data_len < ETH_LEN)
		return -EINVAL;
	if (m->pkt_len - ETH_LEN > ifp->c.mtu)
		return -EMSGSIZE;
	if (tags == 0)
		return 0;
	p = mbuf_push(m, tags);
	memmove(p, p + tags, ETH_MACS_LEN);
	memcpy(p + ETH_MACS_LEN, ifp->l2 + ETH_MACS_LEN, tags);
	return 0;
}

/* Family of a packet whose header is there, IP_NONE for anything else. */
static enum ip_family packet_family(const struct rte_mbuf *m)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len >= IP4_LEN && h[0] >> 4 == 4)
		return IP_V4;
	return m->data_len >= IP6_LEN && h[0] >> 4 == 6 ? IP_V6 : IP_NONE;
}

/* The MAC of a group, or the broadcast one; false for unicast: its next hop is the kernel's business. */
static bool group_mac(uint8_t mac[6], const uint8_t *h, enum ip_family family)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (family == IP_V6) {
		eth_group_mac6(mac, h + IP6_DST);
		return ip6_is_multicast(h + IP6_DST);
	}
	if (load32(h + IP4_DST) == UINT32_MAX) {
		memcpy(mac, all, sizeof(all));
		return true;
	}
	eth_group_mac4(mac, h + IP4_DST);
	return ip4_is_multicast(h + IP4_DST);
}

static int encap_ip(
	const struct fwd_tables *t, const struct fwd_if *ifp, struct rte_mbuf *m, uint16_t *port)
{
	enum ip_family family = packet_family(m);
	uint16_t type = family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6, wire_len;
	struct path_hop hop;
	uint8_t mac[6];
	int rc;

	if (family == IP_NONE)
		return -EINVAL;
	rc = hop_error(path_interface(t, ifp, &hop));
	if (rc)
		return rc;
	if (!path_fits(&hop, m->pkt_len, &wire_len))
		return -EMSGSIZE;
	if (hop.tun) {
		type = path_push_gre(m, 0, hop.tun, (uint16_t)rte_rdtsc(), true);
		memcpy(mac, hop.adj->c.mac, sizeof(mac));
	} else if (!group_mac(mac, rte_pktmbuf_mtod(m, const uint8_t *), family)) {
		return -EINVAL;
	}
	memcpy(path_put_l2(m, 0, hop.out, type), mac, sizeof(mac));
	*port = hop.out->c.port;
	return 0;
}

int path_encap(const struct fwd_tables *t, uint16_t ifid, enum dp_send_kind kind,
	struct rte_mbuf *m, uint16_t *port)
{
	const struct fwd_if *ifp = fwd_if_get(t, ifid);

	if (!ifp)
		return -ENODEV;
	if (!ifp->c.up)
		return -ENETDOWN;
	if (rte_pktmbuf_headroom(m) < PUSH_BYTES)
		return -ENOBUFS;
	if (kind == DP_SEND_IP)
		return encap_ip(t, ifp, m, port);
	*port = ifp->c.port;
	return encap_frame(ifp, m);
}
