/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * control/kernel against a real kernel: twins, netlink, sysctls, driven with iproute2 from outside.
 *
 *            net (real)  <-- control/kernel -->  Linux: a TAP, b TAP, t0 TUN, veth p0/p1
 *               |
 *          fake data plane
 *
 * Every test has a fresh network namespace, made by the program itself. Needs root; without it, or
 * without iproute2, it skips.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/kernel/kernel_priv.h"
#include "tests/unit/control/fake_dp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SKIP 77
#define FDS_MAX 16
#define WAIT_MS 20000

/* --- the world ---------------------------------------------------------------------------------- */

struct world {
	struct fake_dp *dp;
	struct net *net;
	struct kernel *kernel;
	struct {
		int fd;
		void (*ready)(void *arg);
		void *arg;
	} fds[FDS_MAX];
	uint16_t a, b, t0; /* interfaces */

	/* the last packet from a twin that `wanted` took */
	bool (*wanted)(struct world *w, uint16_t ifid, const uint8_t *data, size_t len);
	uint8_t packet[2048];
	size_t packet_len;
	uint16_t packet_if;

	bool netdev_present, netdev_carrier; /* of p0 */
	unsigned netdev_calls;
	bool answer_arp;
	char pid_file[64];
};

static struct world *W;

static uint64_t now_us(void *arg)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int watch(void *arg, int fd, void (*ready)(void *ready_arg), void *ready_arg)
{
	for (int i = 0; i < FDS_MAX; i++) {
		if (W->fds[i].fd >= 0)
			continue;
		W->fds[i].fd = fd;
		W->fds[i].ready = ready;
		W->fds[i].arg = ready_arg;
		return 0;
	}
	return -ENOSPC;
}

static void unwatch(void *arg, int fd)
{
	for (int i = 0; i < FDS_MAX; i++) {
		if (W->fds[i].fd == fd)
			W->fds[i].fd = -1;
	}
}

/* One turn of the loop, at most ms long. */
static void turn(int ms)
{
	struct pollfd p[FDS_MAX];

	for (int i = 0; i < FDS_MAX; i++)
		p[i] = (struct pollfd){.fd = W->fds[i].fd, .events = POLLIN};
	assert_true(poll(p, FDS_MAX, ms) >= 0);
	for (int i = 0; i < FDS_MAX; i++) {
		if (p[i].revents && W->fds[i].fd == p[i].fd && p[i].fd >= 0)
			W->fds[i].ready(W->fds[i].arg);
	}
}

/* Turns until the question is answered with yes; false after WAIT_MS. */
static bool wait_for(bool (*question)(void))
{
	uint64_t end = now_us(NULL) + WAIT_MS * 1000;

	while (!question()) {
		if (now_us(NULL) > end)
			return false;
		turn(20);
	}
	return true;
}

static void settle(int ms)
{
	uint64_t end = now_us(NULL) + (uint64_t)ms * 1000;

	while (now_us(NULL) < end)
		turn(10);
}

static int run(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

/* Whether the output of a command holds a text. */
static bool shows(const char *cmd, const char *text)
{
	static char out[65536];
	FILE *f = popen(cmd, "r");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	pclose(f);
	return strstr(out, text) != NULL;
}

/* --- packets ------------------------------------------------------------------------------------- */

static const uint8_t mac_a[6] = {0x02, 0, 0, 0, 0, 0x0a};
static const uint8_t mac_b[6] = {0x02, 0, 0, 0, 0, 0x0b};
static const uint8_t mac_peer[6] = {0x02, 0, 0, 0, 0, 0x99};

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An UDP packet without UDP checksum in an Ethernet frame; its length. */
static size_t udp_frame(
	uint8_t *f, const uint8_t dst_mac[6], const char *src, const char *dst, uint16_t port)
{
	uint16_t sum;

	memset(f, 0, 46);
	memcpy(f, dst_mac, 6);
	memcpy(f + 6, mac_peer, 6);
	f[12] = 0x08;
	f[14] = 0x45;
	f[17] = 32; /* 20 + 8 + 4 */
	f[22] = 64;
	f[23] = 17;
	inet_pton(AF_INET, src, f + 26);
	inet_pton(AF_INET, dst, f + 30);
	sum = checksum(f + 14, 20);
	f[24] = (uint8_t)(sum >> 8);
	f[25] = (uint8_t)sum;
	f[34] = 0x12;
	f[36] = (uint8_t)(port >> 8);
	f[37] = (uint8_t)port;
	f[39] = 12;
	memcpy(f + 42, "abcd", 4);
	return 46;
}

static bool is_arp_request(const uint8_t *f, size_t len)
{
	return len >= 42 && f[12] == 0x08 && f[13] == 0x06 && f[21] == 1;
}

/* The peer answers for every address. */
static void arp_answer(uint16_t ifid, const uint8_t *req)
{
	uint8_t f[42];

	memcpy(f, req, sizeof(f));
	memcpy(f, req + 6, 6);
	memcpy(f + 6, mac_peer, 6);
	f[21] = 2;
	memcpy(f + 22, mac_peer, 6);
	memcpy(f + 28, req + 38, 4);
	memcpy(f + 32, req + 22, 10);
	assert_int_equal(kernel_twin_write(W->kernel, ifid, f, sizeof(f)), 0);
}

static void from_twin(void *arg, uint16_t ifid, bool is_frame, const uint8_t *data, size_t len)
{
	assert_int_equal(is_frame, ifid != W->t0);
	if (is_frame && W->answer_arp && is_arp_request(data, len))
		arp_answer(ifid, data);
	if (!W->wanted || len > sizeof(W->packet) || !W->wanted(W, ifid, data, len))
		return;
	memcpy(W->packet, data, len);
	W->packet_len = len;
	W->packet_if = ifid;
}

static void netdev(void *arg, const char *name, int ifindex, bool present, bool carrier)
{
	if (strcmp(name, "p0") != 0)
		return;
	assert_true(ifindex > 0);
	W->netdev_present = present;
	W->netdev_carrier = carrier;
	W->netdev_calls++;
}

static void changed(void *arg, const struct net_change *c)
{
}

static void resolve(void *arg, int ifindex, const struct ipaddr *addr)
{
	if (W->kernel)
		kernel_resolve(W->kernel, ifindex, addr);
}

/* --- arrange --------------------------------------------------------------------------------------- */

static struct net_if_conf if_conf(const char *name, uint8_t kind, const char *const *addrs)
{
	struct net_if_conf c = {.kind = kind, .exception = true};

	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.port, sizeof(c.port), "port-%s", name);
	if (kind == DP_IF_GRE) {
		c.mtu = 1476;
		assert_int_equal(ip_parse("10.1.0.1", &c.gre.local), 0);
		assert_int_equal(ip_parse("10.1.0.2", &c.gre.remote), 0);
		c.gre.ttl = 64;
	}
	for (; *addrs; addrs++) {
		struct net_addr *a = &c.addrs[c.n_addrs++];

		assert_int_equal(prefix_parse_if(*addrs, &a->ip, &a->len), 0);
	}
	return c;
}

