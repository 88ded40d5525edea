/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What other protocols hear, each change once (RFC 3376 6.3, RFC 7761 4.1.6). EXCLUDE (X,Y) is
 * local_receiver_include(*,G), local_receiver_exclude for Y, and local_receiver_include for the sources that
 * a tracked host asked for by name: X says that somebody wants a source, which (*,G) says already, and it
 * comes and goes with every general query.
 */
#include "control/gmp/gmp_priv.h"

static enum member_state source_state(const struct gmp_group *g, const struct gmp_source *s)
{
	if (s->is_static)
		return MEMBER_INCLUDE;
	switch ((enum gmp_set)s->set) {
	case GMP_SET_NONE:
		return s->wanted ? MEMBER_INCLUDE : MEMBER_NONE;
	case GMP_SET_RUNNING:
		return g->exclude && !s->wanted ? MEMBER_NONE : MEMBER_INCLUDE;
	case GMP_SET_ZERO:
		return g->static_any ? MEMBER_NONE : MEMBER_EXCLUDE;
	}
	return MEMBER_NONE;
}

static void tell(const struct gmp_group *g, const struct ipaddr *src, enum member_state state,
	struct proto_ctx *ctx)
{
	struct member m = {
		.ifid = g->gif->ifid, .state = (uint8_t)state, .src = *src, .grp = g->grp};
	char grp[IP_STRLEN], text[IP_STRLEN];

	act_member(ctx->out, &m);
	if (log_get_level() >= LOG_LVL_DEBUG)
		act_notify(ctx->out, LOG_LVL_DEBUG, "%s: (%s, %s) %s", g->gif->conf.interface,
			ip_str(src, text, sizeof(text)), ip_str(&g->grp, grp, sizeof(grp)),
			state == MEMBER_INCLUDE   ? "joined"
			: state == MEMBER_EXCLUDE ? "excluded"
						  : "left");
}

static void tell_any(struct gmp_group *g, bool any, struct proto_ctx *ctx)
{
	static const struct ipaddr none;

	if (any == g->told_any)
		return;
	g->told_any = any;
	tell(g, &none, any ? MEMBER_INCLUDE : MEMBER_NONE, ctx);
	gmp_count(g->gif, any ? GMP_C_joins : GMP_C_leaves, 1);
}

static void tell_source(struct gmp_group *g, struct gmp_source *s, struct proto_ctx *ctx)
{
	enum member_state state = source_state(g, s);

	if (state == s->told)
		return;
	if (state == MEMBER_INCLUDE)
		gmp_count(g->gif, GMP_C_joins, 1);
	if (s->told == MEMBER_INCLUDE)
		gmp_count(g->gif, GMP_C_leaves, 1);
	s->told = (uint8_t)state;
	tell(g, &s->addr, state, ctx);
}

/* Beginnings before ends, so that nothing stops in between. */
void gmp_tell(struct gmp_group *g, struct proto_ctx *ctx)
{
	for (uint32_t i = 0; i < g->n_sources; i++)
		if (source_state(g, &g->sources[i]) == MEMBER_INCLUDE)
			tell_source(g, &g->sources[i], ctx);
	tell_any(g, g->exclude || g->static_any, ctx);
	for (uint32_t i = 0; i < g->n_sources; i++)
		tell_source(g, &g->sources[i], ctx);
}
