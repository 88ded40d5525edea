/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Wrong values: each message names file, line, what is wrong and what would be right.
 */
#include "conf_test.h"

#define PORTS \
	"ports: ({name = \"p0\"; device = \"net_null0\";}, {name = \"p1\"; device = \"x:1\";});\n"
#define IFS(text) PORTS "interfaces: (\n" text ");\n"
#define ROUTES(text) BASE "static: {routes: (\n" text ");};\n"
#define OUT "outputs: ({interface = \"lan1\";});"
#define ROUTE "static route (10.0.0.1, 239.1.1.1)"

static void unknown_key_names_the_nearest_one(void **state)
{
	wrong(IFS("{name = \"lan1\"; port = \"p0\";\nadress = \"10.0.0.1/8\";}"),
		"F:4: unknown key 'adress' in interface 'lan1': did you mean 'address'?");
	wrong(BASE "router: {nmae = \"x\";};",
		"F:3: unknown key 'nmae' in router: did you mean 'name'?");
	wrong(BASE "xyzzy = 1;",
		"F:3: unknown key 'xyzzy' in the file: its keys are router, ports, interfaces, rpf, "
		"neighbors, rpf_preference, rpf_ecmp, static, control, igmp, mld, pim");
	wrong(BASE "static: {route: ();};",
		"F:3: unknown key 'route' in static: did you mean 'routes'?");
}

static void protocols_of_later_versions_are_refused_by_name(void **state)
{
	wrong(BASE "hpim: {};\nmsdp: {peers: ();};",
		"F:3: 'hpim' is not available in this version; remove it\n"
		"F:4: 'msdp' is not available in this version; remove it");
	wrong(IFS("{name = \"lan1\"; port = \"p0\"; pim: {bfd = true;};}"),
		"F:3: 'bfd' is not available in this version; remove it");
}

static void vlan_stacks_are_pairs_with_a_known_tpid(void **state)
{
	wrong(IFS("{name = \"a\"; port = \"p0\"; vlan = [1, 2, 3];},\n"
		  "{name = \"b\"; port = \"p0\"; vlan = [5, 4095];},\n"
		  "{name = \"c\"; port = \"p0\"; vlan = 7; vlan_tpid = 0x8847;},\n"
		  "{name = \"d\"; port = \"p0\"; vlan_tpid = 0x88a8;},\n"
		  "{name = \"e\"; loopback = true; vlan = [1, 2]; vlan_tpid = 0x88a8;},\n"
		  "{name = \"f\"; port = \"p1\"; vlan = [1, 2];},\n"
		  "{name = \"g\"; port = \"p1\"; vlan = [1, 2]; vlan_tpid = 0x9100;},\n"
		  "{name = \"h\"; port = \"p1\"; vlan = [1, 3];},\n"
		  "{name = \"i\"; port = \"p1\"; vlan = 1;}"),
		"F:3: vlan of interface 'a' holds 3 numbers: write one, or the outer and the inner tag "
		"such as [ 200, 100 ]\n"
		"F:4: vlan of interface 'b' is 4095, out of range: 1 to 4094\n"
		"F:5: vlan_tpid of interface 'c' is 0x8847: write 0x8100 (802.1Q), 0x88a8 (802.1ad) or "
		"0x9100\n"
		"F:6: interface 'd' has a vlan_tpid but no vlan: add vlan = 100; or remove it\n"
		"F:7: interface 'e' has a vlan but no port: remove vlan\n"
		"F:7: interface 'e' has a vlan_tpid but no port: remove vlan_tpid\n"
		"F:9: interface 'g' has port 'p1' with vlan [ 1, 2 ], like 'f' (line 8): write another "
		"vlan");
}

