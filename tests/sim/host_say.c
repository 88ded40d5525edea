/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What hosts say of IGMP, and when: RFC 1112 appendix I, RFC 2236 section 3 and 6, RFC 3376 section 5 and
 * 7.2. Written from the RFCs for hosts, with nothing of the router's code.
 */
#include "tests/sim/host_priv.h"

#include "control/base/bytes.h"

#define V1_REPORT 0x12
#define V2_REPORT 0x16
#define V2_LEAVE 0x17
#define V3_REPORT 0x22
#define ALL_ROUTERS 0xe0000002u
#define V3_ROUTERS 0xe0000016u

#define UNSOLICITED_US (10 * SIM_S) /* RFC 2236 section 8.10 */
#define UNSOLICITED3_US SIM_S       /* RFC 3376 section 8.11 */

enum record { IS_IN = 1, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK };

/* The version the host speaks now (RFC 3376 section 7.2.1). */
uint8_t host_version(const struct sim_host *h)
{
	if (h->version >= 2 && h->v1_querier_us > h->s->now_us)
		return 1;
	if (h->version == 3 && h->v2_querier_us > h->s->now_us)
		return 2;
	return h->version;
}

uint64_t host_within(struct sim_host *h, uint64_t us)
{
	return h->s->now_us + 1 + prng_below(&h->s->rng, (uint32_t)us);
}

/* --- sending ---------------------------------------------------------------------------------------- */

static void send_igmp(struct sim_host *h, const struct ipaddr *dst, uint8_t *msg, size_t len)
{
	uint8_t buf[1600] = {0x46, 0xc0};
	struct sim_packet *p;
	uint16_t sum;

	msg[2] = msg[3] = 0;
	sum = sim_checksum(msg, len);
	msg[2] = (uint8_t)(sum >> 8);
	msg[3] = (uint8_t)sum;
	buf[2] = (uint8_t)((len + 24) >> 8);
	buf[3] = (uint8_t)(len + 24);
	buf[8] = 1;
	buf[9] = 2;
	memcpy(buf + 12, h->port->ip.b, 4);
	memcpy(buf + 16, dst->b, 4);
	buf[20] = 0x94; /* Router Alert (RFC 2113) */
	buf[21] = 4;
	sum = sim_checksum(buf, 24);
	buf[10] = (uint8_t)(sum >> 8);
	buf[11] = (uint8_t)sum;
	memcpy(buf + 24, msg, len);
	p = sim_packet_bytes(buf, len + 24);
	sim_transmit(h->port, p);
	sim_packet_put(p);
}

static void send_old(struct sim_host *h, uint8_t type, const struct ipaddr *grp)
{
	struct ipaddr routers = ip4(ALL_ROUTERS);
	uint8_t msg[8] = {type};

	memcpy(msg + 4, grp->b, 4);
	send_igmp(h, type == V2_LEAVE ? &routers : grp, msg, sizeof(msg));
}

static void put_record(struct writer *w, enum record type, const struct ipaddr *grp,
	const struct ipaddr *src, unsigned n)
{
	write_u8(w, (uint8_t)type);
	write_u8(w, 0);
	write_u16(w, (uint16_t)n);
	write_bytes(w, grp->b, 4);
	for (unsigned i = 0; i < n; i++)
		write_bytes(w, src[i].b, 4);
	w->p[7]++;
}

static struct writer report_begin(uint8_t *buf, size_t cap)
{
	static const uint8_t head[8] = {V3_REPORT};
	struct writer w = writer_of(buf, cap);

	write_bytes(&w, head, sizeof(head));
	return w;
}

static void report_send(struct sim_host *h, struct writer *w)
{
	struct ipaddr dst = ip4(V3_ROUTERS);

	if (w->p[7])
		send_igmp(h, &dst, w->p, w->len);
}

static void put_current(struct writer *w, const struct sim_host_group *g)
{
	if (host_is_member(g))
		put_record(w, g->now.mode == SIM_INCLUDE ? IS_IN : IS_EX, &g->grp, g->now.src,
			g->now.n);
}

/* --- changes (RFC 3376 section 5.1) -------------------------------------------------------------------- */

static void send_change(struct sim_host *h, struct sim_host_group *g)
{
	uint8_t buf[1400];
	struct writer w = report_begin(buf, sizeof(buf));

	if (g->mode_changed) {
		g->mode_changed--;
		put_record(&w, g->now.mode == SIM_INCLUDE ? TO_IN : TO_EX, &g->grp, g->now.src,
			g->now.n);
	} else {
		if (g->n_allow)
			put_record(&w, ALLOW, &g->grp, g->allow, g->n_allow);
		if (g->n_block)
			put_record(&w, BLOCK, &g->grp, g->block, g->n_block);
	}
	report_send(h, &w);
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
		send_old(h, version == 1 ? V1_REPORT : V2_REPORT, &g->grp);
		g->last_reporter = true;
		g->repeat = 1;
		g->repeat_us = host_within(h, UNSOLICITED_US);
	} else if (version == 2 && g->last_reporter) {
		send_old(h, V2_LEAVE, &g->grp);
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
		send_old(h, version == 1 ? V1_REPORT : V2_REPORT, &g->grp);
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
		put_record(w, IS_IN, &g->grp, v, n);
}

static void answer_due(struct sim_host *h, struct sim_host_group *g)
{
	uint8_t buf[1400], version = host_version(h);
	struct writer w = report_begin(buf, sizeof(buf));

	g->answer_us = 0;
	if (!host_is_member(g))
		return;
	if (version == 3) {
		put_asked(&w, g);
		report_send(h, &w);
	} else {
		send_old(h, version == 1 ? V1_REPORT : V2_REPORT, &g->grp);
		g->last_reporter = true;
	}
	g->n_asked = 0;
}

static void general_due(struct sim_host *h)
{
	uint8_t buf[1400];
	struct writer w = report_begin(buf, sizeof(buf));

	h->general_us = 0;
	for (size_t i = 0; i < h->n_groups; i++) {
		put_current(&w, &h->groups[i]);
		if (w.len > 1200) {
			report_send(h, &w);
			w = report_begin(buf, sizeof(buf));
		}
	}
	report_send(h, &w);
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
