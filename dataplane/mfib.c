/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The route table, written by control while workers read it (mfib_lookup.c).
 *
 * A route is an immutable entry of one cache line. The table (mfib_table.c) is a hash of cache lines; a
 * slot holds (signature, entry index) and changes by one 64-bit store, so a reader sees the old route,
 * the new one or none, never a mix. A replacement is a new entry; the old index is used again after
 * a grace period only. The counter index stays with the key for the life of the route.
 */
#include "dataplane/moving.h"
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

#define RECLAIM_BATCH 4096
#define RECLAIM_EVERY 256 /* deletions of a sweep */

/* --- keys ------------------------------------------------------------------------------------------- */

struct probe {
	uint64_t key[4];
	uint32_t sig;
};

static struct probe probe_of(const struct mfib *m, const struct dp_route_key *k)
{
	struct probe p = {0};
	unsigned bytes = ip_bytes(&k->src.addr);

	memcpy(p.key, k->src.addr.b, bytes);
	memcpy((char *)p.key + bytes, k->grp.addr.b, bytes);
	p.sig = mfib_hash(
		m->t->seed, p.key, k->src.addr.family, mfib_salt(k->table, k->grp.len, k->src.len));
	return p;
}

static bool route_has_key(const struct mfib_route *r, const struct dp_route_key *k)
{
	return r->table == k->table && r->family == k->src.addr.family &&
	       r->src_len == k->src.len && r->grp_len == k->grp.len &&
	       memcmp(r->src, k->src.addr.b, 16) == 0 && memcmp(r->grp, k->grp.addr.b, 16) == 0;
}

static union mfib_slot *slot_find(const struct mfib *m, const struct dp_route_key *k, uint32_t sig)
{
	struct mfib_table *tab = mfib_table(m);

	for (uint32_t at = sig & tab->mask;; at = (at + 1) & tab->mask) {
		bool full = true;

		for (unsigned i = 0; i < MFIB_SLOTS; i++) {
			union mfib_slot *s = &tab->lines[at].slots[i];

			if (s->sig == sig && s->index >= MFIB_FIRST &&
				route_has_key(&m->t->routes[s->index], k))
				return s;
			full &= s->index != MFIB_EMPTY;
		}
		if (!full)
			return NULL;
	}
}

const struct mfib_route *mfib_find(const struct mfib *m, const struct dp_route_key *key)
{
	const union mfib_slot *s = slot_find(m, key, probe_of(m, key).sig);

	return s ? &m->t->routes[s->index] : NULL;
}

/* --- entries -------------------------------------------------------------------------------------------- */

static const struct mfib_inputs no_inputs;

static int input_cmp(const void *a, const void *b)
{
	const struct dp_input *x = a, *y = b;

	return (int)x->ifid - (int)y->ifid;
}

/* Ascending, so that DP_IF_ANY is behind those that name an interface. before: the entry that is replaced, or
 * NULL: a move that goes on keeps its state. NULL: no memory. */
static const struct mfib_inputs *inputs_new(
	const struct mfib *m, const struct dp_route *r, const struct mfib_route *before)
{
	struct fwd_move *mv = before && before->inputs ? before->inputs->move : NULL;
	uint64_t used = before ? m->counter_used(m->retire->owner, before->counter) : 0;
	struct mfib_inputs *in;

	if (!r->n_inputs)
		return &no_inputs;
	in = malloc(sizeof(*in));
	if (!in)
		return NULL;
	in->n = r->n_inputs;
	memcpy(in->v, r->inputs, r->n_inputs * sizeof(in->v[0]));
	if (moving_begin(m->t, in, mv, used)) {
		free(in);
		return NULL;
	}
	qsort(in->v, in->n, sizeof(in->v[0]), input_cmp);
	return in;
}

static void inputs_free(const struct mfib_inputs *in)
{
	if (!in || in == &no_inputs)
		return;
	moving_end(in->move);
	free((void *)(uintptr_t)in);
}

/* One input, and no move to it: all that workers need to know is in the entry. */
static bool is_plain(const struct dp_route *r)
{
	return r->n_inputs == 1 && r->inputs[0].role != DP_ROLE_NEXT;
}

