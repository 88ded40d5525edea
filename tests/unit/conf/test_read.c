/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Right files: every value arrives, defaults are what the manual says, and what is printed reads
 * back as the same.
 */
#include "conf_test.h"

#include <errno.h>
#include <unistd.h>

static struct conf *full(void)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;
	int rc = conf_read(DATA_DIR "/full.conf", &c, err, sizeof(err));

	if (rc)
		print_error("%s\n", err);
	assert_int_equal(rc, 0);
	return c;
}

static void assert_ip(const struct ipaddr *a, const char *expected)
{
	char buf[IP_STRLEN];

	assert_string_equal(ip_str(a, buf, sizeof(buf)), expected);
}

static void router_and_control_settings_arrive(void **state)
{
	static const uint8_t mac[6] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};
	struct conf *c = full();

	assert_string_equal(c->path, DATA_DIR "/full.conf");
	assert_string_equal(c->router.name, "edge1");
	assert_string_equal(c->router.eal[0], "-l");
	assert_string_equal(c->router.eal[2], "--file-prefix=edge1");
	assert_null(c->router.eal[3]);
	assert_int_equal(c->router.poll, CONF_POLL_BUSY);
	assert_int_equal(c->router.workers, 1);
	assert_int_equal(c->router.mbufs, 65536);
	assert_int_equal(c->router.max_routes, 4096);
	assert_int_equal(c->router.max_oifs, 8192);
	assert_true(c->router.has_mac);
	assert_memory_equal(c->router.mac, mac, 6);
	assert_int_equal(c->router.log, LOG_LVL_DEBUG);
	assert_int_equal(c->router.upcall_rate, 500);
	assert_int_equal(c->router.hold.packets, 4);
	assert_int_equal(c->router.hold.flows, 100);
	assert_int_equal(c->router.hold.time_ms, 200);
	assert_int_equal(c->router.replicate, CONF_REPLICATE_COPY);
	assert_false(c->router.huge);
	assert_false(c->router.telemetry);
	assert_string_equal(c->control.socket, "/run/starg/edge1.sock");
	conf_free(c);
}

static void ports_arrive(void **state)
{
	struct conf *c = full();
	const struct conf_port *p = c->ports;

	assert_int_equal(c->n_ports, 2);
	assert_string_equal(p->name, "p0");
	assert_string_equal(p->device, "0000:3b:00.0");
	assert_string_equal(p->driver, "mlx5");
	assert_int_equal(p->rx_queues, 2);
	assert_int_equal(p->tx_queues, 3);
	assert_int_equal(p->rx_desc, 2048);
	assert_int_equal(p->tx_desc, 4096);
	assert_int_equal(p->mtu, 9000);
	assert_false(p->promiscuous);
	assert_false(p->offload.control_queue);
	assert_false(p->offload.rss);
	assert_int_equal(p->offload.mark, 256);
	assert_int_equal(p->line, 21);
	assert_string_equal(p[1].driver, "");
	assert_int_equal(p[1].mtu, 0);
	assert_true(p[1].promiscuous);
	assert_true(p[1].offload.control_queue && p[1].offload.rss);
	assert_int_equal(p[1].offload.mark, 64);
	conf_free(c);
}

static void assert_rate(const struct dp_rate *r, uint32_t rate, uint32_t burst)
{
	assert_int_equal(r->rate, rate);
	assert_int_equal(r->burst, burst);
}

static void a_ports_policers_are_its_own_then_the_routers_then_the_defaults(void **state)
{
	struct conf *c = full(), *plain = right(BASE "router: { upcall_rate = 77; };");
	struct dp_police p;

	conf_police_of(c, &c->ports[0], &p);
	assert_rate(&p.kind[DP_PUNT_hello], 50, 0);
	assert_rate(&p.kind[DP_PUNT_proto], 200, 20);
	assert_rate(&p.kind[DP_PUNT_neigh], 300, 0);
	assert_rate(&p.kind[DP_PUNT_exception], 0, 0);
	assert_rate(&p.kind[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)], 500, 0);
	assert_rate(&p.kind[DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF)], 600, 60);
	assert_rate(&p.kind[DP_POLICE_UPCALL(DP_UPCALL_DATA)], 700, 0);
	assert_rate(&p.source, 8, 9);
	assert_int_equal(p.regular_ms, 5000);
	conf_police_of(c, &c->ports[1], &p);
	assert_rate(&p.kind[DP_PUNT_hello], 100, 0);
	conf_police_of(plain, &plain->ports[0], &p);
	assert_rate(&p.kind[DP_PUNT_hello], 1000, 500);
	assert_rate(&p.kind[DP_PUNT_proto], 20000, 2000);
	assert_rate(&p.kind[DP_PUNT_neigh], 2000, 500);
	assert_rate(&p.kind[DP_PUNT_exception], 50000, 1000);
	assert_rate(&p.kind[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)], 77, 0);
	assert_rate(&p.kind[DP_POLICE_UPCALL(DP_UPCALL_DATA)], 0, 0);
	assert_rate(&p.source, 20, 50);
	assert_int_equal(p.regular_ms, 10000);
	conf_free(c);
	conf_free(plain);
}

