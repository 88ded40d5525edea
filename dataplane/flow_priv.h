/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to flow.c, flow_rule.c, flow_mark.c and hot.c.
 */
#pragma once

#include "dataplane/flow.h"
#include "dataplane/tables.h"

#include <rte_flow.h>

/* --- one rule (flow_rule.c) ---------------------------------------------------------------------- */

/* What a rule matches; what is zero is not looked at. */
struct flow_match {
	const char *name;
	uint16_t eth_type; /* ARP; IP's follow from family */
	enum ip_family family;
	bool has_proto;
	uint8_t proto;     /* IPv4 protocol, IPv6 next header */
	bool udp;          /* any UDP */
	uint16_t udp_port; /* UDP with this destination port */
	struct prefix src, dst;
};

/* What is done. Count and mark may go with each fate. */
enum flow_fate {
	FLOW_TO_QUEUE,  /* first_queue */
	FLOW_TO_QUEUES, /* spread over 0 .. n_queues-1 by addresses */
	FLOW_ANYWHERE,  /* where it would go without the rule */
};

struct flow_action {
	enum flow_fate fate;
	bool count;
	uint16_t mark; /* 0: none */
	uint16_t queue, n_queues;
};

struct flow_rule {
	struct rte_flow *handle; /* NULL: software */
	bool counted;
	char problem[FLOW_PROBLEM_LEN];
};

/* Validates and creates. 0, or -errno with the driver's words in rule->problem. */
int flow_rule_try(uint16_t port, unsigned priority, const struct flow_match *m,
	const struct flow_action *a, struct flow_rule *rule);
/* As above for control and RSS rules: with a counter if the port has them, else without; at the given
 * priority if the port knows priorities, else at the only one if alone_too. */
int flow_rule_add(uint16_t port, unsigned priority, bool alone_too, const struct flow_match *m,
	struct flow_action a, struct flow_rule *rule);
/* False: the port did not give it up; it stays, with a problem. */
bool flow_rule_del(uint16_t port, struct flow_rule *rule);
bool flow_rule_hits(uint16_t port, const struct flow_rule *rule, uint64_t *hits);
void flow_match_text(const struct flow_match *m, char *buf, size_t cap);
void flow_action_text(const struct flow_action *a, char *buf, size_t cap);

#define FLOW_PRIO_CONTROL 0
#define FLOW_PRIO_MARK 1
#define FLOW_PRIO_RSS 2

/* --- a port ------------------------------------------------------------------------------------------ */

#define FLOW_CONTROL_RULES 10
#define FLOW_RSS_RULES 2 /* IPv4, IPv6 */

struct flow_port {
	bool open, touched; /* touched: some rule was created */
	struct flow_conf conf;
	uint16_t queues, data_queues;
	bool control;                       /* there is a control queue */
	bool hash;                          /* the port spreads by rss_hf */
	char control_why[FLOW_PROBLEM_LEN]; /* no control rule was tried to the end: why */
	char rss_why[FLOW_PROBLEM_LEN];     /* the port does not spread, or not as it should: why */
	struct flow_rule controls[FLOW_CONTROL_RULES], rss[FLOW_RSS_RULES];
	/* marks */
	struct flow_action mark_action; /* of the way the port accepts */
	unsigned mark_priority;
	bool can_mark, can_mark4, can_mark6;
	char mark_problem[FLOW_PROBLEM_LEN];
	uint16_t n_marks, mark_cap;
	uint64_t mark_retry_us;       /* mark_cap was lowered: until then */
	struct flow_rule *mark_rules; /* [FLOW_MARKS_MAX + 1] by id */
};

/* A marked route. ports: those that (still) have a rule for the id. */
struct flow_mark {
	uint32_t counter; /* of the route */
	bool used;        /* the id is taken */
	bool dead;        /* the route has gone: rules are to be removed */
	uint32_t ports;
	uint64_t pps; /* in the last sweep */
	struct flow_match match;
};

/* --- which flows are hot (hot.c) ----------------------------------------------------------------------- */

struct hot_flow {
	uint32_t counter;
	uint64_t packets; /* in the last sweep */
};

/* The n fastest of those offered, n at most cap. */
struct hot_top {
	struct hot_flow *v; /* a heap, the slowest first, until hot_top_sort */
	uint32_t n, cap;
};

void hot_top_offer(struct hot_top *t, struct hot_flow f);
void hot_top_sort(struct hot_top *t); /* fastest first */

/* A flow is worth a mark from HOT_MIN packets a second on and keeps it down to a quarter of that; once
 * all marks are taken, a newcomer must be twice as fast as the slowest that has one. */
#define HOT_MIN 1000
#define HOT_KEEP (HOT_MIN / 4)

static inline bool hot_keeps(uint64_t pps)
{
	return pps >= HOT_KEEP;
}

static inline bool hot_enters(uint64_t pps)
{
	return pps >= HOT_MIN;
}

static inline bool hot_ousts(uint64_t pps, uint64_t slowest)
{
	return hot_enters(pps) && pps / 2 > slowest;
}

/* --- all of it --------------------------------------------------------------------------------------------- */

struct flow {
	struct flow_port ports[RTE_MAX_ETHPORTS];
	struct flow_mark marks[FLOW_MARKS_MAX + 1];
	/* the sweep over the counters */
	uint64_t *before; /* packets by counter, at the sweep before; region */
	struct hot_top top;
	uint32_t at, n_used;    /* next counter; ids taken */
	bool sweeping, settled; /* settled: there is a sweep before this one */
	uint64_t began_us, period_us;
};

/* flow_mark.c */
void flow_marks_try(struct dataplane *d, uint16_t port);  /* at start: can this port mark? */
void flow_marks_drop(struct dataplane *d, uint16_t port); /* its rules have gone */
void flow_marks_free(struct dataplane *d);

/* --- the workers' table of marks (marks.c) ------------------------------------------------------------- */

/* From now on id means the route of this counter, until it is deleted or unbound. */
void marks_bind(struct dataplane *d, uint16_t id, uint32_t counter);
void marks_unbind(struct dataplane *d, uint16_t id, uint32_t counter);
