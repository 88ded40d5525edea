/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The source and destination of a frame as far as they can be read, whether its headers are sound or not:
 * of its IP packet, and of the packet inside if that is GRE. For those who look on (probes), not for
 * those who decide.
 */
#pragma once

#include "dataplane/seam/addr.h"
#include "gre.h"

#define FLOW_BYTES 192 /* of a frame that are looked at: all headers of any sound one */
#define FLOW_TAGS 2

struct flow {
	struct ipaddr src, dst;
};

/* The packet at h, n bytes of it; *inner: what follows its header, if that is GRE, else NULL. */
static inline bool flow_of_ip(
	const uint8_t *h, unsigned n, uint16_t type, struct flow *f, const uint8_t **inner)
{
	unsigned hl;

	*inner = NULL;
	memset(f, 0, sizeof(*f));
	if (type == ETH_TYPE_IP4) {
		if (n < IP4_LEN)
			return false;
		f->src = ip4_be(load32(h + IP4_SRC));
		f->dst = ip4_be(load32(h + IP4_DST));
		hl = (h[0] & 0xfu) * 4;
		if (h[IP4_PROTO] == IP_PROTO_GRE && hl >= IP4_LEN && hl < n)
			*inner = h + hl;
		return true;
	}
	if (type != ETH_TYPE_IP6 || n < IP6_LEN)
		return false;
	f->src = ip6_bytes(h + IP6_SRC);
	f->dst = ip6_bytes(h + IP6_DST);
	if (h[IP6_NEXT] == IP_PROTO_GRE && n > IP6_LEN)
		*inner = h + IP6_LEN;
	return true;
}

/* The flows of a frame of which n bytes are there: 0, 1 or, with the one inside GRE, 2. */
static inline unsigned flow_of_frame(const uint8_t *p, unsigned n, struct flow f[2])
{
	const uint8_t *end = p + n, *inner;
	unsigned at = ETH_MACS_LEN, gl;
	uint16_t type;

	for (unsigned tags = 0;; tags++, at += ETH_TAG_LEN) {
		if (n < at + 2)
			return 0;
		type = be16(p + at);
		if (!eth_is_tag(type) || tags == FLOW_TAGS)
			break;
	}
	at += 2;
	if (!flow_of_ip(p + at, n - at, type, &f[0], &inner))
		return 0;
	if (!inner || end - inner < GRE_LEN)
		return 1;
	type = be16(inner);
	gl = GRE_LEN + 4u * (!!(type & GRE_C) + !!(type & GRE_K) + !!(type & GRE_S));
	if (end - inner < (long)gl)
		return 1;
	type = be16(inner + 2);
	p = inner + gl;
	return flow_of_ip(p, (unsigned)(end - p), type, &f[1], &inner) ? 2 : 1;
}
