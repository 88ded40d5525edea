/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * dataplane/hdr/register.h: the bytes in front of a registered packet, and how they are judged.
 */
#include "bytes.h"

#include "dataplane/hdr/register.h"

static const uint8_t src4[4] = {198, 51, 100, 1}, dst4[4] = {192, 0, 2, 254};
static const uint8_t src6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};
static const uint8_t dst6[16] = {0x20, 1, 0xd, 0xb8, [13] = 0xff, 0xff, 0xfe};

static void ipv4_headers_are_sound_for_any_length_tos_and_identification(void **state)
{
	static const uint8_t pim[8] = {0x21, 0, 0xde, 0xff};
	struct register_head r;
	struct ip_view v = {0};
	uint32_t seed = 7;
	uint8_t b[1500];

	for (unsigned i = 0; i < 20000; i++) {
		unsigned len = rnd(&seed) % (sizeof(b) - 28);
		uint8_t tos = (uint8_t)rnd(&seed), ttl = (uint8_t)(1 + rnd(&seed) % 255);
		uint16_t id = (uint16_t)rnd(&seed);

		register_head_make(&r, 4, src4, dst4, ttl);
		register_put4(b + 28, &r, len, tos, id);
		assert_int_equal(ip4_parse(b, 28 + len, false, &v), IP_FINE);
		assert_int_equal(sum16(b, 20), 0xffff);
		assert_int_equal(v.len, 28 + len);
		assert_int_equal(v.proto, 103);
		assert_int_equal(v.ttl, ttl);
		assert_int_equal(b[1], tos);
		assert_int_equal(be16(b + 4), id);
		assert_int_equal(be16(b + 6), 0); /* no DF */
		assert_memory_equal(b + 12, src4, 4);
		assert_memory_equal(b + 16, dst4, 4);
		assert_memory_equal(b + 20, pim, 8);
	}
}

/* The pseudo header says 8, whatever is behind (RFC 7761 section 4.9.3). */
static void ipv6_checksum_covers_the_pseudo_header_with_length_8(void **state)
{
	uint8_t b[48], all[40 + 8];
	struct register_head r;
	struct ip_view v = {0};

	register_head_make(&r, 6, src6, dst6, 64);
	for (unsigned len = 0; len < 9000; len += 111) {
		register_put6(b + 48, &r, len, 0xb9, 0xabcde);
		assert_int_equal(ip6_parse(b, 48 + len, &v), IP_FINE);
		assert_int_equal(v.len, 48 + len);
		assert_int_equal(v.proto, 103);
		assert_int_equal(v.ttl, 64);
		assert_int_equal(ntohl(load32(b)), 0x6b9abcde);
		memcpy(all, b + 8, 32);
		memcpy(all + 32, (uint8_t[]){0, 0, 0, 8, 0, 0, 0, 103}, 8);
		memcpy(all + 40, b + 40, 8);
		assert_int_equal(sum16(all, 48), 0xffff);
		assert_int_equal(load32(b + 44), 0);
	}
}

static void written_checksums_hold_and_others_do_not(void **state)
{
	uint8_t b[48], *p = b + 40;
	struct register_head r;
	uint16_t pseudo = register_pseudo6(b + 8, 8);

	register_head_make(&r, 6, src6, dst6, 64);
	register_put6(b + 48, &r, 100, 0, 1);
	pseudo = register_pseudo6(b + 8, 8);
	assert_true(register_sum_holds(p, pseudo));
	assert_false(register_sum_holds(p, register_pseudo6(b + 8, 108)));
	for (unsigned bit = 0; bit < 64; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(register_sum_holds(p, pseudo));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void only_a_register_without_the_n_bit_has_data(void **state)
{
	uint8_t p[8] = {0x21};

	for (unsigned type = 0; type < 256; type++) {
		p[0] = (uint8_t)type;
		for (unsigned n = 0; n <= 8; n++)
			assert_int_equal(register_has_data(p, n), n > 0 && type == 0x21);
	}
	p[0] = 0x21;
	p[4] = REGISTER_NULL;
	assert_false(register_has_data(p, 8));
	assert_true(register_has_data(p, 7)); /* too short to say so: judged as a Register */
	p[4] = REGISTER_BORDER | 0x3f;
	memset(p + 5, 0xff, 3);
	assert_true(register_has_data(p, 8)); /* Border and Reserved2 are ignored */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_headers_are_sound_for_any_length_tos_and_identification),
		cmocka_unit_test(ipv6_checksum_covers_the_pseudo_header_with_length_8),
		cmocka_unit_test(written_checksums_hold_and_others_do_not),
		cmocka_unit_test(only_a_register_without_the_n_bit_has_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
