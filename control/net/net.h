/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What control knows of the network around the router: interfaces, addresses, neighbours, unicast
 * routes, and the answers computed from them: RPF (RFC 7761 4.1.6, MRIB) and next hops.
 *
 * Fed by the configuration and by the kernel (control/kernel) through the *_set and *_del calls;
 * publishes interfaces and adjacencies to the data plane; tells its listener what changed. It
 * opens no descriptor and asks no clock.
 *
 * Where an interface has a twin, the kernel's addresses, routes and neighbours are the truth.
 * Where it has none (exception = "none"), configured addresses give connected prefixes, `rpf`
 * gives routes and `neighbors` gives MACs.
 */
#pragma once

#include "control/base/log.h"
#include "dataplane/seam/dp.h"

#define NET_IF_ADDRS_MAX 64
#define NET_PORT_NONE 0xffffu

/* --- interfaces ------------------------------------------------------------------------------ */

struct net_addr {
	struct ipaddr ip;
	uint8_t len;
	uint8_t pad[3];
};

/* An interface as configured. */
struct net_if_conf {
	char name[DP_IF_NAMELEN];
	uint8_t kind;        /* enum dp_if_kind */
	bool exception;      /* has a twin */
	char port[32];       /* port name, DP_IF_ETHER */
	uint16_t vlan;       /* of the outer or only tag; 0 untagged */
	uint16_t vlan_inner; /* of a second tag; 0 none */
	uint16_t vlan_tpid;  /* of the outer tag; 0 the usual: 0x8100, of two 0x88a8 */
	uint16_t table;      /* routing table of what comes in */
	uint16_t
		mtu; /* 0: the port's MTU; tunnels: 1476 or less as the header needs; lo 65535 -> 1500 */
	uint8_t ttl_threshold; /* default of the outputs on this interface */
	struct net_addr addrs[NET_IF_ADDRS_MAX];
	unsigned n_addrs;
	struct dp_gre gre; /* adj unused */
};

/* An interface as it is now. Borrowed pointers are valid until the next net_if_* call. */
struct net_if {
	struct net_if_conf conf;
	uint16_t id;
	uint16_t port; /* DPDK port id or NET_PORT_NONE while the port is absent */
	uint16_t mtu;  /* in force */
	bool link;     /* carrier of the port; tunnels and loopbacks: true */
	bool admin;    /* not shut (`set interface NAME down`, or the twin set down) */
	bool up;       /* port present, link and admin: what the data plane was told */
	int ifindex;   /* the twin's, 0 while there is none */
	uint8_t mac[6];
	struct net_addr addrs[NET_IF_ADDRS_MAX]; /* in force: the twin's, else the configured */
	unsigned n_addrs;
	uint32_t gre_adj; /* next hop of the tunnel's remote */
	uint64_t changed_us;
};

/* --- unicast routes --------------------------------------------------------------------------- */

/* One path of a route. A connected route has gateway IP_NONE. */
struct net_path {
	struct ipaddr gateway;
	uint16_t ifid;   /* starg interface; 0: the kernel's own device that is no twin */
	uint16_t weight; /* ECMP, 1.. */
	int ifindex;     /* kernel's device, 0 for static ones */
	bool dead;       /* linkdown or dead next hop */
};

#define NET_PATHS_MAX 16

enum net_route_origin {
	NET_ROUTE_KERNEL,    /* learnt over netlink */
	NET_ROUTE_CONNECTED, /* from an address of an interface without twin */
	NET_ROUTE_RPF,       /* `rpf` of the configuration: RPF lookups only prefer it; it also
			      * serves next hops if no other route covers the address */
};

struct net_route {
	struct prefix dst;
	uint8_t origin;   /* enum net_route_origin */
	uint8_t protocol; /* rtm_protocol: RTPROT_KERNEL 2, STATIC 4, BGP 186, OSPF 188 ... */
	uint8_t n_paths;
	uint8_t blackhole; /* unreachable, blackhole, prohibit */
	uint32_t metric;   /* kernel's priority; the lowest wins among equal prefixes */
	struct net_path paths[NET_PATHS_MAX];
};

/* --- answers ----------------------------------------------------------------------------------- */

/* RFC 7761 4.1.6: the RPF interface and neighbour towards an address. */
struct net_rpf {
	uint16_t ifid;          /* 0: unreachable */
	struct ipaddr neighbor; /* IP_NONE: directly connected */
	struct prefix dst;      /* matching route */
	uint8_t origin;         /* enum net_route_origin */
	uint8_t protocol;
	uint32_t preference; /* Assert metric preference, by protocol (RFC 7761 4.6.3) */
	uint32_t metric;
	bool by_group; /* there are equal paths, and another group may have another of them */
	char why[96];  /* unreachable: the reason in words; else "" */
};

