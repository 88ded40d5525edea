/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of control/net share: the tables, and who calls whom when something changes.
 *
 * Every public function that changes something runs inside net_batch_begin / net_batch_end. Inside,
 * state is changed and changes are collected; the outermost end then re-evaluates the next hops
 * within changed prefixes, and only then calls the listener. So the listener sees a state that
 * agrees with itself, and may call back into net.
 */
#pragma once

#include "control/base/idpool.h"
#include "control/base/hash.h"
#include "control/net/net.h"
#include "control/net/trie.h"

#include <sys/queue.h>

#define NET_PENDING_MAX 64 /* changed prefixes of a family told one by one; more: "all" */
#define NET_ADJS_MAX (1u << 20)
#define NET_ORIGINS (NET_ROUTE_RPF + 1)
#define NET_WHY_MAX 96

/* Indexes of the two families in arrays. */
enum { NET_V4, NET_V6, NET_FAMILIES };
static inline unsigned net_family(const struct ipaddr *ip)
{
	return ip->family == IP_V6 ? NET_V6 : NET_V4;
}

/* --- interfaces (iface.c, port.c, addr.c) ----------------------------------------------------- */

struct net_port {
	struct hash_node by_name;
	char name[32];
	uint16_t port; /* NET_PORT_NONE while absent */
	uint16_t mtu;
	uint8_t mac[6];
	bool link;
	LIST_HEAD(, iface) ifs;
};

/* An address in force, found by net_is_local. */
struct local {
	struct hash_node by_ip;
	struct ipaddr ip;
	uint16_t ifid;
};

struct nexthop;
LIST_HEAD(nexthop_list, nexthop);

struct iface {
	struct net_if pub;
	struct hash_node by_name, by_index;
	struct net_port *port; /* DP_IF_ETHER with a port name, present or not */
	LIST_ENTRY(iface) port_link;
	struct net_addr *kaddrs; /* the kernel's addresses */
	unsigned n_kaddrs;
	struct local *locals; /* of pub.addrs */
	unsigned n_locals;
	struct prefix *connected; /* connected routes this interface has a path in */
	unsigned n_connected;
	uint8_t proto;  /* DP_PROTO_* */
	bool admin;     /* not shut */
	bool announced; /* the listener knows it */
	bool published; /* in the data plane, as `last` */
	bool refused;   /* the data plane would not take it; tried again */
	struct dp_if last;
	struct nexthop_list nh_via; /* next hops that must leave through it */
	struct nexthop_list nh_out; /* next hops that do */
};

/* --- routes (rib.c) --------------------------------------------------------------------------- */

/* The paths of a route, shared by all routes that have the same: a full table of a million routes
 * has a handful of them. */
struct pathset {
	struct hash_node by_key;
	uint32_t refs;
	uint8_t n;
	bool flagged; /* its answers changed; only within paths_changed */
	struct net_path path[];
};

struct route {
	struct route *next; /* same prefix: kernel and connected by metric, then RPF by metric */
	struct pathset *paths;
	uint32_t metric;
	uint8_t origin, protocol, blackhole;
	uint8_t gen; /* which resync saw it last */
};

/* --- neighbours (neigh.c) --------------------------------------------------------------------- */

struct neigh {
	struct hash_node by_key;
	struct net_neigh eff;  /* in force: the static entry, else the kernel's */
	struct net_neigh kern; /* valid if has_kern */
	uint8_t static_mac[6];
	bool has_static, has_kern;
	uint8_t gen;
};

/* --- next hops (nexthop.c) -------------------------------------------------------------------- */

struct nexthop {
	struct hash_node by_key;     /* (addr, via, tunnel) */
	struct hash_node by_gateway; /* (ifid, gateway), while a gateway is known */
	struct nexthop *next_addr;   /* others of the same addr, in the trie's node */
	LIST_ENTRY(nexthop) via_link, out_link;
	struct net_nexthop info;
	struct dp_adj sent; /* as the data plane has it */
	bool tunnel;        /* reaches a tunnel's remote: must not use a tunnel */
	bool orphan;        /* its `via` was deleted; the id may be somebody else's by now */
	bool unsent;        /* the data plane refused the last change; tried again */
	uint64_t ask_us;    /* when to ask the kernel next */
	uint64_t
		linger_us; /* the MAC sent is used until then, though it is not known any more; 0 no */
};

