/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Register and Null-Register (RFC 7761 4.9.3), Register-Stop (4.9.4). The packet inside has the family of
 * the one outside. A fragment inside is a packet as any other: source and group stand in its header.
 */
#include "control/pim/common/wire_priv.h"

#define REGISTER_B 0x80000000u
#define REGISTER_N 0x40000000u
#define IP4_HDR_LEN 20u
#define IP6_HDR_LEN 40u

/* IPv4: a header alone is checked; a checksum of 0 in a Null-Register stands for none. */
static enum pim_drop inner4(struct pim_register *r)
{
	const uint8_t *ip = r->inner;
	size_t len = r->inner_len, hdr, total;
	bool unchecked;

	if (len < IP4_HDR_LEN || ip[0] >> 4 != 4)
		return PIM_DROP_register_inner;
	hdr = (ip[0] & 0xfu) * 4;
	if (hdr < IP4_HDR_LEN || hdr > len)
		return PIM_DROP_register_inner;
	total = (size_t)(ip[2] << 8 | ip[3]);
	if (!r->null && (total < hdr || total > len))
		return PIM_DROP_register_inner;
	unchecked = r->null && ip[10] == 0 && ip[11] == 0;
	if (!unchecked && pim_sum_end(pim_sum(0, ip, hdr)) != 0)
		return PIM_DROP_register_inner_checksum;
	r->src.family = r->grp.family = IP_V4;
	memcpy(r->src.b, ip + 12, 4);
	memcpy(r->grp.b, ip + 16, 4);
	r->ttl = r->null ? 0 : ip[8];
	r->inner_len = r->null ? len : total;
	return PIM_OK;
}

/* IPv6: a Null-Register may carry a dummy PIM header with a checksum of its own. */
static enum pim_drop inner6(struct pim_register *r)
{
	const uint8_t *ip = r->inner;
	size_t len = r->inner_len, total;
	uint32_t sum;

	if (len < IP6_HDR_LEN || ip[0] >> 4 != 6)
		return PIM_DROP_register_inner;
	total = IP6_HDR_LEN + (size_t)(ip[4] << 8 | ip[5]);
	if (!r->null && total > len)
		return PIM_DROP_register_inner;
	r->src = ip6_bytes(ip + 8);
	r->grp = ip6_bytes(ip + 24);
	if (r->null && len >= IP6_HDR_LEN + PIM_HDR_LEN) {
		sum = pim_sum_pseudo(&r->src, &r->grp, PIM_HDR_LEN);
		if (pim_sum_end(pim_sum(sum, ip + IP6_HDR_LEN, PIM_HDR_LEN)) != 0)
			return PIM_DROP_register_inner_checksum;
	}
	r->ttl = r->null ? 0 : ip[7];
	r->inner_len = r->null ? len : total;
	return PIM_OK;
}

enum pim_drop pim_register_open(const struct pim_packet *p, struct pim_register *r)
{
	struct reader body = pim_body(p);
	uint32_t bits = read_u32(&body);
	enum pim_drop why;

	*r = (struct pim_register){.inner = body.p, .inner_len = body.left};
	if (body.bad)
		return PIM_DROP_truncated;
	r->border = bits & REGISTER_B;
	r->null = bits & REGISTER_N;
	why = p->src.family == IP_V6 ? inner6(r) : inner4(r);
	if (why)
		return why;
	if (!pim_is_unicast(&r->src) || !ip_is_multicast(&r->grp) ||
		ip_is_multicast_link_local(&r->grp))
		return PIM_DROP_register_inner_addr;
	return PIM_OK;
}

enum pim_drop pim_register_stop_open(const struct pim_packet *p, struct pim_register_stop *r)
{
	struct reader body = pim_body(p);
	uint8_t mask_len, flags;
	struct ipaddr grp;
	enum pim_drop why = pim_read_group(&body, &grp, &mask_len, &flags);

	if (!why)
		why = pim_read_unicast(&body, &r->src);
	if (why)
		return why;
	if (grp.family != p->src.family || r->src.family != grp.family)
		return PIM_DROP_addr_family;
	r->grp = prefix_make(grp, mask_len);
	if (!ip_is_multicast(&r->grp.addr)) /* more than all groups */
		return PIM_DROP_mask_len;
	if (ip_is_any(&r->src))
		r->src = (struct ipaddr){0};
	return PIM_OK;
}

/* --- writing ------------------------------------------------------------------------------------- */

static void begin(struct pim_msg *m, void *buf, size_t cap, const struct ipaddr *src,
	const struct ipaddr *rp, uint32_t bits)
{
	pim_msg_begin(m, buf, cap, PIM_REGISTER, src, rp);
	write_u32(&m->w, bits);
}

size_t pim_register_write(void *buf, size_t cap, const struct ipaddr *src, const struct ipaddr *rp,
	const uint8_t *inner, size_t inner_len)
{
	struct pim_msg m;

	begin(&m, buf, cap, src, rp, 0);
	write_bytes(&m.w, inner, inner_len);
	return pim_msg_end(&m);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The table of 4.9.3 for IPv4. */
static void write_dummy4(struct writer *w, const struct ipaddr *s, const struct ipaddr *g)
{
	uint8_t *ip = write_room(w, IP4_HDR_LEN);

	if (!ip)
		return;
	memset(ip, 0, IP4_HDR_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP4_HDR_LEN);
	ip[8] = 1;
	ip[9] = PIM_IP_PROTO;
	memcpy(ip + 12, s->b, 4);
	memcpy(ip + 16, g->b, 4);
	put16(ip + 10, pim_sum_end(pim_sum(0, ip, IP4_HDR_LEN)));
}

/* The table of 4.9.3 for IPv6: a dummy PIM header follows. */
static void write_dummy6(struct writer *w, const struct ipaddr *s, const struct ipaddr *g)
{
	uint8_t *ip = write_room(w, IP6_HDR_LEN + PIM_HDR_LEN);

	if (!ip)
		return;
	memset(ip, 0, IP6_HDR_LEN + PIM_HDR_LEN);
	ip[0] = 0x60;
	put16(ip + 4, PIM_HDR_LEN);
	ip[6] = PIM_IP_PROTO;
	ip[7] = 1;
	memcpy(ip + 8, s->b, 16);
	memcpy(ip + 24, g->b, 16);
	put16(ip + IP6_HDR_LEN + 2, pim_sum_end(pim_sum_pseudo(s, g, PIM_HDR_LEN)));
}

size_t pim_null_register_write(void *buf, size_t cap, const struct ipaddr *src,
	const struct ipaddr *rp, const struct ipaddr *s, const struct ipaddr *g)
{
	struct pim_msg m;

	begin(&m, buf, cap, src, rp, REGISTER_N);
	if (s->family == IP_V6)
		write_dummy6(&m.w, s, g);
	else
		write_dummy4(&m.w, s, g);
	return pim_msg_end(&m);
}

size_t pim_register_stop_write(void *buf, size_t cap, const struct ipaddr *src,
	const struct ipaddr *dst, const struct ipaddr *g, const struct ipaddr *s)
{
	struct ipaddr any = {.family = g->family};
	struct pim_msg m;

	pim_msg_begin(&m, buf, cap, PIM_REGISTER_STOP, src, dst);
	pim_write_group(&m.w, g);
	pim_write_unicast(&m.w, ip_is_none(s) ? &any : s);
	return pim_msg_end(&m);
}