static uint16_t if_add(const char *name, uint8_t kind, const char *const *addrs)
{
	struct net_if_conf c = if_conf(name, kind, addrs);
	uint16_t id;

	assert_int_equal(net_if_add(W->net, &c, &id), 0);
	return id;
}

static void twin_add(uint16_t ifid)
{
	char err[256] = "";

	if (kernel_twin_add(W->kernel, ifid, err, sizeof(err)))
		fail_msg("%s", err);
}

static void kernel_start(void)
{
	const struct kernel_env env = {.watch = watch,
		.unwatch = unwatch,
		.from_twin = from_twin,
		.netdev = netdev,
		.now_us = now_us};
	char err[256] = "";

	if (kernel_new(&W->kernel, W->net, &env, err, sizeof(err)))
		fail_msg("%s", err);
}

static const char *const addrs_a[] = {"10.1.0.1/24", "2001:db8:a::1/64", NULL};
static const char *const addrs_b[] = {"10.2.0.1/24", NULL};
static const char *const addrs_t0[] = {"169.254.0.0/31", NULL};

static int setup_bare(void **state)
{
	const struct net_env env = {.changed = changed, .resolve = resolve};

	if (unshare(CLONE_NEWNET))
		return -1;
	W = calloc(1, sizeof(*W));
	for (int i = 0; i < FDS_MAX; i++)
		W->fds[i].fd = -1;
	W->dp = fake_dp_new();
	W->net = net_new(&W->dp->dp, &env);
	return run("ip link set lo up");
}

/* a and b with ports, t0 a tunnel; all with twins and carrier. */
static int setup(void **state)
{
	if (setup_bare(state))
		return -1;
	kernel_start();
	W->a = if_add("a", DP_IF_ETHER, addrs_a);
	W->b = if_add("b", DP_IF_ETHER, addrs_b);
	W->t0 = if_add("t0", DP_IF_GRE, addrs_t0);
	net_port_set(W->net, "port-a", 0, mac_a, 1500);
	net_port_set(W->net, "port-b", 1, mac_b, 9000);
	net_port_link(W->net, "port-a", true);
	net_port_link(W->net, "port-b", true);
	twin_add(W->a);
	twin_add(W->b);
	twin_add(W->t0);
	return 0;
}

static int teardown(void **state)
{
	kernel_free(W->kernel);
	net_free(W->net);
	fake_dp_free(W->dp);
	free(W);
	W = NULL;
	return 0;
}

/* --- questions ----------------------------------------------------------------------------------------- */

static const struct net_if *ifa(void)
{
	return net_if_get(W->net, W->a);
}

static bool has_addr(uint16_t ifid, const char *text)
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

static bool route_to(const char *dst, struct net_route *out)
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
static bool tables_agree(void)
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

/* --- twins ------------------------------------------------------------------------------------------------- */

