/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM Registers with data that are for this router (RFC 7761 sections 4.4.2 and 4.9.3), and those that are not.
 */
#include "own.h"

#define DR 0xc0000207

/* The routes take Registers, and leave on interface 2. */
static int register_setup(void **state)
{
	if (own_setup(state))
		return -1;
	in->c.proto = tagged->c.proto = tun->c.proto = DP_PROTO_IGMP | DP_PROTO_PIM | DP_PROTO_MLD;
	fx.routes[0].r->iif = fx.routes[1].r->iif = DP_IF_REGISTER;
	return 0;
}

/* The sum of a PIM message of len bytes at p in IPv6, big-endian, its pseudo header saying so. */
static uint16_t sum6(const uint8_t *ip, const uint8_t *p, unsigned len, unsigned says)
{
	uint8_t all[2048];

	memcpy(all, ip + IP6_SRC, 32);
	memset(all + 32, 0, 8);
	put_be16(all + 34, (uint16_t)says);
	all[39] = 103;
	memcpy(all + 40, p, len);
	return sum16(all, 40 + len);
}

/* A Register from DR to US around inner, whose checksum covers `covers` bytes (0: all of it). */
static unsigned wrap4(uint8_t *p, const uint8_t *inner, unsigned n, unsigned covers)
{
	uint8_t *pim = p + IP4_LEN;

	if (n)
		memmove(pim + 8, inner, n);
	memset(p, 0, IP4_LEN + 8);
	p[0] = 0x45;
	put_be16(p + IP4_TOTAL, (uint16_t)(IP4_LEN + 8 + n));
	p[IP4_TTL] = 33;
	p[IP4_PROTO] = 103;
	store32(p + IP4_SRC, htonl(DR));
	store32(p + IP4_DST, htonl(US));
	fx_ip4_seal(p);
	pim[0] = 0x21;
	sum16_seal(pim + 2, pim, covers ? covers : 8 + n);
	return IP4_LEN + 8 + n;
}

