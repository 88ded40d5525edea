/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The Linux kernel as control's partner: twins (TAP or TUN devices) and netlink (links, addresses,
 * routes, neighbours, by subscription). The only place in control that owns descriptors.
 */
#pragma once

#include "control/net/net.h"

struct kernel;

struct kernel_env {
	void *arg;
	/* Calls ready(ready_arg) in the control loop whenever fd is readable. 0 or -errno. */
	int (*watch)(void *arg, int fd, void (*ready)(void *ready_arg), void *ready_arg);
	void (*unwatch)(void *arg, int fd);
	/* A frame (TAP) or IP packet (TUN) that the kernel sends out of a twin. */
	void (*from_twin)(void *arg, uint16_t ifid, bool is_frame, const uint8_t *data, size_t len);
	/* A network device of the kernel that starg does not own (the netdev under an af_packet port)
	 * appeared, changed its carrier, or vanished (present false). */
	void (*netdev)(void *arg, const char *name, int ifindex, bool present, bool carrier);
	uint64_t (*now_us)(void *arg);
};

struct kernel_stats {
	uint64_t overruns; /* ENOBUFS on the subscription: each caused a resynchronisation */
	uint64_t resyncs;
	uint64_t twin_rx, twin_tx, twin_tx_drops;
	uint64_t resolves; /* NTF_USE requests */
	uint64_t refused;  /* netlink requests that the kernel refused */
};

/* Opens netlink, subscribes, reads everything once (complete on return). -EPERM etc. with a sentence
 * in err. env.netdev is called from within, with *out set already. Needs no privilege by itself. */
int kernel_new(struct kernel **out, struct net *net, const struct kernel_env *env, char *err,
	size_t err_cap);
void kernel_free(struct kernel *k); /* removes the twins */

/* Creates the interface's twin with its name: TAP with MAC for Ethernet, TUN for GRE and loopback;
 * MTU, addresses, up, carrier; accept_local=1. On a name that exists already: -EEXIST. The sentence
 * in err names cause and mending command. */
int kernel_twin_add(struct kernel *k, uint16_t ifid, char *err, size_t err_cap);
/* Brings the twin in line with the interface (MAC, MTU, configured addresses: those added by others
 * stay, those that only the old configuration had go). */
int kernel_twin_change(struct kernel *k, uint16_t ifid, const struct net_if_conf *old);
void kernel_twin_carrier(struct kernel *k, uint16_t ifid, bool carrier);
void kernel_twin_del(struct kernel *k, uint16_t ifid);
/* To the kernel, as if received on the twin. -EAGAIN full, -ENODEV, -ENETDOWN set down. */
int kernel_twin_write(struct kernel *k, uint16_t ifid, const void *data, size_t len);

/* net_env.resolve: NTF_USE on the neighbour, rate-limited per address to one a second. */
void kernel_resolve(void *kernel, int ifindex, const struct ipaddr *addr);

/* Settings that keep the kernel from answering or routing what starg gets through an af_packet
 * socket on netdev: rp_filter=1 arp_ignore=8 forwarding=0, disable_ipv6=1, promiscuous, up. Old
 * values are kept and put back by kernel_free. */
int kernel_port_prepare(struct kernel *k, const char *netdev, char *err, size_t err_cap);
/* Whether a netdev is there now; ifindex or 0. */
int kernel_netdev_index(const struct kernel *k, const char *netdev, bool *carrier);

/* Forces a full resynchronisation, as after an overrun. */
void kernel_resync(struct kernel *k);
void kernel_stats_get(const struct kernel *k, struct kernel_stats *out);
