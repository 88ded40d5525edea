/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The recording data plane: interfaces, adjacencies, oifs, packets and upcalls, and what tests ask.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/control/fake_dp_priv.h"

/* Counts a call; the injected error if there is one for it. */
int fake_enter(struct fake_dp *f, enum fake_op op, bool first)
{
	if (first) {
		f->calls[op]++;
		if (f->spy)
			f->spy(f->spy_arg, op);
	}
	if (!f->fail[op].times)
		return 0;
	if (f->fail[op].after) {
		f->fail[op].after--;
		return 0;
	}
	f->fail[op].times--;
	return f->fail[op].err;
}

void fake_dp_fail(struct fake_dp *f, enum fake_op op, int err, uint32_t after, uint32_t times)
{
	f->fail[op].err = err;
	f->fail[op].after = after;
	f->fail[op].times = times;
}

void *fake_grown(void *v, size_t n, size_t size)
{
	if (n & (n - 1)) /* capacity is the power of two not below n */
		return v;
	v = realloc(v, (n ? n * 2 : 1) * size);
	assert_non_null(v);
	return v;
}

/* --- interfaces, adjacencies, oifs --- */

static int fake_if_set(void *dp, const struct dp_if *ifp)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_IF_SET, true);

	if (rc)
		return rc;
	if (ifp->id == 0 || ifp->id >= DP_IFS_MAX)
		fail_msg("if_set: id %u out of range", ifp->id);
	if (ifp->gre.adj >= FAKE_ADJS_MAX || (ifp->gre.adj && !f->adjs[ifp->gre.adj].id))
		fail_msg("if_set %u: unknown adjacency %u", ifp->id, ifp->gre.adj);
	f->ifs[ifp->id] = *ifp;
	return 0;
}

static int fake_if_del(void *dp, uint16_t ifid)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_IF_DEL, true);

	if (rc)
		return rc;
	if (ifid == 0 || ifid >= DP_IFS_MAX || !f->ifs[ifid].id)
		fail_msg("if_del: no interface %u", ifid);
	memset(&f->ifs[ifid], 0, sizeof(f->ifs[ifid]));
	return 0;
}

static int fake_local_set(void *dp, const struct dp_local *v, uint32_t n)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_LOCAL_SET, true);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < n; i++)
		if (!ip_bits(&v[i].addr))
			fail_msg("local_set: number %u is no address", i);
	free(f->locals);
	f->locals = calloc(n + 1, sizeof(*v));
	assert_non_null(f->locals);
	memcpy(f->locals, v, n * sizeof(*v));
	f->n_locals = n;
	return 0;
}

static int fake_adj_set(void *dp, const struct dp_adj *adj)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_ADJ_SET, true);

	if (rc)
		return rc;
	if (adj->id == 0 || adj->id >= FAKE_ADJS_MAX)
		fail_msg("adj_set: id %u out of range", adj->id);
	if (adj->kind != DP_ADJ_UNRESOLVED && (adj->ifid >= DP_IFS_MAX || !f->ifs[adj->ifid].id))
		fail_msg("adj_set %u: unknown interface %u", adj->id, adj->ifid);
	f->adjs[adj->id] = *adj;
	return 0;
}

static int fake_adj_del(void *dp, uint32_t adj)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_ADJ_DEL, true);

	if (rc)
		return rc;
	if (adj == 0 || adj >= FAKE_ADJS_MAX || !f->adjs[adj].id)
		fail_msg("adj_del: no adjacency %u", adj);
	for (uint32_t i = 1; i < FAKE_OIFS_MAX; i++)
		if (f->oifs[i].id && f->oifs[i].adj == adj)
			fail_msg("adj_del %u: oif %u still points to it", adj, i);
	memset(&f->adjs[adj], 0, sizeof(f->adjs[adj]));
	return 0;
}

