/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The pure merge: from all wishes that cover a key to one route. Nothing here knows the TIB.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

#define RANK_GONE UINT32_MAX

/* An output with the rank of its wish, 0 the first. */
struct ranked {
	struct tib_output out;
	uint32_t rank;
};

static int cmp_key_specific(const struct dp_route_key *a, const struct dp_route_key *b)
{
	int c = (int)b->grp.len - (int)a->grp.len;

	return c ? c : (int)b->src.len - (int)a->src.len;
}

/* Highest precedence, then the most specific key, then the lowest owner. */
static int cmp_rank(const void *pa, const void *pb)
{
	const struct tib_wish *a = *(const struct tib_wish *const *)pa;
	const struct tib_wish *b = *(const struct tib_wish *const *)pb;
	int c = (int)b->precedence - (int)a->precedence;

	if (c == 0)
		c = cmp_key_specific(&a->key, &b->key);
	return c ? c : (int)a->owner - (int)b->owner;
}

void tib_output_normalise(struct tib_output *o)
{
	if (ip_is_none(&o->her_dst)) {
		*o = (struct tib_output){.ifid = o->ifid,
			.ttl_threshold = o->ttl_threshold,
			.allow_input = o->allow_input};
		return;
	}
	if (o->her_ttl == 0)
		o->her_ttl = 64;
	if (!o->her_set_dscp)
		o->her_dscp = 0;
	if (o->threshold_if)
		o->ttl_threshold = 0;
	if (o->preserve_source)
		memset(&o->her_src, 0, sizeof(o->her_src));
}

/* Whether two outputs would give the same receiver two copies. */
static int cmp_identity(const struct tib_output *a, const struct tib_output *b)
{
	int c = (int)a->ifid - (int)b->ifid;

	if (c == 0)
		c = (int)a->encap - (int)b->encap;
	if (c == 0)
		c = ip_cmp(&a->her_dst, &b->her_dst);
	return c ? c : (int)a->her_port - (int)b->her_port;
}

int tib_output_cmp(const struct tib_output *a, const struct tib_output *b)
{
	int c = cmp_identity(a, b);

	if (c == 0)
		c = (int)a->ttl_threshold - (int)b->ttl_threshold;
	if (c == 0)
		c = (int)a->threshold_if - (int)b->threshold_if;
	if (c == 0)
		c = (int)a->her_ttl - (int)b->her_ttl;
	if (c == 0)
		c = (int)a->her_set_dscp - (int)b->her_set_dscp;
	if (c == 0)
		c = (int)a->her_dscp - (int)b->her_dscp;
	if (c == 0)
		c = (int)a->preserve_source - (int)b->preserve_source;
	if (c == 0)
		c = (int)a->allow_input - (int)b->allow_input;
	return c ? c : ip_cmp(&a->her_src, &b->her_src);
}

static int cmp_ranked(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;
	int c = cmp_identity(&a->out, &b->out);

	if (c == 0 && a->rank != b->rank)
		c = a->rank < b->rank ? -1 : 1;
	return c ? c : tib_output_cmp(&a->out, &b->out);
}

static int cmp_input(const void *pa, const void *pb)
{
	const struct dp_input *a = pa, *b = pb;

	return (int)a->ifid - (int)b->ifid;
}

/* Inputs in order of interface, flags of one interface joined. Returns their number. */
static uint8_t inputs_copy(struct dp_input *out, const struct tib_wish *w)
{
	uint8_t n = 0;
	struct dp_input v[DP_INPUTS_MAX];

	memcpy(v, w->inputs, w->n_inputs * sizeof(v[0]));
	qsort(v, w->n_inputs, sizeof(v[0]), cmp_input);
	for (unsigned i = 0; i < w->n_inputs; i++) {
		if (n > 0 && out[n - 1].ifid == v[i].ifid)
			out[n - 1].flags |= v[i].flags;
		else
			out[n++] = v[i];
	}
	return n;
}

static bool inputs_differ(const struct tib_merged *m, const struct tib_wish *w)
{
	struct dp_input v[DP_INPUTS_MAX];
	uint8_t n = inputs_copy(v, w);

	return n != m->n_inputs || memcmp(v, m->inputs, n * sizeof(v[0])) != 0;
}

/* order: by rank. The first of the most specific key gives the inputs. */
static void merge_inputs(const struct tib_wish *const *order, size_t n, struct tib_merged *m)
{
	const struct tib_wish *best = order[0];

	for (size_t i = 1; i < n; i++)
		if (cmp_key_specific(&order[i]->key, &best->key) < 0)
			best = order[i];
	m->input_owner = best->owner;
	m->n_inputs = inputs_copy(m->inputs, best);
	for (size_t i = 0; i < n; i++)
		if (cmp_key_specific(&order[i]->key, &best->key) == 0 && order[i]->n_inputs > 0 &&
			inputs_differ(m, order[i]))
			m->input_conflict = true;
}

