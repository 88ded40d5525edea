/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Copies of small frames, by every way that this CPU can go, against what they are told to be. No EAL.
 */
#include "dataplane/flat.h"
#include "dataplane/dp_priv.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FRAMES 16
#define ROOM 512
#define LONGEST 150

struct buffer {
	struct rte_mbuf m;
	uint8_t priv[MBUF_PRIV_SIZE];
	uint8_t room[ROOM];
} __rte_cache_aligned;

static struct buffer from[FRAMES], to[FRAMES];
static const uint8_t tail[8] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x86, 0xdd};

/* Buffers as a pool hands them out: what a driver must not rely on is filled with noise. */
static void buffers_make(unsigned seed)
{
	memset(to, 0xa5, sizeof(to));
	for (unsigned i = 0; i < FRAMES; i++) {
		struct rte_mbuf *m = &from[i].m;

		memset(m, 0x5a, sizeof(*m));
		m->buf_addr = from[i].room;
		m->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM - i); /* as pushed and pulled */
		m->data_len = (uint16_t)(34 + (seed * 7 + i * 13) % (LONGEST - 34));
		m->pkt_len = m->data_len;
		m->refcnt = 1;
		m->nb_segs = 1;
		for (unsigned k = 0; k < ROOM; k++)
			from[i].room[k] = (uint8_t)(k * 31 + i * 17 + seed);
		to[i].m.buf_addr = to[i].room;
	}
}

static void assert_copied(const struct buffer *copy, const struct buffer *b)
{
	const uint8_t *is = rte_pktmbuf_mtod(&copy->m, const uint8_t *);
	const uint8_t *was = rte_pktmbuf_mtod(&b->m, const uint8_t *);

	assert_int_equal(copy->m.data_off, RTE_PKTMBUF_HEADROOM);
	assert_int_equal(copy->m.refcnt, 1);
	assert_int_equal(copy->m.nb_segs, 1);
	assert_int_equal(copy->m.port, RTE_MBUF_PORT_INVALID);
	assert_int_equal(copy->m.ol_flags, 0);
	assert_int_equal(copy->m.data_len, b->m.data_len);
	assert_int_equal(copy->m.pkt_len, b->m.pkt_len);
	assert_memory_equal(is, was, 6);
	assert_memory_equal(is + 6, tail, sizeof(tail));
	assert_memory_equal(is + 14, was + 14, b->m.data_len - 14u);
}

static void every_way_copies_the_same(void **state)
{
	uint64_t bytes;

	memcpy(&bytes, tail, sizeof(bytes));
	for (const struct flat_way *way = flat_ways(); way->name; way++) {
		printf("copying by %s\n", way->name);
		for (unsigned seed = 0; seed < 50; seed++) {
			struct rte_mbuf *f[FRAMES], *t[FRAMES];
			unsigned n = 1 + seed % FRAMES, longest = 0;

			buffers_make(seed);
			for (unsigned i = 0; i < n; i++) {
				f[i] = &from[i].m;
				t[i] = &to[i].m;
				longest = RTE_MAX(longest, f[i]->data_len);
			}
			way->copy(t, f, n, bytes, (longest + FLAT_BLOCK - 1) / FLAT_BLOCK);
			for (unsigned i = 0; i < n; i++)
				assert_copied(&to[i], &from[i]);
		}
	}
}

static void the_buffer_itself_keeps_what_is_the_pools(void **state)
{
	uint64_t bytes = 0;

	for (const struct flat_way *way = flat_ways(); way->name; way++) {
		struct rte_mbuf *f = &from[0].m, *t = &to[0].m;

		buffers_make(1);
		t->pool = (void *)0x1234;
		t->next = NULL;
		way->copy(&t, &f, 1, bytes, 1);
		assert_ptr_equal(t->pool, (void *)0x1234);
		assert_null(t->next);
		assert_ptr_equal(t->buf_addr, to[0].room);
		assert_int_equal(to[0].room[RTE_PKTMBUF_HEADROOM - 1], 0xa5);
		assert_int_equal(to[0].room[RTE_PKTMBUF_HEADROOM + FLAT_BLOCK], 0xa5);
	}
}

static void the_plain_way_is_always_there(void **state)
{
	const struct flat_way *way = flat_ways();

	while (way[1].name)
		way++;
	assert_string_equal(way->name, "plain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_copies_the_same),
		cmocka_unit_test(the_buffer_itself_keeps_what_is_the_pools),
		cmocka_unit_test(the_plain_way_is_always_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
