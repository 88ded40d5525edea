/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The hosts of the simulator against a querier made of bytes: what RFC 2236 and RFC 3376 say that hosts say,
 * for a router is only as well tested as its hosts are true.
 *
 *      querier --- l --- h1, h2
 */
#include "control/base/bytes.h"
#include "tests/sim/help.h"

#define G "239.1.1.1"
#define HEARD_MAX 64

/* Messages that were sent: their IGMP part, and when. */
struct heard {
	struct sim *s;
	unsigned n;
	struct {
		const struct sim_host *by;
		uint64_t at_us;
		uint8_t len, m[100];
		struct ipaddr dst;
	} v[HEARD_MAX];
	struct sim_link *l;
	struct sim_host *querier, *h1, *h2;
};

static void tap(void *arg, const struct sim_port *from, const struct sim_packet *p)
{
	struct heard *h = arg;

	if (p->kind != SIM_BYTES || from->host == h->querier || h->n == HEARD_MAX)
		return;
	h->v[h->n].by = from->host;
	h->v[h->n].at_us = h->s->now_us;
	h->v[h->n].dst = sim_packet_dst(p);
	h->v[h->n].len = (uint8_t)(p->len - 24);
	memcpy(h->v[h->n++].m, p->data + 24, p->len - 24);
}

static void begin(struct sim *s, struct heard *h, uint8_t version)
{
	*h = (struct heard){.s = s, .l = sim_link(s, "l", "10.0.0.0/24")};
	h->querier = sim_host(s, "q", h->l, 3);
	h->h1 = sim_host(s, "h1", h->l, version);
	h->h2 = sim_host(s, "h2", h->l, version);
	s->tap = tap;
	s->tap_arg = h;
}

/* len: 8 is v1 (code 0) or v2, 12 and more v3; sources: that many of 10.0.0.(101+i). */
static void ask(struct heard *h, uint8_t code, const char *grp, unsigned len, unsigned n)
{
	uint8_t ip[200] = {0x46, 0xc0};
	struct writer w = writer_of(ip + 24, sizeof(ip) - 24);
	struct ipaddr g = sim_addr(IP_V4, grp),
		      to = ip_is_any(&g) ? sim_addr(IP_V4, "224.0.0.1") : g;
	struct sim_packet *p;
	uint16_t sum;

	write_u8(&w, 0x11);
	write_u8(&w, code);
	write_u16(&w, 0);
	write_bytes(&w, g.b, 4);
	if (len > 8) {
		write_u16(&w, 0x027d);
		write_u16(&w, (uint16_t)n);
	}
	for (unsigned i = 0; i < n; i++)
		write_u32(&w, 0x0a000065 + i);
	sum = sim_checksum(w.p, w.len);
	w.p[2] = (uint8_t)(sum >> 8);
	w.p[3] = (uint8_t)sum;
	ip[3] = (uint8_t)(24 + w.len);
	ip[8] = 1;
	ip[9] = 2;
	memcpy(ip + 12, h->querier->port->ip.b, 4);
	memcpy(ip + 16, to.b, 4);
	p = sim_packet_bytes(ip, 24 + w.len);
	sim_host_receive(h->h1, p);
	sim_host_receive(h->h2, p);
	sim_packet_put(p);
}

static void an_igmpv3_join_is_said_twice_within_a_second(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	sim_host_join(h.h1, G);
	sim_run(s, 5);
	assert_int_equal(h.n, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(h.v[i].m[0], 0x22);
		assert_int_equal(h.v[i].m[8], 4); /* TO_EX */
		assert_int_equal(h.v[i].dst.b[3], 22);
	}
	assert_true(h.v[1].at_us - h.v[0].at_us <= SIM_S);
}

static void sources_that_are_added_and_dropped_are_allowed_and_blocked(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	sim_host_filter(h.h1, G, SIM_INCLUDE, "10.0.0.101 10.0.0.102");
	sim_run(s, 5);
	h.n = 0;
	sim_host_filter(h.h1, G, SIM_INCLUDE, "10.0.0.102 10.0.0.103");
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].m[7], 2);
	assert_int_equal(h.v[0].m[8], 5); /* ALLOW .103 */
	assert_int_equal(h.v[0].m[19], 103);
	assert_int_equal(h.v[0].m[20], 6); /* BLOCK .101 */
	assert_int_equal(h.v[0].m[31], 101);
	sim_run(s, 5);
	assert_int_equal(h.n, 2);
}

