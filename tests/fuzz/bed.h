/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A whole data plane without EAL for the fuzz targets: the real tables, one worker, ports that are arrays,
 * buffers that the address sanitizer watches (pool.h).
 *
 * Ports 0 to 3. Interfaces: 1 untagged on port 0, 2 and 3 (VLAN 100) on port 1, 4 on port 2 without twin and
 * protocols, 5 on port 3 with MTU 600; tunnels over 2: 6 without key, 7 with key 7 and checksum, 8 over IPv6
 * with key 9 and checksum, and 9, 10, 11, which are their other ends. 12 is shut, VLAN 7 on port 0. The router
 * is 10.0.0.254 and 2001:db8::254: Registers to these are taken where there is PIM.
 */
#pragma once

#include "dataplane/tables.h"
#include "tests/fuzz/pool.h"
#include "tests/sum.h"

#define BED_PORTS 4
#define BED_QUEUE 4096
#define BED_FRAME_MAX 10240
#define BED_IFS 12
#define BED_SEGS_MAX 48

struct bed_port {
	struct rte_mbuf *rx[BED_QUEUE], *tx[BED_QUEUE];
	unsigned rx_at, rx_n, tx_n, tx_room;
};

struct bed {
	struct dataplane d;
	struct worker *w;
	/* received: frames of any length in one segment, and pieces of frames */
	struct rte_mempool *rx_pool, *rx_pieces;
	struct bed_port port[BED_PORTS];
};

/* The one bed of the program, made at the first call. */
struct bed *bed_get(void);
/* All ports send chained buffers, or none does. */
void bed_multi_segs(struct bed *b, bool on);
/* Another MTU for an interface. */
void bed_mtu(struct bed *b, uint16_t ifid, unsigned mtu);
/* A route; source and group as in prefix_parse, "*" for any source. oifs: n ids, ended by 0. */
void bed_route(struct bed *b, const char *src, const char *grp, uint16_t iif, const uint32_t *oifs);
/* A frame in one segment, or in segments of seg bytes, if they are no more than BED_SEGS_MAX. */
struct rte_mbuf *bed_chain(struct bed *b, const uint8_t *frame, size_t len, size_t seg);
void bed_rx(struct bed *b, unsigned port, struct rte_mbuf *m);
/* Rounds until nothing comes in any more. */
void bed_run(struct bed *b);
/* Takes what control would get, and frees what was sent. */
void bed_control(struct bed *b);
void bed_sent_free(struct bed *b);

/* Whether it is an IPv4 header of len bytes or more whose checksum is right. */
bool bed_ip4_sound(const uint8_t *h, size_t len);
/* Makes a mutated frame pass the first checks: lengths and checksums of IP headers, in a tunnel too. */
void bed_repair(uint8_t *frame, size_t len);
