/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What most packets are, as whole words, for the ways that are only for them (classify.c, unwrap.c): these
 * questions say yes or nothing; who is told nothing asks them again one by one.
 */
#pragma once

#include "path.h"

/* An IPv4 header without options: the checksum over it holds. The sum of 64-bit words with their carries is,
 * like that of 16-bit ones, a multiple of 0xffff; it is not zero, for the version is not. */
static __rte_always_inline bool plain_sum_holds(const uint8_t *h)
{
	uint64_t sum, carry;

	carry = __builtin_add_overflow(load64(h), load64(h + 8), &sum);
	carry += __builtin_add_overflow(sum, (uint64_t)load32(h + 16), &sum);
	carry = __builtin_add_overflow(sum, carry, &sum);
	return (sum + carry) % 0xffff == 0;
}

/* The buffer begins as a burst's first one does (its rearm_data, of which that is known which matters), and so do
 * the bytes in it. */
static __rte_always_inline bool plain_buffer(const struct rte_mbuf *m, uint64_t rearm)
{
	return load64(m->rearm_data) == rearm &&
	       !(m->ol_flags &
		       (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));
}

/* The frame is untagged IPv4 without options. */
static __rte_always_inline bool plain_frame(const uint8_t *frame)
{
	const uint8_t start[4] = {ETH_TYPE_IP4 >> 8, ETH_TYPE_IP4 & 0xff, IP4_PLAIN, 0};
	const uint8_t mask[4] = {0xff, 0xff, 0xff, 0};

	return (load32(frame + ETH_MACS_LEN) & load32(mask)) == load32(start);
}

/* What is at h, where avail bytes are and at least IP4_LEN, begins like IPv4 without options: the length of the
 * packet if it is for a group that may be routed, from a source that may send there, with a hop to spend;
 * else 0. */
static __rte_always_inline uint32_t plain_data(const uint8_t *h, uint32_t avail, bool sum_known)
{
	/* 224.0.1.0 to 239.255.255.255 */
	const uint32_t group = ntohl(load32(h + IP4_DST)) - 0xe0000100u;
	const uint32_t len = be16(h + IP4_TOTAL);

	if (unlikely(len != avail && (len < IP4_LEN || len > avail)))
		return 0;
	if (unlikely(group >= 0x10000000u - 0x100u || h[IP4_TTL] <= 1 ||
		     h[IP4_PROTO] == IP_PROTO_IGMP || ip4_source(h + IP4_SRC) != IP_FINE))
		return 0;
	return sum_known || likely(plain_sum_holds(h)) ? len : 0;
}

/* Somebody has verified the checksum of the (outer) IP header. */
static __rte_always_inline bool plain_sum_known(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/* From iif to l3 of a packet in one go: as in `like`, but for length and TTL, which are zero there. */
static __rte_always_inline void plain_word_put(
	struct pkt *p, uint64_t like, uint32_t len, uint8_t ttl)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	like |= (uint64_t)len << 16 | (uint64_t)ttl << 40;
#else
	like |= (uint64_t)len << 32 | (uint64_t)ttl << 16;
#endif
	memcpy(&p->iif, &like, sizeof(like));
}
static_assert(offsetof(struct pkt, ip_len) == offsetof(struct pkt, iif) + 2 &&
		      offsetof(struct pkt, ttl) == offsetof(struct pkt, iif) + 5,
	"where plain_word_put puts them");
