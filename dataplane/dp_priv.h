/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the stages share: tables that workers read, and the worker itself.
 *
 * Tables have one writer, the control lcore. Everything a worker reads is either immutable behind a
 * pointer that is replaced (release/acquire) and retired under RCU, or a counter of its own lcore.
 */
#pragma once

#include "dataplane/dataplane.h"
#include "dataplane/hdr/gre.h"
#include "dataplane/hdr/register.h"

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#define BURST 64  /* packets a round and queue */
#define CHUNK 128 /* copies between replicate and tx: what a core's caches hold */
#define TXBUF \
	32 /* packets collected per port before rte_eth_tx_burst: eight ports together
			   * hold no more buffers than the pool's cache of an lcore */
#define COPY_WHOLE \
	256 /* frames up to this many bytes are copied whole; longer ones share payload */

/* --- MFIB: hash of cache lines, eight slots each -------------------------------------------------------
 * A slot is 8 bytes: signature and route index, replaced by one 64-bit store. index 0: never used
 * (ends a probe), 1: deleted. A full line continues in the next one. */
#define MFIB_SLOTS 8
#define MFIB_EMPTY 0u
#define MFIB_DELETED 1u
#define MFIB_FIRST 2u

union mfib_slot {
	uint64_t word;
	struct {
		uint32_t sig, index;
	};
};

struct mfib_line {
	union mfib_slot slots[MFIB_SLOTS];
} __rte_cache_aligned;

/* A pair of prefix lengths that exists among the keys, with the mask over the two addresses as they
 * follow each other in an IP header (IPv4: mask[0] only). */
struct mfib_lens {
	uint64_t mask[4];
	uint8_t grp, src, family, pad;
};

/* All pairs, in the order in which lookup tries them: longest group, then longest source. Immutable,
 * replaced whole. IPv4's pairs come first. */
struct mfib_lens_set {
	uint16_t n4, n6;
	struct mfib_lens v[];
};

struct mfib_table {
	uint32_t mask; /* lines - 1 */
	uint32_t used; /* slots not empty: deleted ones included */
	size_t bytes;  /* of this struct with its lines */
	struct mfib_line lines[];
};

/* A route as workers see it: one cache line, immutable once published; replacing a route writes a
 * new entry and swaps the slot. The counter index stays with the key. */
struct mfib_route {
	uint16_t table;
	uint8_t family, src_len, grp_len;
	uint8_t flags;                    /* DP_INPUT_* of iif */
	uint16_t iif;                     /* the only input, or DP_IF_ANY; 0: look at inputs */
	uint32_t src[4], grp[4];          /* network order */
	const struct oif_list *list;      /* NULL: no output */
	const struct mfib_inputs *inputs; /* more than one input, else NULL */
	uint32_t counter;
	uint32_t list_id;
} __rte_cache_aligned;
static_assert(sizeof(struct mfib_route) == 64, "one cache line");

struct fwd_move;

#define INPUT_MOVING 0x80 /* in dp_input.flags beside DP_INPUT_*: moving_takes decides */

struct mfib_inputs {
	uint32_t n;
	struct fwd_move *move; /* NULL: the route does not move (moving.h) */
	struct dp_input v[DP_INPUTS_MAX];
};

struct oif_list {
	uint32_t id, n;
	uint32_t refs; /* control's */
	uint32_t hash;
	uint64_t serial;       /* of all lists there ever were, from 1: never used again */
	struct oif_list *next; /* hash chain, control's */
	uint32_t oifs[];       /* ascending */
};

struct route_counters { /* per lcore and route */
	uint64_t packets, bytes;
	uint32_t wrong_if, dropped;
	uint64_t last_tsc;
};
static_assert(sizeof(struct route_counters) == 32, "two a line");

struct oif_counters { /* per lcore and oif */
	uint64_t packets, bytes, dropped;
};

/* --- interfaces, adjacencies, oifs as workers see them: immutable, replaced by pointer -------------------- */

