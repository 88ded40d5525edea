/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * An answer as DPDK's own structure.
 */
#include "app/api/telemetry_priv.h"

#include <errno.h>

#include <rte_telemetry.h>

static int fill_list(struct rte_tel_data *d, const json_t *list)
{
	bool numbers = json_is_integer(json_array_get(list, 0));
	int rc = rte_tel_data_start_array(d, numbers ? RTE_TEL_U64_VAL : RTE_TEL_STRING_VAL);
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		if (rc)
			break;
		if (numbers)
			rc = rte_tel_data_add_array_u64(d, (uint64_t)json_integer_value(one));
		else
			rc = rte_tel_data_add_array_string(d, json_string_value(one));
	}
	return rc;
}

static int add_container(struct rte_tel_data *d, const char *key, const json_t *member)
{
	struct rte_tel_data *inner = rte_tel_data_alloc();
	int rc;

	if (!inner)
		return -ENOMEM;
	rc = json_is_array(member) ? fill_list(inner, member) : telemetry_fill(inner, member);
	if (!rc)
		rc = rte_tel_data_add_dict_container(d, key, inner, 0);
	if (rc)
		rte_tel_data_free(inner);
	return rc;
}

static int add_integer(struct rte_tel_data *d, const char *key, json_int_t n)
{
	return n < 0 ? rte_tel_data_add_dict_int(d, key, (int)n)
		     : rte_tel_data_add_dict_u64(d, key, (uint64_t)n);
}

int telemetry_fill(struct rte_tel_data *d, const json_t *value)
{
	int rc = rte_tel_data_start_dict(d);
	const json_t *member;
	const char *key;

	json_object_foreach ((json_t *)value, key, member) {
		if (rc)
			return rc;
		if (json_is_string(member))
			rc = rte_tel_data_add_dict_string(d, key, json_string_value(member));
		else if (json_is_integer(member))
			rc = add_integer(d, key, json_integer_value(member));
		else
			rc = add_container(d, key, member);
	}
	return rc;
}
