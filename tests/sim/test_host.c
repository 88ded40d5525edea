/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The hosts of the simulator against a querier made of bytes: what RFC 2236 and RFC 3376, RFC 2710 and RFC 3810 say
 * that hosts say, for a router is only as well tested as its hosts are true. Versions count as IGMP's: MLDv1 is 2.
 *
 *      querier --- l --- h1, h2
 */
#include "control/base/bytes.h"
#include "tests/sim/help.h"

#define G "239.1.1.1"
#define SAID_MAX 64
#define RECORDS_MAX 4

enum said_kind { V1_REPORT, V2_REPORT, LEAVE, V3_REPORT, NOTHING_KNOWN };

/* A message that was sent, and when. */
struct said {
	const struct sim_host *by;
	uint64_t at_us;
	struct ipaddr dst;
	enum said_kind kind;
	unsigned n; /* records */
	struct {
		uint8_t type;
		unsigned n;   /* sources */
		uint8_t last; /* byte of the first one */
	} v[RECORDS_MAX];
};

struct heard {
	struct sim *s;
	unsigned n;
	struct said v[SAID_MAX];
	struct sim_link *l;
	struct sim_host *querier, *h1, *h2;
};

static enum said_kind kind_of(enum ip_family family, uint8_t type)
{
	static const uint8_t igmp[] = {0x12, 0x16, 0x17, 0x22}, mld[] = {0, 131, 132, 143};

	for (unsigned i = 0; i < NOTHING_KNOWN; i++)
		if (type == (family == IP_V6 ? mld : igmp)[i])
			return (enum said_kind)i;
	return NOTHING_KNOWN;
}

static void read_records(struct said *m, struct reader *r)
{
	unsigned size = ip_bytes(&m->dst);

	read_skip(r, 5);
	m->n = read_u16(r);
	assert_in_range(m->n, 1, RECORDS_MAX);
	for (unsigned i = 0; i < m->n; i++) {
		const uint8_t *src;

		m->v[i].type = read_u8(r);
		read_u8(r);
		m->v[i].n = read_u16(r);
		read_skip(r, size);
		src = read_bytes(r, m->v[i].n * size);
		m->v[i].last = src && m->v[i].n ? src[size - 1] : 0;
	}
	assert_false(r->bad);
}

