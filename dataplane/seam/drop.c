/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Names and sentences of the drop reasons.
 */
#include "drop.h"

static const struct {
	const char *name, *text;
} drops[DROP_COUNT] = {
#define DROP_ROW(name, text) [DROP_##name] = {#name, text},
	DROP_REASONS(DROP_ROW)
#undef DROP_ROW
};

const char *drop_name(enum drop_reason reason)
{
	return drops[reason].name;
}

const char *drop_text(enum drop_reason reason)
{
	return drops[reason].text;
}
