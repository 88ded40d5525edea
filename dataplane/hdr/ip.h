/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the parsers of both families answer.
 */
#pragma once

#include "dataplane/seam/drop.h"

#include <stdbool.h>
#include <stdint.h>

/* "No reason to drop it." */
#define IP_FINE DROP_COUNT

#define IP_PROTO_HOPOPTS 0
#define IP_PROTO_IGMP 2
#define IP_PROTO_TCP 6
#define IP_PROTO_UDP 17
#define IP_PROTO_FRAGMENT 44
#define IP_PROTO_GRE 47
#define IP_PROTO_ICMP6 58
#define IP_PROTO_DSTOPTS 60
#define IP_PROTO_PIM 103
#define IP_PROTO_UDPLITE 136

struct ip_view {
	uint32_t len;    /* of the IP packet */
	uint8_t hdr_len; /* IPv6: the fixed header */
	uint8_t ttl;     /* or hop limit */
	uint8_t proto;   /* protocol, or the first next header */
	bool frag;       /* a fragment, the first one included */
};
