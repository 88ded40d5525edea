/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Defaults (RFC 3376 section 8, RFC 3810 section 9, RFC 4607 section 1) and what can be wrong with a
 * configuration, each with the sentence that mends it.
 */
#include <errno.h>

#include "control/base/complain.h"
#include "control/gmp/gmp.h"

#define V6_SSM(scope)                                                             \
	{                                                                         \
		.addr = {.family = IP_V6, .b = {0xff, 0x30 | (scope)}}, .len = 32 \
	}

static const struct prefix default_ssm[] = {{.addr = {.family = IP_V4, .b = {232}}, .len = 8},
	V6_SSM(0x0), V6_SSM(0x1), V6_SSM(0x2), V6_SSM(0x3), V6_SSM(0x4), V6_SSM(0x5), V6_SSM(0x6),
	V6_SSM(0x7), V6_SSM(0x8), V6_SSM(0x9), V6_SSM(0xa), V6_SSM(0xb), V6_SSM(0xc), V6_SSM(0xd),
	V6_SSM(0xe), V6_SSM(0xf)};

void gmp_config_default(struct gmp_config *c)
{
	*c = (struct gmp_config){
		.ssm_ranges = default_ssm,
		.n_ssm_ranges = sizeof(default_ssm) / sizeof(default_ssm[0]),
	};
}

void gmp_if_config_default(struct gmp_if_config *c, enum ip_family family)
{
	*c = (struct gmp_if_config){
		.family = (uint8_t)family,
		.enabled = true,
		.version = family == IP_V6 ? 2 : 3,
		.robustness = 2,
		.query_interval_s = 125,
		.query_response_interval_ms = 10000,
		.last_member_query_interval_ms = 1000,
		.leave = GMP_LEAVE_TRACKING,
		.tracking = true,
		.check_source = true,
		.max_groups = GMP_MAX_GROUPS,
		.max_sources = 4096,
		.max_entries = 2000000,
		.max_groups_per_host = GMP_MAX_GROUPS_PER_HOST,
	};
}

static int check_version(const struct gmp_if_config *i, const struct complaint *c)
{
	if (i->family != IP_V4 && i->family != IP_V6)
		return complain(
			c, "%s: the family must be IPv4 (IGMP) or IPv6 (MLD)", i->interface);
	if (i->family == IP_V4 && (i->version < 1 || i->version > 3))
		return complain(c, "%s: IGMP version %u: give 1, 2 or 3", i->interface, i->version);
	if (i->family == IP_V6 && (i->version < 1 || i->version > 2))
		return complain(c, "%s: MLD version %u: give 1 or 2", i->interface, i->version);
	if (i->role != GMP_ROLE_ROUTER)
		return complain(
			c, "%s: the proxy roles are not available: leave role out", i->interface);
	return 0;
}

/* Largest times that the codes of the messages can carry (RFC 3376 4.1.1, RFC 3810 5.1.3). */
static uint32_t response_max_ms(const struct gmp_if_config *i)
{
	if (i->family == IP_V6)
		return i->version == 1 ? 65535 : 8387584;
	return i->version == 3 ? 3174400 : 25500;
}

static int check_times(const struct gmp_if_config *i, const struct complaint *c)
{
	uint32_t max_ms = response_max_ms(i);

	if (i->robustness < 1 || i->robustness > 7)
		return complain(c, "%s: robustness %u: give 1 to 7", i->interface, i->robustness);
	if (i->query_interval_s < 1 || i->query_interval_s > 31744)
		return complain(c, "%s: query_interval_s %u: give 1 to 31744", i->interface,
			i->query_interval_s);
	if (i->query_response_interval_ms < 100 || i->query_response_interval_ms > max_ms)
		return complain(c, "%s: query_response_interval_ms %u: give 100 to %u",
			i->interface, i->query_response_interval_ms, max_ms);
	if (i->query_response_interval_ms >= i->query_interval_s * 1000)
		return complain(c,
			"%s: query_response_interval_ms %u must be below query_interval_s %u (RFC "
			"3376 8.3)",
			i->interface, i->query_response_interval_ms, i->query_interval_s);
	if (i->last_member_query_interval_ms < 100 || i->last_member_query_interval_ms > max_ms)
		return complain(c, "%s: last_member_query_interval_ms %u: give 100 to %u",
			i->interface, i->last_member_query_interval_ms, max_ms);
	if (i->startup_query_interval_s > 31744)
		return complain(c, "%s: startup_query_interval_s %u: give 1 to 31744", i->interface,
			i->startup_query_interval_s);
	return 0;
}

static int check_limits(const struct gmp_if_config *i, const struct complaint *c)
{
	if (i->resume_groups && !i->max_groups)
		return complain(
			c, "%s: resume_groups without max_groups: give both or none", i->interface);
	if (i->resume_groups > i->max_groups)
		return complain(c, "%s: resume_groups %u is above max_groups %u: lower it",
			i->interface, i->resume_groups, i->max_groups);
	if (i->max_groups_per_host && i->max_groups_per_host != GMP_MAX_GROUPS_PER_HOST &&
		!i->tracking)
		return complain(
			c, "%s: max_groups_per_host needs tracking: turn it on", i->interface);
	if (i->leave > GMP_LEAVE_IMMEDIATE)
		return complain(c, "%s: leave must be tracking, query or immediate", i->interface);
	if (i->leave == GMP_LEAVE_TRACKING && !i->tracking)
		return complain(c, "%s: leave by tracking needs tracking: turn it on or use query",
			i->interface);
	return 0;
}

