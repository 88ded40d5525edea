/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the two files of the recording data plane share.
 */
#pragma once

#include "tests/unit/control/fake_dp.h"

#define FAKE_BUCKETS 65536u

/* Counts a call (first: not a further record of one) and gives the injected error if there is one. */
int fake_enter(struct fake_dp *f, enum fake_op op, bool first);
/* v with room for one more than n. */
void *fake_grown(void *v, size_t n, size_t size);
/* Slot of the route + 1, or 0. */
uint32_t fake_route_find(const struct fake_dp *f, const struct dp_route_key *k);

int fake_list_get(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list);
void fake_list_put(void *dp, uint32_t list);
int fake_route_set(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done);
int fake_route_del(void *dp, const struct dp_route_key *keys, uint32_t n);
int fake_resync_begin(void *dp);
int fake_resync_end(void *dp);
