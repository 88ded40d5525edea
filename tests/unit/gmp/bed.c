/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router of the membership tests.
 */
#include "tests/unit/gmp/bed.h"

#include <stdarg.h>
#include <stdlib.h>

#include "control/base/hash.h"

struct told_node {
	struct hash_node node;
	struct member m;
};

struct bed_told {
	struct hash_table t;
};

/* --- a data plane that does nothing ----------------------------------------------------------------- */

static int if_set(void *dp, const struct dp_if *ifp)
{
	return 0;
}

static int if_del(void *dp, uint16_t ifid)
{
	return 0;
}

static int local_set(void *dp, const struct dp_local *v, uint32_t n)
{
	return 0;
}

static int adj_set(void *dp, const struct dp_adj *adj)
{
	return 0;
}

static int adj_del(void *dp, uint32_t adj)
{
	return 0;
}

static const struct dp_ops nothing_ops = {.if_set = if_set,
	.if_del = if_del,
	.local_set = local_set,
	.adj_set = adj_set,
	.adj_del = adj_del};
static const struct dp nothing = {.ops = &nothing_ops};

/* --- events and actions ------------------------------------------------------------------------------ */

static void fatal(const char *what)
{
	fprintf(stderr, "membership test bed: %s\n", what);
	abort();
}

static uint32_t member_hash(const struct member *m)
{
	return ip_hash(&m->src, ip_hash(&m->grp, m->ifid));
}

static char letter_of(const struct ipaddr *a)
{
	return (char)('a' + a->b[a->family == IP_V6 ? 15 : 3] - 1);
}

static void order(struct bed *b, const struct member *m)
{
	size_t n = strlen(b->order);

	if (n + 3 > sizeof(b->order))
		return;
	b->order[n] = "-+!"[m->state];
	b->order[n + 1] = ip_is_none(&m->src) ? '*' : letter_of(&m->src);
	b->order[n + 2] = '\0';
}

static void member(struct bed *b, const struct member *m)
{
	struct hash_node *n = hash_first(&b->state->t, member_hash(m));
	struct told_node *t;

	b->told++;
	order(b, m);
	for (; n; n = hash_same(n)) {
		t = container_of(n, struct told_node, node);
		if (t->m.ifid != m->ifid || !ip_eq(&t->m.src, &m->src) ||
			!ip_eq(&t->m.grp, &m->grp))
			continue;
		b->repeats += t->m.state == m->state;
		t->m.state = m->state;
		if (m->state == MEMBER_NONE) {
			hash_del(&b->state->t, n);
			free(t);
		}
		return;
	}
	if (m->state == MEMBER_NONE) {
		b->repeats++;
		return;
	}
	t = calloc(1, sizeof(*t));
	t->m = *m;
	hash_add(&b->state->t, &t->node, member_hash(m));
}

static void sent(struct bed *b, const struct action *a)
{
	struct bed_query *q;

	if (b->n_queries == b->cap_queries) {
		b->cap_queries = b->cap_queries * 2 + 16;
		b->queries = realloc(b->queries, b->cap_queries * sizeof(*b->queries));
	}
	q = &b->queries[b->n_queries];
	q->data = malloc(a->send.len);
	memcpy(q->data, a->send.data, a->send.len);
	q->len = a->send.len;
	q->at_us = b->now_us;
	q->ifid = a->send.ifid;
	if ((q->data[0] >> 4 == 4 ? igmp_parse : mld_parse)(q->data, q->len, &q->m) != GMP_PARSED)
		fatal("the router sent what it would not take");
	if (q->len > net_if_get(b->net, q->ifid)->mtu)
		fatal("the router sent more than the MTU");
	b->n_queries++;
}

static void action(struct bed *b, const struct action *a)
{
	switch (a->kind) {
	case ACT_SEND_IP:
		sent(b, a);
		break;
	case ACT_MEMBER:
		member(b, &a->member);
		break;
	case ACT_NOTIFY:
		b->notes++;
		snprintf(b->note, sizeof(b->note), "%s", a->notify.text);
		break;
	case ACT_WISH_SET:
	case ACT_WISH_DEL:
	case ACT_SEND_ROUTED:
	case ACT_REACH:
		fatal("an action that is not a membership protocol's");
	}
}

