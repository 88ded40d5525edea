/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * DPDK telemetry: what `show` shows, for dpdk-telemetry.py and whoever speaks to its socket.
 *
 * DPDK calls back on a thread for each of its clients, while control is single-threaded: the question
 * is handed to control's loop and the thread waits for the answer, no longer than
 * TELEMETRY_WAIT_MS. Control itself never waits for such a thread.
 */
#pragma once

#define TELEMETRY_WAIT_MS 2000

struct app;
struct telemetry;

/* Registers the endpoints (once in a process: DPDK cannot forget them) and answers them in app's
 * loop. 0 or -errno. */
int telemetry_new(struct telemetry **out, struct app *app);
/* Questions that wait are answered with null, and later ones too. NULL: nothing. */
void telemetry_free(struct telemetry *t);
