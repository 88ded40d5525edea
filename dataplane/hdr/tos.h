/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The byte of DSCP and ECN: IPv4's type of service, IPv6's traffic class (RFC 2474, RFC 3168), and what
 * becomes of it at the end of a tunnel (RFC 2983, RFC 6040).
 */
#pragma once

#include "ip4.h"
#include "ip6.h"

#define ECN_MASK 3
#define ECN_NONE 0 /* Not-ECT */
#define ECN_ECT1 1
#define ECN_ECT0 2
#define ECN_CE 3
#define ECN_DROP 0xff

#define DSCP_MAX 63

/* Of a header that has been checked. */
static inline uint8_t tos_get(const uint8_t *h)
{
	return h[0] >> 4 == 4 ? h[IP4_TOS] : (uint8_t)(be16(h) >> 4);
}

/* IPv4: the header checksum follows. */
static inline void tos_put(uint8_t *h, uint8_t tos)
{
	uint16_t before = load16(h);

	if (h[0] >> 4 == 4) {
		h[IP4_TOS] = tos;
		store16(h + IP4_CSUM, csum_replace(load16(h + IP4_CSUM), before, load16(h)));
	} else {
		put_be16(h, (uint16_t)((be16(h) & 0xf00f) | tos << 4));
	}
}

/* tos with another DSCP: ECN stays. */
static inline uint8_t tos_with_dscp(uint8_t tos, uint8_t dscp)
{
	return (uint8_t)(dscp << 2 | (tos & ECN_MASK));
}

/* RFC 6040 section 4.2, figure 4: the ECN of a packet that leaves a tunnel, ECN_DROP for one that the
 * tunnel has marked instead of dropping, and whose receivers do not know such marks. */
static inline uint8_t ecn_decap(uint8_t inner, uint8_t outer)
{
	static const uint8_t out[4][4] = {
		/* outer:     Not-ECT   ECT(1)    ECT(0)    CE */
		[ECN_NONE] = {ECN_NONE, ECN_NONE, ECN_NONE, ECN_DROP},
		[ECN_ECT1] = {ECN_ECT1, ECN_ECT1, ECN_ECT1, ECN_CE},
		[ECN_ECT0] = {ECN_ECT0, ECN_ECT1, ECN_ECT0, ECN_CE},
		[ECN_CE] = {ECN_CE, ECN_CE, ECN_CE, ECN_CE},
	};

	return out[inner & ECN_MASK][outer & ECN_MASK];
}
