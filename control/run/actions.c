/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The list of what a protocol wants done. Everything in it is a copy: the protocol may free or change
 * its own state in the same breath.
 */
#include <errno.h>
#include <stdarg.h>

#include "control/run/proto.h"

/* A zeroed slot at the end, or NULL and the error noted. */
static struct action *add(struct actions *a, enum action_kind kind)
{
	size_t cap = a->cap ? a->cap * 2 : 8;
	struct action *v;

	if (a->n == a->cap) {
		v = realloc(a->v, cap * sizeof(*v));
		if (!v) {
			a->error = -ENOMEM;
			return NULL;
		}
		a->v = v;
		a->cap = cap;
	}
	v = &a->v[a->n++];
	memset(v, 0, sizeof(*v));
	v->kind = kind;
	return v;
}

/* Takes back the slot that add gave last. */
static void drop_last(struct actions *a)
{
	a->n--;
	a->error = -ENOMEM;
}

/* A copy of n bytes, NULL for none. *error is set if there is no memory. */
static void *bytes_copy(const void *from, size_t n, bool *error)
{
	void *to = n ? malloc(n) : NULL;

	if (to)
		memcpy(to, from, n);
	*error |= n && !to;
	return to;
}

void act_wish_set(struct actions *a, const struct tib_wish *w)
{
	struct action *act = add(a, ACT_WISH_SET);
	bool error = false;

	if (!act)
		return;
	act->wish = *w;
	act->wish.outputs = bytes_copy(w->outputs, w->n_outputs * sizeof(*w->outputs), &error);
	act->wish.excepts = bytes_copy(w->excepts, w->n_excepts * sizeof(*w->excepts), &error);
	if (!error)
		return;
	free((void *)(uintptr_t)act->wish.outputs);
	free((void *)(uintptr_t)act->wish.excepts);
	drop_last(a);
}

void act_wish_del(struct actions *a, const struct dp_route_key *key)
{
	struct action *act = add(a, ACT_WISH_DEL);

	if (act)
		act->wish_key = *key;
}

static void send_add(
	struct actions *a, enum action_kind kind, uint16_t ifid, const void *data, size_t len)
{
	struct action *act = add(a, kind);

	if (!act)
		return;
	act->send.data = malloc(len ? len : 1);
	if (!act->send.data) {
		drop_last(a);
		return;
	}
	memcpy(act->send.data, data, len);
	act->send.len = len;
	act->send.ifid = ifid;
}

void act_send_ip(struct actions *a, uint16_t ifid, const void *data, size_t len)
{
	send_add(a, ACT_SEND_IP, ifid, data, len);
}

void act_send_routed(struct actions *a, uint16_t ifid, const void *data, size_t len)
{
	send_add(a, ACT_SEND_ROUTED, ifid, data, len);
}

void act_reach(struct actions *a, const struct ipaddr *v, uint32_t n)
{
	struct action *act = add(a, ACT_REACH);
	bool error = false;

	if (!act)
		return;
	act->reach.v = bytes_copy(v, n * sizeof(*v), &error);
	act->reach.n = n;
	if (error)
		drop_last(a);
}

void act_member(struct actions *a, const struct member *m)
{
	struct action *act = add(a, ACT_MEMBER);

	if (act)
		act->member = *m;
}

/* text is taken over; NULL: no memory. */
static void notify(struct actions *a, enum log_level level, char *text)
{
	struct action *act = add(a, ACT_NOTIFY);

	if (!act) {
		free(text);
		return;
	}
	act->notify.level = level;
	act->notify.text = text;
	if (!text)
		drop_last(a);
}

void act_notify(struct actions *a, enum log_level level, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	notify(a, level, text);
}

void act_notify_rated(
	struct proto_ctx *ctx, struct log_rate *rate, enum log_level level, const char *fmt, ...)
{
	char more[LOG_MORE_LEN], *said, *text = NULL;
	va_list ap;

	if (!log_rate_ok(rate, ctx->now_us))
		return;
	va_start(ap, fmt);
	if (vasprintf(&said, fmt, ap) < 0)
		said = NULL;
	va_end(ap);
	if (said && asprintf(&text, "%s%s", said, log_rate_more(rate, more)) < 0)
		text = NULL;
	free(said);
	notify(ctx->out, level, text);
}

static void action_fini(struct action *act)
{
	switch (act->kind) {
	case ACT_WISH_SET:
		free((void *)(uintptr_t)act->wish.outputs);
		free((void *)(uintptr_t)act->wish.excepts);
		break;
	case ACT_WISH_DEL:
	case ACT_MEMBER:
		break;
	case ACT_SEND_IP:
	case ACT_SEND_ROUTED:
		free(act->send.data);
		break;
	case ACT_REACH:
		free(act->reach.v);
		break;
	case ACT_NOTIFY:
		free(act->notify.text);
		break;
	}
}

void actions_fini(struct actions *a)
{
	for (size_t i = 0; i < a->n; i++)
		action_fini(&a->v[i]);
	free(a->v);
	*a = (struct actions){0};
}

int proto_flow(
	const struct proto_ctx *ctx, const struct dp_route_key *key, struct dp_route_counters *c)
{
	return ctx->dp->ops->route_counters(ctx->dp->ctx, key, c);
}