static void event(struct bed *b, const struct event *ev)
{
	struct actions out = {0};
	struct proto_ctx ctx = {.now_us = b->now_us,
		.self = 7,
		.net = b->net,
		.timers = b->timers,
		.out = &out,
		.dp = &nothing};

	gmp_proto.event(b->self, ev, &ctx);
	for (size_t i = 0; i < out.n; i++)
		action(b, &out.v[i]);
	actions_fini(&out);
}

static void net_changed(void *arg, const struct net_change *c)
{
	struct bed *b = arg;
	struct event ev = {.kind = EV_NET, .net = *c};

	event(b, &ev);
}

struct bed *bed_new(void)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct net_env env = {.arg = b, .changed = net_changed};

	b->now_us = 1000 * BED_S;
	b->state = calloc(1, sizeof(*b->state));
	if (hash_init(&b->state->t))
		fatal("no memory");
	b->timers = timer_heap_new();
	b->self = gmp_proto.new();
	gmp_config_default(&b->all);
	b->net = net_new(&nothing, &env);
	return b;
}

void bed_free(struct bed *b)
{
	struct hash_node *n;

	gmp_proto.free(b->self, b->timers);
	if (timer_count(b->timers) != 0)
		fatal("a timer was left behind");
	timer_heap_free(b->timers);
	b->self = gmp_proto.new(); /* net_free may still speak */
	net_free(b->net);
	gmp_proto.free(b->self, NULL);
	while ((n = hash_next(&b->state->t, NULL))) {
		hash_del(&b->state->t, n);
		free(container_of(n, struct told_node, node));
	}
	hash_fini(&b->state->t);
	free(b->state);
	for (size_t i = 0; i < b->n_queries; i++)
		free(b->queries[i].data);
	free(b->queries);
	free(b);
}

void bed_run(struct bed *b, uint64_t us)
{
	uint64_t end = b->now_us + us;
	struct event ev = {.kind = EV_TIMER};

	while (timer_next(b->timers) <= end) {
		if (timer_next(b->timers) > b->now_us)
			b->now_us = timer_next(b->timers);
		ev.timer = timer_pop(b->timers, b->now_us);
		event(b, &ev);
	}
	b->now_us = end;
}

/* --- interfaces and settings --------------------------------------------------------------------------- */

static void set_addresses(struct net_if_conf *c, const char *v4, const char *v6)
{
	const char *texts[2] = {v4, v6};

	c->n_addrs = 0;
	for (int i = 0; i < 2; i++)
		if (texts[i] && prefix_parse_if(texts[i], &c->addrs[c->n_addrs].ip,
					&c->addrs[c->n_addrs].len) == 0)
			c->n_addrs++;
}

uint16_t bed_if(struct bed *b, const char *name, const char *v4, const char *v6)
{
	struct net_if_conf c = {.kind = DP_IF_ETHER};
	uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)++b->ports};
	uint16_t ifid = 0;

	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.port, sizeof(c.port), "p%u", b->ports);
	set_addresses(&c, v4, v6);
	if (net_if_add(b->net, &c, &ifid))
		fatal("no interface");
	net_port_set(b->net, c.port, b->ports, mac, 1500);
	net_port_link(b->net, c.port, true);
	net_if_admin(b->net, ifid, true);
	return ifid;
}

void bed_if_del(struct bed *b, uint16_t ifid)
{
	net_if_del(b->net, ifid);
}

void bed_if_up(struct bed *b, uint16_t ifid, bool up)
{
	net_if_admin(b->net, ifid, up);
}

void bed_readdress(struct bed *b, uint16_t ifid, const char *v4, const char *v6)
{
	struct net_if_conf c = net_if_get(b->net, ifid)->conf;

	set_addresses(&c, v4, v6);
	if (net_if_change(b->net, ifid, &c))
		fatal("address not taken");
}

struct gmp_if_config *bed_conf(struct bed *b, const char *name, enum ip_family family)
{
	struct gmp_if_config *c = &b->conf[b->n_conf++];

