/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the protocols that make routes are told of the configuration, and the data plane of them.
 */
#include "app/protocols.h"

#include <stdlib.h>

size_t protocols_gmp(struct app *app, const struct conf *c)
{
	struct gmp_config gc;

	if (conf_gmp(c, &gc)) {
		log_error("igmp", "not configured: out of memory");
		return 0;
	}
	runner_config(app->runner, app->gmp_number, &gc, app_now_us());
	free((void *)(uintptr_t)gc.ifs);
	return gc.n_ifs;
}

size_t protocols_pim(struct app *app, const struct conf *c)
{
	struct pim_config pc;

	if (conf_pim(c, &pc)) {
		log_error("pim", "not configured: out of memory");
		return 0;
	}
	runner_config(app->runner, app->pim_number, &pc, app_now_us());
	free((void *)(uintptr_t)pc.ifs);
	return pc.n_ifs;
}

static bool pim_on(const struct conf_if *c)
{
	return c->has_pim && c->pim.mode != PIM_MODE_OFF;
}

static uint8_t bits_of(const struct conf_if *c)
{
	return (uint8_t)((c->gmp[0].enabled ? DP_PROTO_IGMP : 0) |
			 (c->gmp[1].enabled ? DP_PROTO_MLD : 0) | (pim_on(c) ? DP_PROTO_PIM : 0));
}

void protocols_bits(struct app *app, const struct conf *c)
{
	const struct net_if *ifp;
	bool pim = false;

	for (size_t i = 0; i < c->n_ifs; i++)
		pim |= pim_on(&c->ifs[i]);
	for (size_t i = 0; i < c->n_ifs; i++) {
		ifp = net_if_find(app->net, c->ifs[i].net.name);
		if (ifp)
			net_if_proto(app->net, ifp->id,
				bits_of(&c->ifs[i]) | (pim ? DP_PROTO_PIM_UNICAST : 0));
	}
	app->dp.ops->hold_enable(app->dp.ctx, pim);
}
