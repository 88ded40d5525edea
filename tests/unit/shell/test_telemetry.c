/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Telemetry's answers: shape, size, pages, wrong parameters. How they travel is tests/dp's.
 */
#include "tests/unit/shell/trees.h"

#include "app/api/telemetry_priv.h"
#include "control/base/prng.h"

#include <string.h>

static json_t *answer; /* the last one */

static const json_t *ask(struct router *r, const char *name, const char *params)
{
	json_decref(answer);
	answer = telemetry_answer(&r->app, name, params);
	assert_non_null(answer);
	assert_in_range(telemetry_size(answer), 2, TELEMETRY_BYTES_MAX);
	return answer;
}

static void ask_fails(struct router *r, const char *name, const char *params, const char *part)
{
	const char *error = text_at(ask(r, name, params), "error");

	if (!strstr(error, part))
		fail_msg("%s,%s: \"%s\" lacks \"%s\"", name, params ? params : "", error, part);
}

static int teardown(void **state)
{
	json_decref(answer);
	answer = NULL;
	return router_teardown(state);
}

/* --- shape ----------------------------------------------------------------------------------------- */

/* Whether DPDK can send it: objects of numbers, strings, lists of one kind, objects. */
static void check_shape(const json_t *o, unsigned depth)
{
	const json_t *m, *e;
	const char *key;
	size_t i;

	assert_true(json_is_object(o) && depth < 6);
	assert_in_range(json_object_size(o), 0, TELEMETRY_MEMBERS_MAX);
	json_object_foreach ((json_t *)o, key, m) {
		if (json_is_object(m)) {
			check_shape(m, depth + 1);
		} else if (json_is_array(m)) {
			json_array_foreach (m, i, e) {
				assert_true(json_is_string(e) || json_is_integer(e));
				assert_int_equal(json_typeof(e), json_typeof(json_array_get(m, 0)));
			}
		} else if (json_is_string(m)) {
			assert_in_range(json_string_length(m), 0, TELEMETRY_STRING_MAX);
			for (i = 0; i < json_string_length(m); i++)
				assert_true((unsigned char)json_string_value(m)[i] >= ' ');
		} else {
			assert_true(json_is_integer(m));
		}
	}
}

static void shape_has_only_what_dpdk_can_send(void **state)
{
	json_t *v = json_loads("{\"n\": null, \"t\": true, \"f\": false, \"r\": 1.5, \"i\": -5,"
			       "\"s\": \"a\\nb\\u0001\\\"\", \"o\": {\"x\": null, \"y\": 1},"
			       "\"l\": [1, 2], \"m\": [1, \"a\"], \"e\": [], \"neg\": [-1],"
			       "\"a\": [{\"k\": 1}, {\"k\": 2}], \"w\": -9000000000}",
		0, NULL);
	json_t *s = telemetry_shape(v);

	assert_non_null(v);
	check_shape(s, 0);
	assert_null(at(s, "n"));
	assert_int_equal(number_at(s, "t"), 1);
	assert_int_equal(number_at(s, "f"), 0);
	assert_string_equal(text_at(s, "r"), "1.5");
	assert_int_equal(number_at(s, "i"), -5);
	assert_string_equal(text_at(s, "s"), "a b \"");
	assert_null(at(s, "o.x"));
	assert_int_equal(number_at(s, "o.y"), 1);
	assert_int_equal(number_at(s, "l[1]"), 2);
	assert_string_equal(text_at(s, "m[0]"), "1");
	assert_int_equal(json_array_size(at(s, "e")), 0);
	assert_string_equal(text_at(s, "neg[0]"), "-1");
	assert_int_equal(number_at(s, "a.1.k"), 2);
	assert_string_equal(text_at(s, "w"), "-9000000000");
	json_decref(s);
	json_decref(v);
}

