/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Registers and GRE packets that are unwrapped as they are classified: what comes of them, and all that is counted
 * and told, is what decap.c and register.c make of the same packets. A packet in two buffers is theirs.
 */
#include "own.h"

#define DR 0xc0000207
#define KEYED 6 /* the tunnel with key 7 */

static int unwrap_setup(void **state)
{
	struct fwd_if *keyed;

	if (own_setup(state))
		return -1;
	in->c.proto = DP_PROTO_PIM;
	fx.routes[0].r->iif = DP_IF_REGISTER;
	keyed = fx_tunnel(KEYED, 1);
	keyed->c.gre.has_key = 1;
	keyed->c.gre.key = 7;
	fx_tunnel_ready(keyed);
	return 0;
}

/* --- packets ------------------------------------------------------------------------------------------ */

static void outer4(uint8_t *p, uint32_t src, uint32_t dst, uint8_t proto, unsigned len)
{
	memset(p, 0, IP4_LEN);
	p[0] = 0x45;
	put_be16(p + IP4_TOTAL, (uint16_t)len);
	p[IP4_TTL] = 33;
	p[IP4_PROTO] = proto;
	store32(p + IP4_SRC, htonl(src));
	store32(p + IP4_DST, htonl(dst));
	fx_ip4_seal(p);
}

enum wrap { REGISTER, GRE, GRE_KEYED, WRAPS };

static unsigned head_of(enum wrap how)
{
	static const uint8_t head[WRAPS] = {28, 24, 28};

	return head[how];
}

/* fx_ip4 of n bytes in one of them. */
static unsigned wrap(uint8_t *p, enum wrap how, unsigned n)
{
	static const uint8_t behind[WRAPS][8] = {
		[REGISTER] = {0x21, 0, 0xde, 0xff},
		[GRE] = {0, 0, 8, 0},
		[GRE_KEYED] = {0x20, 0, 8, 0, 0, 0, 0, 7},
	};
	unsigned head = head_of(how);

	fx_ip4(p + head, n);
	memcpy(p + IP4_LEN, behind[how], head - IP4_LEN);
	if (how == REGISTER)
		outer4(p, DR, US, 103, head + n);
	else
		outer4(p, 0x0a090002, 0x0a090001, 47, head + n);
	return head + n;
}

/* --- what comes of them ------------------------------------------------------------------------------- */

struct outcome {
	unsigned sent, len, punted;
	uint8_t bytes[2048];
	uint64_t drops[DROP_COUNT], decaps, registers;
	struct if_counters_lcore ifs[KEYED + 1];
	struct route_counters route;
	unsigned upcalls[DP_UPCALL_KINDS];
	struct dp_upcall registered;
};

static void forget(void)
{
	for (unsigned i = 0; i < fx.port[1].tx_n; i++)
		rte_pktmbuf_free(fx.port[1].tx[i]);
	for (unsigned i = 0; i < fx.n_punted; i++)
		rte_pktmbuf_free(fx.punted[i]);
	fx.port[0].rx_at = fx.port[0].rx_n = fx.port[1].tx_n = fx.n_punted = 0;
	memset(fx.upcalls, 0, sizeof(fx.upcalls));
	memset(&fx.registered, 0, sizeof(fx.registered));
	memset(&fx.w->info, 0, sizeof(fx.w->info));
	memset(fx.w->if_ctr, 0, (KEYED + 1) * sizeof(*fx.w->if_ctr));
	memset(fx.w->route_ctr, 0, sizeof(*fx.w->route_ctr));
}

/* Of one packet, in buffers of at most seg bytes (0: in one). */
static void outcome_of(struct outcome *o, const uint8_t *ip, unsigned n, unsigned seg)
{
	memset(o, 0, sizeof(*o));
	fx_rx(0, fx_frame(in, ip, n, ETH_TYPE_IP4, true, seg));
	fx_run();
	o->sent = fx.port[1].tx_n;
	o->punted = fx.n_punted;
	if (o->sent)
		o->len = fx_bytes(fx.port[1].tx[0], o->bytes, sizeof(o->bytes));
	if (o->punted)
		o->len = fx_bytes(fx.punted[0], o->bytes, sizeof(o->bytes));
	memcpy(o->drops, fx.w->info.drops, sizeof(o->drops));
	o->decaps = fx.w->info.packets[DP_STAGE_DECAP];
	o->registers = fx.w->info.registers_received;
	memcpy(o->ifs, fx.w->if_ctr, sizeof(o->ifs));
	o->route = fx.w->route_ctr[0];
	o->route.last_tsc = 0;
	memcpy(o->upcalls, fx.upcalls, sizeof(o->upcalls));
	o->registered = fx.registered;
	forget();
}

