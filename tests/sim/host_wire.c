/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The bytes of IGMP (RFC 3376 section 4, RFC 2236, RFC 1112) and MLD (RFC 3810 section 5, RFC 2710) as hosts
 * write and read them. Written from the RFCs, with nothing of the router's code.
 */
#include "tests/sim/host_wire.h"

#include "tests/sim/priv.h"

#define MESSAGE_MAX 1500

/* What is a number of its own in each family. */
struct dialect {
	uint8_t query, v1_report, v2_report, leave, v3_report;
	const char *all_routers, *v3_routers;
	unsigned head;  /* bytes before the group */
	unsigned extra; /* in a query of version 3, between group and sources */
};

static const struct dialect igmp = {.query = 0x11,
	.v1_report = 0x12,
	.v2_report = 0x16,
	.leave = 0x17,
	.v3_report = 0x22,
	.all_routers = "224.0.0.2",
	.v3_routers = "224.0.0.22",
	.head = 4,
	.extra = 4};

static const struct dialect mld = {.query = 130,
	.v1_report = 131, /* MLDv1 counts as 2: there is nothing older */
	.v2_report = 131,
	.leave = 132,
	.v3_report = 143,
	.all_routers = "ff02::2",
	.v3_routers = "ff02::16",
	.head = 8,
	.extra = 4};

static const struct dialect *dialect_of(const struct sim_host *h)
{
	return h->family == IP_V6 ? &mld : &igmp;
}

