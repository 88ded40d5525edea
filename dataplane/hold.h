/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The first packets of flows without route, kept until control has decided. A worker's own; other lcores
 * read its counters only, and set `on`.
 */
#pragma once

#include "dataplane/tables.h"

#define HOLD_NONE UINT32_MAX

/* A flow on hold: its packets are pkts[index * packets] and the following. */
struct hold_flow {
	uint64_t hash; /* upcall_hash */
	uint64_t since;
	uint32_t chain;        /* next of its bucket, or of the unused ones */
	uint32_t older, newer; /* by `since` */
	uint16_t n;
	bool due; /* to be sent through now */
};

struct hold {
	_Atomic bool on; /* control answers NOCACHE with a verdict */
	bool running;    /* held packets are on their way: they are not held again */
	bool due;        /* a flow is */
	uint32_t packets, flows, bufs_max;
	uint64_t time; /* cycles */
	uint32_t bufs;
	uint32_t unused, oldest, newest, mask;
	uint32_t *buckets; /* [mask + 1], heads of chains */
	struct hold_flow *flow;
	struct pkt *pkts;
	struct burst b; /* packets on their way */
};

/* The hold of a worker with this part of mbufs; NULL: no memory. conf without packets or flows: one that
 * never holds anything. hz: of the time stamp counter. */
struct hold *hold_new(const struct dataplane_hold *conf, uint32_t bufs_max, uint64_t hz);
void hold_free(struct hold *h); /* empty: hold_drop_all */

/* p, of a flow that is on hold already, joins it, or is dropped as hold_full; false: it is not on hold. */
bool hold_join(struct worker *w, uint64_t hash, struct pkt *p);
/* p, whose flow has just been signalled, is the first of it to be held, or is dropped. */
void hold_begin(struct worker *w, uint64_t hash, struct pkt *p, uint64_t now);
/* Control's verdict. */
void hold_release(struct worker *w, uint64_t hash);
void hold_discard(struct worker *w, uint64_t hash);
/* The worker has left: its buffers go back. */
void hold_drop_all(struct worker *w);
