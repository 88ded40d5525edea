/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The TIB's insides.
 *
 * An entry exists for every key that some wish names (the wishes of that key hang on it), for the
 * excepts of a wish with its group, and for crossings. The first two are boxes: what they match is told
 * apart from its surroundings. Prefixes are nested or disjoint, so all boxes that match a packet have in
 * common the longest of their sources and the longest of their groups, which is the crossing of two of
 * them; hence crossings of pairs are all that is needed for lookup to meet an entry that exactly the
 * right wishes cover.
 *
 * The wishes that cover an entry are found by its key cut to every pair of prefix lengths that exists:
 * groups are hashed, so most pairs cost nothing. What an entry covers is found in the order of keys, where
 * the groups within a prefix follow each other and so do the sources within a group: a change costs the
 * entries and groups concerned, not all there are.
 *
 * There are many entries and few ways in which they are forwarded, so what wishes say (terms) and what comes
 * of them (plans) are values, each there once and counted.
 *
 * An entry that has something to do stands in one of three queues: dirty (merge and install),
 * failed (the data plane refused it) or doomed (nobody needs it: delete).
 */
#pragma once

#include <sys/queue.h>

#include "control/base/hash.h"
#include "control/base/idpool.h"
#include "control/base/order.h"
#include "control/base/route_key.h"
#include "control/base/slab.h"
#include "control/tib/tib.h"

#define TIB_BATCH 256            /* routes in one call of the data plane */
#define TIB_OIF_QUARANTINE 1024u /* freed oif ids that are not used again at once */

/* What a wish says besides its key and its owner; all wishes that say the same share it. */
struct tib_terms {
	struct hash_node node;
	uint32_t refs;
	uint32_t n_outputs, n_excepts;
	uint8_t precedence;
	uint8_t n_inputs;
	bool complete;
	/* n_outputs outputs, then n_inputs inputs, then n_excepts excepts in order, none within another */
	struct tib_output outputs[];
};

static inline struct dp_input *terms_inputs(struct tib_terms *t)
{
	return (struct dp_input *)&t->outputs[t->n_outputs];
}

static inline struct prefix *terms_excepts(struct tib_terms *t)
{
	return (struct prefix *)(terms_inputs(t) + t->n_inputs);
}

struct tib_owned_wish {
	struct tib_owned_wish *next; /* of the same entry */
	struct tib_terms *terms;
	uint16_t owner;
	bool stale; /* not set since tib_resync_begin */
};

/* What merging gave, and the oifs of it, one reference each; all entries of which it is the same share it. */
struct tib_plan {
	struct hash_node node;
	struct tib_merged merged;
	uint32_t *oifs; /* as many as outputs; 0: could not be had */
	uint32_t refs;
	uint32_t n_owners;
	bool shared;       /* in tib.plans: all oifs are there */
	uint16_t owners[]; /* of the wishes in merged */
};

enum tib_queue { TIB_Q_NONE, TIB_Q_DIRTY, TIB_Q_FAILED, TIB_Q_DOOMED, TIB_QUEUES };

TAILQ_HEAD(tib_entry_queue, tib_entry);

/* A group prefix that some entry has. */
struct tib_group {
	struct hash_node node;
	struct prefix grp;
	uint32_t n_entries;
	uint16_t table;
};

struct tib_entry {
	struct hash_node node;
	struct order_node in_order;
	TAILQ_ENTRY(tib_entry) in_queue;
	struct tib_owned_wish *wishes;
	struct dp_route_key key;
	uint32_t n_excepts;    /* wishes of this group that except exactly these sources */
	struct tib_plan *want; /* NULL: not merged yet */
	struct tib_plan *live; /* what the data plane has; often the same */
	uint64_t created_us;
	int error;
	uint8_t queue;  /* enum tib_queue */
	bool crossing;  /* no box, but two boxes cross here */
	bool alive;     /* a box or a crossing */
	bool installed; /* the data plane has a route of this key */
};

/* Whether somebody named its key. */
static inline bool tib_entry_is_box(const struct tib_entry *e)
{
	return e->wishes || e->n_excepts;
}

/* An output as the data plane has it, shared by all entries that name it. */
struct tib_oif {
	struct hash_node node;
	LIST_ENTRY(tib_oif) her; /* HER outputs only */
	struct tib_output out;
	struct dp_oif pub; /* as published last */
	uint32_t refs;
	uint32_t adj; /* HER: next hop */
};

struct tib {
	const struct dp *dp;
	struct net *net;
	struct hash_table entries, groups;
	struct hash_table terms, plans;
	struct slab entry_slab, group_slab, wish_slab;
	struct order_tree order; /* all entries by key */
	/* How many groups and entries have this prefix length of group and source, by family: which
	 * lengths to look for. */
	uint32_t group_lens[2][129], src_lens[2][129];
	struct tib_entry_queue queues[TIB_QUEUES];
	size_t n_entries; /* alive */
	struct tib_crossings crossings;
	bool crossings_said; /* logged that some are missing */
	uint64_t now_us; /* of the call that is at work: age of entries that the TIB makes itself */
	uint64_t touched, visited; /* entries marked by changes, and those looked at for it */

