/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A PIM router that hears anything in any order. The input is the family, then events with their bytes: time that
 * passes, messages of neighbours and strangers (well-formed ones over a few groups and sources, and broken
 * ones with right checksums), memberships, upcalls of the data plane, links, routes and settings that change.
 *
 * What must hold: the data plane is never asked for nonsense (fake_dp aborts); neighbours and states stay within
 * their limits; a message that is refused changes nothing; whatever is sent can be read. And at the end, when all members have left, all neighbours have said
 * goodbye and all timers have run out: no entry and no route is left.
 */
#include <stdio.h>
#include <stdlib.h>

#include "control/pim/sm/sm_priv.h"
#include "tests/unit/control/world.h"

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                             \
		}                                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LANS 3
#define EVENTS_MAX 120
#define S_US 1000000u
#define NEIGHBORS_MAX 8

struct router {
	struct world *w;
	struct pim_self *pim;
	struct pim_config conf;
	struct pim_if_config ifs[LANS];
	struct pim_rp_config rps[2];
	struct prefix rp_groups[2];
	uint16_t ifid[LANS];
	uint16_t number;
	struct reader in;
	bool link[LANS];
	bool forever;    /* somebody asked for state that never ends */
	uint64_t states; /* so many there were; a limit that is lowered takes none away */
};

/* Addresses are thought of as IPv4; those of IPv6 have the same 32 bits at their end. */
static uint8_t family;

static struct ipaddr make(uint8_t b0, uint8_t b1, uint16_t b23, uint32_t v)
{
	struct ipaddr a = ip4(v),
		      six = {.family = IP_V6, .b = {b0, b1, (uint8_t)(b23 >> 8), (uint8_t)b23}};

	memcpy(six.b + 12, a.b, 4);
	return family == IP_V6 ? six : a;
}

static struct ipaddr host(uint32_t v)
{
	return make(0x20, 0x01, 0x0db8, v);
}

/* --- the small world -------------------------------------------------------------------------------------- */

static struct ipaddr group(unsigned n)
{
	static const uint32_t v[] = {0xef010101, 0xef010102, 0xef020101, 0xe8010101};

	return v[n % 4] >> 24 == 0xe8 ? make(0xff, 0x3e, 0, v[n % 4])
				      : make(0xff, 0x0e, 0, v[n % 4]);
}

static struct ipaddr source(unsigned n)
{
	static const uint32_t v[] = {0x0a320001, 0x0a320002, 0x0a030063, 0x0a3c0001};

	return host(v[n % 4]);
}

static struct ipaddr rp_of(unsigned n)
{
	static const uint32_t v[] = {0x0a090909, 0x0a030005, 0x0a090908};

	return host(v[n % 3]);
}

static struct ipaddr router_on(unsigned lan, unsigned n)
{
	return make(0xfe, 0x80, 0, 0x0a010000 + (lan << 16) + 2 + n % 12);
}

static void configure(struct router *r, uint8_t how)
{
	r->conf.spt = how & 1 ? PIM_SPT_NEVER : PIM_SPT_IMMEDIATE;
	r->conf.n_rps = how & 2 ? 1 : 2;
	r->rps[0].address = how & 4 ? rp_of(2) : rp_of(0);
	r->ifs[0].passive = how & 8;
	r->ifs[1].mode = how & 16 ? PIM_MODE_OFF : PIM_MODE_SPARSE;
	r->ifs[2].dr_priority = how & 32 ? 9 : 1;
	r->conf.limits.states = how & 64 ? 5 : 0;
	r->conf.limits.per_neighbor = how & 128 ? 3 : 0;
	runner_config(r->w->r, r->number, &r->conf, r->w->now_us);
}

/* The last len of 32 bits. */
static struct prefix range(struct ipaddr a, uint8_t len)
{
	return prefix_make(a, (uint8_t)(ip_bits(&a) - 32 + len));
}

static void address_add(struct net_if_conf *c, struct ipaddr a)
{
	c->addrs[c->n_addrs].ip = a;
	c->addrs[c->n_addrs++].len = (uint8_t)(ip_bits(&a) - 8);
}

