/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Group membership: the IGMP router (RFC 3376, 2236, 1112) and the MLD router (RFC 3810, 2710), one
 * machine for both families, and what an operator says about and asks of them. SSM semantics: RFC 4604.
 * What it learns it tells other protocols as memberships (struct member, control/run/proto.h).
 */
#pragma once

#include "control/base/refused.h"
#include "control/run/proto.h"

/* --- configuration ----------------------------------------------------------------------------- */

/* What a leave without further knowledge sets off. */
enum gmp_leave {
	GMP_LEAVE_TRACKING,  /* if every member is known: exactly the state of those who remain, at
			     * once, which one query tells other routers; else as GMP_LEAVE_QUERY */
	GMP_LEAVE_QUERY,     /* last-member queries, RFC 3376 6.4.2 */
	GMP_LEAVE_IMMEDIATE, /* gone at once, without asking: one host per interface only */
};

enum gmp_role {
	GMP_ROLE_ROUTER,
	GMP_ROLE_UPSTREAM, /* RFC 4605, reserved: refused by the check */
	GMP_ROLE_DOWNSTREAM,
};

/* A membership without a host. src IP_NONE: all sources. */
struct gmp_join {
	struct ipaddr grp, src;
};

/* One rule of an access list. A join of a group for all sources is matched by rules without source
 * prefix only (src.len 0); a join of a source by both. The first match decides; a list without a match
 * denies, an empty list permits. Leaving is always permitted. */
struct gmp_rule {
	bool permit;
	struct prefix grp;
	struct prefix src; /* len 0: any */
};

/* Of max_groups, what one host may have by default: room is left for the others. */
#define GMP_MAX_GROUPS 200000u
#define GMP_MAX_GROUPS_PER_HOST 131072u

/* Settings of one family on one interface. 0 where it says so means: derived. */
struct gmp_if_config {
	char interface[DP_IF_NAMELEN]; /* need not exist (yet) */
	uint8_t family;                /* enum ip_family */
	bool enabled;
	uint8_t role;                           /* enum gmp_role */
	uint8_t version;                        /* IGMP 1 to 3, MLD 1 or 2 */
	uint8_t robustness;                     /* 8.1: 1 to 7 */
	uint32_t query_interval_s;              /* 8.2: 1 to 31744 */
	uint32_t query_response_interval_ms;    /* 8.3: 100.. , below the query interval */
	uint32_t last_member_query_interval_ms; /* 8.8: 100.. */
	uint8_t last_member_query_count;        /* 8.9; 0: robustness */
	uint8_t startup_query_count;            /* 8.7; 0: robustness */
	uint32_t startup_query_interval_s;      /* 8.6; 0: a quarter of the query interval */
	uint8_t leave;                          /* enum gmp_leave */
	bool tracking;                          /* which host wants what (`show igmp host`) */
	bool require_router_alert;              /* IGMP; MLD always does (RFC 3810 6.2) */
	bool check_source;      /* a host's address must be on a subnet of the interface */
	uint32_t max_groups;    /* at so many groups, new ones are suppressed; 0: no limit */
	uint32_t resume_groups; /* until there are no more than this; 0: 90 % of max_groups */
	uint32_t max_sources;   /* per group; 0: no limit */
	uint32_t max_entries; /* sources and tracked hosts with their sources, all groups together;
			       * 0: no limit */
	uint32_t
		max_groups_per_host; /* a host in so many makes no new ones; needs tracking (without
				       * it the default says nothing), 0: no limit */
	uint32_t n_joins;
	const struct gmp_join *joins;
	uint32_t n_rules;
	const struct gmp_rule *rules;
};

/* Sources of the groups of a prefix within the SSM ranges, for hosts that cannot name them: IGMPv1,
 * IGMPv2 and MLDv1 reports, and EXCLUDE records. The longest prefix counts. */
struct gmp_ssm_map {
	struct prefix grp;
	uint32_t n_sources;
	const struct ipaddr *sources;
};

/* EV_CONFIG: the whole of it. The arrays are the caller's; the protocol keeps its own copy. */
struct gmp_config {
	size_t n_ifs;
	const struct gmp_if_config *ifs;
	size_t n_ssm_ranges; /* RFC 4607, 4604 3: where only (S,G) exists; 0: nowhere */
	const struct prefix *ssm_ranges;
	size_t n_ssm_maps;
	const struct gmp_ssm_map *ssm_maps;
};

