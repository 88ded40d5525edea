/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Interfaces: finding, adding, changing, deleting them, and their twins. Whatever is told about one
 * is only stored here; iface_refresh (iface_state.c) computes what follows.
 */
#include "control/net/net_priv.h"

#include <errno.h>

/* --- finding ---------------------------------------------------------------------------------- */

static struct iface *by_name(const struct net *net, const char *name)
{
	struct hash_node *h = hash_first(&net->if_names, net_name_hash(name));

	for (; h; h = hash_same(h)) {
		struct iface *ifc = container_of(h, struct iface, by_name);

		if (strcmp(ifc->pub.conf.name, name) == 0)
			return ifc;
	}
	return NULL;
}

static uint32_t index_hash(int ifindex)
{
	return (uint32_t)ifindex * 0x9e3779b1u;
}

static struct iface *by_index(const struct net *net, int ifindex)
{
	struct hash_node *h = hash_first(&net->if_indexes, index_hash(ifindex));

	/* The hash of an int is one to one. */
	return h ? container_of(h, struct iface, by_index) : NULL;
}

const struct net_if *net_if_get(const struct net *net, uint16_t ifid)
{
	const struct iface *ifc = iface_get(net, ifid);

	return ifc ? &ifc->pub : NULL;
}

const struct net_if *net_if_find(const struct net *net, const char *name)
{
	const struct iface *ifc = by_name(net, name);

	return ifc ? &ifc->pub : NULL;
}

const struct net_if *net_if_by_index(const struct net *net, int ifindex)
{
	const struct iface *ifc = ifindex > 0 ? by_index(net, ifindex) : NULL;

	return ifc ? &ifc->pub : NULL;
}

const struct net_if *net_if_next(const struct net *net, uint16_t after)
{
	for (unsigned id = after + 1u; id < DP_IFS_MAX; id++)
		if (net->ifs[id])
			return &net->ifs[id]->pub;
	return NULL;
}

bool iface_usable(const struct net *net, uint16_t ifid)
{
	const struct iface *ifc = iface_get(net, ifid);

	return ifc && ifc->pub.up && ifc->pub.conf.kind != DP_IF_LOOPBACK;
}

/* Refresh as a batch of its own. */
static int refresh(struct net *net, struct iface *ifc)
{
	int rc;

	net_batch_begin(net);
	rc = iface_refresh(net, ifc);
	net_batch_end(net);
	return rc;
}

/* --- add, change, delete ---------------------------------------------------------------------- */

/* A reference to the adjacency of the tunnel's remote, 0 if it is no tunnel; -ENOMEM. */
static int tunnel_adj(struct net *net, const struct net_if_conf *conf, uint32_t *adj)
{
	struct nexthop *nh;

	*adj = 0;
	if (conf->kind != DP_IF_GRE)
		return 0;
	nh = nexthop_get(net, &conf->gre.remote, 0, true);
	if (!nh)
		return -ENOMEM;
	*adj = nh->info.adj;
	return 0;
}

void iface_free(struct net *net, struct iface *ifc)
{
	hash_del(&net->if_names, &ifc->by_name);
	if (ifc->pub.ifindex)
		hash_del(&net->if_indexes, &ifc->by_index);
	if (ifc->port)
		LIST_REMOVE(ifc, port_link);
	addr_fini(net, ifc);
	net->ifs[ifc->pub.id] = NULL;
	free(ifc);
}

/* In the tables, in no other state yet. */
static int iface_new(struct net *net, const struct net_if_conf *conf, struct iface **out)
{
	uint32_t id = idpool_get(&net->if_ids);
	struct iface *ifc;

	if (!id)
		return -ENOSPC;
	ifc = calloc(1, sizeof(*ifc));
	if (!ifc) {
		idpool_put(&net->if_ids, id);
		return -ENOMEM;
	}
	ifc->pub.conf = *conf;
	ifc->pub.id = (uint16_t)id;
	ifc->pub.port = NET_PORT_NONE;
	ifc->admin = true;
	ifc->pub.changed_us = net->now_us;
	LIST_INIT(&ifc->nh_via);
	LIST_INIT(&ifc->nh_out);
	net->ifs[id] = ifc;
	hash_add(&net->if_names, &ifc->by_name, net_name_hash(conf->name));
	*out = ifc;
	return 0;
}

/* The reverse of add, and the beginning of the end of a life: no event, the id stays taken. */
static void iface_remove(struct net *net, struct iface *ifc)
{
	uint16_t id = ifc->pub.id;
	uint32_t adj = ifc->pub.gre_adj;

	ifc->pub.up = false;
	addr_connected(net, ifc);
	rib_purge_if(net, id);
	neigh_purge(net, id, true);
	if (ifc->pub.ifindex) {
		hash_del(&net->if_indexes, &ifc->by_index);
		ifc->pub.ifindex = 0;
	}
	paths_changed(net, id);
	for (unsigned i = 0; i < ifc->pub.n_addrs; i++)
		net_pend_ip(net, &ifc->pub.addrs[i].ip);
	nexthop_if_gone(net, ifc);
	iface_withdraw(net, ifc);
	port_detach(net, ifc);
	iface_free(net, ifc);
	net_nexthop_put(net, adj);
}

