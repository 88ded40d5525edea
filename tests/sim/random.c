/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The life of a random network: it comes up; members, sources and misfortunes; it is healed and comes to
 * rest, which soft state does within its longest time; exactly once, no loop, no unwanted copy; all leave;
 * nothing is left.
 */
#include "tests/sim/random_priv.h"

#define RISE_S 40
/* Of what one lost message may leave behind: Joins 210 s, asserts 180 s, Hellos 105 s, memberships 260 s
 * (and an older version's host as long); Hellos first, Joins after them. */
#define REST_S 420
#define CHECK_S 8
/* Without faults: leaves 2 s, Prunes that wait for their override 3 to 5 s, paths that are given up 3 s; trees that meet
 * themselves (test_ring.c) go round once. */
#define CALM_S 40
#define CALM_CHECK_S 3
/* A router that has forgotten all: a DR tells the RP of its sources when it need not be silent any more, 95 s, and
 * Joins of before stay upstream for their holdtime, 210 s (RFC 7761 4.11). */
#define RESTART_S 220
/* Keepalive 210 s, then the RP's for another 185 s, then Joins that expire for 210 s. */
#define FADE_S 1200

static void live(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		sim_run(w->s, (double)below(w, one_in(w, 4) ? 60000 : 5000) / 1000);
		random_event(w);
	}
}

/* Sources send, some hosts at least want what they send. */
static void wanted(struct world *w)
{
	struct sim *s = w->s;

	for (unsigned i = 0; i < s->n_sources; i++)
		sim_source_resume(s->sources[i]);
	for (unsigned i = 0; i < 2u + s->n_hosts; i++)
		random_membership(w, s->hosts[below(w, s->n_hosts)]);
}

static void all_leave(struct sim *s)
{
	struct sim_filter_state none = {.mode = SIM_INCLUDE};

	SIM_TRACE(s, "-", "all leave");
	for (unsigned i = 0; i < s->n_sources; i++)
		sim_source_stop(s->sources[i]);
	for (unsigned i = 0; i < s->n_hosts; i++)
		for (unsigned g = 0; g < GROUPS; g++) {
			struct ipaddr grp = sim_addr(s->hosts[i]->family, random_groups[g]);

			if (sim_host_member(s->hosts[i], &grp))
				sim_host_set(s->hosts[i], &grp, &none);
		}
}

static void fade(struct sim *s, bool dump)
{
	all_leave(s);
	sim_run(s, FADE_S);
	if (sim_check_empty(s) && dump)
		sim_dump(s, stderr);
}

static void life(struct world *w, unsigned events, bool dump)
{
	struct sim *s = w->s;

	sim_start(s);
	sim_run(s, RISE_S);
	sim_baseline(s);
	wanted(w);
	live(w, events);
	random_heal(w);
	wanted(w);
	sim_run(s, REST_S);
	if (sim_check(s, CHECK_S) && dump)
		sim_dump(s, stderr);
	fade(s, dump);
}

/* Nothing is lost and nobody fails: after each event all is right within seconds, no soft state has to run out
 * first. The first fault ends it. */
static void calm_life(struct world *w, unsigned events, bool dump)
{
	struct sim *s = w->s;
	double rest = CALM_S;

	sim_start(s);
	sim_run(s, RISE_S);
	sim_baseline(s);
	wanted(w);
	for (unsigned i = 0; i < events && !s->failures; i++) {
		sim_run(s, rest);
		if (sim_check(s, CALM_CHECK_S) && dump)
			sim_dump(s, stderr);
		SIM_TRACE(s, "-", "event %u", i);
		rest = w->restarts && one_in(w, 3) ? RESTART_S : CALM_S;
		if (rest == RESTART_S)
			random_restart(w);
		else
			random_gentle_event(w);
	}
	if (!s->failures)
		fade(s, dump);
}

void sim_random_run(
	uint64_t seed, const struct sim_random_options *o, struct sim_random_result *result)
{
	struct world w = {.s = sim_new(seed), .rng = {seed * 0x9e3779b97f4a7c15ull + 1}};
	struct sim *s = w.s;
	unsigned events;

	w.calm = o->calm;
	w.restarts = o->restarts;
	s->trace = o->trace;
	s->protocols = true;
	s->ipv4 = o->ipv4;
	s->ipv6 = o->ipv6;
	random_build(&w, o);
	events = o->events ? o->events : 5 + below(&w, 40);
	if (o->calm)
		calm_life(&w, events, o->dump);
	else
		life(&w, events, o->dump);
	*result = (struct sim_random_result){.failures = s->failures,
		.n_routers = s->n_routers,
		.n_links = s->n_links,
		.n_hosts = s->n_hosts,
		.n_sources = s->n_sources,
		.n_events = events,
		.packets = s->data_sent,
		.delivered = s->data_delivered,
		.loops = s->loops,
		.virtual_s = (double)s->now_us / 1e6};
	snprintf(result->first_failure, sizeof(result->first_failure), "%s", s->first_failure);
	sim_free(s);
}
