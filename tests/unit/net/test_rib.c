/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes: longest match against a naive model, order, resynchronisation, what is told.
 */
#include <time.h>

#include "tests/unit/net/fixture.h"

/* --- against a model -------------------------------------------------------------------------- */

struct model_route {
	struct prefix dst;
	uint32_t metric;
	uint8_t origin;
	int ifindex;
};

#define MODEL_MAX 3000

struct model {
	struct model_route v[MODEL_MAX];
	size_t n;
	uint64_t rng;
};

static uint32_t rnd(struct model *m)
{
	m->rng = m->rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(m->rng >> 33);
}

/* Few different bits, so that prefixes nest. */
static struct ipaddr rnd_addr(struct model *m, enum ip_family family)
{
	struct ipaddr a = {.family = family};

	for (unsigned i = 0; i < ip_bytes(&a); i++)
		a.b[i] = rnd(m) % 3 ? 0 : (uint8_t)(1u << (rnd(m) % 8));
	return a;
}

static struct prefix rnd_prefix(struct model *m, enum ip_family family)
{
	struct ipaddr a = rnd_addr(m, family);

	return prefix_make(a, (uint8_t)(rnd(m) % (ip_bits(&a) + 1u)));
}

static struct model_route *model_find(struct model *m, const struct model_route *r)
{
	for (size_t i = 0; i < m->n; i++)
		if (prefix_eq(&m->v[i].dst, &r->dst) && m->v[i].metric == r->metric &&
			m->v[i].origin == r->origin)
			return &m->v[i];
	return NULL;
}

static const struct model_route *model_lookup(const struct model *m, const struct ipaddr *a)
{
	const struct model_route *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct model_route *r = &m->v[i];

		if (r->origin == NET_ROUTE_RPF || !prefix_has(&r->dst, a))
			continue;
		if (!best || r->dst.len > best->dst.len ||
			(r->dst.len == best->dst.len && r->metric < best->metric))
			best = r;
	}
	return best;
}

static void model_set(struct fixture *f, struct model *m, const struct model_route *r)
{
	struct net_route nr = {.dst = r->dst,
		.metric = r->metric,
		.origin = r->origin,
		.n_paths = 1,
		.paths[0] = {.ifindex = r->ifindex, .weight = 1}};
	struct model_route *old = model_find(m, r);

	assert_int_equal(net_route_set(f->net, &nr), 0);
	if (old)
		*old = *r;
	else if (m->n < MODEL_MAX)
		m->v[m->n++] = *r;
	else
		assert_int_equal(
			net_route_del(f->net, &r->dst, (enum net_route_origin)r->origin, r->metric),
			0);
}

static void model_del(struct fixture *f, struct model *m)
{
	struct model_route *r;

	if (!m->n)
		return;
	r = &m->v[rnd(m) % m->n];
	assert_int_equal(
		net_route_del(f->net, &r->dst, (enum net_route_origin)r->origin, r->metric), 0);
	*r = m->v[--m->n];
}

static void model_check(struct fixture *f, struct model *m, enum ip_family family)
{
	struct ipaddr a = rnd_addr(m, family);
	const struct model_route *want = model_lookup(m, &a);
	struct net_route got;

	assert_int_equal(net_route_lookup(f->net, &a, &got), want != NULL);
	if (!want)
		return;
	assert_true(prefix_eq(&got.dst, &want->dst));
	assert_int_equal(got.metric, want->metric);
	assert_int_equal(got.paths[0].ifindex, want->ifindex);
}

struct walked {
	size_t n;
	struct prefix last;
};

static bool count_in_order(void *arg, const struct net_route *r)
{
	struct walked *w = arg;
	int order = w->n ? ip_cmp(&w->last.addr, &r->dst.addr) : -1;

	assert_true(order < 0 || (order == 0 && w->last.len <= r->dst.len));
	w->last = r->dst;
	w->n++;
	return true;
}

static void run_model(struct fixture *f, enum ip_family family)
{
	struct model *m = calloc(1, sizeof(*m));
	struct walked w = {0};

	m->rng = (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)m->rng);
	for (unsigned i = 0; i < 20000; i++) {
		struct model_route r = {.dst = rnd_prefix(m, family),
			.metric = rnd(m) % 3,
			.origin = rnd(m) % 4 ? NET_ROUTE_KERNEL : NET_ROUTE_RPF,
			.ifindex = 100 + (int)(rnd(m) % 50)};

		if (r.origin == NET_ROUTE_RPF)
			r.metric = 0;
		if (rnd(m) % 5 < 3)
			model_set(f, m, &r);
		else
			model_del(f, m);
		model_check(f, m, family);
		f->n_events = 0;
	}
	net_route_walk(f->net, family, count_in_order, &w);
	assert_int_equal(w.n, m->n);
	while (m->n) {
		model_del(f, m);
		f->n_events = 0;
	}
	memset(&w, 0, sizeof(w));
	net_route_walk(f->net, family, count_in_order, &w);
	assert_int_equal(w.n, 0);
	free(m);
}

