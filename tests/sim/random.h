/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A random network, random events in it, rest, and the checks: all of it from one seed.
 */
#pragma once

#include "tests/sim/host.h"
#include "tests/sim/sim.h"

struct sim_random_options {
	unsigned routers_min, routers_max;
	bool ipv4, ipv6; /* families; with both, each host is of one */
	unsigned events; /* after which the network is healed; 0: a number by the seed */
	bool calm;       /* nothing breaks: after each event all must be right soon */
	bool restarts;   /* calm, but routers restart */
	FILE *trace;
	bool dump; /* all MFIBs to stderr if it fails */
};

struct sim_random_result {
	unsigned failures;
	unsigned n_routers, n_links, n_hosts, n_sources, n_events;
	uint64_t packets, delivered;
	uint64_t loops; /* packets that met themselves, also while all was in motion */
	double virtual_s;
	char first_failure[512];
};

void sim_random_run(
	uint64_t seed, const struct sim_random_options *o, struct sim_random_result *result);
