/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stages rx and classify: who gets a frame, and under which reason it is dropped.
 */
#include "input.h"

/* --- Ethernet ------------------------------------------------------------------------------------------ */

static void runt_frame_is_eth_truncated(void **state)
{
	uint8_t ip[64];
	struct rte_mbuf *m = fx_frame(in, ip, fx_ip4(ip, 64), ETH_TYPE_IP4, false, 0);

	m->data_len = 13;
	m->pkt_len = 13;
	fx_rx(0, m);
	fx_run();
	assert_only_drop(DROP_eth_truncated);
}

static void unknown_vlan_second_tag_and_unused_port_are_vlan_unknown(void **state)
{
	uint8_t ip[64];
	struct rte_mbuf *m;

	m = fx_frame(tagged, ip, fx_ip4(ip, 64), ETH_TYPE_IP4, false, 0);
	rte_pktmbuf_mtod(m, uint8_t *)[15] = 101;
	fx_rx(0, m);
	fx_rx(0, fx_frame(tagged, ip, 64, ETH_TYPE_VLAN, false, 0));
	fx_rx(4, fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0));
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_vlan_unknown], 3);
	assert_int_equal(fx_drops(), 3);
}

static void unicast_frame_for_another_mac_is_not_ours(void **state)
{
	uint8_t ip[64];
	struct rte_mbuf *m = fx_frame(in, ip, fx_ip4(ip, 64), ETH_TYPE_IP4, true, 0);

	rte_pktmbuf_mtod(m, uint8_t *)[5] ^= 0x40;
	fx_rx(0, m);
	fx_run();
	assert_only_drop(DROP_eth_not_ours);
}

static void interface_that_is_down_takes_nothing(void **state)
{
	in->c.up = 0;
	fx_rx4(in, 64);
	fx_run();
	assert_only_drop(DROP_if_down);
}

static void arp_goes_to_the_twin_without_its_tag(void **state)
{
	uint8_t arp[28] = {0, 1, 8}, got[64];
	struct rte_mbuf *m = fx_frame(tagged, arp, sizeof(arp), ETH_TYPE_ARP, false, 0);

	fx_rx(0, m);
	fx_run();
	assert_punted(PKT_EXCEPTION, 3, 14 + 28);
	fx_bytes(fx.punted[0], got, sizeof(got));
	assert_int_equal(be16(got + 12), ETH_TYPE_ARP);
	assert_memory_equal(got, ((uint8_t[]){1, 0, 0x5e, 1, 1, 1}), 6);
	assert_memory_equal(got + 14, arp, sizeof(arp));
}

static void arp_without_twin_is_eth_type(void **state)
{
	uint8_t arp[28] = {0, 1, 8};

	in->c.twin = 0;
	fx_rx(0, fx_frame(in, arp, sizeof(arp), ETH_TYPE_ARP, false, 0));
	fx_run();
	assert_only_drop(DROP_eth_type);
}

static void tag_stripped_by_the_port_names_the_interface(void **state)
{
	uint8_t ip[64];
	struct rte_mbuf *m =
		fx_frame(in, ip, make(ip, 0x0a000001, 0x0a000002, 1), ETH_TYPE_IP4, true, 0);

	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x6064;
	fx_rx(0, m);
	fx_run();
	assert_punted(PKT_EXCEPTION, 3, 14 + 64);
}

static void priority_tag_is_no_vlan(void **state)
{
	uint8_t ip[64];
	struct rte_mbuf *m = fx_frame(tagged, ip, fx_ip4(ip, 64), ETH_TYPE_IP4, false, 0);

	put_be16(rte_pktmbuf_mtod(m, uint8_t *) + 14, 0xe000);
	fx_rx(0, m);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 1);
}

/* --- buffers ------------------------------------------------------------------------------------------- */

/* The frame of m, moved by bytes within its buffer. */
static struct rte_mbuf *moved(struct rte_mbuf *m, int by)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(frame + by, frame, m->data_len);
	m->data_off = (uint16_t)(m->data_off + by);
	return m;
}

static void a_frame_may_begin_elsewhere_than_the_first_of_its_burst(void **state)
{
	static const int by[] = {0, 2, 0, 64, -4, 0};
	uint8_t ip[64];

	fx_ip4(ip, 64);
	for (unsigned i = 0; i < RTE_DIM(by); i++)
		fx_rx(0, moved(fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0), by[i]));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, RTE_DIM(by));
	for (unsigned i = 0; i < fx.port[1].tx_n; i++)
		assert_int_equal(rte_pktmbuf_mtod(fx.port[1].tx[i], uint8_t *)[22], ip[8] - 1);
	assert_int_equal(fx_drops(), 0);
}

static void whole_bursts_may_begin_elsewhere(void **state)
{
	uint8_t ip[64];

	fx_ip4(ip, 64);
	for (unsigned i = 0; i < BURST; i++)
		fx_rx(0, moved(fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0), 10));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, BURST);
	assert_int_equal(fx.port[1].tx[BURST - 1]->pkt_len, 14 + 64);
}

