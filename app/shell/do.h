/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: what the commands that change something share.
 */
#pragma once

#include "app/shell/command.h"

/* Hands changed routes to the data plane now; fails out if that does not go. */
void do_commit(struct app *app, struct cmd_result *out);
/* Inside `load`: changes are committed once, at its end. */
bool do_loading(void);
