/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a port takes over: the control protocols' queue, the spreading of data over the others, and (in
 * flow_mark.c) the marks. Each rule is tried by itself; those that are refused leave the others alone,
 * because the workers classify, look up and check every packet as if there were no rule. So a rule
 * may only choose a queue or save a lookup, and a wrong one does no harm.
 *
 * One flow is always in one queue, which keeps it in order: the hash takes addresses only, for a fragment
 * has no port numbers.
 */
#include "dataplane/hdr/ip.h"
#include "flow_priv.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdlib.h>

#define AMT_PORT 2268 /* RFC 7450 section 7.1 */
#define RETA_MAX RTE_ETH_RSS_RETA_SIZE_512

#define NET4(a, bits)                                              \
	{                                                          \
		.addr = {.family = IP_V4, .b = {a}}, .len = (bits) \
	}
#define NET6(a, b2, bits)                                              \
	{                                                              \
		.addr = {.family = IP_V6, .b = {a, b2}}, .len = (bits) \
	}

/* MLD comes behind a hop-by-hop header (next header 0) unless its sender forgot the router alert; ND is
 * ICMPv6 like the rest of MLD. Hellos and other TTL 1 protocols go to the link-local groups. PIM to
 * unicast addresses is left to the hash: Registers are data, a queue full of them would cost Hellos. */
static const struct flow_match controls[FLOW_CONTROL_RULES] = {
	{.name = "igmp", .family = IP_V4, .has_proto = true, .proto = IP_PROTO_IGMP},
	{.name = "pim",
		.family = IP_V4,
		.has_proto = true,
		.proto = IP_PROTO_PIM,
		.dst = {.addr = {.family = IP_V4, .b = {224, 0, 0, 13}}, .len = 32}},
	{.name = "link-local", .family = IP_V4, .dst = NET4(224, 24)},
	{.name = "amt", .family = IP_V4, .udp_port = AMT_PORT},
	{.name = "arp", .eth_type = 0x0806},
	{.name = "mld",
		.family = IP_V6,
		.has_proto = true,
		.proto = IP_PROTO_HOPOPTS,
		.dst = NET6(0xff, 0, 8)},
	{.name = "icmp6", .family = IP_V6, .has_proto = true, .proto = IP_PROTO_ICMP6},
	{.name = "pim6",
		.family = IP_V6,
		.has_proto = true,
		.proto = IP_PROTO_PIM,
		.dst = {.addr = {.family = IP_V6, .b = {0xff, 0x02, [15] = 13}}, .len = 128}},
	{.name = "link-local6", .family = IP_V6, .dst = NET6(0xff, 0x02, 16)},
	{.name = "amt6", .family = IP_V6, .udp_port = AMT_PORT},
};

static const struct flow_match spreads[FLOW_RSS_RULES] = {
	{.name = "rss ipv4", .family = IP_V4, .dst = NET4(224, 4)},
	{.name = "rss ipv6", .family = IP_V6, .dst = NET6(0xff, 0, 8)},
};

/* --- control packets --------------------------------------------------------------------------------- */

static struct flow_action control_action(const struct flow_port *fp)
{
	return (struct flow_action){.fate = FLOW_TO_QUEUE, .queue = (uint16_t)(fp->queues - 1)};
}

static void controls_try(struct flow_port *fp, uint16_t port)
{
	for (unsigned i = 0; i < FLOW_CONTROL_RULES; i++) {
		struct flow_rule *rule = &fp->controls[i];
		int rc = flow_rule_add(
			port, FLOW_PRIO_CONTROL, false, &controls[i], control_action(fp), rule);

		if (rc == 0)
			fp->control = true;
		if (rc != -ENOSYS)
			continue;
		memcpy(fp->control_why, rule->problem, sizeof(fp->control_why));
		return;
	}
}

static void control_start(struct flow_port *fp, uint16_t port)
{
	if (!fp->conf.control_queue)
		snprintf(fp->control_why, sizeof(fp->control_why),
			"switched off by offload.control_queue");
	else if (fp->queues < 2)
		snprintf(fp->control_why, sizeof(fp->control_why),
			"one receive queue only: data and control share it");
	else
		controls_try(fp, port);
	if (!fp->control)
		return;
	fp->touched = true;
	fp->data_queues = (uint16_t)(fp->queues - 1);
}