/* No interfaces; SSM ranges 232.0.0.0/8 and ff30::/32 to ff3f::/32 (constant memory). */
void gmp_config_default(struct gmp_config *c);
/* RFC defaults and the newest version, enabled; no name. */
void gmp_if_config_default(struct gmp_if_config *c, enum ip_family family);
/* Whether the settings make sense: 0, or -EINVAL and a sentence that says what is wrong and what to do. */
int gmp_if_config_check(const struct gmp_if_config *c, char *err, size_t err_cap);
/* The same of all: its interfaces, that none is there twice for a family, ranges and maps, static joins in
 * the SSM ranges. */
int gmp_config_check(const struct gmp_config *c, char *err, size_t err_cap);

/* --- commands ---------------------------------------------------------------------------------- */

enum gmp_command_kind {
	GMP_CLEAR_GROUPS,     /* what hosts said is forgotten and asked for again: traffic stops
			       * until they answer */
	GMP_CLEAR_STATISTICS, /* counters of interfaces to zero */
};

/* EV_COMMAND: `clear igmp group|statistics`. */
struct gmp_command {
	enum gmp_command_kind kind;
	uint8_t family;                /* IP_NONE: both */
	char interface[DP_IF_NAMELEN]; /* "": all; -ENOENT if nothing runs there */
	struct ipaddr grp;             /* GMP_CLEAR_GROUPS: IP_NONE all; -ENOENT */
};

extern const struct proto gmp_proto;

/* --- show -------------------------------------------------------------------------------------- */

/* Counters of an interface: X(field, words). */
#define GMP_COUNTERS(X)                                                                        \
	X(rx_query_v1, "queries of IGMPv1 received")                                           \
	X(rx_query_v2, "queries of IGMPv2 or MLDv1 received")                                  \
	X(rx_query_v3, "queries of IGMPv3 or MLDv2 received")                                  \
	X(rx_report_v1, "reports of IGMPv1 received")                                          \
	X(rx_report_v2, "reports of IGMPv2 or MLDv1 received")                                 \
	X(rx_report_v3, "reports of IGMPv3 or MLDv2 received")                                 \
	X(rx_leave, "leaves (MLD: dones) received")                                            \
	X(rx_records, "group records received")                                                \
	X(tx_query_general, "general queries sent")                                            \
	X(tx_query_group, "group-specific queries sent")                                       \
	X(tx_query_source, "group-and-source-specific queries sent")                           \
	X(joins, "memberships that began")                                                     \
	X(leaves, "memberships that ended")                                                    \
	X(fast_leaves, "leaves decided at once, by tracking or as configured")                 \
	X(no_router_alert, "messages without Router Alert (dropped if required)")              \
	X(drop_short, "dropped: shorter than its header or its own counts")                    \
	X(drop_ip_header, "dropped: not a sound IP header")                                    \
	X(drop_fragment, "dropped: a fragment")                                                \
	X(drop_checksum, "dropped: wrong checksum")                                            \
	X(drop_ttl, "dropped: TTL or hop limit is not 1")                                      \
	X(drop_router_alert, "dropped: Router Alert required")                                 \
	X(drop_type, "dropped: unknown message type")                                          \
	X(drop_query_length, "dropped: length is that of no version's query")                  \
	X(drop_disabled, "dropped: not enabled or not running on the interface")               \
	X(drop_source, "dropped: sender's address is not on the interface's subnets")          \
	X(drop_own, "dropped: sender's address is our own")                                    \
	X(drop_query_zero, "queries ignored: from 0.0.0.0")                                    \
	X(drop_query_unicast, "queries ignored: not to all systems, or not to their group")    \
	X(drop_group, "ignored: not a group that can be routed")                               \
	X(drop_record_type, "records ignored: unknown type")                                   \
	X(drop_source_address, "sources ignored: not a unicast address")                       \
	X(drop_ssm, "ignored: all sources asked for within an SSM range")                      \
	X(drop_access, "ignored: denied by the access list")                                   \
	X(drop_group_limit, "ignored: too many groups")                                        \
	X(drop_host_limit, "ignored: the host is in too many groups")                          \
	X(drop_source_limit, "sources ignored: too many")                                      \
	X(drop_version1, "leaves ignored: Version 1 Members Present, or version 1 configured") \
	X(busy, "leaves asked about: more to compare than a second allows")                    \
	X(untracked, "hosts not tracked: too many, or without address")                        \
	X(wrong_version, "queries of another version than configured")                         \
	X(no_memory, "changes lost for lack of memory")

enum gmp_counter {
#define X(field, words) GMP_C_##field,
	GMP_COUNTERS(X)
#undef X
		GMP_COUNTER_N
};

/* "drop_checksum", and the words. */
const char *gmp_counter_name(enum gmp_counter c);
const char *gmp_counter_words(enum gmp_counter c);