/* n frames, of which somebody else looks at the bytes of number `held`. */
static void assert_not_written_to(unsigned n, unsigned held)
{
	struct rte_mbuf *v[3];
	uint8_t ip[64];

	fx_ip4(ip, 64);
	fx.port[1].tx_n = 0;
	for (unsigned i = 0; i < n; i++) {
		v[i] = fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0);
		if (i == held)
			rte_mbuf_refcnt_update(v[i], 1);
		fx_rx(0, v[i]);
	}
	fx_run();
	assert_int_equal(fx.port[1].tx_n, n);
	assert_memory_equal(rte_pktmbuf_mtod_offset(v[held], uint8_t *, 14), ip, 64);
	rte_pktmbuf_free(v[held]);
	rte_pktmbuf_free_bulk(fx.port[1].tx, n);
	fx.port[1].tx_n = 0;
}

static void a_buffer_with_another_holder_is_not_written_to(void **state)
{
	assert_not_written_to(1, 0);
	for (unsigned held = 0; held < 3; held++)
		assert_not_written_to(3, held);
}

/* --- IPv4 ---------------------------------------------------------------------------------------------- */

static void malformed_headers_are_dropped_with_their_reasons(void **state)
{
	static const struct {
		uint8_t at, value;
		enum drop_reason reason;
	} faults[] = {
		{0, 0x55, DROP_ip_version},
		{0, 0x44, DROP_ip_ihl},
		{IP4_TOTAL, 0x7f, DROP_ip_length},
		{IP4_TOS, 1, DROP_ip_checksum},
	};
	uint8_t ip[64];

	for (unsigned i = 0; i < RTE_DIM(faults); i++) {
		fx_ip4(ip, 64);
		ip[faults[i].at] = faults[i].value;
		rx(in, ip, 64, false);
		assert_int_equal(fx.w->info.drops[faults[i].reason], 1);
		assert_int_equal(fx_drops(), i + 1);
	}
	fx_ip4(ip, 64);
	ip[IP4_TTL] = 0;
	fx_ip4_seal(ip);
	rx(in, ip, 64, false);
	assert_int_equal(fx.w->info.drops[DROP_ip_ttl_zero], 1);
	assert_int_equal(fx.port[1].tx_n, 0);
}

static void every_cut_frame_is_dropped_and_none_forwarded(void **state)
{
	uint8_t ip[64];

	fx_ip4(ip, 64);
	for (unsigned n = 0; n < 64; n++)
		fx_rx(0, fx_frame(in, ip, n, ETH_TYPE_IP4, false, 0));
	fx_run();
	assert_int_equal(fx_drops(), 64);
	assert_int_equal(fx.w->info.drops[DROP_ip_truncated], 20);
	assert_int_equal(fx.w->info.drops[DROP_ip_length], 44);
}

static void bad_sources_of_data_have_their_reasons(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x00000000, 0xef010101, 17), false);
	rx(in, ip, make(ip, 0x00010203, 0xef010101, 17), false);
	rx(in, ip, make(ip, 0xf0000001, 0xef010101, 17), false);
	assert_int_equal(fx.w->info.drops[DROP_src_martian], 3);
	rx(in, ip, make(ip, 0xef010101, 0xef010101, 17), false);
	assert_int_equal(fx.w->info.drops[DROP_src_multicast], 1);
	rx(in, ip, make(ip, 0x7f000001, 0xef010101, 17), false);
	assert_int_equal(fx.w->info.drops[DROP_src_loopback], 1);
	assert_int_equal(fx_drops(), 5);
	assert_int_equal(fx.upcalls[DP_UPCALL_NOCACHE], 0);
}

static void bad_destinations_are_martian(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x0a000001, 0x00000001, 17), true);
	rx(in, ip, make(ip, 0x0a000001, 0x7f000001, 17), true);
	rx(in, ip, make(ip, 0x0a000001, 0xe0000000, 17), false);
	assert_int_equal(fx.w->info.drops[DROP_dst_martian], 3);
	assert_int_equal(fx_drops(), 3);
}

static void unicast_and_broadcast_go_to_the_twin_whatever_their_source(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x00000000, 0xffffffff, 17), false);
	rx(in, ip, make(ip, 0x0a000001, 0x0a0000ff, 6), true);
	assert_int_equal(fx.n_punted, 2);
	assert_int_equal(fx_drops(), 0);
	in->c.twin = 0;
	rx(in, ip, make(ip, 0x0a000001, 0x0a000002, 6), true);
	assert_int_equal(fx.w->info.drops[DROP_no_twin], 1);
}

