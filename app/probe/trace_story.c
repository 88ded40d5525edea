/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A packet's story as JSON: steps with a sentence each, then its outputs, then what came of it.
 */
#include "app/ports.h"
#include "app/probe/trace.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

const char *time_text(uint64_t time_ns, char *buf, size_t cap)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	unsigned us = (unsigned)(time_ns / 1000 % 1000000);
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(buf, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + used, cap - used, ".%06uZ", us);
	return buf;
}

/* --- steps -------------------------------------------------------------------------------------------- */

struct teller {
	const struct app *app;
	const struct story *s;
	const struct dp_probe_packet *p;
	json_t *steps;
};

__attribute__((format(printf, 4, 5))) static void tell(
	struct teller *t, const char *step, bool ok, const char *fmt, ...)
{
	json_t *o = add_object(t->steps);
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_text(o, "step", step);
	put_bool(o, "ok", ok);
	put_text(o, "text", text);
}

static void tell_drop(struct teller *t, const char *step, const char *where)
{
	enum drop_reason reason = (enum drop_reason)t->p->reason;

	tell(t, step, false, "%sdropped: %s: %s", where, drop_name(reason), drop_text(reason));
}

const char *port_id_name(const struct app *app, uint16_t port_id, char *buf, size_t cap)
{
	struct port_info info;

	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++) {
		if (!ports_info(app->ports, i, &info) || info.port_id != port_id)
			continue;
		snprintf(buf, cap, "%s", info.name);
		return buf;
	}
	snprintf(buf, cap, "#%u", port_id);
	return buf;
}

/* The reasons of the stages behind classify and decap. */
static bool is_lookup_reason(uint8_t reason)
{
	return reason == DROP_no_route || reason == DROP_wrong_if || reason == DROP_duplicate ||
	       reason == DROP_route_drop || reason == DROP_register_refused ||
	       reason == DROP_ttl_expired || reason == DROP_no_output;
}

static bool was_looked_up(const struct dp_probe_packet *p)
{
	return p->verdict == DP_FATE_FORWARD || p->verdict == DP_FATE_HELD ||
	       (p->verdict == DP_FATE_DROP && is_lookup_reason(p->reason));
}

static void tell_verdict(struct teller *t, const char *step, uint8_t verdict, const char *ifname)
{
	switch ((enum dp_probe_fate)verdict) {
	case DP_FATE_FORWARD:
	case DP_FATE_HELD:
		tell(t, step, true, "interface %s: data for a group that may be routed", ifname);
		return;
	case DP_FATE_DECAP:
		tell(t, step, true, "interface %s: GRE for a tunnel endpoint of ours", ifname);
		return;
	case DP_FATE_REGISTER:
		tell(t, step, true, "interface %s: a PIM Register for an address of ours", ifname);
		return;
	case DP_FATE_PROTOCOL:
		tell(t, step, true, "interface %s: for a protocol of this router", ifname);
		return;
	case DP_FATE_KERNEL:
		tell(t, step, true, "interface %s: for the kernel, through the twin", ifname);
		return;
	case DP_FATE_DROP:
		break;
	}
	tell_drop(t, step, "");
}

/* What came out of a tunnel, a Register, or a Register in a tunnel. */
static void tell_decap(struct teller *t)
{
	const struct dp_probe_packet *p = t->p;
	bool reg = p->ifid == DP_IF_REGISTER || p->classified == DP_FATE_REGISTER;
	char name[DP_IF_NAMELEN], where[64];

	ifid_name(t->app, reg ? DP_IF_REGISTER : p->ifid, name, sizeof(name));
	if (!p->decaps) {
		tell_drop(t, "decap", "");
		return;
	}
	if (reg)
		tell(t, "decap", true, "came out of a PIM Register%s",
			p->decaps > 1 ? ", and that out of a tunnel" : "");
	else
		tell(t, "decap", true, "came out of tunnel %s", name);
	snprintf(where, sizeof(where), "inside %s: ", name);
	if (p->verdict == DP_FATE_DROP && !was_looked_up(p))
		tell_drop(t, "classify", where);
	else
		tell_verdict(t, "classify", was_looked_up(p) ? DP_FATE_FORWARD : p->verdict, name);
}

