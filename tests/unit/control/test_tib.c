/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The TIB over the recording data plane: what is installed, when, and how HER outputs follow the
 * network.
 */
#include "control/base/route_key.h"
#include "tests/unit/control/tib_help.h"

static void wish_is_installed_at_commit_and_not_before(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", "10.0.0.254/24"), b = world_if(w, "b", "10.1.0.1/24");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	set_to(w, 0, k, a, b);
	assert_null(route(w, k));
	commit(w);
	assert_non_null(route(w, k));
	assert_int_equal(route(w, k)->inputs[0].ifid, a);
	assert_true(fake_dp_route_has_if(w->f, route(w, k), b));
	del(w, 0, k);
	assert_int_equal(tib_count(w->tib), 0);
	commit(w);
	assert_dp_empty(w);
}

static void equal_wish_again_costs_nothing(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", "10.0.0.254/24");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	set_to(w, 0, k, a, a);
	commit(w);
	fake_dp_forget(w->f);
	set_to(w, 0, k, a, a);
	commit(w);
	assert_int_equal(w->f->calls[FAKE_ROUTE_SET], 0);
	assert_int_equal(w->f->calls[FAKE_LIST_GET], 0);
}

static void less_specific_wishes_are_in_every_entry_below_them(void **state)
{
	struct world *w = *state;
	uint16_t i[5];
	struct dp_route_key sg = key("10.0.0.1", "239.1.1.1"), g = key("*", "239.1.1.1");
	struct dp_route_key pg = key("*", "239.0.0.0/8"), ps = key("10.0.0.0/8", "239.1.1.1");

	for (int n = 0; n < 5; n++)
		i[n] = world_if(w, (char[]){(char)('a' + n), 0}, NULL);
	set_to(w, 0, sg, i[0], i[1]);
	set_to(w, 1, g, i[0], i[2]);
	set_to(w, 2, pg, i[0], i[3]);
	set_to(w, 3, ps, i[0], i[4]);
	commit(w);
	assert_int_equal(n_outputs(w, sg), 4);
	assert_int_equal(n_outputs(w, ps), 3);
	assert_int_equal(n_outputs(w, g), 2);
	assert_int_equal(n_outputs(w, pg), 1);
	del(w, 2, pg);
	commit(w);
	assert_int_equal(n_outputs(w, sg), 3);
	assert_int_equal(n_outputs(w, g), 1);
	assert_false(fake_dp_route_has_if(w->f, route(w, sg), i[3]));
	assert_null(route(w, pg));
}

static void change_of_one_entry_writes_one_route(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);

	for (uint32_t s = 1; s <= 50; s++)
		set_to(w, 0,
			(struct dp_route_key){.src = prefix_host(ip4(0x0a000000 + s)),
				.grp = prefix_host(ip4(0xef010101))},
			a, b);
	set_to(w, 0, key("*", "239.1.1.2"), a, b);
	commit(w);
	fake_dp_forget(w->f);
	set_to(w, 1, key("10.0.0.7", "239.1.1.1"), a, a);
	commit(w);
	assert_int_equal(w->f->routes_written, 1);
	fake_dp_forget(w->f);
	set_to(w, 1, key("*", "239.1.1.1"), a, a);
	commit(w);
	/* its own and 49: the 50th has output a already */
	assert_int_equal(w->f->routes_written, 50);
}

static void lists_and_oifs_are_shared_by_value(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);

	for (uint32_t s = 1; s <= 50; s++)
		set_to(w, 0,
			(struct dp_route_key){.src = prefix_host(ip4(0x0a000000 + s)),
				.grp = prefix_host(ip4(0xef010101))},
			a, b);
	commit(w);
	assert_int_equal(w->f->n_lists, 1);
	assert_int_equal(fake_dp_count_oifs(w->f), 1);
}

static void owners_of_one_key_are_independent(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_entry_info e;

	set_to(w, 0, k, a, a);
	set_to(w, 1, k, a, b);
	commit(w);
	assert_int_equal(n_outputs(w, k), 2);
	assert_true(tib_entry_get(w->tib, &k, &e));
	assert_int_equal(e.n_wishes, 2);
	assert_int_equal(e.owners[0] + e.owners[1], 1);
	del(w, 0, k);
	commit(w);
	assert_int_equal(n_outputs(w, k), 1);
	assert_int_equal(tib_wish_del(w->tib, 0, &k), -ENOENT);
	assert_true(fake_dp_route_has_if(w->f, route(w, k), b));
}

