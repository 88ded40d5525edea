/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * JSON values as text for a person: tables and "key: value" lists.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* A column: title and the key of the rows' objects ("counters.packets" looks into an object). */
struct text_column {
	const char *title, *key;
};

/* Arrays of objects as a table, objects as "key: value", scalars as they are. */
void text_value(const json_t *value, FILE *to);
/* rows: an array of objects. Columns of numbers are aligned right. */
void text_table(const json_t *rows, const struct text_column *cols, size_t n_cols, FILE *to);
/* Seconds as 00:01:02, or 3d04h05m from a day on. Returns buf; 16 bytes suffice. */
const char *text_duration(json_int_t seconds, char *buf, size_t cap);
/* text_table of rows whose "uptime_s", "expires_s" and other ages and delays are written as durations, "-"
 * for null. */
void text_timed_table(const json_t *rows, const struct text_column *cols, size_t n_cols, FILE *to);
