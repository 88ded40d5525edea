/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What is asked of both wire parsers of the membership protocol.
 */
#pragma once

#include "control/gmp/msg.h"

struct gmp_wire {
	enum gmp_counter (*parse)(const uint8_t *data, size_t len, struct gmp_msg *m);
	size_t (*build)(const struct gmp_query *q, uint8_t *buf, size_t cap);
	uint8_t family;
};

/* Parses a packet as it is and then with lengths and checksums made right; what is accepted must lie inside
 * of it, and a query that is written again must be read as the same. Aborts if not. */
void gmp_wire_check(const struct gmp_wire *w, const uint8_t *data, size_t size);
