/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Overload on the real data plane, with ports whose other ends this program holds: packets of new flows
 * are held and go on in order, bounded and counted; no flood costs a neighbour its Hello or an established
 * flow a packet (overload_flood.c). With one worker, with three, and with everything on one lcore. Nothing is timed.
 *
 *   overload	exit code 0 if all held
 */
#include "tests/dp/overload.h"

#include "dataplane/hdr/register.h"
#include "tests/dp/runtime_dir.h"

#include <rte_eal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define INPUTS 3 /* ports 0 to 2, each of another one of three workers */
#define GRP 0xef020000u
#define HOLD_PACKETS 8
#define HOLD_FLOWS 40

/* --- flows ---------------------------------------------------------------------------------------------- */

struct flow {
	unsigned in; /* port */
	uint8_t family;
	uint16_t id;
};

static struct ipaddr address(const struct flow *f, bool group)
{
	struct ipaddr a = {.family = f->family};

	if (f->family == IP_V4)
		return ip4(group ? GRP + f->id : 0x0a000001 + (f->in << 16));
	a.b[0] = group ? 0xff : 0x20;
	a.b[1] = group ? 0x3e : 0x01;
	a.b[13] = (uint8_t)f->in;
	a.b[14] = (uint8_t)(f->id >> 8);
	a.b[15] = (uint8_t)f->id;
	return a;
}

static struct rte_mbuf *packet(const struct bed *b, const struct flow *f, uint16_t number)
{
	struct mark mark = {f->id, number};
	struct ipaddr src = address(f, false), grp = address(f, true);
	struct rte_mbuf *m;
	uint8_t *p;

	if (f->family == IP_V4) {
		m = frame_new(
			b, rte_be_to_cpu_32(src.w_be[0]), rte_be_to_cpu_32(grp.w_be[0]), 17, 0);
		memcpy(rte_pktmbuf_mtod_offset(m, void *, m->data_len - sizeof(mark)), &mark,
			sizeof(mark));
		return m;
	}
	m = rte_pktmbuf_alloc(dataplane_pool(b->d));
	CHECK(m);
	p = (uint8_t *)rte_pktmbuf_append(m, 14 + 40 + 8 + sizeof(mark));
	memset(p, 0, m->data_len);
	memcpy(p, (uint8_t[]){0x33, 0x33, 0, 0, 0, 1, 4, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60}, 15);
	p[14 + 5] = 8 + sizeof(mark);
	p[14 + 6] = 17;
	p[14 + 7] = 9;
	memcpy(p + 14 + 8, src.b, 16);
	memcpy(p + 14 + 24, grp.b, 16);
	memcpy(p + 14 + 48, &mark, sizeof(mark));
	return m;
}

static void arrive_at(struct bed *b, unsigned in, struct rte_mbuf *m)
{
	while (rte_ring_enqueue(b->in[in], m))
		dataplane_poll(b->d);
}

static void send_some(struct bed *b, const struct flow *f, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		arrive_at(b, f->in, packet(b, f, (uint16_t)(from + i)));
}

bool leaves(struct bed *b, struct mark *mark)
{
	void *v;
	struct rte_mbuf *m;

	if (rte_ring_dequeue(b->out[OUT], &v))
		return false;
	m = v;
	memcpy(mark, rte_pktmbuf_mtod_offset(m, void *, m->data_len - sizeof(*mark)),
		sizeof(*mark));
	rte_pktmbuf_free(m);
	return true;
}

static struct mark left(struct bed *b)
{
	struct mark mark;
	bool got = false;

	WAIT_FOR(b, (got = got || leaves(b, &mark)));
	return mark;
}

static void expect(struct bed *b, const struct flow *f, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct mark mark = left(b);

		CHECK(mark.flow == f->id && mark.number == from + i);
	}
}

static struct dp_route route_for(const struct flow *f, uint32_t list)
{
	struct dp_route r = {.n_inputs = 1, .list = list};

