/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One membership router in the hands of a test: the real protocol and the real net over a data plane that
 * does nothing, invented time, packets written byte by byte. Every membership it tells is checked to be a
 * change. For unit tests and fuzz targets, so without cmocka.
 *
 * Sources are letters: a is 10.9.0.1, b is 10.9.0.2 (IPv6: 2001:db8:9::1, ...).
 */
#pragma once

#include "control/base/prng.h"
#include "control/gmp/gmp.h"
#include "control/gmp/msg.h"

#define BED_IFS_MAX 4
#define BED_S 1000000ull

/* A query that the router sent. */
struct bed_query {
	uint64_t at_us;
	uint16_t ifid;
	struct gmp_msg m;
	uint8_t *data;
	size_t len;
};

struct bed {
	struct net *net;
	struct timer_heap *timers;
	void *self;
	uint64_t now_us;
	struct gmp_if_config conf[BED_IFS_MAX * 2];
	struct gmp_config all; /* without interfaces: bed_config adds conf */
	size_t n_conf;
	uint16_t ports;
	struct bed_query *queries; /* not taken by bed_queries yet */
	size_t n_queries, cap_queries;
	uint64_t told; /* memberships told */
	char order
		[64]; /* since a test cleared it: "+*-a" is (*,G) included, (a,G) no longer; "!a" excluded */
	uint64_t repeats; /* of them, those that changed nothing: 0, or the router is wrong */
	uint64_t notes;
	char note[256];         /* the last one */
	struct bed_told *state; /* what stands now */
};

struct bed *bed_new(void);
void bed_free(struct bed *b);
/* An Ethernet interface that is up, with these addresses (NULL: none). */
uint16_t bed_if(struct bed *b, const char *name, const char *v4, const char *v6);
void bed_if_del(struct bed *b, uint16_t ifid);
void bed_if_up(struct bed *b, uint16_t ifid, bool up);
void bed_readdress(struct bed *b, uint16_t ifid, const char *v4, const char *v6);
/* Default settings for an interface, to be changed; bed_config puts all in force. */
struct gmp_if_config *bed_conf(struct bed *b, const char *name, enum ip_family family);
void bed_config(struct bed *b);
int bed_command(struct bed *b, const struct gmp_command *c, char *err, size_t cap);

/* Lets time pass, up to and including now + us. */
void bed_run(struct bed *b, uint64_t us);

/* --- packets -------------------------------------------------------------------------------------- */

struct bed_packet {
	uint8_t data[9216];
	size_t len;
};

/* The IP header of a packet, from there on the caller writes and bed_seal sets lengths and checksums. */
struct bed_head {
	const char *from, *to;
	uint8_t ttl, tos;
	bool no_alert;
};
struct writer bed_begin(struct bed_packet *p, const struct bed_head *h);
void bed_seal(struct bed_packet *p, struct writer *w);
void bed_packet_in(struct bed *b, uint16_t ifid, const struct bed_packet *p);

/* A record: "IS_IN", "TO_EX" ...; sources as letters. */
struct bed_record {
	const char *type;
	const char *grp;
	const char *sources;
};
/* A version 3 (MLD 2) report of one or more records. */
void bed_report(struct bed *b, uint16_t ifid, const char *from, unsigned n,
	const struct bed_record *records);
void bed_report1(struct bed *b, uint16_t ifid, const char *from, const char *type, const char *grp,
	const char *sources);
/* IGMPv1, IGMPv2 (MLDv1) reports and leaves. */
void bed_old_report(
	struct bed *b, uint16_t ifid, const char *from, unsigned version, const char *grp);
void bed_leave(struct bed *b, uint16_t ifid, const char *from, const char *grp);
/* A query of another router: grp NULL general; version 1 to 3; max_resp in tenths of a second. */
struct bed_query_in {
	const char *from, *to, *grp, *sources;
	unsigned version, max_resp, qrv, qqic;
	bool suppress;
};
void bed_query(struct bed *b, uint16_t ifid, const struct bed_query_in *q);

/* --- looking -------------------------------------------------------------------------------------- */

struct ipaddr bed_source(enum ip_family family, char letter);
struct ipaddr bed_addr(const char *text);
uint64_t bed_counter(
	const struct bed *b, const char *name, enum ip_family family, enum gmp_counter c);
/* "INCLUDE a=260 b=250" or "EXCLUDE a=260 | c d, G=250" (seconds left), "none". */
const char *bed_state(const struct bed *b, uint16_t ifid, const char *grp);
/* "* a b !c": all sources, included ones, excluded ones; "" none: what others were told. */
const char *bed_told(const struct bed *b, uint16_t ifid, const char *grp);
/* Queries sent since the last call: "Q", "Q(G)", "Q(G,ab)", with " S" behind it if that flag is set. */
const char *bed_queries(struct bed *b);
/* Hash of all groups, sources, hosts and queriers, without time: two equal ones are the same state. */
uint64_t bed_digest(const struct bed *b);
