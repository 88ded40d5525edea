/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Messages that are wrong: each is refused whole, for the reason that is counted. What is sound but means
 * nothing to sparse mode is passed over, and the rest holds.
 */
#include "tests/unit/pim/bytes.h"
#include "tests/unit/pim/vectors.h"

/* All that reads: why the message is refused, PIM_OK if it is taken. */
static enum pim_drop judge(const uint8_t *data, size_t len)
{
	struct pim_register_stop stop;
	struct pim_hello_addrs it = {0};
	struct pim_register r;
	struct pim_jp_source s;
	struct pim_jp_group g;
	struct pim_assert a;
	struct pim_packet p;
	struct pim_hello h;
	struct pim_jp jp;
	struct ipaddr addr;
	enum pim_drop why = pim_packet_open(data, len, &p);

	if (why)
		return why;
	switch (p.type) {
	case PIM_HELLO:
		why = pim_hello_open(&p, &h);
		while (!why && pim_hello_addr_next(&h, &it, &addr))
			assert_int_equal(addr.family, p.src.family);
		return why;
	case PIM_JOIN_PRUNE:
		why = pim_jp_open(&p, &jp);
		while (!why && pim_jp_group_next(&jp, &g))
			while (pim_jp_source_next(&g, &s))
				assert_int_equal(s.addr.family, p.src.family);
		return why;
	case PIM_ASSERT:
		return pim_assert_open(&p, &a);
	case PIM_REGISTER:
		return pim_register_open(&p, &r);
	case PIM_REGISTER_STOP:
		return pim_register_stop_open(&p, &stop);
	default:
		return PIM_OK;
	}
}

static enum pim_drop judge_bytes(const struct bytes *b)
{
	return judge(b->b, b->len);
}

static void ip_header_is_not_believed(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum pim_drop why;
	} v[] = {
		{0, 0x44, PIM_DROP_ip_header}, /* header length 16 */
		{0, 0x4f, PIM_DROP_ip_header}, /* beyond the packet */
		{0, 0x55, PIM_DROP_ip_header}, /* version 5 */
		{2, 0xff, PIM_DROP_ip_header}, /* total length 65,334 */
		{3, 0x13, PIM_DROP_ip_header}, /* below the header */
		{9, 17, PIM_DROP_ip_header},   /* UDP */
		{6, 0x20, PIM_DROP_ip_fragment},
		{7, 1, PIM_DROP_ip_fragment},
	};
	uint8_t small[21] = {0x46, 0, 0, 21, 0, 0, 0, 0, 1, 103};

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes none = {0}, b = packet4("10.0.0.2", PIM_HELLO, &none);

		b.b[v[i].at] = v[i].value;
		assert_int_equal(judge_bytes(&b), v[i].why);
	}
	assert_int_equal(judge(small, sizeof(small)), PIM_DROP_ip_header);
	assert_int_equal(judge(small, 0), PIM_DROP_ip_header);
}

static void pim_header_is_checked(void **state)
{
	struct bytes b = hex(HELLO4);

	b.b[22] ^= 0x10;
	assert_int_equal(judge_bytes(&b), PIM_DROP_checksum);
	b = hex(HELLO6);
	b.b[30] ^= 1; /* an address of the pseudo-header */
	assert_int_equal(judge_bytes(&b), PIM_DROP_checksum);
	b = hex(HELLO4);
	b.b[20] = 0x10;
	mend4(&b, 0);
	assert_int_equal(judge_bytes(&b), PIM_DROP_version);
	b.b[20] = 0x2f;
	mend4(&b, 0);
	assert_int_equal(judge_bytes(&b), PIM_DROP_type_unknown);
	b.len = 23;
	mend4(&b, 0);
	assert_int_equal(judge_bytes(&b), PIM_DROP_truncated);
	b = hex(REGISTER4);
	b.len = 27; /* shorter than a Register's own header */
	mend4(&b, 0);
	assert_int_equal(judge_bytes(&b), PIM_DROP_truncated);
}

/* --- Hello -------------------------------------------------------------------------------------------------- */

static enum pim_drop hello_with(unsigned type, unsigned len, unsigned bytes)
{
	struct bytes body = {0}, b;

