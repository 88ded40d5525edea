/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The headers of a frame for a reader: what is there is told, sound or not; nothing beyond n bytes is
 * looked at.
 */
#pragma once

#include "dataplane/seam/addr.h"

#define DECODE_TAGS 2
#define DECODE_PACKETS 3 /* a packet, the one inside its tunnel, the one inside its Register */

struct decode_ip {
	struct ipaddr src, dst;
	uint8_t ttl, tos, protocol;
	uint16_t length, id, fragment_offset; /* bytes; id 0 for IPv6 */
	bool more_fragments;
};

struct decode {
	unsigned header_bytes; /* of all headers that were found */
	bool has_macs;
	uint8_t dst_mac[6], src_mac[6];
	unsigned n_vlans;
	uint16_t vlans[DECODE_TAGS], ethertype;
	unsigned n_ip; /* outermost first */
	struct decode_ip ip[DECODE_PACKETS];
	bool has_gre, gre_checksum, gre_has_key;
	uint32_t gre_key;
	bool has_register;
	bool has_udp;
	uint16_t src_port, dst_port;
};

void decode_frame(const uint8_t *p, size_t n, struct decode *d);
/* "02:.. > 01:.. vlan 100 ip 10.0.0.1 > 239.1.1.1 ttl 15 udp 4000 > 5000". Returns buf. */
const char *decode_str(const struct decode *d, char *buf, size_t cap);
