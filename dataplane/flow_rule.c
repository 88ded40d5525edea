/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One rte_flow rule: its items and actions, its trial on a port, its words. Items carry no more than they
 * match, for many drivers know few fields.
 */
#include "flow_priv.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

/* The items of a match with what they point to. */
struct items {
	struct rte_flow_item v[4];
	struct rte_flow_item_eth eth, eth_mask;
	struct rte_flow_item_ipv4 ip4, ip4_mask;
	struct rte_flow_item_ipv6 ip6, ip6_mask;
	struct rte_flow_item_udp udp, udp_mask;
	unsigned n;
};

static void item_add(
	struct items *it, enum rte_flow_item_type type, const void *spec, const void *mask)
{
	it->v[it->n++] = (struct rte_flow_item){.type = type, .spec = spec, .mask = mask};
}

static void mask_bits(void *mask, unsigned len)
{
	uint8_t *m = mask;

	for (; len >= 8; len -= 8)
		*m++ = 0xff;
	if (len)
		*m = (uint8_t)(0xff00 >> len);
}

static void item_ip4(struct items *it, const struct flow_match *m)
{
	bool some = m->has_proto || m->src.len || m->dst.len;

	memcpy(&it->ip4.hdr.src_addr, m->src.addr.b, 4);
	memcpy(&it->ip4.hdr.dst_addr, m->dst.addr.b, 4);
	mask_bits(&it->ip4_mask.hdr.src_addr, m->src.len);
	mask_bits(&it->ip4_mask.hdr.dst_addr, m->dst.len);
	if (m->has_proto) {
		it->ip4.hdr.next_proto_id = m->proto;
		it->ip4_mask.hdr.next_proto_id = 0xff;
	}
	item_add(it, RTE_FLOW_ITEM_TYPE_IPV4, some ? &it->ip4 : NULL, some ? &it->ip4_mask : NULL);
}

static void item_ip6(struct items *it, const struct flow_match *m)
{
	bool some = m->has_proto || m->src.len || m->dst.len;

	memcpy(it->ip6.hdr.src_addr, m->src.addr.b, 16);
	memcpy(it->ip6.hdr.dst_addr, m->dst.addr.b, 16);
	mask_bits(it->ip6_mask.hdr.src_addr, m->src.len);
	mask_bits(it->ip6_mask.hdr.dst_addr, m->dst.len);
	if (m->has_proto) {
		it->ip6.hdr.proto = m->proto;
		it->ip6_mask.hdr.proto = 0xff;
	}
	item_add(it, RTE_FLOW_ITEM_TYPE_IPV6, some ? &it->ip6 : NULL, some ? &it->ip6_mask : NULL);
}

static void items_make(struct items *it, const struct flow_match *m)
{
	memset(it, 0, sizeof(*it));
	if (m->eth_type) {
		it->eth.type = rte_cpu_to_be_16(m->eth_type);
		it->eth_mask.type = RTE_BE16(0xffff);
		item_add(it, RTE_FLOW_ITEM_TYPE_ETH, &it->eth, &it->eth_mask);
	} else {
		item_add(it, RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL);
	}
	if (m->family == IP_V4)
		item_ip4(it, m);
	else if (m->family == IP_V6)
		item_ip6(it, m);
	if (m->udp_port) {
		it->udp.hdr.dst_port = rte_cpu_to_be_16(m->udp_port);
		it->udp_mask.hdr.dst_port = RTE_BE16(0xffff);
		item_add(it, RTE_FLOW_ITEM_TYPE_UDP, &it->udp, &it->udp_mask);
	} else if (m->udp) {
		item_add(it, RTE_FLOW_ITEM_TYPE_UDP, NULL, NULL);
	}
	item_add(it, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
}

/* The actions with what they point to. */
struct actions {
	struct rte_flow_action v[4];
	struct rte_flow_action_mark mark;
	struct rte_flow_action_queue queue;
	struct rte_flow_action_rss rss;
	struct rte_flow_action_count count;
	uint16_t queues[RTE_MAX_QUEUES_PER_PORT];
	unsigned n;
};

static void action_add(struct actions *a, enum rte_flow_action_type type, const void *conf)
{
	a->v[a->n++] = (struct rte_flow_action){.type = type, .conf = conf};
}

static uint64_t rss_types(const struct flow_match *m)
{
	return m->family == IP_V6 ? RTE_ETH_RSS_IPV6 : RTE_ETH_RSS_IPV4;
}

static void fate_make(struct actions *to, const struct flow_match *m, const struct flow_action *a)
{
	switch (a->fate) {
	case FLOW_TO_QUEUE:
		to->queue.index = a->queue;
		action_add(to, RTE_FLOW_ACTION_TYPE_QUEUE, &to->queue);
		break;
	case FLOW_TO_QUEUES:
		for (uint16_t q = 0; q < a->n_queues; q++)
			to->queues[q] = q;
		to->rss = (struct rte_flow_action_rss){
			.func = RTE_ETH_HASH_FUNCTION_DEFAULT,
			.types = rss_types(m),
			.queue_num = a->n_queues,
			.queue = to->queues,
		};
		action_add(to, RTE_FLOW_ACTION_TYPE_RSS, &to->rss);
		break;
	case FLOW_ANYWHERE:
		action_add(to, RTE_FLOW_ACTION_TYPE_PASSTHRU, NULL);
		break;
	}
}

static void actions_make(
	struct actions *to, const struct flow_match *m, const struct flow_action *a)
{
	to->n = 0;
	if (a->count) {
		to->count = (struct rte_flow_action_count){0};
		action_add(to, RTE_FLOW_ACTION_TYPE_COUNT, &to->count);
	}
	if (a->mark) {
		to->mark.id = a->mark;
		action_add(to, RTE_FLOW_ACTION_TYPE_MARK, &to->mark);
	}
	fate_make(to, m, a);
	to->v[to->n] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_END};
}
static_assert(RTE_DIM(((struct actions *)NULL)->v) == 4, "count, mark, fate and the end");

