/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Differences of two configurations: each kind, and an order that is safe to apply.
 */
#include "conf_test.h"

static const char *const kinds[] = {
	[CONF_IF_DEL] = "if-del",
	[CONF_PORT_DEL] = "port-del",
	[CONF_PORT_ADD] = "port-add",
	[CONF_PORT_MTU] = "port-mtu",
	[CONF_IF_ADD] = "if-add",
	[CONF_IF_CHANGE] = "if-change",
	[CONF_RPF] = "rpf",
	[CONF_NEIGHS] = "neighs",
	[CONF_ROUTES] = "routes",
	[CONF_GMP] = "gmp",
	[CONF_PIM] = "pim",
	[CONF_LOG] = "log",
	[CONF_POLICE] = "police",
	[CONF_PREFERENCES] = "preferences",
	[CONF_ECMP] = "ecmp",
	[CONF_RESTART] = "restart",
};

/* The changes between two texts as "kind name, kind name", with their indices checked. */
static void differ(const char *old_text, const char *new_text, const char *expected)
{
	struct conf *old = right(old_text), *new_ = right(new_text);
	struct conf_change *v = NULL;
	ssize_t n = conf_diff(old, new_, &v);
	char text[512] = "";

	assert_true(n >= 0);
	for (ssize_t i = 0; i < n; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s", i ? ", " : "",
			kinds[v[i].kind], v[i].name);
		if (v[i].kind == CONF_IF_DEL || v[i].kind == CONF_IF_CHANGE)
			assert_string_equal(old->ifs[v[i].old_index].net.name, v[i].name);
		if (v[i].kind == CONF_IF_ADD || v[i].kind == CONF_IF_CHANGE)
			assert_string_equal(new_->ifs[v[i].new_index].net.name, v[i].name);
		if (v[i].kind == CONF_PORT_DEL || v[i].kind == CONF_PORT_MTU)
			assert_string_equal(old->ports[v[i].old_index].name, v[i].name);
		if (v[i].kind == CONF_PORT_ADD || v[i].kind == CONF_PORT_MTU)
			assert_string_equal(new_->ports[v[i].new_index].name, v[i].name);
	}
	assert_string_equal(text, expected);
	free(v);
	conf_free(old);
	conf_free(new_);
}

#define P0 "{name = \"p0\"; device = \"net_null0\";}"
#define P1 "{name = \"p1\"; device = \"net_null1\";}"
#define FILE_OF(ports, ifs) "ports: (" ports "); interfaces: (" ifs ");"

static void equal_files_have_no_changes(void **state)
{
	differ(BASE, BASE, "");
	differ(BASE, "\n\n# moved\n" BASE, "");
}

static void ports_come_and_go_with_their_interfaces_in_order(void **state)
{
	differ(FILE_OF(P0, "{name = \"a\"; port = \"p0\";}"),
		FILE_OF(P1, "{name = \"b\"; port = \"p1\";}"),
		"if-del a, port-del p0, port-add p1, if-add b");
}

static void a_port_with_another_device_is_replaced_and_keeps_its_interfaces(void **state)
{
	differ(FILE_OF(P0, "{name = \"a\"; port = \"p0\";}"),
		FILE_OF("{name = \"p0\"; device = \"net_null7\";}",
			"{name = \"a\"; port = \"p0\";}"),
		"port-del p0, port-add p0");
	differ(FILE_OF(P0, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null0\"; rx_queues = 2;}", ""),
		"port-del p0, port-add p0");
	differ(FILE_OF(P0, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null0\"; driver = \"x\";}", ""),
		"port-del p0, port-add p0");
	differ(FILE_OF(P0, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null0\"; offload: {rss = false;};}", ""),
		"port-del p0, port-add p0");
	differ(FILE_OF(P0, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null0\"; offload: {mark = 9;};}", ""),
		"port-del p0, port-add p0");
	differ(FILE_OF(P0, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null0\"; offload: {mark = 64;};}", ""), "");
}

