/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: the addresses that completion offers. Each looks at a bounded number of routes or
 * neighbours, so that a tab costs the same with a million of them; what lies beyond is not offered until
 * more of it is typed.
 */
#pragma once

#include "app/shell/command.h"

#define LIVE_MAX 200 /* words offered at most */

void live_address(struct app *app, const char *prefix, json_t *to); /* of neighbours */
void live_source(struct app *app, const char *prefix, json_t *to);
void live_except(struct app *app, const char *prefix, json_t *to); /* sources that are not "*" */
void live_group(struct app *app, const char *prefix, json_t *to);
