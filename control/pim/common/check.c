/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What can be wrong with PIM's settings, each with the sentence that mends it.
 */
#include <errno.h>

#include "control/base/complain.h"
#include "control/pim/common/common.h"

static int check_groups(const struct prefix *p, const char *what, const struct complaint *c)
{
	char g[PREFIX_STRLEN];
	bool v6 = p->addr.family == IP_V6;

	if (ip_is_multicast(&p->addr) && p->len >= (v6 ? 8 : 4) && p->len <= ip_bits(&p->addr))
		return 0;
	return complain(c, "%s %s is not multicast: give an address or prefix in %s", what,
		prefix_str(p, g, sizeof(g)), v6 ? "ff00::/8" : "224.0.0.0/4");
}

static int check_unicast(const struct prefix *p, const char *what, const struct complaint *c)
{
	char a[PREFIX_STRLEN];

	if (p->len == 0 || (p->len <= ip_bits(&p->addr) && !ip_is_multicast(&p->addr)))
		return 0;
	return complain(
		c, "%s %s is no prefix of unicast addresses", what, prefix_str(p, a, sizeof(a)));
}

/* --- an interface -------------------------------------------------------------------------------------- */

static int check_lists(const struct pim_if_config *f, const struct complaint *c)
{
	int rc = 0;

	for (uint32_t i = 0; i < f->n_neighbors && !rc; i++)
		rc = check_unicast(&f->neighbors[i].prefix, "neighbor", c);
	for (uint32_t i = 0; i < f->n_boundary && !rc; i++)
		rc = check_groups(&f->boundary[i], "boundary", c);
	return rc;
}

static int check_hello(const struct pim_if_config *f, const struct complaint *c)
{
	if (f->hello_interval_s < 1 || f->hello_interval_s > PIM_INTERVAL_MAX_S)
		return complain(c, "hello_interval_s %u: give 1 to %u", f->hello_interval_s,
			PIM_INTERVAL_MAX_S);
	if (f->hello_holdtime_s && f->hello_holdtime_s <= f->hello_interval_s)
		return complain(c,
			"hello_holdtime_s %u is not above hello_interval_s %u: neighbours would "
			"lose this router between two Hellos; give more, or 0 for 3.5 times it",
			f->hello_holdtime_s, f->hello_interval_s);
	return 0;
}

static int check_join_prune(const struct pim_if_config *f, const struct complaint *c)
{
	uint32_t interval = f->join_prune_interval_s;
	uint32_t override_ms = (uint32_t)f->propagation_delay_ms + f->override_interval_ms;

	if (interval < 1 || interval > PIM_INTERVAL_MAX_S)
		return complain(
			c, "join_prune_interval_s %u: give 1 to %u", interval, PIM_INTERVAL_MAX_S);
	if (f->propagation_delay_ms < 100 || f->propagation_delay_ms > 0x7fff)
		return complain(c,
			"propagation_delay_ms %u: give 100 to 32767; with less, routers "
			"could not object to a Prune in time",
			f->propagation_delay_ms);
	/* 4.9.5: the holdtime must be larger than J/P_Override_Interval(I) */
	if (interval * 3500 <= override_ms)
		return complain(c,
			"propagation_delay_ms and override_interval_ms together (%u) are not below "
			"3.5 times join_prune_interval_s %u: give a longer interval",
			override_ms, interval);
	return 0;
}

static int if_check(const struct pim_if_config *f, const struct complaint *c)
{
	int rc;

	if (!f->interface[0])
		return complain(c, "the name of the interface is missing");
	if (f->mode != PIM_MODE_OFF && f->mode != PIM_MODE_SPARSE)
		return complain(c, "mode is unknown: give \"sparse\" or \"off\"");
	if (f->bfd)
		return complain(c, "bfd is not available: remove it");
	if (f->mode == PIM_MODE_SPARSE && !f->ipv4 && !f->ipv6)
		return complain(c, "neither family is on: give ipv4 or ipv6, or mode = \"off\"");
	rc = check_hello(f, c);
	if (!rc)
		rc = check_join_prune(f, c);
	return rc ? rc : check_lists(f, c);
}

int pim_if_config_check(const struct pim_if_config *c, char *err, size_t err_cap)
{
	struct complaint complaint = {.err = err, .cap = err_cap};

	return if_check(c, &complaint);
}

