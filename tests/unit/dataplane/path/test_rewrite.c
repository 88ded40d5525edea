/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stages rewrite and tx, and the frames of control: HER, tunnels, queues.
 */
#include "output.h"

#include <rte_ethdev.h>

/* --- head-end replication -------------------------------------------------------------------------------------- */

static void her_output_is_unicast_to_the_next_hop(void **state)
{
	uint8_t f[16384], *ip = f + 14;

	fx_her(10, 2, 1);
	fx_route(IP_V4, 1, 10, 1);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(frame(1, 0, f), 14 + 64);
	assert_memory_equal(f, fx.t.adjs[1]->c.mac, 6);
	assert_memory_equal(f + 6, fx.t.ifs[2]->c.mac, 6);
	assert_memory_equal(ip + IP4_SRC, ((uint8_t[]){198, 51, 100, 1, 192, 0, 2, 7}), 8);
	assert_int_equal(ip[IP4_TTL], 64);
	assert_int_equal(be16(ip + 22), 6000);
	assert_int_equal(sum16(ip, IP4_LEN), 0xffff);
}

static void several_her_outputs_on_one_interface_and_native_ones_do_not_mix(void **state)
{
	uint8_t f[16384];

	fx_her(5, 2, 1)->c.her_dst = ip4(0xc0000208);
	fx_her(6, 2, 1)->c.her_src.family = IP_NONE;
	share_l2(2, 3);
	fx_route(IP_V4, 1, 2, 5); /* native 2, 3, 4; HER 5, 6 */
	fx_rx4(in, 1000);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 3);
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 1000);
	assert_native(f, frame(3, 0, f), fx.t.ifs[4], 1000);
	frame(1, 1, f);
	assert_memory_equal(f + 14 + IP4_DST, ((uint8_t[]){192, 0, 2, 8}), 4);
	frame(1, 2, f);
	assert_memory_equal(f + 14 + IP4_SRC, ((uint8_t[]){10, 0, 0, 1, 192, 0, 2, 7}), 8);
	assert_int_equal(sum16(f + 14, IP4_LEN), 0xffff);
}

static void her_needs_a_resolved_next_hop(void **state)
{
	fx_adj(2, DP_ADJ_UNRESOLVED, 2, 0);
	fx_adj(3, DP_ADJ_KERNEL, 2, 0);
	fx_her(10, 2, 2);
	fx_her(11, 2, 3);
	fx_her(12, 2, 4);
	fx_route(IP_V4, 1, 10, 3);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 0);
	assert_int_equal(fx.w->info.drops[DROP_oif_unresolved], 2);
	assert_int_equal(fx.w->info.drops[DROP_oif_kernel], 1);
	assert_int_equal(fx.w->if_ctr[2].tx_dropped, 3);
}

/* --- tunnels --------------------------------------------------------------------------------------------------- */

static void tunnel_output_is_wrapped(void **state)
{
	uint8_t f[16384], *outer = f + 14, *inner = f + 14 + 20 + 8;
	struct fwd_if *tun = fx_tunnel(9, 1);
	struct ip_view v = {0};

	tun->c.gre.has_key = 1;
	tun->c.gre.key = 0x01020304;
	tun->c.gre.dscp = 10;
	fx_tunnel_ready(tun);
	fx_oif(10, 9);
	fx_route(IP_V4, 1, 10, 1);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(frame(1, 0, f), 14 + 20 + 8 + 64);
	assert_memory_equal(f, fx.t.adjs[1]->c.mac, 6);
	assert_int_equal(ip4_parse(outer, 92, false, &v), IP_FINE);
	assert_int_equal(v.len, 92);
	assert_int_equal(v.ttl, 77);
	assert_int_equal(v.proto, IP_PROTO_GRE);
	assert_int_equal(outer[IP4_TOS], 0x28);
	assert_memory_equal(outer + IP4_SRC, ((uint8_t[]){10, 9, 0, 1, 10, 9, 0, 2}), 8);
	assert_memory_equal(outer + 20, ((uint8_t[]){0x20, 0, 8, 0, 1, 2, 3, 4}), 8);
	assert_int_equal(inner[IP4_TTL], 8);
	assert_int_equal(sum16(inner, IP4_LEN), 0xffff);
	assert_int_equal(fx.w->if_ctr[9].tx_bytes, 64);
	assert_int_equal(fx.w->if_ctr[2].tx_bytes, 92);
	assert_int_equal(fx.w->oif_ctr[10].bytes, 92);
}

