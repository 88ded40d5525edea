/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Bulk lookup in the route table, by workers. Three passes over the packets so that the cache misses of
 * one packet overlap with those of the others: hash and prefetch the line, compare signatures and
 * prefetch the route, compare the key. What is not found goes on to the next pair of prefix lengths.
 *
 * The table is part of the hash and of the key, and a constant as long as all interfaces are in the main
 * one. Else packets are looked up table by table, out of line.
 */
#include "dataplane/cpu.h"
#include "dataplane/hdr/ip4.h"
#include "dataplane/path.h"
#include "dataplane/tables.h"

#ifdef RTE_ARCH_X86_64
#include <immintrin.h>
#endif

struct lookup {
	uint64_t key[4]; /* masked */
	uint32_t sig, index;
};

/* A bit for each slot with this signature. The slots are read again by whoever believes it. */
static inline unsigned line_match(const struct mfib_line *line, uint32_t sig)
{
	unsigned bits = 0;
#ifdef RTE_ARCH_X86_64
	const __m128 *v = (const __m128 *)(const void *)line;
	const __m128i want = _mm_set1_epi32((int)sig);

	for (int i = 0; i < 2; i++) {
		__m128 sigs = _mm_shuffle_ps(v[2 * i], v[2 * i + 1], _MM_SHUFFLE(2, 0, 2, 0));
		__m128i eq = _mm_cmpeq_epi32(_mm_castps_si128(sigs), want);

		bits |= (unsigned)_mm_movemask_ps(_mm_castsi128_ps(eq)) << (4 * i);
	}
#else
	for (unsigned i = 0; i < MFIB_SLOTS; i++) {
		uint32_t s = __atomic_load_n(&line->slots[i].sig, __ATOMIC_RELAXED);

		bits |= (unsigned)(s == sig) << i;
	}
#endif
	return bits;
}

static inline bool line_has_empty(const struct mfib_line *line)
{
	for (unsigned i = 0; i < MFIB_SLOTS; i++) {
		if (__atomic_load_n(&line->slots[i].index, __ATOMIC_RELAXED) == MFIB_EMPTY)
			return true;
	}
	return false;
}

/* The entry index of slot i if it (still) has this signature, else 0. */
static inline uint32_t slot_index(const struct mfib_line *line, unsigned i, uint32_t sig)
{
	union mfib_slot s = {.word = __atomic_load_n(&line->slots[i].word, __ATOMIC_ACQUIRE)};

	return s.sig == sig && s.index >= MFIB_FIRST ? s.index : 0;
}

static inline bool route_matches(const struct mfib_route *r, const uint64_t *key,
	const struct mfib_lens *l, uint8_t family, uint16_t table)
{
	uint64_t have[4];

	/* one branch: all of them hold but for a collision of 32 bits */
	if ((r->family ^ family) | (r->grp_len ^ l->grp) | (r->src_len ^ l->src) |
		(r->table ^ table))
		return false;
	if (family == IP_V4) {
		const char *k = (const char *)key;

		return memcmp(r->src, k, 4) == 0 && memcmp(r->grp, k + 4, 4) == 0;
	}
	memcpy(have, r->src, 32); /* grp follows src */
	return !((have[0] ^ key[0]) | (have[1] ^ key[1]) | (have[2] ^ key[2]) | (have[3] ^ key[3]));
}
static_assert(offsetof(struct mfib_route, grp) == offsetof(struct mfib_route, src) + 16,
	"route_matches copies both at once");

/* Every slot that may hold the key, one after the other: for the few whose first candidate was none
 * or another key. */
static __rte_noinline const struct mfib_route *lookup_slow(const struct fwd_tables *t,
	const struct mfib_table *tab, const struct lookup *k, const struct mfib_lens *l,
	uint8_t family, uint16_t table)
{
	for (uint32_t at = k->sig & tab->mask;; at = (at + 1) & tab->mask) {
		const struct mfib_line *line = &tab->lines[at];

		for (unsigned bits = line_match(line, k->sig); bits; bits &= bits - 1) {
			uint32_t i = slot_index(line, (unsigned)__builtin_ctz(bits), k->sig);

			if (i && route_matches(&t->routes[i], k->key, l, family, table))
				return &t->routes[i];
		}
		if (line_has_empty(line))
			return NULL;
	}
}

