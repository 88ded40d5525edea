/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What there is to tell of ports: state, counters, what the hardware does for them.
 */
#include "app/port_dev.h"
#include "app/ports_priv.h"

#include <stdio.h>
#include <string.h>

size_t ports_count(const struct ports *p)
{
	size_t n = 0;

	for (const struct port *port = p->list; port; port = port->next)
		n++;
	return n;
}

static struct port *nth(const struct ports *p, size_t index)
{
	struct port *port = p->list;

	while (port && index--)
		port = port->next;
	return port;
}

bool ports_info(const struct ports *p, size_t index, struct port_info *out)
{
	const struct port *port = nth(p, index);

	if (!port)
		return false;
	*out = port->info;
	return true;
}

bool ports_stats(const struct ports *p, size_t index, struct port_stats *out)
{
	struct port *port = nth(p, index);
	struct rte_eth_stats s;

	if (!port)
		return false;
	memset(out, 0, sizeof(*out));
	if (!port_is_open(port) || rte_eth_stats_get(port->info.port_id, &s))
		return true;
	out->rx_packets = s.ipackets - port->base.ipackets;
	out->rx_bytes = s.ibytes - port->base.ibytes;
	port->missed += port_dev_missed(&port->info);
	out->rx_missed = s.imissed - port->base.imissed + port->missed;
	out->rx_errors = s.ierrors - port->base.ierrors;
	out->rx_nombuf = s.rx_nombuf - port->base.rx_nombuf;
	out->tx_packets = s.opackets - port->base.opackets;
	out->tx_bytes = s.obytes - port->base.obytes;
	out->tx_errors = s.oerrors - port->base.oerrors;
	return true;
}

void ports_stats_clear(struct ports *p)
{
	for (struct port *port = p->list; port; port = port->next) {
		if (!port_is_open(port))
			continue;
		(void)rte_eth_stats_get(port->info.port_id, &port->base);
		(void)port_dev_missed(&port->info);
		port->missed = 0;
	}
}

/* --- what the hardware does --------------------------------------------------------------------------- */

bool ports_offload(const struct ports *p, size_t index, size_t offload, struct port_offload *out)
{
	const struct port *port = nth(p, index);

	return port && port_is_open(port) && port_offload_get(&port->info, offload, out);
}

bool ports_flow(const struct ports *p, size_t index, struct flow_port_info *out)
{
	const struct port *port = nth(p, index);

	return port && port_is_open(port) &&
	       flow_port_get(p->app->dataplane, port->info.port_id, out);
}

bool ports_rule(const struct ports *p, size_t index, size_t rule, struct flow_rule_info *out)
{
	const struct port *port = nth(p, index);

	return port && port_is_open(port) &&
	       flow_rule_get(p->app->dataplane, port->info.port_id, rule, out);
}

bool ports_mark(const struct ports *p, const struct dp_route_key *key, uint16_t *id, char *names,
	size_t cap)
{
	uint32_t bits;
	size_t at = 0;

	names[0] = '\0';
	if (!flow_mark_get(p->app->dataplane, key, id, &bits))
		return false;
	for (const struct port *port = p->list; port && at < cap; port = port->next)
		if (port_is_open(port) && (bits & 1u << port->info.port_id))
			at += (size_t)snprintf(
				names + at, cap - at, "%s%s", at ? ", " : "", port->conf.name);
	return true;
}

void ports_mark_hits(const struct ports *p, uint64_t *used, uint64_t *refused)
{
	flow_mark_hits(p->app->dataplane, used, refused);
}
