/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A router of the unit tests that runs the common part of PIM over trees that only note (fake_sm.h).
 */
#pragma once

#include "tests/unit/control/world.h"
#include "tests/unit/pim/bytes.h"
#include "tests/unit/pim/fake_sm.h"

#define PIM_WORLD_IFS 4

struct pim_world {
	struct world *w;
	struct pim_config conf;
	struct pim_if_config ifs[PIM_WORLD_IFS];
	struct pim_self *pim;
	struct pim_sm *sm;
	uint16_t number; /* of the protocol */
	size_t seen;     /* packets that sent() has gone by */
};

int pim_world_setup(void **state); /* cmocka: *state is a struct pim_world */
int pim_world_teardown(void **state);

/* Settings of an interface by name, with the defaults, to be changed before pim_world_config. */
struct pim_if_config *pim_world_conf(struct pim_world *p, const char *name);
void pim_world_config(struct pim_world *p);
/* An interface in net and its settings, applied. Its id. */
uint16_t pim_world_if(struct pim_world *p, const char *name, const char *address);

/* Time passes, timer by timer. */
void pim_world_pass(struct pim_world *p, uint64_t ms);
/* A packet comes in. */
void pim_world_rx(struct pim_world *p, uint16_t ifid, const struct bytes *b);
/* A Hello comes in, or is made; secondary: n addresses, may be NULL. */
struct bytes pim_world_hello(
	const char *src, const struct pim_hello *h, const struct ipaddr *secondary, size_t n);
void pim_world_hello_rx(
	struct pim_world *p, uint16_t ifid, const char *src, const struct pim_hello *h);
/* The usual one: holdtime 105, LAN prune delay of the defaults, priority 1, this Generation ID. */
struct pim_hello usual(uint32_t genid);

/* The next PIM packet that was sent out of an interface since the last call; false: none. */
bool sent(struct pim_world *p, uint16_t ifid, struct pim_packet *out);
/* The last of those that are a Hello, the others passed over. */
bool sent_hello(struct pim_world *p, uint16_t ifid, struct pim_packet *packet, struct pim_hello *h);
void forget_sent(struct pim_world *p);

struct pim_iface *iface(const struct pim_world *p, uint16_t ifid);
struct pim_neigh *neighbor(const struct pim_world *p, uint16_t ifid, const char *addr);
uint64_t drops(const struct pim_world *p, enum pim_drop why);