static void in_exclude_mode_the_lists_mean_the_opposite(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	sim_host_filter(h.h1, G, SIM_EXCLUDE, "10.0.0.101");
	sim_run(s, 5);
	h.n = 0;
	sim_host_filter(h.h1, G, SIM_EXCLUDE, "10.0.0.102");
	assert_int_equal(h.v[0].m[8], 5); /* ALLOW .101 */
	assert_int_equal(h.v[0].m[19], 101);
	assert_int_equal(h.v[0].m[20], 6); /* BLOCK .102 */
}

static void a_general_query_is_answered_within_its_time(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	sim_host_join(h.h1, G);
	sim_host_filter(h.h1, "239.1.1.2", SIM_INCLUDE, "10.0.0.101");
	sim_run(s, 5);
	h.n = 0;
	ask(&h, 100, "0.0.0.0", 12, 0);
	sim_run(s, 10.1);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].m[7], 2);
	assert_int_equal(h.v[0].m[8], 2);  /* IS_EX */
	assert_int_equal(h.v[0].m[16], 1); /* IS_IN */
}

static void a_source_query_is_answered_with_what_is_wanted_of_it(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	sim_host_filter(h.h1, G, SIM_INCLUDE, "10.0.0.102 10.0.0.110");
	sim_host_filter(h.h2, G, SIM_EXCLUDE, "10.0.0.101 10.0.0.102 10.0.0.103");
	sim_run(s, 5);
	h.n = 0;
	ask(&h, 10, G, 24, 3);
	sim_run(s, 1.1);
	assert_int_equal(h.n, 1); /* h2 wants none of the three */
	assert_ptr_equal(h.v[0].by, h.h1);
	assert_int_equal(h.v[0].m[8], 1); /* IS_IN .102 */
	assert_int_equal(h.v[0].m[11], 1);
	assert_int_equal(h.v[0].m[19], 102);
}

static void a_v2_host_keeps_quiet_when_another_has_reported(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 2);
	sim_host_join(h.h1, G);
	sim_host_join(h.h2, G);
	sim_run(s, 20);
	h.n = 0;
	ask(&h, 100, "0.0.0.0", 8, 0);
	sim_run(s, 10.1);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].m[0], 0x16);
}

static void only_the_last_v2_reporter_says_leave(void **state)
{
	struct sim *s = *state;
	struct sim_host *last, *other;
	struct heard h;

	begin(s, &h, 2);
	sim_host_join(h.h1, G);
	sim_host_join(h.h2, G);
	sim_run(s, 20);
	h.n = 0;
	ask(&h, 100, G, 8, 0);
	sim_run(s, 10.1);
	last = h.v[0].by == h.h1 ? h.h1 : h.h2;
	other = last == h.h1 ? h.h2 : h.h1;
	h.n = 0;
	sim_host_leave(other, G);
	assert_int_equal(h.n, 0);
	sim_host_leave(last, G);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].m[0], 0x17);
	assert_int_equal(h.v[0].dst.b[3], 2);
}

static void a_v3_host_speaks_v2_while_a_v2_querier_is_there(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	ask(&h, 100, "0.0.0.0", 8, 0);
	sim_host_join(h.h1, G);
	assert_int_equal(h.v[0].m[0], 0x16);
	sim_run(s, 261);
	h.n = 0;
	ask(&h, 100, "0.0.0.0", 12, 0);
	sim_run(s, 10.1);
	assert_int_equal(h.v[0].m[0], 0x22);
}

static void a_v1_host_never_leaves_in_words(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 1);
	sim_host_join(h.h1, G);
	assert_int_equal(h.v[0].m[0], 0x12);
	sim_run(s, 20);
	h.n = 0;
	sim_host_leave(h.h1, G);
	sim_run(s, 20);
	assert_int_equal(h.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(an_igmpv3_join_is_said_twice_within_a_second),
		SIM_TEST(sources_that_are_added_and_dropped_are_allowed_and_blocked),
		SIM_TEST(in_exclude_mode_the_lists_mean_the_opposite),
		SIM_TEST(a_general_query_is_answered_within_its_time),
		SIM_TEST(a_source_query_is_answered_with_what_is_wanted_of_it),
		SIM_TEST(a_v2_host_keeps_quiet_when_another_has_reported),
		SIM_TEST(only_the_last_v2_reporter_says_leave),
		SIM_TEST(a_v3_host_speaks_v2_while_a_v2_querier_is_there),
		SIM_TEST(a_v1_host_never_leaves_in_words),
	};

	return cmocka_run_group_tests_name("sim_host", tests, NULL, NULL);
}
