/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The life of a twin: made, filled with what the interface has, read, written, lost and made again.
 *
 * Whoever administers the machine may set a twin down and up and give it addresses: net hears of
 * both. The carrier is ours to set and never taken for an administrative state.
 */
#include "control/kernel/twin_priv.h"

#include <errno.h>
#include <linux/if.h>
#include <unistd.h>

#define READS_PER_WAKE 64
#define REMAKE_GAP_US 1000000 /* between two devices of one twin */
#define REMAKE_RETRY_US 5000000
#define MTU_DEFAULT 1500

static const uint8_t mac_none[6];

/* --- bringing the device in line with the interface --------------------------------------------- */

static bool wants_tap(const struct net_if *ifp)
{
	return ifp->conf.kind == DP_IF_ETHER;
}

static bool wants_carrier(const struct net_if *ifp)
{
	return ifp->link && (ifp->conf.kind != DP_IF_ETHER || ifp->port != NET_PORT_NONE);
}

static uint16_t wants_mtu(const struct net_if *ifp)
{
	if (ifp->mtu)
		return ifp->mtu;
	return ifp->conf.mtu ? ifp->conf.mtu : MTU_DEFAULT;
}

static void mac_apply(struct twin *tw, const struct net_if *ifp)
{
	int rc;

	/* Without a port there is no MAC yet. */
	if (!tw->is_tap || memcmp(ifp->mac, mac_none, 6) == 0 || memcmp(ifp->mac, tw->mac, 6) == 0)
		return;
	rc = nl_link_mac_set(tw->k, tw->ifindex, ifp->mac);
	if (rc)
		log_warning("twin", "%s: cannot set the MAC address: %s", tw->name, strerror(-rc));
	else
		memcpy(tw->mac, ifp->mac, 6);
}

static void mtu_apply(struct twin *tw, const struct net_if *ifp)
{
	uint16_t mtu = wants_mtu(ifp);
	int rc;

	if (mtu == tw->mtu)
		return;
	rc = nl_link_mtu_set(tw->k, tw->ifindex, mtu);
	if (rc)
		log_warning("twin", "%s: cannot set MTU %u: %s; choose another `mtu`", tw->name,
			mtu, strerror(-rc));
	else
		tw->mtu = mtu;
}

static void admin_apply(struct twin *tw, bool up)
{
	int rc;

	if (tw->admin == up)
		return;
	rc = nl_link_flags_set(tw->k, tw->ifindex, up ? IFF_UP : 0, IFF_UP);
	if (rc)
		log_warning("twin", "%s: cannot set it %s: %s", tw->name, up ? "up" : "down",
			strerror(-rc));
	else
		tw->admin = up;
}

static bool conf_has(const struct net_if_conf *conf, const struct net_addr *addr)
{
	for (unsigned i = 0; i < conf->n_addrs; i++) {
		if (conf->addrs[i].len == addr->len && ip_eq(&conf->addrs[i].ip, &addr->ip))
			return true;
	}
	return false;
}

static void addr_failed(
	const struct twin *tw, const struct net_addr *addr, const char *verb, int rc)
{
	char text[IP_STRLEN];

	ip_str(&addr->ip, text, sizeof(text));
	log_warning("twin",
		"%s: cannot %s address %s/%u: %s; `ip addr show dev %s` shows what is there",
		tw->name, verb, text, addr->len, strerror(-rc), tw->name);
}

/* Addresses of old (may be NULL) that conf has no more go, those of conf come. */
static void addrs_apply(
	struct twin *tw, const struct net_if_conf *conf, const struct net_if_conf *old)
{
	int rc;

	for (unsigned i = 0; old && i < old->n_addrs; i++) {
		if (conf_has(conf, &old->addrs[i]))
			continue;
		rc = nl_addr_del(tw->k, tw->ifindex, &old->addrs[i]);
		if (rc && rc != -EADDRNOTAVAIL)
			addr_failed(tw, &old->addrs[i], "remove", rc);
	}
	for (unsigned i = 0; i < conf->n_addrs; i++) {
		rc = nl_addr_add(tw->k, tw->ifindex, &conf->addrs[i]);
		if (rc && rc != -EEXIST)
			addr_failed(tw, &conf->addrs[i], "set", rc);
	}
}

/* --- made and given up ---------------------------------------------------------------------------- */

