/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Static routes as the tests write them.
 */
#pragma once

#include "tests/unit/control/world.h"

/* A route from one named input ("rpf", "any" or an interface) to the outputs in o. */
static inline struct static_route route(
	const char *src, const char *grp, const char *in, struct static_output *o, uint32_t n)
{
	struct static_route r = {.key = key(src, grp), .n_outputs = n, .outputs = o};

	if (!strcmp(in, "rpf")) {
		r.input_kind = STATIC_INPUT_RPF;
	} else if (!strcmp(in, "any")) {
		r.input_kind = STATIC_INPUT_ANY;
	} else {
		r.input_kind = STATIC_INPUT_IF;
		r.n_inputs = 1;
		snprintf(r.inputs[0], sizeof(r.inputs[0]), "%s", in);
	}
	return r;
}

static inline struct static_output native(const char *name)
{
	struct static_output o = {.ttl_threshold = -1, .ttl = 64};

	snprintf(o.interface, sizeof(o.interface), "%s", name);
	return o;
}

static inline struct static_output unicast(const char *name, const char *dst)
{
	struct static_output o = native(name);

	o.unicast = addr(dst);
	return o;
}
