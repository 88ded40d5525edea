/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the parts of explain about PIM share: what is asked, and the trees that answer.
 */
#pragma once

#include "app/shell/explain.h"

struct ask {
	struct explain *x;
	const void *pim, *gmp;
	bool ssm, has_star, has_sg;
	bool flows; /* packets come, and there are outputs */
	struct pim_tree_info star, sg;
	struct ipaddr rp;
	unsigned wanting;    /* interfaces with members or Joins */
	unsigned outputs;    /* of them, those that are served */
	char by_others[256]; /* why an interface that wants it is rightly not served; "" none */
	bool only_say;       /* there are outputs: what else is wrong does not stop the packet */
};

/* Whether PIM runs on the interface, or on any (0); info, if not NULL, of it. */
bool ask_pim_runs(const struct ask *a, uint16_t ifid, struct pim_iface_info *info);
/* Whether this address is one of a PIM neighbor on the interface. */
bool ask_is_neighbor(const struct ask *a, uint16_t ifid, const struct ipaddr *address);
/* Who wants the group, and whom it is sent to. only_say: the verdict is not theirs. */
bool ask_wanted(struct ask *a, bool only_say);
/* Nobody does: the verdict, with what may have kept them from asking. Returns false. */
bool ask_nobody(struct ask *a);
/* Hints tell of what has happened lately: hosts report, and neighbors join, again and again, each two minutes at the
 * latest, unless their intervals are set longer. */
#define ASK_RECENT_US 150000000u
/* The time since which an event is recent; how long ago another time was. */
uint64_t ask_since(void);
unsigned long long ask_ago_s(uint64_t at_us);
/* Whether a limit of PIM, or else of IGMP or MLD, has refused the group or source lately; buf says which. */
bool ask_refused(const struct ask *a, bool pim, char *buf, size_t cap);
/* The same of PIM, where the limit itself is told of already. */
bool ask_refused_state(const struct ask *a, char *buf, size_t cap);
/* Whether there are as many trees as pim.limits.states permits; how many those are. */
bool ask_full(const struct ask *a, uint64_t *n);
/* Whether a boundary of the interface keeps the group out. */
bool ask_bounded(const struct ask *a, const struct pim_iface_info *i);

static inline const char *ask_name(const struct ask *a, uint16_t ifid, char *buf, size_t cap)
{
	return ifid_name(a->x->app, ifid, buf, cap);
}
