/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * For LD_PRELOAD, by scripts/bench: the buffers of any DPDK program lie one behind the other
 * (STARG_POOL_PLACE=packed), or each begins at a page of its own (spread), which without hugepages is what
 * rte_pktmbuf_pool_create comes to. So two programs can be compared with both placed alike.
 */
#include <rte_mempool.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static typeof(rte_mempool_create_empty) *next_create_empty(void)
{
	static typeof(rte_mempool_create_empty) *next;

	if (!next)
		next = (typeof(next))(uintptr_t)dlsym(RTLD_NEXT, "rte_mempool_create_empty");
	return next;
}

struct rte_mempool *rte_mempool_create_empty(const char *name, unsigned n, unsigned elt_size,
	unsigned cache_size, unsigned private_data_size, int socket_id, unsigned flags)
{
	const char *place = getenv("STARG_POOL_PLACE");

	if (place && strcmp(place, "packed") == 0)
		flags |= RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	else if (place && strcmp(place, "spread") == 0)
		flags &= ~(unsigned)RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	return next_create_empty()(
		name, n, elt_size, cache_size, private_data_size, socket_id, flags);
}