	put16(&body, type);
	put16(&body, len);
	for (unsigned i = 0; i < bytes; i++)
		put8(&body, 0);
	b = packet4("10.0.0.2", PIM_HELLO, &body);
	return judge_bytes(&b);
}

static void option_lengths_are_checked(void **state)
{
	assert_int_equal(hello_with(PIM_OPT_HOLDTIME, 2, 2), PIM_OK);
	assert_int_equal(hello_with(PIM_OPT_HOLDTIME, 1, 1), PIM_DROP_option_length);
	assert_int_equal(hello_with(PIM_OPT_HOLDTIME, 4, 4), PIM_DROP_option_length);
	assert_int_equal(hello_with(PIM_OPT_HOLDTIME, 2, 1), PIM_DROP_option_truncated);
	assert_int_equal(hello_with(PIM_OPT_LAN_PRUNE_DELAY, 2, 2), PIM_DROP_option_length);
	assert_int_equal(hello_with(PIM_OPT_DR_PRIORITY, 3, 3), PIM_DROP_option_length);
	assert_int_equal(hello_with(PIM_OPT_DR_PRIORITY, 0, 0), PIM_DROP_option_length);
	assert_int_equal(hello_with(PIM_OPT_GENID, 8, 8), PIM_DROP_option_length);
	assert_int_equal(hello_with(PIM_OPT_JOIN_ATTRIBUTE, 4, 4), PIM_DROP_option_length);
	assert_int_equal(hello_with(777, 65535, 10), PIM_DROP_option_truncated);
	assert_int_equal(hello_with(777, 0, 2), PIM_DROP_option_truncated);
	assert_int_equal(hello_with(PIM_OPT_ADDRESS_LIST, 6, 6), PIM_DROP_addr_family);
	assert_int_equal(hello_with(PIM_OPT_ADDRESS_LIST, 0, 0), PIM_OK);
}

static void address_list_ends_with_its_option(void **state)
{
	struct bytes body = {0}, b;

	put16(&body, PIM_OPT_ADDRESS_LIST);
	put16(&body, 5); /* an address needs 6 */
	put_unicast(&body, "10.1.0.2");
	b = packet4("10.0.0.2", PIM_HELLO, &body);
	assert_int_equal(judge_bytes(&b), PIM_DROP_addr_truncated);
}

/* --- Join/Prune ------------------------------------------------------------------------------------------------ */

/* Upstream 10.0.0.1 and this many groups claimed. */
static struct bytes jp_head(unsigned n_groups)
{
	struct bytes body = {0};

	put_unicast(&body, "10.0.0.1");
	put8(&body, 0);
	put8(&body, n_groups);
	put16(&body, 210);
	return body;
}

static void jp_group(struct bytes *body, const char *grp, unsigned joins, unsigned prunes)
{
	put_group(body, grp);
	put16(body, joins);
	put16(body, prunes);
}

static enum pim_drop judge_jp(const struct bytes *body)
{
	struct bytes b = packet4("10.0.0.2", PIM_JOIN_PRUNE, body);

	return judge_bytes(&b);
}

static void counts_beyond_the_message_are_refused(void **state)
{
	struct bytes body = jp_head(255);

	jp_group(&body, "239.1.1.1", 1, 0);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	assert_int_equal(judge_jp(&body), PIM_DROP_addr_truncated);
	body = jp_head(1);
	jp_group(&body, "239.1.1.1", 65535, 65535);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	put_source(&body, "10.5.0.2", PIM_JP_SG);
	assert_int_equal(judge_jp(&body), PIM_DROP_addr_truncated);
	body = jp_head(1);
	body.len -= 2;
	assert_int_equal(judge_jp(&body), PIM_DROP_truncated);
}

/* What stands where in a Join/Prune with one group and one source. */
enum { UPSTREAM = 24, GROUP = 34, SOURCE = 46 };

