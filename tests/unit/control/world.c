/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router of the tests.
 */
#include "tests/unit/control/world.h"

static void quiet(enum log_level level, const char *line, void *arg)
{
}

static void net_changed(void *arg, const struct net_change *c)
{
	struct world *w = arg;

	runner_net_changed(w->r, c, w->now_us);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct net_env env = {.arg = w, .changed = net_changed};

	assert_non_null(w);
	log_set_sink(quiet, NULL);
	w->now_us = 1000000;
	w->f = fake_dp_new();
	w->net = net_new(&w->f->dp, &env);
	assert_non_null(w->net);
	w->tib = tib_new(&w->f->dp, w->net);
	assert_non_null(w->tib);
	w->r = runner_new(&w->f->dp, w->net, w->tib);
	assert_non_null(w->r);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	runner_free(w->r);
	tib_free(w->tib);
	net_free(w->net);
	fake_dp_free(w->f);
	free(w);
	log_set_sink(NULL, NULL);
	return 0;
}

static void set_address(struct net_if_conf *c, const char *address)
{
	c->n_addrs = 0;
	if (!address)
		return;
	assert_int_equal(prefix_parse_if(address, &c->addrs[0].ip, &c->addrs[0].len), 0);
	c->n_addrs = 1;
}

uint16_t world_if(struct world *w, const char *name, const char *address)
{
	struct net_if_conf c = {.kind = DP_IF_ETHER};
	uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)++w->ports};
	uint16_t ifid;

	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.port, sizeof(c.port), "p%u", w->ports);
	set_address(&c, address);
	assert_int_equal(net_if_add(w->net, &c, &ifid), 0);
	net_port_set(w->net, c.port, w->ports, mac, 1500);
	net_port_link(w->net, c.port, true);
	net_if_admin(w->net, ifid, true);
	assert_true(net_if_get(w->net, ifid)->up);
	return ifid;
}

void world_readdress(struct world *w, uint16_t ifid, const char *address)
{
	struct net_if_conf c = net_if_get(w->net, ifid)->conf;

	set_address(&c, address);
	assert_int_equal(net_if_change(w->net, ifid, &c), 0);
}

void world_route(struct world *w, const char *dst, uint16_t ifid, const char *gateway)
{
	struct net_route r = {.origin = NET_ROUTE_RPF, .n_paths = 1};

	assert_int_equal(prefix_parse(dst, &r.dst), 0);
	r.paths[0].ifid = ifid;
	r.paths[0].weight = 1;
	if (gateway)
		r.paths[0].gateway = addr(gateway);
	assert_int_equal(net_route_set(w->net, &r), 0);
}

void world_unroute(struct world *w, const char *dst)
{
	struct prefix p;

	assert_int_equal(prefix_parse(dst, &p), 0);
	assert_int_equal(net_route_del(w->net, &p, NET_ROUTE_RPF, 0), 0);
}

void world_run(struct world *w)
{
	unsigned rounds = 0;

	while (runner_run(w->r, w->now_us, 64))
		assert_true(++rounds < 1000);
}

void world_pass(struct world *w, uint64_t us)
{
	uint64_t end = w->now_us + us, next;

	while ((next = runner_next(w->r)) <= end) {
		if (next > w->now_us)
			w->now_us = next;
		world_run(w);
	}
	w->now_us = end;
	world_run(w);
}

struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

struct dp_route_key key(const char *src, const char *grp)
{
	struct dp_route_key k = {0};

	assert_int_equal(prefix_parse(grp, &k.grp), 0);
	if (!strcmp(src, "*"))
		k.src.addr.family = k.grp.addr.family;
	else
		assert_int_equal(prefix_parse(src, &k.src), 0);
	return k;
}

uint64_t test_seed(void)
{
	const char *s = getenv("STARG_TEST_SEED");
	uint64_t seed = s ? strtoull(s, NULL, 0) : 20260131;

	print_message("seed %llu (STARG_TEST_SEED)\n", (unsigned long long)seed);
	return seed;
}
