/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Signals to control: gates, token buckets, rings, and the wake-up. Time is invented where a gate is
 * asked directly.
 */
#include "fixture.h"

#include "dataplane/police.h"

#include <rte_ring_elem.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EPOCH (UINT64_C(1) << 50) /* when time is invented, it begins here */

/* A port whose buckets for upcalls have this rate. */
static struct police_port *port_at(struct dataplane *d, uint32_t rate)
{
	struct dp_police c = {.regular_ms = 0};
	struct police_port *p;

	c.kind[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)].rate = rate;
	c.kind[DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF)].rate = rate;
	assert_int_equal(police_set(d, 3, &c), 0);
	p = police_port(d->workers[0], 3);
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
		p->bucket[k].time = EPOCH;
	return p;
}

static void the_gate_is_closed_until_opened(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct upcall_gate *g = d->workers[0]->gate;
	struct police_port *p = port_at(d, 1000);
	uint64_t now = EPOCH;

	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_NOCACHE, 42, now), GATE_SEND);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_NOCACHE, 42, now), GATE_CLOSED);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_WRONGVIF, 42, now), GATE_SEND);
	upcall_gate_open(g, DP_UPCALL_NOCACHE, 42);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_NOCACHE, 42, now), GATE_SEND);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_WRONGVIF, 42, now), GATE_CLOSED);
	fixture_free(d);
}

static void the_gate_opens_by_itself_after_three_seconds(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct upcall_gate *g = d->workers[0]->gate;
	struct police_port *p = port_at(d, 1000);
	uint64_t now = EPOCH;

	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_DATA, 42, now), GATE_SEND);
	now += 3 * FIXTURE_HZ - 1;
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_DATA, 42, now), GATE_CLOSED);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_DATA, 42, now + 1), GATE_SEND);
	fixture_free(d);
}

static void a_verdict_that_comes_late_leaves_an_open_gate_open(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct upcall_gate *g = d->workers[0]->gate;
	struct police_port *p = port_at(d, 1000);

	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_REGISTER, 42, EPOCH), GATE_SEND);
	upcall_gate_open(g, DP_UPCALL_REGISTER, 42);
	upcall_gate_shorten(g, DP_UPCALL_REGISTER, 42);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_REGISTER, 42, EPOCH), GATE_SEND);
	fixture_free(d);
}

static void different_flows_do_not_close_each_others_gates(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct upcall_gate *g = d->workers[0]->gate;
	struct police_port *p = port_at(d, 1000);
	uint64_t now = EPOCH;

	for (uint64_t flow = 0; flow < 1000; flow++)
		assert_int_equal(
			upcall_gate_try(g, p, DP_UPCALL_NOCACHE, flow * 977, now), GATE_SEND);
	for (uint64_t flow = 0; flow < 1000; flow++)
		assert_int_equal(
			upcall_gate_try(g, p, DP_UPCALL_NOCACHE, flow * 977, now), GATE_CLOSED);
	fixture_free(d);
}

static unsigned sent(struct dataplane *d, struct police_port *p, enum dp_upcall_kind kind,
	unsigned n, uint64_t now)
{
	static uint64_t flow;
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		count += upcall_gate_try(d->workers[0]->gate, p, kind, ++flow * 0x9e3779b97f4a7c15u,
				 now) == GATE_SEND;
	return count;
}

static void the_bucket_bounds_unknown_flows(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct police_port *p = port_at(d, 100);
	uint64_t now = EPOCH;

	assert_int_equal(sent(d, p, DP_UPCALL_NOCACHE, 5000, now), 100);
	assert_int_equal(sent(d, p, DP_UPCALL_WRONGVIF, 5000, now), 100); /* a bucket of its own */
	assert_int_equal(sent(d, p, DP_UPCALL_NOCACHE, 5000, now + FIXTURE_HZ / 10), 10);
	assert_int_equal(sent(d, p, DP_UPCALL_DATA, 5000, now), 5000); /* asked for: not bounded */
	fixture_free(d);
}

