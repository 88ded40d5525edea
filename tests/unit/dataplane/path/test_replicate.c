/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage replicate: which copies are made, and of which buffers.
 */
#include "output.h"

/* --- native ---------------------------------------------------------------------------------------------- */

static void one_output_reuses_the_buffer_it_came_in(void **state)
{
	struct rte_mbuf *m;
	uint8_t f[16384];
	unsigned len;

	fx_route(IP_V4, 1, 2, 1);
	fx_rx4(in, 64);
	m = fx.port[0].rx[0];
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_ptr_equal(fx.port[1].tx[0], m);
	len = frame(1, 0, f);
	assert_native(f, len, fx.t.ifs[2], 64);
}

static void every_output_gets_its_own_header(void **state)
{
	uint8_t f[16384];

	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 64);
	fx_run();
	for (uint16_t i = 2; i <= 4; i++) {
		assert_int_equal(fx.port[i - 1].tx_n, 1);
		assert_native(f, frame(i - 1, 0, f), fx.t.ifs[i], 64);
		assert_int_equal(fx.w->oif_ctr[i].packets, 1);
		assert_int_equal(fx.w->oif_ctr[i].bytes, 64);
		assert_int_equal(fx.w->if_ctr[i].tx_packets, 1);
	}
	assert_ptr_equal(fx.port[3].tx[0], fx.port[0].rx[0]);
}

static void equal_headers_share_one_buffer_written_once(void **state)
{
	uint8_t f[16384];

	share_l2(2, 3);
	memcpy(fx.t.ifs[3]->l2, fx.t.ifs[2]->l2, 14);
	fx_route(IP_V4, 1, 2, 2);
	fx_rx4(in, 200); /* shorter ones are copied */
	fx_run();
	assert_ptr_equal(fx.port[1].tx[0], fx.port[2].tx[0]);
	assert_ptr_equal(fx.port[1].tx[0], fx.port[0].rx[0]);
	assert_int_equal(rte_mbuf_refcnt_read(fx.port[1].tx[0]), 2);
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 200);
	assert_int_equal(fx.w->oif_ctr[3].packets, 1);
}

static void shared_run_in_front_of_another_output_is_a_buffer_of_its_own(void **state)
{
	uint8_t f[16384];

	share_l2(2, 3);
	memcpy(fx.t.ifs[3]->l2, fx.t.ifs[2]->l2, 14);
	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 1400);
	fx_run();
	assert_ptr_equal(fx.port[1].tx[0], fx.port[2].tx[0]);
	assert_ptr_equal(fx.port[3].tx[0], fx.port[0].rx[0]);
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 1400);
	assert_native(f, frame(3, 0, f), fx.t.ifs[4], 1400);
}

static void long_payload_is_shared_not_copied(void **state)
{
	struct rte_mbuf *head;
	uint8_t f[16384];

	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 1400);
	fx_run();
	head = fx.port[1].tx[0];
	assert_int_equal(head->nb_segs, 2);
	assert_true(RTE_MBUF_CLONED(head->next));
	assert_ptr_equal(rte_mbuf_from_indirect(head->next), fx.port[0].rx[0]);
	for (uint16_t i = 2; i <= 4; i++)
		assert_native(f, frame(i - 1, 0, f), fx.t.ifs[i], 1400);
}

static void port_without_chains_gets_one_segment(void **state)
{
	uint8_t f[16384];

	fx.ports.by_id[1].multi_segs = false;
	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 1400);
	fx_run();
	assert_int_equal(fx.port[1].tx[0]->nb_segs, 1);
	assert_int_equal(fx.port[2].tx[0]->nb_segs, 2);
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 1400);
}

static void chained_packet_is_linear_where_it_must_be(void **state)
{
	uint8_t ip[1400], f[16384];

	fx.ports.by_id[1].multi_segs = false;
	fx.ports.by_id[3].multi_segs = false;
	fx_route(IP_V4, 1, 2, 3);
	fx_rx(0, fx_frame(in, ip, fx_ip4(ip, 1400), ETH_TYPE_IP4, false, 500));
	fx_run();
	assert_int_equal(fx.port[1].tx[0]->nb_segs, 1);
	assert_int_equal(fx.port[3].tx[0]->nb_segs, 1);
	for (uint16_t i = 2; i <= 4; i++)
		assert_native(f, frame(i - 1, 0, f), fx.t.ifs[i], 1400);
}

