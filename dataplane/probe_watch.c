/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The workers' side of probes: looks on between the stages and writes records. It reads packets, tables and
 * what the stages have decided, and changes none of it.
 *
 * A record of an output goes on the ring only while there is room left for an END of every packet that is
 * open: a packet that was begun is always ended, and what did not fit is counted in its END.
 */
#include "dataplane/hdr/flow.h"
#include "dataplane/hold.h"
#include "dataplane/path.h"
#include "dataplane/probe.h"
#include "dataplane/tables.h"

#include <rte_cycles.h>
#include <rte_ring_elem.h>

static_assert(PROBE_OPEN <= 256, "every open packet's END fits the smallest ring");

/* --- rings -------------------------------------------------------------------------------------------- */

static struct dp_probe_record *record(
	struct worker *w, struct probe_lane *l, enum dp_probe_kind kind, const struct probe_open *o)
{
	*l->rec = (struct dp_probe_record){
		.kind = (uint8_t)kind,
		.worker = (uint16_t)w->index,
		.number = o->number,
		.time_ns = rte_rdtsc(), /* probe_recv makes it a time */
	};
	return l->rec;
}

/* Puts l->rec on the ring if `spare` more would fit. */
static bool record_send(struct probe *p, struct probe_lane *l, unsigned spare)
{
	return rte_ring_free_count(l->ring) > spare &&
	       rte_ring_enqueue_elem(l->ring, l->rec, p->esize) == 0;
}

/* An output's record, made and sent; without room it is counted. */
static void output_send(struct probe *p, struct probe_lane *l, struct probe_open *o)
{
	if (record_send(p, l, l->n_open))
		return;
	o->lost++;
	l->lost++;
}

/* --- what came in ------------------------------------------------------------------------------------- */

static bool flow_matches(const struct dp_probe *c, const struct flow *f)
{
	if (c->grp.addr.family == IP_NONE ? !ip_is_multicast(&f->dst)
					  : !prefix_has(&c->grp, &f->dst))
		return false;
	return c->src.addr.family == IP_NONE || prefix_has(&c->src, &f->src);
}

static bool any_matches(const struct dp_probe *c, const struct flow *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (flow_matches(c, &f[i]))
			return true;
	return false;
}

static bool budget_take(struct probe *p)
{
	uint32_t max = p->c.packets;

	if (!max)
		return true;
	if (atomic_load_explicit(&p->taken, memory_order_relaxed) >= max)
		return false;
	if (atomic_fetch_add_explicit(&p->taken, 1, memory_order_relaxed) < max)
		return true;
	atomic_fetch_sub_explicit(&p->taken, 1, memory_order_relaxed);
	return false;
}

/* Begins to follow the packet of s; false: no more are wanted, or there is no room. */
static bool open_packet(struct worker *w, struct probe *p, struct probe_seen *s)
{
	struct probe_lane *l = &p->lanes[w->index];

	if (l->n_open == PROBE_OPEN) {
		l->lost++;
		return false;
	}
	if (!budget_take(p))
		return false;
	l->open[l->n_open++] = (struct probe_open){.number = ++l->number, .reason = DROP_COUNT};
	l->packets++;
	l->burst = true;
	w->watched = true;
	s->open = l->n_open;
	return true;
}

/* Packet i: its frame is kept, for decap and rewrite write in it. */
static void follow(struct worker *w, struct probe *p, const struct rte_mbuf *m, unsigned i)
{
	struct probe_lane *l = &p->lanes[w->index];
	struct probe_seen *s = &l->seen[i];
	uint8_t *bytes = l->bytes + (size_t)i * p->c.snaplen;
	const void *data;

	if (!open_packet(w, p, s))
		return;
	s->frame_len = m->pkt_len;
	s->n_bytes = RTE_MIN(m->pkt_len, (uint32_t)p->c.snaplen);
	data = rte_pktmbuf_read(m, 0, s->n_bytes, bytes);
	if (data && data != bytes)
		memcpy(bytes, data, s->n_bytes);
}

