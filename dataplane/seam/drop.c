/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Names of the seam: drop reasons with their sentences, policers.
 */
#include "dp.h"

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

const char *dp_police_name(unsigned kind)
{
	static const char *const names[DP_POLICE_KINDS] = {
#define POLICE_ROW(name, text) [DP_PUNT_##name] = #name,
		PUNT_CLASSES(POLICE_ROW)
#undef POLICE_ROW
			[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)] = "nocache",
		[DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF)] = "wrongvif",
		[DP_POLICE_UPCALL(DP_UPCALL_DATA)] = "data",
		[DP_POLICE_UPCALL(DP_UPCALL_REGISTER)] = "register",
	};

	return names[kind];
}
