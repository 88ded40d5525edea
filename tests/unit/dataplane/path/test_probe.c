/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Probes on a worker: which records it writes of the packets of a flow, that nothing else changes, and what
 * is counted when records come faster than they are taken.
 */
#include "output.h"

#include "dataplane/hold.h"
#include "dataplane/tables.h"

#include <rte_cycles.h>
#include <stdlib.h>

static struct dataplane d;
static uint32_t id;
static struct dp_probe_record *rec;

static int probe_setup(void **state)
{
	int rc = setup(state);

	memset(&d, 0, sizeof(d));
	d.n_workers = 1;
	d.conf.wake_fd = -1;
	fx.w->d = &d;
	rec = malloc(dp_probe_record_size(DP_PROBE_SNAP_MAX));
	return rec && retire_init(&d.retire, 1, &d) == 0 ? rc : -1;
}

static int probe_teardown(void **state)
{
	probe_fini(&d);
	retire_fini(&d.retire);
	free(rec);
	return fx_teardown(state);
}

/* What probe_set and probe_clear have published. */
static void take_over(void)
{
	atomic_store(&fx.t.probes, atomic_load(&d.t.probes));
}

static struct dp_probe any_flow(void)
{
	return (struct dp_probe){.snaplen = 128, .what = DP_PROBE_INPUT | DP_PROBE_OUTPUT};
}

static void arm(const struct dp_probe *c)
{
	assert_int_equal(probe_set(&d, c, &id), 0);
	take_over();
}

static const struct dp_probe_record *next_of(enum dp_probe_kind kind)
{
	assert_int_equal(probe_recv(&d, id, rec), 1);
	assert_int_equal(rec->kind, kind);
	return rec;
}

static void none_left(void)
{
	assert_int_equal(probe_recv(&d, id, rec), 0);
}

static uint64_t lost(void)
{
	struct dp_probe_info info;

	assert_int_equal(probe_info(&d, id, &info), 0);
	return info.lost;
}

static uint64_t taken(void)
{
	struct dp_probe_info info;

	assert_int_equal(probe_info(&d, id, &info), 0);
	return info.packets;
}

/* --- records ------------------------------------------------------------------------------------------ */

static void a_packet_is_told_from_its_arrival_to_its_end(void **state)
{
	struct dp_probe c = any_flow();
	uint8_t f[16384];
	const struct dp_probe_record *r;

	arm(&c);
	fx_route(IP_V4, 1, 2, 2);
	fx_rx4(in, 64);
	fx_run();
	r = next_of(DP_PROBE_PACKET);
	assert_int_equal(r->packet.verdict, DP_FATE_FORWARD);
	assert_int_equal(r->packet.outer_ifid, 1);
	assert_int_equal(r->packet.ttl, 9);
	assert_int_equal(r->packet.n_outputs, 2);
	assert_int_equal(r->packet.has_route, 1);
	assert_int_equal(r->frame_len, 78);
	assert_int_equal(r->n_bytes, 78);
	for (unsigned port = 1; port <= 2; port++) {
		r = next_of(DP_PROBE_COPY);
		assert_int_equal(r->output.index, port - 1);
		assert_int_equal(r->output.oif, port + 1);
		assert_int_equal(r->output.port, port);
		assert_int_equal(r->n_bytes, frame(port, 0, f));
		assert_memory_equal(r->bytes, f, r->n_bytes);
	}
	r = next_of(DP_PROBE_END);
	assert_int_equal(r->end.outputs, 2);
	assert_int_equal(r->end.copies, 2);
	assert_int_equal(r->end.reason, DROP_COUNT);
	none_left();
}

static void outputs_that_do_not_take_it_have_a_reason(void **state)
{
	struct dp_probe c = any_flow();

	arm(&c);
	fx.t.oifs[2]->c.ttl_threshold = 9;
	fx.t.ifs[3]->c.up = 0;
	fx_route(IP_V4, 1, 2, 3);
	fx_rx4(in, 64);
	fx_run();
	next_of(DP_PROBE_PACKET);
	assert_int_equal(next_of(DP_PROBE_NO_COPY)->output.reason, DROP_oif_ttl_threshold);
	assert_int_equal(next_of(DP_PROBE_NO_COPY)->output.reason, DROP_oif_down);
	assert_int_equal(next_of(DP_PROBE_COPY)->output.oif, 4);
	assert_int_equal(next_of(DP_PROBE_END)->end.copies, 1);
}

