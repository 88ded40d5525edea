/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the tests of control/net share: a net over the recording data plane, a listener that keeps
 * what it hears, and short ways to say "interface", "route", "neighbour".
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>

#include "control/net/net.h"
#include "tests/unit/control/fake_dp.h"

#define EVENTS_MAX 4096

struct asked {
	int ifindex;
	struct ipaddr addr;
};

struct fixture {
	struct fake_dp *dp;
	struct net *net;
	struct net_change events[EVENTS_MAX];
	size_t n_events;
	bool listening;
	struct asked asked[EVENTS_MAX]; /* net_env.resolve */
	size_t n_asked;
	uint64_t now_us;
	/* called by the listener for each event, if set */
	void (*on_event)(struct fixture *f, const struct net_change *c);
};

/* cmocka's setup and teardown: *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Forgets events, questions and the data plane's calls. */
void forget(struct fixture *f);
/* How many events of a kind were heard. */
size_t heard(const struct fixture *f, enum net_change_kind kind);
/* Whether some NET_RIB covers the address. */
bool heard_rib(const struct fixture *f, const char *addr);
void tick(struct fixture *f, uint64_t seconds);

struct ipaddr ip(const char *text);
struct prefix pfx(const char *text);
const char *str(const struct ipaddr *a); /* in a static buffer */

/* Configurations: addr may be NULL. */
struct net_if_conf ether_conf(const char *name, const char *port, uint16_t vlan, const char *addr);
struct net_if_conf gre_conf(const char *name, const char *local, const char *remote);
struct net_if_conf loop_conf(const char *name, const char *addr);
uint16_t add(struct fixture *f, const struct net_if_conf *conf);
/* An Ethernet interface on a port of its own that is up; twin: its ifindex, 0 without twin. */
uint16_t lan(struct fixture *f, const char *name, const char *addr, int ifindex);
void port_up(struct fixture *f, const char *name, uint16_t port);

/* A kernel route with one path. gateway NULL: connected. */
void kroute(struct fixture *f, const char *dst, const char *gateway, int ifindex);
struct net_route route1(const char *dst, enum net_route_origin origin, const char *gateway,
	uint16_t ifid, int ifindex);
void kroute_del(struct fixture *f, const char *dst);
/* mac: last byte of 02:00:00:00:00:xx. */
void neigh(struct fixture *f, uint16_t ifid, const char *addr, enum net_neigh_state state,
	uint8_t mac);
struct net_rpf rpf(const struct fixture *f, const char *addr, bool expected);
