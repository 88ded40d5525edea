/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Random LANs of either family: hosts of all versions and up to three routers that run membership alone. Hosts change their
 * minds, vanish and come back, packets are lost and late; when all is quiet again, each router must know
 * exactly what its hosts want, source by source.
 */
#include "tests/sim/help.h"

#define LANS 400
#define REST_S \
	900 /* Group Membership Interval 260 s, an older version's host as long, a querier's 255 s */
#define SOURCES 4

static const char *const groups[] = {"239.1.1.1", "239.1.1.2", "232.1.1.1"};
#define GROUPS 3
#define SSM 2 /* index */

struct lan {
	struct sim *s;
	struct prng rng;
	struct sim_link *l;
	struct ipaddr src[SOURCES];
};

static unsigned below(struct lan *t, unsigned n)
{
	return prng_below(&t->rng, n);
}

/* --- a protocol that hears of memberships, as PIM does ------------------------------------------------ */

#define TOLD_MAX 128

struct listener {
	unsigned n;
	struct member v[TOLD_MAX]; /* that are not MEMBER_NONE */
	unsigned twice;            /* told what was known */
};

static void *listener_new(void)
{
	return calloc(1, sizeof(struct listener));
}

static void listener_free(void *self, struct timer_heap *timers)
{
	free(self);
}

static uint8_t told_of(const struct listener *l, const struct ipaddr *src, const struct ipaddr *grp)
{
	for (unsigned i = 0; i < l->n; i++)
		if (ip_eq(&l->v[i].src, src) && ip_eq(&l->v[i].grp, grp))
			return l->v[i].state;
	return MEMBER_NONE;
}

static void listener_event(void *self, const struct event *ev, struct proto_ctx *ctx)
{
	struct listener *l = self;
	const struct member *m = &ev->member;

	if (ev->kind != EV_MEMBER)
		return;
	l->twice += told_of(l, &m->src, &m->grp) == m->state;
	for (unsigned i = 0; i < l->n; i++)
		if (ip_eq(&l->v[i].src, &m->src) && ip_eq(&l->v[i].grp, &m->grp))
			l->v[i--] = l->v[--l->n];
	if (m->state != MEMBER_NONE && l->n < TOLD_MAX)
		l->v[l->n++] = *m;
}

static const struct proto listener_proto = {
	.name = "listener", .new = listener_new, .free = listener_free, .event = listener_event};

static void boot(struct sim_router *r)
{
	struct gmp_if_config ifc = sim_gmp_if(r->ports[0], sim_family(r->s));
	struct gmp_config c;

	r->gmp_no = runner_add(r->r, &gmp_proto);
	r->test_no = runner_add(r->r, &listener_proto);
	gmp_config_default(&c);
	c.ifs = &ifc;
	c.n_ifs = 1;
	net_if_proto(r->net, r->ports[0]->ifid, DP_PROTO_IGMP | DP_PROTO_MLD);
	runner_config(r->r, (uint16_t)r->gmp_no, &c, sim_clock(r));
}

static struct ipaddr numbered(enum ip_family family, uint32_t number)
{
	struct ipaddr n = ip4(number);

	return sim_ip(family, &n);
}

static void build(struct lan *t, uint64_t seed, enum ip_family family)
{
	static const uint8_t versions[] = {3, 3, 3, 3, 2, 1};
	unsigned routers, hosts;
	char name[SIM_NAME];

	*t = (struct lan){.s = sim_new(seed), .rng = {seed * 77 + 5}};
	t->s->boot = boot;
	t->s->ipv4 = family == IP_V4;
	t->s->ipv6 = family == IP_V6;
	t->s->trace = getenv("SIM_TRACE") ? stderr : NULL;
	t->l = sim_link(t->s, "l", "10.0.0.0/24");
	routers = 1 + below(t, 3);
	hosts = 1 + below(t, 6);
	for (unsigned i = 0; i < routers; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		sim_attach(sim_router(t->s, name), t->l, NULL);
		t->s->routers[i]->ports[0]->gmp.leave = (uint8_t)below(t, 2);
	}
	for (unsigned i = 0; i < hosts; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		sim_host(t->s, name, t->l, versions[below(t, 6)]);
	}
	for (unsigned i = 0; i < SOURCES; i++)
		t->src[i] = numbered(family, 0x0a090001 + i);
}