static void tell_arrival(struct teller *t)
{
	const struct dp_probe_packet *p = t->p;
	char port[CONF_NAMELEN], outer[DP_IF_NAMELEN], name[DP_IF_NAMELEN];

	if (p->released) {
		tell(t, "release", true,
			"held since it came in on interface %s and no route took it; worker %u "
			"sends it on now",
			ifid_name(t->app, p->ifid, name, sizeof(name)), t->s->packet->worker);
		return;
	}
	tell(t, "receive", true, "port %s, queue %u, worker %u, %u bytes",
		port_id_name(t->app, p->port, port, sizeof(port)), p->queue, t->s->packet->worker,
		t->s->packet->frame_len);
	ifid_name(t->app, p->outer_ifid, outer, sizeof(outer));
	tell_verdict(t, "classify", p->classified, outer);
	if (p->classified == DP_FATE_DECAP || p->classified == DP_FATE_REGISTER)
		tell_decap(t);
}

static void tell_route(struct teller *t)
{
	const struct dp_probe_packet *p = t->p;
	char src[PREFIX_STRLEN], grp[PREFIX_STRLEN];

	if (p->verdict == DP_FATE_HELD) {
		tell(t, "lookup", true, "no route takes it yet: held until a protocol has decided");
		return;
	}
	if (!p->has_route) {
		tell_drop(t, "lookup", "");
		return;
	}
	tell(t, "lookup", true, "route (%s, %s) of table %u, %u output%s",
		prefix_str(&p->key.src, src, sizeof(src)),
		prefix_str(&p->key.grp, grp, sizeof(grp)), p->key.table, p->n_outputs,
		p->n_outputs == 1 ? "" : "s");
}

/* The route's input that a packet from ifid matches, NULL: none. */
static const struct dp_input *input_of(const struct dp_probe_packet *p)
{
	for (unsigned i = 0; i < p->n_inputs; i++)
		if (p->inputs[i].ifid == p->ifid ||
			(p->inputs[i].ifid == DP_IF_ANY && p->ifid != DP_IF_REGISTER))
			return &p->inputs[i];
	return NULL;
}

static void tell_input(struct teller *t)
{
	const struct dp_input *in = input_of(t->p);
	char name[DP_IF_NAMELEN], expected[DP_INPUTS_MAX * (DP_IF_NAMELEN + 2) + 1] = "";
	size_t used = 0;

	ifid_name(t->app, t->p->ifid, name, sizeof(name));
	if (t->p->reason == DROP_route_drop || t->p->reason == DROP_duplicate) {
		tell_drop(t, "input", "");
		return;
	}
	if (in && (in->flags & DP_INPUT_ACCEPT)) {
		tell(t, "input", true, "accepted: %s",
			in->ifid == DP_IF_ANY ? "the route takes packets from every interface"
					      : name);
		return;
	}
	for (unsigned i = 0; i < t->p->n_inputs; i++) {
		char one[DP_IF_NAMELEN];

		if (!(t->p->inputs[i].flags & DP_INPUT_ACCEPT))
			continue;
		ifid_name(t->app, t->p->inputs[i].ifid, one, sizeof(one));
		used += (size_t)snprintf(
			expected + used, sizeof(expected) - used, "%s%s", used ? ", " : "", one);
	}
	tell(t, "input", false, "dropped: %s: came in on %s, the route accepts %s",
		drop_name((enum drop_reason)t->p->reason), name, used ? expected : "no interface");
}

static void tell_lookup(struct teller *t)
{
	const struct dp_probe_packet *p = t->p;

	tell_route(t);
	if (!p->has_route)
		return;
	tell_input(t);
	if (p->reason == DROP_wrong_if || p->reason == DROP_duplicate ||
		p->reason == DROP_route_drop || p->reason == DROP_register_refused)
		return;
	if (p->reason == DROP_ttl_expired) {
		tell_drop(t, "ttl", "");
		return;
	}
	tell(t, "ttl", true, "%u came in, %u goes out", p->ttl, p->ttl - 1u);
	if (p->reason == DROP_no_output)
		tell_drop(t, "outputs", "");
	else if (t->s->end.reason != DROP_COUNT)
		tell(t, "outputs", false, "dropped: %s: %s",
			drop_name((enum drop_reason)t->s->end.reason),
			drop_text((enum drop_reason)t->s->end.reason));
}

/* --- outputs ------------------------------------------------------------------------------------------ */

