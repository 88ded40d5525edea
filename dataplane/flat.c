/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Nearly all of what another output costs is stores: with AVX2 half as many, with AVX-512 a third. The
 * buffer's fields from data_off on take one, the first 64 bytes of the frame two or one.
 */
#include "flat.h"

#include "dataplane/cpu.h"
#include "dataplane/dp_priv.h"

#include <rte_memcpy.h>
#ifdef RTE_ARCH_X86_64
#include <immintrin.h>
#endif

/* A buffer's fields as they lie in struct rte_mbuf from data_off on, up to ol_flags. */
struct fresh_fields {
	uint16_t data_off, refcnt, nb_segs, port;
	uint64_t ol_flags;
};
static_assert(offsetof(struct rte_mbuf, ol_flags) == offsetof(struct rte_mbuf, data_off) + 8 &&
		      offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, data_off) + 4,
	"struct fresh_fields is what struct rte_mbuf has there");
static_assert(offsetof(struct rte_mbuf, data_off) == 16 &&
		      offsetof(struct rte_mbuf, pkt_len) >= 32 &&
		      offsetof(struct rte_mbuf, data_len) < 48,
	"behind struct fresh_fields are 16 bytes with the lengths");

#define LENGTHS 32 /* where these are */

static const struct fresh_fields fresh = {
	.data_off = RTE_PKTMBUF_HEADROOM,
	.refcnt = 1,
	.nb_segs = 1,
	.port = RTE_MBUF_PORT_INVALID,
};

static __rte_always_inline uint8_t *fresh_data(struct rte_mbuf *m)
{
	return (uint8_t *)(m + 1) + MBUF_PRIV_SIZE + RTE_PKTMBUF_HEADROOM;
}

static __rte_always_inline void more_blocks(uint8_t *to, const uint8_t *from, unsigned blocks)
{
	for (unsigned at = FLAT_BLOCK; unlikely(at < blocks * FLAT_BLOCK); at += FLAT_BLOCK)
		rte_mov64(to + at, from + at);
}

static void copy_plain(struct rte_mbuf *const *to, struct rte_mbuf *const *from, unsigned n,
	uint64_t tail, unsigned blocks)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *src = rte_pktmbuf_mtod(from[i], const uint8_t *);
		uint8_t *data = fresh_data(to[i]);

		rte_mov16((uint8_t *)&to[i]->data_off, (const uint8_t *)&fresh);
		rte_mov16((uint8_t *)to[i] + LENGTHS, (const uint8_t *)from[i] + LENGTHS);
		rte_mov64(data, src);
		more_blocks(data, src, blocks);
		memcpy(data + 6, &tail, sizeof(tail));
	}
}

#ifdef RTE_ARCH_X86_64
/* tail as bytes 6 to 13 of 16 */
#define TAIL_BYTES 0x3fc0u

static __rte_always_inline __m128i tail_in_place(uint64_t tail)
{
	return _mm_set_epi64x((int64_t)(tail >> 16), (int64_t)(tail << 48));
}

__attribute__((target("avx2"))) static inline void fields_copy(
	struct rte_mbuf *to, const struct rte_mbuf *from, __m256i fields)
{
	__m128i lengths = _mm_loadu_si128((const __m128i *)((const uint8_t *)from + LENGTHS));

	_mm256_storeu_si256((__m256i *)&to->data_off, _mm256_inserti128_si256(fields, lengths, 1));
}

__attribute__((target("avx2"))) static void copy_avx2(struct rte_mbuf *const *to,
	struct rte_mbuf *const *from, unsigned n, uint64_t tail, unsigned blocks)
{
	const __m256i fields =
		_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)&fresh));
	const __m256i put = _mm256_zextsi128_si256(tail_in_place(tail));
	const __m256i where = _mm256_zextsi128_si256(tail_in_place(UINT64_MAX));

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *src = rte_pktmbuf_mtod(from[i], const uint8_t *);
		uint8_t *data = fresh_data(to[i]);
		__m256i a = _mm256_loadu_si256((const __m256i *)src);
		__m256i b = _mm256_loadu_si256((const __m256i *)(src + 32));

		fields_copy(to[i], from[i], fields);
		_mm256_storeu_si256((__m256i *)data, _mm256_blendv_epi8(a, put, where));
		_mm256_storeu_si256((__m256i *)(data + 32), b);
		more_blocks(data, src, blocks);
	}
}

__attribute__((target("avx2,avx512f,avx512bw,avx512vl"))) static void copy_avx512(
	struct rte_mbuf *const *to, struct rte_mbuf *const *from, unsigned n, uint64_t tail,
	unsigned blocks)
{
	const __m256i fields =
		_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)&fresh));
	const __m512i put = _mm512_zextsi128_si512(tail_in_place(tail));

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *src = rte_pktmbuf_mtod(from[i], const uint8_t *);
		uint8_t *data = fresh_data(to[i]);
		__m512i a = _mm512_loadu_si512(src);

		fields_copy(to[i], from[i], fields);
		_mm512_storeu_si512(data, _mm512_mask_blend_epi8(TAIL_BYTES, a, put));
		more_blocks(data, src, blocks);
	}
}
#endif

const struct flat_way *flat_ways(void)
{
	static const struct flat_way ways[] = {
#ifdef RTE_ARCH_X86_64
		{"avx512", copy_avx512},
		{"avx2", copy_avx2},
#endif
		{"plain", copy_plain},
		{NULL, NULL},
	};

#ifdef RTE_ARCH_X86_64
	if (cpu_has_avx512())
		return ways;
	return cpu_has_avx2() ? ways + 1 : ways + 2;
#else
	return ways;
#endif
}
