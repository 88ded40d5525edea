/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets longer than the output's MTU. What leaves is put together again and compared with the whole.
 */
#include "output.h"

#define LEN 3000

/* The packet that n frames of a port from the first on are pieces of: each at most mtu bytes behind l2
 * (and over) bytes of other headers, 8-byte aligned, right checksum, MF on all but the last. Its length. */
static unsigned reassembled(
	unsigned port, unsigned first, unsigned n, unsigned skip, unsigned mtu, uint8_t *out)
{
	unsigned at = 0, hl = 0;

	for (unsigned i = first; i < first + n; i++) {
		uint8_t f[16384];
		unsigned len = frame(port, i, f) - skip, ihl = (f[skip] & 0xfu) * 4;
		const uint8_t *h = f + skip;
		bool more = be16(h + IP4_FRAG) & IP4_MF;

		assert_true(len <= mtu);
		assert_int_equal(be16(h + IP4_TOTAL), len);
		assert_int_equal(sum16(h, ihl), 0xffff);
		assert_int_equal(more, i + 1 < first + n);
		assert_true(!more || (len - ihl) % 8 == 0);
		if (i == first) {
			memcpy(out, h, ihl);
			hl = ihl;
		}
		assert_int_equal((be16(h + IP4_FRAG) & IP4_FRAG_MASK) * 8, at);
		memcpy(out + hl + at, h + ihl, len - ihl);
		at += len - ihl;
	}
	put_be16(out + IP4_TOTAL, (uint16_t)(hl + at));
	put_be16(out + IP4_FRAG, 0);
	fx_ip4_seal(out);
	return hl + at;
}

/* fx_ip4(len) with one hop less. */
static void assert_whole(const uint8_t *got, unsigned got_len, unsigned len)
{
	uint8_t want[16384];

	fx_ip4(want, len);
	want[IP4_TTL] = 8;
	fx_ip4_seal(want);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, want, len);
}

static void rx_flags(unsigned len, uint16_t frag, unsigned seg)
{
	uint8_t ip[16384];

	fx_ip4(ip, len);
	put_be16(ip + IP4_FRAG, frag);
	fx_ip4_seal(ip);
	fx_rx(0, fx_frame(in, ip, len, ETH_TYPE_IP4, false, seg));
}

static void too_long_a_packet_leaves_in_pieces(void **state)
{
	static const unsigned segs[] = {1600, 700, 100};
	uint8_t whole[16384];

	fx_route(IP_V4, 1, 2, 3);
	for (unsigned i = 0; i < RTE_DIM(segs); i++) {
		rx_flags(LEN, 0, segs[i]);
		fx_run();
	}
	assert_int_equal(fx_drops(), 0);
	for (unsigned port = 1; port <= 3; port++) {
		unsigned l2 = fx.t.ifs[port + 1]->l2_len;

		assert_int_equal(fx.port[port].tx_n, 9);
		for (unsigned i = 0; i < 3; i++)
			assert_whole(whole, reassembled(port, 3 * i, 3, l2, 1500, whole), LEN);
	}
}

static void pieces_carry_the_frame_of_their_interface(void **state)
{
	uint8_t f[16384];

	fx_route(IP_V4, 1, 4, 1);
	rx_flags(LEN, 0, 1600);
	fx_run();
	for (unsigned i = 0; i < 3; i++) {
		frame(3, i, f);
		assert_memory_equal(f, ((uint8_t[]){1, 0, 0x5e, 1, 1, 1}), 6);
		assert_memory_equal(f + 6, fx.t.ifs[4]->l2 + 6, 10);
		assert_int_equal(be16(f + 16), ETH_TYPE_IP4);
	}
}