/* --- data ------------------------------------------------------------------------------------------------ */

/* The hash must not choose the control queue. */
static void reta_narrow(struct flow_port *fp, uint16_t port)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};
	uint16_t size = RTE_MIN(fp->conf.reta_size, (uint16_t)RETA_MAX);
	int rc;

	for (uint16_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *e = &reta[i / RTE_ETH_RETA_GROUP_SIZE];

		e->mask |= UINT64_C(1) << i % RTE_ETH_RETA_GROUP_SIZE;
		e->reta[i % RTE_ETH_RETA_GROUP_SIZE] = i % fp->data_queues;
	}
	rc = size ? rte_eth_dev_rss_reta_update(port, reta, size) : -ENOTSUP;
	if (rc)
		snprintf(fp->rss_why, sizeof(fp->rss_why),
			"data reaches the control queue too: no redirection table (%s)",
			strerror(-rc));
}

static void spread_try(struct flow_port *fp, uint16_t port)
{
	struct flow_action a = {.fate = FLOW_TO_QUEUES, .n_queues = fp->data_queues};
	bool all = true;

	for (unsigned i = 0; i < FLOW_RSS_RULES; i++) {
		int rc = flow_rule_add(port, FLOW_PRIO_RSS, false, &spreads[i], a, &fp->rss[i]);

		fp->touched |= rc == 0;
		all &= rc == 0;
	}
	if (all)
		fp->rss_why[0] = '\0'; /* whatever the table does, data has rules of its own */
	else if (!fp->hash)
		snprintf(fp->rss_why, sizeof(fp->rss_why),
			"the port announces no hash on addresses");
}

static void rss_start(struct flow_port *fp, uint16_t port)
{
	fp->hash = fp->conf.rss && fp->conf.rss_hf && fp->data_queues > 1;
	if (fp->control && fp->conf.rss_hf)
		reta_narrow(fp, port);
	if (!fp->conf.rss)
		snprintf(fp->rss_why, sizeof(fp->rss_why), "switched off by offload.rss");
	else if (fp->data_queues < 2)
		snprintf(fp->rss_why, sizeof(fp->rss_why),
			"one data queue: nothing to spread data over");
	else
		spread_try(fp, port);
}

/* --- life --------------------------------------------------------------------------------------------------- */

void flow_port_start(struct dataplane *d, const struct flow_conf *c, struct dataplane_port *p)
{
	struct flow_port *fp;

	if (p->port_id >= RTE_MAX_ETHPORTS)
		return;
	fp = &d->flow->ports[p->port_id];
	*fp = (struct flow_port){
		.open = true, .conf = *c, .queues = p->rx_queues, .data_queues = p->rx_queues};
	control_start(fp, p->port_id);
	rss_start(fp, p->port_id);
	flow_marks_try(d, p->port_id);
	p->rx_queues = fp->data_queues;
	p->control_queue = fp->control;
	p->marks = fp->can_mark;
}

int flow_port_stop(struct dataplane *d, uint16_t port_id, char *err, size_t err_cap)
{
	struct rte_flow_error e = {0};
	struct flow_port *fp;
	int rc = 0;

	if (port_id >= RTE_MAX_ETHPORTS || !d->flow->ports[port_id].open)
		return 0;
	fp = &d->flow->ports[port_id];
	/* also the handles of a flush that fails are invalid after it */
	if (fp->touched)
		rc = rte_flow_flush(port_id, &e);
	if (rc)
		snprintf(err, err_cap, "%s (%s)", e.message ? e.message : "refused without a word",
			strerror(-rc));
	flow_marks_drop(d, port_id);
	*fp = (struct flow_port){0};
	return rc;
}

int flow_new(struct dataplane *d)
{
	d->flow = calloc(1, sizeof(*d->flow));
	return d->flow ? 0 : -ENOMEM;
}

void flow_free(struct dataplane *d)
{
	for (unsigned i = 0; d->flow && i < RTE_MAX_ETHPORTS; i++)
		free(d->flow->ports[i].mark_rules);
	if (d->flow)
		flow_marks_free(d);
	free(d->flow);
	d->flow = NULL;
}

/* --- what is where ------------------------------------------------------------------------------------------ */

