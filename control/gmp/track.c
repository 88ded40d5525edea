/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Explicit tracking (RFC 3376 A.2): which host wants what, so that a leave can be decided at once. It
 * decides only while every member is known: hosts of versions 1 and 2 suppress each other's reports, hosts
 * without an address cannot be told apart, and some may not have found room here; for a Group Membership
 * Interval after any of that, members are asked as ever. So they are while members of before a start may
 * still be answering. The timers of 6.2 stay the truth about time: an entry here can only keep a source
 * from ending early.
 *
 * MODE_IS_INCLUDE is also the answer to a group-and-source-specific query, from EXCLUDE hosts too (5.2), so
 * it adds to what is known of a host and never replaces it.
 */
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

#define HOSTS_MAX 8192u /* of a group */

/* --- what a host named ---------------------------------------------------------------------------- */

const struct gmp_heard *gmp_track_heard(const struct gmp_host *h, const struct ipaddr *src)
{
	uint32_t lo = 0, hi = h->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		int cmp = ip_cmp(&h->v[mid].src, src);

		if (cmp == 0)
			return &h->v[mid];
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* What to do with sources known before and with those of the record. */
struct fold {
	bool keep_known; /* else only what the record names stays */
	bool add_named;  /* else what the record names goes */
};

static const struct fold fold_replace = {.add_named = true};
static const struct fold fold_add = {.keep_known = true, .add_named = true};
static const struct fold fold_remove = {.keep_known = true};

/* Folds the list into the host's, in one pass over both into new memory; of what it included, what is
 * too old goes. 0 or -1: no memory. */
static int host_fold(struct gmp_host *h, const struct fold *f, struct gmp_list list, uint32_t due_s,
	uint32_t now_s)
{
	uint32_t i = 0, j = 0, n = 0, cap = h->n + (f->add_named ? list.n : 0);
	struct gmp_heard *v = cap ? malloc(cap * sizeof(*v)) : NULL;

	if (cap && !v)
		return -1;
	while (i < h->n || j < list.n) {
		int cmp = i == h->n ? 1 : j == list.n ? -1 : ip_cmp(&h->v[i].src, &list.v[j]);

		if (cmp < 0 && f->keep_known && (h->exclude || h->v[i].due_s > now_s))
			v[n++] = h->v[i];
		else if (cmp >= 0 && f->add_named)
			v[n++] = (struct gmp_heard){.src = list.v[j], .due_s = due_s};
		i += cmp <= 0;
		j += cmp >= 0;
	}
	free(h->v);
	h->v = v;
	h->n = n;
	h->cap = cap;
	if (n == 0) {
		free(h->v);
		h->v = NULL;
		h->cap = 0;
	}
	return 0;
}

/* The usual report says again what is known: no new memory. */
static bool refresh_same(struct gmp_host *h, struct gmp_list list, uint32_t due_s)
{
	if (h->n != list.n)
		return false;
	for (uint32_t i = 0; i < list.n; i++)
		if (!ip_eq(&h->v[i].src, &list.v[i]))
			return false;
	for (uint32_t i = 0; i < list.n; i++)
		h->v[i].due_s = due_s;
	return true;
}

/* --- hosts ------------------------------------------------------------------------------------------ */

static uint32_t seek(const struct gmp_group *g, const struct ipaddr *host)
{
	uint32_t lo = 0, hi = g->n_hosts;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (ip_cmp(&g->hosts[mid].addr, host) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct gmp_host *gmp_track_find(const struct gmp_group *g, const struct ipaddr *host)
{
	uint32_t i = seek(g, host);

	return i < g->n_hosts && ip_eq(&g->hosts[i].addr, host) ? &g->hosts[i] : NULL;
}

static struct gmp_reporter *reporter_find(const struct gmp_if *gif, const struct ipaddr *host)
{
	struct hash_node *n = hash_first(&gif->reporters, ip_hash(host, 0));

	for (; n; n = hash_same(n)) {
		struct gmp_reporter *r = container_of(n, struct gmp_reporter, node);

		if (ip_eq(&r->addr, host))
			return r;
	}
	return NULL;
}

static struct gmp_reporter *reporter_get(struct gmp_if *gif, const struct ipaddr *host)
{
	struct gmp_reporter *r = reporter_find(gif, host);

	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->addr = *host;
	hash_add(&gif->reporters, &r->node, ip_hash(host, 0));
	return r;
}

static void reporter_leave(struct gmp_if *gif, const struct ipaddr *host)
{
	struct gmp_reporter *r = reporter_find(gif, host);

	if (--r->groups > 0)
		return;
	hash_del(&gif->reporters, &r->node);
	free(r);
}

bool gmp_track_full(const struct gmp_if *gif, const struct ipaddr *host)
{
	const struct gmp_reporter *r;

	if (!gif->conf.max_groups_per_host)
		return false;
	r = reporter_find(gif, host);
	return r && r->groups >= gif->conf.max_groups_per_host;
}

/* Room for one more in the array. */
static bool hosts_reserve(struct gmp_group *g)
{
	uint32_t cap = g->cap_hosts + g->cap_hosts / 2 + 1;
	struct gmp_host *v;

	if (g->n_hosts < g->cap_hosts)
		return true;
	v = realloc(g->hosts, cap * sizeof(*v));
	if (!v)
		return false;
	g->hosts = v;
	g->cap_hosts = cap;
	return true;
}

static struct gmp_host *host_add(struct gmp_group *g, const struct ipaddr *host)
{
	uint32_t i = seek(g, host);
	struct gmp_reporter *r = hosts_reserve(g) ? reporter_get(g->gif, host) : NULL;

	if (!r)
		return NULL;
	r->groups++;
	memmove(&g->hosts[i + 1], &g->hosts[i], (g->n_hosts - i) * sizeof(*g->hosts));
	g->hosts[i] = (struct gmp_host){.addr = *host};
	g->n_hosts++;
	g->gif->n_entries++;
	return &g->hosts[i];
}

static void host_free(struct gmp_group *g, struct gmp_host *h)
{
	uint32_t i = (uint32_t)(h - g->hosts);

	reporter_leave(g->gif, &h->addr);
	g->gif->n_entries -= 1 + h->n;
	free(h->v);
	g->n_hosts--;
	memmove(h, h + 1, (g->n_hosts - i) * sizeof(*h));
	if (g->n_hosts == 0) {
		free(g->hosts);
		g->hosts = NULL;
		g->cap_hosts = 0;
	}
}

static void host_del(struct gmp_group *g, struct gmp_host *h, uint64_t now_us)
{
	for (uint32_t i = 0; i < h->n && !h->exclude; i++)
		gmp_named_drop(g, &h->v[i], now_us);
	host_free(g, h);
}

/* Some member may be unknown from now on. */
static void incomplete(struct gmp_group *g, uint64_t now_us)
{
	g->untracked_until_us = now_us + gmp_group_membership_interval(g->gif);
}

static bool has_room(const struct gmp_group *g, uint32_t n)
{
	uint32_t max = g->gif->conf.max_entries;

	return !max || g->gif->n_entries + n <= max;
}

/* The host, made if the record says that it wants something; *lost if there was no room. */
static struct gmp_host *host_get(struct gmp_group *g, const struct ipaddr *addr,
	enum gmp_record_type type, struct gmp_list list, bool *lost)
{
	struct gmp_host *h = gmp_track_find(g, addr);

	if (h || type == GMP_BLOCK || (list.n == 0 && type != GMP_IS_EX && type != GMP_TO_EX))
		return h;
	h = g->n_hosts < HOSTS_MAX && has_room(g, 1 + list.n) && !gmp_track_full(g->gif, addr)
		    ? host_add(g, addr)
		    : NULL;
	*lost = !h;
	return h;
}

/* How the record changes what is known of the host, and its filter-mode. */
static const struct fold *fold_of(struct gmp_host *h, enum gmp_record_type type)
{
	switch (type) {
	case GMP_IS_EX:
	case GMP_TO_EX:
		h->exclude = true;
		return &fold_replace;
	case GMP_TO_IN:
		h->exclude = false;
		return &fold_replace;
	case GMP_IS_IN:
	case GMP_ALLOW:
		return h->exclude ? &fold_remove : &fold_add;
	case GMP_BLOCK:
		return h->exclude ? &fold_add : &fold_remove;
	}
	return &fold_add;
}

static bool is_exclude(enum gmp_record_type type)
{
	return type == GMP_IS_EX || type == GMP_TO_EX;
}

/* What a host in INCLUDE mode named and, after the fold, names no more. */
static void names_drop(struct gmp_group *g, const struct gmp_host *h, const struct fold *f,
	struct gmp_list list, uint64_t now_us)
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < h->n; i++) {
		bool listed;

		while (j < list.n && ip_cmp(&list.v[j], &h->v[i].src) < 0)
			j++;
		listed = j < list.n && ip_eq(&list.v[j], &h->v[i].src);
		if (h->exclude || !(listed ? f->add_named : f->keep_known))
			gmp_named_drop(g, &h->v[i], now_us);
	}
}

/* Seconds, rounded up. */
uint32_t gmp_track_due_s(uint64_t due_us)
{
	return (uint32_t)(due_us / 1000000 + 1);
}

/* False: what the host wants is not wholly known. */
static bool host_apply(struct gmp_group *g, struct gmp_host *h, enum gmp_record_type type,
	struct gmp_list list, uint64_t now_us)
{
	uint64_t due_us = now_us + gmp_group_membership_interval(g->gif);
	uint32_t due_s = gmp_track_due_s(due_us), before = h->n;
	bool was_exclude = h->exclude;
	const struct fold *f = fold_of(h, type);

	if (is_exclude(type) || !h->exclude)
		h->due_us = due_us;
	if (f->add_named && was_exclude == h->exclude && refresh_same(h, list, due_s))
		return true;
	if (!was_exclude)
		names_drop(g, h, f, list, now_us);
	if ((f->add_named && !has_room(g, list.n)) ||
		host_fold(h, f, list, due_s, (uint32_t)(now_us / 1000000))) {
		host_del(g, h, now_us);
		return false;
	}
	g->gif->n_entries += h->n - before;
	if (!h->exclude && h->n == 0)
		host_del(g, h, now_us);
	return true;
}

void gmp_track(struct gmp_group *g, const struct ipaddr *host, uint8_t version,
	enum gmp_record_type type, struct gmp_list list, uint64_t now_us)
{
	struct gmp_host *h;
	bool lost = false;

	if (!g->gif->conf.tracking)
		return;
	if (version < 3)
		incomplete(g, now_us);
	if (ip_is_any(host)) {
		lost = true;
	} else {
		h = host_get(g, host, type, list, &lost);
		if (h) {
			h->version = version;
			lost = !host_apply(g, h, type, list, now_us);
		}
	}
	if (!lost)
		return;
	gmp_count(g->gif, GMP_C_untracked, 1);
	incomplete(g, now_us);
}

/* --- questions ---------------------------------------------------------------------------------------- */

bool gmp_track_complete(const struct gmp_group *g, uint64_t now_us)
{
	return g->gif->conf.leave == GMP_LEAVE_TRACKING && g->gif->conf.tracking &&
	       now_us >= g->untracked_until_us && gmp_group_version(g, now_us) == 3;
}

bool gmp_track_wants(const struct gmp_group *g, const struct ipaddr *src, uint64_t now_us)
{
	for (uint32_t i = 0; i < g->n_hosts; i++) {
		const struct gmp_host *h = &g->hosts[i];
		const struct gmp_heard *named = src ? gmp_track_heard(h, src) : NULL;

		g->gif->compared++;
		if (h->exclude && h->due_us > now_us && !named)
			return true;
		if (!h->exclude && named && named->due_s * 1000000ull > now_us)
			return true;
	}
	return false;
}

void gmp_track_expire(struct gmp_group *g, uint64_t now_us)
{
	for (uint32_t i = g->n_hosts; i > 0; i--)
		if (g->hosts[i - 1].due_us <= now_us)
			host_del(g, &g->hosts[i - 1], now_us);
}

void gmp_track_restart(struct gmp_group *g, uint64_t now_us)
{
	gmp_track_clear(g);
	incomplete(g, now_us);
}

void gmp_track_clear(struct gmp_group *g)
{
	gmp_named_clear(g);
	while (g->n_hosts > 0)
		host_free(g, &g->hosts[g->n_hosts - 1]);
}
