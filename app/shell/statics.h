/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: the static routes by key, for shows that join them with the TIB.
 */
#pragma once

#include "app/shell/value.h"
#include "control/base/route_key.h"

struct statics {
	struct static_route_info *v; /* sorted by key, file before shell; routes borrowed */
	size_t n, cap;
};

/* All static routes as they are now; valid until the next event of the protocol. */
void statics_init(struct statics *s, const struct app *app);
void statics_fini(struct statics *s);
/* Index of the first one with this key; *n: how many there are. */
size_t statics_find(const struct statics *s, const struct dp_route_key *key, size_t *n);
