/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The first protocol: routes that an operator wrote, in the file or at the shell.
 */
#pragma once

#include "control/run/proto.h"

enum static_input_kind {
	STATIC_INPUT_RPF, /* follow the unicast route towards the source */
	STATIC_INPUT_ANY, /* accept from everywhere */
	STATIC_INPUT_IF,  /* the named interfaces */
};

struct static_output {
	char interface[DP_IF_NAMELEN]; /* "" only with unicast: wherever the route leads */
	int ttl_threshold;             /* -1: the interface's default */
	struct ipaddr unicast;         /* IP_NONE: native */
	struct ipaddr source;          /* HER: IP_NONE the egress interface's address */
	uint16_t port;
	uint8_t ttl;   /* HER: 1..255; 0 is 64 */
	bool set_dscp; /* HER: dscp, 0..63, replaces the packet's */
	uint8_t dscp;
	bool preserve_source;
};

enum static_origin { STATIC_FILE, STATIC_SHELL };

/* One route. Values only; outputs and excepts are arrays owned by whoever owns the struct. */
struct static_route {
	struct dp_route_key key;
	uint8_t origin;     /* enum static_origin */
	uint8_t input_kind; /* enum static_input_kind */
	uint8_t n_inputs;
	char inputs[DP_INPUTS_MAX][DP_IF_NAMELEN];
	uint32_t n_outputs;
	struct static_output *outputs;
	/* Sources within the key's for which the route does not hold; they are forwarded only if another
	 * route does so, else dropped silently. */
	uint32_t n_excepts;
	struct prefix *excepts;
};

/* A deep copy: 0 or -ENOMEM. Frees the arrays of a route that owns them. */
int static_route_copy(struct static_route *to, const struct static_route *from);
void static_route_fini(struct static_route *r);

/* Whether r makes sense by itself: 0, or -EINVAL with a sentence in err that says what is wrong and what
 * would be right. Interfaces need not exist. */
int static_route_check(const struct static_route *r, char *err, size_t err_cap);

/* EV_CONFIG: all routes of the file. Routes of the shell stay. A shell route with the key of a file
 * route is a second wish of the same key: outputs are joined, the shell's input and excepts win. */
struct static_config {
	size_t n_routes;
	const struct static_route *routes;
};

/* EV_COMMAND. */
enum static_command_kind {
	STATIC_ADD, /* -EEXIST if the shell has a route with this key already */
	STATIC_DEL, /* -ENOENT; -EPERM if only the file has it (change the file and reload) */
};

struct static_command {
	enum static_command_kind kind;
	struct static_route route; /* DEL: key only */
};

extern const struct proto static_proto;

/* For show: in order of key, the file's before the shell's. A route with the reason it is not (wholly)
 * in force, or "". */
struct static_route_info {
	const struct static_route *route;
	const char *problem;
};
/* The definitions of one key, the file's before the shell's: how many (0 to 2). Borrowed until the next
 * event. */
unsigned static_get(
	const void *self, const struct dp_route_key *key, struct static_route_info out[2]);
/* Some of the definitions in no particular order, with a cursor as of tib_scan. */
uint32_t static_scan(const void *self, uint32_t cursor,
	void (*cb)(void *arg, const struct static_route_info *i), void *arg);
void static_walk(
	const void *self, bool (*cb)(void *arg, const struct static_route_info *i), void *arg);
