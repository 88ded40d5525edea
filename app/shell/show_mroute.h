/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One multicast route as JSON, and the texts of show mroute.
 */
#pragma once

#include "app/app.h"

#include <jansson.h>
#include <stdio.h>

void show_mroute_text(const json_t *value, FILE *to);
void show_mroute_count_text(const json_t *value, FILE *to);
/* An element of "routes" of `show mroute`; owned by the caller. NULL: no memory. */
json_t *show_mroute_entry(struct app *app, const struct tib_entry_info *e);