static void long_string_ends_between_two_characters(void **state)
{
	char text[301];
	json_t *v, *s;

	for (int i = 0; i < 300; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[300] = '\0';
	v = json_string(text);
	s = telemetry_shape(v);
	assert_non_null(s);
	assert_int_equal(json_string_length(s), 126);
	json_decref(s);
	json_decref(v);
}

/* --- pages ------------------------------------------------------------------------------------------- */

static void pages_of_a_list_hold_each_element_once(void **state)
{
	struct telemetry_page page = {.limit = TELEMETRY_MEMBERS_MAX};
	json_t *v = json_object(), *list = json_array();
	unsigned seen = 0, pages = 0;
	const json_t *next;

	json_object_set_new(v, "what", json_string("ever"));
	json_object_set_new(v, "list", list);
	for (int i = 0; i < 3000; i++)
		json_array_append_new(
			list, json_pack("{s:i, s:s}", "number", i, "text",
				      i % 7 ? "short" : "quite a lot longer than the others are"));
	do {
		json_t *o = telemetry_page(v, &page);

		check_shape(o, 0);
		assert_in_range(telemetry_size(o), 2, TELEMETRY_BYTES_MAX);
		assert_int_equal(number_at(o, "total"), 3000);
		assert_string_equal(text_at(o, "what"), "ever");
		for (size_t i = 0; i < json_object_size(at(o, "list")); i++) {
			char path[40];

			snprintf(path, sizeof(path), "list.%zu.number", i);
			assert_int_equal(number_at(o, path), seen++);
		}
		next = at(o, "next");
		page.offset = (uint64_t)json_integer_value(next);
		pages++;
		assert_true(pages < 3000);
		if (!next)
			assert_int_equal(seen, 3000);
		json_decref(o);
	} while (page.offset);
	assert_int_equal(seen, 3000);
	page.offset = 5000;
	json_decref(answer);
	answer = telemetry_page(v, &page);
	assert_int_equal(json_object_size(at(answer, "list")), 0);
	assert_null(at(answer, "next"));
	json_decref(v);
}

static void element_larger_than_a_page_comes_with_lengths(void **state)
{
	const struct telemetry_page page = {.limit = 10};
	json_t *v = json_object(), *list = json_array(), *big = json_array(), *o;

	for (int i = 0; i < 5000; i++)
		json_array_append_new(big, json_pack("{s:s}", "name", "abcdefgh"));
	json_object_set_new(v, "list", list);
	json_array_append_new(list, json_pack("{s:i, s:O}", "n", 1, "inner", big));
	json_array_append_new(list, json_pack("{s:i}", "n", 2));
	o = telemetry_page(v, &page);
	assert_in_range(telemetry_size(o), 2, TELEMETRY_BYTES_MAX);
	assert_int_equal(number_at(o, "list.0.inner"), 5000);
	assert_int_equal(number_at(o, "list.1.n"), 2);
	json_decref(o);
	json_decref(big);
	json_decref(v);
}

static void pages_of_routes_hold_each_route_once(void **state)
{
	struct router *r = *state;
	static unsigned seen[1000];
	char line[160], path[48], params[64] = "0,40";
	unsigned pages = 0, others = 0;
	const json_t *o;

	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "add route 10.0.%d.%d 239.9.9.9 output lan2", i / 250,
			i % 250 + 1);
		run_ok(r, line);
	}
	do {
		o = ask(r, "/starg/routes", params);
		check_shape(o, 0);
		assert_int_equal(number_at(o, "total"), 1002);
		assert_in_range(json_object_size(at(o, "routes")), 0, 40);
		for (size_t i = 0; i < json_object_size(at(o, "routes")); i++) {
			unsigned a, b;

			snprintf(path, sizeof(path), "routes.%zu.source", i);
			if (sscanf(text_at(o, path), "10.0.%u.%u", &a, &b) == 2 && b &&
				(snprintf(path, sizeof(path), "routes.%zu.group", i),
					strcmp(text_at(o, path), "239.9.9.9") == 0))
				seen[a * 250 + b - 1]++;
			else
				others++;
		}
		snprintf(params, sizeof(params), "%lld,40",
			(long long)json_integer_value(at(o, "next")));
		assert_true(pages++ < 2000);
	} while (at(o, "next"));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(others, 2);
	assert_true(pages >= 26);
}

/* --- endpoints ------------------------------------------------------------------------------------------ */

