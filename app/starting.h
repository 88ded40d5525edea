/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a start does about others: signals that come before anybody takes them, and an earlier stargd that is
 * still on its way out.
 */
#pragma once

#include <stdbool.h>

struct app;

/* SIGHUP is kept from the first moment on: its default would end the process, and a reload asked for now is due
 * when the loop runs. */
void starting_hold_reload(void);
/* SIGTERM and SIGINT are kept, too, for every thread: what is changed on the machine from now on is put back.
 * Again at the end, so that nothing cuts the way out short. */
void starting_hold_end(void);
/* The loop's handlers take all of them, those that were kept at once. In the main thread alone. */
void starting_take_signals(void);
/* Whether a kept signal asks to end. */
bool starting_is_to_end(void);

/* Something that the start needs is in another stargd's hands (problem: a sentence that says what). A process that
 * was killed a moment ago holds its sockets until the kernel has closed them all, which may take it seconds.
 * Sleeps a little, then true: try again. false, at once: the start has waited long enough, or is to end, or the
 * router runs already and must not wait. */
bool starting_waits(struct app *app, const char *problem);
