/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What hosts hear of IGMP: queries (RFC 3376 section 5.2, 7.2.1; RFC 2236 section 3), reports of others.
 */
#include "tests/sim/host_priv.h"

#define QUERY 0x11
#define V1_REPORT 0x12
#define V2_REPORT 0x16
#define V1_RESPONSE_US (10 * SIM_S)                     /* RFC 2236 section 4 */
#define OLDER_QUERIER_US (2 * 125 * SIM_S + 10 * SIM_S) /* RFC 3376 section 8.12 */

/* RFC 3376 section 4.1.1. */
static uint64_t response_us(uint8_t code)
{
	uint32_t tenths = code < 128 ? code : ((code & 0xfu) | 0x10u) << ((code >> 4 & 7) + 3);

	return (uint64_t)tenths * 100000;
}

static void forget_answers(struct sim_host *h)
{
	h->general_us = 0;
	for (size_t i = 0; i < h->n_groups; i++)
		h->groups[i].answer_us = 0;
}

/* An older querier was heard: what is pending in the other version is void (RFC 3376 section 7.2.1). */
static void note_querier(struct sim_host *h, size_t len, uint8_t code)
{
	uint8_t before = host_version(h);

	if (len == 8 && code == 0)
		h->v1_querier_us = h->s->now_us + OLDER_QUERIER_US;
	else if (len == 8)
		h->v2_querier_us = h->s->now_us + OLDER_QUERIER_US;
	if (host_version(h) != before)
		forget_answers(h);
}

static void ask_group(struct sim_host *h, struct sim_host_group *g, uint64_t max_us,
	const uint8_t *src, unsigned n)
{
	uint64_t at = host_within(h, max_us ? max_us : 1);
	bool whole = g->answer_us && g->n_asked == 0;

	if (!host_is_member(g) || (h->general_us && h->general_us <= at))
		return;
	if (!g->answer_us || at < g->answer_us)
		g->answer_us = at;
	if (n == 0 || whole) {
		g->n_asked = 0;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct ipaddr a = {.family = IP_V4};

		memcpy(a.b, src + i * 4, 4);
		host_source_add(g->asked, &g->n_asked, &a);
	}
}

static void ask_all(struct sim_host *h, uint64_t max_us)
{
	uint64_t at;

	if (host_version(h) == 3) {
		at = host_within(h, max_us ? max_us : 1);
		if (!h->general_us || at < h->general_us)
			h->general_us = at;
		return;
	}
	for (size_t i = 0; i < h->n_groups; i++)
		ask_group(h, &h->groups[i], max_us, NULL, 0);
}

static void query(struct sim_host *h, const uint8_t *m, size_t len)
{
	uint64_t max_us = response_us(m[1]);
	struct ipaddr grp = {.family = IP_V4};
	unsigned n = len >= 12 && h->version == 3 ? (unsigned)(m[10] << 8 | m[11]) : 0;
	struct sim_host_group *g;

	if (len > 8 && len < 12)
		return;
	note_querier(h, len, m[1]);
	if (host_version(h) == 1 || m[1] == 0)
		max_us = V1_RESPONSE_US;
	memcpy(grp.b, m + 4, 4);
	if (ip_is_any(&grp))
		ask_all(h, max_us);
	else if ((g = host_group(h, &grp)) && len >= 12u + (n ? 4 * n : 0))
		ask_group(h, g, max_us, m + 12, n);
	else if (g)
		ask_group(h, g, max_us, NULL, 0);
	host_plan(h);
}

/* Somebody else reported the group (RFC 2236 section 3). */
static void heard_report(struct sim_host *h, const uint8_t *m)
{
	struct ipaddr grp = {.family = IP_V4};
	struct sim_host_group *g;

	memcpy(grp.b, m + 4, 4);
	g = host_group(h, &grp);
	if (!g || host_version(h) == 3)
		return;
	g->answer_us = 0;
	g->last_reporter = false;
}

static void igmp(struct sim_host *h, const uint8_t *m, size_t len)
{
	if (len < 8 || sim_checksum(m, len))
		return;
	if (m[0] == QUERY)
		query(h, m, len);
	else if (m[0] == V1_REPORT || m[0] == V2_REPORT)
		heard_report(h, m);
}

void sim_host_receive(struct sim_host *h, struct sim_packet *p)
{
	unsigned at;

	if (h->silent)
		return;
	if (p->kind == SIM_DATA) {
		sim_saw_host(h, p);
		return;
	}
	if (sim_packet_protocol(p) != 2)
		return;
	at = (p->data[0] & 0xfu) * 4;
	if (p->len > at)
		igmp(h, p->data + at, p->len - at);
}
