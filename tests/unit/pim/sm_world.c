/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router of the tests of the trees.
 */
#include "tests/unit/pim/sm_world.h"

#include "tests/unit/pim/router.h"

/* --- the router ---------------------------------------------------------------------------------- */

struct pim_if_config *sw_conf(struct sm_world *p, const char *name)
{
	return router_if_conf(&p->conf, p->ifs, SM_IFS, name);
}

void sw_config(struct sm_world *p)
{
	runner_config(p->w->r, p->number, &p->conf, p->w->now_us);
	world_run(p->w);
}

void sw_rp(struct sm_world *p, const char *address, const char *groups)
{
	struct pim_rp_config *rp = &p->rps[p->conf.n_rps];

	assert_true(p->conf.n_rps < 8);
	*rp = (struct pim_rp_config){.address = ip(address)};
	if (groups) {
		assert_int_equal(prefix_parse(groups, &p->rp_groups[p->conf.n_rps]), 0);
		rp->groups = &p->rp_groups[p->conf.n_rps];
		rp->n_groups = 1;
	}
	p->conf.n_rps++;
}

uint16_t sw_if(struct sm_world *p, const char *name, const char *address)
{
	uint16_t ifid = world_if(p->w, name, address);

	sw_conf(p, name);
	return ifid;
}

int sm_world_setup(void **state)
{
	struct sm_world *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	world_setup((void **)&p->w);
	p->pim = router_pim(p->w, &p->number);
	p->sm = p->pim->sm;
	pim_config_default(&p->conf);
	p->conf.seed = 7;
	p->conf.ifs = p->ifs;
	p->conf.rps = p->rps;
	p->up = sw_if(p, "up", "10.0.1.1/24");
	p->src = sw_if(p, "src", "10.0.2.1/24");
	p->lan1 = sw_if(p, "lan1", "10.0.3.1/24");
	p->lan2 = sw_if(p, "lan2", "10.0.4.1/24");
	sw_rp(p, SM_RP, NULL);
	sw_config(p);
	world_route(p->w, SM_RP "/32", p->up, "10.0.1.2");
	world_route(p->w, "10.1.0.0/16", p->src, "10.0.2.2");
	world_run(p->w);
	sw_neigh(p, p->up, "10.0.1.2");
	sw_neigh(p, p->src, "10.0.2.2");
	sw_pass(p, 10000);
	sw_forget(p);
	*state = p;
	return 0;
}

int sm_world_teardown(void **state)
{
	struct sm_world *p = *state;

	assert_int_equal(p->sm->stats.settle_circle, 0);
	world_teardown((void **)&p->w);
	free(p);
	return 0;
}

/* --- events ---------------------------------------------------------------------------------------- */

void sw_pass(struct sm_world *p, uint64_t ms)
{
	world_pass(p->w, ms * 1000);
}

void sw_rx(struct sm_world *p, uint16_t ifid, const struct bytes *b)
{
	router_rx(p->w, p->number, ifid, b->b, b->len);
}

void sw_hello(
	struct sm_world *p, uint16_t ifid, const char *addr, uint32_t genid, uint16_t holdtime_s)
{
	struct pim_hello h = {.has = PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY |
				     PIM_HAS_DR_PRIORITY | PIM_HAS_GENID,
		.holdtime_s = holdtime_s,
		.propagation_delay_ms = 500,
		.override_interval_ms = 2500,
		.dr_priority = 0, /* we are the DR */
		.genid = genid};
	struct ipaddr from = ip(addr);
	struct bytes b = {0};

	b.len = pim_hello_write(b.b, sizeof(b.b), &from, &h, NULL, 0);
	assert_true(b.len > 0);
	sw_rx(p, ifid, &b);
}

void sw_neigh(struct sm_world *p, uint16_t ifid, const char *addr)
{
	sw_hello(p, ifid, addr, 1, PIM_HOLDTIME_FOREVER);
}

/* One entry: "J*", "J*10.9.9.9", "P10.1.1.1", "P10.1.1.1r". */
static void entry_of(char *t, struct pim_jp_set *set)
{
	size_t n = strlen(t);
	bool join = t[0] == 'J', rpt = n && t[n - 1] == 'r';
	struct ipaddr a;

	assert_true(t[0] == 'J' || t[0] == 'P');
	if (rpt)
		t[n - 1] = '\0';
	if (t[1] == '*') {
		a = ip(t[2] ? t + 2 : SM_RP);
		pim_jp_set_add(set, join, &a, PIM_JP_STAR_G);
	} else {
		a = ip(t + 1);
		pim_jp_set_add(set, join, &a, rpt ? PIM_JP_SG_RPT : PIM_JP_SG);
	}
}

