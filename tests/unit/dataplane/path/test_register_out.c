/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Outputs that put packets into PIM Registers (RFC 7761 section 4.4.1).
 */
#include "output.h"

#include "dataplane/tables.h"

#define HEAD4 28
#define HEAD6 48

/* The frame at f, len bytes, is Ethernet to the neighbour, then a Register around the packet `inner` of n bytes,
 * whose TTL has been 9. */
static void assert_registered4(
	const uint8_t *f, unsigned len, const struct fwd_if *out, const uint8_t *inner, unsigned n)
{
	const uint8_t *ip = f + out->l2_len;
	uint8_t want[16384];

	assert_int_equal(len, out->l2_len + HEAD4 + n);
	assert_memory_equal(f, ((uint8_t[]){0xaa, 0, 0, 0, 0, 0x99}), 6);
	assert_memory_equal(f + 6, out->l2 + 6, out->l2_len - 6u);
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[1], inner[1]);
	assert_int_equal(be16(ip + 2), HEAD4 + n);
	assert_int_equal(be16(ip + 6), 0);
	assert_int_equal(ip[8], 64);
	assert_int_equal(ip[9], 103);
	assert_int_equal(sum16(ip, 20), 0xffff);
	assert_memory_equal(ip + 12, ((uint8_t[]){198, 51, 100, 1, 192, 0, 2, 254}), 8);
	assert_memory_equal(ip + 20, ((uint8_t[]){0x21, 0, 0xde, 0xff, 0, 0, 0, 0}), 8);
	memcpy(want, inner, n);
	want[IP4_TTL] = 8;
	fx_ip4_seal(want);
	assert_memory_equal(ip + HEAD4, want, n);
}

static void rx4(const uint8_t *ip, unsigned len, unsigned seg)
{
	fx_rx(0, fx_frame(in, ip, len, ETH_TYPE_IP4, false, seg));
	fx_run();
}

static void packet_is_wrapped_with_one_hop_less(void **state)
{
	uint8_t ip[2000], f[16384];

	fx_register(5, 2, 1, IP_V4);
	fx_route(IP_V4, 1, 5, 1);
	fx_ip4(ip, 100);
	ip[IP4_TOS] = 0xba;
	fx_ip4_seal(ip);
	rx4(ip, 100, 0);
	assert_registered4(f, frame(1, 0, f), fx.t.ifs[2], ip, 100);
	assert_int_equal(fx.w->oif_ctr[5].packets, 1);
	assert_int_equal(fx.w->oif_ctr[5].bytes, 128);
	assert_int_equal(fx.w->if_ctr[2].tx_packets, 1);
	assert_int_equal(fx.w->if_ctr[2].tx_bytes, 128);
	assert_int_equal(fx_drops(), 0);
}

/* In every lane: alone and among others, copied whole and with shared payload, own buffer and fresh ones,
 * in one segment and in several, with chains at the port and without. */
static void bytes_are_the_same_however_copies_are_made(void **state)
{
	static const unsigned sizes[] = {28, 100, 256, 257, 700, 1472};
	uint8_t ip[2000], f[16384];
	unsigned n = 0;

	fx_oif(5, 3);
	fx_register(6, 2, 1, IP_V4);
	fx_register(7, 2, 1, IP_V4);
	fx_oif(8, 4);
	fx_route(IP_V4, 1, 5, 4);
	for (int how = 0; how < 3; how++) {
		worker_replicate(fx.w, (enum dataplane_replicate)how);
		for (unsigned chains = 0; chains < 2; chains++) {
			fx.ports.by_id[1].multi_segs = chains;
			for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
				rx4(ip, fx_ip4(ip, sizes[i]), 0);
				rx4(ip, sizes[i], 130);
				for (unsigned k = 0; k < 4; k++, n++)
					assert_registered4(
						f, frame(1, n, f), fx.t.ifs[2], ip, sizes[i]);
			}
		}
	}
	assert_int_equal(fx_drops(), 0);
	for (unsigned i = 0; i < fx.port[2].tx_n; i++)
		assert_native(f, frame(2, i, f), fx.t.ifs[3], (unsigned)(frame(2, i, f) - 14));
}

