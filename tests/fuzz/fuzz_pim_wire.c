/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM messages of any content. First byte: bit 0 the family, bit 1 the input is a whole packet, else it is what
 * follows the PIM header's first two bytes and checksums are made right, bit 2 over the whole of a Register.
 * Second byte: type; third: flag bits.
 *
 * What must hold: a message that is taken gives the same entries each time it is walked, no more than it
 * claims; what the builder makes of them has the same entries again, each message within its size; a Hello
 * that is written from what was read reads the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "control/pim/common/wire_priv.h"

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                             \
		}                                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- Join/Prune ----------------------------------------------------------------------------------------- */

/* Entries as a sum that does not depend on their order. */
struct tally {
	uint64_t groups, entries, sum;
	size_t cap;
};

static void tally_entry(struct tally *t, const struct ipaddr *grp, const struct pim_jp_source *s)
{
	t->entries++;
	t->sum += (uint64_t)ip_hash(&s->addr, ip_hash(grp, s->flags | (s->join ? 8u : 0))) + 1;
}

static struct tally walk(struct pim_jp jp, uint8_t mask)
{
	struct tally t = {0};
	struct pim_jp_source s;
	struct pim_jp_group g;

	while (pim_jp_group_next(&jp, &g)) {
		uint32_t n = 0;

		CHECK(ip_is_multicast(&g.grp) && g.grp.family == jp.family);
		t.groups++;
		while (pim_jp_source_next(&g, &s)) {
			CHECK(s.addr.family == jp.family);
			s.flags |= mask;
			tally_entry(&t, &g.grp, &s);
			n++;
		}
		CHECK(n <= (uint32_t)g.n_joins + g.n_prunes);
	}
	CHECK(t.groups <= jp.n_groups);
	return t;
}

static void built(void *arg, const uint8_t *ip, size_t len)
{
	struct tally *t = arg, one;
	struct pim_packet p;
	struct pim_jp jp;

	CHECK(len <= t->cap);
	CHECK(pim_packet_open(ip, len, &p) == PIM_OK);
	CHECK(pim_jp_open(&p, &jp) == PIM_OK);
	one = walk(jp, 0);
	t->entries += one.entries;
	t->sum += one.sum;
}

static void rebuild(struct pim_jp jp, const struct ipaddr *src, size_t cap)
{
	static uint8_t buf[PIM_MSG_MAX];
	struct tally want = walk(jp, PIM_SRC_S), got = {.cap = cap};
	struct pim_jp_builder b = {.buf = buf,
		.cap = cap,
		.src = *src,
		.upstream = jp.upstream,
		.holdtime_s = jp.holdtime_s,
		.send = built,
		.arg = &got};
	struct pim_jp_set set = {0};
	struct pim_jp_source s;
	struct pim_jp_group g;

	while (pim_jp_group_next(&jp, &g)) {
		pim_jp_set_begin(&set, &g.grp);
		while (pim_jp_source_next(&g, &s))
			pim_jp_set_add(&set, s.join, &s.addr, s.flags | PIM_SRC_S);
		pim_jp_build(&b, &set);
	}
	pim_jp_flush(&b);
	pim_jp_set_fini(&set);
	CHECK(got.entries + b.cut == want.entries);
	CHECK(b.cut || got.sum == want.sum);
}

static void join_prune(const struct pim_packet *p)
{
	struct pim_jp jp;
	struct tally a, b;

	if (pim_jp_open(p, &jp))
		return;
	a = walk(jp, 0);
	b = walk(jp, 0);
	CHECK(a.groups == b.groups && a.entries == b.entries && a.sum == b.sum);
	rebuild(jp, &p->src, 1500);
	rebuild(jp, &p->src, 200);
}

/* --- Hello -------------------------------------------------------------------------------------------------- */

