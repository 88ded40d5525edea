/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Trees that only note what the common part tells them.
 */
#include <assert.h>

#include "tests/unit/pim/fake_sm.h"

static struct sm_call *note(struct pim_sm *sm, enum sm_call_kind kind, const struct pim_iface *pif)
{
	struct sm_call *c;

	assert(sm->n < FAKE_SM_CALLS);
	c = &sm->calls[sm->n++];
	*c = (struct sm_call){.kind = kind};
	if (!pif)
		return c;
	c->ifid = pif->ifid;
	c->family = pif->family;
	c->up = pif->up;
	c->sending = pif->sending;
	c->i_am_dr = pif->i_am_dr;
	c->own = pif->addr;
	return c;
}

struct pim_sm *sm_new(struct pim_self *pim)
{
	struct pim_sm *sm = calloc(1, sizeof(*sm));

	if (sm)
		sm->pim = pim;
	return sm;
}

void sm_free(struct pim_sm *sm, struct timer_heap *timers)
{
	free(sm);
}

void sm_config(struct pim_sm *sm, struct proto_ctx *ctx)
{
	note(sm, SM_CONFIG, NULL);
}

void sm_iface_up(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	note(sm, SM_IFACE_UP, pif);
}

void sm_iface_leave(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	note(sm, SM_IFACE_LEAVE, pif);
}

void sm_iface_down(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	note(sm, SM_IFACE_DOWN, pif);
}

void sm_iface_changed(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	note(sm, SM_IFACE_CHANGED, pif);
}

static void note_neigh(struct pim_sm *sm, enum sm_call_kind kind, struct pim_neigh *n)
{
	struct sm_call *c = note(sm, kind, n->pif);

	c->addr = n->addr;
	c->found = pim_neigh_find(n->pif, &n->addr) == n;
}

void sm_neigh_up(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx)
{
	note_neigh(sm, SM_NEIGH_UP, n);
}

void sm_neigh_down(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx)
{
	note_neigh(sm, SM_NEIGH_DOWN, n);
}

void sm_neigh_genid(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx)
{
	note_neigh(sm, SM_NEIGH_GENID, n);
}

static void note_message(struct pim_sm *sm, enum sm_call_kind kind, struct pim_iface *pif,
	const struct ipaddr *src, size_t len)
{
	struct sm_call *c = note(sm, kind, pif);

	c->addr = *src;
	c->len = len;
}

void sm_joinprune_received(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *src,
	const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	note_message(sm, SM_JOINPRUNE, pif, src, len);
}

void sm_assert_received(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *src,
	const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	note_message(sm, SM_ASSERT, pif, src, len);
}

void sm_register_received(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *dst,
	const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	note_message(sm, SM_REGISTER, NULL, src, len);
}

void sm_register_stop_received(struct pim_sm *sm, const struct ipaddr *src,
	const struct ipaddr *dst, const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	note_message(sm, SM_REGISTER_STOP, NULL, src, len);
}

void sm_member(struct pim_sm *sm, const struct member *m, struct proto_ctx *ctx)
{
	note(sm, SM_MEMBER, NULL)->addr = m->grp;
}

/* Trees that meet data send an Assert where it came in. */
void sm_upcall(struct pim_sm *sm, const struct dp_upcall *up, struct proto_ctx *ctx)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, up->ifid, up->grp.family);
	struct pim_assert a = {.grp = up->grp, .src = up->src};

	note(sm, SM_UPCALL, NULL)->addr = up->grp;
	if (pif)
		pim_send_link(pif, sm->pim->scratch,
			pim_assert_write(sm->pim->scratch, pif->mtu, &pif->addr, &a), ctx);
}

void sm_rib_changed(struct pim_sm *sm, const struct prefix *p, struct proto_ctx *ctx)
{
	note(sm, SM_RIB, NULL)->addr = p->addr;
}

void sm_timer(struct pim_sm *sm, struct timer *t, struct proto_ctx *ctx)
{
	note(sm, SM_TIMER, NULL);
}

void sm_stop(struct pim_sm *sm, struct proto_ctx *ctx)
{
	note(sm, SM_STOP, NULL);
}