static void missing_keys_are_named_with_an_example(void **state)
{
	wrong("", "F: the file lacks 'ports': add ports = ( { name = \"p0\"; device = "
		  "\"0000:3b:00.0\"; } );\n"
		  "F: the file lacks 'interfaces': add interfaces = ( { name = \"lan1\"; port = "
		  "\"p0\"; } );");
	wrong("ports: ({}); interfaces: ();",
		"F:1: port 1 lacks 'name': add name = \"p0\";\n"
		"F:1: port 1 lacks 'device': add device = \"0000:3b:00.0\";");
	wrong(IFS("{name = \"a\";}"), "F:3: interface 'a' has none of port, gre, loopback: add for "
				      "example port = \"p0\";");
	wrong(ROUTES("{}"), "F:4: static route 1 lacks 'source': add source = \"10.0.0.1\";\n"
			    "F:4: static route 1 lacks 'group': add group = \"239.1.1.1\";\n"
			    "F:4: static route 1 lacks 'outputs': add outputs = ( { interface = "
			    "\"lan1\"; } );");
}

static void wrong_type_names_both_types(void **state)
{
	wrong("ports: ({name = \"p0\"; device = \"x:1\"; mtu = \"1500\";}); interfaces: ();",
		"F:1: mtu of port 'p0' must be a number 68 to 65535, not a string");
	wrong(BASE "router: {max_oifs = 1.5;\nlog = 3;\nhuge = 1;\nworkers = true;\neal = \"x\";};",
		"F:3: max_oifs of router must be a number 16 to 67108864, not a fraction\n"
		"F:4: log of router must be a string such as \"notice\", not a number\n"
		"F:5: huge of router must be true or false, without quotes, not a number\n"
		"F:6: workers of router must be a number 0 to 63, not true or false\n"
		"F:7: eal of router must be a list of strings such as [ \"-l\", \"0-1\" ], not a string");
	wrong("ports: {name = \"p0\";}; interfaces: (5);",
		"F:1: ports must be a list of groups, ( { name = \"p0\"; device = "
		"\"0000:3b:00.0\"; } ), not a group\n"
		"F:1: interface 1 must be a group { ... }, not a number");
	wrong(BASE "router = 5;", "F:3: router must be a group { ... }, not a number");
}

static void a_wrong_rate_says_what_one_looks_like(void **state)
{
	wrong(BASE "router: {police = {hello = \"x\";\nproto = [1, 2, 3];\nneigh = [1, 0];\n"
		   "source = 10000001;\nhelo = 5;\nregular_ms = -1;};};",
		"F:3: hello of police of router must be a number 0 to 10000000, not a string\n"
		"F:4: proto of police of router must be a rate, or rate and burst such as "
		"[ 1000, 200 ], not 3 values\n"
		"F:5: neigh of police of router is 0, out of range: 1 to 1000000\n"
		"F:6: source of police of router is 10000001, out of range: 0 to 10000000\n"
		"F:7: unknown key 'helo' in police of router: did you mean 'hello'?\n"
		"F:8: regular_ms of police of router is -1, out of range: 0 to 600000");
	wrong(BASE "router: {hold = {packets = 65; flows = 0;};};",
		"F:3: packets of hold of router is 65, out of range: 0 to 64\n"
		"F:3: flows of hold of router is 0, out of range: 1 to 4096");
	wrong("ports: ({name = \"p0\"; device = \"x:1\"; police = 5;}); interfaces: ();",
		"F:1: police of port 'p0' must be a group { ... }, not a number");
}

static void numbers_out_of_range_say_the_range(void **state)
{
	wrong(BASE "router: {workers = -1;\nmbufs = 1;};",
		"F:3: workers of router is -1, out of range: 0 to 63\n"
		"F:4: mbufs of router is 1, out of range: 512 to 67108864");
	wrong(IFS("{name = \"a\"; port = \"p0\"; vlan = 0;},\n{name = \"b\"; port = \"p0\"; vlan = "
		  "4095;}"),
		"F:3: vlan of interface 'a' is 0, out of range: 1 to 4094\n"
		"F:4: vlan of interface 'b' is 4095, out of range: 1 to 4094");
	wrong(IFS("{name = \"a\"; port = \"p0\"; mtu = 67; ttl_threshold = 256;}"),
		"F:3: mtu of interface 'a' is 67, out of range: 68 to 65535\n"
		"F:3: ttl_threshold of interface 'a' is 256, out of range: 0 to 255");
}

static void words_list_the_choice(void **state)
{
	wrong(BASE "router: {poll = \"fast\";};",
		"F:3: poll of router is \"fast\": it must be \"auto\", \"busy\" or \"adaptive\"");
	wrong(IFS("{name = \"a\"; port = \"p0\"; exception = \"kernal\";}"),
		"F:3: exception of interface 'a' is \"kernal\": it must be \"none\" or \"kernel\"");
}