static void info_rule(uint16_t port, const struct flow_match *m, const struct flow_action *a,
	const struct flow_rule *rule, struct flow_rule_info *out)
{
	snprintf(out->what, sizeof(out->what), "%s", m->name);
	flow_match_text(m, out->pattern, sizeof(out->pattern));
	flow_action_text(a, out->action, sizeof(out->action));
	snprintf(out->problem, sizeof(out->problem), "%s", rule->problem);
	out->hardware = rule->handle != NULL;
	out->counted = flow_rule_hits(port, rule, &out->hits);
}

/* All of a kind in one line, for one reason. */
static void info_software(struct flow_rule_info *out, const char *what, const char *pattern,
	const char *action, const char *why)
{
	snprintf(out->what, sizeof(out->what), "%s", what);
	snprintf(out->pattern, sizeof(out->pattern), "%s", pattern);
	snprintf(out->action, sizeof(out->action), "%s", action);
	snprintf(out->problem, sizeof(out->problem), "%s", why);
}

static bool info_control(
	const struct flow_port *fp, uint16_t port, size_t *index, struct flow_rule_info *out)
{
	struct flow_action a = control_action(fp);
	size_t n = fp->control_why[0] ? 1 : FLOW_CONTROL_RULES;

	if (*index >= n) {
		*index -= n;
		return false;
	}
	if (fp->control_why[0])
		info_software(out, "control", "igmp, pim, mld, arp, nd, amt, link-local groups",
			"queue of their own", fp->control_why);
	else
		info_rule(port, &controls[*index], &a, &fp->controls[*index], out);
	return true;
}

static bool info_rss(
	const struct flow_port *fp, uint16_t port, size_t *index, struct flow_rule_info *out)
{
	struct flow_action a = {.fate = FLOW_TO_QUEUES, .n_queues = fp->data_queues};
	bool tried = fp->conf.rss && fp->data_queues > 1;
	size_t n = tried ? 1 + FLOW_RSS_RULES : 1;

	if (*index >= n) {
		*index -= n;
		return false;
	}
	if (*index) {
		info_rule(port, &spreads[*index - 1], &a, &fp->rss[*index - 1], out);
		return true;
	}
	info_software(out, "rss", "ip", "hash on addresses", fp->rss_why);
	out->hardware = fp->hash;
	return true;
}

static bool info_mark(const struct flow *f, const struct flow_port *fp, uint16_t port, size_t index,
	struct flow_rule_info *out)
{
	if (!fp->can_mark || !fp->n_marks) {
		info_software(out, "mark", "eth / ip src S dst G", "mark of the route",
			fp->mark_problem[0] ? fp->mark_problem : "no flow is hot enough");
		return index == 0;
	}
	for (uint16_t id = 1; id <= FLOW_MARKS_MAX; id++) {
		struct flow_action a = fp->mark_action;

		if (!fp->mark_rules[id].handle || index--)
			continue;
		a.mark = id;
		info_rule(port, &f->marks[id].match, &a, &fp->mark_rules[id], out);
		snprintf(out->what, sizeof(out->what), "mark %u", id);
		return true;
	}
	return false;
}

bool flow_rule_get(struct dataplane *d, uint16_t port_id, size_t index, struct flow_rule_info *out)
{
	const struct flow_port *fp;

	*out = (struct flow_rule_info){0};
	if (port_id >= RTE_MAX_ETHPORTS || !d->flow->ports[port_id].open)
		return false;
	fp = &d->flow->ports[port_id];
	return info_control(fp, port_id, &index, out) || info_rss(fp, port_id, &index, out) ||
	       info_mark(d->flow, fp, port_id, index, out);
}

bool flow_port_get(struct dataplane *d, uint16_t port_id, struct flow_port_info *out)
{
	const struct flow_port *fp;

	*out = (struct flow_port_info){0};
	if (port_id >= RTE_MAX_ETHPORTS || !d->flow->ports[port_id].open)
		return false;
	fp = &d->flow->ports[port_id];
	*out = (struct flow_port_info){
		.data_queues = fp->data_queues,
		.control_queue = fp->control,
		.marks = fp->n_marks,
		.marks_limit = fp->can_mark ? fp->mark_cap : 0,
	};
	return true;
}
