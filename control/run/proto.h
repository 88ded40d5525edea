/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a protocol is: functions over its own instance. Input: an event and the time. Output: a list
 * of actions, executed after the function has returned, so nothing re-enters and nothing is freed
 * underfoot. No globals, no sockets, no clock: the same code runs in stargd, in unit tests with
 * invented time, and by the hundred in one simulated network.
 */
#pragma once

#include "control/base/timer.h"
#include "control/net/net.h"
#include "control/tib/tib.h"

enum event_kind {
	EV_CONFIG,  /* the protocol's part of the configuration: whole, new or changed */
	EV_COMMAND, /* from the shell: add, del, clear */
	EV_PACKET,  /* an IP packet for the protocol */
	EV_TIMER,
	EV_NET,    /* interface, address, route or neighbour changed */
	EV_UPCALL, /* data plane: no route, wrong interface, data seen, Register */
	EV_MEMBER, /* a membership protocol: who listens behind an interface */
	EV_STOP,   /* the router shuts down in order: say goodbye */
};

/* What the hosts behind an interface want. A protocol of trees keeps these by (ifid, grp, src), for each is
 * told once, when it changes. */
enum member_state {
	MEMBER_NONE, /* no longer anything of the below */
	MEMBER_INCLUDE, /* RFC 7761 4.1.6: local_receiver_include(S,G,I), or (*,G,I) if src is IP_NONE */
	MEMBER_EXCLUDE, /* local_receiver_exclude(S,G,I): others of the group, but not this source */
};

struct member {
	uint16_t ifid;
	uint8_t state;     /* enum member_state */
	struct ipaddr src; /* IP_NONE: any source */
	struct ipaddr grp;
};

struct event {
	enum event_kind kind;
	union {
		const void *config; /* the protocol's own type */
		struct {
			const void *request; /* the protocol's own type */
			int *result;         /* 0 or -errno */
			char *error;         /* sentence for the user */
			size_t error_cap;
		} command;
		struct {
			uint16_t ifid;
			uint8_t family;
			const uint8_t *data; /* from the IP header on */
			size_t len;
		} packet;
		struct timer *timer; /* disarmed already */
		struct net_change net;
		struct dp_upcall upcall;
		struct member member;
	};
};

enum action_kind {
	ACT_WISH_SET,
	ACT_WISH_DEL,
	ACT_SEND_IP,     /* an IP packet to a group, or into a tunnel, out of an interface */
	ACT_SEND_ROUTED, /* an IP packet to a unicast address, wherever the route leads */
	ACT_REACH,       /* addresses whose next hops are to be known all the time */
	ACT_MEMBER,      /* EV_MEMBER for all other protocols */
	ACT_NOTIFY,      /* a line for the log and the event stream */
};

struct action {
	enum action_kind kind;
	union {
		struct tib_wish wish; /* outputs and excepts: copies owned by the list */
		struct dp_route_key wish_key;
		struct {
			uint16_t ifid; /* ACT_SEND_ROUTED: it must leave here, 0 anywhere */
			uint8_t *
				data; /* owned by the list; from the IP header on, checksums done */
			size_t len;
		} send;
		struct {
			struct ipaddr *v; /* owned by the list */
			uint32_t n;
		} reach;
		struct member member;
		struct {
			enum log_level level;
			char *text; /* owned by the list */
		} notify;
	};
};

/* A growing list; zeroed memory is an empty one. */
struct actions {
	struct action *v;
	size_t n, cap;
	int error; /* -ENOMEM if one could not be added: the runner says so and counts */
};

void act_wish_set(struct actions *a, const struct tib_wish *w);
void act_wish_del(struct actions *a, const struct dp_route_key *key);
void act_send_ip(struct actions *a, uint16_t ifid, const void *data, size_t len);
/* The destination stands in the packet's IP header. Without a route or MAC, it is dropped and counted. */
void act_send_routed(struct actions *a, uint16_t ifid, const void *data, size_t len);
/* From now on the next hops of these addresses are kept known, so that the first packet there need not wait for a
 * MAC; in place of those this protocol named before. v is copied. */
void act_reach(struct actions *a, const struct ipaddr *v, uint32_t n);
void act_member(struct actions *a, const struct member *m);
void act_notify(struct actions *a, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void actions_fini(struct actions *a); /* empties it and frees */

/* What a protocol function sees besides its instance and the event. */
struct proto_ctx {
	uint64_t now_us;
	uint16_t self;         /* protocol number: owner of wishes and timers */
	const struct net *net; /* to look at, not to change */
	struct timer_heap *timers;
	struct actions *out;
	const struct dp *dp; /* for proto_flow alone */
};

/* act_notify for what a remote can cause: as often as the rate allows, and then with how many were left out. */
void act_notify_rated(struct proto_ctx *ctx, struct log_rate *rate, enum log_level level,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Counters of a route in the data plane: whether a source is alive. 0 or -ENOENT. */
int proto_flow(
	const struct proto_ctx *ctx, const struct dp_route_key *key, struct dp_route_counters *c);

struct proto {
	const char *name;    /* "static": as in the file, the shell and show */
	uint8_t packet_bits; /* DP_PROTO_* it takes */
	bool upcalls;       /* it makes routes for flows that EV_UPCALL tells it of: packets wait */
	void *(*new)(void); /* an instance; NULL: no memory */
	void (*free)(void *self, struct timer_heap *timers);
	void (*event)(void *self, const struct event *ev, struct proto_ctx *ctx);
};
