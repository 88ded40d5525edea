/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The writer's side of the tables: what the control lcore keeps beside that which workers read
 * (dp_priv.h). Private to mfib.c, route.c, lists.c, adj.c, demux.c, retire.c, punt.c, upcall.c,
 * stats.c, dataplane.c and seam.c.
 *
 * The one rule: make the new thing completely, publish it with a release store, retire the old one.
 */
#pragma once

#include "dataplane/dp_priv.h"
#include "dataplane/seam/probe.h"

#include <stdatomic.h>

/* --- memory reserved for a maximum and taken where touched (region.c) ------------------------- */

/* Zeroed memory of which only touched pages are taken, or NULL. huge: ask for huge pages, for
 * arrays that are filled densely and read at random. */
void *region_new(size_t bytes, bool huge);
void region_free(void *p, size_t bytes);
/* Bytes of the first `bytes` that are in memory. */
size_t region_resident(const void *p, size_t bytes);

/* Small integers first .. limit-1, handed out lowest-unused first, freed ones again before new ones. */
struct idx_pool {
	uint32_t *free;
	uint32_t n_free, next, first, limit;
};

int idx_pool_init(struct idx_pool *p, uint32_t first, uint32_t limit);
void idx_pool_fini(struct idx_pool *p);
uint32_t idx_pool_get(struct idx_pool *p); /* UINT32_MAX: none left */
void idx_pool_put(struct idx_pool *p, uint32_t i);

/* --- RCU (retire.c) -------------------------------------------------------------------------- */

struct retire_block;

struct retire {
	struct rte_rcu_qsbr *rcu;
	void *owner; /* handed to every free function */
	struct retire_block *first, *last, *spare;
	uint64_t waiting;
};

/* max_threads: reader ids 0 .. max_threads-1. */
int retire_init(struct retire *r, unsigned max_threads, void *owner);
void retire_fini(struct retire *r); /* frees all that waits: no reader may be left */
/* Makes sure that the next RETIRE_ROOM calls of retire_add succeed: to be asked before anything is
 * changed. -ENOMEM. */
#define RETIRE_ROOM 8
int retire_room(struct retire *r);
/* fn(owner, ptr, arg) is called once every reader has passed a quiescent state. What is retired must
 * not be reachable from the tables any more. */
void retire_add(struct retire *r, void (*fn)(void *owner, void *ptr, uint64_t arg), void *ptr,
	uint64_t arg);
/* Frees up to max of those that have waited long enough. Never blocks. Returns how many. */
uint32_t retire_reclaim(struct retire *r, uint32_t max);
/* A free function for plain malloc memory. */
void retire_free(void *owner, void *ptr, uint64_t arg);

/* --- oif lists (lists.c) ------------------------------------------------------------------------ */

struct lists {
	struct retire *retire;
	struct oif_list **by_id; /* [cap_ids], 0 unused */
	uint32_t *free_ids;
	uint32_t cap_ids, next_id, n_free_ids;
	struct oif_list **buckets;
	uint32_t mask; /* buckets - 1 */
	uint64_t n, members, bytes;
	uint64_t serial; /* of the last list made */
};

int lists_init(struct lists *l, struct retire *r);
void lists_fini(struct lists *l);
/* See dp_ops.list_get; ids must be 1 .. max_oifs-1 (-EINVAL). n 0 gives list 0. */
int lists_get(struct lists *l, const uint32_t *oifs, uint32_t n, uint32_t max_oifs, uint32_t *id);
struct oif_list *lists_find(const struct lists *l, uint32_t id); /* NULL: no such list */
void lists_unref(struct lists *l, struct oif_list *list);        /* NULL is no list */

/* --- routes (mfib.c) -------------------------------------------------------------------------------- */

/* Control's record of a route, by its counter index. */
struct mfib_ctl {
	uint32_t index; /* of the entry; 0: no route has this counter */
	uint32_t gen;   /* resync generation that last set it */
};

struct mfib {
	struct fwd_tables *t;
	struct retire *retire;
	struct lists *lists;
	struct idx_pool entries, counters;
	struct mfib_ctl *ctl;
	uint32_t live, gen;
	bool resync;
	uint16_t *mark_of; /* the mark of a route by its counter, 0 none (marks.c) */
	uint32_t n_marked;
	uint32_t *lens_count[2]; /* routes by lengths, IPv4 and IPv6 (mfib_lens.c) */
	/* A counter index is about to be used again: nobody writes to it any more. */
	void (*counter_reset)(void *owner, uint32_t counter);
	/* When its route accepted a packet last, in cycles; 0: never. */
	uint64_t (*counter_used)(void *owner, uint32_t counter);
};