static void tunnel_checksum_covers_a_chained_payload(void **state)
{
	uint8_t f[16384];
	struct fwd_if *tun = fx_tunnel(9, 1);

	tun->c.gre.checksum = 1;
	fx_tunnel_ready(tun);
	fx_oif(5, 9);
	fx_route(IP_V4, 1, 4, 2);
	fx_oif(6, 3);
	((struct oif_list *)(uintptr_t)fx.routes[0].r->list)->oifs[0] = 5;
	((struct oif_list *)(uintptr_t)fx.routes[0].r->list)->oifs[1] = 6;
	fx_rx4(in, 1401);
	fx_run();
	assert_int_equal(fx.port[1].tx[0]->nb_segs, 2);
	assert_int_equal(frame(1, 0, f), 14 + 20 + 8 + 1401);
	assert_int_equal(sum16(f + 34, 8 + 1401), 0xffff);
	assert_native(f, frame(2, 0, f), fx.t.ifs[3], 1401);
}

static void tunnel_over_ip6_is_wrapped_in_ip6(void **state)
{
	uint8_t f[16384], *outer = f + 14;
	struct fwd_if *tun = fx_tunnel(9, 1);

	assert_int_equal(ip_parse("2001:db8::1", &tun->c.gre.local), 0);
	assert_int_equal(ip_parse("2001:db8::2", &tun->c.gre.remote), 0);
	tun->c.gre.dscp_inherit = 1;
	fx_tunnel_ready(tun);
	fx_oif(10, 9);
	fx_route(IP_V4, 1, 10, 1);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(frame(1, 0, f), 14 + 40 + 4 + 64);
	assert_int_equal(be16(f + 12), ETH_TYPE_IP6);
	assert_int_equal(outer[0], 0x60);
	assert_int_equal(be16(outer + 2), gre_flow_label(f + 14 + 40 + 4) & 0xffff);
	assert_int_equal(be16(outer + IP6_PAYLOAD), 68);
	assert_int_equal(outer[IP6_NEXT], IP_PROTO_GRE);
	assert_int_equal(outer[IP6_HOPS], 77);
	assert_memory_equal(outer + IP6_DST, tun->c.gre.remote.b, 16);
}

static void tunnel_copies_ttl_and_ecn_of_what_is_inside(void **state)
{
	uint8_t f[16384], *outer = f + 14, ip[64];
	struct fwd_if *tun = fx_tunnel(9, 1);
	struct rte_mbuf *m;
	uint16_t port;

	tun->c.gre.ttl = 0;
	tun->c.gre.dscp = 10;
	fx_tunnel_ready(tun);
	fx_ip4(ip, 64);
	tos_put(ip, 0xb8 | 1);
	fx_oif(10, 9);
	fx_route(IP_V4, 1, 10, 1);
	fx_rx(0, fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0));
	fx_run();
	assert_int_equal(frame(1, 0, f), 14 + 20 + 4 + 64);
	assert_int_equal(outer[IP4_TTL], 8);
	assert_int_equal(outer[IP4_TOS], 10 << 2 | 1);
	/* our own Hello crosses a tunnel of any length */
	ip[IP4_TTL] = 1;
	m = fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0);
	rte_pktmbuf_adj(m, 14);
	assert_int_equal(path_encap(&fx.t, 9, DP_SEND_IP, m, &port), 0);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[14 + IP4_TTL], 64);
	rte_pktmbuf_free(m);
}

