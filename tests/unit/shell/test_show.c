/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The real command table over a real control library: every row, every `show`, its JSON schema
 * against schema.json and the manual page, and what its text says.
 */
#include "tests/unit/shell/trees.h"

#include "app/shell/syntax.h"

#include <stdlib.h>
#include <string.h>

/* --- the table ------------------------------------------------------------------------------------- */

/* The fixed words a row begins with. */
static void leading_words(const struct cmd *row, char *buf, size_t cap)
{
	size_t n = strcspn(row->syntax, "[{ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	snprintf(buf, cap, "%.*s", (int)n, row->syntax);
}

static void every_row_parses_and_has_one_line_of_help(void **state)
{
	const struct syn_prog *p = syn_prog_get();
	unsigned rows = 0;

	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++, rows++) {
			assert_non_null(row->run);
			assert_true(strlen(row->help) > 3);
			assert_null(strchr(row->help, '\n'));
		}
	assert_int_equal(p->n_rows, rows);
	assert_true(rows > 25);
}

static void every_row_completes(void **state)
{
	struct router *r = *state;
	char words[128], *space;

	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++) {
			json_t *list, *o;
			bool offered = false;
			size_t i;

			leading_words(row, words, sizeof(words));
			while (words[strlen(words) - 1] == ' ')
				words[strlen(words) - 1] = '\0';
			space = strrchr(words, ' ');
			/* without its last letter, if it has more than one */
			list = cmd_complete(&r->app, words);
			json_array_foreach (list, i, o)
				offered |= strcmp(json_string_value(json_object_get(o, "word")),
						   space ? space + 1 : words) == 0;
			if (!offered)
				fail_msg("\"%s\" is not offered", words);
			json_decref(list);
		}
}

static void help_lists_every_row(void **state)
{
	struct router *r = *state;
	const char *text = run_text(r, "help");

	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++)
			if (!strstr(text, row->syntax) || !strstr(text, row->help))
				fail_msg("help lacks %s", row->syntax);
	assert_int_equal(json_array_size(at(run_ok(r, "help show rpf"), "commands")), 1);
	assert_non_null(strstr(run_text(r, "help sh rpf"), "an IPv4 or IPv6 address"));
	assert_non_null(strstr(run_text(r, "?"), "show mroute"));
	run_fails(r, "help nonsense", "no command begins with \"nonsense\"");
}

/* As the key lists it while the line is typed. */
static void a_question_lists_the_commands_and_names_that_fit(void **state)
{
	struct router *r = *state;
	json_t *typed = cmd_complete(&r->app, "show pim ");

	assert_true(json_array_size(typed) > 5);
	assert_true(json_equal(at(run_ok(r, "show pim ?"), "words"), typed));
	assert_non_null(strstr(run_text(r, "show pim ?"), "\nneighbor "));
	assert_non_null(strstr(run_text(r, "show interface ?"), "lan1 "));
	run_fails(r, "show pmi ?", "did you mean");
	json_decref(typed);
}

static void live_names_are_completed(void **state)
{
	struct router *r = *state;
	static const struct {
		const char *line, *word;
	} cases[] = {{"show interface la", "lan1"}, {"show port stats ", "p1"},
		{"show mroute 10", "10.0.0.1"}, {"show mroute * ", "239.2.0.1"},
		{"set log ", "debug"}, {"set interface lan1 ", "down"},
		{"add route 10.0.0.2 239.1.1.9 input ", "any"},
		{"add route 10.0.0.2 239.1.1.9 input src output ", "gre0"},
		{"add route 10.0.0.2 239.1.1.9 input src output lan1 un", "unicast"},
		{"add route 10.0.0.2 239.1.1.9 input src output lan1 ttl-t", "ttl-threshold"},
		{"load /pro", "/proc/"}, {"write /pro", "/proc/"}, {"show rpf 10.1.0", "10.1.0.5"},
		{"add route 10.0.0.2 239.1.1.9 output unicast ", "10.1.0.5"},
		{"explain 10.0.0.1 ", "239.1.1.1"}};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		json_t *list = cmd_complete(&r->app, cases[c].line), *o;
		bool offered = false;
		size_t i;

		json_array_foreach (list, i, o)
			offered |= strcmp(json_string_value(json_object_get(o, "word")),
					   cases[c].word) == 0;
		if (!offered)
			fail_msg("%s: %s is not offered", cases[c].line, cases[c].word);
		json_decref(list);
	}
}

