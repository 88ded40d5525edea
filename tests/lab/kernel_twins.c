/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Twins against a real kernel: how they come, follow their interface, and what is done to them from
 * outside.
 */
#include "tests/lab/kernel_lab.h"

#include <errno.h>
#include <unistd.h>

static void twin_of_an_ethernet_interface_is_like_it(void **state)
{
	assert_true(shows("ip -d link show a", "tun type tap"));
	assert_true(shows("ip link show a", "02:00:00:00:00:0a"));
	assert_true(shows("ip link show a", "mtu 1500"));
	assert_true(shows("ip link show b", "mtu 9000"));
	assert_true(shows("ip link show a", "UP,LOWER_UP"));
	assert_true(shows("ip addr show a", "inet 10.1.0.1/24"));
	assert_true(shows("ip addr show a", "inet6 2001:db8:a::1/64"));
	assert_true(shows("sysctl net.ipv4.conf.a.accept_local", "= 1"));
	assert_true(shows("sysctl net.ipv4.conf.a.forwarding", "= 1"));
	assert_true(shows("sysctl net.ipv4.ip_forward", "= 0"));
	assert_true(shows("sysctl net.ipv4.conf.a.rp_filter", "= 0"));
	/* Known on return, not only after a turn of the loop. */
	assert_true(ifa()->ifindex > 0);
	assert_true(has_addr(W->a, "10.1.0.1/24"));
}

static void twin_tells_an_ipv6_address_once_it_is_no_longer_tentative(void **state)
{
	assert_true(wait_for(v6_known));
}

static void twin_of_a_tunnel_is_point_to_point(void **state)
{
	assert_true(shows("ip -d link show t0", "tun type tun"));
	assert_true(shows("ip link show t0", "POINTOPOINT"));
	assert_true(shows("ip link show t0", "NOARP"));
	assert_true(shows("ip link show t0", "LOWER_UP"));
	assert_true(shows("ip link show t0", "mtu 1476"));
	assert_true(shows("ip addr show t0", "inet 169.254.0.0/31"));
	assert_true(shows("ip route show", "169.254.0.0/31 dev t0"));
	assert_true(has_addr(W->t0, "169.254.0.0/31"));
}

static void twin_of_a_name_in_use_names_device_and_command(void **state)
{
	const char *const none[] = {NULL};
	uint16_t ifid = if_add("taken", DP_IF_ETHER, none);
	char err[256] = "";

	assert_int_equal(run("ip link add taken type bridge"), 0);
	assert_int_equal(kernel_twin_add(W->kernel, ifid, err, sizeof(err)), -EEXIST);
	assert_non_null(strstr(err, "taken"));
	assert_non_null(strstr(err, "ip link del taken"));
	/* Not taken over, though the kernel would allow it. */
	assert_int_equal(run("ip link del taken && ip tuntap add taken mode tap"), 0);
	assert_int_equal(kernel_twin_add(W->kernel, ifid, err, sizeof(err)), -EEXIST);
}

static void without_permission_the_sentence_says_what_to_do(void **state)
{
	const char *const none[] = {NULL};
	char err[256] = "";
	uint16_t ifid;
	int rc;

	kernel_free(W->kernel);
	ifid = if_add("x", DP_IF_ETHER, none);
	assert_int_equal(seteuid(65534), 0);
	kernel_start(); /* needs none */
	rc = kernel_twin_add(W->kernel, ifid, err, sizeof(err));
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, -EPERM);
	assert_non_null(strstr(err, "as root"));
	assert_non_null(strstr(err, "exception = \"none\""));
}

static void twin_goes_with_its_interface_and_with_the_kernel(void **state)
{
	kernel_twin_del(W->kernel, W->b);
	assert_true(shows("ip link show b 2>&1", "does not exist"));
	assert_int_equal(net_if_get(W->net, W->b)->ifindex, 0);
	kernel_free(W->kernel);
	W->kernel = NULL;
	assert_true(shows("ip link show a 2>&1", "does not exist"));
	assert_true(shows("ip link show t0 2>&1", "does not exist"));
}

