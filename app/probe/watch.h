/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Probes in the control loop. A watch is an armed probe with a user (trace, pcap): each turn of the loop
 * takes its records, puts those of a packet together, and hands the user whole stories.
 */
#pragma once

#include "dataplane/seam/probe.h"

struct app;
struct watch;
struct event;

/* An output of a packet. */
struct story_output {
	struct dp_probe_record *rec; /* COPY or NO_COPY */
	uint8_t tx_reason; /* enum drop_reason: its port did not take it; DROP_COUNT: it did */
};

/* A packet from its arrival to its end. */
struct story {
	struct dp_probe_record *packet;
	struct story_output *outputs;
	uint32_t n_outputs;
	struct dp_probe_end end;
};

/* Why a packet went no further, DROP_COUNT if it did. */
uint8_t story_reason(const struct story *s);
bool story_copy_sent(const struct story_output *o);

struct watch_user {
	/* A packet's story; borrowed. */
	void (*story)(void *arg, const struct story *s);
	/* Once a second, and when the time is up: then the user ends the watch. */
	void (*tick)(void *arg, bool time_is_up);
	/* The router leaves: the user ends the watch. */
	void (*leave)(void *arg);
};

/* Arms a probe. 0; -ENOSPC, -ENOMEM, -EINVAL as the seam, with a sentence in err. */
int watch_new(struct watch **out, struct app *app, const struct dp_probe *probe, uint32_t timeout_s,
	const struct watch_user *user, void *arg, char *err, size_t cap);
/* Disarms; no story comes any more. May be called by the user's functions. */
void watch_end(struct watch *w);
/* Packets and outputs that were seen and not recorded. */
uint64_t watch_lost(const struct watch *w);
uint64_t watch_elapsed_ms(const struct watch *w);

/* One turn: true if more records are waiting. */
bool watches_step(struct app *app);
/* Ends them all. */
void watches_leave(struct app *app);
