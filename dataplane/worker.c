/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The worker: one round over its queues, one call a stage; and the loop of a worker lcore.
 * No locks, no allocation but buffers, no logging; the only system call in a round is the one that wakes
 * control (punt.c), the only other one the sleep of an idle adaptive worker.
 */
#include "path.h"
#include "probe.h"

#include <rte_cycles.h>
#include <rte_pause.h>

#include <sched.h>
#include <sys/prctl.h>

#define IDLE_SPINS 32 /* empty rounds before the first sleep */
#define SLEEP_MIN_NS 50000u
#define SLEEP_MAX_NS 200000u
#define TIMER_SLACK_NS 5000ul /* the kernel's 50 us would double a short sleep */
#define CPU_ROUNDS 0xfffffu   /* rounds between two looks at the CPU number, all ones */

/* Time by stage. Reading the time stamp counter a dozen times a burst costs a tenth of the forwarding (a
 * virtual machine's takes 60 cycles): one round in LAP_ROUNDS is measured and counts for all of them. */
static inline void laps_start(struct worker *w)
{
	w->timed = (w->info.rounds & (LAP_ROUNDS - 1)) == 0;
	if (unlikely(w->timed))
		w->lap_tsc = rte_rdtsc();
}

/* The straight line, for a burst from one queue. The number of packets. */
static unsigned worker_burst(struct worker *w, uint16_t port, uint16_t queue)
{
	struct burst *b = &w->b;
	laps_start(w);

	b->port = port;
	b->queue = queue;
	stage_rx(w, b);
	if (b->n == 0)
		return 0;
	if (unlikely(w->probes))
		probe_received(w, b);
	lap(w, DP_STAGE_RX, b->n);
	stage_classify(w, b);
	if (unlikely(w->probes))
		probe_classified(w, b);
	lap(w, DP_STAGE_CLASSIFY, b->n);
	if (unlikely(!b->plain))
		stage_decap(w, b); /* counts its own packets */
	lap(w, DP_STAGE_DECAP, 0);
	stage_lookup(w, b);
	if (unlikely(w->probes))
		probe_decided(w, b);
	if (unlikely(w->held))
		hold_pass(w, b);
	if (unlikely(!b->plain || w->told))
		stage_punt(w, b);
	lap(w, DP_STAGE_LOOKUP, b->n);
	w->at_pkt = 0;
	w->at_oif = 0;
	w->at_sent = 0;
	for (stage_direct(w, b); stage_replicate(w, b); stage_direct(w, b)) {
		lap(w, DP_STAGE_REPLICATE, w->n_copies);
		stage_rewrite(w, b);
		lap(w, DP_STAGE_REWRITE, w->n_copies);
		if (unlikely(w->probes))
			probe_copies(w, b);
		stage_tx(w, b);
		lap(w, DP_STAGE_TX, w->n_copies);
	}
	return b->n;
}

/* The queues that hold nothing but control packets, before any data: of port p it is worker number
 * p + rx_queues modulo the workers'. */
static __rte_noinline unsigned worker_controls(struct worker *w, const struct fwd_ports *ports)
{
	unsigned n = 0;

	for (uint64_t left = ports->controls; left; left &= left - 1) {
		uint16_t port = (uint16_t)__builtin_ctzll(left);
		uint16_t queue = ports->by_id[port].rx_queues;

		if ((port + queue) % w->n_workers == w->index)
			n += worker_burst(w, port, queue);
	}
	return n;
}

/* Queue q of port p is worker number p + q modulo the workers': ports with one queue each are shared
 * out as well. */
static unsigned worker_ports(struct worker *w)
{
	const struct fwd_ports *ports = fwd_ports_get(w->t);
	unsigned n = ports->controls ? worker_controls(w, ports) : 0;

	for (unsigned i = 0; i < ports->n; i++) {
		uint16_t port = ports->ids[i];
		uint16_t queues = ports->by_id[port].rx_queues;
		unsigned first = w->index + w->n_workers - port % w->n_workers;

		for (unsigned q = first % w->n_workers; q < queues; q += w->n_workers)
			n += worker_burst(w, port, (uint16_t)q);
	}
	return n;
}

static void worker_flush(struct worker *w)
{
	laps_start(w);

	tx_flush(w);
	lap(w, DP_STAGE_TX, 0);
}

bool worker_step(struct worker *w)
{
	unsigned n;

	direct_round(w);
	w->probes = atomic_load_explicit(&w->t->probes, memory_order_acquire);
	n = tx_handoff_in(w);
	if (unlikely(w->held))
		n += hold_round(w);
	n += worker_ports(w);
	if (n) {
		worker_flush(w);
		w->info.busy_rounds++;
	}
	if (unlikely(w->probes))
		probe_round_end(w);
	w->info.rounds++;
	/* on the control lcore the tables' writer runs between rounds, never during one */
	if (!w->shared)
		rte_rcu_qsbr_quiescent(w->t->rcu, w->rcu_id);
	return n > 0;
}

static void worker_sleep(struct worker *w, uint32_t ns)
{
	worker_wait(w, ns);
	w->info.sleeps++;
	w->info.cpu = sched_getcpu();
}

/* After an empty round: the time to sleep, 0 to go on at once. Without ports even a busy worker sleeps. */
static uint32_t idle_ns(const struct worker *w, unsigned idle)
{
	unsigned doubled = RTE_MIN(idle / IDLE_SPINS, 8u);

	if (fwd_ports_get(w->t)->n == 0)
		return SLEEP_MAX_NS;
	if (!w->adaptive || idle < IDLE_SPINS)
		return 0;
	return RTE_MIN(SLEEP_MIN_NS << (doubled - 1), SLEEP_MAX_NS);
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	unsigned idle = 0;

	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
	rte_rcu_qsbr_thread_online(w->t->rcu, w->rcu_id);
	w->info.cpu = sched_getcpu();
	atomic_store_explicit(&w->running, true, memory_order_release);
	while (!atomic_load_explicit(&w->quit, memory_order_relaxed)) {
		uint32_t ns;

		if (worker_step(w)) {
			idle = 0;
			continue;
		}
		ns = idle_ns(w, ++idle);
		if (ns)
			worker_sleep(w, ns);
		else
			rte_pause();
		if ((w->info.rounds & CPU_ROUNDS) == 0)
			w->info.cpu = sched_getcpu();
	}
	rte_rcu_qsbr_thread_offline(w->t->rcu, w->rcu_id);
	atomic_store_explicit(&w->running, false, memory_order_release);
	return 0;
}
