/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the membership protocol share: its state. Times are absolute, in microseconds.
 */
#pragma once

#include "control/base/hash.h"
#include "control/gmp/gmp.h"
#include "control/gmp/msg.h"

enum gmp_timer_kind { GMP_T_GROUP, GMP_T_QUERY, GMP_T_OTHER_QUERIER };

/* To which set of RFC 3376 6.4 a source belongs. */
enum gmp_set {
	GMP_SET_NONE,    /* none: just listed by a record, or joined by configuration only */
	GMP_SET_RUNNING, /* its timer runs: A in INCLUDE mode, X in EXCLUDE mode */
	GMP_SET_ZERO,    /* its timer is zero: Y in EXCLUDE mode */
};

struct gmp_source {
	struct ipaddr addr;
	uint8_t set;    /* enum gmp_set */
	uint8_t told;   /* enum member_state */
	uint8_t q_left; /* queries of 6.6.3.2 still to send */
	bool is_static : 1;
	bool wanted : 1;      /* EXCLUDE mode: a tracked host in INCLUDE mode named it */
	bool recount : 1;     /* somebody names it no more: named_due_s may be too late */
	bool listed : 1;      /* in the record that is being applied */
	bool asked : 1;       /* "Send Q(G, ...)" of the row that ran names it */
	uint32_t named_due_s; /* when the last word of a tracked INCLUDE host for it is too old */
	uint64_t
		due_us; /* source timer, GMP_SET_RUNNING; of a wanted one in no set, how long it is */
};

/* A source that a tracked host named. */
struct gmp_heard {
	struct ipaddr src;
	uint32_t due_s; /* included ones: when the host's word is too old; seconds, rounded up */
};

/* A host of a group, RFC 3376 A.2: what it wants. */
struct gmp_host {
	struct ipaddr addr;
	bool exclude;
	uint8_t version; /* 1 to 3 as IGMP counts */
	uint32_t n, cap;
	uint64_t due_us;
	struct gmp_heard *v; /* in order of address: included, or excluded */
};

/* RFC 3376 6.2: (multicast address, group timer, filter-mode, (source records)). One timer of the heap
 * serves all its timers: armed no later than the earliest, for timers are mostly put off. */
struct gmp_group {
	struct hash_node node;
	struct timer timer;
	struct gmp_if *gif;
	struct ipaddr grp;
	bool exclude;    /* router filter-mode */
	bool told_any;   /* others know of (*,G) */
	bool static_any; /* (*,G) is joined by configuration */
	uint8_t q_left;  /* queries of 6.6.3.1 still to send */
	struct ipaddr last_reporter;
	bool asked;    /* "Send Q(G)" of the row that ran */
	bool reported; /* in the report that is being taken */
	bool checking; /* the group timer was lowered by a query, nobody answered yet */
	bool dirty;    /* what others were told may differ */
	bool lacking;  /* hosts may name sources that have no record */
	uint64_t since_us;
	uint64_t filter_due_us;        /* group timer, EXCLUDE mode */
	uint64_t query_due_us;         /* next retransmission; 0 none */
	uint64_t v1_due_us, v2_due_us; /* Older Version Host Present timers, 7.3.2 */
	uint64_t recount_due_us;       /* until then some recount may wait; 0: there is none */
	uint64_t untracked_until_us;   /* some member may be unknown until then */
	uint32_t n_sources, cap_sources, n_hosts, cap_hosts;
	struct gmp_source *sources; /* in order of address */
	struct gmp_host *hosts;     /* likewise */
};

/* A tracked host on an interface: in how many groups it is. */
struct gmp_reporter {
	struct hash_node node;
	struct ipaddr addr;
	uint32_t groups;
};

struct gmp_self;

/* How much tracking may do yet (effort.c). */
struct gmp_effort {
	uint32_t comparisons; /* sources times hosts */
	uint32_t changes;     /* sources that become excluded */
};

/* One family on one interface. */
struct gmp_if {
	struct gmp_self *self;
	struct gmp_if_config conf; /* arrays owned */
	bool seen;                 /* in the configuration that is being applied */
	bool invalid;              /* the check refused it */
	bool running;
	const char *problem;
	uint16_t ifid, mtu;
	bool silent; /* a loopback: nobody to query */
	struct ipaddr address;
	/* 6.6.2 */
	bool querier;
	struct ipaddr querier_addr;
	uint64_t querier_since_us;
	struct timer query_timer, other_timer;
	unsigned startup_left;
	/* in force: the configured ones, or those of the querier */
	uint8_t robustness;
	uint32_t query_interval_s;
	uint64_t response_us;
	uint64_t asked_all_until_us; /* members of before may still be answering our first query */
	struct hash_table groups;
	struct hash_table reporters;  /* tracked hosts, whatever group */
	uint32_t n_entries;           /* sources, hosts and what they named */
	struct gmp_effort effort;     /* left of the second that began at effort_us */
	uint64_t effort_us, compared; /* sources with hosts, ever */
	bool suppressed;
	struct log_rate limit_log, version_log, querier_log;
	uint64_t counters[GMP_COUNTER_N];
	struct ipaddr last_from[GMP_COUNTER_N]; /* who sent what was counted last */
	uint64_t last_us[GMP_COUNTER_N];        /* when that was */
	struct ipaddr rx_from; /* sender of the message that is being taken; else IP_NONE */
	uint64_t rx_us;        /* when it came */
};

