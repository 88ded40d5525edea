/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: what the parts of explain share.
 */
#pragma once

#include "app/shell/value.h"

struct explain {
	struct app *app;
	json_t *checks;
	char verdict[400];      /* detail of the first check that failed; "" none yet */
	struct ipaddr src, grp; /* src IP_NONE: any */
	struct tib_entry_info entry;
	struct dp_route_counters counters;
	unsigned inputs_up, outputs_ok;
};

/* One condition; detail says what is so, and if it is not, what to do. Returns ok. */
bool explain_check(struct explain *x, const char *name, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* What PIM says where there is no route: false with the condition that fails; true: it does not run. */
bool explain_pim_missing(struct explain *x);
/* Conditions of an entry that PIM has a part in; true: go on. */
bool explain_pim_route(struct explain *x);
/* The outputs of the entry; false: none of them can send. */
bool explain_outputs(struct explain *x);