	r.inputs[0] = (struct dp_input){.ifid = (uint16_t)(f->in + 1), .flags = DP_INPUT_ACCEPT};
	r.key.src = prefix_host(address(f, false));
	r.key.grp = prefix_host(address(f, true));
	return r;
}

static void route(struct bed *b, const struct flow *f, uint32_t list)
{
	struct dp_route r = route_for(f, list);

	CHECK(b->dp.ops->route_set(b->dp.ctx, &r, 1, NULL) == 0);
}

static void unroute(struct bed *b, const struct flow *f)
{
	struct dp_route r = route_for(f, 0);

	CHECK(b->dp.ops->route_del(b->dp.ctx, &r.key, 1) == 0);
}

/* The next signal. */
static struct dp_upcall signalled(struct bed *b)
{
	struct dp_upcall up;
	bool got = false;

	WAIT_FOR(b, (got = got || b->dp.ops->upcall_recv(b->dp.ctx, &up, 1) == 1));
	return up;
}

static struct dp_upcall upcall(struct bed *b, const struct flow *f)
{
	struct ipaddr grp = address(f, true);
	struct dp_upcall up = signalled(b);

	CHECK(up.kind == DP_UPCALL_NOCACHE && ip_eq(&up.grp, &grp) && up.ifid == f->in + 1);
	return up;
}

/* --- counters ------------------------------------------------------------------------------------------- */

struct seen seen(const struct bed *b)
{
	struct dp_worker_info w;
	struct seen s = {0};

	for (unsigned i = 0; b->dp.ops->worker_info(b->dp.ctx, i, &w) == 0; i++) {
		s.kept += w.hold_kept;
		s.released += w.hold_released;
		s.full += w.drops[DROP_hold_full];
		s.expired += w.drops[DROP_hold_expired];
		s.no_route += w.drops[DROP_no_route];
		s.refused += w.drops[DROP_register_refused];
	}
	return s;
}

static struct dp_hold_info held(const struct bed *b)
{
	struct dp_hold_info h;

	b->dp.ops->hold_info(b->dp.ctx, &h);
	return h;
}

/* --- the hold ------------------------------------------------------------------------------------------- */

/* Packets before the signal is answered, between route and verdict, and after it: none is lost, none
 * overtakes. */
static void held_packets_leave_first_and_in_order(struct bed *b, uint32_t list)
{
	for (unsigned i = 0; i < 2 * INPUTS; i++) {
		struct flow f = {.in = i % INPUTS,
			.family = i < INPUTS ? IP_V4 : IP_V6,
			.id = (uint16_t)(100 + i)};
		struct seen before = seen(b);
		struct dp_upcall up;

		send_some(b, &f, 0, 5);
		up = upcall(b, &f);
		WAIT_FOR(b, seen(b).kept - before.kept == 5);
		CHECK(held(b).flows_held == 1 && held(b).buffers_held == 5);
		route(b, &f, list);
		if (i & 1)
			send_some(b, &f, 5, 100); /* before the verdict */
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
		if (!(i & 1))
			send_some(b, &f, 5, 100);
		expect(b, &f, 0, 105);
		WAIT_FOR(b, held(b).flows_held == 0 && held(b).buffers_held == 0);
		CHECK(seen(b).released - before.released == 5);
		CHECK(seen(b).no_route == before.no_route && seen(b).full == before.full);
		unroute(b, &f);
	}
}

/* Without another packet the verdict alone sends them through. */
static void a_verdict_alone_releases(struct bed *b, uint32_t list)
{
	for (unsigned i = 0; i < INPUTS; i++) {
		struct flow f = {.in = i, .family = IP_V4, .id = (uint16_t)(200 + i)};
		struct dp_upcall up;

		send_some(b, &f, 0, HOLD_PACKETS);
		up = upcall(b, &f);
		WAIT_FOR(b, held(b).buffers_held == HOLD_PACKETS);
		route(b, &f, list);
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
		expect(b, &f, 0, HOLD_PACKETS);
		unroute(b, &f);
	}
}