/* Packets of all lengths in one burst, so that each is one of a run; the neighbour is behind two tags. */
static void run_into_a_tunnel_is_wrapped_packet_by_packet(void **state)
{
	struct fwd_if *tun = fx_tunnel(9, 2), *out = fx_stack(5, 1, 0x88a8, 7, 8);
	uint8_t f[16384], *outer = f + 22, *inner = outer + 44, want[64];

	assert_int_equal(ip_parse("2001:db8::1", &tun->c.gre.local), 0);
	assert_int_equal(ip_parse("2001:db8::2", &tun->c.gre.remote), 0);
	fx_tunnel_ready(tun);
	fx_adj(2, DP_ADJ_ETHER, 5, 0x55);
	fx_oif(10, 9);
	fx_route(IP_V4, 1, 10, 1);
	for (unsigned i = 0; i < 20; i++)
		fx_rx4(in, 40 + i);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 20);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(frame(1, i, f), 22 + 44 + 40 + i);
		assert_memory_equal(f, fx.t.adjs[2]->c.mac, 6);
		assert_memory_equal(f + 6, out->l2 + 6, 14);
		assert_int_equal(be16(f + 20), ETH_TYPE_IP6);
		assert_int_equal(be16(outer + IP6_PAYLOAD), 4 + 40 + i);
		assert_memory_equal(outer + IP6_SRC, tun->c.gre.local.b, 16);
		assert_memory_equal(outer + 40, ((uint8_t[]){0, 0, 8, 0}), 4);
		fx_ip4(want, 40 + i);
		want[IP4_TTL] = 8;
		fx_ip4_seal(want);
		assert_memory_equal(inner, want, 40 + i);
	}
}

static void identifications_follow_each_other_in_a_run(void **state)
{
	uint8_t f[16384], ip[64];
	uint16_t first = 0;

	fx_tunnel(9, 1);
	fx_oif(10, 9);
	fx_route(IP_V4, 1, 10, 1);
	fx_ip4(ip, 64);
	put_be16(ip + IP4_FRAG, 0);
	fx_ip4_seal(ip);
	for (unsigned i = 0; i < 40; i++)
		fx_rx(0, fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0));
	fx_run();
	for (unsigned i = 0; i < 40; i++) {
		frame(1, i, f);
		first = i ? first : be16(f + 14 + IP4_ID);
		assert_int_equal(be16(f + 14 + IP4_ID), (uint16_t)(first + i));
		assert_int_equal(sum16(f + 14, IP4_LEN), 0xffff);
	}
}

static void her_through_a_tunnel_is_translated_then_wrapped(void **state)
{
	uint8_t f[16384], *inner = f + 14 + 24;

	fx_tunnel(9, 1);
	fx_adj(2, DP_ADJ_IF, 9, 0);
	fx_her(10, 9, 2);
	fx_route(IP_V4, 1, 10, 1);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(frame(1, 0, f), 14 + 24 + 64);
	assert_memory_equal(inner + IP4_DST, ((uint8_t[]){192, 0, 2, 7}), 4);
	assert_int_equal(inner[IP4_TTL], 64);
	assert_int_equal(sum16(inner, IP4_LEN), 0xffff);
}

static void tunnel_into_a_tunnel_unresolved_and_too_large_are_dropped(void **state)
{
	uint8_t ip[1500];

	fx_adj(2, DP_ADJ_ETHER, 9, 0);
	fx_adj(3, DP_ADJ_UNRESOLVED, 2, 0);
	fx_tunnel(9, 1);
	fx_tunnel(10, 2)->c.gre.local = ip4(1);
	fx_tunnel(11, 3)->c.gre.local = ip4(2);
	fx_oif(20, 9);
	fx_oif(21, 10);
	fx_oif(22, 11);
	fx_route(IP_V4, 1, 20, 3);
	fx_ip4(ip, 1477);
	put_be16(ip + IP4_FRAG, IP4_DF);
	fx_ip4_seal(ip);
	fx_rx(0, fx_frame(in, ip, 1477, ETH_TYPE_IP4, false, 0));
	fx_rx4(in, 1476);
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_oif_mtu], 1);
	assert_int_equal(fx.w->info.drops[DROP_oif_recursion], 2);
	assert_int_equal(fx.w->info.drops[DROP_oif_unresolved], 2);
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx.port[1].tx[0]->pkt_len, 14 + 1500);
}