static void a_32_bit_key_may_be_a_string_and_never_wraps(void **state)
{
	struct conf *c = right(IFS("{name = \"g\"; gre: {local = \"10.0.0.1\"; remote = "
				   "\"10.0.0.2\"; key = \"4000000000\";};}"));

	assert_int_equal(c->ifs[0].net.gre.key, 4000000000u);
	conf_free(c);
	wrong(IFS("{name = \"g\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\";\nkey = "
		  "4000000000;};}"),
		"F:4: the number 4000000000 is too large to be written like this: use a string, "
		"\"4000000000\"");
	wrong(IFS("{name = \"g\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\";\nkey = -5;};}"),
		"F:4: key of gre of interface 'g' is -5, out of range: 0 to 4294967295 (above "
		"2147483647 as a string)");
	wrong(IFS("{name = \"g\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\";\nkey = "
		  "\"4294967296\";};}"),
		"F:4: key of gre of interface 'g' is 4294967296, out of range: 0 to 4294967295 (above "
		"2147483647 as a string)");
	wrong(BASE "a = 4294967303;", "F:3: the number 4294967303 is out of range for any key");
	wrong(BASE "pim: {keepalive_s = 99999999999;};",
		"F:3: keepalive_s is 99999999999, out of range: at most 65535");
}

static void names_must_be_usable(void **state)
{
	wrong(IFS("{name = \"averyverylongname\"; port = \"p0\";}"),
		"F:3: name of interface 'averyverylongname' is too long: at most 15 characters");
	wrong(IFS("{name = \"a/b\"; port = \"p0\";}"),
		"F:3: name of interface 'a/b' holds '/', which cannot be in an interface's name: use "
		"letters, digits and . _ -");
	wrong(IFS("{name = \"any\"; port = \"p0\";}"),
		"F:3: name of interface 'any': 'any' has a meaning of its own; write another, such as "
		"\"lan1\"");
	wrong(IFS("{name = \"lo\"; loopback = true;}"),
		"F:3: name of interface 'lo': the kernel has an interface 'lo'; write \"lo0\"");
	wrong("ports: ({name = \"all\"; device = \"x:1\";}); interfaces: ();",
		"F:1: name of port 'all': 'all' means every port in the shell; write another");
	wrong(BASE "router: {name = \"x\\ny\";};",
		"F:3: name of router holds a control character: remove it");
}

static void twins_cannot_have_the_name_of_a_netdev_below_a_port(void **state)
{
	wrong("ports: ({name = \"p0\"; device = \"net_af_packet0,iface=veth1\";});\n"
	      "interfaces: ({name = \"veth1\"; port = \"p0\";});",
		"F:2: interface 'veth1' has the name of the kernel interface under port 'p0': its twin "
		"in the kernel needs another name");
	conf_free(right("ports: ({name = \"p0\"; device = \"net_af_packet0,iface=veth1\";});\n"
			"interfaces: ({name = \"veth1\"; port = \"p0\"; exception = \"none\";});"));
	/* vhost's iface is a socket */
	conf_free(right("ports: ({name = \"p0\"; device = \"net_vhost0,iface=veth1\";});\n"
			"interfaces: ({name = \"veth1\"; port = \"p0\";});"));
}

static void an_interface_is_exactly_one_kind(void **state)
{
	wrong(IFS("{name = \"a\"; port = \"p0\"; loopback = true;}"),
		"F:3: interface 'a' has port and loopback: only one of them can be");
	wrong(IFS("{name = \"a\"; loopback = true; gre: {local = \"10.0.0.1\"; remote = "
		  "\"10.0.0.2\";};}"),
		"F:3: interface 'a' has gre and loopback: only one of them can be");
	wrong(IFS("{name = \"a\"; loopback = true;\nvlan = 5;}"),
		"F:4: interface 'a' has a vlan but no port: remove vlan");
	conf_free(right(IFS("{name = \"a\"; port = \"p0\"; loopback = false;}")));
}

