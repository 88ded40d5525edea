/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the direct lane knows of an output list beforehand: direct_plan.c makes it, direct.c goes by it.
 */
#pragma once

#include "path.h"

#define PLANS 512  /* a power of two */
#define OUTS 16384 /* outputs of all plans together */
/* Packets shorter than this are copied to every output, even where the bytes are the same: a reference
 * count costs each port that frees the buffer an atomic operation, which takes longer than the copy. A
 * power of two. */
#define COPY_SMALL 128

/* One output, resolved. */
struct direct_out {
	struct plan plan;
	bool small;        /* copies of short packets may be in small buffers */
	uint8_t tail[8];   /* native, untagged: source MAC and EtherType */
	uint16_t share;    /* the following `share` outputs send the same bytes */
	uint16_t overhead; /* bytes of IP in front of the packet */
};

struct direct_plan {
	uint64_t serial; /* of the list; 0: unused */
	uint16_t iif;
	uint8_t family;
	uint8_t ttl;       /* the largest threshold */
	bool flat;         /* all outputs are native and untagged: frames differ in the source MAC
			   * at most, and each output may have copies */
	uint16_t len_max;  /* longest IP packet that every output takes in this lane; 0: none */
	uint32_t n, first; /* outputs */
};

struct direct {
	uint64_t gen; /* of the tables for which the plans hold */
	uint32_t used;
	void (*frames_copy)(struct rte_mbuf *const *to, struct rte_mbuf *const *from, unsigned n,
		uint64_t tail, unsigned blocks);
	struct direct_plan plans[PLANS];
	struct direct_out outs[OUTS];
};

/* Resolves all outputs of p's list into *dp; len_max 0: not in this lane. */
void direct_plan_make(
	struct worker *w, const struct pkt *p, const struct oif_list *list, struct direct_plan *dp);
