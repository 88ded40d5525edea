/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which protocols a router runs, and their configuration, applied at each boot.
 */
#include "tests/sim/priv.h"

static void static_add(struct sim_router *r)
{
	r->static_no = runner_add(r->r, &static_proto);
	if (r->static_no < 0)
		sim_fail(r->s, "%s: no static", r->name);
}

static void static_config(struct sim_router *r)
{
	struct static_config c = {.n_routes = r->n_statics, .routes = r->statics};

	runner_config(r->r, (uint16_t)r->static_no, &c, sim_clock(r));
}

void sim_protos_boot(struct sim_router *r)
{
	if (!runner_proto_name(r->r, 0)) {
		static_add(r);
		if (r->s->protocols)
			sim_member_boot(r);
		if (r->s->boot)
			r->s->boot(r);
	}
	sim_protos_config(r);
}

void sim_protos_config(struct sim_router *r)
{
	static_config(r);
	if (r->s->protocols)
		sim_member_config(r);
}

void sim_protos_free(struct sim_router *r)
{
	r->static_no = r->gmp_no = r->pim_no = -1;
}

/* --- static ---------------------------------------------------------------------------------------------- */

static void outputs_parse(struct static_route *sr, const char *names)
{
	char buf[256], *save = NULL;

	snprintf(buf, sizeof(buf), "%s", names);
	sr->outputs = sim_alloc(32 * sizeof(*sr->outputs));
	for (char *n = strtok_r(buf, " ", &save); n; n = strtok_r(NULL, " ", &save)) {
		struct static_output *o = &sr->outputs[sr->n_outputs++];

		*o = (struct static_output){.ttl_threshold = -1, .ttl = 64};
		snprintf(o->interface, sizeof(o->interface), "%s", n);
	}
}

static void apply(struct sim_router *r)
{
	if (!r->running)
		return;
	sim_router_enter(r);
	static_config(r);
	sim_router_leave(r);
}

void sim_static(struct sim_router *r, const char *src, const char *grp, const char *input,
	const char *outputs)
{
	struct static_route sr = {0};

	sr.key.grp = sim_prefix(sim_family(r->s), grp);
	sr.key.src.addr.family = sr.key.grp.addr.family;
	if (strcmp(src, "*"))
		sr.key.src = sim_prefix(sim_family(r->s), src);
	sr.input_kind = !strcmp(input, "any")   ? STATIC_INPUT_ANY
			: !strcmp(input, "rpf") ? STATIC_INPUT_RPF
						: STATIC_INPUT_IF;
	if (sr.input_kind == STATIC_INPUT_IF) {
		sr.n_inputs = 1;
		snprintf(sr.inputs[0], sizeof(sr.inputs[0]), "%s", input);
	}
	outputs_parse(&sr, outputs);
	r->statics = realloc(r->statics, (r->n_statics + 1) * sizeof(*r->statics));
	r->statics[r->n_statics++] = sr;
	apply(r);
}

void sim_static_clear(struct sim_router *r)
{
	for (size_t i = 0; i < r->n_statics; i++)
		static_route_fini(&r->statics[i]);
	r->n_statics = 0;
	apply(r);
}