/* The same from 2001:db8::d to 2001:db8::2. */
static unsigned wrap6(uint8_t *p, const uint8_t *inner, unsigned n, unsigned covers)
{
	uint8_t *pim = p + IP6_LEN;

	memmove(pim + 8, inner, n);
	memset(p, 0, IP6_LEN + 8);
	p[0] = 0x60;
	put_be16(p + IP6_PAYLOAD, (uint16_t)(8 + n));
	p[IP6_NEXT] = 103;
	p[IP6_HOPS] = 33;
	memcpy(p + IP6_SRC, (uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
	memcpy(p + IP6_DST, (uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
	p[IP6_SRC + 15] = 0xd;
	p[IP6_DST + 15] = 2;
	pim[0] = 0x21;
	covers = covers ? covers : 8 + n;
	put_be16(pim + 2, (uint16_t)~sum6(p, pim, covers, covers));
	return IP6_LEN + 8 + n;
}

/* Sums anew what wrap4 has summed: another flags word or type. */
static void seal4(uint8_t *p)
{
	sum16_seal(p + 22, p + 20, 8);
}

static void rx_at(const struct fwd_if *ifp, const uint8_t *p, unsigned n, unsigned seg)
{
	fx_rx(ifp->c.port,
		fx_frame(ifp, p, n, p[0] >> 4 == 4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6, true, seg));
	fx_run();
}

/* Port 1 has sent `count` packets, the last one fx_ip4(n) or fx_ip6(n) with one hop less. */
static void assert_forwarded(uint8_t family, unsigned count, unsigned n)
{
	uint8_t want[2048], got[2048];

	assert_int_equal(fx.port[1].tx_n, count);
	assert_int_equal(fx_bytes(fx.port[1].tx[count - 1], got, sizeof(got)), 14 + n);
	(family == IP_V4 ? fx_ip4 : fx_ip6)(want, n);
	if (family == IP_V4) {
		want[IP4_TTL]--;
		fx_ip4_seal(want);
	} else {
		want[IP6_HOPS]--;
	}
	assert_memory_equal(got + 14, want, n);
	assert_int_equal(fx_drops(), 0);
}

static void packet_inside_is_forwarded_as_from_the_register_interface(void **state)
{
	uint8_t p[400], inner[300], got[400];

	rx_at(in, p, wrap4(p, inner, fx_ip4(inner, 200), 8), 0);
	assert_forwarded(IP_V4, 1, 200);
	fx_bytes(fx.port[1].tx[0], got, sizeof(got));
	assert_memory_equal(got, ((uint8_t[]){1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 1, 8, 0}), 14);
	assert_int_equal(fx.w->if_ctr[1].rx_packets, 1);
	assert_int_equal(fx.w->if_ctr[1].rx_bytes, 228);
	assert_int_equal(fx.w->route_ctr[0].packets, 1);
	assert_int_equal(fx.w->route_ctr[0].bytes, 200);
	assert_int_equal(fx.n_punted, 0);
}

static void control_hears_who_registered_what(void **state)
{
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	rx_at(tagged, p, n, 0);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 1);
	assert_int_equal(fx.registered.ifid, 3);
	assert_int_equal(fx.registered.len, 200);
	assert_int_equal(fx.registered.border, 0);
	assert_true(ip_eq(
		&fx.registered.outer_src, &(struct ipaddr){.family = IP_V4, .b = {192, 0, 2, 7}}));
	assert_true(ip_eq(
		&fx.registered.outer_dst, &(struct ipaddr){.family = IP_V4, .b = {10, 0, 0, 2}}));
	p[24] = REGISTER_BORDER;
	seal4(p);
	rx_at(tagged, p, n, 0);
	assert_int_equal(fx.registered.border, 1);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 2);
	assert_int_equal(fx.port[1].tx_n, 2);
	for (unsigned i = 0; i < DP_UPCALL_KINDS; i++)
		assert_int_equal(fx.upcalls[i], i == DP_UPCALL_REGISTER ? 2 : 0);
}

static void checksum_over_the_whole_message_is_taken_too(void **state)
{
	uint8_t p[1500], inner[1400];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 1301), 0);

	rx_at(in, p, n, 0);
	assert_forwarded(IP_V4, 1, 1301);
	rx_at(in, p, n, 77);
	assert_forwarded(IP_V4, 2, 1301);
	n = wrap6(p, inner, fx_ip6(inner, 1301), 0);
	rx_at(in, p, n, 0);
	assert_forwarded(IP_V6, 3, 1301);
	rx_at(in, p, n, 300);
	assert_forwarded(IP_V6, 4, 1301);
}

static void ipv6_checksum_has_a_pseudo_header_that_says_8(void **state)
{
	uint8_t p[400], inner[300];
	unsigned n = wrap6(p, inner, fx_ip6(inner, 200), 8);

	rx_at(in, p, n, 0);
	assert_forwarded(IP_V6, 1, 200);
	assert_int_equal(fx.registered.outer_src.b[15], 0xd);
	assert_int_equal(fx.registered.outer_dst.b[15], 2);
	put_be16(p + 42, 0);
	put_be16(p + 42, (uint16_t)~sum6(p, p + 40, 8, 9));
	rx_at(in, p, n, 0);
	assert_int_equal(fx.w->info.drops[DROP_register_checksum], 1);
}

static void wrong_checksum_is_dropped_unheard(void **state)
{
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	p[22] ^= 1;
	rx(in, p, n, true);
	assert_only_drop(DROP_register_checksum);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 0);
	assert_int_equal(fx.w->if_ctr[1].rx_packets, 1);
}

static void shorter_than_its_header_is_dropped(void **state)
{
	uint8_t p[400] = {0};

	for (unsigned n = 1; n < 8; n++) {
		wrap4(p, NULL, 0, 8);
		put_be16(p + IP4_TOTAL, (uint16_t)(20 + n));
		fx_ip4_seal(p);
		rx_at(in, p, 20 + n, 0);
		assert_int_equal(fx.w->info.drops[DROP_register_short], n);
		assert_int_equal(fx_drops(), n);
	}
	assert_int_equal(fx.n_punted, 0);
}

