/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Make before break in the data plane: each packet that two paths bring is forwarded once. Packets and time are
 * invented. No EAL.
 */
#include "dataplane/hdr/ip4.h"
#include "dataplane/hdr/ip6.h"
#include "dataplane/moving.h"
#include "dataplane/prints.h"
#include "dataplane/tables.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define HZ 2000000000ull
#define US (HZ / 1000000)
#define MS (HZ / 1000)
#define OLD 3
#define NEXT 7
#define PACKETS 4096u
#define PAYLOAD 100

struct world {
	struct worker w;
	struct fwd_tables t;
	struct mfib_inputs in;
	struct mfib_route r;
	uint64_t now, used;                  /* used: before a move */
	unsigned sent[PACKETS], told, order; /* order: packets that came behind a later one */
	uint32_t top;
	bool like; /* all packets are the same */
	uint8_t family, ttl, mac;
};

static void world_begin(struct world *x, uint16_t old, uint16_t next)
{
	x->in = (struct mfib_inputs){.n = 1};
	if (old != next)
		x->in.v[x->in.n++] = (struct dp_input){.ifid = old, .flags = DP_INPUT_ACCEPT};
	x->in.v[0] = (struct dp_input){
		.ifid = next, .flags = DP_INPUT_ACCEPT | DP_INPUT_SIGNAL, .role = DP_ROLE_NEXT};
	assert_int_equal(moving_begin(&x->t, &x->in, NULL, x->used), 0);
}

static int setup(void **state)
{
	struct world *x = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*x));

	assert_non_null(x);
	memset(x, 0, sizeof(*x));
	x->t.prints = prints_new(HZ, DP_MOVE_MS);
	assert_non_null(x->t.prints);
	for (int i = 0; i < 4; i++)
		x->t.seed[i] = 0x9e3779b97f4a7c15ull * (unsigned)(i + 1);
	x->w.t = &x->t;
	x->r.inputs = &x->in;
	x->now = HZ * 5000;
	x->family = IP_V4;
	x->ttl = 9;
	world_begin(x, OLD, NEXT);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct world *x = *state;

	moving_end(x->in.move);
	prints_free(x->t.prints);
	free(x);
	return 0;
}

/* Ethernet, IP and UDP of packet number n; the length. */
static unsigned make(const struct world *x, uint8_t *b, uint32_t n)
{
	unsigned ip = x->family == IP_V4 ? IP4_LEN : IP6_LEN, len = ip + 8 + PAYLOAD;
	uint8_t *h = b + 14;

	memset(b, 0, 14 + len);
	b[11] = x->mac;
	if (x->family == IP_V4) {
		h[0] = 0x45;
		put_be16(h + IP4_TOTAL, (uint16_t)len);
		h[IP4_TTL] = x->ttl;
		h[IP4_PROTO] = IP_PROTO_UDP;
		h[IP4_CSUM] = (uint8_t)(0x33 - x->ttl);
		memcpy(h + IP4_SRC, (uint8_t[]){10, 0, 0, 1, 239, 1, 1, 1}, 8);
	} else {
		h[0] = 0x60;
		put_be16(h + IP6_PAYLOAD, (uint16_t)(len - ip));
		h[IP6_NEXT] = IP_PROTO_UDP;
		h[IP6_HOPS] = x->ttl;
		h[IP6_SRC + 15] = 1;
		h[IP6_DST] = 0xff;
	}
	put_be16(h + ip + 4, 8 + PAYLOAD);
	if (!x->like)
		memcpy(h + ip + 8 + PAYLOAD - sizeof(n), &n, sizeof(n));
	return len;
}

/* Packet number n comes by an input; whether it is forwarded. */
static bool comes(struct world *x, uint16_t ifid, uint32_t n)
{
	uint8_t b[256];
	unsigned len = make(x, b, n);
	struct rte_mbuf m = {.buf_addr = b, .nb_segs = 1};
	struct pkt p = {.m = &m,
		.iif = ifid,
		.ip_len = (uint16_t)len,
		.family = x->family,
		.ttl = x->ttl,
		.l3 = 14,
		.route = &x->r};
	bool tell = ifid == NEXT, takes;

	m.data_len = (uint16_t)(14 + len);
	m.pkt_len = m.data_len;
	takes = moving_takes(&x->w, &p, x->now, &tell);
	x->told += tell;
	if (!takes)
		return false;
	x->sent[n]++;
	x->order += n < x->top;
	x->top = RTE_MAX(x->top, n);
	return true;
}

