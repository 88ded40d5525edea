/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Helpers of the scenarios. Messages are counted from their bytes, with nothing of the routers' code.
 */
#include "tests/sim/scene.h"

#include "control/base/bytes.h"

#define FADE_S 1000

struct sim_link *scene_cable(struct sim *s, struct sim_router *a, struct sim_router *b)
{
	char name[SIM_NAME], subnet[32];
	struct sim_link *l;

	snprintf(name, sizeof(name), "%.6s-%.6s", a->name, b->name);
	snprintf(subnet, sizeof(subnet), "10.0.%u.0/24", s->n_links);
	l = sim_link(s, name, subnet);
	sim_attach(a, l, NULL);
	sim_attach(b, l, NULL);
	return l;
}

struct sim_link *scene_lan(struct sim *s, const char *name, struct sim_router *first, ...)
{
	char subnet[32];
	struct sim_link *l;
	va_list ap;

	snprintf(subnet, sizeof(subnet), "10.1.%u.0/24", s->n_links);
	l = sim_link(s, name, subnet);
	va_start(ap, first);
	for (struct sim_router *r = first; r; r = va_arg(ap, struct sim_router *))
		sim_attach(r, l, NULL);
	va_end(ap);
	return l;
}

void scene_rp(struct sim_router *r)
{
	if (!r->n_loopbacks)
		sim_loopback(r, "10.255.0.1");
	sim_rp(r->s, "10.255.0.1", ALL_GROUPS);
}

void scene_goes_by(const struct sim_router *r, const struct prefix *dst, const struct sim_link *l,
	const struct sim_router *next)
{
	enum ip_family f = sim_family(r->s);
	struct net_route nr = {.dst = sim_net(f, dst), .origin = NET_ROUTE_RPF, .n_paths = 1};

	nr.paths[0] = (struct net_path){.gateway = sim_link_ip(f, &sim_port_of(next, l)->ip),
		.ifid = sim_port_of(r, l)->ifid,
		.weight = 1};
	assert_int_equal(net_route_set(r->net, &nr), 0);
}

void scene_start(struct sim *s)
{
	sim_start(s);
	sim_run(s, RISE);
	sim_baseline(s);
}

/* --- counting ----------------------------------------------------------------------------------------- */

/* Encoded addresses (RFC 7761 section 4.9.1) of size bytes each. */
static void count_join_prune(struct heard *h, struct reader *r, unsigned size)
{
	unsigned groups;

	read_skip(r, size + 3);
	groups = read_u8(r);
	read_u16(r);
	while (groups-- > 0 && !r->bad) {
		unsigned joins, prunes;

		read_skip(r, size + 4);
		joins = read_u16(r);
		prunes = read_u16(r);
		h->joins += joins;
		read_skip(r, joins * (size + 4));
		for (unsigned i = 0; i < prunes && !r->bad; i++) {
			uint8_t flags;

			read_u16(r);
			flags = read_u8(r);
			read_skip(r, size + 1);
			if ((flags & 3) == 1)
				h->rpt_prunes++;
			else
				h->prunes++;
		}
	}
}

static void count_pim(struct heard *h, struct reader *r, unsigned size)
{
	uint8_t type = read_u8(r) & 0xf;

	read_skip(r, 3);
	h->hello += type == 0;
	h->null_registers += type == 1;
	h->register_stops += type == 2;
	h->asserts += type == 5;
	if (type == 3)
		count_join_prune(h, r, size);
}

static void count(void *arg, const struct sim_port *from, const struct sim_packet *p)
{
	struct heard *h = arg;
	struct reader r = reader_of(p->data, p->len);
	struct ipaddr dst = sim_packet_dst(p);
	uint8_t type;

	if (h->on && h->on != from->link)
		return;
	h->registers += p->kind == SIM_REGISTER;
	if (p->kind != SIM_BYTES)
		return;
	read_skip(&r, sim_packet_upper(p));
	if (sim_packet_protocol(p) == 103) {
		count_pim(h, &r, ip_bytes(&dst));
	} else if (sim_packet_is_membership(p)) {
		type = read_u8(&r);
		h->queries += type == 0x11 || type == 130;
		h->reports += type != 0x11 && type != 130;
	}
}

struct heard *scene_listen(struct sim *s, const struct sim_link *on)
{
	static struct heard h;

	h = (struct heard){.on = on};
	s->tap = count;
	s->tap_arg = &h;
	return &h;
}

uint64_t scene_data_on(struct sim *s, struct sim_link *l, double seconds)
{
	uint64_t before = l->data_packets;

	sim_run(s, seconds);
	return l->data_packets - before;
}

struct sim_source *scene_flow(
	struct sim *s, struct sim_host *from, struct sim_host *to, double later, double rate)
{
	sim_host_join(to, G1);
	if (later > 0)
		sim_run(s, later);
	return sim_source_send(from, G1, rate);
}

uint64_t scene_received(struct sim *s, struct sim_host *h, double seconds)
{
	uint64_t before = h->received;

	sim_run(s, seconds);
	return h->received - before;
}

bool scene_has_route(const struct sim_router *r, const char *src, const char *grp)
{
	enum ip_family f = sim_family(r->s);
	struct dp_route_key k = {.grp = sim_prefix(f, grp), .src.addr.family = (uint8_t)f};

	if (strcmp(src, "*"))
		k.src = sim_prefix(f, src);
	return mdp_route_find(r->mdp, &k);
}

void scene_assert_fades(struct sim *s)
{
	for (unsigned i = 0; i < s->n_sources; i++)
		sim_source_stop(s->sources[i]);
	for (unsigned i = 0; i < s->n_hosts; i++)
		for (size_t k = s->hosts[i]->n_groups; k-- > 0;) {
			struct sim_filter_state none = {.mode = SIM_INCLUDE};
			struct ipaddr grp = s->hosts[i]->groups[k].grp;

			if (!ip_is_none(&grp))
				sim_host_set(s->hosts[i], &grp, &none);
		}
	sim_run(s, FADE_S);
	sim_check_empty(s);
	sim_assert_clean(s);
}