static void ports_that_swap_devices_both_go_before_they_come(void **state)
{
	differ(FILE_OF(P0 "," P1, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null1\";}, {name = \"p1\"; device = "
			"\"net_null0\";}",
			""),
		"port-del p0, port-del p1, port-add p0, port-add p1");
}

static void mtu_and_promiscuity_change_without_a_restart(void **state)
{
	differ(FILE_OF(P0, ""), FILE_OF("{name = \"p0\"; device = \"net_null0\"; mtu = 9000;}", ""),
		"port-mtu p0");
	differ(FILE_OF(P0, ""),
		FILE_OF("{name = \"p0\"; device = \"net_null0\"; promiscuous = false;}", ""),
		"port-mtu p0");
}

static void every_other_key_of_an_interface_changes_it_in_place(void **state)
{
	static const char *const keys[] = {"address = \"10.0.0.1/24\";", "mtu = 1400;",
		"ttl_threshold = 3;", "shutdown = true;"};

	for (size_t i = 0; i < 4; i++) {
		char text[256];

		snprintf(text, sizeof(text), FILE_OF(P0, "{name = \"a\"; port = \"p0\"; %s}"),
			keys[i]);
		differ(FILE_OF(P0, "{name = \"a\"; port = \"p0\";}"), text, "if-change a");
	}
}

static void an_address_with_another_length_is_a_change(void **state)
{
	differ(FILE_OF(P0, "{name = \"a\"; port = \"p0\"; address = \"10.0.0.1/24\";}"),
		FILE_OF(P0, "{name = \"a\"; port = \"p0\"; address = \"10.0.0.1/25\";}"),
		"if-change a");
}

static void tunnel_settings_change_in_place_and_endpoints_do_not(void **state)
{
#define TUNNEL(more) \
	FILE_OF("", "{name = \"g\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\"; " more "};}")
	differ(TUNNEL(""), TUNNEL("ttl = 5;"), "if-change g");
	differ(TUNNEL(""), TUNNEL("dscp = 5;"), "if-change g");
	differ(TUNNEL(""), TUNNEL("ttl = \"inherit\";"), "if-change g");
	differ(TUNNEL(""), TUNNEL("decap_dscp = \"copy\";"), "if-change g");
	differ(TUNNEL(""), TUNNEL("checksum = true;"), "if-change g");
	differ(TUNNEL(""), TUNNEL("key = 0;"), "if-del g, if-add g");
	differ(TUNNEL("key = 1;"), TUNNEL("key = 2;"), "if-del g, if-add g");
}

static void interfaces_that_swap_vlans_both_go_before_they_come(void **state)
{
	differ(FILE_OF(P0,
		       "{name = \"a\"; port = \"p0\"; vlan = 1;}, {name = \"b\"; port = \"p0\"; vlan = "
		       "2;}"),
		FILE_OF(P0,
			"{name = \"a\"; port = \"p0\"; vlan = 2;}, {name = \"b\"; port = \"p0\"; vlan "
			"= 1;}"),
		"if-del a, if-del b, if-add a, if-add b");
}

static void another_tag_or_tpid_replaces_the_interface(void **state)
{
#define STACK(tags) FILE_OF(P0, "{name = \"a\"; port = \"p0\"; " tags "}")
	differ(STACK("vlan = [1, 2];"), STACK("vlan = [1, 3];"), "if-del a, if-add a");
	differ(STACK("vlan = [1, 2];"), STACK("vlan = [1, 2]; vlan_tpid = 0x8100;"),
		"if-del a, if-add a");
	differ(STACK("vlan = [1, 2];"), STACK("vlan = [1, 2]; vlan_tpid = 0x88a8;"), "");
	differ(STACK("vlan = 1;"), STACK("vlan = 1; vlan_tpid = 0x88a8;"), "if-del a, if-add a");
}

