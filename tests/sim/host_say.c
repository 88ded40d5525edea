/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What hosts say of IGMP, and when: RFC 1112 appendix I, RFC 2236 section 3 and 6, RFC 3376 section 5 and
 * 7.2; of MLD: RFC 2710 section 4 and 5, RFC 3810 section 6 and 8.2, which are the same. Written from the RFCs for
 * hosts, with nothing of the router's code.
 */
#include "tests/sim/host_priv.h"
#include "tests/sim/host_wire.h"

#define UNSOLICITED_US (10 * SIM_S) /* RFC 2236 section 8.10, RFC 2710 section 7.10 */
#define UNSOLICITED3_US SIM_S       /* RFC 3376 section 8.11, RFC 3810 section 9.11 */

/* The version the host speaks now (RFC 3376 section 7.2.1), by IGMP's count: MLD has nothing below 2. */
uint8_t host_version(const struct sim_host *h)
{
	if (h->version >= 2 && h->v1_querier_us > h->s->now_us)
		return 1;
	if (h->version == 3 && h->v2_querier_us > h->s->now_us)
		return 2;
	return h->family == IP_V6 && h->version < 2 ? 2 : h->version;
}

uint64_t host_within(struct sim_host *h, uint64_t us)
{
	return h->s->now_us + 1 + prng_below(&h->s->rng, (uint32_t)us);
}

static void put_current(struct writer *w, const struct sim_host_group *g)
{
	if (host_is_member(g))
		host_wire_record(w, g->now.mode == SIM_INCLUDE ? IS_IN : IS_EX, &g->grp, g->now.src,
			g->now.n);
}

/* --- changes (RFC 3376 section 5.1) -------------------------------------------------------------------- */

static void send_change(struct sim_host *h, struct sim_host_group *g)
{
	uint8_t buf[1400];
	struct writer w = host_wire_begin(h, buf, sizeof(buf));

	if (g->mode_changed) {
		g->mode_changed--;
		host_wire_record(&w, g->now.mode == SIM_INCLUDE ? TO_IN : TO_EX, &g->grp,
			g->now.src, g->now.n);
	} else {
		if (g->n_allow)
			host_wire_record(&w, ALLOW, &g->grp, g->allow, g->n_allow);
		if (g->n_block)
			host_wire_record(&w, BLOCK, &g->grp, g->block, g->n_block);
	}
	host_wire_send(h, &w);
}

void host_source_add(struct ipaddr *v, uint8_t *n, const struct ipaddr *a)
{
	for (unsigned i = 0; i < *n; i++)
		if (ip_eq(&v[i], a))
			return;
	if (*n < SIM_FILTER_MAX)
		v[(*n)++] = *a;
}

static void set_del(struct ipaddr *v, uint8_t *n, const struct ipaddr *a)
{
	for (unsigned i = 0; i < *n; i++)
		if (ip_eq(&v[i], a)) {
			v[i] = v[--*n];
			return;
		}
}

/* Sources of a that b lacks: to be allowed or blocked. */
static void note_missing(struct sim_host_group *g, const struct sim_filter_state *a,
	const struct sim_filter_state *b, bool allow)
{
	for (unsigned i = 0; i < a->n; i++) {
		if (host_filter_has(b, &a->src[i]))
			continue;
		if (allow) {
			host_source_add(g->allow, &g->n_allow, &a->src[i]);
			set_del(g->block, &g->n_block, &a->src[i]);
		} else {
			host_source_add(g->block, &g->n_block, &a->src[i]);
			set_del(g->allow, &g->n_allow, &a->src[i]);
		}
	}
}

static void changed3(
	struct sim_host *h, struct sim_host_group *g, const struct sim_filter_state *old)
{
	if (!g->repeat_us)
		g->n_allow = g->n_block = 0;
	if (g->now.mode != old->mode) {
		g->mode_changed = h->robustness;
		g->n_allow = g->n_block = 0;
	} else {
		note_missing(g, &g->now, old, g->now.mode == SIM_INCLUDE);
		note_missing(g, old, &g->now, g->now.mode == SIM_EXCLUDE);
	}
	send_change(h, g);
	g->repeat = (uint8_t)(h->robustness - 1);
	g->repeat_us = host_within(h, UNSOLICITED3_US);
}

