/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What every section of the file shares: the list of problems, groups read by their table of keys,
 * lists, nearest names.
 */
#include "app/conf/conf_priv.h"

#include <stdarg.h>

/* --- problems ----------------------------------------------------------------------------------- */

void problem_add(struct conf_reader *r, unsigned line, const char *fmt, ...)
{
	struct problem *p;
	va_list ap;

	r->total++;
	if (!r->problems)
		r->problems = calloc(PROBLEMS_MAX, sizeof(*r->problems));
	if (!r->problems) {
		r->no_memory = true;
		return;
	}
	if (r->n_problems == PROBLEMS_MAX)
		return;
	p = &r->problems[r->n_problems];
	p->order = r->n_problems++;
	p->line = line;
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	/* Text of the file is in it: one message is one line, whatever the file holds. */
	for (char *c = p->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static int problem_cmp(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void problems_print(const struct conf_reader *r, char *err, size_t cap)
{
	const size_t reserve = strlen(r->path) + 40; /* for "and N more problems" */
	size_t used = 0;
	unsigned shown = 0;

	if (cap == 0)
		return;
	err[0] = '\0';
	qsort(r->problems, r->n_problems, sizeof(*r->problems), problem_cmp);
	for (; shown < r->n_problems; shown++) {
		const struct problem *p = &r->problems[shown];
		char line[16] = "", text[PROBLEM_LEN + 4200];
		size_t len;

		if (p->line)
			snprintf(line, sizeof(line), "%u:", p->line);
		snprintf(text, sizeof(text), "%s:%s %s\n", r->path, line, p->text);
		len = strlen(text);
		if (used + len + (shown + 1 < r->total ? reserve : 0) >= cap && shown > 0)
			break;
		snprintf(err + used, cap - used, "%s", text);
		used = strlen(err);
	}
	if (shown < r->total)
		snprintf(err + used, cap - used, "%s: and %u more problems\n", r->path,
			r->total - shown);
	used = strlen(err);
	if (used && err[used - 1] == '\n')
		err[used - 1] = '\0';
}

/* --- names --------------------------------------------------------------------------------------- */

/* Edit distance (insert, delete, replace, swap of neighbours), names of up to 31 characters. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned char d[33][33];

	if (la > 31 || lb > 31)
		return 99;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned char)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1u < best)
				best = d[i - 1][j] + 1u;
			if (d[i][j - 1] + 1u < best)
				best = d[i][j - 1] + 1u;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1u < best)
				best = d[i - 2][j - 2] + 1u;
			d[i][j] = (unsigned char)best;
		}
	}
	return d[la][lb];
}

const char *nearest(const char *name, const char *const *names, size_t n)
{
	unsigned best = 1 + (unsigned)strlen(name) / 3;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = names[i] ? distance(name, names[i]) : 99;

		if (d < best + !found) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

static const struct conf_key *key_find(const struct conf_group *g, const char *name)
{
	for (size_t i = 0; i < g->n_keys; i++)
		if (strcmp(g->keys[i].name, name) == 0)
			return &g->keys[i];
	return NULL;
}

static void key_unknown(struct conf_reader *r, const config_setting_t *s,
	const struct conf_group *g, const char *what)
{
	const char *names[32] = {NULL}, *near;
	char list[448] = "";
	size_t n = 0;

	for (size_t i = 0; i < g->n_keys && n < 32; i++)
		if (g->keys[i].type != KEY_LATER)
			names[n++] = g->keys[i].name;
	near = nearest(s->name, names, n);
	if (near) {
		problem_add(r, line_of(s), "unknown key '%s' in %s: did you mean '%s'?", s->name,
			what, near);
		return;
	}
	for (size_t i = 0; i < n; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			names[i]);
	problem_add(
		r, line_of(s), "unknown key '%.32s' in %s: its keys are %s", s->name, what, list);
}

/* --- groups --------------------------------------------------------------------------------------- */

bool group_names_check(
	struct conf_reader *r, config_setting_t *s, const struct conf_group *g, const char *what)
{
	if (!config_setting_is_group(s)) {
		problem_add(
			r, line_of(s), "%s must be a group { ... }, not %s", what, type_name(s));
		return false;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const struct conf_key *k = key_find(g, m->name);

		if (!k)
			key_unknown(r, m, g, what);
		else if (k->type == KEY_LATER)
			problem_add(r, line_of(m),
				"'%s' is not available in this version; remove it", k->name);
	}
	for (size_t i = 0; i < g->n_keys; i++) {
		const struct conf_key *k = &g->keys[i];

		if (k->required && !config_setting_get_member(s, k->name))
			problem_add(r, line_of(s), "%s lacks '%s': add %s = %s;", what, k->name,
				k->name, k->example);
	}
	return true;
}

bool group_read(struct conf_reader *r, config_setting_t *s, const struct conf_group *g,
	const char *what, void *obj)
{
	if (!group_names_check(r, s, g, what))
		return false;
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const struct conf_key *k = key_find(g, m->name);

		if (!k || k->type == KEY_LATER)
			continue;
		if (k->type != KEY_OTHER)
			value_read(r, m, k, what, obj);
		else if (k->read)
			k->read(r, m, what, obj);
	}
	return true;
}

void group_print(const struct conf_group *g, const void *obj, const void *defaults, FILE *to)
{
	for (size_t i = 0; i < g->n_keys; i++) {
		const struct conf_key *k = &g->keys[i];
		const char *mine = (const char *)obj + k->offset;
		const char *theirs = (const char *)defaults + k->offset;

		if (k->type == KEY_LATER)
			continue;
		if (k->type == KEY_OTHER) {
			if (k->print)
				k->print(obj, to);
			continue;
		}
		if (!k->required && memcmp(mine, theirs, k->size) == 0)
			continue;
		fprintf(to, "%s = ", k->name);
		value_print(k, obj, to);
		fputs("; ", to);
	}
}

int list_check(struct conf_reader *r, config_setting_t *s, const char *what, const char *example)
{
	bool empty_array = config_setting_is_array(s) && config_setting_length(s) == 0;

	if (config_setting_is_list(s) || empty_array)
		return config_setting_length(s);
	problem_add(r, line_of(s), "%s must be a list of groups, ( %s ), not %s", what, example,
		type_name(s));
	return -1;
}

void what_named(char *what, config_setting_t *s, const char *kind, int index)
{
	config_setting_t *name =
		config_setting_is_group(s) ? config_setting_get_member(s, "name") : NULL;

	if (name && config_setting_type(name) == CONFIG_TYPE_STRING)
		snprintf(what, WHAT_LEN, "%s '%.40s'", kind, config_setting_get_string(name));
	else
		snprintf(what, WHAT_LEN, "%s %d", kind, index + 1);
}

void *reader_array(struct conf_reader *r, int n, size_t size)
{
	void *v = n > 0 ? calloc((size_t)n, size) : NULL;

	if (n > 0 && !v)
		r->no_memory = true;
	return v;
}

const struct conf_if *if_find(
	struct conf_reader *r, unsigned line, const char *key, const char *what, const char *name)
{
	size_t lo = 0, hi = r->n_by_name, n = 0;
	const char *names[256] = {NULL}, *near;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = strcmp(name, r->by_name[mid]->net.name);

		if (d == 0)
			return r->by_name[mid];
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	for (; n < r->n_by_name && n < 256; n++)
		names[n] = r->by_name[n]->net.name;
	near = nearest(name, names, n);
	if (near)
		problem_add(r, line, "%s of %s: no interface '%.32s'; did you mean '%s'?", key,
			what, name, near);
	else
		problem_add(r, line,
			"%s of %s: no interface '%.32s'; name one of interfaces: (...)", key, what,
			name);
	return NULL;
}
