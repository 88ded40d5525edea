/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Frames with two tags, service tags and tags that the port has taken out.
 */
#include "input.h"

static struct fwd_if *stacked;

/* Beside input.h's interfaces 1 and 3 on port 0: interface 6 with tags 0x88a8 200, 0x8100 100. */
static int vlan_setup(void **state)
{
	int rc = setup(state);

	stacked = fx_stack(6, 0, ETH_TYPE_QINQ, 200, 100);
	return rc;
}

static struct rte_mbuf *ip_frame(const struct fwd_if *ifp, bool unicast)
{
	uint8_t ip[64];

	if (unicast)
		make(ip, 0x0a000001, 0x0a000002, 1);
	else
		fx_ip4(ip, 64);
	return fx_frame(ifp, ip, 64, ETH_TYPE_IP4, unicast, 0);
}

/* Takes n bytes of tags out of a frame. */
static void untag(struct rte_mbuf *m, unsigned n)
{
	eth_untag(rte_pktmbuf_mtod(m, uint8_t *), n);
	rte_pktmbuf_adj(m, (uint16_t)n);
}

static void strip(struct rte_mbuf *m, uint16_t tci)
{
	untag(m, 4);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = tci;
}

static void two_tags_name_the_interface_and_the_twin_sees_neither(void **state)
{
	fx_rx(0, ip_frame(stacked, true));
	fx_run();
	assert_punted(PKT_EXCEPTION, 6, 14 + 64);
	assert_int_equal(be16(rte_pktmbuf_mtod(fx.punted[0], uint8_t *) + 12), ETH_TYPE_IP4);
	assert_int_equal(rte_pktmbuf_mtod(fx.punted[0], uint8_t *)[14], 0x45);
}

static void two_tags_go_in_and_out(void **state)
{
	uint8_t f[16384];

	fx_stack(7, 1, ETH_TYPE_VLAN, 10, 11);
	fx_oif(2, 7);
	fx.routes[0].r->iif = 6;
	fx_oif(1, 7);
	fx_rx(0, ip_frame(stacked, false));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx_bytes(fx.port[1].tx[0], f, sizeof(f)), 22 + 64);
	assert_memory_equal(f + 12, ((uint8_t[]){0x81, 0, 0, 10, 0x81, 0, 0, 11, 8, 0}), 10);
	assert_int_equal(f[22 + IP4_TTL], 8);
}

static void other_tags_and_tpids_are_unknown(void **state)
{
	static const uint16_t tags[][4] = {
		{ETH_TYPE_QINQ, 200, ETH_TYPE_VLAN, 101},
		{ETH_TYPE_QINQ, 100, ETH_TYPE_VLAN, 200},
		{ETH_TYPE_VLAN, 200, ETH_TYPE_VLAN, 100},
		{ETH_TYPE_QINQ_OLD, 200, ETH_TYPE_VLAN, 100},
		{ETH_TYPE_QINQ, 0, ETH_TYPE_VLAN, 100},
		{ETH_TYPE_QINQ, 200, ETH_TYPE_VLAN, 0},
		{ETH_TYPE_QINQ, 0, ETH_TYPE_VLAN, 0},
	};

	for (unsigned i = 0; i < RTE_DIM(tags); i++) {
		struct rte_mbuf *m = ip_frame(stacked, true);

		for (unsigned k = 0; k < 4; k++)
			put_be16(rte_pktmbuf_mtod(m, uint8_t *) + 12 + 2 * k, tags[i][k]);
		fx_rx(0, m);
	}
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_vlan_unknown], RTE_DIM(tags));
	assert_int_equal(fx_drops(), RTE_DIM(tags));
}

static void third_tag_is_unknown_and_a_cut_one_truncated(void **state)
{
	struct rte_mbuf *m = ip_frame(stacked, true);

	put_be16(rte_pktmbuf_mtod(m, uint8_t *) + 20, ETH_TYPE_VLAN);
	fx_rx(0, m);
	fx_run();
	assert_only_drop(DROP_vlan_unknown);
	for (unsigned len = 18; len < 22; len++) {
		m = ip_frame(stacked, true);
		rte_pktmbuf_trim(m, (uint16_t)(m->data_len - len));
		fx_rx(0, m);
		fx_run();
		assert_int_equal(fx.w->info.drops[DROP_eth_truncated], len - 17);
	}
}

static void lone_service_tag_names_an_interface(void **state)
{
	struct rte_mbuf *m = ip_frame(tagged, true);

	fx.demux.vlans[0][100] = 0;
	fx.demux.stacks[fwd_stack_hash(0, 100, 0) & 7] =
		(struct fwd_stack_slot){.port = 0, .outer = 100, .tpid = ETH_TYPE_QINQ, .ifid = 3};
	put_be16(rte_pktmbuf_mtod(m, uint8_t *) + 12, ETH_TYPE_QINQ);
	fx_rx(0, m);
	fx_run();
	assert_punted(PKT_EXCEPTION, 3, 14 + 64);
}

static void outer_tag_stripped_by_the_port(void **state)
{
	struct rte_mbuf *m = ip_frame(stacked, true);

	strip(m, 0xe000 | 200);
	fx_rx(0, m);
	fx_run();
	assert_punted(PKT_EXCEPTION, 6, 14 + 64);
}

static void both_tags_stripped_by_the_port(void **state)
{
	struct rte_mbuf *m = ip_frame(stacked, true);

	untag(m, 4);
	strip(m, 100);
	m->ol_flags |= RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
	m->vlan_tci_outer = 200;
	fx_rx(0, m);
	fx_run();
	assert_punted(PKT_EXCEPTION, 6, 14 + 64);
}

static void stripped_priority_tag_is_no_vlan(void **state)
{
	struct rte_mbuf *m = ip_frame(tagged, false);

	strip(m, 0xa000);
	fx_rx(0, m);
	m = ip_frame(tagged, true);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0xa000;
	fx_rx(0, m);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_punted(PKT_EXCEPTION, 3, 14 + 64);
}

static void chained_frame_with_two_tags(void **state)
{
	uint8_t ip[64];

	make(ip, 0x0a000001, 0x0a000002, 1);
	for (unsigned seg = 1; seg < 40; seg++) {
		fx_rx(0, fx_frame(stacked, ip, 64, ETH_TYPE_IP4, true, seg));
		fx_run();
		assert_int_equal(fx.n_punted, seg);
		assert_int_equal(fx.punted_iif[seg - 1], 6);
		assert_int_equal(fx.punted[seg - 1]->pkt_len, 14 + 64);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, vlan_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(two_tags_name_the_interface_and_the_twin_sees_neither),
		T(two_tags_go_in_and_out),
		T(other_tags_and_tpids_are_unknown),
		T(third_tag_is_unknown_and_a_cut_one_truncated),
		T(lone_service_tag_names_an_interface),
		T(outer_tag_stripped_by_the_port),
		T(both_tags_stripped_by_the_port),
		T(stripped_priority_tag_is_no_vlan),
		T(chained_frame_with_two_tags),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