static void encoded_addresses_are_checked(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum pim_drop why;
	} v[] = {
		{UPSTREAM + 0, 3, PIM_DROP_addr_family}, {UPSTREAM + 1, 9, PIM_DROP_addr_encoding},
		{UPSTREAM + 2, 224, PIM_DROP_upstream}, {GROUP + 0, 3, PIM_DROP_addr_family},
		{GROUP + 1, 1, PIM_DROP_addr_encoding}, /* attributes are a source's only */
		{GROUP + 3, 33, PIM_DROP_mask_len}, {GROUP + 4, 10, PIM_DROP_group},
		{SOURCE + 0, 3, PIM_DROP_addr_family}, {SOURCE + 1, 9, PIM_DROP_addr_encoding},
		{SOURCE + 3, 33, PIM_DROP_mask_len}, {SOURCE + 3, 31, PIM_DROP_mask_len},
		{SOURCE + 1, 1, PIM_DROP_addr_truncated}, /* attributes that are not there */
	};

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes body = jp_head(1), b;

		jp_group(&body, "239.1.1.1", 1, 0);
		put_source(&body, "10.5.0.1", PIM_JP_SG);
		b = packet4("10.0.0.2", PIM_JOIN_PRUNE, &body);
		assert_int_equal(judge_bytes(&b), PIM_OK);
		b.b[v[i].at] = v[i].value;
		mend4(&b, 0);
		assert_int_equal(judge_bytes(&b), v[i].why);
	}
}

static void mask_length_129_of_ipv6_is_refused(void **state)
{
	struct bytes b = {0};
	struct pim_packet p = {.src = ip("2001:db8::9")};
	struct pim_register_stop stop;

	put32(&b, 0x22000000);
	put_group(&b, "ff3e::1");
	put_unicast(&b, "2001:db8::1");
	p.msg = b.b;
	p.len = b.len;
	assert_int_equal(pim_register_stop_open(&p, &stop), PIM_OK);
	b.b[7] = 129;
	assert_int_equal(pim_register_stop_open(&p, &stop), PIM_DROP_mask_len);
}

/* A message broken at its end gives nothing of its beginning away: open says so before anything is read. */
static void nothing_of_a_broken_message_is_given_out(void **state)
{
	struct bytes body = jp_head(2), b;
	struct pim_packet p;
	struct pim_jp jp;

	jp_group(&body, "239.1.1.1", 1, 0);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	jp_group(&body, "239.1.1.2", 1, 0);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	b = packet4("10.0.0.2", PIM_JOIN_PRUNE, &body);
	b.len--;
	mend4(&b, 0);
	assert_int_equal(pim_packet_open(b.b, b.len, &p), PIM_OK);
	assert_int_equal(pim_jp_open(&p, &jp), PIM_DROP_addr_truncated);
}

/* --- entries that are passed over ---------------------------------------------------------------------------------- */

struct walked {
	enum pim_drop why;
	struct pim_jp jp;
	unsigned groups, sources;
};

static struct walked walk(const struct bytes *body)
{
	struct bytes b = packet4("10.0.0.2", PIM_JOIN_PRUNE, body);
	struct walked w = {0};
	struct pim_jp_source s;
	struct pim_jp_group g;
	struct pim_packet p;

	assert_int_equal(pim_packet_open(b.b, b.len, &p), PIM_OK);
	w.why = pim_jp_open(&p, &w.jp);
	assert_int_equal(w.why, PIM_OK);
	while (pim_jp_group_next(&w.jp, &g)) {
		w.groups++;
		while (pim_jp_source_next(&g, &s))
			w.sources++;
	}
	return w;
}

static void join_attributes_are_passed_over(void **state)
{
	struct bytes body = jp_head(1);
	struct walked w;

	jp_group(&body, "239.1.1.1", 2, 0);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	body.b[body.len - 7] = 1; /* encoding type, RFC 5384 */
	put16(&body, 0x8103);     /* transitive, of 3 bytes */
	put8(&body, 1);
	put16(&body, 2);
	put16(&body, 0x4500); /* the last one, empty */
	put_source(&body, "10.5.0.2", PIM_JP_SG);
	w = walk(&body);
	assert_int_equal(w.sources, 2);
	assert_int_equal(w.jp.skipped, 0);
}

