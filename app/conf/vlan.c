/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * interfaces.vlan and vlan_tpid: one tag, or a stack of two with the TPID of the outer one
 * (IEEE 802.1Q, 802.1ad).
 */
#include "app/conf/conf_priv.h"

#define VLAN_MAX 4094
#define TPID_VLAN 0x8100
#define TPID_SERVICE 0x88a8
#define TPID_OLD 0x9100

static bool vlan_id(struct conf_reader *r, config_setting_t *s, const char *what, uint16_t *out)
{
	uint32_t v;

	if (!value_uint(r, s, "vlan", what, 1, VLAN_MAX, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

void vlan_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct net_if_conf *c = &((struct conf_if *)obj)->net;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		vlan_id(r, s, what, &c->vlan);
	else if (config_setting_length(s) != 2)
		problem_add(r, line_of(s),
			"vlan of %s holds %d numbers: write one, or the outer and the inner tag such as "
			"[ 200, 100 ]",
			what, config_setting_length(s));
	else if (!vlan_id(r, config_setting_get_elem(s, 0), what, &c->vlan) ||
		 !vlan_id(r, config_setting_get_elem(s, 1), what, &c->vlan_inner))
		c->vlan = c->vlan_inner = 0;
}

void vlan_print(const void *obj, FILE *to)
{
	const struct net_if_conf *c = &((const struct conf_if *)obj)->net;

	if (c->vlan_inner)
		fprintf(to, "vlan = [ %u, %u ]; ", c->vlan, c->vlan_inner);
	else if (c->vlan)
		fprintf(to, "vlan = %u; ", c->vlan);
}

static uint16_t tpid_usual(const struct net_if_conf *c)
{
	return c->vlan_inner ? TPID_SERVICE : TPID_VLAN;
}

void tpid_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct net_if_conf *c = &((struct conf_if *)obj)->net;
	uint32_t v;

	if (!value_uint(r, s, "vlan_tpid", what, 0, UINT16_MAX, &v))
		return;
	if (v != TPID_VLAN && v != TPID_SERVICE && v != TPID_OLD)
		problem_add(r, line_of(s),
			"vlan_tpid of %s is 0x%04x: write 0x8100 (802.1Q), 0x88a8 (802.1ad) or 0x9100",
			what, v);
	else
		c->vlan_tpid = (uint16_t)v;
}

void tpid_print(const void *obj, FILE *to)
{
	const struct net_if_conf *c = &((const struct conf_if *)obj)->net;

	if (c->vlan && c->vlan_tpid && c->vlan_tpid != tpid_usual(c))
		fprintf(to, "vlan_tpid = 0x%04x; ", c->vlan_tpid);
}

void vlan_check(struct conf_reader *r, config_setting_t *s, const char *what, struct net_if_conf *c)
{
	static const char *const keys[] = {"vlan", "vlan_tpid"};

	for (size_t i = 0; i < 2; i++)
		if (config_setting_get_member(s, keys[i]) && !config_setting_get_member(s, "port"))
			problem_add(r, line_in(s, keys[i]), "%s has a %s but no port: remove %s",
				what, keys[i], keys[i]);
	if (!config_setting_get_member(s, "vlan")) {
		if (config_setting_get_member(s, "vlan_tpid") &&
			config_setting_get_member(s, "port"))
			problem_add(r, line_in(s, "vlan_tpid"),
				"%s has a vlan_tpid but no vlan: add vlan = 100; or remove it",
				what);
		return;
	}
	if (c->vlan == 0)
		c->vlan = UINT16_MAX; /* reported; not to be taken for untagged */
	if (!c->vlan_tpid)
		c->vlan_tpid = tpid_usual(c);
}
