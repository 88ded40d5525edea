/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * rtnetlink messages for the tests of control/kernel/nl_parse.c, built attribute by attribute in one
 * static buffer: each begin starts over.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/kernel/nl_parse.h"

#include <libmnl/libmnl.h>

struct nlmsghdr *begin(uint16_t type);
/* RTM_NEWROUTE in the main table; type is RTN_*. */
struct nlmsghdr *route_begin(uint8_t family, uint8_t len, uint8_t type);
void put_ip(struct nlmsghdr *nlh, uint16_t type, const char *s);
/* One hop into a nest that is built by hand: length as given, attributes as given; gw may be NULL. */
void put_hop(struct nlmsghdr *nlh, uint16_t len, uint8_t hops, int ifindex, const char *gw);

struct ipaddr ip(const char *s);
void assert_ip(const struct ipaddr *have, const char *want);
void assert_prefix(const struct prefix *have, const char *want);
