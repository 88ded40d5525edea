/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The wire format against packets that Scapy wrote, both ways, and the rules of RFC 7761 4.9.
 */
#include "tests/unit/pim/bytes.h"
#include "tests/unit/pim/vectors.h"

static void opened(const struct bytes *b, enum pim_type type, struct pim_packet *p)
{
	assert_int_equal(pim_packet_open(b->b, b->len, p), PIM_OK);
	assert_int_equal(p->type, type);
}

static void assert_ip(const struct ipaddr *a, const char *text)
{
	struct ipaddr want = ip(text);

	assert_true(ip_eq(a, &want));
}

static void assert_bytes(const uint8_t *got, size_t len, const char *want)
{
	struct bytes w = hex(want);

	assert_int_equal(len, w.len);
	assert_memory_equal(got, w.b, w.len);
}

/* --- Hello ---------------------------------------------------------------------------------------- */

static void hello_is_read(void **state)
{
	struct bytes b = hex(HELLO4);
	struct pim_packet p;
	struct pim_hello h;

	opened(&b, PIM_HELLO, &p);
	assert_ip(&p.src, "10.0.0.1");
	assert_ip(&p.dst, "224.0.0.13");
	assert_int_equal(p.ttl, 1);
	assert_int_equal(pim_hello_open(&p, &h), PIM_OK);
	assert_int_equal(h.has,
		PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY | PIM_HAS_DR_PRIORITY | PIM_HAS_GENID);
	assert_int_equal(h.holdtime_s, 105);
	assert_false(h.tracking_support);
	assert_int_equal(h.propagation_delay_ms, 500);
	assert_int_equal(h.override_interval_ms, 2500);
	assert_int_equal(h.dr_priority, 7);
	assert_int_equal(h.genid, 0x12345678);
}

static void hello_is_written(void **state)
{
	struct pim_hello h = {.has = PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY |
				     PIM_HAS_DR_PRIORITY | PIM_HAS_GENID,
		.holdtime_s = 105,
		.propagation_delay_ms = 500,
		.override_interval_ms = 2500,
		.dr_priority = 7,
		.genid = 0x12345678};
	struct ipaddr src = ip("10.0.0.1");
	uint8_t buf[256];

	assert_bytes(buf, pim_hello_write(buf, sizeof(buf), &src, &h, NULL, 0), HELLO4);
}

static void hello_of_ipv6_goes_both_ways(void **state)
{
	struct bytes b = hex(HELLO6);
	struct ipaddr src = ip("fe80::1"), second = ip("2001:db8::1"), a;
	struct pim_hello_addrs it = {0};
	struct pim_packet p;
	struct pim_hello h;
	uint8_t buf[256];

	opened(&b, PIM_HELLO, &p);
	assert_int_equal(pim_hello_open(&p, &h), PIM_OK);
	assert_true(h.tracking_support);
	assert_int_equal(h.has & (PIM_HAS_JOIN_ATTRIBUTE | PIM_HAS_ADDRESS_LIST),
		PIM_HAS_JOIN_ATTRIBUTE | PIM_HAS_ADDRESS_LIST);
	assert_true(pim_hello_addr_next(&h, &it, &a));
	assert_ip(&a, "2001:db8::1");
	assert_false(pim_hello_addr_next(&h, &it, &a));
	assert_bytes(buf, pim_hello_write(buf, sizeof(buf), &src, &h, &second, 1), HELLO6);
}

static void hello_without_options_is_a_hello(void **state)
{
	struct bytes none = {0}, b = packet4("10.0.0.2", PIM_HELLO, &none);
	struct pim_packet p;
	struct pim_hello h;

	opened(&b, PIM_HELLO, &p);
	assert_int_equal(pim_hello_open(&p, &h), PIM_OK);
	assert_int_equal(h.has, 0);
}