static void wish_deleted_and_set_again_before_commit_stays(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	set_to(w, 0, k, a, a);
	commit(w);
	fake_dp_forget(w->f);
	del(w, 0, k);
	set_to(w, 0, k, a, a);
	commit(w);
	assert_non_null(route(w, k));
	assert_int_equal(w->f->calls[FAKE_ROUTE_DEL], 0);
	assert_int_equal(w->f->routes_written, 0);
}

struct order {
	unsigned n;
	enum fake_op ops[8];
};

static void note_order(void *arg, enum fake_op op)
{
	struct order *o = arg;

	if ((op == FAKE_ROUTE_SET || op == FAKE_ROUTE_DEL) && o->n < 8)
		o->ops[o->n++] = op;
}

static void new_routes_are_written_before_old_ones_go(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct order o = {0};

	set_to(w, 0, key("10.0.0.1", "239.1.1.1"), a, a);
	commit(w);
	w->f->spy = note_order;
	w->f->spy_arg = &o;
	del(w, 0, key("10.0.0.1", "239.1.1.1"));
	set_to(w, 0, key("*", "239.1.1.1"), a, a);
	commit(w);
	w->f->spy = NULL;
	assert_int_equal(o.n, 2);
	assert_int_equal(o.ops[0], FAKE_ROUTE_SET);
	assert_int_equal(o.ops[1], FAKE_ROUTE_DEL);
}

static void resync_deletes_only_what_its_owner_did_not_set_again(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key x = key("10.0.0.1", "239.1.1.1"), y = key("10.0.0.2", "239.1.1.1");

	set_to(w, 0, x, a, a);
	set_to(w, 0, y, a, a);
	set_to(w, 1, y, a, a);
	commit(w);
	tib_resync_begin(w->tib, 0);
	set_to(w, 0, x, a, a);
	tib_resync_end(w->tib, 0);
	commit(w);
	assert_non_null(route(w, x));
	assert_non_null(route(w, y)); /* owner 1's */
	assert_int_equal(tib_wish_del(w->tib, 0, &y), -ENOENT);
	tib_resync_begin(w->tib, 1);
	tib_resync_end(w->tib, 1);
	commit(w);
	assert_null(route(w, y));
}

static void senseless_wishes_are_refused(void **state)
{
	struct world *w = *state;
	struct dp_route_key mixed = key("10.0.0.1", "239.1.1.1");
	struct tib_wish x = {.key = key("10.0.0.1", "239.1.1.1"), .n_inputs = DP_INPUTS_MAX + 1};

	mixed.grp = key("*", "ff05::1").grp;
	assert_int_equal(set(w, 0, mixed, 0, NULL, 0), -EINVAL);
	assert_int_equal(tib_wish_set(w->tib, &x, 0), -EINVAL);
	assert_int_equal(tib_count(w->tib), 0);
}

/* --- lookup and walk --------------------------------------------------------------------------- */

static void lookup_takes_the_longest_group_then_the_longest_source(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key keys[] = {key("10.0.0.1", "239.1.1.1"), key("10.0.0.0/8", "239.1.1.1"),
		key("*", "239.1.1.1"), key("10.0.0.9", "239.0.0.0/8"), key("*", "239.0.0.0/8")};
	struct ipaddr g = addr("239.1.1.1"),
		      s[] = {addr("10.0.0.1"), addr("10.0.0.8"), addr("11.0.0.1"), addr("10.0.0.9"),
			      addr("10.0.0.1")};
	struct tib_entry_info e;

	for (unsigned i = 0; i < 5; i++)
		set_to(w, 0, keys[i], a, a);
	commit(w);
	for (unsigned i = 0; i < 5; i++) {
		if (i == 3)
			g = addr("239.2.2.2");
		assert_true(tib_lookup(w->tib, 0, &s[i], &g, &e));
		assert_true(route_key_eq(&e.key, &keys[i]));
	}
	g = addr("238.0.0.1");
	assert_false(tib_lookup(w->tib, 0, &s[0], &g, &e));
	assert_false(tib_lookup(w->tib, 1, &s[0], &keys[0].grp.addr, &e));
}

struct walked {
	unsigned n, stop;
	struct dp_route_key last;
};

