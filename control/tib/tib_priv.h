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
 * An entry that has something to do stands in one of three queues: dirty (merge and install),
 * failed (the data plane refused it) or doomed (nobody needs it: delete).
 */
#pragma once

#include <sys/queue.h>

#include "control/base/hash.h"
#include "control/base/idpool.h"
#include "control/base/order.h"
#include "control/base/route_key.h"
#include "control/tib/tib.h"

#define TIB_BATCH 256            /* routes in one call of the data plane */
#define TIB_OIF_QUARANTINE 1024u /* freed oif ids that are not used again at once */

struct tib_owned_wish {
	struct tib_owned_wish *next; /* of the same entry */
	uint32_t n_outputs, n_excepts;
	uint16_t owner;
	uint8_t precedence;
	uint8_t n_inputs;
	bool stale; /* not set since tib_resync_begin */
	bool complete;
	/* n_outputs outputs, then n_inputs inputs, then n_excepts excepts in order, none within another */
	struct tib_output outputs[];
};

static inline struct dp_input *wish_inputs(struct tib_owned_wish *w)
{
	return (struct dp_input *)&w->outputs[w->n_outputs];
}

static inline struct prefix *wish_excepts(struct tib_owned_wish *w)
{
	return (struct prefix *)(wish_inputs(w) + w->n_inputs);
}

/* The oifs that an entry references, one reference each. */
struct tib_oifs {
	uint32_t n;
	uint32_t ids[];
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
	struct tib_group *group;
	struct tib_owned_wish *wishes;
	struct tib_merged merged; /* its key is the entry's */
	uint16_t *owners;         /* of the wishes in merged */
	struct tib_oifs *want;    /* oifs of merged; NULL: none */
	struct tib_oifs *live;    /* oifs of what the data plane has; may be the same object */
	uint64_t created_us;
	uint32_t n_owners;
	uint32_t n_excepts; /* wishes of this group that except exactly these sources */
	int error;
	uint8_t queue;   /* enum tib_queue */
	bool crossing;   /* no box, but two boxes cross here */
	bool alive;      /* a box or a crossing */
	bool has_merged; /* merged at least once */
	bool installed;  /* the data plane has a route of this key */
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
	uint32_t n_cover, cover_cap;
	bool no_space; /* the data plane's table is full: said in this commit */
	bool failing;  /* logged that entries are not installed */
};

static inline unsigned tib_family(const struct ipaddr *a)
{
	return a->family == IP_V6;
}

/* entry.c: entries and groups. */
struct tib_entry *tib_entry_find(const struct tib *tib, const struct dp_route_key *key);
struct tib_entry *tib_entry_add(struct tib *tib, const struct dp_route_key *key);
void tib_entry_free(struct tib *tib, struct tib_entry *e); /* out of all tables; oifs given back */
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

/* wish.c: wishes as values, and the boxes of their excepts. */
struct tib_owned_wish *tib_wish_copy(const struct tib_wish *w, int *err);
bool tib_wish_same(struct tib_owned_wish *a, struct tib_owned_wish *b);
/* Makes boxes of w's excepts; takes them away. -ENOMEM: none was made. */
int tib_excepts_add(struct tib *tib, const struct dp_route_key *key, struct tib_owned_wish *w);
void tib_excepts_del(struct tib *tib, const struct dp_route_key *key, struct tib_owned_wish *w);

/* merge.c */
void tib_output_normalise(struct tib_output *o);
int tib_output_cmp(const struct tib_output *a, const struct tib_output *b); /* whole value */

/* oif.c */
int tib_oif_get(struct tib *tib, const struct tib_output *out, uint32_t *id); /* adds a reference */
void tib_oif_put(struct tib *tib, uint32_t id);
/* The oifs of m's outputs. On an error *out has those up to it and 0 for the others, or is NULL. */
int tib_oifs_get(struct tib *tib, const struct tib_merged *m, struct tib_oifs **out);
void tib_oifs_put(struct tib *tib, struct tib_oifs *oifs); /* NULL is harmless */
int tib_oifs_refresh(struct tib *tib); /* HER outputs whose egress or source may have changed */
