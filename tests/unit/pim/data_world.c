/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router of the tests of data.
 */
#include "tests/unit/pim/data_world.h"

#define ETH_LEN 14u
#define OSPF 188

/* --- making it -------------------------------------------------------------------------------- */

static void if_conf(struct data_world *dw, unsigned i, const char *name)
{
	pim_if_config_default(&dw->ifs[i]);
	snprintf(dw->ifs[i].interface, sizeof(dw->ifs[i].interface), "%s", name);
}

void data_route(
	struct data_world *dw, const char *dst, uint16_t ifid, const char *gateway, uint32_t metric)
{
	struct net_route r = {
		.origin = NET_ROUTE_KERNEL, .protocol = OSPF, .n_paths = 1, .metric = metric};
	struct prefix p;

	assert_int_equal(prefix_parse(dst, &p), 0);
	for (uint32_t m = 1; m < 100; m++) /* the one before it */
		net_route_del(dw->w->net, &p, NET_ROUTE_KERNEL, m);
	r.dst = p;
	r.paths[0].ifid = ifid;
	r.paths[0].weight = 1;
	r.paths[0].gateway = addr(gateway);
	assert_int_equal(net_route_set(dw->w->net, &r), 0);
	world_run(dw->w);
}

static void neighbor_mac(struct data_world *dw, uint16_t ifid, const char *ip)
{
	struct net_neigh n = {.ifid = ifid, .state = NET_NEIGH_STATIC, .mac = {2, 0, 0, 0, 9, 9}};

	n.addr = addr(ip);
	assert_int_equal(net_neigh_set(dw->w->net, &n), 0);
}

void data_config(struct data_world *dw)
{
	runner_config(dw->w->r, dw->number, &dw->conf, dw->w->now_us);
	world_run(dw->w);
}

static void configure(struct data_world *dw)
{
	pim_config_default(&dw->conf);
	if_conf(dw, 0, "up");
	if_conf(dw, 1, "spt");
	if_conf(dw, 2, "lan");
	if_conf(dw, 3, "lan2");
	dw->conf.seed = 1;
	dw->conf.n_ifs = 4;
	dw->conf.ifs = dw->ifs;
	assert_int_equal(prefix_parse("224.0.0.0/4", &dw->groups), 0);
	dw->rp = (struct pim_rp_config){.address = addr(RP), .n_groups = 1, .groups = &dw->groups};
	dw->conf.n_rps = 1;
	dw->conf.rps = &dw->rp;
	data_config(dw);
}

static void neighbors(struct data_world *dw)
{
	data_hello(dw, dw->up, "10.0.1.2", 1, 65535, 1);
	data_hello(dw, dw->up, "10.0.1.3", 1, 65535, 1);
	data_hello(dw, dw->spt, "10.0.2.2", 1, 65535, 1);
	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 1);
	data_hello(dw, dw->lan, "10.1.0.9", 1, 65535, 0);
}

int data_setup(void **state)
{
	struct data_world *dw = calloc(1, sizeof(*dw));
	int number;

	assert_non_null(dw);
	world_setup((void **)&dw->w);
	number = runner_add(dw->w->r, &pim_proto);
	assert_true(number >= 0);
	dw->number = (uint16_t)number;
	dw->pim = runner_instance(dw->w->r, dw->number);
	dw->sm = dw->pim->sm;
	dw->up = world_if(dw->w, "up", "10.0.1.1/24");
	dw->spt = world_if(dw->w, "spt", "10.0.2.1/24");
	dw->lan = world_if(dw->w, "lan", "10.1.0.5/24");
	dw->lan2 = world_if(dw->w, "lan2", "10.2.0.1/24");
	world_run(dw->w);
	configure(dw);
	data_route(dw, "10.255.0.0/16", dw->up, "10.0.1.2", 20);
	data_route(dw, "10.8.0.0/16", dw->up, "10.0.1.2", 20);
	data_route(dw, "10.7.0.0/16", dw->up, "10.0.1.3", 20);
	data_route(dw, "10.9.0.0/16", dw->spt, "10.0.2.2", 20);
	neighbor_mac(dw, dw->up, "10.0.1.2");
	neighbor_mac(dw, dw->spt, "10.0.2.2");
	neighbors(dw);
	data_pass(dw, 10);
	data_forget(dw);
	*state = dw;
	return 0;
}

