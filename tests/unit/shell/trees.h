/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * IGMP, MLD and PIM on the router of the handlers' tests: PIM on src, lan1 and lo0, membership on lan1.
 */
#pragma once

#include "tests/unit/shell/router.h"

/* rp NULL: there is none. */
void trees_setup(struct router *r, const char *rp);
/* The same, with rules and limits of their own. */
struct trees_rules {
	struct gmp_rule *gmp;          /* of lan1: one */
	struct pim_sg_rule *registers; /* one */
	struct pim_limits limits;
	bool passive;                  /* lan1 */
	bool ipv6;                     /* PIM for IPv6, too */
	uint32_t max_groups, per_host; /* of lan1 by IGMP; 0: the default */
};
void trees_setup_with(struct router *r, const char *rp, const struct trees_rules *rules);
void trees_config(struct router *r, const struct gmp_config *gmp, const struct pim_config *pim);

/* One record of a version 3 (MLD 2) report: type 1 to 6 of RFC 3376 4.2.12. */
struct trees_report {
	const char *host, *grp, *source; /* source NULL: none */
	uint8_t type;
};
void trees_report(struct router *r, const char *ifname, const struct trees_report *rep);
/* A host of lan1 joins the group by IGMPv3. */
void trees_member(struct router *r, const char *grp);
void trees_hello(struct router *r, const char *ifname, const char *neighbor);
/* src "*": a Join(*,G). */
void trees_join(struct router *r, const char *ifname, const char *neighbor, const char *src,
	const char *grp);
/* A Join(*,G) that names this RP. */
void trees_join_rp(struct router *r, const char *ifname, const char *neighbor, const char *rp,
	const char *grp);
/* A Join(*,G) with a Prune(S,G,rpt). */
void trees_prune_rpt(struct router *r, const char *ifname, const char *neighbor, const char *src,
	const char *grp);
void trees_register_stop(struct router *r, const char *ifname, const char *rp, const char *to,
	const char *src, const char *grp);
void trees_null_register(struct router *r, const char *ifname, const char *dr, const char *to,
	const char *src, const char *grp);
/* An Assert that wins. */
void trees_assert(struct router *r, const char *ifname, const char *neighbor, const char *src,
	const char *grp);
/* The data plane has met a packet without route. */
void trees_data(struct router *r, const char *ifname, const char *src, const char *grp);

/* A host of each kind, a neighbour with joins and an assert, a source: something of everything that is
 * shown. */
void trees_all(struct router *r);