/* Packets first .. end-1 of a stream, one each `gap` us, are due old_us and next_us after that on the two paths; the
 * next one begins with from, the old one ends when control has been told. */
static void stream(struct world *x, uint32_t first, uint32_t end, uint32_t from, uint64_t gap,
	uint64_t old_us, uint64_t next_us)
{
	uint64_t began = x->now;
	uint32_t old = first, next = from;

	while (old < end || next < end) {
		uint64_t old_due = old < end ? (old - first) * gap + old_us : UINT64_MAX;
		uint64_t next_due = next < end ? (next - first) * gap + next_us : UINT64_MAX;

		x->now = began + RTE_MIN(old_due, next_due) * US;
		if (next_due < old_due)
			comes(x, NEXT, next++);
		else if (x->told)
			old = end;
		else
			comes(x, OLD, old++);
	}
}

static void assert_each_once(const struct world *x, uint32_t end)
{
	for (uint32_t n = 0; n < end; n++)
		if (x->sent[n] != 1)
			fail_msg("packet %u: %u times", n, x->sent[n]);
}

static void a_slower_path_takes_over_and_each_packet_is_sent_once_in_order(void **state)
{
	struct world *x = *state;

	stream(x, 0, 4000, 500, 10, 0, 3000);
	assert_each_once(x, 4000);
	assert_true(x->told > 0);
	assert_int_equal(x->order, 0);
}

static void a_faster_path_takes_over_and_each_packet_is_sent_once(void **state)
{
	struct world *x = *state;

	stream(x, 0, 4000, 500, 10, 3000, 0);
	assert_each_once(x, 4000);
	assert_true(x->told > 0);
}

static void a_slow_stream_loses_nothing_either(void **state)
{
	struct world *x = *state;

	stream(x, 0, 40, 5, 900000, 20000, 0);
	assert_each_once(x, 40);
	moving_end(x->in.move);
	world_begin(x, OLD, NEXT);
	x->told = 0;
	memset(x->sent, 0, sizeof(x->sent));
	stream(x, 0, 40, 5, 900000, 0, 20000);
	assert_each_once(x, 40);
}

static void a_path_that_was_flowing_already_brings_nothing_twice(void **state)
{
	struct world *x = *state;

	/* the next path has what was forwarded before anybody looked */
	for (uint32_t n = 0; n < 200; n++) {
		x->now += 100 * US;
		comes(x, OLD, 1000 + n);
		assert_false(comes(x, NEXT, 800 + n));
	}
	for (uint32_t n = 200; n < 1000; n++) {
		x->now += 100 * US;
		if (!x->told)
			comes(x, OLD, 1000 + n);
		comes(x, NEXT, 800 + n);
	}
	for (uint32_t n = 1000; n < 1800; n++)
		assert_int_equal(x->sent[n], 1);
}

static void paths_as_fast_as_each_other_in_any_order(void **state)
{
	struct world *x = *state;
	uint32_t end = 3000;

	for (uint32_t n = 0; n < end; n++) {
		x->now += 50 * US;
		if (n % 3 == 0 && n > 100)
			comes(x, NEXT, n);
		if (!x->told)
			comes(x, OLD, n);
		if (n % 3 && n > 100)
			comes(x, NEXT, n);
	}
	assert_each_once(x, end);
}

static void an_old_path_that_is_silent_is_not_waited_for(void **state)
{
	struct world *x = *state;
	uint32_t lost = 0;

	for (uint32_t n = 0; n < 2000; n++) {
		x->now += 100 * US;
		lost += !comes(x, NEXT, n);
	}
	assert_int_equal(lost, 100); /* 10 ms of them */
	assert_int_equal(x->told, 0);
	/* and if it lives after all, what it has is taken */
	assert_true(comes(x, OLD, 5));
	assert_true(comes(x, OLD, 2001));
	assert_false(comes(x, NEXT, 2001));
}

