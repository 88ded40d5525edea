/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hosts: members of groups that speak IGMPv1 (RFC 1112), v2 (RFC 2236) or v3 (RFC 3376 section 5), or MLDv1 (RFC
 * 2710) or v2 (RFC 3810 section 6), and sources that send numbered packets. A host is of one family, the network's
 * first if nobody says else. It joins each group by one socket: there is one filter a group, so no merging of sockets
 * (RFC 3376 section 3.2, RFC 3810 section 4.2). Left out: sending to own members.
 */
#pragma once

#include "tests/sim/sim.h"

#define SIM_FILTER_MAX 16

enum sim_filter { SIM_INCLUDE, SIM_EXCLUDE };

struct sim_filter_state {
	uint8_t mode; /* enum sim_filter; INCLUDE of nothing: not a member */
	uint8_t n;
	struct ipaddr src[SIM_FILTER_MAX];
};

struct sim_host_group {
	struct ipaddr grp; /* IP_NONE: slot free */
	struct sim_filter_state now;
	/* RFC 3376 5.1: state-change report to be repeated */
	uint8_t repeat, mode_changed, n_allow, n_block;
	struct ipaddr allow[SIM_FILTER_MAX], block[SIM_FILTER_MAX];
	uint64_t repeat_us; /* 0 none */
	/* RFC 3376 5.2: answer due, 0 none; with sources: only about these */
	uint64_t answer_us;
	uint8_t n_asked;
	struct ipaddr asked[SIM_FILTER_MAX];
	bool last_reporter; /* v2: nobody else has reported since */
};

#define SIM_PAST_MAX 8u

/* What it wanted before it changed its mind. */
struct sim_host_past {
	struct ipaddr grp;
	struct sim_filter_state wanted;
	uint64_t until_us;
};

struct sim_host {
	struct sim *s;
	char name[SIM_NAME];
	uint16_t index;
	struct sim_port *port;
	uint8_t family;                        /* enum ip_family */
	uint8_t version;                       /* configured: 1, 2, 3; MLDv1 is 2, MLDv2 is 3 */
	bool silent;                           /* off: says and hears nothing, still sends data */
	uint64_t v1_querier_us, v2_querier_us; /* older version querier present until */
	uint8_t robustness;
	uint64_t general_us; /* v3: answer to a general query due, 0 none */
	uint32_t gen;
	size_t n_groups;
	struct sim_host_group *groups;
	struct sim_host_past past[SIM_PAST_MAX]; /* a ring */
	unsigned n_past;
	uint64_t received, duplicates;
};

struct sim_host *sim_host(struct sim *s, const char *name, struct sim_link *l, uint8_t version);
/* Any source; EXCLUDE() of RFC 3376. */
void sim_host_join(struct sim_host *h, const char *grp);
void sim_host_leave(struct sim_host *h, const char *grp);
/* sources separated by blanks. v1 and v2 hosts know EXCLUDE of nothing only. */
void sim_host_filter(
	struct sim_host *h, const char *grp, enum sim_filter mode, const char *sources);
void sim_host_set(struct sim_host *h, const struct ipaddr *grp, const struct sim_filter_state *f);
bool sim_host_member(const struct sim_host *h, const struct ipaddr *grp);
/* Whether it wants what src sends to grp. */
bool sim_host_wants(const struct sim_host *h, const struct ipaddr *src, const struct ipaddr *grp);
/* The same, at any time since then. */
bool sim_host_wanted_since(const struct sim_host *h, const struct ipaddr *src,
	const struct ipaddr *grp, uint64_t since_us);
/* Whether it is a member that wants all but some. */
bool sim_host_excludes(const struct sim_host *h, const struct ipaddr *grp);
/* The host vanishes without a word, or is back (and reports its groups). */
void sim_host_silence(struct sim_host *h, bool silent);
/* Its address of its family. */
struct ipaddr sim_host_ip(const struct sim_host *h);
void sim_host_receive(struct sim_host *h, struct sim_packet *p);
void sim_host_free(struct sim_host *h);

/* A source on the host's link, with the host's address: packets a second from now on. */
struct sim_source *sim_source_send(struct sim_host *h, const char *grp, double rate);
void sim_source_stop(struct sim_source *src);
void sim_source_resume(struct sim_source *src);