#define L2_MAX 22  /* Ethernet and two VLAN tags */
#define L2_HEAD 24 /* the same in whole words */

struct fwd_if {
	struct dp_if c;
	uint8_t l2_len;      /* bytes of l2: 14, 18 or 22; 0 on tunnels and loopbacks */
	uint8_t l2[L2_MAX];  /* dst MAC to be filled in, src MAC, VLAN tags, EtherType 0x0800 */
	struct gre_head gre; /* on tunnels: what is put in front of a packet */
	uint32_t l2_id; /* equal for interfaces whose native multicast frames are byte for byte the
			     * same (source MAC, tags): copies may be shared. 0: never shared */
};

struct fwd_adj {
	struct dp_adj c;
};

struct fwd_oif {
	struct dp_oif c;
	struct register_head head[]; /* one with DP_ENCAP_REGISTER, if both addresses are known */
};

/* Demultiplexing of input: rebuilt whole on a change of interfaces. */
struct fwd_gre_slot {
	uint32_t local[4], remote[4], key;
	uint8_t family, has_key;
	uint16_t ifid; /* 0: empty slot */
};

/* Where a tunnel's slot is first looked for: hash & gre_mask, then the next ones until an empty one.
 * Addresses in network order (IPv4: rest zero); key 0 without has_key. The one hash of builder and
 * reader. */
static inline uint32_t fwd_gre_hash(const uint32_t local[4], const uint32_t remote[4], uint32_t key)
{
	uint32_t h = key * 0x9e3779b1u;

	for (int i = 0; i < 4; i++)
		h = (h ^ local[i] ^ (remote[i] << 7 | remote[i] >> 25)) * 0x9e3779b1u;
	return h ^ h >> 15;
}

/* An interface with two tags, or with one that is no 802.1Q tag (inner 0). */
struct fwd_stack_slot {
	uint16_t port, outer, inner, tpid;
	uint16_t ifid; /* 0: empty slot */
};

/* As fwd_gre_hash, for stacks. */
static inline uint32_t fwd_stack_hash(uint16_t port, uint16_t outer, uint16_t inner)
{
	uint32_t h = ((uint32_t)port << 24 ^ (uint32_t)outer << 12 ^ inner) * 0x9e3779b1u;

	return h ^ h >> 15;
}

struct fwd_demux {
	bool several_tables; /* an interface is in another one than DP_TABLE_MAIN */
	/* 4096 interface ids by VLAN (0 untagged) of a lone 802.1Q tag; NULL: no interface of any
	 * kind */
	uint16_t *vlans[RTE_MAX_ETHPORTS];
	uint32_t stack_mask;
	struct fwd_stack_slot *stacks; /* NULL: none */
	uint32_t gre_mask;
	struct fwd_gre_slot *gre; /* exact (local, remote, key) */
	uint32_t n_gre_locals;
	struct ipaddr *gre_locals; /* outer addresses that some tunnel uses */
};

struct fwd_ports {
	uint16_t n;
	uint16_t ids[RTE_MAX_ETHPORTS];
	uint64_t controls;                             /* ports with a control queue, as bits */
	struct dataplane_port by_id[RTE_MAX_ETHPORTS]; /* rx_queues 0: absent */
};

struct fwd_tables;

/* Of each of n signatures the index of the first route that may have it, or 0. */
typedef void lines_match_fn(const struct fwd_tables *t, const struct mfib_table *tab,
	const uint32_t *sig, uint32_t *index, unsigned n);

/* Everything workers look at, one per data plane. The arrays are reserved for their maximum and take
 * memory only where touched. */