static void every_endpoint_answers_with_the_names_of_show(void **state)
{
	struct router *r = *state;

	r->worker.drops[DROP_no_route] = 7;
	r->worker.upcalls[DP_UPCALL_NOCACHE] = 3;
	r->route.packets = 42;
	r->oif.packets = 41;
	assert_string_equal(text_at(ask(r, "/starg/version", NULL), "name"), "edge1");
	assert_int_equal(number_at(ask(r, "/starg/memory", NULL), "tib_entries"), 2);
	assert_int_equal(number_at(ask(r, "/starg/drops", NULL), "no_route"), 14); /* 2 workers */
	assert_int_equal(number_at(ask(r, "/starg/upcalls", NULL), "nocache.sent"), 6);
	assert_int_equal(number_at(ask(r, "/starg/worker", NULL), "total"), 2);
	assert_int_equal(number_at(ask(r, "/starg/worker", "1"), "index"), 1);
	assert_int_equal(number_at(ask(r, "/starg/interfaces", NULL), "total"), 5);
	assert_string_equal(
		text_at(ask(r, "/starg/interfaces", "3,1"), "interfaces.0.name"), "gre0");
	assert_int_equal(number_at(answer, "next"), 4);
	assert_int_equal(number_at(ask(r, "/starg/interface", "lan2"), "mtu"), 1400);
	assert_int_equal(number_at(ask(r, "/starg/ports", NULL), "total"), 3);
	assert_string_equal(text_at(ask(r, "/starg/port", "p1"), "device"), "net_null1");
	assert_int_equal(number_at(ask(r, "/starg/port_stats", NULL), "ports.2.rx_packets"), 102);
	assert_string_equal(
		text_at(ask(r, "/starg/neighbors", NULL), "neighbors.0.address"), "10.1.0.5");
	assert_true(number_at(ask(r, "/starg/rib", NULL), "total") > 3);
	assert_int_equal(
		number_at(ask(r, "/starg/route", "10.0.0.1,239.1.1.1"), "counters.packets"), 42);
	assert_int_equal(number_at(answer, "outputs.0.packets"), 41);
	assert_string_equal(
		text_at(ask(r, "/starg/route", "*,239.2.0.1"), "inputs.0.interface"), "any");
	assert_int_equal(
		number_at(ask(r, "/starg/oifs", "10.0.0.1,239.1.1.1,1"), "outputs.0.port"), 5000);
	assert_int_equal(number_at(answer, "total"), 2);
	assert_int_equal(
		number_at(ask(r, "/starg/show", "mroute count *"), "routes.0.packets"), 42);
	assert_non_null(at(ask(r, "/starg/help", NULL), "/starg/routes"));
	for (size_t i = 0; i < telemetry_n_endpoints; i++) {
		const struct telemetry_endpoint *e = &telemetry_endpoints[i];

		/* what DPDK takes */
		assert_in_range(strlen(e->params) + strlen(e->help) + 2, 1, 63);
		assert_in_range(strlen(e->name), 2, 55);
		check_shape(ask(r, e->name, NULL), 0);
		check_shape(ask(r, e->name, "1"), 0);
		assert_non_null(at(ask(r, "/starg/help", NULL), e->name));
	}
}

static void route_of_many_outputs_is_summed_up_and_paged(void **state)
{
	struct router *r = *state;
	static char line[CMD_LINE_MAX];
	size_t at_ = (size_t)snprintf(line, sizeof(line), "add route 10.0.0.7 239.7.7.7");
	unsigned outputs = 0;
	char params[64] = "10.0.0.7,239.7.7.7";
	const json_t *o;

	for (int i = 0; i < 400; i++)
		at_ += (size_t)snprintf(line + at_, sizeof(line) - at_,
			" output lan1 unicast 10.1.%d.%d", i / 200, i % 200 + 2);
	run_ok(r, line);
	assert_int_equal(number_at(ask(r, "/starg/route", params), "outputs"), 400);
	do {
		o = ask(r, "/starg/oifs", params);
		outputs += (unsigned)json_object_size(at(o, "outputs"));
		snprintf(params, sizeof(params), "10.0.0.7,239.7.7.7,%lld",
			(long long)json_integer_value(at(o, "next")));
	} while (at(o, "next"));
	assert_int_equal(outputs, 400);
}