/* IPv6 with a hop-by-hop header of ext bytes and UDP, port 5000, len bytes in all; the right checksum. */
static unsigned deep_ip6(uint8_t *h, unsigned ext, unsigned len)
{
	uint8_t pseudo[40] = {0}, *u = h + IP6_LEN + ext;
	unsigned n = len - IP6_LEN - ext;

	fx_ip6(h, len);
	memset(h + IP6_LEN, 0, ext);
	h[IP6_NEXT] = IP_PROTO_HOPOPTS;
	h[IP6_LEN] = IP_PROTO_UDP;
	h[IP6_LEN + 1] = (uint8_t)(ext / 8 - 1);
	h[IP6_LEN + 2] = 1; /* PadN */
	h[IP6_LEN + 3] = (uint8_t)(ext - 4);
	put_be16(u, 4000);
	put_be16(u + 2, 5000);
	put_be16(u + 4, (uint16_t)n);
	put_be16(u + 6, 0);
	memcpy(pseudo, h + IP6_SRC, 32);
	put_be16(pseudo + 34, (uint16_t)n);
	pseudo[39] = IP_PROTO_UDP;
	store16(u + 6, (uint16_t)~csum_fold(csum_add(csum_add(0, pseudo, 40), u, n)));
	return len;
}

/* The sum over pseudo header and UDP behind ext bytes: 0xffff if it holds. */
static uint16_t deep_sum(const uint8_t *h, unsigned ext)
{
	unsigned n = be16(h + IP6_PAYLOAD) - ext;
	uint8_t p[2048] = {0};

	memcpy(p, h + IP6_SRC, 32);
	put_be16(p + 34, (uint16_t)n);
	p[39] = IP_PROTO_UDP;
	memcpy(p + 40, h + IP6_LEN + ext, n);
	return sum16(p, 40 + n);
}

/* Native copies share the payload by reference, which a unicast one must write in. */
static void udp_behind_long_extension_headers_is_translated_too(void **state)
{
	uint8_t ip[2048], f[16384];

	for (uint32_t id = 10; id < 14; id += 3) {
		struct dp_oif *o = &fx_her(id, 2, 1)->c;

		assert_int_equal(ip_parse("2001:db8:7::7", &o->her_dst), 0);
		assert_int_equal(ip_parse("2001:db8:1::1", &o->her_src), 0);
	}
	fx_oif(11, 2);
	fx_oif(12, 3);
	fx_route(IP_V6, 1, 10, 4);
	for (unsigned ext = 8; ext <= 128; ext += 24)
		for (unsigned len = 200; len <= 1400; len += 600) {
			unsigned at1 = fx.port[1].tx_n, at2 = fx.port[2].tx_n;

			deep_ip6(ip, ext, len);
			assert_int_equal(deep_sum(ip, ext), 0xffff);
			fx_rx(0, fx_frame(in, ip, len, ETH_TYPE_IP6, false, 0));
			fx_run();
			assert_int_equal(fx.port[1].tx_n, at1 + 3);
			assert_int_equal(fx.port[2].tx_n, at2 + 1);
			for (unsigned i = 0; i < 4; i++) {
				bool her = i == 0 || i == 2;

				if (i < 3)
					assert_int_equal(frame(1, at1 + i, f), 14 + len);
				else
					assert_int_equal(frame(2, at2, f), 14 + len);
				assert_int_equal(deep_sum(f + 14, ext), 0xffff);
				assert_int_equal(
					be16(f + 14 + IP6_LEN + ext + 2), her ? 6000 : 5000);
				assert_memory_equal(f + 14 + IP6_LEN + ext + 8,
					ip + IP6_LEN + ext + 8, len - IP6_LEN - ext - 8);
			}
		}
	assert_int_equal(fx_drops(), 0);
}

