/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage replicate: from packets with routes to copies with buffers, at most CHUNK of them a call. A packet
 * with more outputs than fit goes on in the next call (at_pkt, at_oif).
 *
 * Three steps. Plan: which outputs take the packet, and by which interface, tunnel and neighbour; no
 * buffer is touched. Then the fresh buffers are taken from the pool in one go. Then every copy gets its
 * own:
 * - copies whose frames are byte for byte the same (neighbouring native outputs with the same l2_id) share
 *   one buffer by reference count, and rewrite writes it once, before anybody sends it;
 * - the last copy of a packet takes the packet's own buffer;
 * - short packets are copied whole; of long ones the first SPLIT_BYTES, the rest is chained by reference,
 *   where the port takes chains.
 * The TTL is decremented once, in the packet, before any copy is made. A payload that copies refer to is
 * never written; what is written in the packet's own buffer lies in front of it.
 */
#include "path.h"
#include "probe.h"

#include <rte_memcpy.h>

/* The packet itself is done with. */
static void next_packet(struct worker *w)
{
	w->at_pkt++;
	w->at_oif = 0;
	w->at_sent = 0;
}

static void packet_drop(struct worker *w, struct pkt *p, enum drop_reason reason)
{
	w->info.drops[reason]++;
	w->if_ctr[pkt_interface(p)].rx_dropped++;
	if (unlikely(w->probes))
		probe_packet_dropped(w, p, reason);
	rte_pktmbuf_free(p->m);
	p->m = NULL;
}

/* One output of a packet does not take it. That a copy would go back where it came from is how it should
 * be, and no fault of the output. */
void output_drop(
	struct worker *w, const struct pkt *p, uint32_t oif, uint16_t ifid, enum drop_reason reason)
{
	w->info.drops[reason]++;
	if (unlikely(w->probes))
		probe_output_dropped(w, p, oif, reason);
	if (reason == DROP_oif_input)
		return;
	w->oif_ctr[oif].dropped++;
	if (ifid < DP_IFS_MAX && reason != DROP_oif_ttl_threshold)
		w->if_ctr[ifid].tx_dropped++;
}

/* --- plan --------------------------------------------------------------------------------------------- */

/* The next hop of a Register. It never leads to this router itself, where it would come out again, and what
 * has come out of one goes into none. */
static __rte_noinline enum drop_reason plan_register(const struct fwd_tables *t,
	const struct pkt *p, const struct dp_oif *o, struct path_hop *hop)
{
	enum drop_reason reason;

	if (p->iif == DP_IF_REGISTER || local_has(t, DP_TABLE_MAIN, o->her_dst.b, p->family))
		return DROP_oif_recursion;
	if (o->her_src.family != p->family)
		return DROP_oif_unresolved;
	reason = path_unicast(t, o->adj, hop);
	hop->head = (uint8_t)register_head_len(p->family);
	return reason;
}

/* The next hop of an output for a packet of this family. */
static enum drop_reason plan_hop(const struct fwd_tables *t, const struct pkt *p,
	const struct dp_oif *o, struct path_hop *hop)
{
	const struct fwd_if *ifp = fwd_if_get(t, o->ifid);

	/* HER without a way to its destination has no interface either */
	if (unlikely(o->her_dst.family != IP_NONE &&
		     (o->her_dst.family != p->family || o->adj == 0)))
		return DROP_oif_unresolved;
	if (unlikely(!ifp || !ifp->c.up))
		return DROP_oif_down;
	if (likely(o->her_dst.family == IP_NONE))
		return path_interface(t, ifp, hop);
	return likely(o->encap == DP_ENCAP_HER) ? path_unicast(t, o->adj, hop)
						: plan_register(t, p, o, hop);
}

