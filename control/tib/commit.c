/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * From dirty entries to the data plane, in bulk. New and changed routes go before deleted ones, so
 * that traffic that moves from one entry to another always finds one. What the data plane refuses
 * waits in the failed queue; each commit takes it up again and leaves it at the first refusal.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

/* Merges e anew. *changed: the data plane has to hear of it. */
static int entry_merge(struct tib *tib, struct tib_entry *e, bool *changed)
{
	struct tib_plan *plan;
	struct tib_merged m;
	bool same;
	int rc = tib_entry_cover(tib, e);

	*changed = true;
	if (!rc)
		rc = tib_merge(&e->key, tib->cover_ptrs, tib->n_cover, &m);
	if (rc)
		return rc;
	plan = tib_plan_get(tib, e, &m, &rc);
	if (!plan)
		return rc;
	same = e->installed && !e->error && tib_plan_same_route(plan, e->want);
	tib_plan_replace(tib, &e->want, plan);
	if (!same)
		return rc;
	plan->refs++;
	tib_plan_replace(tib, &e->live, plan);
	*changed = false;
	return 0;
}

static void entry_failed(struct tib *tib, struct tib_entry *e, int rc)
{
	e->error = rc;
	tib_entry_move(tib, e, TIB_Q_FAILED);
}

static void entry_installed(struct tib *tib, struct tib_entry *e)
{
	e->want->refs++;
	tib_plan_replace(tib, &e->live, e->want);
	e->installed = true;
	e->error = 0;
}

/* Makes the data plane's record of e. */
static int entry_describe(const struct tib *tib, const struct tib_entry *e, struct dp_route *r)
{
	const struct tib_merged *m = &e->want->merged;

	*r = (struct dp_route){.key = e->key, .n_inputs = m->n_inputs};
	memcpy(r->inputs, m->inputs, m->n_inputs * sizeof(r->inputs[0]));
	if (!m->n_outputs)
		return 0;
	return tib->dp->ops->list_get(tib->dp->ctx, e->want->oifs, m->n_outputs, &r->list);
}

static bool refused_already(const struct tib *tib, uint32_t i)
{
	return tib->no_space && !tib->batch[i]->installed;
}

/* Hands the batch over. A full table refuses only new routes: after the first refusal the other new
 * ones are not even tried, changes of installed ones are. False if any failed. */
static bool batch_flush(struct tib *tib)
{
	uint32_t i = 0, run, done;
	bool ok = true;
	int rc;

	while (i < tib->n_batch) {
		if (refused_already(tib, i)) {
			entry_failed(tib, tib->batch[i++], -ENOSPC);
			ok = false;
			continue;
		}
		for (run = 1; i + run < tib->n_batch && !refused_already(tib, i + run); run++)
			;
		done = 0;
		rc = tib->dp->ops->route_set(tib->dp->ctx, &tib->routes[i], run, &done);
		for (uint32_t end = i + done; i < end; i++)
			entry_installed(tib, tib->batch[i]);
		if (rc) {
			tib->no_space |= rc == -ENOSPC;
			entry_failed(tib, tib->batch[i++], rc);
			ok = false;
		}
	}
	for (i = 0; i < tib->n_batch; i++)
		if (tib->routes[i].list)
			tib->dp->ops->list_put(tib->dp->ctx, tib->routes[i].list);
	tib->n_batch = 0;
	return ok;
}

/* Takes up to max entries off a queue and installs them. False if any failed. */
static bool queue_step(struct tib *tib, enum tib_queue q, uint32_t max)
{
	struct tib_entry *e;
	bool changed, ok = true;
	int rc;

	for (uint32_t n = 0; n < max && (e = TAILQ_FIRST(&tib->queues[q])); n++) {
		tib_entry_move(tib, e, TIB_Q_NONE);
		rc = entry_merge(tib, e, &changed);
		if (!rc && !changed)
			continue;
		if (!rc)
			rc = entry_describe(tib, e, &tib->routes[tib->n_batch]);
		if (rc) {
			entry_failed(tib, e, rc);
			ok = false;
			continue;
		}
		tib->batch[tib->n_batch++] = e;
	}
	return batch_flush(tib) && ok;
}

static void commit_failed(struct tib *tib)
{
	uint32_t step = 1; /* a probe; if it is taken, the rest follows in bulk */

	tib->no_space = false;
	while (!TAILQ_EMPTY(&tib->queues[TIB_Q_FAILED])) {
		if (!queue_step(tib, TIB_Q_FAILED, step))
			return;
		step = TIB_BATCH;
	}
}

/* Deletes the entries that nobody needs. *n: how many routes went. */
static int commit_doomed(struct tib *tib, size_t *n)
{
	struct tib_entry_queue *q = &tib->queues[TIB_Q_DOOMED];
	struct tib_entry *e;
	uint32_t batch;
	int rc;

	*n = 0;
	while (!TAILQ_EMPTY(q)) {
		for (batch = 0; batch < TIB_BATCH && (e = TAILQ_FIRST(q));) {
			tib_entry_move(tib, e, TIB_Q_NONE);
			if (!e->installed) {
				tib_entry_free(tib, e);
				continue;
			}
			tib->batch[batch] = e;
			tib->keys[batch++] = e->key;
		}
		if (!batch)
			break;
		rc = tib->dp->ops->route_del(tib->dp->ctx, tib->keys, batch);
		for (uint32_t i = 0; i < batch; i++) {
			if (rc && rc != -ENOENT)
				tib_entry_move(tib, tib->batch[i], TIB_Q_DOOMED);
			else
				tib_entry_free(tib, tib->batch[i]);
		}
		if (rc && rc != -ENOENT)
			return rc;
		*n += batch;
	}
	return 0;
}

/* Says once that entries are not installed, and once that they are. */
static void say(struct tib *tib)
{
	const struct tib_entry *e = TAILQ_FIRST(&tib->queues[TIB_Q_FAILED]);
	char key[ROUTE_KEY_STRLEN];

	if (!e == !tib->failing)
		return;
	tib->failing = e != NULL;
	if (!e)
		log_notice("tib", "all routes are installed again");
	else if (e->error == -ENOSPC)
		log_error("tib",
			"%s and maybe others are not installed: the data plane's tables are full; "
			"raise router.max_routes or router.max_oifs and restart",
			route_key_str(&e->key, key, sizeof(key)));
	else
		log_error("tib", "%s is not installed: %s; tried again with every change",
			route_key_str(&e->key, key, sizeof(key)), strerror(-e->error));
}

int tib_commit(struct tib *tib)
{
	int refresh_rc, del_rc;
	size_t deleted;
	bool retry = !TAILQ_EMPTY(&tib->queues[TIB_Q_FAILED]);

	refresh_rc = tib_oifs_refresh(tib);
	tib_cross_retry(tib);
	tib->no_space = false;
	while (!TAILQ_EMPTY(&tib->queues[TIB_Q_DIRTY]))
		queue_step(tib, TIB_Q_DIRTY, TIB_BATCH);
	del_rc = commit_doomed(tib, &deleted);
	if (retry || deleted)
		commit_failed(tib);
	say(tib);
	if (!TAILQ_EMPTY(&tib->queues[TIB_Q_FAILED]))
		return TAILQ_FIRST(&tib->queues[TIB_Q_FAILED])->error;
	return del_rc ? del_rc : refresh_rc;
}