static void twin_follows_a_changed_interface(void **state)
{
	const char *const addrs[] = {"10.1.0.9/24", "10.7.0.1/16", NULL};
	struct net_if_conf old = ifa()->conf, conf = if_conf("a", DP_IF_ETHER, addrs);
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x1a};

	assert_int_equal(run("ip addr add 10.66.0.1/24 dev a"), 0);
	settle(50);
	assert_int_equal(net_if_change(W->net, W->a, &conf), 0);
	net_port_set(W->net, "port-a", 0, mac, 1400);
	assert_int_equal(kernel_twin_change(W->kernel, W->a, &old), 0);
	assert_true(shows("ip link show a", "02:00:00:00:00:1a"));
	assert_true(shows("ip link show a", "mtu 1400"));
	assert_false(shows("ip addr show a", "10.1.0.1/24"));
	assert_true(shows("ip addr show a", "10.1.0.9/24"));
	assert_true(has_addr(W->a, "10.7.0.1/16"));
	assert_false(has_addr(W->a, "10.1.0.1/24"));
	/* Somebody else's stays. */
	assert_true(has_addr(W->a, "10.66.0.1/24"));
}

static void twin_that_is_deleted_is_made_anew(void **state)
{
	struct kernel_stats stats;

	W->a_index_before = ifa()->ifindex;
	assert_int_equal(run("ip link del dev a"), 0);
	assert_true(wait_for(twin_is_back));
	assert_true(shows("ip link show a", "02:00:00:00:00:0a"));
	/* ... and again, and the loop does not spin on a dead descriptor meanwhile. */
	W->a_index_before = ifa()->ifindex;
	assert_int_equal(run("ip link del dev a"), 0);
	assert_true(wait_for(twin_is_back));
	kernel_stats_get(W->kernel, &stats);
	assert_int_equal(stats.overruns, 0);
}

static void twin_that_leaves_the_namespace_is_made_anew(void **state)
{
	W->a_index_before = ifa()->ifindex;
	assert_int_equal(run("unshare -n sleep 5 & p=$!; sleep 1; ip link set dev a netns $p"), 0);
	assert_true(wait_for(twin_is_back));
}

static bool no_carrier(void)
{
	return shows("ip link show a", "NO-CARRIER");
}

static bool admin_up(void)
{
	return ifa()->admin;
}

static void carrier_is_not_taken_for_an_administrative_state(void **state)
{
	kernel_twin_carrier(W->kernel, W->a, false);
	assert_true(wait_for(no_carrier));
	settle(100);
	assert_true(ifa()->admin);
	kernel_twin_carrier(W->kernel, W->a, true);
	settle(100);
	assert_true(shows("ip link show a", "LOWER_UP"));
	assert_true(ifa()->admin);
}

static void twin_set_down_and_up_from_outside_is_followed(void **state)
{
	assert_int_equal(run("ip link set dev a down"), 0);
	assert_true(wait_for(admin_down));
	assert_int_equal(kernel_twin_write(W->kernel, W->a, mac_a, 6) < 0, 1);
	assert_int_equal(run("ip link set dev a up"), 0);
	assert_true(wait_for(admin_up));
	settle(100);
	assert_true(shows("ip addr show a", "2001:db8:a::1/64"));
}

static bool operators_there(void)
{
	return has_addr(W->a, "10.50.0.1/24");
}

static bool operators_gone(void)
{
	return !has_addr(W->a, "10.50.0.1/24");
}

static void address_from_outside_is_followed(void **state)
{
	assert_int_equal(run("ip addr add 10.50.0.1/24 dev a"), 0);
	assert_true(wait_for(operators_there));
	assert_int_equal(run("ip addr del 10.50.0.1/24 dev a"), 0);
	assert_true(wait_for(operators_gone));
	assert_true(has_addr(W->a, "10.1.0.1/24"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(twin_of_an_ethernet_interface_is_like_it),
		LAB_TEST(twin_tells_an_ipv6_address_once_it_is_no_longer_tentative),
		LAB_TEST(twin_of_a_tunnel_is_point_to_point),
		LAB_TEST(twin_of_a_name_in_use_names_device_and_command),
		LAB_TEST(without_permission_the_sentence_says_what_to_do),
		LAB_TEST(twin_goes_with_its_interface_and_with_the_kernel),
		LAB_TEST(twin_follows_a_changed_interface),
		LAB_TEST(twin_that_is_deleted_is_made_anew),
		LAB_TEST(twin_that_leaves_the_namespace_is_made_anew),
		LAB_TEST(carrier_is_not_taken_for_an_administrative_state),
		LAB_TEST(twin_set_down_and_up_from_outside_is_followed),
		LAB_TEST(address_from_outside_is_followed),
	};

	if (!lab_possible())
		return LAB_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
