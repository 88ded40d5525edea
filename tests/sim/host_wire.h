/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Messages of hosts and to hosts: IGMP and MLD, which differ in numbers and sizes. Versions count as IGMP's:
 * MLDv1 is 2, MLDv2 is 3.
 */
#pragma once

#include "control/base/bytes.h"
#include "tests/sim/host.h"

enum host_record { IS_IN = 1, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK };

enum host_msg_kind { HOST_QUERY, HOST_REPORT, HOST_OTHER };

struct host_msg {
	enum host_msg_kind kind;
	uint8_t version;    /* of a query */
	struct ipaddr grp;  /* all bytes zero: any */
	uint64_t max_us;    /* of a query: to answer within */
	unsigned n;         /* sources it asks about */
	const uint8_t *src; /* of the packet, ip_bytes(&grp) each */
};

/* What a host hears in a packet of its family. False: nothing that it must heed. */
bool host_wire_read(const struct sim_host *h, const struct sim_packet *p, struct host_msg *m);

/* A report or leave of version 1 or 2. */
void host_wire_report(struct sim_host *h, uint8_t version, const struct ipaddr *grp);
void host_wire_leave(struct sim_host *h, const struct ipaddr *grp);

/* A report of version 3: records are put into it; one without records is not sent. */
struct writer host_wire_begin(const struct sim_host *h, uint8_t *buf, size_t cap);
void host_wire_record(struct writer *w, enum host_record type, const struct ipaddr *grp,
	const struct ipaddr *src, unsigned n);
void host_wire_send(struct sim_host *h, struct writer *w);
