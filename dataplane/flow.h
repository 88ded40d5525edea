/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a port's hardware takes over by rte_flow, as the composition root and the shell see it: control
 * protocols to a receive queue of their own, data spread over the others by its addresses, marks that name
 * the route of a hot flow. Whatever a port refuses, the workers do, with the same result; the
 * driver's words are kept. Knows no DPDK. All functions are the control lcore's.
 */
#pragma once

#include "dataplane/dataplane.h"

#define FLOW_MARKS_MAX 1024 /* mark ids are 1 .. FLOW_MARKS_MAX */
#define FLOW_PROBLEM_LEN 160

/* What is wanted of a port that has been started. */
struct flow_conf {
	bool control_queue; /* the last of two or more receive queues for control packets */
	bool rss;           /* data over the other queues by source and destination */
	uint16_t marks;     /* hot flows marked at most, 0 none */
	uint64_t rss_hf;    /* hash the port was configured with, RTE_ETH_RSS_*; 0 none */
	uint16_t reta_size; /* of its redirection table, 0 none */
};

/* Asks the port for its rules and writes into p what came of it: rx_queues is on entry the number of
 * queues, on return that of the data queues; control_queue and marks. Before dataplane_port_add. A
 * refused rule is no error. */
void flow_port_start(struct dataplane *d, const struct flow_conf *c, struct dataplane_port *p);
/* Takes all rules off the port, which is still started; again is harmless. -errno with the driver's words
 * in err: its rules are forgotten all the same, for it is to be closed. */
int flow_port_stop(struct dataplane *d, uint16_t port_id, char *err, size_t err_cap);
/* Chooses hot flows by the packets counted since the last time, removes the rules of routes that have
 * gone. To be called a few times a second. */
void flow_tick(struct dataplane *d, uint64_t now_us);

struct flow_rule_info {
	char what[24]; /* "igmp", "rss ipv4", "mark 7" */
	char pattern[128], action[64];
	bool hardware;                  /* else the workers do it */
	char problem[FLOW_PROBLEM_LEN]; /* why not, or what is wrong with it; "" nothing */
	bool counted;                   /* hits is the port's count of matches */
	uint64_t hits;
};

/* The index-th rule of a port, installed or not; false behind the last. */
bool flow_rule_get(struct dataplane *d, uint16_t port_id, size_t index, struct flow_rule_info *out);

struct flow_port_info {
	uint16_t data_queues;
	bool control_queue;          /* queue number data_queues is the control protocols' */
	uint16_t marks, marks_limit; /* installed; as many as it may have now */
};

/* False: the port has not been started. */
bool flow_port_get(struct dataplane *d, uint16_t port_id, struct flow_port_info *out);
/* The mark of a route and the ports that have it, as bits; false: none. */
bool flow_mark_get(
	struct dataplane *d, const struct dp_route_key *key, uint16_t *id, uint32_t *ports);
/* Packets that came with a mark: whose route it named, and those looked up all the same because it named
 * another route or none. Sums over the workers since start. */
void flow_mark_hits(struct dataplane *d, uint64_t *used, uint64_t *refused);