void sw_rx_built(void *arg, const uint8_t *data, size_t len)
{
	const struct sw_rx *a = arg;

	router_rx(a->p->w, a->p->number, a->ifid, data, len);
}

void sw_jp_hold(struct sm_world *p, uint16_t ifid, const char *from, const char *upstream,
	const char *text, uint16_t holdtime_s)
{
	uint8_t buf[8192];
	struct sw_rx arg = {.p = p, .ifid = ifid};
	struct pim_jp_builder b = {.buf = buf,
		.cap = sizeof(buf),
		.src = ip(from),
		.upstream = ip(upstream),
		.holdtime_s = holdtime_s,
		.send = sw_rx_built,
		.arg = &arg};
	struct pim_jp_set set = {0};
	char copy[4096], *group, *word, *save1, *save2;

	snprintf(copy, sizeof(copy), "%s", text);
	for (group = strtok_r(copy, ";", &save1); group; group = strtok_r(NULL, ";", &save1)) {
		struct ipaddr grp;

		word = strtok_r(group, " ", &save2);
		grp = ip(word);
		pim_jp_set_begin(&set, &grp);
		while ((word = strtok_r(NULL, " ", &save2)))
			entry_of(word, &set);
		pim_jp_build(&b, &set);
	}
	pim_jp_flush(&b);
	pim_jp_set_fini(&set);
}

void sw_jp(
	struct sm_world *p, uint16_t ifid, const char *from, const char *upstream, const char *text)
{
	sw_jp_hold(p, ifid, from, upstream, text, SM_HOLD);
}

void sw_member(struct sm_world *p, uint16_t ifid, const char *src, const char *grp,
	enum member_state state)
{
	struct event ev = {.kind = EV_MEMBER};

	ev.member = (struct member){.ifid = ifid, .state = (uint8_t)state, .grp = ip(grp)};
	if (strcmp(src, "*"))
		ev.member.src = ip(src);
	runner_event(p->w->r, p->number, &ev, p->w->now_us);
	world_run(p->w);
}

void sw_assert(struct sm_world *p, uint16_t ifid, const char *from, const char *src,
	const char *grp, bool rpt, uint32_t preference, uint32_t metric)
{
	struct pim_assert a = {
		.grp = ip(grp), .rpt = rpt, .preference = preference, .metric = metric};
	struct ipaddr sender = ip(from);
	struct bytes b = {0};

	if (src)
		a.src = ip(src);
	b.len = pim_assert_write(b.b, sizeof(b.b), &sender, &a);
	assert_true(b.len > 0);
	sw_rx(p, ifid, &b);
}

void sw_upcall(struct sm_world *p, enum dp_upcall_kind kind, uint16_t ifid, const char *src,
	const char *grp)
{
	struct event ev = {.kind = EV_UPCALL};

	ev.upcall = (struct dp_upcall){
		.kind = (uint8_t)kind, .ifid = ifid, .len = 100, .src = ip(src), .grp = ip(grp)};
	runner_event(p->w->r, p->number, &ev, p->w->now_us);
	world_run(p->w);
}

/* --- what came of it --------------------------------------------------------------------------------- */

static char line[65536];
static size_t line_len;

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_len += (size_t)vsnprintf(line + line_len, sizeof(line) - line_len, fmt, ap);
	va_end(ap);
	assert_true(line_len < sizeof(line));
}

static void say_entry(const struct pim_jp_source *e)
{
	char a[IP_STRLEN];

	say(" %c%s%s%s", e->join ? 'J' : 'P', e->flags & PIM_SRC_W ? "*" : "",
		ip_str(&e->addr, a, sizeof(a)),
		(e->flags & (PIM_SRC_W | PIM_SRC_R)) == PIM_SRC_R ? "r" : "");
}

static void say_message(const struct pim_packet *packet)
{
	struct pim_jp_group g;
	struct pim_jp_source e;
	struct pim_jp jp;
	char a[IP_STRLEN];
	bool first = true;

	assert_int_equal(pim_jp_open(packet, &jp), PIM_OK);
	say("%s%s:", line_len ? " | " : "", ip_str(&jp.upstream, a, sizeof(a)));
	while (pim_jp_group_next(&jp, &g)) {
		say("%s %s", first ? "" : ";", ip_str(&g.grp, a, sizeof(a)));
		first = false;
		while (pim_jp_source_next(&g, &e))
			say_entry(&e);
	}
}

