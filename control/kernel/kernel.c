/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The kernel as control's partner: start, end, the timer of what has to be tried again, and the
 * requests to resolve neighbours.
 */
#include "control/kernel/kernel_priv.h"

#include <errno.h>
#include <linux/if.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RESOLVE_GAP_US 1000000

uint64_t kernel_now(const struct kernel *k)
{
	return k->env.now_us(k->env.arg);
}

/* --- timer -------------------------------------------------------------------------------------- */

void kernel_timer_arm(struct kernel *k)
{
	uint64_t next = twin_retry_next(k);
	uint64_t now = kernel_now(k);
	struct itimerspec its = {0};
	uint64_t wait;

	if (k->resync_wanted && k->resync_due_us < next)
		next = k->resync_due_us;
	if (next != UINT64_MAX) {
		wait = next > now ? next - now : 1; /* zero would disarm it */
		its.it_value.tv_sec = (time_t)(wait / 1000000);
		its.it_value.tv_nsec = (long)(wait % 1000000) * 1000;
	}
	timerfd_settime(k->timer_fd, 0, &its, NULL);
}

static void timer_ready(void *arg)
{
	struct kernel *k = arg;
	uint64_t expirations;

	if (read(k->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	twin_retry(k);
	events_drain(k); /* resynchronises if that is due, arms the timer */
}

/* --- life ----------------------------------------------------------------------------------------- */

static int timer_open(struct kernel *k, char *err, size_t err_cap)
{
	int rc;

	k->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (k->timer_fd < 0) {
		rc = -errno;
		snprintf(err, err_cap, "netlink: cannot create a timer: %s", strerror(-rc));
		return rc;
	}
	return 0;
}

static int memory_get(struct kernel *k, char *err, size_t err_cap)
{
	k->events_buf = malloc(NL_BUF_BYTES);
	k->dumps_buf = malloc(NL_BUF_BYTES);
	k->twin_buf = malloc(TWIN_BUF_BYTES);
	if (k->events_buf && k->dumps_buf && k->twin_buf)
		return 0;
	snprintf(err, err_cap, "netlink: out of memory");
	return -ENOMEM;
}

static int watch_all(struct kernel *k, char *err, size_t err_cap)
{
	int fd = mnl_socket_get_fd(k->events);
	int rc = k->env.watch(k->env.arg, fd, events_ready, k);

	if (rc == 0) {
		rc = k->env.watch(k->env.arg, k->timer_fd, timer_ready, k);
		k->watching = rc == 0;
		if (rc)
			k->env.unwatch(k->env.arg, fd);
	}
	if (rc)
		snprintf(err, err_cap, "netlink: cannot enter the event loop: %s", strerror(-rc));
	return rc;
}

/* Subscribed first, then read: what changes in between is not lost. */
static int start(struct kernel *k, char *err, size_t err_cap)
{
	int rc = memory_get(k, err, err_cap);

	if (rc == 0)
		rc = timer_open(k, err, err_cap);
	if (rc == 0)
		rc = nl_open(k, err, err_cap);
	if (rc == 0)
		rc = watch_all(k, err, err_cap);
	if (rc)
		return rc;
	rc = resync_run(k);
	if (rc && rc != -EINTR) {
		snprintf(err, err_cap,
			"netlink: cannot read the kernel's tables: %s; "
			"`ip route show` should work where stargd runs",
			strerror(-rc));
		return rc;
	}
	events_drain(k);
	return 0;
}

int kernel_new(struct kernel **out, struct net *net, const struct kernel_env *env, char *err,
	size_t err_cap)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int rc;

	*out = NULL;
	if (!k) {
		snprintf(err, err_cap, "netlink: out of memory");
		return -ENOMEM;
	}
	k->net = net;
	k->env = *env;
	k->timer_fd = -1;
	*out = k; /* for callbacks that come during the first reading */
	rc = start(k, err, err_cap);
	if (rc) {
		kernel_free(k);
		*out = NULL;
	}
	return rc;
}

void kernel_free(struct kernel *k)
{
	if (!k)
		return;
	twin_free_all(k);
	if (k->watching) {
		k->env.unwatch(k->env.arg, mnl_socket_get_fd(k->events));
		k->env.unwatch(k->env.arg, k->timer_fd);
	}
	port_restore_all(k);
	for (unsigned i = 0; i < LINK_BUCKETS; i++) {
		while (k->links[i])
			link_remove(k, k->links[i]);
	}
	nl_close(k);
	if (k->timer_fd >= 0)
		close(k->timer_fd);
	free(k->events_buf);
	free(k->dumps_buf);
	free(k->twin_buf);
	free(k);
}

/* --- the rest ---------------------------------------------------------------------------------------- */

/* Whether addr may be asked for now; then it is noted. A set that is full of younger requests loses
 * the oldest. */
static bool resolve_allowed(struct kernel *k, int ifindex, const struct ipaddr *addr)
{
	struct resolve_slot *set = k->resolve[ip_hash(addr, (uint32_t)ifindex) % RESOLVE_SETS];
	struct resolve_slot *slot = &set[0];
	uint64_t now = kernel_now(k);

	for (unsigned i = 0; i < RESOLVE_WAYS; i++) {
		if (set[i].ifindex == ifindex && ip_eq(&set[i].addr, addr)) {
			slot = &set[i];
			if (now - slot->asked_us < RESOLVE_GAP_US)
				return false;
			break;
		}
		if (set[i].asked_us < slot->asked_us)
			slot = &set[i];
	}
	slot->addr = *addr;
	slot->ifindex = ifindex;
	slot->asked_us = now;
	return true;
}

void kernel_resolve(void *kernel, int ifindex, const struct ipaddr *addr)
{
	struct kernel *k = kernel;
	struct link *link = link_find(k, ifindex);
	char text[IP_STRLEN];
	int rc;

	if (!link || !link->twin || ip_is_none(addr) || !resolve_allowed(k, ifindex, addr))
		return;
	k->stats.resolves++;
	rc = nl_neigh_use(k, ifindex, addr);
	if (rc && log_rate_ok(&k->refused_rate, kernel_now(k)))
		log_warning("netlink", "%s: the kernel does not resolve %s: %s", link->name,
			ip_str(addr, text, sizeof(text)), strerror(-rc));
}

void kernel_resync(struct kernel *k)
{
	resync_request(k, 0);
	k->resync_due_us = kernel_now(k);
	events_drain(k);
	kernel_timer_arm(k);
}

void kernel_stats_get(const struct kernel *k, struct kernel_stats *out)
{
	*out = k->stats;
}