/* 4.9.5: only the addresses of the upstream neighbour's family count. */
static void other_families_are_passed_over(void **state)
{
	struct bytes body = jp_head(3);
	struct walked w;

	jp_group(&body, "ff3e::1", 1, 0);
	put_source(&body, "2001:db8::1", PIM_JP_SG);
	jp_group(&body, "239.1.1.1", 1, 1);
	put_source(&body, "2001:db8::1", PIM_JP_SG);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	jp_group(&body, "239.1.1.2", 0, 1);
	put_source(&body, "10.5.0.1", PIM_JP_SG);
	w = walk(&body);
	assert_int_equal(w.groups, 2);
	assert_int_equal(w.sources, 2);
	assert_int_equal(w.jp.skipped, 2);
	assert_int_equal(w.jp.skipped_why, PIM_DROP_entry_family);
}

static void ranges_and_link_local_groups_are_passed_over(void **state)
{
	struct bytes body = jp_head(4);
	struct walked w;

	jp_group(&body, "224.0.0.0", 1, 0); /* (*,*,RP) of RFC 4601 */
	body.b[body.len - 9] = 4;
	put_source(&body, "10.9.9.9", PIM_JP_STAR_G);
	jp_group(&body, "224.0.0.5", 1, 0);
	put_source(&body, "10.9.9.9", PIM_JP_STAR_G);
	jp_group(&body, "239.1.1.1", 1, 0); /* bidirectional */
	body.b[body.len - 10] = 0x80;
	put_source(&body, "10.9.9.9", PIM_JP_STAR_G);
	jp_group(&body, "239.1.1.2", 1, 0); /* Z means nothing here */
	body.b[body.len - 10] = 0x01;
	put_source(&body, "10.9.9.9", PIM_JP_STAR_G);
	w = walk(&body);
	assert_int_equal(w.groups, 1);
	assert_int_equal(w.sources, 1);
	assert_int_equal(w.jp.skipped, 3);
	assert_int_equal(w.jp.skipped_why, PIM_DROP_entry_group);
}

static void entries_that_name_no_sender_are_passed_over(void **state)
{
	struct bytes body = jp_head(1);
	struct walked w;

	jp_group(&body, "239.1.1.1", 4, 1);
	put_source(&body, "239.5.0.1", PIM_JP_SG);
	put_source(&body, "0.0.0.0", PIM_JP_SG_RPT);
	put_source(&body, "10.9.9.9", PIM_SRC_S | PIM_SRC_W); /* W without R */
	put_source(&body, "0.0.0.0", PIM_JP_STAR_G);          /* whose RP that is, others judge */
	put_source(&body, "127.0.0.1", PIM_JP_SG);
	w = walk(&body);
	assert_int_equal(w.sources, 1);
	assert_int_equal(w.jp.skipped, 4);
}

/* --- Register and Assert ----------------------------------------------------------------------------------------- */

static void packet_inside_a_register_is_checked(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum pim_drop why;
	} v[] = {
		{28, 0x65, PIM_DROP_register_inner}, /* IPv6 in IPv4 */
		{28, 0x44, PIM_DROP_register_inner}, /* header length 16 */
		{28, 0x4f, PIM_DROP_register_inner}, /* header beyond the packet */
		{30, 0xff, PIM_DROP_register_inner}, /* total length beyond it */
		{31, 0x13, PIM_DROP_register_inner}, /* below the header */
		{36, 1, PIM_DROP_register_inner_checksum},
	};
	struct bytes b;

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		b = hex(REGISTER4);
		b.b[v[i].at] = v[i].value;
		assert_int_equal(judge_bytes(&b), v[i].why);
	}
	b = hex(REGISTER4);
	b.b[38] = b.b[39] = 0; /* 0 stands for none in a Null-Register only */
	assert_int_equal(judge_bytes(&b), PIM_DROP_register_inner_checksum);
	b = hex(REGISTER4);
	b.len = 28 + 19; /* no whole header */
	mend4(&b, 8);
	assert_int_equal(judge_bytes(&b), PIM_DROP_register_inner);
	b.len = 28;
	mend4(&b, 8);
	assert_int_equal(judge_bytes(&b), PIM_DROP_register_inner);
}

static void register_for_no_sender_or_no_group_is_refused(void **state)
{
	struct bytes b = hex(NULL4);

	b.b[38] = b.b[39] = 0; /* unchecked */
	b.b[44] = 10;
	assert_int_equal(judge_bytes(&b), PIM_DROP_register_inner_addr);
	b.b[44] = 224;
	b.b[45] = b.b[46] = 0;
	assert_int_equal(judge_bytes(&b), PIM_DROP_register_inner_addr);
	b = hex(NULL4);
	b.b[38] = b.b[39] = 0;
	b.b[40] = 224;
	assert_int_equal(judge_bytes(&b), PIM_DROP_register_inner_addr);
}

