/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hosts that join and leave at random against one router, or two on their LAN, of which the querier may
 * vanish for a while. The hosts follow RFC 3376 section 5 (RFC 2236 for some): reports when they change,
 * sent twice, answers to queries after a random time. While nothing is lost, whatever some host wants is
 * forwarded at every moment; in any case, when all has been quiet for three Group Membership Intervals
 * each router wants exactly the union of what the hosts want; and when all have left, nothing of it
 * remains. STARG_TEST_SEED repeats a run, STARG_TEST_RUNS says how many.
 */
#include "tests/unit/gmp/gmp_test.h"

#include <stdlib.h>

#define HOSTS 6
#define GROUPS 3
#define SOURCES 6
#define STEP (BED_S / 10)
#define ALL ((1u << SOURCES) - 1)

/* What a host wants of a group, and what it still has to send. */
struct want {
	bool exclude; /* with no mask: all */
	uint32_t mask;
	uint64_t answer_us;  /* pending response to a specific query; 0 none */
	uint32_t answer_for; /* its sources; 0 all */
	uint64_t again_us;   /* the second transmission of a change */
	char type[8];
	uint32_t again_mask;
};

struct host {
	bool old; /* version 2, MLD version 1 */
	char addr[16];
	uint64_t general_us;
	struct want w[GROUPS];
};

struct play {
	struct bed *b[2]; /* the routers: the first one is the querier */
	unsigned routers;
	bool outage; /* the querier vanishes for a while */
	struct prng rng;
	bool v6;
	unsigned loss; /* percent */
	struct host hosts[HOSTS];
};

static const char *group(const struct play *p, unsigned g)
{
	static const char *const v4[] = {"239.1.1.1", "239.1.1.2", "239.1.1.3"};
	static const char *const v6[] = {"ff0e::1", "ff0e::2", "ff0e::3"};

	return (p->v6 ? v6 : v4)[g];
}

static const char *letters(uint32_t mask)
{
	static char text[SOURCES + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < SOURCES; i++)
		if (mask >> i & 1)
			text[n++] = (char)('a' + i);
	text[n] = '\0';
	return text;
}

static bool lost(struct play *p)
{
	return prng_below(&p->rng, 100) < p->loss;
}

/* --- hosts ---------------------------------------------------------------------------------------------- */

static void report(struct play *p, struct host *h, unsigned g, const char *type, uint32_t mask)
{
	for (unsigned r = 0; r < p->routers; r++)
		if (!lost(p))
			bed_report1(p->b[r], 1, h->addr, type, group(p, g), letters(mask));
}

static void old_report(struct play *p, struct host *h, unsigned g)
{
	for (unsigned r = 0; r < p->routers; r++)
		if (!lost(p))
			bed_old_report(p->b[r], 1, h->addr, 2, group(p, g));
	for (unsigned i = 0; i < HOSTS; i++) /* RFC 2236 section 3: suppression */
		if (p->hosts[i].old && &p->hosts[i] != h)
			p->hosts[i].w[g].answer_us = 0;
}

static void leave(struct play *p, struct host *h, unsigned g)
{
	for (unsigned r = 0; r < p->routers; r++)
		if (!lost(p))
			bed_leave(p->b[r], 1, h->addr, group(p, g));
}

static void say_twice(struct play *p, struct host *h, unsigned g, const char *type, uint32_t mask)
{
	struct want *w = &h->w[g];

	report(p, h, g, type, mask);
	w->again_us = p->b[0]->now_us + 1 + prng_below(&p->rng, BED_S);
	snprintf(w->type, sizeof(w->type), "%s", type);
	w->again_mask = mask;
}

/* 5.1, the table; the merging of pending changes is simplified: a second change of the kind that the first
 * was is told as a change of mode, which says it all. */
static void change(struct play *p, struct host *h, unsigned g, bool exclude, uint32_t mask)
{
	struct want *w = &h->w[g], old = *w;
	bool pending = old.again_us != 0;

	w->exclude = exclude;
	w->mask = mask;
	if (old.exclude == exclude && old.mask == mask)
		return;
	if (h->old) {
		if (exclude)
			old_report(p, h, g);
		else
			leave(p, h, g);
	} else if (old.exclude != exclude || pending) {
		say_twice(p, h, g, exclude ? "TO_EX" : "TO_IN", mask);
	} else {
		uint32_t allow = exclude ? old.mask & ~mask : mask & ~old.mask;
		uint32_t block = exclude ? mask & ~old.mask : old.mask & ~mask;

		if (allow)
			say_twice(p, h, g, "ALLOW", allow);
		if (block)
			say_twice(p, h, g, "BLOCK", block);
	}
}

