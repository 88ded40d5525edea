/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the parts of seam_bench share. Every part prints one JSON object on standard output.
 */
#pragma once

#include "tests/dp/seam_bed.h"

#define BENCH_RATE_DEFAULT 10000 /* updates a second */

/* A data plane without ports for tables only. Ends the program if it cannot be made. */
struct dataplane *bench_dataplane(uint32_t max_routes, unsigned workers);
/* Source and group of route i, in order (as scripts/benchlib/frames.py has them). */
struct dp_route bench_flow(uint32_t i, uint32_t list);
/* Source and group of route i, scattered over 10/8 and 239/8; no two are equal. */
struct dp_route bench_random_flow(uint32_t i, uint32_t list);
/* Seconds since some moment. */
double bench_now_s(void);
/* Nanoseconds that the thread of the worker lcore was on a CPU, and those it waited for one. */
void bench_worker_time(uint64_t *cpu_ns, uint64_t *wait_ns);

/* Routes by the bulk call: n of them, or until one is refused. */
int bench_install(uint32_t n, uint32_t max_routes);
/* Updates while a file is replayed, rounds with and without in turn. */
int bench_update(unsigned rounds, double seconds, unsigned rate);
/* Latency through rings, one frame on its way and many; then join and leave delay. */
int bench_delay(struct bed *b, unsigned frames, unsigned joins);
