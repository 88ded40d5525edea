/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of `show` share.
 */
#pragma once

#include "control/pim/sm/sm_macro.h"

/* When it expires; TIMER_NEVER: it does not run. */
static inline uint64_t due(const struct timer *t)
{
	return timer_armed(t) ? t->due_us : TIMER_NEVER;
}

/* As `show` names the states of figure 1. */
static inline const char *register_name(enum register_state s)
{
	switch (s) {
	case REG_NOINFO:
		return "noinfo";
	case REG_JOIN:
		return "join";
	case REG_JOIN_PENDING:
		return "join_pending";
	case REG_PRUNE:
		return "prune";
	}
	return "";
}
