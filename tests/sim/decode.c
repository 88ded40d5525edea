/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A line for each packet of a trace: what a reader of a failed run wants to see of IGMP, MLD and PIM.
 */
#include <stdarg.h>

#include "control/base/bytes.h"
#include "tests/sim/priv.h"

struct text {
	char *buf;
	size_t cap, len;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len = t->len + (size_t)n < t->cap ? t->len + (size_t)n : t->cap - 1;
}

static void put_addr(struct text *t, const struct ipaddr *a)
{
	char buf[IP_STRLEN];

	put(t, "%s", ip_str(a, buf, sizeof(buf)));
}

static struct ipaddr read_addr(struct reader *r, enum ip_family family)
{
	struct ipaddr a = {.family = (uint8_t)family};
	const uint8_t *b = read_bytes(r, ip_bytes(&a));

	if (b)
		memcpy(a.b, b, ip_bytes(&a));
	return a;
}

static void put_list(struct text *t, struct reader *r, enum ip_family family, unsigned n)
{
	put(t, " {");
	for (unsigned i = 0; i < n && !r->bad; i++) {
		struct ipaddr a = read_addr(r, family);

		put(t, i ? " " : "");
		put_addr(t, &a);
	}
	put(t, "}");
}

/* --- IGMP and MLD ----------------------------------------------------------------------------------- */

/* Behind the group of a query of IGMPv3 or MLDv2. */
static void put_query_sources(struct text *t, struct reader *r, enum ip_family family)
{
	if (read_u8(r) & 8)
		put(t, " S");
	read_u8(r);
	put_list(t, r, family, read_u16(r));
}

