/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Commands that change something, over a real control library: routes with every option the file
 * has, load, show config as a file again, set, start, stop, reload.
 */
#include "tests/unit/shell/router.h"

#include "app/shell/route_words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- add route, del route ------------------------------------------------------------------------------ */

static void added_route_is_in_the_data_plane_at_once(void **state)
{
	struct router *r = *state;
	struct dp_route_key k = key("10.0.0.2", "239.1.1.9");
	const struct dp_route *route;

	run_ok(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 output gre0");
	route = fake_dp_route(r->w->f, &k);
	assert_non_null(route);
	assert_int_equal(route->n_inputs, 1);
	assert_int_equal(route->inputs[0].ifid, net_if_find(r->app.net, "src")->id);
	assert_true(fake_dp_route_has_if(r->w->f, route, net_if_find(r->app.net, "gre0")->id));
	assert_string_equal(
		text_at(run_ok(r, "show mroute 10.0.0.2"), "routes[0].origin[0]"), "shell");
	run_ok(r, "del route 10.0.0.2 239.1.1.9");
	assert_null(fake_dp_route(r->w->f, &k));
}

static void every_option_of_the_file_can_be_added(void **state)
{
	struct router *r = *state;
	const struct dp_oif *her;
	struct dp_route_key k = key("10.0.0.3", "239.1.1.9");
	struct ipaddr dst = addr("10.1.0.5");
	const json_t *v;

	run_ok(r,
		"add route 10.0.0.3 239.1.1.9 input src input lan2 output lan1 ttl-threshold 16 "
		"output lan1 unicast 10.1.0.5 port 5000 ttl 32 dscp 46 source 10.1.0.1 ttl-threshold 3 "
		"output unicast 10.1.0.6 preserve-source");
	her = fake_dp_route_her(r->w->f, fake_dp_route(r->w->f, &k), &dst);
	assert_non_null(her);
	assert_int_equal(her->her_port, 5000);
	assert_int_equal(her->her_ttl, 32);
	assert_true(her->her_set_dscp);
	assert_int_equal(her->her_dscp, 46);
	assert_int_equal(her->ttl_threshold, 3);
	assert_true(ip_eq(&her->her_src, &(struct ipaddr){.family = IP_V4, .b = {10, 1, 0, 1}}));
	dst = addr("10.1.0.6");
	her = fake_dp_route_her(r->w->f, fake_dp_route(r->w->f, &k), &dst);
	assert_non_null(her);
	assert_true(ip_is_none(&her->her_src));
	assert_false(her->her_set_dscp);
	assert_int_equal(her->her_ttl, 64);
	v = run_ok(r, "show mroute 10.0.0.3");
	assert_int_equal(json_array_size(at(v, "routes[0].inputs")), 2);
	assert_int_equal(json_array_size(at(v, "routes[0].outputs")), 3);
}

static void inputs_may_be_rpf_any_or_left_out(void **state)
{
	struct router *r = *state;
	uint16_t lan1 = net_if_find(r->app.net, "lan1")->id;
	struct dp_route_key k = key("10.9.0.1", "239.1.1.9"), any = key("*", "239.1.1.10");

	run_ok(r, "add route 10.9.0.1 239.1.1.9 input rpf output src");
	assert_int_equal(fake_dp_route(r->w->f, &k)->inputs[0].ifid, lan1);
	run_ok(r, "del route 10.9.0.1 239.1.1.9");
	run_ok(r, "add route 10.9.0.1 239.1.1.9 output src");
	assert_int_equal(fake_dp_route(r->w->f, &k)->inputs[0].ifid, lan1);
	run_ok(r, "add route * 239.1.1.10 input any output src");
	assert_int_equal(fake_dp_route(r->w->f, &any)->inputs[0].ifid, DP_IF_ANY);
	run_ok(r, "add route 10.0.0.0/8 239.8.0.0/16 input lan1 output src");
}

static void abbreviated_route_is_the_same(void **state)
{
	struct router *r = *state;

	run_ok(r, "a r 10.0.0.2 239.1.1.9 i src o lan1 u 10.1.0.5 po 5 pr ttl 9");
	assert_int_equal(
		number_at(run_ok(r, "show mroute 10.0.0.2"), "routes[0].outputs[0].port"), 5);
	assert_true(json_is_true(
		at(run_ok(r, "show mroute 10.0.0.2"), "routes[0].outputs[0].preserve_source")));
}

static void wrong_routes_are_explained(void **state)
{
	struct router *r = *state;

	run_fails(r, "add route 10.0.0.2", "GROUP (a multicast group");
	run_fails(r, "add route 10.0.0.2 10.0.0.1 output lan1", "\"10.0.0.1\" does not fit");
	run_fails(r, "add route 10.0.0.2 224.0.0.5 input src output lan1", "link-local");
	run_fails(r, "add route 127.0.0.1 239.1.1.9 input src output lan1", "loopback");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan9",
		"there is src, lan1, lan2, gre0, lo0");
	run_fails(r, "add route * 239.1.1.9 input rpf output lan1", "rpf needs a source");
	run_fails(r, "add route * 239.1.1.9 output lan1", "no input");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input any input src output lan1",
		"`input any` stands alone");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src input rpf output lan1",
		"`input rpf` stands alone");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src input src output lan1", "twice");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 output lan1", "twice");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 ttl 3 ttl 4", "twice");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 port 3",
		"output lan1 unicast ADDR");
	run_fails(r,
		"add route 10.0.0.2 239.1.1.9 input src output lan1 unicast 10.1.0.5 port 70000",
		"UDPPORT (a UDP port from 1 to 65535");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 unicast 10.1.0.5 ttl 0",
		"TTL (a TTL from 1 to 255)");
	run_fails(r,
		"add route 10.0.0.2 239.1.1.9 input src output lan1 unicast 10.1.0.5 source 10.1.0.1 "
		"preserve-source",
		"exclude each other");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 unicast ff02::1", "famil");
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output unicast 239.1.1.1", "unicast");
	assert_int_equal(number_at(run_ok(r, "show mroute"), "total"), 2);
}