int net_if_add(struct net *net, const struct net_if_conf *conf, uint16_t *ifid)
{
	struct iface *ifc;
	uint16_t id;
	int rc;

	if (!conf->name[0] || conf->n_addrs > NET_IF_ADDRS_MAX)
		return -EINVAL;
	if (by_name(net, conf->name))
		return -EEXIST;
	net_batch_begin(net);
	rc = iface_new(net, conf, &ifc);
	if (rc)
		goto out;
	id = ifc->pub.id;
	rc = port_attach(net, ifc);
	if (!rc)
		rc = tunnel_adj(net, conf, &ifc->pub.gre_adj);
	if (!rc)
		rc = iface_refresh(net, ifc);
	if (rc) {
		iface_remove(net, ifc);
		idpool_put(&net->if_ids, id);
		goto out;
	}
	ifc->announced = true;
	net_event(net, NET_IF_NEW, id, NULL);
	*ifid = id;
out:
	net_batch_end(net);
	return rc;
}

static bool same_port(const struct net_if_conf *a, const struct net_if_conf *b)
{
	return a->kind == b->kind && strcmp(a->port, b->port) == 0;
}

/* Whether others are at its other end than before. */
static bool elsewhere(const struct net_if_conf *a, const struct net_if_conf *b)
{
	const struct dp_gre *x = &a->gre, *y = &b->gre;

	if (!same_port(a, b) || a->table != b->table)
		return true;
	if (a->kind == DP_IF_GRE)
		return !ip_eq(&x->local, &y->local) || !ip_eq(&x->remote, &y->remote) ||
		       x->has_key != y->has_key || x->key != y->key;
	return a->vlan != b->vlan || a->vlan_inner != b->vlan_inner || a->vlan_tpid != b->vlan_tpid;
}

/* The data plane need not know how a tunnel becomes an Ethernet interface. */
static void change_kind(struct net *net, struct iface *ifc, uint8_t kind)
{
	if (ifc->pub.conf.kind == kind)
		return;
	iface_withdraw(net, ifc);
	ifc->pub.up = false;
	nexthop_if_changed(net, ifc);
	paths_changed(net, ifc->pub.id);
}

int net_if_change(struct net *net, uint16_t ifid, const struct net_if_conf *conf)
{
	struct iface *ifc = iface_get(net, ifid);
	uint32_t adj, old_adj;
	bool threshold, moves;
	int rc;

	if (!ifc)
		return -ENOENT;
	if (strcmp(conf->name, ifc->pub.conf.name) != 0 || conf->n_addrs > NET_IF_ADDRS_MAX)
		return -EINVAL;
	moves = elsewhere(&ifc->pub.conf, conf);
	if (moves)
		iface_leaving(net, ifc);
	net_batch_begin(net);
	rc = tunnel_adj(net, conf, &adj);
	if (rc)
		goto out;
	threshold = ifc->pub.conf.ttl_threshold != conf->ttl_threshold;
	change_kind(net, ifc, conf->kind);
	net->own_changed |= ifc->pub.conf.table != conf->table;
	if (same_port(&ifc->pub.conf, conf)) {
		ifc->pub.conf = *conf;
	} else {
		port_detach(net, ifc);
		ifc->pub.conf = *conf;
		rc = port_attach(net, ifc);
	}
	old_adj = ifc->pub.gre_adj;
	ifc->pub.gre_adj = adj;
	if (!rc)
		rc = iface_refresh(net, ifc);
	else
		iface_refresh(net, ifc);
	if (rc == -EEXIST)
		rc = 0; /* waits for the other one to let go */
	if ((threshold || moves) && ifc->announced)
		net_event(net, NET_IF_STATE, ifid, NULL);
	net_nexthop_put(net, old_adj);
out:
	net_batch_end(net);
	return rc;
}

int net_if_del(struct net *net, uint16_t ifid)
{
	struct iface *ifc = iface_get(net, ifid);

	if (!ifc)
		return -ENOENT;
	iface_leaving(net, ifc);
	net_batch_begin(net);
	iface_remove(net, ifc);
	net_event(net, NET_IF_GONE, ifid, NULL);
	net->freed_ids[net->n_freed++] = ifid;
	net_batch_end(net);
	return 0;
}

void net_if_admin(struct net *net, uint16_t ifid, bool up)
{
	struct iface *ifc = iface_get(net, ifid);

	if (!ifc || ifc->admin == up)
		return;
	if (!up)
		iface_leaving(net, ifc);
	ifc->admin = up;
	refresh(net, ifc);
}

void net_if_proto(struct net *net, uint16_t ifid, uint8_t proto_bits)
{
	struct iface *ifc = iface_get(net, ifid);

	if (!ifc || ifc->proto == proto_bits)
		return;
	ifc->proto = proto_bits;
	refresh(net, ifc);
}

/* --- the twin --------------------------------------------------------------------------------- */

static void twin_unset(struct net *net, struct iface *ifc)
{
	hash_del(&net->if_indexes, &ifc->by_index);
	ifc->pub.ifindex = 0;
	ifc->n_kaddrs = 0;
	neigh_purge(net, ifc->pub.id, false);
}

void net_if_twin(struct net *net, uint16_t ifid, int ifindex)
{
	struct iface *ifc = iface_get(net, ifid), *other;

	if (!ifc || ifc->pub.ifindex == ifindex)
		return;
	net_batch_begin(net);
	if (ifc->pub.ifindex)
		twin_unset(net, ifc);
	other = ifindex ? by_index(net, ifindex) : NULL;
	if (other) { /* the kernel used the number again before we heard of the end */
		twin_unset(net, other);
		iface_refresh(net, other);
		nexthop_if_changed(net, other);
	}
	if (ifindex) {
		ifc->pub.ifindex = ifindex;
		hash_add(&net->if_indexes, &ifc->by_index, index_hash(ifindex));
	}
	paths_changed(net, 0);
	iface_refresh(net, ifc);
	nexthop_if_changed(net, ifc);
	net_batch_end(net);
}