static void jumbo_is_forwarded_in_chains_and_dropped_where_they_cannot_go(void **state)
{
	uint8_t ip[9000], f[16384];

	for (uint16_t i = 2; i <= 4; i++)
		fx.t.ifs[i]->c.mtu = 9000;
	fx.ports.by_id[2].multi_segs = false;
	fx_route(IP_V4, 1, 2, 3);
	fx_rx(0, fx_frame(in, ip, fx_ip4(ip, 9000), ETH_TYPE_IP4, false, 2000));
	fx_run();
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 9000);
	assert_native(f, frame(3, 0, f), fx.t.ifs[4], 9000);
	assert_int_equal(fx.port[2].tx_n, 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
	assert_int_equal(fx.w->oif_ctr[3].dropped, 1);
}

static void buffer_that_others_hold_is_not_written(void **state)
{
	uint8_t before[128], after[128], f[16384];
	struct rte_mbuf *m;

	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 64);
	m = fx.port[0].rx[0];
	rte_mbuf_refcnt_update(m, 1);
	fx_bytes(m, before, sizeof(before));
	fx_run();
	fx_bytes(m, after, sizeof(after));
	assert_memory_equal(before, after, 14 + 64);
	for (uint16_t i = 2; i <= 4; i++)
		assert_native(f, frame(i - 1, 0, f), fx.t.ifs[i], 64);
	rte_pktmbuf_free(m);
}

static void little_headroom_is_no_obstacle(void **state)
{
	uint8_t ip[64], f[16384];
	struct rte_mbuf *m;

	fx_route(IP_V4, 1, 4, 1);
	m = fx_frame(in, ip, fx_ip4(ip, 64), ETH_TYPE_IP4, false, 0);
	memmove(m->buf_addr, rte_pktmbuf_mtod(m, void *), m->data_len);
	m->data_off = 0;
	fx_rx(0, m);
	fx_run();
	assert_native(f, frame(3, 0, f), fx.t.ifs[4], 64);
}

/* --- what takes an output out ------------------------------------------------------------------------------ */

static void input_interface_is_skipped_unless_allowed(void **state)
{
	fx_oif(1, 1);
	fx_route(IP_V4, 1, 1, 2);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[0].tx_n, 0);
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx.w->info.drops[DROP_oif_input], 1);
	fx.t.oifs[1]->c.allow_input = 1;
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[0].tx_n, 1);
	assert_int_equal(fx.port[1].tx_n, 2);
}

static void only_output_being_the_input_is_named(void **state)
{
	fx_oif(1, 1);
	fx_route(IP_V4, 1, 1, 1);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_only_input], 1);
	assert_int_equal(fx_drops(), 1);
	assert_int_equal(fx.w->route_ctr[0].dropped, 1);
}

static void threshold_lets_only_higher_ttls_through(void **state)
{
	fx.t.oifs[2]->c.ttl_threshold = 9;
	fx.t.oifs[3]->c.ttl_threshold = 8;
	fx_route(IP_V4, 1, 2, 2);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 0);
	assert_int_equal(fx.port[2].tx_n, 1);
	assert_int_equal(fx.w->info.drops[DROP_oif_ttl_threshold], 1);
	assert_int_equal(fx.w->oif_ctr[2].dropped, 1);
}

static void absent_down_and_too_small_interfaces_are_skipped(void **state)
{
	fx.t.ifs[2]->c.up = 0;
	fx.t.ifs[3]->c.mtu = 63;
	fx_oif(5, 77);
	fx_route(IP_V4, 1, 2, 5); /* 2 down, 3 MTU, 4, 5 no interface, 6 no oif */
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_oif_down], 3);
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
	assert_int_equal(fx.port[3].tx_n, 1);
	assert_int_equal(fx.w->route_ctr[0].dropped, 0);
}

