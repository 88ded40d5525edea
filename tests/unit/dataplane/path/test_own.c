/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage classify: packets of our protocols to a unicast address are ours if the address is, else in transit.
 */
#include "own.h"

#define OTHER 0x0a000003

static int all_protocols_setup(void **state)
{
	if (own_setup(state))
		return -1;
	in->c.proto = DP_PROTO_IGMP | DP_PROTO_PIM | DP_PROTO_MLD | DP_PROTO_AMT;
	return 0;
}

static void rx4(uint32_t dst, uint8_t proto)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x0a000001, dst, proto), true);
}

/* From 2001:db8::1 to 2001:db8::<last>; the packet behind the fixed header is body. */
static void rx6(uint8_t last, uint8_t next, const void *body, unsigned len)
{
	uint8_t ip[128] = {0};

	fx_ip6(ip, 100);
	ip[IP6_NEXT] = next;
	memset(ip + IP6_DST, 0, 16);
	memcpy(ip + IP6_DST, (uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
	ip[IP6_DST + 15] = last;
	memcpy(ip + IP6_LEN, body, len);
	fx_rx(0, fx_frame(in, ip, 100, ETH_TYPE_IP6, true, 0));
	fx_run();
}

static void protocols_to_our_address_are_ours(void **state)
{
	rx4(US, IP_PROTO_PIM);
	rx4(US, IP_PROTO_IGMP);
	assert_int_equal(fx.n_punted, 2);
	assert_int_equal(fx.punted_next[0], PKT_PROTO);
	assert_int_equal(fx.punted_next[1], PKT_PROTO);
	assert_int_equal(fx.punted[0]->pkt_len, 64); /* an IP packet */
}

static void protocols_to_another_address_are_in_transit(void **state)
{
	rx4(OTHER, IP_PROTO_PIM);
	rx4(OTHER, IP_PROTO_IGMP);
	assert_int_equal(fx.n_punted, 2);
	assert_int_equal(fx.punted_next[0], PKT_EXCEPTION);
	assert_int_equal(fx.punted_next[1], PKT_EXCEPTION);
	in->c.twin = 0;
	rx4(OTHER, IP_PROTO_PIM);
	assert_int_equal(fx.w->info.drops[DROP_no_twin], 1);
}

static void an_address_of_another_table_is_not_ours(void **state)
{
	in->c.table = 7;
	rx4(US, IP_PROTO_PIM);
	assert_punted(PKT_EXCEPTION, 1, 14 + 64);
}

static void our_address_without_the_protocol_is_the_twins(void **state)
{
	in->c.proto = DP_PROTO_IGMP;
	rx4(US, IP_PROTO_PIM);
	assert_punted(PKT_EXCEPTION, 1, 14 + 64);
}

/* Registers come wherever the route to our address leads. */
static void pim_to_our_address_is_ours_where_only_others_run_pim(void **state)
{
	in->c.proto = DP_PROTO_PIM_UNICAST;
	rx4(US, IP_PROTO_PIM);
	assert_punted(PKT_PROTO, 1, 64);
}

static void unicast_in_a_group_frame_is_not_the_protocols(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x0a000001, US, IP_PROTO_PIM), false);
	assert_punted(PKT_EXCEPTION, 1, 14 + 64);
}

static void a_source_that_cannot_be_is_refused(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0xe0000001, US, IP_PROTO_PIM), true);
	assert_only_drop(DROP_src_multicast);
}

static void ipv6_pim_and_mld_are_ours_by_address_too(void **state)
{
	const uint8_t mld[] = {58, 0, 5, 2, 0, 0, 1, 0, 130}, pim[] = {0x20};

	rx6(2, IP_PROTO_PIM, pim, sizeof(pim));
	rx6(2, IP_PROTO_HOPOPTS, mld, sizeof(mld));
	rx6(3, IP_PROTO_PIM, pim, sizeof(pim));
	rx6(3, IP_PROTO_HOPOPTS, mld, sizeof(mld));
	assert_int_equal(fx.n_punted, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fx.punted_next[i], i < 2 ? PKT_PROTO : PKT_EXCEPTION);
}

/* A UDP packet to the port at our address or another's. */
static void rx_udp(uint32_t dst, uint16_t port, uint16_t frag)
{
	uint8_t ip[64];

	make(ip, 0x0a000001, dst, IP_PROTO_UDP);
	put_be16(ip + IP4_LEN + 2, port);
	put_be16(ip + IP4_FRAG, frag);
	fx_ip4_seal(ip);
	rx(in, ip, 64, true);
}

static void amt_to_our_address_is_ours_other_udp_is_the_twins(void **state)
{
	const uint8_t udp[] = {1, 2, 2268 >> 8, 2268 & 0xff, 0, 60};

	rx_udp(US, 2268, 0);
	rx6(2, IP_PROTO_UDP, udp, sizeof(udp));
	rx_udp(OTHER, 2268, 0);
	rx6(3, IP_PROTO_UDP, udp, sizeof(udp));
	rx_udp(US, 2269, 0);
	rx_udp(US, 2268, 1); /* a later fragment: these bytes are no port */
	assert_int_equal(fx.n_punted, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(fx.punted_next[i], i < 2 ? PKT_PROTO : PKT_EXCEPTION);
}

static void udp_without_a_header_is_the_twins(void **state)
{
	uint8_t ip[64];

	for (unsigned len = IP4_LEN; len < IP4_LEN + 8; len++) {
		make(ip, 0x0a000001, US, IP_PROTO_UDP);
		put_be16(ip + IP4_TOTAL, (uint16_t)len);
		put_be16(ip + IP4_LEN + 2, 2268);
		fx_ip4_seal(ip);
		rx(in, ip, len, true);
	}
	assert_int_equal(fx.n_punted, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(fx.punted_next[i], PKT_EXCEPTION);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, all_protocols_setup, own_teardown)
	const struct CMUnitTest tests[] = {
		T(protocols_to_our_address_are_ours),
		T(protocols_to_another_address_are_in_transit),
		T(an_address_of_another_table_is_not_ours),
		T(our_address_without_the_protocol_is_the_twins),
		T(pim_to_our_address_is_ours_where_only_others_run_pim),
		T(unicast_in_a_group_frame_is_not_the_protocols),
		T(a_source_that_cannot_be_is_refused),
		T(ipv6_pim_and_mld_are_ours_by_address_too),
		T(amt_to_our_address_is_ours_other_udp_is_the_twins),
		T(udp_without_a_header_is_the_twins),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