/* Everything but the counter. before: the entry that is replaced, or NULL. */
static int entry_fill(const struct mfib *m, struct mfib_route *e, const struct dp_route *r,
	const struct oif_list *list, const struct mfib_route *before)
{
	*e = (struct mfib_route){
		.table = r->key.table,
		.family = r->key.src.addr.family,
		.src_len = r->key.src.len,
		.grp_len = r->key.grp.len,
		.list = list,
		.list_id = list ? list->id : 0,
	};
	memcpy(e->src, r->key.src.addr.b, 16);
	memcpy(e->grp, r->key.grp.addr.b, 16);
	if (is_plain(r)) {
		e->iif = r->inputs[0].ifid;
		e->flags = r->inputs[0].flags;
		return 0;
	}
	e->inputs = inputs_new(m, r, before);
	return e->inputs ? 0 : -ENOMEM;
}

/* Whether the entry already says what r says. */
static bool entry_same(
	const struct mfib_route *e, const struct dp_route *r, const struct oif_list *list)
{
	if (e->list != list)
		return false;
	if (is_plain(r))
		return !e->inputs && e->iif == r->inputs[0].ifid && e->flags == r->inputs[0].flags;
	if (!e->inputs || e->inputs->n != r->n_inputs)
		return false;
	for (unsigned i = 0; i < r->n_inputs; i++) {
		const struct dp_input *have = &e->inputs->v[i];
		unsigned at = 0;

		while (at < r->n_inputs && r->inputs[at].ifid != have->ifid)
			at++;
		if (at == r->n_inputs || r->inputs[at].flags != (have->flags & ~INPUT_MOVING) ||
			r->inputs[at].role != have->role)
			return false;
	}
	return true;
}

/* An index of the pool; what waits for its grace period is asked for when there is none. */
static uint32_t index_get(struct mfib *m, struct idx_pool *pool)
{
	uint32_t i = idx_pool_get(pool);

	while (i == UINT32_MAX && retire_reclaim(m->retire, RECLAIM_BATCH))
		i = idx_pool_get(pool);
	return i;
}

static void entry_free(void *owner, void *mfib, uint64_t index)
{
	struct mfib *m = mfib;

	inputs_free(m->t->routes[index].inputs);
	idx_pool_put(&m->entries, (uint32_t)index);
}

static void counter_free(void *owner, void *mfib, uint64_t counter)
{
	struct mfib *m = mfib;

	m->counter_reset(owner, (uint32_t)counter);
	idx_pool_put(&m->counters, (uint32_t)counter);
}

/* The entry is not reachable any more: its list loses a reference, its index waits. */
static void entry_retire(struct mfib *m, uint32_t index)
{
	retire_add(m->retire, entry_free, m, index);
	lists_unref(m->lists, (struct oif_list *)(uintptr_t)m->t->routes[index].list);
}

/* A filled entry in place of before (0: of none), or 0 with *err. */
static uint32_t entry_new(struct mfib *m, const struct dp_route *r, struct oif_list *list,
	uint32_t before, uint32_t counter, int *err)
{
	const struct mfib_route *old = before ? &m->t->routes[before] : NULL;
	uint32_t index = index_get(m, &m->entries);

	*err = index == UINT32_MAX ? -ENOSPC : entry_fill(m, &m->t->routes[index], r, list, old);
	if (index == UINT32_MAX)
		return 0;
	if (*err) {
		idx_pool_put(&m->entries, index);
		return 0;
	}
	m->t->routes[index].counter = counter;
	m->ctl[counter] = (struct mfib_ctl){.index = index, .gen = m->gen};
	if (list)
		list->refs++;
	return index;
}

static int mfib_replace(
	struct mfib *m, const struct dp_route *r, struct oif_list *list, union mfib_slot *slot)
{
	uint32_t old = slot->index, counter = m->t->routes[old].counter, index;
	int err;

	m->ctl[counter].gen = m->gen;
	if (entry_same(&m->t->routes[old], r, list))
		return 0;
	index = entry_new(m, r, list, old, counter, &err);
	if (!index)
		return err;
	mfib_slot_store(slot, slot->sig, index);
	if (unlikely(m->n_marked))
		marks_moved(m, counter, index);
	entry_retire(m, old);
	return 0;
}

static int mfib_insert(
	struct mfib *m, const struct dp_route *r, struct oif_list *list, uint32_t sig)
{
	uint32_t counter, index;
	int err;

	if (m->live >= m->t->max_routes)
		return -ENOSPC;
	err = mfib_table_fit(m);
	if (err)
		return err;
	counter = index_get(m, &m->counters);
	if (counter == UINT32_MAX)
		return -ENOSPC;
	err = mfib_lens_add(m, &r->key);
	if (err)
		goto no_lens;
	index = entry_new(m, r, list, 0, counter, &err);
	if (!index)
		goto no_entry;
	mfib_slot_insert(mfib_table(m), sig, index);
	m->live++;
	return 0;
no_entry:
	mfib_lens_sub(m, &r->key);
no_lens:
	idx_pool_put(&m->counters, counter);
	return err;
}

