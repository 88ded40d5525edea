/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The data plane as one object: made with its pool, tables and workers, given ports, started, stopped,
 * taken apart. The seam's functions are in seam.c.
 */
#include "dataplane/hold.h"
#include "dataplane/prints.h"
#include "dataplane/police.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_mbuf_pool_ops.h>
#include <stdlib.h>
#include <sys/random.h>

#define POOL_CACHE 256
#define RECLAIM_BATCH 65536

/* --- making ------------------------------------------------------------------------------------------ */

static int conf_check(const struct dataplane_conf *c, char *err, size_t err_cap)
{
	if (c->n_workers > DATAPLANE_WORKERS_MAX) {
		snprintf(err, err_cap, "%u workers, but %u is the limit: give fewer lcores",
			c->n_workers, DATAPLANE_WORKERS_MAX);
		return -EINVAL;
	}
	for (unsigned i = 0; i < c->n_workers; i++) {
		unsigned l = c->lcores[i];

		if (l < RTE_MAX_LCORE && rte_lcore_is_enabled(l) && l != rte_get_main_lcore())
			continue;
		snprintf(err, err_cap,
			"lcore %u cannot run a worker: it is not among the EAL's lcores or is the main "
			"one; name it in router.eal (\"-l\") or take another",
			l);
		return -EINVAL;
	}
	if (!c->mbufs || !c->max_routes || c->max_oifs < 2 || c->max_routes > UINT32_MAX / 4) {
		snprintf(err, err_cap, "mbufs, max_routes and max_oifs must be positive");
		return -EINVAL;
	}
	return 0;
}

#define BUF_MTU_MAX 9728 /* what NICs call jumbo */

uint32_t dataplane_buf_bytes(uint16_t mtu)
{
	uint32_t frame = RTE_MIN(mtu, BUF_MTU_MAX) + L2_MAX;

	return RTE_MAX((uint32_t)RTE_MBUF_DEFAULT_BUF_SIZE,
		RTE_ALIGN_CEIL(RTE_PKTMBUF_HEADROOM + frame, (uint32_t)RTE_CACHE_LINE_SIZE));
}

/* As rte_pktmbuf_pool_create makes one; but where devices use virtual addresses, buffers follow each other across
 * pages. That function lets none cross a page, so that without hugepages each buffer begins a page: it takes 4 KiB, and
 * the first lines of all of them compete for the same places in a cache. */
static struct rte_mempool *pool_make(
	const struct dataplane *d, const char *what, uint32_t n, uint32_t buf)
{
	struct rte_pktmbuf_pool_private priv = {
		.mbuf_data_room_size = (uint16_t)buf, .mbuf_priv_size = MBUF_PRIV_SIZE};
	unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *mp;
	int rc;

	snprintf(name, sizeof(name), "%s%lx", what, (unsigned long)(uintptr_t)d >> 4);
	mp = rte_mempool_create_empty(name, n,
		(unsigned)sizeof(struct rte_mbuf) + MBUF_PRIV_SIZE + buf,
		n >= 4 * POOL_CACHE ? POOL_CACHE : 0, sizeof(priv), d->conf.socket, flags);
	if (!mp)
		return NULL;
	rc = rte_mempool_set_ops_byname(mp, rte_mbuf_best_mempool_ops(), NULL);
	if (rc == 0) {
		rte_pktmbuf_pool_init(mp, &priv);
		rc = rte_mempool_populate_default(mp);
	}
	if (rc < 0) {
		rte_mempool_free(mp);
		rte_errno = -rc;
		return NULL;
	}
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	return mp;
}

/* The buffers; without memory for the small ones the others do. */
static int pool_new(struct dataplane *d, char *err, size_t err_cap)
{
	const struct dataplane_conf *c = &d->conf;
	const uint32_t buf = dataplane_buf_bytes(c->mtu_max);
	uint64_t bytes;

	d->t.pool = pool_make(d, "starg", c->mbufs, buf);
	if (d->t.pool && c->small_mbufs)
		d->t.small = pool_make(d, "small", c->small_mbufs, DATAPLANE_SMALL_BYTES);
	if (d->t.pool)
		return 0;
	bytes = (uint64_t)c->mbufs *
		rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + MBUF_PRIV_SIZE + buf, 0, NULL);
	snprintf(err, err_cap,
		"no memory for %u packet buffers, %" PRIu64
		" bytes (%s): lower router.mbufs, or give "
		"the EAL more memory (-m, or more hugepages: scripts/setup)",
		c->mbufs, bytes, rte_strerror(rte_errno));
	return -ENOMEM;
}

static struct worker *worker_new(struct dataplane *d, unsigned index)
{
	struct worker *w =
		rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, d->conf.socket);

	if (!w)
		return NULL;
	d->workers[index] = w;
	w->d = d;
	w->t = &d->t;
	w->index = w->rcu_id = index;
	w->n_workers = d->n_workers;
	w->workers = d->workers;
	w->shared = d->shared;
	w->adaptive = d->conf.adaptive;
	worker_replicate(w, d->conf.replicate);
	w->lcore = d->shared ? rte_get_main_lcore() : d->conf.lcores[index];
	w->info.cpu = rte_lcore_to_cpu_id((int)w->lcore);
	w->direct = direct_new();
	if (!w->direct || worker_counters_new(w) || worker_rings_new(w))
		return NULL;
	return w;
}

