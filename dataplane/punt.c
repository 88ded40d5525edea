/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets from workers to control: a ring for each worker and class, single producer and single
 * consumer, and token buckets for each port and class in front of them (police.c), so that no class can
 * cost another one a packet. Punting comes before replication: control packets before data.
 *
 * Control takes the classes in their order, hello first, but no class more than its share a turn
 * (punt_shares), so that those behind get theirs in the worst of floods.
 *
 * Waking control. A worker writes the eventfd only if control sleeps. Nothing is lost, because each
 * side first does its own part and then looks at the other's, with a full barrier in between:
 *
 *	worker:  put on ring;       barrier;  asleep? -> take it back to 0 and write the eventfd
 *	control: asleep = 1;        barrier;  anything on a ring? -> asleep = 0, do not sleep
 *
 * At least one of the two sees what the other did (store buffering is excluded by the barriers). If both
 * do, control finds one eventfd event too many, no harm. Taking `asleep` back with an exchange makes
 * the first of several workers the only one to write, once a sleep. The barrier costs a worker only
 * those bursts that put something on a ring. The worker's part is in ring.c.
 */
#include "dataplane/hold.h"
#include "dataplane/police.h"
#include "dataplane/probe.h"
#include "dataplane/punt_class.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_ring_elem.h>
#include <stdlib.h>

int worker_rings_new(struct worker *w)
{
	const unsigned spsc = RING_F_SP_ENQ | RING_F_SC_DEQ;
	bool ok = true;

	w->handoff = ring_new(HANDOFF_RING, sizeof(void *), RING_F_SC_DEQ);
	w->commands = ring_new(COMMAND_RING, COMMAND_BYTES, spsc);
	for (int i = 0; i < DP_PUNT_CLASSES; i++) {
		w->punt[i] = ring_new(PUNT_RING, sizeof(void *), spsc);
		ok &= w->punt[i] != NULL;
	}
	for (int i = 0; i < DP_UPCALL_KINDS; i++) {
		w->upcalls[i] = ring_new(UPCALL_RING, sizeof(struct dp_upcall), spsc);
		ok &= w->upcalls[i] != NULL;
	}
	w->gate = upcall_gate_new(rte_get_tsc_hz());
	w->police = region_new(sizeof(*w->police), false);
	w->hold = hold_new(&w->d->conf.hold, w->d->conf.mbufs / HOLD_SHARE / w->d->n_workers,
		rte_get_tsc_hz());
	return ok && w->handoff && w->commands && w->gate && w->police && w->hold ? 0 : -ENOMEM;
}

