/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The static protocol in the runner: what a file and a shell can ask for, what the data plane gets,
 * what a reload touches, and what follows the network.
 */
#include "tests/unit/control/static_help.h"

static int setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	assert_int_equal(runner_add(w->r, &static_proto), 0);
	return 0;
}

static void load(struct world *w, const struct static_route *r, size_t n)
{
	struct static_config c = {.n_routes = n, .routes = r};

	runner_config(w->r, 0, &c, w->now_us);
	world_run(w);
}

static int shell(
	struct world *w, enum static_command_kind kind, const struct static_route *r, char *err)
{
	struct static_command c = {.kind = kind, .route = *r};
	int rc = runner_command(w->r, 0, &c, err, 256, w->now_us);

	world_run(w);
	return rc;
}

static const struct dp_route *dp(struct world *w, const char *src, const char *grp)
{
	struct dp_route_key k = key(src, grp);

	return fake_dp_route(w->f, &k);
}

struct found {
	struct dp_route_key key;
	enum static_origin origin;
	char problem[256];
	unsigned n, hits;
};

static bool find_cb(void *arg, const struct static_route_info *i)
{
	struct found *f = arg;

	f->n++;
	if (!memcmp(&i->route->key, &f->key, sizeof(f->key)) && i->route->origin == f->origin) {
		f->hits++;
		snprintf(f->problem, sizeof(f->problem), "%s", i->problem);
	}
	return true;
}

static void assert_problem(struct world *w, const char *src, const char *grp,
	enum static_origin origin, const char *want)
{
	struct found f = {.key = key(src, grp), .origin = origin};

	static_walk(runner_instance(w->r, 0), find_cb, &f);
	assert_int_equal(f.hits, 1);
	assert_string_equal(f.problem, want);
}

static uint64_t n_actions(struct world *w)
{
	struct runner_stats s;

	runner_stats_get(w->r, &s);
	return s.actions;
}

/* --- from the file to the data plane ----------------------------------------------------------- */

static void route_of_the_file_reaches_the_data_plane(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "src", "10.0.0.254/24"), b = world_if(w, "lan1", "10.1.0.1/24");
	struct static_output o[] = {native("lan1"), unicast("lan1", "10.1.0.5")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "src", o, 2);
	const struct dp_oif *her;

	o[1].port = 5000;
	load(w, &r, 1);
	assert_non_null(dp(w, "10.0.0.1", "239.1.1.1"));
	assert_int_equal(dp(w, "10.0.0.1", "239.1.1.1")->n_inputs, 1);
	assert_int_equal(dp(w, "10.0.0.1", "239.1.1.1")->inputs[0].ifid, a);
	assert_int_equal(dp(w, "10.0.0.1", "239.1.1.1")->inputs[0].flags, DP_INPUT_ACCEPT);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), b));
	her = fake_dp_route_her(w->f, dp(w, "10.0.0.1", "239.1.1.1"), &o[1].unicast);
	assert_non_null(her);
	assert_int_equal(her->her_port, 5000);
	assert_true(her->allow_input);
	assert_problem(w, "10.0.0.1", "239.1.1.1", STATIC_FILE, "");
}

static void any_accepts_from_everywhere(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")};
	struct static_route r = route("*", "239.2.0.1", "any", o, 1);

	world_if(w, "lan1", NULL);
	load(w, &r, 1);
	assert_int_equal(dp(w, "*", "239.2.0.1")->inputs[0].ifid, DP_IF_ANY);
}

static void ipv6_route_reaches_the_data_plane(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")};
	struct static_route r = route("2001:db8::1", "ff3e::1", "lan1", o, 1);

	world_if(w, "lan1", NULL);
	load(w, &r, 1);
	assert_non_null(dp(w, "2001:db8::1", "ff3e::1"));
}

static void threshold_is_the_interfaces_unless_given(void **state)
{
	struct world *w = *state;
	struct net_if_conf c;
	struct static_output o[] = {native("lan1"), native("lan2")};
	struct static_route r = route("*", "239.2.0.1", "any", o, 2);
	const uint32_t *v;
	uint16_t a = world_if(w, "lan1", NULL);

	world_if(w, "lan2", NULL);
	c = net_if_get(w->net, a)->conf;
	c.ttl_threshold = 8;
	assert_int_equal(net_if_change(w->net, a, &c), 0);
	o[1].ttl_threshold = 3;
	load(w, &r, 1);
	assert_int_equal(fake_dp_route_oifs(w->f, dp(w, "*", "239.2.0.1"), &v), 2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			w->f->oifs[v[i]].ttl_threshold, w->f->oifs[v[i]].ifid == a ? 8 : 3);
}

