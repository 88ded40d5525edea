/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * From what an operator wrote to what the TIB is told: names become interface ids, rpf becomes the
 * interface of today's unicast route. What cannot be had today is a problem in words, and the rest
 * is installed all the same.
 */
#include <stdarg.h>

#include "control/static/static_priv.h"

/* The first problem in words, and how many there are. */
struct problems {
	char text[192];
	unsigned n;
};

static void __attribute__((format(printf, 2, 3))) problem(struct problems *p, const char *fmt, ...)
{
	va_list ap;

	if (p->n++)
		return;
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
}

bool static_problem_set(struct static_def *def, const char *text)
{
	if (!strcmp(def->problem ? def->problem : "", text))
		return false;
	free(def->problem);
	def->problem = *text ? strdup(text) : NULL;
	return true;
}

static const struct static_def *valid(const struct static_def *def)
{
	return def && !def->invalid ? def : NULL;
}

const struct static_def *static_input_def(const struct static_entry *e)
{
	const struct static_def *shell = valid(e->defs[STATIC_SHELL]);

	return shell ? shell : valid(e->defs[STATIC_FILE]);
}

/* --- inputs ------------------------------------------------------------------------------------ */

static void input_add(struct tib_wish *w, uint16_t ifid)
{
	w->inputs[w->n_inputs++] =
		(struct dp_input){.ifid = ifid, .flags = DP_INPUT_ACCEPT, .role = DP_ROLE_PRIMARY};
}

static void inputs_rpf(
	const struct static_route *r, const struct net *net, struct tib_wish *w, struct problems *p)
{
	struct net_rpf rpf = {0};
	char a[IP_STRLEN];

	if (net_rpf_group(net, &r->key.src.addr, route_key_group(&r->key), &rpf) && rpf.ifid)
		input_add(w, rpf.ifid);
	else if (rpf.why[0])
		problem(p, "RPF: %s", rpf.why);
	else
		problem(p, "RPF: no route to %s", ip_str(&r->key.src.addr, a, sizeof(a)));
}

static void inputs_named(
	const struct static_route *r, const struct net *net, struct tib_wish *w, struct problems *p)
{
	for (unsigned i = 0; i < r->n_inputs; i++) {
		const struct net_if *ifp = net_if_find(net, r->inputs[i]);

		if (ifp)
			input_add(w, ifp->id);
		else
			problem(p, "input interface %s does not exist", r->inputs[i]);
	}
}

static void inputs_of(
	const struct static_route *r, const struct net *net, struct tib_wish *w, struct problems *p)
{
	switch ((enum static_input_kind)r->input_kind) {
	case STATIC_INPUT_RPF:
		inputs_rpf(r, net, w, p);
		break;
	case STATIC_INPUT_ANY:
		input_add(w, DP_IF_ANY);
		break;
	case STATIC_INPUT_IF:
		inputs_named(r, net, w, p);
		break;
	}
}

static bool same_excepts(const struct static_route *a, const struct static_route *b)
{
	return a->n_excepts == b->n_excepts &&
	       (!a->n_excepts ||
		       !memcmp(a->excepts, b->excepts, a->n_excepts * sizeof(a->excepts[0])));
}

static bool same_inputs(const struct static_route *a, const struct static_route *b)
{
	if (a->input_kind != b->input_kind)
		return false;
	if (a->input_kind != STATIC_INPUT_IF)
		return true;
	if (a->n_inputs != b->n_inputs)
		return false;
	for (unsigned i = 0; i < a->n_inputs; i++)
		if (strncmp(a->inputs[i], b->inputs[i], DP_IF_NAMELEN))
			return false;
	return true;
}

/* --- outputs ----------------------------------------------------------------------------------- */

static bool has_output(const struct static_route *r, const struct static_output *o)
{
	for (uint32_t i = 0; i < r->n_outputs; i++) {
		const struct static_output *x = &r->outputs[i];

		if (x->port == o->port && ip_eq(&x->unicast, &o->unicast) &&
			!strncmp(x->interface, o->interface, DP_IF_NAMELEN))
			return true;
	}
	return false;
}

static bool output_of(const struct static_output *o, const struct net *net, struct tib_output *out,
	struct problems *p)
{
	const struct net_if *ifp = NULL;
	int threshold = o->ttl_threshold;

	if (o->interface[0]) {
		ifp = net_if_find(net, o->interface);
		if (!ifp) {
			problem(p, "output interface %s does not exist", o->interface);
			return false;
		}
	}
	*out = (struct tib_output){.ifid = ifp ? ifp->id : 0};
	if (threshold < 0 && ifp)
		threshold = ifp->conf.ttl_threshold;
	out->threshold_if = threshold < 0;
	out->ttl_threshold = threshold < 0 ? 0 : (uint8_t)threshold;
	if (ip_is_none(&o->unicast))
		return true;
	out->her_dst = o->unicast;
	out->her_src = o->source;
	out->her_ttl = o->ttl ? o->ttl : 64;
	out->her_port = o->port;
	out->her_set_dscp = o->set_dscp;
	out->her_dscp = o->dscp;
	out->preserve_source = o->preserve_source;
	out->allow_input = true; /* the receiver may well sit on the source's LAN */
	return true;
}

