/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The tree information of PIM-SM: what the files of this room share. RFC 7761 section 4.1 lists the state;
 * the names are the RFC's.
 *
 * An sm_group exists while anything is known of a group; it holds (*,G). An sm_source hangs on its group
 * and holds (S,G) and (S,G,rpt), which are created and die together. State of an interface in an entry is
 * an sm_oif, made when something of it differs from nothing, freed when all of it is nothing again
 * (sm_oif_gc).
 *
 * What an event changes is worked out at its end: whoever changes something that a formula asks for
 * marks the entry (sm_touch), and sm_settle evaluates asserts, upstream machines, Register machines and
 * wishes of the marked ones once, so that a message with thousands of groups costs one pass. Nobody but
 * sm_settle frees a group or a source, so pointers to them hold through an event; nobody but sm_oif_gc
 * frees an sm_oif. Every function of sm.h ends with sm_settle.
 *
 * Files: state.c entries and their parts; rp.c RP(G); target.c who leads to S and RP; move.c from one way to
 * another; macro.c the formulas;
 * down.c, down_rpt.c figures 2 to 4; up.c, up_rpt.c figures 5 to 7; recv.c and jp.c Join/Prune in and out;
 * mfib.c wishes; settle.c; sm.c what the common part calls; assert.c, assert_event.c, register.c, spt.c,
 * upcall.c.
 */
#pragma once

#include <sys/queue.h>

#include "control/base/hash.h"
#include "control/base/order.h"
#include "control/base/route_key.h"
#include "control/base/slab.h"
#include "control/pim/common/pim_priv.h"
#include "control/pim/sm/sm.h"

/* Kinds of timers, each with the struct that holds it. */
enum sm_timer_kind {
	/* sm_oif.et: Expiry Timer of (*,G) or (S,G) (4.5.1, 4.5.2) */
	SM_T_DOWN_ET = SM_TIMER_FIRST,
	SM_T_DOWN_PPT,      /* sm_prunes.ppt: Prune-Pending Timer */
	SM_T_RPT_ET,        /* sm_prunes.rpt_et, (S,G,rpt) (4.5.3) */
	SM_T_RPT_PPT,       /* sm_prunes.rpt_ppt */
	SM_T_ASSERT,        /* assert_info.at: Assert Timer (4.6) */
	SM_T_JOIN,          /* sm_up.jt: upstream Join Timer (4.5.4, 4.5.5) */
	SM_T_OVERRIDE,      /* sm_source.ot: Override Timer of (S,G,rpt) (4.5.7) */
	SM_T_KEEPALIVE,     /* sm_source.kat (4.1.3) */
	SM_T_REGISTER_STOP, /* sm_tunnel.rst (4.4.1) */
	SM_T_SPT_RATE,      /* pim_sm.rate_timer: looks at the counters of the flows */
	SM_T_FLUSH,         /* pim_sm.flush: joins and prunes that can wait go out */
	SM_T_MOVE,          /* sm_move.t: the old path is given up */
	SM_T_ODD_METRICS,   /* sm_iface.odd_metrics */
	SM_T_SETTLE,        /* pim_sm.settle: more entries are marked than one event may settle */
};

/* Downstream state of an interface, figures 2 and 3 (4.5.1, 4.5.2). */
enum ds_state { DS_NOINFO, DS_JOIN, DS_PRUNE_PENDING };
/* The same for (S,G,rpt), figure 4 (4.5.3). */
enum ds_rpt_state {
	DS_RPT_NOINFO,
	DS_RPT_PRUNE,
	DS_RPT_PRUNE_PENDING,
	DS_RPT_PRUNE_TMP,
	DS_RPT_PRUNE_PENDING_TMP,
};
/* 4.6.1, 4.6.2 */
enum assert_state { ASSERT_NOINFO, ASSERT_WINNER, ASSERT_LOSER };
/* 4.5.4, 4.5.5 */
enum up_state { UP_NOT_JOINED, UP_JOINED };
/* 4.5.7 */
enum up_rpt_state { UP_RPT_NOT_JOINED, UP_RPT_PRUNED, UP_RPT_NOT_PRUNED };
/* 4.4.1 */
enum register_state { REG_NOINFO, REG_JOIN, REG_JOIN_PENDING, REG_PRUNE };

/* 4.6.3. Lower is better; infinite_assert_metric has all ones. */
struct assert_metric {
	bool rpt_bit;
	uint32_t preference, metric;
	struct ipaddr address; /* the higher wins */
};

struct sm_entry;