static bool group_ok(const struct ipaddr *g, uint8_t family)
{
	return g->family == family && ip_is_multicast(g) && !ip_is_multicast_link_local(g);
}

static bool source_ok(const struct ipaddr *s, uint8_t family)
{
	return s->family == family && !ip_is_multicast(s) && !ip_is_any(s);
}

static int check_joins(const struct gmp_if_config *i, const struct complaint *c)
{
	char g[IP_STRLEN], s[IP_STRLEN];

	for (uint32_t j = 0; j < i->n_joins; j++) {
		ip_str(&i->joins[j].grp, g, sizeof(g));
		if (!group_ok(&i->joins[j].grp, i->family))
			return complain(c, "%s: static join of %s: not a group that is routed",
				i->interface, g);
		if (!ip_is_none(&i->joins[j].src) && !source_ok(&i->joins[j].src, i->family))
			return complain(c, "%s: static join of %s: source %s is no host's address",
				i->interface, g, ip_str(&i->joins[j].src, s, sizeof(s)));
	}
	return 0;
}

static int check_rules(const struct gmp_if_config *i, const struct complaint *c)
{
	for (uint32_t r = 0; r < i->n_rules; r++) {
		const struct gmp_rule *rule = &i->rules[r];

		if (rule->grp.addr.family != i->family ||
			(rule->src.len && rule->src.addr.family != i->family))
			return complain(c, "%s: rule %u of the access list is of the other family",
				i->interface, r + 1);
		if (rule->grp.len && !ip_is_multicast(&rule->grp.addr))
			return complain(c,
				"%s: rule %u of the access list: its group prefix holds no groups",
				i->interface, r + 1);
	}
	return 0;
}

int gmp_if_config_check(const struct gmp_if_config *i, char *err, size_t err_cap)
{
	struct complaint c = {.err = err, .cap = err_cap};
	int rc = check_version(i, &c);

	if (!i->interface[0])
		return complain(&c, "an interface must have a name");
	if (!rc)
		rc = check_times(i, &c);
	if (!rc)
		rc = check_limits(i, &c);
	if (!rc)
		rc = check_joins(i, &c);
	return rc ? rc : check_rules(i, &c);
}

static int check_ranges(const struct gmp_config *conf, const struct complaint *c)
{
	char p[PREFIX_STRLEN];

	for (size_t i = 0; i < conf->n_ssm_ranges; i++)
		if (!ip_is_multicast(&conf->ssm_ranges[i].addr) ||
			conf->ssm_ranges[i].len <
				(conf->ssm_ranges[i].addr.family == IP_V4 ? 4 : 8))
			return complain(c, "SSM range %s is no range of groups",
				prefix_str(&conf->ssm_ranges[i], p, sizeof(p)));
	for (size_t i = 0; i < conf->n_ssm_maps; i++) {
		const struct gmp_ssm_map *m = &conf->ssm_maps[i];

		prefix_str(&m->grp, p, sizeof(p));
		if (!ip_is_multicast(&m->grp.addr))
			return complain(c, "SSM map of %s: no prefix of groups", p);
		if (m->n_sources == 0)
			return complain(c, "SSM map of %s: give at least one source", p);
		for (uint32_t s = 0; s < m->n_sources; s++)
			if (!source_ok(&m->sources[s], m->grp.addr.family))
				return complain(c, "SSM map of %s: source %u is no host's address",
					p, s + 1);
	}
	return 0;
}

static bool in_ssm(const struct gmp_config *conf, const struct ipaddr *grp)
{
	for (size_t i = 0; i < conf->n_ssm_ranges; i++)
		if (prefix_has(&conf->ssm_ranges[i], grp))
			return true;
	return false;
}

static bool is_mapped(const struct gmp_config *conf, const struct ipaddr *grp)
{
	for (size_t i = 0; i < conf->n_ssm_maps; i++)
		if (prefix_has(&conf->ssm_maps[i].grp, grp))
			return true;
	return false;
}

static int check_ssm_joins(const struct gmp_config *conf, size_t i, const struct complaint *c)
{
	const struct gmp_if_config *ic = &conf->ifs[i];
	char g[IP_STRLEN];

	for (uint32_t j = 0; j < ic->n_joins; j++)
		if (ip_is_none(&ic->joins[j].src) && in_ssm(conf, &ic->joins[j].grp) &&
			!is_mapped(conf, &ic->joins[j].grp))
			return complain(c,
				"%s: static join of %s: the group is in the SSM range, so give a "
				"source",
				ic->interface, ip_str(&ic->joins[j].grp, g, sizeof(g)));
	return 0;
}

int gmp_config_check(const struct gmp_config *conf, char *err, size_t err_cap)
{
	struct complaint c = {.err = err, .cap = err_cap};
	int rc = check_ranges(conf, &c);

	for (size_t i = 0; i < conf->n_ifs && !rc; i++) {
		rc = gmp_if_config_check(&conf->ifs[i], err, err_cap);
		if (!rc)
			rc = check_ssm_joins(conf, i, &c);
		for (size_t j = 0; j < i && !rc; j++)
			if (conf->ifs[j].family == conf->ifs[i].family &&
				!strncmp(conf->ifs[j].interface, conf->ifs[i].interface,
					DP_IF_NAMELEN))
				rc = complain(&c, "%s is configured twice for %s: remove one",
					conf->ifs[i].interface,
					conf->ifs[i].family == IP_V4 ? "IGMP" : "MLD");
	}
	return rc;
}