/* --- reload ------------------------------------------------------------------------------------ */

static void reload_of_equal_routes_does_nothing(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")}, late[] = {native("lan9")};
	struct static_route r[] = {route("10.0.0.1", "239.1.1.1", "src", o, 1),
		route("*", "239.2.0.1", "any", o, 1), route("10.0.0.9", "239.3.0.1", "rpf", o, 1),
		route("*", "239.4.0.1", "any", late, 1)};
	uint64_t before;

	world_if(w, "src", "10.0.0.254/24");
	world_if(w, "lan1", NULL);
	load(w, r, 4);
	fake_dp_forget(w->f);
	before = n_actions(w);
	for (int i = 0; i < 3; i++)
		load(w, r, 4);
	assert_int_equal(n_actions(w), before);
	for (unsigned op = 0; op < FAKE_OPS; op++)
		assert_int_equal(w->f->calls[op], 0);
}

static void reload_touches_only_what_changed(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1"), native("lan2")};
	struct static_route r[] = {route("10.0.0.1", "239.1.1.1", "lan1", o, 1),
		route("10.0.0.2", "239.1.1.1", "lan1", o, 1),
		route("10.0.0.3", "239.1.1.1", "lan1", o, 1)};
	uint16_t b;
	uint64_t before;

	world_if(w, "lan1", NULL);
	b = world_if(w, "lan2", NULL);
	load(w, r, 3);
	fake_dp_forget(w->f);
	before = n_actions(w);
	r[1].n_outputs = 2;
	load(w, r, 2); /* the second changed, the third gone */
	assert_int_equal(n_actions(w), before + 2);
	assert_int_equal(w->f->routes_written, 1);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "10.0.0.2", "239.1.1.1"), b));
	assert_null(dp(w, "10.0.0.3", "239.1.1.1"));
	assert_int_equal(w->f->n_routes, 2);
}

static void invalid_route_of_the_file_is_explained_and_harms_no_other(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")};
	struct static_route r[] = {route("10.0.0.1", "10.1.1.1", "lan1", o, 1),
		route("10.0.0.1", "239.1.1.1", "lan1", o, 1)};

	world_if(w, "lan1", NULL);
	load(w, r, 2);
	assert_int_equal(w->f->n_routes, 1);
	assert_problem(w, "10.0.0.1", "10.1.1.1", STATIC_FILE,
		"group 10.1.1.1 is not multicast: give an address or prefix in 224.0.0.0/4");
}

static void route_that_is_in_the_file_twice_counts_once(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")}, p[] = {native("lan2")};
	struct static_route r[] = {route("10.0.0.1", "239.1.1.1", "lan1", o, 1),
		route("10.0.0.1", "239.1.1.1", "lan1", p, 1)};
	uint16_t a = world_if(w, "lan1", NULL), b = world_if(w, "lan2", NULL);

	load(w, r, 2);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), a));
	assert_false(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), b));
}

/* --- shell ------------------------------------------------------------------------------------- */

static void shell_adds_and_deletes(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", o, 1);
	char err[256];

	world_if(w, "lan1", NULL);
	assert_int_equal(shell(w, STATIC_DEL, &r, err), -ENOENT);
	assert_string_equal(err, "there is no static route (10.0.0.1, 239.1.1.1): `show mroute` "
				 "lists all routes");
	assert_int_equal(shell(w, STATIC_ADD, &r, err), 0);
	assert_string_equal(err, "");
	assert_non_null(dp(w, "10.0.0.1", "239.1.1.1"));
	assert_int_equal(shell(w, STATIC_ADD, &r, err), -EEXIST);
	assert_string_equal(err,
		"route (10.0.0.1, 239.1.1.1) was added at the shell already: delete "
		"it first");
	assert_int_equal(shell(w, STATIC_DEL, &r, err), 0);
	assert_null(dp(w, "10.0.0.1", "239.1.1.1"));
	assert_int_equal(fake_dp_count_oifs(w->f), 0);
}

static void added_route_that_the_file_has_by_now_is_said_to_be_in_both(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", o, 1);
	char err[256];

	world_if(w, "lan1", NULL);
	assert_int_equal(shell(w, STATIC_ADD, &r, err), 0);
	load(w, &r, 1);
	assert_int_equal(shell(w, STATIC_ADD, &r, err), -EEXIST);
	assert_non_null(strstr(err, "and is in the configuration file"));
}

