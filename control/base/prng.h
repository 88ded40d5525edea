/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A small generator (splitmix64) with its state in the owner's hands: the same seed gives the same
 * router, which tests and simulation need. Not for secrets.
 */
#pragma once

#include <stdint.h>

struct prng {
	uint64_t state;
};

static inline uint64_t prng_u64(struct prng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0 .. n-1; n from 1. */
static inline uint32_t prng_below(struct prng *r, uint32_t n)
{
	return (uint32_t)((prng_u64(r) >> 32) * n >> 32);
}