/* --- tx --------------------------------------------------------------------------------------------------------- */

static void full_queue_costs_the_frames_that_do_not_fit(void **state)
{
	fx.port[1].tx_room = 70;
	fx_route(IP_V4, 1, 2, 2);
	for (int i = 0; i < 200; i++)
		fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 70);
	assert_int_equal(fx.port[2].tx_n, 200);
	assert_int_equal(fx.w->info.drops[DROP_tx_full], 130);
	assert_int_equal(fx.w->info.tx_packets, 270);
}

static void port_that_has_gone_costs_its_frames(void **state)
{
	fx.ports.by_id[1] = (struct dataplane_port){0};
	fx_route(IP_V4, 1, 2, 2);
	fx_rx4(in, 64);
	fx_run();
	assert_int_equal(fx.w->info.drops[DROP_tx_no_port], 1);
	assert_int_equal(fx.port[2].tx_n, 1);
}

static void worker_without_a_queue_hands_over_to_the_owner(void **state)
{
	struct worker *owner = fx.w;
	struct worker *other = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*other));
	struct rte_ring *ring = rte_ring_create("other", 256, SOCKET_ID_ANY, RING_F_SC_DEQ);
	uint8_t f[16384];

	assert_non_null(other);
	assert_non_null(ring);
	share_l2(2, 3);
	memcpy(fx.t.ifs[3]->l2, fx.t.ifs[2]->l2, 14);
	*other = *owner;
	other->index = 1;
	other->handoff = ring;
	other->n_workers = owner->n_workers = 2;
	fx.workers[1] = other;
	fx.ports.by_id[0].rx_queues = 2;
	rte_eth_fp_ops[0].rxq.data[1] = &fx.port[0];
	fx_route(IP_V4, 1, 2, 2);
	fx_rx4(in, 64);
	assert_true(worker_step(other)); /* takes it from its own queue 1 */
	assert_int_equal(fx.port[1].tx_n + fx.port[2].tx_n, 0);
	assert_true(worker_step(owner));
	assert_native(f, frame(1, 0, f), fx.t.ifs[2], 64);
	assert_native(f, frame(2, 0, f), fx.t.ifs[3], 64);
	assert_int_equal(fx_drops(), 0);
	rte_ring_free(ring);
	free(other);
}

/* --- frames of control --------------------------------------------------------------------------------------------- */

static struct rte_mbuf *packet(const uint8_t *p, unsigned n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(fx.t.pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), p, n);
	return m;
}

static void frame_from_a_twin_gets_its_tag(void **state)
{
	uint8_t eth[60] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 6, 0x55}, got[128];
	struct rte_mbuf *m = packet(eth, sizeof(eth));
	uint16_t port = 99;

	assert_int_equal(path_encap(&fx.t, 4, DP_SEND_FRAME, m, &port), 0);
	assert_int_equal(port, 3);
	assert_int_equal(fx_bytes(m, got, sizeof(got)), 64);
	assert_memory_equal(got, eth, 12);
	assert_memory_equal(got + 12, ((uint8_t[]){0x81, 0, 0, 100, 8, 6, 0x55}), 7);
	rte_pktmbuf_free(m);
}