static void devices_are_pci_addresses_or_vdevs(void **state)
{
	wrong("ports: ({name = \"p0\";\ndevice = \"eth0\";}); interfaces: ();",
		"F:2: device of port 'p0': 'eth0' is neither a PCI address (\"0000:3b:00.0\") nor a DPDK "
		"vdev; a kernel interface is \"net_af_packet0,iface=eth0\"");
	wrong("ports: ({name = \"p0\"; device = \"net_pcap0, rx_pcap=x\";}); interfaces: ();",
		"F:1: device of port 'p0' holds a blank: arguments are joined by ','");
	wrong("ports: ({name = \"p0\"; device = \"3b:00.0\"; driver = \"../x\";}); interfaces: ();",
		"F:1: driver of port 'p0': '../x' is no name of a file in drivers-cfg; write for example "
		"\"mlx5\"");
}

static void an_interface_without_its_port_lists_the_ports(void **state)
{
	wrong(IFS("{name = \"lan1\";\nport = \"p9\";}"),
		"F:4: interface 'lan1': no port 'p9'; ports are p0, p1");
	wrong("ports: ({name = \"p0\"; device = \"0000:3b:00.0\";},\n{name = \"p0\"; device = "
	      "\"0000:3b:00.1\";});\ninterfaces: ({name = \"lan1\"; port = \"p1\";});",
		"F:2: duplicate port name 'p0': line 1 has it already; write another\n"
		"F:3: interface 'lan1': no port 'p1'; ports are p0");
}

static void duplicates_name_both_lines(void **state)
{
	wrong("ports: ({name = \"a\"; device = \"0000:3b:00.0\";},\n{name = \"a\"; device = "
	      "\"3b:00.0,x=1\";},\n{name = \"c\"; device = \"net_af_packet0,iface=e\";},\n"
	      "{name = \"d\"; device = \"net_af_packet1,iface=e\";}); interfaces: ();",
		"F:2: duplicate port name 'a': line 1 has it already; write another\n"
		"F:2: port 'a' has the device of port 'a' (line 1): a device can be one port only\n"
		"F:4: port 'd' uses the kernel interface 'e' of port 'c' (line 3): one port only can");
	wrong(IFS("{name = \"a\"; port = \"p0\";},\n{name = \"a\"; port = \"p0\"; vlan = 2;},\n"
		  "{name = \"b\"; port = \"p0\"; vlan = 2;},\n{name = \"c\"; port = \"p0\";}"),
		"F:4: duplicate interface name 'a': line 3 has it already; write another\n"
		"F:5: interface 'b' has port 'p0' with vlan 2, like 'a' (line 4): write another vlan\n"
		"F:6: interface 'c' has port 'p0' without vlan, like 'a' (line 3): give one of them a "
		"vlan");
	wrong(IFS("{name = \"a\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\"; key = 1;};},\n"
		  "{name = \"b\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\"; key = \"0x1\";};}"),
		"F:4: interface 'b' has the tunnel endpoints and key of 'a' (line 3): give each its own "
		"key");
	wrong(IFS("{name = \"a\"; port = \"p0\"; address = \"10.0.0.1/24\";},\n"
		  "{name = \"b\"; port = \"p1\"; address = \"10.0.0.1/32\";}"),
		"F:4: interface 'b' has address 10.0.0.1, which interface 'a' (line 3) has already; "
		"remove one");
}

static void a_tunnel_with_key_and_one_without_are_different(void **state)
{
	conf_free(
		right(IFS("{name = \"a\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\";};},\n"
			  "{name = \"b\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\"; key = "
			  "0;};}")));
}

static void wrong_addresses_come_with_an_example(void **state)
{
	wrong(IFS("{name = \"a\"; port = \"p0\"; address = [\"10.0.0.1\",\n\"10.0.0.300/24\",\n"
		  "\"224.0.0.1/24\",\n\"127.0.0.1/8\",\n\"10.0.0.1/33\",\n\"10.0.0.1/0\"];}"),
		"F:3: address of interface 'a': 10.0.0.1 lacks its prefix length: write "
		"\"10.0.0.1/24\", or /32 for the address alone\n"
		"F:4: address of interface 'a': \"10.0.0.300/24\" is no address with prefix length such "
		"as \"10.0.0.1/24\"\n"
		"F:5: address of interface 'a': 224.0.0.1/24 is a multicast address; write one of the "
		"router's own, such as \"10.0.0.1/24\"\n"
		"F:6: address of interface 'a': 127.0.0.1/8 is a loopback address of the host; write one "
		"of the router's own, such as \"10.0.0.1/24\"\n"
		"F:7: address of interface 'a': \"10.0.0.1/33\" is no address with prefix length such as "
		"\"10.0.0.1/24\"\n"
		"F:8: address of interface 'a': prefix length 0 would cover every address; write for "
		"example /24");
}