static void ipv6_packet_is_wrapped_in_ipv6(void **state)
{
	uint8_t ip[400], f[16384], pseudo[48] = {0}, *out = f + 14;

	fx_register(5, 2, 1, IP_V6);
	fx_route(IP_V6, 1, 5, 1);
	fx_ip6(ip, 300);
	ip[0] = 0x6b;
	ip[1] = 0x90;
	fx_rx(0, fx_frame(in, ip, 300, ETH_TYPE_IP6, false, 0));
	fx_run();
	assert_int_equal(frame(1, 0, f), 14 + HEAD6 + 300);
	assert_int_equal(be16(f + 12), ETH_TYPE_IP6);
	assert_int_equal(be16(out) >> 4, 0x6b9);
	assert_int_equal(be16(out + 4), 8 + 300);
	assert_int_equal(out[6], 103);
	assert_int_equal(out[7], 64);
	assert_int_equal(out[8 + 5], 9);
	assert_int_equal(out[24 + 15], 0xfe);
	memcpy(pseudo, out + 8, 32);
	memcpy(pseudo + 32, (uint8_t[]){0, 0, 0, 8, 0, 0, 0, 103}, 8);
	memcpy(pseudo + 40, out + 40, 8);
	assert_int_equal(sum16(pseudo, 48), 0xffff);
	ip[7] = 8;
	assert_memory_equal(out + 48, ip, 300);
}

static void an_address_of_another_family_is_unresolved(void **state)
{
	uint8_t ip[400];

	fx_register(5, 2, 1, IP_V6);
	fx_route(IP_V4, 1, 5, 1);
	rx4(ip, fx_ip4(ip, 100), 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_unresolved], 1);
	assert_int_equal(fx.port[1].tx_n, 0);
}

static void without_source_or_next_hop_it_is_unresolved(void **state)
{
	struct fwd_oif *o = fx_register(5, 2, 0, IP_V4);
	uint8_t ip[400];

	fx_route(IP_V4, 1, 5, 1);
	rx4(ip, fx_ip4(ip, 100), 0);
	o->c.adj = 1;
	o->c.her_src.family = IP_NONE;
	rx4(ip, 100, 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_unresolved], 2);
	assert_int_equal(fx.w->oif_ctr[5].dropped, 2);
}

static void dscp_is_the_outputs_if_it_has_one_and_ecn_the_packets(void **state)
{
	struct fwd_oif *o = fx_register(5, 2, 1, IP_V4);
	uint8_t ip[400], f[16384];

	o->c.her_set_dscp = 1;
	o->c.her_dscp = 48;
	fx_route(IP_V4, 1, 5, 1);
	fx_ip4(ip, 100);
	ip[IP4_TOS] = 0xb8 | 3;
	fx_ip4_seal(ip);
	rx4(ip, 100, 0);
	frame(1, 0, f);
	assert_int_equal(f[14 + 1], 48 << 2 | 3);
	assert_int_equal(f[14 + HEAD4 + 1], 0xbb);
}

static void ttl_threshold_and_input_hold_as_for_any_output(void **state)
{
	struct fwd_oif *o = fx_register(5, 1, 2, IP_V4);
	uint8_t ip[400];

	fx_adj(2, DP_ADJ_ETHER, 1, 0x99);
	fx_route(IP_V4, 1, 5, 1);
	rx4(ip, fx_ip4(ip, 100), 0);
	assert_int_equal(fx.w->info.drops[DROP_only_input], 1);
	o->c.allow_input = 1;
	o->c.ttl_threshold = 9;
	rx4(ip, 100, 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_ttl_threshold], 1);
	o->c.ttl_threshold = 8;
	rx4(ip, 100, 0);
	assert_int_equal(fx.port[0].tx_n, 1);
}