/* rc is what rte_flow returned, error what the driver wrote (or not). */
static int refused(struct flow_rule *rule, const char *when, int rc, const struct rte_flow_error *e)
{
	int err = rc ? rc : -EIO;

	if (err == -ENOSYS)
		snprintf(rule->problem, sizeof(rule->problem), "the driver has no rte_flow");
	else
		snprintf(rule->problem, sizeof(rule->problem), "%s%s (%s)", when,
			e->message ? e->message : "refused without a word", strerror(-err));
	return err;
}

int flow_rule_try(uint16_t port, unsigned priority, const struct flow_match *m,
	const struct flow_action *a, struct flow_rule *rule)
{
	const struct rte_flow_attr attr = {.priority = priority, .ingress = 1};
	struct rte_flow_error e = {0};
	struct actions actions;
	struct items items;
	int rc;

	*rule = (struct flow_rule){0};
	if (a->fate == FLOW_TO_QUEUES && a->n_queues > RTE_DIM(actions.queues))
		return refused(rule, "", -ENOSPC, &e);
	items_make(&items, m);
	actions_make(&actions, m, a);
	rc = rte_flow_validate(port, &attr, items.v, actions.v, &e);
	if (rc)
		return refused(rule, "", rc, &e);
	rte_errno = 0;
	rule->handle = rte_flow_create(port, &attr, items.v, actions.v, &e);
	if (!rule->handle)
		return refused(rule, "validated, then refused: ", -rte_errno, &e);
	rule->counted = a->count;
	return 0;
}

int flow_rule_add(uint16_t port, unsigned priority, bool alone_too, const struct flow_match *m,
	struct flow_action a, struct flow_rule *rule)
{
	int rc = -EIO;

	for (int only = 0; only <= (alone_too && priority ? 1 : 0); only++) {
		for (int counts = 1; counts >= 0; counts--) {
			a.count = counts;
			rc = flow_rule_try(port, only ? 0 : priority, m, &a, rule);
			if (rc == 0 || rc == -ENOSYS)
				return rc;
		}
	}
	return rc;
}

bool flow_rule_del(uint16_t port, struct flow_rule *rule)
{
	struct rte_flow_error e = {0};
	int rc;

	if (!rule->handle)
		return true;
	rc = rte_flow_destroy(port, rule->handle, &e);
	if (rc) {
		refused(rule, "cannot be removed: ", rc, &e);
		return false;
	}
	*rule = (struct flow_rule){0};
	return true;
}

bool flow_rule_hits(uint16_t port, const struct flow_rule *rule, uint64_t *hits)
{
	const struct rte_flow_action count[] = {
		{.type = RTE_FLOW_ACTION_TYPE_COUNT}, {.type = RTE_FLOW_ACTION_TYPE_END}};
	struct rte_flow_query_count q = {0};
	struct rte_flow_error e = {0};

	if (!rule->handle || !rule->counted || rte_flow_query(port, rule->handle, count, &q, &e) ||
		!q.hits_set)
		return false;
	*hits = q.hits;
	return true;
}

/* --- words ---------------------------------------------------------------------------------------------- */

static size_t append(char *buf, size_t cap, size_t at, const char *name, const char *value)
{
	int n = at < cap ? snprintf(buf + at, cap - at, " %s %s", name, value) : 0;

	return at + (size_t)n;
}

void flow_match_text(const struct flow_match *m, char *buf, size_t cap)
{
	char text[PREFIX_STRLEN];
	size_t at = (size_t)snprintf(buf, cap, "eth");

	if (m->eth_type) {
		snprintf(text, sizeof(text), "0x%04x", m->eth_type);
		at = append(buf, cap, at, "type", text);
	}
	if (m->family == IP_NONE)
		return;
	at += (size_t)snprintf(buf + at, cap - at, " / %s", m->family == IP_V4 ? "ipv4" : "ipv6");
	if (m->src.len)
		at = append(buf, cap, at, "src", prefix_str(&m->src, text, sizeof(text)));
	if (m->dst.len)
		at = append(buf, cap, at, "dst", prefix_str(&m->dst, text, sizeof(text)));
	if (m->has_proto) {
		snprintf(text, sizeof(text), "%u", m->proto);
		at = append(buf, cap, at, "proto", text);
	}
	if (m->udp_port && at < cap)
		snprintf(buf + at, cap - at, " / udp dst %u", m->udp_port);
	else if (m->udp && at < cap)
		snprintf(buf + at, cap - at, " / udp");
}

void flow_action_text(const struct flow_action *a, char *buf, size_t cap)
{
	size_t at = 0;

	buf[0] = '\0';
	if (a->mark)
		at = (size_t)snprintf(buf, cap, "mark %u, ", a->mark);
	switch (a->fate) {
	case FLOW_TO_QUEUE:
		snprintf(buf + at, cap - at, "queue %u", a->queue);
		break;
	case FLOW_TO_QUEUES:
		snprintf(buf + at, cap - at, "hash on addresses over queues 0 to %u",
			a->n_queues - 1u);
		break;
	case FLOW_ANYWHERE:
		snprintf(buf + at, cap - at, "queue as without");
		break;
	}
}
