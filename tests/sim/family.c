/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Numbers of IPv4 as addresses of either family.
 */
#include "tests/sim/priv.h"

#define EMBEDDED 96 /* bits before the number */

const enum ip_family sim_families[SIM_FAMILIES] = {IP_V4, IP_V6};

bool sim_has(const struct sim *s, enum ip_family family)
{
	return family == IP_V4 ? s->ipv4 : family == IP_V6 && s->ipv6;
}

enum ip_family sim_family(const struct sim *s)
{
	return s->ipv4 ? IP_V4 : IP_V6;
}

/* first: the 32 bits that begin the address. */
static struct ipaddr embed(uint32_t first, const struct ipaddr *number)
{
	struct ipaddr a = {.family = IP_V6};

	a.w_be[0] = htonl(first);
	memcpy(a.b + EMBEDDED / 8, number->b, 4);
	return a;
}

struct ipaddr sim_ip(enum ip_family family, const struct ipaddr *number)
{
	if (family != IP_V6 || number->family != IP_V4)
		return *number;
	if (ip_is_any(number))
		return embed(0, number);
	if (ip_is_multicast(number))
		return embed(number->b[0] == 232 ? 0xff3e0000 : 0xff0e0000, number);
	return embed(0x20010db8, number);
}

struct prefix sim_net(enum ip_family family, const struct prefix *number)
{
	struct prefix p = *number;

	if (family != IP_V6 || number->addr.family != IP_V4)
		return p;
	if (ip_is_multicast(&number->addr) && number->len <= 4)
		return pim_all_groups(IP_V6);
	p.addr = sim_ip(IP_V6, &number->addr);
	if (number->len)
		p.len = (uint8_t)(EMBEDDED + number->len);
	return p;
}

struct ipaddr sim_link_ip(enum ip_family family, const struct ipaddr *number)
{
	struct ipaddr host = *number;

	if (family != IP_V6 || number->family != IP_V4)
		return host;
	memset(host.b, 0, 3);
	return embed(0xfe800000, &host);
}

struct ipaddr sim_addr(enum ip_family family, const char *text)
{
	struct ipaddr a = {0};

	if (ip_parse(text, &a)) {
		fprintf(stderr, "sim: %s is no address\n", text);
		exit(1);
	}
	return sim_ip(family, &a);
}

struct prefix sim_prefix(enum ip_family family, const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p)) {
		fprintf(stderr, "sim: %s is no prefix\n", text);
		exit(1);
	}
	return sim_net(family, &p);
}