static void lan_add(struct router *r, unsigned lan)
{
	struct pim_if_config *f = &r->ifs[lan];
	struct net_if_conf c;
	char name[8];

	snprintf(name, sizeof(name), "lan%u", lan);
	r->ifid[lan] = world_if(r->w, name, NULL);
	c = net_if_get(r->w->net, r->ifid[lan])->conf;
	if (family == IP_V6) /* its primary one; of IPv4 they are the same */
		address_add(&c, router_on(lan, 3));
	address_add(&c, host(0x0a010005 + (lan << 16)));
	CHECK(net_if_change(r->w->net, r->ifid[lan], &c) == 0);
	pim_if_config_default(f);
	memcpy(f->interface, name, sizeof(name));
	f->ipv6 = family == IP_V6;
	f->max_neighbors = NEIGHBORS_MAX;
	r->link[lan] = true;
}

static void route(struct router *r, struct ipaddr to, unsigned lan, struct ipaddr gateway)
{
	struct net_route n = {.dst = range(to, 16), .origin = NET_ROUTE_RPF, .n_paths = 1};

	n.paths[0] = (struct net_path){.ifid = r->ifid[lan], .weight = 1, .gateway = gateway};
	CHECK(net_route_set(r->w->net, &n) == 0);
}

static void begin(struct router *r)
{
	world_setup((void **)&r->w);
	r->number = (uint16_t)runner_add(r->w->r, &pim_proto);
	r->pim = runner_instance(r->w->r, r->number);
	pim_config_default(&r->conf);
	r->conf.seed = 1;
	r->conf.ifs = r->ifs;
	r->conf.n_ifs = LANS;
	for (unsigned i = 0; i < LANS; i++)
		lan_add(r, i);
	for (unsigned i = 0; i < 2; i++) {
		r->rp_groups[i] = range(group(i * 2), 16);
		r->rps[i] = (struct pim_rp_config){
			.address = rp_of(i), .groups = &r->rp_groups[i], .n_groups = 1};
	}
	r->conf.rps = r->rps;
	route(r, source(0), 0, router_on(0, 0));
	route(r, rp_of(0), 1, router_on(1, 0));
	configure(r, 0);
	world_run(r->w);
}

/* --- what is sent can be read ---------------------------------------------------------------------------------- */

static void look(const uint8_t *data, size_t len)
{
	struct pim_register_stop stop;
	struct pim_register reg;
	struct pim_assert a;
	struct pim_packet p;
	struct pim_hello h;
	struct pim_jp jp;

	CHECK(pim_packet_open(data, len, &p) == PIM_OK);
	switch (p.type) {
	case PIM_HELLO:
		CHECK(pim_hello_open(&p, &h) == PIM_OK);
		break;
	case PIM_JOIN_PRUNE:
		CHECK(pim_jp_open(&p, &jp) == PIM_OK && jp.skipped == 0 && jp.n_groups > 0);
		break;
	case PIM_ASSERT:
		CHECK(pim_assert_open(&p, &a) == PIM_OK);
		break;
	case PIM_REGISTER:
		CHECK(pim_register_open(&p, &reg) == PIM_OK);
		break;
	case PIM_REGISTER_STOP:
		CHECK(pim_register_stop_open(&p, &stop) == PIM_OK);
		break;
	default:
		CHECK(!"a message that is sent");
	}
}

static void within_limits(struct router *r)
{
	uint64_t n = r->pim->sm->n_star + r->pim->sm->n_sg;

	CHECK(!r->conf.limits.states || n <= r->conf.limits.states || n <= r->states);
	r->states = n;
}