struct fwd_tables {
	struct mfib_table *_Atomic mfib;
	struct mfib_lens_set *_Atomic lens;
	lines_match_fn *lines_match; /* as this CPU can (mfib_lookup.c) */
	uint64_t seed[4]; /* of the hashes, drawn at start: nobody outside can aim at one line */
	struct mfib_route *routes; /* [2 * max_routes + MFIB_FIRST]: replaced ones wait here */
	uint32_t max_routes, max_oifs;
	struct fwd_if *_Atomic *ifs;   /* [DP_IFS_MAX] */
	struct fwd_adj *_Atomic *adjs; /* [max_oifs] */
	struct fwd_oif *_Atomic *oifs; /* [max_oifs] */
	struct fwd_demux *_Atomic demux;
	struct fwd_ports *_Atomic ports;
	_Atomic uint32_t *marks; /* index of the route that a mark names, 0 none (marks.c) */
	struct probe_set *_Atomic probes; /* NULL: none is armed (probe.h) */
	struct rte_rcu_qsbr *rcu;
	struct rte_mempool *pool;
	struct rte_mempool *small; /* for copies of short packets; NULL: there are none */
	struct fwd_police *_Atomic police[RTE_MAX_ETHPORTS]; /* police.c */
	struct fwd_local *_Atomic local; /* own addresses (local.c); NULL: none */
	struct prints *prints;           /* of routes that move (prints.c) */
	_Atomic uint64_t
		gen; /* counts changes of interfaces, adjacencies, oifs and ports: what workers
			       * have derived from them holds while it stays */
};

/* --- the burst ------------------------------------------------------------------------------------------ */

enum pkt_next {        /* what classify and decap decide */
	PKT_FORWARD,   /* multicast data */
	PKT_DECAP,     /* to a tunnel of ours */
	PKT_REGISTER,  /* a PIM Register with data, to an address of ours */
	PKT_PROTO,     /* our protocols: punt class proto */
	PKT_EXCEPTION, /* the twin: punt class exception */
	PKT_DROP,
};

struct pkt {
	struct rte_mbuf *m;
	/* what outputs are chosen by, beside the route: iif to l3 are compared in one go */
	uint16_t iif;                   /* interface it came in, the tunnel after decapsulation;
					 * DP_IF_REGISTER out of a Register */
	uint16_t ip_len;                /* bytes of the IP packet */
	uint8_t family;                 /* 4, 6; 0 not IP */
	uint8_t ttl;                    /* as received */
	uint8_t decaps;                 /* tunnels and Registers removed */
	uint8_t l3;                     /* offset of the IP header in the first segment */
	const struct mfib_route *route; /* after lookup */
	uint8_t next;                   /* enum pkt_next */
	uint8_t reason;                 /* enum drop_reason when next is PKT_DROP */
	uint16_t came_in;               /* out of a Register: the interface that brought it */
	uint8_t told; /* likewise: with this one control has been told of its flow */
};
static_assert(offsetof(struct pkt, route) - offsetof(struct pkt, iif) == 8, "one word");

struct burst {
	uint16_t port, queue, n;
	bool plain; /* classify found nothing but untagged IPv4 data, TTL above 1, for one interface
		     * of the main table; after lookup: and all of it is forwarded */
	uint16_t data_off; /* where plain: all packets begin there, each in one buffer of its own */
	uint64_t now;      /* time stamp of its reception, or of its release: reading it is slow */
	struct pkt pkts[BURST] __rte_cache_aligned;
};

/* How packets leave by one output: everything resolved by replicate. Packets that are alike use the same
 * plans. */
struct plan {
	const struct fwd_oif *oif;
	const struct fwd_if *tun;  /* tunnel that wraps the copy, or NULL */
	const struct fwd_if *out;  /* Ethernet interface it leaves on */
	const struct fwd_adj *adj; /* next hop; NULL: the group's MAC */
	uint32_t sent;             /* copies of this chunk, counted by rewrite */
	uint16_t port;
	uint16_t ip_len;   /* bytes of the packet */
	uint16_t wire_len; /* bytes of the outermost IP packet; 0: too long, frag.c cuts it */
	uint8_t segs;      /* the port takes chained buffers */
	uint8_t shareable;
	uint8_t head; /* bytes of a Register's headers, next to the packet, 0 none */
};

