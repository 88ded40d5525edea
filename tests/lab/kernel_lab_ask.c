/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the labs of control/kernel ask: of net, and of the packet that came from a twin.
 */
#include "tests/lab/kernel_lab.h"

const struct net_if *ifa(void)
{
	return net_if_get(W->net, W->a);
}

bool has_addr(uint16_t ifid, const char *text)
{
	const struct net_if *ifp = net_if_get(W->net, ifid);
	struct ipaddr ip;
	uint8_t len = 0;

	assert_int_equal(prefix_parse_if(text, &ip, &len), 0);
	for (unsigned i = 0; i < ifp->n_addrs; i++) {
		if (ip_eq(&ifp->addrs[i].ip, &ip) && ifp->addrs[i].len == len)
			return true;
	}
	return false;
}

bool route_to(const char *dst, struct net_route *out)
{
	struct prefix p;

	assert_int_equal(prefix_parse(dst, &p), 0);
	return net_route_find(W->net, &p, NET_ROUTE_KERNEL, p.addr.family == IP_V6 ? 1024 : 0, out);
}

#define LINES_MAX 8192
#define LINE_LEN 128

struct lines {
	unsigned n;
	char text[LINES_MAX][LINE_LEN];
};

/* net's IPv4 routes as "PREFIX GATEWAY" lines, as `ip route` has them. */
static bool route_line(void *arg, const struct net_route *r)
{
	struct lines *l = arg;
	char dst[PREFIX_STRLEN], gw[IP_STRLEN] = "-";

	if (r->origin != NET_ROUTE_KERNEL)
		return true;
	if (!ip_is_none(&r->paths[0].gateway))
		ip_str(&r->paths[0].gateway, gw, sizeof(gw));
	assert_true(l->n < LINES_MAX);
	snprintf(l->text[l->n++], LINE_LEN, "%s %s\n", prefix_str(&r->dst, dst, sizeof(dst)), gw);
	return true;
}

static void kernel_lines(struct lines *l)
{
	FILE *ip = popen("ip -4 route show | awk '{print $1, $2 == \"via\" ? $3 : \"-\"}'", "r");

	assert_non_null(ip);
	while (l->n < LINES_MAX && fgets(l->text[l->n], LINE_LEN, ip))
		l->n++;
	assert_int_equal(pclose(ip), 0);
}

static int line_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Whether net's table and the kernel's are the same. */
bool tables_agree(void)
{
	static struct lines have, want;

	have.n = want.n = 0;
	net_route_walk(W->net, IP_V4, route_line, &have);
	kernel_lines(&want);
	if (have.n != want.n)
		return false;
	qsort(have.text, have.n, LINE_LEN, line_cmp);
	qsort(want.text, want.n, LINE_LEN, line_cmp);
	for (unsigned i = 0; i < have.n; i++) {
		if (strcmp(have.text[i], want.text[i]) != 0)
			return false;
	}
	return true;
}

bool v6_known(void)
{
	return has_addr(W->a, "2001:db8:a::1/64");
}

bool twin_is_back(void)
{
	return ifa()->ifindex != 0 && ifa()->ifindex != W->a_index_before &&
	       has_addr(W->a, "10.1.0.1/24") && tables_agree();
}

bool admin_down(void)
{
	return !ifa()->admin;
}

bool want_udp(struct world *w, uint16_t ifid, const uint8_t *f, size_t len)
{
	return ifid == w->b && len == 46 && f[12] == 0x08 && f[13] == 0 && f[23] == 17;
}

bool got_packet(void)
{
	return W->packet_len > 0;
}