static void twin_of_an_ethernet_interface_is_like_it(void **state)
{
	assert_true(shows("ip -d link show a", "tun type tap"));
	assert_true(shows("ip link show a", "02:00:00:00:00:0a"));
	assert_true(shows("ip link show a", "mtu 1500"));
	assert_true(shows("ip link show b", "mtu 9000"));
	assert_true(shows("ip link show a", "UP,LOWER_UP"));
	assert_true(shows("ip addr show a", "inet 10.1.0.1/24"));
	assert_true(shows("ip addr show a", "inet6 2001:db8:a::1/64"));
	assert_true(shows("sysctl net.ipv4.conf.a.accept_local", "= 1"));
	assert_true(shows("sysctl net.ipv4.conf.a.forwarding", "= 1"));
	assert_true(shows("sysctl net.ipv4.ip_forward", "= 0"));
	assert_true(shows("sysctl net.ipv4.conf.a.rp_filter", "= 0"));
	/* Known on return, not only after a turn of the loop. */
	assert_true(ifa()->ifindex > 0);
	assert_true(has_addr(W->a, "10.1.0.1/24"));
}

static bool v6_known(void)
{
	return has_addr(W->a, "2001:db8:a::1/64");
}

static void twin_tells_an_ipv6_address_once_it_is_no_longer_tentative(void **state)
{
	assert_true(wait_for(v6_known));
}

static void twin_of_a_tunnel_is_point_to_point(void **state)
{
	assert_true(shows("ip -d link show t0", "tun type tun"));
	assert_true(shows("ip link show t0", "POINTOPOINT"));
	assert_true(shows("ip link show t0", "NOARP"));
	assert_true(shows("ip link show t0", "LOWER_UP"));
	assert_true(shows("ip link show t0", "mtu 1476"));
	assert_true(shows("ip addr show t0", "inet 169.254.0.0/31"));
	assert_true(shows("ip route show", "169.254.0.0/31 dev t0"));
	assert_true(has_addr(W->t0, "169.254.0.0/31"));
}

static void twin_of_a_name_in_use_names_device_and_command(void **state)
{
	const char *const none[] = {NULL};
	uint16_t ifid = if_add("taken", DP_IF_ETHER, none);
	char err[256] = "";

	assert_int_equal(run("ip link add taken type bridge"), 0);
	assert_int_equal(kernel_twin_add(W->kernel, ifid, err, sizeof(err)), -EEXIST);
	assert_non_null(strstr(err, "taken"));
	assert_non_null(strstr(err, "ip link del taken"));
	/* Not taken over, though the kernel would allow it. */
	assert_int_equal(run("ip link del taken && ip tuntap add taken mode tap"), 0);
	assert_int_equal(kernel_twin_add(W->kernel, ifid, err, sizeof(err)), -EEXIST);
}

static void without_permission_the_sentence_says_what_to_do(void **state)
{
	const char *const none[] = {NULL};
	char err[256] = "";
	uint16_t ifid;
	int rc;

	kernel_free(W->kernel);
	ifid = if_add("x", DP_IF_ETHER, none);
	assert_int_equal(seteuid(65534), 0);
	kernel_start(); /* needs none */
	rc = kernel_twin_add(W->kernel, ifid, err, sizeof(err));
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, -EPERM);
	assert_non_null(strstr(err, "as root"));
	assert_non_null(strstr(err, "exception = \"none\""));
}

static void twin_goes_with_its_interface_and_with_the_kernel(void **state)
{
	kernel_twin_del(W->kernel, W->b);
	assert_true(shows("ip link show b 2>&1", "does not exist"));
	assert_int_equal(net_if_get(W->net, W->b)->ifindex, 0);
	kernel_free(W->kernel);
	W->kernel = NULL;
	assert_true(shows("ip link show a 2>&1", "does not exist"));
	assert_true(shows("ip link show t0 2>&1", "does not exist"));
}

static void twin_follows_a_changed_interface(void **state)
{
	const char *const addrs[] = {"10.1.0.9/24", "10.7.0.1/16", NULL};
	struct net_if_conf old = ifa()->conf, conf = if_conf("a", DP_IF_ETHER, addrs);
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x1a};

	assert_int_equal(run("ip addr add 10.66.0.1/24 dev a"), 0);
	settle(50);
	assert_int_equal(net_if_change(W->net, W->a, &conf), 0);
	net_port_set(W->net, "port-a", 0, mac, 1400);
	assert_int_equal(kernel_twin_change(W->kernel, W->a, &old), 0);
	assert_true(shows("ip link show a", "02:00:00:00:00:1a"));
	assert_true(shows("ip link show a", "mtu 1400"));
	assert_false(shows("ip addr show a", "10.1.0.1/24"));
	assert_true(shows("ip addr show a", "10.1.0.9/24"));
	assert_true(has_addr(W->a, "10.7.0.1/16"));
	assert_false(has_addr(W->a, "10.1.0.1/24"));
	/* Somebody else's stays. */
	assert_true(has_addr(W->a, "10.66.0.1/24"));
}

static int a_index_before;

static bool twin_is_back(void)
{
	return ifa()->ifindex != 0 && ifa()->ifindex != a_index_before &&
	       has_addr(W->a, "10.1.0.1/24") && tables_agree();
}

