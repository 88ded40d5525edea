/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Small integer ids from 1, lowest free first, for what crosses the seam.
 */
#pragma once

#include <stdint.h>

struct idpool {
	uint64_t *used; /* a bit per id */
	uint32_t words, hint, max;
};

/* max: largest id. The pool starts empty and grows. */
void idpool_init(struct idpool *p, uint32_t max);
void idpool_fini(struct idpool *p);
/* An id, or 0 if all are taken or memory is out. */
uint32_t idpool_get(struct idpool *p);
void idpool_put(struct idpool *p, uint32_t id);
