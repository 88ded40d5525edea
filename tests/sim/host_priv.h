/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of hosts share.
 */
#pragma once

#include "tests/sim/priv.h"

struct sim_host_group *host_group(const struct sim_host *h, const struct ipaddr *grp);
bool host_filter_has(const struct sim_filter_state *f, const struct ipaddr *src);
bool host_is_member(const struct sim_host_group *g);
/* The host wants something else of the group: says so. */
void host_changed(struct sim_host *h, struct sim_host_group *g, const struct sim_filter_state *old);
/* The version it speaks now (RFC 3376 section 7.2.1). */
uint8_t host_version(const struct sim_host *h);
/* A random time from now, up to us later. */
uint64_t host_within(struct sim_host *h, uint64_t us);
/* Wakes when the next thing is due. */
void host_plan(struct sim_host *h);
void host_source_add(struct ipaddr *v, uint8_t *n, const struct ipaddr *a);