	struct hash_table oifs;
	struct tib_oif **oif_by_id;
	uint32_t oif_cap;
	LIST_HEAD(, tib_oif) her;
	bool her_stale_all, her_stale_following;
	struct idpool oif_ids;
	uint32_t freed_ids
		[TIB_OIF_QUARANTINE]; /* ring; lists that workers still read may name them */
	uint32_t freed_at, freed_n;

	/* commit's working memory */
	struct dp_route routes[TIB_BATCH];
	struct dp_route_key keys[TIB_BATCH];
	struct tib_entry *batch[TIB_BATCH];
	uint32_t n_batch;
	struct tib_wish *cover; /* grows */
	const struct tib_wish **cover_ptrs;
	uint16_t *cover_owners;
	uint32_t n_cover, cover_cap;
	bool no_space; /* the data plane's table is full: said in this commit */
	bool failing;  /* logged that entries are not installed */
	bool ending;   /* the data plane is not told any more */
};

static inline unsigned tib_family(const struct ipaddr *a)
{
	return a->family == IP_V6;
}

/* entry.c: entries and groups. */
struct tib_entry *tib_entry_find(const struct tib *tib, const struct dp_route_key *key);
struct tib_entry *tib_entry_add(struct tib *tib, const struct dp_route_key *key);
void tib_entry_free(struct tib *tib, struct tib_entry *e); /* out of all tables; plans given back */
void tib_entry_move(struct tib *tib, struct tib_entry *e, enum tib_queue q);
struct tib_group *tib_group_find(const struct tib *tib, uint16_t table, const struct prefix *grp);
/* The entries that key covers, in order: the first one (e NULL) or that behind e. */
struct tib_entry *tib_entry_within(
	struct tib *tib, const struct dp_route_key *key, const struct tib_entry *e);
/* The first entry of the next group within grp (but not grp itself): e NULL or one of the group before. */
struct tib_entry *tib_entry_next_group(
	struct tib *tib, uint16_t table, const struct prefix *grp, const struct tib_entry *e);
/* The most specific entry that matches (src, grp), or NULL. */
struct tib_entry *tib_entry_lookup(
	const struct tib *tib, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp);

/* cover.c: who covers whom. */
/* Marks an entry: something about the wishes that cover it changed. */
void tib_entry_touch(struct tib *tib, struct tib_entry *e);
/* Marks all entries that key covers, that of the key itself first. */
void tib_entries_touch(struct tib *tib, const struct dp_route_key *key);
/* Gathers the wishes that cover e into tib->cover. 0 or -ENOMEM. */
int tib_entry_cover(struct tib *tib, const struct tib_entry *e);
/* The except of n sorted ones that covers src, or NULL. */
const struct prefix *tib_except_find(const struct prefix *v, uint32_t n, const struct prefix *src);

/* cross.c: where wishes overlap. */
/* Whether two boxes cross at e's key. */
bool tib_cross_needed(const struct tib *tib, const struct tib_entry *e);
/* key has become a box: makes the entries where it crosses others, and marks them. */
void tib_cross_new(struct tib *tib, const struct dp_route_key *key);
/* Makes what is missing if there is room again; says so. */
void tib_cross_retry(struct tib *tib);

/* wish.c: what wishes say, and the boxes of their excepts. */
/* The terms of a wish: two wishes say the same if these are the same object. A reference is added; NULL and
 * *err -ENOMEM, or -EINVAL for an except that cannot be. */
struct tib_terms *tib_terms_get(struct tib *tib, const struct tib_wish *w, int *err);
void tib_terms_put(struct tib *tib, struct tib_terms *t);
/* Makes boxes of the excepts; takes them away. -ENOMEM: none was made. */
int tib_excepts_add(struct tib *tib, const struct dp_route_key *key, struct tib_terms *t);
void tib_excepts_del(struct tib *tib, const struct dp_route_key *key, struct tib_terms *t);

/* merge.c */
void tib_output_normalise(struct tib_output *o);
int tib_output_cmp(const struct tib_output *a, const struct tib_output *b); /* whole value */

/* plan.c */
/* The plan of m, which is taken, and of the wishes in tib->cover, for e; a reference is added. *err: an oif
 * could not be had, and nobody else shares the plan; NULL: no memory. */
struct tib_plan *tib_plan_get(
	struct tib *tib, const struct tib_entry *e, struct tib_merged *m, int *err);
/* Replaces *at, either may be NULL; the reference to plan is taken. */
void tib_plan_replace(struct tib *tib, struct tib_plan **at, struct tib_plan *plan);
/* Whether the data plane would see no difference. */
bool tib_plan_same_route(const struct tib_plan *a, const struct tib_plan *b);

/* oif.c */
uint32_t tib_output_hash(const struct tib_output *o);
int tib_oif_get(struct tib *tib, const struct tib_output *out, uint32_t *id); /* adds a reference */
void tib_oif_put(struct tib *tib, uint32_t id);
int tib_oifs_refresh(struct tib *tib); /* HER outputs whose egress or source may have changed */
