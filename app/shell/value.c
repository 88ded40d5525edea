/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Building blocks of the shell's JSON values.
 */
#include "app/shell/value.h"

#include "app/ports.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void put_value(json_t *o, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(o, key, value);
}

void put_text(json_t *o, const char *key, const char *text)
{
	put_value(o, key, text ? json_string(text) : json_null());
}

void put_number(json_t *o, const char *key, uint64_t number)
{
	put_value(o, key, json_integer((json_int_t)number));
}

void put_bool(json_t *o, const char *key, bool yes)
{
	put_value(o, key, json_boolean(yes));
}

void put_real(json_t *o, const char *key, double number)
{
	put_value(o, key, json_real(number));
}

void put_ip(json_t *o, const char *key, const struct ipaddr *ip)
{
	char buf[IP_STRLEN];

	put_text(o, key, ip_is_none(ip) ? NULL : ip_str(ip, buf, sizeof(buf)));
}

void put_last_from(json_t *array, const char *counter, const struct ipaddr *address)
{
	json_t *o = ip_is_none(address) ? NULL : add_object(array);

	if (!o)
		return;
	put_text(o, "counter", counter);
	put_ip(o, "address", address);
}

const char *last_from(const json_t *array, const char *counter)
{
	const json_t *o;
	size_t i;

	json_array_foreach (array, i, o) {
		const char *name = json_string_value(json_object_get(o, "counter"));

		if (name && strcmp(name, counter) == 0)
			return json_string_value(json_object_get(o, "address"));
	}
	return NULL;
}

void put_left(json_t *o, const char *key, uint64_t left_us)
{
	put_value(o, key, left_us == TIMER_NEVER ? json_null() : json_real((double)left_us / 1e6));
}

void put_until(json_t *o, const char *key, uint64_t due_us, uint64_t now_us)
{
	put_left(o, key,
		due_us == TIMER_NEVER ? TIMER_NEVER
		: due_us > now_us     ? due_us - now_us
				      : 0);
}

void put_since(json_t *o, const char *key, uint64_t since_us, uint64_t now_us)
{
	put_number(o, key, now_us > since_us ? (now_us - since_us) / 1000000 : 0);
}

void put_mac(json_t *o, const char *key, const uint8_t mac[6])
{
	char buf[18];

	snprintf(buf, sizeof(buf), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
	put_text(o, key, buf);
}

json_t *put_array(json_t *o, const char *key)
{
	json_t *a = json_array();

	put_value(o, key, a);
	return a;
}

json_t *put_object(json_t *o, const char *key)
{
	json_t *inner = json_object();

	put_value(o, key, inner);
	return inner;
}

json_t *add_object(json_t *array)
{
	json_t *o = json_object();

	if (o)
		json_array_append_new(array, o);
	return o;
}

const char *prefix_text(const struct prefix *p, char *buf, size_t cap)
{
	char ip[IP_STRLEN];

	snprintf(buf, cap, "%s/%u", ip_str(&p->addr, ip, sizeof(ip)), p->len);
	return buf;
}

const char *ifid_name(const struct app *app, uint16_t ifid, char *buf, size_t cap)
{
	const struct net_if *ifp = net_if_get(app->net, ifid);

	if (ifid == DP_IF_ANY)
		snprintf(buf, cap, "any");
	else if (ifid == DP_IF_REGISTER)
		snprintf(buf, cap, "register");
	else if (ifp)
		snprintf(buf, cap, "%s", ifp->conf.name);
	else
		snprintf(buf, cap, "#%u", ifid);
	return buf;
}

const char *encap_name(uint8_t encap, const struct ipaddr *unicast)
{
	if (ip_is_none(unicast))
		return NULL;
	return encap == DP_ENCAP_REGISTER ? "register" : "her";
}

const char *rtm_protocol_name(uint8_t protocol, char *buf, size_t cap)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "redirect"}, {2, "kernel"}, {3, "boot"}, {4, "static"}, {9, "ra"},
		{10, "mrt"}, {11, "zebra"}, {12, "bird"}, {16, "dhcp"}, {18, "keepalived"},
		{42, "babel"}, {99, "openr"}, {186, "bgp"}, {187, "isis"}, {188, "ospf"},
		{189, "rip"}, {190, "ripng"}, {191, "nhrp"}, {192, "eigrp"}};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].number == protocol)
			return names[i].name;
	snprintf(buf, cap, "%u", protocol);
	return buf;
}

/* The port behind an interface, if it is known. */
static bool find_port(const struct app *app, const char *name, struct port_info *out)
{
	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++)
		if (ports_info(app->ports, i, out) && strcmp(out->name, name) == 0)
			return true;
	return false;
}