static void unknown_options_are_passed_over(void **state)
{
	struct bytes body = {0}, b;
	struct pim_packet p;
	struct pim_hello h;

	put16(&body, 18); /* deprecated */
	put16(&body, 3);
	put8(&body, 1);
	put16(&body, 2);
	put16(&body, 65001); /* private */
	put16(&body, 0);
	put16(&body, PIM_OPT_HOLDTIME);
	put16(&body, 2);
	put16(&body, 40);
	b = packet4("10.0.0.2", PIM_HELLO, &body);
	opened(&b, PIM_HELLO, &p);
	assert_int_equal(pim_hello_open(&p, &h), PIM_OK);
	assert_int_equal(h.unknown_options, 2);
	assert_int_equal(h.holdtime_s, 40);
}

/* Some routers list the addresses of each family in an option of its own. */
static void addresses_of_the_other_family_are_passed_over(void **state)
{
	struct bytes body = {0}, b;
	struct pim_hello_addrs it = {0};
	struct pim_packet p;
	struct pim_hello h;
	struct ipaddr a;

	put16(&body, PIM_OPT_ADDRESS_LIST);
	put16(&body, 18);
	put_unicast(&body, "fe80::2");
	put16(&body, PIM_OPT_ADDRESS_LIST);
	put16(&body, 12);
	put_unicast(&body, "10.1.0.2");
	put_unicast(&body, "10.2.0.2");
	b = packet4("10.0.0.2", PIM_HELLO, &body);
	opened(&b, PIM_HELLO, &p);
	assert_int_equal(pim_hello_open(&p, &h), PIM_OK);
	assert_int_equal(h.foreign, 1);
	assert_true(pim_hello_addr_next(&h, &it, &a));
	assert_ip(&a, "10.1.0.2");
	assert_true(pim_hello_addr_next(&h, &it, &a));
	assert_ip(&a, "10.2.0.2");
	assert_false(pim_hello_addr_next(&h, &it, &a));
}

/* --- Join/Prune --------------------------------------------------------------------------------------- */

static void expect_source(struct pim_jp_group *g, bool join, const char *addr, uint8_t flags)
{
	struct pim_jp_source s;

	assert_true(pim_jp_source_next(g, &s));
	assert_int_equal(s.join, join);
	assert_ip(&s.addr, addr);
	assert_int_equal(s.flags, flags);
}

static void join_prune_is_read(void **state)
{
	struct bytes b = hex(JP4);
	struct pim_packet p;
	struct pim_jp jp;
	struct pim_jp_group g;
	struct pim_jp_source s;

	opened(&b, PIM_JOIN_PRUNE, &p);
	assert_int_equal(pim_jp_open(&p, &jp), PIM_OK);
	assert_ip(&jp.upstream, "10.0.0.2");
	assert_int_equal(jp.holdtime_s, 210);
	assert_int_equal(jp.n_groups, 2);
	assert_int_equal(jp.skipped, 0);
	assert_true(pim_jp_group_next(&jp, &g));
	assert_ip(&g.grp, "239.1.1.1");
	expect_source(&g, true, "10.9.9.9", PIM_JP_STAR_G);
	expect_source(&g, false, "10.5.0.1", PIM_JP_SG_RPT);
	assert_false(pim_jp_source_next(&g, &s));
	assert_true(pim_jp_group_next(&jp, &g));
	assert_ip(&g.grp, "232.1.1.1");
	expect_source(&g, true, "10.5.0.2", PIM_JP_SG);
	assert_false(pim_jp_source_next(&g, &s));
	assert_false(pim_jp_group_next(&jp, &g));
}

static void keep(void *arg, const uint8_t *packet, size_t len)
{
	struct bytes *b = arg;

	assert_int_equal(b->len, 0);
	memcpy(b->b, packet, len);
	b->len = len;
}

static void add(struct pim_jp_set *set, bool join, const char *addr, uint8_t flags)
{
	struct ipaddr a = ip(addr);

	pim_jp_set_add(set, join, &a, flags);
}