static void worker_free(struct worker *w)
{
	if (!w)
		return;
	worker_rings_free(w);
	worker_counters_free(w);
	direct_free(w->direct);
	rte_free(w);
}

int tables_new(struct dataplane *d)
{
	struct fwd_tables *t = &d->t;

	t->ifs = region_new(DP_IFS_MAX * sizeof(*t->ifs), false);
	t->adjs = region_new(t->max_oifs * sizeof(*t->adjs), false);
	t->oifs = region_new(t->max_oifs * sizeof(*t->oifs), false);
	d->l2 = calloc(DP_IFS_MAX, sizeof(*d->l2));
	t->ports = calloc(1, sizeof(struct fwd_ports));
	if (!t->ifs || !t->adjs || !t->oifs || !d->l2 || !t->ports)
		return -ENOMEM;
	t->demux = demux_build(t, NULL, 0);
	t->prints = prints_new(rte_get_tsc_hz(), DP_MOVE_MS);
	if (!t->demux || !t->prints || retire_init(&d->retire, RTE_MAX(d->n_workers, 1u), d))
		return -ENOMEM;
	t->rcu = d->retire.rcu;
	if (flow_new(d) || lists_init(&d->lists, &d->retire) ||
		mfib_init(&d->mfib, t, &d->retire, &d->lists) || stats_new(d) || police_init(d))
		return -ENOMEM;
	d->mfib.counter_reset = stats_counter_reset;
	d->mfib.counter_used = stats_counter_used;
	return 0;
}

static int memory_new(struct dataplane *d, char *err, size_t err_cap)
{
	snprintf(err, err_cap,
		"no memory for the tables of %u routes and %u outputs (%zu bytes of address space): "
		"lower router.max_routes and router.max_oifs, or raise `ulimit -v`",
		d->t.max_routes, d->t.max_oifs,
		(size_t)MFIB_INDEXES(d->t.max_routes) *
			(sizeof(struct mfib_route) + d->n_workers * sizeof(struct route_counters)));
	if (tables_new(d))
		return -ENOMEM;
	for (unsigned i = 0; i < d->n_workers; i++) {
		if (!worker_new(d, i))
			return -ENOMEM;
	}
	return pool_new(d, err, err_cap);
}

int dataplane_new(
	struct dataplane **out, const struct dataplane_conf *conf, char *err, size_t err_cap)
{
	struct dataplane *d;
	int rc = conf_check(conf, err, err_cap);

	if (rc)
		return rc;
	d = calloc(1, sizeof(*d));
	if (!d) {
		snprintf(err, err_cap, "no memory for %zu bytes", sizeof(*d));
		return -ENOMEM;
	}
	d->conf = *conf;
	d->shared = conf->n_workers == 0;
	d->n_workers = d->shared ? 1 : conf->n_workers;
	d->t.max_routes = conf->max_routes;
	d->t.max_oifs = conf->max_oifs;
	if (getrandom(d->t.seed, sizeof(d->t.seed), 0) != sizeof(d->t.seed)) {
		snprintf(err, err_cap, "no random numbers from the kernel");
		free(d);
		return -EIO;
	}
	rc = memory_new(d, err, err_cap);
	if (rc) {
		dataplane_free(d);
		return rc;
	}
	if (err_cap)
		err[0] = '\0';
	*out = d;
	return 0;
}

void tables_free(struct dataplane *d)
{
	struct fwd_tables *t = &d->t;

	if (t->rcu)
		retire_reclaim(&d->retire, UINT32_MAX);
	flow_free(d);
	probe_fini(d);
	mfib_fini(&d->mfib);
	lists_fini(&d->lists);
	retire_fini(&d->retire);
	adj_fini(d);
	local_fini(d);
	police_fini(d);
	stats_free(d);
	prints_free(t->prints);
	free(t->ports);
	free(d->l2);
	region_free(t->ifs, DP_IFS_MAX * sizeof(*t->ifs));
	region_free(t->adjs, t->max_oifs * sizeof(*t->adjs));
	region_free(t->oifs, t->max_oifs * sizeof(*t->oifs));
}

void dataplane_free(struct dataplane *d)
{
	if (!d)
		return;
	dataplane_stop(d);
	tables_free(d);
	for (unsigned i = 0; i < d->n_workers; i++)
		worker_free(d->workers[i]);
	rte_mempool_free(d->t.small);
	rte_mempool_free(d->t.pool);
	free(d);
}

struct rte_mempool *dataplane_pool(struct dataplane *d)
{
	return d->t.pool;
}

unsigned dataplane_workers(const struct dataplane *d)
{
	return d->n_workers;
}

