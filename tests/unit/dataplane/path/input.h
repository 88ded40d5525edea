/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the tests of the input stages start from.
 */
#pragma once

#include "fixture.h"

static struct fwd_if *in, *tagged, *tun;

/* Interface 1 on port 0, interface 3 its VLAN 100, tunnel 5; one route, everything from interface 1 leaves
 * on interface 2. */
static inline int setup(void **state)
{
	int rc = fx_setup(state);

	in = fx_ether(1, 0, 0);
	fx_ether(2, 1, 0);
	tagged = fx_ether(3, 0, 100);
	fx_adj(1, DP_ADJ_ETHER, 2, 0x99);
	tun = fx_tunnel(5, 1);
	fx_oif(1, 2);
	fx_route(IP_V4, 1, 1, 1);
	fx_route(IP_V6, 1, 1, 1);
	return rc;
}

static inline void rx(const struct fwd_if *ifp, const uint8_t *ip, unsigned len, bool unicast)
{
	fx_rx(ifp->c.port,
		fx_frame(ifp, ip, len, ip[0] >> 4 == 6 ? ETH_TYPE_IP6 : ETH_TYPE_IP4, unicast, 0));
	fx_run();
}

#define assert_only_drop(reason)                               \
	do {                                                   \
		assert_int_equal(fx.w->info.drops[reason], 1); \
		assert_int_equal(fx_drops(), 1);               \
		assert_int_equal(fx.port[1].tx_n, 0);          \
		assert_int_equal(fx.n_punted, 0);              \
	} while (0)

static inline void assert_punted(enum pkt_next next, uint16_t iif, unsigned bytes)
{
	assert_int_equal(fx.n_punted, 1);
	assert_int_equal(fx.punted_next[0], next);
	assert_int_equal(fx.punted_iif[0], iif);
	assert_int_equal(fx.punted[0]->pkt_len, bytes);
	assert_int_equal(fx_drops(), 0);
}

/* An IPv4 packet with another source, destination and protocol. */
static inline unsigned make(uint8_t *ip, uint32_t src, uint32_t dst, uint8_t proto)
{
	fx_ip4(ip, 64);
	store32(ip + IP4_SRC, htonl(src));
	store32(ip + IP4_DST, htonl(dst));
	ip[IP4_PROTO] = proto;
	fx_ip4_seal(ip);
	return 64;
}