static void beyond_the_bounds_packets_are_dropped(struct bed *b)
{
	struct seen before = seen(b), now;
	struct dp_upcall up[HOLD_FLOWS + 10];
	struct flow f = {.in = 1, .family = IP_V4, .id = 300};
	unsigned n = 0;

	send_some(b, &f, 0, 20); /* packets of a flow */
	up[0] = upcall(b, &f);
	WAIT_FOR(b, seen(b).full - before.full == 20 - HOLD_PACKETS);
	b->dp.ops->upcall_done(b->dp.ctx, &up[0], DP_VERDICT_DISCARD);
	WAIT_FOR(b, held(b).flows_held == 0);
	CHECK(seen(b).no_route - before.no_route == HOLD_PACKETS);
	before = seen(b);
	for (unsigned i = 0; i < HOLD_FLOWS + 10; i++) { /* flows of a worker */
		f.id++;
		send_some(b, &f, 0, 1);
	}
	WAIT_FOR(b, (n += b->dp.ops->upcall_recv(b->dp.ctx, &up[n], HOLD_FLOWS + 10 - n),
			    n == HOLD_FLOWS + 10));
	WAIT_FOR(b, seen(b).full - before.full == 10);
	CHECK(held(b).flows_held == HOLD_FLOWS);
	while (n-- > 0)
		b->dp.ops->upcall_done(b->dp.ctx, &up[n], DP_VERDICT_DISCARD);
	WAIT_FOR(b, held(b).flows_held == 0);
	now = seen(b);
	CHECK(now.no_route - before.no_route == HOLD_FLOWS && now.expired == before.expired);
}

/* Many flows at once, some wanted and some not, their packets mixed. */
static void flows_do_not_mix(struct bed *b, uint32_t list)
{
	enum { N = HOLD_FLOWS - 4, EACH = 6 };
	struct seen before = seen(b), now;
	unsigned next[N] = {0}, wanted = 0;
	struct flow f = {.in = 2, .family = IP_V6};

	for (unsigned k = 0; k < EACH; k++)
		for (f.id = 0; f.id < N; f.id++)
			arrive_at(b, 2, packet(b, &f, (uint16_t)k));
	WAIT_FOR(b, seen(b).kept - before.kept == N * EACH);
	for (unsigned i = 0; i < N; i++) {
		struct dp_upcall up = signalled(b);

		f.id = up.grp.b[15];
		if (f.id % 3)
			route(b, &f, list);
		b->dp.ops->upcall_done(
			b->dp.ctx, &up, f.id % 3 ? DP_VERDICT_RELEASE : DP_VERDICT_DISCARD);
		wanted += f.id % 3 != 0;
	}
	for (unsigned i = wanted * EACH; i; i--) {
		struct mark m = left(b);

		CHECK(m.flow < N && m.flow % 3 && m.number == next[m.flow]++);
	}
	WAIT_FOR(b, held(b).flows_held == 0);
	now = seen(b);
	CHECK(now.released - before.released == wanted * EACH);
	CHECK(now.no_route - before.no_route == (N - wanted) * EACH);
	for (f.id = 0; f.id < N; f.id++)
		if (f.id % 3)
			unroute(b, &f);
}

/* A verdict for a route that has gone again: dropped, and not held anew. */
static void a_release_without_route_drops(struct bed *b)
{
	struct flow f = {.in = 0, .family = IP_V4, .id = 700};
	struct seen before = seen(b);
	struct dp_upcall up;

	send_some(b, &f, 0, 3);
	up = upcall(b, &f);
	WAIT_FOR(b, held(b).buffers_held == 3);
	b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
	WAIT_FOR(b, seen(b).no_route - before.no_route == 3);
	CHECK(held(b).flows_held == 0);
	CHECK(b->dp.ops->upcall_recv(b->dp.ctx, &up, 1) == 0);
}

static void without_answer_packets_expire(struct bed *b, uint32_t list)
{
	struct flow f = {.in = 0, .family = IP_V4, .id = 800};
	struct seen before = seen(b);
	struct dp_upcall up;

	send_some(b, &f, 0, 4);
	up = upcall(b, &f);
	WAIT_FOR(b, seen(b).expired - before.expired == 4);
	CHECK(held(b).buffers_held == 0);
	route(b, &f, list);
	b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
	send_some(b, &f, 4, 3);
	expect(b, &f, 4, 3);
	unroute(b, &f);
}

