/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: what the parts of explain share.
 */
#pragma once

#include "app/shell/value.h"

#define EXPLAIN_DETAIL 640

struct explain {
	struct app *app;
	json_t *checks;
	char verdict[EXPLAIN_DETAIL +
		     80]; /* detail of the first condition that stops the packets; "" none yet */
	struct ipaddr src, grp; /* src IP_NONE: any */
	struct tib_entry_info entry;
	struct dp_route_counters counters;
	struct rate rate; /* since the last look */
	bool has_rate;
	unsigned inputs_up, outputs_ok;
};

/* One condition; detail says what is so, and if it is not, what to do. Returns ok. */
bool explain_check(struct explain *x, const char *name, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Something is amiss that does not stop the packets by itself: the verdict names it beside the forwarding.
 * Returns false. */
bool explain_lack(struct explain *x, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Alternatives, of which one is enough: of those that lack (from this index of the checks on) the first is the
 * verdict if none holds. Returns enough. */
bool explain_one_of(struct explain *x, size_t from, bool enough);
/* Packets have come, the last of them some time ago. */
bool explain_is_silent(const struct explain *x);
/* The way to the source, as the route's owner looks it up; false: out->why. */
bool explain_rpf(const struct explain *x, struct net_rpf *out);
/* Whether the route, and what it counts, is of more sources than the one that is asked about. */
bool explain_of_more(const struct explain *x);
/* A tree of the group, and the source directly connected: its packets are awaited on that interface, where they make a
 * tree of their own. 0: it is not so. */
uint16_t explain_first_hop(const struct explain *x);
/* What PIM says where there is no route: false with the condition that fails; true: it does not run. */
bool explain_pim_missing(struct explain *x);
/* Conditions of an entry that PIM has a part in; true: go on. */
bool explain_pim_route(struct explain *x);
/* The outputs of the entry; false: none of them can send. */
bool explain_outputs(struct explain *x);
/* What becomes of the packets now, in words, where no condition fails; what was before is told as that. */
void explain_headline(const struct explain *x, char *buf, size_t cap);
/* What has come: the last condition, of a route that could forward. */
void explain_flow(struct explain *x);