/* One of the equal ways that RPF chooses from. */
struct net_rpf_path {
	uint16_t ifid;          /* 0: leaves by a device that is not starg's */
	struct ipaddr neighbor; /* IP_NONE: directly connected */
	uint16_t weight;
	bool usable, chosen;
};

/* What RPF chooses by among several equal paths. */
enum net_ecmp {
	NET_ECMP_SOURCE_GROUP, /* hash of the address (source or RP) and the group */
	NET_ECMP_SOURCE,       /* hash of the address */
	NET_ECMP_NONE,         /* no hash: the path with the highest neighbour, for all */
};

/* --- changes ----------------------------------------------------------------------------------- */

enum net_change_kind {
	NET_IF_NEW,
	NET_IF_LEAVING, /* told before the change, alone: it goes down, away or elsewhere, but still sends */
	NET_IF_GONE,  /* id is free again after the listener returned */
	NET_IF_STATE, /* up, link, admin, port, mtu, MAC or TTL threshold changed */
	NET_IF_ADDR,  /* addresses changed */
	NET_RIB,      /* routes within prefix changed: RPF answers for addresses in it may differ */
	NET_NEIGH,    /* neighbour entry changed */
};

struct net_change {
	uint8_t kind; /* enum net_change_kind */
	uint16_t ifid;
	struct prefix prefix; /* NET_RIB; NET_NEIGH: the neighbour's address */
};

struct net_env {
	void *arg;
	/* Something changed; called after the change, but for NET_IF_LEAVING. */
	void (*changed)(void *arg, const struct net_change *c);
	/* Ask the kernel to resolve or keep a neighbour on this twin (NTF_USE). May be NULL. */
	void (*resolve)(void *arg, int ifindex, const struct ipaddr *addr);
};

struct net;

struct net *net_new(const struct dp *dp, const struct net_env *env);
void net_free(struct net *net);

/* --- interfaces: written by the configuration, ports and kernel -------------------------------------- */

/* Adds an interface; its id in *ifid. -EEXIST name taken, -ENOSPC, -ENOMEM, or what the data plane
 * said. It starts not shut. A port that net_port_set told of is found at once; without one it is
 * down and unknown to the data plane. */
int net_if_add(struct net *net, const struct net_if_conf *conf, uint16_t *ifid);
/* Replaces the configuration in place: id, counters and routes stay. The name must be the same. If
 * another interface still has the VLAN or tunnel endpoints, it is down until that one lets go. */
int net_if_change(struct net *net, uint16_t ifid, const struct net_if_conf *conf);
int net_if_del(struct net *net, uint16_t ifid);
/* The port behind every interface with conf.port == name came (port id, MAC, MTU) or went
 * (NET_PORT_NONE, mac NULL). */
void net_port_set(
	struct net *net, const char *name, uint16_t port, const uint8_t *mac, uint16_t mtu);
void net_port_link(struct net *net, const char *name, bool link);
void net_if_admin(struct net *net, uint16_t ifid, bool up);
/* The interface's twin exists with this ifindex (0: gone; its addresses and neighbours go, too). */
void net_if_twin(struct net *net, uint16_t ifid, int ifindex);
/* Kernel's view of the twin's addresses. */
void net_addr_add(struct net *net, uint16_t ifid, const struct ipaddr *ip, uint8_t len);
void net_addr_del(struct net *net, uint16_t ifid, const struct ipaddr *ip, uint8_t len);
/* Which protocols want their packets from this interface (DP_PROTO_*). */
void net_if_proto(struct net *net, uint16_t ifid, uint8_t proto_bits);

const struct net_if *net_if_get(const struct net *net, uint16_t ifid); /* NULL: absent */
const struct net_if *net_if_find(const struct net *net, const char *name);
const struct net_if *net_if_by_index(const struct net *net, int ifindex);
/* The next interface with an id above after (0 starts), in order of id; NULL at the end. */
const struct net_if *net_if_next(const struct net *net, uint16_t after);
/* First address of the family on the interface, or NULL. */
const struct net_addr *net_if_addr(const struct net_if *ifp, enum ip_family family);
/* The first that hosts elsewhere can answer to: of IPv6 none of link-local scope. */
const struct net_addr *net_if_addr_routable(const struct net_if *ifp, enum ip_family family);
/* Whether ip is one of the router's own addresses; *ifid (may be NULL) gets the interface. */
bool net_is_local(const struct net *net, const struct ipaddr *ip, uint16_t *ifid);
/* Whether whoever has this address on the link of ifid is this router: by any of its addresses, but those of link-local
 * scope on other links, for others may have them here (RFC 4007 section 6). */
bool net_is_own(const struct net *net, const struct ipaddr *ip, uint16_t ifid);

