/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Ethernet, up to two VLAN tags, IPv4, IPv6, GRE, PIM Registers, UDP, as far as the bytes go. The data plane's parsers
 * decide whether a packet is sound; this one only reads aloud.
 */
#include "app/probe/decode.h"

#include <stdarg.h>

#define TYPE_IP4 0x0800
#define TYPE_IP6 0x86dd
#define PROTO_UDP 17
#define PROTO_GRE 47
#define PROTO_PIM 103
#define PIM_REGISTER 0x21

/* What is left to be read. */
struct rest {
	const uint8_t *p;
	size_t n;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void skip(struct rest *r, size_t n, struct decode *d)
{
	r->p += n;
	r->n -= n;
	d->header_bytes += (unsigned)n;
}

static bool is_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static bool read_ethernet(struct rest *r, struct decode *d)
{
	if (r->n < 14)
		return false;
	d->has_macs = true;
	memcpy(d->dst_mac, r->p, 6);
	memcpy(d->src_mac, r->p + 6, 6);
	d->ethertype = get16(r->p + 12);
	skip(r, 14, d);
	while (is_tag(d->ethertype) && d->n_vlans < DECODE_TAGS && r->n >= 4) {
		d->vlans[d->n_vlans++] = get16(r->p) & 0xfff;
		d->ethertype = get16(r->p + 2);
		skip(r, 4, d);
	}
	return true;
}

static bool read_ip4(struct rest *r, struct decode *d)
{
	struct decode_ip *ip = &d->ip[d->n_ip];
	uint32_t addr;
	size_t len;

	if (r->n < 20)
		return false;
	len = (r->p[0] & 0xfu) * 4u;
	ip->tos = r->p[1];
	ip->length = get16(r->p + 2);
	ip->id = get16(r->p + 4);
	ip->fragment_offset = (uint16_t)((get16(r->p + 6) & 0x1fff) * 8);
	ip->more_fragments = get16(r->p + 6) & 0x2000;
	ip->ttl = r->p[8];
	ip->protocol = r->p[9];
	memcpy(&addr, r->p + 12, 4);
	ip->src = ip4_be(addr);
	memcpy(&addr, r->p + 16, 4);
	ip->dst = ip4_be(addr);
	d->n_ip++;
	if (len < 20 || len > r->n)
		len = r->n; /* where it ends is unknown: nothing behind it is read */
	skip(r, len, d);
	return ip->fragment_offset == 0;
}

static bool read_ip6(struct rest *r, struct decode *d)
{
	struct decode_ip *ip = &d->ip[d->n_ip];
	uint32_t length;

	if (r->n < 40)
		return false;
	ip->tos = (uint8_t)(get16(r->p) >> 4);
	length = 40u + get16(r->p + 4);
	ip->length = length > UINT16_MAX ? UINT16_MAX : (uint16_t)length;
	ip->protocol = r->p[6];
	ip->ttl = r->p[7];
	ip->src = ip6_bytes(r->p + 8);
	ip->dst = ip6_bytes(r->p + 24);
	d->n_ip++;
	skip(r, 40, d);
	return true;
}

/* False: nothing more can be read. */
static bool read_ip(struct rest *r, uint16_t type, struct decode *d)
{
	if (d->n_ip == DECODE_PACKETS)
		return false;
	if (type == TYPE_IP4)
		return read_ip4(r, d);
	return type == TYPE_IP6 && read_ip6(r, d);
}

/* The EtherType behind the GRE header, 0 if it cannot be read. */
static uint16_t read_gre(struct rest *r, struct decode *d)
{
	uint16_t flags, type;
	size_t len;

	if (r->n < 4)
		return 0;
	flags = get16(r->p);
	type = get16(r->p + 2);
	len = 4u + 4u * (!!(flags & 0x8000) + !!(flags & 0x2000) + !!(flags & 0x1000));
	if (r->n < len)
		return 0;
	d->has_gre = true;
	d->gre_checksum = flags & 0x8000;
	d->gre_has_key = flags & 0x2000;
	if (d->gre_has_key)
		d->gre_key = get32(r->p + (d->gre_checksum ? 8 : 4));
	skip(r, len, d);
	return type;
}

/* Behind a Register's header is a packet of the same family, a dummy one in a Null-Register. */
static bool read_register(struct rest *r, struct decode *d)
{
	bool v4 = d->ip[d->n_ip - 1].src.family == IP_V4;

	if (r->n < 8 || r->p[0] != PIM_REGISTER)
		return true;
	d->has_register = true;
	skip(r, 8, d);
	return read_ip(r, v4 ? TYPE_IP4 : TYPE_IP6, d);
}

void decode_frame(const uint8_t *p, size_t n, struct decode *d)
{
	struct rest r = {p, n};
	uint8_t protocol;

	memset(d, 0, sizeof(*d));
	if (!read_ethernet(&r, d) || !read_ip(&r, d->ethertype, d))
		return;
	if (d->ip[0].protocol == PROTO_GRE && !read_ip(&r, read_gre(&r, d), d))
		return;
	if (d->ip[d->n_ip - 1].protocol == PROTO_PIM && !read_register(&r, d))
		return;
	protocol = d->ip[d->n_ip - 1].protocol;
	if (protocol != PROTO_UDP || r.n < 8)
		return;
	d->has_udp = true;
	d->src_port = get16(r.p);
	d->dst_port = get16(r.p + 2);
	skip(&r, 8, d);
}

/* --- text --------------------------------------------------------------------------------------------- */

struct line {
	char *buf;
	size_t cap, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (l->used >= l->cap)
		return;
	va_start(ap, fmt);
	n = vsnprintf(l->buf + l->used, l->cap - l->used, fmt, ap);
	va_end(ap);
	l->used += n > 0 ? (size_t)n : 0;
}

static void say_mac(struct line *l, const uint8_t m[6])
{
	say(l, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void say_ip(struct line *l, const struct decode_ip *ip)
{
	char src[IP_STRLEN], dst[IP_STRLEN];

	say(l, " %s > %s ttl %u", ip_str(&ip->src, src, sizeof(src)),
		ip_str(&ip->dst, dst, sizeof(dst)), ip->ttl);
	if (ip->tos)
		say(l, " tos 0x%02x", ip->tos);
	if (ip->fragment_offset || ip->more_fragments)
		say(l, " fragment at %u%s", ip->fragment_offset,
			ip->more_fragments ? ", more follow" : "");
}

const char *decode_str(const struct decode *d, char *buf, size_t cap)
{
	struct line l = {buf, cap, 0};

	buf[0] = '\0';
	if (!d->has_macs) {
		say(&l, "frame without an Ethernet header");
		return buf;
	}
	say_mac(&l, d->src_mac);
	say(&l, " > ");
	say_mac(&l, d->dst_mac);
	for (unsigned i = 0; i < d->n_vlans; i++)
		say(&l, " vlan %u", d->vlans[i]);
	if (!d->n_ip)
		say(&l, " type 0x%04x", d->ethertype);
	for (unsigned i = 0; i < d->n_ip; i++) {
		say_ip(&l, &d->ip[i]);
		if (i == 0 && d->has_gre)
			say(&l, d->gre_has_key ? " gre key %u" : " gre", d->gre_key);
		if (i == (d->has_gre ? 1 : 0) && d->has_register)
			say(&l, " register");
	}
	if (d->has_udp)
		say(&l, " udp %u > %u", d->src_port, d->dst_port);
	else if (d->n_ip)
		say(&l, " protocol %u", d->ip[d->n_ip - 1].protocol);
	return buf;
}