static void nothing_is_held_when_nobody_answers(struct bed *b)
{
	struct flow f = {.in = 0, .family = IP_V4, .id = 900};
	struct seen before = seen(b);

	b->dp.ops->hold_enable(b->dp.ctx, false);
	CHECK(!held(b).on);
	send_some(b, &f, 0, 30);
	upcall(b, &f);
	WAIT_FOR(b, seen(b).no_route - before.no_route == 30);
	CHECK(seen(b).kept == before.kept);
	b->dp.ops->hold_enable(b->dp.ctx, true);
}

static void stopping_gives_the_buffers_back(struct bed *b)
{
	struct flow f = {.in = 0, .family = IP_V4, .id = 1000};
	struct seen before = seen(b);

	send_some(b, &f, 0, 5);
	upcall(b, &f);
	WAIT_FOR(b, seen(b).kept - before.kept == 5);
	dataplane_stop(b->d);
	CHECK(held(b).flows_held == 0 && seen(b).expired - before.expired == 5);
	CHECK(mbufs_in_use(b) == b->mbufs_idle);
	CHECK(dataplane_start(b->d) == 0);
}

/* --- Registers ------------------------------------------------------------------------------------------ */

/* Ours, to which they come, and whom they come from. */
static struct ipaddr rp_or_dr(uint8_t family, bool rp)
{
	struct flow f = {.in = rp ? 200 : 201, .family = family};

	return address(&f, false);
}

static void rp_become(struct bed *b)
{
	struct dp_local v[] = {{.addr = rp_or_dr(IP_V4, true)}, {.addr = rp_or_dr(IP_V6, true)}};

	CHECK(b->dp.ops->local_set(b->dp.ctx, v, RTE_DIM(v)) == 0);
}

static void register_some(struct bed *b, const struct flow *f, unsigned from, unsigned n)
{
	struct ipaddr dr = rp_or_dr(f->family, false), rp = rp_or_dr(f->family, true);
	struct register_head head;

	register_head_make(&head, f->family, dr.b, rp.b, 64);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = packet(b, f, (uint16_t)(from + i));
		unsigned inner = m->data_len - 14;
		uint8_t *p = (uint8_t *)rte_pktmbuf_prepend(m, head.len);

		memmove(p, p + head.len, 14);
		memcpy(p, if_of(b, f->in).mac, 6);
		if (f->family == IP_V4)
			register_put4(p + 14 + head.len, &head, inner, 0, 1);
		else
			register_put6(p + 14 + head.len, &head, inner, 0, 0);
		arrive_at(b, f->in, m);
	}
}

/* (S,G) takes what comes in Registers; the group's route, which wants the flow from elsewhere, does not. */
static struct dp_route register_route(const struct flow *f, bool of_source, uint32_t list)
{
	struct dp_route r = route_for(f, list);
	struct ipaddr any = {.family = f->family};

	r.inputs[0].ifid = of_source ? DP_IF_REGISTER : OUT + 1;
	if (!of_source)
		r.key.src = prefix_make(any, 0);
	return r;
}

static void routes_are(struct bed *b, const struct dp_route *r)
{
	CHECK(b->dp.ops->route_set(b->dp.ctx, r, 1, NULL) == 0);
}

