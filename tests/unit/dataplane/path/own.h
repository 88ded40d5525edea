/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the tests of packets to the router's own addresses start from.
 */
#pragma once

#include "input.h"

#include "dataplane/tables.h"

#define US 0x0a000002

static struct dataplane own;

/* That of input.h; 10.0.0.2 and 2001:db8::2 are the router's in the main table. */
static inline int own_setup(void **state)
{
	struct dp_local v[2] = {{.addr = ip4(US)}};

	if (setup(state) || ip_parse("2001:db8::2", &v[1].addr))
		return -1;
	memset(&own, 0, sizeof(own));
	if (retire_init(&own.retire, 1, &own) || local_set(&own, v, 2))
		return -1;
	fx.t.local = own.t.local;
	return 0;
}

static inline int own_teardown(void **state)
{
	local_fini(&own);
	retire_fini(&own.retire);
	return fx_teardown(state);
}
