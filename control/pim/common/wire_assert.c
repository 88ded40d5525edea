/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Assert (RFC 7761 4.9.6).
 */
#include "control/pim/common/wire_priv.h"

#define ASSERT_RPT 0x80000000u

enum pim_drop pim_assert_open(const struct pim_packet *p, struct pim_assert *a)
{
	struct reader body = pim_body(p);
	uint8_t mask_len, flags;
	uint32_t preference;
	enum pim_drop why = pim_read_group(&body, &a->grp, &mask_len, &flags);

	if (!why)
		why = pim_read_unicast(&body, &a->src);
	if (why)
		return why;
	preference = read_u32(&body);
	a->rpt = preference & ASSERT_RPT;
	a->preference = preference & ~ASSERT_RPT;
	a->metric = read_u32(&body);
	if (body.bad)
		return PIM_DROP_truncated;
	if (a->grp.family != p->src.family || a->src.family != a->grp.family)
		return PIM_DROP_addr_family;
	if (mask_len != ip_bits(&a->grp))
		return PIM_DROP_mask_len;
	if (ip_is_multicast_link_local(&a->grp))
		return PIM_DROP_group;
	if (ip_is_any(&a->src))
		a->src = (struct ipaddr){0};
	if (ip_is_none(&a->src) ? !a->rpt : !pim_is_unicast(&a->src))
		return PIM_DROP_assert_source;
	return PIM_OK;
}

size_t pim_assert_write(void *buf, size_t cap, const struct ipaddr *src, const struct pim_assert *a)
{
	struct ipaddr all = pim_all_routers(src->family), zero = {.family = src->family};
	struct pim_msg m;

	pim_msg_begin(&m, buf, cap, PIM_ASSERT, src, &all);
	pim_write_group(&m.w, &a->grp);
	pim_write_unicast(&m.w, ip_is_none(&a->src) ? &zero : &a->src);
	write_u32(&m.w, (a->rpt ? ASSERT_RPT : 0) | (a->preference & ~ASSERT_RPT));
	write_u32(&m.w, a->metric);
	return pim_msg_end(&m);
}
