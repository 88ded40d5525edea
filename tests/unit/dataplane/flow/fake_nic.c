/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * See fake_nic.h.
 */
#include "fake_nic.h"

#include <errno.h>
#include <rte_errno.h>
#include <string.h>

struct nic nic;

void nic_reset(void)
{
	memset(&nic, 0, sizeof(nic));
	nic.capacity = NIC_RULES;
}

int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item *items, const struct rte_flow_action *actions,
	struct rte_flow_error *e);
struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item *items, const struct rte_flow_action *actions,
	struct rte_flow_error *e);
int __wrap_rte_flow_destroy(uint16_t port, struct rte_flow *f, struct rte_flow_error *e);
int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *e);
int __wrap_rte_flow_query(uint16_t port, struct rte_flow *f, const struct rte_flow_action *a,
	void *data, struct rte_flow_error *e);
int __wrap_rte_eth_dev_rss_reta_update(
	uint16_t port, struct rte_eth_rss_reta_entry64 *reta, uint16_t size);

/* --- what the driver reads ------------------------------------------------------------------------------ */

#define TAKE(to, has, item)                                   \
	do {                                                  \
		(has) = true;                                 \
		if (!(item)->spec)                            \
			break;                                \
		assert_non_null((item)->mask);                \
		memcpy(&to, (item)->spec, sizeof(to));        \
		memcpy(&to##_mask, (item)->mask, sizeof(to)); \
	} while (0)

static void read_items(struct rte_flow *f, const struct rte_flow_item *i)
{
	assert_int_equal(i->type, RTE_FLOW_ITEM_TYPE_ETH);
	for (; i->type != RTE_FLOW_ITEM_TYPE_END; i++) {
		assert_null(i->last);
		switch (i->type) {
		case RTE_FLOW_ITEM_TYPE_ETH:
			TAKE(f->eth, f->has_eth, i);
			break;
		case RTE_FLOW_ITEM_TYPE_IPV4:
			TAKE(f->ip4, f->has_ip4, i);
			break;
		case RTE_FLOW_ITEM_TYPE_IPV6:
			TAKE(f->ip6, f->has_ip6, i);
			break;
		case RTE_FLOW_ITEM_TYPE_UDP:
			TAKE(f->udp, f->has_udp, i);
			break;
		default:
			fail_msg("item %d", (int)i->type);
		}
	}
}

static void read_actions(struct rte_flow *f, const struct rte_flow_action *a)
{
	f->fate = -1;
	for (; a->type != RTE_FLOW_ACTION_TYPE_END; a++) {
		const struct rte_flow_action_rss *rss = a->conf;

		switch (a->type) {
		case RTE_FLOW_ACTION_TYPE_COUNT:
			f->count = true;
			continue;
		case RTE_FLOW_ACTION_TYPE_MARK:
			f->mark = ((const struct rte_flow_action_mark *)a->conf)->id;
			assert_int_not_equal(f->mark, 0);
			continue;
		case RTE_FLOW_ACTION_TYPE_QUEUE:
			f->queue = ((const struct rte_flow_action_queue *)a->conf)->index;
			break;
		case RTE_FLOW_ACTION_TYPE_RSS:
			f->n_queues = (uint16_t)rss->queue_num;
			for (uint16_t q = 0; q < rss->queue_num; q++)
				assert_int_equal(rss->queue[q], q);
			break;
		case RTE_FLOW_ACTION_TYPE_PASSTHRU:
			break;
		default:
			fail_msg("action %d", (int)a->type);
		}
		assert_int_equal(f->fate, -1); /* one fate */
		f->fate = (int)a->type;
	}
	assert_int_not_equal(f->fate, -1);
}

static int say(struct rte_flow_error *e, int rc, const char *words)
{
	e->type = RTE_FLOW_ERROR_TYPE_UNSPECIFIED;
	e->message = words;
	rte_errno = -rc;
	return rc;
}

static int judge(struct rte_flow *f, uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item *items, const struct rte_flow_action *actions,
	struct rte_flow_error *e)
{
	const char *words;

	assert_true(port < NIC_PORTS && attr->ingress && !attr->group && !attr->transfer);
	memset(f, 0, sizeof(*f));
	f->port = port;
	f->priority = attr->priority;
	read_items(f, items);
	read_actions(f, actions);
	if (nic.no_api)
		return say(e, -ENOSYS, strerror(ENOSYS));
	if (nic.no_priorities && attr->priority)
		return say(e, -ENOTSUP, "Not support priority.");
	if (nic.no_count && f->count)
		return say(e, -ENOTSUP, "Not support count action.");
	words = nic.refuses ? nic.refuses(f) : NULL;
	return words ? say(e, -EINVAL, words) : 0;
}

int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item *items, const struct rte_flow_action *actions,
	struct rte_flow_error *e)
{
	struct rte_flow f;

	nic.validated++;
	return judge(&f, port, attr, items, actions, e);
}

struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item *items, const struct rte_flow_action *actions,
	struct rte_flow_error *e)
{
	struct rte_flow f, *at = nic.rules;
	const char *words = NULL;

	nic.created++;
	if (judge(&f, port, attr, items, actions, e))
		return NULL;
	if (nic.breaks)
		words = nic.breaks(&f);
	if (nic.create_fails || words || nic.n_rules >= nic.capacity) {
		say(e, -ENOSPC, words ? words : "No free entry in the table.");
		return NULL;
	}
	while (at->used)
		at++;
	*at = f;
	at->used = true;
	nic.n_rules++;
	return at;
}