int data_teardown(void **state)
{
	struct data_world *dw = *state;
	void *w = dw->w;

	world_teardown(&w);
	free(dw);
	return 0;
}

void data_become_rp(struct data_world *dw)
{
	dw->rp.address = addr("10.2.0.1");
	data_config(dw);
}

/* --- what happens to it ----------------------------------------------------------------------- */

void data_packet(struct data_world *dw, uint16_t ifid, const void *ip, size_t len)
{
	uint8_t family = *(const uint8_t *)ip >> 4 == 6 ? IP_V6 : IP_V4;

	fake_dp_packet(dw->w->f, DP_PUNT_proto, family, ifid, ip, len);
	world_run(dw->w);
}

void data_hello(struct data_world *dw, uint16_t ifid, const char *from, uint32_t genid,
	uint16_t holdtime_s, uint32_t dr_priority)
{
	struct pim_hello h = {.has = PIM_HAS_HOLDTIME | PIM_HAS_GENID | PIM_HAS_DR_PRIORITY |
				     PIM_HAS_LAN_PRUNE_DELAY,
		.holdtime_s = holdtime_s,
		.genid = genid,
		.dr_priority = dr_priority,
		.propagation_delay_ms = 500,
		.override_interval_ms = 2500};
	struct ipaddr src = addr(from);
	uint8_t buf[256];
	size_t len = pim_hello_write(buf, sizeof(buf), &src, &h, NULL, 0);

	assert_true(len > 0);
	data_packet(dw, ifid, buf, len);
}

struct jp_arg {
	struct data_world *dw;
	uint16_t ifid;
};

static void jp_send(void *arg, const uint8_t *ip, size_t len)
{
	struct jp_arg *a = arg;

	data_packet(a->dw, a->ifid, ip, len);
}

static void jp_message(struct data_world *dw, uint16_t ifid, const char *from,
	const struct ipaddr *upstream, struct pim_jp_set *set)
{
	uint8_t buf[1500];
	struct jp_arg arg = {dw, ifid};
	struct pim_jp_builder b = {.buf = buf,
		.cap = sizeof(buf),
		.src = addr(from),
		.upstream = *upstream,
		.holdtime_s = 65535,
		.send = jp_send,
		.arg = &arg};

	pim_jp_build(&b, set);
	pim_jp_flush(&b);
	pim_jp_set_fini(set);
}

void data_jp(struct data_world *dw, uint16_t ifid, const char *from, bool join, uint8_t flags,
	const char *src, const char *grp)
{
	struct ipaddr g = addr(grp), s = addr(src);
	struct pim_jp_set set = {0};

	pim_jp_set_begin(&set, &g);
	pim_jp_set_add(&set, join, &s, flags);
	jp_message(dw, ifid, from, &pim_iface_get(dw->pim, ifid, addr(from).family)->addr, &set);
}

static bool is_star(const char *src)
{
	return !strcmp(src, "*");
}

static void join_to_another(struct data_world *dw, uint8_t flags, const struct ipaddr *src,
	const char *grp, const char *without)
{
	struct ipaddr g = addr(grp), to = addr("10.1.0.9"), s;
	struct pim_jp_set set = {0};

	pim_jp_set_begin(&set, &g);
	pim_jp_set_add(&set, true, src, flags);
	if (without) {
		s = addr(without);
		pim_jp_set_add(&set, false, &s, PIM_JP_SG_RPT);
	}
	jp_message(dw, dw->lan, "10.1.0.2", &to, &set);
}

void data_join_to_another(
	struct data_world *dw, const char *src, const char *grp, const char *without)
{
	struct ipaddr s = is_star(src) ? dw->rp.address : addr(src);

	join_to_another(dw, is_star(src) ? PIM_JP_STAR_G : PIM_JP_SG, &s, grp, without);
}

void data_rpt_join_to_another(struct data_world *dw, const char *src, const char *grp)
{
	struct ipaddr s = addr(src);

	join_to_another(dw, PIM_JP_SG_RPT, &s, grp, NULL);
}