static void shell_cannot_delete_what_the_file_has(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", o, 1);
	char err[256];

	world_if(w, "lan1", NULL);
	load(w, &r, 1);
	assert_int_equal(shell(w, STATIC_DEL, &r, err), -EPERM);
	assert_string_equal(err, "route (10.0.0.1, 239.1.1.1) is in the configuration file: remove "
				 "it there, then `reload`");
	assert_non_null(dp(w, "10.0.0.1", "239.1.1.1"));
}

static void shell_and_file_join_outputs_and_the_shells_input_wins(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1"), native("lan2")},
			     p[] = {native("lan2"), native("lan3")};
	struct static_route file = route("10.0.0.1", "239.1.1.1", "lan1", o, 2);
	struct static_route sh = route("10.0.0.1", "239.1.1.1", "lan3", p, 2);
	uint16_t i[3] = {
		world_if(w, "lan1", NULL), world_if(w, "lan2", NULL), world_if(w, "lan3", NULL)};
	const struct dp_route *r;
	const uint32_t *v;
	char err[256];

	p[0].ttl_threshold = 9;
	load(w, &file, 1);
	assert_int_equal(shell(w, STATIC_ADD, &sh, err), 0);
	r = dp(w, "10.0.0.1", "239.1.1.1");
	assert_int_equal(r->inputs[0].ifid, i[2]);
	assert_int_equal(fake_dp_route_oifs(w->f, r, &v), 3);
	for (unsigned n = 0; n < 3; n++)
		if (w->f->oifs[v[n]].ifid == i[1])
			assert_int_equal(w->f->oifs[v[n]].ttl_threshold, 9);
	assert_problem(w, "10.0.0.1", "239.1.1.1", STATIC_FILE,
		"its input is overridden by the route added at the shell");

	load(w, NULL, 0); /* the file's goes, the shell's stays */
	r = dp(w, "10.0.0.1", "239.1.1.1");
	assert_int_equal(fake_dp_route_oifs(w->f, r, &v), 2);
	load(w, &file, 1);
	assert_int_equal(shell(w, STATIC_DEL, &sh, err), 0);
	r = dp(w, "10.0.0.1", "239.1.1.1");
	assert_int_equal(r->inputs[0].ifid, i[0]);
	assert_false(fake_dp_route_has_if(w->f, r, i[2]));
	assert_problem(w, "10.0.0.1", "239.1.1.1", STATIC_FILE, "");
}

static bool order_cb(void *arg, const struct static_route_info *i)
{
	struct found *f = arg;

	if (f->n++)
		assert_true(memcmp(&f->key.src.addr.b, &i->route->key.src.addr.b, 16) <= 0);
	f->key = i->route->key;
	return f->n < 3;
}

static void walk_is_in_order_and_stops_when_told(void **state)
{
	struct world *w = *state;
	struct static_route r[] = {route("10.0.0.9", "239.1.1.1", "any", NULL, 0),
		route("10.0.0.1", "239.1.1.1", "any", NULL, 0),
		route("10.0.0.5", "239.1.1.1", "any", NULL, 0),
		route("10.0.0.3", "239.1.1.1", "any", NULL, 0)};
	struct found f = {0};

	load(w, r, 4);
	static_walk(runner_instance(w->r, 0), order_cb, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.key.src.addr.b[3], 5);
}

/* --- following the network --------------------------------------------------------------------- */

static void rpf_input_follows_the_unicast_route(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "lan1", "10.0.1.1/24"), b = world_if(w, "lan2", "10.0.2.1/24");
	struct static_output o[] = {native("lan2")};
	struct static_route r = route("10.9.0.1", "239.1.1.1", "rpf", o, 1);

	load(w, &r, 1);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.1")->n_inputs, 0);
	world_route(w, "10.9.0.0/16", a, "10.0.1.9");
	world_run(w);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.1")->inputs[0].ifid, a);
	assert_problem(w, "10.9.0.1", "239.1.1.1", STATIC_FILE, "");
	world_route(w, "10.9.0.0/24", b, "10.0.2.9");
	world_run(w);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.1")->inputs[0].ifid, b);
	world_unroute(w, "10.9.0.0/24");
	world_run(w);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.1")->inputs[0].ifid, a);
	world_unroute(w, "10.9.0.0/16");
	world_run(w);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.1")->n_inputs, 0);
}