static uint8_t output_reason(const struct story_output *o)
{
	return o->rec->kind == DP_PROBE_COPY ? o->tx_reason : o->rec->output.reason;
}

const char *output_why(const struct app *app, const struct story *s, const struct story_output *o,
	char *buf, size_t cap)
{
	enum drop_reason reason = (enum drop_reason)output_reason(o);
	const struct dp_probe_packet *p = &s->packet->packet;
	const struct net_if *ifp = net_if_get(app->net, o->rec->output.ifid);

	if (reason == DROP_oif_ttl_threshold)
		snprintf(buf, cap, "TTL %u is not above the threshold %u", p->ttl,
			o->rec->output.ttl_threshold);
	else if (reason == DROP_oif_mtu && ifp && p->ip_len > ifp->mtu)
		snprintf(buf, cap, "%u bytes of IP, the MTU of %s is %u", p->ip_len, ifp->conf.name,
			ifp->mtu);
	else
		snprintf(buf, cap, "%s", reason < DROP_COUNT ? drop_text(reason) : "");
	return buf;
}

static void say_sent(const struct teller *t, const struct dp_probe_record *r, const char *name,
	char *buf, size_t cap)
{
	const struct dp_probe_output *d = &r->output;
	char port[CONF_NAMELEN], out[DP_IF_NAMELEN], through[64] = "", by[48] = "", piece[24] = "";

	if (d->tunnel) {
		ifid_name(t->app, d->out_ifid, out, sizeof(out));
		snprintf(through, sizeof(through), " through %s", out);
	}
	if (d->owner != r->worker)
		snprintf(by, sizeof(by), ", handed to worker %u", d->owner);
	if (d->fragment)
		snprintf(piece, sizeof(piece), "fragment %u, ", d->fragment);
	snprintf(buf, cap, "%s%s: %s%u bytes to port %s, queue %u%s%s", name, through, piece,
		r->frame_len, port_id_name(t->app, d->port, port, sizeof(port)), d->queue, by,
		d->shared ? ", buffer shared with other copies" : "");
}