static void twin_that_is_deleted_is_made_anew(void **state)
{
	struct kernel_stats stats;

	a_index_before = ifa()->ifindex;
	assert_int_equal(run("ip link del dev a"), 0);
	assert_true(wait_for(twin_is_back));
	assert_true(shows("ip link show a", "02:00:00:00:00:0a"));
	/* ... and again, and the loop does not spin on a dead descriptor meanwhile. */
	a_index_before = ifa()->ifindex;
	assert_int_equal(run("ip link del dev a"), 0);
	assert_true(wait_for(twin_is_back));
	kernel_stats_get(W->kernel, &stats);
	assert_int_equal(stats.overruns, 0);
}

static void twin_that_leaves_the_namespace_is_made_anew(void **state)
{
	a_index_before = ifa()->ifindex;
	assert_int_equal(run("unshare -n sleep 5 & p=$!; sleep 1; ip link set dev a netns $p"), 0);
	assert_true(wait_for(twin_is_back));
}

static bool no_carrier(void)
{
	return shows("ip link show a", "NO-CARRIER");
}

static bool admin_down(void)
{
	return !ifa()->admin;
}

static bool admin_up(void)
{
	return ifa()->admin;
}

static void carrier_is_not_taken_for_an_administrative_state(void **state)
{
	kernel_twin_carrier(W->kernel, W->a, false);
	assert_true(wait_for(no_carrier));
	settle(100);
	assert_true(ifa()->admin);
	kernel_twin_carrier(W->kernel, W->a, true);
	settle(100);
	assert_true(shows("ip link show a", "LOWER_UP"));
	assert_true(ifa()->admin);
}

static void twin_set_down_and_up_from_outside_is_followed(void **state)
{
	assert_int_equal(run("ip link set dev a down"), 0);
	assert_true(wait_for(admin_down));
	assert_int_equal(kernel_twin_write(W->kernel, W->a, mac_a, 6) < 0, 1);
	assert_int_equal(run("ip link set dev a up"), 0);
	assert_true(wait_for(admin_up));
	settle(100);
	assert_true(shows("ip addr show a", "2001:db8:a::1/64"));
}

static bool operators_there(void)
{
	return has_addr(W->a, "10.50.0.1/24");
}

static bool operators_gone(void)
{
	return !has_addr(W->a, "10.50.0.1/24");
}

static void address_from_outside_is_followed(void **state)
{
	assert_int_equal(run("ip addr add 10.50.0.1/24 dev a"), 0);
	assert_true(wait_for(operators_there));
	assert_int_equal(run("ip addr del 10.50.0.1/24 dev a"), 0);
	assert_true(wait_for(operators_gone));
	assert_true(has_addr(W->a, "10.1.0.1/24"));
}

/* --- packets through twins ------------------------------------------------------------------------------------ */

static bool want_udp(struct world *w, uint16_t ifid, const uint8_t *f, size_t len)
{
	return ifid == w->b && len == 46 && f[12] == 0x08 && f[13] == 0 && f[23] == 17;
}

static bool got_packet(void)
{
	return W->packet_len > 0;
}

static void unicast_is_routed_from_twin_to_twin(void **state)
{
	uint8_t f[64];
	size_t len = udp_frame(f, mac_a, "10.1.0.77", "10.2.0.5", 5000);

	W->wanted = want_udp;
	W->answer_arp = true;
	assert_int_equal(kernel_twin_write(W->kernel, W->a, f, len), 0);
	assert_true(wait_for(got_packet));
	assert_int_equal(W->packet_if, W->b);
	assert_memory_equal(W->packet, mac_peer, 6);
	assert_memory_equal(W->packet + 6, mac_b, 6);
	assert_int_equal(W->packet[22], 63);
	assert_memory_equal(W->packet + 26, f + 26, 20);
}

/* 2001:db8:a::77 to 2001:db8:b::5 behind the tunnel, next header "none". */
static size_t ip6_frame(uint8_t *f)
{
	memset(f, 0, 54);
	memcpy(f, mac_a, 6);
	memcpy(f + 6, mac_peer, 6);
	f[12] = 0x86;
	f[13] = 0xdd;
	f[14] = 0x60;
	f[20] = 59;
	f[21] = 64;
	inet_pton(AF_INET6, "2001:db8:a::77", f + 22);
	inet_pton(AF_INET6, "2001:db8:b::5", f + 38);
	return 54;
}

static bool want_ip6(struct world *w, uint16_t ifid, const uint8_t *p, size_t len)
{
	return ifid == w->t0 && len == 40 && p[0] == 0x60 && p[6] == 59;
}

static void unicast_ipv6_is_routed_into_a_tunnel(void **state)
{
	uint8_t f[64];
	size_t len = ip6_frame(f);

	if (access("/proc/sys/net/ipv6/conf/a/force_forwarding", W_OK))
		skip(); /* Linux before 6.17 */
	assert_true(wait_for(v6_known));
	assert_int_equal(run("ip -6 route add 2001:db8:b::/64 dev t0"), 0);
	W->wanted = want_ip6;
	assert_int_equal(kernel_twin_write(W->kernel, W->a, f, len), 0);
	assert_true(wait_for(got_packet));
	assert_int_equal(W->packet[7], 63);
}

