/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RFC 3376 section 8 and RFC 3810 section 9: the intervals that follow from the Robustness Variable,
 * the Query Interval and the Query Response Interval in force. Those three are the configured ones of
 * the Querier; others adopt them from its queries (4.1.6, 4.1.7), the last one from its Max Resp Time.
 */
#include "control/gmp/gmp_priv.h"

static uint64_t query_interval(const struct gmp_if *gif)
{
	return gif->query_interval_s * 1000000ull;
}

uint64_t gmp_group_membership_interval(const struct gmp_if *gif)
{
	return gif->robustness * query_interval(gif) + gif->response_us;
}

uint64_t gmp_other_querier_present_interval(const struct gmp_if *gif)
{
	return gif->robustness * query_interval(gif) + gif->response_us / 2;
}

uint64_t gmp_startup_query_interval(const struct gmp_if *gif)
{
	return gif->conf.startup_query_interval_s ? gif->conf.startup_query_interval_s * 1000000ull
						  : query_interval(gif) / 4;
}

unsigned gmp_startup_query_count(const struct gmp_if *gif)
{
	return gif->conf.startup_query_count ? gif->conf.startup_query_count : gif->robustness;
}

uint64_t gmp_last_member_query_interval(const struct gmp_if *gif)
{
	return gif->conf.last_member_query_interval_ms * 1000ull;
}

unsigned gmp_last_member_query_count(const struct gmp_if *gif)
{
	return gif->conf.last_member_query_count ? gif->conf.last_member_query_count
						 : gif->robustness;
}

uint64_t gmp_last_member_query_time(const struct gmp_if *gif)
{
	return gmp_last_member_query_count(gif) * gmp_last_member_query_interval(gif);
}

uint64_t gmp_older_host_present_interval(const struct gmp_if *gif)
{
	return gif->robustness * query_interval(gif) + gif->response_us;
}