static void put_output(const struct teller *t, json_t *list, const struct story_output *so)
{
	const struct dp_probe_output *d = &so->rec->output;
	enum drop_reason reason = (enum drop_reason)output_reason(so);
	char name[DP_IF_NAMELEN], label[96], addr[IP_STRLEN], text[400], why[200];
	bool copy = so->rec->kind == DP_PROBE_COPY, reg = d->encap == DP_ENCAP_REGISTER;
	json_t *o = add_object(list);

	ifid_name(t->app, d->ifid, name, sizeof(name));
	if (!d->ifid)
		snprintf(name, sizeof(name), "unicast");
	snprintf(label, sizeof(label), "%s%s%s%s", name, reg ? " register" : "",
		ip_is_none(&d->unicast) ? "" : " to ",
		ip_is_none(&d->unicast) ? "" : ip_str(&d->unicast, addr, sizeof(addr)));
	if (reason == DROP_COUNT)
		say_sent(t, so->rec, label, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s: not sent: %s: %s", label, drop_name(reason),
			output_why(t->app, t->s, so, why, sizeof(why)));
	put_number(o, "oif", d->oif);
	put_text(o, "interface", d->ifid ? name : NULL);
	put_ip(o, "unicast", &d->unicast);
	put_text(o, "encap", encap_name(d->encap, &d->unicast));
	put_bool(o, "sent", reason == DROP_COUNT);
	put_text(o, "reason", reason == DROP_COUNT ? NULL : drop_name(reason));
	put_text(o, "text", text);
	put_text(o, "tunnel", d->tunnel ? ifid_name(t->app, d->tunnel, name, sizeof(name)) : NULL);
	put_text(o, "leaves_on", copy ? ifid_name(t->app, d->out_ifid, name, sizeof(name)) : NULL);
	put_text(o, "port", copy ? port_id_name(t->app, d->port, why, sizeof(why)) : NULL);
	put_value(o, "queue", copy ? json_integer(d->queue) : json_null());
	put_value(o, "worker", copy ? json_integer(d->owner) : json_null());
	put_bool(o, "shared", d->shared);
	put_number(o, "fragment", d->fragment);
	if (copy)
		trace_put_frame(o, so->rec);
	else
		put_value(o, "frame", json_null());
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static void put_route(const struct teller *t, json_t *to)
{
	const struct dp_probe_packet *p = t->p;
	char text[PREFIX_STRLEN], name[DP_IF_NAMELEN];
	json_t *o, *list, *in;

	if (!p->has_route) {
		put_value(to, "route", json_null());
		return;
	}
	o = put_object(to, "route");
	put_number(o, "table", p->key.table);
	put_text(o, "source", prefix_str(&p->key.src, text, sizeof(text)));
	put_text(o, "group", prefix_str(&p->key.grp, text, sizeof(text)));
	put_number(o, "outputs", p->n_outputs);
	list = put_array(o, "inputs");
	for (unsigned i = 0; i < p->n_inputs; i++) {
		in = add_object(list);
		put_text(in, "interface", ifid_name(t->app, p->inputs[i].ifid, name, sizeof(name)));
		put_bool(in, "accept", p->inputs[i].flags & DP_INPUT_ACCEPT);
		put_bool(in, "signal", p->inputs[i].flags & DP_INPUT_SIGNAL);
		put_bool(in, "drop", p->inputs[i].flags & DP_INPUT_DROP);
	}
}

static const char *verdict_name(const struct story *s)
{
	if (story_reason(s) != DROP_COUNT)
		return "dropped";
	switch ((enum dp_probe_fate)s->packet->packet.verdict) {
	case DP_FATE_PROTOCOL:
		return "protocol";
	case DP_FATE_KERNEL:
		return "kernel";
	case DP_FATE_HELD:
		return "held";
	case DP_FATE_FORWARD:
	case DP_FATE_DECAP:
	case DP_FATE_REGISTER:
	case DP_FATE_DROP:
		break;
	}
	return s->end.copies ? "forwarded" : "not_sent";
}

static void say_result(const struct teller *t, char *buf, size_t cap)
{
	const struct story *s = t->s;
	uint8_t reason = story_reason(s);

	if (reason != DROP_COUNT)
		snprintf(buf, cap, "dropped: %s", drop_name((enum drop_reason)reason));
	else if (t->p->verdict == DP_FATE_PROTOCOL)
		snprintf(buf, cap, "given to a protocol of this router");
	else if (t->p->verdict == DP_FATE_KERNEL)
		snprintf(buf, cap, "given to the kernel");
	else if (t->p->verdict == DP_FATE_HELD)
		snprintf(buf, cap, "held until there is a route, or until its time is up");
	else if (s->end.copies)
		snprintf(buf, cap, "forwarded: %u of %u output%s took it", s->end.copies,
			s->end.outputs, s->end.outputs == 1 ? "" : "s");
	else
		snprintf(buf, cap, "not sent: none of %u output%s took it", s->end.outputs,
			s->end.outputs == 1 ? "" : "s");
}

json_t *trace_story(const struct app *app, const struct story *s)
{
	const struct dp_probe_packet *p = &s->packet->packet;
	struct teller t = {.app = app, .s = s, .p = p};
	char name[CONF_NAMELEN], result[160];
	json_t *o = json_object(), *list;
	uint8_t reason = story_reason(s);

	put_text(o, "time", time_text(s->packet->time_ns, result, sizeof(result)));
	put_number(o, "worker", s->packet->worker);
	put_text(o, "port", port_id_name(app, p->port, name, sizeof(name)));
	put_number(o, "queue", p->queue);
	put_text(o, "interface",
		p->outer_ifid ? ifid_name(app, p->outer_ifid, name, sizeof(name)) : NULL);
	put_text(o, "tunnel", p->decaps ? ifid_name(app, p->ifid, name, sizeof(name)) : NULL);
	put_bool(o, "released", p->released);
	trace_put_frame(o, s->packet);
	t.steps = put_array(o, "steps");
	tell_arrival(&t);
	if (was_looked_up(p))
		tell_lookup(&t);
	put_route(&t, o);
	list = put_array(o, "outputs");
	for (uint32_t i = 0; i < s->n_outputs; i++)
		put_output(&t, list, &s->outputs[i]);
	put_number(o, "outputs_total", s->end.outputs);
	put_number(o, "outputs_lost", s->end.lost);
	put_text(o, "verdict", verdict_name(s));
	put_text(o, "reason", reason == DROP_COUNT ? NULL : drop_name((enum drop_reason)reason));
	say_result(&t, result, sizeof(result));
	put_text(o, "result", result);
	return o;
}
