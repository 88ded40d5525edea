/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The IPv6 header (RFC 8200): the same questions as ip4.h. Jumbograms are left out.
 */
#pragma once

#include "eth.h"
#include "ip.h"

#define IP6_LEN 40

#define IP6_PAYLOAD 4
#define IP6_NEXT 6
#define IP6_HOPS 7
#define IP6_SRC 8
#define IP6_DST 24

/* As ip4_parse; 40 bytes must be readable. */
static inline enum drop_reason ip6_parse(const uint8_t *h, uint32_t avail, struct ip_view *v)
{
	if (avail < IP6_LEN)
		return DROP_ip_truncated;
	if (h[0] >> 4 != 6)
		return DROP_ip_version;
	v->len = IP6_LEN + be16(h + IP6_PAYLOAD);
	if (v->len > avail || v->len > 0xffff)
		return DROP_ip_length;
	v->ttl = h[IP6_HOPS];
	v->proto = h[IP6_NEXT];
	v->hdr_len = IP6_LEN;
	v->frag = v->proto == IP_PROTO_FRAGMENT;
	return v->ttl ? IP_FINE : DROP_ip_ttl_zero;
}

static inline bool ip6_is_multicast(const uint8_t *a)
{
	return a[0] == 0xff;
}

/* Scopes interface-local and link-local (RFC 4291 section 2.7). */
static inline bool ip6_is_link_local_group(const uint8_t *a)
{
	return a[0] == 0xff && (a[1] & 0xf) >= 1 && (a[1] & 0xf) <= 2;
}

static inline bool ip6_high_zero(const uint8_t *a)
{
	return (load64(a) | load32(a + 8) | load16(a + 12) | a[14]) == 0;
}

static inline enum drop_reason ip6_source(const uint8_t *a)
{
	if (a[0] == 0xff)
		return DROP_src_multicast;
	if (__builtin_expect(!ip6_high_zero(a) || a[15] > 1, 1))
		return IP_FINE;
	return a[15] ? DROP_src_loopback : DROP_src_martian;
}

/* A source in fe80::/10 is known on its link only: its data is not forwarded (RFC 4291 section 2.5.6). */
static inline bool ip6_stays_on_link(const uint8_t *src)
{
	return src[0] == 0xfe && (src[1] & 0xc0) == 0x80;
}

/* ::, ::1 and the reserved scope 0. */
static inline bool ip6_is_martian_destination(const uint8_t *a)
{
	return (a[0] == 0xff && (a[1] & 0xf) == 0) || (ip6_high_zero(a) && a[15] <= 1);
}

/* An upper-layer header behind extension headers. */
struct ip6_l4 {
	uint32_t off;  /* from the IPv6 header */
	uint8_t proto; /* the header that could not be skipped any more */
	bool first;    /* no fragment, or the first one: off is really where it begins */
};

/* Skips hop-by-hop and destination options and the fragment header inside the first avail bytes; false
 * if they end first. At most eight headers. */
static inline bool ip6_find_l4(const uint8_t *h, uint32_t avail, struct ip6_l4 *l4)
{
	l4->off = IP6_LEN;
	l4->proto = h[IP6_NEXT];
	l4->first = true;
	for (int i = 0; i < 8; i++) {
		const uint8_t *x = h + l4->off;

		if (l4->proto != IP_PROTO_HOPOPTS && l4->proto != IP_PROTO_DSTOPTS &&
			l4->proto != IP_PROTO_FRAGMENT)
			return l4->off <= avail;
		if (l4->off + 8 > avail)
			return false;
		if (l4->proto == IP_PROTO_FRAGMENT) {
			l4->first = (be16(x + 2) & 0xfff8) == 0;
			l4->off += 8;
		} else {
			l4->off += (x[1] + 1u) * 8;
		}
		l4->proto = x[0];
		if (!l4->first)
			return l4->off <= avail;
	}
	return false;
}

/* RFC 2710 and RFC 3810: query, report, done, version 2 report; behind a hop-by-hop header as a rule. */
static inline bool ip6_is_mld(const uint8_t *h, uint32_t avail)
{
	struct ip6_l4 l4;
	uint8_t type;

	if (!ip6_find_l4(h, avail, &l4) || l4.proto != IP_PROTO_ICMP6 || !l4.first ||
		l4.off >= avail)
		return false;
	type = h[l4.off];
	return (type >= 130 && type <= 132) || type == 143;
}
