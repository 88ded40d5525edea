/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the labs of control/kernel share: a real kernel in a network namespace of the program's own,
 * fresh for every test and driven with iproute2 from outside.
 *
 *            net (real)  <-- control/kernel -->  Linux: a TAP, b TAP, t0 TUN, veth p0/p1
 *               |
 *          fake data plane
 *
 * Needs root; without it, or without iproute2, a lab skips.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/kernel/kernel.h"
#include "tests/unit/control/fake_dp.h"

#define LAB_SKIP 77
#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define FDS_MAX 16

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
	int a_index_before; /* of the twin of a, while waiting for another */
	char pid_file[64];
};

/* Of the test that runs. */
extern struct world *W;
extern const uint8_t mac_a[6], mac_b[6], mac_peer[6];

/* Whether a lab can run here; says so on stderr if not. */
bool lab_possible(void);
/* cmocka's setup: a and b with ports, t0 a tunnel; all with twins and carrier. */
int lab_setup(void **state);
/* cmocka's setup: a namespace and an empty net, the kernel not yet started. */
int lab_setup_bare(void **state);
int lab_teardown(void **state);
void kernel_start(void);
struct net_if_conf if_conf(const char *name, uint8_t kind, const char *const *addrs);
uint16_t if_add(const char *name, uint8_t kind, const char *const *addrs);
void twin_add(uint16_t ifid);

uint64_t now_us(void *arg);
/* Turns the loop until the question is answered with yes; false after 20 s. */
bool wait_for(bool (*question)(void));
/* Turns the loop for so long. */
void settle(int ms);
/* A shell command in the namespace; as system(3). */
int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether the output of a command holds a text. */
bool shows(const char *cmd, const char *text);

/* An UDP packet without UDP checksum in an Ethernet frame; its length. */
size_t udp_frame(
	uint8_t *f, const uint8_t dst_mac[6], const char *src, const char *dst, uint16_t port);
/* world.wanted: UDP that leaves b. */
bool want_udp(struct world *w, uint16_t ifid, const uint8_t *f, size_t len);
bool got_packet(void);

/* Interface a. */
const struct net_if *ifa(void);
bool has_addr(uint16_t ifid, const char *text);
bool v6_known(void);
bool admin_down(void);
/* Whether a has a twin again, another one than before. */
bool twin_is_back(void);

/* A route of the kernel in net's table. */
bool route_to(const char *dst, struct net_route *out);
/* Whether net's IPv4 routes and the kernel's are the same. */
bool tables_agree(void);
