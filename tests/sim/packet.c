/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets and what they look like in a trace.
 */
#include "tests/sim/priv.h"
#include "tests/sum.h"

static struct sim_packet *packet_new(enum sim_packet_kind kind, size_t len)
{
	struct sim_packet *p = sim_alloc(sizeof(*p) + len);

	p->refs = 1;
	p->kind = (uint8_t)kind;
	p->len = (uint32_t)len;
	p->mac[0] = 1; /* to all */
	return p;
}

struct sim_packet *sim_packet_bytes(const void *data, size_t len)
{
	struct sim_packet *p = packet_new(SIM_BYTES, len);

	memcpy(p->data, data, len);
	return p;
}

struct sim_packet *sim_packet_data(void)
{
	return packet_new(SIM_DATA, 0);
}

struct sim_packet *sim_packet_copy(const struct sim_packet *p)
{
	struct sim_packet *c = packet_new((enum sim_packet_kind)p->kind, p->len);

	memcpy(c, p, sizeof(*p) + p->len);
	c->refs = 1;
	return c;
}

struct sim_packet *sim_packet_get(struct sim_packet *p)
{
	p->refs++;
	return p;
}

void sim_packet_put(struct sim_packet *p)
{
	if (--p->refs == 0)
		free(p);
}

static struct ipaddr bytes_addr(const struct sim_packet *p, unsigned at)
{
	struct ipaddr a = {0};

	if (p->len >= 20 && p->data[0] >> 4 == 4) {
		a.family = IP_V4;
		memcpy(a.b, p->data + 12 + 4 * at, 4);
	} else if (p->len >= 40 && p->data[0] >> 4 == 6) {
		a.family = IP_V6;
		memcpy(a.b, p->data + 8 + 16 * at, 16);
	}
	return a;
}

struct ipaddr sim_packet_src(const struct sim_packet *p)
{
	if (p->kind == SIM_BYTES)
		return bytes_addr(p, 0);
	return p->kind == SIM_REGISTER ? p->outer_src : p->src;
}

struct ipaddr sim_packet_dst(const struct sim_packet *p)
{
	if (p->kind == SIM_BYTES)
		return bytes_addr(p, 1);
	return p->kind == SIM_REGISTER ? p->outer_dst : p->grp;
}

/* The protocol above IP, behind a hop-by-hop header if there is one, and where it begins. */
static uint8_t upper(const struct sim_packet *p, unsigned *at)
{
	uint8_t next;

	*at = p->len;
	if (p->kind != SIM_BYTES || p->len < 20)
		return 0;
	if (p->data[0] >> 4 == 4) {
		*at = (p->data[0] & 0xfu) * 4;
		return p->data[9];
	}
	if (p->data[0] >> 4 != 6 || p->len < 48)
		return 0;
	*at = 40;
	next = p->data[6];
	if (next == 0) {
		*at += (p->data[41] + 1u) * 8;
		next = p->data[40];
	}
	return *at <= p->len ? next : 0;
}

uint8_t sim_packet_protocol(const struct sim_packet *p)
{
	unsigned at;

	return upper(p, &at);
}

unsigned sim_packet_upper(const struct sim_packet *p)
{
	unsigned at;

	upper(p, &at);
	return at < p->len ? at : p->len;
}

bool sim_packet_is_membership(const struct sim_packet *p)
{
	unsigned at;
	uint8_t protocol = upper(p, &at);

	if (protocol != 58 || at >= p->len)
		return protocol == 2;
	return (p->data[at] >= 130 && p->data[at] <= 132) || p->data[at] == 143;
}

uint16_t sim_checksum(const void *data, size_t len)
{
	return (uint16_t)~sum16(data, len);
}