static void empty_message_is_the_protocols(void **state)
{
	uint8_t p[64];

	wrap4(p, NULL, 0, 8);
	put_be16(p + IP4_TOTAL, 20);
	fx_ip4_seal(p);
	rx_at(in, p, 20, 0);
	assert_punted(PKT_PROTO, 1, 20);
}

static void what_is_inside_must_be_whole(void **state)
{
	uint8_t p[400], inner[300];

	fx_ip4(inner, 100);
	for (unsigned n = 0; n < 100; n++)
		rx_at(in, p, wrap4(p, inner, n, 8), 0);
	assert_int_equal(fx.w->info.drops[DROP_register_inner], 100);
	fx_ip6(inner, 100);
	for (unsigned n = 0; n < 100; n++)
		rx_at(in, p, wrap6(p, inner, n, 8), 0);
	assert_int_equal(fx.w->info.drops[DROP_register_inner], 200);
	assert_int_equal(fx_drops(), 200);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 0);
}

/* The inner packet is no data that may be routed, or not sound. */
static void what_is_inside_must_be_data(void **state)
{
	static const struct {
		uint8_t at, value;
	} faults[] = {
		{0, 0x65}, /* version */
		{0, 0x44}, /* ihl */
		{0, 0x46}, /* options that are none */
		{2, 1},    /* total length beyond the Register */
		{8, 0},    /* TTL 0 */
		{9, 2},    /* IGMP */
		{12, 0},   /* sources that cannot be */
		{12, 127},
		{12, 224},
		{16, 10}, /* unicast */
		{16, 255},
	};
	uint8_t p[400], inner[300];
	unsigned n = 0;

	for (unsigned i = 0; i < RTE_DIM(faults); i++) {
		fx_ip4(inner, 100);
		inner[faults[i].at] = faults[i].value;
		fx_ip4_seal(inner);
		rx_at(in, p, wrap4(p, inner, 100, 8), 0);
		assert_int_equal(fx.w->info.drops[DROP_register_inner], ++n);
	}
	fx_ip4(inner, 100);
	store32(inner + IP4_DST, htonl(0xe0000005)); /* link-local */
	fx_ip4_seal(inner);
	rx_at(in, p, wrap4(p, inner, 100, 8), 0);
	fx_ip4(inner, 100);
	inner[IP4_CSUM] ^= 1;
	rx_at(in, p, wrap4(p, inner, 100, 8), 0);
	rx_at(in, p, wrap4(p, inner, fx_ip6(inner, 100), 8), 0); /* the other family */
	rx_at(in, p, wrap6(p, inner, fx_ip4(inner, 100), 8), 0);
	assert_int_equal(fx.w->info.drops[DROP_register_inner], n + 4);
	assert_int_equal(fx_drops(), n + 4);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 0);
	assert_int_equal(fx.n_punted, 0);
}

static void ipv6_mld_and_other_scopes_are_no_data(void **state)
{
	uint8_t p[400], inner[300];

	fx_ip6(inner, 100);
	inner[IP6_NEXT] = IP_PROTO_ICMP6;
	inner[40] = 143;
	rx_at(in, p, wrap6(p, inner, 100, 8), 0);
	for (unsigned scope = 0; scope < 3; scope++) {
		fx_ip6(inner, 100);
		inner[IP6_DST + 1] = (uint8_t)(0x30 | scope);
		rx_at(in, p, wrap6(p, inner, 100, 8), 0);
	}
	assert_int_equal(fx.w->info.drops[DROP_register_inner], 4);
	assert_int_equal(fx_drops(), 4);
}