/* A router at the other end of an interface: whom we join, and who joined us. It need not be a
 * neighbour at the moment (peer.c). */
struct sm_peer {
	struct hash_node node;
	uint16_t ifid;
	struct ipaddr addr;
	LIST_HEAD(, sm_up) ups; /* joined towards it, or would be if it were a neighbour */
	uint32_t n_ups;
	uint32_t n_states;   /* downstream states that its messages made */
	struct jp_queue *jp; /* joins and prunes to be sent to it; NULL: none (jp.c) */
};

/* An interface as this room knows it. */
struct sm_iface {
	struct hash_node node;
	uint16_t ifid;
	uint8_t family;
	struct pim_iface *pif; /* NULL: PIM does not run there, only memberships are known */
	LIST_HEAD(, sm_oif) oifs;
	uint32_t n_oifs;
	/* Runs: a next hop there said to be no nearer to the target than we are, so that metrics of routers on it
	 * cannot be compared. Until routes change, and for Assert_Time: it may have been the next hop whose routes were
	 * late, of which we hear nothing more once it has lost. */
	struct timer odd_metrics;
};

/* What Prunes on an interface have begun: only while (*,G) or (S,G) is in Prune-Pending or (S,G,rpt) is not in
 * NoInfo. */
struct sm_prunes {
	struct sm_oif *oif;
	struct timer ppt;             /* of (*,G) or (S,G) */
	struct timer rpt_et, rpt_ppt; /* of (S,G,rpt) */
};

/* The Assert machine of an interface beyond its state: from its first assert on. */
struct assert_info {
	struct sm_oif *oif;
	struct timer at;             /* AT */
	struct assert_metric winner; /* AssertWinner(.., I) and its metric; address IP_NONE: none */
	uint64_t sent_us;            /* the last Assert that data set off; 0 none */
	uint32_t pruned_in; /* pim_sm.pass when a Prune(S,G,rpt) to another was seen last */
};

/* What is known of an interface in (*,G), or in (S,G) with (S,G,rpt). In order of ifid in its entry. */
struct sm_oif {
	LIST_ENTRY(sm_oif) link;     /* sm_entry.oifs */
	LIST_ENTRY(sm_oif) in_iface; /* sm_iface.oifs */
	struct sm_entry *entry;
	struct sm_iface *iface;
	struct sm_peer *by;       /* who made the downstream state; NULL: none */
	uint8_t ds;               /* enum ds_state */
	uint8_t ds_rpt;           /* enum ds_rpt_state; (S,G) only */
	uint8_t assert;           /* enum assert_state */
	uint8_t member;           /* enum member_state: local_receiver_include, _exclude */
	struct timer et;          /* ET */
	struct sm_prunes *prunes; /* NULL: none has begun anything */
	struct assert_info *info; /* NULL: there was no assert */
	uint64_t since_us;        /* for show */
};

/* What the unicast routes say of an address. */
struct sm_rpf {
	uint16_t ifid;          /* RPF_interface: 0 unreachable, DP_IF_REGISTER at the RP */
	bool connected;         /* DirectlyConnected */
	struct ipaddr next_hop; /* MRIB.next_hop; IP_NONE: NULL */
	uint32_t preference, metric;
};

/* An entry whose RPF interface or neighbour changed takes what comes by the old path and the new one, and prunes the
 * old neighbour when the new path brings what the old one does (move.c). */
struct sm_move {
	struct sm_up *up;
	uint16_t ifid;     /* the old interface */
	bool left;         /* the old neighbour is pruned */
	struct ipaddr nbr; /* the old RPF'; IP_NONE: nobody to prune */
	struct ipaddr rp;  /* of a Prune(*,G) */
	struct timer t;
};

/* What a target is asked for. */
enum sm_target_kind {
	TARGET_S,
	TARGET_RP,
	TARGET_SELF, /* the RP is this router */
};

/* An address that entries lead to: S, or RP(G). One for all entries of which it is the same, in an index by
 * address: a change of routes costs what it concerns. */
struct sm_target {
	struct order_node node;
	struct ipaddr addr;
	uint8_t kind;  /* enum sm_target_kind */
	bool stale;    /* rpf is to be asked for again, when the first of its entries is settled */
	bool by_group; /* several equal paths: rpf is that of no group in particular */
	struct sm_rpf rpf;
	uint32_t n_ups; /* of S: its groups, for limits.per_source */
	LIST_HEAD(, sm_up) ups;
};