/* What an evaluation of a next hop finds (way.c). */
struct way {
	uint8_t kind;          /* enum dp_adj_kind */
	uint16_t ifid;         /* 0: no way; else it leaves here, resolved or not */
	struct ipaddr gateway; /* whose MAC is needed */
	uint8_t mac[6];
	char why[NET_WHY_MAX]; /* not resolved: the reason; else "" */
};

/* --- net.c ------------------------------------------------------------------------------------ */

struct net {
	struct dp dp;
	struct net_env env;
	uint64_t now_us; /* of the last net_tick */

	struct iface *ifs[DP_IFS_MAX];
	struct idpool if_ids;
	struct hash_table if_names, if_indexes, ports, locals;
	unsigned n_refused; /* interfaces the data plane refused */
	bool retry_refused; /* another one has changed since */
	bool own_changed;   /* the data plane has to hear of the router's addresses */
	bool own_refused;   /* it did not take them: the next tick tries again */

	struct trie rib[NET_FAMILIES];
	size_t n_routes[NET_FAMILIES];
	struct slab routes;
	struct hash_table pathsets;
	uint8_t gen[NET_ORIGINS];
	uint32_t preference[256];
	enum net_ecmp ecmp;

	struct hash_table neighs;

	struct trie nh_addrs[NET_FAMILIES];
	struct hash_table nh_keys, nh_gateways;
	struct idpool adj_ids;
	struct nexthop **nhs; /* by adjacency id */
	uint32_t nhs_cap;

	/* Batches: see the head of this file. */
	unsigned depth;
	bool telling; /* in the loop that calls the listener */
	bool hold;    /* in a resync of the kernel's routes: tell NET_RIB at its end */
	bool flush;   /* this batch tells NET_RIB all the same */
	struct prefix pending[NET_FAMILIES][NET_PENDING_MAX];
	unsigned n_pending[NET_FAMILIES];
	bool pending_all[NET_FAMILIES];
	struct net_change *events;
	size_t n_events, events_cap, events_told;
	uint16_t freed_ids[DP_IFS_MAX]; /* of deleted interfaces, until the listener heard of it */
	unsigned n_freed;
};

void net_batch_begin(struct net *net);
void net_batch_end(struct net *net);
/* Queues an event other than NET_RIB. prefix may be NULL. */
void net_event(
	struct net *net, enum net_change_kind kind, uint16_t ifid, const struct prefix *prefix);