void probe_received(struct worker *w, const struct burst *b)
{
	uint8_t scratch[FLOW_BYTES];
	struct flow flows[FLOWS_MAX];

	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe_lane *l = &w->probes->v[k]->lanes[w->index];

		l->burst = false;
		w->watched = false;
		memset(l->seen, 0, BURST * sizeof(l->seen[0]));
	}
	for (unsigned i = 0; i < b->n; i++) {
		const struct rte_mbuf *m = b->pkts[i].m;
		unsigned n = RTE_MIN(m->pkt_len, (uint32_t)FLOW_BYTES);
		unsigned found = flow_of_frame(rte_pktmbuf_read(m, 0, n, scratch), n, flows);

		for (unsigned k = 0; found && k < w->probes->n; k++) {
			struct probe *p = w->probes->v[k];

			if (any_matches(&p->c, flows, found))
				follow(w, p, m, i);
		}
	}
}

static uint8_t verdict_of(const struct pkt *p)
{
	if (!p->m)
		return DP_FATE_HELD; /* the hold has the buffer now */
	switch ((enum pkt_next)p->next) {
	case PKT_FORWARD:
		return DP_FATE_FORWARD;
	case PKT_DECAP:
		return DP_FATE_DECAP;
	case PKT_REGISTER:
		return DP_FATE_REGISTER;
	case PKT_PROTO:
		return DP_FATE_PROTOCOL;
	case PKT_EXCEPTION:
		return DP_FATE_KERNEL;
	case PKT_DROP:
		break;
	}
	return DP_FATE_DROP;
}

void probe_classified(struct worker *w, const struct burst *b)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe_lane *l = &w->probes->v[k]->lanes[w->index];

		for (unsigned i = 0; l->burst && i < b->n; i++) {
			l->seen[i].outer_ifid = b->pkts[i].iif;
			l->seen[i].classified = verdict_of(&b->pkts[i]);
		}
	}
}

/* --- what was decided --------------------------------------------------------------------------------- */

static struct prefix prefix_of(uint8_t family, const uint32_t *words, uint8_t len)
{
	struct prefix p = {.addr.family = family, .len = len};

	memcpy(p.addr.b, words, family == IP_V4 ? 4 : 16);
	return p;
}

static void record_route(struct dp_probe_packet *d, const struct mfib_route *r)
{
	d->has_route = 1;
	d->key.table = r->table;
	d->key.src = prefix_of(r->family, r->src, r->src_len);
	d->key.grp = prefix_of(r->family, r->grp, r->grp_len);
	if (r->inputs) {
		d->n_inputs = (uint8_t)RTE_MIN(r->inputs->n, (uint32_t)DP_INPUTS_MAX);
		memcpy(d->inputs, r->inputs->v, d->n_inputs * sizeof(d->inputs[0]));
	} else if (r->iif) {
		d->n_inputs = 1;
		d->inputs[0] = (struct dp_input){.ifid = r->iif, .flags = r->flags};
	}
	if (r->list) {
		d->list = r->list->id;
		d->n_outputs = r->list->n;
	}
}

/* Whether a packet has been looked up: with one of the reasons behind lookup, or forwarded. */
static bool has_route(const struct pkt *p)
{
	if (p->next == PKT_FORWARD)
		return true;
	if (p->next != PKT_DROP)
		return false;
	switch ((enum drop_reason)p->reason) {
	case DROP_register_refused:
		return p->route != NULL;
	case DROP_wrong_if:
	case DROP_duplicate:
	case DROP_route_drop:
	case DROP_ttl_expired:
	case DROP_no_output:
		return true;
	default:
		return false;
	}
}