static int cmp_ranked_identity(const void *pa, const void *pb)
{
	return cmp_identity(&((const struct ranked *)pa)->out, &((const struct ranked *)pb)->out);
}

/* A unicast receiver may be named with an interface and, by another wish, without one (ifid 0,
 * wherever the route leads). It gets one copy: that of the better rank, with an interface if equal.
 * v: n outputs in order of identity, so that those without interface come first. Returns how many
 * are left. */
static uint32_t merge_floating(struct ranked *v, uint32_t n)
{
	uint32_t floating = 0, kept = 0;

	while (floating < n && v[floating].out.ifid == 0)
		floating++;
	for (uint32_t i = floating; i < n && floating > 0; i++) {
		struct ranked key = v[i], *same;

		key.out.ifid = 0;
		same = bsearch(&key, v, floating, sizeof(*v), cmp_ranked_identity);
		if (same && same->rank < v[i].rank)
			v[i].rank = RANK_GONE;
		else if (same)
			same->rank = RANK_GONE;
	}
	for (uint32_t i = 0; i < n; i++)
		if (v[i].rank != RANK_GONE)
			v[kept++] = v[i];
	return kept;
}

static int merge_outputs(const struct tib_wish *const *order, size_t n, struct tib_merged *m)
{
	struct ranked *all;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		total += order[i]->n_outputs;
	if (total == 0)
		return 0;
	all = malloc(total * sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < order[i]->n_outputs; j++) {
			all[at] = (struct ranked){.out = order[i]->outputs[j], .rank = (uint32_t)i};
			tib_output_normalise(&all[at++].out);
		}
	if (total > 1)
		qsort(all, total, sizeof(*all), cmp_ranked);
	for (size_t i = 0; i < total; i++)
		if (i == 0 || cmp_identity(&all[i].out, &all[m->n_outputs - 1].out) != 0)
			all[m->n_outputs++] = all[i];
	m->n_outputs = merge_floating(all, m->n_outputs);
	m->outputs = malloc(m->n_outputs * sizeof(*m->outputs));
	if (m->outputs)
		for (uint32_t i = 0; i < m->n_outputs; i++)
			m->outputs[i] = all[i].out;
	free(all);
	return m->outputs ? 0 : -ENOMEM;
}

/* Nobody wants these sources: not a word about them, but counted. */
static void merge_excepted(const struct tib_wish *const *order, size_t n, struct tib_merged *m)
{
	m->excepted = true;
	m->input_owner = order[0]->owner;
	m->n_inputs = 1;
	m->inputs[0] = (struct dp_input){.ifid = DP_IF_ANY, .flags = DP_INPUT_DROP};
}

/* Keeps those that do not except src, in their order; if all do, all. Returns how many do not. */
static size_t drop_excepting(const struct tib_wish **v, size_t n, const struct prefix *src)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!tib_except_find(v[i]->excepts, v[i]->n_excepts, src))
			v[kept++] = v[i];
	return kept;
}

/* Whether a complete wish of w's owner, for a more specific key, speaks for w. */
static bool superseded(const struct tib_wish *const *v, size_t n, const struct tib_wish *w)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->complete && v[i]->owner == w->owner &&
			cmp_key_specific(&v[i]->key, &w->key) < 0)
			return true;
	return false;
}

/* Keeps those that no complete wish of the same owner speaks for, in their order. The most specific complete
 * one is never spoken for, so that it is among those kept or still to come. */
static size_t drop_superseded(const struct tib_wish **v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!superseded(v, kept, v[i]) && !superseded(v + i, n - i, v[i]))
			v[kept++] = v[i];
	return kept;
}

int tib_merge(const struct dp_route_key *key, const struct tib_wish *const *wishes, size_t n,
	struct tib_merged *out)
{
	const struct tib_wish *few[16], **order = few;
	size_t kept;
	int rc = 0;

	*out = (struct tib_merged){0};
	if (n == 0)
		return 0;
	if (n > sizeof(few) / sizeof(few[0])) {
		order = malloc(n * sizeof(*order));
		if (!order)
			return -ENOMEM;
	}
	memcpy(order, wishes, n * sizeof(*order));
	qsort(order, n, sizeof(*order), cmp_rank);
	n = drop_superseded(order, n);
	kept = drop_excepting(order, n, &key->src);
	if (kept == 0) {
		merge_excepted(order, n, out);
	} else {
		merge_inputs(order, kept, out);
		rc = merge_outputs(order, kept, out);
	}
	if (rc)
		tib_merged_fini(out);
	if (order != few)
		free(order);
	return rc;
}

void tib_merged_fini(struct tib_merged *m)
{
	free(m->outputs);
	m->outputs = NULL;
	m->n_outputs = 0;
}
