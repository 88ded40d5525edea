/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Fragmentation at the output MTU (RFC 791 section 2.3, RFC 1812 section 4.2.2.7): a copy of an IPv4
 * packet without DF that is too long for its way leaves in pieces. All of them or none: they are cut
 * before the first one is sent.
 *
 * - Plan finds out that a copy does not fit and asks frag_plan; then the plan's wire_len is 0. Rewrite
 *   treats the whole packet as always (HER, and Ethernet where no tunnel comes between), and stage tx
 *   gives a chunk that holds such plans to frag_tx, which keeps the order of packets.
 * - Through a tunnel or in a Register (RFC 7761 section 4.4.1) the packet inside is cut, to what fits the
 *   tunnel's MTU and that of the interface below it: the far end need not reassemble (RFC 7588 section
 *   3.1), and ours would not. The outer packet is never cut.
 * - A piece is a header of its own and payload by reference to the copy, which was nobody else's to write.
 *   Ports without chains get pieces in one buffer each.
 */
#include "path.h"
#include "probe.h"

#include <rte_ip_frag.h>

#include <errno.h>

/* Pieces of one packet at most: 9216 bytes through an MTU of 68 are 192. */
#define PIECES_MAX 256
/* RFC 791: every hop takes packets of 68 bytes: 60 of header and 8 of data. */
#define PIECE_MIN 68

/* The longest packet that fits all MTUs on the way behind head bytes of a Register; 0 if the headers
 * alone do not. */
static unsigned way_mtu(const struct fwd_if *tun, const struct fwd_if *out, unsigned head)
{
	unsigned overhead = tun ? path_gre_overhead(tun) : 0, below;

	if (out->c.mtu <= overhead)
		return 0;
	below = out->c.mtu - overhead;
	if (tun)
		below = RTE_MIN(below, tun->c.mtu);
	return below <= head ? 0 : below - head;
}

bool frag_plan(struct worker *w, const struct pkt *p, const struct path_hop *hop, struct plan *pl)
{
	const uint8_t *h;

	/* the way first: the direct lane asks with a packet that has no bytes, and fits every other way */
	if (p->family != IP_V4 || way_mtu(hop->tun, hop->out, hop->head) < PIECE_MIN)
		return false;
	h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3);
	if (be16(h + IP4_FRAG) & IP4_DF)
		return false;
	pl->wire_len = 0;
	w->fragments = true;
	return true;
}

/* --- cutting ------------------------------------------------------------------------------------------ */

struct pieces {
	struct rte_mbuf *v[PIECES_MAX];
	unsigned n;
};

static void pieces_free(struct pieces *f)
{
	if (f->n)
		rte_pktmbuf_free_bulk(f->v, f->n);
	f->n = 0;
}

/* One buffer each, where the port wants that. */
static bool pieces_linear(struct pieces *f)
{
	for (unsigned i = 0; i < f->n; i++)
		if (rte_pktmbuf_linearize(f->v[i]))
			return false;
	return true;
}

/* Cuts the packet in m, which stays the caller's. IP_FINE, or why there are no pieces. */
static enum drop_reason pieces_cut(
	struct worker *w, const struct plan *pl, struct rte_mbuf *m, struct pieces *f)
{
	uint16_t mtu = (uint16_t)way_mtu(pl->tun, pl->out, pl->head);
	int n = rte_ipv4_fragment_packet(m, f->v, PIECES_MAX, mtu, w->t->pool, w->t->pool);

	f->n = n > 0 ? (unsigned)n : 0;
	if (n <= 0)
		return n == -ENOMEM ? DROP_no_mbuf : DROP_oif_mtu;
	if (pl->segs || pieces_linear(f))
		return IP_FINE;
	pieces_free(f);
	return DROP_oif_mtu;
}

/* --- sending ------------------------------------------------------------------------------------------ */

static void header_seal(struct rte_mbuf *m)
{
	uint8_t *h = rte_pktmbuf_mtod(m, uint8_t *);

	store16(h + IP4_CSUM, 0);
	store16(h + IP4_CSUM, (uint16_t)~ip4_header_sum(h, (h[0] & 0xfu) * 4));
}

/* What is in front of the packet, and who counts it. */
static void piece_send(struct worker *w, const struct copy *c, unsigned number,
	const uint8_t mac[6], struct rte_mbuf *m)
{
	const struct plan *pl = c->plan;
	struct oif_counters *oif = &w->oif_ctr[pl->oif->c.id];
	struct if_counters_lcore *out = &w->if_ctr[pl->out->c.id];
	uint16_t type = ETH_TYPE_IP4;

	header_seal(m);
	if (pl->head) {
		path_push_register(m, 0, pl->oif, w->gre_id++);
		w->info.registers_sent++;
	}
	if (pl->tun) {
		w->if_ctr[pl->tun->c.id].tx_packets++;
		w->if_ctr[pl->tun->c.id].tx_bytes += m->pkt_len;
		type = path_push_gre(m, 0, pl->tun, w->gre_id++, false);
	}
	oif->packets++;
	oif->bytes += m->pkt_len;
	out->tx_packets++;
	out->tx_bytes += m->pkt_len;
	memcpy(path_put_l2(m, 0, pl->out, type), mac, 6);
	if (unlikely(w->probes))
		probe_piece(w, c, m, number);
	tx_one(w, pl->port, m);
}

static void copy_fragment(struct worker *w, const struct copy *c)
{
	const struct plan *pl = c->plan;
	struct pieces f;
	enum drop_reason reason;
	bool wrapped = pl->tun || pl->head; /* its pieces are, it has no Ethernet header */
	uint8_t mac[6];

	memcpy(mac, wrapped ? pl->adj->c.mac : rte_pktmbuf_mtod(c->m, const uint8_t *),
		sizeof(mac));
	mbuf_drop_front(c->m, wrapped ? c->l3 : pl->out->l2_len);
	reason = pieces_cut(w, pl, c->m, &f);
	rte_pktmbuf_free(c->m);
	if (reason != IP_FINE) {
		output_drop(w, c->pkt, pl->oif->c.id, pl->oif->c.ifid, reason);
		return;
	}
	w->if_ctr[pl->tun ? pl->tun->c.id : pl->out->c.id].tx_fragmented++;
	for (unsigned i = 0; i < f.n; i++)
		piece_send(w, c, i + 1, mac, f.v[i]);
}

void frag_tx(struct worker *w)
{
	for (unsigned i = 0; i < w->n_copies; i++) {
		const struct copy *c = &w->copies[i];

		if (!c->m)
			continue;
		if (c->plan->wire_len)
			tx_one(w, c->plan->port, c->m);
		else
			copy_fragment(w, c);
	}
}
