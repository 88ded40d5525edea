/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The source and destination of a frame as far as they can be read, whether its headers are sound or not:
 * of its IP packet, and of the packets inside if that is GRE, a PIM Register, or a Register in GRE. For
 * those who look on (probes), not for those who decide.
 */
#pragma once

#include "dataplane/seam/addr.h"
#include "register.h"

#define FLOW_BYTES 192 /* of a frame that are looked at: all headers of any sound one */
#define FLOW_TAGS 2
#define FLOWS_MAX 3 /* of a frame */

struct flow {
	struct ipaddr src, dst;
};

/* The packet at h, n bytes of it; *inner: what follows its header, if that may be another packet, else NULL. */
static inline bool flow_of_ip(
	const uint8_t *h, unsigned n, uint16_t type, struct flow *f, const uint8_t **inner)
{
	unsigned hl = IP6_LEN;
	uint8_t proto;

	*inner = NULL;
	memset(f, 0, sizeof(*f));
	if (type == ETH_TYPE_IP4) {
		if (n < IP4_LEN)
			return false;
		f->src = ip4_be(load32(h + IP4_SRC));
		f->dst = ip4_be(load32(h + IP4_DST));
		hl = (h[0] & 0xfu) * 4;
		proto = h[IP4_PROTO];
	} else {
		if (type != ETH_TYPE_IP6 || n < IP6_LEN)
			return false;
		f->src = ip6_bytes(h + IP6_SRC);
		f->dst = ip6_bytes(h + IP6_DST);
		proto = h[IP6_NEXT];
	}
	if ((proto == IP_PROTO_GRE || proto == IP_PROTO_PIM) && hl >= IP4_LEN && hl < n)
		*inner = h + hl;
	return true;
}

/* The packet inside GRE at p, of which n bytes are there, and its type; NULL: there is none. */
static inline const uint8_t *flow_in_gre(const uint8_t *p, unsigned n, uint16_t *type)
{
	unsigned gl;
	uint16_t flags;

	if (n < GRE_LEN)
		return NULL;
	flags = be16(p);
	gl = GRE_LEN + 4u * (!!(flags & GRE_C) + !!(flags & GRE_K) + !!(flags & GRE_S));
	*type = be16(p + 2);
	return n < gl ? NULL : p + gl;
}

/* The flows of a frame of which n bytes are there, at most FLOWS_MAX, the outermost first: their number. */
static inline unsigned flow_of_frame(const uint8_t *p, unsigned n, struct flow *f)
{
	const uint8_t *end = p + n, *inner;
	unsigned at = ETH_MACS_LEN, found = 0;
	uint16_t type;
	uint8_t proto;

	for (unsigned tags = 0;; tags++, at += ETH_TAG_LEN) {
		if (n < at + 2)
			return 0;
		type = be16(p + at);
		if (!eth_is_tag(type) || tags == FLOW_TAGS)
			break;
	}
	for (p += at + 2; found < FLOWS_MAX; found++) {
		if (!flow_of_ip(p, (unsigned)(end - p), type, &f[found], &inner))
			return found;
		if (!inner)
			return found + 1;
		proto = type == ETH_TYPE_IP4 ? p[IP4_PROTO] : p[IP6_NEXT];
		n = (unsigned)(end - inner);
		if (proto == IP_PROTO_GRE)
			p = flow_in_gre(inner, n, &type);
		else
			p = n >= REGISTER_LEN && register_has_data(inner, n) ? inner + REGISTER_LEN
									     : NULL;
		if (!p)
			return found + 1;
	}
	return found;
}