/* True if it was sent on. */
static bool assert_same(const uint8_t *ip, unsigned n)
{
	struct outcome one, two;

	outcome_of(&one, ip, n, 0);
	outcome_of(&two, ip, n, ETH_LEN + n - 1);
	assert_memory_equal(&one, &two, sizeof(one));
	return one.sent > 0;
}

static uint16_t input_of(enum wrap how)
{
	static const uint16_t ifid[WRAPS] = {DP_IF_REGISTER, 5, KEYED};

	return ifid[how];
}

static void what_is_sound_goes_on(void **state)
{
	uint8_t p[400];

	for (enum wrap how = REGISTER; how < WRAPS; how++) {
		fx.routes[0].r->iif = input_of(how);
		for (unsigned n = 28; n < 300; n++)
			assert_true(assert_same(p, wrap(p, how, n)));
	}
}

/* A fixed sequence of numbers. */
static unsigned next_number(void)
{
	static uint64_t x = 1;

	x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(x >> 33);
}

/* Changes up to three bytes of the headers of a packet of n bytes; sums are right again, or perhaps not. Its new
 * length: some lose their end, some get padding. */
static unsigned spoil(uint8_t *p, enum wrap how, unsigned n)
{
	static const uint8_t likely[] = {0, 1, 0x45, 0x46, 0x80, 0x40, 0x21, 224, 127, 2, 47, 103};
	unsigned inner = head_of(how), changes = next_number() % 4, r = next_number();

	for (unsigned i = 0; i < changes; i++)
		p[next_number() % (inner + IP4_LEN)] =
			next_number() % 2 ? likely[next_number() % sizeof(likely)]
					  : (uint8_t)next_number();
	if (r % 4)
		fx_ip4_seal(p + inner);
	if (r / 4 % 4)
		fx_ip4_seal(p);
	memset(p + n, 0xa5, 8);
	if (r / 16 % 8 == 0)
		return n - r / 128 % n;
	return n + (r / 16 % 8 == 1 ? 8 : 0);
}

static void whatever_is_changed_they_agree(void **state)
{
	unsigned sent = 0, runs = 30000;
	uint8_t p[400];

	for (unsigned i = 0; i < runs; i++) {
		enum wrap how = (enum wrap)(i % WRAPS);

		fx.routes[0].r->iif = input_of(how);
		sent += assert_same(p, spoil(p, how, wrap(p, how, 60 + i % 7)));
	}
	assert_in_range(sent, runs / 5, runs * 4 / 5);
}

static void ecn_of_both_headers_agrees(void **state)
{
	uint8_t p[400];

	for (enum wrap how = REGISTER; how < WRAPS; how++) {
		fx.routes[0].r->iif = input_of(how);
		for (unsigned i = 0; i < 16; i++) {
			unsigned n = wrap(p, how, 60);

			p[IP4_TOS] = (uint8_t)(0xb8 | i % 4);
			p[head_of(how) + IP4_TOS] = (uint8_t)(0x28 | i / 4);
			fx_ip4_seal(p);
			fx_ip4_seal(p + head_of(how));
			assert_same(p, n);
		}
	}
}

static void a_uniform_tunnel_keeps_the_outer_dscp(void **state)
{
	uint8_t p[400], got[400];
	unsigned n = wrap(p, GRE, 60);

	fx.routes[0].r->iif = 5;
	tun->c.gre.decap_dscp_copy = 1;
	p[IP4_TOS] = 0xb8;
	fx_ip4_seal(p);
	rx(in, p, n, true);
	fx_bytes(fx.port[1].tx[0], got, sizeof(got));
	assert_int_equal(got[ETH_LEN + IP4_TOS], 0xb8);
}

static void a_tunnel_or_interface_that_is_down_takes_nothing(void **state)
{
	uint8_t p[400];

	fx.routes[0].r->iif = 5;
	tun->c.up = 0;
	assert_false(assert_same(p, wrap(p, GRE, 60)));
	fx.routes[0].r->iif = DP_IF_REGISTER;
	in->c.proto = 0;
	assert_false(assert_same(p, wrap(p, REGISTER, 60)));
	in->c.up = 0;
	assert_false(assert_same(p, wrap(p, REGISTER, 60)));
}

static void frames_for_another_mac_are_not_unwrapped(void **state)
{
	uint8_t p[400];
	struct rte_mbuf *m = fx_frame(in, p, wrap(p, REGISTER, 60), ETH_TYPE_IP4, true, 0);

	rte_pktmbuf_mtod(m, uint8_t *)[5] ^= 1;
	fx_rx(0, m);
	fx_run();
	assert_only_drop(DROP_eth_not_ours);
}