/* The next path, 50 ms slower, brings what was forwarded before the move, and the source pauses. */
static void what_a_slower_path_has_under_way_is_not_new_when_the_source_pauses(void **state)
{
	struct world *x = *state;

	moving_end(x->in.move);
	x->used = x->now;
	world_begin(x, OLD, NEXT);
	for (uint32_t n = 0; n < 500; n++) {
		x->now += 100 * US;
		assert_false(comes(x, NEXT, n));
	}
	for (uint32_t n = 500; n < 2000; n++) {
		x->now += 100 * US;
		if (n < 1500)
			comes(x, OLD, n);
		if (n >= 1000)
			comes(x, NEXT, n - 500);
	}
	for (uint32_t n = 0; n < 1500; n++)
		assert_int_equal(x->sent[n], n >= 500);
}

static void an_old_path_that_dies_as_the_move_begins_is_waited_for_a_moment(void **state)
{
	struct world *x = *state;
	uint32_t lost = 0;

	moving_end(x->in.move);
	x->used = x->now;
	world_begin(x, OLD, NEXT);
	for (uint32_t n = 0; n < 1000; n++) {
		x->now += MS;
		lost += !comes(x, NEXT, n);
	}
	assert_in_range(lost, 298, 300);
}

static void paths_that_bring_other_bytes_change_after_a_second(void **state)
{
	struct world *x = *state;

	for (uint32_t n = 0; n < 1000; n++) {
		x->now += MS;
		assert_true(comes(x, OLD, n));
		assert_false(comes(x, NEXT, 2000 + n));
	}
	x->now += MS;
	assert_true(comes(x, NEXT, 3500));
	assert_int_equal(x->told, 1);
	assert_false(comes(x, OLD, 1500));
}

static void packets_that_are_all_alike_are_taken_from_one_path_and_it_changes_soon(void **state)
{
	struct world *x = *state;
	unsigned taken = 0;

	x->like = true;
	for (int n = 0; n < 100; n++) {
		x->now += 100 * US;
		assert_true(comes(x, OLD, 1));
	}
	for (int n = 0; n < 300; n++) {
		x->now += 100 * US;
		taken += comes(x, OLD, 1);
		taken += comes(x, NEXT, 1);
	}
	assert_in_range(taken, 299, 301);
	assert_true(x->told > 0);
	assert_false(comes(x, OLD, 1));
	assert_true(comes(x, NEXT, 1));
}

static void a_packet_repeated_now_and_then_is_not_lost(void **state)
{
	struct world *x = *state;
	unsigned beats = 0;

	for (uint32_t n = 1; n < 2000; n++) {
		x->now += 100 * US;
		if (!x->told) {
			comes(x, OLD, n);
			beats += n % 50 == 0 && comes(x, OLD, 0);
		}
		if (n > 200) {
			comes(x, NEXT, n);
			beats += n % 50 == 0 && comes(x, NEXT, 0);
		}
	}
	for (uint32_t n = 1; n < 2000; n++)
		assert_int_equal(x->sent[n], 1);
	assert_in_range(beats, 39, 40);
}

static void what_changes_on_the_way_does_not_make_another_packet(void **state)
{
	struct world *x = *state;

	for (x->family = IP_V4; x->family <= IP_V6; x->family = (uint8_t)(x->family + 2)) {
		moving_end(x->in.move);
		world_begin(x, OLD, NEXT);
		for (uint32_t n = 0; n < 2; n++) {
			x->ttl = 9;
			assert_true(comes(x, OLD, n));
			x->ttl = 7;
			assert_false(comes(x, NEXT, n));
		}
		assert_true(comes(x, NEXT, 2)); /* two have been seen on both */
	}
}

static void a_copy_whose_ttl_has_run_out_does_not_take_the_other_ones_place(void **state)
{
	struct world *x = *state;

	x->ttl = 1;
	assert_true(comes(x, OLD, 0)); /* and is dropped for its TTL */
	x->ttl = 9;
	assert_true(comes(x, NEXT, 0));
}

/* Prints of packets `from` on, all of which one path brings before the other does; how many are forgotten meanwhile. */
static unsigned forgotten(struct world *x, uint64_t from, unsigned n)
{
	unsigned lost = 0;

	for (uint64_t i = from; i < from + n; i++)
		prints_meet(
			x->t.prints, mfib_mix(i, 0x9e3779b97f4a7c15ull), PRINTS_OLD, true, x->now);
	for (uint64_t i = from; i < from + n; i++)
		lost += prints_meet(x->t.prints, mfib_mix(i, 0x9e3779b97f4a7c15ull), PRINTS_NEXT,
				false, x->now) == PRINTS_FIRST;
	return lost;
}

