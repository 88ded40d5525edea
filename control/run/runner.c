/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The runner. The path of an event: dispatch calls the protocol's one function with an empty list of
 * actions; when it has returned, the actions are carried out, in order. Nothing that an action sets
 * off reaches a protocol before that: changes of the network are queued for the next runner_run,
 * and the TIB is committed once, at the end.
 */
#include <assert.h>
#include <errno.h>

#include "control/run/run_priv.h"

#define PACKET_MAX 65600u /* the largest IP packet in a frame */
#define UPCALLS_AT_ONCE 64u

struct running {
	const struct proto *p;
	void *self;
	struct reach reach;
};

struct changes {
	struct net_change *v;
	size_t n, cap;
};

/* What membership protocols said: told to the others when the event that said it is over. */
struct members {
	struct told {
		struct member m;
		uint16_t by;
	} * v;
	size_t n, cap;
	bool telling;
};

struct runner {
	const struct dp *dp;
	struct net *net;
	struct tib *tib;
	struct timer_heap *timers;
	struct running protos[RUNNER_PROTOS_MAX];
	uint16_t n_protos;
	bool in_event; /* a protocol function is running: no other may */
	struct changes queued, handling;
	struct members members;
	struct routed *routed;
	bool changes_lost; /* no memory to queue one: tell all that everything may have changed */
	void (*exception)(void *arg, const struct dp_packet *meta, const uint8_t *data);
	void *exception_arg;
	struct runner_stats stats;
	struct log_rate wish_log, send_log;
	uint8_t packet[PACKET_MAX];
};

struct runner *runner_new(const struct dp *dp, struct net *net, struct tib *tib)
{
	struct runner *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->dp = dp;
	r->net = net;
	r->tib = tib;
	r->timers = timer_heap_new();
	r->routed = routed_new(dp, net);
	if (!r->timers || !r->routed) {
		runner_free(r);
		return NULL;
	}
	return r;
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	for (uint16_t i = 0; i < r->n_protos; i++) {
		r->protos[i].p->free(r->protos[i].self, r->timers);
		reach_free(&r->protos[i].reach, r->net);
	}
	timer_heap_free(r->timers);
	routed_free(r->routed);
	free(r->members.v);
	free(r->queued.v);
	free(r->handling.v);
	free(r);
}

int runner_add(struct runner *r, const struct proto *p)
{
	struct running *run;

	if (r->n_protos == RUNNER_PROTOS_MAX)
		return -ENOSPC;
	run = &r->protos[r->n_protos];
	run->self = p->new ();
	if (!run->self)
		return -ENOMEM;
	run->p = p;
	if (p->upcalls)
		r->dp->ops->hold_enable(r->dp->ctx, true);
	return r->n_protos++;
}

const char *runner_proto_name(const struct runner *r, uint16_t number)
{
	return number < r->n_protos ? r->protos[number].p->name : NULL;
}

void *runner_instance(const struct runner *r, uint16_t number)
{
	return number < r->n_protos ? r->protos[number].self : NULL;
}

void runner_set_exception(struct runner *r,
	void (*fn)(void *arg, const struct dp_packet *meta, const uint8_t *data), void *arg)
{
	r->exception = fn;
	r->exception_arg = arg;
}

void runner_stats_get(const struct runner *r, struct runner_stats *out)
{
	*out = r->stats;
}

/* --- actions ----------------------------------------------------------------------------------- */

static void wish_failed(struct runner *r, uint16_t number, int rc, uint64_t now_us)
{
	char more[LOG_MORE_LEN];

	r->stats.wish_errors++;
	if (log_rate_ok(&r->wish_log, now_us))
		log_error(r->protos[number].p->name, "a route could not be kept: %s%s",
			strerror(-rc), log_rate_more(&r->wish_log, more));
}

static void send_failed(struct runner *r, uint16_t number, uint16_t ifid, int rc, uint64_t now_us)
{
	const struct net_if *ifp = net_if_get(r->net, ifid);
	char more[LOG_MORE_LEN];

	r->stats.send_errors++;
	if (log_rate_ok(&r->send_log, now_us))
		log_info(r->protos[number].p->name, "packet not sent on %s: %s%s",
			ifp ? ifp->conf.name : "a vanished interface", strerror(-rc),
			log_rate_more(&r->send_log, more));
}

static void reach_failed(struct runner *r, uint16_t number, int rc)
{
	log_warning(r->protos[number].p->name,
		"%s: first packets to a router may wait for its MAC; reload",
		rc == -ENOMEM ? "out of memory" : "no room for a next hop");
}

