/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The simulator: routers, hosts and links in one process on a virtual clock. A router is the real net,
 * TIB, runner and protocols over a model data plane (mdp.h) that forwards by the same MFIB. Links lose,
 * delay, duplicate, reorder and part; clocks run fast and slow; all of it by one seed.
 *
 * A scenario builds a topology, lets time pass, and asks sim_check whether each packet came to each
 * receiver exactly once. Whatever is wrong is noted in the sim (sim_fail), nothing aborts.
 */
#pragma once

#include <stdio.h>

#include "control/base/prng.h"
#include "control/gmp/gmp.h"
#include "control/pim/pim.h"
#include "control/run/runner.h"
#include "control/static/static.h"
#include "tests/sim/family.h"
#include "tests/sim/mdp.h"
#include "tests/sim/packet.h"

#define SIM_MS 1000ull
#define SIM_S 1000000ull
#define SIM_CHANCE 1000000u /* of loss, dup, reorder: always */
#define SIM_NAME 16
#define SIM_RPS_MAX 8

struct sim;
struct sim_router;
struct sim_host;

/* What a wire does to packets, one way. Chances are in millionths. */
struct sim_faults {
	uint32_t loss, dup, reorder;
	uint32_t delay_us, jitter_us;
	bool control_only; /* data pass unharmed */
};

/* Somebody's place on a link. */
struct sim_port {
	struct sim_link *link;
	struct sim_router *router; /* or */
	struct sim_host *host;
	uint16_t ifid; /* of the router */
	uint8_t mac[6];
	uint8_t side;     /* of a partition: only ports of the same side hear each other */
	bool up;          /* interface not shut */
	struct ipaddr ip; /* its number (family.h) */
	uint32_t cost;    /* of unicast routing */
	struct sim_faults tx, rx;
	/* of a router's port: change it before the boot, or sim_configure; gmp as IGMP's */
	struct gmp_if_config gmp;
	struct pim_if_config pim;
	uint64_t last_due_us; /* what was sent earlier arrives earlier, but for reorder */
};

/* A LAN; with two ports a cable. */
struct sim_link {
	char name[SIM_NAME];
	uint16_t index;
	bool up;
	struct prefix subnet; /* its number */
	uint16_t n_ports;
	struct sim_port **ports;
	struct sim_faults faults; /* both ways, besides those of the ports */
	uint64_t data_packets;    /* copies of data on the wire */
};

/* A unicast route as told to a router. */
struct sim_path {
	struct prefix dst;
	uint32_t metric;
	uint8_t n;
	struct net_path paths[NET_PATHS_MAX];
};

struct sim_router {
	struct sim *s;
	char name[SIM_NAME];
	uint16_t index;
	bool running;
	int32_t skew_ppm;               /* how much faster its clock runs */
	uint64_t clock_at_us, clock_us; /* its clock showed clock_us at clock_at_us */
	bool global_next_hops;          /* of IPv6: its routes do not name link-local addresses */
	uint64_t converge_us;           /* from a change of topology to new unicast routes */
	struct mdp *mdp;
	struct net *net;
	struct tib *tib;
	struct runner *r;
	uint16_t n_ports;
	struct sim_port **ports;
	uint16_t n_loopbacks;
	struct ipaddr loopbacks[4]; /* numbers, as those of the RPs below */
	uint32_t wake_gen;          /* wakes of older generations are void */
	uint64_t wake_us;
	uint32_t boots;
	uint64_t tick_us; /* net_tick, local time */
	uint32_t n_paths;
	struct sim_path *paths;
	/* configuration, applied at each boot */
	size_t n_statics;
	struct static_route *statics;
	struct pim_config pim; /* but interfaces and RPs */
	uint16_t n_rps;
	struct sim_rp {
		struct ipaddr rp;
		struct prefix groups;
	} rps[SIM_RPS_MAX];
	int static_no, gmp_no, pim_no, test_no; /* runner's numbers, -1 none; test_no: of s->boot */
	size_t baseline_timers;
};

/* A sender of numbered packets on its host's link. */
struct sim_source {
	struct sim_host *host;
	uint16_t index;
	struct ipaddr grp;
	uint8_t ttl;
	uint64_t interval_us;
	uint32_t seq, gen; /* next packet; running one's generation */
	bool on;
	struct sim_tally *tally; /* of a check in progress */
};

