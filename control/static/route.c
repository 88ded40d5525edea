/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Static routes as values with arrays of their own.
 */
#include <errno.h>

#include "control/static/static.h"

/* A copy of n bytes in *to, NULL for none. */
static int array_copy(void **to, const void *from, size_t n)
{
	*to = n ? malloc(n) : NULL;
	if (n && !*to)
		return -ENOMEM;
	if (n)
		memcpy(*to, from, n);
	return 0;
}

int static_route_copy(struct static_route *to, const struct static_route *from)
{
	void *outputs, *excepts = NULL;
	int rc = array_copy(&outputs, from->outputs, from->n_outputs * sizeof(*from->outputs));

	if (!rc)
		rc = array_copy(&excepts, from->excepts, from->n_excepts * sizeof(*from->excepts));
	if (rc) {
		free(outputs);
		return rc;
	}
	*to = *from;
	to->outputs = outputs;
	to->excepts = excepts;
	return 0;
}

void static_route_fini(struct static_route *r)
{
	free(r->outputs);
	free(r->excepts);
	r->outputs = NULL;
	r->excepts = NULL;
	r->n_outputs = r->n_excepts = 0;
}