/* Sources in order of address, each once. */
struct gmp_list {
	const struct ipaddr *v;
	uint32_t n;
};

#define GMP_BATCH (GMP_PACKET_MAX / 4)

struct gmp_self {
	struct gmp_if **ifs; /* by name, then family */
	size_t n_ifs;
	struct gmp_if **by_id[2]; /* running ones; [0] IPv4 */
	size_t n_by_id;
	size_t n_ssm_ranges, n_ssm_maps;
	struct prefix *ssm_ranges;
	struct gmp_ssm_map *ssm_maps; /* sources owned, in order, each once; longest prefix first */
	struct ipaddr *scratch;       /* the list of a record */
	uint32_t cap_scratch;
	struct ipaddr batch[GMP_BATCH]; /* sources of a query that is built */
	uint8_t packet[GMP_PACKET_MAX];
	struct refused refused; /* GMP_C_drop_*_limit */
};

/* Versions count as IGMP's inside: MLDv1 is 2, MLDv2 is 3. */
static inline uint8_t gmp_version(const struct gmp_if *gif)
{
	return gif->conf.family == IP_V6 ? gif->conf.version + 1 : gif->conf.version;
}

static inline void gmp_count(struct gmp_if *gif, enum gmp_counter c, uint64_t n)
{
	if (n == 0)
		return;
	gif->counters[c] += n;
	if (ip_is_none(&gif->rx_from))
		return;
	gif->last_from[c] = gif->rx_from;
	gif->last_us[c] = gif->rx_us;
}

/* A limit refuses what a message says of a group, or of some of its sources: counted, and noted for explain. */
static inline void gmp_refuse(
	struct gmp_if *gif, enum gmp_counter c, const struct ipaddr *grp, uint64_t n)
{
	if (n)
		refused_note(&gif->self->refused, &(struct refusal){.grp = *grp,
							  .from = gif->rx_from,
							  .ifid = gif->ifid,
							  .why = (uint16_t)c,
							  .at_us = gif->rx_us});
	gmp_count(gif, c, n);
}

/* --- vars.c: RFC 3376 section 8, in force ------------------------------------------------------ */

uint64_t gmp_group_membership_interval(const struct gmp_if *gif);      /* 8.4 */
uint64_t gmp_other_querier_present_interval(const struct gmp_if *gif); /* 8.5 */
uint64_t gmp_startup_query_interval(const struct gmp_if *gif);         /* 8.6 */
unsigned gmp_startup_query_count(const struct gmp_if *gif);            /* 8.7 */
uint64_t gmp_last_member_query_interval(const struct gmp_if *gif);     /* 8.8 */
unsigned gmp_last_member_query_count(const struct gmp_if *gif);        /* 8.9 */
uint64_t gmp_last_member_query_time(const struct gmp_if *gif);         /* 8.10 */
uint64_t gmp_older_host_present_interval(const struct gmp_if *gif);    /* 8.13 */

/* --- policy.c: SSM ranges, SSM map, access list --------------------------------------------------- */

bool gmp_in_ssm(const struct gmp_self *self, const struct ipaddr *grp);
/* The mapped sources of a group; n 0: none. */
struct gmp_list gmp_ssm_mapped(const struct gmp_self *self, const struct ipaddr *grp);
/* Whether the access list lets grp be joined; src NULL: for all sources. */
bool gmp_permits(const struct gmp_if *gif, const struct ipaddr *grp, const struct ipaddr *src);
/* In place: only sources that may be joined, the others counted. Returns how many are left. */
uint32_t gmp_filter(struct gmp_if *gif, const struct ipaddr *grp, struct ipaddr *v, uint32_t n);
/* Copies ranges and maps. 0 or -ENOMEM, nothing changed. *changed: they differ from before. */
int gmp_policy_set(struct gmp_self *self, const struct gmp_config *c, bool *changed);
void gmp_policy_fini(struct gmp_self *self);
/* Sorts addresses and drops doubles; how many are left. */
uint32_t gmp_sort(struct ipaddr *v, uint32_t n);

/* --- group.c --------------------------------------------------------------------------------------- */