static void longest_match_agrees_with_a_naive_model_ipv4(void **state)
{
	run_model(*state, IP_V4);
}

static void longest_match_agrees_with_a_naive_model_ipv6(void **state)
{
	run_model(*state, IP_V6);
}

/* --- what is told ----------------------------------------------------------------------------- */

static void equal_route_set_again_tells_nothing(void **state)
{
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 7);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	forget(f);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	assert_int_equal(f->n_events, 0);
	kroute(f, "10.5.0.0/16", "10.1.0.3", 7);
	assert_int_equal(heard(f, NET_RIB), 1);
	assert_int_equal(f->n_events, 1);
	kroute_del(f, "10.5.0.0/16");
	assert_int_equal(heard(f, NET_RIB), 2);
}

static void protocol_alone_is_a_change(void **state)
{
	struct fixture *f = *state;
	struct net_route r = route1("10.5.0.0/16", NET_ROUTE_KERNEL, NULL, 0, 7);

	assert_int_equal(net_route_set(f->net, &r), 0);
	forget(f);
	r.protocol = 188;
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_int_equal(heard(f, NET_RIB), 1);
}

static void impossible_routes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct net_route r = route1("10.5.0.0/16", NET_ROUTE_KERNEL, NULL, 0, 7);
	struct prefix p = pfx("10.6.0.0/16");

	r.n_paths = 0;
	assert_int_equal(net_route_set(f->net, &r), -EINVAL);
	r.n_paths = NET_PATHS_MAX + 1;
	assert_int_equal(net_route_set(f->net, &r), -EINVAL);
	r.n_paths = 1;
	r.dst.len = 33;
	assert_int_equal(net_route_set(f->net, &r), -EINVAL);
	r = route1("10.5.0.0/16", NET_ROUTE_RPF, NULL, 77, 0);
	assert_int_equal(net_route_set(f->net, &r), -EINVAL);
	assert_int_equal(net_route_del(f->net, &p, NET_ROUTE_KERNEL, 0), -ENOENT);
	assert_int_equal(f->n_events, 0);
}

static void a_route_is_found_by_its_key(void **state)
{
	struct fixture *f = *state;
	struct prefix p = pfx("10.5.0.0/16");
	struct net_route r;

	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	assert_true(net_route_find(f->net, &p, NET_ROUTE_KERNEL, 0, &r));
	assert_string_equal(str(&r.paths[0].gateway), "10.1.0.2");
	assert_false(net_route_find(f->net, &p, NET_ROUTE_KERNEL, 1, &r));
	assert_false(net_route_find(f->net, &p, NET_ROUTE_RPF, 0, &r));
	p.len = 15;
	assert_false(net_route_find(f->net, &p, NET_ROUTE_KERNEL, 0, &r));
}

/* --- twins come and go ------------------------------------------------------------------------ */

static void paths_follow_the_twin(void **state)
{
	struct fixture *f = *state;
	struct ipaddr a = ip("10.5.0.1");
	struct net_route r;
	uint16_t id;

	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	assert_true(net_route_lookup(f->net, &a, &r));
	assert_int_equal(r.paths[0].ifid, 0);
	forget(f);
	id = lan(f, "lan1", "10.1.0.1/24", 7);
	assert_true(net_route_lookup(f->net, &a, &r));
	assert_int_equal(r.paths[0].ifid, id);
	assert_true(heard_rib(f, "10.5.0.1"));
	assert_false(heard_rib(f, "10.6.0.1"));
	forget(f);
	net_if_twin(f->net, id, 0);
	assert_true(net_route_lookup(f->net, &a, &r));
	assert_int_equal(r.paths[0].ifid, 0);
	assert_true(heard_rib(f, "10.5.0.1"));
}

static void interface_flap_tells_the_prefixes_behind_it(void **state)
{
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 7);
	lan(f, "lan2", "10.2.0.1/24", 8);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	kroute(f, "10.5.7.0/24", "10.1.0.2", 7);
	kroute(f, "10.6.0.0/16", "10.2.0.2", 8);
	forget(f);
	net_port_link(f->net, "lan1", false);
	assert_true(heard_rib(f, "10.5.0.1"));
	assert_int_equal(heard(f, NET_RIB), 1); /* the longer one is in the shorter */
	assert_false(heard_rib(f, "10.6.0.1"));
}

static void static_routes_end_with_their_interface(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_route r = route1("10.9.0.0/16", NET_ROUTE_RPF, "10.1.0.9", id, 0);
	struct walked w = {0};

	assert_int_equal(net_route_set(f->net, &r), 0);
	forget(f);
	assert_int_equal(net_if_del(f->net, id), 0);
	net_route_walk(f->net, IP_V4, count_in_order, &w);
	assert_int_equal(w.n, 0);
	assert_true(heard_rib(f, "10.9.0.1"));
}

static void kernel_routes_outlive_their_interface(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	struct ipaddr a = ip("10.5.0.1");
	struct net_route r;

	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	assert_int_equal(net_if_del(f->net, id), 0);
	assert_true(net_route_lookup(f->net, &a, &r));
	assert_int_equal(r.paths[0].ifid, 0);
}