/* One output of one packet, between replicate and tx. Rewrite only writes bytes. */
struct copy {
	struct rte_mbuf *m; /* frame, complete after rewrite; NULL: dropped on the way */
	const struct pkt *pkt;
	struct plan *plan;
	uint16_t share; /* this and the following `share` copies are the same bytes and buffer */
	uint8_t last;   /* of its packet: the original buffer is not needed after it */
	uint8_t own;    /* takes the original buffer */
	uint8_t l3;     /* offset of the IP header in m before rewrite */
};

struct txbuf {
	uint16_t n;
	struct rte_mbuf *v[TXBUF];
};

/* --- a worker -------------------------------------------------------------------------------------------- */

struct if_counters_lcore {
	uint64_t rx_packets, rx_bytes, rx_mcast, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_dropped, tx_fragmented, punted, injected;
};

struct upcall_gate; /* upcall.c */
struct police;      /* police.h */
struct direct;      /* direct.c */
struct hold;        /* hold.h */

struct worker {
	struct dataplane *d;
	const struct fwd_tables *t;
	unsigned index; /* 0.. */
	unsigned n_workers;
	struct worker *const *workers; /* all of them by index, for handing over frames */
	unsigned lcore;
	unsigned rcu_id;
	bool shared; /* runs on the control lcore */
	bool adaptive;
	bool share_not;    /* every copy gets bytes of its own */
	int32_t copy_more; /* added to COPY_WHOLE */
	_Atomic bool quit, running;

	struct burst b;
	/* replicate's place in the burst, so that it can go on where a chunk ended */
	uint16_t at_pkt;
	uint32_t at_oif;
	uint32_t at_sent; /* copies of the packet at at_pkt so far */
	uint16_t n_fresh; /* buffers that the copies need */
	uint16_t gre_id;  /* IPv4 identification of the next tunnel packet that may be fragmented */
	bool fragments;   /* a plan of this chunk has wire_len 0: stage tx is frag_tx */
	bool timed;       /* this round's stages are measured */
	uint64_t lap_tsc; /* end of the last one */
	uint64_t tx_dirty; /* ports with something in tx[] */
	uint16_t n_copies, n_plans;
	struct copy copies[CHUNK] __rte_cache_aligned;
	struct plan plans[CHUNK]; /* of the copies */
	struct txbuf tx[RTE_MAX_ETHPORTS];

	/* rings */
	struct rte_ring *handoff; /* in: frames to send on queues we own; many producers */
	struct rte_ring *punt[DP_PUNT_CLASSES];    /* out: to control, mbuf with struct punt_meta */
	struct rte_ring *upcalls[DP_UPCALL_KINDS]; /* out: struct dp_upcall records */
	struct rte_ring *commands;                 /* in: gate openings */
	struct upcall_gate *gate;
	struct police *police; /* token buckets by port */
	struct direct *direct; /* plans of the direct lane */
	struct hold *hold;
	uint32_t held;      /* flows on hold */
	bool verdicts_wait; /* a Register of this burst was signalled and is not looked up yet */
	bool told;    /* a ring to control got something in this burst: stage_punt wakes control */
	bool watched; /* a probe follows a packet of this burst: it takes the general lane */
	struct probe_set *probes; /* armed in this round, NULL: none and outside of rounds */

	/* counters, this lcore's only */
	struct route_counters *route_ctr; /* by mfib_route.counter */
	struct oif_counters *oif_ctr;     /* [max_oifs] */
	struct if_counters_lcore *if_ctr; /* [DP_IFS_MAX] */
	struct dp_worker_info info;       /* rounds, cycles, drops, upcalls */
	uint64_t marks_used, marks_refused;
} __rte_cache_aligned;

/* In the private area of an mbuf on a punt ring. */
struct punt_meta {
	uint16_t ifid;
	uint8_t cls, family;
};
/* A cache line, so that packets begin at one: a short frame touches no second. */
#define MBUF_PRIV_SIZE 64

/* --- the straight line, in order; each in a file of its name ------------------------------------------------ */