/* The packet of seen[i]; those behind the first BURST come from the hold. */
static void decided(struct worker *w, struct probe *p, const struct pkt *pkt, unsigned i)
{
	struct probe_lane *l = &p->lanes[w->index];
	const struct probe_seen *s = &l->seen[i];
	struct probe_open *o = &l->open[s->open - 1];
	struct dp_probe_record *r = record(w, l, DP_PROBE_PACKET, o);
	struct dp_probe_packet *d = &r->packet;
	uint8_t verdict = verdict_of(pkt);

	*d = (struct dp_probe_packet){
		.port = i < BURST ? w->b.port : pkt->m->port,
		.queue = i < BURST ? w->b.queue : 0,
		.outer_ifid = s->outer_ifid,
		.classified = s->classified,
		.verdict = verdict,
		.reason = verdict == DP_FATE_DROP ? pkt->reason : DROP_COUNT,
		.decaps = pkt->decaps,
		.released = i >= BURST,
		.family = pkt->family,
		.ifid = pkt->iif,
	};
	if (verdict != DP_FATE_DROP || has_route(pkt) || pkt->reason == DROP_no_route ||
		pkt->reason == DROP_register_refused) {
		d->ttl = pkt->ttl;
		d->ip_len = pkt->ip_len;
	}
	if (has_route(pkt))
		record_route(d, pkt->route);
	r->frame_len = s->frame_len;
	if (s->n_bytes && (p->c.what & DP_PROBE_INPUT) &&
		(!p->c.ifid || p->c.ifid == s->outer_ifid || p->c.ifid == pkt->iif)) {
		r->n_bytes = s->n_bytes;
		memcpy(r->bytes, l->bytes + (size_t)i * p->c.snaplen, s->n_bytes);
	}
	if (record_send(p, l, l->n_open))
		return;
	o->given_up = true;
	l->lost++;
	if (p->c.packets)
		atomic_fetch_sub_explicit(&p->taken, 1, memory_order_relaxed);
}

void probe_decided(struct worker *w, const struct burst *b)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe_lane *l = &w->probes->v[k]->lanes[w->index];

		for (unsigned i = 0; l->burst && i < b->n; i++)
			if (l->seen[i].open)
				decided(w, w->probes->v[k], &b->pkts[i], i);
	}
}

static bool held_matches(const struct dp_probe *c, const struct pkt *p)
{
	uint8_t scratch[IP6_LEN];
	unsigned n = RTE_MIN(p->m->pkt_len - p->l3, (uint32_t)IP6_LEN);
	const uint8_t *h = rte_pktmbuf_read(p->m, p->l3, n, scratch), *inner;
	struct flow f;

	return h &&
	       flow_of_ip(h, n, p->family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6, &f, &inner) &&
	       flow_matches(c, &f);
}

void probe_released(struct worker *w, const struct burst *b)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe *p = w->probes->v[k];
		struct probe_seen *s = &p->lanes[w->index].seen[BURST];

		memset(s, 0, BURST * sizeof(*s));
		for (unsigned i = 0; i < b->n; i++, s++) {
			const struct pkt *pkt = &b->pkts[i];

			if (!pkt->m || !held_matches(&p->c, pkt) || !open_packet(w, p, s))
				continue;
			s->frame_len = pkt->m->pkt_len - (pkt->decaps ? pkt->l3 : 0u);
			s->outer_ifid = pkt->iif;
			s->classified = DP_FATE_FORWARD;
			decided(w, p, pkt, BURST + i);
		}
	}
}

/* --- outputs ------------------------------------------------------------------------------------------ */

/* The open packet of pkt in a lane, NULL if it is not followed. */
static struct probe_open *open_of(
	const struct worker *w, struct probe_lane *l, const struct pkt *pkt)
{
	const struct probe_seen *s = pkt >= w->b.pkts && pkt < w->b.pkts + BURST
					     ? &l->seen[pkt - w->b.pkts]
					     : &l->seen[BURST + (pkt - w->hold->b.pkts)];
	struct probe_open *o = l->burst && s->open ? &l->open[s->open - 1] : NULL;

	return o && !o->given_up ? o : NULL;
}