static void join_or_prune(struct data_world *dw, bool join, const char *src, const char *grp)
{
	char rp[IP_STRLEN];

	ip_str(&dw->rp.address, rp, sizeof(rp));
	data_jp(dw, dw->lan, "10.1.0.2", join, is_star(src) ? PIM_JP_STAR_G : PIM_JP_SG,
		is_star(src) ? rp : src, grp);
}

void data_join(struct data_world *dw, const char *src, const char *grp)
{
	join_or_prune(dw, true, src, grp);
}

void data_prune(struct data_world *dw, const char *src, const char *grp)
{
	join_or_prune(dw, false, src, grp);
	data_pass(dw, 4); /* Prune-Pending */
}

static struct ipaddr addr_or_none(const char *text)
{
	return is_star(text) ? (struct ipaddr){0} : addr(text);
}

void data_member(
	struct data_world *dw, uint16_t ifid, const char *src, const char *grp, enum member_state m)
{
	struct event ev = {.kind = EV_MEMBER,
		.member = {.ifid = ifid, .state = m, .src = addr_or_none(src), .grp = addr(grp)}};

	runner_event(dw->w->r, dw->number, &ev, dw->w->now_us);
	world_run(dw->w);
}

void data_assert(struct data_world *dw, uint16_t ifid, const char *from, const char *src,
	const char *grp, bool rpt, uint32_t preference, uint32_t metric)
{
	struct pim_assert a = {.grp = addr(grp),
		.src = addr_or_none(src),
		.rpt = rpt,
		.preference = preference,
		.metric = metric};
	struct ipaddr sender = addr(from);
	uint8_t buf[128];
	size_t len = pim_assert_write(buf, sizeof(buf), &sender, &a);

	assert_true(len > 0);
	data_packet(dw, ifid, buf, len);
}

void data_upcall(struct data_world *dw, enum dp_upcall_kind kind, const char *src, const char *grp,
	uint16_t ifid)
{
	struct dp_upcall up = {.kind = (uint8_t)kind,
		.ifid = ifid,
		.len = 100,
		.src = addr(src),
		.grp = addr(grp)};

	fake_dp_upcall(dw->w->f, &up);
	world_run(dw->w);
}

void data_register(struct data_world *dw, const char *dr, const char *to, const char *src,
	const char *grp, bool null)
{
	struct dp_upcall up = {.kind = DP_UPCALL_REGISTER,
		.ifid = dw->up,
		.len = 100,
		.src = addr(src),
		.grp = addr(grp),
		.outer_src = addr(dr),
		.outer_dst = addr(to)};
	uint8_t buf[128];
	size_t len;

	if (!null) {
		fake_dp_upcall(dw->w->f, &up);
		world_run(dw->w);
		return;
	}
	len = pim_null_register_write(
		buf, sizeof(buf), &up.outer_src, &up.outer_dst, &up.src, &up.grp);
	data_packet(dw, dw->up, buf, len);
}

void data_register_stop(
	struct data_world *dw, const char *from, const char *to, const char *src, const char *grp)
{
	struct ipaddr rp = addr(from), dr = addr(to), s = addr_or_none(src), g = addr(grp);
	uint8_t buf[128];
	size_t len = pim_register_stop_write(buf, sizeof(buf), &rp, &dr, &g, &s);

	data_packet(dw, dw->up, buf, len);
}

void data_flow(struct data_world *dw, const char *src, const char *grp, uint64_t bytes,
	uint64_t last_used_ms)
{
	struct dp_route_key k = key(src, grp);
	struct dp_route_counters c = {
		.packets = bytes / 100, .bytes = bytes, .last_used_ms = last_used_ms};

	fake_dp_flow(dw->w->f, &k, &c);
}

void data_pass(struct data_world *dw, double seconds)
{
	world_pass(dw->w, (uint64_t)(seconds * 1e6));
}

/* --- what it did ------------------------------------------------------------------------------ */

unsigned data_sent(struct data_world *dw, uint16_t ifid, enum pim_type type, struct pim_packet *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < dw->w->f->n_sent; i++) {
		const struct fake_sent *s = &dw->w->f->sent[i];
		size_t skip = s->kind == DP_SEND_FRAME ? ETH_LEN : 0;
		struct pim_packet p;

		if (s->kind == (ifid ? DP_SEND_FRAME : DP_SEND_IP) || (ifid && s->ifid != ifid))
			continue;
		if (pim_packet_open(s->data + skip, s->len - skip, &p) || p.type != type)
			continue;
		n++;
		*out = p;
	}
	return n;
}