static void routes_of_file_and_shell_are_told_apart(void **state)
{
	struct router *r = *state;
	const json_t *v;

	run_fails(r, "del route 10.0.0.1 239.1.1.1", "file");
	run_fails(r, "del route 10.0.0.9 239.1.1.1", "(10.0.0.9, 239.1.1.1)");
	run_ok(r, "add route 10.0.0.1 239.1.1.1 input src output gre0");
	run_fails(r, "add route 10.0.0.1 239.1.1.1 input src output gre0", "(10.0.0.1, 239.1.1.1)");
	v = run_ok(r, "show mroute 10.0.0.1");
	assert_string_equal(text_at(v, "routes[0].origin[0]"), "file");
	assert_string_equal(text_at(v, "routes[0].origin[1]"), "shell");
	assert_int_equal(json_array_size(at(v, "routes[0].outputs")), 3);
	run_ok(r, "add route 10.0.0.2 239.1.1.1 input src output gre0");
	assert_int_equal(number_at(run_ok(r, "clear shell-routes"), "deleted"), 2);
	assert_int_equal(number_at(run_ok(r, "show mroute"), "total"), 2);
}

static void full_table_is_said(void **state)
{
	struct router *r = *state;

	r->w->f->routes_max = 2;
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1", "max_routes");
	r->w->f->routes_max = UINT32_MAX;
	run_ok(r, "add route 10.0.0.3 239.1.1.9 input src output lan1");
	assert_int_equal(number_at(run_ok(r, "show mroute"), "total"), 4);
}

static void route_with_thousands_of_outputs_fits_a_line(void **state)
{
	struct router *r = *state;
	static char line[CMD_LINE_MAX];
	size_t n = (size_t)snprintf(line, sizeof(line), "add route 10.0.0.2 239.1.1.9 input src");
	unsigned outputs;

	for (outputs = 0; outputs < 2000; outputs++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " output unicast 10.7.%u.%u",
			outputs / 250, outputs % 250 + 1);
	assert_true(n < CMD_LINE_MAX - 1);
	run_ok(r, line);
	assert_int_equal(
		json_array_size(at(run_ok(r, "show mroute 10.0.0.2"), "routes[0].outputs")),
		outputs);
}

static void route_may_except_sources(void **state)
{
	struct router *r = *state;
	struct dp_route_key k = key("10.0.0.0/8", "239.7.0.0/16");
	const json_t *v;

	run_ok(r,
		"add route * 239.7.0.0/16 input src except 10.0.0.0/8 except 192.0.2.7 output lan1");
	assert_int_equal(fake_dp_route(r->w->f, &k)->inputs[0].flags, DP_INPUT_DROP);
	v = run_ok(r, "show mroute *");
	assert_string_equal(text_at(v, "routes[1].except[0]"), "10.0.0.0/8");
	assert_string_equal(text_at(v, "routes[1].except[1]"), "192.0.2.7");
	assert_non_null(strstr(
		run_text(r, "show mroute *"), "(*, 239.7.0.0/16): except 10.0.0.0/8, 192.0.2.7\n"));
	assert_string_equal(
		text_at(run_ok(r, "show mroute 10.0.0.5 239.7.1.1"), "routes[0].flags[1]"),
		"excepted");
	run_ok(r, "add route 10.0.0.0/24 239.0.0.0/8 input src output lan2");
	assert_non_null(
		strstr(run_text(r, "show mroute 10.0.0.5 239.7.1.1"), "10.0.0.0/24  239.7.0.0/16"));
	run_ok(r, "del route * 239.7.0.0/16");
	assert_null(fake_dp_route(r->w->f, &k));
	run_fails(r, "add route 10.0.0.0/8 239.7.0.0/16 input src except 11.0.0.1 output lan1",
		"not within source 10.0.0.0/8");
	run_fails(r, "add route * 239.7.0.0/16 input src except * output lan1",
		"EXCEPT (sources that the route does not hold for");
	run_fails(r,
		"add route * 239.7.0.0/16 input src except 10.0.0.0/8 except 10.1.0.0/16 output lan1",
		"lies within except 10.0.0.0/8");
}