static void addresses_that_only_look_wrong_are_accepted(void **state)
{
	conf_free(right(IFS("{name = \"a\"; port = \"p0\"; address = [\"10.0.0.0/31\", "
			    "\"10.1.0.255/23\", \"169.254.0.0/31\", \"192.0.2.0/32\"];}")));
}

static void tunnels_need_two_unicast_ends_of_one_family(void **state)
{
	wrong(IFS("{name = \"a\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.1\"; ttl = 0;\n"
		  "dscp = \"x\"; decap_dscp = 1;};}"),
		"F:3: ttl of gre of interface 'a' is 0, out of range: 1 to 255\n"
		"F:3: gre of interface 'a': local and remote are the same address; remote is the other "
		"router's\n"
		"F:4: dscp of gre of interface 'a' must be a number 0 to 63 or \"inherit\", not \"x\"\n"
		"F:4: decap_dscp of gre of interface 'a' must be \"keep\" (the DSCP inside) or \"copy\" "
		"(the outer one)");
	wrong(IFS("{name = \"a\"; gre: {local = \"10.0.0.1\"; remote = \"10.0.0.2\"; ttl = \"copy\";\n"
		  "dscp = 64; decap_dscp = \"inherit\";};}"),
		"F:3: ttl of gre of interface 'a' must be a number 1 to 255 or \"inherit\", not \"copy\"\n"
		"F:4: dscp of gre of interface 'a' is 64, out of range: 0 to 63\n"
		"F:4: decap_dscp of gre of interface 'a' must be \"keep\" (the DSCP inside) or \"copy\" "
		"(the outer one)");
	wrong(IFS("{name = \"a\"; gre: {local = \"10.0.0.1\"; remote = \"2001:db8::1\";};}"),
		"F:3: gre of interface 'a': local and remote must both be IPv4 or both IPv6");
	wrong(IFS("{name = \"a\"; gre: {local = \"10.0.0.1/24\"; remote = \"224.0.0.5\";};}"),
		"F:3: local of gre of interface 'a': \"10.0.0.1/24\" is no IP address such as "
		"\"10.1.0.1\" (no prefix length here)\n"
		"F:3: remote of gre of interface 'a': 224.0.0.5 is a multicast address; write a unicast "
		"address such as \"198.51.100.2\"");
}

static void a_local_nobody_has_is_wrong_only_without_any_twin(void **state)
{
#define GRE_ONLY(rest)                                                                   \
	IFS("{name = \"a\"; exception = \"none\"; gre: {local = \"10.0.0.1\"; remote = " \
	    "\"10.0.0.2\";};}" rest)
	wrong(GRE_ONLY(),
		"F:3: gre of interface 'a': local 10.0.0.1 is the address of no interface; "
		"give it to one with address = [ \"10.0.0.1/32\" ];");
	conf_free(right(GRE_ONLY(", {name = \"b\"; port = \"p0\";}")));
	conf_free(right(GRE_ONLY(", {name = \"b\"; port = \"p0\"; exception = \"none\"; address = "
				 "\"10.0.0.1/24\";}")));
}

static void macs_are_unicast(void **state)
{
	wrong(BASE "router: {mac = \"01:00:5e:00:00:01\";};",
		"F:3: mac of router: 01:00:5e:00:00:01 is a group address; write one such as "
		"\"02:00:00:00:00:01\"");
	wrong(BASE "router: {mac = \"00:00:00:00:00:00\";};",
		"F:3: mac of router: 00:00:00:00:00:00 is all zero; write one such as "
		"\"02:00:00:00:00:01\"");
	wrong(BASE "router: {mac = \"02:00:00:00:00\";};",
		"F:3: mac of router: \"02:00:00:00:00\" is no MAC address such as "
		"\"02:00:00:00:00:01\"");
}