static bool walk_cb(void *arg, const struct tib_entry_info *e)
{
	struct walked *k = arg;

	if (k->n++)
		assert_true(route_key_cmp(&k->last, &e->key) < 0);
	k->last = e->key;
	return k->n != k->stop;
}

static void walk_is_in_order_and_takes_filters(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct ipaddr s = addr("10.0.0.2"), g = addr("239.1.1.3"), none = {0};
	struct walked k = {0};

	for (uint32_t i = 0; i < 40; i++)
		set_to(w, 0,
			(struct dp_route_key){.src = prefix_host(ip4(0x0a000001 + i * 7 % 4)),
				.grp = prefix_host(ip4(0xef010101 + i * 13 % 10))},
			a, a);
	set_to(w, 0, key("*", "239.1.1.3"), a, a);
	commit(w);
	tib_walk(w->tib, NULL, NULL, walk_cb, &k);
	assert_int_equal(k.n, tib_count(w->tib));
	assert_int_equal(k.n, 21);
	k = (struct walked){.stop = 3};
	tib_walk(w->tib, NULL, NULL, walk_cb, &k);
	assert_int_equal(k.n, 3);
	k = (struct walked){0};
	tib_walk(w->tib, &s, NULL, walk_cb, &k);
	assert_int_equal(k.n, 5);
	k = (struct walked){0};
	tib_walk(w->tib, &none, &g, walk_cb, &k);
	assert_int_equal(k.n, 1);
	k = (struct walked){0};
	tib_walk(w->tib, NULL, &g, walk_cb, &k);
	assert_int_equal(k.n, 3);
}

/* --- HER --------------------------------------------------------------------------------------- */

static void assert_source(const struct dp_oif *d, const char *want)
{
	char text[IP_STRLEN];

	assert_string_equal(ip_str(&d->her_src, text, sizeof(text)), want);
}

