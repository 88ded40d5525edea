/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * See pool.h.
 */
#include "tests/fuzz/pool.h"

#include <rte_mempool.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_priv.h"

#define OBJECT_ALIGN 64
/* In front of a buffer: rte_mempool's header of an object, which DPDK reads. */
#define OBJECT_HEAD 64
static_assert(sizeof(struct rte_mempool_objhdr) <= OBJECT_HEAD, "the header has its place");

static unsigned used;

/* --- the pool's driver -------------------------------------------------------------------------------- */

struct pool_state {
	uint32_t left;
};

static int pool_alloc(struct rte_mempool *mp)
{
	return 0;
}

static void pool_free(struct rte_mempool *mp)
{
}

static unsigned pool_count(const struct rte_mempool *mp)
{
	return ((struct pool_state *)mp->pool_data)->left;
}

static int pool_put(struct rte_mempool *mp, void *const *v, unsigned n)
{
	struct pool_state *s = mp->pool_data;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = v[i];

		FUZZ_CHECK(m->pool == mp && m->next == NULL && m->nb_segs == 1);
		FUZZ_CHECK(rte_mbuf_refcnt_read(m) == 1);
		free((uint8_t *)m - OBJECT_HEAD);
	}
	used -= n;
	if (s->left != UINT32_MAX)
		s->left += n;
	return 0;
}

static struct rte_mbuf *buffer_new(struct rte_mempool *mp)
{
	const struct rte_pktmbuf_pool_private *priv = rte_mempool_get_priv(mp);
	size_t head = sizeof(struct rte_mbuf) + priv->mbuf_priv_size;
	size_t size = RTE_ALIGN_CEIL(head + priv->mbuf_data_room_size, OBJECT_ALIGN);
	uint8_t *object = aligned_alloc(OBJECT_ALIGN, OBJECT_HEAD + size);
	struct rte_mbuf *m = (struct rte_mbuf *)(void *)(object + OBJECT_HEAD);

	FUZZ_CHECK(object);
	memset(object, 0, OBJECT_HEAD + head);
	m->buf_addr = (uint8_t *)m + head;
	m->buf_len = priv->mbuf_data_room_size;
	m->priv_size = priv->mbuf_priv_size;
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->pool = mp;
	m->nb_segs = 1;
	m->port = RTE_MBUF_PORT_INVALID;
	rte_mbuf_refcnt_set(m, 1);
	return m;
}

static int pool_get(struct rte_mempool *mp, void **v, unsigned n)
{
	struct pool_state *s = mp->pool_data;

	if (n > s->left)
		return -ENOBUFS;
	for (unsigned i = 0; i < n; i++)
		v[i] = buffer_new(mp);
	used += n;
	if (s->left != UINT32_MAX)
		s->left -= n;
	return 0;
}

static const struct rte_mempool_ops pool_ops = {
	.name = "fuzz",
	.alloc = pool_alloc,
	.free = pool_free,
	.enqueue = pool_put,
	.dequeue = pool_get,
	.get_count = pool_count,
};

struct rte_mempool *fuzz_pool_new(unsigned room)
{
	static int ops = -1;
	struct rte_pktmbuf_pool_private *priv;
	struct pool_state *s = calloc(1, sizeof(*s));
	struct rte_mempool *mp;

	if (ops < 0)
		ops = rte_mempool_register_ops(&pool_ops);
	mp = aligned_alloc(RTE_CACHE_LINE_SIZE,
		RTE_ALIGN_CEIL(sizeof(*mp) + sizeof(*priv), RTE_CACHE_LINE_SIZE));
	FUZZ_CHECK(ops >= 0 && s && mp);
	memset(mp, 0, sizeof(*mp) + sizeof(*priv));
	s->left = UINT32_MAX;
	mp->pool_data = s;
	mp->ops_index = ops;
	mp->private_data_size = sizeof(*priv);
	mp->elt_size = sizeof(struct rte_mbuf) + MBUF_PRIV_SIZE + RTE_PKTMBUF_HEADROOM + room;
	priv = rte_mempool_get_priv(mp);
	priv->mbuf_priv_size = MBUF_PRIV_SIZE;
	priv->mbuf_data_room_size = (uint16_t)(RTE_PKTMBUF_HEADROOM + room);
	return mp;
}

unsigned fuzz_pool_used(void)
{
	return used;
}

void fuzz_pool_limit(struct rte_mempool *mp, uint32_t left)
{
	((struct pool_state *)mp->pool_data)->left = left;
}

/* --- chains ------------------------------------------------------------------------------------------ */

static void tail_close(struct rte_mbuf *m)
{
	const uint8_t *end = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->data_len);

	ASAN_POISON_MEMORY_REGION(end, rte_pktmbuf_tailroom(m));
}

void fuzz_tail_open(struct rte_mbuf *m, unsigned n)
{
	const uint8_t *end = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->data_len);

	ASAN_UNPOISON_MEMORY_REGION(end, RTE_MIN(n, rte_pktmbuf_tailroom(m)));
}

struct rte_mbuf *fuzz_chain(struct rte_mempool *mp, const uint8_t *p, size_t len, size_t seg)
{
	size_t room = rte_pktmbuf_data_room_size(mp) - RTE_PKTMBUF_HEADROOM;
	struct rte_mbuf *head = NULL, *last = NULL;
	size_t at = 0;

	if (!seg || seg > room)
		seg = room;
	do {
		size_t n = RTE_MIN(seg, len - at);
		struct rte_mbuf *m = rte_pktmbuf_alloc(mp);

		FUZZ_CHECK(m);
		memcpy(rte_pktmbuf_mtod(m, void *), p + at, n);
		m->data_len = (uint16_t)n;
		m->pkt_len = (uint32_t)n;
		tail_close(m);
		at += n;
		if (!head) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += (uint32_t)n;
		}
		last = m;
	} while (at < len);
	return head;
}

size_t fuzz_bytes(const struct rte_mbuf *m, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned segs = 0;

	FUZZ_CHECK(m->pkt_len <= cap);
	for (const struct rte_mbuf *s = m; s; s = s->next, segs++) {
		FUZZ_CHECK(rte_mbuf_refcnt_read(s) >= 1);
		FUZZ_CHECK(s->data_off + s->data_len <= s->buf_len);
		FUZZ_CHECK(n + s->data_len <= m->pkt_len);
		memcpy(out + n, rte_pktmbuf_mtod(s, const void *), s->data_len);
		n += s->data_len;
	}
	FUZZ_CHECK(n == m->pkt_len && segs == m->nb_segs);
	return n;
}