static void only_the_output_that_is_too_small_gets_pieces(void **state)
{
	uint8_t f[16384], whole[16384];

	fx.t.ifs[3]->c.mtu = 576;
	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 1400);
	fx_run();
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 1400);
	assert_native(f, frame(3, 0, f), fx.t.ifs[4], 1400);
	assert_int_equal(fx.port[2].tx_n, 3);
	assert_whole(whole, reassembled(2, 0, 3, 14, 576, whole), 1400);
}

static void outputs_that_share_a_header_get_pieces_of_their_own(void **state)
{
	uint8_t whole[16384];

	share_l2(2, 3);
	memcpy(fx.t.ifs[3]->l2, fx.t.ifs[2]->l2, 14);
	fx_route(IP_V4, 1, 2, 2);
	rx_flags(LEN, 0, 1600);
	fx_run();
	for (unsigned port = 1; port <= 2; port++)
		assert_whole(whole, reassembled(port, 0, 3, 14, 1500, whole), LEN);
}

static void port_without_chains_gets_pieces_in_one_segment(void **state)
{
	uint8_t whole[16384];

	fx.ports.by_id[1].multi_segs = false;
	fx.ports.by_id[2].multi_segs = false;
	fx.t.ifs[2]->c.mtu = 900;
	fx_route(IP_V4, 1, 2, 2);
	fx_rx4(in, 1400);
	rx_flags(LEN, 0, 1600);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 2 + 4);
	for (unsigned i = 0; i < fx.port[1].tx_n; i++)
		assert_int_equal(fx.port[1].tx[i]->nb_segs, 1);
	assert_whole(whole, reassembled(1, 0, 2, 14, 900, whole), 1400);
	assert_whole(whole, reassembled(1, 2, 4, 14, 900, whole), LEN);
	assert_int_equal(fx.port[2].tx_n, 1 + 3);
	assert_whole(whole, reassembled(2, 1, 3, 14, 1500, whole), LEN);
}

static void packet_with_df_is_dropped_even_behind_an_equal_one_without(void **state)
{
	fx_route(IP_V4, 1, 2, 1);
	rx_flags(LEN, 0, 1600);
	rx_flags(LEN, IP4_DF, 1600);
	rx_flags(LEN, 0, 1600);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 6);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
	assert_int_equal(fx.w->oif_ctr[2].dropped, 1);
	assert_int_equal(fx.w->route_ctr[0].dropped, 1);
}

static void ipv6_is_never_cut(void **state)
{
	uint8_t ip[LEN];

	fx_route(IP_V6, 1, 2, 1);
	fx_rx(0, fx_frame(in, ip, fx_ip6(ip, LEN), ETH_TYPE_IP6, false, 1600));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
}

/* A fragment in the middle of a datagram is cut again: offsets count on, and MF stays on its last piece. */
static void fragment_of_a_fragment_keeps_its_place(void **state)
{
	uint8_t f[16384];

	fx_route(IP_V4, 1, 2, 1);
	rx_flags(20 + 2960, IP4_MF | 100, 1600);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 2);
	frame(1, 0, f);
	assert_int_equal(be16(f + 14 + IP4_FRAG), IP4_MF | 100);
	frame(1, 1, f);
	assert_int_equal(be16(f + 14 + IP4_FRAG), IP4_MF | (100 + 1480 / 8));
	rx_flags(20 + 2960, 100, 1600);
	fx_run();
	frame(1, 3, f);
	assert_int_equal(be16(f + 14 + IP4_FRAG), 100 + 1480 / 8);
}