static void send_routed(struct runner *r, uint16_t number, const struct action *a, uint64_t now_us)
{
	int rc = routed_send(r->routed, a->send.ifid, a->send.data, a->send.len, now_us);

	if (rc)
		send_failed(r, number, a->send.ifid, rc, now_us);
}

static void member_queue(struct runner *r, uint16_t number, const struct member *m)
{
	struct members *q = &r->members;
	size_t cap = q->cap ? q->cap * 2 : 64;
	struct told *v;

	if (q->n == q->cap) {
		v = realloc(q->v, cap * sizeof(*v));
		if (!v) {
			r->stats.actions_lost++;
			log_error(r->protos[number].p->name,
				"out of memory: a membership is not known to the router; reload");
			return;
		}
		q->v = v;
		q->cap = cap;
	}
	q->v[q->n++] = (struct told){.m = *m, .by = number};
}

static void act(struct runner *r, uint16_t number, struct action *a, uint64_t now_us)
{
	int rc;

	switch (a->kind) {
	case ACT_WISH_SET:
		a->wish.owner = number;
		rc = tib_wish_set(r->tib, &a->wish, now_us);
		if (rc)
			wish_failed(r, number, rc, now_us);
		break;
	case ACT_WISH_DEL: /* one that never was is as gone as any */
		tib_wish_del(r->tib, number, &a->wish_key);
		break;
	case ACT_SEND_IP:
		rc = r->dp->ops->packet_send(
			r->dp->ctx, a->send.ifid, DP_SEND_IP, a->send.data, a->send.len);
		if (rc)
			send_failed(r, number, a->send.ifid, rc, now_us);
		break;
	case ACT_SEND_ROUTED:
		send_routed(r, number, a, now_us);
		break;
	case ACT_REACH:
		rc = reach_set(&r->protos[number].reach, r->net, a->reach.v, a->reach.n);
		if (rc)
			reach_failed(r, number, rc);
		break;
	case ACT_MEMBER:
		member_queue(r, number, &a->member);
		break;
	case ACT_NOTIFY:
		log_msg(a->notify.level, r->protos[number].p->name, "%s", a->notify.text);
		break;
	}
}

static void members_tell(struct runner *r, uint64_t now_us);

void runner_event(struct runner *r, uint16_t number, const struct event *ev, uint64_t now_us)
{
	struct actions out = {0};
	struct proto_ctx ctx = {.now_us = now_us,
		.self = number,
		.net = r->net,
		.timers = r->timers,
		.out = &out,
		.dp = r->dp};

	assert(number < r->n_protos);
	assert(!r->in_event);
	r->in_event = true;
	r->protos[number].p->event(r->protos[number].self, ev, &ctx);
	r->in_event = false;
	r->stats.events++;
	r->stats.actions += out.n;
	for (size_t i = 0; i < out.n; i++)
		act(r, number, &out.v[i], now_us);
	if (out.error) {
		r->stats.actions_lost++;
		log_error(r->protos[number].p->name,
			"out of memory: some of its routes or packets are missing; reload");
	}
	actions_fini(&out);
	members_tell(r, now_us);
}

/* Who hears of a membership may itself have one to tell: it joins the queue. */
static void members_tell(struct runner *r, uint64_t now_us)
{
	struct members *q = &r->members;

	if (q->telling)
		return;
	q->telling = true;
	for (size_t i = 0; i < q->n; i++) {
		struct told t = q->v[i];
		struct event ev = {.kind = EV_MEMBER, .member = t.m};

		for (uint16_t p = 0; p < r->n_protos; p++)
			if (p != t.by)
				runner_event(r, p, &ev, now_us);
	}
	q->n = 0;
	q->telling = false;
}

static void to_all(struct runner *r, const struct event *ev, uint64_t now_us)
{
	for (uint16_t i = 0; i < r->n_protos; i++)
		runner_event(r, i, ev, now_us);
}

/* --- configuration and commands ---------------------------------------------------------------- */

void runner_config(struct runner *r, uint16_t number, const void *config, uint64_t now_us)
{
	struct event ev = {.kind = EV_CONFIG, .config = config};

	runner_event(r, number, &ev, now_us);
}

int runner_command(struct runner *r, uint16_t number, const void *request, char *error,
	size_t error_cap, uint64_t now_us)
{
	int result = -EOPNOTSUPP;
	struct event ev = {.kind = EV_COMMAND};

	if (error_cap)
		snprintf(error, error_cap, "%s takes no commands", r->protos[number].p->name);
	ev.command.request = request;
	ev.command.result = &result;
	ev.command.error = error;
	ev.command.error_cap = error_cap;
	runner_event(r, number, &ev, now_us);
	if (!result && error_cap)
		error[0] = '\0';
	return result;
}