void probe_packet_dropped(struct worker *w, const struct pkt *p, enum drop_reason reason)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe_open *o = open_of(w, &w->probes->v[k]->lanes[w->index], p);

		if (o)
			o->reason = (uint8_t)reason;
	}
}

/* Whether a record of an output of o on this interface is made; its index is o->records - 1. */
static bool wanted(const struct probe *p, struct probe_lane *l, struct probe_open *o, uint16_t ifid,
	uint16_t out)
{
	if (!(p->c.what & DP_PROBE_OUTPUT))
		return false;
	if (p->c.ifid && p->c.ifid != ifid && p->c.ifid != out)
		return false;
	if (o->records++ < DP_PROBE_OUTPUTS)
		return true;
	o->lost++;
	return false;
}

static void output_fill(struct dp_probe_output *d, const struct fwd_oif *oif)
{
	d->ifid = oif->c.ifid;
	d->unicast = oif->c.her_dst;
	d->encap = oif->c.encap;
	d->ttl_threshold = oif->c.ttl_threshold;
}

void probe_output_dropped(
	struct worker *w, const struct pkt *p, uint32_t oif, enum drop_reason reason)
{
	const struct fwd_oif *fo = fwd_oif_get(w->t, oif);

	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe *pr = w->probes->v[k];
		struct probe_lane *l = &pr->lanes[w->index];
		struct probe_open *o = open_of(w, l, p);
		struct dp_probe_output *d;

		if (!o)
			continue;
		o->outputs++;
		if (!wanted(pr, l, o, fo ? fo->c.ifid : 0, 0))
			continue;
		d = &record(w, l, DP_PROBE_NO_COPY, o)->output;
		*d = (struct dp_probe_output){
			.index = o->records - 1, .oif = oif, .reason = (uint8_t)reason};
		if (fo)
			output_fill(d, fo);
		output_send(pr, l, o);
	}
}

/* Remembers a frame until its port has taken it or not. */
static void frame_watch(struct probe_lane *l, const struct rte_mbuf *m, uint16_t port,
	const struct probe_open *o, bool follows)
{
	if (l->n_frames == PROBE_FRAMES)
		return; /* more are on their way than tx buffers hold: cannot be */
	l->frames[l->n_frames++] = (struct probe_frame){.m = m,
		.index = o->records - 1,
		.port = port,
		.open = (uint16_t)(o - l->open),
		.follows = follows};
}

/* A frame of a copy: whole (piece 0), or one piece of it. */
static void copied(
	struct worker *w, struct probe *p, const struct copy *c, struct rte_mbuf *m, unsigned piece)
{
	const struct plan *pl = c->plan;
	struct probe_lane *l = &p->lanes[w->index];
	struct probe_open *o = open_of(w, l, c->pkt);
	const struct dataplane_port *port = &fwd_ports_get(w->t)->by_id[pl->port];
	struct dp_probe_record *r;
	const void *data;

	if (!o)
		return;
	o->outputs += piece <= 1;
	o->copies += piece <= 1;
	if (!wanted(p, l, o, pl->oif->c.ifid, pl->out->c.id))
		return;
	r = record(w, l, DP_PROBE_COPY, o);
	r->output = (struct dp_probe_output){
		.index = o->records - 1,
		.oif = pl->oif->c.id,
		.tunnel = pl->tun ? pl->tun->c.id : 0,
		.out_ifid = pl->out->c.id,
		.port = pl->port,
		.reason = DROP_COUNT,
		.fragment = (uint8_t)RTE_MIN(piece, (unsigned)UINT8_MAX),
		.shared = rte_mbuf_refcnt_read(m) > 1,
	};
	output_fill(&r->output, pl->oif);
	r->output.owner = r->output.queue =
		(uint16_t)(port->tx_queues ? w->index % port->tx_queues : 0);
	r->frame_len = m->pkt_len;
	r->n_bytes = RTE_MIN(m->pkt_len, (uint32_t)p->c.snaplen);
	data = rte_pktmbuf_read(m, 0, r->n_bytes, r->bytes);
	if (data && data != r->bytes)
		memcpy(r->bytes, data, r->n_bytes);
	output_send(p, l, o);
	frame_watch(l, m, pl->port, o, piece > 1);
}

