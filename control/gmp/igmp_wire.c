/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * IGMP in IPv4 packets: RFC 3376 section 4 (version 3), RFC 2236 section 2 (version 2), RFC 1112 appendix
 * I (version 1). The other types (DVMRP, PIM version 1, mtrace) are left out.
 */
#include "control/gmp/msg.h"

#define PROTO_IGMP 2
#define TYPE_QUERY 0x11
#define TYPE_REPORT_V1 0x12
#define TYPE_REPORT_V2 0x16
#define TYPE_LEAVE 0x17
#define TYPE_REPORT_V3 0x22

#define IP_LEN 24 /* with Router Alert */
#define OPT_END 0
#define OPT_NOP 1
#define OPT_ROUTER_ALERT 0x94 /* RFC 2113 */

static bool has_router_alert(const uint8_t *opt, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (opt[i] == OPT_END)
			return false;
		if (opt[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (opt[i] == OPT_ROUTER_ALERT)
			return true;
		if (i + 1 >= len || opt[i + 1] < 2)
			return false;
		i += opt[i + 1];
	}
	return false;
}

/* The IPv4 header; *body is what is behind it. */
static enum gmp_counter ip_parse4(
	const uint8_t *data, size_t len, struct gmp_msg *m, struct reader *body)
{
	size_t ihl, total;

	if (len < 20)
		return GMP_C_drop_short;
	ihl = (data[0] & 0xfu) * 4;
	total = (size_t)(data[2] << 8 | data[3]);
	if (data[0] >> 4 != 4 || ihl < 20 || total < ihl || data[9] != PROTO_IGMP)
		return GMP_C_drop_ip_header;
	if (ihl > len || total > len)
		return GMP_C_drop_short;
	m->from = gmp_source_at(data + 12, IP_V4, 0);
	if ((data[6] & 0x3f) || data[7])
		return GMP_C_drop_fragment;
	if (data[8] != 1)
		return GMP_C_drop_ttl;
	m->to = gmp_source_at(data + 16, IP_V4, 0);
	m->router_alert = has_router_alert(data + 20, ihl - 20);
	*body = reader_of(data + ihl, total - ihl);
	return GMP_PARSED;
}

/* 7.1: the version is in the length. */
static enum gmp_counter query_parse(struct reader r, struct gmp_msg *m)
{
	size_t len = r.left;
	uint8_t code;

	if (len != 8 && len < 12)
		return GMP_C_drop_query_length;
	read_skip(&r, 1);
	code = read_u8(&r);
	read_skip(&r, 2);
	m->kind = GMP_QUERY;
	m->grp = gmp_source_at(read_bytes(&r, 4), IP_V4, 0);
	if (len == 8) {
		m->version = code ? 2 : 1;
		m->resp_us = (code ? code : 100u) * 100000ull; /* 7.2.1 */
		return GMP_PARSED;
	}
	m->resp_us = gmp_code8_value(code) * 100000ull;
	return gmp_query_v3_parse(&r, IP_V4, m);
}

static void old_parse(struct reader r, enum gmp_msg_kind kind, uint8_t version, struct gmp_msg *m)
{
	m->kind = kind;
	m->version = version;
	m->grp = gmp_source_at(r.p + 4, IP_V4, 0);
}

enum gmp_counter igmp_parse(const uint8_t *data, size_t len, struct gmp_msg *m)
{
	struct reader r = {0};
	enum gmp_counter why;

	*m = (struct gmp_msg){0};
	why = ip_parse4(data, len, m, &r);
	if (why != GMP_PARSED)
		return why;
	if (r.left < 8)
		return GMP_C_drop_short;
	if (gmp_sum_finish(gmp_sum(r.p, r.left, 0)) != 0)
		return GMP_C_drop_checksum;
	switch (r.p[0]) {
	case TYPE_QUERY:
		return query_parse(r, m);
	case TYPE_REPORT_V1:
		old_parse(r, GMP_REPORT, 1, m);
		return GMP_PARSED;
	case TYPE_REPORT_V2:
		old_parse(r, GMP_REPORT, 2, m);
		return GMP_PARSED;
	case TYPE_LEAVE:
		old_parse(r, GMP_LEAVE, 2, m);
		return GMP_PARSED;
	case TYPE_REPORT_V3:
		return gmp_report_parse(r, IP_V4, m);
	}
	return GMP_C_drop_type;
}

/* RFC 3376 4: TTL 1, Router Alert, precedence Internetwork Control. 4.1.12: to all systems, or to the
 * group that is asked for. */
static void ip_build(struct writer *w, const struct gmp_query *q, size_t total)
{
	static const uint8_t all_systems[4] = {224, 0, 0, 1};

	write_u8(w, 0x46);
	write_u8(w, 0xc0);
	write_u16(w, (uint16_t)total);
	write_u32(w, 0x4000); /* not to be fragmented */
	write_u8(w, 1);
	write_u8(w, PROTO_IGMP);
	write_u16(w, 0);
	write_bytes(w, q->from.b, 4);
	write_bytes(w, ip_is_none(&q->grp) ? all_systems : q->grp.b, 4);
	write_u32(w, 0x94040000);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* 7.3.1: version 1 says 0, version 2 a linear time. */
static uint8_t resp_code(const struct gmp_query *q)
{
	uint32_t tenths = q->resp_ms / 100;

	if (q->version == 1)
		return 0;
	if (q->version == 2)
		return (uint8_t)(tenths > 255 ? 255 : tenths ? tenths : 1);
	return gmp_code8(tenths);
}

size_t igmp_query_build(const struct gmp_query *q, uint8_t *buf, size_t cap)
{
	struct writer w = writer_of(buf, cap);
	size_t total = IP_LEN + (q->version == 3 ? 12 + (size_t)q->n * 4 : 8);

	ip_build(&w, q, total);
	write_u8(&w, TYPE_QUERY);
	write_u8(&w, resp_code(q));
	write_u16(&w, 0);
	write_bytes(&w, q->grp.b, 4);
	if (q->version == 3)
		gmp_query_v3_write(&w, IP_V4, q);
	if (w.full || w.len != total)
		return 0;
	put16(buf + 10, gmp_sum_finish(gmp_sum(buf, IP_LEN, 0)));
	put16(buf + IP_LEN + 2, gmp_sum_finish(gmp_sum(buf + IP_LEN, total - IP_LEN, 0)));
	return total;
}
