/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The IPv4 header (RFC 791): checked in the order that hostile input demands (length before
 * arithmetic), its addresses judged (RFC 1812 section 5.3.7, RFC 6890), its TTL decremented.
 * 169.254/16 and last octets 0 and 255 are ordinary sources.
 */
#pragma once

#include "eth.h"
#include "ip.h"

#include <arpa/inet.h>

#define IP4_LEN 20
#define IP4_MAX_LEN 60
#define IP4_PLAIN 0x45 /* first byte without options */
#define IP4_OPT_LSRR 131
#define IP4_OPT_SSRR 137

/* Offsets. */
#define IP4_TOS 1
#define IP4_TOTAL 2
#define IP4_ID 4
#define IP4_FRAG 6
#define IP4_TTL 8
#define IP4_PROTO 9
#define IP4_CSUM 10
#define IP4_SRC 12
#define IP4_DST 16

#define IP4_DF 0x4000
#define IP4_MF 0x2000
#define IP4_FRAG_MASK 0x1fff

/* Walks the options, hl > 20 bytes of header at h. */
static inline enum drop_reason ip4_options(const uint8_t *h, unsigned hl)
{
	unsigned at = IP4_LEN;

	while (at < hl && h[at] != 0) {
		if (h[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 >= hl || h[at + 1] < 2 || at + h[at + 1] > hl)
			return DROP_ip_option;
		if (h[at] == IP4_OPT_LSRR || h[at] == IP4_OPT_SSRR)
			return DROP_option_source_route;
		at += h[at + 1];
	}
	return IP_FINE;
}

static inline uint16_t ip4_header_sum(const uint8_t *h, unsigned hl)
{
	uint64_t sum = (uint64_t)load32(h) + load32(h + 4) + load32(h + 8) + load32(h + 12) +
		       load32(h + 16);

	if (__builtin_expect(hl > IP4_LEN, 0))
		sum = csum_add(sum, h + IP4_LEN, hl - IP4_LEN);
	return csum_fold(sum);
}

/* Checks the header at h. avail: bytes of the whole packet from h on, of which the first 60 (or all, if
 * fewer) are readable. csum_known: somebody has verified the checksum. What lies behind the packet's
 * length is padding. IP_FINE and *v, or why not. */
static inline enum drop_reason ip4_parse(
	const uint8_t *h, uint32_t avail, bool csum_known, struct ip_view *v)
{
	unsigned hl;

	if (avail < IP4_LEN)
		return DROP_ip_truncated;
	if (h[0] >> 4 != 4)
		return DROP_ip_version;
	hl = (h[0] & 0xfu) * 4;
	if (hl < IP4_LEN || hl > avail)
		return DROP_ip_ihl;
	v->len = be16(h + IP4_TOTAL);
	if (v->len < hl || v->len > avail)
		return DROP_ip_length;
	if (!csum_known && ip4_header_sum(h, hl) != 0xffff)
		return DROP_ip_checksum;
	v->ttl = h[IP4_TTL];
	v->proto = h[IP4_PROTO];
	v->hdr_len = (uint8_t)hl;
	v->frag = (be16(h + IP4_FRAG) & (IP4_MF | IP4_FRAG_MASK)) != 0;
	if (v->ttl == 0)
		return DROP_ip_ttl_zero;
	return hl > IP4_LEN ? ip4_options(h, hl) : IP_FINE;
}

static inline bool ip4_is_multicast(const uint8_t *a)
{
	return (a[0] & 0xf0) == 0xe0;
}

static inline bool ip4_is_link_local_group(const uint8_t *a)
{
	return a[0] == 224 && a[1] == 0 && a[2] == 0;
}

/* Whether nothing may be forwarded from this source. */
static inline enum drop_reason ip4_source(const uint8_t *a)
{
	/* 1..126 and 128..223 are fine */
	if (__builtin_expect((uint8_t)(a[0] - 1) < 126 || (uint8_t)(a[0] - 128) < 96, 1))
		return IP_FINE;
	if (ip4_is_multicast(a))
		return DROP_src_multicast;
	return a[0] == 127 ? DROP_src_loopback : DROP_src_martian;
}

/* No packet on a wire may be for 0.0.0.0/8, 127.0.0.0/8 or the reserved 224.0.0.0. */
static inline bool ip4_is_martian_destination(const uint8_t *a)
{
	return a[0] == 0 || a[0] == 127 || (a[0] == 224 && !(a[1] | a[2] | a[3]));
}

/* One less, checksum by RFC 1624. TTL, protocol and checksum are one word, read and written at once. The
 * checksum's complement falls by 0x0100, with an end-around borrow, so the checksum rises by it, and 0xffff is
 * written as zero. TTL is not 0. */
static inline void ip4_ttl_decrement(uint8_t *h)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* in this order the checksum lies above, and 0x0100 is its lowest bit: both in one addition, for TTL - 1
	 * carries one into the checksum. What was 0xfffe or 0xffff takes the carry round the end. */
	uint32_t word = load32(h + IP4_TTL);

	store32(h + IP4_TTL, word + 0xffff + ((uint32_t)(word >= 0xfffe0000u) << 16));
#else
	uint32_t word = load32(h + IP4_TTL);
	uint32_t c = (word & 0xffff) + 0x0100;

	c += c >= 0xffff;
	store32(h + IP4_TTL, ((word - 0x01000000) & 0xffff0000) | (c & 0xffff));
#endif
}
