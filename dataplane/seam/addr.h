/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * IP addresses and prefixes of both families, as values.
 * Every table and record of starg carries one of these, never a bare uint32_t.
 */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The family of an address. IP_NONE is "no address": all bytes zero. */
enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

#define IP_STRLEN 48     /* holds any address as text */
#define PREFIX_STRLEN 56 /* holds any prefix as text */

/* An address in network byte order (named ipaddr, for the C library has that name). IPv4 uses b[0..3] and keeps the rest zero, so that two equal
 * addresses are equal as memory. */
struct ipaddr {
	uint8_t family; /* enum ip_family */
	uint8_t pad[3];
	union {
		uint8_t b[16];
		uint32_t w_be[4];
	};
};

/* A prefix. Bits behind len are zero (prefix_make sees to it). len 0 matches every address of the
 * family. A single address has len 32 or 128. */
struct prefix {
	struct ipaddr addr;
	uint8_t len;
	uint8_t pad[3];
};

/* An IPv4 address from network byte order. */
static inline struct ipaddr ip4_be(uint32_t addr_be)
{
	struct ipaddr ip = {.family = IP_V4};

	ip.w_be[0] = addr_be;
	return ip;
}

/* An IPv4 address from host byte order: ip4(0xe0000001) is 224.0.0.1. */
static inline struct ipaddr ip4(uint32_t addr)
{
	return ip4_be(htonl(addr));
}

static inline struct ipaddr ip6_bytes(const uint8_t b[16])
{
	struct ipaddr ip = {.family = IP_V6};

	memcpy(ip.b, b, 16);
	return ip;
}

/* 32 or 128; 0 for IP_NONE. */
static inline uint8_t ip_bits(const struct ipaddr *a)
{
	return a->family == IP_V4 ? 32 : a->family == IP_V6 ? 128 : 0;
}

/* 4 or 16; 0 for IP_NONE. */
static inline uint8_t ip_bytes(const struct ipaddr *a)
{
	return ip_bits(a) / 8;
}

static inline bool ip_is_none(const struct ipaddr *a)
{
	return a->family == IP_NONE;
}

static inline bool ip_eq(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Order by family, then numerically: the "lowest address" of the RFCs. <0, 0, >0. */
static inline int ip_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, 16);
}

/* All zero bytes with a family: 0.0.0.0 or ::. */
static inline bool ip_is_any(const struct ipaddr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, 16) == 0;
}

static inline bool ip_is_multicast(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return (a->b[0] & 0xf0) == 0xe0;
	return a->family == IP_V6 && a->b[0] == 0xff;
}

/* 224.0.0.0/24 (RFC 5771 section 4), ff01::/16 and ff02::/16 (and scope 0): never routed. */
static inline bool ip_is_multicast_link_local(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return a->b[0] == 224 && a->b[1] == 0 && a->b[2] == 0;
	return a->family == IP_V6 && a->b[0] == 0xff && (a->b[1] & 0xf) <= 2;
}

/* fe80::/10 (RFC 4291 section 2.5.6): an address that other links may have as well. */
static inline bool ip6_is_link_local(const struct ipaddr *a)
{
	return a->family == IP_V6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* 127.0.0.0/8 or ::1. */
static inline bool ip_is_loopback(const struct ipaddr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->family == IP_V4)
		return a->b[0] == 127;
	return a->family == IP_V6 && memcmp(a->b, one, 16) == 0;
}

/* Parses "10.0.0.1" or "2001:db8::1". 0, or -EINVAL-like -1 with *out untouched. */
static inline int ip_parse(const char *s, struct ipaddr *out)
{
	struct ipaddr ip = {0};

	if (inet_pton(AF_INET, s, ip.b) == 1)
		ip.family = IP_V4;
	else if (inet_pton(AF_INET6, s, ip.b) == 1)
		ip.family = IP_V6;
	else
		return -1;
	*out = ip;
	return 0;
}

/* Text of an address into buf (IP_STRLEN bytes suffice), "*" for IP_NONE. Returns buf. */
static inline const char *ip_str(const struct ipaddr *a, char *buf, size_t cap)
{
	if (a->family == IP_NONE)
		snprintf(buf, cap, "*");
	else if (!inet_ntop(a->family == IP_V4 ? AF_INET : AF_INET6, a->b, buf, (socklen_t)cap))
		snprintf(buf, cap, "?");
	return buf;
}

/* Clears the bits of ip behind len. */
static inline struct ipaddr ip_mask(struct ipaddr ip, uint8_t len)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned left = len > i * 8 ? len - i * 8 : 0;

		if (left < 8)
			ip.b[i] &= (uint8_t)(0xff00u >> left);
	}
	return ip;
}

static inline struct prefix prefix_make(struct ipaddr ip, uint8_t len)
{
	struct prefix p = {.addr = ip_mask(ip, len), .len = len};

	return p;
}

/* The prefix that holds one address only. */
static inline struct prefix prefix_host(struct ipaddr ip)
{
	return prefix_make(ip, ip_bits(&ip));
}

static inline bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && ip_eq(&a->addr, &b->addr);
}

/* Whether p holds ip; families must agree. */
static inline bool prefix_has(const struct prefix *p, const struct ipaddr *ip)
{
	struct ipaddr masked;

	if (p->addr.family != ip->family)
		return false;
	masked = ip_mask(*ip, p->len);
	return ip_eq(&masked, &p->addr);
}

/* Whether every address of inner is in outer. */
static inline bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && prefix_has(outer, &inner->addr);
}

/* Parses "10.0.0.0/8", or a bare address as a host prefix. 0 or -1. Bits behind the length are
 * cleared: prefix_parse_if keeps them for an interface address. */
static inline int prefix_parse_if(const char *s, struct ipaddr *addr, uint8_t *len)
{
	char buf[PREFIX_STRLEN];
	char *slash, *end;
	unsigned long n;

	if (snprintf(buf, sizeof(buf), "%s", s) >= (int)sizeof(buf))
		return -1;
	slash = strchr(buf, '/');
	if (slash)
		*slash++ = '\0';
	if (ip_parse(buf, addr))
		return -1;
	*len = ip_bits(addr);
	if (!slash)
		return 0;
	if (*slash < '0' || *slash > '9')
		return -1;
	n = strtoul(slash, &end, 10);
	if (*end || n > *len)
		return -1;
	*len = (uint8_t)n;
	return 0;
}

static inline int prefix_parse(const char *s, struct prefix *out)
{
	struct ipaddr ip;
	uint8_t len;

	if (prefix_parse_if(s, &ip, &len))
		return -1;
	*out = prefix_make(ip, len);
	return 0;
}

/* "10.0.0.0/8"; a host prefix without its length; "*" for length 0. Returns buf. */
static inline const char *prefix_str(const struct prefix *p, char *buf, size_t cap)
{
	char ip[IP_STRLEN];

	if (p->len == 0)
		snprintf(buf, cap, "*");
	else if (p->len == ip_bits(&p->addr))
		ip_str(&p->addr, buf, cap);
	else
		snprintf(buf, cap, "%s/%u", ip_str(&p->addr, ip, sizeof(ip)), p->len);
	return buf;
}

/* A 32-bit mix of an address, for hash tables (not for security). */
static inline uint32_t ip_hash(const struct ipaddr *a, uint32_t seed)
{
	uint32_t h = seed ^ a->family;

	for (int i = 0; i < 4; i++) {
		h ^= a->w_be[i];
		h *= 0x9e3779b1u;
		h ^= h >> 15;
	}
	return h;
}