static void changed_old(struct sim_host *h, struct sim_host_group *g, uint8_t version)
{
	g->repeat_us = 0;
	if (host_is_member(g)) {
		host_wire_report(h, version, &g->grp);
		g->last_reporter = true;
		g->repeat = 1;
		g->repeat_us = host_within(h, UNSOLICITED_US);
	} else if (version == 2 && g->last_reporter) {
		host_wire_leave(h, &g->grp);
	}
}

static void group_trim(struct sim_host_group *g)
{
	if (!host_is_member(g) && !g->repeat_us)
		memset(g, 0, sizeof(*g));
}

void host_changed(struct sim_host *h, struct sim_host_group *g, const struct sim_filter_state *old)
{
	uint8_t version = host_version(h);

	if (version == 3)
		changed3(h, g, old);
	else
		changed_old(h, g, version);
	if (!host_is_member(g))
		g->answer_us = 0;
	group_trim(g);
	host_plan(h);
}

/* --- time --------------------------------------------------------------------------------------------- */

static void repeat_due(struct sim_host *h, struct sim_host_group *g)
{
	uint8_t version = host_version(h);

	g->repeat_us = 0;
	if (version == 3)
		send_change(h, g);
	else if (host_is_member(g))
		host_wire_report(h, version, &g->grp);
	if (--g->repeat > 0)
		g->repeat_us = host_within(h, version == 3 ? UNSOLICITED3_US : UNSOLICITED_US);
	group_trim(g);
}

/* RFC 3376 section 5.2: what was asked about, as it is now. */
static void put_asked(struct writer *w, const struct sim_host_group *g)
{
	struct ipaddr v[SIM_FILTER_MAX];
	uint8_t n = 0;

	if (!g->n_asked) {
		put_current(w, g);
		return;
	}
	for (unsigned i = 0; i < g->n_asked; i++)
		if (host_filter_has(&g->now, &g->asked[i]) == (g->now.mode == SIM_INCLUDE))
			v[n++] = g->asked[i];
	if (n)
		host_wire_record(w, IS_IN, &g->grp, v, n);
}

static void answer_due(struct sim_host *h, struct sim_host_group *g)
{
	uint8_t buf[1400], version = host_version(h);
	struct writer w = host_wire_begin(h, buf, sizeof(buf));

	g->answer_us = 0;
	if (!host_is_member(g))
		return;
	if (version == 3) {
		put_asked(&w, g);
		host_wire_send(h, &w);
	} else {
		host_wire_report(h, version, &g->grp);
		g->last_reporter = true;
	}
	g->n_asked = 0;
}

static void general_due(struct sim_host *h)
{
	uint8_t buf[1400];
	struct writer w = host_wire_begin(h, buf, sizeof(buf));

	h->general_us = 0;
	for (size_t i = 0; i < h->n_groups; i++) {
		put_current(&w, &h->groups[i]);
		if (w.len > 1200) {
			host_wire_send(h, &w);
			w = host_wire_begin(h, buf, sizeof(buf));
		}
	}
	host_wire_send(h, &w);
}

static void due(struct sim *s, void *arg, uint64_t gen)
{
	struct sim_host *h = arg;

	if (gen != h->gen)
		return;
	if (h->general_us && h->general_us <= s->now_us)
		general_due(h);
	for (size_t i = 0; i < h->n_groups; i++) {
		struct sim_host_group *g = &h->groups[i];

		if (g->answer_us && g->answer_us <= s->now_us)
			answer_due(h, g);
		if (g->repeat_us && g->repeat_us <= s->now_us)
			repeat_due(h, g);
	}
	host_plan(h);
}

static void sooner(uint64_t *next, uint64_t us)
{
	if (us && us < *next)
		*next = us;
}

void host_plan(struct sim_host *h)
{
	uint64_t next = UINT64_MAX;

	sooner(&next, h->general_us);
	for (size_t i = 0; i < h->n_groups; i++) {
		sooner(&next, h->groups[i].answer_us);
		sooner(&next, h->groups[i].repeat_us);
	}
	if (next != UINT64_MAX)
		sim_at(h->s, next, due, h, ++h->gen);
}