/* --- changes of the network -------------------------------------------------------------------- */

static bool change_same(const struct net_change *a, const struct net_change *b)
{
	return a->kind == b->kind && a->ifid == b->ifid && prefix_eq(&a->prefix, &b->prefix);
}

void runner_net_changed(struct runner *r, const struct net_change *c, uint64_t now_us)
{
	struct event leaving = {.kind = EV_NET, .net = *c};
	struct changes *q = &r->queued;
	struct net_change *v;
	size_t cap = q->cap ? q->cap * 2 : 64;

	if (c->kind == NET_IF_LEAVING) {
		to_all(r, &leaving, now_us);
		return;
	}
	if (q->n > 0 && change_same(&q->v[q->n - 1], c))
		return;
	if (q->n == q->cap) {
		v = realloc(q->v, cap * sizeof(*v));
		if (!v) {
			r->changes_lost = true;
			return;
		}
		q->v = v;
		q->cap = cap;
	}
	q->v[q->n++] = *c;
}

void runner_stop(struct runner *r, uint64_t now_us)
{
	struct event ev = {.kind = EV_STOP};

	to_all(r, &ev, now_us);
	runner_commit(r);
}

static void change_deliver(struct runner *r, const struct net_change *c, uint64_t now_us)
{
	struct event ev = {.kind = EV_NET, .net = *c};

	tib_net_changed(r->tib, c);
	routed_changed(r->routed, c, now_us);
	to_all(r, &ev, now_us);
}

/* Whatever was lost is covered by "all routes may differ" and "each interface may differ". */
static void changes_all(struct runner *r, uint64_t now_us)
{
	struct net_change c = {.kind = NET_RIB, .prefix.addr.family = IP_V4};
	uint16_t ifid = 0;
	const struct net_if *ifp;

	r->changes_lost = false;
	change_deliver(r, &c, now_us);
	c.prefix.addr.family = IP_V6;
	change_deliver(r, &c, now_us);
	while ((ifp = net_if_next(r->net, ifid))) {
		ifid = ifp->id;
		c = (struct net_change){.kind = NET_IF_STATE, .ifid = ifid};
		change_deliver(r, &c, now_us);
		c.kind = NET_IF_ADDR;
		change_deliver(r, &c, now_us);
	}
}

static void run_changes(struct runner *r, uint64_t now_us)
{
	struct changes now = r->queued;

	r->queued = r->handling;
	r->queued.n = 0;
	r->handling = now;
	for (size_t i = 0; i < now.n; i++)
		change_deliver(r, &now.v[i], now_us);
	if (r->changes_lost)
		changes_all(r, now_us);
}

/* --- the data plane's messages ----------------------------------------------------------------- */

static void packet_to_protocols(struct runner *r, const struct dp_packet *meta, uint64_t now_us)
{
	uint8_t bits = run_classify(meta->family, r->packet, meta->len);
	struct event ev = {.kind = EV_PACKET};
	bool taken = false;

	ev.packet.ifid = meta->ifid;
	ev.packet.family = meta->family;
	ev.packet.data = r->packet;
	ev.packet.len = meta->len;
	for (uint16_t i = 0; i < r->n_protos; i++)
		if (r->protos[i].p->packet_bits & bits) {
			runner_event(r, i, &ev, now_us);
			taken = true;
		}
	if (!taken)
		r->dp->ops->drop_count(r->dp->ctx, meta->ifid, DROP_proto_disabled);
}

static void packet_deliver(struct runner *r, const struct dp_packet *meta, uint64_t now_us)
{
	switch ((enum dp_punt_class)meta->cls) {
	case DP_PUNT_hello:
	case DP_PUNT_proto:
		packet_to_protocols(r, meta, now_us);
		break;
	case DP_PUNT_neigh:
	case DP_PUNT_exception:
		if (r->exception)
			r->exception(r->exception_arg, meta, r->packet);
		else
			r->dp->ops->drop_count(r->dp->ctx, meta->ifid, DROP_no_twin);
		break;
	case DP_PUNT_CLASSES:
		break;
	}
}

/* True if the budget ended it. */
static bool run_packets(struct runner *r, uint64_t now_us, unsigned budget)
{
	struct dp_packet meta;

	for (; budget > 0; budget--) {
		if (!r->dp->ops->packet_recv(r->dp->ctx, &meta, r->packet, sizeof(r->packet)))
			return false;
		packet_deliver(r, &meta, now_us);
	}
	return true;
}

