/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain about the packets themselves: whether they come, and still come, by the input; what was
 * dropped, and still is; how many a second. Counters tell what was since they began; what is so now is what has changed
 * since somebody looked last, if that was not long ago.
 */
#include "app/ports.h"
#include "app/shell/explain.h"

#include <string.h>

/* A flow that has sent nothing for so long has stopped, or is a slow one: the verdict tells the time. */
#define SILENT_MS 5000
/* What has changed since the last look is what happens now, if that was so long ago at most. */
#define NOW_S 60

bool explain_is_silent(const struct explain *x)
{
	const struct dp_route_counters *c = &x->counters;

	return c->packets && c->last_used_ms != UINT64_MAX && c->last_used_ms > SILENT_MS;
}

/* NULL: nobody has looked lately. */
static const struct rate *rate_now(const struct explain *x)
{
	return x->has_rate && x->rate.seconds <= NOW_S ? &x->rate : NULL;
}

bool explain_of_more(const struct explain *x)
{
	return !ip_is_none(&x->src) && x->entry.key.src.len < 8 * ip_bytes(&x->src);
}

uint16_t explain_first_hop(const struct explain *x)
{
	struct net_rpf rpf;

	memset(&rpf, 0, sizeof(rpf));
	if (!explain_of_more(x) || x->entry.merged->input_owner != x->app->pim_number ||
		!explain_rpf(x, &rpf) || !ip_is_none(&rpf.neighbor))
		return 0;
	return rpf.ifid;
}

/* The route's inputs, as far as buf has room. */
static const char *input_names(const struct explain *x, char *buf, size_t cap)
{
	const struct tib_merged *m = x->entry.merged;
	char name[DP_IF_NAMELEN];
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < m->n_inputs && used + DP_IF_NAMELEN + 3 < cap; i++)
		used += (size_t)snprintf(buf + used, cap - used, "%s%s", used ? ", " : "",
			ifid_name(x->app, m->inputs[i].ifid, name, sizeof(name)));
	return buf;
}

/* --- where to look ------------------------------------------------------------------------------------- */

/* Who is to send what does not come. */
static void whom_to_ask(const struct explain *x, char *buf, size_t cap)
{
	char src[IP_STRLEN], hop[IP_STRLEN], name[DP_IF_NAMELEN];
	struct net_rpf rpf;

	memset(&rpf, 0, sizeof(rpf));
	if (ip_is_none(&x->src)) {
		snprintf(buf, cap, "do the sources still send?");
		return;
	}
	ip_str(&x->src, src, sizeof(src));
	if (!explain_rpf(x, &rpf)) {
		snprintf(buf, cap, "does %s still send? It is unreachable from here (%s)", src,
			rpf.why);
		return;
	}
	ifid_name(x->app, rpf.ifid, name, sizeof(name));
	if (ip_is_none(&rpf.neighbor))
		snprintf(buf, cap, "does %s on %s still send?", src, name);
	else
		snprintf(buf, cap,
			"does %s still send, and does the RPF neighbor %s on %s forward it? Ask there",
			src, ip_str(&rpf.neighbor, hop, sizeof(hop)), name);
}

/* What to do about packets that come in elsewhere: only a static route's input is the operator's word. */
static const char *wrong_if_advice(const struct explain *x)
{
	if (x->entry.merged->input_owner == x->app->static_number)
		return "change the route's input, or the way of the packets";
	return "the unicast route to the source (for its tree) or to the RP decides the input, see "
	       "show rpf: change that, or the way of the packets";
}

/* --- do they come? -------------------------------------------------------------------------------------- */

/* Packets of whoever sends to the group came in elsewhere: of this source it says nothing. */
static void note_wrong_if_of_more(struct explain *x)
{
	char inputs[128];

	input_names(x, inputs, sizeof(inputs));
	if (x->counters.wrong_if)
		explain_check(x, "wrong_if", true,
			"%llu packets of the group, of any source, came in on another interface than %s "
			"and were dropped: trace shows whose",
			(unsigned long long)x->counters.wrong_if, inputs);
}