/* Fills pl; IP_FINE or why this output does not take the packet. */
static inline enum drop_reason plan_output(struct worker *w, const struct fwd_ports *ports,
	const struct pkt *p, const struct fwd_oif *o, struct plan *pl)
{
	struct path_hop hop;
	enum drop_reason reason;
	const struct dataplane_port *port;

	if (unlikely(o->c.ifid == p->iif && !o->c.allow_input))
		return DROP_oif_input;
	if (unlikely(p->ttl <= o->c.ttl_threshold))
		return DROP_oif_ttl_threshold;
	reason = plan_hop(w->t, p, &o->c, &hop);
	if (unlikely(reason != IP_FINE))
		return reason;
	if (unlikely(!path_fits(&hop, p->ip_len, &pl->wire_len)) && !frag_plan(w, p, &hop, pl))
		return DROP_oif_mtu;
	if (unlikely(hop.out->c.port >= RTE_MAX_ETHPORTS))
		return DROP_tx_no_port;
	port = &ports->by_id[hop.out->c.port];
	pl->oif = o;
	pl->tun = hop.tun;
	pl->out = hop.out;
	pl->adj = hop.adj;
	pl->sent = 0;
	pl->port = hop.out->c.port;
	pl->ip_len = p->ip_len;
	pl->head = hop.head;
	pl->segs = port->multi_segs;
	/* a frame for another worker's queue carries its port in the buffer: it is not shared */
	pl->shareable = !hop.adj && hop.out->l2_id && w->index < port->tx_queues && pl->wire_len &&
			!w->share_not;
	return IP_FINE;
}

enum drop_reason plan_resolve(
	struct worker *w, const struct pkt *p, const struct fwd_oif *o, struct plan *pl)
{
	return plan_output(w, fwd_ports_get(w->t), p, o, pl);
}

/* Whether frames of b are the same bytes as those of a, which leads a run. */
static inline bool same_bytes(const struct plan *a, const struct plan *b)
{
	return a->shareable && b->shareable && a->out->l2_id == b->out->l2_id && a->segs == b->segs;
}

/* The packet's own buffer can become the frame. */
static inline bool own_fits(const struct copy *c)
{
	const struct rte_mbuf *m = c->pkt->m;

	return m->data_off + c->pkt->l3 >= PUSH_BYTES && (m->nb_segs == 1 || c->plan->segs);
}

/* Once a packet: a buffer to write in, one hop less. */
static bool packet_open(struct worker *w, struct pkt *p)
{
	uint8_t *h;

	if (unlikely(!pkt_make_writable(w->t, p)))
		return false;
	h = rte_pktmbuf_mtod_offset(p->m, uint8_t *, p->l3);
	if (p->family == IP_V4)
		ip4_ttl_decrement(h);
	else
		h[IP6_HOPS]--;
	return true;
}

/* The copies of one packet in this chunk: copies[first] .. copies[lead], which leads the last run, and its
 * sharers. */
struct planned {
	const struct pkt *pkt;
	unsigned first, lead, n, fresh;
};

/* Nothing left to plan for p; copies[lead] leads its last run. */
static inline void packet_close(
	struct worker *w, struct pkt *p, const struct planned *pl, unsigned lead)
{
	struct copy *c = &w->copies[lead];

	if (likely(pl->n > 0)) {
		c->last = 1;
		c->own = own_fits(c);
		w->n_fresh += pl->fresh - c->own;
	} else {
		if (w->at_sent == 0)
			w->route_ctr[p->route->counter].dropped++;
		rte_pktmbuf_free(p->m);
		p->m = NULL;
	}
	next_packet(w);
}

/* Copies of p until its list ends (p is closed) or the chunk is full. Out of line: plan_repeat's registers
 * are its own. */
static __rte_noinline void plan_packet(
	struct worker *w, const struct fwd_ports *ports, struct pkt *p, struct planned *pl)
{
	const struct oif_list *list = p->route->list;

	*pl = (struct planned){.pkt = p, .first = w->n_copies, .lead = w->n_copies};
	for (; w->at_oif < list->n; w->at_oif++) {
		uint32_t id = list->oifs[w->at_oif];
		const struct fwd_oif *o = fwd_oif_get(w->t, id);
		struct plan *plan = &w->plans[w->n_plans];
		enum drop_reason reason;

		if (w->n_copies == CHUNK) {
			w->at_sent += pl->n;
			w->n_fresh += pl->fresh;
			return;
		}
		reason = likely(o) ? plan_output(w, ports, p, o, plan) : DROP_oif_down;
		if (unlikely(reason != IP_FINE)) {
			if (reason == DROP_oif_input && list->n == 1)
				reason = DROP_only_input;
			output_drop(w, p, id, o ? o->c.ifid : DP_IFS_MAX, reason);
			continue;
		}
		w->copies[w->n_copies] = (struct copy){.pkt = p, .plan = plan};
		if (pl->n && same_bytes(w->copies[pl->lead].plan, plan)) {
			w->copies[pl->lead].share++;
		} else {
			pl->lead = w->n_copies;
			pl->fresh++;
		}
		pl->n++;
		w->n_copies++;
		w->n_plans++;
	}
	packet_close(w, p, pl, pl->lead);
}

