/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Complaints about settings.
 */
#include "control/base/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int complain(const struct complaint *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->err, c->cap, fmt, ap);
	va_end(ap);
	return -EINVAL;
}
