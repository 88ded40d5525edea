/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What differs between two configurations, in an order that is safe to apply: what goes away goes
 * first, so that nothing new meets a name, device, VLAN or address that is still taken.
 */
#include "app/conf/conf_priv.h"

#include <errno.h>

struct changes {
	struct conf_change *v;
	size_t n, cap;
	bool no_memory;
};

static void change_add(struct changes *out, enum conf_change_kind kind, size_t old_index,
	size_t new_index, const char *name)
{
	struct conf_change *c;

	if (out->n == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 16;
		struct conf_change *grown = realloc(out->v, cap * sizeof(*grown));

		if (!grown) {
			out->no_memory = true;
			return;
		}
		out->v = grown;
		out->cap = cap;
	}
	c = &out->v[out->n++];
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->old_index = old_index;
	c->new_index = new_index;
	snprintf(c->name, sizeof(c->name), "%s", name);
}

/* Place of a name, most often the same in both; n if absent. */
static size_t port_index(const struct conf *c, const char *name, size_t guess)
{
	if (guess < c->n_ports && strcmp(c->ports[guess].name, name) == 0)
		return guess;
	for (size_t i = 0; i < c->n_ports; i++)
		if (strcmp(c->ports[i].name, name) == 0)
			return i;
	return c->n_ports;
}

static size_t if_index(const struct conf *c, const char *name, size_t guess)
{
	if (guess < c->n_ifs && strcmp(c->ifs[guess].net.name, name) == 0)
		return guess;
	for (size_t i = 0; i < c->n_ifs; i++)
		if (strcmp(c->ifs[i].net.name, name) == 0)
			return i;
	return c->n_ifs;
}

/* --- ports ------------------------------------------------------------------------------------------- */

static bool port_restarts(const struct conf_port *a, const struct conf_port *b)
{
	return strcmp(a->device, b->device) || strcmp(a->driver, b->driver) ||
	       a->rx_queues != b->rx_queues || a->tx_queues != b->tx_queues ||
	       a->rx_desc != b->rx_desc || a->tx_desc != b->tx_desc ||
	       a->offload.control_queue != b->offload.control_queue ||
	       a->offload.rss != b->offload.rss || a->offload.mark != b->offload.mark;
}

static void ports_gone(struct changes *out, const struct conf *old, const struct conf *new_)
{
	for (size_t i = 0; i < old->n_ports; i++) {
		size_t j = port_index(new_, old->ports[i].name, i);

		if (j == new_->n_ports || port_restarts(&old->ports[i], &new_->ports[j]))
			change_add(out, CONF_PORT_DEL, i, j, old->ports[i].name);
	}
}

static void ports_new_or_changed(
	struct changes *out, const struct conf *old, const struct conf *new_)
{
	for (size_t j = 0; j < new_->n_ports; j++) {
		size_t i = port_index(old, new_->ports[j].name, j);

		if (i == old->n_ports || port_restarts(&old->ports[i], &new_->ports[j]))
			change_add(out, CONF_PORT_ADD, i, j, new_->ports[j].name);
	}
	for (size_t j = 0; j < new_->n_ports; j++) {
		const struct conf_port *b = &new_->ports[j], *a;
		size_t i = port_index(old, b->name, j);

		if (i == old->n_ports)
			continue;
		a = &old->ports[i];
		if (!port_restarts(a, b) && (a->mtu != b->mtu || a->promiscuous != b->promiscuous))
			change_add(out, CONF_PORT_MTU, i, j, b->name);
	}
}

/* --- interfaces -------------------------------------------------------------------------------------- */

/* What an interface is on the wire and in the kernel. Were this changed in place, two interfaces
 * that swap VLANs would be in each other's way; so the old one goes before the new one comes. */
static bool if_restarts(const struct net_if_conf *a, const struct net_if_conf *b)
{
	return a->kind != b->kind || a->exception != b->exception || strcmp(a->port, b->port) ||
	       a->vlan != b->vlan || a->vlan_inner != b->vlan_inner ||
	       a->vlan_tpid != b->vlan_tpid || !ip_eq(&a->gre.local, &b->gre.local) ||
	       !ip_eq(&a->gre.remote, &b->gre.remote) || a->gre.has_key != b->gre.has_key ||
	       a->gre.key != b->gre.key;
}

static bool if_differs(const struct conf_if *x, const struct conf_if *y)
{
	const struct net_if_conf *a = &x->net, *b = &y->net;

	if (x->shutdown != y->shutdown || a->mtu != b->mtu || a->n_addrs != b->n_addrs ||
		a->ttl_threshold != b->ttl_threshold || a->gre.ttl != b->gre.ttl ||
		a->gre.dscp != b->gre.dscp || a->gre.dscp_inherit != b->gre.dscp_inherit ||
		a->gre.decap_dscp_copy != b->gre.decap_dscp_copy ||
		a->gre.checksum != b->gre.checksum)
		return true;
	for (unsigned i = 0; i < a->n_addrs; i++)
		if (!ip_eq(&a->addrs[i].ip, &b->addrs[i].ip) || a->addrs[i].len != b->addrs[i].len)
			return true;
	return false;
}