static void a_port_that_is_full_takes_back_what_was_said(void **state)
{
	struct dp_probe c = any_flow();

	arm(&c);
	fx_route(IP_V4, 1, 2, 2);
	fx.port[2].tx_room = 0;
	fx_rx4(in, 64);
	fx_run();
	next_of(DP_PROBE_PACKET);
	next_of(DP_PROBE_COPY);
	next_of(DP_PROBE_COPY);
	assert_int_equal(next_of(DP_PROBE_TX)->output.index, 1);
	assert_int_equal(rec->output.reason, DROP_tx_full);
	assert_int_equal(next_of(DP_PROBE_END)->end.copies, 1);
}

static void packets_without_route_and_unsound_ones_are_told(void **state)
{
	struct dp_probe c = any_flow();
	uint8_t ip[128];

	arm(&c);
	fx_rx4(in, 64);
	fx_ip4(ip, 64);
	ip[IP4_CSUM] ^= 1;
	fx_rx(0, fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0));
	fx_run();
	assert_int_equal(next_of(DP_PROBE_PACKET)->packet.reason, DROP_no_route);
	assert_int_equal(next_of(DP_PROBE_PACKET)->packet.reason, DROP_ip_checksum);
	next_of(DP_PROBE_END);
	next_of(DP_PROBE_END);
}

static void a_held_packet_is_told_again_when_it_goes_on(void **state)
{
	const struct dataplane_hold conf = {.packets = 2, .flows = 2, .time_ms = 60000};
	struct pkt p = {.iif = 1, .family = IP_V4, .ttl = 9, .ip_len = 64, .l3 = ETH_LEN};
	struct dp_probe c = any_flow();
	const struct dp_probe_record *r;
	uint8_t ip[64], f[16384];

	fx_ip4(ip, 64);
	p.m = fx_frame(in, ip, 64, ETH_TYPE_IP4, false, 0);
	fx.w->hold = hold_new(&conf, 8, 1000000000);
	atomic_store(&fx.w->hold->on, true);
	hold_begin(fx.w, 1, &p, rte_rdtsc());
	assert_null(p.m);
	fx_route(IP_V4, 1, 2, 2);
	arm(&c);
	hold_release(fx.w, 1);
	fx_run();
	r = next_of(DP_PROBE_PACKET);
	assert_int_equal(r->packet.released, 1);
	assert_int_equal(r->packet.ifid, 1);
	assert_int_equal(r->n_bytes, 0);
	assert_int_equal(r->frame_len, 78);
	next_of(DP_PROBE_COPY);
	r = next_of(DP_PROBE_COPY);
	assert_int_equal(r->n_bytes, frame(2, 0, f));
	assert_memory_equal(r->bytes, f, r->n_bytes);
	assert_int_equal(next_of(DP_PROBE_END)->end.copies, 2);
	none_left();
	hold_free(fx.w->hold);
}