/* What is too long is cut before it is wrapped (RFC 7761 section 4.4.1): 1472 bytes fit. */
static void longer_than_the_mtu_is_cut_inside(void **state)
{
	uint8_t ip[2000], f[16384];
	unsigned n, at = 0;

	fx_register(5, 2, 1, IP_V4);
	fx_route(IP_V4, 1, 5, 1);
	fx_ip4(ip, 1473);
	rx4(ip, 1473, 0);
	assert_int_equal(fx.port[1].tx_n, 2);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *inner = f + 14 + HEAD4;

		n = frame(1, i, f) - 14;
		assert_true(n <= 1500);
		assert_int_equal(be16(f + 14 + 2), n);
		assert_int_equal(sum16(f + 14, 20), 0xffff);
		assert_int_equal(f[14 + 20], 0x21);
		assert_int_equal(be16(inner + 2), n - HEAD4);
		assert_int_equal((be16(inner + 6) & 0x1fff) * 8, at);
		assert_int_equal(!!(be16(inner + 6) & IP4_MF), i == 0);
		assert_int_equal(sum16(inner, 20), 0xffff);
		assert_memory_equal(inner + 20, ip + 20 + at, n - HEAD4 - 20);
		at += n - HEAD4 - 20;
	}
	assert_int_equal(at, 1473 - 20);
	assert_int_equal(fx.w->if_ctr[2].tx_fragmented, 1);
	assert_int_equal(fx.w->oif_ctr[5].packets, 2);
	put_be16(ip + IP4_FRAG, IP4_DF);
	fx_ip4_seal(ip);
	rx4(ip, 1473, 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
	assert_int_equal(fx.port[1].tx_n, 2);
}

static void ipv6_longer_than_the_mtu_is_dropped(void **state)
{
	uint8_t ip[2000];

	fx_register(5, 2, 1, IP_V6);
	fx_route(IP_V6, 1, 5, 1);
	for (unsigned len = 1452; len <= 1453; len++) {
		fx_ip6(ip, len);
		fx_rx(0, fx_frame(in, ip, len, ETH_TYPE_IP6, false, 0));
		fx_run();
	}
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
}

/* The tunnel counts Registers; what is too long for the tunnel is cut once, inside. */
static void register_goes_through_a_tunnel(void **state)
{
	uint8_t ip[2000], f[16384];

	fx_tunnel(6, 1);
	fx_adj(3, DP_ADJ_IF, 6, 0);
	fx_register(5, 6, 3, IP_V4);
	fx_route(IP_V4, 1, 5, 1);
	rx4(ip, fx_ip4(ip, 100), 0);
	assert_int_equal(frame(1, 0, f), 14 + 24 + HEAD4 + 100);
	assert_int_equal(f[14 + 9], 47);
	assert_int_equal(sum16(f + 14, 20), 0xffff);
	assert_int_equal(be16(f + 14 + 22), ETH_TYPE_IP4);
	assert_int_equal(f[14 + 24 + 9], 103);
	assert_int_equal(f[14 + 24 + 20], 0x21);
	assert_int_equal(fx.w->if_ctr[6].tx_bytes, HEAD4 + 100);
	assert_int_equal(fx.w->oif_ctr[5].bytes, 24 + HEAD4 + 100);
	rx4(ip, fx_ip4(ip, 1476 - HEAD4), 0);
	assert_int_equal(fx.port[1].tx_n, 2);
	rx4(ip, fx_ip4(ip, 1476 - HEAD4 + 1), 0);
	assert_int_equal(fx.port[1].tx_n, 4);
	for (unsigned i = 2; i < 4; i++) {
		assert_true(frame(1, i, f) <= 1514);
		assert_int_equal(f[14 + 24 + 20], 0x21);
	}
	assert_int_equal(fx.w->if_ctr[6].tx_fragmented, 1);
	assert_int_equal(fx_drops(), 0);
}

static void register_to_this_router_is_recursion(void **state)
{
	static struct dataplane own;
	struct dp_local us = {.addr = ip4(0xc00002fe)};
	uint8_t ip[400];

	assert_int_equal(retire_init(&own.retire, 1, &own), 0);
	assert_int_equal(local_set(&own, &us, 1), 0);
	fx.t.local = own.t.local;
	fx_register(5, 2, 1, IP_V4);
	fx_route(IP_V4, 1, 5, 1);
	rx4(ip, fx_ip4(ip, 100), 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_recursion], 1);
	assert_int_equal(fx.port[1].tx_n, 0);
	local_fini(&own);
	retire_fini(&own.retire);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(packet_is_wrapped_with_one_hop_less),
		T(bytes_are_the_same_however_copies_are_made),
		T(ipv6_packet_is_wrapped_in_ipv6),
		T(an_address_of_another_family_is_unresolved),
		T(without_source_or_next_hop_it_is_unresolved),
		T(dscp_is_the_outputs_if_it_has_one_and_ecn_the_packets),
		T(ttl_threshold_and_input_hold_as_for_any_output),
		T(longer_than_the_mtu_is_cut_inside),
		T(ipv6_longer_than_the_mtu_is_dropped),
		T(register_goes_through_a_tunnel),
		T(register_to_this_router_is_recursion),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