/* The link of a device that we close stays known as ours until the kernel has said that it went. */
static void device_close(struct twin *tw)
{
	struct link *link = link_find(tw->k, tw->ifindex);

	if (link)
		link->twin = NULL;
	if (tw->fd >= 0) {
		tw->k->env.unwatch(tw->k->env.arg, tw->fd);
		close(tw->fd);
	}
	tw->fd = -1;
	tw->ifindex = 0;
	tw->n_addrs = 0;
	tw->admin = false;
	tw->mtu = 0;
	memset(tw->mac, 0, sizeof(tw->mac));
}

static void twin_ready(void *arg);

/* Device, link entry and watch: all or nothing. */
static int device_open(struct twin *tw, char *err, size_t cap)
{
	struct kernel *k = tw->k;
	struct link *link;
	int rc = twin_dev_open(tw, err, cap);

	if (rc)
		return rc;
	link = link_get(k, tw->ifindex);
	rc = link ? k->env.watch(k->env.arg, tw->fd, twin_ready, tw) : -ENOMEM;
	if (rc) {
		snprintf(err, cap, "twin %s: %s", tw->name, strerror(-rc));
		close(tw->fd);
		tw->fd = -1;
		tw->ifindex = 0;
		return rc;
	}
	memcpy(link->name, tw->name, sizeof(link->name));
	link->ours = true;
	link->seen = true;
	link->twin = tw;
	return 0;
}

static int twin_make(struct twin *tw, const struct net_if *ifp, char *err, size_t cap)
{
	struct net_if now = *ifp; /* the calls below may come back to net */
	int rc;

	snprintf(tw->name, sizeof(tw->name), "%s", now.conf.name);
	tw->is_tap = wants_tap(&now);
	tw->carrier = wants_carrier(&now);
	tw->created_us = kernel_now(tw->k);
	rc = device_open(tw, err, cap);
	if (rc)
		return rc;
	tw->retry_us = UINT64_MAX;
	twin_dev_settings(tw->k, tw, &now);
	mac_apply(tw, &now);
	mtu_apply(tw, &now);
	addrs_apply(tw, &now.conf, NULL);
	admin_apply(tw, now.admin);
	twin_dev_carrier(tw);
	log_info("twin", "%s: made, ifindex %d", tw->name, tw->ifindex);
	net_if_twin(tw->k->net, tw->ifid, tw->ifindex);
	return 0;
}

int kernel_twin_add(struct kernel *k, uint16_t ifid, char *err, size_t err_cap)
{
	const struct net_if *ifp = net_if_get(k->net, ifid);
	struct twin *tw;
	int rc;

	if (!ifp || ifid >= DP_IFS_MAX) {
		snprintf(err, err_cap, "twin: there is no interface with id %u", ifid);
		return -ENODEV;
	}
	if (k->twins[ifid])
		return 0;
	tw = calloc(1, sizeof(*tw));
	if (!tw) {
		snprintf(err, err_cap, "twin %s: out of memory", ifp->conf.name);
		return -ENOMEM;
	}
	tw->k = k;
	tw->ifid = ifid;
	tw->fd = -1;
	k->twins[ifid] = tw;
	rc = twin_make(tw, ifp, err, err_cap);
	if (rc) {
		k->twins[ifid] = NULL;
		free(tw);
		return rc;
	}
	events_drain(k); /* so that its addresses are known on return */
	return 0;
}

void kernel_twin_del(struct kernel *k, uint16_t ifid)
{
	struct twin *tw = ifid < DP_IFS_MAX ? k->twins[ifid] : NULL;

	if (!tw)
		return;
	k->twins[ifid] = NULL;
	device_close(tw);
	free(tw);
	if (net_if_get(k->net, ifid))
		net_if_twin(k->net, ifid, 0);
	events_drain(k);
}

void twin_free_all(struct kernel *k)
{
	for (unsigned i = 0; i < DP_IFS_MAX; i++) {
		if (!k->twins[i])
			continue;
		device_close(k->twins[i]);
		free(k->twins[i]);
		k->twins[i] = NULL;
	}
}

void twin_lost(struct twin *tw, const char *why)
{
	struct kernel *k = tw->k;
	uint64_t now = kernel_now(k);

	if (tw->fd < 0)
		return;
	if (log_rate_ok(&tw->lost_rate, now))
		log_warning("twin", "%s: lost (%s): making it anew", tw->name, why);
	device_close(tw);
	k->some_lost = true;
	tw->retry_us = tw->created_us + REMAKE_GAP_US;
	if (tw->retry_us < now)
		tw->retry_us = now;
	kernel_timer_arm(k);
	net_if_twin(k->net, tw->ifid, 0);
}

