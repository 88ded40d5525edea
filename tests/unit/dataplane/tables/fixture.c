/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * See fixture.h.
 */
#include "fixture.h"

#include <rte_cycles.h>
#include <stdlib.h>
#include <sys/random.h>

/* In place of the EAL's, which was not initialised and would say 0. */
uint64_t rte_get_tsc_hz(void)
{
	return FIXTURE_HZ;
}

struct dataplane *fixture_new(unsigned workers, uint32_t max_routes)
{
	struct dataplane *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->conf.wake_fd = -1;
	d->conf.upcall_rate = 1000;
	d->n_workers = workers;
	d->t.max_routes = max_routes;
	d->t.max_oifs = 65536;
	assert_int_equal(getrandom(d->t.seed, sizeof(d->t.seed), 0), (ssize_t)sizeof(d->t.seed));
	assert_int_equal(tables_new(d), 0);
	for (unsigned i = 0; i < workers; i++) {
		struct worker *w = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*w));

		assert_non_null(w);
		memset(w, 0, sizeof(*w));
		w->d = d;
		w->t = &d->t;
		w->index = w->rcu_id = i;
		d->workers[i] = w;
		assert_int_equal(worker_counters_new(w), 0);
		assert_int_equal(worker_rings_new(w), 0);
		assert_int_equal(rte_rcu_qsbr_thread_register(d->t.rcu, i), 0);
	}
	return d;
}

void fixture_free(struct dataplane *d)
{
	tables_free(d);
	for (unsigned i = 0; i < d->n_workers; i++) {
		worker_rings_free(d->workers[i]);
		worker_counters_free(d->workers[i]);
		free(d->workers[i]);
	}
	free(d);
}

void fixture_enter(struct dataplane *d, unsigned worker)
{
	rte_rcu_qsbr_thread_online(d->t.rcu, worker);
}

void fixture_leave(struct dataplane *d, unsigned worker)
{
	rte_rcu_qsbr_thread_offline(d->t.rcu, worker);
}

struct dp_route_key fixture_key(const char *src, const char *grp)
{
	struct dp_route_key k = {0};

	assert_int_equal(prefix_parse(grp, &k.grp), 0);
	if (strcmp(src, "*") == 0)
		k.src.addr.family = k.grp.addr.family;
	else
		assert_int_equal(prefix_parse(src, &k.src), 0);
	return k;
}

struct dp_route fixture_route(const char *src, const char *grp, uint16_t iif, uint32_t list)
{
	return (struct dp_route){
		.key = fixture_key(src, grp),
		.n_inputs = 1,
		.inputs[0] = {.ifid = iif, .flags = DP_INPUT_ACCEPT},
		.list = list,
	};
}

uint32_t fixture_list(struct dataplane *d, const uint32_t *oifs, uint32_t n)
{
	uint32_t id;

	assert_int_equal(lists_get(&d->lists, oifs, n, d->t.max_oifs, &id), 0);
	return id;
}

const struct mfib_route *fixture_lookup(
	struct dataplane *d, const struct ipaddr *src, const struct ipaddr *grp)
{
	uint8_t packet[64] = {0};
	struct rte_mbuf m = {.buf_addr = packet, .data_off = 4};
	struct pkt p = {.m = &m, .l3 = 10, .family = src->family}, *one = &p;
	unsigned bytes = ip_bytes(src);
	uint8_t *ip = packet + 14 + (src->family == IP_V4 ? 12 : 8);

	memcpy(ip, src->b, bytes);
	memcpy(ip + bytes, grp->b, bytes);
	mfib_lookup_bulk(&d->t, &one, 1, src->family);
	return p.route;
}

uint64_t fixture_seed(const char *test)
{
	const char *env = getenv("STARG_SEED");
	uint64_t seed = 0;

	if (env)
		seed = strtoull(env, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		fail_msg("no random seed");
	print_message("%s: STARG_SEED=0x%llx\n", test, (unsigned long long)seed);
	return seed;
}

/* splitmix64 */
uint32_t fixture_random(uint64_t *state, uint32_t below)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32) % below;
}
