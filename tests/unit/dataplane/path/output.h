/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the tests of the output stages start from. The teardown of every test counts the pool's buffers.
 */
#pragma once

#include "fixture.h"

static struct fwd_if *in;

/* Interface 1 on port 0 is the input, interfaces 2..4 on ports 1..3 are outputs, oif id = interface id.
 * Adjacency 1: a neighbour on interface 2. */
static inline int setup(void **state)
{
	int rc = fx_setup(state);

	in = fx_ether(1, 0, 0);
	for (uint16_t i = 2; i <= 4; i++) {
		fx_ether(i, i - 1, i == 4 ? 100 : 0);
		fx_oif(i, i);
	}
	fx_adj(1, DP_ADJ_ETHER, 2, 0x99);
	return rc;
}

static inline void share_l2(uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i <= to; i++)
		fx.t.ifs[i]->l2_id = 1;
}

/* The frame number n of a port. */
static inline unsigned frame(unsigned port, unsigned n, uint8_t *out)
{
	assert_true(n < fx.port[port].tx_n);
	return fx_bytes(fx.port[port].tx[n], out, 16384);
}

/* A native copy of fx_ip4(ip_len): Ethernet as the interface has it, TTL one less, all else the same. */
static inline void assert_native(
	const uint8_t *f, unsigned len, const struct fwd_if *ifp, unsigned ip_len)
{
	uint8_t want[16384], *ip = want + ifp->l2_len;

	memcpy(want, ifp->l2, ifp->l2_len);
	memcpy(want, (uint8_t[]){1, 0, 0x5e, 1, 1, 1}, 6);
	fx_ip4(ip, ip_len);
	ip[IP4_TTL] = 8;
	fx_ip4_seal(ip);
	assert_int_equal(len, ifp->l2_len + ip_len);
	assert_memory_equal(f, want, len);
}