static void interfaces_arrive(void **state)
{
	struct conf *c = full();
	const struct net_if_conf *src = &c->ifs[0].net, *lan1 = &c->ifs[1].net;
	const struct net_if_conf *lan2 = &c->ifs[2].net, *lo0 = &c->ifs[5].net;

	assert_int_equal(c->n_ifs, 7);
	assert_int_equal(src->kind, DP_IF_ETHER);
	assert_string_equal(src->port, "p0");
	assert_int_equal(src->n_addrs, 2);
	assert_ip(&src->addrs[0].ip, "10.0.0.254");
	assert_int_equal(src->addrs[0].len, 24);
	assert_ip(&src->addrs[1].ip, "2001:db8::fe");
	assert_int_equal(src->mtu, 8000);
	assert_true(src->exception);
	assert_int_equal(lan1->vlan, 100);
	assert_int_equal(lan1->vlan_tpid, 0x8100);
	assert_int_equal(lan1->ttl_threshold, 8);
	assert_ip(&lan1->addrs[0].ip, "10.1.0.1");
	assert_false(lan2->exception);
	assert_true(c->ifs[2].shutdown);
	assert_int_equal(lan2->n_addrs, 1);
	assert_int_equal(lo0->kind, DP_IF_LOOPBACK);
	assert_ip(&lo0->addrs[0].ip, "10.0.0.0");
	assert_int_equal(c->ifs[6].net.vlan, 200);
	assert_int_equal(c->ifs[6].net.vlan_inner, 100);
	assert_int_equal(c->ifs[6].net.vlan_tpid, 0x9100);
	conf_free(c);
}

static void tunnels_arrive_with_their_defaults(void **state)
{
	struct conf *c = full();
	const struct dp_gre *a = &c->ifs[3].net.gre, *b = &c->ifs[4].net.gre;

	assert_int_equal(c->ifs[3].net.kind, DP_IF_GRE);
	assert_ip(&a->local, "10.1.0.1");
	assert_ip(&a->remote, "198.51.100.2");
	assert_int_equal(a->has_key, 1);
	assert_int_equal(a->key, 4000000000u);
	assert_int_equal(a->ttl, 32);
	assert_int_equal(a->dscp, 46);
	assert_int_equal(a->dscp_inherit, 0);
	assert_int_equal(a->decap_dscp_copy, 0);
	assert_int_equal(a->checksum, 1);
	assert_int_equal(b->has_key, 0);
	assert_int_equal(b->ttl, 0);
	assert_int_equal(b->dscp_inherit, 1);
	assert_int_equal(b->decap_dscp_copy, 1);
	assert_int_equal(b->checksum, 0);
	conf_free(c);
}

static void rpf_neighbors_and_preferences_arrive(void **state)
{
	static const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 0x05};
	struct conf *c = full();

	assert_int_equal(c->n_rpf, 2);
	assert_ip(&c->rpf[0].prefix.addr, "10.9.0.0");
	assert_int_equal(c->rpf[0].prefix.len, 16);
	assert_string_equal(c->rpf[0].interface, "lan1");
	assert_ip(&c->rpf[0].neighbor, "10.1.0.9");
	assert_int_equal(c->rpf[1].prefix.len, 0);
	assert_int_equal(c->rpf[1].prefix.addr.family, IP_V4);
	assert_true(ip_is_none(&c->rpf[1].neighbor));
	assert_int_equal(c->n_neighs, 1);
	assert_string_equal(c->neighs[0].interface, "lan1");
	assert_ip(&c->neighs[0].address, "10.1.0.5");
	assert_memory_equal(c->neighs[0].mac, mac, 6);
	assert_int_equal(c->n_preferences, 2);
	assert_int_equal(c->preferences[0].protocol, 188);
	assert_int_equal(c->preferences[0].preference, 30);
	assert_int_equal(c->preferences[1].protocol, 77);
	assert_int_equal(c->preferences[1].preference, INT32_MAX);
	assert_int_equal(c->rpf_ecmp, NET_ECMP_SOURCE);
	conf_free(c);
}