/* In a Register the flow is followed from the frame with the Register on, and into one as any output. */
static void a_flow_is_followed_out_of_a_register_and_into_one(void **state)
{
	struct dp_local us = {.addr = ip4(0xc6336401)};
	struct dp_probe c = any_flow();
	struct register_head head;
	uint8_t p[200];

	c.src = prefix_host(ip4(0x0a000001));
	arm(&c);
	assert_int_equal(local_set(&d, &us, 1), 0);
	fx.t.local = d.t.local;
	in->c.proto = DP_PROTO_PIM;
	fx_register(5, 2, 1, IP_V4);
	fx_route(IP_V4, DP_IF_REGISTER, 4, 2);
	register_head_make(
		&head, IP_V4, (uint8_t[]){192, 0, 2, 7}, (uint8_t[]){198, 51, 100, 1}, 64);
	fx_ip4(p + 28, 100);
	register_put4(p + 28, &head, 100, 0, 0);
	fx_rx(0, fx_frame(in, p, 128, ETH_TYPE_IP4, true, 0));
	fx_run();
	next_of(DP_PROBE_PACKET);
	assert_int_equal(rec->packet.classified, DP_FATE_REGISTER);
	assert_int_equal(rec->packet.verdict, DP_FATE_FORWARD);
	assert_int_equal(rec->packet.outer_ifid, 1);
	assert_int_equal(rec->packet.ifid, DP_IF_REGISTER);
	assert_int_equal(rec->packet.decaps, 1);
	assert_int_equal(rec->packet.ip_len, 100);
	assert_int_equal(rec->frame_len, 142);
	next_of(DP_PROBE_NO_COPY); /* out of a Register into none */
	assert_int_equal(rec->output.reason, DROP_oif_recursion);
	assert_int_equal(rec->output.encap, DP_ENCAP_REGISTER);
	assert_int_equal(next_of(DP_PROBE_COPY)->output.encap, DP_ENCAP_HER);
	next_of(DP_PROBE_END);
	fx.routes[0].r->iif = 1;
	fx_rx4(in, 100);
	fx_rx(0, fx_frame(in, p, 128, ETH_TYPE_IP4, true, 0));
	fx_run();
	next_of(DP_PROBE_PACKET);
	assert_int_equal(rec->packet.reason, DROP_COUNT);
	next_of(DP_PROBE_PACKET);
	assert_int_equal(rec->packet.reason, DROP_register_refused);
	assert_int_equal(rec->packet.has_route, 1);
	next_of(DP_PROBE_COPY);
	assert_int_equal(next_of(DP_PROBE_COPY)->output.encap, DP_ENCAP_REGISTER);
	assert_int_equal(rec->frame_len, 142);
	next_of(DP_PROBE_END);
	next_of(DP_PROBE_END);
	none_left();
	local_fini(&d);
}

/* --- which packets ------------------------------------------------------------------------------------ */

static void flows_are_told_apart_by_prefixes(void **state)
{
	static const struct {
		uint32_t src, grp;
		uint8_t src_len, grp_len;
		bool hit;
	} cases[] = {
		{0x0a000001, 0xef010101, 32, 32, true},
		{0x0a000000, 0xef000000, 8, 8, true},
		{0x0a000002, 0xef010101, 32, 32, false},
		{0x0a000001, 0xef010102, 32, 32, false},
		{0x0b000000, 0xef010101, 8, 32, false},
	};

	fx_route(IP_V4, 1, 2, 1);
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct dp_probe c = any_flow();

		c.src = prefix_make(ip4(cases[i].src), cases[i].src_len);
		c.grp = prefix_make(ip4(cases[i].grp), cases[i].grp_len);
		arm(&c);
		fx_rx4(in, 64);
		fx_run();
		assert_int_equal(taken(), cases[i].hit);
		assert_int_equal(probe_clear(&d, id), 0);
		take_over();
	}
}

static void no_more_packets_are_taken_than_were_asked_for(void **state)
{
	struct dp_probe c = any_flow();

	c.packets = 3;
	arm(&c);
	fx_route(IP_V4, 1, 2, 1);
	for (unsigned i = 0; i < 100; i++)
		fx_rx4(in, 64);
	fx_run();
	assert_int_equal(taken(), 3);
	assert_int_equal(lost(), 0);
	assert_int_equal(fx.port[1].tx_n, 100);
}

/* --- nothing else changes ----------------------------------------------------------------------------- */

static void watched_packets_leave_in_their_order_among_others(void **state)
{
	struct dp_probe c = any_flow();
	uint8_t f[16384];

	c.packets = 2; /* of 200: bursts with and without followed packets, either lane */
	arm(&c);
	fx_route(IP_V4, 1, 2, 3);
	for (unsigned i = 0; i < 200; i++)
		fx_rx4(in, 64 + i % 50);
	fx_run();
	for (unsigned port = 1; port <= 3; port++) {
		assert_int_equal(fx.port[port].tx_n, 200);
		for (unsigned i = 0; i < 200; i++)
			assert_native(f, frame(port, i, f), fx.t.ifs[port + 1], 64 + i % 50);
	}
	assert_int_equal(fx.w->watched, 0);
	assert_null(fx.w->probes);
}

/* --- too fast ----------------------------------------------------------------------------------------- */

