/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM sparse mode (RFC 7761), and what an operator says about and asks of it. common/ has the wire,
 * interfaces, Hellos, neighbours and the DR; sm/ has the trees. Both families: an interface runs PIM once
 * for IPv4 and once for IPv6, each with neighbours of its own.
 */
#pragma once

#include "control/base/refused.h"
#include "control/pim/common/wire.h"
#include "control/run/proto.h"

/* --- configuration ----------------------------------------------------------------------------- */

/* One rule of a list of prefixes. The first match decides; a list without a match denies, an empty list
 * permits. */
struct pim_rule {
	struct prefix prefix;
	bool permit;
};

/* A rule about a source and a group; len 0: any. */
struct pim_sg_rule {
	struct prefix src, grp;
	bool permit;
};

enum pim_mode { PIM_MODE_OFF, PIM_MODE_SPARSE };

/* Settings of an interface, by name: it need not exist (yet). Loopbacks are always passive. */
struct pim_if_config {
	char interface[DP_IF_NAMELEN];
	uint8_t mode;    /* enum pim_mode */
	bool ipv4, ipv6; /* families it runs, where the interface has an address of them */
	bool passive;    /* sends and takes no PIM message; hosts behind it are served */
	bool border; /* border-router: what comes in here counts as directly connected sources */
	bool bfd;    /* reserved: refused by the check */
	uint32_t dr_priority;           /* RFC 7761 4.3.2 */
	uint16_t hello_interval_s;      /* Hello_Period, 1 to 18724 */
	uint16_t hello_holdtime_s;      /* 0: 3.5 times the interval; 65535: for ever */
	uint16_t join_prune_interval_s; /* t_periodic, 1 to 18724; their holdtime is 3.5 times it */
	uint16_t propagation_delay_ms;  /* Propagation_Delay(I), 100 to 32767 */
	uint16_t override_interval_ms;  /* Override_Interval(I) */
	bool disable_join_suppression;  /* T bit (4.3.3) */
	uint32_t max_neighbors;         /* 0: no limit */
	uint32_t n_neighbors;           /* access list of neighbours, by primary address */
	const struct pim_rule *neighbors;
	uint32_t n_boundary; /* groups that neither come in nor go out here, data nor joins */
	const struct prefix *boundary;
};

/* A static RP. groups: none is all of the family. */
struct pim_rp_config {
	struct ipaddr address;
	uint32_t n_groups;
	const struct prefix *groups;
};

enum pim_spt {
	PIM_SPT_IMMEDIATE, /* with the first packet */
	PIM_SPT_NEVER,
	PIM_SPT_GROUPS, /* at once for groups that spt_groups permits */
	PIM_SPT_RATE,   /* from spt_rate_kbps on */
};

/* What may exist by default. A source and a group of its own are two states and, with their route, some 2 KB:
 * half a gigabyte in all, of which no neighbour or source alone gets more than half. */
#define PIM_MAX_STATES 524288u
#define PIM_MAX_STATES_OF_ONE (PIM_MAX_STATES / 4)

/* States that may exist: 0 is no limit. */
struct pim_limits {
	uint32_t states;       /* (*,G) and (S,G) in all */
	uint32_t per_neighbor; /* asked for by one neighbour */
	uint32_t per_source;   /* groups of one source */
};

/* EV_CONFIG: the whole of it. The arrays are the caller's; the protocol keeps its own copy. */
struct pim_config {
	char name[64]; /* of the router */
	uint64_t
		seed; /* of random delays and Generation IDs; 0: from the clock and the addresses */
	size_t n_ifs;
	const struct pim_if_config *ifs;
	size_t n_rps;
	const struct pim_rp_config *rps;
	size_t n_ssm; /* RFC 4607: where only (S,G) exists; 0: nowhere */
	const struct prefix *ssm;
	uint8_t spt; /* enum pim_spt */
	uint32_t spt_rate_kbps;
	uint32_t n_spt_groups;
	const struct pim_rule *spt_groups;
	uint32_t n_register_rules; /* what an RP takes Registers of */
	const struct pim_sg_rule *register_rules;
	uint16_t keepalive_s;             /* Keepalive_Period, 210 (4.11) */
	uint16_t register_suppression_s;  /* Register_Suppression_Time, 60 */
	uint16_t register_probe_s;        /* Register_Probe_Time, 5 */
	uint16_t assert_s;                /* Assert_Time, 180 */
	uint16_t assert_override_s;       /* Assert_Override_Interval, 3 */
	struct ipaddr register_source[2]; /* IPv4, IPv6: source of Registers; IP_NONE: of the
					   * interface towards the RP */
	struct pim_limits limits;
};

