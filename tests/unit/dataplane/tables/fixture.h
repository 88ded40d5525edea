/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A data plane without EAL, pool and running workers: the tables, and workers that consist of their
 * counters and rings. The test plays the worker.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/tables.h"

#define FIXTURE_HZ 1000000000ull /* cycles a second, as rte_get_tsc_hz says in these tests */

/* workers 0 .. DATAPLANE_WORKERS_MAX. Each is a registered reader, offline. */
struct dataplane *fixture_new(unsigned workers, uint32_t max_routes);
void fixture_free(struct dataplane *d);

/* The worker holds what it reads now, until fixture_leave. */
void fixture_enter(struct dataplane *d, unsigned worker);
void fixture_leave(struct dataplane *d, unsigned worker);

/* "239.1.1.1", "10.0.0.0/8"; "*" as a source: everything in the group's family. */
struct dp_route_key fixture_key(const char *src, const char *grp);
/* One input, which accepts. */
struct dp_route fixture_route(const char *src, const char *grp, uint16_t iif, uint32_t list);
uint32_t fixture_list(struct dataplane *d, const uint32_t *oifs, uint32_t n);

/* What a worker finds for a packet, or NULL. */
const struct mfib_route *fixture_lookup(
	struct dataplane *d, const struct ipaddr *src, const struct ipaddr *grp);

/* The seed of a random test: from the environment (STARG_SEED) or drawn, and printed. */
uint64_t fixture_seed(const char *test);
uint32_t fixture_random(uint64_t *state, uint32_t below);