static void fragments_inside_are_data_too(void **state)
{
	uint8_t p[400], inner[300];

	fx_ip4(inner, 100);
	put_be16(inner + IP4_FRAG, IP4_MF | 7);
	fx_ip4_seal(inner);
	rx_at(in, p, wrap4(p, inner, 100, 8), 0);
	assert_int_equal(fx.port[1].tx_n, 1);
}

static void bytes_behind_the_packet_inside_are_cut(void **state)
{
	uint8_t p[400], inner[300];

	fx_ip4(inner, 100);
	memset(inner + 100, 0xee, 50);
	rx_at(in, p, wrap4(p, inner, 150, 8), 0);
	assert_forwarded(IP_V4, 1, 100);
	rx_at(in, p, wrap4(p, inner, 150, 8), 50);
	assert_forwarded(IP_V4, 2, 100);
}

static void fragments_of_registers_are_dropped(void **state)
{
	static const uint16_t frags[] = {IP4_MF, IP4_MF | 100, 100};
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	for (unsigned i = 0; i < RTE_DIM(frags); i++) {
		put_be16(p + IP4_FRAG, frags[i]);
		fx_ip4_seal(p);
		rx_at(in, p, n, 0);
		assert_int_equal(fx.w->info.drops[DROP_register_fragment], i + 1);
	}
	assert_int_equal(fx_drops(), 3);
}

static void null_registers_and_other_messages_are_the_protocols(void **state)
{
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 20), 8), punted = 0;

	p[24] = REGISTER_NULL;
	seal4(p);
	rx_at(in, p, n, 0);
	p[24] = 0;
	for (unsigned type = 0; type < 256; type++) {
		p[20] = (uint8_t)type;
		seal4(p);
		if (type != PIM_REGISTER)
			rx_at(in, p, n, 0);
	}
	assert_int_equal(fx.n_punted, 256);
	for (; punted < fx.n_punted; punted++)
		assert_int_equal(fx.punted_next[punted], PKT_PROTO);
	assert_int_equal(fx_drops(), 0);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 0);
}

static void registers_in_transit_and_without_pim_are_the_twins(void **state)
{
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	in->c.proto = DP_PROTO_IGMP;
	rx_at(in, p, n, 0);
	in->c.proto = DP_PROTO_PIM;
	store32(p + IP4_DST, htonl(US + 1));
	fx_ip4_seal(p);
	rx_at(in, p, n, 0);
	assert_int_equal(fx.n_punted, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fx.punted_next[i], PKT_EXCEPTION);
		assert_int_equal(fx.punted[i]->pkt_len, 14 + n);
	}
	assert_int_equal(fx_drops(), 0);
}

/* No NOCACHE and no WRONGVIF; the interface that brought it counts the drop (the fixture's punt does not). */
static void a_route_that_does_not_take_registers_refuses_quietly(void **state)
{
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	fx.routes[0].r->iif = 1;
	rx_at(in, p, n, 0);
	fx.routes[0].r->iif = DP_IF_ANY;
	rx_at(in, p, n, 0);
	store32(inner + IP4_SRC, htonl(0x0a0000f1)); /* no route at all */
	fx_ip4_seal(inner);
	rx_at(in, p, wrap4(p, inner, 200, 8), 0);
	assert_int_equal(fx.w->info.drops[DROP_register_refused], 3);
	assert_int_equal(fx.refused, 3);
	assert_int_equal(fx_drops(), 3);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 3);
	assert_int_equal(fx.upcalls[DP_UPCALL_NOCACHE] + fx.upcalls[DP_UPCALL_WRONGVIF], 0);
	assert_int_equal(fx.port[1].tx_n, 0);
}