static void put_sum(uint8_t *at, uint16_t sum)
{
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

/* Of ICMPv6, with the pseudo-header (RFC 8200 section 8.1). addrs: source and destination. */
static uint16_t icmp6_checksum(const uint8_t *addrs, const uint8_t *msg, size_t len)
{
	uint8_t buf[40 + MESSAGE_MAX] = {0};

	memcpy(buf, addrs, 32);
	put_sum(buf + 34, (uint16_t)len);
	buf[39] = 58;
	memcpy(buf + 40, msg, len);
	return sim_checksum(buf, 40 + len);
}

/* --- writing ---------------------------------------------------------------------------------------- */

/* Time to live 1, Router Alert (RFC 2113). Returns the header's length. */
static unsigned ip4_head(
	uint8_t *ip, const struct sim_host *h, const struct ipaddr *dst, size_t len)
{
	static const uint8_t head[24] = {0x46, 0xc0, [8] = 1, [9] = 2, [20] = 0x94, [21] = 4};

	memcpy(ip, head, sizeof(head));
	put_sum(ip + 2, (uint16_t)(len + 24));
	memcpy(ip + 12, h->port->ip.b, 4);
	memcpy(ip + 16, dst->b, 4);
	put_sum(ip + 10, sim_checksum(ip, 24));
	return 24;
}

/* RFC 3810 section 5: from a link-local address, hop limit 1, Router Alert (RFC 2711). */
static unsigned ip6_head(
	uint8_t *ip, const struct sim_host *h, const struct ipaddr *dst, size_t len)
{
	static const uint8_t head[48] = {0x60, [7] = 1, [40] = 58, 0, 5, 2, 0, 0, 1, 0};
	struct ipaddr from = sim_link_ip(IP_V6, &h->port->ip);

	memcpy(ip, head, sizeof(head));
	put_sum(ip + 4, (uint16_t)(len + 8));
	memcpy(ip + 8, from.b, 16);
	memcpy(ip + 24, dst->b, 16);
	return 48;
}

static void send_message(struct sim_host *h, const struct ipaddr *dst, uint8_t *msg, size_t len)
{
	uint8_t buf[100 + MESSAGE_MAX];
	unsigned at = h->family == IP_V6 ? ip6_head(buf, h, dst, len) : ip4_head(buf, h, dst, len);
	struct sim_packet *p;

	put_sum(msg + 2, 0);
	put_sum(msg + 2,
		h->family == IP_V6 ? icmp6_checksum(buf + 8, msg, len) : sim_checksum(msg, len));
	memcpy(buf + at, msg, len);
	p = sim_packet_bytes(buf, at + len);
	sim_transmit(h->port, p);
	sim_packet_put(p);
}

static void send_old(
	struct sim_host *h, uint8_t type, const struct ipaddr *grp, const struct ipaddr *dst)
{
	unsigned head = dialect_of(h)->head;
	uint8_t msg[24] = {type};

	memcpy(msg + head, grp->b, ip_bytes(grp));
	send_message(h, dst, msg, head + ip_bytes(grp));
}

void host_wire_report(struct sim_host *h, uint8_t version, const struct ipaddr *grp)
{
	const struct dialect *d = dialect_of(h);

	send_old(h, version == 1 ? d->v1_report : d->v2_report, grp, grp);
}

void host_wire_leave(struct sim_host *h, const struct ipaddr *grp)
{
	const struct dialect *d = dialect_of(h);
	struct ipaddr routers = sim_addr(h->family, d->all_routers);

	send_old(h, d->leave, grp, &routers);
}

struct writer host_wire_begin(const struct sim_host *h, uint8_t *buf, size_t cap)
{
	uint8_t head[8] = {dialect_of(h)->v3_report};
	struct writer w = writer_of(buf, cap);

	write_bytes(&w, head, sizeof(head));
	return w;
}

void host_wire_record(struct writer *w, enum host_record type, const struct ipaddr *grp,
	const struct ipaddr *src, unsigned n)
{
	write_u8(w, (uint8_t)type);
	write_u8(w, 0);
	write_u16(w, (uint16_t)n);
	write_bytes(w, grp->b, ip_bytes(grp));
	for (unsigned i = 0; i < n; i++)
		write_bytes(w, src[i].b, ip_bytes(grp));
	w->p[7]++;
}

void host_wire_send(struct sim_host *h, struct writer *w)
{
	struct ipaddr dst = sim_addr(h->family, dialect_of(h)->v3_routers);

	if (w->p[7])
		send_message(h, &dst, w->p, w->len);
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* Codes with a mantissa of so many bits and an exponent of three (RFC 3376 4.1.1, RFC 3810 5.1.3). */
static uint32_t code_value(uint32_t code, unsigned mantissa)
{
	uint32_t one = 1u << mantissa;

	if (code < one << 3)
		return code;
	return ((code & (one - 1)) | one) << ((code >> mantissa & 7) + 3);
}

/* RFC 2236 section 4: what a query of version 1 means. */
#define V1_RESPONSE_US (10 * SIM_S)

static void query_times4(struct host_msg *m, const uint8_t *b)
{
	m->max_us = b[1] ? code_value(b[1], 4) * 100000ull : V1_RESPONSE_US;
	if (m->version == 2 && b[1] == 0)
		m->version = 1;
}

/* RFC 3810 section 5.1.3; RFC 2710 section 3.4 has milliseconds alone. */
static void query_times6(struct host_msg *m, const uint8_t *b)
{
	uint32_t code = (uint32_t)(b[4] << 8 | b[5]);

	m->max_us = (m->version == 2 ? code : code_value(code, 12)) * 1000ull;
}

static bool read_query(const struct dialect *d, const uint8_t *b, size_t len, struct host_msg *m)
{
	unsigned size = ip_bytes(&m->grp), sources = d->head + size + d->extra;

	m->kind = HOST_QUERY;
	m->version = len == d->head + size ? 2 : 3;
	if (m->version == 3 && len < sources)
		return false;
	if (d == &igmp)
		query_times4(m, b);
	else
		query_times6(m, b);
	if (m->version < 3)
		return true;
	m->n = (unsigned)(b[sources - 2] << 8 | b[sources - 1]);
	m->src = b + sources;
	if (len < sources + m->n * size)
		m->n = 0;
	return true;
}

/* Section 6.2 of RFC 3810: a link-local source, hop limit 1, Router Alert, which is all of the options here. */
static bool is_sound6(const struct sim_packet *p, const uint8_t *b, size_t len)
{
	static const uint8_t alert[] = {5, 2, 0, 0};

	return p->data[7] == 1 && p->data[8] == 0xfe && p->data[9] == 0x80 && p->data[6] == 0 &&
	       !memcmp(p->data + 42, alert, sizeof(alert)) && len <= MESSAGE_MAX &&
	       !icmp6_checksum(p->data + 8, b, len);
}

bool host_wire_read(const struct sim_host *h, const struct sim_packet *p, struct host_msg *m)
{
	const struct dialect *d = dialect_of(h);
	unsigned at = sim_packet_upper(p);
	const uint8_t *b = p->data + at;
	size_t len = p->len - at;

	*m = (struct host_msg){.kind = HOST_OTHER, .grp.family = h->family};
	if (sim_packet_dst(p).family != h->family || !sim_packet_is_membership(p))
		return false;
	if (len < d->head + ip_bytes(&m->grp))
		return false;
	if (h->family == IP_V6 ? !is_sound6(p, b, len) : sim_checksum(b, len) != 0)
		return false;
	memcpy(m->grp.b, b + d->head, ip_bytes(&m->grp));
	if (b[0] == d->query)
		return read_query(d, b, len, m);
	if (b[0] == d->v1_report || b[0] == d->v2_report)
		m->kind = HOST_REPORT;
	return true;
}
