/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Inside of control/kernel.
 *
 * Three netlink sockets, for they never disturb each other: the subscription (read by the loop), the
 * one for dumps, the one for single requests. So a callback that comes out of an event or a dump
 * may make requests. Events are never read recursively: `reading` sees to that.
 */
#pragma once

#include "control/kernel/kernel.h"
#include "control/kernel/nl_parse.h"

#include <libmnl/libmnl.h>

#define NL_BUF_BYTES 65536
#define TWIN_BUF_BYTES (65536 + 64)
#define LINK_BUCKETS 256
#define AMBIGUOUS_MAX 256
#define RESOLVE_SETS 256
#define RESOLVE_WAYS 4

/* What kernel_port_prepare changes on a netdev, with the values that were there. */
#define PORT_SYSCTLS 4
struct port_saved {
	char sysctl[PORT_SYSCTLS][16]; /* "" where nothing was changed */
	bool was_up, was_promisc;
};

/* Every link of the namespace. A twin that we gave up stays as `ours` until the kernel has told
 * that it is gone, so that its last messages are not taken for somebody's netdev. */
struct link {
	struct link *next;
	int ifindex;
	uint32_t flags; /* IFF_* */
	char name[DP_IF_NAMELEN];
	bool ours;
	bool seen;         /* by the dump of a resynchronisation */
	struct twin *twin; /* while it is alive */
	bool prepared;     /* by kernel_port_prepare */
	struct port_saved saved;
};

struct twin {
	struct kernel *k;
	uint16_t ifid;
	int fd;      /* -1 while the device is lost */
	int ifindex; /* 0 while the device is lost */
	char name[DP_IF_NAMELEN];
	bool is_tap;
	bool admin;   /* IFF_UP as far as we know */
	bool carrier; /* wanted */
	uint8_t mac[6];
	uint16_t mtu;
	struct net_addr addrs[NET_IF_ADDRS_MAX]; /* what net was told */
	bool addr_seen[NET_IF_ADDRS_MAX];        /* by the dump of a resynchronisation */
	unsigned n_addrs;
	uint64_t created_us;
	uint64_t retry_us; /* when to make it anew; UINT64_MAX: not lost */
	struct log_rate lost_rate, address_rate;
};

/* Keys under which the kernel has, or may have, several IPv4 routes: only the first of them is used,
 * and which one comes next after a deletion only a dump can tell. */
struct ambiguous {
	struct {
		struct prefix dst;
		uint32_t metric;
	} keys[AMBIGUOUS_MAX];
	unsigned n;
	bool overflow; /* then every key is */
};

struct resolve_slot {
	struct ipaddr addr;
	int ifindex;
	uint64_t asked_us;
};

struct kernel {
	struct net *net;
	struct kernel_env env;

	struct mnl_socket *events, *dumps, *requests;
	uint32_t seq;
	uint8_t *events_buf, *dumps_buf, *twin_buf; /* NL_BUF_BYTES, NL_BUF_BYTES, TWIN_BUF_BYTES */
	bool reading;                               /* events or a dump: no recursion */
	bool watching;                              /* events fd is in the loop */

	int timer_fd;
	bool resync_running, resync_wanted;
	uint64_t resync_due_us;
	uint64_t resync_end_us, resync_took_us; /* of the last one */

	struct twin *twins[DP_IFS_MAX];
	bool some_lost; /* of them: worth a look */
	struct link *links[LINK_BUCKETS];

	struct ambiguous ambiguous;
	struct prefix dumped_dst; /* the route before, in a dump */
	uint32_t dumped_metric;
	bool dumped;

	struct resolve_slot resolve[RESOLVE_SETS][RESOLVE_WAYS];
	struct kernel_stats stats;
	struct log_rate refused_rate, overrun_rate;
	bool warned_forwarding6;
};

uint64_t kernel_now(const struct kernel *k);
/* Arms the timer for whatever is to be done next. */
void kernel_timer_arm(struct kernel *k);

/* --- netlink.c: sockets ------------------------------------------------------------------------ */

int nl_open(struct kernel *k, char *err, size_t err_cap);
void nl_close(struct kernel *k);
/* Receive buffer of the subscription, bytes. */
int nl_rcvbuf_set(struct kernel *k, int bytes);

typedef void nl_message_fn(struct kernel *k, const struct nlmsghdr *nlh);

/* One datagram of events, each message given to fn. 1; 0 none left; -ENOBUFS some were lost. */
int nl_events_read(struct kernel *k, nl_message_fn *fn);
/* Everything of a kind and family (AF_*). 0; -EINTR it changed meanwhile and may be incomplete;
 * -errno. */
