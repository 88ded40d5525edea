/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 */
#include "tests/fuzz/gmp_wire.h"

#include "tests/sum.h"

#include <stdlib.h>

#define MUST(x)                                              \
	do {                                                 \
		if (!(x)) {                                  \
			fprintf(stderr, "not so: %s\n", #x); \
			abort();                             \
		}                                            \
	} while (0)

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void repair4(uint8_t *p, size_t len)
{
	size_t ihl = (p[0] & 0xfu) * 4;

	if (len < 20 || ihl < 20 || ihl + 4 > len)
		return;
	p[0] = (uint8_t)(0x40 | ihl / 4);
	put16(p + 2, len);
	put16(p + 6, 0);
	p[8] = 1;
	p[9] = 2;
	sum16_seal(p + ihl + 2, p + ihl, len - ihl);
}

static void repair6(uint8_t *p, size_t len)
{
	size_t at = 40;
	uint32_t s;

	if (len < 52)
		return;
	p[0] = (uint8_t)(0x60 | (p[0] & 0xf));
	put16(p + 4, len - 40);
	p[7] = 1;
	if (p[6] == 0) {
		at += p[41] * 8u + 8;
		p[40] = 58;
	} else {
		p[6] = 58;
	}
	if (at + 4 > len)
		return;
	s = sum16_on(p + 8, 32, (uint32_t)(len - at) + 58);
	sum16_seal_on(p + at + 2, p + at, len - at, s);
}

static bool is_inside(const uint8_t *p, size_t n, const uint8_t *data, size_t len)
{
	return p >= data && n <= len && p + n <= data + len;
}

static void report_check(
	const struct gmp_wire *w, const struct gmp_msg *m, const uint8_t *data, size_t len)
{
	struct reader r = gmp_records(m);
	struct gmp_record rec;
	unsigned n = 0;

	while (gmp_record_next(&r, w->family, &rec)) {
		n++;
		MUST(is_inside(rec.sources, rec.n * (w->family == IP_V6 ? 16u : 4u), data, len));
		MUST(rec.grp.family == w->family);
	}
	MUST(n == m->n);
	MUST(!r.bad);
}

static void query_check(const struct gmp_wire *w, const struct gmp_msg *m)
{
	static struct ipaddr sources[GMP_PACKET_MAX / 4];
	static uint8_t buf[GMP_PACKET_MAX];
	struct gmp_query q = {.family = w->family,
		.version = m->version,
		.from = m->from,
		.resp_ms = (uint32_t)(m->resp_us / 1000),
		.suppress = m->suppress,
		.qrv = m->qrv,
		.qqi_s = m->qqi_s,
		.n = m->n,
		.sources = sources};
	struct gmp_msg again;
	size_t len;

	if (m->n > gmp_query_sources_max(w->family, GMP_PACKET_MAX))
		return;
	for (unsigned i = 0; i < m->n; i++)
		sources[i] = gmp_source_at(m->raw, w->family, i);
	if (!ip_is_any(&m->grp))
		q.grp = m->grp;
	len = w->build(&q, buf, sizeof(buf));
	MUST(len > 0 && w->parse(buf, len, &again) == GMP_PARSED);
	MUST(again.kind == GMP_QUERY && again.version == m->version && again.router_alert);
	MUST(ip_eq(&again.grp, &m->grp) && ip_eq(&again.from, &m->from));
	MUST(again.resp_us == m->resp_us && again.suppress == m->suppress);
	MUST(again.qrv == m->qrv && again.qqi_s == m->qqi_s && again.n == m->n);
	MUST(m->n == 0 || !memcmp(again.raw, m->raw, m->raw_len));
}

static void check(const struct gmp_wire *w, const uint8_t *data, size_t len)
{
	struct gmp_msg m;
	enum gmp_counter why = w->parse(data, len, &m);

	MUST(why <= GMP_PARSED);
	if (why != GMP_PARSED)
		return;
	MUST(m.version >= 1 && m.version <= 3);
	if (m.n > 0)
		MUST(is_inside(m.raw, m.raw_len, data, len));
	if (m.kind == GMP_QUERY)
		query_check(w, &m);
	else if (m.version == 3)
		report_check(w, &m, data, len);
}

void gmp_wire_check(const struct gmp_wire *w, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); /* its end is the allocation's */

	memcpy(copy, data, size);
	check(w, copy, size);
	if (size > 0) {
		(w->family == IP_V6 ? repair6 : repair4)(copy, size);
		check(w, copy, size);
	}
	free(copy);
}