static void twin_remake(struct kernel *k, struct twin *tw)
{
	const struct net_if *ifp = net_if_get(k->net, tw->ifid);
	char err[256];

	tw->retry_us = UINT64_MAX;
	if (!ifp)
		return;
	if (twin_make(tw, ifp, err, sizeof(err)) == 0) {
		resync_request(k, 0);
		return;
	}
	if (log_rate_ok(&tw->lost_rate, kernel_now(k)))
		log_warning("twin", "%s", err);
	tw->retry_us = kernel_now(k) + REMAKE_RETRY_US;
}

void twin_retry(struct kernel *k)
{
	uint64_t now = kernel_now(k);

	for (unsigned i = 0; k->some_lost && i < DP_IFS_MAX; i++) {
		struct twin *tw = k->twins[i];

		if (tw && tw->fd < 0 && tw->retry_us <= now)
			twin_remake(k, tw);
	}
}

uint64_t twin_retry_next(struct kernel *k)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; k->some_lost && i < DP_IFS_MAX; i++) {
		const struct twin *tw = k->twins[i];

		if (tw && tw->fd < 0 && tw->retry_us < next)
			next = tw->retry_us;
	}
	k->some_lost = next != UINT64_MAX;
	return next;
}

/* --- changes ---------------------------------------------------------------------------------------- */

int kernel_twin_change(struct kernel *k, uint16_t ifid, const struct net_if_conf *old)
{
	const struct net_if *ifp = net_if_get(k->net, ifid);
	struct twin *tw = ifid < DP_IFS_MAX ? k->twins[ifid] : NULL;
	struct net_if now;
	char err[256];
	int rc;

	if (!ifp || !tw)
		return -ENODEV;
	if (tw->fd < 0) /* made anew soon, from what the interface is then */
		return 0;
	now = *ifp;
	if (tw->is_tap != wants_tap(&now)) {
		kernel_twin_del(k, ifid);
		rc = kernel_twin_add(k, ifid, err, sizeof(err));
		if (rc)
			log_warning("twin", "%s", err);
		return rc;
	}
	mac_apply(tw, &now);
	mtu_apply(tw, &now);
	addrs_apply(tw, &now.conf, old);
	admin_apply(tw, now.admin);
	kernel_twin_carrier(k, ifid, wants_carrier(&now));
	events_drain(k);
	return 0;
}

void kernel_twin_carrier(struct kernel *k, uint16_t ifid, bool carrier)
{
	struct twin *tw = ifid < DP_IFS_MAX ? k->twins[ifid] : NULL;

	if (!tw || tw->carrier == carrier)
		return;
	tw->carrier = carrier;
	twin_dev_carrier(tw);
}

/* An event may be older than what we did since (our own "up" at the start): the kernel is asked. */
void twin_flags_event(struct twin *tw, uint32_t flags)
{
	struct kernel *k = tw->k;
	bool up;

	if (tw->admin == !!(flags & IFF_UP))
		return;
	if (nl_link_flags_get(k, tw->ifindex, &flags))
		return;
	up = flags & IFF_UP;
	if (tw->admin == up)
		return;
	tw->admin = up;
	log_notice("twin", "%s: set %s from outside", tw->name, up ? "up" : "down");
	net_if_admin(k->net, tw->ifid, up);
}

/* --- packets --------------------------------------------------------------------------------------------- */

static bool transient(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOMEM || error == ENOBUFS;
}

/* From the kernel: a bounded number, then the loop's other work has its turn. */
static void twin_ready(void *arg)
{
	struct twin *tw = arg;
	struct kernel *k = tw->k;
	uint16_t ifid = tw->ifid;
	int fd = tw->fd;

	for (unsigned i = 0; i < READS_PER_WAKE; i++) {
		ssize_t n = read(fd, k->twin_buf, TWIN_BUF_BYTES);

		if (n < 0 && !transient(errno))
			twin_lost(tw, strerror(errno));
		if (n <= 0)
			return;
		k->stats.twin_rx++;
		k->env.from_twin(k->env.arg, ifid, tw->is_tap, k->twin_buf, (size_t)n);
		/* The callback may have deleted the twin. */
		if (k->twins[ifid] != tw || tw->fd != fd)
			return;
	}
}

int kernel_twin_write(struct kernel *k, uint16_t ifid, const void *data, size_t len)
{
	struct twin *tw = ifid < DP_IFS_MAX ? k->twins[ifid] : NULL;
	int rc = 0;

	if (!tw || tw->fd < 0)
		rc = -ENODEV;
	else if (write(tw->fd, data, len) < 0)
		rc = errno == EBADFD ? -ENODEV : errno == EIO ? -ENETDOWN : -errno;
	if (rc)
		k->stats.twin_tx_drops++;
	else
		k->stats.twin_tx++;
	return rc;
}