static void join_prune_is_written(void **state)
{
	struct bytes got = {0};
	struct pim_jp_set set = {0};
	struct ipaddr g1 = ip("239.1.1.1"), g2 = ip("232.1.1.1");
	uint8_t buf[1500];
	struct pim_jp_builder b = {.buf = buf,
		.cap = sizeof(buf),
		.src = ip("10.0.0.1"),
		.upstream = ip("10.0.0.2"),
		.holdtime_s = 210,
		.send = keep,
		.arg = &got};

	pim_jp_set_begin(&set, &g1);
	add(&set, false, "10.5.0.1", PIM_JP_SG_RPT);
	add(&set, true, "10.9.9.9", PIM_JP_STAR_G);
	pim_jp_build(&b, &set);
	pim_jp_set_begin(&set, &g2);
	add(&set, true, "10.5.0.2", PIM_JP_SG);
	pim_jp_build(&b, &set);
	pim_jp_flush(&b);
	assert_bytes(got.b, got.len, JP4);
	pim_jp_set_fini(&set);
}

static void join_prune_of_ipv6_goes_both_ways(void **state)
{
	struct bytes b6 = hex(JP6), got = {0};
	struct pim_jp_set set = {0};
	uint8_t buf[1500];
	struct pim_jp_builder b = {.buf = buf, .cap = sizeof(buf), .send = keep, .arg = &got};
	struct pim_jp_source s;
	struct pim_jp_group g;
	struct pim_packet p;
	struct pim_jp jp;

	opened(&b6, PIM_JOIN_PRUNE, &p);
	assert_int_equal(pim_jp_open(&p, &jp), PIM_OK);
	b.src = p.src;
	b.upstream = jp.upstream;
	b.holdtime_s = jp.holdtime_s;
	while (pim_jp_group_next(&jp, &g)) {
		pim_jp_set_begin(&set, &g.grp);
		while (pim_jp_source_next(&g, &s))
			pim_jp_set_add(&set, s.join, &s.addr, s.flags);
		pim_jp_build(&b, &set);
	}
	pim_jp_flush(&b);
	assert_int_equal(b.entries, 2);
	assert_bytes(got.b, got.len, JP6);
	pim_jp_set_fini(&set);
}

/* --- Assert, Register, Register-Stop ---------------------------------------------------------------------- */

static void assert_goes_both_ways(void **state)
{
	struct bytes b = hex(ASSERT4);
	struct ipaddr src = ip("10.0.0.1");
	struct pim_packet p;
	struct pim_assert a;
	uint8_t buf[128];

	opened(&b, PIM_ASSERT, &p);
	assert_int_equal(pim_assert_open(&p, &a), PIM_OK);
	assert_ip(&a.grp, "239.1.1.1");
	assert_ip(&a.src, "10.5.0.1");
	assert_false(a.rpt);
	assert_int_equal(a.preference, 110);
	assert_int_equal(a.metric, 20);
	assert_bytes(buf, pim_assert_write(buf, sizeof(buf), &src, &a), ASSERT4);
}

static void assert_of_a_shared_tree_needs_no_source(void **state)
{
	struct bytes b = hex(ASSERT4_STAR);
	struct ipaddr src = ip("10.0.0.1");
	struct pim_packet p;
	struct pim_assert a;
	uint8_t buf[128];

	opened(&b, PIM_ASSERT, &p);
	assert_int_equal(pim_assert_open(&p, &a), PIM_OK);
	assert_true(ip_is_none(&a.src));
	assert_true(a.rpt);
	assert_int_equal(a.preference, 110);
	assert_bytes(buf, pim_assert_write(buf, sizeof(buf), &src, &a), ASSERT4_STAR);
}