/* What was sent before is marked by its interface being set to 0. */
const char *sw_sent(struct sm_world *p, uint16_t ifid)
{
	struct pim_packet packet;

	line_len = 0;
	line[0] = '\0';
	for (size_t i = p->seen; i < p->w->f->n_sent; i++) {
		struct fake_sent *s = &p->w->f->sent[i];

		if (s->ifid != ifid)
			continue;
		s->ifid = 0;
		assert_int_equal(pim_packet_open(s->data, s->len, &packet), PIM_OK);
		if (packet.type == PIM_JOIN_PRUNE)
			say_message(&packet);
	}
	return line;
}

const char *sw_actions(const struct actions *a)
{
	struct pim_packet packet;

	line_len = 0;
	line[0] = '\0';
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].kind != ACT_SEND_IP)
			continue;
		assert_int_equal(
			pim_packet_open(a->v[i].send.data, a->v[i].send.len, &packet), PIM_OK);
		if (packet.type == PIM_JOIN_PRUNE)
			say_message(&packet);
	}
	return line;
}

void sw_forget(struct sm_world *p)
{
	p->seen = p->w->f->n_sent;
}

static const char *if_name(struct sm_world *p, uint16_t ifid)
{
	const struct net_if *ifp = net_if_get(p->w->net, ifid);

	return ifid == DP_IF_REGISTER ? "reg" : ifp ? ifp->conf.name : "?";
}

const char *sw_route(struct sm_world *p, const char *src, const char *grp)
{
	struct dp_route_key k = key(src, grp);
	struct tib_entry_info e;

	line_len = 0;
	line[0] = '\0';
	if (!tib_entry_get(p->w->tib, &k, &e))
		return "none";
	for (unsigned i = 0; i < e.merged->n_inputs; i++) {
		const struct dp_input *in = &e.merged->inputs[i];
		bool accept = in->flags & DP_INPUT_ACCEPT, signal = in->flags & DP_INPUT_SIGNAL;

		say("%s%s%s%s%s ", in->role == DP_ROLE_NEXT ? "->" : "", accept ? "" : "(",
			if_name(p, in->ifid), accept ? "" : ")", accept && signal ? "+" : "");
	}
	say(">");
	for (uint32_t i = 0; i < e.merged->n_outputs; i++)
		if (ip_is_none(&e.merged->outputs[i].her_dst))
			say(" %s", if_name(p, e.merged->outputs[i].ifid));
	for (uint32_t i = 0; i < e.merged->n_outputs; i++)
		if (!ip_is_none(&e.merged->outputs[i].her_dst))
			say(" reg");
	return line;
}

struct sm_group *sw_group(struct sm_world *p, const char *grp)
{
	struct ipaddr g = ip(grp);

	return sm_group_find(p->sm, &g);
}

struct sm_source *sw_source(struct sm_world *p, const char *src, const char *grp)
{
	struct ipaddr s = ip(src), g = ip(grp);

	return sm_source_find(p->sm, &s, &g);
}

struct pim_iface *sw_pif(struct sm_world *p, uint16_t ifid)
{
	return pim_iface_get(p->pim, ifid, IP_V4);
}

struct sm_oif *sw_oif(struct sm_world *p, const char *src, const char *grp, uint16_t ifid)
{
	struct sm_group *g = sw_group(p, grp);
	struct sm_source *s = strcmp(src, "*") ? sw_source(p, src, grp) : NULL;

	if (!strcmp(src, "*"))
		return g ? sm_oif_find(&g->star, sw_pif(p, ifid)) : NULL;
	return s ? sm_oif_find(&s->sg, sw_pif(p, ifid)) : NULL;
}

uint64_t sw_drops(struct sm_world *p, enum pim_drop why)
{
	return p->pim->stats.drops[why];
}

void sw_assert_empty(struct sm_world *p)
{
	struct hash_node *n = NULL;

	assert_int_equal(p->sm->groups.n, 0);
	assert_int_equal(p->sm->sources.n, 0);
	assert_int_equal(p->sm->peers.n, 0);
	assert_int_equal(p->sm->n_star + p->sm->n_sg, 0);
	assert_null(order_first(&p->sm->targets));
	while ((n = hash_next(&p->sm->ifaces, n)))
		assert_int_equal(container_of(n, struct sm_iface, node)->n_oifs, 0);
	assert_int_equal(p->w->f->n_routes, 0);
}
