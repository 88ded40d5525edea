/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Random wishes with prefixes and excepts, deletions, commits and refusals: after every clean commit
 * each packet must meet in the data plane exactly what all wishes that cover it, and do not except it,
 * give together; and after the last deletion nothing at all is left. The model knows nothing of entries,
 * crossings or covers: it asks every wish about every packet.
 */
#include "control/base/prng.h"
#include "control/base/route_key.h"
#include "tests/unit/control/world.h"

#define OWNERS 3
#define IFS 5
#define OUTPUTS 4
#define EXCEPTS 3
#define KEYS 96

struct model_wish {
	bool set;
	struct tib_wish w;
	struct tib_output outputs[OUTPUTS];
	struct prefix excepts[EXCEPTS];
};

struct model {
	struct dp_route_key keys[KEYS];
	unsigned n_keys;
	struct model_wish wishes[OWNERS][KEYS];
	uint16_t ifs[IFS];
};

#define GROUPS 5
#define SOURCES 6
static const char *const groups[GROUPS][2] = {{"239.1.1.1", "ff05::1"}, {"239.1.1.2", "ff05::2"},
	{"239.1.1.0/24", "ff05::/112"}, {"239.1.0.0/16", "ff05::/64"}, {"224.0.0.0/4", "ff00::/8"}};
static const char *const sources[SOURCES][2] = {{"*", "*"}, {"10.0.0.1", "2001:db8::1"},
	{"10.0.0.2", "2001:db8::2"}, {"10.0.0.0/30", "2001:db8::/126"},
	{"10.0.0.0/24", "2001:db8::/64"}, {"10.0.0.0/8", "2001:db8::/32"}};
/* Senders and groups of packets: in every prefix, at the edge of some and outside all. */
static const char *const packet_sources[][2] = {{"10.0.0.1", "2001:db8::1"},
	{"10.0.0.2", "2001:db8::2"}, {"10.0.0.3", "2001:db8::3"}, {"10.0.0.4", "2001:db8::4"},
	{"10.1.0.0", "2001:db8:1::"}, {"11.0.0.1", "2001:db9::1"}};
static const char *const packet_groups[][2] = {{"239.1.1.1", "ff05::1"}, {"239.1.1.2", "ff05::2"},
	{"239.1.1.255", "ff05::ffff"}, {"239.1.2.0", "ff05::1:0"}, {"239.2.0.0", "ff05:0:0:1::"}};

static void make_keys(struct model *m)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned g = 0; g < GROUPS; g++)
			for (unsigned s = 0; s < SOURCES; s++)
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