static void link_local_group_is_the_kernels_or_dropped_but_never_routed(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x0a000001, 0xe0000005, 89), false);
	assert_punted(PKT_EXCEPTION, 1, 14 + 64);
	in->c.twin = 0;
	rx(in, ip, make(ip, 0x0a000001, 0xe00000fb, 17), false);
	assert_int_equal(fx.w->info.drops[DROP_group_link_local], 1);
}

static void igmp_to_any_group_is_the_protocols_as_an_ip_packet(void **state)
{
	uint8_t ip[64], got[128];

	in->c.proto = DP_PROTO_IGMP;
	rx(in, ip, make(ip, 0x00000000, 0xef010101, IP_PROTO_IGMP), false);
	assert_punted(PKT_PROTO, 1, 64);
	fx_bytes(fx.punted[0], got, sizeof(got));
	assert_memory_equal(got, ip, 64);
}

static void igmp_without_the_protocol_is_the_twins_else_disabled(void **state)
{
	uint8_t ip[64];

	rx(in, ip, make(ip, 0x0a000001, 0xe0000016, IP_PROTO_IGMP), false);
	assert_punted(PKT_EXCEPTION, 1, 14 + 64);
	in->c.twin = 0;
	rx(in, ip, make(ip, 0x0a000001, 0xe0000016, IP_PROTO_IGMP), false);
	assert_int_equal(fx.w->info.drops[DROP_proto_disabled], 1);
}

static void pim_to_its_group_is_the_protocols(void **state)
{
	uint8_t ip[64];

	in->c.proto = DP_PROTO_PIM;
	rx(in, ip, make(ip, 0x0a000001, 0xe000000d, IP_PROTO_PIM), false);
	assert_punted(PKT_PROTO, 1, 64);
}

static void igmp_from_a_group_is_refused(void **state)
{
	uint8_t ip[64];

	in->c.proto = DP_PROTO_IGMP;
	rx(in, ip, make(ip, 0xe0000001, 0xe0000016, IP_PROTO_IGMP), false);
	assert_only_drop(DROP_src_multicast);
}

/* --- multi-segment -------------------------------------------------------------------------------------- */

static void headers_across_segments_are_read_whole(void **state)
{
	uint8_t ip[1000], got[1100];

	fx_ip4(ip, sizeof(ip));
	for (unsigned seg = 1; seg < 64; seg++)
		fx_rx(0, fx_frame(in, ip, sizeof(ip), ETH_TYPE_IP4, false, seg));
	fx_run();
	assert_int_equal(fx_drops(), 0);
	assert_int_equal(fx.port[1].tx_n, 63);
	for (unsigned i = 0; i < 63; i++) {
		assert_int_equal(fx_bytes(fx.port[1].tx[i], got, sizeof(got)), 14 + sizeof(ip));
		assert_memory_equal(got + 14 + IP4_LEN, ip + IP4_LEN, sizeof(ip) - IP4_LEN);
		assert_int_equal(sum16(got + 14, IP4_LEN), 0xffff);
	}
}

static void padding_in_other_segments_is_cut_off(void **state)
{
	uint8_t ip[300];

	fx_ip4(ip, 200);
	memset(ip + 200, 0xee, 100);
	for (unsigned seg = 30; seg < 314; seg += 7)
		fx_rx(0, fx_frame(in, ip, sizeof(ip), ETH_TYPE_IP4, false, seg));
	fx_run();
	assert_int_equal(fx_drops(), 0);
	for (unsigned i = 0; i < fx.port[1].tx_n; i++)
		assert_int_equal(fx.port[1].tx[i]->pkt_len, 214);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(a_frame_may_begin_elsewhere_than_the_first_of_its_burst),
		T(whole_bursts_may_begin_elsewhere),
		T(a_buffer_with_another_holder_is_not_written_to),
		T(runt_frame_is_eth_truncated),
		T(unknown_vlan_second_tag_and_unused_port_are_vlan_unknown),
		T(unicast_frame_for_another_mac_is_not_ours),
		T(interface_that_is_down_takes_nothing),
		T(arp_goes_to_the_twin_without_its_tag),
		T(arp_without_twin_is_eth_type),
		T(tag_stripped_by_the_port_names_the_interface),
		T(priority_tag_is_no_vlan),
		T(malformed_headers_are_dropped_with_their_reasons),
		T(every_cut_frame_is_dropped_and_none_forwarded),
		T(bad_sources_of_data_have_their_reasons),
		T(bad_destinations_are_martian),
		T(unicast_and_broadcast_go_to_the_twin_whatever_their_source),
		T(link_local_group_is_the_kernels_or_dropped_but_never_routed),
		T(igmp_to_any_group_is_the_protocols_as_an_ip_packet),
		T(igmp_without_the_protocol_is_the_twins_else_disabled),
		T(pim_to_its_group_is_the_protocols),
		T(igmp_from_a_group_is_refused),
		T(headers_across_segments_are_read_whole),
		T(padding_in_other_segments_is_cut_off),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