static inline void key_make(
	struct lookup *k, const struct pkt *p, const struct mfib_lens *l, uint8_t family)
{
	const char *ip = rte_pktmbuf_mtod_offset(p->m, const char *, p->l3);

	/* source and group follow each other in both headers */
	if (family == IP_V4) {
		memcpy(k->key, ip + 12, 8);
		k->key[0] &= l->mask[0];
		return;
	}
	memcpy(k->key, ip + 8, 32);
	for (int i = 0; i < 4; i++)
		k->key[i] &= l->mask[i];
}

/* One pair of lengths for n packets; those without a route go to left, which may be pkts itself, their
 * number is returned. */
static __rte_always_inline unsigned lookup_pass(const struct fwd_tables *t,
	const struct mfib_table *tab, const struct mfib_lens *l, struct pkt *const *pkts,
	unsigned n, const uint8_t family, const uint16_t table, struct pkt **left)
{
	const uint64_t salt = mfib_salt(table, l->grp, l->src);
	struct lookup k[BURST];
	unsigned n_left = 0;

	for (unsigned i = 0; i < n; i++) {
		key_make(&k[i], pkts[i], l, family);
		k[i].sig = mfib_hash(t->seed, k[i].key, family, salt);
		rte_prefetch0(&tab->lines[k[i].sig & tab->mask]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct mfib_line *line = &tab->lines[k[i].sig & tab->mask];
		unsigned bits = line_match(line, k[i].sig);

		k[i].index = bits ? slot_index(line, (unsigned)__builtin_ctz(bits), k[i].sig) : 0;
		rte_prefetch0(&t->routes[k[i].index]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct mfib_route *r = &t->routes[k[i].index];

		if (unlikely(!k[i].index || !route_matches(r, k[i].key, l, family, table)))
			r = lookup_slow(t, tab, &k[i], l, family, table);
		pkts[i]->route = r;
		if (unlikely(!r))
			left[n_left++] = pkts[i];
	}
	return n_left;
}

static __rte_always_inline void lookup_bulk(const struct fwd_tables *t, struct pkt **pkts,
	unsigned n, const uint8_t family, const uint16_t table)
{
	const struct mfib_lens_set *set = atomic_load_explicit(&t->lens, memory_order_acquire);
	const struct mfib_table *tab = atomic_load_explicit(&t->mfib, memory_order_acquire);
	const struct mfib_lens *l = family == IP_V4 ? set->v : set->v + set->n4;
	unsigned n_lens = family == IP_V4 ? set->n4 : set->n6;
	struct pkt *left[BURST];

	if (unlikely(n_lens == 0)) {
		for (unsigned i = 0; i < n; i++)
			pkts[i]->route = NULL;
		return;
	}
	n = lookup_pass(t, tab, &l[0], pkts, n, family, table, left);
	for (unsigned i = 1; i < n_lens && n; i++)
		n = lookup_pass(t, tab, &l[i], left, n, family, table, left);
}

/* Moves those of pkts that are looked up in this table to same; how many. */
static unsigned table_take(const struct fwd_tables *t, uint16_t table, struct pkt **pkts,
	unsigned *n, struct pkt **same)
{
	unsigned n_same = 0, n_left = 0;

	for (unsigned i = 0; i < *n; i++) {
		if (fwd_table_of(t, pkts[i]) == table)
			same[n_same++] = pkts[i];
		else
			pkts[n_left++] = pkts[i];
	}
	*n = n_left;
	return n_same;
}

/* Packets of interfaces that are in different tables. */
static __rte_noinline void lookup_tables(
	const struct fwd_tables *t, struct pkt *const *pkts, unsigned n, uint8_t family)
{
	struct pkt *left[BURST], *same[BURST];

	memcpy(left, pkts, n * sizeof(*left));
	while (n) {
		uint16_t table = fwd_table_of(t, left[0]);
		unsigned n_same = table_take(t, table, left, &n, same);

		if (family == IP_V4)
			lookup_bulk(t, same, n_same, IP_V4, table);
		else
			lookup_bulk(t, same, n_same, IP_V6, table);
	}
}

void mfib_lookup_bulk(const struct fwd_tables *t, struct pkt **pkts, unsigned n, uint8_t family)
{
	const bool several = fwd_demux_get(t)->several_tables;

	for (unsigned at = 0; at < n; at += BURST) {
		unsigned some = RTE_MIN(n - at, (unsigned)BURST);

		if (unlikely(several))
			lookup_tables(t, pkts + at, some, family);
		else if (family == IP_V4)
			lookup_bulk(t, pkts + at, some, IP_V4, DP_TABLE_MAIN);
		else
			lookup_bulk(t, pkts + at, some, IP_V6, DP_TABLE_MAIN);
	}
}

/* The first candidate of each signature, or 0. */
void lines_match_plain(const struct fwd_tables *t, const struct mfib_table *tab,
	const uint32_t *sig, uint32_t *index, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct mfib_line *line = &tab->lines[sig[i] & tab->mask];
		unsigned bits = line_match(line, sig[i]);

		index[i] = bits ? slot_index(line, (unsigned)__builtin_ctz(bits), sig[i]) : 0;
		rte_prefetch0(&t->routes[index[i]]);
	}
}

#ifdef RTE_ARCH_X86_64
/* A line is one register: signatures are every second word of it. */
__attribute__((target("avx512f,avx512bw,bmi"))) static void lines_match_avx512(
	const struct fwd_tables *t, const struct mfib_table *tab, const uint32_t *sig,
	uint32_t *index, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct mfib_line *line = &tab->lines[sig[i] & tab->mask];
		unsigned bits = _mm512_mask_cmpeq_epi32_mask(
			0x5555, _mm512_load_si512(line), _mm512_set1_epi32((int)sig[i]));

		index[i] = bits ? slot_index(line, (unsigned)__builtin_ctz(bits) / 2, sig[i]) : 0;
		rte_prefetch0(&t->routes[index[i]]);
	}
}
#endif

