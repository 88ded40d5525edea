/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * trace over records of the test's own: what is put together to stories, what is said of them as JSON and as
 * text, and how the command ends.
 */
#include "tests/unit/shell/router.h"

#include "app/probe/watch.h"

#include <stdlib.h>
#include <string.h>

static struct {
	struct dp_probe_record *v[64];
	unsigned n, at;
	struct dp_probe probe;
	unsigned set, cleared;
	uint64_t lost;
} dp;

static struct {
	struct cmd_result r;
	unsigned done;
	char progress[128], *text;
} heard;

/* --- the data plane ----------------------------------------------------------------------------------- */

static int probe_set(void *ctx, const struct dp_probe *probe, uint32_t *id)
{
	if (dp.set - dp.cleared == DP_PROBES)
		return -ENOSPC;
	dp.probe = *probe;
	*id = ++dp.set;
	return 0;
}

static int probe_clear(void *ctx, uint32_t id)
{
	dp.cleared++;
	return 0;
}

static int probe_recv(void *ctx, uint32_t id, struct dp_probe_record *rec)
{
	if (dp.at == dp.n)
		return 0;
	memcpy(rec, dp.v[dp.at], sizeof(*rec) + dp.v[dp.at]->n_bytes);
	dp.at++;
	return 1;
}

static int probe_info(void *ctx, uint32_t id, struct dp_probe_info *info)
{
	*info = (struct dp_probe_info){.lost = dp.lost};
	return 0;
}

static int trace_setup(void **state)
{
	struct router *r;
	int rc = router_setup(state);

	r = *state;
	memset(&dp, 0, sizeof(dp));
	memset(&heard, 0, sizeof(heard));
	r->ops.probe_set = probe_set;
	r->ops.probe_clear = probe_clear;
	r->ops.probe_recv = probe_recv;
	r->ops.probe_info = probe_info;
	r->app.loop = event_base_new();
	return rc || !r->app.loop ? -1 : 0;
}

static int trace_teardown(void **state)
{
	struct router *r = *state;

	watches_leave(&r->app);
	assert_int_equal(dp.set, dp.cleared);
	event_base_free(r->app.loop);
	for (unsigned i = 0; i < dp.n; i++)
		free(dp.v[i]);
	cmd_result_fini(&heard.r);
	free(heard.text);
	return router_teardown(state);
}

/* --- records ------------------------------------------------------------------------------------------ */

static const uint8_t frame[] = {0x01, 0x00, 0x5e, 0x01, 0x01, 0x01, 0x02, 0, 0, 0, 0, 9, 0x81, 0x00,
	0x00, 0x64, 0x08, 0x00, 0x45, 0xb8, 0x00, 0x20, 0x12, 0x34, 0x40, 0x00, 0x10, 0x11, 0xab,
	0xcd, 10, 0, 0, 1, 239, 1, 1, 1, 0x0f, 0xa0, 0x13, 0x88, 0x00, 0x0c, 0, 0, 1, 2, 3, 4};

#define FRAME_ROOM 128

static struct dp_probe_record *record(enum dp_probe_kind kind, uint16_t worker, uint32_t number)
{
	bool bytes = kind == DP_PROBE_PACKET || kind == DP_PROBE_COPY;
	struct dp_probe_record *r = calloc(1, sizeof(*r) + FRAME_ROOM);

	assert_non_null(r);
	r->kind = (uint8_t)kind;
	r->worker = worker;
	r->number = number;
	r->time_ns = UINT64_C(1767225600123456789); /* 2026-01-01 */
	if (bytes) {
		r->frame_len = r->n_bytes = sizeof(frame);
		memcpy(r->bytes, frame, sizeof(frame));
	}
	dp.v[dp.n++] = r;
	return r;
}

static uint16_t ifid(struct router *r, const char *name)
{
	return net_if_find(r->app.net, name)->id;
}

static struct dp_probe_packet *packet(struct router *r, uint16_t worker, uint32_t number)
{
	struct dp_probe_packet *p = &record(DP_PROBE_PACKET, worker, number)->packet;