/* No interfaces and RPs; the RFC's times; SSM ranges 232.0.0.0/8 and ff30::/32 to ff3f::/32 (constant
 * memory); SPT at once; PIM_MAX_STATES. */
void pim_config_default(struct pim_config *c);
/* The groups of an RP that names none: 224.0.0.0/4 or ff00::/8. */
struct prefix pim_all_groups(enum ip_family family);
/* The RFC's times, sparse, IPv4, 512 neighbours; no name. */
void pim_if_config_default(struct pim_if_config *c);
/* Whether the settings make sense: 0, or -EINVAL and a sentence that says what is wrong and what to do. */
int pim_if_config_check(const struct pim_if_config *c, char *err, size_t err_cap);
/* The same of all: its interfaces, that none is there twice, RPs, ranges, rules, times. */
int pim_config_check(const struct pim_config *c, char *err, size_t err_cap);

/* --- commands ---------------------------------------------------------------------------------- */

enum pim_command_kind {
	PIM_CLEAR_NEIGHBORS,  /* forgotten, with what they asked for, until their next Hello */
	PIM_CLEAR_STATISTICS, /* counters to zero */
};

/* EV_COMMAND: `clear pim neighbor|statistics`. */
struct pim_command {
	enum pim_command_kind kind;
	char interface[DP_IF_NAMELEN]; /* "": all; -ENOENT if PIM does not run there */
	struct ipaddr neighbor;        /* PIM_CLEAR_NEIGHBORS: IP_NONE all; -ENOENT */
};

extern const struct proto pim_proto;

/* --- show -------------------------------------------------------------------------------------- */

/* Counters, of an interface and of the whole; sm adds what it sends and refuses. */
struct pim_stats {
	uint64_t rx[PIM_TYPES], tx[PIM_TYPES]; /* messages by type; rx: with a sound header */
	uint64_t rx_bytes, tx_bytes;           /* of IP */
	uint64_t drops[PIM_DROP_COUNT];
	struct ipaddr
		drop_from[PIM_DROP_COUNT]; /* sender of the last one; IP_NONE: not a message's */
	uint64_t drop_us[PIM_DROP_COUNT];  /* when that was */
	uint64_t neighbors_new, neighbors_lost, neighbors_restarted;
	uint64_t dr_changes;
};
void pim_stats_get(const void *self, struct pim_stats *out);
/* The last time since since_us that a limit (PIM_DROP_limit_states, _neighbor or _source) refused state for (src, grp);
 * src IP_NONE: for any source. False: never, or it is forgotten. */
bool pim_refusal_get(const void *self, const struct ipaddr *src, const struct ipaddr *grp,
	uint64_t since_us, struct refusal *out);

struct pim_iface_info {
	uint16_t ifid;
	uint8_t family;
	const struct pim_if_config *conf;
	struct ipaddr address; /* primary; IP_NONE while it has none */
	bool up;               /* PIM runs: the interface is up and has an address */
	bool passive;          /* configured so, or a loopback */
	struct ipaddr dr;      /* IP_NONE while not up */
	bool i_am_dr;
	uint32_t genid;
	uint32_t n_neighbors;
	uint16_t hello_holdtime_s;                           /* as sent */
	uint64_t hello_due_us;                               /* TIMER_NEVER: none is due */
	uint32_t propagation_delay_ms, override_interval_ms; /* effective (4.3.3) */
	bool lan_delay_enabled, suppression_enabled;
	uint64_t up_since_us;
	const struct pim_stats *stats;
};
/* Each (interface, family) that is configured and exists, in order of interface id, IPv4 first. Returns
 * false from cb to stop. Borrowed until the next event. */
void pim_iface_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_iface_info *i), void *arg);

struct pim_neigh_info {
	uint16_t ifid;
	struct ipaddr address; /* primary */
	bool is_dr;
	uint16_t has; /* enum pim_hello_has: which options it sends */
	uint32_t dr_priority, genid;
	uint16_t holdtime_s;
	uint16_t propagation_delay_ms, override_interval_ms;
	bool tracking_support;
	uint64_t since_us;
	uint64_t expires_us; /* TIMER_NEVER: never */
	uint32_t n_secondary;
	const struct ipaddr *secondary;
	uint32_t n_states; /* asked for by it */
};
/* All neighbours by interface, then by address. */
void pim_neigh_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_neigh_info *n), void *arg);

struct pim_sm;
/* For sm's own walkers. */
const struct pim_sm *pim_sm_of(const void *self);

