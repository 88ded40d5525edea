/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Random wishes, deletions, commits and refusals: after every clean commit the data plane must hold
 * exactly what a merge from scratch gives, and after the last deletion nothing at all.
 */
#include "control/base/prng.h"
#include "control/base/route_key.h"
#include "tests/unit/control/world.h"

#define OWNERS 3
#define IFS 5
#define OUTPUTS 4

struct model_wish {
	bool set;
	struct tib_wish w;
	struct tib_output outputs[OUTPUTS];
};

struct model {
	struct dp_route_key keys[64];
	unsigned n_keys;
	struct model_wish wishes[OWNERS][64];
	uint16_t ifs[IFS];
};

static void make_keys(struct model *m)
{
	static const char *const groups[][2] = {{"239.1.1.1", "ff05::1"}, {"239.1.1.2", "ff05::2"},
		{"239.1.0.0/16", "ff05::/64"}, {"224.0.0.0/4", "ff00::/8"}};
	static const char *const sources[][2] = {{"*", "*"}, {"10.0.0.1", "2001:db8::1"},
		{"10.0.0.2", "2001:db8::2"}, {"10.0.0.0/24", "2001:db8::/64"},
		{"10.0.0.0/8", "2001:db8::/32"}};

	for (unsigned f = 0; f < 2; f++)
		for (unsigned g = 0; g < 4; g++)
			for (unsigned s = 0; s < 5; s++)
				m->keys[m->n_keys++] = key(sources[s][f], groups[g][f]);
}

static void random_output(struct prng *r, const struct model *m, bool v6, struct tib_output *o)
{
	*o = (struct tib_output){
		.ifid = m->ifs[prng_below(r, IFS)], .ttl_threshold = (uint8_t)prng_below(r, 3)};
	if (prng_below(r, 3))
		return;
	o->her_dst = addr(v6 ? "2001:db8:1::5" : "10.1.0.5");
	o->her_dst.b[v6 ? 15 : 3] = (uint8_t)(1 + prng_below(r, 4));
	o->her_ttl = 64;
	o->allow_input = true;
	if (!prng_below(r, 3))
		o->ifid = 0;
}

static void random_wish(
	struct prng *r, struct world *w, struct model *m, uint16_t owner, unsigned k)
{
	static const uint8_t precedences[] = {TIB_PREC_PROXY, TIB_PREC_SM, TIB_PREC_STATIC};
	struct model_wish *x = &m->wishes[owner][k];

	x->set = true;
	x->w = (struct tib_wish){.owner = owner,
		.precedence = precedences[prng_below(r, 3)],
		.key = m->keys[k],
		.n_inputs = (uint8_t)prng_below(r, 3),
		.n_outputs = prng_below(r, OUTPUTS + 1),
		.outputs = x->outputs};
	for (unsigned i = 0; i < x->w.n_inputs; i++)
		x->w.inputs[i] = (struct dp_input){
			.ifid = m->ifs[prng_below(r, IFS)], .flags = DP_INPUT_ACCEPT};
	for (unsigned i = 0; i < x->w.n_outputs; i++)
		random_output(r, m, x->w.key.grp.addr.family == IP_V6, &x->outputs[i]);
	assert_int_equal(tib_wish_set(w->tib, &x->w, w->now_us), 0);
}

static void random_delete(struct world *w, struct model *m, uint16_t owner, unsigned k)
{
	struct model_wish *x = &m->wishes[owner][k];

	assert_int_equal(tib_wish_del(w->tib, owner, &m->keys[k]), x->set ? 0 : -ENOENT);
	x->set = false;
}

static bool dp_has_output(
	const struct fake_dp *f, const struct dp_route *r, const struct tib_output *o)
{
	const uint32_t *v;
	uint32_t n = fake_dp_route_oifs(f, r, &v);

	for (uint32_t i = 0; i < n; i++) {
		const struct dp_oif *d = &f->oifs[v[i]];

		if ((o->ifid == 0 || d->ifid == o->ifid) && d->ttl_threshold == o->ttl_threshold &&
			ip_eq(&d->her_dst, &o->her_dst) && d->allow_input == o->allow_input)
			return true;
	}
	return false;
}

