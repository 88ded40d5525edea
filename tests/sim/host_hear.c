/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What hosts hear of IGMP and MLD: queries (RFC 3376 section 5.2, 7.2.1; RFC 2236 section 3; RFC 3810 6.2, 8.2.1;
 * RFC 2710 section 4), reports of others.
 */
#include "tests/sim/host_priv.h"
#include "tests/sim/host_wire.h"

#define V1_RESPONSE_US (10 * SIM_S)                     /* RFC 2236 section 4 */
#define OLDER_QUERIER_US (2 * 125 * SIM_S + 10 * SIM_S) /* RFC 3376 8.12, RFC 3810 9.12 */

static void forget_answers(struct sim_host *h)
{
	h->general_us = 0;
	for (size_t i = 0; i < h->n_groups; i++)
		h->groups[i].answer_us = 0;
}

/* An older querier was heard: what is pending in the other version is void (RFC 3376 section 7.2.1). */
static void note_querier(struct sim_host *h, uint8_t version)
{
	uint8_t before = host_version(h);

	if (version == 1)
		h->v1_querier_us = h->s->now_us + OLDER_QUERIER_US;
	else if (version == 2)
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
		struct ipaddr a = {.family = g->grp.family};

		memcpy(a.b, src + i * ip_bytes(&a), ip_bytes(&a));
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

static void query(struct sim_host *h, const struct host_msg *m)
{
	uint64_t max_us = m->max_us;
	struct sim_host_group *g;

	note_querier(h, m->version);
	if (host_version(h) == 1)
		max_us = V1_RESPONSE_US;
	if (ip_is_any(&m->grp))
		ask_all(h, max_us);
	else if ((g = host_group(h, &m->grp)))
		ask_group(h, g, max_us, m->src, h->version == 3 ? m->n : 0);
	host_plan(h);
}

/* Somebody else reported the group (RFC 2236 section 3). */
static void heard_report(struct sim_host *h, const struct host_msg *m)
{
	struct sim_host_group *g = host_group(h, &m->grp);

	if (!g || host_version(h) == 3)
		return;
	g->answer_us = 0;
	g->last_reporter = false;
}

void sim_host_receive(struct sim_host *h, struct sim_packet *p)
{
	struct host_msg m;

	if (h->silent)
		return;
	if (p->kind == SIM_DATA) {
		sim_saw_host(h, p);
		return;
	}
	if (!host_wire_read(h, p, &m))
		return;
	if (m.kind == HOST_QUERY)
		query(h, &m);
	else if (m.kind == HOST_REPORT)
		heard_report(h, &m);
}