	p->classified = p->verdict = DP_FATE_FORWARD;
	p->reason = DROP_COUNT;
	p->outer_ifid = p->ifid = ifid(r, "src");
	p->family = IP_V4;
	p->ttl = 16;
	p->ip_len = 32;
	p->has_route = 1;
	p->key.table = DP_TABLE_MAIN;
	assert_int_equal(prefix_parse("10.0.0.1", &p->key.src), 0);
	assert_int_equal(prefix_parse("239.1.0.0/16", &p->key.grp), 0);
	p->n_inputs = 1;
	p->inputs[0] = (struct dp_input){.ifid = p->ifid, .flags = DP_INPUT_ACCEPT};
	p->n_outputs = 2;
	return p;
}

static struct dp_probe_output *output(struct router *r, enum dp_probe_kind kind, uint16_t worker,
	uint32_t number, uint32_t index, const char *ifname)
{
	struct dp_probe_output *o = &record(kind, worker, number)->output;

	*o = (struct dp_probe_output){.index = index,
		.oif = 7 + index,
		.ifid = ifid(r, ifname),
		.out_ifid = ifid(r, ifname),
		.port = 1,
		.owner = worker,
		.reason = DROP_COUNT};
	return o;
}

static struct dp_probe_end *end(uint16_t worker, uint32_t number, uint32_t outputs, uint32_t copies)
{
	struct dp_probe_end *e = &record(DP_PROBE_END, worker, number)->end;

	*e = (struct dp_probe_end){.outputs = outputs, .copies = copies, .reason = DROP_COUNT};
	return e;
}

/* --- the command -------------------------------------------------------------------------------------- */

static void on_progress(void *arg, const char *text)
{
	snprintf(heard.progress, sizeof(heard.progress), "%s", text);
}

static void on_done(void *arg, struct cmd_result *r)
{
	size_t len;
	FILE *f;

	free(heard.text);
	cmd_result_fini(&heard.r);
	f = open_memstream(&heard.text, &len);
	cmd_result_print(r, f);
	fclose(f);
	heard.r = *r;
	heard.done++;
}

static struct cmd_wait *start(struct router *r, const char *line)
{
	struct cmd_result result;
	struct cmd_wait *wait;

	cmd_run(&r->app, line, &result);
	if (result.status)
		fail_msg("%s: %s", line, result.error);
	wait = result.wait;
	assert_non_null(wait);
	assert_null(result.value);
	wait->progress = on_progress;
	wait->done = on_done;
	return wait;
}

static void turn(struct router *r)
{
	while (watches_step(&r->app))
		;
}

static const char *told(const char *path)
{
	return text_at(heard.r.value, path);
}

static void text_has(const char *part)
{
	if (!heard.text || !strstr(heard.text, part))
		fail_msg("\"%s\" lacks \"%s\"", heard.text ? heard.text : "", part);
}

/* --- stories ------------------------------------------------------------------------------------------ */

static void a_forwarded_packet_reads_from_top_to_bottom(void **state)
{
	struct router *r = *state;
	struct dp_probe_output *o;

	start(r, "trace 10.0.0.1 239.1.1.1");
	assert_int_equal(dp.probe.packets, 1);
	packet(r, 1, 5);
	output(r, DP_PROBE_COPY, 1, 5, 0, "lan1")->owner = 0;
	o = output(r, DP_PROBE_NO_COPY, 1, 5, 1, "lan2");
	o->reason = DROP_oif_ttl_threshold;
	o->ttl_threshold = 20;
	end(1, 5, 2, 1);
	turn(r);
	assert_int_equal(heard.done, 1);
	assert_string_equal(told("ended"), "complete");
	assert_string_equal(told("packets[0].time"), "2026-01-01T00:00:00.123456Z");
	assert_string_equal(told("packets[0].verdict"), "forwarded");
	assert_string_equal(told("packets[0].route.group"), "239.1.0.0/16");
	assert_string_equal(told("packets[0].steps[3].step"), "input");
	assert_string_equal(
		told("packets[0].outputs[0].frame.destination_mac"), "01:00:5e:01:01:01");
	assert_int_equal(number_at(heard.r.value, "packets[0].frame.vlans[0]"), 100);
	assert_int_equal(number_at(heard.r.value, "packets[0].frame.ip[0].tos"), 0xb8);
	assert_int_equal(number_at(heard.r.value, "packets[0].frame.udp.destination_port"), 5000);
	assert_int_equal(number_at(heard.r.value, "packets[0].frame.header_bytes"), 46);
	text_has(
		"packet 1 of 1, 2026-01-01T00:00:00.123456Z\n  receive    port p0, queue 0, worker 1");
	text_has("  lookup     route (10.0.0.1, 239.1.0.0/16) of table ");
	text_has("  ttl        16 came in, 15 goes out\n");
	text_has("lan1: 50 bytes to port p1, queue 0, handed to worker 0\n");
	text_has("lan2: not sent: oif_ttl_threshold: TTL 16 is not above the threshold 20\n");
	text_has("  result     forwarded: 1 of 2 outputs took it\n");
	assert_null(strstr(heard.text, "01020304")); /* the payload */
}