/* Packets came in elsewhere: amiss if they still do, or if nothing comes where it should. */
static void check_wrong_if(struct explain *x)
{
	const struct rate *rate = x->has_rate ? &x->rate : NULL;
	unsigned long long n = x->counters.wrong_if;
	char inputs[128];

	if (!n)
		return;
	input_names(x, inputs, sizeof(inputs));
	if (rate && rate->wrong_if_ps > 0)
		explain_lack(x, "wrong_if",
			"%llu packets came in on another interface than %s and were dropped, "
			"%.1f a second since the last look: %s; trace shows where they come in",
			n, inputs, rate->wrong_if_ps, wrong_if_advice(x));
	else if (rate)
		explain_check(x, "wrong_if", true,
			"%llu packets came in on another interface than %s and were dropped, none "
			"since the last look",
			n, inputs);
	else if (explain_is_silent(x))
		explain_lack(x, "wrong_if",
			"%llu packets came in on another interface than %s and were dropped; explain "
			"again tells whether they still come",
			n, inputs);
	else
		explain_check(x, "wrong_if", true,
			"%llu more came in on another interface and were dropped; explain again "
			"tells whether they still come",
			n);
}

static bool check_never(struct explain *x)
{
	const struct dp_route_counters *c = &x->counters;
	char inputs[128], name[DP_IF_NAMELEN];
	uint16_t first_hop = explain_first_hop(x);

	input_names(x, inputs, sizeof(inputs));
	if (c->wrong_if && !explain_of_more(x))
		return explain_check(x, "packets", false,
			"%llu packets came in on another interface than %s: %s; trace shows where they "
			"come in",
			(unsigned long long)c->wrong_if, inputs, wrong_if_advice(x));
	return explain_check(x, "packets", false,
		"no packet has arrived on %s: is the sender on, does its TTL suffice, does a switch "
		"hold the group back? See show interface, show drop, and trace for what comes",
		first_hop ? ifid_name(x->app, first_hop, name, sizeof(name)) : inputs);
}

static bool check_arrival(struct explain *x)
{
	const struct dp_route_counters *c = &x->counters;
	char ask[256];

	if (!c->packets)
		return check_never(x);
	if (explain_is_silent(x)) {
		whom_to_ask(x, ask, sizeof(ask));
		return explain_check(x, "packets", false,
			"has forwarded, but nothing has come for %llu s (%llu packets before): %s",
			(unsigned long long)c->last_used_ms / 1000, (unsigned long long)c->packets,
			ask);
	}
	if (c->last_used_ms == UINT64_MAX)
		return explain_check(x, "packets", true, "%llu packets were accepted",
			(unsigned long long)c->packets);
	return explain_check(x, "packets", true,
		"%llu packets were accepted, the last one %llu ms ago",
		(unsigned long long)c->packets, (unsigned long long)c->last_used_ms);
}

/* --- what becomes of them ------------------------------------------------------------------------------- */

/* What dp_route_counters.dropped can come from. */
static bool drops_whole_packets(enum drop_reason r)
{
	return r == DROP_ttl_expired || (r >= DROP_no_output && r <= DROP_no_mbuf);
}

/* Why packets of the route were dropped. The counters by reason are those of all routes: where one alone has
 * counted it is the cause, else they are candidates. */
static const char *drop_cause(const struct explain *x, char *buf, size_t cap)
{
	enum drop_reason last = DROP_COUNT;
	uint64_t drops[DROP_COUNT];
	unsigned n = 0;
	size_t used = 0;

	buf[0] = '\0';
	drops_sum(x->app, drops);
	for (unsigned r = 0; r < DROP_COUNT && used < cap; r++) {
		if (!drops_whole_packets((enum drop_reason)r) || !drops[r])
			continue;
		last = (enum drop_reason)r;
		used += (size_t)snprintf(buf + used, cap - used, "%s%s %llu", n++ ? ", " : "",
			drop_name(last), (unsigned long long)drops[r]);
	}
	if (n == 1 && drops[last] >= x->counters.dropped)
		snprintf(buf, cap, "%s (%s)%s", drop_text(last), drop_name(last),
			last == DROP_ttl_expired ? "; let the sender use a larger TTL" : "");
	else if (used < cap)
		snprintf(buf + used, cap - used, "%strace shows why, show drop counts",
			n ? " on all routes: " : "");
	return buf;
}

