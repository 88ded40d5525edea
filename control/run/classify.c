/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which protocol a punted IP packet is for. The data plane has validated the IP header already; what
 * is read here is checked again all the same, for the packet is a stranger's.
 */
#include "control/base/bytes.h"
#include "control/run/run_priv.h"

#define IPPROTO_NUM_HOPOPTS 0
#define IPPROTO_NUM_IGMP 2
#define IPPROTO_NUM_UDP 17
#define IPPROTO_NUM_ICMPV6 58
#define IPPROTO_NUM_PIM 103
#define AMT_UDP_PORT 2268 /* RFC 7450 section 7.2 */

/* MLD: query, v1 report, v1 done (RFC 2710), v2 report (RFC 3810). */
static bool is_mld_type(uint8_t type)
{
	return (type >= 130 && type <= 132) || type == 143;
}

/* r stands behind the IP header. */
static uint8_t by_protocol(struct reader *r, uint8_t protocol, uint8_t family)
{
	uint8_t bits = 0;

	switch (protocol) {
	case IPPROTO_NUM_IGMP:
		bits = family == IP_V4 ? DP_PROTO_IGMP : 0;
		break;
	case IPPROTO_NUM_PIM:
		bits = DP_PROTO_PIM;
		break;
	case IPPROTO_NUM_ICMPV6:
		bits = family == IP_V6 && is_mld_type(read_u8(r)) ? DP_PROTO_MLD : 0;
		break;
	case IPPROTO_NUM_UDP: {
		uint16_t src = read_u16(r), dst = read_u16(r);

		bits = src == AMT_UDP_PORT || dst == AMT_UDP_PORT ? DP_PROTO_AMT : 0;
		break;
	}
	}
	return r->bad ? 0 : bits;
}

static uint8_t classify4(struct reader *r)
{
	uint8_t vihl = read_u8(r), protocol;

	read_skip(r, 8);
	protocol = read_u8(r);
	read_skip(r, 10);
	if (vihl >> 4 != 4 || (vihl & 0xf) < 5)
		return 0;
	read_skip(r, (vihl & 0xfu) * 4 - 20);
	return by_protocol(r, protocol, IP_V4);
}

static uint8_t classify6(struct reader *r)
{
	uint8_t version = read_u8(r) >> 4, next;

	read_skip(r, 5);
	next = read_u8(r);
	read_skip(r, 33);
	if (next == IPPROTO_NUM_HOPOPTS) { /* Router Alert: MLD always carries it */
		next = read_u8(r);
		read_skip(r, (size_t)read_u8(r) * 8 + 6);
	}
	return version == 6 ? by_protocol(r, next, IP_V6) : 0;
}

uint8_t run_classify(uint8_t family, const uint8_t *data, size_t len)
{
	struct reader r = reader_of(data, len);

	return family == IP_V4 ? classify4(&r) : family == IP_V6 ? classify6(&r) : 0;
}
