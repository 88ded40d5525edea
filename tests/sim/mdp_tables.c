/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The model data plane: oif lists and routes, their lookup, and how they look as text.
 */
#include "tests/sim/mdp_priv.h"

#include "control/base/route_key.h"

#include <errno.h>

/* --- lists ---------------------------------------------------------------------------------------- */

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t *sorted(struct mdp *m, const uint32_t *oifs, uint32_t *n)
{
	uint32_t *v = sim_alloc(*n * sizeof(*v)), out = 0;

	memcpy(v, oifs, *n * sizeof(*v));
	qsort(v, *n, sizeof(*v), cmp_u32);
	for (uint32_t i = 0; i < *n; i++) {
		if (v[i] >= m->n_oifs || !m->oifs[v[i]].c.id)
			mdp_misuse(m, "list_get: no oif %u", v[i]);
		if (out == 0 || v[out - 1] != v[i])
			v[out++] = v[i];
	}
	*n = out;
	return v;
}

static uint32_t list_slot(struct mdp *m)
{
	uint32_t n = m->n_lists;

	for (uint32_t i = 1; i < n; i++)
		if (!m->lists[i].oifs)
			return i;
	m->n_lists = n ? n * 2 : 16;
	m->lists = realloc(m->lists, m->n_lists * sizeof(*m->lists));
	if (!m->lists)
		exit(1);
	memset(m->lists + n, 0, (m->n_lists - n) * sizeof(*m->lists));
	return n ? n : 1;
}

int mdp_list_get(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list)
{
	struct mdp *m = dp;
	uint32_t *v = sorted(m, oifs, &n);
	uint32_t id;

	for (uint32_t i = 1; i < m->n_lists; i++) {
		struct mdp_list *l = &m->lists[i];

		if (l->oifs && l->n == n && !memcmp(l->oifs, v, n * sizeof(*v))) {
			free(v);
			l->held++;
			*list = i;
			return 0;
		}
	}
	id = list_slot(m);
	m->lists[id] = (struct mdp_list){.n = n, .oifs = v, .held = 1};
	for (uint32_t i = 0; i < n; i++)
		m->oifs[v[i]].lists++;
	*list = id;
	return 0;
}

static void list_check(struct mdp *m, uint32_t id)
{
	struct mdp_list *l = &m->lists[id];

	if (l->held || l->routes)
		return;
	for (uint32_t i = 0; i < l->n; i++)
		m->oifs[l->oifs[i]].lists--;
	free(l->oifs);
	*l = (struct mdp_list){0};
}

static bool has_list(const struct mdp *m, uint32_t id)
{
	return id && id < m->n_lists && m->lists[id].oifs;
}

void mdp_list_put(void *dp, uint32_t list)
{
	struct mdp *m = dp;

	if (!has_list(m, list) || !m->lists[list].held) {
		mdp_misuse(m, "list_put %u: not held", list);
		return;
	}
	m->lists[list].held--;
	list_check(m, list);
}

size_t mdp_count_lists(const struct mdp *m)
{
	size_t n = 0;

	for (uint32_t i = 1; i < m->n_lists; i++)
		n += m->lists[i].oifs != NULL;
	return n;
}

/* --- prefix lengths in use ------------------------------------------------------------------------- */

/* The longest group first, then the longest source. */
static bool lens_before(const struct mdp_lens *l, const struct dp_route_key *k)
{
	if (l->family != k->grp.addr.family)
		return l->family < k->grp.addr.family;
	return l->grp != k->grp.len ? l->grp > k->grp.len : l->src > k->src.len;
}

static struct mdp_lens *lens_of(struct mdp *m, const struct dp_route_key *k)
{
	unsigned i = 0;