static int fake_oif_set(void *dp, const struct dp_oif *oif)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_OIF_SET, true);

	if (rc)
		return rc;
	if (oif->id == 0)
		fail_msg("oif_set: id 0");
	if (oif->id >= f->oifs_max)
		return -ENOSPC;
	if (ip_is_none(&oif->her_dst) && oif->adj)
		fail_msg("oif_set %u: native output with an adjacency", oif->id);
	if (!ip_is_none(&oif->her_dst) &&
		(oif->adj >= FAKE_ADJS_MAX || (oif->adj && !f->adjs[oif->adj].id)))
		fail_msg("oif_set %u: unknown adjacency %u", oif->id, oif->adj);
	f->oifs[oif->id] = *oif;
	return 0;
}

static int fake_oif_del(void *dp, uint32_t oif)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_OIF_DEL, true);

	if (rc)
		return rc;
	if (oif == 0 || oif >= FAKE_OIFS_MAX || !f->oifs[oif].id)
		fail_msg("oif_del: no oif %u", oif);
	if (f->oif_in_lists[oif])
		fail_msg("oif_del %u: still in %u lists", oif, f->oif_in_lists[oif]);
	memset(&f->oifs[oif], 0, sizeof(f->oifs[oif]));
	return 0;
}

/* --- messages and packets --- */

static uint32_t fake_upcall_recv(void *dp, struct dp_upcall *out, uint32_t n)
{
	struct fake_dp *f = dp;

	if (n > f->n_upcalls)
		n = (uint32_t)f->n_upcalls;
	if (n == 0)
		return 0;
	memcpy(out, f->upcalls, n * sizeof(*out));
	f->n_upcalls -= n;
	memmove(f->upcalls, f->upcalls + n, f->n_upcalls * sizeof(*out));
	return n;
}

static void fake_upcall_done(void *dp, const struct dp_upcall *up, enum dp_verdict verdict)
{
	struct fake_dp *f = dp;

	fake_enter(f, FAKE_UPCALL_DONE, true);
	f->done = fake_grown(f->done, f->n_done, sizeof(*up));
	f->done[f->n_done++] = *up;
	f->verdict = verdict;
}

static void fake_hold_enable(void *dp, bool on)
{
	struct fake_dp *f = dp;

	f->hold.on = on;
}

static void fake_hold_info(void *dp, struct dp_hold_info *info)
{
	*info = ((const struct fake_dp *)dp)->hold;
}

static int fake_packet_recv(void *dp, struct dp_packet *meta, void *buf, size_t cap)
{
	struct fake_dp *f = dp;
	struct fake_packet p;

	if (!f->n_packets)
		return 0;
	p = f->packets[0];
	memmove(f->packets, f->packets + 1, --f->n_packets * sizeof(p));
	if (p.meta.len > cap)
		p.meta.len = (uint32_t)cap;
	memcpy(buf, p.data, p.meta.len);
	*meta = p.meta;
	free(p.data);
	return 1;
}

static int fake_packet_send(
	void *dp, uint16_t ifid, enum dp_send_kind kind, const void *data, size_t len)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_PACKET_SEND, true);
	struct fake_sent *s;

	if (rc)
		return rc;
	if (ifid == 0 || ifid >= DP_IFS_MAX || !f->ifs[ifid].id)
		return -ENODEV;
	f->sent = fake_grown(f->sent, f->n_sent, sizeof(*f->sent));
	s = &f->sent[f->n_sent++];
	*s = (struct fake_sent){
		.ifid = ifid, .kind = kind, .data = malloc(len ? len : 1), .len = len};
	assert_non_null(s->data);
	memcpy(s->data, data, len);
	return 0;
}

static void fake_drop_count(void *dp, uint16_t ifid, enum drop_reason reason)
{
	struct fake_dp *f = dp;

	fake_enter(f, FAKE_DROP_COUNT, true);
	f->drops[reason]++;
}

/* --- counters --- */

static int fake_route_counters(
	void *dp, const struct dp_route_key *key, struct dp_route_counters *c)
{
	struct fake_dp *f = dp;
	uint32_t i = fake_route_find(f, key);

	if (!i)
		return -ENOENT;
	*c = (struct dp_route_counters){.last_used_ms = UINT64_MAX};
	if (f->routes[i - 1].has_flow)
		*c = f->routes[i - 1].flow;
	return 0;
}

