/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packet buffers without EAL: a mempool whose every buffer is a malloc of its own, given back to free when
 * the data plane gives it back. The address sanitizer then sees each byte read or written beyond a buffer
 * and each use of a buffer that is gone, which a pool of recycled memory hides.
 */
#pragma once

#include <rte_mbuf.h>

#include <stddef.h>
#include <stdint.h>

/* Ends the run as a crash does: libFuzzer keeps the input. */
#define FUZZ_CHECK(cond)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, \
				#cond);                                                            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* room: data bytes of a buffer behind its headroom. Lives until the program ends. */
struct rte_mempool *fuzz_pool_new(unsigned room);
/* Buffers now taken from all pools. */
unsigned fuzz_pool_used(void);
/* From now on the pool has no more than this many buffers left; UINT32_MAX: any number. */
void fuzz_pool_limit(struct rte_mempool *mp, uint32_t left);
/* A chain with these bytes, seg bytes a segment (0: as many as fit); what lies behind the data of each
 * segment may not be touched until somebody has written there. */
struct rte_mbuf *fuzz_chain(struct rte_mempool *mp, const uint8_t *p, size_t len, size_t seg);
/* n bytes behind the data of m's first segment may be read after all. */
void fuzz_tail_open(struct rte_mbuf *m, unsigned n);
/* The bytes of a chain, at most cap; checks that the chain is in order. */
size_t fuzz_bytes(const struct rte_mbuf *m, uint8_t *out, size_t cap);
