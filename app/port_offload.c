/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The offloads of a port by name: which of them are used, what for, and why the others are not.
 */
#include "app/port_dev.h"

#include <rte_ethdev.h>

struct known {
	const char *name;
	uint64_t bit; /* of rx or tx offloads; 0: the RSS hash */
	bool rx;
	const char *used, *unused; /* why, where it is announced */
};

static const struct known known[] = {
	{"rss", 0, true, "spreads data over the receive queues by addresses",
		"one receive queue, or switched off by offload.rss"},
	{"ipv4 checksum", RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, true,
		"headers that the port has checked are not checked again", NULL},
	{"scatter", RTE_ETH_RX_OFFLOAD_SCATTER, true, "frames longer than a buffer take several",
		"the MTU fits one buffer"},
	{"udp checksum", RTE_ETH_RX_OFFLOAD_UDP_CKSUM, true, NULL,
		"a router forwards the payload unseen"},
	{"vlan strip", RTE_ETH_RX_OFFLOAD_VLAN_STRIP, true, NULL,
		"tags are read where they are: both of two, and in the same place on every port"},
	{"qinq strip", RTE_ETH_RX_OFFLOAD_QINQ_STRIP, true, NULL,
		"tags are read where they are: both of two, and in the same place on every port"},
	{"timestamp", RTE_ETH_RX_OFFLOAD_TIMESTAMP, true, NULL,
		"nothing here depends on the time of arrival"},
	{"lro", RTE_ETH_RX_OFFLOAD_TCP_LRO, true, NULL, "packets are forwarded as they came"},
	{"multi-segment", RTE_ETH_TX_OFFLOAD_MULTI_SEGS, false,
		"copies share one payload behind headers of their own", NULL},
	{"ipv4 checksum", RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, false, NULL,
		"updated incrementally, which costs less than the flags: shared copies stay "
		"unwritten"},
	{"udp checksum", RTE_ETH_TX_OFFLOAD_UDP_CKSUM, false, NULL, "updated incrementally"},
	{"vlan insert", RTE_ETH_TX_OFFLOAD_VLAN_INSERT, false, NULL,
		"the tag is part of the header that is written anyway; a buffer that outputs share "
		"has one set of flags"},
	{"fast free", RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE, false, NULL,
		"demands that no buffer is shared, and outputs share buffers"},
	{"segmentation", RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO, false, NULL,
		"packets are forwarded as they came"},
};

bool port_offload_get(const struct port_info *info, size_t index, struct port_offload *out)
{
	const struct known *k = &known[index];
	uint64_t capa, used;

	if (index >= RTE_DIM(known))
		return false;
	capa = !k->bit ? info->rss_capa : (k->rx ? info->rx_capa : info->tx_capa) & k->bit;
	used = !k->bit ? info->rss_used : (k->rx ? info->rx_used : info->tx_used) & k->bit;
	*out = (struct port_offload){.name = k->name, .rx = k->rx, .announced = capa, .used = used};
	if (!capa)
		out->why = "the port does not announce it";
	else if (used)
		out->why = k->used ? k->used : "";
	else
		out->why = k->unused ? k->unused : "";
	return true;
}