/* Some of the sources within those of the wish; one may lie within another. */
static void random_excepts(struct prng *r, struct model_wish *x)
{
	unsigned f = x->w.key.grp.addr.family == IP_V6, n = prng_below(r, 2 * EXCEPTS);

	x->w.excepts = x->excepts;
	for (unsigned i = 0; i < n && x->w.n_excepts < EXCEPTS; i++) {
		struct prefix p = key(sources[prng_below(r, SOURCES)][f], groups[0][f]).src;

		if (prefix_covers(&x->w.key.src, &p))
			x->excepts[x->w.n_excepts++] = p;
	}
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
	random_excepts(r, x);
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

/* What a worker does: the longest group, then the longest source. */
static const struct dp_route *dp_lookup(
	const struct fake_dp *f, const struct ipaddr *src, const struct ipaddr *grp)
{
	const struct dp_route *best = NULL;

	for (uint32_t i = 0; i < f->n_routes; i++) {
		const struct dp_route *r = &f->routes[i].r;

		if (!prefix_has(&r->key.grp, grp) || !prefix_has(&r->key.src, src))
			continue;
		if (!best || r->key.grp.len > best->key.grp.len ||
			(r->key.grp.len == best->key.grp.len && r->key.src.len > best->key.src.len))
			best = r;
	}
	return best;
}

static bool wish_excepts_packet(const struct tib_wish *w, const struct ipaddr *src)
{
	for (uint32_t i = 0; i < w->n_excepts; i++)
		if (prefix_has(&w->excepts[i], src))
			return true;
	return false;
}

/* Whether a's inputs count before b's. */
static bool wish_before(const struct tib_wish *a, const struct tib_wish *b)
{
	if (a->key.grp.len != b->key.grp.len)
		return a->key.grp.len > b->key.grp.len;
	if (a->key.src.len != b->key.src.len)
		return a->key.src.len > b->key.src.len;
	if (a->precedence != b->precedence)
		return a->precedence > b->precedence;
	return a->owner < b->owner;
}

struct packet {
	struct ipaddr src, grp;
	const struct tib_wish *takes[OWNERS * KEYS];
	unsigned n;      /* of takes: wishes that want it */
	bool excepted;   /* some wish would, but for its except */
	uint32_t native; /* interface ids as bits */
	const struct tib_wish *first;
};

static void packet_ask(const struct model *m, struct packet *p)
{
	for (unsigned o = 0; o < OWNERS; o++)
		for (unsigned k = 0; k < m->n_keys; k++) {
			const struct tib_wish *w = &m->wishes[o][k].w;

			if (!m->wishes[o][k].set || !prefix_has(&w->key.src, &p->src) ||
				!prefix_has(&w->key.grp, &p->grp))
				continue;
			if (wish_excepts_packet(w, &p->src)) {
				p->excepted = true;
				continue;
			}
			p->takes[p->n++] = w;
			if (!p->first || wish_before(w, p->first))
				p->first = w;
			for (uint32_t i = 0; i < w->n_outputs; i++)
				if (ip_is_none(&w->outputs[i].her_dst))
					p->native |= 1u << w->outputs[i].ifid;
		}
}

/* A wish without the excepts that the model has dealt with itself. */
static const struct tib_wish *plain(struct tib_wish *to, const struct tib_wish *from)
{
	*to = *from;
	to->n_excepts = 0;
	return to;
}

static void check_outputs(struct world *w, const struct packet *p, const struct dp_route *r)
{
	static struct tib_wish copies[OWNERS * KEYS];
	const struct tib_wish *v[OWNERS * KEYS];
	struct tib_merged want;
	uint32_t native = 0;
	const uint32_t *ids;

	for (unsigned i = 0; i < p->n; i++)
		v[i] = plain(&copies[i], p->takes[i]);
	assert_int_equal(tib_merge(&r->key, v, p->n, &want), 0);
	assert_int_equal(fake_dp_route_oifs(w->f, r, &ids), want.n_outputs);
	for (uint32_t i = 0; i < want.n_outputs; i++) {
		assert_true(dp_has_output(w->f, r, &want.outputs[i]));
		if (ip_is_none(&w->f->oifs[ids[i]].her_dst))
			native |= 1u << w->f->oifs[ids[i]].ifid;
	}
	assert_int_equal(native, p->native);
	tib_merged_fini(&want);
}

static uint32_t accepted_ifs(const struct dp_input *v, unsigned n)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= 1u << v[i].ifid;
	return bits;
}

