/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The netdevs beneath ports, as a real kernel has them: their coming and going, and how they are kept
 * quiet beside the twins.
 */
#include "tests/lab/kernel_lab.h"

#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <unistd.h>

static bool netdev_there(void)
{
	return W->netdev_present && W->netdev_carrier;
}

static bool netdev_without_carrier(void)
{
	return W->netdev_present && !W->netdev_carrier;
}

static bool netdev_gone(void)
{
	return !W->netdev_present;
}

static void netdev_that_comes_changes_and_goes_is_told(void **state)
{
	bool carrier;

	assert_int_equal(kernel_netdev_index(W->kernel, "p0", &carrier), 0);
	assert_int_equal(run("ip link add p0 type veth peer p1; ip link set p0 up; "
			     "ip link set p1 up"),
		0);
	assert_true(wait_for(netdev_there));
	assert_true(kernel_netdev_index(W->kernel, "p0", &carrier) > 0);
	assert_true(carrier);
	assert_int_equal(run("ip link set p1 down"), 0);
	assert_true(wait_for(netdev_without_carrier));
	assert_int_equal(run("ip link del p0"), 0);
	assert_true(wait_for(netdev_gone));
	assert_int_equal(run("ip link add q0 type veth peer p1; ip link set q0 name p0; "), 0);
	settle(100);
	assert_true(W->netdev_present);
	/* A twin is no netdev. */
	assert_int_equal(kernel_netdev_index(W->kernel, "a", NULL), 0);
}

static void port_is_kept_quiet_and_put_back(void **state)
{
	char err[256] = "";

	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), -ENODEV);
	assert_non_null(strstr(err, "p0"));
	assert_int_equal(run("ip link add p0 type veth peer p1; ip link set p1 up; "
			     "sysctl -qw net.ipv4.conf.p0.rp_filter=2 "
			     "net.ipv4.conf.p0.arp_ignore=3 net.ipv4.conf.p0.forwarding=1"),
		0);
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	assert_true(shows("sysctl net.ipv4.conf.p0.rp_filter", "= 1"));
	assert_true(shows("sysctl net.ipv4.conf.p0.arp_ignore", "= 8"));
	assert_true(shows("sysctl net.ipv4.conf.p0.forwarding", "= 0"));
	assert_true(shows("sysctl net.ipv6.conf.p0.disable_ipv6", "= 1"));
	assert_true(shows("ip link show p0", "PROMISC,UP"));
	/* A second time changes nothing of what is remembered. */
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	kernel_free(W->kernel);
	W->kernel = NULL;
	assert_true(shows("sysctl net.ipv4.conf.p0.rp_filter", "= 2"));
	assert_true(shows("sysctl net.ipv4.conf.p0.arp_ignore", "= 3"));
	assert_true(shows("sysctl net.ipv4.conf.p0.forwarding", "= 1"));
	assert_true(shows("sysctl net.ipv6.conf.p0.disable_ipv6", "= 0"));
	assert_false(shows("ip link show p0", "PROMISC"));
	assert_true(shows("ip link show p0", "state DOWN"));
}

/* What the wire may ask of the kernel at p0: ARP for the twin's address, UDP to a closed port of it
 * (ICMP unreachable), and something to route to b. */
static void p0_provoke(int s, const uint8_t mac_p0[6])
{
	static const uint8_t who_has[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x99,
		8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x99, 10, 1, 0, 77, 0, 0, 0, 0, 0, 0,
		10, 1, 0, 1};
	uint8_t f[64];
	size_t len;

	assert_int_equal(send(s, who_has, sizeof(who_has), 0), sizeof(who_has));
	len = udp_frame(f, mac_p0, "10.1.0.77", "10.1.0.1", 9);
	assert_int_equal(send(s, f, len, 0), len);
	len = udp_frame(f, mac_p0, "10.1.0.77", "10.2.0.5", 5000);
	assert_int_equal(send(s, f, len, 0), len);
}

/* Frames that p0 sent, as p1 hears them, but for IPv6 noise. */
static unsigned p1_heard(int s)
{
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	uint8_t f[2048];
	unsigned n = 0;

	while (recvfrom(s, f, sizeof(f), 0, (struct sockaddr *)&from, &from_len) > 0) {
		if (from.sll_pkttype != PACKET_OUTGOING && from.sll_protocol != htons(ETH_P_IPV6))
			n++;
		from_len = sizeof(from);
	}
	return n;
}

static int p1_socket(void)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("p1")};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr *)&sll, sizeof(sll)), 0);
	return s;
}

static void port_answers_and_routes_nothing_beside_the_twin(void **state)
{
	const uint8_t mac_p0[6] = {2, 0, 0, 0, 0, 0x50};
	char err[256] = "";
	int s;

	assert_int_equal(run("ip link add p0 address 02:00:00:00:00:50 type veth peer p1; "
			     "ip link set p0 up; ip link set p1 up; "
			     "ip neigh add 10.2.0.5 lladdr 02:00:00:00:00:99 dev b; "
			     "sysctl -qw net.ipv4.ip_forward=1"),
		0);
	s = p1_socket();
	settle(50);
	/* Left alone, the kernel does both: the question is a real one. */
	W->wanted = want_udp;
	p0_provoke(s, mac_p0);
	settle(200);
	assert_true(p1_heard(s) >= 1);
	assert_true(got_packet());
	W->packet_len = 0;
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	p0_provoke(s, mac_p0);
	settle(200);
	assert_int_equal(p1_heard(s), 0);
	assert_false(got_packet());
	close(s);
}

static bool not_forwarding(void)
{
	return shows("sysctl net.ipv4.conf.p0.forwarding", "= 0");
}

static void port_does_not_forward_when_ip_forward_is_switched_on(void **state)
{
	char err[256] = "";

	assert_int_equal(run("ip link add p0 type veth peer p1"), 0);
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	assert_int_equal(run("sysctl -qw net.ipv4.ip_forward=1"), 0);
	assert_true(wait_for(not_forwarding));
	assert_true(shows("sysctl net.ipv4.conf.a.forwarding", "= 1"));
}

static unsigned n_warnings;

static void count_warnings(enum log_level level, const char *line, void *arg)
{
	if (level == LOG_LVL_WARNING && strstr(line, "ip addr flush dev p0"))
		n_warnings++;
}

static void port_with_an_address_is_warned_about(void **state)
{
	char err[256] = "";

	log_set_sink(count_warnings, NULL);
	n_warnings = 0;
	assert_int_equal(
		run("ip link add p0 type veth peer p1; ip addr add 10.77.0.1/24 dev p0"), 0);
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	assert_int_equal(n_warnings, 1);
	assert_true(shows("ip addr show p0", "10.77.0.1/24"));
	assert_int_equal(run("ip addr add 10.78.0.1/24 dev p0"), 0);
	settle(50);
	assert_int_equal(n_warnings, 2);
	kernel_resync(W->kernel);
	assert_int_equal(n_warnings, 2);
	log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(netdev_that_comes_changes_and_goes_is_told),
		LAB_TEST(port_is_kept_quiet_and_put_back),
		LAB_TEST(port_does_not_forward_when_ip_forward_is_switched_on),
		LAB_TEST(port_answers_and_routes_nothing_beside_the_twin),
		LAB_TEST(port_with_an_address_is_warned_about),
	};

	if (!lab_possible())
		return LAB_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