static void routes_arrive(void **state)
{
	struct conf *c = full();
	const struct static_route *r = c->routes;
	const struct static_output *o = r->outputs;
	const struct prefix all = {.addr.family = IP_V4};

	assert_int_equal(c->n_routes, 6);
	assert_int_equal(r->origin, STATIC_FILE);
	assert_ip(&r->key.src.addr, "10.0.0.1");
	assert_int_equal(r->key.src.len, 32);
	assert_ip(&r->key.grp.addr, "239.1.1.1");
	assert_int_equal(r->input_kind, STATIC_INPUT_IF);
	assert_int_equal(r->n_inputs, 1);
	assert_string_equal(r->inputs[0], "src");
	assert_int_equal(r[1].input_kind, STATIC_INPUT_ANY);
	assert_true(prefix_eq(&r[1].key.src, &all));
	assert_int_equal(r[2].n_inputs, 2);
	assert_int_equal(r[2].key.grp.len, 16);
	assert_int_equal(r[2].n_excepts, 2);
	assert_int_equal(r[2].excepts[0].len, 24);
	assert_ip(&r[2].excepts[1].addr, "10.4.0.7");
	assert_int_equal(r[2].excepts[1].len, 32);
	assert_int_equal(r[1].n_excepts, 0);
	assert_int_equal(r[3].input_kind, STATIC_INPUT_RPF);
	assert_int_equal(r[3].n_outputs, 0);
	assert_int_equal(r[4].input_kind, STATIC_INPUT_RPF);
	assert_int_equal(r[5].key.src.addr.family, IP_V6);
	assert_int_equal(r->n_outputs, 4);
	assert_int_equal(o[0].ttl_threshold, -1);
	assert_true(ip_is_none(&o[0].unicast));
	assert_int_equal(o[1].ttl_threshold, 0);
	assert_ip(&o[2].unicast, "10.1.0.5");
	assert_int_equal(o[2].port, 5000);
	assert_int_equal(o[2].ttl, 16);
	assert_true(o[2].preserve_source);
	assert_true(o[2].set_dscp);
	assert_int_equal(o[2].dscp, 0);
	assert_false(o[3].set_dscp);
	assert_string_equal(o[3].interface, "");
	assert_int_equal(o[3].ttl, 64);
	assert_ip(&o[3].source, "10.1.0.77");
	conf_free(c);
}

static void what_is_left_out_has_its_default(void **state)
{
	struct conf *c = right("ports: ();\ninterfaces: ();");
	char host[CONF_NAMELEN] = "";

	gethostname(host, sizeof(host) - 1);
	assert_string_equal(c->router.name, host[0] ? host : "starg");
	assert_null(c->router.eal);
	assert_int_equal(c->router.poll, CONF_POLL_AUTO);
	assert_int_equal(c->router.workers, -1);
	assert_int_equal(c->router.mbufs, 32768);
	assert_int_equal(c->router.max_routes, 1048576);
	assert_int_equal(c->router.max_oifs, 65536);
	assert_false(c->router.has_mac);
	assert_int_equal(c->router.log, LOG_LVL_NOTICE);
	assert_int_equal(c->router.upcall_rate, 1000);
	assert_int_equal(c->router.hold.packets, 64);
	assert_int_equal(c->router.hold.flows, 256);
	assert_int_equal(c->router.hold.time_ms, 500);
	assert_true(c->router.huge);
	assert_true(c->router.telemetry);
	assert_string_equal(c->control.socket, "/run/starg/stargd.sock");
	conf_free(c);
}

static void libconfigs_other_spellings_are_accepted(void **state)
{
	struct conf *c = right("ports = [];\ninterfaces = ();\n"
			       "router: { mbufs = 0x1000, workers = 2L huge = FALSE };\n");

	assert_int_equal(c->router.mbufs, 4096);
	assert_int_equal(c->router.workers, 2);
	assert_false(c->router.huge);
	conf_free(c);
}

static void assert_no_changes(const struct conf *a, const struct conf *b)
{
	struct conf_change *changes = NULL;

	assert_int_equal(conf_diff(a, b, &changes), 0);
	free(changes);
}

static void what_is_printed_reads_back_as_the_same(void **state)
{
	struct conf *a = full(), *b;
	char *first = printed(a), *second;

	b = right(first);
	second = printed(b);
	assert_string_equal(first, second);
	assert_no_changes(a, b);
	free(first);
	free(second);
	conf_free(a);
	conf_free(b);
}