/* Upstream: towards whom an entry is joined. */
struct sm_up {
	struct sm_target *target; /* NULL: no RP */
	struct sm_rpf *own; /* its group has another path than the target's rpf; NULL: it has not */
	LIST_ENTRY(sm_up) in_target;
	struct ipaddr nbr;   /* RPF'(..): who was joined; IP_NONE: nobody */
	uint16_t ifid;       /* where; 0 none */
	uint8_t state;       /* enum up_state */
	bool by_assert;      /* nbr is an assert's winner */
	bool override;       /* JT was decreased: what it sends does not wait for others */
	uint32_t joined_s;   /* since when it is joined */
	struct ipaddr *left; /* who was joined before nbr won an assert; NULL: nobody */
	LIST_ENTRY(sm_up) in_peer;
	struct sm_peer *peer; /* while joined; NULL otherwise */
	struct sm_move *move; /* NULL: it is not moving */
	struct timer jt;
};

enum sm_entry_kind { SM_STAR_G, SM_S_G };

struct sm_entry {
	uint8_t kind;   /* enum sm_entry_kind */
	bool touched;   /* in pim_sm.touched */
	uint8_t rounds; /* evaluations in pass */
	uint32_t pass;  /* pim_sm.pass when it was evaluated last */
	TAILQ_ENTRY(sm_entry) in_touched;
	LIST_HEAD(, sm_oif) oifs;
	struct sm_up up;
	uint64_t wish; /* a hash of what the TIB has of this key; 0 nothing */
	uint64_t created_us;
};

/* An RP of the configuration with one of its group prefixes. */
struct sm_rp_map {
	struct prefix groups;
	struct ipaddr rp;
	bool local; /* an address of ours */
};

struct sm_group {
	struct sm_entry star; /* (*,G) */
	struct hash_node node;
	struct ipaddr grp;
	struct ipaddr rp_joined; /* Last RP Used (4.1.2) */
	bool ssm;
	bool join_seen; /* a Join(*,G) is in the message being read */
	uint32_t n_sources;
	LIST_HEAD(, sm_source) sources;
};

struct sm_source {
	struct sm_entry sg; /* (S,G) */
	struct hash_node node;
	LIST_ENTRY(sm_source) in_group;
	struct sm_group *group;
	bool spt_bit;         /* change it with sm_spt_bit_set */
	uint8_t up_rpt;       /* enum up_rpt_state */
	bool rpt_nbr_differs; /* NotPruned: RPF'(S,G,rpt) was not RPF'(*,G) when looked at last */
	bool rpt_told;        /* Pruned: RPF'(*,G) was told, and is with each Join(*,G) */
	uint8_t reg;          /* enum register_state */
	bool registered;      /* learnt through a Register (flag L) */
	bool rate_reached;    /* SwitchToSptDesired by rate */
	bool kat_by_assert;   /* nothing but a lost Assert has set kat */
	struct timer kat;     /* Keepalive Timer */
	struct timer ot;      /* (S,G,rpt) Override Timer */
	struct sm_tunnel *tunnel; /* NULL exactly while reg is NoInfo */
	struct sm_watch *watch;   /* NULL: its rate is not measured */
};

/* The Register tunnel of a source. */
struct sm_tunnel {
	struct sm_source *source;
	struct ipaddr rp; /* whom it leads to */
	struct timer rst; /* Register-Stop Timer */
};

/* A source whose rate is measured for the switchover (spt.c): it stays meanwhile, and has a wish of its own whose
 * packets count. */
struct sm_watch {
	LIST_ENTRY(sm_watch) link; /* pim_sm.watched */
	struct sm_source *source;
	uint64_t bytes, us; /* of the route, and when, at the last look */
};

/* A Register-Stop sent lately: one a second for each (S,G,DR). */
struct register_stop_sent {
	uint64_t hash, until_us;
};
#define REGISTER_STOPS_KEPT 256u

/* What has no counter among the drops. */
struct sm_stats {
	uint64_t joins_sent, prunes_sent, joins_received, prunes_received; /* entries */
	uint64_t rpt_cut;       /* Prunes(S,G,rpt) that a Join(*,G) had no room for (4.9.5.2) */
	uint64_t settle_circle; /* an entry that did not come to rest: a defect of ours */
};

