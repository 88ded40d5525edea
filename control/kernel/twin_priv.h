/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Between twin.c (the life of a twin) and twin_dev.c (its device).
 */
#pragma once

#include "control/kernel/kernel_priv.h"

/* Makes the device tw->name: fd and ifindex. -EEXIST etc. with a sentence in err. */
int twin_dev_open(struct twin *tw, char *err, size_t cap);
/* Tells the kernel tw->carrier. */
void twin_dev_carrier(struct twin *tw);
/* sysctls, before the device goes up. What fails is logged. */
void twin_dev_settings(struct kernel *k, const struct twin *tw, const struct net_if *ifp);