static void what_does_not_fit_the_ring_is_counted_and_forwarded(void **state)
{
	struct dp_probe c = any_flow();
	unsigned packets = 0, copies = 0, ends = 0, said_lost = 0;

	c.snaplen = DP_PROBE_SNAP_MAX; /* the smallest ring */
	arm(&c);
	fx_route(IP_V4, 1, 2, 3);
	for (unsigned i = 0; i < 1000; i++)
		fx_rx4(in, 64);
	fx_run();
	while (probe_recv(&d, id, rec)) {
		packets += rec->kind == DP_PROBE_PACKET;
		copies += rec->kind == DP_PROBE_COPY;
		if (rec->kind == DP_PROBE_END) {
			ends++;
			said_lost += rec->end.lost;
			assert_int_equal(rec->end.outputs, 3);
		}
	}
	assert_true(packets > 0 && packets < 1000);
	assert_int_equal(ends, packets);
	assert_int_equal(said_lost, packets * 3 - copies);
	assert_true(lost() >= said_lost && lost() > 0);
	for (unsigned port = 1; port <= 3; port++)
		assert_int_equal(fx.port[port].tx_n, 1000);
}

static void a_packet_with_very_many_outputs_is_cut_short(void **state)
{
	struct dp_probe c = any_flow();
	unsigned copies = 0;

	arm(&c);
	for (uint32_t i = 10; i < 10 + DP_PROBE_OUTPUTS + 44; i++)
		fx_oif(i, 2);
	fx_route(IP_V4, 1, 10, DP_PROBE_OUTPUTS + 44);
	fx_rx4(in, 64);
	fx_run();
	next_of(DP_PROBE_PACKET);
	while (probe_recv(&d, id, rec) && rec->kind == DP_PROBE_COPY)
		copies++;
	assert_int_equal(copies, DP_PROBE_OUTPUTS);
	assert_int_equal(rec->kind, DP_PROBE_END);
	assert_int_equal(rec->end.copies, DP_PROBE_OUTPUTS + 44);
	assert_int_equal(rec->end.lost, 44);
}

/* --- arming ------------------------------------------------------------------------------------------- */

static void probes_are_few_and_independent(void **state)
{
	struct dp_probe c = any_flow(), wrong = any_flow();
	uint32_t ids[DP_PROBES];

	wrong.snaplen = DP_PROBE_SNAP_MIN - 1;
	assert_int_equal(probe_set(&d, &wrong, &id), -EINVAL);
	wrong = any_flow();
	wrong.src = prefix_make(ip4(1), 32);
	wrong.grp.addr.family = IP_V6;
	assert_int_equal(probe_set(&d, &wrong, &id), -EINVAL);
	for (unsigned i = 0; i < DP_PROBES; i++)
		assert_int_equal(probe_set(&d, &c, &ids[i]), 0);
	assert_int_equal(probe_set(&d, &c, &id), -ENOSPC);
	take_over();
	fx_route(IP_V4, 1, 2, 1);
	fx_rx4(in, 64);
	fx_run();
	for (unsigned i = 0; i < DP_PROBES; i++) {
		id = ids[i];
		next_of(DP_PROBE_PACKET);
		next_of(DP_PROBE_COPY);
		next_of(DP_PROBE_END);
		none_left();
	}
	assert_int_equal(probe_clear(&d, ids[1]), 0);
	assert_int_equal(probe_clear(&d, ids[1]), -ENOENT);
	assert_int_equal(probe_set(&d, &c, &id), 0);
	assert_true(id != ids[1]);
}

static void the_last_one_disarmed_leaves_nothing(void **state)
{
	struct dp_probe c = any_flow();

	arm(&c);
	assert_int_equal(probe_clear(&d, id), 0);
	take_over();
	assert_null(atomic_load(&fx.t.probes));
	none_left();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, probe_setup, probe_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_packet_is_told_from_its_arrival_to_its_end),
		TEST(outputs_that_do_not_take_it_have_a_reason),
		TEST(a_port_that_is_full_takes_back_what_was_said),
		TEST(packets_without_route_and_unsound_ones_are_told),
		TEST(a_held_packet_is_told_again_when_it_goes_on),
		TEST(a_flow_is_followed_out_of_a_register_and_into_one),
		TEST(flows_are_told_apart_by_prefixes),
		TEST(no_more_packets_are_taken_than_were_asked_for),
		TEST(watched_packets_leave_in_their_order_among_others),
		TEST(what_does_not_fit_the_ring_is_counted_and_forwarded),
		TEST(a_packet_with_very_many_outputs_is_cut_short),
		TEST(probes_are_few_and_independent),
		TEST(the_last_one_disarmed_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