static bool outputs_room(struct static_self *self, uint32_t n)
{
	struct tib_output *v;

	if (n <= self->outputs_cap)
		return true;
	v = realloc(self->outputs, n * sizeof(*v));
	if (!v)
		return false;
	self->outputs = v;
	self->outputs_cap = n;
	return true;
}

/* Adds def's outputs to the wish; those that over has too are over's. */
static void outputs_add(struct static_self *self, const struct static_def *def,
	const struct static_def *over, const struct net *net, struct tib_wish *w,
	struct problems *p)
{
	if (!outputs_room(self, w->n_outputs + def->r.n_outputs)) {
		problem(p, "out of memory: outputs are missing");
		return;
	}
	for (uint32_t i = 0; i < def->r.n_outputs; i++) {
		const struct static_output *o = &def->r.outputs[i];

		if (over && has_output(&over->r, o))
			continue;
		if (output_of(o, net, &self->outputs[w->n_outputs], p))
			w->n_outputs++;
	}
}

/* --- the wish ---------------------------------------------------------------------------------- */

static void def_report(
	struct static_self *self, struct static_def *def, struct problems *p, struct proto_ctx *ctx)
{
	char key[ROUTE_KEY_STRLEN];
	size_t at = strlen(p->text);

	if (p->n > 1)
		snprintf(p->text + at, sizeof(p->text) - at, "; and %u more", p->n - 1);
	if (!static_problem_set(def, p->text))
		return;
	route_key_str(&def->r.key, key, sizeof(key));
	act_notify_rated(ctx, &self->problem_log, p->n ? LOG_LVL_WARNING : LOG_LVL_INFO,
		"route %s: %s", key, p->n ? p->text : "complete");
}

static void def_wish(struct static_self *self, struct static_entry *e, enum static_origin origin,
	struct tib_wish *w, struct proto_ctx *ctx)
{
	struct static_def *def = e->defs[origin];
	const struct static_def *giver = static_input_def(e);
	struct problems p = {0};

	if (!valid(def))
		return;
	if (def == giver)
		inputs_of(&def->r, ctx->net, w, &p);
	else if (!same_inputs(&def->r, &giver->r))
		problem(&p, "its input is overridden by the route added at the shell");
	else if (!same_excepts(&def->r, &giver->r))
		problem(&p, "its except is overridden by the route added at the shell");
	outputs_add(self, def, def == giver ? NULL : giver, ctx->net, w, &p);
	def_report(self, def, &p, ctx);
}

static bool sent_same(struct static_sent *s, const struct tib_wish *w)
{
	return s && s->n_inputs == w->n_inputs && s->n_outputs == w->n_outputs &&
	       s->n_excepts == w->n_excepts &&
	       (!w->n_excepts || !memcmp(static_sent_excepts(s), w->excepts,
					 w->n_excepts * sizeof(w->excepts[0]))) &&
	       !memcmp(s->inputs, w->inputs, w->n_inputs * sizeof(w->inputs[0])) &&
	       (!w->n_outputs ||
		       !memcmp(s->outputs, w->outputs, w->n_outputs * sizeof(w->outputs[0])));
}

/* Without memory to remember it, the wish is simply sent again at the next change. */
static void sent_remember(struct static_entry *e, const struct tib_wish *w)
{
	struct static_sent *s = malloc(sizeof(*s) + w->n_outputs * sizeof(s->outputs[0]) +
				       w->n_excepts * sizeof(w->excepts[0]));

	if (!s)
		return;
	free(e->sent);
	e->sent = s;
	s->n_inputs = w->n_inputs;
	s->n_outputs = w->n_outputs;
	s->n_excepts = w->n_excepts;
	memcpy(s->inputs, w->inputs, sizeof(s->inputs));
	if (w->n_outputs)
		memcpy(s->outputs, w->outputs, w->n_outputs * sizeof(s->outputs[0]));
	if (w->n_excepts)
		memcpy(static_sent_excepts(s), w->excepts, w->n_excepts * sizeof(w->excepts[0]));
}

void static_refresh(struct static_self *self, struct static_entry *e, struct proto_ctx *ctx)
{
	const struct static_def *giver = static_input_def(e);
	bool rpf = giver && giver->r.input_kind == STATIC_INPUT_RPF;
	struct tib_wish w = {.owner = ctx->self, .precedence = TIB_PREC_STATIC, .key = e->key};

	if (rpf != e->rpf) {
		e->rpf = rpf;
		self->rpf_stale = true;
	}
	if (!giver) {
		if (e->sent)
			act_wish_del(ctx->out, &e->key);
		free(e->sent);
		e->sent = NULL;
		return;
	}
	def_wish(self, e, STATIC_SHELL, &w, ctx);
	def_wish(self, e, STATIC_FILE, &w, ctx);
	w.outputs = self->outputs;
	w.n_excepts = giver->r.n_excepts;
	w.excepts = giver->r.excepts;
	if (sent_same(e->sent, &w))
		return;
	act_wish_set(ctx->out, &w);
	sent_remember(e, &w);
}
