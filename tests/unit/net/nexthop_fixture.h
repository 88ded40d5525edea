/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Next hops in the tests of control/net: taking one, and asserting what became of it.
 */
#pragma once

#include "tests/unit/net/fixture.h"

/* Takes a reference; the adjacency. */
uint32_t nexthop(struct fixture *f, const char *addr, uint16_t via);
/* The next hop to 10.5.0.1 by way of 10.1.0.2 (MAC 5) on lan1, *id. Forgets how it came about. */
uint32_t resolved(struct fixture *f, uint16_t *id);
/* What net says of it, which must be what the data plane was told. */
struct net_nexthop info(struct fixture *f, uint32_t adj);
/* mac: last byte of 02:00:00:00:00:xx. */
void assert_ether(struct fixture *f, uint32_t adj, uint16_t ifid, uint8_t mac);
void assert_unresolved(struct fixture *f, uint32_t adj, const char *why);
