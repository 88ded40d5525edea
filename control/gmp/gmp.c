/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The membership protocol: its events, its commands, its names. One instance serves IGMP and MLD on all
 * interfaces.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

static const char *const counter_names[] = {
#define X(field, words) #field,
	GMP_COUNTERS(X)
#undef X
};

static const char *const counter_words[] = {
#define X(field, words) words,
	GMP_COUNTERS(X)
#undef X
};

const char *gmp_counter_name(enum gmp_counter c)
{
	return counter_names[c];
}

const char *gmp_counter_words(enum gmp_counter c)
{
	return counter_words[c];
}

static void *gmp_new(void)
{
	return calloc(1, sizeof(struct gmp_self));
}

static void gmp_free(void *me, struct timer_heap *timers)
{
	struct gmp_self *self = me;

	for (size_t i = 0; i < self->n_ifs; i++)
		gmp_if_free(self->ifs[i], timers);
	gmp_policy_fini(self);
	free(self->by_id[0]);
	free(self->by_id[1]);
	free(self->ifs);
	free(self->scratch);
	free(self);
}

/* --- commands -------------------------------------------------------------------------------------- */

/* False: no such group there. What hosts said is asked for again at once. */
static bool clear_groups(struct gmp_if *gif, const struct ipaddr *grp, struct proto_ctx *ctx)
{
	struct gmp_group *g = ip_is_none(grp) ? NULL : gmp_group_find(gif, grp);

	if (!ip_is_none(grp) && !g)
		return false;
	if (g)
		gmp_group_clear(g, ctx);
	else
		gmp_if_clear(gif, ctx);
	if (gif->querier)
		gmp_general_query(gif, ctx);
	return true;
}

static bool clear_one(struct gmp_if *gif, const struct gmp_command *c, struct proto_ctx *ctx)
{
	switch (c->kind) {
	case GMP_CLEAR_GROUPS:
		return gif->running && clear_groups(gif, &c->grp, ctx);
	case GMP_CLEAR_STATISTICS:
		memset(gif->counters, 0, sizeof(gif->counters));
		memset(gif->last_from, 0, sizeof(gif->last_from));
		return true;
	}
	return false;
}

static int command(struct gmp_self *self, const struct gmp_command *c, struct proto_ctx *ctx,
	char *err, size_t cap)
{
	bool found = false, done = false;
	char grp[IP_STRLEN];

	for (size_t i = 0; i < self->n_ifs; i++) {
		struct gmp_if *gif = self->ifs[i];

		if ((c->family && c->family != gif->conf.family) ||
			(c->interface[0] &&
				strncmp(c->interface, gif->conf.interface, DP_IF_NAMELEN)))
			continue;
		found = true;
		done |= clear_one(gif, c, ctx);
	}
	if (c->interface[0] && !found) {
		snprintf(err, cap, "no group membership on %s: `show igmp interface` lists where",
			c->interface);
		return -ENOENT;
	}
	if (!ip_is_none(&c->grp) && !done) {
		snprintf(err, cap, "there is no group %s: `show igmp group` lists all",
			ip_str(&c->grp, grp, sizeof(grp)));
		return -ENOENT;
	}
	return 0;
}

/* --- events ------------------------------------------------------------------------------------------ */

static void timer_event(struct timer *t, struct proto_ctx *ctx)
{
	switch ((enum gmp_timer_kind)t->kind) {
	case GMP_T_GROUP:
		gmp_group_due(container_of(t, struct gmp_group, timer), ctx);
		break;
	case GMP_T_QUERY:
		gmp_querier_timer(container_of(t, struct gmp_if, query_timer), t, ctx);
		break;
	case GMP_T_OTHER_QUERIER:
		gmp_querier_timer(container_of(t, struct gmp_if, other_timer), t, ctx);
		break;
	}
}

static void gmp_event(void *me, const struct event *ev, struct proto_ctx *ctx)
{
	struct gmp_self *self = me;

	switch (ev->kind) {
	case EV_CONFIG:
		gmp_settings(self, ev->config, ctx);
		break;
	case EV_COMMAND:
		*ev->command.result = command(
			self, ev->command.request, ctx, ev->command.error, ev->command.error_cap);
		break;
	case EV_PACKET:
		gmp_receive(self, ev, ctx);
		break;
	case EV_TIMER:
		timer_event(ev->timer, ctx);
		break;
	case EV_NET:
		gmp_net_event(self, &ev->net, ctx);
		break;
	case EV_UPCALL:
	case EV_MEMBER:
	case EV_STOP: /* members stay members: there is no goodbye */
		break;
	}
}

const struct proto gmp_proto = {
	.name = "igmp",
	.packet_bits = DP_PROTO_IGMP | DP_PROTO_MLD,
	.new = gmp_new,
	.free = gmp_free,
	.event = gmp_event,
};