static void settle(struct router *r)
{
	struct fake_dp *f = r->w->f;
	struct pim_iface *pif;

	while (runner_run(r->w->r, r->w->now_us, 64))
		;
	for (size_t i = 0; i < f->n_sent; i++)
		if (f->sent[i].kind == DP_SEND_IP)
			look(f->sent[i].data, f->sent[i].len);
	fake_dp_forget(f);
	TAILQ_FOREACH (pif, &r->pim->ifaces, link) {
		CHECK(pif->n_neighbors <= NEIGHBORS_MAX);
		CHECK(!pif->up || !ip_is_none(&pif->dr));
		CHECK(pif->i_am_dr == (pif->up && ip_eq(&pif->dr, &pif->addr)));
	}
	within_limits(r);
}

static void pass(struct router *r, uint64_t us)
{
	uint64_t end = r->w->now_us + us, next;

	while ((next = runner_next(r->w->r)) <= end) {
		if (next > r->w->now_us)
			r->w->now_us = next;
		settle(r);
	}
	r->w->now_us = end;
	settle(r);
}

/* --- packets -------------------------------------------------------------------------------------------------------- */

/* What is counted while the rest of the message holds. */
static const enum pim_drop partial[] = {PIM_DROP_entry_family, PIM_DROP_entry_group,
	PIM_DROP_entry_source, PIM_DROP_entry_flags, PIM_DROP_secondary_limit, PIM_DROP_rp_mismatch,
	PIM_DROP_ssm_entry, PIM_DROP_limit_states, PIM_DROP_limit_neighbor, PIM_DROP_limit_source,
	PIM_DROP_boundary, PIM_DROP_no_memory};

/* How many messages were refused whole. */
static uint64_t refused(const struct router *r)
{
	const uint64_t *drops = r->pim->stats.drops;
	uint64_t n = 0;

	for (unsigned i = PIM_OK + 1; i < PIM_DROP_COUNT; i++)
		n += drops[i];
	for (unsigned i = 0; i < sizeof(partial) / sizeof(*partial); i++)
		n -= drops[partial[i]];
	return n;
}

struct amounts {
	uint64_t groups, sources, peers, neighbors, wishes, sent;
};

static struct amounts amounts_of(const struct router *r)
{
	return (struct amounts){.groups = r->pim->sm->n_star,
		.sources = r->pim->sm->n_sg,
		.peers = r->pim->sm->peers.n,
		.neighbors = r->pim->neighbors.n,
		.wishes = tib_count(r->w->tib),
		.sent = r->w->f->n_sent};
}

