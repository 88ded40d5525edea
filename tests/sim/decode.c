/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A line for each packet of a trace: what a reader of a failed run wants to see of IGMP and PIM.
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

static struct ipaddr read4(struct reader *r)
{
	const uint8_t *b = read_bytes(r, 4);
	struct ipaddr a = {.family = IP_V4};

	if (b)
		memcpy(a.b, b, 4);
	return a;
}

static void put_list(struct text *t, struct reader *r, unsigned n)
{
	put(t, " {");
	for (unsigned i = 0; i < n && !r->bad; i++) {
		struct ipaddr a = read4(r);

		put(t, i ? " " : "");
		put_addr(t, &a);
	}
	put(t, "}");
}

/* --- IGMP ----------------------------------------------------------------------------------------- */

static void put_query(struct text *t, struct reader *r, uint8_t code)
{
	struct ipaddr grp = read4(r);
	bool v3 = r->left >= 4;
	uint8_t flags = v3 ? read_u8(r) : 0;

	put(t, "IGMPv%d query ", v3 ? 3 : code ? 2 : 1);
	put_addr(t, &grp);
	put(t, " code %u", code);
	if (!v3)
		return;
	read_u8(r);
	if (flags & 8)
		put(t, " S");
	put_list(t, r, read_u16(r));
}

static void put_report3(struct text *t, struct reader *r)
{
	static const char *const types[] = {
		"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
	unsigned n;

	read_u16(r);
	n = read_u16(r);
	put(t, "IGMPv3 report");
	while (n-- > 0 && !r->bad) {
		uint8_t type = read_u8(r), aux = read_u8(r);
		unsigned srcs = read_u16(r);
		struct ipaddr grp = read4(r);

		put(t, " %s ", type < 7 ? types[type] : "?");
		put_addr(t, &grp);
		put_list(t, r, srcs);
		read_skip(r, aux * 4u);
	}
}

static void put_igmp(struct text *t, struct reader *r)
{
	uint8_t type = read_u8(r), code = read_u8(r);
	struct ipaddr grp;

	read_u16(r);
	switch (type) {
	case 0x11:
		put_query(t, r, code);
		return;
	case 0x22:
		put_report3(t, r);
		return;
	}
	grp = read4(r);
	put(t, "IGMP %s ",
		type == 0x12   ? "v1 report"
		: type == 0x16 ? "v2 report"
		: type == 0x17 ? "v2 leave"
			       : "?");
	put_addr(t, &grp);
}

/* --- PIM (RFC 7761 section 4.9) ---------------------------------------------------------------------- */

static struct ipaddr read_unicast(struct reader *r)
{
	read_u16(r);
	return read4(r);
}

/* Encoded-Group and Encoded-Source have the same shape. */
static void put_encoded(struct text *t, struct reader *r, bool source)
{
	uint8_t flags, len;
	struct ipaddr a;

	read_u16(r);
	flags = read_u8(r);
	len = read_u8(r);
	a = read4(r);
	put_addr(t, &a);
	if (len != 32)
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
		if (r->left >= 20) {
			read_skip(r, 12);
			put_list(t, r, 2);
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
	unsigned hdr = p->len ? (p->data[0] & 0xfu) * 4 : 0;

	read_skip(&r, hdr);
	switch (sim_packet_protocol(p)) {
	case 2:
		put_igmp(t, &r);
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