/* --- routes and neighbours -------------------------------------------------------------------------- */

/* Adds or replaces the route with this (dst, origin, metric). ifid of each path is filled in here
 * from ifindex when ifid is 0, again whenever a twin comes or goes. */
int net_route_set(struct net *net, const struct net_route *r);
int net_route_del(
	struct net *net, const struct prefix *dst, enum net_route_origin origin, uint32_t metric);
/* The route with exactly this (dst, origin, metric) copied to *out; false if there is none. */
bool net_route_find(const struct net *net, const struct prefix *dst, enum net_route_origin origin,
	uint32_t metric, struct net_route *out);
/* Mark and sweep over the routes of one origin (netlink overrun, reload), and, with
 * NET_ROUTE_KERNEL, over the kernel's neighbours; static neighbours are deleted one by one. While
 * the kernel's are resynchronised, NET_RIB is told at the end (or by net_tick) only. */
void net_resync_begin(struct net *net, enum net_route_origin origin);
void net_resync_end(struct net *net, enum net_route_origin origin);
/* In order of prefix. Returns false from cb to stop. */
void net_route_walk(const struct net *net, enum ip_family family,
	bool (*cb)(void *arg, const struct net_route *r), void *arg);

enum net_neigh_state {
	NET_NEIGH_INCOMPLETE,
	NET_NEIGH_REACHABLE,
	NET_NEIGH_STALE,
	NET_NEIGH_FAILED,
	NET_NEIGH_STATIC
};

struct net_neigh {
	uint16_t ifid;
	uint8_t state; /* enum net_neigh_state; STATIC: from the configuration, never overridden */
	uint8_t mac[6];
	struct ipaddr addr;
};

int net_neigh_set(struct net *net, const struct net_neigh *n);
int net_neigh_del(struct net *net, uint16_t ifid, const struct ipaddr *addr, bool is_static);
const struct net_neigh *net_neigh_find(
	const struct net *net, uint16_t ifid, const struct ipaddr *addr);
void net_neigh_walk(
	const struct net *net, bool (*cb)(void *arg, const struct net_neigh *n), void *arg);

/* Preference by routing protocol number; origin RPF is always 0. Default table in rpf.c. */
void net_preference_set(struct net *net, uint8_t protocol, uint32_t preference);
/* Back to the value of that table. */
void net_preference_default(struct net *net, uint8_t protocol);

/* What RPF chooses by from now on; NET_ECMP_SOURCE_GROUP at first. Next hops always go by their address. */
void net_ecmp_set(struct net *net, enum net_ecmp ecmp);

/* --- answers ------------------------------------------------------------------------------------------ */

/* True and *out filled if reachable through a starg interface that is up; else false, why set. Several equal
 * paths: that of no group in particular. */
bool net_rpf(const struct net *net, const struct ipaddr *addr, struct net_rpf *out);
/* The same for a tree of this group, the path as the setting for equal ones says. group NULL or IP_NONE: none
 * in particular. */
bool net_rpf_group(const struct net *net, const struct ipaddr *addr, const struct ipaddr *group,
	struct net_rpf *out);
/* All paths of the route that answers so, their number; 0 if there is none. */
unsigned net_rpf_paths(const struct net *net, const struct ipaddr *addr, const struct ipaddr *group,
	struct net_rpf_path out[NET_PATHS_MAX]);
/* Longest match without RPF's static routes; false if there is none. */
bool net_route_lookup(const struct net *net, const struct ipaddr *addr, struct net_route *out);

/* --- next hops: adjacencies that follow routes and neighbours ------------------------------------------ */

/* An adjacency towards addr, shared by all who ask for the same (addr, via); count one reference.
 * via: interface it must leave through, 0 any. 0 if memory or ids are out. It exists from now on in
 * the data plane, unresolved until a route and a MAC are known; nobody needs to do anything when
 * they change. While referenced, the neighbour is kept resolved (net_tick). */
uint32_t net_nexthop_get(struct net *net, const struct ipaddr *addr, uint16_t via);
void net_nexthop_put(struct net *net, uint32_t adj);

struct net_nexthop {
	uint32_t adj;
	struct ipaddr addr;    /* what is to be reached */
	uint16_t via;          /* constraint, 0 none */
	uint16_t ifid;         /* leaves through, 0 unknown */
	struct ipaddr gateway; /* whose MAC is used; IP_NONE unknown */
	bool resolved;
	uint8_t mac[6];
	uint32_t refs;
	char why[96]; /* not resolved: the reason in words */
};
bool net_nexthop_info(const struct net *net, uint32_t adj, struct net_nexthop *out);

/* Once a second or so: asks again for unresolved next hops, renews used ones (every 10 s or so). */
void net_tick(struct net *net, uint64_t now_us);