/* --- show config ----------------------------------------------------------------------------------------- */

static void shown_config_is_a_file_with_the_running_state(void **state)
{
	struct router *r = *state;
	char path[] = "/tmp/starg-test-XXXXXX", err[4096];
	int fd = mkstemp(path);
	const char *text;
	struct conf *again;

	run_ok(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 unicast 10.1.0.5 port 7");
	run_ok(r, "add route 10.0.0.1 239.1.1.1 input lan2 output gre0");
	run_ok(r, "add route * 239.2.0.1 input src except 10.0.0.0/8 output lan1");
	run_ok(r, "set interface lan1 down");
	run_ok(r, "set log debug");
	text = run_text(r, "show config");
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	if (conf_read(path, &again, err, sizeof(err)))
		fail_msg("%s\n%s", err, text);
	unlink(path);
	log_set_level(LOG_LVL_NOTICE);
	assert_int_equal(again->router.log, LOG_LVL_DEBUG);
	assert_int_equal(again->n_ifs, r->app.conf->n_ifs);
	assert_true(again->ifs[1].shutdown);
	assert_false(again->ifs[0].shutdown);
	assert_int_equal(again->n_routes, 3);
	assert_int_equal(again->routes[0].n_outputs, 3); /* file's two and the shell's one */
	assert_string_equal(again->routes[0].inputs[0], "lan2");
	assert_int_equal(again->routes[2].n_outputs, 2);
	assert_int_equal(again->routes[2].n_excepts, 1); /* the shell's */
	assert_int_equal(again->routes[2].excepts[0].len, 8);
	conf_free(again);
}

/* --- the router ------------------------------------------------------------------------------------------- */

static void interface_is_set_down_and_up(void **state)
{
	struct router *r = *state;

	run_ok(r, "set interface lan1 down");
	assert_false(net_if_find(r->app.net, "lan1")->up);
	assert_non_null(strstr(text_at(run_ok(r, "show interface lan1"), "interfaces[0].problem"),
		"set interface lan1 up"));
	run_ok(r, "set interface lan1 up");
	assert_true(net_if_find(r->app.net, "lan1")->up);
	run_fails(r, "set interface lan1", "up, down");
}

static void log_level_is_set(void **state)
{
	struct router *r = *state;

	run_ok(r, "set log debug");
	assert_int_equal(log_get_level(), LOG_LVL_DEBUG);
	run_ok(r, "set log notice");
	assert_int_equal(log_get_level(), LOG_LVL_NOTICE);
	run_fails(r, "set log loud", "there is error, warning, notice, info, debug");
}

static void start_and_stop_run_the_workers(void **state)
{
	struct router *r = *state;

	run_ok(r, "stop");
	assert_int_equal(r->stopped, 1);
	run_ok(r, "stop");
	assert_int_equal(r->stopped, 1);
	assert_non_null(strstr(run_text(r, "show worker"), "forwarding is stopped"));
	run_ok(r, "start");
	assert_int_equal(r->started, 1);
	assert_string_equal(run_text(r, "start"), "forwarding\n");
}

static void reload_says_what_it_did_or_what_is_wrong(void **state)
{
	struct router *r = *state;

	assert_string_equal(run_text(r, "reload"), "nothing differs\n");
	r->reload_result = -EINVAL;
	run_fails(r, "reload", "f.conf:7: no port pp");
	assert_int_equal(r->reloads, 2);
}

static void counters_are_cleared_everywhere(void **state)
{
	struct router *r = *state;

	run_ok(r, "clear counters");
	assert_int_equal(r->cleared, 2); /* data plane and ports */
}

static void quit_ends_the_shell_and_shutdown_the_router(void **state)
{
	struct router *r = *state;
	struct cmd_result result;

	cmd_run(&r->app, "quit", &result);
	assert_true(result.quit);
	assert_false(result.stop);
	assert_int_equal(r->quits, 0);
	cmd_result_fini(&result);
	cmd_run(&r->app, "shutdown", &result);
	assert_true(result.quit && result.stop);
	assert_int_equal(r->quits, 1);
	cmd_result_fini(&result);
}

/* --- load --------------------------------------------------------------------------------------------------- */

/* A file of commands; its path, valid until the next. */
static const char *file_with(const char *text, size_t len)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/starg-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	return path;
}

