/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Addresses that no interface can have in its network, and networks that two interfaces have.
 */
#include "conf_test.h"

#define PORTS \
	"ports: ({name = \"p0\"; device = \"net_null0\";}, {name = \"p1\"; device = \"x:1\";});\n"
#define A(addr) PORTS "interfaces: ({name = \"a\"; port = \"p0\"; address = " addr ";});\n"
#define AB(a, b)                                                                               \
	PORTS "interfaces: ({name = \"a\"; port = \"p0\"; address = " a ";},\n{name = \"b\"; " \
	      "port = \"p1\"; address = " b ";});\n"

static void the_address_of_a_network_and_its_broadcast_are_nobodys(void **state)
{
	wrong(A("[\"10.0.0.0/24\",\n\"10.0.1.255/23\",\n\"2001:db8::/64\"]"),
		"F:2: address of interface 'a': 10.0.0.0/24 is the address of the network itself; "
		"write one of its hosts, such as \"10.0.0.1/24\", or /32 for the address alone\n"
		"F:3: address of interface 'a': 10.0.1.255/23 is the broadcast address of the "
		"network; write one of its hosts, such as \"10.0.0.1/23\", or /32 for the address "
		"alone\n"
		"F:4: address of interface 'a': 2001:db8::/64 is the anycast address of the network's "
		"routers (RFC 4291 section 2.6.1); write one of its hosts, such as "
		"\"2001:db8::1/64\", or /128 for the address alone");
}

static void both_addresses_of_a_subnet_of_two_are_hosts(void **state)
{
	conf_free(right(A("[\"10.0.0.0/31\", \"10.0.0.3/31\", \"10.0.0.4/32\", "
			  "\"2001:db8::/127\", \"2001:db8::2/128\"]")));
}

static void the_last_address_of_an_ipv6_network_is_a_host(void **state)
{
	conf_free(right(A("[\"2001:db8::ffff:ffff:ffff:ffff/64\"]")));
}

static void two_interfaces_cannot_be_in_one_subnet(void **state)
{
	wrong(AB("\"10.0.0.1/24\"", "[\"10.5.0.1/24\", \"10.0.0.2/24\"]"),
		"F:3: interface 'b' is in the subnet 10.0.0.0/24, in which interface 'a' (line 2) is "
		"already: give each a subnet of its own");
	wrong(AB("\"2001:db8::1/64\"", "\"2001:db8::2/64\""),
		"F:3: interface 'b' is in the subnet 2001:db8::/64, in which interface 'a' (line 2) is "
		"already: give each a subnet of its own");
}

static void one_interface_may_have_several_addresses_of_a_subnet(void **state)
{
	conf_free(right(A("[\"10.0.0.1/24\", \"10.0.0.2/24\"]")));
}

static void a_subnet_within_another_is_its_own(void **state)
{
	conf_free(right(AB("\"10.0.0.1/8\"", "[\"10.0.0.2/24\", \"10.0.0.3/32\"]")));
}

static void every_link_has_the_link_local_subnets(void **state)
{
	conf_free(right(AB(
		"[\"169.254.0.1/16\", \"fe80::1/64\"]", "[\"169.254.0.2/16\", \"fe80::2/64\"]")));
	wrong(AB("\"169.254.0.0/31\"", "\"169.254.0.1/31\""),
		"F:3: interface 'b' is in the subnet 169.254.0.0/31, in which interface 'a' (line 2) "
		"is already: give each a subnet of its own");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_address_of_a_network_and_its_broadcast_are_nobodys),
		cmocka_unit_test(both_addresses_of_a_subnet_of_two_are_hosts),
		cmocka_unit_test(the_last_address_of_an_ipv6_network_is_a_host),
		cmocka_unit_test(two_interfaces_cannot_be_in_one_subnet),
		cmocka_unit_test(one_interface_may_have_several_addresses_of_a_subnet),
		cmocka_unit_test(a_subnet_within_another_is_its_own),
		cmocka_unit_test(every_link_has_the_link_local_subnets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
