/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * strtok for DPDK's telemetry. Up to and including 22.11 its client threads, one for each connection, split
 * their requests with it, and libc keeps one place for all threads: with two clients one gets the other's
 * parameters, or a pointer into the stack of a thread that has ended. The linker prefers this one, which
 * keeps a place for each thread. Nothing of our own calls it.
 */
#include <string.h>

char *strtok(char *restrict s, const char *restrict delim)
{
	static _Thread_local char *place;

	return strtok_r(s, delim, &place);
}