/* More than a show prints by itself. */
static void a_thousand_and_more_groups_come_in_pages(void **state)
{
	struct router *r = *state;
	char grp[32], params[32] = "";
	unsigned groups = 0;
	const json_t *o;

	trees_setup(r, "10.9.9.9");
	for (int i = 0; i < 1500; i++) {
		snprintf(grp, sizeof(grp), "239.3.%d.%d", i / 256, i % 256);
		trees_report(r, "lan1",
			&(struct trees_report){.host = "10.1.0.5", .type = 4, .grp = grp});
	}
	do {
		o = ask(r, "/starg/igmp_groups", params);
		assert_int_equal(number_at(o, "total"), 1500);
		groups += (unsigned)json_object_size(at(o, "groups"));
		snprintf(params, sizeof(params), "%lld",
			(long long)json_integer_value(at(o, "next")));
	} while (at(o, "next"));
	assert_int_equal(groups, 1500);
}

static void wrong_parameters_are_answered_with_a_sentence(void **state)
{
	struct router *r = *state;

	ask_fails(r, "/starg/nothing", NULL, "no such endpoint");
	ask_fails(r, "/starg/routes", "x", "OFFSET");
	ask_fails(r, "/starg/routes", "-1", "OFFSET");
	ask_fails(r, "/starg/routes", "0,0", "LIMIT");
	ask_fails(r, "/starg/routes", "18446744073709551615", "OFFSET");
	ask_fails(r, "/starg/routes", "0,1,2", "too many");
	ask_fails(r, "/starg/routes", ",,,,,,,,,,", "too many");
	ask_fails(r, "/starg/memory", "1", "too many");
	ask_fails(r, "/starg/interface", NULL, "name");
	ask_fails(r, "/starg/interface", "lan9", "lan9");
	ask_fails(r, "/starg/interface", "lan1 limit", "one name");
	ask_fails(r, "/starg/interface", "", "name");
	ask_fails(r, "/starg/port", "p9", "p9");
	ask_fails(r, "/starg/worker", "7", "no worker 7");
	ask_fails(r, "/starg/worker", "one", "number");
	ask_fails(r, "/starg/route", "10.0.0.1", "SOURCE,GROUP");
	ask_fails(r, "/starg/route", "10.0.0.1,10.0.0.2", "SOURCE,GROUP");
	ask_fails(r, "/starg/route", "10.0.0.9,239.1.1.1", "no such route");
	ask_fails(r, "/starg/show", NULL, "missing");
	ask_fails(r, "/starg/show", "nonsense", "nonsense");
	ask_fails(r, "/starg/show", "\"; shutdown", "characters");
	ask_fails(r, "/starg/show", "interface\nshutdown", "characters");
	ask_fails(r, "/starg/interface", "\xff\xfe", "characters");
	assert_int_equal(r->quits, 0);
}

static void random_parameters_harm_nobody(void **state)
{
	static const char letters[] = "0123456789,,,*.:/ abgimnrstu\"\\\x01\xc3-";
	struct prng rng = {test_seed()};
	struct router *r = *state;
	char params[80];

	for (int i = 0; i < 5000; i++) {
		const struct telemetry_endpoint *e =
			&telemetry_endpoints[prng_below(&rng, (uint32_t)telemetry_n_endpoints)];
		uint32_t n = prng_below(&rng, sizeof(params) - 1);

		for (uint32_t j = 0; j < n; j++)
			params[j] = letters[prng_below(&rng, sizeof(letters) - 1)];
		params[n] = '\0';
		check_shape(ask(r, e->name, params), 0);
	}
	assert_int_equal(r->quits, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shape_has_only_what_dpdk_can_send),
		TEST(long_string_ends_between_two_characters),
		TEST(pages_of_a_list_hold_each_element_once),
		TEST(element_larger_than_a_page_comes_with_lengths),
		TEST(pages_of_routes_hold_each_route_once),
		TEST(every_endpoint_answers_with_the_names_of_show),
		TEST(route_of_many_outputs_is_summed_up_and_paged),
		TEST(a_thousand_and_more_groups_come_in_pages),
		TEST(wrong_parameters_are_answered_with_a_sentence),
		TEST(random_parameters_harm_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