static void hello(const struct pim_packet *p)
{
	static struct ipaddr v[8192];
	static uint8_t buf[PIM_MSG_MAX];
	struct pim_hello_addrs it = {0}, again = {0};
	struct pim_hello h, r;
	struct pim_packet q;
	struct ipaddr a;
	size_t n = 0, len;

	if (pim_hello_open(p, &h))
		return;
	while (pim_hello_addr_next(&h, &it, &v[n]) && n < 8191)
		n++;
	if (ip_is_multicast(&p->src)) /* its own checksum would fit, but nobody sends from there */
		return;
	len = pim_hello_write(buf, sizeof(buf), &p->src, &h, v, n);
	CHECK(len > 0);
	CHECK(pim_packet_open(buf, len, &q) == PIM_OK && pim_hello_open(&q, &r) == PIM_OK);
	CHECK((r.has | PIM_HAS_ADDRESS_LIST) == (h.has | PIM_HAS_ADDRESS_LIST));
	CHECK(r.holdtime_s == h.holdtime_s && r.dr_priority == h.dr_priority);
	CHECK(r.genid == h.genid && r.override_interval_ms == h.override_interval_ms);
	CHECK(r.tracking_support == h.tracking_support);
	for (size_t i = 0; i < n; i++)
		CHECK(pim_hello_addr_next(&r, &again, &a) && ip_eq(&a, &v[i]));
	CHECK(!pim_hello_addr_next(&r, &again, &a));
}

/* --- the others ------------------------------------------------------------------------------------------------ */

static void others(const struct pim_packet *p)
{
	struct pim_register_stop stop;
	struct pim_assert a, b;
	struct pim_register r;
	struct pim_packet q;
	uint8_t buf[256];
	size_t len;

	if (p->type == PIM_REGISTER && !pim_register_open(p, &r)) {
		CHECK(r.inner >= p->msg && r.inner + r.inner_len <= p->msg + p->len);
		CHECK(ip_is_multicast(&r.grp) && !ip_is_multicast(&r.src));
	}
	if (p->type == PIM_REGISTER_STOP && !pim_register_stop_open(p, &stop))
		CHECK(ip_is_multicast(&stop.grp.addr));
	if (p->type != PIM_ASSERT || pim_assert_open(p, &a))
		return;
	len = pim_assert_write(buf, sizeof(buf), &p->src, &a);
	CHECK(len > 0 && !pim_packet_open(buf, len, &q) && !pim_assert_open(&q, &b));
	CHECK(ip_eq(&a.grp, &b.grp) && ip_eq(&a.src, &b.src) && a.rpt == b.rpt);
	CHECK(a.preference == b.preference && a.metric == b.metric);
}

/* --- the packet ---------------------------------------------------------------------------------------------------- */

/* A packet from its body; the caller frees it. */
static uint8_t *wrap(const uint8_t *data, size_t size, bool v6, bool whole, size_t *len)
{
	struct ipaddr src = v6 ? pim_all_routers(IP_V6) : ip4(0x0a000002);
	struct ipaddr dst = pim_all_routers(v6 ? IP_V6 : IP_V4);
	size_t hdr = v6 ? 40 : 20, cap = hdr + 2 + size, covered;
	uint8_t *buf = malloc(cap), *msg = buf + hdr;
	struct pim_msg m;
	uint16_t sum;

	CHECK(buf);
	src.b[0] = v6 ? 0xfe : 10;
	src.b[1] = v6 ? 0x80 : 0;
	pim_msg_begin(&m, buf, cap, (enum pim_type)(data[0] & 0xf), &src, &dst);
	write_bytes(&m.w, data + 2, size - 2);
	*len = pim_msg_end(&m);
	CHECK(*len == cap);
	msg[1] = data[1];
	msg[2] = msg[3] = 0;
	covered = (data[0] & 0xf) == PIM_REGISTER && !whole && cap - hdr >= 8 ? 8 : cap - hdr;
	sum = pim_sum_end(pim_sum(pim_sum_pseudo(&src, &dst, (uint32_t)covered), msg, covered));
	msg[2] = (uint8_t)(sum >> 8);
	msg[3] = (uint8_t)sum;
	return buf;
}

static void judge(const uint8_t *ip, size_t len)
{
	struct pim_packet p;

	if (pim_packet_open(ip, len, &p))
		return;
	CHECK(p.msg >= ip && p.msg + p.len <= ip + len);
	if (p.type == PIM_HELLO)
		hello(&p);
	else if (p.type == PIM_JOIN_PRUNE)
		join_prune(&p);
	else
		others(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *packet;
	size_t len;

	if (size < 3 || size > 60000)
		return 0;
	if (data[0] & 2) {
		judge(data + 1, size - 1);
		return 0;
	}
	packet = wrap(data + 1, size - 1, data[0] & 1, data[0] & 4, &len);
	judge(packet, len);
	free(packet);
	return 0;
}
