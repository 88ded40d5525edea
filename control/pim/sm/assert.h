/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the Assert machines share (RFC 7761 4.6).
 */
#pragma once

#include "control/pim/sm/sm_macro.h"

/* The columns of figures 8 and 9. What a column adds about RPTbit, CouldAssert and
 * AssertTrackingDesired is part of the event: who raises it has looked. */
enum assert_event {
	AE_INFERIOR,             /* Receive Inferior Assert */
	AE_RPT,                  /* Receive Assert with RPTbit set: (S,G) in NoInfo */
	AE_DATA,                 /* Data arrives */
	AE_ACCEPTABLE,           /* Receive Acceptable Assert */
	AE_PREFERRED,            /* Receive Preferred Assert */
	AE_ACCEPTABLE_OF_WINNER, /* Receive Acceptable Assert from Current Winner */
	AE_INFERIOR_OF_WINNER,   /* Receive Inferior Assert or Assert Cancel from Current Winner */
	AE_TIMER,                /* Assert Timer Expires */
	AE_COULD_ASSERT_FALSE,   /* CouldAssert -> FALSE */
	AE_WINNER_VOID,          /* Current Winner's GenID Changes or NLT Expires */
	AE_TRACKING_FALSE,       /* AssTrDes -> FALSE */
	AE_METRIC_BETTER,        /* my_metric -> better than winner's metric */
	AE_RPF_STOPS,            /* RPF_interface stops being I */
	AE_JOIN,                 /* Receive Join on interface I */
	ASSERT_EVENTS
};

/* What comes with an event: NULL if it is none of a message, or not of data. */
struct assert_what {
	const struct assert_metric *heard; /* of the message, with its sender's address */
	const struct ipaddr *data_src;
};

/* One step of figure 8 (at->s set) or 9 (at->s NULL) on at->pif. True: the state is another one.
 * Frees no oif. */
bool assert_step(struct pim_sm *sm, const struct sm_at *at, enum assert_event ev,
	const struct assert_what *what, struct proto_ctx *ctx);
/* An Assert of this metric. src: IP_NONE in Assert(*,G) but for those that data sets off. */
void assert_send(const struct sm_at *at, const struct assert_metric *m, const struct ipaddr *src,
	struct proto_ctx *ctx);
/* What we say and are beaten by: spt_assert_metric(S,I), rpt_assert_metric(G,I). */
struct assert_metric assert_metric_said(const struct sm_at *at);
/* No metric is worse: such an Assert is an AssertCancel (4.6.4). */
bool assert_metric_infinite(const struct assert_metric *m);
/* 4.2: data of src came in on pif, which is RPF_interface of neither tree in use. s: NULL if there
 * is no (S,G). */
void assert_data(struct pim_sm *sm, struct sm_group *g, struct sm_source *s, struct pim_iface *pif,
	const struct ipaddr *src, struct proto_ctx *ctx);