/* The first one's header is known when the second one comes, which ends in it. */
static void a_packet_that_ends_in_gre_is_refused_behind_a_sound_one(void **state)
{
	uint8_t p[400];
	unsigned n = wrap(p, GRE_KEYED, 60);

	fx.routes[0].r->iif = KEYED;
	memmove(p + 32, p + 28, 60);
	p[20] = 0x30; /* with a sequence number */
	outer4(p, 0x0a090002, 0x0a090001, 47, n + 4);
	fx_rx(0, fx_frame(in, p, n + 4, ETH_TYPE_IP4, true, 0));
	outer4(p, 0x0a090002, 0x0a090001, 47, 28);
	fx_rx(0, fx_frame(in, p, n + 4, ETH_TYPE_IP4, true, 0));
	fx_run();
	assert_int_equal(fx.port[1].tx_n, 1);
	assert_int_equal(fx.w->info.drops[DROP_gre_truncated], 1);
	assert_int_equal(fx_drops(), 1);
}

/* --- bursts ------------------------------------------------------------------------------------------- */

/* The payload of what was sent numbers the packets. */
static void assert_in_order(unsigned count)
{
	uint8_t got[400];

	assert_int_equal(fx.port[1].tx_n, count);
	for (unsigned i = 0; i < count; i++) {
		fx_bytes(fx.port[1].tx[i], got, sizeof(got));
		assert_int_equal(got[ETH_LEN + 40], i);
		assert_memory_equal(got, ((uint8_t[]){1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 1}), 12);
		assert_int_equal(got[ETH_LEN + IP4_TTL], 8);
	}
}

static void rx_numbered(enum wrap how, unsigned number)
{
	uint8_t p[400];
	unsigned n = how < WRAPS ? wrap(p, how, 60) : fx_ip4(p, 60);

	p[(how < WRAPS ? head_of(how) : 0) + 40] = (uint8_t)number;
	fx_rx(0, fx_frame(in, p, n, ETH_TYPE_IP4, how < WRAPS, 0));
}

static void a_burst_of_one_kind_goes_in_order(void **state)
{
	for (enum wrap how = REGISTER; how < WRAPS; how++) {
		fx.routes[0].r->iif = input_of(how);
		for (unsigned i = 0; i < BURST; i++)
			rx_numbered(how, i);
		fx_run();
		assert_in_order(BURST);
		assert_int_equal(fx.upcalls[DP_UPCALL_REGISTER], how == REGISTER ? BURST : 0);
		assert_int_equal(fx.w->route_ctr[0].packets, BURST);
		forget();
	}
}

/* The route takes what comes in by any of these ways, the last of which is plain. */
static struct mfib_inputs *all_inputs(void)
{
	struct mfib_inputs *v = calloc(1, sizeof(*v));

	assert_non_null(v);
	v->n = WRAPS + 1;
	for (unsigned i = 0; i <= WRAPS; i++)
		v->v[i] = (struct dp_input){.ifid = i < WRAPS ? input_of((enum wrap)i) : in->c.id,
			.flags = DP_INPUT_ACCEPT};
	return v;
}

/* Bursts of the first n kinds, one after the other as chance has it. */
static void bursts_of(unsigned n_kinds)
{
	for (unsigned turn = 0; turn < 20; turn++) {
		for (unsigned i = 0; i < BURST; i++)
			rx_numbered((enum wrap)(next_number() / 8 % n_kinds), i);
		fx_run();
		assert_in_order(BURST);
		assert_int_equal(fx.w->if_ctr[1].rx_packets, BURST);
		assert_int_equal(fx.w->info.registers_received, fx.upcalls[DP_UPCALL_REGISTER]);
		forget();
	}
}

static void a_burst_of_all_kinds_goes_in_order(void **state)
{
	struct mfib_inputs *inputs = all_inputs();

	fx.routes[0].r->iif = 0;
	fx.routes[0].r->inputs = inputs;
	bursts_of(WRAPS);
	bursts_of(WRAPS + 1);
	fx.routes[0].r->inputs = NULL;
	free(inputs);
}

#define T(name) cmocka_unit_test_setup_teardown(name, unwrap_setup, own_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_sound_goes_on),
		T(whatever_is_changed_they_agree),
		T(ecn_of_both_headers_agrees),
		T(a_uniform_tunnel_keeps_the_outer_dscp),
		T(a_tunnel_or_interface_that_is_down_takes_nothing),
		T(frames_for_another_mac_are_not_unwrapped),
		T(a_packet_that_ends_in_gre_is_refused_behind_a_sound_one),
		T(a_burst_of_one_kind_goes_in_order),
		T(a_burst_of_all_kinds_goes_in_order),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
