/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the routers of the tests of PIM share.
 */
#include "tests/unit/pim/router.h"

struct pim_self *router_pim(struct world *w, uint16_t *number)
{
	int n = runner_add(w->r, &pim_proto);

	assert_true(n >= 0);
	*number = (uint16_t)n;
	return runner_instance(w->r, *number);
}

struct pim_if_config *router_if_conf(
	struct pim_config *conf, struct pim_if_config *ifs, size_t max, const char *name)
{
	struct pim_if_config *c;

	for (size_t i = 0; i < conf->n_ifs; i++)
		if (!strcmp(ifs[i].interface, name))
			return &ifs[i];
	assert_true(conf->n_ifs < max);
	c = &ifs[conf->n_ifs++];
	pim_if_config_default(c);
	snprintf(c->interface, sizeof(c->interface), "%s", name);
	return c;
}

void router_rx(struct world *w, uint16_t number, uint16_t ifid, const void *data, size_t len)
{
	struct event ev = {.kind = EV_PACKET};

	ev.packet.ifid = ifid;
	ev.packet.family = *(const uint8_t *)data >> 4;
	ev.packet.data = data;
	ev.packet.len = len;
	runner_event(w->r, number, &ev, w->now_us);
	world_run(w);
}

void joins_send(const struct joins *j)
{
	uint8_t buf[1500];
	struct pim_jp_builder b = {.buf = buf,
		.cap = sizeof(buf),
		.src = ip(j->from),
		.upstream = ip(j->to),
		.holdtime_s = j->holdtime_s,
		.send = j->send,
		.arg = j->arg};
	struct pim_jp_set set = {0};

	for (uint32_t i = 0; i < j->n;) {
		struct ipaddr g = j->grp(i);

		pim_jp_set_begin(&set, &g);
		for (uint32_t k = 0; k < j->sources; k++) {
			struct ipaddr s = j->src(i++);

			pim_jp_set_add(&set, true, &s, PIM_JP_SG);
		}
		pim_jp_build(&b, &set);
	}
	pim_jp_flush(&b);
	pim_jp_set_fini(&set);
}
