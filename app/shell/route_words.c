/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The words of `add route` as the static protocol's request. The matcher has already seen to the
 * form of each word; here it is what they mean together.
 */
#include "app/shell/route_words.h"

#include <stdlib.h>
#include <string.h>

/* Where we are in the words. */
struct words {
	const struct cmd_args *args;
	size_t at;
	char *err;
	size_t cap;
};

static const char *take(struct words *w)
{
	return w->at < w->args->n ? w->args->words[w->at++] : NULL;
}

static bool next_is(const struct words *w, const char *word)
{
	return w->at < w->args->n && !w->args->kinds[w->at] &&
	       strcmp(w->args->words[w->at], word) == 0;
}

static int bad(const struct words *w, const char *fmt, const char *what)
{
	snprintf(w->err, w->cap, fmt, what);
	return -1;
}

int route_words_key(const struct cmd_args *args, struct dp_route_key *key, char *err, size_t cap)
{
	const char *src = cmd_arg(args, "SOURCE"), *grp = cmd_arg(args, "GROUP");
	struct words w = {.args = args, .err = err, .cap = cap};
	struct ipaddr any = {0};

	memset(key, 0, sizeof(*key));
	key->table = DP_TABLE_MAIN;
	if (!grp || prefix_parse(grp, &key->grp))
		return bad(&w, "%s is no group", grp ? grp : "");
	any.family = key->grp.addr.family;
	if (!src || strcmp(src, "*") == 0)
		key->src = prefix_make(any, 0);
	else if (prefix_parse(src, &key->src))
		return bad(&w, "%s is no source", src);
	return 0;
}

/* --- inputs ---------------------------------------------------------------------------------------- */

static int set_input_kind(struct words *w, struct static_route *r, uint8_t kind, bool *given)
{
	if (*given)
		return bad(w, "`input %s` stands alone: leave out the other inputs",
			(kind == STATIC_INPUT_ANY || r->input_kind == STATIC_INPUT_ANY) ? "any"
											: "rpf");
	r->input_kind = kind;
	return 0;
}

static int parse_input(struct words *w, struct static_route *r, bool *given)
{
	bool any = next_is(w, "any"), rpf = next_is(w, "rpf");
	const char *name = take(w);
	int rc = 0;

	if (any || rpf) {
		rc = set_input_kind(w, r, any ? STATIC_INPUT_ANY : STATIC_INPUT_RPF, given);
		*given = true;
		return rc;
	}
	if (*given && r->input_kind != STATIC_INPUT_IF)
		return set_input_kind(w, r, r->input_kind, given);
	*given = true;
	r->input_kind = STATIC_INPUT_IF;
	if (r->n_inputs == DP_INPUTS_MAX)
		return bad(w, "input %s is one too many: a route has 16 at most", name);
	snprintf(r->inputs[r->n_inputs++], DP_IF_NAMELEN, "%s", name);
	return 0;
}

static int parse_except(struct words *w, struct static_route *r)
{
	struct prefix *grown = realloc(r->excepts, (r->n_excepts + 1u) * sizeof(*r->excepts));

	if (!grown)
		return bad(w, "no memory%s", "");
	r->excepts = grown;
	if (prefix_parse(take(w), &r->excepts[r->n_excepts++]))
		return bad(w, "except is followed by no prefix%s", "");
	return 0;
}

/* --- outputs --------------------------------------------------------------------------------------- */

/* What was given of an output, to see what is given twice or without its `unicast`. */
struct given {
	bool port, ttl, dscp, source, preserve, threshold;
};

static bool twice(bool *given)
{
	bool before = *given;

	*given = true;
	return before;
}

/* One option; 1: no option, the output ends here. */
static int parse_option(struct words *w, struct static_output *o, struct given *g)
{
	const char *name;
	bool again;

	if (next_is(w, "input") || next_is(w, "output") || next_is(w, "except") ||
		w->at >= w->args->n)
		return 1;
	name = take(w);
	if (strcmp(name, "port") == 0) {
		again = twice(&g->port);
		o->port = (uint16_t)atoi(take(w));
	} else if (strcmp(name, "ttl") == 0) {
		again = twice(&g->ttl);
		o->ttl = (uint8_t)atoi(take(w));
	} else if (strcmp(name, "dscp") == 0) {
		again = twice(&g->dscp);
		o->dscp = (uint8_t)atoi(take(w));
		o->set_dscp = true;
	} else if (strcmp(name, "source") == 0) {
		again = twice(&g->source);
		if (ip_parse(take(w), &o->source))
			return bad(w, "%s is followed by no address", name);
	} else if (strcmp(name, "preserve-source") == 0) {
		again = twice(&g->preserve);
		o->preserve_source = true;
	} else {
		again = twice(&g->threshold);
		o->ttl_threshold = atoi(take(w));
	}
	return again ? bad(w, "%s is there twice for one output", name) : 0;
}

static int add_output(struct words *w, struct static_route *r, const struct static_output *o)
{
	struct static_output *grown =
		realloc(r->outputs, (r->n_outputs + 1u) * sizeof(*r->outputs));

	if (!grown)
		return bad(w, "no memory%s", "");
	r->outputs = grown;
	r->outputs[r->n_outputs++] = *o;
	return 0;
}

static int parse_output(struct words *w, struct static_route *r)
{
	struct static_output o;
	struct given g = {0};
	int rc;

	memset(&o, 0, sizeof(o));
	o.ttl_threshold = -1;
	o.ttl = 64; /* as in the file */
	if (!next_is(w, "unicast"))
		snprintf(o.interface, sizeof(o.interface), "%s", take(w));
	if (next_is(w, "unicast")) {
		take(w);
		if (ip_parse(take(w), &o.unicast))
			return bad(w, "unicast is followed by no address%s", "");
	}
	do
		rc = parse_option(w, &o, &g);
	while (!rc);
	if (rc < 0)
		return -1;
	if (ip_is_none(&o.unicast) && (g.port || g.ttl || g.dscp || g.source || g.preserve))
		return bad(w,
			"port, ttl, dscp, source and preserve-source are for unicast copies: say "
			"output %s unicast ADDR ...",
			o.interface);
	return add_output(w, r, &o);
}

static int parse_parts(struct words *w, struct static_route *r)
{
	bool input_given = false;
	int rc = 0;

	w->at = 4; /* behind add route SOURCE GROUP */
	while (!rc && w->at < w->args->n) {
		const char *part = take(w);

		if (strcmp(part, "input") == 0)
			rc = parse_input(w, r, &input_given);
		else if (strcmp(part, "except") == 0)
			rc = parse_except(w, r);
		else
			rc = parse_output(w, r);
	}
	if (rc)
		return rc;
	/* as in the file: routes of one source may leave it out */
	if (!input_given && r->key.src.len != ip_bits(&r->key.src.addr))
		return bad(w,
			"the route has no input%s, which only routes of one source may leave out: "
			"add `input IF` or `input any`",
			"");
	return 0;
}

int route_words_add(const struct cmd_args *args, struct static_command *out, char *err, size_t cap)
{
	struct words w = {.args = args, .err = err, .cap = cap};

	memset(out, 0, sizeof(*out));
	out->kind = STATIC_ADD;
	out->route.origin = STATIC_SHELL;
	out->route.input_kind = STATIC_INPUT_RPF;
	if (route_words_key(args, &out->route.key, err, cap) == 0 &&
		parse_parts(&w, &out->route) == 0 && static_route_check(&out->route, err, cap) == 0)
		return 0;
	static_route_fini(&out->route);
	return -1;
}