/* --- resynchronisation ------------------------------------------------------------------------ */

static void resync_that_finds_all_equal_tells_nothing(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);

	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	kroute(f, "0.0.0.0/0", "10.1.0.3", 7);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 1);
	forget(f);
	net_resync_begin(f->net, NET_ROUTE_KERNEL);
	kroute(f, "0.0.0.0/0", "10.1.0.3", 7);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 1);
	net_resync_end(f->net, NET_ROUTE_KERNEL);
	assert_int_equal(f->n_events, 0);
}

static void resync_deletes_what_vanished_and_only_of_its_origin(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	struct net_route r = route1("10.9.0.0/16", NET_ROUTE_RPF, "10.1.0.9", id, 0);
	struct ipaddr a = ip("10.5.0.1"), n1 = ip("10.1.0.2"), n2 = ip("10.1.0.3");

	assert_int_equal(net_route_set(f->net, &r), 0);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	kroute(f, "10.6.0.0/16", "10.1.0.2", 7);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 1);
	neigh(f, id, "10.1.0.3", NET_NEIGH_STATIC, 2);
	forget(f);
	net_resync_begin(f->net, NET_ROUTE_KERNEL);
	kroute(f, "10.6.0.0/16", "10.1.0.2", 7);
	net_resync_end(f->net, NET_ROUTE_KERNEL);
	assert_false(net_route_lookup(f->net, &a, &r));
	assert_true(heard_rib(f, "10.5.0.1"));
	assert_false(heard_rib(f, "10.6.0.1"));
	assert_int_equal(heard(f, NET_NEIGH), 1);
	assert_null(net_neigh_find(f->net, id, &n1));
	assert_non_null(net_neigh_find(f->net, id, &n2));
	rpf(f, "10.9.0.1", true);
}

static void static_rpf_is_resynchronised_without_touching_neighbours(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_route a = route1("10.8.0.0/16", NET_ROUTE_RPF, "10.1.0.9", id, 0);
	struct net_route b = route1("10.9.0.0/16", NET_ROUTE_RPF, "10.1.0.9", id, 0);
	struct ipaddr n = ip("10.1.0.9");

	net_route_set(f->net, &a);
	net_route_set(f->net, &b);
	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 2);
	forget(f);
	net_resync_begin(f->net, NET_ROUTE_RPF);
	net_route_set(f->net, &b);
	net_resync_end(f->net, NET_ROUTE_RPF);
	assert_int_equal(f->n_events, 1);
	assert_true(heard_rib(f, "10.8.0.1"));
	assert_non_null(net_neigh_find(f->net, id, &n));
	rpf(f, "10.9.0.1", true);
	rpf(f, "10.8.0.1", false);
}

static void a_full_table_tells_one_event_at_the_end_of_its_resync(void **state)
{
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 7);
	forget(f);
	net_resync_begin(f->net, NET_ROUTE_KERNEL);
	for (uint32_t i = 0; i < 100000; i++) {
		struct net_route r = route1("10.0.0.0/24", NET_ROUTE_KERNEL, "10.1.0.2", 0, 7);

		r.dst = prefix_make(ip4(0x14000000 + (i << 8)), 24);
		assert_int_equal(net_route_set(f->net, &r), 0);
	}
	assert_int_equal(f->n_events, 0);
	net_resync_end(f->net, NET_ROUTE_KERNEL);
	assert_int_equal(f->n_events, 1);
	assert_true(heard_rib(f, "20.5.5.5"));
	forget(f);
	net_port_link(f->net, "lan1", false); /* all of them at once */
	assert_int_equal(heard(f, NET_RIB), 1);
	forget(f);
	net_resync_begin(f->net, NET_ROUTE_KERNEL);
	net_resync_end(f->net, NET_ROUTE_KERNEL);
	assert_int_equal(f->n_events, 1);
}

static void a_resync_that_never_ends_is_told_by_the_tick(void **state)
{
	struct fixture *f = *state;

	net_resync_begin(f->net, NET_ROUTE_KERNEL);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	assert_int_equal(f->n_events, 0);
	tick(f, 1);
	assert_true(heard_rib(f, "10.5.0.1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(longest_match_agrees_with_a_naive_model_ipv4),
		TEST(longest_match_agrees_with_a_naive_model_ipv6),
		TEST(equal_route_set_again_tells_nothing),
		TEST(protocol_alone_is_a_change),
		TEST(impossible_routes_are_refused),
		TEST(a_route_is_found_by_its_key),
		TEST(paths_follow_the_twin),
		TEST(interface_flap_tells_the_prefixes_behind_it),
		TEST(static_routes_end_with_their_interface),
		TEST(kernel_routes_outlive_their_interface),
		TEST(resync_that_finds_all_equal_tells_nothing),
		TEST(resync_deletes_what_vanished_and_only_of_its_origin),
		TEST(static_rpf_is_resynchronised_without_touching_neighbours),
		TEST(a_full_table_tells_one_event_at_the_end_of_its_resync),
		TEST(a_resync_that_never_ends_is_told_by_the_tick),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