/* Entries and counters for max_routes, twice: replaced ones wait for their grace period. */
#define MFIB_INDEXES(max_routes) (2 * (max_routes) + MFIB_FIRST)

/* t->max_routes and t->seed are set; fills t->mfib, t->lens and t->routes. */
int mfib_init(struct mfib *m, struct fwd_tables *t, struct retire *r, struct lists *l);
void mfib_fini(struct mfib *m);
/* Creates or replaces; r is valid, list is r->list resolved. -ENOSPC, -ENOMEM: nothing changed. */
int mfib_set(struct mfib *m, const struct dp_route *r, struct oif_list *list);
int mfib_del(struct mfib *m, const struct dp_route_key *key); /* -ENOENT */
/* The entry with exactly this key, or NULL. */
const struct mfib_route *mfib_find(const struct mfib *m, const struct dp_route_key *key);
/* Mark and sweep. end: -EINVAL without begin. */
void mfib_resync_begin(struct mfib *m);
int mfib_resync_end(struct mfib *m);

/* Inside (mfib_table.c): the table now in force, its slots, its size. */
int mfib_table_init(struct mfib *m);
void mfib_table_fini(struct mfib *m);
struct mfib_table *mfib_table(const struct mfib *m);
void mfib_slot_store(union mfib_slot *slot, uint32_t sig, uint32_t index);
void mfib_slot_insert(struct mfib_table *tab, uint32_t sig, uint32_t index); /* a new key */
void mfib_slot_remove(struct mfib_table *tab, union mfib_slot *slot);
/* Keeps the table at most half used after one more insertion. -ENOMEM: there is no room for one. */
int mfib_table_fit(struct mfib *m);
void mfib_table_shrink(struct mfib *m);

/* Inside (mfib_lens.c). add is called before the route is inserted: readers who know the pair too early
 * find nothing with it, no more. sub is called after the route was removed. */
int mfib_lens_init(struct mfib *m);
void mfib_lens_fini(struct mfib *m);
int mfib_lens_add(struct mfib *m, const struct dp_route_key *k);
void mfib_lens_sub(struct mfib *m, const struct dp_route_key *k);

/* The marks of routes (marks.c). */
int marks_init(struct mfib *m);
void marks_fini(struct mfib *m);
/* The route of this counter has another entry now, or (index 0) is none any more. */
void marks_moved(struct mfib *m, uint32_t counter, uint32_t index);

/* Multiply and fold (both halves of the product): with secret operands nobody outside can choose
 * keys that meet in one line. */
static inline uint64_t mfib_mix(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t mfib_salt(uint16_t table, uint8_t grp_len, uint8_t src_len)
{
	return (uint64_t)table << 32 | (uint64_t)grp_len << 16 | src_len;
}

/* key: masked source and group as they follow each other in the header (IPv4: one word). The result
 * is the signature; its low bits are the line. */
static inline uint32_t mfib_hash(
	const uint64_t seed[4], const uint64_t *key, uint8_t family, uint64_t salt)
{
	uint64_t h = mfib_mix(key[0] ^ seed[0], salt ^ seed[1]);

	if (family == IP_V6) {
		h = mfib_mix(key[1] ^ seed[2], h ^ seed[3]);
		h = mfib_mix(key[2] ^ h, key[3] ^ seed[1]);
	}
	/* one product of a sequence of addresses is a sequence again: a few seeds in a hundred would crowd
	 * the lines */
	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h ^ h >> 32);
}

/* --- interfaces, adjacencies, oifs (adj.c, l2.c, demux.c) ------------------------------------------------ */

struct l2_kind {
	uint8_t mac[6];
	uint16_t vlan, inner, tpid;
	uint32_t refs; /* 0: free */
};

struct adj_counts {
	uint32_t ifs, adjs, oifs;
	uint32_t oif_end; /* one above the largest oif id ever used */
};

/* Whether the demux has an interface in its array by VLAN: untagged or with one 802.1Q tag. */
static inline bool demux_by_vlan(const struct dp_if *c)
{
	return !c->vlan_inner && (!c->vlan || c->vlan_tpid == 0x8100);
}