static void route_with_no_output_left_counts_the_packet(void **state)
{
	fx.t.ifs[2]->c.up = 0;
	fx_route(IP_V4, 1, 2, 1);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.w->route_ctr[0].dropped, 1);
	assert_int_equal(fx_drops(), 1);
}

static void empty_pool_costs_copies_but_nothing_else(void **state)
{
	static void *all[FX_POOL];
	unsigned n = 0;

	fx_route(IP_V4, 1, 2, 3);
	for (int i = 0; i < 100; i++)
		fx_rx4(in, 64);
	while (rte_mempool_get(fx.t.pool, &all[n]) == 0)
		n++;
	fx_run();
	rte_mempool_put_bulk(fx.t.pool, all, n);
	assert_int_equal(fx.port[3].tx_n, 100); /* the packet's own buffer */
	assert_int_equal(fx.port[1].tx_n, 0);
	assert_int_equal(fx.w->info.drops[DROP_no_mbuf], 200);
	for (int i = 0; i < 10; i++)
		fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 10);
}

/* --- small buffers -------------------------------------------------------------------------------------------- */

/* Frames of ip_len bytes to the first n of the outputs 2, 3 and 4 (tagged); all but the last output's are copies. */
static void assert_copies_are_of(const struct rte_mempool *pool, unsigned ip_len, uint16_t n)
{
	uint8_t f[16384];

	fx_rx4(in, ip_len);
	fx_run();
	for (uint16_t i = 2; i < 2 + n; i++) {
		unsigned last = fx.port[i - 1].tx_n - 1;

		assert_native(f, frame(i - 1, last, f), fx.t.ifs[i], ip_len);
		assert_ptr_equal(fx.port[i - 1].tx[last]->pool, i + 1 < 2 + n ? pool : fx.t.pool);
	}
}

static void copies_of_short_packets_are_in_small_buffers(void **state)
{
	fx_small();
	fx_route(IP_V4, 1, 2, 2);
	assert_copies_are_of(fx.t.small, 28, 2);
	assert_copies_are_of(fx.t.small, 127, 2);
	assert_copies_are_of(fx.t.pool, 128, 2);
	assert_copies_are_of(fx.t.pool, 1500, 2);
}

static void so_are_those_with_tags(void **state)
{
	fx_small();
	fx_oif(10, 4);
	fx_oif(11, 2);
	fx_route(IP_V4, 1, 10, 2);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t f[16384];

		fx_rx4(in, 127 + i);
		fx_run();
		assert_native(f, frame(3, i, f), fx.t.ifs[4], 127 + i);
		assert_ptr_equal(fx.port[3].tx[i]->pool, i ? fx.t.pool : fx.t.small);
	}
}

static void without_small_buffers_left_the_others_do(void **state)
{
	void *all[FX_SMALL];

	fx_small();
	fx_route(IP_V4, 1, 2, 3);
	assert_int_equal(rte_mempool_get_bulk(fx.t.small, all, FX_SMALL), 0);
	assert_copies_are_of(fx.t.pool, 64, 3);
	rte_mempool_put_bulk(fx.t.small, all, FX_SMALL);
	assert_copies_are_of(fx.t.small, 64, 3);
	assert_int_equal(fx_drops(), 0);
}

static void driver_that_wants_buffers_of_its_pool_gets_them(void **state)
{
	fx_small();
	fx.ports.by_id[1].own_pool = true;
	fx_route(IP_V4, 1, 2, 2);
	assert_copies_are_of(fx.t.pool, 64, 2);
}

/* --- chunks ------------------------------------------------------------------------------------------------- */