static void change_mind(struct lan *t)
{
	struct sim_host *h = t->s->hosts[below(t, t->s->n_hosts)];
	unsigned g = below(t, GROUPS);
	struct sim_filter_state f = {.mode = SIM_EXCLUDE};
	struct ipaddr grp = sim_addr(sim_family(t->s), groups[g]);

	if (h->silent || (g == SSM && h->version < 3))
		return;
	if (h->version == 3) {
		f.mode = g == SSM ? SIM_INCLUDE : (uint8_t)below(t, 2);
		for (unsigned i = 0; i < SOURCES; i++)
			if (below(t, 3) == 0)
				f.src[f.n++] = t->src[i];
	} else if (below(t, 2)) {
		f.mode = SIM_INCLUDE;
	}
	sim_host_set(h, &grp, &f);
}

static void trouble(struct lan *t)
{
	struct sim_faults f = {.loss = below(t, 2) * below(t, 400000),
		.dup = below(t, 2) * 300000,
		.reorder = below(t, 2) * 300000,
		.jitter_us = below(t, 300000)};
	struct sim_router *r = t->s->routers[below(t, t->s->n_routers)];
	struct sim_host *h = t->s->hosts[below(t, t->s->n_hosts)];

	switch (below(t, 5)) {
	case 0:
		sim_faults(t->l, &f);
		break;
	case 1:
		sim_host_silence(h, !h->silent);
		break;
	case 2:
		if (r->running)
			sim_crash(r);
		else
			sim_boot(r);
		break;
	case 3:
		sim_if_up(r, t->l, !r->ports[0]->up);
		break;
	case 4:
		sim_partition(t->l->ports[below(t, t->l->n_ports)], (uint8_t)below(t, 2));
		break;
	}
}

static void heal(struct lan *t)
{
	sim_faults(t->l, NULL);
	for (unsigned i = 0; i < t->l->n_ports; i++)
		t->l->ports[i]->side = 0;
	for (unsigned i = 0; i < t->s->n_routers; i++) {
		sim_boot(t->s->routers[i]);
		sim_if_up(t->s->routers[i], t->l, true);
	}
	for (unsigned i = 0; i < t->s->n_hosts; i++)
		if (t->s->hosts[i]->silent && below(t, 2))
			sim_host_silence(t->s->hosts[i], false);
}

/* --- what a router knows ------------------------------------------------------------------------------ */

struct known {
	const struct ipaddr *src;
	bool there, exclude, listed, forward;
};

static bool see_group(void *arg, const struct gmp_group_info *g)
{
	struct known *k = arg;

	k->there = true;
	k->exclude = g->exclude;
	return true;
}

static bool see_source(void *arg, const struct gmp_source_info *i)
{
	struct known *k = arg;

	if (ip_eq(&i->src, k->src)) {
		k->listed = true;
		k->forward = i->forward;
	}
	return true;
}

static bool forwards(const struct sim_router *r, const struct ipaddr *src, const struct ipaddr *grp)
{
	const void *gmp = runner_instance(r->r, (uint16_t)r->gmp_no);
	struct known k = {.src = src};

	gmp_group_walk(gmp, src->family, r->ports[0]->ifid, grp, sim_clock(r), see_group, &k);
	gmp_source_walk(gmp, src->family, r->ports[0]->ifid, grp, sim_clock(r), see_source, &k);
	if (!k.there)
		return false;
	return k.listed ? k.forward : k.exclude;
}

/* The same by what was told: local_receiver_include and _exclude of RFC 7761 4.1.6. */
static bool told(const struct sim_router *r, const struct ipaddr *src, const struct ipaddr *grp)
{
	const struct listener *l = runner_instance(r->r, (uint16_t)r->test_no);
	static const struct ipaddr any;

	return told_of(l, src, grp) == MEMBER_INCLUDE ||
	       (told_of(l, &any, grp) == MEMBER_INCLUDE && told_of(l, src, grp) != MEMBER_EXCLUDE);
}

