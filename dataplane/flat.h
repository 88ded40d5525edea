/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Copying small finished frames into fresh buffers, with whatever vector instructions the CPU has.
 */
#pragma once

#include <rte_mbuf.h>

#define FLAT_BLOCK 64 /* bytes are copied in blocks of so many */

/* One way to copy. */
struct flat_way {
	const char *name; /* of the instructions: "plain", "avx2", "avx512" */
	/* The frames from[0..n), which begin with an Ethernet header and have one segment, in the fresh
	 * buffers to[0..n), with the source MAC and EtherType of tail (8 bytes as in the frame). blocks: so
	 * many FLAT_BLOCKs reach the end of the longest; either buffer has room for them. */
	void (*copy)(struct rte_mbuf *const *to, struct rte_mbuf *const *from, unsigned n,
		uint64_t tail, unsigned blocks);
};

/* The ways that this CPU can go, the best first; the one behind the last has no name. */
const struct flat_way *flat_ways(void);
