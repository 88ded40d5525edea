/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Our addresses on an interface: the primary one, which messages come from, and the secondary ones, which a
 * Hello lists (RFC 7761 4.3.4, 4.9). Any IPv4 address will do as primary, 169.254.0.0/16 and those that
 * end in .0 as well; of IPv6 it is a link-local one, but on a loopback, where no message ever leaves.
 */
#include "control/pim/common/common.h"

static bool may_be_primary(const struct net_if *ifp, const struct ipaddr *a, uint8_t family)
{
	return a->family == family &&
	       (family == IP_V4 || ifp->conf.kind == DP_IF_LOOPBACK || ip6_is_link_local(a));
}

bool pim_primary_address(
	const struct net_if *ifp, uint8_t family, const struct ipaddr *present, struct ipaddr *out)
{
	const struct ipaddr *first = NULL;

	for (unsigned i = 0; i < ifp->n_addrs; i++) {
		const struct ipaddr *a = &ifp->addrs[i].ip;

		if (!may_be_primary(ifp, a, family))
			continue;
		if (!first || ip_eq(a, present))
			first = a;
	}
	if (first)
		*out = *first;
	return first;
}

bool pim_secondary_take(struct pim_iface *pif, const struct net_if *ifp)
{
	struct ipaddr v[NET_IF_ADDRS_MAX], *kept;
	uint32_t n = 0;

	for (unsigned i = 0; i < ifp->n_addrs; i++)
		if (ifp->addrs[i].ip.family == pif->family && !ip_eq(&ifp->addrs[i].ip, &pif->addr))
			v[n++] = ifp->addrs[i].ip;
	if (n == pif->n_secondary && (n == 0 || !memcmp(v, pif->secondary, n * sizeof(*v))))
		return false;
	kept = n ? malloc(n * sizeof(*v)) : NULL;
	if (n && !kept) {
		pim_drop(pif->pim, pif, PIM_DROP_no_memory);
		return false;
	}
	if (kept)
		memcpy(kept, v, n * sizeof(*v));
	free(pif->secondary);
	pif->secondary = kept;
	pif->n_secondary = n;
	return true;
}