static void mbuf_ring_free(struct rte_ring *r)
{
	void *m;

	while (r && rte_ring_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	free(r);
}

void worker_rings_free(struct worker *w)
{
	mbuf_ring_free(w->handoff);
	free(w->commands);
	for (int i = 0; i < DP_PUNT_CLASSES; i++)
		mbuf_ring_free(w->punt[i]);
	for (int i = 0; i < DP_UPCALL_KINDS; i++)
		free(w->upcalls[i]);
	upcall_gate_free(w->gate);
	region_free(w->police, sizeof(*w->police));
	hold_free(w->hold);
}

bool dataplane_control_sleeps(struct dataplane *d, bool sleeps)
{
	atomic_store(&d->asleep, sleeps);
	if (!sleeps)
		return true;
	atomic_thread_fence(memory_order_seq_cst);
	if (!punt_waiting(d))
		return true;
	atomic_store(&d->asleep, 0);
	return false;
}

bool punt_waiting(const struct dataplane *d)
{
	for (unsigned i = 0; i < d->n_workers; i++) {
		const struct worker *w = d->workers[i];

		for (int c = 0; c < DP_PUNT_CLASSES; c++) {
			if (!rte_ring_empty(w->punt[c]))
				return true;
		}
		for (int k = 0; k < DP_UPCALL_KINDS; k++) {
			if (!rte_ring_empty(w->upcalls[k]))
				return true;
		}
	}
	return probe_waiting(d);
}

/* --- the stage ------------------------------------------------------------------------------------ */

/* Packets of a class that leave the burst here for control. */
struct leaving {
	unsigned n;
	struct rte_mbuf *m[BURST];
	uint16_t iif[BURST];
};

static void dropped(struct worker *w, uint16_t iif, enum drop_reason reason, unsigned n)
{
	w->info.drops[reason] += n;
	w->if_ctr[iif].rx_dropped += n;
}

/* A burst's packets for control, by class, and what is dropped. */
struct punting {
	struct leaving classes[DP_PUNT_CLASSES];
	unsigned n_gone;
	struct rte_mbuf *gone[BURST]; /* dropped */
	struct police_port *port;     /* NULL: none for control so far */
	uint64_t now;
	uint32_t dry;    /* classes whose common bucket has no token, by bit */
	uint32_t closed; /* of them those without a token for anybody */
	uint32_t refused[DP_PUNT_CLASSES];
	uint16_t iif;     /* of the last packet refused */
	unsigned n_alike; /* packets refused, one after the other, of this interface */
};

static void punt_gone(struct punting *x, struct pkt *p)
{
	x->gone[x->n_gone++] = p->m;
	p->m = NULL;
}

static void punt_drop(struct worker *w, struct punting *x, struct pkt *p)
{
	dropped(w, pkt_interface(p), (enum drop_reason)p->reason, 1);
	punt_gone(x, p);
}

static void punt_look(struct punting *x, enum dp_punt_class cls)
{
	x->dry |= (uint32_t)police_dry(x->port, cls, x->now) << cls;
	x->closed |= (uint32_t)police_closed(x->port, cls, x->now) << cls;
}

static __rte_noinline void punt_begin(struct worker *w, struct punting *x)
{
	x->port = police_port(w, w->b.port);
	x->dry = 0;
	x->closed = 0;
	x->n_alike = 0;
	x->iif = 0;
	for (unsigned c = 0; c < DP_PUNT_CLASSES; c++) {
		x->refused[c] = 0;
		punt_look(x, (enum dp_punt_class)c);
	}
}

/* No token for p, whose class is dry, for it is certainly no regular's. Of a class that is closed nobody is
 * asked who it is. */
static inline bool punt_is_stranger(const struct worker *w, const struct punting *x,
	enum dp_punt_class cls, const struct pkt *p)
{
	if (x->closed & 1u << cls)
		return true;
	return police_has_source(p) &&
	       !police_maybe(x->port, police_bit(police_half_hash(w->t->seed, cls, p)));
}

static inline bool punt_refused(
	struct worker *w, struct punting *x, enum dp_punt_class cls, const struct pkt *p)
{
	if (likely(x->dry & 1u << cls) && likely(punt_is_stranger(w, x, cls, p))) {
		x->refused[cls]++;
		return true;
	}
	if (police_packet(x->port, w->t->seed, cls, p, x->now))
		return false;
	punt_look(x, cls);
	return true;
}

static __rte_noinline void punt_pass(struct punting *x, enum dp_punt_class cls, struct pkt *p)
{
	struct punt_meta *meta = rte_mbuf_to_priv(p->m);
	struct leaving *l = &x->classes[cls];

	*meta = (struct punt_meta){.ifid = p->iif, .cls = (uint8_t)cls, .family = p->family};
	l->m[l->n] = p->m;
	l->iif[l->n++] = p->iif;
	p->m = NULL;
}

/* Drops p for want of a token; it is counted with those before it of the same interface. */
static inline void punt_policed(struct worker *w, struct punting *x, struct pkt *p)
{
	if (unlikely(w->probes))
		probe_packet_dropped(w, p, DROP_punt_policed);
	if (unlikely(p->iif != x->iif)) {
		dropped(w, x->iif, DROP_punt_policed, x->n_alike);
		x->n_alike = 0;
		x->iif = p->iif;
	}
	x->n_alike++;
	punt_gone(x, p);
}

static inline void punt_add(struct worker *w, struct punting *x, struct pkt *p)
{
	enum dp_punt_class cls = punt_class(p);

	if (unlikely(!x->port))
		punt_begin(w, x);
	if (likely(punt_refused(w, x, cls, p)))
		punt_policed(w, x, p);
	else
		punt_pass(x, cls, p);
}

static void punt_enqueue(struct worker *w, struct punting *x, enum dp_punt_class cls)
{
	const struct leaving *l = &x->classes[cls];
	unsigned n = rte_ring_sp_enqueue_burst(w->punt[cls], (void *const *)l->m, l->n, NULL);

	for (unsigned i = 0; i < n; i++)
		w->if_ctr[l->iif[i]].punted++;
	for (unsigned i = n; i < l->n; i++)
		dropped(w, l->iif[i], DROP_punt_full, 1);
	x->port->n[cls].passed += n;
	x->port->n[cls].lost += l->n - n;
	if (n)
		w->told = true;
	if (n < l->n)
		rte_pktmbuf_free_bulk((struct rte_mbuf **)(uintptr_t)&l->m[n], l->n - n);
}

/* The counters of a burst that had packets for control, and these on their way. */
static void punt_end(struct worker *w, struct punting *x)
{
	dropped(w, x->iif, DROP_punt_policed, x->n_alike);
	for (int c = 0; c < DP_PUNT_CLASSES; c++) {
		x->port->n[c].policed += x->refused[c];
		if (x->classes[c].n)
			punt_enqueue(w, x, (enum dp_punt_class)c);
	}
}

void stage_punt(struct worker *w, struct burst *b)
{
	struct punting x;

	x.port = NULL;
	x.now = b->now;
	x.n_gone = 0;
	for (int c = 0; c < DP_PUNT_CLASSES; c++)
		x.classes[c].n = 0;
	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkts[i];

		if (likely(p->next == PKT_FORWARD) || !p->m)
			continue;
		switch ((enum pkt_next)p->next) {
		case PKT_PROTO:
		case PKT_EXCEPTION:
			punt_add(w, &x, p);
			break;
		case PKT_DROP:
		case PKT_DECAP: /* not after decap */
		case PKT_REGISTER:
			punt_drop(w, &x, p);
			break;
		case PKT_FORWARD:
			break;
		}
	}
	if (x.port)
		punt_end(w, &x);
	if (x.n_gone)
		rte_pktmbuf_free_bulk(x.gone, x.n_gone);
	if (w->told) {
		w->told = false;
		control_wake(w->d);
	}
}

