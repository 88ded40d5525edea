/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A real kernel's routing table, followed over netlink, also when more changes than the socket holds.
 */
#include "tests/lab/kernel_lab.h"
#include "control/kernel/kernel_priv.h"

#include <unistd.h>

static void routes_are_followed(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip route add 10.9.0.0/16 via 10.1.0.5"), 0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(r.n_paths, 1);
	assert_int_equal(r.paths[0].ifid, W->a);
	assert_int_equal(
		run("ip route replace 10.9.0.0/16 nexthop via 10.1.0.6 weight 3 nexthop via "
		    "10.2.0.6"),
		0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(r.n_paths, 2);
	assert_int_equal(r.paths[0].weight, 3);
	assert_int_equal(r.paths[1].ifid, W->b);
	assert_int_equal(run("ip route del 10.9.0.0/16"), 0);
	settle(50);
	assert_false(route_to("10.9.0.0/16", &r));
	assert_int_equal(run("ip route add blackhole 10.9.0.0/16"), 0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(r.blackhole, 1);
}

static void routes_there_before_the_start_are_known(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip link add p0 type veth peer p1 && ip link set p0 up && "
			     "ip addr add 10.5.0.1/24 dev p0 && ip link set p1 up && "
			     "ip route add 10.9.0.0/16 via 10.5.0.9"),
		0);
	kernel_start();
	assert_true(route_to("10.9.0.0/16", &r));
	assert_true(route_to("10.5.0.0/24", &r));
	assert_int_equal(r.paths[0].ifid, 0); /* not ours */
	assert_true(W->netdev_present);
}

static bool second_took_over(void)
{
	struct net_route r;
	struct ipaddr gw;

	assert_int_equal(ip_parse("10.1.0.6", &gw), 0);
	return route_to("10.9.0.0/16", &r) && ip_eq(&r.paths[0].gateway, &gw);
}

static void route_appended_takes_over_when_the_first_goes(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip route add 10.9.0.0/16 via 10.1.0.5 && "
			     "ip route append 10.9.0.0/16 via 10.1.0.6"),
		0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_false(second_took_over());
	assert_int_equal(run("ip route del 10.9.0.0/16 via 10.1.0.5"), 0);
	assert_true(wait_for(second_took_over));
}

static int paths_v6(void)
{
	struct net_route r;

	return route_to("2001:db8:9::/48", &r) ? r.n_paths : 0;
}

static void routes_of_ipv6_add_and_lose_paths(void **state)
{
	assert_int_equal(run("ip -6 route add 2001:db8:9::/48 via fe80::5 dev a"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 1);
	assert_int_equal(run("ip -6 route append 2001:db8:9::/48 via fe80::6 dev b"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 2);
	assert_int_equal(run("ip -6 route append 2001:db8:9::/48 via fe80::7 dev b"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 3);
	kernel_resync(W->kernel);
	assert_int_equal(paths_v6(), 3);
	assert_int_equal(run("ip -6 route del 2001:db8:9::/48 via fe80::6 dev b"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 2);
	assert_int_equal(run("ip -6 route del 2001:db8:9::/48"), 0);
	settle(50);
	assert_true(paths_v6() <= 1); /* iproute2 deletes one or all, as the kernel's version is */
}

static bool flushed(void)
{
	struct net_route r;

	return !route_to("10.9.0.0/16", &r) && tables_agree();
}

static void routes_that_vanish_without_a_word_are_noticed(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip route add 10.9.0.0/16 via 10.1.0.5"), 0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(run("ip link set dev a down"), 0);
	assert_true(wait_for(flushed));
}

/* 5,000 routes (i from first by step) added or deleted in one `ip -batch`. */
static void batch(const char *verb, int first, int step)
{
	assert_int_equal(run("i=%d; while [ $i -lt 5000 ]; do "
			     "echo route %s 10.$((100 + i / 256)).$((i %% 256)).0/24 via 10.1.0.5; "
			     "i=$((i + %d)); done | ip -batch -",
				 first, verb, step),
		0);
}

static bool overrun_seen(void)
{
	struct kernel_stats stats;

	kernel_stats_get(W->kernel, &stats);
	return stats.overruns > 0;
}

static void overrun_ends_in_a_table_equal_to_the_kernels(void **state)
{
	struct kernel_stats stats;

	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 1);
	assert_true(wait_for(overrun_seen));
	assert_true(wait_for(tables_agree));
	assert_true(shows("ip -4 route show | wc -l", "5003"));
	batch("del", 0, 2);
	assert_true(wait_for(tables_agree));
	batch("add", 0, 2);
	batch("del", 1, 2);
	assert_true(wait_for(tables_agree));
	kernel_stats_get(W->kernel, &stats);
	assert_true(stats.resyncs >= 2);
	assert_int_equal(stats.refused, 0);
	/* The addresses and twins have survived it. */
	assert_true(has_addr(W->a, "10.1.0.1/24"));
	assert_true(ifa()->ifindex > 0);
}

static bool lost_events_made_up_for(void)
{
	return has_addr(W->a, "10.50.0.1/24") && !has_addr(W->b, "10.2.0.1/24") && admin_down();
}

/* All that happens while nobody reads, and the queue is too small. */
static void overrun_loses_no_address_nor_state(void **state)
{
	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 4);
	assert_int_equal(run("ip addr add 10.50.0.1/24 dev a; ip addr del 10.2.0.1/24 dev b; "
			     "ip link set dev a down"),
		0);
	assert_true(wait_for(lost_events_made_up_for));
	assert_true(wait_for(tables_agree));
}

static bool churn_is_over(void)
{
	return run("test -e /proc/$(cat %s) ", W->pid_file) != 0;
}

/* Half of the routes come and go while the tables are read again and again. */
static void overrun_under_churn_ends_in_an_equal_table(void **state)
{
	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 1);
	snprintf(W->pid_file, sizeof(W->pid_file), "/tmp/kernel_twins.%d", (int)getpid());
	assert_int_equal(
		run("(awk 'BEGIN { for (n = 0; n < 12; n++) for (i = 0; i < 2500; i++) "
		    "print \"route\", n %% 2 ? \"add\" : \"del\", "
		    "\"10.\" 100 + int(i / 256) \".\" i %% 256 \".0/24 via 10.1.0.5\" }' | "
		    "ip -batch -) & echo $! > %s",
			W->pid_file),
		0);
	assert_true(wait_for(churn_is_over));
	unlink(W->pid_file);
	assert_true(overrun_seen());
	assert_true(wait_for(tables_agree));
}

static void overrun_does_not_lose_a_deleted_twin(void **state)
{
	W->a_index_before = ifa()->ifindex;
	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 4);
	assert_int_equal(run("ip link del dev a"), 0);
	assert_true(wait_for(twin_is_back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(routes_are_followed),
		cmocka_unit_test_setup_teardown(
			routes_there_before_the_start_are_known, lab_setup_bare, lab_teardown),
		LAB_TEST(route_appended_takes_over_when_the_first_goes),
		LAB_TEST(routes_of_ipv6_add_and_lose_paths),
		LAB_TEST(routes_that_vanish_without_a_word_are_noticed),
		LAB_TEST(overrun_ends_in_a_table_equal_to_the_kernels),
		LAB_TEST(overrun_under_churn_ends_in_an_equal_table),
		LAB_TEST(overrun_loses_no_address_nor_state),
		LAB_TEST(overrun_does_not_lose_a_deleted_twin),
	};

	if (!lab_possible())
		return LAB_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
