/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Buffers in several segments, seldom enough to be out of line.
 */
#include "path.h"

#include <rte_byteorder.h>

void mbuf_cut(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *s = m;
	uint32_t left = len;

	if (len >= m->pkt_len)
		return;
	m->pkt_len = len;
	m->nb_segs = 1;
	while (left > s->data_len) {
		left -= s->data_len;
		s = s->next;
		m->nb_segs++;
	}
	s->data_len = (uint16_t)left;
	if (s->next) {
		rte_pktmbuf_free(s->next);
		s->next = NULL;
	}
}

/* Frees what has been read of a chain: the remaining segments, NULL if nothing is left. */
static struct rte_mbuf *chain_skip(struct rte_mbuf *s, uint32_t n)
{
	struct rte_mbuf *next;

	while (s && n >= s->data_len) {
		n -= s->data_len;
		next = s->next;
		s->next = NULL;
		s->nb_segs = 1;
		rte_pktmbuf_free_seg(s);
		s = next;
	}
	if (s) {
		s->data_off = (uint16_t)(s->data_off + n);
		s->data_len = (uint16_t)(s->data_len - n);
	}
	return s;
}

/* Copies n bytes, which are there, to the empty buffer h. */
static void chain_read(const struct rte_mbuf *s, struct rte_mbuf *h, uint32_t n)
{
	uint8_t *to = rte_pktmbuf_mtod(h, uint8_t *);

	for (; n; s = s->next) {
		uint32_t part = RTE_MIN(n, s->data_len);

		memcpy(to, rte_pktmbuf_mtod(s, const void *), part);
		to += part;
		n -= part;
	}
}

/* A copy instead of the original, which is freed; NULL leaves it. */
static struct rte_mbuf *buf_replace(struct rte_mempool *pool, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, pool, 0, UINT32_MAX);

	if (copy)
		rte_pktmbuf_free(m);
	return copy;
}

struct rte_mbuf *mbuf_pull(struct rte_mempool *pool, struct rte_mbuf *m, uint32_t need)
{
	struct rte_mbuf *h, *s;
	uint32_t all = m->pkt_len;
	uint16_t segs = 1;

	need = RTE_MIN(need, all);
	if (m->data_len >= need)
		return m;
	/* a chain of which others hold a reference is not cut up */
	for (s = m; s; s = s->next)
		if (rte_mbuf_refcnt_read(s) != 1)
			return buf_replace(pool, m);
	h = rte_pktmbuf_alloc(pool);
	if (!h)
		return NULL;
	h->port = m->port;
	h->vlan_tci = m->vlan_tci;
	h->vlan_tci_outer = m->vlan_tci_outer;
	h->ol_flags = m->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	chain_read(m, h, need);
	h->data_len = (uint16_t)need;
	h->pkt_len = all;
	h->next = chain_skip(m, need);
	for (s = h->next; s; s = s->next)
		segs++;
	h->nb_segs = segs;
	return h;
}

bool pkt_copy(const struct fwd_tables *t, struct pkt *p)
{
	struct rte_mbuf *m = buf_replace(t->pool, p->m);

	if (m)
		p->m = m;
	return m != NULL;
}

uint16_t mbuf_sum(const struct rte_mbuf *m, uint32_t off)
{
	uint64_t sum = 0;
	bool odd = false;

	for (; m; m = m->next) {
		uint32_t n = m->data_len;
		uint16_t part;

		if (off >= n) {
			off -= n;
			continue;
		}
		part = csum_fold(
			csum_add(0, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n - off));
		sum += odd ? rte_bswap16(part) : part;
		odd ^= (n - off) & 1;
		off = 0;
	}
	return csum_fold(sum);
}