static void a_policed_flow_is_not_gated(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct upcall_gate *g = d->workers[0]->gate;
	struct police_port *p = port_at(d, 1);
	uint64_t now = EPOCH;

	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_NOCACHE, 1, now), GATE_SEND);
	assert_int_equal(upcall_gate_try(g, p, DP_UPCALL_NOCACHE, 2, now), GATE_POLICED);
	assert_int_equal(
		upcall_gate_try(g, p, DP_UPCALL_NOCACHE, 2, now + 2 * FIXTURE_HZ), GATE_SEND);
	fixture_free(d);
}

/* --- through the rings -------------------------------------------------------------------------------- */

struct packet {
	uint8_t bytes[64];
	struct rte_mbuf m;
	struct pkt p;
};

static void packet_make(struct packet *x, const char *src, const char *grp, uint16_t iif)
{
	struct dp_route_key k = fixture_key(src, grp);
	unsigned bytes = ip_bytes(&k.src.addr);
	unsigned at = 14 + (bytes == 4 ? 12 : 8);

	memset(x, 0, sizeof(*x));
	x->m.buf_addr = x->bytes;
	x->p = (struct pkt){
		.m = &x->m, .iif = iif, .family = k.src.addr.family, .l3 = 14, .ip_len = 777};
	memcpy(x->bytes + at, k.src.addr.b, bytes);
	memcpy(x->bytes + at + bytes, k.grp.addr.b, bytes);
}

static void signal_it(struct dataplane *d, enum dp_upcall_kind kind, const char *src,
	const char *grp, uint16_t iif)
{
	struct packet x;

	packet_make(&x, src, grp, iif);
	upcall_signal(d->workers[0], kind, &x.p);
}

static void a_record_says_what_happened(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_upcall up[4];
	char buf[IP_STRLEN];

	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 5);
	signal_it(d, DP_UPCALL_WRONGVIF, "2001:db8::1", "ff3e::1", 6);
	assert_int_equal(upcall_recv(d, up, 4), 2);
	assert_int_equal(up[0].kind, DP_UPCALL_WRONGVIF); /* known routes first */
	assert_int_equal(up[0].ifid, 6);
	assert_string_equal(ip_str(&up[0].src, buf, sizeof(buf)), "2001:db8::1");
	assert_string_equal(ip_str(&up[0].grp, buf, sizeof(buf)), "ff3e::1");
	assert_int_equal(up[1].kind, DP_UPCALL_NOCACHE);
	assert_int_equal(up[1].ifid, 5);
	assert_int_equal(up[1].len, 777);
	assert_string_equal(ip_str(&up[1].src, buf, sizeof(buf)), "10.1.2.3");
	assert_string_equal(ip_str(&up[1].grp, buf, sizeof(buf)), "239.1.1.1");
	fixture_free(d);
}

static void one_signal_is_outstanding_until_control_is_done(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct worker *w = d->workers[0];
	struct dp_upcall up[4];

	for (int i = 0; i < 3; i++)
		signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 5);
	assert_int_equal(upcall_recv(d, up, 4), 1);
	assert_int_equal(w->info.upcalls[DP_UPCALL_NOCACHE], 1);
	assert_int_equal(w->info.upcalls_gated[DP_UPCALL_NOCACHE], 2);
	upcall_done(d, &up[0], DP_VERDICT_DISCARD);
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 5);
	assert_int_equal(upcall_recv(d, up + 1, 3), 0); /* nobody wants it: quiet for a while */
	upcall_done(d, &up[0], DP_VERDICT_RELEASE);
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 5);
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 6); /* another input */
	assert_int_equal(upcall_recv(d, up, 4), 2);
	fixture_free(d);
}

/* A Register with a packet of the flow from a router to one of our addresses, whose burst is looked up then. */
static bool register_it(struct dataplane *d, const char *outer_src, const char *outer_dst,
	const char *src, bool border, uint64_t now)
{
	struct packet x;
	struct ipaddr from, to;
	bool told;

	assert_int_equal(ip_parse(outer_src, &from), 0);
	assert_int_equal(ip_parse(outer_dst, &to), 0);
	packet_make(&x, src, from.family == IP_V4 ? "239.1.1.1" : "ff3e::1", 5);
	told = upcall_register(d->workers[0], &x.p, from.b, to.b, border, now);
	assert_int_equal(d->workers[0]->verdicts_wait, told);
	d->workers[0]->verdicts_wait = false;
	return told;
}