unsigned data_asserts(struct data_world *dw, uint16_t ifid, struct pim_assert *last)
{
	struct pim_packet p;
	unsigned n = data_sent(dw, ifid, PIM_ASSERT, &p);

	if (n)
		assert_int_equal(pim_assert_open(&p, last), PIM_OK);
	data_forget(dw);
	return n;
}

void data_forget(struct data_world *dw)
{
	fake_dp_forget(dw->w->f);
}

struct sm_group *group(struct data_world *dw, const char *grp)
{
	struct ipaddr g = addr(grp);

	return sm_group_find(dw->sm, &g);
}

struct sm_source *source(struct data_world *dw, const char *src, const char *grp)
{
	struct ipaddr s = addr(src), g = addr(grp);

	return sm_source_find(dw->sm, &s, &g);
}

struct pim_iface *pif(struct data_world *dw, uint16_t ifid)
{
	struct pim_iface *p = pim_iface_get(dw->pim, ifid, IP_V4);

	assert_non_null(p);
	return p;
}

struct sm_oif *oif(struct data_world *dw, const char *src, const char *grp, uint16_t ifid)
{
	struct sm_source *s = is_star(src) ? NULL : source(dw, src, grp);
	struct sm_group *g = group(dw, grp);

	if (is_star(src))
		return g ? sm_oif_find(&g->star, pif(dw, ifid)) : NULL;
	return s ? sm_oif_find(&s->sg, pif(dw, ifid)) : NULL;
}

struct sm_at at(struct data_world *dw, const char *src, const char *grp, uint16_t ifid)
{
	if (is_star(src)) {
		assert_non_null(group(dw, grp));
		return sm_at_star_g(group(dw, grp), pif(dw, ifid));
	}
	assert_non_null(source(dw, src, grp));
	return sm_at_sg(source(dw, src, grp), pif(dw, ifid));
}

enum assert_state assert_of(struct data_world *dw, const char *src, const char *grp, uint16_t ifid)
{
	const struct sm_oif *o = oif(dw, src, grp, ifid);

	return o ? (enum assert_state)o->assert : ASSERT_NOINFO;
}

uint64_t drops(struct data_world *dw, enum pim_drop why)
{
	return dw->pim->stats.drops[why];
}

/* --- comparing -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t mix_entry(uint64_t h, const struct sm_entry *e)
{
	const struct sm_oif *o;

	h = mix(h, e->up.state);
	h = mix(h, ip_hash(&e->up.nbr, e->up.ifid));
	LIST_FOREACH (o, &e->oifs, link) {
		h = mix(h, o->iface->pif ? o->iface->pif->ifid : 0);
		h = mix(h, (uint64_t)o->ds << 24 | o->ds_rpt << 16 | o->assert << 8 | o->member);
		h = mix(h, o->info && o->info->at.slot ? o->info->at.due_us : 0);
		h = mix(h, ip_hash(&AssertWinner(o)->address, AssertWinner(o)->metric));
	}
	return h;
}

/* Sums do not depend on the order of the tables. */
uint64_t fingerprint(struct data_world *dw)
{
	struct hash_node *node = NULL;
	uint64_t sum = dw->sm->n_star * 31 + dw->sm->n_sg;

	while ((node = hash_next(&dw->sm->groups, node))) {
		struct sm_group *g = container_of(node, struct sm_group, node);

		sum += mix_entry(ip_hash(&g->grp, 0), &g->star);
	}
	while ((node = hash_next(&dw->sm->sources, node))) {
		struct sm_source *s = container_of(node, struct sm_source, node);
		uint64_t h = mix_entry(ip_hash(src_of(s), ip_hash(&s->group->grp, 1)), &s->sg);

		h = mix(h, (uint64_t)s->spt_bit << 16 | s->up_rpt << 8 | s->reg);
		h = mix(h, s->kat.slot ? s->kat.due_us : 0);
		sum += mix(h, s->tunnel && s->tunnel->rst.slot ? s->tunnel->rst.due_us : 0);
	}
	return sum;
}