/* Some were dropped, others forwarded: amiss while it goes on. */
static bool check_dropped_some(struct explain *x)
{
	unsigned long long dropped = x->counters.dropped;
	const struct rate *now = rate_now(x);
	const char *were = dropped == 1 ? "was" : "were";
	char cause[400];

	drop_cause(x, cause, sizeof(cause));
	if (!now)
		return explain_check(
			x, "dropped", true, "%llu of them %s dropped: %s", dropped, were, cause);
	if (now->dropped_ps <= 0)
		return explain_check(x, "dropped", true,
			"%llu of them %s dropped, none in the last %.1f s", dropped, were,
			now->seconds);
	if (now->dropped_ps < now->pps)
		return explain_check(x, "dropped", true,
			"%llu of them %s dropped, %.1f a second now: %s", dropped, were,
			now->dropped_ps, cause);
	return explain_check(x, "dropped", false,
		"all that came in the last %.1f s was dropped, %.1f packets/s (%llu were forwarded "
		"before): %s",
		now->seconds, now->dropped_ps, (unsigned long long)x->counters.packets - dropped,
		cause);
}

static bool check_dropped(struct explain *x)
{
	const struct dp_route_counters *c = &x->counters;
	char cause[400];

	if (!c->dropped)
		return true;
	if (c->dropped < c->packets)
		return check_dropped_some(x);
	return explain_check(x, "dropped", false, "all %llu packets were dropped: %s",
		(unsigned long long)c->dropped, drop_cause(x, cause, sizeof(cause)));
}

/* --- in a line ------------------------------------------------------------------------------------------- */

/* ", the last one 3 ms ago" */
static const char *last_one(const struct explain *x, char *buf, size_t cap)
{
	buf[0] = '\0';
	if (x->counters.last_used_ms != UINT64_MAX)
		snprintf(buf, cap, ", the last one %llu ms ago",
			(unsigned long long)x->counters.last_used_ms);
	return buf;
}

void explain_headline(const struct explain *x, char *buf, size_t cap)
{
	const struct dp_route_counters *c = &x->counters;
	unsigned long long forwarded = c->packets - c->dropped, dropped = c->dropped;
	const struct rate *now = rate_now(x);
	char last[48];
	size_t n;

	last_one(x, last, sizeof(last));
	if (!now && dropped) {
		snprintf(buf, cap,
			"%llu packets were forwarded and %llu dropped so far%s: explain again tells "
			"which it is now",
			forwarded, dropped, last);
	} else if (!now) {
		snprintf(buf, cap, "forwarding: %llu packets so far%s", forwarded, last);
	} else if (now->pps <= 0) {
		snprintf(buf, cap, "forwarding: %llu packets so far, none in the last %.1f s%s",
			forwarded, now->seconds, last);
	} else {
		n = (size_t)snprintf(buf, cap, "forwarding: %.1f packets/s in the last %.1f s",
			now->pps - now->dropped_ps, now->seconds);
		if (now->dropped_ps > 0 && n < cap)
			snprintf(buf + n, cap - n, ", %.1f packets/s dropped", now->dropped_ps);
	}
	if (explain_of_more(x)) {
		n = strlen(buf);
		snprintf(buf + n, cap - n, " (of all sources of the route)");
	}
}

/* Whether the lookup is spared: a help, never a condition. */
static void note_mark(struct explain *x)
{
	char names[128];
	uint16_t id;

	if (x->app->ports && ports_mark(x->app->ports, &x->entry.key, &id, names, sizeof(names)))
		explain_check(x, "mark", true,
			"mark %u on %s: its packets come with the route's number and need no lookup",
			id, names);
}

void explain_flow(struct explain *x)
{
	const struct dp_route_counters *c = &x->counters;
	bool comes;

	x->has_rate = rate_sample(&x->entry.key, app_now_us(), c, &x->rate);
	comes = check_arrival(x);
	if (explain_of_more(x))
		note_wrong_if_of_more(x);
	else if (c->packets)
		check_wrong_if(x);
	if (!comes || !check_dropped(x))
		return;
	if (rate_now(x))
		explain_check(x, "rate", true, "%.1f packets/s, %.0f bit/s", x->rate.pps,
			x->rate.bits_ps);
	else
		explain_check(x, "rate", true, "explain again for the rate since now");
	note_mark(x);
}