	gmp_if_config_default(c, family);
	snprintf(c->interface, sizeof(c->interface), "%s", name);
	return c;
}

void bed_config(struct bed *b)
{
	struct event ev = {.kind = EV_CONFIG, .config = &b->all};

	b->all.ifs = b->conf;
	b->all.n_ifs = b->n_conf;
	event(b, &ev);
}

int bed_command(struct bed *b, const struct gmp_command *c, char *err, size_t cap)
{
	int result = -1;
	struct event ev = {.kind = EV_COMMAND};

	ev.command.request = c;
	ev.command.result = &result;
	ev.command.error = err;
	ev.command.error_cap = cap;
	event(b, &ev);
	return result;
}

void bed_packet_in(struct bed *b, uint16_t ifid, const struct bed_packet *p)
{
	struct event ev = {.kind = EV_PACKET};

	ev.packet.ifid = ifid;
	ev.packet.family = p->data[0] >> 4 == 6 ? IP_V6 : IP_V4;
	ev.packet.data = p->data;
	ev.packet.len = p->len;
	event(b, &ev);
}

/* --- looking ------------------------------------------------------------------------------------------- */

struct ipaddr bed_addr(const char *text)
{
	struct ipaddr a = {0};

	if (ip_parse(text, &a))
		fatal(text);
	return a;
}

struct ipaddr bed_source(enum ip_family family, char letter)
{
	struct ipaddr a = bed_addr(family == IP_V6 ? "2001:db8:9::" : "10.9.0.0");

	a.b[family == IP_V6 ? 15 : 3] = (uint8_t)(letter - 'a' + 1);
	return a;
}

struct counter_of {
	const char *name;
	enum gmp_counter c;
	uint64_t value;
};

static bool counter_cb(void *arg, const struct gmp_if_info *i)
{
	struct counter_of *q = arg;

	if (!strcmp(q->name, i->interface))
		q->value = i->counters[q->c];
	return true;
}

uint64_t bed_counter(
	const struct bed *b, const char *name, enum ip_family family, enum gmp_counter c)
{
	struct counter_of q = {.name = name, .c = c};

	gmp_if_walk(b->self, (uint8_t)family, b->now_us, counter_cb, &q);
	return q.value;
}

struct text {
	char buf[512];
	size_t n;
	bool zero; /* print the blocked ones */
};

static struct text state_text, told_text, query_text;

static void __attribute__((format(printf, 2, 3))) put(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (t->n < sizeof(t->buf))
		t->n += (size_t)vsnprintf(t->buf + t->n, sizeof(t->buf) - t->n, fmt, ap);
	va_end(ap);
}

static bool source_cb(void *arg, const struct gmp_source_info *i)
{
	struct text *t = arg;

	if (i->forward == t->zero)
		return true;
	put(t, " %c", letter_of(&i->src));
	if (i->left_us == TIMER_NEVER)
		put(t, "=static");
	else if (!t->zero)
		put(t, "=%g", (double)i->left_us / BED_S);
	return true;
}

static bool group_cb(void *arg, const struct gmp_group_info *i)
{
	*(struct gmp_group_info *)arg = *i;
	return false;
}

const char *bed_state(const struct bed *b, uint16_t ifid, const char *grp)
{
	struct gmp_group_info g = {0};
	struct ipaddr a = bed_addr(grp);
	struct text *t = &state_text;

	*t = (struct text){0};
	gmp_group_walk(b->self, 0, ifid, &a, b->now_us, group_cb, &g);
	if (!g.ifid)
		return "none";
	put(t, "%s", g.exclude ? "EXCLUDE" : "INCLUDE");
	gmp_source_walk(b->self, 0, ifid, &a, b->now_us, source_cb, t);
	if (!g.exclude)
		return t->buf;
	put(t, " |");
	t->zero = true;
	gmp_source_walk(b->self, 0, ifid, &a, b->now_us, source_cb, t);
	put(t, ", G=%g", (double)g.left_us / BED_S);
	return t->buf;
}

static enum member_state told_state(const struct bed *b, const struct member *m)
{
	struct hash_node *n = hash_first(&b->state->t, member_hash(m));

