/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A whole PIM router for the tests of Assert, Register and data. What is around it:
 *
 *   up    10.0.1.1/24   U 10.0.1.2 towards the RP 10.255.0.1 and towards 10.8.0.0/16;
 *                       V 10.0.1.3 towards 10.7.0.0/16
 *   spt   10.0.2.1/24   10.0.2.2 towards 10.9.0.0/16
 *   lan   10.1.0.5/24   other routers: 10.1.0.2 and 10.1.0.9
 *   lan2  10.2.0.1/24
 *
 * All routes are OSPF's (preference 110) with metric 20. Neighbours never expire by themselves.
 */
#pragma once

#include "control/pim/sm/assert.h"
#include "control/pim/sm/register.h"
#include "tests/unit/control/world.h"

#define RP "10.255.0.1"
#define G "239.1.1.1"
#define S_SPT "10.9.0.9" /* by spt */
#define S_UP "10.8.0.8"  /* by up and U, as the RP */
#define S_V "10.7.0.7"   /* by up and V */
#define S_LAN "10.1.0.100"

struct data_world {
	struct world *w;
	struct pim_if_config ifs[4];
	struct prefix groups, ssm, boundary;
	struct pim_rp_config rp;
	struct pim_config conf;
	struct pim_self *pim;
	struct pim_sm *sm;
	uint16_t number;
	uint16_t up, spt, lan, lan2;
};

int data_setup(void **state);
int data_teardown(void **state);
/* The configuration again, as dw->conf says now. */
void data_config(struct data_world *dw);
/* Makes lan2's address the RP. */
void data_become_rp(struct data_world *dw);
/* A route of OSPF, replaced. */
void data_route(struct data_world *dw, const char *dst, uint16_t ifid, const char *gateway,
	uint32_t metric);

void data_hello(struct data_world *dw, uint16_t ifid, const char *from, uint32_t genid,
	uint16_t holdtime_s, uint32_t dr_priority);
/* Join or Prune to us: flags PIM_JP_STAR_G (src: the RP), PIM_JP_SG_RPT, PIM_JP_SG. Holds for
 * ever. */
void data_jp(struct data_world *dw, uint16_t ifid, const char *from, bool join, uint8_t flags,
	const char *src, const char *grp);
/* A Join of 10.1.0.2 to 10.1.0.9 on lan: (*,G) if src is "*", beside a Prune(S,G,rpt) of without if that is not NULL. */
void data_join_to_another(
	struct data_world *dw, const char *src, const char *grp, const char *without);
/* Likewise a Join(S,G,rpt). */
void data_rpt_join_to_another(struct data_world *dw, const char *src, const char *grp);
void data_join(struct data_world *dw, const char *src, const char *grp); /* on lan, from 10.1.0.2 */
void data_prune(struct data_world *dw, const char *src, const char *grp);
void data_member(struct data_world *dw, uint16_t ifid, const char *src, const char *grp,
	enum member_state m);
/* src "*": zero */
void data_assert(struct data_world *dw, uint16_t ifid, const char *from, const char *src,
	const char *grp, bool rpt, uint32_t preference, uint32_t metric);
void data_upcall(struct data_world *dw, enum dp_upcall_kind kind, const char *src, const char *grp,
	uint16_t ifid);
/* A Register with data to an address of ours, as the data plane tells of it; or a Null-Register. */
void data_register(struct data_world *dw, const char *dr, const char *to, const char *src,
	const char *grp, bool null);
void data_register_stop(
	struct data_world *dw, const char *from, const char *to, const char *src, const char *grp);
void data_packet(struct data_world *dw, uint16_t ifid, const void *ip, size_t len);
/* What the data plane says of the route of (S,G) from now on. */
void data_flow(struct data_world *dw, const char *src, const char *grp, uint64_t bytes,
	uint64_t last_used_ms);
void data_pass(struct data_world *dw, double seconds);

/* How many messages of a type were sent since the last call, on a link (ifid) or routed (0); the
 * last in *out, whose bytes live until the next event. */
unsigned data_sent(
	struct data_world *dw, uint16_t ifid, enum pim_type type, struct pim_packet *out);
unsigned data_asserts(struct data_world *dw, uint16_t ifid, struct pim_assert *last);
void data_forget(struct data_world *dw);

struct sm_group *group(struct data_world *dw, const char *grp);
struct sm_source *source(struct data_world *dw, const char *src, const char *grp);
/* "*": of (*,G). NULL: nothing is known. */
struct sm_oif *oif(struct data_world *dw, const char *src, const char *grp, uint16_t ifid);
struct sm_at at(struct data_world *dw, const char *src, const char *grp, uint16_t ifid);
enum assert_state assert_of(struct data_world *dw, const char *src, const char *grp, uint16_t ifid);
struct pim_iface *pif(struct data_world *dw, uint16_t ifid);
uint64_t drops(struct data_world *dw, enum pim_drop why);
/* All that can be seen of the state: two of them are equal if an event changed nothing. */
uint64_t fingerprint(struct data_world *dw);