static void packet_with_a_local_source_is_delivered(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(5000)};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	uint8_t f[64];
	size_t len = udp_frame(f, mac_a, "10.2.0.1", "10.1.0.1", 5000);

	assert_int_equal(bind(s, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(kernel_twin_write(W->kernel, W->a, f, len), 0);
	settle(50);
	assert_int_equal(recv(s, f, sizeof(f), 0), 4);
	close(s);
}

static struct ipaddr peer_ip;

static bool peer_resolved(void)
{
	const struct net_neigh *n = net_neigh_find(W->net, W->a, &peer_ip);

	return n && n->state == NET_NEIGH_REACHABLE && memcmp(n->mac, mac_peer, 6) == 0;
}

static bool peer_failed(void)
{
	const struct net_neigh *n = net_neigh_find(W->net, W->a, &peer_ip);

	return n && n->state == NET_NEIGH_FAILED;
}

static bool peer_unknown(void)
{
	return !net_neigh_find(W->net, W->a, &peer_ip);
}

static void neighbour_is_resolved_on_request(void **state)
{
	struct kernel_stats stats;
	uint64_t before; /* net asks for the tunnel's remote */

	assert_int_equal(ip_parse("10.1.0.5", &peer_ip), 0);
	W->answer_arp = true;
	kernel_stats_get(W->kernel, &stats);
	before = stats.resolves;
	for (int i = 0; i < 10; i++) /* limited to one a second */
		kernel_resolve(W->kernel, ifa()->ifindex, &peer_ip);
	kernel_stats_get(W->kernel, &stats);
	assert_int_equal(stats.resolves, before + 1);
	assert_int_equal(stats.refused, 0);
	assert_true(wait_for(peer_resolved));
	/* One that is known is asked for again without complaint. */
	settle(1100);
	kernel_resolve(W->kernel, ifa()->ifindex, &peer_ip);
	kernel_stats_get(W->kernel, &stats);
	assert_int_equal(stats.resolves, before + 2);
	assert_int_equal(stats.refused, 0);
	assert_int_equal(run("ip neigh del 10.1.0.5 dev a"), 0);
	assert_true(wait_for(peer_unknown));
}

static void neighbour_that_does_not_answer_fails(void **state)
{
	assert_int_equal(ip_parse("10.1.0.6", &peer_ip), 0);
	kernel_resolve(W->kernel, ifa()->ifindex, &peer_ip);
	assert_true(wait_for(peer_failed));
}

static bool nexthop_resolved(void)
{
	for (uint32_t i = 1; i < FAKE_ADJS_MAX; i++) {
		const struct dp_adj *adj = &W->dp->adjs[i];

		if (adj->id && adj->kind == DP_ADJ_ETHER && adj->ifid == W->a &&
			memcmp(adj->mac, mac_peer, 6) == 0)
			return true;
	}
	return false;
}

static void next_hop_behind_a_kernel_route_becomes_an_adjacency(void **state)
{
	struct ipaddr far;

	assert_int_equal(ip_parse("192.0.2.1", &far), 0);
	W->answer_arp = true;
	assert_true(net_nexthop_get(W->net, &far, 0) != 0);
	assert_int_equal(run("ip route add 192.0.2.0/24 via 10.1.0.5"), 0);
	settle(50);
	net_tick(W->net, now_us(NULL));
	assert_true(wait_for(nexthop_resolved));
}

/* --- routes -------------------------------------------------------------------------------------------------------- */

static void routes_are_followed(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip route add 10.9.0.0/16 via 10.1.0.5"), 0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(r.n_paths, 1);
	assert_int_equal(r.paths[0].ifid, W->a);
	assert_int_equal(
		run("ip route replace 10.9.0.0/16 nexthop via 10.1.0.6 weight 3 nexthop via "
		    "10.2.0.6"),
		0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(r.n_paths, 2);
	assert_int_equal(r.paths[0].weight, 3);
	assert_int_equal(r.paths[1].ifid, W->b);
	assert_int_equal(run("ip route del 10.9.0.0/16"), 0);
	settle(50);
	assert_false(route_to("10.9.0.0/16", &r));
	assert_int_equal(run("ip route add blackhole 10.9.0.0/16"), 0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(r.blackhole, 1);
}

static void routes_there_before_the_start_are_known(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip link add p0 type veth peer p1 && ip link set p0 up && "
			     "ip addr add 10.5.0.1/24 dev p0 && ip link set p1 up && "
			     "ip route add 10.9.0.0/16 via 10.5.0.9"),
		0);
	kernel_start();
	assert_true(route_to("10.9.0.0/16", &r));
	assert_true(route_to("10.5.0.0/24", &r));
	assert_int_equal(r.paths[0].ifid, 0); /* not ours */
	assert_true(W->netdev_present);
}

static bool second_took_over(void)
{
	struct net_route r;
	struct ipaddr gw;

	assert_int_equal(ip_parse("10.1.0.6", &gw), 0);
	return route_to("10.9.0.0/16", &r) && ip_eq(&r.paths[0].gateway, &gw);
}

static void route_appended_takes_over_when_the_first_goes(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip route add 10.9.0.0/16 via 10.1.0.5 && "
			     "ip route append 10.9.0.0/16 via 10.1.0.6"),
		0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_false(second_took_over());
	assert_int_equal(run("ip route del 10.9.0.0/16 via 10.1.0.5"), 0);
	assert_true(wait_for(second_took_over));
}