static void stories_of_workers_are_kept_apart(void **state)
{
	struct router *r = *state;

	start(r, "trace * * 2");
	packet(r, 0, 1);
	packet(r, 1, 1)->reason = DROP_COUNT;
	output(r, DP_PROBE_COPY, 0, 1, 0, "lan1");
	output(r, DP_PROBE_COPY, 1, 1, 0, "lan2");
	end(1, 1, 1, 1);
	end(0, 1, 1, 1);
	turn(r);
	assert_int_equal(number_at(heard.r.value, "packets[0].worker"), 1);
	assert_string_equal(told("packets[0].outputs[0].interface"), "lan2");
	assert_int_equal(json_array_size(at(heard.r.value, "packets[1].outputs")), 1);
	assert_string_equal(told("packets[1].outputs[0].interface"), "lan1");
}

static void a_copy_that_its_port_refused_is_no_copy(void **state)
{
	struct router *r = *state;

	start(r, "trace * *");
	packet(r, 0, 1);
	output(r, DP_PROBE_COPY, 0, 1, 0, "lan1");
	output(r, DP_PROBE_TX, 0, 1, 0, "lan1")->reason = DROP_tx_full;
	end(0, 1, 1, 0);
	turn(r);
	assert_string_equal(told("packets[0].outputs[0].reason"), "tx_full");
	assert_string_equal(told("packets[0].verdict"), "not_sent");
	text_has("not sent: none of 1 output took it");
}

static void drops_are_told_where_they_happen(void **state)
{
	static const struct {
		uint8_t classified, reason;
		bool route;
		const char *step;
	} cases[] = {
		{DP_FATE_DROP, DROP_ip_checksum, false, "classify"},
		{DP_FATE_DECAP, DROP_gre_unknown, false, "decap"},
		{DP_FATE_FORWARD, DROP_no_route, false, "lookup"},
		{DP_FATE_FORWARD, DROP_wrong_if, true, "input"},
		{DP_FATE_FORWARD, DROP_route_drop, true, "input"},
		{DP_FATE_FORWARD, DROP_duplicate, true, "input"},
		{DP_FATE_FORWARD, DROP_ttl_expired, true, "ttl"},
		{DP_FATE_FORWARD, DROP_no_output, true, "outputs"},
	};
	struct router *r = *state;
	char path[64];

	start(r, "trace * * 8");
	for (unsigned i = 0; i < 8; i++) {
		struct dp_probe_packet *p = packet(r, 0, i);

		p->classified = cases[i].classified;
		p->verdict = DP_FATE_DROP;
		p->reason = cases[i].reason;
		p->has_route = cases[i].route;
		if (p->reason == DROP_wrong_if)
			p->ifid = ifid(r, "lan2");
		if (p->reason == DROP_route_drop)
			p->inputs[0].flags = DP_INPUT_DROP;
		end(0, i, 0, 0);
	}
	turn(r);
	for (unsigned i = 0; i < 8; i++) {
		const json_t *steps;

		snprintf(path, sizeof(path), "packets[%u].steps", i);
		steps = at(heard.r.value, path);
		snprintf(path, sizeof(path), "packets[%u].steps[%zu].step", i,
			json_array_size(steps) - 1);
		assert_string_equal(told(path), cases[i].step);
		snprintf(path, sizeof(path), "packets[%u].reason", i);
		assert_string_equal(told(path), drop_name((enum drop_reason)cases[i].reason));
	}
	text_has("wrong_if: came in on lan2, the route accepts src");
}