int nl_dump(struct kernel *k, uint16_t type, uint8_t family, nl_message_fn *fn);
/* Sends one request and waits for its acknowledgement; an answer before that goes to reply with
 * arg. 0 or -errno. What the kernel refuses is counted. */
int nl_request(struct kernel *k, struct nlmsghdr *nlh,
	void (*reply)(void *arg, const struct nlmsghdr *nlh), void *arg);

/* --- request.c: single requests, 0 or -errno ------------------------------------------------------ */

int nl_link_flags_set(struct kernel *k, int ifindex, uint32_t flags, uint32_t mask);
int nl_link_flags_get(struct kernel *k, int ifindex, uint32_t *flags);
int nl_link_mac_set(struct kernel *k, int ifindex, const uint8_t mac[6]);
int nl_link_mtu_set(struct kernel *k, int ifindex, uint32_t mtu);
int nl_addr_add(struct kernel *k, int ifindex, const struct net_addr *addr);
int nl_addr_del(struct kernel *k, int ifindex, const struct net_addr *addr);
int nl_neigh_use(struct kernel *k, int ifindex, const struct ipaddr *addr);

/* --- link.c: the links of the namespace ------------------------------------------------------------ */

struct link *link_find(const struct kernel *k, int ifindex);
struct link *link_find_name(const struct kernel *k, const char *name); /* not our own */
/* New or found; NULL without memory. */
struct link *link_get(struct kernel *k, int ifindex);
void link_remove(struct kernel *k, struct link *link);
void link_event(struct kernel *k, const struct nl_link *ev);
void link_gone_event(struct kernel *k, int ifindex);
/* The links that a dump did not show. */
void link_unsee_all(struct kernel *k);
void link_sweep(struct kernel *k);
bool link_carrier(uint32_t flags);

/* --- events.c: from messages to net --------------------------------------------------------------- */

void events_ready(void *kernel);
/* Reads and applies what is there, unless somebody does already. */
void events_drain(struct kernel *k);
/* Asks for a resynchronisation soon. */
void resync_request(struct kernel *k, uint64_t delay_us);
/* Reads everything; 0, or -errno of what could not be read (then it is asked for again). */
int resync_run(struct kernel *k);

/* --- routes.c: what a route message means ------------------------------------------------------------ */

enum route_source { ROUTE_DUMPED, ROUTE_EVENT };
/* nlmsg_flags: NLM_F_REPLACE, NLM_F_APPEND of an event. */
void routes_new(struct kernel *k, const struct net_route *r, enum route_source source,
	uint16_t nlmsg_flags);
void routes_gone(struct kernel *k, const struct net_route *r);
void routes_dump_begin(struct kernel *k);
void routes_forget(struct kernel *k); /* ambiguous keys, before everything is read again */

/* --- twin.c ------------------------------------------------------------------------------------------ */

/* The device vanished beneath us, or left our namespace. */
void twin_lost(struct twin *tw, const char *why);
void twin_flags_event(struct twin *tw, uint32_t flags);
/* Makes lost twins anew whose time has come. */
void twin_retry(struct kernel *k);
/* The next time twin_retry has work; UINT64_MAX. */
uint64_t twin_retry_next(struct kernel *k);
void twin_free_all(struct kernel *k);

/* --- twin_addr.c ----------------------------------------------------------------------------- */

void twin_addr_event(struct twin *tw, const struct nl_addr *ev, bool gone);
void twin_addr_unsee_all(struct kernel *k);
void twin_addr_sweep(struct kernel *k);

/* --- port.c ------------------------------------------------------------------------------------------- */

/* Somebody switched the kernel's forwarding on (net.ipv4.ip_forward=1 does it everywhere). */
void port_netconf_event(struct kernel *k, const struct nl_netconf *ev);
void port_addr_event(struct kernel *k, const struct nl_addr *ev);
void port_restore_all(struct kernel *k);

/* --- sysctl.c ------------------------------------------------------------------------------------------- */

/* net.FAMILY.conf.DEV.NAME, family "ipv4" or "ipv6". Reads the value as text without its newline. 0 or
 * -errno. */
int sysctl_get(const char *family, const char *dev, const char *name, char *out, size_t cap);
/* Writes if it differs; old (may be NULL) gets the value before, "" if it was right already. */
int sysctl_set(const char *family, const char *dev, const char *name, const char *value, char *old,
	size_t old_cap);
