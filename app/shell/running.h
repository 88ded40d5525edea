/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: the running state as a configuration file.
 */
#pragma once

#include "app/app.h"

/* The text of the file that would bring the router where it is now: that of the configuration in force,
 * with the shell's routes, what was set up and down, the log level and the EAL arguments of the
 * command line. Outputs and inputs on interfaces that are gone are left out. To be freed; NULL: no
 * memory. */
char *running_text(struct app *app, size_t *len);
