/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The hash of cache lines behind the MFIB: slots taken, changed and given up while workers read them.
 *
 * A key is in the first line from its hash on that had room; a reader goes on to the next line only if
 * a line has no empty slot. So a slot may become empty again where its line has another empty one
 * (nobody has ever gone past that line); in a full line it becomes "deleted", which only an insertion
 * or a rebuild turns into something else. A table more than half used (deleted ones included) is
 * rebuilt, larger if the live routes ask for it; one nearly empty is rebuilt smaller. Readers have
 * the old one until their next quiescent state.
 */
#include "dataplane/tables.h"

#include <errno.h>

#define LINES_MIN 64
#define HUGE_FROM (2u << 20) /* bytes: smaller tables do not ask for huge pages */

static struct mfib_table *table_new(uint32_t lines)
{
	size_t bytes = sizeof(struct mfib_table) + (size_t)lines * sizeof(struct mfib_line);
	struct mfib_table *tab = region_new(bytes, bytes >= HUGE_FROM);

	if (!tab)
		return NULL;
	tab->mask = lines - 1;
	tab->bytes = bytes;
	return tab;
}

static void table_free(void *owner, void *tab, uint64_t bytes)
{
	region_free(tab, bytes);
}

struct mfib_table *mfib_table(const struct mfib *m)
{
	return atomic_load_explicit(&m->t->mfib, memory_order_relaxed);
}

void mfib_slot_store(union mfib_slot *slot, uint32_t sig, uint32_t index)
{
	union mfib_slot s = {.sig = sig, .index = index};

	__atomic_store_n(&slot->word, s.word, __ATOMIC_RELEASE);
}

/* The first slot a new key may take. */
static union mfib_slot *slot_free(struct mfib_table *tab, uint32_t sig)
{
	for (uint32_t at = sig & tab->mask;; at = (at + 1) & tab->mask) {
		for (unsigned i = 0; i < MFIB_SLOTS; i++) {
			if (tab->lines[at].slots[i].index < MFIB_FIRST)
				return &tab->lines[at].slots[i];
		}
	}
}

void mfib_slot_insert(struct mfib_table *tab, uint32_t sig, uint32_t index)
{
	union mfib_slot *slot = slot_free(tab, sig);

	if (slot->index == MFIB_EMPTY)
		tab->used++;
	mfib_slot_store(slot, sig, index);
}

void mfib_slot_remove(struct mfib_table *tab, union mfib_slot *slot)
{
	struct mfib_line *line = &tab->lines[((char *)slot - (char *)tab->lines) / sizeof(*line)];

	for (unsigned i = 0; i < MFIB_SLOTS; i++) {
		if (line->slots[i].index == MFIB_EMPTY) {
			mfib_slot_store(slot, 0, MFIB_EMPTY);
			tab->used--;
			return;
		}
	}
	mfib_slot_store(slot, 0, MFIB_DELETED);
}

/* A new table with everything live. On -ENOMEM the old one goes on. */
static int table_rebuild(struct mfib *m, uint32_t lines)
{
	struct mfib_table *old = mfib_table(m), *tab = table_new(lines);

	if (!tab)
		return -ENOMEM;
	for (uint32_t at = 0; at <= old->mask; at++) {
		for (unsigned i = 0; i < MFIB_SLOTS; i++) {
			const union mfib_slot *s = &old->lines[at].slots[i];

			if (s->index >= MFIB_FIRST)
				mfib_slot_insert(tab, s->sig, s->index);
		}
	}
	atomic_store_explicit(&m->t->mfib, tab, memory_order_release);
	retire_add(m->retire, table_free, old, old->bytes);
	return 0;
}

/* Keeps the table at most half used after one more insertion. */
int mfib_table_fit(struct mfib *m)
{
	struct mfib_table *tab = mfib_table(m);
	uint64_t lines = (uint64_t)tab->mask + 1, slots = lines * MFIB_SLOTS;
	int err;

	if (tab->used < slots / 2)
		return 0;
	err = table_rebuild(m, (uint32_t)(m->live >= slots / 4 ? lines * 2 : lines));
	if (err && tab->used < slots - slots / 8)
		return 0; /* fuller and slower, but not full */
	return err;
}

void mfib_table_shrink(struct mfib *m)
{
	struct mfib_table *tab = mfib_table(m);
	uint32_t lines = tab->mask + 1;

	if (lines > LINES_MIN && m->live < lines * MFIB_SLOTS / 16)
		table_rebuild(m, lines / 4 < LINES_MIN ? LINES_MIN : lines / 4);
}

int mfib_table_init(struct mfib *m)
{
	m->t->mfib = table_new(LINES_MIN);
	return m->t->mfib ? 0 : -ENOMEM;
}

void mfib_table_fini(struct mfib *m)
{
	struct mfib_table *tab = mfib_table(m);

	if (tab)
		region_free(tab, tab->bytes);
	m->t->mfib = NULL;
}