	while (i < m->n_lens && lens_before(&m->lens[i], k))
		i++;
	if (i < m->n_lens && m->lens[i].family == k->grp.addr.family &&
		m->lens[i].grp == k->grp.len && m->lens[i].src == k->src.len)
		return &m->lens[i];
	if (m->n_lens == MDP_LENS_MAX) {
		fprintf(stderr, "sim: more than %d pairs of prefix lengths\n", MDP_LENS_MAX);
		exit(1);
	}
	memmove(&m->lens[i + 1], &m->lens[i], (m->n_lens - i) * sizeof(m->lens[0]));
	m->n_lens++;
	m->lens[i] = (struct mdp_lens){
		.family = k->grp.addr.family, .grp = k->grp.len, .src = k->src.len};
	return &m->lens[i];
}

static void lens_put(struct mdp *m, const struct dp_route_key *k)
{
	struct mdp_lens *l = lens_of(m, k);

	if (--l->n == 0) {
		m->n_lens--;
		memmove(l, l + 1, (size_t)(&m->lens[m->n_lens] - l) * sizeof(*l));
	}
}

/* --- routes ---------------------------------------------------------------------------------------- */

struct mdp_route *mdp_route_find(const struct mdp *m, const struct dp_route_key *k)
{
	struct hash_node *h = hash_first(&m->routes, route_key_hash(k));

	for (; h; h = hash_same(h)) {
		struct mdp_route *r = container_of(h, struct mdp_route, node);

		if (route_key_eq(&r->r.key, k))
			return r;
	}
	return NULL;
}

const struct mdp_route *mdp_lookup(
	const struct mdp *m, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp)
{
	for (unsigned i = 0; i < m->n_lens; i++) {
		struct dp_route_key k = {.table = table,
			.src = prefix_make(*src, m->lens[i].src),
			.grp = prefix_make(*grp, m->lens[i].grp)};
		const struct mdp_route *r =
			m->lens[i].family == grp->family ? mdp_route_find(m, &k) : NULL;

		if (r)
			return r;
	}
	return NULL;
}

static size_t put_route(const struct mdp *m, const struct dp_route *r, char *buf, size_t cap)
{
	size_t n;

	route_key_str(&r->key, buf, cap);
	n = strlen(buf);
	n += (size_t)snprintf(buf + n, cap - n, " in");
	for (unsigned i = 0; i < r->n_inputs && n < cap; i++) {
		const struct dp_input *in = &r->inputs[i];
		const struct sim_port *p = sim_router_port(m->router, in->ifid);

		n += (size_t)snprintf(buf + n, cap - n, " %s:%s%s%s%s",
			in->ifid == DP_IF_ANY        ? "any"
			: in->ifid == DP_IF_REGISTER ? "register"
			: p                          ? p->link->name
						     : "?",
			in->flags & DP_INPUT_ACCEPT ? "A" : "",
			in->flags & DP_INPUT_SIGNAL ? "S" : "",
			in->flags & DP_INPUT_DROP ? "D" : "", in->role == DP_ROLE_NEXT ? "N" : "");
	}
	return n < cap ? n : cap - 1;
}

static void route_str(const struct mdp *m, const struct dp_route *r, char *buf, size_t cap)
{
	const struct mdp_list *l = has_list(m, r->list) ? &m->lists[r->list] : NULL;
	size_t n = put_route(m, r, buf, cap);
	char dst[IP_STRLEN];

	n += (size_t)snprintf(buf + n, cap - n, " out");
	for (uint32_t i = 0; l && i < l->n && n < cap; i++) {
		const struct dp_oif *o = &m->oifs[l->oifs[i]].c;
		const struct sim_port *p = sim_router_port(m->router, o->ifid);

		n += (size_t)snprintf(buf + n, cap - n, " %s%s%s", p ? p->link->name : "?",
			ip_is_none(&o->her_dst)         ? ""
			: o->encap == DP_ENCAP_REGISTER ? ">Register:"
							: ">",
			ip_is_none(&o->her_dst) ? "" : ip_str(&o->her_dst, dst, sizeof(dst)));
	}
}