static void rx(struct router *r, unsigned lan, const uint8_t *packet, size_t len)
{
	struct amounts before = amounts_of(r), after;
	struct event ev = {.kind = EV_PACKET};
	uint64_t n = refused(r);

	if (len == 0)
		return;
	ev.packet.ifid = r->ifid[lan];
	ev.packet.family = family;
	ev.packet.data = packet;
	ev.packet.len = len;
	runner_event(r->w->r, r->number, &ev, r->w->now_us);
	after = amounts_of(r);
	CHECK(refused(r) <= n + 1);
	CHECK(refused(r) == n || memcmp(&before, &after, sizeof(before)) == 0);
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void hello(struct router *r, unsigned lan, struct ipaddr src)
{
	uint8_t bits = read_u8(&r->in), value = read_u8(&r->in);
	struct ipaddr second = host(0x0a460000 + value);
	struct pim_hello h = {.has = bits & 0x1f,
		.holdtime_s = (uint16_t)(value * 2 + 1),
		.propagation_delay_ms = (uint16_t)(value * 10),
		.override_interval_ms = (uint16_t)(value * 20),
		.tracking_support = bits & 0x40,
		.dr_priority = value & 3,
		.genid = value >> 5};
	uint8_t buf[256];

	if (value == 0)
		h.holdtime_s = 0;
	rx(r, lan, buf, pim_hello_write(buf, sizeof(buf), &src, &h, &second, bits >> 7));
}

struct one_packet {
	struct router *r;
	unsigned lan;
};

static void deliver(void *arg, const uint8_t *packet, size_t len)
{
	struct one_packet *o = arg;

	rx(o->r, o->lan, packet, len);
}

static void join_prune(struct router *r, unsigned lan, struct ipaddr src)
{
	static uint8_t buf[2048];
	static const uint8_t kinds[] = {PIM_JP_STAR_G, PIM_JP_SG, PIM_JP_SG_RPT, PIM_JP_SG};
	uint8_t head = read_u8(&r->in), n_groups = head & 3, hold = read_u8(&r->in);
	struct one_packet o = {.r = r, .lan = lan};
	struct pim_jp_builder b = {.buf = buf,
		.cap = sizeof(buf),
		.src = src,
		.upstream = head & 0x40 ? router_on(lan, hold) : router_on(lan, 3), /* .5: us */
		.holdtime_s = (uint16_t)(hold * 2),
		.send = deliver,
		.arg = &o};
	struct pim_jp_set set = {0};

	for (unsigned i = 0; i <= n_groups; i++) {
		uint8_t what = read_u8(&r->in);
		struct ipaddr g = group(what);

		pim_jp_set_begin(&set, &g);
		for (unsigned n = what >> 6; n < 4; n++) {
			uint8_t e = read_u8(&r->in);
			struct ipaddr s = e & 3 ? source(e >> 2) : rp_of(e >> 2);

			pim_jp_set_add(&set, e & 0x80, &s, kinds[e & 3]);
		}
		pim_jp_build(&b, &set);
	}
	pim_jp_flush(&b);
	pim_jp_set_fini(&set);
}

static void assert_message(struct router *r, unsigned lan, struct ipaddr src)
{
	uint8_t what = read_u8(&r->in), metric = read_u8(&r->in);
	struct pim_assert a = {.grp = group(what),
		.rpt = what & 0x80,
		.preference = metric == 255 ? 0x7fffffff : metric >> 4,
		.metric = metric == 255 ? 0xffffffff : metric & 15};
	uint8_t buf[128];

	if (!a.rpt || what & 0x40)
		a.src = source(what >> 2);
	rx(r, lan, buf, pim_assert_write(buf, sizeof(buf), &src, &a));
}

static void register_message(struct router *r, unsigned lan)
{
	uint8_t what = read_u8(&r->in);
	struct ipaddr from = host(0x0a4d0001 + (what >> 6)), to = what & 0x20 ? rp_of(0) : rp_of(1);
	struct ipaddr s = source(what), g = group(what >> 2);
	uint8_t buf[128];

	rx(r, lan, buf, pim_null_register_write(buf, sizeof(buf), &from, &to, &s, &g));
}

static void register_stop(struct router *r, unsigned lan)
{
	uint8_t what = read_u8(&r->in);
	struct ipaddr rp = rp_of(what >> 6), to = host(0x0a010005 + ((what >> 4 & 3) << 16));
	struct ipaddr s = source(what), g = group(what >> 2);
	uint8_t buf[128];

	rx(r, lan, buf, pim_register_stop_write(buf, sizeof(buf), &rp, &to, &g, &s));
}

/* Bytes as they come behind a sound header. */
static void raw(struct router *r, unsigned lan, struct ipaddr src)
{
	uint8_t type = read_u8(&r->in) & 0xf, n = read_u8(&r->in) & 0x7f, buf[256];
	struct ipaddr dst = pim_all_routers((enum ip_family)family);
	const uint8_t *body;
	struct pim_msg m;

	if (type == PIM_REGISTER || type == PIM_REGISTER_STOP)
		dst = host(0x0a030005);
	body = read_bytes(&r->in, n < r->in.left ? n : r->in.left);
	pim_msg_begin(&m, buf, sizeof(buf), (enum pim_type)type, &src, &dst);
	if (body)
		write_bytes(&m.w, body, n < 0x7f ? (size_t)(r->in.p - body) : 0);
	r->forever |= type == PIM_JOIN_PRUNE;
	rx(r, lan, buf, pim_msg_end(&m));
}

static void member_told(
	struct router *r, unsigned lan, struct ipaddr s, struct ipaddr g, uint8_t state)
{
	struct event ev = {.kind = EV_MEMBER};

	ev.member = (struct member){.ifid = r->ifid[lan], .state = state, .src = s, .grp = g};
	runner_event(r->w->r, r->number, &ev, r->w->now_us);
}

static void member(struct router *r, unsigned lan)
{
	uint8_t what = read_u8(&r->in);
	struct ipaddr any = {0}, s = source(what >> 2);

	if (what & 0x40)
		member_told(r, lan, any, group(what), what & 0x80 ? MEMBER_INCLUDE : MEMBER_NONE);
	else
		member_told(r, lan, s, group(what), (what >> 4 & 3) % 3);
}

static void upcall(struct router *r, unsigned lan)
{
	uint8_t what = read_u8(&r->in);
	struct event ev = {.kind = EV_UPCALL};

	ev.upcall = (struct dp_upcall){.kind = (what >> 4) % DP_UPCALL_KINDS,
		.ifid = r->ifid[lan],
		.len = 100,
		.src = source(what >> 2),
		.grp = group(what)};
	if (ev.upcall.kind == DP_UPCALL_REGISTER) {
		ev.upcall.outer_src = host(0x0a4d0001);
		ev.upcall.outer_dst = rp_of(1);
	}
	runner_event(r->w->r, r->number, &ev, r->w->now_us);
}

static void link_change(struct router *r, unsigned lan)
{
	char port[8];

	snprintf(port, sizeof(port), "p%u", lan + 1);
	r->link[lan] = !r->link[lan];
	net_port_link(r->w->net, port, r->link[lan]);
}

static void route_change(struct router *r)
{
	uint8_t what = read_u8(&r->in);
	unsigned lan = (what >> 1) % LANS;

	route(r, what & 1 ? source(0) : rp_of(0), lan, router_on(lan, what >> 4));
}

static void one_event(struct router *r)
{
	uint8_t op = read_u8(&r->in);
	unsigned lan = (op >> 4) % LANS;
	struct ipaddr src = router_on(lan, op & 0x80 ? 0 : read_u8(&r->in));

	switch (op & 15) {
	case 0:
	case 1:
		hello(r, lan, src);
		break;
	case 2:
	case 3:
	case 4:
		join_prune(r, lan, src);
		break;
	case 5:
		assert_message(r, lan, src);
		break;
	case 6:
		register_message(r, lan);
		break;
	case 7:
		register_stop(r, lan);
		break;
	case 8:
		raw(r, lan, src);
		break;
	case 9:
		member(r, lan);
		break;
	case 10:
		upcall(r, lan);
		break;
	case 11:
		link_change(r, lan);
		break;
	case 12:
		route_change(r);
		break;
	case 13:
		configure(r, read_u8(&r->in));
		break;
	case 14:
		pass(r, read_u8(&r->in) * 20000ull);
		break;
	case 15:
		pass(r, read_u8(&r->in) * (uint64_t)S_US);
		break;
	}
	settle(r);
}

/* --- the end ------------------------------------------------------------------------------------------------------------ */

static void leave_all(struct router *r)
{
	struct ipaddr any = {0};

	for (unsigned lan = 0; lan < LANS; lan++)
		for (unsigned g = 0; g < 4; g++) {
			member_told(r, lan, any, group(g), MEMBER_NONE);
			for (unsigned s = 0; s < 4; s++)
				member_told(r, lan, source(s), group(g), MEMBER_NONE);
		}
}

static void nothing_is_left(struct router *r)
{
	if (r->forever)
		return;
	leave_all(r);
	pass(r, 3600ull * S_US);
	CHECK(r->pim->sm->n_star == 0);
	CHECK(r->pim->sm->n_sg == 0);
	CHECK(r->pim->sm->peers.n == 0);
	CHECK(tib_count(r->w->tib) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct router r = {.in = reader_of(data, size)};

	family = read_u8(&r.in) & 1 ? IP_V6 : IP_V4;
	begin(&r);
	for (unsigned i = 0; i < EVENTS_MAX && r.in.left > 0; i++)
		one_event(&r);
	nothing_is_left(&r);
	world_teardown((void **)&r.w);
	return 0;
}