struct gmp_if_info {
	char interface[DP_IF_NAMELEN];
	uint16_t ifid; /* 0: there is no such interface */
	uint8_t family;
	bool running;        /* enabled, up, and with an address to speak from */
	const char *problem; /* why not, else "" */
	const struct gmp_if_config *conf;
	struct ipaddr address; /* ours; IP_NONE */
	bool querier;          /* we are */
	struct ipaddr querier_address;
	uint64_t querier_since_us;
	uint64_t other_querier_left_us; /* until we take over; TIMER_NEVER */
	uint64_t next_query_left_us;    /* TIMER_NEVER */
	unsigned startup_left;          /* startup queries still to send */
	/* in force, perhaps learnt from the querier */
	unsigned robustness;
	uint32_t query_interval_s, query_response_interval_ms;
	uint64_t group_membership_interval_us, last_member_query_time_us;
	uint32_t groups, entries;
	bool suppressed;          /* new groups are refused */
	const uint64_t *counters; /* GMP_COUNTER_N */
	const struct ipaddr
		*last_from;      /* for each: who sent what was counted last; IP_NONE: nobody */
	const uint64_t *last_us; /* and when */
};

/* Names as users know them. */
enum gmp_group_state {
	GMP_NO_MEMBERS_PRESENT, /* of hosts: a static join at most */
	GMP_MEMBERS_PRESENT,
	GMP_VERSION_1_MEMBERS_PRESENT,
	GMP_CHECKING_MEMBERSHIP,
};
const char *gmp_group_state_name(enum gmp_group_state s);

struct gmp_group_info {
	uint16_t ifid;
	const char *interface;
	struct ipaddr grp;
	bool exclude;    /* router filter-mode: EXCLUDE, else INCLUDE */
	uint8_t state;   /* enum gmp_group_state */
	uint8_t version; /* group compatibility mode */
	bool is_static;  /* (*,G) joined by configuration */
	bool ssm;
	uint64_t uptime_us;
	uint64_t left_us;                /* group timer in EXCLUDE mode; TIMER_NEVER */
	uint64_t v1_left_us, v2_left_us; /* Older Version Host Present timers, 0 not running */
	struct ipaddr last_reporter;     /* IP_NONE */
	uint32_t n_sources, n_hosts;
};

struct gmp_source_info {
	uint16_t ifid;
	const char *interface;
	struct ipaddr grp, src;
	bool forward;  /* else blocked (EXCLUDE mode, source timer 0) */
	bool checking; /* being asked for */
	bool is_static;
	uint64_t left_us; /* source timer; TIMER_NEVER for a static one without hosts */
};

struct gmp_host_info {
	uint16_t ifid;
	const char *interface;
	struct ipaddr grp, host;
	bool exclude;    /* the host's filter-mode */
	uint8_t version; /* of its last report */
	uint64_t left_us;
	uint32_t n_sources;
	const struct ipaddr *sources; /* valid in the callback only */
};

/* The last time since since_us that a limit (GMP_C_drop_group_limit, _source_limit, _host_limit) refused what was said
 * of the group, or of some of its sources; false: never, or it is forgotten. */
bool gmp_refusal_get(
	const void *self, const struct ipaddr *grp, uint64_t since_us, struct refusal *out);
/* In order: interfaces by name and family; groups by interface and address; sources and hosts likewise.
 * family IP_NONE, ifid 0, grp NULL: all. cb returns false to stop. */
void gmp_if_walk(const void *self, uint8_t family, uint64_t now_us,
	bool (*cb)(void *arg, const struct gmp_if_info *i), void *arg);
void gmp_group_walk(const void *self, uint8_t family, uint16_t ifid, const struct ipaddr *grp,
	uint64_t now_us, bool (*cb)(void *arg, const struct gmp_group_info *i), void *arg);
void gmp_source_walk(const void *self, uint8_t family, uint16_t ifid, const struct ipaddr *grp,
	uint64_t now_us, bool (*cb)(void *arg, const struct gmp_source_info *i), void *arg);
void gmp_host_walk(const void *self, uint8_t family, uint16_t ifid, const struct ipaddr *grp,
	uint64_t now_us, bool (*cb)(void *arg, const struct gmp_host_info *i), void *arg);
/* Whether an interface's access list lets grp be joined; src NULL: for all sources. */
bool gmp_rules_permit(
	const struct gmp_if_config *c, const struct ipaddr *grp, const struct ipaddr *src);
/* Totals: groups on all interfaces of the family, and bytes of memory of all state. */
size_t gmp_group_count(const void *self, uint8_t family);
size_t gmp_memory(const void *self);