static void another_kind_or_twin_replaces_the_interface(void **state)
{
	differ(FILE_OF(P0, "{name = \"a\"; port = \"p0\";}"),
		FILE_OF(P0, "{name = \"a\"; loopback = true;}"), "if-del a, if-add a");
	differ(FILE_OF(P0, "{name = \"a\"; port = \"p0\";}"),
		FILE_OF(P0, "{name = \"a\"; port = \"p0\"; exception = \"none\";}"),
		"if-del a, if-add a");
}

static void a_changed_interface_gives_up_its_address_before_a_new_one_takes_it(void **state)
{
	differ(FILE_OF(P0 "," P1, "{name = \"a\"; port = \"p0\"; address = \"10.0.0.1/24\";}"),
		FILE_OF(P0 "," P1, "{name = \"b\"; port = \"p1\"; address = \"10.0.0.1/24\";}, "
				   "{name = \"a\"; port = \"p0\";}"),
		"if-change a, if-add b");
}

static void lists_are_applied_as_a_whole(void **state)
{
	differ(BASE, BASE "rpf: ({prefix = \"10.0.0.0/8\"; interface = \"lan1\";});", "rpf rpf");
	differ(BASE,
		BASE "neighbors: ({interface = \"lan1\"; address = \"10.1.0.5\"; mac = "
		     "\"02:00:00:00:00:05\";});",
		"neighs neighbors");
	differ(BASE, BASE "rpf_preference: ({protocol = \"ospf\"; preference = 3;});",
		"preferences rpf_preference");
	differ(BASE, BASE "rpf_ecmp = \"none\";", "ecmp rpf_ecmp");
	differ(BASE, BASE "rpf_ecmp = \"source-group\";", "");
	differ(BASE, BASE "router: {log = \"debug\";};", "log router.log");
}

#define ROUTE_WITH(input, outputs)                                                     \
	BASE "static: {routes: ({source = \"10.0.0.1\"; group = \"239.1.1.1\"; " input \
	     "outputs: (" outputs ");});};"

#define STAR_WITH(except)                                                                   \
	BASE "static: {routes: ({source = \"*\"; group = \"239.1.1.1\"; input = \"lan1\"; " \
	     "except = [" except "]; outputs: ({interface = \"lan2\";});});};"

static void every_part_of_a_route_counts(void **state)
{
	const char *one = ROUTE_WITH("", "{interface = \"lan1\";}");

	differ(BASE, one, "routes static.routes");
	differ(one, one, "");
	differ(one, ROUTE_WITH("", ""), "routes static.routes");
	differ(one, ROUTE_WITH("", "{interface = \"lan2\";}"), "routes static.routes");
	differ(one, ROUTE_WITH("", "{interface = \"lan1\"; ttl_threshold = 1;}"),
		"routes static.routes");
	differ(one, ROUTE_WITH("", "{interface = \"lan1\"; unicast = \"10.1.0.5\";}"),
		"routes static.routes");
	differ(one, ROUTE_WITH("input = \"lan2\"; ", "{interface = \"lan1\";}"),
		"routes static.routes");
	differ(ROUTE_WITH("input = \"lan1\"; ", ""), ROUTE_WITH("input = \"lan2\"; ", ""),
		"routes static.routes");
	differ(STAR_WITH("\"10.0.0.0/8\""), STAR_WITH("\"10.0.0.0/8\""), "");
	differ(STAR_WITH("\"10.0.0.0/8\""), STAR_WITH(""), "routes static.routes");
	differ(STAR_WITH("\"10.0.0.0/8\""), STAR_WITH("\"10.0.0.0/9\""), "routes static.routes");
	differ(ROUTE_WITH("", "{unicast = \"10.1.0.5\"; port = 1;}"),
		ROUTE_WITH("", "{unicast = \"10.1.0.5\"; port = 2;}"), "routes static.routes");
}

#define LAN(more) FILE_OF(P0, "{name = \"a\"; port = \"p0\"; " more "}")

