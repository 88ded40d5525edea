/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A router without sockets and without a data plane: recording data plane, the real net, TIB and
 * runner, interfaces without twins, and time that the test invents.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "control/run/runner.h"
#include "control/static/static.h"
#include "tests/unit/control/fake_dp.h"

struct world {
	struct fake_dp *f;
	struct net_env env;
	struct net *net;
	struct tib *tib;
	struct runner *r;
	uint64_t now_us;
	uint16_t ports;
};

int world_setup(void **state); /* cmocka: *state is a struct world */
int world_teardown(void **state);

/* Adds an Ethernet interface that is up, with its own port and this address ("10.0.0.254/24"; NULL:
 * none). Its id. */
uint16_t world_if(struct world *w, const char *name, const char *address);
/* Replaces an interface's address. */
void world_readdress(struct world *w, uint16_t ifid, const char *address);
/* Static RPF: "10.9.0.0/16" through an interface, by gateway (NULL: connected). */
void world_route(struct world *w, const char *dst, uint16_t ifid, const char *gateway);
void world_unroute(struct world *w, const char *dst);
/* Lets the runner do all there is. */
void world_run(struct world *w);
/* Time passes, timer by timer. */
void world_pass(struct world *w, uint64_t us);

/* "10.0.0.1", "239.1.1.1"; "*" as source; prefixes too. */
struct dp_route_key key(const char *src, const char *grp);
struct ipaddr addr(const char *text);

/* Seed of a random test: STARG_TEST_SEED, else a fixed one; printed. */
uint64_t test_seed(void);