void stage_rx(struct worker *w, struct burst *b);       /* fills pkts[].m */
void stage_classify(struct worker *w, struct burst *b); /* iif, family, next */
void stage_decap(struct worker *w, struct burst *b);    /* PKT_DECAP, _REGISTER: classified again */
void stage_lookup(struct worker *w, struct burst *b);   /* route; RPF; upcalls */
/* To control; counts (drops[reason], rx_dropped) and frees dropped ones. Exception: the data starts with
 * the untagged Ethernet header, or with IP on a tunnel. Proto: with IP. */
void stage_punt(struct worker *w, struct burst *b);
bool stage_replicate(
	struct worker *w, struct burst *b); /* next chunk of copies; false: none left */
void stage_rewrite(struct worker *w, struct burst *b);
void stage_tx(struct worker *w, struct burst *b); /* into tx buffers, full ones sent */
/* Replicate, rewrite and tx in one, for the runs from at_pkt on that are plain enough. */
void stage_direct(struct worker *w, struct burst *b);
void tx_flush(struct worker *w);          /* end of the round */
unsigned tx_handoff_in(struct worker *w); /* frames handed to us: their number */

/* replicate.c: the worker's way of making copies; a worker without it does as AUTO. */
void worker_replicate(struct worker *w, enum dataplane_replicate how);

/* One round over all ports. True if there was work. */
bool worker_step(struct worker *w);
/* What an lcore runs (rte_eal_remote_launch): rounds until w->quit; w is a struct worker. Returns 0.
 * dataplane_start has registered w->rcu_id with w->t->rcu; worker_main goes online, reports a quiescent
 * state after each round, is offline around every sleep and at the end. No pointer into a table
 * outlives a round. A shared worker (w->shared) is not registered, for it runs in the writer's own thread:
 * dataplane_poll calls worker_step only. */
int worker_main(void *w);
/* Sleeps for ns, below a second, or until a frame waits at a port that says so (wait.c): then true. */
bool worker_wait(const struct worker *w, uint32_t ns);
/* Whether all ports say so. */
bool worker_wakes(const struct worker *w);

/* Validates the IP header at p->l3 of p->m and decides what comes next (classify.c; decap.c uses it for
 * the packet inside). */
void classify_ip(struct worker *w, struct pkt *p);

/* decap.c: the tunnel with exactly these endpoints (family's bytes) and this key, 0 if none: a tunnel with a key
 * takes only that key, one without only packets without. */
uint16_t tunnel_find(const struct fwd_demux *d, uint8_t family, const uint8_t *local_be,
	const uint8_t *remote_be, const struct gre_view *g);

/* Judges the packet at the beginning of p->m, which has been inside a Register and is of p->family: data that
 * may be routed; sets ip_len and ttl, cuts what is behind it. */
bool classify_registered(struct pkt *p);
/* register.c: of PKT_REGISTER makes what it has inside, or PKT_DROP. now: the burst's time stamp. */
void register_decap(struct worker *w, struct pkt *p, uint64_t now);

/* The interface that brought p: its table is p's, and it counts what is dropped before replication. */
static inline uint16_t pkt_interface(const struct pkt *p)
{
	return likely(p->iif != DP_IF_REGISTER) ? p->iif : p->came_in;
}

static inline void pkt_drop(struct pkt *p, enum drop_reason reason)
{
	p->next = PKT_DROP;
	p->reason = (uint8_t)reason;
}

/* mfib_lookup.c: the route of each packet, in the table of its interface, or NULL. */
void mfib_lookup_bulk(const struct fwd_tables *t, struct pkt **pkts, unsigned n, uint8_t family);
/* The best lines_match for this CPU, and the one for all. */
lines_match_fn *mfib_lines_match(void);
lines_match_fn lines_match_plain;
/* The frequent case: every packet of the burst is untagged IPv4 data of one interface of the main table
 * without a tunnel (burst.plain), and its route, of the longest pair of lengths, has that as its only input.
 * Sets the route of those that are so; the others go to left, their number is returned. */
unsigned mfib_lookup_plain(const struct worker *w, struct burst *b, struct pkt **left);