static void unreachable_source_is_a_problem_in_words(void **state)
{
	struct world *w = *state;
	struct static_route r = route("10.0.0.1", "239.1.1.1", "rpf", NULL, 0);
	struct found f = {.key = r.key};

	load(w, &r, 1);
	assert_non_null(dp(w, "10.0.0.1", "239.1.1.1"));
	assert_int_equal(dp(w, "10.0.0.1", "239.1.1.1")->n_inputs, 0);
	f.origin = STATIC_FILE;
	static_walk(runner_instance(w->r, 0), find_cb, &f);
	assert_memory_equal(f.problem, "RPF: ", 5); /* then net's words */
	assert_non_null(strstr(f.problem, "10.0.0.1"));
}

static void host_route_to_the_source_moves_its_rpf_input(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "lan1", "10.0.1.1/24"), b = world_if(w, "lan2", "10.0.2.1/24");
	struct static_route r[] = {route("10.9.0.1", "239.1.1.1", "rpf", NULL, 0),
		route("10.9.0.1", "239.1.1.2", "rpf", NULL, 0)};

	world_route(w, "10.9.0.0/16", a, "10.0.1.9");
	load(w, r, 2);
	world_route(w, "10.9.0.1/32", b, "10.0.2.9");
	world_run(w);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.1")->inputs[0].ifid, b);
	assert_int_equal(dp(w, "10.9.0.1", "239.1.1.2")->inputs[0].ifid, b);
}

static void rpf_change_elsewhere_emits_nothing(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "lan1", "10.0.1.1/24");
	struct static_route r[] = {route("10.9.0.1", "239.1.1.1", "rpf", NULL, 0),
		route("10.8.0.1", "239.1.1.1", "rpf", NULL, 0)};
	uint64_t before;

	world_route(w, "10.9.0.0/16", a, "10.0.1.9");
	load(w, r, 2);
	before = n_actions(w);
	world_route(w, "10.7.0.0/16", a, "10.0.1.9");
	world_run(w);
	assert_int_equal(n_actions(w), before);
	world_route(w, "10.8.0.0/16", a, "10.0.1.9");
	world_run(w);
	assert_int_equal(dp(w, "10.8.0.1", "239.1.1.1")->inputs[0].ifid, a);
}

static void rpf_through_an_interface_that_goes_down_is_lost_and_comes_back(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "lan1", "10.0.1.1/24");
	struct static_route r = route("10.0.1.5", "239.1.1.1", "rpf", NULL, 0);

	load(w, &r, 1);
	assert_int_equal(dp(w, "10.0.1.5", "239.1.1.1")->inputs[0].ifid, a);
	net_if_admin(w->net, a, false);
	world_run(w);
	assert_int_equal(dp(w, "10.0.1.5", "239.1.1.1")->n_inputs, 0);
	net_if_admin(w->net, a, true);
	world_run(w);
	assert_int_equal(dp(w, "10.0.1.5", "239.1.1.1")->inputs[0].ifid, a);
}

static void interface_that_appears_late_is_taken_in(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1"), native("lan9"), native("lan8")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "src", o, 3);
	uint16_t a = world_if(w, "lan1", NULL), late, in;

	load(w, &r, 1);
	assert_problem(w, "10.0.0.1", "239.1.1.1", STATIC_FILE,
		"input interface src does not exist; and 2 more");
	assert_int_equal(dp(w, "10.0.0.1", "239.1.1.1")->n_inputs, 0);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), a));
	in = world_if(w, "src", NULL);
	late = world_if(w, "lan9", NULL);
	world_run(w);
	assert_int_equal(dp(w, "10.0.0.1", "239.1.1.1")->inputs[0].ifid, in);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), late));
	assert_problem(
		w, "10.0.0.1", "239.1.1.1", STATIC_FILE, "output interface lan8 does not exist");
}

static void interface_that_goes_is_taken_out(void **state)
{
	struct world *w = *state;
	struct static_output o[] = {native("lan1"), native("lan2")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", o, 2);
	uint16_t a = world_if(w, "lan1", NULL), b = world_if(w, "lan2", NULL);

	load(w, &r, 1);
	assert_int_equal(net_if_del(w->net, b), 0);
	world_run(w);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), a));
	assert_false(fake_dp_route_has_if(w->f, dp(w, "10.0.0.1", "239.1.1.1"), b));
}

static void shell_refuses_a_wrong_route_with_its_sentence(void **state)
{
	struct world *w = *state;
	struct static_route r = route("10.0.0.1", "224.0.0.5", "any", NULL, 0);
	char err[256];

	assert_int_equal(shell(w, STATIC_ADD, &r, err), -EINVAL);
	assert_string_equal(err, "group 224.0.0.5 is link-local and never routed: give a group "
				 "outside 224.0.0.0/24");
	assert_int_equal(tib_count(w->tib), 0);
}