static void register_is_read_with_either_checksum(void **state)
{
	struct bytes v[] = {hex(REGISTER4), hex(REGISTER4_WHOLE)};
	struct pim_register r;
	struct pim_packet p;

	for (unsigned i = 0; i < 2; i++) {
		opened(&v[i], PIM_REGISTER, &p);
		assert_int_equal(p.ttl, 64);
		assert_int_equal(pim_register_open(&p, &r), PIM_OK);
		assert_false(r.null);
		assert_ip(&r.src, "10.5.0.1");
		assert_ip(&r.grp, "239.1.1.1");
		assert_int_equal(r.inner_len, 32);
		assert_int_equal(r.ttl, 9);
		v[i].b[22] ^= 1;
		assert_int_equal(pim_packet_open(v[i].b, v[i].len, &p), PIM_DROP_checksum);
	}
}

static void register_is_written(void **state)
{
	struct ipaddr src = ip("10.0.0.1"), rp = ip("10.9.9.9");
	struct ipaddr s = ip("10.5.0.1"), g = ip("239.1.1.1");
	struct bytes b = hex(REGISTER4);
	uint8_t buf[256];

	assert_bytes(buf, pim_register_write(buf, sizeof(buf), &src, &rp, b.b + 28, b.len - 28),
		REGISTER4);
	assert_bytes(buf, pim_null_register_write(buf, sizeof(buf), &src, &rp, &s, &g), NULL4);
}

static void null_register_is_read(void **state)
{
	struct bytes b = hex(NULL4);
	struct pim_register r;
	struct pim_packet p;

	opened(&b, PIM_REGISTER, &p);
	assert_int_equal(pim_register_open(&p, &r), PIM_OK);
	assert_true(r.null);
	assert_ip(&r.src, "10.5.0.1");
	assert_ip(&r.grp, "239.1.1.1");
}

/* 4.9.3: a header checksum of 0 is not checked, any other is; single fields are not looked at. */
static void checksum_decides_on_a_null_register(void **state)
{
	struct bytes b = hex(NULL4);
	struct pim_register r;
	struct pim_packet p;

	b.b[28 + 8] = 77; /* TTL inside */
	opened(&b, PIM_REGISTER, &p);
	assert_int_equal(pim_register_open(&p, &r), PIM_DROP_register_inner_checksum);
	b.b[28 + 10] = b.b[28 + 11] = 0;
	assert_int_equal(pim_register_open(&p, &r), PIM_OK);
	b.b[28 + 2] = b.b[28 + 3] = 0; /* total length inside */
	assert_int_equal(pim_register_open(&p, &r), PIM_OK);
}

static void null_register_of_ipv6_goes_both_ways(void **state)
{
	struct bytes b = hex(NULL6);
	struct ipaddr src = ip("2001:db8::1"), rp = ip("2001:db8:9::9");
	struct pim_register r;
	struct pim_packet p;
	uint8_t buf[256];

	opened(&b, PIM_REGISTER, &p);
	assert_int_equal(pim_register_open(&p, &r), PIM_OK);
	assert_true(r.null);
	assert_bytes(
		buf, pim_null_register_write(buf, sizeof(buf), &src, &rp, &r.src, &r.grp), NULL6);
	b.b[b.len - 1] ^= 1;
	assert_int_equal(pim_register_open(&p, &r), PIM_DROP_register_inner_checksum);
}

static void register_stop_goes_both_ways(void **state)
{
	struct bytes b = hex(STOP4), any = hex(STOP6_ANY);
	struct ipaddr rp = ip("10.9.9.9"), dr = ip("10.0.0.1");
	struct ipaddr rp6 = ip("2001:db8:9::9"), dr6 = ip("2001:db8::1");
	struct pim_register_stop r;
	struct pim_packet p;
	uint8_t buf[256];

	opened(&b, PIM_REGISTER_STOP, &p);
	assert_int_equal(pim_register_stop_open(&p, &r), PIM_OK);
	assert_int_equal(r.grp.len, 32);
	assert_ip(&r.grp.addr, "239.1.1.1");
	assert_ip(&r.src, "10.5.0.1");
	assert_bytes(buf, pim_register_stop_write(buf, sizeof(buf), &rp, &dr, &r.grp.addr, &r.src),
		STOP4);
	opened(&any, PIM_REGISTER_STOP, &p);
	assert_int_equal(pim_register_stop_open(&p, &r), PIM_OK);
	assert_true(ip_is_none(&r.src));
	assert_bytes(buf,
		pim_register_stop_write(buf, sizeof(buf), &rp6, &dr6, &r.grp.addr, &r.src),
		STOP6_ANY);
}

