/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router of PIM's tests.
 */
#include "tests/unit/pim/pim_world.h"

#include "tests/unit/pim/router.h"

int pim_world_setup(void **state)
{
	struct pim_world *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	world_setup((void **)&p->w);
	p->pim = router_pim(p->w, &p->number);
	p->sm = p->pim->sm;
	pim_config_default(&p->conf);
	p->conf.seed = 7;
	p->conf.ifs = p->ifs;
	pim_world_config(p);
	*state = p;
	return 0;
}

int pim_world_teardown(void **state)
{
	struct pim_world *p = *state;

	world_teardown((void **)&p->w);
	free(p);
	return 0;
}

struct pim_if_config *pim_world_conf(struct pim_world *p, const char *name)
{
	return router_if_conf(&p->conf, p->ifs, PIM_WORLD_IFS, name);
}

void pim_world_config(struct pim_world *p)
{
	runner_config(p->w->r, p->number, &p->conf, p->w->now_us);
	world_run(p->w);
}

uint16_t pim_world_if(struct pim_world *p, const char *name, const char *address)
{
	uint16_t ifid = world_if(p->w, name, address);

	pim_world_conf(p, name);
	pim_world_config(p);
	return ifid;
}

void pim_world_pass(struct pim_world *p, uint64_t ms)
{
	world_pass(p->w, ms * 1000);
}

void pim_world_rx(struct pim_world *p, uint16_t ifid, const struct bytes *b)
{
	router_rx(p->w, p->number, ifid, b->b, b->len);
}

struct bytes pim_world_hello(
	const char *src, const struct pim_hello *h, const struct ipaddr *secondary, size_t n)
{
	struct ipaddr from = ip(src);
	struct bytes b = {0};

	b.len = pim_hello_write(b.b, sizeof(b.b), &from, h, secondary, n);
	assert_true(b.len > 0);
	return b;
}

void pim_world_hello_rx(
	struct pim_world *p, uint16_t ifid, const char *src, const struct pim_hello *h)
{
	struct bytes b = pim_world_hello(src, h, NULL, 0);

	pim_world_rx(p, ifid, &b);
}

struct pim_hello usual(uint32_t genid)
{
	return (struct pim_hello){
		.has = PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY | PIM_HAS_DR_PRIORITY |
		       PIM_HAS_GENID,
		.holdtime_s = 105,
		.propagation_delay_ms = 500,
		.override_interval_ms = 2500,
		.dr_priority = 1,
		.genid = genid,
	};
}

bool sent(struct pim_world *p, uint16_t ifid, struct pim_packet *out)
{
	while (p->seen < p->w->f->n_sent) {
		const struct fake_sent *s = &p->w->f->sent[p->seen++];

		if (s->ifid != ifid || s->kind != DP_SEND_IP)
			continue;
		assert_int_equal(pim_packet_open(s->data, s->len, out), PIM_OK);
		return true;
	}
	return false;
}

bool sent_hello(struct pim_world *p, uint16_t ifid, struct pim_packet *packet, struct pim_hello *h)
{
	struct pim_packet one;
	bool found = false;

	while (sent(p, ifid, &one)) {
		if (one.type != PIM_HELLO)
			continue;
		*packet = one;
		assert_int_equal(pim_hello_open(packet, h), PIM_OK);
		found = true;
	}
	return found;
}

void forget_sent(struct pim_world *p)
{
	p->seen = p->w->f->n_sent;
}

struct pim_iface *iface(const struct pim_world *p, uint16_t ifid)
{
	return pim_iface_get(p->pim, ifid, IP_V4);
}

struct pim_neigh *neighbor(const struct pim_world *p, uint16_t ifid, const char *text)
{
	struct ipaddr a = ip(text);

	assert_non_null(iface(p, ifid));
	return pim_neigh_find(iface(p, ifid), &a);
}

uint64_t drops(const struct pim_world *p, enum pim_drop why)
{
	struct pim_stats s;

	pim_stats_get(p->pim, &s);
	return s.drops[why];
}
