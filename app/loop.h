/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The control lcore's one loop: libevent for descriptors, signals and the clock; the runner; and,
 * when there are no worker lcores, the one worker too.
 */
#pragma once

#include "app/app.h"
#include "control/kernel/kernel.h"

struct loop;

/* wake_fd is what workers write when they have something for a sleeping control lcore. */
int loop_new(struct loop **out, struct app *app, int wake_fd);
void loop_free(struct loop *loop);
/* Runs until app->stopping. */
void loop_run(struct loop *loop);
/* For control/kernel: its descriptors in this loop. */
int loop_watch(void *app, int fd, void (*ready)(void *arg), void *arg);
void loop_unwatch(void *app, int fd);