static void rpf_neighbors_and_preferences_are_checked(void **state)
{
	wrong(BASE "rpf: ({prefix = \"10.9.0.1/16\"; interface = \"lan3\";},\n"
		   "{prefix = \"239.0.0.0/8\"; interface = \"lan1\";},\n"
		   "{prefix = \"10.0.0.0/8\"; interface = \"lan1\"; neighbor = \"2001:db8::1\";},\n"
		   "{prefix = \"10.0.0.0/8\"; interface = \"lan1\";});",
		"F:3: prefix of rpf 1: 10.9.0.1/16 has bits set behind its length; write "
		"\"10.9.0.0/16\"\n"
		"F:3: interface of rpf 1: no interface 'lan3'; did you mean 'lan1'?\n"
		"F:4: prefix of rpf 2 is multicast: RPF looks up the addresses of sources; write for "
		"example \"10.9.0.0/16\"\n"
		"F:5: rpf 3: prefix and neighbor must both be IPv4 or both IPv6\n"
		"F:6: rpf for 10.0.0.0/8 stands in line 5 already; keep one");
	wrong(BASE "neighbors: ({interface = \"lan1\"; address = \"10.1.0.5\"; mac = "
		   "\"02:00:00:00:00:05\";},\n{interface = \"gre0\"; address = \"10.1.0.5\"; mac = "
		   "\"02:00:00:00:00:05\";},\n{interface = \"lan1\"; address = \"10.1.0.5\"; mac = "
		   "\"02:00:00:00:00:06\";});",
		"F:4: neighbor 2: 'gre0' is a tunnel and has no MAC addresses; name an interface with a "
		"port\n"
		"F:5: neighbor 10.1.0.5 on 'lan1' stands in line 3 already; keep one");
	wrong(BASE "rpf_preference: ({protocol = \"bgp\"; preference = 1;},\n{protocol = 186; "
		   "preference = 2;},\n{protocol = 256; preference = -1;});",
		"F:4: rpf_preference 2: its protocol has a preference in line 3 already; keep one of "
		"them\n"
		"F:5: protocol of rpf_preference 3 is 256, out of range: 0 to 255\n"
		"F:5: preference of rpf_preference 3 is -1, out of range: 0 to 2147483647");
	wrong(BASE "rpf_ecmp = \"both\";", "F:3: rpf_ecmp of the file is \"both\": it must be "
					   "\"source-group\", \"source\" or \"none\"");
}

static void route_keys_are_checked(void **state)
{
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"10.0.0.1\"; " OUT "}"),
		"F:4: group of static route (10.0.0.1, 10.0.0.1): 10.0.0.1 is no multicast group; groups "
		"are in 224.0.0.0/4");
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"224.0.0.5\"; " OUT "}"),
		"F:4: group of static route (10.0.0.1, 224.0.0.5): 224.0.0.5 is link-local and never "
		"routed; groups above 224.0.0.255 are");
	wrong(ROUTES("{source = \"224.1.1.1\"; group = \"239.1.1.1\"; " OUT "}"),
		"F:4: source of static route (224.1.1.1, 239.1.1.1): 224.1.1.1 is a multicast address; "
		"write the sender's address, or \"*\"");
	wrong(ROUTES("{source = \"2001:db8::1\"; group = \"239.1.1.1\"; " OUT "}"),
		"F:4: static route (2001:db8::1, 239.1.1.1): source and group must both be IPv4 or both "
		"IPv6");
	wrong(ROUTES("{source = \"10.0.0.1/24\"; group = \"239.1.1.1\"; " OUT "}"),
		"F:4: source of static route (10.0.0.1/24, 239.1.1.1): 10.0.0.1/24 has bits set behind "
		"its length; write \"10.0.0.0/24\"");
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"224.0.0.0/3\"; " OUT "}"),
		"F:4: group of static route (10.0.0.1, 224.0.0.0/3): 224.0.0.0/3 is no multicast group; "
		"groups are in 224.0.0.0/4");
	wrong(ROUTES("{source = \"*\"; group = \"239.1.1.1\"; input = \"any\"; " OUT "},\n"
		     "{source = \"0.0.0.0/0\"; group = \"239.1.1.1/32\"; input = \"lan1\"; " OUT
		     "}"),
		"F:5: static route (*, 239.1.1.1) stands in line 4 already; join their outputs");
}

