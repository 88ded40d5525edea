/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Runs protocols: gives each its events, then carries out its actions. Single-threaded.
 */
#pragma once

#include "control/run/proto.h"

#define RUNNER_PROTOS_MAX 16

struct runner;

struct runner *runner_new(const struct dp *dp, struct net *net, struct tib *tib);
void runner_free(struct runner *r);

/* Adds a protocol; its number (from 0), or -errno. */
int runner_add(struct runner *r, const struct proto *p);
const char *runner_proto_name(const struct runner *r, uint16_t number);
/* The instance, for the protocol's own show functions. */
void *runner_instance(const struct runner *r, uint16_t number);

/* An event for one protocol, handled at once, with its actions. The TIB is committed at the end
 * of runner_run, or by runner_commit. */
void runner_event(struct runner *r, uint16_t number, const struct event *ev, uint64_t now_us);
/* Configuration of one protocol; a command of the shell: its result, sentence in error. */
void runner_config(struct runner *r, uint16_t number, const void *config, uint64_t now_us);
int runner_command(struct runner *r, uint16_t number, const void *request, char *error,
	size_t error_cap, uint64_t now_us);
/* The router leaves in order: all protocols say goodbye, and their packets are handed to the data plane. */
void runner_stop(struct runner *r, uint64_t now_us);
/* For net's listener. Queues: all protocols and the TIB hear of it in the next runner_run. Of an interface that
 * is about to go (NET_IF_LEAVING) the protocols hear at once, and their packets are sent before this returns. */
void runner_net_changed(struct runner *r, const struct net_change *c, uint64_t now_us);

/* Everything that is due: queued changes, upcalls and protocol packets from the data plane, timers;
 * then commits. Bounded: at most budget packets, budget upcalls and budget timers. True if more may
 * be waiting. */
bool runner_run(struct runner *r, uint64_t now_us, unsigned budget);
int runner_commit(struct runner *r);
/* When the next timer is due, TIMER_NEVER if none; 0 if changes of the network are queued. */
uint64_t runner_next(const struct runner *r);
/* Timers armed, of all protocols. */
size_t runner_timers(const struct runner *r);
/* Where packets of class exception go (the twins). arg is given back. */
void runner_set_exception(struct runner *r,
	void (*fn)(void *arg, const struct dp_packet *meta, const uint8_t *data), void *arg);

struct runner_stats {
	uint64_t events, actions;
	uint64_t actions_lost; /* events whose actions did not fit into memory */
	uint64_t wish_errors, send_errors;
};
void runner_stats_get(const struct runner *r, struct runner_stats *out);