static int fake_oif_counters(void *dp, uint32_t oif, struct dp_oif_counters *c)
{
	struct fake_dp *f = dp;

	if (oif >= FAKE_OIFS_MAX || !f->oifs[oif].id)
		return -ENOENT;
	*c = (struct dp_oif_counters){0};
	return 0;
}

static int fake_if_counters(void *dp, uint16_t ifid, struct dp_if_counters *c)
{
	struct fake_dp *f = dp;

	if (ifid >= DP_IFS_MAX || !f->ifs[ifid].id)
		return -ENOENT;
	*c = (struct dp_if_counters){0};
	return 0;
}

static int fake_worker_info(void *dp, uint32_t index, struct dp_worker_info *info)
{
	if (index)
		return -ENOENT;
	*info = (struct dp_worker_info){.running = 1};
	return 0;
}

static void fake_memory_info(void *dp, struct dp_memory_info *info)
{
	struct fake_dp *f = dp;

	*info = (struct dp_memory_info){.routes = f->n_routes,
		.lists = f->n_lists,
		.oifs = fake_dp_count_oifs(f),
		.adjs = fake_dp_count_adjs(f)};
}

static void fake_nothing(void *dp)
{
}

static int fake_police_set(void *dp, uint16_t port, const struct dp_police *police)
{
	struct fake_dp *f = dp;

	if (port >= FAKE_PORTS_MAX && port != DP_PORT_ANY)
		fail_msg("police_set: port %u", port);
	for (unsigned i = 0; i < FAKE_PORTS_MAX; i++)
		if (port == i || port == DP_PORT_ANY)
			f->police[i] = *police;
	return 0;
}

static int fake_police_info(void *dp, uint16_t port, struct dp_police_info *info)
{
	const struct fake_dp *f = dp;

	if (port >= FAKE_PORTS_MAX)
		return -EINVAL;
	memset(info, 0, sizeof(*info));
	info->police = f->police[port];
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
		info->kind[k] = f->policed;
	return 0;
}

static const struct dp_ops fake_ops = {
	.if_set = fake_if_set,
	.if_del = fake_if_del,
	.local_set = fake_local_set,
	.adj_set = fake_adj_set,
	.adj_del = fake_adj_del,
	.oif_set = fake_oif_set,
	.oif_del = fake_oif_del,
	.list_get = fake_list_get,
	.list_put = fake_list_put,
	.route_set = fake_route_set,
	.route_del = fake_route_del,
	.resync_begin = fake_resync_begin,
	.resync_end = fake_resync_end,
	.upcall_recv = fake_upcall_recv,
	.upcall_done = fake_upcall_done,
	.hold_enable = fake_hold_enable,
	.hold_info = fake_hold_info,
	.packet_recv = fake_packet_recv,
	.packet_send = fake_packet_send,
	.drop_count = fake_drop_count,
	.police_set = fake_police_set,
	.police_info = fake_police_info,
	.route_counters = fake_route_counters,
	.oif_counters = fake_oif_counters,
	.if_counters = fake_if_counters,
	.worker_info = fake_worker_info,
	.memory_info = fake_memory_info,
	.clear_counters = fake_nothing,
	.reclaim = fake_nothing,
};

/* --- for the tests --- */

struct fake_dp *fake_dp_new(void)
{
	struct fake_dp *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->dp.ops = &fake_ops;
	f->dp.ctx = f;
	f->routes_max = UINT32_MAX;
	f->oifs_max = FAKE_OIFS_MAX;
	f->lists_cap = 64;
	f->lists = calloc(f->lists_cap, sizeof(*f->lists));
	f->list_buckets = calloc(FAKE_BUCKETS, sizeof(uint32_t));
	f->route_buckets = calloc(FAKE_BUCKETS, sizeof(uint32_t));
	assert_true(f->lists && f->list_buckets && f->route_buckets);
	return f;
}

