/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Headers: IP, and the one common to all PIM messages (RFC 7761 4.9, RFC 8736). The checksum of a
 * Register covers its first 8 bytes; one over the whole packet is taken, too (4.9.3).
 */
#include "control/pim/common/wire_priv.h"

#define IP4_HDR_LEN 20u
#define IP6_HDR_LEN 40u
#define IP6_HOPOPTS 0
#define TOS_CONTROL 0xc0 /* internetwork control */
#define IP4_DF 0x4000
#define IP4_FRAGMENT 0x3fff /* MF and offset */

const char *pim_drop_name(enum pim_drop reason)
{
	static const char *const names[PIM_DROP_COUNT] = {"ok",
#define NAME(name, text) #name,
		PIM_DROPS(NAME)
#undef NAME
	};

	return names[reason];
}

const char *pim_drop_text(enum pim_drop reason)
{
	static const char *const texts[PIM_DROP_COUNT] = {"taken",
#define TEXT(name, text) text,
		PIM_DROPS(TEXT)
#undef TEXT
	};

	return texts[reason];
}

const char *pim_type_name(enum pim_type type)
{
	static const char *const names[PIM_TYPES] = {
		[PIM_HELLO] = "hello",
		[PIM_REGISTER] = "register",
		[PIM_REGISTER_STOP] = "register_stop",
		[PIM_JOIN_PRUNE] = "join_prune",
		[PIM_BOOTSTRAP] = "bootstrap",
		[PIM_ASSERT] = "assert",
		[PIM_GRAFT] = "graft",
		[PIM_GRAFT_ACK] = "graft_ack",
		[PIM_CANDIDATE_RP] = "candidate_rp",
		[PIM_STATE_REFRESH] = "state_refresh",
		[PIM_DF_ELECTION] = "df_election",
		[PIM_ECMP_REDIRECT] = "ecmp_redirect",
		[PIM_FLOODING] = "flooding",
		[PIM_EXTENDED_13] = "extended_13",
		[PIM_EXTENDED_14] = "extended_14",
		[PIM_EXTENDED_15] = "extended_15",
	};

	return names[type];
}

struct ipaddr pim_all_routers(enum ip_family family)
{
	static const uint8_t all6[16] = {0xff, 0x02, [15] = 0x0d};

	return family == IP_V6 ? ip6_bytes(all6) : ip4(0xe000000d);
}

bool pim_is_unicast(const struct ipaddr *a)
{
	return !ip_is_any(a) && !ip_is_multicast(a) && !ip_is_loopback(a) &&
	       !(a->family == IP_V4 && (a->b[0] == 0 || a->b[0] >= 240));
}

/* --- checksums --------------------------------------------------------------------------------- */

uint32_t pim_sum(uint32_t sum, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (i < n)
		sum += (uint32_t)(p[i] << 8);
	return sum;
}

uint32_t pim_sum_pseudo(const struct ipaddr *src, const struct ipaddr *dst, uint32_t len)
{
	uint32_t sum;

	if (src->family != IP_V6)
		return 0;
	sum = pim_sum(0, src->b, 16);
	sum = pim_sum(sum, dst->b, 16);
	return sum + (len >> 16) + (len & 0xffff) + PIM_IP_PROTO;
}

uint16_t pim_sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool checksum_ok(const struct pim_packet *p, size_t covered)
{
	uint32_t sum = pim_sum_pseudo(&p->src, &p->dst, (uint32_t)covered);

	return pim_sum_end(pim_sum(sum, p->msg, covered)) == 0;
}

/* --- reading ------------------------------------------------------------------------------------- */

static enum pim_drop open4(const uint8_t *ip, size_t len, struct pim_packet *p)
{
	struct reader r = reader_of(ip, len);
	uint8_t vihl = read_u8(&r), protocol;
	size_t hdr = (vihl & 0xfu) * 4, total;
	uint16_t fragment;

	read_skip(&r, 1);
	total = read_u16(&r);
	read_skip(&r, 2);
	fragment = read_u16(&r);
	p->ttl = read_u8(&r);
	protocol = read_u8(&r);
	if (len < IP4_HDR_LEN || vihl >> 4 != 4 || hdr < IP4_HDR_LEN || total < hdr ||
		total > len || protocol != PIM_IP_PROTO)
		return PIM_DROP_ip_header;
	p->src.family = p->dst.family = IP_V4;
	memcpy(p->src.b, ip + 12, 4);
	memcpy(p->dst.b, ip + 16, 4);
	if (fragment & IP4_FRAGMENT)
		return PIM_DROP_ip_fragment;
	p->msg = ip + hdr;
	p->len = total - hdr;
	return PIM_OK;
}

static enum pim_drop open6(const uint8_t *ip, size_t len, struct pim_packet *p)
{
	struct reader r = reader_of(ip, len);
	size_t payload;
	uint8_t next;