lines_match_fn *mfib_lines_match(void)
{
#ifdef RTE_ARCH_X86_64
	if (cpu_has_avx512())
		return lines_match_avx512;
#endif
	return lines_match_plain;
}

/* The first eight bytes of a route that a packet may just follow: table, family, lengths, flags, input. */
static inline uint64_t route_head(const struct mfib_lens *l, uint16_t iif)
{
	const struct mfib_route r = {
		.table = DP_TABLE_MAIN,
		.family = IP_V4,
		.src_len = l->src,
		.grp_len = l->grp,
		.flags = DP_INPUT_ACCEPT,
		.iif = iif,
	};

	return load64(&r);
}
static_assert(offsetof(struct mfib_route, src) == 8, "route_head is all there is in front");

unsigned mfib_lookup_plain(const struct worker *w, struct burst *b, struct pkt **left)
{
	const struct fwd_tables *t = w->t;
	const struct mfib_lens_set *set = atomic_load_explicit(&t->lens, memory_order_acquire);
	const struct mfib_table *tab = atomic_load_explicit(&t->mfib, memory_order_acquire);
	const struct mfib_lens *l = set->v;
	uint64_t mask, salt, head, key[BURST];
	uint32_t sig[BURST], index[BURST];
	unsigned n_left = 0;

	if (unlikely(set->n4 == 0)) {
		for (unsigned i = 0; i < b->n; i++)
			left[i] = &b->pkts[i];
		return b->n;
	}
	mask = l->mask[0];
	salt = mfib_salt(DP_TABLE_MAIN, l->grp, l->src);
	head = route_head(l, b->pkts[0].iif);
	for (unsigned i = 0; i < b->n; i++) {
		const char *frame = (const char *)b->pkts[i].m->buf_addr + b->data_off;

		key[i] = load64(frame + ETH_LEN + IP4_SRC) & mask;
		sig[i] = mfib_hash(t->seed, &key[i], IP_V4, salt);
		rte_prefetch0(&tab->lines[sig[i] & tab->mask]);
	}
	t->lines_match(t, tab, sig, index, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		const struct mfib_route *r = &t->routes[index[i]];
		struct pkt *p = &b->pkts[i];
		uint64_t other = (load64(r) ^ head) | (r->src[0] ^ (uint32_t)key[i]) |
				 (r->grp[0] ^ (uint32_t)(key[i] >> 32));

		if (likely(other == 0 && r->list)) {
			rte_prefetch0(&w->route_ctr[r->counter]);
			p->route = r;
		} else {
			p->route = NULL;
			left[n_left++] = p;
		}
	}
	return n_left;
}
