/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Ports by name, and the interfaces on each. What is known of a port is kept, so that an interface
 * that is added or moved to it later finds it at once.
 */
#include "control/net/net_priv.h"

#include <errno.h>

static struct net_port *port_find(const struct net *net, const char *name)
{
	struct hash_node *h = hash_first(&net->ports, net_name_hash(name));

	for (; h; h = hash_same(h)) {
		struct net_port *p = container_of(h, struct net_port, by_name);

		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

static struct net_port *port_get(struct net *net, const char *name)
{
	struct net_port *p = port_find(net, name);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->port = NET_PORT_NONE;
	LIST_INIT(&p->ifs);
	hash_add(&net->ports, &p->by_name, net_name_hash(p->name));
	return p;
}

/* A port that is neither there nor named by an interface is forgotten. */
static void port_trim(struct net *net, struct net_port *p)
{
	if (p->port != NET_PORT_NONE || !LIST_EMPTY(&p->ifs))
		return;
	hash_del(&net->ports, &p->by_name);
	free(p);
}

void port_free_all(struct net *net)
{
	struct hash_node *h, *next;

	for (h = hash_next(&net->ports, NULL); h; h = next) {
		next = hash_next(&net->ports, h);
		free(container_of(h, struct net_port, by_name));
	}
}

int port_attach(struct net *net, struct iface *ifc)
{
	struct net_port *p;

	if (ifc->pub.conf.kind != DP_IF_ETHER || !ifc->pub.conf.port[0])
		return 0;
	p = port_get(net, ifc->pub.conf.port);
	if (!p)
		return -ENOMEM;
	ifc->port = p;
	LIST_INSERT_HEAD(&p->ifs, ifc, port_link);
	return 0;
}

void port_detach(struct net *net, struct iface *ifc)
{
	struct net_port *p = ifc->port;

	if (!p)
		return;
	ifc->port = NULL;
	LIST_REMOVE(ifc, port_link);
	port_trim(net, p);
}

static void port_leaving(struct net *net, struct net_port *p)
{
	struct iface *ifc;

	LIST_FOREACH (ifc, &p->ifs, port_link)
		iface_leaving(net, ifc);
}

static void port_changed(struct net *net, struct net_port *p)
{
	struct iface *ifc;

	/* The batch outlives the port: who listens may delete its last interface. */
	net_batch_begin(net);
	LIST_FOREACH (ifc, &p->ifs, port_link)
		iface_refresh(net, ifc);
	port_trim(net, p);
	net_batch_end(net);
}

void net_port_set(
	struct net *net, const char *name, uint16_t port, const uint8_t *mac, uint16_t mtu)
{
	struct net_port *p = port == NET_PORT_NONE ? port_find(net, name) : port_get(net, name);

	if (!p) {
		if (port != NET_PORT_NONE)
			log_error("net", "port %s: out of memory; its interfaces stay down", name);
		return;
	}
	if (p->port != port)
		port_leaving(net, p);
	p->port = port;
	p->mtu = mtu;
	memset(p->mac, 0, sizeof(p->mac));
	if (port == NET_PORT_NONE)
		p->link = false;
	else if (mac)
		memcpy(p->mac, mac, sizeof(p->mac));
	port_changed(net, p);
}

void net_port_link(struct net *net, const char *name, bool link)
{
	struct net_port *p = port_find(net, name);

	if (!p || p->link == link)
		return;
	p->link = link;
	port_changed(net, p);
}