	read_skip(&r, 4);
	payload = read_u16(&r);
	next = read_u8(&r);
	p->ttl = read_u8(&r);
	read_skip(&r, 32);
	if (r.bad || ip[0] >> 4 != 6 || payload > r.left)
		return PIM_DROP_ip_header;
	r.left = payload;
	if (next == IP6_HOPOPTS) {
		next = read_u8(&r);
		read_skip(&r, (size_t)read_u8(&r) * 8 + 6);
	}
	if (r.bad || next != PIM_IP_PROTO)
		return PIM_DROP_ip_header;
	p->src = ip6_bytes(ip + 8);
	p->dst = ip6_bytes(ip + 24);
	p->msg = r.p;
	p->len = r.left;
	return PIM_OK;
}

/* RFC 8736: these types have subtypes in the upper four flag bits. */
static bool has_subtype(uint8_t type)
{
	return type == PIM_DF_ELECTION || type >= PIM_EXTENDED_13;
}

static enum pim_drop open_pim(struct pim_packet *p)
{
	if (p->len < PIM_HDR_LEN)
		return PIM_DROP_truncated;
	if (p->msg[0] >> 4 != PIM_VERSION)
		return PIM_DROP_version;
	p->type = p->msg[0] & 0xf;
	p->flags = p->msg[1];
	if (has_subtype(p->type))
		p->subtype = p->flags >> 4;
	if (p->type == PIM_REGISTER && p->len < PIM_REGISTER_HDR_LEN)
		return PIM_DROP_truncated;
	if (p->type == PIM_REGISTER && checksum_ok(p, PIM_REGISTER_HDR_LEN))
		return PIM_OK;
	if (!checksum_ok(p, p->len))
		return PIM_DROP_checksum;
	return p->type >= PIM_EXTENDED_13 ? PIM_DROP_type_unknown : PIM_OK;
}

enum pim_drop pim_packet_open(const uint8_t *ip, size_t len, struct pim_packet *p)
{
	enum pim_drop why;

	*p = (struct pim_packet){.type = PIM_TYPES};
	if (len == 0)
		return PIM_DROP_ip_header;
	why = ip[0] >> 4 == 6 ? open6(ip, len, p) : open4(ip, len, p);
	return why ? why : open_pim(p);
}

struct reader pim_body(const struct pim_packet *p)
{
	return reader_of(p->msg + PIM_HDR_LEN, p->len - PIM_HDR_LEN);
}

/* --- writing ------------------------------------------------------------------------------------- */

static size_t ip_hdr_len(const struct pim_msg *m)
{
	return m->src.family == IP_V6 ? IP6_HDR_LEN : IP4_HDR_LEN;
}

static void begin4(struct pim_msg *m, uint8_t ttl)
{
	write_u8(&m->w, 0x45);
	write_u8(&m->w, TOS_CONTROL);
	write_u16(&m->w, 0); /* length: at the end */
	write_u16(&m->w, 0); /* never fragmented: needs no identification (RFC 6864) */
	write_u16(&m->w, IP4_DF);
	write_u8(&m->w, ttl);
	write_u8(&m->w, PIM_IP_PROTO);
	write_u16(&m->w, 0);
	write_bytes(&m->w, m->src.b, 4);
	write_bytes(&m->w, m->dst.b, 4);
}

static void begin6(struct pim_msg *m, uint8_t hop_limit)
{
	write_u32(&m->w, 6u << 28 | TOS_CONTROL << 20);
	write_u16(&m->w, 0);
	write_u8(&m->w, PIM_IP_PROTO);
	write_u8(&m->w, hop_limit);
	write_bytes(&m->w, m->src.b, 16);
	write_bytes(&m->w, m->dst.b, 16);
}

void pim_msg_begin(struct pim_msg *m, void *buf, size_t cap, enum pim_type type,
	const struct ipaddr *src, const struct ipaddr *dst)
{
	uint8_t ttl = ip_is_multicast(dst) ? 1 : PIM_UNICAST_TTL;

	m->w = writer_of(buf, cap < PIM_MSG_MAX ? cap : PIM_MSG_MAX);
	m->src = *src;
	m->dst = *dst;
	m->type = (uint8_t)type;
	if (src->family == IP_V6)
		begin6(m, ttl);
	else
		begin4(m, ttl);
	write_u8(&m->w, (uint8_t)(PIM_VERSION << 4 | type));
	write_u8(&m->w, 0);
	write_u16(&m->w, 0);
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

size_t pim_msg_end(struct pim_msg *m)
{
	size_t hdr = ip_hdr_len(m), len = m->w.len - hdr, covered;
	uint8_t *ip = m->w.p, *msg = ip + hdr;

	if (m->w.full)
		return 0;
	covered =
		m->type == PIM_REGISTER && len > PIM_REGISTER_HDR_LEN ? PIM_REGISTER_HDR_LEN : len;
	put16(msg + 2, pim_sum_end(pim_sum(
			       pim_sum_pseudo(&m->src, &m->dst, (uint32_t)covered), msg, covered)));
	if (m->src.family == IP_V6) {
		put16(ip + 4, len);
	} else {
		put16(ip + 2, m->w.len);
		put16(ip + 10, pim_sum_end(pim_sum(0, ip, IP4_HDR_LEN)));
	}
	return m->w.len;
}