static void registers_of_a_flow_are_told_apart_by_their_own_addresses(void **state)
{
	static const struct {
		const char *from, *to, *src;
	} cases[] = {
		{"192.0.2.1", "10.0.0.1", "10.1.2.3"},
		{"192.0.2.2", "10.0.0.1", "10.1.2.3"},
		{"192.0.2.1", "10.0.0.2", "10.1.2.3"},
		{"192.0.2.1", "10.0.0.1", "10.1.2.4"},
		{"2001:db8::1", "2001:db8::2", "2001:db8::7"},
		{"2001:db8::3", "2001:db8::2", "2001:db8::7"},
	};
	struct dataplane *d = fixture_new(1, 10);
	const uint64_t now = rte_rdtsc(), later = now + rte_get_tsc_hz() / 8;
	struct dp_upcall up[16];
	char buf[IP_STRLEN];

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < RTE_DIM(cases); i++)
			register_it(d, cases[i].from, cases[i].to, cases[i].src, i == 1, now);
	assert_int_equal(upcall_recv(d, up, 16), RTE_DIM(cases)); /* the second ones are gated */
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		assert_int_equal(up[i].kind, DP_UPCALL_REGISTER);
		assert_int_equal(up[i].ifid, 5);
		assert_int_equal(up[i].border, i == 1);
		assert_string_equal(ip_str(&up[i].outer_src, buf, sizeof(buf)), cases[i].from);
		assert_string_equal(ip_str(&up[i].outer_dst, buf, sizeof(buf)), cases[i].to);
		assert_string_equal(ip_str(&up[i].src, buf, sizeof(buf)), cases[i].src);
	}
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		upcall_done(d, &up[i], DP_VERDICT_RELEASE);
		for (unsigned k = 0; k < RTE_DIM(cases); k++)
			register_it(d, cases[k].from, cases[k].to, cases[k].src, k == 1, now);
		assert_int_equal(
			upcall_recv(d, up + 10, 6), 0); /* a tenth of a second is not over */
		for (unsigned k = 0; k < RTE_DIM(cases); k++)
			register_it(d, cases[k].from, cases[k].to, cases[k].src, k == 1, later);
		assert_int_equal(upcall_recv(d, up + 10, 6), 1); /* that one alone */
		assert_string_equal(ip_str(&up[10].outer_src, buf, sizeof(buf)), cases[i].from);
		assert_string_equal(ip_str(&up[10].src, buf, sizeof(buf)), cases[i].src);
	}
	fixture_free(d);
}

/* Else what it lets go would not be on hold yet, and wait in vain. */
static void a_verdict_waits_until_the_register_has_been_looked_up(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	const uint64_t now = rte_rdtsc();
	struct dp_upcall up;

	assert_true(register_it(d, "192.0.2.1", "10.0.0.1", "10.1.2.3", false, now));
	assert_false(register_it(d, "192.0.2.1", "10.0.0.1", "10.1.2.3", false, now));
	assert_int_equal(upcall_recv(d, &up, 1), 1);
	upcall_done(d, &up, DP_VERDICT_RELEASE);
	d->workers[0]->verdicts_wait = true;
	upcall_commands(d->workers[0]);
	assert_int_equal(rte_ring_count(d->workers[0]->commands), 1);
	d->workers[0]->verdicts_wait = false;
	upcall_commands(d->workers[0]);
	assert_int_equal(rte_ring_count(d->workers[0]->commands), 0);
	fixture_free(d);
}

/* A burst of n packets without route of as many flows. */
static void burst_misses(struct dataplane *d, unsigned n)
{
	static struct packet x[BURST];
	struct pkt *v[BURST];

	for (unsigned i = 0; i < n; i++) {
		packet_make(&x[i], "10.1.2.3", "239.1.1.1", (uint16_t)(i + 1));
		v[i] = &x[i].p;
	}
	upcall_misses(d->workers[0], v, n);
	for (unsigned i = 0; i < n; i++)
		assert_true(v[i]->next == PKT_DROP && v[i]->reason == DROP_no_route);
}

