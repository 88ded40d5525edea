/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A port with rte_flow, made of the linker's wraps: it accepts and refuses as the test says, remembers its
 * rules, and treats a frame as hardware would: first rule by priority that matches, its queue and its
 * mark, else the hash. It reads items and frames by itself, knowing nothing of how they were made.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_flow.h>
#include <rte_mbuf.h>

#define NIC_PORTS 4
#define NIC_RULES 128

/* A rule as the driver got it. Named by rte_flow.h, filled by whoever is the driver. */
struct rte_flow {
	bool used;
	uint16_t port;
	unsigned priority;
	bool has_eth, has_ip4, has_ip6, has_udp, count;
	struct rte_flow_item_eth eth, eth_mask;
	struct rte_flow_item_ipv4 ip4, ip4_mask;
	struct rte_flow_item_ipv6 ip6, ip6_mask;
	struct rte_flow_item_udp udp, udp_mask;
	int fate; /* RTE_FLOW_ACTION_TYPE_QUEUE, _RSS or _PASSTHRU */
	uint16_t queue, n_queues;
	uint32_t mark; /* 0: none */
	uint64_t hits;
};

struct nic {
	struct rte_flow rules[NIC_RULES];
	unsigned n_rules;
	/* what it is like */
	bool no_api, no_count, no_priorities, create_fails, destroy_fails, flush_fails, reta_fails;
	unsigned capacity; /* rules it can hold */
	/* NULL, or the driver's words for a rule that it does not validate; and one that only create refuses */
	const char *(*refuses)(const struct rte_flow *rule);
	const char *(*breaks)(const struct rte_flow *rule);
	/* what was asked of it */
	unsigned validated, created, destroyed, flushed, reta_updates;
	uint16_t reta[RTE_ETH_RSS_RETA_SIZE_512], reta_size;
};

extern struct nic nic;

void nic_reset(void);
/* What the port does with the frame: its queue; sets the mark in m. queues: those it hashes over when the
 * redirection table was never written. */
uint16_t nic_receive(uint16_t port, struct rte_mbuf *m, uint16_t queues);
/* The port's rule with this mark, or NULL. */
const struct rte_flow *nic_mark(uint16_t port, uint32_t mark);
unsigned nic_marks(uint16_t port);