static void route_inputs_are_checked(void **state)
{
	wrong(ROUTES("{source = \"*\"; group = \"239.1.1.1\"; " OUT "}"),
		"F:4: static route (*, 239.1.1.1) lacks 'input', which only routes of one source may "
		"leave out: add input = \"lan1\"; or input = \"any\";");
	wrong(ROUTES("{source = \"*\"; group = \"239.1.1.1\"; input = \"rpf\"; " OUT "}"),
		"F:4: static route (*, 239.1.1.1): input \"rpf\" needs a source to look up; name the "
		"interface, or \"any\"");
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"239.1.1.1\"; input = [\"lan1\", \"lan1\", "
		     "\"lan8\"]; " OUT "}"),
		"F:4: input of " ROUTE " names 'lan1' twice: remove one\n"
		"F:4: input of " ROUTE ": no interface 'lan8'; did you mean 'lan1'?");
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"239.1.1.1\"; input = []; " OUT "}"),
		"F:4: input of " ROUTE " is empty: name an interface, \"any\" or \"rpf\"");
}

#define STAR(except)                                                                         \
	ROUTES("{source = \"*\"; group = \"239.1.1.1\"; input = \"lan1\";\nexcept = " except \
	       "; " OUT "}")
#define STAR_NAME "F:5: except of static route (*, 239.1.1.1)"
#define NET(except)                                                                                   \
	ROUTES("{source = \"10.0.0.0/8\"; group = \"239.1.1.1\"; input = \"lan1\";\nexcept = " except \
	       "; " OUT "}")
#define NET_NAME "F:5: except of static route (10.0.0.0/8, 239.1.1.1)"

static void excepts_of_routes_are_checked(void **state)
{
	conf_free(right(STAR("[ \"10.0.0.0/8\", \"192.0.2.7\" ]")));
	conf_free(right(STAR("\"10.0.0.0/8\"")));
	conf_free(right(NET("[ ]")));
	wrong(STAR("[ \"10.0.0.1/8\" ]"), STAR_NAME ": 10.0.0.1/8 has bits set behind its length; "
						    "write \"10.0.0.0/8\"");
	wrong(STAR("( \"x\", 5 )"),
		STAR_NAME ": \"x\" is no address or prefix such as \"10.0.0.0/8\"\n" STAR_NAME
			  " must be a string such as \"10.0.0.0/8\", not a number");
	wrong(STAR("[ \"2001:db8::/32\" ]"),
		STAR_NAME ": 2001:db8::/32 must be IPv4 like the group");
	wrong(STAR("[ \"239.0.0.0/8\" ]"), STAR_NAME ": 239.0.0.0/8 is a multicast address; write "
						     "addresses of senders");
	wrong(STAR("[ \"0.0.0.0/0\" ]"),
		STAR_NAME ": * is all its sources; remove the route instead");
	wrong(NET("[ \"10.0.0.0/8\" ]"),
		NET_NAME ": 10.0.0.0/8 is all its sources; remove the route instead");
	wrong(NET("[ \"11.0.0.1\" ]"),
		NET_NAME ": 11.0.0.1 is not within its source 10.0.0.0/8: remove it");
	wrong(STAR("[ \"10.1.0.0/16\", \"10.0.0.0/8\" ]"),
		STAR_NAME ": 10.1.0.0/16 lies within 10.0.0.0/8: remove one");
}

