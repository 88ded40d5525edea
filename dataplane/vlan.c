/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Frames that are not simply untagged or tagged by IEEE 802.1Q: two tags, a service tag (802.1ad and the
 * older 0x9100), tags that the port has taken out of the frame. Classify comes here for those only.
 *
 * An interface names one VLAN or a stack of two, and the TPID of the outer tag; the inner one is always
 * 0x8100. A port that strips tags does not say which TPID they had: then any will do. A tag with VLAN 0
 * is a priority and no VLAN, where it is the innermost or has been stripped.
 */
#include "path.h"

struct tag {
	uint16_t tpid; /* 0: the port has stripped it and does not tell */
	uint16_t vid;
};

struct tags {
	unsigned n;
	struct tag v[3];
};

static void tag_add(struct tags *t, uint16_t tpid, uint16_t tci)
{
	uint16_t vid = tci & 0xfff;

	if (t->n < RTE_DIM(t->v) && (tpid || vid))
		t->v[t->n++] = (struct tag){tpid, vid};
}

/* The tags of a frame, the outermost first, and *e as it is behind them. IP_FINE, or why not. */
static enum drop_reason tags_read(const struct rte_mbuf *m, struct eth_view *e, struct tags *t)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t at = ETH_MACS_LEN;

	t->n = 0;
	if ((m->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED) == RTE_MBUF_F_RX_QINQ_STRIPPED)
		tag_add(t, 0, m->vlan_tci_outer);
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		tag_add(t, 0, m->vlan_tci);
	while (eth_is_tag(be16(frame + at)) && t->n < RTE_DIM(t->v)) {
		if (m->data_len < at + ETH_TAG_LEN + 2)
			return DROP_eth_truncated;
		tag_add(t, be16(frame + at), be16(frame + at + 2));
		at += ETH_TAG_LEN;
	}
	e->type = be16(frame + at);
	e->len = (uint8_t)(at + 2);
	e->tagged = at > ETH_MACS_LEN;
	return t->n > 2 || eth_is_tag(e->type) ? DROP_vlan_unknown : IP_FINE;
}

static uint16_t stack_find(
	const struct fwd_demux *d, uint16_t port, const struct tag *outer, uint16_t inner)
{
	uint32_t at = fwd_stack_hash(port, outer->vid, inner);

	for (uint32_t n = 0; d->stacks && n <= d->stack_mask; n++, at++) {
		const struct fwd_stack_slot *s = &d->stacks[at & d->stack_mask];

		if (s->ifid == 0)
			return 0;
		if (s->port == port && s->outer == outer->vid && s->inner == inner)
			return !outer->tpid || outer->tpid == s->tpid ? s->ifid : 0;
	}
	return 0;
}

static uint16_t interface_of(const struct fwd_demux *d, uint16_t port, const struct tags *t)
{
	const uint16_t *vlans = d->vlans[port];
	const struct tag *outer = &t->v[0];
	uint16_t inner = t->n == 2 ? t->v[1].vid : 0;
	bool alone = inner == 0;

	if (!vlans)
		return 0;
	if (t->n == 0)
		return vlans[0];
	if (!outer->vid)
		return t->n == 1 && outer->tpid == ETH_TYPE_VLAN ? vlans[0] : 0;
	if (alone && (!outer->tpid || outer->tpid == ETH_TYPE_VLAN) && vlans[outer->vid])
		return vlans[outer->vid];
	return stack_find(d, port, outer, inner);
}

uint16_t vlan_interface(struct worker *w, struct pkt *p, struct eth_view *e)
{
	struct tags t;
	enum drop_reason reason = tags_read(p->m, e, &t);
	uint16_t ifid = 0;

	if (reason == IP_FINE)
		ifid = interface_of(fwd_demux_get(w->t), w->b.port, &t);
	if (!ifid)
		pkt_drop(p, reason == IP_FINE ? DROP_vlan_unknown : reason);
	return ifid;
}