static void her_source_is_the_address_of_the_egress_interface_and_follows_it(void **state)
{
	struct world *w = *state;
	uint16_t b = world_if(w, "b", "10.1.0.1/24");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_output o = her(b, "10.1.0.5");
	const struct dp_oif *d;
	uint32_t id, list;

	assert_int_equal(set(w, 0, k, 0, &o, 1), 0);
	commit(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_non_null(d);
	assert_source(d, "10.1.0.1");
	assert_int_equal(d->ifid, b);
	assert_int_not_equal(d->adj, 0);
	id = d->id;
	list = route(w, k)->list;
	world_run(w);
	fake_dp_forget(w->f);

	world_readdress(w, b, "10.1.0.9/24");
	world_run(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_source(d, "10.1.0.9");
	assert_int_equal(d->id, id);
	assert_int_equal(route(w, k)->list, list);
	assert_int_equal(w->f->calls[FAKE_LIST_GET], 0);
	assert_int_equal(w->f->calls[FAKE_ROUTE_SET], 0);
}

static void her_without_interface_follows_the_route(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", "10.0.0.254/24"), b = world_if(w, "b", "10.1.0.1/24");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_output o = her(0, "192.0.2.5");
	const struct dp_oif *d;

	assert_int_equal(set(w, 0, k, 0, &o, 1), 0);
	commit(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_int_equal(d->adj, 0); /* nowhere to go: dropped as unresolved */
	assert_int_equal(d->ifid, 0);

	world_route(w, "192.0.2.0/24", a, "10.0.0.9");
	world_run(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_int_equal(d->ifid, a);
	assert_int_not_equal(d->adj, 0);
	assert_source(d, "10.0.0.254");

	world_route(w, "192.0.2.0/24", b, "10.1.0.9");
	world_run(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_int_equal(d->ifid, b);
	assert_source(d, "10.1.0.1");

	world_unroute(w, "192.0.2.0/24");
	world_run(w);
	assert_int_equal(fake_dp_route_her(w->f, route(w, k), &o.her_dst)->adj, 0);
	del(w, 0, k);
	commit(w);
	assert_dp_empty(w);
}

static void her_never_leaves_with_the_senders_address_by_accident(void **state)
{
	struct world *w = *state;
	uint16_t b = world_if(w, "b", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_output o = her(b, "10.1.0.5"), keep = her(b, "10.1.0.6");
	struct tib_output v[2];
	const struct dp_oif *d;

	keep.preserve_source = true;
	v[0] = o;
	v[1] = keep;
	assert_int_equal(set(w, 0, k, 0, v, 2), 0);
	commit(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_true(ip_is_none(&d->her_src));
	assert_int_equal(d->adj, 0);
	d = fake_dp_route_her(w->f, route(w, k), &keep.her_dst);
	assert_true(ip_is_none(&d->her_src));
	assert_int_not_equal(d->adj, 0);
	world_readdress(w, b, "10.1.0.1/24");
	world_run(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_int_not_equal(d->adj, 0);
	assert_source(d, "10.1.0.1");
}

static void given_source_and_port_are_used(void **state)
{
	struct world *w = *state;
	uint16_t b = world_if(w, "b", "10.1.0.1/24");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_output o = her(b, "10.1.0.5");
	const struct dp_oif *d;

	o.her_src = addr("198.51.100.1");
	o.her_port = 5000;
	o.her_ttl = 0;
	o.her_dscp = 9;
	o.ttl_threshold = 7;
	assert_int_equal(set(w, 0, k, 0, &o, 1), 0);
	commit(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_true(ip_eq(&d->her_src, &o.her_src));
	assert_int_equal(d->her_port, 5000);
	assert_int_equal(d->her_ttl, 64);
	assert_int_equal(d->ttl_threshold, 7);
	assert_false(d->her_set_dscp);
	assert_int_equal(d->her_dscp, 0);
	assert_true(d->allow_input);
	o.her_set_dscp = true;
	assert_int_equal(set(w, 0, k, 0, &o, 1), 0);
	commit(w);
	d = fake_dp_route_her(w->f, route(w, k), &o.her_dst);
	assert_true(d->her_set_dscp);
	assert_int_equal(d->her_dscp, 9);
}

static void threshold_follows_the_interface_that_a_receiver_is_behind(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", "10.0.0.1/24"), b = world_if(w, "b", "10.1.0.1/24");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_output o = her(0, "192.0.2.9");
	struct net_if_conf c = net_if_get(w->net, b)->conf;
	struct tib_entry_info e;

	o.threshold_if = true;
	o.ttl_threshold = 3; /* nobody asks for it */
	c.ttl_threshold = 9;
	assert_int_equal(net_if_change(w->net, b, &c), 0);
	world_route(w, "192.0.2.0/24", a, "10.0.0.9");
	assert_int_equal(set(w, 0, k, 0, &o, 1), 0);
	commit(w);
	world_run(w);
	assert_int_equal(fake_dp_route_her(w->f, route(w, k), &o.her_dst)->ttl_threshold, 0);
	world_unroute(w, "192.0.2.0/24");
	world_route(w, "192.0.2.0/24", b, "10.1.0.9");
	world_run(w);
	assert_int_equal(fake_dp_route_her(w->f, route(w, k), &o.her_dst)->ttl_threshold, 9);
	c.ttl_threshold = 20;
	assert_int_equal(net_if_change(w->net, b, &c), 0);
	world_run(w);
	assert_int_equal(fake_dp_route_her(w->f, route(w, k), &o.her_dst)->ttl_threshold, 20);
	assert_true(tib_entry_get(w->tib, &k, &e));
	assert_int_equal(tib_oif_threshold(w->tib, e.oifs[0]), 20);
	assert_int_equal(tib_oif_threshold(w->tib, 12345), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(wish_is_installed_at_commit_and_not_before),
		T(equal_wish_again_costs_nothing),
		T(less_specific_wishes_are_in_every_entry_below_them),
		T(change_of_one_entry_writes_one_route),
		T(lists_and_oifs_are_shared_by_value),
		T(owners_of_one_key_are_independent),
		T(wish_deleted_and_set_again_before_commit_stays),
		T(new_routes_are_written_before_old_ones_go),
		T(resync_deletes_only_what_its_owner_did_not_set_again),
		T(senseless_wishes_are_refused),
		T(lookup_takes_the_longest_group_then_the_longest_source),
		T(walk_is_in_order_and_takes_filters),
		T(her_source_is_the_address_of_the_egress_interface_and_follows_it),
		T(her_without_interface_follows_the_route),
		T(her_never_leaves_with_the_senders_address_by_accident),
		T(given_source_and_port_are_used),
		T(threshold_follows_the_interface_that_a_receiver_is_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