/* Whether the route of the flow still asks for signals where it came in: nobody made anything of the last. */
static bool still_signals(const struct tib_entry_info *e, uint16_t ifid)
{
	for (unsigned i = 0; i < e->merged->n_inputs; i++)
		if (e->merged->inputs[i].ifid == ifid)
			return e->merged->inputs[i].flags & DP_INPUT_SIGNAL;
	return false;
}

static bool still_wrong(const struct tib_entry_info *e, uint16_t ifid)
{
	for (unsigned i = 0; i < e->merged->n_inputs; i++) {
		const struct dp_input *in = &e->merged->inputs[i];

		if ((in->ifid == ifid || in->ifid == DP_IF_ANY) && in->flags & DP_INPUT_ACCEPT)
			return false;
	}
	return true;
}

/* Where it does not, the DR was told to stop, or the Register was for nobody. */
static bool takes_registers(const struct tib_entry_info *e)
{
	for (unsigned i = 0; i < e->merged->n_inputs; i++)
		if (e->merged->inputs[i].ifid == DP_IF_REGISTER)
			return e->merged->inputs[i].flags & DP_INPUT_ACCEPT;
	return false;
}

/* What to tell the data plane of a flow: packets held go on only where there is a route now, and data that
 * changed nothing need not be told of with every packet; on a link where another router forwards, that is each
 * one that comes in. */
static enum dp_verdict verdict_of(const struct runner *r, const struct dp_upcall *up)
{
	struct tib_entry_info e;
	bool found = tib_lookup(r->tib, up->table, &up->src, &up->grp, &e);

	if (up->kind == DP_UPCALL_NOCACHE)
		return found ? DP_VERDICT_RELEASE : DP_VERDICT_DISCARD;
	if (up->kind == DP_UPCALL_REGISTER && !(found && takes_registers(&e)))
		return DP_VERDICT_DISCARD;
	if (up->kind == DP_UPCALL_DATA && found && still_signals(&e, up->ifid))
		return DP_VERDICT_DISCARD;
	if (up->kind == DP_UPCALL_WRONGVIF && found && still_wrong(&e, up->ifid))
		return DP_VERDICT_DISCARD;
	return DP_VERDICT_RELEASE;
}

/* The gates open only when the protocols' answers are in the data plane: opened earlier, the next
 * packet would signal again what is being dealt with. */
static bool run_upcalls(struct runner *r, uint64_t now_us, unsigned budget)
{
	struct dp_upcall ups[UPCALLS_AT_ONCE];
	uint32_t n;

	while (budget > 0) {
		n = r->dp->ops->upcall_recv(
			r->dp->ctx, ups, budget < UPCALLS_AT_ONCE ? budget : UPCALLS_AT_ONCE);
		if (n == 0)
			return false;
		for (uint32_t i = 0; i < n; i++) {
			struct event ev = {.kind = EV_UPCALL, .upcall = ups[i]};

			to_all(r, &ev, now_us);
		}
		runner_commit(r);
		for (uint32_t i = 0; i < n; i++)
			r->dp->ops->upcall_done(r->dp->ctx, &ups[i], verdict_of(r, &ups[i]));
		budget -= n;
	}
	return true;
}

/* --- time -------------------------------------------------------------------------------------- */

static bool run_timers(struct runner *r, uint64_t now_us, unsigned budget)
{
	struct event ev = {.kind = EV_TIMER};

	for (; budget > 0; budget--) {
		ev.timer = timer_pop(r->timers, now_us);
		if (!ev.timer)
			return false;
		runner_event(r, ev.timer->proto, &ev, now_us);
	}
	return timer_next(r->timers) <= now_us;
}

uint64_t runner_next(const struct runner *r)
{
	if (r->queued.n > 0 || r->changes_lost)
		return 0;
	return timer_next(r->timers);
}

size_t runner_timers(const struct runner *r)
{
	return timer_count(r->timers);
}

int runner_commit(struct runner *r)
{
	return tib_commit(r->tib);
}

bool runner_run(struct runner *r, uint64_t now_us, unsigned budget)
{
	bool more = false;

	run_changes(r, now_us);
	more |= run_packets(r, now_us, budget);
	more |= run_upcalls(r, now_us, budget);
	more |= run_timers(r, now_us, budget);
	runner_commit(r);
	return more || r->queued.n > 0 || r->changes_lost;
}