/* All gates closed, bucket not empty: what asks them is bounded, what does not is counted all the same. */
static void a_flood_of_gated_flows_asks_few_gates(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct worker *w = d->workers[0];
	const struct dp_worker_info *i = &w->info;
	struct police_port *p;

	burst_misses(d, BURST);
	assert_int_equal(i->upcalls[DP_UPCALL_NOCACHE], BURST);
	p = police_port(w, w->b.port);
	p->look_end = UINT64_MAX; /* the millisecond lasts */
	for (unsigned n = 1; n < 100; n++)
		burst_misses(d, BURST);
	assert_int_equal(i->upcalls[DP_UPCALL_NOCACHE], BURST);
	assert_int_equal(i->upcalls_gated[DP_UPCALL_NOCACHE], 1024 - BURST);
	assert_int_equal(i->upcalls_policed[DP_UPCALL_NOCACHE], 100 * BURST - 1024);
	p->look_end = 0; /* the next one */
	burst_misses(d, BURST);
	assert_int_equal(i->upcalls_gated[DP_UPCALL_NOCACHE], 1024);
	fixture_free(d);
}

static void a_full_ring_loses_the_signal_and_leaves_the_gate_open(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct worker *w = d->workers[0];
	struct dp_upcall up[64] = {0};

	while (rte_ring_enqueue_elem(w->upcalls[DP_UPCALL_DATA], up, sizeof(up[0])) == 0)
		;
	signal_it(d, DP_UPCALL_DATA, "10.1.2.3", "239.1.1.1", 5);
	assert_int_equal(w->info.upcalls_lost[DP_UPCALL_DATA], 1);
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 5); /* another ring */
	assert_int_equal(w->info.upcalls[DP_UPCALL_NOCACHE], 1);
	assert_int_equal(upcall_recv(d, up, 64), 64);
	signal_it(d, DP_UPCALL_DATA, "10.1.2.3", "239.1.1.1", 5);
	assert_int_equal(w->info.upcalls[DP_UPCALL_DATA], 1);
	fixture_free(d);
}

/* --- the wake-up -------------------------------------------------------------------------------------------- */

static uint64_t events(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void control_is_woken_once_a_sleep(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct burst b = {.n = 0};
	struct dp_upcall up[4];
	int fd = eventfd(0, EFD_NONBLOCK);

	d->conf.wake_fd = fd;
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 1);
	stage_punt(d->workers[0], &b);
	assert_int_equal(events(fd), 0);                 /* nobody sleeps */
	assert_false(dataplane_control_sleeps(d, true)); /* something waits */
	assert_int_equal(upcall_recv(d, up, 4), 1);
	assert_true(dataplane_control_sleeps(d, true));
	stage_punt(d->workers[0], &b); /* nothing new */
	assert_int_equal(events(fd), 0);
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 2);
	stage_punt(d->workers[0], &b);
	signal_it(d, DP_UPCALL_NOCACHE, "10.1.2.3", "239.1.1.1", 3);
	stage_punt(d->workers[0], &b);
	assert_int_equal(events(fd), 1);
	dataplane_control_sleeps(d, false);
	fixture_free(d);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gate_is_closed_until_opened),
		cmocka_unit_test(the_gate_opens_by_itself_after_three_seconds),
		cmocka_unit_test(a_verdict_that_comes_late_leaves_an_open_gate_open),
		cmocka_unit_test(different_flows_do_not_close_each_others_gates),
		cmocka_unit_test(the_bucket_bounds_unknown_flows),
		cmocka_unit_test(a_policed_flow_is_not_gated),
		cmocka_unit_test(a_record_says_what_happened),
		cmocka_unit_test(one_signal_is_outstanding_until_control_is_done),
		cmocka_unit_test(registers_of_a_flow_are_told_apart_by_their_own_addresses),
		cmocka_unit_test(a_verdict_waits_until_the_register_has_been_looked_up),
		cmocka_unit_test(a_full_ring_loses_the_signal_and_leaves_the_gate_open),
		cmocka_unit_test(a_flood_of_gated_flows_asks_few_gates),
		cmocka_unit_test(control_is_woken_once_a_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