	for (; n; n = hash_same(n)) {
		struct told_node *t = container_of(n, struct told_node, node);

		if (t->m.ifid == m->ifid && ip_eq(&t->m.src, &m->src) && ip_eq(&t->m.grp, &m->grp))
			return t->m.state;
	}
	return MEMBER_NONE;
}

const char *bed_told(const struct bed *b, uint16_t ifid, const char *grp)
{
	struct member m = {.ifid = ifid, .grp = bed_addr(grp)};
	struct text *t = &told_text;

	*t = (struct text){0};
	if (told_state(b, &m) == MEMBER_INCLUDE)
		put(t, "*");
	for (char c = 'a'; c <= 'z'; c++) {
		m.src = bed_source(m.grp.family, c);
		if (told_state(b, &m) == MEMBER_INCLUDE)
			put(t, "%s%c", t->n ? " " : "", c);
	}
	for (char c = 'a'; c <= 'z'; c++) {
		m.src = bed_source(m.grp.family, c);
		if (told_state(b, &m) == MEMBER_EXCLUDE)
			put(t, "%s!%c", t->n ? " " : "", c);
	}
	return t->buf;
}

const char *bed_queries(struct bed *b)
{
	struct text *t = &query_text;

	*t = (struct text){0};
	for (size_t i = 0; i < b->n_queries; i++) {
		const struct gmp_msg *m = &b->queries[i].m;

		put(t, "%sQ", t->n ? " " : "");
		if (!ip_is_any(&m->grp))
			put(t, "(G%s", m->n ? "," : "");
		for (unsigned s = 0; s < m->n; s++) {
			struct ipaddr a = gmp_source_at(m->raw, m->from.family, s);

			put(t, "%c", letter_of(&a));
		}
		if (!ip_is_any(&m->grp))
			put(t, ")");
		put(t, "%s", m->suppress ? " S" : "");
		free(b->queries[i].data);
	}
	b->n_queries = 0;
	return t->buf;
}

/* --- digest ------------------------------------------------------------------------------------------------ */

static void mix(uint64_t *h, const void *p, size_t n)
{
	const uint8_t *v = p;

	for (size_t i = 0; i < n; i++)
		*h = (*h ^ v[i]) * 0x100000001b3ull;
}

static bool digest_group(void *arg, const struct gmp_group_info *i)
{
	uint32_t v[] = {
		i->ifid, i->exclude, i->state, i->version, i->is_static, i->n_sources, i->n_hosts};

	mix(arg, v, sizeof(v));
	mix(arg, &i->grp, sizeof(i->grp));
	mix(arg, &i->left_us, sizeof(i->left_us));
	return true;
}

static bool digest_source(void *arg, const struct gmp_source_info *i)
{
	uint32_t v[] = {i->forward, i->is_static};

	mix(arg, v, sizeof(v));
	mix(arg, &i->src, sizeof(i->src));
	mix(arg, &i->left_us, sizeof(i->left_us));
	return true;
}

static bool digest_host(void *arg, const struct gmp_host_info *i)
{
	uint32_t v[] = {i->exclude, i->n_sources};

	mix(arg, v, sizeof(v));
	mix(arg, &i->host, sizeof(i->host));
	mix(arg, i->sources, i->n_sources * sizeof(*i->sources));
	return true;
}

static bool digest_if(void *arg, const struct gmp_if_info *i)
{
	uint32_t v[] = {i->running, i->querier, i->robustness, i->query_interval_s,
		i->query_response_interval_ms, i->groups, i->entries};

	mix(arg, v, sizeof(v));
	mix(arg, &i->querier_address, sizeof(i->querier_address));
	return true;
}

uint64_t bed_digest(const struct bed *b)
{
	uint64_t h = 0xcbf29ce484222325ull;

	gmp_if_walk(b->self, 0, b->now_us, digest_if, &h);
	gmp_group_walk(b->self, 0, 0, NULL, b->now_us, digest_group, &h);
	gmp_source_walk(b->self, 0, 0, NULL, b->now_us, digest_source, &h);
	gmp_host_walk(b->self, 0, 0, NULL, b->now_us, digest_host, &h);
	mix(&h, &b->told, sizeof(b->told));
	return h;
}