/* --- control's side ---------------------------------------------------------------------------------- */

/* Packets of a class in a turn of control, while others wait. */
static const unsigned punt_shares[DP_PUNT_CLASSES] = {
	[DP_PUNT_hello] = 64, [DP_PUNT_proto] = 64, [DP_PUNT_neigh] = 32, [DP_PUNT_exception] = 32};

static struct rte_mbuf *punt_take_class(struct dataplane *d, enum dp_punt_class cls)
{
	void *m;

	for (unsigned i = 0; i < d->n_workers; i++) {
		unsigned at = (d->punt_at + i) % d->n_workers;

		if (rte_ring_sc_dequeue(d->workers[at]->punt[cls], &m) == 0) {
			d->punt_at = at + 1;
			return m;
		}
	}
	return NULL;
}

struct rte_mbuf *punt_take(struct dataplane *d)
{
	for (int turn = 0; turn < 2; turn++) {
		for (int c = 0; c < DP_PUNT_CLASSES; c++) {
			struct rte_mbuf *m =
				d->punt_left[c] ? punt_take_class(d, (enum dp_punt_class)c) : NULL;

			if (!m)
				continue;
			d->punt_left[c]--;
			return m;
		}
		memcpy(d->punt_left, punt_shares, sizeof(d->punt_left));
	}
	return NULL;
}

int punt_recv(struct dataplane *d, struct dp_packet *out, void *buf, size_t cap)
{
	struct rte_mbuf *m = punt_take(d);
	const struct punt_meta *meta;
	const void *data;

	if (!m)
		return 0;
	meta = rte_mbuf_to_priv(m);
	*out = (struct dp_packet){.cls = meta->cls, .family = meta->family, .ifid = meta->ifid};
	out->len = m->pkt_len;
	if (out->len > cap) {
		out->len = (uint32_t)cap;
		d->drops[DROP_punt_cut]++;
	}
	data = rte_pktmbuf_read(m, 0, out->len, buf);
	if (data != buf)
		memcpy(buf, data, out->len);
	rte_pktmbuf_free(m);
	return 1;
}
