/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * static.routes.except: the sources for which a route does not hold.
 */
#include "app/conf/conf_priv.h"

static bool except_element(
	struct conf_reader *r, config_setting_t *s, const char *what, struct prefix *out)
{
	return value_prefix(r, s, "except", what, "\"10.0.0.0/8\"", out);
}

void except_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct static_route *rt = obj;
	bool list = config_setting_is_list(s) || config_setting_is_array(s);
	int n = list ? config_setting_length(s) : 1;

	rt->excepts = reader_array(r, n, sizeof(*rt->excepts));
	for (int i = 0; rt->excepts && i < n; i++) {
		config_setting_t *e = list ? config_setting_get_elem(s, (unsigned)i) : s;

		if (except_element(r, e, what, &rt->excepts[rt->n_excepts]))
			rt->n_excepts++;
	}
}

static int except_cmp(const void *a, const void *b)
{
	const struct prefix *x = *(const struct prefix *const *)a;
	const struct prefix *y = *(const struct prefix *const *)b;
	int d = ip_cmp(&x->addr, &y->addr);

	return d ? d : (int)x->len - (int)y->len;
}

/* One that lies within another says nothing, and most likely not what was meant. */
static void nested_check(
	struct conf_reader *r, unsigned line, const char *what, const struct static_route *rt)
{
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN];
	const struct prefix **v;

	if (rt->n_excepts < 2)
		return;
	v = reader_array(r, (int)rt->n_excepts, sizeof(struct prefix *));
	if (!v)
		return;
	for (uint32_t i = 0; i < rt->n_excepts; i++)
		v[i] = &rt->excepts[i];
	qsort(v, rt->n_excepts, sizeof(struct prefix *), except_cmp);
	for (uint32_t i = 1; i < rt->n_excepts; i++)
		if (prefix_covers(v[i - 1], v[i]))
			problem_add(r, line, "except of %s: %s lies within %s: remove one", what,
				prefix_str(v[i], a, sizeof(a)), prefix_str(v[i - 1], b, sizeof(b)));
	free(v);
}

static void except_check(struct conf_reader *r, unsigned line, const char *what,
	const struct static_route *rt, const struct prefix *p)
{
	const struct prefix *src = &rt->key.src;
	char e[PREFIX_STRLEN], s[PREFIX_STRLEN];

	prefix_str(p, e, sizeof(e));
	prefix_str(src, s, sizeof(s));
	if (p->addr.family != rt->key.grp.addr.family)
		problem_add(r, line, "except of %s: %s must be %s like the group", what, e,
			rt->key.grp.addr.family == IP_V4 ? "IPv4" : "IPv6");
	else if (p->len > 0 && ip_is_multicast(&p->addr))
		problem_add(r, line,
			"except of %s: %s is a multicast address; write addresses of senders", what,
			e);
	else if (p->len == src->len && prefix_covers(src, p))
		problem_add(r, line,
			"except of %s: %s is all its sources; remove the route instead", what, e);
	else if (!prefix_covers(src, p))
		problem_add(r, line, "except of %s: %s is not within its source %s: remove it",
			what, e, s);
}

void excepts_check(
	struct conf_reader *r, unsigned line, const char *what, const struct static_route *rt)
{
	const unsigned before = r->total;

	for (uint32_t i = 0; i < rt->n_excepts; i++)
		except_check(r, line, what, rt, &rt->excepts[i]);
	if (r->total == before)
		nested_check(r, line, what, rt);
}

void excepts_print(const struct static_route *r, FILE *to)
{
	for (uint32_t i = 0; i < r->n_excepts; i++) {
		fputs(i ? ", " : "except = [ ", to);
		prefix_print(&r->excepts[i], to);
	}
	if (r->n_excepts)
		fputs(" ]; ", to);
}
