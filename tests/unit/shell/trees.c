/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hosts and PIM routers around the router of the handlers' tests: packets as the wire has them.
 */
#include "tests/unit/shell/trees.h"

#include "control/base/bytes.h"
#include "tests/sum.h"

#include <string.h>

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void deliver(
	struct router *r, const char *ifname, uint8_t family, const void *data, size_t len)
{
	fake_dp_packet(
		r->w->f, DP_PUNT_proto, family, net_if_find(r->app.net, ifname)->id, data, len);
	world_run(r->w);
}

/* The record of a version 3 (MLD 2) report. */
static void write_record(struct writer *w, const struct trees_report *rep)
{
	struct ipaddr grp = addr(rep->grp);

	write_u8(w, rep->type);
	write_u8(w, 0);
	write_u16(w, rep->source ? 1 : 0);
	write_bytes(w, grp.b, ip_bytes(&grp));
	if (rep->source) {
		struct ipaddr src = addr(rep->source);

		write_bytes(w, src.b, ip_bytes(&src));
	}
}

static void report_v4(struct router *r, const char *ifname, const struct trees_report *rep)
{
	static const uint8_t head[] = {
		0x46, 0xc0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 224, 0, 0, 22, 0x94, 4, 0, 0};
	struct ipaddr host = addr(rep->host);
	uint8_t p[128];
	struct writer w = writer_of(p, sizeof(p));

	write_bytes(&w, head, sizeof(head));
	memcpy(p + 12, host.b, 4);
	write_u32(&w, 0x22000000);
	write_u32(&w, 1);
	write_record(&w, rep);
	put16(p + 2, (uint16_t)w.len);
	sum16_seal(p + 10, p, 24);
	sum16_seal(p + 26, p + 24, w.len - 24);
	deliver(r, ifname, IP_V4, p, w.len);
}

static void report_v6(struct router *r, const char *ifname, const struct trees_report *rep)
{
	struct ipaddr host = addr(rep->host), all = addr("ff02::16");
	uint8_t p[160];
	struct writer w = writer_of(p, sizeof(p));
	uint32_t sum;

	write_u32(&w, 0x60000000);
	write_u16(&w, 0);
	write_u8(&w, 0);
	write_u8(&w, 1);
	write_bytes(&w, host.b, 16);
	write_bytes(&w, all.b, 16);
	write_bytes(&w, (uint8_t[]){58, 0, 5, 2, 0, 0, 1, 0}, 8);
	write_u32(&w, 0x8f000000);
	write_u32(&w, 1);
	write_record(&w, rep);
	put16(p + 4, (uint16_t)(w.len - 40));
	sum = sum16_on(p + 8, 32, (uint32_t)(w.len - 48) + 58);
	sum16_seal_on(p + 50, p + 48, w.len - 48, sum);
	deliver(r, ifname, IP_V6, p, w.len);
}

void trees_report(struct router *r, const char *ifname, const struct trees_report *rep)
{
	if (addr(rep->host).family == IP_V4)
		report_v4(r, ifname, rep);
	else
		report_v6(r, ifname, rep);
}

void trees_member(struct router *r, const char *grp)
{
	trees_report(r, "lan1", &(struct trees_report){.host = "10.1.0.5", .type = 4, .grp = grp});
}

/* --- PIM ---------------------------------------------------------------------------------------------- */

void trees_hello(struct router *r, const char *ifname, const char *neighbor)
{
	struct ipaddr from = addr(neighbor), second = addr("10.1.0.99");
	struct pim_hello h = {.has = PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY |
				     PIM_HAS_DR_PRIORITY | PIM_HAS_GENID | PIM_HAS_ADDRESS_LIST,
		.holdtime_s = 105,
		.propagation_delay_ms = 500,
		.override_interval_ms = 2500,
		.dr_priority = 1,
		.genid = 77};
	uint8_t p[256];
	size_t len = pim_hello_write(p, sizeof(p), &from, &h, &second, 1);

	assert_true(len > 0);
	deliver(r, ifname, IP_V4, p, len);
}

struct sent {
	struct router *r;
	const char *ifname;
};