static bool is_offered(struct router *r, const char *line, const char *word, size_t *n)
{
	json_t *list = cmd_complete(&r->app, line), *o;
	bool found = false;
	size_t i;

	json_array_foreach (list, i, o)
		found |= strcmp(json_string_value(json_object_get(o, "word")), word) == 0;
	*n = json_array_size(list);
	json_decref(list);
	return found;
}

static void completion_of_many_groups_begins_with_what_was_typed(void **state)
{
	struct router *r = *state;
	char line[128];
	size_t n;

	for (int i = 0; i < 3000; i++) {
		snprintf(line, sizeof(line),
			"add route 10.0.%d.%d 239.%d.%d.7 input src output lan1", i >> 8, i & 255,
			10 + i / 250, i % 250);
		run_ok(r, line);
	}
	for (int i = 0; i < 3000; i++) { /* one group with more sources than are looked at */
		snprintf(line, sizeof(line), "add route 10.0.%d.%d 238.0.0.1 input src output lan1",
			i >> 8, i & 255);
		run_ok(r, line);
	}
	assert_true(is_offered(r, "show mroute 10.0.0.1 ", "238.0.0.1", &n));
	assert_in_range(n, 200, 202); /* and what else may stand there */
	assert_true(is_offered(r, "show mroute 10.0.0.1 ", "239.1.1.1", &n));
	assert_true(is_offered(r, "show mroute 10.0.0.1 239.21.2", "239.21.249.7", &n));
	assert_int_equal(n, 61); /* 2, 20 to 29, 200 to 249 */
	assert_true(is_offered(r, "del route 10.0.0.1 239.21.", "239.21.0.7", &n));
	assert_int_equal(n, 200);
	assert_false(is_offered(r, "del route 10.0.0.1 240.", "", &n));
	assert_int_equal(n, 0);
}

/* --- schema ------------------------------------------------------------------------------------------- */

static void add_path(json_t *paths, const char *path)
{
	json_object_set_new(paths, path, json_true());
}

/* "routes[].counters.packets" for every leaf. */
static void collect(const json_t *v, const char *path, json_t *paths)
{
	const json_t *inner;
	const char *key;
	char deeper[256];
	size_t i;

	if (json_is_object(v)) {
		json_object_foreach ((json_t *)v, key, inner) {
			snprintf(deeper, sizeof(deeper), "%s%s%s", path, *path ? "." : "", key);
			collect(inner, deeper, paths);
		}
	} else if (json_is_array(v)) {
		snprintf(deeper, sizeof(deeper), "%s[]", path);
		if (!json_array_size(v))
			add_path(paths, deeper);
		json_array_foreach (v, i, inner)
			collect(inner, deeper, paths);
	} else {
		add_path(paths, path);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths in order. One that is also the beginning of others ("gre" null here, an object there; a
 * list empty here) says nothing by itself and is left out. */
static json_t *leaves(json_t *paths)
{
	const char *sorted[512], *path;
	json_t *list = json_array(), *v;
	size_t n = 0;

	json_object_foreach (paths, path, v) {
		assert_true(n < 512);
		sorted[n++] = path;
	}
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(sorted[i]);
		bool stem = false;

		for (size_t j = 0; j < n; j++)
			stem |= strncmp(sorted[j], sorted[i], len) == 0 &&
				(sorted[j][len] == '.' || sorted[j][len] == '[');
		if (!stem)
			json_array_append_new(list, json_string(sorted[i]));
	}
	return list;
}

static json_t *load_json(const char *variable)
{
	const char *path = getenv(variable);
	json_error_t e;
	json_t *v;

	assert_non_null(path);
	v = json_load_file(path, 0, &e);
	if (!v)
		fail_msg("%s:%d: %s", path, e.line, e.text);
	return v;
}

/* schema.json: for each command the paths of all its values. What it should be is printed. */
static void every_show_has_its_documented_schema(void **state)
{
	json_t *golden = load_json("SCHEMA"), *actual = json_object(), *want, *paths;
	struct router *r = *state;
	const char *command;

	r->route = (struct dp_route_counters){.packets = 5, .last_used_ms = 3};
	r->worker.drops[DROP_no_route] = 3;
	trees_all(r);
	json_object_foreach (golden, command, want) {
		paths = json_object();
		collect(run_ok(r, command), "", paths);
		json_object_set_new(actual, command, leaves(paths));
		json_decref(paths);
	}
	if (!json_equal(golden, actual)) {
		fputs("the schema is now\n", stderr);
		json_dumpf(actual, stderr, JSON_INDENT(1));
		fail_msg("schema.json differs");
	}
	json_decref(golden);
	json_decref(actual);
}

static void every_show_row_is_in_the_schema(void **state)
{
	json_t *golden = load_json("SCHEMA"), *v;
	const char *command;
	char words[128];

	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++) {
			bool found = false;

			leading_words(row, words, sizeof(words));
			if (strncmp(words, "show ", 5) != 0 && strncmp(words, "explain", 7) != 0)
				continue;
			if (words[strlen(words) - 1] == ' ')
				words[strlen(words) - 1] = '\0';
			json_object_foreach (golden, command, v)
				found |= strncmp(command, words, strlen(words)) == 0;
			if (!found)
				fail_msg("schema.json lacks \"%s\"", words);
		}
	json_decref(golden);
}

