/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Fingerprints of packets that two paths may bring: which of them has been seen on which path, and whether a copy
 * has been forwarded. One table for all routes that move and all workers, of fixed size, whose oldest entries make
 * room for new ones; no locks: an entry is one word.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prints;

#define PRINTS_OLD 1u  /* by the path that is left */
#define PRINTS_NEXT 2u /* by the one that it moves to */

enum prints_met {
	PRINTS_FIRST, /* nobody has brought it yet */
	PRINTS_SENT,  /* the other path has, and its copy was forwarded */
	PRINTS_UNSENT, /* the other path has, and its copy was dropped; this one counts as forwarded now */
	PRINTS_SAME, /* this path has, too: there are packets that cannot be told from each other */
};

/* hz: of the time stamp counter; keep_ms: how long a print is known. NULL: no memory. */
struct prints *prints_new(uint64_t hz, unsigned keep_ms);
void prints_free(struct prints *pr);         /* NULL is none */
uint64_t prints_ms(const struct prints *pr); /* cycles of a millisecond */

/* A packet with this print has come at `now` (cycles) by one path; if it is the first, `sends` says whether it is
 * forwarded. What is known of it. */
enum prints_met prints_meet(
	struct prints *pr, uint64_t print, unsigned path, bool sends, uint64_t now);
