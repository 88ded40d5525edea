/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets of hosts and of other routers, as the wire has them: told a second time, without the router's
 * functions.
 */
#include "tests/sum.h"
#include "tests/unit/gmp/bed.h"

static bool is_v6(const struct bed_packet *p)
{
	return p->data[0] >> 4 == 6;
}

static size_t head_len(const struct bed_packet *p)
{
	if (is_v6(p))
		return p->data[6] == 0 ? 48 : 40;
	return (p->data[0] & 0xfu) * 4;
}

struct writer bed_begin(struct bed_packet *p, const struct bed_head *h)
{
	struct ipaddr from = bed_addr(h->from), to = bed_addr(h->to);
	struct writer w = writer_of(p->data, sizeof(p->data));

	if (from.family == IP_V6) {
		write_u32(&w, 0x60000000);
		write_u16(&w, 0);
		write_u8(&w, h->no_alert ? 58 : 0);
		write_u8(&w, h->ttl);
		write_bytes(&w, from.b, 16);
		write_bytes(&w, to.b, 16);
		if (!h->no_alert)
			write_bytes(&w, (uint8_t[]){58, 0, 5, 2, 0, 0, 1, 0}, 8);
		return w;
	}
	write_u8(&w, h->no_alert ? 0x45 : 0x46);
	write_u8(&w, h->tos);
	write_u32(&w, 0);
	write_u16(&w, 0);
	write_u8(&w, h->ttl);
	write_u8(&w, 2);
	write_u16(&w, 0);
	write_bytes(&w, from.b, 4);
	write_bytes(&w, to.b, 4);
	if (!h->no_alert)
		write_u32(&w, 0x94040000);
	return w;
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void bed_seal(struct bed_packet *p, struct writer *w)
{
	size_t head = head_len(p), len = w->len - head;
	uint8_t *body = p->data + head;
	uint32_t sum = 0;

	p->len = w->len;
	if (is_v6(p)) {
		put16(p->data + 4, w->len - 40);
		sum = sum16_on(p->data + 8, 32, (uint32_t)len + 58);
	} else {
		put16(p->data + 2, w->len);
		sum16_seal(p->data + 10, p->data, head);
	}
	sum16_seal_on(body + 2, body, len, sum);
}

static void deliver(struct bed *b, uint16_t ifid, struct bed_packet *p, struct writer *w)
{
	bed_seal(p, w);
	bed_packet_in(b, ifid, p);
}

static uint8_t type_of(const char *name)
{
	static const char *const names[] = {
		"", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};

	for (uint8_t i = 1; i < 7; i++)
		if (!strcmp(names[i], name))
			return i;
	return 0;
}

static void write_addr(struct writer *w, struct ipaddr a)
{
	write_bytes(w, a.b, ip_bytes(&a));
}

static void write_record(struct writer *w, const struct bed_record *r)
{
	struct ipaddr grp = bed_addr(r->grp);
	const char *s = r->sources ? r->sources : "";

	write_u8(w, type_of(r->type));
	write_u8(w, 0);
	write_u16(w, (uint16_t)strlen(s));
	write_addr(w, grp);
	for (; *s; s++)
		write_addr(w, bed_source(grp.family, *s));
}

void bed_report(struct bed *b, uint16_t ifid, const char *from, unsigned n,
	const struct bed_record *records)
{
	bool v6 = strchr(from, ':');
	struct bed_head h = {.from = from, .to = v6 ? "ff02::16" : "224.0.0.22", .ttl = 1};
	static struct bed_packet p;
	struct writer w = bed_begin(&p, &h);

	write_u8(&w, v6 ? 143 : 0x22);
	write_u8(&w, 0);
	write_u32(&w, 0);
	write_u16(&w, (uint16_t)n);
	for (unsigned i = 0; i < n; i++)
		write_record(&w, &records[i]);
	deliver(b, ifid, &p, &w);
}

void bed_report1(struct bed *b, uint16_t ifid, const char *from, const char *type, const char *grp,
	const char *sources)
{
	struct bed_record r = {.type = type, .grp = grp, .sources = sources};

	bed_report(b, ifid, from, 1, &r);
}

static void old(struct bed *b, uint16_t ifid, const char *from, const char *to, uint8_t type4,
	uint8_t type6, const char *grp)
{
	struct ipaddr g = bed_addr(grp);
	struct bed_head h = {.from = from, .to = to, .ttl = 1};
	static struct bed_packet p;
	struct writer w = bed_begin(&p, &h);

	write_u8(&w, g.family == IP_V6 ? type6 : type4);
	write_u8(&w, 0);
	write_u16(&w, 0);
	if (g.family == IP_V6)
		write_u32(&w, 0);
	write_addr(&w, g);
	deliver(b, ifid, &p, &w);
}

void bed_old_report(
	struct bed *b, uint16_t ifid, const char *from, unsigned version, const char *grp)
{
	old(b, ifid, from, grp, version == 1 ? 0x12 : 0x16, 131, grp);
}

void bed_leave(struct bed *b, uint16_t ifid, const char *from, const char *grp)
{
	old(b, ifid, from, strchr(from, ':') ? "ff02::2" : "224.0.0.2", 0x17, 132, grp);
}

static const char *all_systems(bool v6)
{
	return v6 ? "ff02::1" : "224.0.0.1";
}

void bed_query(struct bed *b, uint16_t ifid, const struct bed_query_in *q)
{
	bool v6 = strchr(q->from, ':');
	const char *s = q->sources ? q->sources : "";
	struct bed_head h = {.from = q->from, .ttl = 1};
	static struct bed_packet p;
	struct writer w;

	h.to = q->to ? q->to : q->grp ? q->grp : all_systems(v6);
	w = bed_begin(&p, &h);
	write_u8(&w, v6 ? 130 : 0x11);
	write_u8(&w, v6 ? 0 : (uint8_t)q->max_resp);
	write_u16(&w, 0);
	if (v6)
		write_u32(&w, q->max_resp * 100 << 16);
	write_addr(&w, bed_addr(q->grp ? q->grp : v6 ? "::" : "0.0.0.0"));
	if (q->version == 3) {
		write_u8(&w, (uint8_t)((q->suppress ? 8 : 0) | q->qrv));
		write_u8(&w, (uint8_t)q->qqic);
		write_u16(&w, (uint16_t)strlen(s));
		for (; *s; s++)
			write_addr(&w, bed_source(v6 ? IP_V6 : IP_V4, *s));
	}
	deliver(b, ifid, &p, &w);
}
