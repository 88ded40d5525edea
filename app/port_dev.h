/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One ethdev: probe, configure, start, close. No policy: ports.c decides when.
 */
#pragma once

#include "app/ports.h"
#include "dataplane/dataplane.h"

struct rte_mempool;

struct port_dev_conf {
	const struct conf_port *port;
	struct conf_driver driver;
	const char *drivers_dir;
	unsigned n_workers;
	struct rte_mempool *pool;
	bool has_mac;
	uint8_t mac[6]; /* the router's one MAC */
};

/* The directory of drivers-cfg: beside the sources, or installed. */
const char *port_dev_drivers(void);
/* Whether the driver files that the ports name are there and right. -EINVAL: FILE:LINE and what to do. */
int port_dev_check_drivers(const struct conf *conf, char *err, size_t err_cap);
/* Keeps other routers off a netdev: two would both forward each packet. A name in the abstract socket space is
 * free again when its process ends, however it ends, and network namespaces have one each. The descriptor that
 * holds it, or -EADDRINUSE and a sentence. */
int port_dev_claim(const char *port, const char *netdev, char *err, size_t cap);
/* Probes the device and starts it. Fills info and dp; -errno with cause and mend in err. */
int port_dev_open(const struct port_dev_conf *c, struct port_info *info, struct dataplane_port *dp,
	char *err, size_t err_cap);
/* Stops, closes and gives the device back to its bus. No worker may use it any more. */
void port_dev_close(uint16_t port_id);
/* Carrier by the driver's word, and speed; for ports without a kernel netdev. */
bool port_dev_link(uint16_t port_id, struct port_info *info);
bool port_dev_removed(uint16_t port_id);
/* Frames that the rings of net_af_packet had no room for since this was asked last: the kernel counts them, the
 * driver does not ask. 0 for other drivers. */
uint64_t port_dev_missed(const struct port_info *info);
/* The index-th of the offloads that starg knows (port_offload.c); false behind the last. */
bool port_offload_get(const struct port_info *info, size_t index, struct port_offload *out);
/* The netdev in a device string ("net_af_packet0,iface=veth1" -> "veth1"), or "". */
void port_dev_netdev(const char *device, char *name, size_t cap);