static void many_outputs_times_many_packets_come_out_complete(void **state)
{
	enum { OIFS = 1000, PACKETS = 5 };

	for (uint32_t i = 0; i < OIFS; i++)
		fx_oif(100 + i, (uint16_t)(2 + i % 3));
	share_l2(2, 3);
	fx_route(IP_V4, 1, 100, OIFS);
	for (int i = 0; i < PACKETS; i++)
		fx_rx4(in, i % 2 ? 64 : 1400);
	fx_run();
	assert_int_equal(fx.port[1].tx_n + fx.port[2].tx_n + fx.port[3].tx_n, OIFS * PACKETS);
	for (uint32_t i = 0; i < OIFS; i++)
		assert_int_equal(fx.w->oif_ctr[100 + i].packets, PACKETS);
	assert_int_equal(fx_drops(), 0);
}

/* Packets of one list in a row, each different from the one before in something that decides. */
static void packets_that_differ_are_not_taken_for_each_other(void **state)
{
	static const uint8_t ttls[] = {9, 9, 4, 9, 4};
	uint8_t ip[1600];

	fx.t.ifs[3]->c.mtu = 1000;
	fx.t.oifs[2]->c.ttl_threshold = 4;
	fx_route(IP_V4, DP_IF_ANY, 2, 3);
	for (unsigned i = 0; i < RTE_DIM(ttls); i++) {
		fx_ip4(ip, 100);
		ip[IP4_TTL] = ttls[i];
		fx_ip4_seal(ip);
		fx_rx(0, fx_frame(in, ip, 100, ETH_TYPE_IP4, false, 0));
	}
	fx_ip4(ip, 1400);
	put_be16(ip + IP4_FRAG, IP4_DF);
	fx_ip4_seal(ip);
	fx_rx(0, fx_frame(in, ip, 1400, ETH_TYPE_IP4, false, 0)); /* too long for interface 3 */
	fx_rx4(in, 100);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 5);
	assert_int_equal(fx.port[2].tx_n, 6);
	assert_int_equal(fx.port[3].tx_n, 7);
	assert_int_equal(fx.w->oif_ctr[2].dropped, 2);
	assert_int_equal(fx.w->oif_ctr[3].dropped, 1);
	fx_rx4(fx.t.ifs[4], 100);
	fx_rx4(in, 100);
	fx_run();
	assert_int_equal(fx.port[3].tx_n, 8);
	assert_int_equal(fx.w->info.drops[DROP_oif_input], 1);
}

static void list_that_ends_in_dead_outputs_frees_the_packet(void **state)
{
	enum { OIFS = 2 * CHUNK };

	for (uint32_t i = 0; i < OIFS; i++)
		fx_oif(100 + i, i < CHUNK ? 2 : 3);
	fx.t.ifs[3]->c.up = 0;
	fx_route(IP_V4, 1, 100, OIFS);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, CHUNK);
	assert_int_equal(fx.w->info.drops[DROP_oif_down], CHUNK);
	assert_int_equal(fx.w->route_ctr[0].dropped, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(one_output_reuses_the_buffer_it_came_in),
		T(every_output_gets_its_own_header),
		T(equal_headers_share_one_buffer_written_once),
		T(shared_run_in_front_of_another_output_is_a_buffer_of_its_own),
		T(long_payload_is_shared_not_copied),
		T(port_without_chains_gets_one_segment),
		T(chained_packet_is_linear_where_it_must_be),
		T(jumbo_is_forwarded_in_chains_and_dropped_where_they_cannot_go),
		T(buffer_that_others_hold_is_not_written),
		T(little_headroom_is_no_obstacle),
		T(input_interface_is_skipped_unless_allowed),
		T(only_output_being_the_input_is_named),
		T(threshold_lets_only_higher_ttls_through),
		T(absent_down_and_too_small_interfaces_are_skipped),
		T(route_with_no_output_left_counts_the_packet),
		T(empty_pool_costs_copies_but_nothing_else),
		T(copies_of_short_packets_are_in_small_buffers),
		T(so_are_those_with_tags),
		T(without_small_buffers_left_the_others_do),
		T(driver_that_wants_buffers_of_its_pool_gets_them),
		T(many_outputs_times_many_packets_come_out_complete),
		T(packets_that_differ_are_not_taken_for_each_other),
		T(list_that_ends_in_dead_outputs_frees_the_packet),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