const char *if_problem(const struct app *app, const struct net_if *ifp, char *buf, size_t cap)
{
	struct port_info port;

	buf[0] = '\0';
	if (ifp->up)
		return buf;
	if (!ifp->admin)
		snprintf(buf, cap, "administratively down: set interface %s up", ifp->conf.name);
	else if (ifp->conf.kind == DP_IF_ETHER && ifp->port == NET_PORT_NONE)
		snprintf(buf, cap, "its port %s is absent%s%s", ifp->conf.port,
			find_port(app, ifp->conf.port, &port) && port.problem[0] ? ": " : "",
			find_port(app, ifp->conf.port, &port) ? port.problem : "");
	else if (!ifp->link)
		snprintf(buf, cap, "its port %s has no carrier: check the cable or the other end",
			ifp->conf.port);
	else
		snprintf(buf, cap, "not up yet");
	return buf;
}

const char *pim_if_problem(
	const struct app *app, const struct pim_iface_info *i, char *buf, size_t cap)
{
	const struct net_if *ifp = net_if_get(app->net, i->ifid);

	buf[0] = '\0';
	if (i->up || !ifp)
		return buf;
	if (!ifp->up)
		return if_problem(app, ifp, buf, cap);
	if (ifp->conf.kind == DP_IF_LOOPBACK)
		snprintf(buf, cap, "no %s address: add one to the interface",
			i->family == IP_V6 ? "IPv6" : "IPv4");
	else
		snprintf(buf, cap, "no %s to speak from: add one to the interface",
			i->family == IP_V6 ? "link-local IPv6 address" : "IPv4 address");
	return buf;
}

size_t show_limit(const struct cmd_args *args)
{
	const char *n = cmd_has(args, "limit") ? cmd_arg(args, "N") : NULL;

	return n ? strtoul(n, NULL, 10) : SHOW_LIMIT;
}

void put_totals(json_t *o, size_t total, size_t shown)
{
	put_number(o, "total", total);
	put_number(o, "shown", shown);
}

void text_totals(const json_t *o, FILE *to)
{
	json_int_t total = json_integer_value(json_object_get(o, "total"));
	json_int_t shown = json_integer_value(json_object_get(o, "shown"));

	if (total > shown)
		fprintf(to,
			"%" JSON_INTEGER_FORMAT
			" more are not shown: name an address, or `limit N`\n",
			total - shown);
}

void text_not_back(const json_t *tree, const char *input, FILE *to)
{
	fprintf(to, "(%s, %s): nothing is sent back to %s, where its packets come from\n",
		json_string_value(json_object_get(tree, "source")),
		json_string_value(json_object_get(tree, "group")), input);
}

/* --- rates -------------------------------------------------------------------------------------- */

#define RATE_SLOTS 1024
#define RATE_MIN_US 100000

/* The last look at a route. A slot is simply taken over by another route of the same hash: a rate is
 * then told one look later. */
struct rate_slot {
	struct dp_route_key key;
	uint64_t at_us;
	struct dp_route_counters c;
	struct rate last;
	bool has_rate;
};

bool rate_sample(const struct dp_route_key *key, uint64_t now_us, const struct dp_route_counters *c,
	struct rate *out)
{
	static struct rate_slot slots[RATE_SLOTS];
	uint32_t hash = ip_hash(&key->grp.addr, ip_hash(&key->src.addr, key->table));
	struct rate_slot *s = &slots[hash % RATE_SLOTS];
	bool same = s->at_us && memcmp(&s->key, key, sizeof(*key)) == 0 && now_us >= s->at_us &&
		    c->packets >= s->c.packets && c->bytes >= s->c.bytes &&
		    c->wrong_if >= s->c.wrong_if && c->dropped >= s->c.dropped;

	if (same && now_us - s->at_us < RATE_MIN_US) {
		*out = s->last;
		return s->has_rate;
	}
	if (same) {
		double seconds = (double)(now_us - s->at_us) / 1e6;

		s->last.pps = (double)(c->packets - s->c.packets) / seconds;
		s->last.bits_ps = (double)(c->bytes - s->c.bytes) * 8 / seconds;
		s->last.wrong_if_ps = (double)(c->wrong_if - s->c.wrong_if) / seconds;
		s->last.dropped_ps = (double)(c->dropped - s->c.dropped) / seconds;
		s->last.seconds = seconds;
	}
	s->has_rate = same;
	s->key = *key;
	s->at_us = now_us;
	s->c = *c;
	*out = s->last;
	return same;
}