static void put_records(struct text *t, struct reader *r, enum ip_family family)
{
	static const char *const types[] = {
		"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
	unsigned n;

	read_u16(r);
	n = read_u16(r);
	while (n-- > 0 && !r->bad) {
		uint8_t type = read_u8(r), aux = read_u8(r);
		unsigned srcs = read_u16(r);
		struct ipaddr grp = read_addr(r, family);

		put(t, " %s ", type < 7 ? types[type] : "?");
		put_addr(t, &grp);
		put_list(t, r, family, srcs);
		read_skip(r, aux * 4u);
	}
}

static void put_igmp(struct text *t, struct reader *r)
{
	uint8_t type = read_u8(r), code = read_u8(r);
	struct ipaddr grp;

	read_u16(r);
	if (type == 0x22) {
		put(t, "IGMPv3 report");
		put_records(t, r, IP_V4);
		return;
	}
	grp = read_addr(r, IP_V4);
	if (type == 0x11)
		put(t, "IGMPv%d query ", r->left >= 4 ? 3 : code ? 2 : 1);
	else
		put(t, "IGMP %s ",
			type == 0x12   ? "v1 report"
			: type == 0x16 ? "v2 report"
			: type == 0x17 ? "v2 leave"
				       : "?");
	put_addr(t, &grp);
	if (type == 0x11)
		put(t, " code %u", code);
	if (type == 0x11 && r->left >= 4)
		put_query_sources(t, r, IP_V4);
}

static void put_mld(struct text *t, struct reader *r)
{
	uint8_t type = read_u8(r);
	struct ipaddr grp;
	unsigned code;

	read_skip(r, 3);
	if (type == 143) {
		put(t, "MLDv2 report");
		put_records(t, r, IP_V6);
		return;
	}
	code = read_u16(r);
	read_u16(r);
	grp = read_addr(r, IP_V6);
	if (type == 130)
		put(t, "MLDv%d query ", r->left >= 4 ? 2 : 1);
	else
		put(t, "MLD v1 %s ", type == 131 ? "report" : "done");
	put_addr(t, &grp);
	if (type == 130)
		put(t, " code %u", code);
	if (type == 130 && r->left >= 4)
		put_query_sources(t, r, IP_V6);
}

/* --- PIM (RFC 7761 section 4.9) ---------------------------------------------------------------------- */

/* The address family of an encoded address (4.9.1) and the encoding type. */
static enum ip_family read_family(struct reader *r)
{
	uint8_t family = read_u8(r);

	read_u8(r);
	return family == 1 ? IP_V4 : family == 2 ? IP_V6 : IP_NONE;
}

static struct ipaddr read_unicast(struct reader *r)
{
	return read_addr(r, read_family(r));
}

/* Encoded-Group and Encoded-Source have the same shape. */
static void put_encoded(struct text *t, struct reader *r, bool source)
{
	enum ip_family family = read_family(r);
	uint8_t flags = read_u8(r), len = read_u8(r);
	struct ipaddr a = read_addr(r, family);

	put_addr(t, &a);
	if (len != ip_bits(&a))
		put(t, "/%u", len);
	if (source)
		put(t, "%s%s%s", flags & 4 ? "S" : "", flags & 2 ? "W" : "", flags & 1 ? "R" : "");
}

static void put_join_prune(struct text *t, struct reader *r)
{
	struct ipaddr up = read_unicast(r);
	unsigned groups, hold;

	read_u8(r);
	groups = read_u8(r);
	hold = read_u16(r);
	put(t, "to ");
	put_addr(t, &up);
	put(t, " hold %u", hold);
	while (groups-- > 0 && !r->bad) {
		unsigned joins, prunes;

		put(t, " [");
		put_encoded(t, r, false);
		joins = read_u16(r);
		prunes = read_u16(r);
		for (unsigned i = 0; i < joins + prunes && !r->bad; i++) {
			put(t, i < joins ? " J:" : " P:");
			put_encoded(t, r, true);
		}
		put(t, "]");
	}
}

static void put_assert(struct text *t, struct reader *r)
{
	struct ipaddr src;
	uint32_t pref, metric;

	put_encoded(t, r, false);
	src = read_unicast(r);
	pref = read_u32(r);
	metric = read_u32(r);
	put(t, " ");
	put_addr(t, &src);
	put(t, " %spref %u metric %u", pref >> 31 ? "RPT " : "", pref & 0x7fffffff, metric);
}

static void put_hello(struct text *t, struct reader *r)
{
	while (r->left >= 4) {
		unsigned type = read_u16(r), len = read_u16(r);

		if (len == 4 && (type == 19 || type == 20))
			put(t, " %s %u", type == 19 ? "prio" : "genid", read_u32(r));
		else if (len == 2 && type == 1)
			put(t, " hold %u", read_u16(r));
		else {
			put(t, " opt %u", type);
			read_skip(r, len);
		}
	}
}

static void put_pim(struct text *t, struct reader *r)
{
	static const char *const types[] = {"Hello", "Register", "Register-Stop", "Join/Prune",
		"Bootstrap", "Assert", "Graft", "Graft-Ack", "C-RP", "State-Refresh"};
	uint8_t type = read_u8(r) & 0xf;
	struct ipaddr src;

	read_u8(r);
	read_u16(r);
	put(t, "PIM %s ", type < 10 ? types[type] : "?");
	switch (type) {
	case 0:
		put_hello(t, r);
		break;
	case 1:
		put(t, "%s", read_u32(r) & 0x40000000 ? "null " : "");
		if (r->left >= 20 && r->p[0] >> 4 == 4) {
			read_skip(r, 12);
			put_list(t, r, IP_V4, 2);
		} else if (r->left >= 40) {
			read_skip(r, 8);
			put_list(t, r, IP_V6, 2);
		}
		break;
	case 2:
		put_encoded(t, r, false);
		src = read_unicast(r);
		put(t, " ");
		put_addr(t, &src);
		break;
	case 3:
		put_join_prune(t, r);
		break;
	case 5:
		put_assert(t, r);
		break;
	}
}

/* --- any -------------------------------------------------------------------------------------------- */

static void put_bytes(struct text *t, const struct sim_packet *p)
{
	struct reader r = reader_of(p->data, p->len);

	read_skip(&r, sim_packet_upper(p));
	switch (sim_packet_protocol(p)) {
	case 2:
		put_igmp(t, &r);
		break;
	case 58:
		put_mld(t, &r);
		break;
	case 103:
		put_pim(t, &r);
		break;
	default:
		put(t, "protocol %u", sim_packet_protocol(p));
	}
	if (r.bad)
		put(t, " CUT");
}

const char *sim_packet_str(const struct sim_packet *p, char *buf, size_t cap)
{
	struct text t = {.buf = buf, .cap = cap};
	struct ipaddr src = sim_packet_src(p), dst = sim_packet_dst(p);

	buf[0] = '\0';
	put_addr(&t, &src);
	put(&t, " > ");
	put_addr(&t, &dst);
	put(&t, " ");
	if (p->kind == SIM_BYTES) {
		put_bytes(&t, p);
		return buf;
	}
	if (p->kind == SIM_REGISTER) {
		put(&t, "Register of ");
		put_addr(&t, &p->src);
		put(&t, " > ");
		put_addr(&t, &p->grp);
		put(&t, " ");
	}
	put(&t, "data %u ttl %u", p->seq, p->ttl);
	return buf;
}
