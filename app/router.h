/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Configuration made true: applying a file, or the difference between two, to the running router.
 */
#pragma once

#include "app/app.h"

/* Applies next over app->conf (NULL: nothing runs yet) in the order conf_diff gives. Takes next over.
 * At boot the workers are started, and the first failure is returned with its sentence. A reload is applied as a
 * whole or not at all: after a failure, whose sentence is in err, the former configuration is in force, and next is
 * freed. summary: what was done. */
int router_apply(struct app *app, struct conf *next, char *summary, size_t summary_cap, char *err,
	size_t err_cap);
/* Makes the twins that are due: interfaces that want one and whose MAC is known. */
void router_twins_sync(struct app *app);
/* One turn of control: events, timers, the TIB's commit, twins. True if more is waiting. */
bool router_step(struct app *app);
/* net's listener. */
void router_net_changed(void *app, const struct net_change *c);