/* --- the whole ------------------------------------------------------------------------------------------- */

static int check_ifs(const struct pim_config *conf, const struct complaint *c)
{
	char why[256];
	struct complaint inner = {.err = why, .cap = sizeof(why)};

	for (size_t i = 0; i < conf->n_ifs; i++) {
		const struct pim_if_config *f = &conf->ifs[i];

		if (if_check(f, &inner))
			return complain(c, "interface %.16s: %s", f->interface, why);
		if (pim_config_if(conf, f->interface) != f)
			return complain(c, "interface %.16s has PIM settings twice: remove one",
				f->interface);
	}
	return 0;
}

static int check_rp(const struct pim_rp_config *rp, const struct complaint *c)
{
	char a[IP_STRLEN], g[PREFIX_STRLEN];

	if (ip_is_none(&rp->address) || !pim_is_unicast(&rp->address))
		return complain(c, "rp address %s is no unicast address: give one of the RP's own",
			ip_str(&rp->address, a, sizeof(a)));
	for (uint32_t i = 0; i < rp->n_groups; i++) {
		if (check_groups(&rp->groups[i], "group", c))
			return -EINVAL;
		if (rp->groups[i].addr.family != rp->address.family)
			return complain(c, "rp %s and group %s are of different families",
				ip_str(&rp->address, a, sizeof(a)),
				prefix_str(&rp->groups[i], g, sizeof(g)));
	}
	return 0;
}

static int check_rules(const struct pim_config *conf, const struct complaint *c)
{
	int rc = 0;

	for (size_t i = 0; i < conf->n_ssm && !rc; i++)
		rc = check_groups(&conf->ssm[i], "ssm range", c);
	for (uint32_t i = 0; i < conf->n_spt_groups && !rc; i++)
		rc = check_groups(&conf->spt_groups[i].prefix, "spt_switchover group", c);
	for (uint32_t i = 0; i < conf->n_register_rules && !rc; i++) {
		const struct pim_sg_rule *r = &conf->register_rules[i];

		rc = check_unicast(&r->src, "register source", c);
		if (!rc && r->grp.len > 0)
			rc = check_groups(&r->grp, "register group", c);
	}
	return rc;
}

static int check_times(const struct pim_config *conf, const struct complaint *c)
{
	if (conf->keepalive_s < 1)
		return complain(c, "keepalive_s 0: give 1 or more");
	/* 4.4.1: RST is set to a random value from half to one and a half times it, less the probe time */
	if (conf->register_probe_s < 1 ||
		conf->register_suppression_s < 2u * conf->register_probe_s + 1)
		return complain(c,
			"register_probe_s %u and register_suppression_s %u: the suppression must be "
			"more than twice the probe time, which is at least 1",
			conf->register_probe_s, conf->register_suppression_s);
	if (conf->assert_override_s < 1 || conf->assert_s <= conf->assert_override_s)
		return complain(c,
			"assert_s %u must be above assert_override_s %u, which is at least 1",
			conf->assert_s, conf->assert_override_s);
	return 0;
}

static int check_spt(const struct pim_config *conf, const struct complaint *c)
{
	switch ((enum pim_spt)conf->spt) {
	case PIM_SPT_IMMEDIATE:
	case PIM_SPT_NEVER:
		return 0;
	case PIM_SPT_GROUPS:
		return conf->n_spt_groups
			       ? 0
			       : complain(c,
					 "spt_switchover by groups lacks the groups: give spt_groups");
	case PIM_SPT_RATE:
		return conf->spt_rate_kbps ? 0
					   : complain(c, "spt_switchover by rate lacks the rate: "
							 "give spt_rate_kbps, 1 or more");
	}
	return complain(c, "spt_switchover is unknown");
}

int pim_config_check(const struct pim_config *conf, char *err, size_t err_cap)
{
	struct complaint c = {.err = err, .cap = err_cap};
	int rc = check_ifs(conf, &c);

	for (size_t i = 0; i < conf->n_rps && !rc; i++)
		rc = check_rp(&conf->rps[i], &c);
	if (!rc)
		rc = check_rules(conf, &c);
	if (!rc)
		rc = check_spt(conf, &c);
	return rc ? rc : check_times(conf, &c);
}
