/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The tables of RFC 3376 6.4.1 and 6.4.2 (RFC 3810 7.4.1 and 7.4.2), a function per row, in their order.
 *
 * When a row runs, the record's sources are marked (listed) and stand in the group, those unknown before
 * with GMP_SET_NONE: "B-A" is listed and none, "A-B" is running and not listed. A source that is in no
 * set when the row is over leaves the group, unless tracking knows better.
 */
#include "control/gmp/gmp_priv.h"

struct row {
	struct gmp_group *g;
	struct gmp_source *s, *end; /* all sources, from the first */
	uint64_t gmi_due_us;        /* what "=GMI" sets a timer to */
};

/* "(B)=GMI" of a record whose sources are wanted. */
static void all_listed_run(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		if (s->listed)
			gmp_source_run(r->g, s, r->gmi_due_us);
}

/* INCLUDE (A)    IS_IN (B)     INCLUDE (A+B)            (B)=GMI */
static void include_is_in(struct row *r)
{
	all_listed_run(r);
}

/* INCLUDE (A)    IS_EX (B)     EXCLUDE (A*B,B-A)        (B-A)=0
 *                                                       Delete (A-B)
 *                                                       Group Timer=GMI */
static void include_is_ex(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		if (s->listed && s->set == GMP_SET_NONE)
			gmp_source_zero(r->g, s);
		else if (!s->listed)
			gmp_source_delete(r->g, s);
	r->g->exclude = r->g->dirty = true;
	gmp_group_timer(r->g, r->gmi_due_us);
}

/* EXCLUDE (X,Y)  IS_IN (A)     EXCLUDE (X+A,Y-A)        (A)=GMI */
static void exclude_is_in(struct row *r)
{
	all_listed_run(r);
}

/* "Delete (X-A)", "Delete (Y-A)", and due for (A-X-Y). */
static void exclude_replace(struct row *r, uint64_t due_us)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		if (s->listed && s->set == GMP_SET_NONE)
			gmp_source_run(r->g, s, due_us);
		else if (!s->listed)
			gmp_source_delete(r->g, s);
}

/* EXCLUDE (X,Y)  IS_EX (A)     EXCLUDE (A-Y,Y*A)        (A-X-Y)=GMI
 *                                                       Delete (X-A)
 *                                                       Delete (Y-A)
 *                                                       Group Timer=GMI */
static void exclude_is_ex(struct row *r)
{
	exclude_replace(r, r->gmi_due_us);
	gmp_group_timer(r->g, r->gmi_due_us);
}

/* --- 6.4.2 -------------------------------------------------------------------------------------- */

/* INCLUDE (A)    ALLOW (B)    INCLUDE (A+B)           (B)=GMI */
static void include_allow(struct row *r)
{
	all_listed_run(r);
}

/* INCLUDE (A)    BLOCK (B)    INCLUDE (A)             Send Q(G,A*B) */
static void include_block(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		s->asked = s->listed && s->set == GMP_SET_RUNNING;
}

/* INCLUDE (A)    TO_EX (B)    EXCLUDE (A*B,B-A)       (B-A)=0
 *                                                     Delete (A-B)
 *                                                     Send Q(G,A*B)
 *                                                     Group Timer=GMI
 * Deviation: B-A is marked, too, and asked for by who decides by tracking (gmp_query_asked): other routers of the link
 * may be in EXCLUDE mode yet, where tracking here has just ended it. */
static void include_to_ex(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++) {
		s->asked = s->listed;
		if (s->listed && s->set == GMP_SET_NONE)
			gmp_source_zero(r->g, s);
		else if (!s->listed)
			gmp_source_delete(r->g, s);
	}
	r->g->exclude = r->g->dirty = true;
	gmp_group_timer(r->g, r->gmi_due_us);
}

/* INCLUDE (A)    TO_IN (B)    INCLUDE (A+B)           (B)=GMI
 *                                                     Send Q(G,A-B) */
static void include_to_in(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		s->asked = !s->listed && s->set == GMP_SET_RUNNING;
	all_listed_run(r);
}

/* EXCLUDE (X,Y)  ALLOW (A)    EXCLUDE (X+A,Y-A)       (A)=GMI */
static void exclude_allow(struct row *r)
{
	all_listed_run(r);
}

/* EXCLUDE (X,Y)  BLOCK (A)    EXCLUDE (X+(A-Y),Y)     (A-X-Y)=Group Timer
 *                                                     Send Q(G,A-Y) */
static void exclude_block(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++) {
		s->asked = s->listed && s->set != GMP_SET_ZERO;
		if (s->listed && s->set == GMP_SET_NONE)
			gmp_source_run(r->g, s, r->g->filter_due_us);
	}
}

/* EXCLUDE (X,Y)  TO_EX (A)    EXCLUDE (A-Y,Y*A)       (A-X-Y)=Group Timer
 *                                                     Delete (X-A)
 *                                                     Delete (Y-A)
 *                                                     Send Q(G,A-Y)
 *                                                     Group Timer=GMI */
static void exclude_to_ex(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		s->asked = s->listed && s->set != GMP_SET_ZERO;
	exclude_replace(r, r->g->filter_due_us);
	gmp_group_timer(r->g, r->gmi_due_us);
}

/* EXCLUDE (X,Y)  TO_IN (A)    EXCLUDE (X+A,Y-A)       (A)=GMI
 *                                                     Send Q(G,X-A)
 *                                                     Send Q(G) */
static void exclude_to_in(struct row *r)
{
	for (struct gmp_source *s = r->s; s < r->end; s++)
		s->asked = !s->listed && s->set == GMP_SET_RUNNING;
	all_listed_run(r);
	r->g->asked = true;
}

/* --- the tables --------------------------------------------------------------------------------- */

typedef void row_fn(struct row *r);

static row_fn *const include_rows[] = {
	[GMP_IS_IN] = include_is_in,
	[GMP_IS_EX] = include_is_ex,
	[GMP_TO_IN] = include_to_in,
	[GMP_TO_EX] = include_to_ex,
	[GMP_ALLOW] = include_allow,
	[GMP_BLOCK] = include_block,
};

static row_fn *const exclude_rows[] = {
	[GMP_IS_IN] = exclude_is_in,
	[GMP_IS_EX] = exclude_is_ex,
	[GMP_TO_IN] = exclude_to_in,
	[GMP_TO_EX] = exclude_to_ex,
	[GMP_ALLOW] = exclude_allow,
	[GMP_BLOCK] = exclude_block,
};

void gmp_record_apply(
	struct gmp_group *g, enum gmp_record_type type, struct gmp_list list, struct proto_ctx *ctx)
{
	/* the one row that has no use for unknown sources */
	bool add = g->exclude || type != GMP_BLOCK;
	struct row r = {.g = g};

	gmp_sources_mark(g, list, add);
	for (uint32_t i = 0; i < g->n_sources; i++)
		g->sources[i].asked = false;
	g->asked = false;
	r.s = g->sources;
	r.end = g->sources ? g->sources + g->n_sources : NULL;
	r.gmi_due_us = ctx->now_us + gmp_group_membership_interval(g->gif);
	(g->exclude ? exclude_rows : include_rows)[type](&r);
	gmp_query_asked(g, ctx);
}
