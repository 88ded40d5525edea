/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stages decap and lookup: tunnels, routes and their inputs.
 */
#include "input.h"

/* --- GRE ------------------------------------------------------------------------------------------------ */

/* Outer 10.9.0.2 -> 10.9.0.1 around inner bytes; n: bytes of GRE header at gre. */
static unsigned wrap(uint8_t *p, const uint8_t *gre, unsigned n, const uint8_t *inner, unsigned len)
{
	memmove(p + IP4_LEN + n, inner, len);
	memcpy(p + IP4_LEN, gre, n);
	memcpy(p,
		(uint8_t[IP4_LEN]){0x45, 0, 0, 0, 0, 1, 0, 0, 60, IP_PROTO_GRE, 0, 0, 10, 9, 0, 2,
			10, 9, 0, 1},
		IP4_LEN);
	put_be16(p + IP4_TOTAL, (uint16_t)(IP4_LEN + n + len));
	fx_ip4_seal(p);
	return IP4_LEN + n + len;
}

static const uint8_t plain_gre[4] = {0, 0, 8, 0};

static void data_in_a_tunnel_is_forwarded_as_from_the_tunnel(void **state)
{
	uint8_t inner[64], p[200], got[128];

	fx.routes[0].r->iif = 5;
	rx(in, p, wrap(p, plain_gre, 4, inner, fx_ip4(inner, 64)), true);
	assert_int_equal(fx_drops(), 0);
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx_bytes(fx.port[1].tx[0], got, sizeof(got)), 14 + 64);
	assert_int_equal(got[14 + IP4_TTL], 8);
	assert_int_equal(fx.w->if_ctr[5].rx_packets, 1);
	assert_int_equal(fx.w->if_ctr[5].rx_mcast, 1);
	assert_int_equal(fx.w->if_ctr[5].rx_bytes, 64);
}

static void unicast_in_a_tunnel_goes_to_its_twin_as_an_ip_packet(void **state)
{
	uint8_t inner[64], p[200], got[128];

	make(inner, 0x0a000001, 0x0a000002, 1);
	rx(tagged, p, wrap(p, plain_gre, 4, inner, 64), true);
	assert_punted(PKT_EXCEPTION, 5, 64);
	fx_bytes(fx.punted[0], got, sizeof(got));
	assert_memory_equal(got, inner, 64);
}

static void key_must_match_exactly(void **state)
{
	uint8_t keyed[8] = {0x20, 0, 8, 0, 0, 0, 0, 7}, inner[64], p[200];

	fx.routes[0].r->iif = 5;
	rx(in, p, wrap(p, keyed, 8, inner, fx_ip4(inner, 64)), true);
	assert_int_equal(fx.w->info.drops[DROP_gre_unknown], 1);
	tun->c.gre.has_key = 1;
	tun->c.gre.key = 7;
	fx_tunnel_ready(tun);
	rx(in, p, wrap(p, keyed, 8, inner, fx_ip4(inner, 64)), true);
	assert_int_equal(fx.port[1].tx_n, 1);
	keyed[7] = 8;
	rx(in, p, wrap(p, keyed, 8, inner, 64), true);
	rx(in, p, wrap(p, plain_gre, 4, inner, 64), true);
	assert_int_equal(fx.w->info.drops[DROP_gre_unknown], 3);
	assert_int_equal(fx.port[1].tx_n, 1);
}

static void checksum_is_verified_over_every_segment(void **state)
{
	uint8_t inner[300], p[400], gre[12] = {0x90, 0, 8, 0};
	unsigned n;

	fx.routes[0].r->iif = 5;
	n = wrap(p, gre, 12, inner, fx_ip4(inner, sizeof(inner)));
	put_be16(p + 24, (uint16_t)~sum16(p + 20, n - 20));
	for (unsigned seg = 0; seg < 200; seg += 61)
		fx_rx(0, fx_frame(in, p, n, ETH_TYPE_IP4, true, seg));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 4);
	p[n - 1] ^= 1;
	fx_rx(0, fx_frame(in, p, n, ETH_TYPE_IP4, true, 0));
	fx_rx(0, fx_frame(in, p, n, ETH_TYPE_IP4, true, 100));
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_gre_checksum], 2);
	assert_int_equal(fx.port[1].tx_n, 4);
}

static void bad_gre_headers_are_dropped_with_their_reasons(void **state)
{
	static const struct {
		uint8_t gre[4];
		enum drop_reason reason;
	} faults[] = {
		{{0, 1, 8, 0}, DROP_gre_version},
		{{0x40, 0, 8, 0}, DROP_gre_routing},
		{{0x0c, 0, 8, 0}, DROP_gre_routing},
		{{0, 0, 0x65, 0x58}, DROP_gre_protocol},
	};
	uint8_t inner[64], p[200];

	for (unsigned i = 0; i < RTE_DIM(faults); i++) {
		rx(in, p, wrap(p, faults[i].gre, 4, inner, fx_ip4(inner, 64)), true);
		assert_int_equal(fx_drops(), i + 1);
		assert_true(fx.w->info.drops[faults[i].reason] > 0);
	}
	rx(in, p, wrap(p, plain_gre, 3, inner, 0), true);
	assert_int_equal(fx.w->info.drops[DROP_gre_truncated], 1);
}

