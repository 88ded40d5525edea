/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The fixture of the tests of control/net.
 */
#include "tests/unit/net/fixture.h"

static void changed(void *arg, const struct net_change *c)
{
	struct fixture *f = arg;

	assert_true(f->n_events < EVENTS_MAX);
	f->events[f->n_events++] = *c;
	assert_false(f->listening); /* never re-entered */
	f->listening = true;
	if (f->on_event)
		f->on_event(f, c);
	f->listening = false;
}

static void resolve(void *arg, int ifindex, const struct ipaddr *addr)
{
	struct fixture *f = arg;

	assert_true(f->n_asked < EVENTS_MAX);
	f->asked[f->n_asked++] = (struct asked){.ifindex = ifindex, .addr = *addr};
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct net_env env = {.arg = f, .changed = changed, .resolve = resolve};

	f->dp = fake_dp_new();
	f->net = net_new(&f->dp->dp, &env);
	assert_non_null(f->net);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	net_free(f->net);
	fake_dp_free(f->dp);
	free(f);
	return 0;
}

void forget(struct fixture *f)
{
	f->n_events = 0;
	f->n_asked = 0;
	fake_dp_forget(f->dp);
}

size_t heard(const struct fixture *f, enum net_change_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_events; i++)
		n += f->events[i].kind == kind;
	return n;
}

bool heard_rib(const struct fixture *f, const char *addr)
{
	struct ipaddr a = ip(addr);

	for (size_t i = 0; i < f->n_events; i++)
		if (f->events[i].kind == NET_RIB && prefix_has(&f->events[i].prefix, &a))
			return true;
	return false;
}

void tick(struct fixture *f, uint64_t seconds)
{
	f->now_us += seconds * 1000000;
	net_tick(f->net, f->now_us);
}

struct ipaddr ip(const char *text)
{
	struct ipaddr a = {0};

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

struct prefix pfx(const char *text)
{
	struct prefix p = {0};

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

const char *str(const struct ipaddr *a)
{
	static char buf[IP_STRLEN];

	return ip_str(a, buf, sizeof(buf));
}

static void conf_addr(struct net_if_conf *c, const char *addr)
{
	if (!addr)
		return;
	assert_int_equal(prefix_parse_if(addr, &c->addrs[0].ip, &c->addrs[0].len), 0);
	c->n_addrs = 1;
}

struct net_if_conf ether_conf(const char *name, const char *port, uint16_t vlan, const char *addr)
{
	struct net_if_conf c = {.kind = DP_IF_ETHER, .vlan = vlan};

	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.port, sizeof(c.port), "%s", port);
	conf_addr(&c, addr);
	return c;
}

struct net_if_conf gre_conf(const char *name, const char *local, const char *remote)
{
	struct net_if_conf c = {.kind = DP_IF_GRE};

	snprintf(c.name, sizeof(c.name), "%s", name);
	c.gre.local = ip(local);
	c.gre.remote = ip(remote);
	c.gre.ttl = 64;
	return c;
}

struct net_if_conf loop_conf(const char *name, const char *addr)
{
	struct net_if_conf c = {.kind = DP_IF_LOOPBACK};

	snprintf(c.name, sizeof(c.name), "%s", name);
	conf_addr(&c, addr);
	return c;
}

uint16_t add(struct fixture *f, const struct net_if_conf *conf)
{
	uint16_t id = 0;

	assert_int_equal(net_if_add(f->net, conf, &id), 0);
	assert_int_not_equal(id, 0);
	return id;
}

void port_up(struct fixture *f, const char *name, uint16_t port)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 1, (uint8_t)port};

	net_port_set(f->net, name, port, mac, 1500);
	net_port_link(f->net, name, true);
}

uint16_t lan(struct fixture *f, const char *name, const char *addr, int ifindex)
{
	struct net_if_conf c = ether_conf(name, name, 0, addr);
	uint16_t id;

	c.exception = ifindex != 0;
	id = add(f, &c);
	port_up(f, name, id);
	if (!ifindex)
		return id;
	net_if_twin(f->net, id, ifindex);
	if (addr)
		net_addr_add(f->net, id, &c.addrs[0].ip, c.addrs[0].len);
	return id;
}

struct net_route route1(const char *dst, enum net_route_origin origin, const char *gateway,
	uint16_t ifid, int ifindex)
{
	struct net_route r = {
		.dst = pfx(dst), .origin = (uint8_t)origin, .protocol = 4, .n_paths = 1};

	r.paths[0].ifid = ifid;
	r.paths[0].ifindex = ifindex;
	r.paths[0].weight = 1;
	if (gateway)
		r.paths[0].gateway = ip(gateway);
	return r;
}

void kroute(struct fixture *f, const char *dst, const char *gateway, int ifindex)
{
	struct net_route r = route1(dst, NET_ROUTE_KERNEL, gateway, 0, ifindex);

	assert_int_equal(net_route_set(f->net, &r), 0);
}

void kroute_del(struct fixture *f, const char *dst)
{
	struct prefix p = pfx(dst);

	assert_int_equal(net_route_del(f->net, &p, NET_ROUTE_KERNEL, 0), 0);
}

void neigh(
	struct fixture *f, uint16_t ifid, const char *addr, enum net_neigh_state state, uint8_t mac)
{
	struct net_neigh n = {.ifid = ifid,
		.state = (uint8_t)state,
		.mac = {2, 0, 0, 0, 0, mac},
		.addr = ip(addr)};

	assert_int_equal(net_neigh_set(f->net, &n), 0);
}

struct net_rpf rpf(const struct fixture *f, const char *addr, bool expected)
{
	struct ipaddr a = ip(addr);
	struct net_rpf r;

	assert_int_equal(net_rpf(f->net, &a, &r), expected);
	assert_int_equal(r.why[0] == '\0', expected);
	assert_int_equal(r.ifid != 0, expected);
	return r;
}