/* local.c: whether an address (family's bytes, network order) is one of the router's own in this table. */
bool local_has(const struct fwd_tables *t, uint16_t table, const void *addr, uint8_t family);

/* marks.c: as above, for packets of a port that marks some: the marked ones without the hash. */
void marks_lookup_bulk(struct worker *w, struct pkt **pkts, unsigned n, uint8_t family);

/* finish.c: completes the TCP or UDP checksum that a kernel netdev left unfinished. */
void frame_finish(struct rte_mbuf *m);

/* tx.c: one complete frame out of an interface's port (frames from control and rewritten copies); takes m
 * over. */
void tx_one(struct worker *w, uint16_t port, struct rte_mbuf *m);
/* n complete frames, out of a port whose TX queue is ours; takes them over, not the array. */
void tx_run(struct worker *w, uint16_t port, struct rte_mbuf **v, unsigned n);

/* direct.c: forgets what does not hold any more; once a round. */
void direct_round(struct worker *w);
/* Whether p, at the head of a run, would go by the direct lane. */
bool direct_takes(struct worker *w, const struct pkt *p);
struct direct *direct_new(void); /* NULL: no memory */
void direct_free(struct direct *d);

/* frag.c: stage tx of a chunk in which some copies have to be cut (w->fragments). */
void frag_tx(struct worker *w);

/* path.c: makes the complete frame of a packet from control, with nothing but the tables (no worker):
 * VLAN tag, group MAC, tunnel. *port is where it goes. m stays the caller's.
 * -ENODEV no such interface, -ENETDOWN it or its underlay is down, -EINVAL not a packet this interface
 * can send, -EHOSTUNREACH tunnel not resolved, -EMSGSIZE beyond an MTU, -ENOBUFS no headroom. */
int path_encap(const struct fwd_tables *t, uint16_t ifid, enum dp_send_kind kind,
	struct rte_mbuf *m, uint16_t *port);

/* vlan.c: the interface of a frame with two tags, a service tag or a stripped one; e becomes what is behind
 * the tags. 0 after a drop. */
struct eth_view;
uint16_t vlan_interface(struct worker *w, struct pkt *p, struct eth_view *e);

/* upcall.c: signals a data event through gate and bucket; the bucket is that of the port w->b came from. */
void upcall_signal(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p);
/* p, to be dropped, has come in on the wrong interface. Where its route is not one for its source alone, control
 * may be about to make that: p is held then, and its buffer gone. */
void upcall_wrong(struct worker *w, struct pkt *p);
/* upcall.c: of a Register from src to dst (its family's bytes); p is what was inside, p->iif still the interface
 * it came in on. Flows are told apart by src and dst as well. Whether a signal went out: control's verdict is not
 * read before the burst has been looked up. */
bool upcall_register(struct worker *w, const struct pkt *p, const uint8_t *src, const uint8_t *dst,
	bool border, uint64_t now);
/* p, to be dropped, came in a Register that its route, if it has one, does not take. As upcall_wrong, but that
 * control has been told of it already. */
void upcall_refused(struct worker *w, struct pkt *p);
/* As upcall_register for the packets of b of which `which` has the bits: out of IPv4, the outer header is where it
 * was; iif says DP_IF_REGISTER, came_in where it came in. Sets told. */
void upcall_registers(struct worker *w, struct burst *b, uint64_t which);
/* upcall.c: the hash of a packet's flow; what control has sent down. */
uint64_t upcall_flow_hash(const struct worker *w, const struct pkt *p);
void upcall_commands(struct worker *w);
/* hold.c, both while w->held: at the beginning of a round, what control has decided and what has waited too
 * long, the number of packets that went on; after lookup, packets on hold go before newer ones. */
unsigned hold_round(struct worker *w);
void hold_pass(struct worker *w, struct burst *b);
/* upcall.c: packets without route, in the order in which they came: signalled, held or dropped. */
void upcall_misses(struct worker *w, struct pkt **v, unsigned n);
