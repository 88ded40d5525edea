/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: the texts of show mroute.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

void show_mroute_text(const json_t *value, FILE *to);
void show_mroute_count_text(const json_t *value, FILE *to);