static void change_at_random(struct play *p)
{
	struct host *h = &p->hosts[prng_below(&p->rng, HOSTS)];
	unsigned g = prng_below(&p->rng, GROUPS), what = prng_below(&p->rng, 4);
	uint32_t mask = prng_below(&p->rng, ALL + 1) & prng_below(&p->rng, ALL + 1);

	if (h->old)
		change(p, h, g, what < 2, 0);
	else if (what == 0)
		change(p, h, g, false, 0);
	else
		change(p, h, g, what == 1, what == 1 && prng_below(&p->rng, 2) ? 0 : mask);
}

static bool has_state(const struct want *w)
{
	return w->exclude || w->mask;
}

/* A pending response, 5.2. */
static void answer(struct play *p, struct host *h, unsigned g, uint32_t queried)
{
	struct want *w = &h->w[g];

	if (!has_state(w))
		return;
	if (h->old)
		old_report(p, h, g);
	else if (!queried)
		report(p, h, g, w->exclude ? "IS_EX" : "IS_IN", w->mask);
	else if (w->exclude ? queried & ~w->mask : queried & w->mask)
		report(p, h, g, "IS_IN", w->exclude ? queried & ~w->mask : queried & w->mask);
}

static void schedule(struct play *p, struct want *w, uint64_t max_us, uint32_t queried)
{
	uint64_t at = p->b[0]->now_us + 1 + prng_u64(&p->rng) % (max_us - STEP);

	if (w->answer_us && (!queried || !w->answer_for))
		w->answer_for = 0; /* 5.2 rule 4 */
	else
		w->answer_for = w->answer_us ? w->answer_for | queried : queried;
	if (!w->answer_us || at < w->answer_us)
		w->answer_us = at;
}

static uint32_t mask_of(const struct gmp_msg *m)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < m->n; i++) {
		struct ipaddr a = gmp_source_at(m->raw, m->from.family, i);

		mask |= 1u << (a.b[a.family == IP_V6 ? 15 : 3] - 1);
	}
	return mask;
}

static void hear(struct play *p, struct host *h, const struct gmp_msg *m)
{
	if (lost(p))
		return;
	for (unsigned g = 0; g < GROUPS; g++) {
		struct ipaddr a = bed_addr(group(p, g));

		if (ip_is_any(&m->grp))
			schedule(p, &h->w[g], m->resp_us, 0);
		else if (ip_eq(&m->grp, &a))
			schedule(p, &h->w[g], m->resp_us, h->old ? 0 : mask_of(m));
	}
}

/* What a router sent, to the hosts and to the other router. */
static void hear_router(struct play *p, unsigned r)
{
	static struct bed_packet copy;

	for (size_t i = 0; i < p->b[r]->n_queries; i++) {
		const struct bed_query *q = &p->b[r]->queries[i];

		for (unsigned h = 0; h < HOSTS; h++)
			hear(p, &p->hosts[h], &q->m);
		if (p->routers < 2 || lost(p))
			continue;
		memcpy(copy.data, q->data, q->len);
		copy.len = q->len;
		bed_packet_in(p->b[!r], 1, &copy);
	}
	bed_queries(p->b[r]);
}

static void hear_queries(struct play *p)
{
	for (unsigned r = 0; r < p->routers; r++)
		hear_router(p, r);
}

static void hosts_due(struct play *p)
{
	uint64_t now = p->b[0]->now_us;

	for (unsigned i = 0; i < HOSTS; i++)
		for (unsigned g = 0; g < GROUPS; g++) {
			struct want *w = &p->hosts[i].w[g];

			if (w->again_us && w->again_us <= now) {
				w->again_us = 0;
				report(p, &p->hosts[i], g, w->type, w->again_mask);
			}
			if (w->answer_us && w->answer_us <= now) {
				w->answer_us = 0;
				answer(p, &p->hosts[i], g, w->answer_for);
			}
		}
}

/* --- what must be ----------------------------------------------------------------------------------------- */

struct wish {
	bool any;
	uint32_t included, excluded;
};

static struct wish wish_of(const struct play *p, unsigned g)
{
	struct wish u = {.excluded = ALL};

	for (unsigned i = 0; i < HOSTS; i++) {
		const struct want *w = &p->hosts[i].w[g];

		u.any |= w->exclude;
		if (w->exclude)
			u.excluded &= w->mask;
		else
			u.included |= w->mask;
	}
	u.excluded = u.any ? u.excluded & ~u.included : 0;
	return u;
}

static struct wish told_of(const struct play *p, unsigned r, unsigned g)
{
	const char *t = bed_told(p->b[r], 1, group(p, g));
	struct wish u = {0};

	for (; *t; t++)
		if (*t == '*')
			u.any = true;
		else if (*t == '!')
			u.excluded |= 1u << (*++t - 'a');
		else if (*t != ' ')
			u.included |= 1u << (*t - 'a');
	return u;
}

static uint32_t forwarded(const struct wish *u)
{
	return u->any ? (ALL & ~u->excluded) | u->included : u->included;
}