static void ifs_gone(struct changes *out, const struct conf *old, const struct conf *new_)
{
	for (size_t i = 0; i < old->n_ifs; i++) {
		size_t j = if_index(new_, old->ifs[i].net.name, i);

		if (j == new_->n_ifs || if_restarts(&old->ifs[i].net, &new_->ifs[j].net))
			change_add(out, CONF_IF_DEL, i, j, old->ifs[i].net.name);
	}
}

/* Changes before additions: a changed interface may give up the address that a new one takes. */
static void ifs_new_or_changed(struct changes *out, const struct conf *old, const struct conf *new_)
{
	for (size_t j = 0; j < new_->n_ifs; j++) {
		const struct conf_if *b = &new_->ifs[j];
		size_t i = if_index(old, b->net.name, j);

		if (i < old->n_ifs && !if_restarts(&old->ifs[i].net, &b->net) &&
			if_differs(&old->ifs[i], b))
			change_add(out, CONF_IF_CHANGE, i, j, b->net.name);
	}
	for (size_t j = 0; j < new_->n_ifs; j++) {
		const struct conf_if *b = &new_->ifs[j];
		size_t i = if_index(old, b->net.name, j);

		if (i == old->n_ifs || if_restarts(&old->ifs[i].net, &b->net))
			change_add(out, CONF_IF_ADD, i, j, b->net.name);
	}
}

/* --- lists, applied as a whole ------------------------------------------------------------------------- */

static bool rpf_differs(const struct conf *a, const struct conf *b)
{
	if (a->n_rpf != b->n_rpf)
		return true;
	for (size_t i = 0; i < a->n_rpf; i++)
		if (!prefix_eq(&a->rpf[i].prefix, &b->rpf[i].prefix) ||
			!ip_eq(&a->rpf[i].neighbor, &b->rpf[i].neighbor) ||
			strcmp(a->rpf[i].interface, b->rpf[i].interface))
			return true;
	return false;
}

static bool neighs_differ(const struct conf *a, const struct conf *b)
{
	if (a->n_neighs != b->n_neighs)
		return true;
	for (size_t i = 0; i < a->n_neighs; i++)
		if (!ip_eq(&a->neighs[i].address, &b->neighs[i].address) ||
			memcmp(a->neighs[i].mac, b->neighs[i].mac, 6) ||
			strcmp(a->neighs[i].interface, b->neighs[i].interface))
			return true;
	return false;
}

static bool output_differs(const struct static_output *a, const struct static_output *b)
{
	return strcmp(a->interface, b->interface) || a->ttl_threshold != b->ttl_threshold ||
	       !ip_eq(&a->unicast, &b->unicast) || !ip_eq(&a->source, &b->source) ||
	       a->port != b->port || a->ttl != b->ttl || a->set_dscp != b->set_dscp ||
	       a->dscp != b->dscp || a->preserve_source != b->preserve_source;
}

static bool route_differs(const struct static_route *a, const struct static_route *b)
{
	if (a->key.table != b->key.table || !prefix_eq(&a->key.src, &b->key.src) ||
		!prefix_eq(&a->key.grp, &b->key.grp) || a->input_kind != b->input_kind ||
		a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs ||
		a->n_excepts != b->n_excepts)
		return true;
	for (uint32_t i = 0; i < a->n_excepts; i++)
		if (!prefix_eq(&a->excepts[i], &b->excepts[i]))
			return true;
	for (unsigned i = 0; i < a->n_inputs; i++)
		if (strcmp(a->inputs[i], b->inputs[i]))
			return true;
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (output_differs(&a->outputs[i], &b->outputs[i]))
			return true;
	return false;
}

static bool routes_differ(const struct conf *a, const struct conf *b)
{
	if (a->n_routes != b->n_routes)
		return true;
	for (size_t i = 0; i < a->n_routes; i++)
		if (route_differs(&a->routes[i], &b->routes[i]))
			return true;
	return false;
}

static bool preferences_differ(const struct conf *a, const struct conf *b)
{
	if (a->n_preferences != b->n_preferences)
		return true;
	for (size_t i = 0; i < a->n_preferences; i++)
		if (a->preferences[i].protocol != b->preferences[i].protocol ||
			a->preferences[i].preference != b->preferences[i].preference)
			return true;
	return false;
}