static void malformed_inner_packet_is_gre_inner(void **state)
{
	uint8_t inner[64], p[200];

	fx_ip4(inner, 64);
	for (unsigned n = 0; n < 64; n++)
		rx(in, p, wrap(p, plain_gre, 4, inner, n), true);
	assert_int_equal(fx.w->info.drops[DROP_gre_inner], 64);
	assert_int_equal(fx_drops(), 64);
}

static void tunnel_in_a_tunnel_is_recursion(void **state)
{
	uint8_t inner[64], p[200], q[300];
	unsigned n = wrap(p, plain_gre, 4, inner, fx_ip4(inner, 64));

	rx(in, q, wrap(q, plain_gre, 4, p, n), true);
	assert_only_drop(DROP_gre_recursion);
}

static void fragments_of_gre_are_dropped(void **state)
{
	uint8_t inner[64], p[200];
	unsigned n = wrap(p, plain_gre, 4, inner, fx_ip4(inner, 64));

	put_be16(p + IP4_FRAG, IP4_MF);
	fx_ip4_seal(p);
	rx(in, p, n, true);
	assert_only_drop(DROP_gre_fragment);
}

static void gre_in_a_broadcast_frame_or_for_others_is_the_kernels(void **state)
{
	uint8_t inner[64], p[200];
	unsigned n = wrap(p, plain_gre, 4, inner, fx_ip4(inner, 64));

	rx(in, p, n, false);
	store32(p + IP4_DST, htonl(0x0a090055));
	fx_ip4_seal(p);
	rx(in, p, n, true);
	assert_int_equal(fx.n_punted, 2);
	assert_int_equal(fx_drops(), 0);
}

static void checksum_flag_of_the_outer_header_says_nothing_of_the_inner(void **state)
{
	uint8_t inner[64], p[200];
	struct rte_mbuf *m;
	unsigned n;

	fx_ip4(inner, 64);
	inner[IP4_CSUM] ^= 1;
	n = wrap(p, plain_gre, 4, inner, 64);
	m = fx_frame(in, p, n, ETH_TYPE_IP4, true, 0);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	fx_rx(0, m);
	fx_run();
	assert_only_drop(DROP_gre_inner);
}

static void congestion_mark_survives_the_tunnel(void **state)
{
	uint8_t inner[64], p[200], got[128];
	unsigned n;

	fx.routes[0].r->iif = 5;
	fx_ip4(inner, 64);
	inner[IP4_TOS] = 0xb8 | 2;
	fx_ip4_seal(inner);
	n = wrap(p, plain_gre, 4, inner, 64);
	p[IP4_TOS] = 3;
	fx_ip4_seal(p);
	rx(in, p, n, true);
	assert_int_equal(fx.port[1].tx_n, 1);
	fx_bytes(fx.port[1].tx[0], got, sizeof(got));
	assert_int_equal(got[14 + IP4_TOS], 0xb8 | 3);
	assert_int_equal(sum16(got + 14, IP4_LEN), 0xffff);
}

/* TOS of what leaves for inner and outer TOS; -1: nothing did. */
static int tos_through(uint8_t inner_tos, uint8_t outer_tos)
{
	uint8_t inner[64], p[200], got[128];
	unsigned n, before = fx.port[1].tx_n;

	fx.routes[0].r->iif = 5;
	fx_ip4(inner, 64);
	inner[IP4_TOS] = inner_tos;
	fx_ip4_seal(inner);
	n = wrap(p, plain_gre, 4, inner, 64);
	p[IP4_TOS] = outer_tos;
	fx_ip4_seal(p);
	rx(in, p, n, true);
	if (fx.port[1].tx_n == before)
		return -1;
	fx_bytes(fx.port[1].tx[before], got, sizeof(got));
	assert_int_equal(sum16(got + 14, IP4_LEN), 0xffff);
	return got[14 + IP4_TOS];
}

static void congestion_that_cannot_be_told_on_is_a_drop(void **state)
{
	assert_int_equal(tos_through(0xb8, 3), -1);
	assert_only_drop(DROP_gre_congested);
}

static void dscp_of_the_outer_header_counts_only_in_a_uniform_tunnel(void **state)
{
	assert_int_equal(tos_through(0xb8 | 2, 0x28), 0xb8 | 2);
	assert_int_equal(tos_through(0xb8, 0x28 | 1), 0xb8);
	tun->c.gre.decap_dscp_copy = 1;
	assert_int_equal(tos_through(0xb8 | 2, 0x28), 0x28 | 2);
	assert_int_equal(tos_through(0xb8 | 2, 0x28 | 1), 0x28 | 1);
	assert_int_equal(tos_through(0xb8, 0), 0);
}