/* --- ports ------------------------------------------------------------------------------------------------ */

/* The list as it is, to be changed and published; NULL: no memory. */
static struct fwd_ports *ports_copy(struct dataplane *d)
{
	struct fwd_ports *p = retire_room(&d->retire) ? NULL : malloc(sizeof(*p));

	if (p)
		*p = *atomic_load_explicit(&d->t.ports, memory_order_relaxed);
	return p;
}

static void ports_publish(struct dataplane *d, struct fwd_ports *p)
{
	struct fwd_ports *old = atomic_load_explicit(&d->t.ports, memory_order_relaxed);

	p->n = 0;
	p->controls = 0;
	for (uint16_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
		if (p->by_id[i].rx_queues)
			p->ids[p->n++] = i;
		if (p->by_id[i].rx_queues && p->by_id[i].control_queue)
			p->controls |= UINT64_C(1) << i;
	}
	atomic_store_explicit(&d->t.ports, p, memory_order_release);
	tables_changed(d);
	retire_add(&d->retire, retire_free, old, 0);
}

int dataplane_port_add(struct dataplane *d, const struct dataplane_port *port)
{
	struct fwd_ports *p;

	if (port->port_id >= RTE_MAX_ETHPORTS || !port->rx_queues || !port->tx_queues)
		return -EINVAL;
	p = ports_copy(d);
	if (!p)
		return -ENOMEM;
	p->by_id[port->port_id] = *port;
	ports_publish(d, p);
	return 0;
}

void dataplane_port_del(struct dataplane *d, uint16_t port_id)
{
	const struct fwd_ports *now = atomic_load_explicit(&d->t.ports, memory_order_relaxed);
	struct fwd_ports *p;

	if (port_id >= RTE_MAX_ETHPORTS || !now->by_id[port_id].rx_queues)
		return;
	p = ports_copy(d);
	if (!p)
		return; /* dataplane_port_idle tries again */
	memset(&p->by_id[port_id], 0, sizeof(p->by_id[port_id]));
	ports_publish(d, p);
	d->port_gone[port_id] = rte_rcu_qsbr_start(d->t.rcu);
}

bool dataplane_port_idle(struct dataplane *d, uint16_t port_id)
{
	const struct fwd_ports *now;

	if (port_id >= RTE_MAX_ETHPORTS)
		return true;
	dataplane_port_del(d, port_id);
	now = atomic_load_explicit(&d->t.ports, memory_order_relaxed);
	retire_reclaim(&d->retire, RECLAIM_BATCH);
	return !now->by_id[port_id].rx_queues &&
	       rte_rcu_qsbr_check(d->t.rcu, d->port_gone[port_id], false) == 1;
}

/* --- running ------------------------------------------------------------------------------------------------ */

/* Frames that were handed to a worker go out even when it has left: its queues are nobody else's now. */
static void handoff_drain(struct worker *w)
{
	while (tx_handoff_in(w))
		tx_flush(w);
}

static void worker_stop(struct dataplane *d, struct worker *w)
{
	atomic_store(&w->quit, true);
	rte_eal_wait_lcore(w->lcore);
	rte_rcu_qsbr_thread_unregister(d->t.rcu, w->rcu_id);
	atomic_store(&w->running, false);
}

static int worker_start(struct dataplane *d, struct worker *w)
{
	int err;

	atomic_store(&w->quit, false);
	rte_rcu_qsbr_thread_register(d->t.rcu, w->rcu_id);
	err = rte_eal_remote_launch(worker_main, w, w->lcore);
	if (err) {
		rte_rcu_qsbr_thread_unregister(d->t.rcu, w->rcu_id);
		return err;
	}
	atomic_store(&w->running, true);
	return 0;
}

int dataplane_start(struct dataplane *d)
{
	int err = 0;
	unsigned n = 0;

	if (d->started)
		return 0;
	for (; !d->shared && n < d->n_workers; n++) {
		err = worker_start(d, d->workers[n]);
		if (err)
			break;
	}
	while (err && n > 0)
		worker_stop(d, d->workers[--n]);
	d->started = !err;
	return err;
}

void dataplane_stop(struct dataplane *d)
{
	if (!d->started)
		return;
	for (unsigned i = 0; !d->shared && i < d->n_workers; i++)
		atomic_store(&d->workers[i]->quit, true);
	for (unsigned i = 0; !d->shared && i < d->n_workers; i++)
		worker_stop(d, d->workers[i]);
	for (unsigned i = 0; i < d->n_workers; i++) {
		hold_drop_all(d->workers[i]);
		handoff_drain(d->workers[i]);
	}
	d->started = false;
}

bool dataplane_poll(struct dataplane *d)
{
	if (!d->shared || !d->started)
		return false;
	return worker_step(d->workers[0]);
}

void dataplane_wait(struct dataplane *d, uint32_t us)
{
	worker_wait(d->workers[0], us * 1000);
}

bool dataplane_wakes(const struct dataplane *d)
{
	return worker_wakes(d->workers[0]);
}