static void loaded_file_runs_its_commands(void **state)
{
	static const char text[] = "# routes\n\n"
				   "add route 10.0.0.2 239.1.1.9 input src output lan1\r\n"
				   "  # indented comment\n"
				   "\tset log info\n"
				   "add route 10.0.0.3 239.1.1.9 input src output lan1";
	struct router *r = *state;
	const char *path = file_with(text, sizeof(text) - 1);
	struct dp_route_key k = key("10.0.0.3", "239.1.1.9");
	char line[128];

	snprintf(line, sizeof(line), "load %s", path);
	assert_int_equal(number_at(run_ok(r, line), "commands"), 3);
	assert_non_null(fake_dp_route(r->w->f, &k));
	assert_int_equal(log_get_level(), LOG_LVL_INFO);
	log_set_level(LOG_LVL_NOTICE);
	unlink(path);
	run_fails(r, line, "No such file");
}

static void load_stops_at_the_first_error_with_its_line(void **state)
{
	static const char text[] = "add route 10.0.0.2 239.1.1.9 input src output lan1\n"
				   "add route 10.0.0.2 nonsense\n"
				   "add route 10.0.0.3 239.1.1.9 input src output lan1\n";
	struct router *r = *state;
	const char *path = file_with(text, sizeof(text) - 1);
	struct dp_route_key before = key("10.0.0.2", "239.1.1.9");
	struct dp_route_key behind = key("10.0.0.3", "239.1.1.9");
	char line[128], where[128];

	snprintf(line, sizeof(line), "load %s", path);
	snprintf(where, sizeof(where), "%s:2: ", path);
	run_fails(r, line, where);
	assert_non_null(fake_dp_route(r->w->f, &before));
	assert_null(fake_dp_route(r->w->f, &behind));
	unlink(path);
}

static void load_of_itself_ends(void **state)
{
	struct router *r = *state;
	const char *path = file_with("", 0);
	char line[128];
	FILE *f;

	snprintf(line, sizeof(line), "load %s", path);
	f = fopen(path, "w");
	fprintf(f, "%s\n", line);
	fclose(f);
	run_fails(r, line, "nested more than 8 deep");
	unlink(path);
}

static void load_refuses_binaries_and_directories(void **state)
{
	struct router *r = *state;
	const char *path = file_with("\0\1\2\n", 4);
	char line[128];

	snprintf(line, sizeof(line), "load %s", path);
	run_fails(r, line, "NUL byte");
	unlink(path);
	run_fails(r, "load /proc", "no regular file");
	run_fails(r, "load not/there", "the router looked in /");
}

static void quit_in_a_file_ends_the_file(void **state)
{
	static const char text[] = "quit\nset log debug\n";
	struct router *r = *state;
	const char *path = file_with(text, sizeof(text) - 1);
	char line[128];

	snprintf(line, sizeof(line), "load %s", path);
	run_ok(r, line);
	assert_int_not_equal(log_get_level(), LOG_LVL_DEBUG);
	unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, router_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(added_route_is_in_the_data_plane_at_once),
		TEST(every_option_of_the_file_can_be_added),
		TEST(inputs_may_be_rpf_any_or_left_out),
		TEST(abbreviated_route_is_the_same),
		TEST(wrong_routes_are_explained),
		TEST(routes_of_file_and_shell_are_told_apart),
		TEST(full_table_is_said),
		TEST(route_with_thousands_of_outputs_fits_a_line),
		TEST(route_may_except_sources),
		TEST(shown_config_is_a_file_with_the_running_state),
		TEST(interface_is_set_down_and_up),
		TEST(log_level_is_set),
		TEST(start_and_stop_run_the_workers),
		TEST(reload_says_what_it_did_or_what_is_wrong),
		TEST(counters_are_cleared_everywhere),
		TEST(quit_ends_the_shell_and_shutdown_the_router),
		TEST(loaded_file_runs_its_commands),
		TEST(load_stops_at_the_first_error_with_its_line),
		TEST(load_of_itself_ends),
		TEST(load_refuses_binaries_and_directories),
		TEST(quit_in_a_file_ends_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