struct gmp_group *gmp_group_find(const struct gmp_if *gif, const struct ipaddr *grp);
/* Found or made, in INCLUDE mode without sources. NULL: limit (unless unlimited) or memory, counted. */
struct gmp_group *gmp_group_get(
	struct gmp_if *gif, const struct ipaddr *grp, bool unlimited, struct proto_ctx *ctx);
/* After every change: sources of no set leave, others are told, the timer is armed, and a group of which
 * nothing is left is freed. */
void gmp_group_settle(struct gmp_group *g, struct proto_ctx *ctx);
/* The heap timer came. */
void gmp_group_due(struct gmp_group *g, struct proto_ctx *ctx);
/* All that hosts said is forgotten; the group is settled. */
void gmp_group_clear(struct gmp_group *g, struct proto_ctx *ctx);
/* Silently, at the end of the protocol. */
void gmp_group_free(struct gmp_group *g, struct timer_heap *timers);
/* Group compatibility mode, 7.3.2: 1 to 3, never above the interface's version. */
uint8_t gmp_group_version(const struct gmp_group *g, uint64_t now_us);
enum gmp_group_state gmp_group_state(const struct gmp_group *g, uint64_t now_us);
/* 6.5: EXCLUDE (X,Y) whose group timer expired becomes INCLUDE (X), with what tracked hosts want. */
void gmp_group_to_include(struct gmp_group *g, uint64_t now_us);
void gmp_group_timer(struct gmp_group *g, uint64_t due_us);

/* --- source.c: sets of sources --------------------------------------------------------------------- */

struct gmp_source *gmp_source_find(const struct gmp_group *g, const struct ipaddr *src);
/* Marks the sources of the group that the list names. If add, those that are not in the group join it
 * with GMP_SET_NONE, as far as limits and memory allow. */
void gmp_sources_mark(struct gmp_group *g, struct gmp_list list, bool add);
/* Found or added with GMP_SET_NONE, beyond limits. NULL: no memory. */
struct gmp_source *gmp_source_get(struct gmp_group *g, const struct ipaddr *src);
/* How many more sources the limits allow the group. */
uint32_t gmp_source_room(const struct gmp_group *g);
/* The source timer is set, or zero: expired in INCLUDE mode, a blocked one in EXCLUDE mode. */
void gmp_source_run(struct gmp_group *g, struct gmp_source *s, uint64_t due_us);
void gmp_source_zero(struct gmp_group *g, struct gmp_source *s);
void gmp_source_delete(struct gmp_group *g, struct gmp_source *s);
/* Its timer expired, 6.3. */
void gmp_source_expire(struct gmp_group *g, struct gmp_source *s);
/* Takes those out of the array that are in no set, not wanted and not joined by configuration. */
void gmp_sources_sweep(struct gmp_group *g, uint64_t now_us);

/* --- record.c: the tables of 6.4 --------------------------------------------------------------------- */

/* The row of the group's filter-mode and the record's type; the group is not settled. */
void gmp_record_apply(struct gmp_group *g, enum gmp_record_type type, struct gmp_list list,
	struct proto_ctx *ctx);

/* --- query.c: specific queries, 6.6 -------------------------------------------------------------------- */

/* Carries out "Send Q(G)" and "Send Q(G,A)" that a row left behind (asked), in the way the interface's
 * leave setting wants it. */
void gmp_query_asked(struct gmp_group *g, struct proto_ctx *ctx);
/* The next of the queries that were scheduled. */
void gmp_query_again(struct gmp_group *g, struct proto_ctx *ctx);
/* What was ended without asking (asked) the Querier says to the other routers of the link, who wait for its word to
 * lower their timers, and to a host whose report was lost. */
void gmp_query_ended(struct gmp_group *g, struct proto_ctx *ctx);
/* Builds and sends a query; those of a version before 3 have no sources. */
void gmp_query_send(struct gmp_if *gif, struct gmp_query *q, struct proto_ctx *ctx);
/* 6.6.1, for a query that was received. */
void gmp_query_heard(struct gmp_group *g, struct gmp_list list, uint64_t resp_us, uint64_t now_us);

/* --- track.c: hosts, RFC 3376 A.2 ------------------------------------------------------------------------ */

void gmp_track(struct gmp_group *g, const struct ipaddr *host, uint8_t version,
	enum gmp_record_type type, struct gmp_list list, uint64_t now_us);