void fake_dp_free(struct fake_dp *f)
{
	fake_dp_forget(f);
	for (uint32_t i = 1; i < f->lists_cap; i++)
		free(f->lists[i].oifs);
	for (size_t i = 0; i < f->n_packets; i++)
		free(f->packets[i].data);
	free(f->packets);
	free(f->upcalls);
	free(f->lists);
	free(f->routes);
	free(f->list_buckets);
	free(f->route_buckets);
	free(f->locals);
	free(f);
}

void fake_dp_forget(struct fake_dp *f)
{
	for (size_t i = 0; i < f->n_sent; i++)
		free(f->sent[i].data);
	free(f->sent);
	free(f->done);
	f->sent = NULL;
	f->done = NULL;
	f->n_sent = f->n_done = 0;
	f->routes_written = 0;
	memset(f->calls, 0, sizeof(f->calls));
	memset(f->drops, 0, sizeof(f->drops));
}

const struct dp_route *fake_dp_route(const struct fake_dp *f, const struct dp_route_key *key)
{
	uint32_t i = fake_route_find(f, key);

	return i ? &f->routes[i - 1].r : NULL;
}

uint32_t fake_dp_route_oifs(
	const struct fake_dp *f, const struct dp_route *r, const uint32_t **oifs)
{
	*oifs = r->list ? f->lists[r->list].oifs : NULL;
	return r->list ? f->lists[r->list].n : 0;
}

bool fake_dp_route_has_if(const struct fake_dp *f, const struct dp_route *r, uint16_t ifid)
{
	const uint32_t *v;
	uint32_t n = fake_dp_route_oifs(f, r, &v);

	for (uint32_t i = 0; i < n; i++)
		if (f->oifs[v[i]].ifid == ifid && ip_is_none(&f->oifs[v[i]].her_dst))
			return true;
	return false;
}

const struct dp_oif *fake_dp_route_her(
	const struct fake_dp *f, const struct dp_route *r, const struct ipaddr *dst)
{
	const uint32_t *v;
	uint32_t n = fake_dp_route_oifs(f, r, &v);

	for (uint32_t i = 0; i < n; i++)
		if (ip_eq(&f->oifs[v[i]].her_dst, dst))
			return &f->oifs[v[i]];
	return NULL;
}

bool fake_dp_is_local(const struct fake_dp *f, const struct ipaddr *addr)
{
	for (uint32_t i = 0; i < f->n_locals; i++)
		if (ip_eq(&f->locals[i].addr, addr) && f->locals[i].table == DP_TABLE_MAIN)
			return true;
	return false;
}

uint32_t fake_dp_count_oifs(const struct fake_dp *f)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < FAKE_OIFS_MAX; i++)
		n += f->oifs[i].id != 0;
	return n;
}

uint32_t fake_dp_count_adjs(const struct fake_dp *f)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < FAKE_ADJS_MAX; i++)
		n += f->adjs[i].id != 0;
	return n;
}

void fake_dp_upcall(struct fake_dp *f, const struct dp_upcall *up)
{
	f->upcalls = fake_grown(f->upcalls, f->n_upcalls, sizeof(*up));
	f->upcalls[f->n_upcalls++] = *up;
}

void fake_dp_packet(struct fake_dp *f, enum dp_punt_class cls, uint8_t family, uint16_t ifid,
	const void *data, size_t len)
{
	struct fake_packet *p;

	f->packets = fake_grown(f->packets, f->n_packets, sizeof(*f->packets));
	p = &f->packets[f->n_packets++];
	p->meta = (struct dp_packet){
		.cls = (uint8_t)cls, .family = family, .ifid = ifid, .len = (uint32_t)len};
	p->data = malloc(len ? len : 1);
	assert_non_null(p->data);
	memcpy(p->data, data, len);
}

void fake_dp_flow(
	struct fake_dp *f, const struct dp_route_key *key, const struct dp_route_counters *c)
{
	uint32_t i = fake_route_find(f, key);

	if (!i)
		fail_msg("fake_dp_flow: no such route");
	f->routes[i - 1].flow = *c;
	f->routes[i - 1].has_flow = true;
}