/* Whether the plan for a packet before holds for p as well: every output took that one, and nothing that
 * the plan looks at differs. The rule in a stream of one size, and where routes share their list. */
static inline bool plan_holds(const struct worker *w, const struct planned *pl, const struct pkt *p)
{
	const struct pkt *q = pl->pkt;

	return q && q->route->list == p->route->list && load64(&q->iif) == load64(&p->iif) &&
	       pl->n == p->route->list->n && w->n_copies + pl->n <= CHUNK;
}

static inline void plan_repeat(struct worker *w, struct pkt *p, struct planned *pl)
{
	const struct copy *from = &w->copies[pl->first];
	struct copy *to = &w->copies[w->n_copies];

	/* field by field: a whole copy would be read in other pieces than it has just been written */
	for (unsigned i = 0; i < pl->n; i++) {
		to[i].pkt = p;
		to[i].plan = from[i].plan;
		to[i].share = from[i].share;
		to[i].last = 0;
		to[i].own = 0;
	}
	w->n_copies += pl->n;
	packet_close(w, p, pl, (unsigned)(to - from) + pl->lead);
}

static void plan_chunk(struct worker *w, struct burst *b)
{
	const struct fwd_ports *ports = fwd_ports_get(w->t);
	struct planned pl = {0};

	w->n_copies = 0;
	w->n_plans = 0;
	w->n_fresh = 0;
	w->fragments = false;
	while (w->at_pkt < b->n && w->n_copies < CHUNK) {
		struct pkt *p = &b->pkts[w->at_pkt];

		if (unlikely(p->next != PKT_FORWARD)) {
			next_packet(w);
			continue;
		}
		if (w->at_oif == 0 && w->n_copies && direct_takes(w, p))
			return;
		if (w->at_oif == 0 && unlikely(!packet_open(w, p))) {
			packet_drop(w, p, DROP_no_mbuf);
			next_packet(w);
			continue;
		}
		if (w->at_oif == 0 && plan_holds(w, &pl, p))
			plan_repeat(w, p, &pl);
		else
			plan_packet(w, ports, p, &pl);
		if (unlikely(w->fragments))
			pl.pkt = NULL; /* DF is not among what plan_holds compares */
	}
}

/* --- buffers ------------------------------------------------------------------------------------------ */

/* Fresh buffers for a chunk, taken in one go and given back if not needed. */
struct fresh {
	unsigned n;
	void *v[CHUNK];
};

static void fresh_take(struct worker *w, struct fresh *f)
{
	f->n = 0;
	if (w->n_fresh && rte_mempool_get_bulk(w->t->pool, f->v, w->n_fresh) == 0)
		f->n = w->n_fresh;
}

/* An empty buffer; the fields that lie in the second cache line are as the pool keeps them: no next
 * segment. */
static inline struct rte_mbuf *fresh_get(struct worker *w, struct fresh *f)
{
	void *obj;
	struct rte_mbuf *m;

	if (likely(f->n))
		obj = f->v[--f->n];
	else if (rte_mempool_get(w->t->pool, &obj) < 0)
		return NULL;
	m = obj;
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->ol_flags = 0;
	m->port = RTE_MBUF_PORT_INVALID;
	return m;
}

/* The first len bytes of the packet behind room for an Ethernet header (a tunnel makes its own). */
static struct rte_mbuf *copy_bytes(struct worker *w, struct fresh *f, struct copy *c, unsigned len)
{
	const struct pkt *p = c->pkt;
	struct rte_mbuf *m = fresh_get(w, f);

	if (unlikely(!m))
		return NULL;
	c->l3 = c->plan->tun ? 0 : c->plan->out->l2_len;
	rte_memcpy(rte_pktmbuf_mtod_offset(m, void *, c->l3),
		rte_pktmbuf_mtod_offset(p->m, const void *, p->l3), len);
	m->data_len = (uint16_t)(len + c->l3);
	m->pkt_len = len + c->l3;
	return m;
}

/* Headers copied, payload by reference. */
static struct rte_mbuf *copy_split(struct worker *w, struct fresh *f, struct copy *c)
{
	const struct pkt *p = c->pkt;
	struct rte_mbuf *payload = rte_pktmbuf_clone(p->m, w->t->pool);
	struct rte_mbuf *m;

	if (unlikely(!payload))
		return NULL;
	m = copy_bytes(w, f, c, SPLIT_BYTES);
	if (unlikely(!m)) {
		rte_pktmbuf_free(payload);
		return NULL;
	}
	mbuf_drop_front(payload, p->l3 + SPLIT_BYTES);
	m->pkt_len += payload->pkt_len;
	m->next = payload;
	m->nb_segs = (uint16_t)(payload->nb_segs + 1);
	return m;
}

