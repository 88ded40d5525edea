/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A router for the tests of the handlers: a configuration text, the real control library, a
 * recording data plane whose counters the test sets, ports of the test's own.
 */
#pragma once

#include "tests/unit/control/world.h"

#include "app/app.h"
#include "app/shell/command.h"

struct router {
	struct world *w;
	struct app app;
	struct dp_ops ops; /* the fake's, with counters of the test's */
	char path[64];     /* of the configuration */
	/* what the data plane counts, for every route and oif */
	struct dp_route_counters route;
	struct dp_oif_counters oif;
	struct dp_worker_info worker;
	unsigned started, stopped, quits, reloads, cleared;
	int reload_result;
	uint16_t mark; /* of every route, 0 none */
};

/* cmocka: *state is a struct router with ports p0..p2, interfaces src, lan1, lan2, gre0, lo0 and two
 * routes of the file. */
int router_setup(void **state);
int router_teardown(void **state);

/* Runs a line that must succeed; its value, borrowed until the next run. */
const json_t *run_ok(struct router *r, const char *line);
/* Runs a line that must fail with this part in its error; the whole error. */
const char *run_fails(struct router *r, const char *line, const char *part);
/* Runs a line; its text as a person sees it, borrowed until the next. */
const char *run_text(struct router *r, const char *line);
/* Runs an explain, whose verdict must have this part. */
void verdict(struct router *r, const char *line, const char *part);
/* "routes[0].counters.packets" of a value. NULL: absent. */
const json_t *at(const json_t *value, const char *path);
const char *text_at(const json_t *value, const char *path); /* "" if it is no string */
long long number_at(const json_t *value, const char *path); /* fails if it is none */
