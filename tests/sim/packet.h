/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What travels: protocol packets as bytes, data and data in Registers as small records. Counted
 * references; a packet on a wire is never written.
 */
#pragma once

#include "dataplane/seam/dp.h"

#define SIM_PATH_MAX 32

struct sim_source;

enum sim_packet_kind { SIM_BYTES, SIM_DATA, SIM_REGISTER };

struct sim_packet {
	uint32_t refs;
	uint8_t kind;   /* enum sim_packet_kind */
	uint8_t mac[6]; /* destination of the frame */
	/* data, also that in a Register */
	struct sim_source *source;
	uint32_t seq;
	uint8_t ttl, n_path;
	uint16_t path
		[SIM_PATH_MAX]; /* routers that forwarded it natively since its source or the RP */
	struct ipaddr src, grp;
	/* Register */
	struct ipaddr outer_src, outer_dst;
	uint8_t outer_ttl;
	/* bytes, from the IP header on */
	uint32_t len;
	uint8_t data[];
};

struct sim_packet *sim_packet_bytes(const void *data, size_t len); /* to a group MAC */
struct sim_packet *sim_packet_data(void);
struct sim_packet *sim_packet_copy(const struct sim_packet *p);
struct sim_packet *sim_packet_get(struct sim_packet *p);
void sim_packet_put(struct sim_packet *p);
/* Source and destination of the outermost IP header. */
struct ipaddr sim_packet_src(const struct sim_packet *p);
struct ipaddr sim_packet_dst(const struct sim_packet *p);
/* Of bytes: what is above IP, 0 nothing known; where that begins, len: nowhere; whether it is IGMP or MLD. */
uint8_t sim_packet_protocol(const struct sim_packet *p);
unsigned sim_packet_upper(const struct sim_packet *p);
bool sim_packet_is_membership(const struct sim_packet *p);
/* A line that says what it is. Returns buf. */
const char *sim_packet_str(const struct sim_packet *p, char *buf, size_t cap);

static inline bool sim_mac_is_group(const uint8_t mac[6])
{
	return mac[0] & 1;
}

/* Internet checksum (RFC 1071) of what a host sends. */
uint16_t sim_checksum(const void *data, size_t len);