/* --- headers ------------------------------------------------------------------------------------------------ */

static void nothing_is_written_beyond_the_buffer(void **state)
{
	struct ipaddr src = ip("10.0.0.1"), rp = ip("10.9.9.9");
	struct ipaddr s = ip("10.5.0.1"), g = ip("239.1.1.1");
	uint8_t buf[49];

	for (size_t cap = 0; cap < 48; cap++) {
		memset(buf, 0xaa, sizeof(buf));
		assert_int_equal(pim_null_register_write(buf, cap, &src, &rp, &s, &g), 0);
		assert_int_equal(buf[cap], 0xaa);
	}
	assert_int_equal(pim_null_register_write(buf, 48, &src, &rp, &s, &g), 48);
}

/* RFC 8736: types 10 and 13 to 15 have a subtype in the upper flag bits. */
static void subtype_is_taken_from_the_flag_bits(void **state)
{
	static const struct {
		unsigned type, subtype;
		enum pim_drop why;
	} v[] = {{PIM_BOOTSTRAP, 0, PIM_OK}, {PIM_GRAFT, 0, PIM_OK}, {PIM_STATE_REFRESH, 0, PIM_OK},
		{PIM_DF_ELECTION, 0xa, PIM_OK}, {PIM_FLOODING, 0, PIM_OK},
		{PIM_EXTENDED_13, 0xa, PIM_DROP_type_unknown},
		{PIM_EXTENDED_15, 0xa, PIM_DROP_type_unknown}};
	struct bytes none = {0}, b;
	struct pim_packet p;

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		b = packet4("10.0.0.2", v[i].type, &none);
		b.b[21] = 0xa5;
		mend4(&b, 0);
		assert_int_equal(pim_packet_open(b.b, b.len, &p), v[i].why);
		assert_int_equal(p.type, v[i].type);
		assert_int_equal(p.flags, 0xa5);
		assert_int_equal(p.subtype, v[i].subtype);
	}
}

static void padding_behind_the_packet_is_cut_off(void **state)
{
	struct bytes b = hex(HELLO4);
	struct pim_packet p;

	put32(&b, 0x01020304);
	opened(&b, PIM_HELLO, &p);
	assert_int_equal(p.len, 34);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_read),
		cmocka_unit_test(hello_is_written),
		cmocka_unit_test(hello_of_ipv6_goes_both_ways),
		cmocka_unit_test(hello_without_options_is_a_hello),
		cmocka_unit_test(unknown_options_are_passed_over),
		cmocka_unit_test(addresses_of_the_other_family_are_passed_over),
		cmocka_unit_test(join_prune_is_read),
		cmocka_unit_test(join_prune_is_written),
		cmocka_unit_test(join_prune_of_ipv6_goes_both_ways),
		cmocka_unit_test(assert_goes_both_ways),
		cmocka_unit_test(assert_of_a_shared_tree_needs_no_source),
		cmocka_unit_test(register_is_read_with_either_checksum),
		cmocka_unit_test(register_is_written),
		cmocka_unit_test(null_register_is_read),
		cmocka_unit_test(checksum_decides_on_a_null_register),
		cmocka_unit_test(null_register_of_ipv6_goes_both_ways),
		cmocka_unit_test(register_stop_goes_both_ways),
		cmocka_unit_test(nothing_is_written_beyond_the_buffer),
		cmocka_unit_test(subtype_is_taken_from_the_flag_bits),
		cmocka_unit_test(padding_behind_the_packet_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
