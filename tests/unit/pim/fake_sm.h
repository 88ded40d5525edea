/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Trees that only note what the common part tells them.
 */
#pragma once

#include "control/pim/common/pim_priv.h"
#include "control/pim/sm/sm.h"

enum sm_call_kind {
	SM_CONFIG,
	SM_IFACE_UP,
	SM_IFACE_LEAVE,
	SM_IFACE_DOWN,
	SM_IFACE_CHANGED,
	SM_NEIGH_UP,
	SM_NEIGH_DOWN,
	SM_NEIGH_GENID,
	SM_JOINPRUNE,
	SM_ASSERT,
	SM_REGISTER,
	SM_REGISTER_STOP,
	SM_MEMBER,
	SM_UPCALL,
	SM_RIB,
	SM_TIMER,
	SM_STOP,
	SM_CALLS
};

struct sm_call {
	enum sm_call_kind kind;
	uint16_t ifid;
	uint8_t family;
	bool up, i_am_dr, sending; /* of the interface, during the call */
	struct ipaddr addr;        /* of the neighbour or the sender */
	struct ipaddr own;         /* our address on the interface */
	bool found;                /* the neighbour is in the tables, during the call */
	size_t len;                /* of the message */
};

#define FAKE_SM_CALLS 8192

struct pim_sm {
	struct pim_self *pim;
	size_t n;
	struct sm_call calls[FAKE_SM_CALLS];
};

/* How many calls of a kind there were. */
static inline unsigned sm_count(const struct pim_sm *sm, enum sm_call_kind kind)
{
	unsigned n = 0;

	for (size_t i = 0; i < sm->n; i++)
		n += sm->calls[i].kind == kind;
	return n;
}

/* The last call of a kind; NULL. */
static inline const struct sm_call *sm_last(const struct pim_sm *sm, enum sm_call_kind kind)
{
	for (size_t i = sm->n; i-- > 0;)
		if (sm->calls[i].kind == kind)
			return &sm->calls[i];
	return NULL;
}