int mfib_set(struct mfib *m, const struct dp_route *r, struct oif_list *list)
{
	struct probe p = probe_of(m, &r->key);
	union mfib_slot *slot;

	if (retire_room(m->retire))
		return -ENOMEM;
	slot = slot_find(m, &r->key, p.sig);
	if (slot)
		return mfib_replace(m, r, list, slot);
	return mfib_insert(m, r, list, p.sig);
}

int mfib_del(struct mfib *m, const struct dp_route_key *key)
{
	union mfib_slot *slot;
	uint32_t index, counter;

	if (retire_room(m->retire))
		return -ENOMEM;
	slot = slot_find(m, key, probe_of(m, key).sig);
	if (!slot)
		return -ENOENT;
	index = slot->index;
	counter = m->t->routes[index].counter;
	mfib_slot_remove(mfib_table(m), slot);
	m->live--;
	m->ctl[counter].index = 0;
	if (unlikely(m->n_marked))
		marks_moved(m, counter, 0);
	entry_retire(m, index);
	retire_add(m->retire, counter_free, m, counter);
	mfib_lens_sub(m, key);
	mfib_table_shrink(m);
	return 0;
}

/* --- mark and sweep ---------------------------------------------------------------------------------------- */

void mfib_resync_begin(struct mfib *m)
{
	m->gen++;
	m->resync = true;
}

static struct dp_route_key entry_key(const struct mfib_route *e)
{
	struct dp_route_key k = {.table = e->table};

	k.src.addr.family = k.grp.addr.family = e->family;
	k.src.len = e->src_len;
	k.grp.len = e->grp_len;
	memcpy(k.src.addr.b, e->src, 16);
	memcpy(k.grp.addr.b, e->grp, 16);
	return k;
}

int mfib_resync_end(struct mfib *m)
{
	int err = 0;

	if (!m->resync)
		return -EINVAL;
	m->resync = false;
	for (uint32_t c = m->counters.first; c < m->counters.next; c++) {
		struct dp_route_key k;

		if (!m->ctl[c].index || m->ctl[c].gen == m->gen)
			continue;
		k = entry_key(&m->t->routes[m->ctl[c].index]);
		err = mfib_del(m, &k);
		if (err)
			return err;
		if (c % RECLAIM_EVERY == 0)
			retire_reclaim(m->retire, RECLAIM_BATCH);
	}
	return 0;
}

/* --- life ---------------------------------------------------------------------------------------------------- */

static void counter_reset_none(void *owner, uint32_t counter)
{
}

static uint64_t counter_unused(void *owner, uint32_t counter)
{
	return 0;
}

int mfib_init(struct mfib *m, struct fwd_tables *t, struct retire *r, struct lists *l)
{
	uint32_t n = MFIB_INDEXES(t->max_routes);

	t->lines_match = mfib_lines_match();
	*m = (struct mfib){.t = t,
		.retire = r,
		.lists = l,
		.counter_reset = counter_reset_none,
		.counter_used = counter_unused};
	t->routes = region_new((size_t)n * sizeof(*t->routes), true);
	m->ctl = region_new((size_t)n * sizeof(*m->ctl), false);
	if (!t->routes || !m->ctl || marks_init(m) || mfib_table_init(m) || mfib_lens_init(m) ||
		idx_pool_init(&m->entries, MFIB_FIRST, n) || idx_pool_init(&m->counters, 0, n)) {
		mfib_fini(m);
		return -ENOMEM;
	}
	return 0;
}

/* Readers are gone; what was retired must have been reclaimed. */
void mfib_fini(struct mfib *m)
{
	struct fwd_tables *t = m->t;
	uint32_t n;

	if (!t)
		return;
	n = MFIB_INDEXES(t->max_routes);
	for (uint32_t c = 0; m->ctl && c < m->counters.next; c++) {
		if (m->ctl[c].index)
			inputs_free(t->routes[m->ctl[c].index].inputs);
	}
	mfib_table_fini(m);
	mfib_lens_fini(m);
	marks_fini(m);
	region_free(t->routes, (size_t)n * sizeof(*t->routes));
	region_free(m->ctl, (size_t)n * sizeof(*m->ctl));
	idx_pool_fini(&m->entries);
	idx_pool_fini(&m->counters);
	t->routes = NULL;
	m->t = NULL;
}