int __wrap_rte_flow_destroy(uint16_t port, struct rte_flow *f, struct rte_flow_error *e)
{
	assert_true(f->used && f->port == port);
	nic.destroyed++;
	if (nic.destroy_fails)
		return say(e, -EBUSY, "Fail to destroy.");
	f->used = false;
	nic.n_rules--;
	return 0;
}

int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *e)
{
	nic.flushed++;
	for (unsigned i = 0; i < NIC_RULES; i++) {
		if (!nic.rules[i].used || nic.rules[i].port != port)
			continue;
		nic.rules[i].used = false;
		nic.n_rules--;
	}
	return nic.flush_fails ? say(e, -EIO, "Fail to flush.") : 0;
}

int __wrap_rte_flow_query(uint16_t port, struct rte_flow *f, const struct rte_flow_action *a,
	void *data, struct rte_flow_error *e)
{
	struct rte_flow_query_count *q = data;

	assert_true(f->used && f->port == port && f->count);
	assert_int_equal(a->type, RTE_FLOW_ACTION_TYPE_COUNT);
	q->hits_set = 1;
	q->hits = f->hits;
	return 0;
}

int __wrap_rte_eth_dev_rss_reta_update(
	uint16_t port, struct rte_eth_rss_reta_entry64 *reta, uint16_t size)
{
	nic.reta_updates++;
	if (nic.reta_fails)
		return -ENOTSUP;
	nic.reta_size = size;
	for (uint16_t i = 0; i < size; i++) {
		assert_true(reta[i / 64].mask >> i % 64 & 1);
		nic.reta[i] = reta[i / 64].reta[i % 64];
	}
	return 0;
}

/* --- what the hardware does -------------------------------------------------------------------------------- */

struct parsed {
	uint16_t type;
	const uint8_t *ip;
	uint8_t proto;
	const uint8_t *udp;
};

static struct parsed parse(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct parsed f = {.type = (uint16_t)(p[12] << 8 | p[13])};

	if (f.type != 0x0800 && f.type != 0x86dd)
		return f;
	f.ip = p + 14;
	f.proto = f.type == 0x0800 ? f.ip[9] : f.ip[6];
	if (f.proto == 17)
		f.udp = f.ip + (f.type == 0x0800 ? 20 : 40);
	return f;
}

static bool masked_equal(const void *bytes, const void *spec, const void *mask, size_t n)
{
	const uint8_t *b = bytes, *s = spec, *k = mask;

	for (size_t i = 0; i < n; i++) {
		if ((b[i] ^ s[i]) & k[i])
			return false;
	}
	return true;
}

static bool matches(const struct rte_flow *f, const struct rte_mbuf *m)
{
	struct parsed p = parse(m);

	if (!masked_equal(rte_pktmbuf_mtod(m, const void *), &f->eth.hdr, &f->eth_mask.hdr,
		    sizeof(f->eth.hdr)))
		return false;
	if (f->has_ip4 && (p.type != 0x0800 || !masked_equal(p.ip, &f->ip4, &f->ip4_mask, 20)))
		return false;
	if (f->has_ip6 && (p.type != 0x86dd || !masked_equal(p.ip, &f->ip6, &f->ip6_mask, 40)))
		return false;
	return !f->has_udp || (p.udp && masked_equal(p.udp, &f->udp, &f->udp_mask, 8));
}

static uint32_t hash(const struct rte_mbuf *m)
{
	struct parsed p = parse(m);
	uint32_t h = 2166136261u;

	if (!p.ip)
		return 0;
	for (int i = p.type == 0x0800 ? 12 : 8; i < (p.type == 0x0800 ? 20 : 40); i++)
		h = (h ^ p.ip[i]) * 16777619u;
	return h ^ h >> 15;
}

uint16_t nic_receive(uint16_t port, struct rte_mbuf *m, uint16_t queues)
{
	uint16_t plain =
		(uint16_t)(nic.reta_size ? nic.reta[hash(m) % nic.reta_size] : hash(m) % queues);
	struct rte_flow *best = NULL;

	m->ol_flags &= ~(RTE_MBUF_F_RX_FDIR | RTE_MBUF_F_RX_FDIR_ID);
	for (unsigned i = 0; i < NIC_RULES; i++) {
		struct rte_flow *f = &nic.rules[i];

		if (f->used && f->port == port && (!best || f->priority < best->priority) &&
			matches(f, m))
			best = f;
	}
	if (!best)
		return plain;
	best->hits++;
	if (best->mark) {
		m->ol_flags |= RTE_MBUF_F_RX_FDIR | RTE_MBUF_F_RX_FDIR_ID;
		m->hash.fdir.hi = best->mark;
	}
	if (best->fate == RTE_FLOW_ACTION_TYPE_QUEUE)
		return best->queue;
	if (best->fate == RTE_FLOW_ACTION_TYPE_RSS)
		return (uint16_t)(hash(m) % best->n_queues);
	return plain;
}

const struct rte_flow *nic_mark(uint16_t port, uint32_t mark)
{
	for (unsigned i = 0; i < NIC_RULES; i++) {
		const struct rte_flow *f = &nic.rules[i];

		if (f->used && f->port == port && f->mark == mark && mark)
			return f;
	}
	return NULL;
}

unsigned nic_marks(uint16_t port)
{
	unsigned n = 0;

	for (unsigned i = 0; i < NIC_RULES; i++)
		n += nic.rules[i].used && nic.rules[i].port == port && nic.rules[i].mark;
	return n;
}