static void check_one(struct lan *t, const struct sim_router *r, const struct ipaddr *src,
	const struct ipaddr *grp, bool wanted)
{
	char s[IP_STRLEN], g[IP_STRLEN];

	ip_str(src, s, sizeof(s));
	ip_str(grp, g, sizeof(g));
	if (forwards(r, src, grp) != wanted)
		sim_fail(t->s, "%s %s (%s, %s)", r->name, wanted ? "lacks" : "has", s, g);
	if (told(r, src, grp) != wanted)
		sim_fail(t->s, "%s has not told that (%s, %s) is %swanted", r->name, s, g,
			wanted ? "" : "un");
}

static void check(struct lan *t)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		struct ipaddr grp = sim_addr(sim_family(t->s), groups[g]);

		for (unsigned i = 0; i < SOURCES; i++) {
			bool wanted = false;

			for (unsigned h = 0; h < t->s->n_hosts; h++)
				wanted |= sim_host_wants(t->s->hosts[h], &t->src[i], &grp);
			for (unsigned r = 0; r < t->s->n_routers; r++)
				check_one(t, t->s->routers[r], &t->src[i], &grp, wanted);
		}
	}
}

static void check_quiet(const struct sim_router *r, bool nothing_left)
{
	const struct listener *l = runner_instance(r->r, (uint16_t)r->test_no);

	if (l->twice)
		sim_fail(r->s, "%s told %u memberships that were known", r->name, l->twice);
	if (!nothing_left)
		return;
	if (gmp_group_count(runner_instance(r->r, (uint16_t)r->gmp_no), sim_family(r->s)))
		sim_fail(r->s, "%s: groups are left", r->name);
	if (l->n)
		sim_fail(r->s, "%s: %u memberships were not taken back", r->name, l->n);
}

static unsigned live(uint64_t seed, enum ip_family family, bool quiet_end)
{
	struct sim_filter_state none = {.mode = SIM_INCLUDE};
	struct lan t;
	unsigned failures, n;

	build(&t, seed, family);
	sim_start(t.s);
	sim_run(t.s, 5);
	for (n = 10 + below(&t, 60); n > 0; n--) {
		if (below(&t, 4) == 0)
			trouble(&t);
		else
			change_mind(&t);
		sim_run(t.s, below(&t, 5) ? below(&t, 4000) / 1000.0 : below(&t, 200));
	}
	heal(&t);
	for (unsigned i = 0; quiet_end && i < t.s->n_hosts; i++)
		for (unsigned g = 0; g < GROUPS; g++) {
			struct ipaddr grp = sim_addr(family, groups[g]);

			if (sim_host_member(t.s->hosts[i], &grp))
				sim_host_set(t.s->hosts[i], &grp, &none);
		}
	sim_run(t.s, REST_S);
	check(&t);
	for (unsigned i = 0; i < t.s->n_routers; i++)
		check_quiet(t.s->routers[i], quiet_end);
	failures = t.s->failures;
	if (failures) {
		sim_dump(t.s, stderr);
		print_error("seed %llu, IPv%d: %s\n", (unsigned long long)seed, family,
			t.s->first_failure);
	}
	sim_free(t.s);
	return failures;
}

/* SIM_SEED=N runs that one alone. */
static void run_many(enum ip_family family, bool quiet_end)
{
	const char *seed = getenv("SIM_SEED");
	unsigned failed = 0;

	if (seed) {
		assert_int_equal(live(strtoull(seed, NULL, 0), family, quiet_end), 0);
		return;
	}
	for (unsigned i = 1; i <= LANS; i++)
		failed += live(i, family, quiet_end) > 0;
	assert_int_equal(failed, 0);
}

static void routers_know_what_their_hosts_want(void **state)
{
	run_many(*state ? IP_V6 : IP_V4, false);
}

static void nothing_is_left_when_all_have_gone(void **state)
{
	run_many(*state ? IP_V6 : IP_V4, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routers_know_what_their_hosts_want),
		cmocka_unit_test(nothing_is_left_when_all_have_gone),
	};

	return sim_run_both("sim_gmp", tests);
}