static void send_join(void *arg, const uint8_t *ip, size_t len)
{
	const struct sent *s = arg;

	deliver(s->r, s->ifname, IP_V4, ip, len);
}

static void send_set(
	struct router *r, const char *ifname, const char *neighbor, struct pim_jp_set *set)
{
	struct sent sent = {r, ifname};
	uint8_t buf[1500];
	struct pim_jp_builder b = {.buf = buf,
		.cap = sizeof(buf),
		.src = addr(neighbor),
		.upstream = net_if_addr(net_if_find(r->app.net, ifname), IP_V4)->ip,
		.holdtime_s = 210,
		.send = send_join,
		.arg = &sent};

	pim_jp_build(&b, set);
	pim_jp_flush(&b);
	pim_jp_set_fini(set);
}

static struct ipaddr rp_of(struct router *r, const struct ipaddr *group)
{
	struct ipaddr rp;

	assert_true(pim_rp_of(runner_instance(r->app.runner, r->app.pim_number), group, &rp));
	return rp;
}

static void send_one(struct router *r, const char *ifname, const char *neighbor,
	const struct ipaddr *from, const struct ipaddr *group, uint8_t flags)
{
	struct pim_jp_set set = {0};

	pim_jp_set_begin(&set, group);
	pim_jp_set_add(&set, true, from, flags);
	send_set(r, ifname, neighbor, &set);
}

void trees_join(struct router *r, const char *ifname, const char *neighbor, const char *src,
	const char *grp)
{
	bool star = strcmp(src, "*") == 0;
	struct ipaddr group = addr(grp), from = star ? rp_of(r, &group) : addr(src);

	send_one(r, ifname, neighbor, &from, &group, star ? PIM_JP_STAR_G : PIM_JP_SG);
}

void trees_join_rp(
	struct router *r, const char *ifname, const char *neighbor, const char *rp, const char *grp)
{
	struct ipaddr group = addr(grp), from = addr(rp);

	send_one(r, ifname, neighbor, &from, &group, PIM_JP_STAR_G);
}

void trees_prune_rpt(struct router *r, const char *ifname, const char *neighbor, const char *src,
	const char *grp)
{
	struct ipaddr group = addr(grp), rp = rp_of(r, &group), from = addr(src);
	struct pim_jp_set set = {0};

	pim_jp_set_begin(&set, &group);
	pim_jp_set_add(&set, true, &rp, PIM_JP_STAR_G);
	pim_jp_set_add(&set, false, &from, PIM_JP_SG_RPT);
	send_set(r, ifname, neighbor, &set);
}

void trees_register_stop(struct router *r, const char *ifname, const char *rp, const char *to,
	const char *src, const char *grp)
{
	struct ipaddr from = addr(rp), dst = addr(to), group = addr(grp), source = addr(src);
	uint8_t p[256];
	size_t len = pim_register_stop_write(p, sizeof(p), &from, &dst, &group, &source);

	assert_true(len > 0);
	deliver(r, ifname, IP_V4, p, len);
}

void trees_null_register(struct router *r, const char *ifname, const char *dr, const char *to,
	const char *src, const char *grp)
{
	struct ipaddr from = addr(dr), dst = addr(to), source = addr(src), group = addr(grp);
	uint8_t p[256];
	size_t len = pim_null_register_write(p, sizeof(p), &from, &dst, &source, &group);

	assert_true(len > 0);
	deliver(r, ifname, IP_V4, p, len);
}

void trees_assert(struct router *r, const char *ifname, const char *neighbor, const char *src,
	const char *grp)
{
	struct pim_assert a = {.grp = addr(grp), .src = addr(src), .preference = 0, .metric = 0};
	struct ipaddr from = addr(neighbor);
	uint8_t p[256];
	size_t len = pim_assert_write(p, sizeof(p), &from, &a);

	assert_true(len > 0);
	deliver(r, ifname, IP_V4, p, len);
}

void trees_data(struct router *r, const char *ifname, const char *src, const char *grp)
{
	struct dp_upcall up = {.kind = DP_UPCALL_NOCACHE,
		.table = DP_TABLE_MAIN,
		.ifid = net_if_find(r->app.net, ifname)->id,
		.src = addr(src),
		.grp = addr(grp)};

	fake_dp_upcall(r->w->f, &up);
	world_run(r->w);
}