static void packet_to_a_group_gets_its_mac(void **state)
{
	uint8_t ip[64], got[128];
	struct rte_mbuf *m = packet(ip, fx_ip4(ip, 64));
	uint16_t port = 99;

	assert_int_equal(path_encap(&fx.t, 2, DP_SEND_IP, m, &port), 0);
	assert_int_equal(port, 1);
	assert_int_equal(fx_bytes(m, got, sizeof(got)), 78);
	assert_memory_equal(got, ((uint8_t[]){1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 1, 8, 0}), 14);
	assert_memory_equal(got + 14, ip, 64);
	rte_pktmbuf_free(m);
}

static void packet_into_a_tunnel_is_wrapped(void **state)
{
	uint8_t ip[64], got[128];
	struct rte_mbuf *m = packet(ip, fx_ip4(ip, 64));
	uint16_t port = 99;

	fx_tunnel(9, 1);
	assert_int_equal(path_encap(&fx.t, 9, DP_SEND_IP, m, &port), 0);
	assert_int_equal(port, 1);
	assert_int_equal(fx_bytes(m, got, sizeof(got)), 14 + 24 + 64);
	assert_memory_equal(got, fx.t.adjs[1]->c.mac, 6);
	assert_memory_equal(got + 14 + 24, ip, 64);
	rte_pktmbuf_free(m);
}

static void what_an_interface_cannot_send_is_refused(void **state)
{
	uint8_t ip[1600];
	struct rte_mbuf *m = packet(ip, fx_ip4(ip, 64));
	uint16_t port;

	fx_tunnel(9, 1);
	fx_tunnel(10, 0)->c.gre.local = ip4(1);
	fx.t.ifs[3]->c.up = 0;
	assert_int_equal(path_encap(&fx.t, 77, DP_SEND_IP, m, &port), -ENODEV);
	assert_int_equal(path_encap(&fx.t, 60000, DP_SEND_IP, m, &port), -ENODEV);
	assert_int_equal(path_encap(&fx.t, 3, DP_SEND_IP, m, &port), -ENETDOWN);
	assert_int_equal(path_encap(&fx.t, 9, DP_SEND_FRAME, m, &port), -EINVAL);
	assert_int_equal(path_encap(&fx.t, 10, DP_SEND_IP, m, &port), -EHOSTUNREACH);
	rte_pktmbuf_mtod(m, uint8_t *)[IP4_DST] = 10;
	assert_int_equal(path_encap(&fx.t, 2, DP_SEND_IP, m, &port), -EINVAL);
	rte_pktmbuf_mtod(m, uint8_t *)[0] = 0x15;
	assert_int_equal(path_encap(&fx.t, 2, DP_SEND_IP, m, &port), -EINVAL);
	rte_pktmbuf_free(m);
	m = packet(ip, fx_ip4(ip, 1501));
	assert_int_equal(path_encap(&fx.t, 2, DP_SEND_IP, m, &port), -EMSGSIZE);
	rte_pktmbuf_free(m);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(her_output_is_unicast_to_the_next_hop),
		T(several_her_outputs_on_one_interface_and_native_ones_do_not_mix),
		T(her_needs_a_resolved_next_hop),
		T(tunnel_output_is_wrapped),
		T(tunnel_checksum_covers_a_chained_payload),
		T(tunnel_over_ip6_is_wrapped_in_ip6),
		T(tunnel_copies_ttl_and_ecn_of_what_is_inside),
		T(run_into_a_tunnel_is_wrapped_packet_by_packet),
		T(identifications_follow_each_other_in_a_run),
		T(her_through_a_tunnel_is_translated_then_wrapped),
		T(tunnel_into_a_tunnel_unresolved_and_too_large_are_dropped),
		T(udp_behind_long_extension_headers_is_translated_too),
		T(full_queue_costs_the_frames_that_do_not_fit),
		T(port_that_has_gone_costs_its_frames),
		T(worker_without_a_queue_hands_over_to_the_owner),
		T(frame_from_a_twin_gets_its_tag),
		T(packet_to_a_group_gets_its_mac),
		T(packet_into_a_tunnel_is_wrapped),
		T(what_an_interface_cannot_send_is_refused),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