static void route_outputs_are_checked(void **state)
{
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"239.1.1.1\"; outputs: (\n"
		     "{interface = \"lna1\";},\n{},\n{interface = \"lan1\"; port = 5; dscp = 64; "
		     "preserve_source = true;},\n"
		     "{unicast = \"10.0.0.1\"; source = \"10.0.0.2\"; preserve_source = true;},\n"
		     "{unicast = \"2001:db8::1\";},\n{unicast = \"224.0.0.5\"; port = 70000;});}"),
		"F:5: interface of output 1 of " ROUTE
		": no interface 'lna1'; did you mean 'lan1'?\n"
		"F:6: output 2 of " ROUTE " lacks 'interface': add interface = \"lan1\";\n"
		"F:7: dscp of output 3 of " ROUTE " is 64, out of range: 0 to 63\n"
		"F:7: output 3 of " ROUTE
		" has port but no unicast: add unicast = \"10.1.0.5\"; or "
		"remove port\n"
		"F:7: output 3 of " ROUTE
		" has dscp but no unicast: add unicast = \"10.1.0.5\"; or "
		"remove dscp\n"
		"F:7: output 3 of " ROUTE " has preserve_source but no unicast: add unicast = "
		"\"10.1.0.5\"; or remove preserve_source\n"
		"F:8: output 4 of " ROUTE
		" has both source and preserve_source: remove one of them\n"
		"F:9: output 5 of " ROUTE ": unicast must be IPv4 like the group\n"
		"F:10: unicast of output 6 of " ROUTE ": 224.0.0.5 is a multicast address; write a "
		"unicast address such as \"10.1.0.5\"\n"
		"F:10: port of output 6 of " ROUTE " is 70000, out of range: 0 to 65535");
	wrong(ROUTES("{source = \"10.0.0.1\"; group = \"239.1.1.1\"; outputs: ({interface = \"lan1\";}, "
		     "{interface = \"lan2\";}, {interface = \"lan1\";});}"),
		"F:4: " ROUTE " has the output lan1 twice: remove one");
}

static void an_interface_cannot_exceed_the_mtu_of_its_port(void **state)
{
	wrong(IFS("{name = \"a\"; port = \"p0\";\nmtu = 9000;}"),
		"F:4: mtu of interface 'a' is 9000, that of its port 'p0' only 1500: lower it or raise "
		"the port's");
}

static void other_settings_are_checked(void **state)
{
	wrong(BASE "control: {socket = \"x.sock\";};",
		"F:3: socket of control must be a path from the root, such as "
		"\"/run/starg/stargd.sock\"");
	wrong(BASE "router: {eal = [\"--\"];};",
		"F:3: eal of router: \"--\" is no EAL option: remove it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_key_names_the_nearest_one),
		cmocka_unit_test(protocols_of_later_versions_are_refused_by_name),
		cmocka_unit_test(missing_keys_are_named_with_an_example),
		cmocka_unit_test(vlan_stacks_are_pairs_with_a_known_tpid),
		cmocka_unit_test(wrong_type_names_both_types),
		cmocka_unit_test(a_wrong_rate_says_what_one_looks_like),
		cmocka_unit_test(numbers_out_of_range_say_the_range),
		cmocka_unit_test(words_list_the_choice),
		cmocka_unit_test(a_32_bit_key_may_be_a_string_and_never_wraps),
		cmocka_unit_test(names_must_be_usable),
		cmocka_unit_test(twins_cannot_have_the_name_of_a_netdev_below_a_port),
		cmocka_unit_test(an_interface_is_exactly_one_kind),
		cmocka_unit_test(devices_are_pci_addresses_or_vdevs),
		cmocka_unit_test(an_interface_without_its_port_lists_the_ports),
		cmocka_unit_test(duplicates_name_both_lines),
		cmocka_unit_test(a_tunnel_with_key_and_one_without_are_different),
		cmocka_unit_test(wrong_addresses_come_with_an_example),
		cmocka_unit_test(addresses_that_only_look_wrong_are_accepted),
		cmocka_unit_test(tunnels_need_two_unicast_ends_of_one_family),
		cmocka_unit_test(a_local_nobody_has_is_wrong_only_without_any_twin),
		cmocka_unit_test(macs_are_unicast),
		cmocka_unit_test(rpf_neighbors_and_preferences_are_checked),
		cmocka_unit_test(route_keys_are_checked),
		cmocka_unit_test(route_inputs_are_checked),
		cmocka_unit_test(route_outputs_are_checked),
		cmocka_unit_test(excepts_of_routes_are_checked),
		cmocka_unit_test(an_interface_cannot_exceed_the_mtu_of_its_port),
		cmocka_unit_test(other_settings_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
