/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The punt class of a packet for control; the frequent case of a flood, our protocols over IPv4, inline.
 */
#pragma once

#include "dataplane/dp_priv.h"
#include "dataplane/hdr/ip4.h"

#define IGMP_QUERY 0x11
#define PIM_VERSION_HELLO 0x20 /* version 2, type 0 (RFC 7761 section 4.9) */

/* Of a protocol packet, which begins with its IPv4 header. */
static inline bool punt_is_hello4(const struct pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod(p->m, const uint8_t *);
	unsigned len = p->m->data_len, at;

	if (unlikely(len < IP4_LEN))
		return false;
	at = (h[0] & 0xfu) * 4;
	if (unlikely(len <= at || (be16(h + IP4_FRAG) & IP4_FRAG_MASK)))
		return false;
	if (likely(h[IP4_PROTO] == IP_PROTO_PIM))
		return h[at] == PIM_VERSION_HELLO;
	return h[IP4_PROTO] == IP_PROTO_IGMP && h[at] == IGMP_QUERY;
}

/* punt_class.c: of any other packet. */
enum dp_punt_class punt_class_other(const struct pkt *p);

/* The class of a packet for control: it begins as stage_punt's comment says. */
static inline enum dp_punt_class punt_class(const struct pkt *p)
{
	if (likely(p->next == PKT_PROTO && p->family == IP_V4))
		return punt_is_hello4(p) ? DP_PUNT_hello : DP_PUNT_proto;
	return punt_class_other(p);
}
