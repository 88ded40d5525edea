/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the checks of settings say is wrong, for whoever wrote the settings.
 */
#pragma once

#include <stddef.h>

struct complaint {
	char *err; /* the sentence */
	size_t cap;
};

/* Writes the sentence. Returns -EINVAL, so that a check can end with it. */
int complain(const struct complaint *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