/* A port that comes has its limits from the start. */
static bool policers_differ(const struct conf *old, const struct conf *new_)
{
	if (police_differs(&old->router.police, &new_->router.police))
		return true;
	for (size_t j = 0; j < new_->n_ports; j++) {
		size_t i = port_index(old, new_->ports[j].name, j);

		if (i < old->n_ports &&
			police_differs(&old->ports[i].police, &new_->ports[j].police))
			return true;
	}
	return false;
}

/* --- protocols ------------------------------------------------------------------------------------------- */

/* What is printed of IGMP and MLD, or of PIM, to free(); NULL without memory. */
static char *protocol_text(const struct conf *c, bool pim)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; i < c->n_ifs; i++) {
		const struct conf_if *ifp = &c->ifs[i];

		if (pim ? !ifp->has_pim : !ifp->gmp[0].enabled && !ifp->gmp[1].enabled)
			continue;
		fprintf(f, "%s: ", ifp->net.name);
		if (pim) {
			conf_pim_if_print(ifp, f);
			continue;
		}
		conf_igmp_print(ifp, f);
		conf_mld_print(ifp, f);
	}
	if (pim)
		conf_pim_print(c, f);
	else
		conf_gmp_print(c, f);
	prefixes_print(c->has_ssm ? "ssm" : "", c->ssm, c->n_ssm, f);
	fclose(f);
	return text;
}

/* Compared as they are printed, so that no key is forgotten. An interface that only comes or goes is no
 * difference: the protocols know interfaces by name. */
static bool protocol_differs(
	struct changes *out, const struct conf *a, const struct conf *b, bool pim)
{
	char *x = protocol_text(a, pim), *y = protocol_text(b, pim);
	bool differs = !x || !y || strcmp(x, y) != 0;

	out->no_memory |= !x || !y;
	free(x);
	free(y);
	return differs;
}

/* --- what only a new start changes ----------------------------------------------------------------------- */

static bool eal_differs(char *const *a, char *const *b)
{
	if (!a || !b)
		return a != b;
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b))
			return true;
	return *a || *b;
}

static void restarts(struct changes *out, const struct conf *old, const struct conf *new_)
{
	const struct conf_router *a = &old->router, *b = &new_->router;
	const struct {
		const char *name;
		bool differs;
	} settings[] = {
		{"router.name", strcmp(a->name, b->name) != 0},
		{"router.eal", eal_differs(a->eal, b->eal)},
		{"router.poll", a->poll != b->poll},
		{"router.workers", a->workers != b->workers},
		{"router.mbufs", a->mbufs != b->mbufs},
		{"router.max_routes", a->max_routes != b->max_routes},
		{"router.max_oifs", a->max_oifs != b->max_oifs},
		{"router.mac", a->has_mac != b->has_mac || memcmp(a->mac, b->mac, 6) != 0},
		{"router.upcall_rate", a->upcall_rate != b->upcall_rate},
		{"router.hold", memcmp(&a->hold, &b->hold, sizeof(a->hold)) != 0},
		{"router.replicate", a->replicate != b->replicate},
		{"router.huge", a->huge != b->huge},
		{"router.telemetry", a->telemetry != b->telemetry},
		{"control.socket", strcmp(old->control.socket, new_->control.socket) != 0},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].differs)
			change_add(out, CONF_RESTART, 0, 0, settings[i].name);
}

ssize_t conf_diff(const struct conf *old, const struct conf *new_, struct conf_change **out)
{
	struct changes c = {.n = 0};

	ifs_gone(&c, old, new_);
	ports_gone(&c, old, new_);
	ports_new_or_changed(&c, old, new_);
	ifs_new_or_changed(&c, old, new_);
	if (rpf_differs(old, new_))
		change_add(&c, CONF_RPF, 0, 0, "rpf");
	if (neighs_differ(old, new_))
		change_add(&c, CONF_NEIGHS, 0, 0, "neighbors");
	if (preferences_differ(old, new_))
		change_add(&c, CONF_PREFERENCES, 0, 0, "rpf_preference");
	if (old->rpf_ecmp != new_->rpf_ecmp)
		change_add(&c, CONF_ECMP, 0, 0, "rpf_ecmp");
	if (routes_differ(old, new_))
		change_add(&c, CONF_ROUTES, 0, 0, "static.routes");
	if (protocol_differs(&c, old, new_, false))
		change_add(&c, CONF_GMP, 0, 0, "igmp");
	if (protocol_differs(&c, old, new_, true))
		change_add(&c, CONF_PIM, 0, 0, "pim");
	if (old->router.log != new_->router.log)
		change_add(&c, CONF_LOG, 0, 0, "router.log");
	if (policers_differ(old, new_))
		change_add(&c, CONF_POLICE, 0, 0, "police");
	restarts(&c, old, new_);
	if (c.no_memory) {
		free(c.v);
		return -ENOMEM;
	}
	*out = c.v;
	return (ssize_t)c.n;
}
