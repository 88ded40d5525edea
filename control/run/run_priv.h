/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the runner share.
 */
#pragma once

#include "control/run/runner.h"

/* The DP_PROTO_* bit of an IP packet, 0 if it is none of our protocols or cut short. */
uint8_t run_classify(uint8_t family, const uint8_t *data, size_t len);

/* Next hops that are held for a protocol. */
struct reach {
	uint32_t *adjs;
	uint32_t n;
};

/* In place of the former ones. -ENOMEM: those stay; -ENOBUFS: some are missing. */
int reach_set(struct reach *r, struct net *net, const struct ipaddr *v, uint32_t n);
void reach_free(struct reach *r, struct net *net);

/* Packets to unicast addresses, which wait a moment where a MAC is not known yet. */
struct routed;

struct routed *routed_new(const struct dp *dp, struct net *net);
void routed_free(struct routed *q);
/* Sends an IP packet to the destination in its header; ifid: it must leave there, 0 anywhere. 0, also if it
 * waits; -EHOSTUNREACH no route, -ENOBUFS too many wait, -EINVAL, or what the data plane says. */
int routed_send(struct routed *q, uint16_t ifid, const void *data, size_t len, uint64_t now_us);
/* Something of the network is different: sends what can be sent, forgets what has waited too long. */
void routed_changed(struct routed *q, const struct net_change *c, uint64_t now_us);