struct sim {
	uint64_t now_us;
	struct prng rng;
	uint64_t seed, seq, events_done;
	struct sim_event *heap;
	size_t n_heap, heap_cap;
	uint16_t n_routers, n_links, n_hosts, n_sources;
	struct sim_router **routers;
	struct sim_link **links;
	struct sim_host **hosts;
	struct sim_source **sources;
	struct sim_router *current; /* whose code is running */
	uint64_t control_delay_us;  /* from a packet's arrival to the control lcore's look at it */
	bool ecmp;
	bool ipv4, ipv6; /* families that are run; before anything is made */
	bool protocols;  /* routers run gmp and pim too */
	bool hosts_only; /* sim_check judges hosts, not links: while the network still changes */
	/* a test's own protocols, added at each boot; a test's look at what is sent; may be NULL */
	void (*boot)(struct sim_router *r);
	void (*tap)(void *arg, const struct sim_port *from, const struct sim_packet *p);
	void *tap_arg;
	FILE *trace;
	unsigned failures;
	char first_failure[512];
	uint64_t loops, data_sent, data_delivered;
};

/* --- making ------------------------------------------------------------------------------------- */

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *s);
/* "10.1.0.0/24"; the next interface is .1, then .2 ... */
struct sim_link *sim_link(struct sim *s, const char *name, const char *subnet);
struct sim_router *sim_router(struct sim *s, const char *name);
/* An interface named as the link. A running router gets it at once. address NULL: the next free one. */
struct sim_port *sim_attach(struct sim_router *r, struct sim_link *l, const char *address);
/* A loopback address, reachable from everywhere by unicast. Before sim_start. */
void sim_loopback(struct sim_router *r, const char *address);
void sim_cost(struct sim_router *r, struct sim_link *l, uint32_t cost);
struct sim_port *sim_port_of(const struct sim_router *r, const struct sim_link *l);
/* Boots every router that is not running and computes unicast routes at once. */
void sim_start(struct sim *s);

/* --- time --------------------------------------------------------------------------------------- */

void sim_run(struct sim *s, double seconds);
/* What the router's clock shows, in microseconds. */
uint64_t sim_clock(const struct sim_router *r);
/* fn(s, arg, n) at a time; events of one time in the order in which they were asked for. */
void sim_at(struct sim *s, uint64_t due_us, void (*fn)(struct sim *s, void *arg, uint64_t n),
	void *arg, uint64_t n);

/* --- what happens to a network ------------------------------------------------------------------- */

void sim_link_up(struct sim_link *l, bool up);
/* Two-way faults of a link. */
void sim_faults(struct sim_link *l, const struct sim_faults *f);
void sim_partition(struct sim_port *p, uint8_t side);
void sim_if_up(struct sim_router *r, struct sim_link *l, bool up);
/* Power off: nobody is told. Shut down: protocols get EV_STOP first. */
void sim_crash(struct sim_router *r);
void sim_stop(struct sim_router *r);
void sim_boot(struct sim_router *r);
void sim_skew(struct sim_router *r, int32_t ppm);
/* Topology or costs changed: every router learns it after its converge_us. */
void sim_unicast_changed(struct sim *s);
void sim_unicast_now(struct sim *s);

/* --- configuration ------------------------------------------------------------------------------- */

/* A static route: source "*" or an address, input an interface, "any" or "rpf", outputs names of
 * interfaces separated by blanks. Applies at once if the router runs. */
void sim_static(struct sim_router *r, const char *src, const char *grp, const char *input,
	const char *outputs);
void sim_static_clear(struct sim_router *r);

/* RPs of one router, or of all routers there are; they apply at once. */
void sim_router_rp(struct sim_router *r, const char *rp, const char *groups);
void sim_router_rp_clear(struct sim_router *r);
void sim_rp(struct sim *s, const char *rp, const char *groups);
void sim_rp_clear(struct sim *s);
void sim_spt(struct sim *s, enum pim_spt spt);
/* The port's gmp as the settings of a family: MLD's versions are one less. */
struct gmp_if_config sim_gmp_if(const struct sim_port *p, enum ip_family family);
/* What was changed in r->pim and in the ports' gmp and pim. */
void sim_configure(struct sim_router *r);

/* --- looking in ---------------------------------------------------------------------------------- */

const struct pim_sm *sim_sm(const struct sim_router *r);
size_t sim_pim_neighbors(const struct sim_router *r, const struct sim_link *l);
struct ipaddr sim_pim_dr(const struct sim_router *r, const struct sim_link *l);

/* --- checks --------------------------------------------------------------------------------------- */

/* Sources that are on send for so many seconds; then each packet must have reached each interested host
 * once, no router twice, and no link that nobody behind needs. Returns the number of faults. */
unsigned sim_check(struct sim *s, double seconds);
/* What each router has now but for routes is what it may have when all is over. */
void sim_baseline(struct sim *s);
/* No routes, no protocol state, no timers beyond the baseline. Returns the number of faults. */
unsigned sim_check_empty(struct sim *s);

void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- seeing ----------------------------------------------------------------------------------------- */

void sim_trace(struct sim *s, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define SIM_TRACE(s, who, ...)                              \
	do {                                                \
		if ((s)->trace)                             \
			sim_trace((s), (who), __VA_ARGS__); \
	} while (0)
/* MFIBs and protocol states of all routers, as text. */
void sim_dump(struct sim *s, FILE *f);