struct pim_sm {
	struct pim_self *pim;
	struct slab group_slab, source_slab, oif_slab, target_slab;
	struct hash_table groups, sources; /* by G; by (S,G) */
	struct hash_table ifaces, peers;   /* by (ifid, family); by (ifid, address) */
	struct order_tree targets;         /* by address and kind */
	TAILQ_HEAD(, sm_entry) touched;
	struct sm_rp_map *rps; /* longest prefix first; equal ones: highest address */
	size_t n_rps;
	struct timer rate_timer, flush, settle;
	LIST_HEAD(, sm_watch) watched;
	struct register_stop_sent stops[REGISTER_STOPS_KEPT];
	TAILQ_HEAD(, jp_queue) jp;  /* in the order in which they were begun */
	uint64_t n_star, n_sg;      /* groups, sources: for limits and show */
	uint32_t pass;              /* of sm_settle */
	uint8_t *jp_buf;            /* PIM_MSG_MAX bytes */
	struct tib_output *outputs; /* working memory of mfib.c */
	uint32_t outputs_cap;
	struct sm_stats stats;
	struct log_rate states_log, source_log; /* of limits */
	bool source_ours[2];            /* register_source, by family, is an address of ours */
	struct ipaddr source_missed[2]; /* it is not, which was said */
};

static inline struct sm_group *group_of(const struct sm_entry *e)
{
	return e->kind == SM_STAR_G ? container_of(e, struct sm_group, star)
				    : container_of(e, struct sm_source, sg)->group;
}

/* e is an (S,G). */
static inline struct sm_source *source_of(const struct sm_entry *e)
{
	return container_of(e, struct sm_source, sg);
}

/* S of an (S,G). */
static inline const struct ipaddr *src_of(const struct sm_source *s)
{
	return &s->sg.up.target->addr;
}

/* RP(G); IP_NONE: none, or SSM. */
static inline const struct ipaddr *RP_G(const struct sm_group *g)
{
	static const struct ipaddr none;

	return g->star.up.target ? &g->star.up.target->addr : &none;
}

/* I_am_RP(G) */
static inline bool I_am_RP(const struct sm_group *g)
{
	return g->star.up.target && g->star.up.target->kind == TARGET_SELF;
}

/* What the unicast routes say of where the entry leads. */
static inline const struct sm_rpf *rpf_of(const struct sm_up *up)
{
	static const struct sm_rpf unreachable;

	if (up->own)
		return up->own;
	return up->target ? &up->target->rpf : &unreachable;
}

/* AssertWinner(.., I) and its metric. */
static inline const struct assert_metric *AssertWinner(const struct sm_oif *oif)
{
	static const struct assert_metric none;

	return oif->info ? &oif->info->winner : &none;
}

/* --- state.c ----------------------------------------------------------------------------------- */

/* The group, made if need be. NULL: no memory, or the limit is reached (counted, notified). A group or
 * source that got no state by the end of the event is freed again. */
struct sm_group *sm_group_get(struct pim_sm *sm, const struct ipaddr *grp, struct proto_ctx *ctx);
struct sm_source *sm_source_get(
	struct pim_sm *sm, struct sm_group *g, const struct ipaddr *src, struct proto_ctx *ctx);
struct sm_group *sm_group_find(const struct pim_sm *sm, const struct ipaddr *grp);
struct sm_source *sm_source_find(
	const struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp);
/* State of an interface in an entry, made if need be: NULL no memory. */
struct sm_oif *sm_oif_get(
	struct pim_sm *sm, struct sm_entry *e, struct pim_iface *pif, struct proto_ctx *ctx);
struct sm_oif *sm_oif_find(const struct sm_entry *e, const struct pim_iface *pif);
/* Frees it if all of it is nothing. True: it is gone, its entry is marked. */
bool sm_oif_gc(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx);
/* Its info, made if need be; NULL no memory (counted). */
struct assert_info *sm_assert_info_get(struct pim_sm *sm, struct sm_oif *oif);
/* There is no winner, AT does not run. */
void sm_assert_info_clear(struct sm_oif *oif, struct timer_heap *timers);
/* Something that a formula over e asks for has changed. (*,G): all its (S,G) are marked with it. */
void sm_touch(struct pim_sm *sm, struct sm_entry *e);
/* The interface in this room's index; NULL: nothing is known on it. */
struct sm_iface *sm_iface_find(const struct pim_sm *sm, uint16_t ifid, uint8_t family);
/* Arms or moves a timer: sets its owner and kind. */
void sm_timer_set(struct pim_sm *sm, struct proto_ctx *ctx, struct timer *t,
	enum sm_timer_kind kind, uint64_t due_us);
/* SPTbit(S,G), with sm_touch if it changes. */
void sm_spt_bit_set(struct pim_sm *sm, struct sm_source *s, bool on);
/* KeepaliveTimer(S,G) is set to run for so long from now, with sm_touch if it did not run. */
void sm_keepalive_set(
	struct pim_sm *sm, struct sm_source *s, uint64_t period_us, struct proto_ctx *ctx);

