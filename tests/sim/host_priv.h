/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the two files of hosts share.
 */
#pragma once

#include "tests/sim/priv.h"

struct sim_host_group *host_group(const struct sim_host *h, const struct ipaddr *grp);
bool host_filter_has(const struct sim_filter_state *f, const struct ipaddr *src);
bool host_is_member(const struct sim_host_group *g);
/* The host wants something else of the group: says so. */
void host_changed(struct sim_host *h, struct sim_host_group *g, const struct sim_filter_state *old);