static int paths_v6(void)
{
	struct net_route r;

	return route_to("2001:db8:9::/48", &r) ? r.n_paths : 0;
}

static void routes_of_ipv6_add_and_lose_paths(void **state)
{
	assert_int_equal(run("ip -6 route add 2001:db8:9::/48 via fe80::5 dev a"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 1);
	assert_int_equal(run("ip -6 route append 2001:db8:9::/48 via fe80::6 dev b"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 2);
	assert_int_equal(run("ip -6 route append 2001:db8:9::/48 via fe80::7 dev b"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 3);
	kernel_resync(W->kernel);
	assert_int_equal(paths_v6(), 3);
	assert_int_equal(run("ip -6 route del 2001:db8:9::/48 via fe80::6 dev b"), 0);
	settle(50);
	assert_int_equal(paths_v6(), 2);
	assert_int_equal(run("ip -6 route del 2001:db8:9::/48"), 0);
	settle(50);
	assert_true(paths_v6() <= 1); /* iproute2 deletes one or all, as the kernel's version is */
}

static bool flushed(void)
{
	struct net_route r;

	return !route_to("10.9.0.0/16", &r) && tables_agree();
}

static void routes_that_vanish_without_a_word_are_noticed(void **state)
{
	struct net_route r;

	assert_int_equal(run("ip route add 10.9.0.0/16 via 10.1.0.5"), 0);
	settle(50);
	assert_true(route_to("10.9.0.0/16", &r));
	assert_int_equal(run("ip link set dev a down"), 0);
	assert_true(wait_for(flushed));
}

/* 5,000 routes (i from first by step) added or deleted in one `ip -batch`. */
static void batch(const char *verb, int first, int step)
{
	assert_int_equal(run("i=%d; while [ $i -lt 5000 ]; do "
			     "echo route %s 10.$((100 + i / 256)).$((i %% 256)).0/24 via 10.1.0.5; "
			     "i=$((i + %d)); done | ip -batch -",
				 first, verb, step),
		0);
}

static bool overrun_seen(void)
{
	struct kernel_stats stats;

	kernel_stats_get(W->kernel, &stats);
	return stats.overruns > 0;
}

static void overrun_ends_in_a_table_equal_to_the_kernels(void **state)
{
	struct kernel_stats stats;

	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 1);
	assert_true(wait_for(overrun_seen));
	assert_true(wait_for(tables_agree));
	assert_true(shows("ip -4 route show | wc -l", "5003"));
	batch("del", 0, 2);
	assert_true(wait_for(tables_agree));
	batch("add", 0, 2);
	batch("del", 1, 2);
	assert_true(wait_for(tables_agree));
	kernel_stats_get(W->kernel, &stats);
	assert_true(stats.resyncs >= 2);
	assert_int_equal(stats.refused, 0);
	/* The addresses and twins have survived it. */
	assert_true(has_addr(W->a, "10.1.0.1/24"));
	assert_true(ifa()->ifindex > 0);
}

static bool lost_events_made_up_for(void)
{
	return has_addr(W->a, "10.50.0.1/24") && !has_addr(W->b, "10.2.0.1/24") && admin_down();
}

/* All that happens while nobody reads, and the queue is too small. */
static void overrun_loses_no_address_nor_state(void **state)
{
	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 4);
	assert_int_equal(run("ip addr add 10.50.0.1/24 dev a; ip addr del 10.2.0.1/24 dev b; "
			     "ip link set dev a down"),
		0);
	assert_true(wait_for(lost_events_made_up_for));
	assert_true(wait_for(tables_agree));
}

static bool churn_is_over(void)
{
	return run("test -e /proc/$(cat %s) ", W->pid_file) != 0;
}

/* Half of the routes come and go while the tables are read again and again. */
static void overrun_under_churn_ends_in_an_equal_table(void **state)
{
	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 1);
	snprintf(W->pid_file, sizeof(W->pid_file), "/tmp/kernel_twins.%d", (int)getpid());
	assert_int_equal(
		run("(awk 'BEGIN { for (n = 0; n < 12; n++) for (i = 0; i < 2500; i++) "
		    "print \"route\", n %% 2 ? \"add\" : \"del\", "
		    "\"10.\" 100 + int(i / 256) \".\" i %% 256 \".0/24 via 10.1.0.5\" }' | "
		    "ip -batch -) & echo $! > %s",
			W->pid_file),
		0);
	assert_true(wait_for(churn_is_over));
	unlink(W->pid_file);
	assert_true(overrun_seen());
	assert_true(wait_for(tables_agree));
}