/* An assert that was won or lost. */
struct pim_assert_info {
	uint16_t ifid;
	struct ipaddr src; /* IP_NONE: (*,G) */
	struct ipaddr grp;
	const char *state;    /* "winner", "loser" */
	struct ipaddr winner; /* us, if won */
	bool rpt;
	uint32_t preference, metric;
	uint64_t expires_us; /* winner: the next Assert is due */
};
/* By group, source and interface. Returns false from cb to stop. */
void pim_assert_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_assert_info *i), void *arg);

/* A source that we register as its DR, or that was registered with us, the RP. */
struct pim_register_info {
	struct ipaddr src, grp;
	struct ipaddr rp;     /* IP_NONE: there is none */
	bool by_others;       /* we are the RP; state is "" */
	const char *state;    /* "noinfo", "join", "join_pending", "prune" (4.4.1) */
	uint16_t ifid;        /* towards the source; 0 unknown */
	uint64_t stop_due_us; /* Register-Stop Timer; TIMER_NEVER: it does not run */
	uint64_t since_us;    /* (S,G) exists */
};
/* By group and source. */
void pim_register_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_register_info *i), void *arg);

/* --- trees --- */

/* (*,G), or (S,G) with (S,G,rpt). Names of states are those of the RFC's figures, in lower case. */
struct pim_tree_info {
	struct ipaddr src; /* IP_NONE: (*,G) */
	struct ipaddr grp;
	struct ipaddr rp; /* RP(G); IP_NONE: there is none, or SSM */
	bool i_am_rp, ssm;
	uint16_t ifid;          /* RPF_interface; 0 unreachable, DP_IF_REGISTER at the RP */
	struct ipaddr next_hop; /* MRIB.next_hop; IP_NONE: none, or directly connected */
	struct ipaddr neighbor; /* RPF'; IP_NONE: there is none, or it is no PIM neighbour */
	bool by_assert;         /* an assert's winner is RPF' */
	bool connected;         /* DirectlyConnected(S) */
	bool joined;            /* upstream state */
	bool join_desired;
	uint64_t join_due_us;       /* TIMER_NEVER: JT does not run */
	const char *rpt_state;      /* (S,G): "not_joined", "pruned", "not_pruned"; else "" */
	bool spt_bit;               /* (S,G) */
	uint64_t keepalive_due_us;  /* (S,G); TIMER_NEVER */
	const char *register_state; /* as pim_register_info; "" for (*,G) */
	bool registered;            /* learnt through a Register */
	bool routed;                /* the TIB has a wish of this key */
	uint32_t n_oifs;            /* interfaces of which something is known */
	uint64_t since_us;
	const void *entry; /* for pim_oif_walk */
};
/* By group; (*,G) before its (S,G), those by source. src, grp: NULL all; src IP_NONE: (*,G) alone. Borrowed
 * until the next event. */
void pim_tree_walk(const void *self, const struct ipaddr *src, const struct ipaddr *grp,
	bool (*cb)(void *arg, const struct pim_tree_info *t), void *arg);
/* Exactly this one: false if there is no such tree. */
bool pim_tree_get(const void *self, const struct ipaddr *src, const struct ipaddr *grp,
	struct pim_tree_info *out);
/* RP(G): false if there is none, which it is in the SSM ranges, too. */
bool pim_rp_of(const void *self, const struct ipaddr *grp, struct ipaddr *rp);
bool pim_is_ssm(const void *self, const struct ipaddr *grp);
/* Whether the rules about Registers let an RP take them of the source and group. */
bool pim_register_permitted(const void *self, const struct ipaddr *src, const struct ipaddr *grp);
/* How many there are: for limits and show. */
void pim_tree_count(const void *self, uint64_t *star, uint64_t *sg);

/* An interface in a tree. */
struct pim_oif_info {
	uint16_t ifid;
	bool runs;                /* PIM runs there */
	const char *join_state;   /* "noinfo", "join", "prune_pending" */
	const char *rpt_state;    /* (S,G): "noinfo", "prune", "prune_pending", "prune_tmp", ... */
	const char *member;       /* "", "include", "exclude" */
	const char *assert_state; /* "noinfo", "winner", "loser" */
	struct ipaddr winner;     /* of the assert */
	struct ipaddr by;         /* the last neighbour that joined; IP_NONE */
	bool immediate;           /* in immediate_olist */
	bool inherited;           /* in inherited_olist(S,G); as immediate for (*,G) */
	bool boundary;            /* keeps the group out */
	uint64_t expires_us;      /* ET; TIMER_NEVER */
	uint64_t since_us;
};
/* The interfaces of which the tree, or the (*,G) of its group, knows something, by id. */
void pim_oif_walk(const struct pim_tree_info *t,
	bool (*cb)(void *arg, const struct pim_oif_info *o), void *arg);