/* --- except ------------------------------------------------------------------------------------ */

static void excepted_sources_of_a_route_are_dropped_and_others_are_not(void **state)
{
	struct world *w = *state;
	uint16_t lan = world_if(w, "lan1", "10.1.0.1/24"), src = world_if(w, "src", "10.0.0.1/24");
	struct static_output o = native("lan1");
	struct prefix e = key("10.0.0.0/8", "239.1.1.1").src;
	struct static_route r = route("*", "239.1.0.0/16", "src", &o, 1), before;

	r.n_excepts = 1;
	r.excepts = &e;
	load(w, &r, 1);
	assert_int_equal(dp(w, "*", "239.1.0.0/16")->inputs[0].ifid, src);
	assert_true(fake_dp_route_has_if(w->f, dp(w, "*", "239.1.0.0/16"), lan));
	assert_int_equal(dp(w, "10.0.0.0/8", "239.1.0.0/16")->inputs[0].flags, DP_INPUT_DROP);
	/* nothing changed: nothing is said */
	fake_dp_forget(w->f);
	load(w, &r, 1);
	assert_int_equal(w->f->routes_written, 0);
	/* only the except changed */
	before = r;
	r.excepts = &(struct prefix){.addr = addr("10.1.0.0"), .len = 16};
	load(w, &r, 1);
	assert_null(dp(w, "10.0.0.0/8", "239.1.0.0/16"));
	assert_int_equal(dp(w, "10.1.0.0/16", "239.1.0.0/16")->inputs[0].flags, DP_INPUT_DROP);
	before.n_excepts = 0;
	load(w, &before, 1);
	assert_int_equal(w->f->n_routes, 1);
}

static void except_of_the_shell_counts_and_that_of_the_file_comes_back(void **state)
{
	struct world *w = *state;
	struct static_output o;
	struct prefix e[2] = {
		key("10.1.0.0/16", "239.1.1.1").src, key("10.2.0.0/16", "239.1.1.1").src};
	struct static_route file, shell_route;
	char err[256] = "";

	world_if(w, "src", "10.0.0.1/24");
	world_if(w, "lan1", "10.1.0.1/24");
	o = native("lan1");
	file = shell_route = route("*", "239.1.1.1", "src", &o, 1);
	file.n_excepts = shell_route.n_excepts = 1;
	file.excepts = &e[0];
	shell_route.excepts = &e[1];
	load(w, &file, 1);
	assert_int_equal(shell(w, STATIC_ADD, &shell_route, err), 0);
	assert_null(dp(w, "10.1.0.0/16", "239.1.1.1"));
	assert_non_null(dp(w, "10.2.0.0/16", "239.1.1.1"));
	assert_int_equal(shell(w, STATIC_DEL, &shell_route, err), 0);
	assert_non_null(dp(w, "10.1.0.0/16", "239.1.1.1"));
	assert_null(dp(w, "10.2.0.0/16", "239.1.1.1"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(route_of_the_file_reaches_the_data_plane),
		T(any_accepts_from_everywhere),
		T(ipv6_route_reaches_the_data_plane),
		T(threshold_is_the_interfaces_unless_given),
		T(reload_of_equal_routes_does_nothing),
		T(reload_touches_only_what_changed),
		T(invalid_route_of_the_file_is_explained_and_harms_no_other),
		T(route_that_is_in_the_file_twice_counts_once),
		T(shell_adds_and_deletes),
		T(added_route_that_the_file_has_by_now_is_said_to_be_in_both),
		T(shell_cannot_delete_what_the_file_has),
		T(shell_and_file_join_outputs_and_the_shells_input_wins),
		T(walk_is_in_order_and_stops_when_told),
		T(rpf_input_follows_the_unicast_route),
		T(unreachable_source_is_a_problem_in_words),
		T(host_route_to_the_source_moves_its_rpf_input),
		T(rpf_change_elsewhere_emits_nothing),
		T(rpf_through_an_interface_that_goes_down_is_lost_and_comes_back),
		T(interface_that_appears_late_is_taken_in),
		T(interface_that_goes_is_taken_out),
		T(shell_refuses_a_wrong_route_with_its_sentence),
		T(excepted_sources_of_a_route_are_dropped_and_others_are_not),
		T(except_of_the_shell_counts_and_that_of_the_file_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
