/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Probes inside the data plane. Control makes a probe with a lane for each worker and publishes the set of
 * armed ones; a worker takes the set at the start of a round and calls the functions below between its
 * stages, only while something is armed. What it sees of a packet goes on the lane's ring; what it has to
 * remember until the end of the round is in the lane.
 */
#pragma once

#include "dataplane/dp_priv.h"
#include "dataplane/seam/probe.h"

#define PROBE_OPEN 256                          /* packets of a round that a lane follows */
#define PROBE_FRAMES (RTE_MAX_ETHPORTS * TXBUF) /* of a round that wait in tx buffers */

/* A packet that is followed. */
struct probe_open {
	uint32_t number;
	uint32_t outputs, copies, lost;
	uint32_t records; /* of outputs: their indexes */
	uint8_t reason;
	bool given_up; /* no room for its first record: nothing more of it */
};

/* A recorded frame on its way to a port. */
struct probe_frame {
	const struct rte_mbuf *m; /* a key only */
	uint32_t index;           /* of the output */
	uint16_t port, open;
	bool follows; /* a fragment that is not its copy's first */
};

/* What was seen of a packet of the burst when it came in and behind classify. */
struct probe_seen {
	uint16_t open; /* its place in open[], plus 1; 0: not followed */
	uint16_t outer_ifid;
	uint8_t classified;
	uint32_t frame_len, n_bytes;
};

/* A worker's part of a probe: nobody else writes to it, control reads the ring and the counters. */
struct probe_lane {
	struct rte_ring *ring;
	struct dp_probe_record *rec; /* the one being made */
	uint8_t *bytes;              /* of the packets of a burst, snaplen each */
	uint64_t packets, lost;
	uint32_t number;
	uint16_t n_open, n_frames;
	bool burst;                        /* something of this burst is followed */
	struct probe_seen seen[2 * BURST]; /* of the worker's burst, of its hold's */
	struct probe_open open[PROBE_OPEN];
	struct probe_frame frames[PROBE_FRAMES];
} __rte_cache_aligned;

struct probe {
	struct dp_probe c;
	uint32_t id, esize; /* of a record on the rings */
	_Atomic uint32_t taken;
	uint64_t tsc, time_ns; /* when it was armed, by both clocks */
	unsigned n_lanes, next;
	struct probe_lane lanes[];
};

struct probe_set {
	unsigned n;
	struct probe *v[DP_PROBES];
};

/* In the order of the round. */
void probe_received(struct worker *w, const struct burst *b);
void probe_classified(struct worker *w, const struct burst *b);
void probe_decided(struct worker *w, const struct burst *b);
/* The hold's burst, behind lookup: packets that were held are told anew. */
void probe_released(struct worker *w, const struct burst *b);
void probe_packet_dropped(struct worker *w, const struct pkt *p, enum drop_reason reason);
void probe_output_dropped(
	struct worker *w, const struct pkt *p, uint32_t oif, enum drop_reason reason);
void probe_copies(struct worker *w, const struct burst *b);
/* A fragment of a copy, complete; number: 1 and up. */
void probe_piece(struct worker *w, const struct copy *c, struct rte_mbuf *m, unsigned number);
void probe_frames_dropped(struct worker *w, uint16_t port, struct rte_mbuf *const *v, unsigned n,
	enum drop_reason reason);
/* Sent or dropped: these buffers are somebody else's now. */
void probe_frames_gone(struct worker *w, uint16_t port, struct rte_mbuf *const *v, unsigned n);
void probe_round_end(struct worker *w); /* w->probes is NULL then */
