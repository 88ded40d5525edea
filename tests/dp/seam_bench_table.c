/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * How fast routes are installed by the seam's bulk call, what they occupy, and when there is no room
 * for more. Records are made outside of the time that counts: control has its own.
 */
#include "tests/dp/seam_bench.h"

#include "dataplane/dp_priv.h"

#include <errno.h>
#include <unistd.h>

#define CHUNK_ROUTES 4096
#define LISTS 16

static uint64_t resident_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* An interface, LISTS oifs on it, and a list of each: few distinct lists, as in a real router. */
static void lists_make(const struct dp *dp, uint32_t lists[LISTS])
{
	struct dp_if lo = {.id = 1, .kind = DP_IF_LOOPBACK, .up = 1, .mtu = 1500};

	CHECK(dp->ops->if_set(dp->ctx, &lo) == 0);
	for (uint32_t i = 0; i < LISTS; i++) {
		struct dp_oif o = {.id = i + 1, .ifid = 1, .ttl_threshold = (uint8_t)i};

		CHECK(dp->ops->oif_set(dp->ctx, &o) == 0);
		CHECK(dp->ops->list_get(dp->ctx, &o.id, 1, &lists[i]) == 0);
	}
}

struct installed {
	uint32_t routes;
	int error; /* of the call that refused, 0 if none did */
	double seconds;
};

static struct installed install(const struct dp *dp, const uint32_t lists[LISTS], uint32_t n)
{
	struct dp_route *chunk = calloc(CHUNK_ROUTES, sizeof(*chunk));
	struct installed made = {0};

	CHECK(chunk);
	while (made.routes < n && !made.error) {
		uint32_t want = RTE_MIN(n - made.routes, (uint32_t)CHUNK_ROUTES), done = 0;
		double began;

		for (uint32_t i = 0; i < want; i++)
			chunk[i] = bench_random_flow(
				made.routes + i, lists[(made.routes + i) % LISTS]);
		began = bench_now_s();
		made.error = dp->ops->route_set(dp->ctx, chunk, want, &done);
		dp->ops->reclaim(dp->ctx);
		made.seconds += bench_now_s() - began;
		made.routes += done;
	}
	free(chunk);
	return made;
}

int bench_install(uint32_t n, uint32_t max_routes)
{
	struct dataplane *d = bench_dataplane(max_routes, 1);
	struct dp dp = dataplane_seam(d);
	uint64_t before = resident_bytes(), after;
	struct dp_memory_info m;
	struct installed made;
	uint32_t lists[LISTS];

	lists_make(&dp, lists);
	made = install(&dp, lists, n);
	after = resident_bytes();
	dp.ops->memory_info(dp.ctx, &m);
	CHECK(m.routes == made.routes);
	CHECK(made.error == 0 || made.error == -ENOSPC);
	printf("{\"routes\": %u, \"refused\": %s, \"seconds\": %.6f, \"route_bytes\": %" PRIu64
	       ", \"list_bytes\": %" PRIu64 ", \"counter_bytes_a_route\": %zu"
	       ", \"resident_before\": %" PRIu64 ", \"resident_bytes\": %" PRIu64 "}\n",
		made.routes, made.error ? "true" : "false", made.seconds, m.route_bytes,
		m.list_bytes, sizeof(struct route_counters), before, after);
	dataplane_free(d);
	return 0;
}
