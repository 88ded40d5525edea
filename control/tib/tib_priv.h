/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The TIB's insides.
 *
 * An entry exists for every key that some wish names; the wishes of that key hang on it. The wishes
 * that cover it are its own and those of less specific entries, which are found through group
 * objects: one per group prefix, hashed, with its entries in a list, those of source prefixes
 * ((*,G) first of all) in front. So a change of an (S,G) costs its covering wishes, a change of a
 * (*,G) the entries of that group, and only a change of a group prefix looks at all groups.
 *
 * An entry that has something to do stands in one of three queues: dirty (merge and install),
 * failed (the data plane refused it) or doomed (no wish left: delete).
 */
#pragma once

#include <sys/queue.h>

#include "control/base/hash.h"
#include "control/base/idpool.h"
#include "control/base/route_key.h"
#include "control/tib/tib.h"

#define TIB_BATCH 256            /* routes in one call of the data plane */
#define TIB_OIF_QUARANTINE 1024u /* freed oif ids that are not used again at once */

struct tib_owned_wish {
	struct tib_owned_wish *next; /* of the same entry */
	uint32_t n_outputs;
	uint16_t owner;
	uint8_t precedence;
	uint8_t n_inputs;
	bool stale; /* not set since tib_resync_begin */
	/* n_outputs outputs, then n_inputs inputs */
	struct tib_output outputs[];
};

static inline struct dp_input *wish_inputs(struct tib_owned_wish *w)
{
	return (struct dp_input *)&w->outputs[w->n_outputs];
}

/* The oifs that an entry references, one reference each. */
struct tib_oifs {
	uint32_t n;
	uint32_t ids[];
};

enum tib_queue { TIB_Q_NONE, TIB_Q_DIRTY, TIB_Q_FAILED, TIB_Q_DOOMED, TIB_QUEUES };

TAILQ_HEAD(tib_entry_queue, tib_entry);

struct tib_group {
	struct hash_node node;
	LIST_HEAD(, tib_entry) entries; /* source prefixes first, the longest in front */
	struct prefix grp;
	uint16_t table;
};

struct tib_entry {
	struct hash_node node;
	LIST_ENTRY(tib_entry) in_group;
	TAILQ_ENTRY(tib_entry) in_queue;
	struct tib_group *group;
	struct tib_owned_wish *wishes;
	struct tib_merged merged; /* its key is the entry's */
	uint16_t *owners;         /* of the wishes in merged */
	struct tib_oifs *want;    /* oifs of merged; NULL: none */
	struct tib_oifs *live;    /* oifs of what the data plane has; may be the same object */
	uint64_t created_us;
	uint32_t n_owners;
	int error;
	uint8_t queue;   /* enum tib_queue */
	bool has_merged; /* merged at least once */
	bool installed;  /* the data plane has a route of this key */
};

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
	/* How many groups have this prefix length, by family: which lengths to look for. */
	uint32_t group_lens[2][129];
	struct tib_entry_queue queues[TIB_QUEUES];
	size_t n_entries; /* with wishes */

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

/* entry.c: entries and groups. */
struct tib_entry *tib_entry_find(const struct tib *tib, const struct dp_route_key *key);
struct tib_entry *tib_entry_add(struct tib *tib, const struct dp_route_key *key, uint64_t now_us);
void tib_entry_free(struct tib *tib, struct tib_entry *e); /* out of all tables; oifs given back */
void tib_entry_move(struct tib *tib, struct tib_entry *e, enum tib_queue q);
/* Marks all entries that key covers: something about key's wishes changed. */
void tib_entries_touch(struct tib *tib, const struct dp_route_key *key);
/* Gathers the wishes that cover e into tib->cover. 0 or -ENOMEM. */
int tib_entry_cover(struct tib *tib, const struct tib_entry *e);
/* The most specific entry with wishes that matches (src, grp), or NULL. */
struct tib_entry *tib_entry_lookup(
	const struct tib *tib, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp);

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
