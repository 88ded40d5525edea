/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The world of the labs of control/kernel: its loop, the commands run beside it, what a twin sends,
 * and how it is set up.
 */
#include "tests/lab/kernel_lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "tests/sum.h"

#define WAIT_MS 20000

struct world *W;

uint64_t now_us(void *arg)
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
bool wait_for(bool (*question)(void))
{
	uint64_t end = now_us(NULL) + WAIT_MS * 1000;

	while (!question()) {
		if (now_us(NULL) > end)
			return false;
		turn(20);
	}
	return true;
}

void settle(int ms)
{
	uint64_t end = now_us(NULL) + (uint64_t)ms * 1000;

	while (now_us(NULL) < end)
		turn(10);
}

int run(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

/* Whether the output of a command holds a text. */
bool shows(const char *cmd, const char *text)
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

/* --- packets ---------------------------------------------------------------------------------- */

const uint8_t mac_a[6] = {0x02, 0, 0, 0, 0, 0x0a};
const uint8_t mac_b[6] = {0x02, 0, 0, 0, 0, 0x0b};
const uint8_t mac_peer[6] = {0x02, 0, 0, 0, 0, 0x99};

/* An UDP packet without UDP checksum in an Ethernet frame; its length. */
size_t udp_frame(
	uint8_t *f, const uint8_t dst_mac[6], const char *src, const char *dst, uint16_t port)
{
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
	sum16_seal(f + 24, f + 14, 20);
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

/* --- arrange ---------------------------------------------------------------------------------- */

bool lab_possible(void)
{
	if (geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0 &&
		system("ip -V >/dev/null") == 0)
		return true;
	fprintf(stderr, "skipped: needs root, /dev/net/tun and iproute2\n");
	return false;
}

struct net_if_conf if_conf(const char *name, uint8_t kind, const char *const *addrs)
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

uint16_t if_add(const char *name, uint8_t kind, const char *const *addrs)
{
	struct net_if_conf c = if_conf(name, kind, addrs);
	uint16_t id;

	assert_int_equal(net_if_add(W->net, &c, &id), 0);
	return id;
}

void twin_add(uint16_t ifid)
{
	char err[256] = "";

	if (kernel_twin_add(W->kernel, ifid, err, sizeof(err)))
		fail_msg("%s", err);
}

void kernel_start(void)
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

int lab_setup_bare(void **state)
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
int lab_setup(void **state)
{
	if (lab_setup_bare(state))
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

int lab_teardown(void **state)
{
	kernel_free(W->kernel);
	net_free(W->net);
	fake_dp_free(W->dp);
	free(W);
	W = NULL;
	return 0;
}