/* The snapshot of all interfaces of t->ifs, with `changed` in place of (or besides) the one with its
 * id, and without the one with id `gone`. NULL: no memory. One block, to be given to free(). */
struct fwd_demux *demux_build(
	const struct fwd_tables *t, const struct fwd_if *changed, uint16_t gone);

/* --- the data plane ------------------------------------------------------------------------------------ */

struct route_base {
	uint64_t packets, bytes;
	uint32_t wrong_if, dropped;
};

/* Counters start at zero (a new interface, `clear`) by remembering where they were: only a worker
 * writes to its own. What has been cleared is the sum over the workers less the base. */
struct bases {
	struct route_base
		*route; /* [MFIB_INDEXES], touched only where there was traffic at a clear */
	struct oif_counters *oif;      /* [max_oifs] */
	struct if_counters_lcore *ifs; /* [DP_IFS_MAX] */
	struct dp_worker_info worker[DATAPLANE_WORKERS_MAX];
	struct dp_police_counters police[RTE_MAX_ETHPORTS][DP_POLICE_KINDS];
};

struct flow; /* flow_priv.h */

struct dataplane {
	struct dataplane_conf conf;
	struct fwd_tables t;
	struct retire retire;
	struct lists lists;
	struct mfib mfib;
	struct flow *flow;
	struct l2_kind *l2; /* [DP_IFS_MAX] by l2_id */
	struct adj_counts n;
	struct worker *workers[DATAPLANE_WORKERS_MAX];
	unsigned n_workers;
	bool shared, started;
	_Atomic int asleep;          /* control sleeps, and nobody has woken it yet: punt.c */
	unsigned punt_at, upcall_at; /* worker whose rings are read next */
	unsigned punt_left[DP_PUNT_CLASSES]; /* packets a class may still bring in this turn */
	uint64_t police_gen;                 /* of the policers published last */
	/* control's own counters: packets it sends, drops it decides */
	struct if_counters_lcore *if_ctr;
	uint64_t drops[DROP_COUNT];
	struct bases base;
	struct probe *probes[DP_PROBES];      /* armed ones, NULL unused */
	uint32_t probe_id;                    /* of the last one armed */
	uint64_t port_gone[RTE_MAX_ETHPORTS]; /* token of dataplane_port_del */
};

/* To be called between publishing a record and retiring the one it replaces: a worker that has passed a
 * quiescent state since then has also heard that what it derived from the old one is void. */
static inline void tables_changed(struct dataplane *d)
{
	atomic_fetch_add_explicit(&d->t.gen, 1, memory_order_release);
}

/* Everything but the workers and the pool, from t.max_routes, t.max_oifs, t.seed, n_workers; needs no EAL.
 * -ENOMEM: then, as at the end, tables_free. */
int tables_new(struct dataplane *d);
void tables_free(struct dataplane *d);

int if_set(struct dataplane *d, const struct dp_if *ifp);
int if_del(struct dataplane *d, uint16_t ifid);
int adj_set(struct dataplane *d, const struct dp_adj *adj);
int adj_del(struct dataplane *d, uint32_t id);
int oif_set(struct dataplane *d, const struct dp_oif *oif);
int oif_del(struct dataplane *d, uint32_t id);
void adj_fini(struct dataplane *d); /* frees all of them */

/* local.c: the router's own addresses; see dp_ops.local_set */
int local_set(struct dataplane *d, const struct dp_local *v, uint32_t n);
void local_fini(struct dataplane *d);

/* route.c: validation and bulk around mfib.c */
int route_set(struct dataplane *d, const struct dp_route *routes, uint32_t n, uint32_t *done);
int route_del(struct dataplane *d, const struct dp_route_key *keys, uint32_t n);

/* --- towards control (punt.c, upcall.c) ------------------------------------------------------------------ */

#define PUNT_RING 2048 /* the Joins of 100,000 trees are 1,400 messages, and come at once */
#define UPCALL_RING 4096
/* Of the pool's buffers one in so many may be on hold. */
#define HOLD_SHARE 8
#define COMMAND_RING 4096
#define COMMAND_BYTES 24
/* Frames for the owner of a TX queue: enough for its absence of some milliseconds, when workers share
 * CPUs and the kernel lets another one run. */
#define HANDOFF_RING 16384

