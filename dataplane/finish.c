/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Unfinished checksums. On a veth, and from a virtual machine, the kernel at the other end leaves the TCP
 * or UDP checksum to a NIC that is not there: the field holds the sum of the pseudo-header only, and a
 * packet socket does not say so. Who forwards such a packet must finish it, or its receivers drop it.
 *
 * Only on ports above a kernel netdev. The test is the field itself: where it holds exactly that sum, the
 * full checksum is computed. For a packet that was complete, and whose checksum happens to be that
 * number, the computation gives the same number again.
 */
#include "dp_priv.h"

#include <rte_ip.h>

#define PROTO_TCP 6
#define PROTO_UDP 17
#define TCP_CSUM 16 /* offset of the checksum in the header */
#define UDP_CSUM 6
#define IP4_FRAGMENT 0x3fff /* more fragments, or an offset */

/* The transport part of a packet in one segment. */
struct l4 {
	uint8_t *start;
	uint32_t len;
	uint8_t proto;
	uint32_t addr_sum; /* of both addresses */
};

static bool l4_of_ip4(uint8_t *h, uint32_t left, struct l4 *l4)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)h;
	uint32_t ihl, total;

	if (left < sizeof(*ip))
		return false;
	ihl = (ip->version_ihl & 0xf) * 4u;
	total = rte_be_to_cpu_16(ip->total_length);
	if (ip->version_ihl >> 4 != 4 || ihl < sizeof(*ip) || total < ihl || total > left ||
		(ip->fragment_offset & rte_cpu_to_be_16(IP4_FRAGMENT)))
		return false;
	*l4 = (struct l4){.start = h + ihl,
		.len = total - ihl,
		.proto = ip->next_proto_id,
		.addr_sum = rte_raw_cksum(&ip->src_addr, 8)};
	return true;
}

static bool l4_of_ip6(uint8_t *h, uint32_t left, struct l4 *l4)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)h;
	uint32_t len;

	if (left < sizeof(*ip))
		return false;
	len = rte_be_to_cpu_16(ip->payload_len);
	if (len > left - sizeof(*ip))
		return false;
	*l4 = (struct l4){.start = h + sizeof(*ip),
		.len = len,
		.proto = ip->proto,
		.addr_sum = rte_raw_cksum(ip->src_addr, 32)};
	return true;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void l4_finish(const struct l4 *l4)
{
	uint32_t at = l4->proto == PROTO_UDP ? UDP_CSUM : TCP_CSUM;
	uint16_t pseudo, field, csum;

	if ((l4->proto != PROTO_UDP && l4->proto != PROTO_TCP) || l4->len < at + 2)
		return;
	pseudo = fold(
		l4->addr_sum + rte_cpu_to_be_16(l4->proto) + rte_cpu_to_be_16((uint16_t)l4->len));
	memcpy(&field, l4->start + at, sizeof(field));
	if (field != pseudo || field == 0)
		return;
	csum = (uint16_t)~rte_raw_cksum(l4->start, l4->len);
	if (csum == 0 && l4->proto == PROTO_UDP)
		csum = 0xffff;
	memcpy(l4->start + at, &csum, sizeof(csum));
}

static bool is_tag(uint16_t type)
{
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
	       type == rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ);
}

void frame_finish(struct rte_mbuf *m)
{
	uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t left = m->data_len, at = RTE_ETHER_HDR_LEN;
	struct l4 l4 = {0};
	uint16_t type;

	if (m->nb_segs != 1 || left < at + 4)
		return;
	memcpy(&type, h + at - 2, sizeof(type));
	for (int tags = 0; tags < 2 && left >= at + 4 && is_tag(type); tags++) {
		at += 4;
		memcpy(&type, h + at - 2, sizeof(type));
	}
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)
			? l4_of_ip4(h + at, left - at, &l4)
			: type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
				  l4_of_ip6(h + at, left - at, &l4))
		l4_finish(&l4);
}
