/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The configuration of IGMP, MLD and PIM made true.
 */
#pragma once

#include "app/app.h"

/* Hands the protocol its whole configuration; how many interfaces it has. */
size_t protocols_gmp(struct app *app, const struct conf *c);
size_t protocols_pim(struct app *app, const struct conf *c);
/* Which packets the workers hand to the protocols rather than to the kernel, and whether packets without a
 * route wait for PIM's answer: where it runs nowhere, nobody has one. */
void protocols_bits(struct app *app, const struct conf *c);
