/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The parser of IGMP. The input: an IPv4 packet from its header on.
 */
#include "tests/fuzz/gmp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct gmp_wire wire = {igmp_parse, igmp_query_build, IP_V4};

	if (size <= 65535)
		gmp_wire_check(&wire, data, size);
	return 0;
}
