/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The bed of overload and the seam's tests: the real data plane on ports whose other ends the test holds. Every
 * function ends the program if something cannot be made.
 */
#pragma once

#include "dataplane/dataplane.h"

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_udp.h>

#define PORTS 5 /* port 0 is the input, 1 to 4 are outputs */
#define RING 8192
#define DRAIN 3000 /* packets while the pool is empty */
#define FLIGHT 512 /* packets on their way at most */
#define MBUFS 32768
#define MAX_ROUTES 1048576
#define IDLE_KB_MAX (320 * 1024)

struct bed {
	struct dataplane *d;
	struct dp dp;
	int wake;
	unsigned workers; /* with lcores of their own, from lcore 1 on; 0: one */
	struct dataplane_hold hold;
	uint32_t max_routes, max_oifs; /* 0: MAX_ROUTES, 65536 */
	uint16_t port[PORTS];
	struct rte_ring *in[PORTS], *out[PORTS];
	uint64_t mbufs_idle;
};

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __func__, __LINE__, #cond); \
			exit(1);                                                             \
		}                                                                            \
	} while (0)

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint32_t number;
	uint8_t rest[18];
} __rte_packed __rte_aligned(2);

/* Until cond or ten seconds have passed. */
#define WAIT_FOR(b, cond)                                              \
	do {                                                           \
		uint64_t until_ = rte_rdtsc() + 10 * rte_get_tsc_hz(); \
		while (!(cond) && rte_rdtsc() < until_)                \
			breathe(b);                                    \
		CHECK(cond);                                           \
	} while (0)

void port_join(struct bed *b, unsigned i);
struct dp_if if_of(const struct bed *b, unsigned i);
void bed_make(struct bed *b, bool shared);
void bed_free(struct bed *b);
struct rte_mbuf *frame_new(
	const struct bed *b, uint32_t src, uint32_t dst, uint8_t proto, uint32_t number);
void arrive(struct bed *b, struct rte_mbuf *m);
void breathe(struct bed *b);
struct dp_route route_of(uint32_t src, uint32_t grp, uint32_t list);
uint32_t list_of(struct bed *b, uint32_t one, uint32_t two);
/* The EAL with four lcores on two CPUs; name: of its files. */
void bed_eal(char *program, const char *name);
void ports_make(struct bed *b);
uint64_t mbufs_in_use(const struct bed *b);
struct dp_worker_info info_of(const struct bed *b);

/* seam_tables.c */
void two_tables_keep_apart(struct bed *b);