static void registers_wait_for_the_answer_and_go_on_in_order(struct bed *b, uint32_t list)
{
	for (unsigned i = 0; i < 4 * INPUTS; i++) {
		struct flow f = {.in = i % INPUTS,
			.family = i / INPUTS % 2 ? IP_V6 : IP_V4,
			.id = (uint16_t)(1100 + i)};
		struct dp_route star = register_route(&f, false, list),
				sg = register_route(&f, true, list);
		struct seen before = seen(b);
		struct dp_upcall up;

		if (i < 2 * INPUTS)
			routes_are(b, &star);
		register_some(b, &f, 0, 5);
		up = signalled(b);
		CHECK(up.kind == DP_UPCALL_REGISTER && up.ifid == f.in + 1);
		WAIT_FOR(b, seen(b).kept - before.kept == 5);
		routes_are(b, &sg);
		if (i & 1)
			register_some(b, &f, 5, 100);
		b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_RELEASE);
		if (!(i & 1))
			register_some(b, &f, 5, 100);
		expect(b, &f, 0, 105);
		WAIT_FOR(b, held(b).flows_held == 0 && held(b).buffers_held == 0);
		CHECK(seen(b).refused == before.refused && seen(b).full == before.full);
		CHECK(b->dp.ops->route_del(b->dp.ctx, &sg.key, 1) == 0);
	}
}

/* Bounded as any flow, and refused by the route when control has said no; an (S,G) that takes none is asked
 * for no second opinion. */
static void refused_registers_are_dropped_by_their_name(struct bed *b, uint32_t list)
{
	struct flow f = {.in = 1, .family = IP_V4, .id = 1200};
	struct dp_route star = register_route(&f, false, list), sg = register_route(&f, true, list);
	struct seen before = seen(b);
	struct dp_upcall up;

	routes_are(b, &star);
	register_some(b, &f, 0, HOLD_PACKETS + 3);
	up = signalled(b);
	WAIT_FOR(b, seen(b).full - before.full == 3);
	b->dp.ops->upcall_done(b->dp.ctx, &up, DP_VERDICT_DISCARD);
	WAIT_FOR(b, seen(b).refused - before.refused == HOLD_PACKETS);
	CHECK(held(b).flows_held == 0);
	register_some(b, &f, 0, 4); /* its gate is closed */
	WAIT_FOR(b, seen(b).refused - before.refused == HOLD_PACKETS + 4);
	f.id++;
	sg = register_route(&f, true, list);
	sg.inputs[0].ifid = OUT + 1;
	routes_are(b, &sg);
	register_some(b, &f, 0, 4);
	up = signalled(b);
	WAIT_FOR(b, seen(b).refused - before.refused == HOLD_PACKETS + 8);
	CHECK(seen(b).kept - before.kept == HOLD_PACKETS && seen(b).no_route == before.no_route);
}

static void hold_all(struct bed *b, unsigned workers)
{
	b->workers = workers;
	/* a minute: what must not expire does not; then what must does at once */
	b->hold = (struct dataplane_hold){
		.packets = HOLD_PACKETS, .flows = HOLD_FLOWS, .time_ms = 60000};
	bed_make(b, workers == 0);
	b->dp.ops->hold_enable(b->dp.ctx, true);
	held_packets_leave_first_and_in_order(b, list_of(b, OUT + 1, OUT + 1));
	a_verdict_alone_releases(b, list_of(b, OUT + 1, OUT + 1));
	beyond_the_bounds_packets_are_dropped(b);
	flows_do_not_mix(b, list_of(b, OUT + 1, OUT + 1));
	a_release_without_route_drops(b);
	rp_become(b);
	registers_wait_for_the_answer_and_go_on_in_order(b, list_of(b, OUT + 1, OUT + 1));
	refused_registers_are_dropped_by_their_name(b, list_of(b, OUT + 1, OUT + 1));
	nothing_is_held_when_nobody_answers(b);
	stopping_gives_the_buffers_back(b);
	bed_free(b);
	b->hold.time_ms = 1;
	bed_make(b, workers == 0);
	b->dp.ops->hold_enable(b->dp.ctx, true);
	without_answer_packets_expire(b, list_of(b, OUT + 1, OUT + 1));
	bed_free(b);
	printf("hold, %u worker lcores: in order, bounded, counted, buffers all back\n", workers);
}

int main(int argc, char **argv)
{
	struct bed b = {.wake = -1};

	bed_eal(argv[0], "over");
	ports_make(&b);
	hold_all(&b, 1);
	hold_all(&b, 3);
	hold_all(&b, 0);
	overload_floods(&b);
	eal_end();
	printf("all held\n");
	return 0;
}