/* Answers for addresses within prefix may differ: re-evaluates next hops, tells NET_RIB. */
void net_pend(struct net *net, const struct prefix *prefix);
void net_pend_ip(struct net *net, const struct ipaddr *ip);
void net_pend_all(struct net *net, unsigned family);
/* Text of a prefix, "0.0.0.0/0" for the default. */
const char *net_prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN]);
uint32_t net_name_hash(const char *s);
void net_why(char why[NET_WHY_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* iface.c */
static inline struct iface *iface_get(const struct net *net, uint16_t ifid)
{
	return ifid < DP_IFS_MAX ? net->ifs[ifid] : NULL;
}
/* Whether packets can leave through it: there, up, no loopback. */
bool iface_usable(const struct net *net, uint16_t ifid);
/* Tells the listener at once that an interface which is up will not be what it was: its protocols say goodbye
 * while packets still leave. It may not change net. */
void iface_leaving(struct net *net, struct iface *ifc);
/* Recomputes all that follows from configuration, port, twin and administration; publishes and
 * tells what differs. 0 or what the data plane said. */
int iface_refresh(struct net *net, struct iface *ifc);
/* Tries again what the data plane refused. */
void iface_retry(struct net *net);
/* Takes it out of the data plane; next hops let go of it first. */
void iface_withdraw(struct net *net, struct iface *ifc);
void iface_free(struct net *net, struct iface *ifc);

/* port.c: (un)ties the interface to the port its configuration names. */
int port_attach(struct net *net, struct iface *ifc);
void port_detach(struct net *net, struct iface *ifc);
void port_free_all(struct net *net);

/* addr.c: puts the addresses in force and the connected routes in line. True: addresses differ. */
bool addr_refresh(struct net *net, struct iface *ifc);
void addr_connected(struct net *net, struct iface *ifc);
void addr_fini(struct net *net, struct iface *ifc);

/* own.c: tells the data plane the router's own addresses, if they are others. */
void own_publish(struct net *net);

/* rib.c */
void rib_init(struct net *net);
void rib_fini(struct net *net);
/* The first route of a class in a node; the next of the same class. */
const struct route *rib_first(const struct trie_node *n, bool rpf);
const struct route *rib_next(const struct route *r);
/* Longest match in a class; NULL if none. *dst gets the prefix. */
const struct route *rib_match(
	const struct net *net, const struct ipaddr *addr, bool rpf, struct prefix *dst);
const struct route *rib_find(const struct net *net, const struct prefix *dst,
	enum net_route_origin origin, uint32_t metric);

void rib_expand(const struct trie *t, const struct trie_node *n, const struct route *r,
	struct net_route *out);

/* sweep.c: takes static paths through an interface that is being deleted out. */
void rib_purge_if(struct net *net, uint16_t ifid);

/* paths.c */
void paths_fini(struct net *net);
/* The set of these paths, one reference added; NULL: no memory. */
struct pathset *pathset_get(struct net *net, const struct net_path *v, unsigned n);
void pathset_put(struct net *net, struct pathset *s);
/* The route's paths with what the caller leaves to us. False: no such route can be. */
bool paths_complete(
	const struct net *net, const struct net_route *r, struct net_path out[NET_PATHS_MAX]);
/* The interface came, went, or changed `up` (ifid; 0 none), or ifindexes mean something else now:
 * resolves paths again and pends the prefixes of affected routes. */
void paths_changed(struct net *net, uint16_t ifid);

/* rpf.c */
void rpf_init(struct net *net);
/* What one of several equal paths is chosen by. */
struct rpf_by {
	uint32_t hash;
	bool highest; /* not by hash, but the highest gateway */
};
/* By the address alone. */
static inline struct rpf_by rpf_by_addr(const struct ipaddr *addr)
{
	return (struct rpf_by){.hash = ip_hash(addr, 0)};
}
/* The usable path among r and its equals of higher metric; NULL: why is set. via: 0, or
 * the interface it must leave through (why then stays as it is unless a blackhole ends it).
 * *used gets the route. */
const struct net_path *rpf_pick(const struct net *net, const struct route *r,
	const struct prefix *dst, struct rpf_by by, uint16_t via, const struct route **used,
	char why[NET_WHY_MAX]);

/* neigh.c */
void neigh_fini(struct net *net);
/* Drops an interface's neighbours: the kernel's only (its twin went), or all. */
void neigh_purge(struct net *net, uint16_t ifid, bool all);
void neigh_sweep(struct net *net);

/* way.c: evaluates from scratch, changes nothing. */
void way_find(const struct net *net, const struct nexthop *nh, struct way *out);

/* nexthop.c */
struct nexthop *nexthop_get(struct net *net, const struct ipaddr *addr, uint16_t via, bool tunnel);
void nexthop_fini(struct net *net);
void nexthop_within(struct net *net, const struct prefix *prefix);
void nexthop_if_changed(struct net *net, struct iface *ifc);
void nexthop_if_gone(struct net *net, struct iface *ifc);
void nexthop_neigh_changed(struct net *net, uint16_t ifid, const struct ipaddr *addr);
void nexthop_tick(struct net *net);
