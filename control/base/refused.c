/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 */
#include "control/base/refused.h"

static uint32_t set_of(const struct ipaddr *grp)
{
	return ip_hash(grp, 0) % REFUSED_SETS;
}

void refused_note(struct refused *r, const struct refusal *what)
{
	struct refusal *set = r->v[set_of(&what->grp)], *use = &set[0];

	for (unsigned i = 0; i < REFUSED_WAYS; i++) {
		if (set[i].at_us && set[i].why == what->why && ip_eq(&set[i].grp, &what->grp) &&
			ip_eq(&set[i].src, &what->src)) {
			use = &set[i];
			break;
		}
		if (set[i].at_us < use->at_us)
			use = &set[i];
	}
	*use = *what;
}

void refused_forget(struct refused *r, const struct ipaddr *grp, uint16_t ifid)
{
	struct refusal *set = r->v[set_of(grp)];

	for (unsigned i = 0; i < REFUSED_WAYS; i++)
		if (set[i].ifid == ifid && ip_eq(&set[i].grp, grp))
			set[i].at_us = 0;
}

const struct refusal *refused_find(const struct refused *r, const struct ipaddr *src,
	const struct ipaddr *grp, uint64_t since_us)
{
	const struct refusal *set = r->v[set_of(grp)], *last = NULL;

	for (unsigned i = 0; i < REFUSED_WAYS; i++) {
		const struct refusal *f = &set[i];

		if (!f->at_us || f->at_us < since_us || !ip_eq(&f->grp, grp))
			continue;
		if (!ip_is_none(src) && !ip_is_none(&f->src) && !ip_eq(&f->src, src))
			continue;
		if (!last || f->at_us > last->at_us)
			last = f;
	}
	return last;
}