static void held_and_released_packets_are_told_as_such(void **state)
{
	struct router *r = *state;
	struct dp_probe_packet *p;

	start(r, "trace * * 2");
	p = packet(r, 0, 1);
	p->verdict = DP_FATE_HELD;
	p->has_route = 0;
	end(0, 1, 0, 0);
	p = packet(r, 0, 2);
	p->released = 1;
	dp.v[dp.n - 1]->n_bytes = 0;
	output(r, DP_PROBE_COPY, 0, 2, 0, "lan1");
	end(0, 2, 1, 1);
	turn(r);
	assert_string_equal(told("packets[0].verdict"), "held");
	assert_string_equal(told("packets[0].steps[2].step"), "lookup");
	assert_true(json_is_true(at(heard.r.value, "packets[1].released")));
	assert_true(json_is_null(at(heard.r.value, "packets[1].frame")));
	assert_string_equal(told("packets[1].steps[0].step"), "release");
	text_has("  lookup     no route takes it yet: held until a protocol has decided");
	text_has("held since it came in on interface src");
}

static const uint8_t registered[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x08, 0x00, 0x45, 0, 0,
	0x3c, 0, 0, 0, 0, 0x40, 103, 0, 0, 192, 0, 2, 7, 10, 0, 0, 254, 0x21, 0, 0xde, 0xff, 0, 0,
	0, 0, 0x45, 0, 0, 0x20, 0, 0, 0, 0, 0x10, 0x11, 0, 0, 10, 0, 0, 1, 239, 1, 1, 1, 0x0f,
	0xa0};

static void registers_are_told_from_outside_in(void **state)
{
	struct router *r = *state;
	struct dp_probe_packet *p;
	struct dp_probe_output *o;

	start(r, "trace * * 3");
	p = packet(r, 0, 1);
	memcpy(dp.v[dp.n - 1]->bytes, registered, sizeof(registered));
	dp.v[dp.n - 1]->n_bytes = sizeof(registered);
	p->classified = DP_FATE_REGISTER;
	p->decaps = 1;
	p->ifid = p->inputs[0].ifid = DP_IF_REGISTER;
	o = output(r, DP_PROBE_COPY, 0, 1, 0, "lan1");
	o->encap = DP_ENCAP_REGISTER;
	assert_int_equal(ip_parse("10.1.0.254", &o->unicast), 0);
	end(0, 1, 1, 1);
	p = packet(r, 0, 2);
	p->classified = DP_FATE_REGISTER;
	p->decaps = 1;
	p->ifid = DP_IF_REGISTER;
	p->verdict = DP_FATE_DROP;
	p->reason = DROP_register_refused;
	end(0, 2, 0, 0);
	p = packet(r, 0, 3);
	p->classified = DP_FATE_REGISTER;
	p->verdict = DP_FATE_DROP;
	p->reason = DROP_register_checksum;
	p->has_route = 0;
	end(0, 3, 0, 0);
	turn(r);
	text_has("  classify   interface src: a PIM Register for an address of ours\n"
		 "  decap      came out of a PIM Register\n");
	text_has("192.0.2.7 > 10.0.0.254 ttl 64 register 10.0.0.1 > 239.1.1.1 ttl 16");
	text_has("lan1 register to 10.1.0.254: ");
	text_has("register_refused: came in on register, the route accepts src");
	text_has("  decap      dropped: register_checksum: Register checksum wrong\n");
	assert_string_equal(told("packets[0].tunnel"), "register");
	assert_string_equal(told("packets[0].outputs[0].encap"), "register");
	assert_true(json_is_true(at(heard.r.value, "packets[0].frame.register")));
}

/* --- schema ------------------------------------------------------------------------------------------- */

static char page[200000];

static void check_keys(const json_t *v)
{
	const json_t *inner;
	const char *key;
	size_t i;

	if (json_is_array(v)) {
		json_array_foreach (v, i, inner)
			check_keys(inner);
		return;
	}
	json_object_foreach ((json_t *)v, key, inner) {
		if (!strstr(page, key))
			fail_msg("stargctl.8 lacks %s of trace", key);
		check_keys(inner);
	}
}

