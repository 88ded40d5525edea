/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What ports.c, which opens and closes them, and port_show.c, which tells of them, know of ports.
 */
#pragma once

#include "app/app.h"
#include "app/ports.h"
#include "dataplane/dataplane.h"

#include <rte_ethdev.h>

struct closing;

struct port {
	struct conf_port conf;
	struct port_info info;    /* port_id NET_PORT_NONE while absent */
	struct dataplane_port dp; /* of the open device */
	struct rte_eth_stats base;
	uint64_t missed; /* that the driver does not count (port_dev_missed) */
	int claim;       /* what keeps other routers off the netdev, -1 none */
	bool opening;    /* what is learnt meanwhile of its netdev does not open it again */
	uint64_t retry_us;
	struct port *next;
};

struct ports {
	struct app *app;
	struct port *list;
	struct port *tried; /* their devices are open, for ports_add to take */
	struct closing *closing;
	const char *drivers_dir;
};

static inline bool port_is_open(const struct port *port)
{
	return port->info.port_id != NET_PORT_NONE;
}