/* --- the whole ---------------------------------------------------------------------------------------- */

/* lan1 gets an IPv6 address. */
static void address_v6(struct router *r)
{
	const struct net_if *ifp = net_if_find(r->app.net, "lan1");
	struct net_if_conf c = ifp->conf;

	c.addrs[c.n_addrs++] = (struct net_addr){.ip = addr("fe80::1"), .len = 64};
	assert_int_equal(net_if_change(r->app.net, ifp->id, &c), 0);
	world_run(r->w);
}

void trees_config(struct router *r, const struct gmp_config *gmp, const struct pim_config *pim)
{
	if (gmp)
		runner_config(r->app.runner, r->app.gmp_number, gmp, r->w->now_us);
	if (pim)
		runner_config(r->app.runner, r->app.pim_number, pim, r->w->now_us);
	world_run(r->w);
}

void trees_setup(struct router *r, const char *rp)
{
	trees_setup_with(r, rp, &(struct trees_rules){0});
}

void trees_setup_with(struct router *r, const char *rp, const struct trees_rules *rules)
{
	static const char *const names[] = {"src", "lan1", "lo0"};
	const struct prefix boundary = prefix_make(addr("239.255.0.0"), 16);
	struct gmp_if_config ifs[2];
	struct pim_if_config pifs[3];
	struct pim_rp_config rps[1] = {{.address = addr(rp ? rp : "10.9.9.9")}};
	struct gmp_config gmp;
	struct pim_config pim;

	gmp_config_default(&gmp);
	pim_config_default(&pim);
	for (int i = 0; i < 2; i++) {
		gmp_if_config_default(&ifs[i], i ? IP_V6 : IP_V4);
		snprintf(ifs[i].interface, sizeof(ifs[i].interface), "lan1");
	}
	for (int i = 0; i < 3; i++) {
		pim_if_config_default(&pifs[i]);
		snprintf(pifs[i].interface, sizeof(pifs[i].interface), "%s", names[i]);
		pifs[i].ipv6 = rules->ipv6;
	}
	pifs[1].n_boundary = 1;
	pifs[1].boundary = &boundary;
	gmp.n_ifs = 2;
	gmp.ifs = ifs;
	pim.n_ifs = 3;
	pim.ifs = pifs;
	pim.n_rps = rp ? 1 : 0;
	pim.rps = rps;
	pim.n_register_rules = rules->registers ? 1 : 0;
	pim.register_rules = rules->registers;
	pim.limits = r->app.conf->pim.limits = rules->limits;
	ifs[0].n_rules = rules->gmp ? 1 : 0;
	ifs[0].rules = rules->gmp;
	pifs[1].passive = rules->passive;
	if (rules->max_groups)
		ifs[0].max_groups = rules->max_groups;
	if (rules->per_host)
		ifs[0].max_groups_per_host = rules->per_host;
	address_v6(r);
	trees_config(r, &gmp, &pim);
}

void trees_all(struct router *r)
{
	trees_setup(r, "10.9.9.9");
	trees_report(r, "lan1",
		&(struct trees_report){.host = "10.1.0.5", .type = 4, .grp = "239.5.5.5"});
	trees_report(r, "lan1",
		&(struct trees_report){
			.host = "10.1.0.5", .type = 5, .grp = "232.2.2.2", .source = "10.0.0.1"});
	trees_report(r, "lan1",
		&(struct trees_report){
			.host = "fe80::5", .type = 5, .grp = "ff3e::5", .source = "2001:db8::1"});
	trees_hello(r, "lan1", "10.1.0.9");
	trees_join(r, "lan1", "10.1.0.77", "*", "239.6.6.6"); /* no neighbour */
	trees_join(r, "lan1", "10.1.0.9", "*", "239.5.5.5");
	trees_join(r, "lan1", "10.1.0.9", "10.0.0.1", "239.5.5.5");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	trees_assert(r, "lan1", "10.1.0.9", "10.0.0.1", "239.5.5.5");
}
