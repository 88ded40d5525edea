/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What follows from what is known of an interface (configuration, port, twin, administration): its
 * state, what the data plane gets, what the listener hears.
 *
 * An Ethernet interface whose port is absent is not in the data plane at all: the port's number
 * may be another port's by the time the next packet comes. What the data plane refuses is taken out
 * of it and tried again whenever another interface changes: two interfaces may swap their VLANs
 * in one reload, and each step of that alone is a conflict.
 */
#include "control/net/net_priv.h"

#define MTU_DEFAULT 1500

/* Largest packet inside a tunnel whose outer packets may have 1,500 bytes (RFC 2784, RFC 2890). */
static uint16_t tunnel_mtu(const struct dp_gre *g)
{
	unsigned mtu = MTU_DEFAULT - (g->remote.family == IP_V6 ? 40 : 20) - 4;

	if (g->has_key)
		mtu -= 4;
	if (g->checksum)
		mtu -= 4;
	return (uint16_t)mtu;
}

static uint16_t mtu_in_force(const struct iface *ifc)
{
	uint16_t conf = ifc->pub.conf.mtu, port;

	switch ((enum dp_if_kind)ifc->pub.conf.kind) {
	case DP_IF_GRE:
		return conf ? conf : tunnel_mtu(&ifc->pub.conf.gre);
	case DP_IF_LOOPBACK:
		return conf ? conf : MTU_DEFAULT;
	case DP_IF_ETHER:
		break;
	}
	port = ifc->port ? ifc->port->mtu : 0;
	if (!port)
		return conf ? conf : MTU_DEFAULT;
	return conf && conf < port ? conf : port;
}

/* The part of an interface's state that NET_IF_STATE is about. */
struct state {
	uint16_t port, mtu;
	bool link, admin, up;
	uint8_t mac[6];
};

static void state_compute(const struct iface *ifc, struct state *s)
{
	const struct net_port *p = ifc->port;
	bool ether = ifc->pub.conf.kind == DP_IF_ETHER;

	memset(s, 0, sizeof(*s));
	s->port = p ? p->port : NET_PORT_NONE;
	s->mtu = mtu_in_force(ifc);
	s->link = !ether || (p && p->port != NET_PORT_NONE && p->link);
	s->admin = ifc->admin;
	if (p)
		memcpy(s->mac, p->mac, sizeof(s->mac));
	s->up = s->link && s->admin;
}

static void state_load(const struct net_if *p, struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->port = p->port;
	s->mtu = p->mtu;
	s->link = p->link;
	s->admin = p->admin;
	s->up = p->up;
	memcpy(s->mac, p->mac, sizeof(s->mac));
}

static void state_store(struct net_if *p, const struct state *s)
{
	p->port = s->port;
	p->mtu = s->mtu;
	p->link = s->link;
	p->admin = s->admin;
	memcpy(p->mac, s->mac, sizeof(p->mac));
}

/* --- the data plane --------------------------------------------------------------------------- */

/* Field by field, so that two equal ones are equal as memory. */
static void dp_if_fill(const struct iface *ifc, bool up, struct dp_if *d)
{
	const struct net_if *p = &ifc->pub;
	const struct dp_gre *g = &p->conf.gre;

	memset(d, 0, sizeof(*d));
	d->id = p->id;
	d->kind = p->conf.kind;
	d->up = up;
	d->twin = p->conf.exception && p->ifindex;
	d->proto = ifc->proto;
	d->mtu = p->mtu;
	d->table = p->conf.table;
	if (p->conf.kind == DP_IF_ETHER) {
		d->port = p->port;
		d->vlan = p->conf.vlan;
		d->vlan_inner = p->conf.vlan_inner;
		d->vlan_tpid = p->conf.vlan_tpid;
		memcpy(d->mac, p->mac, sizeof(d->mac));
	}
	if (p->conf.kind == DP_IF_GRE) {
		d->gre.local = g->local;
		d->gre.remote = g->remote;
		d->gre.key = g->key;
		d->gre.has_key = g->has_key;
		d->gre.checksum = g->checksum;
		d->gre.ttl = g->ttl;
		d->gre.dscp = g->dscp;
		d->gre.dscp_inherit = g->dscp_inherit;
		d->gre.decap_dscp_copy = g->decap_dscp_copy;
		d->gre.adj = p->gre_adj;
	}
}

static void refused_set(struct net *net, struct iface *ifc, bool refused)
{
	if (ifc->refused == refused)
		return;
	ifc->refused = refused;
	net->n_refused += refused ? 1 : -1;
}

/* Takes the interface out; next hops let go of it first. */
void iface_withdraw(struct net *net, struct iface *ifc)
{
	refused_set(net, ifc, false);
	if (!ifc->published)
		return;
	ifc->pub.up = false;
	nexthop_if_changed(net, ifc);
	net->dp.ops->if_del(net->dp.ctx, ifc->pub.id);
	ifc->published = false;
	net->retry_refused = net->n_refused > 0;
}

static int publish(struct net *net, struct iface *ifc, bool up)
{
	struct dp_if d;
	int rc;

	if (ifc->pub.conf.kind == DP_IF_ETHER && ifc->pub.port == NET_PORT_NONE) {
		iface_withdraw(net, ifc);
		return 0;
	}
	dp_if_fill(ifc, up, &d);
	if (ifc->published && memcmp(&d, &ifc->last, sizeof(d)) == 0)
		return 0;
	rc = net->dp.ops->if_set(net->dp.ctx, &d);
	if (rc) {
		if (!ifc->refused)
			log_warning("net", "interface %s: the data plane does not take it: %s",
				ifc->pub.conf.name, strerror(-rc));
		iface_withdraw(net, ifc);
		refused_set(net, ifc, true);
		return rc;
	}
	memcpy(&ifc->last, &d, sizeof(d));
	ifc->published = true;
	refused_set(net, ifc, false);
	net->retry_refused = net->n_refused > 0;
	return 0;
}

void iface_retry(struct net *net)
{
	while (net->retry_refused) {
		net->retry_refused = false;
		for (unsigned id = 1; id < DP_IFS_MAX && net->n_refused; id++)
			if (net->ifs[id] && net->ifs[id]->refused)
				iface_refresh(net, net->ifs[id]);
	}
}

void iface_leaving(struct net *net, struct iface *ifc)
{
	struct net_change c = {.kind = NET_IF_LEAVING, .ifid = ifc->pub.id};

	if (ifc->announced && ifc->pub.up && net->env.changed)
		net->env.changed(net->env.arg, &c);
}

/* --- refresh ---------------------------------------------------------------------------------- */

int iface_refresh(struct net *net, struct iface *ifc)
{
	struct state old, s, now;
	bool addrs;
	int rc;

	state_load(&ifc->pub, &old);
	state_compute(ifc, &s);
	state_store(&ifc->pub, &s);
	rc = publish(net, ifc, s.up);
	ifc->pub.up = s.up && ifc->published;
	addrs = addr_refresh(net, ifc);
	state_load(&ifc->pub, &now);
	if (memcmp(&old, &now, sizeof(old)) != 0) {
		ifc->pub.changed_us = net->now_us;
		if (ifc->announced)
			net_event(net, NET_IF_STATE, ifc->pub.id, NULL);
	}
	if (addrs && ifc->announced)
		net_event(net, NET_IF_ADDR, ifc->pub.id, NULL);
	addr_connected(net, ifc);
	if (old.up != now.up)
		paths_changed(net, ifc->pub.id);
	if (addrs || old.up != now.up)
		nexthop_if_changed(net, ifc);
	return rc;
}