static void manual_page_names_every_key(void **state)
{
	json_t *golden = load_json("SCHEMA"), *want, *line;
	FILE *f = fopen(getenv("MANUAL"), "re");
	static char page[200000];
	const char *command;
	size_t n, i;

	assert_non_null(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	page[n] = '\0';
	fclose(f);
	json_object_foreach (golden, command, want)
		json_array_foreach (want, i, line) {
			const char *path = json_string_value(line), *dot = strrchr(path, '.');
			char key[64];

			snprintf(key, sizeof(key), "%s", dot ? dot + 1 : path);
			key[strcspn(key, "[")] = '\0';
			if (!strstr(page, key))
				fail_msg("stargctl.8 lacks %s of %s", key, command);
		}
	json_decref(golden);
}

/* --- shows ------------------------------------------------------------------------------------------- */

static void ports_are_shown_one_or_all(void **state)
{
	struct router *r = *state;
	const json_t *v = run_ok(r, "show port stats all");

	assert_int_equal(json_array_size(at(v, "ports")), 3);
	assert_int_equal(number_at(v, "ports[1].rx_packets"), 101);
	v = run_ok(r, "show port p2");
	assert_int_equal(json_array_size(at(v, "ports")), 1);
	assert_string_equal(text_at(v, "ports[0].state"), "down");
	run_fails(r, "show port p9", "there is p0, p1, p2");
	assert_non_null(strstr(run_text(r, "show port stats"), "RxPackets"));
}

static void offload_tells_the_rule_and_why_it_is_not_in_hardware(void **state)
{
	struct router *r = *state;
	const json_t *v = run_ok(r, "show offload p0");
	const char *text;

	assert_int_equal(json_array_size(at(v, "ports")), 1);
	assert_int_equal(number_at(v, "ports[0].control_queue"), 3);
	assert_int_equal(number_at(v, "ports[0].rules[0].hits"), 12);
	assert_string_equal(text_at(v, "ports[0].rules[0].state"), "hardware");
	assert_string_equal(text_at(v, "ports[0].rules[1].state"), "software");
	assert_string_equal(text_at(v, "ports[0].rules[1].problem"), "Not supported action.");
	text = run_text(r, "show offload");
	assert_non_null(
		strstr(text, "port p0 (net_null): 3 data queue(s), control packets in queue 3"));
	assert_non_null(strstr(text, "control packets among data"));
	assert_non_null(strstr(text, "port p2 (net_null): absent"));
	assert_non_null(strstr(text, "1000 by their mark, 5 looked up"));
	run_fails(r, "show offload p9", "there is p0, p1, p2");
}

static void interfaces_say_why_they_are_down(void **state)
{
	struct router *r = *state;
	const json_t *v = run_ok(r, "show interface lan2");

	assert_string_equal(text_at(v, "interfaces[0].state"), "down");
	assert_non_null(strstr(text_at(v, "interfaces[0].problem"), "no carrier"));
	v = run_ok(r, "show interface lan1");
	assert_string_equal(text_at(v, "interfaces[0].state"), "up");
	assert_string_equal(text_at(v, "interfaces[0].addresses[0]"), "10.1.0.1/24");
	assert_string_equal(text_at(v, "interfaces[0].mac"), "02:00:00:00:01:01");
	v = run_ok(r, "show interface gre0");
	assert_string_equal(text_at(v, "interfaces[0].gre.remote"), "198.51.100.2");
	assert_int_equal(number_at(v, "interfaces[0].gre.key"), 7);
	assert_true(strlen(text_at(v, "interfaces[0].gre.problem")) > 5);
	run_fails(r, "show interface lan9", "there is src, lan1, lan2, gre0, lo0");
}

static void unicast_routes_and_rpf_agree(void **state)
{
	struct router *r = *state;
	const json_t *v = run_ok(r, "show route 10.1.0.77");

	assert_string_equal(text_at(v, "routes[0].prefix"), "10.1.0.0/24");
	assert_string_equal(text_at(v, "routes[0].origin"), "connected");
	v = run_ok(r, "show rpf 10.9.1.1");
	assert_string_equal(text_at(v, "interface"), "lan1");
	assert_string_equal(text_at(v, "neighbor"), "10.1.0.9");
	assert_string_equal(text_at(v, "ecmp"), "source-group");
	assert_string_equal(text_at(v, "paths[0].neighbor"), "10.1.0.9");
	assert_true(json_is_true(at(v, "paths[0].chosen")));
	assert_string_equal(
		text_at(run_ok(r, "show rpf 10.9.1.1 239.1.1.1"), "group"), "239.1.1.1");
	run_fails(r, "show rpf 10.9.1.1 ff0e::1", "of different address families");
	v = run_ok(r, "show rpf 172.16.0.1");
	assert_true(json_is_false(at(v, "reachable")));
	assert_non_null(strstr(run_text(r, "show rpf 172.16.0.1"), "unreachable: "));
	assert_non_null(strstr(run_text(r, "show rpf 10.0.0.7"), "directly connected"));
	assert_non_null(strstr(run_text(r, "show rpf 10.9.9.9"), "10.9.9.9: this router itself"));
	assert_true(number_at(run_ok(r, "show route limit 1"), "total") > 2);
	assert_int_equal(number_at(run_ok(r, "show route limit 1"), "shown"), 1);
	assert_non_null(strstr(run_text(r, "show route limit 1"), "more are not shown"));
}

static void neighbors_are_shown(void **state)
{
	struct router *r = *state;
	const json_t *v = run_ok(r, "show neighbor");

	assert_string_equal(text_at(v, "neighbors[0].address"), "10.1.0.5");
	assert_string_equal(text_at(v, "neighbors[0].state"), "static");
}

static void mroute_has_a_row_for_each_output(void **state)
{
	struct router *r = *state;
	const char *text;

	r->w->now_us += 61000000;
	text = run_text(r, "show mroute 10.0.0.1");
	assert_non_null(strstr(text, "10.0.0.1  239.1.1.1  -      static  src    lan1"));
	assert_non_null(strstr(text, "lan1>10.1.0.5:5000"));
	assert_non_null(strstr(text, "00:01:01"));
	assert_null(strstr(text, "239.2.0.1"));
	assert_non_null(strstr(run_text(r, "show mroute *"), "239.2.0.1"));
	assert_int_equal(number_at(run_ok(r, "show mroute 239.1.1.1"), "total"), 1);
	assert_int_equal(number_at(run_ok(r, "show mroute limit 1"), "shown"), 1);
	assert_int_equal(number_at(run_ok(r, "show mroute limit 1"), "total"), 2);
}

/* As a protocol of trees would wish it. */
static void registers_are_shown_as_inputs_and_outputs(void **state)
{
	struct router *r = *state;
	struct tib_output out = {.encap = DP_ENCAP_REGISTER, .allow_input = true};
	struct tib_wish w = {.owner = 7,
		.precedence = TIB_PREC_SM,
		.n_inputs = 1,
		.inputs[0] = {.ifid = DP_IF_REGISTER, .flags = DP_INPUT_ACCEPT},
		.n_outputs = 1,
		.outputs = &out};
	const json_t *v;

	assert_int_equal(ip_parse("10.1.0.254", &out.her_dst), 0);
	assert_int_equal(prefix_parse("10.0.0.77", &w.key.src), 0);
	assert_int_equal(prefix_parse("239.7.7.7", &w.key.grp), 0);
	assert_int_equal(tib_wish_set(r->app.tib, &w, 1), 0);
	assert_int_equal(tib_commit(r->app.tib), 0);
	v = run_ok(r, "show mroute 10.0.0.77");
	assert_string_equal(text_at(v, "routes[0].inputs[0].interface"), "register");
	assert_string_equal(text_at(v, "routes[0].outputs[0].encap"), "register");
	assert_string_equal(text_at(v, "routes[0].outputs[0].unicast"), "10.1.0.254");
	assert_non_null(strstr(run_text(r, "show mroute 10.0.0.77"), "register to 10.1.0.254"));
	assert_non_null(strstr(run_text(r, "explain 10.0.0.77 239.7.7.7"), "output register"));
}

static void mroute_counts_have_rates_from_the_second_look_on(void **state)
{
	struct router *r = *state;
	const json_t *v;

	run_ok(r, "add route 10.0.0.77 239.7.7.7 input src output lan1");
	r->route =
		(struct dp_route_counters){.packets = 1000, .bytes = 64000, .last_used_ms = 2000};
	v = run_ok(r, "show mroute count 10.0.0.77");
	assert_int_equal(number_at(v, "routes[0].packets"), 1000);
	assert_true(json_is_null(at(v, "routes[0].packets_per_s")));
	r->w->now_us += 2000000;
	r->route.packets = 3000;
	r->route.bytes = 192000;
	v = run_ok(r, "show mroute count 10.0.0.77");
	assert_true(json_real_value(at(v, "routes[0].packets_per_s")) == 1000.0);
	assert_true(json_real_value(at(v, "routes[0].bits_per_s")) == 512000.0);
	assert_non_null(strstr(run_text(r, "show mroute count"), "00:00:02"));
}

static void drops_are_summed_and_explained(void **state)
{
	struct router *r = *state;
	const json_t *v;

	assert_string_equal(run_text(r, "show drop"), "nothing was dropped\n");
	r->worker.drops[DROP_no_route] = 3;
	v = run_ok(r, "show drop");
	assert_int_equal(json_array_size(at(v, "drops")), 1);
	assert_string_equal(text_at(v, "drops[0].reason"), "no_route");
	assert_int_equal(number_at(v, "drops[0].packets"), 6);
	assert_string_equal(text_at(v, "drops[0].text"), drop_text(DROP_no_route));
	assert_int_equal(json_array_size(at(run_ok(r, "show drop all"), "drops")), DROP_COUNT);
}

static void policers_are_shown_by_port_and_class(void **state)
{
	struct router *r = *state;
	const json_t *v;

	r->w->f->policed =
		(struct dp_police_counters){.passed = 11, .by_source = 4, .policed = 33, .lost = 2};
	r->w->f->police[1].kind[DP_PUNT_exception].rate = 0;
	v = run_ok(r, "show police p1");
	assert_int_equal(json_array_size(at(v, "ports")), 1);
	assert_string_equal(text_at(v, "ports[0].name"), "p1");
	assert_int_equal(number_at(v, "ports[0].source.rate"), 20);
	assert_string_equal(text_at(v, "ports[0].classes[0].class"), "hello");
	assert_int_equal(number_at(v, "ports[0].classes[0].rate"), 1000);
	assert_int_equal(number_at(v, "ports[0].classes[0].burst"), 500);
	assert_int_equal(number_at(v, "ports[0].classes[0].policed"), 33);
	assert_int_equal(number_at(v, "ports[0].classes[0].by_source"), 4);
	assert_true(json_is_null(at(v, "ports[0].classes[3].rate")));
	assert_string_equal(text_at(v, "ports[0].classes[4].class"), "nocache");
	assert_true(json_is_true(at(v, "ports[0].classes[4].signal")));
	assert_int_equal(number_at(v, "ports[0].classes[4].burst"), 1000);
	assert_int_equal(json_array_size(at(run_ok(r, "show police"), "ports")), 3);
	assert_non_null(strstr(run_text(r, "show police p1"),
		"port p1: 0 regular sources, each may send 20/s, 50 at once"));
	assert_non_null(strstr(run_text(r, "show police all"), "wrongvif"));
	run_fails(r, "show police p9", "p9");
}

static void the_hold_is_shown(void **state)
{
	struct router *r = *state;
	const json_t *v;

	r->w->f->hold = (struct dp_hold_info){.packets = 8, .flows_held = 3, .on = true};
	r->worker.hold_kept = 10; /* of two workers */
	r->worker.drops[DROP_hold_expired] = 2;
	v = run_ok(r, "show hold");
	assert_true(json_is_true(at(v, "on")));
	assert_int_equal(number_at(v, "packets"), 8);
	assert_int_equal(number_at(v, "flows_held"), 3);
	assert_int_equal(number_at(v, "kept"), 20);
	assert_int_equal(number_at(v, "expired"), 4);
	assert_non_null(strstr(run_text(r, "show hold"), "time_ms"));
}

static void worker_tells_its_queues_effort_and_drops(void **state)
{
	struct router *r = *state;
	const char *text;
	const json_t *v;

	r->worker.rx_packets = 100;
	r->worker.rounds = 50;
	r->worker.busy_rounds = 10;
	r->worker.cycles[DP_STAGE_RX] = 1000;
	r->worker.cycles[DP_STAGE_TX] = 3000;
	r->worker.drops[DROP_no_route] = 7;
	v = run_ok(r, "show worker");
	assert_true(json_real_value(at(v, "workers[0].cycles_per_packet")) == 40);
	assert_true(json_real_value(at(v, "workers[0].packets_per_busy_round")) == 10);
	assert_true(json_real_value(at(v, "workers[0].idle_rounds")) == 0.8);
	assert_string_equal(text_at(v, "workers[0].drops[0].reason"), "no_route");
	/* of ports 0, 1, 2 with two queues each: those whose port + queue is even, or odd */
	assert_int_equal(json_array_size(at(v, "workers[0].queues")), 3);
	assert_string_equal(text_at(v, "workers[0].queues[1]"), "p1:1");
	assert_string_equal(text_at(v, "workers[1].queues[0]"), "p0:1");
	text = run_text(r, "show worker");
	assert_non_null(strstr(text, "polls p0:0, p1:1, p2:0\n"));
	assert_non_null(strstr(
		text, "40.0 cycles a packet, all stages; 10.0 packets a busy round; 80.0 % of"));
	assert_non_null(strstr(text, "dropped no_route 7\n"));
}

static void workers_memory_and_version_are_shown(void **state)
{
	struct router *r = *state;
	const json_t *v;

	r->worker.packets[DP_STAGE_LOOKUP] = 10;
	r->worker.cycles[DP_STAGE_LOOKUP] = 255;
	v = run_ok(r, "show worker");
	assert_int_equal(json_array_size(at(v, "workers")), 2);
	assert_true(json_real_value(at(v, "workers[0].stages[3].cycles_per_packet")) == 25.5);
	assert_true(number_at(run_ok(r, "show memory"), "resident_bytes") > 100000);
	assert_int_equal(number_at(run_ok(r, "show memory"), "tib_entries"), 2);
	assert_string_equal(text_at(run_ok(r, "show version"), "name"), "edge1");
	assert_non_null(strstr(run_text(r, "show version"), "version:"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, router_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_row_parses_and_has_one_line_of_help),
		TEST(every_row_completes),
		TEST(help_lists_every_row),
		TEST(a_question_lists_the_commands_and_names_that_fit),
		TEST(live_names_are_completed),
		TEST(completion_of_many_groups_begins_with_what_was_typed),
		TEST(offload_tells_the_rule_and_why_it_is_not_in_hardware),
		TEST(every_show_has_its_documented_schema),
		TEST(every_show_row_is_in_the_schema),
		TEST(manual_page_names_every_key),
		TEST(ports_are_shown_one_or_all),
		TEST(interfaces_say_why_they_are_down),
		TEST(unicast_routes_and_rpf_agree),
		TEST(neighbors_are_shown),
		TEST(mroute_has_a_row_for_each_output),
		TEST(registers_are_shown_as_inputs_and_outputs),
		TEST(mroute_counts_have_rates_from_the_second_look_on),
		TEST(drops_are_summed_and_explained),
		TEST(the_hold_is_shown),
		TEST(policers_are_shown_by_port_and_class),
		TEST(worker_tells_its_queues_effort_and_drops),
		TEST(workers_memory_and_version_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
