/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the families of a network are to it. It is laid out and numbered in IPv4; an address of IPv6 is made of
 * such a number, so that a scenario is written once:
 *
 *      10.1.0.5        2001:db8::10.1.0.5, and fe80::5 on its link, which others are on theirs
 *      10.1.0.0/24     2001:db8::10.1.0.0/120
 *      239.1.1.1       ff0e::239.1.1.1
 *      232.1.1.1       ff3e::232.1.1.1, which is SSM (RFC 4607)
 *      224.0.0.0/4     ff00::/8
 *      0.0.0.0         ::
 *
 * Ports, links, loopbacks and RPs keep the number; packets, routes, hosts' groups and sources are of a family.
 */
#pragma once

#include "dataplane/seam/addr.h"

struct sim;
struct sim_port;

#define SIM_FAMILIES 2
extern const enum ip_family sim_families[SIM_FAMILIES];

/* Whether the network runs it; the one in which a scenario's text is meant: IPv6 if there is no IPv4. */
bool sim_has(const struct sim *s, enum ip_family family);
enum ip_family sim_family(const struct sim *s);

/* The address of a family that stands for a number. An address of IPv6, or none, is itself. */
struct ipaddr sim_ip(enum ip_family family, const struct ipaddr *number);
/* The same of a subnet or a range of groups. */
struct prefix sim_net(enum ip_family family, const struct prefix *number);
/* The same of text, which ends the program if it is no address or prefix. */
struct ipaddr sim_addr(enum ip_family family, const char *text);
struct prefix sim_prefix(enum ip_family family, const char *text);

/* What a port says Hello, queries and reports from, and what is a next hop: of IPv6 its link-local address. */
struct ipaddr sim_link_ip(enum ip_family family, const struct ipaddr *number);