/* RFC 791: options whose copied bit is clear are in the first fragment only. */
static void options_are_copied_by_their_bit(void **state)
{
	static const uint8_t options[12] = {7, 3, 4, 148, 4, 0, 0, 68, 4, 5, 0, 0};
	uint8_t ip[16384], f[16384];
	unsigned hl;

	fx_route(IP_V4, 1, 2, 1);
	fx_ip4(ip, LEN);
	memmove(ip + 32, ip + 20, LEN - 32);
	memcpy(ip + 20, options, sizeof(options));
	ip[0] = 0x48;
	fx_ip4_seal(ip);
	fx_rx(0, fx_frame(in, ip, LEN, ETH_TYPE_IP4, false, 1600));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 3);
	frame(1, 0, f);
	assert_int_equal(f[14], 0x48);
	assert_memory_equal(f + 14 + 20, options, sizeof(options));
	for (unsigned i = 1; i < 3; i++) {
		frame(1, i, f);
		hl = (f[14] & 0xfu) * 4;
		assert_int_equal(sum16(f + 14, hl), 0xffff);
		assert_int_equal(hl, 24);
		assert_memory_equal(f + 14 + 20, options + 3, 4); /* Router Alert */
	}
}

static void flow_keeps_its_order(void **state)
{
	unsigned id = 0, last = 0;

	fx_route(IP_V4, 1, 2, 2);
	for (int i = 0; i < 200; i++) {
		uint8_t ip[16384];
		unsigned len = i % 3 ? 100 : LEN;

		fx_ip4(ip, len);
		put_be16(ip + IP4_ID, (uint16_t)++id);
		fx_ip4_seal(ip);
		fx_rx(0, fx_frame(in, ip, len, ETH_TYPE_IP4, false, 1600));
	}
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 133 + 67 * 3);
	for (unsigned i = 0; i < fx.port[1].tx_n; i++) {
		uint8_t f[16384];

		frame(1, i, f);
		assert_true(be16(f + 14 + IP4_ID) == last || be16(f + 14 + IP4_ID) == last + 1);
		last = be16(f + 14 + IP4_ID);
	}
	assert_int_equal(last, 200);
}

static void unicast_copy_is_translated_and_then_cut(void **state)
{
	uint8_t whole[16384], f[16384], *udp = whole + 20;

	fx_her(2, 2, 1);
	fx_oif(3, 3);
	fx_route(IP_V4, 1, 2, 2); /* the second output takes the packet's own buffer */
	rx_flags(LEN, 0, 1600);
	fx_run();
	assert_int_equal(reassembled(1, 0, 3, 14, 1500, whole), LEN);
	assert_memory_equal(whole + IP4_DST, ((uint8_t[]){192, 0, 2, 7}), 4);
	assert_int_equal(whole[IP4_TTL], 64);
	assert_int_equal(be16(udp + 2), 6000);
	frame(1, 2, f);
	assert_memory_equal(f, ((uint8_t[]){0xaa, 0, 0, 0, 0, 0x99}), 6);
	assert_whole(whole, reassembled(2, 0, 3, 14, 1500, whole), LEN);
}

static void packet_for_a_tunnel_is_cut_before_it_is_wrapped(void **state)
{
	struct fwd_if *tun = fx_tunnel(6, 1);
	unsigned mtus[][2] = {{1476, 1500}, {1000, 1500}, {1476, 800}};
	uint8_t whole[16384], f[16384];

	fx_oif(6, 6);
	fx_route(IP_V4, 1, 6, 1);
	for (unsigned i = 0; i < RTE_DIM(mtus); i++) {
		unsigned first = fx.port[1].tx_n, fits = RTE_MIN(mtus[i][0], mtus[i][1] - 24);

		tun->c.mtu = (uint16_t)mtus[i][0];
		fx.t.ifs[2]->c.mtu = (uint16_t)mtus[i][1];
		rx_flags(LEN, 0, 1600);
		fx_run();
		assert_whole(whole,
			reassembled(1, first, fx.port[1].tx_n - first, 14 + 24, fits, whole), LEN);
		frame(1, first + 1, f);
		assert_int_equal(be16(f + 14 + IP4_FRAG), 0);
		assert_int_equal(sum16(f + 14, 20), 0xffff);
		assert_int_equal(f[14 + IP4_PROTO], IP_PROTO_GRE);
	}
	assert_int_equal(fx.w->if_ctr[6].tx_fragmented, 3);
	assert_int_equal(fx.w->if_ctr[6].tx_packets, fx.port[1].tx_n);
}