static void among_several_inputs_the_register_interface_counts(void **state)
{
	static struct mfib_inputs inputs = {.n = 3,
		.v = {{.ifid = 1, .flags = DP_INPUT_ACCEPT},
			{.ifid = DP_IF_REGISTER, .flags = DP_INPUT_ACCEPT | DP_INPUT_SIGNAL},
			{.ifid = DP_IF_ANY, .flags = DP_INPUT_DROP}}};
	uint8_t p[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	fx.routes[0].r->iif = 0;
	fx.routes[0].r->inputs = &inputs;
	rx_at(in, p, n, 0);
	assert_forwarded(IP_V4, 1, 200);
	assert_int_equal(fx.upcalls[DP_UPCALL_DATA], 1);
	inputs.v[1].flags = DP_INPUT_SIGNAL;
	rx_at(in, p, n, 0);
	assert_int_equal(fx.w->info.drops[DROP_register_refused], 1);
	inputs.v[1].flags = DP_INPUT_DROP;
	rx_at(in, p, n, 0);
	assert_int_equal(fx.w->info.drops[DROP_route_drop], 1);
	fx.routes[0].r->inputs = NULL;
}

static void ttl_1_inside_is_not_forwarded(void **state)
{
	uint8_t p[400], inner[300];

	fx_ip4(inner, 100);
	inner[IP4_TTL] = 1;
	fx_ip4_seal(inner);
	rx_at(in, p, wrap4(p, inner, 100, 8), 0);
	assert_only_drop(DROP_ttl_expired);
	assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], 1);
}

/* RFC 6040: rows are inner Not-ECT, ECT(1), ECT(0), CE. The DSCP stays. */
static void ecn_is_carried_over_and_dscp_kept(void **state)
{
	static const int want[4][4] = {{0, 0, 0, -1}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};
	uint8_t p[400], inner[300], got[400];
	unsigned sent = 0, dropped = 0;

	for (unsigned i = 0; i < 16; i++) {
		unsigned ecn = i / 4, outer = i % 4, n;

		fx_ip4(inner, 100);
		inner[IP4_TOS] = (uint8_t)(0xb8 | ecn);
		fx_ip4_seal(inner);
		n = wrap4(p, inner, 100, 8);
		p[IP4_TOS] = (uint8_t)(0xc0 | outer);
		fx_ip4_seal(p);
		rx_at(in, p, n, 0);
		if (want[ecn][outer] < 0) {
			assert_int_equal(fx.w->info.drops[DROP_register_congested], ++dropped);
			continue;
		}
		assert_int_equal(fx.port[1].tx_n, ++sent);
		fx_bytes(fx.port[1].tx[sent - 1], got, sizeof(got));
		assert_int_equal(got[14 + IP4_TOS], 0xb8 | want[ecn][outer]);
		assert_int_equal(sum16(got + 14, 20), 0xffff);
	}
}

static void out_of_a_register_into_a_register_is_recursion(void **state)
{
	uint8_t p[400], inner[300];

	fx_register(1, 2, 1, IP_V4)->c.allow_input = 1;
	rx_at(in, p, wrap4(p, inner, fx_ip4(inner, 100), 8), 0);
	assert_only_drop(DROP_oif_recursion);
}

/* It did not come in there: the Register did. */
static void may_leave_on_the_interface_that_brought_it(void **state)
{
	uint8_t p[400], inner[300];

	fx_oif(1, 1);
	rx_at(in, p, wrap4(p, inner, fx_ip4(inner, 100), 8), 0);
	assert_int_equal(fx.port[0].tx_n, 1);
	assert_int_equal(fx_drops(), 0);
}

