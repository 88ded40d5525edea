/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What may be joined: the SSM ranges (RFC 4604 section 3), the sources that the SSM map gives to hosts
 * that cannot name them, and the access list of an interface.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

static int cmp_addr(const void *a, const void *b)
{
	return ip_cmp(a, b);
}

uint32_t gmp_sort(struct ipaddr *v, uint32_t n)
{
	uint32_t out = 0;
	bool sorted = true;

	for (uint32_t i = 1; i < n && sorted; i++)
		sorted = ip_cmp(&v[i - 1], &v[i]) < 0;
	if (sorted)
		return n;
	qsort(v, n, sizeof(*v), cmp_addr);
	for (uint32_t i = 0; i < n; i++)
		if (out == 0 || !ip_eq(&v[out - 1], &v[i]))
			v[out++] = v[i];
	return out;
}

bool gmp_in_ssm(const struct gmp_self *self, const struct ipaddr *grp)
{
	for (size_t i = 0; i < self->n_ssm_ranges; i++)
		if (prefix_has(&self->ssm_ranges[i], grp))
			return true;
	return false;
}

struct gmp_list gmp_ssm_mapped(const struct gmp_self *self, const struct ipaddr *grp)
{
	for (size_t i = 0; i < self->n_ssm_maps; i++)
		if (prefix_has(&self->ssm_maps[i].grp, grp))
			return (struct gmp_list){
				.v = self->ssm_maps[i].sources, .n = self->ssm_maps[i].n_sources};
	return (struct gmp_list){0};
}

bool gmp_rules_permit(
	const struct gmp_if_config *c, const struct ipaddr *grp, const struct ipaddr *src)
{
	for (uint32_t i = 0; i < c->n_rules; i++) {
		const struct gmp_rule *r = &c->rules[i];
		bool any_group = r->grp.len == 0, any_source = r->src.len == 0;

		if (!any_group && !prefix_has(&r->grp, grp))
			continue;
		if (any_source || (src && prefix_has(&r->src, src)))
			return r->permit;
	}
	return c->n_rules == 0;
}

bool gmp_permits(const struct gmp_if *gif, const struct ipaddr *grp, const struct ipaddr *src)
{
	return gmp_rules_permit(&gif->conf, grp, src);
}

uint32_t gmp_filter(struct gmp_if *gif, const struct ipaddr *grp, struct ipaddr *v, uint32_t n)
{
	uint32_t out = 0;

	if (gif->conf.n_rules == 0)
		return n;
	for (uint32_t i = 0; i < n; i++)
		if (gmp_permits(gif, grp, &v[i]))
			v[out++] = v[i];
	gmp_count(gif, GMP_C_drop_access, n - out);
	return out;
}

/* --- settings ----------------------------------------------------------------------------------- */

static int cmp_map(const void *pa, const void *pb)
{
	const struct gmp_ssm_map *a = pa, *b = pb;

	if (a->grp.len != b->grp.len)
		return (int)b->grp.len - (int)a->grp.len;
	return ip_cmp(&a->grp.addr, &b->grp.addr);
}

static void maps_free(struct gmp_ssm_map *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)v[i].sources);
	free(v);
}

static int map_copy(struct gmp_ssm_map *to, const struct gmp_ssm_map *from)
{
	struct ipaddr *v = malloc((from->n_sources ? from->n_sources : 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	memcpy(v, from->sources, from->n_sources * sizeof(*v));
	*to = (struct gmp_ssm_map){.grp = from->grp, .sources = v};
	to->n_sources = gmp_sort(v, from->n_sources);
	return 0;
}

static struct gmp_ssm_map *maps_copy(const struct gmp_ssm_map *from, size_t n)
{
	struct gmp_ssm_map *v = calloc(n ? n : 1, sizeof(*v));

	if (!v)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (map_copy(&v[i], &from[i])) {
			maps_free(v, i);
			return NULL;
		}
	qsort(v, n, sizeof(*v), cmp_map);
	return v;
}

static bool maps_same(const struct gmp_ssm_map *a, const struct gmp_ssm_map *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!prefix_eq(&a[i].grp, &b[i].grp) || a[i].n_sources != b[i].n_sources ||
			memcmp(a[i].sources, b[i].sources, a[i].n_sources * sizeof(struct ipaddr)))
			return false;
	return true;
}

static bool ranges_same(const struct prefix *a, const struct prefix *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!prefix_eq(&a[i], &b[i]))
			return false;
	return true;
}

int gmp_policy_set(struct gmp_self *self, const struct gmp_config *c, bool *changed)
{
	struct prefix *ranges = malloc((c->n_ssm_ranges ? c->n_ssm_ranges : 1) * sizeof(*ranges));
	struct gmp_ssm_map *maps = maps_copy(c->ssm_maps, c->n_ssm_maps);

	*changed = false;
	if (!ranges || !maps) {
		free(ranges);
		if (maps)
			maps_free(maps, c->n_ssm_maps);
		return -ENOMEM;
	}
	if (c->n_ssm_ranges)
		memcpy(ranges, c->ssm_ranges, c->n_ssm_ranges * sizeof(*ranges));
	*changed = self->n_ssm_ranges != c->n_ssm_ranges || self->n_ssm_maps != c->n_ssm_maps ||
		   !ranges_same(self->ssm_ranges, ranges, c->n_ssm_ranges) ||
		   !maps_same(self->ssm_maps, maps, c->n_ssm_maps);
	gmp_policy_fini(self);
	self->ssm_ranges = ranges;
	self->n_ssm_ranges = c->n_ssm_ranges;
	self->ssm_maps = maps;
	self->n_ssm_maps = c->n_ssm_maps;
	return 0;
}

void gmp_policy_fini(struct gmp_self *self)
{
	maps_free(self->ssm_maps, self->n_ssm_maps);
	free(self->ssm_ranges);
	self->ssm_maps = NULL;
	self->ssm_ranges = NULL;
	self->n_ssm_maps = self->n_ssm_ranges = 0;
}
