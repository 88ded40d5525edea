/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets through twins, which a real kernel routes and delivers, and its neighbours on them.
 */
#include "tests/lab/kernel_lab.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void unicast_is_routed_from_twin_to_twin(void **state)
{
	uint8_t f[64];
	size_t len = udp_frame(f, mac_a, "10.1.0.77", "10.2.0.5", 5000);

	W->wanted = want_udp;
	W->answer_arp = true;
	assert_int_equal(kernel_twin_write(W->kernel, W->a, f, len), 0);
	assert_true(wait_for(got_packet));
	assert_int_equal(W->packet_if, W->b);
	assert_memory_equal(W->packet, mac_peer, 6);
	assert_memory_equal(W->packet + 6, mac_b, 6);
	assert_int_equal(W->packet[22], 63);
	assert_memory_equal(W->packet + 26, f + 26, 20);
}

/* 2001:db8:a::77 to 2001:db8:b::5 behind the tunnel, next header "none". */
static size_t ip6_frame(uint8_t *f)
{
	memset(f, 0, 54);
	memcpy(f, mac_a, 6);
	memcpy(f + 6, mac_peer, 6);
	f[12] = 0x86;
	f[13] = 0xdd;
	f[14] = 0x60;
	f[20] = 59;
	f[21] = 64;
	inet_pton(AF_INET6, "2001:db8:a::77", f + 22);
	inet_pton(AF_INET6, "2001:db8:b::5", f + 38);
	return 54;
}

static bool want_ip6(struct world *w, uint16_t ifid, const uint8_t *p, size_t len)
{
	return ifid == w->t0 && len == 40 && p[0] == 0x60 && p[6] == 59;
}

static void unicast_ipv6_is_routed_into_a_tunnel(void **state)
{
	uint8_t f[64];
	size_t len = ip6_frame(f);

	if (access("/proc/sys/net/ipv6/conf/a/force_forwarding", W_OK))
		skip(); /* Linux before 6.17 */
	assert_true(wait_for(v6_known));
	assert_int_equal(run("ip -6 route add 2001:db8:b::/64 dev t0"), 0);
	W->wanted = want_ip6;
	assert_int_equal(kernel_twin_write(W->kernel, W->a, f, len), 0);
	assert_true(wait_for(got_packet));
	assert_int_equal(W->packet[7], 63);
}

static void packet_with_a_local_source_is_delivered(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(5000)};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	uint8_t f[64];
	size_t len = udp_frame(f, mac_a, "10.2.0.1", "10.1.0.1", 5000);

	assert_int_equal(bind(s, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(kernel_twin_write(W->kernel, W->a, f, len), 0);
	settle(50);
	assert_int_equal(recv(s, f, sizeof(f), 0), 4);
	close(s);
}

static struct ipaddr peer_ip;

static bool peer_resolved(void)
{
	const struct net_neigh *n = net_neigh_find(W->net, W->a, &peer_ip);

	return n && n->state == NET_NEIGH_REACHABLE && memcmp(n->mac, mac_peer, 6) == 0;
}

static bool peer_failed(void)
{
	const struct net_neigh *n = net_neigh_find(W->net, W->a, &peer_ip);

	return n && n->state == NET_NEIGH_FAILED;
}

static bool peer_unknown(void)
{
	return !net_neigh_find(W->net, W->a, &peer_ip);
}

static void neighbour_is_resolved_on_request(void **state)
{
	struct kernel_stats stats;
	uint64_t before; /* net asks for the tunnel's remote */

	assert_int_equal(ip_parse("10.1.0.5", &peer_ip), 0);
	W->answer_arp = true;
	kernel_stats_get(W->kernel, &stats);
	before = stats.resolves;
	for (int i = 0; i < 10; i++) /* limited to one a second */
		kernel_resolve(W->kernel, ifa()->ifindex, &peer_ip);
	kernel_stats_get(W->kernel, &stats);
	assert_int_equal(stats.resolves, before + 1);
	assert_int_equal(stats.refused, 0);
	assert_true(wait_for(peer_resolved));
	/* One that is known is asked for again without complaint. */
	settle(1100);
	kernel_resolve(W->kernel, ifa()->ifindex, &peer_ip);
	kernel_stats_get(W->kernel, &stats);
	assert_int_equal(stats.resolves, before + 2);
	assert_int_equal(stats.refused, 0);
	assert_int_equal(run("ip neigh del 10.1.0.5 dev a"), 0);
	assert_true(wait_for(peer_unknown));
}

static void neighbour_that_does_not_answer_fails(void **state)
{
	assert_int_equal(ip_parse("10.1.0.6", &peer_ip), 0);
	kernel_resolve(W->kernel, ifa()->ifindex, &peer_ip);
	assert_true(wait_for(peer_failed));
}

static bool nexthop_resolved(void)
{
	for (uint32_t i = 1; i < FAKE_ADJS_MAX; i++) {
		const struct dp_adj *adj = &W->dp->adjs[i];

		if (adj->id && adj->kind == DP_ADJ_ETHER && adj->ifid == W->a &&
			memcmp(adj->mac, mac_peer, 6) == 0)
			return true;
	}
	return false;
}

static void next_hop_behind_a_kernel_route_becomes_an_adjacency(void **state)
{
	struct ipaddr far;

	assert_int_equal(ip_parse("192.0.2.1", &far), 0);
	W->answer_arp = true;
	assert_true(net_nexthop_get(W->net, &far, 0) != 0);
	assert_int_equal(run("ip route add 192.0.2.0/24 via 10.1.0.5"), 0);
	settle(50);
	net_tick(W->net, now_us(NULL));
	assert_true(wait_for(nexthop_resolved));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(unicast_is_routed_from_twin_to_twin),
		LAB_TEST(unicast_ipv6_is_routed_into_a_tunnel),
		LAB_TEST(packet_with_a_local_source_is_delivered),
		LAB_TEST(neighbour_is_resolved_on_request),
		LAB_TEST(neighbour_that_does_not_answer_fails),
		LAB_TEST(next_hop_behind_a_kernel_route_becomes_an_adjacency),
	};

	if (!lab_possible())
		return LAB_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