static void prints_of_long_ago_make_room_whatever_the_time(void **state)
{
	struct world *x = *state;

	for (unsigned s = 2; s < 1200; s += 99) {
		forgotten(x, s * 10000000ull, 1000000); /* more than there is room for */
		x->now += s * HZ;
		assert_int_equal(forgotten(x, s * 10000000ull + 5000000, 20000), 0);
		x->now += 2 * HZ;
	}
}

static void two_neighbours_on_one_interface_are_told_by_their_addresses(void **state)
{
	struct world *x = *state;

	moving_end(x->in.move);
	world_begin(x, NEXT, NEXT);
	for (uint32_t n = 0; n < 1000; n++) {
		x->now += 100 * US;
		x->mac = 1;
		if (n < 600)
			comes(x, NEXT, n);
		x->mac = 2;
		if (n >= 500)
			comes(x, NEXT, n);
	}
	assert_each_once(x, 1000);
	assert_true(x->told > 0);
}

static void a_route_that_changes_while_it_moves_goes_on_moving(void **state)
{
	struct world *x = *state;
	struct mfib_inputs again = x->in;

	for (uint32_t i = 0; i < again.n; i++)
		again.v[i].flags &= DP_INPUT_ACCEPT;
	assert_int_equal(moving_begin(&x->t, &again, x->in.move, 0), 0);
	assert_ptr_equal(again.move, x->in.move);
	moving_end(again.move);
	again.v[1].ifid = 9;
	assert_int_equal(moving_begin(&x->t, &again, x->in.move, 0), 0);
	assert_ptr_not_equal(again.move, x->in.move);
	moving_end(again.move);
}

#define ROUNDS 50u
#define MEETINGS 20000u /* few enough for none to make room for another */

/* Brings all packets by one path, both paths in use; how many are forwarded. */
struct bringer {
	struct prints **pr;
	pthread_barrier_t *start;
	unsigned path, sent;
};

static void *bring(void *arg)
{
	struct bringer *b = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(b->start);
		for (uint64_t n = 1; n <= MEETINGS; n++)
			b->sent += prints_meet(b->pr[i], n * 0x9e3779b97f4a7c15ull, b->path, true,
					   HZ) == PRINTS_FIRST;
	}
	return NULL;
}

static void workers_that_bring_the_same_packet_at_once_send_it_once(void **state)
{
	struct prints *pr[ROUNDS];
	pthread_barrier_t start;
	struct bringer old = {.pr = pr, .start = &start, .path = PRINTS_OLD};
	struct bringer next = {.pr = pr, .start = &start, .path = PRINTS_NEXT};
	pthread_t thread;

	for (unsigned i = 0; i < ROUNDS; i++) {
		pr[i] = prints_new(HZ, DP_MOVE_MS);
		assert_non_null(pr[i]);
	}
	assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, bring, &old), 0);
	bring(&next);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_barrier_destroy(&start);
	for (unsigned i = 0; i < ROUNDS; i++)
		prints_free(pr[i]);
	assert_int_equal(old.sent + next.sent, ROUNDS * MEETINGS);
	assert_true(old.sent > 0 && next.sent > 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_slower_path_takes_over_and_each_packet_is_sent_once_in_order),
		T(a_faster_path_takes_over_and_each_packet_is_sent_once),
		T(a_slow_stream_loses_nothing_either),
		T(a_path_that_was_flowing_already_brings_nothing_twice),
		T(paths_as_fast_as_each_other_in_any_order),
		T(an_old_path_that_is_silent_is_not_waited_for),
		T(what_a_slower_path_has_under_way_is_not_new_when_the_source_pauses),
		T(an_old_path_that_dies_as_the_move_begins_is_waited_for_a_moment),
		T(paths_that_bring_other_bytes_change_after_a_second),
		T(packets_that_are_all_alike_are_taken_from_one_path_and_it_changes_soon),
		T(a_packet_repeated_now_and_then_is_not_lost),
		T(what_changes_on_the_way_does_not_make_another_packet),
		T(a_copy_whose_ttl_has_run_out_does_not_take_the_other_ones_place),
		T(prints_of_long_ago_make_room_whatever_the_time),
		T(two_neighbours_on_one_interface_are_told_by_their_addresses),
		T(workers_that_bring_the_same_packet_at_once_send_it_once),
		T(a_route_that_changes_while_it_moves_goes_on_moving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