/* A ring of elements of esize bytes in plain memory, to be given to free(); count a power of two. */
struct rte_ring *ring_new(unsigned count, unsigned esize, unsigned flags);
/* The rings and gates of a worker. -ENOMEM; then, as at the end, worker_rings_free. */
int worker_rings_new(struct worker *w);
void worker_rings_free(struct worker *w); /* and the buffers in them */
bool punt_waiting(const struct dataplane *d);
/* The next packet for control: of the first class that has one and has not had its share; when all that
 * wait have, a new turn begins. NULL: none. */
struct rte_mbuf *punt_take(struct dataplane *d);
/* Wakes control if it sleeps; whatever it is to find is on its ring already. */
void control_wake(struct dataplane *d);
int punt_recv(struct dataplane *d, struct dp_packet *meta, void *buf, size_t cap);

enum gate_verdict { GATE_SEND, GATE_CLOSED, GATE_POLICED };

struct police_port;

/* hz: of the time stamp counter. */
struct upcall_gate *upcall_gate_new(uint64_t hz);
void upcall_gate_free(struct upcall_gate *g);
/* Whether a signal of this kind for the flow with this hash goes out at time now, with a token of the
 * port's; SEND closes the gate. */
enum gate_verdict upcall_gate_try(struct upcall_gate *g, struct police_port *port,
	enum dp_upcall_kind kind, uint64_t hash, uint64_t now);
void upcall_gate_open(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash);
/* A Register says what the one before said, but what the RP makes of it may be another thing soon: data on the
 * SPT has come, so the DR must stop. The gate opens by itself a moment after it was closed. */
void upcall_gate_shorten(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash);
/* The hash of a flow: src and grp are family's address bytes. */
uint64_t upcall_hash(const uint64_t seed[4], uint8_t family, const void *src, const void *grp,
	uint16_t table, uint16_t ifid);
/* The same for a Register with a packet of this flow, from outer_src to outer_dst. */
uint64_t upcall_register_hash(const uint64_t seed[4], uint8_t family, const void *src,
	const void *grp, const void *outer_src, const void *outer_dst, uint16_t table,
	uint16_t ifid);
uint32_t upcall_recv(struct dataplane *d, struct dp_upcall *out, uint32_t n);
void upcall_done(struct dataplane *d, const struct dp_upcall *up, enum dp_verdict verdict);
void hold_enable(struct dataplane *d, bool on);
void hold_info(struct dataplane *d, struct dp_hold_info *info);

/* --- hardware rules (flow.c) ---------------------------------------------------------------------------------- */

int flow_new(struct dataplane *d);
void flow_free(struct dataplane *d);

/* --- probes (probe.c) ------------------------------------------------------------------------------------- */

int probe_set(struct dataplane *d, const struct dp_probe *c, uint32_t *id);
int probe_clear(struct dataplane *d, uint32_t id);
int probe_recv(struct dataplane *d, uint32_t id, struct dp_probe_record *rec);
int probe_info(struct dataplane *d, uint32_t id, struct dp_probe_info *info);
bool probe_waiting(const struct dataplane *d); /* a record is on some ring */
void probe_fini(struct dataplane *d);          /* no worker runs any more */

/* --- counters (stats.c) ----------------------------------------------------------------------------------- */

int stats_new(struct dataplane *d); /* base arrays and control's counters */
void stats_free(struct dataplane *d);
int worker_counters_new(struct worker *w);
void worker_counters_free(struct worker *w);
int stats_route(struct dataplane *d, const struct dp_route_key *key, struct dp_route_counters *c);
int stats_oif(struct dataplane *d, uint32_t oif, struct dp_oif_counters *c);
int stats_if(struct dataplane *d, uint16_t ifid, struct dp_if_counters *c);
int stats_worker(struct dataplane *d, uint32_t index, struct dp_worker_info *info);
void stats_memory(struct dataplane *d, struct dp_memory_info *info);
void stats_clear(struct dataplane *d);
/* A new interface or oif starts at zero. */
void stats_if_rebase(struct dataplane *d, uint16_t ifid);
void stats_oif_rebase(struct dataplane *d, uint32_t oif);
void stats_counter_reset(void *dataplane, uint32_t counter);    /* mfib.counter_reset */
uint64_t stats_counter_used(void *dataplane, uint32_t counter); /* mfib.counter_used */