/* A packet in several segments, or longer than a buffer, as one copy. */
static struct rte_mbuf *copy_chain(struct worker *w, struct copy *c, enum drop_reason *reason)
{
	const struct pkt *p = c->pkt;
	struct rte_mbuf *m = rte_pktmbuf_copy(p->m, w->t->pool, p->l3, UINT32_MAX);

	if (!m)
		return NULL;
	if (m->nb_segs > 1 && !c->plan->segs && c->plan->wire_len) {
		rte_pktmbuf_free(m);
		*reason = DROP_oif_mtu;
		return NULL;
	}
	m->ol_flags = 0;
	c->l3 = 0;
	return m;
}

static inline struct rte_mbuf *copy_make(
	struct worker *w, struct fresh *f, struct copy *c, enum drop_reason *reason)
{
	const struct pkt *p = c->pkt;
	unsigned room = rte_pktmbuf_data_room_size(w->t->pool) - RTE_PKTMBUF_HEADROOM - L2_MAX;

	if (c->plan->segs && p->ip_len > COPY_WHOLE + w->copy_more &&
		p->m->data_len > p->l3 + SPLIT_BYTES)
		return copy_split(w, f, c);
	if (likely(p->m->nb_segs == 1 && p->ip_len <= room))
		return copy_bytes(w, f, c, p->ip_len);
	return copy_chain(w, c, reason);
}

/* Whether what HER changes may lie deeper than SPLIT_BYTES, behind long IPv6 extension headers: in a buffer
 * whose payload is shared it could not be written. */
static __rte_noinline bool her_looks_deep(const struct pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3);
	uint32_t avail = RTE_MIN((uint32_t)(p->m->data_len - p->l3), (uint32_t)SPLIT_BYTES);
	struct ip6_l4 l4;

	return !ip6_find_l4(h, avail, &l4) || (l4.first && l4.off + L4_CSUM_END > SPLIT_BYTES);
}

static inline bool her_is_deep(const struct copy *c)
{
	return unlikely(c->plan->oif->c.her_dst.family == IP_V6) && !c->plan->head &&
	       c->pkt->ip_len > SPLIT_BYTES && her_looks_deep(c->pkt);
}

/* The packet's own buffer. */
static inline struct rte_mbuf *own_take(struct copy *c)
{
	struct rte_mbuf *m = c->pkt->m;

	c->l3 = c->pkt->l3;
	m->ol_flags = 0;
	return m;
}

/* A buffer for c, and for those that share it. */
static inline void copy_fill(struct worker *w, struct fresh *f, struct copy *c)
{
	enum drop_reason reason = DROP_no_mbuf;
	unsigned n = c->share + 1u;
	bool deep = her_is_deep(c);
	struct rte_mbuf *m;

	if (unlikely(deep))
		m = copy_chain(w, c, &reason);
	else
		m = likely(c->own) ? own_take(c) : copy_make(w, f, c, &reason);

	if (unlikely(!m)) {
		for (unsigned i = 0; i < n; i++)
			output_drop(
				w, c->pkt, c[i].plan->oif->c.id, c[i].plan->oif->c.ifid, reason);
	} else if (n > 1) {
		rte_pktmbuf_refcnt_update(m, (int16_t)(n - 1));
	}
	for (unsigned i = 0; i < n; i++)
		c[i].m = m;
	if (unlikely(c->last && (!c->own || deep)))
		rte_pktmbuf_free(c->pkt->m);
}

void worker_replicate(struct worker *w, enum dataplane_replicate how)
{
	w->share_not = how == DATAPLANE_REPLICATE_COPY;
	w->copy_more = how == DATAPLANE_REPLICATE_COPY    ? UINT16_MAX
		       : how == DATAPLANE_REPLICATE_SHARE ? SPLIT_BYTES - COPY_WHOLE
							  : 0;
}

bool stage_replicate(struct worker *w, struct burst *b)
{
	struct fresh f;

	plan_chunk(w, b);
	if (w->n_copies == 0)
		return false;
	fresh_take(w, &f);
	for (unsigned i = 0; i < w->n_copies; i += w->copies[i].share + 1u)
		copy_fill(w, &f, &w->copies[i]);
	if (f.n)
		rte_mempool_put_bulk(w->t->pool, f.v, f.n);
	return true;
}