static void overrun_does_not_lose_a_deleted_twin(void **state)
{
	a_index_before = ifa()->ifindex;
	assert_int_equal(nl_rcvbuf_set(W->kernel, 4096), 0);
	batch("add", 0, 4);
	assert_int_equal(run("ip link del dev a"), 0);
	assert_true(wait_for(twin_is_back));
}

/* --- netdevs beneath ports --------------------------------------------------------------------------------------------- */

static bool netdev_there(void)
{
	return W->netdev_present && W->netdev_carrier;
}

static bool netdev_without_carrier(void)
{
	return W->netdev_present && !W->netdev_carrier;
}

static bool netdev_gone(void)
{
	return !W->netdev_present;
}

static void netdev_that_comes_changes_and_goes_is_told(void **state)
{
	bool carrier;

	assert_int_equal(kernel_netdev_index(W->kernel, "p0", &carrier), 0);
	assert_int_equal(run("ip link add p0 type veth peer p1; ip link set p0 up; "
			     "ip link set p1 up"),
		0);
	assert_true(wait_for(netdev_there));
	assert_true(kernel_netdev_index(W->kernel, "p0", &carrier) > 0);
	assert_true(carrier);
	assert_int_equal(run("ip link set p1 down"), 0);
	assert_true(wait_for(netdev_without_carrier));
	assert_int_equal(run("ip link del p0"), 0);
	assert_true(wait_for(netdev_gone));
	assert_int_equal(run("ip link add q0 type veth peer p1; ip link set q0 name p0; "), 0);
	settle(100);
	assert_true(W->netdev_present);
	/* A twin is no netdev. */
	assert_int_equal(kernel_netdev_index(W->kernel, "a", NULL), 0);
}

static void port_is_kept_quiet_and_put_back(void **state)
{
	char err[256] = "";

	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), -ENODEV);
	assert_non_null(strstr(err, "p0"));
	assert_int_equal(run("ip link add p0 type veth peer p1; ip link set p1 up; "
			     "sysctl -qw net.ipv4.conf.p0.rp_filter=2 "
			     "net.ipv4.conf.p0.arp_ignore=3 net.ipv4.conf.p0.forwarding=1"),
		0);
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	assert_true(shows("sysctl net.ipv4.conf.p0.rp_filter", "= 1"));
	assert_true(shows("sysctl net.ipv4.conf.p0.arp_ignore", "= 8"));
	assert_true(shows("sysctl net.ipv4.conf.p0.forwarding", "= 0"));
	assert_true(shows("sysctl net.ipv6.conf.p0.disable_ipv6", "= 1"));
	assert_true(shows("ip link show p0", "PROMISC,UP"));
	/* A second time changes nothing of what is remembered. */
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	kernel_free(W->kernel);
	W->kernel = NULL;
	assert_true(shows("sysctl net.ipv4.conf.p0.rp_filter", "= 2"));
	assert_true(shows("sysctl net.ipv4.conf.p0.arp_ignore", "= 3"));
	assert_true(shows("sysctl net.ipv4.conf.p0.forwarding", "= 1"));
	assert_true(shows("sysctl net.ipv6.conf.p0.disable_ipv6", "= 0"));
	assert_false(shows("ip link show p0", "PROMISC"));
	assert_true(shows("ip link show p0", "state DOWN"));
}

/* What the wire may ask of the kernel at p0: ARP for the twin's address, UDP to a closed port of it
 * (ICMP unreachable), and something to route to b. */
static void p0_provoke(int s, const uint8_t mac_p0[6])
{
	static const uint8_t who_has[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x99,
		8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x99, 10, 1, 0, 77, 0, 0, 0, 0, 0, 0,
		10, 1, 0, 1};
	uint8_t f[64];
	size_t len;

	assert_int_equal(send(s, who_has, sizeof(who_has), 0), sizeof(who_has));
	len = udp_frame(f, mac_p0, "10.1.0.77", "10.1.0.1", 9);
	assert_int_equal(send(s, f, len, 0), len);
	len = udp_frame(f, mac_p0, "10.1.0.77", "10.2.0.5", 5000);
	assert_int_equal(send(s, f, len, 0), len);
}

/* Frames that p0 sent, as p1 hears them, but for IPv6 noise. */
static unsigned p1_heard(int s)
{
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	uint8_t f[2048];
	unsigned n = 0;

	while (recvfrom(s, f, sizeof(f), 0, (struct sockaddr *)&from, &from_len) > 0) {
		if (from.sll_pkttype != PACKET_OUTGOING && from.sll_protocol != htons(ETH_P_IPV6))
			n++;
		from_len = sizeof(from);
	}
	return n;
}

static int p1_socket(void)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("p1")};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr *)&sll, sizeof(sll)), 0);
	return s;
}