void probe_piece(struct worker *w, const struct copy *c, struct rte_mbuf *m, unsigned number)
{
	for (unsigned k = 0; k < w->probes->n; k++)
		copied(w, w->probes->v[k], c, m, number);
}

void probe_copies(struct worker *w, const struct burst *b)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe *p = w->probes->v[k];

		for (unsigned i = 0; p->lanes[w->index].burst && i < w->n_copies; i++) {
			const struct copy *c = &w->copies[i];

			/* what has to be cut is seen piece by piece */
			if (c->m && c->plan->wire_len)
				copied(w, p, c, c->m, 0);
		}
	}
}

/* --- ports -------------------------------------------------------------------------------------------- */

/* The newest frame in this buffer for this port; n_frames: none. */
static unsigned frame_find(const struct probe_lane *l, uint16_t port, const struct rte_mbuf *m)
{
	for (unsigned i = l->n_frames; i > 0; i--)
		if (l->frames[i - 1].m == m && l->frames[i - 1].port == port)
			return i - 1;
	return l->n_frames;
}

static void frame_dropped(
	struct worker *w, struct probe *p, const struct probe_frame *f, enum drop_reason reason)
{
	struct probe_lane *l = &p->lanes[w->index];
	struct probe_open *o = &l->open[f->open];
	struct dp_probe_record *r = record(w, l, DP_PROBE_TX, o);

	o->copies -= !f->follows;
	r->output = (struct dp_probe_output){
		.index = f->index, .port = f->port, .reason = (uint8_t)reason};
	output_send(p, l, o);
}

void probe_frames_dropped(struct worker *w, uint16_t port, struct rte_mbuf *const *v, unsigned n,
	enum drop_reason reason)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe *p = w->probes->v[k];
		struct probe_lane *l = &p->lanes[w->index];

		for (unsigned i = 0; i < n; i++) {
			unsigned at = frame_find(l, port, v[i]);

			if (at < l->n_frames)
				frame_dropped(w, p, &l->frames[at], reason);
		}
	}
	probe_frames_gone(w, port, v, n);
}

void probe_frames_gone(struct worker *w, uint16_t port, struct rte_mbuf *const *v, unsigned n)
{
	for (unsigned k = 0; k < w->probes->n; k++) {
		struct probe_lane *l = &w->probes->v[k]->lanes[w->index];

		for (unsigned i = 0; l->n_frames && i < n; i++) {
			unsigned at = frame_find(l, port, v[i]);

			if (at < l->n_frames)
				l->frames[at] = l->frames[--l->n_frames];
		}
	}
}

/* --- the end ------------------------------------------------------------------------------------------ */

static bool lane_end(struct worker *w, struct probe *p)
{
	struct probe_lane *l = &p->lanes[w->index];
	bool any = l->n_open > 0;

	for (unsigned i = 0; i < l->n_open; i++) {
		const struct probe_open *o = &l->open[i];
		struct dp_probe_record *r = record(w, l, DP_PROBE_END, o);

		r->end = (struct dp_probe_end){.outputs = o->outputs,
			.copies = o->copies,
			.lost = o->lost,
			.reason = o->reason};
		if (!o->given_up)
			record_send(p, l, 0);
	}
	l->n_open = 0;
	l->n_frames = 0;
	l->burst = false;
	return any;
}

void probe_round_end(struct worker *w)
{
	bool any = false;

	for (unsigned k = 0; k < w->probes->n; k++)
		any |= lane_end(w, w->probes->v[k]);
	w->probes = NULL;
	w->watched = false;
	if (any)
		control_wake(w->d);
}