static void nothing_is_missing(const struct play *p, unsigned r)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		struct wish want = wish_of(p, g), told = told_of(p, r, g);

		if ((want.any && !told.any) || (forwarded(&want) & ~forwarded(&told)))
			fail_msg("router %u, group %u: wanted %d %x, forwarded %d %x (%s)", r, g,
				want.any, forwarded(&want), told.any, forwarded(&told),
				bed_state(p->b[r], 1, group(p, g)));
	}
}

static void exactly_the_union(const struct play *p, unsigned r, bool tracking)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		struct wish want = wish_of(p, g), told = told_of(p, r, g);

		if (want.any && !tracking)
			want.included = 0;
		if (want.any != told.any || want.included != told.included ||
			want.excluded != told.excluded)
			fail_msg("router %u, group %u: want %d %x !%x, told %d %x !%x (%s)", r, g,
				want.any, want.included, want.excluded, told.any, told.included,
				told.excluded, bed_state(p->b[r], 1, group(p, g)));
	}
}

/* --- a play ------------------------------------------------------------------------------------------------- */

static void tick(struct play *p)
{
	for (unsigned r = 0; r < p->routers; r++)
		bed_run(p->b[r], STEP);
	hear_queries(p);
	hosts_due(p);
}

static void quiet(struct play *p, unsigned steps)
{
	p->loss = 0;
	while (steps-- > 0)
		tick(p);
}

static void chaos(struct play *p, unsigned changes_percent)
{
	for (unsigned i = 0; i < 6000; i++) {
		tick(p);
		if (p->outage && (i == 1000 || i == 4500))
			bed_if_up(p->b[0], 1, i == 4500);
		if (prng_below(&p->rng, 100) < changes_percent)
			change_at_random(p);
		for (unsigned r = 0; r < p->routers && p->loss == 0 && !p->outage; r++)
			nothing_is_missing(p, r);
	}
}

static void all_leave(struct play *p)
{
	for (unsigned i = 0; i < HOSTS; i++)
		for (unsigned g = 0; g < GROUPS; g++)
			change(p, &p->hosts[i], g, false, 0);
}

static bool entries_cb(void *arg, const struct gmp_if_info *i)
{
	*(unsigned *)arg += i->entries + i->groups;
	return true;
}

static struct bed *router(struct play *p, unsigned r, bool *tracking)
{
	struct bed *b = lan_new();
	struct gmp_if_config *c = &b->conf[p->v6];

	if (r == 1)
		bed_readdress(b, 1, "10.1.0.2/24", "fe80::2/64");
	c->leave = prng_below(&p->rng, 2) ? GMP_LEAVE_TRACKING : GMP_LEAVE_QUERY;
	c->tracking = c->leave == GMP_LEAVE_TRACKING || prng_below(&p->rng, 2);
	*tracking = c->tracking;
	b->conf[0] = *c; /* this family only */
	b->n_conf = 1;
	bed_config(b);
	return b;
}

static void setup(struct play *p, bool tracking[2])
{
	unsigned old;

	p->v6 = prng_below(&p->rng, 2);
	p->loss = prng_below(&p->rng, 2) ? 0 : 20;
	p->routers = 1 + prng_below(&p->rng, 2);
	p->outage = p->routers == 2 && prng_below(&p->rng, 2);
	for (unsigned r = 0; r < p->routers; r++)
		p->b[r] = router(p, r, &tracking[r]);
	old = prng_below(&p->rng, 2) ? 0 : prng_below(&p->rng, 3);
	for (unsigned i = 0; i < HOSTS; i++) {
		snprintf(p->hosts[i].addr, sizeof(p->hosts[i].addr),
			p->v6 ? "fe80::%x" : "10.1.0.%u", 100 + i);
		p->hosts[i].old = i < old;
	}
}

static void play(uint64_t seed)
{
	struct play p = {.rng = {.state = seed}};
	bool tracking[2];

	setup(&p, tracking);
	chaos(&p, 1 + prng_below(&p.rng, 30));
	quiet(&p, 7900);
	for (unsigned r = 0; r < p.routers; r++)
		exactly_the_union(&p, r, tracking[r]);
	all_leave(&p);
	quiet(&p, 2700);
	for (unsigned r = 0; r < p.routers; r++) {
		unsigned left = 0;

		gmp_if_walk(p.b[r]->self, 0, p.b[r]->now_us, entries_cb, &left);
		assert_int_equal(left, 0);
		assert_int_equal(timer_count(p.b[r]->timers), 1);
		lan_end(p.b[r]);
	}
}

static void the_router_wants_what_the_hosts_want(void **state)
{
	const char *text = getenv("STARG_TEST_SEED"), *n = getenv("STARG_TEST_RUNS");
	unsigned runs = n ? (unsigned)atoi(n) : 40;

	if (text) {
		play(strtoull(text, NULL, 0));
		return;
	}
	for (unsigned seed = 1; seed <= runs; seed++) {
		print_message("STARG_TEST_SEED=%u\n", seed);
		play(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_router_wants_what_the_hosts_want),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