static void check_packet(struct world *w, const struct model *m, unsigned s, unsigned g, unsigned f)
{
	struct packet p = {.src = addr(packet_sources[s][f]), .grp = addr(packet_groups[g][f])};
	const struct dp_route *r = dp_lookup(w->f, &p.src, &p.grp);
	struct tib_entry_info e;
	struct tib_except x;

	packet_ask(m, &p);
	assert_int_equal(tib_lookup(w->tib, DP_TABLE_MAIN, &p.src, &p.grp, &e), r != NULL);
	assert_int_equal(tib_excepted(w->tib, DP_TABLE_MAIN, &p.src, &p.grp, &x), p.excepted);
	assert_false(tib_crossing_missing(w->tib, DP_TABLE_MAIN, &p.src, &p.grp));
	if (p.n == 0 && !p.excepted) {
		assert_null(r);
		return;
	}
	assert_non_null(r);
	assert_memory_equal(&e.key, &r->key, sizeof(r->key));
	assert_int_equal(e.merged->excepted, p.n == 0);
	if (p.n == 0) {
		assert_int_equal(r->list, 0);
		assert_int_equal(r->n_inputs, 1);
		assert_int_equal(r->inputs[0].ifid, DP_IF_ANY);
		assert_int_equal(r->inputs[0].flags, DP_INPUT_DROP);
		return;
	}
	assert_int_equal(accepted_ifs(r->inputs, r->n_inputs),
		accepted_ifs(p.first->inputs, p.first->n_inputs));
	check_outputs(w, &p, r);
}

static void check_all(struct world *w, const struct model *m)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned s = 0; s < sizeof(packet_sources) / sizeof(packet_sources[0]); s++)
			for (unsigned g = 0; g < sizeof(packet_groups) / sizeof(packet_groups[0]);
				g++)
				check_packet(w, m, s, g, f);
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

static void random_step(struct prng *r, struct world *w, struct model *m, unsigned percent_new)
{
	uint16_t owner = (uint16_t)prng_below(r, OWNERS);
	unsigned k = prng_below(r, m->n_keys);

	if (prng_below(r, 100) < percent_new)
		random_wish(r, w, m, owner, k);
	else
		random_delete(w, m, owner, k);
}

static struct model *model_new(struct world *w)
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	make_keys(m);
	for (unsigned i = 0; i < IFS; i++)
		m->ifs[i] = world_if(w, (char[]){(char)('a' + i), 0}, i ? NULL : "10.1.0.254/24");
	return m;
}

static void delete_all(struct world *w, struct model *m)
{
	struct tib_crossings c;

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
	tib_crossings_get(w->tib, &c);
	assert_int_equal(c.n, 0);
	assert_false(c.missing);
	free(m);
}

static void random_wishes(struct world *w, bool refusals)
{
	struct prng r = {test_seed()};
	struct model *m = model_new(w);

	for (int step = 0; step < 8000; step++) {
		/* few wishes at times, many at others */
		random_step(&r, w, m, (unsigned[]){5, 30, 60}[step / 1000 % 3]);
		if (refusals && !prng_below(&r, 10))
			random_refusal(&r, w->f);
		if (refusals && !prng_below(&r, 5))
			tib_commit(w->tib);
		if (!prng_below(&r, 4)) {
			commit_until_clean(w);
			check_all(w, m);
		}
	}
	delete_all(w, m);
}

static void incremental_equals_from_scratch(void **state)
{
	random_wishes(*state, false);
}

static void incremental_equals_from_scratch_with_refusals(void **state)
{
	random_wishes(*state, true);
}

/* However many crossings did not fit, and whatever changed meanwhile. */
static void crossings_that_did_not_fit_come_when_there_is_room(void **state)
{
	struct world *w = *state;
	struct prng r = {test_seed()};
	struct model *m = model_new(w);
	unsigned missing = 0;

	for (int step = 0; step < 3000; step++) {
		struct tib_crossings c;

		random_step(&r, w, m, 30);
		if (prng_below(&r, 20))
			continue;
		tib_crossings_limit(w->tib, prng_below(&r, 20));
		for (unsigned i = prng_below(&r, 20); i; i--)
			random_step(&r, w, m, 50);
		commit_until_clean(w);
		tib_crossings_get(w->tib, &c);
		missing += c.missing;
		tib_crossings_limit(w->tib, TIB_CROSSINGS_MAX);
		commit_until_clean(w);
		check_all(w, m);
	}
	assert_true(missing > 10);
	delete_all(w, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			incremental_equals_from_scratch, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			incremental_equals_from_scratch_with_refusals, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(crossings_that_did_not_fit_come_when_there_is_room,
			world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