static void the_answer_has_its_documented_schema(void **state)
{
	struct router *r = *state;
	FILE *f = fopen(getenv("MANUAL"), "re");
	json_error_t e;
	json_t *v, *packet_, *output_, *frame_;

	assert_non_null(f);
	assert_true(fread(page, 1, sizeof(page) - 1, f) > 0);
	fclose(f);
	start(r, "trace * *");
	packet(r, 0, 1);
	output(r, DP_PROBE_COPY, 0, 1, 0, "lan1");
	end(0, 1, 1, 1);
	turn(r);
	check_keys(heard.r.value);
	v = heard.r.value;
	if (json_unpack_ex(v, &e, JSON_STRICT, "{s:s,s:s,s:i,s:i,s:s,s:i,s:i,s:[o!]!}", "source",
		    (char *[1]){0}, "group", (char *[1]){0}, "wanted", (int[1]){0}, "timeout_s",
		    (int[1]){0}, "ended", (char *[1]){0}, "elapsed_ms", (int[1]){0}, "lost",
		    (int[1]){0}, "packets", &packet_))
		fail_msg("%s", e.text);
	assert_int_equal(json_object_size(packet_), 16);
	output_ = json_array_get(json_object_get(packet_, "outputs"), 0);
	assert_int_equal(json_object_size(output_), 15);
	frame_ = json_object_get(output_, "frame");
	assert_int_equal(json_object_size(frame_), 12);
}

/* --- ends --------------------------------------------------------------------------------------------- */

static void cancelled_it_answers_with_what_there_is(void **state)
{
	struct router *r = *state;
	struct cmd_wait *wait = start(r, "trace 10.0.0.1 239.1.1.1 5");

	packet(r, 0, 1);
	end(0, 1, 0, 0);
	packet(r, 0, 2); /* its end is still to come */
	turn(r);
	assert_int_equal(heard.done, 0);
	dp.lost = 3;
	wait->cancel(wait);
	assert_int_equal(heard.done, 1);
	assert_string_equal(told("ended"), "cancelled");
	assert_int_equal(json_array_size(at(heard.r.value, "packets")), 1);
	assert_int_equal(number_at(heard.r.value, "lost"), 3);
	text_has("3 packets or outputs came too fast to be recorded");
	text_has("cancelled: 1 of 5 packets of (10.0.0.1, 239.1.1.1)");
	assert_int_equal(dp.cleared, 1);
}

static void forgotten_it_says_nothing_and_disarms(void **state)
{
	struct router *r = *state;
	struct cmd_wait *wait = start(r, "trace * *");

	wait->forget(wait);
	assert_int_equal(dp.cleared, 1);
	turn(r);
	assert_int_equal(heard.done, 0);
	assert_null(r->app.watches);
}

static void the_router_that_leaves_ends_it(void **state)
{
	struct router *r = *state;

	start(r, "trace * *");
	watches_leave(&r->app);
	assert_string_equal(told("ended"), "shutdown");
}

static void a_result_that_nobody_takes_disarms(void **state)
{
	struct router *r = *state;
	struct cmd_result result;

	cmd_run(&r->app, "trace * *", &result);
	cmd_result_fini(&result);
	assert_int_equal(dp.cleared, 1);
}

static void no_more_than_four_run(void **state)
{
	struct router *r = *state;

	for (unsigned i = 0; i < DP_PROBES; i++)
		start(r, "trace * *");
	run_fails(r, "trace * *", "4 traces and captures run already");
}

static void records_without_beginning_are_left_out(void **state)
{
	struct router *r = *state;

	start(r, "trace * *");
	output(r, DP_PROBE_COPY, 0, 9, 0, "lan1");
	end(0, 9, 1, 1);
	turn(r);
	assert_int_equal(heard.done, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, trace_setup, trace_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_forwarded_packet_reads_from_top_to_bottom),
		TEST(stories_of_workers_are_kept_apart),
		TEST(a_copy_that_its_port_refused_is_no_copy),
		TEST(drops_are_told_where_they_happen),
		TEST(held_and_released_packets_are_told_as_such),
		TEST(registers_are_told_from_outside_in),
		TEST(the_answer_has_its_documented_schema),
		TEST(cancelled_it_answers_with_what_there_is),
		TEST(forgotten_it_says_nothing_and_disarms),
		TEST(the_router_that_leaves_ends_it),
		TEST(a_result_that_nobody_takes_disarms),
		TEST(no_more_than_four_run),
		TEST(records_without_beginning_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