static void tap(void *arg, const struct sim_port *from, const struct sim_packet *p)
{
	struct reader r = reader_of(p->data, p->len);
	struct heard *h = arg;
	struct said *m = &h->v[h->n];

	if (p->kind != SIM_BYTES || from->host == h->querier || h->n == SAID_MAX)
		return;
	*m = (struct said){.by = from->host, .at_us = h->s->now_us, .dst = sim_packet_dst(p)};
	read_skip(&r, sim_packet_upper(p));
	m->kind = kind_of((enum ip_family)m->dst.family, read_u8(&r));
	if (m->kind == V3_REPORT)
		read_records(m, &r);
	h->n++;
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

/* In front of the group: IGMP has tenths of seconds in a byte, MLD milliseconds in two. */
static void put_head(struct writer *w, enum ip_family family, uint8_t tenths)
{
	write_u8(w, family == IP_V6 ? 130 : 0x11);
	write_u8(w, family == IP_V6 ? 0 : tenths);
	write_u16(w, 0);
	if (family == IP_V6)
		write_u32(w, tenths * 100u << 16);
}

static void put_checksum(struct writer *w, uint16_t sum)
{
	w->p[2] = (uint8_t)(sum >> 8);
	w->p[3] = (uint8_t)sum;
}

static struct sim_packet *packet4(
	const struct ipaddr *from, const struct ipaddr *to, struct writer *w)
{
	uint8_t ip[200] = {0x46, 0xc0, [3] = (uint8_t)(24 + w->len), [8] = 1, [9] = 2};

	put_checksum(w, sim_checksum(w->p, w->len));
	memcpy(ip + 12, from->b, 4);
	memcpy(ip + 16, to->b, 4);
	memcpy(ip + 24, w->p, w->len);
	return sim_packet_bytes(ip, 24 + w->len);
}

/* The pseudo-header (RFC 8200 section 8.1) stands where the IP header will. */
static struct sim_packet *packet6(
	const struct ipaddr *from, const struct ipaddr *to, struct writer *w)
{
	static const uint8_t alert[8] = {58, 0, 5, 2, 0, 0, 1, 0};
	uint8_t ip[240] = {0}, sum[240] = {[35] = (uint8_t)w->len, [39] = 58};

	memcpy(sum, from->b, 16);
	memcpy(sum + 16, to->b, 16);
	memcpy(sum + 40, w->p, w->len);
	put_checksum(w, sim_checksum(sum, 40 + w->len));
	ip[0] = 0x60;
	ip[5] = (uint8_t)(8 + w->len);
	ip[7] = 1;
	memcpy(ip + 8, sum, 32);
	memcpy(ip + 40, alert, 8);
	memcpy(ip + 48, w->p, w->len);
	return sim_packet_bytes(ip, 48 + w->len);
}

/* A query of version 2 or 3; sources: that many of 10.0.0.(101+i). */
static void ask(struct heard *h, uint8_t tenths, const char *grp, uint8_t version, unsigned n)
{
	enum ip_family f = sim_family(h->s);
	struct ipaddr all = sim_addr(f, f == IP_V6 ? "ff02::1" : "224.0.0.1");
	struct ipaddr g = sim_addr(f, grp), from = sim_link_ip(f, &h->querier->port->ip);
	uint8_t buf[150];
	struct writer w = writer_of(buf, sizeof(buf));
	struct sim_packet *p;

	put_head(&w, f, tenths);
	write_bytes(&w, g.b, ip_bytes(&g));
	if (version == 3) {
		write_u16(&w, 0x027d);
		write_u16(&w, (uint16_t)n);
	}
	for (unsigned i = 0; i < n; i++) {
		struct ipaddr number = ip4(0x0a000065 + i), src = sim_ip(f, &number);

		write_bytes(&w, src.b, ip_bytes(&src));
	}
	p = (f == IP_V6 ? packet6 : packet4)(&from, ip_is_any(&g) ? &all : &g, &w);
	sim_host_receive(h->h1, p);
	sim_host_receive(h->h2, p);
	sim_packet_put(p);
}

static void a_v3_join_is_said_twice_within_a_second(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	sim_host_join(h.h1, G);
	sim_run(s, 5);
	assert_int_equal(h.n, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(h.v[i].kind, V3_REPORT);
		assert_int_equal(h.v[i].v[0].type, 4); /* TO_EX */
		assert_int_equal(h.v[i].dst.b[ip_bytes(&h.v[i].dst) - 1], 22);
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
	assert_int_equal(h.v[0].n, 2);
	assert_int_equal(h.v[0].v[0].type, 5); /* ALLOW .103 */
	assert_int_equal(h.v[0].v[0].last, 103);
	assert_int_equal(h.v[0].v[1].type, 6); /* BLOCK .101 */
	assert_int_equal(h.v[0].v[1].last, 101);
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
	assert_int_equal(h.v[0].v[0].type, 5); /* ALLOW .101 */
	assert_int_equal(h.v[0].v[0].last, 101);
	assert_int_equal(h.v[0].v[1].type, 6); /* BLOCK .102 */
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
	ask(&h, 100, "0.0.0.0", 3, 0);
	sim_run(s, 10.1);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].n, 2);
	assert_int_equal(h.v[0].v[0].type, 2); /* IS_EX */
	assert_int_equal(h.v[0].v[1].type, 1); /* IS_IN */
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
	ask(&h, 10, G, 3, 3);
	sim_run(s, 1.1);
	assert_int_equal(h.n, 1); /* h2 wants none of the three */
	assert_ptr_equal(h.v[0].by, h.h1);
	assert_int_equal(h.v[0].v[0].type, 1); /* IS_IN .102 */
	assert_int_equal(h.v[0].v[0].n, 1);
	assert_int_equal(h.v[0].v[0].last, 102);
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
	ask(&h, 100, "0.0.0.0", 2, 0);
	sim_run(s, 10.1);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].kind, V2_REPORT);
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
	ask(&h, 100, G, 2, 0);
	sim_run(s, 10.1);
	last = h.v[0].by == h.h1 ? h.h1 : h.h2;
	other = last == h.h1 ? h.h2 : h.h1;
	h.n = 0;
	sim_host_leave(other, G);
	assert_int_equal(h.n, 0);
	sim_host_leave(last, G);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].kind, LEAVE);
	assert_int_equal(h.v[0].dst.b[ip_bytes(&h.v[0].dst) - 1], 2);
}

static void a_v3_host_speaks_v2_while_a_v2_querier_is_there(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 3);
	ask(&h, 100, "0.0.0.0", 2, 0);
	sim_host_join(h.h1, G);
	assert_int_equal(h.v[0].kind, V2_REPORT);
	sim_run(s, 261);
	h.n = 0;
	ask(&h, 100, "0.0.0.0", 3, 0);
	sim_run(s, 10.1);
	assert_int_equal(h.v[0].kind, V3_REPORT);
}

static void a_v1_host_never_leaves_in_words(void **state)
{
	struct sim *s = *state;
	struct heard h;

	begin(s, &h, 1);
	sim_host_join(h.h1, G);
	assert_int_equal(h.v[0].kind, V1_REPORT);
	sim_run(s, 20);
	h.n = 0;
	sim_host_leave(h.h1, G);
	sim_run(s, 20);
	assert_int_equal(h.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(a_v3_join_is_said_twice_within_a_second),
		SIM_TEST(sources_that_are_added_and_dropped_are_allowed_and_blocked),
		SIM_TEST(in_exclude_mode_the_lists_mean_the_opposite),
		SIM_TEST(a_general_query_is_answered_within_its_time),
		SIM_TEST(a_source_query_is_answered_with_what_is_wanted_of_it),
		SIM_TEST(a_v2_host_keeps_quiet_when_another_has_reported),
		SIM_TEST(only_the_last_v2_reporter_says_leave),
		SIM_TEST(a_v3_host_speaks_v2_while_a_v2_querier_is_there),
	};
	const struct CMUnitTest of_igmp[] = {SIM_TEST(a_v1_host_never_leaves_in_words)};

	return sim_run_both("sim_host", tests) +
	       cmocka_run_group_tests_name("sim_host of IGMP", of_igmp, NULL, NULL);
}