static void igmp_and_pim_are_applied_as_a_whole_and_leave_the_interface_alone(void **state)
{
	differ(LAN(""), LAN("igmp: {};"), "gmp igmp");
	differ(LAN("igmp: {};"), LAN("igmp: {version = 3;};"), "");
	differ(LAN("igmp: {};"), LAN("igmp: {version = 2;};"), "gmp igmp");
	differ(LAN("igmp: {};"), LAN("igmp: {joins: ({group = \"239.1.1.1\";});};"), "gmp igmp");
	differ(LAN("mld: {};"), LAN(""), "gmp igmp");
	differ(LAN(""), LAN("pim: {};"), "pim pim");
	differ(LAN("pim: {};"), LAN("pim: {boundary = [\"239.0.0.0/8\"];};"), "pim pim");
	differ(BASE, BASE "pim: {rp: ({address = \"10.0.0.1\";});};", "pim pim");
	differ(BASE, BASE "pim: {keepalive_s = 210;};", "");
	differ(BASE, BASE "pim: {ssm_ranges = [];};", "gmp igmp, pim pim");
	differ(BASE, BASE "igmp: {ssm_map: ({group = \"232.1.1.1\"; sources = \"10.0.0.1\";});};",
		"gmp igmp");
	differ(FILE_OF(P0, ""), FILE_OF(P0, "{name = \"a\"; port = \"p0\";}"), "if-add a");
}

static void policers_change_while_running(void **state)
{
	differ(BASE, BASE "router: {police = {hello = 5;};};", "police police");
	differ(BASE "router: {police = {hello = 5;};};",
		BASE "router: {police = {hello = [5, 5];};};", "police police");
	differ("ports: ({name = \"p0\"; device = \"x:1\";}); interfaces: ();",
		"ports: ({name = \"p0\"; device = \"x:1\"; police = {source = 0;};}); interfaces: ();",
		"police police");
}

static void what_needs_a_new_start_is_named(void **state)
{
	differ(BASE "router: {name = \"a\";};",
		BASE
		"router: {name = \"b\"; eal = [\"-l\"]; poll = \"busy\"; workers = 1; mbufs = 1000; "
		"max_routes = 100; max_oifs = 100; mac = \"02:00:00:00:00:01\"; upcall_rate = 1; "
		"hold = {packets = 0;}; replicate = \"share\"; huge = false; telemetry = false;}; control: {socket = \"/x\";};",
		"restart router.name, restart router.eal, restart router.poll, restart router.workers, "
		"restart router.mbufs, restart router.max_routes, restart router.max_oifs, "
		"restart router.mac, restart router.upcall_rate, restart router.hold, "
		"restart router.replicate, restart router.huge, "
		"restart router.telemetry, "
		"restart control.socket");
	differ(BASE "router: {eal = [\"-l\", \"0\"];};", BASE "router: {eal = [\"-l\", \"1\"];};",
		"restart router.eal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_files_have_no_changes),
		cmocka_unit_test(ports_come_and_go_with_their_interfaces_in_order),
		cmocka_unit_test(a_port_with_another_device_is_replaced_and_keeps_its_interfaces),
		cmocka_unit_test(ports_that_swap_devices_both_go_before_they_come),
		cmocka_unit_test(mtu_and_promiscuity_change_without_a_restart),
		cmocka_unit_test(every_other_key_of_an_interface_changes_it_in_place),
		cmocka_unit_test(an_address_with_another_length_is_a_change),
		cmocka_unit_test(tunnel_settings_change_in_place_and_endpoints_do_not),
		cmocka_unit_test(interfaces_that_swap_vlans_both_go_before_they_come),
		cmocka_unit_test(another_tag_or_tpid_replaces_the_interface),
		cmocka_unit_test(another_kind_or_twin_replaces_the_interface),
		cmocka_unit_test(
			a_changed_interface_gives_up_its_address_before_a_new_one_takes_it),
		cmocka_unit_test(lists_are_applied_as_a_whole),
		cmocka_unit_test(every_part_of_a_route_counts),
		cmocka_unit_test(igmp_and_pim_are_applied_as_a_whole_and_leave_the_interface_alone),
		cmocka_unit_test(policers_change_while_running),
		cmocka_unit_test(what_needs_a_new_start_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
