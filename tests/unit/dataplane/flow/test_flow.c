/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Control queue and spreading: what is asked of a port, and what is left when it refuses some or all.
 */
#include "fake_nic.h"

#include "dataplane/flow.h"
#include "tests/unit/dataplane/tables/fixture.h"

#include <errno.h>

#define PORT 1
#define CONTROLS 10

static const struct flow_conf all = {.control_queue = true,
	.rss = true,
	.marks = 8,
	.rss_hf = RTE_ETH_RSS_IPV4,
	.reta_size = 128};

static int setup(void **state)
{
	nic_reset();
	*state = fixture_new(1, 64);
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

static struct dataplane_port start(struct dataplane *d, struct flow_conf c, uint16_t queues)
{
	struct dataplane_port p = {.port_id = PORT, .rx_queues = queues, .tx_queues = 1};

	flow_port_start(d, &c, &p);
	return p;
}

/* The rule called so; fails if there is none. */
static struct flow_rule_info rule(struct dataplane *d, const char *what)
{
	struct flow_rule_info r;

	for (size_t i = 0; flow_rule_get(d, PORT, i, &r); i++) {
		if (strcmp(r.what, what) == 0)
			return r;
	}
	fail_msg("no rule %s", what);
	return r;
}

static unsigned rules_in_hardware(struct dataplane *d)
{
	struct flow_rule_info r;
	unsigned n = 0;

	for (size_t i = 0; flow_rule_get(d, PORT, i, &r); i++)
		n += r.hardware;
	return n;
}

/* --- accepted ----------------------------------------------------------------------------------------- */

static void a_port_that_takes_all_gets_all_and_the_last_queue_is_for_control(void **state)
{
	struct dataplane_port p = start(*state, all, 4);
	struct flow_rule_info r = rule(*state, "mld");

	assert_int_equal(p.rx_queues, 3);
	assert_true(p.control_queue);
	assert_true(p.marks);
	assert_int_equal(rules_in_hardware(*state), CONTROLS + 1 + 2); /* rss: hash and two rules */
	assert_string_equal(r.pattern, "eth / ipv6 dst ff00::/8 proto 0");
	assert_string_equal(r.action, "queue 3");
	assert_string_equal(r.problem, "");
	assert_string_equal(rule(*state, "amt").pattern, "eth / ipv4 / udp dst 2268");
	assert_string_equal(rule(*state, "arp").pattern, "eth type 0x0806");
	assert_string_equal(
		rule(*state, "rss ipv4").action, "hash on addresses over queues 0 to 2");
}

static void matches_are_shown_where_the_port_counts(void **state)
{
	struct flow_rule_info r;

	start(*state, all, 2);
	for (unsigned i = 0; i < NIC_RULES; i++)
		nic.rules[i].hits = 7;
	r = rule(*state, "igmp");
	assert_true(r.counted);
	assert_int_equal(r.hits, 7);
}

static void a_port_that_cannot_count_gets_its_rules_without_counters(void **state)
{
	nic.no_count = true;
	start(*state, all, 2);
	assert_true(rule(*state, "igmp").hardware);
	assert_false(rule(*state, "igmp").counted);
}

static void the_hash_is_kept_out_of_the_control_queue(void **state)
{
	start(*state, all, 4);
	assert_int_equal(nic.reta_size, 128);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(nic.reta[i], i % 3);
}

/* --- refused ------------------------------------------------------------------------------------------- */

static void a_driver_without_rte_flow_leaves_everything_to_the_workers(void **state)
{
	struct dataplane_port p;

	nic.no_api = true;
	p = start(*state, all, 4);
	assert_int_equal(p.rx_queues, 4);
	assert_false(p.control_queue || p.marks);
	assert_false(rule(*state, "control").hardware);
	assert_string_equal(rule(*state, "control").problem, "the driver has no rte_flow");
	assert_string_equal(rule(*state, "mark").problem, "the driver has no rte_flow");
	assert_true(rule(*state, "rss").hardware); /* that one is not a rule */
	assert_int_equal(nic.reta_updates, 0);
	assert_int_equal(nic.created, 0);
}

static const char *refuse_link_local4(const struct rte_flow *f)
{
	return f->has_ip4 && !f->has_udp && f->fate == RTE_FLOW_ACTION_TYPE_QUEUE &&
			       f->ip4_mask.hdr.dst_addr && f->ip4_mask.hdr.dst_addr != UINT32_MAX
		       ? "Not supported mask."
		       : NULL;
}

static void a_third_rule_that_is_refused_leaves_the_others(void **state)
{
	struct dataplane_port p;

	nic.refuses = refuse_link_local4;
	p = start(*state, all, 2);
	assert_true(p.control_queue);
	assert_false(rule(*state, "link-local").hardware);
	assert_string_equal(
		rule(*state, "link-local").problem, "Not supported mask. (Invalid argument)");
	assert_true(rule(*state, "igmp").hardware && rule(*state, "pim").hardware);
	assert_true(rule(*state, "amt6").hardware);
}

static const char *refuse_queue(const struct rte_flow *f)
{
	return f->fate == RTE_FLOW_ACTION_TYPE_QUEUE ? "Not supported action." : NULL;
}

static void without_one_control_rule_all_queues_are_for_data(void **state)
{
	struct dataplane_port p;

	nic.refuses = refuse_queue;
	p = start(*state, all, 3);
	assert_int_equal(p.rx_queues, 3);
	assert_false(p.control_queue);
	assert_int_equal(nic.reta_updates, 0);
	assert_string_equal(
		rule(*state, "pim").problem, "Not supported action. (Invalid argument)");
	assert_string_equal(
		rule(*state, "rss ipv6").action, "hash on addresses over queues 0 to 2");
}

static void a_port_without_priorities_spreads_by_its_hash_alone(void **state)
{
	nic.no_priorities = true;
	start(*state, all, 4);
	assert_true(rule(*state, "igmp").hardware);
	assert_true(rule(*state, "rss").hardware);
	assert_false(rule(*state, "rss ipv4").hardware);
	assert_string_equal(rule(*state, "rss ipv4").problem,
		"Not support priority. (Operation not supported)");
}

static void data_in_the_control_queue_is_said(void **state)
{
	nic.reta_fails = nic.no_priorities = true;
	start(*state, all, 4);
	assert_non_null(strstr(rule(*state, "rss").problem, "data reaches the control queue too"));
}

/* --- half accepted ------------------------------------------------------------------------------------- */

static const char *break_pim(const struct rte_flow *f)
{
	return f->has_ip4 && f->ip4.hdr.next_proto_id == 103 ? "Fail to create filter." : NULL;
}

static void what_validates_but_cannot_be_created_is_left_to_the_workers(void **state)
{
	struct dataplane_port p;

	nic.breaks = break_pim;
	p = start(*state, all, 2);
	assert_true(p.control_queue);
	assert_false(rule(*state, "pim").hardware);
	assert_string_equal(rule(*state, "pim").problem,
		"validated, then refused: Fail to create filter. (No space left on device)");
	assert_true(rule(*state, "pim6").hardware);
}

static void a_table_that_fills_up_holds_what_came_first(void **state)
{
	nic.capacity = 4;
	assert_true(start(*state, all, 2).control_queue);
	assert_int_equal(rules_in_hardware(*state), 4);
	assert_true(rule(*state, "amt").hardware);
	assert_false(rule(*state, "arp").hardware);
}

static void a_port_where_every_creation_fails_is_like_one_that_refuses(void **state)
{
	struct dataplane_port p;

	nic.create_fails = true;
	p = start(*state, all, 3);
	assert_int_equal(p.rx_queues, 3);
	assert_false(p.control_queue || p.marks);
	assert_int_equal(nic.n_rules, 0);
}

/* --- not asked --------------------------------------------------------------------------------------------- */

static void one_queue_is_shared(void **state)
{
	struct dataplane_port p = start(*state, all, 1);

	assert_int_equal(p.rx_queues, 1);
	assert_false(p.control_queue);
	assert_non_null(strstr(rule(*state, "control").problem, "one receive queue only"));
	assert_non_null(strstr(rule(*state, "rss").problem, "one data queue"));
}

static void what_is_switched_off_is_not_asked_for(void **state)
{
	struct dataplane_port p = start(*state, (struct flow_conf){0}, 4);

	assert_int_equal(p.rx_queues, 4);
	assert_int_equal(nic.validated, 0);
	assert_non_null(strstr(rule(*state, "control").problem, "offload.control_queue"));
	assert_non_null(strstr(rule(*state, "rss").problem, "offload.rss"));
	assert_non_null(strstr(rule(*state, "mark").problem, "offload.mark"));
}

/* --- life ---------------------------------------------------------------------------------------------------- */

static void stopping_flushes_and_nothing_is_left(void **state)
{
	struct flow_rule_info r;
	char err[128];

	start(*state, all, 4);
	assert_int_equal(flow_port_stop(*state, PORT, err, sizeof(err)), 0);
	assert_int_equal(nic.n_rules, 0);
	assert_false(flow_rule_get(*state, PORT, 0, &r));
	assert_int_equal(flow_port_stop(*state, PORT, err, sizeof(err)), 0);
	assert_int_equal(nic.flushed, 1);
	assert_true(start(*state, all, 4).control_queue);
}

static void a_flush_that_fails_is_told(void **state)
{
	char err[128];

	nic.flush_fails = true;
	start(*state, all, 4);
	assert_int_equal(flow_port_stop(*state, PORT, err, sizeof(err)), -EIO);
	assert_string_equal(err, "Fail to flush. (Input/output error)");
}

static void a_port_without_rules_is_not_flushed(void **state)
{
	char err[128];

	nic.no_api = true;
	start(*state, all, 4);
	assert_int_equal(flow_port_stop(*state, PORT, err, sizeof(err)), 0);
	assert_int_equal(nic.flushed, 0);
}

/* --- frames ---------------------------------------------------------------------------------------------------- */

static struct rte_mbuf mbuf;
static uint8_t frame[128];

static uint16_t queue_of(struct dataplane *d)
{
	mbuf = (struct rte_mbuf){.buf_addr = frame,
		.pkt_len = sizeof(frame),
		.data_len = sizeof(frame),
		.nb_segs = 1};
	return nic_receive(PORT, &mbuf, 4);
}

static void make_ip4(uint8_t proto, uint32_t src, uint32_t dst, uint16_t dport)
{
	memset(frame, 0, sizeof(frame));
	frame[12] = 0x08;
	frame[14] = 0x45;
	frame[23] = proto;
	for (int i = 0; i < 4; i++) {
		frame[26 + i] = (uint8_t)(src >> (24 - 8 * i));
		frame[30 + i] = (uint8_t)(dst >> (24 - 8 * i));
	}
	frame[36] = (uint8_t)(dport >> 8);
	frame[37] = (uint8_t)dport;
}

static void make_ip6(uint8_t next, const char *dst, uint16_t dport)
{
	struct ipaddr a = {0};

	assert_int_equal(ip_parse(dst, &a), 0);
	memset(frame, 0, sizeof(frame));
	frame[12] = 0x86;
	frame[13] = 0xdd;
	frame[14] = 0x60;
	frame[20] = next;
	frame[22] = 0xfe;
	frame[23] = 0x80;
	memcpy(frame + 38, a.b, 16);
	frame[56] = (uint8_t)(dport >> 8);
	frame[57] = (uint8_t)dport;
}

static void control_packets_go_to_their_queue_and_data_never_does(void **state)
{
	struct dataplane *d = *state;

	start(d, all, 4);
	make_ip4(2, 0x0a000001, 0xef010101, 0); /* an IGMPv2 report goes to its group */
	assert_int_equal(queue_of(d), 3);
	make_ip4(103, 0x0a000001, 0xe000000d, 0);
	assert_int_equal(queue_of(d), 3);
	make_ip4(103, 0x0a000001, 0x0a000002, 0); /* a Register comes by unicast, and is data */
	assert_true(queue_of(d) < 3);
	make_ip4(89, 0x0a000001, 0xe0000005, 0);
	assert_int_equal(queue_of(d), 3);
	make_ip4(17, 0x0a000001, 0x0a000002, 2268);
	assert_int_equal(queue_of(d), 3);
	make_ip6(0, "ff3e::1", 0); /* MLDv1 report behind hop-by-hop */
	assert_int_equal(queue_of(d), 3);
	make_ip6(0, "ff02::16", 0);
	assert_int_equal(queue_of(d), 3);
	make_ip6(58, "fe80::1", 0); /* ND */
	assert_int_equal(queue_of(d), 3);
	make_ip6(103, "ff02::d", 0);
	assert_int_equal(queue_of(d), 3);
	make_ip6(17, "2001:db8::1", 2268);
	assert_int_equal(queue_of(d), 3);
	memset(frame, 0, sizeof(frame));
	frame[12] = 0x08;
	frame[13] = 0x06;
	assert_int_equal(queue_of(d), 3);
	for (uint32_t i = 0; i < 500; i++) {
		make_ip4(17, 0x0a000001 + i, 0xef010101 + 7 * i, (uint16_t)(5000 + i));
		assert_true(queue_of(d) < 3);
		make_ip6(17, "ff3e::1234", (uint16_t)i);
		frame[37] = (uint8_t)i;
		assert_true(queue_of(d) < 3);
	}
}

static void a_flow_stays_in_one_queue_fragments_included(void **state)
{
	uint16_t queue;

	start(*state, all, 4);
	for (uint32_t flow = 0; flow < 64; flow++) {
		make_ip4(17, 0x0a000001 + flow, 0xef010101, 5000);
		queue = queue_of(*state);
		frame[20] = 0x20; /* more fragments, other bytes where the ports were */
		frame[36] ^= 0x55;
		assert_int_equal(queue_of(*state), queue);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_that_takes_all_gets_all_and_the_last_queue_is_for_control),
		TEST(matches_are_shown_where_the_port_counts),
		TEST(a_port_that_cannot_count_gets_its_rules_without_counters),
		TEST(the_hash_is_kept_out_of_the_control_queue),
		TEST(a_driver_without_rte_flow_leaves_everything_to_the_workers),
		TEST(a_third_rule_that_is_refused_leaves_the_others),
		TEST(without_one_control_rule_all_queues_are_for_data),
		TEST(a_port_without_priorities_spreads_by_its_hash_alone),
		TEST(data_in_the_control_queue_is_said),
		TEST(what_validates_but_cannot_be_created_is_left_to_the_workers),
		TEST(a_table_that_fills_up_holds_what_came_first),
		TEST(a_port_where_every_creation_fails_is_like_one_that_refuses),
		TEST(one_queue_is_shared),
		TEST(what_is_switched_off_is_not_asked_for),
		TEST(stopping_flushes_and_nothing_is_left),
		TEST(a_flush_that_fails_is_told),
		TEST(a_port_without_rules_is_not_flushed),
		TEST(control_packets_go_to_their_queue_and_data_never_does),
		TEST(a_flow_stays_in_one_queue_fragments_included),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
