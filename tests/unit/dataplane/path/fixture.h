/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A worker with tables made by hand, between ports that are arrays: packets in, packets out. The route
 * lookup, the upcalls and the punt stage are the fixture's own and record what they are given. Buffers
 * need a mempool and that needs EAL: it is started without huge pages, devices or privileges.
 */
#pragma once

#include "dataplane/path.h"
#include "tests/sum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FX_PORTS 6
#define FX_QUEUE 8192
#define FX_ROUTES 16
#define FX_POOL 8191
#define FX_SMALL 63

struct fx_port {
	struct rte_mbuf *rx[FX_QUEUE], *tx[FX_QUEUE];
	unsigned rx_at, rx_n, tx_n;
	unsigned tx_room; /* frames it takes before it is full */
};

struct fx_route {
	uint8_t src[16], grp[16], family;
	struct mfib_route *r;
};

struct fixture {
	struct worker *w;
	struct fwd_tables t;
	struct fwd_ports ports;
	struct fwd_demux demux;
	struct fx_port port[FX_PORTS];
	struct fx_route routes[FX_ROUTES];
	unsigned n_routes;
	struct worker *workers[2];
	/* what left by other ways */
	unsigned upcalls[DP_UPCALL_KINDS];
	struct dp_upcall registered; /* the last one */
	unsigned refused;            /* Registers that their route does not take */
	struct rte_mbuf *punted[FX_QUEUE];
	uint8_t punted_next[FX_QUEUE];
	uint16_t punted_iif[FX_QUEUE];
	unsigned n_punted;
	unsigned in_use; /* buffers taken from the pool at the start of the test */
};

extern struct fixture fx;

/* cmocka setup and teardown of the group: EAL and the pool, once a program. */
int fx_start(void **state);
int fx_stop(void **state);
/* cmocka setup and teardown: empty tables, ports 0 .. FX_PORTS-1; the teardown fails if a buffer is lost. */
int fx_setup(void **state);
int fx_teardown(void **state);

/* There are FX_SMALL small buffers from now on. */
void fx_small(void);

/* The interface is up, has a twin and MTU 1500; MAC 02:00:00:00:00:<port>. */
struct fwd_if *fx_ether(uint16_t id, uint16_t port, uint16_t vlan);
/* The same with two tags. */
struct fwd_if *fx_stack(uint16_t id, uint16_t port, uint16_t tpid, uint16_t outer, uint16_t inner);
/* Tunnel 10.9.0.1 -> 10.9.0.2 by adjacency adj, no key. */
struct fwd_if *fx_tunnel(uint16_t id, uint32_t adj);
/* Makes it known to the demultiplexer, and its headers; again after it has been changed. */
void fx_tunnel_ready(struct fwd_if *tun);
struct fwd_adj *fx_adj(uint32_t id, enum dp_adj_kind kind, uint16_t ifid, uint8_t mac_end);
/* Native output on an interface. */
struct fwd_oif *fx_oif(uint32_t id, uint16_t ifid);
/* Head-end replication to 192.0.2.7 port 6000, source 198.51.100.1, by adjacency. */
struct fwd_oif *fx_her(uint32_t id, uint16_t ifid, uint32_t adj);
/* A Register from 198.51.100.1 to 192.0.2.254, TTL 64, or their IPv6 cousins, by adjacency. */
struct fwd_oif *fx_register(uint32_t id, uint16_t ifid, uint32_t adj, uint8_t family);
/* (10.0.0.1, 239.1.1.1), or its IPv6 cousin, from iif to n outputs, oif ids first, first + 1 ... */
struct mfib_route *fx_route(uint8_t family, uint16_t iif, uint32_t first, uint32_t n);

/* A UDP packet of ip_len bytes for the route, TTL 9, payload pattern, right checksums. */
unsigned fx_ip4(uint8_t *h, unsigned ip_len);
unsigned fx_ip6(uint8_t *h, unsigned ip_len);
void fx_ip4_seal(uint8_t *h);
/* Frames to the group (unicast: to the interface's MAC) with these bytes of IP, in segments of at most seg
 * bytes (0: one). */
struct rte_mbuf *fx_frame(const struct fwd_if *ifp, const uint8_t *ip, unsigned len, uint16_t type,
	bool unicast, unsigned seg);
void fx_rx(uint16_t port, struct rte_mbuf *m);
/* The usual: fx_ip4 of ip_len bytes in on interface. */
void fx_rx4(const struct fwd_if *ifp, unsigned ip_len);
/* All bytes of a buffer; the length. */
unsigned fx_bytes(const struct rte_mbuf *m, uint8_t *out, unsigned cap);
/* Rounds until nothing comes in any more. */
void fx_run(void);
uint64_t fx_drops(void); /* of all reasons */