/* --- move.c ------------------------------------------------------------------------------------- */

/* The new path of the entry brings what the old one does, whose neighbour is pruned. Harmless if it is not moving. */
void sm_move_ready(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
/* The old path, or what is left of it, has had its time. */
void sm_move_timer(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
/* Nothing is accepted by the old path any more, which is pruned. Harmless if it is not moving. */
void sm_move_done(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);

/* --- settle.c ---------------------------------------------------------------------------------- */

/* At the end of an event: evaluates what is marked, sends what is urgent. */
void sm_settle(struct pim_sm *sm, struct proto_ctx *ctx);

/* --- jp.c -------------------------------------------------------------------------------------- */

enum jp_kind { JP_SG, JP_STAR_G, JP_SG_RPT };

/* Queues a Join or Prune of (S,G), (S,G,rpt) (src: S) or (*,G) (src: the RP) for the upstream neighbour
 * nbr on pif; the last one said of the same thing counts. A Join(*,G) takes its Prunes(S,G,rpt) with it
 * (4.5.6) when it is sent. urgent: goes out when this event ends, with all that waits for nbr; else
 * within JP_WAIT_US. */
void jp_queue_add(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *nbr, bool join,
	enum jp_kind kind, const struct ipaddr *src, const struct ipaddr *grp, bool urgent,
	struct proto_ctx *ctx);

/* --- hooks that belong to the machines of data: called by the trees ------------------------------- */

/* assert_event.c. In sm_settle, before the upstream machines, of a marked entry: CouldAssert -> FALSE,
 * AssertTrackingDesired -> FALSE, my_metric -> better than winner's metric; our address on an interface is
 * another one. */
void assert_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx);
/* RPF_interface(RP(G)) or RPF_interface(S) stopped being the interface old_ifid. */
void assert_rpf_changed(
	struct pim_sm *sm, struct sm_entry *e, uint16_t old_ifid, struct proto_ctx *ctx);
/* RP(G) is another one. Deviation: asserts lost for (*,G) are void then. They compared ways to the old RP, which 4.6.2 does
 * not ask; a winner that is upstream may have its way to the new one through us, and two routers would join each other
 * for ever. */
void assert_rp_changed(struct pim_sm *sm, struct sm_group *g, struct proto_ctx *ctx);
/* A Join(*,G) or Join(S,G) for us came in on the interface; also called for (S,G) when a Join(*,G) came
 * without Prune(S,G,rpt) (4.6.5 rule 7). */
void assert_join_received(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx);
/* Likewise for another router, who may have lost to us, or a Join(S,G,rpt) for him: AT is decreased to about t_override
 * if we have won, and the message being read holds no Prune(S,G,rpt) of it. */
void assert_join_seen(
	struct pim_sm *sm, struct sm_entry *e, struct pim_iface *pif, struct proto_ctx *ctx);
/* That Prune(S,G,rpt). */
void assert_rpt_prune_seen(struct pim_sm *sm, struct sm_source *s, struct pim_iface *pif);
/* The router with this primary address on pif is gone or restarted: asserts it has won are void. */
void assert_neigh_void(
	struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *addr, struct proto_ctx *ctx);
/* AssertCancels for all that we have won on the interface, which PIM is about to leave (4.6.3). */
void assert_cancel_all(struct pim_sm *sm, struct sm_iface *iface, struct proto_ctx *ctx);
/* AT expired. */
void assert_timer(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx);
/* register.c. In sm_settle, of a marked source: CouldRegister changed, RP changed. */
void register_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
/* RST expired. */
void register_stop_timer(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
/* spt.c. KAT expired; time to look at rates; the configuration of the switchover changed. */
void keepalive_timer(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
/* keepalive.c. An Assert that was lost has ended: KAT goes if nothing else has set it, unless packets came. */
void keepalive_assert_ended(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx);
void spt_rate_timer(struct pim_sm *sm, struct proto_ctx *ctx);
void spt_config(struct pim_sm *sm, struct proto_ctx *ctx);
/* Whether data alone keeps (S,G): it is not freed while this holds, and has a wish of its own, with inputs that
 * accept (so that packets count) even if no output is left. */
static inline bool data_holds(const struct sm_source *s)
{
	return timer_armed(&s->kat) || s->watch;
}
/* SPTbit(S,G). In the SSM range it counts as always set (4.8.2). */
static inline bool SPTbit(const struct sm_source *s)
{
	return s->spt_bit || s->group->ssm;
}
