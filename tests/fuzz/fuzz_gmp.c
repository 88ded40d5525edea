/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A membership router under a sequence of messages, times and changes. After each step: what others were
 * told is what the groups say, each change told once, limits kept, every packet within the MTU. In the
 * end, when all timers had time to run out, nothing is left.
 *
 * The input: settings (3 bytes: family and version, leave and tracking, limits), then steps: one byte that
 * says what, and its operands.
 */
#include "tests/unit/gmp/bed.h"

#include <stdlib.h>

#define MUST(x)                                              \
	do {                                                 \
		if (!(x)) {                                  \
			fprintf(stderr, "not so: %s\n", #x); \
			abort();                             \
		}                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct play {
	struct bed *b;
	struct reader r;
	bool v6;
	uint64_t longest_us;               /* membership interval so far */
	uint32_t groups, entries, sources; /* as of the last look; sources of one group */
	uint32_t joins;                    /* static ones, as of the last look */
};

static const char *const groups[2][4] = {{"239.1.1.1", "239.1.1.2", "232.1.1.1", "224.0.0.5"},
	{"ff0e::1", "ff0e::2", "ff3e::8000:1", "ff02::5"}};
static const char *const hosts[2][6] = {
	{"10.1.0.10", "10.1.0.11", "10.1.0.2", "0.0.0.0", "10.2.0.1", "10.1.0.5"},
	{"fe80::10", "fe80::11", "fe80::2", "::", "2001:db8::1", "fe80::5"}};
static const char *const types[8] = {
	"none", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK", "IS_EX"};

static const char *group(struct play *p)
{
	return groups[p->v6][read_u8(&p->r) % 4];
}

static const char *host(struct play *p)
{
	return hosts[p->v6][read_u8(&p->r) % 6];
}

static const char *letters(uint32_t mask, char *text)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 16; i++)
		if (mask >> i & 1)
			text[n++] = (char)('a' + i);
	text[n] = '\0';
	return text;
}

/* --- steps ------------------------------------------------------------------------------------------ */

static void step_report(struct play *p)
{
	const char *from = host(p);
	struct bed_record r[3];
	char text[3][17];
	unsigned n = 1 + read_u8(&p->r) % 3;

	for (unsigned i = 0; i < n; i++) {
		r[i].type = types[read_u8(&p->r) % 8];
		r[i].grp = group(p);
		r[i].sources = letters(read_u16(&p->r), text[i]);
	}
	bed_report(p->b, 1, from, n, r);
}

static void step_query(struct play *p)
{
	struct bed_query_in q = {.from = host(p)};
	uint8_t what = read_u8(&p->r);
	char text[17];

	q.version = p->v6 ? 2 + what % 2 : 1 + what % 3;
	if (what & 4)
		q.grp = group(p);
	if (what & 8)
		q.sources = letters(read_u16(&p->r), text);
	if (what & 16)
		q.to = host(p);
	q.suppress = what & 32;
	q.max_resp = read_u8(&p->r);
	q.qrv = read_u8(&p->r) & 7;
	q.qqic = read_u8(&p->r);
	bed_query(p->b, 1, &q);
}

/* Whatever bytes behind a sound header. */
static void step_raw(struct play *p)
{
	struct bed_head h = {.from = host(p), .to = group(p), .ttl = 1};
	static struct bed_packet packet;
	struct writer w = bed_begin(&packet, &h);
	size_t n = read_u8(&p->r);
	const uint8_t *raw;

	n = n < p->r.left ? n : p->r.left;
	raw = read_bytes(&p->r, n);
	if (n < 8)
		return;
	write_bytes(&w, raw, n);
	bed_seal(&packet, &w);
	bed_packet_in(p->b, 1, &packet);
}

static void settings(struct play *p)
{
	struct gmp_if_config *c = &p->b->conf[0];
	uint8_t how = read_u8(&p->r), limits = read_u8(&p->r);

	c->leave = how % 3;
	c->tracking = c->leave == GMP_LEAVE_TRACKING || (how & 4);
	c->require_router_alert = how & 8;
	c->max_groups_per_host = c->tracking && (how & 8) ? 2 : 0;
	c->robustness = 1 + (how >> 4) % 7;
	c->max_groups = limits & 3;
	c->max_sources = (limits >> 2 & 3) * 4;
	c->max_entries = (limits >> 4) * 4;
}

static void step_settings(struct play *p)
{
	static struct gmp_join joins[2];
	static struct gmp_rule rules[2];
	struct gmp_if_config *c = &p->b->conf[0];
	uint8_t what;

	settings(p);
	what = read_u8(&p->r);
	joins[0].grp = bed_addr(groups[p->v6][0]);
	joins[0].src = (struct ipaddr){0};
	joins[1].grp = bed_addr(groups[p->v6][2]);
	joins[1].src = bed_source(p->v6 ? IP_V6 : IP_V4, 'c');
	c->joins = joins;
	c->n_joins = what % 3;
	rules[0] = (struct gmp_rule){.grp = prefix_host(bed_addr(groups[p->v6][what >> 2 & 1]))};
	rules[0].permit = what & 16;
	rules[1] = (struct gmp_rule){.permit = what & 32, .grp.addr.family = p->v6 ? IP_V6 : IP_V4};
	c->rules = rules;
	c->n_rules = what >> 6 == 3 ? 2 : 0;
	c->enabled = what != 0xff;
	bed_config(p->b);
}

static void step_clear(struct play *p)
{
	struct gmp_command c = {.kind = GMP_CLEAR_GROUPS};
	char err[128];

	if (read_u8(&p->r) & 1)
		c.grp = bed_addr(group(p));
	bed_command(p->b, &c, err, sizeof(err));
}

static void step_interface(struct play *p)
{
	uint8_t what = read_u8(&p->r);

	if (what & 1)
		bed_if_up(p->b, 1, what & 2);
	else
		bed_readdress(p->b, 1, what & 2 ? "10.1.0.5/24" : "10.1.0.1/24",
			what & 2   ? "fe80::5/64"
			: what & 4 ? NULL
				   : "fe80::1/64");
}

static void step(struct play *p)
{
	switch (read_u8(&p->r) % 10) {
	case 0:
		bed_run(p->b, read_u8(&p->r) * BED_S);
		break;
	case 1:
		bed_run(p->b, read_u16(&p->r) * 1000ull);
		break;
	case 2:
	case 3:
		step_report(p);
		break;
	case 4:
		bed_old_report(p->b, 1, host(p), 1 + read_u8(&p->r) % 2, group(p));
		break;
	case 5:
		bed_leave(p->b, 1, host(p), group(p));
		break;
	case 6:
		step_query(p);
		break;
	case 7:
		step_raw(p);
		break;
	case 8:
		step_settings(p);
		break;
	case 9:
		if (read_u8(&p->r) & 1)
			step_clear(p);
		else
			step_interface(p);
		break;
	}
}

/* --- what must hold ----------------------------------------------------------------------------------- */

struct view {
	struct play *p;
	struct member m;
	uint32_t groups, sources, most_sources;
};

static bool source_cb(void *arg, const struct gmp_source_info *i)
{
	struct view *v = arg;

	v->sources++;
	if (!ip_is_none(&v->m.src))
		MUST(ip_cmp(&v->m.src, &i->src) < 0);
	v->m.src = i->src;
	return true;
}

static bool group_cb(void *arg, const struct gmp_group_info *i)
{
	struct view *v = arg;
	const struct bed *b = v->p->b;
	char grp[IP_STRLEN];

	v->groups++;
	v->m.src = (struct ipaddr){0};
	v->sources = 0;
	gmp_source_walk(b->self, 0, i->ifid, &i->grp, b->now_us, source_cb, v);
	MUST(v->sources == i->n_sources);
	v->most_sources = v->sources > v->most_sources ? v->sources : v->most_sources;
	MUST(i->exclude || i->is_static || i->n_sources > 0);
	MUST(!ip_is_multicast_link_local(&i->grp));
	MUST(!i->ssm || !i->exclude);
	ip_str(&i->grp, grp, sizeof(grp));
	MUST((bed_told(b, i->ifid, grp)[0] == '*') == (i->exclude || i->is_static));
	return true;
}

/* A limit that is lowered takes nothing away, and static joins know none: those of this step come on top
 * of what was there. */
static void within(const struct play *p, uint32_t limit, uint32_t now, uint32_t *before)
{
	uint32_t joins = p->b->conf[0].n_joins, more = joins > p->joins ? joins - p->joins : 0;

	MUST(!limit || now <= limit + joins || now <= *before + more);
	*before = now;
}

static bool if_cb(void *arg, const struct gmp_if_info *i)
{
	struct view *v = arg;
	const struct gmp_if_config *c = &v->p->b->conf[0];

	within(v->p, c->max_groups, i->groups, &v->p->groups);
	within(v->p, c->max_entries, i->entries, &v->p->entries);

	MUST(i->robustness <= 7);
	if (i->group_membership_interval_us > v->p->longest_us)
		v->p->longest_us = i->group_membership_interval_us;
	MUST(!i->running || i->querier == (i->other_querier_left_us == TIMER_NEVER));
	MUST(!i->running || i->querier == (i->next_query_left_us != TIMER_NEVER));
	MUST(i->groups == gmp_group_count(v->p->b->self, i->family));
	MUST(i->running || i->groups == 0);
	MUST(i->groups > 0 || i->entries == 0);
	return true;
}

static void look(struct play *p)
{
	struct view v = {.p = p};

	MUST(p->b->repeats == 0);
	gmp_if_walk(p->b->self, 0, p->b->now_us, if_cb, &v);
	gmp_group_walk(p->b->self, 0, 0, NULL, p->b->now_us, group_cb, &v);
	within(p, p->b->conf[0].max_sources, v.most_sources, &p->sources);
	p->joins = p->b->conf[0].n_joins;
	MUST(v.groups == gmp_group_count(p->b->self, 0));
	bed_queries(p->b);
}

static void run_out(struct play *p)
{
	uint64_t left = p->longest_us + BED_S;

	p->b->conf[0].n_joins = 0;
	bed_config(p->b);
	while (left > 0) {
		uint64_t us = left < 100000 * BED_S ? left : 100000 * BED_S;

		bed_run(p->b, us);
		bed_queries(p->b);
		left -= us;
	}
	look(p);
	MUST(gmp_group_count(p->b->self, 0) == 0);
	MUST(timer_count(p->b->timers) <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = {.r = reader_of(data, size)};
	uint8_t first = read_u8(&p.r);
	struct gmp_if_config *c;

	if (size > 4096)
		return -1;
	p.b = bed_new();
	p.v6 = first & 1;
	bed_if(p.b, "lan", "10.1.0.5/24", "fe80::5/64");
	c = bed_conf(p.b, "lan", p.v6 ? IP_V6 : IP_V4);
	c->version = (uint8_t)(p.v6 ? 1 + (first >> 1) % 2 : 1 + (first >> 1) % 3);
	settings(&p);
	bed_config(p.b);
	while (p.r.left > 0) {
		step(&p);
		look(&p);
	}
	run_out(&p);
	MUST(p.b->repeats == 0);
	bed_free(p.b);
	return 0;
}