/* Registers, data and others mixed in one burst, so that each lane sees its own. */
static void bursts_may_mix_registers_and_data(void **state)
{
	static struct mfib_inputs inputs = {.n = 2,
		.v = {{.ifid = 1, .flags = DP_INPUT_ACCEPT},
			{.ifid = DP_IF_REGISTER, .flags = DP_INPUT_ACCEPT}}};
	uint8_t p[1500], inner[1500], got[2048];

	fx.routes[0].r->iif = 0;
	fx.routes[0].r->inputs = &inputs;
	for (unsigned i = 0; i < 60; i++) {
		unsigned len = 60 + i * 20, n = fx_ip4(inner, len);

		put_be16(inner + IP4_ID, (uint16_t)i);
		fx_ip4_seal(inner);
		if (i % 3 == 0)
			fx_rx(0, fx_frame(in, inner, n, ETH_TYPE_IP4, false, 0));
		else
			fx_rx(0, fx_frame(in, p, wrap4(p, inner, n, i % 3 == 1 ? 8 : 0),
					 ETH_TYPE_IP4, true, i % 5 == 0 ? 90 : 0));
	}
	fx_run();
	assert_int_equal(fx_drops(), 0);
	assert_int_equal(fx.port[1].tx_n, 60);
	for (unsigned i = 0; i < 60; i++) {
		unsigned len = 60 + i * 20;

		assert_int_equal(fx_bytes(fx.port[1].tx[i], got, sizeof(got)), 14 + len);
		fx_ip4(inner, len);
		put_be16(inner + IP4_ID, (uint16_t)i);
		inner[IP4_TTL] = 8;
		fx_ip4_seal(inner);
		assert_memory_equal(got + 14, inner, len);
	}
	fx.routes[0].r->inputs = NULL;
}

static void register_inside_gre_is_unwrapped_twice(void **state)
{
	uint8_t p[400], q[400], inner[300];
	unsigned n = wrap4(p, inner, fx_ip4(inner, 200), 8);

	fx_ip4(q, 28);
	memcpy(q + 24, p, n);
	put_be16(q + 20, 0);
	put_be16(q + 22, ETH_TYPE_IP4);
	put_be16(q + IP4_TOTAL, (uint16_t)(24 + n));
	q[IP4_PROTO] = IP_PROTO_GRE;
	store32(q + IP4_SRC, htonl(0x0a090002));
	store32(q + IP4_DST, htonl(0x0a090001));
	fx_ip4_seal(q);
	rx_at(in, q, 24 + n, 0);
	assert_forwarded(IP_V4, 1, 200);
	assert_int_equal(fx.registered.ifid, 5);
	rx_at(in, q, 24 + n, 100);
	assert_forwarded(IP_V4, 2, 200);
}

static void it_is_looked_up_in_the_table_of_the_interface_that_brought_it(void **state)
{
	struct pkt p = {.iif = DP_IF_REGISTER, .came_in = 1};

	in->c.table = 7;
	fx.demux.several_tables = true;
	assert_int_equal(fwd_table_of(&fx.t, &p), 7);
	assert_int_equal(pkt_interface(&p), 1);
	p.iif = 2;
	assert_int_equal(fwd_table_of(&fx.t, &p), DP_TABLE_MAIN);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, register_setup, own_teardown)
	const struct CMUnitTest tests[] = {
		T(packet_inside_is_forwarded_as_from_the_register_interface),
		T(control_hears_who_registered_what),
		T(checksum_over_the_whole_message_is_taken_too),
		T(ipv6_checksum_has_a_pseudo_header_that_says_8),
		T(wrong_checksum_is_dropped_unheard),
		T(shorter_than_its_header_is_dropped),
		T(empty_message_is_the_protocols),
		T(what_is_inside_must_be_whole),
		T(what_is_inside_must_be_data),
		T(ipv6_mld_and_other_scopes_are_no_data),
		T(fragments_inside_are_data_too),
		T(bytes_behind_the_packet_inside_are_cut),
		T(fragments_of_registers_are_dropped),
		T(null_registers_and_other_messages_are_the_protocols),
		T(registers_in_transit_and_without_pim_are_the_twins),
		T(a_route_that_does_not_take_registers_refuses_quietly),
		T(among_several_inputs_the_register_interface_counts),
		T(ttl_1_inside_is_not_forwarded),
		T(ecn_is_carried_over_and_dscp_kept),
		T(out_of_a_register_into_a_register_is_recursion),
		T(may_leave_on_the_interface_that_brought_it),
		T(bursts_may_mix_registers_and_data),
		T(register_inside_gre_is_unwrapped_twice),
		T(it_is_looked_up_in_the_table_of_the_interface_that_brought_it),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