/* --- lookup ---------------------------------------------------------------------------------------------- */

static void unknown_flow_signals_and_is_dropped(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x0a000009, 0xef010101, 17), false);
	assert_only_drop(DROP_no_route);
	assert_int_equal(fx.upcalls[DP_UPCALL_NOCACHE], 1);
}

static void wrong_interface_signals_and_is_counted_at_the_route(void **state)
{
	fx_rx4(tagged, 64);
	fx_run();
	assert_only_drop(DROP_wrong_if);
	assert_int_equal(fx.upcalls[DP_UPCALL_WRONGVIF], 1);
	assert_int_equal(fx.w->route_ctr[0].wrong_if, 1);
	assert_int_equal(fx.w->route_ctr[0].packets, 0);
}

static void inputs_have_flags_of_their_own(void **state)
{
	struct mfib_inputs inputs = {.n = 3,
		.v = {{.ifid = 7, .flags = DP_INPUT_ACCEPT}, {.ifid = 3, .flags = DP_INPUT_DROP},
			{.ifid = 1, .flags = DP_INPUT_ACCEPT | DP_INPUT_SIGNAL}}};

	fx.routes[0].r->iif = 0;
	fx.routes[0].r->inputs = &inputs;
	fx_rx4(in, 64);
	fx_rx4(tagged, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx.upcalls[DP_UPCALL_DATA], 1);
	assert_int_equal(fx.upcalls[DP_UPCALL_WRONGVIF], 0);
	assert_int_equal(fx.w->info.drops[DROP_route_drop], 1);
	assert_int_equal(fx.w->info.drops[DROP_wrong_if], 0);
}

static void any_accepts_from_everywhere(void **state)
{
	fx.routes[0].r->iif = DP_IF_ANY;
	fx_rx4(in, 64);
	fx_rx4(tagged, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 2);
	assert_int_equal(fx.w->route_ctr[0].packets, 2);
	assert_int_equal(fx.w->route_ctr[0].bytes, 128);
	assert_true(fx.w->route_ctr[0].last_tsc > 0);
}

static void ttl_1_is_counted_but_not_forwarded(void **state)
{
	uint8_t ip[64];

	fx_ip4(ip, 64);
	ip[IP4_TTL] = 1;
	fx_ip4_seal(ip);
	rx(in, ip, 64, false);
	assert_only_drop(DROP_ttl_expired);
	assert_int_equal(fx.w->route_ctr[0].packets, 1);
	assert_int_equal(fx.w->route_ctr[0].dropped, 1);
}

static void route_without_list_is_no_output(void **state)
{
	const struct oif_list *list = fx.routes[0].r->list;

	fx.routes[0].r->list = NULL;
	fx_rx4(in, 64);
	fx_run();
	fx.routes[0].r->list = list;
	assert_only_drop(DROP_no_output);
}

/* --- IPv6 ------------------------------------------------------------------------------------------------ */

static void ip6_data_is_forwarded_and_its_link_local_groups_are_not(void **state)
{
	uint8_t ip[100], got[128];

	rx(in, ip, fx_ip6(ip, 100), false);
	assert_int_equal(fx.port[1].tx_n, 1);
	fx_bytes(fx.port[1].tx[0], got, sizeof(got));
	assert_memory_equal(got, ((uint8_t[]){0x33, 0x33, 0, 0, 0, 0x11}), 6);
	assert_int_equal(be16(got + 12), ETH_TYPE_IP6);
	assert_int_equal(got[14 + IP6_HOPS], 8);
	ip[IP6_DST + 1] = 2;
	rx(in, ip, 100, false);
	assert_int_equal(fx.n_punted, 1);
	assert_int_equal(fx.port[1].tx_n, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(data_in_a_tunnel_is_forwarded_as_from_the_tunnel),
		T(unicast_in_a_tunnel_goes_to_its_twin_as_an_ip_packet),
		T(key_must_match_exactly),
		T(checksum_is_verified_over_every_segment),
		T(bad_gre_headers_are_dropped_with_their_reasons),
		T(malformed_inner_packet_is_gre_inner),
		T(tunnel_in_a_tunnel_is_recursion),
		T(fragments_of_gre_are_dropped),
		T(gre_in_a_broadcast_frame_or_for_others_is_the_kernels),
		T(checksum_flag_of_the_outer_header_says_nothing_of_the_inner),
		T(congestion_mark_survives_the_tunnel),
		T(congestion_that_cannot_be_told_on_is_a_drop),
		T(dscp_of_the_outer_header_counts_only_in_a_uniform_tunnel),
		T(unknown_flow_signals_and_is_dropped),
		T(wrong_interface_signals_and_is_counted_at_the_route),
		T(inputs_have_flags_of_their_own),
		T(any_accepts_from_everywhere),
		T(ttl_1_is_counted_but_not_forwarded),
		T(route_without_list_is_no_output),
		T(ip6_data_is_forwarded_and_its_link_local_groups_are_not),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