/* Whether every member is known, so that tracking may decide. */
bool gmp_track_complete(const struct gmp_group *g, uint64_t now_us);
/* Whether a host wants this source, or (NULL) all but some. */
bool gmp_track_wants(const struct gmp_group *g, const struct ipaddr *src, uint64_t now_us);
/* Whether a host is in as many groups as it may be. */
bool gmp_track_full(const struct gmp_if *gif, const struct ipaddr *host);
/* NULL: it is not tracked. */
struct gmp_host *gmp_track_find(const struct gmp_group *g, const struct ipaddr *host);
/* What the host said of the source; NULL: it does not name it. */
const struct gmp_heard *gmp_track_heard(const struct gmp_host *h, const struct ipaddr *src);
uint32_t gmp_track_due_s(uint64_t due_us);
void gmp_track_expire(struct gmp_group *g, uint64_t now_us);
void gmp_track_clear(struct gmp_group *g);
/* Knows nobody, and knows that. */
void gmp_track_restart(struct gmp_group *g, uint64_t now_us);

/* --- named.c: what tracked hosts in INCLUDE mode have named --------------------------------------------- */

/* A host's record of this type has been applied, its sources are those that are listed. */
void gmp_named_add(
	struct gmp_group *g, const struct ipaddr *host, enum gmp_record_type type, uint64_t now_us);
/* A host names it no more. */
void gmp_named_drop(struct gmp_group *g, const struct gmp_heard *name, uint64_t now_us);
/* Nobody names any. */
void gmp_named_clear(struct gmp_group *g);
/* Which sources are wanted, in EXCLUDE mode. */
void gmp_named_mark(struct gmp_group *g, uint64_t now_us);

/* --- effort.c ------------------------------------------------------------------------------------------- */

/* Whether the interface may make so many comparisons in this second; they are charged then. must: it will anyway. */
bool gmp_effort_take(struct gmp_if *gif, uint64_t comparisons, bool must, uint64_t now_us);
/* What there is for one report, and what of that it has used. */
struct gmp_effort gmp_effort_report(struct gmp_if *gif, uint64_t now_us);
void gmp_effort_charge(
	struct gmp_if *gif, const struct gmp_effort *had, const struct gmp_effort *left);

/* --- exclude.c ------------------------------------------------------------------------------------------ */

/* EXCLUDE mode: sources that no member wants are excluded, if tracking knows all members, as far as the effort
 * reaches, which is charged; the Querier says so. Whether any were: then the group is to be settled. Overwrites
 * self's scratch. */
bool gmp_exclude_unwanted(struct gmp_group *g, struct gmp_effort *left, struct proto_ctx *ctx);

/* --- tell.c ------------------------------------------------------------------------------------------------ */

/* Tells others what differs from what they were told last: beginnings before ends. */
void gmp_tell(struct gmp_group *g, struct proto_ctx *ctx);

/* --- querier.c: general queries and the election, 6.6.2 ------------------------------------------------------ */

void gmp_querier_start(struct gmp_if *gif, struct proto_ctx *ctx);
void gmp_querier_stop(struct gmp_if *gif, struct proto_ctx *ctx);
void gmp_querier_timer(struct gmp_if *gif, struct timer *t, struct proto_ctx *ctx);
/* New settings while running. */
void gmp_querier_changed(struct gmp_if *gif, struct proto_ctx *ctx);
void gmp_general_query(struct gmp_if *gif, struct proto_ctx *ctx);
void gmp_query_receive(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx);

/* --- receive.c --------------------------------------------------------------------------------------------- */

void gmp_receive(struct gmp_self *self, const struct event *ev, struct proto_ctx *ctx);
/* Makes self's scratch hold n addresses; false: no memory, counted. */
bool gmp_scratch_reserve(struct gmp_if *gif, uint32_t n);
/* The sources of a message, sorted, unicast only, in self's scratch. */
struct gmp_list gmp_sources_of(struct gmp_if *gif, const uint8_t *raw, uint32_t n);

/* --- iface.c ------------------------------------------------------------------------------------------------- */

struct gmp_if *gmp_if_of(const struct gmp_self *self, uint8_t family, uint16_t ifid);
/* Starts, stops or re-addresses it as the network and its settings say. */
void gmp_if_refresh(struct gmp_if *gif, struct proto_ctx *ctx);
/* Stops and tells the end of all. */
void gmp_if_stop(struct gmp_if *gif, const char *problem, struct proto_ctx *ctx);
void gmp_net_event(struct gmp_self *self, const struct net_change *c, struct proto_ctx *ctx);
/* Static joins of the settings in force, others' ended. */
void gmp_if_joins(struct gmp_if *gif, struct proto_ctx *ctx);
/* Ends what the access list and the SSM ranges no longer allow. */
void gmp_if_refilter(struct gmp_if *gif, struct proto_ctx *ctx);
void gmp_if_clear(struct gmp_if *gif, struct proto_ctx *ctx);

/* --- settings.c -------------------------------------------------------------------------------------------------- */

void gmp_settings(struct gmp_self *self, const struct gmp_config *c, struct proto_ctx *ctx);
void gmp_if_free(struct gmp_if *gif, struct timer_heap *timers);
