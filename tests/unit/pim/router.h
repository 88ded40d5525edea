/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the routers of the tests of PIM share, whatever trees they have: PIM in a world, settings by name, packets
 * that come in, Joins by the thousand.
 */
#pragma once

#include "control/pim/common/pim_priv.h"
#include "tests/unit/control/world.h"
#include "tests/unit/pim/bytes.h"

/* Adds PIM to the runner. */
struct pim_self *router_pim(struct world *w, uint16_t *number);
/* The settings of an interface in ifs, which conf counts; made with the defaults if need be. */
struct pim_if_config *router_if_conf(
	struct pim_config *conf, struct pim_if_config *ifs, size_t max, const char *name);
/* A packet comes in. */
void router_rx(struct world *w, uint16_t number, uint16_t ifid, const void *data, size_t len);

/* Joins(S,G) in packed messages of 1,500 bytes. */
struct joins {
	const char *from, *to; /* neighbour and us */
	uint32_t n, sources;   /* in all; of each group */
	struct ipaddr (*grp)(uint32_t i);
	struct ipaddr (*src)(uint32_t i);
	uint16_t holdtime_s;
	void (*send)(void *arg, const uint8_t *data, size_t len);
	void *arg;
};
void joins_send(const struct joins *j);
