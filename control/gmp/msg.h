/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Messages of IGMP and MLD without their wire formats: igmp_wire.c (RFC 3376 section 4, RFC 2236, RFC
 * 1112) and mld_wire.c (RFC 3810 section 5, RFC 2710) read and write them. Pure functions.
 */
#pragma once

#include "control/base/bytes.h"
#include "control/gmp/gmp.h"

/* The numbers of both RFCs, RFC 3376 4.2.12 and RFC 3810 5.2.12. */
enum gmp_record_type {
	GMP_IS_IN = 1,
	GMP_IS_EX = 2,
	GMP_TO_IN = 3,
	GMP_TO_EX = 4,
	GMP_ALLOW = 5,
	GMP_BLOCK = 6,
};

enum gmp_msg_kind { GMP_QUERY, GMP_REPORT, GMP_LEAVE };

/* A message; raw points into the packet. */
struct gmp_msg {
	uint8_t kind;    /* enum gmp_msg_kind */
	uint8_t version; /* 1 to 3 as IGMP counts: MLDv1 is 2, MLDv2 is 3 */
	bool router_alert;
	struct ipaddr from, to;
	struct ipaddr grp; /* not in a general query (all zero) or a report of version 3 */
	/* queries */
	uint64_t resp_us; /* Max Resp Time */
	bool suppress;    /* S flag */
	uint8_t qrv;
	uint32_t qqi_s;
	uint16_t n;         /* sources of a query, records of a report of version 3 */
	const uint8_t *raw; /* what of it is proved to be there */
	size_t raw_len;
};

/* A group record; type is what the wire says, also an unknown one. */
struct gmp_record {
	uint8_t type;
	struct ipaddr grp;
	uint16_t n;
	const uint8_t *sources;
};

#define GMP_PARSED GMP_COUNTER_N /* no reason to drop it */

/* A whole IP packet. GMP_PARSED, or the reason; m is then undefined. Every source of a query and every
 * record of a report is inside the packet. */
enum gmp_counter igmp_parse(const uint8_t *data, size_t len, struct gmp_msg *m);
enum gmp_counter mld_parse(const uint8_t *data, size_t len, struct gmp_msg *m);

/* The records of a parsed report, one after the other: start with gmp_records(m); false at the end. */
struct reader gmp_records(const struct gmp_msg *m);
bool gmp_record_next(struct reader *r, uint8_t family, struct gmp_record *rec);
/* What both wire formats have alike; r stands where it begins. A report of version 3, whole message: all records
 * must be there before one of them counts, what follows is ignored (RFC 3376 4.2, 4.2.11; RFC 3810 5.2). */
enum gmp_counter gmp_report_parse(struct reader r, uint8_t family, struct gmp_msg *m);
/* What a query of version 3 has behind the group: S flag, QRV, QQIC, sources (RFC 3376 4.1.5 to 4.1.9). */
enum gmp_counter gmp_query_v3_parse(struct reader *r, uint8_t family, struct gmp_msg *m);
/* Source i of raw sources. */
struct ipaddr gmp_source_at(const uint8_t *raw, uint8_t family, uint32_t i);

/* What a query shall say. */
struct gmp_query {
	uint8_t family, version; /* as in gmp_msg */
	struct ipaddr from;
	struct ipaddr grp; /* IP_NONE: general */
	uint32_t resp_ms;
	bool suppress;
	uint8_t qrv;
	uint32_t qqi_s;
	uint32_t n;
	const struct ipaddr *sources;
};

#define GMP_PACKET_MAX 9216u

/* How many sources fit into a query of this MTU (at least 1). */
uint32_t gmp_query_sources_max(uint8_t family, uint32_t mtu);
/* The IP packet into buf (GMP_PACKET_MAX); its length, 0 if it does not fit. */
size_t igmp_query_build(const struct gmp_query *q, uint8_t *buf, size_t cap);
size_t mld_query_build(const struct gmp_query *q, uint8_t *buf, size_t cap);

/* What a query of version 3 has behind the group. */
void gmp_query_v3_write(struct writer *w, uint8_t family, const struct gmp_query *q);

/* RFC 3376 4.1.1 and 4.1.7: a code of 8 bits, values to 31,744; RFC 3810 5.1.3: 16 bits. Encoding takes
 * the next lower value that can be said (8.8). */
uint32_t gmp_code8_value(uint8_t code);
uint8_t gmp_code8(uint32_t value);
uint32_t gmp_code16_value(uint16_t code);
uint16_t gmp_code16(uint32_t value);

/* Internet checksum (RFC 1071): the sum goes on from another one; finish gives the field's value. */
uint32_t gmp_sum(const void *data, size_t len, uint32_t sum);
uint16_t gmp_sum_finish(uint32_t sum);
