/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router's own unicast addresses: what tells a packet for one of our protocols from one in transit.
 * A hash that is made anew as a whole and published by pointer. Workers ask only about the few packets of
 * those protocols that are sent to a unicast address.
 *
 * An address is the router's on every interface of its table, whichever of them has it.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

struct local_slot {
	uint32_t addr[4]; /* network order; IPv4: rest zero */
	uint16_t table;
	uint8_t family; /* 0: empty */
};

struct fwd_local {
	uint32_t mask; /* slots - 1 */
	struct local_slot slots[];
};

static struct local_slot slot_of(uint16_t table, const void *addr, uint8_t family)
{
	struct local_slot s = {.table = table, .family = family};

	memcpy(s.addr, addr, family == IP_V4 ? 4 : 16);
	return s;
}

/* Of a word made of an address, in its table. */
static inline uint32_t word_hash(uint64_t word, uint16_t table)
{
	return (uint32_t)(((word ^ (uint64_t)table << 32) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static uint32_t slot_hash(const struct local_slot *s)
{
	uint64_t low = s->addr[2] | (uint64_t)s->addr[3] << 32;
	uint64_t high = s->addr[0] | (uint64_t)s->addr[1] << 32;

	if (s->family == IP_V4)
		return word_hash(s->addr[0], s->table);
	return word_hash(high * UINT64_C(0xff51afd7ed558ccd) ^ low, s->table);
}

static bool slot_eq(const struct local_slot *a, const struct local_slot *b)
{
	return a->table == b->table && a->family == b->family &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* In registers: every PIM Register asks. */
static bool has_ip4(const struct fwd_local *l, uint16_t table, uint32_t addr)
{
	for (uint32_t at = word_hash(addr, table); l->slots[at & l->mask].family; at++) {
		const struct local_slot *s = &l->slots[at & l->mask];

		if (s->addr[0] == addr && s->family == IP_V4 && s->table == table)
			return true;
	}
	return false;
}

bool local_has(const struct fwd_tables *t, uint16_t table, const void *addr, uint8_t family)
{
	const struct fwd_local *l = atomic_load_explicit(&t->local, memory_order_acquire);
	struct local_slot want;

	if (!l)
		return false;
	if (family == IP_V4) {
		uint32_t word;

		memcpy(&word, addr, sizeof(word));
		return has_ip4(l, table, word);
	}
	want = slot_of(table, addr, family);
	for (uint32_t at = slot_hash(&want); l->slots[at & l->mask].family; at++)
		if (slot_eq(&l->slots[at & l->mask], &want))
			return true;
	return false;
}

static void local_add(struct fwd_local *l, const struct dp_local *v)
{
	const struct local_slot s = slot_of(v->table, v->addr.b, v->addr.family);
	uint32_t at = slot_hash(&s);

	for (; l->slots[at & l->mask].family; at++)
		if (slot_eq(&l->slots[at & l->mask], &s))
			return;
	l->slots[at & l->mask] = s;
}

int local_set(struct dataplane *d, const struct dp_local *v, uint32_t n)
{
	struct fwd_local *old = atomic_load_explicit(&d->t.local, memory_order_relaxed), *l;
	uint32_t slots = rte_align32pow2(2 * n + 1); /* at most half full */

	if (n > DP_LOCALS_MAX)
		return -ENOSPC;
	for (uint32_t i = 0; i < n; i++)
		if (!ip_bits(&v[i].addr))
			return -EINVAL;
	if (retire_room(&d->retire))
		return -ENOMEM;
	l = calloc(1, sizeof(*l) + slots * sizeof(l->slots[0]));
	if (!l)
		return -ENOMEM;
	l->mask = slots - 1;
	for (uint32_t i = 0; i < n; i++)
		local_add(l, &v[i]);
	atomic_store_explicit(&d->t.local, l, memory_order_release);
	tables_changed(d);
	if (old)
		retire_add(&d->retire, retire_free, old, 0);
	return 0;
}

void local_fini(struct dataplane *d)
{
	free(d->t.local);
	d->t.local = NULL;
}