static void assert_of_a_source_tree_needs_its_source(void **state)
{
	struct bytes body = {0}, b;

	put_group(&body, "239.1.1.1");
	put_unicast(&body, "0.0.0.0");
	put32(&body, 110);
	put32(&body, 20);
	b = packet4("10.0.0.2", PIM_ASSERT, &body);
	assert_int_equal(judge_bytes(&b), PIM_DROP_assert_source);
	b.b[27] = 24;
	mend4(&b, 0);
	assert_int_equal(judge_bytes(&b), PIM_DROP_mask_len);
	body.len -= 4;
	b = packet4("10.0.0.2", PIM_ASSERT, &body);
	assert_int_equal(judge_bytes(&b), PIM_DROP_truncated);
}

/* --- anything at all ------------------------------------------------------------------------------------------------ */

static const char *const whole[] = {
	HELLO4, HELLO6, JP4, JP6, ASSERT4, ASSERT4_STAR, NULL4, REGISTER4, NULL6, STOP4, STOP6_ANY};
#define N_WHOLE (sizeof(whole) / sizeof(*whole))

/* In memory of exactly that length, so that the address sanitizer sees a byte too many. */
static enum pim_drop judge_exact(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum pim_drop why;

	assert_non_null(copy);
	memcpy(copy, data, len);
	why = judge(copy, len);
	free(copy);
	return why;
}

static void every_shorter_packet_is_refused(void **state)
{
	for (unsigned i = 0; i < N_WHOLE; i++) {
		struct bytes b = hex(whole[i]);

		assert_int_equal(judge_exact(b.b, b.len), PIM_OK);
		for (size_t len = 0; len < b.len; len++)
			assert_int_not_equal(judge_exact(b.b, len), PIM_OK);
	}
}

/* With lengths and checksums that fit, so that the bodies are reached. */
static void every_shorter_message_is_read_safely(void **state)
{
	static const char *const v[] = {HELLO4, JP4, ASSERT4, NULL4, REGISTER4, STOP4};

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes b = hex(v[i]);
		bool reg = (b.b[20] & 0xf) == PIM_REGISTER;

		while (b.len-- > 28) {
			mend4(&b, reg ? 8 : 0);
			judge_exact(b.b, b.len);
		}
	}
}

static void any_changed_byte_is_read_safely(void **state)
{
	for (unsigned i = 0; i < N_WHOLE; i++) {
		struct bytes b = hex(whole[i]);

		for (size_t at = 0; at < b.len; at++)
			for (unsigned v = 0; v < 256; v++) {
				struct bytes c = b;

				c.b[at] = (uint8_t)v;
				if (at >= 20 && b.b[0] == 0x45)
					mend4(&c, (c.b[20] & 0xf) == PIM_REGISTER ? 8 : 0);
				judge_exact(c.b, c.len);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_header_is_not_believed),
		cmocka_unit_test(pim_header_is_checked),
		cmocka_unit_test(option_lengths_are_checked),
		cmocka_unit_test(address_list_ends_with_its_option),
		cmocka_unit_test(counts_beyond_the_message_are_refused),
		cmocka_unit_test(encoded_addresses_are_checked),
		cmocka_unit_test(mask_length_129_of_ipv6_is_refused),
		cmocka_unit_test(nothing_of_a_broken_message_is_given_out),
		cmocka_unit_test(join_attributes_are_passed_over),
		cmocka_unit_test(other_families_are_passed_over),
		cmocka_unit_test(ranges_and_link_local_groups_are_passed_over),
		cmocka_unit_test(entries_that_name_no_sender_are_passed_over),
		cmocka_unit_test(packet_inside_a_register_is_checked),
		cmocka_unit_test(register_for_no_sender_or_no_group_is_refused),
		cmocka_unit_test(assert_of_a_source_tree_needs_its_source),
		cmocka_unit_test(every_shorter_packet_is_refused),
		cmocka_unit_test(every_shorter_message_is_read_safely),
		cmocka_unit_test(any_changed_byte_is_read_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
