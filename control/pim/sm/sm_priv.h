/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The tree information of PIM-SM: what the files of this room share. RFC 7761 section 4.1 lists the state;
 * the names are the RFC's.
 *
 * An sm_group exists while anything is known of a group; it holds (*,G). An sm_source hangs on its group
 * and holds (S,G) and (S,G,rpt), which are created and die together. State of an interface in an entry is
 * an sm_oif, made when something of it differs from nothing, freed when all of it is nothing again
 * (sm_oif_gc). What an event changes is worked out at its end: machines mark the entries they touched
 * (sm_touch), and sm_settle evaluates upstream machines and wishes of these once, so that a message
 * with thousands of groups costs one pass.
 */
#pragma once

#include <sys/queue.h>

#include "control/base/hash.h"
#include "control/base/order.h"
#include "control/base/route_key.h"
#include "control/pim/common/pim_priv.h"
#include "control/pim/sm/sm.h"

/* Kinds of timers, each with the struct that holds it. */
enum sm_timer_kind {
	SM_T_DOWN_ET =
		SM_TIMER_FIRST, /* sm_oif.et: Expiry Timer of (*,G) or (S,G) (4.5.1, 4.5.2) */
	SM_T_DOWN_PPT,          /* sm_oif.ppt: Prune-Pending Timer */
	SM_T_RPT_ET,            /* sm_oif.rpt_et, (S,G,rpt) (4.5.3) */
	SM_T_RPT_PPT,           /* sm_oif.rpt_ppt */
	SM_T_ASSERT,            /* sm_oif.at: Assert Timer (4.6) */
	SM_T_JOIN,              /* sm_up.jt: upstream Join Timer (4.5.4, 4.5.5) */
	SM_T_OVERRIDE,          /* sm_source.ot: Override Timer of (S,G,rpt) (4.5.6) */
	SM_T_KEEPALIVE,         /* sm_source.kat (4.1.4) */
	SM_T_REGISTER_STOP,     /* sm_source.rst (4.4.1) */
	SM_T_SPT_RATE,          /* pim_sm.rate_timer: looks at the counters of the flows */
	SM_T_FLUSH,             /* pim_sm.flush: joins and prunes queued for neighbours go out */
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
/* 4.5.6 */
enum up_rpt_state { UP_RPT_NOT_JOINED, UP_RPT_NOT_PRUNED, UP_RPT_PRUNED };
/* 4.4.1 */
enum register_state { REG_NOINFO, REG_JOIN, REG_JOIN_PENDING, REG_PRUNE };

/* 4.6.3. Lower is better; infinite_assert_metric has all ones. */
struct assert_metric {
	bool rpt_bit;
	uint32_t preference, metric;
	struct ipaddr address; /* the higher wins */
};

struct sm_entry;

/* What is known of an interface in (*,G), or in (S,G) with (S,G,rpt). */
struct sm_oif {
	LIST_ENTRY(sm_oif) link;
	struct sm_entry *entry;
	struct pim_iface *pif;
	uint8_t ds;     /* enum ds_state */
	uint8_t ds_rpt; /* enum ds_rpt_state; (S,G) only */
	uint8_t assert; /* enum assert_state */
	uint8_t member; /* enum member_state: pim_include, pim_exclude before I_am_DR is asked */
	struct timer et, ppt;         /* ET, PPT */
	struct timer rpt_et, rpt_ppt; /* of (S,G,rpt) */
	struct timer at;
	struct assert_metric winner; /* AssertWinner(.., I) and its metric; address IP_NONE: none */
};

/* Upstream: towards whom an entry is joined. RPF targets are in an index by address, so that a change of
 * routes costs what it concerns. */
struct sm_up {
	struct order_node by_target;
	struct ipaddr target; /* RP(G) or S; IP_NONE: no RP */
	uint32_t serial;      /* makes the order unique */
	struct net_rpf rpf;   /* RPF_interface, MRIB.next_hop, metric; as net said last */
	struct ipaddr nbr;    /* RPF'(..): who was joined; IP_NONE: nobody, or directly connected */
	uint16_t ifid;        /* where; 0 none */
	uint8_t state;        /* enum up_state */
	struct timer jt;
};

enum sm_entry_kind { SM_STAR_G, SM_S_G };

struct sm_entry {
	uint8_t kind;  /* enum sm_entry_kind */
	bool touched;  /* in pim_sm.touched */
	bool has_wish; /* the TIB has one of this key */
	TAILQ_ENTRY(sm_entry) in_touched;
	LIST_HEAD(, sm_oif) oifs;
	struct sm_up up;
	uint64_t created_us;
};

/* An RP of the configuration with one of its group prefixes. */
struct sm_rp_map {
	struct prefix groups;
	struct ipaddr rp;
};

struct sm_group {
	struct sm_entry star; /* (*,G) */
	struct hash_node node;
	struct ipaddr grp;
	struct ipaddr rp; /* RP(G); IP_NONE: none, or SSM */
	bool ssm;
	bool i_am_rp;
	bool star_state; /* (*,G) has state of its own: else it is only where sources hang */
	uint32_t n_sources;
	LIST_HEAD(, sm_source) sources;
};

struct sm_source {
	struct sm_entry sg; /* (S,G) */
	struct hash_node node;
	LIST_ENTRY(sm_source) in_group;
	struct sm_group *group;
	struct ipaddr src;
	bool spt_bit;
	uint8_t up_rpt;        /* enum up_rpt_state */
	uint8_t reg;           /* enum register_state */
	bool registered;       /* learnt through a Register (flag L) */
	bool direct;           /* DirectlyConnected(S), as net said last */
	struct timer ot;       /* (S,G,rpt) Override Timer */
	struct timer kat, rst; /* Keepalive, Register-Stop Timer */
	uint64_t kat_packets;  /* packets of the route when the Keepalive Timer was set last */
};

struct pim_sm {
	struct pim_self *pim;
	struct hash_table groups, sources; /* by G; by (S,G) */
	struct order_tree targets;         /* sm_up by target */
	uint32_t serial;
	TAILQ_HEAD(, sm_entry) touched;
	struct sm_rp_map *rps; /* longest prefix first; equal ones: highest address */
	size_t n_rps;
	struct timer rate_timer, flush;
	struct jp_queue *jp;   /* joins and prunes to be sent, by (interface, upstream neighbour) */
	uint64_t n_star, n_sg; /* for limits and show */
};

static inline struct sm_group *group_of(struct sm_entry *e)
{
	return e->kind == SM_STAR_G ? container_of(e, struct sm_group, star)
				    : container_of(e, struct sm_source, sg)->group;
}

static inline struct sm_source *source_of(struct sm_entry *e)
{
	return container_of(e, struct sm_source, sg);
}