static void check_key(struct world *w, const struct model *m, unsigned k)
{
	const struct tib_wish *cover[OWNERS * 64];
	const struct dp_route *r = fake_dp_route(w->f, &m->keys[k]);
	struct tib_merged want;
	const uint32_t *v;
	bool own = false;
	size_t n = 0;

	for (unsigned o = 0; o < OWNERS; o++) {
		own |= m->wishes[o][k].set;
		for (unsigned i = 0; i < m->n_keys; i++)
			if (m->wishes[o][i].set && route_key_covers(&m->keys[i], &m->keys[k]))
				cover[n++] = &m->wishes[o][i].w;
	}
	if (!own) {
		assert_null(r);
		return;
	}
	assert_non_null(r);
	assert_int_equal(tib_merge(&m->keys[k], cover, n, &want), 0);
	assert_int_equal(r->n_inputs, want.n_inputs);
	assert_memory_equal(r->inputs, want.inputs, sizeof(want.inputs));
	assert_int_equal(fake_dp_route_oifs(w->f, r, &v), want.n_outputs);
	for (uint32_t i = 0; i < want.n_outputs; i++)
		assert_true(dp_has_output(w->f, r, &want.outputs[i]));
	tib_merged_fini(&want);
}

static void check_all(struct world *w, const struct model *m)
{
	for (unsigned k = 0; k < m->n_keys; k++)
		check_key(w, m, k);
}

static void random_refusal(struct prng *r, struct fake_dp *f)
{
	static const enum fake_op ops[] = {
		FAKE_ROUTE_SET, FAKE_ROUTE_DEL, FAKE_LIST_GET, FAKE_OIF_SET};
	static const int errors[] = {-ENOSPC, -ENOMEM, -EINVAL};

	fake_dp_fail(f, ops[prng_below(r, 4)], errors[prng_below(r, 3)], prng_below(r, 6),
		1 + prng_below(r, 10));
}

/* Whatever was refused is installed in the end. */
static void commit_until_clean(struct world *w)
{
	unsigned tries = 0;

	while (tib_commit(w->tib))
		assert_true(++tries < 100);
}

static void random_wishes(struct world *w, bool refusals)
{
	struct prng r = {test_seed()};
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	make_keys(m);
	for (unsigned i = 0; i < IFS; i++)
		m->ifs[i] = world_if(w, (char[]){(char)('a' + i), 0}, i ? NULL : "10.1.0.254/24");
	for (int step = 0; step < 6000; step++) {
		uint16_t owner = (uint16_t)prng_below(&r, OWNERS);
		unsigned k = prng_below(&r, m->n_keys);

		if (prng_below(&r, 100) < (step / 1000 % 2 ? 30 : 60))
			random_wish(&r, w, m, owner, k);
		else
			random_delete(w, m, owner, k);
		if (refusals && !prng_below(&r, 10))
			random_refusal(&r, w->f);
		if (refusals && !prng_below(&r, 5))
			tib_commit(w->tib);
		if (!prng_below(&r, 8)) {
			commit_until_clean(w);
			check_all(w, m);
		}
	}
	for (uint16_t o = 0; o < OWNERS; o++)
		for (unsigned k = 0; k < m->n_keys; k++)
			if (m->wishes[o][k].set)
				random_delete(w, m, o, k);
	commit_until_clean(w);
	assert_int_equal(w->f->n_routes, 0);
	assert_int_equal(w->f->n_lists, 0);
	assert_int_equal(fake_dp_count_oifs(w->f), 0);
	assert_int_equal(fake_dp_count_adjs(w->f), 0);
	assert_int_equal(tib_count(w->tib), 0);
	free(m);
}

static void incremental_equals_from_scratch(void **state)
{
	random_wishes(*state, false);
}

static void incremental_equals_from_scratch_with_refusals(void **state)
{
	random_wishes(*state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			incremental_equals_from_scratch, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			incremental_equals_from_scratch_with_refusals, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