static void way_too_narrow_for_its_own_headers_takes_nothing(void **state)
{
	uint16_t mtus[] = {0, 23, 24, 24 + 67};

	fx_tunnel(6, 1);
	fx_oif(6, 6);
	fx_route(IP_V4, 1, 6, 1);
	for (unsigned i = 0; i < RTE_DIM(mtus); i++) {
		fx.t.ifs[2]->c.mtu = mtus[i];
		rx_flags(100, 0, 0);
		fx_run();
		assert_int_equal(fx.w->info.drops[DROP_oif_mtu], i + 1);
	}
	assert_int_equal(fx.port[1].tx_n, 0);
}

static void every_piece_is_counted_and_the_packet_once(void **state)
{
	fx_route(IP_V4, 1, 2, 1);
	rx_flags(LEN, 0, 1600);
	rx_flags(100, 0, 0);
	fx_run();
	assert_int_equal(fx.w->oif_ctr[2].packets, 4);
	assert_int_equal(fx.w->oif_ctr[2].bytes, LEN + 2 * 20 + 100);
	assert_int_equal(fx.w->if_ctr[2].tx_packets, 4);
	assert_int_equal(fx.w->if_ctr[2].tx_bytes, LEN + 2 * 20 + 100);
	assert_int_equal(fx.w->if_ctr[2].tx_fragmented, 1);
	assert_int_equal(fx.w->route_ctr[0].packets, 1 + 1);
}

/* Whatever is left in the pool, a packet leaves whole or not at all. */
static void without_buffers_no_piece_leaves(void **state)
{
	static void *all[FX_POOL];

	fx_route(IP_V4, 1, 2, 1);
	for (unsigned left = 0; left < 8; left++) {
		unsigned n = 0, before = fx.port[1].tx_n, sent;

		rx_flags(LEN, 0, 1600);
		while (rte_mempool_get(fx.t.pool, &all[n]) == 0)
			n++;
		rte_mempool_put_bulk(fx.t.pool, &all[n - left], left);
		fx_run();
		rte_mempool_put_bulk(fx.t.pool, all, n - left);
		sent = fx.port[1].tx_n - before;
		assert_int_equal(sent, left < 7 ? 0 : 3); /* three headers, four parts of payload */
	}
	assert_int_equal(fx.w->info.drops[DROP_no_mbuf], 7);
	assert_int_equal(fx.w->oif_ctr[2].dropped, 7);
	assert_int_equal(fx.w->oif_ctr[2].packets, 3);
}

static void more_pieces_than_anybody_wants_are_refused(void **state)
{
	fx.t.ifs[2]->c.mtu = 68;
	fx_route(IP_V4, 1, 2, 1);
	rx_flags(20 + 256 * 48, 0, 2000);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 256);
	rx_flags(20 + 256 * 48 + 1, 0, 2000);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 256);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(too_long_a_packet_leaves_in_pieces),
		T(pieces_carry_the_frame_of_their_interface),
		T(only_the_output_that_is_too_small_gets_pieces),
		T(outputs_that_share_a_header_get_pieces_of_their_own),
		T(port_without_chains_gets_pieces_in_one_segment),
		T(packet_with_df_is_dropped_even_behind_an_equal_one_without),
		T(ipv6_is_never_cut),
		T(fragment_of_a_fragment_keeps_its_place),
		T(options_are_copied_by_their_bit),
		T(flow_keeps_its_order),
		T(unicast_copy_is_translated_and_then_cut),
		T(packet_for_a_tunnel_is_cut_before_it_is_wrapped),
		T(way_too_narrow_for_its_own_headers_takes_nothing),
		T(every_piece_is_counted_and_the_packet_once),
		T(without_buffers_no_piece_leaves),
		T(more_pieces_than_anybody_wants_are_refused),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
