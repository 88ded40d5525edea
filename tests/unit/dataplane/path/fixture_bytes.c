/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The bytes of the fixture's packets.
 */
#include "fixture.h"

void fx_ip4_seal(uint8_t *h)
{
	sum16_seal(h + IP4_CSUM, h, (h[0] & 0xfu) * 4);
}

static void udp_fill(uint8_t *udp, unsigned len)
{
	put_be16(udp, 1000);
	put_be16(udp + 2, 5000);
	put_be16(udp + 4, (uint16_t)len);
	put_be16(udp + 6, 0);
	for (unsigned i = 8; i < len; i++)
		udp[i] = (uint8_t)(i * 31 + (i >> 8));
}

unsigned fx_ip4(uint8_t *h, unsigned ip_len)
{
	memset(h, 0, IP4_LEN);
	h[0] = 0x45;
	put_be16(h + IP4_TOTAL, (uint16_t)ip_len);
	h[IP4_TTL] = 9;
	h[IP4_PROTO] = IP_PROTO_UDP;
	memcpy(h + IP4_SRC, (uint8_t[]){10, 0, 0, 1, 239, 1, 1, 1}, 8);
	fx_ip4_seal(h);
	udp_fill(h + IP4_LEN, ip_len - IP4_LEN);
	return ip_len;
}

unsigned fx_ip6(uint8_t *h, unsigned ip_len)
{
	memset(h, 0, IP6_LEN);
	h[0] = 0x60;
	put_be16(h + IP6_PAYLOAD, (uint16_t)(ip_len - IP6_LEN));
	h[IP6_NEXT] = IP_PROTO_UDP;
	h[IP6_HOPS] = 9;
	memcpy(h + IP6_SRC, (uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
	h[IP6_SRC + 15] = 1;
	memcpy(h + IP6_DST, (uint8_t[]){0xff, 0x3e}, 2);
	h[IP6_DST + 15] = 0x11;
	udp_fill(h + IP6_LEN, ip_len - IP6_LEN);
	return ip_len;
}
