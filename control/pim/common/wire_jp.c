/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Reading Join/Prune (RFC 7761 4.9.5). Two walks over the same bytes: the first checks that the message
 * holds what it claims, the second gives it out. No count is believed; a list ends where the bytes do.
 */
#include "control/pim/common/wire_priv.h"

/* The head of a group set. */
struct set_head {
	struct ipaddr grp;
	uint8_t mask_len, flags;
	uint16_t n_joins, n_prunes;
};

static enum pim_drop read_head(struct reader *r, struct set_head *s)
{
	enum pim_drop why = pim_read_group(r, &s->grp, &s->mask_len, &s->flags);

	if (why)
		return why;
	s->n_joins = read_u16(r);
	s->n_prunes = read_u16(r);
	return r->bad ? PIM_DROP_addr_truncated : PIM_OK;
}

/* Why a sound group set means nothing to sparse mode (4.9.5.1); PIM_OK if it does. */
static enum pim_drop set_skip(const struct set_head *s, uint8_t family)
{
	if (s->grp.family != family)
		return PIM_DROP_entry_family;
	if (s->mask_len != ip_bits(&s->grp) || (s->flags & PIM_GROUP_B) ||
		ip_is_multicast_link_local(&s->grp))
		return PIM_DROP_entry_group;
	return PIM_OK;
}

/* Likewise of an entry. The address of (*,G) is the RP's, which its receiver compares. */
static enum pim_drop source_skip(const struct ipaddr *addr, uint8_t flags, uint8_t family)
{
	if (addr->family != family)
		return PIM_DROP_entry_family;
	if ((flags & PIM_SRC_W) && !(flags & PIM_SRC_R))
		return PIM_DROP_entry_flags;
	if (!(flags & PIM_SRC_W) && !pim_is_unicast(addr))
		return PIM_DROP_entry_source;
	return PIM_OK;
}

static void skipped(struct pim_jp *jp, uint32_t n, enum pim_drop why)
{
	if (!why)
		return;
	jp->skipped += n;
	jp->skipped_why = why;
}

static enum pim_drop check_set(struct pim_jp *jp, struct reader *r)
{
	struct set_head s;
	enum pim_drop why = read_head(r, &s), skip;
	uint32_t n;
	uint8_t flags;
	struct ipaddr addr;

	if (why)
		return why;
	skip = set_skip(&s, jp->family);
	skipped(jp, 1, skip);
	n = (uint32_t)s.n_joins + s.n_prunes;
	for (uint32_t i = 0; i < n; i++) {
		why = pim_read_source(r, &addr, &flags);
		if (why)
			return why;
		if (!skip)
			skipped(jp, 1, source_skip(&addr, flags, jp->family));
	}
	return PIM_OK;
}

enum pim_drop pim_jp_open(const struct pim_packet *p, struct pim_jp *jp)
{
	struct reader r = pim_body(p);
	enum pim_drop why;

	*jp = (struct pim_jp){.family = p->src.family};
	why = pim_read_unicast(&r, &jp->upstream);
	if (why)
		return why;
	if (jp->upstream.family != jp->family)
		return PIM_DROP_addr_family;
	/* All zeros stand for the only router there on a point-to-point link (4.5.1). */
	if (!pim_is_unicast(&jp->upstream) && !ip_is_any(&jp->upstream))
		return PIM_DROP_upstream;
	read_skip(&r, 1);
	jp->n_groups = jp->groups_left = read_u8(&r);
	jp->holdtime_s = read_u16(&r);
	if (r.bad)
		return PIM_DROP_truncated;
	jp->rest = r;
	for (unsigned i = 0; i < jp->n_groups && !why; i++)
		why = check_set(jp, &r);
	return why;
}

/* --- giving it out --------------------------------------------------------------------------------- */

static void pass_sources(struct reader *r, const struct set_head *s)
{
	uint32_t n = (uint32_t)s->n_joins + s->n_prunes;
	struct ipaddr addr;
	uint8_t flags;

	for (uint32_t i = 0; i < n && !pim_read_source(r, &addr, &flags); i++)
		;
}

bool pim_jp_group_next(struct pim_jp *jp, struct pim_jp_group *g)
{
	struct set_head s;

	while (jp->groups_left > 0) {
		jp->groups_left--;
		if (read_head(&jp->rest, &s))
			break; /* cannot be, it was checked */
		*g = (struct pim_jp_group){.grp = s.grp,
			.n_joins = s.n_joins,
			.n_prunes = s.n_prunes,
			.rest = jp->rest,
			.family = jp->family};
		pass_sources(&jp->rest, &s);
		if (!set_skip(&s, jp->family))
			return true;
	}
	return false;
}

bool pim_jp_source_next(struct pim_jp_group *g, struct pim_jp_source *s)
{
	uint32_t n = (uint32_t)g->n_joins + g->n_prunes;

	while (g->at < n) {
		s->join = g->at++ < g->n_joins;
		if (pim_read_source(&g->rest, &s->addr, &s->flags))
			break;
		if (!source_skip(&s->addr, s->flags, g->family))
			return true;
	}
	return false;
}