static void only_what_is_no_default_is_printed(void **state)
{
	struct conf *c =
		right("router: { name = \"r1\"; workers = 3; mbufs = 32768; };\n"
		      "ports: ({name = \"p0\"; device = \"net_null0\"; promiscuous = true;});\n"
		      "interfaces: ({name = \"a\"; port = \"p0\"; exception = \"kernel\";});\n"
		      "static: {routes: ({source = \"10.0.0.1\"; group = \"239.1.1.1\"; input = "
		      "\"rpf\"; outputs: ({interface = \"a\";});});};");
	char *text = printed(c);

	assert_string_equal(text,
		"router: { name = \"r1\"; workers = 3; };\n"
		"ports: (\n\t{ name = \"p0\"; device = \"net_null0\"; }\n);\n"
		"interfaces: (\n\t{ name = \"a\"; port = \"p0\"; }\n);\n"
		"static: { routes: (\n\t{ source = \"10.0.0.1\"; group = \"239.1.1.1\"; outputs: ( { "
		"interface = \"a\"; } ); }\n);\n};\n");
	free(text);
	conf_free(c);
}

static void quotes_and_backslashes_survive_printing(void **state)
{
	struct conf *
		a = right("ports: ({name = \"p0\"; device = \"net_pcap0,rx_pcap=a\\\"b\\\\c\";});\n"
			  "interfaces: ();"),
	       *b;
	char *text = printed(a);

	b = right(text);
	assert_string_equal(b->ports[0].device, "net_pcap0,rx_pcap=a\"b\\c");
	free(text);
	conf_free(a);
	conf_free(b);
}

static void a_copied_route_owns_its_arrays(void **state)
{
	struct conf *c = full();
	struct static_route copy, except;

	assert_int_equal(static_route_copy(&copy, &c->routes[0]), 0);
	assert_int_equal(static_route_copy(&except, &c->routes[2]), 0);
	assert_ptr_not_equal(except.excepts, c->routes[2].excepts);
	assert_ptr_not_equal(copy.outputs, c->routes[0].outputs);
	assert_memory_equal(copy.outputs, c->routes[0].outputs, 4 * sizeof(*copy.outputs));
	conf_free(c);
	assert_int_equal(copy.outputs[2].port, 5000);
	assert_int_equal(except.excepts[0].len, 24);
	static_route_fini(&copy);
	static_route_fini(&except);
}

static void files_that_cannot_be_read_say_why(void **state)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;

	assert_int_equal(conf_read("/nonexistent/x.conf", &c, err, sizeof(err)), -ENOENT);
	assert_string_equal(err,
		"/nonexistent/x.conf: cannot be read: No such file or directory: give "
		"the right file with -c FILE");
	assert_int_equal(conf_read(DATA_DIR, &c, err, sizeof(err)), -EISDIR);
	assert_string_equal(err,
		DATA_DIR ": cannot be read: Is a directory: name a file in it with -c "
			 "FILE");
	assert_null(c);
}

static void messages_that_do_not_fit_are_counted(void **state)
{
	char text[4096] = "ports: ();\ninterfaces: ();\n", err[240];
	struct conf *c = NULL;

	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "zz%d = 1;\n", i);
	assert_int_equal(text_read(text, strlen(text), &c, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "F:3: unknown key 'zz0'"));
	assert_non_null(strstr(err, "\nF: and 99 more problems"));
}

static void ten_thousand_routes_are_read(void **state)
{
	const unsigned n = 10000;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct conf *c;

	assert_non_null(f);
	fputs(BASE "static: {routes: (\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f,
			"%s{source=\"10.0.%u.%u\"; group=\"239.1.1.1\"; outputs: "
			"({interface=\"lan1\";});}\n",
			i ? "," : "", i / 256, i % 256);
	fputs(");};", f);
	assert_int_equal(fclose(f), 0);
	c = right(text);
	assert_int_equal(c->n_routes, n);
	conf_free(c);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(router_and_control_settings_arrive),
		cmocka_unit_test(ports_arrive),
		cmocka_unit_test(a_ports_policers_are_its_own_then_the_routers_then_the_defaults),
		cmocka_unit_test(interfaces_arrive),
		cmocka_unit_test(tunnels_arrive_with_their_defaults),
		cmocka_unit_test(rpf_neighbors_and_preferences_arrive),
		cmocka_unit_test(routes_arrive),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(libconfigs_other_spellings_are_accepted),
		cmocka_unit_test(what_is_printed_reads_back_as_the_same),
		cmocka_unit_test(only_what_is_no_default_is_printed),
		cmocka_unit_test(quotes_and_backslashes_survive_printing),
		cmocka_unit_test(a_copied_route_owns_its_arrays),
		cmocka_unit_test(files_that_cannot_be_read_say_why),
		cmocka_unit_test(messages_that_do_not_fit_are_counted),
		cmocka_unit_test(ten_thousand_routes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
