/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The sleep of an idle adaptive worker. Where a port's driver receives through a descriptor, a frame ends it;
 * whatever else may come (frames of other workers, verdicts, ports of other drivers) waits until it is over.
 *
 * A descriptor may be closed meanwhile, and its number be another one's: that ends one sleep early, or none.
 */
#include "path.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

/* The descriptors of the ports that this worker receives from. */
static nfds_t wait_list(const struct worker *w, struct pollfd v[RTE_MAX_ETHPORTS])
{
	const struct fwd_ports *ports = fwd_ports_get(w->t);
	nfds_t n = 0;

	for (unsigned i = 0; i < ports->n; i++) {
		const struct dataplane_port *p = &ports->by_id[ports->ids[i]];

		if (p->wake_fd > 0 && p->port_id % w->n_workers == w->index)
			v[n++] = (struct pollfd){.fd = p->wake_fd, .events = POLLIN};
	}
	return n;
}

/* A netdev that went down leaves an error on its socket, and that one is not slept on until it is read. True
 * if there was one. */
static bool wait_errors(const struct pollfd *v, nfds_t n)
{
	bool found = false;

	for (nfds_t i = 0; i < n; i++) {
		int error;
		socklen_t len = sizeof(error);

		if (!(v[i].revents & ~POLLIN))
			continue;
		(void)getsockopt(v[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
		found = true;
	}
	return found;
}

bool worker_wait(const struct worker *w, uint32_t ns)
{
	struct timespec ts = {.tv_nsec = (long)ns};
	struct pollfd v[RTE_MAX_ETHPORTS];
	nfds_t n = wait_list(w, v);
	bool frame;

	if (!w->shared)
		rte_rcu_qsbr_thread_offline(w->t->rcu, w->rcu_id);
	frame = ppoll(v, n, &ts, NULL) > 0;
	if (frame && wait_errors(v, n)) {
		nanosleep(&ts, NULL);
		frame = false;
	}
	if (!w->shared)
		rte_rcu_qsbr_thread_online(w->t->rcu, w->rcu_id);
	return frame;
}

bool worker_wakes(const struct worker *w)
{
	const struct fwd_ports *ports = fwd_ports_get(w->t);

	for (unsigned i = 0; i < ports->n; i++)
		if (ports->by_id[ports->ids[i]].wake_fd <= 0)
			return false;
	return true;
}
