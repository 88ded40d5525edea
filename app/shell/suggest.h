/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: sentences for lines that fit no row.
 */
#pragma once

#include "app/shell/syntax.h"

/* Differences between two words: letters added, left out, changed or swapped. */
unsigned suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* A word that fits nowhere: what fits there, the nearest commands. */
void suggest_wrong_word(
	const struct syn_run *r, const struct syn_words *w, size_t at, struct cmd_result *out);
/* The line ends too early. */
void suggest_incomplete(const struct syn_run *r, struct cmd_result *out);
/* Abbreviations with several readings. */
void suggest_ambiguous(const struct syn_run *r, const struct syn_words *w, struct cmd_result *out);
