/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * router.police, ports.police: how many packets and signals a port may bring to control. A rate is a
 * number a second, or [ rate, burst ]. A port's own keys win over the router's, those over the defaults.
 */
#include "app/conf/conf_priv.h"

#include <assert.h>

#define RATE_MAX 10000000u
#define BURST_MAX 1000000u
#define REGULAR_MAX_MS 600000u
#define RATE_EXAMPLE "[ 1000, 200 ]"

static struct dp_rate *rate_at(struct dp_police *c, unsigned key)
{
	return key < DP_POLICE_KINDS ? &c->kind[key] : &c->source;
}

static const char *rate_name(unsigned key)
{
	return key < DP_POLICE_KINDS ? dp_police_name(key) : "source";
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* A number, or a list of two. */
static bool rate_value(
	struct conf_reader *r, config_setting_t *s, const char *what, struct dp_rate *out)
{
	const char *key = s->name;

	out->burst = 0;
	if (!config_setting_is_list(s) && !config_setting_is_array(s))
		return value_uint(r, s, key, what, 0, RATE_MAX, &out->rate);
	if (config_setting_length(s) != 2) {
		problem_add(r, line_of(s),
			"%s of %s must be a rate, or rate and burst such as " RATE_EXAMPLE
			", not %d values",
			key, what, config_setting_length(s));
		return false;
	}
	return value_uint(r, config_setting_get_elem(s, 0), key, what, 0, RATE_MAX, &out->rate) &&
	       value_uint(r, config_setting_get_elem(s, 1), key, what, 1, BURST_MAX, &out->burst);
}

static void rate_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_police *p = obj;
	struct dp_rate rate;
	unsigned key = 0;

	while (strcmp(rate_name(key), s->name) != 0)
		key++;
	if (!rate_value(r, s, what, &rate))
		return;
	*rate_at(&p->c, key) = rate;
	p->set |= 1u << key;
}

static void regular_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_police *p = obj;

	if (value_uint(r, s, "regular_ms", what, 0, REGULAR_MAX_MS, &p->c.regular_ms))
		p->set |= CONF_POLICE_REGULAR;
}

#define RATE_KEY(name)                                                      \
	{                                                                   \
		name, KEY_OTHER, .example = RATE_EXAMPLE, .read = rate_read \
	}

static const struct conf_key police_keys[] = {
	RATE_KEY("hello"),
	RATE_KEY("proto"),
	RATE_KEY("neigh"),
	RATE_KEY("exception"),
	RATE_KEY("nocache"),
	RATE_KEY("wrongvif"),
	RATE_KEY("data"),
	RATE_KEY("register"),
	RATE_KEY("source"),
	{"regular_ms", KEY_OTHER, .example = "10000", .read = regular_read},
};
static_assert(sizeof(police_keys) / sizeof(police_keys[0]) == DP_POLICE_KINDS + 2, "every kind");

const struct conf_group conf_group_police = GROUP("router.police", police_keys);

void police_group_read(
	struct conf_reader *r, config_setting_t *s, const char *what, struct conf_police *p)
{
	char inner[WHAT_LEN + 16];

	snprintf(inner, sizeof(inner), "police of %s", what);
	group_read(r, s, &conf_group_police, inner, p);
}

/* --- printing, comparing ------------------------------------------------------------------------------- */

void police_group_print(const struct conf_police *p, FILE *to)
{
	struct dp_police c = p->c;

	if (!p->set)
		return;
	fputs("police: { ", to);
	for (unsigned key = 0; key <= DP_POLICE_KINDS; key++) {
		const struct dp_rate *rate = rate_at(&c, key);

		if (!(p->set & 1u << key))
			continue;
		if (rate->burst)
			fprintf(to, "%s = [ %u, %u ]; ", rate_name(key), rate->rate, rate->burst);
		else
			fprintf(to, "%s = %u; ", rate_name(key), rate->rate);
	}
	if (p->set & CONF_POLICE_REGULAR)
		fprintf(to, "regular_ms = %u; ", c.regular_ms);
	fputs("}; ", to);
}

bool police_differs(const struct conf_police *a, const struct conf_police *b)
{
	return a->set != b->set || memcmp(&a->c, &b->c, sizeof(a->c)) != 0;
}

/* --- what holds on a port ------------------------------------------------------------------------------ */

static void defaults(struct dp_police *c, uint32_t upcall_rate)
{
	*c = (struct dp_police){.source = {.rate = 20, .burst = 50}, .regular_ms = 10000};
	c->kind[DP_PUNT_hello] = (struct dp_rate){.rate = 1000, .burst = 500};
	c->kind[DP_PUNT_proto] = (struct dp_rate){.rate = 20000, .burst = 2000};
	c->kind[DP_PUNT_neigh] = (struct dp_rate){.rate = 2000, .burst = 500};
	c->kind[DP_PUNT_exception] = (struct dp_rate){.rate = 50000, .burst = 1000};
	c->kind[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)].rate = upcall_rate;
	c->kind[DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF)].rate = upcall_rate;
	c->kind[DP_POLICE_UPCALL(DP_UPCALL_REGISTER)].rate = upcall_rate;
}

static void overlay(struct dp_police *c, const struct conf_police *over)
{
	struct dp_police from = over->c;

	for (unsigned key = 0; key <= DP_POLICE_KINDS; key++)
		if (over->set & 1u << key)
			*rate_at(c, key) = *rate_at(&from, key);
	if (over->set & CONF_POLICE_REGULAR)
		c->regular_ms = from.regular_ms;
}

void conf_police_of(const struct conf *c, const struct conf_port *port, struct dp_police *out)
{
	defaults(out, c->router.upcall_rate);
	overlay(out, &c->router.police);
	overlay(out, &port->police);
}