static void port_answers_and_routes_nothing_beside_the_twin(void **state)
{
	const uint8_t mac_p0[6] = {2, 0, 0, 0, 0, 0x50};
	char err[256] = "";
	int s;

	assert_int_equal(run("ip link add p0 address 02:00:00:00:00:50 type veth peer p1; "
			     "ip link set p0 up; ip link set p1 up; "
			     "ip neigh add 10.2.0.5 lladdr 02:00:00:00:00:99 dev b; "
			     "sysctl -qw net.ipv4.ip_forward=1"),
		0);
	s = p1_socket();
	settle(50);
	/* Left alone, the kernel does both: the question is a real one. */
	W->wanted = want_udp;
	p0_provoke(s, mac_p0);
	settle(200);
	assert_true(p1_heard(s) >= 1);
	assert_true(got_packet());
	W->packet_len = 0;
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	p0_provoke(s, mac_p0);
	settle(200);
	assert_int_equal(p1_heard(s), 0);
	assert_false(got_packet());
	close(s);
}

static bool not_forwarding(void)
{
	return shows("sysctl net.ipv4.conf.p0.forwarding", "= 0");
}

static void port_does_not_forward_when_ip_forward_is_switched_on(void **state)
{
	char err[256] = "";

	assert_int_equal(run("ip link add p0 type veth peer p1"), 0);
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	assert_int_equal(run("sysctl -qw net.ipv4.ip_forward=1"), 0);
	assert_true(wait_for(not_forwarding));
	assert_true(shows("sysctl net.ipv4.conf.a.forwarding", "= 1"));
}

static unsigned n_warnings;

static void count_warnings(enum log_level level, const char *line, void *arg)
{
	if (level == LOG_LVL_WARNING && strstr(line, "ip addr flush dev p0"))
		n_warnings++;
}

static void port_with_an_address_is_warned_about(void **state)
{
	char err[256] = "";

	log_set_sink(count_warnings, NULL);
	n_warnings = 0;
	assert_int_equal(
		run("ip link add p0 type veth peer p1; ip addr add 10.77.0.1/24 dev p0"), 0);
	assert_int_equal(kernel_port_prepare(W->kernel, "p0", err, sizeof(err)), 0);
	assert_int_equal(n_warnings, 1);
	assert_true(shows("ip addr show p0", "10.77.0.1/24"));
	assert_int_equal(run("ip addr add 10.78.0.1/24 dev p0"), 0);
	settle(50);
	assert_int_equal(n_warnings, 2);
	kernel_resync(W->kernel);
	assert_int_equal(n_warnings, 2);
	log_set_sink(NULL, NULL);
}

#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(twin_of_an_ethernet_interface_is_like_it),
		LAB_TEST(twin_tells_an_ipv6_address_once_it_is_no_longer_tentative),
		LAB_TEST(twin_of_a_tunnel_is_point_to_point),
		LAB_TEST(twin_of_a_name_in_use_names_device_and_command),
		LAB_TEST(without_permission_the_sentence_says_what_to_do),
		LAB_TEST(twin_goes_with_its_interface_and_with_the_kernel),
		LAB_TEST(twin_follows_a_changed_interface),
		LAB_TEST(twin_that_is_deleted_is_made_anew),
		LAB_TEST(twin_that_leaves_the_namespace_is_made_anew),
		LAB_TEST(carrier_is_not_taken_for_an_administrative_state),
		LAB_TEST(twin_set_down_and_up_from_outside_is_followed),
		LAB_TEST(address_from_outside_is_followed),
		LAB_TEST(unicast_is_routed_from_twin_to_twin),
		LAB_TEST(unicast_ipv6_is_routed_into_a_tunnel),
		LAB_TEST(packet_with_a_local_source_is_delivered),
		LAB_TEST(neighbour_is_resolved_on_request),
		LAB_TEST(neighbour_that_does_not_answer_fails),
		LAB_TEST(next_hop_behind_a_kernel_route_becomes_an_adjacency),
		LAB_TEST(routes_are_followed),
		cmocka_unit_test_setup_teardown(
			routes_there_before_the_start_are_known, setup_bare, teardown),
		LAB_TEST(route_appended_takes_over_when_the_first_goes),
		LAB_TEST(routes_of_ipv6_add_and_lose_paths),
		LAB_TEST(routes_that_vanish_without_a_word_are_noticed),
		LAB_TEST(overrun_ends_in_a_table_equal_to_the_kernels),
		LAB_TEST(overrun_under_churn_ends_in_an_equal_table),
		LAB_TEST(overrun_loses_no_address_nor_state),
		LAB_TEST(overrun_does_not_lose_a_deleted_twin),
		LAB_TEST(netdev_that_comes_changes_and_goes_is_told),
		LAB_TEST(port_is_kept_quiet_and_put_back),
		LAB_TEST(port_does_not_forward_when_ip_forward_is_switched_on),
		LAB_TEST(port_answers_and_routes_nothing_beside_the_twin),
		LAB_TEST(port_with_an_address_is_warned_about),
	};

	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) || system("ip -V >/dev/null")) {
		fprintf(stderr, "skipped: needs root, /dev/net/tun and iproute2\n");
		return SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
