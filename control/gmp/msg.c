/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the wire formats of IGMP and MLD share: time codes, group records, the query of version
 * 3 behind its group, the checksum. The records of
 * RFC 3376 4.2.4 and RFC 3810 5.2.4 differ in the length of an address only.
 */
#include "control/gmp/msg.h"

uint32_t gmp_code8_value(uint8_t code)
{
	return code < 128 ? code : ((code & 0xfu) | 0x10u) << ((code >> 4 & 7) + 3);
}

uint8_t gmp_code8(uint32_t value)
{
	unsigned exp = 0;

	if (value < 128)
		return (uint8_t)value;
	if (value > 31744)
		return 0xff;
	while (value >> (exp + 3) > 0x1f)
		exp++;
	return (uint8_t)(0x80 | exp << 4 | (value >> (exp + 3) & 0xf));
}

uint32_t gmp_code16_value(uint16_t code)
{
	return code < 32768 ? code : ((code & 0xfffu) | 0x1000u) << ((code >> 12 & 7) + 3);
}

uint16_t gmp_code16(uint32_t value)
{
	unsigned exp = 0;

	if (value < 32768)
		return (uint16_t)value;
	if (value > 8387584)
		return 0xffff;
	while (value >> (exp + 3) > 0x1fff)
		exp++;
	return (uint16_t)(0x8000 | exp << 12 | (value >> (exp + 3) & 0xfff));
}

struct ipaddr gmp_source_at(const uint8_t *raw, uint8_t family, uint32_t i)
{
	struct ipaddr ip = {.family = family};
	uint8_t len = ip_bytes(&ip);

	memcpy(ip.b, raw + (size_t)i * len, len);
	return ip;
}

struct reader gmp_records(const struct gmp_msg *m)
{
	return reader_of(m->raw, m->raw_len);
}

bool gmp_record_next(struct reader *r, uint8_t family, struct gmp_record *rec)
{
	uint8_t aux, len = family == IP_V6 ? 16 : 4;
	const uint8_t *grp;

	if (r->left == 0)
		return false;
	rec->type = read_u8(r);
	aux = read_u8(r);
	rec->n = read_u16(r);
	grp = read_bytes(r, len);
	rec->sources = read_bytes(r, (size_t)rec->n * len);
	read_skip(r, (size_t)aux * 4); /* 4.2.10: skipped exactly */
	if (r->bad)
		return false;
	rec->grp = gmp_source_at(grp, family, 0);
	return true;
}

enum gmp_counter gmp_report_parse(struct reader r, uint8_t family, struct gmp_msg *m)
{
	struct gmp_record rec;
	size_t left;

	read_skip(&r, 6);
	m->n = read_u16(&r);
	m->kind = GMP_REPORT;
	m->version = 3;
	m->raw = r.p;
	left = r.left;
	for (unsigned i = 0; i < m->n; i++)
		if (!gmp_record_next(&r, family, &rec))
			return GMP_C_drop_short;
	m->raw_len = left - r.left;
	return GMP_PARSED;
}

enum gmp_counter gmp_query_v3_parse(struct reader *r, uint8_t family, struct gmp_msg *m)
{
	uint8_t flags = read_u8(r);

	m->version = 3;
	m->suppress = flags & 8;
	m->qrv = flags & 7;
	m->qqi_s = gmp_code8_value(read_u8(r));
	m->n = read_u16(r);
	m->raw_len = (size_t)m->n * (family == IP_V6 ? 16 : 4);
	m->raw = read_bytes(r, m->raw_len);
	return r->bad ? GMP_C_drop_short : GMP_PARSED;
}

void gmp_query_v3_write(struct writer *w, uint8_t family, const struct gmp_query *q)
{
	write_u8(w, (uint8_t)((q->suppress ? 8 : 0) | (q->qrv > 7 ? 0 : q->qrv)));
	write_u8(w, gmp_code8(q->qqi_s));
	write_u16(w, (uint16_t)q->n);
	for (uint32_t i = 0; i < q->n; i++)
		write_bytes(w, q->sources[i].b, family == IP_V6 ? 16 : 4);
}

uint32_t gmp_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	uint64_t s = sum;

	for (; len >= 2; len -= 2, p += 2)
		s += (uint32_t)(p[0] << 8 | p[1]);
	if (len)
		s += (uint32_t)(p[0] << 8);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

uint16_t gmp_sum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t gmp_query_sources_max(uint8_t family, uint32_t mtu)
{
	/* IPv4 header with Router Alert 24, IGMP 12; IPv6 40, hop-by-hop 8, MLD 28 */
	uint32_t head = family == IP_V6 ? 76 : 36, len = family == IP_V6 ? 16 : 4;

	if (mtu > GMP_PACKET_MAX)
		mtu = GMP_PACKET_MAX;
	return mtu >= head + len ? (mtu - head) / len : 1;
}