static void trace_route(const struct mdp *m, const char *what, const struct dp_route *r)
{
	char text[512];

	if (!m->router->s->trace)
		return;
	route_str(m, r, text, sizeof(text));
	SIM_TRACE(m->router->s, m->router->name, "%s %s", what, text);
}

static void route_remove(struct mdp *m, struct mdp_route *r)
{
	uint32_t list = r->r.list;

	trace_route(m, "mfib del", &r->r);
	hash_del(&m->routes, &r->node);
	lens_put(m, &r->r.key);
	free(r->move);
	free(r);
	if (list) {
		m->lists[list].routes--;
		list_check(m, list);
	}
}

static void route_check(struct mdp *m, const struct dp_route *r)
{
	if (r->key.pad || r->key.src.addr.family != r->key.grp.addr.family)
		mdp_misuse(m, "route_set: bad key");
	if (r->n_inputs > DP_INPUTS_MAX)
		mdp_misuse(m, "route_set: %u inputs", r->n_inputs);
	if (r->list && (!has_list(m, r->list) || !m->lists[r->list].held))
		mdp_misuse(m, "route_set: list %u is not held", r->list);
}

static void route_put(struct mdp *m, const struct dp_route *r)
{
	struct mdp_route *at = mdp_route_find(m, &r->key);
	uint32_t old = at ? at->r.list : 0;

	if (!at) {
		at = sim_alloc(sizeof(*at));
		hash_add(&m->routes, &at->node, route_key_hash(&r->key));
		lens_of(m, &r->key)->n++;
	}
	at->r = *r;
	at->swept = false;
	mdp_move_follow(at);
	if (r->list)
		m->lists[r->list].routes++;
	if (old) {
		m->lists[old].routes--;
		list_check(m, old);
	}
	trace_route(m, "mfib set", r);
}

int mdp_route_set(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done)
{
	for (uint32_t i = 0; i < n; i++) {
		route_check(dp, &routes[i]);
		route_put(dp, &routes[i]);
	}
	if (done)
		*done = n;
	return 0;
}

int mdp_route_del(void *dp, const struct dp_route_key *keys, uint32_t n)
{
	struct mdp *m = dp;
	int rc = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct mdp_route *r = mdp_route_find(m, &keys[i]);

		if (r)
			route_remove(m, r);
		else
			rc = -ENOENT;
	}
	return rc;
}

int mdp_resync_begin(void *dp)
{
	struct mdp *m = dp;

	for (struct hash_node *h = hash_next(&m->routes, NULL); h; h = hash_next(&m->routes, h))
		container_of(h, struct mdp_route, node)->swept = true;
	return 0;
}

static void sweep(struct mdp *m, bool all)
{
	struct hash_node *next;

	for (struct hash_node *h = hash_next(&m->routes, NULL); h; h = next) {
		struct mdp_route *r = container_of(h, struct mdp_route, node);

		next = hash_next(&m->routes, h);
		if (all || r->swept)
			route_remove(m, r);
	}
}

int mdp_resync_end(void *dp)
{
	sweep(dp, false);
	return 0;
}

void mdp_tables_fini(struct mdp *m)
{
	FILE *trace = m->router->s->trace;

	m->router->s->trace = NULL; /* the router is off: nothing to say of each route */
	sweep(m, true);
	m->router->s->trace = trace;
	for (uint32_t i = 1; i < m->n_lists; i++)
		free(m->lists[i].oifs);
	free(m->lists);
	hash_fini(&m->routes);
}

void mdp_dump(const struct mdp *m, FILE *f)
{
	char text[512];

	for (struct hash_node *h = hash_next(&m->routes, NULL); h; h = hash_next(&m->routes, h)) {
		const struct mdp_route *r = container_of(h, struct mdp_route, node);

		route_str(m, &r->r, text, sizeof(text));
		fprintf(f, "  %s packets %llu wrong_if %llu dropped %llu\n", text,
			(unsigned long long)r->packets, (unsigned long long)r->wrong_if,
			(unsigned long long)r->dropped);
	}
}
