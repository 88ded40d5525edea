/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * MLD in IPv6 packets: RFC 3810 section 5 (version 2), RFC 2710 section 3 (version 1). A message stands
 * behind a hop-by-hop header with Router Alert; other extension headers are left out.
 */
#include "control/gmp/msg.h"

#define NEXT_HOPOPTS 0
#define NEXT_ICMPV6 58
#define TYPE_QUERY 130
#define TYPE_REPORT_V1 131
#define TYPE_DONE 132
#define TYPE_REPORT_V2 143

#define OPT_PAD1 0
#define OPT_ROUTER_ALERT 5 /* RFC 2711: value 0, MLD */

#define IP_LEN 48 /* with hop-by-hop header */

static bool has_router_alert(const uint8_t *opt, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (opt[i] == OPT_PAD1) {
			i++;
			continue;
		}
		if (i + 1 >= len || i + 2u + opt[i + 1] > len)
			return false;
		if (opt[i] == OPT_ROUTER_ALERT)
			return opt[i + 1] == 2 && opt[i + 2] == 0 && opt[i + 3] == 0;
		i += 2u + opt[i + 1];
	}
	return false;
}

/* *body is the ICMPv6 message. */
static enum gmp_counter ip_parse6(
	const uint8_t *data, size_t len, struct gmp_msg *m, struct reader *body)
{
	uint8_t next;
	size_t ext;

	if (len < 40)
		return GMP_C_drop_short;
	if (data[0] >> 4 != 6)
		return GMP_C_drop_ip_header;
	*body = reader_of(data + 40, (size_t)(data[4] << 8 | data[5]));
	if (body->left > len - 40)
		return GMP_C_drop_short;
	if (data[7] != 1)
		return GMP_C_drop_ttl;
	m->from = gmp_source_at(data + 8, IP_V6, 0);
	m->to = gmp_source_at(data + 24, IP_V6, 0);
	next = data[6];
	if (next == NEXT_HOPOPTS) {
		const uint8_t *opt = body->p;

		if (body->left < 8)
			return GMP_C_drop_short;
		next = opt[0];
		ext = opt[1] * 8u + 8;
		if (!read_bytes(body, ext))
			return GMP_C_drop_short;
		m->router_alert = has_router_alert(opt + 2, ext - 2);
	}
	return next == NEXT_ICMPV6 ? GMP_PARSED : GMP_C_drop_ip_header;
}

/* RFC 8200 8.1. */
static uint32_t pseudo_sum(const uint8_t *addrs, size_t len)
{
	return gmp_sum(addrs, 32, (uint32_t)len + NEXT_ICMPV6);
}

/* 8.1: the version is in the length. */
static enum gmp_counter query_parse(struct reader r, struct gmp_msg *m)
{
	size_t len = r.left;
	uint16_t code;

	if (len != 24 && len < 28)
		return GMP_C_drop_query_length;
	read_skip(&r, 4);
	code = read_u16(&r);
	read_skip(&r, 2);
	m->kind = GMP_QUERY;
	m->grp = gmp_source_at(read_bytes(&r, 16), IP_V6, 0);
	if (len == 24) {
		m->version = 2;
		m->resp_us = code * 1000ull;
		return GMP_PARSED;
	}
	m->resp_us = gmp_code16_value(code) * 1000ull;
	return gmp_query_v3_parse(&r, IP_V6, m);
}

static enum gmp_counter old_parse(struct reader r, enum gmp_msg_kind kind, struct gmp_msg *m)
{
	if (r.left < 24)
		return GMP_C_drop_short;
	m->kind = kind;
	m->version = 2;
	m->grp = gmp_source_at(r.p + 8, IP_V6, 0);
	return GMP_PARSED;
}

enum gmp_counter mld_parse(const uint8_t *data, size_t len, struct gmp_msg *m)
{
	struct reader r = {0};
	enum gmp_counter why;

	*m = (struct gmp_msg){0};
	why = ip_parse6(data, len, m, &r);
	if (why != GMP_PARSED)
		return why;
	if (r.left < 8)
		return GMP_C_drop_short;
	if (gmp_sum_finish(gmp_sum(r.p, r.left, pseudo_sum(data + 8, r.left))) != 0)
		return GMP_C_drop_checksum;
	switch (r.p[0]) {
	case TYPE_QUERY:
		return query_parse(r, m);
	case TYPE_REPORT_V1:
		return old_parse(r, GMP_REPORT, m);
	case TYPE_DONE:
		return old_parse(r, GMP_LEAVE, m);
	case TYPE_REPORT_V2:
		return gmp_report_parse(r, IP_V6, m);
	}
	return GMP_C_drop_type;
}

/* RFC 3810 5: hop limit 1, Router Alert. 5.1.15: to all nodes, or to the group that is asked for. */
static void ip_build(struct writer *w, const struct gmp_query *q, size_t total)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	static const uint8_t hop_by_hop[8] = {NEXT_ICMPV6, 0, OPT_ROUTER_ALERT, 2, 0, 0, 1, 0};

	write_u32(w, 0x6c000000);
	write_u16(w, (uint16_t)(total - 40));
	write_u8(w, NEXT_HOPOPTS);
	write_u8(w, 1);
	write_bytes(w, q->from.b, 16);
	write_bytes(w, ip_is_none(&q->grp) ? all_nodes : q->grp.b, 16);
	write_bytes(w, hop_by_hop, 8);
}

size_t mld_query_build(const struct gmp_query *q, uint8_t *buf, size_t cap)
{
	struct writer w = writer_of(buf, cap);
	size_t total = IP_LEN + (q->version == 3 ? 28 + (size_t)q->n * 16 : 24);
	uint16_t sum;

	ip_build(&w, q, total);
	write_u8(&w, TYPE_QUERY);
	write_u8(&w, 0);
	write_u16(&w, 0);
	if (q->version == 3)
		write_u16(&w, gmp_code16(q->resp_ms));
	else
		write_u16(&w, (uint16_t)(q->resp_ms > 65535 ? 65535 : q->resp_ms));
	write_u16(&w, 0);
	write_bytes(&w, q->grp.b, 16);
	if (q->version == 3)
		gmp_query_v3_write(&w, IP_V6, q);
	if (w.full || w.len != total)
		return 0;
	sum = gmp_sum_finish(
		gmp_sum(buf + IP_LEN, total - IP_LEN, pseudo_sum(buf + 8, total - IP_LEN)));
	buf[IP_LEN + 2] = (uint8_t)(sum >> 8);
	buf[IP_LEN + 3] = (uint8_t)sum;
	return total;
}
